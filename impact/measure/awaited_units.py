"""A row for each unit of an indicator in each wave: who gave a value, who left it blank, who is absent.

Text of SQL over the views of good rows and the quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from impact.declare.conditions import filter_sql
from impact.declare.contracts import Contract, ForeignKey, MissingKind
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.sources import Source
from impact.measure.formula import arm_sql, ratio_sql, rows_formula, where_sql
from impact.sql import Select, as_text, ident, literal, text_or_blank
from impact.validate.stored import MISSING_SUFFIX, SQL_TYPES

TABLE = "_units"
NO_ARM = literal("")
ROW, ASIDE, UNKNOWN, ABSENT = "row", "aside", "unknown", "absent"
"""What a row stands for: a good row; one set aside of a unit that is known, or of one that is not; a unit without."""


@dataclass(frozen=True)
class Waves:
    """The waves in which units are awaited, in order of time, and those of a series that have no row at all."""

    names: tuple[str, ...]
    gaps: tuple[str, ...]


def awaited_waves(programme: Programme, contract: Contract, indicator: Indicator, collected: Set[str]) -> Waves:
    """Return the waves that have rows (``collected``), those an indicator looks at, and those of a series between.

    A wave that is declared by itself may be one in which this table was not collected; a step of a series is not.
    """
    if contract.wave is None:
        return Waves(("",), ())
    gaps = _series_gaps(programme, collected)
    baseline = indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None
    looked_at = {wave for wave in (indicator.ex_post.wave, baseline) if wave}
    awaited = collected | looked_at | set(gaps)
    declared = [wave.id for wave in programme.header.waves]
    in_order = [wave for wave in declared if wave in awaited]
    undeclared = sorted(awaited - set(declared))
    return Waves((*in_order, *undeclared), gaps)


def collected_waves(connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract) -> Set[str]:
    """Return the waves in which a contract has rows; none where its rows have no wave."""
    if contract.wave is None:
        return frozenset()
    column = {"wave": as_text(contract.wave)}
    query = Select(column, ident(programme.id, contract.id), distinct=True)
    rows = connection.execute(query.sql()).fetchall()
    return {str(wave) for (wave,) in rows if wave is not None}


def _series_gaps(programme: Programme, collected: Set[str]) -> tuple[str, ...]:
    """Return the steps of a series without rows that lie between waves with rows."""
    waves = programme.header.waves
    positions = [position for position, wave in enumerate(waves) if wave.id in collected]
    if not positions:
        return ()
    between = waves[positions[0] : positions[-1] + 1]
    return tuple(wave.id for wave in between if wave.role == "series" and wave.id not in collected)


def unit_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns that tell units apart over the waves: the person, or else the key without the wave."""
    return (contract.person,) if contract.person else tuple(name for name in contract.key if name != contract.wave)


def awaits_units(indicator: Indicator, contract: Contract) -> bool:
    """Tell whether a unit without a row in a wave is missing there.

    It is where each unit has its row in each wave, unless the contract says that units come and go, the rows are a
    sample, or it is their presence that is counted.
    """
    formula = rows_formula(indicator)
    if indicator.sample.weight or formula.followed_since is not None:
        return False
    if formula.counts_presence(unit_columns(contract)) and not indicator.where:
        return False
    return contract.wave in contract.key and not contract.units_vary


class _Register(NamedTuple):
    """The query of the units that a contract refers to, and whether it says in which waves each is awaited."""

    sql: str
    by_wave: bool


