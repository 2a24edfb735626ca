"""How the DuckDB file is opened, and what is said when it cannot be."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path

import duckdb

from impact.errors import MachineError, UsageError
from impact.faults import said
from impact.files import remove_folder
from impact.sql import literal

CATALOG = "warehouse"


def published_folder(database: Path) -> Path:
    """Return where the published copies of a database stand."""
    return database.with_name(f"{database.name}.published")


def attach(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file under a fixed name: its own could be that of a schema in it, and every name ambiguous."""
    connection = duckdb.connect(":memory:")
    try:
        mode = " (READ_ONLY)" if read_only else ""
        connection.execute(f"ATTACH {literal(str(path))} AS {CATALOG}{mode}")
        connection.execute(f"USE {CATALOG}")
        connection.execute("SET preserve_insertion_order = true")
        spill = _spill(path, read_only=read_only)
        remove_folder(spill)  # what a killed process left: the lock says that it is gone
        connection.execute(f"SET temp_directory = {literal(str(spill))}")
    except BaseException:
        connection.close()
        raise
    return connection


def _spill(path: Path, *, read_only: bool) -> Path:
    """Return where queries too large for memory go: beside a database that is written, never the working folder."""
    if str(path) == ":memory:" or read_only:
        return Path(tempfile.gettempdir()) / f"impact-{uuid.uuid4().hex}"
    return path.with_name(f"{path.name}.tmp")


def not_opened(path: Path, error: duckdb.Error) -> UsageError | MachineError:
    """Say why a database cannot be opened: in use, or none at all, or a matter of the machine."""
    text = str(error)
    if "could not set lock" in text.lower():
        return UsageError(f"the database {path} cannot be opened: another process is using it; wait until it has ended")
    if path.is_file() and path.stat().st_size == 0:
        return MachineError(f"the database {path} is empty; remove it, and `impact run` makes it again")
    is_foreign = "not a valid duckdb" in text.lower() and not published_folder(path).is_dir()
    if path.is_dir() or is_foreign:
        return UsageError(f"the database {path} cannot be opened: {text.splitlines()[0]}")
    error.add_note(str(path))
    return MachineError(said(error))
