"""From additive sums to a value with its uncertainty: pure numbers, no database.

All is a ratio of weighted sums, ``R = Σwy / Σwx`` (a mean has ``x = 1``), linearised by Taylor:
``z = w(y − R·x)``, ``Var(R) = Var(Σz) / (Σwx)²``. To keep precision the sums are of ``y' = y − c·x`` with a pilot
value ``c``, for the squares alone: the value itself comes of unshifted sums and lies between the least and the greatest
of the rows' values, so that it is exact where they are alike. Reference: Särndal, Swensson and Wretman (1992), Model
Assisted Survey Sampling, ch. 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from impact.formulas.measured import COMPLETE, SMALL_N, Measured
from impact.measure.spread import CLEAR, NO_VARIATION, Frame, Scores, Spread, design_variance, rounding
from impact.words.said import Remark, Said

CONFIDENCE = 0.95
NOTHING = 1e-15
"""A sum below this share of its terms is zero: decimals are known no better."""
FEW_CLUSTERS = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Sums over the cells of one domain; every array has one entry per cell.

    ``n`` rows with a value; ``sx = Σwx``, ``sy = Σwy'``, ``yy = Σw²y'²``, ``xy = Σw²xy'``, ``xx = Σw²x²``; not shifted,
    ``plain = Σwy`` and ``size = Σw|y|``. ``low`` and ``high`` are the ends of the rows' ``y/x`` (NaN where a cell has
    none, or it says nothing), ``same`` whether all rows of the cell count and are alike.
    """

    n: Floats
    sx: Floats
    sy: Floats
    yy: Floats
    xy: Floats
    xx: Floats
    plain: Floats
    size: Floats
    low: Floats
    high: Floats
    same: Floats

    @property
    def total(self) -> float:
        """``Σwy``; exactly zero where nothing but rounding is left of its terms."""
        total = accurate(self.plain)
        return 0.0 if abs(total) <= NOTHING * accurate(self.size) else total

    @property
    def ends(self) -> tuple[float, float]:
        """The least and greatest ``y/x`` of the rows; infinite where they say nothing."""
        counted = self.n > 0
        low = float(self.low[counted].min())
        high = float(self.high[counted].max())
        unknown = math.isnan(low + high)
        return (-math.inf, math.inf) if unknown else (low, high)


def accurate(values: Floats) -> float:
    """Add up without regard to order; infinite or not a number where a value is."""
    return math.fsum(values) if np.isfinite(values).all() else float(values.sum())


def ratio_of_sums(sums: Sums, pilot: float, frame: Frame | None, *, share: bool) -> Measured:
    """Return a mean, share or ratio with its interval.

    Parameters
    ----------
    sums
        Over the domain's cells; with ``frame``, over all cells of the sample (zero outside the domain).
    pilot
        The ``c`` of ``y − c·x``, the shifted values whose squares were summed.
    frame
        The sample design, or None for a simple random sample of the domain itself.
    share
        Whether the value is a share, whose interval must stay within 0 and 1.

    Notes
    -----
    Simple sample: ``Var = n/(n−1)·Σz²``, t with n−1 degrees of freedom; shares by Wilson. Design: see
    :func:`impact.measure.spread.design_variance`; t with sampling units minus strata, counting those with a value (as
    ``degf`` of a subset in R's survey); shares by the logit interval, those of exactly 0 or 1 by an exact bound.
    """
    n = int(sums.n.sum())
    denominator = accurate(sums.sx)
    if n == 0 or denominator == 0:
        return Measured(None, method=Said("values.no_rows_value"), flags=("no_data",))
    low, high = sums.ends
    value = min(max(sums.total / denominator, low), high)
    # the squares were summed of shifted values, so they are linearised around the shifted ratio
    scores = _scores(sums, value, accurate(sums.sy) / denominator)
    flags: tuple[str, ...] = ("small_n",) if n < SMALL_N else ()
    if frame is None:
        return _simple(value, n, scores, denominator, flags, share=share)
    spread = design_variance(scores, frame)
    clusters = _cluster_count(spread, frame)
    if clusters is not None and clusters < FEW_CLUSTERS:
        flags += ("few_clusters",)
    if share and value in (0.0, 1.0):
        return bounded(value, n, clusters, frame.effective, flags)
    return _designed(value, spread, denominator, frame, flags, share=share)


def _cluster_count(spread: Spread, frame: Frame) -> int | None:
    """Return how many clusters have a value; None where the sample has no clusters."""
    return spread.units if frame.cluster is not None else None


def _scores(sums: Sums, value: float, shifted: float) -> Scores:
    """Linearise: sums of ``w(y − R·x)`` and of its squares, with what they were made of."""
    totals = sums.sy - shifted * sums.sx
    # Σw²(y' − R'x)² = Σw²y'² − 2R'Σw²xy' + R'²Σw²x²
    scaled = shifted**2 * sums.xx
    squares = sums.yy - 2 * shifted * sums.xy + scaled
    gross = sums.yy + scaled
    size = sums.size + abs(value) * np.abs(sums.sx)
    return Scores(sums.n, totals, squares, gross, size, sums.same > 0)


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
    n = int(sums.n.sum())
    if n == 0 and not counts_rows:
        return Measured(None, method=Said("values.no_rows_value"), flags=("no_data",))
    if frame is None:
        return Measured(sums.total, method=COMPLETE)
    scores = Scores(sums.n, sums.sy, sums.yy, sums.yy, sums.size, sums.same > 0)
    spread = design_variance(scores, frame)
    flags = ("small_n",) if n < SMALL_N else ()
    return _designed(sums.total, spread, 1.0, frame, flags, share=False)


