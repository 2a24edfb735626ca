"""Stata: a ``.dta`` file a contract (format 118, Stata 14 and later); each kind of missing is an extended one, .a–.e.

Stata labels whole numbers only: a column of codes holds their places in the list, each with a label that begins with
the code, ``001: Torino``. Of text, which has no kinds of missing there, a column of numbers beside it says them.
"""

from __future__ import annotations

import datetime
import math
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from impact.publish.export.contract_rows import KINDS, ContractRows, codes_of, kind_label, kinds_of
from impact.publish.export.format import needed
from impact.publish.export.microdata import EXACT, FileColumn, Package, companion, format_of
from impact.tables.variables import Variable

SUFFIX = ".dta"
LETTERS = dict(zip(KINDS, "abcde", strict=True))
"""The extended missing value of each kind: ``.a`` is a blank."""
CODE_AND_TITLE = ": "
LONGEST_NAME = 28
"""Stata takes 32, but a set of labels is called as its column and a number, and has the same room."""
LONGEST_TEXT = 2_000_000
_LONG = 2_147_483_620
"""The largest of Stata's whole numbers; larger ones are doubles."""
_LARGEST = 8.9e307
_FIRST_DAY = datetime.date(1960, 1, 1)
_FIRST_YEAR = 100
_STAMP = re.compile(rb"<timestamp>\x11.{17}</timestamp>")
_SOME_DAY = b"<timestamp>\x1101 Jan 2000 00:00</timestamp>"
"""Set, so that the same data give the same bytes."""


def _encode(rows: ContractRows, variable: Variable) -> list[FileColumn]:
    if variable.type == "text":
        column = FileColumn(variable.column, [value or "" for value in rows.values(variable.column)])
        return [column, companion(rows, variable)] if kinds_of(variable) else [column]
    places = _places(rows, variable)
    numbers = _numbers(variable, rows.values(variable.column), places)
    pairs = zip(numbers, rows.kinds(variable.column), strict=True)
    cells = [LETTERS[kind] if kind else number for number, kind in pairs]
    titles = codes_of(variable, rows.words)
    labels: dict[Any, str] = {place: _label(variable, code, titles.get(code, "")) for code, place in places.items()}
    kinds = {kind: LETTERS[kind] for kind in ("missing", *kinds_of(variable))}
    labels |= {letter: kind_label(kind, rows.words) for kind, letter in kinds.items()}
    form = "%td" if variable.type == "date" else ""
    return [FileColumn(variable.column, cells, labels, kinds, form=form)]


def _places(rows: ContractRows, variable: Variable) -> dict[str, int]:
    """Return the number of each code: its place in the list; after them those that stand in rows alone."""
    codes = codes_of(variable, rows.words)
    if variable.type == "boolean":
        return {code: int(code == "true") for code in codes}
    if variable.type != "code":
        return {}
    others = sorted({value for value in rows.values(variable.column) if value is not None} - codes.keys())
    return {code: place for place, code in enumerate((*codes, *others), 1)}


def _label(variable: Variable, code: str, title: str) -> str:
    if variable.type == "boolean":
        return title
    return f"{code}{CODE_AND_TITLE}{title}" if title else code


def _numbers(variable: Variable, values: Sequence[Any], places: dict[str, int]) -> list[Any]:
    """Return values as Stata holds them; all of a column of one type, as the writer infers it."""
    if variable.type == "code":
        return [None if value is None else places[value] for value in values]
    if variable.type == "date":
        return [None if value is None else (value - _FIRST_DAY).days for value in values]
    present = [value for value in values if value is not None]
    is_long = variable.type != "number" and all(abs(value) <= _LONG for value in present)
    return [None if value is None else int(value) if is_long else float(value) for value in values]


def _wrong(variable: Variable, value: Any) -> str:
    """Say what keeps a value from being written."""
    if isinstance(value, str):
        return _wrong_text(variable, value)
    if isinstance(value, datetime.date):
        return "" if value.year >= _FIRST_YEAR else "a day before the year 100"
    if variable.type == "integer" and abs(value) > EXACT:
        return "a whole number that is no longer exact there"
    return "" if math.isfinite(value) and abs(value) < _LARGEST else "a number without end"


def _wrong_text(variable: Variable, value: str) -> str:
    if "\0" in value:
        return "a text with a null character, at which it ends"
    if variable.type == "code" and CODE_AND_TITLE in value:
        return f"a code with '{CODE_AND_TITLE}', which parts a code from its title there"
    if len(value.encode("utf-8")) > LONGEST_TEXT:
        return f"a text of more than {LONGEST_TEXT:,} bytes"
    return "" if value else "a text that is empty, which there is one that is missing"


def _write(columns: Sequence[FileColumn], title: str, _: Sequence[str]) -> bytes:
    pyreadstat = needed("pyreadstat")
    frame = pd.DataFrame({column.name: pd.Series(column.cells, dtype=object) for column in columns})
    with tempfile.TemporaryDirectory(prefix="impact-") as folder:
        path = Path(folder) / "rows.dta"
        pyreadstat.write_dta(
            frame,
            path,
            version=14,
            file_label=title,
            column_labels={column.name: column.label for column in columns},
            variable_value_labels={column.name: dict(column.labels) for column in columns if column.labels},
            missing_user_values={column.name: list(column.kinds.values()) for column in columns if column.kinds},
            variable_format={column.name: column.form for column in columns if column.form},
        )
        content = path.read_bytes()
    return _STAMP.sub(lambda _: _SOME_DAY, content, count=1)


def _read(path: Path) -> list[FileColumn]:
    """Read a file back: cells by pandas, which shares no code with what wrote them, labels by pyreadstat."""
    frame = pd.read_stata(path, convert_missing=True, convert_categoricals=False, convert_dates=False)
    _, said = needed("pyreadstat").read_dta(path, metadataonly=True, user_missing=True)
    labels, sets = said.column_names_to_labels, said.variable_value_labels
    return [_column(name, frame[name].tolist(), labels[name] or "", sets.get(name, {})) for name in frame.columns]


def _column(name: str, values: Sequence[Any], label: str, labels: dict[Any, str]) -> FileColumn:
    kinds = {kind: letter for kind, letter in LETTERS.items() if letter in labels}
    cells = [str(cell).removeprefix(".") if hasattr(cell, "string") else cell for cell in values]
    return FileColumn("", cells, labels, kinds, name, label)


PACKAGE = Package(
    name="Stata",
    encode=_encode,
    wrong=_wrong,
    write=_write,
    read=_read,
    longest_name=LONGEST_NAME,
    longest_label=80,
    longest_code=32_000,
    longest_title=80,
    size=len,
    reserved=frozenset(["byte", "double", "float", "if", "in", "int", "long", "using", "with", "strl"]),
)
FORMAT = format_of(PACKAGE, SUFFIX, "application/x-stata-dta", "pandas, pyreadstat")
