"""What a database holds of its programmes: loads and their rows, rows set aside, results, views of good rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from impact.errors import UsageError
from impact.sql import (
    ALL,
    Columns,
    Select,
    alike,
    as_text,
    columns,
    delete,
    ident,
    literal,
    relation,
    text_columns,
    update,
)
from impact.store.clocks import with_last_report
from impact.store.database import Database
from impact.store.opening import CATALOG
from impact.validate.stored import MISSING_SUFFIX, SQL_TYPES, file_lines

if TYPE_CHECKING:
    import pandas as pd

    from impact.declare.contracts import Column, Contract
    from impact.declare.load import Programme
    from impact.declare.sources import Source
    from impact.tables import files

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


class Warehouse(Database):
    """A DuckDB file holding programmes: the rows of their sources, the ledger of loads, and the results.

    It is opened as a :class:`impact.store.database.Database`.
    """

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
            self._make_schema(programme.id)
        self.drop_staged(programme.id)

    def _make_schema(self, programme: str) -> None:
        if programme.lower() in map(str.lower, self._schemas()):
            raise UsageError(
                f"the database {self.path} holds a schema '{programme}' that this engine did not make; nothing"
                " was changed. Give a new file with --db, or the programme another id"
            )
        with self.transaction():
            self.connection.execute(f"CREATE SCHEMA {ident(programme)}")
            self.connection.execute("INSERT INTO impact.state VALUES (?, 'declare', NULL, NULL)", [programme])

    def drop_staged(self, programme: str) -> None:
        """Drop the tables that were staged and never published; tables of anybody else's stay."""
        published = {load.table_name for load in self.current_loads(programme).values()}
        query = "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND database_name = ?"
        for (name,) in self.rows(query, [programme, CATALOG]):
            if name not in published and STAGED.fullmatch(name):
                self.connection.execute(f"DROP TABLE {ident(programme, name)}")

    def current_loads(self, programme: str) -> dict[str, Load]:
        """Return the loads that stand, by source."""
        query = (
            "SELECT load_id, source, contract, table_name, CAST(loaded_at AS VARCHAR) FROM impact.load"
            " WHERE programme = ? AND current"
        )
        loads = [Load(*row) for row in self.rows(query, [programme])]
        return {load.source: load for load in loads}

    def compare_loads(self, contract: Contract, old: str, new: str) -> dict[str, int]:
        """Count rows by key: added, removed, changed and unchanged between two tables of a contract."""
        stored = {str(name) for name, *_ in self.rows(f"DESCRIBE {old}")}
        if not stored.issuperset(contract.key):
            return {}
        values = ", ".join(as_text(name) for name in contract.columns if name in stored)
        # rows of one key hash to one sum, whatever their order
        hashed = {**text_columns(contract.key), "h": f"sum(hash({values})::HUGEINT)"}
        older, newer = (relation(Select(hashed, table, where=("NOT _bad",), group=ALL)) for table in (old, new))
        both = f"{older} o FULL JOIN {newer} n ON {alike('o', 'n', contract.key)}"
        (counts,) = self.rows(Select(CHANGES, both).sql())
        return dict(zip(CHANGES, map(int, counts), strict=True))

    def record_load(self, load: files.Load) -> None:
        """Write a load into the ledger in place of its source's predecessor, whose table is dropped."""
        self.retire_source(load.programme, load.source)
        self.insert(load)

    def retire_source(self, programme: str, source: str) -> None:
        """Drop what stands of a source; the ledger keeps that it was there."""
        parameters = [programme, source]
        query = "SELECT table_name FROM impact.load WHERE programme = ? AND source = ? AND current"
        for (name,) in self.rows(query, parameters):
            self.connection.execute(f"DROP TABLE IF EXISTS {ident(programme, name)}")
        retired = "UPDATE impact.load SET current = false WHERE programme = ? AND source = ? AND current"
        self.connection.execute(retired, parameters)
        self.connection.execute("DELETE FROM impact.quarantine WHERE programme = ? AND source = ?", parameters)

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
        query = _set_aside_query(contract, ident(programme.id, table))
        self.connection.register("_broken", broken)
        frame = self.frame(query.sql())
        self.connection.unregister("_broken")
        offsets_query = "SELECT line_offsets FROM impact.load WHERE programme = ? AND source = ? AND current"
        ((offsets,),) = self.rows(offsets_query, [programme.id, source.id])
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
        query = "SELECT view_name FROM duckdb_views() WHERE schema_name = ? AND database_name = ? AND comment = ?"
        for (name,) in self.rows(query, [programme.id, CATALOG, OWN_VIEW]):
            self.connection.execute(f"DROP VIEW {ident(programme.id, name)}")

    def count_good(self, programme: str, source: str, table: str) -> None:
        """Write into the ledger how many rows of a source are good, those set aside over all files taken off.

        Parameters
        ----------
        programme, source
            Ids of the programme and of the source, whose keys and references have been judged.
        table
            Name of the table of the source's rows in the programme's schema.
        """
        conditions = ("NOT _bad", _not_aside("$1", "$2"))
        good = relation(Select({"n": "count(*)"}, ident(programme, table), where=conditions))
        counts = {"rows_good": good, "rows_bad": f"rows_read - {good}"}
        query = update("impact.load", counts, "programme = $1", "source = $2", "current")
        self.connection.execute(query, [programme, source])

    def create_views(self, programme: Programme) -> None:
        """Create one view of good rows per contract, with ``_source`` and ``_row`` (place in the file, from 0)."""
        loads = self.current_loads(programme.id).values()
        query = "SELECT DISTINCT source FROM impact.quarantine WHERE programme = ? AND ordinal IS NOT NULL"
        excluded = {source for (source,) in self.rows(query, [programme.id])}
        for contract in sorted(programme.contracts.values(), key=_has_roster):
            feeding = [load for load in loads if load.contract == contract.id]
            queries = [_good(programme.id, load, load.source in excluded) for load in feeding] or [_empty(contract)]
            rows = " UNION ALL BY NAME ".join(query.sql() for query in queries)
            self._create_view(ident(programme.id, contract.id), with_last_report(rows, programme.id, contract))

    def _create_view(self, view: str, query: str) -> None:
        """Create a view and mark it as the engine's own."""
        try:
            self.connection.execute(f"CREATE VIEW {view} AS {query}")
        except duckdb.CatalogException:
            raise UsageError(
                f"the database {self.path} holds a table or view {view} that this engine did not make; nothing was"
                " changed. Rename it, or give a new file with --db"
            ) from None
        self.connection.execute(f"COMMENT ON VIEW {view} IS {literal(OWN_VIEW)}")


