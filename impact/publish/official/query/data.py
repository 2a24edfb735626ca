"""Data queries: a frozen value of what is wanted, and what it selects of a data set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from impact.publish.official.data_set import DataSet
from impact.publish.official.query.artefacts import Wanted
from impact.publish.official.query.conditions import filter_conditions, key_condition
from impact.publish.official.query.filters import Filter
from impact.publish.official.query.keys import Key, check_keys
from impact.publish.official.query.parameters import shown
from impact.publish.official.query.periods import days_of
from impact.publish.official.query.refusal import unknown
from impact.publish.official.structure import Attached, Component, Role, Structure
from impact.sql import Select, columns, ident, literal

ALL_DIMENSIONS = "AllDimensions"
ROWS = "rows"
"""What queries call the rows of the data set."""
ORDER, FIRST, LAST = "_order", "_first", "_last"


@dataclass(frozen=True)
class Sorting:
    """A component that rows are sorted by; ``*`` for all dimensions, ``series_key`` for those without time."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class DataQuery:
    """What of which data flow is wanted.

    Parameters
    ----------
    flows
        Which data flows.
    keys
        Alternatives.
    whole_keys
        Whether a key has to name every dimension, as in REST 1.5.
    filters
        All of which hold.
    first, last
        How many observations of each series, from its first and from its last.
    offset, limit
        How many rows are left out, and the most that are returned.
    sort
        In this order; in that of the keys by default.
    attributes, measures
        Ids, or the words of the interface; see :func:`kept_components`.
    at_observation
        The dimension at the observation; empty for the default.
    """

    flows: Wanted
    keys: tuple[Key, ...] = ((),)
    whole_keys: bool = False
    filters: tuple[Filter, ...] = ()
    first: int | None = None
    last: int | None = None
    offset: int = 0
    limit: int | None = None
    sort: tuple[Sorting, ...] = ()
    attributes: tuple[str, ...] = ("dsd",)
    measures: tuple[str, ...] = ("all",)
    at_observation: str = ""

    @property
    def takes_every_row(self) -> bool:
        """Whether rows are taken as they stand, once keys and filters are met."""
        return (self.first, self.last, self.offset, self.limit, self.sort) == (None, None, 0, None, ())


def select_data(query: DataQuery, data_set: DataSet) -> DataSet:
    """Return what a query selects of a data set: fewer rows, and of attributes and measures those that are wanted.

    Raises
    ------
    QueryError
        If it names what the structure does not have.
    """
    structure = kept_components(query, data_set.structure)
    _check_at_observation(query, data_set.structure)
    where = conditions(query, data_set)
    if not where and structure is data_set.structure and query.takes_every_row:
        return data_set
    names = [component.id for component in structure.components]
    with duckdb.connect() as connection:
        connection.register(ROWS, data_set.rows)
        rows = connection.sql(_query(query, data_set, names, where).sql()).to_arrow_table()
    schema = pa.schema([data_set.rows.schema.field(name) for name in names])
    return replace(data_set, structure=structure, rows=rows.select(names).cast(schema))


def conditions(query: DataQuery, data_set: DataSet) -> tuple[str, ...]:
    """Return the conditions that keys and filters of a query set.

    Raises
    ------
    QueryError
        If they name what the structure does not have.
    """
    structure, rows = data_set.structure, data_set.rows
    check_keys(query.keys, tuple(component.id for component in structure.dimensions), whole=query.whole_keys)

    def distinct(name: str) -> Iterable[str]:
        return (value for value in rows[name].unique().to_pylist() if value)

    keys = () if () in query.keys else (key_condition(query.keys, structure),)
    return (*keys, *filter_conditions(query.filters, structure, distinct))


# ---- rows ------------------------------------------------------------------------------------------------------------


def _query(query: DataQuery, data_set: DataSet, names: list[str], where: tuple[str, ...]) -> Select:
    """Return the rows that are wanted: those that meet the conditions, of each series so many, a stretch of them."""
    numbered = Select({"*": "*", ORDER: "row_number() OVER ()"}, ROWS)
    met = Select({"*": "*"}, numbered, where=where)
    if query.first is not None or query.last is not None:
        met = _of_each_series(query, data_set, met)
    order = (*_sorting(query, data_set), ORDER)
    offset = literal(query.offset)
    place = {ORDER: f"row_number() OVER (ORDER BY {', '.join(order)})"}
    listed = Select({**columns(names), **place}, met)
    cut = Select(
        {**columns(names), ORDER: ORDER}, listed, where=(f"{ORDER} > {offset}",), order=(ORDER,), limit=query.limit
    )
    return Select(columns(names), cut, order=(ORDER,))


