"""Effects carried to a territory."""

import pandas as pd

from tests.spec.designs.randomised import PERSONS, difference_of_means
from tests.spec.draw import numbers, rows
from tests.spec.spec import Row, Spec, Table

TOWN = Table(
    """
    town  | y
    turin | 5.5
    """,
    key=("town",),
    random=rows({"y": numbers()}, label="town", most=3),
)


def effect_on_the_town(persons: pd.DataFrame, towns: pd.DataFrame) -> Row:
    effect, reached = difference_of_means(persons), 50 / 1000
    columns = ("estimate", "effect_low", "effect_high")
    return {"value": towns["y"].mean(), **{name: effect[name] * reached for name in columns}, "n_obs": effect["n_obs"]}


SPECS = (
    Spec(
        title="Reach × effect / population",
        meaning=(
            "The effect on those reached, times their number, over the people of the territory: by how much the"
            " programme moved the territory's mean, if those reached gain what those studied did."
        ),
        tables={"persons": PERSONS, "towns": TOWN},
        declaration="""
- id: gain
  contract: persons
  formula: {kind: mean, column: y}
  ex_post: {period: 2020, design: {kind: randomised, arm: arm, treated: treated, comparison: untreated}}
- id: town_mean
  contract: towns
  node: territory
  level: macro
  formula: {kind: mean, column: y}
  ex_post:
    period: 2020
    design:
      kind: scaled_effect
      of: gain
      reach: {total: 50, origin: {document: Register of the programme}}
      population: {total: 1000, origin: {document: Census}}
""".strip(),
        expected="""
            value | estimate | effect_low | effect_high | n_obs
            5.5   | 0.125    | -0.0195    | 0.2695      | 6
        """,
        plain=effect_on_the_town,
    ),
)
