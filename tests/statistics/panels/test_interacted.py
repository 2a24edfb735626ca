"""Sun and Abraham's regression: R fixest, statsmodels with all indicators, closed forms, refusals, simulations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics.panels.adoption import Panel
from impact.statistics.panels.aggregation import aggregate
from impact.statistics.panels.bands import multiplier_bootstrap
from impact.statistics.panels.interacted import sun_abraham
from impact.statistics.panels.staggered import group_time_effects
from tests.statistics.panels.test_staggered import made, mpdta, same
from tests.support.references import reference


def test_r_fixest():
    record = reference("sa.mpdta_att")
    found = sun_abraham(mpdta())
    assert found.overall.estimate == pytest.approx(record["value"], rel=record["tolerance"])
    assert found.overall.std_error == pytest.approx(record["se"], rel=record["tolerance"])
    assert {f"year::{label}" for label, _ in found.terms} == set(record["extra"])
    for label, term in found.terms:
        row = record["extra"][f"year::{label}"]
        assert term.estimate == pytest.approx(row["Estimate"], rel=record["tolerance"])
        assert term.std_error == pytest.approx(row["Std. Error"], rel=record["tolerance"])
        assert term.statistic == pytest.approx(row["t value"], rel=record["tolerance"])
        assert term.p_value == pytest.approx(row["Pr(>|t|)"], rel=record["tolerance"])
    assert str(found.overall.reference) == "CR1, unit effects nested, t(499)"


def gapped(seed, n=80):
    """An unbalanced panel with weights and clusters of two units."""
    rng = np.random.default_rng(seed)
    panel = made(seed, n=n)
    outcome = np.where(rng.random(panel.outcome.shape) < 0.1, np.nan, panel.outcome)
    return replace(panel, outcome=outcome, weights=rng.uniform(0.5, 2, n), clusters=np.arange(n) // 2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_statsmodels_with_all_indicators(seed):
    """Weighted least squares with every unit's indicator; its factor counts unit effects, which are taken out here."""
    panel = gapped(seed)
    unit, period = (grid.ravel() for grid in np.indices(panel.outcome.shape))
    seen = ~np.isnan(panel.outcome.ravel())
    unit, period, y = unit[seen], period[seen], panel.outcome.ravel()[seen]
    cells = [(g, t) for g in (2, 3, 4) for t in range(6) if t != g - 1]
    interactions = np.column_stack([(panel.cohort[unit] == g) & (period == t) for g, t in cells])
    design = np.hstack([interactions, unit[:, None] == np.arange(80), period[:, None] == np.arange(1, 6)]).astype(float)
    fit = sm.WLS(y, design, weights=panel.weights[unit]).fit(
        cov_type="cluster", cov_kwds={"groups": panel.clusters[unit]}, use_t=True
    )
    n, k = len(y), len(cells) + 6
    factor = (n - design.shape[1]) / (n - k)
    counts = interactions.T @ panel.weights[unit]
    found = sun_abraham(panel)
    rows = [(found.overall, [t >= g for g, t in cells])]
    rows += [(term, [t - g == label for g, t in cells]) for label, term in found.terms]
    for term, chosen in rows:
        share = np.zeros(design.shape[1])
        share[: len(cells)] = np.where(chosen, counts, 0) / counts[chosen].sum()
        assert term.estimate == pytest.approx(share @ fit.params, rel=1e-9)
        assert term.std_error == pytest.approx(np.sqrt(factor * share @ fit.cov_params() @ share), rel=1e-9)
        assert term.df == 39
    assert (found.n_obs, found.n_units, found.overall.n_clusters) == (n, 80, 40)


def test_pretrend_is_the_regression_f_test():
    panel = made(4)
    found = sun_abraham(panel)
    before = [term for label, term in found.terms if label < 0]
    influence = np.column_stack([term.influence for term in before])
    covariance = influence.T @ influence * (before[0].std_error ** 2 / np.sum(before[0].influence ** 2))
    values = np.array([term.estimate for term in before])
    statistic = values @ np.linalg.solve(covariance, values) / len(values)
    assert found.pretrend.statistic == pytest.approx(statistic, rel=1e-10)
    assert (found.pretrend.df1, found.pretrend.df2) == (3, 199)


