"""The propensity score against statsmodels and closed forms, and every reason not to fit it."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special

from impact.errors import NotEstimable
from impact.statistics.observational.propensity import effective_size, logit, overlap, propensity_weights
from tests.support.references import dataset

NAMES = ["age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75"]


def lalonde() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    d = dataset("lalonde_matchit.csv")
    d = d.assign(black=d.race == "black", hispan=d.race == "hispan")
    return d.re78.to_numpy(float), d.treat.to_numpy(), d[NAMES].to_numpy(float)


def drawn(n: int = 400, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    return (rng.random(n) < special.expit(x @ [0.5, -0.4] - 0.2)).astype(float), x


def test_agrees_with_statsmodels():
    _, t, x = lalonde()
    fit = logit(t, x, NAMES)
    theirs = sm.Logit(t, sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-14, maxiter=50)
    np.testing.assert_allclose(fit.params, theirs.params, rtol=1e-9)
    np.testing.assert_allclose(fit.probabilities, theirs.predict(), rtol=1e-9)
    assert fit.names == ("intercept", *NAMES)


def test_influence_is_the_sandwich():
    t, x = drawn()
    fit, z = logit(t, x, ["a", "b"]), sm.add_constant(x)
    p = fit.probabilities
    bread = np.linalg.inv((z * (p * (1 - p))[:, None]).T @ z)
    meat = (z * (t - p)[:, None]).T @ (z * (t - p)[:, None])
    np.testing.assert_allclose(fit.influence.T @ fit.influence, bread @ meat @ bread, rtol=1e-9)
    np.testing.assert_allclose(fit.influence.sum(axis=0), 0, atol=1e-12)


def test_score_equations_hold_and_one_dummy_is_the_log_odds():
    t, x = drawn()
    p = logit(t, x, ["a", "b"]).probabilities
    np.testing.assert_allclose(sm.add_constant(x).T @ (t - p), 0, atol=1e-10)
    dummy = (x[:, :1] > 0).astype(float)
    rates = [t[dummy[:, 0] == k].mean() for k in (0, 1)]
    np.testing.assert_allclose(
        logit(t, dummy, ["d"]).params, [special.logit(rates[0]), special.logit(rates[1]) - special.logit(rates[0])]
    )


def test_weights_are_repetitions_and_units_do_not_matter():
    t, x = drawn(120)
    times = np.random.default_rng(1).integers(1, 4, len(t))
    weighted = logit(t, x, ["a", "b"], weights=times.astype(float))
    repeated = logit(np.repeat(t, times), np.repeat(x, times, axis=0), ["a", "b"])
    np.testing.assert_allclose(weighted.params, repeated.params, rtol=1e-10)
    moved = logit(t, x * [1e6, 1e-6] + [1e8, 3], ["a", "b"])
    plain = logit(t, x, ["a", "b"])
    np.testing.assert_allclose(moved.probabilities, plain.probabilities, rtol=1e-6)
    np.testing.assert_allclose(moved.params[1:], plain.params[1:] / [1e6, 1e-6], rtol=1e-6)


def test_overlap_counts_and_weights():
    p = np.array([0.2, 0.5, 0.95, 0.05, 0.3, 0.5, 0.4])
    t = np.array([1, 1, 1, 0, 0, 0, 0])
    found = overlap(p, t, estimand="ATT")
    assert found.treated_range == (0.2, 0.95)
    assert found.comparison_range == (0.05, 0.5)
    assert found.treated_outside == pytest.approx(1 / 3)
    assert found.comparison_outside == pytest.approx(1 / 4)
    assert found.extreme == pytest.approx(2 / 7)
    assert found.treated_effective == pytest.approx(3)
    w = p[3:] / (1 - p[3:])
    assert found.comparison_effective == pytest.approx(effective_size(w)) == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert found.comparison_largest == pytest.approx(1 / w.sum())
    np.testing.assert_allclose(propensity_weights(p, t, estimand="ATE"), np.where(t == 1, 1 / p, 1 / (1 - p)))


def refused(t: object, x: object, words: str, **options: object) -> None:
    names = [f"x{i}" for i in range(np.asarray(x).shape[1])]
    with pytest.raises(NotEstimable, match=words) as caught:
        logit(t, x, names, **options)
    assert caught.value.needed


def test_refuses_what_cannot_be_fitted():
    t, x = drawn()
    refused(np.ones(len(t)), x, "400 treated and 0 comparison")
    refused(np.r_[1, np.zeros(399)], x, "1 treated and 399")
    refused(np.where(t == 1, np.nan, t), x, "arm is missing")
    refused(t * 2, x, "not 0 or 1")
    refused(t, np.where(x > 2, np.nan, x), "x0, x1 has missing")
    refused(t, np.column_stack([x, np.full(len(t), 7.1)]), "x2 does not vary")
    refused(t, np.column_stack([x, x @ [2, 1]]), "x2 is a combination .*collinear")
    refused(t[:10], x, "differ in length")
    refused(np.r_[0, 0, 1, 1], np.eye(4)[:, :3], "4 units in all for 4 parameters")
    refused(t, x, "weight is missing", weights=np.zeros(len(t)))
    with pytest.raises(NotEstimable, match="one name per column"):
        logit(t, x, ["a"])


def test_refuses_complete_separation_by_one_covariate():
    _, x = drawn()
    refused((x[:, 0] > 0).astype(float), x, "no overlap: x0 separates the arms")


def test_refuses_quasi_complete_separation_by_one_covariate():
    t, x = drawn()
    only = np.where(t == 1, np.random.default_rng(1).integers(0, 2, len(t)), 0.0)
    refused(t, np.column_stack([x, only]), "no overlap: x2 separates the arms")


def test_refuses_joint_separation_complete_and_quasi():
    t, x = drawn()
    refused((x.sum(axis=1) > 0).astype(float), x, "x0, x1 separate the arms")
    first, second = (x > 0).astype(float).T
    cell = np.where((first == 1) & (second == 1), 1.0, t)
    refused(cell, np.column_stack([first, second, first + second + first * second]), "separate the arms")


def test_strong_but_overlapping_scores_are_fitted():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(3000, 1)) * 4
    t = (rng.random(3000) < special.expit(2 * x[:, 0])).astype(float)
    assert logit(t, x, ["a"]).params[1] == pytest.approx(2, abs=0.4)


def test_overlap_refuses_scores_of_zero_or_one():
    for bad in (0.0, 1.0, np.nan):
        with pytest.raises(NotEstimable, match="score is missing, 0 or 1"):
            overlap([0.5, 0.4, bad, 0.2], [1, 1, 0, 0], estimand="ATT")
    with pytest.raises(NotEstimable, match="estimand"):
        overlap([0.5, 0.4, 0.3, 0.2], [1, 1, 0, 0], estimand="LATE")  # type: ignore[arg-type]
