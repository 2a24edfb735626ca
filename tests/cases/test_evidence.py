"""Cases of certainty and evidence: few agreeing studies, refused designs, failed and unmade checks, one pre-trend test."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from impact.render import print_findings
from tests.cases.run import finding, run_case


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
    assert result.trace(f"p/{name}")["finding"]["evidence_reason"] == row["evidence_reason"]
    console = Console(record=True, width=300, file=io.StringIO())
    print_findings(console, result.findings(), parts=False)
    assert f"effect {row['evidence_reason']}" in console.export_text()
