"""Costs per unit: of an output, an outcome or an effect, with Fieller's set; the plane, worth and worth of more data.

The numbers stand in :mod:`impact.statistics.economics`. The cost is the economic cost of the entry, at the start of its
first year; those whom an effect is compared with are taken to have cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from impact.declare.base import in_language
from impact.declare.value.costs import Per, Worth
from impact.errors import NotEstimable
from impact.statistics.core import t_quantile
from impact.statistics.economics import (
    FiellerSet,
    Increment,
    evpi_normal,
    fieller_set,
    net_benefit,
    population_value,
    quadrants,
)
from impact.value.cost_rows import Ledger
from impact.value.evidence import Evidence
from impact.value.line import Line, Subject
from impact.value.money import SHARE, Part, in_both, refuse_mixed, together, why_not
from impact.value.quantities import Units, finding_part, findings_of, units_of
from impact.words.said import Remark, Said, joined

Ends = tuple[float | None, float | None]
NO_ENDS: Ends = (None, None)
PROBABILITY = Said("costs.no_interval.probability")
QUADRANTS = ("north_east", "south_east", "south_west", "north_west")


@dataclass(frozen=True)
class Ratio:
    """What a cost per unit is computed from.

    Parameters
    ----------
    subject, item
        Where its lines stand.
    per, ledger, units
        As declared, the amounts, and the number of units with its error.
    cost
        Economic cost.
    increment
        Cost and units; None where the units have no error that is known.
    """

    subject: Subject
    item: str
    per: Per
    ledger: Ledger
    units: Units
    cost: float
    increment: Increment | None

    def line(self, item: str, label: Said, value: float, ends: Ends = NO_ENDS, *, reason: Remark = "") -> Line:
        """Return a line that rests on the findings behind the units."""
        rests_on = self.units.rests_on
        return Line(self.subject, f"{self.item}/{item}", label, value, *ends, reason=reason, rests_on=rests_on)


def ratio_lines(evidence: Evidence, subject: Subject, ledger: Ledger) -> Iterator[Line]:
    """Yield the lines of every unit that an entry of costs is given per."""
    for per in ledger.costs.per:
        item = f"per/{per.indicator}/{per.of}"
        try:
            ratio = _ratio(evidence, subject, ledger, per, item)
        except NotEstimable as error:
            rests_on = findings_of(evidence, per)
            yield Line(subject, item, _label(per), reason=why_not(error), rests_on=rests_on, unit=_per_unit(subject))
            continue
        yield _units_line(ratio)
        yield _cost_per_unit(ratio)
        if per.of == "effect" and ratio.increment is not None:
            yield from _plane(ratio, ratio.increment)
            for worth in per.thresholds:
                yield from _at_threshold(ratio, ratio.increment, worth)


def _ratio(evidence: Evidence, subject: Subject, ledger: Ledger, per: Per, item: str) -> Ratio:
    """Return what a cost per unit is computed from; refuse one whose parts differ in kind before anything else."""
    costs = Part(Said("money.part.costs", id=ledger.costs.id), subject.data_kind)
    refuse_mixed([costs, finding_part(evidence.wholes[per.indicator])])
    units = units_of(evidence, per)
    refuse_mixed([costs, *units.parts])
    cost, error = ledger.present(), ledger.costs.cost_error
    increment = None
    if units.std_error is not None:
        cost_error, correlation = (error.std_error, error.correlation) if error else (0.0, 0.0)
        increment = Increment(cost, cost_error, units.value, units.std_error, correlation)
    return Ratio(subject, item, per, ledger, units, cost, increment)


def _label(per: Per) -> Said:
    return Said(f"costs.per_{per.of}", unit=in_both(per.unit))


def _per_unit(subject: Subject) -> tuple[str, str]:
    return f"{subject.unit} per unit", f"{subject.unit_it} per unità"


def _units_line(ratio: Ratio) -> Line:
    """Return the number of units with its interval."""
    units, unit = ratio.units, (in_language(ratio.per.unit, "en"), in_language(ratio.per.unit, "it"))
    half = t_quantile(0.975, units.df) * units.std_error if units.std_error else None
    ends = NO_ENDS if half is None else (units.value - half, units.value + half)
    line = ratio.line(
        "units", Said("costs.units", unit=in_both(ratio.per.unit)), units.value, ends, reason=units.reason
    )
    return replace(line, method=units.method, unit=unit)


# ---- cost per unit ---------------------------------------------------------------------------------------------------


def _cost_per_unit(ratio: Ratio) -> Line:
    label, unit = _label(ratio.per), _per_unit(ratio.subject)
    try:
        return replace(_with_set(ratio, label), unit=unit)
    except NotEstimable as error:
        rests_on = ratio.units.rests_on
        return Line(ratio.subject, f"{ratio.item}/ratio", label, reason=why_not(error), unit=unit, rests_on=rests_on)


def _with_set(ratio: Ratio, label: Said) -> Line:
    """Return the ratio with Fieller's set where it is an interval, else with what the set is."""
    units = ratio.units
    increment = ratio.increment or Increment(ratio.cost, 0.0, units.value, 0.0, 0.0)
    found = fieller_set(increment, df=units.df)
    meaning = _meaning(increment)
    if increment.effect_error == 0 and increment.cost_error == 0:
        return ratio.line("ratio", label, found.ratio, reason=joined(units.reason, meaning))
    ends = (found.low, found.high) if found.shape == "interval" else NO_ENDS
    line = ratio.line("ratio", label, found.ratio, ends, reason=joined(_of_shape(found), meaning))
    known = Said("costs.known_exactly") if increment.cost_error == 0 else None
    return replace(line, method=together(found.rule, known))


