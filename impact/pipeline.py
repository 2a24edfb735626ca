"""The whole flow on one screen: declare → ingest → validate → store → measure → expect → estimate → judge → publish.

Raw rows are staged first, each file by itself; then everything that readers see changes in one transaction, so that
an interrupted run leaves the database as it was.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
from impact.results import compute_indicators, forget_undeclared, measure_only, renew_plan_hash, stale_indicators
from impact.rows import ENGINE, Progress, now_utc, publish_rows, stage_all
from impact.store import Warehouse, publish_snapshot
from impact.store.warehouse import to_json

STAGES = ("declare", "validate", "measure", "publish")


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
    problems = [*check_programme(programme), *verify_registrations(programme), *forecast_problems(programme)]
    if problems:
        raise DeclarationError(problems)
    if until == "declare":
        return _report(warehouse, programme, None)
    warehouse.begin_programme(programme)
    with tempfile.TemporaryDirectory(prefix="impact-") as scratch:
        staged = stage_all(programme, warehouse, Path(scratch), progress)
        run_id = f"{datetime.datetime.now(tz=datetime.UTC):%Y%m%dT%H%M%S%f}"
        with warehouse.transaction():
            loaded, changes = publish_rows(programme, warehouse, staged, run_id)
            stale = [] if until == "validate" else stale_indicators(programme, warehouse, staged)
            if until == "measure":
                measure_only(programme, warehouse, [indicator for indicator, _ in stale])
                stale = []
            compute_indicators(programme, warehouse, stale, run_id, progress)
            gone = forget_undeclared(programme, warehouse) if until == "publish" else []
            renewed = renew_plan_hash(programme, warehouse) if until == "publish" else 0
            if loaded or stale or gone:
                write_unmapped(warehouse, programme)
            if until == "publish" and (loaded or stale or gone):
                write_maps(warehouse, programme)
                write_networks(warehouse, programme)
            hidden = until in ("measure", "publish") and renew_suppressions(programme, warehouse)
            said = until == "publish" and _renew_statements(programme, warehouse, run_id)
            if loaded or stale or gone or renewed or hidden or said:
                _record_run(programme, warehouse, run_id, len(loaded), len(stale))
    publish_snapshot(warehouse)
    return _report(warehouse, programme, run_id, loaded=loaded, computed=[i.id for i, _ in stale], changes=changes)


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
            [programme.id, digest, now_utc(), to_json(plan), to_json(changes)],
        )
    started = datetime.datetime.strptime(run_id, "%Y%m%dT%H%M%S%f")
    warehouse.connection.execute(
        "INSERT INTO impact.run VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [run_id, programme.id, started, now_utc(), ENGINE, digest, loaded, computed],
    )


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
    ((count,),) = warehouse.rows("SELECT count(*) FROM impact.finding WHERE programme = ?", [programme.id])
    return RunReport(
        programme.id,
        run_id if loaded or computed else None,
        tuple(loaded),
        tuple(computed),
        int(read),
        int(good),
        int(bad),
        int(warned),
        count,
        changes or {},
    )
