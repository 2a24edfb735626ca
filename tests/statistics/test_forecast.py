"""Elicited quantiles and scores of predictions: against integration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from impact.errors import NotEstimable
from impact.statistics import elicitation
from impact.statistics import forecast as f
from impact.statistics.forecast import Predictive

DISTRIBUTIONS: list[tuple[f.Family, tuple[float, ...], tuple[float, ...]]] = [
    ("normal", (1, 2), (-3, 1, 7)),
    ("t", (1, 2, 5), (-3, 1.5, 9)),
    ("t", (1, 2, 2.5), (0,)),
    ("lognormal", (0.3, 0.8), (-1, 0, 0.5, 2, 20)),
    ("gamma", (2.5, 1.5), (-1, 0, 1, 4, 30)),
    ("beta", (2, 5, 0, 1), (-0.2, 0, 0.1, 0.5, 1, 1.3)),
    ("beta", (0.5, 0.7, 10, 20), (9, 12, 19, 22)),
]
CASES_OF_SCORES = [(family, parameters, y) for family, parameters, values in DISTRIBUTIONS for y in values]


def crps_by_integration(cdf: Callable[[float], Any], ends: list[float], y: float) -> float:
    points = sorted({*ends, y})
    return sum(
        integrate.quad(lambda x: (cdf(x) - (x >= y)) ** 2, low, high, limit=500)[0]
        for low, high in itertools.pairwise(points)
    )


@pytest.mark.parametrize(("family", "parameters", "y"), CASES_OF_SCORES)
def test_crps_by_integration(family: f.Family, parameters: tuple[float, ...], y: float) -> None:
    predictive = Predictive(family, parameters)
    ends = [predictive.quantile(level) for level in (1e-12, 0.01, 0.5, 0.99, 1 - 1e-12)]
    known = crps_by_integration(predictive.frozen().cdf, ends, y)
    assert predictive.crps(y) == pytest.approx(known, rel=1e-9)


@pytest.mark.parametrize(("family", "parameters"), [row[:2] for row in DISTRIBUTIONS if row[1] != (1, 2, 2.5)])
def test_noisy_observation_by_integration(family: f.Family, parameters: tuple[float, ...]) -> None:
    """The prediction is convolved with the error; 400 nodes are good to about 1e-5 of the spread."""
    predictive, error = Predictive(family, parameters), 0.5
    y, spread = predictive.quantile(0.7), float(predictive.frozen().std())
    levels = np.linspace(0, 1, 20_001)[1:-1:2]
    draws = predictive.frozen().ppf(levels)
    ends = [
        predictive.quantile(level) + shift for level, shift in ((1e-6, -5 * error), (0.5, 0.0), (1 - 1e-6, 5 * error))
    ]

    def cdf(x: float) -> float:
        return float(np.mean(stats.norm.cdf((x - draws) / error)))

    assert predictive.pit(y, error) == pytest.approx(cdf(y), abs=2e-5)
    grid = np.linspace(ends[0], ends[-1], 2001)
    squares = np.array([(cdf(x) - (x >= y)) ** 2 for x in grid[::4]])
    rough = float(np.trapezoid(squares, grid[::4]))
    assert predictive.crps(y, error) == pytest.approx(rough, abs=0.005 * spread)


def test_mixture_agrees_with_the_exact_normal() -> None:
    gamma = Predictive("gamma", (1e6, 1e-3))  # nearly normal(1000, 1)
    assert gamma.crps(1001, 0.7) == pytest.approx(Predictive("normal", (1000, 1)).crps(1001, 0.7), rel=2e-3)
    exact = Predictive("normal", (1, math.hypot(2, 0.7)))
    assert Predictive("normal", (1, 2)).crps(3, 0.7) == pytest.approx(exact.crps(3), rel=1e-12)
    assert Predictive("normal", (1, 2)).pit(3, 0.7) == pytest.approx(exact.pit(3), rel=1e-9)


def test_crps_of_a_tiny_error_is_that_of_none() -> None:
    for family, parameters, y in CASES_OF_SCORES:
        predictive = Predictive(family, parameters)
        assert predictive.crps(y, 1e-9) == pytest.approx(predictive.crps(y), rel=1e-4)


def test_interval_mean_and_quantile() -> None:
    assert Predictive("normal", (3, 2)).interval() == pytest.approx((3 - 2 * 1.959964, 3 + 2 * 1.959964), rel=1e-6)
    assert Predictive("lognormal", (0.3, 0.8)).mean == pytest.approx(math.exp(0.3 + 0.32), rel=1e-12)
    assert Predictive("gamma", (2.5, 1.5)).mean == pytest.approx(3.75, rel=1e-12)
    assert Predictive("beta", (2, 5, 10, 20)).mean == pytest.approx(10 + 20 / 7, rel=1e-12)
    assert Predictive("t", (1, 2, 5)).quantile(0.5) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("family", ["normal", "lognormal", "gamma", "beta"])
def test_honest_predictions_hit_and_are_uniform(family: f.Family) -> None:
    parameters = {"normal": (1, 2), "lognormal": (0.3, 0.8), "gamma": (2.5, 1.5), "beta": (2, 5, 0, 1)}[family]
    predictive, rng = Predictive(family, tuple(map(float, parameters))), np.random.default_rng(3)
    truth = predictive.frozen().rvs(1000, random_state=rng)
    error = 0.3 * float(predictive.frozen().std())
    observed = truth + error * rng.normal(size=1000)
    pits = np.array([predictive.pit(float(y), error) for y in observed])
    assert stats.kstest(pits, "uniform").pvalue > 0.01
    assert np.mean((pits >= 0.05) & (pits <= 0.95)) == pytest.approx(0.9, abs=0.03)
    first = f.score(predictive, float(observed[0]), error, level=0.9)
    assert (first.pit, first.hit) == (pits[0], 0.05 <= pits[0] <= 0.95)


def test_the_truth_scores_better_than_too_narrow_or_wide() -> None:
    draws = np.random.default_rng(5).normal(0, 1, 2000)
    means = [np.mean([Predictive("normal", (0, sd)).crps(y) for y in draws[:500]]) for sd in (0.5, 1, 2)]
    assert means[1] == min(means)


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        ("normal", (10.0, 3.0)),
        ("lognormal", (2.0, 0.5)),
        ("gamma", (3.0, 2.0)),
        ("beta", (2.0, 5.0, 0.0, 1.0)),
        ("beta", (2.0, 5.0, 10.0, 30.0)),
    ],
)
def test_elicitation_recovers_the_distribution(family: f.Elicitable, parameters: tuple[float, ...]) -> None:
    levels, known = np.array([0.05, 0.5, 0.95]), Predictive(family, parameters)
    ends = {"low": parameters[2], "high": parameters[3]} if family == "beta" else {}
    found = elicitation.elicit(levels, known.frozen().ppf(levels), family, **ends)
    assert found.predictive.parameters == pytest.approx(parameters, rel=1e-6)
    assert found.worst < 1e-8
    assert found.fitted == pytest.approx(found.values, rel=1e-6)


@settings(max_examples=20)
@given(st.floats(1e-6, 1e6))
def test_elicitation_is_free_of_the_unit(unit: float) -> None:
    levels, values = np.array([0.05, 0.5, 0.95]), np.array([5.0, 10.0, 16.0])
    first, other = elicitation.elicit(levels, values, "gamma"), elicitation.elicit(levels, unit * values, "gamma")
    assert other.fitted == pytest.approx(unit * first.fitted, rel=1e-5)
    assert other.worst == pytest.approx(first.worst, rel=1e-4)


def test_a_poor_fit_shows() -> None:
    found = elicitation.elicit(np.array([0.05, 0.5, 0.95]), np.array([0.05, 0.1, 0.3]), "beta")
    assert found.worst > 0.04
    assert found.fitted[2] < 0.2


LEVELS = np.array([0.1, 0.5, 0.9])
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "t of one": (lambda: Predictive("t", (0, 1, 1)).crps(0), "infinite"),
    "mean of t": (lambda: Predictive("t", (0, 1, 1)).mean, "no mean"),
    "scale": (lambda: Predictive("normal", (0, 0)), "not positive"),
    "shape": (lambda: Predictive("gamma", (-1, 1)), "not positive"),
    "range": (lambda: Predictive("beta", (1, 1, 5, 5)), "range is empty"),
    "count": (lambda: Predictive("normal", (1, 2, 3)), "unknown"),
    "family": (lambda: Predictive("cauchy", (1, 2)), "unknown"),  # type: ignore[arg-type]
    "nan parameter": (lambda: Predictive("normal", (math.nan, 2)), "unknown"),
    "level": (lambda: Predictive("normal", (1, 2)).interval(1.0), "probability"),
    "observed nan": (lambda: f.score(Predictive("normal", (1, 2)), math.nan), "not a number"),
    "negative error": (lambda: f.score(Predictive("normal", (1, 2)), 1, -1), "not a number"),
    "falling": (lambda: elicitation.elicit(LEVELS, np.array([3.0, 2, 4]), "normal"), "do not rise"),
    "equal": (lambda: elicitation.elicit(LEVELS, np.array([2.0, 2, 4]), "normal"), "do not rise"),
    "levels": (lambda: elicitation.elicit(np.array([0.0, 0.5]), np.array([1.0, 2]), "normal"), "do not rise"),
    "one quantile": (lambda: elicitation.elicit(np.array([0.5]), np.array([1.0]), "normal"), "fewer than two"),
    "nan quantile": (lambda: elicitation.elicit(LEVELS, np.array([1.0, 2, math.nan]), "normal"), "missing"),
    "negative gamma": (lambda: elicitation.elicit(LEVELS, np.array([-1.0, 2, 3]), "gamma"), "outside 0 to inf"),
    "beta range": (lambda: elicitation.elicit(LEVELS, np.array([0.1, 0.5, 1.0]), "beta"), "outside 0 to 1"),
    "t elicited": (lambda: elicitation.elicit(LEVELS, np.array([1.0, 2, 3]), "t"), "cannot be elicited"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()
