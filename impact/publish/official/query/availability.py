"""Which codes occur in what a query selects, or could be added to it and still find something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import duckdb

from impact.publish.official.data_set import DataSet
from impact.publish.official.query.data import ROWS, DataQuery, conditions
from impact.publish.official.query.parameters import shown
from impact.publish.official.query.refusal import unknown
from impact.publish.official.structure import Role
from impact.sql import Select, columns, ident

Mode = Literal["exact", "available"]


@dataclass(frozen=True)
class AvailabilityQuery:
    """What availability is asked of.

    Parameters
    ----------
    data
        The data query.
    components
        The dimensions whose codes are wanted; empty for all.
    mode
        ``exact`` for the codes that the data have, ``available`` for those that would find something beside the
        other choices.
    references
        Kinds of artefacts that come along.
    """

    data: DataQuery
    components: tuple[str, ...] = ()
    mode: Mode = "exact"
    references: tuple[str, ...] = ()


def codes_available(query: AvailabilityQuery, data_set: DataSet) -> Mapping[str, tuple[str, ...]]:
    """Return the codes of each dimension and the periods that are there; none at all where nothing is found.

    Dimensions that nobody asked for have no codes.

    Raises
    ------
    QueryError
        If the query names what the structure does not have.
    """
    names = [component.id for component in data_set.structure.of_role(Role.DIMENSION, Role.TIME)]
    wrong = next((name for name in query.components if name not in names), None)
    if wrong:
        raise unknown(f"there is no dimension '{shown(wrong)}'; there are {', '.join(names)}")
    with duckdb.connect() as connection:
        connection.register(ROWS, data_set.rows)
        return {
            name: _codes(connection, name, conditions(_asked(query, data_set, name), data_set))
            if not query.components or name in query.components
            else ()
            for name in names
        }


def _asked(query: AvailabilityQuery, data_set: DataSet, name: str) -> DataQuery:
    """Return the data query that tells the codes of a dimension: without what is chosen of it, to see what could be."""
    if query.mode == "exact":
        return query.data
    order = [component.id for component in data_set.structure.dimensions]
    place = order.index(name) if name in order else len(order)
    keys = tuple((*key[:place], (), *key[place + 1 :]) if place < len(key) else key for key in query.data.keys)
    filters = tuple(one for one in query.data.filters if one.component != name)
    return replace(query.data, keys=keys, filters=filters)


def _codes(connection: duckdb.DuckDBPyConnection, name: str, where: tuple[str, ...]) -> tuple[str, ...]:
    some = f"{ident(name)} IS NOT NULL"
    select = Select(columns([name]), ROWS, where=(*where, some), order=("1",), distinct=True)
    return tuple(code for (code,) in connection.execute(select.sql()).fetchall())
