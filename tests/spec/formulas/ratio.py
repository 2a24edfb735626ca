"""Ratios of sums."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.spec.draw import codes, numbers, rows
from tests.spec.spec import Row, Spec, Table, parts

COURSES = Table(
    """
    course | g | passed | enrolled
    c1     | a | 8.0    | 10.0
    c2     | a | 3.0    | 10.0
    c3     | b | 4.0    | 20.0
    c4     | b |        | 15.0
    c5     | b | 2.0    |
    """,
    key=("course",),
    random=rows(
        {
            "g": codes("a", "b"),
            "passed": numbers(sizes=(1.0, 0.5, 2.0**30)),
            "enrolled": numbers(-3, 20, sizes=(1.0, 0.5, 2.0**-20)),
        },
        label="course",
    ),
)


def ratio(table: pd.DataFrame) -> Row:
    both = table.dropna(subset=["passed", "enrolled"])
    y, x, n = both["passed"], both["enrolled"], len(both)
    value = y.sum() / x.sum() if x.sum() else np.nan
    gaps = (y * x.sum() - x * y.sum()) / x.sum() if x.sum() else x * np.nan
    error = np.sqrt(n / (n - 1) * (gaps**2).sum()) / abs(x.sum()) if n > 1 and gaps.any() else np.nan
    half = stats.t.ppf(0.975, n - 1) * error
    return {"value": value, "low": value - half, "high": value + half, "n": n, "n_missing": len(table) - n}


def ratio_by_group(table: pd.DataFrame) -> list[Row]:
    return parts(table, "g", ratio)


SPECS = (
    Spec(
        title="Ratio",
        meaning=(
            "The sum of one column over the sum of another, of the rows that have both; not the mean of ratios. The"
            " interval is linearised."
        ),
        tables={"rows": COURSES},
        declaration="formula: {kind: ratio, numerator: passed, denominator: enrolled}\nby: [g]",
        expected="""
            part | value | low     | high   | n | n_missing
            all  | 0.375 | -0.357  | 1.107  | 3 | 2
            a    | 0.55  | -2.6266 | 3.7266 | 2 | 0
            b    | 0.2   |         |        | 1 | 2
        """,
        plain=ratio_by_group,
    ),
)
