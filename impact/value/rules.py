"""Whether the rules of ``value.yaml`` were registered before outcomes could be known: it stands above all lines."""

from __future__ import annotations

from collections.abc import Iterator

from impact.expect.registration import value_plan, value_status
from impact.states import ValueSection
from impact.value.evidence import Evidence
from impact.value.line import Line, Subject
from impact.words.said import Said


def rule_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the line, where ``value.yaml`` has any rule."""
    programme = evidence.programme
    if not value_plan(programme):
        return
    status = value_status(programme)
    subject = Subject(ValueSection.RULES, "value", "value.yaml", "value.yaml", "", "", "real")
    verdict, day = Said(f"value.{status.label}"), (status.registered_at or "")[:10]
    reason = Said(f"value.why_{status.label}", day=day, changes=status.changes)
    yield Line(subject, "registration", Said("value.registration"), verdict=verdict, reason=reason)
