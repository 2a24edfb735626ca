"""Regressions of a sample design: R's svyglm, statsmodels, closed forms, refusals, coverage."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from impact.errors import NotEstimable
from impact.statistics.surveys.calibration import calibrate
from impact.statistics.surveys.design import SampleDesign
from impact.statistics.surveys.estimation import mean, taylor_variance
from impact.statistics.surveys.margins import poststratify
from impact.statistics.surveys.regression import marginal_effect, survey_regression
from impact.statistics.surveys.replicates import replicate_estimate, replicate_weights
from tests.statistics.surveys.test_estimation import agrees, apiclus1, apistrat, column
from tests.support.references import reference

NAMES = ("const", "ell", "meals", "mobility")
DATA = {"strat": apistrat, "clus1": apiclus1}


def regressors(data) -> np.ndarray:
    return np.column_stack([np.ones(len(data)), *(column(data, name) for name in NAMES[1:])])


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize("sample", ["strat", "clus1"])
def test_linear_agrees_with_r(sample, name):
    data, design = DATA[sample]()
    found = survey_regression(column(data, "api00"), regressors(data), NAMES, name, design)
    agrees(found, f"svy.{sample}_glm.{name}")
    assert found.df == design.degrees_of_freedom + 1 - 4


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize("sample", ["strat", "clus1"])
def test_logit_agrees_with_r(sample, name):
    """R's glm stops when the deviance changes by 1e-8; its errors are those of that last step, up to 3e-5 off."""
    data, design = DATA[sample]()
    y, x = (data["sch.wide"] == "Yes").to_numpy(dtype=float), regressors(data)
    found, expected = (
        survey_regression(y, x, NAMES, name, design, model="logit"),
        reference(f"svy.{sample}_logit.{name}"),
    )
    assert found.estimate == pytest.approx(expected["value"], rel=expected["tolerance"])
    by_r = _errors(y, x, design, epsilon=1e-8)[NAMES.index(name)]
    assert by_r == pytest.approx(expected["se"], rel=expected["tolerance"])
    converged = _errors(y, x, design, epsilon=1e-15)[NAMES.index(name)]
    assert found.std_error == pytest.approx(converged, rel=1e-7)


def _errors(y: np.ndarray, x: np.ndarray, design: SampleDesign, *, epsilon: float) -> np.ndarray:
    """Return the errors of a logit by reweighted least squares that stops when the deviance changes little."""
    weights = design.weights / design.weights.mean()
    share = (weights * y + 0.5) / (weights + 1)
    predictor, before = np.log(share / (1 - share)), np.inf
    for _ in range(50):
        slope = share * (1 - share)
        bread = np.linalg.inv(x.T @ (x * (weights * slope)[:, None]))
        predictor = x @ bread @ x.T @ (weights * slope * (predictor + (y - share) / slope))
        share = expit(predictor)
        deviance = -2 * weights @ np.log(np.where(y == 1, share, 1 - share))
        if abs(deviance - before) < epsilon * (abs(deviance) + 0.1):
            break
        before = deviance
    scores = x * (weights * slope * (y - share) / (share * (1 - share)))[:, None]
    return np.sqrt(np.diag(taylor_variance(scores @ bread, design)))


def drawn(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, SampleDesign]:
    """Return a 0/1 outcome, columns (constant, treated, age), and a design of 50 clusters."""
    rng = np.random.default_rng(seed)
    clusters = np.arange(n) % 50
    treated, age = (rng.random(n) < 0.5).astype(float), rng.normal(size=n)
    x = np.column_stack([np.ones(n), treated, age])
    y = (rng.random(n) < expit(x @ [-0.5, 0.8, 0.5] + rng.normal(0, 0.3, 50)[clusters])).astype(float)
    return y, x, SampleDesign(rng.uniform(1, 3, n), clusters % 5, clusters)


COLUMNS = ("const", "treated", "age")


