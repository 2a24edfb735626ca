"""Whether ``claims.yaml`` holds together with the contracts its recomputations read."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.claims import Claim, CountLeaf, FactLeaf, Leaf, NamesLeaf, TotalLeaf, leaves, records_of
from impact.declare.conditions import condition_problems
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.load import Programme
from impact.declare.location import Location
from impact.errors import Problem

FILE = "claims.yaml"


def claim_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the claims; whether a fact has a row is known only with its data."""
    ids = [claim.id for claim in programme.claims]
    for index, claim in enumerate(programme.claims):
        at = Location(FILE, programme.line(FILE, "claims", index))
        if claim.id in ids[:index]:
            yield at.problem(f"two claims have the id '{claim.id}'", fix="Rename one.")
        yield from _claim(programme, claim, at.at(f"{claim.id}.recompute"))


def _claim(programme: Programme, claim: Claim, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with the leaves of a claim, once where several have the same fault."""
    problems: list[Problem] = []
    for tree in claim.trees():
        for leaf in leaves(tree):
            problems += _leaf(programme, leaf, at)
    yield from dict.fromkeys(problems)


def _leaf(programme: Programme, leaf: Leaf, at: Location) -> Iterator[Problem]:
    records = records_of(leaf)
    if records is None:
        return
    name = records.contract
    contract = programme.contracts.get(name)
    if contract is None:
        yield at.problem(f"there is no contract '{name}'", ", ".join(programme.contracts))
        return
    if not any(source.contract == name for source in programme.sources):
        yield at.problem(f"no source feeds contract '{name}'", fix="Add it to sources.yaml.")
    yield from _columns(contract, leaf, at)
    for condition in records.where:
        if condition.column in contract.columns:
            yield from condition_problems(programme, contract, condition, at)


def _columns(contract: Contract, leaf: Leaf, at: Location) -> Iterator[Problem]:
    columns = contract.columns
    for name in _columns_read(leaf):
        if name not in columns:
            yield at.problem(f"contract '{contract.id}' has no column '{name}'", ", ".join(columns))
    summed = _summed(leaf)
    if summed in columns and columns[summed].type not in NUMERIC:
        kind = columns[summed].type
        yield at.problem(f"column '{summed}' is {kind}, not a number", "integer or number", kind)


def _summed(leaf: Leaf) -> str:
    """Return the column of which a leaf takes a number; empty for one that takes none."""
    if isinstance(leaf, TotalLeaf):
        return leaf.total.column
    return "value" if isinstance(leaf, FactLeaf) else ""


def _columns_read(leaf: Leaf) -> list[str]:
    """Return the columns a leaf reads, each once."""
    records = records_of(leaf)
    names = [condition.column for condition in records.where] if records else []
    if isinstance(leaf, FactLeaf):
        names += ["fact_id", "value"]
    elif isinstance(leaf, CountLeaf) and leaf.count.distinct:
        names.append(leaf.count.distinct)
    elif isinstance(leaf, TotalLeaf):
        names.append(leaf.total.column)
    elif isinstance(leaf, NamesLeaf):
        names.append(leaf.names.column)
    return list(dict.fromkeys(names))
