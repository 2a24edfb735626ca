"""Rules of signals: against a reading of them in plain loops, against what R marks, and against counting."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.errors import NotEstimable
from impact.statistics import control_charts as spc

NAN = float("nan")
points = st.lists(
    st.sampled_from([-3.4, -2.6, -2.2, -1.4, -1.2, -0.5, -0.2, 0.0, 0.2, 0.5, 1.2, 1.4, 2.2, 2.6, 3.4, NAN]),
    min_size=1,
    max_size=30,
)


def marked(away: Sequence[float], rules: spc.RuleSet) -> dict[spc.Signal, list[int]]:
    """Return the positions that each rule marks, where it marks any."""
    values = np.array(away, dtype=float)
    found = {mark.signal: np.flatnonzero(mark.points).tolist() for mark in spc.marks(values, values, rules)}
    return {signal: positions for signal, positions in found.items() if positions}


def windows(away: Sequence[float], length: int) -> list[range]:
    return [range(start, start + length) for start in range(len(away) - length + 1)]


def nhs_in_loops(away: Sequence[float]) -> dict[spc.Signal, list[int]]:
    """Return what the four NHS rules mark, as they are said in words."""
    found: dict[spc.Signal, set[int]] = {}
    for side, sign in (("above", 1), ("below", -1)):
        beyond = {at for at, value in enumerate(away) if sign * value > 3}
        run = {at for row in windows(away, 7) if all(sign * away[i] > 0 for i in row) for at in row}
        near = {at for at, value in enumerate(away) if 2 < sign * value <= 3}
        triples = [row for row in windows(away, 3) if all(sign * away[i] > 0 for i in row)]
        outer = {at for row in triples if len(near & set(row)) >= 2 for at in near & set(row)}
        found |= {
            spc.Signal("beyond_limit", side): beyond,  # type: ignore[arg-type]
            spc.Signal("run", side): run,  # type: ignore[arg-type]
            spc.Signal("two_of_three", side): outer,  # type: ignore[arg-type]
        }
    for side, sign in (("rising", 1), ("falling", -1)):
        steps = [row for row in windows(away, 7) if all(sign * (away[i + 1] - away[i]) > 0 for i in row[:-1])]
        found[spc.Signal("trend", side)] = {at for row in steps for at in row}  # type: ignore[arg-type]
    return {signal: sorted(positions) for signal, positions in found.items() if positions}


def western_electric_in_loops(away: Sequence[float]) -> dict[spc.Signal, list[int]]:
    """Return what the four Western Electric rules mark: the point that completes, itself beyond."""
    rules = {"beyond_limit": (1, 1, 3), "two_of_three": (2, 3, 2), "four_of_five": (4, 5, 1), "run": (8, 8, 0)}
    found = {}
    for (rule, (needed, length, line)), (side, sign) in itertools.product(rules.items(), (("above", 1), ("below", -1))):
        rows = [row for row in windows(away, length) if not np.isnan([away[i] for i in row]).any()]
        hits = [row[-1] for row in rows if sum(sign * away[i] > line for i in row) >= needed]
        found[spc.Signal(rule, side)] = [at for at in hits if sign * away[at] > line]  # type: ignore[arg-type]
    return {signal: positions for signal, positions in found.items() if positions}


@given(away=points)
def test_nhs_rules_are_what_they_say(away: list[float]) -> None:
    assert marked(away, "nhs") == nhs_in_loops(away)


@given(away=points)
def test_western_electric_rules_are_what_they_say(away: list[float]) -> None:
    assert marked(away, "western_electric") == western_electric_in_loops(away)


def test_what_qcc_marks_where_rules_overlap() -> None:
    """R qcc 3.0 marks of seven points at 2.5 sigmas and one at 3.2, counted from 1: 8; 3 to 8; 5 to 8; 8."""
    found = marked([2.5] * 7 + [3.2], "western_electric")
    by_rule = {signal.rule: [at + 1 for at in positions] for signal, positions in found.items()}
    assert by_rule == {
        "beyond_limit": [8],
        "two_of_three": [3, 4, 5, 6, 7, 8],
        "four_of_five": [5, 6, 7, 8],
        "run": [8],
    }


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        ([0.1] * 6, {}),
        ([0.1] * 7, {spc.Signal("run", "above"): [0, 1, 2, 3, 4, 5, 6]}),
        ([0.1] * 3 + [0.0] + [0.1] * 6, {}),
        ([0.1] * 6 + [NAN] + [0.1] * 6, {}),
        ([-0.4, -0.3, -0.2, 0.1, 0.2, 0.3, 0.4], {spc.Signal("trend", "rising"): [0, 1, 2, 3, 4, 5, 6]}),
        ([-0.4, -0.3, -0.2, -0.2, 0.2, 0.3, 0.4, 0.5], {}),
        ([2.5, 0.5, 2.5], {spc.Signal("two_of_three", "above"): [0, 2]}),
        ([2.5, -0.5, 2.5], {}),
        ([2.5, 2.5, 0.0], {}),
        ([-2.5, -2.5, -0.5], {spc.Signal("two_of_three", "below"): [0, 1]}),
        ([3.0], {}),
        ([3.1], {spc.Signal("beyond_limit", "above"): [0]}),
    ],
)
def test_cases_of_the_nhs_rules(away: list[float], expected: dict[spc.Signal, list[int]]) -> None:
    assert marked(away, "nhs") == expected


def test_runs_are_as_rare_as_counting_says() -> None:
    """Of all 4,096 ways to lie above or below a line 12 times, those with 7 or more in a row on one side."""
    away = np.array(list(itertools.product([-0.5, 0.5], repeat=12)))
    flagged = sum(mark.points.any(axis=1) for mark in spc.marks(away, away, "nhs") if mark.signal.rule == "run")
    # A first run of 7 starts at the first place, or after a change at one of five others
    assert int(np.sum(flagged)) == 2**12 * (2 * 2**-7 + 5 * 2**-7)


@given(away=points, rules=st.sampled_from(["nhs", "western_electric", "limits"]))
def test_up_is_down_turned_round(away: list[float], rules: spc.RuleSet) -> None:
    turned = {"above": "below", "below": "above", "rising": "falling", "falling": "rising"}
    mirrored = {
        spc.Signal(signal.rule, turned[signal.side]): at  # type: ignore[arg-type]
        for signal, at in marked([-value for value in away], rules).items()
    }
    assert mirrored == marked(away, rules)


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(NotEstimable, match="'nelson' is not known"):
        list(spc.marks(np.ones(3), np.ones(3), "nelson"))  # type: ignore[arg-type]
