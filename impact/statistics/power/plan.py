"""A plan, and the datasets that it would give: arms, clusters, waves and outcomes of any kind.

:mod:`impact.statistics.power.simulation` draws from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.statistics.power.closed_form import Waves, itt_effect, wave_correlation
from impact.words.said import Said

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
        Number of waves before treatment and after it.
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
        if self.sizes is not None:
            return np.array(self.sizes)
        blocks = max(self.treated + self.comparison, 0)
        return np.full(blocks, 1 if self.size is None else self.size)

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


def draw(plan: Plan, rng: np.random.Generator, size: int) -> Dataset:
    """Draw ``size`` datasets at once: outcomes of shape (size, n, T), received of shape (size, n).

    :class:`NotEstimable` if the plan is impossible: an empty arm, shares out of range, correlations no panel can have.

    Examples
    --------
    >>> data = draw(Plan(treated=3, comparison=3, effect=1.0), np.random.default_rng(1), 2)
    >>> data.outcomes.shape, data.arm.tolist()
    ((2, 6, 1), [1, 1, 1, 0, 0, 0])
    """
    check_plan(plan)
    sizes = plan.cluster_sizes
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    arm = (cluster < plan.treated).astype(np.int64)
    shape = (size, len(arm))
    received = rng.random(shape) < np.where(arm == 1, *plan.take_up)
    lost = rng.random(shape) < np.where(arm == 1, *plan.attrition)
    latent = _latent(plan, rng, size, cluster)
    outcomes = _outcomes(plan, latent, received)
    later = outcomes[:, :, plan.pre :]
    later[lost] = np.nan
    return Dataset(np.arange(len(arm)), cluster, arm, outcomes, received, plan.pre)


def check_plan(plan: Plan) -> None:
    """Refuse a plan that no data can follow."""
    sizes = plan.cluster_sizes
    fewest = min(plan.treated, plan.comparison)
    n_clusters = plan.treated + plan.comparison
    _require(fewest >= 2, Said("power.too_few_in_arm"), Said("statistics.two_or_more"))
    fits = len(sizes) == n_clusters
    _require(fits, Said("power.sizes_not_one_per_cluster"), Said("power.one_size_per_cluster"))
    smallest = int(sizes.min(initial=1))
    _require(smallest >= 1, Said("power.cluster_empty"), Said("power.one_person_each_cluster"))
    has_waves = plan.pre >= 0 and plan.post >= 1
    _require(has_waves, Said("power.no_wave_after"), Said("power.one_wave_after"))
    on_their_own = plan.size is None and plan.sizes is None
    alike = plan.icc != 0
    _require(not (alike and on_their_own), Said("power.icc_needs_clusters"), Said("power.size_of_clusters"))
    impossible = Said("power.impossible", what=Said("power.intracluster_correlation"), value=plan.icc)
    _require(0 <= plan.icc <= 1, impossible, Said("power.0_to_1"))
    possible = all(0 <= share < 1 for share in plan.attrition)
    _require(possible, Said("power.attrition_impossible"), Said("power.0_to_below_1_each_arm"))
    varies = 0 < plan.sd < math.inf
    _require(varies, Said("statistics.outcome_does_not_vary"), Said("power.positive_standard_deviation"))
    finite = math.isfinite(plan.mean + plan.effect)
    _require(finite, Said("power.mean_or_effect_not_finite"), Said("power.finite_numbers"))
    _require(plan.dispersion >= 0, Said("power.dispersion_below_zero"), Said("power.zero_or_more"))
    itt_effect(plan.effect, *plan.take_up)


def _require(holds: bool, reason: Said, needed: Said) -> None:
    """Refuse a plan of which something does not hold."""
    if not holds:
        raise NotEstimable(reason, needed)


def _latent(plan: Plan, rng: np.random.Generator, size: int, cluster: Ints) -> Floats:
    """Draw standard normal panels, shape (size, n, T), with the latent correlations of the plan."""
    between, total = _latent_correlations(plan)
    n, waves = len(cluster), len(total)
    noise = rng.standard_normal((size, n, waves))
    root = _root(total - between)
    persons = noise @ root.T
    if plan.icc > 0:
        n_clusters = int(cluster[-1]) + 1
        shocks = rng.standard_normal((size, n_clusters, waves))
        effects = shocks @ _root(between).T
        persons += effects[:, cluster]
    return floats(persons)


def _latent_correlations(plan: Plan) -> tuple[Floats, Floats]:
    """Return latent correlations between waves, of two persons of one cluster and of one person."""
    waves = plan.pre + plan.post
    structure = plan.structure
    among = plan.autocorrelation if plan.cluster_autocorrelation is None else plan.cluster_autocorrelation
    between = plan.icc * wave_correlation(waves, among, structure)
    within = (1 - plan.icc) * wave_correlation(waves, plan.autocorrelation, structure)
    if plan.outcome == "scale":
        same = between + within
        return between, same
    thresholds = _thresholds(plan, plan.mean)
    powers = hermite_shares(thresholds)
    return _to_latent(between, powers), _to_latent(between + within, powers)


def _root(covariance: Floats) -> Floats:
    """Return a root of a covariance, refusing one that no variables have."""
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-9:
        raise NotEstimable(
            Said("power.no_panel_has_these_correlations_together"), Said("power.lower_icc_lower_autocorrelation")
        )
    roots = np.sqrt(np.clip(values, 0, None))
    return floats(vectors * roots)


def _thresholds(plan: Plan, mean: float) -> Floats:
    """Return the cut points of the latent normal: the outcome is the number of them it exceeds."""
    if plan.outcome == "binary":
        if not 0 < mean < 1:
            raise NotEstimable(Said("power.share_impossible_certain", mean=mean), Said("power.means_inside_0_1"))
        cut = stats.norm.isf(mean)
        return np.array([cut])
    if not mean > 0:
        raise NotEstimable(Said("power.mean_count_impossible", mean=mean), Said("power.means_above_0"))
    phi = plan.dispersion
    share = 1 / (1 + phi * mean)
    count = stats.nbinom(1 / phi, share) if phi > 0 else stats.poisson(mean)
    largest = int(count.isf(1e-13))
    numbers = np.arange(largest + 1)
    exceed = count.sf(numbers)
    return floats(stats.norm.isf(exceed))


def hermite_shares(thresholds: Floats) -> Floats:
    """Return the shares of a stepped outcome's variance in each power of the latent correlation, shape (TERMS,).

    ``corr(Y, Y') = Σ share_k r^k`` where ``share_k ∝ (Σ_j φ(t_j) He_{k−1}(t_j))² / k!`` (Mehler's formula).

    Examples
    --------
    >>> hermite_shares(np.array([0.0]))[:3].round(2).tolist()
    [0.64, 0.0, 0.11]
    """
    # h_k: normalised Hermite polynomials times the density, by their recurrence
    last, current = np.zeros_like(thresholds), stats.norm.pdf(thresholds)
    shares = np.empty(TERMS)
    for k in range(1, TERMS + 1):
        shares[k - 1] = current.sum() ** 2 / k
        following = thresholds * current - math.sqrt(k - 1) * last
        last, current = current, following / math.sqrt(k)
    # The variance of the number of thresholds exceeded: what the powers kept do not hold goes to the last.
    exceed = stats.norm.sf(thresholds)
    odd = 2 * np.arange(len(thresholds)) + 1
    variance = float(np.sum(odd * exceed) - exceed.sum() ** 2)
    shares[-1] += max(variance - shares.sum(), 0.0)
    return floats(shares / shares.sum())


def _to_latent(correlations: Floats, shares: Floats) -> Floats:
    """Replace correlations of the outcome by those of the latent normal that give them."""
    powers = np.arange(1, TERMS + 1)
    rounded = np.round(correlations, 12)
    distinct, where = np.unique(rounded, return_inverse=True)
    alternating = (-1.0) ** powers
    lowest = float(np.sum(shares * alternating))
    if distinct[0] <= lowest:
        raise NotEstimable(
            Said("power.outcome_cannot_correlate", correlation=distinct[0]),
            Said("power.correlation_above", lowest=lowest),
        )

    def latent(correlation: float) -> float:
        def gap(r: float) -> float:
            reached = float(shares @ r**powers)
            return reached - correlation

        return float(optimize.brentq(gap, -1, 1.001, xtol=1e-14))

    roots = [latent(correlation) for correlation in distinct]
    solved = np.array(roots, dtype=np.float64)
    return solved[where].reshape(correlations.shape)


def _outcomes(plan: Plan, latent: Floats, received: NDArray[np.bool_]) -> Floats:
    """Turn latent normals into outcomes: scaled, or the thresholds exceeded; the effect comes after ``pre``."""
    pre = plan.pre
    reached = received[:, :, None]
    if plan.outcome == "scale":
        treated = reached * (np.arange(latent.shape[2]) >= pre)
        outcome = plan.mean + plan.sd * latent + plan.effect * treated
        return floats(outcome)
    outcomes = np.searchsorted(_thresholds(plan, plan.mean), latent).astype(np.float64)
    moved = _thresholds(plan, plan.mean + plan.effect)
    with_effect = np.searchsorted(moved, latent[:, :, pre:])
    outcomes[:, :, pre:] = np.where(reached, with_effect, outcomes[:, :, pre:])
    return outcomes
