"""Definition: what an indicator is, at a stable address that exports point to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from impact.drawing.markup import Element, Node, h
from impact.errors import ProblemsError, UsageError
from impact.publish.definition_words import Declared, definition_text, design_kind, formula_words, population_words
from impact.publish.export.linked.facts import note_of
from impact.publish.official.addresses import definition_address
from impact.publish.official.lists import OBS_STATUS_OF_MISSING
from impact.publish.rows import Record, rows_of
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Page, any_programme
from impact_dashboards.page.view import Block, ColumnSpec, PageContent, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.facts import Fact, fact_list
from impact_dashboards.parts.findings import title_of, unit_of, whole
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.sentences import web_link


def page(view: View) -> PageContent:
    """Return the definition of an indicator, or the list of a programme's definitions."""
    indicator = view.at(1)
    rows = {str(row["indicator"]): row for row in reversed(rows_of(whole(view.findings)))}
    if not indicator:
        ordered = [rows[name] for name in dict.fromkeys(whole(view.findings)["indicator"])]
        title = view.words("definition.all")
        return PageContent(title, [_list(view, ordered)], lead=view.words("definition.all_lead"))
    if indicator not in rows:
        raise UsageError(view.words("indicator.missing", finding=f"{view.programme}/{indicator}"))
    row = rows[indicator]
    blocks = [_defined(view, row), _promise(view, row), *_periods(view, row), _limits(view, row), _sources(view, row)]
    over = " · ".join((view.words(f"level.{row['level']}"), view.words(f"stage.{row['stage']}")))
    synthetic = row["data_kind"] == "synthetic"
    return PageContent(title_of(view, row), blocks, lead=_text(view, row), over=over, synthetic=synthetic)


def _text(view: View, row: Row) -> str:
    """Return the definition in words."""
    declared = view.published.definitions(view.programme)[row["indicator"]]
    contract, design = _contract(view, declared), view.words.said(row["design"])
    return definition_text(declared, unit_of(view.words, row), view.words, contract=contract, design=design)


def _contract(view: View, declared: Declared) -> str:
    """Return the title of the contract whose rows an indicator counts; nothing where it has none."""
    return view.published.headings(view.programme, view.words.language).get((declared["contract"], ""), "")


# ---- all of a programme ----------------------------------------------------------------------------------------------


def _link(view: View, row: Row) -> Element:
    return h("a", title_of(view, row), href=view.address.to("definition", view.programme, row["indicator"]))


def _unit(view: View, row: Row) -> str:
    return unit_of(view.words, row)


def _level(view: View, row: Row) -> str:
    return view.words(f"level.{row['level']}")


LIST = (
    ColumnSpec("title", "filter.indicator", _link),
    ColumnSpec("definition", "definition.words"),
    ColumnSpec("unit", "indicator.unit", _unit),
    ColumnSpec("level", "filter.level", _level),
)


def _list(view: View, rows: Sequence[Record]) -> Block:
    told = [row | {"title": title_of(view, row), "definition": _text(view, row)} for row in rows]
    table = Table(columns_of(view, LIST), told, file_columns(["indicator", "definition_hash"]))
    return Block("definitions", view.words("definition.list", count=len(rows)), table)


# ---- one -------------------------------------------------------------------------------------------------------------


def _defined(view: View, row: Row) -> Block:
    """Return formula, unit, population, design, place in the theory of change, and the address."""
    words, declared = view.words, view.published.definitions(view.programme)[row["indicator"]]
    formula = formula_words(declared["formula"], words)
    design = words.said(row["design"]) or design_kind(declared, words)
    facts = (
        Fact(words("lineage.formula"), formula[:1].upper() + formula[1:]),
        Fact(words("indicator.unit"), unit_of(words, row)),
        Fact(words("definition.population"), population_words(declared, words, _contract(view, declared))),
        Fact(words("effect.design"), design or words("definition.no_design")),
        Fact(words("filter.level"), words(f"level.{row['level']}")),
        Fact(words("definition.node"), _node(view, row)),
        Fact(words("definition.direction"), words(f"definition.direction.{row['direction']}")),
        Fact(words("definition.data"), words(f"data.{row['data_kind']}")),
        Fact(words("lineage.indicator"), h("code", f"{row['programme']}/{row['indicator']}")),
        Fact(words("definition.address"), _address(view, row)),
        Fact(words("lineage.hash"), h("code", row["definition_hash"])),
    )
    finding = h("a", words("definition.finding"), href=view.address.to("indicator", view.programme, row["indicator"]))
    return Block("definition", words("definition.title"), body=[fact_list(facts), h("p", finding)])


def _node(view: View, row: Row) -> Node:
    nodes = rows_of(view.published.nodes(view.programme))
    title = next((view.words.pick(node, "title") for node in nodes if node["node"] == row["node"]), row["node"])
    return h("a", title, href=view.address.to("theory", view.programme))


def _address(view: View, row: Row) -> Node:
    """Return the stable address of the definition, where the programme says where its pages stand."""
    try:
        home = view.published.mapping(view.programme).linked.home
    except ProblemsError:
        home = None
    if not home:
        return h("code", view.address.bare)
    address = definition_address(home, view.programme, row["indicator"])
    return web_link(address, address)


