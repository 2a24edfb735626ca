"""Scopes and addresses: readers share nothing that is not the same for both, and no wrong address shows more.

Rows A13 and A29 of the case table, and their relatives.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from impact_dashboards.page.address import MOST, read_address
from impact_dashboards.pages import PAGES
from impact_dashboards.server.access import Access, read_access
from impact_dashboards.server.app import Site, create_app

from impact.errors import DeclarationError
from impact.publish.published import ReaderTables
from impact.publish.reader_catalogue import narrow
from impact.publish.scope import EVERYTHING, ROLES, Scope
from impact.store import Warehouse
from impact.words import words_in
from tests.cases.run import run_case
from tests.support.shipped import shipped_database

# ---- scopes ----------------------------------------------------------------------------------------------------------

NAMES = st.frozensets(st.sampled_from(["p", "q", "None", "all", "p,q"]), max_size=3)
CODES = st.frozensets(st.sampled_from(["D1", "D2", "", "D1,D2", "programme", "None"]), min_size=1, max_size=3)
COLUMNS = st.dictionaries(st.sampled_from(["district", "project_id", "D1", "role"]), CODES, max_size=3)
SCOPES = st.builds(Scope, st.none() | NAMES, COLUMNS, st.sampled_from(sorted(ROLES)))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The case of two small districts, of which the first has 20 of 40."""
    folder = tmp_path_factory.mktemp("scopes")
    run_case("10", folder)
    with Warehouse(folder / "10.duckdb", read_only=True) as opened:
        yield opened


def catalogue(warehouse: Warehouse, scope: Scope) -> str:
    return str(narrow(warehouse, scope).rows("SELECT current_database()")[0][0])


@settings(max_examples=60)
@given(SCOPES, SCOPES)
def test_two_scopes_share_a_catalogue_only_if_they_are_one(warehouse: Warehouse, one: Scope, other: Scope) -> None:
    assert (catalogue(warehouse, one) == catalogue(warehouse, other)) is (one == other)
    assert (one.key == other.key) is (one == other)
    assert one != other or hash(one) == hash(other)


@given(SCOPES, SCOPES)
def test_a_scope_that_differs_in_any_one_field_is_another(one: Scope, other: Scope) -> None:
    for name in (field.name for field in dataclasses.fields(Scope)):
        mixed = dataclasses.replace(one, **{name: getattr(other, name)})
        assert (mixed.key == one.key) is (getattr(other, name) == getattr(one, name)), name


def test_a_column_without_codes_is_refused() -> None:
    with pytest.raises(ValueError, match="no codes of 'project_id' are named"):
        Scope(frozenset({"p"}), {"project_id": frozenset()}, "evaluator")


# ---- two readers of one app ------------------------------------------------------------------------------------------

FILE = """
sign_in: {kind: proxy, trusted: [127.0.0.1]}
users:
  - {name: all@example.org, role: coordinator, programmes: [p]}
  - {name: one@example.org, role: coordinator, programmes: [p], parts: {d: [R1]}}
  - {name: two@example.org, role: coordinator, programmes: [p], parts: {d: [R2]}}
  - {name: role@example.org, role: investor, programmes: [p], parts: {d: [R1]}}
"""
READERS = ("all", "one", "two", "role")


def access(folder: Path, text: str = FILE) -> Access:
    (folder / "access.yaml").write_text(text, encoding="utf-8")
    return read_access(folder / "access.yaml")


