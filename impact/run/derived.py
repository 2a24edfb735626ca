"""What a run derives from good rows, results and declarations: who makes which tables, and the loop that renews them.

After :mod:`impact.run.compute`; last step of a run's transaction. A table that follows from others is one line of
:data:`DERIVED` and one function that only reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name

import duckdb
import pandas as pd

from impact.declare import Programme
from impact.run.stage import Run
from impact.sql import Columns, Select, columns, delete, ident, relation
from impact.store import STAGES, Warehouse
from impact.tables.registry import TABLES

Make = Callable[[Programme, duckdb.DuckDBPyConnection], Mapping[str, pd.DataFrame]]
RUN = "run_id"
"""Column that says which run wrote a row; no difference between two rows."""


@dataclass(frozen=True)
class Derived:
    """Tables that one function makes.

    Parameters
    ----------
    tables
        Names in the schema ``impact``.
    make
        Returns all rows of a programme by table, with every column but ``programme`` and ``run_id``; a table that is
        not among them has no row.
    since
        The first stage that makes them: a run that stops before empties them.
    of_rows
        Whether they follow from rows and indicators alone, and are dear: they are left while these stand.
    """

    tables: tuple[str, ...]
    make: Make
    since: str = "publish"
    of_rows: bool = False


def made_by(name: str) -> Make:
    """Return a maker that is imported when its tables are due, by ``room.module:function``."""

    def make(programme: Programme, connection: duckdb.DuckDBPyConnection) -> Mapping[str, pd.DataFrame]:
        made: Mapping[str, pd.DataFrame] = resolve_name(f"impact.{name}")(programme, connection)
        return made

    return make


DERIVED = (
    Derived(("unmapped",), made_by("publish.territory:make_unmapped"), of_rows=True),
    Derived(("map_cell",), made_by("publish.territory:make_maps"), of_rows=True),
    Derived(("report", "reporting_unit"), made_by("publish.calendar:make_calendar")),
    Derived(("label", "membership", "cut", "heading"), made_by("publish.labels:make_labels")),
    Derived(("period_value", "heir_value"), made_by("publish.periods:make_periods"), of_rows=True),
    Derived(("chart_point",), made_by("publish.charts:make_charts"), of_rows=True),
    Derived(("milestone", "target_sum"), made_by("publish.milestones:make_milestones")),
    Derived(("network_body", "network_tie"), made_by("publish.networks:make_networks"), of_rows=True),
    Derived(
        ("programme", "theory_node", "theory_link", "wave", "stakeholder", "contact"),
        made_by("publish.theory:make_theory"),
    ),
    Derived(("framework", "element", "shared_indicator"), made_by("publish.frameworks:make_frameworks")),
    Derived(("quality", "response"), made_by("publish.quality:make_quality")),
    Derived(("journey", "phase", "delivery"), made_by("publish.process:make_process")),
    Derived(("project",), made_by("publish.projects:make_projects")),
    Derived(("variable",), made_by("publish.variables:make_variables")),
    Derived(("translation",), made_by("publish.translations:make_translations")),
    Derived(("structure", "structure_mapping"), made_by("publish.official.build:make_structures")),
    Derived(("claim",), made_by("publish.claims:make_claims")),
    Derived(("valuation",), made_by("value.make:make_valuations")),
    Derived(("suppression", "withheld", "term"), made_by("publish.disclosure:make_disclosure"), since="validate"),
    Derived(("sentence",), made_by("publish.sentences:make_sentences"), since="validate"),
)
"""In the order in which they are made: each may read those before it."""


def renew_derived(run: Run, *, fresh: bool) -> list[str]:
    """Make the derived tables, and put their rows in place of those that stand where they differ.

    A run that stops early, and finds all as it was, leaves them alone: they are those of the last whole run.

    Parameters
    ----------
    run
        In its transaction, with rows and results written.
    fresh
        Whether rows or results have changed since the tables were made.

    Returns
    -------
    list of str
        The tables of which rows differed.
    """
    if not (run.whole or fresh):
        return []
    standing = _count_standing(run)
    renewed = []
    for derived in DERIVED:
        if derived.of_rows and not fresh:
            continue
        due = STAGES.index(derived.since) <= STAGES.index(run.until)
        frames = derived.make(run.programme, run.warehouse.connection) if due else {}
        renewed += [table for table in derived.tables if _renew(run, table, frames.get(table), standing[table])]
    return renewed


def _count_standing(run: Run) -> dict[str, int]:
    """Count the rows of the programme in each derived table, in one query."""
    names = [table for derived in DERIVED for table in derived.tables]
    each = {
        table: relation(Select({"n": "count(*)"}, ident("impact", table), where=("programme = $1",))) for table in names
    }
    (counts,) = run.warehouse.rows(Select(each).sql(), [run.programme.id])
    return dict(zip(names, counts, strict=True))


def _renew(run: Run, table: str, frame: pd.DataFrame | None, standing: int) -> bool:
    """Put a programme's rows in place of those that stand, if they differ in more than their run; tell whether."""
    warehouse, programme = run.warehouse, run.programme.id
    target = ident("impact", table)
    if frame is None or frame.empty:
        if standing:
            warehouse.connection.execute(delete(target, "programme = ?"), [programme])
        return standing > 0
    typed = {name: f"CAST({ident(name)} AS {column.sql})" for name, column in TABLES[table].columns.items()}
    stamped = frame.assign(programme=programme, run_id=run.id)
    warehouse.connection.register("_made", stamped)
    differs = standing != len(frame) or _differs(warehouse, target, typed, programme)
    if differs:
        if standing:
            warehouse.connection.execute(delete(target, "programme = ?"), [programme])
        warehouse.connection.execute(f"INSERT INTO {target} BY NAME {Select(typed, '_made').sql()}")
    warehouse.connection.unregister("_made")
    return differs


def _differs(warehouse: Warehouse, target: str, typed: Columns, programme: str) -> bool:
    """Tell whether rows are in a table alone or in the frame alone, whichever run wrote them."""
    ((differing,),) = warehouse.rows(_differing_sql(target, typed), [programme])
    return bool(differing)


def _differing_sql(target: str, typed: Columns) -> str:
    """Write how many rows are in a table alone or in the frame alone, whichever run wrote them."""
    compared = {name: expression for name, expression in typed.items() if name != RUN}
    candidate = Select(compared, "_made").sql()
    standing = Select(columns(compared), target, where=("programme = $1",)).sql()
    alone = f"((({candidate}) EXCEPT ALL ({standing})) UNION ALL (({standing}) EXCEPT ALL ({candidate})))"
    return Select({"n": "count(*)"}, alone).sql()
