"""Make a delimited text file safe to parse: right encoding, no NUL bytes, no unclosed quote that swallows rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from impact.declare.sources import Source
from impact.errors import FileError, Problem

CHUNK = 1 << 22
ODD_SPACES = "\t\r\n\u00a0\u2007\u202f\ufeff\u200b"
"""White space other than the plain space that spreadsheets and phones leave around values."""
_ODD_BYTES = tuple(space.encode() for space in ODD_SPACES if space not in "\r\n")
BLANK = "blank_line"
"""Rule of a line that is set aside only so that the numbers of the others stay right; it is no row."""
BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"PK\x03\x04": "a workbook or archive"}


@dataclass(frozen=True)
class RejectedLine:
    """A line that is no row: its number (header is line 1), why, and its text."""

    line: int
    rule: str
    text: str


def clean_text(path: Path, source: Source, copy: Path) -> tuple[Path, tuple[RejectedLine, ...], bool]:
    """Return a path DuckDB can parse line by line, the lines set aside, and whether there are odd spaces.

    Parameters
    ----------
    path
        The original file.
    source
        Its declaration: encoding, quote character, whether values may hold line breaks.
    copy
        Where a cleaned copy goes if the original cannot be used as it is.

    Raises
    ------
    FileError
        If the bytes are not in the declared encoding, with the line where that shows.
    """
    form, quote = source.format, source.format.quote.encode()
    _check_signature(path, source)
    if form.encoding != "utf-8":
        _transcode(path, source, copy)
        path = copy
    found = _scan(path, source, quote)
    mixed = 0 < found.crlf < found.lines - 1
    if found.nul or found.lone_cr or mixed or ((found.unclosed or found.blank) and not form.multiline):
        return *_split(path, copy.with_suffix(".clean.csv"), quote, multiline=form.multiline), True
    return path, (), found.odd_spaces


def _check_signature(path: Path, source: Source) -> None:
    with path.open("rb") as handle:
        start = handle.read(4)
    for mark, name in BOMS.items():
        if start.startswith(mark) and source.format.encoding != name:
            fix = (
                f"Declare format: {{encoding: {name}}}."
                if name.startswith("utf")
                else "Export it as CSV, or name it .xlsx."
            )
            raise _not_text(source, 1, f"the file is {name}", fix)


@dataclass
class _Found:
    """What one pass over the bytes counted."""

    unclosed: int = 0
    nul: int = 0
    lone_cr: int = 0
    crlf: int = 0
    blank: bool = False
    odd_spaces: bool = False
    lines: int = 1


def _scan(path: Path, source: Source, quote: bytes) -> _Found:
    """Check UTF-8 and count what could break line-by-line parsing, in one pass over the bytes."""
    found, rest = _Found(), b""
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            block = rest + chunk
            cut = block.rfind(b"\n") + 1
            _scan_block(block[:cut], found, quote, source)
            rest = block[cut:]
    _scan_block(rest, found, quote, source)
    return found


def _scan_block(block: bytes, found: _Found, quote: bytes, source: Source) -> None:
    plain = block.isascii()
    try:
        if not plain:
            block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = found.lines + block[: error.start].count(b"\n")
        byte = block[error.start : error.start + 1].hex()
        fix = "Declare format: {encoding: cp1252} if it comes from Windows."
        raise _not_text(source, line, f"byte 0x{byte} is not UTF-8", fix) from None
    found.nul += block.count(b"\x00")
    crlf = block.count(b"\r\n")
    found.crlf += crlf
    found.lone_cr += block.count(b"\r") - crlf
    found.lines += block.count(b"\n")
    found.blank |= block.startswith((b"\n", b"\r\n")) or b"\n\n" in block or b"\n\r\n" in block
    found.odd_spaces |= any(space in block for space in (_ODD_BYTES[:1] if plain else _ODD_BYTES))
    if quote in block:
        found.unclosed += _odd_lines(block, quote)


def _odd_lines(block: bytes, quote: bytes) -> int:
    """Count the lines that hold an odd number of quotes."""
    characters = np.frombuffer(block + b"\n", dtype=np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    quotes = np.flatnonzero(characters == ord(quote))
    before = np.searchsorted(quotes, ends)
    return int((np.diff(before, prepend=0) % 2).sum())


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


def _split(path: Path, target: Path, quote: bytes, *, multiline: bool) -> tuple[Path, tuple[RejectedLine, ...]]:
    """Write the lines that can be parsed; set aside those with a NUL byte or an unclosed quote."""
    rejected: list[RejectedLine] = []
    with (
        path.open(encoding="utf-8-sig", newline=None) as read,
        target.open("w", encoding="utf-8", newline="") as write,
    ):
        for number, line in enumerate(read, start=1):
            rule = "nul_byte" if "\x00" in line else ""
            if not multiline and line.count(quote.decode()) % 2:
                rule = "unclosed_quote"
            if not multiline and not line.strip("\n"):
                rule = BLANK
            if rule and number > 1:
                rejected.append(RejectedLine(number, rule, line.rstrip("\n").replace("\x00", "\\0")))
            else:
                write.write(line)
    return target, tuple(rejected)
