"""A raw file becomes a :class:`RawFile`: hashed, decoded, its header read, unreadable lines set aside.

Follows ``declare``; its relation (all columns as text) is what ``validate`` loads. The original is never changed:
where it cannot be read as it is, a cleaned copy is written to the given scratch folder.
"""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impact.declare.sources import FileFormat, Source
from impact.errors import FileError, Problem
from impact.faults import denied
from impact.ingest.series import series_to_csv
from impact.ingest.text import TRIMMED, RejectedLine, clean_text
from impact.ingest.workbook import workbook_to_csv
from impact.sql import ident, literal

__all__ = ["RawFile", "RejectedLine", "file_sha256", "open_raw"]

CHUNK = 1 << 22


@dataclass(frozen=True)
class RawFile:
    """A raw file ready to be read by DuckDB.

    Parameters
    ----------
    sha256
        Hash of the original file's bytes, in hexadecimal.
    size
        Length of the original file in bytes.
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
    """

    sha256: str
    size: int
    header: tuple[str, ...]
    relation: str
    rejected: tuple[RejectedLine, ...] = ()
    csv: bool = True
    odd_spaces: bool = True
    cells: bool = False


def open_raw(folder: Path, source: Source, scratch: Path) -> RawFile:
    """Prepare one declared source for loading.

    Parameters
    ----------
    folder
        The programme folder; the file lies inside it.
    source
        The source that declares the file and its format: CSV, workbook, Parquet or a series of official statistics.
    scratch
        A folder for cleaned copies; the caller removes it.

    Raises
    ------
    FileError
        If the file is missing, empty, not what its source declares, or has an unusable header.
    """
    path = _inside(folder, source)
    try:
        size = path.stat().st_size
    except OSError as error:
        if denied(error):
            raise
        raise _file_error(source, "the file cannot be read", found=str(error)) from error
    if size == 0:
        raise _file_error(source, "the file is empty", fix="Put the data there or remove the source.")
    with ThreadPoolExecutor(1) as beside:  # hashing leaves the interpreter free to scan the text meanwhile
        hashing = beside.submit(file_sha256, path)
        return _open(path, size, source, scratch, hashing)


def _open(path: Path, size: int, source: Source, scratch: Path, hashing: Future[str]) -> RawFile:
    suffix = path.suffix.lower()
    if source.series is None and suffix == ".parquet":
        return _parquet(_plainly_named(path, scratch), source, hashing.result(), size)
    rejected: tuple[RejectedLine, ...] = ()
    odd_spaces, cells, form = True, False, source.format
    if source.series is not None:
        path, _ = series_to_csv(path, source, scratch / f"{source.id}.csv")
    elif suffix in (".xlsx", ".xlsm", ".ods", ".xls"):
        path, rejected = workbook_to_csv(path, source, scratch / f"{source.id}.csv")
        cells, form = (
            True,
            FileFormat(multiline=True),
        )  # the copy is plain CSV, whatever the declaration says of text files
    else:
        path, rejected, odd_spaces = clean_text(path, source, scratch / f"{source.id}.csv")
    header, path = _header(path, source, form), _plainly_named(path, scratch)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    relation = (
        f"read_csv({literal(str(path))}, auto_detect=false, header=true, columns={{{columns}}},"
        f" delim={literal(form.delimiter)}, quote={literal(form.quote)}, escape={literal(form.quote)},"
        f" nullstr='', strict_mode=true, max_line_size=10000000, store_rejects=true, rejects_limit=0)"
    )
    return RawFile(hashing.result(), size, header, relation, rejected, odd_spaces=odd_spaces, cells=cells)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _inside(folder: Path, source: Source) -> Path:
    try:
        path = (folder / source.file).resolve()
        inside, there = path.is_relative_to(folder.resolve()), path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, a name too long, a NUL in it
        if denied(error):
            raise
        raise _file_error(source, "the file's name leads nowhere", found=str(error), fix="Correct file:.") from error
    if not inside:
        raise _file_error(source, "the file lies outside the programme folder", fix="Copy it under raw/.")
    if not there:
        found = _neighbours(path) if path != folder.resolve() else "the programme folder itself"
        raise _file_error(source, "the file is missing", found=found, fix="Put it there or correct file:.")
    return path


def _plainly_named(path: Path, scratch: Path) -> Path:
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


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return f"no folder {path.parent.name}/"
    names = sorted(p.name for p in path.parent.iterdir() if p.is_file())[:8]
    return f"{path.parent.name}/ holds {', '.join(names)}" if names else f"{path.parent.name}/ is empty"


def _file_error(source: Source, what: str, *, expected: str = "", found: str = "", fix: str = "") -> FileError:
    return FileError([Problem(what, source.file, None, f"source {source.id}", expected, found, fix)])


