"""Nothing of another part or programme is in any answer of the service, whatever is asked, by token or by session."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import flask
import pandas as pd
import pytest
from impact_dashboards.server.access import read_access
from impact_dashboards.server.app import create_app
from impact_dashboards.server.tokens import digest

from impact.declare import load_programme
from impact.publish.official.query.conformance import RESOURCES
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import indicator, written
from tests.support.views import ran

HIDDEN = ("beta", "south", "8.75", "8,75", "ZWEI", "zwei", "5.5")
"""What tells of the other part, of the whole (its value), or of the other programme."""
FILE = f"""
sign_in: {{kind: proxy, trusted: [127.0.0.1]}}
users:
  - {{name: ada@example.org, role: evaluator, programmes: all}}
  - {{name: bo@example.org, role: investor, programmes: [made], parts: {{project_id: [alpha]}}}}
tokens:
  - {{name: part, sha256: {digest("impact_part")}, role: statistics_office, programmes: [made], parts: {{project_id: [alpha]}}}}
  - {{name: whole, sha256: {digest("impact_whole")}, role: statistics_office, programmes: [made]}}
  - {{name: nobody, sha256: {digest("impact_nobody")}, role: statistics_office, programmes: [made], parts: {{project_id: [gamma]}}}}
"""
PART, WHOLE = {"Authorization": "Bearer impact_part"}, {"Authorization": "Bearer impact_whole"}
NOBODY = {"Authorization": "Bearer impact_nobody"}
ADA, BO = {"X-Forwarded-User": "ada@example.org"}, {"X-Forwarded-User": "bo@example.org"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> flask.Flask:
    """The service over two projects with different values, and over another programme."""
    folder = tmp_path_factory.mktemp("scoped")
    frame = pd.DataFrame(
        {"person": range(120), "project_id": ["alpha", "beta"] * 60, "territory": ["hill", "south"] * 60}
    )
    made = frame.assign(y=frame["project_id"].map({"alpha": 2.25, "beta": 8.75}))
    target = {"target": {"value": 4242, "due": "2019", "origin": {"note": "made"}}}
    whole = written(folder / "made", made, [indicator("n", ex_ante=target, scope=["project_id"], by=["territory"])])
    ran(whole).close()
    with Warehouse(folder / "made.duckdb") as warehouse:
        other = written(folder / "zwei", made, [indicator("zwei_n", scope=["project_id"])])
        header = (other / "programme.yaml").read_text(encoding="utf-8")
        (other / "programme.yaml").write_text(header.replace("made", "zwei"), encoding="utf-8")
        run_programme(load_programme(other), warehouse)
    (folder / "access.yaml").write_text(FILE, encoding="utf-8")
    application: flask.Flask = create_app(
        folder / "made.duckdb", access=read_access(folder / "access.yaml"), key="k" * 32
    ).server
    return application


def paths() -> list[tuple[str, str]]:
    """Return what the service can be asked, and in which form, of these programmes, what is out of reach among it."""
    found = [(path, "*/*") for path in conformance_paths()]
    flows = ("MADE/DF_MADE", "ZWEI/DF_ZWEI", "*/*")
    words = ("none", "all", "descendants", "ancestors", "codelist", "parentsandsiblings")
    structures = [
        f"v2/structure/*/*/*/*?references={word}&detail={detail}"
        for word in words
        for detail in ("full", "referencepartial")
    ]
    structures += [f"v1/structure/all/all/all?references={word}" for word in words if word != "ancestors"]
    structures += [
        f"v2/structure/codelist/*/*/*/{item}" for item in ("project_id-beta", "territory-south", "n", "zwei_n", "_T")
    ]
    asked = ("", "c[PART]=project_id-beta", "c[POPULATION]=co:south", "c[PART]=ne:_T", "c[OBS_VALUE]=8.75", "c[OBS_VALUE]=gt:5",
             "c[INDICATOR]=zwei_n", "measures=none&attributes=none", "sort=OBS_VALUE:desc", "lastNObservations=1&limit=1")  # fmt: skip
    data = [f"v2/data/dataflow/{flow}/*/*?{query}" for flow, query in itertools.product(flows, asked)]
    data += [f"v2/data/dataflow/{flow}/*/*.*.*.*.*.*.project_id-beta" for flow in flows]
    more = ("", "&c[PART]=project_id-beta", "&c[OBS_VALUE]=gt:5")
    structures += [
        f"v2/availability/dataflow/{flow}/*/*?mode={mode}&references=all{filter}"
        for flow, mode, filter in itertools.product(flows, ("exact", "available"), more)
    ]
    found += list(itertools.product(structures, ("application/xml", "application/json")))
    return found + list(itertools.product(data, ("text/csv", "application/xml", "application/json", "image/png")))


def conformance_paths() -> list[str]:
    """Return every line of the table of conformance, of either programme."""
    found = []
    for of in RESOURCES:
        for parameter in of.parameters:
            path = parameter.asked if parameter.place == "path" else of.example
            query = f"?{parameter.asked}" if parameter.place == "query" else ""
            asked = f"{of.api}/{path}{query}".replace("who5", "n")
            found += [re.sub("WECARE|NSW", name, asked) for name in ("MADE", "ZWEI")]
    return list(dict.fromkeys(found))


def ask(server: flask.Flask, path: str, who: dict[str, str], accept: str = "*/*") -> Any:
    return server.test_client().get(f"/sdmx/{path}", headers=who | {"Accept": accept})


def echoed(path: str, text: str) -> str:
    """Return an answer without what it repeats of the question."""
    for word in {part for piece in path.replace("?", "/").split("/") for part in piece.replace("=", "&").split("&")}:
        text = text.replace(f"'{word}'", "")
    return text


@pytest.mark.parametrize("who", [PART, BO], ids=["token", "session"])
def test_nothing_out_of_reach_is_in_any_answer(server: flask.Flask, who: dict[str, str]) -> None:
    statuses: set[int] = set()
    for path, accept in paths()[:: 1 if who is PART else 5]:
        answer = ask(server, path, who, accept)
        statuses.add(answer.status_code)
        text = echoed(path, answer.text)
        assert not [word for word in HIDDEN if word in text], (path, accept, text[:2000])
    assert statuses >= {200, 204, 404, 406, 501}


def test_what_is_in_reach_is_there(server: flask.Flask) -> None:
    data = ask(server, "v2/data/dataflow/MADE/DF_MADE", PART, "text/csv").text
    assert "project_id-alpha" in data
    assert ",2.25," in data
    lists = ask(server, "v2/structure/codelist/MADE", PART).text
    assert "project_id-alpha" in lists
    assert ask(server, "v2/structure/dataflow", PART).get_json()["data"]["dataflows"][0]["id"] == "DF_MADE"


def test_lists_of_parts_say_that_they_are_not_whole(server: flask.Flask) -> None:
    for who, partial in ((PART, {"CL_AREA", "CL_POPULATION", "CL_PART"}), (WHOLE, set()), (ADA, set())):
        lists = ask(server, "v2/structure/codelist/MADE", who).get_json()["data"]["codelists"]
        assert {one["id"] for one in lists if one.get("isPartial")} == partial


def test_readers_of_more_see_more(server: flask.Flask) -> None:
    whole = ask(server, "v2/data/dataflow/MADE/DF_MADE", WHOLE, "text/csv").text
    assert all(word in whole for word in ("project_id-alpha", "project_id-beta", "8.75", "5.5"))
    assert [ask(server, "v2/structure/dataflow/ZWEI", who).status_code for who in (WHOLE, ADA)] == [404, 200]
    assert "zwei_n" in ask(server, "v2/data/dataflow/ZWEI/DF_ZWEI", ADA, "text/csv").text


def test_what_is_out_of_reach_is_answered_like_what_never_was(server: flask.Flask) -> None:
    for there, nowhere in (
        ("v2/structure/dataflow/ZWEI/DF_ZWEI", "v2/structure/dataflow/NOBODY/DF_NOBODY"),
        ("v2/data/dataflow/ZWEI/DF_ZWEI", "v2/data/dataflow/NOBODY/DF_NOBODY"),
        ("v1/data/DF_ZWEI", "v1/data/DF_NOBODY"),
        ("v2/availability/dataflow/ZWEI/DF_ZWEI", "v2/availability/dataflow/NOBODY/DF_NOBODY"),
        ("v2/structure/codelist/*/*/*/project_id-beta", "v2/structure/codelist/*/*/*/project_id-never"),
        (
            "v2/data/dataflow/MADE/DF_MADE?c[PART]=project_id-beta",
            "v2/data/dataflow/MADE/DF_MADE?c[PART]=project_id-never",
        ),
    ):
        answers = [ask(server, path, PART) for path in (there, nowhere)]
        assert answers[0].status_code == answers[1].status_code in (204, 404), there
        assert answers[0].data == answers[1].data, there


def test_who_sees_no_part_gets_no_numbers(server: flask.Flask) -> None:
    for path in (
        "v2/data/dataflow/MADE/DF_MADE",
        "v1/data/DF_MADE",
        "v2/availability/dataflow/MADE/DF_MADE",
        "v2/structure/codelist",
    ):
        answer = ask(server, path, NOBODY)
        assert not [word for word in ("alpha", "hill", "2.25", *HIDDEN) if word in answer.text], path


def test_answers_are_one_readers_whoever_came_first(server: flask.Flask) -> None:
    asked = (
        "v2/structure/codelist/MADE/CL_PART",
        "v2/data/dataflow/MADE/DF_MADE",
        "v2/availability/dataflow/MADE/DF_MADE",
    )
    for path in asked:
        first = {name: ask(server, path, who) for name, who in (("part", PART), ("whole", WHOLE))}
        again = {name: ask(server, path, who) for name, who in (("whole", WHOLE), ("part", PART))}
        assert {name: answer.data for name, answer in first.items()} == {
            name: answer.data for name, answer in again.items()
        }
        assert first["part"].headers["ETag"] != first["whole"].headers["ETag"]
        other = server.test_client().get(
            f"/sdmx/{path}", headers=PART | {"If-None-Match": first["whole"].headers["ETag"]}
        )
        assert other.status_code == 200


@pytest.mark.parametrize("condition", [{"If-None-Match": "*"}, {"If-Modified-Since": "Wed, 01 Jan 2098 00:00:00 GMT"}])
def test_what_is_out_of_reach_or_not_there_is_not_said_to_be_unchanged(
    server: flask.Flask, condition: dict[str, str]
) -> None:
    asked = {
        "MADE/DF_MADE": 304,
        "ZWEI/DF_ZWEI": 404,
        "MADE/DF_NONE": 404,
        "MADE/DF_MADE/*/*?c[PART]=project_id-beta": 204,
    }
    for path, status in asked.items():
        answer = server.test_client().get(f"/sdmx/v2/data/dataflow/{path}", headers=PART | condition)
        assert answer.status_code == status, path


def test_a_mapping_that_is_not_whole_tells_nothing(server: flask.Flask, tmp_path: Path) -> None:
    """What is not mapped may be out of reach: neither codes nor their number are told."""
    frame = pd.DataFrame({"person": range(80), "area": ["hidden_one", "hidden_two"] * 40, "y": [1.0, 2.0] * 40})
    folder = written(tmp_path / "half", frame, [indicator("n", by=["area"])])
    export = "cuts:\n  area: {dimension: REF_AREA, title: {it: a, en: a}, codes: {hidden_one: ITC1}}\n"
    (folder / "export.yaml").write_text(export, encoding="utf-8")
    ran(folder).close()
    answer = create_app(tmp_path / "half.duckdb").server.test_client().get("/sdmx/v2/data/dataflow/MADE/DF_MADE")
    assert answer.status_code == 500
    assert "hidden" not in answer.text
