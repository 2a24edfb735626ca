"""Values of values: differences, shares, rates per head."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.spec.draw import codes, numbers, rows
from tests.spec.spec import Row, Spec, Table, parts

EXACT = (1.0, 0.5, 2.0**20)
MARKS = Table(
    """
    pupil | g | summer | winter
    p1    | a | 8.0    | 6.0
    p2    | a | 7      | 6
    p3    | a | 9      | 5
    p4    | b | 4      |
    p5    | b | 6      | 5
    p6    |   | 5      | 4
    """,
    key=("pupil",),
    random=rows({"g": codes("a", "b"), "summer": numbers(sizes=EXACT), "winter": numbers(sizes=EXACT)}, label="pupil"),
)
VISITS = Table(
    """
    visit | town | hours
    v1    | n    | 4
    v2    | n    | 6
    v3    | s    | 3
    v4    | s    |
    v5    | e    | 2
    """,
    key=("visit",),
    random=rows({"town": codes("n", "s", "e"), "hours": numbers(0, 9, sizes=[1.0])}, label="visit"),
)
RESIDENTS = Table(
    """
    area | town | residents
    a1   | n    | 1500
    a2   | n    | 500
    a3   | s    | 1000
    a4   | w    | 800
    """,
    key=("area",),
    random=rows({"town": codes("n", "s", "w"), "residents": numbers(0, 3, sizes=[1000.0])}, label="area"),
)


def difference_of_means(table: pd.DataFrame) -> Row:
    y, x = table["summer"], table["winter"]
    gaps = (y - y.mean()).fillna(0) / max(y.count(), 1) - (x - x.mean()).fillna(0) / max(x.count(), 1)
    n = int((y.notna() | x.notna()).sum())
    spread = gaps.abs().max() > 1e-12 * max(y.abs().max(), x.abs().max(), 1)
    error = np.sqrt(n / (n - 1) * (gaps**2).sum()) if n > 1 and spread else np.nan
    value, half = y.mean() - x.mean(), stats.t.ppf(0.975, n - 1) * error
    return {"value": value, "low": value - half, "high": value + half, "n": y.count(), "n_missing": y.isna().sum()}


def difference_by_group(table: pd.DataFrame) -> list[Row]:
    return parts(table, "g", difference_of_means)


def total(values: pd.Series) -> float:
    return values.sum() if values.count() else np.nan


def hours_per_head(visits: pd.DataFrame, areas: pd.DataFrame) -> Row:
    hours, people = total(visits["hours"]), total(areas["residents"])
    value = 1000 * hours / people if people else np.nan
    return {"value": value, "n": visits["hours"].count(), "n_missing": visits["hours"].isna().sum()}


def per_head_by_town(visits: pd.DataFrame, areas: pd.DataFrame) -> list[Row]:
    town, home = visits["town"].fillna("(no value)"), areas["town"].fillna("(no value)")
    towns = sorted({*town, *home})
    each = [{"part": name} | hours_per_head(visits[town == name], areas[home == name]) for name in towns]
    return [{"part": "all"} | hours_per_head(visits, areas), *each]


def share_of_good(table: pd.DataFrame) -> Row:
    return {"value": (table["summer"] >= 7).mean(), "n": (table["summer"] >= 7).sum(), "n_missing": 0}


SPECS = (
    Spec(
        title="Difference of two means",
        meaning=(
            "The value of one indicator less that of another, part by part. How both vary together is known of the rows"
            " they share: with no cell missing it is the mean of the differences, with its interval. The rows are"
            " those of the first."
        ),
        tables={"rows": MARKS},
        declaration=(
            "- {id: mean_summer, formula: {kind: mean, column: summer}, by: [g]}\n"
            "- {id: mean_winter, formula: {kind: mean, column: winter}, by: [g]}\n"
            "- formula: {kind: derived, operation: difference, operands: [mean_summer, mean_winter]}\n"
            "  by: [g]"
        ),
        expected="""
            part       | value  | low      | high    | n | n_missing
            all        | 1.3    | -0.4767  | 3.0767  | 6 | 0
            a          | 2.3333 | -1.4612  | 6.1279  | 3 | 0
            b          | 0.0    | -12.7062 | 12.7062 | 2 | 0
            (no value) | 1.0    |          |         | 1 | 0
        """,
        plain=difference_by_group,
    ),
    Spec(
        title="Total per head",
        meaning=(
            "A total over the population of another contract, times 1000. Both are complete counts, so there is no"
            " interval. Where one of them is missing there is no value: it is never taken for zero."
        ),
        tables={"visits": VISITS, "areas": RESIDENTS},
        declaration=(
            "- {id: all_hours, contract: visits, formula: {kind: sum, column: hours}, by: [town]}\n"
            "- {id: people, contract: areas, formula: {kind: sum, column: residents}, by: [town]}\n"
            "- formula: {kind: derived, operation: per_head, operands: [all_hours, people], factor: 1000}\n"
            "  contract: visits\n"
            "  by: [town]"
        ),
        expected="""
            part | value  | n | n_missing
            all  | 3.9474 | 4 | 1
            n    | 5.0    | 2 | 0
            s    | 3.0    | 1 | 1
            e    |        | 1 | 0
            w    |        | 0 | 0
        """,
        plain=per_head_by_town,
    ),
    Spec(
        title="Share of a total",
        meaning="A count of some rows over the count of all of them.",
        tables={"rows": MARKS},
        declaration=(
            "- {id: good, formula: {kind: count}, where: [{column: summer, at_least: 7}]}\n"
            "- {id: pupils, formula: {kind: count}}\n"
            "- formula: {kind: derived, operation: share_of, operands: [good, pupils]}"
        ),
        expected="""
            value | n | n_missing
            0.5   | 3 | 0
        """,
        plain=share_of_good,
    ),
)
