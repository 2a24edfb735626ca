"""The variance of a total under a sample design, from sums over cells: pure numbers, no database."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable
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
class Frame:
    """The whole sample that a domain belongs to, cell by cell (not the domain alone).

    ``stratum`` and ``cluster`` number them per cell; ``rows`` counts all rows of the cell; ``population`` is the size
    of the cell's stratum (in clusters where there are clusters), ``within`` that of its cluster, NaN where unknown.
    ``weights`` are the least and the greatest of the cell. ``lonely`` and ``effective`` as declared.
    """

    stratum: NDArray[np.int64]
    cluster: NDArray[np.int64] | None
    rows: Floats
    population: Floats
    within: Floats | None = None
    weights: tuple[Floats, Floats] | None = None
    lonely: LonelyPsu = "refuse"
    effective: str = "clusters"


@dataclass(frozen=True)
class Scores:
    """Sums of the linearised variable over each cell; every array has one entry per cell.

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
    """The variance of a total, or why there is none; ``units`` and ``freedom`` count those with a value."""

    variance: float
    units: int
    freedom: int
    problem: Remark = ""


@dataclass(frozen=True)
class _Groups:
    """Of each stratum (or cluster): its units, the squared deviations of their totals, and the rounding in these."""

    sizes: Floats
    squares: Floats
    doubt: Floats


def design_variance(scores: Scores, frame: Frame) -> Spread:
    """Return the variance of a total, to which only strata with rows of the domain add.

    Notes
    -----
    ``Σ_h (1−f_h)·m_h/(m_h−1)·Σ_i (z_hi − z̄_h)²``; with the sizes of clusters the second stage too,
    ``Σ_hi f_h·(1−f_hi)·m_hi/(m_hi−1)·Σ_j (z_hij − z̄_hi)²``. Units that are all alike add exactly nothing; a variance
    that rounding alone could make is none. Reference: Särndal, Swensson and Wretman (1992), Model Assisted Survey
    Sampling, ch. 4 and 5, https://doi.org/10.1007/978-1-4612-4378-6.
    """
    touched = _has_values(scores, frame.stratum)
    units = _sampling_units(scores, frame)
    freedom = units - int(touched.sum())
    try:
        variance, doubt = _variance(scores, frame, touched)
    except NotEstimable as error:
        return Spread(np.nan, units, freedom, error.reason)
    if freedom < 1:
        return Spread(np.nan, units, freedom, NO_FREEDOM)
    if not variance > CLEAR * doubt:
        return Spread(np.nan, units, freedom, NO_VARIATION)
    return Spread(variance, units, freedom)


def _sampling_units(scores: Scores, frame: Frame) -> int:
    """Count the units that were drawn and have a value: clusters, or rows where there are none."""
    if frame.cluster is None:
        return int(scores.n.sum())
    filled = frame.cluster[scores.n > 0]
    return len(np.unique(filled))


def _has_values(scores: Scores, group: Ints) -> Bools:
    """Tell for each group (stratum or cluster) whether any of its rows has a value."""
    number = int(group.max()) + 1
    return np.bincount(group, scores.n > 0, minlength=number) > 0


def rounding(scores: Scores) -> float:
    """Return what rounding alone can make of the squares of all cells together."""
    rows = np.maximum(scores.n, 1)
    of_squares = ROUNDING * scores.gross.sum()
    of_totals = (ROUNDING * scores.size) ** 2 / rows
    return float(of_squares + np.sum(of_totals))


def _variance(scores: Scores, frame: Frame, touched: Bools) -> tuple[float, float]:
    """Return the variance of the total, both stages of drawing, and its rounding error."""
    if frame.cluster is None:
        first = _of_rows(scores, frame.rows, frame.stratum, len(touched))
    else:
        first = _of_clusters(scores, frame.cluster, frame.stratum, len(touched))
    fractions = _fractions(frame.population, frame.stratum, first.sizes, touched)
    two_stages = frame.cluster is not None and frame.within is not None
    if frame.cluster is not None and not two_stages and frame.weights is not None:
        check_whole_clusters(frame.weights, frame.population, frame.stratum, first.sizes, touched)
    scale = stratum_scale(first.sizes, fractions, touched, frame.lonely)
    variance = float(scale @ first.squares)
    doubt = float(scale @ first.doubt)
    if not two_stages:
        return variance, doubt
    within, within_doubt = _second_stage(scores, frame, fractions)
    return variance + within, doubt + within_doubt


