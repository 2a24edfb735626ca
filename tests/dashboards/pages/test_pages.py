"""The app without a browser: every page of every programme, its links, its files, hostile words, the memory of answers."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from impact_dashboards.page.address import Address, read_address
from impact_dashboards.page.view import PageContent, Table, View
from impact_dashboards.pages import PAGES
from impact_dashboards.parts.findings import whole
from impact_dashboards.parts.marks import ends_of
from impact_dashboards.server.app import Memory, Site, create_app
from impact_dashboards.server.reader import Reader
from impact_dashboards.server.report import report_html, write_report

from impact.declare import load_programme
from impact.drawing.markup import Element, h, to_html, words_of
from impact.errors import UsageError
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.words import LANGUAGES, words_in
from tests.support.hostile import hostile_database
from tests.support.programmes import edit, template
from tests.support.shipped import SHIPPED, shipped_database

LINK = re.compile(r'<a [^>]*?href="([^"]+)"')


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_database(tmp_path_factory)


@pytest.fixture(scope="module")
def client(db: Path) -> Any:
    return create_app(db).server.test_client()


@pytest.fixture
def published(db: Path) -> Iterator[ReaderTables]:
    with Site(db).reader.edition().open() as warehouse:
        yield ReaderTables(warehouse)


def walk(node: Element | str) -> Iterator[Element]:
    if isinstance(node, Element):
        yield node
        for child in node.children:
            yield from walk(child)


# ------------------------------------------------------------------ every page


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("language", "programme"), [*(("it", name) for name in ("", *SHIPPED)), ("en", ""), ("en", "wecare")]
)
def test_every_page_of_every_programme_answers(client: Any, page: str, programme: str, language: str) -> None:
    path = (
        f"/{language}/{page}/{programme}"
        if PAGES[page].has_content is not None
        else f"/{language}/{page}?programme={programme}"
    )
    answer = client.get(path.rstrip("/"))
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert text.count("<h1") == 1
    assert f'<html lang="{language}">' in text
    assert 'aria-current="page"' in text


def test_every_link_leads_somewhere(client: Any) -> None:
    """Follow the links from the portfolio: of each kind of page, and each set of filters, some."""
    seen, todo, kinds = {"/en/portfolio"}, deque(["/en/portfolio"]), dict[tuple[str, ...], int]()
    while todo:
        path = todo.popleft()
        answer = client.get(path)
        assert answer.status_code == 200, path
        if not answer.content_type.startswith("text/html"):
            continue
        for href in LINK.findall(answer.get_data(as_text=True)):
            link = href.replace("&amp;", "&").split("#")[0]
            address = read_address(link) if link.startswith("/") else None
            if address is None or link in seen:
                continue
            kind = (
                address.language,
                address.page,
                str(len(address.path)),
                address.form,
                *sorted(name for name, _ in address.query),
            )
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] == 1 and address.language == "en":
                seen.add(link)
                todo.append(link)
    assert len(seen) > 60


@pytest.mark.parametrize(
    "path",
    ["/en/nowhere", "/en/theory/none", "/en/indicator/nsw/none", "/somewhere", "/en/indicator/nsw/earnings?part=a=b"],
)
def test_what_is_not_there_says_so(client: Any, path: str) -> None:
    answer = client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert "No such" in answer.get_data(as_text=True)


def test_the_front_door_goes_by_the_language_of_the_browser(client: Any) -> None:
    for accepted, language in (("en-GB,en", "en"), ("it", "it"), ("fr", "it")):
        answer = client.get("/", headers={"Accept-Language": accepted})
        assert (answer.status_code, answer.location) == (302, f"/{language}/home")


def test_nothing_is_served_of_a_database_that_nobody_published(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is published"):
        create_app(tmp_path / "none.duckdb")


def test_no_inline_script_and_nothing_from_elsewhere(client: Any) -> None:
    answer = client.get("/en/portfolio")
    policy = answer.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert re.findall(r'(?:src|href)="(https?://[^"]+)"', answer.get_data(as_text=True)) == []


# ------------------------------------------------------------------ addresses


names = st.text(min_size=1, max_size=12).filter(lambda text: text not in (".", "..") and "\x00" not in text)


@given(
    st.lists(names.filter(lambda t: not t.endswith((".csv", ".svg", ".json"))), max_size=2),
    st.dictionaries(names, names, max_size=3),
)
def test_an_address_is_read_as_it_was_written(path: list[str], query: dict[str, str]) -> None:
    address = Address("it", "indicator", tuple(path), tuple(query.items()))
    if all(part.strip("/") == part for part in path):
        assert read_address(address.href) == address


def test_an_address_of_something_else_is_none() -> None:
    for text in ("/", "/it", "/fr/portfolio", "//it/portfolio", "javascript:alert(1)", "/_dash-layout"):
        assert read_address(text) is None


# ------------------------------------------------------------------ the same number everywhere


def test_a_finding_is_the_same_in_table_file_and_page(client: Any, published: ReaderTables) -> None:
    words = words_in("en")
    findings = whole(published.findings("nsw")).set_index("finding")
    rows = csv.DictReader(io.StringIO(client.get("/en/portfolio/findings.csv?programme=nsw").get_data(as_text=True)))
    page = client.get("/en/portfolio?programme=nsw").get_data(as_text=True)
    count = 0
    for row in rows:
        finding = findings.loc[row["finding"]]
        for name in ("value", "conf_low", "conf_high", "estimate", "p_value", "n"):
            assert (row[name] == "") == pd.isna(finding[name])
            assert row[name] == "" or float(row[name]) == float(finding[name])
        assert words.number(finding["value"], finding["unit"], ends_of(finding)) in page
        single = client.get(f"/en/indicator/{row['finding']}").get_data(as_text=True)
        assert words.number(finding["value"], finding["unit"], ends_of(finding)) in single
        count += 1
    assert count == len(findings)


def test_metadata_describe_every_column_of_the_file(client: Any) -> None:
    for path in ("/it/export/wecare/findings", "/it/indicator/wecare/loneliness/waves", "/it/theory/wecare/chain"):
        head = next(csv.reader(io.StringIO(client.get(f"{path}.csv").get_data(as_text=True))))
        described = json.loads(client.get(f"{path}.metadata.json").get_data(as_text=True))
        assert [column["name"] for column in described["tableSchema"]["columns"]] == head
        assert urlsplit(described["url"]).path == f"{path}.csv"
        assert described["impact:synthetic"] is True


def test_every_block_of_a_page_has_its_files(client: Any, db: Path) -> None:
    for path in (
        "/en/theory/wecare",
        "/en/indicator/nsw/earnings",
        "/en/network/milano_sei_laltro",
        "/en/territory/wecare",
    ):
        hrefs = LINK.findall(client.get(path).get_data(as_text=True))
        files = [href.replace("&amp;", "&") for href in hrefs if href.split("?")[0].endswith((".csv", ".svg", ".json"))]
        assert len(files) >= 4
        for href in files:
            answer = client.get(href)
            assert answer.status_code == 200, href
            assert len(answer.data) > 20
    assert client.get("/en/theory/wecare/none.csv").status_code == 404


# ------------------------------------------------------------------ words that are not ours


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    db = hostile_database(tmp_path)
    client = create_app(db).server.test_client()
    for page in PAGES:
        for path in (f"/en/{page}", f"/en/{page}/made"):
            text = client.get(path).get_data(as_text=True)
            assert "<script>alert" not in text
            assert "<b>" not in text
    assert "&lt;script&gt;alert" in client.get("/en/claims/made").get_data(as_text=True)
    assert "<script>alert" not in report_html(db, "made", "en", appendix=True)
    part = client.get("/en/portfolio?cut=territory").get_data(as_text=True)
    links = [href for href in LINK.findall(part) if "/indicator/" in href]
    assert links
    assert all(client.get(href.replace("&amp;", "&")).status_code == 200 for href in links)


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        ("script", {}),
        ("iframe", {}),
        ("p", {"onclick": "x"}),
        ("p", {"style": "x"}),
        ("a", {"href": "javascript:alert(1)"}),
        ("a", {"href": "//elsewhere"}),
        ("img", {"src": "data:text/html,x"}),
    ],
)
def test_what_runs_cannot_be_written(tag: str, attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no "):
        h(tag, **attributes)


@given(st.text(), st.text())
def test_text_is_text_wherever_it_goes(inside: str, beside: str) -> None:
    text = to_html(h("p", inside, title=beside))
    assert text.count("<") == 2
    assert words_of(h("p", inside, h("b", "x"))).startswith(inside)


# ------------------------------------------------------------------ memory and readers


def test_an_answer_is_made_once_and_again_when_the_data_change(tmp_path: Path) -> None:
    folder = template(tmp_path)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
    site = Site(tmp_path / "a.duckdb")
    address = read_address("/en/portfolio")
    assert address is not None
    first = site.answer(address, EVERYTHING)
    assert site.answer(address, EVERYTHING) is first
    path = folder / "indicators.yaml"
    path.write_text(path.read_text().replace("WHO-5 well-being score", "Score renamed"))
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
    assert "Score renamed" in site.answer(address, EVERYTHING).html


def test_what_is_read_of_an_edition_belongs_together(tmp_path: Path) -> None:
    folder, db = template(tmp_path), tmp_path / "a.duckdb"
    with Warehouse(db) as warehouse:
        run_programme(load_programme(folder), warehouse)
    reader = Site(db).reader
    before = reader.edition()
    path = folder / "indicators.yaml"
    path.write_text(path.read_text().replace("WHO-5 well-being score", "Score renamed"))
    with Warehouse(db) as warehouse:
        run_programme(load_programme(folder), warehouse)
    titles = []
    for edition in (before, reader.edition()):
        with edition.open() as warehouse:
            titles.append(ReaderTables(warehouse).findings()["title_en"].iloc[0])
    assert titles == ["WHO-5 well-being score", "Score renamed"]
    assert before.version != reader.edition().version


def test_memory_forgets_what_was_asked_longest_ago() -> None:
    memory, made = Memory(2), list[str]()
    for key in ("a", "b", "a", "c", "a", "b"):
        memory.get(key, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "b"]


# ------------------------------------------------------------------ portfolio, theory, claims


def view(published: ReaderTables, path: str) -> View:
    address = read_address(path)
    assert address is not None
    return View(published, words_in("en"), address, datetime.date(2026, 11, 28))


def _table(page: PageContent, name: str) -> Table:
    block = page.block(name)
    assert block is not None
    assert block.table is not None
    return block.table


def test_the_portfolio_lists_what_its_filters_say(published: ReaderTables) -> None:
    every = published.findings()
    for query, expected in (
        ("", whole(every)),
        ("?programme=wecare&status=promised", whole(every).query("programme == 'wecare' and target.notna()")),
        ("?level=macro", whole(every).query("level == 'macro'")),
        ("?cut=quadrant&indicator=loneliness", every.query("group == 'quadrant' and indicator == 'loneliness'")),
    ):
        page = PAGES["portfolio"].content(view(published, f"/en/portfolio{query}"))
        table = _table(page, "findings")
        assert {row["finding"] for row in table.rows} == set(expected["finding"])
        assert len(table.rows) == len(expected) > 0


def test_the_portfolio_has_the_verdicts_of_the_programmes_in_reach(published: ReaderTables) -> None:
    for query, expected in (("", set(published.programmes)), ("?programme=wecare", {"wecare"})):
        page = PAGES["portfolio"].content(view(published, f"/it/portfolio{query}"))
        table = _table(page, "verdicts")
        assert {row["programme"] for row in table.rows} <= expected
        for row in table.rows:
            own = PAGES["verdict"].content(view(published, f"/it/verdict/{row['programme']}"))
            assert own.lead == row["verdict"]


@pytest.mark.parametrize(
    "query",
    [
        *("", "?programme=wecare", "?level=macro&data=synthetic", "?programme=wecare&cut=project_id&sort=gap"),
        *("?programme=wecare&level=micro&status=short", "?indicator=loneliness&stage=work&status=effect"),
    ],
)
def test_a_tile_leads_to_the_rows_it_counts(client: Any, query: str) -> None:
    text = client.get(f"/en/portfolio{query}").get_data(as_text=True)
    tiles = re.findall(r"<strong>([\d/–]+)</strong><small>[^<]*</small></a>", text)
    links = [
        href.replace("&amp;", "&") for href in re.findall(r'href="(/en/portfolio[^"]*status=[^"]*)" class="tile"', text)
    ]
    assert len(links) == 3
    for href, count in zip(links, tiles, strict=False):
        rows = list(
            csv.DictReader(
                io.StringIO(client.get(href.replace("portfolio", "portfolio/findings.csv", 1)).get_data(as_text=True))
            )
        )
        assert len(rows) == (0 if count == "–" else int(count.split("/")[0]))


def test_projects_are_grouped_by_what_they_belong_to(published: ReaderTables) -> None:
    page = PAGES["portfolio"].content(view(published, "/en/portfolio?programme=wecare&cut=project_id&group=quadrant"))
    table = _table(page, "findings")
    assert table.group is not None
    groups = {table.group(row) for row in table.rows}
    assert "Cuneo" in groups
    assert len(groups) == 4
    assert len({row["scope_value"] for row in table.rows}) == 22


def test_a_step_that_nobody_measures_is_shown_as_such(published: ReaderTables) -> None:
    page = PAGES["theory"].content(view(published, "/en/theory/wecare"))
    block = page.block("chain")
    assert block is not None
    assert block.table is not None
    nodes = published.nodes("wecare")
    measured = set(published.findings("wecare")["node"])
    for row in block.table.rows:
        assert (row["state"] == "unmeasured") == (row["node"] not in measured)
    assert len(block.table.rows) == len(nodes)
    assert block.drawing is not None
    steps = [node for node in walk(block.drawing) if str(node.attributes.get("class", "")).startswith("step")]
    assert len(steps) == len(nodes)
    assert all(node.attributes["aria-label"] for node in steps)


def test_claims_that_differ_come_first_and_the_sentence_counts_them(published: ReaderTables) -> None:
    for name in ("milano_sei_laltro", "talents4coop", "wecare"):
        page = PAGES["claims"].content(view(published, f"/en/claims/{name}"))
        table = page.blocks[0].table
        assert table is not None
        states = [row["state"] for row in table.rows]
        counts = published.claims(name)["state"].value_counts()
        assert states == [
            state for state in ("differs", "not_recomputable", "reproduced") for _ in range(counts.get(state, 0))
        ]
        assert f"{counts['reproduced']} give the figure stated and {counts['differs']} another" in str(page.lead)


def test_a_claim_stands_beside_its_number_with_quote_and_place(client: Any) -> None:
    text = client.get("/en/claims/talents4coop").get_data(as_text=True)
    row = next(part for part in text.split("<tr>") if "circa 177 ore" in part)
    for words in ("about 177", "171", "−6", "coaching_hours [81]", "Differs", "Risultati in numeri"):
        assert words in row


@pytest.mark.parametrize(
    ("of", "said", "drawn"), [("value", "Ex-ante forecast", True), ("effect", "Ex-ante forecast of the effect", False)]
)
def test_a_forecast_of_an_effect_is_not_drawn_as_a_value_and_comes_as_an_amendment(
    tmp_path: Path, of: str, said: str, drawn: bool
) -> None:
    folder, db = template(tmp_path), tmp_path / "a.duckdb"
    with Warehouse(db) as warehouse:
        run_programme(load_programme(folder), warehouse)
    forecast = f"forecast: {{kind: elicited, of: {of}, quantiles: {{0.05: 5, 0.5: 9, 0.95: 12}}, origin: {{note: x}}}}"
    edit(folder / "indicators.yaml", "      power: {", f"      {forecast}\n      power: {{")
    with Warehouse(db) as warehouse:
        run_programme(load_programme(folder), warehouse)
    with Reader(db).edition().open() as warehouse:
        page = PAGES["indicator"].content(view(ReaderTables(warehouse), "/en/indicator/sample/wellbeing_score"))
    waves, plan = page.block("waves"), page.block("plan")
    assert waves is not None
    assert plan is not None
    assert plan.table is not None
    assert f"{said} " in words_of(h("div", waves.body)) + " "
    assert ("forecast" in waves.figure.to_json()) is drawn
    assert [row["change"].split(":")[0] for row in plan.table.rows] == [
        "first plan seen",
        "wellbeing_score.ex_ante.forecast",
    ]


# ------------------------------------------------------------------ report


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_stands_by_itself(db: Path, published: ReaderTables, language: Any) -> None:
    text = report_html(db, "nsw", language, appendix=True)
    assert re.findall(r'<(?:script|link|iframe)|src="(?!data:)|href="/', text) == []
    anchors = set(re.findall(r' id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= anchors
    words = words_in(language)
    for _, row in whole(published.findings("nsw")).iterrows():
        assert words.number(row["value"], row["unit"], ends_of(row)) in text


def test_the_report_has_what_the_pages_show_and_no_rows(db: Path, published: ReaderTables) -> None:
    text = report_html(db, "milano_sei_laltro", "en", appendix=True)
    network = PAGES["network"].content(view(published, "/en/network/milano_sei_laltro")).block("measures")
    assert network is not None
    assert network.table is not None
    for row in network.table.rows:
        assert to_html(row["title_en"]) in text
    for page in ("territory", "claims"):
        for block in PAGES[page].content(view(published, f"/en/{page}/milano_sei_laltro")).blocks:
            assert to_html(block.title) in text
    rows = PAGES["monitoring"].content(view(published, "/en/monitoring/milano_sei_laltro"))
    left_out = [block.title for block in rows.blocks if block.id in ("records", "quarantine")]
    assert len(left_out) == 2
    assert not any(f"<h3>{title}</h3>" in text for title in left_out)


def test_a_report_needs_a_programme_and_a_name_it_can_have(db: Path, tmp_path: Path) -> None:
    for programme, name, words in (
        ("none", "a.html", "nothing is published"),
        ("nsw", "a.txt", "HTML or PDF"),
        ("nsw", "no/a.html", "no folder"),
    ):
        with pytest.raises(UsageError, match=words):
            write_report(db, programme, "en", tmp_path / name)
    write_report(db, "nsw", "it", tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")
