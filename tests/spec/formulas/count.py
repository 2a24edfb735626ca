"""Numbers of rows."""

import pandas as pd

from tests.spec.draw import codes, numbers, rows
from tests.spec.spec import Row, Spec, Table, parts

VISITS = Table(
    """
    visit | g | minutes
    v1    | a | 20
    v2    | a | 45
    v3    | b | 60
    v4    | b |
    v5    |   | 90
    """,
    key=("visit",),
    random=rows({"g": codes("a", "b"), "minutes": numbers(0, 90, sizes=[1.0])}, label="visit"),
)


def count(table: pd.DataFrame) -> Row:
    return {"value": len(table), "n": len(table), "n_missing": 0}


def count_by_group(table: pd.DataFrame) -> list[Row]:
    return parts(table, "g", count)


def count_of_long_visits(table: pd.DataFrame) -> list[Row]:
    return parts(table[table["minutes"] >= 45], "g", count)


SPECS = (
    Spec(
        title="Count",
        meaning="The number of rows.",
        tables={"rows": VISITS},
        declaration="formula: {kind: count}\nby: [g]",
        expected="""
            part       | value | n | n_missing
            all        | 5     | 5 | 0
            (no value) | 1     | 1 | 0
            a          | 2     | 2 | 0
            b          | 2     | 2 | 0
        """,
        plain=count_by_group,
    ),
    Spec(
        title="Count of some rows",
        meaning="`where` selects rows first; a row that lacks what it asks for is not selected. A count of no rows is 0.",
        tables={"rows": VISITS},
        declaration="formula: {kind: count}\nwhere: [{column: minutes, at_least: 45}]\nby: [g]",
        expected="""
            part       | value | n | n_missing
            all        | 3     | 3 | 0
            (no value) | 1     | 1 | 0
            a          | 1     | 1 | 0
            b          | 1     | 1 | 0
        """,
        plain=count_of_long_visits,
    ),
)
