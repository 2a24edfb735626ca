"""Whether codelists hold together: each code once, and in a hierarchy a level and a way up to the top for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from impact.declare.check_contracts import graph_problems
from impact.declare.contracts import CodeItem, Codelist
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.yaml_file import KeyPath
from impact.errors import Problem

FILE = "contracts.yaml"


class _Fault(NamedTuple):
    """What is wrong with a code, what was expected and what stands there."""

    what: str
    expected: str
    found: str


def codelist_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the codelists of a programme, shared ones included."""
    lines = programme.lines.get(FILE, {})
    for index, codelist in enumerate(programme.codelists.values()):
        path: KeyPath = ("codelists", index)
        if path in lines:
            yield from _codelist(programme, codelist, path)
        else:
            yield from _codelist(programme, codelist, None)


def _codelist(programme: Programme, codelist: Codelist, path: KeyPath | None) -> Iterator[Problem]:
    """Yield what is wrong with a codelist; ``path`` says where in the file it stands, None of a shared one."""
    at = Location(f"shared codelist {codelist.id}")
    if path:
        at = Location(FILE, programme.line(FILE, *path))
    for index, fault in _wrong_codes(codelist):
        at_code = at.at(f"{codelist.id}.{codelist.codes[index].code}")
        if path:
            at_code = replace(at_code, line=programme.line(FILE, *path, "codes", index))
        yield at_code.problem(*fault)
    codes = {item.code for item in codelist.codes}
    edges = [(item.parent, item.code) for item in codelist.codes if item.parent and item.parent in codes]
    yield from graph_problems(sorted(codes), edges, f"hierarchy of codelist '{codelist.id}'", at)
    at = at.at(f"{codelist.id}.levels")
    for level in twice(codelist.levels):
        yield at.problem(f"level '{level}' stands twice", fix="Keep one.")


def _wrong_codes(codelist: Codelist) -> Iterator[tuple[int, _Fault]]:
    """Yield what is wrong with codes, each fault with the index of its code."""
    items = {item.code: item for item in codelist.codes}
    earlier: set[str] = set()
    same_as: dict[tuple[str, str], str] = {}
    for index, item in enumerate(codelist.codes):
        if item.code in earlier:
            yield index, _Fault(f"code '{item.code}' stands twice", "each code once", item.code)
        earlier.add(item.code)
        for system, code in item.same_as.items():
            first = same_as.setdefault((system, code), item.code)
            if first != item.code:
                what = f"'{first}' and '{item.code}' are the same {system} code"
                yield index, _Fault(what, "one code each", code)
        for fault in _wrong_position(codelist, item, items):
            yield index, fault


def _wrong_position(codelist: Codelist, item: CodeItem, items: dict[str, CodeItem]) -> Iterator[_Fault]:
    """Yield what is wrong with the level and the parent of a code."""
    levels, code, name = codelist.levels, item.code, codelist.id
    if levels and item.level not in levels:
        expected = ", ".join(levels)
        yield _Fault(f"'{code}' is on no level of codelist '{name}'", expected, item.level or "no level")
    elif not levels and item.level is not None:
        yield _Fault(f"'{code}' is on a level, but codelist '{name}' has none", "levels", "none")
    if item.parent is None:
        if item.level in levels[1:]:
            what = f"'{code}' stands in no hierarchy: it has no parent and is not a {levels[0]}"
            yield _Fault(what, "a parent", "none")
        return
    parent = items.get(item.parent)
    if parent is None:
        what = f"'{code}' has parent '{item.parent}', which the codelist does not have"
        yield _Fault(what, "a code of the list", item.parent)
    elif {item.level, parent.level} <= set(levels):
        yield from _wrong_parent(levels, item, parent)


def _wrong_parent(levels: tuple[str, ...], item: CodeItem, parent: CodeItem) -> Iterator[_Fault]:
    higher = levels[: levels.index(item.level or "")]
    if parent.level not in higher:
        what = f"parent '{parent.code}' of '{item.code}' is not on a level above it"
        expected = ", ".join(higher) or "no parent: this is the top level"
        yield _Fault(what, expected, parent.level or "")
