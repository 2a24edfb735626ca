"""Which cells make up each domain: those of one arm, one wave, and one code of a column or all that is below it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from impact.declare.contracts import Codelist
from impact.declare.hierarchy import branches
from impact.declare.indicators import Indicator
from impact.measure.formula import arm_sql
from impact.measure.measurement import Domain
from impact.states import Arm
from impact.statistics.core import Floats, Ints
from impact.statistics.surveys.strata import Bools
from impact.tables.part import MISSING_GROUP, Part


@dataclass(frozen=True)
class Domains:
    """The cells of each domain, by their place in a frame; a cell may belong to several domains.

    Parameters
    ----------
    names
        The D domains.
    cells
        Shape (G,): the cells of the first domain, of the second, and so on.
    starts
        Shape (D,): where each domain begins in ``cells``; none is empty.

    Examples
    --------
    >>> whole = Domain(Arm.ALL, Part(), "2020")
    >>> domains = Domains((whole, whole), np.array([0, 1, 2]), np.array([0, 2]))
    >>> domains.add(np.array([0.1, 0.2, 0.3])).round(2).tolist()
    [0.3, 0.3]
    """

    names: tuple[Domain, ...]
    cells: Ints
    starts: Ints

    def __iter__(self) -> Iterator[tuple[Domain, Ints]]:
        """Yield each domain with its cells."""
        for name, start, end in zip(self.names, self.starts, self._ends, strict=True):
            yield name, self.cells[start:end]

    @property
    def _ends(self) -> Ints:
        """Shape (D,): where each domain ends in ``cells``."""
        return np.append(self.starts[1:], len(self.cells))[: len(self.names)]

    @cached_property
    def number(self) -> Ints:
        """Shape (G,): the number of the domain that each of ``cells`` is listed for."""
        return np.repeat(np.arange(len(self.names)), self._ends - self.starts)

    def add(self, values: Floats) -> Floats:
        """Add up what cells have, shape (D,)."""
        return np.add.reduceat(values[self.cells], self.starts)

    def add_exactly(self, values: Floats) -> Floats:
        """Add up without rounding, so that the order of cells is nothing; shape (D,)."""
        if not np.isfinite(values).all():
            return self.add(values)
        listed = values[self.cells].tolist()
        ranges = zip(self.starts.tolist(), self._ends.tolist(), strict=True)
        return np.array([math.fsum(listed[start:end]) for start, end in ranges])

    def least(self, values: Floats) -> Floats:
        """Return the least of the cells, NaN where one is; shape (D,)."""
        return np.minimum.reduceat(values[self.cells], self.starts)

    def most(self, values: Floats) -> Floats:
        """Return the greatest of the cells, NaN where one is; shape (D,)."""
        return np.maximum.reduceat(values[self.cells], self.starts)

    def split(self, most: int) -> Iterator[tuple[Domains, slice]]:
        """Yield the domains in portions of so many, with their numbers here."""
        for first in range(0, len(self.names), most):
            numbers = slice(first, min(first + most, len(self.names)))
            begin, end = self.starts[first], self._ends[numbers.stop - 1]
            yield Domains(self.names[numbers], self.cells[begin:end], self.starts[numbers] - begin), numbers

    def of(self, numbers: Sequence[int]) -> Domains:
        """Return some of the domains, or the same ones many times."""
        ends = self._ends
        cells = [self.cells[self.starts[number] : ends[number]] for number in numbers]
        starts = np.cumsum([0, *map(len, cells)])[:-1]
        names = tuple(self.names[number] for number in numbers)
        return Domains(names, np.concatenate([np.zeros(0, dtype=np.int64), *cells]), starts)

    def within(self, inside: Bools) -> tuple[Domains, Ints]:
        """Return the domains that have cells among those inside, which are counted anew; and their numbers here."""
        place = np.cumsum(inside) - 1
        kept = inside[self.cells]
        cells, of_domain = place[self.cells[kept]], self.number[kept]
        numbers, starts = np.unique(of_domain, return_index=True)
        return Domains(tuple(self.names[number] for number in numbers), cells, starts), numbers


def part_domains(
    indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist], cuts: Sequence[Part]
) -> Domains:
    """Return the domains of an indicator in a frame of cells, by arm, cut, wave and code.

    Parameters
    ----------
    indicator
        Says which arms are measured apart.
    frame
        A row per cell, with ``_wave`` and the columns of arms and cuts.
    lists
        The codelists of the columns that cut it; in a hierarchy a code also has the cells of all codes below it.
    cuts
        The columns to cut by, each as a part without a code; the whole among them.
    """
    names, cells = list[Domain](), list[Ints]()
    for arm, in_arm in _arms(indicator, frame):
        for cut in cuts:
            for domain, members in _of_cut(arm, cut, frame, in_arm, lists.get(cut.column)):
                names.append(domain)
                cells.append(members)
    lengths = [0, *map(len, cells)]
    starts = np.cumsum(lengths)[:-1]
    return Domains(tuple(names), np.concatenate([np.zeros(0, dtype=np.int64), *cells]), starts)


def _arms(indicator: Indicator, frame: pd.DataFrame) -> Iterator[tuple[Arm, Bools]]:
    """Yield the arms to measure apart: what was promised to participants is judged on participants."""
    column = arm_sql(indicator.ex_post.design)
    if column is None:
        yield Arm.ALL, np.ones(len(frame), dtype=bool)
        return
    arms = frame[column].to_numpy(dtype=object)
    for arm in (Arm.TREATED, Arm.COMPARISON):
        yield arm, arms == arm


def _of_cut(
    arm: Arm, cut: Part, frame: pd.DataFrame, inside: Bools, codelist: Codelist | None
) -> Iterator[tuple[Domain, Ints]]:
    """Yield the domains of a column with their cells, wave by wave; rows without a wave belong to none."""
    (rows,) = np.nonzero(inside & frame["_wave"].notna().to_numpy())
    if not len(rows):
        return
    codes = pd.Series("", frame.index) if cut.is_whole else frame[cut.column].fillna(MISSING_GROUP)
    labels, uniques = pd.factorize(codes.to_numpy(dtype=object)[rows])
    waves, wave_names = pd.factorize(frame["_wave"].to_numpy(dtype=object)[rows])
    by_place = _grouped(rows, waves * len(uniques) + labels)
    for number, wave in enumerate(wave_names):
        places = {label: by_place.get(number * len(uniques) + place) for place, label in enumerate(uniques)}
        present = {label: cells for label, cells in places.items() if cells is not None}
        for branch in branches(codelist, present):
            members = [present[label] for label in branch.members]
            yield Domain(arm, replace(cut, code=branch.code), wave), np.concatenate(members)


def _grouped(rows: Ints, keys: Ints) -> dict[int, Ints]:
    """Return the rows of each key."""
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    return dict(zip(found.tolist(), np.split(rows[order], starts[1:]), strict=True))
