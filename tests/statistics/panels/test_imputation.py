"""Imputation and two-stage effects: R didimputation and did2s, dense matrices, refusals, simulations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.panels.adoption import Panel
from impact.statistics.panels.imputation import gardner_two_stage, imputation_effects
from tests.statistics.panels.test_staggered import made, mpdta, same
from tests.support.references import reference

BOTH = pytest.mark.parametrize("estimator", [imputation_effects, gardner_two_stage])


def gapped(seed, n=60):
    """An unbalanced panel with weights: a tenth of the outcomes is missing."""
    rng = np.random.default_rng(seed)
    panel = made(seed, n=n)
    outcome = np.where(rng.random(panel.outcome.shape) < 0.1, np.nan, panel.outcome)
    return replace(panel, outcome=outcome, weights=rng.uniform(0.5, 2, n))


def check(found, record):
    assert found.estimate == pytest.approx(record[0], rel=1e-9)
    assert found.std_error == pytest.approx(record[1], rel=1e-9)


def test_r_didimputation():
    record = reference("bjs.mpdta")
    found = imputation_effects(mpdta())
    check(found.overall, (record["value"], record["se"]))
    assert (found.n_units, found.n_obs, found.n_always_treated, found.n_missing) == (500, 2500, 0, 0)
    assert [label for label, _ in found.terms] == [0, 1, 2, 3]  # 2 and 3: the cohort of 2004 alone is still there


def test_r_did2s():
    record = reference("gardner.mpdta")
    found = gardner_two_stage(mpdta())
    check(found.overall, (record["value"], record["se"]))
    assert {f"rel::{label}" for label, _ in found.terms} == set(record["extra"])
    for label, term in found.terms:
        row = record["extra"][f"rel::{label}"]
        check(term, (row["Estimate"], row["Std. Error"]))


def dense(panel):
    """Observations as rows: outcome, unit and period indicators, treatment, cohort, event time, weight, unit."""
    n, periods = panel.outcome.shape
    unit, period = (grid.ravel() for grid in np.indices((n, periods)))
    event = period - panel.cohort[unit]
    treated = (panel.cohort[unit] >= 0) & (event >= 0)
    seen = ~np.isnan(panel.outcome.ravel())
    untreated_units = np.unique(unit[seen & ~treated])
    kept = seen & np.isin(unit, untreated_units)
    effects = np.hstack([unit[kept, None] == untreated_units, period[kept, None] == np.arange(1, periods)]).astype(
        float
    )
    columns = (panel.outcome.ravel(), treated, panel.cohort[unit], event, panel.unit_weights[unit], unit)
    return effects, *(column[kept] for column in columns)


def dense_error(panel, second, chosen):
    """Error of Σ chosen · gap from the formula with full matrices; ``second`` gives the second stage's residuals."""
    effects, y, treated, _, _, weight, unit = dense(panel)
    first = np.where(treated, 0.0, weight)
    gram = (effects.T * first) @ effects
    gaps = y - effects @ np.linalg.solve(gram, effects.T @ (first * y))
    link = np.linalg.solve(gram, effects.T @ chosen)
    rows = chosen * second(gaps) - first * (effects @ link) * gaps
    return chosen @ gaps, np.sqrt(np.sum(np.bincount(unit, weights=rows) ** 2))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_dense_matrices_give_the_same_on_an_unbalanced_weighted_panel(seed):
    panel = gapped(seed)
    _, _, treated, cohort, event, weight, _ = dense(panel)
    chosen = np.where(treated, weight, 0.0) / weight[treated].sum()

    def centred(gaps):
        rest = np.zeros_like(gaps)
        for g, e in {(g, e) for g, e, d in zip(cohort, event, treated, strict=True) if d}:
            cell = treated & (cohort == g) & (event == e)
            rest[cell] = gaps[cell] - np.average(gaps[cell], weights=chosen[cell] ** 2)
        return rest

    check(imputation_effects(panel).overall, dense_error(panel, centred, chosen))
    check(gardner_two_stage(panel).overall, dense_error(panel, lambda gaps: gaps - chosen @ gaps, chosen))
    for label, term in gardner_two_stage(panel).terms:
        inside = (cohort >= 0) & (event == label)
        share = np.where(inside, weight, 0.0) / weight[inside].sum()
        check(term, dense_error(panel, lambda gaps, share=share: gaps - share @ gaps, share))


