"""Sets and probabilities of ranks against the reference records, brute force, and how often sets hold the truth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.rank_probabilities import drawn_rank_probabilities, rank_probabilities
from impact.statistics.ranking import RankSets, rank_sets, ranks_of, tukey_critical
from tests.support.leaves import assert_met, ids
from tests.support.references import dataset, value_reference

MADE_HERE = ["rank.probabilities3", "rank.sets_equal_se"]
OF_PISA = ["rank.csranks_pisa_simul", "rank.csranks_pisa_marginal"]
NOT_OURS = {"/extra/second_seed_differs_at": "where R's own bootstrap moved with its seed: nowhere"}
BOOTSTRAP = {"abs": 1.0, "rel": 0.0}
"""Sets of a bootstrap may differ by one rank, as the record says."""
ROUNDED = {"rel": 1e-12, "abs": 0.0}
"""Thirteen digits are printed; the record's tolerance of zero is for ranks."""
QTUKEY = {"rel": 1e-8, "abs": 0.0}
"""R's qtukey stops iterating early: its value has a probability of 0.95 + 3.3e-9, ours of 0.95 + 1e-14."""


def ends(found: RankSets, suffix: str = "") -> dict[str, list[int]]:
    return {f"lower{suffix}": found.lower.tolist(), f"upper{suffix}": found.upper.tolist()}


def test_probabilities_of_three_are_as_integrated() -> None:
    known = value_reference("rank.probabilities3")["given"]
    found = rank_probabilities(known["est"], known["se"])
    extra = {"expected_rank": found.expected.tolist(), "sucra": found.sucra.tolist()}
    assert_met("rank.probabilities3", {"value": found.probabilities.tolist(), "extra": extra})


def test_sets_of_equal_errors_are_by_tukeys_range() -> None:
    known = value_reference("rank.sets_equal_se")["given"]
    tukey, bonferroni, unadjusted = (
        rank_sets(known["est"], known["se"], method=method, step_down=False)
        for method in ("tukey", "bonferroni", "unadjusted")
    )
    ours = {
        "value": ends(tukey),
        "extra": {
            "crit": tukey.critical[0],
            "bonferroni": ends(bonferroni),
            "bonferroni_crit": bonferroni.critical[0],
            "unadjusted": ends(unadjusted),
        },
    }
    assert_met("rank.sets_equal_se", ours, tolerances={"/extra/crit": QTUKEY, "/extra/bonferroni_crit": ROUNDED})
    by_bootstrap = rank_sets(known["est"], known["se"], step_down=False)
    assert ends(by_bootstrap) == ends(tukey)
    assert by_bootstrap.critical[0] == pytest.approx(tukey.critical[0], abs=0.03)


def test_sets_of_pisa_are_those_of_csranks(subtests) -> None:
    pisa = dataset("value/pisa2018_math.csv")
    scores, errors = pisa["math_score"], pisa["math_se"]
    with subtests.test("simultaneous"):
        found, single = (rank_sets(scores, errors, draws=20_000, step_down=down) for down in (True, False))
        extra = {"rank": found.ranks.tolist(), **ends(single, "_single_step")}
        bounds = {"/value": BOOTSTRAP, "/extra/lower": BOOTSTRAP, "/extra/upper": BOOTSTRAP, "/extra/rank": {"abs": 0}}
        ours = {"value": ends(found), "extra": extra}
        assert_met("rank.csranks_pisa_simul", ours, not_ours=NOT_OURS, tolerances=bounds)
        assert found.statement.code == "scoring.some_order_supported"
        second = rank_sets(scores, errors, draws=20_000, seed=1)
        assert np.abs(second.lower - found.lower).max() <= 1
        assert np.abs(second.upper - found.upper).max() <= 1
    with subtests.test("marginal"):
        marginal = rank_sets(scores, errors, of="marginal", draws=20_000)
        assert_met("rank.csranks_pisa_marginal", {"value": ends(marginal)}, tolerances={"": BOOTSTRAP})
        assert marginal.statement.code == "scoring.sets_hold_one_by_one"


def test_no_record_is_left_out() -> None:
    assert {*MADE_HERE, *OF_PISA} == ids("rank")


