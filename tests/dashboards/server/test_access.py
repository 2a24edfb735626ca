"""Who may see what: scopes over every table and method, sign-in, and the guard before every request."""

from __future__ import annotations

import datetime
import html
import inspect
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import pandas as pd
import pytest
import requests
from impact_dashboards.server.access import Access, content_policy, guard, read_access, refuse_exposed, scope_of_request
from impact_dashboards.server.app import create_app
from impact_dashboards.server.sign_in import is_loopback, session_key
from joserfc import jwt
from joserfc.jwk import RSAKey
from pyarrow import parquet
from python_calamine import CalamineWorkbook
from werkzeug.serving import make_server

from impact.errors import DeclarationError, UsageError
from impact.publish.export import FORMATS
from impact.publish.export.csv import safe_cell
from impact.publish.official.build import components, own_code
from impact.publish.official.lists import fixed_lists, listed, total
from impact.publish.official.mapping import IndicatorFacts, OfficialMapping
from impact.publish.official.structure import CodeOf, Structure
from impact.publish.published import ReaderTables
from impact.publish.reader_catalogue import narrow
from impact.publish.scope import EVERYTHING, PART_ROWS, ROLES, Scope
from impact.store import Warehouse
from impact.store.sentences import SENTENCES
from impact.words.said import text_json
from tests.support.programmes import indicator, written
from tests.support.views import ran

DAY = datetime.date(2024, 1, 1)
FILLED: dict[str, Any] = {
    "VARCHAR": "some", "JSON": "{}", "DOUBLE": 1.5, "BIGINT": 1, "INTEGER": 1, "BOOLEAN": False, "DATE": DAY,
    "TIMESTAMP": datetime.datetime(2024, 1, 1), "VARCHAR[]": [], "BIGINT[]": [0],
}  # fmt: skip
PARTS = {
    "whole": ("programme", "", "all", "", 777777),
    "alpha": ("project_id", "alpha", "all", "", 111111),
    "beta": ("project_id", "beta", "all", "", 888888),
    "north": ("programme", "", "territory", "north", 222222),
    "hill": ("programme", "", "territory", "hill", 333333),
    "south": ("programme", "", "territory", "south", 999999),
}
"""Each part's cut and a number of its own; ``hill`` lies in ``north``, ``alpha`` on the hill, ``beta`` in the south."""
PLACES = {"alpha": "hill", "beta": "south"}


NAMES = {"it": "who", "en": "who"}


