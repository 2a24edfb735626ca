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
    filled = scores.n > 0
    touched = np.bincount(frame.stratum, filled, minlength=int(frame.stratum.max()) + 1) > 0
    units = int(scores.n.sum()) if frame.cluster is None else len(np.unique(frame.cluster[filled]))
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


def rounding(scores: Scores) -> float:
    """Return what rounding alone can make of the squares of all cells together."""
    rows = np.maximum(scores.n, 1)
    return float(ROUNDING * scores.gross.sum() + np.sum((ROUNDING * scores.size) ** 2 / rows))


def _variance(scores: Scores, frame: Frame, touched: Bools) -> tuple[float, float]:
    if frame.cluster is None:
        first = _of_rows(scores, frame.rows, frame.stratum, len(touched))
    else:
        first = _of_clusters(scores, frame.cluster, frame.stratum, len(touched))
    fractions = _fractions(frame.population, frame.stratum, first.sizes, touched)
    if frame.cluster is not None and frame.within is None and frame.weights is not None:
        check_whole_clusters(frame.weights, frame.population, frame.stratum, first.sizes, touched)
    scale = stratum_scale(first.sizes, fractions, touched, frame.lonely)
    variance, doubt = float(scale @ first.squares), float(scale @ first.doubt)
    if frame.cluster is None or frame.within is None:
        return variance, doubt
    more = _second_stage(scores, frame, fractions)
    return variance + more[0], doubt + more[1]


def _second_stage(scores: Scores, frame: Frame, fractions: Floats) -> tuple[float, float]:
    """Return the variance of drawing rows within clusters, and its rounding error."""
    assert frame.cluster is not None and frame.within is not None  # noqa: S101, PT018 - the caller has looked
    number = int(frame.cluster.max()) + 1
    rows = _of_rows(scores, frame.rows, frame.cluster, number)
    touched = np.bincount(frame.cluster, scores.n > 0, minlength=number) > 0
    taken = _fractions(frame.within, frame.cluster, rows.sizes, touched)
    stratum = np.zeros(number, dtype=np.int64)
    stratum[frame.cluster] = frame.stratum
    scale = second_stage_scale(rows.sizes, taken, fractions[stratum], touched, frame.lonely)
    return float(scale @ rows.squares), float(scale @ rows.doubt)


def _of_rows(scores: Scores, rows: Floats, group: Ints, number: int) -> _Groups:
    """Reckon with rows as the units: within cells from sums of squares, between cells from means."""
    sizes = _added(rows, group, number)
    centre = _added(scores.totals, group, number) / np.maximum(sizes, 1)
    centre[sizes == 1] = scores.totals.sum() / rows.sum()
    varied = ~scores.same & (rows > 1)
    within = np.where(varied, scores.squares - scores.totals**2 / rows, 0.0)
    between = rows * (scores.totals / rows - centre[group]) ** 2
    doubt = np.where(varied, ROUNDING * scores.gross, 0.0) + (ROUNDING * scores.size) ** 2 / rows
    return _Groups(sizes, _added(within + between, group, number), _added(doubt, group, number))


def _of_clusters(scores: Scores, cluster: Ints, stratum: Ints, number: int) -> _Groups:
    """Reckon with clusters as the units."""
    of_cluster = np.zeros(int(cluster.max()) + 1, dtype=np.int64)
    of_cluster[cluster] = stratum
    totals, size = (_added(part, cluster, len(of_cluster)) for part in (scores.totals, scores.size))
    sizes = np.bincount(of_cluster, minlength=number).astype(np.float64)
    centre = np.bincount(of_cluster, totals, minlength=number) / np.maximum(sizes, 1)
    centre[sizes == 1] = totals.mean()
    squares, doubt = (totals - centre[of_cluster]) ** 2, (ROUNDING * size) ** 2
    return _Groups(sizes, _added(squares, of_cluster, number), _added(doubt, of_cluster, number))


def _added(values: Floats, group: Ints, number: int) -> Floats:
    return np.bincount(group, values, minlength=number).astype(np.float64)


def _fractions(population: Floats, group: Ints, sizes: Floats, touched: Bools) -> Floats:
    """Return the share of each group's units that are in the sample; 0 where its size is not known."""
    least, most = ends(population, group, len(sizes))
    known = ~np.isnan(most)
    if (known & touched & ((least != most) | (most < sizes))).any():
        raise NotEstimable(POPULATION, Said("values.population_of_each_stratum"))
    good = known & (most >= sizes)
    return np.where(good, sizes / np.where(good, most, 1.0), 0.0)
