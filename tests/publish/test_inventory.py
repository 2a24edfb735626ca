"""Every column that can leave stands in the inventory; what is hidden is empty by it, at every door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from impact_dashboards.page.address import read_address
from impact_dashboards.page.view import View
from impact_dashboards.pages import PAGES
from impact_dashboards.server.app import Site

from impact.publish import beside
from impact.publish.inventory import ADDED, FROM_PERSONS, ON_PAGES, columns_of
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING, PART_ROWS, PERSON_COLUMNS, WHOLE_COLUMNS
from impact.store import Warehouse
from impact.store.sentences import SENTENCES
from impact.tables.columns import Holds
from impact.tables.registry import TABLES
from impact.words import words_in
from tests.cases.test_disclose import projects, tables
from tests.support.shipped import shipped_database
from tests.support.views import DAY

KNOWN = {name for table in TABLES.values() for name in table.columns} | set(ADDED)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return projects(tmp_path_factory.mktemp("inventory") / "one", 4)


def test_every_column_of_every_table_is_listed(db: Path) -> None:
    with Warehouse(db, read_only=True) as warehouse:
        found: dict[str, set[str]] = {}
        query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'impact'"
        for table, column in warehouse.rows(query):
            found.setdefault(table, set()).add(column)
    in_english = {table: found.pop(f"{table}_en") for table in SENTENCES}
    assert {name: set(table.columns) for name, table in TABLES.items()} == found
    assert in_english == {table: found[table] for table in SENTENCES}
    assert set(TABLES) == set(PART_ROWS)


def test_every_column_of_a_readers_tables_is_listed(db: Path) -> None:
    with Warehouse(db, read_only=True) as warehouse:
        published = ReaderTables(warehouse, EVERYTHING)
        frames = [getattr(published, name)("p") for name in tables(published) if not name.startswith("trace ")]
        listed = [frame for frame in frames if isinstance(frame, pd.DataFrame)]
        assert len(listed) > 15
        assert {str(name) for frame in listed for name in frame.columns} - KNOWN == set()
        told = published.trace("p/level").plain()
        rows = [*told["sources"], *told["linkage"], *told["diagnostics"], *told["terms"], *told["plan"]]
        rows += [told["finding"], told["definition"], told["run"]]
        assert {name for row in rows for name in row} - KNOWN - {"provenance"} == set()


def test_every_column_of_every_file_is_listed(db: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A page shows columns of tables and what it makes of them, of people and of bodies alike."""
    unknown: dict[str, set[str]] = {}
    for path in (db, shipped_database(tmp_path_factory)):
        with Site(path).reader.edition().open() as warehouse:
            published = ReaderTables(warehouse, EVERYTHING, {})
            for place in _places(published):
                address = read_address(place)
                assert address is not None
                view = View(published, words_in("en"), address, DAY)
                for block in PAGES[address.page].content(view).blocks:
                    shown = block.id != "records"  # a row as it came, for roles that may
                    keys = {column.key for column in block.table.file_columns} if block.table and shown else set()
                    left = {re.sub("^ties_.*", "ties", key) for key in keys} - KNOWN - set(ON_PAGES)
                    unknown.setdefault(f"{address.page} {block.id}", set()).update(left)
    assert len(unknown) > 30
    assert {name: keys for name, keys in unknown.items() if keys} == {}


def _places(published: ReaderTables) -> Iterator[str]:
    """Yield an address of each kind of page."""
    for programme in published.programmes:
        yield from (page.address("en", programme).href for page in PAGES.values())
        yield from (f"/en/project/{programme}/{code}" for code in published.projects(programme)["code"])
        yield from (f"/en/monitoring/{programme}/{rows}" for rows in ("records", "quarantine"))
        seen = published.findings(programme).drop_duplicates(["design", "level"])
        yield from (f"/en/indicator/{programme}/{name}" for name in seen["indicator"])


def test_protections_are_made_from_the_list() -> None:
    assert set(Holds) - set(FROM_PERSONS) == {Holds.DECLARED, Holds.PROMISE, Holds.CODE, Holds.LINE, Holds.ROW}
    assert WHOLE_COLUMNS["load"] == columns_of("load", Holds.COUNT)
    assert set(PERSON_COLUMNS["quarantine"]) == {"line", "value", "payload"}
    assert set(columns_of("load", Holds.COUNT)) <= set(beside.OF_FILES)


def test_hidden_rows_hold_nothing_by_the_list(db: Path) -> None:
    closed = (Holds.COUNT, Holds.STATISTIC)
    with Warehouse(db, read_only=True) as warehouse:
        published = ReaderTables(warehouse, EVERYTHING)
        for table, frame in (("finding", published.findings("p")), ("measure", published.measures("p"))):
            off = frame[frame["suppressed"] != ""]
            assert len(off) >= 4
            assert off[list(columns_of(table, *closed))].isna().all(axis=None)
            assert (off["method"] == "").all()
        off = published.findings("p").query("suppressed != ''")
        for name in columns_of("finding", Holds.VERDICT):
            assert set(off[name]) == {"suppressed"}
