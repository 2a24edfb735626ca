"""Cases that hold and must go on holding: no gap to close, a target of zero, sums over parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.run import finding, run_case


def test_baseline_equal_to_target_leaves_no_gap(tmp_path: Path) -> None:
    findings = run_case("03", tmp_path).findings()
    assert not findings["progress"].isin([float("inf"), float("-inf")]).any()
    assert "no_gap" in set(findings["progress_state"])


def test_target_of_zero_met_exactly_is_reached(tmp_path: Path) -> None:
    result = run_case("04", tmp_path)
    row = finding(result, "mean_dec")
    assert (row["attainment"], row["progress"]) == ("reached", pytest.approx(1.0, abs=1e-12))


def test_sums_and_ratios_of_parts_add_up_by_numerator_and_denominator(tmp_path: Path) -> None:
    result = run_case("12", tmp_path)
    whole, parts = finding(result, "cov"), ("cov/district=R1", "cov/district=R2")
    assert whole["value"] == pytest.approx(40 / 150)
    assert [finding(result, part)["value"] for part in parts] == [pytest.approx(0.4), 0.0]
    assert finding(result, "tot")["value"] == sum(
        finding(result, f"tot/district={code}")["value"] for code in ("R1", "R2")
    )


def test_each_messy_row_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    result = run_case("19", tmp_path)
    aside = result.quarantine()
    assert len(aside) >= 1
    assert aside["expected"].str.len().min() > 0


def test_an_outcome_without_an_effect_is_left_out_of_its_family(tmp_path: Path) -> None:
    result = run_case("20", tmp_path)
    assert finding(result, "a")["adjustment"] == "holm, 2 outcomes"
    assert finding(result, "b")["adjustment"] is None
