"""Values of old territories on new ones: shares by weights (population), totals carried over, codes that changed.

A code that stands in both editions need not be the same territory: a boundary may have moved, which no join by code
sees, and a table of weights does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

Measured = Literal["total", "ratio"]


class Part(NamedTuple):
    """What of an old unit goes to a new one, as a share of the old one's weight."""

    old: str
    new: str
    share: float


@dataclass(frozen=True)
class Conversion:
    """A table of weights between two editions.

    Parameters
    ----------
    old, new
        Codes of each edition, sorted.
    weights
        Shape (old, new): the weight, such as people, that lies in both.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    weights: Floats

    @property
    def shares(self) -> Floats:
        """Shape (old, new): what of each old unit goes to each new one; each row sums to 1."""
        return floats(self.weights / self.weights.sum(axis=1, keepdims=True))

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts with a weight, by old and new code."""
        shares = self.shares
        rows, columns = np.nonzero(self.weights)
        return tuple(Part(self.old[i], self.new[j], float(shares[i, j])) for i, j in zip(rows, columns, strict=True))

    @property
    def unseen_moves(self) -> tuple[Part, ...]:
        """Parts that go from one code to another although both stand in both editions: no join by code sees them."""
        both = set(self.old) & set(self.new)
        return tuple(part for part in self.parts if part.old != part.new and {part.old, part.new} <= both)

    def share(self, old: str, new: str) -> float:
        """Return what of an old unit goes to a new one, 0 to 1.

        Raises
        ------
        NotEstimable
            If a code is not of its edition.
        """
        _refuse_unknown({old} - set(self.old) | {new} - set(self.new))
        return float(self.shares[self.old.index(old), self.new.index(new)])


@dataclass(frozen=True)
class Carried:
    """Values on the new edition.

    Parameters
    ----------
    values
        By new code, where all that it takes from has a value.
    lacking
        By new code, where not: the old codes without a value.
    """

    values: Mapping[str, float]
    lacking: Mapping[str, tuple[str, ...]]


class CodeChanges(NamedTuple):
    """Codes that only the old edition has, only the new one, and both; each sorted."""

    dropped: tuple[str, ...]
    added: tuple[str, ...]
    kept: tuple[str, ...]


def conversion(rows: Iterable[tuple[str, str, float]]) -> Conversion:
    """Return a table of weights between two editions.

    Parameters
    ----------
    rows
        Old code, new code, and the weight that lies in both; what stays where it was has its row too, or shares are
        of the rest.

    Raises
    ------
    NotEstimable
        If there is no row, a pair stands twice, a weight is missing or negative, or an old unit has none.

    Examples
    --------
    >>> table = conversion([("A", "A", 75.0), ("A", "B", 25.0), ("B", "B", 50.0)])
    >>> table.share("A", "B"), table.unseen_moves
    (0.25, (Part(old='A', new='B', share=0.25),))
    """
    table = list(rows)
    pairs = [(old, new) for old, new, _ in table]
    if not pairs or len(set(pairs)) < len(pairs):
        raise NotEstimable(Said("editions.no_row_or_twice"), Said("editions.one_row_each_pair"))
    old, new = (tuple(sorted({pair[side] for pair in pairs})) for side in (0, 1))
    weights = np.zeros((len(old), len(new)))
    for before, after, weight in table:
        weights[old.index(before), new.index(after)] = weight
    if not np.isfinite(weights).all() or (weights < 0).any() or (weights.sum(axis=1) == 0).any():
        raise NotEstimable(Said("editions.weights_unusable"), Said("editions.weights_zero_or_more"))
    return Conversion(old, new, weights)


def carried(values: Mapping[str, float | None], table: Conversion, *, measured: Measured) -> Carried:
    """Return values of old units on new ones.

    Parameters
    ----------
    values
        By old code; a unit that is None, NaN or not there has no value, and leaves the new ones that take from it
        without.
    table
        Weights between the editions.
    measured
        ``total`` (persons, euros): split by shares and added up, as if it were spread like the weights. ``ratio``
        (a share, a mean): only where a whole old unit becomes a whole new one.

    Raises
    ------
    NotEstimable
        If a code is not of the old edition, or a ratio would have to be split or merged.

    Examples
    --------
    >>> table = conversion([("A", "A", 75.0), ("A", "B", 25.0), ("B", "B", 50.0)])
    >>> dict(carried({"A": 8.0, "B": 1.0}, table, measured="total").values)
    {'A': 6.0, 'B': 3.0}
    """
    _refuse_unknown(set(values) - set(table.old))
    if measured == "ratio":
        _refuse_split(values, table)
    elif measured != "total":
        raise NotEstimable(Said("editions.no_such_measure", name=measured), Said("editions.total_or_ratio"))
    numbers = floats([np.nan if (value := values.get(code)) is None else value for code in table.old])
    missing = np.isnan(numbers)
    used = table.weights > 0
    sums = np.where(missing, 0.0, numbers) @ table.shares
    lacking = {
        code: tuple(np.array(table.old)[missing & used[:, j]].tolist())
        for j, code in enumerate(table.new)
        if (missing & used[:, j]).any()
    }
    complete = {code: float(sums[j]) for j, code in enumerate(table.new) if code not in lacking and used[:, j].any()}
    return Carried(MappingProxyType(complete), MappingProxyType(lacking))


def changed_codes(old: Iterable[str], new: Iterable[str]) -> CodeChanges:
    """Return which codes changed between two editions; what kept its code may still have moved its boundary.

    Examples
    --------
    >>> changed_codes(["ITG25", "ITG11"], ["ITG2D", "ITG11"])
    CodeChanges(dropped=('ITG25',), added=('ITG2D',), kept=('ITG11',))
    """
    before, after = set(old), set(new)
    dropped, added, kept = (tuple(sorted(codes)) for codes in (before - after, after - before, before & after))
    return CodeChanges(dropped, added, kept)


def _refuse_unknown(codes: set[str]) -> None:
    if codes:
        raise NotEstimable(Said("editions.unknown_codes", codes=sorted(codes)), Said("editions.codes_of_the_table"))


def _refuse_split(values: Mapping[str, float | None], table: Conversion) -> None:
    """Refuse ratios of units that are split, or merged with others."""
    used = table.weights > 0
    taken_from = used.sum(axis=0)
    split = [
        code
        for code, row in zip(table.old, used, strict=True)
        if code in values and (row.sum() > 1 or (taken_from[row] > 1).any())
    ]
    if split:
        raise NotEstimable(Said("editions.ratio_split", codes=split), Said("editions.numerator_and_denominator"))
