"""The whole flow on one screen: declare → ingest → validate → store → measure → expect → estimate → judge → publish.

Raw rows are staged first, each file by itself; then everything that readers see changes in one transaction, so that
an interrupted run leaves the database as it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from impact import measure
from impact.declare import Programme
from impact.errors import DeclarationError
from impact.expect.declared import problems_without_data
from impact.expect.registration import indicator_plan, plan_changes, plan_hash, value_plan
from impact.run.compute import Results, renew_results
from impact.run.derived import renew_derived
from impact.run.stage import ENGINE, Progress, Rows, Run, now_utc, publish_rows, staging
from impact.run.standing import derived_stands, note_derived
from impact.store import STAGES, Warehouse, publish_snapshot
from impact.store.state import reached, set_reached
from impact.store.warehouse import to_json
from impact.words.said import text_json

if TYPE_CHECKING:
    import pandas as pd

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
    problems = problems_without_data(programme)
    if problems:
        raise DeclarationError(problems)
    run = Run(programme, warehouse, until, progress)
    if until == "declare":
        return _report(run, Rows(), Results())
    with staging(run) as staged, warehouse.transaction():
        rows = publish_rows(run, staged)
        results = renew_results(run, staged)
        _follow_up(run, rows, results)
    return _report(run, rows, results, publish_snapshot(warehouse))


def _follow_up(run: Run, rows: Rows, results: Results) -> None:
    """Renew what follows from rows and results, unless all of it stands; write down a run that changed anything."""
    fresh = _is_fresh(run, rows, results)
    if run.whole and not fresh and derived_stands(run):
        return
    if renew_derived(run, fresh=fresh) or fresh:
        _record(run, rows, results)
    if run.whole:
        note_derived(run)


def _is_fresh(run: Run, rows: Rows, results: Results) -> bool:
    """Whether rows or results have changed, or those that stand were left by a run that stopped early."""
    if rows.loaded or results.changed:
        return True
    return run.whole and reached(run.warehouse, run.programme.id) != run.until


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
    return measure.measure_claims(warehouse.connection, programme)


def _record(run: Run, rows: Rows, results: Results) -> None:
    """Write down that a run changed something and how far it came, with its plan."""
    programme, warehouse = run.programme, run.warehouse
    digest = plan_hash(programme)
    _record_plan(programme, warehouse, digest)
    counts = [len(rows.loaded), len(results.computed)]
    warehouse.connection.execute(
        "INSERT INTO impact.run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [run.id, programme.id, run.started, now_utc(), ENGINE, digest, *counts, run.until],
    )
    set_reached(warehouse, programme.id, run.until, run.id)


def _record_plan(programme: Programme, warehouse: Warehouse, digest: str) -> None:
    """Write down the plan where it is another than the last, with what it changes of that."""
    last = warehouse.rows(_LAST_PLAN, [programme.id])
    if last and last[0][0] == digest:
        return
    plan = {indicator.id: indicator_plan(programme, indicator) for indicator in programme.indicators}
    plan |= {"value.yaml": rules} if (rules := value_plan(programme)) else {}
    changes = plan_changes(json.loads(last[0][1]), plan) if last else []
    warehouse.connection.execute(
        "INSERT INTO impact.plan VALUES (?, ?, ?, ?, ?)",
        [programme.id, digest, now_utc(), to_json(plan), text_json(tuple(changes))],
    )


_LAST_PLAN = "SELECT plan_hash, plan FROM impact.plan WHERE programme = ? ORDER BY seen_at DESC LIMIT 1"


def _report(run: Run, rows: Rows, results: Results, unpublished: tuple[str, ...] = ()) -> RunReport:
    programme, warehouse = run.programme.id, run.warehouse
    changed = bool(rows.loaded or results.computed)
    counts = _count_rows(warehouse, programme)
    return RunReport(
        programme,
        run.id if changed else None,
        rows.loaded,
        results.computed,
        *counts,
        _count_findings(warehouse, programme),
        rows.compared,
        reached(warehouse, programme),
        results.waiting,
        unpublished,
    )


def _count_rows(warehouse: Warehouse, programme: str) -> tuple[int, int, int, int]:
    """Count the rows read, good, bad and warned of in the files in force."""
    ((read, good, bad, warned),) = warehouse.rows(
        "SELECT coalesce(sum(rows_read), 0), coalesce(sum(rows_good), 0), coalesce(sum(rows_bad), 0),"
        " coalesce(sum(rows_warned), 0) FROM impact.load WHERE programme = ? AND current",
        [programme],
    )
    return int(read), int(good), int(bad), int(warned)


def _count_findings(warehouse: Warehouse, programme: str) -> int:
    ((count,),) = warehouse.rows("SELECT count(*) FROM impact.finding WHERE programme = ?", [programme])
    return int(count)
