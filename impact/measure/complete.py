"""Of all units or of some: who should stand behind a count or a total, and who does.

A value that is called complete is one only where every unit gave its own. Missing are units whose value is blank, rows
that were set aside, and units that are awaited in a wave and have no row there: those of the register that the
contract refers to, or else those known from any other wave. Where a unit is missing it counts for the parts it belonged
to in the nearest wave before, or else after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from impact.declare.contracts import Codelist, Contract, ForeignKey
from impact.declare.hierarchy import branches
from impact.declare.indicators import Change, Count, CountDistinct, Indicator, Mean, Quantile, Ratio, Sum
from impact.declare.load import Programme
from impact.measure.formula import arm_sql, parts_sql, where_sql
from impact.measure.moments import MISSING_GROUP
from impact.sql import ident, literal
from impact.validate.compile import MISSING_SUFFIX, SQL_TYPES

INCOMPLETE = "incomplete"
ROW = literal("row")
ELSEWHERE = ("network", "territory_map")
"""Formulas that count who is missing by rules of their own."""
Rows = list[dict[str, Any]]
Place = tuple[str, str, str, str]
"""Arm, wave, the column that cuts ('' for the whole) and its code."""


def is_counted(indicator: Indicator) -> bool:
    """Tell whether a value is meant to be of all units: a total, or one whose rows are all there is."""
    totals = indicator.formula.kind in ("sum", "count", "count_distinct")
    return (totals or indicator.sample.all_units) and indicator.formula.kind not in ELSEWHERE


def awaits_units(indicator: Indicator, contract: Contract) -> bool:
    """Tell whether a unit without a row in a wave is missing there.

    It is where each unit has its row in each wave, unless the contract says that units come and go, the rows are a
    sample, or it is their presence that is counted.
    """
    formula = indicator.formula
    present = isinstance(formula, Count) or (
        isinstance(formula, CountDistinct) and formula.column in unit_columns(contract)
    )
    if indicator.sample.weight or isinstance(formula, Change) or (present and not indicator.where):
        return False
    return contract.wave in contract.key and not contract.units_vary


def unit_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns that tell units apart over the waves: the person, or else the key without the wave."""
    return (contract.person,) if contract.person else tuple(name for name in contract.key if name != contract.wave)


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
        Its rows as measured; ``units_reported``, ``units_expected``, ``awaited`` and ``same_baseline`` (of the units of
        the wave that is looked at, their value in the baseline wave) are set, ``incomplete`` is added to the flags.
    """
    waves = _waves(connection, programme, contract, indicator)
    for row in rows:
        row |= {"units_reported": None, "units_expected": None, "awaited": False, "same_baseline": None}
    if not is_counted(indicator):
        return rows + _gaps(indicator, waves, rows)
    units = _Units(connection, programme, contract, indicator, lists=lists, waves=waves)
    units.write()
    known = {_place(row): row for row in rows}
    for place, (reported, expected) in units.counts().items():
        if place not in known and expected and not reported:
            known[place] = _silent(indicator, place)
        if (row := known.get(place)) is not None:
            row |= {"units_reported": reported, "units_expected": expected, "awaited": units.awaited}
            row["flags"] = [*row["flags"], *([INCOMPLETE] if reported < expected else [])]
    for place, value in units.baselines(known).items():
        known[place]["same_baseline"] = value
    connection.execute("DROP TABLE IF EXISTS _units")
    found = list(known.values())
    return found + _gaps(indicator, waves, found)


def _place(row: Mapping[str, Any]) -> Place:
    if row["scope"] != "programme":
        return row["arm"], row["wave"], row["scope"], row["scope_value"]
    column = "" if row["group"] == "all" else row["group"]
    return row["arm"], row["wave"], column, row["group_value"]


def _silent(indicator: Indicator, place: Place) -> dict[str, Any]:
    """Return the row of a part without any value in a wave."""
    arm, wave, column, code = place
    scoped = column in indicator.scope
    empty = dict.fromkeys(
        ("value", "std_error", "conf_low", "conf_high", "n_clusters", "units_reported", "units_expected")
    )
    return empty | {
        "indicator": indicator.id,
        "arm": arm,
        "scope": column if scoped else "programme",
        "scope_value": code if scoped else "",
        "group": "all" if scoped or not column else column,
        "group_value": "" if scoped else code,
        "wave": wave,
        "n": 0,
        "n_missing": 0,
        "method": "no rows with a value",
        "flags": ["no_data"],
        "awaited": False,
        "same_baseline": None,
    }


def _gaps(indicator: Indicator, waves: _Waves, rows: Rows) -> Rows:
    """Return a row without a value for each wave of a series in which nothing was measured."""
    whole = {(row["arm"], row["wave"]) for row in rows if row["scope"] == "programme" and row["group"] == "all"}
    arms = dict.fromkeys(arm for arm, _ in whole)
    return [_silent(indicator, (arm, wave, "", "")) for arm in sorted(arms) for wave in waves.gaps
            if (arm, wave) not in whole]  # fmt: skip


@dataclass(frozen=True)
class _Waves:
    """The waves in which units are awaited, in order of time, and those of a series that have no row at all."""

    names: tuple[str, ...]
    gaps: tuple[str, ...]


def _waves(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, indicator: Indicator
) -> _Waves:
    if contract.wave is None:
        return _Waves(("",), ())
    query = f"SELECT DISTINCT CAST({ident(contract.wave)} AS VARCHAR) FROM {ident(programme.id, contract.id)}"
    found = {str(wave) for (wave,) in connection.execute(query).fetchall() if wave is not None}
    declared = [wave.id for wave in programme.header.waves]
    seen = [place for place, wave in enumerate(declared) if wave in found]
    within = programme.header.waves[seen[0] : seen[-1] + 1] if seen else ()
    gaps = tuple(wave.id for wave in within if wave.role == "series" and wave.id not in found)
    before = indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None
    looked_at = {wave for wave in (indicator.ex_post.wave, before) if wave}
    some = found | looked_at | set(gaps)
    return _Waves((*(wave for wave in declared if wave in some), *sorted(some - set(declared))), gaps)


class _Units:
    """The units of one indicator, a row for each row of its contract, each row set aside, and each that is absent."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        programme: Programme,
        contract: Contract,
        indicator: Indicator,
        *,
        lists: Mapping[str, Codelist],
        waves: _Waves,
    ) -> None:
        self.connection, self.programme, self.contract, self.indicator = connection, programme, contract, indicator
        self.lists, self.waves = lists, waves
        self.cuts = (*indicator.scope, *indicator.by)
        self.awaited = awaits_units(indicator, contract)
        self.single = set(contract.key) == {*unit_columns(contract), *([contract.wave] if contract.wave else [])}
        self.labels = [f"_l{place}" for place in range(len(self.cuts))]

    # ---- the rows ---------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write the table ``_units``."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE _units AS {self._sql()}")

    def _sql(self) -> str:
        if isinstance(self.indicator.formula, Change):
            return self._change_sql(self.indicator.formula)
        labels = "".join(f", {name}" for name in self.labels)
        shown = f"_unit, _wave, _arm, _kind, _given, _y, _x{labels}"
        waves = ", ".join(f"({literal(wave)}, {place})" for place, wave in enumerate(self.waves.names))
        parts = [
            f"waves(_wave, place) AS (VALUES {waves})",
            f"good AS MATERIALIZED ({self._rows_sql(ident(self.programme.id, self.contract.id), ROW)})",
            f"aside AS ({self._aside_sql()})",
            "placed AS (SELECT a.* REPLACE (w._wave AS _wave) FROM aside a JOIN waves w"
            f" ON w._wave = a._wave OR (a._wave IS NULL AND {'a._kind = ' + literal('unknown') if self.awaited else 'TRUE'}))",
            "everything AS (FROM good UNION ALL BY NAME FROM placed)",
            "wanted AS (FROM everything WHERE _in IS DISTINCT FROM FALSE)",
        ]
        query = f"SELECT {shown} FROM wanted WHERE _wave IN (SELECT _wave FROM waves)"
        if self.awaited:
            parts += self._absent_sql(labels)
            query += f" UNION ALL SELECT {shown} FROM absent"
        return f"WITH {', '.join(parts)} {query}"

    def _rows_sql(self, relation: str, kind: str) -> str:
        """Write the rows of a relation that has the columns of the contract, ``_source`` and ``_row``."""
        indicator, contract = self.indicator, self.contract
        y, x = parts_sql(indicator, contract)
        weight = f" AND {ident(indicator.sample.weight)} > 0" if indicator.sample.weight else ""
        wave = f"CAST({ident(contract.wave)} AS VARCHAR)" if contract.wave else "''"
        labels = "".join(
            f", CAST({ident(cut)} AS VARCHAR) AS {name}" for cut, name in zip(self.cuts, self.labels, strict=True)
        )
        given = f"({y} IS NOT NULL AND {x} IS NOT NULL{weight}){self._settled_sql()}" if kind == ROW else "FALSE"
        return (
            f"SELECT {_joined(unit_columns(contract))} AS _unit, {_joined(contract.key)} AS _key, {wave} AS _wave,"
            f" {arm_sql(indicator.ex_post.design) or literal('')} AS _arm, {where_sql(indicator, contract)} AS _in,"
            f" coalesce({given}, FALSE) AS _given, {y} AS _y, {x} AS _x, {kind} AS _kind{labels} FROM {relation}"
        )

    def _settled_sql(self) -> str:
        """Write that a value does not apply to a unit: there is none, and none is missing."""
        names = [
            name for name in _value_columns(self.indicator) if "not_applicable" in self.contract.columns[name].missing
        ]
        return "".join(f" OR {ident(name + MISSING_SUFFIX)} = 'not_applicable'" for name in names)

    def _aside_sql(self) -> str:
        """Write the rows that were set aside and whose key no good row has, each once, read as far as they can be."""
        sources = [source for source in self.programme.sources if source.contract == self.contract.id]
        reads = []
        for source in sources:
            columns = ", ".join(
                f"TRY_CAST({_stood(name, column.missing, source.recode.get(name, {}))} AS {SQL_TYPES[column.type]})"
                f" AS {ident(name)}"
                for name, column in self.contract.columns.items()
            )
            reads.append(
                f"SELECT {columns}, source AS _source, line AS _row FROM impact.quarantine"
                f" WHERE programme = {literal(self.programme.id)} AND source = {literal(source.id)}"
                " AND severity = 'error' AND rule <> 'repeated_row'"
            )
        relation = (
            f"({' UNION ALL '.join(reads)})"
            if reads
            else f"(FROM {ident(self.programme.id, self.contract.id)} LIMIT 0)"
        )
        kind = "CASE WHEN a._unit IN (SELECT _unit FROM good) THEN 'aside' ELSE 'unknown' END"
        return (
            f"SELECT DISTINCT ON (a._key) a.* REPLACE ({kind} AS _kind) FROM ({self._rows_sql(relation, literal(''))}) a"
            " WHERE NOT EXISTS (FROM good g WHERE g._key = a._key)"
        )

    def _absent_sql(self, labels: str) -> list[str]:
        """Write the units that are awaited in a wave and have no row there, in the parts they belonged to."""
        present = "everything" if self.single else "wanted"
        of_row = f"SELECT _unit, place, _arm{labels} FROM wanted JOIN waves USING (_wave) WHERE _kind <> 'unknown'"
        seen, pairs = of_row, "SELECT _unit, _wave, place FROM (SELECT DISTINCT _unit FROM seen) CROSS JOIN waves"
        register = self._register()
        if register is not None:
            listed, by_wave = register
            seen += f" UNION ALL SELECT _unit, NULL AS place, {'NULL' if arm_sql(self.indicator.ex_post.design) else literal('')} AS _arm{labels} FROM ({listed})"
            at = "l._wave" if by_wave else "waves._wave"
            pairs = f"SELECT DISTINCT _unit, waves._wave, place FROM ({listed}) l JOIN waves ON {at} = waves._wave"
            never = "SELECT _unit FROM good GROUP BY _unit HAVING bool_and(_in IS NOT DISTINCT FROM FALSE)"
            pairs += f" WHERE _unit NOT IN ({never})"
        kept = "".join(f", s.{name}" for name in self.labels)
        nearest = "rank() OVER (PARTITION BY p._unit, p._wave ORDER BY s.place IS NULL, s.place > p.place, abs(s.place - p.place))"
        return [
            f"seen AS MATERIALIZED ({seen})",
            f"pairs AS (SELECT * FROM ({pairs}) p ANTI JOIN {present} USING (_unit, _wave))",
            f"absent AS (SELECT p._unit, p._wave, s._arm, 'absent' AS _kind, FALSE AS _given, NULL AS _y, NULL AS _x{kept}"
            f" FROM pairs p JOIN seen s USING (_unit) QUALIFY {nearest} = 1)",
        ]

    def _register(self) -> tuple[str, bool] | None:
        """Write the register of units that the contract refers to, and tell whether it says who is awaited by wave."""
        units = unit_columns(self.contract)
        for key in self.contract.foreign_keys:
            if (
                set(key.columns) in ({*units}, {*units, self.contract.wave})
                and key.references in self.programme.contracts
            ):
                other = self.programme.contracts[key.references]
                if set(key.to) == set(other.key):
                    return self._listed_sql(key, other), self.contract.wave in key.columns
        return None

    def _listed_sql(self, key: ForeignKey, other: Contract) -> str:
        there = dict(zip(key.columns, key.to, strict=True))
        labels = "".join(
            f", {f'CAST({ident(cut)} AS VARCHAR)' if cut in other.columns else 'CAST(NULL AS VARCHAR)'} AS {name}"
            for cut, name in zip(self.cuts, self.labels, strict=True)
        )
        wave = f"CAST({ident(there[self.contract.wave])} AS VARCHAR)" if self.contract.wave in there else "NULL"
        unit = _joined([there[name] for name in unit_columns(self.contract)])
        return f"SELECT {unit} AS _unit, {wave} AS _wave{labels} FROM {ident(self.programme.id, other.id)}"

    def _change_sql(self, change: Change) -> str:
        """Write the persons of the earlier wave; given is who has a value in both."""
        contract, wave = self.contract, self.indicator.ex_post.wave or ""
        view = ident(self.programme.id, contract.id)
        then = self._rows_sql(view, ROW)
        shown = "".join(f", t.{name}" for name in self.labels)
        return (
            f"SELECT t._unit, {literal(wave)} AS _wave, t._arm, 'row' AS _kind, t._given AND coalesce(n._given, FALSE)"
            f" AS _given, t._y, t._x{shown} FROM ({then}) t LEFT JOIN (SELECT * FROM ({then}) WHERE _wave = {literal(wave)})"
            f" n USING (_unit) WHERE t._wave = {literal(change.since)} AND t._in IS DISTINCT FROM FALSE"
        )

    # ---- what they come to ------------------------------------------------------------------------------------------

    def counts(self) -> dict[Place, tuple[int, int]]:
        """Return how many units gave a value, and how many there are, by arm, wave and part.

        A row that was set aside and whose unit cannot be told may be that of a unit which is absent: the two are not
        added up.
        """
        found: dict[Place, tuple[int, int]] = {}
        for column in ("", *self.cuts):
            rows = self._coded(column)
            if not self.single:
                rows = (
                    "(SELECT _arm, _wave, code, _unit, min(_kind) AS _kind, bool_and(_given) AS _given"
                    f" FROM {rows} GROUP BY ALL)"
                )
            query = (
                "SELECT _arm, _wave, code, count(*) FILTER (_given), count(*) FILTER (_kind NOT IN ('absent', 'unknown'))"
                " + greatest(count(*) FILTER (_kind = 'absent'), count(*) FILTER (_kind = 'unknown'))"
                f" FROM {rows} WHERE _arm IS NOT NULL GROUP BY ALL"
            )
            for arm, wave, code, reported, expected in self.connection.execute(query).fetchall():
                found[arm, wave, column, code] = int(reported), int(expected)
        return found

    def _coded(self, column: str) -> str:
        """Write the units with the code of their part; in a hierarchy with each of those above it too."""
        if not column:
            return "(SELECT *, '' AS code FROM _units)"
        label = f"coalesce({self.labels[self.cuts.index(column)]}, {literal(MISSING_GROUP)})"
        labels = [str(name) for (name,) in self.connection.execute(f"SELECT DISTINCT {label} FROM _units").fetchall()]
        pairs = [(branch.code, held) for branch in branches(self.lists.get(column), labels) for held in branch.members]
        values = ", ".join(f"({literal(code)}, {literal(held)})" for code, held in pairs) or "('', '')"
        return f"(SELECT u.*, code FROM _units u JOIN (VALUES {values}) AS c(code, held) ON held = {label})"

    def baselines(self, rows: Mapping[Place, dict[str, Any]]) -> dict[Place, float | None]:
        """Return what the units that reported had in the baseline wave, for those rows where someone is missing.

        None where not all of them reported then. Of persons it is not told where it would give away a few: what those
        left out had is the difference to the baseline of all.
        """
        before = self.indicator.ex_ante.baseline.wave if self.indicator.ex_ante.baseline else None
        now = self.indicator.ex_post.wave
        if before is None or now is None or not self.awaited:
            return {}
        found: dict[Place, float | None] = {}
        for column in ("", *self.cuts):
            asked = [p for p in rows if p[1] == now and p[2] == column and _is_open(rows, p, before)]
            if asked:
                values = self._same_units(column, now, before)
                found |= {place: values.get((place[0], place[3])) for place in asked}
        return found

    def _same_units(self, column: str, now: str, before: str) -> dict[tuple[str, str], float | None]:
        rows = self._coded(column)
        whose = f"SELECT _arm, code, _unit FROM {rows} WHERE _wave = {{}} GROUP BY ALL HAVING bool_and(_given)"
        query = (
            f"WITH at_end AS ({whose.format(literal(now))}), at_start AS ({whose.format(literal(before))}),"
            " twice AS (FROM at_end SEMI JOIN at_start USING (_arm, code, _unit)),"
            " counted AS (SELECT _arm, code, count(*) AS n FROM twice GROUP BY ALL),"
            " ends AS (SELECT _arm, code, count(*) AS n FROM at_end GROUP BY ALL),"
            " starts AS (SELECT _arm, code, count(*) AS n FROM at_start GROUP BY ALL),"
            f" valued AS (SELECT _arm, code, {self._value_sql()} AS value FROM {rows} SEMI JOIN twice USING (_arm, code, _unit)"
            f" WHERE _wave = {literal(before)} AND _given GROUP BY ALL)"
            " SELECT _arm, code, value, counted.n, ends.n, starts.n FROM valued JOIN counted USING (_arm, code)"
            " JOIN ends USING (_arm, code) JOIN starts USING (_arm, code)"
        )
        found = self.connection.execute(query).fetchall()
        return {
            (arm, code): value if both == end and self._may_tell(column, both, start - both) else None
            for arm, code, value, both, end, start in found
        }

    def _may_tell(self, column: str, both: int, left_out: int) -> bool:
        if self.contract.person is None or left_out == 0:
            return True
        minimum = self.programme.header.disclosure.minimum
        return not column and min(both, left_out) >= minimum

    def _value_sql(self) -> str:
        formula = self.indicator.formula
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


