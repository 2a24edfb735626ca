"""What is published about the definitions behind the numbers: contracts, files and waves of each indicator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from impact.declare.base import last_day
from impact.sql import Select, columns, ident, literal, relation
from impact.store import Warehouse

Declared = Mapping[str, Any]
"""What stands in a declaration, as it was read."""
PROVENANCE = ("title", "publisher", "document", "url", "licence", "retrieved", "generator")
"""What is told of where a file comes from."""


def definition_contracts(warehouse: Warehouse, programme: str) -> dict[str, str]:
    """Return the contract whose rows each indicator of a programme counts."""
    return _by_indicator(warehouse, programme, "$.contract")


def definition_kinds(warehouse: Warehouse, programme: str) -> dict[str, str]:
    """Return the kind of formula of each indicator of a programme."""
    return _by_indicator(warehouse, programme, "$.formula.kind")


def definition_measures(warehouse: Warehouse, programme: str) -> dict[str, str]:
    """Return what the formula of each indicator measures, where it says so: such as the density of a network."""
    measures = _by_indicator(warehouse, programme, "$.formula.measure")
    return {indicator: measure for indicator, measure in measures.items() if measure}


def definition_primaries(warehouse: Warehouse, programme: str) -> frozenset[str]:
    """Return the primary indicators of a programme."""
    primary = _by_indicator(warehouse, programme, "$.primary")
    return frozenset(indicator for indicator, value in primary.items() if value == "true")


def _by_indicator(warehouse: Warehouse, programme: str, path: str) -> dict[str, str]:
    query = "SELECT indicator, definition ->> ? FROM impact.definition WHERE programme = ?"
    return dict(warehouse.rows(query, [path, programme]))


def definitions(warehouse: Warehouse, programme: str) -> dict[str, dict[str, Any]]:
    """Return the declaration of each indicator of a programme, as the run read it."""
    rows = warehouse.rows("SELECT indicator, definition FROM impact.definition WHERE programme = ?", [programme])
    return {indicator: json.loads(definition) for indicator, definition in rows}


def wave_days(warehouse: Warehouse, programme: str) -> dict[str, str]:
    """Return the last day of each wave, ``YYYY-MM-DD``, in order of time, as the plan in force dates them."""
    plans = warehouse.rows(
        "SELECT plan FROM impact.plan WHERE programme = ? ORDER BY seen_at DESC LIMIT 1", [programme]
    )
    plan = json.loads(plans[0][0]) if plans else {}
    dates: dict[str, str] = {}
    for planned in plan.values():
        dates |= planned.get("waves", {})
    days = [(last_day(date), wave) for wave, date in dates.items()]
    return {wave: day for day, wave in sorted(days)}


def operand_names(declared: Declared) -> tuple[str, ...]:
    """Return the indicators that one is reckoned from, as it was declared; none where it is measured of rows."""
    formula = declared.get("formula", {})
    components = (component["indicator"] for component in formula.get("components", ()))
    return (*formula.get("operands", ()), *components)


def selections(warehouse: Warehouse, programme: str, declared: Declared) -> dict[str, str]:
    """Return by contract which of its rows count, as SQL: those of an indicator, or of any that it is reckoned from."""
    query = "SELECT indicator, definition, selection FROM impact.definition WHERE programme = ?"
    stored = {name: (json.loads(text), selection) for name, text, selection in warehouse.rows(query, [programme])}
    counted: dict[str, dict[str, None]] = {}
    reached, todo = set[str](), [declared["id"]]
    while todo:
        name = todo.pop(0)
        if name in reached:
            continue
        reached.add(name)
        of_name, selection = stored[name]
        operands = operand_names(of_name)
        todo += operands
        if not operands:
            counted.setdefault(of_name["contract"], {})[f"({selection})"] = None
    return {contract: " OR ".join(each) for contract, each in counted.items()}


def indicator_sources(warehouse: Warehouse, programme: str, indicator: str) -> pd.DataFrame:
    """Return the loads that hold an indicator's rows, a row per file in force.

    Several series of official statistics share a contract, and each has a publisher and a licence of its own: files
    count whose rows the indicator's conditions select.

    Parameters
    ----------
    warehouse
        Open for reading.
    programme, indicator
        As published.

    Returns
    -------
    DataFrame
        ``source, file, contract, kind`` and, as text, ``title, publisher, document, url, licence, retrieved,
        generator`` of the provenance.
    """
    declared = definitions(warehouse, programme)[indicator]
    frames = []
    for contract, selection in selections(warehouse, programme, declared).items():
        rows = Select(columns(["_source"]), ident(programme, contract), where=(selection,))
        frames.append(_loads(warehouse, programme, contract, f"source IN {relation(rows)}"))
    return pd.concat(frames, ignore_index=True)


def contract_sources(warehouse: Warehouse, programme: str, contract: str) -> pd.DataFrame:
    """Return the loads in force of a contract, with the columns of :func:`indicator_sources`."""
    return _loads(warehouse, programme, contract)


def cited_sources(loads: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Return title and address of what the files in force are from, each once, of the ledger that a reader sees."""
    provenances = map(json.loads, loads.loc[loads["current"].astype(bool), "provenance"])
    cited = ((one.get("title") or "", one.get("url") or "") for one in provenances)
    return tuple(dict.fromkeys(source for source in cited if any(source)))


def _loads(warehouse: Warehouse, programme: str, contract: str, *further: str) -> pd.DataFrame:
    ledger = columns(("source", "file", "contract", "kind"))
    provenance = {name: _of_provenance(name) for name in PROVENANCE}
    where = ("programme = ?", "contract = ?", "current", *further)
    query = Select({**ledger, **provenance}, "impact.load", where=where, order=("source",))
    return warehouse.frame(query.sql(), [programme, contract])


def _of_provenance(name: str) -> str:
    return f"coalesce(provenance->>{literal(f'$.{name}')}, '')"
