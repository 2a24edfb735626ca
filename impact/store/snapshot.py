"""Published copies of the database: what readers open, so that neither waits for the other.

DuckDB lets one process write, or several read. After a run the file is copied beside itself and a pointer is moved to
the copy; readers follow the pointer. Last step of a run, first of every reader.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import duckdb

from impact.errors import UsageError
from impact.sql import fingerprint
from impact.store.warehouse import Warehouse

KEPT = 600.0
"""Seconds for which a copy stays after its successor: longer than any reader holds one."""
POINTER = "current.json"


def publish_snapshot(warehouse: Warehouse) -> None:
    """Copy the database for readers, and move the pointer; nothing is copied if no run has changed anything.

    A run that is killed here leaves the copy before it in place; the next run publishes what it finds.
    """
    if not warehouse.path.is_file():  # in memory
        return
    warehouse.connection.execute("CHECKPOINT")
    folder = _folder(warehouse.path)
    folder.mkdir(exist_ok=True)
    runs = "SELECT run_id, finished_at FROM impact.run ORDER BY ALL"
    places = "SELECT programme, indicator, line FROM impact.definition ORDER BY ALL"
    version = fingerprint(warehouse.rows(runs), warehouse.rows(places))[:16]
    copy = folder / f"{version}.duckdb"
    if not copy.exists():
        part = folder / f"{os.getpid()}.part"
        shutil.copyfile(warehouse.path, part)
        part.replace(copy)
    part = folder / f"{os.getpid()}.pointer.part"
    part.write_text(json.dumps({"file": copy.name, "of": _mark(warehouse.path)}), encoding="utf-8")
    part.replace(folder / POINTER)
    _clear(folder, copy)


def open_reader(path: str | Path) -> Warehouse:
    """Open what was published last of a database; the database itself where nothing was.

    A database that changed since then is read itself, unless a run is changing it at this moment.

    Raises
    ------
    UsageError
        As :class:`Warehouse` does.
    """
    database = Path(path)
    published = _published(database)
    if published is None:
        return Warehouse(database, read_only=True)
    copy, of = published
    if of == _mark(database):
        return Warehouse(copy, read_only=True)
    try:
        return Warehouse(database, read_only=True)
    except UsageError as error:
        if isinstance(error.__cause__, duckdb.IOException):
            return Warehouse(copy, read_only=True)
        raise


def published_copy(path: str | Path) -> Path | None:
    """Return the copy that was published last of a database; None where nothing was.

    It is never written again, so a reader may keep it open.
    """
    published = _published(Path(path))
    return published[0] if published else None


def _published(database: Path) -> tuple[Path, list[int]] | None:
    """Return the copy that the pointer names and what the database was like then; None without either."""
    folder = _folder(database)
    try:
        pointer = json.loads((folder / POINTER).read_text(encoding="utf-8"))
        copy, of = folder / Path(str(pointer["file"])).name, list(pointer["of"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (copy, of) if database.is_file() and copy.is_file() else None


def _folder(database: Path) -> Path:
    return database.with_name(f"{database.name}.published")


def _mark(database: Path) -> list[int]:
    found = database.stat()
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def _clear(folder: Path, current: Path) -> None:
    """Remove copies that nobody reads any more, and what killed runs left behind."""
    old = time.time() - KEPT
    for path in folder.iterdir():
        if path != current and path.suffix in (".duckdb", ".part") and path.stat().st_mtime < old:
            path.unlink(missing_ok=True)
