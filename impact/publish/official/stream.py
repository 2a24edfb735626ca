"""Observations become the pieces of a file in one pass of DuckDB, however many there are."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from impact.publish.official.data_set import ARROW, DataSet
from impact.sql import Columns, Select, literal

BATCH = 50_000
"""Rows that stand in memory at once."""
CHUNK = 1 << 20
TABLE = "observations"
"""What queries call the rows of the data set."""


def _database() -> duckdb.DuckDBPyConnection:
    """Return a database that works in one thread: with several, each holds rows back until those before it are out."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    return connection


def copied(data_set: DataSet, columns: Columns, options: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the pieces of the file that DuckDB's COPY writes.

    Parameters
    ----------
    data_set
        Whose rows.
    columns
        What is written: expressions over :data:`TABLE`, by their name in the file.
    options
        Of COPY, such as ``{"FORMAT": "csv"}``.
    """
    with _database() as connection, tempfile.TemporaryDirectory() as scratch:
        connection.register(TABLE, data_set.rows)
        path = Path(scratch) / "copied"
        query, settings = Select(columns, TABLE).sql(), ", ".join(f"{name} {value}" for name, value in options.items())
        connection.execute(f"COPY ({query}) TO {literal(str(path))} ({settings})")
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece


def texts(data_set: DataSet, select: Select) -> Iterator[str]:
    """Yield the one text of each row of a query over :data:`TABLE`, as many rows at a time as :data:`BATCH`.

    Parameters
    ----------
    data_set
        Whose rows.
    select
        A query of one column of text, in order.
    """
    with _database() as connection:
        connection.register(TABLE, data_set.rows)
        for batch in connection.sql(select.sql()).to_arrow_reader(BATCH):
            yield "".join(batch.column(0).to_pylist())


def fragments(data_set: DataSet, write: Mapping[str, Callable[[str], str]]) -> DataSet:
    """Return a data set whose texts are written as they stand in a file; each different text is written once.

    Parameters
    ----------
    data_set
        Whose rows.
    write
        By column of text, how a value is written; what is missing stays missing.
    """
    rows = data_set.rows
    for name, function in write.items():
        codes = _encoded(rows[name])
        values = pa.array([function(value) for value in codes.dictionary.to_pylist()], pa.string())
        written = pa.DictionaryArray.from_arrays(codes.indices, values)
        rows = rows.set_column(rows.column_names.index(name), name, written)
    return replace(data_set, rows=rows)


def encoded(data_set: DataSet) -> tuple[DataSet, dict[str, list[str]]]:
    """Return a data set with the place of each text among those of its column, and the texts of each in order."""
    rows, values = data_set.rows, {}
    for component in data_set.structure.components:
        if component.text not in ARROW:
            codes = _encoded(rows[component.id])
            values[component.id] = codes.dictionary.to_pylist()
            rows = rows.set_column(rows.column_names.index(component.id), component.id, codes.indices)
    return replace(data_set, rows=rows), values


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return texts as the place of each in a list of those that differ, in the order in which they occur."""
    whole = column.combine_chunks()
    return whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()


def in_series(head: str, observation: str, *, close: str, between: str = "") -> Select:
    """Return a query of rows that stand in series: the head of a series goes before its first observation.

    Parameters
    ----------
    head, observation
        Expressions of text over :data:`TABLE`: what begins the series of a row, and what the row is in it.
    close
        What ends a series before the next begins.
    between
        What stands between two observations of one series.
    """
    heads = Select({"head": head, "before": f"lag({head}) OVER ()", "observation": observation}, TABLE)
    same, other = literal(between), f"{literal(close)} || head"
    begin = f"CASE WHEN before IS NULL THEN head WHEN before <> head THEN {other} ELSE {same} END"
    return Select({"text": f"{begin} || observation"}, heads)
