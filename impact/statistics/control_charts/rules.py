"""Rules that tell a signal from common variation: so many of so many points beyond a line, and trends.

Each works along the last axis, so that one chart and a stack of simulated ones are read by the same lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import RESIDUE, Floats
from impact.words.said import Said

Flags = NDArray[np.bool_]
Rule = Literal["beyond_limit", "run", "trend", "two_of_three", "four_of_five"]
Side = Literal["above", "below", "rising", "falling"]
RuleSet = Literal["nhs", "western_electric", "limits"]
_SIDES: tuple[tuple[Side, float], ...] = (("above", 1.0), ("below", -1.0))
_TRENDS: tuple[tuple[Side, float], ...] = (("rising", 1.0), ("falling", -1.0))


class Signal(NamedTuple):
    """Why a point is no common variation: the rule, and to which side."""

    rule: Rule
    side: Side


class Marks(NamedTuple):
    """Points that one rule marks, shape (…, n)."""

    signal: Signal
    points: Flags


class Window(NamedTuple):
    """``needed`` of ``length`` neighbours more than ``beyond`` sigmas from the center, on one side of it.

    ``within``: those farther than so many sigmas do not count. ``one_side``: the others have to be on the same side.
    """

    rule: Rule
    length: int
    needed: int
    beyond: float
    within: float = math.inf
    one_side: bool = False


class RuleBook(NamedTuple):
    """A published set of rules.

    ``trend``: points that each lie above (below) the one before; 0 for none. ``whole``: whether all points of a run
    are marked, or those that complete it.
    """

    windows: tuple[Window, ...]
    trend: int = 0
    whole: bool = False


BEYOND = Window("beyond_limit", 1, 1, 3.0)
RULE_BOOKS: Mapping[RuleSet, RuleBook] = MappingProxyType(
    {
        "nhs": RuleBook(
            (BEYOND, Window("run", 7, 7, 0.0), Window("two_of_three", 3, 2, 2.0, within=3.0, one_side=True)),
            trend=7,
            whole=True,
        ),
        "western_electric": RuleBook(
            (
                BEYOND,
                Window("two_of_three", 3, 2, 2.0),
                Window("four_of_five", 5, 4, 1.0),
                Window("run", 8, 8, 0.0),
            )
        ),
        "limits": RuleBook((BEYOND,)),
    }
)


def rule_book(rules: RuleSet) -> RuleBook:
    """Return a set of rules by its name.

    Raises
    ------
    NotEstimable
        If there is none of this name.

    Examples
    --------
    >>> rule_book("nhs").trend
    7
    """
    if rules not in RULE_BOOKS:
        raise NotEstimable(
            Said("control_charts.no_such_choice", name=rules), Said("control_charts.one_of", names=tuple(RULE_BOOKS))
        )
    return RULE_BOOKS[rules]


def distances(values: Floats, center: Floats | float, sigma: Floats | float) -> Floats:
    """Return how many sigmas each point is from the center, shape (…, n); NaN where a period has no value.

    What rounding leaves is taken off first, so that a point on a line is not beyond it.

    Examples
    --------
    >>> distances(np.array([0.1 + 0.2, np.nan, 0.6]), 0.3, 0.1).round(9).tolist()
    [0.0, nan, 3.0]
    """
    gap = values - center
    residue = RESIDUE * np.maximum(np.abs(values), np.abs(center))
    away = np.sign(gap) * np.maximum(np.abs(gap) - residue, 0.0)
    return np.asarray(away / sigma, dtype=np.float64)


def marks(values: Floats, away: Floats, rules: RuleSet) -> Iterator[Marks]:
    """Yield what each rule marks, in the order of the set.

    Parameters
    ----------
    values
        Shape (…, n), in the order of the periods, NaN where one has no value: it breaks every run and trend.
    away
        Shape (…, n): :func:`distances` of these values.
    rules
        ``nhs``: beyond a limit; 7 on one side of the center; 2 of 3 in the outer third, all three on one side; 7 that
        rise or fall; all points of a run are marked, of 2 of 3 those in the outer third. ``western_electric``: beyond
        a limit; 2 of 3 beyond 2 sigmas; 4 of 5 beyond 1; 8 on one side; the completing point is marked, if it is
        itself beyond. ``limits``: beyond a limit only.

    Notes
    -----
    NHS England, Making Data Count, as in R NHSRplotthedots 0.2.2; Western Electric (1956) as in R qcc 3.0.

    Examples
    --------
    >>> away = np.array([0.5, 2.5, 2.2, -1.0])
    >>> [(mark.signal.rule, mark.points.tolist()) for mark in marks(away, away, "nhs") if mark.points.any()]
    [('two_of_three', [False, True, True, False])]
    """
    book = rule_book(rules)
    for window in book.windows:
        for side, sign in _SIDES:
            yield Marks(Signal(window.rule, side), _beyond(sign * away, window, whole=book.whole))
    if book.trend:
        for side, sign in _TRENDS:
            yield Marks(Signal("trend", side), _trend(sign * values, book.trend))


def _beyond(away: Floats, window: Window, *, whole: bool) -> Flags:
    """Return the points beyond a line that lie in a window with enough of them."""
    if away.shape[-1] < window.length:
        return np.zeros(away.shape, dtype=bool)
    outer = (away > window.beyond) & (away <= window.within)
    needed = _windows(outer, window.length).sum(axis=-1) >= window.needed
    side = away > 0 if window.one_side else ~np.isnan(away)
    hit = needed & _windows(side, window.length).all(axis=-1)
    return _spread(hit, window.length, whole=whole) & outer


def _trend(values: Floats, length: int) -> Flags:
    """Return the points of ``length`` or more in a row that each lie above the one before."""
    if values.shape[-1] < length:
        return np.zeros(values.shape, dtype=bool)
    rises = np.asarray(np.diff(values, axis=-1) > 0)
    hit = np.asarray(_windows(rises, length - 1).all(axis=-1))
    return _spread(hit, length, whole=True)


def _windows(flags: Flags, length: int) -> Flags:
    return np.asarray(sliding_window_view(flags, length, axis=-1))


def _spread(hit: Flags, length: int, *, whole: bool) -> Flags:
    """Return windows that hit as points: all of each, or its last."""
    count = hit.shape[-1]
    points = np.zeros((*hit.shape[:-1], count + length - 1), dtype=bool)
    for offset in range(0 if whole else length - 1, length):
        points[..., offset : offset + count] |= hit
    return points
