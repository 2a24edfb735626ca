"""Find the cells of a sheet that hold no value but an error: calamine reads them as blank, that is, missing."""

from __future__ import annotations

import itertools
import posixpath
import re
import zipfile
from pathlib import Path
from typing import Any

from impact.ingest.xml_parser import local, strict_parser

_PLACE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]+)")
_DOCUMENT = "/officeDocument"
NO_VALUE = "#NO_VALUE"
"""Stands for a formula whose result was never stored in the file."""
Errors = dict[tuple[int, int], str]


def formula_errors(path: Path, sheet: str) -> Errors:
    """Return the text of each cell with an error, by row and column from 0; empty for the old ``.xls``.

    Parameters
    ----------
    path
        The workbook, XLSX or ODS; anything else holds no error that could be read.
    sheet
        Name of the sheet, as its tab shows it.

    Raises
    ------
    ValueError
        If the part that holds the sheet cannot be found.
    """
    if not zipfile.is_zipfile(path):
        return {}
    reader: _OpenDocument | _Sheet
    with zipfile.ZipFile(path) as archive:
        if "content.xml" in archive.namelist():
            reader, member = _OpenDocument(sheet), "content.xml"
        else:
            reader, member = _Sheet(), _sheet_part(archive, sheet)
        parser = strict_parser(reader.start, reader.end, reader.texts.append)
        parser.Parse(archive.read(member), True)
    return reader.found


class _Sheet:
    """Follows the cells of an XLSX sheet; cells and rows without a place of their own come after the last."""

    def __init__(self) -> None:
        self.found: Errors = {}
        self.texts: list[str] = []
        self.row = self.column = -1
        self.kind = self.value = ""
        self.held: set[str] = set()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = local(name)
        if element == "row":
            self.row = int(attributes["r"]) - 1 if attributes.get("r") else self.row + 1
            self.column = -1
        elif element == "c":
            self._place(attributes.get("r", ""))
            self.kind, self.value, self.held = attributes.get("t", ""), "", set()
        elif element in ("f", "v", "is"):
            self.held.add(element)
            self.texts.clear()

    def end(self, name: str) -> None:
        element = local(name)
        if element == "v":
            self.value = "".join(self.texts).strip()
        elif element == "c" and self.kind == "e":
            self.found[self.row, self.column] = self.value or NO_VALUE
        elif element == "c" and self.held == {"f"}:
            self.found[self.row, self.column] = NO_VALUE

    def _place(self, written: str) -> None:
        match = _PLACE.fullmatch(written)
        if match is None:
            self.column += 1
            return
        column = 0
        for letter in match[1].upper():
            column = column * 26 + ord(letter) - ord("A") + 1
        self.row, self.column = int(match[2]) - 1, column - 1


class _OpenDocument:
    """Follows the cells of a sheet of an ODS file, which counts alike rows and cells instead of repeating them."""

    def __init__(self, sheet: str) -> None:
        self.found: Errors = {}
        self.texts: list[str] = []
        self.sheet, self.inside = sheet, False
        self.row = self.column = self.rows = self.cells = 0
        self.error = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = local(name)
        values = {local(key): value for key, value in attributes.items()}
        if element == "table":
            self.inside, self.row = values.get("name") == self.sheet, 0
        elif element == "table-row":
            self.column, self.rows = 0, int(values.get("number-rows-repeated", 1))
        elif element in ("table-cell", "covered-table-cell"):
            self.cells = int(values.get("number-columns-repeated", 1))
            self.error = "error" in [value for key, value in attributes.items() if local(key) == "value-type"]
            self.texts.clear()

    def end(self, name: str) -> None:
        element = local(name)
        if element == "table":
            self.inside = False
        elif element == "table-row":
            self.row += self.rows
        elif element in ("table-cell", "covered-table-cell"):
            if self.inside and self.error:
                text = "".join(self.texts).strip() or NO_VALUE
                rows = range(self.row, self.row + self.rows)
                columns = range(self.column, self.column + self.cells)
                self.found.update(dict.fromkeys(itertools.product(rows, columns), text))
            self.column += self.cells


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the archive member that holds a sheet, found through the relations of the workbook."""
    documents = [member for member, kind in _relations(archive, "").values() if kind.endswith(_DOCUMENT)]
    workbook = documents[0] if documents else "xl/workbook.xml"
    targets = _relations(archive, workbook)
    for item in _elements(archive, workbook, "sheet"):
        relation = next((value for key, value in item.items() if key.endswith("/relationships id")), "")
        if item.get("name") == sheet and relation in targets:
            member, _ = targets[relation]
            return member
    raise ValueError(f"the part that holds sheet '{sheet}' cannot be found")


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return the parts that a part refers to, with the kind of the relation, by its id."""
    folder, name = posixpath.split(part)
    where = posixpath.join(folder, "_rels", f"{name}.rels")
    if where not in archive.namelist():
        return {}
    relations = {}
    for item in _elements(archive, where, "Relationship"):
        target = posixpath.normpath(posixpath.join("/", folder, item.get("Target", "")))
        relations[item.get("Id", "")] = (target[1:], item.get("Type", ""))
    return relations


def _elements(archive: zipfile.ZipFile, part: str, wanted: str) -> list[dict[str, str]]:
    elements: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) == wanted:
            elements.append(attributes)

    def ignore(_: Any) -> None:
        """Do nothing: ends and text say nothing here."""

    strict_parser(start, ignore, ignore).Parse(archive.read(part), True)
    return elements