def _promise(view: View, row: Row) -> Block:
    """Return what was promised, and how it was registered."""
    words = view.words
    registered = words(f"registration.{row['registration']}")
    if row["registered_at"]:
        registered = f"{registered} · {words.date(row['registered_at'][:10])}"
    facts = (
        Fact(words("definition.baseline"), _number(view, row, "baseline")),
        Fact(words("definition.target"), _number(view, row, "target")),
        Fact(words("definition.due"), words.date(row["due"]) or words("definition.not_declared")),
        Fact(words("definition.registration"), registered),
        Fact(words("definition.plan_hash"), h("code", row["plan_hash"])),
    )
    return Block("promise", words("lineage.promise"), body=fact_list(facts))


def _number(view: View, row: Row, key: str) -> str:
    if row["suppressed"]:
        return view.words(f"disclosure.{row['suppressed']}")
    return view.words.number(row[key], row["unit"]) if known(row[key]) else view.words("definition.not_declared")


PERIODS = (
    ColumnSpec("period", "export.period"),
    ColumnSpec("values", "definition.values", numeric=True),
    ColumnSpec("empty", "definition.empty", numeric=True),
)


def _periods(view: View, row: Row) -> Iterator[Block]:
    """Yield the periods of which there are values, with how many; nothing where observations wait for codes."""
    try:
        rows = view.published.observations(view.programme)
    except ProblemsError:
        return
    columns = (rows[name].to_pylist() for name in ("INDICATOR", "MEASURE", "TIME_PERIOD", "MISSING_KIND"))
    counted: Counter[tuple[str, bool]] = Counter()
    for indicator, measure, period, missing in zip(*columns, strict=True):
        if indicator == row["indicator"] and measure == "VALUE":
            counted[period, missing in OBS_STATUS_OF_MISSING] += 1
    told = [
        {"period": period, "values": counted[period, False], "empty": counted[period, True]}
        for period in sorted({period for period, _ in counted})
    ]
    table = Table(columns_of(view, PERIODS), told)
    href = view.address.to("export", view.programme, indicator=str(row["indicator"]))
    link = h("p", h("a", view.words("definition.export"), href=href))
    yield Block("periods", view.words("definition.periods"), table, after=link)


def _limits(view: View, row: Row) -> Block:
    """Return what is known of the limits: note, cautions, why there is no effect, what is hidden, what is invented."""
    limits = list(_known_limits(view, row))
    body: Element = (
        h("ul", [h("li", limit) for limit in limits]) if limits else h("p", view.words("definition.no_limits"))
    )
    return Block("limits", view.words("definition.limits"), body=body)


def _known_limits(view: View, row: Row) -> Iterator[str]:
    words, declared = view.words, view.published.definitions(view.programme)[row["indicator"]]
    if row["data_kind"] == "synthetic":
        yield words("definition.text.synthetic")
    if note_of(declared, words.declared):
        yield note_of(declared, words.declared)
    for flag in row["flags"] or ():
        yield words(f"flag.{flag}") if words.has(f"flag.{flag}") else str(flag)
    if row["not_estimable"]:
        yield words("effect.none", why=words.said(row["not_estimable"]))
    findings = view.findings
    hidden = int(((findings["indicator"] == row["indicator"]) & (findings["suppressed"] != "")).sum())
    if hidden:
        yield words("definition.hidden", count=hidden)


def _title(view: View, row: Row) -> Node:
    return [row["title"], h("small", " · ".join(filter(None, (row["publisher"], row["document"]))))]


def _kind(view: View, row: Row) -> str:
    return view.words(f"data.{row['kind']}")


def _licence(view: View, row: Row) -> str:
    return row["licence"] or view.words("definition.not_declared")


def _retrieved(view: View, row: Row) -> str:
    return view.words.date(row["retrieved"]) if row["retrieved"] else "–"


def _web(view: View, row: Row) -> Node:
    return web_link(row["url"], view.words("lineage.open")) if row["url"] else "–"


SOURCES = (
    ColumnSpec("title", "lineage.source", _title),
    ColumnSpec("kind", "filter.data", _kind),
    ColumnSpec("licence", "catalogue.licence", _licence),
    ColumnSpec("retrieved", "definition.retrieved", _retrieved),
    ColumnSpec("url", "definition.web", _web),
)


def _sources(view: View, row: Row) -> Block:
    """Return the files behind the values, with their licence."""
    sources = rows_of(view.published.sources(view.programme, str(row["indicator"])))
    table = Table(columns_of(view, SOURCES), sources, file_columns(["source", "publisher", "document", "generator"]))
    return Block("sources", view.words("definition.sources"), table)


PAGE = Page(
    name="definition",
    title="menu.definition",
    build=page,
    roles=EVERY_ROLE,
    chapter=None,
    has_content=any_programme,
    examples=("definition/wecare", "definition/wecare/loneliness", "definition/nsw/earnings"),
)
