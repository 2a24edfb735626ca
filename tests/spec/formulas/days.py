"""Days from one date to another."""

import pandas as pd

from tests.spec.draw import days, rows
from tests.spec.formulas.mean import mean
from tests.spec.spec import Row, Spec, Table

CASES = Table(
    """
    case_id | asked      | answered
    c1      | 2020-02-27 | 2020-03-02
    c2      | 2020-02-27 | 2020-02-27
    c3      | 2020-02-28 | 2020-02-26
    c4      | 2020-02-28 |
    """,
    key=("case_id",),
    random=rows({"asked": days(), "answered": days()}, label="case_id"),
)


def mean_days(table: pd.DataFrame) -> Row:
    return mean(table.assign(y=(pd.to_datetime(table["answered"]) - pd.to_datetime(table["asked"])).dt.days))


SPECS = (
    Spec(
        title="Days between two dates",
        meaning="The mean number of days from one date to the other, negative where the end comes first; the interval is that of a mean.",
        tables={"rows": CASES},
        declaration="formula: {kind: days, start: asked, end: answered}",
        expected="""
            value  | low     | high   | n | n_missing
            0.6667 | -6.9225 | 8.2558 | 3 | 1
        """,
        plain=mean_days,
    ),
)
