"""Catalogue: every data set that a reader may see, as an entry of DCAT-AP, on the page and as its file."""

from __future__ import annotations

from collections.abc import Sequence

from impact.drawing.markup import Element, Node, h
from impact.errors import ProblemsError
from impact.publish.export import Format
from impact.publish.export import dcat as entries
from impact.publish.export.dcat_files import served
from impact.publish.export.dossier import Dossier
from impact.publish.official.period import first_day_of, last_day_of
from impact.publish.rows import Record
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Page
from impact_dashboards.page.view import Block, ColumnSpec, PageContent, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.dossiers import dossier, lacking

SUFFIX = entries.FORMAT.suffix


def page(view: View) -> PageContent:
    """Return the page: a row for each data set, and of one that the address names the files too."""
    named = view.programme or view.chosen("programme", view.published.titles)
    programmes = [named] if named else list(view.published.titles)
    dossiers = {name: _dossier(view, name) for name in programmes}
    rows = [_row(view, name, made) for name, made in dossiers.items()]
    ready = [made for made in dossiers.values() if made is not None and not lacking(made, entries.FORMAT)]
    blocks = [_catalogue(view, rows, ready)]
    if named and ready:
        blocks.append(_files(view, ready[0]))
    synthetic = any(row["synthetic"] for row in rows)
    title = view.words("catalogue.title")
    return PageContent(title, blocks, lead=view.words("catalogue.lead"), synthetic=synthetic)


def _dossier(view: View, programme: str) -> Dossier | None:
    """Return a programme as the reader may have it; None where parts of it have no official code yet."""
    try:
        return dossier(view, programme, view.version)
    except ProblemsError:
        return None


# ---- data sets -------------------------------------------------------------------------------------------------------


def _row(view: View, programme: str, made: Dossier | None) -> Record:
    """Return what the catalogue says of a programme, and what it waits for."""
    titles = view.published.titles[programme]
    findings = view.published.findings(programme)
    row: Record = {
        "programme": programme,
        "title": view.words.pick(titles, "title"),
        "territory": titles["territory"],
        "indicators": int(findings["indicator"].nunique()),
        "synthetic": bool((findings["data_kind"] == "synthetic").any()),
        "publisher": None, "licence": None, "frequency": None, "start": None, "end": None, "modified": None,
        "needs": "export.yaml",
    }  # fmt: skip
    return row if made is None else row | _declared(made)


def _declared(made: Dossier) -> Record:
    mapping = made.published.mapping(made.programme)
    periods = list(map(str, made.data_set.rows["TIME_PERIOD"].unique().to_pylist()))
    return {
        "publisher": mapping.publisher or None,
        "licence": mapping.licence or None,
        "frequency": mapping.linked.dcat.frequency,
        "start": min(map(first_day_of, periods), default=None),
        "end": max(map(last_day_of, periods), default=None),
        "modified": entries.modified(made),
        "needs": " ".join(problem.field for problem in lacking(made, entries.FORMAT)),
    }


def _title(view: View, row: Row) -> Element:
    """Return the title of a data set, with the links to its files and to what its indicators mean."""
    export = h("a", view.words("menu.export"), href=view.address.to("export", row["programme"]))
    defined = h("a", view.words("menu.definition"), href=view.address.to("definition", row["programme"]))
    more = h("a", view.words("catalogue.entry"), href=view.address.to("catalogue", row["programme"]))
    mark = " †" if row["synthetic"] else ""
    return h("div", f"{row['title']}{mark}", h("small", export, " · ", defined, " · ", more))


def _period(view: View, row: Row) -> str:
    if not row["start"]:
        return "–"
    return f"{view.words.date(row['start'])} – {view.words.date(row['end'])}"


def _modified(view: View, row: Row) -> str:
    return view.words.date(row["modified"]) or "–"


def _licence(view: View, row: Row) -> Node:
    return h("a", row["licence"], href=row["licence"]) if row["licence"] else "–"


def _needs(view: View, row: Row) -> Node:
    if not row["needs"]:
        return view.words("catalogue.listed")
    pieces: list[Node] = [view.words("catalogue.waits"), " "]
    for position, place in enumerate(row["needs"].split()):
        pieces += [", " if position else None, h("code", place)]
    return pieces


CATALOGUE = (
    ColumnSpec("title", "catalogue.data_set", _title),
    ColumnSpec("publisher", "export.cite_publisher"),
    ColumnSpec("territory", "export.area"),
    ColumnSpec("start", "catalogue.period", _period),
    ColumnSpec("indicators", "catalogue.indicators", numeric=True),
    ColumnSpec("modified", "catalogue.modified", _modified),
    ColumnSpec("licence", "catalogue.licence", _licence),
    ColumnSpec("needs", "catalogue.state", _needs),
)


def _catalogue(view: View, rows: Sequence[Record], ready: Sequence[Dossier]) -> Block:
    table = Table(columns_of(view, CATALOGUE), rows, file_columns(["programme", "end", "frequency", "synthetic"]))

    def file(form: Format, version: str) -> bytes | None:
        return entries.write_catalogue(ready) if form.suffix == SUFFIX and ready else None

    link = h("a", view.words("catalogue.file"), href=view.address.file("catalogue", SUFFIX), class_="button")
    body = h("p", link) if ready else h("p", view.words("catalogue.nothing"), class_="empty")
    lead = view.words("catalogue.count", count=len(rows), listed=len(ready))
    return Block("catalogue", view.words("catalogue.data_sets"), table, lead=lead, body=body, file=file)


# ---- files -----------------------------------------------------------------------------------------------------------


def _file_link(view: View, row: Row) -> Element:
    return h("a", row["format"], href=row["address"])


def _media_type(view: View, row: Row) -> Element:
    return h("code", row["media_type"])


FILES = (
    ColumnSpec("format", "export.format", _file_link),
    ColumnSpec("media_type", "export.media_type", _media_type),
    ColumnSpec("size", "catalogue.size", numeric=True),
)


def _files(view: View, made: Dossier) -> Block:
    """Return the files of one data set, as its distributions name them."""
    rows = [
        {"format": file.name, "media_type": file.media_type, "size": file.size, "address": file.address}
        for file in served(made)
    ]
    table = Table(columns_of(view, FILES), rows, file_columns(["address"]))
    return Block("distributions", view.words("catalogue.files"), table, lead=view.words("catalogue.files_lead"))


PAGE = Page(
    name="catalogue",
    title="menu.catalogue",
    build=page,
    roles=EVERY_ROLE,
    chapter=None,
    has_content=None,
    examples=("catalogue", "catalogue/wecare"),
)