def exact(measured: Measured) -> Measured:
    """Return the value alone: the rows are all there is, so nothing is left to chance."""
    return Measured(measured.value, method=COMPLETE, flags=tuple(f for f in measured.flags if f == "no_data"))


def _simple(
    value: float, n: int, scores: Scores, denominator: float, flags: tuple[str, ...], *, share: bool
) -> Measured:
    """Return a value of a simple random sample with its interval."""
    squares = float(scores.squares.sum())
    error = None
    if n > 1 and squares > CLEAR * rounding(scores):
        variance = n / (n - 1) * squares
        error = math.sqrt(variance) / abs(denominator)
    if share:
        low, high = wilson(value, n)
        return Measured(value, error, low, high, None, Said("values.simple_sample_wilson"), flags)
    if n < 2:
        return Measured(value, method=Said("values.one_row_no_spread"), flags=flags)
    if error is None:
        return _without_interval(value, None, NO_VARIATION, flags)
    half = _t_quantile(n - 1) * error
    method = Said("values.simple_sample", df=n - 1)
    return Measured(value, error, value - half, value + half, None, method, flags)


def _without_interval(value: float, clusters: int | None, reason: Remark, flags: tuple[str, ...]) -> Measured:
    method = Said("join.no_interval", why=reason)
    return Measured(value, n_clusters=clusters, method=method, flags=(*flags, "no_interval"))


def _t_quantile(freedom: int) -> float:
    """Return the upper end of the interval of Student's t, in standard errors."""
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))


def bounded(value: float, n: int, clusters: int | None, effective: str, flags: tuple[str, ...]) -> Measured:
    """Return a share of exactly 0 or 1 with its exact bound: what has not been seen is not impossible.

    Parameters
    ----------
    value
        The share: exactly 0 or exactly 1.
    n, clusters
        Rows and clusters (None without) that have a value.
    effective
        ``clusters`` or ``respondents``: on how many the bound rests, where there are clusters.
    flags
        Flags that the value has so far; passed on as they are.
    """
    if clusters is not None and effective == "clusters":
        low, high = exact_bound(value, clusters)
        method = Said("values.bound_on_clusters", n=clusters)
    else:
        low, high = exact_bound(value, n)
        method = Said("values.bound_on_respondents", n=n)
    return Measured(value, None, low, high, clusters, method, flags)


def exact_bound(share: float, n: int) -> tuple[float, float]:
    """Return the interval of a share of exactly 0 or 1 among n independent units (Clopper and Pearson 1934).

    Examples
    --------
    >>> [round(end, 4) for end in exact_bound(0, 20)], [round(end, 4) for end in exact_bound(1, 20)]
    ([0.0, 0.1684], [0.8316, 1.0])
    """
    tail = (1 - CONFIDENCE) / 2
    # 1 − (α/2)^(1/n), without the loss of digits for a large n
    reach = -math.expm1(math.log(tail) / n)
    return (0.0, reach) if share == 0 else (1.0 - reach, 1.0)


def _designed(
    value: float, spread: Spread, denominator: float, frame: Frame, flags: tuple[str, ...], *, share: bool
) -> Measured:
    """Return a value of a designed sample with its interval, or why it has none."""
    clusters = _cluster_count(spread, frame)
    if spread.problem:
        return _without_interval(value, clusters, spread.problem, flags)
    error = math.sqrt(spread.variance) / abs(denominator)
    half = _t_quantile(spread.freedom) * error
    if share:
        low, high = logit_interval(value, half)
        method = Said("values.linearised_logit", df=spread.freedom)
    else:
        low, high = value - half, value + half
        method = Said("values.linearised", df=spread.freedom)
    return Measured(value, error, low, high, clusters, method, flags)


def logit_interval(share: float, half: float) -> tuple[float, float]:
    """Return the interval of a share strictly within 0 and 1 whose plain interval is ``share ± half``.

    Examples
    --------
    >>> [round(end, 3) for end in logit_interval(0.9, 0.12)]  # the plain interval would end above 1
    [0.703, 0.972]
    """
    centre = special.logit(share)
    # the derivative of the logit is 1 / (p(1 − p))
    reach = half / (share * (1 - share))
    low = float(special.expit(centre - reach))
    high = float(special.expit(centre + reach))
    return low, high


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927; Brown, Cai and DasGupta 2001).

    Examples
    --------
    >>> [round(end, 4) for end in wilson(0.5, 20)]
    [0.2993, 0.7007]
    """
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    z2 = z**2
    shrink = 1 + z2 / n
    centre = (share + z2 / (2 * n)) / shrink
    variance = share * (1 - share) / n + z2 / (4 * n * n)
    half = math.sqrt(z2 * variance) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)