@dataclass(frozen=True)
class UnitTable:
    """What the table of units is made of.

    Parameters
    ----------
    programme, contract, indicator, waves
        Whose units they are, and when they are awaited.
    """

    programme: Programme
    contract: Contract
    indicator: Indicator
    waves: Waves

    @property
    def cuts(self) -> tuple[str, ...]:
        """The columns that cut the indicator; in the table they are called ``_l0``, ``_l1``, …."""
        return (*self.indicator.scope, *self.indicator.by)

    @property
    def labels(self) -> list[str]:
        """What the columns that cut are called in the table."""
        return [f"_l{number}" for number in range(len(self.cuts))]

    @property
    def awaited(self) -> bool:
        """Whether a unit without a row in a wave is missing there."""
        return awaits_units(self.indicator, self.contract)

    @property
    def single(self) -> bool:
        """Whether a unit has at most one row in a wave."""
        wave = [self.contract.wave] if self.contract.wave else []
        return set(self.contract.key) == {*unit_columns(self.contract), *wave}

    def write(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the table: ``_unit, _wave, _arm, _kind, _given, _y, _x`` and the labels."""
        since = self.indicator.formula.followed_since
        sql = self._presence_sql(connection) if since is None else self._change_sql(since)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {TABLE} AS {sql}")

    def _some_aside(self, connection: duckdb.DuckDBPyConnection) -> bool:
        sources = [source.id for source in self._sources()]
        query = (
            "SELECT count(*) FROM impact.quarantine"
            " WHERE programme = ? AND severity = 'error' AND list_contains(?, source)"
        )
        ((count,),) = connection.execute(query, [self.programme.id, sources]).fetchall()
        return bool(count)

    def _sources(self) -> list[Source]:
        return [source for source in self.programme.sources if source.contract == self.contract.id]

    def _presence_sql(self, connection: duckdb.DuckDBPyConnection) -> str:
        """Write the units with a row, set aside or absent, as tables that read one another."""
        some_aside = self._some_aside(connection)
        waves = ", ".join(f"({literal(wave)}, {order})" for order, wave in enumerate(self.waves.names))
        good = self._rows_sql(ident(self.programme.id, self.contract.id), good=True)
        tables = [f"waves(_wave, place) AS (VALUES {waves})", f"good AS ({good})"]
        everything = "FROM good"
        if some_aside:
            tables += [f"aside AS ({self._aside_sql()})", f"placed AS ({self._placed_sql()})"]
            everything += " UNION ALL BY NAME FROM placed"
        tables += [f"everything AS ({everything})", "wanted AS (FROM everything WHERE _in IS DISTINCT FROM FALSE)"]
        row = ", ".join(["_unit", "_wave", "_arm", "_kind", "_given", "_y", "_x", *self.labels])
        query = f"SELECT {row} FROM wanted WHERE _wave IN (SELECT _wave FROM waves)"
        if self.awaited:
            tables += self._absent_sql()
            query += f" UNION ALL SELECT {row} FROM absent"
        return f"WITH {', '.join(tables)} {query}"

    def _placed_sql(self) -> str:
        """Write the rows that were set aside, each in its wave; one whose wave is not known may be of any."""
        # of a unit that is known and awaited it is told where that has no row
        anywhere = f"a._kind = {literal(UNKNOWN)}" if self.awaited else "TRUE"
        return (
            "SELECT a.* REPLACE (w._wave AS _wave) FROM aside a"
            f" JOIN waves w ON w._wave = a._wave OR (a._wave IS NULL AND {anywhere})"
        )

    def _selected_sql(self, *, good: bool) -> str:
        """Write which rows count; of those set aside it is not known which is its unit's last report."""
        return where_sql(self.indicator, self.contract) if good else filter_sql(self.indicator.where, self.contract)

    def _rows_sql(self, relation: str, *, good: bool) -> str:
        """Write the rows of a relation that has the columns of the contract, ``_source`` and ``_row``."""
        contract = self.contract
        y, x = ratio_sql(self.indicator, contract)
        row = {"_unit": _joined(unit_columns(contract)), "_key": _joined(contract.key)}
        row["_wave"] = text_or_blank(contract.wave)
        row["_arm"] = arm_sql(self.indicator.ex_post.design) or NO_ARM
        row["_in"] = self._selected_sql(good=good)
        row["_given"] = self._given_sql(y, x) if good else "FALSE"
        row["_y"] = y
        row["_x"] = x
        row["_kind"] = literal(ROW if good else UNKNOWN)
        for label, cut in zip(self.labels, self.cuts, strict=True):
            row[label] = as_text(cut)
        return Select(row, relation).sql()

    def _given_sql(self, y: str, x: str) -> str:
        """Write whether a row gives its unit's value, or settles that there is none."""
        weight = self.indicator.sample.weight
        weighted = f" AND {ident(weight)} > 0" if weight else ""
        valued = f"({y} IS NOT NULL AND {x} IS NOT NULL{weighted})"
        return f"coalesce({valued}{self._settled_sql()}, FALSE)"

    def _settled_sql(self) -> str:
        """Write that a value does not apply to a unit: there is none, and none is missing."""
        columns = self.contract.columns
        settled = ""
        for name in rows_formula(self.indicator).settling_columns():
            if "not_applicable" in columns[name].missing:
                settled += f" OR {ident(name + MISSING_SUFFIX)} = 'not_applicable'"
        return settled

    def _aside_sql(self) -> str:
        """Write the rows that were set aside and whose key no good row has, each once, read as far as they can be."""
        nothing = f"FROM {ident(self.programme.id, self.contract.id)} LIMIT 0"
        relation = " UNION ALL ".join(map(self._read_sql, self._sources())) or nothing
        rows = self._rows_sql(f"({relation})", good=False)
        has_row = "a._unit IN (SELECT _unit FROM good)"
        kind = f"CASE WHEN {has_row} THEN {literal(ASIDE)} ELSE {literal(UNKNOWN)} END"
        return (
            f"SELECT DISTINCT ON (a._key) a.* REPLACE ({kind} AS _kind) FROM ({rows}) a"
            " WHERE NOT EXISTS (FROM good g WHERE g._key = a._key)"
        )

    def _read_sql(self, source: Source) -> str:
        """Write the rows of a source in the quarantine, each text read as the type of its column, or NULL."""
        row = {}
        for name, column in self.contract.columns.items():
            text = _stood(name, column.missing, source.recode.get(name, {}))
            row[name] = f"TRY_CAST({text} AS {SQL_TYPES[column.type]})"
        row["_source"] = "source"
        row["_row"] = "line"
        of_source = (f"programme = {literal(self.programme.id)}", f"source = {literal(source.id)}")
        where = (*of_source, "severity = 'error'", "rule <> 'repeated_row'")
        return Select(row, "impact.quarantine", where=where).sql()

    def _absent_sql(self) -> list[str]:
        """Write the units that are awaited in a wave and have no row there, in the parts they belonged to."""
        # where a unit has one row, one that the filter leaves out says that it is not missing; where it has several,
        # another may be missing
        present = "everything" if self.single else "wanted"
        labels = "".join(f", s.{name}" for name in self.labels)
        # the nearest wave before, or else after; what the register says of a unit comes last
        nearest = "s.place IS NULL, s.place > p.place, abs(s.place - p.place)"
        register = self._register()
        return [
            f"seen AS ({self._seen_sql(register)})",
            f"pairs AS (SELECT * FROM ({self._pairs_sql(register)}) p ANTI JOIN {present} USING (_unit, _wave))",
            f"absent AS (SELECT p._unit, p._wave, s._arm, {literal(ABSENT)} AS _kind, FALSE AS _given, NULL AS _y,"
            f" NULL AS _x{labels} FROM pairs p JOIN seen s USING (_unit)"
            f" QUALIFY rank() OVER (PARTITION BY p._unit, p._wave ORDER BY {nearest}) = 1)",
        ]

    def _seen_sql(self, register: _Register | None) -> str:
        """Write where each unit was: its waves, arm and labels, and those that the register gives it."""
        labels = "".join(f", {name}" for name in self.labels)
        query = (
            f"SELECT _unit, place, _arm{labels} FROM wanted JOIN waves USING (_wave) WHERE _kind <> {literal(UNKNOWN)}"
        )
        if register is not None:
            arm = "NULL" if arm_sql(self.indicator.ex_post.design) else NO_ARM
            query += f" UNION ALL SELECT _unit, NULL AS place, {arm} AS _arm{labels} FROM ({register.sql})"
        return query

    def _pairs_sql(self, register: _Register | None) -> str:
        """Write in which waves each unit is awaited: those of the register, or else all."""
        if register is None:
            # a unit that is there as often as there are waves is not looked for in each
            every_wave = len(self.waves.names)
            lacking = f"SELECT _unit FROM seen GROUP BY _unit HAVING count(DISTINCT place) < {every_wave}"
            return f"SELECT _unit, _wave, place FROM ({lacking}) CROSS JOIN waves"
        never = "SELECT _unit FROM good GROUP BY _unit HAVING bool_and(_in IS NOT DISTINCT FROM FALSE)"
        at = "l._wave = waves._wave" if register.by_wave else "TRUE"
        return (
            f"SELECT DISTINCT _unit, waves._wave, place FROM ({register.sql}) l JOIN waves ON {at}"
            f" WHERE _unit NOT IN ({never})"
        )

    def _register(self) -> _Register | None:
        """Write the register of units that the contract refers to; None where it refers to none."""
        units = set(unit_columns(self.contract))
        units_by_wave = {*units, self.contract.wave}
        for key in self.contract.foreign_keys:
            referred = self.programme.contracts.get(key.references)
            if referred is None or set(key.to) != set(referred.key):
                continue
            if set(key.columns) in (units, units_by_wave):
                by_wave = self.contract.wave in key.columns
                return _Register(self._listed_sql(key, referred), by_wave)
        return None

    def _listed_sql(self, key: ForeignKey, register: Contract) -> str:
        """Write the units of the register, called as in the table of units."""
        referred = dict(zip(key.columns, key.to, strict=True))
        wave = referred.get(self.contract.wave or "")
        unit = [referred[name] for name in unit_columns(self.contract)]
        row = {"_unit": _joined(unit), "_wave": as_text(wave) if wave else "NULL"}
        for label, cut in zip(self.labels, self.cuts, strict=True):
            row[label] = as_text(cut) if cut in register.columns else "CAST(NULL AS VARCHAR)"
        return Select(row, ident(self.programme.id, register.id)).sql()

    def _change_sql(self, since: str) -> str:
        """Write the persons of the earlier wave; given is who has a value in both."""
        wave = literal(self.indicator.ex_post.wave or "")
        rows = self._rows_sql(ident(self.programme.id, self.contract.id), good=True)
        labels = "".join(f", t.{name}" for name in self.labels)
        return (
            f"SELECT t._unit, {wave} AS _wave, t._arm, t._kind, t._given AND coalesce(n._given, FALSE) AS _given,"
            f" t._y, t._x{labels} FROM ({rows}) t"
            f" LEFT JOIN (SELECT * FROM ({rows}) WHERE _wave = {wave}) n USING (_unit)"
            f" WHERE t._wave = {literal(since)} AND t._in IS DISTINCT FROM FALSE"
        )


def _joined(names: Iterable[str]) -> str:
    """Write columns as one text; where one is blank, the place of the row, which is that of no other."""
    texts = [as_text(name) for name in names]
    row_place = "concat_ws(chr(31), '', _source, _row)"
    if len(texts) == 1:
        return f"coalesce({texts[0]}, {row_place})"
    blank = " OR ".join(f"{text} IS NULL" for text in texts) or "FALSE"
    terms = ", ".join(texts) or literal("")
    return f"CASE WHEN {blank} THEN {row_place} ELSE concat_ws(chr(31), {terms}) END"


def _stood(name: str, missing: Mapping[MissingKind, Sequence[str]], recode: Mapping[str, str]) -> str:
    """Write the text of a column of a row that was set aside: recoded, and nothing for a code of missing."""
    path = literal(f'$."{name}"')
    text = f"json_extract_string(payload, {path})"
    if recode:
        # what a row broke by itself is kept as the file has it
        pairs = [f"WHEN ordinal IS NULL AND {text} = {literal(a)} THEN {literal(b)}" for a, b in recode.items()]
        text = f"CASE {' '.join(pairs)} ELSE {text} END"
    codes = [literal(code) for group in missing.values() for code in group]
    if not codes:
        return text
    return f"CASE WHEN {text} NOT IN ({', '.join(codes)}) THEN {text} END"
