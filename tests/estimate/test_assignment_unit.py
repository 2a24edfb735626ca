"""The unit of assignment: found where arms never vary within a column, not where a column merely repeats the arm."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import impact
from tests.support.programmes import indicator, written

WAVES = (
    {"id": "before", "title": "before", "date": "2019-01", "role": "baseline"},
    {"id": "after", "title": "after", "date": "2020-01", "role": "end_line"},
)
LINKED: dict[str, Any] = {"key": ("person", "wave"), "wave": "wave", "waves": WAVES}
AFTER: dict[str, Any] = {"ex_post": {"wave": "after"}, "ex_ante": {"baseline": {"wave": "before"}}}
ARMS = {"arm": "arm", "treated": "T", "comparison": "C"}
RANDOMISED, DID = {"kind": "randomised", **ARMS}, {"kind": "did", **ARMS}


def placebo(seed: int, villages: int = 10, each: int = 20, shock: float = 0.45) -> pd.DataFrame:
    """Persons in villages, half of which are treated, to no effect; villages have shocks of their own in each wave."""
    rng = np.random.default_rng(seed)
    village = np.repeat(np.arange(villages), each)
    treated = np.isin(village, rng.permutation(villages)[: villages // 2])
    person, own = np.arange(len(village)), rng.normal(size=len(village))
    waves = [
        pd.DataFrame(
            {
                "person": person,
                "wave": wave,
                "arm": np.where(treated, "T", "C"),
                "village": [f"v{number}" for number in village],
                "y": own + rng.normal(0, shock, villages)[village] + rng.normal(size=len(village)),
            }
        )
        for wave in ("before", "after")
    ]
    return pd.concat(waves)


def claims(villages: int, draws: int) -> dict[str, tuple[float, float]]:
    """Return by design how often an effect is clear by the errors of rows, and how often one is claimed."""
    found: dict[str, list[tuple[bool, bool]]] = {"randomised": [], "did": []}
    indicators = [indicator("randomised", RANDOMISED, **AFTER), indicator("did", DID, **AFTER)]
    for seed in range(draws):
        with tempfile.TemporaryDirectory() as folder:
            table = tables(Path(folder), placebo(seed, villages), indicators)[0]
        for kind, rows in found.items():
            row = table.loc[kind]
            rows.append((row["p_value"] < 0.05, row["contribution"] != "no_clear_effect"))
    return {kind: tuple(np.mean(rows, axis=0)) for kind, rows in found.items()}


def tables(
    folder: Path, frame: pd.DataFrame, indicators: list[dict[str, Any]], **more: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run a programme written around a frame; return findings by indicator, and the check of the unit of assignment."""
    result = impact.run(written(folder / "p", frame, indicators, **(LINKED | more)))
    findings, checks = result.findings().set_index("indicator"), result.diagnostics()
    result.close()
    return findings, checks[checks["check"] == "assignment_unit"].set_index("indicator")


def test_interval_is_that_of_a_declared_cluster(tmp_path: Path) -> None:
    declared = [
        indicator(f"{kind}_{name}", {"kind": kind, **ARMS, **more}, **AFTER)
        for kind in ("randomised", "did")
        for name, more in (("rows", {}), ("villages", {"cluster": "village"}))
    ]
    findings, checks = tables(tmp_path, placebo(0), declared)
    assert set(checks.index) == {"randomised_rows", "did_rows"}
    for kind in ("randomised", "did"):
        check, known = checks.loc[f"{kind}_rows"], findings.loc[f"{kind}_villages"]
        assert check["status"] == "failed"
        assert (check["value"], check["p_value"]) == pytest.approx((known["std_error"], known["p_value"]), rel=1e-12)
        low, high = f"{known['effect_low']:.4g}", f"{known['effect_high']:.4g}"
        assert check["detail"] == (
            f"arms never vary within village (10 values); if they were assigned by it, {low} to {high}"
            f" by {known['inference']}"
        )
        assert "assignment_unit" in findings.loc[f"{kind}_rows", "evidence_reason"]


def test_a_claim_needs_both_intervals(tmp_path: Path) -> None:
    """By rows clear of zero, by villages not: no clear effect; a large effect stays clear."""
    frame = placebo(1, shock=0.7)
    nothing = tables(tmp_path, frame, [indicator("did", DID, **AFTER)])[0].loc["did"]
    assert nothing["p_value"] < 0.05
    assert nothing["contribution"] == "no_clear_effect"
    assert "no clear effect if the arms were assigned by groups of rows" in nothing["evidence_reason"]
    frame["y"] += 3.0 * ((frame["arm"] == "T") & (frame["wave"] == "after"))
    much = tables(tmp_path / "much", frame, [indicator("did", DID, **AFTER)])[0].loc["did"]
    assert much["contribution"] == "improved"


def test_columns_that_are_no_unit_of_assignment(tmp_path: Path) -> None:
    """A recode of the arm, what only the treated have, remarks of single rows, and columns in which arms vary."""
    rng, frame = np.random.default_rng(3), placebo(3)
    lot = rng.permutation(np.repeat(["T", "C"], 100))
    frame["arm"] = lot[frame["person"]]
    treated = frame["arm"] == "T"
    frame["said"] = np.where(treated, "programme", "none")
    frame["course"] = np.where(treated, rng.choice(["a", "b", "c"], len(frame)), None)
    frame["kind"] = np.where(treated, rng.choice(["a", "b", "c"], len(frame)), "none")
    frame["remark"] = [f"r{number}" for number in range(len(frame))]
    findings, checks = tables(tmp_path, frame, [indicator("it", RANDOMISED, **AFTER)])
    assert checks.loc["it", "status"] == "passed"
    assert findings.loc["it", "evidence_level"] == 5


@pytest.mark.parametrize(
    "design",
    [
        {"kind": "weighting", **ARMS, "covariates": ["age"], "method": "ipw"},
        {"kind": "matching", **ARMS, "covariates": ["age"]},
        {"kind": "association", "exposure": "dose"},
    ],
    ids=lambda design: design["kind"],
)
def test_every_design_with_arms_looks(design: dict[str, Any], tmp_path: Path) -> None:
    frame = placebo(4).query("wave == 'after'").drop(columns="wave")
    rng = np.random.default_rng(4)
    frame["age"] = rng.normal(size=len(frame))
    frame["dose"] = (frame["arm"] == "T").astype(float)
    run = tables(tmp_path, frame, [indicator("it", design)], key=("person",), wave=None, waves=())
    assert run[1].loc["it", "status"] == "failed"
    assert "village (10 values)" in run[1].loc["it", "detail"]


@pytest.mark.slow
def test_false_claims_are_rare_where_villages_were_assigned() -> None:
    for rows, said in claims(10, 200).values():
        assert said < min(0.1, rows + 1e-9)
