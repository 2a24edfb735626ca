"""The DuckDB file: opened once, changed in one transaction per run, read by everything that follows."""

from __future__ import annotations

import contextlib
import json
import re
import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import duckdb
import pandas as pd

from impact.declare.contracts import Column, Contract
from impact.declare.load import Programme
from impact.declare.sources import Source
from impact.errors import UsageError
from impact.files import remove
from impact.sql import (
    ALL,
    Columns,
    Select,
    alike,
    as_text,
    columns,
    delete,
    ident,
    insert_row,
    literal,
    relation,
    text_columns,
    update,
)
from impact.store.migrations import OLDEST, VERSION, migrate
from impact.store.opening import CATALOG, attach, not_opened
from impact.store.sentences import encoded, views_sql
from impact.tables import files
from impact.tables.columns import Record
from impact.tables.registry import TABLES, create_sql
from impact.validate.compile import MISSING_SUFFIX, SQL_TYPES
from impact.validate.load import file_lines

RESERVED = (CATALOG, "impact", "main", "memory", "temp", "system", "information_schema", "pg_catalog")
OWN_VIEW = "impact: good rows of a contract"
"""Comment by which the engine knows the views that it made."""
STAGED = re.compile(r"rows_.+_[0-9a-f]{16}")
RESULTS = ("definition", "measure", "linkage", "finding", "diagnostic", "term", "part")
CHANGES: Columns = {
    "added": "count(*) FILTER (o.h IS NULL)",
    "removed": "count(*) FILTER (n.h IS NULL)",
    "changed": "count(*) FILTER (o.h <> n.h)",
    "unchanged": "count(*) FILTER (o.h = n.h)",
}
"""What became of the rows of a file ``o`` in the one that replaces it, ``n``: ``h`` is a hash of a key's rows."""
_BROKEN = ("column", "rule", "expected", "value")


@dataclass(frozen=True)
class Load:
    """A load as the ledger has it; see :class:`impact.tables.files.Load` for the columns."""

    load_id: str
    source: str
    contract: str
    table_name: str
    loaded_at: str


