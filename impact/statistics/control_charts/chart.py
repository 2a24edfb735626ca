"""What every control chart is: a center, limits, and the points that are no common variation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.control_charts.rules import Flags, RuleSet, Signal, distances, marks
from impact.statistics.core import Floats, floats
from impact.words.said import Said

FEWEST_PERIODS = 12
Kind = Literal["xmr", "p", "u", "c"]


@dataclass(frozen=True)
class Ranges:
    """Moving ranges of a chart of individual values.

    Parameters
    ----------
    values
        Shape (n,), in the unit of the values: from the period before to this one; NaN at the first period and beside a
        period without a value.
    mean
        Mean of those that set the limits.
    n
        How many these are.
    limit
        Upper limit of a range.
    signals
        Shape (n,): whether a range is beyond it.
    """

    values: Floats
    mean: float
    n: int
    limit: float
    signals: Flags


@dataclass(frozen=True)
class Chart:
    """A control chart.

    Parameters
    ----------
    kind
        ``xmr``, ``p``, ``u`` or ``c``.
    values
        Shape (n,), one for each period; NaN where it has none.
    center
        Mean, or share or rate of all the periods that set the limits together.
    lower, upper
        Shape (n,): limits of each period, in the unit of the values; NaN where its size is not known.
    signals
        For each period the rules that mark it, first of the set first; empty where it is common variation.
    rules
        The set of rules.
    n_base
        Periods that set center and limits.
    ranges
        Moving ranges of ``xmr``; None for counts.
    """

    kind: Kind
    values: Floats
    center: float
    lower: Floats
    upper: Floats
    signals: tuple[tuple[Signal, ...], ...]
    rules: RuleSet
    n_base: int
    ranges: Ranges | None = None

    @property
    def signalled(self) -> tuple[int, ...]:
        """Positions, from 0, of the periods that a rule marks."""
        return tuple(position for position, signals in enumerate(self.signals) if signals)


def numbers(values: ArrayLike) -> Floats:
    """Return a number for each period, shape (n,); None and NaN are a period without one.

    Raises
    ------
    NotEstimable
        If there is no list, or a number is infinite.

    Examples
    --------
    >>> numbers([1, None]).tolist()
    [1.0, nan]
    """
    periods = floats(values)
    if periods.ndim != 1 or np.isinf(periods).any():
        raise NotEstimable(Said("control_charts.no_list_of_numbers"), Said("control_charts.one_number_per_period"))
    return periods


def base_of(values: Floats, fixed_after: int | None, left_out: Sequence[int], fewest: int) -> Flags:
    """Return which periods set center and limits, shape (n,).

    Parameters
    ----------
    values
        Shape (n,); periods without a value set nothing.
    fixed_after
        The first so many periods set the limits; None: all.
    left_out
        Positions, from 0, that set nothing.
    fewest
        Periods with a value that are needed.

    Raises
    ------
    NotEstimable
        If there are fewer, or a position is none of the chart's.

    Examples
    --------
    >>> base_of(np.array([1.0, 2.0, np.nan, 4.0]), 3, [0], fewest=1).tolist()
    [False, True, False, False]
    """
    outside = [position for position in left_out if not 0 <= position < len(values)]
    if outside:
        raise NotEstimable(
            Said("control_charts.no_such_period", positions=outside),
            Said("control_charts.positions_up_to", last=len(values) - 1),
        )
    base = ~np.isnan(values)
    base[list(left_out)] = False
    if fixed_after is not None:
        base[max(fixed_after, 0) :] = False
    if base.sum() < fewest:
        raise NotEstimable(
            Said("control_charts.too_few_periods", n=int(base.sum())),
            Said("control_charts.periods_needed", fewest=fewest),
        )
    return base


def signals_of(values: Floats, center: float, sigma: Floats, rules: RuleSet) -> tuple[tuple[Signal, ...], ...]:
    """Return for each period the rules that mark it."""
    away = distances(values, center, sigma)
    found = list(marks(values, away, rules))
    return tuple(tuple(mark.signal for mark in found if mark.points[position]) for position in range(len(values)))
