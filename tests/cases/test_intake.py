"""Rows and declarations that were read wrongly, or refused without a reason: rows A15–A18, B7, B8, B10, B14, B17.

Each through the command line, as its user meets it.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from impact_dashboards.server.app import create_app
from openpyxl import Workbook

import impact
from impact.cli.main import main
from impact.declare import load_programme
from impact.declare.base import INVISIBLE, ODD_SPACES
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import edit, template

Say = Callable[..., str]
SURVEY = "raw/survey.csv"
LAST = "end_line,treated,F,4,4,4,3,2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return template(tmp_path)


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what the command line prints, on one line."""

    def said(*words: Any) -> str:
        monkeypatch.setattr(sys, "argv", ["impact", *map(str, words)])
        with contextlib.suppress(SystemExit):
            main()
        captured = capsys.readouterr()
        text = captured.out + captured.err
        assert "Traceback" not in text
        return " ".join(text.split())

    return said


def append(folder: Path, *lines: str) -> None:
    with (folder / SURVEY).open("a", encoding="utf-8", newline="") as handle:
        handle.write("".join(f"{line}\n" for line in lines))


def set_aside(folder: Path) -> dict[int, str]:
    """Return the rule by line of the rows that the file holds beyond the template's 241 lines."""
    with Warehouse(folder.parent / "kept.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse, until="validate")
        rows = warehouse.rows("SELECT line, rule FROM impact.quarantine WHERE line > 241")
    return {int(line): str(rule) for line, rule in rows}


# ---- A15: surplus cells ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("surplus", [",", ", ", ',""', ",\t", ",\xa0", ",,,", ",\r"])
@pytest.mark.parametrize("first", [True, False], ids=["alone", "among others"])
def test_a_line_with_more_cells_than_columns_is_set_aside(folder: Path, surplus: str, first: bool) -> None:
    others = [] if first else [f"P302,{LAST},,", "P303,baseline,treated,F,2,5,3,3,3,1"]
    append(folder, f"P300,baseline,treated,F,2,5,3,3,3{surplus}", *others)
    found = set_aside(folder)
    assert set(found.values()) == {"too_many_columns"}
    assert len(found) == 1 + len(others)


# ---- A16: one day everywhere -----------------------------------------------------------------------------------------


def test_a_moment_is_the_day_of_the_declared_zone_on_every_machine(folder: Path) -> None:
    moments = pd.to_datetime(["2024-01-01T00:30:00+01:00", "2024-06-30T23:59:59+02:00"], utc=True)
    pd.DataFrame({"pid": ["a", "b"], "day": moments}).to_parquet(folder / "raw" / "d.parquet")
    edit(folder / "sources.yaml", "sources:\n", """sources:
  - {id: days, file: raw/d.parquet, contract: d, format: {zone: Europe/Rome},
     provenance: {title: made, kind: synthetic, generator: test}}
""")  # fmt: skip
    edit(folder / "contracts.yaml", "contracts:\n", """contracts:
  - {id: d, title: d, unit_of_analysis: person, key: [pid],
     columns: {pid: {type: text, required: true}, day: {type: date, required: true}}}
""")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", IN_ZONES, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{zone} ('2024-01-01',) ('2024-06-30',)" for zone in ("UTC", "EST", "+14")]


IN_ZONES = """
import os, sys, time
import impact
from impact.run.flow import run_programme
from impact.store import Warehouse
for zone in ("UTC", "America/New_York", "Pacific/Kiritimati"):
    if not (child := os.fork()):  # a process of its own has its own zone
        os.environ["TZ"] = zone
        time.tzset()
        warehouse = Warehouse(":memory:")
        run_programme(impact.load(sys.argv[1]), warehouse, until="validate")
        print(time.tzname[0], *warehouse.rows("SELECT day::VARCHAR FROM sample.d ORDER BY pid"), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


# ---- A17, A18: workbooks ---------------------------------------------------------------------------------------------


def workbook(folder: Path, *rows: list[Any], change: Callable[[str], str] = lambda text: text) -> None:
    """Put the survey into a workbook with more rows, its sheet's XML changed as asked."""
    table = pd.read_csv(folder / SURVEY)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [list(table.columns), *table.values.tolist(), *rows]:
        sheet.append([None if pd.isna(value) else value for value in row])
    book.save(folder / "made.xlsx")
    with zipfile.ZipFile(folder / "made.xlsx") as made, zipfile.ZipFile(folder / "raw" / "survey.xlsx", "w") as out:
        for name in made.namelist():
            data = made.read(name)
            out.writestr(name, change(data.decode()) if name == "xl/worksheets/sheet1.xml" else data)
    edit(folder / "sources.yaml", SURVEY, "raw/survey.xlsx")


