"""Control charts of values by period: which periods are signals, and which vary as they always did.

From ``impact.period_value`` in a run's transaction, after :mod:`impact.publish.periods`. Every part of every indicator
has its chart, of the shortest periods; one of fewer than twelve values, or without variation, has none. A total for
which reports are missing is a gap: a report that is late must not read as a fall.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.errors import NotEstimable
from impact.formulas.registry import kind_of
from impact.measure.formula import is_share
from impact.measure.period_values import has_periods
from impact.publish.periods import AFTER_GAP, PART
from impact.states import Reading
from impact.statistics.control_charts import Chart, Limits, Side, Signal, by_chance, p_chart, xmr
from impact.tables.charts import ChartPoint
from impact.tables.part import cut_columns

_LIMITS: Mapping[str, Limits] = {"xmr": "ranges", "p": "counts"}
"""How the limits of each kind of chart are set, which decides how often chance alone crosses them."""
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
        contract = programme.contracts[indicator.contract]
        every = contract.period.every if contract.period else ""
        points = connection.execute(_POINTS, [programme.id, indicator.id, every]).df()
        gaps = _lacks_reports(indicator, points, contract.due.by if contract.due else "")
        for _, of_part in points.assign(value=points["value"].mask(gaps)).groupby(PART, sort=False):
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


def _lacks_reports(indicator: Indicator, points: pd.DataFrame, owed_by: str) -> pd.Series:
    """Tell where a total lacks reports that are owed: it is lower for want of them, and no fall.

    From a part that is none of who owes them any that is missing may be missing. What a running total adds after one
    holds what that had brought, and is no rise.
    """
    lacking = (points["reports_received"] < points["reports_due"]).fillna(value=False).astype(bool)
    column = cut_columns(points)
    of_whole = points.loc[lacking & (column == ""), "period"]
    lacking |= points["period"].isin(of_whole) & (column != owed_by)
    if indicator.over_time == "running_total":
        lacking |= lacking.groupby([points[name] for name in PART], sort=False).shift(fill_value=False)
        lacking |= points["flags"].map(lambda flags: AFTER_GAP in flags)
    return lacking & kind_of(indicator.formula).grows


def _charted(indicator: Indicator, points: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    return points.assign(
        chart=chart.kind,
        value=chart.values,
        center=chart.center,
        lower=chart.lower,
        upper=chart.upper,
        chance=by_chance([np.isfinite(chart.values).sum()], limits=_LIMITS[chart.kind]).latest,
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
