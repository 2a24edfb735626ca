"""Whether a map of needs and supply holds together: contracts, columns to match, codelists, sample."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator, Sample
from impact.declare.load import Programme
from impact.declare.territory import TerritoryMap
from impact.errors import Problem

FILE = "indicators.yaml"
BODY = "organisation_id"


def territory_problems(
    programme: Programme, indicator: Indicator, need: Contract, line: int | None
) -> Iterator[Problem]:
    """Yield what is wrong with an indicator that maps needs and supply."""
    formula, where = indicator.formula, f"{indicator.id}.formula"
    if not isinstance(formula, TerritoryMap):
        return
    if indicator.sample != Sample():
        fix = "Remove sample: a map counts everything it is given."
        yield Problem("a territory_map takes no sample", FILE, line, f"{indicator.id}.sample", fix=fix)
    supply = programme.contracts.get(formula.supply)
    if supply is None:
        known = ", ".join(programme.contracts)
        yield Problem(f"there is no contract '{formula.supply}'", FILE, line, where, known, formula.supply)
        return
    if supply.id == need.id:
        yield Problem("needs and supply are the same contract", FILE, line, where, "two contracts", need.id)
    if not any(source.contract == supply.id for source in programme.sources):
        fix = "Add it to sources.yaml."
        yield Problem(f"no source feeds contract '{supply.id}'", FILE, line, where, fix=fix)
    if BODY not in supply.columns:
        yield Problem(f"contract '{supply.id}' does not say whose a service is", FILE, line, where, f"a column {BODY}")
    for name in formula.match:
        yield from _matched(need, supply, name, line, where)


def _matched(need: Contract, supply: Contract, name: str, line: int | None, where: str) -> Iterator[Problem]:
    """Yield why a column cannot be matched: it must be read from one codelist on both sides."""
    lists = []
    for contract in (need, supply):
        column = contract.columns.get(name)
        if column is None or column.codelist is None:
            expected = f"column {name}: {{type: code, codelist: …}}"
            yield Problem(f"contract '{contract.id}' has no column '{name}' to match by", FILE, line, where, expected)
        else:
            lists.append(column.codelist)
    if len(set(lists)) > 1:
        fix = "Read both from one codelist; map the codes of a source with recode or crosswalk."
        yield Problem(f"'{name}' is read from two codelists", FILE, line, where, lists[0], lists[1], fix)
