"""Cost and effect: what must hold of any estimates, integration, and how often Fieller's set holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from impact.errors import NotEstimable
from impact.statistics import economics as e
from impact.statistics.scaling import fieller

sizes = st.floats(-1e4, 1e4).filter(lambda x: abs(x) > 1e-3)
errors = st.floats(1e-3, 1e4)
correlations = st.floats(-0.99, 0.99)
estimates = st.builds(e.Increment, sizes, errors, sizes, errors, correlations)


@given(increment=estimates, level=st.floats(0.5, 0.999), df=st.sampled_from([math.inf, 5.0, 98.0]))
def test_fiellers_set_holds_the_ratio_of_the_estimates(increment: e.Increment, level: float, df: float) -> None:
    found = e.fieller_set(increment, level=level, df=df)
    assert found.ratio in found
    assert (found.shape == "interval") == (found.g < 1)
    assert (found.low is None) == (found.high is None) == (found.shape == "whole_line")


@given(increment=estimates, ratio=sizes)
def test_a_value_is_in_the_set_if_its_net_benefit_is_not_rejected(increment: e.Increment, ratio: float) -> None:
    """The definition itself: |c − R e| against 1.96 standard errors of it."""
    found = e.fieller_set(increment)
    variance = increment.cost_error**2 - 2 * ratio * increment.covariance + (ratio * increment.effect_error) ** 2
    z = abs(increment.cost - ratio * increment.effect) / math.sqrt(variance)
    assume(abs(z - 1.959964) > 1e-4)
    assert (ratio in found) == (z <= 1.959964)


@given(a=sizes, se_a=errors, b=sizes, se_b=errors)
def test_without_correlation_it_is_the_ratio_of_independent_estimates(
    a: float, se_a: float, b: float, se_b: float
) -> None:
    """Held against the limits as they are written for independent estimates, and against the ratio that uses them."""
    found, other = e.fieller_set(e.Increment(a, se_a, b, se_b, 0.0)), fieller(a, se_a, b, se_b)
    quantile = stats.norm.ppf(0.975)
    ratio, g = a / b, (quantile * se_b / b) ** 2
    assert found.ratio == other.ratio == ratio
    assert (found.shape != "interval") == other.unbounded
    assert other.unbounded == (g >= 1) or g == pytest.approx(1, abs=1e-9)
    if not other.unbounded and g < 0.999:
        half = math.sqrt((quantile * se_a / b) ** 2 * (1 - g) + g * ratio**2)
        limits = ((ratio - half) / (1 - g), (ratio + half) / (1 - g))
        assert (found.low, found.high) == (other.conf_low, other.conf_high)
        assert limits == pytest.approx((found.low, found.high), rel=1e-6, abs=1e-6)


@given(increment=estimates, unit=st.floats(1e-3, 1e3))
def test_the_currency_is_a_unit(increment: e.Increment, unit: float) -> None:
    other = e.Increment(
        unit * increment.cost,
        unit * increment.cost_error,
        increment.effect,
        increment.effect_error,
        increment.correlation,
    )
    first, second = e.fieller_set(increment), e.fieller_set(other)
    assert second.ratio == pytest.approx(unit * first.ratio, rel=1e-9)
    shares = [e.quadrants(one) for one in (increment, other)]
    assert shares[0].north_east == pytest.approx(shares[1].north_east, rel=1e-6, abs=1e-12)


def test_half_a_line_where_the_effect_is_just_as_far_from_zero_as_the_level_asks() -> None:
    q = stats.norm.ppf(0.975)
    found = e.fieller_set(e.Increment(4.0, 1.0, q * 0.25, 0.25, 0.0))
    assert (found.shape, found.g) == ("complement", pytest.approx(1, rel=1e-15))
    assert found.ratio in found


def test_what_is_known_exactly_has_no_spread() -> None:
    found = e.fieller_set(e.Increment(1000.0, 0.0, 4.0, 0.0, 0.0))
    assert (found.low, found.high, found.delta_error) == (250, 250, 0)
    plane = e.quadrants(e.Increment(1000.0, 0.0, 4.0, 2.0, 0.0))
    assert plane.north_east == pytest.approx(stats.norm.cdf(2), rel=1e-12)
    assert (plane.south_east, plane.south_west) == (0, 0)
    curve = e.net_benefit(e.Increment(1000.0, 0.0, 4.0, 0.0, 0.0), [250, 251])
    assert curve.acceptable.tolist() == [0, 1]


@pytest.mark.parametrize(("cost", "effect"), [(0.0, 4.0), (0.0, 0.0), (5.0, 0.0)])
def test_quadrants_add_up_where_there_is_no_difference_at_all(cost: float, effect: float) -> None:
    found = e.quadrants(e.Increment(cost, 0.0, effect, 2.0 if effect else 0.0, 0.0))
    cells = (found.north_east, found.south_east, found.south_west, found.north_west)
    assert sum(cells) == pytest.approx(1, rel=1e-12)
    assert (found.south_east > 0.9) == (cost == 0 and effect > 0)


@settings(max_examples=40)
@given(h=st.floats(-4, 4), k=st.floats(-4, 4), rho=st.floats(-0.97, 0.97))
def test_quadrants_are_integrals_and_add_up(h: float, k: float, rho: float) -> None:
    found = e.quadrants(e.Increment(k, 1.0, h, 1.0, rho))
    total = found.north_east + found.south_east + found.south_west + found.north_west
    assert total == pytest.approx(1, rel=1e-12)

    def slice_of(x: float) -> float:
        return float(stats.norm.pdf(x, h, 1) * stats.norm.cdf((k + rho * (x - h)) / math.sqrt(1 - rho**2)))

    area, _ = integrate.quad(slice_of, 0, 14, epsabs=1e-12, limit=200)
    assert found.north_east == pytest.approx(area, abs=1e-9)


@given(increment=estimates)
def test_the_curve_runs_from_saving_to_working(increment: e.Increment) -> None:
    found = e.net_benefit(increment, [0.0, 1e12])
    at_zero, at_infinity = e.acceptability_limits(increment)
    assert found.acceptable[0] == pytest.approx(at_zero, abs=1e-12)
    assert found.acceptable[1] == pytest.approx(at_infinity, abs=1e-4)


def test_draws_agree_with_the_normal_that_they_come_from() -> None:
    increment = e.Increment(1200.0, 300.0, 0.08, 0.02, 0.3)
    covariance = [[300**2, increment.covariance], [increment.covariance, 0.02**2]]
    cost, effect = np.random.default_rng(1).multivariate_normal([1200, 0.08], covariance, 200_000).T
    drawn = e.ratio_of_draws(cost, effect)
    fitted = e.fieller_set(increment)
    assert (drawn.conf_low, drawn.conf_high) == pytest.approx((fitted.low, fitted.high), rel=0.01)
    curves = e.net_benefit_of_draws(cost, effect, [20000]), e.net_benefit(increment, [20000])
    assert curves[0].acceptable == pytest.approx(curves[1].acceptable, abs=0.005)
    options = np.column_stack([np.zeros_like(cost), 20000 * effect - cost])
    assert e.evpi_of_draws(options).value == pytest.approx(e.evpi_normal(400, curves[1].std_error[0]).value, rel=0.03)
    assert e.quadrants_of_draws(cost, effect).north_east == pytest.approx(e.quadrants(increment).north_east, abs=0.001)


def test_limits_among_draws_of_the_other_sign_are_no_numbers() -> None:
    rng = np.random.default_rng(2)
    found = e.ratio_of_draws(rng.normal(1000, 300, 5000), rng.normal(0.02, 0.02, 5000))
    assert found.conf_low is not None
    assert found.conf_high is None
    assert getattr(found.reason, "code", "") == "economics.effect_changes_sign"
    mirrored = e.ratio_of_draws(-np.array([1.0, 2.0, 3.0]), -np.array([1.0, 1.0, 1.0]))
    assert (mirrored.ratio, mirrored.conf_low, mirrored.conf_high, mirrored.reason) == (2, 1, 3, "")


def test_bootstrap_has_the_errors_of_the_arms() -> None:
    rng = np.random.default_rng(3)
    effect = rng.normal(1, 1, (2, 150))
    cost = 2 * effect + rng.normal(5, 1, (2, 150))
    closed = e.increment_of_arms(cost[0], effect[0], cost[1], effect[1])
    costs, effects = e.bootstrap_increments(cost[0], effect[0], cost[1], effect[1], draws=4000, seed=4)
    assert costs.std() == pytest.approx(closed.cost_error, rel=0.05)
    assert effects.std() == pytest.approx(closed.effect_error, rel=0.05)
    assert np.corrcoef(costs, effects)[0, 1] == pytest.approx(closed.correlation, abs=0.03)
    again, _ = e.bootstrap_increments(cost[0], effect[0], cost[1], effect[1], draws=4000, seed=4)
    assert (again == costs).all()


@given(mean=sizes, sd=errors, n=st.integers(1, 10**6), noise=errors)
def test_a_sample_is_worth_less_than_the_truth_and_more_of_it_more(
    mean: float, sd: float, n: int, noise: float
) -> None:
    some, more = e.evsi_normal(mean, sd, noise, n), e.evsi_normal(mean, sd, noise, 2 * n)
    slack = 1e-9 * (abs(mean) + sd)
    assert 0 <= some.value <= more.value + slack
    assert more.value <= more.perfect + slack


def test_sample_information_is_what_a_simulated_study_brings() -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(400, 500, 400_000)
    seen = truth + rng.normal(0, 6000 / math.sqrt(50), truth.shape)
    weight = 500**2 / (500**2 + 6000**2 / 50)
    believed = 400 + weight * (seen - 400)
    gain = np.maximum(believed, 0).mean() - max(believed.mean(), 0)
    assert e.evsi_normal(400, 500, 6000, 50).value == pytest.approx(gain, rel=0.05)


def test_more_data_are_collected_only_while_they_pay() -> None:
    given_numbers = {"prior_mean": 400.0, "prior_sd": 500.0, "observation_sd": 6000.0, "sizes": [10, 100, 1000, 10000]}
    found = e.net_benefit_of_sampling(**given_numbers, decisions=8000, fixed_cost=1000, cost_per_observation=100)  # type: ignore[arg-type]
    assert (found.best, found.collect) == (1000, True)
    assert found.net_benefit == pytest.approx(found.value - found.cost, rel=1e-12)
    never = e.net_benefit_of_sampling(**given_numbers, decisions=1, fixed_cost=1000, cost_per_observation=100)  # type: ignore[arg-type]
    assert (never.best, never.collect) == (0, False)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: e.Increment(None, 1, 1, 1, 0), "the cost: no number"),  # type: ignore[arg-type]
        (lambda: e.Increment(1, -1, 1, 1, 0), "the standard error of the cost"),
        (lambda: e.Increment(1, 1, 1, 1, 1.5), "the correlation of cost and effect"),
        (lambda: e.fieller_set(e.Increment(1, 1, 0, 1, 0)), "the effect is zero"),
        (lambda: e.fieller_set(e.Increment(1, 1, 1, 1, 0), level=1.0), "the level"),
        (lambda: e.fieller_set(e.Increment(1, 1, 1, 1, 0), df=0), "the degrees of freedom"),
        (lambda: e.net_benefit(e.Increment(1, 1, 1, 1, 0), [-1]), "the worth of a unit of effect"),
        (lambda: e.ratio_of_draws([1, 2], [1, math.nan]), "the effect: no number at 2"),
        (lambda: e.ratio_of_draws([1, 2], [1, -1]), "the effect is zero"),
        (lambda: e.ratio_of_draws([1, 2, 3], [1, 2]), "3 and 2 members"),
        (lambda: e.evpi_of_draws([[1.0], [2.0]]), "two options"),
        (lambda: e.evpi_of_draws([[1.0, 2.0]], weights=[0.5]), "sum 1"),
        (lambda: e.population_value(1, [1], 0.03, first_year="maybe"), "the discounting of the first year"),  # type: ignore[arg-type]
        (lambda: e.evsi_normal(1, 1, 1, 0), "the number of observations"),
    ],
)
def test_what_is_missing_or_impossible_is_refused_by_name(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotEstimable, match=words):
        call()


@pytest.mark.slow
@pytest.mark.parametrize(("effect", "rho"), [(0.08, 0.3), (0.08, -0.6), (0.02, 0.1), (0.0001, 0.5)])
def test_fiellers_set_holds_the_true_ratio_as_often_as_it_says(effect: float, rho: float) -> None:
    """20 000 draws: the share has a standard error of 0.15 points; also where the set is seldom an interval."""
    rng = np.random.default_rng(6)
    covariance = [[300.0**2, rho * 300 * 0.02], [rho * 300 * 0.02, 0.02**2]]
    drawn = rng.multivariate_normal([1200, effect], covariance, 20_000)
    held = [1200 / effect in e.fieller_set(e.Increment(c, 300.0, x, 0.02, rho)) for c, x in drawn.tolist()]
    assert np.mean(held) == pytest.approx(0.95, abs=0.006)


@pytest.mark.slow
def test_fiellers_set_of_two_small_arms_holds_with_student() -> None:
    """Means of arms of 30 with estimated errors, t with 58 degrees of freedom: 4000 draws."""
    rng = np.random.default_rng(7)
    held = []
    for _ in range(4000):
        effect = rng.normal([[1.0], [0.4]], 1, (2, 30))
        cost = rng.normal([[9.0], [5.0]], 2, (2, 30)) + effect - [[1.0], [0.4]]
        found = e.fieller_set(e.increment_of_arms(cost[0], effect[0], cost[1], effect[1]), df=58)
        held.append(4 / 0.6 in found)
    assert np.mean(held) == pytest.approx(0.95, abs=0.012)


@given(order=st.permutations(range(12)), unit=st.floats(1e-2, 1e2))
def test_cost_per_effect_knows_neither_the_order_of_rows_nor_the_currency(order: list[int], unit: float) -> None:
    rng = np.random.default_rng(8)
    effect = rng.normal([[4.0], [1.0]], 1, (2, 12))
    cost = 3 * effect + rng.normal(10, 1, (2, 12))
    first = e.fieller_set(e.increment_of_arms(cost[0], effect[0], cost[1], effect[1]))
    turned, cents = effect[:, order], unit * cost[:, order]
    second = e.fieller_set(e.increment_of_arms(cents[0], turned[0], cents[1], turned[1]))
    assert second.ratio == pytest.approx(unit * first.ratio, rel=1e-9)
    assert second.shape == first.shape
    assert second.low == pytest.approx(unit * (first.low or 0), rel=1e-7)
    drawn = e.ratio_of_draws(cost[0], effect[0] ** 2), e.ratio_of_draws(cents[0], turned[0] ** 2)
    assert drawn[1].ratio == pytest.approx(unit * drawn[0].ratio, rel=1e-9)
    assert drawn[1].conf_high == pytest.approx(unit * (drawn[0].conf_high or 0), rel=1e-9)
