"""Delimited text that is safe to parse becomes a :class:`RawFile`: its header is read, DuckDB is told the rest.

Last step of the readers that make or clean a text file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from impact.declare.sources import FileFormat, Source
from impact.ingest.raw import TRIMMED, RawFile, RejectedLine, SeriesSummary, check_header, file_error, plainly_named
from impact.sql import literal


def delimited(
    path: Path,
    source: Source,
    form: FileFormat,
    scratch: Path,
    *,
    rejected: tuple[RejectedLine, ...] = (),
    odd_spaces: bool = True,
    cells: bool = False,
    summary: SeriesSummary | None = None,
) -> RawFile:
    """Return what DuckDB needs to read a text file.

    Parameters
    ----------
    path
        In UTF-8, a record a line unless ``form`` says that values hold line breaks.
    source
        For messages.
    form
        How the file is written; that of ``source`` unless a reader wrote the file itself.
    scratch
        A folder for a link, where the name reads as a pattern of many files.
    rejected, odd_spaces, cells, summary
        As in :class:`RawFile`.

    Raises
    ------
    FileError
        If the header cannot be used.
    """
    header = _header(path, source, form)
    file = literal(str(plainly_named(path, scratch)))
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    delimiter, quote = literal(form.delimiter), literal(form.quote)
    relation = (
        f"read_csv({file}, auto_detect=false, header=true, columns={{{columns}}},"
        f" delim={delimiter}, quote={quote}, escape={quote},"
        " nullstr='', strict_mode=true, max_line_size=10000000, store_rejects=true, rejects_limit=0)"
    )
    return RawFile(header, relation, rejected, odd_spaces=odd_spaces, cells=cells, summary=summary)


def _header(path: Path, source: Source, form: FileFormat) -> tuple[str, ...]:
    _check_delimiter(path, source, form)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        try:
            rows: Iterator[list[str]] = csv.reader(handle, delimiter=form.delimiter, quotechar=form.quote, strict=True)
            header = tuple(name.strip(f" {TRIMMED}") for name in next(rows))
        except (csv.Error, StopIteration) as error:
            raise file_error(source, "the header line cannot be read", found=str(error)) from error
    if not header:
        raise file_error(source, "the first line is blank", expected="the header", fix="Take the blank lines out.")
    check_header(header, source)
    return header


def _check_delimiter(path: Path, source: Source, form: FileFormat) -> None:
    """Refuse a header that the declared delimiter leaves in one piece where another would part it."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        line = handle.readline().strip("\r\n")
    # what stands in quotes parts nothing
    unquoted = re.sub(f"{form.quote}[^{form.quote}]*{form.quote}", form.quote, line)
    stated = re.fullmatch('"?sep=(.)"?', line)
    marks = [mark for mark in (";", "\t", "|", ",") if mark != form.delimiter and _splits(unquoted, mark)]
    if stated:
        marks.insert(0, stated[1])
    if form.delimiter in unquoted or not marks:
        return
    fix = f"Declare format: {{delimiter: {_quoted(marks[0])}}}."
    if stated:
        fix += " Delete the first line."
    expected = f"columns separated by {form.delimiter!r}"
    raise file_error(source, "the header has one single column", expected=expected, found=line[:80], fix=fix)


def _quoted(mark: str) -> str:
    """Write a delimiter as YAML has it."""
    return r'"\t"' if mark == "\t" else f"'{mark}'"


def _splits(line: str, mark: str) -> bool:
    """Whether a mark parts a line into names; one with a space after it stands inside a name."""
    _, *further = line.split(mark)
    if len(further) > 1:
        return True
    return bool(further and further[0]) and not further[0].startswith(" ")
