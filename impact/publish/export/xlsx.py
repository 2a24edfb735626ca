"""XLSX: a workbook for people, a sheet a table behind one of notes; nothing in it is a formula, nothing is a link.

Numbers (to 16 digits), days and truths are cells of their types, shown as Italian or English readers write them; texts
stay texts, whatever they begin with. The notes say what each sheet is, what is suppressed and why, and what each column
means.
"""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from impact.errors import UsageError
from impact.publish.export.csv import SEPARATOR
from impact.publish.export.format import Format, Takes, needed
from impact.publish.export.table import ExportColumn, ExportTable, Kind
from impact.words import Words, words_in

MOST_CELLS = 2_000_000
"""Cells of a workbook: rows times columns of all its tables."""
MOST_ROWS = 200_000
"""Rows of a sheet; Excel itself takes 1,048,576."""
LONGEST_TEXT = 32_767
"""Characters of a cell that Excel takes."""
DIGITS = 10**15
"""Whole numbers from here on are written as text: a workbook keeps 15 digits."""
CREATED = datetime.datetime(2000, 1, 1)
"""Set, so that the same data give the same bytes."""
WIDEST, NARROWEST = 60, 8
_FIRST_DAY = datetime.date(1900, 3, 1)
"""Days before are written as text: a workbook counts a 29 February 1900 that never was."""
_CODES = {
    "it": {"integer": "#,##0", "number": "#,##0.00##", "date": "dd/mm/yyyy", "dateTime": "dd/mm/yyyy hh:mm:ss"},
    "en": {"integer": "#,##0", "number": "#,##0.00##", "date": "yyyy-mm-dd", "dateTime": "yyyy-mm-dd hh:mm:ss"},
}
"""How cells are shown; Excel puts the separators of the reader's country, in Italy ``1.234,50``."""
_LIKE = {"p_value": "0.0000", "OBS_VALUE": "#,##0.00####", "decimals": "0", "DECIMALS": "0", "UNIT_MULT": "0"}
"""Columns whose meaning asks for other decimals."""
Row = Sequence[str]


@dataclass
class Sheets:
    """A workbook that is being written.

    Parameters
    ----------
    book
        Of XlsxWriter.
    words
        Of the language of the notes.
    forms
        Formats of cells that were made, by their code.
    as_text
        What stood for other than it is: numbers and days that a cell does not hold.
    """

    book: Any
    words: Words
    forms: dict[str, Any] = field(default_factory=dict)
    as_text: list[tuple[str, str, str]] = field(default_factory=list)

    def form(self, code: str) -> Any:
        """Return the format of cells that are shown by a code."""
        if code not in self.forms:
            self.forms[code] = self.book.add_format({"num_format": code, "valign": "top"})
        return self.forms[code]


def write_xlsx(table: ExportTable) -> bytes:
    """Write a workbook of one table."""
    return _workbook([table])


def pack(tables: Sequence[ExportTable]) -> dict[str, bytes]:
    """Return the workbook of several tables."""
    return {"tables.xlsx": _workbook(tables)}


def _workbook(tables: Sequence[ExportTable]) -> bytes:
    """Write tables as sheets, the notes first.

    Raises
    ------
    UsageError
        If there are more rows or cells than a person reads in a workbook.
    """
    _check_size(tables)
    library = needed("xlsxwriter")
    sink = io.BytesIO()
    words = words_in("it" if tables[0].origin.language == "it" else "en")
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with library.Workbook(sink, options) as book:
        book.set_properties({"title": tables[0].origin.part_of, "created": CREATED})
        sheets = Sheets(book, words)
        notes = book.add_worksheet(words("xlsx.notes"))
        names = _sheet_names(tables, words("xlsx.notes"))
        for name, table in zip(names, tables, strict=True):
            _sheet(sheets, book.add_worksheet(name), table)
        _notes(sheets, notes, dict(zip(names, tables, strict=True)))
    return sink.getvalue()


