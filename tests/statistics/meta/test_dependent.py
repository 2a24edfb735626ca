"""Effects in clusters: against dense matrices, the linear family, moments by hand, and by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Floats
from impact.statistics.linear import coefficient, fit
from impact.statistics.meta import Sample, cluster_robust, clustered, independent, pool, robust_weights, three_level
from impact.statistics.meta.dependent import whitened, working_model
from impact.statistics.meta.three_level import _log_likelihood, _slopes
from impact.words.said import Said

CLUSTERS = np.repeat(np.arange(9), [1, 2, 3, 4, 2, 3, 5, 2, 3])
K = len(CLUSTERS)


def drawn(seed: int, between: float = 0.5, within: float = 0.2) -> Sample:
    rng = np.random.default_rng(seed)
    errors = rng.uniform(0.1, 0.4, K)
    shared = rng.normal(0, between, 9)[CLUSTERS]
    y = 0.3 + shared + rng.normal(0, within, K) + errors * rng.normal(size=K)
    return clustered(y, errors, CLUSTERS, rng.normal(size=(K, 1)), ["dose"])


def dense(sample: Sample, between: float, within: float) -> Floats:
    same = (sample.codes[:, None] == sample.codes).astype(float)
    return np.diag(sample.variance + within) + between * same


def dense_height(sample: Sample, between: float, within: float) -> float:
    """Restricted log-likelihood, with whole matrices."""
    x, covariance = sample.matrix, dense(sample, between, within)
    inverse = np.linalg.inv(covariance)
    xwx = x.T @ inverse @ x
    e = sample.y - x @ np.linalg.solve(xwx, x.T @ inverse @ sample.y)
    logs = [np.linalg.slogdet(matrix)[1] for matrix in (covariance, xwx, x.T @ x)]
    constant = (len(e) - x.shape[1]) * math.log(2 * math.pi)
    return float(-0.5 * (logs[0] + logs[1] - logs[2] + e @ inverse @ e + constant))


@pytest.mark.parametrize("seed", range(6))
def test_three_level_is_the_top_of_the_likelihood_with_whole_matrices(seed: int) -> None:
    sample = drawn(seed, within=0.2 * (seed % 3))
    found = three_level(sample)
    assert found.log_likelihood == pytest.approx(
        dense_height(sample, found.sigma2_between, found.sigma2_within), rel=1e-12
    )
    best = optimize.minimize(
        lambda logs: -dense_height(sample, *np.exp(logs)), np.log([0.2, 0.05]), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000}
    )  # fmt: skip
    assert found.log_likelihood >= -best.fun - 1e-9
    if found.sigma2_within > 0 and found.sigma2_between > 0:
        assert [found.sigma2_between, found.sigma2_within] == pytest.approx(np.exp(best.x), rel=1e-5)
    slopes = _slopes(found.working)
    for variance, slope in zip((found.sigma2_between, found.sigma2_within), slopes, strict=True):
        assert slope == pytest.approx(0, abs=1e-6) if variance > 0 else slope <= 1e-9


def test_slopes_are_those_of_the_likelihood() -> None:
    sample = drawn(3)
    between, within, step = 0.15, 0.07, 1e-6
    model = working_model(Said("meta.three_level"), sample, sample.variance + within, between)
    assert _log_likelihood(model) == pytest.approx(dense_height(sample, between, within), rel=1e-12)
    numeric = [
        (dense_height(sample, between + step, within) - dense_height(sample, between - step, within)) / (2 * step),
        (dense_height(sample, between, within + step) - dense_height(sample, between, within - step)) / (2 * step),
    ]
    assert _slopes(model) == pytest.approx(numeric, rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(shared=st.floats(0, 5), seed=st.integers(0, 50))
def test_whitening_is_the_inverse_of_the_whole_matrix(shared: float, seed: int) -> None:
    sample = drawn(seed)
    columns = np.column_stack([sample.y, sample.matrix])
    known = np.linalg.solve(dense(sample, shared, 0.0), columns)
    group = sample.codes, sample.count
    assert whitened(columns, sample.variance, shared, group) == pytest.approx(known, rel=1e-8, abs=1e-8)
    assert whitened(sample.y, sample.variance, shared, group) == pytest.approx(known[:, 0], rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("rule", "linear"), [("CR2", "CR2"), ("CR0", None)])
def test_effects_of_equal_precision_have_the_errors_of_least_squares(rule: Any, linear: str | None) -> None:
    sample = drawn(1)
    equal = clustered(sample.y, np.full(K, 0.2), CLUSTERS, sample.matrix[:, 1:], ["dose"])
    found = cluster_robust(independent(equal), rule=rule)[1]
    fitted = fit(sample.y, sample.matrix, ["constant", "dose"])
    assert found.estimate == pytest.approx(fitted.params[1])
    if linear:
        known = coefficient(fitted, "dose", errors=linear, clusters=[CLUSTERS])
        assert (found.std_error, found.df) == pytest.approx((known.std_error, known.df), rel=1e-9)
    else:
        scores = [(fitted.matrix * fitted.residuals[:, None])[g == CLUSTERS].sum(axis=0) for g in range(9)]
        meat = np.array(scores).T @ np.array(scores)
        assert found.std_error == pytest.approx(math.sqrt((fitted.bread @ meat @ fitted.bread)[1, 1]))


@pytest.mark.parametrize("build", [lambda s: three_level(s).working, independent, lambda s: robust_weights(s).working])
def test_rules_differ_by_their_factors_and_cr2_has_no_bias_under_its_model(build: Callable[[Sample], Any]) -> None:
    model = build(drawn(4))
    plain, first, second = (cluster_robust(model, rule=rule)[0] for rule in ("CR0", "CR1", "CR1p"))  # type: ignore[arg-type]
    assert first.std_error / plain.std_error == pytest.approx(math.sqrt(9 / 8))
    assert second.std_error / plain.std_error == pytest.approx(math.sqrt(9 / 7))
    assert cluster_robust(model, freedom="m-p")[0].df == 7
    # E[CR2] under the working model is the model's own covariance: average over the residuals' whole covariance
    sample, x = model.sample, model.sample.matrix
    covariance = np.diag(model.diagonal) + model.shared * (sample.codes[:, None] == sample.codes)
    draws = np.random.default_rng(1).multivariate_normal(np.zeros(K), covariance, 1500)
    squares = []
    for y in draws:
        params = model.bread @ x.T @ np.linalg.solve(covariance, y)
        again = type(model)(
            model.name,
            Sample(y, sample.variance, x, sample.names, sample.codes, 9),
            model.diagonal,
            model.shared,
            params,
            model.bread,
        )
        squares.append([one.std_error**2 for one in cluster_robust(again)])
    assert np.mean(squares, axis=0) == pytest.approx(np.diag(model.bread), rel=0.08)


def test_clusters_of_one_are_an_ordinary_meta_analysis() -> None:
    sample = drawn(2)
    alone = clustered(sample.y, np.sqrt(sample.variance), np.arange(K))
    pooled = pool(sample.y, np.sqrt(sample.variance), interval="z")
    assert independent(alone).params[0] == pytest.approx(pooled.effect.estimate)
    correlated = robust_weights(alone)
    known = pool(sample.y, np.sqrt(sample.variance), method="DL")
    assert correlated.tau2 == pytest.approx(known.tau2, rel=1e-9)
    assert correlated.working.params[0] == pytest.approx(known.effect.estimate, rel=1e-9)
    for refused in (lambda: three_level(alone), lambda: robust_weights(alone, model="HIER")):
        with pytest.raises(NotEstimable, match="no cluster has two effects"):
            refused()


@pytest.mark.parametrize("model", ["CORR", "HIER"])
def test_moments_are_met(model: Any) -> None:
    """The quadratic forms, with whole matrices, are what they are expected to be at the variances found."""
    sample = drawn(5)
    found = robust_weights(sample, model=model, rho=0.6)
    same = (sample.codes[:, None] == sample.codes).astype(float)
    sizes = same.sum(axis=0)
    if model == "CORR":
        means = same @ sample.variance / sizes
        weights, forms = np.diag(1 / (sizes * means)), [np.diag(1 / (sizes * means))]
        covariance = np.diag(means * 0.4) + same * (0.6 * means + found.tau2)
    else:
        assert found.omega2 is not None
        weights, forms = np.diag(1 / sample.variance), [np.diag(1 / sample.variance), same]
        covariance = np.diag(sample.variance + found.omega2) + found.tau2 * same
    x = sample.matrix
    left = np.eye(K) - x @ np.linalg.solve(x.T @ weights @ x, x.T @ weights)
    for form in forms:
        observed = (left @ sample.y) @ form @ (left @ sample.y)
        assert observed == pytest.approx(np.trace(form @ left @ covariance @ left.T), rel=1e-9)


@pytest.mark.parametrize("unit", [1e-4, 1e3])
def test_models_are_free_of_unit_and_order(unit: float) -> None:
    sample, order = drawn(6), np.random.default_rng(1).permutation(K)
    errors = np.sqrt(sample.variance)
    other = clustered(
        unit * sample.y[order], unit * errors[order], CLUSTERS[order] + 5, sample.matrix[order, 1:], ["dose"]
    )
    first, second = three_level(sample), three_level(other)
    assert second.sigma2_between == pytest.approx(unit**2 * first.sigma2_between, rel=1e-6)
    for build in (lambda s: three_level(s).working, independent, lambda s: robust_weights(s, model="HIER").working):
        one, two = cluster_robust(build(sample))[1], cluster_robust(build(other))[1]
        assert (two.estimate, two.std_error) == pytest.approx((unit * one.estimate, unit * one.std_error), rel=1e-6)
        assert two.df == pytest.approx(one.df, rel=1e-6)


@pytest.mark.slow
def test_robust_interval_covers_where_the_working_model_is_wrong() -> None:
    """Weights as if effects were independent; CR2 with Satterthwaite degrees of freedom holds its level, the model's not."""
    rng, robust, naive = np.random.default_rng(5), 0, 0
    clusters = np.repeat(np.arange(12), rng.integers(1, 6, 12))
    for _ in range(1000):
        errors = rng.uniform(0.1, 0.3, len(clusters))
        y = 1 + rng.normal(0, 0.4, 12)[clusters] + errors * rng.normal(size=len(clusters))
        effect = cluster_robust(independent(clustered(y, errors, clusters)))[0]
        robust += effect.conf_low <= 1 <= effect.conf_high
        plain = pool(y, errors).effect
        naive += plain.conf_low <= 1 <= plain.conf_high
    assert 0.925 <= robust / 1000 <= 0.975
    assert naive / 1000 < 0.9


