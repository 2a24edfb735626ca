"""Numbers of different values."""

import pandas as pd

from tests.spec.draw import codes, rows
from tests.spec.spec import Row, Spec, Table, parts

HELP = Table(
    """
    row | g | body
    r1  | a | red_cross
    r2  | a | caritas
    r3  | b | caritas
    r4  | b |
    r5  | b | caritas
    """,
    key=("row",),
    random=rows({"g": codes("a", "b"), "body": codes("caritas", "Caritas", "red_cross", "x y")}, label="row"),
)


def different_bodies(table: pd.DataFrame) -> Row:
    return {"value": table["body"].nunique(), "n": table["body"].count(), "n_missing": table["body"].isna().sum()}


def different_bodies_by_group(table: pd.DataFrame) -> list[Row]:
    return parts(table, "g", different_bodies)


SPECS = (
    Spec(
        title="Count of different values",
        meaning="How many different values a column has; parts do not add up where a value stands in several.",
        tables={"rows": HELP},
        declaration="formula: {kind: count_distinct, column: body}\nby: [g]",
        expected="""
            part | value | n | n_missing
            all  | 2     | 4 | 1
            a    | 2     | 2 | 0
            b    | 1     | 2 | 1
        """,
        plain=different_bodies_by_group,
    ),
)
