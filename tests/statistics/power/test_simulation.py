"""Simulated power against closed forms; the drawn data against the plan; the built-in estimators against regressions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as smapi
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, wald
from impact.statistics.power import closed_form as p
from impact.statistics.power import other_tests as other
from impact.statistics.power import simulation
from impact.statistics.power.built_in import BuiltIn, built_in_rows
from impact.statistics.power.plan import TERMS, Dataset, Plan, draw, hermite_shares
from impact.statistics.power.simulation import simulate

WAVES = p.wave_correlation(3, 0.6, "ar1")
PANEL = Plan(100, 100, 0.3, pre=1, post=2, autocorrelation=0.6, structure="ar1")
CLUSTERS = Plan(20, 20, 0.25, size=20, icc=0.05)
BOTH = Plan(25, 25, 0.25, size=12, icc=0.1, pre=1, autocorrelation=0.5)
TAKE_UP = Plan(200, 200, 0.5, take_up=(0.6, 0.1))
SHARES = Plan(300, 300, 0.1, outcome="binary", mean=0.4)
UNEQUAL = Plan(30, 40, 0.25, sizes=(10, 20, 30) * 10 + (5, 35) * 20, icc=0.05)


def panel(analysis: p.Analysis) -> float:
    return p.power(0.3, p.two_means(100, 100).scaled(p.panel_factor(WAVES, 1, analysis)))


def take_up() -> float:
    """Power with the variance that partial take-up adds, d² q (1 − q) in each arm."""
    sds = [math.sqrt(1 + 0.25 * q * (1 - q)) for q in (0.6, 0.1)]
    return p.power(p.itt_effect(0.5, 0.6, 0.1), p.two_means(200, 200, sd=sds[0], sd_comparison=sds[1]))


def both(analysis: p.Analysis) -> float:
    factor = p.panel_factor(p.wave_correlation(2, 0.5), 1, analysis)
    return p.power(0.25, p.cluster_means(25, 25, 12, icc=0.1).scaled(factor))


CLOSED: dict[str, tuple[Plan, BuiltIn, Callable[[], float]]] = {
    "two means": (Plan(50, 50, 0.5), "difference", lambda: p.power(0.5, p.two_means(50, 50))),
    "unit and mean": (Plan(50, 50, 5, sd=10, mean=99), "difference", lambda: p.power(0.5, p.two_means(50, 50))),
    "unequal arms": (Plan(120, 60, 0.4), "difference", lambda: p.power(0.4, p.two_means(120, 60))),
    "clusters": (CLUSTERS, "difference", lambda: p.power(0.25, p.cluster_means(20, 20, 20, icc=0.05))),
    "change": (PANEL, "change", lambda: panel("change")),
    "ancova": (PANEL, "ancova", lambda: panel("ancova")),
    "waves after": (PANEL, "difference", lambda: panel("post")),
    "clusters change": (BOTH, "change", lambda: both("change")),
    "clusters ancova": (BOTH, "ancova", lambda: both("ancova")),
    "attrition": (Plan(100, 100, 0.5, attrition=(0.2, 0.4)), "difference", lambda: p.power(0.5, p.two_means(80, 60))),
    "take-up": (TAKE_UP, "difference", take_up),
    "proportions": (SHARES, "difference", lambda: other.power_proportions(0.5, 0.4, 300, 300)),
}


@pytest.mark.parametrize("name", CLOSED)
def test_simulated_power_is_the_closed_form(name: str) -> None:
    plan, estimator, known = CLOSED[name]
    found = simulate(plan, estimator, replications=4000, seed=21)
    assert abs(found.power - known()) / found.power_mc < 3.5
    assert abs(found.bias) / found.bias_mc < 3.5
    assert abs(found.coverage - 0.95) / found.coverage_mc < 3.5
    assert found.mean_std_error == pytest.approx(found.empirical_sd, rel=0.05)
    assert (found.n_not_estimable, found.replications, found.truth) == (0, 4000, plan.itt)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["difference", "change", "ancova"])
@pytest.mark.parametrize(
    "plan",
    [
        Plan(10, 20, 0, pre=1, autocorrelation=0.5, attrition=(0.2, 0.3)),
        Plan(8, 8, 0, size=15, icc=0.1, pre=1, autocorrelation=0.5),
        replace(UNEQUAL, effect=0, pre=2, post=2, autocorrelation=0.4, structure="ar1"),
        Plan(20, 20, 0, size=15, icc=0.1, pre=1, autocorrelation=0.5, outcome="binary", mean=0.3),
        Plan(60, 60, 0, pre=1, autocorrelation=0.5, outcome="count", mean=2, dispersion=0.5),
    ],
    ids=["small arms", "few clusters", "unequal clusters", "shares", "counts"],
)
def test_false_positives_and_coverage_without_an_effect(plan: Plan, estimator: BuiltIn) -> None:
    found = simulate(plan, estimator, replications=8000, seed=33)
    assert found.power <= 0.06
    assert 0.93 <= found.coverage <= 0.97


def between_and_across(data: Dataset, size: int) -> tuple[float, float, float]:
    """Return the variance, the correlation of persons of one cluster, and of one person between two waves."""
    y = data.outcomes - data.outcomes.mean()
    first = y[..., 0].reshape(len(y), -1, size)
    variance = float((y**2).mean())
    pairs = (first.sum(axis=2) ** 2 - (first**2).sum(axis=2)).mean() / (size * (size - 1))
    return variance, float(pairs / variance), float((y[..., 0] * y[..., 1]).mean() / variance)


@pytest.mark.parametrize(
    ("plan", "variance"),
    [
        (Plan(40, 40, 0, size=10, icc=0.2, sd=3, mean=7), 9.0),
        (Plan(40, 40, 0, size=10, icc=0.2, outcome="binary", mean=0.1), 0.09),
        (Plan(40, 40, 0, size=10, icc=0.2, outcome="count", mean=3), 3.0),
        (Plan(40, 40, 0, size=10, icc=0.2, outcome="count", mean=3, dispersion=0.5), 7.5),
    ],
    ids=["scale", "binary", "poisson", "negative binomial"],
)
def test_data_have_the_variance_and_correlations_of_the_plan(plan: Plan, variance: float) -> None:
    plan = replace(plan, pre=1, autocorrelation=0.4, cluster_autocorrelation=0.7)
    data = draw(plan, np.random.default_rng(1), 800)
    own = 0.2 * 0.7 + 0.8 * 0.4
    assert data.outcomes.mean() == pytest.approx(plan.mean, rel=0.02)
    assert between_and_across(data, 10) == pytest.approx((variance, 0.2, own), rel=0.03)


def test_hermite_shares_of_a_binary_outcome_by_quadrants() -> None:
    threshold = stats.norm.isf(0.2)
    shares = hermite_shares(np.array([threshold]))
    for r in (-0.5, 0.3, 0.8):
        both_above = stats.multivariate_normal.cdf([-threshold] * 2, cov=[[1, r], [r, 1]])
        assert shares @ r ** np.arange(1, TERMS + 1) == pytest.approx((both_above - 0.04) / 0.16, abs=1e-6)


def test_effects_take_up_and_attrition_are_drawn_as_planned() -> None:
    plan = Plan(200, 300, 2, pre=1, post=2, attrition=(0.1, 0.3), take_up=(0.7, 0.05))
    data = draw(plan, np.random.default_rng(2), 200)
    treated = data.arm == 1
    lost = np.isnan(data.outcomes[:, :, 1:])
    assert not np.isnan(data.outcomes[:, :, 0]).any()
    assert (lost[:, :, 0] == lost[:, :, 1]).all()
    assert lost[:, treated].mean() == pytest.approx(0.1, rel=0.05)
    assert lost[:, ~treated].mean() == pytest.approx(0.3, rel=0.05)
    assert data.received[:, treated].mean() == pytest.approx(0.7, rel=0.03)
    assert data.received[:, ~treated].mean() == pytest.approx(0.05, rel=0.05)
    after = data.outcomes[:, :, 1]
    assert np.nanmean(after[data.received]) - np.nanmean(after[~data.received]) == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize("outcome", ["binary", "count"])
def test_shares_and_counts_have_their_effect(outcome: str) -> None:
    found = simulate(Plan(200, 200, 0.2, outcome=outcome, mean=0.3), "difference", replications=2000, seed=1)  # type: ignore[arg-type]
    assert abs(found.bias) / found.bias_mc < 3.5


def columns(data: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    after, before = data.outcomes[:, data.pre :].mean(axis=1), data.outcomes[:, : data.pre].mean(axis=1)
    seen = np.isfinite(after)
    return after[seen], before[seen], data.arm[seen], data.cluster[seen]


def one_row(plan: Plan, name: BuiltIn) -> tuple[Dataset, np.ndarray]:
    batch = draw(plan, np.random.default_rng(6), 3)
    return replace(batch, outcomes=batch.outcomes[1], received=batch.received[1]), built_in_rows(batch, name)[1]


@pytest.mark.parametrize("name", ["difference", "change"])
def test_persons_have_hc2(name: BuiltIn) -> None:
    data, row = one_row(Plan(30, 50, 0.4, pre=2, autocorrelation=0.5, attrition=(0.1, 0.2)), name)
    after, before, arm, _ = columns(data)
    fit = smapi.OLS(after - before if name == "change" else after, smapi.add_constant(arm)).fit(cov_type="HC2")
    assert row[:2] == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-10)


def test_clusters_have_cr2_with_satterthwaite_df() -> None:
    """By the definition: ``(I − H)^(−1/2)`` within clusters, df of the quadratic form for independent persons."""
    data, row = one_row(replace(UNEQUAL, pre=1), "difference")
    after, _, arm, cluster = columns(data)
    x = smapi.add_constant(arm.astype(float))
    bread = np.linalg.inv(x.T @ x)
    hat = np.eye(len(x)) - x @ bread @ x.T
    vectors = []
    for g in np.unique(cluster):
        values, basis = np.linalg.eigh(hat[np.ix_(cluster == g, cluster == g)])
        root = basis @ np.diag(1 / np.sqrt(values)) @ basis.T
        vectors.append(hat[:, cluster == g] @ root @ x[cluster == g] @ bread[:, 1])
    form = np.array(vectors)
    gram = form @ form.T
    variance, df = np.sum((form @ after) ** 2), np.trace(gram) ** 2 / np.sum(gram**2)
    half = stats.t.ppf(0.975, df) * math.sqrt(variance)
    assert row[1] == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert (row[4] - row[3]) / 2 == pytest.approx(half, rel=1e-9)


def test_ancova_is_the_regression_on_the_wave_before() -> None:
    data, row = one_row(Plan(40, 60, 0.4, pre=1, autocorrelation=0.7, attrition=(0.1, 0.2)), "ancova")
    after, before, arm, _ = columns(data)
    fit = smapi.OLS(after, smapi.add_constant(np.column_stack([arm, before]))).fit(cov_type="HC2")
    assert row[0] == pytest.approx(fit.params[1], rel=1e-10)
    assert row[1] == pytest.approx(fit.bse[1], rel=0.01)


def welch(data: Dataset) -> Estimate:
    treated, other = data.outcomes[data.arm == 1, 0], data.outcomes[data.arm == 0, 0]
    found = stats.ttest_ind(treated, other, equal_var=True)
    difference = float(treated.mean() - other.mean())
    return wald(difference, difference / found.statistic, rule="pooled", n_obs=data.arm.size, df=data.arm.size - 2)


def test_a_function_of_one_dataset_gives_the_same() -> None:
    plan = Plan(30, 30, 0.5)
    one, built_in = (
        simulate(plan, welch, replications=200, seed=4),
        simulate(plan, "difference", replications=200, seed=4),
    )
    assert (one.bias, one.power) == pytest.approx((built_in.bias, built_in.power), rel=1e-9)
    assert one.mean_std_error == pytest.approx(built_in.mean_std_error, rel=1e-9)


def test_what_is_not_estimable_counts_as_not_detected() -> None:
    def picky(data: Dataset) -> Estimate:
        if data.outcomes[0, 0] > 3:
            raise NotEstimable("the first person is lucky")
        return welch(data)

    found = simulate(Plan(30, 30, 3), picky, replications=200, seed=4)
    assert 70 < found.n_not_estimable < 130
    assert found.power == pytest.approx(1 - found.n_not_estimable / 200)
    lost = simulate(Plan(3, 3, 0.5, attrition=(0.5, 0.5)), "difference", replications=500, seed=1)
    assert lost.n_not_estimable > 200


def test_seeds_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    first = simulate(CLUSTERS, "difference", replications=50, seed=1)
    assert simulate(CLUSTERS, "difference", replications=50, seed=1) == first
    assert simulate(CLUSTERS, "difference", replications=50, seed=2) != first
    monkeypatch.setattr(simulation, "BATCH_VALUES", 1)
    assert simulate(CLUSTERS, "difference", replications=50, seed=1).replications == 50


def test_another_estimand_shows_as_bias_and_lost_coverage() -> None:
    found = simulate(TAKE_UP, "difference", replications=1000, seed=1, truth=0.5)
    assert found.bias == pytest.approx(-0.25, abs=0.02)
    assert found.coverage < 0.5


REFUSED: dict[str, tuple[Plan, str]] = {
    "one person": (Plan(1, 10, 0.5), "fewer than two"),
    "no one": (Plan(0, 0, 0.5), "fewer than two"),
    "sizes": (Plan(2, 2, 0.5, sizes=(1, 2, 3)), "one per cluster"),
    "empty cluster": (Plan(2, 2, 0.5, size=0), "empty"),
    "no wave after": (Plan(5, 5, 0.5, post=0), "no wave"),
    "icc alone": (Plan(5, 5, 0.5, icc=0.1), "needs clusters"),
    "icc": (Plan(5, 5, 0.5, size=3, icc=1.1), "impossible"),
    "attrition": (Plan(5, 5, 0.5, attrition=(1.0, 0)), "attrition"),
    "take-up": (Plan(5, 5, 0.5, take_up=(1.2, 0)), "take-up"),
    "sd": (Plan(5, 5, 0.5, sd=0), "does not vary"),
    "nan": (Plan(5, 5, math.nan), "not finite"),
    "dispersion": (Plan(5, 5, 1, outcome="count", mean=2, dispersion=-1), "dispersion"),
    "share": (Plan(5, 5, 0.5, outcome="binary", mean=0.6), "share of 1.1"),
    "no mean": (Plan(5, 5, 0.5, outcome="count"), "count of 0"),
    "negative share": (Plan(5, 5, 0.1, outcome="binary", mean=0.1, pre=1, autocorrelation=-0.9), "cannot correlate"),
    "clash": (
        Plan(5, 5, 0, size=5, icc=0.5, outcome="binary", mean=0.2, pre=1, autocorrelation=0.5),
        "no panel has these",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    plan, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        simulate(plan, "difference", replications=10, seed=1)


def test_refused_analyses() -> None:
    with pytest.raises(NotEstimable, match="no wave before"):
        simulate(Plan(5, 5, 0.5), "ancova", replications=10, seed=1)
    with pytest.raises(NotEstimable, match="did is not built in"):
        simulate(Plan(5, 5, 0.5, pre=1), "did", replications=10, seed=1)  # type: ignore[arg-type]
    with pytest.raises(NotEstimable, match="two replications"):
        simulate(Plan(5, 5, 0.5), "difference", replications=1, seed=1)

    def never(data: Dataset) -> Estimate:
        raise NotEstimable("no")

    with pytest.raises(NotEstimable, match="hardly any"):
        simulate(Plan(5, 5, 0.5), never, replications=10, seed=1)
