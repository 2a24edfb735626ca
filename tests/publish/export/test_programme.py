"""ReaderTables tables of a programme as files: what readers see, all of it and no more, by command and from Python."""

from __future__ import annotations

import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from impact_dashboards.page.address import _endings, read_address
from impact_dashboards.server.app import create_app

import impact
from impact.cli.main import main
from impact.errors import ProblemsError, UsageError
from impact.publish.export import FORMATS, SOURCES, Takes, all_formats, export_programme, export_tables
from impact.publish.export.tables import OBSERVATIONS
from impact.publish.published import ReaderTables
from impact.publish.rows import json_value
from impact.publish.scope import OUTSIDE
from impact.store import Warehouse, open_reader
from impact.tables.results import Measure
from impact.words import LANGUAGES, words_in
from impact.words.said import Said
from tests.cases.test_disclose import projects
from tests.publish.export.reading import arrow_rows, described_csv, records
from tests.support.packages import package
from tests.support.programmes import template

TYPES = [name for name, form in FORMATS.items() if form.takes is Takes.TABLE]
WRITTEN = (*SOURCES, OBSERVATIONS)
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database of a programme of persons, of whom few stand behind some cells."""
    return projects(tmp_path_factory.mktemp("export") / "one", 4)


@pytest.fixture(scope="module")
def warehouse(db: Path) -> Iterator[Warehouse]:
    with open_reader(db) as opened:
        yield opened


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, db: Path) -> Run:
    """Return what runs `impact export p` in an empty folder, and gives its exit code and all it says."""
    monkeypatch.chdir(tmp_path)

    def export(*words: str, programme: str = "p") -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["impact", "export", programme, "--db", str(db), *words])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return export


def files_in(path: Path) -> dict[str, bytes]:
    """Return the files of a ZIP or a folder by name."""
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def seen(published: ReaderTables, name: str) -> list[dict[str, Any]]:
    """Return a table as readers see it, as JSON has its values."""
    frame = SOURCES[name].read(published, "p")
    return [{str(key): json_value(written(value)) for key, value in row.items()} for row in frame.to_dict("records")]


def written(value: Any) -> Any:
    """Return a sentence in English; any other value stays."""
    return str(value) if isinstance(value, Said) else value


def as_json(rows: list[dict[str, Any]], days: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return rows as JSON has them; a day has no hour in an export, and one in a frame."""
    plain = [{key: json_value(value) for key, value in row.items()} for row in rows]
    return [{key: f"{v}T00:00:00" if key in days and v else v for key, v in row.items()} for row in plain]


# ---- what leaves ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["csvw", "json", "parquet"])
def test_every_table_is_in_the_files_as_readers_see_it(warehouse: Warehouse, tmp_path: Path, name: str) -> None:
    export_programme(warehouse, "p", tmp_path / "p.zip", form=name, language="en")
    files = files_in(tmp_path / "p.zip")
    csv = described_csv(files) if name == "csvw" else {}
    read = {"csvw": lambda table: csv[f"{table}.csv"], "json": lambda table: records(files[f"{table}.json"]),
            "parquet": lambda table: arrow_rows(files[f"{table}.parquet"])}[name]  # fmt: skip
    published = ReaderTables(warehouse, OUTSIDE)
    days = ("last_day", "planned_start", "planned_end", "actual_start", "actual_end")
    for table in SOURCES:
        assert as_json(read(table), days) == seen(published, table), table
    assert len(seen(published, "findings")) > 10
    assert len(seen(published, "quality")) > 4


def test_hidden_cells_are_empty_and_counted(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse, OUTSIDE)
    tables = export_tables(published, "p", words_in("en"), "v", ["findings", "measures", "suppressions", "quality"])
    for table in tables[:2]:
        off = table.frame[table.frame["suppressed"] != ""]
        assert off[["value", "n", "conf_low"]].isna().all(axis=None)
        assert sum(table.suppressed.values()) == len(off) >= 4
    assert tables[3].suppressed == {}  # there, suppressed is a kind of missing


def test_no_rows_of_persons_leave(warehouse: Warehouse) -> None:
    assert set(SOURCES) & {"quarantine", "records"} == set()
    (claims,) = export_tables(ReaderTables(warehouse, OUTSIDE), "p", words_in("en"), "v", ["claims"])
    assert set(claims.frame["rows_used"]) <= {"[]"}


