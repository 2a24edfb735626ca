"""Who may see what: the roles with the rows they may read, and the rows of each table that are somebody's.

A scope names programmes and, within them, parts: projects, territories. :mod:`impact.publish.reader_catalogue` turns it
into the only tables that a reader's queries find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, get_args

from impact.publish.inventory import Holds, columns_of
from impact.store.opening import CATALOG

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
            raise ValueError(f"'{self.role}' is no role; the roles are {', '.join(get_args(Role))}")
        bare = sorted(column for column, codes in self.parts.items() if not codes)
        if bare:
            raise ValueError(f"no codes of '{bare[0]}' are named: name those that the reader may see, or no column")
        frozen = {column: frozenset(codes) for column, codes in sorted(self.parts.items())}
        object.__setattr__(self, "parts", MappingProxyType(frozen))

    @property
    def key(self) -> tuple[Any, ...]:
        """Every field in an order of its own: what is made for a scope is kept under this, and under nothing less."""
        return tuple(_ordered(getattr(self, one.name)) for one in fields(self))

    def __hash__(self) -> int:
        return hash(self.key)

    def opens(self, rows: str) -> bool:
        """Tell whether the role may read rows, one of :data:`ROWS`."""
        return rows in ROLES[self.role]


def _ordered(value: Any) -> Any:
    """Return a value as tuples in an order that is the same in every process."""
    if isinstance(value, Mapping):
        return tuple((name, _ordered(value[name])) for name in sorted(value))
    return tuple(sorted(value)) if isinstance(value, frozenset) else value


EVERYTHING = Scope(None, {}, "evaluator")
"""Of whoever holds the database itself: the command line, the Python face, the app on the own machine."""
OUTSIDE = Scope(None, {}, "statistics_office")
"""Of whoever is given files: all that is published, and no rows."""


def _within(**columns: str) -> str:
    """Write that a row belongs to a part in reach: a column of the table for each column that may cut programmes."""
    return " OR ".join(f"(programme, '{part}', {column}) IN (FROM reach)" for part, column in columns.items())


EVERY, NONE = "TRUE", "FALSE"
CUT = '(programme, scope, scope_value) IN (FROM reach) OR (programme, "group", group_value) IN (FROM reach)'
OWN = '(programme, "column", code) IN (FROM reach)'
FINDING = f"finding IN (SELECT finding FROM {CATALOG}.impact.finding WHERE {CUT})"
BODY = _within(territory="territory", kind="kind", sector="sector")
_BODIES = f"(SELECT programme, network, wave, body FROM {CATALOG}.impact.network_body WHERE {BODY})"
_GROUPS = f'(SELECT programme, "by", "of" FROM {CATALOG}.impact.membership WHERE {OWN})'
PART_ROWS: Mapping[str, str] = {
    # what is declared and who ran it: the same for everybody in the programme
    "meta": EVERY,
    "run": EVERY,
    "state": EVERY,
    "plan": EVERY,
    "definition": EVERY,
    "programme": EVERY,
    "theory_node": EVERY,
    "theory_link": EVERY,
    "wave": EVERY,
    "stakeholder": EVERY,
    "phase": EVERY,
    "cut": EVERY,
    "heading": EVERY,
    "withheld": EVERY,
    # for who opens the database itself: numbers stand in sentences before they are protected
    "sentence": NONE,
    # results: those of the parts
    "finding": CUT,
    "measure": CUT,
    "diagnostic": FINDING,
    "term": FINDING,
    "suppression": CUT,
    "part": OWN,
    "membership": OWN,
    "label": f'{OWN} OR (programme, "column", code) IN {_GROUPS} OR level IS NOT NULL',  # a declared tree is no result
    # rows with a place of their own
    "network_body": BODY,
    "network_tie": " AND ".join(f"(programme, network, wave, {end}) IN {_BODIES}" for end in ("source", "target")),
    "map_cell": _within(territory="territory", theme="theme", target_group="target_group"),
    "journey": _within(project_id="project", territory="territory"),
    "delivery": _within(project_id="project", phase_id="phase"),
    "quarantine": "EXISTS (FROM reach r WHERE r.programme = quarantine.programme"
    " AND json_extract_string(payload, '$.\"' || r.\"column\" || '\"') = r.code)",
    "load": "(programme, source) IN (FROM held)",
    # counts over the whole
    "linkage": NONE,
    "unmapped": NONE,
    "claim": NONE,
    "quality": NONE,
    "response": NONE,
}
"""Which rows of each of the engine's tables belong to parts, as SQL; a table that does not stand here is nobody's.

``reach`` holds the programme, column and code of what is in reach, codes below a code included; ``held`` the programme
and source of files with rows in reach.
"""
WHOLE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "load": columns_of("load", Holds.COUNT),
}
"""Columns that tell of the whole in rows that are of a part: empty for readers of parts."""
PERSON_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "quarantine": tuple(name for name in columns_of("quarantine", Holds.LINE, Holds.ROW) if name != "ordinal"),
}
"""Columns that tell of single rows: empty for roles that may not read rows of that name; the rest is counted, by
``ordinal``, which no table shows."""