class Made:
    """Writes rows into the engine's tables; what is not given is filled in by type."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.columns: dict[str, dict[str, str]] = {}
        for table, column, kind in warehouse.rows(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'impact'"
        ):
            self.columns.setdefault(table, {})[column] = kind

    def put(self, table: str, **given: Any) -> None:
        row = {name: FILLED[kind] for name, kind in self.columns[table].items()} | given
        assert row.keys() == self.columns[table].keys(), table
        row |= {name: text_json(row[name]) for name in SENTENCES.get(table, ())}
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
        self.warehouse.connection.execute(f"INSERT INTO impact.{table} ({names}) VALUES ({marks})", list(row.values()))


def fill(made: Made, programme: str) -> None:
    """Write a programme with a row of each part in every table."""
    definition = json.dumps({"id": "who", "contract": "person", "formula": {"kind": "mean"}, "ex_post": {}})
    p: dict[str, Any] = {"programme": programme}
    made.put("run", **p, run_id=f"run-{programme}")
    for table in ("programme", "plan", "theory_node", "theory_link", "wave", "stakeholder", "phase"):
        made.put(table, **p, **({"date": "2024", "wave": "after"} if table == "wave" else {}))
    made.put("definition", **p, indicator="who", definition=definition, selection="TRUE", run_id=f"run-{programme}")
    for name, (scope, value, group, code, number) in PARTS.items():
        cut: dict[str, Any] = {
            "scope": scope,
            "scope_value": value,
            "group": group,
            "group_value": code,
            "indicator": "who",
        }
        finding = f"{programme}/who" + ("" if name == "whole" else f"/{(value and 'project_id') or 'territory'}={name}")
        shown = {"finding": finding, "value": number, "n": number, "run_id": f"run-{programme}", "due": "2023"}
        made.put("finding", **p, **cut, **shown, title_en="title", attainment="short", flags=[])
        made.put("measure", **p, **cut, arm="", wave="after", value=number, n=number, method=f"of {name}")
        of_period = {"arm": "", "value": number, "suppressed": ""}
        for table in ("period_value", "heir_value"):
            made.put(table, **p, **cut, **of_period, n=number, method=f"of {name}", flags=[])
        made.put("chart_point", **p, **cut, **of_period, center=number)
        made.put("milestone", **p, **cut, **of_period, finding=finding, target=number)
        made.put("diagnostic", **p, finding=finding, indicator="who", detail=f"of {name}")
        made.put("term", **p, finding=finding, indicator="who", term=f"of {name}", n_obs=number, suppressed="")
    fill_parts(made, p)
    fill_official(made, p)
    fill_rows(made, p)


def fill_parts(made: Made, p: dict[str, Any]) -> None:
    for place, name in enumerate(("north", "hill", "south", "alpha", "beta")):
        column = "project_id" if name in PLACES else "territory"
        parent = "north" if name == "hill" else None
        made.put(
            "part",
            **p,
            indicator="who",
            column=column,
            code=name,
            place=place,
            parent=parent,
            title_en=f"T {name}",
            holds=[name],
        )
        made.put(
            "label",
            **p,
            column=column,
            code=name,
            title_en=f"T {name}",
            title_it=f"T {name}",
            level=None,
            parent=parent,
        )
    for project, territory in PLACES.items():
        made.put("membership", **p, column="project_id", code=project, by="territory", of=territory)
        made.put("report", **p, column="project_id", code=project, period=f"of {project}", every="month", year_starts=1)
        made.put("reporting_unit", **p, column="project_id", code=project, heir=f"of {project}")
        made.put("journey", **p, project=project, territory=territory, quote=f"of {project}")
        made.put("delivery", **p, project=project, phase="design", activity=f"of {project}")
        payload = json.dumps({"project_id": project, "territory": territory})
        made.put("quarantine", **p, source="people", value=f"of {project}", payload=payload)
        made.put(
            "load",
            **p,
            source=project,
            contract="person",
            file=f"{project}.csv",
            provenance="{}",
            current=True,
            rows_read=777777,
        )
        for network in ("who", "other"):
            made.put("network_body", **p, network=network, wave="after", body=f"b {project}", territory=territory)
        made.put("map_cell", **p, territory=territory, title_en=f"cell {territory}")
    for network, source, target in (("who", "alpha", "beta"), ("who", "alpha", "alpha"), ("who", "beta", "beta")):
        made.put("network_tie", **p, network=network, wave="after", source=f"b {source}", target=f"b {target}")
    made.put("load", **p, source="whole", contract="fact", file="whole.csv", current=True, rows_read=777777)
    for column, code in (("project_id", "alpha"), ("project_id", "beta"), ("territory", "south")):
        titled = {"column": column, "code": code, "text": f"T {code}", "translation": f"auf Deutsch {code}"}
        made.put("translation", **p, of="code", language="de", **titled)
    made.put("translation", **p, of="whole", text="of whole", language="de", translation="of whole")
    made.put("cut", **p, column="project_id")
    made.put("cut", **p, column="territory")
    for table in ("linkage", "unmapped", "claim", "quality", "response", "target_sum", "shared_indicator"):
        text = next(name for name, kind in made.columns[table].items() if kind == "VARCHAR" and name != "programme")
        made.put(table, **p, **{text: "of whole"})


def fill_official(made: Made, p: dict[str, Any]) -> None:
    """Write a data structure with a code of each part, and the mapping to it."""
    told = {f"{column}={name}": name for name in PLACES for column in ("project_id",)}
    told |= {f"territory={name}": name for name in ("north", "hill", "south")}
    codes = [CodeOf(own_code(*key.split("=")), {"it": f"T {name}", "en": f"T {name}"}) for key, name in told.items()]
    lists = {**fixed_lists(), "CL_AREA": listed("CL_AREA", [CodeOf("_X", NAMES)], scheme="NUTS2021")}
    lists |= {name: listed(name, [total(), *codes]) for name in ("CL_POPULATION", "CL_PART")}
    lists |= {name: listed(name, [CodeOf("who", NAMES)]) for name in ("CL_INDICATOR", "CL_UNIT_MEASURE")}
    structure = Structure(p["programme"], "A", NAMES, NAMES, components({}), lists)
    made.put("structure", **p, place=1, version="1.0.0", content=structure.to_json())
    parts = {key: {"POPULATION": own_code(*key.split("="))} for key in told}
    facts = {"who": IndicatorFacts("who", 0, 1, "micro", "2024", "2023")}
    mapping = OfficialMapping("_X", parts, {"after": "2024"}, facts, "NUTS2021")
    made.put("structure_mapping", **p, content=mapping.to_json(), unmapped=[])


def fill_rows(made: Made, p: dict[str, Any]) -> None:
    programme, run = p["programme"], made.warehouse.connection.execute
    run(f"CREATE SCHEMA {programme}")
    run(
        f"CREATE VIEW {programme}.person AS SELECT 'P' || i AS person_id, CASE WHEN i % 5 < 2 THEN 'alpha' ELSE 'beta' END"
        " AS project_id, CASE WHEN i % 5 < 2 THEN 'hill' ELSE 'south' END AS territory,"
        " CASE WHEN i % 7 > 0 THEN i % 10 END::BIGINT AS hours, 'said ' || i AS remark, NULL::VARCHAR AS hours__missing,"
        " CASE WHEN i % 5 < 2 THEN 'alpha' ELSE 'beta' END AS _source, i AS _row FROM range(100) r(i)"
    )
    run(f"CREATE VIEW {programme}.fact AS SELECT 'of whole' AS fact, 'whole' AS _source, 0::BIGINT AS _row")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("access") / "made.duckdb"
    with Warehouse(path) as warehouse:
        made = Made(warehouse)
        fill(made, "one")
        fill(made, "zwei")
    return path


@pytest.fixture(scope="module")
def warehouse(db: Path) -> Iterator[Warehouse]:
    with Warehouse(db, read_only=True) as opened:
        yield opened


def parts(role: str = "evaluator", **codes: str) -> Scope:
    return Scope(frozenset({"one"}), {column: frozenset({code}) for column, code in codes.items()}, role)  # type: ignore[arg-type]


# ---- what is in reach ------------------------------------------------------------------------------------------------

CALLS: dict[str, Callable[[ReaderTables, str], Any]] = {
    "findings": lambda p, one: [p.findings(one), p.findings()],
    "due": lambda p, one: [p.due(DAY, one), p.due(DAY)],
    "reports": lambda p, one: p.reports(DAY, one),
    "completeness": lambda p, one: p.completeness(DAY, one),
    "trace": lambda p, one: [p.trace(name) for name in p.findings(one)["finding"]],
    "contract_sources": lambda p, one: [p.contract_sources(one, name) for name in ("person", "fact")],
    "cached_value": lambda p, one: p.cached_value(f"found {one}", lambda: p.findings(one)),
    "sources": lambda p, one: p.sources(one, "who") if one in p.titles else None,
    **{
        name: lambda p, one, name=name: getattr(p, name)(one) if one in p.titles else None
        for name in ("structures", "mapping", "observations")
    },
    "column_types": lambda p, one: p.column_types("finding"),
    "words": lambda p, one: p.words("de")._translations,
    "headings": lambda p, one: p.headings(one, "it"),
    "label_titles": lambda p, one: p.label_titles("en"),
    "cut_titles": lambda p, one: p.cut_titles("it"),
    "records": lambda p, one: [p.records(one, name, size=1000) for name in p.record_contracts(one)["contract"]],
    "count_records": lambda p, one: [p.count_records(one, name) for name in p.record_contracts(one)["contract"]],
    "whole_records": lambda p, one: [p.whole_records(one, name, 10**6) for name in p.record_contracts(one)["contract"]],
    "record_columns": lambda p, one: [p.record_columns(one, name) for name in p.record_contracts(one)["contract"]],
}
"""Methods that are not called with a programme alone."""
METHODS = sorted(name for name, _ in inspect.getmembers(ReaderTables, inspect.isfunction) if not name.startswith("_"))


def said(found: Any) -> str:
    """Return everything that a result says, as text."""
    if isinstance(found, pd.DataFrame):
        return str(found.astype(object).to_dict("records"))
    return str([said(one) for one in found] if isinstance(found, list | tuple) else found)


def everything_said(published: ReaderTables, programme: str, method: str) -> str:
    call = CALLS.get(method, lambda p, one: getattr(p, method)(one))
    return said(call(published, programme))


NOT_OF = {
    "alpha": ({"project_id": "alpha"}, ("whole", "beta", "south", "777777", "888888", "999999", "222222", "333333")),
    "north": ({"territory": "north"}, ("whole", "beta", "south", "777777", "888888", "999999")),
    "nothing": ({"territory": "elsewhere"}, ("whole", "alpha", "beta", "hill", "north", "south", "777777", "111111")),
}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("part", NOT_OF)
def test_nothing_of_the_whole_or_another_part_appears(warehouse: Warehouse, role: str, part: str) -> None:
    codes, others = NOT_OF[part]
    published = ReaderTables(warehouse, parts(role, **codes))
    for method in METHODS:
        found = everything_said(published, "one", method)
        assert not [word for word in others if word in found], (method, found[:2000])


@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_another_programme_appears(warehouse: Warehouse, role: str) -> None:
    published = ReaderTables(warehouse, Scope(frozenset({"one"}), {}, role))  # type: ignore[arg-type]
    assert published.programmes == ("one",)
    for method in METHODS:
        assert "zwei" not in everything_said(published, "one", method), method
        found = CALLS.get(method, lambda p, one, name=method: getattr(p, name)(one))
        if method in ("findings", "due", "label_titles", "cut_titles", "words"):
            continue  # these also say what there is of the programme in reach
        assert not any(mark in said(found(published, "zwei")) for mark in ("alpha", "whole", "some")), method


def test_what_is_in_reach_is_there(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse, parts(territory="north"))
    assert set(published.findings("one")["value"]) == {222222, 333333}
    assert published.record_contracts("one").values.tolist() == [["person", 40]]
    assert published.network("one")[1][["source", "target"]].values.tolist() == [["b alpha", "b alpha"]]
    assert published.loads("one")["source"].tolist() == ["alpha"]
    assert published.loads("one")["rows_read"].isna().all()
    assert len(published.map("one")) == len(published.quarantine("one")) == len(published.nodes("one")) == 1
    both = ReaderTables(warehouse, parts(territory="hill", project_id="beta"))
    assert set(both.findings("one")["value"]) == {333333, 888888}


def test_a_trace_counts_rows_of_the_part_only(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse, parts(project_id="alpha"))
    trace = published.trace("one/who/project_id=alpha")
    assert [(file.load.source, file.rows_used) for file in trace.files] == [("alpha", 40)]


@pytest.mark.parametrize(
    "name", ["one/who", "one/who/project_id=beta", "zwei/who", "zwei/who/project_id=alpha", "one/wh"]
)
def test_a_finding_out_of_reach_does_not_exist(warehouse: Warehouse, name: str) -> None:
    published = ReaderTables(warehouse, parts(project_id="alpha"))
    with pytest.raises(UsageError, match=f"no finding '{name}'; the nearest are one/who/project_id=alpha$"):
        published.trace(name)


def test_everything_is_everything(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse)
    assert published.programmes == ("one", "zwei")
    assert len(published.findings()) == 2 * len(PARTS)
    assert all(word in everything_said(published, "one", "loads") for word in ("alpha", "beta", "whole", "777777"))


@pytest.mark.parametrize("role", ROLES)
def test_rows_are_for_two_roles(warehouse: Warehouse, role: str) -> None:
    published = ReaderTables(warehouse, Scope(None, {}, role))  # type: ignore[arg-type]
    may = role in ("evaluator", "coordinator")
    assert (len(published.quarantine("one")) == 2) is may
    assert (len(published.record_contracts("one")) == 2) is may
    assert published.validity("one")["duplicates"].sum() == ReaderTables(warehouse).validity("one")["duplicates"].sum()
    if not may:
        for call in (published.records, published.count_records, published.record_columns):
            with pytest.raises(UsageError, match="no records 'one/person'"):
                call("one", "person")


def test_every_table_has_a_rule_and_no_other_is_found(warehouse: Warehouse) -> None:
    tables = {name for (name,) in warehouse.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'impact'")}
    assert PART_ROWS.keys() == tables
    own = narrow(warehouse, parts(project_id="alpha"))
    for query in ("FROM impact.unheard_of", "FROM zwei.person", "FROM one.unheard_of"):
        with pytest.raises(Exception, match="does not exist"):
            own.rows(query)
    assert warehouse.rows("SELECT count(*) FROM impact.finding") == [(2 * len(PARTS),)]


def test_codes_below_are_in_reach_by_the_declared_tree_and_its_names_are_no_secret(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "made.duckdb") as warehouse:
        made = Made(warehouse)
        fill(made, "one")
        for code, parent in (("peak", "hill"), ("bay", "south")):
            made.put("label", programme="one", column="territory", code=code, parent=parent, level="place")
        published = ReaderTables(warehouse, parts(territory="north"))
        assert set(published.labels("one")["code"]) == {"north", "hill", "peak", "bay"}
        own = narrow(warehouse, parts(territory="north"))
        assert {code for *_, code in own.rows("FROM main.reach")} == {"north", "hill", "peak"}


def test_codes_are_values_never_sql(warehouse: Warehouse) -> None:
    hostile = "') OR TRUE --"
    published = ReaderTables(
        warehouse, Scope(frozenset({hostile, "one"}), {hostile: frozenset({hostile})}, "evaluator")
    )
    assert len(published.findings()) == len(published.record_contracts("one")) == len(published.quarantine("one")) == 0


def test_a_reader_sees_a_new_run(tmp_path: Path) -> None:
    scope = parts(project_id="alpha")
    with Warehouse(tmp_path / "made.duckdb") as warehouse:
        made = Made(warehouse)
        fill(made, "one")
        before = ReaderTables(warehouse, scope).findings()["finding"].tolist()
        made.put("run", programme="one", run_id="later")
        cut = {"scope": "project_id", "scope_value": "alpha", "group": "all", "group_value": ""}
        made.put("finding", programme="one", finding="one/new/project_id=alpha", indicator="new", due=None, **cut)
        assert ReaderTables(warehouse, scope).findings()["finding"].tolist() == ["one/new/project_id=alpha", *before]


def test_a_scope_is_a_value() -> None:
    assert parts(project_id="alpha") == parts(project_id="alpha")
    assert len({parts(project_id="alpha"), parts(project_id="alpha"), parts(project_id="beta")}) == 2
    with pytest.raises(ValueError, match="'owner' is no role"):
        Scope(None, {}, "owner")  # type: ignore[arg-type]


def test_a_suppressed_finding_says_nothing_of_its_rows(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "made.duckdb") as warehouse:
        made = Made(warehouse)
        fill(made, "one")
        cut = {"scope": "project_id", "scope_value": "alpha", "group": "all", "group_value": "", "indicator": "who"}
        name = "one/who/project_id=alpha"
        made.put("suppression", programme="one", **cut, arm="", wave="after", reason="few", finding=name)
        for scope in (EVERYTHING, parts(project_id="alpha")):
            published = ReaderTables(warehouse, scope)
            trace = published.trace(name)
            assert (trace.finding.value, trace.suppressed) == (None, "few")
            assert {(file.rows_used, file.first_lines) for file in trace.files} == {(None, ())}
            assert not trace.diagnostics
            assert not trace.terms
            assert "111111" not in said([trace, published.findings("one"), published.measures("one")])
            assert name not in published.due(DAY)["id"].tolist()


# ---- records page by page --------------------------------------------------------------------------------------------


def paged(published: ReaderTables, **asked: Any) -> pd.DataFrame:
    pages: list[pd.DataFrame] = []
    after = None
    while True:
        page = published.records("one", "person", after=after, size=7, **asked)
        pages.append(page)
        if len(page) < 7:
            return pd.concat(pages, ignore_index=True)
        last = page.iloc[-1]
        after = (str(last["_source"]), int(last["_row"]))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", [None, "hours", "person_id"])
@pytest.mark.parametrize("scope", [EVERYTHING, parts(project_id="alpha")], ids=["everything", "alpha"])
def test_pages_are_the_whole_in_order(warehouse: Warehouse, scope: Scope, order: str | None, descending: bool) -> None:
    found = paged(ReaderTables(warehouse, scope), order=order, descending=descending)
    rows = warehouse.frame("SELECT * EXCLUDE (hours__missing) FROM one.person ORDER BY _source, _row")
    rows = rows[rows["project_id"] == "alpha"] if scope.parts else rows
    if order:
        rows = rows.sort_values(order, ascending=not descending, kind="stable", na_position="last")
    pd.testing.assert_frame_equal(found, rows.reset_index(drop=True), check_dtype=False)


def test_filters_are_equal_for_codes_and_values_and_contained_in_text(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse)
    assert set(published.records("one", "person", filters={"remark": "SAID 9"})["person_id"]) == {
        "P9",
        *(f"P{i}" for i in range(90, 100)),
    }
    assert published.count_records("one", "person", {"project_id": "alph"}) == 0
    assert published.count_records("one", "person", {"project_id": "alpha", "hours": "1"}) == len(
        paged(published, filters={"project_id": "alpha", "hours": "1"})
    )
    assert published.count_records("one", "person", {"hours": "many"}) == 0
    assert published.count_records("one", "person", {"remark": "%"}) == 0


def test_only_declared_columns_are_known(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse)
    assert list(published.record_columns("one", "person")) == [
        "person_id",
        "project_id",
        "territory",
        "hours",
        "remark",
    ]
    for asked in ({"order": "hours__missing"}, {"order": "1; DROP"}, {"filters": {"_row": "1"}}):
        with pytest.raises(UsageError, match="there is no column"):
            published.records("one", "person", **asked)  # type: ignore[arg-type]
    for contract in ("finding", "rows_1", "x"):
        with pytest.raises(UsageError, match="no records"):
            published.records("one", contract)
    with pytest.raises(UsageError, match="no records"):
        published.records("impact", "finding")
    with pytest.raises(UsageError, match="between 1 and"):
        published.records("one", "person", size=10**6)


# ---- the access file -------------------------------------------------------------------------------------------------

FILE = """
sign_in: {kind: proxy, trusted: [127.0.0.1]}
users:
  - {name: Ada@example.org, role: evaluator, programmes: all}
  - {name: bo@example.org, role: coordinator, programmes: [one], parts: {project_id: [alpha]}}
