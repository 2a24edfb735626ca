"""The variance of totals under a sample design, from sums over cells: pure numbers, no database.

All D domains of a wave at once: G cells of domains (a cell may belong to several), H strata and K clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from impact.errors import NotEstimable
from impact.measure.domains import Domains
from impact.statistics.core import Floats, Ints
from impact.statistics.surveys.strata import (
    Bools,
    LonelyPsu,
    check_whole_clusters,
    ends,
    second_stage_scale,
    stratum_scale,
)
from impact.words.said import Remark, Said

ROUNDING = 1e-15
"""How far, as a share of its terms, a sum may be off."""
CLEAR = 1e6
"""A spread is known if it is so many times its own rounding error."""
POPULATION = Said("values.population_below_sample")
NO_VARIATION = Said("values.no_variation")
NO_FREEDOM = Said("values.units_as_many_as_strata")


@dataclass(frozen=True)
class Fractions:
    """Of each stratum (or cluster): the share of its units in the sample, and whether that cannot be."""

    shares: Floats
    contradicted: Bools

    @classmethod
    def of(cls, population: Floats, group: Ints, sizes: Floats) -> Fractions:
        """Return the shares, 0 where the size of the population is not known."""
        least, most = ends(population, group, len(sizes))
        has_size = ~np.isnan(most)
        enough = most >= sizes
        divisors = np.where(has_size & enough, most, 1.0)
        shares = np.where(has_size & enough, sizes / divisors, 0.0)
        return cls(shares, has_size & ((least != most) | ~enough))

    def check(self, touched: Bools) -> None:
        """Refuse a domain with rows in a stratum that is smaller than its sample, or of several sizes."""
        if (self.contradicted & touched).any():
            raise NotEstimable(POPULATION, Said("values.population_of_each_stratum"))


@dataclass(frozen=True)
class Frame:
    """The whole sample that a domain belongs to, cell by cell (not the domain alone).

    ``stratum`` and ``cluster`` number them per cell; ``rows`` counts all rows of the cell; ``population`` is the size
    of the cell's stratum (in clusters where there are clusters), ``within`` that of its cluster, NaN where unknown.
    ``weights`` are the least and the greatest of the cell. ``lonely`` as declared.
    """

    stratum: Ints
    cluster: Ints | None
    rows: Floats
    population: Floats
    within: Floats | None = None
    weights: tuple[Floats, Floats] | None = None
    lonely: LonelyPsu = "refuse"

    @property
    def two_stages(self) -> bool:
        """Whether rows were drawn within clusters whose size is known."""
        return self.cluster is not None and self.within is not None

    @cached_property
    def stratum_of_cluster(self) -> Ints:
        """Shape (K,): the stratum of each cluster."""
        assert self.cluster is not None  # noqa: S101 - whoever asks has looked
        strata = np.zeros(int(self.cluster.max()) + 1, dtype=np.int64)
        strata[self.cluster] = self.stratum
        return strata

    @cached_property
    def units(self) -> Floats:
        """Shape (H,): the sampling units of each stratum, clusters or rows."""
        if self.cluster is None:
            return np.bincount(self.stratum, self.rows).astype(np.float64)
        return np.bincount(self.stratum_of_cluster).astype(np.float64)

    @cached_property
    def fractions(self) -> Fractions:
        """The share of each stratum's units in the sample."""
        return Fractions.of(self.population, self.stratum, self.units)


@dataclass(frozen=True)
class Scores:
    """Sums of the linearised variable over each cell of each domain, every array of shape (G,).

    ``n`` rows with a value; ``totals`` and ``squares``; ``gross``, the squares that were added up to give those;
    ``size``, the amounts that were added up to give the totals; ``same``, whether all rows count and are alike.
    """

    n: Floats
    totals: Floats
    squares: Floats
    gross: Floats
    size: Floats
    same: Bools


@dataclass(frozen=True)
class Spread:
    """Of each of D domains: the variance of its total, or why there is none.

    ``units`` and ``freedom`` count the sampling units with a value, and those less the strata.
    """

    variance: Floats
    units: Ints
    freedom: Ints
    problems: list[Remark]


@dataclass(frozen=True)
class _Groups:
    """By domain and stratum (or cluster): squared deviations of its units' totals, and the rounding in these."""

    squares: Floats
    doubt: Floats


