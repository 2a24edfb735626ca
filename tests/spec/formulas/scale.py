"""Scores of several items."""

import pandas as pd

from tests.spec.draw import numbers, rows
from tests.spec.formulas.mean import mean
from tests.spec.spec import Row, Spec, Table

ITEM = numbers(0, 5, sizes=[1.0])
ANSWERS = Table(
    """
    person | calm | rested | worried
    p1     | 5    | 4      | 0
    p2     | 2    | 2      | 3
    p3     | 1    |        | 5
    p4     |      |        | 2
    """,
    key=("person",),
    random=rows({"calm": ITEM, "rested": ITEM, "worried": ITEM}),
)


def score(table: pd.DataFrame) -> pd.Series:
    items = table[["calm", "rested"]].assign(worried=5 - table["worried"])
    return (items.mean(axis=1) * 3 * 4).where(items.count(axis=1) >= 2)


def mean_score(table: pd.DataFrame) -> Row:
    return mean(table.assign(y=score(table)))


SPECS = (
    Spec(
        title="Scale score",
        meaning=(
            "The sum of the items, reversed where said, times a factor; a person who answered enough items but not all"
            " has the mean of those answered for the others, one who answered fewer has no score."
        ),
        tables={"rows": ANSWERS},
        declaration=(
            "formula: {kind: scale, items: [calm, rested, worried], reverse: [worried], low: 0, high: 5, aggregate: sum,\n"
            "          multiply: 4, minimum_answered: 2}"
        ),
        expected="""
            value   | low     | high    | n | n_missing
            28.6667 | -34.243 | 91.5764 | 3 | 1
        """,
        plain=mean_score,
    ),
)
