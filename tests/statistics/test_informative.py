"""What counts beside absorbed effects: by hand, and whatever is alone is fitted perfectly."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.statistics.informative import informative


def test_by_hand() -> None:
    """Unit 2 is seen once; then period 2 has one unit; then unit 1, which is left with one row, goes too."""
    rows = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1], [1, 1, 0]])
    units, periods = informative(rows)
    assert units.tolist() == [True, False, False, True]
    assert periods.tolist() == [True, True, False]


def test_units_alike_stand_for_several_and_periods_may_have_no_effects() -> None:
    rows = np.array([[1, 1, 1], [1, 1, 0]])
    assert informative(rows)[1].tolist() == [True, True, False]
    assert informative(rows, np.array([2, 1]))[1].tolist() == [True, True, True]
    units, periods = informative(np.array([[1, 1, 1], [0, 1, 0]]), periods=False)
    assert (units.tolist(), periods.tolist()) == ([True, False], [True, True, True])


def test_nothing_may_be_left() -> None:
    units, periods = informative(np.eye(3, dtype=np.int64))
    assert not units.any()
    assert not periods.any()


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_goes_is_fitted_whatever_it_holds_and_what_stays_is_never_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = rng.random((rng.integers(1, 12), rng.integers(1, 6))) < rng.uniform(0.1, 0.9)
    units, periods = informative(seen)
    kept = seen & units[:, None] & periods
    assert (kept.sum(axis=1)[units] > 1).all()
    assert (kept.sum(axis=0)[periods] > 1).all()
    unit, period = np.nonzero(seen)
    matrix = np.hstack([unit[:, None] == np.arange(len(seen)), period[:, None] == np.arange(seen.shape[1])]).astype(
        float
    )
    leverage = np.diag(matrix @ np.linalg.pinv(matrix)) if len(matrix) else np.array([])
    np.testing.assert_allclose(leverage[~kept[unit, period]], 1, atol=1e-9)
