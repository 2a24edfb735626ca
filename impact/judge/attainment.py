"""Did we get there? The one place where a value meets its promise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from impact.declare.limits import close, promise_state
from impact.formulas.limits import ANYTHING, Limits, slack_of
from impact.states import WORST_FIRST, AttainmentState, ProgressState


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

    status: AttainmentState
    progress: float | None
    progress_state: ProgressState


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
    >>> attainment = judge_attainment("increase", baseline=10, target=20, value=15, low=14, high=16)
    >>> str(attainment.status), attainment.progress, str(attainment.progress_state)
    ('short', 0.5, 'measured')
    """
    promise = promise_state(direction, baseline, target, limits)
    beyond = promise is AttainmentState.CONTRADICTORY
    if promise and not (beyond and part):
        return Attainment(promise, None, ProgressState(promise))
    progress, state = _progress(direction, baseline, target, value, beyond=beyond, complete=complete)
    if value is None:
        return Attainment(AttainmentState.NO_DATA, None, state)
    if target is None:
        return Attainment(AttainmentState.NO_TARGET, None, state)
    if low is None and not exact and complete.value:
        return Attainment(AttainmentState.UNCERTAIN if due else AttainmentState.NOT_DUE, progress, state)
    low, high = (value if low is None else low), (value if high is None else high)
    if not complete.value:
        low, high = (value if complete.grows and exact else -math.inf), math.inf
    if direction == "maintain":
        status = _maintained(target, low, high)
    else:
        comparable = complete.value and complete.baseline
        status = _directed(direction, target, low, high, baseline if comparable else None)
    if status == AttainmentState.UNCERTAIN and not complete.value:
        status = AttainmentState.INCOMPLETE
    if status != AttainmentState.REACHED and not due:
        status = AttainmentState.NOT_DUE
    return Attainment(status, progress, state)


def together(states: Iterable[tuple[AttainmentState, bool]]) -> AttainmentState:
    """Return the state of several findings: of those promised the worst; ``unmeasured`` if there are none.

    Parameters
    ----------
    states
        Of each finding: its attainment, and whether it has a target.

    Examples
    --------
    >>> str(together([(AttainmentState.REACHED, True), (AttainmentState.SHORT, True)])), str(together([]))
    ('short', 'unmeasured')
    """
    findings = list(states)
    promised = {state for state, has_target in findings if has_target}
    if promised:
        return next(state for state in WORST_FIRST if state in promised)
    if not findings:
        return AttainmentState.UNMEASURED
    silent = (AttainmentState.NO_DATA, AttainmentState.SUPPRESSED)
    if all(state in silent for state, _ in findings):
        return AttainmentState.NO_DATA
    return AttainmentState.NO_TARGET


def _maintained(target: float, low: float, high: float) -> AttainmentState:
    slack = slack_of(target)
    holds_target = low - slack <= target <= high + slack
    if not holds_target:
        return AttainmentState.SHORT
    return AttainmentState.REACHED if high - low <= slack else AttainmentState.UNCERTAIN


def _directed(direction: str, target: float, low: float, high: float, baseline: float | None) -> AttainmentState:
    """Compare an interval with a target on the scale on which more is better."""
    sign = 1.0 if direction == "increase" else -1.0
    worst, best = sorted((sign * low, sign * high))
    threshold = sign * target
    slack = slack_of(threshold)
    if worst >= threshold - slack:
        return AttainmentState.REACHED
    if best >= threshold - slack:
        return AttainmentState.UNCERTAIN
    if baseline is not None and best < sign * baseline - slack:
        return AttainmentState.WRONG_WAY
    return AttainmentState.SHORT


def _progress(
    direction: str,
    baseline: float | None,
    target: float | None,
    value: float | None,
    *,
    beyond: bool,
    complete: Completeness,
) -> tuple[float | None, ProgressState]:
    if value is None:
        return None, ProgressState.NO_DATA
    if target is None:
        return None, ProgressState.NO_TARGET
    if not (complete.value and complete.baseline):
        return None, ProgressState.INCOMPLETE
    if baseline is None:
        return None, ProgressState.NO_BASELINE
    if beyond or close(target, baseline):
        return None, ProgressState.NO_GAP
    progress = (value - baseline) / (target - baseline)
    if close(progress, 0.0):  # the last bits of two numbers are no movement, and have no direction
        progress = 0.0
    backward = progress < 0 and direction != "maintain"
    return progress, ProgressState.WRONG_WAY if backward else ProgressState.MEASURED
