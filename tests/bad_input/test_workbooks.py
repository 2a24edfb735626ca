"""Workbooks and Parquet files: broken, mislabelled, swollen; and those that only look odd."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from tests.bad_input.harness import (
    FORMAT,
    GENDER,
    GOOD,
    HEADER,
    assert_refused,
    call,
    change,
    good_rows,
    quarantined,
    survey,
    typed,
)

COLUMNS = "person_id, wave, arm, gender, who1, who2, who3, who4, who5"
NAMES = HEADER.split(",")
ROWS = [list(typed(text)) for text in GOOD]


def book(path: Path, rows: list[list[Any]] | None = None, **sheets: list[list[Any]]) -> Path:
    """Write a workbook of one sheet ``data``, and others."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook["Sheet"])
    for name, content in {"data": rows if rows is not None else [NAMES, *ROWS], **sheets}.items():
        sheet = workbook.create_sheet(name)
        for row in content:
            sheet.append(row)
    workbook.save(path)
    return path


def rezip(path: Path, member: str, edit: Callable[[bytes], bytes | None]) -> None:
    """Rewrite one member of a zip file, or leave it out."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert any(name.endswith(member) for name in held)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            new = edit(content) if name.endswith(member) else content
            if new is not None:
                archive.writestr(name, new)


def _wrong_sheet(path: Path) -> None:
    book(path, other=[["a"]])


def _empty_sheet(path: Path) -> None:
    book(path, [])


def _csv(path: Path) -> None:
    path.write_bytes(survey())


def _cut(path: Path) -> None:
    path.write_bytes(book(path).read_bytes()[:-500])


def _no_directory(path: Path) -> None:
    raw = bytearray(book(path).read_bytes())
    at = raw.rfind(b"PK\x01\x02")
    raw[at : at + 4] = b"XXXX"
    path.write_bytes(raw)


def _bomb(path: Path) -> None:
    book(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image.bin", b"\x00" * 30_000_000)


def _broken_sheet(path: Path) -> None:
    rezip(book(path), "sheet1.xml", lambda content: content[: len(content) // 2])


def _garbage_sheet(path: Path) -> None:
    rezip(book(path), "sheet1.xml", lambda _: b"garbage<")


def _no_sheet(path: Path) -> None:
    rezip(book(path), "sheet1.xml", lambda _: None)


def _no_index(path: Path) -> None:
    rezip(book(path), "xl/workbook.xml", lambda _: None)


def _locked(path: Path) -> None:
    raw = bytearray(book(path).read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + offset] |= 1
            at = raw.find(mark, at + 4)
    path.write_bytes(raw)


def _old_excel(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2000)


def _blank_header(path: Path) -> None:
    book(path, [[*NAMES[:3], None, *NAMES[4:]], *ROWS])


def _column_twice(path: Path) -> None:
    book(path, [[*NAMES[:3], "arm", *NAMES[4:]], *ROWS])


def _not_parquet(path: Path) -> None:
    path.write_bytes(survey())


def _almost_parquet(path: Path) -> None:
    path.write_bytes(b"PAR1xxxxPAR1")


def _parquet(path: Path) -> Path:
    pd.DataFrame(ROWS, columns=NAMES).to_parquet(path)
    return path


def _parquet_cut(path: Path) -> None:
    path.write_bytes(_parquet(path).read_bytes()[:-20])


def _parquet_pages(path: Path) -> None:
    raw = _parquet(path).read_bytes()
    path.write_bytes(raw[:4] + b"\xff" * 600 + raw[604:])


def _parquet_footer(path: Path) -> None:
    raw = _parquet(path).read_bytes()
    path.write_bytes(raw[:-400] + b"\xff" * 300 + raw[-100:])


def _parquet_other_columns(path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(path)


FILES: dict[str, tuple[str, Callable[[Path], Any], str, str]] = {
    "wrong_sheet": ("xlsx", _wrong_sheet, "sheets data, other", "format: {sheet: dati}"),
    "two_sheets_and_none_named": ("xlsx", _wrong_sheet, "sheets data, other", FORMAT),
    "empty_sheet": ("xlsx", _empty_sheet, "'data' is empty", FORMAT),
    "empty_file": ("xlsx", lambda path: path.write_bytes(b""), "empty", FORMAT),
    "csv_called_xlsx": ("xlsx", _csv, "not a workbook", FORMAT),
    "csv_called_ods": ("ods", _csv, "not a workbook", FORMAT),
    "csv_called_xls": ("xls", _csv, "not a workbook", FORMAT),
    "csv_called_parquet": ("parquet", _csv, "not Parquet", FORMAT),
    "xlsx_called_csv": ("csv", book, "workbook or archive", FORMAT),
    "cut_short": ("xlsx", _cut, "not a workbook", FORMAT),
    "directory_of_the_archive_broken": ("xlsx", _no_directory, "workbook", FORMAT),
    "bomb": ("xlsx", _bomb, "too large to be believed", FORMAT),
    "sheet_cut_short": ("xlsx", _broken_sheet, "source survey_file", FORMAT),
    "sheet_of_garbage": ("xlsx", _garbage_sheet, "source survey_file", FORMAT),
    "sheet_missing": ("xlsx", _no_sheet, "source survey_file", FORMAT),
    "index_missing": ("xlsx", _no_index, "sheet", FORMAT),
    "password": ("xlsx", _locked, "not a workbook that can be read", FORMAT),
    "old_excel_broken": ("xls", _old_excel, "not a workbook that can be read", FORMAT),
    "header_cell_blank": ("xlsx", _blank_header, "column 4", FORMAT),
    "column_twice": ("xlsx", _column_twice, "names a column twice: arm", FORMAT),
    "text_called_parquet": ("parquet", _not_parquet, "not Parquet", FORMAT),
    "almost_parquet": ("parquet", _almost_parquet, "not Parquet", FORMAT),
    "parquet_cut_short": ("parquet", _parquet_cut, "not Parquet", FORMAT),
    "parquet_pages_broken": ("parquet", _parquet_pages, "cannot be parsed", FORMAT),
    "parquet_footer_broken": ("parquet", _parquet_footer, "not Parquet", FORMAT),
    "parquet_of_other_columns": ("parquet", _parquet_other_columns, "unknown column 'a'", FORMAT),
}


@pytest.mark.parametrize("name", FILES)
def test_refused(name: str, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suffix, write, fragment, declared = FILES[name]
    file = f"raw/data.{suffix}"
    write(folder / file)
    change(folder, "sources.yaml", "raw/survey.csv", file)
    change(folder, "sources.yaml", FORMAT, declared)
    assert_refused(capsys, folder, database, file=file, fragments=(fragment,))


def load(folder: Path, database: Path, capsys: pytest.CaptureFixture[str], file: str) -> dict[str, Any]:
    change(folder, "sources.yaml", "raw/survey.csv", file)
    outcome = call(capsys, "run", folder, "--db", database, "--until", "validate", "--json")
    assert "report" in outcome.json, outcome.text
    report: dict[str, Any] = outcome.json["report"]
    assert report["rows_read"] == report["rows_good"] + report["rows_bad"]
    assert outcome.code == (1 if report["rows_bad"] else 0)
    return report


SHEETS = {
    "plain": [NAMES, *ROWS],
    "blank_columns_before": [[None, *row] for row in [NAMES, *ROWS]],
    "text_for_numbers": [NAMES, *[[*row[:4], *map(str, row[4:])] for row in ROWS]],
    "decimals_that_are_whole": [NAMES, *[[*row[:4], *map(float, row[4:])] for row in ROWS]],
}


@pytest.mark.parametrize("name", SHEETS)
def test_odd_but_good(name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book(folder / "raw" / "data.xlsx", SHEETS[name])
    database = tmp_path / "new.duckdb"
    assert load(folder, database, capsys, "raw/data.xlsx")["rows_good"] == 40
    assert good_rows(database, COLUMNS) == [typed(text) for text in GOOD]


def test_a_sheet_with_a_title_above_is_numbered_as_excel_shows_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two blank rows above the header: the bad row stands on row 9 of the sheet."""
    book(folder / "raw" / "data.xlsx", [[], [], NAMES, *ROWS[:5], ["P900", "zz", *ROWS[0][2:]], *ROWS[5:]])
    database = tmp_path / "new.duckdb"
    assert load(folder, database, capsys, "raw/data.xlsx")["rows_bad"] == 1
    assert [(row["line"], row["rule"]) for row in quarantined(capsys, database)] == [(9, "codes")]


