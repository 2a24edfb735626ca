"""``registrations.yaml``: plans frozen by ``impact register``, newest last; written by the engine, read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from impact.declare.base import Declared, Id
from impact.errors import DeclarationError, Problem
from impact.sql import fingerprint

REGISTRATIONS = "registrations.yaml"

Plan = dict[str, Any]
"""What is planned, as plain data."""


class Registration(Declared):
    """A plan as it stood at one moment.

    ``indicators`` holds, per indicator, everything that was promised or planned; ``plan_hash`` is the hash of it and
    of the theory of change. ``entry_hash`` chains the entry, its time and author to the one before.
    """

    registered_at: str
    author: str
    note: str = ""
    plan_hash: str
    entry_hash: str
    theory_of_change: Plan
    indicators: dict[Id, Plan]


class WrittenRegistration(Declared):
    """A registration in the file: each part of the plan by its hash in ``plans``, or in full as in older files."""

    registered_at: str
    author: str
    note: str = ""
    plan_hash: str
    entry_hash: str
    theory_of_change: Plan | str
    indicators: dict[Id, Plan | str]


class RegistrationsFile(Declared):
    """The whole of ``registrations.yaml``; ``plans`` holds each part of a plan once, by its hash."""

    plans: dict[str, Plan] = Field(default_factory=dict)
    registrations: tuple[WrittenRegistration, ...] = ()


def full_registrations(file: RegistrationsFile) -> tuple[Registration, ...]:
    """Return the registrations with the parts of their plans in full.

    Raises
    ------
    DeclarationError
        If a part is not there, or is not what its hash says.
    """
    edited = [name for name, plan in file.plans.items() if fingerprint(plan) != name]
    named = {
        part
        for entry in file.registrations
        for part in (entry.theory_of_change, *entry.indicators.values())
        if isinstance(part, str)
    }
    wrong = sorted({*edited, *(named - file.plans.keys())})
    if wrong:
        raise DeclarationError([_edited(name, file.plans.get(name)) for name in wrong])
    return tuple(_full(file.plans, entry) for entry in file.registrations)


def _full(plans: Mapping[str, Plan], entry: WrittenRegistration) -> Registration:
    def part(named: Plan | str) -> Plan:
        return plans[named] if isinstance(named, str) else named

    parts = {"theory_of_change": part(entry.theory_of_change)}
    return Registration(
        **entry.model_dump(exclude={"theory_of_change", "indicators"}),
        **parts,
        indicators={name: part(plan) for name, plan in entry.indicators.items()},
    )


def _edited(name: str, plan: Plan | None) -> Problem:
    what = f"a part of a registered plan {'is gone' if plan is None else 'was edited after it was made'}"
    found = "nothing" if plan is None else fingerprint(plan)[:12]
    fix = "Restore the file; register amendments with `impact register`."
    return Problem(what, REGISTRATIONS, None, "plans", name[:12], found, fix)


def written_registrations(registrations: Sequence[Registration]) -> Plan:
    """Return registrations as plain data for the file, each part of a plan once."""
    plans: dict[str, Plan] = {}
    entries = []
    for entry in registrations:
        parts = {name: fingerprint(plan) for name, plan in entry.indicators.items()}
        chain = fingerprint(entry.theory_of_change)
        plans |= {chain: entry.theory_of_change} | {parts[name]: plan for name, plan in entry.indicators.items()}
        entries.append(entry.model_dump(mode="json") | {"theory_of_change": chain, "indicators": parts})
    return {"registrations": entries, "plans": plans}
