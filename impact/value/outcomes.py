"""Outcomes by the five dimensions of impact, and the class that follows from them by rule.

Dimensions, risks and classes are norms of the Impact Management Project (https://impactfrontiers.org/norms/); the
rule is ours and is written out in ``docs/methods/dimensions_of_impact.md``. Contribution is read from the estimated
effect alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from impact.declare.base import Origin
from impact.declare.value.outcomes import Degree, Outcome, Risk, RiskKind
from impact.judge.contribution import is_no_effect
from impact.states import ContributionState, ValueSection
from impact.tables.finding import Finding
from impact.value.evidence import Evidence
from impact.value.line import Line, Subject, effect_unit, is_slope, kind_of, names
from impact.words.said import Remark, Said

DEGREES: tuple[Degree, ...] = get_args(Degree)
RISKS: tuple[RiskKind, ...] = get_args(RiskKind)
YEARS, OF_FIVE, OF_NINE = ("years", "anni"), ("of 5", "su 5"), ("of 9", "su 9")
CAUSED = (
    *(ContributionState.IMPROVED, ContributionState.WORSENED),
    *(ContributionState.CHANGED, ContributionState.NO_CLEAR_EFFECT),
)
"""What is said of an effect; of an association or a change without comparison something else is."""
SIGNS = {"increase": 1.0, "decrease": -1.0}
HIGH_RISK, MEDIUM_RISK = 6, 3
"""Likelihood times consequence, each 1 to 3, from which a risk is called so."""


@dataclass(frozen=True)
class Classified:
    """A class by its code, or None; and why."""

    code: str | None
    reason: Said


def outcome_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the lines of every outcome in ``value.yaml``."""
    for outcome in evidence.programme.value.outcomes:
        finding = evidence.wholes[outcome.indicator]
        subject = _subject(evidence, outcome, finding)
        yield _class_line(subject, outcome, finding)
        yield from _what(subject, outcome)
        yield from _who(subject, outcome, finding)
        yield from _how_much(subject, outcome, finding, evidence)
        yield from _contribution(subject, finding)
        yield from _risks(subject, outcome, finding)
        yield from _codes(subject, outcome)


def _subject(evidence: Evidence, outcome: Outcome, finding: Finding) -> Subject:
    """Return the indicator as a subject: synthetic too where those whom it reaches are counted in synthetic rows."""
    counted = [] if outcome.scale is None else [evidence.wholes[outcome.scale.indicator]]
    return replace(Subject.of(ValueSection.OUTCOMES, finding), data_kind=kind_of([finding, *counted]))


# ---- the class -------------------------------------------------------------------------------------------------------


def _class_line(subject: Subject, outcome: Outcome, finding: Finding) -> Line:
    classified = classify(outcome, finding)
    verdict = Said(f"outcomes.class.{classified.code}") if classified.code else None
    label = Said("outcomes.class")
    return Line(subject, "class", label, verdict=verdict, reason=classified.reason, rests_on=names([finding]))


def classify(outcome: Outcome, finding: Finding) -> Classified:
    """Return the class of an outcome: one of the Impact Management Project's, or none and why.

    Parameters
    ----------
    outcome
        As declared.
    finding
        Of the whole programme.

    Notes
    -----
    In this order. Without a direction, an effect, an importance, a threshold, a group or a value there is no class. An
    effect wholly the wrong way does cause harm. One whose interval holds zero may cause harm, unless harm as large as
    ``matters`` is excluded: then there is no class. Nor is there one where the interval is clear of zero and the test
    that the contribution is judged by is not. An effect wholly the right way benefits stakeholders where the
    interval of the value lies beyond the threshold, contributes to solutions where it is also of high importance, the
    group underserved and the whole interval of the effect at least ``matters``; short of the threshold it acts to
    avoid harm.
    """
    missing = _missing(outcome, finding)
    if missing:
        return Classified(None, Said("outcomes.unclassified.missing", missing=tuple(missing)))
    sign = SIGNS[finding.direction]
    low, high = sorted((sign * _number(finding.effect_low), sign * _number(finding.effect_high)))
    matters = outcome.matters.value if outcome.matters else None
    if low <= 0 <= high:
        return _unclear(low, matters)
    if finding.contribution == ContributionState.NO_CLEAR_EFFECT:
        return Classified(None, Said("outcomes.unclassified.not_clear"))
    if high < 0:
        return Classified("does_cause_harm", Said("outcomes.why.worsened"))
    return _improved(outcome, finding, low, matters)


