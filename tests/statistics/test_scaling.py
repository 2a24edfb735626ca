"""Effects carried to a territory: closed forms, published Fieller limits, and how often the intervals hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import t_quantile
from impact.statistics.scaling import BOUND, INFLUENCE, ONE_GROUP, correlation, fieller, scaled_sum

REACH = np.array([3.0, 1.0, 2.0])
EFFECTS = np.array([1.0, -2.0, 0.5])
ERRORS = np.array([0.2, 0.5, 0.1])
numbers = st.floats(-50, 50).filter(lambda x: abs(x) > 1e-2)
positive = st.floats(0.01, 10)


# ------------------------------------------------------------------ the weighted sum


def test_independent_groups_add_their_variances() -> None:
    """Units of one group have no influence on another: the covariance is zero and variances add up."""
    influences = np.kron(np.eye(3), np.array([[1.0], [-1.0]]))
    found = scaled_sum(EFFECTS, ERRORS, REACH, n_obs=6, influences=influences, df=12)
    assert found.estimate == pytest.approx(3 - 2 + 1, rel=1e-15)
    assert found.std_error == pytest.approx(math.sqrt(0.6**2 + 0.5**2 + 0.2**2), rel=1e-12)
    half = stats.t.ppf(0.975, 12) * found.std_error
    assert (found.conf_low, found.conf_high) == pytest.approx((2 - half, 2 + half), rel=1e-12)
    assert (found.rule, found.df, found.n_obs) == (INFLUENCE, 12, 6)


def test_groups_that_move_as_one_add_their_errors_and_opposite_ones_cancel() -> None:
    one = np.array([0.3, -0.1, -0.2])
    together = scaled_sum(EFFECTS[:2], ERRORS[:2], REACH[:2], n_obs=6, influences=np.column_stack([one, 5 * one]))
    assert together.std_error == pytest.approx(0.6 + 0.5, rel=1e-12)
    against = scaled_sum(EFFECTS[:2], ERRORS[:2], REACH[:2], n_obs=6, influences=np.column_stack([one, -one]))
    assert against.std_error == pytest.approx(0.6 - 0.5, rel=1e-9)


def test_without_influence_errors_are_added_up_which_no_correlation_exceeds() -> None:
    bound = scaled_sum(EFFECTS, ERRORS, REACH, n_obs=6)
    assert (bound.std_error, bound.rule) == (pytest.approx(0.6 + 0.5 + 0.2, rel=1e-12), BOUND)
    rng = np.random.default_rng(1)
    for _ in range(50):
        influences = rng.normal(size=(9, 3)) @ rng.normal(size=(3, 3))
        found = scaled_sum(EFFECTS, ERRORS, REACH, n_obs=6, influences=influences)
        assert found.std_error <= bound.std_error * (1 + 1e-12)


def test_a_group_whose_influence_is_all_zero_is_one_whose_influence_is_not_known() -> None:
    influences = np.array([[1.0, 0.0], [-1.0, 0.0]])
    found = scaled_sum(EFFECTS[:2], ERRORS[:2], REACH[:2], n_obs=6, influences=influences)
    assert found.rule == BOUND


def test_the_error_of_the_reach_is_added() -> None:
    """By the delta method Var(r·e) = r²·Var(e) + e²·Var(r)."""
    one = scaled_sum(EFFECTS[:1], ERRORS[:1], REACH[:1], n_obs=6, reach_errors=np.array([0.8]))
    assert (one.std_error, one.rule) == (pytest.approx(math.hypot(3 * 0.2, 1 * 0.8), rel=1e-12), ONE_GROUP)
    influences = np.kron(np.eye(3), np.array([[1.0], [-1.0]]))
    several = scaled_sum(EFFECTS, ERRORS, REACH, n_obs=6, influences=influences, reach_errors=np.array([0.8, 0.0, 0.4]))
    parts = (0.6, 0.5, 0.2, 1 * 0.8, 0.5 * 0.4)
    assert several.std_error == pytest.approx(math.sqrt(sum(part**2 for part in parts)), rel=1e-12)


@given(st.integers(0, 10_000), st.floats(0.01, 1000), st.floats(0.01, 1000))
def test_units_of_measurement_and_the_order_of_groups_and_units_do_not_matter(seed, per_unit, per_head) -> None:
    rng = np.random.default_rng(seed)
    influences = rng.normal(size=(12, 3))
    plain = scaled_sum(EFFECTS, ERRORS, REACH, n_obs=6, influences=influences, df=9)
    order, rows = rng.permutation(3), rng.permutation(12)
    other = scaled_sum(
        EFFECTS[order] * per_unit,
        ERRORS[order] * per_unit,
        REACH[order] * per_head,
        n_obs=6,
        influences=influences[rows][:, order] * per_unit,
        df=9,
    )
    assert other.estimate == pytest.approx(plain.estimate * per_unit * per_head, rel=1e-9)
    assert other.std_error == pytest.approx(plain.std_error * per_unit * per_head, rel=1e-9)
    assert other.p_value == pytest.approx(plain.p_value, rel=1e-9)


def test_against_a_joint_regression_with_clustered_errors() -> None:
    """Effects in two groups that share clusters: the joint regression of statsmodels has their covariance."""
    rng = np.random.default_rng(7)
    n = 240
    cluster, group = np.arange(n) // 12, rng.integers(0, 2, n)
    treated = (cluster % 2).astype(float)
    y = rng.normal(size=20)[cluster] + treated * (1 + group) + rng.normal(size=n)
    effects, errors, influences = [], [], []
    for label in (0, 1):
        inside = group == label
        matrix = sm.add_constant(treated[inside])
        fit = sm.OLS(y[inside], matrix).fit(
            cov_type="cluster", cov_kwds={"groups": cluster[inside], "use_correction": False}
        )
        effects.append(fit.params[1])
        errors.append(fit.bse[1])
        scores = (np.linalg.inv(matrix.T @ matrix) @ (matrix * fit.resid[:, None]).T)[1]
        influences.append(np.bincount(cluster[inside], weights=scores, minlength=20))
    both = np.column_stack([group == 0, group == 1, treated * (group == 0), treated * (group == 1)]).astype(float)
    joint = sm.OLS(y, both).fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
    reach = np.array([0.0, 0.0, 5.0, 2.0])
    found = scaled_sum(np.array(effects), np.array(errors), reach[2:], n_obs=n, influences=np.column_stack(influences))
    assert found.estimate == pytest.approx(float(reach @ joint.params), rel=1e-10)
    assert found.std_error == pytest.approx(math.sqrt(reach @ joint.cov_params() @ reach), rel=1e-10)
    assert abs(correlation(np.column_stack(influences))[0, 1]) > 0.3


@pytest.mark.parametrize(
    ("effects", "errors", "reach", "reason"),
    [
        ([1.0, 2.0], [0.1], [1.0, 1.0], "do not fit together"),
        ([], [], [], "do not fit together"),
        ([math.nan], [0.1], [1.0], "is missing"),
        ([1.0], [0.1], [math.inf], "is missing"),
        ([1.0], [0.0], [1.0], "no positive standard error"),
    ],
)
def test_sums_that_are_refused(effects, errors, reach, reason) -> None:
    with pytest.raises(NotEstimable, match=reason):
        scaled_sum(np.array(effects), np.array(errors), np.array(reach), n_obs=4)


# ------------------------------------------------------------------ Fieller


def test_fieller_against_published_limits() -> None:
    """Means 14 and 7, standard deviations 3 and 2.

    DC-STATS (https://github.com/DCPROGS/DCSTATS, README) prints 1.051413 and 4.414296 for standard errors of 3 and 2
    and t = 1.812461. GraphPad QuickCalcs, quoted there, prints 1.46 to 2.83 for six observations each.
    """
    to_t = 1.812461 / t_quantile(0.975, math.inf)
    found = fieller(14, 3 * to_t, 7, 2 * to_t)
    assert (found.ratio, found.conf_low, found.conf_high) == pytest.approx((2, 1.051413, 4.414296), abs=5e-7)
    six = fieller(14, 3 / math.sqrt(6), 7, 2 / math.sqrt(6), df=10)
    assert (round(six.conf_low, 2), round(six.conf_high, 2)) == (1.46, 2.83)


@given(numbers, positive, numbers, positive, st.floats(2, 200))
def test_limits_are_where_the_test_of_the_ratio_just_rejects(a, se_a, b, se_b, df) -> None:
    """At each limit θ the t statistic of a − θ·b is the critical value; the ratio lies between the limits."""
    t = float(stats.t.ppf(0.975, df))
    found = fieller(a, se_a, b, se_b, df=df)
    assert found.unbounded == (b**2 <= (t * se_b) ** 2)
    if found.unbounded or abs(b) < 1.001 * t * se_b:
        return
    assert found.conf_low < found.ratio < found.conf_high
    for limit in (found.conf_low, found.conf_high):
        assert abs(a - limit * b) / math.hypot(se_a, limit * se_b) == pytest.approx(t, rel=1e-6)


@given(numbers, positive, numbers)
def test_an_exact_denominator_divides_the_interval(a, se_a, b) -> None:
    found = fieller(a, se_a, b, 0.0)
    ends = sorted(((a - 1.959963984540054 * se_a) / b, (a + 1.959963984540054 * se_a) / b))
    assert (found.conf_low, found.conf_high) == pytest.approx(tuple(ends), rel=1e-9, abs=1e-12)


@given(numbers, positive, numbers, positive, st.floats(0.01, 100))
def test_the_ratio_does_not_depend_on_the_unit_of_both(a, se_a, b, se_b, factor) -> None:
    plain, scaled = fieller(a, se_a, b, se_b), fieller(*(factor * x for x in (a, se_a, b, se_b)))
    assert scaled.ratio == pytest.approx(plain.ratio, rel=1e-9)
    assert scaled.unbounded == plain.unbounded
    if plain.conf_low is not None and abs(b) > 1.001 * 1.96 * se_b:
        assert (scaled.conf_low, scaled.conf_high) == pytest.approx((plain.conf_low, plain.conf_high), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((1.0, 0.1, 0.0, 0.1), "denominator of the ratio is zero"),
        ((math.nan, 0.1, 1.0, 0.1), "finite numbers"),
        ((1.0, -0.1, 1.0, 0.1), "errors of zero or above"),
    ],
)
def test_ratios_that_are_refused(arguments, reason) -> None:
    with pytest.raises(NotEstimable, match=reason):
        fieller(*arguments)


# ------------------------------------------------------------------ coverage


@pytest.mark.slow
@pytest.mark.parametrize("denominator", [4.0, 10.0])
def test_fieller_leaves_out_the_truth_as_often_as_its_test_rejects_it(denominator: float) -> None:
    """20,000 draws of two independent means with known errors.

    The test of a − θ·b rejects the truth in 5 draws of 100 (Monte Carlo error 0.15 points). The limits leave it out in
    the same draws, but for those where there are no limits: to say "unbounded" leaves nothing out.
    """
    rng = np.random.default_rng(11)
    truth = 3.0 / denominator
    draws = rng.normal([3.0, denominator], [1.0, 2.0], size=(20_000, 2))
    found = [fieller(a, 1.0, b, 2.0) for a, b in draws]
    unbounded = np.array([each.unbounded for each in found])
    left_out = np.array([not each.unbounded and not each.conf_low <= truth <= each.conf_high for each in found])
    rejected = np.abs(draws[:, 0] - truth * draws[:, 1]) > stats.norm.ppf(0.975) * math.hypot(1.0, 2.0 * truth)
    assert 0.045 < rejected.mean() < 0.055
    assert (left_out == (rejected & ~unbounded)).all()
    assert unbounded.mean() == pytest.approx(
        stats.norm.cdf(1.96 - denominator / 2) - stats.norm.cdf(-1.96 - denominator / 2), abs=0.012
    )


def contribution(rng: np.random.Generator, clusters: int = 40, size: int = 12) -> tuple[float, float, float]:
    """Return the interval of a contribution in a drawn trial of clusters, and its truth; groups share clusters."""
    cluster = np.repeat(np.arange(clusters), size)
    group, treated = rng.integers(0, 2, len(cluster)), (cluster % 2).astype(float)
    y = rng.normal(0, 0.6, clusters)[cluster] + treated * np.where(group == 0, 1.0, 0.4) + rng.normal(size=len(cluster))
    effects, errors, influences = [], [], []
    for label in (0, 1):
        inside = group == label
        d, own = treated[inside], y[inside]
        effects.append(own[d == 1].mean() - own[d == 0].mean())
        means = np.where(d == 1, own[d == 1].mean(), own[d == 0].mean())
        share = np.where(d == 1, 1 / d.sum(), -1 / (1 - d).sum())
        sums = np.bincount(cluster[inside], weights=share * (own - means), minlength=clusters)
        influences.append(sums)
        errors.append(math.sqrt(clusters / (clusters - 1) * (sums**2).sum()))
    reached = rng.normal([500, 1500], [40, 100])
    found = scaled_sum(
        np.array(effects),
        np.array(errors),
        reached,
        n_obs=len(y),
        df=clusters - 2,
        influences=np.column_stack(influences),
        reach_errors=np.array([40.0, 100.0]),
    )
    return found.conf_low, found.conf_high, 500 * 1.0 + 1500 * 0.4


@pytest.mark.slow
def test_the_interval_of_a_contribution_holds_the_truth_95_times_in_100() -> None:
    """2,000 trials; the Monte Carlo error of the coverage is half a point."""
    rng = np.random.default_rng(3)
    drawn = [contribution(rng) for _ in range(2000)]
    held = np.mean([low <= truth <= high for low, high, truth in drawn])
    assert 0.935 < held < 0.965
