"""Whether a map of needs and supply holds together: contracts, columns to match, codelists, sample."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from impact.declare.contracts import Contract
from impact.declare.declaration import Declaration
from impact.errors import Problem

if TYPE_CHECKING:
    from impact.formulas.territory_map.model import TerritoryMap

BODY = "organisation_id"


def map_problems(formula: TerritoryMap, at: Declaration) -> Iterator[Problem]:
    """Yield what is wrong with an indicator that maps needs and supply."""
    sample, at_formula = at.indicator.sample, at.location("formula")
    if sample != type(sample)():
        fix = "Remove sample: a map counts everything it is given."
        yield at.problem("a territory_map takes no sample", "sample", fix=fix)
    supply = at.programme.contracts.get(formula.supply)
    if supply is None:
        declared = ", ".join(at.programme.contracts)
        yield at_formula.problem(f"there is no contract '{formula.supply}'", declared, formula.supply)
        return
    if supply.id == at.contract.id:
        yield at_formula.problem("needs and supply are the same contract", "two contracts", supply.id)
    if not any(source.contract == supply.id for source in at.programme.sources):
        yield at_formula.problem(f"no source feeds contract '{supply.id}'", fix="Add it to sources.yaml.")
    if BODY not in supply.columns:
        yield at_formula.problem(f"contract '{supply.id}' does not say whose a service is", f"a column {BODY}")
    for name in formula.match:
        yield from _matched(at, supply, name)


def _matched(at: Declaration, supply: Contract, name: str) -> Iterator[Problem]:
    """Yield why a column cannot be matched: it must be read from one codelist on both sides."""
    at_formula, codelists = at.location("formula"), []
    for contract in (at.contract, supply):
        column = contract.columns.get(name)
        if column and column.codelist:
            codelists.append(column.codelist)
            continue
        what = f"contract '{contract.id}' has no column '{name}' to match by"
        yield at_formula.problem(what, f"column {name}: {{type: code, codelist: …}}")
    if len(set(codelists)) > 1:
        needs, supplies = codelists
        fix = "Read both from one codelist; map the codes of a source with recode or crosswalk."
        yield at_formula.problem(f"'{name}' is read from two codelists", needs, supplies, fix)
