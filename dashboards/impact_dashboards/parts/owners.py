"""Whose something is that is due: the body that answers for it, and the contact to ask; both as declared.

The body is that of the project, where the list of projects names one; else that of the contact; else those that lead
the programme. The contact is the one that is named for the project, the indicator, the contract or the wave; else the
one that answers for everything. Nobody is invented: where nothing is declared, that is what is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from impact.drawing.markup import Node, h
from impact.publish.rows import rows_of
from impact.tables.part import Part, read_finding
from impact_dashboards.page.view import Row, View
from impact_dashboards.parts.projects import projects

LEAD = "lead"
"""The role of those who answer for a programme."""
FIELDS = {"wave": "waves", "indicator": "indicators", "contract": "contracts"}
"""By what a thing is, the column of a contact that says which of them it answers for."""


@dataclass(frozen=True)
class Owner:
    """Who answers for something.

    Parameters
    ----------
    body
        Name of the body; empty where none is declared.
    is_lead
        Whether it is named because it leads the programme, and for no nearer reason.
    contact
        Role, name and how to ask; empty where no contact is declared.
    """

    body: str
    is_lead: bool = False
    contact: str = ""

    def said(self, view: View) -> str:
        """Return who it is in one line, as a file has it."""
        return "; ".join(filter(None, (self.body, self.contact))) or view.words("owner.none")

    def shown(self, view: View) -> Node:
        """Return who it is as a cell: the body, and below it the contact, or why it is this body."""
        if not self.body and not self.contact:
            return h("span", view.words("owner.none"), class_="muted")
        below = self.contact or (view.words("owner.lead") if self.is_lead else "")
        if not self.body:
            return below
        return [self.body, h("small", below) if below else None]


@dataclass(frozen=True)
class _Declared:
    """What a programme declares of who answers."""

    contacts: Sequence[Row]
    bodies: Mapping[str, str]
    leads: str


def owner(view: View, programme: str, part: Part, **names: str) -> Owner:
    """Return who answers for something.

    Parameters
    ----------
    view
        Of the reader.
    programme, part
        What it is of.
    names
        What it is, such as ``indicator="hours"``, ``contract="reports"``, ``wave="end_line"``.
    """
    declared = view.published.cached_value(f"contacts of {programme}", lambda: _declared(view, programme))
    project = projects(view).get((programme, part.column, part.code))
    contact = _contact(declared.contacts, project, names)
    said = _contact_words(view, declared, contact) if contact else ""
    if project is not None and project["responsible"]:
        return Owner(str(project["responsible"]), contact=said)
    if contact is not None and contact["body"]:
        return Owner(declared.bodies[contact["body"]], contact=said)
    if contact is not None:
        return Owner("", contact=said)
    return Owner(declared.leads, is_lead=True)


def owner_of(view: View, row: Row) -> Owner:
    """Return who answers for what is due, a row of :meth:`impact.publish.published.ReaderTables.due`."""
    kind, name = row["kind"], str(row["id"])
    if kind in ("target", "milestone"):
        programme, indicator, part = read_finding(name)
        return owner(view, programme, part, indicator=indicator)
    return owner(view, row["programme"], Part(), **({"wave": name} if kind == "wave" else {}))


def _declared(view: View, programme: str) -> _Declared:
    bodies = rows_of(view.published.stakeholders(programme))
    leads = ", ".join(body["name"] for body in bodies if body["role"] == LEAD)
    names = {body["stakeholder"]: body["name"] for body in bodies}
    return _Declared(rows_of(view.published.contacts(programme)), names, leads)


def _contact(contacts: Sequence[Row], project: Row | None, names: Mapping[str, str]) -> Row | None:
    """Return the contact that is named for something, the nearest first; else the one for everything."""
    of_project = project["contacts"] if project is not None else ()
    nearest = [contact for contact in contacts if contact["contact"] in of_project]
    nearest += [contact for kind, name in names.items() for contact in contacts if name in contact[FIELDS[kind]]]
    nearest += [contact for contact in contacts if contact["everything"]]
    return nearest[0] if nearest else None


def _contact_words(view: View, declared: _Declared, contact: Row) -> str:
    """Return a contact as role, name and how to ask."""
    role = view.words.pick(contact, "role")
    who = contact["name"] or declared.bodies.get(contact["body"] or "", "")
    named = view.words("owner.contact", role=role, name=who) if contact["name"] else role
    return " · ".join(filter(None, (named, contact["reach"])))
