"""Make a delimited text file safe to parse: right encoding, no NUL bytes, no unclosed quote that swallows rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impact.declare.sources import FileFormat, Source
from impact.errors import FileError, Problem
from impact.ingest.delimited import delimited
from impact.ingest.raw import BLANK, TRIMMED, RawFile, RejectedLine
from impact.ingest.signatures import check_signature

CHUNK = 1 << 22
_LINE, _RETURN = ord("\n"), ord("\r")
_ODD = re.compile(b"|".join(re.escape(space.encode()) for space in TRIMMED if space not in "\r\n"))
_ODD_FIRST = bytes({space.encode()[0] for space in TRIMMED if space not in "\r\n"})
"""The first bytes of odd spaces: where none of them stands, no odd space does."""
_AHEAD = b"\n" * 4
"""Put before a block of lines, so that what stands before the end of a line can be looked up in the first line too."""


def read_text(source: Source, path: Path, scratch: Path) -> RawFile:
    """Read delimited text, a cleaned copy of it where it cannot be parsed as it is.

    Raises
    ------
    FileError
        If the file is no text, its bytes are not in the declared encoding, or its header cannot be used.
    """
    copy = scratch / f"{source.id}.csv"
    plain, rejected, odd_spaces = _cleaned(path, source, copy)
    return delimited(plain, source, source.format, scratch, rejected=rejected, odd_spaces=odd_spaces)


def _cleaned(path: Path, source: Source, copy: Path) -> tuple[Path, tuple[RejectedLine, ...], bool]:
    """Return a path DuckDB can parse line by line, the lines set aside, and whether there are odd spaces.

    Parameters
    ----------
    path
        The original CSV file, which is never changed.
    source
        Its declaration: encoding, quote character, whether values may hold line breaks.
    copy
        Where a cleaned copy goes if the original cannot be used as it is.

    Raises
    ------
    FileError
        If the bytes are not in the declared encoding, with the line where that shows.
    """
    form = source.format
    check_signature(path, source)
    if form.encoding != "utf-8":
        _transcode(path, source, copy)
        path = copy
    scan = _scan(path, source)
    mixed = 0 < scan.crlf < scan.lines - 1
    broken = (scan.unclosed or scan.blank) and not form.multiline
    if scan.nul or scan.lone_cr or mixed or broken or scan.surplus:
        cleaned, rejected = _split(path, copy.with_suffix(".clean.csv"), form)
        return cleaned, rejected, True
    return path, (), scan.odd_spaces


@dataclass
class _Scan:
    """What one pass over the bytes counted."""

    unclosed: int = 0
    nul: int = 0
    lone_cr: int = 0
    crlf: int = 0
    blank: bool = False
    odd_spaces: bool = False
    surplus: bool = False
    open: bool = False
    lines: int = 1


def _scan(path: Path, source: Source) -> _Scan:
    """Check UTF-8 and count what could break line-by-line parsing, in one pass over the bytes."""
    scan, unfinished = _Scan(), b""
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            block = unfinished + chunk
            cut = block.rfind(b"\n") + 1
            _scan_block(block[:cut], scan, source)
            unfinished = block[cut:]
    _scan_block(unfinished, scan, source)
    return scan


def _scan_block(block: bytes, scan: _Scan, source: Source) -> None:
    """Add what a block of whole lines holds; the last one of a file may end without a line break."""
    if not block:
        return
    if not block.isascii():
        _check_utf8(block, scan.lines, source)
    ended = block.endswith(b"\n")
    characters = np.frombuffer(_AHEAD + block + (b"" if ended else b"\n"), dtype=np.uint8)
    ends = np.flatnonzero(characters == _LINE)[len(_AHEAD) :]
    returns = characters[ends - 1] == _RETURN
    last = ends - 1 - returns
    breaks = len(ends) if ended else len(ends) - 1
    crlf = int(returns[:breaks].sum())
    scan.lines += breaks
    scan.crlf += crlf
    scan.lone_cr += block.count(b"\r") - crlf if b"\r" in block else 0
    scan.nul += block.count(b"\x00") if b"\x00" in block else 0
    scan.blank |= bool((characters[last] == _LINE).any())
    scan.surplus |= _has_surplus(characters, last, source.format)
    scan.odd_spaces = scan.odd_spaces or _has_odd_spaces(block)
    quote = source.format.quote.encode()
    if quote in block:
        scan.unclosed += _odd_lines(block, quote)


def _has_odd_spaces(block: bytes) -> bool:
    rest = block.translate(None, _ODD_FIRST)
    return len(rest) < len(block) and _ODD.search(block) is not None


def _check_utf8(block: bytes, first_line: int, source: Source) -> None:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = first_line + block[: error.start].count(b"\n")
        byte = block[error.start : error.start + 1].hex()
        fix = "Declare format: {encoding: cp1252} if it comes from Windows."
        raise _not_text(source, line, f"byte 0x{byte} is not UTF-8", fix) from None


def _odd_lines(block: bytes, quote: bytes) -> int:
    """Count the lines that hold an odd number of quotes."""
    characters = np.frombuffer(block + b"\n", dtype=np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    quotes = np.flatnonzero(characters == ord(quote))
    cumulated = np.searchsorted(quotes, ends)
    in_line = np.diff(cumulated, prepend=0)
    is_odd = in_line % 2
    return int(is_odd.sum())


def _has_surplus(characters: NDArray[np.uint8], last: NDArray[np.intp], form: FileFormat) -> bool:
    """Whether a line may end in cells that are blank and have no column: DuckDB passes over these without a word.

    Parameters
    ----------
    characters
        A block with :data:`_AHEAD` before it.
    last
        Where the last character of each line stands in it.
    form
        With the delimiter and the quote.
    """
    mark, quote = ord(form.delimiter), ord(form.quote)
    blank = characters[last] == mark
    quoted = last[characters[last] == quote]
    empty = (characters[quoted - 1] == quote) & (characters[quoted - 2] == mark)
    return bool(blank.any() or empty.any())


def _not_text(source: Source, line: int, what: str, fix: str) -> FileError:
    return FileError(
        [Problem(what, source.file, line, f"source {source.id}", f"text in {source.format.encoding}", fix=fix)]
    )


def _transcode(path: Path, source: Source, copy: Path) -> None:
    try:
        with (
            path.open(encoding=source.format.encoding, newline="") as read,
            copy.open("w", encoding="utf-8", newline="") as write,
        ):
            while chunk := read.read(CHUNK):
                write.write(chunk)
    except UnicodeError as error:
        raise _not_text(source, 1, f"the file is not {source.format.encoding}: {error}", "Correct encoding:.") from None


def _split(path: Path, target: Path, form: FileFormat) -> tuple[Path, tuple[RejectedLine, ...]]:
    """Write the records that can be parsed; set aside those with a NUL byte, an unclosed quote or too many cells."""
    rejected: list[RejectedLine] = []
    columns = 0
    with (
        path.open(encoding="utf-8-sig", newline=None) as read,
        target.open("w", encoding="utf-8", newline="") as write,
    ):
        for number, record in enumerate(_records(read, form), start=1):
            if number == 1:
                columns = _cells(record, form)
                write.write(record)
            elif rule := _record_rule(record, form, columns):
                text = record.rstrip("\n").replace("\x00", "\\0")
                rejected.append(RejectedLine(number, rule, text))
            else:
                write.write(record)
    return target, tuple(rejected)


def _records(lines: Iterator[str], form: FileFormat) -> Iterator[str]:
    """Yield lines, or with ``multiline`` all the lines of a record."""
    record = ""
    for line in lines:
        record += line
        if not form.multiline or record.count(form.quote) % 2 == 0:
            yield record
            record = ""
    if record:
        yield record


def _record_rule(record: str, form: FileFormat, columns: int) -> str:
    """Return the rule that a record breaks, or nothing."""
    if not form.multiline and not record.strip("\n"):
        return BLANK
    if not form.multiline and record.count(form.quote) % 2:
        return "unclosed_quote"
    if "\x00" in record:
        return "nul_byte"
    too_many = record.count(form.delimiter) >= columns and _cells(record, form) > columns
    return "too_many_columns" if too_many else ""


def _cells(record: str, form: FileFormat) -> int:
    """Count the cells of a record; 0 where it is no CSV, which the parser will say itself."""
    try:
        return max(
            (len(row) for row in csv.reader([record], delimiter=form.delimiter, quotechar=form.quote)), default=0
        )
    except csv.Error:
        return 0
