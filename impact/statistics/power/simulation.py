"""Power by simulation: draw the data a plan would give, analyse them with the estimator it declares, count.

For what :mod:`impact.statistics.power.closed_form` has no closed form: unequal clusters, shares and counts, attrition
and partial take-up together, and any estimator. :func:`simulate` takes a function of one :class:`Dataset` or a
built-in's name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Estimate, Floats, Ints
from impact.statistics.power.closed_form import Waves, itt_effect, wave_correlation
from impact.words.said import Said

BuiltIn = Literal["difference", "change", "ancova"]
BATCH_VALUES = 4_000_000
TERMS = 600


@dataclass(frozen=True)
class Plan:
    """What will be done, to whom, and what the outcome is like.

    Parameters
    ----------
    treated, comparison
        Persons in each arm; clusters, if ``size`` or ``sizes`` is given.
    effect
        On a person who takes the programme up, in the unit of the outcome, in every wave after.
    size, sizes
        Persons per cluster; or one size per cluster, treated first. Without either, persons are on their own.
    outcome
        ``scale``: normal; ``binary``: 0 or 1; ``count``: negative binomial, Poisson without ``dispersion``.
    mean, sd, dispersion
        Of the outcome without the programme. ``sd`` is for ``scale`` only; a share's follows from the mean, and the
        variance of a count is ``mean + dispersion · mean²``.
    icc
        Intracluster correlation of the outcome itself, on the outcome's own scale, for all kinds.
    pre, post
        Waves before and after.
    autocorrelation, structure, cluster_autocorrelation
        Correlation between waves of a person's deviation from its cluster: one for all pairs, or ρ^lag (``ar1``); of
        the cluster's own deviation, None for the same.
    attrition, take_up
        Of the treated and of the comparison arm. Those lost miss all waves after, whatever their outcome.

    Notes
    -----
    A latent normal panel, cluster part plus person part, passes through the outcome's quantile function (a Gaussian
    copula: Nelsen 2006, https://doi.org/10.1007/0-387-28678-0). Latent correlations are chosen so that ``icc`` and the
    autocorrelations hold for the outcome at ``mean``; where the programme moves a share or count, they move with it.
    """

    treated: int
    comparison: int
    effect: float
    size: int | None = None
    sizes: tuple[int, ...] | None = None
    outcome: Literal["scale", "binary", "count"] = "scale"
    mean: float = 0.0
    sd: float = 1.0
    dispersion: float = 0.0
    icc: float = 0.0
    pre: int = 0
    post: int = 1
    autocorrelation: float = 0.0
    structure: Waves = "exchangeable"
    cluster_autocorrelation: float | None = None
    attrition: tuple[float, float] = (0.0, 0.0)
    take_up: tuple[float, float] = (1.0, 0.0)

    @property
    def cluster_sizes(self) -> Ints:
        """Persons per cluster, treated first; ones if persons are on their own."""
        blocks = max(self.treated + self.comparison, 0)
        return np.full(blocks, 1 if self.size is None else self.size) if self.sizes is None else np.array(self.sizes)

    @property
    def itt(self) -> float:
        """Effect of the offer: the effect diluted by take-up."""
        return itt_effect(self.effect, *self.take_up)


@dataclass(frozen=True)
class Dataset:
    """One simulated dataset; with a leading axis of replications in ``outcomes`` and ``received``, a batch of them.

    Parameters
    ----------
    unit, cluster, arm, received
        Shape (n,): person, cluster (the person itself without clusters), 1 if offered the programme, taken up or not.
    outcomes, pre
        Shape (n, T), NaN where not observed; how many of the T waves come before.
    """

    unit: Ints
    cluster: Ints
    arm: Ints
    outcomes: Floats
    received: NDArray[np.bool_]
    pre: int


@dataclass(frozen=True)
class Simulated:
    """What the estimator did over the replications; Monte Carlo standard errors end in ``_mc``.

    Terms as in Morris, White & Crowther (2019), https://doi.org/10.1002/sim.8086.

    Parameters
    ----------
    truth
        The effect estimated: that of the offer, unless the caller says otherwise.
    replications, n_not_estimable
        Drawn, and of these not estimable: they count as not detected, and not in the other numbers.
    bias, power, coverage
        Mean estimate minus truth; share with a p-value below the level; share of 95 % intervals with the truth inside.
    interval_width, empirical_sd, mean_std_error
        Mean width of the intervals; spread of the estimates; what the estimator says it is, on average.
    """

    truth: float
    replications: int
    n_not_estimable: int
    bias: float
    bias_mc: float
    power: float
    power_mc: float
    coverage: float
    coverage_mc: float
    interval_width: float
    empirical_sd: float
    mean_std_error: float


Estimator = Callable[[Dataset], Estimate]


def simulate(
    plan: Plan,
    estimator: Estimator | BuiltIn,
    *,
    replications: int = 1000,
    seed: int,
    alpha: float = 0.05,
    truth: float | None = None,
) -> Simulated:
    """Return how an estimator performs on data drawn from a plan.

    ``truth`` is the estimand's value; by default the effect of the offer, which the built-in estimators estimate. An
    impossible plan, or one where fewer than two replications can be estimated, raises :class:`NotEstimable`.
    """
    if replications < 2:
        raise NotEstimable(
            Said("power.fewer_two_replications_show_no_spread"), Said("power.thousand_replications_more")
        )
    rng, known = np.random.default_rng(seed), plan.itt if truth is None else truth
    rows = [_analysed(batch, estimator) for batch in _batches(plan, rng, replications)]
    return summarise(np.concatenate(rows), known, alpha)


def _batches(plan: Plan, rng: np.random.Generator, replications: int) -> Iterator[Dataset]:
    _check(plan)
    per_batch = max(1, BATCH_VALUES // int(plan.cluster_sizes.sum() * (plan.pre + plan.post)))
    for start in range(0, replications, per_batch):
        yield draw(plan, rng, min(per_batch, replications - start))


def _analysed(batch: Dataset, estimator: Estimator | BuiltIn) -> Floats:
    if isinstance(estimator, str):
        return _built_in(batch, estimator)
    panels = zip(batch.outcomes, batch.received, strict=True)
    return np.array([_row(replace(batch, outcomes=y, received=taken), estimator) for y, taken in panels])


def _row(data: Dataset, estimator: Estimator) -> tuple[float, ...]:
    try:
        return row(estimator(data))
    except NotEstimable:
        return row(None)


def row(found: Estimate | None) -> tuple[float, ...]:
    """Return (estimate, error, p-value, low, high) of one replication; NaN where it was not estimable."""
    if found is None:
        return (math.nan,) * 5
    return found.estimate, found.std_error, found.p_value, found.conf_low, found.conf_high


def summarise(rows: Floats, truth: float, alpha: float) -> Simulated:
    """Summarise rows of (estimate, error, p-value, low, high), NaN where not estimable."""
    good = rows[np.isfinite(rows).all(axis=1)]
    if len(good) < 2:
        raise NotEstimable(
            Said("power.hardly_any_simulated_dataset_could_estimated"), Said("power.more_persons_clusters_plan")
        )
    estimate, error, p_value, low, high = good.T
    power, covered = np.sum(p_value < alpha) / len(rows), np.mean((low <= truth) & (truth <= high))
    spread = np.std(estimate, ddof=1)
    return Simulated(
        truth,
        len(rows),
        len(rows) - len(good),
        bias=float(estimate.mean() - truth),
        bias_mc=float(spread / np.sqrt(len(good))),
        power=float(power),
        power_mc=float(np.sqrt(power * (1 - power) / len(rows))),
        coverage=float(covered),
        coverage_mc=float(np.sqrt(covered * (1 - covered) / len(good))),
        interval_width=float(np.mean(high - low)),
        empirical_sd=float(spread),
        mean_std_error=float(error.mean()),
    )


def draw(plan: Plan, rng: np.random.Generator, size: int) -> Dataset:
    """Draw ``size`` datasets at once: outcomes of shape (size, n, T), received of shape (size, n).

    :class:`NotEstimable` if the plan is impossible: an empty arm, shares out of range, correlations no panel can have.
    """
    _check(plan)
    sizes = plan.cluster_sizes
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    arm = (cluster < plan.treated).astype(np.int64)
    received = rng.random((size, len(arm))) < np.where(arm == 1, *plan.take_up)
    lost = rng.random((size, len(arm))) < np.where(arm == 1, *plan.attrition)
    outcomes = _outcomes(plan, _latent(plan, rng, size, cluster), received)
    outcomes[:, :, plan.pre :][lost] = np.nan
    return Dataset(np.arange(len(arm)), cluster, arm, outcomes, received, plan.pre)


def _check(plan: Plan) -> None:
    sizes = plan.cluster_sizes
    problems = (
        (min(plan.treated, plan.comparison) < 2, Said("power.too_few_in_arm"), Said("statistics.two_or_more")),
        (
            len(sizes) != plan.treated + plan.comparison,
            Said("power.sizes_not_one_per_cluster"),
            Said("power.one_size_per_cluster"),
        ),
        (int(sizes.min(initial=1)) < 1, Said("power.cluster_empty"), Said("power.one_person_each_cluster")),
        (plan.pre < 0 or plan.post < 1, Said("power.no_wave_after"), Said("power.one_wave_after")),
        (
            plan.icc != 0 and (plan.size, plan.sizes) == (None, None),
            Said("power.icc_needs_clusters"),
            Said("power.size_of_clusters"),
        ),
        (
            not 0 <= plan.icc <= 1,
            Said("power.impossible", what=Said("power.intracluster_correlation"), value=plan.icc),
            Said("power.0_to_1"),
        ),
        (
            not all(0 <= share < 1 for share in plan.attrition),
            Said("power.attrition_impossible"),
            Said("power.0_to_below_1_each_arm"),
        ),
        (
            not 0 < plan.sd < math.inf,
            Said("statistics.outcome_does_not_vary"),
            Said("power.positive_standard_deviation"),
        ),
        (
            not math.isfinite(plan.mean + plan.effect),
            Said("power.mean_or_effect_not_finite"),
            Said("power.finite_numbers"),
        ),
        (not plan.dispersion >= 0, Said("power.dispersion_below_zero"), Said("power.zero_or_more")),
    )
    for wrong, reason, needed in problems:
        if wrong:
            raise NotEstimable(reason, needed)
    itt_effect(plan.effect, *plan.take_up)


def _latent(plan: Plan, rng: np.random.Generator, size: int, cluster: Ints) -> Floats:
    """Draw standard normal panels, shape (size, n, T), with the latent correlations of the plan."""
    between, total = _latent_correlations(plan)
    persons = rng.standard_normal((size, len(cluster), len(total))) @ _root(total - between).T
    if plan.icc > 0:
        effects = rng.standard_normal((size, int(cluster[-1]) + 1, len(total))) @ _root(between).T
        persons += effects[:, cluster]
    return np.asarray(persons, dtype=np.float64)


def _latent_correlations(plan: Plan) -> tuple[Floats, Floats]:
    """Return latent correlations between waves, of two persons of one cluster and of one person."""
    waves = plan.pre + plan.post
    among = plan.autocorrelation if plan.cluster_autocorrelation is None else plan.cluster_autocorrelation
    between = plan.icc * wave_correlation(waves, among, plan.structure)
    within = (1 - plan.icc) * wave_correlation(waves, plan.autocorrelation, plan.structure)
    if plan.outcome == "scale":
        return between, between + within
    powers = hermite_shares(_thresholds(plan, plan.mean))
    return _to_latent(between, powers), _to_latent(between + within, powers)


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-9:
        raise NotEstimable(
            Said("power.no_panel_has_these_correlations_together"), Said("power.lower_icc_lower_autocorrelation")
        )
    return np.asarray(vectors * np.sqrt(np.clip(values, 0, None)), dtype=np.float64)


def _thresholds(plan: Plan, mean: float) -> Floats:
    """Return the cut points of the latent normal: the outcome is the number of them it exceeds."""
    if plan.outcome == "binary":
        if not 0 < mean < 1:
            raise NotEstimable(Said("power.share_impossible_certain", mean=mean), Said("power.means_inside_0_1"))
        return np.array([stats.norm.isf(mean)])
    if not mean > 0:
        raise NotEstimable(Said("power.mean_count_impossible", mean=mean), Said("power.means_above_0"))
    phi = plan.dispersion
    count = stats.nbinom(1 / phi, 1 / (1 + phi * mean)) if phi > 0 else stats.poisson(mean)
    return np.asarray(stats.norm.isf(count.sf(np.arange(int(count.isf(1e-13)) + 1))), dtype=np.float64)


def hermite_shares(thresholds: Floats) -> Floats:
    """Return the shares of a stepped outcome's variance in each power of the latent correlation, shape (TERMS,).

    ``corr(Y, Y') = Σ share_k r^k`` where ``share_k ∝ (Σ_j φ(t_j) He_{k−1}(t_j))² / k!`` (Mehler's formula).
    """
    last, this, shares = np.zeros_like(thresholds), stats.norm.pdf(thresholds), np.empty(TERMS)
    for k in range(1, TERMS + 1):
        shares[k - 1] = this.sum() ** 2 / k
        last, this = this, (thresholds * this - math.sqrt(k - 1) * last) / math.sqrt(k)
    exceed = stats.norm.sf(thresholds)
    variance = float(np.sum((2 * np.arange(len(thresholds)) + 1) * exceed) - exceed.sum() ** 2)
    shares[-1] += max(variance - shares.sum(), 0.0)
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _to_latent(correlations: Floats, shares: Floats) -> Floats:
    """Replace correlations of the outcome by those of the latent normal that give them."""
    powers = np.arange(1, TERMS + 1)
    asked, where = np.unique(np.round(correlations, 12), return_inverse=True)
    lowest = float(np.sum(shares * (-1.0) ** powers))
    if asked[0] <= lowest:
        raise NotEstimable(
            Said("power.outcome_cannot_correlate", correlation=asked[0]), Said("power.correlation_above", lowest=lowest)
        )
    found = [optimize.brentq(lambda r, c=c: float(shares @ r**powers) - c, -1, 1.001, xtol=1e-14) for c in asked]
    return np.asarray(found, dtype=np.float64)[where].reshape(correlations.shape)


def _outcomes(plan: Plan, latent: Floats, received: NDArray[np.bool_]) -> Floats:
    if plan.outcome == "scale":
        taken = received[:, :, None] * (np.arange(latent.shape[2]) >= plan.pre)
        return np.asarray(plan.mean + plan.sd * latent + plan.effect * taken, dtype=np.float64)
    outcomes = np.searchsorted(_thresholds(plan, plan.mean), latent).astype(np.float64)
    after = np.searchsorted(_thresholds(plan, plan.mean + plan.effect), latent[:, :, plan.pre :])
    outcomes[:, :, plan.pre :] = np.where(received[:, :, None], after, outcomes[:, :, plan.pre :])
    return outcomes


def _built_in(batch: Dataset, name: BuiltIn) -> Floats:
    """Return rows of (estimate, error, p-value, low, high) of a built-in estimator.

    ``difference`` of means after, ``change`` of the mean from before to after (difference-in-differences), both with
    CR2 errors and Satterthwaite df (HC2 without clusters); ``ancova`` with the arms' CR2 factor and one df less.
    """
    if name not in get_args(BuiltIn) or (name != "difference" and batch.pre == 0):
        raise NotEstimable(
            Said("power.not_built_in", name=name), Said("power.built_in_with_one_before", names=str(get_args(BuiltIn)))
        )
    after = batch.outcomes[:, :, batch.pre :].mean(axis=2)
    before = batch.outcomes[:, :, : batch.pre].mean(axis=2) if name != "difference" else np.zeros_like(after)
    seen = np.isfinite(after).astype(np.float64)
    outcome = np.where(seen > 0, after - before if name == "change" else after, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = _ancova(batch, outcome, before * seen, seen) if name == "ancova" else _difference(batch, outcome, seen)
        estimate, variance, df = (np.where((rows[1] > 0) & (rows[2] > 0), row, np.nan) for row in rows)
        error = np.sqrt(variance)
        half = stats.t.ppf(0.5 + CONFIDENCE / 2, df) * error
        p_value = 2 * stats.t.sf(np.abs(estimate / error), df)
    return np.column_stack([estimate, error, p_value, estimate - half, estimate + half])


def _within_clusters(batch: Dataset, values: Floats) -> Floats:
    starts = np.unique(batch.cluster, return_index=True)[1]
    return np.asarray(np.add.reduceat(values, starts, axis=1), dtype=np.float64)


def _arm_sums(batch: Dataset, values: Floats) -> Floats:
    return np.asarray(values @ (batch.arm[:, None] == np.arange(2)).astype(np.float64), dtype=np.float64)


def _difference(batch: Dataset, outcome: Floats, seen: Floats) -> tuple[Floats, Floats, Floats]:
    totals = _arm_sums(batch, seen)
    means = _arm_sums(batch, outcome) / totals
    influence = (outcome - means[:, batch.arm]) * seen / totals[:, batch.arm]
    return means[:, 1] - means[:, 0], *_cr2(batch, influence, seen)


def _cr2(batch: Dataset, influence: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Return the CR2 variance and Satterthwaite df of a difference of two arm means, clusters of any size.

    With ``h`` a cluster's share of its arm's N persons and ``q = h² / (1 − h)``, independent persons give
    ``df = (Σ_arms 1/N)² / Σ_arms [Σ h² + (Σ q)² − Σ q²] / N²`` (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018,
    https://doi.org/10.1080/07350015.2016.1247004).
    """
    arm, totals = batch.arm[np.unique(batch.cluster, return_index=True)[1]], _arm_sums(batch, seen)
    h = _within_clusters(batch, seen) / totals[:, arm]
    q = h**2 / (1 - h)
    variance = np.sum(_within_clusters(batch, influence) ** 2 / (1 - h), axis=1)
    inner = np.sum((h**2 - q**2) / totals[:, arm] ** 2, axis=1)
    outer = sum((np.sum(q[:, arm == side], axis=1) / totals[:, side]) ** 2 for side in (0, 1))
    return variance, np.sum(1 / totals, axis=1) ** 2 / (inner + outer)


def _ancova(batch: Dataset, outcome: Floats, before: Floats, seen: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the difference of means adjusted with the slope within arms; its residuals get the arms' CR2 factor."""
    n, totals = seen.sum(axis=1), _arm_sums(batch, seen)
    within = (before - (_arm_sums(batch, before) / totals)[:, batch.arm]) * seen
    adjusted = outcome - (np.sum(within * outcome, axis=1) / np.sum(within**2, axis=1))[:, None] * before
    means = _arm_sums(batch, adjusted) / totals
    centre = np.stack([batch.arm * seen, before])
    arm, covariate = (centre - (centre.sum(axis=2) / n)[:, :, None]) * seen
    arm = arm - (np.sum(arm * covariate, axis=1) / np.sum(covariate**2, axis=1))[:, None] * covariate
    influence = arm * (adjusted - means[:, batch.arm]) / np.sum(arm**2, axis=1)[:, None]
    variance, df = _cr2(batch, influence, seen)
    return means[:, 1] - means[:, 0], variance * (n - 2) / (n - 3), df - 1
