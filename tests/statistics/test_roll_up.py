"""Roll-up: a gap is no zero, order within a unit matters only where it must, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.roll_up import AcrossTime, AcrossUnits, Together, annualised, rolled_up, together, year_to_date

PANEL = [[10, 20, 30], [5, None, 15], [8, 8, 8], [None, None, None]]
panels = st.lists(st.lists(st.none() | st.integers(-100, 100), min_size=4, max_size=4), min_size=1, max_size=6).filter(
    lambda panel: any(value is not None for row in panel for value in row)
)


def test_a_unit_that_reports_nothing_takes_no_part_and_is_counted() -> None:
    found = rolled_up(PANEL, across_time="mean", across_units="mean")
    assert found.value == pytest.approx((20 + 10 + 8) / 3)
    assert math.isnan(found.by_unit[3])
    assert (found.n_reporting, found.n_units, found.n_reports, found.n_periods) == (3, 4, 8, 12)


@given(panel=panels, order=st.randoms(use_true_random=False))
def test_order_of_units_never_matters_and_of_periods_only_for_first_and_last(panel: Any, order: Any) -> None:
    shuffled = order.sample(panel, len(panel))
    columns = order.sample(range(4), 4)
    for across_time in get_args(AcrossTime):
        for across_units in get_args(AcrossUnits):
            first = rolled_up(panel, across_time=across_time, across_units=across_units).value
            other = rolled_up(shuffled, across_time=across_time, across_units=across_units).value
            assert other == pytest.approx(first, abs=1e-9)
            if across_time not in ("first", "last"):
                moved = [[row[at] for at in columns] for row in panel]
                again = rolled_up(moved, across_time=across_time, across_units=across_units).value
                assert again == pytest.approx(first, abs=1e-9)


@given(panel=panels)
def test_sums_and_counts_do_not_mind_what_is_added_first(panel: Any) -> None:
    for rule in ("sum", "count"):
        first = rolled_up(panel, across_time=rule, across_units="sum").value  # type: ignore[arg-type]
        assert together(panel, rule) == pytest.approx(first)  # type: ignore[arg-type]


@given(panel=panels)
def test_a_period_that_nobody_reports_changes_nothing(panel: Any) -> None:
    longer = [[*row, None] for row in panel]
    for across_time in get_args(AcrossTime):
        assert (
            rolled_up(longer, across_time=across_time, across_units="sum").value
            == rolled_up(panel, across_time=across_time, across_units="sum").value
        )


@given(panel=panels)
def test_measures_of_all_reports_are_those_of_numpy(panel: Any) -> None:
    reports = np.array([value for row in panel for value in row if value is not None], dtype=float)
    expected = {"mean": reports.mean(), "min": reports.min(), "max": reports.max(), "sum": reports.sum()}
    assert set(get_args(Together)) == {*expected, "count", "sd", "variance"}
    for measure, value in expected.items():
        assert together(panel, measure) == pytest.approx(value)  # type: ignore[arg-type]
    if len(reports) > 1:
        assert together(panel, "sd") ** 2 == pytest.approx(together(panel, "variance"))
        assert together(panel, "variance") == pytest.approx(np.mean((reports - reports.mean()) ** 2), abs=1e-9)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: rolled_up([[None, None]], across_time="sum", across_units="sum"), "roll_up.no_report"),
        (lambda: rolled_up([1, 2], across_time="sum", across_units="sum"), "roll_up.no_panel"),
        (lambda: rolled_up([[math.inf]], across_time="sum", across_units="sum"), "roll_up.no_panel"),
        (lambda: rolled_up([[1]], across_time="median", across_units="sum"), "roll_up.no_such_rule"),  # type: ignore[arg-type]
        (lambda: rolled_up([[1]], across_time="sum", across_units="last"), "roll_up.no_such_rule"),  # type: ignore[arg-type]
        (lambda: together([[1]], "sd"), "roll_up.one_report_has_no_spread"),
        (lambda: together([[None]], "mean"), "roll_up.no_report"),
        (lambda: annualised(5, 0, periods_per_year=12), "roll_up.no_ratio"),
        (lambda: annualised(math.nan, 5, periods_per_year=12), "roll_up.no_ratio"),
        (lambda: year_to_date(100, 13, periods_per_year=12), "roll_up.no_such_period"),
        (lambda: year_to_date(100, 0, periods_per_year=12), "roll_up.no_such_period"),
        (lambda: year_to_date(math.nan, 1, periods_per_year=12), "roll_up.no_such_period"),
    ],
)
def test_what_is_refused(make: Callable[[], object], code: str) -> None:
    with pytest.raises(NotEstimable) as refused:
        make()
    assert refused.value.reason.code == code
