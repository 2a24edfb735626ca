"""The fit: closed forms, scaling, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.errors import NotEstimable, UsageError
from impact.statistics.linear.least_squares import binary, fit, influence


def _data(n: int = 60, k: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(7)
    matrix = np.column_stack([np.ones(n), rng.normal(size=(n, k - 1))])
    return matrix @ np.arange(1, k + 1) + rng.normal(size=n), matrix, rng.uniform(0.5, 3, n), list("abcdefgh"[:k])


@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_statsmodels(weighted: bool) -> None:
    y, x, w, names = _data()
    ours = fit(y, x, names, weights=w if weighted else None)
    theirs = sm.WLS(y, x, weights=w if weighted else 1.0).fit()
    np.testing.assert_allclose(ours.params, theirs.params, rtol=1e-11)
    np.testing.assert_allclose(ours.bread, theirs.normalized_cov_params, rtol=1e-9, atol=1e-14)
    basis, _ = np.linalg.qr(theirs.model.wexog)
    np.testing.assert_allclose(ours.leverage, np.sum(basis**2, axis=1), rtol=1e-10)
    np.testing.assert_allclose(ours.residuals, theirs.resid, rtol=1e-9, atol=1e-12)


def test_leverage_adds_up_to_the_number_of_columns() -> None:
    y, x, w, names = _data()
    assert fit(y, x, names, weights=w).leverage.sum() == pytest.approx(4, rel=1e-12)


def test_influence_is_the_linear_part_of_the_estimate() -> None:
    y, x, w, names = _data()
    fitted = fit(y, x, names, weights=w)
    for place in range(4):
        rows = influence(fitted, place)
        assert rows.sum() == pytest.approx(0, abs=1e-12)
        removed = fit(np.delete(y, 3), np.delete(x, 3, axis=0), names, weights=np.delete(w, 3)).params[place]
        assert fitted.params[place] - removed == pytest.approx(rows[3] / (1 - fitted.leverage[3]), rel=1e-9)


def test_integer_weights_repeat_rows() -> None:
    y, x, _, names = _data()
    times = np.arange(60) % 3 + 1
    repeated = fit(np.repeat(y, times), np.repeat(x, times, axis=0), names)
    np.testing.assert_allclose(fit(y, x, names, weights=times.astype(float)).params, repeated.params, rtol=1e-11)


@settings(max_examples=25)
@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.randoms(use_true_random=False))
def test_units_and_row_order_do_not_matter(unit: float, weight: float, random: object) -> None:
    y, x, w, names = _data()
    order = np.random.default_rng(random.randint(0, 99)).permutation(len(y))  # type: ignore[attr-defined]
    base = fit(y, x, names, weights=w)
    other = fit(y[order], x[order] * [1, unit, 1, 1], names, weights=weight * w[order])
    np.testing.assert_allclose(other.params * [1, unit, 1, 1], base.params, rtol=1e-9)


def test_columns_of_very_different_size_are_not_collinear() -> None:
    y, x, _, names = _data()
    assert np.isfinite(fit(y, x * [1, 1e9, 1e-9, 1], names).params).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda y, x, w: (np.where(np.arange(60) == 3, np.nan, y), x, w), "the outcome has 1 missing"),
        (lambda y, x, w: (y, np.where(x == x[2, 1], np.inf, x), w), "b has 1 missing or infinite"),
        (lambda y, x, w: (y, x, np.where(np.arange(60) == 3, np.nan, w)), "the weight has 1 missing"),
        (lambda y, x, w: (y, x, np.where(np.arange(60) == 3, 0.0, w)), "not positive"),
        (lambda y, x, w: (y[:4], x[:4], w[:4]), "4 observations cannot carry 4 terms"),
        (lambda y, x, w: (y, np.column_stack([x[:, :3], 2 * x[:, 1] - 1e6 * x[:, 0]]), w), "collinear: a, b, d"),
        (lambda y, x, w: (y, x * [1, 1, 0, 1], w), "collinear: c;"),
        (lambda y, x, w: (y, x * 0, w), "collinear: a, b, c, d"),
    ],
)
def test_refuses(change: object, says: str) -> None:
    y, x, w = change(*_data()[:3])  # type: ignore[operator]
    with pytest.raises(NotEstimable, match=says):
        fit(y, x, list("abcd"), weights=w)


def test_refuses_a_wrong_call() -> None:
    y, x, _, names = _data()
    for bad in (lambda: fit(y[1:], x, names), lambda: fit(y, x, names[1:]), lambda: fit(y, x, ["a", "a", "b", "c"])):
        with pytest.raises(UsageError):
            bad()
    with pytest.raises(UsageError, match="no term z"):
        fit(y, x, names).place("z")


@pytest.mark.parametrize(
    ("values", "says"),
    [([0, 1, np.nan], "missing"), ([0, 1, 2], "other than 0 and 1"), ([1, 1, 1], "same for all"), ([], "same for all")],
)
def test_binary_refuses(values: list[float], says: str) -> None:
    with pytest.raises(NotEstimable, match=says):
        binary(np.array(values), "treatment")
