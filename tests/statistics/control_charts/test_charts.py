"""Charts: what must hold of any series, gaps, periods that set nothing, verdicts, runs, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics import control_charts as spc

STEADY = [10, 12, 11, 9, 10, 12, 8, 11, 9, 10, 14, 13]
series = st.lists(st.integers(-50, 50), min_size=12, max_size=40)
counts = st.lists(st.integers(0, 40), min_size=12, max_size=30)


def chart_of(values: list[Any]) -> spc.Chart:
    assume(len(set(values)) > 1)
    return spc.xmr(values)


@given(values=series, unit=st.floats(1e-3, 1e3), start=st.floats(-1e3, 1e3))
def test_unit_and_origin_do_not_matter(values: list[int], unit: float, start: float) -> None:
    first, second = chart_of(values), chart_of([start + unit * value for value in values])
    assert second.center == pytest.approx(start + unit * first.center, rel=1e-9, abs=1e-9)
    assert second.upper == pytest.approx(start + unit * first.upper, rel=1e-9, abs=1e-6)
    assert second.signals == first.signals


@given(values=series)
def test_time_turned_round_has_the_same_limits_and_signals(values: list[int]) -> None:
    first, second = chart_of(values), chart_of(values[::-1])
    assert second.upper == pytest.approx(first.upper, rel=1e-12)
    assert second.signalled == tuple(sorted(len(values) - 1 - at for at in first.signalled))


@given(values=series)
def test_limits_by_the_definition(values: list[int]) -> None:
    chart = chart_of(values)
    ranges = [abs(second - first) for first, second in pairwise(values)]
    mean = sum(values) / len(values)
    assert chart.upper[0] == pytest.approx(mean + 2.66 * sum(ranges) / len(ranges), rel=1e-12)
    assert chart.ranges is not None
    large = [0, *(at for at, size in enumerate(ranges, 1) if size > 3.267 * sum(ranges) / len(ranges) + 1e-9)][1:]
    assert np.flatnonzero(chart.ranges.signals).tolist() == large


@given(values=series, at=st.integers(1, 38))
def test_a_gap_has_no_range_on_either_side(values: list[int], at: int) -> None:
    assume(at < len(values))
    assume(len({*values[:at]}) > 1 or len({*values[at:]}) > 1)
    chart = spc.xmr([*values[:at], None, *values[at:]])
    assert chart.ranges is not None
    assert np.flatnonzero(np.isnan(chart.ranges.values)).tolist() == [0, at, at + 1]
    assert chart.ranges.n == len(values) - 2
    assert chart.center == pytest.approx(np.mean(values))
    assert chart.signals[at] == ()
    assert chart.n_base == len(values)


def test_a_gap_breaks_a_run() -> None:
    values = [1, 3, 1, 2, 1, 3, 1, 9, 8, 9, 8, 9, 8, 9, 8]
    above = spc.Signal("run", "above")
    assert [above in signals for signals in spc.xmr(values).signals] == [False] * 7 + [True] * 8
    assert not any(above in signals for signals in spc.xmr([*values[:11], None, *values[11:]]).signals)


def test_periods_that_set_nothing_are_judged() -> None:
    usual = spc.xmr(STEADY)
    later = spc.xmr([*STEADY, 40, 41], fixed_after=12)
    assert later.center == usual.center
    assert later.signalled[-2:] == (12, 13)
    without = spc.xmr([*STEADY[:6], 60, *STEADY[6:]], left_out=[6])
    assert without.center == usual.center
    assert without.ranges is not None
    assert without.ranges.n == 10, "neither the range to the period left out nor the one from it"
    assert without.signals[6] == (spc.Signal("beyond_limit", "above"),)


def test_screening_narrows_and_happens_once() -> None:
    values = [10, 11, 10, 11, 10, 30, 10, 11, 10, 14, 10, 11, 10, 11]
    plain, screened = spc.xmr(values), spc.xmr(values, screened=True)
    assert plain.ranges is not None
    assert screened.ranges is not None
    ranges = np.abs(np.diff(values))
    first = ranges[ranges < 3.267 * ranges.mean()]
    assert screened.ranges.mean == pytest.approx(first.mean())
    assert (first >= 3.267 * first.mean()).sum() == 0 or screened.ranges.n == len(first)
    assert screened.upper[0] < plain.upper[0]


@given(values=counts, sizes=st.lists(st.integers(41, 90), min_size=30, max_size=30))
def test_each_share_has_limits_of_its_own_size(values: list[int], sizes: list[int]) -> None:
    assume(sum(values))
    n = sizes[: len(values)]
    chart = spc.p_chart(values, n)
    share = sum(values) / sum(n)
    half = [3 * math.sqrt(share * (1 - share) / size) for size in n]
    assert chart.lower == pytest.approx([max(share - each, 0) for each in half])
    assert chart.upper == pytest.approx([min(share + each, 1) for each in half])
    beyond = [
        at for at, (value, size) in enumerate(zip(values, n, strict=True)) if abs(value / size - share) > half[at]
    ]
    found = [at for at, signals in enumerate(chart.signals) if any(one.rule == "beyond_limit" for one in signals)]
    assert set(found) == set(beyond)


@given(values=counts)
def test_counts_are_rates_of_one(values: list[int]) -> None:
    assume(sum(values))
    one, other = spc.c_chart(values), spc.u_chart(values, [1] * len(values))
    assert one.upper == pytest.approx(other.upper)
    assert one.signals == other.signals


def test_zones_of_a_limit_that_is_cut_are_those_of_the_whole() -> None:
    """A share near zero: two of three a little below the mean are not in an outer third of what the cut leaves."""
    chart = spc.p_chart([1, 0, 0, 1, 2, 1, 0, 0, 1, 1, 2, 1], [20] * 12)
    assert chart.lower[0] == 0
    assert chart.signalled == ()


def test_a_period_of_nobody_has_no_share() -> None:
    chart = spc.p_chart([5, 4, 6, 5, 0, 5, 4, 6, 5, None, 5, 4, 6, 5], [10] * 4 + [0] + [10] * 4 + [None] + [10] * 4)
    assert np.flatnonzero(np.isnan(chart.values)).tolist() == [4, 9]
    assert chart.n_base == 12
    assert chart.center == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: spc.xmr(STEADY[:11]), "control_charts.too_few_periods"),
        (lambda: spc.xmr([*STEADY[:11], None, math.nan]), "control_charts.too_few_periods"),
        (lambda: spc.xmr(STEADY, fixed_after=11), "control_charts.too_few_periods"),
        (lambda: spc.xmr(STEADY, fixed_after=-1), "control_charts.too_few_periods"),
        (lambda: spc.xmr(STEADY, left_out=[0]), "control_charts.too_few_periods"),
        (lambda: spc.xmr(STEADY, left_out=[12]), "control_charts.no_such_period"),
        (lambda: spc.xmr([5] * 12), "control_charts.values_do_not_vary"),
        (lambda: spc.xmr([0.1 + 0.2, 0.3] * 6), "control_charts.values_do_not_vary"),
        (lambda: spc.xmr([1, None] * 12), "control_charts.no_neighbours"),
        (lambda: spc.xmr([*STEADY, math.inf]), "control_charts.no_list_of_numbers"),
        (lambda: spc.xmr(STEADY, constants="wheeler"), "control_charts.no_such_choice"),  # type: ignore[arg-type]
        (lambda: spc.xmr(STEADY, rules="nelson"), "control_charts.no_such_choice"),  # type: ignore[arg-type]
        (lambda: spc.p_chart([0] * 12, [9] * 12), "control_charts.no_event_or_all"),
        (lambda: spc.p_chart([9] * 12, [9] * 12), "control_charts.no_event_or_all"),
        (lambda: spc.p_chart([10] * 12, [9] * 12), "control_charts.count_above_size"),
        (lambda: spc.p_chart([1.5] * 12, [9] * 12), "control_charts.no_count"),
        (lambda: spc.p_chart([1] * 12, [9.5] * 12), "control_charts.count_above_size"),
        (lambda: spc.p_chart([1] * 12, [9] * 11), "control_charts.sizes_do_not_fit"),
        (lambda: spc.u_chart([1] * 12, [0] + [9] * 11), "control_charts.events_of_nothing"),
        (lambda: spc.u_chart([1] * 12, [-1] + [9] * 11), "control_charts.no_count"),
        (lambda: spc.c_chart([-1] + [1] * 11), "control_charts.no_count"),
        (lambda: spc.runs_analysis([1, 2] * 5), "control_charts.too_few_periods"),
        (lambda: spc.runs_analysis([1] * 20), "control_charts.too_few_periods"),
        (lambda: spc.runs_analysis([None] * 20), "control_charts.too_few_periods"),
        (lambda: spc.target_verdict(spc.xmr(STEADY), math.nan, polarity=1), "control_charts.no_target"),
        (lambda: spc.target_verdict(spc.xmr(STEADY), 1, polarity=0), "control_charts.no_target"),  # type: ignore[arg-type]
    ],
)
def test_what_is_refused(make: Callable[[], object], code: str) -> None:
    with pytest.raises(NotEstimable) as refused:
        make()
    assert refused.value.reason.code == code


@pytest.mark.parametrize(
    ("polarity", "expected"), [(1, ("always_met", "always_missed")), (-1, ("always_missed", "always_met"))]
)
def test_a_target_beyond_the_limits_is_met_or_missed_by_direction(polarity: Any, expected: tuple[str, str]) -> None:
    chart = spc.xmr(STEADY)
    low, high = float(chart.lower[-1]), float(chart.upper[-1])
    assert spc.target_verdict(chart, low - 0.1, polarity=polarity) == expected[0]
    assert spc.target_verdict(chart, high + 0.1, polarity=polarity) == expected[1]
    for target in (low, chart.center, high):
        assert spc.target_verdict(chart, target, polarity=polarity) == "hit_and_miss"


def test_the_verdict_is_by_the_latest_limits_there_are() -> None:
    chart = spc.p_chart([5, 4, 6] * 5 + [None], [10] * 12 + [1000] * 3 + [None], left_out=(12, 13, 14))
    assert spc.target_verdict(chart, 0.6, polarity=1) == "always_missed"


@pytest.mark.parametrize(("n", "longest", "crossings"), [(12, 7, 3), (20, 7, 6), (24, 8, 8)])
def test_limits_of_runs_as_published(n: int, longest: int, crossings: int) -> None:
    """Anhøj and Olesen (2014), limits by number of useful observations."""
    found = spc.runs_analysis([1, 2] * (n // 2))
    assert (found.n_useful, found.longest_limit, found.crossings_limit) == (n, longest, crossings)
    assert (found.longest, found.crossings, found.signal) == (1, n - 1, False)


def test_values_on_the_median_do_not_count_and_gaps_break_runs() -> None:
    values = [1, 1, 5, 1, 1, 5, 1, 1, 5, 9, 9, 9, 9, 9, 9]
    whole = spc.runs_analysis(values)
    assert (whole.median, whole.n_useful, whole.longest, whole.crossings) == (5, 12, 6, 1)
    broken = spc.runs_analysis([*values[:12], None, *values[12:]])
    assert (broken.n_useful, broken.longest, broken.crossings) == (12, 6, 1)
    assert spc.runs_analysis([*values[:4], None, *values[4:]]).longest == 6
    assert spc.runs_analysis([*values[:11], None, *values[11:]]).longest == 6
    parted = spc.runs_analysis([1, 1, 1, None, 1, 1, 1, 9, 9, 9, None, 9, 9, 9])
    assert (parted.longest, parted.crossings, parted.crossings_limit) == (3, 1, 2)


@pytest.mark.parametrize("unit", [1, 0.1, 0.7, 1 / 3, 1e-3, 1.1, 0.007])
def test_a_point_on_the_mean_is_on_it_in_every_unit(unit: float) -> None:
    values = [3, 5, 5, 5, 3, 5, 5, 5, 5, 1, 1, 1, 1, 1, -1]
    chart = spc.xmr([unit * value for value in values])
    assert sum(values) / len(values) == 3
    assert not any(one.rule == "run" for signals in chart.signals for one in signals)


@pytest.mark.parametrize(("share", "marked"), [(1 - 1e-6, ()), (1 + 1e-6, (12, 13))])
def test_the_outer_third_begins_two_thirds_of_the_way_to_the_limit(share: float, marked: tuple[int, ...]) -> None:
    usual = spc.xmr(STEADY)
    near = usual.center + share * 2 / 3 * (float(usual.upper[0]) - usual.center)
    chart = spc.xmr([*STEADY, near, near, usual.center + 0.1], fixed_after=12)
    assert tuple(at for at in chart.signalled if at >= 12) == marked


def test_limits_of_shares_are_cut_at_both_ends() -> None:
    high = spc.p_chart([19, 20, 20, 19, 18, 19, 20, 20, 19, 19, 18, 19], [20] * 12)
    low = spc.p_chart([1, 0, 0, 1, 2, 1, 0, 0, 1, 1, 2, 1], [20] * 12)
    assert high.upper.tolist() == [1] * 12
    assert low.lower.tolist() == [0] * 12
    assert high.lower == pytest.approx(1 - low.upper)
