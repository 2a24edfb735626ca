"""A framework across programmes: every programme beside every shared indicator, and totals where they can be had.

Reads what one reader may see and nothing else, so that a total gives away no value that is hidden: what is suppressed
has no sums here, and the total says that it is without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from impact.declare.base import last_day
from impact.errors import UsageError
from impact.measure.measurement import INCOMPLETE
from impact.publish.framework_totals import Total, total_of
from impact.publish.published import ReaderTables
from impact.states import AttainmentState, SharedState
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.tables.frameworks import Element, Framework, SharedIndicator


@dataclass(frozen=True)
class Shared:
    """A shared indicator in one programme.

    Parameters
    ----------
    declared
        What is measured, and the sums behind the value where they may be shown.
    finding
        What was found of the whole; None where it is not bound, or was never run.
    day
        Last day of the wave or period that was looked at; empty without a finding.
    """

    declared: SharedIndicator
    finding: Finding | None
    day: str = ""

    @property
    def programme(self) -> str:
        """Whose it is."""
        return self.declared.programme

    @property
    def state(self) -> SharedState:
        """Whether there is a value, and if not why."""
        finding = self.finding
        if self.declared.finding is None:
            return SharedState.NOT_BOUND
        if finding is None or "no_data" in finding.flags:
            return SharedState.NO_DATA
        if finding.value is None:
            return SharedState.SUPPRESSED if finding.attainment == AttainmentState.SUPPRESSED else SharedState.NO_DATA
        return SharedState.INCOMPLETE if INCOMPLETE in finding.flags else SharedState.MEASURED


@dataclass(frozen=True)
class Alike:
    """One shared indicator across programmes.

    Parameters
    ----------
    programmes
        Those that use the framework, each with its value or why it has none.
    totals
        A total for each definition that two programmes or more have, or why there is none.
    """

    programmes: tuple[Shared, ...]
    totals: tuple[Total, ...]

    @property
    def declared(self) -> SharedIndicator:
        """What is measured, in the words of the first programme."""
        return self.programmes[0].declared


@dataclass(frozen=True)
class Comparison:
    """A framework across the programmes that use it, of those that one reader may see.

    Parameters
    ----------
    uses
        The framework as each programme uses it.
    indicators
        What they measure alike, in the order of the framework.
    elements
        What they have to say to its checklist, element by element.
    """

    uses: tuple[Framework, ...]
    indicators: tuple[Alike, ...]
    elements: tuple[tuple[Element, ...], ...]

    @property
    def programmes(self) -> tuple[str, ...]:
        """Who uses it."""
        return tuple(use.programme for use in self.uses)


def compare_framework(published: ReaderTables, framework: str) -> Comparison:
    """Return a framework across the programmes that use it.

    Parameters
    ----------
    published
        What the reader may see.
    framework
        Its id.

    Raises
    ------
    UsageError
        If no programme in reach uses it.
    """
    uses = to_records(Framework, published.frameworks())
    of_framework = tuple(use for use in uses if use.framework == framework)
    if not of_framework:
        names = ", ".join(sorted({use.framework for use in uses})) or "none"
        raise UsageError(f"no programme in the database uses a framework '{framework}'; those in use: {names}")
    rows = [row for row in to_records(SharedIndicator, published.shared_indicators()) if row.framework == framework]
    answers = [row for row in to_records(Element, published.elements()) if row.framework == framework]
    answers.sort(key=lambda row: (row.place, row.element))
    elements = tuple(tuple(group) for _, group in groupby(answers, key=lambda row: (row.place, row.element)))
    return Comparison(of_framework, tuple(_alike(published, rows)), elements)


def _alike(published: ReaderTables, rows: Sequence[SharedIndicator]) -> Iterator[Alike]:
    """Yield the indicators in the order in which the framework has them, each across programmes."""
    by_indicator: dict[str, list[SharedIndicator]] = {}
    for row in rows:
        by_indicator.setdefault(row.indicator, []).append(row)
    for group in by_indicator.values():
        shared = tuple(_shared(published, row) for row in group)
        yield Alike(shared, tuple(_totals(shared)))


def _shared(published: ReaderTables, row: SharedIndicator) -> Shared:
    findings = published.findings(row.programme)
    found = to_records(Finding, findings[findings["finding"] == row.finding])
    if not found:
        return Shared(row, None)
    days = published.days(row.programme)
    period = found[0].period
    return Shared(row, found[0], days[period] if period in days else last_day(period))


def _totals(shared: Sequence[Shared]) -> Iterator[Total]:
    """Yield a total for each definition that two programmes or more have."""
    by_definition: dict[str, list[Shared]] = {}
    for one in shared:
        by_definition.setdefault(one.declared.shared_hash, []).append(one)
    for group in by_definition.values():
        if len(group) > 1:
            yield total_of(group)
