"""Effects by weighting: inverse propensity and augmented (doubly robust).

Stands on :mod:`impact.statistics.observational.propensity`; returns :class:`impact.statistics.core.Estimate` with the
influence of each unit, so that errors of sums of estimates and clustered errors follow. All assume that, given the
covariates, the arm is independent of the potential outcomes (no unmeasured confounding) and that the arms overlap.

Errors are ``sqrt(G/(G−1) Σ influence²)``, the sums taken within clusters where there are any (G clusters or units):
normal reference without clusters, t(G−1) with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, floats, influence_error, wald
from impact.statistics.observational.inputs import (
    COMPARISON,
    TREATED,
    Among,
    Bools,
    Estimand,
    arm_clusters,
    arms,
    covariates,
    design,
    enough_units,
    known_estimand,
    outcomes,
    same_length,
    sampling_weights,
)
from impact.statistics.observational.propensity import logit
from impact.words.said import Said, Text

Nuisance = Literal["estimated", "known"]


@dataclass(frozen=True)
class _Weights:
    """Weights of the target population and both arms, and their slopes in the logit of the score, shape (n,)."""

    target: Floats
    treated: Floats
    treated_slope: Floats
    comparison: Floats
    comparison_slope: Floats


@dataclass(frozen=True)
class _Term:
    """A weighted mean: its value, each unit's influence on it, and its slope in the logit of each unit's score."""

    value: float
    influence: Floats
    slope: Floats


@dataclass(frozen=True)
class _Line:
    """A linear outcome model: its predictions for all units and each unit's influence on its parameters."""

    predicted: Floats
    influence: Floats


def ipw(
    outcome: ArrayLike,
    treated: ArrayLike,
    matrix: ArrayLike,
    names: Sequence[Text],
    *,
    estimand: Estimand,
    propensity: Nuisance = "estimated",
    weights: ArrayLike | None = None,
    clusters: NDArray[np.generic] | None = None,
) -> Estimate:
    """Estimate an effect by inverse propensity weighting, with weights that sum to one in each arm (Hájek).

    Parameters
    ----------
    outcome
        Shape (n,), in any unit, without missing values.
    treated
        Shape (n,): 1 for units that got the programme, 0 for those compared with them.
    matrix
        Shape (n, k), covariates of a logit of the arm, complete.
    names
        The k names of the columns of ``matrix``.
    estimand
        ``ATT`` (weights 1 and p/(1−p)) or ``ATE`` (1/p and 1/(1−p)).
    propensity
        ``estimated``: the error accounts for the score being estimated from the same data (M-estimation), the right
        one as a rule. ``known``: the error of a weighted regression (``svyglm`` in R), which takes the weights as
        given; usually too large for the ATE, on either side for the ATT.
    weights
        Shape (n,), sampling weights; None for equal ones.
    clusters
        Shape (n,), labels of any kind; None for independent units.

    Notes
    -----
    With ``m_a = Σ w_a y / Σ w_a`` the influence of a unit on ``m₁ − m₀`` is ``w₁(y−m₁)/Σw₁ − w₀(y−m₀)/Σw₀`` and, if the
    score is estimated, the derivative of ``m₁ − m₀`` in the logit's parameters times the unit's influence on them.
    Assumes that the logit is right.

    Raises
    ------
    NotEstimable
        If the logit does not exist (see :func:`impact.statistics.observational.propensity.logit`), values are missing,
        or an arm is found in fewer than two clusters.

    References
    ----------
    Lunceford and Davidian (2004), Statistics in Medicine 23(19). https://doi.org/10.1002/sim.1903

    Examples
    --------
    >>> x = np.array([[1.0], [2.0], [3.0], [4.0], [2.0], [3.0]])
    >>> outcome, treated = np.array([1.0, 2.0, 5.0, 6.5, 4.0, 3.0]), [0, 0, 1, 1, 1, 0]
    >>> round(ipw(outcome, treated, x, ["age"], estimand="ATT").estimate, 3)
    2.452
    """
    y, arm = outcomes(outcome), arms(treated)
    same_length(y, arm)
    s = sampling_weights(weights, len(y))
    fit = logit(treated, matrix, names, weights=weights)
    w = _arm_weights(arm, fit.probabilities, s, estimand=estimand)
    top = _mean(y, w.treated, w.treated_slope)
    base = _mean(y, w.comparison, w.comparison_slope)
    influence = top.influence - base.influence
    if _is_estimated(propensity):
        # Through the score: the gradient of the effect in its coefficients, times their influence
        slope = top.slope - base.slope
        gradient = _with_intercept(matrix).T @ slope
        influence = influence + fit.influence @ gradient
    rule = Said("rule.propensity_known" if propensity == "known" else "rule.propensity_estimated")
    effect = top.value - base.value
    return weighted_estimate(effect, influence, arm, rule=rule, clusters=clusters)


