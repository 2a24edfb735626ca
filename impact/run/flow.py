"""The whole flow on one screen: declare → ingest → validate → store → measure → expect → estimate → judge → publish.

Raw rows are staged first, each file by itself; then everything that readers see changes in one transaction, so that
an interrupted run leaves the database as it was.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from impact.declare import Programme, check_programme
from impact.errors import DeclarationError
from impact.expect import forecast_problems, indicator_plan, plan_changes, plan_hash, verify_registrations
from impact.measure import measure_claims
from impact.publish import (
    renew_claims,
    renew_labels,
    renew_process,
    renew_quality,
    renew_suppressions,
    renew_theory,
    write_maps,
    write_networks,
    write_unmapped,
)
from impact.publish.sentences import renew_sentences
from impact.run.compute import (
    compute_indicators,
    forget_undeclared,
    measure_only,
    renew_plan_hash,
    set_back,
    stale_indicators,
)
from impact.run.stage import ENGINE, Progress, Staged, now_utc, publish_rows, stage_all
from impact.store import STAGES, Warehouse, publish_snapshot
from impact.store.state import forget_later, reached, set_reached
from impact.store.warehouse import to_json

__all__ = ["STAGES", "RunReport", "audit_programme", "run_programme"]


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    ``loaded`` and ``computed`` name the sources and indicators that had changed; empty lists mean nothing had.
    ``stage`` is how far the programme's tables have come together. Where that is not ``publish``, ``waiting`` names the
    indicators whose findings a whole run has yet to make. ``unpublished`` names the programmes, this one or others in
    the database, for which readers go on seeing what was published before.
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
    stage: str = "publish"
    waiting: tuple[str, ...] = ()
    unpublished: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Done:
    """What a run's transaction changed."""

    loaded: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    changes: dict[str, dict[str, int]] = field(default_factory=dict)


def run_programme(
    programme: Programme,
    warehouse: Warehouse,
    *,
    until: str = "publish",
    progress: Progress = lambda *_: None,
) -> RunReport:
    """Take a programme from its declarations to published findings; only what changed is done again.

    A run that stops earlier publishes nothing, and deletes what later stages had made of what has changed: readers go
    on seeing the last whole run, and no old finding stands beside new rows.

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
    UsageError
        If the database holds a schema of the programme's name that is somebody else's; nothing is changed.
    MachineError
        If the disk has no room to publish what was run; readers see what was published before.
    """
    problems = [*check_programme(programme), *verify_registrations(programme), *forecast_problems(programme)]
    if problems:
        raise DeclarationError(problems)
    if until == "declare":
        return _report(warehouse, programme, None, _Done())
    warehouse.begin_programme(programme)
    run_id = f"{datetime.datetime.now(tz=datetime.UTC):%Y%m%dT%H%M%S%f}"
    try:
        with tempfile.TemporaryDirectory(prefix="impact-") as scratch:
            staged = stage_all(programme, warehouse, Path(scratch), progress)
            with warehouse.transaction():
                finish = _publish if until == "publish" else partial(_stop, until=until)
                done = finish(programme, warehouse, staged, run_id, progress)
    except BaseException:
        _give_back(programme, warehouse)
        raise
    unpublished = publish_snapshot(warehouse)
    return _report(warehouse, programme, run_id, done, unpublished)


def _give_back(programme: Programme, warehouse: Warehouse) -> None:
    """Drop what was staged in vain, as far as the database still answers; else the next run does."""
    with contextlib.suppress(duckdb.Error):
        warehouse.drop_staged(programme.id)
        warehouse.connection.execute("CHECKPOINT")


