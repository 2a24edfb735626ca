"""Social return on investment: outcomes at proxy values over what was put in, as a range, and what it hangs on.

Where an outcome is an effect, its deadweight is measured: the comparison group says what would have happened anyway.
The numbers stand in :mod:`impact.statistics.economics`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from impact.declare.base import in_language
from impact.declare.value.social_return import SocialReturn, ValuedOutcome
from impact.errors import NotEstimable
from impact.states import ValueSection
from impact.statistics.core import CONFIDENCE
from impact.statistics.economics import (
    Map,
    Outcome,
    OutcomeSteps,
    SimulatedReturn,
    Swing,
    Uncertain,
    break_even_proxy,
    simulated_return,
    social_return,
    tornado,
)
from impact.statistics.economics import SocialReturn as Found
from impact.value.cost_ratios import NO_ENDS, PROBABILITY
from impact.value.costs import ledger_of
from impact.value.evidence import Evidence
from impact.value.line import Line, Subject
from impact.value.money import SHARE, Part, at_terms, in_both, refuse_mixed, terms_said, together, why_not
from impact.value.quantities import Units, finding_part, findings_of, units_of
from impact.words.said import Remark, Said, joined

DRAWS = 10_000
SWINGS = 5
"""How many of the largest swings are shown."""
SHARES = ("deadweight", "displacement", "attribution", "drop_off")
RATIO = ("ratio", "rapporto")
STEPS = ("gross", "after_deadweight", "after_displacement", "impact", "present_value")
AS_DECLARED = Said("social_return.no_interval.as_declared")
Place = tuple[str, str]


@dataclass(frozen=True)
class Chart:
    """What a social return is computed from, all of one kind.

    Parameters
    ----------
    declared
        As declared.
    units
        The quantity of each outcome, by id.
    inputs
        Money put in, by name, at the declared terms.
    kind
        ``real`` or ``synthetic``.
    """

    declared: SocialReturn
    units: Mapping[str, Units]
    inputs: Mapping[str, float]
    kind: str

    @cached_property
    def map(self) -> Map:
        """As :func:`impact.statistics.economics.social_return` takes it."""
        declared = self.declared
        outcomes = [_outcome(declared, outcome, self.units[outcome.id]) for outcome in declared.outcomes]
        rates = declared.discount.rate
        return Map(outcomes, self.inputs, rates, first_year=declared.first_year, deductions=declared.deductions)

    @cached_property
    def uncertain(self) -> dict[Place, Uncertain]:
        """What is uncertain: declared distributions, and the sampling error of quantities."""
        found: dict[Place, Uncertain] = {}
        for outcome in self.declared.outcomes:
            units = self.units[outcome.id]
            if units.std_error:
                found[outcome.id, "quantity"] = _sampling(units)
            laws = {name: getattr(outcome, name) for name in (*SHARES, "proxy")}
            for name, stated in laws.items():
                if stated is not None and stated.uncertain is not None:
                    found[outcome.id, name] = Uncertain(stated.uncertain.family, stated.uncertain.parameters)
        return found

    @cached_property
    def rests_on(self) -> tuple[str, ...]:
        """Names of the findings behind it, each once."""
        return tuple(dict.fromkeys(name for units in self.units.values() for name in units.rests_on))


def social_return_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the lines of every entry of ``social_return`` in ``value.yaml``."""
    for declared in evidence.programme.value.social_return:
        titles = (in_language(declared.title, "en"), in_language(declared.title, "it"))
        unit = declared.currency
        try:
            chart = _chart(evidence, declared)
            subject = Subject(ValueSection.SOCIAL_RETURN, declared.id, *titles, unit, unit, chart.kind)
            yield from _lines(subject, chart)
        except NotEstimable as error:
            kind = _any_synthetic(evidence, declared)
            subject = Subject(ValueSection.SOCIAL_RETURN, declared.id, *titles, unit, unit, kind)
            rests_on = tuple(dict.fromkeys(n for each in declared.outcomes for n in findings_of(evidence, each)))
            label, reason = Said("social_return.ratio"), why_not(error)
            yield Line(subject, "ratio", label, reason=reason, rests_on=rests_on, unit=RATIO)


def _any_synthetic(evidence: Evidence, declared: SocialReturn) -> str:
    """Return ``synthetic`` if any finding that is named is."""
    kinds = {evidence.wholes[outcome.indicator].data_kind for outcome in declared.outcomes}
    return "synthetic" if "synthetic" in kinds else "real"


# ---- what it is computed from ----------------------------------------------------------------------------------------


def _chart(evidence: Evidence, declared: SocialReturn) -> Chart:
    """Return what a social return is computed from; refuse parts that differ in kind before anything else."""
    kind = refuse_mixed([*_input_parts(evidence, declared), *_outcome_parts(evidence, declared)])
    units = {outcome.id: units_of(evidence, outcome) for outcome in declared.outcomes}
    refuse_mixed([Part(Said("social_return.all"), kind), *(part for each in units.values() for part in each.parts)])
    return Chart(declared, units, _inputs(evidence, declared), kind)