def test_a_simple_sample_has_the_robust_errors_of_statsmodels():
    y, x, _ = drawn(1)
    simple, n = SampleDesign(np.ones(300)), 300
    linear = sm.OLS(y, x).fit(cov_type="HC0")
    logit = sm.Logit(y, x).fit(disp=0, tol=1e-12, cov_type="HC0")
    for model, other in (("linear", linear), ("logit", logit)):
        found = survey_regression(y, x, COLUMNS, "treated", simple, model=model)
        assert found.estimate == pytest.approx(other.params[1], rel=1e-9)
        assert found.std_error == pytest.approx(other.bse[1] * np.sqrt(n / (n - 1)), rel=1e-9)


def test_a_saturated_regression_is_a_difference_of_means():
    y, x, design = drawn(2)
    treated = x[:, 1] == 1
    difference = mean(y, design, treated).estimate - mean(y, design, ~treated).estimate
    linear = survey_regression(y, x[:, :2], COLUMNS[:2], "treated", design)
    effect = marginal_effect(y, x[:, :2], COLUMNS[:2], "treated", design)
    assert linear.estimate == pytest.approx(difference)
    assert [effect.estimate, effect.std_error] == pytest.approx([linear.estimate, linear.std_error], rel=1e-9)
    assert effect.df == linear.df


@pytest.mark.parametrize("name", ["treated", "age"])
def test_average_marginal_effect_agrees_with_statsmodels_and_jackknife(name):
    y, x, design = drawn(3, n=1000)
    found = marginal_effect(y, x, COLUMNS, name, design)
    fitted = sm.GLM(y, x, family=sm.families.Binomial(), freq_weights=design.weights).fit(tol=1e-13)

    def effect(weights: np.ndarray) -> float:
        kept = weights > 0
        beta = sm.GLM(y[kept], x[kept], family=sm.families.Binomial(), freq_weights=weights[kept]).fit().params
        share = expit(x @ beta)
        moved = [np.where(np.arange(3) == 1, value, x) for value in (1.0, 0.0)]
        each = expit(moved[0] @ beta) - expit(moved[1] @ beta) if name == "treated" else share * (1 - share) * beta[2]
        return float(weights @ each / weights.sum())

    assert found.estimate == pytest.approx(effect(design.weights), rel=1e-7)
    jackknife = replicate_estimate(effect, replicate_weights(design, "JKn"))
    assert found.std_error == pytest.approx(jackknife.std_error, rel=0.01)
    logit = survey_regression(y, x, COLUMNS, name, design, model="logit")
    assert logit.estimate == pytest.approx(fitted.params[COLUMNS.index(name)], rel=1e-8)


def test_scale_of_a_column_and_order_of_rows():
    y, x, design = drawn(4)
    before = marginal_effect(y, x, COLUMNS, "age", design)
    order = np.random.default_rng(1).permutation(300)
    mixed = SampleDesign(design.weights[order] * 3, design.strata[order], design.clusters[order])
    after = marginal_effect(y[order], (x * [1, 1, 1000])[order], COLUMNS, "age", mixed)
    assert [after.estimate * 1000, after.std_error * 1000] == pytest.approx([before.estimate, before.std_error])


def test_a_domain_keeps_the_whole_design():
    y, x, design = drawn(5)
    domain = x[:, 2] > -0.5
    spoiled = np.where(domain, y, np.nan)
    found = survey_regression(spoiled, np.column_stack([x[:, 0]]), ["const"], "const", design, domain=domain)
    direct = mean(y, design, domain)
    assert [found.estimate, found.std_error, found.df] == pytest.approx([direct.estimate, direct.std_error, direct.df])
    for model in ("linear", "logit"):
        inner = survey_regression(spoiled, x, COLUMNS, "treated", design, model=model, domain=domain)
        alone = SampleDesign(design.weights[domain], design.strata[domain], design.clusters[domain])
        again = survey_regression(y[domain], x[domain], COLUMNS, "treated", alone, model=model)
        assert inner.estimate == pytest.approx(again.estimate)


def test_calibrated_constant_is_the_calibrated_mean():
    y, x, design = drawn(6)
    calibration = poststratify(design.weights, x[:, 1], {0.0: 700, 1.0: 300})
    found = survey_regression(y, x[:, :1], ["const"], "const", design, calibration=calibration)
    direct = mean(y, design, calibration=calibration)
    assert [found.estimate, found.std_error] == pytest.approx([direct.estimate, direct.std_error], rel=1e-9)


