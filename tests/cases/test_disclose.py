"""Nothing about a few persons leaves by any door: A10, A11, A12, at every page, file, table, trace and report.

Hidden rows hold nothing, an attacker who knows the limits of values computes nothing; and two programmes that differ only
in what may not be known are the same at every door, for every role: a reader of one cannot know that it is not the other.
"""

from __future__ import annotations

import inspect
import io
import json
import math
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
from impact_dashboards.page.address import ENDINGS, Address, read_address
from impact_dashboards.page.view import View
from impact_dashboards.pages import PAGES
from impact_dashboards.server.app import Site
from impact_dashboards.server.files import block_file
from impact_dashboards.server.report import report_html
from python_calamine import CalamineWorkbook

from impact.declare import load_programme
from impact.drawing.markup import to_html
from impact.publish import read_table, trace_finding
from impact.publish.inventory import columns_of
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING, ROLES, Scope
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.tables.columns import Holds
from impact.tables.files import Load, Quality
from impact.tables.results import Measure
from impact.words import words_in
from tests.cases.run import BUGS
from tests.support.attack import told
from tests.support.views import DAY, drawn

BOUNDS = BUGS / "10_suppressed_value_from_bounds"
PROTECTED = {
    *(name for table in ("finding", "measure") for name in columns_of(table, Holds.COUNT, Holds.STATISTIC)),
    *("inference", "not_estimable"),
}
ROWS = ("records", "quarantine", "record_contracts", "count_records", "record_columns")
"""What shows rows, to those who may see rows."""
OF_A_RUN = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<![0-9a-f])[0-9a-f]{12,64}(?![0-9a-f])|\b\d{8}T\d{6}\d*\b|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.?\d*"
    r"|\d{10,}-[0-9a-f]{6,}"
)
"""Hashes, names and times of runs and loads."""


def pages(published: ReaderTables) -> Iterator[str]:
    """Yield the addresses of what is published, parts of indicators among them."""
    for programme in published.programmes:
        for page in PAGES:
            yield f"/en/{page}?programme={programme}" if PAGES[page].has_content is None else f"/en/{page}/{programme}"
        yield from (f"/en/project/{programme}/{code}" for code in published.projects(programme)["code"])
        for row in published.findings(programme).to_dict("records"):
            part = row["finding"].removeprefix(f"{programme}/{row['indicator']}").strip("/")
            yield f"/en/indicator/{programme}/{row['indicator']}" + (f"?part={part}" if part else "")
        for contract in published.quality(programme)["contract"].unique():
            yield f"/en/monitoring/{programme}?answers={contract}"


def doors(db: Path, scope: Scope, forms: tuple[str, ...] = tuple(ENDINGS)) -> dict[str, str]:
    """Return all that leaves for a reader, by where it leaves, without the names of runs and times."""
    found: dict[str, str] = {}
    with Site(db).reader.edition().open() as warehouse:
        published = ReaderTables(warehouse, scope, {})
        for path in pages(published):
            view = View(published, words_in("en"), _address(path), DAY)
            page = PAGES[view.address.page].content(view)
            page = replace(page, blocks=[block for block in page.blocks if block.id not in ROWS])
            found[path] = to_html(drawn(view, page)) if len(forms) > 1 else ""
            for block in page.blocks:
                for form in forms:
                    file = replace(view, address=_address(view.address.file(block.id, form)))
                    found[f"{path} {block.id}{form}"] = written(block_file(file, page, "one") or b"", form)
        found |= tables(published)
    return {name: OF_A_RUN.sub("*", text) for name, text in found.items()}


def written(content: bytes, form: str) -> str:
    """Return what is in a file as text, whatever its format."""
    if form.endswith(".zip") and content:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "".join(written(archive.read(name), name) for name in archive.namelist())
    if form.endswith(".xlsx") and content:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return json.dumps({name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}, default=str)
    if form.endswith(".parquet") and content:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        return json.dumps([table.to_pylist(), table.schema.to_string()], default=str)
    return content.decode("utf-8", errors="replace")


def _address(path: str) -> Address:
    address = read_address(path)
    assert address is not None
    return address


