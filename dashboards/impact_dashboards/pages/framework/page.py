"""Frameworks: one that programmes use, what they measure alike and come to together, what they say to its checklist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impact.drawing.markup import Element, h
from impact.publish.compare import Comparison, compare_framework
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Page
from impact_dashboards.page.view import Block, Choice, PageContent, View, nothing
from impact_dashboards.pages.framework.alike import alike_block
from impact_dashboards.pages.framework.elements import elements_block

HOW = "docs/how-to/share_a_framework.md"


def page(view: View) -> PageContent:
    """Return the page of one framework across programmes, or of what one programme says to it."""
    uses = view.published.frameworks()
    programme = view.programme or view.chosen("programme", view.published.titles)
    of_programme = uses[uses["programme"] == programme] if programme else uses
    names = list(dict.fromkeys(of_programme["framework"]))
    chosen = view.chosen("framework", dict.fromkeys(uses["framework"]), default=names[0] if names else "")
    title = view.words("framework.title")
    if chosen not in names:
        return PageContent(
            title, head=nothing(view.words, "framework.none", HOW), choices=_choices(view, names, chosen)
        )
    comparison = compare_framework(view.published, chosen)
    return PageContent(
        title,
        list(_blocks(view, comparison, programme)),
        over=view.words.pick(vars(comparison.uses[0]), "title"),
        lead=view.words("framework.lead"),
        choices=_choices(view, names, chosen),
        head=_remarks(view, comparison),
        synthetic=_is_synthetic(comparison),
    )


def _blocks(view: View, comparison: Comparison, programme: str) -> Iterator[Block]:
    if comparison.indicators:
        yield alike_block(view, comparison)
    answers = [answer for group in comparison.elements for answer in group if programme in ("", answer.programme)]
    if answers:
        yield elements_block(view, answers)


def _choices(view: View, names: Sequence[str], chosen: str) -> list[Choice]:
    """Return the filters; that of programmes only where the path names none."""
    titles = {row["framework"]: view.words.pick(row, "title") for _, row in view.published.frameworks().iterrows()}
    frameworks = {name: titles[name] for name in names} | ({chosen: titles[chosen]} if chosen else {})
    every = {"": view.words("filters.all")}
    choices = [Choice("framework", view.words("framework.choice"), frameworks or every, chosen)]
    if view.programme:
        return choices
    using = set(view.published.frameworks()["programme"])
    titled = view.published.titles.items()
    programmes = {name: view.words.pick(row, "title") for name, row in titled if name in using}
    return [*choices, Choice("programme", view.words("filter.programme"), every | programmes, view.given("programme"))]


def _remarks(view: View, comparison: Comparison) -> Element | None:
    """Return what every reader of the framework must know."""
    use = comparison.uses[0]
    remarks = use.remarks_it if view.words.declared == "it" else use.remarks_en
    return h("ul", [h("li", remark) for remark in remarks], class_="note") if remarks else None


def _is_synthetic(comparison: Comparison) -> bool:
    findings = (one.finding for alike in comparison.indicators for one in alike.programmes)
    return any(finding is not None and finding.data_kind == "synthetic" for finding in findings)


PAGE = Page(
    name="framework",
    title="menu.framework",
    build=page,
    roles=EVERY_ROLE,
    chapter=None,
    has_content=None,
    examples=("framework", "framework?framework=vis&programme=milano_sei_laltro"),
)
