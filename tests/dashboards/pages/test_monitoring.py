"""The page of coordinators: what it counts against the tables and by hand, and the rows page by page."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from impact_dashboards.page.address import read_address
from impact_dashboards.page.view import AddressError, PageContent, View
from impact_dashboards.pages import PAGES
from impact_dashboards.pages.monitoring.grid import SIZE
from impact_dashboards.pages.monitoring.quality import age_state, file_rows, share_state
from impact_dashboards.parts.planned import BEHIND, delivery_rows, judged
from impact_dashboards.server.files import block_file
from impact_dashboards.server.shell import block_element

from impact.declare import load_programme
from impact.drawing.markup import Element, to_html, words_of
from impact.errors import UsageError
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING, Scope
from impact.run.flow import run_programme
from impact.store import Warehouse, open_reader
from impact.words import words_in
from tests.support.programmes import edit, indicator, written
from tests.support.shipped import SHIPPED, shipped_database

monitoring = PAGES["monitoring"].content

DAY = datetime.date(2030, 1, 1)
HOSTILE = "<script>x</script>"
INVESTOR = Scope(None, {}, "investor")
KINDS = ("missing", "skipped", "not_applicable", "refused", "suppressed")
Ask = Callable[..., View]


def asked(warehouse: Warehouse, path: str, day: datetime.date = DAY, scope: Scope = EVERYTHING) -> View:
    address = read_address(path)
    assert address is not None
    return View(ReaderTables(warehouse, scope), words_in(address.language), address, day)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Return what makes a view of the shipped programmes."""
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield lambda path, **given: asked(warehouse, path, **given)


