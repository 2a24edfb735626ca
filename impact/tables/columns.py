"""What a table of the schema ``impact`` is: a frozen dataclass whose fields say type, meaning, unit and protection.

A field's annotation gives the SQL type, ``| None`` whether it may be null; :func:`col` says what else there is to know.
Read by :mod:`impact.tables.registry`, from which the database, disclosure control and the reference are made.
"""

from __future__ import annotations

import dataclasses
import datetime
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from impact.words.languages import Language
from impact.words.said import Said

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Small = Annotated[int, "INTEGER"]
"""A whole number that counts no rows: a place in an order, a level."""
Json = Annotated[str, "JSON"]
Sentence = Annotated[str | Said, "JSON", "sentence"]
"""What the engine says in words: stored as JSON, see :mod:`impact.store.sentences`."""
SentenceOrNothing = Annotated[Said | Literal[""], "JSON", "sentence"]
"""A sentence of the engine's alone, never a text of others; empty where there is nothing to say."""
SQL_TYPES: Mapping[type, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    datetime.datetime: "TIMESTAMP",
    datetime.date: "DATE",
}
METADATA = "impact"


class Holds(StrEnum):
    """What a column holds; its protection goes by it.

    Of contracts without a ``person`` nothing is hidden, whatever it holds.
    """

    DECLARED = "declared"
    """Said before any row was read, or about bodies, documents and runs: leaves as it is."""
    PROMISE = "promise"
    """Declared, or reckoned from a measured baseline: then it goes with its cell."""
    COUNT = "count"
    """Of persons or their rows: gone with its cell; beside the tables, where something of its contract is hidden."""
    STATISTIC = "statistic"
    """Of values of persons: gone with its cell."""
    VERDICT = "verdict"
    """A word that follows from statistics: says ``suppressed`` or nothing where its cell is hidden."""
    REMARK = "remark"
    """The engine's words, in which counts may stand: gone with its cell."""
    CODE = "code"
    """A part of the programme: which parts exist is not hidden."""
    LINE = "line"
    """Which row of which file: only for roles that may open rows, and not beside hidden cells."""
    ROW = "row"
    """What stands in a single row: only for roles that may open rows."""


class Missing(StrEnum):
    """What it means that a column is null, where its cell is not hidden."""

    NOT_STATED = "not_stated"
    """Whoever declared it, or wrote the document, does not say."""
    NOT_APPLICABLE = "not_applicable"
    """The row has no such thing: a first wave has none before it, a sample awaits no units."""
    UNKNOWN = "unknown"
    """The data do not give it: there is no value, no interval, no effect."""


class Unit(StrEnum):
    """What a number of a column counts or is measured in."""

    VALUE = "unit of the value"
    """That of the indicator or claim: the row's column ``unit``."""
    ROWS = "rows"
    PERSONS = "persons"
    UNITS = "units"
    CLUSTERS = "clusters"
    OBSERVATIONS = "observations"
    BODIES = "bodies"
    SERVICES = "services"
    ACTIVITIES = "activities"
    HOURS = "hours"
    BYTES = "bytes"
    PROBABILITY = "probability"
    RATIO = "ratio"


class Reach(StrEnum):
    """Which rows of a table a reader of parts sees; :mod:`impact.publish.scope` writes it as SQL."""

    EVERYBODY = "everybody"
    """What is declared and who ran it: the same for everybody in the programme."""
    CUT = "cut"
    """Those whose scope or group is in reach."""
    CODE = "code"
    """Those whose ``column`` and ``code`` are in reach."""
    FINDING = "finding"
    """Those of a finding in reach."""
    COLUMNS = "columns"
    """Those that name a code in reach in one of the table's own columns, by ``cuts``."""
    TEXT = "text"
    """Those that everybody in the programme may read, and titles of codes in reach; by ``of``."""
    LABEL = "label"
    """As ``CODE``, with what codes in reach are grouped by, and codelists that are trees."""
    TIE = "tie"
    """Those between bodies in reach."""
    ROW = "row"
    """Those about a row in reach."""
    FILE = "file"
    """Those about a file that holds rows in reach."""
    NOBODY = "nobody"
    """Counts over the whole."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    holds
        What its protection goes by.
    meaning
        One or two sentences in each language; what stands between backticks stands so in the data.
    unit
        What its numbers count or are measured in; None where it has none.
    missing
        What null means; None where it cannot be null.
    internal
        Whether it is left out of readers' frames: it gives an order, or serves the engine.
    key, default
        Whether it is the primary key; what stands where nothing is written, as SQL.
    name, sql
        As the database has it; from the field.
    states
        The values there can be, where the field's type lists them.
    sentence
        Whether it holds what the engine says in words.
    """

    holds: Holds
    meaning: Mapping[Language, str]
    unit: Unit | None = None
    missing: Missing | None = None
    internal: bool = False
    key: bool = False
    default: str | None = None
    name: str = ""
    sql: str = ""
    states: tuple[str, ...] = ()
    sentence: bool = False

    @property
    def nullable(self) -> bool:
        """Whether it may be null."""
        return self.missing is not None

    @property
    def is_list(self) -> bool:
        """Whether a value of it is a list."""
        return self.sql.endswith("[]")


