"""All formats of files that can be read, a line each, and those that other packages add; the reader of a source.

Between :func:`impact.ingest.open_raw`, which asks, and the modules of the formats. A package adds a
:class:`impact.ingest.raw.Reader` by an entry point of the group ``impact.readers``, whose name is that of the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from impact import plugins
from impact.declare.sources import FileFormat, Source
from impact.errors import UsageError
from impact.ingest.eurostat_tsv import tsv_observations
from impact.ingest.parquet import read_parquet
from impact.ingest.raw import RawFile, Reader, file_error
from impact.ingest.sdmx_csv import sdmx_csv_observations
from impact.ingest.sdmx_ml import sdmx_ml_observations
from impact.ingest.series import series_reader
from impact.ingest.text import read_text
from impact.ingest.workbook import read_workbook

_TEXT = frozenset({"encoding", "delimiter", "decimal", "quote", "dates", "multiline"})
_CELLS = frozenset({"decimal", "dates"})
READERS: Mapping[str, Reader] = {
    "text": Reader(read_text, options=_TEXT),
    "workbook": Reader(read_workbook, suffixes=(".xlsx", ".xlsm", ".ods", ".xls"), options=_CELLS | {"sheet"}),
    "parquet": Reader(read_parquet, suffixes=(".parquet",), options=_CELLS | {"zone"}),
    "eurostat_tsv": Reader(series_reader(tsv_observations), series=True),
    "sdmx_csv": Reader(series_reader(sdmx_csv_observations), series=True),
    "sdmx_ml": Reader(series_reader(sdmx_ml_observations), series=True),
}
"""By name. A file whose suffix no reader claims is text: surveys come as .csv, .txt, .dat, or without any."""


@cache
def readers() -> Mapping[str, Reader]:
    """Return the engine's readers and those of installed packages, by name.

    Raises
    ------
    UsageError
        If a package registers no reader, or one whose name or suffix is taken.
    """
    registry = dict(READERS)
    for name, reader in plugins.plugins(plugins.READERS, Reader):
        claimed = {suffix for registered in registry.values() for suffix in registered.suffixes}
        if twice := sorted(({name} & registry.keys()) | ({*reader.suffixes} & claimed)):
            raise UsageError(f"an installed package adds a reader '{name}' for {', '.join(twice)}, which has one")
        registry[name] = reader
    return registry


def reader_of(source: Source, path: Path) -> Reader:
    """Return the reader of a source: the one that it names, or the one of its file's suffix.

    Raises
    ------
    FileError
        If it names one that nobody has, with those that there are.
    UsageError
        As :func:`readers` does.
    """
    if source.series is None:
        suffix = path.suffix.lower()
        return next((reader for reader in readers().values() if suffix in reader.suffixes), READERS["text"])
    series = {name: reader for name, reader in readers().items() if reader.series}
    name = source.series.format
    if name not in series:
        raise file_error(source, f"there is no reader of official statistics '{name}'", expected=", ".join(series))
    return series[name]


def read_source(source: Source, path: Path, scratch: Path) -> RawFile:
    """Read a file by the reader of its source, which is told of the options that it understands.

    Raises
    ------
    FileError, UsageError
        As the reader and :func:`reader_of` do.
    """
    reader = reader_of(source, path)
    understood = FileFormat(**{option: getattr(source.format, option) for option in reader.options})
    return reader.read(source.model_copy(update={"format": understood}), path, scratch)