def _second_stage(scores: Scores, frame: Frame, fractions: Floats) -> tuple[float, float]:
    """Return the variance of drawing rows within clusters, and its rounding error."""
    assert frame.cluster is not None and frame.within is not None  # noqa: S101, PT018 - the caller has looked
    touched = _has_values(scores, frame.cluster)
    rows = _of_rows(scores, frame.rows, frame.cluster, len(touched))
    within_fractions = _fractions(frame.within, frame.cluster, rows.sizes, touched)
    stratum = np.zeros(len(touched), dtype=np.int64)
    stratum[frame.cluster] = frame.stratum
    scale = second_stage_scale(rows.sizes, within_fractions, fractions[stratum], touched, frame.lonely)
    return float(scale @ rows.squares), float(scale @ rows.doubt)


def _of_rows(scores: Scores, rows: Floats, group: Ints, number: int) -> _Groups:
    """Reckon with rows as the units: within cells from sums of squares, between cells from means."""
    sizes = _added(rows, group, number)
    centre = _added(scores.totals, group, number) / np.maximum(sizes, 1)
    # a group of one row has no mean of its own to vary around: that of all rows stands in
    centre[sizes == 1] = scores.totals.sum() / rows.sum()
    varied = ~scores.same & (rows > 1)
    # Σ(z − z̄_c)² = Σz² − (Σz)²/n; rows that are alike add exactly nothing, whatever rounding would leave
    deviations = scores.squares - scores.totals**2 / rows
    within = np.where(varied, deviations, 0.0)
    between = rows * (scores.totals / rows - centre[group]) ** 2
    within_doubt = np.where(varied, ROUNDING * scores.gross, 0.0)
    between_doubt = (ROUNDING * scores.size) ** 2 / rows
    squares = _added(within + between, group, number)
    doubt = _added(within_doubt + between_doubt, group, number)
    return _Groups(sizes, squares, doubt)


def _of_clusters(scores: Scores, cluster: Ints, stratum: Ints, number: int) -> _Groups:
    """Reckon with clusters as the units."""
    of_cluster = np.zeros(int(cluster.max()) + 1, dtype=np.int64)
    of_cluster[cluster] = stratum
    totals = _added(scores.totals, cluster, len(of_cluster))
    size = _added(scores.size, cluster, len(of_cluster))
    sizes = np.bincount(of_cluster, minlength=number).astype(np.float64)
    centre = _added(totals, of_cluster, number) / np.maximum(sizes, 1)
    # a stratum of one cluster has no mean of its own to vary around: that of all clusters stands in
    centre[sizes == 1] = totals.mean()
    squares = _added((totals - centre[of_cluster]) ** 2, of_cluster, number)
    doubt = _added((ROUNDING * size) ** 2, of_cluster, number)
    return _Groups(sizes, squares, doubt)


def _added(values: Floats, group: Ints, number: int) -> Floats:
    return np.bincount(group, values, minlength=number).astype(np.float64)


def _fractions(population: Floats, group: Ints, sizes: Floats, touched: Bools) -> Floats:
    """Return the share of each group's units that are in the sample; 0 where its size is not known."""
    least, most = ends(population, group, len(sizes))
    has_size = ~np.isnan(most)
    enough = most >= sizes
    contradicted = has_size & touched & ((least != most) | ~enough)
    if contradicted.any():
        raise NotEstimable(POPULATION, Said("values.population_of_each_stratum"))
    divisors = np.where(has_size & enough, most, 1.0)
    return np.where(has_size & enough, sizes / divisors, 0.0)
