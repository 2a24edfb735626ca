"""Quantiles."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.spec.draw import numbers, rows
from tests.spec.spec import Row, Spec, Table

INCOMES = Table(
    """
    person | income | w
    p1     | 900.0  | 3.0
    p2     | 1200.0 | 1.0
    p3     | 1200.0 | 1.0
    p4     | 1500.0 | 1.0
    p5     | 2100.0 | 2.0
    p6     | 9000.0 | 0.0
    p7     |        | 1.0
    """,
    key=("person",),
    random=rows({"income": numbers(), "w": numbers(0, 9, sizes=(1.0, 0.5))}, most=16),
)


def median(table: pd.DataFrame) -> Row:
    y = np.sort(table["income"].dropna())
    value = np.quantile(y, 0.5) if len(y) else np.nan
    ranks = stats.binom.ppf([0.025, 0.975], len(y), 0.5) if len(y) else [0, 1]
    enough = ranks[0] >= 1 and ranks[1] < len(y)
    low, high = (y[int(ranks[0]) - 1], y[int(ranks[1])]) if enough else (np.nan, np.nan)
    return {"value": value, "low": low, "high": high, "n": len(y), "n_missing": len(table) - len(y)}


def weighted_quartile(table: pd.DataFrame) -> Row:
    counted = table[table["income"].notna() & (table["w"] > 0)].sort_values("income")
    reached = counted["w"].cumsum() >= 0.75 * counted["w"].sum()
    value = counted["income"][reached].min()
    return {"value": value, "low": np.nan, "high": np.nan, "n": len(counted), "n_missing": len(table) - len(counted)}


SPECS = (
    Spec(
        title="Median",
        meaning="The value in the middle, between the two middle ones where their number is even; the interval is that of order statistics.",
        tables={"rows": INCOMES},
        declaration="formula: {kind: quantile, column: income}",
        expected="""
            value | low | high | n | n_missing
            1350  | 900 | 9000 | 6 | 1
        """,
        plain=median,
    ),
    Spec(
        title="Weighted quantile",
        meaning="The smallest value that holds the share of the weights; rows without a weight above zero are missing, and there is no interval.",
        tables={"rows": INCOMES},
        declaration="formula: {kind: quantile, column: income, q: 0.75}\nsample: {weight: w}",
        expected="""
            value | low | high | n | n_missing
            1500  |     |      | 5 | 2
        """,
        plain=weighted_quartile,
    ),
)
