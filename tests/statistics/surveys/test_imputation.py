"""Multiple imputation: Rubin's rules by hand, seeds, refusals, coverage where complete cases are biased."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from impact.errors import NotEstimable
from impact.statistics.core import Estimate
from impact.statistics.surveys.imputation import multiply_impute, pool


def test_rubins_rules_by_hand():
    """Ū = 4, B = 2.5, T = 4 + 1.2 · 2.5 = 7, λ = 3/7, ν_old = 4/λ² = 196/9."""
    found = pool(np.array([8.0, 9, 10, 11, 12]), np.array([3.0, 4, 4, 4, 5]), n_obs=50)
    assert (found.estimate, found.std_error) == pytest.approx((10, math.sqrt(7)))
    assert found.df == pytest.approx(196 / 9)
    assert str(found.rule) == "Rubin's rules, 5 imputations"
    finite = pool(np.array([8.0, 9, 10, 11, 12]), np.array([3.0, 4, 4, 4, 5]), 47, n_obs=50)
    observed = 48 / 50 * 47 * 4 / 7
    assert finite.df == pytest.approx(1 / (9 / 196 + 1 / observed))
    assert finite.df < min(47, 196 / 9)


def test_classic_and_relative_increase_forms_of_the_df_are_the_same():
    estimates, variances = np.array([1.0, 1.4, 0.7, 1.1]), np.array([0.5, 0.4, 0.6, 0.5])
    increase = 1.25 * estimates.var(ddof=1) / variances.mean()
    assert pool(estimates, variances, n_obs=9).df == pytest.approx(3 * (1 + 1 / increase) ** 2)


def test_nothing_missing_pools_to_the_complete_estimate():
    found = pool(np.full(5, 2.0), np.full(5, 0.25), n_obs=30)
    assert (found.estimate, found.std_error, found.df) == (2.0, 0.5, math.inf)
    assert pool(np.full(5, 2.0), np.full(5, 0.25), 29, n_obs=30).df == pytest.approx(30 * 29 / 32)


@pytest.mark.parametrize(
    ("estimates", "variances", "df", "reason"),
    [
        ([1.0], [1.0], 9, "not two imputations"),
        ([1.0, 2.0], [1.0], 9, "not two imputations"),
        ([1.0, np.nan], [1.0, 1.0], 9, "no estimate or no positive variance"),
        ([1.0, 2.0], [1.0, 0.0], 9, "no estimate or no positive variance"),
        ([1.0, 2.0], [1.0, 1.0], 0, "no degrees of freedom"),
    ],
)
def test_pools_that_cannot_be(estimates, variances, df, reason):
    with pytest.raises(NotEstimable, match=reason):
        pool(np.array(estimates), np.array(variances), df, n_obs=10)


def incomplete(seed: int, n: int = 200) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return data with values missing where x is high (y) or at random (z), and the data behind."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = 1 + x + rng.normal(size=n)
    whole = pd.DataFrame({"x": x, "y": y, "z": 100 + 20 * (x - y) + 20 * rng.normal(size=n)})
    holes = np.column_stack([np.zeros(n), rng.random(n) < 1 / (1 + np.exp(0.5 - 1.5 * x)), rng.random(n) < 0.2])
    return whole.mask(holes.astype(bool)), whole


def test_observed_values_index_and_columns_stay():
    frame, _ = incomplete(1)
    frame.index = frame.index[::-1] + 5
    fillings = multiply_impute(frame, rng=np.random.default_rng(1), draws=3)
    assert len(fillings) == 3
    for filling in fillings:
        pd.testing.assert_frame_equal(filling.where(frame.notna()), frame)
        assert not filling.isna().to_numpy().any()
    assert not fillings[0].equals(fillings[1])


def test_the_seed_decides_and_the_global_state_is_left_alone():
    frame, _ = incomplete(2)
    state = np.random.get_state()[1].copy()
    first, again, other = (multiply_impute(frame, rng=np.random.default_rng(seed), draws=2) for seed in (1, 1, 2))
    assert first[1].equals(again[1])
    assert not first[1].equals(other[1])
    assert (np.random.get_state()[1] == state).all()


def test_units_of_a_column_do_not_matter():
    frame, _ = incomplete(3)
    plain = multiply_impute(frame, rng=np.random.default_rng(1), draws=2)[1]
    scaled = multiply_impute(frame * [1, 1e6, 1e-3] + [5, 0, 0], rng=np.random.default_rng(1), draws=2)[1]
    assert scaled["y"].to_numpy() / 1e6 == pytest.approx(plain["y"].to_numpy())


def test_a_complete_frame_and_nullable_numbers():
    _, whole = incomplete(4)
    assert all(filling.equals(whole) for filling in multiply_impute(whole, rng=np.random.default_rng(1), draws=2))
    nullable = whole.round().astype("Int64")
    nullable.iloc[3, 1] = pd.NA
    filled = multiply_impute(nullable, rng=np.random.default_rng(1), draws=2)[0]
    assert filled.dtypes.eq("float64").all()
    assert filled.notna().to_numpy().all()


def test_draws_have_the_spread_of_the_posterior_prediction():
    """One value missing of a normal sample of n: t with n − 1 degrees of freedom, scale s·√(1 + 1/n)."""
    values = np.append(np.random.default_rng(5).normal(3, 2, 12), np.nan)
    other = np.append(np.random.default_rng(6).normal(size=12), 0.0)
    residual = np.linalg.lstsq(np.column_stack([np.ones(12), other[:12]]), values[:12], rcond=None)
    frame = pd.DataFrame({"other": other, "value": values})
    drawn = np.array(
        [f["value"].iloc[-1] for f in multiply_impute(frame, rng=np.random.default_rng(1), draws=8000, cycles=1)]
    )
    inverse = np.linalg.inv(np.array([[12, other.sum()], [other.sum(), other @ other]]))
    variance = residual[1][0] / 10 * (1 + inverse[0, 0]) * 10 / 8
    assert drawn.mean() == pytest.approx(residual[0][0], abs=4 * np.sqrt(variance / 8000))
    assert drawn.var() == pytest.approx(variance, rel=0.1)


BASE = pd.DataFrame({"a": [1.0, 2, 3, 4, 5, np.nan, 7, 8], "b": [3.0, 1, 4, 1, 5, 9, 2, 6]})


@pytest.mark.parametrize(
    ("frame", "options", "reason"),
    [
        (BASE.assign(c=np.nan), {}, "no observed value: c"),
        (BASE.assign(c=[2.0, np.nan, 2, 2, 2, 2, 2, 2]), {}, "constant: c"),
        (BASE.assign(c=BASE["a"] + 2 * BASE["b"]), {}, "combinations of others in complete rows: c"),
        (BASE.assign(c=list("abcdefgh")), {}, "not numeric: c"),
        (BASE.assign(c=[1, 2, 3, 4, 5, 6, 7, np.inf]), {}, "infinite"),
        (BASE.assign(c=[1.0, 5, 2] + 5 * [np.nan]), {}, "only 3 rows are complete for 3 columns"),
        (BASE, {"draws": 1}, "one imputation"),
        (BASE, {"cycles": 0}, "one imputation"),
    ],
)
def test_frames_that_cannot_be_imputed(frame, options, reason):
    with pytest.raises(NotEstimable, match=reason):
        multiply_impute(frame, rng=np.random.default_rng(1), **options)


def pooled_mean(frames: list[pd.DataFrame], name: str) -> Estimate:
    values = np.array([frame[name].to_numpy() for frame in frames])
    n = values.shape[1]
    return pool(values.mean(axis=1), values.var(axis=1, ddof=1) / n, n - 1, n_obs=n)


def covered(replications: int, seed: int) -> tuple[float, float, float]:
    """Coverage of the means of y and z by imputation, and of y by complete cases."""
    hits = np.zeros(3)
    for step in range(replications):
        frame, _ = incomplete(seed * 10_000 + step)
        frames = multiply_impute(frame, rng=np.random.default_rng(step), draws=20, cycles=5)
        for place, (name, truth) in enumerate((("y", 1.0), ("z", 80.0))):
            found = pooled_mean(frames, name)
            hits[place] += found.conf_low < truth < found.conf_high
        left = frame["y"].dropna()
        hits[2] += abs(left.mean() - 1) < 1.97 * left.std() / np.sqrt(len(left))
    return tuple(hits / replications)


def test_coverage_of_imputed_means_small():
    y, z, complete = covered(60, 1)
    assert min(y, z) > 0.88
    assert complete < 0.5


@pytest.mark.slow
def test_coverage_of_imputed_means():
    y, z, complete = covered(1000, 2)
    assert 0.93 <= y <= 0.97
    assert 0.93 <= z <= 0.97
    assert complete < 0.2
