"""The sum of several periods to come: against the matrix form of least squares, and against one period alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.series import projected, projected_total

VALUES = [12.0, 15.0, 14.0, 18.0, 21.0, 19.0, 24.0, 26.0]
numbers = st.lists(st.integers(-50, 50).map(float), min_size=4, max_size=12)


def by_matrices(times: list[int], values: list[float], ahead: list[int]) -> tuple[float, float]:
    """Return the sum and half of its 95 % prediction interval from (X'X)^-1, as the textbooks write it."""
    x = np.column_stack([np.ones(len(times)), times])
    future = np.column_stack([np.ones(len(ahead)), ahead]).sum(axis=0)
    beta, *_ = np.linalg.lstsq(x, np.array(values), rcond=None)
    residuals = np.array(values) - x @ beta
    s2 = residuals @ residuals / (len(times) - 2)
    variance = s2 * (len(ahead) + future @ np.linalg.inv(x.T @ x) @ future)
    return float(future @ beta), float(stats.t.ppf(0.975, len(times) - 2) * np.sqrt(variance))


def test_sum_of_four_periods_is_that_of_the_matrices() -> None:
    found = projected_total(range(1, 9), VALUES, [9, 10, 11, 12])
    total, half = by_matrices(list(range(1, 9)), VALUES, [9, 10, 11, 12])
    assert (found.value, found.high - found.value) == (pytest.approx(total, rel=1e-12), pytest.approx(half, rel=1e-12))
    assert found.value == pytest.approx(120.5, rel=1e-12)


def test_one_period_is_the_projection_to_it() -> None:
    one, total = projected(range(1, 9), VALUES, 12), projected_total(range(1, 9), VALUES, [12])
    assert (total.value, total.low, total.high) == pytest.approx((one.value, one.low, one.high), rel=1e-12)
    assert (round(total.value, 3), round(total.low, 3), round(total.high, 3)) == (33.0, 27.22, 38.78)


@given(numbers, st.integers(1, 8))
def test_sums_are_those_of_the_matrices(values: list[float], m: int) -> None:
    times, ahead = list(range(len(values))), list(range(len(values), len(values) + m))
    try:
        found = projected_total(times, values, ahead)
    except NotEstimable:
        return
    total, half = by_matrices(times, values, ahead)
    assert found.value == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-6)


def test_without_a_period_to_come_there_is_nothing() -> None:
    with pytest.raises(NotEstimable, match="no period is to come"):
        projected_total(range(1, 9), VALUES, [])
