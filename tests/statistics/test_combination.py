"""Two numbers become one: by hand, and gradients against differences; degrees of freedom against Welch's test."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from impact.statistics.combination import Operation, combine, pooled_freedom

AMOUNTS = st.floats(0.1, 1e3).map(lambda number: round(number, 3))


@given(st.sampled_from(get_args(Operation)), AMOUNTS, AMOUNTS, st.sampled_from([1.0, 100.0, 1e5]))
def test_gradients_are_those_of_small_steps(operation: Operation, first: float, second: float, factor: float) -> None:
    a, b, step = np.array([first]), np.array([second]), 1e-6 * min(first, second)
    combined = combine(operation, a, b, factor)

    def slope(by_first: float, by_second: float) -> float:
        above = combine(operation, a + by_first, b + by_second, factor).value
        below = combine(operation, a - by_first, b - by_second, factor).value
        return float(above[0] - below[0]) / (2 * step)

    largest = factor * max(1.0, first, 1 / second, first / second**2)
    assert combined.by_first[0] == pytest.approx(slope(step, 0), abs=1e-5 * largest, rel=1e-5)
    assert combined.by_second[0] == pytest.approx(slope(0, step), abs=1e-5 * largest, rel=1e-5)


def test_what_is_missing_or_zero_below_leaves_nothing() -> None:
    first, second = np.array([1.0, np.nan, 3.0, 3.0]), np.array([2.0, 2.0, np.nan, 0.0])
    quotient = combine("quotient", first, second, 1000)
    assert quotient.value[0] == 500
    assert np.isnan(quotient.value[1:]).all()
    difference = combine("difference", first, second)
    assert (difference.value[0], difference.value[3]) == (-1, 3)
    assert np.isnan([difference.value[1:3], difference.by_first[1:3], difference.by_second[1:3]]).all()


@given(st.integers(2, 30), st.integers(2, 30), AMOUNTS)
def test_degrees_of_freedom_are_those_of_welch(n_first: int, n_second: int, spread: float) -> None:
    y, x = np.arange(n_first) * spread, np.arange(n_second) ** 1.5
    variances = np.array([[y.var(ddof=1) / n_first], [x.var(ddof=1) / n_second]])
    freedom = pooled_freedom(variances, np.array([[n_first - 1.0], [n_second - 1.0]]))
    assert freedom[0] == pytest.approx(stats.ttest_ind(y, x, equal_var=False).df, rel=1e-9)


def test_no_variance_has_no_degrees_of_freedom() -> None:
    assert np.isnan(pooled_freedom(np.zeros((2, 1)), np.ones((2, 1)))).all()
