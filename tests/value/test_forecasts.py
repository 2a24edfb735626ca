"""Forecasts scored: by integrals and closed forms on the findings, all of them together, none where none is due."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from impact.declare import load_programme
from impact.expect import register_plan
from tests.support.programmes import edit, indicator, written
from tests.support.valued import SAID, Valued, valued

WAVES = (
    {"id": "before", "title": "before", "date": "2019-01", "role": "baseline"},
    {"id": "after", "title": "after", "date": "2020-01", "role": "end_line"},
)
AFTER: dict[str, Any] = {"ex_post": {"wave": "after"}}
DID = {"kind": "did", "arm": "arm", "treated": "T", "comparison": "C"}
SCORES = ("hit", "crps", "log_score", "pit")


def persons() -> pd.DataFrame:
    """Persons at two waves; ``y`` in points, ``kilos`` in another unit."""
    rng = np.random.default_rng(11)
    rows = [
        {
            "person": f"p{i:03}",
            "wave": wave,
            "arm": "TC"[i % 2],
            "y": 10 + rng.normal() + 2 * (wave == "after") * (i % 2 == 0),
            "kilos": 70 + 9 * rng.normal(),
        }
        for i in range(60)
        for wave in ("before", "after")
    ]
    return pd.DataFrame(rows).round(5)


def forecast(mean: float, sd: float, of: str = "value") -> dict[str, Any]:
    """Declare a normal forecast by two quantiles."""
    ends = {level: mean + sd * float(stats.norm.ppf(level)) for level in (0.1, 0.9)}
    return {"kind": "elicited", "of": of, "quantiles": ends, **SAID}


def expected(name: str, *law: Any, measured: bool = True, **fields: Any) -> dict[str, Any]:
    before: dict[str, Any] = {"wave": "before"} if measured else {"value": 10.0, **SAID}
    return indicator(name, ex_ante={"baseline": before, "forecast": forecast(*law)}, **AFTER, **fields)


def run_of(folder: Path, *indicators: dict[str, Any]) -> Valued:
    frame = persons()
    return valued(written(folder / "made", frame, indicators, key=("person", "wave"), wave="wave", waves=WAVES))


def integral(mean: float, sd: float, observed: float) -> float:
    """Return the continuous ranked probability score of a normal by its definition."""
    law = stats.norm(mean, sd)
    below, _ = integrate.quad(lambda x: law.cdf(x) ** 2, mean - 12 * sd, observed, limit=200)
    above, _ = integrate.quad(lambda x: law.sf(x) ** 2, observed, mean + 12 * sd, limit=200)
    return below + above


def mean_of(frame: pd.DataFrame, wave: str, column: str = "y") -> tuple[float, float]:
    values = frame.loc[frame["wave"] == wave, column]
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def test_a_forecast_of_a_value_is_scored_against_its_mean_and_error(tmp_path: Path) -> None:
    run = run_of(tmp_path, expected("y", 10.5, 0.6))
    observed, error = mean_of(persons(), "after")
    spread = math.hypot(0.6, error)
    assert run.line("observed", "y").value == pytest.approx(observed)
    assert run.line("crps", "y").value == pytest.approx(integral(10.5, spread, observed), rel=1e-6)
    assert run.line("log_score", "y").value == pytest.approx(-stats.norm(10.5, spread).logpdf(observed), rel=1e-6)
    assert run.line("pit", "y").value == pytest.approx(stats.norm(10.5, spread).cdf(observed), rel=1e-6)
    assert str(run.line("hit", "y").verdict) == "inside"
    assert run.number("forecast", "y") == pytest.approx((10.5, 10.5 - 1.959964 * 0.6, 10.5 + 1.959964 * 0.6))


def test_a_forecast_of_an_effect_is_scored_against_the_effect(tmp_path: Path) -> None:
    declared = expected("y", 0.0, 0.2, "effect")
    run = run_of(tmp_path, declared | {"ex_post": {"wave": "after", "design": DID}})
    found = run.findings.loc["made/y"]
    spread = math.hypot(0.2, found["std_error"])
    assert run.line("crps", "y").value == pytest.approx(integral(0.0, spread, found["estimate"]), rel=1e-6)
    assert run.line("crps", "y").value == pytest.approx(found["forecast_crps"])
    assert str(run.line("hit", "y").verdict) == "outside"
    assert run.line("observed", "y").difference
    assert "no change from the baseline has no spread" in str(run.line("skill", "forecasts").reason)


def test_an_association_is_no_effect_that_was_forecast(tmp_path: Path) -> None:
    associated = {"ex_post": {"wave": "after", "design": {"kind": "association", "exposure": "kilos"}}}
    run = run_of(tmp_path, expected("a", 11.0, 0.6), expected("y", 0.0, 0.2, "effect") | associated)
    assert math.isfinite(run.findings.loc["made/y", "estimate"])
    assert run.line("observed", "y").value is None
    assert "not scored because no design with a comparison" in str(run.line("observed", "y").reason)
    assert run.line("coverage", "forecasts").rests_on == ("made/a",)


def test_coverage_is_clopper_and_pearsons(tmp_path: Path) -> None:
    run = run_of(tmp_path, expected("a", 11.0, 0.6), expected("b", 11.0, 0.6), expected("c", 0.0, 0.1))
    low, high = stats.binomtest(2, 3).proportion_ci(0.95, method="exact")
    assert run.number("coverage", "forecasts") == pytest.approx((2 / 3, low, high))
    assert "0 of 3 were registered" in str(run.line("coverage", "forecasts").method)
    counts = [run.line(f"pit/{part}", "forecasts").value for part in range(1, 5)]
    pits = [run.line("pit", name).value for name in "abc"]
    assert counts == np.histogram(pits, bins=4, range=(0, 1))[0].tolist()


def test_skill_is_against_the_measured_baseline(tmp_path: Path) -> None:
    run = run_of(tmp_path, expected("a", 11.0, 0.6), expected("b", 10.7, 0.3))
    (observed, error), (before, before_error) = mean_of(persons(), "after"), mean_of(persons(), "before")
    own = [integral(mean, math.hypot(sd, error), observed) for mean, sd in ((11.0, 0.6), (10.7, 0.3))]
    naive = integral(before, math.hypot(before_error, error), observed)
    assert run.line("mean_crps", "forecasts").value == pytest.approx(np.mean(own), rel=1e-6)
    assert run.line("mean_crps", "forecasts").unit == "points"
    assert run.line("skill", "forecasts").value == pytest.approx(1 - np.mean(own) / naive, rel=1e-6)


def test_scores_in_several_units_are_divided_by_the_spread_at_the_baseline(tmp_path: Path) -> None:
    kilos = expected("kilos", 71, 2, formula={"kind": "mean", "column": "kilos"}, unit="kilos")
    run = run_of(tmp_path, expected("y", 11.0, 0.6), kilos)
    spreads = [persons().query("wave == 'before'")[column].std(ddof=1) for column in ("y", "kilos")]
    scores = [run.line("crps", name).value for name in ("y", "kilos")]
    mean = run.line("mean_crps", "forecasts")
    assert mean.value == pytest.approx(np.mean(np.divide(scores, spreads)), rel=1e-6)
    assert mean.unit == "standard deviations"


def test_a_stated_baseline_has_no_error_to_compare_with(tmp_path: Path) -> None:
    run = run_of(tmp_path, expected("y", 11.0, 0.6, measured=False))
    assert run.line("skill", "forecasts").value is None
    assert "a stated baseline" in str(run.line("skill", "forecasts").reason)
    kilos = expected("kilos", 71, 2, formula={"kind": "mean", "column": "kilos"}, unit="kilos", measured=False)
    run = run_of(tmp_path / "two", expected("y", 11.0, 0.6, measured=False), kilos)
    assert "units are several" in str(run.line("mean_crps", "forecasts").reason)


def test_what_was_held_impossible_has_no_log_score(tmp_path: Path) -> None:
    certain = {"kind": "elicited", "of": "value", "family": "beta", "quantiles": {0.1: 0.2, 0.9: 0.6}, **SAID}
    whole = indicator("y", ex_ante={"forecast": certain}, sample={"all_units": True}, **AFTER)
    run = run_of(tmp_path, whole)
    assert "held impossible what came" in str(run.line("log_score", "y").reason)
    assert run.line("crps", "y").value == pytest.approx(run.findings.loc["made/y", "forecast_crps"])


def test_a_forecast_without_outcome_is_named_beside_others_and_gives_no_line_alone(tmp_path: Path) -> None:
    nobody = expected("none", 0.5, 0.2, "effect")  # no design, so no effect
    run = run_of(tmp_path, expected("y", 11.0, 0.6), nobody)
    assert "not scored because" in str(run.line("observed", "none").reason)
    assert not {("none", item) for item in SCORES} & set(run.lines)
    assert run.line("coverage", "forecasts").rests_on == ("made/y",)
    assert run_of(tmp_path / "alone", nobody).lines == {}
    assert run_of(tmp_path / "without", indicator("y", **AFTER)).lines == {}


def test_registration_is_said_of_each(tmp_path: Path) -> None:
    later = [WAVES[0], WAVES[1] | {"date": "2999-01"}]
    declared = [expected("a", 11.0, 0.6), expected("b", 11.0, 0.6)]
    folder = written(tmp_path / "made", persons(), declared, key=("person", "wave"), wave="wave", waves=later)
    exploratory = valued(folder)
    assert str(exploratory.line("registration", "a").reason) == "whoever knows the outcome can forecast it"
    register_plan(load_programme(folder), "somebody")
    text = (folder / "indicators.yaml").read_text(encoding="utf-8")
    _, second = text.split("id: b")
    edit(folder / "indicators.yaml", second, second.replace("points", "marks"))
    run = valued(folder)
    assert str(run.line("registration", "a").verdict) == "registered before its outcome could be known"
    assert str(run.line("registration", "b").verdict) == "amended after it was registered"
    assert "1 of 2 were registered" in str(run.line("coverage", "forecasts").method)


def test_the_order_of_rows_changes_nothing_and_lines_are_hidden_with_their_findings(tmp_path: Path) -> None:
    frame = persons()
    few = frame[frame["person"] < "p008"]
    declared = [expected("y", 11.0, 0.6)]
    rows = {"key": ("person", "wave"), "wave": "wave", "waves": WAVES}
    one = valued(written(tmp_path / "one", few, declared, **rows))
    two = valued(written(tmp_path / "two", few.sample(frac=1, random_state=1), declared, **rows))
    assert one.number("crps", "y") == pytest.approx(two.number("crps", "y"), nan_ok=True)
    assert one.lines["forecasts", "mean_crps"].value is not None
    for name in (("y", "crps"), ("y", "hit"), ("forecasts", "mean_crps"), ("forecasts", "coverage")):
        assert (one.read[name].value, one.read[name].verdict, one.read[name].state) == (None, None, "suppressed")
