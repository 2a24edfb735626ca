"""Layout 6: what contracts about persons withhold beside the tables."""

from __future__ import annotations

import duckdb


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the table; what stands in it is decided by a run, and nothing is whole before the next one."""
    connection.execute(
        "CREATE TABLE impact.withheld (programme VARCHAR NOT NULL, contract VARCHAR NOT NULL, wave VARCHAR NOT NULL,"
        " what VARCHAR NOT NULL)"
    )
    connection.execute("UPDATE impact.state SET stage = 'measure' WHERE stage = 'publish'")
