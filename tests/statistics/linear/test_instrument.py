"""Two-stage least squares against linearmodels, the Wald ratio, and simulations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from impact.errors import NotEstimable, UsageError
from impact.statistics.linear.instrument import InstrumentResult, two_stage_least_squares
from impact.statistics.linear.least_squares import fit
from impact.statistics.linear.sandwich import coefficient

ROW = np.arange(60)
ASSIGNED = (ROW % 2).astype(float)
X = np.sin(ROW)
CODES = ROW // 6
RECEIVED = ((7 * ROW) % 10 < 2 + 5 * ASSIGNED).astype(float)
OUTCOME = 1 + 2 * RECEIVED + 0.5 * X + np.cos(3 * ROW) + 0.3 * np.sin(CODES * 5.0)
WEIGHTS = 1 + (ROW % 4) / 2
EXOGENOUS = np.column_stack([np.ones(60), X])
NAMES = ["constant", "x"]


def _estimate(errors: str = "HC1", weights: np.ndarray | None = None) -> InstrumentResult:
    clusters = [CODES] if errors[0] == "C" else []
    return two_stage_least_squares(
        OUTCOME, RECEIVED, ASSIGNED, EXOGENOUS, names=NAMES, weights=weights, errors=errors, clusters=clusters
    )


# linearmodels 7.1: IV2SLS(OUTCOME, EXOGENOUS, RECEIVED, ASSIGNED, weights=…).fit(cov_type="robust" | "unadjusted" |
# "clustered", debiased=True except for HC0); the last coefficient and its error.
@pytest.mark.parametrize(
    ("errors", "weighted", "effect", "error"),
    [
        ("HC0", False, 1.463609173734819, 0.49534272235732707),
        ("HC1", False, 1.463609173734819, 0.5082109100015444),
        ("classical", False, 1.463609173734819, 0.508347899291911),
        ("CR1", False, 1.463609173734819, 1.1603002993241849),
        ("HC0", True, 1.499842946171234, 0.5106717924826754),
        ("HC1", True, 1.499842946171234, 0.5239382041077473),
        ("classical", True, 1.499842946171234, 0.5196116908979287),
        ("CR1", True, 1.499842946171234, 1.1640739358729617),
    ],
)
def test_agrees_with_linearmodels(errors: str, weighted: bool, effect: float, error: float) -> None:
    late = _estimate(errors, WEIGHTS if weighted else None).late
    assert (late.estimate, late.std_error) == pytest.approx((effect, error), rel=1e-10)
    assert late.df == (9 if errors == "CR1" else 57)


@pytest.mark.parametrize(("weighted", "f"), [(False, 12.086175), (True, 11.468442)])
def test_robust_f_agrees_with_linearmodels(weighted: bool, f: float) -> None:
    """linearmodels prints the first stage's robust F to six decimals, without small-sample factor: HC0."""
    assert _estimate("HC0", WEIGHTS if weighted else None).f_statistic == pytest.approx(f, abs=1e-6)


def test_without_covariates_it_is_the_wald_ratio() -> None:
    found = two_stage_least_squares(OUTCOME, RECEIVED, ASSIGNED, np.ones((60, 1)), names=["constant"], weights=WEIGHTS)
    offered = ASSIGNED
    means = {
        (what, arm): np.average(values[offered == arm], weights=WEIGHTS[offered == arm])
        for what, values in (("y", OUTCOME), ("d", RECEIVED))
        for arm in (0, 1)
    }
    share = means["d", 1] - means["d", 0]
    assert found.late.estimate == pytest.approx((means["y", 1] - means["y", 0]) / share, rel=1e-11)
    assert found.first_stage.estimate == pytest.approx(share, rel=1e-11)
    assert (found.received_if_assigned, found.received_if_not) == pytest.approx(
        (means["d", 1], means["d", 0]), rel=1e-12
    )


@pytest.mark.parametrize("errors", ["classical", "HC1", "CR1"])
def test_anderson_rubin_ends_are_where_the_reduced_form_turns(errors: str) -> None:
    found = _estimate(errors, WEIGHTS)
    matrix, clusters = np.column_stack([EXOGENOUS, ASSIGNED]), [CODES] if errors == "CR1" else []

    def p_value(null: float) -> float:
        fitted = fit(OUTCOME - null * RECEIVED, matrix, [*NAMES, "z"], weights=WEIGHTS)
        return coefficient(fitted, "z", errors=errors, clusters=clusters).p_value

    assert found.p_value_ar == pytest.approx(p_value(0.0), rel=1e-10)
    if found.anderson_rubin is not None and np.isfinite(found.anderson_rubin).all():
        assert [p_value(end) for end in found.anderson_rubin] == pytest.approx([0.05, 0.05], rel=1e-8)
    else:
        assert p_value(1e9) > 0.05
        assert errors == "CR1"


def test_weak_instruments_give_unbounded_or_split_sets() -> None:
    rng, kinds = np.random.default_rng(3), set()
    for _ in range(200):
        z = np.arange(80) % 2
        d = (rng.random(80) < 0.4 + 0.08 * z).astype(float)
        y = rng.normal(size=80) + 3 * d * rng.normal() + 0.4 * z
        try:
            found = two_stage_least_squares(y, d, z, np.ones((80, 1)), names=["constant"])
        except NotEstimable:
            continue
        if found.anderson_rubin is None:
            kinds.add("rays")
            assert found.weak
            assert found.p_value_ar <= 0.05 or found.f_statistic < 4
        elif math.isinf(found.anderson_rubin[0]):
            kinds.add("line")
            assert found.anderson_rubin == (-math.inf, math.inf)
            assert found.p_value_ar > 0.05
        else:
            kinds.add("interval")
            assert (found.anderson_rubin[0] <= 0 <= found.anderson_rubin[1]) == (found.p_value_ar > 0.05)
            assert found.anderson_rubin[0] <= found.late.estimate <= found.anderson_rubin[1]
    assert kinds == {"rays", "line", "interval"}


