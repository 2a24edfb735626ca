"""The ledger of a contract that pays for outcomes: each payment with its rule and its reason; single triggers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import floats
from impact.statistics.economics.checks import chosen, number
from impact.statistics.economics.outcome_payment import (
    DIRECTIONS,
    Amounts,
    Better,
    Contract,
    Metric,
    amounts,
    reaches,
)
from impact.words.said import Said, joined

ROUNDING = 1e-12


@dataclass(frozen=True)
class TriggerState:
    """Whether a trigger was reached.

    Parameters
    ----------
    state
        ``met``, ``missed``, or ``open`` while not all results are in.
    reached
        Whether the result so far reaches it.
    short_by
        What the result lacks, in its unit; 0 if it reaches it.
    """

    state: Literal["met", "missed", "open"]
    reached: bool
    short_by: float


@dataclass(frozen=True)
class Payment:
    """One line of the ledger.

    Parameters
    ----------
    cohort, metric
        What it is for; both empty where the floor adds it.
    result, units
        As measured, and units that count; None for the floor.
    gross
        Money before any cap.
    due
        Within the cap of the cohort.
    paid, cumulative
        Within the cap of the contract, and all paid up to this line.
    rule, reason
        The rule of the contract, and what it made of this result.
    """

    cohort: str
    metric: str
    result: float | None
    units: float | None
    gross: float
    due: float
    paid: float
    cumulative: float
    rule: Said
    reason: Said


@dataclass(frozen=True)
class Ledger:
    """All payments of a contract.

    Parameters
    ----------
    payments
        By cohort and metric, and one of the floor where it adds something.
    total
        Their sum: within cap and floor.
    instalments
        Amount by instalment of the schedule; they add up to the total.
    final
        Whether all cohorts are in.
    """

    payments: tuple[Payment, ...]
    total: float
    instalments: tuple[tuple[str, float], ...]
    final: bool


def trigger_state(result: float, trigger: float, *, better: Better = "higher", final: bool = True) -> TriggerState:
    """Return whether a result reaches a trigger.

    Parameters
    ----------
    result, trigger
        In the same unit; a result that equals the trigger, but for a relative 1e-9, reaches it.
    better
        Whether ``higher`` results are better, or ``lower`` ones.
    final
        False while results are still to come: then it is open either way.

    Raises
    ------
    NotEstimable
        If a number is missing.

    Examples
    --------
    >>> trigger_state(142.0, 139.5, better="lower")
    TriggerState(state='missed', reached=False, short_by=2.5)
    """
    sign = DIRECTIONS[chosen("better", better, DIRECTIONS)]
    value, goal = number("result", result), number("trigger", trigger)
    met = bool(reaches(floats(value), goal, sign))
    state: Literal["met", "missed"] = "met" if met else "missed"
    return TriggerState(state if final else "open", met, 0.0 if met else sign * (goal - value))


def ledger(contract: Contract, cohorts: tuple[str, ...], results: ArrayLike, *, final: bool) -> Ledger:
    """Return what a contract pays, line by line.

    Parameters
    ----------
    contract
        The rules.
    cohorts
        Names, in the order in which they are paid.
    results
        Shape (cohorts, metrics), metrics in the contract's order.
    final
        Whether all cohorts are in.

    Raises
    ------
    NotEstimable
        If a result is missing, or shapes do not fit.

    Notes
    -----
    See :func:`~.outcome_payment.amounts`. Conditions of real contracts are collected by the Government Outcomes
    Lab, https://golab.bsg.ox.ac.uk/.

    Examples
    --------
    >>> rules = Contract((Metric("jobs", trigger=5, counted_from=0, tariff=100),), total_cap=1500)
    >>> found = ledger(rules, ("1", "2", "3"), [[10.0], [8.0], [2.0]], final=True)
    >>> [payment.paid for payment in found.payments], found.total
    ([1000.0, 500.0, 0.0], 1500.0)
    >>> str(found.payments[2].reason)
    'a result of 2 misses the trigger of 5'
    """
    values = floats(results)
    if values.ndim != 2:
        raise NotEstimable(Said("economics.results_do_not_fit", cohorts=len(cohorts), metrics=len(contract.metrics)))
    found = amounts(contract, cohorts, values, final=final)
    lines = [
        _payment(contract, cohorts[row], found, (row, column), float(values[row, column]))
        for row, column in np.ndindex(*found.paid.shape)
    ]
    total = float(found.total)
    added = float(found.top_up)
    if added > 0:
        rule = Said("economics.rule_floor", floor=contract.floor)
        reason = Said("economics.pay_floor", added=added)
        lines.append(Payment("", "", None, None, added, added, added, total, rule, reason))
    return Ledger(tuple(lines), total, _instalments(contract, total), final)


def _payment(contract: Contract, cohort: str, found: Amounts, place: tuple[int, ...], result: float) -> Payment:
    """Return one line."""
    row, column = place
    metric = contract.metrics[column]
    units, gross, due, paid = (float(each[place]) for each in (found.units, found.gross, found.due, found.paid))
    so_far = row * len(contract.metrics) + column + 1
    cumulative = float(found.paid.ravel()[:so_far].sum())
    cuts = (
        Said("economics.pay_most_units", most=metric.most_units) if units == metric.most_units and units else None,
        Said("economics.pay_cut_cohort", cap=contract.cohort_cap or 0.0) if _cut(gross, due) else None,
        Said("economics.pay_cut_total", cap=contract.total_cap or 0.0) if _cut(due, paid) else None,
    )
    why = _why(contract, metric, found, place, result)
    reason = joined(why, *cuts) or why
    return Payment(cohort, metric.name, result, units, gross, due, paid, cumulative, _rule(metric), reason)


def _rule(metric: Metric) -> Said:
    """Return the rule of a metric in words."""
    return Said(
        "economics.rule_tariff",
        metric=metric.name,
        tariff=metric.tariff,
        weight=metric.weight,
        counted_from=metric.counted_from,
        trigger=metric.trigger,
    )


def _cut(before: float, after: float) -> bool:
    """Tell whether a cap took something, and not rounding."""
    return before - after > ROUNDING * before


def _why(contract: Contract, metric: Metric, found: Amounts, place: tuple[int, ...], result: float) -> Said:
    """Return why a result is paid, or is not."""
    units = float(found.units[place])
    if not found.reached[place] and not found.by_overall[place]:
        missed = Said("economics.pay_missed", result=result, trigger=metric.trigger)
        waits = contract.overall is not None and contract.overall.metric == metric.name and not found.final
        return Said("economics.pay_open", missed=missed) if waits else missed
    if units == 0:
        return Said("economics.pay_no_units", result=result)
    if found.by_overall[place]:
        return Said("economics.pay_overall", units=units, result=result, trigger=metric.trigger)
    return Said("economics.pay_units", units=units, result=result, trigger=metric.trigger)


def _instalments(contract: Contract, total: float) -> tuple[tuple[str, float], ...]:
    """Return the total by instalment; what rounding leaves is in the last."""
    if not contract.schedule:
        return ()
    names = list(contract.schedule)
    parts = [total * contract.schedule[name] for name in names[:-1]]
    return tuple(zip(names, [*parts, total - sum(parts)], strict=True))
