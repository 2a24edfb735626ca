"""Two-way least squares on cells: dummies by statsmodels, closed forms, refusals, coverage."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from impact.errors import NotEstimable
from impact.statistics.linear.two_way import Cells, TwoWay, effects_remover, fit_cells, is_nested
from impact.statistics.linear.two_way_errors import (
    classical_errors,
    clustered_errors,
    joint_test,
    refuse_lone_cluster,
    row_scores,
    term_estimates,
)


def rows(
    units: np.ndarray, periods: np.ndarray | None, y: np.ndarray, x: np.ndarray, w: np.ndarray | None = None
) -> Cells:
    x = x.reshape(len(y), -1)
    names = tuple(f"x{i}" for i in range(x.shape[1]))
    return Cells(
        units, periods, np.ones(len(y)) if w is None else w, y, x, names, len(y), np.ones(units.max() + 1, dtype=int)
    )


def gappy(seed: int = 1, n_units: int = 40, n_periods: int = 6) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    units, periods = (axis.ravel() for axis in np.indices((n_units, n_periods)))
    keep = rng.random(len(units)) < 0.8
    units, periods = np.unique(units[keep], return_inverse=True)[1], periods[keep]
    x = rng.normal(size=(len(units), 3)) + units[:, None] / 9
    y = x @ [0.5, -1.0, 2.0] + units + np.sin(periods) + rng.normal(size=len(units))
    return units, periods, y, x, rng.uniform(0.5, 3.0, size=len(units))


def one_way(fit: TwoWay, codes: np.ndarray, small_sample: str = "full", nested: int = 0) -> tuple:
    errors = clustered_errors(fit, [row_scores(fit, codes)], both=None, nested=nested, small_sample=small_sample)
    return errors, term_estimates(fit, errors)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("period_effects", [False, True])
@pytest.mark.parametrize("swap", [False, True])
def test_equals_least_squares_with_dummies(weighted: bool, period_effects: bool, swap: bool) -> None:
    units, periods, y, x, w = gappy()
    if swap:
        units, periods = periods, units
    w = w if weighted else np.ones(len(y))
    dummies = [np.eye(units.max() + 1)[units]] + ([np.eye(periods.max() + 1)[periods][:, 1:]] if period_effects else [])
    fit = fit_cells(rows(units, periods if period_effects else None, y, x, w))
    codes = np.arange(len(y)) % 13
    theirs = sm.WLS(y, np.column_stack([x, *dummies]), weights=w)
    plain, clustered = theirs.fit(), theirs.fit(cov_type="cluster", cov_kwds={"groups": codes})
    classical = term_estimates(fit, classical_errors(fit, float(np.sum(w * fit.residuals**2))))
    for place, (ours, robust) in enumerate(zip(classical, one_way(fit, codes)[1], strict=True)):
        assert ours.estimate == pytest.approx(plain.params[place], rel=1e-10)
        assert ours.std_error == pytest.approx(plain.bse[place], rel=1e-10)
        assert ours.df == plain.df_resid
        assert robust.std_error == pytest.approx(clustered.bse[place], rel=1e-10)
        assert (robust.df, robust.n_clusters, str(robust.rule)) == (12, 13, "CR1 full")


def test_two_way_clusters_add_and_subtract() -> None:
    units, periods, y, x, _ = gappy(2, n_periods=9)
    fit = fit_cells(rows(units, None, y, x))
    both = np.arange(len(y))
    parts = [row_scores(fit, codes) for codes in (units, periods, both)]
    errors = clustered_errors(fit, parts[:2], both=parts[2], nested=0, small_sample="none")
    single = [clustered_errors(fit, [part], both=None, nested=0, small_sample="none").covariance for part in parts]
    assert errors.covariance == pytest.approx(single[0] + single[1] - single[2], rel=1e-12)
    assert (errors.df, str(errors.rule), errors.n_clusters) == (8, "two-way CR0", (40, 9))
    assert errors.influence is None


def test_influence_gives_the_error_and_sums_to_zero() -> None:
    units, periods, y, x, _ = gappy(3)
    fit = fit_cells(rows(units, periods, y, x))
    errors, estimates = one_way(fit, units, "none")
    assert np.sqrt(np.sum(errors.influence**2, axis=0)) == pytest.approx(
        [one.std_error for one in estimates], rel=1e-12
    )
    assert np.abs(errors.influence.sum(axis=0)).max() < 1e-12


def test_order_shift_and_scale_change_nothing_else() -> None:
    units, periods, y, x, w = gappy(4)
    base = one_way(fit_cells(rows(units, periods, y, x, w)), units)[1]
    order = np.random.default_rng(0).permutation(len(y))
    moved = rows(units[order], periods[order], 1e3 * y[order] + 1e6, 10 * x[order] - 1e4, 7 * w[order])
    for one, other in zip(base, one_way(fit_cells(moved), units[order])[1], strict=True):
        assert other.estimate == pytest.approx(100 * one.estimate, rel=1e-8)
        assert other.std_error == pytest.approx(100 * one.std_error, rel=1e-8)
        assert other.p_value == pytest.approx(one.p_value, rel=1e-6)


def test_single_adoption_is_the_difference_of_differences() -> None:
    y = np.array([1.0, 2.0, 5.0, 3.0, 3.5, 3.0])
    units, periods = np.repeat([0, 1], 3), np.tile([0, 1, 2], 2)
    fit = fit_cells(rows(units, periods, y, 1.0 * (units == 0) * (periods == 2)))
    assert fit.coefficients == pytest.approx([(5 - 1.5) - (3 - 3.25)], rel=1e-12)


def test_parts_of_the_panel_are_counted() -> None:
    units, periods = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 1, 0, 1, 2, 3, 2, 3])
    assert effects_remover(units, periods, np.ones(8))[1] == 2
    rng = np.random.default_rng(5)
    fit = fit_cells(rows(units, periods, rng.normal(size=8), rng.normal(size=8)))
    dummies = np.column_stack([np.eye(4)[units], np.eye(4)[periods]])
    assert fit.rank == np.linalg.matrix_rank(dummies) == 6


def test_joint_test_is_the_wald_test_of_statsmodels() -> None:
    units, periods, y, x, _ = gappy(6)
    fit = fit_cells(rows(units, periods, y, x))
    errors, _ = one_way(fit, units)
    theirs = sm.OLS(y, np.column_stack([x, np.eye(40)[units], np.eye(6)[periods][:, 1:]])).fit(
        cov_type="cluster", cov_kwds={"groups": units}, use_t=True
    )
    found = joint_test(fit.coefficients, errors, fit.cells.terms, ["x0", "x2"])
    matrix = np.eye(len(theirs.params))[[0, 2]]
    known = theirs.f_test(matrix)
    assert found.statistic == pytest.approx(float(known.fvalue), rel=1e-9)
    assert (found.df1, found.df2) == (2, 39)
    assert found.p_value == pytest.approx(float(known.pvalue), rel=1e-8, abs=1e-300)


def test_nested() -> None:
    assert is_nested(np.array([0, 0, 1, 2]), np.array([5, 5, 5, 3]))
    assert not is_nested(np.array([0, 0, 1, 2]), np.array([5, 4, 5, 3]))


UNITS, PERIODS = (axis.ravel() for axis in np.indices((6, 4)))
Y = np.random.default_rng(7).normal(size=24)
D = ((UNITS < 3) & (PERIODS >= 2)).astype(float)


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.ones(24), "x0 is 1 in all observations"),
        ((UNITS < 3) * 1.0, "x0 never changes within a unit"),
        ((PERIODS >= 2) * 1.0, "nobody is left to compare with"),
        (2003.0 + UNITS / 3 + 0.1 * PERIODS, "together say all that x0 says"),
        (1e9 + UNITS / 3 + 0.1 * PERIODS, "together say all that x0 says"),
        (np.column_stack([D, 3 * D + 2]), "x1 is a combination of x0"),
        (np.column_stack([D, Y**2, D - 2 * Y**2 + UNITS]), "x2 is a combination of x0, x1"),
        (np.random.default_rng(1).normal(size=(24, 15)), "24 observations cannot carry 9 effects and 15 terms"),
    ],
)
def test_refuses_terms_that_say_nothing_of_their_own(x: np.ndarray, reason: str) -> None:
    with pytest.raises(NotEstimable, match=reason):
        fit_cells(rows(UNITS, PERIODS, Y, x))


def test_refuses_units_and_periods_that_are_not_linked() -> None:
    """Treated units are seen in other periods than untreated ones."""
    units, periods = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 1, 0, 1, 2, 3, 2, 3])
    with pytest.raises(NotEstimable, match="nobody is left to compare with"):
        fit_cells(rows(units, periods, np.arange(8.0) ** 2, (periods == 3) * 1.0))


def test_refuses_one_cluster_and_a_lone_treated_or_control_cluster() -> None:
    fit = fit_cells(rows(UNITS, PERIODS, Y, D))
    with pytest.raises(NotEstimable, match="one cluster"):
        one_way(fit, np.zeros(24, dtype=int))
    refuse_lone_cluster(fit, UNITS)
    for lone in (UNITS == 0, UNITS != 0):
        fit = fit_cells(rows(UNITS, PERIODS, Y, 1.0 * lone * (PERIODS >= 2)))
        with pytest.raises(NotEstimable, match="rests on one cluster alone"):
            refuse_lone_cluster(fit, UNITS)
        refuse_lone_cluster(fit, UNITS, np.full(6, 2))


def test_refuses_a_lone_treated_cluster_that_holds_most_of_the_weight() -> None:
    fit = fit_cells(rows(UNITS, PERIODS, Y, 1.0 * (UNITS == 0) * (PERIODS >= 2), np.where(UNITS == 0, 1000.0, 1.0)))
    with pytest.raises(NotEstimable, match="rests on one cluster alone"):
        refuse_lone_cluster(fit, UNITS)


def test_refuses_an_outcome_that_is_fitted_exactly_and_a_joint_test_with_too_few_clusters() -> None:
    fit = fit_cells(rows(UNITS, PERIODS, UNITS * 0.1 + PERIODS / 3 + 2 * D, D))
    with pytest.raises(NotEstimable, match="exactly"):
        one_way(fit, UNITS)
    fit = fit_cells(rows(UNITS, PERIODS, Y, np.column_stack([D, Y**2, np.sin(Y), np.cos(Y)])))
    errors, _ = one_way(fit, UNITS % 4)
    with pytest.raises(NotEstimable, match="cannot carry a joint test"):
        joint_test(fit.coefficients, errors, fit.cells.terms, fit.cells.terms)
    with pytest.raises(NotEstimable, match="no term to test"):
        joint_test(fit.coefficients, errors, fit.cells.terms, [])


def simulated(seed: int, n: int, *, effect: float, clusters: int = 40) -> tuple[float, float]:
    """Return coverage of the effect and share of rejections of zero; errors follow random walks within clusters."""
    rng = np.random.default_rng(seed)
    units, periods = (axis.ravel() for axis in np.indices((clusters, 6)))
    treated = ((units < clusters // 2) & (periods >= 3)).astype(float)
    covered, rejected = 0, 0
    for _ in range(n):
        noise = np.cumsum(rng.normal(size=(clusters, 6)), axis=1).ravel()
        fit = fit_cells(rows(units, periods, effect * treated + noise + units, treated))
        one = one_way(fit, units, "nested", clusters - 1)[1][0]
        covered += one.conf_low <= effect <= one.conf_high
        rejected += one.p_value < 0.05
    return covered / n, rejected / n


def test_coverage_and_false_positives_in_a_small_sample() -> None:
    covered, _ = simulated(11, 200, effect=1.0)
    _, rejected = simulated(12, 200, effect=0.0)
    assert 0.90 <= covered <= 0.99
    assert rejected <= 0.10


@pytest.mark.slow
def test_coverage_is_nominal_with_forty_clusters() -> None:
    covered, _ = simulated(13, 4000, effect=1.0)
    assert 0.93 <= covered <= 0.97


@pytest.mark.slow
def test_placebo_treatments_are_rarely_significant() -> None:
    _, rejected = simulated(14, 4000, effect=0.0)
    assert rejected <= 0.06
