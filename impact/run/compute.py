"""Second half of a run: indicators whose result would differ are measured, estimated, judged and published."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.estimate import estimate_effect
from impact.expect import definition_hash, plan_hash, plan_status
from impact.judge import Judged, adjust_families, judge_indicator
from impact.measure import measure_indicators
from impact.measure.formula import query_sql
from impact.measure.measurement import COMPARED
from impact.measure.parts import cut_codelists, part_table
from impact.measure.territory_map import map_query
from impact.measure.units import selected_sql
from impact.publish import write_results
from impact.run.stage import ENGINE, Progress, Staged
from impact.sql import fingerprint
from impact.store import Warehouse
from impact.store.warehouse import RESULTS, to_json
from impact.tables.frames import to_frame
from impact.tables.runs import Definition


def stale_indicators(
    programme: Programme, warehouse: Warehouse, staged: Sequence[Staged]
) -> list[tuple[Indicator, str]]:
    """Return the indicators whose result would differ from the one published, with what it depends on.

    Where one of a family has changed, all of it is done again: its p-values are adjusted together.
    """
    known = dict(
        warehouse.rows("SELECT indicator, fingerprint FROM impact.definition WHERE programme = ?", [programme.id])
    )
    loads = sorted(f"{item.source.contract}:{item.source.id}:{item.load_id}" for item in staged)
    current = []
    for indicator in programme.indicators:
        behind = programme.behind(indicator)
        read = [name for each in behind for name in each.reads]
        depends = set[str]().union(*(_contracts_behind(programme, name) for name in read))
        rows = [load for load in loads if load.split(":")[0] in depends]
        waves = [wave.model_dump(mode="json") for wave in programme.header.waves]
        node = next(n.model_dump() for n in programme.header.theory_of_change.nodes if n.id == indicator.node)
        now = fingerprint(
            indicator.model_dump(mode="json"),
            rows,
            waves,
            node,
            vars(plan_status(programme, indicator)),
            programme.data_kind(indicator),
            [each.model_dump(mode="json") for each in behind[1:]],
            [f.model_dump(mode="json") for f in programme.evaluation.families if indicator.id in f.indicators],
            {name: codelist.model_dump(mode="json") for name, codelist in cut_codelists(programme, indicator).items()},
            ENGINE,
        )
        current.append((indicator, now))
    changed = {indicator.id for indicator, now in current if known.get(indicator.id) != now}
    for family in programme.evaluation.families:
        changed |= set(family.indicators) if changed & set(family.indicators) else set()
    return [(indicator, now) for indicator, now in current if indicator.id in changed]


def _contracts_behind(programme: Programme, contract: str) -> set[str]:
    behind, todo = set(), [contract]
    while todo:
        name = todo.pop()
        behind.add(name)
        todo += [k.references for k in programme.contracts[name].foreign_keys if k.references not in behind]
    return behind


def compute_indicators(
    programme: Programme,
    warehouse: Warehouse,
    stale: Sequence[tuple[Indicator, str]],
    run_id: str,
    progress: Progress,
) -> None:
    """Measure, estimate, judge and publish the indicators given, in place of what stood."""
    if not stale:
        return
    connection, indicators = warehouse.connection, [indicator for indicator, _ in stale]
    measures = measure_indicators(connection, programme, indicators)
    findings: list[Judged] = []
    offset = len(programme.sources)
    for done, indicator in enumerate(indicators):
        progress(f"{programme.id}: {indicator.id}", offset + done, offset + len(indicators))
        own = [each for each in measures.measurements if each.indicator == indicator.id]
        estimate = partial(estimate_effect, connection, programme, indicator)
        findings += judge_indicator(programme, indicator, own, estimate, run_id)
    findings = adjust_families(programme, findings)
    for table in RESULTS:
        warehouse.forget(table, programme.id, [indicator.id for indicator in indicators])
    definitions = to_frame(Definition, [_definition(programme, indicator, now, run_id) for indicator, now in stale])
    tables = {"measure": measures.values.drop(columns=COMPARED), "linkage": measures.linkage, "definition": definitions}
    tables["part"] = part_table(programme, indicators, measures.values)
    write_results(warehouse, programme.id, tables, findings)
    progress(f"{programme.id}: done", 1, 1)


def set_back(programme: Programme, warehouse: Warehouse, indicators: Sequence[Indicator]) -> bool:
    """Delete the results of indicators that rows or declarations have outdated; tell whether there were any."""
    before = _results(warehouse, programme)
    for table in RESULTS:
        warehouse.forget(table, programme.id, [indicator.id for indicator in indicators])
    return _results(warehouse, programme) != before


def _results(warehouse: Warehouse, programme: Programme) -> int:
    """Count the definitions and measures that stand."""
    counts = (f"SELECT count(*) AS n FROM impact.{table} WHERE programme = $1" for table in ("definition", "measure"))
    ((count,),) = warehouse.rows(f"SELECT sum(n) FROM ({' UNION ALL '.join(counts)})", [programme.id])
    return int(count)


def measure_only(programme: Programme, warehouse: Warehouse, indicators: Sequence[Indicator]) -> None:
    """Write the values of indicators whose findings are not to be published yet, and the codes they are cut by."""
    measures = measure_indicators(warehouse.connection, programme, indicators)
    parts = part_table(programme, indicators, measures.values)
    values = measures.values.drop(columns=COMPARED)
    for table, frame in (("measure", values), ("linkage", measures.linkage), ("part", parts)):
        warehouse.append(table, frame.assign(programme=programme.id))


def _definition(programme: Programme, indicator: Indicator, now: str, run_id: str) -> Definition:
    place = [i.id for i in programme.indicators].index(indicator.id)
    return Definition(
        programme=programme.id,
        indicator=indicator.id,
        definition_hash=definition_hash(programme, indicator),
        file="indicators.yaml",
        line=programme.line("indicators.yaml", "indicators", place),
        definition=to_json(indicator.model_dump(mode="json", exclude_none=True)),
        query=_query(programme, indicator),
        selection=selected_sql(indicator, programme.contracts[indicator.contract]),
        fingerprint=now,
        run_id=run_id,
    )


def _query(programme: Programme, indicator: Indicator) -> str:
    if indicator.formula.kind == "territory_map":
        return map_query(programme, indicator)
    return query_sql(programme.id, indicator, programme.contracts[indicator.contract])


def forget_undeclared(programme: Programme, warehouse: Warehouse) -> list[str]:
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


def renew_plan_hash(programme: Programme, warehouse: Warehouse) -> int:
    """Stamp the plan as it stands on findings that it leaves as they were; return how many carried another."""
    digest = plan_hash(programme)
    ((renewed,),) = warehouse.rows(
        "UPDATE impact.finding SET plan_hash = $1 WHERE programme = $2 AND plan_hash <> $1", [digest, programme.id]
    )
    return int(renewed)
