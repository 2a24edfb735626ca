"""Values by period as readers see them: every period of every part, those without rows by declaration.

From :mod:`impact.measure.period_values`, in a run's transaction, after :mod:`impact.publish.labels`; which of them are
hidden says :mod:`impact.publish.period_marks`.
"""

from __future__ import annotations

import datetime
from collections import defaultdict

import duckdb
import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.formulas.registry import kind_of
from impact.measure.period_values import PeriodValues, measure_periods
from impact.measure.reports import Calendar, contract_calendar, report_counts, report_rows
from impact.measure.units import unit_rows
from impact.measure.windows import TO_DATE, to_date_name, window_name
from impact.periods import MONTHS, Period
from impact.publish.hidden import what_codes_belong_to
from impact.publish.period_marks import mark_periods
from impact.states import PeriodState
from impact.store.sentences import encoded
from impact.tables.monitoring import PeriodValue
from impact.tables.part import COLUMNS, cut_columns, part_codes

PART = ["indicator", "arm", *COLUMNS]
"""What has a value in every period."""
_NUMBERS = ("value", "std_error", "conf_low", "conf_high")
AFTER_GAP, FALLS = "after_gap", "falls"
"""Flags of what a running total adds: it holds what came in periods without report; the total went down."""
DOUBLE = "double_report"
"""Flag of a value in which a report that came on several days may stand twice; a stock takes the last."""