ONES = np.ones(6)
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "one cluster": (lambda: clustered(np.arange(6.0), ONES, ONES), "clusters: 1; at least 2"),
    "few clusters": (
        lambda: clustered(np.arange(6.0), ONES, np.repeat([1, 2], 3), np.arange(6.0), ["x"]),
        "clusters: 2; at least 3",
    ),
    "collinear": (lambda: clustered(np.arange(6.0), ONES, np.arange(6), ONES, ["x"]), "collinear"),
    "missing": (lambda: clustered(np.full(6, math.nan), ONES, np.arange(6)), "missing"),
    "no cluster": (lambda: clustered(np.arange(6.0), ONES, np.array([1, 1, 2, 2, 3, math.nan])), "no block or cluster"),
    "rule": (lambda: cluster_robust(independent(drawn(1)), rule="XX"), "no standard error"),  # type: ignore[arg-type]
    "freedom": (lambda: cluster_robust(independent(drawn(1)), freedom="XX"), "no standard error"),  # type: ignore[arg-type]
    "model": (lambda: robust_weights(drawn(1), model="XX"), "no model"),  # type: ignore[arg-type]
    "correlation": (lambda: robust_weights(drawn(1), rho=1.5), "correlation of 1.5"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()


def test_shapes_that_do_not_fit_are_wrong_calls() -> None:
    for call in (
        lambda: clustered(np.arange(6.0), ONES, np.arange(5)),
        lambda: clustered(np.arange(6.0), ONES, np.arange(6), np.ones((5, 1)), ["x"]),
    ):
        with pytest.raises(UsageError):
            call()
