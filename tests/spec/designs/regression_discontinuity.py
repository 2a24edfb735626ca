"""Regression discontinuity."""

import numpy as np
import pandas as pd

from tests.spec.draw import different, numbers, rows
from tests.spec.spec import Row, Spec, Table


def estimable(table: pd.DataFrame) -> bool:
    """Whether ten are near the cutoff on each side, with outcomes that differ."""
    near = table.dropna()[lambda seen: (seen["points"] - 50).abs() < 14.5]
    return (near["points"] < 50).sum() > 9 and (near["points"] >= 50).sum() > 9 and near["y"].nunique() > 3


APPLICANTS = Table(
    """
    person | points | y
    p01    | 40.0   | 3.0
    p02    | 41.0   | 2.0
    p03    | 42.0   | 4.0
    p04    | 43.0   | 3.5
    p05    | 44.0   | 3.0
    p06    | 45.0   | 5.0
    p07    | 46.0   | 4.0
    p08    | 47.0   | 4.5
    p09    | 48.0   | 6.0
    p10    | 49.0   | 5.0
    p11    | 50.0   | 8.0
    p12    | 51.0   | 8.5
    p13    | 52.0   | 7.0
    p14    | 53.0   | 9.0
    p15    | 54.0   | 9.5
    p16    | 55.0   | 8.0
    p17    | 56.0   | 9.0
    p18    | 57.0   | 10.0
    p19    | 58.0   | 9.5
    p20    | 59.0   | 11.0
    p21    | 60.0   | 2.0
    """,
    key=("person",),
    random=rows({"points": different(), "y": numbers()}, least=34, most=40)
    .map(lambda table: table.assign(points=table["points"] + 33))
    .filter(estimable),
)


def jump(table: pd.DataFrame) -> Row:
    seen = table.dropna(subset=["points", "y"])
    distance, limits, near = seen["points"] - 50, [], 0
    for side in (distance < 0, distance >= 0):
        weight = np.sqrt(np.clip(1 - distance[side].abs() / 14.5, 0, None))
        line = np.column_stack([np.ones(side.sum()), distance[side]]) * weight.to_numpy()[:, None]
        limits.append(np.linalg.lstsq(line, seen["y"][side] * weight)[0][0])
        near += (weight > 0).sum()
    return {"estimate": limits[1] - limits[0], "n_obs": near}


SPECS = (
    Spec(
        title="Jump of two lines",
        meaning=(
            "A line is fitted on each side of the cutoff, to those within the bandwidth, the nearer the more; the"
            " effect is by how much the lines are apart at the cutoff."
        ),
        tables={"rows": APPLICANTS},
        declaration=(
            "formula: {kind: mean, column: y}\n"
            "ex_post:\n"
            "  period: 2020\n"
            "  design: {kind: regression_discontinuity, running: points, cutoff: 50, bandwidth: 14.5, report: conventional}"
        ),
        expected="""
            estimate | n_obs
            2.6038   | 21
        """,
        plain=jump,
    ),
)
