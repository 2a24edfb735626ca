"""The plan: its canonical form and hash, how it was registered, and what changed since."""

from __future__ import annotations

import datetime
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from impact.declare import Programme, in_language, last_day
from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator
from impact.declare.load import read_registrations
from impact.declare.registration import REGISTRATIONS, Plan, Registration, written_registrations
from impact.errors import DeclarationError, Problem, UsageError
from impact.files import Held, held, write_file
from impact.sql import fingerprint
from impact.words.said import Said, Text

PLANNED = (
    "node",
    "level",
    "unit",
    "direction",
    "contract",
    "formula",
    "where",
    "by",
    "scope",
    "sample",
    "ex_ante",
    "ex_post",
    "primary",
)
"""The fields of an indicator that make up the plan; titles and notes may be reworded, units translated, freely."""


@dataclass(frozen=True)
class PlanStatus:
    """How an indicator's plan stands to what was registered before its outcome could be known.

    ``label`` is ``registered``, ``amended`` or ``exploratory``; ``registered_at`` is when it was first registered;
    ``changes`` lists the fields that differ from that first registration.
    """

    label: str
    registered_at: str | None
    changes: tuple[Said, ...]
    detail: str


def indicator_plan(programme: Programme, indicator: Indicator) -> Plan:
    """Return what is planned for an indicator, as plain data without empty fields.

    ``contract_hash`` stands for what a row must be to count, ``waves`` for when they are collected: both decide the
    number as much as the formula does. ``scales`` is the plan of the indicator whose effect is carried to a territory.
    """
    plan = _own_plan(programme, indicator)
    for other in programme.with_scaled(indicator)[1:]:
        plan["scales"] = _own_plan(programme, other)
    return plan


def definition_hash(programme: Programme, indicator: Indicator) -> str:
    """Return the SHA-256 of what is planned for an indicator."""
    return fingerprint(indicator_plan(programme, indicator))


def _own_plan(programme: Programme, indicator: Indicator) -> Plan:
    dumped = indicator.model_dump(mode="json", exclude_none=True) | {"unit": in_language(indicator.unit)}
    plan = {name: dumped[name] for name in PLANNED if dumped.get(name) not in (None, [], {})}
    for where, name in zip(("contract_hash", "supply_hash"), indicator.reads, strict=False):
        plan[where] = _contract_hash(programme, programme.contracts[name])
    if programme.contracts[indicator.contract].wave or indicator.ex_post.wave:
        plan["waves"] = {wave.id: wave.date for wave in programme.header.waves}
    families = [family for family in programme.evaluation.families if indicator.id in family.indicators]
    if families:
        plan["families"] = [family.model_dump(mode="json") for family in families]
    return plan


def _contract_hash(programme: Programme, contract: Contract) -> str:
    codes = [programme.codelists[c.codelist].model_dump(mode="json") for c in contract.columns.values() if c.codelist]
    return fingerprint(contract.model_dump(mode="json"), codes)


def _plan(programme: Programme) -> tuple[Plan, dict[str, Plan]]:
    chain = programme.header.theory_of_change.model_dump(mode="json", exclude_none=True, by_alias=True)
    if programme.evaluation.assignments:
        chain["assignments"] = [item.model_dump(mode="json") for item in programme.evaluation.assignments]
    return chain, {indicator.id: indicator_plan(programme, indicator) for indicator in programme.indicators}


def plan_hash(programme: Programme) -> str:
    """Return the SHA-256 of the canonical plan: theory of change, assignments, measures, promises and designs."""
    return fingerprint(*_plan(programme))


def plan_changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[Said]:
    """Return what differs between two plans, by dotted path, in order."""
    changes: list[Said] = []
    for name in sorted({*before, *after}):
        old, new, here = before.get(name), after.get(name), f"{path}.{name}" if path else name
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            changes += plan_changes(old, new, here)
        elif old != new:
            changes.append(Said("plan.changed", path=here, old=_short(old), new=_short(new)))
    return changes


def _short(value: Any) -> Text | float:
    """Return a field of a plan as a change of it shows it: a number as such, a long text cut."""
    if value is None:
        return Said("plan.nothing")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def register_plan(programme: Programme, author: str, note: str = "") -> Registration | None:
    """Append the plan as it stands now to ``registrations.yaml``.

    Parameters
    ----------
    programme
        The programme whose plan it is; ``registrations.yaml`` is written into its folder.
    author
        Name of who registers the plan; not blank.
    note
        Why the plan changed, where this is not the first registration.

    Returns
    -------
    Registration or None
        What was written, or None if the last registration already holds this very plan.
    """
    if not author.strip():
        raise UsageError("a registration names its author")
    with held(programme.folder / REGISTRATIONS) as file:  # who registers at the same time comes before or after
        made = read_registrations(programme.folder)
        if problems := verify_registrations(replace(programme, registrations=made)):
            raise DeclarationError(problems)
        entry = _next_entry(programme, made, author, note)
        if entry is not None:
            _write(file, (*made, entry))
    return entry


