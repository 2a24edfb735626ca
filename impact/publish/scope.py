"""Who may see what: the roles with the rows they may read, and the rows of each table that are somebody's.

A scope names programmes and, within them, parts: projects, territories. :mod:`impact.publish.reader_catalogue` turns it
into the only tables that a reader's queries find.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, get_args

from impact.publish.inventory import columns_of
from impact.sql import Select, columns, ident, relation
from impact.store.opening import CATALOG
from impact.tables.columns import Holds, Reach
from impact.tables.places import NetworkBody
from impact.tables.registry import TABLES

Role = Literal["evaluator", "investor", "coordinator", "statistics_office"]

EVERY_ROLE: frozenset[Role] = frozenset(get_args(Role))
ROWS = frozenset(("records", "quarantine"))
"""What holds rows, which may be about persons."""
ROLES: Mapping[Role, frozenset[str]] = {
    "evaluator": ROWS,
    "coordinator": ROWS,
    "investor": frozenset(),
    "statistics_office": frozenset(),
}
"""Which rows each role may read; what stands here under no role, nobody may. Which pages, each page says itself."""


@dataclass(frozen=True)
class Scope:
    """What one reader may see.

    Parameters
    ----------
    programmes
        Their names; None is all.
    parts
        Codes by column, such as ``{"project_id": {"draios"}}``: the reader sees what belongs to one of them or to a
        code below it, and neither the whole nor other parts. Several columns are a union. Without any column it is
        everything; a column without codes is refused, as it can mean both everything and nothing.
    role
        One of :data:`ROLES`.

    Raises
    ------
    ValueError
        For an unknown role, or a column of parts without codes.
    """

    programmes: frozenset[str] | None
    parts: Mapping[str, frozenset[str]]
    role: Role

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            roles = ", ".join(get_args(Role))
            raise ValueError(f"'{self.role}' is no role; the roles are {roles}")
        bare = sorted(column for column, codes in self.parts.items() if not codes)
        if bare:
            raise ValueError(f"no codes of '{bare[0]}' are named: name those that the reader may see, or no column")
        frozen = {column: frozenset(codes) for column, codes in sorted(self.parts.items())}
        object.__setattr__(self, "parts", MappingProxyType(frozen))

    @property
    def key(self) -> tuple[Any, ...]:
        """Every field in an order of its own: what is made for a scope is kept under this, and under nothing less."""
        return tuple(_ordered(getattr(self, field.name)) for field in fields(self))

    def __hash__(self) -> int:
        return hash(self.key)

    def opens(self, rows: str) -> bool:
        """Tell whether the role may read rows, one of :data:`ROWS`."""
        return rows in ROLES[self.role]


def _ordered(value: Any) -> Any:
    """Return a value as tuples in an order that is the same in every process."""
    if isinstance(value, Mapping):
        return tuple((name, _ordered(value[name])) for name in sorted(value))
    if isinstance(value, frozenset):
        return tuple(sorted(value))
    return value


EVERYTHING = Scope(None, {}, "evaluator")
"""Of whoever holds the database itself: the command line, the Python face, the app on the own machine."""
OUTSIDE = Scope(None, {}, "statistics_office")
"""Of whoever is given files: all that is published, and no rows."""


def _within(cuts: Mapping[str, str]) -> str:
    """Write that a row belongs to a part in reach: a column of the table for each column that may cut programmes."""
    return " OR ".join(f"(programme, '{cut}', {column}) IN (FROM reach)" for cut, column in cuts.items())


def _rows_of(table: str, names: Iterable[str], where: str) -> str:
    return relation(Select(columns(names), ident(CATALOG, "impact", table), where=(where,)))


EVERY, NONE = "TRUE", "FALSE"
CUT = '(programme, scope, scope_value) IN (FROM reach) OR (programme, "group", group_value) IN (FROM reach)'
OWN = '(programme, "column", code) IN (FROM reach)'
_LISTED = _within(NetworkBody.TABLE.cuts)
_BODIES = _rows_of("network_body", ("programme", "network", "wave", "body"), _LISTED)
_GROUPS = _rows_of("membership", ("programme", "by", "of"), OWN)
_CODED = f'{OWN} OR (programme, "column", code) IN {_GROUPS}'
ROWS_IN_REACH: Mapping[Reach, str] = {
    Reach.EVERYBODY: EVERY,
    Reach.CUT: CUT,
    Reach.CODE: OWN,
    Reach.FINDING: f"finding IN {_rows_of('finding', ['finding'], CUT)}",
    # a declared tree is no result
    Reach.LABEL: f"{_CODED} OR level IS NOT NULL",
    Reach.TEXT: f"of = 'programme' OR (of = 'code' AND ({_CODED}))",
    Reach.TIE: " AND ".join(f"(programme, network, wave, {end}) IN {_BODIES}" for end in ("source", "target")),
    Reach.ROW: "EXISTS (FROM reach r WHERE r.programme = quarantine.programme"
    " AND json_extract_string(payload, '$.\"' || r.\"column\" || '\"') = r.code)",
    Reach.FILE: "(programme, source) IN (FROM held)",
    Reach.NOBODY: NONE,
}
"""Which rows of a table belong to parts, as SQL; of ``Reach.COLUMNS``, each table says by which of its columns.

``reach`` holds the programme, column and code of what is in reach, codes below a code included; ``held`` the programme
and source of files with rows in reach.
"""
PART_ROWS: Mapping[str, str] = {
    name: _within(table.cuts) if table.reach == Reach.COLUMNS else ROWS_IN_REACH[table.reach]
    for name, table in TABLES.items()
}
"""By table: a table that does not stand here is nobody's."""
WHOLE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "load": columns_of("load", Holds.COUNT),
}
"""Columns that tell of the whole in rows that are of a part: empty for readers of parts."""
PERSON_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "quarantine": tuple(name for name in columns_of("quarantine", Holds.LINE, Holds.ROW) if name != "ordinal"),
}
"""Columns that tell of single rows: empty for roles that may not read rows of that name; the rest is counted, by
``ordinal``, which no table shows."""
