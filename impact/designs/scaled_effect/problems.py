"""Whether an effect can be carried to a territory: two indicators that fit, and no circle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from impact.declare.base import in_language
from impact.declare.declaration import Declaration
from impact.declare.hierarchy import codes_above, column_codelist
from impact.designs.base import About
from impact.errors import Problem
from impact.formulas.kind import Scaled
from impact.formulas.registry import kind_of, names_of

if TYPE_CHECKING:
    from impact.declare.contracts import Contract
    from impact.declare.indicators import Indicator
    from impact.designs.scaled_effect.model import ScaledEffect

SHARE = ("share", "proportion", "fraction", "quota")
PER_CENT = ("%", "percent", "per cent", "percentage", "percentage points", "per cento")
WITHOUT_EFFECT = "'{}' has no design that estimates an effect"
NOT_PER_PERSON = {
    About.TERRITORY: "'{}' is a scaled effect itself",
    About.NOTHING: WITHOUT_EFFECT,
    About.ASSOCIATION: WITHOUT_EFFECT,
    About.NETWORK: WITHOUT_EFFECT,
    About.SERIES: "the effect on '{}' is not one per person reached",
}
"""Why the estimate of a design cannot be multiplied by people, by what it is about."""


def scaled_problems(design: ScaledEffect, at: Declaration) -> Iterator[Problem]:
    """Yield what is wrong with an indicator whose design scales the effect on another."""
    yield from _territory_problems(design, at)
    if design.of == at.indicator.id:
        fix = "Name the indicator whose design has a comparison."
        yield at.problem(f"'{at.indicator.id}' scales its own effect", "design.of", fix=fix)
        return
    others = {indicator.id: indicator for indicator in at.programme.indicators if indicator.id != at.indicator.id}
    if design.of not in others:
        yield at.problem(f"there is no indicator '{design.of}'", "design.of", ", ".join(others), design.of)
        return
    other = others[design.of]
    yield from _effect_problems(other, at)
    yield from _unit_problems(other, at)
    contract = at.programme.contracts.get(other.contract)
    if contract is not None:
        yield from _group_problems(design, other, contract, at)


def _territory_problems(design: ScaledEffect, at: Declaration) -> Iterator[Problem]:
    """Yield what the territory's own measure lacks."""
    if at.indicator.level != "macro":
        yield at.problem("a scaled_effect design is for a territory", "level", "macro", at.indicator.level)
    formula = at.indicator.formula.at_wave
    kind, scaled = formula.kind, kind_of(formula).scaled
    if scaled is Scaled.NOTHING:
        what = f"an effect per person says nothing of a {kind} of the territory"
        expected = ", ".join(names_of(lambda kind: kind.scaled is not Scaled.NOTHING))
        yield at.problem(what, "formula", expected, kind)
    elif scaled is Scaled.AVERAGE and design.population is None:
        fix = "Add the people behind the mean or share."
        yield at.problem(f"a {kind} needs population", "design.population", fix=fix)
    elif scaled is Scaled.TOTAL and design.population is not None:
        fix = "Remove it: the contribution is a total."
        yield at.problem(f"a {kind} takes no population", "design.population", fix=fix)


def _effect_problems(other: Indicator, at: Declaration) -> Iterator[Problem]:
    """Yield why the other indicator has no effect per person that could be carried further."""
    design, formula = other.ex_post.design, other.formula.at_wave
    fix = "Name an indicator whose design estimates an effect on persons."
    about = About.NOTHING if design is None else design.about
    if about in NOT_PER_PERSON:
        yield at.problem(NOT_PER_PERSON[about].format(other.id), "design.of", fix=fix)
    if not kind_of(formula).per_person:
        expected = ", ".join(names_of(lambda kind: kind.per_person))
        yield at.problem(f"'{other.id}' has no value per person", "design.of", expected, formula.kind, fix=fix)


def _unit_problems(other: Indicator, at: Declaration) -> Iterator[Problem]:
    """Yield units that do not go together; a share of persons adds up to persons."""
    unit, unit_of_effect = _unit(at.indicator), _unit(other)
    adds_up = kind_of(at.indicator.formula).scaled is Scaled.TOTAL and unit_of_effect == "share"
    if unit == unit_of_effect or adds_up:
        return
    written, expected = in_language(at.indicator.unit), in_language(other.unit)
    what = f"'{at.indicator.id}' is in {written}, the effect on '{other.id}' in {expected}"
    yield at.problem(what, "unit", expected, written, fix="Measure both in the same unit: nothing is converted.")


def _unit(indicator: Indicator) -> str:
    unit = " ".join(in_language(indicator.unit).lower().split())
    return "share" if unit in SHARE else "per cent" if unit in PER_CENT else unit


def _group_problems(design: ScaledEffect, other: Indicator, contract: Contract, at: Declaration) -> Iterator[Problem]:
    """Yield groups that the other indicator has no effect for, and columns and codes it does not have."""
    if design.by is not None and design.by not in other.by:
        cuts = ", ".join(other.by) or "none"
        fix = f"Add it to by: of '{other.id}'."
        yield at.problem(f"'{other.id}' is not cut by '{design.by}'", "design.by", found=cuts, fix=fix)
    yield from _reach_problems(design, contract, at)
    yield from _nesting_problems(design, contract, at)
    effect = other.ex_post.design
    armless = effect is not None and effect.about is About.PERSONS and effect.arm_sql() is None
    if armless and design.reach.margins is not None:
        fix = "Give reach by the groups themselves."
        yield at.problem(f"'{other.id}' has no treated persons to rake", "design.reach.margins", fix=fix)


def _reach_problems(design: ScaledEffect, contract: Contract, at: Declaration) -> Iterator[Problem]:
    for name in dict.fromkeys(column for column, _ in design.reach.codes()):
        if name not in contract.columns:
            what = f"contract '{contract.id}' has no column '{name}'"
            yield at.problem(what, "design.reach", ", ".join(contract.columns))
    for name, code in design.reach.codes():
        column = contract.columns.get(name)
        if column is None or column.type != "code" or column.codelist not in (None, *at.programme.codelists):
            continue
        if code not in at.programme.column_codes(column):
            yield at.problem(f"column '{name}' has no code '{code}'", "design.reach")


def _nesting_problems(design: ScaledEffect, contract: Contract, at: Declaration) -> Iterator[Problem]:
    """Yield codes that lie in another code of the reach: their people would be counted twice."""
    reached = design.reach.codes()
    for name, code in reached:
        codelist = column_codelist(at.programme, contract.id, name)
        for ancestor in codes_above(codelist, code):
            if (name, ancestor) not in reached:
                continue
            what = f"those reached in '{code}' are counted twice: it is part of '{ancestor}'"
            yield at.problem(what, "design.reach", fix=f"Keep '{ancestor}', or its parts.")
