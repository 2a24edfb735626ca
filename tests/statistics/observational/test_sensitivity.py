"""Sensitivity to confounding against R, published examples, and regressions with the confounder at hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.observational.oster import oster
from impact.statistics.observational.sensitivity import e_value, e_value_difference, robustness_value
from tests.support.references import dataset, reference


@pytest.fixture(scope="module")
def lalonde():
    data = dataset("lalonde_matchit.csv")
    race = [(data["race"] == name).astype(float) for name in ("hispan", "white")]
    plain = [data[name] for name in ("age", "educ", "married", "nodegree", "re74", "re75")]
    return data["re78"].to_numpy(float), data["treat"].to_numpy(float), np.column_stack(plain + race)


def test_oster_agrees_with_r(lalonde):
    truth = reference("sens.oster")
    found, beta = oster(*lalonde, r2_max=0.25), truth["extra"]["beta"]
    assert found.delta == pytest.approx(truth["value"], rel=truth["tolerance"])
    assert found.beta == pytest.approx(beta["beta*"], rel=truth["tolerance"])
    assert found.solutions[1] == pytest.approx(beta["Alternative Solution 1"], rel=truth["tolerance"])
    assert found.uncontrolled == pytest.approx(beta["Uncontrolled Coefficient"], rel=1e-12)
    assert found.controlled == pytest.approx(beta["Controlled Coefficient"], rel=1e-12)
    assert found.r2_uncontrolled == pytest.approx(beta["Uncontrolled R-square"], rel=1e-12)
    assert found.r2_controlled == pytest.approx(beta["Controlled R-square"], rel=1e-12)


def test_default_r2_max_is_the_rule_of_the_paper(lalonde):
    found = oster(*lalonde)
    assert found.r2_max == pytest.approx(1.3 * found.r2_controlled)


def test_delta_and_beta_invert_each_other(lalonde):
    found = oster(*lalonde, r2_max=0.25)
    assert oster(*lalonde, r2_max=0.25, target=found.beta).delta == pytest.approx(1, rel=1e-9)
    assert oster(*lalonde, r2_max=0.25, target=found.solutions[1]).delta == pytest.approx(1, rel=1e-9)
    half = oster(*lalonde, r2_max=0.25, assumed_delta=0.5)
    for solution in half.solutions:
        assert oster(*lalonde, r2_max=0.25, target=solution).delta == pytest.approx(0.5, rel=1e-7)


def test_the_controlled_coefficient_needs_no_selection(lalonde):
    assert oster(*lalonde, target=oster(*lalonde).controlled).delta == pytest.approx(0, abs=1e-9)


def test_the_truth_is_found_where_selection_is_proportional():
    """x = w₁ + w₂ + noise with equal variances: δ = 1 in the population, and R²max is known."""
    rng = np.random.default_rng(1)
    seen, hidden, noise = rng.standard_normal((3, 200_000))
    x = seen + hidden + noise
    y = 2 * x + seen + hidden
    found = oster(y, x, seen, r2_max=1.0)
    assert found.beta == pytest.approx(2, abs=0.02)
    assert oster(y, x, seen, r2_max=1.0, target=2.0).delta == pytest.approx(1, abs=0.02)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), a=st.floats(0.01, 100), b=st.floats(0.01, 100))
def test_units_do_not_matter_for_delta(seed, a, b):
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((80, 2))
    x = w @ [1, 0.5] + rng.standard_normal(80)
    y = x + w @ [0.7, 1] + rng.standard_normal(80)
    one, two = oster(y, x, w, r2_max=0.95), oster(a * y + 3, b * x - 1, w[::-1][::-1] * 5, r2_max=0.95)
    assert two.delta == pytest.approx(one.delta, rel=1e-6)
    assert two.beta == pytest.approx(one.beta * a / b, rel=1e-6)


def made():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((50, 2))
    x = w[:, 0] + rng.standard_normal(50)
    return x + w @ [1, 1] + rng.standard_normal(50), x, w


def holed(values):
    copy = values.copy()
    copy[3] = np.nan
    return copy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y, x, w: ((holed(y), x, w), {}), "missing"),
        (lambda y, x, w: ((y, x, holed(w)), {}), "missing"),
        (lambda y, x, w: ((y, x[:-1], w), {}), "differ in length"),
        (lambda y, x, w: ((y, x, w[:, :0]), {}), "0 controls"),
        (lambda y, x, w: ((y[:4], x[:4], w[:4]), {}), "4 rows and 2 controls"),
        (lambda y, x, w: ((y, x, np.column_stack([w, w.sum(axis=1)])), {}), "determined by the others"),
        (lambda y, x, w: ((y, x, np.ones(50)), {}), "a control is constant"),
        (lambda y, x, w: ((y, w[:, 0] - w[:, 1], w), {}), "treatment does not vary"),
        (lambda y, x, w: ((y, np.ones(50), w), {}), "treatment does not vary"),
        (lambda y, x, w: ((np.ones(50), x, w), {}), "outcome does not vary"),
        (lambda y, x, w: ((y, x, w), {"r2_max": 0.1}), "R²max"),
        (lambda y, x, w: ((y, x, w), {"r2_max": 1.1}), "R²max"),
        (lambda y, x, w: ((y, x, w), {"r2_max": float("nan")}), "R²max"),
    ],
)
def test_oster_refuses(change, words):
    args, options = change(*made())
    with pytest.raises(NotEstimable, match=words):
        oster(*args, **options)


def test_oster_refuses_controls_that_change_nothing():
    x, w, y = np.array([1, -1, 1, -1] * 5), np.array([1, 1, -1, -1] * 5), np.tile([1.0, -1, 1, -1], 5)
    with pytest.raises(NotEstimable, match="neither coefficient nor"):
        oster(y + np.repeat([0.5, -0.5, -0.5, 0.5, 0], 4), x, w, r2_max=1.0)


def test_e_value_agrees_with_the_paper():
    truth = reference("sens.evalue")
    found = e_value(3.9, conf_low=1.8, conf_high=8.7)
    assert found.point == pytest.approx(truth["value"], rel=truth["tolerance"])
    assert found.limit == pytest.approx(3.0, abs=1e-9)
    assert e_value(1.0).point == 1
    assert e_value(3.9).limit is None


@given(ratio=st.floats(0.01, 100))
def test_e_value_of_a_protective_ratio_is_that_of_its_inverse(ratio):
    assert e_value(ratio).point == pytest.approx(e_value(1 / ratio).point, rel=1e-9)
    inverse = e_value(ratio).point
    assert inverse**2 / (2 * inverse - 1) == pytest.approx(max(ratio, 1 / ratio), rel=1e-6)


def test_e_value_limits():
    assert e_value(0.5, conf_low=0.3, conf_high=0.8).limit == pytest.approx(e_value(0.8).point)
    assert e_value(1.5, conf_low=0.9, conf_high=2.5).limit == 1
    found = e_value_difference(0.4, 0.1)
    assert found.point == pytest.approx(e_value(np.exp(0.364)).point)
    assert found.limit == pytest.approx(e_value(np.exp(0.364 - 0.178)).point)
    assert e_value_difference(-0.4, 0.1).limit == pytest.approx(found.limit)
    assert e_value_difference(0.4).limit is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: e_value(0),
        lambda: e_value(float("nan")),
        lambda: e_value(-2),
        lambda: e_value(2, conf_low=1.5),
        lambda: e_value(2, conf_low=2.5, conf_high=3),
        lambda: e_value(0.5, conf_low=-0.1, conf_high=0.8),
        lambda: e_value_difference(float("inf")),
        lambda: e_value_difference(0.3, 0),
        lambda: robustness_value(float("nan"), 50),
        lambda: robustness_value(2, 1),
        lambda: robustness_value(2, 50, q=0),
    ],
)
def test_refuses(call):
    with pytest.raises(NotEstimable):
        call()


def test_darfur():
    """Cinelli, Hazlett (2020), section 4: t = 4.18, df = 783; RV 13.9 %, 7.6 % at 5 %, partial R² 2.2 %."""
    found = robustness_value(4.18, 783)
    assert found.robustness_value == pytest.approx(0.139, abs=5e-4)
    assert found.robustness_value_significance == pytest.approx(0.076, abs=5e-4)
    assert found.partial_r2 == pytest.approx(0.022, abs=5e-4)


def test_robustness_value_of_strong_and_weak_findings():
    assert robustness_value(1.5, 100).robustness_value_significance == 0
    strong = robustness_value(200, 20)
    assert 0.98 < strong.robustness_value_significance <= strong.robustness_value < 1
    assert robustness_value(-4.18, 783) == robustness_value(4.18, 783)
    assert robustness_value(4, 100, q=0.5).robustness_value < robustness_value(4, 100).robustness_value


def test_a_confounder_of_that_strength_removes_the_estimate():
    """Bias = se √df · R²/√(1−R²) with equal partial R²: at the robustness value it equals the estimate."""
    t, df = 3.0, 60
    r2 = robustness_value(t, df).robustness_value
    assert np.sqrt(df) * r2 / np.sqrt(1 - r2) == pytest.approx(t, rel=1e-12)
