"""Promises in one form, wherever they were declared: those of the whole, and those of parts, which stand in a file.

Before :mod:`impact.judge`: a finding is held against the last of them, each milestone against its own value.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any, Literal

import duckdb

from impact.declare import Programme, last_day
from impact.declare.check_promises import TYPES
from impact.declare.indicators import Indicator
from impact.declare.promises import PartTargets, Path, Target
from impact.sql import Select, columns, ident

Origin = Mapping[str, Any]
"""Where a promise comes from, as plain data: a document with its words, a note, or a row of a file."""


@dataclass(frozen=True)
class Promise:
    """A value that is promised for a day, or a change from the baseline.

    Parameters
    ----------
    due
        As declared: a year, month or day.
    value, change
        In the indicator's unit; one of them is None.
    origin
        Where it comes from.
    """

    due: str
    value: float | None
    change: float | None
    origin: Origin

    @property
    def day(self) -> datetime.date:
        """The last day of the date it is due."""
        return datetime.date.fromisoformat(last_day(self.due))

    def figure(self, baseline: float | None) -> float | None:
        """Return the promised value; None for a change from a baseline that is not known."""
        if self.change is None or baseline is None:
            return self.value
        return baseline + self.change


@dataclass(frozen=True)
class Promises:
    """All that is promised of an indicator for the whole, or for one part.

    Parameters
    ----------
    rules
        How the values are read: of what they are, and what holds between two days.
    milestones
        In order of time; a target on one day is a path of one.
    final
        What is promised for the end.
    baseline
        Where the part stood before; None where the file does not say, and for the whole.
    """

    rules: Path | PartTargets | None
    milestones: tuple[Promise, ...]
    final: Promise
    baseline: float | None = None

    @property
    def of_period(self) -> bool:
        """Whether each milestone is the promise of the period that ends on its day."""
        return self.rules is not None and self.rules.of == "period"

    @property
    def between(self) -> Literal["step", "linear"] | None:
        """What is promised between two days: ``step`` or ``linear``; None where nothing is."""
        return self.rules.between if self.rules else None


PartPromises = Mapping[str, Promises]
"""What is promised of parts, by their code."""
NO_PROMISES: PartPromises = MappingProxyType({})


def declared_promises(indicator: Indicator) -> Promises | None:
    """Return what is promised of the whole; None where nothing is."""
    target = indicator.ex_ante.target
    if target is None:
        return None
    if isinstance(target, Path):
        steps = tuple(map(_promise, target.milestones))
        return Promises(target, steps, _promise(target.final))
    return Promises(None, (_promise(target),), _promise(target))


def _promise(target: Target) -> Promise:
    return Promise(target.due, target.value, target.change, target.origin.model_dump(exclude_none=True))


def part_promises(connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator) -> PartPromises:
    """Return what is promised of parts, from the good rows of the contract of targets.

    Parameters
    ----------
    connection
        In a run's transaction, with the views of good rows in place.
    programme, indicator
        As declared; nothing is promised of parts where ``ex_ante.targets`` is left out.
    """
    targets = indicator.ex_ante.targets
    if targets is None:
        return {}
    declared = programme.contracts[targets.contract].columns
    stored = {name: ident(name) if name in declared else "NULL" for name in TYPES}
    query = Select(
        {**stored, **columns(("_source", "_row"))},
        ident(programme.id, targets.contract),
        where=("indicator = ?",),
        order=("part", "due"),
    )
    described = connection.execute(query.sql(), [indicator.id])
    names = [name for name, *_ in described.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in described.fetchall()]
    return {str(part): _of_part(targets, list(steps)) for part, steps in groupby(rows, key=lambda row: row["part"])}


def _of_part(targets: PartTargets, rows: list[dict[str, Any]]) -> Promises:
    """Return the promises of a part: the last is its target, or their sum where each is of a period."""
    steps = tuple(map(_stored_promise, rows))
    final = steps[-1]
    if targets.of == "period":
        total = math.fsum(step.value for step in steps if step.value is not None)
        final = Promise(final.due, total, None, final.origin)
    baselines = [row["baseline"] for row in rows if row["baseline"] is not None]
    return Promises(targets, steps, final, float(baselines[0]) if baselines else None)


def _stored_promise(row: dict[str, Any]) -> Promise:
    said = {"document": row["document"], "page": row["place"], "quote": row["quote"]}
    origin = {name: text for name, text in said.items() if text} | {"source": row["_source"], "row": row["_row"]}
    return Promise(row["due"].isoformat(), float(row["value"]), None, origin)
