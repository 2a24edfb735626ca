"""Means."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.spec.draw import codes, numbers, rows
from tests.spec.spec import Row, Spec, Table, parts

PERSONS = Table(
    """
    person | g | y
    p1     | a | 4.0
    p2     | a | 7.5
    p3     | b | 1.0
    p4     | b |
    p5     |   | 3.5
    """,
    key=("person",),
    random=rows({"g": codes("a", "b"), "y": numbers()}),
)
WEIGHTED = Table(
    """
    person | y   | w
    p1     | 4.0 | 1.0
    p2     | 7.0 | 2.0
    p3     | 1.0 | 0.5
    p4     | 2.0 |
    p5     | 9.0 | 0.0
    p6     |     | 3.0
    """,
    key=("person",),
    random=rows({"y": numbers(sizes=(1.0, 0.5, 2.0**30)), "w": numbers(0, 9, sizes=(1.0, 0.5))}),
)


def mean(table: pd.DataFrame) -> Row:
    y = table["y"].dropna()
    error = y.std() / np.sqrt(len(y)) if y.nunique() > 1 else np.nan
    half = stats.t.ppf(0.975, len(y) - 1) * error
    interval = {"low": y.mean() - half, "high": y.mean() + half}
    return {"value": y.mean(), **interval, "n": len(y), "n_missing": table["y"].isna().sum()}


def mean_by_group(table: pd.DataFrame) -> list[Row]:
    return parts(table, "g", mean)


def mean_of_logarithms(table: pd.DataFrame) -> Row:
    return mean(table.assign(y=np.log(table["y"].where(table["y"] > 0))))


def weighted_mean(table: pd.DataFrame) -> Row:
    counted = table[table["y"].notna() & (table["w"] > 0)]
    y, w = counted["y"], counted["w"]
    value = (w * y).sum() / w.sum() if len(counted) else np.nan
    scores = (w * (y - value) / w.sum()).to_numpy()
    error = np.sqrt(len(table) / (len(table) - 1) * (scores**2).sum()) if y.nunique() > 1 else np.nan
    half = stats.t.ppf(0.975, len(counted) - 1) * error
    interval = {"low": value - half, "high": value + half}
    return {"value": value, **interval, "n": len(counted), "n_missing": len(table) - len(counted)}


SPECS = (
    Spec(
        title="Mean",
        meaning="The mean of the rows that have a value; the interval is that of a simple random sample, by Student's t.",
        tables={"rows": PERSONS},
        declaration="formula: {kind: mean, column: y}",
        expected="""
            value | low     | high   | n | n_missing
            4     | -0.2598 | 8.2598 | 4 | 1
        """,
        plain=mean,
    ),
    Spec(
        title="Mean by group",
        meaning="`by` gives the same for the rows of each code, and for those without a code.",
        tables={"rows": PERSONS},
        declaration="formula: {kind: mean, column: y}\nby: [g]",
        expected="""
            part       | value | low      | high    | n | n_missing
            all        | 4     | -0.2598  | 8.2598  | 4 | 1
            (no value) | 3.5   |          |         | 1 | 0
            a          | 5.75  | -16.4859 | 27.9859 | 2 | 0
            b          | 1     |          |         | 1 | 1
        """,
        plain=mean_by_group,
    ),
    Spec(
        title="Mean of logarithms",
        meaning="The logarithm of what is not above zero is missing.",
        tables={"rows": PERSONS},
        declaration="formula: {kind: mean, column: y, transform: log}",
        expected="""
            value  | low     | high   | n | n_missing
            1.1635 | -0.1793 | 2.5062 | 4 | 1
        """,
        plain=mean_of_logarithms,
    ),
    Spec(
        title="Weighted mean",
        meaning=(
            "Rows count by their weight; without a weight above zero a row is missing. The interval is linearised, as"
            " for a sample with replacement."
        ),
        tables={"rows": WEIGHTED},
        declaration="formula: {kind: mean, column: y}\nsample: {weight: w}",
        expected="""
            value  | low     | high    | n | n_missing
            5.2857 | -0.4277 | 10.9991 | 3 | 3
        """,
        plain=weighted_mean,
    ),
)