def test_units_and_row_order_do_not_matter() -> None:
    order, base = np.random.default_rng(1).permutation(60), _estimate("CR1", WEIGHTS)
    other = two_stage_least_squares(
        7 + 100 * OUTCOME[order], RECEIVED[order], ASSIGNED[order], EXOGENOUS[order] * [1, 1e4], names=NAMES,
        weights=3 * WEIGHTS[order], errors="CR1", clusters=[CODES[order].astype(str)],
    )  # fmt: skip
    assert (other.late.estimate, other.late.std_error) == pytest.approx(
        (100 * base.late.estimate, 100 * base.late.std_error), rel=1e-9
    )
    assert (other.f_statistic, other.p_value_ar) == pytest.approx((base.f_statistic, base.p_value_ar), rel=1e-8)


@pytest.mark.parametrize(
    ("received", "assigned", "says"),
    [
        (np.zeros(60), ASSIGNED, "treatment received is the same for all units"),
        (np.ones(60), ASSIGNED, "treatment received is the same for all units"),
        (RECEIVED, np.ones(60), "assignment is the same for all units"),
        (RECEIVED * (1 - ASSIGNED), ASSIGNED, "nobody who was assigned received treatment"),
        (ASSIGNED, ASSIGNED, "fully decide who received treatment"),
        (1 - RECEIVED, ASSIGNED, "does not raise the share"),
        ((ROW // 2 % 2).astype(float), ASSIGNED, "does not raise the share"),
        (RECEIVED * 2, ASSIGNED, "other than 0 and 1"),
        (np.where(ROW == 3, np.nan, RECEIVED), ASSIGNED, "treatment received has 1 missing"),
        (RECEIVED, (X > 0.99).astype(float), "does not raise|rests on one observation"),
    ],
)
def test_refuses(received: np.ndarray, assigned: np.ndarray, says: str) -> None:
    with pytest.raises(NotEstimable, match=says):
        two_stage_least_squares(OUTCOME, received, assigned, np.ones((60, 1)), names=["constant"])


def test_refuses_a_missing_outcome_collinear_columns_and_one_cluster() -> None:
    with pytest.raises(NotEstimable, match="the outcome has 1 missing"):
        two_stage_least_squares(np.where(ROW == 3, np.nan, OUTCOME), RECEIVED, ASSIGNED, EXOGENOUS, names=NAMES)
    with pytest.raises(NotEstimable, match="collinear: constant, x, assigned"):
        two_stage_least_squares(OUTCOME, RECEIVED, ASSIGNED, np.column_stack([np.ones(60), 1 - ASSIGNED]), names=NAMES)
    with pytest.raises(NotEstimable, match="all observations lie in one cluster"):
        two_stage_least_squares(
            OUTCOME, RECEIVED, ASSIGNED, EXOGENOUS, names=NAMES, errors="CR1", clusters=[np.zeros(60)]
        )


def test_refuses_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="two stages take one of"):
        two_stage_least_squares(OUTCOME, RECEIVED, ASSIGNED, EXOGENOUS, names=NAMES, errors="HC2")
    with pytest.raises(UsageError, match="exogenous has shape"):
        two_stage_least_squares(OUTCOME, RECEIVED, ASSIGNED, EXOGENOUS[1:], names=NAMES)
    with pytest.raises(UsageError, match="need a constant"):
        two_stage_least_squares(OUTCOME, RECEIVED, ASSIGNED, X[:, None], names=["x"])


def _trial(rng: np.random.Generator, n: int, pull: float) -> InstrumentResult:
    """Always-takers, compliers and never-takers whose outcomes differ; the compliers' effect is 1."""
    kind, z = rng.random(n), rng.permutation(np.arange(n) % 2).astype(float)
    d = ((kind < 0.2) | ((kind < 0.2 + pull) & (z == 1))).astype(float)
    y = 2 * (kind < 0.2) - (kind > 0.2 + pull) + d * np.where(kind < 0.2, 3.0, 1.0) + rng.normal(size=n)
    return two_stage_least_squares(y, d, z, np.ones((n, 1)), names=["constant"])


def _coverage(times: int, n: int, pull: float, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    late, ar = 0, 0
    for _ in range(times):
        found = _trial(rng, n, pull)
        late += found.late.conf_low <= 1 <= found.late.conf_high
        ar += found.anderson_rubin is not None and found.anderson_rubin[0] <= 1 <= found.anderson_rubin[1]
    return late / times, ar / times


def test_a_small_sample_of_trials_is_covered() -> None:
    late, ar = _coverage(200, 300, 0.5, seed=2)
    assert min(late, ar) >= 0.9


@pytest.mark.slow
def test_a_strong_instrument_covers() -> None:
    late, ar = _coverage(3000, 300, 0.5, seed=17)
    assert 0.93 <= late <= 0.97
    assert 0.93 <= ar <= 0.97
