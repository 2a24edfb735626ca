"""Export, catalogue and definitions: what readers of files come for, with and without what linked data needs."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from impact_dashboards.page.view import Block, PageContent
from impact_dashboards.pages import FOOT, PAGES
from impact_dashboards.server.app import create_app

from impact.drawing.markup import words_of
from impact.publish.export.dcat_files import of_observations
from impact.publish.export.registry import programme_formats
from impact.publish.official.addresses import definition_address
from impact.publish.published import ReaderTables
from impact.store import Warehouse, open_reader
from impact.words import LANGUAGES
from tests.cases.test_disclose import projects
from tests.support.linked import HOME, declare, linked_database
from tests.support.shipped import SHIPPED, shipped_database
from tests.support.views import asked, drawn, rows, walk


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return linked_database(tmp_path_factory)


@pytest.fixture(scope="module")
def client(db: Path) -> Any:
    return create_app(db).server.test_client()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return create_app(shipped_database(tmp_path_factory)).server.test_client()


def block(page: PageContent, name: str) -> Block:
    found = page.block(name)
    assert found is not None
    return found


def content(db: Path, path: str) -> tuple[Any, PageContent]:
    warehouse = open_reader(db).__enter__()
    view = asked(warehouse, path)
    return view, PAGES[view.address.page].content(view)


# ---- export ----------------------------------------------------------------------------------------------------------


OFFERED = [name for name, form in programme_formats().items() if of_observations(form) and name != "dcat"]


@pytest.mark.parametrize("name", OFFERED)
def test_observations_come_in_every_format_as_the_command_writes_them(db: Path, client: Any, name: str) -> None:
    suffix = programme_formats()[name].suffix
    answer = client.get(f"/it/export/nsw/observations{suffix}?indicator=employed")
    assert answer.status_code == 200
    assert len(answer.data) > 100
    assert client.get(f"/en/export/nsw?indicator=employed&format={name}").status_code == 200


@pytest.mark.parametrize("name", ["sav", "dta", "ddi", "sims", "dcat"])
def test_rows_and_what_is_told_of_them_are_no_observations(client: Any, name: str) -> None:
    assert client.get(f"/en/export/nsw?format={name}").status_code == 404


def test_codebook_and_metadata_are_had_of_the_whole_whatever_is_chosen(client: Any) -> None:
    whole = client.get("/en/export/nsw").get_data(as_text=True)
    for suffix in (".ddi.xml", ".sims.json"):
        assert f'href="/en/export/nsw/observations{suffix}"' in whole
        assert client.get(f"/en/export/nsw/observations{suffix}").status_code == 200
    assert client.get("/en/export/nsw?indicator=employed").status_code == 200


def test_what_is_chosen_is_what_is_written(client: Any) -> None:
    answer = client.get("/en/export/wecare/observations.csv?area=ITC1&period=2021-05&indicator=loneliness,employed")
    read = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert {row["REF_AREA"] for row in read} == {"ITC1"}
    assert {row["TIME_PERIOD"] for row in read} == {"2021-05"}
    assert {row["INDICATOR"] for row in read} == {"loneliness", "employed"}


@pytest.mark.parametrize("name", ["csv", "sdmx-csv"])
def test_the_preview_is_the_beginning_of_the_file(db: Path, client: Any, name: str) -> None:
    view, page = content(db, f"/it/export/wecare?format={name}&indicator=loneliness")
    tree = drawn(view, page)
    (shown,) = (words_of(part) for part in walk(tree) if part.attributes.get("class") == "preview")
    file = client.get(f"/it/export/wecare/observations{programme_formats()[name].suffix}?indicator=loneliness")
    lines = file.get_data(as_text=True).splitlines()
    assert shown.splitlines() == lines[: len(shown.splitlines())]
    assert len(shown.splitlines()) == 11


def test_a_binary_file_has_no_preview(client: Any) -> None:
    assert "non è un testo" in client.get("/it/export/wecare?format=parquet").get_data(as_text=True)


def test_two_clicks_lead_from_any_page_to_a_csv_file(client: Any) -> None:
    """The menu leads to Export, and Export to the file, by links that need no script."""
    for page in ("portfolio", "definition/wecare/loneliness", "catalogue"):
        path = page.split("/")[1] if "/" in page else "wecare"
        first = client.get(f"/it/{page}").get_data(as_text=True)
        assert 'href="/it/export' in first
        second = client.get(f"/it/export/{path}").get_data(as_text=True)
        (link,) = set(re.findall(r'href="(/it/export/wecare/observations\.csv)"', second))
        assert client.get(link).content_type.startswith("text/csv")


def test_the_page_says_how_to_cite(db: Path) -> None:
    view, page = content(db, "/it/export/wecare?indicator=loneliness")
    said = words_of(drawn(view, replace_blocks(page, "cite")))
    assert "Regione d'esempio" in said
    assert f"{HOME}/it/export/wecare?indicator=loneliness" in said
    assert "Dati sintetici." in said


def replace_blocks(page: PageContent, *names: str) -> PageContent:
    return PageContent(page.title, [block(page, name) for name in names])


def test_what_a_format_waits_for_is_said_and_its_file_is_not_there(bare: Any) -> None:
    text = bare.get("/it/export/nsw").get_data(as_text=True)
    for place in ("iati.sectors", "cids.organisation", "dcat.themes"):
        assert place in text
    assert bare.get("/it/export/nsw/observations.iati.xml").status_code == 404
    assert "observations.iati.xml" not in text


@pytest.mark.parametrize(
    "query",
    [
        "area=ITZ9",
        "period=1066",
        "indicator=nothing",
        "indicator=loneliness,loneliness",
        "format=doc",
        "format=dcat&indicator=loneliness",
    ],
)
def test_what_there_is_not_is_refused(client: Any, query: str) -> None:
    assert client.get(f"/it/export/wecare?{query}").status_code == 404
    assert client.get(f"/it/export/wecare/observations.csv?{query}").status_code == 404


def test_parts_that_have_nothing_in_common_leave_no_file(client: Any) -> None:
    answer = client.get("/it/export/wecare?period=2021-05&indicator=adult_training")
    assert answer.status_code == 200
    assert "Nessuna osservazione" in answer.get_data(as_text=True)


# ---- catalogue -------------------------------------------------------------------------------------------------------


def test_the_catalogue_lists_every_data_set_and_its_file_too(db: Path, client: Any) -> None:
    view, page = content(db, "/en/catalogue")
    table = block(page, "catalogue").table
    assert table is not None
    assert [row["programme"] for row in table.rows] == list(view.published.titles)
    assert not any(row["needs"] for row in table.rows)
    graph = json.loads(client.get("/en/catalogue/catalogue.dcat.jsonld").data)["@graph"]
    assert sum("Dataset" in part["@type"] for part in graph) == len(SHIPPED)


def test_a_programme_that_declares_too_little_is_listed_with_what_is_missing(bare: Any) -> None:
    text = bare.get("/en/catalogue").get_data(as_text=True)
    assert "dcat.themes" in text
    assert "No programme declares all" in text
    assert bare.get("/en/catalogue/catalogue.dcat.jsonld").status_code == 404


def test_one_data_set_has_its_files(db: Path) -> None:
    _, page = content(db, "/it/catalogue/nsw")
    table = block(page, "distributions").table
    assert table is not None
    assert {"csv", "sdmx-csv", "parquet"} <= {row["format"] for row in table.rows}


# ---- definitions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("programme", SHIPPED)
def test_every_indicator_has_a_definition_in_words(db: Path, client: Any, programme: str, language: str) -> None:
    with open_reader(db) as warehouse:
        indicators = list(ReaderTables(warehouse).definitions(programme))
    listed = client.get(f"/{language}/definition/{programme}").get_data(as_text=True)
    for indicator in indicators:
        path = f"/{language}/definition/{programme}/{indicator}"
        assert f'href="{path}"' in listed
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "{" not in answer.get_data(as_text=True).partition("<main")[2].partition("</main>")[0].replace(
            "&#x27;", ""
        )


def test_a_definition_says_what_the_finding_says(db: Path) -> None:
    view, page = content(db, "/en/definition/wecare/loneliness")
    said = words_of(drawn(view, page))
    (row,) = view.published.findings("wecare").query("finding == 'wecare/loneliness'").to_dict("records")
    for text in (row["definition_hash"], row["plan_hash"], "decrease", "Sum of the answers from 1 to 3"):
        assert text in said
    assert view.words.number(row["baseline"], row["unit"]) in said
    assert definition_address(HOME, "wecare", "loneliness") in said
    assert len(rows(drawn(view, replace_blocks(page, "sources")))) == 3


def test_the_address_that_exports_point_to_is_that_of_the_page(client: Any) -> None:
    address = definition_address(HOME, "wecare", "loneliness")
    assert client.get(address.removeprefix(HOME)).status_code == 200
    assert client.get(address.removeprefix(HOME) + "x").status_code == 404


def test_a_hidden_value_is_in_no_definition(tmp_path: Path) -> None:
    with Warehouse(declare(projects(tmp_path / "one", 4)), read_only=True) as warehouse:
        published = ReaderTables(warehouse)
        hidden = published.findings("p").query("suppressed != ''")
        assert len(hidden)
        for indicator in hidden["indicator"].unique():
            view = asked(warehouse, f"/en/definition/p/{indicator}")
            said = words_of(drawn(view, PAGES["definition"].content(view)))
            assert "suppressed to protect persons" in said


def test_both_pages_stand_in_the_menu_below(client: Any) -> None:
    text = client.get("/it/portfolio").get_data(as_text=True)
    head, _, foot = text.partition("<footer")
    for module in FOOT:
        assert f'href="/it/{module.PAGE.name}' in foot
        assert f'href="/it/{module.PAGE.name}' not in head
