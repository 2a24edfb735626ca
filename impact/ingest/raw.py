"""What reading a file gives, and what reads one: :class:`RawFile` and the descriptor :class:`Reader`.

First of the room: the readers of the formats are written against it, :mod:`impact.ingest.readers` names them.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from impact.declare.base import INVISIBLE, ODD_SPACES
from impact.declare.sources import Source
from impact.errors import FileError, Problem

TRIMMED = ODD_SPACES + INVISIBLE
"""What spreadsheets and phones leave around values, beside the plain space."""
BLANK = "blank_line"
"""Rule of a line that is set aside only so that the numbers of the others stay right; it is no row."""


@dataclass(frozen=True)
class RejectedLine:
    """A line that is no row: its number (header is line 1), why, and its text."""

    line: int
    rule: str
    text: str


@dataclass(frozen=True)
class SeriesSummary:
    """What was chosen from a file: how many series, observations and territories; its periods; flags, with counts."""

    series: int
    observations: int
    territories: int
    first_period: str
    last_period: str
    periods: int
    missing: int
    flags: dict[str, int]


@dataclass(frozen=True)
class RawFile:
    """A raw file ready to be read by DuckDB.

    Parameters
    ----------
    header
        Column names as they stand in the file.
    relation
        SQL that reads the file with every column as text, NULL where blank, in file order.
    rejected
        Lines that are no rows; their numbers count the header as line 1.
    csv
        Whether DuckDB may still reject lines of the wrong width (``store_rejects``).
    odd_spaces
        Whether characters that cannot be seen, other than the plain space, may stand in values.
    cells
        Whether the file holds numbers as numbers, so that one too long for its digits to be sure has an exponent.
    summary
        What was chosen, if it is a file of official statistics.
    sha256
        Hash of the original file's bytes, in hexadecimal; written in by :func:`impact.ingest.open_raw`, like ``size``.
    size
        Length of the original file in bytes.
    """

    header: tuple[str, ...]
    relation: str
    rejected: tuple[RejectedLine, ...] = ()
    csv: bool = True
    odd_spaces: bool = True
    cells: bool = False
    summary: SeriesSummary | None = None
    sha256: str = ""
    size: int = 0


class Read(Protocol):
    """How a reader is called."""

    def __call__(self, source: Source, path: Path, scratch: Path) -> RawFile:
        """Read one file.

        Parameters
        ----------
        source
            What is declared of it; of ``format``, what the reader understands, the rest at its default.
        path
            The file, which is there and not empty; it is never changed.
        scratch
            A folder for copies, which stays until the rows are loaded; its files go by ``source.id``.

        Raises
        ------
        FileError
            If the file is not what its source declares, or has an unusable header.
        """


@dataclass(frozen=True)
class Reader:
    """One format of files.

    Parameters
    ----------
    read
        Makes a file a :class:`RawFile`.
    suffixes
        Ends of the names by which such files are known, in small letters; none if a source names the format.
    options
        Fields of :class:`impact.declare.sources.FileFormat` that it understands.
    series
        Whether it reads official statistics: a source names it in ``series: {format: …}``.
    """

    read: Read
    suffixes: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    series: bool = False


def file_error(source: Source, what: str, *, expected: str = "", found: str = "", fix: str = "") -> FileError:
    """Return the refusal of a whole file."""
    return FileError([Problem(what, source.file, None, f"source {source.id}", expected, found, fix)])


def check_header(header: tuple[str, ...], source: Source) -> None:
    """Refuse a header in which a column has no name, or that of another.

    Raises
    ------
    FileError
        With what to do.
    """
    if any("\x00" in name for name in header):
        fix = "Export it as CSV in UTF-8, or declare format: {encoding: utf-16}."
        raise file_error(source, "the header holds NUL bytes", expected=f"text in {source.format.encoding}", fix=fix)
    blank = [str(index + 1) for index, name in enumerate(header) if not name]
    if blank:
        raise file_error(source, f"column {', '.join(blank)} of the header has no name", fix="Name it in the file.")
    lowered = [name.lower() for name in header]
    twice = sorted({name for name in header if lowered.count(name.lower()) > 1})
    if twice:
        raise file_error(source, f"the header names a column twice: {', '.join(twice)}", fix="Rename one of them.")


def plainly_named(path: Path, scratch: Path) -> Path:
    """Return a path without the marks that DuckDB would read as a pattern of many files."""
    if not set("*?[]{}") & set(str(path)):
        return path
    link = scratch / f"plain-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}{path.suffix}"
    if not link.exists():
        try:
            link.symlink_to(path)
        except OSError:  # a system without links
            shutil.copyfile(path, link)
    return link
