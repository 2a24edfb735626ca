"""The observations of a programme as a file: area, period, indicators and format of choice, and its first lines."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from impact.drawing.markup import Element, Node, h
from impact.errors import ImpactError, ProblemsError
from impact.publish.export import Format
from impact.publish.export.dossier import Dossier
from impact.publish.official.data_set import Selection
from impact.publish.official.structure import CodeList
from impact.words import LANGUAGES
from impact_dashboards.page.view import Block, Choice, ColumnSpec, Row, Table, View, columns_of
from impact_dashboards.parts.dossiers import describing, dossier, lacking, offered, preview, written
from impact_dashboards.parts.facts import Fact, fact_list

DEFAULT = "csv"
LINES = 40
"""Lines of a preview: of a format that needs many for the first observations."""
SEPARATOR = ","
"""Between indicators in an address."""
OF = {"area": "REF_AREA", "period": "TIME_PERIOD"}
"""The dimension that each filter of one value chooses from."""


@dataclass(frozen=True)
class Chosen:
    """What the address chooses.

    Parameters
    ----------
    whole
        All observations of the reader.
    selection
        Which of them.
    form
        Name of the format.
    """

    whole: Dossier
    selection: Selection
    form: str


def chosen(view: View) -> Chosen | None:
    """Return what the address chooses; None where parts of the programme have no official code yet."""
    view.given("indicator")
    names = {name: view.given(name) for name in (*OF, "format")}
    try:
        whole = dossier(view, view.programme, view.version)
    except ProblemsError:
        return None
    rows = whole.data_set.rows
    for name, dimension in OF.items():
        view.chosen(name, set(map(str, rows[dimension].unique().to_pylist())))
    selection = Selection(
        areas=tuple(filter(None, [names["area"]])),
        periods=tuple(filter(None, [names["period"]])),
        indicators=_indicators(view, set(map(str, rows["INDICATOR"].unique().to_pylist()))),
    )
    form = view.chosen("format", offered(), DEFAULT)
    return Chosen(whole, selection, form)


def _indicators(view: View, known: set[str]) -> tuple[str, ...]:
    """Return the indicators that the address names; several stand in it one after another."""
    names = tuple(filter(None, view.given("indicator").split(SEPARATOR)))
    if not known.issuperset(names) or len(set(names)) < len(names):
        raise view.not_offered("indicator", known)
    return names


def choices(view: View, choice: Chosen) -> list[Choice]:
    """Return the filters: area, period, one indicator or all, format."""
    lists, data_set = choice.whole.data_set.structure.codelists, choice.whole.data_set
    found = {name: sorted(map(str, data_set.rows[code].unique().to_pylist())) for name, code in OF.items()}
    areas = _titled(view, lists["CL_AREA"], found["area"])
    indicators = _titled(view, lists["CL_INDICATOR"], _in_order(choice))
    everything = {"": view.words("filters.all")}
    several = choice.selection.indicators
    if len(several) > 1:
        joined = SEPARATOR.join(several)
        everything[joined] = view.words("export.several", count=len(several))
    formats = {name: name for name in offered()}
    return [
        Choice("area", view.words("export.area"), everything_of(view) | areas, view.given("area")),
        Choice(
            "period", view.words("export.period"), everything_of(view) | _same(found["period"]), view.given("period")
        ),
        Choice("indicator", view.words("filter.indicator"), everything | indicators, view.given("indicator")),
        Choice("format", view.words("export.format"), formats, choice.form),
    ]


def everything_of(view: View) -> dict[str, str]:
    """Return the option that leaves a filter out."""
    return {"": view.words("filters.all")}


def _same(codes: list[str]) -> dict[str, str]:
    return dict(zip(codes, codes, strict=True))


def _titled(view: View, codelist: CodeList, codes: list[str]) -> dict[str, str]:
    names = {code.id: code.names[view.words.declared] for code in codelist.codes}
    return {code: names[code] for code in codes}


def _in_order(choice: Chosen) -> list[str]:
    """Return the indicators that have observations, in the order of their list."""
    there = set(choice.whole.data_set.rows["INDICATOR"].to_pylist())
    codelist = choice.whole.data_set.structure.codelists["CL_INDICATOR"]
    return [code for code in codelist.ids if code in there]


# ---- the file --------------------------------------------------------------------------------------------------------


def observations_block(view: View, choice: Chosen) -> Block:
    """Return the observations that are chosen: links to their file in every format, and its first lines."""
    title = view.words("export.observations")
    formats = offered()
    try:
        made = dossier(view, view.programme, view.version, choice.selection)
    except ImpactError:
        empty = h("p", view.words("export.no_observation"), class_="empty")
        return Block("observations", title, body=empty)
    count = made.data_set.rows.num_rows
    if not count:
        return Block("observations", title, body=h("p", view.words("export.no_observation"), class_="empty"))
    lead = view.words("export.observations_lead", count=count)
    links = [*_links(view, made, choice.form, formats), _about(view, choice)]
    body = [*links, _chips(view, choice), *_preview(view, made, choice.form, formats)]
    return Block("observations", title, lead=lead, body=body, file=functools.partial(_file, view, choice))


def _file(view: View, choice: Chosen, form: Format, version: str) -> bytes | None:
    """Return the file in a format; none where it cannot be written, which its page has said."""
    try:
        return written(dossier(view, view.programme, version, choice.selection), form)
    except ImpactError:
        return None


def _links(view: View, made: Dossier, name: str, formats: Mapping[str, Format]) -> list[Node]:
    """Return the link to the file in the format that is chosen, in each language, and to those in the others."""
    if lacking(made, formats[name]):
        return [h("p", view.words("export.not_yet", form=name), class_="note")]
    here = view.address.language
    languages = sorted(LANGUAGES, key=lambda language: language != here)
    links = [_link(view, made, name, formats[name], language, main=language == here) for language in languages]
    others = {other: form for other, form in formats.items() if other != name}
    return [h("p", links), h("p", view.words("export.also"), _each(view, made, others))]


def _about(view: View, choice: Chosen) -> Node:
    """Return the links to what tells of the data set as a whole, as far as it can be written."""
    links = _each(view, choice.whole, describing())
    return h("p", view.words("export.about"), links) if links else None


def _each(view: View, made: Dossier, formats: Mapping[str, Format]) -> list[Node]:
    ready = [(name, form) for name, form in formats.items() if not lacking(made, form)]
    return [[" · " if place else " ", _plain(view, made, *entry)] for place, entry in enumerate(ready)]


def _name(made: Dossier, form: Format) -> str:
    return f"{made.programme}-observations{form.suffix}"


def _link(view: View, made: Dossier, name: str, form: Format, language: str, *, main: bool) -> Element:
    href = replace(view.address, language=language).file("observations", form.suffix)
    text = view.words(
        "export.download" if main else "export.download_other", form=name, language=view.words(f"language.{language}")
    )
    return h("a", text, href=href, class_="button" if main else "second", download=_name(made, form))


def _plain(view: View, made: Dossier, name: str, form: Format) -> Element:
    label = view.words("export.as", title=view.words("export.observations"), form=name)
    return h(
        "a", name, href=view.address.file("observations", form.suffix), download=_name(made, form), aria_label=label
    )


def _chips(view: View, choice: Chosen) -> Element:
    """Return the indicators as links that add them to what is chosen, or take them out again."""
    names = _titled(view, choice.whole.data_set.structure.codelists["CL_INDICATOR"], _in_order(choice))
    several = choice.selection.indicators
    links = [h("li", _chip(view, code, title, several)) for code, title in names.items()]
    summary = h("summary", view.words("export.pick"))
    return h("details", summary, h("ul", links), class_="chips picks", open=len(several) > 1)


def _chip(view: View, code: str, title: str, several: tuple[str, ...]) -> Element:
    here = code in several
    left = [name for name in several if name != code] if here else [*several, code]
    href = view.address.with_(indicator=SEPARATOR.join(left))
    return h("a", title, href=href, aria_current="true" if here else None)


def _preview(view: View, made: Dossier, name: str, formats: Mapping[str, Format]) -> list[Node]:
    """Return the first lines of the file; of a format that is no text, that it is none."""
    title = h("h3", view.words("export.preview", form=name))
    if lacking(made, formats[name]):
        return []
    lines = preview(made, name, formats[name]).splitlines()
    if not lines:
        return [title, h("p", view.words("export.no_text", form=name), class_="note")]
    text = "\n".join([*lines[:LINES], *(["…"] if len(lines) > LINES else [])])
    return [title, h("pre", text, class_="preview", tabindex="0", aria_label=view.words("export.preview", form=name))]


# ---- formats and citation --------------------------------------------------------------------------------------------


def _format_name(view: View, row: Row) -> Element:
    return h("code", row["format"])


def _held(view: View, row: Row) -> Node:
    return h("code", row["held"]) if row["held"] else view.words("export.not_validated")


def _media_type(view: View, row: Row) -> Element:
    return h("code", row["media_type"])


def _needs(view: View, row: Row) -> Node:
    """Return what is not declared yet, as places in ``export.yaml``."""
    pieces: list[Node] = []
    for place in row["needs"].split():
        pieces += [", " if pieces else None, h("code", place)]
    return pieces or view.words("export.ready")


FORMATS = (
    ColumnSpec("format", "export.format", _format_name),
    ColumnSpec("media_type", "export.media_type", _media_type),
    ColumnSpec("held", "export.held", _held),
    ColumnSpec("needs", "export.needs", _needs),
)


def formats_block(view: View, choice: Chosen) -> Block:
    """Return every format with what it is held against, and what it waits for in ``export.yaml``."""
    rows = [
        {
            "format": name,
            "media_type": form.media_type,
            "held": form.held_against,
            "needs": " ".join(problem.field for problem in lacking(choice.whole, form)),
        }
        for name, form in (offered() | describing()).items()
    ]
    return Block("formats", view.words("export.formats"), Table(columns_of(view, FORMATS), rows))


def cite_block(view: View, choice: Chosen) -> Block:
    """Return how the data set is cited: title, publisher, version, date, address."""
    facts = dict(_cited(view, choice))
    sentence = view.words("export.citation", **{name: fact for name, (_, fact) in facts.items()})
    if choice.whole.origin.synthetic:
        sentence = f"{sentence} {view.words('definition.text.synthetic')}"
    listed = fact_list(Fact(title, value) for title, value in facts.values())
    return Block("cite", view.words("export.cite"), body=[h("p", sentence, class_="citation"), listed])


def _cited(view: View, choice: Chosen) -> Iterator[tuple[str, tuple[str, str]]]:
    mapping, words = view.published.mapping(view.programme), view.words
    title = choice.whole.data_set.structure.names[words.declared]
    yield "title", (words("export.cite_title"), title)
    yield "publisher", (words("export.cite_publisher"), mapping.publisher or words("export.no_publisher"))
    yield "version", (words("export.cite_version"), f"{choice.whole.data_set.structure.version}, {view.version}")
    yield "date", (words("export.cite_date"), words.date(view.today))
    home = mapping.linked.home
    address = view.address.with_()
    yield "address", (words("export.cite_address"), f"{home}{address}" if home else address)


def unmapped_block(view: View) -> Block:
    """Return why there are no observations: parts have no official code yet."""
    try:
        view.published.mapping(view.programme)
    except ProblemsError as error:
        said = [h("li", h("code", problem.field), f" {problem.what}") for problem in error.problems]
        body = [h("p", view.words("export.unmapped"), class_="empty"), h("ul", said)]
        return Block("observations", view.words("export.observations"), body=body)
    return Block(
        "observations", view.words("export.observations"), body=h("p", view.words("export.unmapped"), class_="empty")
    )
