"""Returns of cash flows: all internal rates, dated and modified ones, multiples and caps."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.economics.checks import above_zero, number, numbers, same_length
from impact.statistics.economics.dates import DayCount, year_fractions
from impact.statistics.economics.roots import log_roots, sign_changes
from impact.words.said import Remark, Said

LARGEST = math.log(sys.float_info.max)


@dataclass(frozen=True)
class RatesOfReturn:
    """Every rate at which a series of cash flows has a present value of zero.

    Parameters
    ----------
    rates
        Rising, from −1, as shares per period or year; none, one or several. A double root stands once.
    sign_changes
        Of the flows in time: an upper limit of the number of rates.
    rule
        What a period is.
    reason
        Why there is not exactly one rate; empty if there is.
    """

    rates: tuple[float, ...]
    sign_changes: int
    rule: Said
    reason: Remark = ""

    @property
    def rate(self) -> float:
        """The only rate; refused with the reason where there is none, or several."""
        if self.reason:
            raise NotEstimable(self.reason, Said("economics.present_value_or_modified_rate"))
        return self.rates[0]


@dataclass(frozen=True)
class CappedRepayment:
    """The most that a cap on the rate of return lets be repaid.

    Parameters
    ----------
    amount
        Capital with compound interest at the cap, in its currency.
    multiple
        Amount over capital.
    simple_interest
        What it would be with simple interest, for comparison: a contract must say which it means.
    rule
        That the cap compounds, with rate and years.
    """

    amount: float
    multiple: float
    simple_interest: float
    rule: Said


def rates_of_return(flows: ArrayLike) -> RatesOfReturn:
    """Return all internal rates of return of flows at equal distances in time.

    Parameters
    ----------
    flows
        Shape (n,), money in (positive) and out (negative) at times 0, 1, ….

    Raises
    ------
    NotEstimable
        If a flow is missing. No rate, or several, is an answer with a reason and no error.

    Notes
    -----
    All ``r > −1`` with ``Σ c_t (1 + r)^−t = 0``, found as described in :func:`~.roots.log_roots`; there are at most as
    many as changes of sign. Source: Norstrøm (1972), A sufficient condition for a unique nonnegative internal rate of
    return, https://www.cambridge.org/core/journals/journal-of-financial-and-quantitative-analysis/article/sufficient-condition-for-a-unique-nonnegative-internal-rate-of-return/065DA605934E47261DDA8CA14C3ED953.

    Examples
    --------
    >>> [round(rate, 9) for rate in rates_of_return([-100, 230, -132]).rates]
    [0.1, 0.2]
    >>> str(rates_of_return([-100, -50]).reason)
    'all flows go the same way: no rate makes their present value zero'
    """
    money = numbers("flows", flows)
    return _solved(money, floats(np.arange(len(money))), Said("economics.equal_periods"))


def dated_rates_of_return(flows: ArrayLike, dates: ArrayLike, *, day_count: DayCount = "actual/365") -> RatesOfReturn:
    """Return all yearly rates of return of dated flows (XIRR).

    Parameters
    ----------
    flows, dates
        Shape (n,), money in and out, and the day of each, in any order.
    day_count
        How days become years: see :func:`~.dates.year_fractions`. Spreadsheets use ``actual/365``.

    Raises
    ------
    NotEstimable
        If a flow or a date is missing, or a rate is larger than any number, as where money multiplies within a day.

    Notes
    -----
    All ``r > −1`` with ``Σ c_i (1 + r)^−(d_i − d_0) = 0``; flows of one day are added up first. Source: Microsoft, XIRR
    function, https://support.microsoft.com/en-us/office/xirr-function-de1242ec-6477-445b-b11b-a303ad9adc9d.

    Examples
    --------
    >>> round(dated_rates_of_return([-100, 110], ["2021-01-01", "2022-01-01"]).rate, 9)
    0.1
    """
    money = numbers("flows", flows)
    times = year_fractions(dates, day_count)
    same_length("flows", money, times)
    moments, of = np.unique(times, return_inverse=True)
    on_day = np.bincount(of, weights=money)
    return _solved(floats(on_day), moments, Said("economics.dated", day_count=day_count))


def _solved(money: Floats, times: Floats, rule: Said) -> RatesOfReturn:
    """Return all rates of flows at rising times."""
    there = money != 0
    if not there.any():
        return RatesOfReturn((), 0, rule, Said("economics.no_flow"))
    flows = money[there]
    changes = sign_changes(flows)
    scale = np.abs(flows).max()
    roots = log_roots(flows / scale, times[there])
    # (1 + r)^−t = exp(t u)
    rates = tuple(_rate(-u) for u in reversed(roots))
    return RatesOfReturn(rates, changes, rule, _reason(len(rates), changes))


def _rate(log_growth: float) -> float:
    """Return the rate of a growth in logarithms, if a number can hold it."""
    if log_growth > LARGEST:
        raise NotEstimable(Said("economics.rate_beyond_numbers"), Said("economics.flows_further_apart"))
    return math.expm1(log_growth)


def _reason(found: int, changes: int) -> Remark:
    """Return why there is not exactly one rate."""
    if not changes:
        return Said("economics.same_way")
    if not found:
        return Said("economics.no_rate", changes=changes)
    return Said("economics.several_rates", found=found) if found > 1 else ""


def modified_rate_of_return(flows: ArrayLike, *, finance_rate: float, reinvestment_rate: float) -> float:
    """Return the rate at which what was paid in grows to what comes out, reinvested (MIRR).

    Parameters
    ----------
    flows
        Shape (n,), at times 0, 1, ….
    finance_rate, reinvestment_rate
        At which outflows are discounted and inflows grow, per period, as shares.

    Raises
    ------
    NotEstimable
        If a number is missing, or there is no outflow or no inflow.

    Notes
    -----
    ``(Σ c⁺ (1 + r_i)^(n−t) / Σ c⁻ (1 + r_f)^−t)^(1/n) − 1``. It is one number where the internal rate is several, but
    depends on two declared rates. Source: Microsoft, MIRR function,
    https://support.microsoft.com/en-us/office/mirr-function-b020f038-7492-4fb4-93c1-35c345b53524.

    Examples
    --------
    >>> round(modified_rate_of_return([-100, 0, 121], finance_rate=0.05, reinvestment_rate=0.05), 9)
    0.1
    """
    money = numbers("flows", flows)
    finance, invest = _growth(finance_rate), _growth(reinvestment_rate)
    if not (money > 0).any() or not (money < 0).any():
        raise NotEstimable(Said("economics.same_way"), Said("economics.flows_both_ways"))
    times = np.arange(len(money))
    last = len(money) - 1
    grown = np.clip(money, 0, None) @ invest ** (last - times)
    paid = np.clip(-money, 0, None) @ finance ** (0.0 - times)
    return float((grown / paid) ** (1 / last) - 1)


def multiple(flows: ArrayLike) -> float:
    """Return the multiple on invested capital: all that came back by all that was paid in, whenever.

    Raises
    ------
    NotEstimable
        If a flow is missing, or nothing was paid in.

    Examples
    --------
    >>> multiple([-100, -100, 290])
    1.45
    """
    money = numbers("flows", flows)
    paid_in = -money[money < 0].sum()
    if paid_in <= 0:
        raise NotEstimable(Said("economics.nothing_paid_in"), Said("economics.flows_both_ways"))
    return float(money[money > 0].sum() / paid_in)


def rate_of_multiple(times: float, years: float) -> float:
    """Return the yearly rate of one draw that is repaid once, at a multiple.

    A multiple alone has no rate: with several draws or repayments their dates are needed.

    Parameters
    ----------
    times
        Repayment over draw, 0 or more.
    years
        From draw to repayment.

    Raises
    ------
    NotEstimable
        If a number is missing or impossible.

    Examples
    --------
    >>> round(rate_of_multiple(1.52, 3), 6)
    0.149779
    """
    grown = number("multiple", times, low=0)
    return float(grown ** (1 / above_zero("years", years)) - 1)


def capped_repayment(capital: float, rate: float, years: float) -> CappedRepayment:
    """Return the largest repayment of one draw under a cap on its rate of return.

    Parameters
    ----------
    capital
        Drawn at once, in any currency.
    rate
        The cap, yearly, as a share.
    years
        From draw to repayment.

    Raises
    ------
    NotEstimable
        If a number is missing or impossible.

    Notes
    -----
    ``K (1 + r)^n``: a cap on a rate of return compounds, and is not a cap on a multiple.

    Examples
    --------
    >>> round(capped_repayment(270000.0, 0.15, 3).amount, 2)
    410636.25
    """
    drawn = number("capital", capital, low=0)
    span = number("years", years, low=0)
    grown = _growth(rate) ** span
    simple = 1 + rate * span
    return CappedRepayment(drawn * grown, grown, drawn * simple, Said("economics.cap_compounds", rate=rate, years=span))


def largest_payment(flows: ArrayLike, times: ArrayLike, rate: float, *, at: float) -> float:
    """Return the payment that brings the return of earlier flows to a cap, 0 if they are there already.

    Parameters
    ----------
    flows, times
        Shape (n,), money in and out so far, and the time of each in years.
    rate
        The cap, yearly, as a share.
    at
        Time of the payment, in years.

    Raises
    ------
    NotEstimable
        If a number is missing or impossible.

    Notes
    -----
    ``max(0, −Σ c_i (1 + r)^(at − t_i))``.

    Examples
    --------
    >>> round(largest_payment([-100, 50], [0, 1], 0.10, at=2), 9)
    66.0
    """
    money = numbers("flows", flows)
    moments = numbers("times", times)
    same_length("flows", money, moments)
    owed = float(-money @ _growth(rate) ** (number("times", at) - moments))
    return max(owed, 0.0)


def _growth(rate: float) -> float:
    """Return one and a rate, which is above −1."""
    return above_zero("growth", 1 + number("rate", rate))
