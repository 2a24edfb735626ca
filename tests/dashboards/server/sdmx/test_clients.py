"""A running instance is read from outside, by curl, sdmx1 and pysdmx: rows, codes and statuses are those of the tables."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import requests
import sdmx
from impact_dashboards.server.tokens import digest
from pysdmx.api.dc.query import LogicalOperator, MultiFilter, NumberFilter, Operator, SortBy, TextFilter
from pysdmx.api.fmr import RegistryClient
from pysdmx.api.qb import ApiVersion, DataContext, DataFormat, DataQuery, RestService
from pysdmx.io import read_sdmx

from impact.publish.published import ReaderTables
from impact.publish.scope import Scope
from impact.store import open_reader
from tests.support.served import served
from tests.support.shipped import shipped_database

TOKEN, PART = "impact_" + "t" * 43, "impact_" + "p" * 43
QUADRANT = {"quadrant": frozenset({"to"})}
FILE = f"""
sign_in: {{kind: proxy, trusted: [127.0.0.1]}}
users:
  - {{name: ada@example.org, role: evaluator, programmes: all}}
tokens:
  - {{name: istat, sha256: {digest(TOKEN)}, role: statistics_office, programmes: [wecare, nsw]}}
  - {{name: turin, sha256: {digest(PART)}, role: statistics_office, programmes: [wecare], parts: {{quadrant: [to]}}}}
"""
CSV, ML = "application/vnd.sdmx.data+csv;version=2.0.0", "application/vnd.sdmx.data+xml;version=3.0.0"
FLOW = "WECARE/DF_WECARE"
Rows = set[tuple[str | None, ...]]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_database(tmp_path_factory)


@pytest.fixture(scope="module")
def closed(db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An instance with sign-in."""
    access = tmp_path_factory.mktemp("access") / "access.yaml"
    access.write_text(FILE, encoding="utf-8")
    with served(db, "--workers", "1", "--access", str(access)) as base:
        yield f"{base}/sdmx"


@pytest.fixture(scope="module")
def opened(db: Path) -> Iterator[str]:
    """An instance without sign-in, for whoever sits at this machine."""
    with served(db, "--workers", "1") as base:
        yield f"{base}/sdmx"


@pytest.fixture(scope="module")
def rows(db: Path) -> dict[str, pa.Table]:
    """The observations of a programme as the two holders of a token may see them."""
    part = Scope(frozenset({"wecare"}), QUADRANT, "statistics_office")
    with open_reader(db) as warehouse:
        return {
            token: ReaderTables(warehouse, scope).observations("wecare")
            for token, scope in ((TOKEN, Scope(None, {}, "statistics_office")), (PART, part))
        }


def texts(table: pa.Table, names: list[str]) -> Rows:
    """Return rows as text, numbers by their shortest form, what is missing as None."""
    return {tuple(None if row[name] is None else _text(row[name]) for name in names) for row in table.to_pylist()}


def _text(value: Any) -> str:
    return repr(float(value)) if isinstance(value, int | float) else str(value)


NUMBERS = ("OBS_VALUE", "N_OBS")


# ---- curl ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What curl got."""

    status: int
    headers: dict[str, str]
    body: bytes


