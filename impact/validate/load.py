"""Load one raw file through its compiled contract into a table of its own; every row is kept, good or flagged.

The table is staged and committed before anything refers to it, so its ``rowid`` is the record's place in the file;
:mod:`impact.store` publishes it in the transaction that follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from impact.declare.contracts import Contract
from impact.declare.location import Location
from impact.declare.sources import Source
from impact.errors import FileError, Problem
from impact.faults import machine_fault
from impact.ingest import RawFile, RejectedLine
from impact.ingest.raw import BLANK
from impact.sql import Select, as_text, columns, literal
from impact.validate.compile import CompiledContract
from impact.validate.stored import MISSING_SUFFIX, file_lines
from impact.words.said import Said

BATCH = 200_000
COLUMNS = ["row", "severity", "column", "rule", "expected", "value", "payload"]


@dataclass(frozen=True)
class LoadReport:
    """What became of the records of one file.

    ``rows_read = rows_good + rows_bad``; lines that are no rows at all count as bad. ``reasons`` has a line per
    reason: ``row`` (line in the file, header is 1), ``severity, column, rule, expected, value, payload``.
    """

    rows_read: int
    rows_good: int
    rows_bad: int
    rows_warned: int
    reasons: pd.DataFrame = field(repr=False)
    line_offsets: tuple[int, ...] = ()


def stage_rows(
    connection: duckdb.DuckDBPyConnection,
    raw: RawFile,
    compiled: CompiledContract,
    source: Source,
    table: str,
) -> LoadReport:
    """Create ``table`` from a raw file.

    Parameters
    ----------
    connection
        The database to write to; no transaction is open, so that the table is committed at once.
    raw, compiled, source
        The file, the contract compiled for it, and its declaration.
    table
        Quoted name of the table to create.

    Raises
    ------
    FileError
        If the columns of the file are not those declared, or DuckDB cannot read it at all.
    """
    _check_columns(raw, compiled, source)
    _create_table(connection, compiled, source, table)
    _run_leftover(connection, compiled, table)
    lines = [*raw.rejected]
    if raw.csv:
        lines += _csv_rejects(connection, raw.rejected)
    offsets = _line_offsets(lines)
    reasons = _reasons(connection, compiled, table, offsets)
    unreadable = [line for line in lines if line.rule != BLANK]
    if unreadable:
        of_lines = _line_reasons(unreadable)
        reasons = pd.concat([reasons, of_lines], ignore_index=True) if len(reasons) else of_lines
    query = Select({"total": "count(*)", "bad": "count(*) FILTER (_bad)"}, table)
    ((total, bad),) = connection.execute(query.sql()).fetchall()
    warned = reasons.loc[reasons["severity"] == "warning", "row"].nunique()
    n_lines = len(unreadable)
    return LoadReport(total + n_lines, total - bad, bad + n_lines, warned, reasons, offsets)


def _create_table(
    connection: duckdb.DuckDBPyConnection, compiled: CompiledContract, source: Source, table: str
) -> None:
    """Run the pass over the file; what DuckDB set aside of an earlier file is dropped first."""
    for name in ("reject_errors", "reject_scans"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    try:
        connection.execute(f"CREATE TABLE {table} AS {compiled.select.sql()}")
    except duckdb.Error as error:
        if machine_fault(error):
            raise
        message = str(error).splitlines()[0][:300]
        at = Location(source.file, field=f"source {source.id}")
        raise FileError([at.problem("the file cannot be parsed", found=message)]) from error


def _line_reasons(lines: Sequence[RejectedLine]) -> pd.DataFrame:
    """Return the reasons of lines that are no rows; their text is the value and the payload."""
    rows = []
    for line in lines:
        expected = _LINE_RULES.get(line.rule, ONE_VALUE_PER_COLUMN).json()
        payload = json.dumps({"line": line.text}, ensure_ascii=False)
        rows.append((line.line, "error", "", line.rule, expected, line.text, payload))
    return pd.DataFrame(rows, columns=COLUMNS)


_LINE_RULES = {"unclosed_quote": Said("rows.even_quotes"), "nul_byte": Said("rows.no_nul_bytes")}
ONE_VALUE_PER_COLUMN = Said("rows.one_value_per_column")


def _check_columns(raw: RawFile, compiled: CompiledContract, source: Source) -> None:
    """Refuse a file whose columns are not those that the contract and the source name."""
    problems = list(_column_problems(raw, compiled.contract, source))
    if problems:
        raise FileError(problems)


def _column_problems(raw: RawFile, contract: Contract, source: Source) -> Iterator[Problem]:
    at, header = Location(source.file, 1, f"source {source.id}"), ", ".join(raw.header)
    mapped = {*source.rename, *source.ignore}
    for name in sorted(mapped.difference(raw.header)):
        yield at.problem(f"the file has no column '{name}'", found=header)
    unmapped = [name for name in raw.header if name not in mapped]
    assigned = {*source.set, *(name for name, _ in source.renamed)}
    for name in sorted(assigned.intersection(unmapped)):
        yield at.problem(f"column '{name}' is filled twice", fix="Leave the file's own out with ignore:.")
    for name in unmapped:
        if name not in contract.columns:
            fix = "Rename it with rename:, or leave it out with ignore:."
            yield at.problem(f"unknown column '{name}'", ", ".join(contract.columns), fix=fix)
    filled = assigned.union(unmapped)
    for name, column in contract.columns.items():
        if column.required and name not in filled:
            what = f"no column for '{name}', which contract '{contract.id}' requires"
            yield at.problem(what, found=header, fix="Map a file column to it with rename:, or give it with set:.")


def _run_leftover(connection: duckdb.DuckDBPyConnection, compiled: CompiledContract, table: str) -> None:
    """Run the checks SQL cannot say through Pandera, on batches, and flag the rows that fail."""
    for number, name, check in compiled.leftover:
        check.raise_warning = False
        schema = pa.SeriesSchema("string", checks=[check], nullable=True)
        query = Select(columns(["rowid", name]), table)
        failing: list[int] = []
        for batch in connection.sql(query.sql()).to_arrow_reader(BATCH):
            failing += _failing(schema, batch.to_pandas())
        if failing:
            _flag(connection, compiled, table, number, failing)


def _failing(schema: pa.SeriesSchema, frame: pd.DataFrame) -> list[int]:
    texts = frame.iloc[:, 1].to_numpy()
    values = pd.Series(texts, index=frame["rowid"], dtype="string")
    try:
        schema.validate(values, lazy=True)
    except SchemaErrors as error:
        cases: pd.DataFrame = error.failure_cases
        return list(map(int, cases["index"]))
    return []


def _flag(
    connection: duckdb.DuckDBPyConnection, compiled: CompiledContract, table: str, number: int, rows: Sequence[int]
) -> None:
    """Write the table anew with the rows flagged: an update would move them, and their place is their line."""
    is_error = compiled.reasons[number].severity == "error"
    stored = compiled.contract.columns
    texts = ", ".join(f"{literal(name)}, {as_text(name)}" for name in stored)
    fails = "rowid IN (SELECT id FROM _flagged)"
    flagged = {
        "_bad": f"_bad OR ({fails} AND {is_error})",
        "_reasons": f"CASE WHEN {fails} THEN list_append(coalesce(_reasons, []), {number}) ELSE _reasons END",
        "_payload": f"CASE WHEN {fails} THEN coalesce(_payload, json_object({texts})) ELSE _payload END",
    }
    missing = [name + MISSING_SUFFIX for name, column in stored.items() if column.missing]
    query = Select({**columns((*stored, *missing)), **flagged}, table, order=("rowid",))
    connection.register("_flagged", pd.DataFrame({"id": list(rows)}))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _rewritten AS {query.sql()}")
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM _rewritten ORDER BY rowid")
    connection.execute("DROP TABLE _rewritten")
    connection.unregister("_flagged")


def _csv_rejects(connection: duckdb.DuckDBPyConnection, rejected: Sequence[RejectedLine]) -> list[RejectedLine]:
    """Read what DuckDB's reader set aside; its line numbers are those of the cleaned copy."""
    query = (
        "SELECT line, any_value(lower(replace(CAST(error_type AS VARCHAR), ' ', '_'))), any_value(csv_line)"
        " FROM reject_errors GROUP BY line ORDER BY line"
    )
    rows = connection.execute(query).fetchall()
    removed = np.array(sorted(line.line for line in rejected), dtype=np.int64)
    # from this line of the copy on, so many lines were taken out before it
    thresholds = removed - np.arange(len(removed))
    lines = []
    for number, rule, text in rows:
        skipped = np.searchsorted(thresholds, number, side="right")
        lines.append(RejectedLine(int(number + skipped), rule, text))
    return lines


