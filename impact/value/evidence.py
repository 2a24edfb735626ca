"""What sections read: the declarations of a programme and its findings, as the run at hand has made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb

from impact.declare import Programme
from impact.declare.hierarchy import codes_within, column_codelist
from impact.sql import EVERY_COLUMN, Select, ident
from impact.states import Arm
from impact.store.sentences import decoded
from impact.tables.finding import Finding
from impact.tables.frames import Row, to_records
from impact.tables.part import Part
from impact.tables.results import Measure
from impact.tables.titles import Label
from impact.words.languages import Language


@dataclass(frozen=True)
class Evidence:
    """A programme with its findings.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with rows and findings in place.
    """

    programme: Programme
    connection: duckdb.DuckDBPyConnection

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """Every finding of the programme, in the order of their names."""
        return self._records(Finding, "finding")

    @cached_property
    def wholes(self) -> Mapping[str, Finding]:
        """The finding of the whole programme, by indicator."""
        return {finding.indicator: finding for finding in self.findings if Part.of(vars(finding)).is_whole}

    def parts(self, indicator: str, column: str) -> list[Finding]:
        """Return the findings of an indicator for the codes of a column, in the order of their names."""
        return [
            finding
            for finding in self.findings
            if finding.indicator == indicator and column in (finding.scope, finding.group)
        ]

    def codes_below(self, indicator: str, column: str, code: str) -> set[str]:
        """Return the codes that lie below one in the codelist of an indicator's column; none where it has no levels."""
        (declared,) = (one for one in self.programme.indicators if one.id == indicator)
        codelist = column_codelist(self.programme, declared.contract, column)
        return {*codes_within(codelist, code)} - {code}

    @cached_property
    def titles(self) -> Mapping[tuple[str, str], dict[Language, str]]:
        """What the codes of columns are called, by column and code."""
        labels = self._records(Label, "column", "code")
        return {(label.column, label.code): {"en": label.title_en, "it": label.title_it} for label in labels}

    def measured(self, indicator: str, wave: str) -> Measure | None:
        """Return the value of the whole programme at a wave, with its error: of the treated where there are arms."""
        arms = {row.arm: row for row in self._wholes_measured if (row.indicator, row.wave) == (indicator, wave)}
        return arms.get(Arm.TREATED, arms.get(Arm.ALL))

    def std_error(self, finding: Finding) -> float | None:
        """Return the standard error of the value of a finding of the whole; None where its method has none."""
        measured = self.measured(finding.indicator, finding.period) or self.measured(finding.indicator, "")
        return measured.std_error if measured else None

    @cached_property
    def _wholes_measured(self) -> Sequence[Measure]:
        measures = self._records(Measure, "indicator", "wave", "arm")
        return [measure for measure in measures if Part.of(vars(measure)).is_whole]

    def _records(self, record: type[Row], *order: str) -> list[Row]:
        """Return the rows of a table that are of the programme."""
        table = record.TABLE.name
        names = tuple(ident(name) for name in order)
        query = Select(EVERY_COLUMN, ident("impact", table), where=("programme = ?",), order=names)
        frame = self.connection.execute(query.sql(), [self.programme.id]).df()
        return to_records(record, decoded(table, frame))
