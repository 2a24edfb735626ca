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
from impact.statistics.core import (
    CONFIDENCE,
    Estimate,
    Floats,
    Group,
    Ints,
    cluster_codes,
    floats,
    influence_error,
    wald,
)
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
        Shape (n,): 1 if assigned to treatment, 0 if not; known for everybody, also without an outcome.
    weights
        Shape (n,): positive sampling weights, whose scale does not matter; None for equal ones.
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

    Examples
    --------
    >>> outcome = np.array([1.0, 2.0, 3.0, 4.0, 1.0, 2.0, np.nan, np.nan])
    >>> bounds = lee_bounds(outcome, [1, 1, 1, 1, 0, 0, 0, 0])
    >>> bounds.lower.estimate, bounds.upper.estimate, bounds.trimmed
    (0.0, 2.0, 'treated')
    """
    y, d = floats(outcome), floats(treated)
    n = len(y)
    w = np.ones(n) if weights is None else floats(weights)
    _refuse_input(y, d, w)
    # Only the ratios of weights count; equal weights are ones, and give what no weights give to the last bit.
    w = w / w.mean()
    labels: NDArray[np.generic] = np.zeros(n)
    if strata is not None:
        labels = _labels(strata, n, STRATA)
    codes, n_strata = cluster_codes(labels)
    # Proposition 1a within each stratum, then averaged over those always observed
    by_stratum = [_stratum(y, d, w, codes == stratum) for stratum in range(n_strata)]
    arm = _one_arm(by_stratum)
    untrimmed = 0 if arm == "treated" else 1
    observed = np.isfinite(y)
    base = observed & (d == untrimmed)
    values, influence, shares = _averaged(by_stratum, codes, base, w)
    groups = None if clusters is None else _clusters(clusters, d)
    lower = _estimate(values[0], influence[0], groups, n)
    upper = _estimate(values[1], influence[1], groups, n)
    low, high = _imbens_manski(lower, upper)
    observed1 = _share_observed(y, w, d == 1)
    observed0 = _share_observed(y, w, d == 0)
    removed = np.array([bounds.share for bounds in by_stratum])
    trimmed = float(shares @ removed)
    return LeeBounds(lower, upper, low, high, trimmed, arm, observed1, observed0)


def _share_observed(y: Floats, w: Floats, arm: Rows) -> float:
    """Return the weighted share of an arm that has an outcome."""
    observed = np.isfinite(y[arm])
    share = np.average(observed, weights=w[arm])
    return float(share)


def _refuse_input(y: Floats, d: Floats, w: Floats) -> None:
    """Refuse outcomes, arms and weights that do not fit together or are not what they should be."""
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
    positive = np.isfinite(w) & (w > 0)
    if not positive.all():
        raise NotEstimable(
            Said("experiments.some_weights_not_positive_numbers"), Said("experiments.positive_weight_per_unit")
        )


def _labels(labels: NDArray[np.generic], n: int, refusal: tuple[Said, Said]) -> NDArray[np.generic]:
    """Return labels as an array, shape (n,), refusing missing ones."""
    values = np.asarray(labels)
    listed = values.tolist()
    missing = [label is None or label != label for label in listed]  # noqa: PLR0124 - NaN only
    fits = values.shape == (n,)
    if not fits or any(missing):
        raise NotEstimable(*refusal)
    return values


def _clusters(clusters: NDArray[np.generic], d: Floats) -> Group:
    """Return the clusters of the units, refusing an arm that lies in one."""
    labels = _labels(clusters, len(d), CLUSTERS)
    codes, count = cluster_codes(labels)
    of_arms = [np.unique(codes[d == side]) for side in (0, 1)]
    counts = [len(clusters_of_arm) for clusters_of_arm in of_arms]
    fewest = min(counts)
    if fewest < 2:
        raise NotEstimable(
            Said("experiments.all_units_arm_lie_one_cluster"), Said("checks.least_two_clusters_each_arm")
        )
    return codes, count


def _stratum(y: Floats, d: Floats, w: Floats, inside: Rows) -> _Bounds:
    """Bound the effect within one stratum; influences are zero outside it."""
    observed = np.isfinite(y) & inside
    arms = [inside & (d == side) for side in (0, 1)]
    counts = [int((observed & arm).sum()) for arm in arms]
    fewest = min(counts)
    if fewest < 2:
        reason = Said("experiments.few_observed_outcomes", n=fewest)
        raise NotEstimable(reason, Said("experiments.two_outcomes_in_both_arms"))
    rate0, rate1 = (_rate(w, observed, arm) for arm in arms)
    if rate0 != rate1:
        upward = int(rate1 > rate0)
        return _trimming(y, w, observed, arms, upward)
    # Nothing is trimmed, but either arm could have been: take the larger of the two variances for each bound.
    both = [_trimming(y, w, observed, arms, more) for more in (0, 1)]
    influences = np.array([bounds.influence for bounds in both])
    variances = np.sum(influences**2, axis=2)
    larger = np.argmax(variances, axis=0)
    sides = np.arange(2)
    influence = influences[larger, sides]
    return _Bounds(both[0].values, influence, 0.0, "neither")


def _trimming(y: Floats, w: Floats, observed: Rows, arms: list[Rows], more: int) -> _Bounds:
    """Bound the effect by cutting outcomes off the arm ``more`` (1 treated, 0 control)."""
    few, many = arms[1 - more], arms[more]
    rate_few = _rate(w, observed, few)
    rate_many = _rate(w, observed, many)
    # q = s₀/s₁, the share of the larger arm that stays, and each unit's influence on it through the two rates
    share = rate_few / rate_many
    of_few = _of_rate(w, observed, few, rate_few)
    of_many = _of_rate(w, observed, many, rate_many)
    of_both = of_few - of_many
    drift = share * of_both
    plain, noise = _mean(y, w, observed & few)
    rows = observed & many
    lowest, low_noise = _lowest_mean(y, w, rows, share, drift)
    highest, high_noise = _lowest_mean(-y, w, rows, share, drift)
    values = np.array([lowest - plain, -highest - plain])
    influence = np.array([low_noise - noise, -high_noise - noise])
    trimmed = 1 - share
    if more:
        return _Bounds(values, influence, trimmed, "treated")
    return _Bounds(-values[::-1], -influence[::-1], trimmed, "control")


def _rate(w: Floats, observed: Rows, arm: Rows) -> float:
    """Return the weighted rate at which an arm is observed."""
    seen_weight = w[observed & arm].sum()
    rate = seen_weight / w[arm].sum()
    return float(rate)


def _of_rate(w: Floats, observed: Rows, arm: Rows, rate: float) -> Floats:
    """Return the influence on the logarithm of an arm's rate of observation, shape (n,)."""
    deviations = w * (observed - rate)
    total = rate * w[arm].sum()
    influence = deviations / total
    return floats(np.where(arm, influence, 0.0))


