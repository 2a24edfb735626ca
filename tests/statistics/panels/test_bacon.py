"""Goodman-Bacon's decomposition: sums to the two-way coefficient, closed forms, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.linear.two_way import Cells, fit_cells
from impact.statistics.panels.bacon import ALWAYS, EARLIER, LATER, NEVER, bacon_decomposition
from tests.support.references import dataset, reference


def two_way(means: np.ndarray, counts: np.ndarray, starts: np.ndarray) -> float:
    level, period = (axis.ravel() for axis in np.indices(means.shape))
    treated = (period >= starts[level]).astype(float)
    cells = Cells(
        level, period, counts.ravel().astype(float), means.ravel(), treated[:, None], ("d",), int(counts.sum()), counts[:, 0]
    )  # fmt: skip
    return float(fit_cells(cells).coefficients[0])


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 8), min_size=2, max_size=6, unique=True),
    st.sampled_from([8, 9, 12]),
)
def test_weights_sum_to_one_and_estimates_to_the_two_way_coefficient(
    seed: int, starts: list[int], periods: int
) -> None:
    if all(start in (0, periods) or start >= periods for start in starts):
        return
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(len(starts), periods))
    counts = np.repeat(rng.integers(1, 50, size=len(starts))[:, None], periods, axis=1)
    found = bacon_decomposition(means, counts, np.array(starts, dtype=float))
    assert sum(one.weight for one in found.comparisons) == pytest.approx(1, abs=1e-12)
    assert min(one.weight for one in found.comparisons) > 0
    assert found.coefficient == pytest.approx(two_way(means, counts, np.array(starts)), rel=1e-10, abs=1e-11)


def test_mpdta_gives_the_coefficient_of_fixest() -> None:
    data = dataset("mpdta.csv")
    table = data.pivot_table(index="first.treat", columns="year", values="lemp", aggfunc=["mean", "count"])
    starts = np.array([np.inf if start == 0 else start - 2003 for start in table.index])
    found = bacon_decomposition(table["mean"].to_numpy(), table["count"].to_numpy(), starts)
    known = reference("twfe.mpdta")
    assert found.coefficient == pytest.approx(known["value"], rel=known["tolerance"])
    assert len(found.comparisons) == 9
    assert found.forbidden == pytest.approx(
        sum(one.weight for one in found.comparisons if one.kind == LATER), abs=1e-15
    )


def test_two_by_two_is_the_difference_of_differences() -> None:
    found = bacon_decomposition(np.array([[1.0, 4.0], [2.0, 2.5]]), np.full((2, 2), 7), np.array([1.0, np.inf]))
    (only,) = found.comparisons
    assert (only.kind, only.weight, found.forbidden) == (NEVER, 1.0, 0.0)
    assert found.coefficient == pytest.approx(2.5)


def test_effects_that_grow_enter_with_the_wrong_sign_only_through_forbidden_comparisons() -> None:
    time, starts = np.arange(6), np.array([1.0, 4.0])
    means = np.maximum(0, time - starts[:, None] + 1) * 1.0
    found = {one.kind: one for one in bacon_decomposition(means, np.full((2, 6), 10), starts).comparisons}
    assert set(found) == {EARLIER, LATER}
    assert found[EARLIER].estimate == pytest.approx(2.0)
    assert found[LATER].estimate == pytest.approx(1.5 - 2.5)


def test_always_treated_are_forbidden_controls_and_equal_starts_are_one_cohort() -> None:
    rng = np.random.default_rng(3)
    means, counts = rng.normal(size=(3, 5)), np.repeat([[4], [6], [5]], 5, axis=1)
    starts = np.array([0.0, 2.0, 2.0])
    found = bacon_decomposition(means, counts, starts)
    assert [one.kind for one in found.comparisons] == [ALWAYS]
    assert found.forbidden == 1.0
    assert found.coefficient == pytest.approx(two_way(means, counts, starts), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m, c, s: (m, c - np.eye(2, 4, dtype=int), s), "not balanced"),
        (lambda m, c, s: (m, c * 0, s), "not balanced"),
        (lambda m, c, s: (m * np.nan, c, s), "no mean outcome"),
        (lambda m, c, s: (m, c, s * np.nan), "not a position"),
        (lambda m, c, s: (m, c, s + 0.5), "not a position"),
        (lambda m, c, s: (m, c, np.array([2.0, 2.0])), "same time"),
        (lambda m, c, s: (m, c, np.array([np.inf, 9.0])), "same time"),
        (lambda m, c, s: (m, c, np.array([0.0, np.inf])), "same time"),
    ],
)
def test_refusals(change: object, reason: str) -> None:
    means, counts = np.arange(8.0).reshape(2, 4), np.full((2, 4), 5)
    with pytest.raises(NotEstimable, match=reason):
        bacon_decomposition(*change(means, counts, np.array([2.0, np.inf])))  # type: ignore[operator]
