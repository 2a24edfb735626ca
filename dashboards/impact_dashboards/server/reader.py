"""The published copy that the app reads: opened once per version of the data, a connection for every request."""

from __future__ import annotations

import copy
import datetime
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from impact.errors import UsageError
from impact.store import Warehouse, published_copy


@dataclass(frozen=True)
class Edition:
    """A published copy and its version: what is read of it belongs together, whatever is published meanwhile."""

    version: str
    warehouse: Warehouse

    @property
    def published_at(self) -> datetime.datetime:
        """When it was written."""
        return datetime.datetime.fromtimestamp(self.warehouse.path.stat().st_mtime, datetime.UTC)

    @contextmanager
    def open(self) -> Iterator[Warehouse]:
        """Give the copy with a connection of its own: a connection shared by threads returns wrong rows."""
        reader = copy.copy(self.warehouse)
        reader.connection = self.warehouse.cursor()
        try:
            yield reader
        finally:
            reader.close()


class Reader:
    """Follows what is published of a database.

    Parameters
    ----------
    db
        A DuckDB file written by the engine. Only published copies of it are opened, so that no run waits for a reader.
    """

    def __init__(self, db: str | Path) -> None:
        self._db = Path(db)
        self._lock = threading.Lock()
        self._edition: Edition | None = None

    def check(self) -> None:
        """Make sure that something is published, without opening it.

        Raises
        ------
        UsageError
            If nothing is.
        """
        self._copy()

    def edition(self) -> Edition:
        """Return what is published now.

        Raises
        ------
        UsageError
            If nothing is.
        """
        path = self._copy()
        with self._lock:
            if self._edition is None or self._edition.version != path.stem:
                self._edition = Edition(path.stem, Warehouse(path, read_only=True))
            return self._edition

    def _copy(self) -> Path:
        path = published_copy(self._db)
        if path is None:
            raise UsageError(f"nothing is published of {self._db}; run `impact run` or `impact demo` first")
        return path
