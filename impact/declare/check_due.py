"""Whether what is due can be followed: who owes is known, dates are dates, and a report is no shorter than a period."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.base import last_day
from impact.declare.calendar import Due, Roster
from impact.declare.contracts import Contract
from impact.declare.load import Programme
from impact.declare.location import Location
from impact.errors import Problem
from impact.periods import coarser

NAMES = ("text", "code")


def due_problems(programme: Programme, contract: Contract, due: Due, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with what a contract with a clock says of reports that are due."""
    if contract.period and contract.due_every not in coarser(contract.period.every):
        what = "reports cannot be due more often than the clock counts"
        yield at.problem(what, ", ".join(coarser(contract.period.every)), str(contract.due_every))
    yield from _columns(contract, due, at)
    if due.first and due.last and last_day(due.first) > last_day(due.last):
        yield at.problem("the last report is due before the first", found=f"{due.first} to {due.last}")
    if due.units is not None:
        yield from _roster(programme, contract, due.units, at.at(f"{contract.id}.due.units"))
    elif contract.columns[due.by].type != "code":
        fix = "Name their roster under units, or make it a code column, all of whose codes owe."
        yield at.problem(f"nobody says which units owe reports: '{due.by}' has no list of codes", fix=fix)


def _columns(contract: Contract, due: Due, at: Location) -> Iterator[Problem]:
    by = contract.columns[due.by]
    if by.type not in NAMES:
        yield at.problem(f"'{due.by}' says whose report a row is, and is no name", "text or code", by.type)
    if not by.required:
        yield at.problem(f"'{due.by}' says whose report a row is, and may be missing", "required: true")
    for name in filter(None, (due.received, due.corrected)):
        kind = contract.columns[name].type
        if kind != "date":
            yield at.problem(f"'{name}' says when a report came, and is no date", "date", kind)


def _roster(programme: Programme, contract: Contract, roster: Roster, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with a roster: it has a row for each unit, with dates, and owes nothing itself."""
    listed = programme.contracts.get(roster.contract)
    if listed is None:
        yield at.problem(f"there is no contract '{roster.contract}'", ", ".join(programme.contracts))
        return
    if listed.due is not None:
        what = f"contract '{listed.id}' has reports due itself, and cannot be the roster of '{contract.id}'"
        yield at.problem(what, fix="Keep the units in a contract of their own.")
    if not any(source.contract == listed.id for source in programme.sources):
        yield at.problem(f"no source feeds contract '{listed.id}'", fix="Add it to sources.yaml.")
    if listed.key != (roster.id,):
        found = ", ".join(listed.key)
        yield at.problem(f"contract '{listed.id}' may have several rows for a unit", f"key: [{roster.id}]", found)
    if roster.tells_heirs and roster.closed is None:
        yield at.problem("a successor takes over when a unit closes, and no column says when", fix="Name it: closed.")
    yield from _roster_columns(listed, roster, at)


def _roster_columns(listed: Contract, roster: Roster, at: Location) -> Iterator[Problem]:
    kinds = {
        roster.id: NAMES,
        roster.successor: NAMES,
        roster.predecessor: NAMES,
        roster.opened: ("date",),
        roster.closed: ("date",),
    }
    for name, expected in kinds.items():
        if name is None:
            continue
        column = listed.columns.get(name)
        if column is None:
            yield at.problem(f"contract '{listed.id}' has no column '{name}'", ", ".join(listed.columns))
        elif column.type not in expected:
            yield at.problem(f"column '{name}' of '{listed.id}' is of another kind", " or ".join(expected), column.type)
