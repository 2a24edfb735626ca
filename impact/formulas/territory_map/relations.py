"""Needs against supply, cell by cell: the relations that tell what covers each cell; pure text of SQL.

A cell is what needs agree in: territory, theme and target group, or those of them that are matched, at a wave. All is
SQL of relations written one after the other (``WITH …``); the hierarchy of each codelist goes in as values. The
engine's own columns start with an underscore, which no column of a contract does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from impact.declare.contracts import Contract
from impact.formulas.base import PublishedRows
from impact.formulas.territory_map.match import MATCH, wave_column
from impact.sql import ident, literal
from impact.states import MapState

if TYPE_CHECKING:
    from impact.declare.indicators import Indicator
    from impact.declare.load import Programme
    from impact.formulas.territory_map.model import TerritoryMap

CELL = tuple(f"_{name}" for name in MATCH)
_TEXTS = ("organisation_id", "document", "place", "quote")
_NUMBERS = ("voices", "severity", "capacity", "users")
STATES: Mapping[str, tuple[MapState, ...]] = {
    "coverage": (MapState.COVERED, MapState.OVERLAP),
    "partial": (MapState.PARTIAL,),
    "gaps": (MapState.GAP,),
    "overlaps": (MapState.OVERLAP,),
}
"""The states of cells that each measure counts."""
_DOCUMENT = (
    "json_object('part', part, 'id', _id, 'organisation', _organisation_id, 'document', _document, 'place', _place,"
    " 'quote', _quote)"
)


def relations_sql(
    programme: Programme,
    formula: TerritoryMap,
    need: Contract,
    *,
    where: str = "TRUE",
    waves: Sequence[str] = (),
) -> str:
    """Write the relations of a map, from ``WITH`` on; a SELECT is to follow.

    Parameters
    ----------
    programme
        Gives the contract of the supply, the codelists and the waves.
    formula, need
        What is matched, and the contract of the needs.
    where
        Condition on the rows of needs.
    waves
        Waves to look at besides those that stand in the rows.

    Returns
    -------
    str
        ``need`` and ``supply``: the rows, once for each wave they hold at; those whose category or wave is unknown are
        not ``_mapped`` and stand in no cell. ``pair``: cells, with the rows of supply that reach them, all of it
        (``_covers``) or a part. ``answer``: cells with ``_services, _partial, _bodies, _capacity, _users, _state``.
    """
    supply = programme.contracts[formula.supply]
    wave_ids = [wave.id for wave in programme.header.waves]
    cell = ", ".join(("_wave", *CELL))
    related = [(f"r{i}", name) for i, name in enumerate(CELL)]
    joins = "".join(
        f"\n  JOIN related {r} ON {r}.list = {literal(name)} AND {r}.need = c.{name}" for r, name in related
    )
    reached = " AND ".join(f"s.{name} = {r}.supply" for r, name in related)
    return f"""WITH RECURSIVE code(list, code, parent) AS ({_codes(programme, formula, need)}),
above(list, code, up) AS (SELECT list, code, code FROM code UNION
  SELECT a.list, a.code, c.parent FROM above a JOIN code c ON c.list = a.list AND c.code = a.up
  WHERE c.parent IS NOT NULL),
related AS (SELECT list, need, supply, bool_or(covers) AS covers FROM (
  SELECT list, code AS need, up AS supply, TRUE AS covers FROM above UNION ALL
  SELECT list, up, code, FALSE FROM above) GROUP BY ALL),
stated(wave) AS ({_stated(programme.id, [(need, where), (supply, "TRUE")], wave_ids, waves)}),
moment(wave) AS (FROM stated UNION ALL SELECT '' WHERE NOT EXISTS (FROM stated)),
need AS ({_rows(programme.id, need, formula, where, wave_ids)}),
supply AS ({_rows(programme.id, supply, formula, "TRUE", wave_ids)}),
cell AS (SELECT DISTINCT {cell} FROM need WHERE _mapped),
pair AS (SELECT c.*, s._id, s._key, s._organisation_id, s._capacity, s._users, s._document, s._place, s._quote,
  {" AND ".join(f"{r}.covers" for r, _ in related)} AS _covers
  FROM cell c{joins}
  JOIN supply s ON s._wave = c._wave AND s._mapped AND {reached}),
