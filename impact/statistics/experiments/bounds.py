"""Bounds where outcomes are missing because of treatment: Lee's trimming.

A room for pure numbers: arrays in, frozen results out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Estimate, Floats, Ints, cluster_codes, influence_error, wald
from impact.words.said import Said

Arm = Literal["treated", "control", "neither"]
Rows = NDArray[np.bool_]
STRATA = Said("experiments.units_without_stratum"), Said("experiments.stratum_label_every_unit")
CLUSTERS = Said("experiments.units_without_cluster"), Said("experiments.cluster_label_every_unit")


@dataclass(frozen=True)
class LeeBounds:
    """Sharp bounds of the effect on those observed under either arm.

    Parameters
    ----------
    lower, upper
        Bounds with their analytic errors, in the unit of the outcome.
    conf_low, conf_high
        Imbens–Manski 95 % interval of the effect itself, shorter than the union of both intervals.
    trimmed_share
        Share of the trimmed arm's observed units that is cut off; with strata, their weighted mean.
    trimmed
        Arm with the higher share of observed outcomes.
    selected_treated, selected_control
        Share with an outcome in each arm.
    """

    lower: Estimate
    upper: Estimate
    conf_low: float
    conf_high: float
    trimmed_share: float
    trimmed: Arm
    selected_treated: float
    selected_control: float


@dataclass(frozen=True, eq=False)
class _Bounds:
    """Both bounds, the influences (2, n), the trimmed share and arm of one stratum."""

    values: Floats
    influence: Floats
    share: float
    arm: Arm


def lee_bounds(
    outcome: ArrayLike,
    treated: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    strata: NDArray[np.generic] | None = None,
    clusters: NDArray[np.generic] | None = None,
) -> LeeBounds:
    """Bound the effect of a randomised treatment that also changes who is observed.

    Parameters
    ----------
    outcome
        Shape (n,): NaN where there is no outcome.
    treated
        Shape (n,): 1 or 0.
    weights
        Shape (n,): positive sampling weights.
    strata
        Shape (n,): labels known before treatment; bounds within them, averaged over those always observed, are tighter.
    clusters
        Shape (n,): units of assignment, if not the rows.

    Raises
    ------
    NotEstimable
        Without both arms, with fewer than two observed outcomes left in an arm (of a stratum), with weights that are
        not positive, or when strata differ in the arm that is observed more often.

    Notes
    -----
    Estimand: the mean effect on units observed under treatment and under control. Assumes random assignment and
    monotone selection: treatment either removes nobody or adds nobody (within each stratum). With shares observed
    s₁ > s₀ the treated arm keeps q = s₀/s₁ of its outcomes, once the lowest and once the highest; the mean of the
    control arm is subtracted. Quantiles are type 7 and all outcomes up to the quantile are kept; with several outcomes
    at the quantile, or unequal weights, just the mass q is kept, ``y_q − E[(y_q − Y)⁺]/q``. Errors: Lee's proposition
    3, as influence functions, including that q is estimated; where both arms are observed equally often the
    larger of the errors that trimming either arm gives.
    With strata the weights are the shares of strata among observed units of the arm that is not trimmed.

    References
    ----------
    Lee (2009), https://doi.org/10.1111/j.1467-937X.2009.00536.x. Imbens, Manski (2004),
    https://doi.org/10.1111/j.1468-0262.2004.00555.x.
    """
    y, d = np.asarray(outcome, dtype=np.float64), np.asarray(treated, dtype=np.float64)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    _refuse_input(y, d, w)
    w = w / w.mean()  # only their ratios count; equal weights are ones, and give what no weights give to the last bit
    codes, n_strata = cluster_codes(np.zeros(len(y)) if strata is None else _labels(strata, len(y), STRATA))
    parts = [_stratum(y, d, w, codes == stratum) for stratum in range(n_strata)]
    arm = _one_arm(parts)
    values, influence, shares = _averaged(parts, codes, np.isfinite(y) & (d == (0 if arm == "treated" else 1)), w)
    groups = None if clusters is None else _clusters(clusters, d)
    lower, upper = (_estimate(values[side], influence[side], groups, len(y)) for side in (0, 1))
    low, high = _imbens_manski(lower, upper)
    seen = [float(np.average(np.isfinite(y[d == side]), weights=w[d == side])) for side in (1, 0)]
    trimmed = float(shares @ np.array([part.share for part in parts]))
    return LeeBounds(lower, upper, low, high, trimmed, arm, *seen)


def _refuse_input(y: Floats, d: Floats, w: Floats) -> None:
    if y.ndim != 1 or y.shape != d.shape or y.shape != w.shape:
        raise NotEstimable(
            Said("experiments.outcome_treatment_weights_differ_length"), Said("experiments.one_value_each_per_unit")
        )
    if not np.isin(d, (0, 1)).all():
        raise NotEstimable(
            Said("experiments.treatment_not_0_1_everywhere"), Said("experiments.complete_assignment_two_arms")
        )
    if np.isinf(y).any():
        raise NotEstimable(Said("experiments.some_outcomes_infinite"), Said("experiments.numbers_nan_where_no_outcome"))
    if not (np.isfinite(w) & (w > 0)).all():
        raise NotEstimable(
            Said("experiments.some_weights_not_positive_numbers"), Said("experiments.positive_weight_per_unit")
        )


def _labels(labels: NDArray[np.generic], n: int, refusal: tuple[Said, Said]) -> NDArray[np.generic]:
    found = np.asarray(labels)
    missing = [label is None or label != label for label in found.tolist()]  # noqa: PLR0124 - NaN only
    if found.shape != (n,) or any(missing):
        raise NotEstimable(*refusal)
    return found


def _clusters(clusters: NDArray[np.generic], d: Floats) -> tuple[Ints, int]:
    codes, count = cluster_codes(_labels(clusters, len(d), CLUSTERS))
    if min(len(np.unique(codes[d == side])) for side in (0, 1)) < 2:
        raise NotEstimable(
            Said("experiments.all_units_arm_lie_one_cluster"), Said("checks.least_two_clusters_each_arm")
        )
    return codes, count


def _stratum(y: Floats, d: Floats, w: Floats, inside: Rows) -> _Bounds:
    """Bound the effect within one stratum; influences are zero outside it."""
    seen = np.isfinite(y) & inside
    arms = [inside & (d == side) for side in (0, 1)]
    counts = [int((seen & arm).sum()) for arm in arms]
    if min(counts) < 2:
        raise NotEstimable(
            Said("experiments.few_observed_outcomes", n=min(counts)),
            Said("experiments.two_outcomes_in_both_arms"),
        )
    rates = [float(w[seen & arm].sum() / w[arm].sum()) for arm in arms]
    if rates[0] != rates[1]:
        return _trimming(y, w, seen, arms, int(rates[1] > rates[0]))
    both = [_trimming(y, w, seen, arms, more) for more in (0, 1)]
    larger = np.argmax([np.sum(part.influence**2, axis=1) for part in both], axis=0)
    influence = np.array([both[larger[side]].influence[side] for side in (0, 1)])
    return _Bounds(both[0].values, influence, 0.0, "neither")


def _trimming(y: Floats, w: Floats, seen: Rows, arms: list[Rows], more: int) -> _Bounds:
    """Bound the effect by cutting outcomes off the arm ``more`` (1 treated, 0 control)."""
    few, many = arms[1 - more], arms[more]
    rate_few, rate_many = (float(w[seen & arm].sum() / w[arm].sum()) for arm in (few, many))
    share = rate_few / rate_many
    drift = np.where(few, w * (seen - rate_few) / (rate_few * w[few].sum()), 0.0)
    drift = share * (drift - np.where(many, w * (seen - rate_many) / (rate_many * w[many].sum()), 0.0))
    plain, noise = _mean(y, w, seen & few)
    lowest, low_noise = _kept(y, w, seen & many, share, drift)
    highest, high_noise = _kept(-y, w, seen & many, share, drift)
    values = np.array([lowest - plain, -highest - plain])
    influence = np.array([low_noise - noise, -high_noise - noise])
    if more:
        return _Bounds(values, influence, 1 - share, "treated")
    return _Bounds(-values[::-1], -influence[::-1], 1 - share, "control")


def _mean(y: Floats, w: Floats, rows: Rows) -> tuple[float, Floats]:
    """Return a weighted mean and its influence (n,)."""
    total = w[rows].sum()
    mean = float(w[rows] @ y[rows] / total)
    influence = np.zeros(len(y))
    influence[rows] = w[rows] * (y[rows] - mean) / total
    return mean, influence


def _kept(y: Floats, w: Floats, rows: Rows, share: float, drift: Floats) -> tuple[float, Floats]:
    """Return the mean of the lowest ``share`` of outcomes, and its influence (n,)."""
    values, mass = y[rows], w[rows] / w[rows].sum()
    cut = _quantile(values, mass, share)
    below = np.minimum(values - cut, 0.0)
    mean = cut + float(mass @ below) / share
    if _untied(values, mass, cut):
        mean = float(values[values <= cut].mean())
    influence = drift * (cut - mean) / share
    influence[rows] += mass * (below / share - (mean - cut))
    return mean, influence


def _quantile(values: Floats, mass: Floats, share: float) -> float:
    """Return the type-7 quantile; with unequal weights the smallest value that reaches the share."""
    if np.ptp(mass) <= 1e-12 * mass.max():
        return float(np.quantile(values, share))
    order = np.argsort(values, kind="stable")
    at = int(np.searchsorted(np.cumsum(mass[order]), share * (1 - 1e-12)))
    return float(values[order[min(at, len(order) - 1)]])


def _untied(values: Floats, mass: Floats, cut: float) -> bool:
    return bool(np.ptp(mass) <= 1e-12 * mass.max() and np.sum(values == cut) <= 1)


def _one_arm(parts: list[_Bounds]) -> Arm:
    """Return the arm that is trimmed, the same in all strata."""
    arms = {part.arm for part in parts} - {"neither"}
    if len(arms) > 1:
        raise NotEstimable(
            Said("experiments.selection_goes_both_ways"),
            Said("experiments.selection_one_way_only"),
        )
    return next(iter(arms), "neither")


def _averaged(parts: list[_Bounds], codes: Ints, base: Rows, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Average strata over the units in ``base``; return bounds (2,), influences (2, n), shares of strata."""
    sums = np.bincount(codes[base], weights=w[base], minlength=len(parts))
    shares = sums / sums.sum()
    by_stratum = np.column_stack([part.values for part in parts])
    values = by_stratum @ shares
    within = sum(share * part.influence for share, part in zip(shares, parts, strict=True))
    between = np.where(base, w, 0.0) * (by_stratum[:, codes] - values[:, None]) / sums.sum()
    return values, np.asarray(within + between, dtype=np.float64), shares


def _estimate(value: float, influence: Floats, groups: tuple[Ints, int] | None, n: int) -> Estimate:
    if groups is None:
        return wald(
            value, influence_error(influence), rule=Said("rule.influence_function"), n_obs=n, influence=influence
        )
    codes, count = groups
    error = influence_error(influence, codes, count) * math.sqrt(count / (count - 1))
    return wald(
        value,
        error,
        rule=Said("rule.clustered_influence_function"),
        n_obs=n,
        df=count - 1.0,
        n_clusters=count,
        influence=influence,
    )


def _imbens_manski(lower: Estimate, upper: Estimate) -> tuple[float, float]:
    """Return the interval that covers the effect, wherever it lies between the bounds, with 95 %."""
    scale = max(lower.std_error, upper.std_error)
    width = max(upper.estimate - lower.estimate, 0.0) / scale
    law = stats.norm if math.isinf(lower.df) else stats.t(lower.df)
    c = optimize.brentq(lambda at: float(law.cdf(at + width) - law.cdf(-at)) - CONFIDENCE, 0.0, 1e3)
    return lower.estimate - c * lower.std_error, upper.estimate + c * upper.std_error
