"""Money at other times: discount factors, present values, annuities and what capital costs a year.

Prices of other years and other currencies stand in :mod:`impact.statistics.economics.prices`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.economics.checks import chosen, count, number, numbers
from impact.words.said import Said

Timing = Literal["end_of_year", "start_of_year", "mid_year"]
OFFSETS = {"end_of_year": 1.0, "start_of_year": 0.0, "mid_year": 0.5}
"""Years from the start of the first year to its payment."""


@dataclass(frozen=True)
class PresentValue:
    """What a stream of yearly amounts is worth at the start of its first year.

    Parameters
    ----------
    value
        Sum of the discounted amounts, in their currency.
    discounted, factors
        Shape (n,): each amount as discounted, and its factor.
    rule
        When in a year its amount falls.
    """

    value: float
    discounted: Floats
    factors: Floats
    rule: Said


@dataclass(frozen=True)
class AnnualCost:
    """What a capital good costs a year.

    Parameters
    ----------
    economic
        Equal yearly amounts with the present value of the capital less that of its resale: it holds the interest
        foregone.
    financial
        Price less resale, by years of use: straight-line depreciation, without interest.
    factor
        The annuity factor by which the economic cost was divided.
    rule
        When in a year the amounts fall.
    """

    economic: float
    financial: float
    factor: float
    rule: Said


def yearly_rates(steps: Mapping[int, float], years: int) -> Floats:
    """Return the rate of each year of a declared schedule.

    Parameters
    ----------
    steps
        First year of each rate (1 is the first year of the stream) to the rate, as a share.
    years
        Length of the schedule.

    Raises
    ------
    NotEstimable
        If no rate begins in year 1, or a rate is missing or not above −1.

    Examples
    --------
    >>> yearly_rates({1: 0.035, 3: 0.03}, 4).tolist()
    [0.035, 0.035, 0.03, 0.03]
    """
    span = np.arange(1, count("years", years) + 1)
    starts = sorted(steps)
    if not starts or starts[0] != 1:
        raise NotEstimable(Said("economics.no_rate_for_year", year=1), Said("economics.rate_every_year"))
    rates = _rates([steps[start] for start in starts])
    of = np.searchsorted(starts, span, side="right") - 1
    return floats(rates[of])


def discount_factors(rates: ArrayLike, times: ArrayLike) -> Floats:
    """Return what one unit of money at each time is worth at time 0.

    Parameters
    ----------
    rates
        One rate for all years, or shape (years,): the rate of year 1, 2, …, as shares.
    times
        Shape (n,), years from now, 0 or more; need not be whole.

    Raises
    ------
    NotEstimable
        If a rate or time is missing or impossible, or a time lies beyond the last declared year.

    Notes
    -----
    ``(1 + r)^−t``; with yearly rates ``Π_{k ≤ t} (1 + r_k)^−1``, and the part of a year that has begun at that year's
    rate: yearly factors multiply, the rate of year t is not applied to all earlier years. Source: HM Treasury, The
    Green Book, annex 6, https://www.gov.uk/government/publications/the-green-book-appraisal-and-evaluation-in-central-government.

    Examples
    --------
    >>> discount_factors(0.25, [0, 1, 2]).tolist()
    [1.0, 0.8, 0.64]
    >>> discount_factors([0.25, 0.0], [1, 2]).round(9).tolist()
    [0.8, 0.8]
    """
    moments = numbers("times", times, low=0)
    given = floats(rates)
    if given.ndim == 0:
        rate = _rates(given.reshape(1))
        return floats((1 + rate) ** -moments)
    by_year = _rates(given)
    last = float(moments.max())
    if last > len(by_year):
        raise NotEstimable(Said("economics.no_rate_for_year", year=math.ceil(last)), Said("economics.rate_every_year"))
    # Logarithms of the growth add up; within a year in proportion to the time
    logs = np.concatenate([[0.0], np.cumsum(np.log1p(by_year))])
    ends = np.arange(len(logs))
    return floats(np.exp(-np.interp(moments, ends, logs)))


def payment_times(years: int, timing: Timing) -> Floats:
    """Return when the amounts of years 1 … n fall, in years from the start of the first.

    Raises
    ------
    NotEstimable
        If there is no such timing.

    Examples
    --------
    >>> payment_times(3, "mid_year").tolist()
    [0.5, 1.5, 2.5]
    """
    offset = OFFSETS[chosen("timing", timing, OFFSETS)]
    return floats(np.arange(count("years", years)) + offset)


def present_value(amounts: ArrayLike, rates: ArrayLike, *, timing: Timing) -> PresentValue:
    """Return the present value of a stream of yearly amounts.

    Parameters
    ----------
    amounts
        Shape (n,), money of years 1 … n; negative where it is received rather than spent, or the other way.
    rates
        One rate, or one for each year, as shares: real if the amounts are at constant prices, nominal otherwise.
    timing
        ``end_of_year``; ``start_of_year``: the first amount is not discounted; ``mid_year``.

    Raises
    ------
    NotEstimable
        If an amount or a rate is missing.

    Notes
    -----
    ``Σ a_t d(t − 1 + offset)`` with an offset of 1, 0 or ½ year. Source: Drummond et al. (2015), Methods for the
    Economic Evaluation of Health Care Programmes, ch. 7,
    https://global.oup.com/academic/product/methods-for-the-economic-evaluation-of-health-care-programmes-9780199665884.

    Examples
    --------
    >>> present_value([100.0, 125.0], 0.25, timing="start_of_year").value
    200.0
    """
    money = numbers("amounts", amounts)
    times = payment_times(len(money), timing)
    factors = discount_factors(rates, times)
    discounted = money * factors
    return PresentValue(float(discounted.sum()), discounted, factors, Said(f"economics.timing_{timing}"))


def annuity_factor(rate: float, years: int, *, timing: Timing) -> float:
    """Return the present value of one unit a year.

    Raises
    ------
    NotEstimable
        If the rate is missing or not above −1, or there is no year.

    Notes
    -----
    ``(1 − (1 + r)^−n) / r`` at the end of the years, n at a rate of zero; times ``(1 + r)^(1 − offset)`` for other
    timings.

    Examples
    --------
    >>> round(annuity_factor(0.05, 5, timing="end_of_year"), 4)
    4.3295
    """
    times = payment_times(years, timing)
    factors = discount_factors(number("rate", rate), times)
    return float(factors.sum())


def annual_cost(capital: float, rate: float, years: int, *, resale: float, timing: Timing) -> AnnualCost:
    """Return what a capital good costs a year: with the interest foregone, and without.

    Parameters
    ----------
    capital, resale
        Price, and what the good still fetches after its last year (0 must be said), in the same currency.
    rate
        Yearly, as a share.
    years
        Of use.
    timing
        When in a year its cost falls.

    Raises
    ------
    NotEstimable
        If a number is missing, or a price is negative.

    Notes
    -----
    ``(K − S (1 + r)^−n) / A(r, n)``. Source: Drummond et al. (2015), ch. 7; the distinction of economic from financial
    cost as in WHO, Making Choices in Health, https://apps.who.int/iris/handle/10665/42699.

    Examples
    --------
    >>> cost = annual_cost(10000.0, 0.05, 5, resale=1000.0, timing="end_of_year")
    >>> round(cost.economic, 2), cost.financial
    (2128.77, 1800.0)
    """
    price = number("capital", capital, low=0)
    left = number("resale", resale, low=0)
    factor = annuity_factor(rate, years, timing=timing)
    at_end = discount_factors(rate, [years])[0]
    economic = (price - left * at_end) / factor
    financial = (price - left) / years
    return AnnualCost(float(economic), float(financial), factor, Said(f"economics.timing_{timing}"))


def real_rate(nominal: float, inflation: float) -> float:
    """Return the rate net of inflation, for amounts at constant prices.

    Raises
    ------
    NotEstimable
        If a rate is missing or not above −1.

    Notes
    -----
    ``(1 + i) / (1 + π) − 1``, not ``i − π`` (Fisher).

    Examples
    --------
    >>> round(real_rate(0.05, 0.02), 6)
    0.029412
    """
    growth, prices = 1 + _rates([nominal, inflation])
    return float(growth / prices - 1)


def _rates(rates: ArrayLike) -> Floats:
    """Return rates as shares; a rate of −1 or less has no factor."""
    found = numbers("rate", rates)
    if (found <= -1).any():
        raise NotEstimable(Said("economics.rate_not_above_minus_one", value=found.min()))
    return found