class Warehouse:
    """A DuckDB file holding programmes.

    Parameters
    ----------
    path
        The file; created if absent unless ``read_only``.
    read_only
        Open without the right to write; fails if there is no file.

    Attributes
    ----------
    new
        Whether the file was made here and no run has written to it yet.

    Raises
    ------
    UsageError
        If the file is in use by another process, is no database of this engine, or was written by another version.
    MachineError
        If it is damaged or cannot be read or written.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False) -> None:
        self.path = Path(path)
        if read_only and not self.path.is_file():
            raise UsageError(f"there is no database at {path}; run `impact run` or `impact demo` first")
        if not self.path.parent.is_dir():
            raise UsageError(f"there is no folder {self.path.parent} to put the database in")
        self.new = not read_only and not self.path.exists()
        try:
            self.connection = attach(self.path, read_only=read_only)
        except duckdb.Error as error:
            raise not_opened(self.path, error) from error
        self._file: BinaryIO | None = None
        try:
            if read_only:
                self._check_current()
            else:
                self._prepare()
        except duckdb.Error as error:
            self.connection.close()
            self._give_up()
            raise not_opened(self.path, error) from error
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, duckdb.Error):
            error.add_note(str(self.path))  # DuckDB's own words seldom name the file
            self._give_up()

    def _give_up(self) -> None:
        """Remove a file that was made in vain, such as on a disk that filled up: nothing half, and its space back."""
        if self.new:
            remove(self.path)
            remove(self.path.with_name(f"{self.path.name}.wal"))

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
        if self._file is not None:
            self._file.close()

    def file(self) -> BinaryIO:
        """Return the file itself from its beginning, for copying.

        It stays open as long as the connection: on POSIX, a process that closes any handle of a file loses all its
        locks of that file, DuckDB's among them, and another process could write meanwhile.
        """
        if self._file is None:
            self._file = self.path.open("rb")
            weakref.finalize(self, self._file.close)
        self._file.seek(0)
        return self._file

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a further connection to the same file, for another thread."""
        further = self.connection.cursor()
        further.execute(f"USE {CATALOG}")
        return further

    def _prepare(self) -> None:
        with self.transaction():
            if "impact" in self._schemas():
                migrate(self.connection, self._layout())
            elif self.rows("SELECT 1 FROM duckdb_tables() WHERE database_name = ?", [CATALOG]) or self._schemas():
                raise self._foreign()
            self.connection.execute("CREATE SCHEMA IF NOT EXISTS impact")
            for statement in (*map(create_sql, TABLES.values()), *views_sql()):
                self.connection.execute(statement)
            if not self.rows("SELECT version FROM impact.meta"):
                self.connection.execute("INSERT INTO impact.meta VALUES (?, ?)", [VERSION, str(uuid.uuid4())])

    def _schemas(self) -> list[str]:
        """Return the schemas that somebody made."""
        query = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal"
        return [name for (name,) in self.rows(query, [CATALOG]) if name != "main"]

    def _foreign(self) -> UsageError:
        return UsageError(f"the database {self.path} was not written by this engine; give a new file with --db")

    def _layout(self) -> int:
        """Return the number of the tables' layout, if it is one that this engine can bring up to date."""
        try:
            versions = self.rows("SELECT version FROM impact.meta")
        except (duckdb.CatalogException, duckdb.BinderException):
            raise self._foreign() from None
        layout = versions[0][0] if len(versions) == 1 else None
        if layout is None or not OLDEST <= layout <= VERSION:
            stated = "no layout" if layout is None else f"layout {layout}"
            raise UsageError(f"the database {self.path} has {stated}, this engine {VERSION}; use a new file")
        return int(layout)

    def _check_current(self) -> None:
        """Refuse to read a layout that was not brought up to date yet, as only a writer can."""
        layout = self._layout()
        if layout < VERSION:
            raise UsageError(
                f"the database {self.path} has layout {layout}, this engine {VERSION};"
                " `impact run` brings it up to date"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block so that all of it is kept, or none."""
        self.connection.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        try:
            self.connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def checkpoint(self) -> None:
        """Bring what was committed into the file itself; from then on it is kept, whatever goes wrong."""
        self.connection.execute("CHECKPOINT")
        self.new = False

    def _roll_back(self) -> None:
        """Undo; where DuckDB has done so by itself, or gave the file up, what went wrong before is what is said."""
        with contextlib.suppress(duckdb.Error):
            self.connection.execute("ROLLBACK")

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.connection.execute(query, list(parameters)).fetchall()

    def frame(self, query: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """Return a query's result as a data frame."""
        return self.connection.execute(query, list(parameters)).df()

    def append(self, table: str, frame: pd.DataFrame) -> None:
        """Append a frame to one of the engine's tables, by column name; sentences as JSON."""
        if frame.empty:
            return
        self.connection.register("_appended", encoded(table, frame))
        self.connection.execute(f"INSERT INTO {ident('impact', table)} BY NAME FROM _appended")
        self.connection.unregister("_appended")

    # ---- loads -------------------------------------------------------------------------------------------------

    def begin_programme(self, programme: Programme) -> None:
        """Make the programme's schema and drop tables that an interrupted run staged but never published.

        Raises
        ------
        UsageError
            If a schema of that name is somebody else's: nothing in it is touched.
        """
        if programme.id in RESERVED:
            raise UsageError(f"a programme cannot be called '{programme.id}'; that name is the database's own")
        if not self.rows("SELECT 1 FROM impact.state WHERE programme = ?", [programme.id]):
            if programme.id.lower() in [name.lower() for name in self._schemas()]:
                raise UsageError(
                    f"the database {self.path} holds a schema '{programme.id}' that this engine did not make; nothing"
                    " was changed. Give a new file with --db, or the programme another id"
                )
            with self.transaction():
                self.connection.execute(f"CREATE SCHEMA {ident(programme.id)}")
                self.connection.execute("INSERT INTO impact.state VALUES (?, 'declare', NULL, NULL)", [programme.id])
        self.drop_staged(programme.id)

    def drop_staged(self, programme: str) -> None:
        """Drop the tables that were staged and never published; tables of anybody else's stay."""
        published = {load.table_name for load in self.current_loads(programme).values()}
        tables = self.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND database_name = ?", [programme, CATALOG]
        )
        for (name,) in tables:
            if name not in published and STAGED.fullmatch(name):
                self.connection.execute(f"DROP TABLE {ident(programme, name)}")

    def current_loads(self, programme: str) -> dict[str, Load]:
        """Return the loads that stand, by source."""
        rows = self.rows(
            "SELECT load_id, source, contract, table_name, CAST(loaded_at AS VARCHAR) FROM impact.load"
            " WHERE programme = ? AND current",
            [programme],
        )
        return {row[1]: Load(*row) for row in rows}

    def compare_loads(self, contract: Contract, old: str, new: str) -> dict[str, int]:
        """Count rows by key: added, removed, changed and unchanged between two tables of a contract."""
        standing = {str(name) for name, *_ in self.rows(f"DESCRIBE {old}")}
        if not set(contract.key) <= standing:
            return {}
        values = ", ".join(as_text(name) for name in contract.columns if name in standing)
        hashed = {**text_columns(contract.key), "h": f"sum(hash({values})::HUGEINT)"}
        older, newer = (relation(Select(hashed, table, where=("NOT _bad",), group=ALL)) for table in (old, new))
        query = Select(CHANGES, f"{older} o FULL JOIN {newer} n ON {alike('o', 'n', contract.key)}")
        (counts,) = self.rows(query.sql())
        return dict(zip(CHANGES, map(int, counts), strict=True))

    def insert(self, record: Record) -> None:
        """Write one row into its table."""
        table = record.TABLE
        values = [getattr(record, name) for name in table.columns]
        self.connection.execute(insert_row(ident("impact", table.name), len(values)), values)

    def record_load(self, load: files.Load) -> None:
        """Write a load into the ledger in place of its source's predecessor, whose table is dropped."""
        self.retire_source(load.programme, load.source)
        self.insert(load)

    def retire_source(self, programme: str, source: str) -> None:
        """Drop what stands of a source; the ledger keeps that it was there."""
        for (name,) in self.rows(
            "SELECT table_name FROM impact.load WHERE programme = ? AND source = ? AND current",
            [programme, source],
        ):
            self.connection.execute(f"DROP TABLE IF EXISTS {ident(programme, name)}")
        for statement in (
            "UPDATE impact.load SET current = false WHERE programme = ? AND source = ? AND current",
            "DELETE FROM impact.quarantine WHERE programme = ? AND source = ?",
        ):
            self.connection.execute(statement, [programme, source])

    def set_aside(self, programme: Programme, source: Source, load_id: str, table: str, broken: pd.DataFrame) -> None:
        """Write rows that break a key or reference into the quarantine, with their place among the file's rows.

        Parameters
        ----------
        programme, source, load_id, table
            Whose rows they are.
        broken
            ``ordinal, column, rule, expected, value``.
        """
        if broken.empty:
            return
        contract = programme.contracts[source.contract]
        payload = ", ".join(
            f"{literal(name)}, {_as_it_stood(name, column)}" for name, column in contract.columns.items()
        )
        self.connection.register("_broken", broken)
        query = Select(
            {**columns(("ordinal", *_BROKEN), of="b"), "payload": f"json_object({payload})"},
            f"_broken b JOIN {ident(programme.id, table)} t ON t.rowid = b.ordinal",
            order=("b.ordinal",),
        )
        frame = self.frame(query.sql())
        self.connection.unregister("_broken")
        ((offsets,),) = self.rows(
            "SELECT line_offsets FROM impact.load WHERE programme = ? AND source = ? AND current",
            [programme.id, source.id],
        )
        frame["line"] = file_lines(frame["ordinal"].to_numpy(), offsets)
        names = {"programme": programme.id, "source": source.id, "load_id": load_id, "file": source.file}
        self.append("quarantine", frame.assign(**names, severity="error"))

    def forget(self, table: str, programme: str, indicators: Sequence[str]) -> None:
        """Delete the results of some indicators from one of the result tables."""
        if indicators:
            query = delete(ident("impact", table), "programme = ?", "list_contains(?, indicator)")
            self.connection.execute(query, [programme, list(indicators)])

    def drop_views(self, programme: Programme) -> None:
        """Drop the engine's views over the good rows, so that the tables under them can change."""
        views = self.rows(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = ? AND database_name = ? AND comment = ?",
            [programme.id, CATALOG, OWN_VIEW],
        )
        for (name,) in views:
            self.connection.execute(f"DROP VIEW {ident(programme.id, name)}")

    def count_good(self, programme: str, source: str, table: str) -> None:
        """Write into the ledger how many rows of a source are good, those set aside over all files taken off.

        Parameters
        ----------
        programme, source, table
            Whose rows they are; keys and references have been judged.
        """
        good = relation(Select({"n": "count(*)"}, ident(programme, table), where=("NOT _bad", _not_aside("$1", "$2"))))
        counts = {"rows_good": good, "rows_bad": f"rows_read - {good}"}
        query = update("impact.load", counts, "programme = $1", "source = $2", "current")
        self.connection.execute(query, [programme, source])

    def create_views(self, programme: Programme) -> None:
        """Create one view of good rows per contract, with ``_source`` and ``_row`` (place in the file, from 0)."""
        loads = self.current_loads(programme.id).values()
        excluded = {
            source
            for (source,) in self.rows(
                "SELECT DISTINCT source FROM impact.quarantine WHERE programme = ? AND ordinal IS NOT NULL",
                [programme.id],
            )
        }
        for contract in programme.contracts.values():
            feeding = [load for load in loads if load.contract == contract.id]
            queries = [_good(programme.id, load, load.source in excluded) for load in feeding] or [_empty(contract)]
            rows = " UNION ALL BY NAME ".join(query.sql() for query in queries)
            view = ident(programme.id, contract.id)
            try:
                self.connection.execute(f"CREATE VIEW {view} AS {rows}")
            except duckdb.CatalogException:
                raise UsageError(
                    f"the database {self.path} holds a table or view {view} that this engine did not make; nothing was"
                    " changed. Rename it, or give a new file with --db"
                ) from None
            self.connection.execute(f"COMMENT ON VIEW {view} IS {literal(OWN_VIEW)}")


