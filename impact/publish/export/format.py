"""What a format is: the ending and media type of its file, what it takes, and how bytes are made of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from impact.errors import Problem, UsageError
from impact.publish.export.dossier import Dossier
from impact.publish.export.table import ExportTable
from impact.publish.official.data_set import DataSet

Chunks = bytes | Iterator[bytes]
"""The content of a file: whole, or piece by piece where it may be large."""


def whole(content: Chunks) -> bytes:
    """Return the content of a file in one piece."""
    return content if isinstance(content, bytes) else b"".join(content)


def needed(library: str, extra: str = "office") -> ModuleType:
    """Import a library that comes with an extra.

    Raises
    ------
    UsageError
        If it is not installed, with how to get it.
    """
    try:
        return import_module(library)
    except ImportError as error:
        raise UsageError(f"this format needs {library}: pip install 'impact-engine[{extra}]'") from error


class Takes(StrEnum):
    """What a format is written from."""

    TABLE = "table"
    """An :class:`impact.publish.export.table.ExportTable`."""
    DRAWING = "drawing"
    """A tree of SVG elements."""
    FIGURE = "figure"
    """A Plotly figure."""
    DOSSIER = "dossier"
    """A :class:`impact.publish.export.dossier.Dossier`: all of a programme that one reader may have."""


@dataclass(frozen=True)
class Validation:
    """What files are held against outside the engine.

    Parameters
    ----------
    standard
        Name of the schema, or of what reads the files back: the same in every language.
    needs
        What has to be installed, or said in the environment, before that is done; empty where it is at hand.
    """

    standard: str
    needs: str = ""


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
        Returns the files of several tables by name, where that is more than a file for each; or those of a dossier,
        where its file does not stand alone.
    observations
        Of a format of tables: writes the observations of a data set in one pass, however many there are.
    together
        Whether one file holds all tables, as a workbook does; ``pack`` then returns that file.
    check
        Returns what is wrong with files as written, by name, held against schemas and structure; asked before anybody
        can see them.
    validation
        Says what ``check`` holds them against outside the engine, as things stand; None where there is nothing.
    of_rows
        Whether it is made of rows of contracts, which ``--table`` then chooses.
    counted
        Of a dossier: returns how many rows are written, where they are no observations.
    needs
        The library, of the extra ``office``, that it is written with; empty where it needs none.
    missing
        Returns what of ``export.yaml`` the format needs and is not declared; nothing is written then.
    """

    suffix: str
    media_type: str
    takes: Takes
    write: Callable[[Any], Chunks]
    pack: Callable[[Any], Mapping[str, Chunks]] | None = None
    observations: Callable[[DataSet], Iterator[bytes]] | None = None
    together: bool = False
    check: Callable[[Dossier, Mapping[str, Path]], list[Problem]] | None = None
    validation: Callable[[], Validation] | None = None
    of_rows: bool = False
    counted: Callable[[Dossier], int] | None = None
    needs: str = ""
    missing: Callable[[Dossier], list[Problem]] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the library is installed that it is written with."""
        return not self.needs or find_spec(self.needs) is not None

    @property
    def held_against(self) -> str:
        """What files are held against outside the engine; empty where there is nothing, or it is not at hand."""
        validation = self.validation() if self.validation else None
        return "" if validation is None or validation.needs else validation.standard

    def files(self, tables: Sequence[ExportTable]) -> Mapping[str, Chunks]:
        """Return the files in which several tables leave together, by name."""
        if self.pack is not None:
            return self.pack(tables)
        return {table.name + self.suffix: self.write(table) for table in tables}

    def dossier_files(self, dossier: Dossier) -> Mapping[str, Chunks]:
        """Return the files in which a programme leaves, by name."""
        if self.pack is not None:
            return self.pack(dossier)
        return {dossier.programme + self.suffix: self.write(dossier)}
