"""Charts of counts: shares (p), rates by an area of opportunity (u), counts (c), each period by its own size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.control_charts.chart import FEWEST_PERIODS, Chart, Kind, base_of, numbers, signals_of
from impact.statistics.control_charts.rules import RuleSet
from impact.statistics.core import Floats
from impact.words.said import Said


class _Counted(NamedTuple):
    """Events and sizes of the periods, shape (n,), both NaN where a period has no value."""

    events: Floats
    sizes: Floats


def p_chart(
    counts: ArrayLike,
    sizes: ArrayLike,
    *,
    rules: RuleSet = "nhs",
    fixed_after: int | None = None,
    left_out: Sequence[int] = (),
    fewest: int = FEWEST_PERIODS,
) -> Chart:
    """Return the chart of shares.

    Parameters
    ----------
    counts, sizes
        Shape (n,): how many, of how many, in each period; whole numbers. A period where either is missing, or the
        size is zero, has no value.
    rules, fixed_after, left_out, fewest
        As of :func:`impact.statistics.control_charts.xmr`.

    Raises
    ------
    NotEstimable
        If too few periods set the limits, a count is no whole number from 0 to its size, or the share is 0 or 1.

    Notes
    -----
    ``p̄ ± 3 √(p̄(1 − p̄)/n_i)``, cut at 0 and 1, p̄ from totals. It holds for persons who are independent of each other;
    where they are not, or sizes are very large, limits are too narrow. Montgomery, Introduction to Statistical Quality
    Control, ch. 7.

    Examples
    --------
    >>> chart = p_chart([12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22], [50] * 15)
    >>> round(chart.center, 4), chart.upper[0].round(4).item(), chart.signalled
    (0.2227, 0.3992, (14,))
    """
    counted = _counted(counts, sizes)
    if (counted.events > counted.sizes).any() or (counted.sizes % 1 > 0).any():
        raise NotEstimable(Said("control_charts.count_above_size"), Said("control_charts.counts_up_to_size"))
    return _chart("p", counted, rules=rules, fixed_after=fixed_after, left_out=left_out, fewest=fewest)


def u_chart(
    counts: ArrayLike,
    sizes: ArrayLike,
    *,
    rules: RuleSet = "nhs",
    fixed_after: int | None = None,
    left_out: Sequence[int] = (),
    fewest: int = FEWEST_PERIODS,
) -> Chart:
    """Return the chart of events by an area of opportunity (person years, visits, opening days).

    Parameters
    ----------
    counts
        Shape (n,): events of each period, whole numbers.
    sizes
        Shape (n,): their area of opportunity, zero or more.
    rules, fixed_after, left_out, fewest
        As of :func:`impact.statistics.control_charts.xmr`.

    Raises
    ------
    NotEstimable
        If too few periods set the limits, a count is no whole number, a size is negative, or there is no event.

    Notes
    -----
    ``ū ± 3 √(ū/n_i)``, cut at 0, ū from totals. Montgomery, ch. 7.

    Examples
    --------
    >>> chart = u_chart([14, 12, 20, 11, 7, 10], [10, 8, 13, 10, 9.5, 10], fewest=6)
    >>> round(chart.center, 4), chart.upper[4].round(4).item()
    (1.2231, 2.2996)
    """
    counted = _counted(counts, sizes)
    return _chart("u", counted, rules=rules, fixed_after=fixed_after, left_out=left_out, fewest=fewest)


def c_chart(
    counts: ArrayLike,
    *,
    rules: RuleSet = "nhs",
    fixed_after: int | None = None,
    left_out: Sequence[int] = (),
    fewest: int = FEWEST_PERIODS,
) -> Chart:
    """Return the chart of counts of events where every period has the same area of opportunity.

    Parameters
    ----------
    counts
        Shape (n,): events of each period, whole numbers.
    rules, fixed_after, left_out, fewest
        As of :func:`impact.statistics.control_charts.xmr`.

    Raises
    ------
    NotEstimable
        If too few periods set the limits, a count is no whole number, or there is no event.

    Notes
    -----
    ``c̄ ± 3 √c̄``, cut at 0. Montgomery, ch. 7.

    Examples
    --------
    >>> chart = c_chart([4, 6, 5, 3, 7, 5, 4, 6, 5, 5, 4, 6])
    >>> chart.center, chart.upper[0].round(4).item(), chart.lower[0].item()
    (5.0, 11.7082, 0.0)
    """
    counted = _counted(counts, np.ones(np.shape(counts)))
    return _chart("c", counted, rules=rules, fixed_after=fixed_after, left_out=left_out, fewest=fewest)


def _counted(counts: ArrayLike, sizes: ArrayLike) -> _Counted:
    """Return counts and sizes, both NaN where a period has no value."""
    events, of = numbers(counts), numbers(sizes)
    if events.shape != of.shape:
        raise NotEstimable(Said("control_charts.sizes_do_not_fit"), Said("control_charts.one_number_per_period"))
    if (events < 0).any() or (of < 0).any() or (events % 1 > 0).any():
        raise NotEstimable(Said("control_charts.no_count"), Said("control_charts.whole_counts"))
    if ((of == 0) & (events > 0)).any():
        raise NotEstimable(Said("control_charts.events_of_nothing"), Said("control_charts.counts_up_to_size"))
    missing = np.isnan(events) | np.isnan(of) | (of == 0)
    return _Counted(np.where(missing, np.nan, events), np.where(missing, np.nan, of))


def _chart(
    kind: Kind,
    counted: _Counted,
    *,
    rules: RuleSet,
    fixed_after: int | None,
    left_out: Sequence[int],
    fewest: int,
) -> Chart:
    """Return the chart of counts, its limits cut where no value can be."""
    values = counted.events / counted.sizes
    base = base_of(values, fixed_after, left_out, fewest)
    center = float(counted.events[base].sum() / counted.sizes[base].sum())
    highest = 1.0 if kind == "p" else np.inf
    if not 0 < center < highest:
        raise NotEstimable(Said("control_charts.no_event_or_all"), Said("control_charts.periods_that_vary"))
    variance = center * (1 - center) if kind == "p" else center
    sigma = np.sqrt(variance / counted.sizes)
    lower, upper = np.maximum(center - 3 * sigma, 0.0), np.minimum(center + 3 * sigma, highest)
    signals = signals_of(values, center, sigma, rules)
    return Chart(kind, values, center, lower, upper, signals, rules, int(base.sum()))
