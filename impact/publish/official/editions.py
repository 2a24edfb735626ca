"""The editions of a data structure as they are kept, and what of them a reader of parts is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import pyarrow as pa

from impact.errors import Problem, ProblemsError, UsageError
from impact.publish.official.mapping import OfficialMapping, read_mapping
from impact.publish.official.structure import CodeList, Structure, read_structure
from impact.store import Warehouse

NOT_YET = "'{programme}' has no data structure yet: run it again with `impact run`"


def read_editions(warehouse: Warehouse, programme: str) -> tuple[Structure, ...]:
    """Return the editions of a programme's data structure, the one in force last.

    Raises
    ------
    UsageError
        If the programme has none: it was last run by an earlier version of the engine.
    """
    query = "SELECT content FROM impact.structure WHERE programme = ? ORDER BY place"
    editions = tuple(read_structure(content) for (content,) in warehouse.rows(query, [programme]))
    if not editions:
        raise UsageError(NOT_YET.format(programme=programme))
    return editions


def read_mapping_of(warehouse: Warehouse, programme: str, keys: Collection[str] | None = None) -> OfficialMapping:
    """Return the mapping of a programme.

    Parameters
    ----------
    warehouse, programme
        Of the programme.
    keys
        The parts in a reader's reach, as ``column=code``; what lies outside is not told. None is all.

    Raises
    ------
    UsageError
        If the programme has none: it was last run by an earlier version of the engine.
    ProblemsError
        If ``export.yaml`` leaves codes without an official one, with all of them.
    """
    query = "SELECT content, unmapped FROM impact.structure_mapping WHERE programme = ?"
    rows = warehouse.rows(query, [programme])
    if not rows:
        raise UsageError(NOT_YET.format(programme=programme))
    ((content, unmapped),) = rows
    mapping = read_mapping(content)
    if keys is not None:
        unmapped = [key for key in unmapped if key in keys]
        mapping = replace(mapping, parts={key: place for key, place in mapping.parts.items() if key in keys})
    if unmapped:
        raise ProblemsError([unmapped_problem(*key.split("=", 1)) for key in unmapped])
    return mapping


def read_rights(warehouse: Warehouse, programme: str) -> tuple[str, str]:
    """Return the publisher and the licence of a programme, whether or not all of its codes are mapped."""
    query = (
        "SELECT coalesce(content->>'$.publisher', ''), coalesce(content->>'$.licence', '')"
        " FROM impact.structure_mapping WHERE programme = ?"
    )
    rows = warehouse.rows(query, [programme])
    return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")


def unmapped_problem(column: str, code: str) -> Problem:
    """Say that a code of ours has no official one."""
    return Problem(
        f"the code '{code}' of '{column}' has no official code",
        "export.yaml",
        field=f"cuts.{column}",
        fix="Add it to codes, or to own if no official list has it, and run again.",
    )


def within(structure: Structure, rows: pa.Table) -> Structure:
    """Return a structure whose lists of parts hold only the codes of some observations, and those above them."""
    kept = dict(structure.codelists)
    for component in structure.dimensions:
        if component.id not in _OF_EVERYBODY:
            codelist = structure.codelists[component.codelist]
            codes = rows[component.id].unique().to_pylist() if component.id in rows.column_names else ()
            kept[codelist.id] = with_parents(codelist, codes)
    return replace(structure, codelists=kept)


_OF_EVERYBODY = ("FREQ", "INDICATOR", "MEASURE", "ARM")
"""Dimensions whose codes name no part of a programme."""


def with_parents(codelist: CodeList, codes: Iterable[str]) -> CodeList:
    """Return a list with some codes alone, and those above them."""
    parent_of = {code.id: code.parent for code in codelist.codes}
    kept: set[str] = set()
    for code in codes:
        above = code
        while above and above not in kept:
            kept.add(above)
            above = parent_of.get(above, "")
    return replace(codelist, codes=tuple(code for code in codelist.codes if code.id in kept))
