"""The path of one number back: finding, definition, query, rows, file, hash, run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from impact.errors import UsageError
from impact.publish.definitions import selections
from impact.sql import EVERY_COLUMN, Select, ident, literal
from impact.store import Warehouse
from impact.store.sentences import decoded
from impact.store.warehouse import to_json as json_text
from impact.tables.columns import Holds, Record
from impact.tables.files import Load
from impact.tables.finding import Finding
from impact.tables.frames import Row, to_json, to_records
from impact.tables.part import WHOLE, Part
from impact.tables.results import Diagnostic, Linkage, Term
from impact.tables.runs import Definition, Plan, Run
from impact.validate.stored import file_lines
from impact.words.said import Said, Text

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


OF_FILE = (
    *("source", "contract", "file", "sha256", "kind", "loaded_at", "rows_read", "rows_good", "rows_bad"),
    *("run_id", "load_id"),
)
"""What is told of a file behind a finding."""
Declared = Mapping[str, Any]
"""What stands in a declaration or a plan, as it was read."""
Plain = dict[str, object]
"""Columns of a row by name, with values as JSON holds them."""
_KEYS = ("finding", "programme", "indicator")
"""Columns by which rows belong to a finding: said of it once, and not of each."""


@dataclass(frozen=True)
class TracedFile:
    """A file behind a finding.

    Parameters
    ----------
    load
        Its row of the ledger.
    rows_used, first_lines
        How many of its rows the finding rests on, and the lines of the first; None and nothing where not told.
    counted
        Whether what the ledger counts of it may be told: it could tell of few persons.
    """

    load: Load
    rows_used: int | None
    first_lines: tuple[int, ...]
    counted: bool = True

    @property
    def provenance(self) -> Declared:
        """Where the file comes from, as declared."""
        declared: Declared = json.loads(self.load.provenance)
        return declared

    def plain(self) -> Plain:
        """Return what is told of it, as plain data."""
        load = self.load
        hidden = () if self.counted else Load.TABLE.names(Holds.COUNT)
        columns: Plain = {name: None if name in hidden else to_json(getattr(load, name)) for name in OF_FILE}
        columns["provenance"] = self.provenance
        columns["changed"] = json.loads(load.changed) if load.changed and self.counted else None
        columns["rows_used"] = self.rows_used
        columns["first_lines"] = list(self.first_lines)
        return columns


@dataclass(frozen=True)
class Trace:
    """Everything a finding came from.

    Parameters
    ----------
    finding, definition, run
        The finding, its indicator as declared with the SQL made of it, and the run that computed it.
    diagnostics, terms
        Checks of the effect, and numbers behind it.
    linkage
        How many persons were found again.
    files
        The files behind it, its own contract's first.
    plan
        The plans the programme had, the oldest first.
    suppressed
        Why the finding is hidden from this reader: ``few`` or ``complement``; empty where it is not.
    """

    finding: Finding
    definition: Definition
    diagnostics: tuple[Diagnostic, ...]
    terms: tuple[Term, ...]
    linkage: tuple[Linkage, ...]
    files: tuple[TracedFile, ...]
    run: Run
    plan: tuple[Plan, ...]
    suppressed: str = ""

    @property
    def declared(self) -> Declared:
        """The indicator as declared."""
        declared: Declared = json.loads(self.definition.definition)
        return declared

    def plain(self) -> Plain:
        """Return all of it as plain data, for JSON; sentences in English."""
        return {
            "finding": _plain(self.finding),
            "definition": _plain(self.definition) | {"definition": self.declared},
            "diagnostics": _plain_rows(self.diagnostics, *_KEYS),
            "terms": _plain_rows(self.terms, *_KEYS, "place"),
            "linkage": _plain_rows(self.linkage, *_KEYS),
            "sources": [file.plain() for file in self.files],
            "run": _plain(self.run),
            "plan": [_plain_plan(plan) for plan in self.plan],
        }


def plan_changes(plan: Plan) -> tuple[Text, ...]:
    """Return what a plan changed of the one before it."""
    return tuple(map(Said.from_plain, json.loads(plan.changes)))


def _plain(record: Record, *left_out: str) -> Plain:
    return {name: to_json(getattr(record, name)) for name in record.TABLE.columns if name not in left_out}


def _plain_rows(records: Sequence[Record], *left_out: str) -> list[Plain]:
    return [_plain(record, *left_out) for record in records]


def _plain_plan(plan: Plan) -> Plain:
    changes = [str(change) for change in plan_changes(plan)]
    return _plain(plan, "programme", "plan") | {"changes": json_text(changes)}


def trace_finding(warehouse: Warehouse, name: str) -> Trace:
    """Return everything a finding came from.

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
    finding = _finding(warehouse, name)
    programme, indicator = finding.programme, finding.indicator
    indicator_key = {"programme": programme, "indicator": indicator}
    (definition,) = _read(warehouse, Definition, indicator_key)
    (run,) = _read(warehouse, Run, {"run_id": finding.run_id})
    return Trace(
        finding=finding,
        definition=definition,
        diagnostics=_read(warehouse, Diagnostic, {"finding": name}, order="check"),
        terms=_read(warehouse, Term, {"finding": name}, order="place"),
        linkage=_read(warehouse, Linkage, indicator_key),
        files=_files(warehouse, finding, definition),
        run=run,
        plan=_read(warehouse, Plan, {"programme": programme}, order="seen_at"),
    )


