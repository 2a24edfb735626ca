"""A crosswalk file (columns ``from`` and ``to``) becomes the recoding of a source's column, before rows are read."""

from __future__ import annotations

import csv
from pathlib import Path

from impact.declare.base import INVISIBLE, ODD_SPACES
from impact.declare.sources import Source
from impact.errors import DeclarationError, Problem

HEADER = ("from", "to")
LONGEST = 200
"""Characters of a code, as in a declaration."""
_SPACE = f" {ODD_SPACES}{INVISIBLE}"


def with_crosswalks(folder: Path, source: Source) -> Source:
    """Return the source with the codes of its crosswalk files among those it recodes.

    Parameters
    ----------
    folder
        The programme folder; the files lie inside it.
    source
        A source of ``sources.yaml``; its ``crosswalk`` names a file for each column that has one.

    Raises
    ------
    DeclarationError
        With every line of every file that cannot be used.
    """
    problems: list[Problem] = []
    recode = dict(source.recode)
    for column, name in source.crosswalk.items():
        try:
            recode[column] = read_crosswalk(folder, name, f"source {source.id}")
        except DeclarationError as error:
            problems += error.problems
    if problems:
        raise DeclarationError(problems)
    return source.model_copy(update={"recode": recode})


def read_crosswalk(folder: Path, name: str, where: str) -> dict[str, str]:
    """Read the pairs of one file; further columns are notes, blank lines are passed over.

    Raises
    ------
    DeclarationError
        If the file is missing, is no CSV in UTF-8, lacks a column, holds a blank code or maps a code twice.
    """
    lines = _lines(folder, name, where)
    header = [cell.strip(_SPACE) for cell in lines[0][1]] if lines else []
    if any(header.count(column) != 1 for column in HEADER):
        raise _error("a crosswalk has one column 'from' and one 'to'", name, 1, where, ", ".join(header))
    pairs: dict[str, str] = {}
    problems = []
    for line, cells in lines[1:]:
        codes = dict(zip(header, cells, strict=False))
        old, new = (codes.get(column, "").strip(_SPACE) for column in HEADER)
        if what := _wrong(old, new, pairs):
            problems.append(Problem(what, name, line, where, found=f"{old} → {new}"))
        pairs.setdefault(old, new)
    if problems:
        raise DeclarationError(problems)
    return pairs


def _wrong(old: str, new: str, pairs: dict[str, str]) -> str:
    """Say what is wrong with a pair of codes; empty if nothing is."""
    if not old or not new:
        return "a line of the crosswalk lacks a code"
    if max(len(old), len(new)) > LONGEST:
        return f"a code is longer than {LONGEST} characters"
    if old in pairs:
        return f"the crosswalk maps '{old}' twice"
    return ""


def _lines(folder: Path, name: str, where: str) -> list[tuple[int, list[str]]]:
    """Return the lines that are not blank, each with its number in the file."""
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise _error("the crosswalk lies outside the programme folder", name, None, where, name)
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise _error("the crosswalk cannot be read", name, None, where, str(error)) from error


def _error(what: str, name: str, line: int | None, where: str, found: str) -> DeclarationError:
    fix = "Write it as CSV in UTF-8, with the header from,to."
    return DeclarationError([Problem(what, name, line, where, "columns from, to", found, fix)])
