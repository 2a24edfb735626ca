"""Every column that can leave stands in the inventory; what is hidden is empty by it, at every door."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from impact_dashboards.pages import PAGES

from impact.publish import beside
from impact.publish.disclosure import FROM_PERSONS, MEASURED
from impact.publish.inventory import ADDED, TABLES, Holds, columns_of
from impact.publish.published import Published
from impact.publish.scope import EVERYTHING, PART_ROWS, PERSON_COLUMNS, WHOLE_COLUMNS
from impact.store import Warehouse
from tests.cases.test_disclose import pages, projects, tables
from tests.views import asked

KNOWN = {name for columns in TABLES.values() for name in columns} | set(ADDED)
OF_PAGES = {
    # of findings and measures, under names of the page: gone with their cells
    "state": "finding", "n_after": "finding",
}  # fmt: skip


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return projects(tmp_path_factory.mktemp("inventory") / "one", 4)


def test_every_column_of_every_table_is_listed(db: Path) -> None:
    with Warehouse(db, read_only=True) as warehouse:
        found: dict[str, set[str]] = {}
        query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'impact'"
        for table, column in warehouse.rows(query):
            found.setdefault(table, set()).add(column)
    assert {table: set(columns) for table, columns in TABLES.items()} == found
    assert set(TABLES) == set(PART_ROWS)


def test_every_column_of_a_readers_tables_is_listed(db: Path) -> None:
    with Warehouse(db, read_only=True) as warehouse:
        published = Published(warehouse, EVERYTHING)
        frames = [getattr(published, name)("p") for name in tables(published) if not name.startswith("trace ")]
        listed = [frame for frame in frames if isinstance(frame, pd.DataFrame)]
        assert len(listed) > 15
        assert {str(name) for frame in listed for name in frame.columns} - KNOWN == set()
        told = published.trace("p/level")
        rows = [*told["sources"], *told["linkage"], *told["diagnostics"], *told["terms"], *told["plan"]]
        rows += [told["finding"], told["definition"], told["run"]]
        assert {name for row in rows for name in row} - KNOWN - {"provenance"} == set()


def test_every_column_of_every_file_is_listed(db: Path) -> None:
    """A page shows columns of tables and words about them; what it computes of them stands in its own list."""
    unknown: dict[str, set[str]] = {}
    with Warehouse(db, read_only=True) as warehouse:
        for path in pages(Published(warehouse, EVERYTHING)):
            view = asked(warehouse, path)
            for block in PAGES[view.address.page](view).blocks:
                if block.table is not None:
                    keys = {column.key for column in block.table.file_columns} - KNOWN
                    unknown.setdefault(f"{view.address.page} {block.id}", set()).update(keys)
    assert {name: keys for name, keys in unknown.items() if keys} == {}


def test_protections_are_made_from_the_list() -> None:
    persons = {name for name, holds in TABLES["finding"].items() if holds in (Holds.COUNT, Holds.STATISTIC)}
    assert persons <= set(FROM_PERSONS)
    assert {name for name, holds in TABLES["measure"].items() if holds in (Holds.COUNT, Holds.STATISTIC)} == set(
        MEASURED
    )
    assert WHOLE_COLUMNS["load"] == columns_of("load", Holds.COUNT)
    assert set(PERSON_COLUMNS["quarantine"]) == {"line", "value", "payload"}
    assert set(columns_of("load", Holds.COUNT)) <= set(beside.OF_FILES)


def test_hidden_rows_hold_nothing_by_the_list(db: Path) -> None:
    closed = (Holds.COUNT, Holds.STATISTIC)
    with Warehouse(db, read_only=True) as warehouse:
        published = Published(warehouse, EVERYTHING)
        for table, frame in (("finding", published.findings("p")), ("measure", published.measures("p"))):
            off = frame[frame["suppressed"] != ""]
            assert len(off) >= 4
            assert off[list(columns_of(table, *closed))].isna().all(axis=None)
            assert (off["method"] == "").all()
        off = published.findings("p").query("suppressed != ''")
        for name in columns_of("finding", Holds.VERDICT):
            assert set(off[name]) == {"suppressed"}
