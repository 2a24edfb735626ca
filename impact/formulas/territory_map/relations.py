"""Needs against supply, cell by cell: the relations that tell what covers each cell; pure text of SQL.

A cell is what needs agree in: territory, theme and target group, or those of them that are matched, at a wave. All is
SQL of relations written one after the other (``WITH …``); the hierarchy of each codelist goes in as values. The
engine's own columns start with an underscore, which no column of a contract does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from impact.declare.contracts import Contract
from impact.formulas.base import PublishedRows
from impact.formulas.territory_map.match import MATCH, wave_column
from impact.sql import as_text, ident, literal
from impact.states import MapState

if TYPE_CHECKING:
    from impact.declare.indicators import Indicator
    from impact.declare.load import Programme
    from impact.formulas.territory_map.model import TerritoryMap

CELL = tuple(f"_{name}" for name in MATCH)
_CELL = ", ".join(("_wave", *CELL))
"""The columns that tell a cell at a wave, as a query lists them."""
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
    codes = _codes(programme, formula, need)
    stated = _stated(programme.id, [(need, where), (supply, "TRUE")], wave_ids, waves)
    needs = _rows(programme.id, need, formula, where, wave_ids)
    supplies = _rows(programme.id, supply, formula, "TRUE", wave_ids)
    joins, reached, covers = _reach()
    return f"""WITH RECURSIVE code(list, code, parent) AS ({codes}),
above(list, code, up) AS (SELECT list, code, code FROM code UNION
  SELECT a.list, a.code, c.parent FROM above a JOIN code c ON c.list = a.list AND c.code = a.up
  WHERE c.parent IS NOT NULL),
related AS (SELECT list, need, supply, bool_or(covers) AS covers FROM (
  SELECT list, code AS need, up AS supply, TRUE AS covers FROM above UNION ALL
  SELECT list, up, code, FALSE FROM above) GROUP BY ALL),
stated(wave) AS ({stated}),
moment(wave) AS (FROM stated UNION ALL SELECT '' WHERE NOT EXISTS (FROM stated)),
need AS ({needs}),
supply AS ({supplies}),
cell AS (SELECT DISTINCT {_CELL} FROM need WHERE _mapped),
pair AS (SELECT c.*, s._id, s._key, s._organisation_id, s._capacity, s._users, s._document, s._place, s._quote,
  {covers} AS _covers
  FROM cell c{joins}
  JOIN supply s ON s._wave = c._wave AND s._mapped AND {reached}),
answer AS (SELECT *, CASE WHEN _bodies > 1 THEN 'overlap' WHEN _services > 0 THEN 'covered'
  WHEN _partial > 0 THEN 'partial' ELSE 'gap' END AS _state FROM (SELECT {_CELL},
  count(*) FILTER (_covers) AS _services, count(*) FILTER (NOT _covers) AS _partial,
  count(DISTINCT _organisation_id) FILTER (_covers) AS _bodies,
  sum(_capacity) FILTER (_covers) AS _capacity, sum(_users) FILTER (_covers) AS _users
  FROM cell LEFT JOIN pair USING ({_CELL}) GROUP BY ALL))
"""


def _reach() -> tuple[str, str, str]:
    """Write the joins of a cell with what is related to each of its codes, and when supply reaches or covers it."""
    joins, reached, covers = "", [], []
    for index, name in enumerate(CELL):
        related = f"r{index}"
        joins += f"\n  JOIN related {related}"
        joins += f" ON {related}.list = {literal(name)} AND {related}.need = c.{name}"
        reached.append(f"s.{name} = {related}.supply")
        covers.append(f"{related}.covers")
    return joins, " AND ".join(reached), " AND ".join(covers)


def cells_sql(programme: Programme, formula: TerritoryMap, need: Contract, waves: list[str]) -> str:
    """Write the query of all cells: those of needs, services that reach none of them, rows that have no place.

    Returns
    -------
    str
        Gives ``wave``, the columns of the cell, ``needs, voices, severity, services, partial_services, bodies,
        capacity, users, state, documents``.
    """
    relations = relations_sql(programme, formula, need, waves=waves)
    renamed = ", ".join(f"l._{name} AS {name}" for name in ("wave", *MATCH))
    same = " AND ".join(f"a.{name} = l.{name}" for name in ("_wave", *CELL))
    return f"""{relations},
reached AS (SELECT DISTINCT _wave, _key FROM pair),
line AS (
  SELECT {_CELL}, 'need' AS part, CASE WHEN _mapped THEN 'need' ELSE 'unmapped' END AS kind, _id, _organisation_id,
    _voices, _severity, _capacity, _users, _document, _place, _quote FROM need UNION ALL
  SELECT {_CELL}, CASE WHEN _covers THEN 'service' ELSE 'partial_service' END, 'need', _id, _organisation_id,
    NULL, NULL, _capacity, _users, _document, _place, _quote FROM pair UNION ALL
  SELECT {_CELL}, 'service', CASE WHEN _mapped THEN 'supply_only' ELSE 'unmapped' END, _id, _organisation_id,
    NULL, NULL, _capacity, _users, _document, _place, _quote FROM supply
    WHERE NOT _mapped OR (_wave, _key) NOT IN (FROM reached)),
summed AS (SELECT {_CELL}, kind, count(*) FILTER (part = 'need') AS needs, sum(_voices) AS voices,
  max(_severity) AS severity, count(*) FILTER (part = 'service') AS services,
  count(*) FILTER (part = 'partial_service') AS partial_services,
  count(DISTINCT _organisation_id) FILTER (part = 'service') AS bodies,
  sum(_capacity) FILTER (part = 'service') AS capacity, sum(_users) FILTER (part = 'service') AS users,
  to_json(list({_DOCUMENT} ORDER BY part, _id)) AS documents FROM line GROUP BY ALL)