def test_sentences_and_meanings_are_in_the_language(warehouse: Warehouse, tmp_path: Path) -> None:
    said = {}
    for language in LANGUAGES:
        export_programme(warehouse, "p", tmp_path / language, form="csvw", names=["measures"], language=language)
        files = files_in(tmp_path / language)
        said[language] = {row["method"] for row in described_csv(files)["measures.csv"]} - {""}
        columns = json.loads(files["csv-metadata.json"])["tables"][0]["tableSchema"]["columns"]
        value = next(column for column in columns if column["name"] == "value")
        assert value["dc:description"] == Measure.TABLE.columns["value"].meaning[language]
    assert said["it"]
    assert said["it"].isdisjoint(said["en"])
    assert said["en"] == set(map(str, ReaderTables(warehouse, OUTSIDE).measures("p")["method"])) - {""}


def test_the_same_data_give_the_same_bytes(warehouse: Warehouse, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        export_programme(warehouse, "p", tmp_path / name, form="parquet", names=["findings", "waves"])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


# ---- the command, and Python ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--out", "new"), {f"{name}.csv" for name in WRITTEN}),
        (("--out", "p.zip", "--format", "csvw"), {f"{name}.csv" for name in WRITTEN} | {"csv-metadata.json"}),
        (("--out", "p.zip", "--table", "findings", "--table", "waves"), {"findings.csv", "waves.csv"}),
    ],
)
def test_tables_go_into_a_folder_or_a_zip(run: Run, words: tuple[str, ...], expected: set[str]) -> None:
    code, said = run(*words)
    assert code == 0, said
    assert set(files_in(Path(words[1]))) == expected
    assert f"Wrote {words[1]}: {len(expected)} files" in said


def test_one_table_is_a_file_written_as_it_ends(run: Run) -> None:
    assert run("--out", "findings.parquet", "--table", "findings", "--lang", "en")[0] == 0
    read = pd.read_parquet("findings.parquet")
    assert len(read) > 10
    assert run("--out", "findings.json", "--table", "findings", "--lang", "en")[0] == 0
    assert len(json.loads(Path("findings.json").read_text(encoding="utf-8"))) == len(read)
    before = Path("findings.json").read_bytes()
    code, told = run("--out", "findings.json", "--table", "waves")
    assert (code, "findings.json exists already; nothing was written" in told) == (2, True)
    assert Path("findings.json").read_bytes() == before
    assert run("--out", "findings.json", "--table", "waves", "--replace")[0] == 0
    assert {"wave", "last_day"} <= json.loads(Path("findings.json").read_text(encoding="utf-8"))[0].keys()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "x", "--format", "wk1"), "not as 'wk1'; a report by"),
        (("--out", "x.svg", "--table", "findings"), "not as 'svg'"),
        (("--out", "x", "--table", "quarantine"), "no table 'quarantine' to export; there are"),
        (("--out", "x.csv"), f"x.csv holds one table, not {len(WRITTEN)}: name one with --table"),
        (("--out", "x.csv", "--table", "findings", "--format", "json"), "let it end with .json or .zip"),
        (("--out", "nowhere/x.zip"), "there is no folder"),
        (("--out", "there"), "there exists already; nothing was written"),
        (("--out", "x", "--lang", "fr"), "--lang takes one of it, en, not 'fr'"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(run: Run, words: tuple[str, ...], said: str) -> None:
    Path("there").mkdir()
    code, told = run(*words)
    assert code == 2
    assert said in " ".join(told.split())
    assert [path.name for path in Path().iterdir()] == ["there"]


def test_an_unknown_programme_is_answered_with_those_there_are(run: Run) -> None:
    code, told = run("--out", "x", programme="q")
    assert (code, "no published programme 'q' to export; there are p" in " ".join(told.split())) == (2, True)


def test_the_database_is_not_written_over(run: Run, db: Path, tmp_path: Path) -> None:
    shutil.copy(db, tmp_path / "mine.zip")
    before = Path("mine.zip").read_bytes()
    code, told = run("--out", "mine.zip", "--db", "mine.zip")
    assert (code, "mine.zip is the database: give the export another name" in " ".join(told.split())) == (2, True)
    with Warehouse(tmp_path / "mine.zip", read_only=True) as opened, pytest.raises(UsageError, match="is the database"):
        export_programme(opened, "p", tmp_path / "mine.zip")
    assert Path("mine.zip").read_bytes() == before


def test_a_result_in_memory_is_exported_too(tmp_path: Path) -> None:
    result = impact.run(template(tmp_path))
    result.export(tmp_path / "all.zip", format="csvw", language="en")
    assert set(files_in(tmp_path / "all.zip")) == {f"{name}.csv" for name in WRITTEN} | {"csv-metadata.json"}
    result.export(tmp_path / "findings.parquet", tables=["findings"], language="en")
    assert pd.read_parquet(tmp_path / "findings.parquet")["finding"].tolist() == result.findings()["finding"].tolist()
    with pytest.raises(UsageError, match="not as 'xml'"):
        result.export(tmp_path / "x", format="xml")
    result.close()


# ---- the registry ---------------------------------------------------------------------------------------------------

TINY = """
from impact.publish.export import Format, Takes
from tests.support.packages import package

def write(table):
    lines = [table.frame.columns, *table.frame.to_numpy()]
    return "\\n".join("\\t".join(map(str, line)) for line in lines).encode()

TSV = Format(".tsv", "text/tab-separated-values", Takes.TABLE, write)
CSV = Format(".csv", "text/csv", Takes.TABLE, write)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return what installs a package that registers a format, for the length of a test."""

    def put(entry: str) -> None:
        points = f"[impact.formats]\n{entry}\n"
        monkeypatch.syspath_prepend(package(tmp_path / "site", {"tiny_formats.py": TINY}, points))
        all_formats.cache_clear()

    yield put
    all_formats.cache_clear()
    sys.modules.pop("tiny_formats", None)


def test_another_package_adds_a_format(run: Run, install: Callable[[str], None]) -> None:
    install("tsv = tiny_formats:TSV")
    assert run("--out", "x.tsv", "--table", "waves")[0] == 0
    assert Path("x.tsv").read_text().startswith("programme\tplace\twave")
    assert run("--out", "all.zip", "--format", "tsv")[0] == 0
    assert set(files_in(Path("all.zip"))) == {f"{name}.tsv" for name in WRITTEN}
    assert "written as tsv, " in " ".join(run("--out", "x", "--format", "tsw")[1].split())
    assert {".tsv", ".tsv.zip"} <= set(_endings())


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("csv = tiny_formats:TSV", "adds the format csv .* csv .* is there already"),
        ("mine = tiny_formats:CSV", r"adds the format mine \(.csv\), but csv"),
        ("tsv = tiny_formats:write", "tiny registers tsv in impact.formats: expected a Format, found a function"),
        ("tsv = tiny_formats:NONE", "tiny registers tsv in impact.formats, but"),
    ],
)
def test_a_package_that_adds_what_cannot_be_is_named(install: Callable[[str], None], entry: str, said: str) -> None:
    install(entry)
    with pytest.raises(UsageError, match=said):
        all_formats()