def _missing(outcome: Outcome, finding: Finding) -> list[Said]:
    """Return what a class needs and is not there, by dimension."""
    needed = {
        "direction": finding.direction in SIGNS,
        "importance": outcome.importance is not None,
        "threshold": outcome.threshold is not None,
        "who": outcome.who is not None,
        "value": finding.value is not None and finding.conf_low is not None,
        "effect": is_effect(finding) and finding.effect_low is not None,
        "level": not is_slope(finding),
    }
    return [Said(f"outcomes.needs.{name}") for name, there in needed.items() if not there]


def _unclear(low: float, matters: float | None) -> Classified:
    """Return the class where the effect may be zero: harm that matters is excluded, or it is not."""
    if matters is None:
        return Classified("may_cause_harm", Said("outcomes.why.unclear_without_size"))
    if low > -matters:
        return Classified(None, Said("outcomes.unclassified.no_harm", matters=matters))
    return Classified("may_cause_harm", Said("outcomes.why.unclear", matters=matters))


def _improved(outcome: Outcome, finding: Finding, low: float, matters: float | None) -> Classified:
    """Return the class where the effect is wholly the right way."""
    sign, threshold = SIGNS[finding.direction], outcome.threshold
    level = sign * (threshold.value if threshold else 0.0)
    worst = min(sign * _number(finding.conf_low), sign * _number(finding.conf_high))
    if worst < level:
        return Classified("act_to_avoid_harm", Said("outcomes.why.short_of_threshold"))
    lacking = _short_of_solution(outcome, low, matters)
    if lacking:
        return Classified("benefit_stakeholders", Said("outcomes.why.benefits", lacking=tuple(lacking)))
    return Classified("contribute_to_solutions", Said("outcomes.why.contributes", matters=matters))


def _short_of_solution(outcome: Outcome, low: float, matters: float | None) -> list[Said]:
    """Return what an outcome that benefits lacks to contribute to a solution."""
    met = {
        "importance": outcome.importance is not None and outcome.importance.degree == "high",
        "underserved": outcome.who is not None and outcome.who.underserved,
        "depth": matters is not None and low >= matters,
    }
    return [Said(f"outcomes.lacks.{name}") for name, there in met.items() if not there]


def _number(value: float | None) -> float:
    if value is None:
        raise ValueError("a class was asked for without its numbers")
    return value


# ---- the dimensions --------------------------------------------------------------------------------------------------


def _what(subject: Subject, outcome: Outcome) -> Iterator[Line]:
    importance, threshold = outcome.importance, outcome.threshold
    label = Said("outcomes.what.importance")
    if importance is None:
        yield _undeclared(subject, "what/importance", label, "importance")
    else:
        verdict = Said(f"outcomes.importance.{importance.degree}")
        yield Line(subject, "what/importance", label, verdict=verdict, origin=importance.origin)
    label = Said("outcomes.what.threshold")
    if threshold is None:
        yield _undeclared(subject, "what/threshold", label, "threshold")
    else:
        yield _declared(subject, "what/threshold", label, threshold.value, threshold.origin)


def _who(subject: Subject, outcome: Outcome, finding: Finding) -> Iterator[Line]:
    who, label = outcome.who, Said("outcomes.who.group")
    if who is None:
        yield _undeclared(subject, "who/group", label, "who")
    else:
        verdict = Said("outcomes.underserved" if who.underserved else "outcomes.served")
        yield Line(subject, "who/group", label, verdict=verdict, origin=who.origin, note=who.group)
    reason = Said("outcomes.no_baseline" if finding.baseline is None else "outcomes.no_interval.baseline")
    label = Said("outcomes.who.baseline")
    yield Line(subject, "who/baseline", label, finding.baseline, reason=reason, rests_on=names([finding]))


def _how_much(subject: Subject, outcome: Outcome, finding: Finding, evidence: Evidence) -> Iterator[Line]:
    yield _scale(subject, outcome, evidence)
    yield _depth(subject, finding)
    duration, label = outcome.duration, Said("outcomes.how_much.duration")
    if duration is None:
        yield _undeclared(subject, "how_much/duration", label, "duration")
    else:
        line = _declared(subject, "how_much/duration", label, duration.years, duration.origin)
        yield replace(line, unit=YEARS)


def _scale(subject: Subject, outcome: Outcome, evidence: Evidence) -> Line:
    """Return how many experience the outcome, as another indicator counts them."""
    label = Said("outcomes.how_much.scale")
    if outcome.scale is None:
        return _undeclared(subject, "how_much/scale", label, "scale")
    counted = evidence.wholes[outcome.scale.indicator]
    reason: Remark = "" if counted.conf_low is not None else Said("outcomes.no_interval.count")
    if counted.value is None:
        reason = Said("findings.no_data")
    ends = (counted.conf_low, counted.conf_high)
    unit = (counted.unit, counted.unit_it)
    return Line(
        subject, "how_much/scale", label, counted.value, *ends, reason=reason, rests_on=names([counted]), unit=unit
    )


