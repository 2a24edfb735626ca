"""What effects depend on: regressions, groups, small studies; against statsmodels, by hand, and what must hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from impact.errors import NotEstimable, UsageError
from impact.statistics.meta import egger, funnel, meta_regression, pool, rank_test, subgroups

Y = np.array([0.1, 0.3, 0.2, 0.6, 0.5, 0.9, 0.4, 0.8])
ERRORS = np.array([0.1, 0.2, 0.15, 0.2, 0.1, 0.3, 0.25, 0.1])
X = np.column_stack([np.arange(8.0), [0.0, 1, 0, 1, 1, 0, 1, 0]])
GROUPS = np.array(["a", "a", "b", "b", "b", "c", "c", "c"])


def test_common_regression_is_weighted_least_squares() -> None:
    found = meta_regression(Y, ERRORS, X, ["dose", "urban"], method="FE", interval="z")
    known = sm.WLS(Y, sm.add_constant(X), weights=ERRORS**-2).fit(cov_type="fixed scale")
    assert [one.estimate for one in found.coefficients] == pytest.approx(known.params)
    assert found.covariance == pytest.approx(known.cov_params())
    assert found.moderators.statistic == pytest.approx(
        known.wald_test(np.eye(3)[1:], use_f=False, scalar=True).statistic
    )
    assert found.spread.q == pytest.approx(known.ssr)
    assert (found.spread.df, found.moderators.df1, found.r2) == (5, 2, None)


def test_without_guard_the_error_is_that_of_weighted_least_squares_with_its_own_scale() -> None:
    found = meta_regression(Y, ERRORS, X, ["dose", "urban"], interval="hksj")
    known = sm.WLS(Y, sm.add_constant(X), weights=1 / (ERRORS**2 + found.spread.tau2)).fit()
    assert [one.std_error for one in found.coefficients] == pytest.approx(known.bse)
    assert [one.p_value for one in found.coefficients] == pytest.approx(known.pvalues)
    assert found.moderators.statistic == pytest.approx(known.fvalue)
    assert str(found.moderators.reference) == "F(2, 5)"
    assert found.factor == pytest.approx(known.scale)


@pytest.mark.parametrize("method", ["DL", "HE", "SJ", "PM", "REML", "ML"])
def test_regression_is_free_of_units_order_and_origin(method: Any) -> None:
    order = np.random.default_rng(2).permutation(8)
    first = meta_regression(Y, ERRORS, X, ["dose", "urban"], method=method)
    other = meta_regression(10 * Y[order], 10 * ERRORS[order], 1000 * X[order] + 7, ["dose", "urban"], method=method)
    assert other.coefficients[1].estimate == pytest.approx(first.coefficients[1].estimate / 100, rel=1e-8)
    assert other.moderators.p_value == pytest.approx(first.moderators.p_value, rel=1e-7)
    assert other.spread.tau2 == pytest.approx(100 * first.spread.tau2, rel=1e-7, abs=1e-10)


def test_a_regression_on_nothing_that_matters_explains_nothing_less() -> None:
    found = meta_regression(Y, ERRORS, X[:, 1:], ["urban"])
    assert found.r2 == max(0.0, 1 - found.spread.tau2 / found.tau2_without)
    assert found.tau2_without == pool(Y, ERRORS).tau2


def test_separate_groups_are_pooled_each_for_itself_and_compared_by_hand() -> None:
    found = subgroups(Y, ERRORS, GROUPS)
    each = [pool(Y[level == GROUPS], ERRORS[level == GROUPS]) for level in "abc"]
    assert found.effects == tuple(one.effect for one in each)
    assert (found.levels, found.counts) == (("a", "b", "c"), (2, 3, 3))
    normal = [pool(Y[level == GROUPS], ERRORS[level == GROUPS], interval="z").effect for level in "abc"]
    assert found.difference.statistic == pytest.approx(
        pool(
            np.array([one.estimate for one in normal]), np.array([one.std_error for one in normal]), method="FE"
        ).spread.q
    )


def test_groups_with_a_common_spread_share_it_and_may_be_single() -> None:
    groups = np.array([1, 1, 1, 1, 1, 2, 2, 3])
    found = subgroups(Y, ERRORS, groups, common=True, interval="z")
    tau2 = found.tau2[0]
    assert np.all(found.tau2 == tau2)
    for code, effect in zip((1, 2, 3), found.effects, strict=True):
        weights = 1 / (ERRORS[groups == code] ** 2 + tau2)
        assert effect.estimate == pytest.approx(weights @ Y[groups == code] / weights.sum())
        assert effect.std_error == pytest.approx(weights.sum() ** -0.5)
    with pytest.raises(NotEstimable, match="spread of their own: 3"):
        subgroups(Y, ERRORS, groups)


def test_egger_is_the_intercept_of_precision() -> None:
    """Egger et al. (1997) regress y/se on 1/se: the intercept there is the slope here, with the same test."""
    found = egger(Y, ERRORS)
    known = sm.OLS(Y / ERRORS, sm.add_constant(1 / ERRORS)).fit()
    assert (found.slope.estimate, found.slope.std_error) == pytest.approx((known.params[0], known.bse[0]))
    assert found.slope.p_value == pytest.approx(known.pvalues[0])
    assert found.limit.estimate == pytest.approx(known.params[1])
    additive = egger(Y, ERRORS, model="additive")
    assert math.isinf(additive.slope.df)
    assert additive.slope.p_value != pytest.approx(found.slope.p_value, rel=1e-3)


@pytest.mark.parametrize(("k", "weak"), [(9, True), (10, False)])
def test_below_ten_studies_asymmetry_is_said_to_be_weak(k: int, weak: bool) -> None:
    y, errors = np.linspace(0, 1, k) ** 2, np.linspace(0.1, 0.5, k)
    for found in (egger(y, errors), egger(y, errors, model="additive"), rank_test(y, errors)):
        assert (found.k, found.weak) == (k, weak)
        assert str(found.remark) == ("weak: 9 studies, fewer than 10" if weak else "")


def test_ranks_are_counted_by_hand() -> None:
    weights = ERRORS**-2
    deviates = (Y - weights @ Y / weights.sum()) / np.sqrt(ERRORS**2 - 1 / weights.sum())
    found = rank_test(Y, ERRORS)
    assert not found.exact
    known = stats.kendalltau(deviates, ERRORS)
    assert (found.tau, found.p_value) == pytest.approx((known.statistic, known.pvalue))
    pairs = [(i, j) for i in range(8) for j in range(i)]
    signs = [np.sign((deviates[i] - deviates[j]) * (ERRORS[i] - ERRORS[j])) for i, j in pairs]
    tied = sum(ERRORS[i] == ERRORS[j] for i, j in pairs)
    assert found.tau == pytest.approx(sum(signs) / math.sqrt(28 * (28 - tied)))


def test_a_funnel_is_around_the_common_effect() -> None:
    found = funnel(Y, ERRORS)
    assert found.centre == pytest.approx(pool(Y, ERRORS, method="FE").effect.estimate, rel=1e-14)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * ERRORS, rel=1e-6)
    assert sum(found.outside) == np.sum(np.abs(Y - found.centre) > 1.959964 * ERRORS)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "collinear": (lambda: meta_regression(Y, ERRORS, np.column_stack([X, X[:, 0]]), ["a", "b", "c"]), "collinear"),
    "no more studies": (lambda: meta_regression(Y[:3], ERRORS[:3], X[:3], ["a", "b"]), "studies: 3; at least 4"),
    "missing moderator": (lambda: meta_regression(Y, ERRORS, np.full((8, 1), math.nan), ["a"]), "missing"),
    "perfect": (
        lambda: meta_regression(np.arange(8.0), ERRORS, X, ["a", "b"], interval="hksj"),
        "fitted exactly",
    ),
    "one group": (lambda: subgroups(Y, ERRORS, np.ones(8)), "one group"),
    "no group": (lambda: subgroups(Y, ERRORS, np.array([*"aabbccc", None], dtype=object)), "no block or cluster"),
    "equal errors": (lambda: egger(Y, np.ones(8)), "collinear"),
    "two": (lambda: egger(Y[:2], ERRORS[:2]), "at least 3"),
    "model": (lambda: egger(Y, ERRORS, model="XX"), "no model"),  # type: ignore[arg-type]
    "nothing to rank": (lambda: rank_test(Y, np.ones(8)), "nothing to rank"),
    "same effects": (lambda: rank_test(np.ones(8), ERRORS), "nothing to rank"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()


def test_shapes_that_do_not_fit_are_wrong_calls() -> None:
    for call in (
        lambda: meta_regression(Y, ERRORS, X[1:], ["a", "b"]),
        lambda: meta_regression(Y, ERRORS, X, ["a"]),
        lambda: subgroups(Y, ERRORS, GROUPS[1:]),
    ):
        with pytest.raises(UsageError):
            call()
