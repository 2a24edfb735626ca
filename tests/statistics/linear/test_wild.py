"""The wild cluster bootstrap against R, a slow independent version, and simulations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import statsmodels.api as sm

from impact.errors import NotEstimable, UsageError
from impact.statistics.linear.least_squares import Fit, fit
from impact.statistics.linear.wild import wild_bootstrap

# Data of benchmarks/data/wild_cluster_boot_test_data.csv of https://github.com/igerber/diff-diff (MIT), invented: six
# clusters of 16 rows, the first three treated, post in every second row. R's fwildclusterboot::boottest (B = 99999, so
# that all sign vectors are used) gives coef 2.23239205609, t 2.480920996559 and p 0.03125. It counts |t*| > |t| only;
# the two sign vectors that give |t| itself are ties, and 0.03125 + 2/64 = 0.0625.
OUTCOME = """
0.467900024557135 5.28330432772302 6.21815961331612 8.91123549413264 1.6036031176057 5.93987635703142 5.51552308604298 12.5845789538936 10.043533800938 -0.529572566385062 11.6147463969497 4.90478267058331 0.0195534899449052 -0.623734360455213 4.62408114371322 1.77824940819063
1.44117212105917 11.8287065860359 2.48612322817247 0.79272738518101 0.25664105566934 5.46071019138058 5.45585277762759 1.72888361535044 1.64819641981181 -2.16930041278279 -8.65527307341515 -0.820012214512376 2.00788152825625 1.35027289877691 -4.22739939644098 2.96495871691995
12.4088103290406 3.86455595416874 -3.77098700413387 8.74834024074986 7.63806603679012 5.21226192690189 10.3553929570071 5.02404351098283 0.0773467620776902 3.8454453091425 4.92829011733396 8.18058751908359 2.32327477678745 3.85791466127983 3.9943310874897 5.63626346312242
3.98548370346126 2.08705100717492 11.9671637110292 8.50781843122744 9.45919061415933 9.17729331028167 7.13828833203314 3.60329239073677 8.91231705393201 6.51778257944759 11.8343546913714 5.85077180326843 5.99854630042171 3.83363405966151 0.1722050079041 13.599136275248
7.39942475667185 6.67760744120808 8.06177241503042 2.99574273253755 4.17388457897458 8.58064165732133 1.35389122978994 10.4092188896989 10.0502116052792 -0.0952531532868699 -0.95058168214624 2.07486027363059 8.73683838173143 6.20299878058477 8.71918261324184 6.78513130717663
5.0782224773697 2.95137909543423 -0.00135445066279938 2.94611250473384 2.51953938488589 -1.52349046695107 0.164141843016002 1.29757869447802 2.59101825926055 4.68185771046451 0.988240247965372 -3.44776984931728 7.81515777811177 -4.39325130500531 1.60122778317178 0.151072360378801
"""


def _rng() -> np.random.Generator:
    return np.random.default_rng(8)


def test_agrees_with_fwildclusterboot_up_to_the_ties() -> None:
    y, codes, post = np.array(OUTCOME.split(), dtype=float), np.repeat(np.arange(6), 16), np.tile([0.0, 1.0], 48)
    treated = (codes < 3).astype(float)
    x = np.column_stack([np.ones(96), treated, post, treated * post])
    found = wild_bootstrap(fit(y, x, ["constant", "treated", "post", "both"]), "both", codes, draws=64, rng=_rng())
    assert found.p_value == pytest.approx(0.03125 + 2 / 64, rel=1e-12)
    assert (found.draws, found.enumerated, found.weights) == (64, True, "Rademacher")
    assert found.conf_low < 0.226920726858
    assert found.conf_high > 4.86871767596


def _fitted(groups: int = 8, seed: int = 3, effect: float = 0.7, weighted: bool = False) -> tuple[Fit, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(groups), rng.integers(4, 12, groups))
    n = len(codes)
    x = np.column_stack([np.ones(n), rng.normal(size=n) + rng.normal(size=groups)[codes], rng.normal(size=n)])
    y = x @ [1, effect, 0.5] + rng.normal(size=n) + rng.normal(size=groups)[codes]
    weights = rng.uniform(0.5, 2, n) if weighted else None
    return fit(y, x, ["constant", "x", "z"], weights=weights), codes


def _slow(fitted: Fit, codes: np.ndarray, null: float, vectors: np.ndarray) -> float:
    """Share of |t*| ≥ |t|: each draw is fitted anew on all rows with statsmodels."""
    y = fitted.matrix @ fitted.params + fitted.residuals
    others = fitted.matrix[:, [0, 2]]

    def t(outcome: np.ndarray) -> float:
        model = sm.WLS(outcome, fitted.matrix, weights=fitted.weights)
        result = model.fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
        return abs((result.params[1] - null) / result.bse[1])

    restricted = sm.WLS(y - null * fitted.matrix[:, 1], others, weights=fitted.weights).fit()
    drawn = [t(y - restricted.resid + v[codes] * restricted.resid) for v in vectors]
    return float(np.mean(np.array(drawn) >= t(y) * (1 - 1e-9)))


@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_a_slow_version(weighted: bool) -> None:
    fitted, codes = _fitted(weighted=weighted)
    found = wild_bootstrap(fitted, "x", codes, draws=999, rng=_rng())
    vectors = np.array(list(itertools.product([1, -1], repeat=8)))
    assert found.p_value == pytest.approx(_slow(fitted, codes, 0.0, vectors), rel=1e-12)
    for end, outward in ((found.conf_low, -1), (found.conf_high, 1)):
        assert _slow(fitted, codes, end - outward * 1e-6, vectors) > 0.05
        assert _slow(fitted, codes, end + outward * 1e-6, vectors) <= 0.05


def test_webb_draws_agree_with_a_slow_version() -> None:
    fitted, codes = _fitted()
    found = wild_bootstrap(fitted, "x", codes, draws=200, rng=_rng())
    points = np.array([-(0.5**0.5), -1, -(1.5**0.5), 0.5**0.5, 1, 1.5**0.5])
    vectors = _rng().choice(points, size=(200, 8))
    assert (found.draws, found.enumerated, found.weights) == (200, False, "Webb")
    assert found.p_value == pytest.approx((1 + 200 * _slow(fitted, codes, 0.0, vectors)) / 201, rel=1e-12)


def test_ten_clusters_or_more_draw_rademacher() -> None:
    fitted, codes = _fitted(groups=12)
    found = wild_bootstrap(fitted, "x", codes, draws=300, rng=_rng())
    assert (found.enumerated, found.weights) == (False, "Rademacher")
    exact = wild_bootstrap(fitted, "x", codes, draws=4096, rng=_rng())
    assert exact.enumerated
    assert found.p_value == pytest.approx(exact.p_value, abs=0.06)


@pytest.mark.parametrize("draws", [200, 9999])
def test_row_order_labels_units_and_the_factor_do_not_matter(draws: int) -> None:
    fitted, codes = _fitted()
    y, order = fitted.matrix @ fitted.params + fitted.residuals, np.random.default_rng(1).permutation(fitted.n)
    moved = fit(100 * y[order] + 5, fitted.matrix[order] * [1, 0.1, 1], fitted.names)
    one = wild_bootstrap(fitted, "x", codes, draws=draws, rng=_rng())
    labels = np.array([f"village {c}" for c in codes])[order]
    other = wild_bootstrap(moved, "x", labels, draws=draws, rng=_rng(), errors="CR0")
    assert other.p_value == one.p_value
    assert (other.conf_low, other.conf_high) == pytest.approx((1000 * one.conf_low, 1000 * one.conf_high), rel=1e-7)


def test_p_value_and_interval_agree() -> None:
    for seed in range(20):
        fitted, codes = _fitted(seed=seed, effect=0.5)
        found = wild_bootstrap(fitted, "x", codes, draws=999, rng=_rng())
        assert (found.conf_low <= 0 <= found.conf_high) == (found.p_value > 0.05)


def test_five_clusters_cannot_reject() -> None:
    fitted, codes = _fitted(groups=5, effect=50.0)
    found = wild_bootstrap(fitted, "x", codes, draws=999, rng=_rng())
    assert found.p_value >= 2 / 32
    assert (found.conf_low, found.conf_high) == (-np.inf, np.inf)


def test_six_clusters_of_constant_treatment_cannot_reject() -> None:
    """Flipping the treated or the control clusters gives |t| as well: 4 of 64 sign vectors tie at any null."""
    codes = np.repeat(np.arange(6), 7)
    y = np.random.default_rng(5).normal(size=42) + 30 * (codes < 3)
    fitted = fit(y, np.column_stack([np.ones(42), codes < 3]).astype(float), ["constant", "treated"])
    found = wild_bootstrap(fitted, "treated", codes, draws=999, rng=_rng())
    assert found.p_value >= 2 / 64
    assert (found.conf_low, found.conf_high) == (-np.inf, np.inf)


def test_refuses() -> None:
    fitted, codes = _fitted()
    with pytest.raises(NotEstimable, match="all observations lie in one cluster"):
        wild_bootstrap(fitted, "x", np.zeros(fitted.n), draws=99, rng=_rng())
    with pytest.raises(NotEstimable, match="some units have no"):
        wild_bootstrap(fitted, "x", np.where(codes == 1, np.nan, codes), draws=99, rng=_rng())
    x = np.column_stack([np.ones(fitted.n), codes == 2]).astype(float)
    with pytest.raises(NotEstimable, match="rests on one cluster alone"):
        wild_bootstrap(fit(fitted.residuals, x, ["constant", "x"]), "x", codes, draws=99, rng=_rng())
    for bad in ({"errors": "CR2", "draws": 99}, {"errors": "CR1", "draws": 0}):
        with pytest.raises(UsageError):
            wild_bootstrap(fitted, "x", codes, rng=_rng(), **bad)  # type: ignore[arg-type]


def _trial(rng: np.random.Generator, groups: int, draws: int) -> tuple[bool, bool]:
    """A cluster trial without effect, half of the clusters treated: is zero covered, and is it rejected?"""
    codes = np.repeat(np.arange(groups), rng.integers(5, 30, groups))
    treated = rng.permutation(np.arange(groups) % 2)[codes].astype(float)
    y = rng.normal(size=len(codes)) + 0.4 * rng.normal(size=groups)[codes]
    fitted = fit(y, np.column_stack([np.ones(len(codes)), treated]), ["constant", "treated"])
    found = wild_bootstrap(fitted, "treated", codes, draws=draws, rng=rng)
    return found.conf_low <= 0 <= found.conf_high, found.p_value <= 0.05


def test_a_small_sample_of_trials_is_covered() -> None:
    rng = np.random.default_rng(12)
    covered, rejected = np.mean([_trial(rng, 10, 1024) for _ in range(150)], axis=0)
    assert covered >= 0.9
    assert rejected <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "draws"), [(10, 1024), (14, 399)])
def test_covers_and_holds_its_level(groups: int, draws: int) -> None:
    rng = np.random.default_rng(13)
    covered, rejected = np.mean([_trial(rng, groups, draws) for _ in range(2500)], axis=0)
    assert 0.93 <= covered <= 0.97
    assert rejected <= 0.06