def _meaning(increment: Increment) -> Said | None:
    """Say what a ratio means that is not more cost for more effect: its sign alone does not tell."""
    if increment.cost < 0:
        return Said("costs.saves" if increment.effect > 0 else "costs.saves_and_loses")
    return Said("costs.wrong_way") if increment.effect < 0 else None


def _of_shape(found: FiellerSet) -> Said | None:
    """Say what the values are that the data do not reject, where they are no interval."""
    if found.shape == "interval":
        return None
    if found.low is None or found.high is None:
        return Said("costs.set.whole_line")
    if abs(found.low) == float("inf"):
        return Said("costs.set.above", low=found.high)
    if abs(found.high) == float("inf"):
        return Said("costs.set.below", high=found.low)
    return Said("costs.set.complement", low=found.low, high=found.high)


# ---- the plane and what a unit is worth ------------------------------------------------------------------------------


def _plane(ratio: Ratio, increment: Increment) -> Iterator[Line]:
    """Yield the probability of each quadrant: effect to the east, cost to the north."""
    found = quadrants(increment)
    method = together(found.rule, Said("costs.compared_with_nothing"))
    for name in QUADRANTS:
        label = Said(f"costs.plane.{name}", unit=in_both(ratio.per.unit))
        line = ratio.line(f"plane/{name}", label, getattr(found, name), reason=PROBABILITY)
        yield replace(line, method=method, unit=SHARE)


def _at_threshold(ratio: Ratio, increment: Increment, worth: Worth) -> Iterator[Line]:
    """Yield net benefit, how likely it is above zero, and what better data would be worth."""
    found = net_benefit(increment, [worth.value])
    benefit, error, acceptable = (float(of[0]) for of in (found.benefit, found.std_error, found.acceptable))
    item, money = f"threshold/{worth.value:g}", _money(ratio, worth)
    half = t_quantile(0.975, ratio.units.df) * error
    label, ends = Said("costs.net_benefit", **money), (benefit - half, benefit + half)
    line = ratio.line(f"{item}/net_benefit", label, benefit, ends)
    yield replace(line, method=found.rule, origin=worth.origin, difference=True)
    line = ratio.line(f"{item}/acceptable", Said("costs.acceptable", **money), acceptable, reason=PROBABILITY)
    yield replace(line, method=found.rule, origin=worth.origin, unit=SHARE)
    yield from _information(ratio, f"{item}/evpi", Said("costs.evpi", **money), benefit, error)


def _money(ratio: Ratio, worth: Worth) -> dict[str, Any]:
    return {"worth": worth.value, "currency": ratio.subject.unit, "unit": in_both(ratio.per.unit)}


def _information(ratio: Ratio, item: str, label: Said, benefit: float, error: float) -> Iterator[Line]:
    """Yield what it would be worth to know the effect before deciding again."""
    decisions, discount = ratio.per.decisions, ratio.ledger.costs.discount
    if decisions is None or discount is None:
        return
    each = evpi_normal(benefit, error)
    found = population_value(each.value, decisions.yearly, discount.rate, first_year=decisions.first_year)
    method = together(Said("costs.evpi_method", each=each.value, decisions=found.decisions), found.rule)
    line = ratio.line(item, label, found.value, reason=Said("costs.no_interval.expected"))
    yield replace(line, method=method, origin=decisions.origin)