def _of_each_series(query: DataQuery, data_set: DataSet, met: Select) -> Select:
    """Return the first and the last observations of each series, by the days of their periods."""
    series = ", ".join(ident(component.id) for component in data_set.structure.dimensions)
    rank = _by_time(data_set)
    window = "row_number() OVER (PARTITION BY {} ORDER BY {} {})"
    places = {FIRST: window.format(series, rank, "ASC"), LAST: window.format(series, rank, "DESC")}
    wanted = {FIRST: query.first, LAST: query.last}
    near = " OR ".join(f"{name} <= {literal(count)}" for name, count in wanted.items() if count is not None)
    return Select({"*": "*"}, Select({"*": "*", **places}, met), where=(near,))


def _by_time(data_set: DataSet) -> str:
    """Write the place of a period in time: by its last day, then the shorter one first."""
    (time,) = data_set.structure.of_role(Role.TIME)
    periods = data_set.rows[time.id].unique().to_pylist()
    ordered = sorted(periods, key=lambda period: (days_of(period)[1], -days_of(period)[0].toordinal()))
    return f"list_position([{', '.join(map(literal, ordered))}], {ident(time.id)})" if ordered else "1"


def _sorting(query: DataQuery, data_set: DataSet) -> Iterable[str]:
    structure = data_set.structure
    dimensions = [component.id for component in structure.dimensions]
    time = [component.id for component in structure.of_role(Role.TIME)]
    groups = {"*": [*dimensions, *time], "series_key": dimensions}
    known = {component.id for component in structure.components}
    for wanted in query.sort:
        names = groups.get(wanted.name, [wanted.name])
        if not known.issuperset(names):
            raise unknown(f"there is no component '{shown(wanted.name)}' to sort by")
        direction = "DESC" if wanted.descending else "ASC"
        for name in names:
            yield f"{_by_time(data_set) if name in time else ident(name)} {direction} NULLS LAST"


# ---- columns ---------------------------------------------------------------------------------------------------------


def kept_components(query: DataQuery, structure: Structure) -> Structure:
    """Return a structure with the attributes and measures alone that are wanted.

    Attributes are chosen by id, or as ``dsd`` and ``all`` (all of them: there are none of a metadata structure),
    ``dataset`` and ``msd`` (there are none), ``series`` (said of an indicator), ``obs`` or ``none``; measures by id, or
    as ``all`` or ``none``.

    Raises
    ------
    QueryError
        For an id that the structure does not have.
    """
    attributes = _named(query.attributes, structure.attributes, _ATTRIBUTES, "attribute")
    measures = _named(query.measures, structure.of_role(Role.MEASURE), _MEASURES, "measure")
    kept = attributes | measures | {c.id for c in structure.of_role(Role.DIMENSION, Role.TIME)}
    if len(kept) == len(structure.components):
        return structure
    return replace(structure, components=tuple(c for c in structure.components if c.id in kept))


_ATTRIBUTES = {
    "dsd": (Attached.INDICATOR, Attached.OBSERVATION),
    "all": (Attached.INDICATOR, Attached.OBSERVATION),
    "series": (Attached.INDICATOR,),
    "obs": (Attached.OBSERVATION,),
    "dataset": (),
    "msd": (),
    "none": (),
}
_MEASURES = {"all": (Attached.OBSERVATION,), "none": ()}


def _named(
    wanted: tuple[str, ...], there: tuple[Component, ...], words: dict[str, tuple[Attached, ...]], what: str
) -> set[str]:
    kept: set[str] = set()
    for name in wanted:
        found = {c.id for c in there if (c.attached in words[name] if name in words else c.id == name)}
        if not found and name not in words:
            raise unknown(f"there is no {what} '{shown(name)}'; there are {', '.join(c.id for c in there)}")
        kept |= found
    return kept


def _check_at_observation(query: DataQuery, structure: Structure) -> None:
    names = [component.id for component in structure.of_role(Role.DIMENSION, Role.TIME)]
    if query.at_observation and query.at_observation not in (ALL_DIMENSIONS, *names):
        raise unknown(
            f"there is no dimension '{shown(query.at_observation)}'; there are {', '.join(names)} and {ALL_DIMENSIONS}"
        )
