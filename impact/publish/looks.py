"""What is known of a part on a day, or of a period: from the tables of measures and of period values.

Before :mod:`impact.publish.milestones`, which holds it against promises. Nothing is dated by guess: a value is of a
wave's last day, of a period that ends on a day, or of everything up to the end of the shortest.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Any

import duckdb

from impact.declare import Programme, last_day
from impact.declare.indicators import Indicator
from impact.formulas.measured import COMPLETE
from impact.formulas.registry import kind_of
from impact.measure.measurement import INCOMPLETE
from impact.measure.period_values import has_periods
from impact.periods import MONTHS, Every
from impact.sql import EVERY_COLUMN, Select, ident
from impact.states import Arm, PeriodState
from impact.store.sentences import decode
from impact.tables.part import COLUMNS, WHOLE, Part

Cell = tuple[str, ...]
"""The four columns that say which part a row is of."""
Row = dict[str, Any]
"""A row of a table, by column."""
_VALUE = ("value", "conf_low", "conf_high")
_WHOLE: Cell = tuple(map(str, WHOLE.fields().values()))


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
        The shortest periods in order, without a value where reports are missing from it; empty without a clock, and
        where one of them is hidden.
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
    if has_periods(programme, indicator):
        return _by_period(programme, indicator, _read(connection, programme, indicator, "period_value", "last"))
    return _by_wave(programme, indicator, _read(connection, programme, indicator, "measure", "wave"))


def _read(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator, table: str, order: str
) -> list[Row]:
    """Return the rows of an indicator by part, with values as Python has them; those compared with it stay out."""
    where = ("programme = ?", "indicator = ?", "arm <> 'comparison'")
    in_order = tuple(ident(name) for name in (*COLUMNS, order))
    query = Select(EVERY_COLUMN, ident("impact", table), where=where, order=in_order)
    found = connection.execute(query.sql(), [programme.id, indicator.id])
    names = [name for name, *_ in found.description or ()]
    rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    return [row | {"method": decode(row["method"])} for row in rows]


def _cell(row: Row) -> Cell:
    return tuple(row[name] for name in COLUMNS)


# ---- waves -----------------------------------------------------------------------------------------------------------


def _by_wave(programme: Programme, indicator: Indicator, rows: list[Row]) -> IndicatorLooks:
    days = {wave.id: _day(wave.date) for wave in programme.header.waves}
    if indicator.ex_post.period:
        days[""] = _day(indicator.ex_post.period)
    dated = [row for row in rows if row["wave"] in days]
    until = max((days[row["wave"]] for row in dated if row["value"] is not None), default=None)
    parts = {}
    for cell, members in groupby(dated, key=_cell):
        of_part = list(members)
        looks = sorted((_wave_look(row, days[row["wave"]]) for row in of_part), key=_day_of)
        parts[cell] = Looks(until, tuple(looks), arm=Arm(of_part[0]["arm"]))
    return IndicatorLooks("wave", until, parts)


def _wave_look(row: Row, day: datetime.date) -> Look:
    interval = (row["conf_low"], row["conf_high"])
    return Look(day, row["wave"], row["value"], *interval, row["method"] == COMPLETE, INCOMPLETE not in row["flags"])


def _day(date: str) -> datetime.date:
    return datetime.date.fromisoformat(last_day(date))


def _day_of(look: Look) -> datetime.date:
    return look.day


# ---- periods ---------------------------------------------------------------------------------------------------------


def _by_period(programme: Programme, indicator: Indicator, rows: list[Row]) -> IndicatorLooks:
    contract = programme.contracts[indicator.contract]
    clock, owed_by = contract.period, contract.due.by if contract.due else ""
    assert clock is not None  # noqa: S101 - it has values by period
    until = max((row["last"] for row in rows if row["every"] == clock.every), default=None)
    by_part = {cell: list(of_part) for cell, of_part in groupby(rows, key=_cell)}
    whole = by_part.get(_WHOLE, [])
    parts = dict[Cell, Looks]()
    for cell, of_part in by_part.items():
        owes = Part.of(of_part[0]).column == owed_by
        of_part_rows = _PartRows(indicator, clock.every, of_part, [] if owes else whole)
        parts[cell] = _part_looks(of_part_rows, until)
    return IndicatorLooks("to_date", until, parts)


def _part_looks(of_part: _PartRows, until: datetime.date | None) -> Looks:
    """Return what is known of a part."""
    on_days, of_periods = tuple(of_part.to_date()), dict(of_part.of_periods())
    return Looks(until, on_days, of_periods, tuple(of_part.to_project()), Arm(of_part.rows[0]["arm"]))


@dataclass(frozen=True)
class _PartRows:
    """The period values of a part, in order of their last days.

    Parameters
    ----------
    indicator, every
        Whose values, and how long the shortest periods are.
    rows
        Of the part.
    whole
        Those of the whole, which say what is missing where the part is none of who owes reports; else none.
    """

    indicator: Indicator
    every: Every
    rows: list[Row]
    whole: list[Row]

    @cached_property
    def steps(self) -> list[Row]:
        """The values of the shortest periods."""
        return [row for row in self.rows if row["every"] == self.every]

    def to_date(self) -> Iterator[Look]:
        """Yield everything up to the end of each of the shortest periods; shown where any period that ends then is."""
        stock = self.indicator.over_time == "stock"
        names = _VALUE if stock else ("to_date", "to_date_low", "to_date_high")
        open_days = {row["last"] for row in self.rows if not row["suppressed"]}
        for row in self.steps:
            look = self._look(row, names, complete=self._is_whole(row["first"] if stock else None, row["last"]))
            yield replace(look, suppressed="" if row["last"] in open_days else row["suppressed"])

    def of_periods(self) -> Iterator[tuple[tuple[Every, datetime.date], Look]]:
        """Yield the value of each period, by its length and last day."""
        for row in self.rows:
            complete = self._is_whole(row["first"], row["last"])
            yield (row["every"], row["last"]), self._look(row, _VALUE, complete=complete)

    def to_project(self) -> Iterator[Step]:
        """Yield the shortest periods, none where one is hidden; a value from which reports are missing is a gap."""
        if any(row["suppressed"] for row in self.steps):
            return
        for row in self.steps:
            complete = self._is_whole(row["first"], row["last"])
            yield Step(row["first"], row["last"], row["value"] if complete else None)

    def _look(self, row: Row, names: tuple[str, str, str], *, complete: bool) -> Look:
        value, low, high = (row[name] for name in names)
        whole = complete and INCOMPLETE not in row["flags"]
        return Look(row["last"], row["period"], value, low, high, self._exact, whole, row["suppressed"])

    def _is_whole(self, first: datetime.date | None, last: datetime.date) -> bool:
        """Tell whether no report is missing; a running total makes up for one, a difference needs both its ends."""
        if not kind_of(self.indicator.formula).of_all_units:
            return True
        if self.indicator.over_time == "running_total":
            ends = (last, first - datetime.timedelta(days=1)) if first else (last,)
            return self._silent.isdisjoint(ends)
        return not any((first is None or first <= day) and day <= last for day in self._silent)

    @cached_property
    def _exact(self) -> bool:
        """Whether values are complete counts; a period without rows has no method."""
        return all(row["method"] in (COMPLETE, "") for row in self.rows)

    @cached_property
    def _silent(self) -> frozenset[datetime.date]:
        """The last days of the periods for which a report is missing.

        Where it is known who owes reports, these are counted: a whole lacks what any of its units lacks, and so may any
        part that is none of a unit. Else they are the shortest periods without any, from the part's first report on.
        """
        for rows in (self.rows, self.whole):
            if counted := [row for row in rows if row["reports_due"] is not None]:
                of_reports = min((row["every"] for row in counted), key=MONTHS.__getitem__)
                return frozenset(row["last"] for row in counted if row["every"] == of_reports and _lacks(row))
        silent = [row["state"] == PeriodState.NO_REPORT for row in self.steps]
        start = silent.index(False) if False in silent else len(silent)
        return frozenset(
            row["last"] for row, no_report in zip(self.steps[start:], silent[start:], strict=True) if no_report
        )


def _lacks(row: Row) -> bool:
    """Tell whether fewer reports came than are owed; nothing is owed by a unit that has closed."""
    return (row["reports_received"] or 0) < (row["reports_due"] or 0)
