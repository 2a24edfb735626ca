"""Synthetic control and synthetic difference-in-differences against R, exact arithmetic, and simulations."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from impact.errors import NotEstimable
from impact.statistics.synthetic import difference
from impact.statistics.synthetic.control import synthetic_control
from impact.statistics.synthetic.difference import synthetic_did
from impact.statistics.synthetic.simplex import simplex_weights
from tests.support.references import dataset, reference

START = 19
# Certified below in rational arithmetic. The caveat of sc.prop99 quotes -19.513754, which is 6e-6 off the optimum.
EXACT_SC = -19.513629768420856


@pytest.fixture(scope="module")
def smoking():
    data = dataset("california_prop99.csv", sep=";")
    panel = data.pivot(index="State", columns="Year", values="PacksPerCapita")
    return panel.to_numpy(), list(panel.index).index("California"), np.array(panel.index)


def test_synthetic_did_reaches_r_with_its_rules(smoking, monkeypatch):
    panel, california, names = smoking
    truth = reference("sdid.prop99")
    # the placebos of the slow solver are not what is tested here
    monkeypatch.setattr(difference, "_placebos", lambda *_: np.array([-1.0, 1.0]))
    found = synthetic_did(panel, california, START, solver="frank_wolfe")
    assert found.effect.estimate == pytest.approx(truth["value"], rel=truth["tolerance"])
    expected = np.array([truth["extra"]["omega"][name] for name in names[found.donors]])
    np.testing.assert_allclose(found.unit_weights, expected, atol=1e-10)
    np.testing.assert_allclose(found.time_weights, list(truth["extra"]["lambda"].values()), atol=1e-10)


def test_the_exact_optimum_of_synthetic_did_is_close_to_r(smoking):
    panel, california, _ = smoking
    found = synthetic_did(panel, california, START)
    assert found.effect.estimate == pytest.approx(-15.60539791632857, rel=1e-9)
    assert found.effect.estimate == pytest.approx(reference("sdid.prop99")["value"], rel=2e-4)
    assert len(found.placebos) == 38


def test_placebo_error_is_one_that_r_could_draw(smoking):
    """R draws 200 of the 38 placebos with replacement; its seed gave 8.37, all 38 give 9.37."""
    panel, california, _ = smoking
    found = synthetic_did(panel, california, START)
    draws = np.random.default_rng(0).choice(found.placebos, (4000, 200)).std(axis=1)
    low, high = np.quantile(draws, [0.005, 0.995])
    assert low < reference("sdid.prop99")["extra"]["se_placebo_seed12345"] < high
    assert found.effect.std_error == pytest.approx(np.std(found.placebos), rel=1e-12)


def test_difference_in_differences(smoking):
    truth = reference("did.prop99")
    assert synthetic_did(smoking[0], smoking[1], START).difference_in_differences == pytest.approx(
        truth["value"], rel=truth["tolerance"]
    )


def test_synthetic_control_reaches_the_exact_optimum(smoking):
    found = synthetic_control(smoking[0], smoking[1], START)
    assert found.effect == pytest.approx(EXACT_SC, rel=1e-10)
    assert found.placebo_p == pytest.approx(3 / 39)
    assert found.pre_rmspe == pytest.approx(np.sqrt(52.12957147908012 / 19), rel=1e-10)
    used = found.weights > 0
    np.testing.assert_array_equal(np.isfinite(found.leave_one_out), used)


def test_r_stops_before_the_optimum_of_synthetic_control(smoking):
    """The Frank-Wolfe rules of synthdid, applied to the same problem, give R's number; its loss is higher."""
    panel, california, _ = smoking
    truth = reference("sc.prop99")
    donors = np.delete(panel, california, axis=0)
    noise = np.std(np.diff(donors[:, :START], axis=1), ddof=1)
    pool, goal = donors[:, :START].T, panel[california, :START]
    rough = difference._frank_wolfe(pool, goal, 1e-6 * noise, np.full(38, 1 / 38), 1e-5 * noise, most=100)
    sparse = np.where(rough <= rough.max() / 4, 0, rough)
    found = difference._frank_wolfe(pool, goal, 1e-6 * noise, sparse / sparse.sum(), 1e-5 * noise, most=10_000)
    effect = np.mean(panel[california, START:] - found @ donors[:, START:])
    assert effect == pytest.approx(truth["value"], rel=truth["tolerance"])
    assert np.sum((pool @ found - goal) ** 2) > simplex_weights(goal, pool).loss


