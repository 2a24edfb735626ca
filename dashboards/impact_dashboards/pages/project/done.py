"""What a project delivered, the way it took, and what a decision needs beside findings: costs, pools, payments."""

from __future__ import annotations

from impact.drawing.markup import h
from impact.publish.rows import Record, rows_of
from impact.tables.part import Part, read_finding
from impact_dashboards.page.view import Block, View
from impact_dashboards.parts.facts import Fact, fact_list
from impact_dashboards.parts.planned import deliveries_block, delivery_rows, written
from impact_dashboards.parts.valued import line_table


def value_block(view: View, part: Part) -> Block | None:
    """Return the lines of value that rest on findings of the project; None where none does."""
    lines = [line for line in rows_of(view.published.valuations(view.programme)) if _is_of(line, part)]
    if not lines:
        return None
    return Block("value", view.words("value.title"), line_table(view, lines), lead=view.words("project.value_lead"))


def _is_of(line: Record, part: Part) -> bool:
    """Tell whether a line is of one part alone: a pool rests on many, and is of none."""
    parts = {read_finding(name)[2] for name in line["rests_on"]}
    return parts == {part}


def plan_block(view: View, project: Record) -> Block | None:
    """Return the activities that are the project's, planned beside delivered; None where none is."""
    own = [row for row in delivery_rows(view) if row["project"] == project["code"]]
    return deliveries_block(view, own) if own else None


def journey_block(view: View, project: Record) -> Block | None:
    """Return where the project started, where it arrived, what comes next; None where no document says."""
    journeys = rows_of(view.published.journeys(view.programme))
    own = next((row for row in journeys if row["project"] == project["code"]), None)
    if own is None:
        return None
    names = {"challenge": "monitoring.challenge", "arrived": "monitoring.arrived", "next": "monitoring.ahead"}
    facts = [Fact(view.words(key), own[name]) for name, key in names.items()]
    body = [fact_list(facts, class_="who"), h("div", written(view, own))]
    return Block("journey", view.words("project.journey"), body=body)