@dataclass(frozen=True)
class Table:
    """A table of the schema ``impact``.

    Parameters
    ----------
    name
        What it is called in the schema ``impact``.
    record
        The dataclass of its rows.
    columns
        By name, in the order of the database.
    meaning
        What a row is, in each language.
    reach, cuts
        Which rows readers of parts see; for ``Reach.COLUMNS`` the table's column by the column that cuts programmes.
    sort
        Columns that readers' frames are ordered by.
    """

    name: str
    record: type[Record]
    columns: Mapping[str, Column]
    meaning: Mapping[Language, str]
    reach: Reach
    cuts: Mapping[str, str]
    sort: tuple[str, ...]

    def names(self, *holds: Holds) -> tuple[str, ...]:
        """Return the columns that hold something of these kinds, in their order; all of them without any."""
        return tuple(column.name for column in self.columns.values() if not holds or column.holds in holds)


def same(column: Column) -> Any:
    """Describe a field of a table as a column that others have too, of :mod:`impact.tables.shared`."""
    return dataclasses.field(metadata={METADATA: column})


def col(
    holds: Holds,
    en: str,
    it: str,
    unit: Unit | None = None,
    *,
    missing: Missing | None = None,
    internal: bool = False,
    key: bool = False,
    default: str | None = None,
) -> Any:
    """Describe a field of a table; for the parameters see :class:`Column`."""
    return same(Column(holds, {"en": en, "it": it}, unit, missing, internal, key, default))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(col, same))
class Record:
    """A row of a table; a class made from it is a frozen dataclass, and describes its table as ``TABLE``.

    Its docstring says what a row is, in English. For the other words of a class see :class:`Table`.

    Raises
    ------
    TypeError
        If a field has no description, or may be null and does not say what that means.
    """

    TABLE: ClassVar[Table]

    def __init_subclass__(
        cls, *, name: str, it: str, reach: Reach, sort: Sequence[str], cuts: Mapping[str, str] | None = None
    ) -> None:
        dataclass(frozen=True, kw_only=True)(cls)
        hints = get_type_hints(cls, include_extras=True)
        fields = dataclasses.fields(cast("type[DataclassInstance]", cls))
        columns = {field.name: _column(field, hints[field.name]) for field in fields}
        english = " ".join((cls.__doc__ or "").split())
        meaning: dict[Language, str] = {"en": english, "it": it}
        cls.TABLE = Table(name, cls, columns, meaning, reach, dict(cuts or {}), tuple(sort))


def _column(field: dataclasses.Field[Any], hint: Any) -> Column:
    """Complete what a field says of its column with its name and type."""
    described: Column | None = field.metadata.get(METADATA)
    if described is None:
        raise TypeError(f"the field '{field.name}' has no description: give it one with col(…)")
    options = _options(hint)
    nullable = type(None) in options
    if described.nullable != nullable:
        raise TypeError(f"the field '{field.name}' must say with missing=… what null means, if and only if it may be")
    (kind,) = (option for option in options if option is not type(None))
    sentence = get_origin(kind) is Annotated and "sentence" in get_args(kind)
    return dataclasses.replace(described, name=field.name, sql=_sql(kind), states=_states(kind), sentence=sentence)


def _options(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _states(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return tuple(kind)
    return ()


def _sql(kind: Any) -> str:
    """Return the SQL type of an annotation."""
    if get_origin(kind) is Annotated:
        return str(get_args(kind)[1])
    if get_origin(kind) is tuple:
        return f"{_sql(get_args(kind)[0])}[]"
    return SQL_TYPES[str if _states(kind) else kind]