CELLS: dict[str, tuple[Any, str]] = {
    "decimal": (1.5, "1.5"),
    "large": (1e20, "1e+20"),
    "truth": (True, "true"),
    "date": (datetime.date(2024, 1, 2), "2024-01-02"),
    "duration": (datetime.timedelta(hours=30), "1 day, 6:00:00"),
    "text": ("1,5", "1,5"),
    "long": ("x" * 30_000, "x" * 30_000),
    "error": ("#DIV/0!", "#DIV/0!"),
    "not_available": ("#N/A", "#N/A"),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_that_is_no_whole_number_is_set_aside(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Above all an error of a formula, which is no missing answer."""
    cell, shown = CELLS[name]
    rows = [list(row) for row in ROWS]
    rows[1][4] = cell
    book(folder / "raw" / "data.xlsx", [NAMES, *rows])
    database = tmp_path / "new.duckdb"
    assert load(folder, database, capsys, "raw/data.xlsx")["rows_bad"] == 1
    assert [(row["line"], row["column"], row["rule"], row["value"]) for row in quarantined(capsys, database)] == [
        (3, "who1", "type", shown)
    ]
    assert good_rows(database, COLUMNS) == [typed(text) for text in (GOOD[0], *GOOD[2:])]


@pytest.mark.parametrize("suffix", ["xlsx", "parquet"])
def test_true_dates_and_numbers_need_no_format(
    suffix: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is a date or number in the file is read as that, whatever is declared for text."""
    change(folder, "contracts.yaml", GENDER, "gender: {type: date}\n      age: {type: number}")
    change(folder, "indicators.yaml", "by: [gender]", "by: []")
    change(folder, "sources.yaml", FORMAT, 'format: {decimal: ",", dates: ["%d/%m/%Y"]}')
    rows = [[*row[:3], datetime.datetime(2024, 12, 31), *row[4:], 1.5] for row in ROWS]
    if suffix == "xlsx":
        book(folder / "raw" / "data.xlsx", [[*NAMES, "age"], *rows])
    else:
        pd.DataFrame(rows, columns=[*NAMES, "age"]).to_parquet(folder / "raw" / "data.parquet")
    database = tmp_path / "new.duckdb"
    assert load(folder, database, capsys, f"raw/data.{suffix}")["rows_good"] == 40
    assert set(good_rows(database, "gender, age")) == {(datetime.date(2024, 12, 31), 1.5)}


def test_parquet_with_integers_held_as_decimals(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What pandas makes of a column of integers with a gap, for a number and for a code."""
    change(folder, "contracts.yaml", GENDER, 'gender: {type: code, codes: ["1", "2"]}')
    frame = pd.DataFrame(ROWS, columns=NAMES).assign(gender=[None, *[1.0] * 39], who1=[None, *[2.0] * 39])
    frame.to_parquet(folder / "raw" / "data.parquet")
    database = tmp_path / "new.duckdb"
    assert load(folder, database, capsys, "raw/data.parquet")["rows_good"] == 40
    assert good_rows(database, "gender, who1") == [(None, None), *[("1", 2)] * 39]
