"""What the findings that matter most come to, and what would change it; by rule, for who decides.

The rule is written out in ``docs/methods/verdict.md``. It reads findings as readers see them, protected: who calls it
stands after ``publish``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from impact.judge.contribution import REFUSED, is_no_effect
from impact.states import (
    AttainmentState,
    ContributionState,
    EffectVerdict,
    PromiseVerdict,
    Registration,
)
from impact.tables.finding import Finding
from impact.tables.part import Part
from impact.words.said import Said, joined

MOST = 5
"""Findings that a verdict is made of: more of them nobody weighs at once."""
SOLID = 3
"""Level of evidence from which an effect is called caused: a comparison with the time before, or better."""
OF_RESULTS = ("outcome", "impact")
"""Stages of what changed for somebody; what was done has no effect of its own."""
QUALIFIED = frozenset({"about", "more_than", "at_most"})
"""Flags of a value that was not stated exactly."""
PROMISES: Mapping[AttainmentState, PromiseVerdict] = {
    AttainmentState.REACHED: PromiseVerdict.KEPT,
    AttainmentState.SHORT: PromiseVerdict.BROKEN,
    AttainmentState.WRONG_WAY: PromiseVerdict.BROKEN,
    AttainmentState.NOT_DUE: PromiseVerdict.WAITING,
    AttainmentState.SUPPRESSED: PromiseVerdict.HIDDEN,
}
"""What a promise comes to by its state; undecided by any other."""
EFFECTS: Mapping[ContributionState, EffectVerdict] = {
    ContributionState.WORSENED: EffectVerdict.HARM,
    ContributionState.CHANGED: EffectVerdict.CHANGED,
    ContributionState.NO_CLEAR_EFFECT: EffectVerdict.NOT_SHOWN,
}
"""What is known of the cause by the state of the contribution; nothing by any other that is not an improvement."""
LINKS = {
    "persons": "data",
    "data": "data",
    "units": "data",
    "comparison": "comparison",
    "refused": "comparison",
    "design": "evidence",
    "check": "checks",
    "effect": "precision",
    "effect_adjusted": "precision",
    "value": "precision",
    "exact": "precision",
    "interval": "precision",
    "promise": "promise",
    "target": "promise",
    "due": "promise",
    "plan": "registration",
    "amended": "registration",
    "costs": "costs",
}
"""The link of the chain that each need would mend; in the order in which a chain breaks, the weakest link first."""


@dataclass(frozen=True)
class Need:
    """What would change the verdict.

    Parameters
    ----------
    name
        A key of :data:`LINKS`.
    said
        The same in words.
    findings
        The findings whose verdict it would change; none for the programme as a whole.
    """

    name: str
    said: Said
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What findings come to in one sentence, and what would change it, the weakest link first."""

    said: Said
    needs: tuple[Need, ...]


# ---- which findings --------------------------------------------------------------------------------------------------


