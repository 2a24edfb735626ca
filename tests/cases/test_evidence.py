"""Cases of certainty and evidence: few agreeing studies, refused designs, failed and unmade checks, one pre-trend test."""

from __future__ import annotations

from pathlib import Path

import pytest

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
