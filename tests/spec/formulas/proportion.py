"""Shares of rows for which a condition holds."""

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
    random=rows({"g": codes("a", "b", "c"), "y": numbers(sizes=(1.0, 0.5))}),
)


def share(holds: pd.Series) -> Row:
    held = holds.dropna().astype(float)
    n, p, z2 = len(held), held.mean(), stats.norm.ppf(0.975) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n) if n else np.nan
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2))) / (1 + z2 / n) if n else np.nan
    return {
        "value": p,
        "low": max(centre - half, 0),
        "high": min(centre + half, 1),
        "n": n,
        "n_missing": len(holds) - n,
    }


def share_above(table: pd.DataFrame) -> Row:
    return share((table["y"] >= 3.5).astype(float).where(table["y"].notna()))


def share_above_by_group(table: pd.DataFrame) -> list[Row]:
    return parts(table, "g", share_above)


def share_of_codes(table: pd.DataFrame) -> Row:
    return share(table["g"].isin(["b", "c"]).astype(float).where(table["g"].notna()))


SPECS = (
    Spec(
        title="Share",
        meaning="The share of rows for which the condition holds, among those where the column has a value; the interval is Wilson's.",
        tables={"rows": PERSONS},
        declaration="formula: {kind: proportion, of: {column: y, at_least: 3.5}}\nby: [g]",
        expected="""
            part       | value | low    | high   | n | n_missing
            all        | 0.75  | 0.3006 | 0.9544 | 4 | 1
            (no value) | 1     | 0.2065 | 1      | 1 | 0
            a          | 1     | 0.3424 | 1      | 2 | 0
            b          | 0     | 0      | 0.7935 | 1 | 1
        """,
        plain=share_above_by_group,
    ),
    Spec(
        title="Share of some codes",
        meaning="A row without a code is missing: it neither holds nor fails.",
        tables={"rows": PERSONS},
        declaration="formula: {kind: proportion, of: {column: g, one_of: [b, c]}}",
        expected="""
            value | low  | high | n | n_missing
            0.5   | 0.15 | 0.85 | 4 | 1
        """,
        plain=share_of_codes,
    ),
)
