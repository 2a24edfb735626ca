"""What the shipped programmes declare of value, as a user sees it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impact.cli.main import main
from impact.statistics import meta
from tests.support.shipped import shipped_database

QUADRANTS = ("cn", "to", "vco_vc_bi_no")


@pytest.fixture
def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Run a command on a copy of the shipped database; returns what it prints."""
    folder = tmp_path_factory.mktemp("shipped")
    shutil.copy(shipped_database(tmp_path_factory), folder / "shipped.duckdb")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["impact", *words, "--db", str(Path(folder) / "shipped.duckdb")])
        with pytest.raises(SystemExit) as stop:
            main()
        assert not stop.value.code
        return capsys.readouterr().out

    return run


def test_the_quadrants_of_wecare_are_pooled_and_no_order_is_claimed(printed: Any) -> None:
    lines = {row["item"]: row for row in json.loads(printed("value", "wecare", "--json")) if row["section"] == "pools"}
    findings = {row["finding"]: row for row in json.loads(printed("findings", "wecare", "--all", "--json"))}
    of_parts = [findings[f"wecare/loneliness/quadrant={code}"] for code in QUADRANTS]
    y, errors = (np.array([row[name] for row in of_parts]) for name in ("estimate", "std_error"))
    assert lines["pooled/effect"]["value"] == pytest.approx(meta.pool(y, errors).effect.estimate)
    text = printed("value", "wecare")
    for said in (
        "Loneliness, effects by quadrant (synthetic survey) †",
        "Pooled effect: -0.39 [-0.63; -0.14] points (3-9); 3 of 4 parts, REML, HKSJ guarded, t(2)",
        "no two parts have a district or person_id in common",
        "the data support no order: none of 3 pairs can be told apart",
        "at_al: own effect: Asti and Alessandria (not pooled because an arm lies in 1 cluster of district",
        "weak: 3 studies, fewer than 10",
    ):
        assert said in text
    for absent in ("Forecasts scored", "Reward rules"):
        assert absent not in text
