"""Staggered adoption."""

import numpy as np
import pandas as pd

from tests.spec.draw import codes, different, over_waves
from tests.spec.spec import Row, Spec, Table

YEARS = ("2011", "2012", "2013")


def estimable(table: pd.DataFrame) -> bool:
    """Whether some cohort, and those never treated, are two or more."""
    sizes = table["cohort"].value_counts() / len(YEARS)
    return sizes.get("never", 0) > 1 and (sizes > 1).sum() > 1


UNITS = Table(
    """
    unit | wave | cohort | y
    u1   | 2011 | 2012   | 3.0
    u1   | 2012 | 2012   | 6.0
    u1   | 2013 | 2012   | 9.0
    u2   | 2011 | 2012   | 4.0
    u2   | 2012 | 2012   | 6.5
    u2   | 2013 | 2012   | 7.0
    u3   | 2011 | 2013   | 1.0
    u3   | 2012 | 2013   | 2.0
    u3   | 2013 | 2013   | 6.0
    u4   | 2011 | 2013   | 5.0
    u4   | 2012 | 2013   | 7.0
    u4   | 2013 | 2013   | 8.0
    u5   | 2011 | never  | 2.0
    u5   | 2012 | never  | 3.0
    u5   | 2013 | never  | 3.5
    u6   | 2011 | never  | 6.0
    u6   | 2012 | never  | 6.5
    u6   | 2013 | never  | 9.0
    """,
    key=("unit", "wave"),
    random=over_waves(
        YEARS,
        fixed={"cohort": codes("2012", "2013", "never", missing=False)},
        varying={"y": different()},
        least=8,
        most=12,
        lost=False,
        label="unit",
    ).filter(estimable),
    contract={"person": "unit", "wave": "wave"},
)


def mean_of_cohorts(table: pd.DataFrame) -> Row:
    cohort = table.groupby("unit")["cohort"].first()
    cohort = cohort[cohort.duplicated(keep=False)]
    y = table.pivot(index="unit", columns="wave", values="y").loc[cohort.index]
    effects, sizes = [], []
    for start in sorted(set(cohort) - {"never"}):
        last = max(wave for wave in y if wave < start)
        for wave in (wave for wave in y if wave >= start):
            change = (y[wave] - y[last]).groupby(cohort).mean()
            effects.append(change[start] - change["never"])
            sizes.append((cohort == start).sum())
    return {"estimate": np.average(effects, weights=sizes), "n_obs": len(y)}


SPECS = (
    Spec(
        title="Mean over cohorts and waves",
        meaning=(
            "For each cohort and each wave since its start: how much more it changed, from the last wave before its"
            " start, than the units that are never treated. The effect is the mean of these, each counted by the size"
            " of its cohort; a cohort of one unit is left out."
        ),
        tables={"rows": UNITS},
        declaration=(
            "formula: {kind: mean, column: y}\n"
            "ex_post: {wave: 2013, design: {kind: staggered, cohort: cohort, never: [never], sensitivity: false}}"
        ),
        expected="""
            estimate | n_obs
            1.75     | 6
        """,
        plain=mean_of_cohorts,
    ),
)
