"""The one place that writes files: by lock, beside, flushed to disk, renamed; all of a file or nothing of it.

A process that is killed leaves at most a hidden ``.NAME.part`` or ``.NAME.lock``: the lock is the system's and ends
with the process, and the next write of the same name removes both. The database is DuckDB's own to write.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from impact.errors import MachineError, UsageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

CHUNK = 1 << 20
TOGETHER = "together"
JOURNAL = ".impact-writing.json"
"""Names the files of a folder that are to be put in place together, from the moment at which they will be."""


class Held:
    """A file that nobody else writes while it is held; see :func:`held`.

    Parameters
    ----------
    path
        Where it stands, links followed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unfinished = _beside(path)

    def write(self, content: bytes | str | Iterator[bytes]) -> None:
        """Put the file in place with this content, whole or piece by piece; text is written as UTF-8."""
        if isinstance(content, str):
            content = content.encode("utf-8")
        if isinstance(content, bytes):
            require_space(self.path.parent, len(content))
            content = iter((content,))
        with self.writing() as handle:
            handle.writelines(content)

    @contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """Give a handle to write to; the file is put in place when the block ends, and as it was if it fails."""
        try:
            with _naming(self.path):
                self._unfinished.unlink(missing_ok=True)
                with self._unfinished.open("xb") as handle:
                    yield handle
                    _flush(handle)
                _put(self._unfinished, self.path)
        finally:
            self._unfinished.unlink(missing_ok=True)


@contextmanager
def held(path: Path) -> Iterator[Held]:
    """Hold a file, existing or not, against every other process of the engine; waits until it is free.

    Raises
    ------
    UsageError
        If its folder does not exist, or something other than a file goes by its name.
    """
    target = Path(os.path.realpath(path))
    check_place(target)
    with _locked(target):
        yield Held(target)


def write_file(path: Path, content: bytes | str | Iterator[bytes]) -> None:
    """Write a file whole, or leave what stood there."""
    with held(path) as file:
        file.write(content)


def check_place(path: Path, *endings: str) -> None:
    """Make sure that a file may be put at a path, before any work is done for it.

    Raises
    ------
    UsageError
        If its name does not end as wanted, its folder does not exist, or its name is that of something else.
    """
    if endings and path.suffix.lower() not in endings:
        kinds = " or ".join(ending[1:].upper() for ending in endings)
        raise UsageError(f"{path} is written as {kinds}: let it end with {' or '.join(endings)}")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder} to write {path.name} into")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file: give another name; nothing was written")


def check_apart(path: Path, database: Path, kind: str) -> None:
    """Make sure that a file to be written, of a kind such as a report, is not the database that it is made from.

    Raises
    ------
    UsageError
        If it is.
    """
    if path.exists() and database.exists() and path.samefile(database):
        raise UsageError(f"{path} is the database: give the {kind} another name; nothing was written")


def require_space(folder: Path, size: int) -> None:
    """Make sure that a folder's disk has room for so many bytes.

    Raises
    ------
    MachineError
        If it has not.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise MachineError(
            f"the disk that holds {folder} is full: {size_words(size)} needed, {size_words(free)} free; nothing was"
            " written. Make room and do it again"
        )


def size_words(size: int) -> str:
    """Write a number of bytes for people.

    Examples
    --------
    >>> size_words(1_234_567), size_words(800)
    ('1.2 MB', '800 bytes')
    """
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size} bytes"


@contextmanager
def making_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to fill; it takes its name when the block ends, and is gone if that fails.

    Raises
    ------
    UsageError
        If something goes by the name already.
    """
    target = Path(os.path.realpath(folder.absolute().parent)) / folder.name
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent} to put {folder.name} in")
    with _locked(target), _naming(target):
        unfinished = _beside(target)
        shutil.rmtree(unfinished, ignore_errors=True)
        if os.path.lexists(target):
            raise UsageError(f"{folder} exists already; nothing was written")
        try:
            unfinished.mkdir()
            yield unfinished
            for path in unfinished.rglob("*"):
                _sync(path)
            os.rename(unfinished, target)
            _sync(target.parent)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def copy_tree(source: Path, target: Path) -> None:
    """Copy the files of a folder into a folder that is being made."""
    shutil.copytree(source, target, dirs_exist_ok=True)


