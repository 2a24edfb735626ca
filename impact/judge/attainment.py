"""Did we get there? The one place where a value meets its promise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from impact.declare.limits import ANYTHING, Limits, close, promise_state, slack_of

WORST_FIRST = (
    "wrong_way", "short", "contradictory", "out_of_range", "incomplete", "uncertain", "not_due", "no_data",
    "suppressed", "reached",
)  # fmt: skip
"""The states of a promise, in the order in which they weigh on what several promises come to."""


@dataclass(frozen=True)
class Attainment:
    """How a value stands to its target.

    Parameters
    ----------
    status
        ``reached``, ``short`` and ``wrong_way`` where the whole interval says so; ``uncertain`` where the interval
        holds the target; ``incomplete`` where units that did not report may decide it; ``contradictory`` where the
        promise goes against its direction; ``out_of_range`` where no value could keep it; ``no_target``, ``no_data``,
        ``not_due`` otherwise.
    progress
        ``(value − baseline)/(target − baseline)``, or None.
    progress_state
        ``measured``, or why there is no progress: ``no_gap``, ``wrong_way``, ``no_baseline``, ``no_target``,
        ``no_data``, ``incomplete``, ``contradictory``, ``out_of_range``. Moving the wrong way keeps its (negative)
        number.
    """

    status: str
    progress: float | None
    progress_state: str


@dataclass(frozen=True)
class Completeness:
    """Which of the numbers are of all units.

    Parameters
    ----------
    value, baseline
        Whether all units stand behind the value, and behind the baseline.
    grows
        Whether a unit that is missing can only add to the value, as to a count or to a sum of what is never below zero.
    """

    value: bool = True
    baseline: bool = True
    grows: bool = False


ALL_UNITS = Completeness()


def judge_attainment(
    direction: str,
    *,
    baseline: float | None,
    target: float | None,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    due: bool = True,
    exact: bool = True,
    limits: Limits = ANYTHING,
    complete: Completeness = ALL_UNITS,
    part: bool = False,
) -> Attainment:
    """Hold a value and its interval against a target.

    Parameters
    ----------
    direction
        What is better: ``increase``, ``decrease``, or to ``maintain`` the value.
    baseline, target, value
        In the indicator's unit; None where unknown.
    low, high
        Interval of the value; None where there is none.
    due
        Whether the due date has passed when the value was taken.
    exact
        Whether a value without interval is a complete count; if not, nothing is certain of it.
    limits
        The smallest and the largest value there can be.
    complete
        Which of the numbers are of all units. What is of some is a bound of the whole, or says nothing of it.
    part
        Whether this is a part of what the promise is about. One that was beyond the target from the start contradicts
        no promise: there is no gap to close.

    Examples
    --------
    >>> judge_attainment("increase", baseline=10, target=20, value=15, low=14, high=16)
    Attainment(status='short', progress=0.5, progress_state='measured')
    """
    state = promise_state(direction, baseline, target, limits)
    if state == "out_of_range" or (state == "contradictory" and not part):
        return Attainment(state, None, state)
    progress, state = _progress(direction, baseline, target, value, beyond=state == "contradictory", known=complete)
    if value is None:
        return Attainment("no_data", None, state)
    if target is None:
        return Attainment("no_target", None, state)
    if low is None and not exact and complete.value:
        return Attainment("uncertain" if due else "not_due", progress, state)
    low, high = (value if low is None else low), (value if high is None else high)
    if not complete.value:
        low, high = (value if complete.grows and exact else -math.inf), math.inf
    if direction == "maintain":
        status = _maintained(target, low, high)
    else:
        sign = 1.0 if direction == "increase" else -1.0
        worst, best = sorted((sign * low, sign * high))
        known = complete.value and complete.baseline
        status = _directed(sign * target, worst, best, None if baseline is None or not known else sign * baseline)
    if status == "uncertain" and not complete.value:
        status = "incomplete"
    if status != "reached" and not due:
        status = "not_due"
    return Attainment(status, progress, state)


def together(states: Iterable[tuple[str, bool]]) -> str:
    """Return the state of several findings: of those promised the worst; ``unmeasured`` if there are none.

    Parameters
    ----------
    states
        Of each finding: its attainment, and whether it has a target.

    Examples
    --------
    >>> together([("reached", True), ("short", True), ("no_target", False)]), together([])
    ('short', 'unmeasured')
    """
    found = list(states)
    promised = {state for state, has_target in found if has_target}
    if promised:
        return next(state for state in WORST_FIRST if state in promised)
    if not found:
        return "unmeasured"
    return "no_data" if all(state in ("no_data", "suppressed") for state, _ in found) else "no_target"


def _maintained(target: float, low: float, high: float) -> str:
    slack = slack_of(target)
    if low - slack <= target <= high + slack:
        return "reached" if high - low <= slack else "uncertain"
    return "short"


def _directed(target: float, worst: float, best: float, baseline: float | None) -> str:
    slack = slack_of(target)
    if worst >= target - slack:
        return "reached"
    if best >= target - slack:
        return "uncertain"
    return "wrong_way" if baseline is not None and best < baseline - slack else "short"


def _progress(
    direction: str,
    baseline: float | None,
    target: float | None,
    value: float | None,
    *,
    beyond: bool,
    known: Completeness,
) -> tuple[float | None, str]:
    if value is None:
        return None, "no_data"
    if target is None:
        return None, "no_target"
    if not (known.value and known.baseline):
        return None, "incomplete"
    if baseline is None:
        return None, "no_baseline"
    if beyond or close(target, baseline):
        return None, "no_gap"
    progress = (value - baseline) / (target - baseline)
    if close(progress, 0.0):  # the last bits of two numbers are no movement, and have no direction
        progress = 0.0
    return progress, "wrong_way" if progress < 0 and direction != "maintain" else "measured"
