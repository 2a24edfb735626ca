"""Add a file of official statistics to a programme: read it, copy it, declare it; all of it or nothing.

Used by ``impact context add``; the file is read as it will be in a run before anything is written.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from impact.declare import Programme, check_programme, load_programme
from impact.declare.append import with_shared, with_source
from impact.declare.sources import Source
from impact.errors import ImpactError, ProblemsError, UsageError
from impact.ingest import open_raw
from impact.ingest.series import SeriesSummary, series_to_csv
from impact.validate import compile_contract, stage_rows

CONTRACT = "context_series"
FOLDER = "raw/context"


@dataclass(frozen=True)
class Added:
    """What was added: the source and its file, what was chosen from it, and how many rows are good and set aside."""

    source: str
    file: str
    summary: SeriesSummary
    rows_good: int
    rows_bad: int


def add_context(folder: Path, path: Path, declared: dict[str, Any]) -> Added:
    """Add a file to a programme as a source of the shared contract ``context_series``.

    Parameters
    ----------
    folder
        The programme folder.
    path
        The file, anywhere.
    declared
        The source as ``sources.yaml`` would write it, without ``file`` and ``contract``.

    Raises
    ------
    UsageError
        If the file is not there, or the id or the name of the file is taken in the programme.
    ProblemsError
        If the file cannot be read as declared, or the programme would not hold together; the folder is as it was.
    """
    programme = load_programme(folder)
    if problems := check_programme(programme):
        raise ProblemsError(problems)
    target = _free_place(programme, path, str(declared["id"]))
    written = {"id": declared["id"], "file": f"{FOLDER}/{path.name}", "contract": CONTRACT, **declared}
    source = Source.model_validate(written)
    with tempfile.TemporaryDirectory(prefix="impact-") as scratch:
        _, summary = series_to_csv(path, source, Path(scratch) / "series.csv")
    texts = {
        "sources.yaml": with_source(_read(programme.folder / "sources.yaml"), written),
        "contracts.yaml": _contracts(programme),
    }
    good, bad = _write(programme, path, target, texts, source)
    return Added(source.id, source.file, summary, good, bad)


def _free_place(programme: Programme, path: Path, name: str) -> Path:
    """Return where the copy goes; refuse what would overwrite anything."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    if name in {source.id for source in programme.sources}:
        raise UsageError(f"{programme.id} has a source '{name}' already; nothing was written")
    target = programme.folder / FOLDER / path.name
    if target.exists() or target.is_symlink():
        raise UsageError(f"{FOLDER}/{path.name} exists already; nothing was written")
    return target


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def _contracts(programme: Programme) -> str:
    text = _read(programme.folder / "contracts.yaml")
    return text if CONTRACT in programme.contracts else with_shared(text, CONTRACT)


def _write(programme: Programme, path: Path, target: Path, texts: dict[str, str], source: Source) -> tuple[int, int]:
    """Copy the file, write both texts, and read the programme again; put everything back if that fails."""
    before = {name: (programme.folder / name).read_bytes() for name in texts}
    folders = [folder for folder in (target.parent.parent, target.parent) if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        for name, text in texts.items():
            _replace(programme.folder / name, text.encode("utf-8"))
        return _try(programme.folder, source)
    except (ImpactError, OSError):
        for name, content in before.items():
            _replace(programme.folder / name, content)
        target.unlink(missing_ok=True)
        for folder in reversed(folders):
            if folder.exists():
                folder.rmdir()
        raise


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step, and only if it changes."""
    if path.read_bytes() == content:
        return
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    shutil.copymode(path, beside)
    os.replace(beside, path)


def _try(folder: Path, source: Source) -> tuple[int, int]:
    """Load and check the programme with the new source, and read its rows through their contract."""
    programme = load_programme(folder)
    if problems := check_programme(programme):
        raise ProblemsError(problems)
    with tempfile.TemporaryDirectory(prefix="impact-") as scratch, duckdb.connect() as connection:
        raw = open_raw(programme.folder, source, Path(scratch))
        compiled = compile_contract(programme, programme.contracts[source.contract], source, raw)
        report = stage_rows(connection, raw, compiled, source, "staged")
    return report.rows_good, report.rows_bad
