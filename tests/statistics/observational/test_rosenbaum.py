"""Bounds under hidden bias against enumeration, scipy and the formula."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.observational.rosenbaum import rosenbaum_bounds

# Blood lead of exposed children and matched controls: Morton et al. (1982), example data of R's rbounds.
EXPOSED = [38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15, 10, 45, 39, 22, 35, 49, 48, 44, 35, 43, 39, 34, 13, 73, 25, 27]  # fmt: skip
CONTROL = [16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24, 13, 9, 14, 21, 19, 7, 18, 19, 12, 11, 22, 25, 16, 13, 11, 13]  # fmt: skip
LEAD = np.array(EXPOSED, float) - CONTROL


def test_normal_bounds_of_the_lead_data_follow_the_formula():
    gammas = np.array([1, 2, 3, 4, 5])
    found = rosenbaum_bounds(LEAD, gammas=gammas, alternative="greater", method="normal")
    ranks, p = stats.rankdata(abs(LEAD[LEAD != 0])), gammas / (1 + gammas)
    z = (ranks[LEAD[LEAD != 0] > 0].sum() - p * ranks.sum()) / np.sqrt(p * (1 - p) * np.sum(ranks**2))
    np.testing.assert_allclose(found.p_high, stats.norm.sf(z), rtol=1e-12)
    assert (found.n_pairs, found.n_zero) == (32, 1)


@given(
    st.lists(st.integers(-4, 4), min_size=2, max_size=9).filter(any),
    st.sampled_from([1, 1.5, 3.0]),
    st.sampled_from(["signed rank", "sign"]),
)
def test_exact_bounds_agree_with_enumeration(values, gamma, test):
    d = np.array(values, float)
    moved = d[d != 0]
    scores = stats.rankdata(abs(moved)) if test == "signed rank" else np.ones(len(moved))
    signs = np.array(list(product([0, 1], repeat=len(moved))))
    reached = signs @ scores >= scores[moved > 0].sum() - 1e-9
    found = rosenbaum_bounds(d, gammas=[gamma], alternative="greater", test=test)
    for p, bound in ((gamma / (1 + gamma), found.p_high[0]), (1 / (1 + gamma), found.p_low[0])):
        mass = np.prod(np.where(signs == 1, p, 1 - p), axis=1)
        assert bound == pytest.approx(mass[reached].sum(), rel=1e-9)


def test_without_hidden_bias_they_are_the_usual_tests():
    d = np.random.default_rng(1).normal(0.4, 1, 25)
    for alternative in ("greater", "less"):
        found = rosenbaum_bounds(d, gammas=[1], alternative=alternative)
        assert found.p_high[0] == pytest.approx(stats.wilcoxon(d, alternative=alternative, method="exact").pvalue)
        normal = rosenbaum_bounds(d, gammas=[1], alternative=alternative, method="normal")
        theirs = stats.wilcoxon(d, alternative=alternative, method="asymptotic", correction=False).pvalue
        assert normal.p_high[0] == pytest.approx(theirs)
    binary = np.r_[np.ones(14), -np.ones(5), np.zeros(40)]
    sign = rosenbaum_bounds(binary, gammas=[1, 2], alternative="greater", test="sign")
    assert sign.p_high[0] == pytest.approx(stats.binomtest(14, 19, 0.5, alternative="greater").pvalue)
    assert sign.p_high[1] == pytest.approx(stats.binomtest(14, 19, 2 / 3, alternative="greater").pvalue)


def test_bounds_widen_and_pass_the_level_at_the_critical_factor():
    for test in ("signed rank", "sign"):
        for method in ("exact", "normal"):
            found = rosenbaum_bounds(
                LEAD, gammas=np.linspace(1, 8, 15), alternative="greater", test=test, method=method
            )
            assert np.all(np.diff(found.p_high) > 0)
            assert np.all(np.diff(found.p_low) < 0)
            assert found.p_low[0] == found.p_high[0]
            at = rosenbaum_bounds(LEAD, gammas=[found.critical_gamma], alternative="greater", test=test, method=method)
            assert at.p_high[0] == pytest.approx(0.05, rel=1e-9)


def test_order_scale_and_sign_do_not_matter():
    found = rosenbaum_bounds(LEAD, gammas=[2], alternative="greater")
    assert rosenbaum_bounds(LEAD[::-1] * 0.01, gammas=[2], alternative="greater") == found
    assert rosenbaum_bounds(-LEAD, gammas=[2], alternative="less").critical_gamma == found.critical_gamma
    assert rosenbaum_bounds(-LEAD, gammas=[2], alternative="greater").critical_gamma is None


def test_refusals():
    for d, options, words in (
        (np.zeros(9), {}, "no matched pair differs"),
        ([1, np.nan], {}, "difference is missing"),
        (LEAD, {"gammas": [0.5]}, "below 1"),
        (LEAD, {"gammas": [np.nan]}, "below 1"),
        (LEAD, {"alpha": 0}, "level is 0"),
        (LEAD, {"alternative": "two-sided"}, "alternative"),
        (LEAD, {"test": "t"}, "test 't' is not known"),
        (LEAD, {"method": "bootstrap"}, "not known"),
        (np.arange(1, 400), {}, "399 pairs are too many"),
    ):
        with pytest.raises(NotEstimable, match=words):
            rosenbaum_bounds(d, **({"gammas": [1], "alternative": "greater"} | options))


@pytest.mark.slow
def test_bias_within_the_bound_is_rarely_called_an_effect():
    rng = np.random.default_rng(4)
    size = rng.gamma(2, 1, (1000, 40))
    signs = np.where(rng.random((1000, 40)) < 2 / 3, 1, -1)
    found = [rosenbaum_bounds(d, gammas=[2], alternative="greater").p_high[0] for d in size * signs]
    assert np.mean(np.array(found) < 0.05) <= 0.06