@contextmanager
def writing_together(folder: Path) -> Iterator[Callable[[Mapping[str, Path]], None]]:
    """Hold a folder against others that write several of its files at once, and give what puts them in place.

    It takes the files to copy by name relative to the folder, in the order in which they may be seen; all of them come
    or none, also if the process is killed: whoever reads the folder calls :func:`settle` first.

    Raises
    ------
    UsageError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder at {folder}")
    with _locked(folder / JOURNAL):
        _finish(folder)
        yield partial(_write_together, folder)


def _write_together(folder: Path, made: Mapping[str, Path]) -> None:
    unfinished = {name: _beside(folder / name, TOGETHER) for name in made}
    _clear(unfinished.values())
    require_space(folder, sum(path.stat().st_size for path in made.values()))
    new_folders = [path for name in made for path in _missing(folder, (folder / name).parent)]
    try:
        with _naming(folder):
            for name, path in unfinished.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                _copy_flushed(made[name], path)
            _write_journal(folder, list(made))
            _finish(folder)
    except BaseException:
        if not (folder / JOURNAL).exists():
            _undo([*unfinished.values(), _beside(folder / JOURNAL)], new_folders)
        raise


def _clear(unfinished: Collection[Path]) -> None:
    """Remove what a killed process copied beside any file of the same folders."""
    for folder in {path.parent for path in unfinished}:
        for stale in folder.glob(f".*.{TOGETHER}"):
            stale.unlink()


def _copy_flushed(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        shutil.copyfileobj(read, write, CHUNK)
        _flush(write)


def settle(folder: Path) -> None:
    """Finish what a killed process was putting in place; waits for one that is at it."""
    if (folder / JOURNAL).exists():
        with _locked(folder / JOURNAL), _naming(folder):
            _finish(folder)


def remove(path: Path) -> None:
    """Remove a file that is no longer read; one that another system holds open stays for the next time."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder of the engine's own with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Make a folder for files of the engine's own."""
    folder.mkdir(parents=True, exist_ok=True)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    with held(target) as file, source.open("rb") as read:
        require_space(target.parent, source.stat().st_size)
        with file.writing() as write:
            shutil.copyfileobj(read, write, CHUNK)


def write_zip(path: Path, files: Mapping[str, Path]) -> None:
    """Write files into a ZIP under names of their own, whole or not at all; the same bytes for the same files."""
    with held(path) as target, target.writing() as write, zipfile.ZipFile(write, "w") as archive:
        for name, file in files.items():
            with archive.open(zip_entry(name), "w") as entry, file.open("rb") as read:
                shutil.copyfileobj(read, entry, CHUNK)


def zip_entry(name: str) -> zipfile.ZipInfo:
    """Return the entry of a file in a ZIP: of no date, so that it is the same whenever it is made."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _undo(files: list[Path], folders: list[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _missing(folder: Path, subfolder: Path) -> list[Path]:
    """Return the folders that have to be made for a subfolder, deepest first."""
    return [path for path in (subfolder, *subfolder.parents) if path.is_relative_to(folder) and not path.exists()]


def _write_journal(folder: Path, names: list[str]) -> None:
    journal = folder / JOURNAL
    unfinished = _beside(journal)
    with unfinished.open("wb") as handle:
        handle.write(json.dumps(names).encode())
        _flush(handle)
    _put(unfinished, journal)


def _finish(folder: Path) -> None:
    """Put in place what the journal names and still stands beside; with the lock held."""
    try:
        names = json.loads((folder / JOURNAL).read_bytes())
    except FileNotFoundError:
        return
    for name in names:
        target = (folder / str(name)).resolve()
        unfinished = _beside(target, TOGETHER)
        if target.is_relative_to(folder.resolve()) and unfinished.exists():
            _put(unfinished, target)
    (folder / JOURNAL).unlink()
    _sync(folder)


def _beside(path: Path, kind: str = "part") -> Path:
    return path.with_name(f".{path.name}.{kind}")


def _put(unfinished: Path, target: Path) -> None:
    """Rename a flushed file onto its target, with the rights of what stands there, and flush the folder."""
    if target.exists():
        shutil.copymode(target, unfinished)
    os.replace(unfinished, target)
    _sync(target.parent)


def _flush(handle: BinaryIO) -> None:
    handle.flush()
    os.fsync(handle.fileno())


def _sync(path: Path) -> None:
    """Flush a file or folder to disk, where the system can open it for that."""
    with contextlib.suppress(PermissionError, IsADirectoryError):  # Windows opens no folders
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let errors of the disk name the file that was being written, which those of a handle do not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = path.with_name(f".{path.name}.lock")
    handle = _acquire(lock)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes nothing that is open
            lock.unlink()
        os.close(handle)


def _acquire(lock: Path) -> int:
    """Open and lock a file, again if who held it before has removed it meanwhile."""
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _wait_for(handle)
            if lock.exists() and os.path.samestat(lock.stat(), os.fstat(handle)):
                return handle
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


if sys.platform == "win32":

    def _wait_for(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

else:

    def _wait_for(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)
