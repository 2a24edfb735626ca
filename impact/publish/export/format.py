"""What a format is: the ending and media type of its file, what it takes, and how bytes are made of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from impact.publish.export.table import ExportTable


class Takes(StrEnum):
    """What a format is written from."""

    TABLE = "table"
    """An :class:`impact.publish.export.table.ExportTable`."""
    DRAWING = "drawing"
    """A tree of SVG elements."""
    FIGURE = "figure"
    """A Plotly figure."""


@dataclass(frozen=True)
class Format:
    """A way to write what leaves.

    Parameters
    ----------
    suffix
        How the file of one table, drawing or figure ends, such as ``.csv``.
    media_type
        Of that file, as IANA registers it.
    takes
        What ``write`` is given.
    write
        Returns the bytes of the file. It is given nothing that may not leave.
    pack
        Returns the files of several tables by name, where that is more than a file for each.
    """

    suffix: str
    media_type: str
    takes: Takes
    write: Callable[[Any], bytes]
    pack: Callable[[Sequence[ExportTable]], Mapping[str, bytes]] | None = None

    def files(self, tables: Sequence[ExportTable]) -> Mapping[str, bytes]:
        """Return the files in which several tables leave together, by name."""
        if self.pack is not None:
            return self.pack(tables)
        return {table.name + self.suffix: self.write(table) for table in tables}
