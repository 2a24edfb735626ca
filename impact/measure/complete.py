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

from impact.declare.contracts import Codelist
from impact.declare.hierarchy import branches
from impact.declare.indicators import Indicator
from impact.formulas.measured import Measured
from impact.formulas.registry import kind_of
from impact.measure.awaited_units import ABSENT, TABLE, UNKNOWN, UnitTable, Waves
from impact.measure.formula import rows_formula
from impact.measure.measurement import INCOMPLETE, Domain, Measurement, Units
from impact.sql import ALL, EVERY_COLUMN, Select, columns, literal, relation, with_tables
from impact.states import Arm
from impact.tables.part import MISSING_GROUP, WHOLE, Part
from impact.words.said import Said

NOT_MEASURED = Measured(None, method=Said("values.no_rows_value"), flags=("no_data",))
Rows = Mapping[Domain, Measurement]


def is_counted(indicator: Indicator) -> bool:
    """Tell whether a value is meant to be of all units: a total, or one whose rows are all there is."""
    kind = kind_of(indicator.formula)
    return (kind.of_all_units or indicator.sample.all_units) and kind.behind.of_rows


def count_units(
    connection: duckdb.DuckDBPyConnection, table: UnitTable, lists: Mapping[str, Codelist], rows: Iterable[Measurement]
) -> list[Measurement]:
    """Say of each measured row of how many units it is, and add a row for each part and wave that fell silent.

    Parameters
    ----------
    connection
        In the run's transaction: with the views of good rows and the quarantine.
    table, lists
        The units that are awaited, and the codelists of the columns that cut the indicator.
    rows
        Its values as measured; their units are set, and ``incomplete`` is added to the flags.
    """
    indicator = table.indicator
    by_domain = {row.domain: row for row in rows}
    if is_counted(indicator):
        units = _Units(connection, table, lists)
        table.write(connection)
        by_domain = _compared(units, _counted(indicator, units, by_domain))
        connection.execute(f"DROP TABLE {TABLE}")
    return [*by_domain.values(), *_gaps(indicator, table.waves, by_domain)]


def _counted(indicator: Indicator, units: _Units, rows: Rows) -> dict[Domain, Measurement]:
    """Return the rows with what is known of their units, and a row for each part that fell silent."""
    counted = dict(rows)
    for domain, (reported, expected) in units.counts().items():
        silent = expected > 0 and not reported
        row = counted.get(domain)
        if row is None and silent:
            row = _silent(indicator, domain)
        if row is None:
            continue
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
    measured = {(domain.arm, domain.wave) for domain in rows if domain.part.is_whole}
    arms = sorted({arm for arm, _ in measured})
    empty = [(arm, wave) for arm in arms for wave in waves.gaps if (arm, wave) not in measured]
    return [_silent(indicator, Domain(arm, WHOLE, wave)) for arm, wave in empty]


_DOMAIN = {"_arm": "_arm", "_wave": "_wave", "code": "code"}
_ONE_PER_UNIT = {**_DOMAIN, "_unit": "_unit", "_kind": "min(_kind)", "_given": "bool_and(_given)"}
"""Of a unit with several rows in a wave: it gave a value where it did in all of them."""
_COUNTED = {
    "n": "count(*) FILTER (after AND start)",
    "n_after": "count(*) FILTER (after)",
    "n_start": "count(*) FILTER (start)",
}
"""How many units reported in both waves, in the later and in the one at the start."""


