"""The sentences of a programme's tables in every language, for who reads the database with SQL."""

from __future__ import annotations

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.store.sentences import distinct_sql, written_sentences


def make_sentences(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Write out, in each language, what measures, findings, checks, terms and quarantine of a programme say."""
    rows = connection.execute(distinct_sql(), [programme.id]).fetchall()
    sentences = sorted(sentence for (sentence,) in rows)
    return {"sentence": written_sentences(sentences)}