def tables(published: ReaderTables) -> dict[str, str]:
    """Return every table of the reader's, and every trace."""
    found = {}
    for name, method in inspect.getmembers(ReaderTables, inspect.isfunction):
        wanted = list(inspect.signature(method).parameters)[1:]
        if not name.startswith("_") and name not in ROWS and wanted == ["programme"]:
            for programme in published.programmes:
                table = getattr(published, name)(programme)
                shown = table if isinstance(table, tuple) else (table,)
                found[name] = "\n".join(map(as_text, shown))
    for finding in published.findings()["finding"]:
        found[f"trace {finding}"] = json.dumps(published.trace(finding).plain(), default=str)
    return found


def as_text(table: object) -> str:
    """Return what a reader's table says, all of it."""
    frame = table.to_pandas() if isinstance(table, pa.Table) else table
    return frame.to_csv() if isinstance(frame, pd.DataFrame) else str(frame)


def same_at_every_door(one: Path, other: Path) -> None:
    """Compare pages and files as an investor has them, tables and traces of all roles, and the report."""
    here, there = (doors(db, Scope(None, {}, "investor")) for db in (one, other))
    assert here.keys() == there.keys()
    assert [name for name, text in here.items() if text != there[name]] == []
    for role in set(ROLES) - {"investor"}:
        of = [_tables_at(db, Scope(None, {}, role)) for db in (one, other)]
        assert [name for name, text in of[0].items() if text != of[1][name]] == [], role
    assert OF_A_RUN.sub("*", report_html(one, "p", "it", appendix=True)) == OF_A_RUN.sub(
        "*", report_html(other, "p", "it", appendix=True)
    )


def _tables_at(db: Path, scope: Scope) -> dict[str, str]:
    with Warehouse(db, read_only=True) as warehouse:
        return {name: OF_A_RUN.sub("*", text) for name, text in tables(ReaderTables(warehouse, scope, {})).items()}


def run_at(folder: Path) -> Path:
    db = folder.parent / f"{folder.name}.duckdb"
    with Warehouse(db) as warehouse:
        run_programme(load_programme(folder), warehouse)
    return db


def hidden(db: Path) -> set[str]:
    with Warehouse(db, read_only=True) as warehouse:
        findings = ReaderTables(warehouse).findings("p")
    return set(findings.loc[findings["suppressed"] != "", "finding"])