def _mean(y: Floats, w: Floats, rows: Rows) -> tuple[float, Floats]:
    """Return a weighted mean and its influence (n,)."""
    values, weights = y[rows], w[rows]
    total = weights.sum()
    mean = float(weights @ values / total)
    influence = np.zeros(len(y))
    influence[rows] = weights * (values - mean) / total
    return mean, influence


def _lowest_mean(y: Floats, w: Floats, rows: Rows, share: float, drift: Floats) -> tuple[float, Floats]:
    """Return the mean of the lowest ``share`` of outcomes, and its influence (n,)."""
    values = y[rows]
    weights = w[rows]
    mass = weights / weights.sum()
    cut = _quantile(values, mass, share)
    # E[y | y ≤ q] = q + E[min(y − q, 0)] / share
    shortfall = np.minimum(values - cut, 0.0)
    lost = float(mass @ shortfall)
    mean = cut + lost / share
    if _untied(values, mass, cut):
        lowest = values[values <= cut]
        mean = float(lowest.mean())
    # Proposition 3: through q, through the trimmed outcomes, and through their quantile
    influence = drift * (cut - mean) / share
    trimmed = shortfall / share
    excess = mean - cut
    influence[rows] += mass * (trimmed - excess)
    return mean, influence


def _quantile(values: Floats, mass: Floats, share: float) -> float:
    """Return the type-7 quantile; with unequal weights the smallest value that reaches the share."""
    rounding = 1e-12 * mass.max()
    if np.ptp(mass) <= rounding:
        return float(np.quantile(values, share))
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(mass[order])
    reach = share * (1 - 1e-12)
    at = int(np.searchsorted(cumulated, reach))
    last = len(order) - 1
    row = order[min(at, last)]
    return float(values[row])


