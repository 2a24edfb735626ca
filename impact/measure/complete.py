"""Of all units or of some: who should stand behind a count or a total, and who does.

A value that is called complete is one only where every unit gave its own. Missing are units whose value is blank, rows
that were set aside, and units that are awaited in a wave and have no row there: those of the register that the
contract refers to, or else those known from any other wave. Where a unit is missing it counts for the parts it belonged
to in the nearest wave before, or else after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import duckdb

from impact.declare.contracts import Codelist, Contract
from impact.declare.hierarchy import branches
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.formulas.kind import Behind
from impact.formulas.measured import Measured
from impact.formulas.registry import kind_of
from impact.measure.formula import rows_formula
from impact.measure.measurement import INCOMPLETE, Domain, Measurement, Units
from impact.measure.unit_rows import ABSENT, TABLE, UNKNOWN, UnitRows, Waves, awaited_waves
from impact.sql import literal
from impact.states import Arm
from impact.tables.part import MISSING_GROUP, WHOLE, Part
from impact.words.said import Said

NOT_MEASURED = Measured(None, method=Said("values.no_rows_value"), flags=("no_data",))
Rows = Mapping[Domain, Measurement]


def is_counted(indicator: Indicator) -> bool:
    """Tell whether a value is meant to be of all units: a total, or one whose rows are all there is."""
    kind = kind_of(indicator.formula)
    return (kind.of_all_units or indicator.sample.all_units) and kind.behind is not Behind.OTHER


def count_units(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    contract: Contract,
    indicator: Indicator,
    *,
    lists: Mapping[str, Codelist],
    rows: Iterable[Measurement],
) -> list[Measurement]:
    """Say of each measured row of how many units it is, and add a row for each part and wave that fell silent.

    Parameters
    ----------
    connection
        In the run's transaction: with the views of good rows and the quarantine.
    programme, contract, indicator, lists
        What was measured, and the codelists of the columns that cut it.
    rows
        Its values as measured; their units are set, and ``incomplete`` is added to the flags.
    """
    waves = awaited_waves(connection, programme, contract, indicator)
    known = {row.domain: row for row in rows}
    if is_counted(indicator):
        units = _Units(connection, UnitRows(programme, contract, indicator, waves), lists)
        units.rows.write(connection)
        known = _compared(units, _counted(indicator, units, known))
        connection.execute(f"DROP TABLE {TABLE}")
    return [*known.values(), *_gaps(indicator, waves, known)]


def _counted(indicator: Indicator, units: _Units, known: Rows) -> dict[Domain, Measurement]:
    """Return the rows with what is known of their units, and a row for each part that fell silent."""
    counted = dict(known)
    for domain, (reported, expected) in units.counts().items():
        row = counted.get(domain, _silent(indicator, domain) if expected and not reported else None)
        if row is not None:
            flagged = row.flagged(INCOMPLETE) if reported < expected else row
            counted[domain] = replace(flagged, units=Units(reported, expected, units.rows.awaited))
    return counted


def _compared(units: _Units, counted: Rows) -> dict[Domain, Measurement]:
    """Return the rows with what the units that reported had in the baseline wave."""
    compared = dict(counted)
    for domain, value in units.baselines(counted).items():
        row = compared[domain]
        compared[domain] = replace(row, units=replace(row.units, same_baseline=value))
    return compared


def _silent(indicator: Indicator, domain: Domain) -> Measurement:
    """Return the row of a part without any value in a wave."""
    return Measurement(indicator.id, domain, NOT_MEASURED, 0, 0)


def _gaps(indicator: Indicator, waves: Waves, rows: Rows) -> list[Measurement]:
    """Return a row without a value for each wave of a series in which nothing was measured."""
    whole = {(domain.arm, domain.wave) for domain in rows if domain.part.is_whole}
    arms = sorted({arm for arm, _ in whole})
    empty = [Domain(arm, WHOLE, wave) for arm in arms for wave in waves.gaps if (arm, wave) not in whole]
    return [_silent(indicator, domain) for domain in empty]


@dataclass(frozen=True)
class _Units:
    """The table of units, and what it comes to."""

    connection: duckdb.DuckDBPyConnection
    rows: UnitRows
    lists: Mapping[str, Codelist]

    def counts(self) -> dict[Domain, tuple[int, int]]:
        """Return how many units gave a value, and how many there are, by arm, wave and part.

        A row that was set aside and whose unit cannot be told may be that of a unit which is absent: the two are not
        added up.
        """
        absent, unknown = (f"count(*) FILTER (_kind = {literal(kind)})" for kind in (ABSENT, UNKNOWN))
        scoped, found = self.rows.indicator.scope, dict[Domain, tuple[int, int]]()
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
                part = Part(column, code, cuts_programme=column in scoped)
                found[Domain(Arm(arm), part, wave)] = int(reported), int(expected)
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

    def baselines(self, rows: Rows) -> dict[Domain, float | None]:
        """Return what the units that reported had in the baseline wave, for those rows where someone is missing.

        None where not all of them reported then. Of persons it is not told where it would give away a few: what those
        left out had is the difference to the baseline of all.
        """
        indicator = self.rows.indicator
        before = indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None
        now = indicator.ex_post.wave
        if before is None or now is None or not self.rows.awaited:
            return {}
        found: dict[Domain, float | None] = {}
        for column in ("", *self.rows.cuts):
            own = [domain for domain in rows if domain.wave == now and domain.part.column == column]
            if asked := [domain for domain in own if _is_open(rows, domain, before)]:
                values = self._same_units(column, now, before)
                found |= {domain: values.get((domain.arm, domain.part.code)) for domain in asked}
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
        return f"CAST({rows_formula(self.rows.indicator).aggregate_sql('_y', '_y', '_x')} AS DOUBLE)"


def _is_open(rows: Rows, domain: Domain, before: str) -> bool:
    """Tell whether a unit is missing in a wave or in the one it is compared with."""
    both = (rows.get(domain), rows.get(replace(domain, wave=before)))
    return any(row is None or INCOMPLETE in row.flags for row in both)