def test_one_cohort_and_two_periods_is_the_classical_difference_in_differences():
    panel = made(8, shares=(0.5, 0.5, 0, 0))
    panel = Panel(panel.outcome[:, 1:3], panel.cohort - (panel.cohort > 0))
    change, treated = panel.outcome[:, 1] - panel.outcome[:, 0], panel.cohort > 0
    effect = change[treated].mean() - change[~treated].mean()
    error = np.sqrt(change[treated].var() / treated.sum() + change[~treated].var() / (~treated).sum())
    for estimator in (imputation_effects, gardner_two_stage):
        found = estimator(panel)
        check(found.overall, (effect, error))
        assert found.terms[-1][1].estimate == pytest.approx(effect)


@BOTH
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_units_units_of_measurement_and_shifts_do_not_matter(estimator, seed):
    panel = gapped(seed, n=120)
    order = np.random.default_rng(seed).permutation(120)
    moved = replace(
        panel, outcome=1000 - 3 * panel.outcome[order], cohort=panel.cohort[order], weights=7 * panel.weights[order]
    )
    one, other = estimator(panel), estimator(moved)
    same(one.overall, other.overall, -3.0)
    for (_, left), (_, right) in zip(one.terms, other.terms, strict=True):
        same(left, right, -3.0, rel=1e-8)


@BOTH
def test_unit_effects_and_period_effects_do_not_matter(estimator):
    panel = made(4)
    rng = np.random.default_rng(4)
    moved = replace(panel, outcome=panel.outcome + 10 * rng.standard_normal((200, 1)) + 5 * rng.standard_normal(6))
    same(estimator(panel).overall, estimator(moved).overall)


@BOTH
def test_influence_clusters_and_units_left_out(estimator):
    panel = made(5)
    outcome, cohort = panel.outcome.copy(), panel.cohort.copy()
    cohort[[3, 4]] = 0
    outcome[8] = np.nan
    outcome[9, 5] = np.nan
    mixed = replace(panel, outcome=outcome, cohort=cohort)
    found = estimator(mixed)
    assert (found.n_units, found.n_obs, found.n_always_treated, found.n_missing) == (197, 197 * 6 - 1, 3, 1)
    assert not found.overall.influence[[3, 4, 8]].any()
    clusters = np.arange(200) // 4
    clustered = estimator(replace(mixed, clusters=clusters)).overall
    sums = np.bincount(clusters, weights=found.overall.influence)
    assert clustered.std_error == pytest.approx(np.sqrt(np.sum(sums**2)), rel=1e-12)
    assert clustered.n_clusters == 50


def refused(estimator, match, panel):
    with pytest.raises(NotEstimable, match=match):
        estimator(panel)


@BOTH
def test_refusals(estimator):
    panel = replace(made(6), period_names=tuple("abcdef"))
    refused(estimator, "absorb baseline covariates", replace(panel, covariates=np.ones((200, 1))))
    refused(estimator, "no unit becomes treated", replace(panel, cohort=np.full(200, -1)))
    refused(estimator, "no unit becomes treated", replace(panel, cohort=np.zeros(200, dtype=np.int64)))
    alone = np.where(panel.cohort == -1, -1, np.where(np.arange(200) == np.argmax(panel.cohort == 3), 3, -1))
    refused(estimator, "the cohort first treated d lies in one unit, so", replace(panel, cohort=alone))
    clusters = np.zeros(200, dtype=np.int64)
    refused(estimator, "lies in one cluster, so its effect has no error", replace(panel, clusters=clusters))
    everybody = np.where(panel.cohort == -1, 2, np.where(panel.cohort == 4, 3, panel.cohort))
    late = replace(panel, cohort=np.where(everybody == 3, 2, everybody))
    refused(estimator, "fewer than two units or clusters are untreated in period c", late)
    refused(estimator, "does not vary enough", replace(panel, outcome=0.1 + np.zeros((200, 6)) + np.arange(6) / 3))


@BOTH
def test_refusal_of_periods_without_a_link(estimator):
    panel = made(7, shares=(0.5, 0, 0, 0.5))
    outcome = panel.outcome.copy()
    never = np.flatnonzero(panel.cohort == -1)
    outcome[never[::2], 4:] = np.nan
    outcome[never[1::2], :4] = np.nan
    refused(
        estimator, "no untreated unit links the periods at position 4, at position 5", replace(panel, outcome=outcome)
    )


