"""Cells of one variable become a table of all that adds up among them: codes, columns that contain others, arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from impact.formulas.limits import Limits
from impact.states import Arm
from impact.statistics.suppression import Table, Total, Values

EFFECT = Arm.EFFECT.value
"""Stands for the arm of a cell that counts what an effect was estimated from."""
Key = tuple[str, str, str]
"""Arm (with what defines it), the column that cuts ('' for the whole) and its code."""
Above = Mapping[tuple[str, str], Sequence[tuple[str, str]]]
"""The columns and codes that a column and code belong to."""


class Contents(NamedTuple):
    """What the rows of cells come to.

    Parameters
    ----------
    sums, levels
        Shape (k,): sum of values in each cell; the one value all its rows have, or NaN.
    limits
        Of the value of a row.
    whole
        Whether sums are whole numbers.
    """

    sums: Sequence[float]
    levels: Sequence[float]
    limits: Limits
    whole: bool


def cell_table(
    keys: Sequence[Key], counts: Sequence[int], persons: Sequence[int], above: Above, contents: Contents | None = None
) -> Table:
    """Return cells with all that adds up among them.

    Codes add up to the code above them or to the whole, arms to all arms. What a total holds beyond its parts comes
    after the cells given: it is shown nowhere, but is known as soon as all parts are.

    Parameters
    ----------
    keys
        Arm, column and code of each cell.
    counts, persons
        Rows behind each, and different persons.
    above
        What each column and code belongs to, by its own column or by another.
    contents
        What their rows come to, in the same order.

    Examples
    --------
    >>> table = cell_table([("", "", ""), ("", "sex", "f")], [12, 9], [12, 9], {})
    >>> table.totals, table.counts.tolist()
    ((Total(whole=0, parts=(1, 2)),), [12, 9, 3])
    """
    numbers, people, totals = list(counts), list(persons), []
    sums = list(contents.sums) if contents else []
    for whole, parts in _sums(keys, above):
        rest = numbers[whole] - sum(numbers[part] for part in parts)
        if rest < 0:  # parts that overlap: nothing can be computed from them
            continue
        if rest:
            numbers.append(rest)
            people.append(rest)
            sums += [sums[whole] - sum(sums[part] for part in parts)] if contents else []
        totals.append(Total(whole, (*parts, len(numbers) - 1) if rest else tuple(parts)))
    shown = np.arange(len(numbers)) < len(keys)
    values = _values(contents, sums, np.array(numbers)) if contents else None
    return Table(np.array(numbers, dtype=np.int64), np.array(people, dtype=np.int64), shown, tuple(totals), values)


def _values(contents: Contents, sums: Sequence[float], counts: np.ndarray) -> Values:
    ends = [np.where(counts > 0, counts * np.float64(end or 0.0), 0.0) if np.isfinite(end)
            else np.where(counts > 0, end, 0.0) for end in contents.limits]  # fmt: skip
    levels = np.full(len(counts), np.nan)
    levels[: len(contents.levels)] = contents.levels
    return Values(np.clip(sums, *ends), ends[0], ends[1], levels, contents.whole)


def _sums(keys: Sequence[Key], above: Above) -> list[tuple[int, list[int]]]:
    places = {key: place for place, key in enumerate(keys)}
    parts: dict[tuple[Key, str], list[int]] = {}
    for (arm, column, code), place in places.items():
        if column:
            uppers = [(arm, *upper) for upper in above.get((column, code), ()) if (arm, *upper) in places]
            own = [upper for upper in uppers if upper[1] == column] or [(arm, "", "")]
            for upper in (*own, *(upper for upper in uppers if upper[1] != column)):
                parts.setdefault((upper, column), []).append(place)
        if arm not in ("", EFFECT):
            parts.setdefault((("", column, code), f"{EFFECT} {arm.partition(' ')[2]}"), []).append(place)
    return [(places[whole], found) for (whole, _), found in parts.items() if whole in places]
