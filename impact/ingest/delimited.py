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
    header, plain = _header(path, source, form), plainly_named(path, scratch)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    relation = (
        f"read_csv({literal(str(plain))}, auto_detect=false, header=true, columns={{{columns}}},"
        f" delim={literal(form.delimiter)}, quote={literal(form.quote)}, escape={literal(form.quote)},"
        f" nullstr='', strict_mode=true, max_line_size=10000000, store_rejects=true, rejects_limit=0)"
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
    plain = re.sub(f"{form.quote}[^{form.quote}]*{form.quote}", form.quote, line)
    others = [mark for mark in (";", "\t", "|", ",") if mark != form.delimiter and _parts(plain, mark)]
    named = re.fullmatch('"?sep=(.)"?', line)
    if form.delimiter in plain or not (others or named):
        return
    shown = {"\t": r"\t"}.get(named[1] if named else others[0], named[1] if named else others[0])
    quotes = '"' if shown == r"\t" else "'"
    raise file_error(
        source,
        "the header has one single column",
        expected=f"columns separated by {form.delimiter!r}",
        found=line[:80],
        fix=f"Declare format: {{delimiter: {quotes}{shown}{quotes}}}." + (" Delete the first line." if named else ""),
    )


def _parts(line: str, mark: str) -> bool:
    """Whether a mark parts a line into names; one with a space after it stands inside a name."""
    parts = line.split(mark)
    return len(parts) > 2 or (len(parts) == 2 and bool(parts[1]) and not parts[1].startswith(" "))
