"""Did we cause it, and how sure are we? Contribution by the effect's interval, evidence by a declared rule.

The levels are those of the Maryland Scientific Methods Scale as adapted by the What Works Centre for Local Economic
Growth: 1 before/after, or a bare association; 2 comparison by observed characteristics at one time, or one series
without a comparison; 3 difference-in-differences and what is built on it; 4 discontinuities; 5 randomised. A failed
critical check costs one level. An effect carried to a territory has the level of the effect itself, but never above 3:
that it is the same for all reached, and that nobody else was helped or harmed, is assumed and not tested.
"""

from __future__ import annotations

from dataclasses import dataclass

from impact.declare.designs import Design
from impact.estimate import Effect
from impact.estimate.result import ALPHA

LEVELS = {
    "randomised": 5,
    "regression_discontinuity": 4,
    "did": 3,
    "panel": 3,
    "staggered": 3,
    "synthetic_control": 3,
    "matching": 2,
    "weighting": 2,
    "interrupted_time_series": 2,
    "scaled_effect": 3,
    "association": 1,
    "network_change": 1,
    "before_after": 1,
}
CRITICAL = (
    "balance",
    "attrition",
    "placebo_wave",
    "clusters",
    "first_stage",
    "pre_trend",
    "staggered_adoption",
    "density",
    "covariate_continuity",
    "overlap",
    "pre_fit",
    "autocorrelation",
)
"""Checks whose failure costs a level; a failed placebo outcome does too."""
OF_THE_REACH = ("reach_within_population",)
"""Checks of what is added to an effect to carry it to a territory; their failure costs a level too."""


@dataclass(frozen=True)
class Contribution:
    """What the effect says.

    ``improved``, ``worsened``, ``changed``, ``associated``, ``moved``, ``no_clear_effect`` or ``not_estimable``.
    """

    status: str
    reason: str


NO_EFFECT = {
    "association": Contribution("associated", "the interval leaves out zero, but an association is no effect"),
    "change": Contribution("moved", "the interval leaves out zero, but a change without a comparison is no effect"),
}
"""What is said of an estimate that is clear of zero, but is no effect."""


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
    if effect.p_value >= ALPHA:
        return Contribution("no_clear_effect", f"p = {effect.p_value:.3g} ({effect.inference})")
    if effect.estimand in NO_EFFECT:
        return NO_EFFECT[effect.estimand]
    if direction == "maintain":
        return Contribution("changed", "the interval of the effect leaves out zero")
    better = (effect.conf_low > 0) == (direction == "increase")
    return Contribution("improved" if better else "worsened", "the interval of the effect leaves out zero")


def evidence_level(
    design: Design | None, effect: Effect | None, *, measured_before: bool, scaled: Design | None = None
) -> tuple[int | None, str]:
    """Return the level of evidence (1 to 5) for what the programme caused, and why.

    Parameters
    ----------
    design
        The declared design.
    effect
        The effect with its diagnostics, or None if it could not be estimated.
    measured_before
        Whether the outcome has a baseline at all.
    scaled
        The design of the effect that is carried to a territory, if the design does that.
    """
    if effect is None or design is None:
        if measured_before:
            return LEVELS["before_after"], "before and after without a comparison"
        return None, "no comparison and no baseline: nothing is said about cause"
    failed = [d.check for d in effect.diagnostics if _critical(d.check) and d.status == "failed"]
    own = [check for check in failed if check in OF_THE_REACH]
    level = LEVELS[(scaled or design).kind] - (len(failed) - len(own))
    why = f"{design.kind} design"
    if scaled is not None:
        level = min(level, LEVELS[design.kind])
        why += f" on a {scaled.kind} design, at most {LEVELS[design.kind]}"
    why += f"; lowered for failed checks: {', '.join(failed)}" if failed else ""
    return max(1, level - len(own)), why


def _critical(check: str) -> bool:
    return check in CRITICAL or check in OF_THE_REACH or check.startswith("placebo_outcome")
