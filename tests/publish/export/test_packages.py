"""CSV with its description: read back and held to it by csvw and frictionless, which are not ours."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from csvw.metadata import TableGroup

from impact.publish.export import SOURCES, export_programme
from impact.publish.export.tables import OBSERVATIONS
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE
from impact.store import Warehouse, open_reader
from tests.cases.test_disclose import OF_A_RUN, projects
from tests.support.hostile import hostile_database
from tests.support.shipped import SHIPPED, shipped_database

DESCRIBED = {"frictionless": "datapackage.json", "csvw": "csv-metadata.json"}
NAMES = (*SOURCES, OBSERVATIONS)


def frictionless_problems(folder: Path) -> list[str]:
    from frictionless import validate  # noqa: PLC0415 - takes a second to import

    report = validate(str(folder / DESCRIBED["frictionless"]))
    return [error.type for task in report.tasks for error in task.errors] + [error.type for error in report.errors]


def csvw_problems(folder: Path) -> list[str]:
    problems = []
    for table in TableGroup.from_file(folder / DESCRIBED["csvw"]).tables:
        try:
            list(table.iterdicts(strict=True))
            table.check_primary_key()
        except ValueError as error:
            problems.append(str(error))
    return problems


PROBLEMS = {"frictionless": frictionless_problems, "csvw": csvw_problems}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def packages(shipped: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the packages of a programme."""
    folder = tmp_path_factory.mktemp("packages")
    for form in DESCRIBED:
        export_programme(shipped, "wecare", folder / form, form=form)
    return folder


@pytest.mark.parametrize("form", DESCRIBED)
def test_packages_of_all_shipped_programmes_are_valid(
    shipped: Warehouse, tmp_path: Path, form: str, subtests: pytest.Subtests
) -> None:
    for programme in SHIPPED:
        with subtests.test(programme=programme):
            export_programme(shipped, programme, tmp_path / programme, form=form)
            assert PROBLEMS[form](tmp_path / programme) == []


@pytest.mark.parametrize("form", DESCRIBED)
def test_hidden_cells_are_missing_in_a_valid_package(tmp_path_factory: pytest.TempPathFactory, form: str) -> None:
    """Four or six persons in a small project: the files are the same, but for names and times of runs."""
    read = []
    for small in (4, 6):
        folder = tmp_path_factory.mktemp("hidden")
        with open_reader(projects(folder / "one", small)) as warehouse:
            export_programme(warehouse, "p", folder / "p", form=form)
        assert PROBLEMS[form](folder / "p") == []
        texts = {path.name: OF_A_RUN.sub("*", path.read_text()) for path in sorted((folder / "p").iterdir())}
        read.append({name: re.sub(r'"bytes": \d+|"hash": "[^"]*"', "*", text) for name, text in texts.items()})
    assert read[0] == read[1]


@pytest.mark.parametrize("form", DESCRIBED)
def test_hostile_text_is_in_a_valid_package(tmp_path: Path, form: str) -> None:
    with open_reader(hostile_database(tmp_path)) as warehouse:
        export_programme(warehouse, "made", tmp_path / "x", form=form)
    assert PROBLEMS[form](tmp_path / "x") == []


def test_frictionless_reads_what_readers_see(shipped: Warehouse, packages: Path) -> None:
    from frictionless import Package  # noqa: PLC0415 - takes a second to import

    findings = ReaderTables(shipped, OUTSIDE).findings("wecare")
    read = Package(str(packages / "frictionless" / "datapackage.json")).get_resource("findings").read_rows()
    assert [row["finding"] for row in read] == list(findings["finding"])
    assert [row["suppressed"] for row in read] == list(findings["suppressed"])
    values = [None if math.isnan(value) else value for value in findings["value"]]
    assert [None if row["value"] is None else float(row["value"]) for row in read] == values
    assert [row["flags"] or [] for row in read] == [list(flags) for flags in findings["flags"]]


