"""The terms of an outcome contract with who says them, those that nobody published, and what reported sums imply."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.value.payments import Metric, OutcomeContract, Reported, ReturnCap, Term
from impact.statistics import economics
from impact.value.line import Line, Subject
from impact.value.payment_judgement import Case, text
from impact.words.said import Said

SHARE = ("share", "share")
DECLARED = Said("outcomes.no_interval.declared")
CLOSE = 0.005
"""Rates of return this near to each other are taken for one: half a percentage point, as rates are published."""


def term_lines(subject: Subject, case: Case) -> Iterator[Line]:
    """Yield what the contract says, what nobody published, and what reported sums imply."""
    contract = case.contract
    for metric in contract.metrics:
        yield from _of_metric(subject, case, metric)
    if contract.overall is not None:
        unit = case.results[case.cohorts[0], contract.overall.metric].unit
        yield _term(subject, "trigger/overall", Said("payments.term.overall"), contract.overall.trigger, unit)
    money = {"cohort_cap": contract.cohort_cap, "total_cap": contract.total_cap, "floor": contract.floor}
    for name, term in money.items():
        if term is not None:
            yield _term(subject, name, Said(f"payments.term.{name}"), term, None)
    for place, outlay in enumerate(contract.outlay, start=1):
        label = Said("payments.term.outlay", day=outlay.date or Said("payments.day_unknown"))
        yield Line(subject, f"outlay/{place}", label, outlay.amount, reason=DECLARED, origin=outlay.origin)
    if contract.return_cap is not None:
        yield from _return_cap(subject, contract, contract.return_cap)
    unpublished = tuple(_unpublished(contract))
    if unpublished:
        label = Said("payments.unpublished")
        yield Line(subject, "unpublished", label, reason=Said("payments.unpublished_terms", terms=unpublished))
    yield from _reported(subject, contract.reported)


def _of_metric(subject: Subject, case: Case, metric: Metric) -> Iterator[Line]:
    """Yield the terms of a metric: its trigger in the unit of the result, its tariff in money."""
    unit = case.results[case.cohorts[0], metric.id].unit
    terms = {
        "trigger": (metric.trigger, unit),
        "tariff": (metric.tariff, None),
        "weight": (metric.weight, SHARE),
        "most_units": (metric.most_units, unit),
    }
    for name, (term, unit_of_term) in terms.items():
        if term is not None:
            label = Said(f"payments.term.{name}", of=text(metric.title))
            yield _term(subject, f"{name}/{metric.id}", label, term, unit_of_term)


def _term(subject: Subject, item: str, label: Said, term: Term, unit: tuple[str, str] | None) -> Line:
    return Line(subject, item, label, term.value, reason=DECLARED, origin=term.origin, unit=unit)


def _unpublished(contract: OutcomeContract) -> Iterator[Said]:
    """Yield the terms that a payment or a rate of return needs and that are not there."""
    for metric in contract.metrics:
        if metric.tariff is None:
            yield Said("payments.the_tariff", metric=text(metric.title))
        if metric.tariff is None and metric.trigger is None:
            yield Said("payments.the_trigger", metric=text(metric.title))
    yield from capital_missing(contract)
    yield from dates_missing(contract)


def capital_missing(contract: OutcomeContract) -> Iterator[Said]:
    """Yield that nobody published what was paid in, where it is so."""
    if not contract.outlay:
        yield Said("payments.the_outlay")


def dates_missing(contract: OutcomeContract) -> Iterator[Said]:
    """Yield the days that a rate of return needs and that are not there."""
    if any(outlay.date is None for outlay in contract.outlay):
        yield Said("payments.the_outlay_dates")
    if not contract.schedule:
        yield Said("payments.the_schedule")


def _return_cap(subject: Subject, contract: OutcomeContract, cap: ReturnCap) -> Iterator[Line]:
    """Yield the cap on the rate of return, and the most it lets be repaid of one outlay after so many years."""
    label = Said("payments.term.return_cap")
    yield Line(subject, "return_cap", label, cap.rate, reason=DECLARED, origin=cap.origin, unit=SHARE)
    label, missing = Said("payments.most_repaid"), tuple(_cap_needs(contract, cap))
    if missing or cap.years is None:
        reason = Said("payments.not_recomputable", missing=missing)
        yield Line(subject, "return_cap/most", label, reason=reason, origin=cap.origin)
        return
    drawn = sum(outlay.amount for outlay in contract.outlay)
    found = economics.capped_repayment(drawn, cap.rate, cap.years)
    yield Line(
        subject, "return_cap/most", label, found.amount, method=found.rule, reason=Said("payments.if_drawn_at_once"),
        origin=cap.origin,
    )  # fmt: skip


def _cap_needs(contract: OutcomeContract, cap: ReturnCap) -> Iterator[Said]:
    yield from capital_missing(contract)
    if cap.years is None:
        yield Said("payments.the_years")


# ---- sums that were reported -----------------------------------------------------------------------------------------


def _reported(subject: Subject, reported: tuple[Reported, ...]) -> Iterator[Line]:
    """Yield the yearly rate that each pair of published sums implies, and whether they close on one."""
    rates = [economics.rate_of_multiple(each.repaid / each.outlay, each.years) for each in reported]
    for each, rate in zip(reported, rates, strict=True):
        label = Said("payments.implied_rate", of=text(each.title))
        method = Said("payments.one_draw", repaid=each.repaid, outlay=each.outlay, years=each.years)
        reason = Said("payments.rounded_sums")
        yield Line(
            subject, f"reported/{each.id}", label, rate, method=method, reason=reason, origin=each.origin, unit=SHARE
        )
    if len(rates) > 1:
        low, high = min(rates), max(rates)
        verdict = Said("payments.sums_close" if high - low <= CLOSE else "payments.sums_do_not_close")
        reason = Said("payments.range_of_rates", low=low, high=high)
        yield Line(subject, "reported/all", Said("payments.reported_sums"), verdict=verdict, reason=reason)
