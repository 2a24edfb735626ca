"""How strong a cause that nobody measured would have to be to undo an effect found without random assignment."""

from __future__ import annotations

import numpy as np

from impact.errors import NotEstimable
from impact.estimate.result import Diagnostic, Term, not_applicable
from impact.estimate.sample import EXPOSURE, Sample
from impact.statistics.core import Estimate, Floats, Ints
from impact.statistics.linear import least_squares, sandwich
from impact.statistics.observational import rosenbaum, sensitivity
from impact.statistics.observational.oster import oster
from impact.words.said import Said, joined

DELTA, GAMMA, RISK_RATIO = 1.0, 1.5, 1.25
"""What a hidden cause must at least take to undo the effect, for the check to pass."""
OSTER = Said("checks.hidden_causes_would_have_select_more_measured")
ROSENBAUM = Said("checks.hidden_odds_taking_part_below_1_within", GAMMA=GAMMA)
E_VALUE = Said("checks.hidden_cause_risk_ratios_below_could_not", RISK_RATIO=RISK_RATIO)
ROBUSTNESS = Said("checks.hidden_cause_must_explain_some_both_arm")


def hidden_bias_checks(sample: Sample, estimate: Estimate, r2_max: float | None) -> tuple[list[Diagnostic], list[Term]]:
    """Check an adjusted comparison by Oster's δ, the robustness value and the E-value.

    Parameters
    ----------
    sample
        Outcome, arm and covariates.
    estimate
        The effect.
    r2_max
        The R² if the hidden causes were known too; None for 1.3 times that of the covariates.
    """
    selection, terms = _selection(sample, r2_max)
    return [selection, _robustness(sample), _risk_ratio(sample, estimate)], terms


def _selection(sample: Sample, r2_max: float | None) -> tuple[Diagnostic, list[Term]]:
    try:
        found = oster(sample.outcome, sample.exposure, sample.covariates.to_numpy(dtype=float), r2_max=r2_max)
    except NotEstimable as error:
        return not_applicable(Said("check.oster_delta"), OSTER, error.reason), []
    passed = found.delta < 0 or found.delta >= DELTA
    fits = Said("checks.r2", without=found.r2_uncontrolled, covariates=found.r2_controlled, most=found.r2_max)
    detail = joined(fits, Said("checks.away_from_zero") if found.delta < 0 else None)
    check = Diagnostic(Said("check.oster_delta"), OSTER, found.delta, None, "passed" if passed else "failed", detail)
    terms = [
        Term(Said("family.oster"), Said("checks.without_covariates"), found.uncontrolled),
        Term(Said("family.oster"), Said("checks.covariates"), found.controlled),
        Term(
            Said("family.oster"),
            Said("checks.hidden_selection_times_measured", assumed_delta=found.assumed_delta),
            found.beta,
        ),
    ]
    return check, terms


def _robustness(sample: Sample) -> Diagnostic:
    try:
        fit = least_squares.fit(sample.outcome, sample.matrix(), sample.names(), weights=sample.weights)
        plain = sandwich.coefficient(fit, EXPOSURE, errors="classical")
        found = sensitivity.robustness_value(plain.statistic, plain.df)
    except NotEstimable as error:
        return not_applicable(Said("check.robustness_value"), ROBUSTNESS, error.reason)
    left = found.robustness_value_significance
    detail = Said("checks.both_undo_regression_effect_significance", robustness_value=found.robustness_value, left=left)
    return Diagnostic(
        Said("check.robustness_value"),
        ROBUSTNESS,
        found.robustness_value,
        None,
        "passed" if left > 0 else "failed",
        detail,
    )


def _risk_ratio(sample: Sample, estimate: Estimate) -> Diagnostic:
    spread = _pooled_spread(sample)
    if spread == 0:
        return not_applicable(Said("check.e_value"), E_VALUE, Said("checks.outcome_does_not_vary_within_arms"))
    found = sensitivity.e_value_difference(estimate.estimate / spread, estimate.std_error / spread)
    limit = 1.0 if found.limit is None else found.limit
    detail = Said("checks.effect_interval", point=found.point, limit=limit)
    return Diagnostic(
        Said("check.e_value"), E_VALUE, found.point, None, "passed" if limit >= RISK_RATIO else "failed", detail
    )


def _pooled_spread(sample: Sample) -> float:
    parts = [sample.outcome[sample.exposure == arm] for arm in (0.0, 1.0)]
    squares = sum(float(np.sum((part - part.mean()) ** 2)) for part in parts)
    return float(np.sqrt(squares / max(sample.n - 2, 1)))


def matched_pairs_check(outcome: Floats, pairs: Ints, direction: str) -> Diagnostic:
    """Bound the p-value of matched pairs under hidden bias (Rosenbaum); the value is the Γ that undoes it.

    Parameters
    ----------
    outcome
        Shape (n,).
    pairs
        Shape (m, 2): rows of the treated unit and of its match; no unit twice.
    direction
        The indicator's: which way was expected, before looking.
    """
    if direction == "maintain" or len(np.unique(pairs)) < pairs.size:
        why = (
            Said("checks.no_direction_expected")
            if direction == "maintain"
            else Said("checks.unit_serves_several_pairs")
        )
        return not_applicable(Said("check.rosenbaum_gamma"), ROSENBAUM, why)
    try:
        found = rosenbaum.rosenbaum_bounds(
            outcome[pairs[:, 0]] - outcome[pairs[:, 1]],
            gammas=(1.0, GAMMA, 2.0),
            alternative="greater" if direction == "increase" else "less",
            method="normal",
        )
    except NotEstimable as error:
        return not_applicable(Said("check.rosenbaum_gamma"), ROSENBAUM, error.reason)
    gamma = found.critical_gamma
    detail = Said("checks.pairs_one_sided_p_most_without_hidden", n_pairs=found.n_pairs, p_high=found.p_high[0])
    passed = gamma is not None and gamma >= GAMMA
    return Diagnostic(Said("check.rosenbaum_gamma"), ROSENBAUM, gamma, None, "passed" if passed else "failed", detail)
