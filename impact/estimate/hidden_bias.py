"""How strong a cause that nobody measured would have to be to undo an effect found without random assignment."""

from __future__ import annotations

import numpy as np

from impact.errors import NotEstimable
from impact.estimate.result import Diagnostic, Term, not_applicable, verdict
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
    robustness = _robustness(sample)
    e_value = _risk_ratio(sample, estimate)
    return [selection, robustness, e_value], terms


def _selection(sample: Sample, r2_max: float | None) -> tuple[Diagnostic, list[Term]]:
    check, family = Said("check.oster_delta"), Said("family.oster")
    try:
        fit = oster(sample.outcome, sample.exposure, sample.covariate_values, r2_max=r2_max)
    except NotEstimable as error:
        return not_applicable(check, OSTER, error.reason), []
    shares = Said("checks.r2", without=fit.r2_uncontrolled, covariates=fit.r2_controlled, most=fit.r2_max)
    away = fit.delta < 0
    detail = joined(shares, Said("checks.away_from_zero") if away else None)
    hidden = Said("checks.hidden_selection_times_measured", assumed_delta=fit.assumed_delta)
    terms = [
        Term(family, Said("checks.without_covariates"), fit.uncontrolled),
        Term(family, Said("checks.covariates"), fit.controlled),
        Term(family, hidden, fit.beta),
    ]
    return verdict(check, OSTER, fit.delta, detail, passed=away or fit.delta >= DELTA), terms


def _robustness(sample: Sample) -> Diagnostic:
    check = Said("check.robustness_value")
    try:
        fit = least_squares.fit(sample.outcome, sample.matrix(), sample.names(), weights=sample.weights)
        plain = sandwich.coefficient(fit, EXPOSURE, errors="classical")
        robustness = sensitivity.robustness_value(plain.statistic, plain.df)
    except NotEstimable as error:
        return not_applicable(check, ROBUSTNESS, error.reason)
    value = robustness.robustness_value
    for_significance = robustness.robustness_value_significance
    detail = Said("checks.both_undo_regression_effect_significance", robustness_value=value, left=for_significance)
    return verdict(check, ROBUSTNESS, value, detail, passed=for_significance > 0)


def _risk_ratio(sample: Sample, estimate: Estimate) -> Diagnostic:
    check = Said("check.e_value")
    spread = _pooled_spread(sample)
    if spread == 0:
        return not_applicable(check, E_VALUE, Said("checks.outcome_does_not_vary_within_arms"))
    e_value = sensitivity.e_value_difference(estimate.estimate / spread, estimate.std_error / spread)
    limit = 1.0 if e_value.limit is None else e_value.limit
    detail = Said("checks.effect_interval", point=e_value.point, limit=limit)
    return verdict(check, E_VALUE, e_value.point, detail, passed=limit >= RISK_RATIO)


def _pooled_spread(sample: Sample) -> float:
    """Return the standard deviation of the outcome within the arms."""
    squares = 0.0
    for arm in (0.0, 1.0):
        outcome = sample.outcome[sample.exposure == arm]
        squares += float(np.sum((outcome - outcome.mean()) ** 2))
    freedom = max(sample.n - 2, 1)
    return float(np.sqrt(squares / freedom))


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
    check = Said("check.rosenbaum_gamma")
    if direction == "maintain":
        return not_applicable(check, ROSENBAUM, Said("checks.no_direction_expected"))
    if len(np.unique(pairs)) < pairs.size:
        return not_applicable(check, ROSENBAUM, Said("checks.unit_serves_several_pairs"))
    treated, matches = outcome[pairs[:, 0]], outcome[pairs[:, 1]]
    try:
        bounds = rosenbaum.rosenbaum_bounds(
            treated - matches,
            gammas=(1.0, GAMMA, 2.0),
            alternative="greater" if direction == "increase" else "less",
            method="normal",
        )
    except NotEstimable as error:
        return not_applicable(check, ROSENBAUM, error.reason)
    gamma = bounds.critical_gamma
    detail = Said("checks.pairs_one_sided_p_most_without_hidden", n_pairs=bounds.n_pairs, p_high=bounds.p_high[0])
    return verdict(check, ROSENBAUM, gamma, detail, passed=gamma is not None and gamma >= GAMMA)
