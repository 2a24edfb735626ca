"""The one door through which readers see what was published: within their scope, and protected.

Figures, pages, reports and exports take their tables from here and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pandas as pd

from impact.errors import UsageError
from impact.formulas.measured import COMPLETE
from impact.judge.attainment import together
from impact.judge.contribution import NO_EFFECT, REFUSED
from impact.publish import beside, definitions, protect, quality, records, tables, variables
from impact.publish.framework_tables import FrameworkTables
from impact.publish.memory import cached
from impact.publish.milestone_tables import MilestoneTables
from impact.publish.monitoring_tables import MonitoringTables
from impact.publish.reader_catalogue import narrow
from impact.publish.rows import Record, rows_of
from impact.publish.scope import EVERYTHING, Scope
from impact.publish.tables import read_table
from impact.publish.trace import EFFECTS, Trace, trace_finding
from impact.store import Warehouse
from impact.tables.columns import Record as TableRecord
from impact.tables.declared import Contact, Programme, Stakeholder, TheoryLink, TheoryNode, Wave
from impact.tables.files import Load, Quality, Quarantine, Response, Unmapped
from impact.tables.finding import Finding
from impact.tables.frames import Row, to_records
from impact.tables.places import MapCell, NetworkBody, NetworkTie
from impact.tables.process import Claim, Delivery, Journey, Phase
from impact.tables.protection import Suppression
from impact.tables.results import Diagnostic, Measure, Term
from impact.tables.titles import Cut, Heading, Label, Membership, Project
from impact.tables.valuation import Valuation
from impact.tables.variables import Variable
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

Value = TypeVar("Value")


class ReaderTables(FrameworkTables, MilestoneTables, MonitoringTables):
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
        value: Value = self._memory[name]
        return value

    def _table(self, record: type[TableRecord], programme: str | None = None) -> pd.DataFrame:
        return read_table(self._warehouse, record, programme)

    @property
    @cached
    def titles(self) -> dict[str, Record]:
        """The programmes in reach, in order, each with its row of :class:`impact.tables.declared.Programme`."""
        table = self._table(Programme)
        rows = rows_of(table)
        return {str(row["programme"]): row for row in rows}

    @property
    def programmes(self) -> tuple[str, ...]:
        """The programmes in reach, in order."""
        return tuple(self.titles)

    @cached
    def nodes(self, programme: str) -> pd.DataFrame:
        """Return the steps of the theory of change."""
        return self._table(TheoryNode, programme)

    @cached
    def links(self, programme: str) -> pd.DataFrame:
        """Return the causal claims between the steps."""
        return self._table(TheoryLink, programme)

    @cached
    def waves(self, programme: str) -> pd.DataFrame:
        """Return the waves in order of time."""
        return self._table(Wave, programme)

    @cached
    def stakeholders(self, programme: str) -> pd.DataFrame:
        """Return the bodies and groups with a part in the programme."""
        return self._table(Stakeholder, programme)

    @cached
    def contacts(self, programme: str) -> pd.DataFrame:
        """Return who answers for what is due, as declared."""
        return self._table(Contact, programme)

    @cached
    def projects(self, programme: str | None = None) -> pd.DataFrame:
        """Return the parts that are projects, with the body that answers for each."""
        return self._table(Project, programme)

    @cached
    def contracts(self, programme: str) -> dict[str, str]:
        """Return the contract whose rows each indicator counts."""
        return definitions.definition_contracts(self._warehouse, programme)

    @cached
    def kinds(self, programme: str) -> dict[str, str]:
        """Return the kind of formula of each indicator."""
        return definitions.definition_kinds(self._warehouse, programme)

    @cached
    def definitions(self, programme: str) -> dict[str, dict[str, Any]]:
        """Return the declaration of each indicator, as the run read it."""
        return definitions.definitions(self._warehouse, programme)

    @cached
    def formula_measures(self, programme: str) -> dict[str, str]:
        """Return what the formula of each indicator measures, where it says so: such as the density of a network."""
        return definitions.definition_measures(self._warehouse, programme)

    @cached
    def primaries(self, programme: str) -> frozenset[str]:
        """Return the primary indicators."""
        return definitions.definition_primaries(self._warehouse, programme)

    @cached
    def contract_sources(self, programme: str, contract: str) -> pd.DataFrame:
        """Return the files of a contract."""
        return definitions.contract_sources(self._warehouse, programme, contract)

    @cached
    def days(self, programme: str) -> dict[str, str]:
        """Return the last day of each wave."""
        return definitions.wave_days(self._warehouse, programme)

    # ---- words for codes ---------------------------------------------------------------------------------------------

    @cached
    def labels(self, programme: str | None = None) -> pd.DataFrame:
        """Return the titles of codes."""
        return self._table(Label, programme)

    @cached
    def memberships(self, programme: str | None = None) -> pd.DataFrame:
        """Return what codes belong to, such as the quadrant of a project."""
        return self._table(Membership, programme)

    @cached
    def cuts(self, programme: str | None = None) -> pd.DataFrame:
        """Return the titles of columns."""
        return self._table(Cut, programme)

    @cached
    def label_titles(self, language: Language) -> dict[tuple[str, str, str], str]:
        """Return the title of each code, by programme, column and code."""
        return tables.titles_by(self.labels(), language, "programme", "column", "code")

    @cached
    def cut_titles(self, language: Language) -> dict[str, str]:
        """Return the title of each column."""
        titles: dict[tuple[str], str] = tables.titles_by(self.cuts(), language, "column")
        return {column: title for (column,), title in titles.items()}

    @cached
    def headings(self, programme: str, language: Language) -> dict[tuple[str, str], str]:
        """Return the title of each contract (with an empty column) and of each column that has one."""
        return tables.titles_by(self._table(Heading, programme), language, "contract", "column")

    @cached
    def variables(self, programme: str) -> pd.DataFrame:
        """Return what contracts declare of their columns: types, limits, codes, kinds of missing; no row is read.

        Of columns that cut the programme, readers of parts see the codes that have a label for them.
        """
        declared = self._table(Variable, programme)
        if not self.scope.parts:
            return declared
        return variables.within(declared, self.cuts(programme), self.labels(programme))

    # ---- results -----------------------------------------------------------------------------------------------------

    @cached
    def findings(self, programme: str | None = None) -> pd.DataFrame:
        """Return the findings; see :func:`impact.publish.findings_table` and the column ``suppressed``."""
        findings = tables.findings_table(self._warehouse, programme)
        typed = findings.astype({"evidence_level": "Int64"})
        protected = protect.protect_findings(typed, self.suppressions(programme))
        return self._without_missing(protected, programme)

    @cached
    def measures(self, programme: str) -> pd.DataFrame:
        """Return every value by arm, scope, group and wave."""
        measures = self._table(Measure, programme)
        protected = protect.protect_measures(measures, self.suppressions(programme))
        return self._without_missing(protected, programme)

    @cached
    def suppressions(self, programme: str | None = None) -> pd.DataFrame:
        """Return the cells that are hidden, and why."""
        return self._table(Suppression, programme)

    @cached
    def withheld(self, programme: str | None = None) -> pd.DataFrame:
        """Return what contracts withhold of the counts beside the tables."""
        return beside.withheld_table(self._warehouse, programme)

    def _without_missing(self, frame: pd.DataFrame, programme: str | None) -> pd.DataFrame:
        contracts: dict[tuple[str, str], str] = {}
        for name in frame["programme"].unique():
            of_programme = self.contracts(name)
            contracts |= {(name, indicator): contract for indicator, contract in of_programme.items()}
        return beside.protect_missing(frame, self.withheld(programme), contracts)

    @cached
    def diagnostics(self, programme: str) -> pd.DataFrame:
        """Return the checks of the effects."""
        diagnostics = self._table(Diagnostic, programme)
        return protect.protect_behind(diagnostics, self.findings(programme))

    @cached
    def terms(self, programme: str) -> pd.DataFrame:
        """Return the numbers behind the effects."""
        terms = self._table(Term, programme)
        return protect.protect_behind(terms, self.findings(programme))

    @cached
    def valuations(self, programme: str) -> pd.DataFrame:
        """Return the lines of value, in the order in which they are read."""
        valuations = self._table(Valuation, programme)
        return protect.protect_valuations(valuations, self.findings(programme))

    def trace(self, finding: str) -> Trace:
        """Return the path of one finding back to its rows.

        Raises
        ------
        UsageError
            If there is no such finding, or not for this reader.
        """
        trace = trace_finding(self._warehouse, finding)
        programme = trace.finding.programme
        protected = beside.protect_trace(trace, self.withheld(programme), rows=self.scope.opens("records"))
        protected = replace(
            protected,
            finding=_of(Finding, self.findings(programme), finding)[0],
            diagnostics=_of(Diagnostic, self.diagnostics(programme), finding),
            terms=_of(Term, self.terms(programme), finding),
            suppressed=self._suppressed(programme, finding),
        )
        if not protected.suppressed:
            return protected
        files = tuple(map(beside.without_rows, protected.files))
        return replace(protected, linkage=(), files=files)

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
        return definitions.indicator_sources(self._warehouse, programme, indicator)

    @cached
    def claims(self, programme: str) -> pd.DataFrame:
        """Return the totals the programme reported about itself beside those recomputed."""
        claims = self._table(Claim, programme)
        withheld = self.withheld(programme)
        return beside.protect_claims(claims, withheld, rows=self.scope.opens("records"))

    @cached
    def network(self, programme: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return bodies and ties of the networks."""
        bodies = self._table(NetworkBody, programme)
        ties = self._table(NetworkTie, programme)
        return bodies, ties

    @cached
    def map(self, programme: str) -> pd.DataFrame:
        """Return the cells of the maps of needs and supply."""
        return self._table(MapCell, programme)

    @cached
    def unmapped(self, programme: str) -> pd.DataFrame:
        """Return the categories that stand in rows and in no codelist."""
        categories = self._table(Unmapped, programme)
        return beside.protect_categories(categories, self.withheld(programme))

    # ---- the process -------------------------------------------------------------------------------------------------

    @cached
    def journeys(self, programme: str) -> pd.DataFrame:
        """Return where each project started, where it arrived and what comes next."""
        return self._table(Journey, programme)

    @cached
    def phases(self, programme: str) -> pd.DataFrame:
        """Return the phases with the dates planned and those that came."""
        return self._table(Phase, programme)

    @cached
    def deliveries(self, programme: str) -> pd.DataFrame:
        """Return the activities, planned beside delivered."""
        return self._table(Delivery, programme)

    # ---- rows and their quality --------------------------------------------------------------------------------------

    @cached
    def loads(self, programme: str) -> pd.DataFrame:
        """Return the ledger of loads."""
        files = self._table(Load, programme)
        return beside.protect_files(files, self.withheld(programme))

    @cached
    def validity(self, programme: str | None = None) -> pd.DataFrame:
        """Return what became of the rows of each file."""
        files = quality.validity_table(self._warehouse, programme)
        return beside.protect_files(files, self.withheld(programme))

    @cached
    def quality(self, programme: str) -> pd.DataFrame:
        """Return how often each column was answered, by wave."""
        answers = self._table(Quality, programme)
        return beside.protect_answers(answers, self.withheld(programme))

    @cached
    def response(self, programme: str) -> pd.DataFrame:
        """Return how many persons each wave has, and how many came back."""
        returned = self._table(Response, programme)
        return beside.protect_returned(returned, self.withheld(programme))

    def quarantine(self, programme: str) -> pd.DataFrame:
        """Return why rows were set aside, a row per reason; none for roles that may not see rows."""
        rows = self._table(Quarantine, programme)
        return self._opened(rows, "quarantine")

    def record_contracts(self, programme: str) -> pd.DataFrame:
        """Return the contracts whose rows this reader may see, with how many; see :meth:`records`."""
        contracts = records.record_contracts(self._warehouse, programme)
        return self._opened(contracts, "records")

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

    def whole_records(self, programme: str, contract: str, most: int) -> pd.DataFrame:
        """Return all good rows of a contract, beside each column the kinds in which its values are missing.

        Raises
        ------
        UsageError
            If there are no such records, or not for this reader, or more cells than ``most``.
        """
        self._records_open(programme, contract)
        return records.whole_records(self._warehouse, programme, contract, most)

    def record_columns(self, programme: str, contract: str) -> dict[str, str]:
        """Return the columns of :meth:`records` with their SQL types."""
        self._records_open(programme, contract)
        return records.record_columns(self._warehouse, programme, contract)

    def _opened(self, table: pd.DataFrame, rows: str) -> pd.DataFrame:
        """Return a table, or none of it to a role that may not read rows of this name."""
        return table if self.scope.opens(rows) else table.iloc[:0]

    def _records_open(self, programme: str, contract: str) -> None:
        if programme not in self.titles or not self.scope.opens("records"):
            raise UsageError(f"there are no records '{programme}/{contract}'")


def _of(record: type[Row], frame: pd.DataFrame, finding: str) -> tuple[Row, ...]:
    return tuple(to_records(record, frame[frame["finding"] == finding]))