"""


def access(tmp_path: Path, text: str = FILE) -> Access:
    path = tmp_path / "access.yaml"
    path.write_text(text, encoding="utf-8")
    return read_access(path)


def test_the_file_says_who_may_see_what(tmp_path: Path) -> None:
    read = access(tmp_path)
    ada, bo = read.user("ada@EXAMPLE.org"), read.user("bo@example.org")
    assert ada is not None
    assert bo is not None
    assert ada.scope == EVERYTHING
    assert bo.scope == parts("coordinator", project_id="alpha")
    assert read.user("bo") is read.user("") is read.user(None) is None


@pytest.mark.parametrize(
    ("changed", "to", "told"),
    [
        ("kind: proxy", "kind: nobody", "'oidc', 'proxy'"),
        ("[127.0.0.1]", "[here]", "trusted"),
        (", trusted: [127.0.0.1]", "", "the field 'trusted' is missing"),
        ("role: evaluator", "role: owner", "'evaluator', 'investor', 'coordinator' or 'statistics_office'"),
        (", programmes: all", "", "the field 'programmes' is missing"),
        ("programmes: [one]", "programmes: all", "name the programmes"),
        ("bo@example.org", "ADA@example.org", "found twice: ada@example.org"),
        ("role: evaluator", "role: evaluator, rolle: x", "unknown field 'rolle'"),
        ("{kind: proxy, trusted: [127.0.0.1]}", "{kind: oidc, issuer: 'http://example.org', client_id: a, client_secret_env: S, address: 'https://i.org'}", "https://"),
        ("{kind: proxy, trusted: [127.0.0.1]}", "{kind: oidc, issuer: 'https://example.org', client_id: a, client_secret: b, address: 'https://i.org'}", "unknown field 'client_secret'"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, changed: str, to: str, told: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        access(tmp_path, FILE.replace(changed, to))
    assert "access.yaml:" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "example.org", "localhost.example.org"])  # noqa: S104
def test_listening_beyond_the_machine_needs_sign_in(tmp_path: Path, host: str) -> None:
    with pytest.raises(UsageError, match=r"docs/how-to/serve_the_app\.md"):
        refuse_exposed(host, None)
    refuse_exposed(host, access(tmp_path))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_the_machine_itself_needs_none(host: str) -> None:
    refuse_exposed(host, None)
    assert is_loopback(host)


# ---- the guard -------------------------------------------------------------------------------------------------------


def site(read: Access | None, **given: Any) -> flask.Flask:
    server = flask.Flask("site", static_folder=None)

    @server.route("/<path:path>", methods=["GET", "POST"])
    def show(path: str) -> str:
        scope = scope_of_request()
        return f"data for {scope.role} {sorted(scope.programmes or ())} {sorted(scope.parts)}"

    guard(server, read, **given)
    return server


def ask(server: flask.Flask, path: str = "/it/portfolio", *, sender: str = "127.0.0.1", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.test_client().get(path, headers=named, environ_base={"REMOTE_ADDR": sender})


def test_a_proxy_names_the_reader(tmp_path: Path) -> None:
    answer = ask(site(access(tmp_path)), X_Forwarded_User="BO@example.org")
    assert (answer.status_code, answer.text) == (200, "data for coordinator ['one'] ['project_id']")
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"X_Forwarded_User": "eve@example.org"},
        {"X_Forwarded_User": "eve@example.org, bo@example.org"},
        {"X_Forwarded_User": ""},
        {"X_Forwarded_User": "bo@example.org", "sender": "10.0.0.7"},
        {"X_Forwarded_User": "bo@example.org", "sender": "10.0.0.7", "X_Forwarded_For": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
        {"X_Forwarded_User": "bo@example.org", "sender": ""},
        {"X_Remote_User": "bo@example.org"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/it/portfolio", "/", "/assets/x.js", "/_dash-layout", "/sign-in", "/nowhere"])
def test_whoever_has_no_name_gets_nothing(tmp_path: Path, asked: dict[str, str], path: str) -> None:
    answer = ask(site(access(tmp_path)), path, **asked)
    assert answer.status_code == 403
    assert "data for" not in answer.text


@pytest.mark.parametrize(("path", "accept", "words"), [("/it/portfolio", "en", "Nessun accesso"), ("/en/x", "it", "No access"), ("/x", "en-GB", "No access"), ("/x", "fr", "Nessun accesso")])  # fmt: skip
def test_the_refusal_is_in_the_readers_language(tmp_path: Path, path: str, accept: str, words: str) -> None:
    answer = ask(site(access(tmp_path)), path, Accept_Language=accept, X_Forwarded_User="<b>eve</b>")
    assert words in answer.text
    assert "&lt;b&gt;eve" in answer.text


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://localhost:9"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200),
        ({}, 200),
    ],
)
def test_a_post_from_another_site_is_refused(
    tmp_path: Path, headers: dict[str, str], status: int, signed: bool
) -> None:
    server = site(access(tmp_path) if signed else None)
    answer = server.test_client().post("/it/x", headers=headers | {"X-Forwarded-User": "ada@example.org"})
    assert answer.status_code == status


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8050", 200), ("localhost", 200), ("[::1]:8050", 200), ("rebound.example:8050", 403)])  # fmt: skip
def test_without_sign_in_only_the_machine_by_its_own_name(host: str, status: int) -> None:
    answer = ask(site(None), Host=host)
    assert answer.status_code == status
    assert ("data for evaluator" in answer.text) is (status == 200)


def test_every_answer_has_the_headers(tmp_path: Path) -> None:
    for answer in (ask(site(None)), ask(site(access(tmp_path))), ask(site(None), "/")):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_scripts_are_named_by_hash() -> None:
    assert "script-src 'self' 'sha256-AAAA='" in content_policy(["'sha256-AAAA='"])
    with pytest.raises(ValueError, match="no hash"):
        content_policy(["'unsafe-inline'"])


def test_without_a_guard_nothing_is_in_scope() -> None:
    with flask.Flask("bare").app_context(), pytest.raises(RuntimeError, match="no guard"):
        scope_of_request()


# ---- the app, page by page -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> flask.Flask:
    """The app over two projects, with a reader of all rows and an investor in one project."""
    folder = tmp_path_factory.mktemp("served")
    frame = pd.DataFrame(
        {"person": range(120), "project_id": ["alpha", "beta"] * 60, "territory": ["hill", "south"] * 60}
    )
    made = frame.assign(y=frame["project_id"].map({"alpha": 3.25, "beta": 8.7583}))
    cuts = {"scope": ["project_id"], "by": ["territory"]}
    target = {"value": 4, "due": "2019", "origin": {"note": "made"}}
    declared = written(folder / "made", made, [indicator("n", ex_ante={"target": target}, **cuts)])
    codes = [{"code": code, "title": code} for code in ("alpha", "beta")]
    more = {
        "contracts": f"codelists: [{{id: projects, title: Projects, codes: {codes}}}]",
        "programme": "projects: {column: project_id, codelist: projects}",
    }
    for name, text in more.items():
        with (declared / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
    ran(declared).close()
    told = FILE.replace("role: coordinator, programmes: [one]", "role: investor, programmes: [made]")
    server: flask.Flask = create_app(folder / "made.duckdb", access=access(folder, told), key="k" * 32).server
    return server


KINDS = {name: FORMATS[name.removeprefix(".")].media_type for name in (".parquet", ".xlsx")}
"""Of the files of a ZIP that are no text."""


def text_of(content: bytes, kind: str) -> str:
    """Return what can be read of a file, whatever its form."""
    if kind == "application/zip":
        with zipfile.ZipFile(io.BytesIO(content)) as files:
            kinds = {name: KINDS.get(Path(name).suffix, "") for name in files.namelist()}
            return "\n".join(f"{name}\n{text_of(files.read(name), kinds[name])}" for name in kinds)
    if kind == KINDS[".xlsx"]:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return str({name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names})
    if kind == "application/vnd.apache.parquet":
        table = parquet.read_table(io.BytesIO(content))
        return f"{table.schema.metadata} {table.to_pylist()}"
    return content.decode()


def crawled(server: flask.Flask, reader: str) -> dict[str, str]:
    """Return what a reader gets by following every link, each page also as the callback answers it."""
    browser, todo, got = server.test_client(), ["/en/portfolio", "/it/monitoring/made", "/it/nowhere"], dict[str, str]()
    while todo and len(got) < 250:
        path = todo.pop(0)
        answer = browser.get(path, headers={"X-Forwarded-User": reader})
        assert answer.status_code in (200, 302, 404), path
        got[path] = text_of(answer.data, answer.mimetype)
        if answer.mimetype == "text/html":
            wanted = {"id": "page", "property": "address", "value": path}
            asked = {"output": "page.content", "outputs": {"id": "page", "property": "content"}, "inputs": [wanted]}
            called = browser.post("/_dash-update-component", json=asked, headers={"X-Forwarded-User": reader})
            got[f"callback {path}"] = called.text
            links = re.findall(r'(?:href|data-plot)="(/(?:en|it)/[^"#]*)', answer.text)
            todo += [link for each in links if (link := html.unescape(each)) not in (*got, *todo)]
    return got


def test_no_page_file_or_filter_holds_another_part(served: flask.Flask) -> None:
    got = crawled(served, "bo@example.org")
    assert len(got) > 40
    for page in ("portfolio", "indicator/made", "explore/made", "export/made", "home", "project/made/alpha"):
        assert "3.25" in got[f"/en/{page}"], page
    assert any(path.endswith(".csv") and "3.25" in text for path, text in got.items())
    for path, text in got.items():
        assert not [word for word in ("beta", "south", "8.7583", "8,7583", "8.76", "8,76") if word in text], path


def test_another_reader_of_the_same_app_sees_it_all(served: flask.Flask) -> None:
    browser = served.test_client()
    pages = [
        browser.get(f"/en/portfolio?cut={cut}", headers={"X-Forwarded-User": "ada@example.org"}).text
        for cut in ("project_id", "territory")
    ]
    assert all(any(word in text for text in pages) for word in ("beta", "south", "8.76"))
    other = browser.get("/en/project/made/beta", headers={"X-Forwarded-User": "ada@example.org"})
    assert (other.status_code, "8.76" in other.text) == (200, True)


# ---- OpenID Connect --------------------------------------------------------------------------------------------------

HOME = "https://impact.example"


class FakeIssuer:
    """An issuer on the loopback address that vouches for whatever a test sets."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {}
        self.signer = self.key
        self.named = ""
        app = flask.Flask("issuer")
        app.add_url_rule("/.well-known/openid-configuration", "configuration", self.configuration)
        app.add_url_rule("/keys", "keys", lambda: {"keys": [self.key.as_dict(private=False)]})
        app.add_url_rule("/authorize", "authorize", self.authorize)
        app.add_url_rule("/token", "token", self.token, methods=["POST"])
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def configuration(self) -> dict[str, Any]:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        urls = {name: f"{self.url}/{path}" for name, path in places.items()}
        return {"issuer": self.named or self.url, "id_token_signing_alg_values_supported": ["RS256"], **urls}

    def authorize(self) -> Any:
        asked = flask.request.args
        self.codes["the-code"] = dict(asked)
        return flask.redirect(f"{asked['redirect_uri']}?code=the-code&state={asked['state']}")

    def token(self) -> dict[str, Any]:
        assert flask.request.authorization is not None
        assert (flask.request.authorization.username, flask.request.authorization.password) == ("app", "hush")
        assert flask.request.form["code_verifier"]
        asked, now = self.codes[flask.request.form["code"]], int(time.time())
        claims = {"iss": self.url, "aud": "app", "sub": "7", "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        claims |= {"email": "bo@example.org", "email_verified": True} | self.claims
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signer)
        return {"access_token": "a", "token_type": "Bearer", "id_token": signed}


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    fake = FakeIssuer()
    thread = threading.Thread(target=fake.server.serve_forever)
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join()
    fake.server.server_close()