answer AS (SELECT *, CASE WHEN _bodies > 1 THEN 'overlap' WHEN _services > 0 THEN 'covered'
  WHEN _partial > 0 THEN 'partial' ELSE 'gap' END AS _state FROM (SELECT {cell},
  count(*) FILTER (_covers) AS _services, count(*) FILTER (NOT _covers) AS _partial,
  count(DISTINCT _organisation_id) FILTER (_covers) AS _bodies,
  sum(_capacity) FILTER (_covers) AS _capacity, sum(_users) FILTER (_covers) AS _users
  FROM cell LEFT JOIN pair USING ({cell}) GROUP BY ALL))
"""


def cells_sql(programme: Programme, formula: TerritoryMap, need: Contract, waves: list[str]) -> str:
    """Write the query of all cells: those of needs, services that reach none of them, rows that have no place.

    Returns
    -------
    str
        Gives ``wave``, the columns of the cell, ``needs, voices, severity, services, partial_services, bodies,
        capacity, users, state, documents``.
    """
    cell = ", ".join(("_wave", *CELL))
    named = ", ".join(f"l._{name} AS {name}" for name in ("wave", *MATCH))
    same = " AND ".join(f"a.{name} = l.{name}" for name in ("_wave", *CELL))
    return f"""{relations_sql(programme, formula, need, waves=waves)},
reached AS (SELECT DISTINCT _wave, _key FROM pair),
line AS (
  SELECT {cell}, 'need' AS part, CASE WHEN _mapped THEN 'need' ELSE 'unmapped' END AS kind, _id, _organisation_id,
    _voices, _severity, _capacity, _users, _document, _place, _quote FROM need UNION ALL
  SELECT {cell}, CASE WHEN _covers THEN 'service' ELSE 'partial_service' END, 'need', _id, _organisation_id,
    NULL, NULL, _capacity, _users, _document, _place, _quote FROM pair UNION ALL
  SELECT {cell}, 'service', CASE WHEN _mapped THEN 'supply_only' ELSE 'unmapped' END, _id, _organisation_id,
    NULL, NULL, _capacity, _users, _document, _place, _quote FROM supply
    WHERE NOT _mapped OR (_wave, _key) NOT IN (FROM reached)),
summed AS (SELECT {cell}, kind, count(*) FILTER (part = 'need') AS needs, sum(_voices) AS voices,
  max(_severity) AS severity, count(*) FILTER (part = 'service') AS services,
  count(*) FILTER (part = 'partial_service') AS partial_services,
  count(DISTINCT _organisation_id) FILTER (part = 'service') AS bodies,
  sum(_capacity) FILTER (part = 'service') AS capacity, sum(_users) FILTER (part = 'service') AS users,
  to_json(list({_DOCUMENT} ORDER BY part, _id)) AS documents FROM line GROUP BY ALL)