def aipw(
    outcome: ArrayLike,
    treated: ArrayLike,
    matrix: ArrayLike,
    names: Sequence[Text],
    *,
    estimand: Estimand,
    nuisance: Nuisance = "estimated",
    normalised: bool = False,
    weights: ArrayLike | None = None,
    clusters: NDArray[np.generic] | None = None,
) -> Estimate:
    """Estimate an effect by augmented inverse propensity weighting (doubly robust).

    Parameters
    ----------
    outcome, treated, matrix, names, estimand, weights, clusters
        As in :func:`ipw`; the same covariates enter the logit and a linear outcome model of each arm.
    nuisance
        ``estimated``: the error stacks the equations of the logit and the outcome models, valid if either model is
        right. ``known``: the efficient influence function, which takes both as given, valid if both are right.
    normalised
        Let the weights of the residuals sum to one in each arm. Steadier where overlap is thin.

    Notes
    -----
    ``Σ s [a (μ₁−μ₀) + w₁ (y−μ₁) − w₀ (y−μ₀)] / Σ s a`` with weights as in :func:`ipw`, ``a`` = 1 for the ATE and the
    arm for the ATT, where μ₁ cancels. Consistent if the logit or the outcome models are right.

    Raises
    ------
    NotEstimable
        As :func:`ipw`, and if covariates are collinear, or as many as the units, within an arm.

    References
    ----------
    Robins, Rotnitzky and Zhao (1994), JASA 89(427). https://doi.org/10.1080/01621459.1994.10476818
    Boos and Stefanski (2013), Essential Statistical Inference, chapter 7. https://doi.org/10.1007/978-1-4614-4818-1

    Examples
    --------
    >>> x = np.array([[1.0], [2.0], [3.0], [4.0], [2.0], [3.0]])
    >>> outcome, treated = np.array([1.0, 2.0, 5.0, 6.5, 4.0, 3.0]), [0, 0, 1, 1, 1, 0]
    >>> round(aipw(outcome, treated, x, ["age"], estimand="ATT").estimate, 3)
    2.167
    """
    y, arm, x = outcomes(outcome), arms(treated), covariates(matrix, names)
    same_length(y, arm, x)
    s = sampling_weights(weights, len(y))
    fit = logit(treated, matrix, names, weights=weights)
    w = _arm_weights(arm, fit.probabilities, s, estimand=estimand)
    # μ₀(x), and for the ATE μ₁(x)
    base = _line(y, ~arm, x, names=names, s=s, among=COMPARISON)
    top = _line(y, arm, x, names=names, s=s, among=TREATED) if estimand == "ATE" else base
    over = None if normalised else w.target
    difference = top.predicted - base.predicted
    zeros = np.zeros(len(y))
    modelled = _mean(difference, w.target, zeros)
    # What the models leave unexplained, weighted by the score
    unexplained1 = y - top.predicted
    of_treated = _mean(unexplained1, w.treated, w.treated_slope, over=over)
    unexplained0 = y - base.predicted
    of_comparison = _mean(unexplained0, w.comparison, w.comparison_slope, over=over)
    influence = modelled.influence + of_treated.influence - of_comparison.influence
    if _is_estimated(nuisance):
        slope = of_treated.slope - of_comparison.slope
        columns = _with_intercept(matrix)
        gradient = columns.T @ slope
        influence = influence + fit.influence @ gradient
        z = design(x, names)
        influence = influence + _lines_influence(z, w, over, top=top, base=base)
    rule = Said("rule.both_models_estimated" if nuisance == "estimated" else "rule.efficient_influence")
    value = modelled.value + of_treated.value - of_comparison.value
    return weighted_estimate(value, influence, arm, rule=rule, clusters=clusters)


