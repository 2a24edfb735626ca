"""The Python face of the engine, for notebooks: load a programme, run it, read its tables."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from impact.declare import Programme, load_programme
from impact.publish import (
    findings_table,
    read_table,
    trace_finding,
)
from impact.publish.export import export_programme
from impact.publish.official.data_set import Selection
from impact.publish.trace import Trace
from impact.run.flow import RunReport, run_programme
from impact.store import Warehouse
from impact.store.sentences import in_english
from impact.tables.files import Load, Quality, Quarantine, Response, Unmapped
from impact.tables.places import MapCell, NetworkBody, NetworkTie
from impact.tables.process import Claim, Journey
from impact.tables.results import Diagnostic, Measure, Term
from impact.tables.valuation import Valuation
from impact.words.languages import Language

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Result:
    """The results of a run; reads from the database it was run into.

    Parameters
    ----------
    report
        What the run did: sources loaded, indicators computed, rows set aside.
    warehouse
        The database, open; :meth:`close` closes it.
    """

    report: RunReport
    warehouse: Warehouse

    def findings(self) -> pd.DataFrame:
        """Return the findings, a row each; the columns are explained in ``docs/reference/finding.md``."""
        return in_english("finding", findings_table(self.warehouse, self.report.programme))

    def measures(self) -> pd.DataFrame:
        """Return every measured value by arm, scope, group and wave."""
        return in_english("measure", read_table(self.warehouse, Measure, self.report.programme))

    def diagnostics(self) -> pd.DataFrame:
        """Return the checks behind the effects."""
        return in_english("diagnostic", read_table(self.warehouse, Diagnostic, self.report.programme))

    def terms(self) -> pd.DataFrame:
        """Return the numbers behind the effects: event times, cohorts, weights, other specifications."""
        return in_english("term", read_table(self.warehouse, Term, self.report.programme))

    def valuations(self) -> pd.DataFrame:
        """Return the lines of value: dimensions of impact, pooled effects, costs, payments, in the order of reading."""
        return in_english("valuation", read_table(self.warehouse, Valuation, self.report.programme))

    def claims(self) -> pd.DataFrame:
        """Return the totals the programme reported about itself, each beside what records give."""
        return read_table(self.warehouse, Claim, self.report.programme)

    def journeys(self) -> pd.DataFrame:
        """Return where each project started, where it arrived and what comes next, as the documents say it."""
        return read_table(self.warehouse, Journey, self.report.programme)

    def quarantine(self) -> pd.DataFrame:
        """Return why rows were set aside, a row per reason."""
        return in_english("quarantine", read_table(self.warehouse, Quarantine, self.report.programme))

    def quality(self) -> pd.DataFrame:
        """Return how often each column was answered, by contract and wave, with the kinds of missing apart."""
        return read_table(self.warehouse, Quality, self.report.programme)

    def response(self) -> pd.DataFrame:
        """Return how many persons each wave has, and how many of the wave before came back."""
        return read_table(self.warehouse, Response, self.report.programme)

    def network_bodies(self) -> pd.DataFrame:
        """Return the bodies of the networks, by wave, each at one place of a drawing."""
        return read_table(self.warehouse, NetworkBody, self.report.programme)

    def network_ties(self) -> pd.DataFrame:
        """Return the ties of the networks, by wave."""
        return read_table(self.warehouse, NetworkTie, self.report.programme)

    def loads(self) -> pd.DataFrame:
        """Return the ledger of loads: file, hash, rows, when; those replaced included."""
        return read_table(self.warehouse, Load, self.report.programme)

    def map(self) -> pd.DataFrame:
        """Return the maps of needs and supply, a row per wave and cell."""
        return read_table(self.warehouse, MapCell, self.report.programme)

    def unmapped(self) -> pd.DataFrame:
        """Return the categories that stand in rows and in no codelist."""
        return read_table(self.warehouse, Unmapped, self.report.programme)

    def figure(self, finding: str, language: Language = "it") -> go.Figure:
        """Return the figure of a finding: baseline, promise, values with intervals, comparison; as readers see them.

        Raises
        ------
        UsageError
            If there is no such finding, or nothing of it can be drawn.
        """
        app = importlib.import_module("impact_dashboards.server.notebook")
        figure: go.Figure = app.finding_figure(self.warehouse, finding, language)
        return figure

    def _repr_html_(self) -> str:
        """Show what was found, as ``impact run`` prints it."""
        terminal = importlib.import_module("impact.cli.terminal.headlines")
        shown: str = terminal.found_html(findings_table(self.warehouse, self.report.programme))
        return shown

    def trace(self, finding: str) -> Trace:
        """Return the path of one finding back to definition, query, rows, files and run."""
        return trace_finding(self.warehouse, finding)

    def export(
        self,
        path: str | Path,
        *,
        format: str | None = None,
        tables: Sequence[str] = (),
        language: Language = "it",
        areas: Sequence[str] = (),
        periods: Sequence[str] = (),
        indicators: Sequence[str] = (),
        rows: bool = False,
        replace: bool = False,
    ) -> None:
        """Write what is published as files, without what readers are not shown.

        Parameters
        ----------
        path
            A new folder; a ZIP, where it ends with ``.zip``; one file, where it ends as the format does.
        format
            A name in :data:`impact.publish.export.FORMATS`, such as ``sdmx-csv``, or what installed packages add; by
            default as the path ends, CSV for a folder or ZIP.
        tables
            Their names, such as ``findings``; all by default.
        language
            Of sentences and meanings.
        areas, periods, indicators
            Codes of the observations that are wanted; all by default.
        rows
            Whether rows of contracts may be written, by formats that are made of them.
        replace
            Whether a file or ZIP that exists may be replaced.

        Raises
        ------
        UsageError
            If there is no such format, table or code, or the path is no place for it; nothing is written.
        ProblemsError
            If what is written does not hold together, with all that is wrong; nothing is written.
        """
        selection = Selection(tuple(areas), tuple(periods), tuple(indicators))
        export_programme(
            self.warehouse, self.report.programme, Path(path), form=format, names=tables, language=language,
            selection=selection, rows=rows, replace=replace,
        )  # fmt: skip

    def close(self) -> None:
        """Close the database."""
        self.warehouse.close()


def load(folder: str | Path) -> Programme:
    """Read the declarations of a programme folder.

    Raises
    ------
    UsageError
        If there is no such folder.
    DeclarationError
        With every problem of form.

    Examples
    --------
    >>> load("data/nsw").id
    'nsw'
    """
    return load_programme(folder)


def run(programme: Programme | str | Path, db: str | Path = ":memory:") -> Result:
    """Run a programme from its raw files to findings.

    Parameters
    ----------
    programme
        A loaded programme or its folder.
    db
        DuckDB file to keep the results in; by default they live in memory.

    Raises
    ------
    DeclarationError, FileError
        With every problem found; nothing is half-loaded.
    """
    loaded = programme if isinstance(programme, Programme) else load_programme(programme)
    warehouse = Warehouse(db)
    try:
        return Result(run_programme(loaded, warehouse), warehouse)
    except BaseException as error:
        warehouse.__exit__(type(error), error, error.__traceback__)
        raise
