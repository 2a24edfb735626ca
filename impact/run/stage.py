"""First half of a run: raw files are staged, judged and published as views of good rows."""

from __future__ import annotations

import contextlib
import datetime
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import duckdb

from impact import validate
from impact.declare import Programme
from impact.declare.sources import Source
from impact.errors import FileError, Problem
from impact.ingest import RawFile, open_raw, source_sha256
from impact.sql import fingerprint, ident
from impact.store import STAGES, Warehouse
from impact.store.warehouse import Load as StandingLoad
from impact.store.warehouse import to_json
from impact.tables.files import Load
from impact.validate.stored import SQL_TYPES

ENGINE = version("impact-engine")
Progress = Callable[[str, int, int], None]


def now_utc() -> datetime.datetime:
    """Return the time in UTC, as the tables keep it."""
    return datetime.datetime.now(tz=datetime.UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Run:
    """One run of a programme, as its stages are told of it.

    Parameters
    ----------
    programme
        As declared.
    warehouse
        Open for writing.
    until
        The last stage: one of :data:`impact.store.STAGES`.
    progress
        Called with a label, the steps done and the steps in all.
    started
        In UTC.
    """

    programme: Programme
    warehouse: Warehouse
    until: str
    progress: Progress
    started: datetime.datetime = field(default_factory=now_utc)

    @property
    def id(self) -> str:
        """The run's name in every table: when it started, to the microsecond."""
        return f"{self.started:%Y%m%dT%H%M%S%f}"

    @property
    def whole(self) -> bool:
        """Whether the run goes on to the end, so that readers see what it makes."""
        return self.until == STAGES[-1]


@dataclass(frozen=True)
class Fresh:
    """A load that had not been there: the file that was read and what became of its rows."""

    raw: RawFile
    report: validate.LoadReport


@dataclass(frozen=True)
class Staged:
    """A source ready to be published: its load and table; ``fresh`` unless the rows stand as they are."""

    source: Source
    load_id: str
    table: str
    fresh: Fresh | None


@dataclass(frozen=True)
class Rows:
    """What became of rows: the sources that were loaded or dropped, and counts of rows against the load before."""

    loaded: tuple[str, ...] = ()
    compared: dict[str, dict[str, int]] = field(default_factory=dict)


@contextlib.contextmanager
def staging(run: Run) -> Iterator[list[Staged]]:
    """Stage the sources for a block that publishes them; should either fail, what was staged in vain is dropped.

    Raises
    ------
    FileError
        If a raw file cannot be read as declared.
    UsageError
        If the database holds a schema of the programme's name that is somebody else's.
    """
    run.warehouse.begin_programme(run.programme)
    try:
        with tempfile.TemporaryDirectory(prefix="impact-") as scratch:
            yield _stage_all(run, Path(scratch))
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # as far as the database still answers; else the next run does
            run.warehouse.drop_staged(run.programme.id)
            run.warehouse.connection.execute("CHECKPOINT")
        raise


def _stage_all(run: Run, scratch: Path) -> list[Staged]:
    """Open every source and stage those that changed; with any unreadable file, all problems and nothing staged."""
    programme, problems = run.programme, list[Problem]()
    standing = run.warehouse.current_loads(programme.id)
    opened: list[tuple[str, RawFile | None]] = []
    for source in programme.sources:
        try:
            opened.append(_open(programme, source, standing.get(source.id), scratch))
        except FileError as error:
            problems += error.problems
    if problems:
        raise FileError(problems)
    staged = []
    for step, (source, (load_id, raw)) in enumerate(zip(programme.sources, opened, strict=True)):
        run.progress(f"{programme.id}: {source.id}", step, len(opened) + len(programme.indicators))
        table = f"rows_{source.id}_{load_id}"
        fresh = None
        if raw is not None:
            try:
                fresh = Fresh(raw, _stage(run, source, raw, ident(programme.id, table)))
            except FileError as error:
                problems += error.problems
        staged.append(Staged(source, load_id, table, fresh))
    if problems:
        raise FileError(problems)
    return staged


def _open(
    programme: Programme, source: Source, standing: StandingLoad | None, scratch: Path
) -> tuple[str, RawFile | None]:
    """Return the id of a source's load, and its file opened; None where the rows of that load stand."""
    if standing is not None:
        digest = source_sha256(programme.folder, source)
        if _load_id(programme, source, digest) == standing.load_id:
            return standing.load_id, None
    raw = open_raw(programme.folder, source, scratch)
    return _load_id(programme, source, raw.sha256), raw


def _stage(run: Run, source: Source, raw: RawFile, table: str) -> validate.LoadReport:
    compiled = validate.compile_contract(run.programme, run.programme.contracts[source.contract], source, raw)
    return validate.stage_rows(run.warehouse.connection, raw, compiled, source, table)


def _load_id(programme: Programme, source: Source, digest: str) -> str:
    """Return a hash of what a load depends on: the file's bytes, how it is read, and what its rows must be."""
    contract = programme.contracts[source.contract]
    codelists = [codelist.model_dump() for codelist in programme.codelists_of(contract)]
    declared = [declaration.model_dump(mode="json") for declaration in (source, contract)]
    return fingerprint(digest, *declared, codelists, ENGINE)[:16]


def publish_rows(run: Run, staged: Sequence[Staged]) -> Rows:
    """Put the staged tables in place, judge keys and references over all of them, and renew the views."""
    programme, warehouse = run.programme, run.warehouse
    standing = warehouse.current_loads(programme.id)
    fresh = [item for item in staged if item.fresh is not None]
    undeclared = set(standing) - {source.id for source in programme.sources}
    if not fresh and not undeclared and _views_stand(warehouse, programme):
        return Rows()
    warehouse.drop_views(programme)
    compared: dict[str, dict[str, int]] = {}
    for item in fresh:
        replaced = standing.get(item.source.id)
        changes = _compare(run, item, replaced)
        if changes is not None:
            compared[item.source.id] = changes
        _record_load(run, item, replaced, changes)
    for name in undeclared:
        warehouse.retire_source(programme.id, name)
    _judge_across(programme, warehouse, staged)
    warehouse.create_views(programme)
    loaded = [item.source.id for item in fresh]
    return Rows((*loaded, *sorted(undeclared)), compared)


def _compare(run: Run, item: Staged, replaced: StandingLoad | None) -> dict[str, int] | None:
    """Count the rows of a load against the load that it replaces; None unless both are of one contract."""
    contract = run.programme.contracts[item.source.contract]
    if replaced is None or replaced.contract != contract.id:
        return None
    tables = [ident(run.programme.id, name) for name in (replaced.table_name, item.table)]
    return run.warehouse.compare_loads(contract, *tables)


def _views_stand(warehouse: Warehouse, programme: Programme) -> bool:
    """Tell whether every contract has its view; one that no source feeds can change while no load does."""
    columns = warehouse.rows(
        "SELECT v.view_name, c.column_name, c.data_type FROM duckdb_views() v JOIN duckdb_columns() c"
        " ON c.schema_name = v.schema_name AND c.table_name = v.view_name WHERE v.schema_name = ?",
        [programme.id],
    )
    return set(columns).issuperset(_declared_columns(programme))


def _declared_columns(programme: Programme) -> Iterator[tuple[str, str, str]]:
    """Yield contract, column and SQL type of all that is declared."""
    for contract in programme.contracts.values():
        for name, column in contract.columns.items():
            yield contract.id, name, SQL_TYPES[column.type]


def _record_load(run: Run, item: Staged, replaced: StandingLoad | None, compared: dict[str, int] | None) -> None:
    """Write a load into the ledger, and the rows that it set aside into the quarantine."""
    source = item.source
    assert item.fresh is not None  # noqa: S101 - only fresh loads are recorded
    report = item.fresh.report
    load = _ledger_row(run, item, item.fresh)
    if replaced is not None:
        load = replace(load, replaced=replaced.load_id)
    if compared is not None:
        load = replace(load, changed=to_json(compared))
    run.warehouse.record_load(load)
    reasons = report.reasons.rename(columns={"row": "line"})
    origin = {"programme": load.programme, "source": source.id, "load_id": item.load_id, "file": source.file}
    run.warehouse.append("quarantine", reasons.assign(**origin))


def _ledger_row(run: Run, item: Staged, fresh: Fresh) -> Load:
    """Return the row of a load in the ledger, as if it were the first of its source."""
    source, report = item.source, fresh.report
    return Load(
        load_id=item.load_id,
        programme=run.programme.id,
        source=source.id,
        contract=source.contract,
        file=source.file,
        sha256=fresh.raw.sha256,
        size=fresh.raw.size,
        table_name=item.table,
        rows_read=report.rows_read,
        rows_good=report.rows_good,
        rows_bad=report.rows_bad,
        rows_warned=report.rows_warned,
        kind=source.provenance.kind,
        provenance=to_json(source.provenance.model_dump(mode="json")),
        line_offsets=tuple(report.line_offsets),
        multiline=source.format.multiline,
        loaded_at=now_utc(),
        run_id=run.id,
        replaced=None,
        changed=None,
        current=True,
    )


def _judge_across(programme: Programme, warehouse: Warehouse, staged: Sequence[Staged]) -> None:
    """Judge keys and foreign keys over all sources, and move the rows that break them to the quarantine."""
    tables: dict[str, dict[str, str]] = {}
    for item in staged:
        tables_of = tables.setdefault(item.source.contract, {})
        tables_of[item.source.id] = ident(programme.id, item.table)
    broken = validate.cross_reasons(warehouse.connection, programme, tables)
    warehouse.connection.execute(
        "DELETE FROM impact.quarantine WHERE programme = ? AND ordinal IS NOT NULL", [programme.id]
    )
    for item in staged:
        source = item.source
        reasons = broken[broken["source"] == source.id]
        warehouse.set_aside(programme, source, item.load_id, item.table, reasons)
        warehouse.count_good(programme.id, source.id, item.table)
