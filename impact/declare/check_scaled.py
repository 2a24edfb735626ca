"""Whether an effect can be carried to a territory: two indicators that fit, and no circle."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.base import in_language
from impact.declare.contracts import Contract
from impact.declare.designs import Association, BeforeAfter, InterruptedTimeSeries, SyntheticControl
from impact.declare.hierarchy import codes_above, column_codelist
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.scaled import ScaledEffect
from impact.errors import Problem
from impact.formulas.kind import Scaled
from impact.formulas.registry import kind_of, names_of

FILE = "indicators.yaml"
SHARE = ("share", "proportion", "fraction", "quota")
PER_CENT = ("%", "percent", "per cent", "percentage", "percentage points", "per cento")


def scaled_problems(programme: Programme, indicator: Indicator, line: int | None) -> Iterator[Problem]:
    """Yield what is wrong with an indicator whose design scales the effect on another."""
    design = indicator.ex_post.design
    if not isinstance(design, ScaledEffect):
        return
    yield from _territory(indicator, design, line)
    where = f"{indicator.id}.design.of"
    if design.of == indicator.id:
        fix = "Name the indicator whose design has a comparison."
        yield Problem(f"'{indicator.id}' scales its own effect", FILE, line, where, fix=fix)
        return
    other = next((each for each in programme.indicators if each.id == design.of), None)
    if other is None:
        known = ", ".join(each.id for each in programme.indicators if each.id != indicator.id)
        yield Problem(f"there is no indicator '{design.of}'", FILE, line, where, known, design.of)
        return
    yield from _effect(other, line, where)
    yield from _units(indicator, other, line)
    yield from _groups(programme, indicator, other, line)


def _territory(indicator: Indicator, design: ScaledEffect, line: int | None) -> Iterator[Problem]:
    """Yield what the territory's own measure lacks."""
    if indicator.level != "macro":
        where = f"{indicator.id}.level"
        yield Problem("a scaled_effect design is for a territory", FILE, line, where, "macro", indicator.level)
    formula = indicator.formula.at_wave
    scaled = kind_of(formula).scaled
    needed = scaled is Scaled.AVERAGE
    if scaled is Scaled.NOTHING:
        what = f"an effect per person says nothing of a {formula.kind} of the territory"
        expected = ", ".join(names_of(lambda kind: kind.scaled is not Scaled.NOTHING))
        yield Problem(what, FILE, line, f"{indicator.id}.formula", expected, formula.kind)
    elif needed != (design.population is not None):
        what = f"a {formula.kind} {'needs' if needed else 'takes no'} population"
        fix = "Add the people behind the mean or share." if needed else "Remove it: the contribution is a total."
        yield Problem(what, FILE, line, f"{indicator.id}.design.population", fix=fix)


def _effect(other: Indicator, line: int | None, where: str) -> Iterator[Problem]:
    """Yield why the other indicator has no effect per person that could be carried further."""
    design = other.ex_post.design
    fix = "Name an indicator whose design estimates an effect on persons."
    if isinstance(design, ScaledEffect):
        yield Problem(f"'{other.id}' is a scaled effect itself", FILE, line, where, fix=fix)
    elif design is None or isinstance(design, Association | BeforeAfter):
        yield Problem(f"'{other.id}' has no design that estimates an effect", FILE, line, where, fix=fix)
    elif isinstance(design, SyntheticControl) or (
        isinstance(design, InterruptedTimeSeries) and design.estimand == "slope"
    ):
        yield Problem(f"the effect on '{other.id}' is not one per person reached", FILE, line, where, fix=fix)
    formula = other.formula.at_wave
    if not kind_of(formula).per_person:
        what, expected = f"'{other.id}' has no value per person", ", ".join(names_of(lambda kind: kind.per_person))
        yield Problem(what, FILE, line, where, expected, formula.kind, fix)


def _units(indicator: Indicator, other: Indicator, line: int | None) -> Iterator[Problem]:
    """Yield units that do not go together; a share of persons adds up to persons."""
    own, theirs = _unit(indicator), _unit(other)
    adds_up = kind_of(indicator.formula).scaled is Scaled.TOTAL and theirs == "share"
    if own == theirs or adds_up:
        return
    found, expected = in_language(indicator.unit), in_language(other.unit)
    what = f"'{indicator.id}' is in {found}, the effect on '{other.id}' in {expected}"
    fix = "Measure both in the same unit: nothing is converted."
    yield Problem(what, FILE, line, f"{indicator.id}.unit", expected, found, fix)


def _unit(indicator: Indicator) -> str:
    unit = " ".join(in_language(indicator.unit).lower().split())
    return "share" if unit in SHARE else "per cent" if unit in PER_CENT else unit


def _groups(programme: Programme, indicator: Indicator, other: Indicator, line: int | None) -> Iterator[Problem]:
    """Yield groups that the other indicator has no effect for, and columns and codes it does not have."""
    design, where = indicator.ex_post.design, f"{indicator.id}.design"
    contract = programme.contracts.get(other.contract)
    if not isinstance(design, ScaledEffect) or contract is None:
        return
    if design.by is not None and design.by not in other.by:
        fix = f"Add it to by: of '{other.id}'."
        found = ", ".join(other.by) or "none"
        yield Problem(f"'{other.id}' is not cut by '{design.by}'", FILE, line, f"{where}.by", found=found, fix=fix)
    for name in dict.fromkeys(column for column, _ in design.reach.codes()):
        if name not in contract.columns:
            what = f"contract '{contract.id}' has no column '{name}'"
            yield Problem(what, FILE, line, f"{where}.reach", ", ".join(contract.columns))
    for name, code in design.reach.codes():
        column = contract.columns.get(name)
        coded = column is not None and column.type == "code" and column.codelist in (None, *programme.codelists)
        if column is not None and coded and code not in programme.column_codes(column):
            yield Problem(f"column '{name}' has no code '{code}'", FILE, line, f"{where}.reach")
    yield from _nested(programme, contract, design, line, where)
    yield from _raked(design, other, line, where)


def _nested(
    programme: Programme, contract: Contract, design: ScaledEffect, line: int | None, where: str
) -> Iterator[Problem]:
    """Yield codes that lie in another code of the reach: their people would be counted twice."""
    named = design.reach.codes()
    for name, code in named:
        if name in contract.columns:
            above = codes_above(column_codelist(programme, contract.id, name), code)
            for whole in (other for other in above if (name, other) in named):
                what = f"those reached in '{code}' are counted twice: it is part of '{whole}'"
                yield Problem(what, FILE, line, f"{where}.reach", fix=f"Keep '{whole}', or its parts.")


def _raked(design: ScaledEffect, other: Indicator, line: int | None, where: str) -> Iterator[Problem]:
    if design.reach.margins is not None and isinstance(other.ex_post.design, InterruptedTimeSeries):
        fix = "Give reach by the groups themselves."
        yield Problem(f"'{other.id}' has no treated persons to rake", FILE, line, f"{where}.reach.margins", fix=fix)
