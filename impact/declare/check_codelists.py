"""Whether codelists hold together: each code once, and in a hierarchy a level and a way up to the top for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from impact.declare.check_contracts import graph_problems
from impact.declare.contracts import CodeItem, Codelist
from impact.declare.load import Programme
from impact.errors import Problem

FILE = "contracts.yaml"


def codelist_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the codelists of a programme, shared ones included."""
    for place, codelist in enumerate(programme.codelists.values()):
        own = ("codelists", place) in programme.lines.get(FILE, {})
        file = FILE if own else f"shared codelist {codelist.id}"
        for index, what, expected, found in _wrong_codes(codelist):
            line = programme.line(FILE, "codelists", place, "codes", index) if own else None
            yield Problem(what, file, line, f"{codelist.id}.{codelist.codes[index].code}", expected, found)
        known = {item.code for item in codelist.codes}
        edges = [(item.parent, item.code) for item in codelist.codes if item.parent in known and item.parent]
        line = programme.line(FILE, "codelists", place) if own else None
        yield from graph_problems(sorted(known), edges, f"hierarchy of codelist '{codelist.id}'", file, line)
        for level in sorted(level for level, count in Counter(codelist.levels).items() if count > 1):
            yield Problem(f"level '{level}' stands twice", file, line, f"{codelist.id}.levels", fix="Keep one.")


def _wrong_codes(codelist: Codelist) -> Iterator[tuple[int, str, str, str]]:
    """Yield for each fault the place of its code, the fault, what was expected and what was found."""
    seen: set[str] = set()
    elsewhere: dict[tuple[str, str], str] = {}
    items = {item.code: item for item in codelist.codes}
    for index, item in enumerate(codelist.codes):
        if item.code in seen:
            yield index, f"code '{item.code}' stands twice", "each code once", item.code
        seen.add(item.code)
        for system, code in item.same_as.items():
            first = elsewhere.setdefault((system, code), item.code)
            if first != item.code:
                yield index, f"'{first}' and '{item.code}' are the same {system} code", "one code each", code
        for fault in _place_in_hierarchy(codelist, item, items):
            yield index, *fault


def _place_in_hierarchy(
    codelist: Codelist, item: CodeItem, items: dict[str, CodeItem]
) -> Iterator[tuple[str, str, str]]:
    levels, code = codelist.levels, item.code
    if levels and item.level not in levels:
        yield f"'{code}' is on no level of codelist '{codelist.id}'", ", ".join(levels), item.level or "no level"
    elif not levels and item.level is not None:
        yield f"'{code}' is on a level, but codelist '{codelist.id}' has none", "levels", "none"
    if item.parent is None:
        if item.level in levels[1:]:
            yield f"'{code}' stands in no hierarchy: it has no parent and is not a {levels[0]}", "a parent", "none"
    elif item.parent not in items:
        yield (
            f"'{code}' has parent '{item.parent}', which the codelist does not have",
            "a code of the list",
            item.parent,
        )
    elif {item.level, items[item.parent].level} <= set(levels):
        yield from _above(levels, item, items[item.parent])


def _above(levels: tuple[str, ...], item: CodeItem, parent: CodeItem) -> Iterator[tuple[str, str, str]]:
    above = levels[: levels.index(item.level or "")]
    if parent.level not in above:
        what = f"parent '{parent.code}' of '{item.code}' is not on a level above it"
        yield what, ", ".join(above) or "no parent: this is the top level", parent.level or ""
