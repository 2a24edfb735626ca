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
from impact.states import CheckStatus
from impact.words.said import Remark, Said, joined

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
REFUSED = "evidence.refused"
"""Code of the reason where a design was declared and gave no effect."""
CLEAR = Said("evidence.interval_clear_of_zero")
NOT_ROW_BY_ROW = Said("evidence.not_row_by_row")


@dataclass(frozen=True)
class Contribution:
    """What the effect says.

    ``improved``, ``worsened``, ``changed``, ``associated``, ``moved``, ``no_clear_effect`` or ``not_estimable``.
    """

    status: str
    reason: Remark


NO_EFFECT = {
    "estimand.association": Contribution("associated", Said("evidence.association_is_no_effect")),
    "estimand.change": Contribution("moved", Said("evidence.change_is_no_effect")),
}
"""What is said of an estimate that is clear of zero, but is no effect, by the code of its estimand."""


def judge_contribution(direction: str, effect: Effect | None, reason: Remark) -> Contribution:
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
        return Contribution("no_clear_effect", Said("evidence.interval_holds_zero"))
    if strictest_p(effect) >= ALPHA:
        return _not_clear(effect)
    if effect.estimand.code in NO_EFFECT:
        return NO_EFFECT[effect.estimand.code]
    if direction == "maintain":
        return Contribution("changed", CLEAR)
    better = (effect.conf_low > 0) == (direction == "increase")
    return Contribution("improved" if better else "worsened", CLEAR)


def _not_clear(effect: Effect) -> Contribution:
    """Say which test leaves no clear effect, though its interval is clear of zero."""
    if effect.p_value >= ALPHA:
        return Contribution("no_clear_effect", Said("evidence.p", p_value=effect.p_value, inference=effect.inference))
    return Contribution("no_clear_effect", NOT_ROW_BY_ROW)


def strictest_p(effect: Effect) -> float:
    """Return the p-value of an effect, or the higher one it has if arms were assigned by groups of rows."""
    by_groups = [
        check.p_value
        for check in effect.diagnostics
        if check.name == "assignment_unit" and check.status == CheckStatus.FAILED
    ]
    return max([effect.p_value, *(p for p in by_groups if p is not None)])


def evidence_level(
    design: Design | None,
    effect: Effect | None,
    *,
    measured_before: bool,
    reason: Remark,
    scaled: Design | None = None,
) -> tuple[int | None, Remark]:
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
            return None, Said(REFUSED, reason=reason)
        if measured_before:
            return LEVELS["before_after"], Said("evidence.before_and_after")
        return None, Said("evidence.nothing_to_compare")
    failed = [check for check in effect.diagnostics if check.status == CheckStatus.FAILED and _critical(check)]
    of_the_reach = [check for check in failed if check.name in OF_THE_REACH]
    stands_on = STANDS_ON.get((scaled or design).kind, ())
    unmade = [
        check for check in effect.diagnostics if check.status == CheckStatus.NOT_APPLICABLE and check.name in stands_on
    ]
    level = LEVELS[(scaled or design).kind] - (len(failed) - len(of_the_reach)) - bool(unmade)
    if scaled is not None:
        level = min(level, LEVELS[design.kind])
    highest, broken = _ceiling(failed)
    why = joined(
        _named(design, scaled),
        Said("evidence.lowered_for_failed", checks=[check.check for check in failed]) if failed else None,
        Said("evidence.lowered_for_unmade", checks=[check.check for check in unmade]) if unmade else None,
        Said("evidence.at_most", level=highest, check=broken.check) if broken and highest < level else None,
        NOT_ROW_BY_ROW if effect.p_value < ALPHA <= strictest_p(effect) else None,
    )
    return max(1, min(level - len(of_the_reach), highest)), why


def _named(design: Design, scaled: Design | None) -> Said:
    """Say what was designed, and on what it stands if it carries an effect further."""
    name = Said(f"evidence.design_{design.kind}")
    if scaled is None:
        return name
    return Said(
        "evidence.on_a_design", design=name, of=Said(f"evidence.design_{scaled.kind}"), level=LEVELS[design.kind]
    )


def _ceiling(failed: list[Diagnostic]) -> tuple[int, Diagnostic | None]:
    """Return the lowest level that a failed check leaves at most, and which; the first by name of several."""
    reached = [
        (ceiling.level, str(check.check), check)
        for check in failed
        for ceiling in CRITICAL.get(check.name, ())
        if ceiling.reached(check)
    ]
    if not reached:
        return max(LEVELS.values()), None
    level, _, check = min(reached, key=lambda found: found[:2])
    return level, check


def _critical(check: Diagnostic) -> bool:
    return check.name in CRITICAL or check.name in OF_THE_REACH