SELECT l.* EXCLUDE ({_CELL}, kind), {renamed},
  CASE WHEN kind = 'need' THEN a._state ELSE kind END AS state
  FROM summed l LEFT JOIN answer a ON {same} ORDER BY ALL"""


def _codes(programme: Programme, formula: TerritoryMap, need: Contract) -> str:
    """Write the codelists of the matched columns as rows; a column that is not matched has the one code ''."""
    rows: list[str] = []
    for name in formula.match:
        codelist = programme.codelists[need.columns[name].codelist or ""]
        rows += [_values(f"_{name}", item.code, item.parent) for item in codelist.codes]
    rows += [_values(f"_{name}", "", None) for name in MATCH if name not in formula.match]
    return f"VALUES {', '.join(rows)}"


def _values(*values: str | None) -> str:
    """Write a row of values."""
    return f"({', '.join(map(literal, values))})"


def _wave(contract: Contract) -> str:
    column = wave_column(contract)
    return as_text(column) if column else "CAST(NULL AS VARCHAR)"


def _listed(wave_ids: Sequence[str]) -> str:
    return f"({', '.join(literal(wave) for wave in wave_ids) or 'NULL'})"


def _stated(
    programme: str, sides: Sequence[tuple[Contract, str]], wave_ids: Sequence[str], waves: Sequence[str]
) -> str:
    """Write the waves at which there is anything to tell: those in the rows, and those asked for."""
    queries = [f"SELECT {literal(wave)}" for wave in dict.fromkeys(waves)]
    declared = _listed(wave_ids)
    for side, where in sides:
        wave, table = _wave(side), ident(programme, side.id)
        queries.append(f"SELECT {wave} FROM {table} WHERE {where} AND {wave} IN {declared}")
    return " UNION ".join(queries)


def _rows(programme: str, contract: Contract, formula: TerritoryMap, where: str, wave_ids: Sequence[str]) -> str:
    """Write the rows of one side, once for each wave they hold at: their own, or all where they name none.

    A row of a wave that the programme does not have could belong to any: it is kept at all of them, unmapped.
    """
    unknown = "_at IS NOT NULL"
    if wave_ids:
        unknown += f" AND _at NOT IN {_listed(wave_ids)}"
    codes = [f"code.list = {literal('_' + name)} AND code.code = v._{name}" for name in MATCH]
    mapped = " AND ".join(f"EXISTS (FROM code WHERE {code})" for code in codes)
    columns, table = ", ".join(_own_columns(contract, formula)), ident(programme, contract.id)
    return f"""SELECT v.*, m.wave AS _wave FROM (
  SELECT *, NOT ({unknown}) AND {mapped} AS _mapped, {unknown} AS _unknown FROM (
  SELECT *, {columns} FROM {table} WHERE {where}) v) v
  JOIN moment m ON v._at IS NULL OR v._at = m.wave OR v._unknown"""


def _own_columns(contract: Contract, formula: TerritoryMap) -> Iterator[str]:
    """Write the engine's own columns of a row: its key, its wave, its cell, and what stands beside it."""
    key = ", ".join(map(as_text, contract.key))
    yield f"concat_ws(' ', {key}) AS _id"
    yield f"concat_ws(chr(31), {key}) AS _key"
    yield f"{_wave(contract)} AS _at"
    for column in MATCH:
        code = as_text(column) if column in formula.match else "''"
        yield f"{code} AS _{column}"
    for name in _TEXTS:
        yield f"CAST({_column_or_null(contract, name)} AS VARCHAR) AS _{name}"
    for name in _NUMBERS:
        yield f"CAST({_column_or_null(contract, name)} AS DOUBLE) AS _{name}"


def _column_or_null(contract: Contract, name: str) -> str:
    return ident(name) if name in contract.columns else "NULL"


def named_waves(indicator: Indicator) -> list[str]:
    """Return the waves at which an indicator is looked at."""
    waves = [indicator.ex_post.wave]
    if indicator.ex_ante.baseline:
        waves.insert(0, indicator.ex_ante.baseline.wave)
    return [wave for wave in waves if wave]


def map_query(formula: TerritoryMap, rows: PublishedRows) -> str:
    """Write a query that anyone can run on the database to get the programme-wide value of each wave."""
    where, waves = f"({rows.where})", named_waves(rows.indicator)
    relations = relations_sql(rows.programme, formula, rows.contract, where=where, waves=waves)
    states = ", ".join(map(literal, STATES[formula.measure]))
    test = f"_state IN ({states})"
    if formula.weight is not None:
        return relations + _weighted_sql(f"_{formula.weight}", test)
    value = f"count(*) FILTER ({test})"
    if formula.measure == "coverage":
        value += " / count(*)"
    return f"{relations}SELECT _wave AS wave, {value} AS value, count(*) AS n FROM answer GROUP BY _wave ORDER BY wave"


def _weighted_sql(weight: str, test: str) -> str:
    """Write the share of the needs' weight that lies in cells which pass a test."""
    covered = f"coalesce(sum({weight}) FILTER ({test} AND {weight} >= 0), 0)"
    total = f"nullif(sum({weight}) FILTER ({weight} >= 0), 0)"
    return (
        f"SELECT _wave AS wave, {covered} / {total} AS value, count(DISTINCT ({_CELL})) AS n"
        f" FROM need JOIN answer USING ({_CELL}) WHERE _mapped GROUP BY _wave ORDER BY wave"
    )
