"""Second half of a run: indicators whose result would differ are measured, estimated, judged and published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import duckdb
import pandas as pd
from pydantic import BaseModel

from impact import designs, judge, measure
from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.expect.promises import part_promises
from impact.expect.registration import definition_hash, plan_hash, plan_status
from impact.measure.breakdown import cut_codelists, part_table
from impact.measure.formula import published_query
from impact.measure.measurement import COMPARED, Measurement
from impact.measure.unit_rows import selected_sql
from impact.measure.windows import contract_windows
from impact.publish.tables import write_results
from impact.run.stage import ENGINE, Run, Staged
from impact.sql import fingerprint
from impact.store import Warehouse
from impact.store.state import reached
from impact.store.warehouse import RESULTS, to_json
from impact.tables.frames import to_frame
from impact.tables.runs import Definition


@dataclass(frozen=True)
class Results:
    """What became of results: the indicators computed, those left for a whole run, and whether any result changed."""

    computed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    changed: bool = False


def renew_results(run: Run, staged: Sequence[Staged]) -> Results:
    """Bring results up to date; a run that stops before they are published deletes those that are outdated.

    Parameters
    ----------
    run
        In its transaction, with the rows published.
    staged
        The sources, on whose loads results depend.
    """
    programme, warehouse = run.programme, run.warehouse
    stale = stale_indicators(programme, warehouse, staged)
    indicators = [indicator for indicator, _ in stale]
    names = tuple(indicator.id for indicator in indicators)
    undeclared = _forget_undeclared(programme, warehouse)
    _renew_lines(programme, warehouse)
    if run.whole:
        _compute(run, stale)
        restamped = _renew_plan_hash(programme, warehouse)
        return Results(names, (), bool(stale or undeclared or restamped))
    outdated = _set_back(programme, warehouse, indicators)
    if run.until == "measure":
        _measure_only(programme, warehouse, indicators)
    further = bool(stale) and reached(warehouse, programme.id) != run.until
    return Results((), names, bool(undeclared) or outdated or further)


def stale_indicators(
    programme: Programme, warehouse: Warehouse, staged: Sequence[Staged]
) -> list[tuple[Indicator, str]]:
    """Return the indicators whose result would differ from the one published, with what it depends on.

    Where one of a family has changed, all of it is done again: its p-values are adjusted together.
    """
    published = dict(warehouse.rows(_FINGERPRINTS, [programme.id]))
    loads = sorted(f"{item.source.contract}:{item.source.id}:{item.load_id}" for item in staged)
    current = [(indicator, _depends_on(programme, indicator, loads)) for indicator in programme.indicators]
    changed = {indicator.id for indicator, digest in current if published.get(indicator.id) != digest}
    for family in programme.evaluation.families:
        if not changed.isdisjoint(family.indicators):
            changed.update(family.indicators)
    return [(indicator, digest) for indicator, digest in current if indicator.id in changed]


_FINGERPRINTS = "SELECT indicator, fingerprint FROM impact.definition WHERE programme = ?"


def _depends_on(programme: Programme, indicator: Indicator, loads: Sequence[str]) -> str:
    """Return a hash of all that a result depends on: declarations, loads of the contracts it reads, the engine."""
    behind = (*programme.with_scaled(indicator)[1:], *programme.with_operands(indicator)[1:])
    nodes = {node.id: node for node in programme.header.theory_of_change.nodes}
    families = [family for family in programme.evaluation.families if indicator.id in family.indicators]
    codelists = cut_codelists(programme, indicator)
    contracts = _contracts_read(programme, (indicator, *behind))
    return fingerprint(
        indicator.model_dump(mode="json"),
        [load for load in loads if load.split(":")[0] in contracts],
        _plain(programme.header.waves),
        nodes[indicator.node].model_dump(),
        vars(plan_status(programme, indicator)),
        programme.data_kind(indicator),
        _plain(behind),
        _plain(families),
        dict(zip(codelists, _plain(codelists.values()), strict=True)),
        ENGINE,
    )


def _plain(models: Iterable[BaseModel]) -> list[object]:
    return [model.model_dump(mode="json") for model in models]


def _contracts_read(programme: Programme, indicators: Sequence[Indicator]) -> set[str]:
    """Return the contracts that indicators read, with those that their foreign keys lead to."""
    contracts = set[str]()
    for indicator in indicators:
        targets = indicator.ex_ante.targets
        for name in (*indicator.reads, *([targets.contract] if targets else [])):
            contracts |= _referenced(programme, name)
    return contracts


def _referenced(programme: Programme, contract: str) -> set[str]:
    """Return a contract with those that its foreign keys lead to, however far."""
    reached_contracts, open_contracts = set[str](), [contract]
    while open_contracts:
        name = open_contracts.pop()
        reached_contracts.add(name)
        keys = programme.contracts[name].foreign_keys
        open_contracts += [key.references for key in keys if key.references not in reached_contracts]
    return reached_contracts


def _compute(run: Run, stale: Sequence[tuple[Indicator, str]]) -> None:
    """Measure, estimate, judge and publish the indicators given, in place of what stood."""
    if not stale:
        return
    programme, warehouse = run.programme, run.warehouse
    indicators = [indicator for indicator, _ in stale]
    measurements, tables = _measured(programme, warehouse, indicators)
    findings = list(_judged(run, indicators, measurements))
    _forget(programme, warehouse, indicators)
    definitions = [_definition(programme, indicator, digest, run.id) for indicator, digest in stale]
    tables["definition"] = to_frame(Definition, definitions)
    adjusted = judge.adjust_families(programme, findings)
    write_results(warehouse, programme.id, tables, adjusted)
    run.progress(f"{programme.id}: done", 1, 1)


def _judged(run: Run, indicators: Sequence[Indicator], measurements: Sequence[Measurement]) -> Iterator[judge.Judged]:
    """Yield the findings of each indicator, its effects estimated."""
    programme, connection, n_sources = run.programme, run.warehouse.connection, len(run.programme.sources)
    steps = n_sources + len(indicators)
    for step, indicator in enumerate(indicators, start=n_sources):
        run.progress(f"{programme.id}: {indicator.id}", step, steps)
        measured = [measurement for measurement in measurements if measurement.indicator == indicator.id]
        estimate = partial(designs.estimate_effect, connection, programme, indicator, memory={})
        parts = part_promises(connection, programme, indicator)
        until = _last_day(programme, connection, indicator)
        yield from judge.judge_indicator(programme, indicator, measured, estimate, run.id, parts=parts, until=until)


def _last_day(programme: Programme, connection: duckdb.DuckDBPyConnection, indicator: Indicator) -> date | None:
    """Return the end of the shortest period with the last row; None without a clock, or without rows."""
    windows = contract_windows(connection, programme.id, programme.contracts[indicator.contract])
    return windows.steps[-1].last if windows else None


def _measured(
    programme: Programme, warehouse: Warehouse, indicators: Sequence[Indicator]
) -> tuple[tuple[Measurement, ...], dict[str, pd.DataFrame]]:
    """Measure indicators; return the values as judges read them, and the tables that are published of them."""
    measures = measure.measure_indicators(warehouse.connection, programme, indicators)
    tables = {"measure": measures.values.drop(columns=COMPARED), "linkage": measures.linkage}
    tables["part"] = part_table(programme, indicators, measures.values)
    return measures.measurements, tables


def _measure_only(programme: Programme, warehouse: Warehouse, indicators: Sequence[Indicator]) -> None:
    """Write the values of indicators whose findings are not to be published yet, and the codes they are cut by."""
    _, tables = _measured(programme, warehouse, indicators)
    for table, frame in tables.items():
        stamped = frame.assign(programme=programme.id)
        warehouse.append(table, stamped)


def _set_back(programme: Programme, warehouse: Warehouse, indicators: Sequence[Indicator]) -> bool:
    """Delete the results of indicators that rows or declarations have outdated; tell whether there were any."""
    count = _count_results(programme, warehouse)
    _forget(programme, warehouse, indicators)
    return _count_results(programme, warehouse) != count


def _forget(programme: Programme, warehouse: Warehouse, indicators: Sequence[Indicator]) -> None:
    for table in RESULTS:
        warehouse.forget(table, programme.id, [indicator.id for indicator in indicators])


def _count_results(programme: Programme, warehouse: Warehouse) -> int:
    """Count the definitions and measures that stand."""
    ((count,),) = warehouse.rows(_RESULTS_COUNT, [programme.id])
    return int(count)


_RESULTS_COUNT = """SELECT (SELECT count(*) FROM impact.definition WHERE programme = $1)
  + (SELECT count(*) FROM impact.measure WHERE programme = $1)"""


def _definition(programme: Programme, indicator: Indicator, digest: str, run_id: str) -> Definition:
    contract = programme.contracts[indicator.contract]
    at = programme.definition_at(indicator.id)
    return Definition(
        programme=programme.id,
        indicator=indicator.id,
        definition_hash=definition_hash(programme, indicator),
        file=at.file,
        line=at.line,
        definition=to_json(indicator.model_dump(mode="json", exclude_none=True)),
        query=published_query(programme, indicator, contract),
        selection=selected_sql(indicator, contract),
        fingerprint=digest,
        run_id=run_id,
    )


def _forget_undeclared(programme: Programme, warehouse: Warehouse) -> list[str]:
    """Remove the results of indicators that are no longer declared."""
    declared = {indicator.id for indicator in programme.indicators}
    rows = warehouse.rows("SELECT indicator FROM impact.definition WHERE programme = ?", [programme.id])
    undeclared = sorted({indicator for (indicator,) in rows} - declared)
    for table in RESULTS:
        warehouse.forget(table, programme.id, undeclared)
    return undeclared


def _renew_lines(programme: Programme, warehouse: Warehouse) -> None:
    """Write down in which lines indicators are declared: a line moves without its indicator changing."""
    for indicator in programme.indicators:
        values = [programme.definition_at(indicator.id).line, programme.id, indicator.id]
        warehouse.connection.execute(_LINE_UPDATE, values)


_LINE_UPDATE = """UPDATE impact.definition SET line = $1
WHERE programme = $2 AND indicator = $3 AND line IS DISTINCT FROM $1"""


def _renew_plan_hash(programme: Programme, warehouse: Warehouse) -> int:
    """Stamp the plan as it stands on findings that it leaves as they were; return how many carried another."""
    digest = plan_hash(programme)
    ((restamped,),) = warehouse.rows(
        "UPDATE impact.finding SET plan_hash = $1 WHERE programme = $2 AND plan_hash <> $1", [digest, programme.id]
    )
    return int(restamped)
