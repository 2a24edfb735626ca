"""First half of a run: raw files are staged, judged and published as views of good rows."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from impact.declare import Programme
from impact.declare.sources import Source
from impact.errors import FileError, Problem
from impact.ingest import RawFile, open_raw
from impact.sql import fingerprint, ident
from impact.store import Warehouse
from impact.store.warehouse import to_json
from impact.tables.files import Load
from impact.validate import LoadReport, compile_contract, cross_reasons, stage_rows
from impact.validate.compile import SQL_TYPES

ENGINE = version("impact-engine")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Staged:
    """A source ready to be published: its file, table and what became of its rows; no report if it had not changed."""

    source: Source
    load_id: str
    table: str
    raw: RawFile
    report: LoadReport | None


def stage_all(programme: Programme, warehouse: Warehouse, scratch: Path, progress: Progress) -> list[Staged]:
    """Open every source and stage those that changed; with any unreadable file, all problems and nothing staged."""
    raws: list[RawFile] = []
    problems: list[Problem] = []
    for source in programme.sources:
        try:
            raws.append(open_raw(programme.folder, source, scratch))
        except FileError as error:
            problems += error.problems
    if problems:
        raise FileError(problems)
    current = warehouse.current_loads(programme.id)
    staged = []
    for done, (source, raw) in enumerate(zip(programme.sources, raws, strict=True)):
        progress(f"{programme.id}: {source.id}", done, len(raws) + len(programme.indicators))
        load_id = _load_key(programme, source, raw)[:16]
        table = f"rows_{source.id}_{load_id}"
        same = source.id in current and current[source.id].load_id == load_id
        report = None
        if not same:
            try:
                report = _stage(programme, warehouse, source, raw, ident(programme.id, table))
            except FileError as error:
                problems += error.problems
        staged.append(Staged(source, load_id, table, raw, report))
    if problems:
        raise FileError(problems)
    return staged


def _stage(programme: Programme, warehouse: Warehouse, source: Source, raw: RawFile, table: str) -> LoadReport:
    compiled = compile_contract(programme, programme.contracts[source.contract], source, raw)
    return stage_rows(warehouse.connection, raw, compiled, source, table)


def _load_key(programme: Programme, source: Source, raw: RawFile) -> str:
    """Return what a load depends on: the file's bytes, how it is read, and what its rows must be."""
    contract = programme.contracts[source.contract]
    lists = [programme.codelists[c.codelist].model_dump() for c in contract.columns.values() if c.codelist]
    return fingerprint(
        raw.sha256,
        source.model_dump(mode="json"),
        contract.model_dump(mode="json"),
        lists,
        ENGINE,
    )


def publish_rows(
    programme: Programme, warehouse: Warehouse, staged: Sequence[Staged], run_id: str
) -> tuple[list[str], dict[str, dict[str, int]]]:
    """Put the staged tables in place, judge keys and references over all of them, and renew the views."""
    old = warehouse.current_loads(programme.id)
    fresh = [item for item in staged if item.report is not None]
    gone = set(old) - {source.id for source in programme.sources}
    if not fresh and not gone and _views_stand(warehouse, programme):
        return [], {}
    warehouse.drop_views(programme)
    changes: dict[str, dict[str, int]] = {}
    for item in fresh:
        before, contract = old.get(item.source.id), programme.contracts[item.source.contract]
        if before and before.contract == contract.id:
            tables = [ident(programme.id, name) for name in (before.table_name, item.table)]
            changes[item.source.id] = warehouse.compare_loads(contract, *tables)
        _record_load(
            programme,
            warehouse,
            item,
            replaced=before.load_id if before else None,
            changed=changes.get(item.source.id),
            run_id=run_id,
        )
    for name in gone:
        warehouse.retire_source(programme.id, name)
    _judge_across(programme, warehouse, staged)
    warehouse.create_views(programme)
    return [item.source.id for item in fresh] + sorted(gone), changes


def _views_stand(warehouse: Warehouse, programme: Programme) -> bool:
    """Tell whether every contract has its view; one that no source feeds can change while no load does."""
    found = warehouse.rows(
        "SELECT v.view_name, c.column_name, c.data_type FROM duckdb_views() v JOIN duckdb_columns() c"
        " ON c.schema_name = v.schema_name AND c.table_name = v.view_name WHERE v.schema_name = ?",
        [programme.id],
    )
    declared = {
        (contract.id, name, SQL_TYPES[column.type])
        for contract in programme.contracts.values()
        for name, column in contract.columns.items()
    }
    return declared <= set(found)


def _record_load(
    programme: Programme,
    warehouse: Warehouse,
    item: Staged,
    *,
    replaced: str | None,
    changed: dict[str, int] | None,
    run_id: str,
) -> None:
    report, source = item.report, item.source
    assert report is not None  # noqa: S101 - only fresh loads are recorded
    warehouse.record_load(
        Load(
            load_id=item.load_id,
            programme=programme.id,
            source=source.id,
            contract=source.contract,
            file=source.file,
            sha256=item.raw.sha256,
            size=item.raw.size,
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
            run_id=run_id,
            replaced=replaced,
            changed=None if changed is None else to_json(changed),
            current=True,
        )
    )
    reasons = report.reasons.rename(columns={"row": "line"})
    extra = {"programme": programme.id, "source": source.id, "load_id": item.load_id, "file": source.file}
    warehouse.append("quarantine", reasons.assign(**extra))


def _judge_across(programme: Programme, warehouse: Warehouse, staged: Sequence[Staged]) -> None:
    """Judge keys and foreign keys over all sources, and move the rows that break them to the quarantine."""
    tables: dict[str, dict[str, str]] = {}
    for item in staged:
        tables.setdefault(item.source.contract, {})[item.source.id] = ident(programme.id, item.table)
    broken = cross_reasons(warehouse.connection, programme, tables)
    warehouse.connection.execute(
        "DELETE FROM impact.quarantine WHERE programme = ? AND ordinal IS NOT NULL", [programme.id]
    )
    for item in staged:
        warehouse.set_aside(
            programme, item.source, item.load_id, item.table, broken[broken["source"] == item.source.id]
        )
        warehouse.count_good(programme.id, item.source.id, item.table)


def now_utc() -> datetime.datetime:
    """Return the time in UTC, as the tables keep it."""
    return datetime.datetime.now(tz=datetime.UTC).replace(tzinfo=None)
