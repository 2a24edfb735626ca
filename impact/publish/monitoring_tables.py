"""What coordinators look at week by week: values by period, and reports as of a day.

The part of :class:`impact.publish.published.ReaderTables` that follows what happens between two evaluations.
"""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any

import pandas as pd

from impact.publish import beside, protect
from impact.publish.memory import cached
from impact.publish.report_counts import completeness, report_states
from impact.publish.tables import read_table
from impact.store import Warehouse
from impact.tables.charts import ChartPoint
from impact.tables.monitoring import HeirValue, PeriodValue, Report, ReportingUnit


class MonitoringTables(ABC):
    """The tables of one reader that are followed over time; who has the others completes it."""

    _memory: dict[Hashable, Any]
    _warehouse: Warehouse

    @abstractmethod
    def suppressions(self, programme: str | None = None) -> pd.DataFrame:
        """Return the cells that are hidden, and why."""

    @abstractmethod
    def withheld(self, programme: str | None = None) -> pd.DataFrame:
        """Return what contracts withhold of the counts beside the tables."""

    @abstractmethod
    def contracts(self, programme: str) -> dict[str, str]:
        """Return the contract of each indicator."""

    @cached
    def period_values(self, programme: str) -> pd.DataFrame:
        """Return every value by period, each unit under its own code, without the numbers of those that are hidden."""
        values = read_table(self._warehouse, PeriodValue, programme)
        shown = protect.protect_periods(values, self.suppressions(programme), PeriodValue.TABLE)
        return beside.protect_missing_by_period(shown, self.withheld(programme), self.contracts(programme))

    @cached
    def chart_points(self, programme: str) -> pd.DataFrame:
        """Return the points of control charts, without those that are hidden."""
        points = read_table(self._warehouse, ChartPoint, programme)
        shown = protect.protect_periods(points, self.suppressions(programme), ChartPoint.TABLE)
        return shown[shown["suppressed"] == ""].reset_index(drop=True)

    @cached
    def heir_values(self, programme: str) -> pd.DataFrame:
        """Return values by period of units as they are today, with the past of those whose place they have taken.

        Of contracts whose roster says who takes over, and indicators that are cut by unit.
        """
        values = read_table(self._warehouse, HeirValue, programme)
        shown = protect.protect_heirs(values, self.suppressions(programme))
        return beside.protect_missing_by_period(shown, self.withheld(programme), self.contracts(programme))

    @cached
    def reporting_units(self, programme: str) -> pd.DataFrame:
        """Return the units that owe reports, and what became of them."""
        return read_table(self._warehouse, ReportingUnit, programme)

    @cached
    def reports(self, today: datetime.date, programme: str | None = None) -> pd.DataFrame:
        """Return what became of each report; see :func:`impact.publish.report_states`."""
        return report_states(read_table(self._warehouse, Report, programme), today)

    @cached
    def completeness(self, today: datetime.date, programme: str | None = None) -> pd.DataFrame:
        """Return how complete reports of the units in reach are by period; see :mod:`impact.publish.report_counts`."""
        return completeness(read_table(self._warehouse, Report, programme), today)
