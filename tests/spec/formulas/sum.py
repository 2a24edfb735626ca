"""Sums."""

import math

import numpy as np
import pandas as pd

from tests.spec.draw import codes, numbers, rows
from tests.spec.spec import Row, Spec, Table, parts

HOURS = Table(
    """
    row | g | hours | w
    r1  | a | 4.0   | 2.0
    r2  | a | 7.5   | 1.0
    r3  | b | -1.0  | 0.5
    r4  | b |       | 1.0
    r5  | c |       |
    """,
    key=("row",),
    random=rows({"g": codes("a", "b"), "hours": numbers(), "w": numbers(0, 9, sizes=(1.0, 0.5))}, label="row"),
)


def total(table: pd.DataFrame) -> Row:
    hours = table["hours"].dropna()
    value = math.fsum(hours) if len(hours) else np.nan
    return {"value": value, "n": len(hours), "n_missing": table["hours"].isna().sum()}


def total_by_group(table: pd.DataFrame) -> list[Row]:
    return parts(table, "g", total)


SPECS = (
    Spec(
        title="Sum",
        meaning="The sum of the values; without any value there is no sum. Nothing is drawn, so there is no interval.",
        tables={"rows": HOURS},
        declaration="formula: {kind: sum, column: hours}\nby: [g]",
        expected="""
            part | value | n | n_missing
            all  | 10.5  | 3 | 2
            a    | 11.5  | 2 | 0
            b    | -1    | 1 | 1
            c    |       | 0 | 1
        """,
        plain=total_by_group,
    ),
)
