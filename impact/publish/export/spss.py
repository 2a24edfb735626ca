"""SPSS: a ``.sav`` file a contract; codes stay text, and the kinds of missing are user-missing values with labels.

Blank is what SPSS itself calls missing (of text: empty); each other kind that a column declares is a value of its own,
in columns of numbers below all others, in columns of text a word that begins with a point. SPSS takes three such words
a column: where a column declares all four, a column of numbers beside it says the kind.
"""

from __future__ import annotations

import datetime
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from impact.publish.export.contract_rows import KINDS, ContractRows, codes_of, kind_label, kinds_of
from impact.publish.export.format import needed
from impact.publish.export.microdata import EXACT, FileColumn, Package, companion, format_of
from impact.tables.variables import Variable

SUFFIX = ".sav"
WORDS = {"skipped": ".skip", "not_applicable": ".na", "refused": ".ref", "suppressed": ".sup"}
"""What stands for a kind of missing in a column of text; eight bytes at most."""
NEAR = {kind: float(-5 - place) for place, kind in enumerate(KINDS[1:], 1)}
"""What stands for it in a column of numbers that are never negative: -6 to -9."""
FAR = {kind: float(-999_999_995 - place) for place, kind in enumerate(KINDS[1:], 1)}
"""And where they may be negative."""
MOST_WORDS = 3
LONGEST_TEXT = 32_767
_FIRST_DAY = datetime.date(1582, 10, 14)
_DAY = 86_400.0
_FORMS = {"integer": "F16.0", "number": "F16.4", "boolean": "F2.0", "date": "SDATE10"}
_WRITTEN = slice(92, 109)
"""Where in a file its day and hour stand: both are set, so that the same data give the same bytes."""
_SOME_DAY = b"01 Jan 0000:00:00"


def _encode(rows: ContractRows, variable: Variable) -> list[FileColumn]:
    if variable.type in ("text", "code"):
        return _texts(rows, variable)
    values = list(map(_number, rows.values(variable.column)))
    codes = {kind: _numbers_of(variable, values)[kind] for kind in kinds_of(variable)}
    cells = _cells(values, rows.kinds(variable.column), codes)
    titles = codes_of(variable, rows.words)
    labels: dict[Any, str] = {float(code == "true"): title for code, title in titles.items()}
    labels |= {value: kind_label(kind, rows.words) for kind, value in codes.items()}
    return [FileColumn(variable.column, cells, labels, codes, form=_FORMS[variable.type])]


def _texts(rows: ContractRows, variable: Variable) -> list[FileColumn]:
    kinds = kinds_of(variable)
    words = {kind: WORDS[kind] for kind in kinds} if len(kinds) <= MOST_WORDS else {}
    cells = [cell or "" for cell in _cells(rows.values(variable.column), rows.kinds(variable.column), words)]
    labels = {code: title for code, title in codes_of(variable, rows.words).items() if title}
    labels |= {word: kind_label(kind, rows.words) for kind, word in words.items()}
    column = FileColumn(variable.column, cells, labels, words)
    return [column] if len(words) == len(kinds) else [column, companion(rows, variable)]


def _cells(values: Sequence[Any], kinds: Sequence[str | None], codes: Mapping[str, Any]) -> list[Any]:
    """Return values, and what stands for the kind where one is missing; None for a blank."""
    pairs = zip(values, kinds, strict=True)
    return [codes.get(kind or "") if value is None else value for value, kind in pairs]


def _number(value: Any) -> float | None:
    """Return a number, a day (in seconds since 14 October 1582) or a truth (1 and 0) as SPSS holds it."""
    if isinstance(value, datetime.date):
        return (value - _FIRST_DAY).days * _DAY
    return None if value is None else float(value)


def _numbers_of(variable: Variable, values: Sequence[float | None]) -> Mapping[str, float]:
    """Return what stands for the kinds of missing in a column of numbers: below all that there may be."""
    is_whole = variable.type in ("boolean", "date") or (variable.min is not None and variable.min >= 0)
    return NEAR if is_whole and min(filter(None, values), default=0.0) >= 0 else FAR


