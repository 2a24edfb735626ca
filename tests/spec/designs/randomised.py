"""Randomised assignment."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.spec.draw import codes, numbers, rows
from tests.spec.spec import Row, Spec, Table

PERSONS = Table(
    """
    person | arm       | y
    p1     | treated   | 6.0
    p2     | treated   | 9.0
    p3     | treated   | 7.5
    p4     | untreated | 4.0
    p5     | untreated | 5.0
    p6     | untreated | 6.0
    p7     | untreated |
    p8     |           | 8.0
    """,
    key=("person",),
    random=rows({"arm": codes("treated", "untreated"), "y": numbers()}, least=5, most=16),
)


def difference_of_means(table: pd.DataFrame) -> Row:
    y = table.dropna(subset=["y"]).groupby("arm")["y"]
    n, mean, variance = (statistic.reindex(["treated", "untreated"]) for statistic in (y.count(), y.mean(), y.var()))
    estimable = n.min() > 1 and n.notna().all() and variance.sum() > 0
    estimate = mean["treated"] - mean["untreated"] if estimable else np.nan
    half = stats.t.ppf(0.975, n.sum() - 2) * np.sqrt((variance / n).sum())
    interval = {"effect_low": estimate - half, "effect_high": estimate + half}
    return {"value": mean["treated"], "estimate": estimate, **interval, "n_obs": n.sum() if estimable else np.nan}


SPECS = (
    Spec(
        title="Difference of means",
        meaning=(
            "By how much the mean of the treated is above that of the others; the error is the one of two samples with"
            " variances of their own. Who has no arm or no outcome is left out; an arm of fewer than two, or outcomes"
            " without any spread, give no effect."
        ),
        tables={"rows": PERSONS},
        declaration=(
            "formula: {kind: mean, column: y}\n"
            "ex_post: {period: 2020, design: {kind: randomised, arm: arm, treated: treated, comparison: untreated}}"
        ),
        expected="""
            value | estimate | effect_low | effect_high | n_obs
            7.5   | 2.5      | -0.3898    | 5.3898      | 6
        """,
        plain=difference_of_means,
    ),
)
