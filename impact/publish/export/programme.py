"""The published tables of a programme become files: protected first, then written in a format, all or none of them.

Called alike by ``impact export`` and by :meth:`impact.Result.export`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from impact.errors import UsageError
from impact.files import check_apart, check_place, making_folder, write_file
from impact.publish.export.format import Format
from impact.publish.export.registry import all_formats, table_format
from impact.publish.export.table import ExportTable
from impact.publish.export.tables import SOURCES, export_tables
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE
from impact.store import Warehouse
from impact.store.snapshot import data_version
from impact.words import words_in
from impact.words.languages import Language

ZIP = ".zip"
DEFAULT = "csv"
"""The format of a folder or ZIP of which nobody says it."""


def export_programme(
    warehouse: Warehouse,
    programme: str,
    path: Path,
    *,
    form: str | None = None,
    names: Sequence[str] = (),
    language: Language = "it",
) -> list[ExportTable]:
    """Write published tables of a programme, without what readers are not shown and without rows of persons.

    Parameters
    ----------
    warehouse
        Open for reading, with the programme published.
    programme
        Its id.
    path
        A file of one table, where its name ends as the format's do; a ZIP, where it ends with ``.zip``; else a folder,
        which must not exist. A file or ZIP that exists is replaced.
    form
        Name of the format; by default that of the ending, CSV for a ZIP or folder.
    names
        Tables, by their names in :data:`SOURCES`; all by default.
    language
        Of sentences, titles and meanings.

    Returns
    -------
    list of ExportTable
        What was written.

    Raises
    ------
    UsageError
        If there is no such programme, table or format, or the place is not one for it; nothing is written.
    MachineError
        If the disk has no room; what stood there stays.
    """
    by_ending = _by_ending(path)
    name = form or by_ending or DEFAULT
    file_format, sources = table_format(name), _sources(names)
    _check_path(path, name, by_ending, sources)
    check_apart(path, warehouse.path, "export")
    published = ReaderTables(warehouse, OUTSIDE)
    if programme not in published.titles:
        programmes = ", ".join(published.titles) or "none"
        raise UsageError(f"nothing is published of a programme '{programme}'; the database holds {programmes}")
    tables = export_tables(published, programme, words_in(language), data_version(warehouse), sources)
    _write(path, file_format, tables, alone=by_ending is not None)
    return tables


def _sources(names: Sequence[str]) -> Sequence[str]:
    unknown = [name for name in names if name not in SOURCES]
    if unknown:
        tables = ", ".join(SOURCES)
        raise UsageError(f"there is no table '{unknown[0]}' to export; there are {tables}")
    return list(dict.fromkeys(names)) or list(SOURCES)


def _by_ending(path: Path) -> str | None:
    """Return the format whose files end as a path does, the longest ending first."""
    name_of = {form.suffix: name for name, form in all_formats().items()}
    endings = [suffix for suffix in name_of if path.name.lower().endswith(suffix)]
    if not endings:
        return None
    return name_of[max(endings, key=len)]


def _check_path(path: Path, name: str, by_ending: str | None, sources: Collection[str]) -> None:
    """Make sure before any work that tables may be written to a path."""
    if by_ending not in (None, name):
        suffix = table_format(name).suffix
        raise UsageError(f"{path} is no place for {name}: let it end with {suffix} or {ZIP}, or name a folder")
    if by_ending is None and path.suffix.lower() != ZIP:
        return
    if by_ending is not None and len(sources) > 1:
        raise UsageError(f"{path} holds one table, not {len(sources)}: name one with --table, or a folder, or a {ZIP}")
    check_place(path)


def _write(path: Path, form: Format, tables: Sequence[ExportTable], *, alone: bool) -> None:
    """Write one table as a file, or several as a ZIP or a folder that is seen when all are there."""
    if alone:
        write_file(path, form.write(tables[0]))
    elif path.suffix.lower() == ZIP:
        write_file(path, zipped(form.files(tables)))
    else:
        files = form.files(tables)
        with making_folder(path) as folder:
            for name, content in files.items():
                write_file(folder / name, content)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return files as a ZIP, the same bytes for the same files whenever it is made."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return sink.getvalue()
