"""The path of a number back: definition, formula, query, files and rows, run and hash, and how the plan changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record
from impact.publish.trace import Declared, Trace, TracedFile, plan_changes
from impact.tables.results import Linkage
from impact.tables.runs import Plan
from impact.words.said import Said
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.facts import Fact, fact_list
from impact_dashboards.parts.sentences import web_link

# ---- the definition --------------------------------------------------------------------------------------------------


def definition_block(view: View, row: Row, trace: Trace) -> Block:
    """Return what is measured and how: formula in words of the declaration, method, query, hashes."""
    facts = [*_declared_facts(view, row, trace.declared), *_registered_facts(view, row, trace)]
    query = h("pre", trace.definition.query, tabindex="0")
    folded = h("details", h("summary", view.words("lineage.query")), query)
    return Block("definition", view.words("lineage.title"), body=[fact_list(facts), folded])


def _declared_facts(view: View, row: Row, declared: Declared) -> Iterator[Fact]:
    """Yield what the declaration says of the indicator."""
    words = view.words
    yield Fact(words("lineage.indicator"), h("code", f"{row['programme']}/{row['indicator']}"))
    yield Fact(words("lineage.formula"), _yaml(declared["formula"]))
    yield Fact(words("lineage.where"), _yaml(declared.get("where")))
    yield Fact(words("lineage.method"), words.said(row["method"]))
    yield Fact(words("lineage.promise"), _yaml(declared.get("ex_ante")))
    yield Fact(words("lineage.note"), _note(view, declared))


def _registered_facts(view: View, row: Row, trace: Trace) -> Iterator[Fact]:
    """Yield where the declaration stands, and which plan and run the number is of."""
    words, definition = view.words, trace.definition
    line = words("lineage.file_line", file=definition.file, line=str(definition.line))
    yield Fact(words("lineage.plan"), _registration(view, row))
    yield Fact(words("lineage.declared"), line)
    yield Fact(words("lineage.hash"), h("code", row["definition_hash"]))
    yield Fact(words("lineage.run"), [h("code", row["run_id"]), f" · {trace.run.engine}"])


def _note(view: View, declared: Declared) -> str | None:
    """Return the note of a declaration, which stands there in one language or in both."""
    note = declared.get("note")
    if not isinstance(note, dict):
        return note
    return note.get(view.words.declared)


def _registration(view: View, row: Row) -> str:
    label = view.words(f"registration.{row['registration']}")
    if not row["registered_at"]:
        return label
    day = view.words.date(row["registered_at"][:10])
    return f"{label} · {day}"


def _yaml(value: Any) -> Element | None:
    """Return a piece of a declaration as it is written; nothing where there is none."""
    if not value:
        return None
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=False, width=90)
    return h("pre", text.rstrip(), tabindex="0")


# ---- the files -------------------------------------------------------------------------------------------------------


def _file(view: View, source: Row) -> Node:
    return [h("code", source["file"]), h("small", source["title"])]


def _kind(view: View, source: Row) -> str:
    return view.words(f"data.{source['kind']}")


def _rows_used(view: View, source: Row) -> str:
    return view.words.number(source["rows_used"])


def _rows_good(view: View, source: Row) -> str:
    return view.words.number(source["rows_good"])


def _first_lines(view: View, source: Row) -> str:
    return ", ".join(map(str, source["first_lines"] or [])) or "–"


def _loaded(view: View, source: Row) -> str:
    return view.words.date(str(source["loaded_at"])[:10])


def _provenance(view: View, source: Row) -> Node:
    """Return where a file comes from."""
    provenance = source["where"]
    stated = [provenance.get(name) for name in ("publisher", "document", "licence", "generator")]
    texts = filter(None, stated)
    url = str(provenance.get("url") or "")
    link = web_link(url, view.words("lineage.open"))
    return [h("small", " · ".join(texts)), link]


FILES = (
    ColumnSpec("file", "lineage.file", _file),
    ColumnSpec("kind", "filter.data", _kind),
    ColumnSpec("rows_used", "lineage.rows_used", _rows_used, numeric=True),
    ColumnSpec("rows_good", "lineage.rows_good", _rows_good, numeric=True),
    ColumnSpec("first_lines", "lineage.first", _first_lines),
    ColumnSpec("loaded_at", "finding.loaded", _loaded),
    ColumnSpec("where", "lineage.source", _provenance),
)
FILES_IN_FILE = ("source", "sha256", "load_id", "run_id", "rows_read", "rows_bad")


def rows_block(view: View, row: Row, trace: Trace) -> Block:
    """Return the files behind a finding, with the rows used of each."""
    rows = list(map(_file_row, trace.files))
    columns = columns_of(view, FILES)
    table = Table(columns, rows, file_columns(FILES_IN_FILE))
    sentences = [_linked(view, link) for link in trace.linkage]
    note = h("p", " ".join(sentences), class_="note") if sentences else None
    title = view.words("lineage.rows")
    return Block("rows", title, table, after=note)


def _file_row(file: TracedFile) -> Record:
    return {**file.plain(), "title": file.provenance.get("title", ""), "where": file.provenance}


def _linked(view: View, link: Linkage) -> str:
    """Say how many persons of a wave were met again in the next."""
    waves = {"since": link.since, "wave": link.wave}
    counts = {"linked": link.linked, "lost": link.lost, "new": link.new}
    return view.words("lineage.linked", **waves, **counts)


# ---- the plan --------------------------------------------------------------------------------------------------------


def _seen(view: View, plan: Row) -> str:
    return view.words.date(str(plan["seen_at"])[:10])


def _change(view: View, plan: Row) -> Element:
    return h("code", plan["change"])


def _plan_hash(view: View, plan: Row) -> Element:
    return h("code", plan["plan_hash"][:12])


PLANS = (
    ColumnSpec("seen_at", "lineage.seen", _seen),
    ColumnSpec("change", "lineage.change", _change),
    ColumnSpec("plan_hash", "lineage.plan_hash", _plan_hash),
)


def plan_block(view: View, row: Row, trace: Trace) -> Block:
    """Return the dated amendments of the plan that touch this indicator."""
    rows = list(_plan_rows(view, row, trace.plan))
    table = Table(columns_of(view, PLANS), rows)
    title = view.words("lineage.amendments")
    lead = view.words("lineage.amendments_lead")
    return Block("plan", title, table, lead=lead)


def _plan_rows(view: View, row: Row, plans: Sequence[Plan]) -> Iterator[Record]:
    """Yield the first plan, and each change of the later ones that touches the indicator."""
    first, *amendments = plans
    yield _plan_row(first, view.words("lineage.first_plan"))
    for plan in amendments:
        for change in _changes(plan, row["indicator"]):
            yield _plan_row(plan, view.words.said(change))


def _plan_row(plan: Plan, change: str) -> Record:
    return {"seen_at": plan.seen_at.isoformat(), "plan_hash": plan.plan_hash, "change": change}


def _changes(plan: Plan, indicator: str) -> list[Said]:
    """Return what changed of an indicator: a dotted path below it, or all of it where it came or went."""
    return [change for change in plan_changes(plan) if isinstance(change, Said) and _is_of(change, indicator)]


def _is_of(change: Said, indicator: str) -> bool:
    return str(change.values["path"]).split(".")[0] == indicator
