"""From additive sums to a value with its uncertainty: pure numbers, no database.

All is a ratio of weighted sums, ``R = Σwy / Σwx`` (a mean has ``x = 1``), linearised by Taylor:
``z = w(y − R·x)``, ``Var(R) = Var(Σz) / (Σwx)²``. To keep precision the sums are of ``y' = y − c·x`` with a pilot
value ``c``; then ``R = c + R'``. Reference: Särndal, Swensson and Wretman (1992), Model Assisted Survey
Sampling, ch. 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
MISSING_GROUP = "(no value)"
"""How the group of rows without a label is called."""
COMPLETE = "complete count, no sampling error"
PRECISION = 1e-9
"""Below this share of its terms a difference of sums says nothing."""
SMALL_N = 30
FEW_CLUSTERS = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A value and what is known of its uncertainty; None where it is not known."""

    value: float | None
    std_error: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    n_clusters: int | None = None
    method: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sums:
    """Sums over the cells of one domain; every array has one entry per cell.

    ``n`` rows with a value; ``sx = Σwx``, ``sy = Σwy'``, ``yy = Σw²y'²``, ``xy = Σw²xy'``, ``xx = Σw²x²``.
    """

    n: Floats
    sx: Floats
    sy: Floats
    yy: Floats
    xy: Floats
    xx: Floats


@dataclass(frozen=True)
class Frame:
    """The whole sample that a domain belongs to, cell by cell (not the domain alone).

    ``stratum`` and ``cluster`` number them per cell; ``rows`` counts all rows of the cell; ``population`` is the size
    of the cell's stratum (in clusters where there are clusters), NaN where unknown.
    """

    stratum: NDArray[np.int64]
    cluster: NDArray[np.int64] | None
    rows: Floats
    population: Floats


def ratio_of_sums(sums: Sums, pilot: float, frame: Frame | None, *, share: bool) -> Measured:
    """Return a mean, share or ratio with its interval.

    Parameters
    ----------
    sums
        Over the domain's cells; with ``frame``, over all cells of the sample (zero outside the domain).
    pilot
        The ``c`` that was subtracted.
    frame
        The sample design, or None for a simple random sample of the domain itself.
    share
        Whether the value is a share, whose interval must stay within 0 and 1.

    Notes
    -----
    Simple sample: ``Var = n/(n−1)·Σz²``, t with n−1 degrees of freedom; shares by Wilson. Design:
    ``Var = Σ_h (1−f_h)·m_h/(m_h−1)·Σ_i (z_hi − z̄_h)²`` over the m_h clusters (or rows) of stratum h, those outside
    the domain included as zeros; t with clusters minus strata, counting those with a value (as ``degf`` of a subset
    in R's survey); shares by the logit interval.
    """
    n, denominator = int(sums.n.sum()), float(sums.sx.sum())
    if n == 0 or denominator == 0:
        return Measured(None, method="no rows with a value", flags=("no_data",))
    shifted = float(sums.sy.sum()) / denominator
    value = pilot + shifted
    squares = sums.yy - 2 * shifted * sums.xy + shifted**2 * sums.xx
    if not share and 0 <= squares.sum() < PRECISION * float((sums.yy + shifted**2 * sums.xx).sum()):
        return Measured(value, method="no interval: no variation that can be told", flags=("no_interval",))
    totals = sums.sy - shifted * sums.sx
    flags: tuple[str, ...] = ("small_n",) if n < SMALL_N else ()
    if frame is None:
        variance = n / (n - 1) * max(float(squares.sum()), 0.0) / denominator**2 if n > 1 else math.nan
        return _simple(value, n, variance, flags, share=share)
    variance, units, freedom = _design_variance(totals, squares, sums.n, frame)
    clusters = units if frame.cluster is not None else None
    if clusters is not None and clusters < FEW_CLUSTERS:
        flags += ("few_clusters",)
    return _designed(value, variance / denominator**2, freedom, clusters, flags, share=share)


def weighted_total(sums: Sums, frame: Frame | None, *, counts_rows: bool) -> Measured:
    """Return a sum; with a sample design its design-based interval, without one it is a complete count.

    Parameters
    ----------
    sums
        With ``sy`` and ``yy`` not shifted.
    frame
        The design whose weights expand the sample to a population, or None for a register.
    counts_rows
        Whether no rows mean zero (a count) rather than no data (a sum).
    """
    n, value = int(sums.n.sum()), float(sums.sy.sum())
    if n == 0 and not counts_rows:
        return Measured(None, method="no rows with a value", flags=("no_data",))
    if frame is None:
        return Measured(value, method=COMPLETE)
    variance, units, freedom = _design_variance(sums.sy, sums.yy, sums.n, frame)
    flags = ("small_n",) if n < SMALL_N else ()
    clusters = units if frame.cluster is not None else None
    return _designed(value, variance, freedom, clusters, flags, share=False)


def exact(measured: Measured) -> Measured:
    """Return the value alone: the rows are all there is, so nothing is left to chance."""
    return Measured(measured.value, method=COMPLETE, flags=tuple(f for f in measured.flags if f == "no_data"))


