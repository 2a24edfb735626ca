"""The plan: its canonical form and hash, how it was registered, and what changed since."""

from __future__ import annotations

import datetime
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from impact.declare import Programme, in_language, last_day
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
    "over_time",
    "sample",
    "ex_ante",
    "ex_post",
    "primary",
)
"""The fields of an indicator that make up the plan; titles and notes may be reworded, units translated, freely."""

NEVER = "9999-12-31"
"""After every day on which anything is registered."""


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
    number as much as the formula does; ``promises`` for the files with the targets of parts. ``scales`` is the plan of
    the indicator whose effect is carried to a territory; ``operands`` are those of the indicators from whose values it
    is reckoned.
    """
    plan = _own_plan(programme, indicator)
    for scaled in programme.with_scaled(indicator)[1:]:
        plan["scales"] = _own_plan(programme, scaled)
    _, *operands = programme.with_operands(indicator)
    if operands:
        plan["operands"] = {operand.id: _own_plan(programme, operand) for operand in operands}
    return plan


def definition_hash(programme: Programme, indicator: Indicator) -> str:
    """Return the SHA-256 of what is planned for an indicator."""
    return fingerprint(indicator_plan(programme, indicator))


def _own_plan(programme: Programme, indicator: Indicator) -> Plan:
    dumped = indicator.model_dump(mode="json", exclude_none=True) | {"unit": in_language(indicator.unit)}
    plan = {name: dumped[name] for name in PLANNED if dumped.get(name) not in (None, [], {})}
    for where, name in zip(("contract_hash", "supply_hash"), indicator.reads, strict=False):
        plan[where] = programme.contract_hashes[name]
    if programme.contracts[indicator.contract].wave or indicator.ex_post.wave:
        plan["waves"] = {wave.id: wave.date for wave in programme.header.waves}
    if indicator.ex_ante.targets:
        plan["promises"] = _promised_in(programme, indicator.ex_ante.targets.contract)
    families = [family for family in programme.evaluation.families if indicator.id in family.indicators]
    if families:
        plan["families"] = [family.model_dump(mode="json") for family in families]
    return plan


def _promised_in(programme: Programme, contract: str) -> Plan:
    """Return the files in which parts are promised something, each as it lies there and is read."""
    from impact.ingest import source_sha256  # noqa: PLC0415 - what reads files, only where promises stand in one

    files: Plan = {"contract_hash": programme.contract_hashes[contract]}
    for source in programme.sources:
        if source.contract == contract:
            read = source.model_dump(mode="json", exclude={"provenance"}, exclude_defaults=True)
            files[source.id] = fingerprint(source_sha256(programme.folder, source), read)
    return files


def _plan(programme: Programme) -> tuple[Plan, dict[str, Plan]]:
    chain = programme.header.theory_of_change.model_dump(mode="json", exclude_none=True, by_alias=True)
    if programme.evaluation.assignments:
        chain["assignments"] = [item.model_dump(mode="json") for item in programme.evaluation.assignments]
    if value := value_plan(programme):
        chain["value"] = value
    return chain, {indicator.id: indicator_plan(programme, indicator) for indicator in programme.indicators}


def plan_hash(programme: Programme) -> str:
    """Return the SHA-256 of the canonical plan: theory of change, assignments, measures, promises and designs."""
    return fingerprint(*_plan(programme))


def plan_changes(first: Mapping[str, Any], second: Mapping[str, Any], path: str = "") -> list[Said]:
    """Return what differs between two plans, by dotted path, in order."""
    changes: list[Said] = []
    for name in sorted({*first, *second}):
        old, new = first.get(name), second.get(name)
        field = f"{path}.{name}" if path else name
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            changes += plan_changes(old, new, field)
        elif old != new:
            changes.append(Said("plan.changed", path=field, old=_short(old), new=_short(new)))
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
        registered = read_registrations(programme.folder)
        if problems := verify_registrations(replace(programme, registrations=registered)):
            raise DeclarationError(problems)
        entry = _next_entry(programme, registered, author, note)
        if entry is not None:
            _write(file, (*registered, entry))
    return entry


def _next_entry(
    programme: Programme, registered: tuple[Registration, ...], author: str, note: str
) -> Registration | None:
    """Return the registration of the plan as it stands, chained to the last one; None where that holds this plan."""
    chain, indicators = _plan(programme)
    digest = fingerprint(chain, indicators)
    last = registered[-1] if registered else None
    if last is not None and last.plan_hash == digest:
        return None
    when = datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds")
    previous = last.entry_hash if last is not None else ""
    return Registration(
        registered_at=when,
        author=author,
        note=note,
        plan_hash=digest,
        entry_hash=fingerprint(previous, when, author, note, digest),
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
    problems = []
    previous = ""
    for number, entry in enumerate(programme.registrations, start=1):
        plan = fingerprint(entry.theory_of_change, entry.indicators)
        chained = fingerprint(previous, entry.registered_at, entry.author, entry.note, entry.plan_hash)
        if (plan, chained) != (entry.plan_hash, entry.entry_hash):
            what = f"registration {number}, or the one before it, was edited after it was made"
            fix = "Restore the file; register amendments with `impact register`."
            written, computed = (entry.entry_hash, chained) if plan == entry.plan_hash else (entry.plan_hash, plan)
            problems.append(Problem(what, REGISTRATIONS, None, "registrations", written[:12], computed[:12], fix))
        previous = entry.entry_hash
    return problems


def value_plan(programme: Programme) -> Plan:
    """Return the rules of ``value.yaml`` as plain data; empty where there are none."""
    dumped: Plan = programme.value.model_dump(mode="json", exclude_none=True)
    return {name: rules for name, rules in dumped.items() if rules}


def value_status(programme: Programme) -> PlanStatus:
    """Say whether the rules of ``value.yaml`` were registered before any outcome they are about could be known.

    That is the day of the first end line, or an earlier one from which an indicator that the rules name could be known.
    """
    plan = value_plan(programme)
    known_from = _rules_known(programme, plan)
    entries = [entry for entry in programme.registrations if "value" in entry.theory_of_change]
    early = [entry for entry in entries if _is_before(entry, known_from, _rules_known_then(entry))]
    if not early:
        return PlanStatus("exploratory", None, (), f"not registered before outcomes could be known ({known_from})")
    first = early[0]
    changes = tuple(plan_changes(first.theory_of_change["value"], plan))
    return PlanStatus("amended" if changes else "registered", first.registered_at, changes, first.author)


def _is_before(entry: Registration, *days: str) -> bool:
    return entry.registered_at[:10] < min(days)


def _rules_known(programme: Programme, plan: Plan) -> str:
    """Return the day from which the first of the outcomes that rules are about can be known."""
    named = set(_named_indicators(plan))
    days = [last_day(wave.date) for wave in programme.header.waves if wave.role == "end_line"]
    days += [outcome_known(programme, indicator) for indicator in programme.indicators if indicator.id in named]
    return min(days, default=last_day(programme.header.period.end))


def _rules_known_then(entry: Registration) -> str:
    """Return the same by the indicators as registered, so that moving a date helps nobody."""
    named = set(_named_indicators(entry.theory_of_change["value"]))
    days = [_known_then(plan) for name, plan in entry.indicators.items() if name in named]
    return min(days, default=NEVER)


def _named_indicators(rules: object) -> Iterator[str]:
    """Yield the indicators that rules name, wherever they stand in them."""
    if isinstance(rules, Mapping):
        for field, value in rules.items():
            yield from _texts(value) if field in ("indicator", "indicators") else _named_indicators(value)
    elif isinstance(rules, list | tuple):
        for item in rules:
            yield from _named_indicators(item)


def _texts(value: object) -> Iterator[str]:
    """Yield a text, or the texts of a list or of the values of a mapping."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def plan_status(programme: Programme, indicator: Indicator) -> PlanStatus:
    """Say whether an indicator was registered before its outcome could be known, and what changed since.

    The outcome can be known from the end of its wave's collection (or of its period) on.
    """
    known_from = outcome_known(programme, indicator)
    entries = [entry for entry in programme.registrations if indicator.id in entry.indicators]
    early = [
        entry
        for entry in entries
        if entry.registered_at[:10] < min(known_from, _known_then(entry.indicators[indicator.id]))
    ]
    if not early:
        registered = f"first registered {entries[0].registered_at[:10]}, after" if entries else "not registered before"
        return PlanStatus("exploratory", None, (), f"{registered} the outcome could be known ({known_from})")
    first = early[0]
    plan = indicator_plan(programme, indicator)
    changes = tuple(plan_changes(first.indicators[indicator.id], plan))
    if changes:
        return PlanStatus("amended", first.registered_at, changes, f"amended {_amendment(entries, indicator, plan)}")
    detail = f"registered {first.registered_at[:10]} by {first.author}"
    return PlanStatus("registered", first.registered_at, (), detail)


def _amendment(entries: list[Registration], indicator: Indicator, plan: Plan) -> str:
    """Say when, by whom and why the plan as it stands was registered."""
    for entry in entries:
        if entry.indicators[indicator.id] == plan:
            return f"{entry.registered_at[:10]} by {entry.author}: {entry.note or 'no reason given'}"
    return "not registered yet"


def outcome_known(programme: Programme, indicator: Indicator) -> str:
    """Return the day from which the outcome of an indicator can be known: the end of its wave, or of its period."""
    outcome = indicator.ex_post
    if outcome.period:
        return last_day(outcome.period)
    dates = {wave.id: wave.date for wave in programme.header.waves}
    return last_day(dates[outcome.wave or ""])


def _known_then(plan: Plan) -> str:
    """Return when the outcome could be known by the plan as registered, so that moving a date back helps nobody."""
    outcome = plan["ex_post"]
    waves = plan.get("waves", {})
    period = outcome.get("period") or waves.get(outcome.get("wave"))
    return last_day(period) if period else ""
