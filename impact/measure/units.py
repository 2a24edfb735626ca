"""The units that report: open from when to when, who took over from whom, and rows under the code of who stands today.

From the roster of a contract with reports due, or from the codes of its column; :mod:`impact.measure.reports` says what
they owe.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pandas as pd

from impact.declare.calendar import Due
from impact.declare.contracts import Contract
from impact.declare.load import Programme
from impact.sql import Select, as_text, ident, literal

VIEW = "{} as it is now"
"""What the view of rows under the codes of today's units is called; no contract can be called so."""


_TYPES = {"opened": "DATE", "closed": "DATE", "successor": "VARCHAR", "predecessor": "VARCHAR"}
"""What a roster may say of a unit."""


def units_sql(programme: Programme, contract: Contract, due: Due) -> Select:
    """Write the units of a contract: ``unit``, ``opened``, ``closed``, ``successor``, ``predecessor``.

    Without a roster they are the codes of the column that lie above no other.
    """
    roster = due.units
    unsaid = {name: f"CAST(NULL AS {kind})" for name, kind in _TYPES.items()}
    if roster is None:
        codes = ", ".join(f"({literal(code)})" for code in _lowest_codes(programme, contract, due))
        return Select({"unit": "unit", **unsaid}, f"(VALUES {codes}) v(unit)")
    named = {name: getattr(roster, name) for name in unsaid}
    said = {name: f"CAST({ident(column)} AS {_TYPES[name]})" for name, column in named.items() if column}
    return Select({"unit": as_text(roster.id), **unsaid, **said}, ident(programme.id, roster.contract))


def _lowest_codes(programme: Programme, contract: Contract, due: Due) -> tuple[str, ...]:
    column = contract.columns[due.by]
    if column.codelist is None:
        return column.codes or ()
    items = programme.codelists[column.codelist].codes
    above = {item.parent for item in items}
    return tuple(item.code for item in items if item.code not in above)


def heirs_sql(programme: Programme, contract: Contract, due: Due) -> str:
    """Write the units with what became of them.

    ``successors`` are those that took over, ``fate`` is one of :class:`impact.states.UnitFate`, and ``heir`` the unit
    that stands today: of one that was split, or whose successors run in a circle, itself.
    """
    return _HEIRS.format(units=units_sql(programme, contract, due).sql())


_HEIRS = """WITH RECURSIVE unit AS ({units}),
link AS (
  SELECT unit AS old, successor AS new FROM unit WHERE closed IS NOT NULL AND successor <> unit
  UNION SELECT p.unit, u.unit FROM unit u JOIN unit p ON u.predecessor = p.unit
  WHERE p.closed IS NOT NULL AND p.unit <> u.unit),
walk AS (SELECT unit, unit AS place FROM unit UNION SELECT w.unit, l.new FROM walk w JOIN link l ON l.old = w.place),
ends AS (
  SELECT unit, list(place ORDER BY place) AS places FROM walk WHERE place NOT IN (SELECT old FROM link) GROUP BY unit),
after AS (SELECT old AS unit, list(new ORDER BY new) AS successors FROM link GROUP BY old),
fates AS (SELECT u.unit, u.opened, u.closed, coalesce(a.successors, []) AS successors, e.places,
    CASE WHEN a.unit IS NULL THEN if(u.closed IS NULL, 'stands', 'closed') WHEN e.places IS NULL THEN 'circular'
      WHEN len(e.places) = 1 THEN 'succeeded' ELSE 'split' END AS fate
  FROM unit u LEFT JOIN ends e USING (unit) LEFT JOIN after a USING (unit))
SELECT unit, opened, closed, successors, fate, if(fate = 'succeeded', places[1], unit) AS heir FROM fates"""


def unit_rows(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, due: Due
) -> pd.DataFrame:
    """Return the units of a contract with reports due, in order; see :func:`heirs_sql` for the columns."""
    return connection.execute(f"{heirs_sql(programme, contract, due)} ORDER BY unit").df()


@contextlib.contextmanager
def rows_of_heirs(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, due: Due
) -> Iterator[Programme]:
    """Let rows stand under the code of the unit that has taken over from theirs, as long as they are measured.

    Yields
    ------
    Programme
        With a further contract, and the indicators of the contract moved to that.
    """
    moved = contract.model_copy(update={"id": VIEW.format(contract.id)})
    view, by = ident(programme.id, moved.id), ident(due.by)
    joined = f"{ident(programme.id, contract.id)} r LEFT JOIN ({heirs_sql(programme, contract, due)}) h"
    rows = Select({"*": f"r.* REPLACE (coalesce(h.heir, r.{by}) AS {by})"}, f"{joined} ON r.{by} = h.unit")
    connection.execute(f"CREATE VIEW {view} AS {rows.sql()}")
    yield moved_to(programme, contract.id, moved)
    connection.execute(f"DROP VIEW {view}")


def moved_to(programme: Programme, contract: str, moved: Contract) -> Programme:
    """Return a programme with a further contract, whose rows the indicators of another are then measured of."""
    update = {"contract": moved.id}
    indicators = tuple(
        indicator.model_copy(update=update) if indicator.contract == contract else indicator
        for indicator in programme.indicators
    )
    return replace(programme, contracts={**programme.contracts, moved.id: moved}, indicators=indicators)
