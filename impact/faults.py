"""What went wrong beyond the engine, in words: full disks, rights, damaged files, interrupts; and the exit codes."""

from __future__ import annotations

import errno
import re
import shutil
import sys
from pathlib import Path

from impact.errors import ImpactError, MachineError, ProblemsError
from impact.files import size_words

CODES = {
    0: "fine",
    1: "something to look at: problems in declarations or files, rows in quarantine, claims that differ",
    2: "wrong use: no such command, file or programme; a name that is taken; a database in use",
    3: "the machine failed: disk, rights, memory, a damaged file; or the engine did, and says so",
    130: "interrupted",
    141: "whoever read the output stopped reading it",
    143: "ended by the system",
}
"""What the exit codes of the command line mean."""
LOOK, MISUSE, MACHINE, INTERRUPTED, UNREAD, TERMINATED = 1, 2, 3, 130, 141, 143
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_SPACE = re.compile(r"no space left|file too large|quota exceeded|max_temp_directory_size", re.IGNORECASE)
_DENIED = re.compile(r"permission denied|read-only file system|operation not permitted", re.IGNORECASE)
_DAMAGED = re.compile(
    r"corrupt|checksum|could not read enough bytes|not a valid duckdb|serializ|invalidated|input/output error",
    re.IGNORECASE,
)
_MACHINE = (_NO_SPACE, _DENIED, re.compile(r"input/output error", re.IGNORECASE))
"""What DuckDB says where the machine is at fault, and neither the query nor the data."""
_QUOTED = re.compile(r"file \"([^\"]+)\"|file '([^']+)'|directory \"([^\"]+)\"", re.IGNORECASE)
_RESTORE = (
    "Restore it, or run `impact run` again with a new file: all of it is made from the programme folder. If it is a"
    " published copy, the next run makes a sound one"
)


def exit_code(error: BaseException) -> int:
    """Return the exit code of the command line for what went wrong.

    Examples
    --------
    >>> from impact.errors import UsageError
    >>> exit_code(UsageError("no such folder")), exit_code(OSError(errno.ENOSPC, "No space left on device"))
    (2, 3)
    """
    if isinstance(error, BrokenPipeError):
        return UNREAD
    if is_interrupt(error):
        return INTERRUPTED
    if isinstance(error, ProblemsError):
        return LOOK
    return MACHINE if isinstance(error, MachineError) or not isinstance(error, ImpactError) else MISUSE


def is_interrupt(error: BaseException) -> bool:
    """Tell whether somebody stopped the run; DuckDB turns Ctrl+C in a query into an error of its own."""
    if isinstance(error, KeyboardInterrupt | EOFError) or _is_of_database(error, "InterruptException"):
        return True
    return type(error) is RuntimeError and str(error) == "Query interrupted"


def _is_of_database(error: BaseException, *kinds: str) -> bool:
    """Tell whether an error is one of DuckDB's, of the kinds named: of none where nobody has loaded it."""
    duckdb = sys.modules.get("duckdb")
    return any(isinstance(error, getattr(duckdb, kind)) for kind in kinds) if duckdb else False


def said(error: BaseException) -> str:
    """Say in one sentence what went wrong and what to do about it."""
    if isinstance(error, ImpactError):
        return str(error)
    if is_interrupt(error):
        return "interrupted; nothing is left half done, the same command completes it"
    if isinstance(error, OSError):
        return _of_system(error)
    if _is_of_database(error, "Error"):
        return _of_database(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this; close other programs, or use a machine with more"
    what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    return f"a fault of the engine, not of your data: {what}. Please report it, with what IMPACT_DEBUG=1 prints"


def denied(error: Exception) -> bool:
    """Tell whether a file is there and the machine does not give it: no right to it, or a disk that fails."""
    return isinstance(error, OSError) and error.errno in (*DENIED, errno.EIO, errno.ESTALE)


def machine_fault(error: Exception) -> bool:
    """Tell whether an error of DuckDB is about the machine rather than about what it was asked to read."""
    if _is_of_database(error, "OutOfMemoryException", "FatalException") or is_interrupt(error):
        return True
    text = str(error)
    return any(pattern.search(text) for pattern in _MACHINE)


def _of_system(error: OSError) -> str:
    path = str(error.filename or "")
    if error.errno in FULL:
        return _full(path)
    if error.errno in DENIED:
        return f"there is no right to read or write {path or 'a file'}: {error.strerror}"
    if "usable temporary directory" in str(error):
        return f"there is no folder for temporary files: {error.strerror}. Make one, or name one in TMPDIR"
    return f"the system refused {path or 'a file'}: {error.strerror or error}"


def _full(path: str) -> str:
    if not path:
        return "what is printed cannot be written: where it goes is full"
    folders = (Path(path), *Path(path).parents)
    folder = next((p for p in folders if p.is_dir()), Path.cwd())
    free = size_words(shutil.disk_usage(folder).free)
    return (
        f"the disk that holds {path} is full ({free} free now), or the file grew beyond what is allowed;"
        " nothing is left half written. Make room and do it again"
    )


def _of_database(error: BaseException) -> str:
    text = str(error)
    summary = text.splitlines()[0][:300] if text else type(error).__name__
    path = _path_of(error)
    if _NO_SPACE.search(text):
        return _full(path)
    if _DENIED.search(text):
        return f"there is no right to read or write {path or 'the database'}: {summary}"
    if _is_of_database(error, "OutOfMemoryException"):
        return f"there is not enough memory for this: {summary}. Close other programs, or use a machine with more"
    database = f"the database {path}" if path else "the database"
    if _DAMAGED.search(text):
        return f"{database} is damaged: {summary}. {_RESTORE}"
    return f"{database} failed: {summary}"


def _path_of(error: BaseException) -> str:
    """Return the file that an error is about: as its text quotes it, or else as its first note says; '' without."""
    quoted = _QUOTED.search(str(error))
    quotes = quoted.groups() if quoted else ()
    notes = getattr(error, "__notes__", ())
    return next(filter(None, (*quotes, *notes[:1])), "")
