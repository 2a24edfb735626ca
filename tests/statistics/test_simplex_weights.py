"""Weights over criteria against exact fractions, draws, linear programmes, and what no weights can do."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from impact.errors import NotEstimable
from impact.statistics.simplex import admissible, drawn_weights
from impact.statistics.simplex_weights import smallest_change, weight_shares, weighted_scores
from tests.support.leaves import assert_met, ids
from tests.support.references import value_reference

NOT_UNIFORM = "independent uniforms over their sum are not uniform on the simplex: another convention"
NAMES = "ABC"
RECORDS = ["weights.three_criteria", "weights.two_criteria", "weights.equal_weights_rank"]


def scores_of(name: str) -> np.ndarray:
    return np.array(value_reference(name)["given"]["scores"])


def test_three_criteria_are_exact_fractions() -> None:
    scores = scores_of("weights.three_criteria")
    free = weight_shares(scores)
    ordered = weight_shares(scores, within=admissible(3, importance=(0, 1, 2)))
    bounded = weight_shares(scores, within=admissible(3, lower=0.1, upper=0.6))
    ours = {
        "value": free.first.tolist(),
        "extra": {
            "exact": list(map(str, free.exact or ())),
            "with_w1_ge_w2_ge_w3": ordered.first.tolist(),
            "exact_ordered": list(map(str, ordered.exact or ())),
            "weights_between_0_1_and_0_6": bounded.first.tolist(),
            "exact_bounded": list(map(str, bounded.exact or ())),
        },
    }
    assert_met("weights.three_criteria", ours, not_ours={"/extra/normalised_independent_uniforms": NOT_UNIFORM})


def test_two_criteria_and_where_they_break_even() -> None:
    scores = scores_of("weights.two_criteria")
    change = smallest_change(scores, [1, 1])
    ours = {"value": weight_shares(scores).first.tolist(), "extra": {"break_even_w": float(change.weights[0])}}
    assert_met("weights.two_criteria", ours, not_ours={"/extra/normalised_independent_uniforms": NOT_UNIFORM})


def test_equal_weights_leave_two_tied() -> None:
    found = weighted_scores(scores_of("weights.equal_weights_rank"), [1 / 3, 1 / 3, 1 / 3])
    (tie,) = found.tied
    ours = {"value": found.scores.tolist(), "extra": {"tie_between": [NAMES[at] for at in tie]}}
    assert_met("weights.equal_weights_rank", ours)
    assert found.ranks.tolist() == [2, 1, 2]
    assert found.margin == pytest.approx(0.1 / 3, rel=1e-12)


def test_no_record_is_left_out() -> None:
    assert set(RECORDS) == ids("weights")


def test_other_conventions_give_the_other_shares_of_the_records() -> None:
    """What is left out above is told apart from ours by more than any error of drawing."""
    rng = np.random.default_rng(1)
    for name, key in (
        ("weights.two_criteria", "normalised_independent_uniforms"),
        ("weights.three_criteria", "normalised_independent_uniforms_monte_carlo"),
    ):
        scores, theirs = scores_of(name), value_reference(name)["extra"][key]
        uniforms = rng.random((200_000, scores.shape[1]))
        first = np.argmax(uniforms @ scores.T, axis=1)
        shares = np.bincount(first) / len(first)
        assert shares[: np.size(theirs)] == pytest.approx(theirs, abs=0.006)
        assert np.abs(shares - weight_shares(scores).first).max() > 0.05


# ------------------------------------------------------------------ shares

TENTHS = st.integers(0, 20).map(lambda tenth: tenth / 10)


def tables(criteria: int, most: int = 5):
    row = st.lists(TENTHS, min_size=criteria, max_size=criteria)
    return st.lists(row, min_size=2, max_size=most, unique_by=tuple).map(np.array)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([2, 3]).flatmap(tables), st.integers(0, 99))
def test_exact_shares_sum_to_one_and_know_no_order_of_rows(scores: np.ndarray, seed: int) -> None:
    found = weight_shares(scores, declared=np.ones(scores.shape[1]))
    assert found.exact is not None
    assert sum(found.exact, Fraction(0)) == 1
    np.testing.assert_allclose(found.ranks.sum(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(found.ranks.sum(axis=1), 1, rtol=1e-12)
    order = np.random.default_rng(seed).permutation(len(scores))
    other = weight_shares(scores[order], declared=np.ones(scores.shape[1]))
    assert other.exact == tuple(found.exact[at] for at in order)
    assert found.keeps is not None
    assert other.keeps is not None
    assert (other.keeps == found.keeps[order]).all()
    # criteria change places, and scores their unit
    assert weight_shares(3 * scores[:, ::-1]).first == pytest.approx(found.first, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(tables(3), st.booleans())
def test_draws_agree_with_exact_shares(scores: np.ndarray, bounded: bool) -> None:
    within = admissible(3, lower=[0.1, 0, 0.2], upper=[0.5, 0.7, 1]) if bounded else admissible(3, importance=(2, 0))
    exact, drawn = (weight_shares(scores, within=within, exact=wanted, draws=20_000) for wanted in (True, False))
    assert drawn.exact is None
    assert drawn.ranks == pytest.approx(exact.ranks, abs=5 * 0.5 / math.sqrt(20_000))
    assert ((drawn.conf_low <= drawn.first) & (drawn.first <= drawn.conf_high)).all()


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([2, 3, 4]).flatmap(tables), st.integers(0, 4), st.floats(0.01, 0.5))
def test_the_dominated_are_never_first(scores: np.ndarray, at: int, less: float) -> None:
    at %= len(scores)
    worse = np.vstack([scores, scores[at] - round(less, 3)])
    found = weight_shares(worse, draws=2000)
    assert found.first[-1] == 0
    assert found.first[:-1] == pytest.approx(weight_shares(scores, draws=2000).first, abs=1e-12)


def test_the_alike_tie_under_all_weights() -> None:
    scores = np.array([[0.9, 0.3, 0.1], [0.9, 0.3, 0.1], [0.3, 0.8, 0.2]])
    for found in (weight_shares(scores), weight_shares(scores, exact=False, draws=2000)):
        assert found.always_tied == ((0, 1),)
        assert found.first[0] == found.first[1]
        assert found.first[0] + found.first[2] == pytest.approx(1, rel=1e-12)
        assert found.ranks[0].tolist() == [found.first[0], found.first[2], 0]


@pytest.mark.parametrize("criteria", [2, 3, 5])
def test_drawn_weights_are_uniform(criteria: int) -> None:
    """Means and second moments of the Dirichlet of ones, and of its part in which the first weighs no less."""
    rng, n = np.random.default_rng(5), 100_000
    weights = drawn_weights(admissible(criteria), draws=n, rng=rng)
    assert weights.mean(axis=0) == pytest.approx(np.full(criteria, 1 / criteria), abs=0.005)
    assert (weights**2).mean() == pytest.approx(2 / (criteria * (criteria + 1)), abs=0.005)
    ordered = drawn_weights(admissible(criteria, importance=range(criteria)), draws=n, rng=rng)
    steps = 1 / np.arange(1, criteria + 1) / criteria
    assert ordered.mean(axis=0) == pytest.approx(steps[::-1].cumsum()[::-1], abs=0.005)
    within = admissible(criteria, lower=0.05, upper=0.9)
    assert drawn_weights(within, draws=100, rng=rng).min() >= 0.05


def test_many_criteria_are_drawn_with_the_same_numbers_each_time() -> None:
    scores = np.random.default_rng(2).random((30, 6))
    first, again = (weight_shares(scores, declared=np.ones(6), draws=5000) for _ in range(2))
    assert (first.draws, first.exact) == (5000, None)
    assert (first.ranks == again.ranks).all()
    assert first.first.sum() == pytest.approx(1)
    assert first.std_errors == pytest.approx(np.sqrt(first.first * (1 - first.first) / 5000))


# ------------------------------------------------------------------ smallest changes


def by_programme(gains: np.ndarray, weights: np.ndarray, lower: float, upper: float) -> float:
    """Return the least weight moved by a linear programme: given and taken, each 0 or more."""
    c = len(weights)
    found = optimize.linprog(
        np.full(2 * c, 0.5),
        A_ub=-np.concatenate([gains, -gains])[None],
        b_ub=[float(gains @ weights)],
        A_eq=np.concatenate([np.ones(c), -np.ones(c)])[None],
        b_eq=[0.0],
        bounds=[*((0, upper - w) for w in weights), *((0, w - lower) for w in weights)],
    )
    return float(found.fun) if found.success else math.inf


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([2, 3, 5]).flatmap(tables),
    st.lists(st.integers(1, 9), min_size=5, max_size=5),
    st.sampled_from([(0.0, 1.0), (0.02, 0.95)]),
)
def test_smallest_change_is_that_of_a_linear_programme(scores, points, ends) -> None:
    c = scores.shape[1]
    weights = np.array(points[:c]) / sum(points[:c])
    lower, upper = ends
    found = smallest_change(scores, points[:c], lower=lower, upper=upper)
    others = [at for at in range(len(scores)) if at != found.first]
    for at in others:
        known = by_programme(scores[at] - scores[found.first], weights, lower, upper)
        assert found.by_challenger[at] == pytest.approx(known, abs=1e-7)
    assert found.moved == (min(found.by_challenger[others]) if found.challenger is not None else None)
    if found.weights is not None:
        assert found.weights.sum() == pytest.approx(1)
        assert np.abs(found.weights - weights).sum() / 2 == pytest.approx(found.moved, abs=1e-12)
        level = scores @ found.weights
        assert level[found.challenger] >= level[found.first] - 1e-12


def test_what_is_best_on_every_criterion_stays_first() -> None:
    found = smallest_change([[0.9, 0.8], [0.5, 0.7]], [1, 1])
    assert (found.challenger, found.moved, found.weights) == (None, None, None)
    assert found.statement.code == "scoring.first_under_all_weights"
    near = smallest_change([[0.9, 0.3], [0.5, 0.6]], [1, 1], lower=0.45)
    assert near.challenger is None
    tied = smallest_change([[0.9, 0.3], [0.3, 0.9]], [1, 1])
    assert (tied.first, tied.challenger, tied.moved) == (0, 1, 0)


def test_points_are_weights_once_divided_by_their_sum() -> None:
    scores = [[0.9, 0.3, 0.5], [0.4, 0.8, 0.6]]
    points, shares = weighted_scores(scores, [3, 2, 1]), weighted_scores(scores, [0.3, 0.2, 0.1])
    assert points.scores.tolist() == shares.scores.tolist()
    assert points.weights == pytest.approx([1 / 2, 1 / 3, 1 / 6])


TWO = [[0.9, 0.3], [0.5, 0.6]]
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "nan": (lambda: weighted_scores([[0.9, math.nan], [0.5, 0.6]], [1, 1]), "missing or infinite"),
    "nan weight": (lambda: weighted_scores(TWO, [1, math.nan]), "missing or infinite"),
    "one": (lambda: weight_shares([[0.9, 0.3]]), "fewer than two"),
    "one criterion": (lambda: weight_shares([[0.9], [0.3]]), "single criterion"),
    "weights": (lambda: weighted_scores(TWO, [1, 1, 1]), "do not fit together"),
    "negative": (lambda: weighted_scores(TWO, [2, -1]), "negative, or all are zero"),
    "none": (lambda: weighted_scores(TWO, [0, 0]), "negative, or all are zero"),
    "criteria": (lambda: weight_shares(TWO, within=admissible(3)), "do not fit together"),
    "bounds": (lambda: admissible(3, lower=0.4), "leave no room"),
    "bounds above": (lambda: admissible(3, upper=0.3), "leave no room"),
    "order and bounds": (
        lambda: weight_shares(TWO, within=admissible(2, lower=[0, 0.6], importance=(0, 1))),
        "leave no room",
    ),
    "drawn from nothing": (
        lambda: weight_shares(TWO, within=admissible(2, lower=[0, 0.6], importance=(0, 1)), exact=False),
        "one in a thousand",
    ),
    "importance": (lambda: admissible(3, importance=(0, 0)), "twice"),
    "criterion": (lambda: admissible(3, importance=(3,)), "not there"),
    "exact": (lambda: weight_shares(np.eye(4), exact=True), "up to 20 alternatives"),
    "draws": (lambda: weight_shares(np.eye(4), draws=0), "there are 0 draws"),
    "outside": (lambda: smallest_change(TWO, [1, 1], lower=[0.6, 0]), "outside the bounds"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, reason = REFUSED[name]
    with pytest.raises(NotEstimable, match=reason):
        call()
