"""Cases of certainty and evidence: few agreeing studies, refused designs, failed and unmade checks, one pre-trend test."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import impact
from impact.cli.terminal import print_findings
from impact.publish import findings_table
from tests.cases.run import finding, run_case
from tests.support.programmes import indicator, written


@pytest.mark.parametrize(
    ("case", "names"), [("11", ("homog_reml", "homog_dl", "homog_pm")), ("11b_forecast_identical_studies", ("ident",))]
)
def test_studies_that_agree_are_as_uncertain_as_their_errors(case: str, names: tuple[str, ...], tmp_path: Path) -> None:
    """R's metafor with test="adhoc": 5 ± t(2) · 2/√3."""
    result = run_case(case if case != "11" else "11_forecast_homogeneous_studies", tmp_path)
    for name in names:
        row = finding(result, name)
        assert (row["forecast_low"], row["forecast_high"]) == pytest.approx((0.0317, 9.9683), abs=5e-5)


REFUSED = {
    "20": ("b", "could not be estimated: the outcome is the same for everybody"),
    "15": ("p_cov", "could not be estimated: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_design_is_said_on_every_face(case: str, tmp_path: Path) -> None:
    """Neither 'without a comparison' nor 'no baseline': a comparison is declared, and what was in its way is named."""
    name, reason = REFUSED[case]
    result = run_case(case, tmp_path)
    row = finding(result, name)
    assert row["contribution"] == "not_estimable"
    assert row["evidence_level"] is None
    assert row["evidence_reason"] == f"could not be estimated: {row['not_estimable']}"
    assert row["evidence_reason"].startswith(reason)
    assert str(result.trace(f"p/{name}").finding.evidence_reason) == row["evidence_reason"]
    console = Console(record=True, width=300, file=io.StringIO())
    print_findings(console, findings_table(result.warehouse), show_parts=False)
    assert f"effect {row['evidence_reason']}" in console.export_text()


def frame(n: int = 200, seed: int = 1) -> pd.DataFrame:
    """Persons with an outcome and a covariate of their own, seen once."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"person": range(n), "age": rng.normal(size=n), "y": rng.normal(size=n), "gap": np.nan})


ARMS = {"arm": "arm", "treated": "T", "comparison": "C"}


def judged(folder: Path, rows: pd.DataFrame, design: dict[str, Any], **more: Any) -> dict[str, Any]:
    result = impact.run(written(folder / "p", rows, [indicator("it", design | ARMS)], **more))
    return finding(result, "it")


def test_groups_that_chose_themselves_are_no_experiment(tmp_path: Path) -> None:
    """Balance rejected beyond any lot and by more than 0.25 SD: an association; by less, a comparison by what was seen."""
    rows = frame(600)
    rows["arm"] = np.where(rows["age"] + 0.3 * rows["y"] > 0, "T", "C")
    much = judged(tmp_path / "much", rows, {"kind": "randomised", "covariates": ["age"]})
    assert much["evidence_level"] == 1
    assert "at most 1 for how much this failed: balance" in much["evidence_reason"]
    rows = frame(8000)
    rows["arm"] = np.where(0.12 * rows["age"] + np.random.default_rng(2).normal(size=8000) > 0, "T", "C")
    little = judged(tmp_path / "little", rows, {"kind": "randomised", "covariates": ["age"]})
    assert little["evidence_level"] == 2


def test_a_covariate_that_gives_the_arm_away_is_the_worst_balance_of_all(tmp_path: Path) -> None:
    rows = frame(100)
    rows["arm"] = np.where(rows["person"] % 3 == 0, "T", "C")
    rows["age"] = (rows["arm"] == "T").astype(float)
    rows["size"] = np.random.default_rng(5).normal(size=100)
    found = judged(tmp_path, rows, {"kind": "randomised", "covariates": ["age", "size"]})
    assert found["estimate"] is None or found["evidence_level"] == 1


def test_a_check_that_was_not_made_is_no_pass(tmp_path: Path) -> None:
    rows = frame()
    rows["arm"] = np.where(np.random.default_rng(3).permutation(200) % 2, "T", "C")
    bare = judged(tmp_path / "bare", rows, {"kind": "randomised"})
    assert bare["evidence_level"] == 4
    assert bare["evidence_reason"].endswith("lowered for checks that could not be made: balance, attrition")


@pytest.mark.parametrize(
    ("design", "lost"),
    [
        ({"kind": "randomised", "covariates": ["gap"]}, "everybody"),
        ({"kind": "weighting", "covariates": ["age", "gap"]}, "everybody"),
        ({"kind": "randomised", "covariates": ["gap"]}, "everybody in the comparison arm"),
    ],
)
def test_a_covariate_that_nobody_has_is_named(design: dict[str, Any], lost: str, tmp_path: Path) -> None:
    rows = frame()
    rows["arm"] = np.where(np.arange(200) % 2, "T", "C")
    if lost != "everybody":
        rows.loc[rows["arm"] == "T", "gap"] = 1.0
    reason = judged(tmp_path, rows, design)["not_estimable"]
    assert reason.startswith(f"gap is missing for {lost}; needed: its values in the wave it is taken from")


def test_evidence_does_not_hang_on_the_estimator(tmp_path: Path) -> None:
    """Six units, five estimators: one pre-trend test, one p-value."""
    result = run_case("21", tmp_path)
    checks = result.diagnostics()
    trend = checks[checks["check"] == "pre_trend"]
    assert sorted(trend["indicator"]) == ["cs", "imp", "sa", "ts", "twfe"]
    assert trend[["status", "value", "p_value", "detail"]].astype(str).drop_duplicates().shape[0] == 1