SELECT l.* EXCLUDE ({cell}, kind), {named},
  CASE WHEN kind = 'need' THEN a._state ELSE kind END AS state
  FROM summed l LEFT JOIN answer a ON {same} ORDER BY ALL"""


def _codes(programme: Programme, formula: TerritoryMap, need: Contract) -> str:
    """Write the codelists of the matched columns as rows; a column that is not matched has the one code ''."""
    rows = [
        f"({literal('_' + name)}, {literal(item.code)}, {literal(item.parent)})"
        for name in formula.match
        for item in programme.codelists[need.columns[name].codelist or ""].codes
    ]
    rows += [f"({literal('_' + name)}, '', NULL)" for name in MATCH if name not in formula.match]
    return f"VALUES {', '.join(rows)}"


def _wave(contract: Contract) -> str:
    column = wave_column(contract)
    return f"CAST({ident(column)} AS VARCHAR)" if column else "CAST(NULL AS VARCHAR)"


def _listed(wave_ids: Sequence[str]) -> str:
    return f"({', '.join(literal(wave) for wave in wave_ids) or 'NULL'})"


def _stated(
    programme: str, sides: Sequence[tuple[Contract, str]], wave_ids: Sequence[str], waves: Sequence[str]
) -> str:
    """Write the waves at which there is anything to tell: those in the rows, and those asked for."""
    requested = (f"SELECT {literal(wave)}" for wave in dict.fromkeys(waves))
    occurring = (
        f"SELECT {_wave(side)} FROM {ident(programme, side.id)} WHERE {where} AND {_wave(side)} IN {_listed(wave_ids)}"
        for side, where in sides
    )
    return " UNION ".join(chain(requested, occurring))


def _rows(programme: str, contract: Contract, formula: TerritoryMap, where: str, wave_ids: Sequence[str]) -> str:
    """Write the rows of one side, once for each wave they hold at: their own, or all where they name none.

    A row of a wave that the programme does not have could belong to any: it is kept at all of them, unmapped.
    """
    unknown = f"_at IS NOT NULL AND _at NOT IN {_listed(wave_ids)}" if wave_ids else "_at IS NOT NULL"
    key = ", ".join(f"CAST({ident(name)} AS VARCHAR)" for name in contract.key)
    added = [f"concat_ws(' ', {key}) AS _id", f"concat_ws(chr(31), {key}) AS _key", f"{_wave(contract)} AS _at"]
    added += [_cell(name, matched=name in formula.match) for name in MATCH]
    added += [f"CAST({_column_or_null(contract, name)} AS VARCHAR) AS _{name}" for name in _TEXTS]
    added += [f"CAST({_column_or_null(contract, name)} AS DOUBLE) AS _{name}" for name in _NUMBERS]
    mapped = " AND ".join(
        f"EXISTS (FROM code WHERE code.list = {literal('_' + n)} AND code.code = v._{n})" for n in MATCH
    )
    return f"""SELECT v.*, m.wave AS _wave FROM (
  SELECT *, NOT ({unknown}) AND {mapped} AS _mapped, {unknown} AS _unknown FROM (
  SELECT *, {", ".join(added)} FROM {ident(programme, contract.id)} WHERE {where}) v) v
  JOIN moment m ON v._at IS NULL OR v._at = m.wave OR v._unknown"""


def _cell(name: str, *, matched: bool) -> str:
    return f"{f'CAST({ident(name)} AS VARCHAR)' if matched else literal('')} AS _{name}"


def _column_or_null(contract: Contract, name: str) -> str:
    return ident(name) if name in contract.columns else "NULL"


def named_waves(indicator: Indicator) -> list[str]:
    """Return the waves at which an indicator is looked at."""
    baseline = indicator.ex_ante.baseline
    return [wave for wave in (baseline.wave if baseline else None, indicator.ex_post.wave) if wave]


def map_query(formula: TerritoryMap, rows: PublishedRows) -> str:
    """Write a query that anyone can run on the database to get the programme-wide value of each wave."""
    test = f"_state IN ({', '.join(literal(state) for state in STATES[formula.measure])})"
    value = f"count(*) FILTER ({test})" + (" / count(*)" if formula.measure == "coverage" else "")
    where, waves = f"({rows.where})", named_waves(rows.indicator)
    relations = relations_sql(rows.programme, formula, rows.contract, where=where, waves=waves)
    if formula.weight is None:
        return (
            f"{relations}SELECT _wave AS wave, {value} AS value, count(*) AS n FROM answer GROUP BY _wave ORDER BY wave"
        )
    weight = f"_{formula.weight}"
    shares = f"sum({weight}) FILTER ({test} AND {weight} >= 0), 0) / nullif(sum({weight}) FILTER ({weight} >= 0), 0)"
    cell = ", ".join(("_wave", *CELL))
    return (
        f"{relations}SELECT _wave AS wave, coalesce({shares} AS value, count(DISTINCT ({cell})) AS n"
        f" FROM need JOIN answer USING ({cell}) WHERE _mapped GROUP BY _wave ORDER BY wave"
    )
