"""Did we get there? The one place where a value meets its promise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

RELATIVE = 1e-9
WORST_FIRST = ("wrong_way", "short", "uncertain", "not_due", "no_data", "suppressed", "reached")
"""The states of a promise, in the order in which they weigh on what several promises come to."""


@dataclass(frozen=True)
class Attainment:
    """How a value stands to its target.

    Parameters
    ----------
    status
        ``reached``, ``short`` and ``wrong_way`` where the whole interval says so; ``uncertain`` where the interval
        holds the target; ``no_target``, ``no_data``, ``not_due`` otherwise.
    progress
        ``(value − baseline)/(target − baseline)``, or None.
    progress_state
        ``measured``, or why there is no progress: ``no_gap``, ``wrong_way``, ``no_baseline``, ``no_target``,
        ``no_data``. Moving the wrong way keeps its (negative) number.
    """

    status: str
    progress: float | None
    progress_state: str


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
) -> Attainment:
    """Hold a value and its interval against a target.

    Parameters
    ----------
    direction
        ``increase``, ``decrease`` or ``maintain``.
    baseline, target, value
        In the indicator's unit; None where unknown.
    low, high
        Interval of the value; None where there is none.
    due
        Whether the due date has passed when the value was taken.
    exact
        Whether a value without interval is a complete count; if not, nothing is certain of it.

    Examples
    --------
    >>> judge_attainment("increase", baseline=10, target=20, value=15, low=14, high=16)
    Attainment(status='short', progress=0.5, progress_state='measured')
    """
    progress, state = _progress(direction, baseline, target, value)
    if value is None:
        return Attainment("no_data", None, state)
    if target is None:
        return Attainment("no_target", None, state)
    if low is None and not exact:
        return Attainment("uncertain" if due else "not_due", progress, state)
    low, high = (value if low is None else low), (value if high is None else high)
    if direction == "maintain":
        status = _maintained(target, low, high)
    else:
        sign = 1.0 if direction == "increase" else -1.0
        worst, best = sorted((sign * low, sign * high))
        status = _directed(sign * target, worst, best, None if baseline is None else sign * baseline)
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
    slack = RELATIVE * max(abs(target), 1.0)
    if low - slack <= target <= high + slack:
        return "reached" if high - low <= slack else "uncertain"
    return "short"


def _directed(target: float, worst: float, best: float, baseline: float | None) -> str:
    slack = RELATIVE * max(abs(target), 1.0)
    if worst >= target - slack:
        return "reached"
    if best >= target - slack:
        return "uncertain"
    return "wrong_way" if baseline is not None and best < baseline - slack else "short"


def _progress(
    direction: str, baseline: float | None, target: float | None, value: float | None
) -> tuple[float | None, str]:
    if value is None:
        return None, "no_data"
    if target is None:
        return None, "no_target"
    if baseline is None:
        return None, "no_baseline"
    gap = target - baseline
    if math.isclose(target, baseline, rel_tol=RELATIVE, abs_tol=RELATIVE):
        return None, "no_gap"
    progress = (value - baseline) / gap
    if abs(progress) < RELATIVE:  # the last bits of two numbers are no movement, and have no direction
        progress = 0.0
    return progress, "wrong_way" if progress < 0 and direction != "maintain" else "measured"
