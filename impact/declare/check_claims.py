"""Whether ``claims.yaml`` holds together with the contracts its recomputations read."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.claims import Claim, CountLeaf, FactLeaf, Leaf, NamesLeaf, TotalLeaf, leaves, records_of
from impact.declare.conditions import condition_problems
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.load import Programme
from impact.errors import Problem

FILE = "claims.yaml"


def claim_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the claims; whether a fact has a row is known only with its data."""
    ids = [claim.id for claim in programme.claims]
    for index, claim in enumerate(programme.claims):
        line = programme.line(FILE, "claims", index)
        if claim.id in ids[:index]:
            yield Problem(f"two claims have the id '{claim.id}'", FILE, line, fix="Rename one.")
        yield from _claim(programme, claim, line)


def _claim(programme: Programme, claim: Claim, line: int | None) -> Iterator[Problem]:
    seen: list[Problem] = []
    for tree in claim.trees():
        for leaf in leaves(tree):
            for problem in _leaf(programme, leaf, line, f"{claim.id}.recompute"):
                if problem not in seen:
                    seen.append(problem)
                    yield problem


def _leaf(programme: Programme, leaf: Leaf, line: int | None, where: str) -> Iterator[Problem]:
    records = records_of(leaf)
    if records is None:
        return
    name = records.contract
    contract = programme.contracts.get(name)
    if contract is None:
        yield Problem(f"there is no contract '{name}'", FILE, line, where, ", ".join(programme.contracts))
        return
    if not any(source.contract == name for source in programme.sources):
        yield Problem(f"no source feeds contract '{name}'", FILE, line, where, fix="Add it to sources.yaml.")
    yield from _columns(contract, leaf, line, where)
    for condition in records.where:
        if condition.column in contract.columns:
            yield from condition_problems(programme, contract, condition, line, f"{FILE} {where}")


def _columns(contract: Contract, leaf: Leaf, line: int | None, where: str) -> Iterator[Problem]:
    for column in _named(leaf):
        if column not in contract.columns:
            known = ", ".join(contract.columns)
            yield Problem(f"contract '{contract.id}' has no column '{column}'", FILE, line, where, known)
    summed = leaf.total.column if isinstance(leaf, TotalLeaf) else "value" if isinstance(leaf, FactLeaf) else ""
    if summed in contract.columns and contract.columns[summed].type not in NUMERIC:
        found = contract.columns[summed].type
        yield Problem(f"column '{summed}' is {found}, not a number", FILE, line, where, "integer or number", found)


def _named(leaf: Leaf) -> list[str]:
    """Return the columns a leaf reads, each once."""
    records = records_of(leaf)
    named = [condition.column for condition in records.where] if records else []
    if isinstance(leaf, FactLeaf):
        named += ["fact_id", "value"]
    elif isinstance(leaf, CountLeaf) and leaf.count.distinct:
        named.append(leaf.count.distinct)
    elif isinstance(leaf, TotalLeaf):
        named.append(leaf.total.column)
    elif isinstance(leaf, NamesLeaf):
        named.append(leaf.names.column)
    return list(dict.fromkeys(named))
