"""The one door through which readers see what was published: within their scope, and protected.

Figures, pages, reports and exports take their tables from here and from nowhere else.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import pandas as pd

from impact.errors import UsageError
from impact.formulas.measured import COMPLETE
from impact.judge.attainment import together
from impact.judge.evidence import NO_EFFECT, REFUSED
from impact.publish import beside, disclosure, process, quality, records, tables
from impact.publish.definitions import (
    contract_sources,
    definition_contracts,
    definition_kinds,
    definition_measures,
    indicator_sources,
    wave_days,
)
from impact.publish.reader_catalogue import narrow
from impact.publish.rows import rows_of
from impact.publish.scope import EVERYTHING, Scope
from impact.publish.tables import read_table
from impact.publish.trace import EFFECTS, Trace, trace_finding
from impact.store import Warehouse
from impact.tables.declared import Programme, Stakeholder, TheoryLink, TheoryNode, Wave
from impact.tables.files import Load, Quality, Quarantine, Response, Unmapped
from impact.tables.finding import Finding
from impact.tables.frames import Row, to_records
from impact.tables.places import MapCell, NetworkBody, NetworkTie
from impact.tables.process import Claim, Delivery, Journey, Phase
from impact.tables.protection import Suppression
from impact.tables.results import Diagnostic, Measure, Term
from impact.tables.titles import Cut, Heading, Label, Membership
from impact.words.languages import Language

__all__ = [
    "COMPLETE",
    "EFFECTS",
    "NO_EFFECT",
    "REFUSED",
    "ReaderTables",
    "together",
]
"""The tables, and of what the judge and the measures say in them the words that readers tell apart."""

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


def cached(
    method: Callable[Concatenate[ReaderTables, Arguments], Value],
) -> Callable[Concatenate[ReaderTables, Arguments], Value]:
    """Let a method read its table once."""

    @wraps(method)
    def read(self: ReaderTables, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        key = (method.__name__, *args, *sorted(kwargs.items()))
        if key not in self._memory:
            self._memory[key] = method(self, *args, **kwargs)
        found: Value = self._memory[key]
        return found

    return cast("Callable[Concatenate[ReaderTables, Arguments], Value]", read)


class ReaderTables:
    """What one reader may see of a database.

    Parameters
    ----------
    warehouse
        Open for reading.
    scope
        What this reader may see. What lies outside is not there: tables are empty of it, and names out of reach are
        unknown.
    memory
        Where tables are kept that have been read: of this data and this scope, for other requests too. Who gets a
        table leaves it as it is.
    """

    def __init__(
        self, warehouse: Warehouse, scope: Scope = EVERYTHING, memory: dict[Hashable, Any] | None = None
    ) -> None:
        self.scope = scope
        self._memory = {} if memory is None else memory
        self._warehouse = narrow(warehouse, scope)

    def cached_value(self, name: str, make: Callable[[], Value]) -> Value:
        """Return what a reader makes of these tables, made once under a name."""
        if name not in self._memory:
            self._memory[name] = make()
        found: Value = self._memory[name]
        return found

    @property
    @cached
    def titles(self) -> dict[str, dict[str, Any]]:
        """The programmes in reach, in order, each with its row of :class:`impact.tables.declared.Programme`."""
        rows = rows_of(read_table(self._warehouse, Programme))
        return {str(row["programme"]): row for row in rows}

    @property
    def programmes(self) -> tuple[str, ...]:
        """The programmes in reach, in order."""
        return tuple(self.titles)

    @cached
    def nodes(self, programme: str) -> pd.DataFrame:
        """Return the steps of the theory of change."""
        return read_table(self._warehouse, TheoryNode, programme)

    @cached
    def links(self, programme: str) -> pd.DataFrame:
        """Return the causal claims between the steps."""
        return read_table(self._warehouse, TheoryLink, programme)

    @cached
    def waves(self, programme: str) -> pd.DataFrame:
        """Return the waves in order of time."""
        return read_table(self._warehouse, Wave, programme)

    @cached
    def stakeholders(self, programme: str) -> pd.DataFrame:
        """Return the bodies and groups with a part in the programme."""
        return read_table(self._warehouse, Stakeholder, programme)

    @cached
    def contracts(self, programme: str) -> dict[str, str]:
        """Return the contract whose rows each indicator counts."""
        return definition_contracts(self._warehouse, programme)

    @cached
    def kinds(self, programme: str) -> dict[str, str]:
        """Return the kind of formula of each indicator."""
        return definition_kinds(self._warehouse, programme)

    @cached
    def formula_measures(self, programme: str) -> dict[str, str]:
        """Return what the formula of each indicator measures, where it says so: such as the density of a network."""
        return definition_measures(self._warehouse, programme)

    @cached
    def contract_sources(self, programme: str, contract: str) -> pd.DataFrame:
        """Return the files of a contract."""
        return contract_sources(self._warehouse, programme, contract)

    @cached
    def days(self, programme: str) -> dict[str, str]:
        """Return the last day of each wave."""
        return wave_days(self._warehouse, programme)

    # ---- words for codes ---------------------------------------------------------------------------------------------

    @cached
    def labels(self, programme: str | None = None) -> pd.DataFrame:
        """Return the titles of codes."""
        return read_table(self._warehouse, Label, programme)

    @cached
    def memberships(self, programme: str | None = None) -> pd.DataFrame:
        """Return what codes belong to, such as the quadrant of a project."""
        return read_table(self._warehouse, Membership, programme)

    @cached
    def cuts(self, programme: str | None = None) -> pd.DataFrame:
        """Return the titles of columns."""
        return read_table(self._warehouse, Cut, programme)

    @cached
    def label_titles(self, language: Language) -> dict[tuple[str, str, str], str]:
        """Return the title of each code, by programme, column and code."""
        found = self.labels()
        keys = zip(found["programme"], found["column"], found["code"], strict=True)
        return dict(zip(keys, found[f"title_{language}"], strict=True))

    @cached
    def cut_titles(self, language: Language) -> dict[str, str]:
        """Return the title of each column."""
        found = self.cuts()
        return dict(zip(found["column"], found[f"title_{language}"], strict=True))

    @cached
    def headings(self, programme: str, language: Language) -> dict[tuple[str, str], str]:
        """Return the title of each contract (with an empty column) and of each column that has one."""
        found = read_table(self._warehouse, Heading, programme)
        return dict(zip(zip(found["contract"], found["column"], strict=True), found[f"title_{language}"], strict=True))

    # ---- results -----------------------------------------------------------------------------------------------------

    @cached
    def findings(self, programme: str | None = None) -> pd.DataFrame:
        """Return the findings; see :func:`impact.publish.findings_table` and the column ``suppressed``."""
        found = tables.findings_table(self._warehouse, programme).astype({"evidence_level": "Int64"})
        shown = disclosure.protect_findings(found, self.suppressions(programme))
        return beside.protect_missing(shown, self.withheld(programme), self._contracts_of(shown))

    @cached
    def measures(self, programme: str) -> pd.DataFrame:
        """Return every value by arm, scope, group and wave."""
        measures = read_table(self._warehouse, Measure, programme)
        shown = disclosure.protect_measures(measures, self.suppressions(programme))
        return beside.protect_missing(shown, self.withheld(programme), self._contracts_of(shown))

    @cached
    def suppressions(self, programme: str | None = None) -> pd.DataFrame:
        """Return the cells that are hidden, and why."""
        return read_table(self._warehouse, Suppression, programme)

    @cached
    def withheld(self, programme: str | None = None) -> pd.DataFrame:
        """Return what contracts withhold of the counts beside the tables."""
        return beside.withheld_table(self._warehouse, programme)

    def _contracts_of(self, frame: pd.DataFrame) -> dict[tuple[str, str], str]:
        names = frame["programme"].unique()
        return {(name, one): own for name in names for one, own in self.contracts(name).items()}

    @cached
    def diagnostics(self, programme: str) -> pd.DataFrame:
        """Return the checks of the effects."""
        return disclosure.protect_behind(read_table(self._warehouse, Diagnostic, programme), self.findings(programme))

    @cached
    def terms(self, programme: str) -> pd.DataFrame:
        """Return the numbers behind the effects."""
        return disclosure.protect_behind(read_table(self._warehouse, Term, programme), self.findings(programme))

    def trace(self, finding: str) -> Trace:
        """Return the path of one finding back to its rows.

        Raises
        ------
        UsageError
            If there is no such finding, or not for this reader.
        """
        found = trace_finding(self._warehouse, finding)
        programme = found.finding.programme
        told = beside.protect_trace(found, self.withheld(programme), rows=self.scope.opens("records"))
        told = replace(
            told,
            finding=_of(Finding, self.findings(programme), finding)[0],
            diagnostics=_of(Diagnostic, self.diagnostics(programme), finding),
            terms=_of(Term, self.terms(programme), finding),
            suppressed=self._suppressed(programme, finding),
        )
        if told.suppressed:
            return replace(told, linkage=(), files=tuple(map(beside.without_rows, told.files)))
        return told

    def _suppressed(self, programme: str, finding: str) -> str:
        findings = self.findings(programme)
        return str(findings.loc[findings["finding"] == finding, "suppressed"].iloc[0])

    def sources(self, programme: str, indicator: str) -> pd.DataFrame:
        """Return the files behind an indicator.

        Raises
        ------
        UsageError
            If there is no such indicator.
        """
        if indicator not in self.contracts(programme):
            raise UsageError(f"there is no indicator '{programme}/{indicator}'")
        return indicator_sources(self._warehouse, programme, indicator)

    @cached
    def claims(self, programme: str) -> pd.DataFrame:
        """Return the totals the programme reported about itself beside those recomputed."""
        found = read_table(self._warehouse, Claim, programme)
        return beside.protect_claims(found, self.withheld(programme), rows=self.scope.opens("records"))

    @cached
    def network(self, programme: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return bodies and ties of the networks."""
        bodies = read_table(self._warehouse, NetworkBody, programme)
        return bodies, read_table(self._warehouse, NetworkTie, programme)

    @cached
    def map(self, programme: str) -> pd.DataFrame:
        """Return the cells of the maps of needs and supply."""
        return read_table(self._warehouse, MapCell, programme)

    @cached
    def unmapped(self, programme: str) -> pd.DataFrame:
        """Return the categories that stand in rows and in no codelist."""
        return beside.protect_categories(read_table(self._warehouse, Unmapped, programme), self.withheld(programme))

    # ---- the process -------------------------------------------------------------------------------------------------

    @cached
    def journeys(self, programme: str) -> pd.DataFrame:
        """Return where each project started, where it arrived and what comes next."""
        return read_table(self._warehouse, Journey, programme)

    @cached
    def phases(self, programme: str) -> pd.DataFrame:
        """Return the phases with the dates planned and those that came."""
        return read_table(self._warehouse, Phase, programme)

    @cached
    def deliveries(self, programme: str) -> pd.DataFrame:
        """Return the activities, planned beside delivered."""
        return read_table(self._warehouse, Delivery, programme)

    @cached
    def due(self, today: datetime.date, programme: str | None = None) -> pd.DataFrame:
        """Return what was promised for a day, without the targets of suppressed findings.

        Readers of parts see no waves: whether a wave has data is known of the whole alone.
        """
        due = process.due_table(self._warehouse, programme, today=today)
        findings = self.findings(programme)
        hidden = findings.loc[findings["suppressed"] != "", "finding"]
        left_out = (due["kind"] == "target") & due["id"].isin(hidden)
        if self.scope.parts:
            left_out |= due["kind"] == "wave"
        return due[~left_out].reset_index(drop=True)

    # ---- rows and their quality --------------------------------------------------------------------------------------

    @cached
    def loads(self, programme: str) -> pd.DataFrame:
        """Return the ledger of loads."""
        return beside.protect_files(read_table(self._warehouse, Load, programme), self.withheld(programme))

    @cached
    def validity(self, programme: str | None = None) -> pd.DataFrame:
        """Return what became of the rows of each file."""
        return beside.protect_files(quality.validity_table(self._warehouse, programme), self.withheld(programme))

    @cached
    def quality(self, programme: str) -> pd.DataFrame:
        """Return how often each column was answered, by wave."""
        return beside.protect_answers(read_table(self._warehouse, Quality, programme), self.withheld(programme))

    @cached
    def response(self, programme: str) -> pd.DataFrame:
        """Return how many persons each wave has, and how many came back."""
        return beside.protect_returned(read_table(self._warehouse, Response, programme), self.withheld(programme))

    def quarantine(self, programme: str) -> pd.DataFrame:
        """Return why rows were set aside, a row per reason; none for roles that may not see rows."""
        table = read_table(self._warehouse, Quarantine, programme)
        return table if self.scope.opens("quarantine") else table.iloc[:0]

    def record_contracts(self, programme: str) -> pd.DataFrame:
        """Return the contracts whose rows this reader may see, with how many; see :meth:`records`."""
        table = records.record_contracts(self._warehouse, programme)
        return table if self.scope.opens("records") else table.iloc[:0]

    def records(
        self,
        programme: str,
        contract: str,
        *,
        order: str | None = None,
        descending: bool = False,
        after: records.Place | None = None,
        before: records.Place | None = None,
        last: bool = False,
        filters: Mapping[str, str] | None = None,
        size: int = 100,
    ) -> pd.DataFrame:
        """Return one page of a contract's good rows; see :func:`impact.publish.records.page_records`.

        Raises
        ------
        UsageError
            If there are no such records, or not for this reader.
        """
        self._records_open(programme, contract)
        return records.page_records(
            self._warehouse, programme, contract, order=order, descending=descending, after=after, before=before,
            last=last, filters=filters, size=size,
        )  # fmt: skip

    def count_records(self, programme: str, contract: str, filters: Mapping[str, str] | None = None) -> int:
        """Return how many rows :meth:`records` pages through."""
        self._records_open(programme, contract)
        return records.count_records(self._warehouse, programme, contract, filters or {})

    def record_columns(self, programme: str, contract: str) -> dict[str, str]:
        """Return the columns of :meth:`records` with their SQL types."""
        self._records_open(programme, contract)
        return records.record_columns(self._warehouse, programme, contract)

    def _records_open(self, programme: str, contract: str) -> None:
        if programme not in self.titles or not self.scope.opens("records"):
            raise UsageError(f"there are no records '{programme}/{contract}'")


def _of(record: type[Row], frame: pd.DataFrame, finding: str) -> tuple[Row, ...]:
    return tuple(to_records(record, frame[frame["finding"] == finding]))
