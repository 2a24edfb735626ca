"""From additive sums to values with their uncertainty, all domains at once: pure numbers, no database.

All is a ratio of weighted sums, ``R = Σwy / Σwx`` (a mean has ``x = 1``), linearised by Taylor:
``z = w(y − R·x)``, ``Var(R) = Var(Σz) / (Σwx)²``. To keep precision the squares are of ``y' = y − c·x`` with a pilot
value ``c``: the value itself comes of unshifted sums and lies between the least and the greatest of the rows' values,
so that it is exact where they are alike. Reference: Särndal, Swensson and Wretman (1992), Model Assisted Survey
Sampling, ch. 5.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from scipy import special

from impact.formulas.measured import COMPLETE, SMALL_N, Measured
from impact.measure.domains import Domains
from impact.measure.spread import CLEAR, NO_VARIATION, ROUNDING, Frame, Scores, Spread, design_variance
from impact.statistics.core import CONFIDENCE, Floats, Ints
from impact.statistics.shares import wilson
from impact.words.said import Remark, Said

NOTHING = 1e-15
"""A sum below this share of its terms is zero: decimals are known no better."""
FEW_CLUSTERS = 20
LARGEST = 4_000_000
"""Entries of the largest array of domains by sampling units: more domains are taken in portions."""
NO_ROWS = Measured(None, method=Said("values.no_rows_value"), flags=("no_data",))


@dataclass(frozen=True)
class ValueSums:
    """What a value is made of, every array with an entry per cell.

    ``n`` rows with a value; ``sx = Σwx``, ``sy = Σwy`` and ``size = Σw|y|``. ``low`` and ``high`` are the ends of the
    rows' ``y/x``: infinities the wrong way round where a cell has none, NaN where it says nothing.
    """

    n: Floats
    sx: Floats
    sy: Floats
    size: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class ShiftedSums:
    """What a spread is made of, every array with an entry per cell, or per domain.

    ``sy = Σwy'``, ``yy = Σw²y'²``, ``xy = Σw²xy'``, ``xx = Σw²x²`` of shifted values; ``n``, ``sx`` and ``size`` as in
    :class:`ValueSums`; ``same`` is 1 where all rows of the cell count and are alike.
    """

    n: Floats
    sx: Floats
    sy: Floats
    yy: Floats
    xy: Floats
    xx: Floats
    size: Floats
    same: Floats

    def of(self, cells: Ints) -> ShiftedSums:
        """Return those of some cells, or of the same cells many times."""
        return ShiftedSums(*(getattr(self, field.name)[cells] for field in fields(self)))

    def over(self, domains: Domains) -> ShiftedSums:
        """Add up over the cells of domains."""
        return ShiftedSums(*(domains.add(getattr(self, field.name)) for field in fields(self)))


@dataclass(frozen=True)
class Values:
    """The values of D domains, each array of shape (D,); NaN where there is none.

    ``n`` rows have one; ``below`` is ``Σwx``, by which a total was divided.
    """

    value: Floats
    n: Ints
    below: Floats


def ratio_values(sums: ValueSums, domains: Domains) -> Values:
    """Return means, shares or ratios: the sum of numerators over that of denominators."""
    n, below = domains.add(sums.n), domains.add_exactly(sums.sx)
    low, high = domains.least(sums.low), domains.most(sums.high)
    unknown = np.isnan(low) | np.isnan(high)
    low[unknown], high[unknown] = -np.inf, np.inf
    known = (n > 0) & (below != 0)
    ratio = np.divide(_totals(sums, domains), below, out=np.full(len(n), np.nan), where=known)
    return Values(np.minimum(np.maximum(ratio, low), high), n.astype(np.int64), below)


def total_values(sums: ValueSums, domains: Domains, *, counts_rows: bool) -> Values:
    """Return sums; ``counts_rows`` says whether no rows mean zero (a count) rather than no data (a sum)."""
    n = domains.add(sums.n)
    total = _totals(sums, domains)
    value = total if counts_rows else np.where(n > 0, total, np.nan)
    return Values(value, n.astype(np.int64), np.ones(len(n)))


def _totals(sums: ValueSums, domains: Domains) -> Floats:
    """Return ``Σwy``; exactly zero where nothing but rounding is left of its terms."""
    total = domains.add_exactly(sums.sy)
    return np.where(np.abs(total) <= NOTHING * domains.add(sums.size), 0.0, total)


def simple_spread(sums: ShiftedSums, values: Values) -> Spread:
    """Return the variances of simple random samples of the domains themselves.

    Parameters
    ----------
    sums
        Over the cells of each domain, shape (D,).
    values
        The values of the domains.

    Notes
    -----
    ``n/(n−1)·Σz²``, in the units of ``Σz``.
    """
    known = ~np.isnan(values.value)
    shifted = np.divide(sums.sy, sums.sx, out=np.zeros(len(known)), where=known)
    squares, gross = _squares(sums, shifted)
    size = sums.size + np.abs(np.where(known, values.value, 0.0) * sums.sx)
    return simple_variance(values.n, squares, gross, size)


def simple_variance(n: Ints, squares: Floats, gross: Floats, size: Floats) -> Spread:
    """Return the variances of the totals of linearised variables z over simple random samples, shape (D,).

    Parameters
    ----------
    n
        Rows with a value.
    squares, gross
        ``Σz²``, and the squares that were added up to give it.
    size
        The amounts that were added up to give ``Σz``.
    """
    doubt = ROUNDING * gross + (ROUNDING * size) ** 2 / np.maximum(n, 1)
    freedom = n - 1
    variance = n / np.maximum(freedom, 1) * squares
    problems: list[Remark] = ["" if clear else NO_VARIATION for clear in (freedom > 0) & (squares > CLEAR * doubt)]
    return Spread(variance, n, freedom, problems)


def design_spread(sums: ShiftedSums, values: Values, frame: Frame, domains: Domains, *, total: bool) -> Spread:
    """Return the variances under a sample design.

    Parameters
    ----------
    sums
        Over all cells of the sample, those outside a domain too.
    values
        The values of the domains, or totals.
    frame
        The sample, cell by cell.
    domains
        The cells of each domain.
    total
        Whether the values are totals: then nothing is linearised, and ``sums`` are not shifted.
    """
    portions = []
    for portion, numbers in portions_of(domains, frame):
        linear = np.zeros(len(portion.names)) if total else values.value[numbers]
        scores = _scores(sums, portion, np.nan_to_num(linear), total=total)
        portions.append(design_variance(scores, frame, portion))
    return joined(portions)


def portions_of(domains: Domains, frame: Frame) -> Iterator[tuple[Domains, slice]]:
    """Yield as many domains at a time as arrays of domains by sampling units may hold, with their numbers."""
    units = len(frame.rows) if frame.cluster is None else int(frame.cluster.max()) + 1
    yield from domains.split(max(1, LARGEST // units))


def joined(portions: Sequence[Spread]) -> Spread:
    """Return the spreads of portions of domains as one."""
    variance, units, freedom = (
        np.concatenate([getattr(one, name) for one in portions]) for name in ("variance", "units", "freedom")
    )
    return Spread(variance, units, freedom, [problem for one in portions for problem in one.problems])


def _scores(sums: ShiftedSums, domains: Domains, value: Floats, *, total: bool) -> Scores:
    """Linearise: sums of ``w(y − R·x)`` and of its squares over each cell, with what they were made of."""
    of_domain = domains.number
    shifted = np.zeros(len(value))
    if not total:
        # the squares were summed of shifted values, so they are linearised around the shifted ratio
        below = domains.add(sums.sx)
        np.divide(domains.add(sums.sy), below, out=shifted, where=below != 0)
    of_cell = sums.of(domains.cells)
    around = shifted[of_domain]
    squares, gross = _squares(of_cell, around)
    size = of_cell.size + np.abs(value[of_domain] * of_cell.sx)
    return Scores(of_cell.n, of_cell.sy - around * of_cell.sx, squares, gross, size, of_cell.same > 0)


def _squares(sums: ShiftedSums, shifted: Floats) -> tuple[Floats, Floats]:
    """Return ``Σz²``, and the squares that were added up to give it."""
    # Σw²(y' − R'x)² = Σw²y'² − 2R'Σw²xy' + R'²Σw²x²
    scaled = shifted**2 * sums.xx
    return sums.yy - 2 * shifted * sums.xy + scaled, sums.yy + scaled


def exact_values(values: Values) -> list[Measured]:
    """Return values alone: the rows are all there is, so nothing is left to chance."""
    return [NO_ROWS if math.isnan(value) else Measured(value, method=COMPLETE) for value in values.value.tolist()]


def without_interval(measured: Measured) -> Measured:
    """Return a value alone, of rows that are all there is; that there are none is kept."""
    return NO_ROWS if measured.value is None else Measured(measured.value, method=COMPLETE)


class _Row(NamedTuple):
    """What is known of one domain before its interval; ``error`` is NaN where its variance is not known."""

    value: float
    n: int
    error: float
    half: float
    units: int
    freedom: int
    problem: Remark


def _rows(values: Values, spread: Spread) -> Iterable[_Row]:
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(spread.variance) / np.abs(values.below)
        half = special.stdtrit(np.maximum(spread.freedom, 1), (1 + CONFIDENCE) / 2) * error
    columns = (values.value, values.n, error, half, spread.units, spread.freedom)
    return map(_Row, *(column.tolist() for column in columns), spread.problems)


def simple_values(values: Values, spread: Spread, *, share: bool) -> list[Measured]:
    """Return values of simple random samples with their intervals: shares by Wilson, others by t with n−1 degrees."""
    return [_simple(row, share=share) for row in _rows(values, spread)]


def _simple(row: _Row, *, share: bool) -> Measured:
    if math.isnan(row.value):
        return NO_ROWS
    flags = _small(row)
    error = None if row.problem else row.error
    if share:
        low, high = wilson(row.value, row.n)
        return Measured(row.value, error, low, high, None, Said("values.simple_sample_wilson"), flags)
    if row.n < 2:
        return Measured(row.value, method=Said("values.one_row_no_spread"), flags=flags)
    if error is None:
        return _without_interval(row, None, flags)
    method = Said("values.simple_sample", df=row.freedom)
    return Measured(row.value, error, row.value - row.half, row.value + row.half, None, method, flags)


@dataclass(frozen=True)
class Designed:
    """What decides which interval a value of a designed sample gets.

    Parameters
    ----------
    share, total
        Whether values are shares, or sums.
    clustered
        Whether clusters are the sampling units.
    effective
        ``clusters`` or ``respondents``: on how many the bound of a share of exactly 0 or 1 rests.
    """

    share: bool
    total: bool
    clustered: bool
    effective: str


def designed_values(values: Values, spread: Spread, kind: Designed) -> list[Measured]:
    """Return values of designed samples with their intervals.

    Notes
    -----
    t with sampling units minus strata, counting those with a value (as ``degf`` of a subset in R's survey); shares by
    the logit interval, those of exactly 0 or 1 by an exact bound.
    """
    return [_designed(row, kind) for row in _rows(values, spread)]


def _designed(row: _Row, kind: Designed) -> Measured:
    if math.isnan(row.value):
        return NO_ROWS
    clusters = row.units if kind.clustered else None
    flags = _small(row)
    if clusters is not None and clusters < FEW_CLUSTERS and not kind.total:
        flags += ("few_clusters",)
    if kind.share and row.value in (0.0, 1.0):
        return bounded(row.value, row.n, clusters, kind.effective, flags)
    if row.problem:
        return _without_interval(row, clusters, flags)
    if kind.share:
        low, high = logit_interval(row.value, row.half)
        method = Said("values.linearised_logit", df=row.freedom)
    else:
        low, high = row.value - row.half, row.value + row.half
        method = Said("values.linearised", df=row.freedom)
    return Measured(row.value, row.error, low, high, clusters, method, flags)


def _small(row: _Row) -> tuple[str, ...]:
    return ("small_n",) if row.n < SMALL_N else ()


def _without_interval(row: _Row, clusters: int | None, flags: tuple[str, ...]) -> Measured:
    method = Said("join.no_interval", why=row.problem)
    return Measured(row.value, n_clusters=clusters, method=method, flags=(*flags, "no_interval"))


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