def _next_entry(programme: Programme, made: tuple[Registration, ...], author: str, note: str) -> Registration | None:
    chain, indicators = _plan(programme)
    digest = fingerprint(chain, indicators)
    if made and made[-1].plan_hash == digest:
        return None
    when = datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds")
    return Registration(
        registered_at=when,
        author=author,
        note=note,
        plan_hash=digest,
        entry_hash=fingerprint(made[-1].entry_hash if made else "", when, author, note, digest),
        theory_of_change=chain,
        indicators=indicators,
    )


def _write(file: Held, registrations: tuple[Registration, ...]) -> None:
    """Write the registrations, if they are read back as they are."""
    text = yaml.dump(written_registrations(registrations), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    text = "# Written by `impact register`; the hashes show any later edit.\n" + text
    with tempfile.TemporaryDirectory(prefix="impact-") as scratch:
        write_file(Path(scratch) / REGISTRATIONS, text)
        if read_registrations(Path(scratch)) != registrations:
            raise UsageError(f"{REGISTRATIONS} would not be read back as it is written; nothing was written")
    file.write(text)


class _Dumper(yaml.SafeDumper):
    """A SafeDumper that puts in quotes what our stricter reader would take for a number."""


_Dumper.add_implicit_resolver(
    "tag:impact,2024:number", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def verify_registrations(programme: Programme) -> list[Problem]:
    """Return a problem for each registration that is no longer as it was made, or follows one that was taken out.

    The chain shows careless edits; who can rewrite the whole file can rewrite the chain, so keep it in version
    control or send its last ``entry_hash`` to somebody else.
    """
    problems, before = [], ""
    for number, entry in enumerate(programme.registrations, start=1):
        plan = fingerprint(entry.theory_of_change, entry.indicators)
        chained = fingerprint(before, entry.registered_at, entry.author, entry.note, entry.plan_hash)
        if (plan, chained) != (entry.plan_hash, entry.entry_hash):
            what = f"registration {number}, or the one before it, was edited after it was made"
            fix = "Restore the file; register amendments with `impact register`."
            kept, now = (entry.plan_hash, plan) if plan != entry.plan_hash else (entry.entry_hash, chained)
            problems.append(Problem(what, REGISTRATIONS, None, "registrations", kept[:12], now[:12], fix))
        before = entry.entry_hash
    return problems


def plan_status(programme: Programme, indicator: Indicator) -> PlanStatus:
    """Say whether an indicator was registered before its outcome could be known, and what changed since.

    The outcome can be known from the end of its wave's collection (or of its period) on.
    """
    known_from = _outcome_known(programme, indicator)
    entries = [entry for entry in programme.registrations if indicator.id in entry.indicators]
    early = [entry for entry in entries if entry.registered_at[:10] < min(known_from, _known_then(entry, indicator))]
    if not early:
        why = f"first registered {entries[0].registered_at[:10]}, after" if entries else "not registered before"
        return PlanStatus("exploratory", None, (), f"{why} the outcome could be known ({known_from})")
    first, now = early[0], indicator_plan(programme, indicator)
    changes = tuple(plan_changes(first.indicators[indicator.id], now))
    if not changes:
        return PlanStatus(
            "registered", first.registered_at, (), f"registered {first.registered_at[:10]} by {first.author}"
        )
    same = next((entry for entry in entries if entry.indicators[indicator.id] == now), None)
    when = (
        f"{same.registered_at[:10]} by {same.author}: {same.note or 'no reason given'}"
        if same
        else "not registered yet"
    )
    return PlanStatus("amended", first.registered_at, changes, f"amended {when}")


def _outcome_known(programme: Programme, indicator: Indicator) -> str:
    if indicator.ex_post.period:
        return last_day(indicator.ex_post.period)
    return next(last_day(wave.date) for wave in programme.header.waves if wave.id == indicator.ex_post.wave)


def _known_then(entry: Registration, indicator: Indicator) -> str:
    """Return when the outcome could be known by the plan as registered, so that moving a date back helps nobody."""
    plan = entry.indicators[indicator.id]
    period = plan["ex_post"].get("period") or plan.get("waves", {}).get(plan["ex_post"].get("wave"))
    return last_day(period) if period else ""