@pytest.mark.parametrize(
    ("changed", "to", "told"),
    [
        ("[R1]}}", "[]}}", "access.yaml:5 users.1.parts.d: too short; expected at least 1 item; found []"),
        ("{d: [R1]}}", "{}}", "access.yaml:5 users.1.parts: too short; expected at least 1 item; found {}"),
        ("[R1]}}", "['']}}", "users.1.parts.d.0: too short; expected at least 1 character; found ''"),
        ("programmes: [p]}", "programmes: []}", "access.yaml:4 users.0.programmes: name the programmes in a list, at"),
        ("programmes: [p]}", "programmes: }", "name the programmes in a list, at least one, or write all; found None"),
    ],
)
def test_an_empty_list_of_an_access_file_is_refused(tmp_path: Path, changed: str, to: str, told: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        access(tmp_path, FILE.replace(changed, to, 1))
    assert told in str(caught.value)


@pytest.mark.parametrize("order", [(*READERS[place:], *READERS[:place]) for place in range(4)], ids=" ".join)
def test_readers_see_their_own_whoever_came_first(
    served: Callable[[], Any], seen_alone: dict[str, list[str]], order: tuple[str, ...]
) -> None:
    ask = served()
    for reader in order:
        assert ask(reader) == seen_alone[reader], reader


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Callable[[str], list[str]]]:
    """Return what starts an app over the case of two districts, and there what tells what a reader gets."""
    folder = tmp_path_factory.mktemp("readers")
    run_case("10", folder)
    known = access(folder)

    def start() -> Callable[[str], list[str]]:
        server = create_app(folder / "10.duckdb", access=known).server

        def ask(reader: str) -> list[str]:
            named = {"X-Forwarded-User": f"{reader}@example.org"}
            texts = [server.test_client().get(path, headers=named).text for path in PATHS]
            return [re.sub(r".*<main|</main>.*", "", text, flags=re.DOTALL) for text in texts]

        return ask

    return start


PATHS = ("/en/portfolio/findings.csv", "/en/monitoring/p", "/en/monitoring/p/records/s/records.csv", "/en/export/p")


@pytest.fixture(scope="module")
def seen_alone(served: Callable[[], Any]) -> dict[str, list[str]]:
    return {reader: served()(reader) for reader in READERS}


def test_each_of_these_readers_gets_something_else(seen_alone: dict[str, list[str]]) -> None:
    assert len({tuple(found) for found in seen_alone.values()}) == len(READERS)
    names = {reader: set(re.findall(r"^p/[^,]+", found[0], re.MULTILINE)) for reader, found in seen_alone.items()}
    ends = {reader: {name.partition("/d=")[2] for name in found} for reader, found in names.items()}
    assert ends == {"one": {"R1", "D1", "D2", "D3"}, "role": ends["one"], "two": {"R2", "D4", "D5"}, "all": {""}}
    rows = {reader: {row.split(",")[1] for row in found[2].splitlines()[1:]} for reader, found in seen_alone.items()}
    assert {"D1"} < rows["one"] <= {"D1", "D2", "D3"}  # of the first fifty rows
    assert set() < rows["two"] <= {"D4", "D5"}


# ---- addresses -------------------------------------------------------------------------------------------------------

SAID = words_in("it")
MISSING = tuple(SAID(f"missing.{what}") for what in ("page", "programme", "finding", "filter", "file"))
ACROSS = [name for name, page in PAGES.items() if page.has_content is None]
START = (*(f"/it/{page}" for page in ACROSS), *(f"/it/{page}/wecare" for page in PAGES if page not in (*ACROSS, "network")), "/it/network/milano_sei_laltro",
         "/it/project/wecare/draios",
         "/it/monitoring/wecare/quarantine", "/it/monitoring/wecare/records/participant_survey")  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return create_app(shipped_database(tmp_path_factory)).server.test_client()


@pytest.fixture(scope="module")
def pages(app: Any) -> dict[str, str]:
    """Every page by its address, reached by a filter at a time."""
    return {path: app.get(path).text for path in START}


def links(text: str) -> set[str]:
    """Return where a page leads within the app, its files among it."""
    return {unescape(href).split("#")[0] for href in re.findall(r'href="(/(?:it|en)/[^"]*)"', text)}


