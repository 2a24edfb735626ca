"""Association."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.spec.draw import different, numbers, rows
from tests.spec.spec import Row, Spec, Table


def estimable(table: pd.DataFrame) -> bool:
    """Whether several persons tell the exposure from the covariate, and the outcome from both."""
    seen = table.dropna()
    x = np.column_stack([np.ones(len(seen)), seen["hours"], seen["age"]])
    leverage = (x @ np.linalg.pinv(x) * np.eye(len(x))).sum(axis=1)
    lines = [np.linalg.matrix_rank(np.column_stack(columns)) for columns in (x.T, [*x.T, seen["y"]])]
    return lines == [3, 4] and leverage.max() < 0.99


PERSONS = Table(
    """
    person | hours | age  | y
    p1     | 0.0   | 30.0 | 4.0
    p2     | 1.0   | 41.0 | 5.0
    p3     | 2.0   | 25.0 | 5.5
    p4     | 3.0   | 38.0 | 8.0
    p5     | 4.0   | 52.0 | 7.0
    p6     | 5.0   | 29.0 | 9.5
    p7     |       | 33.0 | 9.0
    """,
    key=("person",),
    random=rows(
        {"hours": numbers(sizes=(1.0, 0.5, 0.1)), "age": different(), "y": different(missing=True)}, least=8, most=16
    ).filter(estimable),
)


def slope(table: pd.DataFrame) -> Row:
    seen = table.dropna()
    x = np.column_stack([np.ones(len(seen)), seen["hours"], seen["age"]])
    bread = np.linalg.inv(x.T @ x)
    fitted = bread @ x.T @ seen["y"]
    residuals, leverage = seen["y"] - x @ fitted, ((x @ bread) * x).sum(axis=1)
    covariance = bread @ (x.T * (residuals**2 / (1 - leverage)).to_numpy()) @ x @ bread
    half = stats.t.ppf(0.975, len(seen) - 3) * np.sqrt(covariance[1, 1])
    interval = {"effect_low": fitted[1] - half, "effect_high": fitted[1] + half}
    return {"estimate": fitted[1], **interval, "n_obs": len(seen)}


SPECS = (
    Spec(
        title="Slope",
        meaning=(
            "By how much the outcome is higher where the exposure is higher by one, among persons alike in the"
            " covariates: a coefficient of least squares with HC2 errors, and no effect."
        ),
        tables={"rows": PERSONS},
        declaration=(
            "formula: {kind: mean, column: y}\n"
            "ex_post: {period: 2020, design: {kind: association, exposure: hours, covariates: [age]}}"
        ),
        expected="""
            estimate | effect_low | effect_high | n_obs
            1.0602   | 0.7652     | 1.3551      | 6
        """,
        plain=slope,
    ),
)
