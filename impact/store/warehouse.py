"""The DuckDB file: opened once, changed in one transaction per run, read by everything that follows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pandas as pd

from impact.declare.contracts import Column, Contract
from impact.declare.load import Programme
from impact.declare.sources import Source
from impact.errors import UsageError
from impact.sql import ident, literal
from impact.store.tables import TABLES, VERSION
from impact.validate.compile import MISSING_SUFFIX, SQL_TYPES
from impact.validate.load import file_lines

CATALOG = "warehouse"
RESERVED = (CATALOG, "impact", "main", "memory", "temp", "system", "information_schema", "pg_catalog")
RESULTS = ("definition", "measure", "linkage", "finding", "diagnostic", "term", "part")


@dataclass(frozen=True)
class Load:
    """A load as the ledger has it; see :mod:`impact.store.tables` for the columns."""

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

    Raises
    ------
    UsageError
        If the file is in use by another process, is no DuckDB file, or was written by another engine version.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False) -> None:
        self.path = Path(path)
        if read_only and not self.path.is_file():
            raise UsageError(f"there is no database at {path}; run `impact run` or `impact demo` first")
        if not self.path.parent.is_dir():
            raise UsageError(f"there is no folder {self.path.parent} to put the database in")
        try:
            self.connection = _attach(self.path, read_only=read_only)
        except duckdb.Error as error:
            reason = "another process is using it" if "lock" in str(error).lower() else str(error).splitlines()[0]
            raise UsageError(f"the database {path} cannot be opened: {reason}") from error
        self.connection.execute("SET preserve_insertion_order = true")
        try:
            if read_only:
                self._check_version()
            else:
                self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a further connection to the same file, for another thread."""
        further = self.connection.cursor()
        further.execute(f"USE {CATALOG}")
        return further

    def _prepare(self) -> None:
        with self.transaction():
            self.connection.execute("CREATE SCHEMA IF NOT EXISTS impact")
            for statement in TABLES:
                self.connection.execute(statement)
            if not self.rows("SELECT version FROM impact.meta"):
                self.connection.execute("INSERT INTO impact.meta VALUES (?)", [VERSION])
            self._check_version()

    def _check_version(self) -> None:
        try:
            versions = self.rows("SELECT version FROM impact.meta")
        except duckdb.CatalogException:
            raise UsageError(f"the database {self.path} was not written by this engine") from None
        if versions != [(VERSION,)]:
            found = versions[0][0] if versions else "none"
            raise UsageError(f"the database {self.path} has layout {found}, this engine {VERSION}; use a new file")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block so that all of it is kept, or none."""
        self.connection.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.connection.execute(query, list(parameters)).fetchall()

    def frame(self, query: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """Return a query's result as a data frame."""
        return self.connection.execute(query, list(parameters)).df()

    def append(self, table: str, frame: pd.DataFrame) -> None:
        """Append a frame to one of the engine's tables, by column name."""
        if frame.empty:
            return
        self.connection.register("_appended", frame)
        self.connection.execute(f"INSERT INTO {ident('impact', table)} BY NAME SELECT * FROM _appended")
        self.connection.unregister("_appended")

    # ---- loads -------------------------------------------------------------------------------------------------

    def begin_programme(self, programme: Programme) -> None:
        """Create the programme's schema and drop tables that an interrupted run staged but never published."""
        if programme.id in RESERVED:
            raise UsageError(f"a programme cannot be called '{programme.id}'; that name is the database's own")
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {ident(programme.id)}")
        published = {load.table_name for load in self.current_loads(programme.id).values()}
        staged = self.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE'",
            [programme.id],
        )
        for (name,) in staged:
            if name not in published:
                self.connection.execute(f"DROP TABLE {ident(programme.id, name)}")

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
        known = {name for (name,) in self.rows(f"SELECT column_name FROM (DESCRIBE {old})")}
        if not set(contract.key) <= known:
            return {}
        key = ", ".join(f"CAST({ident(name)} AS VARCHAR) AS {ident(name)}" for name in contract.key)
        both = [name for name in contract.columns if name in known]
        values = ", ".join(f"CAST({ident(name)} AS VARCHAR)" for name in both)
        side = f"SELECT {key}, sum(hash({values})::HUGEINT) AS h FROM {{}} WHERE NOT _bad GROUP BY ALL"
        same = " AND ".join(f"o.{ident(name)} IS NOT DISTINCT FROM n.{ident(name)}" for name in contract.key)
        row = self.rows(
            f"SELECT count(*) FILTER (o.h IS NULL), count(*) FILTER (n.h IS NULL),"
            f" count(*) FILTER (o.h <> n.h), count(*) FILTER (o.h = n.h)"
            f" FROM ({side.format(old)}) o FULL JOIN ({side.format(new)}) n ON {same}"
        )[0]
        return dict(zip(("added", "removed", "changed", "unchanged"), map(int, row), strict=True))

    def record_load(self, row: Mapping[str, Any]) -> None:
        """Write a load into the ledger in place of its source's predecessor, whose table is dropped."""
        self.retire_source(str(row["programme"]), str(row["source"]))
        names = ", ".join(ident(name) for name in row)
        marks = ", ".join("?" for _ in row)
        self.connection.execute(f"INSERT INTO impact.load ({names}) VALUES ({marks})", list(row.values()))

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
        frame = self.frame(
            f'SELECT b.ordinal, b."column", b.rule, b.expected, b.value, json_object({payload}) AS payload'
            f" FROM _broken b JOIN {ident(programme.id, table)} t ON t.rowid = b.ordinal ORDER BY b.ordinal"
        )
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
            self.connection.execute(
                f"DELETE FROM {ident('impact', table)} WHERE programme = ? AND list_contains(?, indicator)",
                [programme, list(indicators)],
            )

    def drop_views(self, programme: Programme) -> None:
        """Drop the views over the good rows, so that the tables under them can change."""
        views = self.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type = 'VIEW'",
            [programme.id],
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
        good = (
            f"(SELECT count(*) FROM {ident(programme, table)} WHERE NOT _bad AND rowid NOT IN (SELECT ordinal FROM"
            " impact.quarantine WHERE ordinal IS NOT NULL AND programme = $1 AND source = $2))"
        )
        self.connection.execute(
            f"UPDATE impact.load SET rows_good = {good}, rows_bad = rows_read - {good}"
            " WHERE programme = $1 AND source = $2 AND current",
            [programme, source],
        )

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
            parts = [
                _good(programme.id, load, load.source in excluded) for load in loads if load.contract == contract.id
            ]
            view = ident(programme.id, contract.id)
            self.connection.execute(f"CREATE VIEW {view} AS {' UNION ALL BY NAME '.join(parts) or _empty(contract)}")


