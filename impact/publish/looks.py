"""What is known of a part on a day, or of a period: from the tables of measures and of period values.

Before :mod:`impact.publish.milestones`, which holds it against promises. Nothing is dated by guess: a value is of a
wave's last day, of a period that ends on a day, or of everything up to the end of the shortest.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import pandas as pd

from impact.declare import Programme, last_day
from impact.declare.indicators import Indicator
from impact.formulas.measured import COMPLETE
from impact.formulas.registry import kind_of
from impact.measure.measurement import INCOMPLETE
from impact.measure.period_values import has_periods
from impact.periods import Every
from impact.sql import EVERY_COLUMN, Select, ident
from impact.states import Arm, PeriodState
from impact.store.sentences import decoded
from impact.tables.frames import to_python
from impact.tables.part import COLUMNS

Cell = tuple[Hashable, ...]
"""The four columns that say which part a row is of."""


@dataclass(frozen=True)
class Look:
    """What is known on a day.

    Parameters
    ----------
    day
        The last day that it is of.
    name
        Period or wave.
    value, low, high
        In the indicator's unit; None where there is none.
    exact
        Whether a value without interval is a complete count.
    complete
        Whether no report is missing from it.
    suppressed
        Why readers are not shown it; empty where they are.
    """

    day: datetime.date
    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    exact: bool = True
    complete: bool = True
    suppressed: str = ""


@dataclass(frozen=True)
class Step:
    """The value of one of the shortest periods; of a running total what it added."""

    first: datetime.date
    last: datetime.date
    value: float | None


@dataclass(frozen=True)
class Looks:
    """All that is known of a part.

    Parameters
    ----------
    until
        The last day with data, of any part.
    on_days
        By day, in order: waves, or everything up to the end of each of the shortest periods.
    of_periods
        By length and last day; empty without a clock.
    steps
        The shortest periods in order; empty without a clock, and where one of them is hidden.
    arm
        Of the design whose values they are; empty without arms.
    """

    until: datetime.date | None
    on_days: tuple[Look, ...] = ()
    of_periods: Mapping[tuple[Every, datetime.date], Look] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    arm: Arm = Arm.ALL

    def last_on(self, day: datetime.date, after: datetime.date | None) -> Look | None:
        """Return the last look on or before a day, and after another day: what was known earlier is not of this one."""
        found = [look for look in self.on_days if look.day <= day and (after is None or look.day > after)]
        return found[-1] if found else None


@dataclass(frozen=True)
class IndicatorLooks:
    """The looks of an indicator by part.

    Parameters
    ----------
    of
        ``to_date`` where rows have a clock, else ``wave``.
    until
        The last day with data, of any part.
    parts
        By part.
    """

    of: str
    until: datetime.date | None
    parts: Mapping[Cell, Looks]

    def of_part(self, cell: Cell) -> Looks:
        """Return what is known of a part; of one without any row only until when there are data."""
        return self.parts.get(cell, Looks(self.until))


def indicator_looks(
    programme: Programme, connection: duckdb.DuckDBPyConnection, indicator: Indicator
) -> IndicatorLooks:
    """Return what is known of an indicator, by part.

    Parameters
    ----------
    programme, indicator
        As declared.
    connection
        In the run's transaction, with measures and period values written.
    """
    table = "period_value" if has_periods(programme, indicator) else "measure"
    where = ("programme = ?", "indicator = ?", "arm <> 'comparison'")
    query = Select(EVERY_COLUMN, ident("impact", table), where=where)
    rows = decoded(table, connection.execute(query.sql(), [programme.id, indicator.id]).df())
    if table == "measure":
        return _by_wave(programme, indicator, rows)
    return _by_period(programme, indicator, rows)


# ---- waves -----------------------------------------------------------------------------------------------------------


def _by_wave(programme: Programme, indicator: Indicator, rows: pd.DataFrame) -> IndicatorLooks:
    days = {wave.id: _day(wave.date) for wave in programme.header.waves}
    if indicator.ex_post.period:
        days[""] = _day(indicator.ex_post.period)
    dated = rows[rows["wave"].isin(list(days))]
    measured = dated.loc[dated["value"].notna(), "wave"].map(days)
    until = max(measured, default=None)
    parts = {}
    for cell, of_part in dated.groupby(list(COLUMNS), sort=False):
        looks = [_wave_look(row, days[row["wave"]]) for row in _records(of_part)]
        parts[cell] = Looks(until, tuple(sorted(looks, key=_day_of)), arm=_arm(of_part))
    return IndicatorLooks("wave", until, parts)


def _wave_look(row: Mapping[str, Any], day: datetime.date) -> Look:
    interval = (row["conf_low"], row["conf_high"])
    return Look(day, row["wave"], row["value"], *interval, row["method"] == COMPLETE, INCOMPLETE not in row["flags"])


def _day(date: str) -> datetime.date:
    return datetime.date.fromisoformat(last_day(date))


def _day_of(look: Look) -> datetime.date:
    return look.day


def _arm(rows: pd.DataFrame) -> Arm:
    return Arm(str(rows["arm"].iloc[0]))


def _records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of a frame with values as Python has them."""
    names = list(frame.columns)
    for values in frame.itertuples(index=False, name=None):
        yield dict(zip(names, map(to_python, values), strict=True))


