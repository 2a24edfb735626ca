"""Weighting."""

import pandas as pd

from tests.spec.draw import codes, different, rows
from tests.spec.spec import Row, Spec, Table


def estimable(table: pd.DataFrame) -> bool:
    """Whether each code has persons of both arms."""
    return len(table.dropna().groupby(["arm", "g"])) == 4


PERSONS = Table(
    """
    person | arm       | g | y
    p1     | treated   | a | 7.0
    p2     | treated   | a | 9.0
    p3     | treated   | b | 8.0
    p4     | untreated | a | 4.0
    p5     | untreated | b | 6.0
    p6     | untreated | b | 5.0
    p7     | untreated | b | 1.0
    p8     | untreated |   | 9.0
    """,
    key=("person",),
    random=rows(
        {"arm": codes("treated", "untreated"), "g": codes("a", "b"), "y": different()}, least=8, most=20
    ).filter(estimable),
)


def weighted_to_the_treated(table: pd.DataFrame) -> Row:
    seen = table.dropna(subset=["arm", "g", "y"])
    treated, others = seen[seen["arm"] == "treated"], seen[seen["arm"] == "untreated"]
    odds = others["g"].map(treated["g"].value_counts() / others["g"].value_counts())
    return {"estimate": treated["y"].mean() - (odds * others["y"]).sum() / odds.sum(), "n_obs": len(seen)}


SPECS = (
    Spec(
        title="Inverse odds weights",
        meaning=(
            "The mean of the treated less a mean of the others in which each counts by the odds of being treated, given"
            " the covariates: there are then as many of each kind as among the treated."
        ),
        tables={"rows": PERSONS},
        declaration=(
            "formula: {kind: mean, column: y}\n"
            "ex_post:\n"
            "  period: 2020\n"
            "  design: {kind: weighting, arm: arm, treated: treated, comparison: untreated, covariates: [g], method: ipw}"
        ),
        expected="""
            estimate | n_obs
            4        | 7
        """,
        plain=weighted_to_the_treated,
    ),
)