def _publish(
    programme: Programme, warehouse: Warehouse, staged: Sequence[Staged], run_id: str, progress: Progress
) -> _Done:
    """Bring all tables of a programme to one state."""
    loaded, changes = publish_rows(programme, warehouse, staged, run_id)
    stale = stale_indicators(programme, warehouse, staged)
    compute_indicators(programme, warehouse, stale, run_id, progress)
    gone = forget_undeclared(programme, warehouse)
    renewed = renew_plan_hash(programme, warehouse)
    stopped = reached(warehouse, programme.id) != "publish"
    if loaded or stale or gone or stopped:
        write_unmapped(warehouse, programme)
        write_maps(warehouse, programme)
        write_networks(warehouse, programme)
    said = _renew_statements(programme, warehouse, run_id)
    hidden = renew_suppressions(programme, warehouse)
    renew_sentences(programme, warehouse)
    done = _Done(tuple(loaded), tuple(indicator.id for indicator, _ in stale), (), changes)
    if loaded or stale or gone or renewed or hidden or said or stopped:
        _record_run(programme, warehouse, run_id, stage="publish", done=done)
    return done


def _stop(
    programme: Programme, warehouse: Warehouse, staged: Sequence[Staged], run_id: str, _: Progress, *, until: str
) -> _Done:
    """Bring rows, or rows and values, up to date, and delete what later stages had made of what has changed."""
    loaded, changes = publish_rows(programme, warehouse, staged, run_id)
    stale = [indicator for indicator, _ in stale_indicators(programme, warehouse, staged)]
    gone = forget_undeclared(programme, warehouse)
    outdated = set_back(programme, warehouse, stale)
    if until == "measure":
        measure_only(programme, warehouse, stale)
    done = _Done(tuple(loaded), (), tuple(indicator.id for indicator in stale), changes)
    if loaded or gone or outdated or (stale and reached(warehouse, programme.id) != until):
        forget_later(warehouse, programme.id)
        renew_suppressions(programme, warehouse)
        renew_sentences(programme, warehouse)
        _record_run(programme, warehouse, run_id, stage=until, done=done)
    return done


def _renew_statements(programme: Programme, warehouse: Warehouse, run_id: str) -> bool:
    renewed = [renew(programme, warehouse) for renew in (renew_theory, renew_quality, renew_process, renew_labels)]
    return renew_claims(programme, warehouse, run_id) or any(renewed)


def audit_programme(
    programme: Programme, warehouse: Warehouse, *, progress: Progress = lambda *_: None
) -> pd.DataFrame:
    """Bring the rows up to date and recompute the totals the programme reported; publishes nothing.

    Parameters
    ----------
    programme, warehouse, progress
        As for :func:`run_programme`.

    Returns
    -------
    DataFrame
        A row per claim; see :func:`impact.measure.measure_claims`.

    Raises
    ------
    DeclarationError, FileError
        As :func:`run_programme` does; nothing is changed.
    """
    run_programme(programme, warehouse, until="validate", progress=progress)
    return measure_claims(warehouse.connection, programme)


def _record_run(programme: Programme, warehouse: Warehouse, run_id: str, *, stage: str, done: _Done) -> None:
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
            [programme.id, digest, now_utc(), to_json(plan), f"[{', '.join(change.json() for change in changes)}]"],
        )
    started = datetime.datetime.strptime(run_id, "%Y%m%dT%H%M%S%f")
    warehouse.connection.execute(
        "INSERT INTO impact.run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [run_id, programme.id, started, now_utc(), ENGINE, digest, len(done.loaded), len(done.computed), stage],
    )
    set_reached(warehouse, programme.id, stage, run_id)


def _report(
    warehouse: Warehouse, programme: Programme, run_id: str | None, done: _Done, unpublished: tuple[str, ...] = ()
) -> RunReport:
    read, good, bad, warned = warehouse.rows(
        "SELECT coalesce(sum(rows_read), 0), coalesce(sum(rows_good), 0), coalesce(sum(rows_bad), 0),"
        " coalesce(sum(rows_warned), 0) FROM impact.load WHERE programme = ? AND current",
        [programme.id],
    )[0]
    ((count,),) = warehouse.rows("SELECT count(*) FROM impact.finding WHERE programme = ?", [programme.id])
    return RunReport(
        programme.id,
        run_id if done.loaded or done.computed else None,
        done.loaded,
        done.computed,
        int(read),
        int(good),
        int(bad),
        int(warned),
        count,
        done.changes,
        reached(warehouse, programme.id),
        done.waiting,
        unpublished,
    )
