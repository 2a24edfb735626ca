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


# ------------------------------------------------------------------ territory


def test_territories_stand_in_one_another_and_say_why_they_do_not_add_up(examples: Warehouse) -> None:
    parts = page(examples, "territory/wecare")
    section = next(part for part in walk(parts) if isinstance(part, html.Section) and "Projects financed" in text(part))
    heads = {text(part): float(part.style["paddingLeft"][:-3]) for part in walk(section) if hasattr(part, "style")}
    names = ("Whole programme", "Piedmont territory=ITC1", "Turin and province territory=to", "Turin territory=ITC11")
    depths = [heads[name] for name in names]
    assert depths == sorted(set(depths))
    assert [NOTES["own_rows"] in row for row in rows(section, "territory=")] == [
        "own_rows" in flags
        for flags in findings_table(examples, "wecare").query(
            "scope == 'territory' and indicator == 'projects_financed'"
        )["flags"]
    ]
    assert rows(parts, "quadrant=cn")
    assert not rows(parts, "sex=")


def test_a_series_is_interrupted_at_its_breaks_with_its_source_beside_it(examples: Warehouse) -> None:
    parts = page(examples, "territory/wecare")
    section = next(part for part in walk(parts) if isinstance(part, html.Section) and "Adults in educ" in text(part))
    figure = next(part.figure for part in walk(section) if hasattr(part, "figure"))
    marks = next(trace for trace in figure.data if trace.mode == "markers")
    pieces = [list(trace.text) for trace in figure.data if trace.mode != "markers"]
    assert [piece[0] for piece in pieces] == ["2000", "2004", "2006"]
    assert [wave for piece in pieces for wave in piece] == [str(year) for year in range(2000, 2020)]
    assert len(marks.x) == 2
    assert "Break in the series: 2004, 2006." in text(section)
    assert "Eurostat" in text(section)
    assert "licence: CC BY 4.0" in text(section)
    assert len(rows(section, "5.20")) == 1


def test_what_the_programme_contributed_stands_with_its_sentence(examples: Warehouse) -> None:
    parts = page(examples, "territory/wecare")
    assert "The programme can account for between 1.993 and 3.133 of the change of +6.757 pp" in text(parts)
    assert "il programma" not in text(parts)
    assert rows(parts, "Share of the change") == ["Share of the change 37.9% [29.5%; 46.4%] Fieller interval"]
    assert rows(parts, "Own change") == ["Own change +6.8 pp – complete counts"]


def test_each_series_has_its_own_source(tmp_path: Path) -> None:
    frame = pd.DataFrame({"series": ["a", "a"], "wave": ["2019", "2020"], "y": [1.0, 2.0]})
    only = [{"column": "series", "equals": "a"}], [{"column": "series", "one_of": ["b", "c"]}]
    declared = [indicator(f"of_{i}", where=where, ex_post={"wave": "2020"}) for i, where in enumerate((*only, []))]
    waves = [{"id": w, "title": w, "date": w, "role": "series"} for w in ("2019", "2020")]
    folder = written(tmp_path / "made", frame, declared, key=["series", "wave"], person=None, wave="wave", waves=waves)
    content = yaml.safe_load((folder / "sources.yaml").read_text())
    other = {
        "title": HOSTILE,
        "kind": "synthetic",
        "generator": "the test",
        "licence": "of b",
        "url": "javascript:alert(1)",
    }
    content["sources"].append({"id": "other", "file": "raw/b.csv", "contract": "rows", "provenance": other})
    (folder / "sources.yaml").write_text(yaml.safe_dump(content))
    frame.assign(series="b").to_csv(folder / "raw" / "b.csv", index=False)
    with ran(folder) as warehouse:
        found = [list(indicator_sources(warehouse, "made", f"of_{i}")["source"]) for i in range(3)]
        assert found == [["data"], ["other"], ["data", "other"]]
        assert list(indicator_sources(warehouse, "made", "of_1")["licence"]) == ["of b"]
        assert wave_days(warehouse, "made") == {"2019": "2019-12-31", "2020": "2020-12-31"}
        assert wave_days(warehouse, "none") == {}


def mapped(folder: Path, theme: str = "care", **declared: Any) -> Path:
    """Write a map with a gap before that is covered after, and a need that stands in no codelist."""
    need = maps.needs(
        ("town_a", theme, "older"),
        ("town_a", theme, "older"),
        ("town_a", HOSTILE, "older"),
        wave=["before", "after", None],
    )
    supply = maps.services(("body_a", "town_a", theme, "older"), wave=["after"])
    return maps.programme(folder, need, supply, [maps.mapped("answered", ex_post={"wave": "after"}, **declared)])


def test_the_map_goes_from_before_to_after(tmp_path: Path) -> None:
    with ran(mapped(tmp_path / "made")) as warehouse:
        parts = page(warehouse, "territory/mapped")
        (row,) = rows(parts, "Care")
        assert row.startswith("Care Older before:  ○ gap 1 need, 0 services after:  ● covered 1 need, 1 service")
        assert rows(parts, f"{HOSTILE} need_rows theme 1") == [f"{HOSTILE} need_rows theme 1"]
        assert len(map_table(warehouse)) > 2
        assert "† marks synthetic data" in text(parts)


def test_a_title_with_the_separator_in_it_leaves_its_code(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "made")
    edit(folder / "contracts.yaml", "title: Care}", "title: Care · at home}")
    with ran(folder) as warehouse:
        assert rows(page(warehouse, "territory/mapped"), "○ gap")[0].startswith("care Older before:")


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


def test_an_address_that_is_no_web_page_is_no_link() -> None:
    given = {
        "kind": "real",
        "title": HOSTILE,
        "publisher": "",
        "document": "",
        "licence": "",
        "retrieved": "",
        "generator": "",
    }
    sources = pd.DataFrame([given | {"url": url} for url in ("javascript:alert(1)", "https://example.org")])
    listed = source_list(sources)
    assert [part.href for part in walk(listed) if isinstance(part, html.A)] == ["https://example.org"]
    assert "javascript:alert(1)" in text(listed)
    assert text(listed).count("licence: not stated") == 2


def test_drawings_on_one_scale_place_equal_values_alike() -> None:
    def dot(value: float, scale: tuple[float, float] | None) -> str:
        return str(re.findall(r"cx%3D%22([\d.]+)", whisker(10, None, value, None, None, scale=scale) or "")[0])

    assert (dot(0, (0, 10)), dot(5, (0, 10)), dot(10, (0, 10))) == ("8.0", "80.0", "152.0")
    assert dot(5, None) == "8.0"


def test_waves_are_drawn_in_order_of_time(tmp_path: Path) -> None:
    pairs = test_networks.ties("a>b"), test_networks.ties("a>b", "b>c", wave="w2")
    roster = pd.concat([test_networks.bodies("abc", wave, sector=[*"xyz"]) for wave in ("w1", "w2")])
    folder = test_networks.folder(tmp_path / "made", pd.concat(pairs), roster, [test_networks.network("n", "ties")])
    for path in (*folder.glob("*.yaml"), *folder.glob("raw/*.csv")):
        path.write_text(path.read_text().replace("w1", "z1"))
    with ran(folder) as warehouse:
        figure = next(part.figure for part in walk(page(warehouse, "network/made")) if hasattr(part, "figure"))
    assert [note.text for note in figure.layout.annotations] == ["z1", "w2"]
    assert [trace.name for trace in figure.data if trace.showlegend].count("new ties across sectors") == 1
