"""Did we cause it, and how sure are we? Contribution by the effect's interval, evidence by a declared rule.

The levels are those of the Maryland Scientific Methods Scale as adapted by the What Works Centre for Local Economic
Growth: 1 before/after, or a bare association; 2 comparison by observed characteristics at one time, or one series
without a comparison; 3 difference-in-differences and what is built on it; 4 discontinuities; 5 randomised.

Naming a design claims its level; its checks show whether it has it. :data:`CRITICAL` says which checks count. Each that
failed costs a level, and all that a design stands on but that could not be made cost one together. A failure of a
certain size leaves no more than a lower design's level: the design is not what it was called. An effect carried to a
territory has the level of the effect itself, but never above 3: that it is the same for all reached, and that nobody
else was helped or harmed, is assumed and not tested.
"""

from __future__ import annotations

from dataclasses import dataclass

from impact.declare.designs import Design, has_comparison
from impact.estimate import Diagnostic, Effect
from impact.estimate.result import ALPHA, STANDS_ON

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
SURE = 0.001
"""A p-value that chance does not give: the limit at which experimenters take an assignment for broken (Kohavi, Tang and
Xu 2020, Trustworthy Online Controlled Experiments, ch. 21)."""


@dataclass(frozen=True)
class Ceiling:
    """The highest level that a failed check leaves, if its p-value is below ``p_below`` and its size above ``size``."""

    level: int
    p_below: float | None = None
    size: float | None = None

    def reached(self, check: Diagnostic) -> bool:
        """Tell whether a failed check is as sure and as large as that."""
        sure = self.p_below is None or (check.p_value is not None and check.p_value < self.p_below)
        return sure and (self.size is None or (check.size is not None and check.size > self.size))


