"""Project: what one project promised, what came of it, what it delivered, where it stands among bodies, its files.

``/project/<programme>`` lists the projects of a programme, ``…/<code>`` is the page of one. Each block stands only
where there is something to show.
"""

from __future__ import annotations

from collections.abc import Sequence

from impact.drawing.markup import Element, Node, h
from impact.errors import UsageError
from impact.publish.rows import Record
from impact.publish.scope import EVERY_ROLE
from impact.tables.part import Part
from impact_dashboards.page.descriptor import Page
from impact_dashboards.page.view import PageContent, Row, View
from impact_dashboards.pages.project.around import claims_block, files_block, network_block
from impact_dashboards.pages.project.done import journey_block, plan_block, value_block
from impact_dashboards.pages.project.results import effects_block, facts_block, promises_block
from impact_dashboards.parts.cards import decisions_block
from impact_dashboards.parts.decisions import subjects
from impact_dashboards.parts.facts import Fact, fact_list
from impact_dashboards.parts.findings import all_rows
from impact_dashboards.parts.owed import owed_block, owed_rows
from impact_dashboards.parts.owners import owner
from impact_dashboards.parts.projects import PAGE as NAME
from impact_dashboards.parts.projects import projects_of
from impact_dashboards.parts.state_marks import badge


def page(view: View) -> PageContent:
    """Return the page of a project, or the projects of a programme."""
    listed = projects_of(view, view.programme)
    code = view.at(1)
    if not code:
        return _list(view)
    if code not in listed:
        raise UsageError(view.words("project.missing", project=code, programme=view.programme))
    return _project(view, listed[code])


def _list(view: View) -> PageContent:
    block = decisions_block(view, [view.programme], projects_only=True)
    lead = view.words("project.list_lead") if block else view.words("project.none")
    over = view.words.pick(view.published.titles[view.programme], "title")
    return PageContent(view.words("menu.project"), [block] if block else [], lead=lead, over=over)


def _project(view: View, project: Record) -> PageContent:
    part = Part(project["column"], project["code"])
    rows = [row for row in all_rows(view) if row["programme"] == view.programme and Part.of(row) == part]
    owed = [row for row in owed_rows(view, view.programme) if row["part"] == part]
    found = [
        promises_block(view, rows),
        effects_block(view, rows),
        facts_block(view, rows),
        owed_block(view, owed, view.words("owed.of_project")) if owed else None,
        value_block(view, part),
        plan_block(view, project),
        journey_block(view, project),
        network_block(view, project),
        claims_block(view, project),
        files_block(view, project),
    ]
    return PageContent(
        view.words.pick(project, "title"),
        [block for block in found if block is not None],
        lead=_reason(view, part),
        over=view.words.pick(view.published.titles[view.programme], "title"),
        head=_facts(view, project, part),
        synthetic=any(row["data_kind"] == "synthetic" for row in rows),
    )


def _reason(view: View, part: Part) -> Node:
    """Return in one line why the project needs a decision, or that it needs none."""
    (subject,) = (one for one in subjects(view, [view.programme]) if one.part == part)
    return [badge(subject.reason.state, view.words), " ", subject.reason.text]


def _facts(view: View, project: Row, part: Part) -> Element:
    """Return who answers for the project, what it belongs to, and the link to others beside it."""
    whose = owner(view, view.programme, part)
    facts = [Fact(view.words("owner.title"), whose.shown(view))]
    facts += [Fact(title, ", ".join(names)) for title, names in _belongs_to(view, project).items()]
    beside = view.address.to("compare", programme=view.programme, first=f"{view.programme}/{project['code']}")
    links = h("p", h("a", view.words("project.compare"), href=beside))
    return h("div", fact_list(facts, class_="who"), links)


def _belongs_to(view: View, project: Row) -> dict[str, Sequence[str]]:
    """Return what the project belongs to, such as a territory, by the title of the column."""
    members = view.published.memberships(view.programme)
    own = members[(members["column"] == project["column"]) & (members["code"] == project["code"])]
    columns, titles = view.published.cut_titles(view.words.declared), view.published.label_titles(view.words.declared)
    groups: dict[str, list[str]] = {}
    for by, code in own[["by", "of"]].itertuples(index=False, name=None):
        groups.setdefault(columns.get(by, by), []).append(titles.get((view.programme, by, code), code))
    return {title: sorted(set(names)) for title, names in groups.items()}


def _has_projects(view: View, programme: str) -> bool:
    return bool(projects_of(view, programme))


PAGE = Page(
    name=NAME,
    title="menu.project",
    build=page,
    roles=EVERY_ROLE,
    chapter=None,
    has_content=_has_projects,
    examples=("project/wecare", "project/wecare/draios", "project/talents4coop/so_youz"),
)