def rational_optimum(points, support):
    """Return the point of the support nearest to the origin and the smallest slack, in exact arithmetic."""
    m = [[Fraction(str(value)) for value in column] for column in points.T]
    gram = [[sum(a * b for a, b in zip(m[i], m[j], strict=True)) for j in support] for i in range(len(m))]
    rows = [[*gram[i], Fraction(-1), Fraction(0)] for i in support]
    rows.append([Fraction(1)] * len(support) + [Fraction(0), Fraction(1)])
    for c in range(len(rows)):
        pivot = next(r for r in range(c, len(rows)) if rows[r][c] != 0)
        rows[c], rows[pivot] = rows[pivot], rows[c]
        rows[c] = [value / rows[c][c] for value in rows[c]]
        for r in range(len(rows)):
            if r != c:
                rows[r] = [a - rows[r][c] * b for a, b in zip(rows[r], rows[c], strict=True)]
    weights, level = [row[-1] for row in rows[:-1]], rows[-1][-1]
    slack = [sum(g * w for g, w in zip(line, weights, strict=True)) - level for line in gram]
    return weights, min(slack)


def test_the_optimum_is_certified_in_exact_arithmetic(smoking):
    panel, california, _ = smoking
    donors = np.delete(panel, california, axis=0)
    fit = simplex_weights(panel[california, :START], donors[:, :START].T)
    support = np.flatnonzero(fit.weights)
    # a donor and the target as decimal text, so that their difference is exact too
    pool = np.array([[Fraction(str(v)) for v in row] for row in donors[:, :START]], dtype=object)
    goal = np.array([Fraction(str(v)) for v in panel[california, :START]], dtype=object)
    weights, slack = rational_optimum((pool - goal).T, list(support))
    assert min(weights) > 0
    assert slack == 0
    np.testing.assert_allclose(fit.weights[support], [float(w) for w in weights], rtol=1e-9)
    exact = np.zeros(38)
    exact[support] = [float(w) for w in weights]
    assert np.mean((panel[california] - exact @ donors)[START:]) == pytest.approx(EXACT_SC, rel=1e-13)


def kkt(goal, pool, ridge, weights):
    gradient = pool.T @ (pool @ weights - goal) + ridge * weights
    return np.min(gradient - gradient @ weights) / max(np.abs(pool - goal[:, None]).max() ** 2 * len(goal), 1e-300)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6), p=st.integers(1, 25), j=st.integers(2, 40),
    ridge=st.sampled_from([0.0, 1e-6, 1.0, 100.0]), place=st.sampled_from([(1e-6, 0), (1, 0), (1, 50), (1e6, 1)]),
)  # fmt: skip
def test_optimality_conditions(seed, p, j, ridge, place):
    scale, far = place
    rng = np.random.default_rng(seed)
    goal, pool = scale * (rng.standard_normal(p) + far), scale * rng.standard_normal((p, j))
    fit = simplex_weights(goal, pool, ridge=ridge * scale**2)
    assert fit.weights.min() >= 0
    assert fit.weights.sum() == pytest.approx(1, abs=1e-12)
    assert kkt(goal, pool, ridge * scale**2, fit.weights) > -1e-10
    if ridge:
        assert fit.unique


