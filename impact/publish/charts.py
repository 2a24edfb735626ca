"""Control charts of values by period: which periods are signals, and which vary as they always did.

From ``impact.period_value`` in a run's transaction, after :mod:`impact.publish.periods`. Every part of every indicator
has its chart, of the shortest periods; one of fewer than twelve values, or without variation, has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.errors import NotEstimable
from impact.measure.formula import is_share
from impact.measure.period_values import has_periods
from impact.publish.periods import PART
from impact.states import Reading
from impact.statistics.control_charts import Chart, Side, Signal, p_chart, xmr
from impact.tables.charts import ChartPoint

_HIGHER: tuple[Side, ...] = ("above", "rising")
_POINTS = """SELECT * FROM impact.period_value WHERE programme = ? AND indicator = ? AND every = ?
ORDER BY arm, scope, scope_value, "group", group_value, first"""


def make_charts(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Chart every part of the indicators that have values by period.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the values by period written.
    """
    frames = list(_frames(programme, connection))
    names = [name for name in ChartPoint.TABLE.columns if name != "programme"]
    table = pd.concat(frames, ignore_index=True)[names] if frames else pd.DataFrame(columns=names)
    return {"chart_point": table}


def _frames(programme: Programme, connection: duckdb.DuckDBPyConnection) -> Iterator[pd.DataFrame]:
    for indicator in programme.indicators:
        if not has_periods(programme, indicator):
            continue
        clock = programme.contracts[indicator.contract].period
        every = clock.every if clock else ""
        points = connection.execute(_POINTS, [programme.id, indicator.id, every]).df()
        for _, of_part in points.groupby(PART, sort=False):
            try:
                yield _charted(indicator, of_part, _chart(indicator, of_part))
            except NotEstimable:
                continue


def _chart(indicator: Indicator, points: pd.DataFrame) -> Chart:
    """Return the chart of a part: of shares where each row is counted or not, else of values."""
    values = points["value"].to_numpy(dtype=float)
    if is_share(indicator) and not indicator.sample.columns():
        sizes = points["n"].to_numpy(dtype=float)
        return p_chart(np.round(values * sizes), sizes)
    return xmr(values)


def _charted(indicator: Indicator, points: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    return points.assign(
        chart=chart.kind,
        value=chart.values,
        center=chart.center,
        lower=chart.lower,
        upper=chart.upper,
        rules=pd.Series([_rules(signals) for signals in chart.signals], index=points.index),
        reading=[_reading(indicator.direction, signals) for signals in chart.signals],
    )


def _rules(signals: Sequence[Signal]) -> list[str]:
    return [f"{signal.rule} {signal.side}" for signal in signals]


def _reading(direction: str, signals: Sequence[Signal]) -> Reading:
    """Return what a period means for who looks after it: of signals to both sides, the one that worries."""
    if not signals:
        return Reading.COMMON
    if direction == "maintain":
        return Reading.CHANGE
    better = {(signal.side in _HIGHER) == (direction == "increase") for signal in signals}
    return Reading.CONCERN if False in better else Reading.IMPROVEMENT