def _input_parts(evidence: Evidence, declared: SocialReturn) -> Iterator[Part]:
    for stated in declared.inputs.stated:
        title = in_both(stated.name)
        yield Part(Said("social_return.part.input", title=title), stated.kind)
    for costs in evidence.programme.value.costs:
        if costs.id == declared.inputs.costs:
            yield Part(Said("money.part.costs", id=costs.id), evidence.programme.source_kind(costs.rows.contract))


def _outcome_parts(evidence: Evidence, declared: SocialReturn) -> Iterator[Part]:
    for outcome in declared.outcomes:
        yield Part(Said("social_return.part.proxy", title=_title(outcome)), outcome.proxy.kind)
        yield finding_part(evidence.wholes[outcome.indicator])


def _inputs(evidence: Evidence, declared: SocialReturn) -> dict[str, float]:
    """Return what was put in, by name, at the declared terms."""
    for costs in evidence.programme.value.costs:
        if costs.id == declared.inputs.costs:
            return {in_language(costs.title): ledger_of(evidence, costs).present()}
    stated = declared.inputs.stated
    return {in_language(each.name): at_terms(each.value, declared, each.currency, each.price_year) for each in stated}


def _outcome(declared: SocialReturn, outcome: ValuedOutcome, units: Units) -> Outcome:
    proxy = outcome.proxy
    deadweight = 0.0 if outcome.deadweight is None else outcome.deadweight.share
    return Outcome(
        outcome.id,
        units.value,
        at_terms(proxy.value, declared, proxy.currency, proxy.price_year),
        deadweight,
        outcome.displacement.share,
        outcome.attribution.share,
        outcome.drop_off.share,
        outcome.duration.years,
        verified=proxy.verified,
    )


def _sampling(units: Units) -> Uncertain:
    """Return the sampling distribution of a quantity around what was found."""
    error = units.std_error or 0.0
    if units.df == float("inf"):
        return Uncertain("normal", (units.value, error))
    return Uncertain("student", (units.value, error, units.df))


def _title(outcome: ValuedOutcome) -> Said:
    return in_both(outcome.title)


# ---- the lines -------------------------------------------------------------------------------------------------------


def _lines(subject: Subject, chart: Chart) -> Iterator[Line]:
    found, drawn = social_return(chart.map), _drawn(chart)
    yield from _ratios(subject, chart, found, drawn)
    yield from _amounts(subject, chart, found, drawn)
    yield _unverified(subject, chart, found.unverified_share)
    for outcome, steps in zip(chart.declared.outcomes, found.outcomes, strict=True):
        yield from _steps(subject, chart, outcome, steps)
    yield _break_even(subject, chart, found.outcomes)
    yield from _swings(subject, chart, found.ratio)


def _drawn(chart: Chart) -> SimulatedReturn | None:
    if not chart.uncertain:
        return None
    return simulated_return(chart.map, chart.uncertain, draws=DRAWS, seed=chart.declared.seed)


def _ratios(subject: Subject, chart: Chart, found: Found, drawn: SimulatedReturn | None) -> Iterator[Line]:
    """Yield the ratio, the same less one, and how often more comes back than was put in."""
    method = together(found.rule, terms_said(chart.declared), drawn.rule if drawn else None)
    reason = joined(found.remark, _known_only(chart))
    for item, value, less in (("ratio", found.ratio, 0.0), ("net_ratio", found.net_ratio, 1.0)):
        ends = (drawn.conf_low - less, drawn.conf_high - less) if drawn else NO_ENDS
        label = Said(f"social_return.{item}")
        line = Line(subject, item, label, value, *ends, reason=reason, rests_on=chart.rests_on, unit=RATIO)
        yield replace(line, method=method)
    if drawn:
        label, share = Said("social_return.above_one"), drawn.above_one
        line = Line(subject, "above_one", label, share, reason=PROBABILITY, rests_on=chart.rests_on, unit=SHARE)
        yield replace(line, method=drawn.rule)


def _amounts(subject: Subject, chart: Chart, found: Found, drawn: SimulatedReturn | None) -> Iterator[Line]:
    """Yield what was put in, and what comes back at its present value."""
    total = found.total_inputs
    yield _inputs_line(subject, chart, total)
    amounts = (("present_value", found.present_value, 0.0), ("net_present_value", found.net_present_value, total))
    for item, value, less in amounts:
        ends = (drawn.conf_low * total - less, drawn.conf_high * total - less) if drawn else NO_ENDS
        label, reason = Said(f"social_return.{item}"), _known_only(chart)
        yield Line(subject, item, label, value, *ends, reason=reason, rests_on=chart.rests_on)


def _known_only(chart: Chart) -> Remark:
    """Say which numbers the simulation takes as known though they are not, or that there is none to draw."""
    unknown = [units.reason for units in chart.units.values() if units.std_error is None and units.reason]
    without = Said("social_return.without_error", why=unknown) if unknown else None
    return joined(None if chart.uncertain else Said("social_return.nothing_uncertain"), without)


