"""Steps from one layout of the database to the next, a module each, by the number of the layout they lead to.

A step is SQL that stands for itself and is never changed again: the tables it knows are those of its time. It runs in
the transaction that opens the database for writing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import duckdb

from impact.store.migrations import v0006, v0007, v0008

STEPS: Mapping[int, Callable[[duckdb.DuckDBPyConnection], None]] = {
    6: v0006.migrate,
    7: v0007.migrate,
    8: v0008.migrate,
}
OLDEST = min(STEPS) - 1
"""The oldest layout that is still opened."""
VERSION = max(STEPS)
"""The layout that :mod:`impact.tables.registry` describes."""


def migrate(connection: duckdb.DuckDBPyConnection, version: int) -> None:
    """Bring a database from an older layout to this one.

    Parameters
    ----------
    connection
        In a transaction, with the database as its default catalogue.
    version
        Its layout, from :data:`OLDEST` to :data:`VERSION`.
    """
    for number in range(version + 1, VERSION + 1):
        STEPS[number](connection)
    connection.execute("UPDATE impact.meta SET version = ?", [VERSION])
