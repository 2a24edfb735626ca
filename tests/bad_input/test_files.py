"""Raw files that cannot be read as declared are refused whole: nothing of them is loaded, what stood stays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bad_input.harness import (
    FORMAT,
    GOOD,
    HEADER,
    assert_refused,
    call,
    change,
    content,
    good_rows,
    make,
    quarantined,
    survey,
    typed,
)

S = "sources.yaml"
RAW = "raw/survey.csv"
TEXT = survey().decode()


class Bad(NamedTuple):
    """The bytes of the survey and what must be said about them; how the source is declared, if otherwise."""

    raw: bytes
    fragments: tuple[str, ...]
    declared: str = FORMAT


def header(old: str, new: str) -> bytes:
    assert old in HEADER
    return survey(header=HEADER.replace(old, new))


CASES = {
    "empty": Bad(b"", ("empty",)),
    "only_a_byte_order_mark": Bad(b"\xef\xbb\xbf", ("header",)),
    "only_a_line_end": Bad(b"\n", ("header",)),
    "only_blank_lines": Bad(b"\n\n\r\n", ("header",)),
    "only_spaces": Bad(b"   \n", ("header",)),
    "blank_line_before_the_header": Bad(b"\n" + survey(), ("header",)),
    "utf_16_undeclared": Bad(TEXT.encode("utf-16"), ("utf-16", "encoding")),
    "utf_16_without_mark": Bad(TEXT.encode("utf-16-le"), ("NUL",)),
    "utf_16_declared_but_not_so": Bad(TEXT.encode("utf-16") + b"\x00", ("utf-16",), "format: {encoding: utf-16}"),
    "latin_1_bytes": Bad(survey().replace(b",F,", b",F\xe9,", 1), ("byte 0xe9 is not UTF-8", "cp1252")),
    "cp1252_hole": Bad(survey().replace(b",F,", b",\x81,", 1), ("cp1252",), "format: {encoding: cp1252}"),
    "cut_inside_a_character": Bad(survey() + "è".encode()[:1], ("UTF-8",)),
    "binary": Bad(bytes(range(256)) * 10, ("UTF-8",)),
    "workbook_called_csv": Bad(b"PK\x03\x04" + b"\x00" * 50, ("workbook",)),
    "semicolons_undeclared": Bad(survey().replace(b",", b";"), ("one single column", "delimiter: ';'")),
    "tabs_undeclared": Bad(survey().replace(b",", b"\t"), ("one single column", "delimiter")),
    "bars_undeclared": Bad(survey().replace(b",", b"|"), ("one single column", "delimiter")),
    "commas_where_semicolons_are_declared": Bad(survey(), ("one single column", "delimiter: ','"), 'format: {delimiter: ";"}'),
    "column_twice": Bad(header("gender", "arm"), ("names a column twice: arm",)),
    "column_twice_in_another_case": Bad(header("gender", "ARM"), ("names a column twice", "ARM")),
    "column_without_name": Bad(header("gender", ""), ("column 4", "no name")),
    "column_named_by_a_space": Bad(header("gender", "  "), ("column 4", "no name")),
    "last_column_without_name": Bad(survey(header=HEADER + ","), ("column 10", "no name")),
    "column_in_another_case": Bad(header("gender", "Gender"), ("unknown column 'Gender'", "gender")),
    "column_with_an_accent": Bad(header("gender", "città"), ("unknown column 'città'",)),
    "column_that_is_sql": Bad(header("gender", '"""; DROP TABLE x; --"'), ('unknown column \'\\"; DROP TABLE x; --\'',)),
    "column_that_is_markup": Bad(header("gender", "[/bold]"), ("unknown column '[/bold]'",)),
    "column_with_a_nul": Bad(header("gender", "gen\x00der"), ("NUL",)),
    "column_too_many": Bad(survey(header=HEADER + ",notes"), ("unknown column 'notes'", "ignore:")),
    "column_missing": Bad(survey(header=HEADER.replace("arm,", "group,")), ("no column for 'arm'", "requires")),
    "header_with_open_quote": Bad(header("gender", '"gender'), ("header line cannot be read",)),
    "no_header": Bad(survey(header="P001,baseline,treated,F,1,2,3,4,5"), ("unknown column 'P001'",)),
    "a_thousand_columns": Bad(survey(header=",".join(f"c{n}" for n in range(1000))), ("unknown column 'c999'",)),
    "header_of_a_megabyte": Bad(survey(header=HEADER + "," + "x" * 1_000_000), ("source survey_file",)),
    "renamed_column_that_is_not_there": Bad(survey(), ("no column 'Genere'",), "rename: {Genere: gender}"),
    "ignored_column_that_is_not_there": Bad(survey(), ("no column 'note'",), "ignore: [note]"),
    "constant_over_a_column": Bad(survey(), ("'gender' is filled twice",), "set: {gender: M}"),
    "renamed_over_a_column": Bad(survey(header=HEADER + ",g"), ("'gender' is filled twice",), "rename: {g: gender}"),
    "csv_gz": Bad(b"\x1f\x8b\x08\x00rest", ("the file is gzip", "Unpack it")),
    "pdf": Bad(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", ("the file is a PDF",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = CASES[name]
    change(folder, S, FORMAT, bad.declared)
    (folder / RAW).write_bytes(bad.raw)
    assert_refused(capsys, folder, database, file=RAW, fragments=bad.fragments)


def _nothing(folder: Path) -> None:
    (folder / RAW).unlink()


def _out(folder: Path) -> None:
    secret = folder.parent / "secret.csv"
    secret.write_bytes(survey())
    (folder / "raw" / "link.csv").symlink_to(secret)


def _raw_out(folder: Path) -> None:
    shutil.move(folder / "raw", folder.parent / "elsewhere")
    (folder / "raw").symlink_to(folder.parent / "elsewhere")


def _loop(folder: Path) -> None:
    (folder / "raw" / "link.csv").symlink_to(folder / "raw" / "link.csv")


def _dangling(folder: Path) -> None:
    (folder / "raw" / "link.csv").symlink_to(folder / "raw" / "gone.csv")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "raw" / "link.csv")


