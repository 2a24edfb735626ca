"""Matching."""

import numpy as np
import pandas as pd

from tests.spec.draw import codes, different, numbers, rows
from tests.spec.spec import Row, Spec, Table


def estimable(table: pd.DataFrame) -> bool:
    """Whether both arms are there, with covariates that differ."""
    arms = table.dropna()["arm"].value_counts()
    return arms.get("treated", 0) > 1 and arms.get("untreated", 0) > 2 and table.dropna()["x"].nunique() > 1


PERSONS = Table(
    """
    person | arm       | x    | y
    p1     | treated   | 20.0 | 7.0
    p2     | treated   | 31.0 | 9.0
    p3     | treated   | 40.0 | 8.0
    p4     | untreated | 22.0 | 4.0
    p5     | untreated | 30.0 | 6.0
    p6     | untreated | 32.0 | 5.0
    p7     | untreated | 60.0 | 1.0
    p8     | untreated |      | 9.0
    """,
    key=("person",),
    random=rows({"arm": codes("treated", "untreated"), "x": numbers(), "y": different()}, least=6, most=16).filter(
        estimable
    ),
)


def nearest(table: pd.DataFrame) -> Row:
    seen = table.dropna(subset=["arm", "x", "y"])
    treated, others = seen[seen["arm"] == "treated"], seen[seen["arm"] == "untreated"]
    distance = np.abs(treated["x"].to_numpy()[:, None] - others["x"].to_numpy())
    alike = np.isclose(distance, distance.min(axis=1, keepdims=True), atol=0)
    expected = (alike * others["y"].to_numpy()).sum(axis=1) / alike.sum(axis=1)
    return {"estimate": (treated["y"] - expected).mean(), "n_obs": len(treated) + alike.any(axis=0).sum()}


SPECS = (
    Spec(
        title="Nearest neighbours",
        meaning=(
            "The mean over the treated of their outcome less that of the untreated nearest to them in the covariates;"
            " where several are as near, less their mean. One untreated person may serve several."
        ),
        tables={"rows": PERSONS},
        declaration=(
            "formula: {kind: mean, column: y}\n"
            "ex_post:\n"
            "  period: 2020\n"
            "  design: {kind: matching, arm: arm, treated: treated, comparison: untreated, covariates: [x],\n"
            "           distance: mahalanobis, replacement: true}"
        ),
        expected="""
            estimate | n_obs
            3.1667   | 6
        """,
        plain=nearest,
    ),
)
