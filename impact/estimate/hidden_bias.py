"""How strong a cause that nobody measured would have to be to undo an effect found without random assignment."""

from __future__ import annotations

import numpy as np

from impact.errors import NotEstimable
from impact.estimate.result import Diagnostic, Term, not_applicable
from impact.estimate.sample import EXPOSURE, Sample
from impact.statistics.core import Estimate, Floats, Ints
from impact.statistics.linear import least_squares, sandwich
from impact.statistics.observational import rosenbaum, sensitivity

DELTA, GAMMA, RISK_RATIO = 1.0, 1.5, 1.25
"""What a hidden cause must at least take to undo the effect, for the check to pass."""
OSTER = "hidden causes would have to select more than the measured ones do to undo the effect"
ROSENBAUM = f"hidden odds of taking part below {GAMMA:g} to 1 within pairs could not undo the effect"
E_VALUE = f"a hidden cause with risk ratios below {RISK_RATIO:g} could not move the interval to zero"
ROBUSTNESS = "a hidden cause must explain some of both arm and outcome to take away significance"


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
        found = sensitivity.oster(
            sample.outcome, sample.exposure, sample.covariates.to_numpy(dtype=float), r2_max=r2_max
        )
    except NotEstimable as error:
        return not_applicable("oster_delta", OSTER, error.reason), []
    passed = found.delta < 0 or found.delta >= DELTA
    detail = f"R² {found.r2_uncontrolled:.3f} without, {found.r2_controlled:.3f} with covariates, at most"
    detail += f" {found.r2_max:.3f}" + ("; the covariates move the effect away from zero" if found.delta < 0 else "")
    check = Diagnostic("oster_delta", OSTER, found.delta, None, "passed" if passed else "failed", detail)
    terms = [
        Term("oster", "without covariates", found.uncontrolled),
        Term("oster", "with covariates", found.controlled),
        Term("oster", f"hidden selection {found.assumed_delta:g} times the measured", found.beta),
    ]
    return check, terms


def _robustness(sample: Sample) -> Diagnostic:
    try:
        fit = least_squares.fit(sample.outcome, sample.matrix(), sample.names(), weights=sample.weights)
        plain = sandwich.coefficient(fit, EXPOSURE, errors="classical")
        found = sensitivity.robustness_value(plain.statistic, plain.df)
    except NotEstimable as error:
        return not_applicable("robustness_value", ROBUSTNESS, error.reason)
    left = found.robustness_value_significance
    detail = f"{found.robustness_value:.1%} of both undo the regression's effect, {left:.1%} its significance"
    return Diagnostic(
        "robustness_value", ROBUSTNESS, found.robustness_value, None, "passed" if left > 0 else "failed", detail
    )


def _risk_ratio(sample: Sample, estimate: Estimate) -> Diagnostic:
    spread = _pooled_spread(sample)
    if spread == 0:
        return not_applicable("e_value", E_VALUE, "the outcome does not vary within the arms")
    found = sensitivity.e_value_difference(estimate.estimate / spread, estimate.std_error / spread)
    limit = 1.0 if found.limit is None else found.limit
    detail = f"{found.point:.2f} for the effect, {limit:.2f} for its interval"
    return Diagnostic("e_value", E_VALUE, found.point, None, "passed" if limit >= RISK_RATIO else "failed", detail)


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
        why = "no direction was expected" if direction == "maintain" else "a unit serves several pairs"
        return not_applicable("rosenbaum_gamma", ROSENBAUM, why)
    try:
        found = rosenbaum.rosenbaum_bounds(
            outcome[pairs[:, 0]] - outcome[pairs[:, 1]],
            gammas=(1.0, GAMMA, 2.0),
            alternative="greater" if direction == "increase" else "less",
            method="normal",
        )
    except NotEstimable as error:
        return not_applicable("rosenbaum_gamma", ROSENBAUM, error.reason)
    gamma = found.critical_gamma
    detail = f"{found.n_pairs} pairs, one-sided p at most {found.p_high[0]:.3g} without hidden bias"
    passed = gamma is not None and gamma >= GAMMA
    return Diagnostic("rosenbaum_gamma", ROSENBAUM, gamma, None, "passed" if passed else "failed", detail)
