"""Effects by weighting: inverse propensity, augmented (doubly robust) and entropy balancing.

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
from scipy import optimize, special

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, influence_error, wald
from impact.statistics.observational.propensity import (
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
    known_weights,
    logit,
    outcomes,
    same_length,
)
from impact.words.said import Said, Text

Nuisance = Literal["estimated", "known"]
BALANCED = 1e-12
EXTREME = 20.0


@dataclass(frozen=True)
class _Weights:
    """Weights of the target population and both arms, and their slopes in the logit of the score, shape (n,)."""

    target: Floats
    treated: Floats
    treated_slope: Floats
    comparison: Floats
    comparison_slope: Floats


@dataclass(frozen=True)
class _Part:
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
        Shape (n,), complete.
    treated
        Shape (n,), 0 or 1.
    matrix
        Shape (n, k), covariates of a logit of the arm, complete.
    names
        Shape (k,).
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
    """
    y, arm = outcomes(outcome), arms(treated)
    same_length(y, arm)
    s, fit = known_weights(weights, len(y)), logit(treated, matrix, names, weights=weights)
    w = _arm_weights(arm, fit.probabilities, s, estimand=estimand)
    top, base = _mean(y, w.treated, w.treated_slope), _mean(y, w.comparison, w.comparison_slope)
    influence = top.influence - base.influence
    if _is_estimated(propensity):
        influence = influence + fit.influence @ (_with_intercept(matrix).T @ (top.slope - base.slope))
    rule = Said("rule.propensity_known" if propensity == "known" else "rule.propensity_estimated")
    return _estimate(top.value - base.value, influence, arm, rule=rule, clusters=clusters)


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
    """
    y, arm, x = outcomes(outcome), arms(treated), covariates(matrix, names)
    same_length(y, arm, x)
    s, fit = known_weights(weights, len(y)), logit(treated, matrix, names, weights=weights)
    w = _arm_weights(arm, fit.probabilities, s, estimand=estimand)
    base = _line(y, ~arm, x, names=names, s=s, among=COMPARISON)
    top = _line(y, arm, x, names=names, s=s, among=TREATED) if estimand == "ATE" else base
    over = None if normalised else w.target
    modelled = _mean(top.predicted - base.predicted, w.target, np.zeros(len(y)))
    treated_rest = _mean(y - top.predicted, w.treated, w.treated_slope, over=over)
    comparison_rest = _mean(y - base.predicted, w.comparison, w.comparison_slope, over=over)
    influence = modelled.influence + treated_rest.influence - comparison_rest.influence
    if _is_estimated(nuisance):
        slope = treated_rest.slope - comparison_rest.slope
        influence = influence + fit.influence @ (_with_intercept(matrix).T @ slope)
        influence = influence + _lines_influence(design(x, names), w, over, top=top, base=base)
    rule = Said("rule.both_models_estimated" if nuisance == "estimated" else "rule.efficient_influence")
    value = modelled.value + treated_rest.value - comparison_rest.value
    return _estimate(value, influence, arm, rule=rule, clusters=clusters)


def entropy_balance(
    outcome: ArrayLike,
    treated: ArrayLike,
    matrix: ArrayLike,
    names: Sequence[Text],
    *,
    weights: ArrayLike | None = None,
    clusters: NDArray[np.generic] | None = None,
) -> Estimate:
    """Estimate the ATT with comparison weights that balance the covariates' means exactly.

    Parameters
    ----------
    outcome, treated, matrix, names, weights, clusters
        As in :func:`ipw`. To balance squares or interactions, put them in ``matrix`` as columns.

    Notes
    -----
    With ``b`` the slopes of a regression of y on x among the comparison units under the balancing weights ``w``, the
    influence of a treated unit is ``(y − m₁ − b'(x − x̄₁))/n₁``, of a comparison unit ``−w (y − m₀ − b'(x − x̄₁))``.
    Consistent if the log odds of treatment or the comparison outcome is linear in x (Zhao and Percival 2017).

    Raises
    ------
    NotEstimable
        If no positive weights balance a moment (named), covariates are missing, constant or collinear among the
        comparison units, or an arm is found in fewer than two clusters.

    References
    ----------
    Hainmueller (2012), Political Analysis 20(1). https://doi.org/10.1093/pan/mpr025
    Zhao and Percival (2017), Journal of Causal Inference 5(1). https://doi.org/10.1515/jci-2016-0010
    """
    y, arm, x = outcomes(outcome), arms(treated), covariates(matrix, names)
    same_length(y, arm, x)
    w = entropy_weights(treated, matrix, names, weights=weights)
    top, base = np.where(arm, w, 0) / w[arm].sum(), np.where(arm, 0, w) / w[~arm].sum()
    z = (x - top @ x) / x[~arm].std(axis=0)
    slopes = np.linalg.solve((z * base[:, None]).T @ z, z.T @ (base * (y - base @ y)))
    influence = top * (y - top @ y - z @ slopes) - base * (y - base @ y - z @ slopes)
    rule = Said("rule.weights_estimated")
    return _estimate(float(top @ y - base @ y), influence, arm, rule=rule, clusters=clusters)


def entropy_weights(
    treated: ArrayLike, matrix: ArrayLike, names: Sequence[Text], *, weights: ArrayLike | None = None
) -> Floats:
    """Return entropy balancing weights for the ATT, shape (n,).

    The treated keep their sampling weight (1 if None); comparison weights are the closest to the sampling weights in
    relative entropy under which all means equal those of the treated, and sum to the treated's total.

    Raises
    ------
    NotEstimable
        As :func:`entropy_balance`.
    """
    arm, x = arms(treated), covariates(matrix, names)
    same_length(arm, x)
    s = known_weights(weights, len(arm))
    enough_units(int((~arm).sum()), x.shape[1] + 1, COMPARISON)
    target = np.average(x[arm], axis=0, weights=s[arm])
    _refuse_outside_range(x[~arm], target, names)
    design(x[~arm], names, COMPARISON)
    z = (x[~arm] - target) / x[~arm].std(axis=0)
    found = _exponential_tilt(z, s[~arm])
    if found is None:
        raise _infeasible(z, names)
    result = s.copy()
    result[~arm] = found * s[arm].sum()
    return result


def _exponential_tilt(z: Floats, s: Floats) -> Floats | None:
    """Return weights ``∝ s exp(z'λ)``, sum one, under which z has mean zero: Newton on the convex dual."""
    tilt = np.zeros(z.shape[1])
    for _ in range(200):
        w = special.softmax(z @ tilt + np.log(s))
        gradient = w @ z
        hessian = (z * w[:, None]).T @ z - np.outer(gradient, gradient)
        if np.max(np.abs(gradient)) < BALANCED:
            return None if np.ptp(z @ tilt) > EXTREME and _on_border(z) else np.asarray(w)
        if np.linalg.cond(hessian) > 1 / np.finfo(float).eps:
            return None
        tilt = _descended(
            z, s, tilt, step=np.asarray(np.linalg.solve(hessian, gradient), dtype=np.float64), gradient=gradient
        )
    return None


def _on_border(z: Floats) -> bool:
    """Tell whether means of zero need some weight to be zero: the largest possible smallest weight is nil."""
    equal = np.column_stack([np.vstack([z.T, np.ones(len(z))]), np.append(z.sum(axis=0), len(z))])
    solution = optimize.linprog(np.append(np.zeros(len(z)), -1.0), A_eq=equal, b_eq=np.append(np.zeros(z.shape[1]), 1))
    return solution.x is None or solution.x[-1] * len(z) < 1e-7


def _descended(z: Floats, s: Floats, tilt: Floats, *, step: Floats, gradient: Floats) -> Floats:
    now, slope = _dual(z, s, tilt), float(gradient @ step)
    for _ in range(40):
        if _dual(z, s, tilt - step) <= now - 1e-4 * slope + 1e-13 * abs(now):
            break
        step, slope = step / 2, slope / 2
    return np.asarray(tilt - step)


def _dual(z: Floats, s: Floats, tilt: Floats) -> float:
    return float(special.logsumexp(z @ tilt, b=s))


def _refuse_outside_range(x: Floats, target: Floats, names: Sequence[Text]) -> None:
    for name, value, low, high in zip(names, target, x.min(axis=0), x.max(axis=0), strict=True):
        if low < high and not low < value < high:
            raise NotEstimable(
                Said(
                    "observational.treated_mean_out_of_reach",
                    name=name,
                    value=value,
                    low=low,
                    high=high,
                ),
                Said("observational.units_on_both_sides"),
            )


def _infeasible(z: Floats, names: Sequence[Text]) -> NotEstimable:
    """Name the moments that must stay unbalanced when the total imbalance is as small as it can be."""
    n, k = z.shape
    cost = np.concatenate([np.zeros(n), np.ones(2 * k)])
    equal = np.vstack([np.hstack([z.T, np.eye(k), -np.eye(k)]), np.concatenate([np.ones(n), np.zeros(2 * k)])])
    solution = optimize.linprog(cost, A_eq=equal, b_eq=np.concatenate([np.zeros(k), [1.0]]))
    slack = np.zeros(k) if solution.x is None else solution.x[n : n + k] + solution.x[n + k :]
    stuck = [name for name, size in zip(names, slack, strict=True) if size > 1e-7] or list(names)
    return NotEstimable(
        Said("observational.moments_not_balanced_together", names=stuck),
        Said("observational.fewer_moments"),
    )


def _arm_weights(arm: Bools, p: Floats, s: Floats, *, estimand: Estimand) -> _Weights:
    t, c, odds = s * arm, s * ~arm, p / (1 - p)
    if known_estimand(estimand) == "ATT":
        return _Weights(t, t, np.zeros(len(t)), c * odds, c * odds)
    return _Weights(s, t / p, -t / odds, c / (1 - p), c * odds)


def _mean(values: Floats, weights: Floats, slope: Floats, *, over: Floats | None = None) -> _Part:
    """Return ``Σ w v / Σ w`` or, if ``over`` is given, ``Σ w v / Σ over``.

    ``slope`` is the derivative of the weights in the logit of the score.
    """
    total = float(weights.sum() if over is None else over.sum())
    value = float(weights @ values) / total
    if over is None:
        return _Part(value, weights * (values - value) / total, slope * (values - value) / total)
    return _Part(value, (weights * values - value * over) / total, slope * values / total)


def _line(y: Floats, rows: Bools, x: Floats, *, names: Sequence[Text], s: Floats, among: Among) -> _Line:
    """Fit y on x by weighted least squares among some rows; predict for all."""
    enough_units(int(rows.sum()), x.shape[1] + 1, among)
    design(x[rows], names, among)
    z, kept = design(x, names), s * rows
    gram = (z * kept[:, None]).T @ z
    predicted = np.asarray(z @ np.linalg.solve(gram, z.T @ (kept * y)), dtype=np.float64)
    influence = np.linalg.solve(gram, (z * (kept * (y - predicted))[:, None]).T).T
    return _Line(predicted, np.asarray(influence, dtype=np.float64))


def _lines_influence(z: Floats, w: _Weights, over: Floats | None, *, top: _Line, base: _Line) -> Floats:
    """Return what each unit adds to the effect through the parameters of the outcome models."""
    mean = z.T @ w.target / w.target.sum()
    sums = [weights.sum() if over is None else over.sum() for weights in (w.treated, w.comparison)]
    of_top = mean - z.T @ w.treated / sums[0]
    of_base = mean - z.T @ w.comparison / sums[1]
    return np.asarray(top.influence @ of_top - base.influence @ of_base)


def _with_intercept(matrix: ArrayLike) -> Floats:
    x = np.asarray(matrix, dtype=np.float64)
    return np.column_stack([np.ones(len(x)), x])


def _is_estimated(nuisance: Nuisance) -> bool:
    if nuisance not in ("estimated", "known"):
        raise NotEstimable(
            Said("observational.error_rule_not_known", rule=repr(nuisance)), Said("observational.estimated_known")
        )
    return nuisance == "estimated"


def _estimate(
    value: float, influence: Floats, arm: Bools, *, rule: Said, clusters: NDArray[np.generic] | None
) -> Estimate:
    codes, n_clusters = (None, len(arm)) if clusters is None else arm_clusters(clusters, arm)
    error = influence_error(influence, codes, n_clusters) * math.sqrt(n_clusters / (n_clusters - 1))
    if codes is None:
        return wald(value, error, rule=rule, n_obs=len(arm), influence=influence)
    rule, df = Said("rule.and_clustered", rule=rule), float(n_clusters - 1)
    return wald(value, error, rule=rule, n_obs=len(arm), df=df, n_clusters=n_clusters, influence=influence)
