"""Attainment, progress, contribution and evidence: closed forms and properties."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.designs.before_after.model import BeforeAfter
from impact.designs.did.model import DifferenceInDifferences
from impact.estimate import Diagnostic, Effect
from impact.judge import evidence_level, judge_attainment, judge_contribution
from impact.words.said import Said

NUMBER = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))
NULL, WHY = Said("checks.both_arms_lost_same_share_persons"), Said("checks.outcome_same_all_rows")


@pytest.mark.parametrize(
    "case",
    [
        ("increase", 10, 20, 25, 21, 29, "reached", "measured"),
        ("increase", 10, 20, 21, 18, 24, "uncertain", "measured"),
        ("increase", 10, 20, 15, 14, 16, "short", "measured"),
        ("increase", 10, 20, 5, 4, 6, "wrong_way", "wrong_way"),
        ("decrease", 10, 5, 4, 3, 4.5, "reached", "measured"),
        ("decrease", 10, 5, 12, 11, 13, "wrong_way", "wrong_way"),
        ("decrease", 10, 5, 6, 4, 8, "uncertain", "measured"),
        ("increase", None, 20, 25, None, None, "reached", "no_baseline"),
        ("increase", 20, 20, 25, None, None, "reached", "no_gap"),
        ("increase", 10, None, 25, None, None, "no_target", "no_target"),
        ("increase", 10, 20, None, None, None, "no_data", "no_data"),
        ("maintain", 10, 10, 10, None, None, "reached", "no_gap"),
        ("maintain", 10, 10, 10.5, 9, 12, "uncertain", "no_gap"),
        ("maintain", 10, 10, 15, 14, 16, "short", "no_gap"),
        ("increase", 0, 22, 22, None, None, "reached", "measured"),
        ("increase", 0, 22, 21, None, None, "short", "measured"),
    ],
)
def test_statuses(case: tuple) -> None:
    direction, baseline, target, value, low, high, status, state = case
    found = judge_attainment(direction, baseline=baseline, target=target, value=value, low=low, high=high)
    assert (found.status, found.progress_state) == (status, state)


def test_before_the_due_date_nothing_has_failed() -> None:
    late = judge_attainment("increase", baseline=0, target=10, value=5, due=False)
    done = judge_attainment("increase", baseline=0, target=10, value=12, due=False)
    assert (late.status, done.status) == ("not_due", "reached")


@given(NUMBER, NUMBER, NUMBER, st.floats(0, 1e3), st.floats(0.01, 100))
def test_status_does_not_depend_on_unit_or_sign(baseline, target, value, half, scale) -> None:
    """Scaling all figures, or mirroring them with the direction, changes nothing."""
    plain = judge_attainment(
        "increase", baseline=baseline, target=target, value=value, low=value - half, high=value + half
    )
    mirrored = judge_attainment(
        "decrease", baseline=-baseline, target=-target, value=-value, low=-value - half, high=-value + half
    )
    assert plain.status == mirrored.status
    if plain.progress is not None and abs(target - baseline) > 1e-2:
        scaled = judge_attainment("increase", baseline=baseline * scale, target=target * scale, value=value * scale)
        assert scaled.progress == pytest.approx(plain.progress, rel=1e-6, abs=1e-6)


def effect(low: float, high: float, **failed: str) -> Effect:
    checks = tuple(Diagnostic(Said(f"check.{name}"), NULL, None, None, status, "") for name, status in failed.items())
    middle, att, did, rule = (low + high) / 2, Said("estimand.att"), Said("did.kind"), Said("rule.robust")
    return Effect("x", att, did, middle, 1.0, middle, 0.01, low, high, "points", 10, None, rule, checks)


@pytest.mark.parametrize(
    ("direction", "low", "high", "status"),
    [
        ("increase", 1, 3, "improved"),
        ("increase", -3, -1, "worsened"),
        ("increase", -1, 3, "no_clear_effect"),
        ("increase", 0, 3, "no_clear_effect"),
        ("decrease", -3, -1, "improved"),
        ("decrease", 1, 3, "worsened"),
        ("maintain", 1, 3, "changed"),
    ],
)
def test_contribution_by_the_interval(direction, low, high, status) -> None:
    assert judge_contribution(direction, effect(low, high), "").status == status


def test_a_p_value_of_another_test_can_only_take_away() -> None:
    """A permutation p-value above 0.05 leaves no clear effect, whatever the interval; an association is no effect."""
    doubtful = dataclasses.replace(effect(1, 3), p_value=0.0625)
    assert judge_contribution("increase", doubtful, "").status == "no_clear_effect"
    related = dataclasses.replace(effect(1, 3), estimand=Said("estimand.association"))
    assert judge_contribution("increase", related, "").status == "associated"


def test_evidence_levels() -> None:
    did = DifferenceInDifferences(kind="did", arm="a", treated="1", comparison="0")
    assert evidence_level(did, effect(1, 2), measured_before=True, reason=WHY)[0] == 3
    assert evidence_level(did, effect(1, 2, attrition="failed"), measured_before=True, reason=WHY)[0] == 2
    worst = effect(1, 2, attrition="failed", clusters="failed", placebo_wave="failed")
    assert evidence_level(did, worst, measured_before=True, reason=WHY)[0] == 1
    assert evidence_level(did, effect(1, 2, complete_cases="failed"), measured_before=True, reason=WHY)[0] == 3
    assert evidence_level(BeforeAfter(kind="before_after"), None, measured_before=True, reason=WHY)[0] == 1
    assert evidence_level(None, None, measured_before=False, reason=WHY)[0] is None
