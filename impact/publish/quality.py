"""How good the rows are leaves as tables: what was answered, who came back, what was set aside."""

from __future__ import annotations

from typing import get_args

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.declare.contracts import Column, Contract, MissingKind
from impact.formulas.territory_map.match import wave_column
from impact.publish.theory import waves_in_time
from impact.sql import Select, as_text, ident, literal, relation
from impact.store import Warehouse
from impact.validate.compile import MISSING_SUFFIX

KINDS: tuple[MissingKind, ...] = get_args(MissingKind)  # missing is the first
_QUALITY = ("contract", "place", "column", "wave", "required", "rows", "answered", *KINDS)
_RESPONSE = ("contract", "place", "wave", "since", "persons", "linked", "lost", "new")


def make_quality(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Count answers by contract, wave and column, and the persons who came back from wave to wave.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with the views of good rows in place.
    """
    fed = {source.contract for source in programme.sources}
    contracts = [contract for name, contract in programme.contracts.items() if name in fed]
    waves = [wave.id for wave in waves_in_time(programme)]
    answers = [connection.execute(quality_sql(programme.id, c)).df().assign(contract=c.id) for c in contracts]
    followed = [c for c in contracts if c.person and c.wave]
    persons = [connection.execute(response_sql(programme.id, c), [waves]).df().assign(contract=c.id) for c in followed]
    return {"quality": _stacked(answers, _QUALITY), "response": _stacked(persons, _RESPONSE)}


def _stacked(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(columns))


def quality_sql(programme: str, contract: Contract) -> str:
    """Write the query of a contract's answers: one pass over its good rows, a row out per wave and column."""
    column = wave_column(contract)
    wave = f"coalesce({as_text(column)}, '')" if column else "''"
    counts = ", ".join(_counts(place, name, column) for place, (name, column) in enumerate(contract.columns.items(), 1))
    counted = {"wave": wave, "rows": "count(*)", "counts": f"[{counts}]"}
    by_wave = Select(counted, ident(programme, contract.id), group=("1",))
    by_column = {"wave": "wave", "rows": "rows", "*": "unnest(counts, recursive := true)"}
    return Select(by_column, by_wave).sql()


def _counts(place: int, name: str, column: Column) -> str:
    """Write the counts of one column; what is neither answered nor of another kind is ``missing``."""
    kind, declared = ident(name + MISSING_SUFFIX), [reason for reason in KINDS[1:] if reason in column.missing]
    counts = {reason: f"count(CASE WHEN {kind} = {literal(reason)} THEN 1 END)" for reason in declared}
    accounted = [f"count({ident(name)})", *counts.values()]
    values = ", ".join(f"{reason} := {counts.get(reason, '0::BIGINT')}" for reason in KINDS[1:])
    return (
        f'struct_pack(place := {place}, "column" := {literal(name)}, required := {column.required},'
        f" answered := {accounted[0]}, missing := count(*) - {' - '.join(accounted)}, {values})"
    )


def response_sql(programme: str, contract: Contract) -> str:
    """Write the query of who came back: persons per wave, and how many of them were in the wave before.

    Takes the waves in order of time as its parameter; those without a row of the contract are passed over.
    """
    presence = {"person": as_text(contract.person or ""), "wave": as_text(contract.wave or "")}
    query = Select(presence, ident(programme, contract.id), distinct=True)
    return f"WITH seen AS {relation(query)}, {_FOLLOWED}"


_FOLLOWED = """
placed AS (SELECT *, dense_rank() OVER (ORDER BY list_position(?::VARCHAR[], wave) NULLS LAST, wave) AS place
  FROM seen),
followed AS (SELECT *, lag(place) OVER (PARTITION BY person ORDER BY place) AS before FROM placed),
counted AS (SELECT place, wave, count(*) AS persons, count(*) FILTER (before = place - 1) AS linked FROM followed
  GROUP BY ALL),
chained AS (SELECT *, lag(wave) OVER (ORDER BY place) AS since, lag(persons) OVER (ORDER BY place) AS earlier
  FROM counted)
SELECT place, wave, since, persons, CASE WHEN since IS NOT NULL THEN linked END AS linked, earlier - linked AS lost,
  CASE WHEN since IS NOT NULL THEN persons - linked END AS new FROM chained ORDER BY place"""


def validity_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return what became of the rows of each file in force.

    Rows set aside for a key or a reference over all files count as bad, as in the ledger; ``duplicates`` are those
    among them that repeat a key. Shares are of the rows read, null where there are none.

    Returns
    -------
    DataFrame
        ``programme, source, file, contract, kind, loaded_at, rows_read, rows_good, rows_bad, rows_warned, duplicates,
        share_good, share_warned, share_duplicates``.
    """
    return warehouse.frame(_VALIDITY, [programme])


_VALIDITY = """WITH across AS (SELECT programme, source, count(DISTINCT ordinal) AS repeated
  FROM impact.quarantine WHERE ordinal IS NOT NULL AND rule IN ('duplicate_key', 'repeated_row') GROUP BY ALL),
judged AS (SELECT programme, source, file, contract, kind, loaded_at, rows_read,
  rows_good, rows_bad, rows_warned, coalesce(repeated, 0) AS duplicates
  FROM impact.load LEFT JOIN across USING (programme, source) WHERE current AND ($1 IS NULL OR programme = $1))
SELECT *, rows_good / nullif(rows_read, 0) AS share_good, rows_warned / nullif(rows_read, 0) AS share_warned,
  duplicates / nullif(rows_read, 0) AS share_duplicates FROM judged ORDER BY programme, contract, source"""
