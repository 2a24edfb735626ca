"""Synthetic control."""

from itertools import combinations

import numpy as np
import pandas as pd

from tests.spec.draw import different, over_waves
from tests.spec.spec import Row, Spec, Table

YEARS = ("2011", "2012", "2013", "2014", "2015")
REGIONS = Table(
    """
    unit | wave | y
    r00  | 2011 | 10.0
    r00  | 2012 | 12.0
    r00  | 2013 | 13.0
    r00  | 2014 | 20.0
    r00  | 2015 | 22.0
    r01  | 2011 | 8.0
    r01  | 2012 | 9.0
    r01  | 2013 | 12.0
    r01  | 2014 | 13.0
    r01  | 2015 | 14.0
    r02  | 2011 | 14.0
    r02  | 2012 | 16.0
    r02  | 2013 | 15.0
    r02  | 2014 | 16.0
    r02  | 2015 | 18.0
    r03  | 2011 | 3.0
    r03  | 2012 | 9.0
    r03  | 2013 | 4.0
    r03  | 2014 | 7.0
    r03  | 2015 | 5.0
    """,
    key=("unit", "wave"),
    random=over_waves(YEARS, varying={"y": different()}, least=4, most=4, lost=False, label="region")
    .map(lambda table: table.rename(columns={"region": "unit"}))
    .filter(lambda table: table["y"].diff().nunique() > 9),
    contract={"person": "unit", "wave": "wave"},
)


def mix(target: np.ndarray, donors: np.ndarray) -> np.ndarray:
    """Weights of the donors (waves, donors), none below zero and 1 in all, that come nearest to the target (waves,)."""
    best, least = np.zeros(donors.shape[1]), np.inf
    for size in range(1, donors.shape[1] + 1):
        for first, *others in combinations(range(donors.shape[1]), size):
            ahead = donors[:, others] - donors[:, [first]]
            shares = np.linalg.lstsq(ahead, target - donors[:, first])[0]
            weights = np.zeros(donors.shape[1])
            weights[[first, *others]] = [1 - shares.sum(), *shares]
            distance = ((target - donors @ weights) ** 2).sum()
            if weights.min() >= 0 and distance < least:
                best, least = weights, distance
    return best


def gap_to_the_mix(table: pd.DataFrame) -> Row:
    y = table.pivot(index="wave", columns="unit", values="y")
    donors = y.drop(columns="r00")
    before, after = y.index < "2014", y.index >= "2014"
    weights = mix(y.loc[before, "r00"].to_numpy(), donors[before].to_numpy())
    gaps = y["r00"] - donors @ weights
    return {"estimate": gaps[after].mean(), "n_obs": y.size}


def difference_of_changes(table: pd.DataFrame) -> Row:
    y = table.pivot(index="wave", columns="unit", values="y")
    change = y[y.index >= "2014"].mean() - y[y.index < "2014"].mean()
    return {"estimate": change["r00"] - change.drop("r00").mean(), "n_obs": y.size}


DECLARATION = (
    "formula: {{kind: mean, column: y}}\n"
    "ex_post:\n"
    "  wave: 2015\n"
    "  design: {{kind: synthetic_control, unit: unit, treated: r00, start: 2014, method: {method}}}"
)
SPECS = (
    Spec(
        title="Gap to the nearest mix",
        meaning=(
            "The untreated units are mixed so that the mix is nearest to the treated one in all waves before the start;"
            " the effect is the mean gap between the treated unit and the mix from the start on."
        ),
        tables={"rows": REGIONS},
        declaration=DECLARATION.format(method="synthetic_control"),
        expected="""
            estimate | n_obs
            6.4134   | 20
        """,
        plain=gap_to_the_mix,
    ),
    Spec(
        title="Difference of changes",
        meaning="With `method: did` all untreated units count alike, and what counts is how much each changed.",
        tables={"rows": REGIONS},
        declaration=DECLARATION.format(method="did"),
        expected="""
            estimate | n_obs
            7.1667   | 20
        """,
        plain=difference_of_changes,
    ),
)
