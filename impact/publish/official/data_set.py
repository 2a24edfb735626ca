"""A data set: a structure, and observations that stand in its columns; what the official formats are written from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches

import duckdb
import pyarrow as pa

from impact.errors import UsageError
from impact.publish.official.structure import Structure
from impact.publish.official.structure import Text as Kind
from impact.publish.origin import Origin
from impact.sql import Select, columns, ident, literal

ARROW = {Kind.DOUBLE: pa.float64(), Kind.INTEGER: pa.int64()}
"""The types of components that are no text."""


@dataclass(frozen=True)
class DataSet:
    """Observations as one reader may see them.

    Parameters
    ----------
    structure
        What they are made of.
    rows
        A column for each of its components, in its order: text, but for the value (double) and counts (int64); null
        where an attribute or a value is missing. Sorted by key.
    origin
        Where it is from.
    """

    structure: Structure
    rows: pa.Table
    origin: Origin


@dataclass(frozen=True)
class Selection:
    """Which observations are wanted; of a dimension without codes, all.

    Parameters
    ----------
    areas, periods, indicators
        Codes of REF_AREA, TIME_PERIOD and INDICATOR.
    """

    areas: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()

    @property
    def codes(self) -> dict[str, tuple[str, ...]]:
        """The codes wanted, by dimension."""
        return {"REF_AREA": self.areas, "TIME_PERIOD": self.periods, "INDICATOR": self.indicators}


EVERY_OBSERVATION = Selection()


def arrow_schema(structure: Structure) -> pa.Schema:
    """Return the columns of a data set with their types."""
    return pa.schema(
        [pa.field(component.id, ARROW.get(component.text, pa.string())) for component in structure.components]
    )


def select(data_set: DataSet, selection: Selection) -> DataSet:
    """Return the observations that are wanted.

    Raises
    ------
    UsageError
        For a code that no observation has; it names those that are near.
    """
    conditions = []
    for dimension, wanted in selection.codes.items():
        if wanted:
            _refuse_unknown(data_set, dimension, wanted)
            codes = ", ".join(map(literal, wanted))
            conditions.append(f"{ident(dimension)} IN ({codes})")
    if not conditions:
        return data_set
    with duckdb.connect() as connection:
        connection.register("rows", data_set.rows)
        query = Select(columns(data_set.rows.column_names), "rows", where=tuple(conditions))
        rows = connection.sql(query.sql()).to_arrow_table()
    return replace(data_set, rows=rows.cast(data_set.rows.schema))


def _refuse_unknown(data_set: DataSet, dimension: str, wanted: tuple[str, ...]) -> None:
    there = sorted(filter(None, data_set.rows[dimension].unique().to_pylist()))
    for code in wanted:
        if code not in there:
            near = get_close_matches(code, there, n=5, cutoff=0.3) or there[:5]
            raise UsageError(
                f"no observation has {dimension} '{code}'; the nearest are {', '.join(near)}"
                if near
                else f"no observation has {dimension} '{code}': there are none at all"
            )
