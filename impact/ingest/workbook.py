"""A workbook sheet becomes a CSV of text, cell by cell, through calamine."""

from __future__ import annotations

import csv
import datetime
import zipfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from impact.declare.sources import FileFormat, Source
from impact.errors import FileError, Problem
from impact.ingest.delimited import delimited
from impact.ingest.formula_errors import Errors, formula_errors
from impact.ingest.raw import BLANK, RawFile, RejectedLine
from impact.ingest.xml_parser import RefusedError

MAX_UNPACKED = 200_000_000
MAX_RATIO = 100
DIGITS = 15
"""Digits of a number that a workbook keeps."""
_UNREADABLE = (zipfile.BadZipFile, expat.ExpatError, RefusedError, KeyError, OSError, ValueError)


COPY = FileFormat(multiline=True)
"""How the copy is written, whatever the declaration says of text files."""


def read_workbook(source: Source, path: Path, scratch: Path) -> RawFile:
    """Read the declared sheet (the only one, if none is declared), through a copy as UTF-8 CSV.

    Cells are written as the source declares text: dates by its first date format, numbers with its decimal mark,
    whole numbers without one, so that codes typed as numbers read as codes. Note that a workbook itself has already
    lost leading zeros of codes typed as numbers, and what is beyond 15 digits: such numbers are written with an
    exponent, which reads as a number and not as text. Blank rows are no rows, but are counted, so that the others keep
    the numbers the spreadsheet shows; formula errors stay as ``#N/A`` and fail.

    Raises
    ------
    FileError
        If the file is no workbook, is an archive bomb, or the sheet is missing or empty.
    """
    rows, above = _read_sheet(path, source)
    target = scratch / f"{source.id}.csv"
    blank = [RejectedLine(number, BLANK, "") for number in range(1, above + 1)]
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        for number, row in enumerate(rows, start=above + 1):
            if all(cell == "" for cell in row):
                blank.append(RejectedLine(number, BLANK, ""))
            else:
                writer.writerow([_cell(value, source.format) for value in row])
    return delimited(target, source, COPY, scratch, rejected=tuple(blank), cells=True)


def _read_sheet(path: Path, source: Source) -> tuple[list[list[Any]], int]:
    """Return the used rows of the sheet, formula errors as text, and how many rows stand above them."""
    import python_calamine  # noqa: PLC0415 - only workbooks need it

    try:
        _refuse_bomb(path, source)
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        name = _chosen_sheet(workbook.sheet_names, source)
        sheet = workbook.get_sheet_by_name(name)
        rows = sheet.to_python()
        errors = formula_errors(path, name)
    except _UNREADABLE as error:
        raise _error(source, "the file is not a workbook that can be read", str(error)) from error
    except python_calamine.CalamineError as error:
        raise _error(source, "the file is not a workbook that can be read", str(error)) from error
    if not rows or sheet.start is None:
        raise _error(source, f"sheet '{name}' is empty", "")
    first_row, first_column = map(int, sheet.start)
    return _with_errors(rows, errors, first_row, first_column), first_row


def _chosen_sheet(names: list[str], source: Source) -> str:
    """Return the declared sheet, or the only one where none is declared."""
    declared = source.format.sheet
    if not declared and len(names) == 1:
        return names[0]
    if declared and declared in names:
        return declared
    expected = f"sheet '{declared}'" if declared else "one sheet, or format: {sheet: …}"
    raise _error(source, "the sheet cannot be chosen", f"sheets {', '.join(names)}", expected)


def _with_errors(rows: list[list[Any]], errors: Errors, first_row: int, first_column: int) -> list[list[Any]]:
    """Put the errors in their cells, also where nothing else stands in the row or column."""
    leftmost = min([first_column, *(column for _, column in errors)])
    indent = [""] * (first_column - leftmost)
    rows = [indent + row for row in rows]
    for (row, column), text in sorted(errors.items()):
        if row < first_row:  # above what has a value there is no header, and no data
            continue
        index, position = row - first_row, column - leftmost
        rows += [[] for _ in range(index + 1 - len(rows))]
        cells = rows[index]
        cells += [""] * (position + 1 - len(cells))
        cells[position] = text
    width = max(map(len, rows))
    return [row + [""] * (width - len(row)) for row in rows]


def _refuse_bomb(path: Path, source: Source) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(item.file_size for item in archive.infolist())
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(path.stat().st_size, 10_000):
        raise _error(source, f"the workbook unpacks to {unpacked:,} bytes, too large to be believed", "")


def _error(source: Source, what: str, found: str, expected: str = "") -> FileError:
    return FileError([Problem(what, source.file, None, f"source {source.id}", expected, found)])


def _number(value: float) -> str:
    """Write a number: whole ones as digits up to the 15 that a workbook keeps, larger ones with an exponent."""
    if abs(value) >= 10**DIGITS:
        return np.format_float_scientific(value, trim="-")
    if value.is_integer():
        return str(int(value))
    return np.format_float_positional(value, trim="-") if abs(value) > 10**-DIGITS else repr(value)


def _cell(value: Any, form: FileFormat) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(float(value)).replace(".", form.decimal)
    if isinstance(value, datetime.date):
        return value.strftime(form.dates[0])
    return str(value)
