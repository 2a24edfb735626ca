"""Add a file of official statistics to a programme: read it, copy it, declare it; all of it or nothing.

Used by ``impact context add``; the file is read as it will be in a run before anything is written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from impact.declare import Programme, check_programme, load_programme
from impact.declare.append import with_shared, with_source
from impact.declare.sources import Source
from impact.errors import ProblemsError, UsageError
from impact.files import copy_file, make_folder, write_file, writing_together
from impact.ingest import RawFile
from impact.ingest.raw import SeriesSummary
from impact.ingest.readers import read_source
from impact.validate import compile_contract, stage_rows

CONTRACT = "context_series"
FOLDER = "raw/context"
SourceFields = Mapping[str, Any]
"""Fields of a source with plain values of YAML; :class:`impact.declare.sources.Source` says which there are."""


@dataclass(frozen=True)
class Added:
    """What was added: the source and its file, what was chosen from it, and how many rows are good and set aside."""

    source: str
    file: str
    summary: SeriesSummary
    rows_good: int
    rows_bad: int


def add_context(folder: Path, path: Path, declared: SourceFields) -> Added:
    """Add a file to a programme as a source of the shared contract ``context_series``.

    Parameters
    ----------
    folder
        The programme folder; it gets the file, and its ``sources.yaml`` the source.
    path
        The file as the office gives it, wherever it lies; it is copied.
    declared
        The source as ``sources.yaml`` would write it, without ``file`` and ``contract``.

    Raises
    ------
    UsageError
        If the file is not there, or the id or the name of the file is taken in the programme.
    ProblemsError
        If the file cannot be read as declared, or the programme would not hold together; nothing was written.
    """
    with writing_together(folder) as publish, tempfile.TemporaryDirectory(prefix="impact-") as temporary:
        scratch = Path(temporary)
        programme = _checked(folder)
        _check_free(programme, path, str(declared["id"]))
        file = f"{FOLDER}/{path.name}"
        written = {"id": declared["id"], "file": file, "contract": CONTRACT, **declared}
        source = Source.model_validate(written)
        drafts = _drafts(programme, path, source, written, scratch)
        raw = read_source(source, drafts[source.file], scratch)
        assert raw.summary is not None  # noqa: S101 - readers of official statistics all give one
        good, bad = _try(programme.folder, source, raw, scratch)
        publish(drafts)
    return Added(source.id, source.file, raw.summary, good, bad)


def _checked(folder: Path, drafts: Path | None = None) -> Programme:
    """Load a programme, with the drafts of some of its files, and refuse one that does not hold together."""
    programme = load_programme(folder, drafts)
    if problems := check_programme(programme):
        raise ProblemsError(problems)
    return programme


def _check_free(programme: Programme, path: Path, name: str) -> None:
    """Refuse what would overwrite anything."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    taken_ids = {source.id for source in programme.sources}
    if name in taken_ids:
        raise UsageError(f"{programme.id} has a source '{name}' already; nothing was written")
    target = programme.folder / FOLDER / path.name
    if target.exists() or target.is_symlink():
        raise UsageError(f"{FOLDER}/{path.name} exists already; nothing was written")


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def _contracts(programme: Programme) -> str:
    text = _read(programme.folder / "contracts.yaml")
    return text if CONTRACT in programme.contracts else with_shared(text, CONTRACT)


def _drafts(programme: Programme, path: Path, source: Source, written: SourceFields, scratch: Path) -> dict[str, Path]:
    """Make the file and both texts in a folder like the programme's, in the order in which they may be seen there."""
    copy = scratch / source.file
    make_folder(copy.parent)
    copy_file(path, copy)
    drafts = {source.file: copy}
    sources = _read(programme.folder / "sources.yaml")
    texts = {"contracts.yaml": _contracts(programme), "sources.yaml": with_source(sources, written)}
    for name, text in texts.items():
        drafts[name] = scratch / name
        write_file(drafts[name], text)
    return drafts


def _try(folder: Path, source: Source, raw: RawFile, scratch: Path) -> tuple[int, int]:
    """Load and check the programme with the drafts, and read the new rows through their contract."""
    programme = _checked(folder, scratch)
    contract = programme.contracts[source.contract]
    with duckdb.connect() as connection:
        compiled = compile_contract(programme, contract, source, raw)
        report = stage_rows(connection, raw, compiled, source, "staged")
    return report.rows_good, report.rows_bad
