"""Growth and projection: the way back, classes at their limits, statsmodels, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.series import cagr, growth_class, projected

positive = st.floats(0.01, 1e6)
values = st.lists(st.floats(-1000, 1000), min_size=4, max_size=30)


@given(start=st.floats(1, 1000), end=st.floats(1, 1000), years=st.floats(1, 50))
def test_growth_leads_from_the_first_value_to_the_last(start: float, end: float, years: float) -> None:
    assert start * (1 + cagr(start, end, years)) ** years == pytest.approx(end, rel=1e-9)


@given(start=positive, end=positive, unit=positive)
def test_growth_has_no_unit(start: float, end: float, unit: float) -> None:
    assert cagr(unit * start, unit * end, 3) == pytest.approx(cagr(start, end, 3), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.0501, "clear_improvement"),
        (0.05, "slight_improvement"),
        (0.0101, "slight_improvement"),
        (0.01, "stable"),
        (0.0, "stable"),
        (-0.01, "stable"),
        (-0.0101, "slight_worsening"),
        (-0.05, "slight_worsening"),
        (-0.0501, "clear_worsening"),
    ],
)
def test_classes_at_their_limits(rate: float, expected: str) -> None:
    assert growth_class(rate, polarity=1) == expected
    turned = {"improvement": "worsening", "worsening": "improvement"}
    size, _, way = expected.partition("_")
    assert growth_class(rate, polarity=-1) == (f"{size}_{turned[way]}" if way else expected)


def test_a_limit_that_is_computed_is_on_the_limit() -> None:
    assert cagr(100, 105, 1) > 0.05
    assert growth_class(cagr(100, 105, 1), polarity=1) == "slight_improvement"
    assert growth_class(cagr(100, 101, 1), polarity=1) == "stable"


@pytest.mark.parametrize("seed", range(4))
def test_prediction_is_that_of_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.choice(40, 9, replace=False)).astype(float)
    y = 3 + 0.4 * times + rng.standard_normal(9)
    frame = sm.OLS(y, sm.add_constant(times)).fit().get_prediction([[1.0, 50.0]]).summary_frame(alpha=0.1)
    found = projected(times, y, 50, level=0.9)
    ends = (frame["mean"][0], frame["obs_ci_lower"][0], frame["obs_ci_upper"][0])
    assert (found.value, found.low, found.high) == pytest.approx(ends, rel=1e-10)


@given(y=values, order=st.randoms(use_true_random=False), shift=st.floats(-1000, 1000))
def test_order_and_the_numbering_of_periods_do_not_matter(y: list[float], order: Any, shift: float) -> None:
    y = [value + 50 * (at % 2) for at, value in enumerate(y)]
    pairs = list(enumerate(y))
    try:
        first = projected(*zip(*pairs, strict=True), len(y) + 2)
    except NotEstimable:
        return
    order.shuffle(pairs)
    times, shuffled = zip(*pairs, strict=True)
    other = projected([at + shift for at in times], shuffled, len(y) + 2 + shift)
    size = max(abs(first.low), abs(first.high), 1)
    assert (other.value, other.low, other.high) == pytest.approx(
        (first.value, first.low, first.high), rel=1e-6, abs=1e-6 * size
    )


def test_a_period_without_a_value_tells_nothing() -> None:
    whole = projected([1, 2, 4, 5, 6], [3, 5, 4, 8, 7], 9)
    assert projected([1, 2, 3, 4, 5, 6], [3, 5, None, 4, 8, 7], 9) == whole
    assert whole.n == 5


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: cagr(0, 5, 1), "growth.not_above_zero"),
        (lambda: cagr(5, -1, 1), "growth.not_above_zero"),
        (lambda: cagr(math.nan, 5, 1), "growth.not_above_zero"),
        (lambda: cagr(5, 6, 0), "growth.no_time"),
        (lambda: growth_class(math.nan, polarity=1), "growth.no_class"),
        (lambda: growth_class(0.1, polarity=0), "growth.no_class"),  # type: ignore[arg-type]
        (lambda: projected([1, 2, 3], [1, 3, 2], 4), "growth.too_few_points"),
        (lambda: projected([1, 2, 3, 4], [1, 3, None, 2], 5), "growth.too_few_points"),
        (lambda: projected([1, 2, 3, 4], [1, 2, 3, 4], 5), "growth.all_on_one_line"),
        (lambda: projected([1, 2, 3, 4], [7, 7, 7, 7], 5), "growth.all_on_one_line"),
        (lambda: projected([2, 2, 2, 2], [1, 2, 3, 4], 5), "growth.one_time_only"),
        (lambda: projected([1, 2, 3, 4], [1, 2, 3, 5], math.inf), "growth.one_time_only"),
        (lambda: projected([1, 2, 3], [1, 2, 3, 5], 6), "growth.times_do_not_fit"),
        (lambda: projected([1, 2, 3, 4], [1, 2, 3, math.inf], 6), "growth.times_do_not_fit"),
        (lambda: projected([1, 2, 3, 4], [1, 2, 3, 5], 6, level=1), "statistics.probability_not_inside_0_1"),
    ],
)
def test_what_is_refused(make: Callable[[], object], code: str) -> None:
    with pytest.raises(NotEstimable) as refused:
        make()
    assert refused.value.reason.code == code
