"""What money and value are refused for: a number that is missing is an error that names it, never a zero."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

Key = TypeVar("Key", bound=Hashable)


def term(what: str) -> Said:
    """Return the words for a kind of number, such as ``rate`` or ``amounts``."""
    return Said(f"economics.the_{what}")


def number(what: str, value: float | None, *, of: str = "", low: float = -math.inf, high: float = math.inf) -> float:
    """Return a number that is there, finite and within its ends.

    Parameters
    ----------
    what, of
        Kind of the number (a code ``economics.the_<what>``), and whose it is, as somebody named it.
    value
        The number; None and NaN are missing.
    low, high
        Ends of what it may be, both included.

    Raises
    ------
    NotEstimable
        If it is missing, infinite or beyond an end.

    Examples
    --------
    >>> number("share", 0.25, low=0, high=1)
    0.25
    """
    name = Said("economics.whose", what=term(what), of=of) if of else term(what)
    if value is None or not math.isfinite(value):
        raise NotEstimable(Said("economics.number_missing", what=name), Said("economics.number_needed"))
    if not low <= value <= high:
        raise NotEstimable(
            Said("economics.number_outside", what=name, value=value), Said("economics.within", low=low, high=high)
        )
    return float(value)


def count(what: str, value: int, *, least: int = 1) -> int:
    """Return a whole number that is large enough.

    Raises
    ------
    NotEstimable
        If it is not whole, or smaller.

    Examples
    --------
    >>> count("years", 5)
    5
    """
    known = number(what, value, low=least)
    if not known.is_integer():
        raise NotEstimable(Said("economics.number_not_whole", what=term(what), value=known))
    return int(known)


def above_zero(what: str, value: float | None, *, of: str = "") -> float:
    """Return a number above zero.

    Raises
    ------
    NotEstimable
        If it is missing, zero or negative.

    Examples
    --------
    >>> above_zero("index", 102.3)
    102.3
    """
    known = number(what, value, of=of)
    if known <= 0:
        raise NotEstimable(Said("economics.not_above_zero", what=term(what), value=known))
    return known


def numbers(what: str, values: ArrayLike, *, least: int = 1, low: float = -math.inf) -> Floats:
    """Return a list of finite numbers, shape (n,), each at least ``low``.

    Raises
    ------
    NotEstimable
        If there are too few, one is missing (its position is named, from 1) or one is too small.

    Examples
    --------
    >>> numbers("amounts", [1, 2]).tolist()
    [1.0, 2.0]
    """
    found = floats(values)
    if found.ndim != 1 or len(found) < least:
        raise NotEstimable(Said("economics.too_few", what=term(what), least=least))
    missing = np.flatnonzero(~np.isfinite(found)) + 1
    if len(missing):
        raise NotEstimable(
            Said("economics.missing_at", what=term(what), positions=missing), Said("economics.number_needed")
        )
    small = np.flatnonzero(found < low)
    if len(small):
        raise NotEstimable(Said("economics.number_outside", what=term(what), value=found[small[0]]))
    return found


def looked_up(what: str, table: Mapping[Key, float], key: Key) -> float:
    """Return a number above zero of a table, such as an index of a year.

    Raises
    ------
    NotEstimable
        If the table has no such entry, or no number above zero there.

    Examples
    --------
    >>> looked_up("index", {2019: 102.3}, 2019)
    102.3
    """
    return above_zero(what, table.get(key), of=str(key))


def same_length(what: str, *columns: Floats) -> None:
    """Refuse lists that should have a member for each other's.

    Raises
    ------
    NotEstimable
        If their lengths differ.
    """
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise NotEstimable(Said("economics.lengths_differ", what=term(what), lengths=lengths))


def chosen(what: str, value: str, names: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return a declared choice that is one of the names.

    Raises
    ------
    NotEstimable
        If it is none of them.

    Examples
    --------
    >>> chosen("timing", "mid_year", ("mid_year", "end_of_year"))
    'mid_year'
    """
    if value not in names:
        raise NotEstimable(
            Said("economics.no_such_choice", what=term(what), value=value),
            Said("economics.one_of", names=tuple(names)),
        )
    return value
