"""The path of a number back: definition, formula, query, files and rows, run and hash, and how the plan changed."""

from __future__ import annotations

import json
from typing import Any

import yaml

from impact.drawing.markup import Node, h
from impact_dashboards.page.view import Block, Column, Row, Table, View
from impact_dashboards.parts.sentences import web_link


def definition_block(view: View, row: Row, trace: dict[str, Any]) -> Block:
    """Return what is measured and how: formula in words of the declaration, method, query, hashes."""
    words, definition = view.words, trace["definition"]
    declared = definition["definition"]
    note = (
        (declared.get("note") or {}).get(words.language)
        if isinstance(declared.get("note"), dict)
        else declared.get("note")
    )
    facts = [
        (words("lineage.indicator"), h("code", f"{row['programme']}/{row['indicator']}")),
        (words("lineage.formula"), h("pre", _yaml(declared["formula"]), tabindex="0")),
        (words("lineage.where"), h("pre", _yaml(declared["where"]), tabindex="0") if declared.get("where") else None),
        (words("lineage.method"), words.said(row["method"])),
        (
            words("lineage.promise"),
            h("pre", _yaml(declared["ex_ante"]), tabindex="0") if declared.get("ex_ante") else None,
        ),
        (words("lineage.note"), note),
        (words("lineage.plan"), _registration(view, row)),
        (words("lineage.declared"), words("lineage.file_line", file=definition["file"], line=str(definition["line"]))),
        (words("lineage.hash"), h("code", row["definition_hash"])),
        (words("lineage.run"), [h("code", row["run_id"]), f" · {trace['run']['engine']}"]),
    ]
    query = h("details", h("summary", words("lineage.query")), h("pre", definition["query"], tabindex="0"))
    body = [h("dl", [[h("dt", name), h("dd", value)] for name, value in facts if value]), query]
    return Block("definition", words("lineage.title"), body=body)


def _registration(view: View, row: Row) -> str:
    label = view.words(f"registration.{row['registration']}")
    return f"{label} · {view.words.date(row['registered_at'][:10])}" if row["registered_at"] else label


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=False, width=90).rstrip()


def rows_block(view: View, row: Row, trace: dict[str, Any]) -> Block:
    """Return the files behind a finding, with the rows used of each."""
    words = view.words
    files = [
        source | {"title": source["provenance"].get("title", ""), "where": source["provenance"]}
        for source in trace["sources"]
    ]
    table = Table(
        [
            Column(
                "file", words("lineage.file"), lambda source: [h("code", source["file"]), h("small", source["title"])]
            ),
            Column("kind", words("filter.data"), lambda source: words(f"data.{source['kind']}")),
            Column(
                "rows_used", words("lineage.rows_used"), lambda source: words.number(source["rows_used"]), numeric=True
            ),
            Column(
                "rows_good", words("lineage.rows_good"), lambda source: words.number(source["rows_good"]), numeric=True
            ),
            Column(
                "first_lines",
                words("lineage.first"),
                lambda source: ", ".join(map(str, source["first_lines"] or [])) or "–",
            ),
            Column("loaded_at", words("finding.loaded"), lambda source: words.date(str(source["loaded_at"])[:10])),
            Column("where", words("lineage.source"), lambda source: _provenance(view, source["where"])),
        ],
        files,
        [Column(key, key) for key in ("source", "sha256", "load_id", "run_id", "rows_read", "rows_bad")],
    )
    linked = [
        words(
            "lineage.linked",
            linked=link["linked"],
            since=link["since"],
            wave=link["wave"],
            lost=link["lost"],
            new=link["new"],
        )
        for link in trace["linkage"]
    ]
    return Block(
        "rows", words("lineage.rows"), table, after=h("p", " ".join(linked), class_="note") if linked else None
    )


def _provenance(view: View, provenance: dict[str, Any]) -> Node:
    """Return where a file comes from."""
    said = [provenance.get(name) for name in ("publisher", "document", "licence", "generator")]
    link = web_link(str(provenance.get("url") or ""), view.words("lineage.open"))
    return [h("small", " · ".join(filter(None, said))), link]


def plan_block(view: View, row: Row, trace: dict[str, Any]) -> Block:
    """Return the dated amendments of the plan that touch this indicator."""
    words = view.words
    first, *later = trace["plan"]
    told = [(first, words("lineage.first_plan"))]
    told += [(plan, words.said(change)) for plan in later for change in _changes(plan, row["indicator"])]
    rows = [{"seen_at": plan["seen_at"], "plan_hash": plan["plan_hash"], "change": text} for plan, text in told]
    table = Table(
        [
            Column("seen_at", words("lineage.seen"), lambda plan: words.date(str(plan["seen_at"])[:10])),
            Column("change", words("lineage.change"), lambda plan: h("code", plan["change"])),
            Column("plan_hash", words("lineage.plan_hash"), lambda plan: h("code", plan["plan_hash"][:12])),
        ],
        rows,
    )
    return Block("plan", words("lineage.amendments"), table, lead=words("lineage.amendments_lead"))


def _changes(plan: dict[str, Any], indicator: str) -> list[str]:
    """Return what changed of an indicator: a dotted path below it, or all of it where it came or went."""
    changes = plan["changes"] if isinstance(plan["changes"], list) else json.loads(plan["changes"])
    return [change for change in changes if change.startswith((f"{indicator}.", f"{indicator}:"))]