def _as_it_is(_: Path) -> None:
    """Leave the folder alone."""


PLACES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "missing": (_nothing, RAW, "raw/ is empty"),
    "in_no_folder": (_as_it_is, "raw/2024/survey.csv", "no folder 2024/"),
    "another_name": (_as_it_is, "raw/Survey.csv", "raw/ holds survey.csv"),
    "a_folder": (_as_it_is, "raw", "missing"),
    "the_folder_itself": (_as_it_is, ".", "missing"),
    "an_address": (_as_it_is, "http://localhost/survey.csv", "missing"),
    "a_bucket": (_as_it_is, "s3://bucket/survey.csv", "missing"),
    "home": (_as_it_is, "~/survey.csv", "missing"),
    "link_out_of_the_folder": (_out, "raw/link.csv", "outside the programme folder"),
    "folder_linked_elsewhere": (_raw_out, RAW, "outside the programme folder"),
    "link_to_itself": (_loop, "raw/link.csv", "file"),
    "link_to_nothing": (_dangling, "raw/link.csv", "missing"),
    "a_pipe": (_pipe, "raw/link.csv", "missing"),
    "a_name_too_long": (_as_it_is, f"raw/{'a' * 300}.csv", "file"),
}


@pytest.mark.parametrize("name", PLACES)
def test_place(name: str, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare, file, fragment = PLACES[name]
    prepare(folder)
    change(folder, S, f"file: {RAW}", f'file: "{file}"')
    assert_refused(capsys, folder, database, file=file, fragments=(fragment,))


def test_a_name_with_a_nul(folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = content(database)
    change(folder, S, f"file: {RAW}", r'file: "raw/\0.csv"')
    assert call(capsys, "run", folder, "--db", database).code in (1, 2)
    assert content(database) == before


def test_a_missing_file_does_not_show_names_outside_the_programme(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.parent / "private.txt").write_text("")
    change(folder, S, f"file: {RAW}", "file: .")
    assert "private.txt" not in call(capsys, "run", folder, "--db", database).text


def test_one_bad_file_among_two_loads_neither(folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "raw" / "b.csv").write_bytes(b"")
    (folder / RAW).write_bytes(survey(GOOD[:10]))
    source = "sources:\n  - {id: b, file: raw/b.csv, contract: survey,"
    change(folder, S, "sources:\n", source + " provenance: {title: B, kind: synthetic, generator: g}}\n")
    assert_refused(capsys, folder, database, file="raw/b.csv", fragments=("empty",))


@pytest.mark.parametrize(
    "name", ["s[12].csv", "s*.csv", "s?.csv", "it's.csv", "a b.csv", "{x}.csv", "100%.csv", "è.csv"]
)
def test_a_name_means_that_file_and_no_other(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name with the marks of a pattern, beside files that the pattern would match."""
    (folder / "raw" / name).write_bytes(survey(GOOD[:6]))
    (folder / "raw" / "s1.csv").write_bytes(survey(GOOD[20:]))
    change(folder, S, f"file: {RAW}", f'file: "raw/{name}"')
    database = tmp_path / "new.duckdb"
    outcome = call(capsys, "run", folder, "--db", database, "--json")
    assert outcome.code == 0
    columns = "person_id, wave, arm, gender, who1, who2, who3, who4, who5"
    assert good_rows(database, columns) == [typed(line) for line in GOOD[:6]]


def test_a_programme_folder_with_the_marks_of_a_pattern(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = make(tmp_path / "p[12]"), make(tmp_path / "p1")
    (one / RAW).write_bytes(survey(GOOD[:6]))
    assert two.is_dir()
    database = tmp_path / "new.duckdb"
    outcome = call(capsys, "run", one, "--db", database, "--json")
    assert outcome.code == 0
    assert len(good_rows(database)) == outcome.json["report"]["rows_good"] == 6


NO_ROWS = {
    "only_a_header": survey([]),
    "only_a_header_without_line_end": HEADER.encode(),
    "only_a_header_and_blank_lines": survey(["", "", ""]),
    "no_good_row": survey(["X1,baseline,treated,F,1,2,3,4,5", "X2,baseline,treated,F,1,2,3,4,5"]),
    "no_line_that_is_a_row": survey(["P001,baseline", 'P002,"baseline']),
}


@pytest.mark.parametrize("name", NO_ROWS)
def test_a_file_without_good_rows_gives_no_data(
    name: str, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty table is not an accident: the findings say that there are no data."""
    (folder / RAW).write_bytes(NO_ROWS[name])
    bad = 2 if "row" in name and "only" not in name else 0
    outcome = call(capsys, "run", folder, "--db", database, "--json")
    assert outcome.code == (1 if bad else 0), outcome.text
    report = outcome.json["report"]
    assert (report["rows_read"], report["rows_good"], report["rows_bad"]) == (bad, 0, bad)
    assert good_rows(database) == []
    assert [(row["finding"], row["value"], row["attainment"]) for row in outcome.json["findings"]] == [
        ("template_programme/wellbeing_score", None, "no_data")
    ]
    assert [row["line"] for row in quarantined(capsys, database)] == list(range(2, 2 + bad))
