"""The projects that programmes declare: what each is called, who answers for it, and the one link to its page."""

from __future__ import annotations

from collections.abc import Mapping

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import Record, rows_of
from impact.tables.part import Part
from impact_dashboards.page.view import Row, View

PAGE = "project"
"""Name of the page of a project."""
Key = tuple[str, str, str]
"""Programme, column and code of a part."""


def projects(view: View) -> Mapping[Key, Record]:
    """Return the projects in reach by programme, column and code, in the order of their lists."""
    return view.published.cached_value("projects", lambda: _projects(view))


def _projects(view: View) -> dict[Key, Record]:
    rows = rows_of(view.published.projects())
    return {(row["programme"], row["column"], row["code"]): row for row in rows}


def projects_of(view: View, programme: str) -> dict[str, Record]:
    """Return the projects of a programme in reach, by code."""
    return {code: row for (of, _, code), row in projects(view).items() if of == programme}


def project_of(view: View, row: Row) -> Record | None:
    """Return the project that the part of a row is; None where it is none."""
    part = Part.of(row)
    return projects(view).get((row["programme"], part.column, part.code))


def project_link(view: View, project: Row, text: Node = None) -> Element:
    """Return the link to the page of a project, called by its title or by what else it goes by."""
    href = view.address.to(PAGE, project["programme"], project["code"])
    return h("a", text or view.words.pick(project, "title"), href=href)


def named(view: View, programme: str, code: str | None, text: Node) -> Node:
    """Return a text that names a project as the link to its page; as it stands where there is no such project."""
    project = projects_of(view, programme).get(code or "")
    return text if project is None else project_link(view, project, text)