def _depth(subject: Subject, finding: Finding) -> Line:
    """Return how far the value moved: a change, whatever caused it."""
    label, rests_on = Said("outcomes.how_much.depth"), names([finding])
    if finding.value is None or finding.baseline is None:
        return Line(subject, "how_much/depth", label, reason=Said("outcomes.no_change"), rests_on=rests_on)
    moved = finding.value - finding.baseline
    return Line(
        subject,
        "how_much/depth",
        label,
        moved,
        reason=Said("outcomes.no_interval.change"),
        rests_on=rests_on,
        difference=True,
    )


def _contribution(subject: Subject, finding: Finding) -> Iterator[Line]:
    rests_on, label = names([finding]), Said("outcomes.contribution.effect")
    if is_effect(finding):
        ends = (finding.effect_low, finding.effect_high)
        yield Line(subject, "contribution/effect", label, finding.estimate, *ends, method=_design(finding),
                   rests_on=rests_on, unit=effect_unit(finding), difference=True)  # fmt: skip
    else:
        yield Line(subject, "contribution/effect", label, reason=no_effect(finding), rests_on=rests_on)
    level, label = finding.evidence_level, Said("outcomes.contribution.evidence")
    value = None if level is None else float(level)
    yield Line(subject, "contribution/evidence", label, value, reason=finding.evidence_reason, rests_on=rests_on,
               unit=OF_FIVE)  # fmt: skip


def _design(finding: Finding) -> Said | None:
    return finding.design if isinstance(finding.design, Said) else None


def is_effect(finding: Finding) -> bool:
    """Tell whether an effect was estimated; an association that is not clear is called so as an effect would be."""
    caused = finding.contribution in CAUSED and not is_no_effect(finding.estimand)
    return caused and finding.estimate is not None


def no_effect(finding: Finding) -> Said:
    """Return why nothing is known of what was caused: no effect was estimable, or it is no effect."""
    if isinstance(finding.not_estimable, Said):
        return finding.not_estimable
    return Said("outcomes.no_effect")


def _risks(subject: Subject, outcome: Outcome, finding: Finding) -> Iterator[Line]:
    declared = {risk.kind: risk for risk in outcome.risks}
    for kind in RISKS:
        if kind in declared:
            yield _risk(subject, declared[kind])
        elif kind == "evidence":
            yield _risk_of_evidence(subject, finding)
    unknown = tuple(Said(f"outcomes.risk.{kind}") for kind in RISKS if kind not in declared and kind != "evidence")
    if unknown:
        reason = Said("outcomes.risks_not_assessed", kinds=unknown)
        yield Line(subject, "risk/others", Said("outcomes.risk.others"), reason=reason)


def _risk(subject: Subject, risk: Risk) -> Line:
    size = (DEGREES.index(risk.likelihood) + 1) * (DEGREES.index(risk.consequence) + 1)
    label, method = _risk_label(risk.kind), Said("outcomes.risk_rule")
    return Line(
        subject, f"risk/{risk.kind}", label, float(size), verdict=_risk_verdict(size), method=method,
        origin=risk.origin, unit=OF_NINE, note=risk.why,
    )  # fmt: skip


def _risk_of_evidence(subject: Subject, finding: Finding) -> Line:
    """Return the risk that the evidence is weak: as likely as its level is low; what is lost then is all of it."""
    level = finding.evidence_level or 0
    likelihood = 1 if level >= 4 else 2 if level == 3 else 3
    size = likelihood * len(DEGREES)
    label, method = _risk_label("evidence"), Said("outcomes.risk_of_evidence_rule")
    return Line(
        subject, "risk/evidence", label, float(size), verdict=_risk_verdict(size), method=method,
        rests_on=names([finding]), unit=OF_NINE,
    )  # fmt: skip


def _risk_label(kind: RiskKind) -> Said:
    return Said("outcomes.risk", kind=Said(f"outcomes.risk.{kind}"))


def _risk_verdict(size: int) -> Said:
    degree = "high" if size >= HIGH_RISK else "medium" if size >= MEDIUM_RISK else "low"
    return Said(f"outcomes.degree.{degree}")


def _codes(subject: Subject, outcome: Outcome) -> Iterator[Line]:
    for catalogue, codes in outcome.codes:
        if codes:
            verdict = Said("outcomes.codes", codes=codes)
            yield Line(subject, f"codes/{catalogue}", Said(f"outcomes.codes.{catalogue}"), verdict=verdict)


def _undeclared(subject: Subject, item: str, label: Said, field: str) -> Line:
    return Line(subject, item, label, reason=Said("outcomes.undeclared", field=field))


def _declared(subject: Subject, item: str, label: Said, value: float, origin: Origin) -> Line:
    return Line(subject, item, label, value, reason=Said("outcomes.no_interval.declared"), origin=origin)