# ------------------------------------------------------------------ probabilities


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.001, 3)), min_size=2, max_size=7), st.integers(0, 99))
def test_probabilities_sum_to_one_and_expected_ranks_are_closed(rows: list[tuple[float, float]], seed: int) -> None:
    values, errors = np.array(rows).T
    found = rank_probabilities(values, errors)
    np.testing.assert_allclose(found.probabilities.sum(axis=0), 1, rtol=1e-9)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-9)
    beaten = stats.norm.cdf((values - values[:, None]) / np.hypot(errors, errors[:, None]))
    np.testing.assert_allclose(found.expected, 0.5 + beaten.sum(axis=1), rtol=1e-8)
    order = np.random.default_rng(seed).permutation(len(values))
    other = rank_probabilities(1000 * values[order], 1000 * errors[order])
    np.testing.assert_allclose(other.probabilities, found.probabilities[order], atol=1e-9)
    turned = rank_probabilities(values, errors, best="smallest")
    np.testing.assert_allclose(turned.probabilities, found.probabilities[:, ::-1], atol=1e-9)


def test_draws_agree_with_the_closed_form_within_their_error() -> None:
    values, errors = np.array([10.0, 8.0, 7.0]), np.array([1.5, 1.0, 2.0])
    draws = np.random.default_rng(3).normal(values, errors, (100_000, 3))
    found, known = drawn_rank_probabilities(draws), rank_probabilities(values, errors)
    assert (np.abs(found.probabilities - known.probabilities) < 4 * found.std_errors).all()
    assert found.sucra == pytest.approx(known.sucra, abs=0.01)


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=8))
def test_ties_in_draws_are_shared_as_by_all_orders(rows: list[list[int]]) -> None:
    found = drawn_rank_probabilities(rows)
    known = np.zeros((4, 4))
    for row in rows:
        orders = list(itertools.permutations(range(4)))
        allowed = [order for order in orders if all(row[a] >= row[b] for a, b in itertools.pairwise(order))]
        for order in allowed:
            known[list(order), range(4)] += 1 / len(allowed) / len(rows)
    np.testing.assert_allclose(found.probabilities, known, atol=1e-12)


# ------------------------------------------------------------------ sets

many = st.lists(st.tuples(st.integers(0, 8), st.floats(0.1, 2)), min_size=2, max_size=6)


@settings(max_examples=40, deadline=None)
@given(many, st.sampled_from(["largest", "smallest"]), st.integers(0, 99))
def test_sets_hold_the_observed_ranks_and_simultaneous_ones_the_marginal(rows, best: Any, seed: int) -> None:
    values, errors = np.array(rows, dtype=float).T
    together = rank_sets(values, errors, best=best, draws=999)
    alone = rank_sets(values, errors, best=best, draws=999, of="marginal")
    single = rank_sets(values, errors, best=best, draws=999, step_down=False)
    last = len(values) + 1 - ranks_of(values, best="smallest" if best == "largest" else "largest")
    assert (alone.ranks == ranks_of(values, best=best)).all()
    assert ((single.lower <= together.lower) & (together.lower <= alone.lower) & (alone.lower <= alone.ranks)).all()
    assert ((single.upper >= together.upper) & (together.upper >= alone.upper) & (alone.upper >= last)).all()
    # neither the order of rows nor the unit changes anything; alike rows change places
    order = np.random.default_rng(seed).permutation(len(values))
    other = rank_sets(4 * values[order], 4 * errors[order], best=best, draws=999)
    if len({tuple(row) for row in rows}) == len(rows):
        assert (other.lower == together.lower[order]).all()
        assert (other.upper == together.upper[order]).all()
    assert other.ordered == together.ordered


def test_sets_use_the_covariance() -> None:
    values, covariance = np.array([1.0, 0.0]), np.array([[1.0, 0.99], [0.99, 1.0]])
    assert rank_sets(values, covariance).statement.code == "scoring.whole_order_supported"
    assert rank_sets(values, [1.0, 1.0]).statement.code == "scoring.no_order_supported"
    assert rank_sets(values, covariance).critical == pytest.approx([1.96, 1.96], abs=0.05)


def test_what_is_no_set_claims_no_order() -> None:
    for options in ({"of": "marginal"}, {"method": "unadjusted"}):
        found = rank_sets([9.0, 5.0, 1.0], [0.1, 0.1, 0.1], **options)
        assert (found.ordered, found.lower.tolist()) == (None, [1, 2, 3])
        assert "support no order" in str(found.statement)


