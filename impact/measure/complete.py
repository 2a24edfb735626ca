"""Of all units or of some: who should stand behind a count or a total, and who does.

A value that is called complete is one only where every unit gave its own. Missing are units whose value is blank, rows
that were set aside, and units that are awaited in a wave and have no row there: those of the register that the
contract refers to, or else those known from any other wave. Where a unit is missing it counts for the parts it belonged
to in the nearest wave before, or else after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from impact.declare.contracts import Codelist, Contract
from impact.declare.hierarchy import branches
from impact.declare.indicators import Count, CountDistinct, Indicator, Quantile, Sum
from impact.declare.load import Programme
from impact.measure.moments import MISSING_GROUP
from impact.measure.unit_rows import ABSENT, TABLE, UNKNOWN, UnitRows, Waves, awaited_waves
from impact.sql import literal
from impact.words.said import Said

INCOMPLETE = "incomplete"
TOTALS = ("sum", "count", "count_distinct")
ELSEWHERE = ("network", "territory_map")
"""Formulas that count who is missing by rules of their own."""
BLANK = ("value", "std_error", "conf_low", "conf_high", "n_clusters", "units_reported", "units_expected")
Rows = list[dict[str, Any]]
Place = tuple[str, str, str, str]
"""Arm, wave, the column that cuts ('' for the whole) and its code."""


def is_counted(indicator: Indicator) -> bool:
    """Tell whether a value is meant to be of all units: a total, or one whose rows are all there is."""
    kind = indicator.formula.kind
    return (kind in TOTALS or indicator.sample.all_units) and kind not in ELSEWHERE


def count_units(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    contract: Contract,
    indicator: Indicator,
    *,
    lists: Mapping[str, Codelist],
    rows: Rows,
) -> Rows:
    """Say of each measured row of how many units it is, and add a row for each part and wave that fell silent.

    Parameters
    ----------
    connection
        In the run's transaction: with the views of good rows and the quarantine.
    programme, contract, indicator, lists
        What was measured, and the codelists of the columns that cut it.
    rows
        Its rows as measured; ``units_reported``, ``units_expected``, ``awaited`` and ``same_baseline`` (of the units
        of the wave that is looked at, their value in the baseline wave) are set, ``incomplete`` is added to the flags.
    """
    waves = awaited_waves(connection, programme, contract, indicator)
    known = {_place(row): row | _nothing_counted() for row in rows}
    if is_counted(indicator):
        units = _Units(connection, UnitRows(programme, contract, indicator, waves), lists)
        units.rows.write(connection)
        _take(indicator, units, known)
        connection.execute(f"DROP TABLE {TABLE}")
    found = list(known.values())
    return found + _gaps(indicator, waves, found)


def _take(indicator: Indicator, units: _Units, known: dict[Place, dict[str, Any]]) -> None:
    """Write into the rows what is known of their units, with a row for each part that fell silent."""
    for place, (reported, expected) in units.counts().items():
        if expected and not reported:
            known.setdefault(place, _silent(indicator, place))
        if (row := known.get(place)) is not None:
            row |= {"units_reported": reported, "units_expected": expected, "awaited": units.rows.awaited}
            row["flags"] = [*row["flags"], *([INCOMPLETE] if reported < expected else [])]
    for place, value in units.baselines(known).items():
        known[place]["same_baseline"] = value


def _nothing_counted() -> dict[str, Any]:
    return {"units_reported": None, "units_expected": None, "awaited": False, "same_baseline": None}


def _place(row: Mapping[str, Any]) -> Place:
    if row["scope"] != "programme":
        return row["arm"], row["wave"], row["scope"], row["scope_value"]
    column = "" if row["group"] == "all" else row["group"]
    return row["arm"], row["wave"], column, row["group_value"]


def _silent(indicator: Indicator, place: Place) -> dict[str, Any]:
    """Return the row of a part without any value in a wave."""
    arm, wave, column, code = place
    scoped = column in indicator.scope
    part = {
        "scope": column if scoped else "programme",
        "scope_value": code if scoped else "",
        "group": "all" if scoped or not column else column,
        "group_value": "" if scoped else code,
    }
    said = {"n": 0, "n_missing": 0, "method": Said("values.no_rows_value"), "flags": ["no_data"]}
    named = {"indicator": indicator.id, "arm": arm, "wave": wave}
    return dict.fromkeys(BLANK) | named | part | said | _nothing_counted()


def _gaps(indicator: Indicator, waves: Waves, rows: Rows) -> Rows:
    """Return a row without a value for each wave of a series in which nothing was measured."""
    whole = {(row["arm"], row["wave"]) for row in rows if row["scope"] == "programme" and row["group"] == "all"}
    arms = sorted({arm for arm, _ in whole})
    empty = [(arm, wave) for arm in arms for wave in waves.gaps if (arm, wave) not in whole]
    return [_silent(indicator, (arm, wave, "", "")) for arm, wave in empty]


@dataclass(frozen=True)
class _Units:
    """The table of units, and what it comes to."""

    connection: duckdb.DuckDBPyConnection
    rows: UnitRows
    lists: Mapping[str, Codelist]

    def counts(self) -> dict[Place, tuple[int, int]]:
        """Return how many units gave a value, and how many there are, by arm, wave and part.

        A row that was set aside and whose unit cannot be told may be that of a unit which is absent: the two are not
        added up.
        """
        absent, unknown = (f"count(*) FILTER (_kind = {literal(kind)})" for kind in (ABSENT, UNKNOWN))
        found: dict[Place, tuple[int, int]] = {}
        for column in ("", *self.rows.cuts):
            units = self._coded(column)
            if not self.rows.single:
                each = "min(_kind) AS _kind, bool_and(_given) AS _given"
                units = f"(SELECT _arm, _wave, code, _unit, {each} FROM {units} GROUP BY ALL)"
            query = (
                "SELECT _arm, _wave, code, count(*) FILTER (_given),"
                f" count(*) - {absent} - {unknown} + greatest({absent}, {unknown})"
                f" FROM {units} WHERE _arm IS NOT NULL GROUP BY ALL"
            )
            for arm, wave, code, reported, expected in self.connection.execute(query).fetchall():
                found[arm, wave, column, code] = int(reported), int(expected)
        return found

    def _coded(self, column: str) -> str:
        """Write the units with the code of their part; in a hierarchy with each of those above it too."""
        if not column:
            return f"(SELECT *, '' AS code FROM {TABLE})"
        label = f"coalesce({self.rows.labels[self.rows.cuts.index(column)]}, {literal(MISSING_GROUP)})"
        labels = [str(name) for (name,) in self.connection.execute(f"SELECT DISTINCT {label} FROM {TABLE}").fetchall()]
        pairs = [(branch.code, held) for branch in branches(self.lists.get(column), labels) for held in branch.members]
        values = ", ".join(f"({literal(code)}, {literal(held)})" for code, held in pairs) or "('', '')"
        return f"(SELECT u.*, code FROM {TABLE} u JOIN (VALUES {values}) AS c(code, held) ON held = {label})"

    def baselines(self, rows: Mapping[Place, dict[str, Any]]) -> dict[Place, float | None]:
        """Return what the units that reported had in the baseline wave, for those rows where someone is missing.

        None where not all of them reported then. Of persons it is not told where it would give away a few: what those
        left out had is the difference to the baseline of all.
        """
        indicator = self.rows.indicator
        before = indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None
        now = indicator.ex_post.wave
        if before is None or now is None or not self.rows.awaited:
            return {}
        found: dict[Place, float | None] = {}
        for column in ("", *self.rows.cuts):
            asked = [p for p in rows if p[1] == now and p[2] == column and _is_open(rows, p, before)]
            if asked:
                values = self._same_units(column, now, before)
                found |= {place: values.get((place[0], place[3])) for place in asked}
        return found

    def _same_units(self, column: str, now: str, before: str) -> dict[tuple[str, str], float | None]:
        """Return by arm and code the value in the baseline wave of the units that reported in both."""
        units = self._coded(column)
        after, start = (f"coalesce(bool_or(ok) FILTER (_wave = {literal(wave)}), FALSE)" for wave in (now, before))
        query = f"""WITH reported AS (SELECT _arm, code, _unit, _wave, bool_and(_given) AS ok FROM {units}
  WHERE _wave IN ({literal(now)}, {literal(before)}) GROUP BY ALL),
