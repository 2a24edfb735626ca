"""What is owed, what came and who has taken over, against counting one by one."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.declare import Programme, load_programme
from impact.measure.reports import contract_calendar, report_rows
from impact.measure.units import unit_rows
from tests.support.calendars import (
    ONE,
    folder_of,
    report,
)

DAY = st.dates(datetime.date(2023, 11, 1), datetime.date(2024, 8, 31))
UNITS = st.fixed_dictionaries(
    {code: st.tuples(st.none() | DAY, st.none() | DAY, st.none() | st.sampled_from("ABCDE")) for code in "ABCDE"}
)
ROWS = st.lists(st.tuples(st.sampled_from("ABCDEX"), DAY, st.none() | DAY), min_size=1, max_size=25)


@pytest.fixture(scope="module")
def declared_programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    rows = pd.DataFrame([report("A", "2024-01-10", "2024-02-01")])
    due = {"first": "2024-01", "last": "2024-04"}
    return load_programme(folder_of(tmp_path_factory.mktemp("brute") / "p", rows, ONE, due))


@given(UNITS, ROWS)
def test_reports_and_heirs_are_those_that_are_counted_one_by_one(
    declared_programme: Programme,
    roster: dict[str, tuple[datetime.date | None, datetime.date | None, str | None]],
    rows: list[tuple[str, datetime.date, datetime.date | None]],
) -> None:
    contract = declared_programme.contracts["rows"]
    assert contract.due is not None
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA made")
        connection.execute("CREATE TABLE made.rows (project VARCHAR, day DATE, came_on DATE)")
        connection.executemany("INSERT INTO made.rows VALUES (?, ?, ?)", rows)
        connection.execute(
            "CREATE TABLE made.project (project_id VARCHAR, opened_on DATE, closed_on DATE, merged_into VARCHAR,"
            " came_of VARCHAR)"
        )
        listed = [(code, *said, None) for code, said in roster.items()]
        connection.executemany("INSERT INTO made.project VALUES (?, ?, ?, ?, ?)", listed)
        calendar = contract_calendar(connection, declared_programme, contract)
        assert calendar is not None
        reports = report_rows(connection, declared_programme, calendar)
        fates = unit_rows(connection, declared_programme, contract, contract.due)
    found = {
        (row.unit, row.period): (row.owed, row.reports, None if pd.isna(row.received) else row.received.date())
        for row in reports.itertuples()
    }
    assert found == dict(counted_one_by_one(roster, rows))
    assert dict(zip(fates["unit"], fates["heir"], strict=True)) == {code: heir_by_hand(roster, code) for code in roster}


def counted_one_by_one(roster: dict[str, Any], rows: list[Any]) -> Iterator[tuple[tuple[str, str], tuple[Any, ...]]]:
    """Yield what is owed and what came of each unit and month, by the words of the declaration."""
    for year, month in [(2023, 11), (2023, 12), *((2024, month) for month in range(1, 9))]:
        first, last = datetime.date(year, month, 1), datetime.date(year, month, calendar_days(year, month))
        deadline = last + datetime.timedelta(days=15)
        for code in (*roster, "X"):
            opened, closed, _ = roster.get(code, (None, None, None))
            owed = code in roster and (year, month) in [(2024, number) for number in (1, 2, 3, 4)]
            owed = owed and (opened is None or opened <= first) and (closed is None or closed >= last)
            came = [came_on for unit, day, came_on in rows if unit == code and first <= day <= last]
            dated = sorted({day for day in came if day})
            received = dated[0] if dated else None
            if received and received > deadline and None in came:
                received = None
            if owed or came:
                yield (code, f"{year}-{month:02}"), (owed, max(len(dated), 1) if came else 0, received)


def calendar_days(year: int, month: int) -> int:
    return (datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.date(year, month, 1)).days


def heir_by_hand(roster: dict[str, Any], code: str) -> str:
    """Follow the one successor that a unit may have here; where the way ends nowhere, it is itself."""
    seen, place = {code}, code
    while True:
        _, closed, successor = roster[place]
        if closed is None or successor is None or successor == place:
            return place
        if successor in seen:
            return code
        seen.add(successor)
        place = successor