def _untied(values: Floats, mass: Floats, cut: float) -> bool:
    """Say whether units count alike and at most one lies at the cut, so that a plain mean of those below is exact."""
    rounding = 1e-12 * mass.max()
    alike = np.ptp(mass) <= rounding
    at_cut = np.sum(values == cut)
    return bool(alike and at_cut <= 1)


def _one_arm(by_stratum: list[_Bounds]) -> Arm:
    """Return the arm that is trimmed, the same in all strata."""
    arms = {bounds.arm for bounds in by_stratum} - {"neither"}
    if len(arms) > 1:
        raise NotEstimable(
            Said("experiments.selection_goes_both_ways"),
            Said("experiments.selection_one_way_only"),
        )
    return next(iter(arms), "neither")


def _averaged(by_stratum: list[_Bounds], codes: Ints, base: Rows, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Average strata over the units in ``base``; return bounds (2,), influences (2, n), shares of strata."""
    sums = np.bincount(codes[base], weights=w[base], minlength=len(by_stratum))
    total = sums.sum()
    shares = sums / total
    bounds = np.column_stack([stratum.values for stratum in by_stratum])
    values = bounds @ shares
    # Each stratum's own influence times its share, and that of the shares
    pairs = zip(shares, by_stratum, strict=True)
    within = sum(share * stratum.influence for share, stratum in pairs)
    members = np.where(base, w, 0.0)
    deviations = bounds[:, codes] - values[:, None]
    between = members * deviations / total
    return values, floats(within + between), shares


def _estimate(value: float, influence: Floats, groups: Group | None, n: int) -> Estimate:
    """Return a bound with its error over units or clusters."""
    if groups is None:
        error = influence_error(influence)
        return wald(value, error, rule=Said("rule.influence_function"), n_obs=n, influence=influence)
    codes, count = groups
    inflation = count / (count - 1)
    plain = influence_error(influence, codes, count)
    error = plain * math.sqrt(inflation)
    rule, df = Said("rule.clustered_influence_function"), count - 1.0
    return wald(value, error, rule=rule, n_obs=n, df=df, n_clusters=count, influence=influence)


def _imbens_manski(lower: Estimate, upper: Estimate) -> tuple[float, float]:
    """Return the interval that covers the effect, wherever it lies between the bounds, with 95 %."""
    scale = max(lower.std_error, upper.std_error)
    # Δ/max σ, the width of the identified set in standard errors
    distance = max(upper.estimate - lower.estimate, 0.0)
    width = distance / scale
    law = stats.norm if math.isinf(lower.df) else stats.t(lower.df)

    def gap(c: float) -> float:
        """Return Φ(c + Δ/max σ) − Φ(−c) − 0.95, zero at the C̄ of Imbens and Manski."""
        end = law.cdf(c + width)
        covered = float(end - law.cdf(-c))
        return covered - CONFIDENCE

    c = optimize.brentq(gap, 0.0, 1e3)
    below_lower = c * lower.std_error
    above_upper = c * upper.std_error
    return lower.estimate - below_lower, upper.estimate + above_upper
