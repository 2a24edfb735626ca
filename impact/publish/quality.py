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
from impact.validate.stored import MISSING_SUFFIX

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
    answers, persons = list[pd.DataFrame](), list[pd.DataFrame]()
    waves = [wave.id for wave in waves_in_time(programme)]
    for name, contract in programme.contracts.items():
        if name not in fed:
            continue
        counted = connection.execute(quality_sql(programme.id, contract)).df()
        answers.append(counted.assign(contract=contract.id))
        if contract.person and contract.wave:
            followed = connection.execute(response_sql(programme.id, contract), [waves]).df()
            persons.append(followed.assign(contract=contract.id))
    return {"quality": _stacked(answers, _QUALITY), "response": _stacked(persons, _RESPONSE)}


def _stacked(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(columns))


def quality_sql(programme: str, contract: Contract) -> str:
    """Write the query of a contract's answers: one pass over its good rows, a row out per wave and column."""
    column = wave_column(contract)
    wave = f"coalesce({as_text(column)}, '')" if column else "''"
    numbered = enumerate(contract.columns.items(), 1)
    counts = ", ".join(_counts(number, name, column) for number, (name, column) in numbered)
    counted = {"wave": wave, "rows": "count(*)", "counts": f"[{counts}]"}
    by_wave = Select(counted, ident(programme, contract.id), group=("1",))
    by_column = {"wave": "wave", "rows": "rows", "*": "unnest(counts, recursive := true)"}
    return Select(by_column, by_wave).sql()


def _counts(number: int, name: str, column: Column) -> str:
    """Write the counts of one column; what is neither answered nor of another kind is ``missing``."""
    declared = {kind: _count_of(name, kind) for kind in KINDS[1:] if kind in column.missing}
    answered = f"count({ident(name)})"
    missing = " - ".join(("count(*)", answered, *declared.values()))
    values = ", ".join(f"{kind} := {declared.get(kind, '0::BIGINT')}" for kind in KINDS[1:])
    return (
        f'struct_pack(place := {number}, "column" := {literal(name)}, required := {column.required},'
        f" answered := {answered}, missing := {missing}, {values})"
    )


def _count_of(name: str, kind: str) -> str:
    """Write how many rows lack a value of a column for a declared reason."""
    return f"count(CASE WHEN {ident(name + MISSING_SUFFIX)} = {literal(kind)} THEN 1 END)"


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
