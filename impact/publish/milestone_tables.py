"""What a reader sees of what was promised for a day; a base of :class:`impact.publish.published.ReaderTables`."""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any

import pandas as pd

from impact.publish import process, protect
from impact.publish.memory import cached
from impact.publish.scope import Scope
from impact.publish.tables import read_table
from impact.store import Warehouse
from impact.tables.milestones import Milestone, TargetSum


class MilestoneTables(ABC):
    """Promises by their day; who has findings and what is hidden completes it."""

    scope: Scope
    _memory: dict[Hashable, Any]
    _warehouse: Warehouse

    @abstractmethod
    def findings(self, programme: str | None = None) -> pd.DataFrame:
        """Return the findings, protected."""

    @abstractmethod
    def suppressions(self, programme: str | None = None) -> pd.DataFrame:
        """Return the cells that are hidden."""

    @cached
    def milestones(self, programme: str | None = None) -> pd.DataFrame:
        """Return every dated promise with the value that it is held against, protected."""
        milestones = read_table(self._warehouse, Milestone, programme)
        return protect.protect_milestones(milestones, self.suppressions(programme))

    @cached
    def target_sums(self, programme: str | None = None) -> pd.DataFrame:
        """Return what parts are promised together, beside the promise of the whole; readers of parts see none."""
        return read_table(self._warehouse, TargetSum, programme)

    @cached
    def due(self, today: datetime.date, programme: str | None = None) -> pd.DataFrame:
        """Return what was promised for a day, without the targets and milestones of what is suppressed.

        Readers of parts see no waves: whether a wave has data is known of the whole alone.
        """
        due = process.due_table(self._warehouse, programme, today=today)
        findings = self.findings(programme)
        hidden = findings.loc[findings["suppressed"] != "", "finding"]
        kinds = due["kind"]
        steps = self.milestones(programme)
        hidden_steps = steps.loc[steps["suppressed"] != "", "finding"]
        left_out = kinds.isin(["target", "milestone"]) & due["id"].isin(hidden)
        left_out |= (kinds == "milestone") & due["id"].isin(hidden_steps)
        if self.scope.parts:
            left_out |= kinds == "wave"
        return due[~left_out].reset_index(drop=True)
