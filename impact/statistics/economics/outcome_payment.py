"""A contract that pays for outcomes, as rules: what triggers a payment, what a unit is worth, caps, floor, schedule.

The ledger of what is paid stands in :mod:`impact.statistics.economics.ledger`, what is expected while results are
uncertain in :mod:`impact.statistics.economics.payment_uncertainty`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.economics.checks import above_zero, chosen, number, numbers
from impact.words.said import Said

Better = Literal["higher", "lower"]
DIRECTIONS = {"higher": 1.0, "lower": -1.0}
Flags = NDArray[np.bool_]
ROUNDING = 1e-9
"""Share of a trigger by which a result may miss it and still reach it."""


@dataclass(frozen=True)
class Metric:
    """What is paid for one result of a cohort.

    Parameters
    ----------
    name
        Of the metric.
    trigger
        Result from which on anything is paid, itself included (but for a relative 1e-9, which is rounding).
    counted_from
        Result from which units are counted: the trigger, where only what lies beyond it is paid; 0, where all is.
    tariff
        Money per unit, 0 or more.
    better
        Whether ``higher`` results are better, or ``lower`` ones.
    weight
        Share of the contract that the metric carries; its tariff is multiplied by it.
    most_units
        Units of a cohort beyond which nothing more is paid; None: no such limit.
    """

    name: str
    trigger: float
    counted_from: float
    tariff: float
    better: Better = "higher"
    weight: float = 1.0
    most_units: float | None = None

    def __post_init__(self) -> None:
        number("trigger", self.trigger, of=self.name)
        number("counted_from", self.counted_from, of=self.name)
        number("tariff", self.tariff, of=self.name, low=0)
        number("weight", self.weight, of=self.name, low=0)
        chosen("better", self.better, DIRECTIONS)
        if self.most_units is not None:
            number("most_units", self.most_units, of=self.name, low=0)

    @property
    def price(self) -> float:
        """Money per unit, with the weight."""
        return self.tariff * self.weight

    @property
    def sign(self) -> float:
        """1 where higher is better, −1 where lower is."""
        return DIRECTIONS[self.better]

    def reached(self, results: Floats, trigger: float | None = None) -> Flags:
        """Tell which results reach the trigger, or another one."""
        goal = self.trigger if trigger is None else trigger
        return reaches(results, goal, self.sign)

    def units(self, results: Floats) -> Floats:
        """Return the units that results count for, were they triggered."""
        most = math.inf if self.most_units is None else self.most_units
        return floats(np.clip(self.sign * (results - self.counted_from), 0, most))


@dataclass(frozen=True)
class Overall:
    """A second trigger over all cohorts: if their mean reaches it, those that missed their own are paid, too.

    Parameters
    ----------
    metric
        Name of the metric it looks at; its cohorts are the ones that are paid.
    trigger
        Mean result over cohorts from which on they are paid.
    weights
        Size of each cohort by name, above zero.
    """

    metric: str
    trigger: float
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        number("trigger", self.trigger, of=self.metric)
        for cohort, weight in self.weights.items():
            above_zero("weights", weight, of=cohort)


@dataclass(frozen=True)
class Contract:
    """The rules by which outcomes are paid.

    Parameters
    ----------
    metrics
        One or more, in the order in which a cohort's cap is used up.
    cohort_cap, total_cap
        Most that is paid for a cohort, and in all; None: no such cap.
    floor
        Least that is paid in all, once everything is in; at most the total cap.
    overall
        Trigger over all cohorts, or None.
    schedule
        Share of the total by instalment, which add up to one; empty: one payment.
    """

    metrics: tuple[Metric, ...]
    cohort_cap: float | None = None
    total_cap: float | None = None
    floor: float = 0.0
    overall: Overall | None = None
    schedule: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = Counter(metric.name for metric in self.metrics)
        twice = [name for name, times in names.items() if times > 1]
        if not names:
            raise NotEstimable(Said("economics.no_metric"), Said("economics.metric_with_tariff"))
        if twice:
            raise NotEstimable(Said("economics.name_twice", names=twice), Said("economics.names_of_their_own"))
        for cap in (self.cohort_cap, self.total_cap):
            if cap is not None:
                number("cap", cap, low=0)
        number("floor", self.floor, low=0, high=self.cap)
        if self.overall is not None:
            chosen("metric", self.overall.metric, names)
        if self.schedule:
            shares = numbers("schedule", list(self.schedule.values()), low=0)
            if not math.isclose(shares.sum(), 1, rel_tol=1e-9):
                raise NotEstimable(Said("economics.schedule_not_one", total=shares.sum()))

    @property
    def cap(self) -> float:
        """Most that is paid in all; infinite if there is no cap."""
        return math.inf if self.total_cap is None else self.total_cap


@dataclass(frozen=True)
class Amounts:
    """What a contract pays for results, before it is put in words.

    Parameters
    ----------
    reached, by_overall
        Shape (…, cohorts, metrics): whether a result reached its own trigger; whether it is paid by the overall one.
    units, gross, due, paid
        Same shape: units that count; money before caps; within the cap of the cohort; within that of the contract.
    top_up
        Shape (…,), what the floor adds.
    overall
        Shape (…,), whether the trigger over all cohorts was reached; False where there is none, or it is still open.
    final
        Whether all cohorts are in.
    total
        Shape (…,), all that is paid, the floor's share included.
    """

    reached: Flags
    by_overall: Flags
    units: Floats
    gross: Floats
    due: Floats
    paid: Floats
    top_up: Floats
    overall: Flags
    final: bool
    total: Floats


def amounts(contract: Contract, cohorts: tuple[str, ...], results: ArrayLike, *, final: bool) -> Amounts:
    """Return what a contract pays for results, or for draws of results.

    Parameters
    ----------
    contract
        The rules.
    cohorts
        Names, in the order in which they are paid; no two alike.
    results
        Shape (…, cohorts, metrics), metrics in the contract's order, each in its unit.
    final
        Whether all cohorts are in: only then the overall trigger and the floor count.

    Raises
    ------
    NotEstimable
        If a result is missing, shapes do not fit, or a cohort has no weight for the overall trigger.

    Notes
    -----
    ``tariff · weight · min(most, max(0, ±(x − counted_from)))`` where the trigger is reached; then the cap of the
    cohort over its metrics, then that of the contract over its cohorts, first come first served; then the floor. What
    only the trigger over all cohorts pays is due once all are in, and comes last: it takes back nothing that was paid.

    Examples
    --------
    >>> rules = Contract((Metric("jobs", trigger=5, counted_from=0, tariff=100),), total_cap=1500)
    >>> amounts(rules, ("1", "2"), [[10.0], [8.0]], final=True).paid.tolist()
    [[1000.0], [500.0]]
    """
    values = _checked(contract, cohorts, results)
    columns = list(zip(contract.metrics, np.moveaxis(values, -1, 0), strict=True))
    reached = np.stack([metric.reached(column) for metric, column in columns], axis=-1)
    overall = _overall_reached(contract, cohorts, values, final=final)
    by_overall = _by_overall(contract, reached, overall)
    counted = np.stack([metric.units(column) for metric, column in columns], axis=-1)
    units = np.where(reached | by_overall, counted, 0.0)
    gross = units * [metric.price for metric in contract.metrics]
    due = _in_turn(gross, by_overall, contract.cohort_cap)
    in_a_row = (*due.shape[:-2], -1)
    paid = _in_turn(due.reshape(in_a_row), by_overall.reshape(in_a_row), contract.total_cap).reshape(due.shape)
    earned = np.minimum(paid.sum(axis=(-2, -1)), contract.cap)
    total = np.maximum(earned, contract.floor) if final else earned
    top_up = total - earned
    return Amounts(reached, by_overall, units, gross, due, paid, top_up, overall, final, total)


def reaches(results: Floats, goal: float, sign: float) -> Flags:
    """Tell which results reach a goal, upwards (1) or downwards (−1), but for a relative 1e-9, which is rounding.

    Examples
    --------
    >>> reaches(np.array([0.1 + 0.2, 0.29]), 0.3, 1.0).tolist(), reaches(np.array([0.1 + 0.2]), 0.3, -1.0).tolist()
    ([True, False], [True])
    """
    return np.asarray(sign * (results - goal) >= -ROUNDING * abs(goal))


def _in_turn(due: Floats, by_overall: Flags, cap: float | None) -> Floats:
    """Return payments within a cap along the last axis: by their own triggers first, then by that over all cohorts."""
    if cap is None:
        return due
    first = within(np.where(by_overall, 0.0, due), cap)
    left = floats(cap - first.sum(axis=-1, keepdims=True))
    return floats(first + within(np.where(by_overall, due, 0.0), left))


def within(due: Floats, cap: float | Floats) -> Floats:
    """Return payments within a cap along the last axis, first come first served.

    Examples
    --------
    >>> within(np.array([5.0, 10.0, 2.0]), 12.0).tolist()
    [5.0, 7.0, 0.0]
    """
    before = np.zeros_like(due)
    np.cumsum(due[..., :-1], axis=-1, out=before[..., 1:])
    left = np.clip(cap - before, 0, None)
    return np.minimum(due, left)


def pooled_result(contract: Contract, cohorts: tuple[str, ...], results: Floats) -> Floats:
    """Return the weighted mean result that the overall trigger looks at, shape (…,).

    Raises
    ------
    NotEstimable
        If the contract has no overall trigger, or a cohort no weight.

    Examples
    --------
    >>> metric = Metric("reduction", trigger=0.1, counted_from=0, tariff=1)
    >>> rules = Contract((metric,), overall=Overall("reduction", 0.075, {"1": 1.0, "2": 3.0}))
    >>> round(float(pooled_result(rules, ("1", "2"), np.array([[0.04], [0.08]]))), 12)
    0.07
    """
    if contract.overall is None:
        raise NotEstimable(Said("economics.no_overall_trigger"))
    weights = floats([above_zero("weights", contract.overall.weights.get(cohort), of=cohort) for cohort in cohorts])
    return floats(results[..., _column(contract)] @ (weights / weights.sum()))


def _overall_reached(contract: Contract, cohorts: tuple[str, ...], values: Floats, *, final: bool) -> Flags:
    """Tell whether the trigger over all cohorts was reached."""
    if contract.overall is None or not final:
        return np.zeros(values.shape[:-2], dtype=bool)
    metric = contract.metrics[_column(contract)]
    pooled = pooled_result(contract, cohorts, values)
    return metric.reached(pooled, contract.overall.trigger)


def _by_overall(contract: Contract, reached: Flags, overall: Flags) -> Flags:
    """Tell which results are paid by the trigger over all cohorts only."""
    found = np.zeros_like(reached)
    if contract.overall is not None:
        column = _column(contract)
        found[..., column] = overall[..., None] & ~reached[..., column]
    return found


def _column(contract: Contract) -> int:
    """Return the position of the metric of the overall trigger."""
    names = [metric.name for metric in contract.metrics]
    return names.index(contract.overall.metric) if contract.overall else 0


def _checked(contract: Contract, cohorts: tuple[str, ...], results: ArrayLike) -> Floats:
    """Return results that are all there."""
    values = floats(results)
    shape = (len(cohorts), len(contract.metrics))
    if values.ndim < 2 or values.shape[-2:] != shape or not cohorts:
        raise NotEstimable(Said("economics.results_do_not_fit", cohorts=shape[0], metrics=shape[1]))
    if len(set(cohorts)) < len(cohorts):
        raise NotEstimable(Said("economics.name_twice", names=cohorts), Said("economics.names_of_their_own"))
    missing = ~np.isfinite(values).reshape(-1, *shape).all(axis=0)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        metric = contract.metrics[column].name
        raise NotEstimable(
            Said("economics.result_missing", cohort=cohorts[row], metric=metric), Said("economics.number_needed")
        )
    return values
