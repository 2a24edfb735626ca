"""``registrations.yaml``: plans frozen by ``impact register``, newest last; written by the engine, read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from impact.declare.base import Declared, Id
from impact.declare.location import Location
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
    plans = file.plans
    wrong = {name for name, plan in plans.items() if fingerprint(plan) != name}
    for entry in file.registrations:
        parts_of_plan = (entry.theory_of_change, *entry.indicators.values())
        hashes = {part for part in parts_of_plan if isinstance(part, str)}
        wrong |= hashes - plans.keys()
    if wrong:
        raise DeclarationError([_edited(name, plans.get(name)) for name in sorted(wrong)])
    return tuple(_full(plans, entry) for entry in file.registrations)


def _full(plans: Mapping[str, Plan], entry: WrittenRegistration) -> Registration:
    def in_full(plan: Plan | str) -> Plan:
        return plans[plan] if isinstance(plan, str) else plan

    indicators = {name: in_full(plan) for name, plan in entry.indicators.items()}
    chain = in_full(entry.theory_of_change)
    header = entry.model_dump(exclude={"theory_of_change", "indicators"})
    return Registration(**header, theory_of_change=chain, indicators=indicators)


def _edited(name: str, plan: Plan | None) -> Problem:
    at, fix = Location(REGISTRATIONS, field="plans"), "Restore the file; register amendments with `impact register`."
    if plan is None:
        return at.problem("a part of a registered plan is gone", name[:12], "nothing", fix)
    what = "a part of a registered plan was edited after it was made"
    return at.problem(what, name[:12], fingerprint(plan)[:12], fix)


def written_registrations(registrations: Sequence[Registration]) -> Plan:
    """Return registrations as plain data for the file, each part of a plan once."""
    plans: dict[str, Plan] = {}
    entries = []
    for entry in registrations:
        chain = fingerprint(entry.theory_of_change)
        hashes = {name: fingerprint(plan) for name, plan in entry.indicators.items()}
        plans[chain] = entry.theory_of_change
        for name, plan in entry.indicators.items():
            plans[hashes[name]] = plan
        written = entry.model_dump(mode="json")
        entries.append(written | {"theory_of_change": chain, "indicators": hashes})
    return {"registrations": entries, "plans": plans}
