"""A gzipped file is unpacked into the scratch folder, up to a limit; first step of reading official statistics."""

from __future__ import annotations

import gzip
import shutil
import zlib
from pathlib import Path

from impact.declare.sources import Source
from impact.errors import FileError, Problem

CHUNK = 1 << 20
GZIP = b"\x1f\x8b"
PATTERN_MARKS = set("*?[]{}")
"""What DuckDB would read as a pattern of many files."""
MAX_UNPACKED = 500_000_000
"""Bytes; a larger file is asked for again with fewer series."""


def unpacked(path: Path, source: Source, target: Path) -> Path:
    """Return the path of the plain file: itself, or ``target`` if it was gzipped or its name reads as a pattern.

    Raises
    ------
    FileError
        If the archive is cut or damaged, or the plain file is beyond :data:`MAX_UNPACKED`.
    """
    with path.open("rb") as handle:
        packed = handle.read(2) == GZIP
    if not packed:
        _check_size(path.stat().st_size, source)
        return Path(shutil.copyfile(path, target)) if PATTERN_MARKS & set(str(path)) else path
    try:
        with gzip.open(path) as read, target.open("wb") as write:
            size = 0
            while chunk := read.read(CHUNK):
                size += len(chunk)
                _check_size(size, source)
                write.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        fix = "Download it again."
        problem = Problem(
            "the archive is cut or damaged", source.file, None, f"source {source.id}", "gzip", str(error), fix
        )
        raise FileError([problem]) from error
    return target


def _check_size(size: int, source: Source) -> None:
    if size > MAX_UNPACKED:
        limit = f"at most {MAX_UNPACKED:,} bytes once unpacked"
        fix = "Download only the series that are needed."
        raise FileError([Problem("the file is too large", source.file, None, f"source {source.id}", limit, fix=fix)])