def _has_roster(contract: Contract) -> bool:
    """Tell whether the view of a contract reads another one's, which then has to stand before it."""
    return contract.roster is not None


def _good(programme: str, load: Load, some_excluded: bool) -> Select:
    columns_of_view = {"*": "* EXCLUDE (_bad, _reasons, _payload)", "_source": literal(load.source), "_row": "rowid"}
    conditions = ["NOT _bad"]
    if some_excluded:
        conditions.append(_not_aside(literal(programme), literal(load.source)))
    return Select(columns_of_view, ident(programme, load.table_name), where=tuple(conditions))


def _not_aside(programme: str, source: str) -> str:
    """Write that a row was not set aside over all files."""
    across = ("ordinal IS NOT NULL", f"programme = {programme}", f"source = {source}")
    aside = Select(columns(["ordinal"]), "impact.quarantine", where=across)
    return f"rowid NOT IN {relation(aside)}"


def _set_aside_query(contract: Contract, table: str) -> Select:
    """Write the query of the rows of a table that ``_broken`` names, each with all its values as JSON."""
    values = [f"{literal(name)}, {_as_it_stood(name, column)}" for name, column in contract.columns.items()]
    payload = f"json_object({', '.join(values)})"
    selected = {**columns(("ordinal", *_BROKEN), of="b"), "payload": payload}
    return Select(selected, f"_broken b JOIN {table} t ON t.rowid = b.ordinal", order=("b.ordinal",))


def _as_it_stood(name: str, column: Column) -> str:
    """Write a stored value as text, a missing one as its code (the first of its kind)."""
    value = f"CAST(t.{ident(name)} AS VARCHAR)"
    if not column.missing:
        return value
    first = {kind: codes[0] for kind, codes in column.missing.items() if codes}
    cases = [f"WHEN {literal(kind)} THEN {literal(code)}" for kind, code in first.items()]
    return f"coalesce({value}, CASE t.{ident(name + MISSING_SUFFIX)} {' '.join(cases)} END)"


def _empty(contract: Contract) -> Select:
    typed = {name: f"CAST(NULL AS {SQL_TYPES[column.type]})" for name, column in contract.columns.items()}
    return Select({**typed, "_source": "''", "_row": "CAST(0 AS BIGINT)"}, where=("FALSE",))


def to_json(value: Any) -> str:
    """Write a value as JSON text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
