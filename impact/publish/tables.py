"""Write results into the engine's tables, and read them back as frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pandas as pd

from impact.estimate import Diagnostic, Term
from impact.judge import Finding
from impact.sql import ident
from impact.store import Warehouse
from impact.store.sentences import decoded

_LEVELS = "CASE {}level WHEN 'micro' THEN 1 WHEN 'meso' THEN 2 ELSE 3 END"
_SAME_PART = (
    "{0}.programme = f.programme"
    ' AND {0}."column" = CASE f.scope WHEN \'programme\' THEN f."group" ELSE f.scope END'
    " AND {0}.code = CASE f.scope WHEN 'programme' THEN f.group_value ELSE f.scope_value END"
)


def write_results(
    warehouse: Warehouse,
    programme: str,
    run_id: str,
    tables: dict[str, pd.DataFrame],
    findings: Sequence[Finding],
) -> None:
    """Append measures, linkage, definitions, findings, their checks and terms; inside the run's transaction.

    Parameters
    ----------
    warehouse
        In a transaction, with the results that these replace already removed.
    programme, run_id
        Stamped on every row.
    tables
        ``measure``, ``linkage``, ``definition`` and ``part``.
    findings
        What was judged; each names its indicator's definition.
    """
    definitions = tables["definition"]
    hashes: dict[str, str] = dict(zip(definitions["indicator"], definitions["definition_hash"], strict=True))
    for name, frame in tables.items():
        stamped = frame.assign(programme=programme)
        warehouse.append(name, stamped.assign(run_id=run_id) if name == "definition" else stamped)
    rows = [f.fields | {"run_id": run_id, "definition_hash": hashes[f.fields["indicator"]]} for f in findings]
    warehouse.append("finding", pd.DataFrame(rows))
    for name, parts in (("diagnostic", "diagnostics"), ("term", "terms")):
        behind = [
            {"finding": f.fields["finding"], "programme": programme, "indicator": f.fields["indicator"], "place": place}
            | _fields(part)
            for f in findings
            if f.effect
            for place, part in enumerate(getattr(f.effect, parts))
        ]
        table = pd.DataFrame(behind)
        warehouse.append(name, table if name == "term" else table.drop(columns=["place", "size"], errors="ignore"))


def _fields(part: Diagnostic | Term) -> dict[str, Any]:
    """Return the fields of a check or term by name, its sentences as they are."""
    return {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}


def read_table(warehouse: Warehouse, table: str, programme: str | None, order: str) -> pd.DataFrame:
    """Return one of the engine's tables, of one programme or of all; its sentences as objects."""
    where, values = ("WHERE programme = ?", [programme]) if programme else ("", [])
    return decoded(table, warehouse.frame(f"SELECT * FROM {ident('impact', table)} {where} ORDER BY {order}", values))


def findings_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the findings, a row each: micro, meso, macro; the whole before its parts, a territory before its own.

    To the columns of the table come ``part_en`` and ``part_it``, the title of the part's code or the name of what it
    stands for, and ``part_depth``, how many codes stand above it.
    """
    where, values = ("WHERE f.programme = ?", [programme]) if programme else ("", [])
    findings = warehouse.frame(
        "SELECT f.*, coalesce(p.title_en, l.title_en) AS part_en, coalesce(p.title_it, l.title_it) AS part_it,"
        " coalesce(p.depth, CASE WHEN l.code IS NOT NULL THEN 0 END) AS part_depth FROM impact.finding f"
        f" LEFT JOIN impact.part p ON {_SAME_PART.format('p')} AND p.indicator = f.indicator"
        f" LEFT JOIN impact.label l ON {_SAME_PART.format('l')}"
        f" {where} ORDER BY f.programme, {_LEVELS.format('f.')}, f.indicator,"
        " f.scope <> 'programme', f.\"group\" <> 'all',"
        ' f.scope, f."group", coalesce(p.place, l.place) NULLS LAST, f.finding',
        values,
    )
    return decoded("finding", findings)


def quarantine_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the reasons for which rows were set aside or warned about, a row per reason."""
    table = read_table(warehouse, "quarantine", programme, 'programme, source, line, severity, "column", rule')
    return table.drop(columns=["ordinal", "load_id"])


def measure_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return every value by arm, scope, group and wave."""
    return read_table(
        warehouse, "measure", programme, "programme, indicator, arm, scope, scope_value, group_value, wave"
    )


def diagnostics_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the checks of the effects."""
    return read_table(warehouse, "diagnostic", programme, 'programme, finding, "check"')


def terms_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the numbers behind the effects: event times, cohorts, weights, other specifications."""
    return read_table(warehouse, "term", programme, "programme, finding, place").drop(columns=["place"])


def network_bodies_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the bodies of every network, by wave, with one position each."""
    return read_table(warehouse, "network_body", programme, "programme, network, wave, body")


def network_ties_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the ties of every network, by wave."""
    return read_table(warehouse, "network_tie", programme, "programme, network, wave, source, target, tie")


def loads_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the ledger of loads, those replaced included."""
    return read_table(warehouse, "load", programme, "programme, source, loaded_at").drop(columns=["line_offsets"])


def map_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the cells of the maps of needs and supply, a row per wave and cell, with what each is answered by."""
    return read_table(
        warehouse,
        "map_cell",
        programme,
        "programme, contract, supply, match, wave, territory, theme, target_group, state",
    )


def unmapped_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the categories that stand in rows and in no codelist, with the rows they stand in."""
    return read_table(warehouse, "unmapped", programme, 'programme, source, "column", category')


def claims_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return the totals programmes reported about themselves, each beside what records give."""
    return read_table(warehouse, "claim", programme, f"programme, {_LEVELS.format('')}, claim")


def journeys_table(warehouse: Warehouse, programme: str | None = None) -> pd.DataFrame:
    """Return where each project started, where it arrived and what comes next, as the documents say it."""
    return read_table(warehouse, "journey", programme, "programme, project")