def curl(address: str, *options: str, token: str | None = TOKEN) -> Answer:
    """Ask by curl; brackets of filters are sent as they are."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on the path: the service is not asked by it")
    named = ("-H", f"Authorization: Bearer {token}") if token else ()
    command = ["curl", "--silent", "--globoff", "--include", "--max-time", "30", *named, *options, address]
    done = subprocess.run(command, capture_output=True, check=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.casefold(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(int(first.split()[1]), headers, body)


def table(answer: Answer) -> tuple[list[str], list[list[str]]]:
    header, *lines = csv.reader(io.StringIO(answer.body.decode()))
    return header, lines


@pytest.mark.parametrize("token", [TOKEN, PART], ids=["whole", "part"])
def test_curl_gets_the_rows_of_the_tables(closed: str, rows: dict[str, pa.Table], token: str) -> None:
    answer = curl(f"{closed}/v2/data/dataflow/{FLOW}", "-H", f"Accept: {CSV}", token=token)
    assert (answer.status, answer.headers["content-type"]) == (200, CSV)
    header, lines = table(answer)
    names = rows[token].column_names
    assert header == ["STRUCTURE", "STRUCTURE_ID", "ACTION", *names]
    got = {
        tuple(
            None if cell == "" else _text(float(cell)) if name in NUMBERS else cell
            for name, cell in zip(names, line[3:], strict=True)
        )
        for line in lines
    }
    assert got == texts(rows[token], names)
    assert len(lines) == rows[token].num_rows > 50


def test_curl_filters_by_key_component_and_time(closed: str, rows: dict[str, pa.Table]) -> None:
    expected = sum(
        row["INDICATOR"] == "who5" and row["TIME_PERIOD"] >= "2021" and row["SEX"] in ("F", "M")
        for row in rows[TOKEN].to_pylist()
    )
    asked = f"{closed}/v2/data/dataflow/{FLOW}/*/*.*.who5?c[TIME_PERIOD]=ge:2021&c[SEX]=F,M"
    assert len(table(curl(asked, "-H", f"Accept: {CSV}"))[1]) == expected > 0
    early = curl(f"{closed}/v1/data/DF_WECARE/..who5.....F+M?startPeriod=2021", "-H", "Accept: text/csv")
    header, lines = table(early)
    assert len(lines) == expected
    assert header[0] == "DATAFLOW"


def test_curl_keeps_answers_and_is_told_when_they_change(closed: str) -> None:
    address = f"{closed}/v2/structure/dataflow/{FLOW}"
    first = curl(address)
    tag, since = first.headers["etag"], first.headers["last-modified"]
    for condition in (f"If-None-Match: {tag}", f"If-Modified-Since: {since}"):
        again = curl(address, "-H", condition)
        assert (again.status, again.body) == (304, b""), condition
    assert curl(address, "-H", 'If-None-Match: W/"other"', "-H", f"If-Modified-Since: {since}").status == 200
    assert curl(address, "-H", f"If-None-Match: {tag}", "-H", "Accept: application/xml").status == 200
    assert curl(address, "-H", f"If-None-Match: {tag}", token=PART).status == 200
    assert {"accept", "accept-encoding", "authorization"} <= {
        one.strip().casefold() for one in first.headers["vary"].split(",")
    }


def test_curl_unpacks_answers_and_asks_for_heads(closed: str) -> None:
    address = f"{closed}/v2/data/dataflow/{FLOW}"
    plain, packed = (
        curl(address, "-H", f"Accept: {CSV}"),
        curl(address, "-H", f"Accept: {CSV}", "-H", "Accept-Encoding: gzip"),
    )
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) * 5 < len(plain.body)
    assert gzip.decompress(packed.body) == plain.body
    head = curl(address, "--head", "-H", f"Accept: {CSV}")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", plain.headers["etag"])


@pytest.mark.parametrize(
    ("path", "options", "status", "said"),
    [
        ("v2/data/dataflow/NOBODY/DF_NOBODY", (), 404, "no such data flow"),
        ("v2/data/dataflow/NSW/DF_NSW/*/X", (), 204, ""),
        ("v1/data/DF_NSW/X......", (), 404, 'code="100"'),
        ("v1/data/DF_NSW", ("-H", "Accept: application/json"), 406, '"code": 1406'),
        ("v2/data/dataflow/NSW/DF_NSW?updatedAfter=2020-01-01", (), 501, '"code": 501'),
        ("v1/data/DF_NSW?updatedAfter=2020-01-01", (), 501, 'code="501"'),
        ("v2/data/dataflow/NSW/DF_NSW?limit=few", (), 400, '"code": 140'),
        ("v2/data/dataflow/NSW/DF_NSW?c[NOPE]=1", (), 422, '"code": 150'),
        ("v2/data/dataflow/NSW/DF_NSW", ("-H", "Accept: image/png"), 406, "data+json"),
        ("v2/data/dataflow/NSW/DF_NSW", ("-H", "Accept: application/vnd.sdmx.data+csv;version=2.1.0"), 406, "version=2.0.0"),
        ("v2/data/dataflow/NSW/DF_NSW", ("-H", "Accept: application/vnd.sdmx.data+csv;labels=both"), 406, "data+csv"),
        ("v2/structure/dataflow", ("-X", "POST", "-d", "x"), 501, "read only"),
        ("v2/structure/dataflow", ("-X", "DELETE"), 501, "read only"),
        ("v2/nope", (), 400, "nothing at"),
        ("v2/data/dataflow/NSW/" + "x" * 5000, (), 414, "URI Too Long"),
    ],
)  # fmt: skip
def test_curl_is_told_what_is_wrong(closed: str, path: str, options: tuple[str, ...], status: int, said: str) -> None:
    answer = curl(f"{closed}/{path}", *options)
    assert answer.status == status, answer
    assert said in answer.body.decode()


def test_curl_without_a_token_gets_nothing(closed: str) -> None:
    for token in (None, "impact_other", TOKEN[:-1]):
        answer = curl(f"{closed}/v2/data/dataflow/{FLOW}", token=token)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert b"WECARE" not in answer.body


# ---- sdmx1 -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(closed: str) -> Any:
    sdmx.add_source(
        {"id": "WECARE", "url": f"{closed}/v1", "name": "Made", "supports": {"availableconstraint": True}},
        override=True,
    )
    made = sdmx.Client("WECARE")
    made.session.headers["Authorization"] = f"Bearer {TOKEN}"
    return made


def told(obs: Any) -> tuple[str | None, str, str]:
    """Return value and statuses of an observation."""
    value = None if obs.value is None else _text(float(obs.value))
    return value, str(obs.attrib["OBS_STATUS"].value), str(obs.attrib["CONF_STATUS"].value)


@pytest.mark.parametrize("token", [TOKEN, PART], ids=["whole", "part"])
def test_sdmx1_reads_structures_and_data(client: Any, rows: dict[str, pa.Table], token: str) -> None:
    client.session.headers["Authorization"] = f"Bearer {token}"
    message = client.datastructure("DSD_WECARE")
    structure = message.structure["DSD_WECARE"]
    dimensions = [one.id for one in structure.dimensions.components]
    read = client.data("DF_WECARE", dsd=structure)
    (data,) = read.data
    keys = [one for one in rows[token].column_names if one in dimensions]
    got = {(*(str(getattr(obs.key, name).value) for name in keys), *told(obs)) for obs in data.obs}
    assert got == texts(rows[token], [*keys, "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"])
    assert len(data.obs) == rows[token].num_rows
    codes = {code.id for code in message.codelist["CL_PART"]}
    assert set(rows[token]["PART"].to_pylist()) <= codes


def test_sdmx1_asks_by_key_and_time(client: Any, rows: dict[str, pa.Table]) -> None:
    read = client.data("DF_WECARE", key={"INDICATOR": "who5"}, params={"startPeriod": "2021", "lastNObservations": 1})
    assert "lastNObservations=1" in read.response.url
    wanted = {
        (row["MEASURE"], row["ARM"], row["POPULATION"], row["SEX"])
        for row in rows[TOKEN].to_pylist()
        if row["INDICATOR"] == "who5" and row["TIME_PERIOD"] >= "2021"
    }
    found = {
        tuple(str(getattr(obs.key, name).value) for name in ("MEASURE", "ARM", "POPULATION", "SEX"))
        for obs in read.data[0].obs
    }
    assert found == wanted
    (constraint,) = client.get("availableconstraint", resource_id="DF_WECARE").constraint.values()
    (region,) = constraint.data_content_region
    members = {dimension.id: {value.value for value in chosen.values} for dimension, chosen in region.member.items()}
    assert members["INDICATOR"] == set(rows[TOKEN]["INDICATOR"].to_pylist())
    assert members["TIME_PERIOD"] == set(rows[TOKEN]["TIME_PERIOD"].to_pylist())


def test_sdmx1_is_refused_without_its_token(client: Any) -> None:
    del client.session.headers["Authorization"]
    with pytest.raises(requests.HTTPError, match="401"):
        client.dataflow("DF_WECARE")


# ---- pysdmx ----------------------------------------------------------------------------------------------------------


def test_pysdmx_reads_data_of_an_open_programme(opened: str, rows: dict[str, pa.Table]) -> None:
    """It sends no header of its own, and so reads what is open: here all, as the app is this machine's alone."""

    names = [name for name in rows[TOKEN].column_names if name not in NUMBERS]
    query = DataQuery(DataContext.DATAFLOW, "WECARE", "DF_WECARE", "1.0.0")
    for form in (DataFormat.SDMX_CSV_2_0_0, DataFormat.SDMX_ML_3_0):
        service = RestService(f"{opened}/v2", ApiVersion.V2_2_2, data_format=form, timeout=60)
        (data,) = read_sdmx(service.data(query).decode()).data
        frame = data.data.astype(object).where(data.data.notna() & (data.data != ""), None)
        got = {
            tuple(None if value is None else str(value) for value in row)
            for row in frame[names].itertuples(index=False)
        }
        expected = {tuple(None if value == "" else value for value in row) for row in texts(rows[TOKEN], names)}
        assert len(frame) == rows[TOKEN].num_rows
        assert {row[:9] for row in got} == {row[:9] for row in expected}, form
        values = {_text(float(value)) for value in frame["OBS_VALUE"] if value is not None}
        assert values == {row[0] for row in texts(rows[TOKEN], ["OBS_VALUE"]) if row[0] is not None}


