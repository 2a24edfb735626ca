"""The app's pages over a database: every finding has one, and they show what the tables hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from dash import html
from dash.development.base_component import Component
from impact_dashboards.app import HOST, VIEWS, create_app, page
from impact_dashboards.parts import link, source_list
from impact_dashboards.whisker import whisker
from plotly.utils import PlotlyJSONEncoder

from impact.declare import load_programme, shipped
from impact.errors import UsageError
from impact.pipeline import run_programme
from impact.publish import claims_table, findings_table, indicator_sources, map_table, wave_days
from impact.render import CLAIM_STATES, NOTES
from impact.store import Warehouse
from tests import maps, test_networks
from tests.programmes import edit, indicator, template, written

HOSTILE = "<script>alert('x')</script><b>"
SHIPPED = ("milano_sei_laltro", "nsw", "talents4coop", "wecare")


def shown(parts: list[object]) -> str:
    return json.dumps(parts, cls=PlotlyJSONEncoder, ensure_ascii=False)


def walk(parts: Any) -> Iterator[Component]:
    """Yield every component of a page, in the order of reading."""
    if isinstance(parts, list | tuple):
        for part in parts:
            yield from walk(part)
    elif isinstance(parts, Component):
        yield parts
        yield from walk(getattr(parts, "children", None))


def text(part: Any) -> str:
    """Return the words of a component and of all in it."""
    if isinstance(part, list | tuple):
        return " ".join(filter(None, map(text, part)))
    return text(getattr(part, "children", None)) if isinstance(part, Component) else "" if part is None else str(part)


def rows(parts: Any, word: str = "") -> list[str]:
    return [text(part) for part in walk(parts) if isinstance(part, html.Tr) and word in text(part)]


def ran(folder: Path) -> Warehouse:
    """Run a programme into a database of its own, which stays open."""
    warehouse = Warehouse(folder.parent / f"{folder.name}.duckdb")
    run_programme(load_programme(folder), warehouse)
    return warehouse


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """All programmes that come with the engine, in one database."""
    with Warehouse(tmp_path_factory.mktemp("app") / "examples.duckdb") as warehouse:
        for name in SHIPPED:
            run_programme(load_programme(shipped("data") / name), warehouse)
        yield warehouse


def test_pages(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(template(tmp_path)), warehouse)
        front = shown(page(warehouse, ""))
        assert "WHO-5 well-being score" in front
        assert "synthetic data" in front
        for name in findings_table(warehouse)["finding"]:
            assert "raw/survey.csv" in shown(page(warehouse, name))
        assert "No such finding" in shown(page(warehouse, "sample/none"))
        for path in ("none", *(f"{view}/none" for view in VIEWS), *VIEWS):
            assert "No such programme" in shown(page(warehouse, path))


def test_app_answers_and_needs_a_database(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(template(tmp_path)), warehouse)
    client = create_app(tmp_path / "a.duckdb").server.test_client()
    assert client.get("/").status_code == 200
    assert HOST == "127.0.0.1"
    with pytest.raises(UsageError):
        create_app(tmp_path / "none.duckdb")


def test_a_link_leads_to_the_finding_whatever_its_code(tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": ["a", "b"], "kind": ["50% off? #1 è", HOSTILE], "y": [1.0, 2.0]})
    with ran(written(tmp_path / "made", frame, [indicator("n", by=["kind"])])) as warehouse:
        names = list(findings_table(warehouse)["finding"])
    client = create_app(tmp_path / "made.duckdb").server.test_client()
    assert len(names) == 3
    for name in names:
        asked = {"output": "page.children", "outputs": {"id": "page", "property": "children"}}
        asked |= {"inputs": [{"id": "url", "property": "pathname", "value": link("x", f"/{name}").href}]}
        answer = client.post("/_dash-update-component", json=asked | {"changedPropIds": ["url.pathname"]})
        assert "raw/data.csv" in json.dumps(answer.get_json())


def test_every_table_has_heads_and_every_row_of_a_view_a_name(examples: Warehouse) -> None:
    for path in ("", *SHIPPED, *(f"{view}/{name}" for view in VIEWS for name in SHIPPED)):
        parts = list(walk(page(examples, path)))
        for part in parts:
            if isinstance(part, html.Th):
                assert part.scope in ("col", "row")
            if isinstance(part, html.Tbody):
                assert all(isinstance(row.children[0], html.Th) for row in part.children)
            if isinstance(part, html.Table):
                assert any(isinstance(inner, html.Thead) for inner in part.children)


def test_the_menu_shows_what_there_is(examples: Warehouse) -> None:
    def menu(path: str) -> list[str]:
        nav = next(part for part in walk(page(examples, path)) if isinstance(part, html.Nav))
        return [part.href for part in walk(nav) if hasattr(part, "href")]

    general = ["/", *(f"/{name}" for name in SHIPPED)]
    assert menu("") == menu("nsw") == menu("claims/nsw") == general
    assert menu("wecare") == menu("claims/wecare") == [*general, *(f"/{view}/wecare" for view in VIEWS)]


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_view_says_where_to_read_how(examples: Warehouse, view: str) -> None:
    places = [text(part) for part in walk(page(examples, f"{view}/nsw")) if isinstance(part, html.Code)]
    assert len(places) == {"territory": 3, "projects": 2}.get(view, 1)
    assert all((Path(__file__).parents[1] / place).is_file() for place in places)


# ------------------------------------------------------------------ claims


def test_claims_that_differ_come_first_and_the_sentence_counts_them(examples: Warehouse) -> None:
    for name in ("milano_sei_laltro", "talents4coop", "wecare"):
        parts = page(examples, f"claims/{name}")
        states = [part.className for part in walk(parts) if isinstance(part, html.Td) and hasattr(part, "className")]
        claims = claims_table(examples, name)["state"]
        assert states == [state for state in CLAIM_STATES for _ in range((claims == state).sum())]
        counts = claims.value_counts()
        words = f"{counts['reproduced']} give the figure stated and {counts['differs']} another"
        assert words in text(parts)
        assert f"{counts['not_recomputable']} could not" in text(parts)


def test_a_claim_stands_beside_its_number_with_quote_and_place(examples: Warehouse) -> None:
    (row,) = rows(page(examples, "claims/talents4coop"), "about 177")
    for words in ("171", "-6", "-3.4%", "≠ differs", "coaching_hours [81]", "circa 177 ore", "Risultati in numeri"):
        assert words in row
    assert row.count("the figure stated") == 1


# ------------------------------------------------------------------ hostile words, drawings


def test_hostile_titles_stay_words(tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": ["a", "b"], "territory": [HOSTILE, "x"], "y": [1.0, 2.0]})
    folder = written(tmp_path / "made", frame, [indicator("n", title=HOSTILE, scope=["territory"])])
    stated = {"value": 2, "origin": {"note": HOSTILE, "quote": HOSTILE}}
    claim = {
        "id": "c",
        "title": HOSTILE,
        "level": "meso",
        "unit": HOSTILE,
        "stated": stated,
        "recompute": {"count": {"contract": "rows"}},
    }
    (folder / "claims.yaml").write_text(json.dumps({"claims": [claim]}))
    with ran(folder) as warehouse:
        for path in ("", "made", "territory/made", "claims/made"):
            parts = page(warehouse, path)
            assert HOSTILE in text(parts)
            assert not any("dangerously_allow_html" in part.to_plotly_json()["props"] for part in walk(parts))
