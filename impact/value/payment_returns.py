"""What investors get of an outcome contract: instalments, every internal rate of return, the multiple."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.base import last_day
from impact.declare.value.payments import OutcomeContract
from impact.errors import NotEstimable
from impact.statistics import economics
from impact.statistics.economics import Ledger
from impact.value.line import Line, Subject, names
from impact.value.payment_judgement import Judgement
from impact.value.payment_terms import capital_missing, dates_missing
from impact.words.said import Said

SHARE, TIMES = ("share", "share"), ("times", "volte")
RATE, MULTIPLE = Said("payments.rate_of_return"), Said("payments.multiple")


def return_lines(subject: Subject, judged: Judgement) -> Iterator[Line]:
    """Yield instalments and returns once everything is in; before, that they are open."""
    if not judged.all_due:
        yield Line(
            subject, "rate_of_return", RATE, verdict=Said("payments.state.open"), reason=Said("payments.not_all_in")
        )
        return
    ledger = judged.whole_ledger
    if ledger is not None:
        yield from _instalments(subject, judged, ledger)
    yield from _rates(subject, judged, ledger)
    yield _multiple(subject, judged, ledger)


def _instalments(subject: Subject, judged: Judgement, ledger: Ledger) -> Iterator[Line]:
    for date, amount in ledger.instalments:
        label, reason = Said("payments.instalment", day=date), Said("payments.by_contract")
        due = last_day(date) <= judged.day
        verdict = Said("payments.instalment_due" if due else "payments.instalment_later")
        yield Line(
            subject, f"instalment/{date}", label, amount, verdict=verdict, reason=reason,
            rests_on=names(judged.findings()),
        )  # fmt: skip


def _rates(subject: Subject, judged: Judgement, ledger: Ledger | None) -> Iterator[Line]:
    contract, rests_on = judged.case.contract, names(judged.findings())
    missing = [*_needs(contract, judged, ledger), *dates_missing(contract)]
    if missing or ledger is None:
        reason = Said("payments.not_recomputable", missing=missing)
        yield Line(subject, "rate_of_return", RATE, reason=reason, rests_on=rests_on)
        return
    try:
        found = _solved(contract, ledger)
    except NotEstimable as refusal:
        yield Line(subject, "rate_of_return", RATE, reason=refusal.reason, rests_on=rests_on)
        return
    if not found.rates:
        yield Line(subject, "rate_of_return", RATE, method=found.rule, reason=found.reason, rests_on=rests_on)
    for number, rate in enumerate(found.rates, start=1):
        yield Line(
            subject, f"rate_of_return/{number}", RATE, rate, method=found.rule,
            verdict=_held_against_cap(contract, rate), reason=found.reason or Said("payments.by_contract"),
            rests_on=rests_on, unit=SHARE,
        )  # fmt: skip


def _solved(contract: OutcomeContract, ledger: Ledger) -> economics.RatesOfReturn:
    """Return every rate of what was paid in and what is paid back, on their days."""
    paid_in = [(last_day(each.date), -each.amount) for each in contract.outlay if each.date]
    paid_back = [(last_day(date), amount) for date, amount in ledger.instalments]
    days, flows = zip(*paid_in, *paid_back, strict=True)
    return economics.dated_rates_of_return(list(flows), list(days))


def _held_against_cap(contract: OutcomeContract, rate: float) -> Said | None:
    cap = contract.return_cap
    if cap is None:
        return None
    # A rate that was solved for is off by rounding; what is the cap but for that is within it
    within = economics.trigger_state(rate, cap.rate, better="lower").reached
    return Said("payments.within_cap" if within else "payments.above_cap", cap=cap.rate)


def _multiple(subject: Subject, judged: Judgement, ledger: Ledger | None) -> Line:
    contract, rests_on = judged.case.contract, names(judged.findings())
    missing = list(_needs(contract, judged, ledger))
    if missing or ledger is None:
        reason = Said("payments.not_recomputable", missing=missing)
        return Line(subject, "multiple", MULTIPLE, reason=reason, rests_on=rests_on)
    value = economics.multiple([*(-each.amount for each in contract.outlay), ledger.total])
    reason = Said("payments.by_contract")
    return Line(subject, "multiple", MULTIPLE, value, reason=reason, rests_on=rests_on, unit=TIMES)


def _needs(contract: OutcomeContract, judged: Judgement, ledger: Ledger | None) -> Iterator[Said]:
    """Yield what a return needs and nobody published."""
    if ledger is None:
        yield Said("payments.the_amount_paid")
        yield from judged.missing
    yield from capital_missing(contract)
