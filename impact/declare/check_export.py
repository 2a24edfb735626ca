"""Whether ``export.yaml`` holds together with the columns, waves, units and indicators it names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from impact.declare.base import in_language
from impact.declare.contracts import Column
from impact.declare.export import AREAS, COMPONENTS, RESERVED, CutMapping, official_unit
from impact.declare.load import Programme
from impact.declare.location import Location
from impact.errors import Problem

FILE = "export.yaml"
AREA, TOTAL = "REF_AREA", "_T"


def export_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the mapping to official statistics."""
    export = programme.export
    cutting = _cutting_columns(programme)
    for name, mapped in export.cuts.items():
        at = Location(FILE, programme.line(FILE, "cuts", name), f"cuts.{name}")
        if name in cutting:
            yield from _cut(programme, mapped, cutting[name], at)
        else:
            yield at.problem(f"no indicator is cut by '{name}'", ", ".join(cutting) or "nothing: no indicator is cut")
    if export.area:
        at = Location(FILE, programme.line(FILE, "area"), "area.code")
        yield from _areas(programme, [export.area.code], at)
    yield from _names(programme)
    yield from _units(programme)


def _cutting_columns(programme: Programme) -> dict[str, list[Column]]:
    """Return the columns by which indicators are cut, each with what the contracts say of it."""
    columns: dict[str, list[Column]] = {}
    for indicator in programme.indicators:
        for name in (*indicator.scope, *indicator.by):
            contracts = [
                programme.contracts[contract] for contract in indicator.reads if contract in programme.contracts
            ]
            columns.setdefault(name, []).extend(c.columns[name] for c in contracts if name in c.columns)
    return columns


def _cut(programme: Programme, mapped: CutMapping, columns: list[Column], at: Location) -> Iterator[Problem]:
    if mapped.dimension in RESERVED:
        taken = "a component of every data structure" if mapped.dimension in COMPONENTS else "taken by official formats"
        yield at.problem(f"{mapped.dimension} is {taken}", fix="Give it another name.")
    yield from _totals(mapped, at)
    if mapped.dimension == AREA:
        same = () if mapped.same == "all" else mapped.same
        yield from _areas(programme, [*mapped.codes.values(), *same], at)
    codes = dict.fromkeys(code for column in columns for code in _codes(programme, column))
    if not codes:
        return
    missing = [code for code in codes if mapped.official(code) is None and code not in mapped.own]
    if missing:
        fix = "Add them to codes or same, or to own if no official list has them."
        yield at.problem(f"{len(missing)} codes have no official code", found=", ".join(missing), fix=fix)
    same = () if mapped.same == "all" else mapped.same
    for code in (*mapped.codes, *same, *mapped.own):
        if code not in codes:
            yield at.problem(f"the column has no code '{code}'", ", ".join(list(codes)[:20]))


def _totals(mapped: CutMapping, at: Location) -> Iterator[Problem]:
    """Yield the codes that would become the total, which is the whole programme and no part of it."""
    for code in (*mapped.codes, *(() if mapped.same == "all" else mapped.same)):
        if mapped.official(code) == TOTAL:
            fix = "Leave it out of codes, or name it in own."
            yield at.problem(f"'{code}' becomes '{TOTAL}', the code of the whole", found=TOTAL, fix=fix)


def _codes(programme: Programme, column: Column) -> tuple[str, ...]:
    """Return the codes that a column is known to have before its rows are read."""
    if column.type == "boolean":
        return ("true", "false")
    if column.codes is None and column.codelist not in programme.codelists:
        return ()
    return programme.column_codes(column)


def _areas(programme: Programme, codes: list[str], at: Location) -> Iterator[Problem]:
    scheme = programme.export.scheme
    for code in codes:
        if not re.fullmatch(AREAS[scheme], code):
            yield at.problem(f"'{code}' is not written as a code of {scheme}", AREAS[scheme], code)


def _names(programme: Programme) -> Iterator[Problem]:
    """Yield waves, units and indicators that the programme does not have."""
    export, header = programme.export, programme.header
    there = {
        "periods": [wave.id for wave in header.waves],
        "units": sorted({in_language(indicator.unit, "en") for indicator in programme.indicators}),
        "decimals": [indicator.id for indicator in programme.indicators],
    }
    named = {"periods": list(export.periods), "units": list(export.units), "decimals": list(export.decimals)}
    for field, names in named.items():
        for name in names:
            if name not in there[field]:
                at = Location(FILE, programme.line(FILE, field, name), f"{field}.{name}")
                yield at.problem(f"the programme has no such thing: '{name}'", ", ".join(there[field][:20]))


def _units(programme: Programme) -> Iterator[Problem]:
    """Yield units that are told apart in the programme and not by their official codes."""
    units: dict[str, str] = {}
    for indicator in programme.indicators:
        english = in_language(indicator.unit, "en")
        code = official_unit(programme.export, indicator.unit).code
        first = units.setdefault(code, english)
        if first != english and not _same_but_for_power(programme, first, english):
            at = Location(FILE, programme.line(FILE, "units"), "units")
            fix = f"Give one of them a code of its own: units: {{{english}: {{code: …, title: …}}}}."
            yield at.problem(f"the units '{first}' and '{english}' have one code, {code}", fix=fix)


def _same_but_for_power(programme: Programme, one: str, other: str) -> bool:
    """Tell whether two units are declared as one, in which values are given in different powers of ten."""
    units = programme.export.units
    declared = [units[name] for name in (one, other) if name in units]
    return len(declared) == 2 and declared[0].title == declared[1].title and len({u.multiplier for u in declared}) == 2