def _wrong(variable: Variable, value: Any) -> str:
    """Say what keeps a value from being written."""
    if isinstance(value, str):
        return _wrong_text(variable, value)
    if isinstance(value, datetime.date):
        return "" if value > _FIRST_DAY else "a day before 15 October 1582"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number without end"
    if abs(value) > EXACT and variable.type == "integer":
        return "a whole number that is no longer exact there"
    return _collision(variable, value)


def _collision(variable: Variable, value: float) -> str:
    among = min(FAR.values()) <= value <= max(FAR.values())
    return "it stands for a kind of missing there" if among and kinds_of(variable) else ""


def _wrong_text(variable: Variable, value: str) -> str:
    if len(value.encode("utf-8")) > LONGEST_TEXT:
        return f"a text of more than {LONGEST_TEXT:,} bytes"
    if "\0" in value:
        return "a text with a null character, at which it ends"
    if value.rstrip(" ") != value or not value:
        return "a text that is empty or ends with a blank, which is lost"
    return "it stands for a kind of missing there" if value in WORDS.values() and kinds_of(variable) else ""


def _write(columns: Sequence[FileColumn], title: str, notes: Sequence[str]) -> bytes:
    pyreadstat = needed("pyreadstat")
    types = {column.name: object if _is_text(column) else float for column in columns}
    frame = pd.DataFrame({column.name: pd.Series(column.cells, dtype=types[column.name]) for column in columns})
    measures = {column.name: "nominal" if column.labels or _is_text(column) else "scale" for column in columns}
    with tempfile.TemporaryDirectory(prefix="impact-") as folder:
        path = Path(folder) / "rows.sav"
        pyreadstat.write_sav(
            frame,
            path,
            file_label=title,
            column_labels={column.name: column.label for column in columns},
            note=list(notes),
            variable_value_labels={column.name: _labels(column) for column in columns if column.labels},
            missing_ranges={column.name: _ranges(column) for column in columns if column.kinds},
            variable_format={column.name: column.form for column in columns if column.form},
            variable_measure=measures,
        )
        content = bytearray(path.read_bytes())
    content[_WRITTEN] = _SOME_DAY
    return bytes(content)


def _is_text(column: FileColumn) -> bool:
    return not column.form and not column.companion


def _labels(column: FileColumn) -> dict[Any, str]:
    return {value if isinstance(value, str) else float(value): text for value, text in column.labels.items()}


def _ranges(column: FileColumn) -> list[Any]:
    """Return the values that are missing: three by name, four as a range."""
    values = list(column.kinds.values())
    return values if len(values) <= MOST_WORDS else [{"lo": min(values), "hi": max(values)}]


def _read(path: Path) -> list[FileColumn]:
    """Read a file back; what stands for a kind of missing is a value of its own."""
    pyreadstat = needed("pyreadstat")
    frame, said = pyreadstat.read_sav(path, user_missing=True, disable_datetime_conversion=True)
    return [
        FileColumn(
            column="",
            cells=[None if isinstance(cell, float) and math.isnan(cell) else cell for cell in frame[name].tolist()],
            labels=said.variable_value_labels.get(name, {}),
            kinds=_kinds(said.missing_ranges.get(name, ())),
            name=name,
            label=said.column_names_to_labels[name] or "",
        )
        for name in said.column_names
    ]


def _kinds(ranges: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the kinds of missing that ranges of values stand for."""
    known = [(kind, value) for words in (WORDS, NEAR, FAR) for kind, value in words.items()]
    bounds = [(one["lo"], one["hi"]) for one in ranges]
    return {
        kind: value
        for kind, value in known
        for low, high in bounds
        if isinstance(value, str) == isinstance(low, str) and low <= value <= high
    }


PACKAGE = Package(
    name="SPSS",
    encode=_encode,
    wrong=_wrong,
    write=_write,
    read=_read,
    longest_name=64,
    longest_label=255,
    longest_code=120,
    longest_title=60,
    size=lambda text: len(text.encode("utf-8")),
    reserved=frozenset(["all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"]),
)
FORMAT = format_of(PACKAGE, SUFFIX, "application/x-spss-sav", "pyreadstat")