def test_weights_equal_a_general_optimiser():
    rng = np.random.default_rng(3)
    goal, pool = rng.standard_normal(12), rng.standard_normal((12, 6))
    found = optimize.minimize(
        lambda w: np.sum((pool @ w - goal) ** 2), np.full(6, 1 / 6), method="SLSQP", bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    np.testing.assert_allclose(simplex_weights(goal, pool).weights, found.x, atol=1e-6)


def test_more_than_one_optimum_is_seen():
    inside = np.array([[0.0, 2.0, 0.0, 2.0], [0.0, 0.0, 2.0, 2.0]])
    assert not simplex_weights([1.0, 1.0], inside).unique
    assert simplex_weights([1.0, 1.0], inside, ridge=1e-8).unique
    np.testing.assert_allclose(simplex_weights([1.0, 1.0], inside, ridge=1e-8).weights, 0.25, atol=1e-9)
    assert simplex_weights([0.3, 0.4], inside[:, :3]).unique
    assert not simplex_weights([5.0, 0.0], inside[:, [0, 1, 1]]).unique


def panel(rng, units=21, periods=30, factors=2, noise=0.5):
    loadings, common = rng.standard_normal((units, factors)), rng.standard_normal((factors, periods)).cumsum(axis=1)
    return 10 + loadings @ common + noise * rng.standard_normal((units, periods))


@pytest.fixture
def small():
    return panel(np.random.default_rng(8), units=12)


def test_row_order_units_and_shifts_by_period_do_not_matter(small):
    base = synthetic_control(small, 0, 20)
    order = np.random.default_rng(1).permutation(12)
    moved = synthetic_control((3 * small + np.arange(30))[order], int(np.flatnonzero(order == 0)[0]), 20)
    assert moved.effect == pytest.approx(3 * base.effect, rel=1e-8)
    assert moved.placebo_p == base.placebo_p
    did, other = (
        synthetic_did(small, 0, 20),
        synthetic_did((3 * small + np.arange(30))[order], int(np.argmin(order)), 20),
    )
    assert other.effect.estimate == pytest.approx(3 * did.effect.estimate, rel=1e-7)
    assert other.effect.std_error == pytest.approx(3 * did.effect.std_error, rel=1e-7)


def test_a_constant_effect_is_added_exactly(small):
    treated = small.copy()
    treated[0, 20:] += 5
    assert synthetic_control(treated, 0, 20).effect == pytest.approx(synthetic_control(small, 0, 20).effect + 5)
    both = synthetic_did(treated, 0, 20).effect.estimate - synthetic_did(small, 0, 20).effect.estimate
    assert both == pytest.approx(5)


def test_synthetic_did_is_blind_to_unit_and_period_constants(small):
    shifted = small + np.arange(12)[:, None] * 7 + np.arange(30) ** 2
    # the penalty is set by the spread of first differences, which period effects common to all do not move much
    shifted_only_units = small + np.arange(12)[:, None] * 7
    base = synthetic_did(small, 0, 20)
    assert synthetic_did(shifted_only_units, 0, 20).effect.estimate == pytest.approx(base.effect.estimate, rel=1e-7)
    assert synthetic_did(shifted, 0, 20).difference_in_differences == pytest.approx(base.difference_in_differences)


def test_a_mixture_of_donors_is_found_and_its_p_value_is_not_claimed(small):
    exact = small.copy()
    exact[0] = 0.25 * small[3] + 0.75 * small[7]
    found = synthetic_control(exact, 0, 20)
    np.testing.assert_allclose(found.weights[[2, 6]], [0.25, 0.75], atol=1e-9)
    assert found.effect == pytest.approx(0, abs=1e-9)
    assert found.ratio == np.inf
    assert np.isnan(found.placebo_p)


def test_predictors_are_standardised(small):
    features = np.random.default_rng(2).standard_normal((12, 15))
    one = synthetic_control(small, 0, 20, predictors=features)
    two = synthetic_control(small, 0, 20, predictors=features * np.arange(1, 16) + 4)
    np.testing.assert_allclose(one.weights, two.weights, atol=1e-9)
    spread = features.std(axis=0, ddof=1)
    np.testing.assert_allclose(one.weights, simplex_weights(features[0] / spread, (features[1:] / spread).T).weights)


def test_leave_one_out_is_the_estimate_without_that_donor(small):
    found = synthetic_control(small, 0, 20)
    for at in np.flatnonzero(found.weights):
        rest = np.delete(small, found.donors[at], axis=0)
        assert found.leave_one_out[at] == pytest.approx(synthetic_control(rest, 0, 20).effect, rel=1e-9)


def test_west_germany_falls_behind():
    """Abadie, Diamond, Hainmueller (2015): about 1,600 USD a year, Austria the largest donor; here outcomes only."""
    data = dataset("germany.csv").pivot(index="country", columns="year", values="gdp")
    found = synthetic_control(data.to_numpy(), list(data.index).index("West Germany"), list(data.columns).index(1990))
    assert -1700 < found.effect < -1000
    assert found.placebo_p == pytest.approx(1 / 17)
    assert set(np.array(data.index)[found.donors[np.argsort(found.weights)[-2:]]]) == {"USA", "Austria"}


def test_several_treated_units_are_drawn_with_a_generator(small):
    one, two = (synthetic_did(small, [0, 1], 20, rng=np.random.default_rng(5), draws=40) for _ in range(2))
    assert one.effect == two.effect
    assert len(one.placebos) == 40
    assert "40 draws" in str(one.effect.rule)


def holed(y):
    copy = y.copy()
    copy[2, 3] = np.nan
    return copy


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda y: synthetic_control(holed(y), 0, 20), "1 cells are missing, unit and period .2 3. first"),
        (lambda y: synthetic_control(y, [0, 1], 20), "2 units are treated"),
        (lambda y: synthetic_control(y, [0, 1], [20, 22]), "different periods"),
        (lambda y: synthetic_did(y, [0, 1], [20, 22]), "different periods"),
        (lambda y: synthetic_control(y[:2], 0, 20), "1 donors"),
        (lambda y: synthetic_control(y, 0, 0), "no period lies before"),
        (lambda y: synthetic_control(y, 0, 30), "or none after"),
        (lambda y: synthetic_control(y, 12, 20), "distinct rows"),
        (lambda y: synthetic_did(y, [1, 1], 20), "distinct rows"),
        (lambda y: synthetic_control(y[0], 0, 20), "not a panel"),
        (lambda y: synthetic_control(np.vstack([y, y[1]]), 1, 20, predictors=np.ones((13, 2))), "same for all units"),
        (lambda y: synthetic_control(y, 0, 20, predictors=np.ones((11, 2))), "some have none"),
        (lambda y: synthetic_control(y, 0, 20, predictors=holed(y)), "predictors have missing"),
        (lambda y: synthetic_control(np.vstack([y.mean(axis=0), y]), 0, 2), "more than one way"),
        (lambda y: simplex_weights(y[0], y[:1].T), "fewer than two donors"),
        (lambda y: simplex_weights(holed(y)[2], y.T), "target have missing"),
        (lambda y: synthetic_did(y, 0, 1), "1 periods before"),
        (lambda y: synthetic_did(y, list(range(6)), 20, rng=np.random.default_rng(0)), "6 donors for 6 treated"),
        (lambda y: synthetic_did(y, [0, 1], 20), "no generator"),
        (lambda y: synthetic_did(np.repeat(y[:, :1], 30, axis=1), 0, 20), "do not change"),
    ],
)  # fmt: skip
def test_refuses(small, call, words):
    with pytest.raises(NotEstimable, match=words):
        call(small)


def rejections(replications, *, units, seed):
    rng = np.random.default_rng(seed)
    draws = [panel(rng, units=units, periods=14) for _ in range(replications)]
    control = np.mean([synthetic_control(y, 0, 10).placebo_p <= 0.0501 for y in draws])
    did = np.mean([synthetic_did(y, 0, 10).effect.p_value <= 0.05 for y in draws])
    return control, did


@pytest.mark.slow
def test_false_positives_of_placebo_inference():
    """20 units: the smallest p-value of the control is 1/20. Exactly 5 % by symmetry; 1,000 panels give ± 1.4 %."""
    control, did = rejections(1000, units=20, seed=13)
    assert control <= 0.06
    assert did <= 0.065


@pytest.mark.slow
def test_false_positives_of_synthetic_did_with_more_donors():
    rng = np.random.default_rng(17)
    found = [synthetic_did(panel(rng, units=51, periods=14), 0, 10).effect.p_value <= 0.05 for _ in range(1000)]
    assert np.mean(found) <= 0.065


def test_false_positives_in_a_small_sample():
    control, did = rejections(40, units=20, seed=1)
    assert control <= 0.15
    assert did <= 0.2
