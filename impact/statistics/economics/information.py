"""What it is worth to know more: perfect information, a sample, and whether to collect more data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.economics.checks import chosen, count, number, numbers
from impact.statistics.economics.time_value import discount_factors
from impact.words.said import Said

FirstYear = Literal["undiscounted", "discounted"]
FIRST = {"undiscounted": 0, "discounted": 1}


@dataclass(frozen=True)
class PerfectInformation:
    """What it would be worth, per decision, to know the truth before choosing.

    Parameters
    ----------
    value
        ``E[max] − max E``, in money (net benefit) per decision; never negative.
    expected
        Expected net benefit of each option, in their order.
    best
        Position of the option that is best now.
    with_information
        Expected net benefit if the truth were known first.
    """

    value: float
    expected: tuple[float, ...]
    best: int
    with_information: float


@dataclass(frozen=True)
class SampleInformation:
    """What a sample of a given size would be worth, per decision.

    Parameters
    ----------
    n
        Observations in the sample.
    value
        Expected value of sample information, in money per decision; at most that of perfect information.
    preposterior_sd
        Standard deviation of the mean that will be believed after the sample.
    perfect
        Expected value of perfect information.
    """

    n: int
    value: float
    preposterior_sd: float
    perfect: float


@dataclass(frozen=True)
class PopulationValue:
    """A value per decision, over all decisions that it touches.

    Parameters
    ----------
    value
        In money of today.
    decisions
        Discounted number of decisions.
    rule
        Whether the first year is discounted.
    """

    value: float
    decisions: float
    rule: Said


@dataclass(frozen=True)
class Sampling:
    """Whether to collect more data, and how many.

    Parameters
    ----------
    n
        Shape (k,), sizes that were compared.
    value, cost, net_benefit
        Shape (k,): worth of the sample to all decisions, its cost, and the difference.
    best
        Size with the largest net benefit; 0 if none is above zero.
    collect
        Whether any size pays.
    """

    n: Floats
    value: Floats
    cost: Floats
    net_benefit: Floats
    best: int
    collect: bool


def evpi_normal(benefit: float, std_error: float) -> PerfectInformation:
    """Return the expected value of perfect information between two options, of a normal incremental net benefit.

    Parameters
    ----------
    benefit, std_error
        Incremental net benefit per decision, in money, and its standard error (0 or more).

    Raises
    ------
    NotEstimable
        If a number is missing, or the error is negative.

    Notes
    -----
    ``se (φ(z) − z (1 − Φ(z)))`` with ``z = |benefit| / se``. Source: Raiffa and Schlaifer (1961), Applied Statistical
    Decision Theory, ch. 5, https://www.wiley.com/en-us/Applied+Statistical+Decision+Theory-p-9780471383499.

    Examples
    --------
    >>> round(evpi_normal(400.0, 500.0).value, 4)
    60.1036
    """
    mean = number("net_benefit", benefit)
    value = _loss(mean, number("std_error", std_error, low=0))
    expected = (0.0, mean)
    return PerfectInformation(value, expected, int(mean > 0), max(expected) + value)


def _loss(mean: float, sd: float) -> float:
    """Return the expected loss of choosing by the sign of a mean: ``sd · L(|mean| / sd)``."""
    if sd == 0:
        return 0.0
    z = abs(mean) / sd
    density = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return max(float(sd * (density - z * special.ndtr(-z))), 0.0)


def evpi_of_draws(net_benefits: ArrayLike, *, weights: ArrayLike | None = None) -> PerfectInformation:
    """Return the expected value of perfect information among several options, of draws or of states.

    Parameters
    ----------
    net_benefits
        Shape (draws, options), in money: each row one draw, or one state of the world.
    weights
        Shape (draws,), probabilities of the states, which add up to one; None where all draws weigh alike.

    Raises
    ------
    NotEstimable
        If a number is missing, there are fewer than two options, or the weights do not add up to one.

    Notes
    -----
    ``Σ_s w_s max_o b_so − max_o Σ_s w_s b_so``. With few draws it is biased upwards.

    Examples
    --------
    >>> payoff = [[10.0, 6.0, 5.0], [4.0, 8.0, 5.0], [2.0, 3.0, 9.0]]
    >>> round(evpi_of_draws(payoff, weights=[0.5, 0.3, 0.2]).value, 9)
    2.6
    """
    table = floats(net_benefits)
    if table.ndim != 2 or table.shape[1] < 2 or not len(table):
        raise NotEstimable(Said("economics.options_two_or_more"), Said("economics.column_every_option"))
    numbers("net_benefit", table.ravel())
    share = np.full(len(table), 1 / len(table)) if weights is None else numbers("weights", weights, low=0)
    if len(share) != len(table) or not math.isclose(share.sum(), 1, rel_tol=1e-9):
        raise NotEstimable(Said("economics.weights_not_one", total=share.sum()))
    expected = share @ table
    best = int(expected.argmax())
    known = float(share @ table.max(axis=1))
    value = max(known - float(expected[best]), 0.0)
    return PerfectInformation(value, tuple(expected.tolist()), best, known)


def population_value(
    per_decision: float, decisions: ArrayLike, rates: ArrayLike, *, first_year: FirstYear
) -> PopulationValue:
    """Return what a value per decision is worth over all decisions of the years to come.

    Parameters
    ----------
    per_decision
        Such as an expected value of information, in money.
    decisions
        Shape (years,), decisions of each year.
    rates
        One discount rate, or one for each year, as shares.
    first_year
        ``undiscounted``: years 0 … n − 1; ``discounted``: years 1 … n. It changes the value by one year's discount, so
        it has no default.

    Raises
    ------
    NotEstimable
        If a number is missing, or there is no such choice.

    Notes
    -----
    ``EVPI · Σ_t N_t (1 + r)^−t``. Source: Claxton (1999), The irrelevance of inference,
    https://doi.org/10.1016/S0167-6296(98)00039-3.

    Examples
    --------
    >>> found = population_value(10.0, [100.0, 100.0], 0.25, first_year="undiscounted")
    >>> found.value, found.decisions
    (1800.0, 180.0)
    """
    each = number("net_benefit", per_decision)
    yearly = numbers("decisions", decisions, low=0)
    start = FIRST[chosen("first_year", first_year, FIRST)]
    factors = discount_factors(rates, np.arange(len(yearly)) + start)
    total = float(yearly @ factors)
    return PopulationValue(each * total, total, Said(f"economics.first_year_{first_year}"))


def evsi_normal(prior_mean: float, prior_sd: float, observation_sd: float, n: int) -> SampleInformation:
    """Return the expected value of a sample of the incremental net benefit, normal with a known spread.

    Parameters
    ----------
    prior_mean, prior_sd
        Of the incremental net benefit per decision, in money.
    observation_sd
        Standard deviation of one observation of the net benefit (of a difference between arms: of one pair).
    n
        Observations, 1 or more.

    Raises
    ------
    NotEstimable
        If a number is missing, or a spread is not above zero.

    Notes
    -----
    ``k L(|μ| / k)`` with ``k = s₀² / √(s₀² + σ²/n)``, the spread of the mean after the sample. Source: Raiffa and
    Schlaifer (1961), ch. 5, https://www.wiley.com/en-us/Applied+Statistical+Decision+Theory-p-9780471383499.

    Examples
    --------
    >>> round(evsi_normal(400.0, 500.0, 6000.0, 50).value, 4)
    6.2444
    """
    mean = number("net_benefit", prior_mean)
    prior = number("prior_sd", prior_sd, low=0)
    noise = number("observation_sd", observation_sd, low=0)
    size = count("n", n)
    spread = math.sqrt(prior**2 + noise**2 / size)
    k = prior**2 / spread if spread > 0 else 0.0
    return SampleInformation(size, _loss(mean, k), k, _loss(mean, prior))


def net_benefit_of_sampling(
    prior_mean: float,
    prior_sd: float,
    observation_sd: float,
    sizes: ArrayLike,
    *,
    decisions: float,
    fixed_cost: float,
    cost_per_observation: float,
) -> Sampling:
    """Return for which sizes of a sample its worth to all decisions exceeds its cost.

    Parameters
    ----------
    prior_mean, prior_sd, observation_sd
        As in :func:`evsi_normal`.
    sizes
        Shape (k,), whole numbers of observations to compare.
    decisions
        Discounted number of decisions that the data come in time for: :attr:`PopulationValue.decisions`.
    fixed_cost, cost_per_observation
        Of collecting the data, in the money of the net benefit.

    Raises
    ------
    NotEstimable
        If a number is missing or impossible.

    Notes
    -----
    ``N · EVSI(n) − (F + c n)``. Decisions taken while the data are collected must not be counted in.

    Examples
    --------
    >>> found = net_benefit_of_sampling(
    ...     400.0, 500.0, 6000.0, [50, 1000], decisions=8000.0, fixed_cost=1000.0, cost_per_observation=100.0
    ... )
    >>> found.best, found.collect
    (1000, True)
    """
    compared = numbers("n", sizes, low=1)
    reach = number("decisions", decisions, low=0)
    fixed = number("fixed_cost", fixed_cost, low=0)
    each = number("cost_per_observation", cost_per_observation, low=0)
    values = [evsi_normal(prior_mean, prior_sd, observation_sd, size).value for size in compared.tolist()]
    worth = reach * floats(values)
    cost = fixed + each * compared
    net = worth - cost
    top = int(net.argmax())
    pays = bool(net[top] > 0)
    return Sampling(compared, worth, cost, net, int(compared[top]) if pays else 0, pays)
