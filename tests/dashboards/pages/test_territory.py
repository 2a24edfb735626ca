"""The page of a territory: map and ranking against the findings, series with their breaks, needs against supply."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from impact_dashboards.page.view import AddressError, PageContent, View
from impact_dashboards.pages import PAGES
from impact_dashboards.parts.marks import whisker
from impact_dashboards.parts.order import is_uncertain, order_words, ranked
from impact_dashboards.parts.sentences import source_list

from impact.drawing.markup import Element, h, to_html, words_of
from impact.publish import indicator_sources, read_table, wave_days
from impact.publish.scope import Scope
from impact.store import open_reader
from impact.tables.places import MapCell
from impact.words import words_in
from tests.support import maps
from tests.support.programmes import edit, indicator, written
from tests.support.shipped import shipped_database
from tests.support.views import asked, drawn, ran, rows, walk

territory = PAGES["territory"].content

HOSTILE = "<script>alert('x')</script><b>"
Ask = Callable[..., View]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield lambda path, **given: asked(warehouse, path, **given)


def section(view: View, page: PageContent, name: str) -> Element:
    return next(part for part in walk(drawn(view, page)) if part.attributes.get("id") == name)


def frame_of(page: PageContent, name: str) -> pd.DataFrame:
    block = page.block(name)
    assert block is not None
    assert block.table is not None
    return block.table.frame()


# ------------------------------------------------------------------ map and ranking


def test_a_quadrant_gives_each_of_its_provinces_its_value(examples: Ask) -> None:
    """All eight provinces are drawn, Asti and Alessandria too, of which no row has the code."""
    page = territory(examples("/it/territory/wecare?indicator=projects_financed&level=quadrant"))
    areas = frame_of(page, "map").set_index("name")["value"].to_dict()
    assert areas == {
        "Torino": 10, "Cuneo": 5, "Asti": 1, "Alessandria": 1,
        "Verbano-Cusio-Ossola": 6, "Vercelli": 6, "Biella": 6, "Novara": 6,
    }  # fmt: skip
    assert list(frame_of(page, "ranking")["value"]) == [22, 10, 6, 5, 1]


def test_a_province_without_a_row_has_no_value_of_its_quadrant(examples: Ask) -> None:
    view = examples("/it/territory/wecare?indicator=projects_financed&level=province")
    page = territory(view)
    areas = frame_of(page, "map").set_index("name")
    assert list(areas[areas["state"] == "no_data"].index) == ["Asti", "Alessandria"]
    findings = view.findings.set_index("finding")["value"]
    assert areas["value"]["Torino"] == findings["wecare/projects_financed/territory=ITC11"]


def test_levels_are_those_of_the_indicator_and_one_of_another_leaves_nothing(examples: Ask) -> None:
    for wrong in ("indicator=none", "level=none"):
        with pytest.raises(AddressError, match="non può essere «none»"):
            territory(examples(f"/it/territory/wecare?{wrong}"))
    levels = next(
        c for c in territory(examples("/it/territory/wecare?indicator=projects_financed")).choices if c.name == "level"
    )
    assert list(levels.options) == ["region", "quadrant", "province"]
    assert levels.value == "province"


def test_codes_without_boundaries_have_a_ranking_and_no_map(examples: Ask) -> None:
    page = territory(examples("/en/territory/talents4coop"))
    assert page.block("map") is None
    ranking = frame_of(page, "ranking")
    assert list(ranking["value"].iloc[1:]) == sorted(ranking["value"].iloc[1:], reverse=True)
    assert "is that of 7 territories" in " ".join(words_of(h("p", page.lead)).split())


def test_what_is_coded_above_says_so(examples: Ask) -> None:
    view = examples("/en/territory/wecare?indicator=projects_financed&level=quadrant")
    flags = view.findings.set_index("finding")["flags"]
    ranking = section(view, territory(view), "ranking")
    for row in frame_of(territory(view), "ranking").itertuples():
        (line,) = rows(ranking, row.part_en) if row.part_en else rows(ranking, "Whole programme")
        assert ("some coded here" in line) == ("own_rows" in flags[row.finding])


def test_every_indicator_cut_by_place_can_be_chosen_and_no_other(examples: Ask) -> None:
    view = examples("/it/territory/wecare")
    findings = view.findings
    cut = findings[(findings["scope"] == "territory") | (findings["group"] == "quadrant")]
    (choice,) = (choice for choice in territory(view).choices if choice.name == "indicator")
    assert set(choice.options) == set(cut["indicator"])


def test_the_ranking_shows_what_the_findings_hold(examples: Ask) -> None:
    view = examples("/en/territory/wecare?indicator=knows_services")
    page = territory(view)
    found = view.findings.query("indicator == 'knows_services' and group in ('all', 'quadrant')").set_index("finding")
    shown = frame_of(page, "ranking").set_index("finding")
    for name in ("value", "conf_low", "conf_high", "target", "n", "estimate"):
        assert list(shown[name].astype(float)) == pytest.approx(
            list(found[name].astype(float)[shown.index]), nan_ok=True
        )
    assert "2 pairs of neighbours of 2 have intervals that overlap" in words_of(section(view, page, "ranking"))
    assert "The interval of 1 value is not known" in words_of(section(view, page, "ranking"))


def placed(value: float | None, half: float | None, state: str = "no_target") -> dict[str, Any]:
    ends = (None, None) if value is None or half is None else (value - half, value + half)
    said = {"attainment": state, "flags": [], "n": 9, "method": "simple sample"}
    return said | {"value": value, "conf_low": ends[0], "conf_high": ends[1]}


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 20)), min_size=2, max_size=8))
def test_the_order_is_sure_when_no_two_neighbours_overlap(values: list[tuple[float, float]]) -> None:
    order = ranked([placed(*each) for each in values])
    assert [row["value"] for row in order] == sorted((value for value, _ in values), reverse=True)
    overlaps = [low["conf_high"] >= high["conf_low"] for high, low in pairwise(order)]
    assert is_uncertain(order) == any(overlaps)
    assert order_words(words_in("en"), order).startswith("The order is uncertain" if any(overlaps) else "No interval")


def test_suppressed_rows_come_last_and_tell_nothing_of_the_order() -> None:
    hidden, empty = placed(None, None, "suppressed"), placed(None, None, "no_data")
    low, high = placed(1.0, 0.1), placed(2.0, 0.1)
    assert ranked([hidden, low, empty, high]) == [high, low, empty, hidden]
    assert not is_uncertain([high, low, empty, hidden])


def test_a_suppressed_place_is_hatched_without_its_value(tmp_path: Path) -> None:
    """Biella has three persons: neither map nor ranking nor file says what they answered."""
    folder = few(tmp_path / "made")
    with ran(folder) as warehouse:
        view = asked(warehouse, "/en/territory/made")
        page = territory(view)
        areas = frame_of(page, "map").set_index("name")
        ranking = frame_of(page, "ranking")
        html = to_html(drawn(view, page))
    assert areas["state"]["Biella"] == "suppressed"
    assert areas["value"]["Biella"] is None
    assert ranking["attainment"].iloc[-1] == "suppressed"
    assert ranking["value"].iloc[-1] is None
    assert not re.search(r"777(\.25|\.3)?\b", html)
    assert "Biella: suppressed" in html


def few(folder: Path) -> Path:
    """Write a survey by province: thirty persons in two of them, three in Biella."""
    codes = ["ITC11"] * 15 + ["ITC16"] * 15 + ["ITC13"] * 3
    answers = [1.0, 2.0, 3.0] * 10 + [777.25] * 3
    frame = pd.DataFrame({"person": [f"p{i}" for i in range(33)], "territory": codes, "y": answers})
    path = written(folder, frame, [indicator("score", scope=["territory"])])
    edit(
        path / "contracts.yaml",
        "territory: {type: text, required: false}",
        "territory: {type: code, codelist: territory_it}",
    )
    edit(path / "contracts.yaml", "contracts:", "shared: [territory_it]\ncontracts:")
    return path


def test_a_reader_of_one_quadrant_sees_neither_the_whole_nor_the_others(examples: Ask) -> None:
    scope = Scope(frozenset(["wecare"]), {"quadrant": frozenset(["cn"])}, "investor")
    view = examples("/en/territory/wecare?indicator=knows_services", scope=scope)
    assert list(frame_of(territory(view), "ranking")["group_value"]) == ["cn"]


# ------------------------------------------------------------------ series


def test_a_series_is_interrupted_at_its_breaks_with_its_source_beside_it(examples: Ask) -> None:
    view = examples("/en/territory/wecare")
    page = territory(view)
    block = page.block("series-adult_training")
    assert block is not None
    assert block.figure is not None
    marks = next(trace for trace in block.figure.data if trace.mode == "markers")
    pieces = [list(trace.text) for trace in block.figure.data if trace.mode != "markers"]
    assert [piece[0] for piece in pieces] == ["2000", "2004", "2006"]
    assert [wave for piece in pieces for wave in piece] == [str(year) for year in range(2000, 2020)]
    assert len(marks.x) == 2
    words = words_of(section(view, page, "series-adult_training"))
    for said in ("Break in the series: 2004, 2006.", "Eurostat", "licence: CC BY 4.0"):
        assert said in words
    table = frame_of(page, "series-adult_training").set_index("wave")
    assert table["value"]["2004"] == pytest.approx(5.2)
    assert list(table.index[table["flagged"] == "break"]) == ["2004", "2006"]


@pytest.mark.parametrize(
    ("language", "sentence", "own"),
    [
        ("en", "The programme can account for between +2.0 pp and +3.1 pp of the change of +6.8 pp", "+6.8 pp"),
        (
            "it",
            "Il programma può spiegare tra +2,0 punti percentuali e +3,1 punti percentuali della variazione di +6,8 punti percentuali",
            "+6,8 punti percentuali",
        ),
    ],
)
def test_what_the_programme_contributed_stands_with_its_sentence(
    examples: Ask, language: str, sentence: str, own: str
) -> None:
    view = examples(f"/{language}/territory/wecare")
    part = section(view, territory(view), "contribution-territory_knows_services")
    assert sentence in words_of(part)
    lines = rows(part)
    assert own in lines[1]
    assert re.search(r"37[.,]9.?% \[29[.,]5.?%; 46[.,]4.?%\]", lines[3])


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


def test_an_address_that_is_no_web_page_is_no_link() -> None:
    named = ("title", "publisher", "document", "licence", "retrieved", "generator")
    told = dict.fromkeys(named, "") | {"kind": "real", "title": HOSTILE}
    sources = pd.DataFrame([told | {"url": url} for url in ("javascript:alert(1)", "https://example.org")])
    listed = source_list(words_in("en"), sources)
    assert listed is not None
    assert [part.attributes["href"] for part in walk(listed) if part.tag == "a"] == ["https://example.org"]
    assert "javascript:alert(1)" in words_of(listed)
    assert words_of(listed).count("licence: not stated") == 2


def test_drawings_on_one_scale_place_equal_values_alike() -> None:
    def dot(value: float, scale: tuple[float, float] | None) -> str:
        row = {
            "value": value,
            "conf_low": None,
            "conf_high": None,
            "baseline": 10.0,
            "target": None,
            "attainment": "reached",
        }
        drawing = whisker(row, "", scale=scale)
        assert drawing is not None
        return re.findall(r"translate\(([\d.]+)", to_html(drawing))[0]

    assert (dot(0, (0, 10)), dot(5, (0, 10)), dot(10, (0, 10))) == ("6.5", "119.5", "232.5")
    assert dot(5, None) == "6.5"


# ------------------------------------------------------------------ needs against supply


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


def test_the_map_of_needs_goes_from_before_to_after(tmp_path: Path) -> None:
    with ran(mapped(tmp_path / "made")) as warehouse:
        view = asked(warehouse, "/en/territory/mapped")
        page = territory(view)
        part = section(view, page, "needs-1")
        (row,) = (row for row in rows(part, "Care") if "Where it is written" in row)
        assert row.startswith(
            "Care Older Before Gap 1 need, 0 services After Covered 1 need, 1 service Where it is written"
        )
        assert row.count("made for a test") == 3
        assert rows(section(view, page, "unmapped"), HOSTILE) == [f"{HOSTILE} need_rows theme 1"]
        assert len(frame_of(page, "needs-1")) == len(read_table(warehouse, MapCell)) > 2
        assert "Source: Made †" in words_of(part)


def test_a_title_with_the_separator_in_it_leaves_its_code(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "made")
    edit(folder / "contracts.yaml", "title: Care}", "title: Care · at home}")
    with ran(folder) as warehouse:
        view = asked(warehouse, "/en/territory/mapped")
        part = section(view, territory(view), "needs-1")
        assert rows(part, "Gap")[0].startswith("care Older Before")


def test_states_are_counted_as_the_table_has_them(examples: Ask) -> None:
    view = examples("/en/territory/wecare")
    counts = view.published.map("wecare")["state"].value_counts().to_dict()
    assert counts == {"partial": 9, "covered": 2, "unmapped": 2}
    legend = next(
        part
        for part in walk(section(view, territory(view), "needs-1"))
        if "states" in str(part.attributes.get("class"))
    )
    assert " ".join(words_of(legend).split()) == "Covered 2 Partly covered 9 Unmapped 2"
    quotes = [item["quote"] for cell in view.published.map("wecare")["documents"] for item in json.loads(cell)]
    words = words_of(section(view, territory(view), "needs-1"))
    assert all(quote in words for quote in quotes)


# ------------------------------------------------------------------ nothing to show


def test_an_empty_page_says_where_to_read_how(examples: Ask) -> None:
    view = examples("/it/territory/nsw")
    places = [words_of(part) for part in walk(drawn(view, territory(view))) if part.tag == "code"]
    assert len(places) == 3
    assert all((Path(__file__).parents[3] / place).is_file() for place in places)


def test_without_a_programme_there_is_a_choice_of_those_with_a_territory(examples: Ask) -> None:
    view = examples("/it/territory")
    tiles = [
        part.attributes["href"] for part in walk(drawn(view, territory(view))) if part.attributes.get("class") == "tile"
    ]
    assert tiles == [f"/it/territory/{name}" for name in ("milano_sei_laltro", "talents4coop", "wecare")]


def test_levels_without_a_name_are_told_by_their_depth(tmp_path: Path) -> None:
    """A region stands in no ranking with its own towns."""
    declared = maps.mapped("answered", ex_post={"wave": "after"}, scope=["territory"])
    need = maps.needs(*((town, "care", "older") for town in ("town_a", "town_b", "south")), wave=["after"] * 3)
    supply = maps.services(("body_a", "town_a", "care", "older"), wave=["after"])
    with ran(maps.programme(tmp_path / "made", need, supply, [declared])) as warehouse:
        page = territory(asked(warehouse, "/en/territory/mapped"))
        levels = next(choice for choice in page.choices if choice.name == "level")
        assert list(levels.options.values()) == ["Level 1", "Level 2", "Level 3"]
        assert list(frame_of(page, "ranking")["part_en"].dropna()) == ["Town_A", "Town_B"]
        assert page.block("map") is None
