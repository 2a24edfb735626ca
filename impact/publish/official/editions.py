"""The editions of a data structure as they are kept, and what of them a reader of parts is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa

from impact.errors import Problem, ProblemsError, UsageError
from impact.publish.official.mapping import OfficialMapping, read_mapping
from impact.publish.official.structure import CodeList, Structure, read_structure
from impact.store import Warehouse


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
        raise UsageError(f"'{programme}' has no data structure yet: run it again with `impact run`")
    return editions


def read_mapping_of(warehouse: Warehouse, programme: str) -> OfficialMapping:
    """Return the mapping of a programme.

    Raises
    ------
    ProblemsError
        If ``export.yaml`` leaves codes without an official one, with all of them.
    """
    query = "SELECT content, unmapped FROM impact.structure_mapping WHERE programme = ?"
    ((content, unmapped),) = warehouse.rows(query, [programme])
    if unmapped:
        raise ProblemsError([unmapped_problem(*key.split("=", 1)) for key in unmapped])
    return read_mapping(content)


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
            kept[codelist.id] = _with_parents(codelist, codes)
    return replace(structure, codelists=kept)


_OF_EVERYBODY = ("FREQ", "INDICATOR", "MEASURE", "ARM")
"""Dimensions whose codes name no part of a programme."""


def _with_parents(codelist: CodeList, codes: Iterable[str]) -> CodeList:
    parent_of = {code.id: code.parent for code in codelist.codes}
    kept: set[str] = set()
    for code in codes:
        above = code
        while above and above not in kept:
            kept.add(above)
            above = parent_of.get(above, "")
    return replace(codelist, codes=tuple(code for code in codelist.codes if code.id in kept))
