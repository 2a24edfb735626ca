"""A published cell with what stands behind it: rows, persons, and the sum of their values as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from impact.declare.indicators import Indicator
from impact.formulas.kind import Behind
from impact.formulas.registry import kind_of
from impact.measure.persons import Cell
from impact.tables.part import Part, parts_of

_NUMBERS = ("n", "rows", "persons", "total", "level")


@dataclass(frozen=True)
class Counted:
    """A published cell: a measured value, or what an effect was estimated from, with what stands behind it.

    Parameters
    ----------
    arm, part, wave
        Of which rows it is.
    n, rows, persons
        Rows with a value; with those that have none; how many different persons.
    total, level
        The sum of their values, and the one value that all have; NaN where there is none.
    """

    arm: str
    part: Part
    wave: str
    n: int
    rows: int
    persons: int
    total: float
    level: float

    @property
    def place(self) -> Cell:
        """Arm, wave, column and code."""
        return self.arm, self.wave, self.part.column, self.part.code

    @property
    def people(self) -> int:
        """How many persons are in its rows, those without a value too, as far as it is known."""
        once = self.persons in (0, self.n)
        return self.rows if once else self.persons


def counted_cells(indicator: Indicator, cells: pd.DataFrame) -> list[Counted]:
    """Return the cells of an indicator with what their values come to.

    Parameters
    ----------
    indicator
        As declared.
    cells
        A row per cell, with its arm, part and wave, ``n``, ``n_missing``, ``persons``, ``value`` and ``std_error``.
    """
    frame = _summed(indicator, cells)
    columns = (frame[name].tolist() for name in ("arm", "wave", *_NUMBERS))
    rows = zip(*columns, strict=True)
    return [Counted(arm, cut, wave, *numbers) for cut, (arm, wave, *numbers) in zip(parts_of(frame), rows, strict=True)]


def _summed(indicator: Indicator, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each cell, the sum of their values, and the one value that all have; NaN if there is none.

    The spread within cells is known where standard errors are published.
    """
    count, value, error = (cells[name].astype("float64") for name in ("n", "value", "std_error"))
    kind = kind_of(indicator.formula)
    if kind.behind is not Behind.SUMMED_ROWS:
        value = value * np.nan
    is_total = kind.summary.total
    spread_is_published = bool(error.notna().any())
    is_single = (count == 1) & spread_is_published
    alike = (error == 0) | is_single
    total = value if is_total else value * count
    total = total.where(count > 0, 0.0)
    level = value.where(alike & (not is_total))
    rows = cells["n"] + cells["n_missing"]
    return cells.assign(total=total, level=level, rows=rows)
