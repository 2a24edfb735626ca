"""Honest bounds against the published algorithm, closed forms, limits without noise, and simulations.

The event study is that of Benzarti and Carloni as shipped with HonestDiD: four periods before, four after. Values of
``PACKAGE`` come from moderndid 0.2.0 (cvxpy without ecos), 1,500 grid points, the first coefficient entered twice:
moderndid 0.2.0 never lets the first step before treatment be the largest, and a repeated period restores it. It simulates
the first-stage critical value with 1,000 draws; agreement is therefore to its grid (0.0011) plus a twentieth of an error.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.panels import honest_relative
from impact.statistics.panels.honest import honest_bounds
from impact.statistics.panels.honest_study import checked_study

BETA = np.array(
    [0.006696352, 0.029345034, -0.006472972, 0.073014989, 0.195961118, 0.312063903, 0.239541546, 0.126042500]
)
UPPER = [
    [8.428358e-04, 4.768687e-04, 2.618051e-04, 2.354220e-04, 1.676371e-04, 1.128708e-04, 1.992816e-05, -1.368265e-04],
    [6.425420e-04, 3.987425e-04, 2.435515e-04, 2.201960e-04, 1.804591e-04, 3.843765e-05, -2.960422e-05],
    [5.229950e-04, 2.117686e-04, 1.840722e-04, 1.458528e-04, 7.005197e-05, 5.952995e-05],
    [3.089595e-04, 1.197866e-04, 1.334081e-04, 1.016335e-04, 1.079052e-04],
    [3.599704e-04, 2.478819e-04, 1.749579e-04, 1.654257e-04],
    [4.263950e-04, 2.171438e-04, 2.892748e-04],
    [4.886698e-04, 3.805322e-04],
    [7.617394e-04],
]
SIGMA = np.zeros((8, 8))
for row, values in enumerate(UPPER):
    SIGMA[row, row:] = SIGMA[row:, row] = values
FIRST, MEAN = [1.0, 0, 0, 0], [0.25] * 4
PACKAGE = [
    (FIRST, 0.5, 0.1183455637091394, 0.27098065376917946),
    (FIRST, 1.0, 0.06711140760507006, 0.31901267511674447),
    (MEAN, 0.5, 0.06817878585723813, 0.36811207471647767),
    (MEAN, 1.0, -0.06844563042028018, 0.505803869246164),
]
SMOOTH = [
    (0.005, 0.1406271236612694, 0.2396117361611848),
    (0.01, 0.1549680532368753, 0.27047182584479007),
    (0.05, 0.16939772600547376, 0.36855437425942865),
    (0.1, 0.11939779591995242, 0.41855422434495),
    (0.3, -0.08060233106487535, 0.6185543513297778),
]


def bounds(beta=BETA, sigma=SIGMA, n_pre=4, **options):
    return honest_bounds(beta, sigma, n_pre, rng=np.random.default_rng(0), **options)


@pytest.mark.parametrize(("weights", "m", "low", "high"), PACKAGE)
def test_relative_magnitudes_agree_with_the_package(weights, m, low, high):
    found = bounds(m=[m], weights=weights)
    error = np.sqrt(np.array(weights) @ SIGMA[4:, 4:] @ np.array(weights))
    assert found.table[0][1] == pytest.approx(low, abs=0.0011 + 0.05 * error)
    assert found.table[0][2] == pytest.approx(high, abs=0.0011 + 0.05 * error)


@pytest.mark.parametrize(("m", "low", "high"), SMOOTH)
def test_smoothness_agrees_with_the_package(m, low, high):
    found = bounds(m=[m], weights=FIRST, restriction="smoothness").table[0]
    assert found[1] == pytest.approx(low, abs=2e-6)
    assert found[2] == pytest.approx(high, abs=2e-6)


def dual(study, m, step, theta):
    """The linear programme of Andrews, Roth and Pakes, solved as it stands, for the first-stage statistic."""
    n_post = len(study.weights)
    moves = np.hstack([np.zeros((n_post, study.n_pre)), np.eye(n_post) - np.eye(n_post, k=-1)])
    rows = np.vstack([moves - m * step, -moves - m * step])
    errors = np.sqrt(np.diag(rows @ study.sigma @ rows.T))
    at = int(np.argmax(np.abs(study.weights)))
    basis = np.vstack([study.weights, np.delete(np.eye(n_post), at, axis=0)])
    turned = rows[:, study.n_pre :] @ np.linalg.inv(basis)
    y = rows @ study.beta - turned[:, 0] * theta
    cost = np.append(1.0, np.zeros(n_post - 1))
    sides = np.column_stack([errors, turned[:, 1:]])
    return optimize.linprog(cost, A_ub=-sides, b_ub=-y, bounds=[(None, None)] * n_post).fun


def test_the_vertices_are_those_of_the_linear_programme():
    rng = np.random.default_rng(3)
    for weights in (FIRST, MEAN, [0, 0, 1, 0], [0.5, -0.25, 1, 0.1]):
        study = checked_study(BETA, SIGMA, 4, weights, rng)
        for step in honest_relative._steps(study)[:3]:
            for m, theta in ((0.7, 0.1), (1.5, -0.2), (0.2, 0.5)):
                rows, slopes = honest_relative._vertices(study, m, -step)
                assert np.max(rows @ BETA + theta * slopes) == pytest.approx(
                    dual(study, m, -step, theta), rel=1e-6, abs=1e-9
                )


def test_the_truncation_is_where_another_vertex_would_win():
    rng = np.random.default_rng(4)
    study = checked_study(BETA, SIGMA, 4, MEAN, rng)
    rows, slopes = honest_relative._vertices(study, 1.0, honest_relative._steps(study)[1])
    values, spread = rows @ BETA + 0.3 * slopes, rows @ SIGMA @ rows.T
    best = int(np.argmax(values))
    share = spread[best] / spread[best, best]
    rest = values - share * values[best]
    low, high = honest_relative._truncation(rest[None, :], 1 - share[None, :])
    inside = np.linspace(max(low[0], -10) + 1e-9, min(high[0], 10) - 1e-9, 50)
    assert all(np.argmax(rest + share * t) == best or np.isclose(np.max(rest + share * t), t) for t in inside)
    assert np.argmax(rest + share * (low[0] - 0.01)) != best


def test_without_violations_the_interval_is_the_usual_one():
    """The two stages make 4.5 % and 0.5 %: with m = 0 the critical value is 1.96 up to simulation."""
    found = bounds(m=[0.0], weights=FIRST)
    assert found.table[0][1] == pytest.approx(found.parallel[0], abs=0.02 * 0.019)
    assert found.parallel == pytest.approx(
        (0.195961118 - 1.959964 * 0.0189729, 0.195961118 + 1.959964 * 0.0189729), abs=1e-6
    )


@pytest.mark.parametrize("largest", [0, 1, 2])
def test_without_noise_the_bounds_are_the_identified_set_whichever_step_is_largest(largest):
    path = np.concatenate([[0], np.cumsum(np.eye(3)[largest] * 0.1)])
    beta = np.concatenate([(path - path[-1])[:3], [0.5, 0.5]])
    found = bounds(beta, np.eye(5) * 1e-10, 3, m=[1.0, 2.0], weights=[1, 0])
    assert found.table[0] == pytest.approx((1.0, 0.4, 0.6), abs=1e-3)
    assert found.table[1] == pytest.approx((2.0, 0.3, 0.7), abs=1e-3)
    assert found.breakdown == pytest.approx(5, abs=0.01)
    second = bounds(beta, np.eye(5) * 1e-10, 3, m=[1.0], weights=[0, 1])
    assert second.table[0] == pytest.approx((1.0, 0.3, 0.7), abs=1e-3)


def test_one_period_on_each_side():
    found = bounds(np.array([0.1, 0.5]), np.eye(2) * 1e-10, 1, m=[1.0])
    assert found.table[0] == pytest.approx((1.0, 0.4, 0.6), abs=1e-3)
    smooth = bounds(np.array([-0.1, 0.5]), np.eye(2) * 1e-10, 1, m=[0.05], restriction="smoothness")
    # a linear trend of 0.1 a period goes on, its slope changing by 0.05 at most
    assert smooth.table[0] == pytest.approx((0.05, 0.35, 0.45), abs=1e-3)


def test_smoothness_zero_is_the_best_estimator_with_a_linear_trend():
    periods = np.array([-4, -3, -2, -1, 1, 2, 3, 4.0])
    design = np.column_stack([periods, np.vstack([np.zeros((4, 4)), np.eye(4)])])
    inverse = np.linalg.inv(SIGMA)
    spread = np.linalg.inv(design.T @ inverse @ design)
    best = (spread @ design.T @ inverse @ BETA)[1]
    half = stats.norm.ppf(0.975) * np.sqrt(spread[1, 1])
    assert bounds(m=[0], weights=FIRST, restriction="smoothness").table[0] == pytest.approx(
        (0, best - half, best + half), rel=1e-8
    )


def test_intervals_grow_with_m_and_break_where_they_meet_zero():
    for restriction, m in (("relative_magnitudes", [0, 0.5, 1, 2]), ("smoothness", [0.05, 0.1, 0.3])):
        found = bounds(m=m, weights=FIRST, restriction=restriction)
        widths = [high - low for _, low, high in found.table]
        assert widths == sorted(widths)
        just = bounds(
            m=[found.breakdown * 0.999, found.breakdown * 1.001], weights=FIRST, restriction=restriction
        ).table
        assert just[0][1] > 0 > just[1][1]


def test_scale_and_sign_of_the_outcome():
    one, two = bounds(m=[1.0]), bounds(-100 * BETA, 1e4 * SIGMA, m=[1.0])
    assert two.table[0][1] == pytest.approx(-100 * one.table[0][2], rel=0.02)
    assert two.breakdown == pytest.approx(one.breakdown, rel=0.02)


def test_a_null_result_has_no_breakdown():
    beta = BETA.copy()
    beta[4:] = 0.001
    assert bounds(beta).breakdown == 0


def changed(values, at, by):
    copy = np.array(values, dtype=float)
    copy[at] = by
    return copy


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_pre": 0}, "do not fit together"),
        ({"n_pre": 8}, "do not fit together"),
        ({"sigma": SIGMA[:7, :7]}, "do not fit together"),
        ({"beta": changed(BETA, 2, np.nan)}, "is missing"),
        ({"sigma": changed(SIGMA, (0, 1), np.nan)}, "is missing"),
        ({"sigma": changed(SIGMA, (0, 1), 0.0)}, "not symmetric"),
        ({"sigma": -SIGMA}, "not symmetric and positive"),
        ({"sigma": np.zeros((8, 8))}, "no standard error"),
        ({"m": [-0.1]}, "negative"),
        ({"m": [np.nan]}, "negative"),
        ({"weights": [1, 0]}, "weights do not fit"),
        ({"weights": [0, 0, 0, 0]}, "weights do not fit"),
        ({"restriction": "monotone"}, "not known"),
    ],
)
def test_refuses(options, words):
    with pytest.raises(NotEstimable, match=words):
        bounds(**options)


def coverage(replications, seed):
    """Truth: the largest earlier step is 0.05 (any of three), every later step is that times m, the effect is 0.3."""
    rng = np.random.default_rng(seed)
    sigma = 4e-4 * (np.eye(5) + 0.5)
    study = checked_study(np.zeros(5), sigma, 3, [0.5, 0.5], rng)
    root, hits = np.linalg.cholesky(sigma), 0
    for replication in range(replications):
        path = np.concatenate([[0], np.cumsum(np.eye(3)[replication % 3] * 0.1)])
        trend = np.concatenate([(path - path[-1])[:3], [0.1, 0.2]])
        drawn = replace(study, beta=trend + [0, 0, 0, 0.3, 0.3] + root @ rng.standard_normal(5))
        hits += bool(honest_relative.accepted_by_any(honest_relative.step_tests(drawn, 1.0), np.array([0.3]))[0])
    return hits / replications


def test_coverage_at_the_edge_in_a_small_sample():
    assert coverage(60, seed=1) >= 0.87


@pytest.mark.slow
def test_coverage_at_the_edge_of_the_violations():
    """At least 95 %: a union over steps, at the worst violation allowed."""
    assert coverage(1200, seed=2) >= 0.935
