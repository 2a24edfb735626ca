"""Returns against root finding, polynomials with known roots, and what has no rate."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize

from impact.errors import NotEstimable
from impact.statistics import economics as e

inflows = st.lists(st.floats(1, 1e4), min_size=1, max_size=12)


@given(paid=st.floats(10, 1e6), back=inflows)
def test_one_change_of_sign_has_one_rate_which_root_finding_finds(paid: float, back: list[float]) -> None:
    flows = np.array([-paid, *back])
    found = e.rates_of_return(flows)
    times = np.arange(len(flows))

    def worth(u: float) -> float:
        powers = u * times
        return float(flows @ np.exp(powers - powers.max()))

    root = optimize.brentq(worth, -60, 60, xtol=1e-14)
    assert (len(found.rates), found.sign_changes, found.reason) == (1, 1, "")
    assert found.rate == pytest.approx(math.expm1(-root), rel=1e-8, abs=1e-10)


@settings(max_examples=50)
@given(rates=st.lists(st.floats(-0.6, 3), min_size=2, max_size=4))
def test_flows_built_from_rates_give_these_rates(rates: list[float]) -> None:
    rates = sorted(rates)
    assume(np.diff(rates).min() > 0.15)
    found = e.rates_of_return(-np.poly([1 + rate for rate in rates]))
    assert found.rates == pytest.approx(rates, abs=1e-5)
    assert found.sign_changes == len(rates)
    assert str(found.reason) == f"{len(rates)} rates make the present value zero"
    with pytest.raises(NotEstimable, match="modified rate"):
        _ = found.rate


@settings(max_examples=60)
@given(flows=st.lists(st.integers(-9, 9), min_size=2, max_size=8))
def test_all_roots_are_those_of_the_polynomial(flows: list[int]) -> None:
    """numpy's eigenvalues: the real ones above zero, apart from each other, are the roots, no more and no fewer."""
    roots = np.roots(np.array(flows[::-1], dtype=float))
    real = np.sort(roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 1e-6)].real)
    near = (np.abs(roots.imag) < 1e-3) & (np.abs(roots.imag) >= 1e-9)
    assume(not near.any() and (len(real) < 2 or np.diff(real).min() > 1e-3))
    found = e.rates_of_return(flows)
    assert np.sort(1 / (1 + np.array(found.rates))) == pytest.approx(real, rel=1e-8)


def test_a_double_root_stands_once_and_is_exact() -> None:
    found = e.rates_of_return([-100, 240, -144])
    assert found.rates == pytest.approx([0.2], rel=1e-12)


def test_many_changes_of_sign_neither_overflow_nor_hide_a_rate() -> None:
    flows = np.random.default_rng(0).normal(size=600)
    found = e.rates_of_return(1e300 * flows)
    assert found.sign_changes > 250
    for rate in found.rates:
        powers = -np.log1p(rate) * np.arange(600)
        terms = flows * np.exp(powers - powers.max())
        assert terms.sum() == pytest.approx(0, abs=1e-9 * np.abs(terms).sum())
    growth = np.linspace(-5, 5, 20_001)
    powers = growth[:, None] * np.arange(600)
    signs = np.sign(np.exp(powers - powers.max(axis=1, keepdims=True)) @ flows)
    assert np.count_nonzero(np.diff(signs)) == len(found.rates)


def test_two_hundred_months_with_a_cost_at_the_end() -> None:
    flows = np.array([-1000.0, *np.full(200, 12.0), -900.0])
    found = e.rates_of_return(flows)
    assert found.sign_changes == 2
    for rate in found.rates:
        assert e.present_value(flows, rate, timing="start_of_year").value == pytest.approx(0, abs=1e-7)
    assert len(found.rates) == 2


@pytest.mark.parametrize(
    ("flows", "code"),
    [
        ([-100, 150, -100], "economics.no_rate"),
        ([-100, -50], "economics.same_way"),
        ([0, 0], "economics.no_flow"),
        ([100], "economics.same_way"),
    ],
)
def test_no_rate_is_a_value_with_a_reason(flows: list[float], code: str) -> None:
    found = e.rates_of_return(flows)
    assert found.rates == ()
    assert getattr(found.reason, "code", "") == code
    with pytest.raises(NotEstimable):
        _ = found.rate


