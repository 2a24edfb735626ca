"""Whether contracts hold together: codelists, patterns, keys, rules and the columns they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from impact.declare.conditions import condition_problems
from impact.declare.contracts import Contract, ForeignKey
from impact.declare.load import Programme
from impact.errors import Problem


def contract_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the contracts of a programme."""
    file = "contracts.yaml"
    edges = []
    for contract in programme.contracts.values():
        yield from _contract_sense(programme, contract)
        for name, column in contract.columns.items():
            where = f"{contract.id}.{name}"
            if column.codelist and column.codelist not in programme.codelists:
                known = ", ".join(programme.codelists) or "no codelist is declared"
                yield Problem(f"there is no codelist '{column.codelist}'", file, None, where, known)
            if column.pattern is not None:
                yield from _pattern(column.pattern, file, where)
        for key in contract.foreign_keys:
            other = programme.contracts.get(key.references)
            if other is None:
                yield Problem(f"there is no contract '{key.references}'", file, None, f"{contract.id}.foreign_keys")
                continue
            edges.append((other.id, contract.id))
            yield from _foreign_key(contract, key, other)
    yield from graph_problems(sorted(programme.contracts), edges, "chain of foreign keys", file, None)


def _foreign_key(contract: Contract, key: ForeignKey, other: Contract) -> Iterator[Problem]:
    file, where = "contracts.yaml", f"{contract.id}.foreign_keys"
    for here, there in zip(key.columns, key.to, strict=True):
        if there not in other.columns:
            yield Problem(f"contract '{other.id}' has no column '{there}'", file, None, where)
            continue
        kinds = contract.columns[here].type, other.columns[there].type
        if _family(kinds[0]) != _family(kinds[1]):
            yield Problem(f"'{here}' refers to '{there}' of another kind", file, None, where, kinds[0], kinds[1])


def _contract_sense(programme: Programme, contract: Contract) -> Iterator[Problem]:
    file, columns = "contracts.yaml", contract.columns
    for name in dict.fromkeys((*contract.key, *(n for n in (contract.person, contract.wave) if n))):
        if not columns[name].required:
            yield Problem(f"key column '{name}' may be missing", file, None, f"{contract.id}.{name}", "required: true")
    if contract.wave and columns[contract.wave].type not in ("text", "code"):
        yield Problem(f"the wave column '{contract.wave}' must be text or code", file, None, contract.id)
    if contract.status and columns[contract.status].type != "text":
        yield Problem(f"the status column '{contract.status}' must be text", file, None, contract.id)
    if "rowid" in columns:
        yield Problem("a column cannot be called 'rowid': that name is the database's own", file, None, contract.id)
    for rule in contract.rules:
        for condition in (rule.when, rule.then) if rule.kind == "implies" else ():
            yield from condition_problems(programme, contract, condition, None, f"{file} {contract.id}.{rule.id}")
        if rule.kind == "compare" and _family(columns[rule.left].type) != _family(columns[rule.right].type):
            found = f"{columns[rule.left].type} and {columns[rule.right].type}"
            yield Problem(f"rule '{rule.id}' compares two kinds of column", file, None, contract.id, found=found)


def _family(kind: str) -> str:
    return {"integer": "number", "code": "text"}.get(kind, kind)


def _pattern(pattern: str, file: str, where: str) -> Iterator[Problem]:
    try:
        re.compile(f"^(?:{pattern})$", re.ASCII)
    except re.error as error:
        yield Problem(
            "the pattern is not a regular expression",
            file,
            None,
            where,
            found=f"{pattern}: {error}",
            fix="Note that flags go inside a group, as in (?i:abc).",
        )


def graph_problems(
    nodes: Iterable[str], edges: Iterable[tuple[str, str]], what: str, file: str, line: int | None
) -> Iterator[Problem]:
    """Yield a problem if the edges run in a circle."""
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(nodes, ()))
    for source, target in edges:
        sorter.add(target, source)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        yield Problem(f"the {what} runs in a circle", file, line, found=circle, fix="Remove one of these links.")
