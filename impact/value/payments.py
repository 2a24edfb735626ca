"""Outcome contracts: on each day what was known, which triggers were met, what is paid or is not recomputable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from impact.declare.base import in_language
from impact.declare.value.payments import Against, OutcomeContract
from impact.states import ValueSection
from impact.statistics import economics
from impact.statistics.economics import Payment, TriggerState
from impact.value.evidence import Evidence
from impact.value.line import Line, Subject, names
from impact.value.payment_judgement import PENDING, Case, Judgement, Place, text
from impact.value.payment_outlook import Chance, chance, drawn_payment, overall_chance
from impact.value.payment_results import Known, Result
from impact.value.payment_returns import return_lines
from impact.value.payment_terms import term_lines
from impact.words.said import Remark, Said, joined

SHARE = ("share", "share")
OVERALL = "overall/result"


def payment_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the lines of every outcome contract in ``value.yaml``: its terms, then each day on which it is judged."""
    for contract in evidence.programme.value.payments:
        kind = _data_kind(evidence, contract)
        case = Case.of(evidence, contract)
        yield from term_lines(_subject(contract, kind), case)
        for day in case.days:
            yield from judged_lines(_subject(contract, kind, day), Judgement(case, day))


def judged_lines(subject: Subject, judged: Judgement) -> Iterator[Line]:
    """Yield the lines of a contract as it stood on a day."""
    for place in judged.case.results:
        yield _result(subject, judged, place)
        yield _trigger(subject, judged, place)
        yield from _chance_line(subject, judged, place)
        yield _payment(subject, judged, place)
    yield from _achievement(subject, judged)
    yield from _overall(subject, judged)
    yield from _floor(subject, judged)
    yield _total(subject, judged)
    yield from _outlook(subject, judged)
    yield from return_lines(subject, judged)


def _subject(contract: OutcomeContract, kind: str, day: str = "") -> Subject:
    """Return the contract as a subject; judged on a day, it is one of its own."""
    english, italian = (in_language(contract.title, language) for language in ("en", "it"))
    if day:
        english, italian = f"{english}: as of {day}", f"{italian}: al {day}"
    code = f"{contract.id}-{day}" if day else contract.id
    return Subject(ValueSection.PAYMENTS, code, english, italian, contract.currency, contract.currency, kind)


def _data_kind(evidence: Evidence, contract: OutcomeContract) -> str:
    """Return ``synthetic`` if any data behind the contract are."""
    named = {metric.indicator for metric in contract.metrics}
    named |= {metric.against.indicator for metric in contract.metrics if isinstance(metric.against, Against)}
    named |= {name for cohort in contract.cohorts for name in cohort.indicators.values()}
    if contract.overall and contract.overall.indicator:
        named.add(contract.overall.indicator)
    kinds = {evidence.wholes[name].data_kind for name in named}
    return "synthetic" if "synthetic" in kinds else "real"


# ---- results and their triggers --------------------------------------------------------------------------------------


def _result(subject: Subject, judged: Judgement, place: Place) -> Line:
    result, metric = judged.case.results[place], judged.metric(place)
    line = _result_line(subject, result, judged.day)
    item, label = "/".join((*place, "result")), Said("payments.result", of=judged.case.title(place))
    method = None if line.value is None else Said(f"payments.counted.{metric.counted}")
    return replace(line, item=item, label=label, method=method, difference=metric.counted == "effect")


def _result_line(subject: Subject, result: Result, day: str) -> Line:
    """Return a result as it was known on a day."""
    figure, known, label = result.figure, result.known(day), Said("payments.result_overall")
    if known is Known.AWAITED:
        due = Said("payments.due", day=result.final)
        return Line(subject, OVERALL, label, verdict=Said("payments.awaited"), reason=due)
    interim = Said("payments.interim", day=result.final) if known is Known.INTERIM else None
    return Line(
        subject, OVERALL, label, figure.value, figure.low, figure.high, reason=joined(interim, figure.reason),
        rests_on=names(result.findings), unit=result.unit,
    )  # fmt: skip


