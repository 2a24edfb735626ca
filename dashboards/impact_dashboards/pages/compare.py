"""Compare: two to five projects or programmes side by side, indicator by indicator.

Intervals of one indicator stand on one axis only where they are of one definition: under the same hash of what is
measured, the framework's where the indicator is shared. Otherwise each definition has an axis of its own, and the page
says so. What is suppressed stays so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record
from impact.publish.scope import EVERY_ROLE
from impact.states import NO_WAY
from impact.tables.part import Part
from impact_dashboards.page.descriptor import Page
from impact_dashboards.page.view import (
    Block,
    Choice,
    ColumnSpec,
    PageContent,
    Row,
    Table,
    View,
    columns_of,
    file_columns,
    nothing,
)
from impact_dashboards.parts.decisions import Subject, subjects
from impact_dashboards.parts.findings import (
    FINDINGS,
    KEPT,
    all_rows,
    in_words,
    link_of,
    text_columns,
    title_of,
    unit_of,
)
from impact_dashboards.parts.marks import Scale, known, whisker
from impact_dashboards.parts.projects import project_link, projects

PLACES = ("first", "second", "third", "fourth", "fifth")
"""Filters of the page: what is compared, in order."""
AT_START = 2
"""How many are compared where the address names none."""
ENDS = ("value", "conf_low", "conf_high", "baseline", "target")


@dataclass(frozen=True)
class _Compared:
    """A project or programme that is compared, with its findings by indicator."""

    name: str
    title: str
    programme: str
    part: Part
    rows: Mapping[str, Record]


def page(view: View) -> PageContent:
    """Return the page on those that are chosen, or on the first two that need a decision."""
    programme = view.chosen("programme", view.published.titles)
    within = subjects(view, [programme] if programme else list(view.published.titles))
    offered = {_name(one): one for one in within if programme or one.part.is_whole or not _wholes(within)}
    asked = [view.chosen(place, offered) for place in PLACES]
    names = list(dict.fromkeys(filter(None, asked))) or list(offered)[:AT_START]
    compared = [_compared(view, offered[name]) for name in names]
    blocks = list(_blocks(view, compared)) if len(compared) > 1 else []
    return PageContent(
        view.words("compare.title"),
        blocks,
        lead=view.words("compare.lead"),
        choices=_choices(view, programme, offered, names),
        head=None if blocks else nothing(view.words, "compare.too_few"),
        synthetic=any(row["data_kind"] == "synthetic" for one in compared for row in one.rows.values()),
    )


def _wholes(within: Sequence[Subject]) -> bool:
    """Tell whether a whole programme is among what can be compared: readers of parts see none."""
    return any(one.part.is_whole for one in within)


def _name(subject: Subject) -> str:
    """Return what an address calls a project or a programme."""
    return "/".join(filter(None, (subject.programme, subject.part.code)))


def _choices(view: View, programme: str, offered: Mapping[str, Subject], names: Sequence[str]) -> list[Choice]:
    """Return the filters: of which programme, and what is compared with what."""
    titles = {name: view.words.pick(row, "title") for name, row in view.published.titles.items()}
    programmes = {"": view.words("compare.programmes")} | titles
    choices = [Choice("programme", view.words("filter.programme"), programmes, programme)]
    options = {"": "–"} | dict(sorted(((name, one.title) for name, one in offered.items()), key=lambda pair: pair[1]))
    for number, place in enumerate(PLACES):
        value = names[number] if number < len(names) else ""
        choices.append(Choice(place, view.words("compare.place", number=number + 1), options, value))
    return choices


def _compared(view: View, subject: Subject) -> _Compared:
    rows = [row for row in all_rows(view) if row["programme"] == subject.programme and Part.of(row) == subject.part]
    by_indicator = {row["indicator"]: row for row in rows}
    return _Compared(_name(subject), subject.title, subject.programme, subject.part, by_indicator)


# ---- what stands on one axis -----------------------------------------------------------------------------------------


def _hashes(view: View) -> dict[tuple[str, str], str]:
    """Return the hash of what an indicator measures in each programme, where a framework shares it."""
    shared = view.published.shared_indicators()
    return {
        (programme, indicator): digest
        for programme, indicator, digest in shared[["programme", "indicator", "shared_hash"]].itertuples(
            index=False, name=None
        )
    }


def _blocks(view: View, compared: Sequence[_Compared]) -> Iterator[Block]:
    """Yield what several of them measure, and what one of them alone does."""
    shared = _hashes(view)
    indicators = list(dict.fromkeys(name for one in compared for name in one.rows))
    measured = {name: [one for one in compared if name in one.rows] for name in indicators}
    several = {name: ones for name, ones in measured.items() if len(ones) > 1}
    rows = [row for name, ones in several.items() for row in _rows(view, name, ones, shared)]
    alone = [(ones[0], name) for name, ones in measured.items() if len(ones) == 1]
    if rows:
        columns = columns_of(view, (NAME, DRAWING, *FINDINGS[1:]))
        extra = [*text_columns(view), *file_columns(KEPT)]
        table = Table(columns, rows, extra, group=lambda row: row["heading"])
        yield Block("compared", view.words("compare.table"), table, lead=_lead(view, rows))
    elif alone:
        yield Block("compared", view.words("compare.table"), body=h("p", view.words("compare.nothing"), class_="note"))
    if alone:
        listed = [_alone(view, one, name) for one, name in alone]
        table = Table(columns_of(view, ALONE), listed, file_columns(["finding", "programme"]))
        yield Block("alone", view.words("compare.alone"), table, lead=view.words("compare.alone_lead"), folded=True)


def _rows(
    view: View, indicator: str, ones: Sequence[_Compared], shared: Mapping[tuple[str, str], str]
) -> Iterator[Record]:
    """Yield the findings of an indicator, those of one definition together, on the axis that they share."""
    by_hash: dict[str, list[_Compared]] = {}
    for one in ones:
        row = one.rows[indicator]
        digest = shared.get((one.programme, indicator)) or row["definition_hash"]
        by_hash.setdefault(digest, []).append(one)
    for alike in by_hash.values():
        found = [one.rows[indicator] for one in alike]
        scale = _scale(found)
        title = f"{title_of(view, found[0])} ({unit_of(view.words, found[0])})"
        names = ", ".join(one.title for one in alike)
        heading = title if len(by_hash) == 1 else view.words("compare.own_axis", title=title, names=names)
        if scale is not None:
            low, high = (view.words.number(end, found[0]["unit"]) for end in scale)
            heading = view.words("compare.axis", title=heading, low=low, high=high)
        for one, row in zip(alike, found, strict=True):
            yield row | {"compared": one, "scale": scale, "heading": heading, "apart": len(by_hash) > 1}


def _scale(rows: Sequence[Row]) -> Scale | None:
    """Return the axis on which all of them lie, with room at its ends; None where one value alone is known."""
    ends = [float(row[name]) for row in rows for name in ENDS if known(row[name]) and row["attainment"] not in NO_WAY]
    if not ends or min(ends) == max(ends):
        return None
    room = 0.03 * (max(ends) - min(ends))
    return min(ends) - room, max(ends) + room


def _lead(view: View, rows: Sequence[Row]) -> Node:
    """Say what stands on one axis, and why something does not."""
    apart = len({row["indicator"] for row in rows if row["apart"]})
    if not apart:
        return view.words("compare.one_axis")
    return [view.words("compare.one_axis"), " ", view.words("compare.apart", count=apart)]


# ---- cells -----------------------------------------------------------------------------------------------------------


def _link(view: View, one: _Compared) -> Element:
    """Return a project or programme as the link to its page."""
    project = projects(view).get((one.programme, one.part.column, one.part.code))
    if project is not None:
        return project_link(view, project, one.title)
    return h("a", one.title, href=view.address.to("verdict", one.programme))


def _who(view: View, row: Row) -> Node:
    finding = h("a", view.words("compare.finding"), href=link_of(view, row))
    return [_link(view, row["compared"]), h("small", finding)]


def _drawing(view: View, row: Row) -> Node:
    """Draw a finding on the axis that it shares with the others, or say why it cannot be drawn."""
    state = row["attainment"]
    if state == "suppressed":
        return h("small", view.words(f"disclosure.{row['suppressed']}"))
    if state in NO_WAY:
        return h("small", view.words(f"meaning.{state}"))
    return whisker(row, in_words(view, row), scale=row["scale"])


NAME = ColumnSpec("finding", "compare.who", _who)
DRAWING = ColumnSpec("", "finding.drawing", _drawing)


def _alone(view: View, one: _Compared, indicator: str) -> Record:
    row = one.rows[indicator]
    return row | {"title": title_of(view, row), "compared": one, "told": one.title}


def _indicator(view: View, row: Row) -> Element:
    return h("a", row["title"], href=link_of(view, row))


ALONE = (
    ColumnSpec("title", "finding.title", _indicator),
    ColumnSpec("told", "compare.who", lambda view, row: _link(view, row["compared"])),
)

PAGE = Page(
    name="compare",
    title="menu.compare",
    build=page,
    roles=EVERY_ROLE,
    chapter=None,
    has_content=None,
    examples=(
        "compare",
        "compare?programme=wecare&first=wecare/draios&second=wecare/agri_social&third=wecare/silvercare",
    ),
)