def _good(programme: str, load: Load, some_excluded: bool) -> Select:
    columns_of_view = {"*": "* EXCLUDE (_bad, _reasons, _payload)", "_source": literal(load.source), "_row": "rowid"}
    aside = (_not_aside(literal(programme), literal(load.source)),) if some_excluded else ()
    return Select(columns_of_view, ident(programme, load.table_name), where=("NOT _bad", *aside))


def _not_aside(programme: str, source: str) -> str:
    """Write that a row was not set aside over all files."""
    across = ("ordinal IS NOT NULL", f"programme = {programme}", f"source = {source}")
    return f"rowid NOT IN {relation(Select(columns(['ordinal']), 'impact.quarantine', where=across))}"


def _as_it_stood(name: str, column: Column) -> str:
    """Write a stored value as text, a missing one as its code (the first of its kind)."""
    value = f"CAST(t.{ident(name)} AS VARCHAR)"
    if not column.missing:
        return value
    codes = " ".join(
        f"WHEN {literal(kind)} THEN {literal(group[0])}" for kind, group in column.missing.items() if group
    )
    return f"coalesce({value}, CASE t.{ident(name + MISSING_SUFFIX)} {codes} END)"


def _empty(contract: Contract) -> Select:
    typed = {name: f"CAST(NULL AS {SQL_TYPES[column.type]})" for name, column in contract.columns.items()}
    return Select({**typed, "_source": "''", "_row": "CAST(0 AS BIGINT)"}, where=("FALSE",))


def to_json(value: Any) -> str:
    """Write a value as JSON text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
