"""Before and after."""

import numpy as np
import pandas as pd

from tests.spec.draw import numbers, over_waves
from tests.spec.spec import Row, Spec, Table

PERSONS = Table(
    """
    person | wave   | y
    p1     | before | 4.0
    p1     | after  | 6.0
    p2     | before | 5.0
    p2     | after  | 9.0
    p3     | before | 3.0
    p4     | after  |
    """,
    key=("person", "wave"),
    random=over_waves(("before", "after"), varying={"y": numbers()}),
)


def means(table: pd.DataFrame) -> Row:
    y = table.dropna(subset=["y"]).groupby("wave")["y"].mean().reindex(["before", "after"])
    return {"baseline": y["before"], "value": y["after"], "estimate": np.nan}


SPECS = (
    Spec(
        title="Two values and no effect",
        meaning="The value before and the value after, of whoever answered; without a comparison there is no effect.",
        tables={"rows": PERSONS},
        declaration=(
            "formula: {kind: mean, column: y}\n"
            "ex_ante: {baseline: {wave: before}}\n"
            "ex_post: {wave: after, design: {kind: before_after}}"
        ),
        expected="""
            baseline | value | estimate
            4        | 7.5   |
        """,
        plain=means,
    ),
)
