"""A raw file becomes a :class:`RawFile`: hashed, decoded, its header read, unreadable lines set aside.

Follows ``declare``; its relation (all columns as text) is what ``validate`` loads. The original is never changed:
where it cannot be read as it is, a cleaned copy is written to the given scratch folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from impact.declare.sources import Source
from impact.faults import denied
from impact.ingest.raw import RawFile, RejectedLine, file_error
from impact.ingest.readers import read_source

__all__ = ["RawFile", "RejectedLine", "file_sha256", "open_raw", "source_sha256"]

CHUNK = 1 << 22


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
        raise file_error(source, "the file cannot be read", found=str(error)) from error
    if size == 0:
        raise file_error(source, "the file is empty", fix="Put the data there or remove the source.")
    with ThreadPoolExecutor(1) as beside:  # hashing leaves the interpreter free to scan the text meanwhile
        hashing = beside.submit(file_sha256, path)
        raw = read_source(source, path, scratch)
        return dataclasses.replace(raw, sha256=hashing.result(), size=size)


def source_sha256(folder: Path, source: Source) -> str:
    """Return the SHA-256 of a source's file as it lies there, before anything is read of it.

    Raises
    ------
    FileError
        If there is no such file in the programme folder, or it cannot be read.
    """
    path = _inside(folder, source)
    try:
        return file_sha256(path)
    except OSError as error:
        if denied(error):
            raise
        raise file_error(source, "the file cannot be read", found=str(error)) from error


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
        inside, is_file = path.is_relative_to(folder.resolve()), path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, a name too long, a NUL in it
        if denied(error):
            raise
        raise file_error(source, "the file's name leads nowhere", found=str(error), fix="Correct file:.") from error
    if not inside:
        raise file_error(source, "the file lies outside the programme folder", fix="Copy it under raw/.")
    if not is_file:
        neighbours = _neighbours(path) if path != folder.resolve() else "the programme folder itself"
        raise file_error(source, "the file is missing", found=neighbours, fix="Put it there or correct file:.")
    return path


def _neighbours(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"no folder {folder.name}/"
    names = [file.name for file in folder.iterdir() if file.is_file()]
    if not names:
        return f"{folder.name}/ is empty"
    first = sorted(names)[:8]
    return f"{folder.name}/ holds {', '.join(first)}"