def _trigger(subject: Subject, judged: Judgement, place: Place) -> Line:
    metric, state = judged.metric(place), judged.trigger(place)
    item, label = "/".join((*place, "trigger")), Said("payments.trigger", of=judged.case.title(place))
    rests_on = names(judged.findings([place]))
    if metric.trigger is None:
        return Line(subject, item, label, reason=_without_trigger(judged, place))
    if judged.known[place] is Known.ABSENT:
        missing = Said("payments.the_result", of=judged.case.title(place))
        return Line(subject, item, label, reason=Said("payments.not_recomputable", missing=missing), rests_on=rests_on)
    if state is None:
        due = judged.case.results[place].final
        reason = Said("payments.open_until", trigger=_amount_of(metric.trigger.value, judged, place), day=due)
        return Line(subject, item, label, verdict=Said("payments.state.open"), reason=reason)
    reason = _state_reason(state, _amount_of(metric.trigger.value, judged, place), judged, place)
    return Line(subject, item, label, verdict=Said(f"payments.state.{state.state}"), reason=reason, rests_on=rests_on)


def _without_trigger(judged: Judgement, place: Place) -> Said:
    """Say that all units are paid, or that nobody published from which result on."""
    start = judged.metric(place).counted_from
    if start is None:
        return Said("payments.no_trigger")
    return Said("payments.from_the_first", start=_amount_of(start, judged, place))


def _state_reason(state: TriggerState, trigger: Said, judged: Judgement, place: Place) -> Said:
    """Say why a trigger is as it is: what the result lacks, or that it reaches it."""
    if state.reached:
        return Said("payments.reaches" if state.state == "met" else "payments.would_reach", trigger=trigger)
    short = _short(state.short_by, judged, place)
    return Said(
        "payments.short" if state.state == "missed" else "payments.would_be_short", trigger=trigger, short=short
    )


def _amount_of(value: float, judged: Judgement, place: Place) -> Said:
    """Write a figure in the unit of a result."""
    unit = judged.case.results[place].unit
    if unit[0] == "share":
        return Said("payments.as_share", value=value)
    return Said("payments.with_unit", value=value, unit=text({"en": unit[0], "it": unit[1]}))


def _short(value: float, judged: Judgement, place: Place) -> Said:
    """Write what a result lacks: of a share, in percentage points."""
    if judged.case.results[place].unit[0] == "share":
        return Said("payments.as_points", value=100 * value)
    return _amount_of(value, judged, place)


def _chance_line(subject: Subject, judged: Judgement, place: Place) -> Iterator[Line]:
    """Yield the probability of a trigger that is open, or why there is none."""
    if judged.metric(place).trigger is None or judged.known[place] in (Known.FINAL, Known.ABSENT):
        return
    found = chance(judged, place)
    label = Said("payments.probability", of=judged.case.title(place))
    findings = judged.case.results[place].findings if found else ()
    yield _probability(subject, "/".join((*place, "probability")), label, found, names(findings))


def _probability(subject: Subject, item: str, label: Said, found: Chance | None, rests_on: tuple[str, ...]) -> Line:
    if found is None:
        return Line(subject, item, label, reason=Said("payments.no_outlook"), rests_on=rests_on)
    reason = Said("payments.no_interval_of_probability")
    return Line(
        subject, item, label, found.probability, method=found.method, reason=reason, rests_on=rests_on, unit=SHARE
    )


def _achievement(subject: Subject, judged: Judgement) -> Iterator[Line]:
    """Yield achievements averaged by weight, where all that counts is a share of a target."""
    metrics = judged.case.contract.metrics
    weights = [metric.weight.value for metric in metrics if metric.weight is not None]
    if len(metrics) < 2 or len(weights) < len(metrics) or any(metric.counted != "achievement" for metric in metrics):
        return
    for cohort in judged.case.cohorts:
        places = [(cohort, metric.id) for metric in metrics]
        if any(judged.known[place] is not Known.FINAL for place in places):
            continue
        value = economics.achievement([judged.value(place) for place in places], [1.0] * len(places), weights)
        label, method = Said("payments.achievement"), Said("payments.by_weight", weights=weights)
        yield Line(
            subject, f"{cohort}/achievement", label, value, method=method,
            reason=Said("payments.no_interval_of_ratio"), rests_on=names(judged.findings(places)), unit=SHARE,
        )  # fmt: skip


