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
from impact.sql import ALL, EVERY_COLUMN, Select, literal, relation, with_tables
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
    rows: UnitRows
    lists: Mapping[str, Codelist]

    def counts(self) -> dict[Domain, tuple[int, int]]:
        """Return how many units gave a value, and how many there are, by arm, wave and part.

        A row that was set aside and whose unit cannot be told may be that of a unit which is absent: the two are not
        added up.
        """
        absent, unknown = (f"count(*) FILTER (_kind = {literal(kind)})" for kind in (ABSENT, UNKNOWN))
        awaited = f"count(*) - {absent} - {unknown} + greatest({absent}, {unknown})"
        numbers = {"reported": "count(*) FILTER (_given)", "expected": awaited}
        scoped, counts = self.rows.indicator.scope, dict[Domain, tuple[int, int]]()
        for column in ("", *self.rows.cuts):
            units = self._coded(column) if self.rows.single else Select(_ONE_PER_UNIT, self._coded(column), group=ALL)
            query = Select({**_DOMAIN, **numbers}, units, where=("_arm IS NOT NULL",), group=ALL)
            for arm, wave, code, reported, expected in self.connection.execute(query.sql()).fetchall():
                part = Part(column, code, cuts_programme=column in scoped)
                counts[Domain(Arm(arm), part, wave)] = int(reported), int(expected)
        return counts

    def _coded(self, column: str) -> Select:
        """Write the units with the code of their part; in a hierarchy with each of those above it too."""
        if not column:
            return Select({**EVERY_COLUMN, "code": "''"}, TABLE)
        label = f"coalesce({self.rows.labels[self.rows.cuts.index(column)]}, {literal(MISSING_GROUP)})"
        distinct = Select({"label": label}, TABLE, distinct=True)
        labels = [str(name) for (name,) in self.connection.execute(distinct.sql()).fetchall()]
        pairs = [(branch.code, held) for branch in branches(self.lists.get(column), labels) for held in branch.members]
        values = ", ".join(f"({literal(code)}, {literal(held)})" for code, held in pairs) or "('', '')"
        codes = f"(VALUES {values}) AS c(code, held)"
        return Select({"*": "u.*", "code": "code"}, f"{TABLE} u JOIN {codes} ON held = {label}")

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
        units, cell = self._coded(column), {"_arm": "_arm", "code": "code"}
        unit = {**cell, "_unit": "_unit"}
        both_waves = f"_wave IN ({literal(now)}, {literal(before)})"
        after, start = (f"coalesce(bool_or(ok) FILTER (_wave = {literal(wave)}), FALSE)" for wave in (now, before))
        linked = f"{relation(units)} JOIN ends USING (_arm, code, _unit)"
        at_start = (f"_wave = {literal(before)}", "after", "start")
        tables = {
            "reported": Select({**unit, "_wave": "_wave", "ok": "bool_and(_given)"}, units, (both_waves,), ALL),
            "ends": Select({**unit, "after": after, "start": start}, "reported", group=ALL),
            "counted": Select({**cell, **_COUNTED}, "ends", group=ALL),
            "valued": Select({**cell, "value": self._value_sql()}, linked, at_start, ALL),
        }
        names = ("_arm", "code", "value", *_COUNTED)
        joined = Select({name: name for name in names}, "valued JOIN counted USING (_arm, code)")
        query = with_tables(tables, joined)
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
