"""A row for each unit of an indicator in each wave: who gave a value, who left it blank, who is absent.

Text of SQL over the views of good rows and the quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from impact.declare.contracts import Contract, ForeignKey
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.sources import Source
from impact.measure.formula import arm_sql, ratio_sql, rows_formula, where_sql
from impact.sql import Select, as_text, ident, literal, text_or_blank
from impact.validate.compile import MISSING_SUFFIX, SQL_TYPES

TABLE = "_units"
NO_ARM = literal("")
ROW, ASIDE, UNKNOWN, ABSENT = "row", "aside", "unknown", "absent"
"""What a row stands for: a good row; one set aside of a unit that is known, or of one that is not; a unit without."""


@dataclass(frozen=True)
class Waves:
    """The waves in which units are awaited, in order of time, and those of a series that have no row at all."""

    names: tuple[str, ...]
    gaps: tuple[str, ...]


def awaited_waves(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, indicator: Indicator
) -> Waves:
    """Return the waves that have rows, those an indicator looks at, and those of a series that lie between.

    A wave that is declared by itself may be one in which this table was not collected; a step of a series is not.
    """
    if contract.wave is None:
        return Waves(("",), ())
    query = Select({"wave": as_text(contract.wave)}, ident(programme.id, contract.id), distinct=True)
    found = {str(wave) for (wave,) in connection.execute(query.sql()).fetchall() if wave is not None}
    declared = [wave.id for wave in programme.header.waves]
    seen = [place for place, wave in enumerate(declared) if wave in found]
    within = programme.header.waves[seen[0] : seen[-1] + 1] if seen else ()
    gaps = tuple(wave.id for wave in within if wave.role == "series" and wave.id not in found)
    before = indicator.ex_ante.baseline.wave if indicator.ex_ante.baseline else None
    looked_at = {wave for wave in (indicator.ex_post.wave, before) if wave}
    some = found | looked_at | set(gaps)
    return Waves((*(wave for wave in declared if wave in some), *sorted(some - set(declared))), gaps)


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


@dataclass(frozen=True)
class UnitRows:
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
        return [f"_l{place}" for place in range(len(self.cuts))]

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
        sql = self._sql(some_aside=self._some_aside(connection)) if since is None else self._change_sql(since)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {TABLE} AS {sql}")

    def _some_aside(self, connection: duckdb.DuckDBPyConnection) -> bool:
        sources = [source.id for source in self.programme.sources if source.contract == self.contract.id]
        query = "SELECT count(*) FROM impact.quarantine WHERE programme = ? AND severity = 'error'"
        query += " AND list_contains(?, source)"
        ((count,),) = connection.execute(query, [self.programme.id, sources]).fetchall()
        return bool(count)

    def _sql(self, *, some_aside: bool) -> str:
        shown = ", ".join(["_unit", "_wave", "_arm", "_kind", "_given", "_y", "_x", *self.labels])
        waves = ", ".join(f"({literal(wave)}, {place})" for place, wave in enumerate(self.waves.names))
        # whose wave is not known may be any; of a unit that is known and awaited it is told where that has no row
        anywhere = f"a._kind = {literal(UNKNOWN)}" if self.awaited else "TRUE"
        parts = [
            f"waves(_wave, place) AS (VALUES {waves})",
            f"good AS ({self._rows_sql(ident(self.programme.id, self.contract.id), good=True)})",
        ]
        if some_aside:
            parts += [
                f"aside AS ({self._aside_sql()})",
                "placed AS (SELECT a.* REPLACE (w._wave AS _wave) FROM aside a JOIN waves w"
                f" ON w._wave = a._wave OR (a._wave IS NULL AND {anywhere}))",
            ]
        more = " UNION ALL BY NAME FROM placed" if some_aside else ""
        parts += [f"everything AS (FROM good{more})", "wanted AS (FROM everything WHERE _in IS DISTINCT FROM FALSE)"]
        query = f"SELECT {shown} FROM wanted WHERE _wave IN (SELECT _wave FROM waves)"
        if self.awaited:
            parts += self._absent_sql()
            query += f" UNION ALL SELECT {shown} FROM absent"
        return f"WITH {', '.join(parts)} {query}"

    def _rows_sql(self, relation: str, *, good: bool) -> str:
        """Write the rows of a relation that has the columns of the contract, ``_source`` and ``_row``."""
        indicator, contract = self.indicator, self.contract
        y, x = ratio_sql(indicator, contract)
        weight = f" AND {ident(indicator.sample.weight)} > 0" if indicator.sample.weight else ""
        given = f"({y} IS NOT NULL AND {x} IS NOT NULL{weight}){self._settled_sql()}" if good else "FALSE"
        columns = {
            "_unit": _joined(unit_columns(contract)),
            "_key": _joined(contract.key),
            "_wave": text_or_blank(contract.wave),
            "_arm": arm_sql(indicator.ex_post.design) or NO_ARM,
            "_in": where_sql(indicator, contract),
            "_given": f"coalesce({given}, FALSE)",
            "_y": y,
            "_x": x,
            "_kind": literal(ROW if good else UNKNOWN),
            **dict(zip(self.labels, map(as_text, self.cuts), strict=True)),
        }
        return Select(columns, relation).sql()

    def _settled_sql(self) -> str:
        """Write that a value does not apply to a unit: there is none, and none is missing."""
        columns = self.contract.columns
        settling = rows_formula(self.indicator).settling_columns()
        names = [name for name in settling if "not_applicable" in columns[name].missing]
        return "".join(f" OR {ident(name + MISSING_SUFFIX)} = 'not_applicable'" for name in names)

    def _aside_sql(self) -> str:
        """Write the rows that were set aside and whose key no good row has, each once, read as far as they can be."""
        sources = [source for source in self.programme.sources if source.contract == self.contract.id]
        nothing = f"FROM {ident(self.programme.id, self.contract.id)} LIMIT 0"
        relation = " UNION ALL ".join(map(self._read_sql, sources)) or nothing
        known = f"CASE WHEN a._unit IN (SELECT _unit FROM good) THEN {literal(ASIDE)} ELSE {literal(UNKNOWN)} END"
        rows = self._rows_sql(f"({relation})", good=False)
        return (
            f"SELECT DISTINCT ON (a._key) a.* REPLACE ({known} AS _kind) FROM ({rows}) a"
            " WHERE NOT EXISTS (FROM good g WHERE g._key = a._key)"
        )

    def _read_sql(self, source: Source) -> str:
        texts = {
            name: _stood(name, column.missing, source.recode.get(name, {}))
            for name, column in self.contract.columns.items()
        }
        typed = {
            name: f"TRY_CAST({text} AS {SQL_TYPES[self.contract.columns[name].type]})" for name, text in texts.items()
        }
        where = (
            *(f"programme = {literal(self.programme.id)}", f"source = {literal(source.id)}"),
            *("severity = 'error'", "rule <> 'repeated_row'"),
        )
        return Select({**typed, "_source": "source", "_row": "line"}, "impact.quarantine", where=where).sql()

    def _absent_sql(self) -> list[str]:
        """Write the units that are awaited in a wave and have no row there, in the parts they belonged to."""
        labels = "".join(f", {name}" for name in self.labels)
        # where a unit has one row, one that the filter leaves out says that it is not missing; where it has several,
        # another may be missing
        present = "everything" if self.single else "wanted"
        seen = (
            f"SELECT _unit, place, _arm{labels} FROM wanted JOIN waves USING (_wave) WHERE _kind <> {literal(UNKNOWN)}"
        )
        # a unit that is there as often as there are waves is not looked for in each
        some = f"SELECT _unit FROM seen GROUP BY _unit HAVING count(DISTINCT place) < {len(self.waves.names)}"
        pairs = f"SELECT _unit, _wave, place FROM ({some}) CROSS JOIN waves"
        if (register := self._register()) is not None:
            listed, by_wave = register
            arm = "NULL" if arm_sql(self.indicator.ex_post.design) else NO_ARM
            seen += f" UNION ALL SELECT _unit, NULL AS place, {arm} AS _arm{labels} FROM ({listed})"
            never = "SELECT _unit FROM good GROUP BY _unit HAVING bool_and(_in IS NOT DISTINCT FROM FALSE)"
            at = "l._wave = waves._wave" if by_wave else "TRUE"
            pairs = f"SELECT DISTINCT _unit, waves._wave, place FROM ({listed}) l JOIN waves ON {at}"
            pairs += f" WHERE _unit NOT IN ({never})"
        kept = "".join(f", s.{name}" for name in self.labels)
        nearest = "s.place IS NULL, s.place > p.place, abs(s.place - p.place)"
        return [
            f"seen AS ({seen})",
            f"pairs AS (SELECT * FROM ({pairs}) p ANTI JOIN {present} USING (_unit, _wave))",
            f"absent AS (SELECT p._unit, p._wave, s._arm, {literal(ABSENT)} AS _kind, FALSE AS _given, NULL AS _y,"
            f" NULL AS _x{kept} FROM pairs p JOIN seen s USING (_unit)"
            f" QUALIFY rank() OVER (PARTITION BY p._unit, p._wave ORDER BY {nearest}) = 1)",
        ]

    def _register(self) -> tuple[str, bool] | None:
        """Write the register of units that the contract refers to, and tell whether it says who is awaited by wave."""
        units = {*unit_columns(self.contract)}
        for key in self.contract.foreign_keys:
            other = self.programme.contracts.get(key.references)
            of_units = set(key.columns) in (units, {*units, self.contract.wave})
            if of_units and other is not None and set(key.to) == set(other.key):
                return self._listed_sql(key, other), self.contract.wave in key.columns
        return None

    def _listed_sql(self, key: ForeignKey, other: Contract) -> str:
        there = dict(zip(key.columns, key.to, strict=True))
        labels = (as_text(cut) if cut in other.columns else "CAST(NULL AS VARCHAR)" for cut in self.cuts)
        wave = there.get(self.contract.wave or "")
        listed = {
            "_unit": _joined([there[name] for name in unit_columns(self.contract)]),
            "_wave": as_text(wave) if wave else "NULL",
            **dict(zip(self.labels, labels, strict=True)),
        }
        return Select(listed, ident(self.programme.id, other.id)).sql()

    def _change_sql(self, since: str) -> str:
        """Write the persons of the earlier wave; given is who has a value in both."""
        wave = literal(self.indicator.ex_post.wave or "")
        rows = self._rows_sql(ident(self.programme.id, self.contract.id), good=True)
        shown = "".join(f", t.{name}" for name in self.labels)
        return (
            f"SELECT t._unit, {wave} AS _wave, t._arm, t._kind, t._given AND coalesce(n._given, FALSE) AS _given,"
            f" t._y, t._x{shown} FROM ({rows}) t"
            f" LEFT JOIN (SELECT * FROM ({rows}) WHERE _wave = {wave}) n USING (_unit)"
            f" WHERE t._wave = {literal(since)} AND t._in IS DISTINCT FROM FALSE"
        )


def _joined(names: Iterable[str]) -> str:
    """Write columns as one text; where one is blank, the place of the row, which is that of no other."""
    texts = list(map(as_text, names))
    if len(texts) == 1:
        return f"coalesce({texts[0]}, concat_ws(chr(31), '', _source, _row))"
    blank = " OR ".join(f"{text} IS NULL" for text in texts) or "FALSE"
    whole = f"concat_ws(chr(31), {', '.join(texts or [literal('')])})"
    return f"CASE WHEN {blank} THEN concat_ws(chr(31), '', _source, _row) ELSE {whole} END"


def _stood(name: str, missing: Mapping[Any, Sequence[str]], recode: Mapping[str, str]) -> str:
    """Write the text of a column of a row that was set aside: recoded, and nothing for a code of missing."""
    place = literal(f'$."{name}"')
    text = f"json_extract_string(payload, {place})"
    if recode:  # what a row broke by itself is kept as the file has it
        pairs = " ".join(f"WHEN ordinal IS NULL AND {text} = {literal(a)} THEN {literal(b)}" for a, b in recode.items())
        text = f"CASE {pairs} ELSE {text} END"
    codes = ", ".join(literal(code) for group in missing.values() for code in group)
    return f"CASE WHEN {text} NOT IN ({codes}) THEN {text} END" if codes else text