CRITICAL: dict[str, tuple[Ceiling, ...]] = {
    "balance": (Ceiling(2, SURE), Ceiling(1, SURE, 0.25)),
    "attrition": (Ceiling(2, SURE, 0.11),),
    "placebo_wave": (Ceiling(1, SURE, 1.0),),
    "pre_trend": (Ceiling(1, SURE, 1.0),),
    "pre_fit": (Ceiling(1, None, 1.0),),
    "density": (Ceiling(2, SURE),),
    "placebo_outcome": (Ceiling(2, SURE),),
    "assignment_unit": (),
    "clusters": (),
    "first_stage": (),
    "staggered_adoption": (),
    "covariate_continuity": (),
    "overlap": (),
    "autocorrelation": (),
}
"""Checks whose failure costs a level, and from which size on it leaves no more than a lower one.

``balance``: its size is the largest standardised difference; an assignment that fails so surely was not drawn by lot
and counts as a comparison by what was seen, beyond 0.25 not even as that. ``attrition``: the difference of the shares
lost; beyond 0.11 no share lost in all is low for the What Works Clearinghouse, which reviews the experiment as a
comparison too. ``placebo_wave`` and ``pre_trend``: the largest effect before the programme over the effect itself;
above 1, what was there before is all that is seen after. ``pre_fit``: the gap before the start over the series' own
spread; above 1, the mean of the series fits better.
"""
OF_THE_REACH = ("reach_within_population",)
"""Checks of what is added to an effect to carry it to a territory; their failure costs a level too."""
REFUSED = "could not be estimated"
"""How the reason begins where a design was declared and gave no effect."""
NOT_ROW_BY_ROW = "no clear effect if the arms were assigned by groups of rows"


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
        What is better: ``increase``, ``decrease``, or to ``maintain`` the value.
    effect
        The effect, or None with the ``reason`` why there is none.

    Examples
    --------
    >>> judge_contribution("increase", None, "no design is declared")
    Contribution(status='not_estimable', reason='no design is declared')
    """
    if effect is None:
        return Contribution("not_estimable", reason)
    if effect.conf_low <= 0 <= effect.conf_high:
        return Contribution("no_clear_effect", "the interval of the effect holds zero")
    if strictest_p(effect) >= ALPHA:
        return _not_clear(effect)
    if effect.estimand in NO_EFFECT:
        return NO_EFFECT[effect.estimand]
    if direction == "maintain":
        return Contribution("changed", "the interval of the effect leaves out zero")
    better = (effect.conf_low > 0) == (direction == "increase")
    return Contribution("improved" if better else "worsened", "the interval of the effect leaves out zero")


def _not_clear(effect: Effect) -> Contribution:
    """Say which test leaves no clear effect, though its interval is clear of zero."""
    if effect.p_value >= ALPHA:
        return Contribution("no_clear_effect", f"p = {effect.p_value:.3g} ({effect.inference})")
    return Contribution("no_clear_effect", NOT_ROW_BY_ROW)


def strictest_p(effect: Effect) -> float:
    """Return the p-value of an effect, or the higher one it has if arms were assigned by groups of rows."""
    by_groups = [d.p_value for d in effect.diagnostics if d.check == "assignment_unit" and d.status == "failed"]
    return max([effect.p_value, *(p for p in by_groups if p is not None)])


def evidence_level(
    design: Design | None,
    effect: Effect | None,
    *,
    measured_before: bool,
    reason: str,
    scaled: Design | None = None,
) -> tuple[int | None, str]:
    """Return the level of evidence (1 to 5) for what the programme caused, and why; None where nothing can be said.

    Parameters
    ----------
    design
        The design that the indicator declares, or None; its kind sets the highest level.
    effect
        The effect with its diagnostics, or None if it could not be estimated.
    measured_before
        Whether the outcome has a baseline at all.
    scaled
        The design of the effect that is carried to a territory, if the design does that.
    reason
        What is said of the contribution; where there is no effect, why.
    """
    if effect is None or design is None:
        if has_comparison(design):
            return None, f"{REFUSED}: {reason}"
        if measured_before:
            return LEVELS["before_after"], "before and after without a comparison"
        return None, "no comparison and no baseline: nothing is said about cause"
    failed = [check for check in effect.diagnostics if check.status == "failed" and _critical(check.check)]
    own = [check for check in failed if check.check in OF_THE_REACH]
    stands_on = STANDS_ON.get((scaled or design).kind, ())
    unmade = [d.check for d in effect.diagnostics if d.status == "not_applicable" and d.check in stands_on]
    level = LEVELS[(scaled or design).kind] - (len(failed) - len(own)) - bool(unmade)
    why = f"{design.kind} design"
    if scaled is not None:
        level = min(level, LEVELS[design.kind])
        why += f" on a {scaled.kind} design, at most {LEVELS[design.kind]}"
    why += f"; lowered for failed checks: {', '.join(check.check for check in failed)}" if failed else ""
    why += f"; lowered for checks that could not be made: {', '.join(unmade)}" if unmade else ""
    highest, broken = _ceiling(failed)
    why += f"; at most {highest} for how much this failed: {broken}" if broken and highest < level else ""
    why += f"; {NOT_ROW_BY_ROW}" if effect.p_value < ALPHA <= strictest_p(effect) else ""
    return max(1, min(level - len(own), highest)), why


def _ceiling(failed: list[Diagnostic]) -> tuple[int, str]:
    """Return the lowest level that a failed check leaves at most, and which."""
    reached = [
        (ceiling.level, check.check)
        for check in failed
        for ceiling in CRITICAL.get(_kind(check.check), ())
        if ceiling.reached(check)
    ]
    return min(reached, default=(max(LEVELS.values()), ""))


def _kind(check: str) -> str:
    """Return the check of which this is one: placebo outcomes have a check each."""
    return "placebo_outcome" if check.startswith("placebo_outcome") else check


def _critical(check: str) -> bool:
    return _kind(check) in CRITICAL or check in OF_THE_REACH