Y, X, DESIGN = drawn(7)
BIG = np.abs(X[:, 2]) > 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"matrix": np.column_stack([X, X[:, 1] + X[:, 2]]), "names": (*COLUMNS, "both")}, "before them: both"),
        ({"matrix": X * [1, 0, 1]}, "before them: treated"),
        ({"matrix": np.where(BIG[:, None], np.nan, X)}, "have no value"),
        ({"outcome": np.where(BIG, np.nan, Y)}, "have no value"),
        ({"names": ("const", "treated")}, "do not fit together"),
        ({"names": ("const", "treated", "treated")}, "do not fit together"),
        ({"name": "nobody"}, "do not fit together"),
        ({"design": SampleDesign(DESIGN.weights, clusters=np.arange(300) % 3)}, "no degrees of freedom"),
    ],
)
@pytest.mark.parametrize("model", ["linear", "logit"])
def test_regressions_that_cannot_be_estimated(model, change, reason):
    given = {"outcome": Y, "matrix": X, "names": COLUMNS, "name": "treated", "design": DESIGN, **change}
    with pytest.raises(NotEstimable, match=reason):
        survey_regression(**given, model=model)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (2 * Y, "not 0 or 1"),
        (np.ones(300), "same in all rows"),
        ((X[:, 2] > 0.1).astype(float), "separate outcome 0 from 1"),
        (np.where(X[:, 1] == 1, 1.0, Y), "separate outcome 0 from 1"),
    ],
)
def test_logits_that_cannot_be_estimated(outcome, reason):
    with pytest.raises(NotEstimable, match=reason):
        survey_regression(outcome, X, COLUMNS, "treated", DESIGN, model="logit")
    with pytest.raises(NotEstimable, match=reason):
        marginal_effect(outcome, X, COLUMNS, "treated", DESIGN)


def test_a_far_point_is_no_separation():
    far = X.copy()
    far[0, 2] = 60.0
    outcome = np.where(np.arange(300) == 0, 1.0, (far[:, 2] > 0).astype(float))
    outcome[5] = 1 - outcome[5]
    found = survey_regression(outcome, far, COLUMNS, "age", DESIGN, model="logit")
    other = sm.GLM(outcome, far, family=sm.families.Binomial(), freq_weights=DESIGN.weights).fit(tol=1e-13)
    assert found.estimate == pytest.approx(other.params[2], rel=1e-6)


def test_effect_of_a_constant_and_negative_weights_are_refused():
    with pytest.raises(NotEstimable, match="'const' does not vary"):
        marginal_effect(Y, X, COLUMNS, "const", DESIGN)
    matrix = np.column_stack([np.ones(300), X[:, 2]])
    weights = DESIGN.weights
    negative = calibrate(weights, matrix, np.array([weights.sum(), 1.5 * weights.sum()]))
    assert negative.flags
    with pytest.raises(NotEstimable, match="weights of zero or below"):
        survey_regression(Y, X, COLUMNS, "treated", DESIGN, calibration=negative)


def share_differs(effect: float) -> float:
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return float(weights @ (expit(effect - 0.5 + 0.8 * nodes) - expit(-0.5 + 0.8 * nodes)) / weights.sum())


def covered(replications: int, seed: int, effect: float) -> float:
    """Coverage of the average marginal effect of a treatment of clusters' members, with a covariate."""
    rng = np.random.default_rng(seed)
    clusters, truth, hits = np.repeat(np.arange(80), 5), share_differs(effect), 0
    for _ in range(replications):
        treated, age = (rng.random(400) < 0.5).astype(float), rng.normal(size=80)[clusters]
        y = (rng.random(400) < expit(effect * treated - 0.5 + 0.8 * age)).astype(float)
        design = SampleDesign(rng.uniform(0.7, 1.3, 400), clusters=clusters)
        x = np.column_stack([np.ones(400), treated, age])
        found = marginal_effect(y, x, COLUMNS, "treated", design)
        hits += found.conf_low < truth < found.conf_high
    return hits / replications


def test_coverage_of_marginal_effects_small():
    assert covered(200, 1, 0.7) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.7, 0.0])
def test_coverage_of_marginal_effects(effect):
    """Without an effect, at most 6 % are found."""
    assert 0.94 <= covered(3000, 2, effect) <= 0.965