def _read(warehouse: Warehouse, record: type[Row], equal: Mapping[str, str], order: str = "") -> tuple[Row, ...]:
    """Return the rows of a table that have these values."""
    where = tuple(f"{ident(name)} = ?" for name in equal)
    ordered = (ident(order),) if order else ()
    query = Select(EVERY_COLUMN, ident("impact", record.TABLE.name), where=where, order=ordered)
    return _records(warehouse, record, query, list(equal.values()))


def _records(
    warehouse: Warehouse, record: type[Row], query: Select, parameters: Sequence[str | list[str]]
) -> tuple[Row, ...]:
    frame = warehouse.frame(query.sql(), parameters)
    return tuple(to_records(record, decoded(record.TABLE.name, frame)))


def _finding(warehouse: Warehouse, name: str) -> Finding:
    if same_name := _read(warehouse, Finding, {"finding": name}):
        return same_name[0]
    query = "SELECT finding FROM impact.finding ORDER BY levenshtein(finding, ?) LIMIT 3"
    rows = warehouse.rows(query, [name])
    nearest = ", ".join(finding for (finding,) in rows)
    hint = f"; the nearest are {nearest}" if nearest else ""
    raise UsageError(f"there is no finding '{name}'{hint}")


def _files(warehouse: Warehouse, finding: Finding, definition: Definition) -> tuple[TracedFile, ...]:
    """Return the files behind a finding, those of its own contract first."""
    declared: Declared = json.loads(definition.definition)
    contracts = _contracts(warehouse, finding.programme, declared)
    rows = {name: _part_sql(warehouse, finding, name) for name in contracts}
    for name, selection in selections(warehouse, finding.programme, declared).items():
        rows[name] = f"({rows[name]}) AND ({selection})"
    if targets := declared.get("ex_ante", {}).get("targets"):
        rows[targets["contract"]] = _promised_sql(finding, targets["by"])
    loads = _records(warehouse, Load, _LOADS, [finding.programme, contracts])
    return tuple(_traced(warehouse, load, rows[load.contract]) for load in loads)


_LOADS = Select(
    EVERY_COLUMN,
    "impact.load",
    where=("programme = $1", "list_contains($2, contract)", "current"),
    order=("list_position($2, contract)", "source"),
)


def _contracts(warehouse: Warehouse, programme: str, declared: Declared) -> list[str]:
    """Return the contracts an indicator reads, its own first, and that of the one whose effect it scales."""
    of, formula = declared["ex_post"].get("design", {}).get("of"), declared["formula"]
    query = "SELECT definition ->> '$.contract' FROM impact.definition WHERE programme = ? AND indicator = ?"
    scaled = [contract for (contract,) in warehouse.rows(query, [programme, of])]
    promised = declared.get("ex_ante", {}).get("targets", {}).get("contract")
    beside = [formula.get("supply"), formula.get("bodies", {}).get("contract"), promised]
    behind = selections(warehouse, programme, declared)
    return list(dict.fromkeys([declared["contract"], *filter(None, beside), *scaled, *behind]))


def _part_sql(warehouse: Warehouse, finding: Finding, contract: str) -> str:
    """Write which rows of a contract are a finding's part: those of its code and, in a hierarchy, of the codes below.

    Of a contract without the column all rows count: it stands beside the rows that are cut.
    """
    cut = Part.of(vars(finding))
    described = warehouse.rows(f"DESCRIBE {ident(finding.programme, contract)}")
    if cut.column not in {name for name, *_ in described}:
        return WHOLE.sql()
    labels = warehouse.rows(
        'SELECT holds FROM impact.part WHERE programme = ? AND indicator = ? AND "column" = ? AND code = ?',
        [finding.programme, finding.indicator, cut.column, cut.code],
    )
    return cut.sql(labels[0][0] if labels else ())


def _promised_sql(finding: Finding, by: str) -> str:
    """Write which rows of a contract of targets a finding is held against; none that is of no such part."""
    cut = Part.of(vars(finding))
    ours = f"indicator = {literal(finding.indicator)}"
    return f"{ours} AND part = {literal(cut.code)}" if cut.column == by else "FALSE"


def _traced(warehouse: Warehouse, load: Load, rows: str) -> TracedFile:
    """Return one file behind a finding, with the lines of its first rows."""
    view, where = ident(load.programme, load.contract), ("_source = ?", rows)
    count = Select({"n": "count(*)"}, view, where=where)
    ((used,),) = warehouse.rows(count.sql(), [load.source])
    first = Select({"_row": "_row"}, view, where=where, order=("_row",), limit=EXAMPLES)
    numbers = [number for (number,) in warehouse.rows(first.sql(), [load.source])]
    lines = file_lines(np.array(numbers, dtype=np.int64), list(load.line_offsets))
    return TracedFile(load, used, tuple(int(line) for line in lines))
