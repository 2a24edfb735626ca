"""Whether ``evaluation.yaml`` holds together with the indicators and contracts it names."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.conditions import condition_problems
from impact.declare.contracts import NUMERIC
from impact.declare.evaluation import Assignment, Family
from impact.declare.load import Programme
from impact.designs.models import has_comparison
from impact.errors import Problem

FILE = "evaluation.yaml"


def evaluation_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with families of outcomes and assignments."""
    seen: dict[str, str] = {}
    for index, family in enumerate(programme.evaluation.families):
        line = programme.line(FILE, "families", index)
        yield from _family(programme, family, line)
        for name in family.indicators:
            if name in seen:
                yield Problem(
                    f"indicator '{name}' is in two families, '{seen[name]}' and '{family.id}'", FILE, line, family.id
                )
            seen[name] = family.id
    for index, assignment in enumerate(programme.evaluation.assignments):
        yield from _assignment(programme, assignment, programme.line(FILE, "assignments", index))
    for what, ids in (
        ("families", [family.id for family in programme.evaluation.families]),
        ("assignments", [assignment.id for assignment in programme.evaluation.assignments]),
    ):
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            yield Problem(f"two {what} have the id '{name}'", FILE, fix="Rename one.")


def _family(programme: Programme, family: Family, line: int | None) -> Iterator[Problem]:
    known = {indicator.id: indicator for indicator in programme.indicators}
    for name in family.indicators:
        if name not in known:
            yield Problem(f"there is no indicator '{name}'", FILE, line, family.id, ", ".join(known))
        elif not has_comparison(known[name].ex_post.design):
            fix = "Declare a design, or take it out of the family."
            yield Problem(f"indicator '{name}' has no design, so nothing is tested", FILE, line, family.id, fix=fix)


def _assignment(programme: Programme, assignment: Assignment, line: int | None) -> Iterator[Problem]:
    contract = programme.contracts.get(assignment.contract)
    if contract is None:
        yield Problem(f"there is no contract '{assignment.contract}'", FILE, line, assignment.id)
        return
    named = [*assignment.strata, *assignment.covariates, *([assignment.cluster] if assignment.cluster else [])]
    for name in named:
        if name not in contract.columns:
            yield Problem(f"contract '{contract.id}' has no column '{name}'", FILE, line, assignment.id)
        elif name in assignment.covariates and contract.columns[name].type not in (*NUMERIC, "boolean"):
            yield Problem(f"covariate '{name}' is not a number", FILE, line, assignment.id)
    for condition in assignment.where:
        if condition.column not in contract.columns:
            yield Problem(f"contract '{contract.id}' has no column '{condition.column}'", FILE, line, assignment.id)
        else:
            yield from condition_problems(programme, contract, condition, line, f"{FILE} {assignment.id}.where")
    if contract.wave and assignment.wave is None:
        yield Problem(f"contract '{contract.id}' has waves: say at which one", FILE, line, f"{assignment.id}.wave")
    if assignment.wave and assignment.wave not in [wave.id for wave in programme.header.waves]:
        yield Problem(f"there is no wave '{assignment.wave}'", FILE, line, f"{assignment.id}.wave")
