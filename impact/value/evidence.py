"""What sections read: the declarations of a programme and its findings, as the run at hand has made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb

from impact.declare import Programme
from impact.sql import EVERY_COLUMN, Select, columns, ident
from impact.states import Arm
from impact.store.sentences import decoded
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.tables.part import WHOLE_GROUP, WHOLE_SCOPE, Part
from impact.tables.results import Measure


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
        table = Finding.TABLE.name
        query = Select(EVERY_COLUMN, ident("impact", table), where=("programme = ?",), order=("finding",))
        frame = self.connection.execute(query.sql(), [self.programme.id]).df()
        return to_records(Finding, decoded(table, frame))

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

    def std_error(self, finding: Finding) -> float | None:
        """Return the standard error of the value of a finding of the whole; None where its method has none."""
        conditions = ("programme = ?", "indicator = ?", "arm <> ?", "wave IN (?, '')")
        whole = ("scope = ?", f"{ident('group')} = ?")
        query = Select(columns(["std_error"]), ident("impact", Measure.TABLE.name), where=(*conditions, *whole))
        keys = [self.programme.id, finding.indicator, Arm.COMPARISON, finding.period, WHOLE_SCOPE, WHOLE_GROUP]
        errors = {error for (error,) in self.connection.execute(query.sql(), keys).fetchall()}
        return errors.pop() if len(errors) == 1 else None