def make_periods(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Measure every period of the contracts with a clock.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows and the codes of parts in place.
    """
    frames: dict[str, list[pd.DataFrame]] = defaultdict(list)
    for heirs in (False, True):
        for measured in measure_periods(connection, programme, heirs=heirs):
            rows = _of_contract(programme, connection, measured, heirs=heirs)
            frames[measured.contract.id].append(rows.assign(heirs=heirs))
    minimum = programme.header.disclosure.minimum
    of_persons = _of_persons(programme)
    above = what_codes_belong_to(programme, connection, of_persons)
    adding_up = {indicator.id for indicator in of_persons}
    tables = [pd.concat(of_contract, ignore_index=True) for of_contract in frames.values()]
    if not tables:
        return {}
    table = pd.concat([mark_periods(rows, minimum, above, adding_up) for rows in tables], ignore_index=True)
    names = [name for name in PeriodValue.TABLE.columns if name != "programme"]
    made = {"period_value": table.loc[~table["heirs"], names], "heir_value": table.loc[table["heirs"], names]}
    return {name: encoded(name, rows) for name, rows in made.items()}


def _of_persons(programme: Programme) -> list[Indicator]:
    """Return the indicators that are measured of rows of persons."""
    of_rows = [indicator for indicator in programme.indicators if not indicator.formula.indicators()]
    return [indicator for indicator in of_rows if programme.contracts[indicator.contract].person]


def _of_contract(
    programme: Programme, connection: duckdb.DuckDBPyConnection, measured: PeriodValues, *, heirs: bool
) -> pd.DataFrame:
    """Return the rows of the indicators of a contract; of heirs, those of units alone."""
    indicators = {indicator.id: indicator for indicator in programme.indicators}
    calendar = contract_calendar(connection, programme, measured.contract)
    counts = None if calendar is None else _report_counts(programme, connection, calendar, heirs=heirs)
    by = measured.contract.due.by if measured.contract.due else ""
    frames = []
    for name, values in measured.values.groupby("indicator"):
        rows = _table(indicators[str(name)], measured, values)
        wanted = rows[cut_columns(rows) == by] if heirs else rows
        frames.append(_nothing_so_far(_with_reports(indicators[str(name)], wanted, by, counts)))
    return pd.concat(frames, ignore_index=True)


def _report_counts(
    programme: Programme, connection: duckdb.DuckDBPyConnection, calendar: Calendar, *, heirs: bool
) -> pd.DataFrame:
    """Count the reports of each period by unit, or by the unit that has taken over."""
    reports = report_rows(connection, programme, calendar)
    if heirs:
        units = unit_rows(connection, programme, calendar.contract, calendar.due)
        heir = reports["unit"].map(units.set_index("unit")["heir"])
        reports = reports.assign(unit=heir.fillna(reports["unit"]))
    return report_counts(reports, calendar.clock.every, calendar.clock.year_starts)


def _with_reports(indicator: Indicator, rows: pd.DataFrame, by: str, counts: pd.DataFrame | None) -> pd.DataFrame:
    """Say on how many of the reports due each value stands, and where one that came twice is in it twice."""
    if counts is None:
        none = pd.Series(pd.NA, index=rows.index, dtype="Int64")
        return rows.assign(reports_due=none, reports_received=none)
    codes = part_codes(rows)
    is_counted = cut_columns(rows).isin(["", by]) & codes.isin(counts["code"])
    # of a part that is none of who owes, nothing is known but whether anybody reported
    merged = rows.assign(code=codes.where(is_counted, "")).merge(counts, on=_COUNTED, how="left")
    is_counted = is_counted.set_axis(merged.index) & (merged["reports_due"].fillna(0) > 0)
    twice = (merged["reports_double"].fillna(0) > 0) & (not indicator.takes_last_report) & (merged["n"] > 0)
    flags = _flagged(merged["flags"], DOUBLE, twice & is_counted)
    counted = {name: merged[name].astype("Int64").where(is_counted) for name in ("reports_due", "reports_received")}
    return _without_reports(merged, counts).assign(**counted, flags=flags)


_COUNTED = ["code", "every", "period"]


def _without_reports(rows: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Take back that nothing happened where no report came: it is missing, or was not owed.

    Periods shorter than those of reports stay as the clock declares.
    """
    silent = (rows["n"] + rows["n_missing"] == 0) & (rows["reports_came"].fillna(0) == 0)
    silent &= rows["every"].isin(counts["every"].unique())
    why = np.where(rows["reports_due"].fillna(0) > 0, PeriodState.NO_REPORT, PeriodState.NOT_DUE)
    return rows.assign(state=rows["state"].where(~silent, why), value=rows["value"].mask(silent))


def _nothing_so_far(rows: pd.DataFrame) -> pd.DataFrame:
    """Say 0 of everything up to the end of a period in which nothing happened, where nothing had before."""
    has_rows = rows["n"] + rows["n_missing"] > 0
    last = pd.to_datetime(rows["last"])
    earliest = last.where(has_rows).groupby([rows[name] for name in PART]).transform("min")
    before = earliest.isna() | (last < earliest)
    nothing = (rows["state"] == PeriodState.ZERO) & before & rows["adds_up"]
    return rows.assign(to_date=rows["to_date"].mask(nothing, 0.0))


def _table(indicator: Indicator, measured: PeriodValues, values: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each part and period of an indicator."""
    parts, periods = values[PART].drop_duplicates(), _periods(measured)
    rows = parts.merge(periods, how="cross").merge(values, on=[*PART, "wave"], how="left")
    totals = _to_date(indicator, values)
    rows = rows.merge(totals, left_on=[*PART, "end"], right_on=[*PART, "wave"], how="left", suffixes=("", "_end"))
    rows[["n", "n_missing"]] = rows[["n", "n_missing"]].fillna(0).astype("int64")
    if indicator.over_time == "running_total":
        rows = _increments(rows, totals)
    return _without_rows(indicator, measured, rows).assign(adds_up=not indicator.takes_last_report)


def _periods(measured: PeriodValues) -> pd.DataFrame:
    """Return the periods: their window, the window of everything up to their end, and up to their beginning."""
    windows = measured.windows
    steps = windows.steps
    begin, end = steps[0].first, steps[-1].last
    records = []
    for period in windows.periods:
        inside = [step for step in steps if period.first <= step.first <= period.last]
        record = {
            "wave": window_name(period),
            "every": period.every,
            "period": period.label,
            "first": period.first,
            "last": period.last,
            "partial": period.first < begin or period.last > end,
            "end": to_date_name(inside[-1]),
            "begin": _end_before(steps, inside[0].first),
        }
        records.append(record)
    return pd.DataFrame(records)


def _end_before(steps: tuple[Period, ...], first: datetime.date) -> str:
    """Return the window of everything before a day; empty before the first step."""
    earlier = [step for step in steps if step.last < first]
    return to_date_name(earlier[-1]) if earlier else ""


def _to_date(indicator: Indicator, values: pd.DataFrame) -> pd.DataFrame:
    """Return the values of everything up to each step; none for a stock, which is not of any stretch of time."""
    is_total = values["wave"].str.startswith(f"{TO_DATE} ") & (indicator.over_time != "stock")
    names = {"value": "to_date", "conf_low": "to_date_low", "conf_high": "to_date_high"}
    return values.loc[is_total, [*PART, "wave", *names]].rename(columns=names)


def _increments(rows: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Put in place of each running total what its period added; of the first, the total itself."""
    before = totals[[*PART, "wave", "to_date"]].rename(columns={"to_date": "before", "wave": "begin"})
    rows = rows.merge(before, on=[*PART, "begin"], how="left")
    added = (rows["to_date"] - rows["before"].fillna(0.0)).where(rows["value"].notna())
    rows = rows.assign(value=added, std_error=np.nan, conf_low=np.nan, conf_high=np.nan)
    flags = _flagged(rows["flags"].map(_as_list), AFTER_GAP, _after_silence(rows) & (rows["n"] > 0))
    return rows.assign(flags=_flagged(flags, FALLS, added < 0))


def _after_silence(rows: pd.DataFrame) -> pd.Series:
    """Tell whether nobody reported in the shortest period before each: what it added holds what came in that one."""
    shortest = rows["every"].map(MONTHS)
    silent = rows.loc[(shortest == shortest.min()) & (rows["n"] == 0), [*PART, "end"]].assign(silent=True)
    before = rows[[*PART, "begin"]].merge(silent, left_on=[*PART, "begin"], right_on=[*PART, "end"], how="left")
    return before["silent"].notna().set_axis(rows.index)


def _flagged(flags: pd.Series, name: str, marks: pd.Series) -> pd.Series:
    """Return lists of flags, those that are marked with one more."""
    return flags.where(~marks, flags.map(lambda old: [*old, name]))


def _as_list(cell: object) -> list[str]:
    return cell if isinstance(cell, list) else []


def _without_rows(indicator: Indicator, measured: PeriodValues, rows: pd.DataFrame) -> pd.DataFrame:
    """Say of periods without a value why, or that it is zero: as the clock declares."""
    is_empty = (rows["n"] + rows["n_missing"]) == 0
    zero = measured.windows.clock.empty == "zero" and kind_of(indicator.formula).grows
    without = PeriodState.ZERO if zero and indicator.over_time != "running_total" else PeriodState.NO_REPORT
    state = np.select([is_empty, rows["value"].notna()], [without, PeriodState.VALUE], PeriodState.NO_VALUE)
    numbers = {name: rows[name].mask(is_empty) for name in _NUMBERS}
    if without is PeriodState.ZERO:
        numbers["value"] = rows["value"].mask(is_empty, 0.0)
    method = rows["method"].where(rows["method"].notna(), "")
    return rows.assign(**numbers, flags=rows["flags"].map(_as_list), method=method, state=state)