def _inputs_line(subject: Subject, chart: Chart, total: float) -> Line:
    label, reason = Said("social_return.inputs"), Said("social_return.inputs_known")
    stated = chart.declared.inputs.stated
    if stated:
        return Line(subject, "inputs", label, total, reason=reason, origin=stated[0].origin)
    method = Said("social_return.from_costs", id=chart.declared.inputs.costs or "")
    return Line(subject, "inputs", label, total, method=method, reason=reason, recorded=True)


def _unverified(subject: Subject, chart: Chart, share: float | None) -> Line:
    label = Said("social_return.unverified")
    if share is None:
        reason = Said("economics.nothing_left")
        return Line(subject, "unverified", label, reason=reason, rests_on=chart.rests_on, unit=SHARE)
    return Line(subject, "unverified", label, share, reason=AS_DECLARED, rests_on=chart.rests_on, unit=SHARE)


def _steps(subject: Subject, chart: Chart, outcome: ValuedOutcome, steps: OutcomeSteps) -> Iterator[Line]:
    """Yield an outcome from its quantity to its present value, each deduction as it was taken."""
    units, title, item = chart.units[outcome.id], _title(outcome), f"outcome/{outcome.id}"
    unit = (in_language(outcome.proxy.unit, "en"), in_language(outcome.proxy.unit, "it"))
    ends = _sampling(units).interval(CONFIDENCE) if units.std_error else NO_ENDS
    label = Said("social_return.quantity", title=title)
    line = Line(subject, f"{item}/quantity", label, units.value, *ends, reason=units.reason, rests_on=units.rests_on)
    yield replace(line, method=units.method, unit=unit)
    yield _proxy(subject, item, outcome, unit)
    for name in STEPS:
        label = Said(f"social_return.step.{name}", title=title)
        line = Line(subject, f"{item}/{name}", label, getattr(steps, name), reason=AS_DECLARED, rests_on=units.rests_on)
        measured = name == "after_deadweight" and outcome.of == "effect"
        yield replace(line, method=Said("social_return.deadweight_measured") if measured else None)


def _proxy(subject: Subject, item: str, outcome: ValuedOutcome, unit: tuple[str, str]) -> Line:
    """Return the proxy as declared, with whether somebody else verified it."""
    proxy, label = outcome.proxy, Said("social_return.proxy", title=_title(outcome))
    verdict = Said("social_return.verified" if proxy.verified else "social_return.not_verified")
    money = (f"{proxy.currency} / {unit[0]}", f"{proxy.currency} / {unit[1]}")
    reason = Said("outcomes.no_interval.declared")
    line = Line(subject, f"{item}/proxy", label, proxy.value, verdict=verdict, reason=reason, origin=proxy.origin)
    return replace(line, unit=money)


# ---- what it hangs on ------------------------------------------------------------------------------------------------


def _break_even(subject: Subject, chart: Chart, outcomes: Sequence[OutcomeSteps]) -> Line:
    """Return the proxy at which what was put in comes back, of the weakest: unverified, and most of the value on it."""
    declared = {outcome.id: outcome for outcome in chart.declared.outcomes}
    unverified = [steps for steps in outcomes if not declared[steps.name].proxy.verified]
    weakest = max(unverified or outcomes, key=lambda steps: abs(steps.present_value))
    outcome, rests_on = declared[weakest.name], chart.rests_on
    label = Said("social_return.break_even", title=_title(outcome))
    unit, unit_it = (in_language(outcome.proxy.unit, "en"), in_language(outcome.proxy.unit, "it"))
    money = (f"{subject.unit} / {unit}", f"{subject.unit_it} / {unit_it}")
    try:
        value = break_even_proxy(chart.map, weakest.name)
    except NotEstimable as error:
        return Line(subject, "break_even", label, reason=why_not(error), rests_on=rests_on, unit=money)
    never = Said("social_return.never_even") if value < 0 else None
    line = Line(subject, "break_even", label, value, reason=joined(AS_DECLARED, never), rests_on=rests_on, unit=money)
    return replace(line, method=Said("social_return.weakest"))


def _swings(subject: Subject, chart: Chart, ratio: float) -> Iterator[Line]:
    """Yield how far the ratio moves with one number at a time, the largest move first."""
    ranges = {place: law.interval(CONFIDENCE) for place, law in chart.uncertain.items()}
    titles = {outcome.id: _title(outcome) for outcome in chart.declared.outcomes}
    for swing in tornado(chart.map, ranges)[:SWINGS]:
        yield _swing(subject, chart, swing, titles[swing.outcome], ratio)


def _swing(subject: Subject, chart: Chart, swing: Swing, title: Said, ratio: float) -> Line:
    label = Said("social_return.swing", what=Said(f"economics.the_{swing.field}"), title=title)
    moved = {"low": swing.low, "high": swing.high, "ratio_low": swing.ratio_low, "ratio_high": swing.ratio_high}
    item, reason = f"swing/{swing.outcome}/{swing.field}", Said("social_return.no_interval.swing", ratio=ratio)
    line = Line(subject, item, label, swing.width, reason=reason, rests_on=chart.rests_on, unit=RATIO)
    return replace(line, method=Said("social_return.swing_from", **moved))
