"""What the findings that matter most of a programme come to, decided once for the data as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from impact.publish.protect import HETEROGENEITY
from impact.publish.published import ReaderTables
from impact.publish.rows import Record, rows_of
from impact.states import CheckStatus, ValueSection
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.value.verdict import Verdict, deciding, verdict
from impact.words.said import Said, says
from impact_dashboards.page.view import View
from impact_dashboards.parts.marks import known


@dataclass(frozen=True)
class Decided:
    """The findings that decide, how many others there are, the verdict, and the lines of value that were read."""

    findings: Sequence[Finding]
    others: int
    verdict: Verdict
    lines: Sequence[Record]

    @property
    def costs(self) -> list[Record]:
        """The lines of cost that have a figure."""
        return [line for line in self.lines if line["section"] == ValueSection.COSTS and known(line["value"])]


def decided(view: View, programme: str) -> Decided:
    """Return the verdict on a programme, from what this reader may see."""
    return view.published.cached_value(f"verdict on {programme}", lambda: _decide(view.published, programme))


def _decide(published: ReaderTables, programme: str) -> Decided:
    lines = rows_of(published.valuations(programme))
    outcomes = dict.fromkeys(line["subject"] for line in lines if line["section"] == ValueSection.OUTCOMES)
    findings = to_records(Finding, published.findings(programme))
    chosen, others = deciding(findings, list(outcomes), published.primaries(programme))
    # What was planned or certified is no cost: only the stage that is declared to be it
    has_costs = any(line["item"] == "at_prices" and known(line["value"]) for line in lines)
    return Decided(chosen, len(others), verdict(chosen, _failed(published, programme), has_costs=has_costs), lines)


def is_fault(check: Said | str, status: str) -> bool:
    """Tell whether a check failed that an effect hangs on: that it differs between groups is a result, and no fault."""
    return status == CheckStatus.FAILED and not says(check, HETEROGENEITY)


def _failed(published: ReaderTables, programme: str) -> Mapping[str, list[Said | str]]:
    """Return what the failed checks of each finding say: the hypothesis that each refused."""
    failed: dict[str, list[Said | str]] = {}
    for check in rows_of(published.diagnostics(programme)):
        if is_fault(check["check"], check["status"]):
            failed.setdefault(check["finding"], []).append(check["null_hypothesis"])
    return failed
