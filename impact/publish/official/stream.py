"""Observations become the pieces of a file in one pass of DuckDB, however many there are."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from impact.publish.official.data_set import DataSet
from impact.sql import Columns, Select, literal

BATCH = 50_000
"""Rows that stand in memory at once."""
CHUNK = 1 << 20
TABLE = "observations"
"""What queries call the rows of the data set."""


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
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as scratch:
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
    with duckdb.connect() as connection:
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
        encoded = rows[name].unify_dictionaries() if pa.types.is_dictionary(rows[name].type) else rows[name]
        whole = encoded.combine_chunks()
        codes = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
        values = pa.array([function(value) for value in codes.dictionary.to_pylist()], pa.string())
        written = pa.DictionaryArray.from_arrays(codes.indices, values)
        rows = rows.set_column(rows.column_names.index(name), name, written)
    return replace(data_set, rows=rows)


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
    begin = f"CASE WHEN before IS NULL THEN head WHEN before <> head THEN {literal(close)} || head ELSE {literal(between)} END"
    return Select({"text": f"{begin} || observation"}, heads)
