"""Which kinds of period are hidden: of a contract of persons, for a whole column as soon as few stand behind a number.

For :mod:`impact.publish.periods`. Longer periods are sums of shorter ones, and parts add up to the whole: what a code
holds beyond those below it is told by them together, as much as if it were a cell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain

import pandas as pd

from impact.periods import MONTHS
from impact.publish.totals import Above, Key, cell_table
from impact.states import Reason
from impact.tables.part import cut_columns, part_codes

_DESIGN = "design"
"""What defines the arms of an indicator: they have one design."""


def mark_periods(rows: pd.DataFrame, minimum: int, above: Above, adding_up: Collection[str]) -> pd.DataFrame:
    """Mark the kinds of period that are hidden for a column: one with a number of few persons, and every shorter kind.

    What is hidden of the whole is hidden of its parts, which add up to it.

    Parameters
    ----------
    rows
        Values by period of a contract, with ``n``, ``n_missing``, ``persons`` (missing where it is of no persons), and
        ``heirs``: whether a row is of units as they are today.
    minimum
        Numbers of fewer persons are hidden.
    above
        What each column and code belongs to.
    adding_up
        The indicators whose counts are of rows: those of parts add up to that of the whole.

    Returns
    -------
    DataFrame
        The rows with ``suppressed``: '' or ``few``.
    """
    column, months = cut_columns(rows), rows["every"].map(MONTHS)
    people = rows["persons"].where(rows["n"] > 0, rows["n_missing"])
    few = rows["persons"].notna() & (people > 0) & (people < minimum)
    adding = rows.assign(column=column, months=months)[rows["indicator"].isin(adding_up)]
    cells = zip(column[few], months[few].tolist(), strict=True)
    longest = dict[str, int]()
    for name, length in chain(cells, _few_rests(adding, minimum, above)):
        longest[name] = max(longest.get(name, 0), length)
    hidden_up_to = column.map(longest).fillna(0).clip(lower=longest.get("", 0))
    return rows.assign(suppressed=(months <= hidden_up_to).map({True: Reason.FEW.value, False: ""}))


def _few_rests(rows: pd.DataFrame, minimum: int, above: Above) -> Iterator[tuple[str, int]]:
    """Yield the columns whose cells leave few of a total, with how many months the period has.

    What is left of an heir's total is left of the units' own.
    """
    own = rows[rows["persons"].notna() & ~rows["heirs"]]
    keyed = own.assign(code=part_codes(own), arm=own["arm"].map(lambda arm: f"{arm} {_DESIGN}" if arm else ""))
    for _, cells in keyed.groupby(["indicator", "wave"], sort=False):
        for column in _columns_of_few(cells, minimum, above):
            yield column, int(cells["months"].iloc[0])


def _columns_of_few(cells: pd.DataFrame, minimum: int, above: Above) -> Iterator[str]:
    """Yield the columns of the cells of one period that leave few of a total."""
    keys: list[Key] = list(zip(cells["arm"], cells["column"], cells["code"], strict=True))
    table = cell_table(keys, cells["n"].tolist(), cells["persons"].fillna(0).tolist(), above)
    rests = set((table.few(minimum) & ~table.shown).nonzero()[0].tolist())
    for total in table.totals:
        if not rests.isdisjoint(total.parts):
            first, *_ = total.parts
            yield keys[first][1]