# ---- periods ---------------------------------------------------------------------------------------------------------


def _by_period(programme: Programme, indicator: Indicator, rows: pd.DataFrame) -> IndicatorLooks:
    clock = programme.contracts[indicator.contract].period
    assert clock is not None  # noqa: S101 - it has values by period
    typed = rows.assign(first=pd.to_datetime(rows["first"]).dt.date, last=pd.to_datetime(rows["last"]).dt.date)
    of_steps = typed["every"] == clock.every
    until = max(typed.loc[of_steps, "last"], default=None)
    parts = {}
    for cell, of_part in typed.sort_values("last").groupby(list(COLUMNS), sort=False):
        looks = _part_looks(indicator, clock.every, list(_records(of_part)), until)
        parts[cell] = replace(looks, arm=_arm(of_part))
    return IndicatorLooks("to_date", until, parts)


def _part_looks(indicator: Indicator, every: Every, rows: list[dict[str, Any]], until: datetime.date | None) -> Looks:
    """Return what is known of a part from its rows, in order of their last days."""
    stock, of_all = indicator.over_time == "stock", kind_of(indicator.formula).of_all_units
    exact = all(row["method"] in (COMPLETE, "") for row in rows)
    steps = [row for row in rows if row["every"] == every]
    silent = _silent_days(steps) if of_all else []
    open_days = {row["last"] for row in rows if not row["suppressed"]}
    to_date = ("value", "conf_low", "conf_high") if stock else ("to_date", "to_date_low", "to_date_high")
    on_days = []
    for row in steps:
        gaps = [row["last"]] if indicator.over_time == "running_total" else silent
        complete = not any(day <= row["last"] and day in silent for day in gaps)
        look = _period_look(row, to_date, exact=exact, complete=stock or complete)
        on_days.append(replace(look, suppressed="" if row["last"] in open_days else row["suppressed"]))
    of_periods = {}
    for row in rows:
        complete = not any(row["first"] <= day <= row["last"] for day in silent)
        look = _period_look(row, ("value", "conf_low", "conf_high"), exact=exact, complete=complete)
        of_periods[row["every"], row["last"]] = look
    hidden = any(row["suppressed"] for row in steps)
    series = () if hidden else tuple(Step(row["first"], row["last"], row["value"]) for row in steps)
    return Looks(until, tuple(on_days), of_periods, series)


def _period_look(row: Mapping[str, Any], names: tuple[str, str, str], *, exact: bool, complete: bool) -> Look:
    value, low, high = (row[name] for name in names)
    whole = complete and INCOMPLETE not in row["flags"]
    return Look(row["last"], row["period"], value, low, high, exact, whole, row["suppressed"])


def _silent_days(steps: list[dict[str, Any]]) -> list[datetime.date]:
    """Return the last days of the periods without report, from the part's first report on."""
    started, silent = False, []
    for row in steps:
        started = started or row["state"] != PeriodState.NO_REPORT
        if started and row["state"] == PeriodState.NO_REPORT:
            silent.append(row["last"])
    return silent
