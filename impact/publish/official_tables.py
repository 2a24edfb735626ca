"""What a reader's tables come to in official statistics: structure, mapping, observations, rights.

The half of :class:`impact.publish.published.ReaderTables` that :mod:`impact.publish.official` makes of the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any

import pandas as pd
import pyarrow as pa

from impact.publish import definitions
from impact.publish.memory import cached
from impact.publish.official import editions
from impact.publish.official.mapping import OfficialMapping
from impact.publish.official.observations import observations, part_keys
from impact.publish.official.structure import Structure
from impact.publish.scope import Scope
from impact.store import Warehouse


class OfficialTables(ABC):
    """The tables of official statistics of one reader; who has the others completes it."""

    scope: Scope
    _memory: dict[Hashable, Any]
    _warehouse: Warehouse

    @abstractmethod
    def findings(self, programme: str | None = None) -> pd.DataFrame:
        """Return the findings, protected."""

    @abstractmethod
    def measures(self, programme: str) -> pd.DataFrame:
        """Return the measured values, protected."""

    @abstractmethod
    def loads(self, programme: str) -> pd.DataFrame:
        """Return the files in force."""

    @cached
    def structures(self, programme: str) -> tuple[Structure, ...]:
        """Return the editions of the data structure, the one in force last; of parts out of reach there is no code."""
        if not self.scope.parts:
            return self._editions(programme)
        rows = self.observations(programme)
        return tuple(editions.within(structure, rows) for structure in self._editions(programme))

    @cached
    def _editions(self, programme: str) -> tuple[Structure, ...]:
        return editions.read_editions(self._warehouse, programme)

    @cached
    def mapping(self, programme: str) -> OfficialMapping:
        """Return how parts in reach, waves and units are called in the data structure.

        Raises
        ------
        ProblemsError
            If ``export.yaml`` leaves codes without an official one, with all of them.
        """
        if not self.scope.parts:
            return editions.read_mapping_of(self._warehouse, programme)
        keys = {*part_keys(self.measures(programme)), *part_keys(self.findings(programme))}
        return editions.read_mapping_of(self._warehouse, programme, keys)

    @cached
    def observations(self, programme: str) -> pa.Table:
        """Return the observations in the columns of the data structure; see :mod:`impact.publish.official`."""
        structure, mapping = self._editions(programme)[-1], self.mapping(programme)
        return observations(structure, mapping, self.measures(programme), self.findings(programme))

    @cached
    def rights(self, programme: str) -> tuple[str, str]:
        """Return the publisher and the licence, as ``export.yaml`` states them; empty where it does not."""
        return editions.read_rights(self._warehouse, programme)

    @cached
    def cited(self, programme: str) -> tuple[tuple[str, str], ...]:
        """Return title and address of what the files in force are from."""
        return definitions.cited_sources(self.loads(programme))
