"""The sentences of a programme's tables in every language, for who reads the database with SQL."""

from __future__ import annotations

from impact.declare import Programme
from impact.publish.tables import renew_tables
from impact.store import Warehouse
from impact.store.sentences import distinct_sql, written_sentences


def renew_sentences(programme: Programme, warehouse: Warehouse) -> bool:
    """Write out what the programme's tables say, where it differs from what is written; tell whether it did.

    Parameters
    ----------
    programme
        As declared.
    warehouse
        In the run's transaction, with measures, findings, checks, terms and quarantine written.
    """
    stored = [said for (said,) in warehouse.rows(distinct_sql(), [programme.id])]
    return renew_tables(warehouse, programme.id, {"sentence": written_sentences(sorted(stored))})
