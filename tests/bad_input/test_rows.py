"""Bad rows are set aside with the right line, rule and value; every good row stays, with its value unchanged."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

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
RAW = "raw/survey.csv"
PLACE = 5
LINE = PLACE + 2
"""The line of the file on which the extra rows begin."""
Reason = tuple[int, str, str, str | None]


class Extra(NamedTuple):
    """Lines put among the good ones: the reasons they must be set aside for, and those that are good after all."""

    lines: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    good: tuple[str, ...] = ()
    bad: int | None = None


def one(line: str, column: str, rule: str, value: str | None) -> Extra:
    return Extra((line,), ((LINE, column, rule, value),))


def item(value: str, rule: str = "type") -> Extra:
    return one(f"P900,baseline,treated,F,{value},2,3,4,5", "who1", rule, value.strip('"'))


def fine(*lines: str) -> Extra:
    return Extra(lines, good=lines)


def line(text: str, rule: str) -> Extra:
    return one(text, "", rule, text)


CASES = {
    # lines
    "too_few_fields": line("P900,baseline,treated", "missing_columns"),
    "one_field": line("P900", "missing_columns"),
    "too_many_fields": line("P900,baseline,treated,F,1,2,3,4,5,6", "too_many_columns"),
    "far_too_many_fields": line("P900" + ",x" * 500, "too_many_columns"),
    "unquoted_comma": line("P900,baseline,treated,F,1,5,2,3,4,5", "too_many_columns"),
    "unclosed_quote": line('P900,baseline,"treated,F,1,2,3,4,5', "unclosed_quote"),
    "unclosed_quote_at_the_start": line('"P900,baseline,treated,F,1,2,3,4,5', "unclosed_quote"),
    "unclosed_quote_at_the_end": line('P900,baseline,treated,F,1,2,3,4,5"', "unclosed_quote"),
    "value_over_two_lines": Extra(
        ('P900,baseline,treated,"F', 'M",1,2,3,4,5'),
        ((LINE, "", "unclosed_quote", 'P900,baseline,treated,"F'), (LINE + 1, "", "unclosed_quote", 'M",1,2,3,4,5')),
    ),
    "quote_over_a_delimiter": line('P900,"baseline,treated,F,1",2,3,4,5', "missing_columns"),
    "text_after_a_quote": line('"P900"",""baseline,treated,F,1,2,3,4,5"', "missing_columns"),
    "braces": line("{P900,baseline}", "missing_columns"),
    "braces_and_quotes": line('{"P900"}', "missing_columns"),
    "json": line('{"person_id": "P900"}', "missing_columns"),
    "square_brackets": line("[P900,baseline]", "missing_columns"),
    "nul_byte": Extra(
        ("P900,base\x00line,treated,F,1,2,3,4,5",), ((LINE, "", "nul_byte", r"P900,base\0line,treated,F,1,2,3,4,5"),)
    ),
    "spaces_only": line("     ", "missing_columns"),
    "only_delimiters": Extra(
        (",,,,,,,,",), tuple((LINE, name, "required", "") for name in ("arm", "person_id", "wave"))
    ),
    "header_again": Extra(
        (HEADER,),
        (
            (LINE, "arm", "codes", "arm"), (LINE, "gender", "codes", "gender"), (LINE, "person_id", "pattern", "person_id"),
            (LINE, "wave", "codes", "wave"), *((LINE, f"who{n}", "type", f"who{n}") for n in range(1, 6)),
        ),
    ),
    "bad_lines_apart": Extra(
        ("P900,baseline", "", "P901,baseline,treated,F,9,2,3,4,5", 'P902,"', "", "P903,x,treated,F,1,2,3,4,5"),
        (
            (LINE, "", "missing_columns", "P900,baseline"), (LINE + 2, "who1", "max", "9"),
            (LINE + 3, "", "unclosed_quote", 'P902,"'), (LINE + 5, "wave", "codes", "x"),
        ),
    ),
    "blank_lines": Extra(("", "", "")),
    "trailing_delimiter": line("P900,baseline,treated,F,1,2,3,4,5,", "too_many_columns"),
    "trailing_delimiters": line("P900,baseline,treated,F,1,2,3,4,5,,,", "too_many_columns"),
    "trailing_blank_in_quotes": line('P900,baseline,treated,F,1,2,3,4,5,""', "too_many_columns"),
    "decimal_commas_without_quotes": line("P900,baseline,treated,F,2,5,3,3,3,", "too_many_columns"),
    "quoted_throughout": fine('"P900","baseline","treated","F","1","2","3","4","5"'),
    # numbers
    "decimal_in_an_integer": item("1.5"),
    "decimal_comma": item('"1,5"'),
    "thousands_separator": item('"1,000"'),
    "thousands_space": item("1 000"),
    "1e308": item("1e308"),
    "1e400": item("1e400"),
    "minus_1e308": item("-1e308"),
    "not_a_number": item("NaN"),
    "infinity": item("inf"),
    "minus_infinity": item("-Infinity"),
    "hexadecimal": item("0x1"),
    "underscore": item("1_0"),
    "full_width_digit": item("１"),
    "arabic_digit": item("٣"),
    "superscript": item("²"),
    "unicode_minus": item("−1"),
    "two_signs": item("--1"),
    "two_points": item("1.2.3"),
    "half_exponent": item("1e"),
    "letter_after": item("1d"),
    "word": item("three"),
    "truth": item("true"),
    "percent": item("3%"),
    "emoji": item("😀"),
    "formula": item("=cmd|' /C calc'!A0"),
    "formula_at": item("@SUM(1)"),
    "excel_error": item("#DIV/0!"),
    "markup": item("[/bold]"),
    "template": item("{relation}"),
    "sql": item("1); DROP TABLE x; --"),
    "too_large": item("6", "max"),
    "too_small": item("-1", "min"),
    "missing_code_as_decimal": item("-9.0", "min"),
    "huge_integer": item("99999999999999999999999"),
    "very_long": item("9" * 100_000),
    "missing_code": fine("P900,baseline,treated,F,-9,2,3,4,5"),
    "blank_item": fine("P900,baseline,treated,F,,2,3,4,5"),
    "spaces_for_an_item": fine("P900,baseline,treated,F,   ,2,3,4,5"),
    "hard_space_for_an_item": fine("P900,baseline,treated,F,\u00a0,2,3,4,5"),
    "plus_sign": fine("P900,baseline,treated,F,+1,2,3,4,5"),
    "point_zero": fine("P900,baseline,treated,F,1.0,2,3,4,5"),
    "spaces_around": fine("P900,baseline,treated, F , 1 ,\t2,3\u00a0,4,5"),
    # codes and text
    "lower_case_code": one("P900,baseline,treated,f,1,2,3,4,5", "gender", "codes", "f"),
    "full_width_code": one("P900,baseline,treated,Ｆ,1,2,3,4,5", "gender", "codes", "Ｆ"),
    "right_to_left_mark": one("P900,baseline,treated,F\u202eM,1,2,3,4,5", "gender", "codes", "F\u202eM"),
    "accented_code": one("P900,baseline,treated,È,1,2,3,4,5", "gender", "codes", "È"),
    "arabic_text": one("P900,baseline,treated,أنثى,1,2,3,4,5", "gender", "codes", "أنثى"),
    "quotes_inside": one('P900,baseline,treated,"a""b""",1,2,3,4,5', "gender", "codes", 'a"b"'),
    "apostrophe": one("P900,baseline,treated,d'a,1,2,3,4,5", "gender", "codes", "d'a"),
    "backslash": one(r"P900,baseline,treated,a\,1,2,3,4,5", "gender", "codes", "a\\"),
    "terminal_escape": one("P900,baseline,treated,\x1b[31mF,1,2,3,4,5", "gender", "codes", "\x1b[31mF"),
    "unknown_wave": one("P900,follow_up,treated,F,1,2,3,4,5", "wave", "codes", "follow_up"),
    "unknown_arm": one("P900,baseline,control,F,1,2,3,4,5", "arm", "codes", "control"),
    "pattern_broken": one("P9000,baseline,treated,F,1,2,3,4,5", "person_id", "pattern", "P9000"),
    "pattern_with_other_digits": one("P９００,baseline,treated,F,1,2,3,4,5", "person_id", "pattern", "P９００"),
    "no_person": one(",baseline,treated,F,1,2,3,4,5", "person_id", "required", ""),
    "blank_person": one("\u00a0 ,baseline,treated,F,1,2,3,4,5", "person_id", "required", ""),
    "null_in_words": one("P900,baseline,NULL,F,1,2,3,4,5", "arm", "codes", "NULL"),
    "na_in_words": one("P900,baseline,NA,F,1,2,3,4,5", "arm", "codes", "NA"),
    "three_reasons": Extra(
        ("X,baseline,zz,F,7,2,3,4,5",),
        ((LINE, "arm", "codes", "zz"), (LINE, "person_id", "pattern", "X"), (LINE, "who1", "max", "7")),
    ),
    # keys
    "same_row_twice": Extra(
        (GOOD[0],), ((LINE, "person_id, wave", "repeated_row", "P001, baseline"),)
    ),
    "same_row_written_otherwise": Extra(
        (GOOD[0].replace(",2,3,3,3,2", ", 2,3.0,3,+3,2"),), ((LINE, "person_id, wave", "repeated_row", "P001, baseline"),)
    ),
    "key_twice_among_the_extra": Extra(
        ("P900,baseline,treated,F,1,2,3,4,5", "P900,baseline,treated,F,1,2,3,4,4"),
        tuple((LINE + n, "person_id, wave", "duplicate_key", "P900, baseline") for n in (0, 1)),
    ),
    "key_of_a_bad_row_is_free": Extra(
        ("P900,baseline,treated,F,9,2,3,4,5", "P900,baseline,treated,F,1,2,3,4,4"),
        ((LINE, "who1", "max", "9"),),
        ("P900,baseline,treated,F,1,2,3,4,4",),
    ),
}  # fmt: skip