ERROR = ["P300", "baseline", "treated", "F", "#DIV/0!", 3, 3, 3, 3]
WRITTEN = {
    "as it comes": lambda text: text,
    "single quotes": lambda text: text.replace('t="e"', "t='e'"),
    "without places": lambda text: re.sub(r'(<c) r="[A-Z]+\d+"', r"\1", text),
    "prefixed": lambda text: re.sub(r"<(/?)(?=[a-z])", r"<\1x:", text).replace("xmlns=", "xmlns:x="),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_an_error_of_a_formula_is_no_missing_answer(folder: Path, how: str) -> None:
    workbook(folder, ERROR, change=WRITTEN[how])
    assert set_aside(folder) == {242: "type"}


@pytest.mark.parametrize("number", [1234567890123456, 10**16, 123456789012345678, 1e22])
@pytest.mark.parametrize("decimal", [".", ","])
def test_a_long_number_keeps_its_digits_or_is_set_aside(folder: Path, number: float, decimal: str) -> None:
    edit(folder / "contracts.yaml", ', pattern: "P[0-9]{3}"', "")
    edit(folder / "sources.yaml", "contract: survey", f'contract: survey\n    format: {{decimal: "{decimal}"}}')
    workbook(folder, [number, *ERROR[1:4], 3, 3, 3, 3, 3], [123456789012345, *ERROR[1:4], 3, 3, 3, 3, 3])
    aside = set_aside(folder)
    with Warehouse(folder.parent / "kept.duckdb", read_only=True) as kept:
        ids = {name for (name,) in kept.rows("SELECT person_id FROM sample.survey") if not name.startswith("P")}
    assert ids <= {"123456789012345", str(int(number))}
    assert "123456789012345" in ids
    assert aside == ({} if len(ids) == 2 else {242: "type"})


# ---- B7, B8, B14: declarations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("added", "told"),
    [
        (b"# \x1b\n", "U+001B (escape), character 3 of the line"),
        (b"# \xc3\xa0\x07\n", "U+0007 (bell), character 4 of the line"),
        (b"\x00", "U+0000 (NUL), character 1 of the line"),
        (b"# \xef\xbf\xbe", "U+FFFE (a control character), character 3 of the line"),
        (b"# \xed\xa0\x80", "the file is not UTF-8"),
        (b'x: "\\e[2J"\n', "U+001B (escape) is not allowed"),
        (b'x: "\\uD800"\n', "U+D800 (a control character) is not allowed"),
    ],
)
def test_a_control_character_is_named_with_its_place(folder: Path, say: Say, added: bytes, told: str) -> None:
    path = folder / "programme.yaml"
    line = path.read_bytes().count(b"\n") + 1
    path.write_bytes(path.read_bytes() + added)
    text = say("check", folder)
    assert f"programme.yaml:{line} " in text
    assert told in text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sd: 18", "sd: 1e308", "indicators.yaml:16 indicators.0.ex_ante.power.sd a number lies between"),
        ("effect: 8", "effect: 1e-308", "indicators.yaml:16 indicators.0.ex_ante.power.effect a number lies"),
        ("treated: 60", f"treated: {10**20}", "indicators.yaml:16 indicators.0.ex_ante.power.treated a whole number"),
        ("multiply: 4", "multiply: 1e308", "indicators.yaml:11 indicators.0.formula.multiply a number lies between"),
        ("multiply: 4", "multiply: 1e400", "indicators.yaml:11 indicators.0.formula.multiply Input should be a finite"),
        ("change: 10", "change: 1e308", "indicators.yaml:15 indicators.0.ex_ante.target.change a number lies between"),
    ],
)
def test_numbers_beyond_any_measure_are_refused_with_file_and_line(
    folder: Path, say: Say, old: str, new: str, told: str
) -> None:
    edit(folder / "indicators.yaml", old, new)
    assert told in say("power", folder)
    assert told in say("run", folder, "--db", folder.parent / "a.duckdb")


@pytest.mark.parametrize("persons", [10**9, 10**15])
def test_a_plan_too_large_to_simulate_has_its_closed_form(folder: Path, say: Say, persons: int) -> None:
    edit(folder / "indicators.yaml", "treated: 60", f"treated: {persons}")
    text = say("power", folder)
    assert f"With {persons + 60} persons this design finds nothing below" in text
    assert "simulated" not in text


def test_an_unquoted_comma_in_braces_is_named(folder: Path, say: Say) -> None:
    edit(folder / "programme.yaml", "{en: Participants feel better,", "{en: Participants, who feel better,")
    text = say("check", folder)
    assert (
        "'who feel better' has no value: inside { } a comma ends a value; put text that holds a comma in quotes" in text
    )


