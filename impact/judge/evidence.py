"""Did we cause it, and how sure are we? Contribution by the effect's interval, evidence by a declared rule.

The levels are those of the Maryland Scientific Methods Scale as adapted by the What Works Centre for Local Economic
Growth: 1 before/after, or a bare association; 2 comparison by observed characteristics at one time, or one series
without a comparison; 3 difference-in-differences and what is built on it; 4 discontinuities; 5 randomised.

Naming a design claims its level; its checks show whether it has it. Which checks count stands in the descriptor of the
design, see :mod:`impact.designs.kind`. Each that failed costs a level, and all that a design stands on but that could
not be made cost one together. A failure of a certain size leaves no more than a lower design's level: the design is not
what it was called. An effect carried to a territory has the level of the effect itself, but never above that of its own
design: that it is the same for all reached, and that nobody else was helped or harmed, is assumed and not tested.
"""

from __future__ import annotations

from collections.abc import Iterator

from impact.designs.base import Design
from impact.designs.kind import Checks
from impact.designs.models import has_comparison
from impact.designs.registry import design_kind
from impact.estimate import Diagnostic, Effect
from impact.estimate.result import ALPHA
from impact.judge.contribution import NO_EFFECT, Contribution, refused
from impact.states import CheckStatus
from impact.words.said import Remark, Said, joined

LOWEST, HIGHEST = 1, 5
"""Of the scale."""
CLEAR = Said("evidence.interval_clear_of_zero")
NOT_ROW_BY_ROW = Said("evidence.not_row_by_row")


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
    strictest = effect.p_value
    for check in _with_status(effect, CheckStatus.FAILED):
        if check.name == "assignment_unit" and check.p_value is not None:
            strictest = max(strictest, check.p_value)
    return strictest


def _with_status(effect: Effect, status: CheckStatus) -> list[Diagnostic]:
    return [check for check in effect.diagnostics if check.status == status]


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
        return _level_without_effect(design, measured_before=measured_before, reason=reason)
    estimated = design_kind(scaled or design)
    carrier = None if scaled is None else design_kind(design)
    failed = _with_status(effect, CheckStatus.FAILED)
    critical = _critical(failed, estimated.checks)
    of_the_reach = _critical(failed, carrier.checks) if carrier else []
    unmade = [c for c in _with_status(effect, CheckStatus.NOT_APPLICABLE) if c.name in estimated.stands_on]
    level = estimated.level - len(critical) - bool(unmade)
    if carrier:
        level = min(level, carrier.level)
    highest, broken = _ceiling(critical, estimated.checks)
    lowering = [check.check for check in failed if check in critical or check in of_the_reach]
    why = joined(
        _designed(design, scaled),
        Said("evidence.lowered_for_failed", checks=lowering) if lowering else None,
        Said("evidence.lowered_for_unmade", checks=[check.check for check in unmade]) if unmade else None,
        Said("evidence.at_most", level=highest, check=broken.check) if broken and highest < level else None,
        NOT_ROW_BY_ROW if effect.p_value < ALPHA <= strictest_p(effect) else None,
    )
    level = min(level - len(of_the_reach), highest)
    return max(LOWEST, level), why


def _level_without_effect(design: Design | None, *, measured_before: bool, reason: Remark) -> tuple[int | None, Remark]:
    if has_comparison(design):
        return None, refused(reason)
    if measured_before:
        return LOWEST, Said("evidence.before_and_after")
    return None, Said("evidence.nothing_to_compare")


def _critical(failed: list[Diagnostic], checks: Checks) -> list[Diagnostic]:
    """Return the failed checks that cost a design a level."""
    return [check for check in failed if checks.get(check.name) is not None]


def _designed(design: Design, scaled: Design | None) -> Said:
    """Say what was designed, and on what it stands if it carries an effect further."""
    name = Said(f"{design.kind}.kind")
    if scaled is None:
        return name
    of = Said(f"{scaled.kind}.kind")
    return Said("evidence.on_a_design", design=name, of=of, level=design_kind(design).level)


def _ceiling(failed: list[Diagnostic], checks: Checks) -> tuple[int, Diagnostic | None]:
    """Return the lowest level that a failed check leaves at most, and which; the first by name of several."""
    reached = sorted(_ceilings(failed, checks), key=lambda limit: limit[:2])
    if not reached:
        return HIGHEST, None
    level, _, check = reached[0]
    return level, check


def _ceilings(failed: list[Diagnostic], checks: Checks) -> Iterator[tuple[int, str, Diagnostic]]:
    """Yield the levels that failed checks leave at most, each with the check and its name."""
    for check in failed:
        for ceiling in checks[check.name] or ():
            if ceiling.reached(check):
                yield ceiling.level, str(check.check), check