def test_balanced_panel_has_the_effects_of_callaway_and_santanna_with_never_treated():
    panel = made(5)
    cells = group_time_effects(panel, control="never", method="reg", base="universal")
    other = dict(aggregate(cells, "dynamic").terms)
    found = sun_abraham(panel)
    assert [label for label, _ in found.terms] == [label for label in other if label != -1]
    for label, term in found.terms:
        assert term.estimate == pytest.approx(other[label].estimate, rel=1e-10)
    assert found.overall.estimate == pytest.approx(aggregate(cells, "simple").overall.estimate, rel=1e-10)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_order_of_units_units_of_measurement_and_shifts_do_not_matter(seed):
    panel = replace(gapped(seed, n=160), clusters=None)
    order = np.random.default_rng(seed).permutation(160)
    moved = Panel(1000 - 3 * panel.outcome[order], panel.cohort[order], weights=7 * panel.weights[order])
    one, other = sun_abraham(panel), sun_abraham(moved)
    same(one.overall, other.overall, -3.0)
    for (_, left), (_, right) in zip(one.terms, other.terms, strict=True):
        same(left, right, -3.0, rel=1e-8)


def test_units_left_out_are_counted_and_without_influence():
    panel = made(6)
    outcome, cohort = panel.outcome.copy(), panel.cohort.copy()
    cohort[[3, 4]] = 0
    outcome[8, 1:] = np.nan
    found = sun_abraham(replace(panel, outcome=outcome, cohort=cohort))
    assert (found.n_units, found.n_obs, found.n_always_treated, found.n_singletons) == (197, 197 * 6, 2, 1)
    assert not found.overall.influence[[3, 4, 8]].any()
    kept = np.setdiff1d(np.arange(200), [3, 4, 8])
    same(found.overall, sun_abraham(Panel(panel.outcome[kept], panel.cohort[kept])).overall)


def test_if_everybody_is_treated_the_last_cohort_is_the_comparison():
    panel = made(7, shares=(0, 0.3, 0.3, 0.4))
    found = sun_abraham(panel)
    other = sun_abraham(Panel(panel.outcome[:, :4], np.where(panel.cohort == 4, -1, panel.cohort)))
    same(found.overall, other.overall)
    assert (found.n_periods_left_out, other.n_periods_left_out) == (2, 0)


def refused(match, panel):
    with pytest.raises(NotEstimable, match=match):
        sun_abraham(panel)


def test_refusals():
    panel = replace(made(8), period_names=tuple("abcdef"))
    refused("absorb baseline covariates", replace(panel, covariates=np.ones((200, 1))))
    refused("no unit becomes treated", replace(panel, cohort=np.full(200, -1)))
    refused("all units are first treated at the same time", replace(panel, cohort=np.full(200, 3)))
    cohort = np.full(200, -1)
    cohort[0] = 3
    refused("the cohort first treated d lies in one unit, so", replace(panel, cohort=cohort))
    cohort = np.where(panel.cohort == -1, 3, panel.cohort)
    cohort[0] = -1
    refused("the comparison lies in one unit or cluster", replace(panel, cohort=cohort))
    clusters = np.where(panel.cohort == -1, 0, 1 + np.arange(200))
    refused("the comparison lies in one unit or cluster", replace(panel, clusters=clusters))
    refused("does not vary enough", replace(panel, outcome=0.1 + np.zeros((200, 6)) + np.arange(6) / 3))


def test_refusals_of_missing_outcomes():
    panel = replace(made(9), period_names=tuple("abcdef"))
    outcome = panel.outcome.copy()
    outcome[panel.cohort == 3, 2] = np.nan
    rest = replace(panel, outcome=outcome, cohort=np.where(panel.cohort == 3, 3, -1))
    refused("the cohort first treated d is not compared just before its start", rest)
    outcome = panel.outcome.copy()
    never = np.flatnonzero(panel.cohort == -1)
    outcome[never[::2], :3], outcome[never[1::2], 3:] = np.nan, np.nan
    refused("collinear", replace(panel, outcome=outcome))


