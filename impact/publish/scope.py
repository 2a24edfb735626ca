"""Who may see what: the roles with their pages, and the rows of each table that are somebody's.

A scope names programmes and, within them, parts: projects, territories. :mod:`impact.publish.narrow` turns it into the
only tables that a reader's queries find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from impact.publish.inventory import Holds, columns_of
from impact.store.opening import CATALOG

Role = Literal["evaluator", "investor", "coordinator", "statistics_office"]

PUBLISHED = frozenset(
    ("portfolio", "theory", "indicator", "finding", "network", "territory", "monitoring", "claims", "explore", "export")
)
"""Pages that show published results."""
PERSONS = frozenset(("records", "quarantine"))
"""Pages that show rows, which may be about persons."""
ROLES: Mapping[str, frozenset[str]] = {
    "evaluator": PUBLISHED | PERSONS,
    "coordinator": PUBLISHED | PERSONS,
    "investor": PUBLISHED,
    "statistics_office": PUBLISHED,
}
"""What each role may open; what stands here under no role, nobody may."""


@dataclass(frozen=True)
class Scope:
    """What one reader may see.

    Parameters
    ----------
    programmes
        Their names; None is all.
    parts
        Codes by column, such as ``{"project_id": {"draios"}}``: the reader sees what belongs to one of them or to a
        code below it, and neither the whole nor other parts. Several columns are a union. Empty is everything.
    role
        One of :data:`ROLES`.
    """

    programmes: frozenset[str] | None
    parts: Mapping[str, frozenset[str]] = field(hash=False)
    role: Role

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"'{self.role}' is no role; the roles are {', '.join(get_args(Role))}")
        frozen = {column: frozenset(codes) for column, codes in sorted(self.parts.items())}
        object.__setattr__(self, "parts", MappingProxyType(frozen))

    def opens(self, page: str) -> bool:
        """Tell whether the role may open a page."""
        return page in ROLES[self.role]


EVERYTHING = Scope(None, {}, "evaluator")
"""Of whoever holds the database itself: the command line, the Python face, the app on the own machine."""


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
"""Columns that tell of single rows: empty for roles that may not open the page of that name; the rest is counted, by
``ordinal``, which no table shows."""