@pytest.fixture
def signing(issuer: FakeIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> flask.Flask:
    monkeypatch.setenv("IMPACT_TEST_SECRET", "hush")
    told = f"{{kind: oidc, issuer: '{issuer.url}', client_id: app, client_secret_env: IMPACT_TEST_SECRET, address: '{HOME}'}}"
    return site(access(tmp_path, FILE.replace("{kind: proxy, trusted: [127.0.0.1]}", told)), key="k" * 32)


def signed_in(server: flask.Flask, onward: str = "/en/portfolio?status=short") -> tuple[Any, Any]:
    """Return a browser that went through the sign-in, and the answer of the app to its return."""
    browser = server.test_client()
    away = browser.get("/sign-in", query_string={"next": onward}, base_url=HOME)
    assert away.status_code == 302
    back = requests.get(away.location, allow_redirects=False, timeout=5).headers["Location"]
    return browser, browser.get(back, base_url=HOME)


def test_a_reader_signs_in_and_out(signing: flask.Flask) -> None:
    browser, answer = signed_in(signing)
    assert (answer.status_code, answer.location) == (302, "/en/portfolio?status=short")
    cookie = answer.headers["Set-Cookie"]
    assert all(
        word in cookie for word in ("__Host-impact=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Expires=")
    )
    assert browser.get("/it/x", base_url=HOME).text == "data for coordinator ['one'] ['project_id']"
    assert browser.post("/sign-out", base_url=HOME, headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.get("/it/x", base_url=HOME).status_code == 200
    assert browser.post("/sign-out", base_url=HOME, headers={"Origin": HOME}).status_code == 200
    assert browser.get("/it/x", base_url=HOME).status_code == 401


@pytest.mark.parametrize("path", ["/it/portfolio?status=short", "/_dash-layout", "/assets/a.js", "/", "/sign-in/other"])
def test_without_a_session_there_is_only_the_way_in(signing: flask.Flask, path: str) -> None:
    answer = signing.test_client().get(path, base_url=HOME)
    assert answer.status_code == 401
    assert "data for" not in answer.text
    assert "/sign-in?next=" in answer.text
    assert signing.test_client().post(path, base_url=HOME).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": "another", "azp": "app"},
        {"exp": int(time.time()) - 3600},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": None},
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    issuer: FakeIssuer, signing: flask.Flask, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    browser, answer = signed_in(signing)
    assert answer.status_code == 403
    assert "Sign-in failed" in answer.text or "Accesso non riuscito" in answer.text
    assert browser.get("/it/x", base_url=HOME).status_code == 401


def test_a_token_of_another_key_is_refused(issuer: FakeIssuer, signing: flask.Flask) -> None:
    issuer.signer = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
    assert signed_in(signing)[1].status_code == 403


def test_a_reader_who_is_not_listed_is_told(issuer: FakeIssuer, signing: flask.Flask) -> None:
    issuer.claims = {"email": "eve@example.org"}
    browser, _ = signed_in(signing)
    answer = browser.get("/en/portfolio", base_url=HOME)
    assert answer.status_code == 403
    assert "eve@example.org is not in the list of readers" in answer.text


@pytest.mark.parametrize(
    "query", ["code=the-code&state=forged", "code=the-code", "state=forged", "", "error=access_denied"]
)
def test_a_callback_that_nobody_began_is_refused(issuer: FakeIssuer, signing: flask.Flask, query: str) -> None:
    browser = signing.test_client()
    away = browser.get("/sign-in", base_url=HOME)
    requests.get(away.location, allow_redirects=False, timeout=5)
    assert browser.get(f"/sign-in/callback?{query}", base_url=HOME).status_code == 403
    assert browser.get("/it/x", base_url=HOME).status_code == 401


def test_a_sign_in_begun_elsewhere_is_refused(signing: flask.Flask) -> None:
    begun = signing.test_client().get("/sign-in", base_url=HOME)
    back = requests.get(begun.location, allow_redirects=False, timeout=5).headers["Location"]
    assert signing.test_client().get(back, base_url=HOME).status_code == 403


def test_an_issuer_that_is_away_is_told(issuer: FakeIssuer, signing: flask.Flask) -> None:
    issuer.server.shutdown()
    issuer.server.server_close()
    assert signing.test_client().get("/sign-in", base_url=HOME).status_code == 403


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\t//evil.example", "javascript:alert(1)", ""],
)
def test_the_way_on_stays_in_the_app(signing: flask.Flask, onward: str) -> None:
    assert signed_in(signing, onward)[1].location == "/"


def test_where_to_come_back_does_not_go_by_the_request(signing: flask.Flask) -> None:
    away = signing.test_client().get("/sign-in", base_url="https://evil.example")
    assert parse_qs(urlsplit(away.location).query)["redirect_uri"] == [f"{HOME}/sign-in/callback"]


def test_a_cookie_of_another_key_is_no_session(issuer: FakeIssuer, signing: flask.Flask) -> None:
    browser, _ = signed_in(signing)
    signing.secret_key = "o" * 32
    assert browser.get("/it/x", base_url=HOME).status_code == 401


def test_secrets_come_from_the_environment(issuer: FakeIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = f"{{kind: oidc, issuer: '{issuer.url}', client_id: app, client_secret_env: IMPACT_TEST_SECRET, address: '{HOME}'}}"
    read = access(tmp_path, FILE.replace("{kind: proxy, trusted: [127.0.0.1]}", told))
    monkeypatch.delenv("IMPACT_TEST_SECRET", raising=False)
    with pytest.raises(UsageError, match="IMPACT_TEST_SECRET is not set"):
        site(read)
    monkeypatch.setenv("IMPACT_SESSION_KEY", "short")
    with pytest.raises(UsageError, match="32 characters"):
        session_key()
    monkeypatch.setenv("IMPACT_SESSION_KEY", "e" * 32)
    assert (session_key(), session_key("g" * 32)) == ("e" * 32, "g" * 32)
    monkeypatch.delenv("IMPACT_SESSION_KEY")
    assert session_key() != session_key()


# ---- CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t1", "\r1"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["\t=1", "\r=1"])
def test_what_begins_after_a_mark_is_made_text_too(text: str) -> None:
    assert safe_cell(text) == f"'{text[0]}'{text[1:]}"


@pytest.mark.parametrize("value", ["a=1", "", "'=1", -1, -1.5, None, True, float("-inf")])
def test_other_cells_stay_as_they_are(value: Any) -> None:
    assert safe_cell(value) is value
