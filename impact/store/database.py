"""The DuckDB file: opened once, changed in one transaction per run, read by everything that follows."""

from __future__ import annotations

import contextlib
import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import duckdb
import pandas as pd

from impact.errors import UsageError
from impact.files import remove
from impact.sql import ident, insert_row
from impact.store.migrations import OLDEST, VERSION, migrate
from impact.store.opening import CATALOG, attach, not_opened
from impact.store.sentences import encoded, views_sql
from impact.tables.columns import Record
from impact.tables.registry import TABLES, create_sql


class Database:
    """A DuckDB file that holds the tables of the schema ``impact``.

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

    def __enter__(self) -> Self:
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
            is_behind = bool(self._tables()) and bool(self._lacking())
            for statement in (*map(create_sql, TABLES.values()), *views_sql()):
                self.connection.execute(statement)
            if is_behind:  # what a new table holds is made by the next run, though nothing else has changed
                self.connection.execute("UPDATE impact.state SET stage = 'measure' WHERE stage = 'publish'")
            if not self.rows("SELECT version FROM impact.meta"):
                self.connection.execute("INSERT INTO impact.meta VALUES (?, ?)", [VERSION, str(uuid.uuid4())])

    def _schemas(self) -> list[str]:
        """Return the schemas that somebody made."""
        query = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal"
        return [name for (name,) in self.rows(query, [CATALOG]) if name != "main"]

    def _tables(self) -> set[str]:
        """Return the names of the engine's tables that are there."""
        query = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'impact'"
        return {name for (name,) in self.rows(query, [CATALOG])}

    def _lacking(self) -> list[str]:
        """Return the names of the engine's tables that are not there: the engine has learnt them since."""
        return sorted(TABLES.keys() - self._tables())

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
        if lacking := self._lacking():
            raise UsageError(
                f"the database {self.path} lacks {', '.join(lacking)}, which this engine reads;"
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

    def insert(self, record: Record) -> None:
        """Write one row into its table."""
        table = record.TABLE
        values = [getattr(record, name) for name in table.columns]
        self.connection.execute(insert_row(ident("impact", table.name), len(values)), values)
