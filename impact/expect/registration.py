"""The plan: its canonical form and hash, how it was registered, and what changed since."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from impact.declare import Programme, last_day
from impact.declare.indicators import Indicator
from impact.declare.load import REGISTRATIONS
from impact.declare.registration import Registration
from impact.errors import Problem, UsageError
from impact.sql import fingerprint

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
"""The fields of an indicator that make up the plan; titles and notes may be reworded freely."""


@dataclass(frozen=True)
class PlanStatus:
    """How an indicator's plan stands to what was registered before its outcome could be known.

    ``label`` is ``registered``, ``amended`` or ``exploratory``; ``registered_at`` is when it was first registered;
    ``changes`` lists the fields that differ from that first registration.
    """

    label: str
    registered_at: str | None
    changes: tuple[str, ...]
    detail: str


def indicator_plan(indicator: Indicator) -> dict[str, Any]:
    """Return what is planned for an indicator, as plain data without empty fields."""
    dumped = indicator.model_dump(mode="json", exclude_none=True)
    return {name: dumped[name] for name in PLANNED if dumped.get(name) not in (None, [], {})}


def _plan(programme: Programme) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    chain = programme.header.theory_of_change.model_dump(mode="json", exclude_none=True, by_alias=True)
    return chain, {indicator.id: indicator_plan(indicator) for indicator in programme.indicators}


def plan_hash(programme: Programme) -> str:
    """Return the SHA-256 of the canonical plan: theory of change, measures, promises and designs."""
    return fingerprint(*_plan(programme))


def plan_changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the dotted paths at which two plans differ, in order."""
    changes: list[str] = []
    for name in sorted({*before, *after}):
        old, new, here = before.get(name), after.get(name), f"{path}.{name}" if path else name
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            changes += plan_changes(old, new, here)
        elif old != new:
            changes.append(f"{here}: {_short(old)} → {_short(new)}")
    return changes


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def register_plan(programme: Programme, author: str, note: str = "") -> Registration | None:
    """Append the plan as it stands now to ``registrations.yaml``.

    Parameters
    ----------
    programme
        The programme; its folder must be writable.
    author
        Who registers it.
    note
        Why, for an amendment.

    Returns
    -------
    Registration or None
        What was written, or None if the last registration already holds this very plan.
    """
    if not author.strip():
        raise UsageError("a registration names its author")
    chain, indicators = _plan(programme)
    digest = fingerprint(chain, indicators)
    if programme.registrations and programme.registrations[-1].plan_hash == digest:
        return None
    entry = Registration(
        registered_at=datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        author=author,
        note=note,
        plan_hash=digest,
        theory_of_change=chain,
        indicators=indicators,
    )
    entries = [item.model_dump(mode="json") for item in (*programme.registrations, entry)]
    _replace(
        programme.folder / REGISTRATIONS,
        yaml.safe_dump({"registrations": entries}, sort_keys=False, allow_unicode=True),
    )
    return entry


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text("# Written by `impact register`; the hash shows any later edit.\n" + text, encoding="utf-8")
    os.replace(draft, path)


def verify_registrations(programme: Programme) -> list[Problem]:
    """Return a problem for each registration whose content no longer has the hash it was registered with."""
    return [
        Problem(
            f"registration {number} was edited after it was made",
            REGISTRATIONS,
            field="plan_hash",
            expected=entry.plan_hash[:12],
            found=fingerprint(entry.theory_of_change, entry.indicators)[:12],
            fix="Restore the file; register amendments with `impact register`.",
        )
        for number, entry in enumerate(programme.registrations, start=1)
        if fingerprint(entry.theory_of_change, entry.indicators) != entry.plan_hash
    ]


def plan_status(programme: Programme, indicator: Indicator) -> PlanStatus:
    """Say whether an indicator was registered before its outcome could be known, and what changed since.

    The outcome can be known from the end of its wave's collection (or of its period) on.
    """
    known_from = _outcome_known(programme, indicator)
    entries = [entry for entry in programme.registrations if indicator.id in entry.indicators]
    early = [entry for entry in entries if entry.registered_at[:10] < known_from]
    if not early:
        why = f"first registered {entries[0].registered_at[:10]}, after" if entries else "not registered before"
        return PlanStatus("exploratory", None, (), f"{why} the outcome could be known ({known_from})")
    first, now = early[0], indicator_plan(indicator)
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
