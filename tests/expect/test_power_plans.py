"""Power plans as declared: closed form against simulation, refusals, curves and the command line."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from statsmodels.stats.power import TTestIndPower

from impact.declare import load_programme
from impact.declare.indicators import Indicator
from impact.expect import plan_hash, power_report
from tests.support.programmes import template

ARMS = {"arm": "arm", "treated": "1", "comparison": "0"}
RANDOMISED = {"kind": "randomised", **ARMS}
ANCOVA = {"kind": "randomised", "covariate_waves": ["before"], **ARMS}
DID = {"kind": "did", **ARMS}


def indicator(design: dict[str, Any], plan: dict[str, Any]) -> Indicator:
    return Indicator.model_validate(
        {
            "id": "outcome",
            "title": "Outcome",
            "node": "node",
            "level": "micro",
            "unit": "points",
            "direction": "increase",
            "contract": "row",
            "formula": {"kind": "mean", "column": "y"},
            "ex_ante": {"power": plan},
            "ex_post": {"wave": "after", "design": design},
        }
    )


def report(design: dict[str, Any], **plan: Any) -> Any:
    declared = indicator(design, plan)
    assert declared.ex_ante.power is not None
    return power_report(declared, declared.ex_ante.power)


@pytest.mark.parametrize(
    ("design", "plan"),
    [
        (RANDOMISED, {"effect": 0.4, "sd": 1, "treated": 100, "comparison": 100}),
        (RANDOMISED, {"effect": 5, "sd": 10, "treated": 40, "comparison": 120, "explained": 0.3}),
        (RANDOMISED, {"effect": 0.7, "sd": 1, "treated": 60, "comparison": 60, "take_up": 0.7, "attrition": 0.2}),
        (RANDOMISED, {"outcome": "binary", "mean": 0.3, "effect": 0.15, "treated": 150, "comparison": 150}),
        (ANCOVA, {"effect": 0.35, "sd": 1, "treated": 80, "comparison": 80, "autocorrelation": 0.6}),
        (DID, {"effect": 0.4, "sd": 1, "treated": 90, "comparison": 60, "autocorrelation": 0.6}),
        (DID, {"outcome": "count", "mean": 3, "sd": 2, "effect": 1, "treated": 60, "comparison": 60}),
    ],
)
def test_declared_power_is_simulated_power(design: dict[str, Any], plan: dict[str, Any]) -> None:
    """Within three and a half Monte-Carlo errors; the estimator is unbiased and covers as it says."""
    found = report(design, replications=2000, seed=11, **plan)
    assert found.closed is not None
    assert found.simulated is not None
    drawn = found.simulated
    tolerance = 3.5 * math.sqrt(found.closed * (1 - found.closed) / drawn.replications)
    assert drawn.power == pytest.approx(found.closed, abs=tolerance)
    assert abs(drawn.bias) < 4 * drawn.bias_mc
    assert 0.93 <= drawn.coverage <= 0.97


@pytest.mark.slow
def test_declared_power_of_clusters_is_simulated_power() -> None:
    found = report(
        RANDOMISED,
        effect=0.4,
        sd=1,
        treated=15,
        comparison=15,
        cluster_size=20,
        icc=0.1,
        replications=1500,
        seed=3,
    )
    drawn = found.simulated
    assert drawn.power == pytest.approx(found.closed, abs=3.5 * drawn.power_mc)
    assert 0.93 <= drawn.coverage <= 0.97


@pytest.mark.parametrize(
    ("design", "plan"),
    [
        ({"kind": "weighting", "covariates": ["x"], **ARMS}, {"treated": 100, "comparison": 150}),
        ({"kind": "weighting", "method": "entropy", "covariates": ["x"], **ARMS}, {"treated": 100, "comparison": 150}),
        (
            {"kind": "matching", "method": "subclasses", "covariates": ["x"], **ARMS},
            {"treated": 200, "comparison": 300},
        ),
        ({"kind": "panel", "treatment": "on"}, {"treated": 30, "comparison": 30, "waves_before": 3, "waves_after": 2}),
        ({"kind": "staggered", "cohort": "c"}, {"treated": 60, "comparison": 40, "waves_before": 3, "waves_after": 3}),
        ({"kind": "regression_discontinuity", "running": "r", "cutoff": 0}, {"treated": 300, "comparison": 300}),
        (
            {"kind": "interrupted_time_series", "start": "s", "errors": "classical", "estimand": "level"},
            {"treated": 1, "comparison": 0, "waves_before": 40, "waves_after": 20},
        ),
        (
            {"kind": "synthetic_control", "unit": "u", "treated": "a", "start": "s"},
            {"treated": 1, "comparison": 15, "waves_before": 15, "waves_after": 5},
        ),
        ({"kind": "association", "exposure": "x"}, {"treated": 100, "comparison": 0}),
    ],
)
def test_every_design_can_be_simulated(design: dict[str, Any], plan: dict[str, Any]) -> None:
    """A large effect is found, none is not; what is estimated lies around the truth."""
    large = report(design, effect=3, sd=1, explained=0.2, replications=60, seed=5, **plan)
    assert large.reason is None
    assert large.simulated.power > 0.9
    assert large.minimum_detectable < 3
    none = report(design, effect=0, sd=1, explained=0.2, replications=60, seed=6, **plan)
    assert none.simulated.power < 0.2
    assert abs(large.simulated.bias) < 6 * large.simulated.bias_mc + 0.1


def test_small_pilot_says_what_it_cannot_see() -> None:
    found = report(RANDOMISED, effect=0.5, sd=1, treated=16, comparison=15, replications=50)
    outside = TTestIndPower().solve_power(nobs1=16, ratio=15 / 16, alpha=0.05, power=0.8)
    assert found.minimum_detectable == pytest.approx(outside, rel=1e-6)
    assert found.sentence().startswith("With 31 persons this design finds nothing below 1.04 points (1.04 sd)")


@pytest.mark.parametrize(
    ("design", "plan", "words"),
    [
        (RANDOMISED, {"effect": 1, "sd": 1, "treated": 1, "comparison": 0}, "an arm has no one"),
        (
            RANDOMISED,
            {"effect": 1, "sd": 1, "treated": 1, "comparison": 9, "cluster_size": 5, "icc": 0.1},
            "confounds programme and place",
        ),
        ({"kind": "before_after"}, {"effect": 1, "sd": 1, "treated": 50, "comparison": 50}, "no design"),
        (
            {"kind": "association", "exposure": "x"},
            {"outcome": "binary", "mean": 0.4, "effect": 0.1, "treated": 50, "comparison": 50},
            "outcome: scale",
        ),
    ],
)
def test_impossible_plans_say_why(design: dict[str, Any], plan: dict[str, Any], words: str) -> None:
    found = report(design, replications=50, **plan)
    assert found.power is None
    assert words in found.sentence()


def test_command_line(tmp_path: Path) -> None:
    """`impact power` on a plan of its own; without a plan it says what to declare."""
    folder = template(tmp_path)
    path = folder / "indicators.yaml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    for item in declared["indicators"]:
        item.get("ex_ante", {}).pop("power", None)
    path.write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
    run = [sys.executable, "-c", "from impact.cli.main import main; main()", "power", str(folder)]
    without = subprocess.run(run, capture_output=True, text=True, check=False)
    assert without.returncode == 2
    assert "ex_ante.power" in without.stderr
    chosen = next(
        i for i in declared["indicators"] if i["ex_post"].get("design", {}).get("kind") in ("did", "randomised")
    )
    chosen["ex_ante"]["power"] = {"effect": 5, "sd": 20, "treated": 16, "comparison": 15, "replications": 60}
    path.write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
    figure = tmp_path / "curves.html"
    done = subprocess.run([*run, "--json", "--figure", str(figure)], capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)
    assert found["indicator"] == chosen["id"]
    assert found["minimum_detectable"] > 0
    assert "chance of finding it" in figure.read_text(encoding="utf-8")
    assert 'src="http' not in figure.read_text(encoding="utf-8")
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert "With 31 persons this design finds nothing below" in told


def test_an_assignment_is_part_of_the_plan(tmp_path: Path) -> None:
    """Another seed is another plan, and its hash says so."""
    folder = template(tmp_path)
    path = folder / "evaluation.yaml"
    hashes = []
    for seed in (1, 1, 2):
        path.write_text(
            f"assignments: [{{id: pilot, contract: survey, wave: baseline, seed: {seed}}}]\n", encoding="utf-8"
        )
        hashes.append(plan_hash(load_programme(folder)))
    assert hashes[0] == hashes[1] != hashes[2]