def test_an_answer_that_nobody_gave_is_named(folder: Path, say: Say) -> None:
    path = folder / SURVEY
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{head},age", *(f"{line}," for line in lines), ""]))
    edit(folder / "contracts.yaml", "      who1:", "      age: {type: integer, min: 0}\n      who1:")
    edit(folder / "indicators.yaml", "design: {kind: did,", "design: {kind: did, covariates: [age],")
    text = say("run", folder, "--db", folder.parent / "a.duckdb")
    assert "could not be estimated: age is missing for everybody; needed: its values" in text


PARTED = {";": "{delimiter: ';'}", "\t": '{delimiter: "\\t"}', "|": "{delimiter: '|'}"}


@pytest.mark.parametrize("mark", PARTED)
@pytest.mark.parametrize("quote", ['"', ""])
def test_another_delimiter_is_named(folder: Path, say: Say, mark: str, quote: str) -> None:
    rows = [line.split(",") for line in (folder / SURVEY).read_text().splitlines()]
    (folder / SURVEY).write_text("".join(mark.join(f"{quote}{cell}{quote}" for cell in row) + "\n" for row in rows))
    text = say("run", folder, "--db", folder.parent / "a.duckdb")
    assert f"the header has one single column expected columns separated by ',' found {quote}person_id{quote}" in text
    assert f"Declare format: {PARTED[mark]}" in text


def archive(path: Path, member: str) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(member, "x")


NO_TEXT: dict[str, tuple[Callable[[Path], Any], str]] = {
    "s.sav": (lambda path: path.write_bytes(b"$FL2@(#) SPSS DATA FILE"), "SPSS file (.sav) expected text in utf-8 do Save it as CSV"),
    "s.gz": (lambda path: path.write_bytes(gzip.compress(b"a,b\n")), "the file is gzip expected text in utf-8 do Unpack it"),
    "s.csv": (lambda path: path.write_bytes(gzip.compress(b"a,b\n")), "the file is gzip expected text in utf-8 do Unpack it"),
    "s.xlsb": (lambda path: archive(path, "xl/workbook.bin"), "(.xlsb) expected text in utf-8 do Save it as .xlsx or CSV"),
    "t.csv": (lambda path: archive(path, "xl/workbook.xml"), "(.xlsx) expected text in utf-8 do Name it .xlsx"),
    "s.dta": (lambda path: path.write_bytes(b"<stata_dta><header>"), "a Stata file (.dta) expected text in utf-8 do Save it as CSV"),
    "s.zip": (lambda path: archive(path, "s.csv"), "(.zip) expected text in utf-8 do Unpack it"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_TEXT)
def test_a_file_that_is_no_text_is_named_with_the_way_out(folder: Path, say: Say, name: str) -> None:
    write, told = NO_TEXT[name]
    write(folder / "raw" / name)
    edit(folder / "sources.yaml", SURVEY, f"raw/{name}")
    text = say("run", folder, "--db", folder.parent / "a.duckdb")
    assert f"raw/{name}:1 source survey_file the file is" in text
    assert told in text


# ---- B10: cells that a spreadsheet would run -------------------------------------------------------------------------


def test_a_cell_that_runs_after_a_semicolon_leaves_harmless(folder: Path, tmp_path: Path) -> None:
    edit(folder / "indicators.yaml", "en: WHO-5 well-being score,", 'en: "note;=1+1",')
    impact.run(impact.load(folder), tmp_path / "a.duckdb")
    text = create_app(tmp_path / "a.duckdb").server.test_client().get("/en/portfolio/findings.csv").text
    assert "note;'=1+1" in text
    assert ";=" not in text


# ---- B17: what cannot be seen ----------------------------------------------------------------------------------------


def test_ids_that_look_alike_are_one_person_or_set_aside(folder: Path) -> None:
    """A person of the first wave comes back once with each odd character around the id, and once with it inside."""
    edit(folder / "contracts.yaml", ', pattern: "P[0-9]{3}"', "")
    odd = [character for character in {*ODD_SPACES, *INVISIBLE} if character not in "\n\r\u200c\u200d"]
    around = [f"{one}P{number:03},{LAST}" for number, one in enumerate(odd, start=1) if number <= 60]
    inside = [f"P{one}00,{LAST}" for one in odd if one in INVISIBLE]
    append(folder, *around, *inside)
    aside = set_aside(folder)
    assert set(aside) == {242 + place for place in range(len(around) + len(inside))}
    assert {aside[242 + len(around) + place] for place in range(len(inside))} == {"invisible"}
    assert {aside[242 + place] for place in range(len(around))} <= {"duplicate_key", "repeated_row"}


@pytest.mark.parametrize("codes", ["[F, F, X]", '[F, "F ", X]', '[F, "\\u200eF", X]', '[1, "1", X]'])
def test_a_code_given_twice_is_refused(folder: Path, say: Say, codes: str) -> None:
    edit(folder / "contracts.yaml", "codes: [F, M, X]", f"codes: {codes}")
    assert "contracts.0.columns.gender.codes" in (text := say("check", folder))
    assert "stands twice" in text