def test_csvw_reads_what_readers_see(shipped: Warehouse, packages: Path) -> None:
    findings = ReaderTables(shipped, OUTSIDE).findings("wecare")
    group = TableGroup.from_file(packages / "csvw" / "csv-metadata.json")
    read = list(group.tabledict["findings.csv"].iterdicts())
    assert [row["finding"] for row in read] == list(findings["finding"])
    assert [row["suppressed"] for row in read] == list(findings["suppressed"])
    assert [row["value"] for row in read] == [None if math.isnan(value) else value for value in findings["value"]]
    assert [row["flags"] for row in read] == [list(flags) for flags in findings["flags"]]


def test_every_key_stands_once_and_the_description_says_whose_data_they_are(packages: Path) -> None:
    package = json.loads((packages / "frictionless" / "datapackage.json").read_text())
    assert [resource["name"] for resource in package["resources"]] == list(NAMES)
    keyless = {one["name"] for one in package["resources"] if "primaryKey" not in one["schema"]}
    assert keyless == {"terms", "network_ties", "map", "unmapped", "deliveries"}
    assert package["sources"]
    assert package["version"]
    for resource in package["resources"]:
        content = (packages / "frictionless" / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
    described = json.loads((packages / "csvw" / "csv-metadata.json").read_text())["tables"]
    assert {one["url"].removesuffix(".csv") for one in described if "primaryKey" not in one["tableSchema"]} == keyless
    assert all(one["dc:source"] for one in described)


def test_publisher_and_licence_are_those_that_are_declared(shipped: Warehouse, tmp_path: Path) -> None:
    publisher, licence = ReaderTables(shipped, OUTSIDE).rights("wecare")
    export_programme(shipped, "wecare", tmp_path / "x", form="csvw", names=["waves"])
    (table,) = json.loads((tmp_path / "x" / "csv-metadata.json").read_text())["tables"]
    assert (table.get("dc:publisher", ""), table.get("dc:license", "")) == (publisher, licence)


# ---- single defects --------------------------------------------------------------------------------------------------

Rows = list[list[str]]


def put(column: str, value: str, line: int = 1) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[line][rows[0].index(column)] = value

    return change


MUTANTS: dict[str, tuple[str, Callable[[Rows], Any]]] = {
    "a code that there is not": ("variables", put("type", "string")),
    "a decimal comma": ("findings", put("value", "0,5")),
    "no key": ("waves", put("place", "")),
    "a key twice": ("nodes", lambda rows: rows.append(rows[1])),
    "a truth in other words": ("quality", put("required", "yes")),
    "a day in another order": ("waves", put("last_day", "31/12/2020")),
    "half a whole number": ("waves", put("place", "1.5")),
    "no moment": ("loads", put("loaded_at", "yesterday")),
    "another header": ("waves", lambda rows: rows[0].__setitem__(0, "project")),
    "no truth where there must be one": ("loads", put("current", "")),
}


@pytest.mark.parametrize("form", DESCRIBED)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_package_with_one_defect_is_rejected(packages: Path, tmp_path: Path, form: str, name: str) -> None:
    table, change = MUTANTS[name]
    folder = tmp_path / form
    folder.mkdir()
    description = json.loads((packages / form / DESCRIBED[form]).read_text())
    parts = "tables" if form == "csvw" else "resources"
    description[parts] = [one for one in description[parts] if one.get("url", one.get("path")) == f"{table}.csv"]
    for one in description[parts]:
        one.pop("hash", None)  # a defect is to be found, not that the file is another
        one.pop("bytes", None)
    (folder / DESCRIBED[form]).write_text(json.dumps(description))
    shutil.copy(packages / form / f"{table}.csv", folder)
    assert PROBLEMS[form](folder) == []
    path = folder / f"{table}.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.reader(handle))
    change(rows)
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(rows)
    assert PROBLEMS[form](folder)


def test_a_code_that_a_key_or_an_enumeration_has_not_is_found_by_its_name(packages: Path) -> None:
    package = json.loads((packages / "frictionless" / "datapackage.json").read_text())
    (variables,) = (one for one in package["resources"] if one["name"] == "variables")
    fields = {field["name"]: field for field in variables["schema"]["fields"]}
    assert fields["type"]["constraints"]["enum"] == ["text", "code", "integer", "number", "boolean", "date"]
    assert variables["schema"]["primaryKey"] == ["programme", "contract", "column"]
    assert find_spec("frictionless")