def _arm_weights(arm: Bools, p: Floats, s: Floats, *, estimand: Estimand) -> _Weights:
    """Return each unit's weight in either arm's mean, and its slope in the log odds of the score."""
    t, c = s * arm, s * ~arm
    unlikely = 1 - p
    odds = p / unlikely
    if known_estimand(estimand) == "ATT":
        shifted = c * odds
        return _Weights(t, t, np.zeros(len(t)), shifted, shifted)
    return _Weights(s, t / p, -t / odds, c / (1 - p), c * odds)


def _mean(values: Floats, weights: Floats, slope: Floats, *, over: Floats | None = None) -> _Term:
    """Return ``Σ w v / Σ w`` or, if ``over`` is given, ``Σ w v / Σ over``.

    ``slope`` is the derivative of the weights in the logit of the score.
    """
    total = float(weights.sum() if over is None else over.sum())
    value = float(weights @ values) / total
    if over is None:
        deviations = values - value
        return _Term(value, weights * deviations / total, slope * deviations / total)
    of_values = weights * values
    influence = (of_values - value * over) / total
    return _Term(value, influence, slope * values / total)


def _line(y: Floats, rows: Bools, x: Floats, *, names: Sequence[Text], s: Floats, among: Among) -> _Line:
    """Fit y on x by weighted least squares among some rows; predict for all."""
    k = x.shape[1] + 1
    enough_units(int(rows.sum()), k, among)
    design(x[rows], names, among)
    z = design(x, names)
    w = s * rows
    weighted = z * w[:, None]
    gram = weighted.T @ z
    moments = z.T @ (w * y)
    coefficients = np.linalg.solve(gram, moments)
    predicted = floats(z @ coefficients)
    # Influence of a unit on the parameters: (Z'WZ)⁻¹ z w (y − z'b)
    unexplained = y - predicted
    residuals = w * unexplained
    scores = z * residuals[:, None]
    solved = np.linalg.solve(gram, scores.T)
    return _Line(predicted, floats(solved.T))


def _lines_influence(z: Floats, w: _Weights, over: Floats | None, *, top: _Line, base: _Line) -> Floats:
    """Return what each unit adds to the effect through the parameters of the outcome models."""
    total1, total0 = w.treated.sum(), w.comparison.sum()
    if over is not None:
        total1 = total0 = over.sum()
    mean = z.T @ w.target / w.target.sum()
    treated_mean = z.T @ w.treated / total1
    of_top = mean - treated_mean
    comparison_mean = z.T @ w.comparison / total0
    of_base = mean - comparison_mean
    through_top = top.influence @ of_top
    through_base = base.influence @ of_base
    return floats(through_top - through_base)


def _with_intercept(matrix: ArrayLike) -> Floats:
    """Return the covariates with a column of ones before them."""
    x = floats(matrix)
    ones = np.ones(len(x))
    return np.column_stack([ones, x])


def _is_estimated(nuisance: Nuisance) -> bool:
    """Return whether the error counts that the models were fitted; refuse a choice that is not known."""
    if nuisance not in ("estimated", "known"):
        reason = Said("observational.error_rule_not_known", rule=repr(nuisance))
        raise NotEstimable(reason, Said("observational.estimated_known"))
    return nuisance == "estimated"


def weighted_estimate(
    value: float, influence: Floats, arm: Bools, *, rule: Said, clusters: NDArray[np.generic] | None
) -> Estimate:
    """Return an effect with its error over units, or over clusters of the arms, times ``√(G/(G−1))``."""
    n = len(arm)
    codes, count = (None, n) if clusters is None else arm_clusters(clusters, arm)
    # √(G/(G − 1) Σ_g (Σ ψ)²), over clusters or over units
    inflation = count / (count - 1)
    factor = math.sqrt(inflation)
    error = influence_error(influence, codes, count) * factor
    if codes is None:
        return wald(value, error, rule=rule, n_obs=n, influence=influence)
    rule = Said("rule.and_clustered", rule=rule)
    df = float(count - 1)
    return wald(value, error, rule=rule, n_obs=n, df=df, n_clusters=count, influence=influence)