def _attach(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file under a fixed name: its own could be that of a schema in it, and every name ambiguous."""
    connection = duckdb.connect(":memory:")
    try:
        mode = " (READ_ONLY)" if read_only else ""
        connection.execute(f"ATTACH {literal(str(path))} AS {CATALOG}{mode}")
        connection.execute(f"USE {CATALOG}")
    except duckdb.Error:
        connection.close()
        raise
    return connection


def _good(programme: str, load: Load, some_excluded: bool) -> str:
    text = (
        f"SELECT * EXCLUDE (_bad, _reasons, _payload), {literal(load.source)} AS _source, rowid AS _row"
        f" FROM {ident(programme, load.table_name)} WHERE NOT _bad"
    )
    if some_excluded:
        text += (
            " AND rowid NOT IN (SELECT ordinal FROM impact.quarantine WHERE ordinal IS NOT NULL"
            f" AND programme = {literal(programme)} AND source = {literal(load.source)})"
        )
    return text


def _as_it_stood(name: str, column: Column) -> str:
    """Write a stored value as text, a missing one as its code (the first of its kind)."""
    value = f"CAST(t.{ident(name)} AS VARCHAR)"
    if not column.missing:
        return value
    codes = " ".join(
        f"WHEN {literal(kind)} THEN {literal(group[0])}" for kind, group in column.missing.items() if group
    )
    return f"coalesce({value}, CASE t.{ident(name + MISSING_SUFFIX)} {codes} END)"


def _empty(contract: Contract) -> str:
    columns = ", ".join(
        f"CAST(NULL AS {SQL_TYPES[column.type]}) AS {ident(name)}" for name, column in contract.columns.items()
    )
    return f"SELECT {columns}, '' AS _source, CAST(0 AS BIGINT) AS _row WHERE FALSE"


def to_json(value: Any) -> str:
    """Write a value as JSON text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