# ---- payments --------------------------------------------------------------------------------------------------------


def _payment(subject: Subject, judged: Judgement, place: Place) -> Line:
    item, label = "/".join((*place, "payment")), Said("payments.payment", of=judged.case.title(place))
    line, rests_on = judged.payment(place), names(judged.findings())
    if line is not None:
        return _ledger_line(subject, item, label, line, rests_on)
    if judged.nothing(place):
        missed = judged.trigger(place)
        later = not judged.all_due and judged.case.contract.overall is not None
        reason = Said("payments.nothing_yet" if later and missed else "payments.nothing")
        return Line(subject, item, label, 0.0, verdict=Said("payments.unpaid"), reason=reason, rests_on=rests_on)
    if judged.waits(place[0]):
        pending = any(judged.known[place[0], metric.id] in PENDING for metric in judged.case.contract.metrics)
        reason = Said("payments.not_settled" if pending else "payments.waits")
        return Line(subject, item, label, verdict=Said("payments.state.open"), reason=reason)
    reason = Said("payments.not_recomputable", missing=judged.missing)
    verdict = Said("payments.paid") if judged.owed(place) else None
    return Line(subject, item, label, verdict=verdict, reason=reason, rests_on=rests_on)


def _ledger_line(subject: Subject, item: str, label: Said, line: Payment, rests_on: tuple[str, ...]) -> Line:
    verdict = Said("payments.paid" if line.paid > 0 else "payments.unpaid")
    reason = joined(line.reason, Said("payments.by_contract"))
    return Line(subject, item, label, line.paid, verdict=verdict, method=line.rule, reason=reason, rests_on=rests_on)


def _floor(subject: Subject, judged: Judgement) -> Iterator[Line]:
    """Yield what the floor adds, nothing too: were the line left out, it would tell of results that are suppressed."""
    ledger = judged.whole_ledger
    if ledger is None or not judged.complete or judged.case.contract.floor is None:
        return
    item, label, rests_on = "floor/payment", Said("payments.floor"), names(judged.findings())
    added = next((line for line in ledger.payments if not line.cohort), None)
    if added is not None:
        yield _ledger_line(subject, item, label, added, rests_on)
        return
    reason = Said("payments.floor_adds_nothing")
    yield Line(subject, item, label, 0.0, verdict=Said("payments.unpaid"), reason=reason, rests_on=rests_on)


def _overall(subject: Subject, judged: Judgement) -> Iterator[Line]:
    """Yield the result over all cohorts, its trigger and how probable it is."""
    declared, state = judged.case.contract.overall, judged.overall()
    if declared is None:
        return
    yield _overall_result(subject, judged)
    label, rests_on = Said("payments.trigger_overall"), names(judged.findings())
    trigger = _amount_of(declared.trigger.value, judged, judged.overall_places[0])
    if state is not None:
        reason: Remark = _state_reason(state, trigger, judged, judged.overall_places[0])
        verdict = Said(f"payments.state.{state.state}")
        yield Line(subject, "overall/trigger", label, verdict=verdict, reason=reason, rests_on=rests_on)
    elif judged.overall_absent:
        reason = Said("payments.not_recomputable", missing=Said("payments.the_overall_result"))
        yield Line(subject, "overall/trigger", label, reason=reason, rests_on=rests_on)
    else:
        reason = Said("payments.open_over_all", trigger=trigger)
        yield Line(subject, "overall/trigger", label, verdict=Said("payments.state.open"), reason=reason)
    if not (judged.overall_final or judged.overall_absent or judged.all_due):
        found = overall_chance(judged)
        findings = names(judged.expected_from) if found else ()
        yield _probability(subject, "overall/probability", Said("payments.probability_overall"), found, findings)


