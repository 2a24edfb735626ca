"""Weighting estimators against R, a numerical sandwich, closed forms and simulations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, special

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, influence_error
from impact.statistics.observational import weighting
from impact.statistics.observational.balancing import entropy_balance, entropy_weights
from impact.statistics.observational.propensity import logit, propensity_weights
from impact.statistics.observational.weighting import aipw, ipw
from tests.statistics.observational.test_propensity import NAMES, lalonde
from tests.support.references import reference

TWO = ["a", "b"]


def as_r_stops(t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Scores of R's ``glm`` at its default epsilon of 1e-8: iterations end when the deviance moves by less."""
    z, mu, before = np.column_stack([np.ones(len(t)), x]), (t + 0.5) / 2, np.inf
    eta = special.logit(mu)
    while True:
        root = np.sqrt(mu * (1 - mu))
        eta = z @ np.linalg.lstsq(z * root[:, None], root * (eta + (t - mu) / root**2), rcond=None)[0]
        mu = special.expit(eta)
        deviance = -2 * np.sum(np.log(np.where(t == 1, mu, 1 - mu)))
        if abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8:
            return mu
        before = deviance


@pytest.fixture
def like_r(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the estimators R's unfinished scores in place of the converged ones."""

    def stopped(treated, matrix, names, *, weights=None):
        return replace(logit(treated, matrix, names), probabilities=as_r_stops(np.asarray(treated), np.asarray(matrix)))

    monkeypatch.setattr(weighting, "logit", stopped)


def close(found: float, expected: float, tolerance: float) -> None:
    assert found == pytest.approx(expected, rel=tolerance, abs=0)


@pytest.mark.parametrize("estimand", ["ATT", "ATE"])
def test_ipw_agrees_with_svyglm(estimand):
    y, t, x = lalonde()
    expected, found = reference(f"ipw.{estimand.lower()}"), ipw(y, t, x, NAMES, estimand=estimand, propensity="known")
    close(found.estimate, expected["value"], expected["tolerance"])
    close(found.std_error, expected["se"], expected["tolerance"])
    if "extra" in expected:
        close(influence_error(found.influence), expected["extra"]["HC0"], expected["tolerance"])


def test_aipw_att_agrees_with_r():
    y, t, x = lalonde()
    expected = reference("aipw.att")
    found = aipw(y, t, x, NAMES, estimand="ATT", nuisance="known")
    close(found.estimate, expected["value"], expected["tolerance"])
    close(influence_error(found.influence), expected["se"], expected["tolerance"])
    normalised = aipw(y, t, x, NAMES, estimand="ATT", normalised=True)
    close(normalised.estimate, expected["extra"]["est"], expected["tolerance"])


@pytest.mark.usefixtures("like_r")
def test_aipw_ate_agrees_with_r_on_its_scores():
    # R stops glm at 1e-8 of the deviance; the converged scores move this value by 2.0e-8, which is not our error.
    y, t, x = lalonde()
    expected, found = reference("aipw.ate"), aipw(y, t, x, NAMES, estimand="ATE", nuisance="known")
    close(found.estimate, expected["value"], 1e-11)
    close(found.std_error, expected["se"], 1e-11)


@pytest.mark.usefixtures("like_r")
def test_the_other_references_too_agree_to_rounding_on_the_scores_of_r():
    y, t, x = lalonde()
    for name, estimate in (("ipw", ipw), ("aipw", aipw)):
        known = {"propensity": "known"} if name == "ipw" else {"nuisance": "known"}
        for estimand in ("ATT", "ATE"):
            found = estimate(y, t, x, NAMES, estimand=estimand, **known)
            close(found.estimate, reference(f"{name}.{estimand.lower()}")["value"], 1e-10)


def stacked(y: np.ndarray, t: np.ndarray, x: np.ndarray, estimand: str, kind: str) -> tuple[float, float]:
    """Estimate and error by solving the stacked equations and a sandwich with numerical derivatives."""
    z = np.column_stack([np.ones(len(y)), x])
    k = z.shape[1]

    def equations(theta: np.ndarray) -> np.ndarray:
        p, (b1, b0) = special.expit(z @ theta[:k]), (theta[k : 2 * k], theta[2 * k : 3 * k])
        w1, w0 = (t, (1 - t) * p / (1 - p)) if estimand == "ATT" else (t / p, (1 - t) / (1 - p))
        a = t if estimand == "ATT" else np.ones(len(y))
        lines = [z * (t * (y - z @ b1))[:, None], z * ((1 - t) * (y - z @ b0))[:, None]]
        if kind == "aipw":
            last = [a * (z @ (b1 - b0) - theta[-1]) + w1 * (y - z @ b1) - w0 * (y - z @ b0), theta[-2] * a]
        else:
            last = [w1 * (y - theta[-2] - theta[-1]), w0 * (y - theta[-2])]
        return np.column_stack([z * (t - p)[:, None], *lines, *last[::-1]])

    solution = optimize.root(lambda theta: equations(theta).mean(axis=0), np.zeros(3 * k + 2), tol=1e-13).x
    steps = np.eye(len(solution)) * 1e-5
    bread = np.column_stack([(equations(solution + h) - equations(solution - h)).sum(axis=0) / 2e-5 for h in steps])
    rows = np.linalg.solve(bread, equations(solution).T)[-1]
    n = len(y)
    return solution[-1], float(np.sqrt(np.sum(rows**2) * n / (n - 1)))


def drawn(n: int, seed: int = 5, *, effect: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    t = (rng.random(n) < special.expit(x @ [0.5, -0.4] - 0.2)).astype(float)
    return effect * t * (1 + 0.5 * x[:, 0]) + x @ [1, 0.5] + rng.normal(size=n), t, x


@pytest.mark.parametrize("estimand", ["ATT", "ATE"])
@pytest.mark.parametrize("kind", ["ipw", "aipw"])
def test_errors_are_those_of_the_stacked_equations(kind, estimand):
    y, t, x = drawn(300)
    y = y + x[:, 0] ** 2
    found = {"ipw": ipw, "aipw": aipw}[kind](y, t, x, TWO, estimand=estimand)
    value, error = stacked(y, t, x, estimand, kind)
    close(found.estimate, value, 1e-8)
    close(found.std_error, error, 1e-6)


def test_normalised_aipw_error_is_the_jackknife_error():
    y, t, x = drawn(400)
    for estimand in ("ATT", "ATE"):
        found = aipw(y, t, x, TWO, estimand=estimand, normalised=True)
        rest = [np.arange(400) != i for i in range(400)]
        left = [aipw(y[k], t[k], x[k], TWO, estimand=estimand, normalised=True).estimate for k in rest]
        close(found.std_error, np.sqrt(399 / 400 * np.sum((np.array(left) - np.mean(left)) ** 2)), 0.03)


def test_entropy_weights_balance_exactly_and_are_of_exponential_form():
    y, t, x = lalonde()
    w = entropy_weights(t, x, NAMES)
    means = np.average(x[t == 0], axis=0, weights=w[t == 0])
    np.testing.assert_allclose(means, x[t == 1].mean(axis=0), rtol=1e-10)
    assert w[t == 1].tolist() == [1.0] * 185
    close(w[t == 0].sum(), 185, 1e-12)
    scaled = np.column_stack([np.ones(429), (x[t == 0] - x.mean(axis=0)) / x.std(axis=0)])
    fitted = scaled @ np.linalg.lstsq(scaled, np.log(w[t == 0]), rcond=None)[0]
    np.testing.assert_allclose(np.log(w[t == 0]), fitted, atol=1e-9)
    close(entropy_balance(y, t, x, NAMES).estimate, y[t == 1].mean() - np.average(y[t == 0], weights=w[t == 0]), 1e-12)


def test_entropy_weights_agree_with_a_general_optimiser():
    _, t, x = drawn(40)
    found, z = entropy_weights(t, x, TWO)[t == 0], x[t == 0] - x[t == 1].mean(axis=0)
    constraints = {
        "type": "eq",
        "fun": lambda w: np.append(w @ z, w.sum() - 1),
        "jac": lambda w: np.vstack([z.T, w * 0 + 1]),
    }
    start = np.full(len(z), 1 / len(z))
    best = optimize.minimize(
        lambda w: np.sum(w * np.log(w)), start, jac=lambda w: np.log(w) + 1, method="SLSQP",
        bounds=[(1e-9, 1)] * len(z), constraints=constraints, options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    np.testing.assert_allclose(found / found.sum(), best.x, atol=1e-5)


def test_entropy_error_is_the_jackknife_error_and_linear_outcomes_are_fitted_exactly():
    y, t, x = drawn(400)
    found = entropy_balance(y, t, x, TWO)
    left = [entropy_balance(y[k], t[k], x[k], TWO).estimate for k in (np.arange(400) != i for i in range(400))]
    close(found.std_error, np.sqrt(399 / 400 * np.sum((np.array(left) - np.mean(left)) ** 2)), 0.03)
    exact = entropy_balance(3 * x[:, 0] - x[:, 1] + t * (2 + x[:, 0]), t, x, TWO)
    close(exact.estimate, 2 + x[t == 1, 0].mean(), 1e-10)


ESTIMATORS: dict[str, Callable[..., Estimate]] = {
    "ipw ATT": lambda *a, **k: ipw(*a, TWO, estimand="ATT", **k),
    "ipw ATE": lambda *a, **k: ipw(*a, TWO, estimand="ATE", **k),
    "aipw ATT": lambda *a, **k: aipw(*a, TWO, estimand="ATT", **k),
    "aipw ATE": lambda *a, **k: aipw(*a, TWO, estimand="ATE", **k),
    "aipw ATE normalised": lambda *a, **k: aipw(*a, TWO, estimand="ATE", normalised=True, **k),
    "entropy": lambda *a, **k: entropy_balance(*a, TWO, **k),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_properties(name):
    (y, t, x), estimate = drawn(250), ESTIMATORS[name]
    found, order = estimate(y, t, x), np.random.default_rng(2).permutation(250)
    shuffled, scaled = estimate(y[order], t[order], x[order]), estimate(-7 * y, t, x * [1e5, 1e-3] + 9)
    close(shuffled.estimate, found.estimate, 1e-10)
    close(shuffled.std_error, found.std_error, 1e-10)
    np.testing.assert_allclose(shuffled.influence, found.influence[order], atol=1e-12)
    close(scaled.estimate, -7 * found.estimate, 1e-8)
    close(scaled.std_error, 7 * found.std_error, 1e-8)
    assert abs(found.influence.sum()) < 1e-10
    close(estimate(y, t, x, weights=np.full(250, 3.0)).std_error, found.std_error, 1e-10)
    close(estimate(y, t, x, clusters=np.arange(250)).std_error, found.std_error, 1e-12)
    close(estimate(y + 100, t, x).estimate, found.estimate, 1e-9)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_sampling_weights_are_repetitions_and_repeated_units_are_clusters(name):
    (y, t, x), estimate = drawn(150), ESTIMATORS[name]
    times = np.random.default_rng(4).integers(1, 4, 150)
    weighted = estimate(y, t, x, weights=times.astype(float))
    unit = np.repeat(np.arange(150), times)
    repeated = estimate(y[unit], t[unit], x[unit], clusters=unit)
    close(repeated.estimate, weighted.estimate, 1e-9)
    close(repeated.std_error, weighted.std_error, 1e-9)
    assert repeated.n_clusters == 150
    assert repeated.df == 149


def test_saturated_covariate_makes_ipw_and_aipw_the_stratified_mean():
    rng = np.random.default_rng(6)
    group = rng.integers(0, 2, 200).astype(float)
    t = (rng.random(200) < 0.3 + 0.3 * group).astype(float)
    y = rng.normal(size=200) + group
    gaps = np.array([y[(group == g) & (t == 1)].mean() - y[(group == g) & (t == 0)].mean() for g in (0, 1)])
    for estimand, shares in (
        ("ATE", [1 - group.mean(), group.mean()]),
        ("ATT", [1 - group[t == 1].mean(), group[t == 1].mean()]),
    ):
        close(ipw(y, t, group[:, None], ["g"], estimand=estimand).estimate, gaps @ shares, 1e-10)
        close(aipw(y, t, group[:, None], ["g"], estimand=estimand).estimate, gaps @ shares, 1e-10)
    close(entropy_balance(y, t, group[:, None], ["g"]).estimate, gaps @ shares, 1e-10)
    w = propensity_weights(logit(t, group[:, None], ["g"]).probabilities, t, estimand="ATT")
    close(w[t == 0].sum(), t.sum(), 1e-10)


def test_refusals():
    y, t, x = drawn(60)
    for estimate in ESTIMATORS.values():
        for change, words in (
            ((np.where(y > 1, np.nan, y), t, x), "outcome is missing"),
            ((y[:50], t, x), "differ in length"),
            ((y, np.ones(60), x), "60 treated and 0"),
            ((y, t, np.column_stack([x[:, 0], x[:, 0]])), "collinear"),
        ):
            with pytest.raises(NotEstimable, match=words):
                estimate(*change)
        with pytest.raises(NotEstimable, match="all treated units are in one cluster"):
            estimate(y, t, x, clusters=np.where(t == 1, "a", np.arange(60).astype(str)))
        with pytest.raises(NotEstimable, match="cluster is missing"):
            estimate(y, t, x, clusters=np.where(x[:, 0] > 1, np.nan, np.round(x[:, 0])))
        with pytest.raises(NotEstimable, match="does not vary enough"):
            estimate(np.zeros(60), t, x)
    with pytest.raises(NotEstimable, match="estimand"):
        ipw(y, t, x, TWO, estimand="LATE")  # type: ignore[arg-type]
    with pytest.raises(NotEstimable, match="error rule"):
        aipw(y, t, x, TWO, estimand="ATE", nuisance="guessed")  # type: ignore[arg-type]


def test_aipw_refuses_covariates_collinear_within_an_arm():
    y, t, x = drawn(80)
    x[t == 1, 1] = x[t == 1, 0]
    with pytest.raises(NotEstimable, match="b is a combination of the other covariates among the treated"):
        aipw(y, t, x, TWO, estimand="ATE")
    assert aipw(y, t, x, TWO, estimand="ATT").estimate
    few = np.r_[np.flatnonzero(t == 1)[:3], np.flatnonzero(t == 0)]
    with pytest.raises(NotEstimable, match="3 units among the treated for 3 parameters"):
        aipw(y[few], t[few], drawn(80)[2][few], TWO, estimand="ATE")


def test_entropy_refuses_targets_outside_the_comparison_units():
    rng = np.random.default_rng(3)
    t = np.repeat([1.0, 0.0], [20, 80])
    x = rng.random((100, 2))
    far = np.where(t[:, None] == 1, [0.0, 2.0], 0.0) + x
    with pytest.raises(NotEstimable, match="no positive weights balance b: the treated's mean is 2"):
        entropy_weights(t, far, TWO)
    x[t == 0] = rng.dirichlet([1, 1, 1], 80)[:, :2]
    x[t == 1] = 0.6 + 0.1 * rng.random((20, 2))
    with pytest.raises(NotEstimable, match="together with the other moments"):
        entropy_weights(t, x, TWO)
    x[t == 0] = np.array([[0, 0], [1, 0], [0, 1]])[rng.integers(0, 3, 80)]
    x[t == 1] = 0.5 + np.repeat([[0.1, -0.1], [-0.1, 0.1]], 10, axis=0)
    with pytest.raises(NotEstimable, match="together with the other moments"):
        entropy_weights(t, x, TWO)
    with pytest.raises(NotEstimable, match="b does not vary among the comparison units"):
        entropy_weights(t, np.column_stack([rng.random(100), t * rng.random(100)]), TWO)


def att(effect: Callable[[np.ndarray], np.ndarray], score: Callable[[np.ndarray], np.ndarray]) -> float:
    nodes, mass = np.polynomial.hermite_e.hermegauss(60)
    x = np.stack(np.meshgrid(nodes, nodes), axis=-1)
    w = np.outer(mass, mass) * score(x)
    return float(np.sum(w * effect(x)) / np.sum(w))


def effect(x: np.ndarray) -> np.ndarray:
    return 1 + 0.5 * x[..., 0]


def plain_score(x: np.ndarray) -> np.ndarray:
    return special.expit(x @ [0.5, -0.4] - 0.2)


def curved_score(x: np.ndarray) -> np.ndarray:
    return special.expit(x @ [0.4, -0.3] - 0.3 + 0.3 * np.minimum(x[..., 0] ** 2, 4))


def plain_outcome(x: np.ndarray) -> np.ndarray:
    return x @ [1, 0.5]


def curved_outcome(x: np.ndarray) -> np.ndarray:
    return x @ [1, 0.5] + 0.7 * np.minimum(x[..., 0] ** 2, 4)


WORLDS = [
    ("ipw ATT", plain_score, curved_outcome), ("ipw ATE", plain_score, curved_outcome),
    ("aipw ATT", plain_score, plain_outcome), ("aipw ATE", plain_score, plain_outcome),
    ("aipw ATT", curved_score, plain_outcome), ("aipw ATE", curved_score, plain_outcome),
    ("aipw ATT", plain_score, curved_outcome), ("aipw ATE", plain_score, curved_outcome),
    ("aipw ATE normalised", plain_score, curved_outcome),
    ("entropy", plain_score, curved_outcome), ("entropy", curved_score, plain_outcome),
]  # fmt: skip


def covered(name: str, score: Callable, outcome: Callable, *, draws: int, gain: Callable = effect) -> float:
    """Share of draws of 600 units whose interval holds the truth, by quadrature."""
    rng, truth = np.random.default_rng(20), 0.0
    truth = (
        float(att(gain, score))
        if name in ("ipw ATT", "aipw ATT", "entropy")
        else float(att(gain, lambda x: x[..., 0] * 0 + 1))
    )
    hits = 0
    for _ in range(draws):
        x = rng.normal(size=(600, 2))
        t = (rng.random(600) < score(x)).astype(float)
        found = ESTIMATORS[name](outcome(x) + t * gain(x) + rng.normal(size=600), t, x)
        hits += found.conf_low <= truth <= found.conf_high
    return hits / draws


def test_coverage_in_a_small_sample_of_draws():
    for name in ("ipw ATE", "aipw ATT", "entropy"):
        assert 0.89 <= covered(name, plain_score, plain_outcome, draws=150) <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize(("name", "score", "outcome"), WORLDS)
def test_coverage_also_under_each_misspecification(name, score, outcome):
    assert 0.93 <= covered(name, score, outcome, draws=2000) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ipw ATT", "ipw ATE", "aipw ATT", "aipw ATE", "entropy"])
def test_false_positives_without_effect(name):
    assert 1 - covered(name, plain_score, plain_outcome, draws=2000, gain=lambda x: x[..., 0] * 0) <= 0.06
