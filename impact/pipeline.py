"""The whole flow on one screen: declare → ingest → validate → store → measure → expect → estimate → judge → publish.

Raw rows are staged first, each file by itself; then everything that readers see changes in one transaction, so that
an interrupted run leaves the database as it was.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from impact.declare import Programme, check_programme
from impact.declare.indicators import Indicator
from impact.declare.sources import Source
from impact.errors import DeclarationError, FileError, Problem
from impact.estimate import estimate_effect
from impact.expect import indicator_plan, plan_changes, plan_hash, plan_status, verify_registrations
from impact.ingest import RawFile, open_raw
from impact.judge import Finding, judge_indicator
from impact.measure import measure_indicators
from impact.measure.formula import query_sql
from impact.publish import write_results
from impact.sql import fingerprint, ident
from impact.store import Warehouse
from impact.store.warehouse import RESULTS, to_json
from impact.validate import LoadReport, compile_contract, cross_reasons, stage_rows

ENGINE = version("impact-engine")
STAGES = ("declare", "validate", "measure", "publish")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    ``loaded`` and ``computed`` name the sources and indicators that had changed; empty lists mean nothing had.
    """

    programme: str
    run_id: str | None
    loaded: tuple[str, ...]
    computed: tuple[str, ...]
    rows_read: int
    rows_good: int
    rows_bad: int
    rows_warned: int
    findings: int
    changes: dict[str, dict[str, int]]


@dataclass(frozen=True)
class _Staged:
    """A source ready to be published: its file, table and what became of its rows; no report if it had not changed."""

    source: Source
    load_id: str
    table: str
    raw: RawFile
    report: LoadReport | None


def run_programme(
    programme: Programme,
    warehouse: Warehouse,
    *,
    until: str = "publish",
    progress: Progress = lambda *_: None,
) -> RunReport:
    """Take a programme from its declarations to published findings; only what changed is done again.

    Parameters
    ----------
    programme
        As declared.
    warehouse
        Open for writing, outside a transaction.
    until
        The last stage: one of :data:`STAGES`.
    progress
        Called with a label, the steps done and the steps in all.

    Raises
    ------
    DeclarationError
        If the declarations do not hold together; nothing is changed.
    FileError
        If a raw file cannot be read as declared; nothing is changed.
    """
    problems = [*check_programme(programme), *verify_registrations(programme)]
    if problems:
        raise DeclarationError(problems)
    if until == "declare":
        return _report(warehouse, programme, None)
    warehouse.begin_programme(programme)
    with tempfile.TemporaryDirectory(prefix="impact-") as scratch:
        staged = _stage_all(programme, warehouse, Path(scratch), progress)
        run_id = f"{datetime.datetime.now(tz=datetime.UTC):%Y%m%dT%H%M%S%f}"
        with warehouse.transaction():
            loaded, changes = _publish_rows(programme, warehouse, staged, run_id)
            stale = [] if until == "validate" else _stale(programme, warehouse, staged)
            if until == "measure":
                _measure_only(programme, warehouse, [indicator for indicator, _ in stale])
                stale = []
            _compute(programme, warehouse, stale, run_id, progress)
            gone = _forget(programme, warehouse) if until == "publish" else []
            if loaded or stale or gone:
                _record_run(programme, warehouse, run_id, len(loaded), len(stale))
    return _report(warehouse, programme, run_id, loaded=loaded, computed=[i.id for i, _ in stale], changes=changes)


# ---- ingest, validate -------------------------------------------------------------------------------------------


def _stage_all(programme: Programme, warehouse: Warehouse, scratch: Path, progress: Progress) -> list[_Staged]:
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
        staged.append(_Staged(source, load_id, table, raw, report))
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


