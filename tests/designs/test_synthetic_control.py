"""Predictors of a synthetic control through declarations: a known truth, what is refused, and what is checked before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

import impact
from impact.designs.models import AnyDesign as Design
from impact.errors import ProblemsError
from tests.designs.test_designs import LAST, LONG_PANEL, SYNTHETIC, Run, refused, states
from tests.support.programmes import indicator, written

CONTROL = {**SYNTHETIC, "method": "synthetic_control"}
RECENT = {"column": "y", "first": "2008", "last": "2013"}
SLOW = {"column": "slow", "first": "2000", "last": "2013"}
MIXED = {"column": "mixed", "first": "2004", "last": "2010"}
PREDICTORS = [RECENT, SLOW, MIXED]
WINDOWS = {"training": {"first": "1998", "last": "2005"}, "validation": {"first": "2006", "last": "2013"}}
TRAINED = [RECENT, {**SLOW, "training": {"column": "slow", "first": "1995", "last": "2005"}}, MIXED]
SEARCHED: dict[str, dict[str, Any]] = {
    "nested": {"importance": "nested"},
    "cross_validated": {"importance": "cross_validated", **WINDOWS},
}


def measured(n: int = 9) -> pd.DataFrame:
    """The states, with two more columns: one known every fifth year only, one that follows the outcome with error."""
    frame = states(n)
    rng = np.random.default_rng(3)
    level = frame.groupby("unit")["y"].transform("first")
    slow = (level + rng.normal(0, 0.3, len(frame))).where(frame["year"].astype(int) % 5 == 0)
    beside = 0.5 * (frame["unit"] == "s00")  # no mix of donors has as much, or importance would say nothing
    return frame.assign(slow=slow, mixed=frame["y"] * 0.1 + beside + rng.normal(0, 0.05, len(frame))).round(6)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Run:
    designs: dict[str, dict[str, Any]] = {
        "equal": {"predictors": PREDICTORS},
        "given": {
            "importance": "given",
            "predictors": [{**one, "weight": w} for one, w in zip(PREDICTORS, (6, 3, 1), strict=True)],
        },
        "nested": {"predictors": PREDICTORS, **SEARCHED["nested"]},
        "cross_validated": {"predictors": TRAINED, **SEARCHED["cross_validated"]},
    }
    declared = [indicator(name, {**CONTROL, **how}, **LAST) for name, how in designs.items()]
    return Run(written(tmp_path_factory.mktemp("predictors") / "programme", measured(), declared, **LONG_PANEL))


@pytest.mark.parametrize("name", ["equal", "given", *SEARCHED])
def test_the_known_effect_is_found(found: Run, name: str) -> None:
    row = found.findings.loc[name]
    assert isinstance(row["not_estimable"], (type(None), float)), row["not_estimable"]
    assert row["estimate"] == pytest.approx(-3, abs=0.6)


@pytest.mark.parametrize("name", ["equal", "given", *SEARCHED])
def test_what_it_rests_on_is_told(found: Run, name: str) -> None:
    searched = name in SEARCHED
    assert ("stable_optimum" in found.status(name)) == searched
    assert ("optimum_range" in found.families(name)) == searched
    assert {"predictor", "predictor_weight", "unit_weight", "gap"} <= found.families(name)
    weights = found.terms[(found.terms["indicator"] == name) & (found.terms["family"] == "predictor_weight")]
    assert weights["estimate"].sum() == pytest.approx(1)
    assert list(weights["term"]) == ["y 2008 to 2013", "slow 2000 to 2013", "mixed 2004 to 2010"]


def test_given_weights_are_proportions(found: Run) -> None:
    assert found.term("given", "predictor_weight", "y 2008 to 2013")["estimate"] == pytest.approx(0.6)


def test_means_leave_out_waves_without_a_value(found: Run) -> None:
    frame = measured().set_index(["unit", "year"])
    own = frame.loc[[("s00", "2000"), ("s00", "2005"), ("s00", "2010")], "slow"].mean()
    assert found.term("equal", "predictor", "slow 2000 to 2013")["detail"] == f"s00: {own:.2f}"
    weights = found.terms[(found.terms["indicator"] == "equal") & (found.terms["family"] == "unit_weight")]
    means = frame["slow"].unstack()[["2000", "2005", "2010"]].mean(axis=1)
    mixed = float(weights["estimate"].to_numpy() @ means[weights["term"]].to_numpy())
    assert found.term("equal", "predictor", "slow 2000 to 2013")["estimate"] == pytest.approx(mixed)


@pytest.mark.parametrize("name", ["equal", "nested"])
def test_an_earlier_start_moves_the_spans_with_it(found: Run, name: str) -> None:
    """The pretended start is 2007; spans that began in 2000 begin in 1993, before the first wave."""
    checks = found.checks.set_index(["indicator", "check"])
    assert checks.loc[(name, "placebo_time"), "detail"] == "slow would be needed 2 waves before the first"


def test_a_placebo_in_time_is_made_where_predictors_are_known(tmp_path: Path) -> None:
    late = [RECENT, {**SLOW, "first": "2005"}, {**MIXED, "first": "2009"}]
    declared = [
        indicator(name, {**CONTROL, "predictors": late, "importance": name}, **LAST) for name in ("equal", "nested")
    ]
    run = Run(written(tmp_path / "programme", measured(), declared, **LONG_PANEL))
    checks = run.checks.set_index(["indicator", "check"])
    for name in ("equal", "nested"):
        row = checks.loc[(name, "placebo_time")]
        assert row["detail"] == "start in 2007"
        assert abs(row["value"]) < 1.5


def test_a_unit_without_a_predictor_is_named(tmp_path: Path) -> None:
    frame = measured()
    frame.loc[frame["unit"] == "s04", "slow"] = np.nan
    reason = refused(frame, {**CONTROL, "predictors": PREDICTORS}, LONG_PANEL, LAST, tmp_path)
    assert "1 units have no slow from 2000 to 2013: s04; needed: a value of each unit" in reason


def test_a_predictor_that_does_not_vary_is_refused(tmp_path: Path) -> None:
    frame = measured().assign(mixed=2.0)
    reason = refused(frame, {**CONTROL, "predictors": PREDICTORS}, LONG_PANEL, LAST, tmp_path)
    assert "the same for all units" in reason


def test_a_unit_inside_its_predictors_is_refused(tmp_path: Path) -> None:
    """The treated unit is a mix of donors in two predictors: many weights reproduce it, and no importance matters."""
    frame = measured()
    donors = frame[frame["unit"] != "s00"].groupby("year")
    for name in ("y", "mixed"):
        means = frame["year"].map(donors[name].mean())
        frame[name] = frame[name].where(frame["unit"] != "s00", means).round(6)
    inside = {**CONTROL, "predictors": [RECENT, MIXED]}
    reason = refused(frame, {**inside, "importance": "nested"}, LONG_PANEL, LAST, tmp_path / "a")
    assert "reproduce the treated unit's predictors" in reason
    reason = refused(frame, inside, LONG_PANEL, LAST, tmp_path / "b")
    assert "in more than one way" in reason


INCOHERENT: dict[str, tuple[dict[str, Any], str]] = {
    "another method": ({"method": "synthetic_did", "predictors": PREDICTORS}, "method: synthetic_control"),
    "nothing to search over": ({"importance": "nested"}, "needs predictors"),
    "no windows": ({"predictors": PREDICTORS, "importance": "cross_validated"}, "which needs both"),
    "one window": (
        {"predictors": PREDICTORS, "importance": "cross_validated", "training": WINDOWS["training"]},
        "both",
    ),
    "windows without use": ({"predictors": PREDICTORS, **WINDOWS}, "go with importance: cross_validated"),
    "training without use": ({"predictors": [{**RECENT, "training": SLOW}]}, "training of a predictor"),
    "a weight is missing": (
        {"importance": "given", "predictors": [{**RECENT, "weight": 1}, SLOW]},
        "for each predictor",
    ),
    "weights of nothing": ({"importance": "given", "predictors": [{**RECENT, "weight": 0}]}, "not all of them 0"),
    "weights without use": ({"predictors": [{**RECENT, "weight": 1}]}, "go with importance: given"),
    "a weight below zero": ({"importance": "given", "predictors": [{**RECENT, "weight": -1}]}, "greater than or equal"),
}


@pytest.mark.parametrize("name", INCOHERENT)
def test_a_design_that_does_not_hold_together_is_refused(name: str) -> None:
    fields, words = INCOHERENT[name]
    with pytest.raises(ValidationError, match=words):
        TypeAdapter(Design).validate_python({**CONTROL, **fields})


CROSS = {**CONTROL, **SEARCHED["cross_validated"]}
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "after the start": ({**CONTROL, "predictors": [{**RECENT, "last": "2014"}]}, "reaches the start", "predictors.0"),
    "backwards": (
        {**CONTROL, "predictors": [{**RECENT, "first": "2013", "last": "2012"}]},
        "backwards",
        "predictors.0",
    ),
    "no such wave": ({**CONTROL, "predictors": [{**RECENT, "first": "1901"}]}, "there is no wave '1901'", "design"),
    "no such column": ({**CONTROL, "predictors": [{**RECENT, "column": "height"}]}, "no column 'height'", "design"),
    "a text": ({**CONTROL, "predictors": [{**RECENT, "column": "unit"}]}, "not a number", "design"),
    "windows overlap": (
        {**CROSS, "predictors": [RECENT], "training": {"first": "2000", "last": "2006"}},
        "training reaches into validation",
        "training",
    ),
    "windows differ": (
        {**CROSS, "predictors": [RECENT], "training": {"first": "1999", "last": "2004"}},
        "differ in length",
        "validation",
    ),
    "validation after the start": (
        {**CROSS, "predictors": [RECENT], "validation": {"first": "2008", "last": "2014"}},
        "reaches the start",
        "validation",
    ),
    "training sees validation": (
        {**CROSS, "predictors": [{**RECENT, "training": {"column": "mixed", "first": "2006", "last": "2007"}}]},
        "lies before the first wave or in validation",
        "predictors.0",
    ),
    "training before the first wave": (
        {**CROSS, "predictors": [{**RECENT, "first": "2000"}]},
        "lies before the first wave or in validation",
        "predictors.0",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_can_be_known_without_data_is_said_before(name: str, tmp_path: Path) -> None:
    design, words, place = WRONG[name]
    folder = written(tmp_path / "programme", measured(4), [indicator("it", design, **LAST)], **LONG_PANEL)
    with pytest.raises(ProblemsError) as caught:
        impact.run(folder)
    text = str(caught.value)
    assert words in text
    assert place in text
