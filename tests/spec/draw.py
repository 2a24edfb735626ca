"""Random tables: columns of cells, rows of persons, and rows of persons over waves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Column = Callable[[int], SearchStrategy[list[object]]]
"""From a number of rows to the cells of a column."""
GAPS = 6
"""Of so many cells or rows one is missing, more or less."""
SIZES = (1.0, 0.5, 0.1, 2.0**-20, 2.0**30)
"""What whole numbers are multiplied by: as they are, halves, tenths, very small, very large."""


def numbers(low: int = -20, high: int = 20, *, missing: bool = True, sizes: Sequence[float] = SIZES) -> Column:
    """Whole numbers of one size each, some missing; few enough that many are equal."""
    beyond = (high - low) // GAPS + 1 if missing else 0
    cells = st.integers(low, high + beyond).map(lambda number: None if number > high else number)
    return lambda rows: st.builds(_sized, st.lists(cells, min_size=rows, max_size=rows), st.sampled_from(sizes))


def _sized(cells: list[int | None], size: float) -> list[float | None]:
    return [None if cell is None else cell * size for cell in cells]


def codes(*values: str, missing: bool = True) -> Column:
    """Codes, some missing."""
    cells = st.sampled_from([*values * GAPS, *[None] * len(values)] if missing else values)
    return lambda rows: st.lists(cells, min_size=rows, max_size=rows)


def different(*, missing: bool = False) -> Column:
    """Whole numbers in any order, no two of them equal; some may be missing."""

    def cells(size: int) -> SearchStrategy[list[object]]:
        order = st.permutations(range(size))
        gone = st.lists(st.integers(0, GAPS if missing else 0), min_size=size, max_size=size)
        return st.builds(_with_gaps, order, gone)

    return cells


def _with_gaps(cells: list[object], gone: list[int]) -> list[object]:
    return [None if gap == GAPS else cell for cell, gap in zip(cells, gone, strict=True)]


def days(*, missing: bool = True) -> Column:
    """Days of some years, leap days among them."""
    cells = st.dates(date(2019, 12, 20), date(2020, 3, 10)).map(str)
    return lambda rows: st.builds(
        _with_gaps,
        st.lists(cells, min_size=rows, max_size=rows),
        st.lists(st.integers(0, GAPS if missing else 0), min_size=rows, max_size=rows),
    )


def rows(
    columns: Mapping[str, Column], *, least: int = 1, most: int = 12, label: str = "person"
) -> SearchStrategy[pd.DataFrame]:
    """Rows with a label each and cells of their own."""

    def frame(size: int) -> SearchStrategy[pd.DataFrame]:
        labels = {label: st.just([f"{label[0]}{number:02}" for number in range(size)])}
        cells = {name: column(size) for name, column in columns.items()}
        return st.fixed_dictionaries(labels | cells).map(typed)

    return st.integers(least, most).flatmap(frame)


def over_waves(
    waves: Sequence[str],
    *,
    fixed: Mapping[str, Column] | None = None,
    varying: Mapping[str, Column],
    least: int = 1,
    most: int = 8,
    lost: bool = True,
    label: str = "person",
) -> SearchStrategy[pd.DataFrame]:
    """Rows of persons by wave: ``fixed`` cells are of the person, ``varying`` of the row; some rows may be ``lost``."""

    def frame(persons: pd.DataFrame) -> SearchStrategy[pd.DataFrame]:
        grid = persons.merge(pd.DataFrame({"wave": waves}), how="cross")
        size = len(grid)
        present = st.lists(st.integers(int(not lost), GAPS).map(bool), min_size=size, max_size=size)
        cells = st.fixed_dictionaries({name: column(size) for name, column in varying.items()})
        drawn = st.tuples(cells, present.filter(any))
        return drawn.map(lambda pair: grid.join(typed(pair[0]))[pair[1]].reset_index(drop=True))

    return rows(fixed or {}, least=least, most=most, label=label).flatmap(frame)


def typed(cells: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """Return columns as a frame: numbers as floats, anything else as it is."""
    frame = pd.DataFrame(cells, dtype=object)
    texts = [name for name in frame if frame[name].map(lambda cell: isinstance(cell, str)).any()]
    return frame.astype({name: float for name in frame if name not in texts})