@dataclass(frozen=True)
class _Domains:
    """Which domain and which cell each entry of the scores is of."""

    count: int
    number: Ints
    cells: Ints

    def add(self, values: Floats, group: Ints, size: int) -> Floats:
        """Add up by domain and group of the cell, shape (D, size)."""
        places = self.number * size + group[self.cells]
        return np.bincount(places, values, minlength=self.count * size).reshape(self.count, size).astype(np.float64)

    def any(self, values: Bools, group: Ints, size: int) -> Bools:
        """Tell by domain and group whether any entry is true, shape (D, size)."""
        return self.add(values.astype(np.float64), group, size) > 0


def design_variance(scores: Scores, frame: Frame, domains: Domains) -> Spread:
    """Return the variance of each domain's total, to which only strata with rows of the domain add.

    Notes
    -----
    ``Σ_h (1−f_h)·m_h/(m_h−1)·Σ_i (z_hi − z̄_h)²``; with the sizes of clusters the second stage too,
    ``Σ_hi f_h·(1−f_hi)·m_hi/(m_hi−1)·Σ_j (z_hij − z̄_hi)²``. Units that are all alike add exactly nothing; a variance
    that rounding alone could make is none. Reference: Särndal, Swensson and Wretman (1992), Model Assisted Survey
    Sampling, ch. 4 and 5, https://doi.org/10.1007/978-1-4612-4378-6.
    """
    of_domains = _Domains(len(domains.names), domains.number, domains.cells)
    touched = of_domains.any(scores.n > 0, frame.stratum, len(frame.units))
    units = _sampling_units(scores, frame, of_domains)
    freedom = units - touched.sum(axis=1)
    first = _first_stage(scores, frame, of_domains)
    second = _second_stage(scores, frame, of_domains) if frame.two_stages else None
    variances = np.full(len(domains.names), np.nan)
    problems: list[Remark] = [""] * len(domains.names)
    for alike in _same_strata(touched, second):
        strata_touched = touched[alike[0]]
        try:
            _check(frame, strata_touched)
            scale = stratum_scale(frame.units, frame.fractions.shares, strata_touched, frame.lonely)
            variance, doubt = first.squares[alike] @ scale, first.doubt[alike] @ scale
            if second is not None:
                within, within_doubt = second.of_domain(alike[0], frame.lonely)
                variance, doubt = variance + within, doubt + within_doubt
        except NotEstimable as error:
            for number in alike:
                problems[number] = error.reason
            continue
        variances[alike] = np.where(variance > CLEAR * doubt, variance, np.nan)
    for number in np.flatnonzero(np.isnan(variances) | (freedom < 1)):
        problems[number] = problems[number] or (NO_FREEDOM if freedom[number] < 1 else NO_VARIATION)
    return Spread(variances, units, freedom, problems)


def _same_strata(touched: Bools, second: _SecondStage | None) -> Iterator[Ints]:
    """Yield the domains by the strata in which they have rows, and one by one where clusters count too."""
    if second is not None:
        yield from np.arange(len(touched))[:, None]
        return
    patterns: dict[bytes, list[int]] = {}
    for number, strata in enumerate(touched):
        patterns.setdefault(strata.tobytes(), []).append(number)
    yield from map(np.array, patterns.values())


def _check(frame: Frame, touched: Bools) -> None:
    """Refuse what is declared of populations where the sample contradicts it."""
    frame.fractions.check(touched)
    if frame.cluster is not None and frame.within is None and frame.weights is not None:
        check_whole_clusters(frame.weights, frame.population, frame.stratum, frame.units, touched)


def _sampling_units(scores: Scores, frame: Frame, domains: _Domains) -> Ints:
    """Count the units that were drawn and have a value: clusters, or rows where there are none; shape (D,)."""
    if frame.cluster is None:
        return np.bincount(domains.number, scores.n, minlength=domains.count).astype(np.int64)
    clusters = int(frame.cluster.max()) + 1
    reached: Ints = domains.any(scores.n > 0, frame.cluster, clusters).sum(axis=1)
    return reached


