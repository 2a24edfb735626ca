"""Difference-in-differences."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.spec.draw import codes, numbers, over_waves, rows
from tests.spec.spec import Row, Spec, Table

WAVES, ARMS = ("before", "after"), ["treated", "untreated"]
LINKED = Table(
    """
    person | wave   | arm       | y
    p1     | before | treated   | 4.0
    p1     | after  | treated   | 9.0
    p2     | before | treated   | 5.0
    p2     | after  | treated   | 8.0
    p3     | before | treated   | 2.0
    p4     | before | untreated | 6.0
    p4     | after  | untreated | 7.0
    p5     | before | untreated | 3.0
    p5     | after  | untreated | 5.0
    p6     | before | untreated | 9.0
    p6     | after  | untreated |
    """,
    key=("person", "wave"),
    random=over_waves(WAVES, fixed={"arm": codes(*ARMS)}, varying={"y": numbers()}, least=5, most=12),
)
REPEATED = Table(
    """
    row | wave   | arm       | y
    r1  | before | treated   | 4.0
    r2  | before | treated   | 5.0
    r3  | before | untreated | 6.0
    r4  | before | untreated | 3.0
    r5  | after  | treated   | 9.0
    r6  | after  | treated   | 8.0
    r7  | after  | treated   | 7.0
    r8  | after  | untreated | 7.0
    r9  | after  | untreated | 5.0
    """,
    key=("row",),
    random=rows(
        {"wave": codes(*WAVES, missing=False), "arm": codes(*ARMS), "y": numbers()}, least=12, most=24, label="row"
    ),
)


def difference_of_changes(table: pd.DataFrame) -> Row:
    wide = table.pivot(index="person", columns="wave", values="y").reindex(columns=WAVES)
    arm = table.groupby("person")["arm"].first()
    change = (wide["after"] - wide["before"]).dropna().groupby(arm)
    n, mean, variance = (statistic.reindex(ARMS) for statistic in (change.count(), change.mean(), change.var()))
    estimable = n.min() > 1 and n.notna().all() and variance.sum() > 0
    estimate = mean["treated"] - mean["untreated"] if estimable else np.nan
    freedom = (1 / n).sum() ** 2 / (1 / (n**2 * (n - 1))).sum() if estimable else np.nan
    half = stats.t.ppf(0.975, freedom) * np.sqrt((variance / n).sum())
    interval = {"effect_low": estimate - half, "effect_high": estimate + half}
    return {"estimate": estimate, **interval, "n_obs": 2 * n.sum() if estimable else np.nan}


def difference_of_cells(table: pd.DataFrame) -> Row:
    cells = table.dropna(subset=["y"]).groupby(["arm", "wave"])["y"]
    every = pd.MultiIndex.from_product([ARMS, WAVES])
    n, mean, variance = (statistic.reindex(every) for statistic in (cells.count(), cells.mean(), cells.var()))
    estimable = n.min() > 1 and n.notna().all() and variance.sum() > 0
    gains = [mean[arm, "after"] - mean[arm, "before"] for arm in ARMS]
    estimate = gains[0] - gains[1] if estimable else np.nan
    half = stats.t.ppf(0.975, n.sum() - 4) * np.sqrt((variance / n).sum())
    interval = {"effect_low": estimate - half, "effect_high": estimate + half}
    return {"estimate": estimate, **interval, "n_obs": n.sum() if estimable else np.nan}


DECLARATION = (
    "formula: {{kind: mean, column: y}}\n"
    "ex_ante: {{baseline: {{wave: before}}}}\n"
    "ex_post: {{wave: after, design: {{kind: did, arm: arm, treated: treated, comparison: untreated{more}}}}}"
)
SPECS = (
    Spec(
        title="Difference of changes of linked persons",
        meaning=(
            "By how much more the treated changed than the others, of those with an outcome at both waves; the error"
            " is that of two samples of changes, with Satterthwaite's degrees of freedom."
        ),
        tables={"rows": LINKED},
        declaration=DECLARATION.format(more=""),
        expected="""
            estimate | effect_low | effect_high | n_obs
            2.5      | -2.3105    | 7.3105      | 8
        """,
        plain=difference_of_changes,
    ),
    Spec(
        title="Difference of changes of repeated cross-sections",
        meaning="The same of the means of four groups of different rows: two arms at two waves.",
        tables={"rows": REPEATED},
        declaration=DECLARATION.format(more=", rows: repeated"),
        expected="""
            estimate | effect_low | effect_high | n_obs
            2        | -3.0329    | 7.0329      | 9
        """,
        plain=difference_of_cells,
    ),
)
