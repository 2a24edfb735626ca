"""Whether ``evaluation.yaml`` holds together with the indicators and contracts it names."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.conditions import condition_problems
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.evaluation import Assignment, Family
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.designs.models import has_comparison
from impact.errors import Problem

FILE = "evaluation.yaml"


def evaluation_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with families of outcomes and assignments."""
    families, assignments = programme.evaluation.families, programme.evaluation.assignments
    yield from _families(programme, families)
    for index, assignment in enumerate(assignments):
        at = Location(FILE, programme.line(FILE, "assignments", index), assignment.id)
        yield from _assignment(programme, assignment, at)
    at = Location(FILE)
    for name in twice(family.id for family in families):
        yield at.problem(f"two families have the id '{name}'", fix="Rename one.")
    for name in twice(assignment.id for assignment in assignments):
        yield at.problem(f"two assignments have the id '{name}'", fix="Rename one.")


def _families(programme: Programme, families: tuple[Family, ...]) -> Iterator[Problem]:
    """Yield what is wrong with each family, and outcomes that two of them have."""
    family_of: dict[str, str] = {}
    for index, family in enumerate(families):
        at = Location(FILE, programme.line(FILE, "families", index), family.id)
        yield from _family(programme, family, at)
        for name in family.indicators:
            first = family_of.get(name)
            if first is not None:
                yield at.problem(f"indicator '{name}' is in two families, '{first}' and '{family.id}'")
            family_of[name] = family.id


def _family(programme: Programme, family: Family, at: Location) -> Iterator[Problem]:
    indicators = {indicator.id: indicator for indicator in programme.indicators}
    for name in family.indicators:
        if name not in indicators:
            yield at.problem(f"there is no indicator '{name}'", ", ".join(indicators))
        elif not has_comparison(indicators[name].ex_post.design):
            fix = "Declare a design, or take it out of the family."
            yield at.problem(f"indicator '{name}' has no design, so nothing is tested", fix=fix)


def _assignment(programme: Programme, assignment: Assignment, at: Location) -> Iterator[Problem]:
    contract, wave = programme.contracts.get(assignment.contract), assignment.wave
    if contract is None:
        yield at.problem(f"there is no contract '{assignment.contract}'")
        return
    yield from _columns(contract, assignment, at)
    for condition in assignment.where:
        if condition.column not in contract.columns:
            yield at.problem(f"contract '{contract.id}' has no column '{condition.column}'")
        else:
            yield from condition_problems(programme, contract, condition, at.at(f"{assignment.id}.where"))
    at = at.at(f"{assignment.id}.wave")
    if contract.wave and wave is None:
        yield at.problem(f"contract '{contract.id}' has waves: say at which one")
    if wave and wave not in [declared.id for declared in programme.header.waves]:
        yield at.problem(f"there is no wave '{wave}'")


def _columns(contract: Contract, assignment: Assignment, at: Location) -> Iterator[Problem]:
    columns, covariates = contract.columns, assignment.covariates
    names = [*assignment.strata, *covariates]
    if assignment.cluster:
        names.append(assignment.cluster)
    for name in names:
        if name not in columns:
            yield at.problem(f"contract '{contract.id}' has no column '{name}'")
        elif name in covariates and columns[name].type not in (*NUMERIC, "boolean"):
            yield at.problem(f"covariate '{name}' is not a number")
