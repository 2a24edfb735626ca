"""Did we cause it, and how sure are we? Contribution by the effect's interval, evidence by a declared rule.

The levels are those of the Maryland Scientific Methods Scale as adapted by the What Works Centre for Local Economic
Growth: 1 before/after or no comparison, 3 difference-in-differences, 5 randomised. A failed critical check costs one
level; level 2 and 4 belong to designs of the estimate room still to come, or to failed checks.
"""

from __future__ import annotations

from dataclasses import dataclass

from impact.declare.indicators import Design
from impact.estimate import Effect

LEVELS = {"randomised": 5, "did": 3, "before_after": 1}
CRITICAL = ("balance", "attrition", "placebo_wave", "clusters")


@dataclass(frozen=True)
class Contribution:
    """What the effect says: ``improved``, ``worsened``, ``changed``, ``no_clear_effect`` or ``not_estimable``."""

    status: str
    reason: str


def judge_contribution(direction: str, effect: Effect | None, reason: str) -> Contribution:
    """Read an effect by its interval and the indicator's direction.

    Parameters
    ----------
    direction
        ``increase``, ``decrease`` or ``maintain``.
    effect
        The effect, or None with the ``reason`` why there is none.
    """
    if effect is None:
        return Contribution("not_estimable", reason)
    if effect.conf_low <= 0 <= effect.conf_high:
        return Contribution("no_clear_effect", "the interval of the effect holds zero")
    if direction == "maintain":
        return Contribution("changed", "the interval of the effect leaves out zero")
    better = (effect.conf_low > 0) == (direction == "increase")
    return Contribution("improved" if better else "worsened", "the interval of the effect leaves out zero")


def evidence_level(design: Design | None, effect: Effect | None, *, measured_before: bool) -> tuple[int | None, str]:
    """Return the level of evidence (1 to 5) for what the programme caused, and why.

    Parameters
    ----------
    design
        The declared design.
    effect
        The effect with its diagnostics, or None if it could not be estimated.
    measured_before
        Whether the outcome has a baseline at all.
    """
    if effect is None or design is None:
        if measured_before:
            return LEVELS["before_after"], "before and after without a comparison"
        return None, "no comparison and no baseline: nothing is said about cause"
    failed = [d.check for d in effect.diagnostics if d.check in CRITICAL and d.status == "failed"]
    level = max(1, LEVELS[design.kind] - len(failed))
    why = f"{design.kind} design" + (f"; lowered for failed checks: {', '.join(failed)}" if failed else "")
    return level, why