def deciding(
    findings: Sequence[Finding], outcomes: Sequence[str], primaries: Collection[str]
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that a verdict is made of, and the others that it could have been made of.

    Parameters
    ----------
    findings
        Of one programme, as a reader sees them; parts are left out.
    outcomes
        Indicators that ``value.yaml`` names as outcomes, in its order.
    primaries
        Indicators that the plan calls primary.

    Notes
    -----
    Outcomes of ``value.yaml`` first, then primary indicators, those of what changed for somebody before those of what
    was done; where there are none of either, outcomes and impacts with a target or an effect. At most five.
    """
    wholes = {finding.indicator: finding for finding in findings if Part.of(vars(finding)).is_whole}
    declared = [wholes[name] for name in outcomes if name in wholes]
    rest = sorted((wholes[name] for name in primaries if name in wholes), key=_by_stage)
    shown = [finding for finding in wholes.values() if _is_result(finding) and _has_target_or_effect(finding)]
    named = list({finding.indicator: finding for finding in (*declared, *rest)}.values())
    chosen = (named or shown)[:MOST]
    others = {finding.indicator: finding for finding in (*named, *shown) if finding not in chosen}
    return chosen, list(others.values())


def _by_stage(finding: Finding) -> tuple[bool, str]:
    return not _is_result(finding), finding.indicator


def _is_result(finding: Finding) -> bool:
    return finding.stage in OF_RESULTS


def _has_target_or_effect(finding: Finding) -> bool:
    return finding.target is not None or (finding.estimate is not None and not is_no_effect(finding.estimand))


# ---- one finding -----------------------------------------------------------------------------------------------------


def promise_verdict(finding: Finding) -> PromiseVerdict:
    """Return what the promise of a finding comes to."""
    state = AttainmentState(finding.attainment)
    if finding.target is None and state is not AttainmentState.SUPPRESSED:
        return PromiseVerdict.NONE
    return PROMISES.get(state, PromiseVerdict.UNDECIDED)


def effect_verdict(finding: Finding) -> EffectVerdict:
    """Return what is known of what the programme caused."""
    state = ContributionState(finding.contribution)
    if not _is_result(finding):
        return EffectVerdict.NONE
    if state is ContributionState.SUPPRESSED:
        return EffectVerdict.HIDDEN
    if is_no_effect(finding.estimand):
        return EffectVerdict.NO_COMPARISON
    if state is ContributionState.IMPROVED:
        is_solid = (finding.evidence_level or 0) >= SOLID
        return EffectVerdict.CAUSED if is_solid else EffectVerdict.INDICATED
    return EFFECTS.get(state, EffectVerdict.NO_COMPARISON)


def finding_needs(finding: Finding, failed: Iterable[Said | str]) -> Iterator[Need]:
    """Yield what would change the verdict on a finding.

    Parameters
    ----------
    finding
        As a reader sees it.
    failed
        What its failed checks say: the hypothesis that each refused.
    """
    if finding.attainment == AttainmentState.SUPPRESSED:
        yield _need(finding, "persons")
        return
    yield from _promise_needs(finding)
    yield from _effect_needs(finding)
    for null in failed:
        yield _need(finding, "check", null=null)
    if finding.registration == Registration.EXPLORATORY:
        yield _need(finding, "plan")
    if finding.registration == Registration.AMENDED:
        yield _need(finding, "amended")


def _promise_needs(finding: Finding) -> Iterator[Need]:
    state = AttainmentState(finding.attainment)
    if state is AttainmentState.NO_DATA or finding.value is None:
        yield _need(finding, "data")
    elif finding.target is None:
        yield _need(finding, "target")
    elif state is AttainmentState.UNCERTAIN:
        yield _precision(finding)
    elif state is AttainmentState.INCOMPLETE:
        yield _need(finding, "units")
    elif state in (AttainmentState.CONTRADICTORY, AttainmentState.OUT_OF_RANGE):
        yield _need(finding, "promise")
    elif state is AttainmentState.NOT_DUE:
        yield _need(finding, "due", day=finding.due or "")


def _precision(finding: Finding) -> Need:
    """Return what would decide a promise: a narrower interval, one at all, or an exact figure."""
    if finding.conf_low is not None:
        return _need(finding, "value")
    if QUALIFIED.intersection(finding.flags):
        return _need(finding, "exact")
    return _need(finding, "interval", method=finding.method)


def _effect_needs(finding: Finding) -> Iterator[Need]:
    verdict = effect_verdict(finding)
    if verdict is EffectVerdict.NO_COMPARISON:
        yield _comparison(finding)
        return
    if verdict is EffectVerdict.NONE:
        return
    if (finding.evidence_level or 0) < SOLID:
        yield _need(finding, "design", least=SOLID, reason=finding.evidence_reason)
    if verdict is EffectVerdict.NOT_SHOWN:
        yield _need(finding, "effect" if _holds_zero(finding) else "effect_adjusted")


def _comparison(finding: Finding) -> Need:
    """Return the need of a comparison: of any, or of one that the data can support."""
    reason = finding.evidence_reason
    if isinstance(reason, Said) and reason.code == REFUSED:
        return _need(finding, "refused", reason=reason.values["reason"])
    return _need(finding, "comparison")


def _holds_zero(finding: Finding) -> bool:
    low, high = finding.effect_low, finding.effect_high
    return low is not None and high is not None and low <= 0 <= high


def _need(finding: Finding, name: str, **values: object) -> Need:
    return Need(name, Said(f"verdicts.need.{name}", **values), (finding.finding,))


# ---- all of them -----------------------------------------------------------------------------------------------------


def verdict(findings: Sequence[Finding], failed: Mapping[str, Sequence[Said | str]], *, has_costs: bool) -> Verdict:
    """Return what findings come to.

    Parameters
    ----------
    findings
        Those that :func:`deciding` chose.
    failed
        What failed checks say, by finding.
    has_costs
        Whether a cost is known, so that an effect can be held against money.
    """
    found = [need for finding in findings for need in finding_needs(finding, failed.get(finding.finding, ()))]
    if not has_costs:
        found.append(Need("costs", Said("verdicts.need.costs")))
    needs = _together(found)
    weakest = Said(f"verdicts.link.{LINKS[needs[0].name] if needs else 'none'}")
    said = Said("verdicts.whole", promises=_promises(findings), effects=_effects(findings), weakest=weakest)
    return Verdict(said, tuple(needs))


def _together(found: Iterable[Need]) -> list[Need]:
    """Return each need once with all its findings, in the order of the chain."""
    by_words: dict[Said, Need] = {}
    for need in found:
        before = by_words.get(need.said)
        by_words[need.said] = Need(need.name, need.said, (before.findings if before else ()) + need.findings)
    order = list(LINKS)
    return sorted(by_words.values(), key=lambda need: order.index(need.name))


def _promises(findings: Sequence[Finding]) -> Said:
    states = [state for state in map(promise_verdict, findings) if state is not PromiseVerdict.NONE]
    parts = _counted("promises", states, PromiseVerdict)
    return joined(*parts, by="comma") or Said("verdicts.promises.none")


def _effects(findings: Sequence[Finding]) -> Said:
    states = [state for state in map(effect_verdict, findings) if state is not EffectVerdict.NONE]
    parts = _counted("effects", states, EffectVerdict)
    return joined(*parts, by="comma") or Said("verdicts.effects.none")


def _counted(of: str, states: Sequence[str], named: Iterable[str]) -> list[Said]:
    """Return how many of the findings are in each state, those in none left out."""
    return [Said(f"verdicts.{of}.{state}", n=states.count(state), of=len(states)) for state in named if state in states]