def _simple(value: float, n: int, variance: float, flags: tuple[str, ...], *, share: bool) -> Measured:
    if share:
        low, high = wilson(value, n)
        error = math.sqrt(variance) if n > 1 else None
        return Measured(value, error, low, high, None, "simple sample, Wilson interval", flags)
    if n < 2:
        return Measured(value, method="one row, no spread", flags=flags)
    error = math.sqrt(variance)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    return Measured(value, error, value - half, value + half, None, f"simple sample, t({n - 1})", flags)


def _designed(
    value: float, variance: float, freedom: int, clusters: int | None, flags: tuple[str, ...], *, share: bool
) -> Measured:
    if not math.isfinite(variance) or freedom < 1:
        method = "no interval: a stratum of one unit, without variation, or with a wrong population"
        return Measured(value, n_clusters=clusters, method=method, flags=(*flags, "no_interval"))
    error = math.sqrt(max(variance, 0.0))
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
    if not share:
        half = quantile * error
        return Measured(
            value, error, value - half, value + half, clusters, f"Taylor linearisation, t({freedom})", flags
        )
    method = f"Taylor linearisation, logit interval, t({freedom})"
    if error == 0 or not 0 < value < 1:
        return Measured(value, error, None, None, clusters, "no interval: no variation", (*flags, "no_interval"))
    centre, half = math.log(value / (1 - value)), quantile * error / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-(centre + side * half))) for side in (-1, 1))
    return Measured(value, error, low, high, clusters, method, flags)


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927; Brown, Cai and DasGupta 2001)."""
    z2 = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def _design_variance(totals: Floats, squares: Floats, n: Floats, frame: Frame) -> tuple[float, int, int]:
    """Return the variance of a total, its sampling units and degrees of freedom (both those with a value)."""
    strata = int(frame.stratum.max()) + 1
    population, smallest = np.full(strata, np.nan), np.full(strata, np.nan)
    np.fmax.at(population, frame.stratum, frame.population)
    np.fmin.at(smallest, frame.stratum, frame.population)
    if frame.cluster is None:
        units = np.bincount(frame.stratum, frame.rows, minlength=strata)
        total = np.bincount(frame.stratum, totals, minlength=strata)
        square = np.bincount(frame.stratum, squares, minlength=strata)
    else:
        of_cluster = np.zeros(int(frame.cluster.max()) + 1, dtype=np.int64)
        of_cluster[frame.cluster] = frame.stratum
        by_cluster = np.bincount(frame.cluster, totals)
        units = np.bincount(of_cluster, minlength=strata).astype(float)
        total = np.bincount(of_cluster, by_cluster, minlength=strata)
        square = np.bincount(of_cluster, by_cluster**2, minlength=strata)
    fraction = np.where(np.isnan(population), 0.0, units / population)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = np.where(units > 1, units / (units - 1) * (square - total**2 / units), np.nan)
    # a population smaller than its sample, or stated twice over; sums of squares that cancelled to rounding error
    within[(fraction > 1) | (population <= 0) | (population != smallest) & ~np.isnan(population)] = np.nan
    within[(square > 0) & (square - total**2 / np.maximum(units, 1) < PRECISION * square)] = np.nan
    filled = n > 0
    with_value = int(n.sum()) if frame.cluster is None else len(np.unique(frame.cluster[filled]))
    freedom = with_value - len(np.unique(frame.stratum[filled]))
    return float(((1 - fraction) * within).sum()), with_value, freedom


def quantile_of_counts(
    values: Floats, weights: Floats, q: float, *, weighted: bool, designed: bool = False
) -> Measured:
    """Return a quantile from sorted values and how often each stands.

    Parameters
    ----------
    values, weights
        Distinct values in ascending order and their counts (or sums of weights).
    q
        Between 0 and 1.
    weighted
        With weights the quantile is the smallest value whose cumulated share reaches q, without interval; without,
        it interpolates between order statistics (type 7) and the interval is distribution-free.
    designed
        Whether strata or clusters are declared, under which that interval would be wrong: none is given.

    Notes
    -----
    Interval: order statistics with binomial ranks (Conover 1999, Practical Nonparametric Statistics, 3.2).
    """
    if len(values) == 0:
        return Measured(None, method="no rows with a value", flags=("no_data",))
    upto = np.cumsum(weights)
    if weighted:
        place = int(np.searchsorted(upto, q * upto[-1] * (1 - 1e-12)))
        return Measured(float(values[place]), method="weighted quantile, no interval", flags=("no_interval",))
    n = int(upto[-1])
    at = q * (n - 1)
    below, above = (
        float(values[np.searchsorted(upto, rank, side="right")]) for rank in (math.floor(at), math.ceil(at))
    )
    value = below + (at - math.floor(at)) * (above - below)
    flags = ("small_n",) if n < SMALL_N else ()
    if designed:
        return Measured(value, method="no interval under a sample design", flags=(*flags, "no_interval"))
    tail = (1 - CONFIDENCE) / 2
    low, high = int(stats.binom.ppf(tail, n, q)) - 1, int(stats.binom.ppf(1 - tail, n, q))
    if low < 0 or high > n - 1:
        return Measured(value, method="too few rows for an interval", flags=(*flags, "no_interval"))
    bounds = [float(values[np.searchsorted(upto, rank, side="right")]) for rank in (low, high)]
    return Measured(value, None, bounds[0], bounds[1], None, "order statistics, binomial ranks", flags)
