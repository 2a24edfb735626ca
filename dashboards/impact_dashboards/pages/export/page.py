"""The page: observations in any format, then findings and measures, what columns mean, what was suppressed and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from impact.drawing.markup import Element, Node, h
from impact.publish.export import SOURCES, ExportTable, export_tables, table_formats
from impact.publish.export.programme import ZIP
from impact.publish.rows import Record, rows_of
from impact.publish.scope import EVERY_ROLE
from impact.tables.columns import Table as Described
from impact.tables.finding import Finding
from impact.tables.results import Measure
from impact_dashboards.page.descriptor import Chapter, Page, any_programme, without
from impact_dashboards.page.view import (
    Block,
    Column,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    columns_of,
    file_columns,
)
from impact_dashboards.pages.export.observations import (
    Chosen,
    choices,
    chosen,
    cite_block,
    formats_block,
    observations_block,
    unmapped_block,
)
from impact_dashboards.parts.findings import KEPT, column_meaning, finding_rows, unit_of
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.values import CELL

FINDINGS = (
    *("finding", "period", "unit", "baseline", "target", "value", "conf_low", "conf_high", "n", "attainment"),
    "suppressed",
)
NUMBERS = ("baseline", "target", "value", "conf_low", "conf_high", "n")
FIRST = 25
BUTTONS = ("csv", "csvw")
"""Formats of findings that have a link with words of their own."""
MEASURED = (*CELL, "value", "conf_low", "conf_high", "n", "suppressed")
MORE = ("std_error", "n_missing", "units_reported", "units_expected", "n_clusters", "method")
TEXTS = ("title_it", "title_en", "part_it", "part_en")


def page(view: View) -> PageContent:
    """Return the page of one programme: its findings and measures as files, and the suppressed cells."""
    findings = finding_rows(view, view.findings)
    hidden = [row for row in findings if row["suppressed"]]
    choice = chosen(view)
    tables = [_findings(view, findings), _measures(view), _tables(view), _columns(view)]
    blocks = [*_chosen_blocks(view, choice, _hidden(view, hidden)), *tables]
    lead = view.words("export.lead", count=len(findings), hidden=len(hidden))
    synthetic = any(row["data_kind"] == "synthetic" for row in findings)
    filters = choices(view, choice) if choice else []
    return PageContent(view.words("export.title"), blocks, lead=lead, synthetic=synthetic, choices=filters)


def _chosen_blocks(view: View, choice: Chosen | None, hidden: Block) -> list[Block]:
    """Return the observations that are chosen, with what is suppressed, the formats, and how they are cited."""
    if choice is None:
        return [unmapped_block(view), hidden]
    return [observations_block(view, choice), hidden, cite_block(view, choice), formats_block(view, choice)]


# ---- columns as they stand in a file ---------------------------------------------------------------------------------


def _number(view: View, row: Row, key: str) -> str:
    unit = "" if key == "n" else row.get("unit") or ""
    return view.words.number(row[key], unit)


def _state(view: View, row: Row, key: str) -> Element:
    return badge(row[key], view.words)


def _suppressed(view: View, row: Row, key: str) -> str:
    return view.words(f"disclosure.{row[key]}") if row[key] else "–"


def _unit(view: View, row: Row, key: str) -> str:
    return unit_of(view.words, row)


def _code(view: View, row: Row, key: str) -> Node:
    return h("code", str(row[key])) if row[key] else "–"


CELLS: dict[str, Callable[[View, Row, str], Node]] = {
    **dict.fromkeys(NUMBERS, _number),
    "attainment": _state,
    "suppressed": _suppressed,
    "unit": _unit,
}
"""How a page shows what stands in a file: numbers as everywhere, states in words; all else as a code."""


def _column(view: View, key: str, table: Described = Finding.TABLE) -> Column:
    """Return a column of a file as the page shows it, called by its key."""
    cell = CELLS.get(key, _code)

    def show(row: Row) -> Node:
        return cell(view, row, key)

    described = column_meaning(view.words, key, table)
    return Column(key, key, show, numeric=key in NUMBERS, meaning=described, head=h("code", key))


# ---- findings and measures -------------------------------------------------------------------------------------------


def _findings(view: View, rows: Sequence[Record]) -> Block:
    columns = [_column(view, key) for key in FINDINGS]
    loaded = Column("loaded", "loaded", meaning=view.words("meaning.loaded"))
    extra = [*file_columns(TEXTS), *(_column(view, key) for key in KEPT), loaded]
    table = Table(columns, rows, extra, shown=FIRST)
    lead = view.words("export.findings_lead", count=len(rows))
    return Block("findings", view.words("export.findings"), table, lead=lead, body=_links(view))


def _links(view: View) -> Element:
    """Return the links to the file of findings and to what its columns mean."""
    file, described = (view.address.file("findings", form) for form in (".csv", ".metadata.json"))
    name = f"{view.programme}-findings.csv"
    button = h("a", view.words("export.csv"), href=file, class_="button", download=name)
    metadata = h("a", view.words("export.metadata"), href=described)
    formats = [(name, form) for name, form in table_formats().items() if name not in BUTTONS]
    more = [_download(view, name, "findings", form.suffix) for name, form in formats]
    return h("p", button, " ", metadata, more)


def _measures(view: View) -> Block:
    rows = rows_of(view.published.measures(view.programme))
    columns = [_column(view, key, Measure.TABLE) for key in MEASURED]
    extra = [Column(key, key, meaning=column_meaning(view.words, key, Measure.TABLE)) for key in MORE]
    table = Table(columns, rows, extra, shown=FIRST)
    lead = view.words("export.measures_lead", count=len(rows))
    return Block("measures", view.words("export.measures"), table, lead=lead)


# ---- all tables ------------------------------------------------------------------------------------------------------


def _download(view: View, name: str, block: str, ending: str) -> list[Node]:
    """Return the link to a file in a format, with what parts it from the one before."""
    label = view.words("export.as", form=name, title=view.words(f"export.{block}"))
    href, file = view.address.file(block, ending), f"{view.programme}-{block}{ending}"
    return [" · ", h("a", name, href=href, download=file, aria_label=label)]


def _table_name(view: View, row: Row) -> Element:
    return h("code", row["table"])


TABLES = (
    ColumnSpec("table", "export.file", _table_name),
    ColumnSpec("title", "export.holds"),
)


def _tables(view: View) -> Block:
    """Return all published tables of the programme: each format as a ZIP, or as one file that holds them all."""
    rows = [{"table": name, "title": view.words(f"export.table.{name}")} for name in SOURCES]
    formats = table_formats().items()
    links = [
        _download(view, name, "tables", form.suffix if form.together else f".{name}{ZIP}") for name, form in formats
    ]

    def tables(version: str) -> Sequence[ExportTable]:
        return export_tables(view.published, view.programme, view.words, version)

    return Block(
        "tables",
        view.words("export.tables"),
        Table(columns_of(view, TABLES), rows),
        lead=view.words("export.tables_lead", count=len(rows)),
        body=h("p", view.words("export.zip"), links),
        tables=tables,
    )


# ---- what is suppressed ----------------------------------------------------------------------------------------------


def _reason(view: View, row: Row) -> str:
    return view.words(f"disclosure.{row['reason']}")


HIDDEN = (
    ColumnSpec("title", "filter.indicator"),
    ColumnSpec("reason", "export.reason", _reason),
    ColumnSpec("count", "export.cells", numeric=True),
)


def _hidden(view: View, rows: Sequence[Record]) -> Block:
    """Return how many cells of each indicator are suppressed, and why."""
    title = view.words("export.suppressed")
    programme = view.published.titles[view.programme]
    minimum = int(programme["minimum"])
    rule = view.words("export.rule", minimum=minimum)
    if not rows:
        empty = h("p", view.words("export.nothing_hidden"), class_="empty")
        return Block("suppressed", title, lead=rule, body=empty)
    columns, counted = columns_of(view, HIDDEN), _hidden_rows(view, rows)
    table = Table(columns, counted, file_columns(["indicator"]))
    return Block("suppressed", title, table, lead=rule)


def _hidden_rows(view: View, rows: Sequence[Record]) -> list[Record]:
    names = ("indicator", "title", "reason")
    cells = Counter((row["indicator"], view.words.pick(row, "title"), row["suppressed"]) for row in rows)
    return [dict(zip(names, cell, strict=True)) | {"count": count} for cell, count in cells.items()]


# ---- what columns mean -----------------------------------------------------------------------------------------------


def _key(view: View, row: Row) -> Element:
    return h("code", row["column"])


def _meaning(view: View, row: Row) -> list[Node]:
    """Return a meaning with what stands between backticks as code."""
    pieces: list[Node] = row["meaning"].split("`")
    for position in range(1, len(pieces), 2):
        pieces[position] = h("code", pieces[position])
    return pieces


COLUMNS = (
    ColumnSpec("column", "export.column", _key),
    ColumnSpec("meaning", "export.meaning", _meaning),
)


def _columns(view: View) -> Block:
    """Return what every column of the file of findings means."""
    rows = [{"column": key, "meaning": column_meaning(view.words, key)} for key in KEPT]
    table = Table(columns_of(view, COLUMNS), rows)
    title = view.words("export.columns")
    return Block("columns", title, table)


PAGE = Page(
    name="export",
    title="menu.export",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(
        block=without("findings", "measures", "tables", "observations", "formats", "cite"), body=("suppressed",)
    ),
    has_content=any_programme,
    examples=("export/wecare",),
)
