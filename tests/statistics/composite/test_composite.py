"""Composite indices: what must hold of any scores, other libraries, sensitivity by hand, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics import composite as ci
from impact.statistics.core import Floats

NAN = math.nan
tables = arrays(np.float64, (6, 3), elements=st.floats(1, 100))
shares = arrays(np.float64, 3, elements=st.floats(0.05, 1))


def varied(table: Floats) -> Floats:
    assume(np.ptp(table, axis=0).min() > 0.1)
    return table


@given(table=tables, weights=shares)
def test_means_stand_in_their_order_and_agree_with_scipy(table: Floats, weights: Floats) -> None:
    low, middle, high = (mean(table, weights) for mean in (ci.harmonic_mean, ci.geometric_mean, ci.arithmetic_mean))
    assert (low <= middle * (1 + 1e-12)).all()
    assert (middle <= high * (1 + 1e-12)).all()
    assert middle == pytest.approx(stats.gmean(table, axis=1, weights=np.tile(weights, (6, 1))), rel=1e-10)
    assert low == pytest.approx(stats.hmean(table, axis=1, weights=np.tile(weights, (6, 1))), rel=1e-10)
    assert high == pytest.approx(np.average(table, axis=1, weights=weights), rel=1e-12)


@given(table=tables, weights=shares, rows=st.permutations(range(6)), columns=st.permutations(range(3)))
def test_order_of_units_and_indicators_does_not_matter(
    table: Floats, weights: Floats, rows: list[int], columns: list[int]
) -> None:
    varied(table)
    reference = table.mean(axis=0)
    first = ci.ampi(table, reference, phenomenon="rising", weights=weights).index
    other = ci.ampi(table[rows][:, columns], reference[columns], phenomenon="rising", weights=weights[columns]).index
    assert other == pytest.approx(first[rows], rel=1e-10)


@given(table=tables, unit=st.floats(0.01, 100), start=st.floats(-100, 100))
def test_the_unit_of_an_indicator_does_not_matter(table: Floats, unit: float, start: float) -> None:
    varied(table)
    reference = table.mean(axis=0)
    first = ci.ampi(table, reference, phenomenon="falling").index
    other = ci.ampi(start + unit * table, start + unit * reference, phenomenon="falling").index
    assert other == pytest.approx(first, rel=1e-6)
    assert ci.z_scores(start + unit * table) == pytest.approx(ci.z_scores(table), rel=1e-6)


@given(table=tables, polarity=st.lists(st.sampled_from([1, -1]), min_size=3, max_size=3))
def test_the_reference_scores_100_whatever_the_polarity(table: Floats, polarity: list[int]) -> None:
    varied(table)
    posts = ci.ampi_goalposts(table, table[0])
    scores = ci.ampi_scores(table, posts, polarity=polarity)
    assert scores[0] == pytest.approx([100] * 3)
    assert ci.penalised(scores, phenomenon="rising").index[0] == pytest.approx(100)
    assert np.ptp(scores, axis=0) == pytest.approx([60] * 3)
    turned = ci.ampi_scores(table, posts, polarity=[-one for one in polarity])
    assert turned + scores == pytest.approx(np.full((6, 3), 200.0))


@given(table=tables, weights=shares)
def test_imbalance_lowers_a_rising_index_and_raises_a_falling_one(table: Floats, weights: Floats) -> None:
    up, down = (ci.penalised(table, phenomenon=one, weights=weights) for one in ("rising", "falling"))  # type: ignore[arg-type]
    assert (up.index <= up.mean).all()
    assert up.index + down.index == pytest.approx(2 * up.mean)
    assert up.penalty == pytest.approx(up.spread**2 / up.mean)
    alike = ci.penalised(np.full((2, 3), 90.0), phenomenon="rising", weights=weights)
    assert alike.index == pytest.approx([90, 90])
    assert alike.penalty == pytest.approx([0, 0], abs=1e-12)


@given(table=tables)
def test_z_scores_are_scipys(table: Floats) -> None:
    varied(table)
    for sample in (False, True):
        expected = 100 + 10 * stats.zscore(table, ddof=int(sample))
        assert ci.z_scores(table, sample=sample) == pytest.approx(expected, rel=1e-9)
    assert ci.z_scores(table, polarity=-1) + ci.z_scores(table) == pytest.approx(np.full((6, 3), 200.0))


def test_goalposts_of_each_year_lose_the_change() -> None:
    """Two years in which everybody gains alike: with common goalposts the index rises, by year it stands still."""
    first = np.array([[10.0, 5.0], [20.0, 9.0], [30.0, 7.0]])
    both = np.vstack([first, first + 4])
    index = ci.ampi(both, first.mean(axis=0), phenomenon="rising").index
    assert (index[3:] > index[:3]).all()
    by_year = [ci.ampi(year, year.mean(axis=0), phenomenon="rising").index for year in (first, first + 4)]
    assert by_year[0] == pytest.approx(by_year[1])


def test_leaving_one_out_is_the_index_of_the_others() -> None:
    scores = np.array([[80.0, 120.0, 100.0], [110.0, 90.0, 95.0], [100.0, 100.0, 130.0]])
    found = ci.leave_one_out(lambda x, w: ci.penalised(x, phenomenon="rising", weights=w).index, scores)
    others = [np.delete(scores, column, axis=1) for column in range(3)]
    expected = [ci.penalised(other, phenomenon="rising").index for other in others]
    assert found.values == pytest.approx(np.array(expected))
    assert found.index == pytest.approx(ci.penalised(scores, phenomenon="rising").index)
    assert found.low == pytest.approx(np.vstack([found.index, expected]).min(axis=0))
    assert found.cases == tuple(ci.Case(column, 0.0) for column in range(3))


def test_what_weights_do_to_ranks_by_hand() -> None:
    """Weights 0.5 each; halved: 1/3 and 2/3; raised by half: 3/5 and 2/5."""
    found = ci.weight_sensitivity(ci.arithmetic_mean, [[10.0, 4.0], [6.0, 7.0]], change=0.5)
    assert found.index.tolist() == [7.0, 6.5]
    assert found.values == pytest.approx(np.array([[6, 20 / 3], [7.6, 6.4], [8, 19 / 3], [6.4, 6.6]]))
    assert found.case_ranks.tolist() == [[2, 1], [1, 2], [1, 2], [2, 1]]
    assert (found.best_rank.tolist(), found.worst_rank.tolist()) == ([1, 1], [2, 2])
    smallest = ci.weight_sensitivity(ci.arithmetic_mean, [[10.0, 4.0], [6.0, 7.0]], change=0.5, best="smallest")
    assert smallest.ranks.tolist() == [2, 1]


@given(table=tables, weights=shares, change=st.floats(0.01, 0.9))
def test_the_declared_index_is_within_its_range(table: Floats, weights: Floats, change: float) -> None:
    for found in (
        ci.weight_sensitivity(ci.geometric_mean, table, weights, change=change),
        ci.leave_one_out(ci.geometric_mean, table, weights),
    ):
        assert ((found.low <= found.index) & (found.index <= found.high)).all()
        assert ((found.best_rank <= found.ranks) & (found.ranks <= found.worst_rank)).all()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: ci.geometric_mean([[0.0, 5.0]]), "composite.not_above_zero"),
        (lambda: ci.geometric_mean([[-1.0, -5.0]]), "composite.not_above_zero"),
        (lambda: ci.harmonic_mean([[0.0, 5.0]]), "composite.not_above_zero"),
        (lambda: ci.geometric_mean([[0.0, 5.0]], [0, 1]), "composite.not_above_zero"),
        (lambda: ci.arithmetic_mean([[NAN, 5.0]]), "composite.numbers_missing"),
        (lambda: ci.arithmetic_mean(np.empty((0, 2))), "composite.numbers_missing"),
        (lambda: ci.arithmetic_mean([1.0, 5.0]), "composite.no_table"),
        (lambda: ci.penalised([1.0, 5.0], phenomenon="rising"), "composite.no_table"),
        (lambda: ci.arithmetic_mean([[1.0, 5.0]], [1.0]), "composite.weights_do_not_fit"),
        (lambda: ci.arithmetic_mean([[1.0, 5.0]], [2.0, -1.0]), "composite.weights_do_not_fit"),
        (lambda: ci.arithmetic_mean([[1.0, 5.0]], [0.0, 0.0]), "composite.weights_do_not_fit"),
        (lambda: ci.arithmetic_mean([[1.0, 5.0]], [NAN, 1.0]), "composite.numbers_missing"),
        (lambda: ci.min_max([1.0], 5, 5), "composite.goalposts_do_not_rise"),
        (lambda: ci.min_max([1.0], 6, 5), "composite.goalposts_do_not_rise"),
        (lambda: ci.min_max([0.0], 1, 5, scale="log"), "composite.not_above_zero"),
        (lambda: ci.min_max([1.0], 0, 5, polarity=0), "composite.polarity_unknown"),
        (lambda: ci.z_scores([[1.0], [1.0]]), "composite.indicator_does_not_vary"),
        (lambda: ci.z_scores([[1.0]], sample=True), "composite.indicator_does_not_vary"),
        (lambda: ci.ampi_goalposts([[1.0], [1.0]], [1.0]), "composite.indicator_does_not_vary"),
        (lambda: ci.way_to_target([1.0], 3, 3), "composite.target_is_start"),
        (lambda: ci.penalised([[1.0, 2.0]], phenomenon="up"), "composite.no_such_phenomenon"),  # type: ignore[arg-type]
        (lambda: ci.penalised([[1.0, -2.0]], phenomenon="rising"), "composite.mean_not_above_zero"),
        (
            lambda: ci.penalised([[1.0, 2.0]], phenomenon="rising", weights=[1, 1], sample=True),
            "composite.sample_spread_of_weights",
        ),
        (lambda: ci.leave_one_out(ci.arithmetic_mean, [[1.0], [2.0]]), "composite.one_indicator_only"),
        (lambda: ci.leave_one_out(ci.arithmetic_mean, [[1, 2], [2, 1]], [1, 0]), "composite.one_indicator_only"),
        (lambda: ci.weight_sensitivity(ci.arithmetic_mean, [[1, 2], [2, 1]], change=1), "composite.change_outside"),
    ],
)
def test_what_is_refused(make: Callable[[], Any], code: str) -> None:
    with pytest.raises(NotEstimable) as refused:
        make()
    assert refused.value.reason.code == code


def test_caps_and_the_way_to_a_target_that_is_lower() -> None:
    assert ci.min_max([-1, 11], 0, 10).tolist() == [0, 1]
    assert ci.min_max([-1, 11], 0, 10, capped=False).tolist() == pytest.approx([-0.1, 1.1])
    assert ci.min_max([-1, 11], 0, 10, polarity=-1).tolist() == [1, 0]
    assert ci.way_to_target([40, 25, 5], 40, 10).tolist() == [0, 0.5, 1]
    assert ci.way_to_target([45, 5], 40, 10, capped=False) == pytest.approx([-1 / 6, 7 / 6])
