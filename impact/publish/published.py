"""The one door through which readers see what was published: within their scope, and protected.

Figures, pages, reports and exports take their tables from here and from nowhere else.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Hashable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import pandas as pd

from impact.errors import UsageError
from impact.judge.attainment import WORST_FIRST, together
from impact.judge.evidence import NO_EFFECT, REFUSED
from impact.measure.moments import COMPLETE
from impact.publish import beside, disclosure, labels, process, quality, records, tables, theory
from impact.publish.definitions import (
    contract_sources,
    definition_contracts,
    definition_kinds,
    definition_measures,
    indicator_sources,
    wave_days,
)
from impact.publish.reader_catalogue import narrow
from impact.publish.rows import json_rows, rows_of
from impact.publish.scope import EVERYTHING, Scope
from impact.publish.trace import EFFECTS, trace_finding
from impact.sql import ident
from impact.store import Warehouse
from impact.words.languages import Language

__all__ = [
    "COMPLETE",
    "EFFECTS",
    "NO_EFFECT",
    "REFUSED",
    "WORST_FIRST",
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

    @cached
    def column_types(self, table: str) -> dict[str, str]:
        """Return the SQL type of each column of one of the engine's tables."""
        described = self._warehouse.rows(f"DESCRIBE {ident('impact', table)}")
        return {name: kind for name, kind, *_ in described}

    # ---- programmes and their theories -------------------------------------------------------------------------------

    @property
    @cached
    def titles(self) -> dict[str, dict[str, Any]]:
        """The programmes in reach, in order, each with its row of :func:`impact.publish.programmes_table`."""
        rows = rows_of(theory.programmes_table(self._warehouse))
        return {str(row["programme"]): row for row in rows}

    @property
    def programmes(self) -> tuple[str, ...]:
        """The programmes in reach, in order."""
        return tuple(self.titles)

    @cached
    def nodes(self, programme: str) -> pd.DataFrame:
        """Return the steps of the theory of change."""
        return theory.nodes_table(self._warehouse, programme)

    @cached
    def links(self, programme: str) -> pd.DataFrame:
        """Return the causal claims between the steps."""
        return theory.links_table(self._warehouse, programme)

    @cached
    def waves(self, programme: str) -> pd.DataFrame:
        """Return the waves in order of time."""
        return theory.waves_table(self._warehouse, programme)

    @cached
    def stakeholders(self, programme: str) -> pd.DataFrame:
        """Return the bodies and groups with a part in the programme."""
        return theory.stakeholders_table(self._warehouse, programme)

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
        return labels.labels_table(self._warehouse, programme)

    @cached
    def memberships(self, programme: str | None = None) -> pd.DataFrame:
        """Return what codes belong to, such as the quadrant of a project."""
        return labels.memberships_table(self._warehouse, programme)

    @cached
    def cuts(self, programme: str | None = None) -> pd.DataFrame:
        """Return the titles of columns."""
        return labels.cuts_table(self._warehouse, programme)

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
        found = labels.headings_table(self._warehouse, programme)
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
        measures = tables.measure_table(self._warehouse, programme)
        shown = disclosure.protect_measures(measures, self.suppressions(programme))
        return beside.protect_missing(shown, self.withheld(programme), self._contracts_of(shown))

    @cached
    def suppressions(self, programme: str | None = None) -> pd.DataFrame:
        """Return the cells that are hidden, and why."""
        return disclosure.suppressions_table(self._warehouse, programme)

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
        return disclosure.protect_behind(tables.diagnostics_table(self._warehouse, programme), self.findings(programme))

    @cached
    def terms(self, programme: str) -> pd.DataFrame:
        """Return the numbers behind the effects."""
        return disclosure.protect_behind(tables.terms_table(self._warehouse, programme), self.findings(programme))

    def trace(self, finding: str) -> dict[str, Any]:
        """Return the path of one finding back to its rows.

        Raises
        ------
        UsageError
            If there is no such finding, or not for this reader.
        """
        found = trace_finding(self._warehouse, finding)
        programme = str(found["finding"]["programme"])
        told = beside.protect_trace(found, self.withheld(programme), rows=self.scope.opens("records"))
        behind = {"diagnostics": self.diagnostics(programme), "terms": self.terms(programme)}
        for name, frame in behind.items():
            told[name] = json_rows(
                frame[frame["finding"] == finding].drop(columns=["finding", "programme", "indicator"])
            )
        findings = self.findings(programme)
        (told["finding"],) = json_rows(findings[findings["finding"] == finding])
        if told["finding"]["suppressed"]:
            told |= {"linkage": [], "sources": [source | beside.NO_ROWS for source in told["sources"]]}
        return told

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
        found = tables.claims_table(self._warehouse, programme)
        return beside.protect_claims(found, self.withheld(programme), rows=self.scope.opens("records"))

    @cached
    def network(self, programme: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return bodies and ties of the networks."""
        bodies = tables.network_bodies_table(self._warehouse, programme)
        return bodies, tables.network_ties_table(self._warehouse, programme)

    @cached
    def map(self, programme: str) -> pd.DataFrame:
        """Return the cells of the maps of needs and supply."""
        return tables.map_table(self._warehouse, programme)

    @cached
    def unmapped(self, programme: str) -> pd.DataFrame:
        """Return the categories that stand in rows and in no codelist."""
        return beside.protect_categories(tables.unmapped_table(self._warehouse, programme), self.withheld(programme))

    # ---- the process -------------------------------------------------------------------------------------------------

    @cached
    def journeys(self, programme: str) -> pd.DataFrame:
        """Return where each project started, where it arrived and what comes next."""
        return tables.journeys_table(self._warehouse, programme)

    @cached
    def phases(self, programme: str) -> pd.DataFrame:
        """Return the phases with the dates planned and those that came."""
        return process.phases_table(self._warehouse, programme)

    @cached
    def deliveries(self, programme: str) -> pd.DataFrame:
        """Return the activities, planned beside delivered."""
        return process.deliveries_table(self._warehouse, programme)

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
        return beside.protect_files(tables.loads_table(self._warehouse, programme), self.withheld(programme))

    @cached
    def validity(self, programme: str | None = None) -> pd.DataFrame:
        """Return what became of the rows of each file."""
        return beside.protect_files(quality.validity_table(self._warehouse, programme), self.withheld(programme))

    @cached
    def quality(self, programme: str) -> pd.DataFrame:
        """Return how often each column was answered, by wave."""
        return beside.protect_answers(quality.quality_table(self._warehouse, programme), self.withheld(programme))

    @cached
    def response(self, programme: str) -> pd.DataFrame:
        """Return how many persons each wave has, and how many came back."""
        return beside.protect_returned(quality.response_table(self._warehouse, programme), self.withheld(programme))

    def quarantine(self, programme: str) -> pd.DataFrame:
        """Return why rows were set aside, a row per reason; none for roles that may not see rows."""
        table = tables.quarantine_table(self._warehouse, programme)
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