def _check_size(tables: Sequence[ExportTable]) -> None:
    for table in tables:
        if len(table.frame) > MOST_ROWS:
            raise UsageError(
                f"'{table.name}' has {len(table.frame):,} rows; a workbook is written up to {MOST_ROWS:,}:"
                " take Parquet or CSV"
            )
    cells = sum(table.frame.size for table in tables)
    if cells > MOST_CELLS:
        raise UsageError(f"there are {cells:,} cells; a workbook is written up to {MOST_CELLS:,}: take Parquet or CSV")


def _sheet_names(tables: Sequence[ExportTable], notes: str) -> list[str]:
    """Return names that Excel takes: 31 characters, none of some marks, no two alike whatever their case."""
    names: list[str] = []
    for table in tables:
        plain = "".join("_" if mark in "[]:*?/\\'" else mark for mark in table.name)[:31] or "_"
        name, number = plain, 1
        while name.lower() in {notes.lower(), "history", *map(str.lower, names)}:
            number += 1
            name = f"{plain[: 30 - len(str(number))]}_{number}"
        names.append(name)
    return names


# ---- a sheet ---------------------------------------------------------------------------------------------------------


def _sheet(sheets: Sheets, sheet: Any, table: ExportTable) -> None:
    """Write a table under a header that stays in sight, with what its columns mean behind it."""
    head = sheets.book.add_format({"bold": True, "bottom": 1, "valign": "top"})
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.name, head)
        if note := _meaning(column):
            sheet.write_comment(0, place, note, {"author": "", "x_scale": 2})
        width = len(column.name) + 2
        for line, value in enumerate(table.frame[column.name].tolist(), 1):
            if value is not None:
                written = _cell(sheets, sheet, (line, place), column, value)
                width = max(width, written.width)
                if written.instead:
                    sheets.as_text.append((table.name, column.name, written.instead))
        sheet.set_column(place, place, min(WIDEST, max(NARROWEST, width)) + 1)
    sheet.freeze_panes(1, 0)
    if len(table.frame) and table.columns:
        sheet.autofilter(0, 0, len(table.frame), len(table.columns) - 1)


def _meaning(column: ExportColumn) -> str:
    unit = f"[{column.unit}]" if column.unit else ""
    return "\n".join(filter(None, (column.title, column.meaning, unit)))


def _cell(sheets: Sheets, sheet: Any, at: tuple[int, int], column: ExportColumn, value: Any) -> Written:
    """Write a value as a cell of its type."""
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(sheets, sheet, at, column, value)
    return _text(sheets, sheet, at, column, SEPARATOR.join(value))


@dataclass(frozen=True)
class Written:
    """How wide a cell is, and why it is a text where its value is none."""

    width: int
    instead: str = ""


def _text(sheets: Sheets, sheet: Any, at: tuple[int, int], _: ExportColumn, value: str) -> Written:
    if len(value) <= LONGEST_TEXT:
        sheet.write_string(*at, value)
        return Written(max(map(len, value.split("\n"))))
    sheet.write_string(*at, sheets.words("xlsx.too_long", count=len(value)))
    return Written(NARROWEST, sheets.words("xlsx.long_texts"))


def _truth(_: Sheets, sheet: Any, at: tuple[int, int], __: ExportColumn, value: bool) -> Written:
    sheet.write_boolean(*at, value)
    return Written(NARROWEST)


def _whole(sheets: Sheets, sheet: Any, at: tuple[int, int], column: ExportColumn, value: int) -> Written:
    if abs(value) >= DIGITS:
        sheet.write_string(*at, str(value))
        return Written(len(str(value)), sheets.words("xlsx.long_numbers"))
    sheet.write_number(*at, value, sheets.form(_code(sheets, column, Kind.INTEGER)))
    return Written(len(f"{value:,}"))


