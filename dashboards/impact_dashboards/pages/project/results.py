"""What a project promised, which effects it has, what else is known of it."""

from __future__ import annotations

from collections import Counter

from impact.drawing.markup import Element, Node, h
from impact.publish.rows import rows_of
from impact.states import CheckStatus
from impact_dashboards.page.view import Block, ColumnSpec, Row, Table, View, columns_of, file_columns
from impact_dashboards.parts.findings import (
    effect_cell,
    finding_table,
    link_of,
    title_of,
    unit_of,
)
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.promises import STAGES, Rows, has_effect, is_promised, is_refused
from impact_dashboards.parts.state_marks import badge, evidence

SHOWN = 10
"""Facts beside promises that are shown at once; more are folded away."""


def promises_block(view: View, rows: Rows) -> Block | None:
    """Return what was promised, with what came of it and its interval; None where nothing was."""
    promised = sorted(filter(is_promised, rows), key=lambda row: row["stage"] not in STAGES["results"])
    if not promised:
        return None
    lead = view.words("portfolio.read")
    return Block("promises", view.words("project.promises"), finding_table(view, promised), lead=lead)


def facts_block(view: View, rows: Rows) -> Block | None:
    """Return what is known beside promises, what changed for somebody first; None where nothing is."""
    others = [row for row in rows if not is_promised(row) and known(row["value"])]
    if not others:
        return None
    ordered = sorted(others, key=lambda row: row["stage"] not in STAGES["results"])
    title, table = view.words("project.facts"), finding_table(view, ordered)
    return Block("facts", title, table, folded=len(ordered) > SHOWN)


def effects_block(view: View, rows: Rows) -> Block | None:
    """Return the effects that were estimated, and those that were refused; None where there is none."""
    found = [row for row in rows if has_effect(row) or is_refused(row)]
    if not found:
        return None
    checks = rows_of(view.published.diagnostics(view.programme))
    counted = Counter((check["finding"], check["status"]) for check in checks)
    states = {"passed": CheckStatus.PASSED, "failed": CheckStatus.FAILED}
    shown = [{**row, **{name: counted[row["finding"], state] for name, state in states.items()}} for row in found]
    table = Table(columns_of(view, EFFECTS), shown, file_columns(["effect_low", "effect_high", "contribution"]))
    return Block("effects", view.words("project.effects"), table, lead=view.words("project.effects_lead"))


def _name(view: View, row: Row) -> Node:
    unit = h("small", unit_of(view.words, row))
    return [h("a", title_of(view, row), href=link_of(view, row)), unit]


def _says(view: View, row: Row) -> Element:
    return badge(row["contribution"], view.words)


def _dots(view: View, row: Row) -> Element:
    return evidence(row["evidence_level"], view.words)


EFFECTS = (
    ColumnSpec("finding", "finding.name", _name),
    ColumnSpec("estimate", "finding.effect", effect_cell, numeric=True, meaning="meaning.estimate"),
    ColumnSpec("contribution", "finding.status", _says),
    ColumnSpec("evidence_level", "finding.evidence", _dots, meaning="meaning.evidence"),
    ColumnSpec("passed", "project.passed", numeric=True),
    ColumnSpec("failed", "project.failed", numeric=True),
)