def _overall_result(subject: Subject, judged: Judgement) -> Line:
    own, value = judged.case.overall, judged.overall_value
    label = Said("payments.result_overall")
    if own is not None and own.known(judged.day) in (Known.FINAL, Known.ABSENT):
        return _result_line(subject, own, judged.day)
    if judged.overall_absent:
        return Line(subject, OVERALL, label, reason=Said("payments.not_recomputable", missing=judged.missing))
    if value is None:
        return Line(subject, OVERALL, label, verdict=Said("payments.awaited"), reason=Said("payments.no_overall_yet"))
    places = [place for place in judged.overall_places if judged.known[place] is Known.FINAL]
    so_far = None if judged.overall_final else Said("payments.so_far")
    first, rests_on = judged.case.results[places[0]], names(judged.findings(places))
    if len(places) == 1:
        figure, reason = first.figure, joined(so_far, first.figure.reason)
        return Line(
            subject, OVERALL, label, value, figure.low, figure.high, reason=reason, rests_on=rests_on, unit=first.unit
        )
    reason = joined(so_far, Said("payments.no_interval_of_mean"))
    method = Said("payments.mean_of_cohorts")
    return Line(subject, OVERALL, label, value, method=method, reason=reason, rests_on=rests_on, unit=first.unit)


def _total(subject: Subject, judged: Judgement) -> Line:
    """Return what is paid in all: so far while results are awaited, else in the end."""
    label = Said("payments.total" if judged.all_due else "payments.total_so_far")
    line = Line(subject, "total", label, rests_on=names(judged.findings()))
    open_still = None if judged.all_due else Said("payments.state.open")
    ledger = judged.whole_ledger
    if ledger is not None:
        verdict = open_still or Said("payments.paid" if ledger.total > 0 else "payments.unpaid")
        return replace(line, value=ledger.total, verdict=verdict, reason=Said("payments.by_contract"))
    if _nothing_in_all(judged):
        reason = Said("payments.no_trigger_met")
        return replace(line, value=0.0, verdict=open_still or Said("payments.unpaid"), reason=reason)
    if not judged.settled and not judged.absent:
        return replace(line, verdict=Said("payments.state.open"), reason=Said("payments.nothing_settled"), rests_on=())
    reason = Said("payments.not_recomputable", missing=judged.missing)
    return replace(line, verdict=open_still or _due(judged), reason=reason)


def _nothing_in_all(judged: Judgement) -> bool:
    """Tell whether nothing is paid in all so far, whatever the prices."""
    due = [place for place in judged.case.results if place[0] in judged.settled]
    floored = judged.all_due and judged.case.contract.floor is not None
    return bool(due) and not judged.absent and not floored and all(map(judged.nothing, due))


def _due(judged: Judgement) -> Said | None:
    """Say that something is paid, where a trigger was met and only the amount is not known."""
    return Said("payments.paid") if any(map(judged.owed, judged.case.results)) else None


def _outlook(subject: Subject, judged: Judgement) -> Iterator[Line]:
    """Yield what is expected to be paid in the end, while results are awaited."""
    if judged.all_due:
        return
    label, found = Said("payments.expected"), drawn_payment(judged)
    if found is None:
        missing = Said("payments.not_recomputable", missing=judged.missing) if judged.missing else None
        yield Line(subject, "expected", label, reason=missing or Said("payments.no_outlook"))
        return
    rests_on = names(judged.expected_from)
    method = joined(found.rule, Said("payments.independent")) or None
    yield Line(
        subject, "expected", label, found.expected, found.conf_low, found.conf_high, method=method, rests_on=rests_on
    )
    reason = Said("payments.no_interval_of_probability")
    shares = {"nothing": float((found.totals == 0).mean()), "cap": found.p_cap, "floor": found.p_floor}
    declared = {"cap": judged.case.contract.total_cap, "floor": judged.case.contract.floor}
    for name, share in shares.items():
        if declared.get(name, True) is not None:
            said = Said(f"payments.probability_of.{name}")
            yield Line(subject, f"probability/{name}", said, share, reason=reason, rests_on=rests_on, unit=SHARE)
