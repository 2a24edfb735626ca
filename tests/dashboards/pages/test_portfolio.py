"""The portfolio: findings by kind, parts on one axis, orders, what tiles count, what two states together mean."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

import pytest
from impact_dashboards.page.address import read_address
from impact_dashboards.page.view import PageContent, Row, Table, View
from impact_dashboards.pages import PAGES
from impact_dashboards.pages.portfolio.order import KINDS, kind_of
from impact_dashboards.parts.findings import finding_table
from impact_dashboards.parts.marks import place, progress_scale, whisker
from impact_dashboards.parts.panels import axis_of, with_panels
from impact_dashboards.parts.tables import table_element
from impact_dashboards.server.reader import Reader

from impact.drawing.markup import Element, to_html, words_of
from impact.publish.published import ReaderTables
from impact.words import words_in
from tests.support.shipped import shipped_database


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReaderTables]:
    with Reader(shipped_database(tmp_path_factory)).edition().open() as warehouse:
        yield ReaderTables(warehouse)


NOTHING: dict[str, Any] = {"baseline": None, "target": None, "value": None, "conf_low": None, "conf_high": None}


def view(published: ReaderTables, path: str, language: Any = "en") -> View:
    address = read_address(path)
    assert address is not None
    return View(published, words_in(language), address, datetime.date(2026, 11, 28))


def opened(published: ReaderTables, query: str) -> PageContent:
    return PAGES["portfolio"].content(view(published, f"/en/portfolio{query}"))


def findings(published: ReaderTables, query: str) -> Table:
    block = opened(published, query).block("findings")
    assert block is not None
    assert block.table is not None
    return block.table


def drawn(table: Table) -> str:
    return to_html(table_element(words_in("en"), table, "findings"))


# ---- kinds -----------------------------------------------------------------------------------------------------------


def test_outcomes_that_say_something_come_first_and_the_rest_is_folded_with_its_count(published: ReaderTables) -> None:
    table = findings(published, "")
    kinds = [kind_of(row) for row in table.rows]
    assert kinds == sorted(kinds, key=KINDS.index)
    assert kinds[0] == "outcomes"
    text = drawn(table)
    before, *folds = text.split("<details")
    assert before.count('scope="row"') == kinds.count("outcomes")
    assert len(folds) == len(set(kinds)) - 1
    for kind, fold in zip(list(dict.fromkeys(kinds))[1:], folds, strict=True):
        assert " open" not in fold.split(">")[0]
        assert fold.count('scope="row"') == kinds.count(kind)
        summary = re.search(r"<summary>(\d+) ", fold)
        assert summary is not None
        assert int(summary[1]) == kinds.count(kind)


def test_promises_of_work_are_folded_with_their_states(published: ReaderTables) -> None:
    table = findings(published, "")
    states = [row["attainment"] for row in table.rows if kind_of(row) == "work"]
    assert f"reached {states.count('reached')}" in drawn(table)


def test_what_a_filter_leaves_first_stands_open(published: ReaderTables) -> None:
    text = drawn(findings(published, "?stage=work&status=promised"))
    assert "<details" not in text
    assert 'scope="row"' in text


def test_a_column_without_a_drawing_is_not_drawn(published: ReaderTables) -> None:
    facts = [row for row in findings(published, "").rows if kind_of(row) == "activity_facts"]
    heads = re.findall(r"<th[^>]*columnheader[^>]*>([^<]+)</th>", drawn(finding_table(view(published, "/en/x"), facts)))
    assert any(row["parts"] for row in facts)
    assert "Baseline, target, estimate" not in heads
    assert "Effect" not in heads
    assert "Outcome" in heads


def test_a_value_with_neither_baseline_nor_target_has_no_drawing() -> None:
    row = NOTHING | {"value": 2.0, "conf_low": 1.0, "conf_high": 3.0, "attainment": "no_target"}
    assert progress_scale(row) is None
    assert whisker(row, "") is None
    assert whisker(row | {"baseline": 1.5}, "") is not None


# ---- panels ----------------------------------------------------------------------------------------------------------


def part(code: str, **values: Any) -> Row:
    same = {"programme": "made", "indicator": "gain", "definition_hash": "a", "unit": "points", "direction": "increase"}
    return NOTHING | same | {"code": code, "attainment": "short"} | values


def test_parts_of_an_indicator_share_one_axis_with_their_target_at_one_place() -> None:
    rows = with_panels([part("a", baseline=1.0, target=9.0, value=4.0), part("b", baseline=2.0, target=9.0, value=7.0)])
    panel = rows[0]["panel"]
    assert panel == rows[1]["panel"]
    assert panel.target == 9.0
    assert rows[0]["scale"] == rows[1]["scale"]
    assert all(0 < place(row[name], row["scale"]) < 1 for row in rows for name in ("value", "baseline", "target"))


def test_where_each_part_promised_the_same_change_the_axis_is_the_change() -> None:
    rows = with_panels(
        [part("a", baseline=1.0, target=4.0, value=2.0), part("b", baseline=7.0, target=10.0, value=12.0)]
    )
    assert rows[0]["panel"].change
    assert rows[0]["panel"].target == pytest.approx(3.0)
    targets = [place(row["target"], row["scale"]) for row in rows]
    assert targets[0] == pytest.approx(targets[1])


def test_the_better_end_is_to_the_right() -> None:
    rows = with_panels(
        [part(code, target=2.0, value=value, direction="decrease") for code, value in (("a", 5.0), ("b", 1.0))]
    )
    shares = [place(row["value"], row["scale"]) for row in rows]
    assert shares[1] > shares[0]


@pytest.mark.parametrize("values", [(1.0,), (1.0, None), (2.0, 2.0)])
def test_there_is_no_panel_of_what_cannot_be_compared(values: tuple[float | None, ...]) -> None:
    rows = with_panels([part(str(place_), value=value) for place_, value in enumerate(values)])
    assert {row["panel"] for row in rows} == {None}


def test_an_axis_says_its_ends_and_its_target(published: ReaderTables) -> None:
    rows = with_panels([part("a", target=9.0, value=4.0), part("b", target=9.0, value=7.0)])
    axis = axis_of(view(published, "/en/portfolio"), rows)
    assert axis is not None
    assert "target 9" in words_of(axis)
    numbers = [
        float(words_of(node))
        for node in axis.children
        if isinstance(node, Element) and node.tag == "text" and re.fullmatch(r"[\d.]+", words_of(node))
    ]
    assert len(numbers) >= 3


def test_projects_stand_in_a_panel_per_indicator(published: ReaderTables) -> None:
    table = findings(published, "?programme=wecare&cut=project_id")
    text = drawn(table)
    indicators = {row["indicator"] for row in table.rows}
    assert text.count('class="panel-axis"') == len(indicators) > 1
    for name in indicators:
        assert len({row["panel"] for row in table.rows if row["indicator"] == name}) == 1


def test_a_whole_leads_to_its_parts_side_by_side(published: ReaderTables) -> None:
    text = drawn(findings(published, "?programme=wecare"))
    links = [href.replace("&amp;", "&") for href in re.findall(r'href="([^"]*cut=project_id[^"]*)"', text)]
    assert links
    for href in links:
        count = len(findings(published, href.removeprefix("/en/portfolio")).rows)
        assert count > 1


# ---- orders ----------------------------------------------------------------------------------------------------------


def way_left(row: Row) -> float:
    return float((row["target"] - row["value"]) / (row["target"] - row["baseline"]))


def test_the_widest_gap_comes_first(published: ReaderTables) -> None:
    rows = findings(published, "?programme=wecare&cut=project_id&sort=gap").rows
    first = [row for row in rows if row["indicator"] == rows[0]["indicator"]]
    gaps = list(map(way_left, first))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] == max(map(way_left, rows))


def test_the_largest_effect_the_surest_and_the_latest_come_first_within_a_group(published: ReaderTables) -> None:
    effects: dict[str, list[float]] = {}
    for row in findings(published, "?programme=nsw&cut=nodegree&sort=effect").rows:
        effects.setdefault(row["indicator"], []).append(row["estimate"])
    assert max(map(len, effects.values())) > 1
    for estimates in effects.values():
        assert estimates == sorted(estimates, reverse=True)
    levels = [row["evidence_level"] for row in findings(published, "?status=effect&sort=certainty&data=real").rows]
    assert levels[0] == max(levels)
    dates = [
        row["dated"]
        for row in findings(published, "?programme=wecare&stage=work&status=promised&sort=date").rows
        if row["dated"]
    ]
    assert dates == sorted(dates, reverse=True)


def test_an_unknown_order_is_no_order(published: ReaderTables) -> None:
    with pytest.raises(Exception, match="sort"):
        opened(published, "?sort=height")


# ---- tiles -----------------------------------------------------------------------------------------------------------


def numbers_on_tiles(published: ReaderTables, query: str) -> list[str]:
    head = opened(published, query).head
    text = "".join(to_html(node) for node in head if isinstance(node, Element))
    return re.findall(r"<strong>([^<]*)</strong>", text)


def test_tiles_follow_the_filters_but_for_the_states_that_they_count_themselves(published: ReaderTables) -> None:
    every = numbers_on_tiles(published, "?programme=wecare")
    assert numbers_on_tiles(published, "?programme=wecare&level=macro") != every
    assert numbers_on_tiles(published, "?programme=wecare&cut=project_id")[0].endswith("/66")
    assert numbers_on_tiles(published, "?programme=wecare&status=short") == every
    assert numbers_on_tiles(published, "?programme=wecare&stage=work") == every


# ---- two states together ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["it", "en"])
def test_a_promise_in_doubt_and_an_effect_are_said_together(published: ReaderTables, language: str) -> None:
    page = PAGES["portfolio"].content(view(published, f"/{language}/portfolio?programme=wecare", language))
    block = page.block("findings")
    assert block is not None
    assert block.table is not None
    words = words_in(language)  # type: ignore[arg-type]
    text = to_html(table_element(words, block.table, "findings"))
    pairs = {(row["attainment"], row["contribution"]) for row in block.table.rows}
    said = {pair for pair in pairs if words.has(f"both.{pair[0]}.{pair[1]}")}
    assert ("uncertain", "improved") in said
    for state, effect in said:
        assert words(f"both.{state}.{effect}") in text


def test_the_dots_of_evidence_are_explained(published: ReaderTables) -> None:
    block = opened(published, "").block("findings")
    assert block is not None
    assert isinstance(block.after, Element)
    text = words_of(block.after)
    for level in range(6):
        assert words_in("en")(f"evidence.{level}") in text
