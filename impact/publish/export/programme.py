"""What is published of a programme becomes files: protected, written, checked, and put in place; all or none.

Called alike by ``impact export`` and by :meth:`impact.Result.export`.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from impact.errors import ProblemsError, UsageError
from impact.files import check_apart, check_place, copy_file, making_folder, write_file, write_zip, zip_entry
from impact.publish.export.dossier import Dossier, origin_of
from impact.publish.export.format import Chunks, Format, Takes, whole
from impact.publish.export.registry import all_formats, programme_format
from impact.publish.export.tables import OBSERVATIONS, SOURCES, dossier_tables
from impact.publish.official.check import data_set_problems
from impact.publish.official.data_set import EVERY_OBSERVATION, Selection
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING, OUTSIDE
from impact.store import Warehouse
from impact.store.snapshot import data_version
from impact.words import words_in
from impact.words.languages import Language

ZIP = ".zip"
DEFAULT = "csv"
"""The format of a folder or ZIP of which nobody says it."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    files
        Names of the files.
    rows
        Rows of the tables among them, or observations.
    validation
        What they were held against outside the engine, as a clause, or that a format of a standard was not; empty for
        tables.
    """

    files: tuple[str, ...]
    rows: int
    validation: str


def export_programme(
    warehouse: Warehouse,
    programme: str,
    path: Path,
    *,
    form: str | None = None,
    names: Sequence[str] = (),
    language: Language = "it",
    selection: Selection = EVERY_OBSERVATION,
    rows: bool = False,
    replace: bool = False,
) -> Exported:
    """Write what is published of a programme, without what readers are not shown.

    Parameters
    ----------
    warehouse
        Open for reading, with the programme published.
    programme
        Its id.
    path
        A file, where its name ends as the format's do; a ZIP, where it ends with ``.zip``; else a folder, which must
        not exist.
    form
        Name of the format; by default that of the ending, CSV for a ZIP or folder.
    names
        Tables, by their names in :data:`SOURCES`, or contracts, where the format is made of their rows; all by
        default.
    language
        Of sentences, titles and meanings.
    selection
        Which observations; a format of tables then writes these alone.
    rows
        Whether rows of contracts may be written, by formats that are made of them.
    replace
        Whether a file or ZIP that exists may be replaced.

    Returns
    -------
    Exported
        What was written.

    Raises
    ------
    UsageError
        If there is no such programme, table, format, area, period or indicator, or the place is not one for it;
        nothing is written.
    ProblemsError
        If observations or files do not hold together, with all that is wrong; nothing is written.
    MachineError
        If the disk has no room; what stood there stays.
    """
    by_ending = _by_ending(path)
    name = form or by_ending or DEFAULT
    file_format = programme_format(name)
    if rows and not file_format.of_rows:
        raise UsageError(f"{name} holds no rows of contracts: leave --rows out")
    tables = _table_names(file_format, name, names, selection)
    check_apart(path, warehouse.path, "export")
    _check_path(path, name, by_ending, tables, replace=replace)
    published = ReaderTables(warehouse, EVERYTHING if rows else OUTSIDE)
    _check_programme(published, programme)
    words = words_in(language)
    origin = origin_of(published, programme, words, data_version(warehouse))
    contracts = tuple(names) if file_format.of_rows else ()
    dossier = Dossier(published, programme, words, origin, selection, rows, contracts)
    contents, count = _contents(file_format, dossier, tables, path.name if by_ending else "")
    with tempfile.TemporaryDirectory() as scratch:
        made = made_files(Path(scratch), file_format, dossier, contents)
        _put(path, made, alone=by_ending is not None)
    return Exported(tuple(contents), count, _validation(file_format))


def _validation(form: Format) -> str:
    """Say what files were held against, or that they were not, and what would be needed."""
    validation = form.validation() if form.validation else None
    if validation is None:
        return "read back by the engine; there is no outside schema" if form.check else ""
    if validation.needs:
        return f"not validated: {validation.standard} needs {validation.needs}"
    return f"held against {validation.standard}"


# ---- what is asked for -----------------------------------------------------------------------------------------------


def _table_names(form: Format, name: str, names: Sequence[str], selection: Selection) -> list[str]:
    """Return the tables that are wanted; none of a format that is not made of tables."""
    if form.counted is not None and selection != EVERY_OBSERVATION:
        raise UsageError(f"{name} has no observations to choose from: leave --area, --period and --indicator out")
    if form.takes is Takes.DOSSIER:
        if names and not form.of_rows:
            raise UsageError(f"{name} has no tables to choose from: leave --table out")
        return []
    unknown = [table for table in names if table not in (*SOURCES, OBSERVATIONS)]
    if unknown:
        raise UsageError(_unknown("table", unknown[0], (*SOURCES, OBSERVATIONS)))
    if selection == EVERY_OBSERVATION:
        return list(dict.fromkeys(names)) or [*SOURCES, OBSERVATIONS]
    if set(names) - {OBSERVATIONS}:
        raise UsageError(f"areas, periods and indicators are chosen of the table {OBSERVATIONS}, not of {names[0]}")
    return [OBSERVATIONS]


def _check_programme(published: ReaderTables, programme: str) -> None:
    if programme not in published.titles:
        raise UsageError(_unknown("published programme", programme, published.titles))


def _unknown(what: str, name: str, there: Collection[str]) -> str:
    """Say that there is nothing of a name, and what there is, the nearest first."""
    near = get_close_matches(name, there, n=3)
    listed = ", ".join([*near, *(other for other in there if other not in near)]) or "none"
    return f"there is no {what} '{name}' to export; there are {listed}"


def _by_ending(path: Path) -> str | None:
    """Return the format whose files end as a path does, the longest ending first."""
    name_of = {form.suffix: name for name, form in all_formats().items()}
    endings = [suffix for suffix in name_of if path.name.lower().endswith(suffix)]
    if not endings:
        return None
    return name_of[max(endings, key=len)]


def _check_path(path: Path, name: str, by_ending: str | None, tables: Collection[str], *, replace: bool) -> None:
    """Make sure before any work that files may be written to a path."""
    if by_ending not in (None, name):
        suffix = programme_format(name).suffix
        raise UsageError(f"{path} is no place for {name}: let it end with {suffix} or {ZIP}, or name a folder")
    if by_ending is None and path.suffix.lower() != ZIP:
        return
    if by_ending is not None and len(tables) > 1 and not programme_format(name).together:
        raise UsageError(f"{path} holds one table, not {len(tables)}: name one with --table, or a folder, or a {ZIP}")
    check_place(path)
    if path.exists() and not replace:
        raise UsageError(f"{path} exists already; nothing was written. Give another name, or --replace")


# ---- what is written -------------------------------------------------------------------------------------------------


def _contents(form: Format, dossier: Dossier, tables: Sequence[str], alone: str) -> tuple[dict[str, Chunks], int]:
    """Return files by name, one of a given name or as many as there are, and how many rows they hold."""
    if form.takes is Takes.DOSSIER:
        count = form.counted(dossier) if form.counted else _count_observations(dossier)
        return ({alone: form.write(dossier)} if alone else dict(form.dossier_files(dossier))), count
    observed = _count_observations(dossier) if OBSERVATIONS in tables else 0
    if tables == [OBSERVATIONS] and form.observations is not None:
        return {alone or OBSERVATIONS + form.suffix: form.observations(dossier.data_set)}, observed
    exported = dossier_tables(dossier, tables)
    count = sum(len(table.frame) for table in exported)
    if alone and not form.together:
        return {alone: form.write(exported[0])}, count
    files = dict(form.files(exported))
    return ({alone: next(iter(files.values()))} if alone else files), count


def _count_observations(dossier: Dossier) -> int:
    """Return how many observations there are, once they hold together with their structure."""
    data_set = dossier.data_set
    problems = data_set_problems(data_set.structure, data_set.rows)
    if problems:
        raise ProblemsError(problems)
    return int(data_set.rows.num_rows)


def made_files(folder: Path, form: Format, dossier: Dossier, contents: Mapping[str, Chunks]) -> dict[str, Path]:
    """Write files into a folder of the engine's own, hold them against what the format asks, and return where they are.

    Raises
    ------
    ProblemsError
        If the format finds files wrong.
    """
    made: dict[str, Path] = {}
    for name, content in contents.items():
        made[name] = folder / name
        write_file(made[name], content)
    problems = form.check(dossier, made) if form.check else []
    if problems:
        raise ProblemsError(problems)
    return made


def _put(path: Path, made: Mapping[str, Path], *, alone: bool) -> None:
    """Put one file in place, or several as a ZIP or as a folder that is seen when all are there."""
    if alone:
        (file,) = made.values()
        copy_file(file, path)
    elif path.suffix.lower() == ZIP:
        write_zip(path, made)
    else:
        with making_folder(path) as folder:
            for name, file in made.items():
                copy_file(file, folder / name)


def zipped(files: Mapping[str, Chunks]) -> bytes:
    """Return files as a ZIP, the same bytes for the same files whenever it is made."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(zip_entry(name), whole(content))
    return sink.getvalue()
