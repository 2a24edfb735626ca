"""Randomised designs against R, scipy and closed forms; the randomisation test by enumeration and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from impact.errors import NotEstimable, UsageError
from impact.statistics.experiments.differences import blocked, lin, welch
from impact.statistics.experiments.lots import Lots, all_assignments, random_assignments
from impact.statistics.experiments.randomisation import _prepare, randomisation_test
from impact.statistics.experiments.studentised import OfUnits
from impact.statistics.linear.least_squares import fit
from impact.statistics.linear.sandwich import coefficient
from tests.support.references import dataset, reference

COVARIATES = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]


def _rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_welch_agrees_with_r() -> None:
    data, expected = dataset("cd_nsw_mixtape.csv"), reference("rct.nsw_welch")
    found = welch(data["re78"].to_numpy(), data["treat"].to_numpy())
    extra = expected["extra"]
    assert (found.estimate, found.std_error, found.df, found.p_value, -found.statistic) == pytest.approx(
        (expected["value"], expected["se"], extra["df"], extra["p"], extra["t"]), rel=expected["tolerance"]
    )


def test_lin_agrees_with_estimatr() -> None:
    data, expected = dataset("cd_nsw_mixtape.csv"), reference("rct.nsw_lin2013")
    found = lin(data["re78"].to_numpy(), data["treat"].to_numpy(), data[COVARIATES].to_numpy(float), COVARIATES)
    assert (found.estimate, found.std_error, found.df, found.conf_low, found.conf_high) == pytest.approx(
        (expected["value"], expected["se"], expected["extra"]["df"], *expected["extra"]["ci"]),
        rel=expected["tolerance"],
    )


def _trial(n: int = 90) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    x, blocks = rng.normal(size=(n, 2)), np.arange(n) % 3
    treated = np.where(np.arange(n) // 3 < 10 + 5 * blocks, 1.0, 0.0)
    y = 1 + treated * (1 + blocks) + x @ [0.5, 1] + rng.normal(size=n)
    return y, treated, x, blocks, rng.uniform(0.5, 2, n)


def test_welch_is_hc2() -> None:
    y, treated, *_ = _trial()
    found = welch(y, treated)
    fitted = fit(y, np.column_stack([np.ones(90), treated]), ["constant", "treated"])
    assert found.std_error == pytest.approx(coefficient(fitted, "treated", errors="HC2").std_error, rel=1e-12)
    scipy = stats.ttest_ind(y[treated == 1], y[treated == 0], equal_var=False)
    assert (found.p_value, found.df) == pytest.approx((scipy.pvalue, scipy.df), rel=1e-12)
    assert found.influence == pytest.approx(coefficient(fitted, "treated", errors="HC2").influence, abs=1e-14)


def test_lin_is_the_difference_of_two_regressions_at_the_mean() -> None:
    y, treated, x, _, w = _trial()
    centre, means = np.concatenate([[1.0], np.average(x, axis=0, weights=w)]), []
    for arm in (1, 0):
        rows = treated == arm
        sub = np.column_stack([np.ones(rows.sum()), x[rows]])
        means.append(centre @ fit(y[rows], sub, ["constant", "a", "b"], weights=w[rows]).params)
    assert lin(y, treated, x, ["a", "b"], weights=w).estimate == pytest.approx(means[0] - means[1], rel=1e-11)


def test_blocked_is_the_closed_form() -> None:
    y, treated, _, blocks, _ = _trial()
    effect, variance = 0.0, 0.0
    for block in range(3):
        arms = [y[(blocks == block) & (treated == arm)] for arm in (1, 0)]
        effect += (arms[0].mean() - arms[1].mean()) / 3
        variance += sum(np.var(arm, ddof=1) / len(arm) for arm in arms) / 9
    found = blocked(y, treated, blocks)
    assert (found.estimate, found.std_error, found.df) == pytest.approx((effect, variance**0.5, 84), rel=1e-11)


def test_blocked_is_lin_with_block_dummies_whatever_the_weights_and_errors() -> None:
    y, treated, _, blocks, w = _trial()
    clusters = [np.arange(90) // 2 * 3 + blocks]
    dummies = np.eye(3)[blocks][:, 1:]
    for errors, groups in (("HC2", []), ("HC1", []), ("CR2", clusters)):
        one = blocked(y, treated, blocks, weights=w, errors=errors, clusters=groups)
        two = lin(y, treated, dummies, ["b", "c"], weights=w, errors=errors, clusters=groups)
        assert (one.estimate, one.std_error, one.df) == pytest.approx((two.estimate, two.std_error, two.df), rel=1e-9)


def test_one_block_is_the_difference_in_means() -> None:
    y, treated, *_ = _trial()
    one, two = blocked(y, treated, np.zeros(90)), welch(y, treated)
    assert (one.estimate, one.std_error) == pytest.approx((two.estimate, two.std_error), rel=1e-11)


def test_blocked_refuses_thin_blocks_by_name() -> None:
    y, treated, _, blocks, _ = _trial()
    labels = np.array(["north", "south", "east"])[blocks]
    few = (blocks == 1) & (treated == 1) & (np.arange(90) > 1)
    with pytest.raises(NotEstimable, match="1 blocks have fewer than two units in an arm: south"):
        blocked(y[~few], treated[~few], labels[~few])
    with pytest.raises(NotEstimable, match="fewer than two clusters in an arm: north"):
        blocked(y, treated, labels, errors="CR2", clusters=[np.where(blocks == 0, 100 + treated, np.arange(90))])
    with pytest.raises(NotEstimable, match="fewer than two units"):
        blocked(y[:8], np.tile([0, 1], 4), np.repeat(np.arange(4), 2))
    with pytest.raises(NotEstimable, match="some units have no block"):
        blocked(y, treated, np.where(blocks == 1, np.nan, blocks))


def test_welch_and_lin_refuse() -> None:
    y, treated, x, _, w = _trial()
    with pytest.raises(NotEstimable, match="an arm has a single unit"):
        welch(y[:3], np.array([1, 0, 0]))
    with pytest.raises(NotEstimable, match="does not vary enough"):
        welch(np.full(90, 0.1), treated)
    with pytest.raises(NotEstimable, match="the outcome has 1 missing"):
        welch(np.where(np.arange(90) == 2, np.nan, y), treated)
    with pytest.raises(NotEstimable, match="treatment is the same for all units"):
        welch(y, np.ones(90))
    with pytest.raises(NotEstimable, match="a covariate has 1 missing"):
        lin(y, treated, np.where(x == x[3, 1], np.nan, x), ["a", "b"])
    with pytest.raises(NotEstimable, match="collinear: a, b"):
        lin(y, treated, x[:, [0, 0]], ["a", "b"])
    with pytest.raises(NotEstimable, match="collinear"):
        lin(y, treated, np.column_stack([x[:, 0], treated]), ["a", "b"])
    with pytest.raises(NotEstimable, match="not positive"):
        lin(y, treated, x, ["a", "b"], weights=np.where(np.arange(90) == 2, -1.0, w))
    with pytest.raises(UsageError, match="outcome has shape"):
        welch(y[1:], treated)
    with pytest.raises(UsageError, match="weights has shape"):
        lin(y, treated, x, ["a", "b"], weights=w[1:])
    with pytest.raises(UsageError, match="covariates have shape"):
        lin(y, treated, x, ["a"])


def test_agrees_with_scipy_by_enumeration() -> None:
    y, treated = np.random.default_rng(2).normal(size=12) + np.arange(12) / 6, np.repeat([0, 1], [7, 5])

    def statistic(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return np.abs(stats.ttest_ind(a, b, axis=axis, equal_var=False).statistic)

    arms = (y[treated == 1], y[treated == 0])
    theirs = stats.permutation_test(arms, statistic, n_resamples=np.inf, alternative="greater", vectorized=True)
    found = randomisation_test(y, treated, draws=1000, rng=_rng())
    assert (found.enumerated, found.draws, found.rule) == (True, math.comb(12, 5), "HC2")
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-12)
    assert found.statistic == pytest.approx(stats.ttest_ind(*arms, equal_var=False).statistic, rel=1e-11)


def test_the_statistic_is_the_regression_t() -> None:
    y, treated, x, blocks, _ = _trial()
    matrix = np.column_stack([treated, np.eye(3)[blocks], x])
    fitted = fit(y, matrix, ["treated", "b0", "b1", "b2", "x0", "x1"])
    found = randomisation_test(y, treated, covariates=x, blocks=blocks, draws=50, rng=_rng())
    assert found.statistic == pytest.approx(coefficient(fitted, "treated", errors="HC2").statistic, rel=1e-10)
    clusters = blocks * 100 + np.arange(90) // 15
    arm = np.isin(clusters % 100, [0, 2, 4]).astype(float)
    matrix[:, 0] = arm
    fitted = fit(y, matrix, ["treated", "b0", "b1", "b2", "x0", "x1"])
    found = randomisation_test(y, arm, covariates=x, blocks=blocks, clusters=clusters, draws=50, rng=_rng())
    assert found.statistic == pytest.approx(
        coefficient(fitted, "treated", errors="CR0", clusters=[clusters]).statistic, rel=1e-10
    )
    assert found.rule == "CR1"


def test_enumeration_runs_through_blocks_and_clusters() -> None:
    """Two blocks of four clusters of two rows, one and two treated: 4 · 6 assignments, checked one by one."""
    rng = np.random.default_rng(9)
    clusters, blocks = np.repeat(np.arange(8), 2), np.repeat([0, 1], 8)
    y = rng.normal(size=16) + rng.normal(size=8)[clusters]
    chosen = [(a, b, c) for a in range(4) for b in range(4, 8) for c in range(b + 1, 8)]
    tests = [
        randomisation_test(y, np.isin(clusters, c), blocks=blocks, clusters=clusters, draws=24, rng=_rng())
        for c in chosen
    ]
    size = np.abs([test.statistic for test in tests])
    for test, own in zip(tests, size, strict=True):
        assert (test.enumerated, test.draws) == (True, 24)
        assert test.p_value == pytest.approx(np.mean(size >= own * (1 - 1e-9)), rel=1e-12)


def test_draws_approach_the_enumeration_and_keep_the_numbers() -> None:
    y, treated = np.random.default_rng(2).normal(size=14) + np.arange(14) / 8, np.repeat([0, 1], 7)
    exact = randomisation_test(y, treated, draws=4000, rng=_rng())
    drawn = randomisation_test(y, treated, draws=3000, rng=_rng())
    assert (exact.enumerated, drawn.enumerated, drawn.draws) == (True, False, 3000)
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.03)
    assert drawn.p_value * 3001 == pytest.approx(round(drawn.p_value * 3001), abs=1e-9)


def _drawn(lots: Lots, draws: int) -> np.ndarray:
    return np.concatenate(list(random_assignments(lots, draws, _rng())))


@pytest.mark.parametrize(
    ("treated", "blocks"),
    [
        pytest.param([1, 1, 0, 0, 0, 0, 0], [0] * 7, id="a smaller arm of two"),
        pytest.param([1, 1, 1, 1, 0, 0], [0] * 6, id="a smaller arm of those compared"),
        pytest.param([1, 0, 0, 1, 1, 0, 1, 0], [0, 0, 0, 1, 1, 1, 2, 2], id="blocks of three and two"),
        pytest.param([1] * 4 + [0] * 4, [0] * 8, id="halves"),
    ],
)
def test_each_assignment_is_drawn_as_often_as_any_other(treated: list[int], blocks: list[int]) -> None:
    lots = Lots(np.array(treated) == 1, np.array(blocks))
    possible = np.concatenate(list(all_assignments(lots, lots.possible(1000))))
    numbers = 1 << np.arange(len(treated))
    drawn = _drawn(lots, 20_000) @ numbers
    every, counts = np.unique(drawn, return_counts=True)
    assert every.tolist() == np.sort(possible @ numbers).tolist()
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("share", [0.001, 0.01, 0.2, 0.5, 0.73, 0.995])
def test_large_draws_keep_their_number_and_treat_all_units_alike(share: float) -> None:
    """Units, and pairs of units, are treated as often as in a simple random sample."""
    n, draws = 3000, 2000
    blocks = np.arange(n) // 1500
    treated = np.arange(n) % 1500 < round(share * 1500)
    drawn = _drawn(Lots(treated, blocks), draws)
    m = round(share * 1500)
    assert (np.add.reduceat(drawn, [0, 1500], axis=1, dtype=int) == m).all()
    often = drawn.sum(axis=0)
    spread = np.sum((often - draws * m / 1500) ** 2) / (draws * m * (1500 - m) / 1500**2)
    assert spread == pytest.approx(n - 2, abs=5 * np.sqrt(2 * n))
    together = np.sum(drawn[:, :100].sum(axis=1) * (drawn[:, :100].sum(axis=1) - 1.0)) / draws
    expected = 100 * 99 * m * (m - 1) / (1500 * 1499)
    variance = np.var(drawn[:, :100].sum(axis=1) * (drawn[:, :100].sum(axis=1) - 1.0)) / draws
    assert together == pytest.approx(expected, abs=5 * np.sqrt(variance) + 1e-9)


def test_drawn_blocks_keep_their_number_treated() -> None:
    y, treated, _, blocks, _ = _trial()
    lots = _prepare(y, treated, None, blocks, None).lots
    drawn = _drawn(lots, 500)
    for block in range(3):
        assert set(drawn[:, lots.blocks == block].sum(axis=1)) == {treated[blocks == block].sum()}


@pytest.mark.parametrize("blocked_by", [None, "blocks"])
@pytest.mark.parametrize("adjusted", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_every_statistic_is_the_regression_t_of_its_assignment(
    blocked_by: str | None, adjusted: bool, clustered: bool
) -> None:
    y, treated, x, blocks, _ = _trial()
    groups = blocks if blocked_by else np.zeros(90, dtype=int)
    clusters = np.arange(90) // 9 * 3 + blocks
    arm = np.isin(clusters % 9, [0, 1, 2, 5]).astype(float) if clustered else treated
    statistic = _prepare(y, arm, x if adjusted else None, groups, clusters if clustered else None)
    lots = statistic.lots
    drawn = _drawn(lots, 40)
    bodies = clusters if clustered else np.arange(90)
    first = np.unique(bodies, return_index=True)[1]
    place = np.argsort(np.argsort(groups[first], kind="stable"))[np.unique(bodies, return_inverse=True)[1]]
    dummies = np.eye(3)[blocks] if blocked_by else np.ones((90, 1))
    columns = [dummies, x] if adjusted else [dummies]
    names = ["treated", *(str(number) for number in range(sum(one.shape[1] for one in columns)))]
    rule = {"errors": "CR0", "clusters": [clusters]} if clustered else {"errors": "HC2"}
    expected = []
    for chosen in drawn:
        fitted = fit(y, np.column_stack([chosen[place], *columns]), names)
        expected.append(coefficient(fitted, "treated", **rule).statistic)
    np.testing.assert_allclose(statistic(drawn), expected, rtol=1e-10)
    if isinstance(statistic, OfUnits) and not adjusted:
        np.testing.assert_allclose(statistic.of_sums()(drawn), expected, rtol=1e-10)


def test_sums_tell_one_treated_unit_and_an_outcome_that_does_not_vary_within_arms() -> None:
    y = np.concatenate([np.random.default_rng(0).normal(size=24), [9.0]])
    alone = _prepare(y, np.arange(25) == 24, None, None, None)
    chosen = np.eye(25, dtype=bool)
    np.testing.assert_allclose(alone.of_sums()(chosen), alone(chosen), rtol=1e-9)
    apart = _prepare(np.repeat([0.1, 0.7], 9), np.repeat([0, 1], 9), None, None, None)
    assert apart.of_sums()(apart.lots.treated[None])[0] == apart(apart.lots.treated[None])[0] == math.inf


def test_drawn_p_values_are_those_of_shuffling() -> None:
    y, treated, x, blocks, _ = _trial()
    for covariates in (None, x):
        found = randomisation_test(y, treated, covariates=covariates, blocks=blocks, draws=4000, rng=_rng())
        statistic = _prepare(y, treated, covariates, blocks, None)
        rng, by_block = _rng(), np.argsort(blocks, kind="stable")
        keys = rng.random((4000, 90)) + blocks[by_block]
        shuffled = statistic.lots.treated[np.argsort(keys, axis=1)]
        p = (1 + np.sum(np.abs(statistic(shuffled)) >= abs(found.statistic))) / 4001
        assert found.p_value == pytest.approx(p, abs=4 * np.sqrt(2 * p * (1 - p) / 4000))


def test_row_order_and_units_do_not_matter_under_enumeration() -> None:
    y, treated = np.random.default_rng(2).normal(size=12), np.repeat([0, 1], 6)
    order = _rng().permutation(12)
    one = randomisation_test(y, treated, draws=1000, rng=_rng())
    two = randomisation_test(5 + 100 * y[order], treated[order], draws=1000, rng=_rng())
    assert one.p_value == two.p_value
    assert one.statistic == pytest.approx(two.statistic, rel=1e-10)


def test_complete_separation_and_tied_outcomes() -> None:
    """A binary outcome equal to treatment: of 70 assignments, only itself and its mirror are as extreme."""
    treated = np.repeat([0, 1], 4)
    found = randomisation_test(treated.astype(float), treated, draws=100, rng=_rng())
    assert found.statistic == math.inf
    assert found.p_value == pytest.approx(2 / 70, rel=1e-12)


def test_one_treated_unit_is_allowed() -> None:
    y = np.concatenate([np.random.default_rng(0).normal(size=24), [9.0]])
    found = randomisation_test(y, np.arange(25) == 24, draws=100, rng=_rng())
    assert found.p_value == pytest.approx(1 / 25, rel=1e-12)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"clusters": np.arange(90) // 2}, "treatment differs within a cluster"),
        ({"clusters": np.where(np.arange(90) < 45, np.nan, 1.0)}, "some units have no"),
        ({"blocks": np.arange(90) < 1}, "1 blocks have one arm only"),
        ({"blocks": np.where(np.arange(90) < 3, np.nan, 1.0)}, "some units have no"),
        ({"covariates": np.full((90, 1), 3.0)}, "collinear: block 1, covariate 1"),
        ({"covariates": np.full((90, 1), np.nan)}, "covariate 1 has 90 missing"),
        ({"covariates": _trial()[1][:, None]}, "treatment is collinear"),
        ({"covariates": _trial()[0][:, None]}, "the outcome does not vary beside the controls"),
    ],
)
def test_refuses(settings: dict[str, np.ndarray], says: str) -> None:
    y, treated, *_ = _trial()
    with pytest.raises(NotEstimable, match=says):
        randomisation_test(y, treated, draws=99, rng=_rng(), **settings)  # type: ignore[arg-type]


def test_refuses_a_cluster_in_two_blocks_and_no_draws() -> None:
    y, treated, *_ = _trial()
    with pytest.raises(NotEstimable, match="a cluster lies in two blocks"):
        randomisation_test(
            y, treated, clusters=treated * 3 + np.arange(90) % 3, blocks=np.arange(90) % 2, draws=9, rng=_rng()
        )
    with pytest.raises(UsageError, match="treated has shape"):
        randomisation_test(y, treated[1:], draws=9, rng=_rng())
    with pytest.raises(UsageError, match="at least one draw"):
        randomisation_test(y, treated, draws=0, rng=_rng())


def _rejections(times: int, seed: int, clustered: bool) -> float:
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(10), [2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
    rejected = 0
    for _ in range(times):
        shared = rng.normal(size=10)[codes] if clustered else 0.0
        y = rng.standard_t(3, size=len(codes)) + shared
        treated = (
            rng.permutation(np.arange(10) % 2)[codes] if clustered else rng.permutation(np.arange(len(codes)) % 3 == 0)
        )
        test = randomisation_test(
            y, treated, clusters=codes if clustered else None, draws=199 if not clustered else 252, rng=rng
        )
        rejected += test.p_value <= 0.05
    return rejected / times


def test_a_small_sample_holds_its_level() -> None:
    assert _rejections(200, 5, clustered=False) <= 0.09


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_holds_its_level(clustered: bool) -> None:
    assert 0.03 <= _rejections(3000, 15, clustered=clustered) <= 0.06


@pytest.mark.slow
def test_lin_and_blocked_cover() -> None:
    """Fixed units with effects that differ; only the assignment is random, within blocks of different shares."""
    rng, times = np.random.default_rng(41), 2000
    blocks = np.repeat([0, 1, 2], [40, 60, 80])
    x = rng.normal(size=180)
    base, effect = x + blocks + rng.normal(size=180), 0.5 + 0.2 * rng.normal(size=180)
    hits = np.zeros(2)
    for _ in range(times):
        treated = np.concatenate([rng.permutation(np.arange(m) < k) for m, k in ((40, 20), (60, 20), (80, 20))]).astype(
            float
        )
        by_block = blocked(base + treated * effect, treated, blocks)
        whole = rng.permutation(np.arange(180) < 70).astype(float)
        adjusted = lin(base + whole * effect, whole, x[:, None], ["x"])
        hits += [one.conf_low <= effect.mean() <= one.conf_high for one in (by_block, adjusted)]
    assert np.all((hits / times >= 0.93) & (hits / times <= 0.97))
