"""Lee bounds against R, Lee's variance formula, resampling, and simulations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.experiments.bounds import lee_bounds
from tests.support.references import dataset, reference


@pytest.fixture(scope="module")
def nsw():
    data = dataset("cd_nsw_mixtape.csv")
    return data["re78"].to_numpy(float), data["treat"].to_numpy()


@pytest.mark.parametrize("name", ["lee.nsw_log", "lee.nsw_level"])
def test_agrees_with_r(nsw, name):
    earned, treated = nsw
    truth = reference(name)
    seen = earned > 0
    y = np.where(seen, np.log(np.where(seen, earned, 1)) if name.endswith("log") else earned, np.nan)
    found = lee_bounds(y, treated)
    extra, close = truth["extra"], truth["tolerance"]
    assert found.lower.estimate == pytest.approx(truth["value"], rel=close)
    assert found.lower.estimate == pytest.approx(extra["lower_bound"], rel=close)
    assert found.upper.estimate == pytest.approx(extra["upper_bound"], rel=close)
    assert found.trimmed_share == pytest.approx(1 - extra["p0"], rel=close)
    assert found.selected_control == pytest.approx(extra["s0"], rel=close)
    assert found.selected_treated == pytest.approx(extra["s1"], rel=close)
    assert found.trimmed == "treated"
    assert found.lower.estimate + extra["mean_no_trim"] == pytest.approx(extra["trimmed_mean_lower"], rel=close)


def simulated(rng, n, effect=0.0, more=0.2):
    d = rng.permutation(np.arange(n) % 2)
    base, liable = rng.standard_normal(n), rng.random(n)
    y = np.where(liable < 0.6 + more * d, base + effect * d, np.nan)
    return y, d


def lee_variance(y, d, upper):
    """Lee (2009), proposition 3, written out."""
    n, seen = len(y), np.isfinite(y)
    s1, s0 = seen[d == 1].mean(), seen[d == 0].mean()
    p = 1 - s0 / s1
    treated, control = y[(d == 1) & seen], y[(d == 0) & seen]
    cut = np.quantile(treated, p if upper else 1 - p)
    kept = treated[treated >= cut] if upper else treated[treated <= cut]
    mean, share = kept.mean(), ((d == 1) & seen).mean()
    first = kept.var() / (share * (1 - p)) + (cut - mean) ** 2 * p / (share * (1 - p))
    second = (
        ((cut - mean) / (1 - p)) ** 2 * (1 - p) ** 2 * ((1 - s1) / (d.mean() * s1) + (1 - s0) / ((1 - d.mean()) * s0))
    )
    return np.sqrt((first + second + control.var() / ((d == 0) & seen).mean()) / n)


def test_errors_are_those_of_the_proposition():
    y, d = simulated(np.random.default_rng(1), 40_000)
    found = lee_bounds(y, d)
    assert found.lower.std_error == pytest.approx(lee_variance(y, d, upper=False), rel=1e-3)
    assert found.upper.std_error == pytest.approx(lee_variance(y, d, upper=True), rel=1e-3)
    assert np.sum(found.lower.influence) == pytest.approx(0, abs=1e-3)


def test_errors_are_those_of_the_bootstrap():
    rng = np.random.default_rng(2)
    y, d = simulated(rng, 800)
    found = lee_bounds(y, d)
    rows = rng.integers(0, 800, (600, 800))
    draws = np.array([(b.lower.estimate, b.upper.estimate) for b in (lee_bounds(y[r], d[r]) for r in rows)])
    assert found.lower.std_error == pytest.approx(draws[:, 0].std(), rel=0.12)
    assert found.upper.std_error == pytest.approx(draws[:, 1].std(), rel=0.12)


def test_without_selection_both_bounds_are_the_difference_in_means():
    rng = np.random.default_rng(3)
    y, d = rng.standard_normal(60), np.arange(60) % 2
    found = lee_bounds(y, d)
    difference = y[d == 1].mean() - y[d == 0].mean()
    assert found.lower.estimate == pytest.approx(difference, rel=1e-12)
    assert found.upper.estimate == pytest.approx(difference, rel=1e-12)
    assert found.trimmed == "neither"
    error = np.sqrt(y[d == 1].var() / 30 + y[d == 0].var() / 30)
    assert found.lower.std_error == pytest.approx(error, rel=1e-12)
    half = stats.norm.ppf(0.975) * error
    assert found.conf_high - found.conf_low == pytest.approx(2 * half, rel=1e-9)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), scale=st.floats(1e-3, 1e4), shift=st.floats(-10, 10))
def test_scaling_order_and_swapping_arms(seed, scale, shift):
    rng = np.random.default_rng(seed)
    y, d = simulated(rng, 120)
    found = lee_bounds(y, d)
    assert found.lower.estimate <= found.upper.estimate + 1e-12
    assert found.conf_low < found.lower.estimate
    assert found.conf_high > found.upper.estimate
    order = rng.permutation(120)
    moved = lee_bounds((scale * y + shift)[order], d[order])
    assert moved.lower.estimate == pytest.approx(scale * found.lower.estimate, rel=1e-6, abs=1e-9 * scale)
    assert moved.lower.std_error == pytest.approx(scale * found.lower.std_error, rel=1e-6)
    swapped = lee_bounds(y, 1 - d)
    assert swapped.lower.estimate == pytest.approx(-found.upper.estimate, rel=1e-10)
    assert swapped.upper.std_error == pytest.approx(found.lower.std_error, rel=1e-10)
    assert {found.trimmed, swapped.trimmed} in ({"treated", "control"}, {"neither"})


def test_arms_observed_equally_often_are_treated_alike():
    y, d = simulated(np.random.default_rng(13550), 120)
    found, swapped = lee_bounds(y, d), lee_bounds(y, 1 - d)
    assert found.trimmed == "neither"
    assert found.lower.estimate == pytest.approx(found.upper.estimate, rel=1e-12)
    assert swapped.upper.std_error == pytest.approx(found.lower.std_error, rel=1e-12)


def test_ties_at_the_quantile_keep_just_the_mass_wanted():
    """Ten of ten treated observed, half of the controls: q = 1/2 of (4 zeros, 6 ones): 1/5 low, 1 high."""
    y = np.array([0] * 4 + [1] * 6 + [0, 0, 1, 1, 1] + [np.nan] * 5, dtype=float)
    d = np.repeat([1, 0], 10)
    found = lee_bounds(y, d)
    assert found.lower.estimate == pytest.approx(0.2 - 0.6)
    assert found.upper.estimate == pytest.approx(1.0 - 0.6)


def test_weights_are_copies_of_rows():
    y, d = simulated(np.random.default_rng(5), 200)
    copies = np.random.default_rng(6).integers(1, 4, 200)
    weighted = lee_bounds(y, d, weights=copies)
    copied = lee_bounds(np.repeat(y, copies), np.repeat(d, copies))
    # copies of the row at the quantile make it tied, so both keep just the mass wanted
    assert weighted.trimmed_share == pytest.approx(copied.trimmed_share, rel=1e-12)
    assert weighted.lower.estimate == pytest.approx(copied.lower.estimate, abs=0.02)
    assert lee_bounds(y, d, weights=np.full(200, 2.5)).lower.estimate == lee_bounds(y, d).lower.estimate
    clustered = lee_bounds(np.repeat(y, copies), np.repeat(d, copies), clusters=np.repeat(np.arange(200), copies))
    assert clustered.lower.std_error == pytest.approx(weighted.lower.std_error, rel=0.1)


def test_strata_average_over_those_always_observed_and_tighten():
    rng = np.random.default_rng(7)
    n = 4000
    group, d = np.arange(n) % 2, np.arange(n) // 2 % 2
    y = np.where(rng.random(n) < 0.5 + 0.2 * d * group + 0.15 * d, 3 * group + rng.standard_normal(n), np.nan)
    whole, parted = lee_bounds(y, d), lee_bounds(y, d, strata=group)
    assert parted.upper.estimate - parted.lower.estimate < whole.upper.estimate - whole.lower.estimate
    ones = [lee_bounds(y[group == g], d[group == g]) for g in (0, 1)]
    seen = np.array([np.isfinite(y[(group == g) & (d == 0)]).sum() for g in (0, 1)])
    expected = np.average([one.lower.estimate for one in ones], weights=seen)
    assert parted.lower.estimate == pytest.approx(expected, rel=1e-12)
    rows = rng.integers(0, n, (150, n))
    draws = [lee_bounds(y[r], d[r], strata=group[r]).lower.estimate for r in rows]
    assert parted.lower.std_error == pytest.approx(np.std(draws), rel=0.2)


def holed(values, at=3):
    copy = values.astype(float)
    copy[at] = np.nan
    return copy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y, d: ((y, np.ones(len(y))), {}), "only 0 observed"),
        (lambda y, d: ((np.where(d == 1, np.nan, y), d), {}), "only 0 observed"),
        (lambda y, d: ((y, holed(d)), {}), "not 0 or 1"),
        (lambda y, d: ((y, d + 1), {}), "not 0 or 1"),
        (lambda y, d: ((y, d[:-1]), {}), "differ in length"),
        (lambda y, d: ((np.where(np.arange(len(y)) == 2, np.inf, y), d), {}), "infinite"),
        (lambda y, d: ((y, d), {"weights": np.zeros(len(y))}), "weights are not positive"),
        (lambda y, d: ((y, d), {"weights": holed(np.ones(len(y)))}), "weights are not positive"),
        (lambda y, d: ((y, d), {"strata": holed(d)}), "no strata"),
        (lambda y, d: ((y, d), {"strata": np.arange(len(y))}), "observed outcomes in a stratum"),
        (lambda y, d: ((y, d), {"clusters": d}), "arm lie in one cluster"),
        (lambda y, d: ((np.where(np.isfinite(y), 1.0, np.nan), d), {}), "does not vary"),
    ],
)
def test_refuses(change, words):
    args, options = change(*simulated(np.random.default_rng(0), 100))
    with pytest.raises(NotEstimable, match=words):
        lee_bounds(*args, **options)


def test_refuses_strata_that_disagree():
    rng = np.random.default_rng(1)
    group, d = np.arange(800) % 2, np.arange(800) // 2 % 2
    y = np.where(rng.random(800) < 0.6 + 0.3 * d * (2 * group - 1), rng.standard_normal(800), np.nan)
    with pytest.raises(NotEstimable, match="some strata"):
        lee_bounds(y, d, strata=group)


def truths(more=0.2, keep=0.6):
    """Bounds in the population of :func:`simulated`: standard normal outcomes, selection independent of them."""
    q = keep / (keep + more)
    trimmed = -stats.norm.pdf(stats.norm.ppf(q)) / q
    return trimmed, -trimmed


def coverage(replications, n):
    rng = np.random.default_rng(30)
    low, high = truths()
    hits = np.zeros(3)
    for _ in range(replications):
        found = lee_bounds(*simulated(rng, n))
        hits += (
            found.lower.conf_low <= low <= found.lower.conf_high,
            found.upper.conf_low <= high <= found.upper.conf_high,
            found.conf_low <= low <= found.conf_high,
        )
    return hits / replications


def test_coverage_in_a_small_sample():
    assert np.all(coverage(150, 600) >= 0.88)


@pytest.mark.slow
def test_coverage():
    """The Imbens-Manski interval is at its 95 % when the effect lies on a bound, as here on the lower one."""
    found = coverage(3000, 1000)
    assert np.all((found >= 0.93) & (found <= 0.97))
