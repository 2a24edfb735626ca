"""Find the cells of an XLSX sheet that hold no value but an error: calamine reads them as blank, that is, missing."""

from __future__ import annotations

import html
import re
import zipfile
from pathlib import Path

_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]+)"')
_VALUE = re.compile(rb"<v[^>]*>(.*?)</v>", re.DOTALL)
NO_VALUE = "#NO_VALUE"
"""Stands for a formula whose result was never stored in the file."""


def formula_errors(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Return the text of each cell with an error, by row and column from 0; empty for other kinds of workbook.

    Parameters
    ----------
    path
        The workbook.
    sheet
        Name of the sheet.
    """
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        part = _sheet_part(archive, sheet)
        content = archive.read(part) if part else b""
    found: dict[tuple[int, int], str] = {}
    for attributes, inside in _CELL.findall(content):
        place, value = _PLACE.search(attributes), _VALUE.search(inside)
        if place and b't="e"' in attributes:
            found[_position(place)] = html.unescape(value[1].decode()) if value else NO_VALUE
        elif place and b"<f" in inside and value is None and b"<is>" not in inside:
            found[_position(place)] = NO_VALUE
    return found


def _position(place: re.Match[bytes]) -> tuple[int, int]:
    column = 0
    for letter in place[1].decode():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(place[2]) - 1, column - 1


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the archive member that holds a sheet, or None where this is no XLSX."""
    if "xl/workbook.xml" not in archive.namelist():
        return None
    relations = archive.read("xl/_rels/workbook.xml.rels").decode()
    targets = {
        _attribute(item, "Id"): _attribute(item, "Target") for item in re.findall(r"<Relationship\b[^>]*>", relations)
    }
    for item in re.findall(r"<sheet\b[^>]*>", archive.read("xl/workbook.xml").decode()):
        if html.unescape(_attribute(item, "name")) == sheet:
            target = targets.get(_attribute(item, "r:id"), "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _attribute(element: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', element)
    return found[1] if found else ""