def _number(sheets: Sheets, sheet: Any, at: tuple[int, int], column: ExportColumn, value: float) -> Written:
    if not math.isfinite(value):
        sheet.write_string(*at, str(value))
        return Written(NARROWEST, sheets.words("xlsx.endless"))
    sheet.write_number(*at, value, sheets.form(_code(sheets, column, Kind.NUMBER)))
    return Written(len(f"{value:,.4f}"))


def _day(sheets: Sheets, sheet: Any, at: tuple[int, int], column: ExportColumn, value: datetime.date) -> Written:
    is_moment = isinstance(value, datetime.datetime)
    day = value.date() if isinstance(value, datetime.datetime) else value
    if day < _FIRST_DAY:
        sheet.write_string(*at, value.isoformat())
        return Written(len(value.isoformat()), sheets.words("xlsx.old_days"))
    plain = value.replace(tzinfo=None) if isinstance(value, datetime.datetime) else value
    sheet.write_datetime(*at, plain, sheets.form(_code(sheets, column, Kind.MOMENT if is_moment else Kind.DATE)))
    return Written(19 if is_moment else 10)


def _code(sheets: Sheets, column: ExportColumn, kind: Kind) -> str:
    """Return the code by which a number or a day is shown."""
    return _LIKE.get(column.name) or _CODES[sheets.words.declared][kind.value]


Writer = Callable[[Sheets, Any, tuple[int, int], ExportColumn, Any], Written]
_WRITERS: tuple[tuple[type, Writer], ...] = (
    (bool, _truth),
    (int, _whole),
    (float, _number),
    (datetime.date, _day),
    (str, _text),
)
"""In this order: a truth is a whole number to Python."""


# ---- the notes -------------------------------------------------------------------------------------------------------


def _notes(sheets: Sheets, sheet: Any, tables: dict[str, ExportTable]) -> None:
    bold = sheets.book.add_format({"bold": True})
    plain = sheets.book.add_format({"text_wrap": True, "valign": "top"})
    for line, row in enumerate(_note_rows(sheets, tables)):
        is_head = len(row) == 1 or line == 0
        for place, text in enumerate(row):
            sheet.write_string(line, place, text, bold if is_head else plain)
    sheet.set_column(0, 1, 24)
    sheet.set_column(2, 2, 90)
    sheet.freeze_panes(1, 0)


def _note_rows(sheets: Sheets, tables: dict[str, ExportTable]) -> Iterator[Row]:
    """Yield the lines of the notes: a head stands alone in its line."""
    words, origin = sheets.words, next(iter(tables.values())).origin
    yield [words("xlsx.title", title=origin.part_of)]
    yield [words("xlsx.version"), origin.version]
    yield [words("xlsx.data"), words(f"official.data_kind.{'synthetic' if origin.synthetic else 'real'}")]
    yield [words("xlsx.cite"), "", words("xlsx.citation", title=origin.part_of, version=origin.version)]
    yield ["", "", words("xlsx.digits")]
    yield [words("xlsx.sheets")]
    for name, table in tables.items():
        yield [name, words("xlsx.rows", count=len(table.frame)), table.title]
    yield [words("export.suppressed")]
    hidden = [(name, reason, count) for name, table in tables.items() for reason, count in table.suppressed.items()]
    for name, reason, count in hidden:
        yield [name, words("xlsx.rows", count=count), words(f"official.missing.{reason}")]
    if not hidden:
        yield ["", "", words("export.nothing_hidden")]
    yield from _instead(sheets)
    yield [words("export.columns")]
    for name, table in tables.items():
        for column in table.columns:
            yield [name, column.name, " ".join(_meaning(column).split("\n"))]


def _instead(sheets: Sheets) -> Iterator[Row]:
    """Yield which cells are texts though their values are none, or say that theirs is too long."""
    if sheets.as_text:
        yield [sheets.words("xlsx.as_text")]
        for table, column, why in dict.fromkeys(sheets.as_text):
            yield [table, column, why]


FORMAT = Format(
    ".xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Takes.TABLE,
    write_xlsx,
    pack,
    together=True,
    needs="xlsxwriter",
)
