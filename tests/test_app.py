"""The app's pages over a database: every finding has one, and they show what the tables hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from impact_dashboards.app import HOST, create_app, page
from plotly.utils import PlotlyJSONEncoder

from impact.declare import load_programme
from impact.errors import UsageError
from impact.pipeline import run_programme
from impact.publish import findings_table
from impact.store import Warehouse
from tests.programmes import template


def shown(parts: list[object]) -> str:
    return json.dumps(parts, cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_pages(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(template(tmp_path)), warehouse)
        front = shown(page(warehouse, ""))
        assert "WHO-5 well-being score" in front
        assert "synthetic data" in front
        for name in findings_table(warehouse)["finding"]:
            assert "raw/survey.csv" in shown(page(warehouse, name))
        assert "No such finding" in shown(page(warehouse, "sample/none"))
        assert "No such programme" in shown(page(warehouse, "none"))


def test_app_answers_and_needs_a_database(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(template(tmp_path)), warehouse)
    client = create_app(tmp_path / "a.duckdb").server.test_client()
    assert client.get("/").status_code == 200
    assert HOST == "127.0.0.1"
    with pytest.raises(UsageError):
        create_app(tmp_path / "none.duckdb")