def _publish_rows(
    programme: Programme, warehouse: Warehouse, staged: Sequence[_Staged], run_id: str
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
    views = warehouse.rows("SELECT count(*) FROM duckdb_views() WHERE schema_name = ?", [programme.id])
    return views == [(len(programme.contracts),)]


def _record_load(
    programme: Programme,
    warehouse: Warehouse,
    item: _Staged,
    *,
    replaced: str | None,
    changed: dict[str, int] | None,
    run_id: str,
) -> None:
    report, source = item.report, item.source
    assert report is not None  # noqa: S101 - only fresh loads are recorded
    warehouse.record_load(
        {
            "load_id": item.load_id,
            "programme": programme.id,
            "source": source.id,
            "contract": source.contract,
            "file": source.file,
            "sha256": item.raw.sha256,
            "size": item.raw.size,
            "table_name": item.table,
            "rows_read": report.rows_read,
            "rows_good": report.rows_good,
            "rows_bad": report.rows_bad,
            "rows_warned": report.rows_warned,
            "kind": source.provenance.kind,
            "provenance": to_json(source.provenance.model_dump(mode="json")),
            "line_offsets": list(report.line_offsets),
            "multiline": source.format.multiline,
            "loaded_at": _now(),
            "run_id": run_id,
            "replaced": replaced,
            "changed": None if changed is None else to_json(changed),
            "current": True,
        }
    )
    reasons = report.reasons.rename(columns={"row": "line"})
    extra = {"programme": programme.id, "source": source.id, "load_id": item.load_id, "file": source.file}
    warehouse.append("quarantine", reasons.assign(**extra))


def _judge_across(programme: Programme, warehouse: Warehouse, staged: Sequence[_Staged]) -> None:
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


# ---- measure, expect, estimate, judge, publish ------------------------------------------------------------------


def _stale(programme: Programme, warehouse: Warehouse, staged: Sequence[_Staged]) -> list[tuple[Indicator, str]]:
    """Return the indicators whose result would differ from the one published, with what it depends on."""
    known = dict(
        warehouse.rows("SELECT indicator, fingerprint FROM impact.definition WHERE programme = ?", [programme.id])
    )
    loads = sorted(f"{item.source.contract}:{item.source.id}:{item.load_id}" for item in staged)
    stale = []
    for indicator in programme.indicators:
        depends = _contracts_behind(programme, indicator.contract)
        rows = [load for load in loads if load.split(":")[0] in depends]
        waves = [wave.model_dump(mode="json") for wave in programme.header.waves]
        node = next(n.model_dump() for n in programme.header.theory_of_change.nodes if n.id == indicator.node)
        now = fingerprint(
            indicator.model_dump(mode="json"),
            rows,
            waves,
            node,
            vars(plan_status(programme, indicator)),
            plan_hash(programme),
            programme.source_kind(indicator.contract),
            ENGINE,
        )
        if known.get(indicator.id) != now:
            stale.append((indicator, now))
    return stale


def _contracts_behind(programme: Programme, contract: str) -> set[str]:
    behind, todo = set(), [contract]
    while todo:
        name = todo.pop()
        behind.add(name)
        todo += [k.references for k in programme.contracts[name].foreign_keys if k.references not in behind]
    return behind


def _compute(
    programme: Programme,
    warehouse: Warehouse,
    stale: Sequence[tuple[Indicator, str]],
    run_id: str,
    progress: Progress,
) -> None:
    if not stale:
        return
    connection, indicators = warehouse.connection, [indicator for indicator, _ in stale]
    measures = measure_indicators(connection, programme, indicators)
    findings: list[Finding] = []
    offset = len(programme.sources)
    for done, indicator in enumerate(indicators):
        progress(f"{programme.id}: {indicator.id}", offset + done, offset + len(indicators))
        own = measures.values[measures.values["indicator"] == indicator.id] if len(measures.values) else measures.values
        findings += judge_indicator(
            programme, indicator, own, partial(estimate_effect, connection, programme, indicator)
        )
    for table in RESULTS:
        warehouse.forget(table, programme.id, [indicator.id for indicator in indicators])
    definitions = pd.DataFrame([_definition(programme, indicator, now) for indicator, now in stale])
    tables = {"measure": measures.values, "linkage": measures.linkage, "definition": definitions}
    write_results(warehouse, programme.id, run_id, tables, findings)
    progress(f"{programme.id}: done", 1, 1)


def _measure_only(programme: Programme, warehouse: Warehouse, indicators: Sequence[Indicator]) -> None:
    """Write the values of indicators whose findings are not to be published yet."""
    measures = measure_indicators(warehouse.connection, programme, indicators)
    for table, frame in (("measure", measures.values), ("linkage", measures.linkage)):
        warehouse.forget(table, programme.id, [indicator.id for indicator in indicators])
        warehouse.append(table, frame.assign(programme=programme.id))


def _definition(programme: Programme, indicator: Indicator, now: str) -> dict[str, Any]:
    place = [i.id for i in programme.indicators].index(indicator.id)
    return {
        "indicator": indicator.id,
        "definition_hash": fingerprint(indicator_plan(programme, indicator)),
        "file": "indicators.yaml",
        "line": programme.line("indicators.yaml", "indicators", place),
        "definition": to_json(indicator.model_dump(mode="json", exclude_none=True)),
        "query": query_sql(programme.id, indicator, programme.contracts[indicator.contract]),
        "fingerprint": now,
    }


def _forget(programme: Programme, warehouse: Warehouse) -> list[str]:
    """Remove the results of indicators that are no longer declared."""
    kept = {indicator.id for indicator in programme.indicators}
    known = {
        name
        for (name,) in warehouse.rows("SELECT indicator FROM impact.definition WHERE programme = ?", [programme.id])
    }
    gone = sorted(known - kept)
    for table in RESULTS:
        warehouse.forget(table, programme.id, gone)
    for place, indicator in enumerate(programme.indicators):  # a line moves without its indicator changing
        warehouse.connection.execute(
            "UPDATE impact.definition SET line = $1"
            " WHERE programme = $2 AND indicator = $3 AND line IS DISTINCT FROM $1",
            [programme.line("indicators.yaml", "indicators", place), programme.id, indicator.id],
        )
    return gone


def _record_run(programme: Programme, warehouse: Warehouse, run_id: str, loaded: int, computed: int) -> None:
    digest = plan_hash(programme)
    plan = {indicator.id: indicator_plan(programme, indicator) for indicator in programme.indicators}
    last = warehouse.rows(
        "SELECT plan_hash, plan FROM impact.plan WHERE programme = ? ORDER BY seen_at DESC LIMIT 1",
        [programme.id],
    )
    if not last or last[0][0] != digest:
        changes = plan_changes(json.loads(last[0][1]), plan) if last else []
        warehouse.connection.execute(
            "INSERT INTO impact.plan VALUES (?, ?, ?, ?, ?)",
            [programme.id, digest, _now(), to_json(plan), to_json(changes)],
        )
    started = datetime.datetime.strptime(run_id, "%Y%m%dT%H%M%S%f")
    warehouse.connection.execute(
        "INSERT INTO impact.run VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [run_id, programme.id, started, _now(), ENGINE, digest, loaded, computed],
    )


def _now() -> datetime.datetime:
    """Return the time in UTC, as the tables keep it."""
    return datetime.datetime.now(tz=datetime.UTC).replace(tzinfo=None)


def _report(
    warehouse: Warehouse,
    programme: Programme,
    run_id: str | None,
    *,
    loaded: Sequence[str] = (),
    computed: Sequence[str] = (),
    changes: dict[str, dict[str, int]] | None = None,
) -> RunReport:
    read, good, bad, warned = warehouse.rows(
        "SELECT coalesce(sum(rows_read), 0), coalesce(sum(rows_good), 0), coalesce(sum(rows_bad), 0),"
        " coalesce(sum(rows_warned), 0) FROM impact.load WHERE programme = ? AND current",
        [programme.id],
    )[0]
    ((across,),) = warehouse.rows(
        "SELECT count(DISTINCT (source, ordinal)) FROM impact.quarantine WHERE programme = ? AND ordinal IS NOT NULL",
        [programme.id],
    )
    ((count,),) = warehouse.rows("SELECT count(*) FROM impact.finding WHERE programme = ?", [programme.id])
    return RunReport(
        programme.id,
        run_id if loaded or computed else None,
        tuple(loaded),
        tuple(computed),
        int(read),
        int(good) - across,
        int(bad) + across,
        int(warned),
        count,
        changes or {},
    )
