"""What a contract will pay while its results are uncertain: in closed form for a normal result, or of draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from impact.statistics.core import CONFIDENCE, Floats, floats
from impact.statistics.economics.checks import above_zero, chosen, number
from impact.statistics.economics.outcome_payment import DIRECTIONS, Better, Contract, Metric, amounts
from impact.words.said import Said


@dataclass(frozen=True)
class NormalPayment:
    """Payment for one metric of one cohort whose result is normal.

    Parameters
    ----------
    expected, std_dev
        In money.
    p_trigger, p_most
        Probabilities that anything can be paid, and that no more can be.
    metric, mean, sd, most
        What it was computed of; the most units that are paid, infinite without limit.
    rule
        That it is a closed form.
    """

    expected: float
    std_dev: float
    p_trigger: float
    p_most: float
    metric: Metric
    mean: float
    sd: float
    most: float
    rule: Said

    def quantile(self, level: float) -> float:
        """Return the payment that is not exceeded with a probability, inside 0 to 1."""
        share = number("level", level, low=1e-12, high=1 - 1e-12)
        z = special.ndtri(share)
        result = np.array(self.mean + self.metric.sign * self.sd * z)
        units = min(float(self.metric.units(result)), self.most)
        return units * self.metric.price if self.metric.reached(result) else 0.0


@dataclass(frozen=True)
class DrawnPayment:
    """Payment of a whole contract over draws of all its results.

    Parameters
    ----------
    expected, std_dev
        Of the total, in money.
    conf_low, conf_high
        Percentile limits of the total.
    p_trigger
        Shape (cohorts, metrics), share of draws in which a result reaches its own trigger.
    p_overall, p_cap, p_floor
        Share of draws in which the overall trigger is reached; the total is at its cap; the floor adds something.
    totals
        Shape (draws,).
    rule
        How many draws.
    """

    expected: float
    std_dev: float
    conf_low: float
    conf_high: float
    p_trigger: Floats
    p_overall: float
    p_cap: float
    p_floor: float
    totals: Floats
    rule: Said


def probability_reached(trigger: float, mean: float, sd: float, *, better: Better = "higher") -> float:
    """Return the probability that a normal result reaches a trigger.

    Parameters
    ----------
    trigger, mean, sd
        In the unit of the result; sd above zero.
    better
        Whether ``higher`` results are better, or ``lower`` ones.

    Raises
    ------
    NotEstimable
        If a number is missing, or the spread is not above zero.

    Examples
    --------
    >>> round(probability_reached(7.5, 8.4, 4.0), 4)
    0.589
    """
    sign = DIRECTIONS[chosen("better", better, DIRECTIONS)]
    gap = number("mean", mean) - number("trigger", trigger)
    return float(special.ndtr(sign * gap / above_zero("sd", sd)))


def payment_if_normal(metric: Metric, mean: float, sd: float, *, cap: float | None = None) -> NormalPayment:
    """Return the distribution of the payment for one normal result.

    Parameters
    ----------
    metric
        The rule.
    mean, sd
        Of the result, in its unit; sd above zero.
    cap
        Most that is paid, in money, beside the metric's most units; None: no such cap.

    Raises
    ------
    NotEstimable
        If a number is missing, or the spread is not above zero.

    Notes
    -----
    The payment is zero up to s = max(trigger, counted from), rises with the tariff to e, where the most is reached, and
    is flat from there. With ``a = (s − μ)/σ``, ``b = (e − μ)/σ``, units counted from c and at most m:
    ``E = (μ − c)(Φ(b) − Φ(a)) − σ(φ(b) − φ(a)) + m (1 − Φ(b))``. Source: Johnson, Kotz and Balakrishnan (1994),
    Continuous Univariate Distributions 1, section 13.10, https://www.wiley.com/en-us/Continuous+Univariate+Distributions%2C+Volume+1-p-9780471584957.

    Examples
    --------
    >>> points = Metric("points", trigger=7.5, counted_from=7.5, tariff=100000, most_units=5)
    >>> round(payment_if_normal(points, 8.4, 4.0).expected, 1)
    176829.6
    """
    center, spread = number("mean", mean), above_zero("sd", sd)
    most = _most_units(metric, cap)
    units, variance, above = _unit_moments(metric, center, spread, most)
    p_trigger = probability_reached(metric.trigger, center, spread, better=metric.better)
    expected, error = metric.price * units, metric.price * math.sqrt(variance)
    rule = Said("economics.normal_closed_form")
    return NormalPayment(expected, error, p_trigger, above, metric, center, spread, most, rule)


def _unit_moments(metric: Metric, mean: float, sd: float, most: float) -> tuple[float, float, float]:
    """Return mean and variance of the units that are paid, and the probability that they are the most."""
    # More is better: y = ±(x − c)
    middle = metric.sign * (mean - metric.counted_from)
    trigger = metric.sign * (metric.trigger - metric.counted_from)
    start = max(trigger, 0.0)
    end = max(most, start)
    units, squares = _partial_moments(middle, sd, start, end)
    above = float(special.ndtr((middle - end) / sd))
    if math.isfinite(most):
        units, squares = units + most * above, squares + most**2 * above
    return units, max(squares - units**2, 0.0), above


def _most_units(metric: Metric, cap: float | None) -> float:
    """Return the units beyond which nothing more is paid."""
    most = math.inf if metric.most_units is None else metric.most_units
    if cap is None or metric.price == 0:
        return most
    return min(most, number("cap", cap, low=0) / metric.price)


def _partial_moments(mean: float, sd: float, low: float, high: float) -> tuple[float, float]:
    """Return ``E[y]`` and ``E[y²]`` of a normal over an interval; the upper end may be infinite."""
    a, b = (low - mean) / sd, (high - mean) / sd
    share = float(special.ndtr(b) - special.ndtr(a))
    at_low, at_high = _density(a), _density(b)
    first = mean * share - sd * (at_high - at_low)
    edge = (high + mean) * at_high if math.isfinite(high) else 0.0
    second = (mean**2 + sd**2) * share - sd * (edge - (low + mean) * at_low)
    return first, second


def _density(z: float) -> float:
    """Return the standard normal density."""
    return math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def payment_of_draws(
    contract: Contract, cohorts: tuple[str, ...], draws: ArrayLike, *, level: float = CONFIDENCE
) -> DrawnPayment:
    """Return the distribution of what a whole contract pays, over joint draws of its results.

    Parameters
    ----------
    contract
        The rules.
    cohorts
        Names, in the order in which they are paid.
    draws
        Shape (draws, cohorts, metrics), of all results at once, so that they may depend on each other.
    level
        Of the interval, inside 0 to 1.

    Raises
    ------
    NotEstimable
        If a result is missing, or shapes do not fit.

    Examples
    --------
    >>> rules = Contract((Metric("jobs", trigger=5, counted_from=0, tariff=100),), total_cap=800)
    >>> found = payment_of_draws(rules, ("1",), [[[10.0]], [[6.0]], [[4.0]], [[6.0]]])
    >>> found.expected, found.p_cap, found.p_trigger.tolist()
    (500.0, 0.25, [[0.75]])
    """
    values = floats(draws)
    found = amounts(contract, cohorts, values, final=True)
    totals = np.atleast_1d(found.total)
    tail = (1 - number("level", level, low=1e-9, high=1 - 1e-9)) / 2
    low, high = np.quantile(totals, [tail, 1 - tail], method="inverted_cdf")
    shares = found.reached.reshape(-1, *found.reached.shape[-2:]).mean(axis=0)
    at_cap = float((found.due.sum(axis=(-2, -1)) >= contract.cap).mean())
    raised = float((found.top_up > 0).mean())
    mean, spread, p_overall = (float(value) for value in (totals.mean(), totals.std(), found.overall.mean()))
    rule = Said("economics.drawn_payment", draws=len(totals))
    return DrawnPayment(mean, spread, float(low), float(high), floats(shares), p_overall, at_cap, raised, totals, rule)
