"""Published copies of the database: what readers open, so that neither waits for the other.

DuckDB lets one process write, or several read. After a run the file is copied beside itself and a pointer is moved to
the copy; readers follow the pointer. Last step of a run, first of every reader.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb

from impact.errors import UsageError
from impact.files import CHUNK, held, make_folder, remove, require_space, write_file
from impact.sql import fingerprint
from impact.store.migrations import VERSION
from impact.store.opening import published_folder
from impact.store.state import behind, database_id, ever_whole
from impact.store.warehouse import Warehouse
from impact.tables.registry import TABLES

KEPT = 600.0
"""Seconds for which a copy stays after its successor has come: longer than any reader holds one."""
POINTER = "current.json"


@dataclass(frozen=True)
class Pointer:
    """What the pointer says: the copy that is current, and of what.

    ``file``, ``size`` and ``sha256`` are the copy's; ``version`` is a hash of the runs in it, ``database`` the identity
    of the database, ``of`` its number, size and time when the copy was made.
    """

    file: str
    size: int
    sha256: str
    version: str
    database: str
    of: list[int]


def publish_snapshot(warehouse: Warehouse) -> tuple[str, ...]:
    """Copy the database for readers, and move the pointer; nothing is copied if no run has changed anything.

    Only whole states are published. A run that is killed here leaves the copy before it in place; the next run
    publishes what it finds. A copy that was damaged is made anew.

    Returns
    -------
    tuple of str
        The programmes that keep the database from being published: a run of theirs stopped before the end.

    Raises
    ------
    MachineError
        If the disk has no room for a copy; the one before it stays.
    """
    if not warehouse.path.is_file():  # in memory
        return ()
    warehouse.checkpoint()
    waiting = tuple(behind(warehouse))
    if waiting or not ever_whole(warehouse):
        return waiting
    folder = published_folder(warehouse.path)
    make_folder(folder)
    pointer, version = _pointer(folder), data_version(warehouse)
    _clear(folder, pointer)
    if pointer is None or pointer.version != version or not _sound(folder / pointer.file, pointer):
        pointer = _copied(warehouse, folder, version)
    fresh = replace(pointer, of=_mark(warehouse.path))
    if fresh != _pointer(folder):
        write_file(folder / POINTER, json.dumps(asdict(fresh)))
    return ()


def open_reader(path: str | Path, stage: str = "publish") -> Warehouse:
    """Open what was published last of a database; the database itself where nothing was.

    A database that changed since then is read itself if its tables are whole, unless a run is changing it just now.

    Parameters
    ----------
    path
        The database.
    stage
        Which tables will be read: ``validate`` for rows and quarantine only, which a run that stopped there has brought
        up to date.

    Raises
    ------
    UsageError, MachineError
        As :class:`Warehouse` does.
    """
    database = Path(path)
    folder = published_folder(database)
    pointer = _published(database)
    if pointer is None:
        return Warehouse(database, read_only=True)
    if pointer.of == _mark(database):
        return Warehouse(folder / pointer.file, read_only=True)
    try:
        warehouse = Warehouse(database, read_only=True)
    except UsageError as error:
        if isinstance(error.__cause__, duckdb.IOException):
            return Warehouse(folder / pointer.file, read_only=True)
        raise
    if database_id(warehouse) == pointer.database and behind(warehouse, stage):
        warehouse.close()
        return Warehouse(folder / pointer.file, read_only=True)
    return warehouse


def published_copy(path: str | Path) -> Path | None:
    """Return the copy that was published last of a database; None where nothing was.

    It is never written again, so a reader may keep it open.
    """
    database = Path(path)
    pointer = _published(database)
    return published_folder(database) / pointer.file if pointer else None


def _published(database: Path) -> Pointer | None:
    """Return what the pointer says; None without a database, or where the copy is gone or cut short."""
    folder = published_folder(database)
    pointer = _pointer(folder)
    if pointer is None or not database.is_file():
        return None
    copy = folder / pointer.file
    return pointer if copy.is_file() and copy.stat().st_size == pointer.size else None


def _pointer(folder: Path) -> Pointer | None:
    try:
        text = (folder / POINTER).read_text(encoding="utf-8")
        pointer = Pointer(**json.loads(text))
        is_in_folder = Path(pointer.file).name == pointer.file
    except (OSError, ValueError, TypeError):
        return None
    return pointer if is_in_folder else None


def data_version(warehouse: Warehouse) -> str:
    """Return a hash of the runs in a database, and of where their definitions stand: the same until one changes it."""
    runs = warehouse.rows("SELECT run_id, finished_at FROM impact.run ORDER BY ALL")
    lines = warehouse.rows("SELECT programme, indicator, line FROM impact.definition ORDER BY ALL")
    return fingerprint(VERSION, sorted(TABLES), runs, lines)[:16]


def _copied(warehouse: Warehouse, folder: Path, version: str) -> Pointer:
    """Copy the database under a name that no copy had yet, and flush it before anybody hears its name."""
    size = warehouse.path.stat().st_size
    require_space(folder, size)
    names = itertools.chain([version], (f"{version}-{number}" for number in itertools.count(2)))
    copies = (folder / f"{name}.duckdb" for name in names)
    copy = next(copy for copy in copies if not copy.exists())
    digest, source = hashlib.sha256(), warehouse.file()
    with held(copy) as file, file.writing() as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return Pointer(copy.name, size, digest.hexdigest(), version, database_id(warehouse), _mark(warehouse.path))


def _sound(copy: Path, pointer: Pointer) -> bool:
    """Tell whether a copy is still what was published, byte for byte."""
    try:
        with copy.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == pointer.sha256
    except OSError:
        return False


def _mark(database: Path) -> list[int]:
    """Return number, size and time of a file, by which a change of it shows."""
    status = database.stat()
    return [status.st_ino, status.st_size, status.st_mtime_ns]


def _clear(folder: Path, pointer: Pointer | None) -> None:
    """Remove copies whose successor has been there for a while, and what killed runs left behind."""
    current = pointer.file if pointer else ""
    for path in folder.glob(".*"):
        remove(path)
    with contextlib.suppress(OSError):
        copies = sorted((path.stat().st_mtime, path) for path in folder.glob("*.duckdb"))
        for (_, copy), (came, _) in itertools.pairwise(copies):
            if copy.name != current and came < time.time() - KEPT:
                remove(copy)
