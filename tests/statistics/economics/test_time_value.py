"""Discounting, annuities, prices and currencies: closed forms, properties, and what is refused by name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics import economics as e

rates = st.floats(-0.5, 1.5)
money = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@given(rate=rates, years=st.integers(1, 40))
def test_equal_yearly_rates_are_one_rate(rate: float, years: int) -> None:
    times = np.linspace(0, years, 2 * years + 1)
    assert e.discount_factors(np.full(years, rate), times) == pytest.approx(e.discount_factors(rate, times), rel=1e-9)


@given(declared=st.lists(rates, min_size=1, max_size=30))
def test_yearly_factors_multiply(declared: list[float]) -> None:
    factors = e.discount_factors(declared, np.arange(len(declared) + 1))
    assert factors[1:] / factors[:-1] == pytest.approx(1 / (1 + np.array(declared)), rel=1e-9)


def test_rate_of_a_year_is_not_applied_to_earlier_ones() -> None:
    factors = e.discount_factors(e.yearly_rates({1: 0.035, 31: 0.03}, 31), [31])
    assert factors[0] == pytest.approx(1.035**-30 / 1.03, rel=1e-12)
    assert factors[0] != pytest.approx(1.03**-31, rel=1e-3)


@given(rate=rates, amounts=money)
def test_timings_differ_by_part_of_a_year(rate: float, amounts: list[float]) -> None:
    late = e.present_value(amounts, rate, timing="end_of_year")
    early = e.present_value(amounts, rate, timing="start_of_year")
    middle = e.present_value(amounts, rate, timing="mid_year")
    size = float(np.abs(early.discounted).sum())
    assert early.value == pytest.approx(late.value * (1 + rate), rel=1e-9, abs=1e-9 * size)
    assert middle.value == pytest.approx(late.value * math.sqrt(1 + rate), rel=1e-9, abs=1e-9 * size)
    assert {str(one.rule) for one in (late, early, middle)} == {
        "amounts at the end of the year",
        "amounts at the start of the year, the first not discounted",
        "amounts in the middle of the year",
    }


@given(rate=st.floats(0.001, 1), years=st.integers(1, 40), price=st.floats(1, 1e6))
def test_annual_cost_has_the_present_value_of_the_capital(rate: float, years: int, price: float) -> None:
    found = e.annual_cost(price, rate, years, resale=price / 10, timing="end_of_year")
    paid = e.present_value(np.full(years, found.economic), rate, timing="end_of_year").value
    assert paid + price / 10 * (1 + rate) ** -years == pytest.approx(price, rel=1e-9)
    assert found.economic > found.financial
    assert e.annuity_factor(rate, years, timing="end_of_year") == pytest.approx(
        (1 - (1 + rate) ** -years) / rate, rel=1e-9
    )


def test_without_interest_economic_and_financial_cost_are_one() -> None:
    found = e.annual_cost(1000, 0.0, 4, resale=200, timing="end_of_year")
    assert (found.economic, found.financial, found.factor) == (200, 200, 4)


def test_real_rate_is_that_of_constant_prices() -> None:
    real = e.real_rate(0.05, 0.02)
    nominal_flows, real_flows = 100 * 1.02 ** np.arange(1, 6), np.full(5, 100.0)
    assert e.present_value(nominal_flows, 0.05, timing="end_of_year").value == pytest.approx(
        e.present_value(real_flows, real, timing="end_of_year").value, rel=1e-12
    )


def test_there_and_back_again_is_where_it_began() -> None:
    index = {2019: 102.3, 2024: 119.7}
    there = e.at_prices([1000.0, -5.0], index, from_year=2019, to_year=2024)
    back = e.at_prices(there.amounts, index, from_year=2024, to_year=2019)
    assert back.amounts == pytest.approx([1000.0, -5.0], rel=1e-12)
    assert e.at_prices([7.0], index, from_year=2019, to_year=2019).amounts.tolist() == [7.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: e.at_prices([1], {2019: 1.0}, from_year=2019, to_year=2024), "the price index of 2024"),
        (lambda: e.at_prices([1], {2019: 1.0, 2024: math.nan}, from_year=2019, to_year=2024), "the price index of 2024"),
        (lambda: e.in_currency([1], {}, year=2019), "the exchange rate of 2019"),
        (lambda: e.in_currency([1], {2019: 0.0}, year=2019), "the exchange rate: 0 is not above zero"),
        (lambda: e.in_currency([1, None], {2019: 1.0}, year=2019), "the amounts: no number at 2"),
        (lambda: e.present_value([1, math.nan], 0.03, timing="mid_year"), "the amounts: no number at 2"),
        (lambda: e.present_value([1], math.nan, timing="mid_year"), "the rate"),
        (lambda: e.present_value([1], -1.0, timing="mid_year"), "not above −1"),
        (lambda: e.present_value([1], 0.03, timing="monthly"), "one of end_of_year, start_of_year, mid_year"),
        (lambda: e.present_value([1, 1], [0.03], timing="end_of_year"), "no rate for year 2"),
        (lambda: e.yearly_rates({2: 0.03}, 3), "no rate for year 1"),
        (lambda: e.annual_cost(1000, 0.05, 5, resale=None, timing="end_of_year"), "the resale value"),  # type: ignore[arg-type]
        (lambda: e.annual_cost(1000, 0.05, 0, resale=0, timing="end_of_year"), "the years"),
        (lambda: e.annual_cost(1000, 0.05, 2.5, resale=0, timing="end_of_year"), "not whole"),  # type: ignore[arg-type]
        (lambda: e.discount_factors(0.03, [-1]), "the times"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_and_never_zero(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotEstimable, match=words):
        call()