def test_parts_without_an_error_are_left_out_and_the_rest_is_estimated():
    """Each thin part left out equals the panel in which it never was."""
    panel = replace(made(9), period_names=tuple("abcdef"))
    third, never = np.flatnonzero(panel.cohort == 3), np.flatnonzero(panel.cohort == -1)
    kept = np.setdiff1d(np.arange(200), third)
    without_third = replace(panel, outcome=panel.outcome[kept], cohort=panel.cohort[kept])
    alone = np.append(kept, third[0])
    gaps = [panel.outcome.copy() for _ in range(5)]
    gaps[0][third[1:], 5], gaps[1][third, 5] = np.nan, np.nan
    gaps[2][third, 2] = np.nan
    gaps[3][never[1:], 5], gaps[4][:, 5] = np.nan, np.nan
    thin, none, no_base, one_left, ended = (replace(panel, outcome=outcome) for outcome in gaps)
    one = replace(panel, outcome=panel.outcome[alone], cohort=panel.cohort[alone])
    for words, whole, rest in (
        ("the cohort first treated d lies in one unit", one, without_third),
        ("the cohort first treated d is observed in one unit or cluster in period f", thin, none),
        ("the cohort first treated d is not compared just before its start", no_base, without_third),
        ("in period f the comparison lies in one unit or cluster", one_left, ended),
    ):
        found, expected = sun_abraham(whole), sun_abraham(rest)
        assert words in map(str, found.left_out)
        same(found.overall, expected.overall)
        assert (found.overall.df, found.n_obs) == (expected.overall.df, expected.n_obs)


def test_units_seen_once_count_for_nothing():
    panel = made(10)
    more = np.full((60, 6), np.nan)
    more[np.arange(60), np.arange(60) % 6] = 9.0
    wider = Panel(np.vstack([panel.outcome, more]), np.r_[panel.cohort, np.arange(60) % 5 - 1])
    found, plain = sun_abraham(wider), sun_abraham(panel)
    same(found.overall, plain.overall)
    assert (found.n_units, found.n_obs, found.overall.df) == (plain.n_units, plain.n_obs, plain.overall.df)


def test_no_periods_before_treatment_no_pretrend():
    panel = made(10, shares=(0.5, 0.5, 0, 0))
    found = sun_abraham(Panel(panel.outcome[:, 1:], panel.cohort - (panel.cohort > 0)))
    assert isinstance(found.pretrend, NotEstimable)


def covered(repeats, n=400):
    """Coverage overall, at time 0, of the uniform band, and rejections of no pre-trend; cohort sizes are fixed."""
    cohort = np.repeat([-1, 2, 3, 4], [2 * n // 5, n // 5, n // 5, n // 5]).astype(np.int64)
    event = np.arange(6) - cohort[:, None]
    effects = np.where((cohort >= 0)[:, None] & (event >= 0), 0.5 * cohort[:, None] + 0.25 * event, 0.0)
    hits = []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        errors = np.cumsum(0.5 * rng.standard_normal((n, 6)), axis=1) + 0.5 * rng.standard_normal((n, 6))
        found = sun_abraham(Panel(effects + errors + rng.standard_normal((n, 1)) + np.arange(6), cohort))
        true = np.array([effects[(cohort >= 0)[:, None] & (event == label)].mean() for label, _ in found.terms])
        terms = [term for _, term in found.terms]
        bands = multiplier_bootstrap(np.column_stack([term.influence for term in terms]), 500, rng)
        low, high = bands.uniform(np.array([term.estimate for term in terms]))
        start, total = dict(found.terms)[0], effects[effects > 0].mean()
        now = effects[(cohort >= 0)[:, None] & (event == 0)].mean()
        hits.append(
            (
                found.overall.conf_low <= total <= found.overall.conf_high,
                start.conf_low <= now <= start.conf_high,
                np.all((low <= true) & (true <= high)),
                found.pretrend.p_value < 0.05,
            )
        )
    return np.mean(hits, axis=0)


def test_coverage_small():
    *shares, rejected = covered(100)
    assert min(shares) >= 0.88
    assert rejected <= 0.12


@pytest.mark.slow
def test_coverage():
    *shares, rejected = covered(2000)
    assert min(shares) >= 0.93
    assert max(shares) <= 0.97
    assert rejected <= 0.06