def test_every_ending_of_the_app_is_a_formats() -> None:
    endings = _endings()
    assert {form.suffix for form in FORMATS.values()} <= set(endings)
    assert {name for name, ending in endings.items() if ending.packed} == {f".{name}.zip" for name in TYPES}
    for name in endings:
        address = read_address(f"/en/export/p/block{name}")
        assert address is not None
        assert (address.block, address.form) == ("block", name)


def test_the_app_serves_a_zip_of_all_tables(db: Path) -> None:
    client = create_app(db).server.test_client()
    got = client.get("/en/export/p/tables.json.zip")
    assert (got.status_code, got.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(got.data)) as archive:
        assert set(archive.namelist()) == {f"{name}.json" for name in SOURCES}
    assert client.get("/en/export/p/findings.parquet").mimetype == "application/vnd.apache.parquet"
    assert client.get("/en/export/p/columns.json.zip").status_code == 404
    page = client.get("/en/export/p").get_data(as_text=True)
    assert 'href="/en/export/p/tables.parquet.zip"' in page


def test_rows_are_asked_for_of_formats_that_are_made_of_them_alone(tmp_path: Path) -> None:
    """The claims of a workbook or CSV do not name whom they count, and nobody is told that they would."""
    with open_reader(projects(tmp_path / "one", 40)) as opened:
        export_programme(opened, "p", tmp_path / "claims.csv", names=["claims"])
        with pytest.raises(UsageError, match="csv holds no rows of contracts: leave --rows out"):
            export_programme(opened, "p", tmp_path / "named.csv", names=["claims"], rows=True)
    assert "P000" not in (tmp_path / "claims.csv").read_text("utf-8")
    assert not (tmp_path / "named.csv").exists()


def test_a_mapping_that_is_not_complete_keeps_observations_back_and_nothing_else(tmp_path: Path) -> None:
    folder = template(tmp_path)
    (folder / "export.yaml").write_text("cuts: {gender: {dimension: SEX, codes: {F: F, M: M, X: X}}}\n")
    database = tmp_path / "a.duckdb"
    impact.run(folder, db=database).close()
    with Warehouse(database) as opened:
        opened.connection.execute("UPDATE impact.structure_mapping SET unmapped = ['gender=X']")
    with open_reader(database) as opened:
        export_programme(opened, "sample", tmp_path / "findings.csv", names=["findings"])
        assert export_programme(opened, "sample", tmp_path / "rows", form="sav", rows=True).rows > 100
        for name in ("csv", "sdmx-csv"):
            with pytest.raises(ProblemsError, match="the code 'X' of 'gender' has no official code"):
                export_programme(opened, "sample", tmp_path / name, form=name)
    assert [path.name for path in tmp_path.glob("*csv")] == ["findings.csv"]