@given(
    paid=st.floats(10, 1e5),
    back=st.lists(st.tuples(st.integers(1, 4000), st.floats(1, 1e4)), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_dated_rate_is_that_of_root_finding_in_any_order(paid: float, back: list[tuple[int, float]], order) -> None:  # type: ignore[no-untyped-def]
    start = datetime.date(2015, 3, 1)
    flows = [(0, -paid), *back]
    order.shuffle(flows)
    days = [start + datetime.timedelta(days) for days, _ in flows]
    amounts = np.array([amount for _, amount in flows])
    times = np.array([days for days, _ in flows]) / 365

    def worth(u: float) -> float:
        powers = u * times
        return float(amounts @ np.exp(powers - powers.max()))

    root = optimize.brentq(worth, -9000, 9000, xtol=1e-14, maxiter=1000)
    if root < -709.7:
        with pytest.raises(NotEstimable, match="larger than any number"):
            e.dated_rates_of_return(amounts, days)
        return
    found = e.dated_rates_of_return(amounts, days)
    assert len(found.rates) == 1
    assert found.rate == pytest.approx(math.expm1(-root), rel=1e-6, abs=1e-9)


def test_flows_of_one_day_are_one_flow() -> None:
    twice = e.dated_rates_of_return([-60, -40, 110], ["2021-01-01", "2021-01-01", "2022-01-01"])
    assert twice.rate == pytest.approx(0.1, rel=1e-12)
    assert twice.sign_changes == 1


@pytest.mark.parametrize("day_count", ["actual/365", "actual/actual", "30/360"])
def test_a_common_year_is_a_year_in_every_count(day_count: str) -> None:
    found = e.year_fractions(["2022-01-01", "2021-01-01"], day_count)  # type: ignore[arg-type]
    assert found == pytest.approx([1.0, 0.0], rel=1e-12)


def test_months_of_thirty_days_end_on_the_thirtieth() -> None:
    found = e.year_fractions(["2021-01-31", "2021-03-31", "2021-02-28"], "30/360")
    assert found * 360 == pytest.approx([0, 60, 28], rel=1e-12)


@given(drawn=st.floats(1, 1e6), rate=st.floats(-0.5, 1), years=st.integers(1, 20))
def test_what_a_cap_lets_be_repaid_has_the_capped_rate(drawn: float, rate: float, years: int) -> None:
    found = e.capped_repayment(drawn, rate, years)
    flows = [-drawn, *[0.0] * (years - 1), found.amount]
    assert e.rates_of_return(flows).rate == pytest.approx(rate, abs=1e-9)
    assert e.largest_payment([-drawn], [0], rate, at=years) == pytest.approx(found.amount, rel=1e-12)
    assert e.rate_of_multiple(found.multiple, years) == pytest.approx(rate, abs=1e-9)


def test_several_draws_are_capped_at_their_dates() -> None:
    most = e.largest_payment([-100, -50, 30], [0, 1, 2], 0.13, at=3)
    assert e.rates_of_return([-100, -50, 30, most]).rate == pytest.approx(0.13, rel=1e-9)
    assert e.largest_payment([-100, 500], [0, 1], 0.13, at=2) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: e.rates_of_return([-1, math.nan]),
        lambda: e.rates_of_return([]),
        lambda: e.dated_rates_of_return([-1, 2], ["2021-01-01", "NaT"]),
        lambda: e.dated_rates_of_return([-1, 2], ["2021-01-01", "soon"]),
        lambda: e.dated_rates_of_return([-1, 2], ["2021-01-01"]),
        lambda: e.modified_rate_of_return([1, 2], finance_rate=0.1, reinvestment_rate=0.1),
        lambda: e.modified_rate_of_return([-1, 2], finance_rate=-1, reinvestment_rate=0.1),
        lambda: e.multiple([1, 2]),
        lambda: e.rate_of_multiple(1.5, 0),
        lambda: e.capped_repayment(math.nan, 0.1, 3),
        lambda: e.year_fractions(["2021-01-01"], "other"),  # type: ignore[arg-type]
    ],
)
def test_what_is_missing_or_impossible_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotEstimable):
        call()