@BOTH
def test_cohorts_and_periods_without_an_error_are_left_out_and_the_rest_is_estimated(estimator):
    """Each thin part left out equals the panel in which it never was."""
    panel = replace(made(8), period_names=tuple("abcdef"))
    third = np.flatnonzero(panel.cohort == 3)
    cases = {}
    kept = np.setdiff1d(np.arange(200), third)
    clusters = np.where(panel.cohort == 3, 0, 1 + np.arange(200))
    one_cluster = replace(panel, clusters=clusters)
    cases["the cohort first treated d lies in one cluster"] = (one_cluster, part(one_cluster, kept))
    cases["the cohort first treated d lies in one unit"] = (part(panel, [*kept, third[0]]), part(panel, kept))
    outcome, without = panel.outcome.copy(), panel.outcome.copy()
    outcome[third[1:], 5], without[third, 5] = np.nan, np.nan
    words = "the cohort first treated d is observed in one unit or cluster in period f"
    cases[words] = (replace(panel, outcome=outcome), replace(panel, outcome=without))
    everybody = replace(panel, cohort=np.where(panel.cohort == -1, 4, panel.cohort))
    short = replace(
        everybody, outcome=everybody.outcome[:, :4], cohort=np.where(everybody.cohort == 4, -1, everybody.cohort)
    )
    cases["fewer than two units or clusters are untreated in period e"] = (everybody, short)
    for words, (whole, rest) in cases.items():
        found, expected = estimator(whole), estimator(rest)
        assert words in map(str, found.left_out)
        assert not expected.left_out
        same(found.overall, expected.overall)
        assert (found.overall.df, found.n_obs) == (expected.overall.df, expected.n_obs)


@BOTH
def test_units_that_tell_nothing_count_for_nothing(estimator):
    """Seen once untreated, seen only treated, a wave with one unit: estimate, error and degrees of freedom stay."""
    panel = made(9)
    more = np.full((40, 6), np.nan)
    more[np.arange(20), np.arange(20) % 2] = 5.0
    more[20:, 4:] = 7.0
    cohort = np.r_[np.full(10, -1), np.full(10, 3), np.full(20, 4)]
    outcome = np.vstack([panel.outcome, more])
    wider = Panel(outcome, np.r_[panel.cohort, cohort])
    found, plain = estimator(wider), estimator(panel)
    same(found.overall, plain.overall)
    assert (found.n_units, found.n_obs, found.overall.df) == (plain.n_units, plain.n_obs, 199)
    assert (found.n_always_treated, found.left_out) == (20, ())
    assert not found.overall.influence[200:].any()


def part(panel, rows):
    """Return the panel of some of the units."""
    clusters = None if panel.clusters is None else panel.clusters[rows]
    return replace(panel, outcome=panel.outcome[rows], cohort=panel.cohort[rows], clusters=clusters)


def covered(estimator, repeats):
    """Coverage of the overall effect and of the first period's; cohort sizes are fixed, as the errors take them."""
    cohort = np.repeat([-1, 2, 3, 4], [80, 40, 40, 40]).astype(np.int64)
    hits = []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        event = np.arange(6) - cohort[:, None]
        effects = np.where((cohort >= 0)[:, None] & (event >= 0), 0.5 * cohort[:, None] + 0.25 * event, 0.0)
        errors = np.cumsum(0.5 * rng.standard_normal((200, 6)), axis=1) + 0.5 * rng.standard_normal((200, 6))
        found = estimator(Panel(effects + errors + rng.standard_normal((200, 1)) + np.arange(6), cohort))
        pairs = [(found.overall, effects[effects > 0].mean())]
        pairs.append((dict(found.terms)[0], effects[(cohort >= 0)[:, None] & (event == 0)].mean()))
        hits.append([one.conf_low <= true <= one.conf_high for one, true in pairs])
    return np.mean(hits, axis=0)


@BOTH
def test_coverage_small(estimator):
    assert covered(estimator, 150).min() >= 0.89


@pytest.mark.slow
@BOTH
def test_coverage(estimator):
    found = covered(estimator, 3000)
    assert found.min() >= 0.93
    assert found.max() <= 0.97
