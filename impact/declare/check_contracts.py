"""Whether contracts hold together: codelists, patterns, keys, rules and the columns they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from impact.declare.check_due import due_problems
from impact.declare.conditions import condition_problems
from impact.declare.contracts import Clock, Column, Contract, ForeignKey, Rule
from impact.declare.load import Programme
from impact.declare.location import Location
from impact.errors import Problem
from impact.periods import LAST_REPORT, PERIOD, UNIT_OPEN

FILE = "contracts.yaml"


def contract_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the contracts of a programme."""
    edges = []
    for contract in programme.contracts.values():
        yield from _contract_sense(programme, contract)
        for name, column in contract.columns.items():
            yield from _column(programme, column, Location(FILE, field=f"{contract.id}.{name}"))
        at = Location(FILE, field=f"{contract.id}.foreign_keys")
        for key in contract.foreign_keys:
            referenced = programme.contracts.get(key.references)
            if referenced is None:
                yield at.problem(f"there is no contract '{key.references}'")
                continue
            edges.append((referenced.id, contract.id))
            yield from _foreign_key(contract, key, referenced, at)
    yield from graph_problems(sorted(programme.contracts), edges, "chain of foreign keys", Location(FILE))


def _column(programme: Programme, column: Column, at: Location) -> Iterator[Problem]:
    if column.codelist and column.codelist not in programme.codelists:
        expected = ", ".join(programme.codelists) or "no codelist is declared"
        yield at.problem(f"there is no codelist '{column.codelist}'", expected)
    if column.pattern is not None:
        yield from _pattern(column.pattern, at)


def _foreign_key(contract: Contract, key: ForeignKey, referenced: Contract, at: Location) -> Iterator[Problem]:
    for name, target in zip(key.columns, key.to, strict=True):
        if target not in referenced.columns:
            yield at.problem(f"contract '{referenced.id}' has no column '{target}'")
            continue
        kind, target_kind = contract.columns[name].type, referenced.columns[target].type
        if _family(kind) != _family(target_kind):
            yield at.problem(f"'{name}' refers to '{target}' of another kind", kind, target_kind)


def _contract_sense(programme: Programme, contract: Contract) -> Iterator[Problem]:
    at, columns = Location(FILE, field=contract.id), contract.columns
    keys = [name for name in (*contract.key, contract.person, contract.wave) if name]
    for name in dict.fromkeys(keys):
        if not columns[name].required:
            yield at.at(f"{contract.id}.{name}").problem(f"key column '{name}' may be missing", "required: true")
    if contract.wave and columns[contract.wave].type not in ("text", "code"):
        yield at.problem(f"the wave column '{contract.wave}' must be text or code")
    if contract.status and columns[contract.status].type != "text":
        yield at.problem(f"the status column '{contract.status}' must be text")
    if contract.period:
        yield from _clock(contract, contract.period, at.at(f"{contract.id}.period"))
    if contract.due and contract.period:
        yield from due_problems(programme, contract, contract.due, at.at(f"{contract.id}.due"))
    if "rowid" in columns:
        yield at.problem("a column cannot be called 'rowid': that name is the database's own")
    for rule in contract.rules:
        yield from _rule(programme, contract, rule, at)


def _clock(contract: Contract, clock: Clock, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with a clock: it reads a date that no row lacks, and adds columns of its own."""
    column = contract.columns[clock.column]
    if column.type != "date":
        yield at.problem(f"the clock reads '{clock.column}', which is no date", "date", column.type)
    elif not column.required:
        yield at.problem(f"the clock's column '{clock.column}' may be missing", "required: true")
    for name in sorted({PERIOD, LAST_REPORT, UNIT_OPEN} & contract.columns.keys()):
        yield at.problem(f"a contract with a clock cannot have a column '{name}': the engine adds it", fix="Rename it.")
    for name in clock.unit:
        if not contract.columns[name].required:
            yield at.problem(f"'{name}' tells apart who reports, and may be missing", "required: true")


def _rule(programme: Programme, contract: Contract, rule: Rule, at: Location) -> Iterator[Problem]:
    if rule.kind == "implies":
        at = at.at(f"{contract.id}.{rule.id}")
        for condition in (rule.when, rule.then):
            yield from condition_problems(programme, contract, condition, at)
        return
    kind, other_kind = (contract.columns[name].type for name in rule.columns())
    if _family(kind) != _family(other_kind):
        yield at.problem(f"rule '{rule.id}' compares two kinds of column", found=f"{kind} and {other_kind}")


def _family(kind: str) -> str:
    return {"integer": "number", "code": "text"}.get(kind, kind)


def _pattern(pattern: str, at: Location) -> Iterator[Problem]:
    try:
        re.compile(f"^(?:{pattern})$", re.ASCII)
    except re.error as error:
        found = f"{pattern}: {error}"
        fix = "Note that flags go inside a group, as in (?i:abc)."
        yield at.problem("the pattern is not a regular expression", found=found, fix=fix)


def graph_problems(
    nodes: Iterable[str], edges: Iterable[tuple[str, str]], what: str, at: Location
) -> Iterator[Problem]:
    """Yield a problem if the edges run in a circle."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for node in nodes:
        sorter.add(node)
    for source, target in edges:
        sorter.add(target, source)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        yield at.problem(f"the {what} runs in a circle", found=circle, fix="Remove one of these links.")