@dataclass(frozen=True)
class _SecondStage:
    """What drawing rows within clusters adds."""

    rows: _Groups
    sizes: Floats
    fractions: Fractions
    above: Floats
    touched: Bools

    def of_domain(self, number: int, rule: LonelyPsu) -> tuple[float, float]:
        """Return the variance that it adds to a domain's total, and its rounding error."""
        touched = self.touched[number]
        self.fractions.check(touched)
        scale = second_stage_scale(self.sizes, self.fractions.shares, self.above, touched, rule)
        return float(scale @ self.rows.squares[number]), float(scale @ self.rows.doubt[number])


def _second_stage(scores: Scores, frame: Frame, domains: _Domains) -> _SecondStage:
    """Reckon with the rows of each cluster as its units."""
    assert frame.cluster is not None and frame.within is not None  # noqa: S101, PT018 - the caller has looked
    rows = _of_rows(scores, frame.rows, frame.cluster, domains)
    sizes = np.bincount(frame.cluster, frame.rows).astype(np.float64)
    fractions = Fractions.of(frame.within, frame.cluster, sizes)
    touched = domains.any(scores.n > 0, frame.cluster, len(sizes))
    above = frame.fractions.shares[frame.stratum_of_cluster]
    return _SecondStage(rows, sizes, fractions, above, touched)


def _first_stage(scores: Scores, frame: Frame, domains: _Domains) -> _Groups:
    if frame.cluster is None:
        return _of_rows(scores, frame.rows, frame.stratum, domains)
    return _of_clusters(scores, frame, frame.cluster, domains)


def _of_rows(scores: Scores, rows: Floats, group: Ints, domains: _Domains) -> _Groups:
    """Reckon with rows as the units: within cells from sums of squares, between cells from means."""
    sizes = np.bincount(group, rows).astype(np.float64)
    totals = domains.add(scores.totals, group, len(sizes))
    centre = totals / np.maximum(sizes, 1)
    # a group of one row has no mean of its own to vary around: that of all rows stands in
    centre[:, sizes == 1] = (totals.sum(axis=1) / rows.sum())[:, None]
    of_cell = rows[domains.cells]
    varied = ~scores.same & (of_cell > 1)
    # Σ(z − z̄_c)² = Σz² − (Σz)²/n; rows that are alike add exactly nothing, whatever rounding would leave
    deviations = scores.squares - scores.totals**2 / of_cell
    within = np.where(varied, deviations, 0.0)
    between = of_cell * (scores.totals / of_cell - centre[domains.number, group[domains.cells]]) ** 2
    # rows outside the domain add nothing to its total, and vary around its mean all the same
    outside = sizes - domains.add(of_cell, group, len(sizes))
    squares = domains.add(within + between, group, len(sizes)) + outside * centre**2
    within_doubt = np.where(varied, ROUNDING * scores.gross, 0.0)
    between_doubt = (ROUNDING * scores.size) ** 2 / of_cell
    return _Groups(squares, domains.add(within_doubt + between_doubt, group, len(sizes)))


def _of_clusters(scores: Scores, frame: Frame, cluster: Ints, domains: _Domains) -> _Groups:
    """Reckon with clusters as the units; those outside a domain add nothing to its total, and count all the same."""
    of_cluster, sizes = frame.stratum_of_cluster, frame.units
    totals = domains.add(scores.totals, cluster, len(of_cluster))
    size = domains.add(scores.size, cluster, len(of_cluster))
    centre = _by_stratum(totals, of_cluster, len(sizes)) / np.maximum(sizes, 1)
    # a stratum of one cluster has no mean of its own to vary around: that of all clusters stands in
    centre[:, sizes == 1] = totals.mean(axis=1)[:, None]
    squares = _by_stratum((totals - centre[:, of_cluster]) ** 2, of_cluster, len(sizes))
    return _Groups(squares, _by_stratum((ROUNDING * size) ** 2, of_cluster, len(sizes)))


def _by_stratum(values: Floats, stratum: Ints, strata: int) -> Floats:
    """Add up what clusters have, shape (D, K), by their strata, shape (D, H)."""
    count = len(values)
    places = np.arange(count)[:, None] * strata + stratum
    added = np.bincount(places.ravel(), values.ravel(), minlength=count * strata)
    return added.reshape(count, strata).astype(np.float64)
