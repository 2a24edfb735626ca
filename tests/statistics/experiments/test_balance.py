"""Balance tables and joint tests against R's conventions, statsmodels and simulations."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from impact.errors import NotEstimable
from impact.statistics.experiments.balance import joint_balance, standardised_differences
from impact.statistics.observational.balancing import entropy_weights
from impact.statistics.observational.propensity import logit, propensity_weights
from tests.statistics.observational.test_propensity import NAMES, lalonde
from tests.support.references import dataset, reference

TWO = ["a", "b"]


def drawn(n: int = 200, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)), rng.integers(0, 2, n).astype(float)


def test_joint_test_agrees_with_r():
    d = dataset("cd_nsw_mixtape.csv")
    names = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
    expected, found = reference("rct.nsw_balanceF"), joint_balance(d[names].to_numpy(float), names, d.treat.to_numpy())
    assert found.statistic == pytest.approx(expected["value"], rel=expected["tolerance"])
    assert found.p_value == pytest.approx(expected["extra"]["p"], rel=expected["tolerance"])
    assert (found.df1, found.df2) == (expected["extra"]["df1"], expected["extra"]["df2"])


def test_table_follows_its_definition_before_weighting():
    _, t, x = lalonde()
    found = standardised_differences(x, NAMES, t, estimand="ATT")
    one, two, binary = x[t == 1], x[t == 0], [2, 3, 4, 5]
    spread = one.std(axis=0, ddof=1)
    spread[binary] = np.sqrt(one.mean(axis=0) * (1 - one.mean(axis=0)).clip(0))[binary]
    np.testing.assert_allclose(found.difference, one.mean(axis=0) - two.mean(axis=0))
    np.testing.assert_allclose(found.standardised, found.difference / spread)
    assert np.isnan(found.variance_ratio[binary]).all()
    ratio = one.var(axis=0, ddof=1) / two.var(axis=0, ddof=1)
    np.testing.assert_allclose(np.delete(found.variance_ratio, binary), np.delete(ratio, binary))


def test_weights_move_the_means_and_leave_the_standard_deviation():
    _, t, x = lalonde()
    w = propensity_weights(logit(t, x, NAMES).probabilities, t, estimand="ATT")
    before = standardised_differences(x, NAMES, t, estimand="ATT")
    after = standardised_differences(x, NAMES, t, estimand="ATT", weights=w)
    np.testing.assert_allclose(after.difference / after.standardised, before.difference / before.standardised)
    assert np.abs(after.standardised).max() < np.abs(before.standardised).max()
    exact = standardised_differences(x, NAMES, t, estimand="ATT", weights=entropy_weights(t, x, NAMES))
    np.testing.assert_allclose(exact.standardised, 0, atol=1e-10)
    assert joint_balance(x, NAMES, t, weights=entropy_weights(t, x, NAMES)).p_value == pytest.approx(1)


def test_ate_pools_and_matching_weights_drop_units():
    x, t = drawn()
    pooled = np.sqrt((x[t == 1].var(axis=0, ddof=1) + x[t == 0].var(axis=0, ddof=1)) / 2)
    found = standardised_differences(x, TWO, t, estimand="ATE")
    np.testing.assert_allclose(found.standardised * pooled, found.difference)
    w = (np.arange(200) < 120).astype(float)
    half = standardised_differences(x, TWO, t, estimand="ATE", weights=w)
    plain = standardised_differences(x[:120], TWO, t[:120], estimand="ATE")
    np.testing.assert_allclose(half.difference, plain.difference)
    np.testing.assert_allclose(half.variance_ratio, plain.variance_ratio)


def test_order_scale_and_undefined_values():
    x, t = drawn()
    order = np.random.default_rng(1).permutation(200)
    w = np.random.default_rng(2).random(200) + 0.1
    for options in (
        {},
        {"weights": w},
        {"weights": w, "clusters": np.arange(200) // 4},
        {"clusters": np.arange(200) // 4},
    ):
        found = joint_balance(x, TWO, t, **options)
        moved = {name: value[order] for name, value in options.items()}
        again = joint_balance(x[order] * [1e5, -1e-5] + 3, TWO, t[order], **moved)
        assert again.statistic == pytest.approx(found.statistic, rel=1e-8)
    table = standardised_differences(np.column_stack([t, np.ones(200)]), TWO, t, estimand="ATT")
    assert np.isnan(table.standardised).all()
    np.testing.assert_allclose(table.difference, [1, 0])


def test_one_covariate_is_a_t_test_and_the_wald_test_is_the_robust_one():
    x, t = drawn()
    w = np.random.default_rng(2).random(200) + 0.1
    fit = sm.WLS(x[:, 0], sm.add_constant(t), weights=w).fit(cov_type="HC0")
    found = joint_balance(x[:, :1], ["a"], t, weights=w)
    assert found.statistic == pytest.approx(fit.tvalues[1] ** 2 * 199 / 200)
    clusters = np.arange(200) // 4
    grouped = sm.WLS(x[:, 0], sm.add_constant(t), weights=w).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    clustered = joint_balance(x[:, :1], ["a"], t, weights=w, clusters=clusters)
    assert clustered.statistic == pytest.approx(grouped.tvalues[1] ** 2 * 49 / 50)
    assert (clustered.df1, clustered.df2) == (1, 49)
    classical = sm.OLS(t, sm.add_constant(x)).fit()
    assert joint_balance(x, TWO, t).p_value == pytest.approx(classical.f_pvalue)


def test_refusals():
    x, t = drawn()
    for change, words in (
        ({"matrix": np.where(x > 1, np.nan, x)}, "has missing"),
        ({"matrix": x[:, [0, 0]]}, "collinear"),
        ({"matrix": np.column_stack([x[:, 0], np.ones(200)])}, "b does not vary"),
        ({"matrix": np.column_stack([x[:, 0], t])}, "separate the arms completely"),
        ({"treated": np.zeros(200)}, "0 treated"),
        ({"weights": -np.ones(200)}, "weight is missing, infinite or negative"),
        ({"weights": np.ones(3)}, "one weight per unit"),
        ({"weights": t}, "fewer than two units of an arm"),
        ({"clusters": np.arange(200) % 3}, "3 clusters for 2 covariates"),
        ({"clusters": t}, "in one cluster"),
    ):
        with pytest.raises(NotEstimable, match=words):
            joint_balance(**({"matrix": x, "names": TWO, "treated": t} | change))
    with pytest.raises(NotEstimable, match="estimand"):
        standardised_differences(x, TWO, t, estimand="LATE")  # type: ignore[arg-type]


def false_positives(kind: str, draws: int) -> float:
    rng, found = np.random.default_rng(9), 0
    clusters = np.arange(600) // 10
    for _ in range(draws):
        if kind == "clusters":
            x = rng.normal(size=(60, 3))[clusters] + rng.normal(size=(600, 3))
            test = joint_balance(x, ["a", "b", "c"], rng.permutation(np.arange(60) % 2)[clusters], clusters=clusters)
        else:
            x, t = rng.normal(size=(600, 3)), rng.permutation(np.arange(600) % 2)
            test = joint_balance(x, ["a", "b", "c"], t, weights=rng.random(600) + 0.5 if kind == "weights" else None)
        found += test.p_value < 0.05
    return found / draws


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "weights", "clusters"])
def test_false_positives_in_balanced_arms(kind):
    assert 0.03 <= false_positives(kind, 3000) <= 0.06
