"""What a file is by its first bytes, whatever its name: files that are no text are refused with the way out."""

from __future__ import annotations

import zipfile
from pathlib import Path

from impact.declare.sources import Source
from impact.errors import FileError, Problem

_SPSS = "Save it as CSV with codes, not labels, or as Parquet."
_TEXT = "Export it as CSV."
SIGNATURES: dict[bytes, tuple[str, str]] = {
    b"\x1f\x8b": ("gzip", "Unpack it, and name the file that comes out."),
    b"BZh": ("bzip2", "Unpack it, and name the file that comes out."),
    b"\xfd7zXZ": ("xz", "Unpack it, and name the file that comes out."),
    b"7z\xbc\xaf": ("a 7-Zip archive", "Unpack it, and name the file that comes out."),
    b"\x28\xb5\x2f\xfd": ("zstd", "Unpack it, and name the file that comes out."),
    b"$FL2": ("an SPSS file (.sav)", _SPSS),
    b"$FL3": ("a packed SPSS file (.zsav)", _SPSS),
    b"<stata_dta>": ("a Stata file (.dta)", _SPSS),
    b"PAR1": ("Parquet", "Name it .parquet."),
    b"\xd0\xcf\x11\xe0": (
        "an old workbook or document of Office",
        "Name it .xls if it is a workbook, or save it as .xlsx.",
    ),
    b"SQLite format 3": ("an SQLite database", _TEXT),
    b"%PDF": ("a PDF", "Ask who made it for the table as CSV."),
    b"\xff\xfe": ("utf-16", "Declare format: {encoding: utf-16}."),
    b"\xfe\xff": ("utf-16", "Declare format: {encoding: utf-16}."),
}
"""First bytes, what they say, and what to do."""
_ARCHIVES = {
    "xl/workbook.bin": (".xlsb", "Save it as .xlsx or CSV."),
    "xl/workbook.xml": (".xlsx", "Name it .xlsx, or export it as CSV."),
    "content.xml": (".ods", "Name it .ods, or export it as CSV."),
}
"""Members of an archive that say which workbook it is."""


def check_signature(path: Path, source: Source) -> None:
    """Refuse a file that is meant to be text and is not.

    Raises
    ------
    FileError
        With what the file is and what to do.
    """
    with path.open("rb") as handle:
        start = handle.read(16)
    if start.startswith(b"PK\x03\x04"):
        raise _refused(source, *_archive(path))
    for mark, (name, fix) in SIGNATURES.items():
        if start.startswith(mark) and source.format.encoding != name:
            raise _refused(source, name, fix)


def _archive(path: Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        members = []
    for member, (suffix, fix) in _ARCHIVES.items():
        if member in members:
            return f"a workbook or archive ({suffix})", fix
    return "a workbook or archive (.zip)", "Unpack it, and name the file that comes out."


def _refused(source: Source, name: str, fix: str) -> FileError:
    expected = f"text in {source.format.encoding}"
    return FileError([Problem(f"the file is {name}", source.file, 1, f"source {source.id}", expected, fix=fix)])