def chosen(text: str) -> dict[str, list[str]]:
    """Return the filters of a page's form with their options."""
    found = re.findall(r'<select id="filter-([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL)
    return {name: [unescape(one) for one in re.findall(r'value="([^"]*)"', options)] for name, options in found}


def is_refused(app: Any, path: str) -> bool:
    """Tell whether an address is none, in words of its language, on the page that the callback draws as well."""
    answer = app.get(path)
    heading = re.search("<h1>(.*?)</h1>", answer.text)
    assert "Traceback" not in answer.text
    assert (answer.status_code == 404) is (heading is not None and unescape(heading[1]) in MISSING), path
    return bool(answer.status_code == 404)


def test_every_address_that_the_app_writes_is_one(app: Any, pages: dict[str, str]) -> None:
    paths = {path for text in pages.values() for path in links(text)}
    forms = {f"{path}?{urlencode({name: options[-1]})}" for path, text in pages.items() for name, options in chosen(text).items()}  # fmt: skip
    paths = {path for path in paths if path.startswith("/it/")} | {START[0].replace("it", "en", 1)} | forms
    kinds: dict[tuple[Any, ...], str] = {}
    for path in sorted(paths):  # one of each kind: page, depth, file, filters
        split = urlsplit(path)
        parts = split.path.strip("/").split("/")
        kinds.setdefault((*parts[:2], len(parts), parts[-1].partition(".")[2], *dict(parse_qsl(split.query))), path)
    assert len(kinds) > 40
    wrong = {path: app.get(path).status_code for path in kinds.values()}
    assert {path for path, status in wrong.items() if status != 200} == set()


def spoilt(path: str, text: str) -> Iterator[str]:
    """Yield addresses near a page's that are none of the app's."""
    block = min((one for one in links(text) if one.startswith(f"{path}/") and one.endswith(".csv")), default="")
    yield from (f"{one}?nope=1" for one in (path, block) if one)
    yield from (f"{path}?nope", f"{path}?Programme=wecare", f"{path}/nope", f"{path}/nope.csv", f"{path}%3Fa=1")
    yield from (block.replace(".csv", end) for end in (".tsv", ".CSV", ".csv.csv") if block)
    yield f"{path}?{'&'.join(f'x{i}=' for i in range(MOST + 1))}"
    wrong = ("{0}=nope", "{0}={1}&{0}={1}", "{0}=%00", "{0}=&{0}={1}", "{0}={1}%20")
    for number, (name, options) in enumerate(chosen(text).items()):
        yield f"{path}?{wrong[0]}".format(name)
        yield f"{path}?{wrong[1 + number % 4]}".format(name, quote(options[-1]))


@pytest.mark.parametrize("path", START)
def test_no_wrong_address_is_answered(app: Any, pages: dict[str, str], path: str) -> None:
    asked = list(spoilt(path, pages[path]))
    assert [one for one in asked if not is_refused(app, one)] == []


@pytest.mark.parametrize(
    "path",
    [
        "/it/portfolio/findings.csv?programme=nope",
        "/it/portfolio/wecare",
        "/it/portfolio/wecare/findings.csv",
        "/it/indicator/wecare/loneliness/sex=nope/waves.csv",
        "/it/indicator/wecare/loneliness/waves.csv?part=nope",
        "/it/indicator/wecare/loneliness/waves.svg?part=sex%3Dnope",
        "/it/indicator/wecare/nope",
        "/it/indicator/wecare?part=nope",
        "/it/explore/wecare/values.csv?wave=nope",
        "/it/explore/wecare/values.figure.json?cut=nope",
        "/it/territory/wecare/ranking.metadata.json?level=nope",
        "/it/network/milano_sei_laltro/wave-1.svg?territory=nope",
        "/it/network/milano_sei_laltro/wave-9.svg",
        "/it/theory/wecare?node=nope",
        "/it/theory?programme=wecare",
        "/it/claims/wecare/claims.csv?state=nope",
        "/it/monitoring/wecare?due=nope",
        "/it/monitoring/wecare/answers.csv?answers=nope",
        "/it/monitoring/wecare/quarantine/reasons.csv?rule=nope",
        "/it/monitoring/wecare/quarantine?page=0",
        "/it/monitoring/wecare/records/nope",
        "/it/monitoring/wecare/records/participant_survey?f.nope=1",
        "/it/monitoring/wecare/records/participant_survey?sort=nope",
        "/it/monitoring/wecare/records/participant_survey?after=nope:1",
        "/it/monitoring/wecare/records/participant_survey?last=1&after=nope:1",
        "/it/export/nope/findings.csv",
        "/it/nope/wecare",
    ],
)
def test_an_address_of_nothing_is_not_found(app: Any, path: str) -> None:
    assert is_refused(app, path)
    answer = app.get(path.replace("/it/", "/en/", 1))
    assert (answer.status_code, '<html lang="en">' in answer.text) == (404, True)


def test_what_is_asked_by_the_page_itself_is_refused_alike(app: Any) -> None:
    def ask(address: str) -> str:
        asked = [{"id": "page", "property": "address", "value": address}]
        question = {"output": "page.content", "outputs": {"id": "page", "property": "content"}, "inputs": asked}
        answer = app.post("/_dash-update-component", json=question)
        assert answer.status_code == 200
        return str(answer.get_json()["response"]["page"]["content"])

    whole = ask("/it/portfolio")
    assert "who5" in whole
    for wrong in ("programme=nope", "nope=1", "status=short&status=short", "level=micro%00"):
        drawn = ask(f"/it/portfolio?{wrong}")
        assert SAID("missing.filter") in drawn
        assert len(drawn) < len(whole) / 10


@pytest.mark.parametrize(
    ("path", "filters"),
    [
        ("/en/portfolio/findings.csv", ("programme", "indicator")),
        ("/en/portfolio/findings.csv", ("cut", "indicator")),
        ("/en/explore/wecare/values.csv", ("level", "indicator")),
        ("/en/explore/wecare/values.csv", ("indicator", "cut")),
    ],
)
def test_filters_that_nothing_meets_leave_nothing(app: Any, path: str, filters: tuple[str, str]) -> None:
    """What there is, but not together, is no wrong address: it is an empty answer, never that of fewer filters."""
    options = chosen(app.get(path.rpartition("/")[0]).text)
    pairs = list(itertools.product(*(filter(None, options[name][:14]) for name in filters)))
    found = {pair: app.get(f"{path}?{urlencode(dict(zip(filters, pair, strict=True)))}") for pair in pairs}
    assert {answer.status_code for answer in found.values()} == {200}
    rows = {pair: answer.text.splitlines()[1:] for pair, answer in found.items()}
    assert any(not kept for kept in rows.values())
    assert any(kept for kept in rows.values())
    for (one, other), kept in rows.items():
        if filters[1] == "indicator" and path.startswith("/en/portfolio"):
            assert all(f"/{other}" in row for row in kept), (one, other)


@settings(max_examples=200)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_as_a_filter_is_a_filter_or_refused(app: Any, name: str, value: str) -> None:
    path = f"/it/claims/wecare?{urlencode({name: value}, errors='surrogatepass')}"
    known = name == "state" and value in ("", "differs", "not_recomputable", "reproduced")
    assert is_refused(app, path) is not known


@given(st.text())
def test_reading_an_address_never_fails_and_gives_it_back(text: str) -> None:
    for asked in (text, f"/it/{text}", f"/it/portfolio?{text}"):
        address = read_address(asked)
        if address is not None:
            again = read_address(address.href)
            assert again is not None
            assert (again.path, again.query, again.block) == (address.path, address.query, address.block)


def test_answers_are_kept_by_address_scope_language_and_data(tmp_path: Path) -> None:
    run_case("10", tmp_path)
    site = Site(tmp_path / "10.duckdb")
    some = Scope(frozenset({"p"}), {"d": frozenset({"R1"})}, "coordinator")
    asked = [read_address(f"/{language}/{path}") for language in ("it", "en") for path in ("portfolio", "export/p")]
    answers = [site.answer(address, scope).html for address in asked for scope in (EVERYTHING, some) if address]
    assert len(set(answers)) == len(answers) == 8


def test_tables_that_are_kept_are_one_scopes(warehouse: Warehouse) -> None:
    scopes = [Scope(None, {}, "investor"), Scope(None, {"d": frozenset({"R1"})}, "investor")]
    found = [set(ReaderTables(warehouse, scope).findings()["finding"]) for scope in (*scopes, *scopes)]
    assert found[0] == found[2] != found[1] == found[3]
