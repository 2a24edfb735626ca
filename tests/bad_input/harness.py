"""A small good programme, ways to spoil it, and what must still be true afterwards."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest

from impact.cli import main as cli

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "schemas" / "template"
ID = "template_programme"
FORMAT = '# format: {delimiter: ";", decimal: ",", dates: ["%d/%m/%Y"], encoding: cp1252}'
HEADER = "person_id,wave,arm,gender,who1,who2,who3,who4,who5"
with (TEMPLATE / "raw" / "survey.csv").open(encoding="utf-8") as _handle:
    GOOD = tuple(_handle.read().splitlines()[1:41])
"""The lines of the first twenty persons; line n of the list stands on line n + 2 of the file."""
GENDER = "gender: {type: code, codes: [F, M, X]}"
LEDGER = ("meta", "run", "load", "quarantine", "plan", "definition", "measure", "linkage", "finding", "diagnostic")


@dataclass(frozen=True)
class Outcome:
    """What a call of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything printed, without the white space that wrapping adds."""
        return squeeze(self.out + self.err)

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def squeeze(text: str) -> str:
    """Drop all white space."""
    return re.sub(r"\s+", "", text)


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """Call the command line in this process; anything but SystemExit passes through and fails the test."""
    capsys.readouterr()
    code: Any = 0
    with mock.patch.object(sys, "argv", ["impact", *map(str, arguments)]):
        try:
            cli.main()
        except SystemExit as leaving:
            code = leaving.code or 0
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    return Outcome(code, printed.out, printed.err)


def survey(lines: tuple[str, ...] | list[str] = GOOD, header: str = HEADER, end: str = "\n") -> bytes:
    """Return a survey file."""
    return (end.join([header, *lines]) + end).encode()


def make(folder: Path) -> Path:
    """Copy the template with its first twenty persons."""
    shutil.copytree(TEMPLATE, folder)
    (folder / "raw" / "survey.csv").write_bytes(survey())
    return folder


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Replace the first place where a text stands in one of the files, and be sure that it stood there."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"the template's {file} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@contextmanager
def opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database for reading."""
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


_KNOWN: dict[str, dict[str, list[Any]]] = {}


def content(database: Path) -> dict[str, list[Any]]:
    """Return every row of the engine's tables, and of the good rows; remembered by the file's bytes."""
    digest = hashlib.sha256(database.read_bytes()).hexdigest()
    if database.with_suffix(".duckdb.wal").exists() or digest not in _KNOWN:
        _KNOWN[digest] = _content(database)
    return _KNOWN[digest]


def _content(database: Path) -> dict[str, list[Any]]:
    with opened(database) as connection:
        tables = {
            name: connection.execute(f'SELECT CAST(t AS VARCHAR) AS r FROM impact."{name}" t ORDER BY r').fetchall()
            for name in LEDGER
        }
        views = connection.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        for schema, view in views:
            rows = connection.execute(f'FROM "{schema}"."{view}" ORDER BY ALL').fetchall()
            tables[f"{schema}.{view}"] = rows
    return tables


def good_rows(database: Path, columns: str = "*", view: str = "survey") -> list[tuple[Any, ...]]:
    """Return the good rows of a contract, in the file's order."""
    with opened(database) as connection:
        return connection.execute(f'SELECT {columns} FROM "{ID}"."{view}" ORDER BY _row').fetchall()


def typed(line: str) -> tuple[Any, ...]:
    """Read a good line of the survey as its contract says, by other means than the engine's."""
    (cells,) = csv.reader([line])
    stripped = [cell.strip(" \t\u00a0\u200b\u2007\u202f\ufeff") or None for cell in cells[:9]]
    items = [None if cell in (None, "-9") else int(float(cell)) for cell in stripped[4:]]
    return (*stripped[:4], *items)


def quarantined(capsys: pytest.CaptureFixture[str], database: Path) -> list[dict[str, Any]]:
    """Return the quarantine as the command line gives it."""
    outcome = call(capsys, "quarantine", "--db", database, "--json")
    rows: list[dict[str, Any]] = outcome.json
    assert outcome.code == (1 if rows else 0)
    return rows


def assert_refused(
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    database: Path,
    *,
    file: str,
    fragments: tuple[str, ...],
    whole: bool = False,
) -> None:
    """Run a spoilt programme: refused with code 1, the place named, the database as it was; printed for people too."""
    before = content(database)
    outcome = call(capsys, "run", folder, "--db", database, "--json")
    assert outcome.code == 1, outcome.text
    assert "problems" in outcome.json, f"the input was taken as good: {outcome.out[:300]}"
    problems = outcome.json["problems"]
    assert problems
    said = [
        problem
        for problem in problems
        if problem["file"] == file and all(part in json.dumps(problem, ensure_ascii=False) for part in fragments)
    ]
    assert said, f"no problem of {file} says {fragments}: {problems}"
    assert whole or said[0]["line"] or said[0]["field"], said[0]
    shown = call(capsys, "run", folder, "--db", database)
    assert shown.code == 1
    assert squeeze(file) in shown.text
    assert squeeze(said[0]["what"]) in shown.text
    assert content(database) == before
