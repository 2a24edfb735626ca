"""Layout 7: what the engine says in words is kept as JSON; a text is a JSON string."""

from __future__ import annotations

import duckdb

SENTENCES = {
    "measure": ("method",),
    "finding": ("method", "estimand", "design", "inference", "adjustment", "not_estimable", "evidence_reason"),
    "diagnostic": ("check", "null_hypothesis", "detail"),
    "term": ("family", "term", "detail"),
    "quarantine": ("expected",),
}


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep sentences as they are, in English; the next run computes every indicator and writes them anew."""
    for table, names in SENTENCES.items():
        for name in names:
            connection.execute(
                f'ALTER TABLE impact.{table} ALTER COLUMN "{name}" SET DATA TYPE JSON USING to_json("{name}")'
            )
    connection.execute(
        "CREATE TABLE impact.sentence (programme VARCHAR NOT NULL, said JSON NOT NULL, language VARCHAR NOT NULL,"
        " text VARCHAR NOT NULL)"
    )
    connection.execute("UPDATE impact.definition SET fingerprint = ''")
    connection.execute("UPDATE impact.state SET stage = 'measure' WHERE stage = 'publish'")
