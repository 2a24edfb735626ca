"""The published copy that the app reads: opened once per version of the data, a cursor for every request."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from impact.errors import UsageError
from impact.store import Warehouse, published_copy


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
        self._open: tuple[Path, Warehouse] | None = None

    @property
    def version(self) -> str:
        """The version of the data that is published now.

        Raises
        ------
        UsageError
            If nothing is.
        """
        return self._copy().stem

    def _copy(self) -> Path:
        found = published_copy(self._db)
        if found is None:
            raise UsageError(f"nothing is published of {self._db}; run `impact run` or `impact demo` first")
        return found

    @contextmanager
    def open(self) -> Iterator[Warehouse]:
        """Give the published copy with a connection of its own: a connection shared by threads returns wrong rows."""
        warehouse = self._current()
        own = copy.copy(warehouse)
        own.connection = warehouse.cursor()
        try:
            yield own
        finally:
            own.close()

    def _current(self) -> Warehouse:
        path = self._copy()
        with self._lock:
            if self._open is None or self._open[0] != path:
                self._open = (path, Warehouse(path, read_only=True))
            return self._open[1]
