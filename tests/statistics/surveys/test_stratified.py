"""A mean over strata against the stratified sample of the survey estimators, and Welch's degrees of freedom in scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from impact.statistics.surveys import SampleDesign, mean
from impact.statistics.surveys.stratified import stratified_mean

FIRST, SECOND = np.array([3.0, 5.0, 4.0, 9.0]), np.array([1.0, 2.0, 2.0, 4.0, 6.0, 3.0])


def pooled(*samples: np.ndarray):
    errors = [sample.std(ddof=1) / math.sqrt(len(sample)) for sample in samples]
    sizes = list(map(len, samples))
    return stratified_mean([sample.sum() for sample in samples], sizes, errors, sizes)


def test_value_and_error_are_those_of_a_stratified_sample() -> None:
    strata = np.repeat([0, 1], [len(FIRST), len(SECOND)])
    values = np.concatenate([FIRST, SECOND])
    whole = mean(values, SampleDesign(np.ones(len(values)), strata=strata))
    ours = pooled(FIRST, SECOND)
    assert ours.value == pytest.approx(whole.estimate, rel=1e-12)
    assert ours.std_error == pytest.approx(whole.std_error, rel=1e-12)


def test_degrees_of_freedom_are_welchs_where_strata_weigh_the_same() -> None:
    n = 5
    first, second = SECOND[:n], np.array([10.0, 30.0, 20.0, 20.0, 90.0])
    welch = stats.ttest_ind(first, second, equal_var=False)
    ours = pooled(first, second)
    assert ours.df == pytest.approx(welch.df, rel=1e-12)
    reach = stats.t.ppf(0.975, welch.df) * ours.std_error
    assert (ours.conf_low, ours.conf_high) == pytest.approx((ours.value - reach, ours.value + reach), rel=1e-12)


def test_what_is_counted_whole_has_no_error() -> None:
    ours = stratified_mean([10, 20], [2, 8], [0, 0], [1, 1])
    assert (ours.value, ours.std_error, ours.conf_low, ours.df) == (3.0, 0.0, 3.0, math.inf)


@given(
    st.lists(
        st.tuples(st.floats(-50, 50), st.integers(2, 40), st.floats(0.01, 9)), min_size=1, max_size=6
    ),
    st.floats(0.01, 100),
)  # fmt: skip
def test_order_does_not_matter_and_units_scale(strata: list[tuple[float, int, float]], scale: float) -> None:
    totals, sizes, errors = map(np.array, zip(*strata, strict=True))
    ours = stratified_mean(totals, sizes, errors, sizes)
    turned = stratified_mean(totals[::-1], sizes[::-1], errors[::-1], sizes[::-1])
    scaled = stratified_mean(totals * scale, sizes, errors * scale, sizes)
    assert (turned.value, turned.std_error, turned.df) == pytest.approx((ours.value, ours.std_error, ours.df), abs=1e-9)
    assert scaled.std_error == pytest.approx(scale * ours.std_error)
    assert scaled.df == pytest.approx(ours.df)
    assert scaled.value == pytest.approx(scale * ours.value, abs=1e-9)