@dataclass(frozen=True)
class _Units:
    """The table of units, and what it comes to."""

    connection: duckdb.DuckDBPyConnection
    rows: UnitTable
    lists: Mapping[str, Codelist]

    def counts(self) -> dict[Domain, tuple[int, int]]:
        """Return how many units gave a value, and how many there are, by arm, wave and part.

        A row that was set aside and whose unit cannot be told may be that of a unit which is absent: the two are not
        added up.
        """
        absent, unknown = (f"count(*) FILTER (_kind = {literal(kind)})" for kind in (ABSENT, UNKNOWN))
        expected = f"count(*) - {absent} - {unknown} + greatest({absent}, {unknown})"
        numbers = {"reported": "count(*) FILTER (_given)", "expected": expected}
        scoped = self.rows.indicator.scope
        counts: dict[Domain, tuple[int, int]] = {}
        for column in ("", *self.rows.cuts):
            query = Select({**_DOMAIN, **numbers}, self._one_per_unit(column), where=("_arm IS NOT NULL",), group=ALL)
            for arm, wave, code, n_reported, n_expected in self.connection.execute(query.sql()).fetchall():
                part = Part(column, code, cuts_programme=column in scoped)
                counts[Domain(Arm(arm), part, wave)] = (int(n_reported), int(n_expected))
        return counts

    def _one_per_unit(self, column: str) -> Select:
        """Write the units with the code of their part, each once in a wave."""
        units = self._coded(column)
        return units if self.rows.single else Select(_ONE_PER_UNIT, units, group=ALL)

    def _coded(self, column: str) -> Select:
        """Write the units with the code of their part; in a hierarchy with each of those above it too."""
        if not column:
            return Select({**EVERY_COLUMN, "code": "''"}, TABLE)
        name = self.rows.labels[self.rows.cuts.index(column)]
        label = f"coalesce({name}, {literal(MISSING_GROUP)})"
        distinct = Select({"label": label}, TABLE, distinct=True)
        labels = [str(value) for (value,) in self.connection.execute(distinct.sql()).fetchall()]
        pairs = []
        for branch in branches(self.lists.get(column), labels):
            pairs += [f"({literal(branch.code)}, {literal(member)})" for member in branch.members]
        values = ", ".join(pairs) or "('', '')"
        codes = f"(VALUES {values}) AS c(code, held)"
        return Select({"*": "u.*", "code": "code"}, f"{TABLE} u JOIN {codes} ON held = {label}")

    def baselines(self, rows: Rows) -> dict[Domain, float | None]:
        """Return what the units that reported had in the baseline wave, for those rows where someone is missing.

        None where not all of them reported then. Of persons it is not told where it would give away a few: what those
        left out had is the difference to the baseline of all.
        """
        indicator = self.rows.indicator
        start = indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None
        end = indicator.ex_post.wave
        if start is None or end is None or not self.rows.awaited:
            return {}
        baselines: dict[Domain, float | None] = {}
        for column in ("", *self.rows.cuts):
            domains = [domain for domain in rows if domain.wave == end and domain.part.column == column]
            incomplete = [domain for domain in domains if _is_open(rows, domain, start)]
            if not incomplete:
                continue
            values = self._same_units(column, end, start)
            for domain in incomplete:
                baselines[domain] = values.get((domain.arm, domain.part.code))
        return baselines

    def _same_units(self, column: str, end: str, start: str) -> dict[tuple[str, str], float | None]:
        """Return by arm and code the value in the baseline wave of the units that reported in both."""
        query = self._same_units_sql(column, end, start)
        values = {}
        for arm, code, value, n, n_end, n_start in self.connection.execute(query).fetchall():
            all_linked = n == n_end and self._may_tell(column, n, n_start - n)
            values[arm, code] = value if all_linked else None
        return values

    def _same_units_sql(self, column: str, end: str, start: str) -> str:
        """Write the query: which units reported at which of two waves, how many, and what they had at the start."""
        units = self._coded(column)
        cell = {"_arm": "_arm", "code": "code"}
        unit = {**cell, "_unit": "_unit"}
        both_waves = (f"_wave IN ({literal(end)}, {literal(start)})",)
        in_wave = {
            "after": f"coalesce(bool_or(ok) FILTER (_wave = {literal(end)}), FALSE)",
            "start": f"coalesce(bool_or(ok) FILTER (_wave = {literal(start)}), FALSE)",
        }
        linked = f"{relation(units)} JOIN ends USING (_arm, code, _unit)"
        at_start = (f"_wave = {literal(start)}", "after", "start")
        tables = {
            "reported": Select({**unit, "_wave": "_wave", "ok": "bool_and(_given)"}, units, both_waves, ALL),
            "ends": Select({**unit, **in_wave}, "reported", group=ALL),
            "counted": Select({**cell, **_COUNTED}, "ends", group=ALL),
            "valued": Select({**cell, "value": self._value_sql()}, linked, at_start, ALL),
        }
        names = columns(("_arm", "code", "value", *_COUNTED))
        return with_tables(tables, Select(names, "valued JOIN counted USING (_arm, code)"))

    def _may_tell(self, column: str, same: int, left_out: int) -> bool:
        """Tell whether a value gives away nothing of the few who are left out of it."""
        if self.rows.contract.person is None or left_out == 0:
            return True
        if column:
            return False
        return min(same, left_out) >= self.rows.programme.header.disclosure.minimum

    def _value_sql(self) -> str:
        return f"CAST({rows_formula(self.rows.indicator).aggregate_sql('_y', '_y', '_x')} AS DOUBLE)"


def _is_open(rows: Rows, domain: Domain, start: str) -> bool:
    """Tell whether a unit is missing in a wave or in the one it is compared with."""
    at_start = replace(domain, wave=start)
    both = (rows.get(domain), rows.get(at_start))
    return any(row is None or INCOMPLETE in row.flags for row in both)