def rows_frame() -> pd.DataFrame:
    """Return 130 persons with ties and gaps in what they are sorted by."""
    draw = np.random.default_rng(7)
    person = [f"p{number:03}" for number in range(130)]
    y = np.where(draw.random(130) < 0.2, np.nan, draw.integers(0, 12, 130) / 2)
    name = np.where(draw.random(130) < 0.1, None, draw.choice(["Anna", "Bo", "anna maria", HOSTILE], 130))
    return pd.DataFrame({"person": person, "y": y, "name": name})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Return what makes a view of a small programme of its own."""
    folder = written(tmp_path_factory.mktemp("made") / "made", rows_frame(), [indicator("n")])
    with Warehouse(folder.parent / "made.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        yield lambda path, **given: asked(warehouse, path, **given)


def drawn(view: View, page: PageContent) -> str:
    return words_of(Element("div", {}, tuple(block_element(view, block) for block in page.blocks)))


def walk(node: Element | str) -> Iterator[Element]:
    if isinstance(node, Element):
        yield node
        for child in node.children:
            yield from walk(child)


def values(page: PageContent, name: str, key: str) -> list[Any]:
    block = page.block(name)
    assert block is not None
    assert block.table is not None
    return [row[key] for row in block.table.rows]


# ------------------------------------------------------------------ the overview


@pytest.mark.parametrize("programme", SHIPPED)
def test_every_block_with_a_table_is_a_file_too(examples: Ask, programme: str) -> None:
    page = monitoring(examples(f"/it/monitoring/{programme}"))
    for block in page.blocks:
        view = examples(f"/it/monitoring/{programme}/{block.id}.csv")
        content = block_file(view, monitoring(view), "1")
        assert (content is None) == (block.table is None)
        if block.table is not None and content is not None:
            assert len(list(csv.reader(io.StringIO(content.decode())))) == len(block.table.rows) + 1
    assert len(page.blocks) >= 8


def test_journeys_and_process(examples: Ask) -> None:
    view = examples("/en/monitoring/talents4coop")
    page = monitoring(view)
    journeys, process = (words_of(block_element(view, page.block(name))) for name in ("journeys", "process"))  # type: ignore[arg-type]
    assert "10 projects" in journeys
    assert "Of 2 no document says where they arrived" in journeys
    (row,) = [
        row
        for row in walk(block_element(view, page.block("journeys")))
        if row.tag == "tr" and "Agrisensor" in words_of(row)
    ]  # type: ignore[arg-type]
    assert words_of(row).count("not stated") == 2
    assert "Organizzazioni e sfide candidate" in words_of(row)
    assert "Days from the planned to the actual end of a phase" in process
    assert "Hours delivered" in process
    assert "People involved" not in process
    bare = examples("/en/monitoring/wecare")
    assert "declares no journeys" in drawn(bare, monitoring(bare))
    assert "follow_the_process.md" in drawn(bare, monitoring(bare))


def test_what_is_late_is_what_the_table_of_due_dates_says(examples: Ask) -> None:
    view = examples("/en/monitoring/wecare")
    late = view.published.due(DAY, "wecare").query("state == 'late'")
    missed = late[late["attainment"].isin(["short", "wrong_way"])]
    page, missing = monitoring(view), monitoring(examples("/en/monitoring/wecare?due=missing"))
    assert sorted(values(page, "due", "id")) == sorted(missed["id"])
    assert sorted(values(missing, "due", "id")) == sorted(set(late["id"]) - set(missed["id"]))
    assert 0 < len(missed) < len(late)
    lead = words_of(Element("p", {}, tuple(_flat(page.lead))))
    assert f"{len(missed)} promises missed" in lead
    assert f"{len(late) - len(missed)} thing due without data" in lead
    early = monitoring(examples("/en/monitoring/wecare?due=missed", day=datetime.date(2019, 1, 1)))
    assert values(early, "due", "id") == []
    done = monitoring(examples("/en/monitoring/wecare?due=done"))
    assert set(values(done, "due", "state")) == {"done"}


def _flat(content: Any) -> Iterator[Element | str]:
    for part in content if isinstance(content, list) else [content]:
        yield from _flat(part) if isinstance(part, list) else [part]


def test_phases_and_activities_are_held_against_the_day(examples: Ask) -> None:
    rows = {
        row["activity"]: row
        for row in delivery_rows(examples("/en/monitoring/talents4coop", day=datetime.date(2021, 7, 1)))
    }
    phases = rows["Phases ended"]
    assert (phases["planned"], phases["delivered"], phases["expected"]) == (10, 9, 3 / 10)  # Dec 2020, Jan, June 2021
    assert rows["final_event"]["expected"] == 0  # its phase is March 2022
    assert rows["coaching"]["state"] == "no_target"
    half = {
        row["activity"]: row
        for row in delivery_rows(examples("/en/monitoring/talents4coop", day=datetime.date(2022, 3, 8)))
    }
    assert half["final_event"]["expected"] == pytest.approx(8 / 31)


def test_an_activity_behind_its_plan_is_critical_beyond_fifteen_points() -> None:
    assert BEHIND == 0.15
    states = [
        judged({"planned": 100, "delivered": delivered, "expected": 0.5})["state"]
        for delivered in (34, 35, 49, 50, 120)
    ]
    assert states == ["bad", "warn", "warn", "good", "good"]
    undated = [judged({"planned": 5, "delivered": n, "expected": None})["state"] for n in (3, 5)]
    assert undated == ["no_data", "good"]
    assert judged({"planned": 100, "delivered": None, "expected": 0.5})["state"] == "no_data"
    assert judged({"planned": None, "delivered": 3, "expected": 0.5})["state"] == "no_target"


@pytest.mark.parametrize(
    ("measure", "share", "state"),
    [
        *[
            ("complete", 0.9, "good"),
            ("complete", 0.8999, "warn"),
            ("complete", 0.75, "warn"),
            ("complete", 0.7499, "bad"),
        ],
        *[("linked", 0.95, "good"), ("linked", 0.8, "warn"), ("linked", 0.79, "bad"), ("valid", None, "no_data")],
    ],
)
def test_limits_hold_at_their_ends(measure: str, share: float | None, state: str) -> None:
    assert share_state(measure, share) == state


def test_data_nobody_loads_again_become_stale(made: Ask) -> None:
    assert [age_state(days) for days in (0, 30, 31, 90, 91, None)] == ["good", "good", "warn", "warn", "bad", "no_data"]
    (loaded,) = made("/en/monitoring/made").published.validity("made")["loaded_at"].dt.date
    for days, state in ((0, "good"), (90, "warn"), (91, "bad")):
        view = made("/en/monitoring/made", day=loaded + datetime.timedelta(days=days))
        (row,) = file_rows(view)
        assert (row["days"], age_state(row["days"])) == (days, state)
        assert ("1 file stale" in words_of(Element("p", {}, tuple(_flat(monitoring(view).lead))))) == (state == "bad")


def test_answers_are_counted_with_the_kinds_of_missing_apart(tmp_path: Path) -> None:
    answers = ["5", "R", "S", "S", "N", None, "4", "3", "X", "2"]
    frame = pd.DataFrame(
        {"person": [f"p{n}" for n in range(10)], "answer": answers, "unused": [None] * 10, "y": range(10)}
    )
    folder = written(tmp_path / "made", frame.astype({"unused": object}), [indicator("n")])
    kinds = "missing: {refused: [R], skipped: [S], not_applicable: [N], suppressed: [X]}"
    edit(folder / "contracts.yaml", "answer: {type: text, required: false}", "answer: {type: text, " + kinds + "}")
    with Warehouse(tmp_path / "made.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        view = asked(warehouse, "/en/monitoring/made")
        page, (file,) = monitoring(view), file_rows(view)
    block = page.block("answers")
    assert block is not None
    assert block.table is not None
    unused, answer = block.table.rows
    assert [answer[kind] for kind in KINDS] == [1, 2, 1, 1, 1]
    assert answer["share"] == 4 / 9  # what does not apply is not due
    assert (unused["column"], unused["answered"]) == ("unused", 0)
    assert file["complete"] == (10 + 4 + 10) / (10 + 9 + 10)  # a column that no row fills is not in use


def test_response_is_a_share_of_the_wave_before(examples: Ask) -> None:
    page = monitoring(examples("/it/monitoring/nsw"))
    assert values(page, "response", "persons") == [445, 445, 445]
    assert values(page, "response", "share_linked") == [None, 1.0, 1.0]
    survey = monitoring(examples("/it/monitoring/wecare"))
    (first, second), (_, linked), (_, lost) = (values(survey, "response", key) for key in ("persons", "linked", "lost"))
    assert linked + lost == first
    assert values(survey, "response", "share_lost")[1] == pytest.approx(lost / first)
    assert second >= linked


# ------------------------------------------------------------------ the quarantine


def test_reasons_are_counted_and_each_count_leads_to_its_rows(examples: Ask) -> None:
    view = examples("/en/monitoring/wecare")
    reasons = view.published.quarantine("wecare")
    block = monitoring(view).block("quarantine")
    assert block is not None
    assert block.table is not None
    assert sum(row["count"] for row in block.table.rows) == len(reasons) > 50
    links = [element.attributes["href"] for element in walk(block_element(view, block)) if element.tag == "a"]
    followed = [href for href in links if "rule=" in href]
    assert followed
    for href, row in zip(followed, block.table.rows, strict=False):
        assert len(values(monitoring(examples(href)), "reasons", "rule")) == row["count"]


def test_the_rows_set_aside_come_fifty_a_page_and_all_in_the_file(examples: Ask) -> None:
    reasons = examples("/en/monitoring/wecare").published.quarantine("wecare")
    path = "/en/monitoring/wecare/quarantine"
    first, second = (monitoring(examples(path + query)) for query in ("", "?page=2"))
    lines = values(first, "reasons", "line") + values(second, "reasons", "line")
    assert len(values(first, "reasons", "line")) == 50
    assert [line or 0 for line in lines] == list(reasons["line"].fillna(0))
    view = examples(f"{path}/reasons.csv")
    assert len(list(csv.DictReader(io.StringIO((block_file(view, monitoring(view), "1") or b"").decode())))) == len(
        reasons
    )
    for wrong in ("0", "3", "-1", "x", "%C2%B2", "01", "9" * 5000):
        with pytest.raises(AddressError, match="'page' cannot be"):
            monitoring(examples(f"{path}?page={wrong}"))


def test_rows_are_for_evaluators_and_coordinators(examples: Ask) -> None:
    view = examples("/en/monitoring/wecare", scope=INVESTOR)
    shown = drawn(view, monitoring(view))
    assert shown.count("evaluators and coordinators see them") == 2
    assert "settanta" not in shown
    for path in ("quarantine", "records", "records/participant_survey"):
        page = monitoring(examples(f"/en/monitoring/wecare/{path}", scope=INVESTOR))
        assert page.blocks == ()
        assert "WP0" not in to_html(Element("div", {}, tuple(_flat(page.head))))
    coordinator = Scope(None, {}, "coordinator")
    assert (
        len(
            values(
                monitoring(examples("/en/monitoring/wecare/records/participant_survey", scope=coordinator)),
                "records",
                "wave",
            )
        )
        == SIZE
    )


def test_readers_of_parts_are_told_nothing_of_the_whole(examples: Ask) -> None:
    scope = Scope(None, {"project_id": frozenset({"draios"})}, "coordinator")
    view = examples("/en/monitoring/wecare", scope=scope)
    page = monitoring(view)
    shown = drawn(view, page)
    assert shown.count("here you see only your own parts") == 2
    assert "keeps its contract" not in shown  # some rows of the project are in quarantine
    assert "wave" not in values(page, "due", "kind")
    assert set(values(page, "quality", "rows_read")) == {None}
    own = monitoring(examples("/en/monitoring/wecare/records/participant_survey", scope=scope))
    assert set(values(own, "records", "project_id")) == {"draios"}


# ------------------------------------------------------------------ the records


def steps(view: View) -> tuple[list[int], dict[str, str]]:
    """Return the places of the rows on a page of records, and where its pager leads by word."""
    page = monitoring(view)
    block = page.block("records")
    assert block is not None
    assert isinstance(block.after, Element)
    links = {words_of(element): element.attributes["href"] for element in walk(block.after) if element.tag == "a"}
    return values(page, "records", "_row"), links


@pytest.mark.parametrize("sort", ["", "y", "-y", "name", "-name", "person", "-person"])
def test_pages_follow_one_another_and_lead_back(made: Ask, sort: str) -> None:
    frame, column = rows_frame(), sort.removeprefix("-")
    expected = list(range(len(frame)))
    if column:
        known = frame[column].notna()
        ordered = frame[known].sort_values(column, ascending=not sort.startswith("-"), kind="stable")
        expected = [*ordered.index, *frame.index[~known]]
    first = f"/en/monitoring/made/records/rows{f'?sort={sort}' if sort else ''}"
    forward, pages, at = list[int](), 0, first
    while at:
        rows, links = steps(made(at))
        assert ("Previous" in links) == ("First" in links) == bool(forward)
        forward, pages, at = forward + rows, pages + 1, links.get("Next", "")
    assert forward == expected
    assert pages == 3
    rows, links = steps(made(steps(made(first))[1]["Last"]))
    assert "Next" not in links
    backward = rows
    while "Previous" in links:
        rows, links = steps(made(links["Previous"]))
        backward = rows + backward
    assert backward == expected


def test_a_place_is_no_answer_and_nonsense_is_refused(made: Ask) -> None:
    path = "/en/monitoring/made/records/rows"
    rows, links = steps(made(f"{path}?sort=name"))
    assert links["Next"].endswith(f"after=data%3A{rows[-1]}")
    nowhere = ("after=data:999", "after=none:3", "after=data", "after=:", "before=data:x", "sort=name&after=data:99999")
    for wrong in (*nowhere, f"after=data:{'9' * 30}", "sort=nothing", "last=2", "after=data:3&before=data:3"):
        with pytest.raises(AddressError):
            steps(made(f"{path}?{wrong}"))


@pytest.mark.parametrize(
    ("query", "keep"),
    [
        ("f.name=ANNA", lambda frame: frame["name"].str.contains("anna", case=False, na=False)),
        ("f.y=2.5", lambda frame: frame["y"] == 2.5),
        ("f.name=script&f.y=1", lambda frame: (frame["name"] == HOSTILE) & (frame["y"] == 1)),
        ("f.name=%25", lambda frame: frame["y"] > 100),
        ("f.name='+OR+1=1+--", lambda frame: frame["y"] > 100),
        ("f.y=two", lambda frame: frame["y"] > 100),
    ],
)
def test_filters_keep_what_they_say(made: Ask, query: str, keep: Callable[[pd.DataFrame], pd.Series]) -> None:
    frame = rows_frame()
    kept = list(frame.index[keep(frame)])
    view = made(f"/en/monitoring/made/records/rows?{query}")
    page = monitoring(view)
    assert values(page, "records", "_row") == kept[:SIZE]
    block = page.block("records")
    assert block is not None
    assert words_in("en")("monitoring.rows_count", count=len(kept)) in block.title
    element = block_element(view, block)
    assert len([one for one in walk(element) if one.attributes.get("type") == "search"]) == 3
    assert "<script" not in to_html(element)


def test_heads_say_and_turn_the_order(made: Ask) -> None:
    ways = {}
    for sort in ("", "y", "-y"):
        view = made(f"/en/monitoring/made/records/rows{f'?sort={sort}' if sort else ''}")
        heads = [
            one for one in walk(block_element(view, monitoring(view).block("records"))) if "aria-sort" in one.attributes
        ]  # type: ignore[arg-type]
        (head,) = [head for head in heads if words_of(head).startswith("y")]
        (link,) = [one for one in walk(head) if one.tag == "a"]
        ways[sort] = head.attributes["aria-sort"], link.attributes["href"].partition("?")[2]
    assert ways == {"": ("none", "sort=y"), "y": ("ascending", "sort=-y"), "-y": ("descending", "sort=y")}


@pytest.mark.parametrize("path", ["records/none", "records/impact", "nothing", "records/rows_data"])
def test_what_is_not_there_says_so(made: Ask, path: str) -> None:
    with pytest.raises(UsageError):
        monitoring(made(f"/en/monitoring/made/{path}"))


def test_without_a_programme_there_is_a_choice(examples: Ask) -> None:
    page = monitoring(examples("/en/monitoring"))
    assert [one.attributes["href"] for one in walk(page.head) if one.tag == "a"] == [  # type: ignore[arg-type]
        f"/en/monitoring/{name}" for name in SHIPPED
    ]