def _joined(names: Iterable[str]) -> str:
    """Write columns as one text; where one is blank, the place of the row, which is that of no other."""
    texts = [f"CAST({ident(name)} AS VARCHAR)" for name in names]
    blank = " OR ".join(f"{text} IS NULL" for text in texts) or "FALSE"
    return f"CASE WHEN {blank} THEN concat_ws(chr(31), '', _source, _row) ELSE concat_ws(chr(31), {', '.join(texts or [literal('')])}) END"


def _stood(name: str, missing: Mapping[Any, Sequence[str]], recode: Mapping[str, str]) -> str:
    """Write the text of a column of a row that was set aside: recoded, and nothing for a code of missing."""
    place = literal(f'$."{name}"')
    text = f"json_extract_string(payload, {place})"
    if recode:  # what a row broke by itself is kept as the file has it
        pairs = " ".join(f"WHEN ordinal IS NULL AND {text} = {literal(a)} THEN {literal(b)}" for a, b in recode.items())
        text = f"CASE {pairs} ELSE {text} END"
    codes = ", ".join(literal(code) for group in missing.values() for code in group)
    return f"CASE WHEN {text} NOT IN ({codes}) THEN {text} END" if codes else text


def _value_columns(indicator: Indicator) -> tuple[str, ...]:
    formula = indicator.formula
    if isinstance(formula, Ratio):
        return formula.numerator, formula.denominator
    return (formula.column,) if isinstance(formula, Mean | Sum | Quantile | CountDistinct) else ()
