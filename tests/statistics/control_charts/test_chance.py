"""Signals by chance: the committed table against its simulation, and the simulation against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics import control_charts as spc
from impact.statistics.control_charts.chance import DRAWS, Limits
from impact.statistics.control_charts.false_alarms import FALSE_ALARMS, MOST_PERIODS


@pytest.mark.parametrize(("limits", "rules"), list(FALSE_ALARMS))
@pytest.mark.parametrize("points", [12, 25, 60])
def test_the_table_is_what_the_simulation_gives(limits: Limits, rules: spc.RuleSet, points: int) -> None:
    found = spc.by_chance([points], rules=rules, limits=limits)
    again = spc.simulated_false_alarm(points, rules=rules, limits=limits)
    assert (found.anywhere, found.latest) == pytest.approx((again.anywhere, again.latest), abs=5.1e-5)


def test_the_table_has_every_number_of_periods() -> None:
    assert {len(column.split()) for columns in FALSE_ALARMS.values() for column in columns} == {MOST_PERIODS - 11}
    assert set(FALSE_ALARMS) == {(limits, rules) for limits in ("ranges", "counts") for rules in spc.RULE_BOOKS}


@pytest.mark.parametrize("points", [12, 24, 60, 120])
def test_points_beyond_known_limits_are_as_rare_as_the_normal_says(points: int) -> None:
    """A value less the mean of all of them is normal with variance 1 − 1/m."""
    tail = 2 * stats.norm.sf(3 / math.sqrt(1 - 1 / points))
    found = spc.by_chance([points], rules="limits", limits="counts")
    assert found.latest == pytest.approx(tail, abs=4 * math.sqrt(tail / DRAWS))
    whole = 1 - (1 - tail) ** points
    assert found.anywhere == pytest.approx(whole, abs=4 * math.sqrt(whole / DRAWS) + 0.002)


def test_more_rules_and_more_periods_signal_more() -> None:
    few, many = (spc.by_chance([points]).anywhere for points in (12, 48))
    assert few < many
    assert spc.by_chance([24], rules="limits").anywhere < spc.by_chance([24]).anywhere
    assert spc.by_chance([24], limits="counts").latest < spc.by_chance([24]).latest


def test_charts_add_up_in_any_order() -> None:
    whole = spc.by_chance([12, 24, 200])
    parts = [spc.by_chance([points]) for points in (200, 12, 24)]
    assert (whole.charts, whole.longer) == (3, 1)
    assert whole.anywhere == pytest.approx(sum(part.anywhere for part in parts))
    assert parts[0].anywhere == spc.by_chance([120]).anywhere
    assert spc.by_chance([120]).longer == 0


@pytest.mark.slow
def test_a_steady_world_signals_as_often_as_said() -> None:
    """Charts made by the function that users call, from another seed and another unit."""
    rng = np.random.default_rng(71)
    charts = [spc.xmr(50 + 8 * rng.standard_normal(24)) for _ in range(4000)]
    expected = spc.by_chance([24] * len(charts))
    assert sum(bool(chart.signalled) for chart in charts) == pytest.approx(expected.anywhere, rel=0.13)
    assert sum(bool(chart.signals[-1]) for chart in charts) == pytest.approx(expected.latest, rel=0.5)


@pytest.mark.parametrize("points", [[11], [12.5], [None], [math.nan]])
def test_charts_that_cannot_be(points: list[float]) -> None:
    with pytest.raises(NotEstimable, match="too few periods"):
        spc.by_chance(points)


def test_names_that_are_not_known() -> None:
    with pytest.raises(NotEstimable, match="'nelson'"):
        spc.by_chance([12], rules="nelson")  # type: ignore[arg-type]
    with pytest.raises(NotEstimable, match="'medians'"):
        spc.simulated_false_alarm(12, limits="medians")  # type: ignore[arg-type]
    with pytest.raises(NotEstimable, match="too few periods"):
        spc.simulated_false_alarm(11)
