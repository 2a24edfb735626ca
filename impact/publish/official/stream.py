"""Observations become the pieces of a file in one pass of DuckDB, however many there are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

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
