"""Changes of networks."""

import numpy as np
import pandas as pd

from tests.spec.formulas.network import FORMULA, TABLES, among, who_answered
from tests.spec.spec import Row, Spec


def change_of_density(ties: pd.DataFrame, bodies: pd.DataFrame) -> Row:
    both = who_answered(bodies, "before").intersection(who_answered(bodies, "after"))
    then, now = (among(ties, both, wave) for wave in ("before", "after"))
    if len(both) < 3 or then.equals(now):
        return {"estimate": np.nan, "n_obs": np.nan}
    return {"estimate": (len(now) - len(then)) / (len(both) * (len(both) - 1)), "n_obs": len(both)}


SPECS = (
    Spec(
        title="Change of a network's density",
        meaning=(
            "The measure among the bodies that answered both times, at the later wave less at the earlier one; a"
            " change, and no effect. Its interval, by drawing bodies again, has no short form."
        ),
        tables=TABLES,
        declaration=FORMULA.format(measure="density", more="").replace(
            "ex_post: {wave: after}",
            "ex_ante: {baseline: {wave: before}}\nex_post: {wave: after, design: {kind: network_change, draws: 100}}",
        ),
        expected="""
            estimate | n_obs
            0        | 3
        """,
        plain=change_of_density,
    ),
)
