"""The frameworks of a reader's programmes: what each answers to their checklists, and what all measure alike.

A part of :class:`impact.publish.published.ReaderTables`, as :mod:`impact.publish.official_tables` is.
"""

from __future__ import annotations

from abc import abstractmethod

import pandas as pd

from impact.publish.memory import cached
from impact.publish.official_tables import OfficialTables
from impact.publish.protect import protect_shared
from impact.publish.tables import read_table
from impact.tables.frameworks import Element, Framework, SharedIndicator


class FrameworkTables(OfficialTables):
    """The tables of frameworks of one reader; who has the others completes it."""

    @abstractmethod
    def suppressions(self, programme: str | None = None) -> pd.DataFrame:
        """Return the cells that are hidden."""

    @cached
    def frameworks(self, programme: str | None = None) -> pd.DataFrame:
        """Return the frameworks in use, a row for each programme that uses one."""
        return read_table(self._warehouse, Framework, programme)

    @cached
    def elements(self, programme: str | None = None) -> pd.DataFrame:
        """Return the elements of checklists, with what each programme has to say to them."""
        return read_table(self._warehouse, Element, programme)

    @cached
    def shared_indicators(self, programme: str | None = None) -> pd.DataFrame:
        """Return what is measured alike, with the sums behind each value that may be shown."""
        shared = read_table(self._warehouse, SharedIndicator, programme)
        return protect_shared(shared, self.suppressions(programme))