def run(
    capsys: pytest.CaptureFixture[str], folder: Path, database: Path, *, bad: int, good: int
) -> list[dict[str, Any]]:
    """Load; check that rows are conserved; return the quarantine."""
    outcome = call(capsys, "run", folder, "--db", database, "--until", "validate", "--json")
    assert outcome.code == (1 if bad else 0), outcome.text
    assert "report" in outcome.json, outcome.out
    report = outcome.json["report"]
    assert (report["rows_read"], report["rows_good"], report["rows_bad"]) == (good + bad, good, bad)
    return quarantined(capsys, database)


def reasons(rows: list[dict[str, Any]]) -> list[Reason]:
    return sorted((row["line"], row["column"], row["rule"], row["value"]) for row in rows)


def payload(row: dict[str, Any]) -> dict[str, Any]:
    loaded = json.loads(row["payload"])
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("name", CASES)
def test_set_aside(name: str, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extra = CASES[name]
    lines = [*GOOD[:PLACE], *extra.lines, *GOOD[PLACE:]]
    (folder / RAW).write_bytes(survey(lines))
    kept = [typed(text) for text in lines if text in GOOD or text in extra.good]
    if name.startswith("same_row"):
        kept = [typed(text) for text in GOOD]
    bad = len({reason[0] for reason in extra.reasons})
    rows = run(capsys, folder, database, bad=bad, good=len(kept))
    assert reasons(rows) == sorted(extra.reasons)
    if re.search(r"[^\w,.-]", "".join(extra.lines)):
        assert call(capsys, "quarantine", "--db", database).code == (1 if bad else 0)
    assert good_rows(database, COLUMNS) == kept
    for row in rows:
        assert row["file"] == RAW
        held = payload(row)
        if row["column"] in HEADER.split(","):
            assert (held[row["column"]] or "") == row["value"]
        elif not row["column"]:
            assert held["line"] == row["value"]


def test_two_rows_with_one_key_are_both_set_aside(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = GOOD[0].replace(",2,3,3,3,2", ",5,5,5,5,-9")
    assert other != GOOD[0]
    (folder / RAW).write_bytes(survey([*GOOD, other]))
    rows = run(capsys, folder, database, bad=2, good=39)
    assert reasons(rows) == [(n, "person_id, wave", "duplicate_key", "P001, baseline") for n in (2, 42)]
    assert good_rows(database, COLUMNS) == [typed(text) for text in GOOD[1:]]
    assert payload(rows[1])["who5"] == "-9", "the payload holds the value as it stood in the file"


ENCODED = {
    "byte_order_mark": (b"\xef\xbb\xbf" + survey(), FORMAT),
    "byte_order_mark_and_quoted_header": (b"\xef\xbb\xbf" + survey(header='"person_id"' + HEADER[9:]), FORMAT),
    "windows_line_ends": (survey(end="\r\n"), FORMAT),
    "old_mac_line_ends": (survey(end="\r"), FORMAT),
    "mixed_line_ends": (survey(GOOD[:10]) + ("\r\n".join(GOOD[10:20]) + "\r\n" + "\n".join(GOOD[20:])).encode(), FORMAT),
    "mixed_line_ends_windows_first": (survey(GOOD[:10], end="\r\n") + ("\n".join(GOOD[10:]) + "\n").encode(), FORMAT),
    "mixed_line_ends_all_three": (
        survey(GOOD[:10]) + ("\r".join(GOOD[10:20]) + "\r\n" + "\n".join(GOOD[20:])).encode(), FORMAT
    ),
    "no_line_end_at_the_end": (survey()[:-1], FORMAT),
    "blank_lines_between": (survey(end="\n\n"), FORMAT),
    "blank_lines_at_the_end": (survey() + b"\n\n\n", FORMAT),
    "utf_16_declared": (survey().decode().encode("utf-16"), "format: {encoding: utf-16}"),
    "cp1252_declared": (survey(), "format: {encoding: cp1252}"),
    "semicolons_declared": (survey().replace(b",", b";"), 'format: {delimiter: ";"}'),
    "tabs_declared": (survey().replace(b",", b"\t"), r'format: {delimiter: "\t"}'),
    "bars_declared": (survey().replace(b",", b"|"), 'format: {delimiter: "|"}'),
    "single_quotes_declared": (survey().replace(b"treated", b"'treated'"), 'format: {quote: "\'"}'),
    "columns_in_another_order": (
        survey([",".join(text.split(",")[::-1]) for text in GOOD], ",".join(HEADER.split(",")[::-1])), FORMAT
    ),
    "spaces_in_the_header": (survey(header=HEADER.replace(",", " , ")), FORMAT),
    "header_renamed_with_quotes": (
        survey(header=HEADER.replace("gender", '"ge""n%d\'er"')), r"""rename: {"ge\"n%d'er": gender}"""
    ),
    "header_renamed_from_markup": (survey(header=HEADER.replace("gender", "[/b]{0}")), 'rename: {"[/b]{0}": gender}'),
    "two_columns_swapped": (
        survey(header=HEADER.replace("who1,who2", "who2,who1")), "rename: {who1: who2, who2: who1}"
    ),
    "column_ignored": (survey([text + ",x" for text in GOOD], HEADER + ",notes"), "ignore: [notes]"),
    "column_called_rowid_ignored": (
        survey([text + ",7" for text in GOOD], HEADER + ",rowid"), "ignore: [rowid]"
    ),
    "a_thousand_columns_ignored": (
        survey([text + "," * 1000 for text in GOOD], HEADER + "".join(f",c{n}" for n in range(1000))),
        f"ignore: [{', '.join(f'c{n}' for n in range(1000))}]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODED)
def test_odd_but_good(name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, declared = ENCODED[name]
    change(folder, "sources.yaml", FORMAT, declared)
    (folder / RAW).write_bytes(raw)
    database = tmp_path / "new.duckdb"
    assert run(capsys, folder, database, bad=0, good=40) == []
    assert good_rows(database, COLUMNS) == [typed(text) for text in GOOD]


class Typed(NamedTuple):
    """A column in place of ``gender``, one text in every row, and what it must be read as (or the rule it breaks)."""

    column: str
    text: str
    value: Any = None
    rule: str = ""
    declared: str = FORMAT
    encoding: str = "utf-8"


TYPES = {
    "date": Typed("{type: date}", "2024-12-31", datetime.date(2024, 12, 31)),
    "date_italian": Typed("{type: date}", "31/12/2024", datetime.date(2024, 12, 31), declared='format: {dates: ["%d/%m/%Y"]}'),
    "date_of_two_formats": Typed("{type: date}", "03.04.2024", datetime.date(2024, 4, 3), declared='format: {dates: ["%d/%m/%Y", "%d.%m.%Y"]}'),
    "date_italian_undeclared": Typed("{type: date}", "31/12/2024", rule="type"),
    "date_american_where_italian": Typed("{type: date}", "12/31/2024", rule="type", declared='format: {dates: ["%d/%m/%Y"]}'),
    "date_that_is_not": Typed("{type: date}", "2024-02-30", rule="type"),
    "date_with_time": Typed("{type: date}", "2024-02-03 10:00", rule="type"),
    "date_far_away": Typed("{type: date}", "9999-12-31", rule="type"),
    "date_as_excel_number": Typed("{type: date}", "45657", rule="type"),
    "number_with_point": Typed("{type: number}", "-1234.5", -1234.5),
    "number_with_exponent": Typed("{type: number}", "1.5e3", 1500.0),
    "number_with_comma_declared": Typed("{type: number}", '"-1234,5"', -1234.5, declared='format: {decimal: ","}'),
    "number_with_thousands_and_comma": Typed("{type: number}", '"1.234,5"', rule="type", declared='format: {decimal: ","}'),
    "number_with_point_where_comma": Typed("{type: number}", "1234.5", rule="type", declared='format: {decimal: ","}'),
    "number_with_thousands": Typed("{type: number}", '"1,234.5"', rule="type"),
    "number_with_unit": Typed("{type: number}", "12 €", rule="type"),
    "number_1e308": Typed("{type: number}", "1e308", rule="max"),
    "number_minus_1e308": Typed("{type: number}", "-1e308", rule="min"),
    "number_1e29_allowed": Typed("{type: number, max: 1.0e30}", "1e29", 1e29),
    "number_1e400": Typed("{type: number, max: 1.0e30}", "1e400", rule="type"),
    "number_nan": Typed("{type: number}", "nan", rule="type"),
    "number_infinite": Typed("{type: number}", "Infinity", rule="type"),
    "integer_beyond_doubles": Typed("{type: integer, max: 9.2e18}", "9007199254740993", 9007199254740993),
    "integer_large": Typed("{type: integer}", "999999999999999", 999999999999999),
    "integer_at_1e15": Typed("{type: integer}", "1000000000000001", rule="max"),
    "switch": Typed("{type: boolean}", "Sì", value=True),
    "switch_no": Typed("{type: boolean}", "FALSO", value=False),
    "switch_of_2": Typed("{type: boolean}", "2", rule="type"),
    "text_with_zeros": Typed("{type: text}", "00123", "00123"),
    "text_that_is_a_formula": Typed("{type: text}", "=HYPERLINK(1)", "=HYPERLINK(1)"),
    "text_from_right_to_left": Typed("{type: text}", "שלום \u202e world", "שלום \u202e world"),
    "text_of_emoji": Typed("{type: text}", "👩‍👩‍👧", "👩‍👩‍👧"),
    "text_with_quotes": Typed("{type: text}", '"a ""b"", c"', 'a "b", c'),
    "text_like_null": Typed("{type: text}", "NULL", "NULL"),
    "text_like_a_template": Typed("{type: text}", "{relation}", "{relation}"),
    "text_with_separator_u2028": Typed("{type: text}", "a\u2028b\x85c\x0bd", "a\u2028b\x85c\x0bd"),
    "text_of_100000": Typed("{type: text}", "x" * 100_000, "x" * 100_000),
    "text_too_long": Typed("{type: text, max_length: 3}", "abcd", rule="max_length"),
    "text_of_three_emoji": Typed("{type: text, max_length: 3}", "😀😀😀", "😀😀😀"),
    "text_cp1252": Typed("{type: text}", "perché – “così” €", "perché – “così” €", declared="format: {encoding: cp1252}", encoding="cp1252"),
    "text_over_two_lines": Typed("{type: text}", '"a\nb"', "a\nb", declared="format: {multiline: true}"),
    "text_with_a_blank_line": Typed("{type: text}", '"a\n\nb"', "a\n\nb", declared="format: {multiline: true}"),
    "code_with_quotes": Typed("""{type: code, codes: ["it's", 'a"b']}""", "it's", "it's"),
    "code_with_percent": Typed('{type: code, codes: ["%s", "%(x)s"]}', "%s", "%s"),
    "code_with_backslash": Typed(r"{type: code, codes: ['\n', 'a\']}", r"\n", r"\n"),
    "code_with_braces": Typed('{type: code, codes: ["{relation}", "{0}"]}', "{relation}", "{relation}"),
    "code_of_zeros": Typed('{type: code, codes: ["00123"]}', "123", rule="codes"),
    "code_that_is_no": Typed("{type: code, codes: [NO, SE]}", "NO", "NO"),
    "code_among_9000": Typed(f"{{type: code, codes: [{', '.join(f'c{n}' for n in range(9000))}]}}", "c8999", "c8999"),
    "pattern_ignoring_case": Typed('{type: text, pattern: "(?i:abc)"}', "aBC", "aBC"),
    "pattern_ignoring_case_broken": Typed('{type: text, pattern: "(?i:abc)"}', "aBD", rule="pattern"),
    "pattern_with_braces": Typed('{type: text, pattern: "\\\\{relation\\\\}|x{2}"}', "xx", "xx"),
    "pattern_with_the_template": Typed('{type: text, pattern: "x|{relation}"}', "x", "x"),
    "pattern_with_quote": Typed("""{type: text, pattern: "d'[a-z]+"}""", "d'oro", "d'oro"),
    "pattern_is_anchored": Typed('{type: text, pattern: "a|b"}', "ab", rule="pattern"),
    "pattern_with_lookahead": Typed('{type: text, pattern: "(?=a)[a-z]+"}', "abc", "abc"),
    "pattern_with_lookahead_broken": Typed('{type: text, pattern: "(?=a)[a-z]+"}', "bc", rule="pattern"),
    "missing_code_of_text": Typed('{type: text, missing: {refused: ["n.r.", "-"]}}', "n.r.", None),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_types(name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One odd value in the second row, among rows where the column is blank."""
    case = TYPES[name]
    change(folder, "contracts.yaml", GENDER, f"gender: {case.column}")
    change(folder, "indicators.yaml", "by: [gender]", "by: []")
    change(folder, "sources.yaml", FORMAT, case.declared)
    blank = [text.replace(",F,", ",,").replace(",M,", ",,") for text in GOOD]
    lines = [blank[0], blank[1].replace(",,", f",{case.text},"), *blank[2:]]
    (folder / RAW).write_bytes(("\n".join([HEADER, *lines]) + "\n").encode(case.encoding))
    database = tmp_path / "new.duckdb"
    rows = run(capsys, folder, database, bad=1 if case.rule else 0, good=39 if case.rule else 40)
    values = [value for (value,) in good_rows(database, "gender")]
    if case.rule:
        assert reasons(rows) == [(3, "gender", case.rule, case.text.strip('"'))]
        assert values == [None] * 39
    else:
        assert rows == []
        assert values == [None, case.value, *[None] * 38]
        assert type(values[1]) is type(case.value)


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_a_check_outside_sql_keeps_the_rows_places(
    severity: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pattern that only Python knows, broken by the third row of the file."""
    warn = ", warn: [pattern]" if severity == "warning" else ""
    change(folder, "contracts.yaml", 'pattern: "P[0-9]{3}"', f'pattern: "(?=P)P[0-9]{{3}}"{warn}')
    lines = [*GOOD[:2], "Q900,baseline,treated,F,1,2,3,4,5", *GOOD[2:]]
    (folder / RAW).write_bytes(survey(lines))
    database = tmp_path / "new.duckdb"
    outcome = call(capsys, "run", folder, "--db", database, "--json")
    assert outcome.code == (1 if severity == "error" else 0)
    assert reasons(quarantined(capsys, database)) == [(4, "person_id", "pattern", "Q900")]
    expected = [(text[:4], place) for place, text in enumerate(lines) if severity == "warning" or text in GOOD]
    assert good_rows(database, "person_id, _row") == expected


def test_recoded_values_are_quarantined_as_they_stood(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, "sources.yaml", FORMAT, "recode: {gender: {Donna: W}}")
    (folder / RAW).write_bytes(survey([*GOOD, "P900,baseline,treated,Donna,1,2,3,4,5"]))
    (row,) = run(capsys, folder, tmp_path / "new.duckdb", bad=1, good=40)
    assert "Donna" in json.dumps(row)


def test_constants_are_read_as_declarations_not_as_the_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder, "contracts.yaml", GENDER, "gender: {type: number}\n      day: {type: date}")
    change(folder, "indicators.yaml", "by: [gender]", "by: []")
    declared = 'format: {delimiter: ";", decimal: ",", dates: ["%d/%m/%Y"]}\n    set: {gender: 1.5, day: 2024-12-31}'
    change(folder, "sources.yaml", FORMAT, declared)
    without = [";".join([*text.split(",")[:3], *text.split(",")[4:]]) for text in GOOD]
    (folder / RAW).write_bytes(survey(without, HEADER.replace("gender,", "").replace(",", ";")))
    database = tmp_path / "new.duckdb"
    run(capsys, folder, database, bad=0, good=40)
    assert set(good_rows(database, "gender, day")) == {(1.5, datetime.date(2024, 12, 31))}


def test_a_column_called_rowid(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Either the name is refused where it is declared, or it is a column like any other."""
    change(folder, "contracts.yaml", GENDER, "rowid: {type: integer}")
    change(folder, "indicators.yaml", "by: [gender]", "by: []")
    lines = [text.replace(",F,", ",7,").replace(",M,", ",8,") for text in (*GOOD, GOOD[3])]
    (folder / RAW).write_bytes(survey(lines, HEADER.replace("gender", "rowid")))
    database = tmp_path / "new.duckdb"
    outcome = call(capsys, "run", folder, "--db", database, "--json")
    assert outcome.code == 1
    if "problems" in outcome.json:
        assert {problem["file"] for problem in outcome.json["problems"]} == {"contracts.yaml"}
    else:
        assert reasons(quarantined(capsys, database)) == [(42, "person_id, wave", "repeated_row", "P002, end_line")]
        assert len(good_rows(database)) == 40


@pytest.mark.parametrize("name", ["select", "group", "rows", "value", "line", "h"])
def test_columns_programmes_and_contracts_named_like_sql(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same numbers whatever things are called; run twice, the second time with a row less."""
    change(folder, "programme.yaml", "id: template_programme", f"id: {name}")
    for file in ("contracts.yaml", "indicators.yaml"):
        text = (folder / file).read_text().replace("gender", name)
        text = text.replace("- id: survey\n", f"- id: {name}\n").replace("contract: survey", f"contract: {name}")
        (folder / file).write_text(text)
    change(folder, "sources.yaml", "contract: survey", f"contract: {name}")
    (folder / RAW).write_bytes(survey(header=HEADER.replace("gender", name)))
    database = tmp_path / "results.duckdb"
    first = call(capsys, "run", folder, "--db", database, "--json")
    assert first.code == 0, first.text
    (folder / RAW).write_bytes(survey(GOOD[:-1], header=HEADER.replace("gender", name)))
    second = call(capsys, "run", folder, "--db", database, "--json")
    assert second.json["report"]["changes"]["survey_file"] == {"added": 0, "removed": 1, "changed": 0, "unchanged": 39}
    values = {row["finding"].split("/", 1)[1]: row["n"] for row in second.json["findings"]}
    treated = [text.split(",") for text in GOOD[:-1] if ",end_line,treated," in text]
    assert values == {
        "wellbeing_score": len(treated),
        f"wellbeing_score/{name}=F": sum(cells[3] == "F" for cells in treated),
        f"wellbeing_score/{name}=M": sum(cells[3] == "M" for cells in treated),
    }


def test_trace_counts_the_rows_that_were_used(folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / RAW).write_bytes(survey([GOOD[0], "", "P900,nowhere,treated,F,1,2,3,4,5", *GOOD[1:]]))
    assert call(capsys, "run", folder, "--db", database).code == 1
    trace = call(capsys, "trace", "template_programme/wellbeing_score", "--db", database, "--json")
    (source,) = trace.json["sources"]
    assert (source["rows_read"], source["rows_good"], source["rows_bad"], source["rows_used"]) == (41, 40, 1, 40)
    assert source["first_lines"] == [2, 5, 6, 7, 8]


def test_the_key_changes_its_type(folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(
        folder,
        "contracts.yaml",
        '{type: text, required: true, pattern: "P[0-9]{3}"}',
        "{type: integer, required: true}",
    )
    (folder / RAW).write_bytes(survey([text[1:] for text in GOOD]))
    run(capsys, folder, database, bad=0, good=40)
    assert good_rows(database, "person_id")[:2] == [(1,), (1,)]


def test_a_corrected_file_leaves_no_quarantine(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / RAW).write_bytes(survey([*GOOD, "P900,nowhere,treated,F,1,2,3,4,5"]))
    assert len(run(capsys, folder, database, bad=1, good=40)) == 1
    (folder / RAW).write_bytes(survey([*GOOD, "P900,baseline,treated,F,1,2,3,4,5"]))
    assert run(capsys, folder, database, bad=0, good=41) == []


def test_two_sources_that_read_the_same_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = f"sources:\n  - {{id: again, file: {RAW}, contract: survey, "
    change(folder, "sources.yaml", "sources:\n", source + "provenance: {title: A, kind: synthetic, generator: g}}\n")
    database = tmp_path / "new.duckdb"
    rows = run(capsys, folder, database, bad=40, good=40)
    assert {row["rule"] for row in rows} == {"repeated_row"}
    assert len({row["source"] for row in rows}) == 1
    assert [row["line"] for row in rows] == list(range(2, 42))


def test_records_over_several_lines_do_not_move_the_others(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With values over several lines a row is found by its place among the records."""
    change(folder, "contracts.yaml", GENDER, "gender: {type: text}")
    change(folder, "sources.yaml", FORMAT, "format: {multiline: true}")
    lines = [*GOOD[:2], GOOD[2].replace(",F,", ',"F\nG",').replace(",M,", ',"F\nG",'), *GOOD[3:5], "P900,baseline"]
    lines += [*GOOD[5:7], "P901,zz,treated,F,1,2,3,4,5", *GOOD[7:]]
    (folder / RAW).write_bytes(survey(lines))
    rows = run(capsys, folder, tmp_path / "new.duckdb", bad=2, good=40)
    assert reasons(rows) == [(7, "", "missing_columns", "P900,baseline"), (10, "wave", "codes", "zz")]


def test_nothing_good_is_lost_in_a_file_of_all_evils(
    folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All the extra lines of all the cases in one file, one after each good line."""
    evils = [
        (line, case) for name, case in CASES.items() if "key" not in name for line in case.lines[:1] if case.reasons
    ]
    marked = [
        part for number, text in enumerate(GOOD) for part in ((text, True), *[(e, False) for e, _ in evils[number::40]])
    ]
    lines = [text for text, _ in marked]
    (folder / RAW).write_bytes(survey(lines))
    bad = len(lines) - 40
    rows = run(capsys, folder, database, bad=bad, good=40)
    assert sorted({row["line"] for row in rows}) == [n for n, (_, good) in enumerate(marked, start=2) if not good]
    assert good_rows(database, COLUMNS) == [typed(text) for text in GOOD]


def test_a_file_level_error_after_a_good_run(folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad rows first, then a broken file: the quarantine of the good run stays too."""
    (folder / RAW).write_bytes(survey([*GOOD, "P900,nowhere,treated,F,1,2,3,4,5"]))
    assert len(run(capsys, folder, database, bad=1, good=40)) == 1
    (folder / RAW).write_bytes(survey().replace(b",F,", b",\xe9,"))
    assert_refused(capsys, folder, database, file=RAW, fragments=("0xe9",))
    assert reasons(quarantined(capsys, database)) == [(42, "wave", "codes", "nowhere")]