def test_pysdmx_builds_the_queries_that_are_answered(opened: str, rows: dict[str, pa.Table]) -> None:

    chosen = MultiFilter(
        [NumberFilter("OBS_VALUE", Operator.GREATER_THAN, 50), TextFilter("INDICATOR", Operator.EQUALS, "who5")],
        LogicalOperator.AND,
    )
    query = DataQuery(
        DataContext.DATAFLOW,
        "WECARE",
        "DF_WECARE",
        components=chosen,
        sort=[SortBy("OBS_VALUE", "desc")],
        limit=5,
        offset=2,
    )
    service = RestService(f"{opened}/v2", ApiVersion.V2_2_2, data_format=DataFormat.SDMX_CSV_2_0_0, timeout=60)
    got = [float(row["OBS_VALUE"]) for row in csv.DictReader(io.StringIO(service.data(query).decode()))]
    over = [
        row["OBS_VALUE"]
        for row in rows[TOKEN].to_pylist()
        if row["INDICATOR"] == "who5" and (row["OBS_VALUE"] or 0) > 50
    ]
    assert got == sorted(over, reverse=True)[2:7]


def test_pysdmx_reads_structures_as_a_registry(opened: str, rows: dict[str, pa.Table]) -> None:

    client = RegistryClient(f"{opened}/v2", timeout=60)
    (flow,) = client.get_dataflows("WECARE", "DF_WECARE")
    assert flow.id == "DF_WECARE"
    schema = client.get_schema("dataflow", "WECARE", "DF_WECARE", "1.0.0")
    assert [one.id for one in schema.components] == sorted(
        (one.id for one in schema.components), key=rows[TOKEN].column_names.index
    )
    occurring = set(rows[TOKEN]["PART"].to_pylist())
    assert occurring <= {code.id for code in schema.components["PART"].enumeration}
    assert len(client.get_codes("WECARE", "CL_FREQ").codes) == 5


def test_structures_are_the_same_whatever_asks(opened: str, closed: str) -> None:
    path = "v2/structure/datastructure/WECARE/DSD_WECARE/~?references=children"
    assert json.loads(curl(f"{opened}/{path}", token=None).body) == json.loads(curl(f"{closed}/{path}").body)
