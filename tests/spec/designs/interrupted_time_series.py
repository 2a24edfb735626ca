"""Interrupted time series."""

import numpy as np
import pandas as pd
from scipy import stats

from tests.spec.draw import different, over_waves
from tests.spec.spec import Row, Spec, Table

MONTHS = tuple(f"2020-{month:02}" for month in range(1, 11))
VISITS = Table(
    """
    wave    | visits
    2020-01 | 10.0
    2020-02 | 12.0
    2020-03 | 11.0
    2020-04 | 13.0
    2020-05 | 15.0
    2020-06 | 22.0
    2020-07 | 21.0
    2020-08 | 24.0
    2020-09 | 26.0
    2020-10 | 25.0
    """,
    key=("wave",),
    random=over_waves(MONTHS, varying={"visits": different()}, most=1, lost=False)
    .map(lambda table: table.drop(columns="person"))
    .filter(lambda table: table["visits"].diff().nunique() > 4),
)


def two_lines(table: pd.DataFrame) -> Row:
    month = np.arange(len(table))
    since = np.clip(month - 4, 0, None)
    lines = np.column_stack([np.ones(len(month)), month, since > 0, since])
    fitted, (squares,) = np.linalg.lstsq(lines, table["visits"])[:2]
    wanted, freedom = np.array([0, 0, 1, since[-1]]), len(month) - 4
    error = np.sqrt(squares / freedom * wanted @ np.linalg.inv(lines.T @ lines) @ wanted)
    estimate, half = wanted @ fitted, stats.t.ppf(0.975, freedom) * error
    return {"estimate": estimate, "effect_low": estimate - half, "effect_high": estimate + half, "n_obs": len(month)}


SPECS = (
    Spec(
        title="Two lines",
        meaning=(
            "A line before the start and another from it on; the effect is by how much the second is above the first,"
            " carried on, at the wave looked at."
        ),
        tables={"rows": VISITS},
        declaration=(
            "formula: {kind: mean, column: visits}\n"
            "ex_post:\n"
            "  wave: 2020-10\n"
            "  design: {kind: interrupted_time_series, start: 2020-06, errors: classical}"
        ),
        expected="""
            estimate | effect_low | effect_high | n_obs
            5.9      | -0.7608    | 12.5608     | 10
        """,
        plain=two_lines,
    ),
)