def _line_offsets(lines: Sequence[RejectedLine]) -> tuple[int, ...]:
    """Return, for each line that is no row, how many rows stand before it."""
    ordered = sorted(line.line for line in lines)
    return tuple(line - 2 - index for index, line in enumerate(ordered))


def _reasons(
    connection: duckdb.DuckDBPyConnection, compiled: CompiledContract, table: str, offsets: Sequence[int]
) -> pd.DataFrame:
    """Return a line per reason of a row, in the order of the file and of the contract."""
    numbered = {"row": "rowid", "number": "unnest(_reasons)", "payload": "_payload"}
    query = Select(numbered, table, where=("_reasons IS NOT NULL",), order=("row",))
    frame = connection.execute(query.sql()).df()
    reasons = [(reason.severity, reason.column, reason.rule, reason.expected.json()) for reason in compiled.reasons]
    by_number = pd.DataFrame(reasons, columns=["severity", "column", "rule", "expected"])
    frame = frame.merge(by_number, left_on="number", right_index=True, how="left")
    frame = frame.sort_values(["row", "number"])
    frame["row"] = file_lines(frame["row"].to_numpy(), offsets)
    frame["value"] = _values(connection, frame)
    return frame[COLUMNS].reset_index(drop=True)


def _values(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> list[str | None]:
    """Take the offending value out of the payload; for a rule over two columns, both."""
    if frame.empty:
        return []
    connection.register("_failing", frame[["payload", "column"]].assign(i=range(len(frame))))
    rows = connection.execute(
        "SELECT array_to_string(list_transform(string_split(\"column\", ', '),"
        " lambda name: coalesce(json_extract_string(payload, '$.\"' || name || '\"'), '')), ' | ')"
        " FROM _failing ORDER BY i"
    ).fetchall()
    connection.unregister("_failing")
    return [value for (value,) in rows]
