"""Export: what a statistics office takes away, with what every column means, and what was suppressed and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from impact.drawing.markup import Content, h
from impact.publish.export import SOURCES, export_tables, table_formats
from impact.publish.export.programme import ZIP
from impact_dashboards.page.view import Block, Column, Page, Row, Table, View, records
from impact_dashboards.parts.choose import choose
from impact_dashboards.parts.findings import KEPT, finding_rows, unit_of
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.values import CELL

SHOWN = (
    "finding",
    "period",
    "unit",
    "baseline",
    "target",
    "value",
    "conf_low",
    "conf_high",
    "n",
    "attainment",
    "suppressed",
)
NUMBERS = ("baseline", "target", "value", "conf_low", "conf_high", "n")
FIRST = 25
BUTTONS = ("csv", "csvw")
"""Formats of findings that have a link with words of their own."""
MEASURED = (*CELL, "value", "conf_low", "conf_high", "n", "suppressed")
MORE = ("std_error", "n_missing", "units_reported", "units_expected", "n_clusters", "method")


def export(view: View) -> Page:
    """Return the page of one programme: its findings and measures as files, and the suppressed cells."""
    words = view.words
    if not view.programme:
        return choose(view, lambda name: True)
    findings = finding_rows(view, view.findings)
    hidden = [row for row in findings if row["suppressed"]]
    blocks = [
        _findings(view, findings),
        _measures(view),
        _tables(view),
        _hidden(view, hidden),
        _columns(view),
    ]
    lead = words("export.lead", count=len(findings), hidden=len(hidden))
    return Page(
        words("export.title"), blocks, lead=lead, synthetic=any(row["data_kind"] == "synthetic" for row in findings)
    )


def _column(view: View, key: str) -> Column:
    return Column(key, key, _shown(view, key), numeric=key in NUMBERS, meaning=meaning(view, key), head=h("code", key))


def _shown(view: View, key: str) -> Callable[[Row], Content]:
    """Return how a page shows what stands in a file: numbers as everywhere, states in words, codes as codes."""
    words = view.words
    if key in NUMBERS:
        return lambda row: words.number(row[key], row.get("unit") or "" if key != "n" else "")
    if key == "attainment":
        return lambda row: badge(row[key], words)
    if key == "suppressed":
        return lambda row: words(f"disclosure.{row[key]}") if row[key] else "–"
    if key == "unit":
        return lambda row: unit_of(words, row)
    return lambda row: h("code", str(row[key])) if row[key] else "–"


def meaning(view: View, key: str, table: str = "finding") -> str:
    """Return what a column of a file means; some mean something else in measures than in findings."""
    names = (f"column.{table}.{key}", f"column.{key}")
    return next((view.words(name) for name in names if view.words.has(name)), "")


def _marked(text: str) -> list[Content]:
    """Return a text with what stands between backticks as code."""
    return [h("code", piece) if place % 2 else piece for place, piece in enumerate(text.split("`"))]


def _findings(view: View, rows: list[dict[str, Any]]) -> Block:
    words, address = view.words, view.address
    formats = table_formats().items()
    columns = [_column(view, key) for key in SHOWN]
    titled = [
        Column(f"{what}_{language}", f"{what}_{language}") for what in ("title", "part") for language in ("it", "en")
    ]
    extra = [
        *titled,
        *(_column(view, key) for key in KEPT),
        Column("loaded", "loaded", meaning=words("meaning.loaded")),
    ]
    links = h(
        "p",
        h(
            "a",
            words("export.csv"),
            href=address.file("findings", ".csv"),
            class_="button",
            download=f"{view.programme}-findings.csv",
        ),
        " ",
        h("a", words("export.metadata"), href=address.file("findings", ".metadata.json")),
        [_download(view, name, "findings", form.suffix) for name, form in formats if name not in BUTTONS],
    )
    table = Table(columns, rows, extra, shown=FIRST)
    return Block(
        "findings", words("export.findings"), table, lead=words("export.findings_lead", count=len(rows)), body=links
    )


def _measures(view: View) -> Block:
    words = view.words
    rows = records(view.published.measures(view.programme))
    columns = [
        Column(
            key,
            key,
            _shown(view, key),
            meaning=meaning(view, key, "measure"),
            numeric=key in NUMBERS,
            head=h("code", key),
        )
        for key in MEASURED
    ]
    table = Table(columns, rows, [Column(key, key, meaning=meaning(view, key, "measure")) for key in MORE], shown=FIRST)
    return Block("measures", words("export.measures"), table, lead=words("export.measures_lead", count=len(rows)))


def _download(view: View, name: str, block: str, ending: str) -> list[Content]:
    """Return the link to a file in a format, with what parts it from the one before."""
    label = view.words("export.as", form=name, title=view.words(f"export.{block}"))
    href, file = view.address.file(block, ending), f"{view.programme}-{block}{ending}"
    return [" · ", h("a", name, href=href, download=file, aria_label=label)]


def _tables(view: View) -> Block:
    """Return all published tables of the programme, each format as a ZIP."""
    words = view.words
    links = [_download(view, name, "tables", f".{name}{ZIP}") for name in table_formats()]
    rows = [{"table": name, "title": words(f"export.table.{name}")} for name in SOURCES]
    columns = [
        Column("table", words("export.file"), lambda row: h("code", row["table"])),
        Column("title", words("export.holds")),
    ]
    return Block(
        "tables",
        words("export.tables"),
        Table(columns, rows),
        lead=words("export.tables_lead", count=len(rows)),
        body=h("p", words("export.zip"), links),
        tables=lambda version: export_tables(view.published, view.programme, words, version),
    )


def _hidden(view: View, rows: list[dict[str, Any]]) -> Block:
    words = view.words
    counts = Counter((row["indicator"], view.words.pick(row, "title"), row["suppressed"]) for row in rows)
    listed = [
        {"indicator": name, "title": title, "reason": reason, "count": count}
        for (name, title, reason), count in counts.items()
    ]
    table = Table(
        [
            Column("title", words("filter.indicator")),
            Column("reason", words("export.reason"), lambda row: words(f"disclosure.{row['reason']}")),
            Column("count", words("export.cells"), numeric=True),
        ],
        listed,
        [Column("indicator", "indicator")],
    )
    rule = words("export.rule", minimum=int(view.published.titles[view.programme]["minimum"]))
    return Block(
        "suppressed",
        words("export.suppressed"),
        table if listed else None,
        lead=rule,
        body=None if listed else h("p", words("export.nothing_hidden"), class_="empty"),
    )


def _columns(view: View) -> Block:
    """Return what every column of the file of findings means."""
    words = view.words
    rows = [{"column": key, "meaning": meaning(view, key)} for key in KEPT if meaning(view, key)]
    table = Table(
        [
            Column("column", words("export.column"), lambda row: h("code", row["column"])),
            Column("meaning", words("export.meaning"), lambda row: _marked(row["meaning"])),
        ],
        rows,
    )
    return Block("columns", words("export.columns"), table, folded=False)
