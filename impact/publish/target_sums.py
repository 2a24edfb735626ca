"""Whether the targets of parts add up to that of the whole; the difference is shown, and nothing is corrected.

Called by :mod:`impact.publish.milestones`. Only what adds up over parts is added: a number of things, not a share of
them, of parts that do not overlap.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from impact.declare import Programme
from impact.declare.hierarchy import column_codelist
from impact.declare.indicators import Indicator
from impact.declare.limits import close
from impact.expect.promises import PartPromises, Promise, Promises, declared_promises
from impact.formulas.registry import kind_of
from impact.periods import Every
from impact.states import TargetSumState
from impact.tables.milestones import Point, TargetSum
from impact.tables.part import Part
from impact.words.said import Said


def target_sums(
    programme: Programme, indicator: Indicator, parts: PartPromises, findings: Sequence[Part]
) -> Iterator[TargetSum]:
    """Yield the sum of the promises of parts beside that of the whole: for each day, and for the end.

    Parameters
    ----------
    programme, indicator
        As declared.
    parts
        What parts are promised, by code.
    findings
        The parts of which there are findings; those without a promise are counted.
    """
    targets = indicator.ex_ante.targets
    if targets is None or not parts:
        return
    codes = {part.code for part in findings if part.column == targets.by}
    reason = _why_not_added(programme, indicator, parts)
    for day in _days(indicator, parts):
        compared = _compared(day, reason)
        without = len(codes) - len(day.of_parts)
        yield TargetSum(
            programme=programme.id,
            indicator=indicator.id,
            column=targets.by,
            point=day.point,
            due=day.due,
            parts=len(day.of_parts),
            without=without,
            **compared,
        )


class _Day(NamedTuple):
    """What parts and whole are promised for a day."""

    point: Point
    due: datetime.date
    of_parts: list[Promise]
    of_whole: Promise | None


def _days(indicator: Indicator, parts: PartPromises) -> Iterator[_Day]:
    """Yield the days for which parts are promised something, where any has a path; then the end of each."""
    whole, targets = declared_promises(indicator), indicator.ex_ante.targets
    # what a month is promised is not held against what the quarter is that ends on the same day
    alike = whole is not None and targets is not None and _every(whole) == targets.every
    of_whole = {promise.day: promise for promise in whole.milestones} if whole and alike else {}
    by_day: dict[datetime.date, list[Promise]] = {}
    for promise in (promise for promises in parts.values() for promise in promises.milestones):
        by_day.setdefault(promise.day, []).append(promise)
    finals = [promises.final for promises in parts.values()]
    yield from (
        _Day("milestone", day, promised, of_whole.get(day))
        for day, promised in sorted(by_day.items(), key=_day_of)
        if any(promise not in finals for promise in promised)
    )
    yield _Day("end", max(final.day for final in finals), finals, whole.final if whole else None)


def _every(promises: Promises) -> Every | None:
    """Return how long the periods are that milestones are of; None where they are of everything to date."""
    return promises.rules.every if promises.rules else None


def _day_of(item: tuple[datetime.date, list[Promise]]) -> datetime.date:
    return item[0]


def _compared(day: _Day, reason: Said | None) -> dict[str, Any]:
    """Return the sum, the promise of the whole and their difference."""
    whole = day.of_whole.value if day.of_whole else None
    if reason is not None:
        nothing = {"total": None, "difference": None}
        return nothing | {"whole": whole, "state": TargetSumState.NOT_ADDED, "reason": reason}
    total = math.fsum(promise.value for promise in day.of_parts if promise.value is not None)
    columns: dict[str, Any] = {"total": total, "whole": whole, "reason": ""}
    if whole is None:
        return columns | {"difference": None, "state": TargetSumState.NO_WHOLE}
    state = TargetSumState.SAME if close(total, whole) else TargetSumState.DIFFERS
    return columns | {"difference": total - whole, "state": state}


def _why_not_added(programme: Programme, indicator: Indicator, parts: PartPromises) -> Said | None:
    """Return why the promises of parts are not added; None where they are."""
    kind, targets = kind_of(indicator.formula), indicator.ex_ante.targets
    if kind.parts_overlap:
        return Said("milestones.parts_overlap")
    if not kind.summary.total:
        return Said("milestones.parts_of_share", kind=kind.name)
    codelist = column_codelist(programme, indicator.contract, targets.by) if targets else None
    above = {item.code: item.parent for item in codelist.codes} if codelist else {}
    if any(_lies_in(code, above) & parts.keys() for code in parts):
        return Said("milestones.parts_in_parts")
    return None


def _lies_in(code: str, above: Mapping[str, str | None]) -> set[str]:
    """Return the codes above a code."""
    found = set[str]()
    parent = above.get(code)
    while parent is not None and parent not in found:
        found.add(parent)
        parent = above.get(parent)
    return found
