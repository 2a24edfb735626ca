"""The front doors: the first page, the page of a project, the comparison, and whose it is what is late."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from impact_dashboards.page.address import read_address
from impact_dashboards.page.view import Block, PageContent, View
from impact_dashboards.pages import HOME, PAGES
from impact_dashboards.parts.decisions import NEEDS, Need, subjects
from impact_dashboards.parts.owed import OWED
from impact_dashboards.parts.owners import Owner, owner
from impact_dashboards.parts.projects import PAGE

from impact.declare import load_programme
from impact.drawing.markup import Element, words_of
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING, Scope
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.tables.part import WHOLE, Part
from impact.words import words_in
from tests.support.frameworks import FIRST, SECOND, binding, framework, programme
from tests.support.monitored import MISSING, PROJECTS, write_with_contacts
from tests.support.programmes import indicator, written
from tests.support.shipped import shipped_database
from tests.support.views import drawn, ran, walk

TODAY = datetime.date(2026, 1, 1)
Ask = Callable[..., tuple[View, PageContent]]


def asks(warehouse: Warehouse) -> Ask:
    def ask(path: str, scope: Scope = EVERYTHING) -> tuple[View, PageContent]:
        address = read_address(path)
        assert address is not None
        view = View(ReaderTables(warehouse, scope), words_in(address.language), address, TODAY)
        content = PAGES[address.page].content(view)
        view.check()
        return view, content

    return ask


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with Warehouse(shipped_database(tmp_path_factory), read_only=True) as warehouse:
        yield asks(warehouse)


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with ran(write_with_contacts(tmp_path_factory.mktemp("front") / "made")) as warehouse:
        yield asks(warehouse)


def elements(view: View, content: PageContent, tag: str, name: str = "") -> list[Element]:
    """Return the elements of a page of a tag and a class."""
    found = (part for part in walk(drawn(view, content)) if part.tag == tag)
    return [part for part in found if not name or name in str(part.attributes.get("class", "")).split()]


def text(element: Element) -> str:
    return " ".join(words_of(element).split())


def block(content: PageContent, name: str) -> Block:
    found = content.block(name)
    assert found is not None, [one.id for one in content.blocks]
    return found


# ---- home ------------------------------------------------------------------------------------------------------------


def test_the_app_opens_on_the_first_page_which_asks_nothing(shipped: Ask) -> None:
    assert HOME.name == "home"
    _, content = shipped("/it/home")
    assert content.choices == ()


@pytest.mark.parametrize("path", ["/en/home", "/it/home", "/en/home?programme=wecare"])
def test_every_number_of_the_sentences_is_the_count_of_what_it_leads_to(shipped: Ask, path: str) -> None:
    view, content = shipped(path)
    (told,) = elements(view, content, "div", "told")
    links = [part for part in walk(told) if part.tag == "a"]
    counted = 0
    for link in links:
        number, href = int(text(link).split()[0]), str(link.attributes["href"])
        if "/portfolio" not in href:
            continue
        _, portfolio = shipped(href)
        table = block(portfolio, "findings").table
        assert table is not None
        assert len(table.rows) == number, href
        counted += 1
    assert counted > 4


def test_real_data_stand_apart_from_synthetic(shipped: Ask) -> None:
    view, content = shipped("/en/home")
    (told,) = elements(view, content, "div", "told")
    links = [str(part.attributes["href"]) for part in walk(told) if part.tag == "a"]
    kinds = ["real" if "data=real" in href else "synthetic" for href in links]
    assert kinds == sorted(kinds)
    assert set(kinds) == {"real", "synthetic"}
    for card in elements(view, content, "a", "decision"):
        assert ("†" in text(card)) == (card in _under(view, content, "On synthetic data"))


def _under(view: View, content: PageContent, heading: str) -> list[Element]:
    (part,) = [
        part
        for part in elements(view, content, "div")
        if isinstance(part.children[0], Element) and part.children[0].tag == "h3" and heading in text(part.children[0])
    ]
    return [card for card in walk(part) if card.tag == "a"]


def test_cards_come_in_the_order_of_the_rule(monitored: Ask) -> None:
    view, content = monitored("/en/home")
    found = subjects(view, ["made"])
    assert [one.order for one in found] == sorted(one.order for one in found)
    assert {one.reason.need for one in found} == {Need.MISSED, Need.MISSING, Need.SETTLED}
    assert len(elements(view, content, "a", "decision")) == len(found) == len(PROJECTS) + 1
    missed = [one.reason.weight for one in found if one.reason.need is Need.MISSED]
    assert missed == sorted(missed, reverse=True)
    first = elements(view, content, "a", "decision")[0]
    assert "p22" in text(first)
    assert "933 off (267, promised 1,200)" in text(first)
    assert [NEEDS.index(one.reason.need) for one in found][-1] == NEEDS.index(Need.SETTLED)


def test_reports_that_are_missing_are_a_reason_and_somebodys(monitored: Ask) -> None:
    view, _ = monitored("/en/home")
    (of,) = [one for one in subjects(view, ["made"]) if one.part.code == "p05"]
    assert of.reason.need is Need.MISSING
    assert f"{len(MISSING)} reports are missing, the oldest due by 15 Apr 2024" in of.reason.text
    assert of.owner.said(view) == "Invented agency; Reports desk"


# ---- projects --------------------------------------------------------------------------------------------------------


def test_projects_are_those_declared_with_who_answers(shipped: Ask) -> None:
    view, _ = shipped("/en/home")
    listed = view.published.projects()
    assert dict(listed["programme"].value_counts()) == {"wecare": 22, "talents4coop": 8}
    draios = listed[listed["code"] == "draios"].iloc[0]
    assert draios["responsible"] == "Consorzio socio-assistenziale del cuneese"
    assert draios["body"] == "csac_cuneese"


def test_the_page_of_a_project_has_what_there_is(shipped: Ask) -> None:
    assert PAGES["project"].name == PAGE
    _, draios = shipped("/en/project/wecare/draios")
    assert [one.id for one in draios.blocks] == ["promises", "owed", "network", "claims", "files"]
    _, youth = shipped("/it/project/talents4coop/so_youz")
    assert [one.id for one in youth.blocks] == ["journey", "claims", "files"]
    view, content = shipped("/en/project/wecare/draios")
    page = text(drawn(view, content))
    assert "Consorzio socio-assistenziale del cuneese" in page
    assert "Loneliness of participants" in page
    findings = view.published.findings("wecare")
    own = findings[(findings["scope"] == "project_id") & (findings["scope_value"] == "draios")]
    table = block(content, "promises").table
    assert table is not None
    assert sorted(row["finding"] for row in table.rows) == sorted(own["finding"])


def test_a_project_that_is_not_there_says_so(shipped: Ask) -> None:
    with pytest.raises(Exception, match="has no project 'nothing'"):
        shipped("/en/project/wecare/nothing")


def test_no_projects_no_pages(shipped: Ask) -> None:
    view, content = shipped("/en/project")
    tiles = [str(tile.attributes["href"]) for tile in elements(view, content, "a", "tile")]
    assert tiles == ["/en/project/talents4coop", "/en/project/wecare"]


@pytest.mark.parametrize(
    "path",
    [
        "/en/portfolio?programme=wecare&cut=project_id",
        "/en/monitoring/wecare",
        "/en/monitoring/talents4coop",
        "/en/network/wecare",
        "/en/home",
        "/en/compare?programme=wecare",
        "/en/indicator/wecare/participants_who5?part=project_id=draios",
    ],
)
def test_a_project_leads_to_its_page_wherever_it_is_named(shipped: Ask, path: str) -> None:
    view, content = shipped(path)
    hrefs = {str(link.attributes.get("href")) for link in elements(view, content, "a")}
    wanted = "/en/project/talents4coop/" if "talents4coop" in path else "/en/project/wecare/"
    assert [href for href in hrefs if href.startswith(wanted)]


def test_a_reader_of_parts_sees_the_cards_and_pages_of_his_projects_alone(shipped: Ask) -> None:
    scope = Scope(frozenset({"wecare"}), {"project_id": frozenset({"draios"})}, "coordinator")
    view, content = shipped("/en/home", scope)
    cards = elements(view, content, "a", "decision")
    assert [card.attributes["href"] for card in cards] == ["/en/project/wecare/draios"]
    _, page = shipped("/en/project/wecare/draios", scope)
    assert [one.id for one in page.blocks][:2] == ["promises", "owed"]
    with pytest.raises(Exception, match="has no project 'silvercare'"):
        shipped("/en/project/wecare/silvercare", scope)
    for path in ("/en/home", "/en/project/wecare", "/en/project/wecare/draios", "/en/compare?programme=wecare"):
        there, said = shipped(path, scope)
        assert "Silvercare" not in text(drawn(there, said)), path
    _, whole = shipped("/en/home")
    assert "Silvercare" in str(block(whole, "decisions").table.rows)  # type: ignore[union-attr]


# ---- compare ---------------------------------------------------------------------------------------------------------


def test_intervals_of_one_definition_stand_on_one_axis(shipped: Ask) -> None:
    _, content = shipped("/en/compare?programme=wecare&first=wecare/draios&second=wecare/agri_social")
    table = block(content, "compared").table
    assert table is not None
    scales: dict[str, set[object]] = {}
    for row in table.rows:
        scales.setdefault(row["definition_hash"], set()).add(row["scale"])
        low, high = row["scale"]
        assert low < row["conf_low"] <= row["conf_high"] < high
    assert len(scales) == 3
    assert {len(found) for found in scales.values()} == {1}


def test_one_name_with_two_definitions_has_two_axes_and_the_page_says_why(shipped: Ask) -> None:
    view, content = shipped("/en/compare?first=wecare&second=nsw")
    table = block(content, "compared").table
    assert table is not None
    employed = [row for row in table.rows if row["indicator"] == "employed"]
    assert len({row["definition_hash"] for row in employed}) == 2
    assert len({row["heading"] for row in employed}) == 2
    assert "different definitions" in text(drawn(view, content))


def test_what_a_framework_shares_stands_on_one_axis_whatever_each_promises(tmp_path: Path) -> None:
    framework(tmp_path)
    target = {"value": 0.5, "due": "2020", "origin": {"note": "made"}}
    promised = binding("in_work", ex_ante={"target": target})
    with Warehouse(tmp_path / "both.duckdb") as warehouse:
        run_programme(load_programme(programme(tmp_path, "a", FIRST, ["in_work"])), warehouse)
        run_programme(load_programme(programme(tmp_path, "b", SECOND, {"in_work": promised})), warehouse)
        _, content = asks(warehouse)("/en/compare?first=a&second=b")
        table = block(content, "compared").table
        assert table is not None
        shared = [row for row in table.rows if row["indicator"] == "in_work"]
        assert [row["programme"] for row in shared] == ["a", "b"]
        assert len({row["definition_hash"] for row in shared}) == 2
        assert len({row["scale"] for row in shared}) == len({row["heading"] for row in shared}) == 1


def test_what_one_alone_measures_is_compared_with_nothing(shipped: Ask) -> None:
    _, content = shipped("/en/compare?first=peterborough&second=educate_girls")
    compared, alone = block(content, "compared"), block(content, "alone").table
    assert compared.table is None
    assert alone is not None
    assert len(alone.rows) > 0


@pytest.fixture(scope="module")
def two_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Two projects of a codelist that have data, one of them on three persons, and a third that has none."""
    rows = [("a", f"a{number}", 1.5 + number) for number in range(30)] + [
        ("b", f"b{number}", 7.25) for number in range(3)
    ]
    frame = pd.DataFrame(rows, columns=["site", "person", "y"])
    folder = written(tmp_path_factory.mktemp("sites") / "made", frame, [indicator("score", scope=["site"])])
    codes = [{"code": code, "title": code.upper()} for code in "abc"]
    more = {
        "contracts": f"codelists: [{{id: sites, title: Sites, codes: {codes}}}]\n",
        "programme": "projects: {column: site, codelist: sites}\n" + ANSWERS,
    }
    for name, text_ in more.items():
        with (folder / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(text_)
    with ran(folder) as warehouse:
        yield asks(warehouse)


def test_what_is_suppressed_stays_so(two_sites: Ask) -> None:
    for path in ("/en/compare?programme=made&first=made/a&second=made/b", "/en/project/made/b", "/en/home"):
        view, content = two_sites(path)
        page = text(drawn(view, content))
        assert "7.25" not in page
        assert "Suppressed" in page, path


def test_a_project_that_nothing_is_known_of_has_a_page_that_says_so(two_sites: Ask) -> None:
    view, content = two_sites("/en/project/made/c")
    assert "No finding is about it alone" in text(drawn(view, content))
    assert [one.id for one in content.blocks] == ["files"]


# ---- whose it is -----------------------------------------------------------------------------------------------------


def test_everything_late_is_somebodys_and_missed_is_apart_from_missing(monitored: Ask) -> None:
    view, content = monitored("/en/monitoring/made")
    table = block(content, "whose").table
    assert table is not None
    owed = {row["owner"]: [row[name] for name in OWED] for row in table.rows}
    assert owed["Invented agency; Reports desk"] == [0, 0, len(MISSING)]
    assert owed["Keeper of hours: Invented person · hours@example.org"][0] > 10
    for name in ("first", "due"):
        rows = block(content, name).table
        assert rows is not None
        assert all(row["owner"] for row in rows.rows)
    found = {row["became"] for row in block(content, "due").table.rows}  # type: ignore[union-attr]
    assert found == {"missed"}
    assert "2 reports missing" in text(drawn(view, content))


ANSWERS = """
stakeholders: [{id: office, name: Office, role: lead}, {id: agency, name: Agency, role: partner}]
contacts:
  - {id: all, role: Everything, name: Anna}
  - {id: score, role: Score, name: Bruno, answers_for: {indicators: [score]}}
  - {id: site, role: Site, body: agency, answers_for: {projects: [a]}}
"""


def test_the_nearest_contact_answers(two_sites: Ask) -> None:
    view, _ = two_sites("/en/home")
    one, other = Part("site", "a"), Part("site", "b")
    assert owner(view, "made", one, indicator="score").said(view) == "Agency; Site"
    assert owner(view, "made", other, indicator="score").said(view) == "Score: Bruno"
    assert owner(view, "made", other, indicator="other").said(view) == "Everything: Anna"
    assert owner(view, "made", WHOLE, wave="w").said(view) == "Everything: Anna"


def test_where_nobody_is_declared_the_lead_answers_and_else_nobody_is_invented(shipped: Ask) -> None:
    view, _ = shipped("/it/monitoring/peterborough")
    assert owner(view, "peterborough", WHOLE).said(view) == "Social Finance"
    assert Owner("").said(view) == "nessuno è dichiarato"
