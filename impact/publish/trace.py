"""The path of one number back: finding, definition, query, rows, file, hash, run."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from impact.errors import UsageError
from impact.measure.moments import MISSING_GROUP
from impact.publish.rows import json_rows
from impact.sql import ident, literal
from impact.store import Warehouse
from impact.store.sentences import decoded
from impact.store.warehouse import to_json
from impact.validate.load import file_lines
from impact.words.said import Said

EXAMPLES = 5
EFFECTS = tuple(
    Said(f"family.{name}")
    for name in (
        "aggregate",
        "event_time",
        "group",
        "calendar",
        "specification",
        "leave_one_out",
        "estimator",
        "bandwidth_sensitivity",
    )
)
"""Families of terms that are effects in the unit of the indicator, and written as effects are."""


def trace_finding(warehouse: Warehouse, name: str) -> dict[str, Any]:
    """Return everything a finding came from, as plain data.

    Parameters
    ----------
    warehouse
        The database.
    name
        A finding as `impact findings` names it, such as ``nsw/earnings``.

    Raises
    ------
    UsageError
        If there is no such finding.
    """
    findings = decoded("finding", warehouse.frame("SELECT * FROM impact.finding WHERE finding = ?", [name]))
    if findings.empty:
        close = [
            row[0]
            for row in warehouse.rows(
                "SELECT finding FROM impact.finding ORDER BY levenshtein(finding, ?) LIMIT 3", [name]
            )
        ]
        raise UsageError(f"there is no finding '{name}'" + (f"; the nearest are {', '.join(close)}" if close else ""))
    (finding,) = json_rows(findings)
    programme, indicator = finding["programme"], finding["indicator"]
    definition = _one(
        warehouse,
        "SELECT * FROM impact.definition WHERE programme = ? AND indicator = ?",
        [programme, indicator],
    )
    definition["definition"] = json.loads(definition["definition"])
    contracts = _contracts(warehouse, programme, definition["definition"])
    return {
        "finding": finding,
        "definition": definition,
        "diagnostics": _many(
            warehouse,
            "SELECT * EXCLUDE (finding, programme, indicator) FROM impact.diagnostic"
            ' WHERE finding = ? ORDER BY "check"',
            [name],
            table="diagnostic",
        ),
        "terms": _many(
            warehouse,
            "SELECT * EXCLUDE (finding, programme, indicator, place) FROM impact.term WHERE finding = ? ORDER BY place",
            [name],
            table="term",
        ),
        "linkage": _many(
            warehouse,
            "SELECT since, wave, linked, lost, new FROM impact.linkage WHERE programme = ? AND indicator = ?",
            [programme, indicator],
        ),
        "sources": [
            _source(warehouse, programme, row, _rows_sql(warehouse, finding, definition, row["contract"]))
            for row in _many(
                warehouse,
                "SELECT * FROM impact.load WHERE programme = ? AND list_contains(?, contract) AND current"
                " ORDER BY list_position(?, contract), source",
                [programme, contracts, contracts],
            )
        ],
        "run": _one(warehouse, "SELECT * FROM impact.run WHERE run_id = ?", [finding["run_id"]]),
        "plan": [
            row | {"changes": tuple(map(Said.from_plain, json.loads(row["changes"])))}
            for row in _many(
                warehouse,
                "SELECT plan_hash, seen_at, changes FROM impact.plan WHERE programme = ? ORDER BY seen_at",
                [programme],
            )
        ],
    }


def _contracts(warehouse: Warehouse, programme: str, definition: dict[str, Any]) -> list[str]:
    """Return the contracts an indicator reads, its own first, and that of the one whose effect it scales."""
    of, formula = definition["ex_post"].get("design", {}).get("of"), definition["formula"]
    query = "SELECT definition ->> '$.contract' FROM impact.definition WHERE programme = ? AND indicator = ?"
    others = [contract for (contract,) in warehouse.rows(query, [programme, of])]
    beside = [formula.get("supply"), formula.get("bodies", {}).get("contract")]
    return list(dict.fromkeys([definition["contract"], *filter(None, beside), *others]))


def _rows_sql(warehouse: Warehouse, finding: dict[str, Any], definition: dict[str, Any], contract: str) -> str:
    """Write which rows of a contract a finding rests on: those of its part, and of its own contract those selected."""
    part = _part_sql(warehouse, finding, contract)
    own = contract == definition["definition"]["contract"]
    return f"({part}) AND ({definition['selection']})" if own else part


def _part_sql(warehouse: Warehouse, finding: dict[str, Any], contract: str) -> str:
    """Write which rows of a contract are a finding's part: those of its code and, in a hierarchy, of the codes below.

    Of a contract without the column all rows count: it stands beside the rows that are cut.
    """
    scope, value = finding["scope"], finding["scope_value"]
    column, code = (scope, value) if scope != "programme" else (finding["group"], finding["group_value"])
    view = ident(finding["programme"], contract)
    if column not in {name for (name,) in warehouse.rows(f"SELECT column_name FROM (DESCRIBE {view})")}:
        return "TRUE"
    held = warehouse.rows(
        'SELECT holds FROM impact.part WHERE programme = ? AND indicator = ? AND "column" = ? AND code = ?',
        [finding["programme"], finding["indicator"], column, code],
    )
    labels = ", ".join(map(literal, held[0][0] if held else [code]))
    return f"coalesce(CAST({ident(column)} AS VARCHAR), {literal(MISSING_GROUP)}) IN ({labels})"


def _source(warehouse: Warehouse, programme: str, load: dict[str, Any], part: str) -> dict[str, Any]:
    """Return one file behind a finding, with the lines of its first rows."""
    rows = f"{ident(programme, load['contract'])} WHERE _source = ? AND {part}"
    places = warehouse.rows(f"SELECT _row FROM {rows} ORDER BY _row LIMIT {EXAMPLES}", [load["source"]])
    ((used,),) = warehouse.rows(f"SELECT count(*) FROM {rows}", [load["source"]])
    lines = file_lines(np.array([row for (row,) in places], dtype=np.int64), load["line_offsets"])
    kept = (
        "source",
        "contract",
        "file",
        "sha256",
        "kind",
        "loaded_at",
        "rows_read",
        "rows_good",
        "rows_bad",
        "run_id",
        "load_id",
    )
    return {name: load[name] for name in kept} | {
        "provenance": json.loads(load["provenance"]),
        "changed": json.loads(load["changed"]) if load["changed"] else None,
        "rows_used": used,
        "first_lines": [int(line) for line in lines],
    }


def _many(warehouse: Warehouse, query: str, parameters: list[Any], table: str = "") -> list[dict[str, Any]]:
    return json_rows(decoded(table, warehouse.frame(query, parameters)))


def _one(warehouse: Warehouse, query: str, parameters: list[Any]) -> dict[str, Any]:
    return _many(warehouse, query, parameters)[0]


def plain_text(value: Any) -> Any:
    """Return plain data with its sentences in English; several of one column are JSON, as they are stored."""
    if isinstance(value, dict):
        return {name: plain_text(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain_text(member) for member in value]
    if isinstance(value, tuple):
        return to_json([plain_text(member) for member in value])
    return str(value) if isinstance(value, Said) else value
