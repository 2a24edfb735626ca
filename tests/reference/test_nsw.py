"""The National Supported Work experiment, against R (sandwich, estimatr, lm, t.test) and the published 1,794.34.

Values: R 4.2.2 on causaldata's ``nsw_mixtape`` (445 persons); Dehejia and Wahba (1999) publish 1,794 with a robust
standard error of 671. Tolerance 1e-9 relative for regression output, 1e-6 for numbers built on float32 data.
"""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy import stats

import impact
from impact.declare import shipped
from tests.support.shipped import shipped_result


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> impact.Result:
    return shipped_result(tmp_path_factory, "nsw")


@pytest.fixture(scope="module")
def findings(result: impact.Result) -> pd.DataFrame:
    return result.findings().set_index("finding")


def test_means_of_both_arms(findings: pd.DataFrame) -> None:
    row = findings.loc["nsw/earnings"]
    assert round(row["value"], 2) == 6349.14
    assert round(row["comparison"], 2) == 4554.80


def test_difference_in_means_with_hc2(findings: pd.DataFrame) -> None:
    row = findings.loc["nsw/earnings"]
    assert row["estimate"] == pytest.approx(1794.34240427025, rel=1e-9)
    assert row["std_error"] == pytest.approx(670.996546381518, rel=1e-9)
    assert row["inference"] == "HC2, t(443)"
    assert (row["n_obs"], row["estimand"], row["evidence_level"]) == (445, "ITT", 5)
    half = stats.t.ppf(0.975, 443) * 670.996546381518
    assert row["effect_low"] == pytest.approx(1794.34240427025 - half, rel=1e-9)


def test_ancova_with_hc2_and_joint_balance(result: impact.Result, findings: pd.DataFrame) -> None:
    row = findings.loc["nsw/earnings_ancova"]
    assert row["estimate"] == pytest.approx(1676.34264376777, rel=1e-9)
    assert row["std_error"] == pytest.approx(677.049147705181, rel=1e-9)
    checks = result.diagnostics().set_index(["finding", "check"])
    balance = checks.loc[("nsw/earnings_ancova", "balance")]
    assert balance["value"] == pytest.approx(2.14020736198379, rel=1e-9)
    assert balance["p_value"] == pytest.approx(0.0310708226287767, rel=1e-9)
    assert row["evidence_level"] == 4  # one level down: the sample that was published is not balanced


def test_change_scores_and_did_agree(findings: pd.DataFrame) -> None:
    """On two waves of the same persons, the difference of change scores is the difference-in-differences."""
    change, did = findings.loc["nsw/earnings_change"], findings.loc["nsw/earnings_did"]
    assert did["estimate"] == pytest.approx(change["estimate"], rel=1e-9)
    assert change["value"] - change["comparison"] == pytest.approx(change["estimate"], rel=1e-9)
    # CR1 by person against HC2 on changes: same scores, another factor
    assert did["std_error"] == pytest.approx(change["std_error"], rel=1e-2)


def test_did_by_hand(findings: pd.DataFrame) -> None:
    """CR1 on the stacked 2×2 regression, written out from its definition with pandas alone."""
    raw = pd.read_csv(shipped("data") / "nsw" / "raw" / "nsw_dehejia_wahba.csv")
    change = raw["re78"] - raw["re75"]
    residual = change - change.groupby(raw["treat"]).transform("mean")
    n, k, clusters = 2 * len(raw), 4, len(raw)
    variance = sum((residual[raw["treat"] == arm] ** 2).sum() / (raw["treat"] == arm).sum() ** 2 for arm in (0, 1))
    error = math.sqrt(variance * clusters / (clusters - 1) * (n - 1) / (n - k))
    assert findings.loc["nsw/earnings_did", "std_error"] == pytest.approx(error, rel=1e-9)


def test_subgroups_are_the_experiment_within_them(findings: pd.DataFrame) -> None:
    raw = pd.read_csv(shipped("data") / "nsw" / "raw" / "nsw_dehejia_wahba.csv")
    for column in ("nodegree", "black"):
        for value in (0, 1):
            means = raw[raw[column] == value].groupby("treat")["re78"].mean()
            row = findings.loc[f"nsw/earnings/{column}={value}"]
            assert row["estimate"] == pytest.approx(means[1] - means[0], rel=1e-9)


def test_medians(findings: pd.DataFrame) -> None:
    raw = pd.read_csv(shipped("data") / "nsw" / "raw" / "nsw_dehejia_wahba.csv")
    assert findings.loc["nsw/median_earnings", "value"] == pytest.approx(raw["re78"].median(), rel=1e-12)


def test_shipped_data_are_those_of_the_package() -> None:
    causaldata = pytest.importorskip("causaldata")
    original = causaldata.nsw_mixtape.load_pandas().data.drop(columns="data_id").reset_index(drop=True)
    raw = pd.read_csv(shipped("data") / "nsw" / "raw" / "nsw_dehejia_wahba.csv").drop(columns="person_id")
    pd.testing.assert_frame_equal(raw.astype(float), original.astype(float), rtol=1e-6)
