"""Indices of several indicators."""

import numpy as np
import pandas as pd

from tests.spec.draw import codes, numbers, rows
from tests.spec.spec import Row, Spec, Table

TOWNS = Table(
    """
    row | town | work | debt
    r1  | n    | 40.0 | 80.0
    r2  | e    | 80   | 20
    r3  | s    | 60   | 40
    r4  | w    | 50   |
    """,
    key=("row",),
    random=rows(
        {
            "town": codes("n", "e", "s", "w", missing=False),
            "work": numbers(1, 9, sizes=[10.0]),
            "debt": numbers(1, 9, sizes=[10.0]),
        },
        label="row",
    ),
)
COMPONENTS = (
    "- {{id: mean_work, formula: {{kind: mean, column: work}}, by: [town]}}\n"
    "- {{id: mean_debt, formula: {{kind: mean, column: debt}}, by: [town]}}\n"
    "- formula: {{kind: composite, method: {method}, units: town, components: [{parts}]}}\n"
    "  by: [town]"
)


def means(table: pd.DataFrame) -> pd.DataFrame:
    """The components of the whole and of each town, and the rows of the first."""
    groups = [("all", table), *table.groupby("town")]
    return pd.DataFrame(
        [
            {"part": part, "work": one["work"].mean(), "debt": one["debt"].mean(), "n": one["work"].count()}
            | {"n_missing": one["work"].isna().sum()}
            for part, one in groups
        ]
    )


def as_rows(components: pd.DataFrame, index: pd.Series) -> list[Row]:
    return components[["part", "n", "n_missing"]].assign(value=index).to_dict("records")


def mean_of_scores(table: pd.DataFrame) -> list[Row]:
    components = means(table)
    work = (components["work"] / 100).clip(0, 1)
    debt = 1 - (components["debt"] / 100).clip(0, 1)
    return as_rows(components, (3 * work + debt) / 4)


def adjusted(table: pd.DataFrame) -> list[Row]:
    """Scores of 70 to 130 around the whole; the penalty is the variance over the mean."""
    components = means(table)
    towns = components[components["part"] != "all"]
    scores = pd.DataFrame({name: score(components[name], towns[name]) for name in ("work", "debt")})
    if scores.isna().all().any():
        return as_rows(components, components["work"] * np.nan)
    scores["debt"] = 200 - scores["debt"]
    mean, variance = scores.mean(axis=1, skipna=False), scores.var(axis=1, ddof=0, skipna=False)
    return as_rows(components, mean - variance / mean)


def score(values: pd.Series, towns: pd.Series) -> pd.Series:
    spread = towns.max() - towns.min()
    return 100 + 60 * (values - values.iloc[0]) / spread if spread > 0 else values * np.nan


SPECS = (
    Spec(
        title="Weighted mean of scores",
        meaning=(
            "Each component is scored from 0 to 1 between its goalposts, turned round where more of it is worse; the"
            " value is the weighted mean. A unit without one of them has no index."
        ),
        tables={"rows": TOWNS},
        declaration=COMPONENTS.format(
            method="weighted_mean",
            parts=(
                "{indicator: mean_work, weight: 3, goalposts: [0, 100]}, "
                "{indicator: mean_debt, goalposts: [0, 100], polarity: negative}"
            ),
        ),
        expected="""
            part | value  | n | n_missing
            all  | 0.5646 | 4 | 0
            e    | 0.8    | 1 | 0
            n    | 0.35   | 1 | 0
            s    | 0.6    | 1 | 0
            w    |        | 1 | 0
        """,
        plain=mean_of_scores,
    ),
    Spec(
        title="Adjusted Mazziotta-Pareto index",
        meaning=(
            "Each component is scored around that of the whole, which is 100, so that its range over all units is 60"
            " points. The value is the mean of a unit's scores less their variance over that mean: a unit whose scores"
            " lie apart has less than one whose scores are alike."
        ),
        tables={"rows": TOWNS},
        declaration=COMPONENTS.format(
            method="ampi", parts="{indicator: mean_work}, {indicator: mean_debt, polarity: negative}"
        ),
        expected="""
            part | value    | n | n_missing
            all  | 100.0    | 4 | 0
            e    | 130.112  | 1 | 0
            n    | 70.0297  | 1 | 0
            s    | 105.1881 | 1 | 0
            w    |          | 1 | 0
        """,
        plain=adjusted,
    ),
)
