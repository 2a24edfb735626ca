"""Panels with unit and wave effects."""

import numpy as np
import pandas as pd

from tests.spec.draw import different, numbers, over_waves
from tests.spec.spec import Row, Spec, Table

YEARS = ("2011", "2012", "2013")


def estimable(table: pd.DataFrame) -> bool:
    """Whether each unit is seen twice, and the treatment varies in several."""
    units = table.dropna().groupby("unit")["hours"]
    return units.size().min() > 1 and (units.nunique() > 1).sum() > 2


UNITS = Table(
    """
    unit | wave | hours | y
    u1   | 2011 | 0     | 3.0
    u1   | 2012 | 0     | 4.0
    u1   | 2013 | 2     | 9.0
    u2   | 2011 | 0     | 5.0
    u2   | 2012 | 1     | 8.0
    u2   | 2013 | 1     | 7.0
    u3   | 2011 | 0     | 1.0
    u3   | 2012 | 0     | 3.0
    u3   | 2013 | 0     | 2.0
    u4   | 2012 | 0     | 6.0
    u4   | 2013 | 0     | 9.0
    """,
    key=("unit", "wave"),
    random=over_waves(
        YEARS, varying={"hours": numbers(0, 3, sizes=[1.0]), "y": different(missing=True)}, least=6, label="unit"
    ).filter(estimable),
    contract={"person": "unit", "wave": "wave"},
)


def within(table: pd.DataFrame) -> Row:
    seen = table.dropna()
    effects = pd.get_dummies(seen[["unit", "wave"]]).to_numpy(dtype=float)
    hours, y = (seen[name] - effects @ np.linalg.lstsq(effects, seen[name])[0] for name in ("hours", "y"))
    return {"estimate": (hours @ y) / (hours @ hours), "n_obs": len(seen)}


SPECS = (
    Spec(
        title="Regression with unit and wave effects",
        meaning=(
            "What remains of the outcome beside a level for each unit and each wave, on what remains of the treatment."
        ),
        tables={"rows": UNITS},
        declaration=(
            "formula: {kind: mean, column: y}\nex_post: {wave: 2013, design: {kind: panel, treatment: hours}}"
        ),
        expected="""
            estimate | n_obs
            2.1429   | 11
        """,
        plain=within,
    ),
)