ends AS (SELECT _arm, code, _unit, {after} AS after, {start} AS start FROM reported GROUP BY ALL),
counted AS (SELECT _arm, code, count(*) FILTER (after AND start) AS n, count(*) FILTER (after) AS n_after,
  count(*) FILTER (start) AS n_start FROM ends GROUP BY ALL),
valued AS (SELECT _arm, code, {self._value_sql()} AS value FROM {units} JOIN ends USING (_arm, code, _unit)
  WHERE _wave = {literal(before)} AND after AND start GROUP BY ALL)
SELECT _arm, code, value, n, n_after, n_start FROM valued JOIN counted USING (_arm, code)"""
        return {
            (arm, code): value if n == after and self._may_tell(column, n, start - n) else None
            for arm, code, value, n, after, start in self.connection.execute(query).fetchall()
        }

    def _may_tell(self, column: str, same: int, left_out: int) -> bool:
        if self.rows.contract.person is None or left_out == 0:
            return True
        minimum = self.rows.programme.header.disclosure.minimum
        return not column and min(same, left_out) >= minimum

    def _value_sql(self) -> str:
        formula = self.rows.indicator.formula
        if isinstance(formula, CountDistinct):
            return "CAST(count(DISTINCT _y) AS DOUBLE)"
        if isinstance(formula, Quantile):
            return f"quantile_cont(_y, {literal(formula.q)})"
        return "sum(_y)" if isinstance(formula, Sum | Count) else "sum(_y) / nullif(sum(_x), 0)"


def _is_open(rows: Mapping[Place, dict[str, Any]], place: Place, before: str) -> bool:
    """Tell whether a unit is missing in a wave or in the one it is compared with."""
    arm, wave, column, code = place
    both = [rows.get((arm, each, column, code)) for each in (wave, before)]
    return any(row is None or INCOMPLETE in row["flags"] for row in both)