def _parquet(path: Path, source: Source, digest: str, size: int) -> RawFile:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only Parquet needs it
    from pyarrow import parquet  # noqa: PLC0415

    try:
        schema = parquet.read_schema(path)
        header = tuple(schema.names)
    except pa.ArrowInvalid as error:
        raise _file_error(source, "the file is not Parquet", found=str(error).splitlines()[0]) from error
    _check_header(header, source)
    _check_zones(schema, source)
    columns = ", ".join(
        f"{_as_text(ident(name), schema.field(name).type, source.format)} AS {ident(name)}"
        if name not in source.ignore
        else f"CAST(NULL AS VARCHAR) AS {ident(name)}"
        for name in header
    )
    relation = f"(SELECT {columns} FROM read_parquet({literal(str(path))}))"  # noqa: S608 - quoted by impact.sql
    return RawFile(digest, size, header, relation, csv=False, cells=True)


def _check_zones(schema: Any, source: Source) -> None:
    """Refuse points in time without a declared zone: their day would be that of the machine's clock."""
    zoned = [field for field in schema if field.name not in source.ignore and "tz=" in str(field.type)]
    for field in zoned:
        if not hasattr(field.type, "tz"):
            fix = "Write it as a plain column, or leave it out with ignore:."
            raise _file_error(source, f"column '{field.name}' holds points in time inside lists or records", fix=fix)
    if zoned and source.format.zone is None:
        names = ", ".join(field.name for field in zoned)
        fix = "Declare format: {zone: Europe/Rome}, or the zone in which the days are meant."
        raise _file_error(source, f"column {names} holds points in time, whose day depends on the zone", fix=fix)


def _as_text(column: str, kind: Any, form: FileFormat) -> str:
    """Write a Parquet column as the text its source declares: whole floats as codes, dates and decimals by format."""
    from pyarrow import types  # noqa: PLC0415

    if types.is_date(kind) or types.is_timestamp(kind):
        zoned = types.is_timestamp(kind) and kind.tz is not None
        moment = f"timezone({literal(form.zone or 'UTC')}, {column})" if zoned else column
        return f"strftime({moment}, {literal(form.dates[0])})"
    if not types.is_floating(kind) and not types.is_decimal(kind):
        return f"CAST({column} AS VARCHAR)"
    plain = f"replace(CAST({column} AS VARCHAR), '.', {literal(form.decimal)})"
    if types.is_decimal(kind):
        digits = f"CAST(CAST({column} AS DECIMAL(38, 0)) AS VARCHAR)"
        return f"CASE WHEN {column} = trunc({column}) THEN {digits} ELSE {plain} END"
    whole = f"isfinite({column}) AND {column} = trunc({column})"
    # beyond this neighbours share one double, so the digits are not sure to be those that were meant
    sure = f"abs({column}) < {2**53 if kind.bit_width == 64 else 2 ** (24 if kind.bit_width == 32 else 11)}"
    long = f"replace(format('{{:.16e}}', CAST({column} AS DOUBLE)), '.', {literal(form.decimal)})"
    return (
        f"CASE WHEN {whole} AND {sure} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR)"
        f" WHEN {whole} THEN {long} ELSE {plain} END"
    )


def _header(path: Path, source: Source, form: FileFormat) -> tuple[str, ...]:
    _check_delimiter(path, source, form)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        try:
            rows: Iterator[list[str]] = csv.reader(handle, delimiter=form.delimiter, quotechar=form.quote, strict=True)
            header = tuple(name.strip(f" {TRIMMED}") for name in next(rows))
        except (csv.Error, StopIteration) as error:
            raise _file_error(source, "the header line cannot be read", found=str(error)) from error
    if not header:
        raise _file_error(source, "the first line is blank", expected="the header", fix="Take the blank lines out.")
    _check_header(header, source)
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
    raise _file_error(
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


def _check_header(header: tuple[str, ...], source: Source) -> None:
    if any("\x00" in name for name in header):
        fix = "Export it as CSV in UTF-8, or declare format: {encoding: utf-16}."
        raise _file_error(source, "the header holds NUL bytes", expected=f"text in {source.format.encoding}", fix=fix)
    blank = [str(index + 1) for index, name in enumerate(header) if not name]
    if blank:
        raise _file_error(source, f"column {', '.join(blank)} of the header has no name", fix="Name it in the file.")
    lowered = [name.lower() for name in header]
    twice = sorted({name for name in header if lowered.count(name.lower()) > 1})
    if twice:
        raise _file_error(source, f"the header names a column twice: {', '.join(twice)}", fix="Rename one of them.")