def test_ties_share_the_better_rank_and_their_set_holds_both() -> None:
    found = rank_sets([5.0, 5.0, 1.0], [0.1, 0.1, 0.1])
    assert found.ranks.tolist() == [1, 1, 3]
    assert (found.lower.tolist(), found.upper.tolist()) == ([1, 1, 3], [2, 2, 3])


def test_tukeys_range_of_scipy() -> None:
    for k in (2, 3, 10, 38):
        known = float(stats.studentized_range.ppf(0.9, k, 1e6)) / math.sqrt(2)
        assert tukey_critical(k, 0.9) == pytest.approx(known, rel=1e-4)


ALIKE, APART = np.zeros(6), np.array([0.0, 0.0, 0.4, 1.0, 1.2, 3.0])


@pytest.mark.slow
@pytest.mark.parametrize("of", ["simultaneous", "marginal"])
@pytest.mark.parametrize("step_down", [True, False])
def test_sets_hold_the_truth_as_often_as_they_say(of: Any, step_down: bool) -> None:
    """A true tie may take any of its ranks. Where all tie the level is met; elsewhere sets are on the safe side."""
    errors, runs = np.array([0.3, 0.5, 0.3, 0.4, 0.2, 0.3]), 1500
    for truth, most in ((ALIKE, 0.965), (APART, 1.0)):
        best, worst = ranks_of(truth), len(truth) + 1 - ranks_of(truth, best="smallest")
        rng, held = np.random.default_rng(8), np.empty((runs, len(truth)), dtype=bool)
        for run in range(runs):
            found = rank_sets(rng.normal(truth, errors), errors, of=of, step_down=step_down, draws=1999, seed=run)
            held[run] = (found.lower <= best) & (found.upper >= worst)
        share = held.all(axis=1).mean() if of == "simultaneous" else held.mean(axis=0).min()
        assert 0.935 <= share <= most


SETTINGS: dict[str, tuple[Callable[[], object], str]] = {
    "nan": (lambda: rank_sets([1.0, math.nan], [1.0, 1.0]), "missing or infinite"),
    "nan error": (lambda: rank_sets([1.0, 2.0], [1.0, math.nan]), "missing or infinite"),
    "one": (lambda: rank_sets([1.0], [1.0]), "fewer than two"),
    "shape": (lambda: rank_sets([1.0, 2.0], [1.0, 1.0, 1.0]), "do not belong together"),
    "negative": (lambda: rank_sets([1.0, 2.0], [1.0, -1.0]), "negative"),
    "exact": (lambda: rank_sets([1.0, 2.0], [0.0, 0.0]), "has no error"),
    "same": (lambda: rank_sets([1.0, 2.0], [[1.0, 1.0], [1.0, 1.0]]), "has no error"),
    "asymmetric": (lambda: rank_sets([1.0, 2.0], [[1.0, 0.5], [0.0, 1.0]]), "not symmetric"),
    "indefinite": (lambda: rank_sets([1.0, 2.0], [[1.0, -2.0], [-2.0, 1.0]]), "negative variance"),
    "level": (lambda: rank_sets([1.0, 2.0], [1.0, 1.0], level=95), "not inside"),
    "draws": (lambda: rank_sets([1.0, 2.0], [1.0, 1.0], draws=10), "there are 10 draws"),
    "tukey": (lambda: rank_sets([1.0, 2.0, 3.0], [1.0, 1.0, 2.0], method="tukey"), "same error for each"),
    "marginal tukey": (lambda: rank_sets([1.0, 2.0], [1.0, 1.0], method="tukey", of="marginal"), "all pairs at once"),
    "of": (lambda: rank_sets([1.0, 2.0], [1.0, 1.0], of="joint"), "not known"),
    "best": (lambda: ranks_of([1.0, 2.0], best="highest"), "'highest' is not known"),
    "zero error": (lambda: rank_probabilities([1.0, 2.0], [0.0, 1.0]), "not positive"),
    "many": (lambda: rank_probabilities(np.arange(41.0), np.ones(41)), "41 are too many"),
    "nan draw": (lambda: drawn_rank_probabilities([[1.0, math.nan]]), "missing"),
    "no draws": (lambda: drawn_rank_probabilities([1.0, 2.0]), "no joint draws"),
    "one project": (lambda: drawn_rank_probabilities([[1.0]]), "fewer than two"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_refusals(name: str) -> None:
    call, reason = SETTINGS[name]
    with pytest.raises(NotEstimable, match=reason):
        call()