def shown(db: Path, indicator: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the measures of an indicator by code, as they are and as a reader sees them."""
    with Warehouse(db, read_only=True) as warehouse:
        both = (read_table(warehouse, Measure, "p"), ReaderTables(warehouse).measures("p"))
        true, seen = (each[each["indicator"] == indicator].set_index("scope_value") for each in both)
    return true, seen


def no_number_of_hidden_rows(db: Path, codes: set[str]) -> None:
    """Look through all files for rows of hidden parts: no number stands in them."""
    for name, text in doors(db, Scope(None, {}, "investor"), (".csv",)).items():
        if name.endswith(".csv") and text:
            table = pd.read_csv(io.StringIO(text), dtype=str)
            if "suppressed" in table:
                hidden_rows = table[table["suppressed"].notna()]
                held = [column for column in hidden_rows if column in PROTECTED and hidden_rows[column].notna().any()]
                assert held == [], name
            if {"scope_value", "suppressed"} <= set(table):
                assert set(table.loc[table["suppressed"].notna(), "scope_value"].dropna()) <= codes


# ---- A10, A11 --------------------------------------------------------------------------------------------------------


def test_values_at_their_limits_are_no_key_to_hidden_cells(tmp_path: Path) -> None:
    """Region 53 of 73 and D1 20 of 40 gave D2 and D3 away, and so did 1,180 of 1,180: D1 is hidden too."""
    db = run_at(Path(shutil.copytree(BOUNDS, tmp_path / "bounds")))
    assert hidden(db) == {f"p/{name}/d={code}" for name in ("ill", "aid") for code in ("D1", "D2", "D3")}
    totals = {"": ["R1", "R2"], "R1": ["D1", "D2", "D3"], "R2": ["D4", "D5"]}
    for indicator, limits, sums in (("ill", (0.0, 1.0), False), ("aid", (0.0, math.inf), True)):
        true, seen = shown(db, indicator)
        assert told(true, seen, totals, limits, sums=sums) == []
        before = seen.assign(n=seen["n"].where(seen.index != "D1", 40))  # as it was: D1 was published
        assert ("mean", "D3") in told(true, before, totals, limits, sums=sums)
    no_number_of_hidden_rows(db, {"D1", "D2", "D3"})


@pytest.mark.parametrize(
    ("yes", "off"),
    [
        pytest.param({"A": 0, "B": 0, "C": 3}, {"A", "B", "C"}, id="a remainder of none: C too"),
        pytest.param({"A": 4, "B": 12, "C": 3}, {"A", "B", "C"}, id="a remainder of all: C too"),
        pytest.param({"A": 1, "B": 2, "C": 0}, {"A", "B"}, id="some in either"),
        pytest.param(
            {"A": 0, "B": 0, "C": 0}, {"", "A", "B"}, id="nobody at all: no other part covers it, the total goes"
        ),
        pytest.param({"A": 0, "B": 12, "C": 0}, {"A", "B"}, id="one at either end"),
    ],
)
def test_a_remainder_at_its_limit_is_hidden_further(tmp_path: Path, yes: dict[str, int], off: set[str]) -> None:
    sizes = {"A": 4, "B": 12, "C": 44}
    rows = [{"pid": f"{code}{i}", "d": code, "ill": i < yes[code]} for code, n in sizes.items() for i in range(n)]
    db = made(tmp_path / "made", {"raw/s.csv": pd.DataFrame(rows)}, [share("ill", scope=["d"])], key=["pid"])
    true, seen = shown(db, "ill")
    assert set(seen.index[seen["n"].isna()]) == off
    assert told(true, seen, {"": list(sizes)}, (0.0, 1.0), sums=False) == []


# ---- A12 -------------------------------------------------------------------------------------------------------------


def made(
    folder: Path,
    files: dict[str, pd.DataFrame],
    indicators: list[dict[str, Any]],
    *,
    key: list[str],
    wave: str | None = None,
    claims: list[dict[str, Any]] | None = None,
) -> Path:
    """Write a programme of persons whose rows come in files, and run it."""
    kinds = {"b": "boolean", "i": "integer", "f": "number"}
    rows = pd.concat(files.values())
    columns = {str(name): {"type": kinds.get(rows[name].dtype.kind, "text"), "required": name in key} for name in rows}
    contract = {"id": "s", "title": "s", "unit_of_analysis": "person", "key": key, "person": "pid", "columns": columns}
    waves = [{"id": "before", "title": "Before", "date": "2020-06", "role": "baseline"},
             {"id": "after", "title": "After", "date": "2021-06", "role": "end_line"}]  # fmt: skip
    node = {"id": "n", "stage": "outcome", "level": "micro", "horizon": "short", "title": "n"}
    header = {"id": "p", "title": "p", "summary": "s", "territory": "t", "period": {"start": "2020", "end": "2024"},
              "theory_of_change": {"nodes": [node]}, "waves": waves if wave else []}  # fmt: skip
    sources = [{"id": f"of_{Path(name).stem}", "file": name, "contract": "s",
                "provenance": {"title": Path(name).stem, "kind": "synthetic", "generator": "case"}} for name in files]  # fmt: skip
    written = {"programme": header, "indicators": {"indicators": indicators}, "sources": {"sources": sources}}
    written |= {"contracts": {"contracts": [contract | ({"wave": wave} if wave else {})]}}
    written |= {"claims": {"claims": claims}} if claims else {}
    (folder / "raw").mkdir(parents=True)
    for name, content in written.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False))
    for name, frame in files.items():
        frame.to_csv(folder / name, index=False)
    return run_at(folder)


def declared(name: str, formula: dict[str, Any], **fields: Any) -> dict[str, Any]:
    told = {"id": name, "title": name, "node": "n", "level": "micro", "unit": "u", "direction": "increase"}
    return told | {"contract": "s", "formula": formula, "ex_post": {"period": "2021-12"}} | fields


def share(name: str, **fields: Any) -> dict[str, Any]:
    return declared(name, {"kind": "proportion", "of": {"column": name, "equals": True}}, **fields)


def projects(folder: Path, small: int) -> Path:
    """Write a file per project; of 76 persons so many are in the small one, whose questions nobody else was asked."""
    people = pd.DataFrame({"pid": [f"P{i:03}" for i in range(76)]})
    place = people.index.to_series()
    people["project"] = ["small" if i < small else "middle" if i < 16 else "large" for i in place]
    people["y"], people["ok"] = place * 37 % 11 * 1.0, place % 3 == 0
    before = people.assign(wave="before")
    after = people[(place < 16) | (place % 4 > 0)].assign(wave="after", y=people["y"] + place % 5)
    rows = pd.concat([before, after], ignore_index=True)
    rows["own"] = rows["y"].where(rows["project"] == "small")
    rows["others"] = rows["y"].where(rows["project"] != "small")
    files = {f"raw/{name}.csv": rows[rows["project"] == name] for name in ("small", "middle", "large")}
    after_wave = {"ex_post": {"wave": "after"}, "ex_ante": {"baseline": {"wave": "before"}}, "by": ["project"]}
    indicators = [
        share("ok", **after_wave),
        declared("level", {"kind": "mean", "column": "y"}, **after_wave),
        declared("gain", {"kind": "change", "of": {"kind": "mean", "column": "y"}, "since": "before"}, by=["project"],
                 ex_post={"wave": "after"}),
        declared("own", {"kind": "mean", "column": "own"}, **after_wave),
    ]  # fmt: skip
    claims = [
        {"id": "few", "title": "persons of the small project", "level": "micro", "unit": "persons",
         "stated": {"value": 5, "origin": {"note": "made"}},
         "recompute": {"count": {"contract": "s", "where": [{"column": "project", "equals": "small"}]}}},
    ]  # fmt: skip
    return made(folder, files, indicators, key=["pid", "wave"], wave="wave", claims=claims)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return projects(tmp_path_factory.mktemp("projects") / "one", 4)


def test_a_file_of_its_own_gives_no_small_project_away(small: Path, tmp_path: Path) -> None:
    """Four or six persons in it: lines, files, answers, those who came back and claims are the same of both."""
    same_at_every_door(small, projects(tmp_path / "other", 6))


def test_what_is_hidden_beside_the_tables_and_what_is_not(small: Path) -> None:
    with Warehouse(small, read_only=True) as warehouse:
        published = ReaderTables(warehouse, Scope(None, {}, "investor"))
        assert published.validity("p")[["rows_read", "rows_good", "rows_bad", "share_good"]].isna().all(axis=None)
        assert published.loads("p")[["size", "changed"]].isna().all(axis=None)
        answers = published.quality("p").set_index(["column", "wave"])
        assert answers.loc[["own", "others"], ["answered", "missing"]].isna().all(axis=None)
        assert answers.loc[("y", "before"), ["rows", "answered"]].tolist() == [76, 76]
        (claim,) = published.claims("p").to_dict("records")
        assert (claim["state"], claim["rows_used"]) == ("not_recomputable", "[]")
        assert pd.isna(claim["recomputed"])
        trace = published.trace("p/level")
        assert {(file.rows_used, file.first_lines) for file in trace.files} == {(None, ())}
        whole = ReaderTables(warehouse, EVERYTHING).findings("p").set_index("finding").loc["p/level"]
        assert (whole["suppressed"], whole["n"]) == ("", 61)


def test_the_holder_of_the_database_sees_all_of_it(small: Path) -> None:
    with Warehouse(small, read_only=True) as warehouse:
        assert set(read_table(warehouse, Load, "p")["rows_good"]) == {8, 24, 105}
        assert 4 in set(read_table(warehouse, Quality, "p")["missing"])
        assert [file.rows_used for file in trace_finding(warehouse, "p/level").files] == [105, 24, 8]
