"""Which cells nobody but the holder of the database may see: tables of one run are looked at together.

What adds up is put into tables (:class:`_Cells`): a variable in one wave, the rows behind all variables, what effects
were estimated from. A cell that is hidden in one of them is hidden in all that are of the same rows, and of some of
them, until none hides more. The rules within one table are those of :mod:`impact.statistics.suppression`;
:mod:`impact.publish.disclosure` asks for the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import duckdb
import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.designs.base import Design
from impact.designs.kind import Counts
from impact.designs.registry import design_kind
from impact.formulas.kind import Behind
from impact.formulas.limits import Limits
from impact.formulas.registry import kind_of
from impact.measure.formula import arm_sql, ratio_sql
from impact.measure.persons import counts_persons, person_counts
from impact.publish.beside import ANSWERED, WAVE, Whole
from impact.publish.counted import Counted, counted_cells
from impact.publish.limits import known_limits
from impact.publish.totals import EFFECT, Above, Contents, Key, cell_table
from impact.states import Reason
from impact.statistics.suppression import Table, suppress
from impact.tables.part import COLUMNS, cut_columns, part_codes

CELL = ["programme", "indicator", "arm", *COLUMNS, "wave"]
Slot = tuple[str, ...]
"""Of which rows: contract, conditions, wave; and for what."""
PLAIN = 3
"""Length of the slot of all that have a row in a wave."""


class Hidden(NamedTuple):
    """A published cell that is hidden, and why."""

    indicator: Indicator
    cell: Counted
    reason: Reason


Place = tuple[Slot, str]
"""A table: its rows and what is counted of them; ``ROWS`` is the rows themselves."""
ROWS = ""
Known = Mapping[Place, set[Key]]


@dataclass(frozen=True)
class _Cells:
    """Cells that add up, with those of other tables that hide them.

    Parameters
    ----------
    place
        Whose cells they are.
    table
        Counts, values, totals.
    keys
        Of the cells that readers see, the first of the table.
    near
        Keys whose cells are the rows of their slot, but for fewer than the minimum: the two are hidden together.
    after
        Tables that count these rows and others: what is hidden there is hidden here.
    arms
        What defines the arms that an effect compares: it is hidden where either is.
    """

    place: Place
    table: Table
    keys: Sequence[Key]
    near: frozenset[Key] = frozenset()
    after: Sequence[Place] = ()
    arms: str | None = None

    def start(self, hidden: Known) -> frozenset[Key]:
        """Return which cells are hidden already, here or where they come from."""
        own, rows = hidden.get(self.place, set()), hidden.get((self.place[0], ROWS), set())
        known = own | (rows & self.near) | {key for place in self.after for key in hidden.get(place, ())}
        if self.arms is not None:
            known |= {(EFFECT, *key[1:]) for key in known if key[0].partition(" ")[2] in ("", self.arms)}
        return frozenset(known & set(self.keys))

    def further(self, start: frozenset[Key], minimum: int) -> set[Key]:
        """Return what is hidden if these cells are."""
        padding = [False] * (len(self.table.counts) - len(self.keys))
        off = suppress(self.table, minimum, np.array([*(key in start for key in self.keys), *padding], dtype=bool))
        return self.named(off)

    def named(self, off: np.ndarray) -> set[Key]:
        """Return the keys of cells."""
        return {key for key, chosen in zip(self.keys, off, strict=False) if chosen}


def hidden_cells(programme: Programme, connection: duckdb.DuckDBPyConnection) -> tuple[list[Hidden], set[Whole]]:
    """Return the cells that may not leave, and the contracts and waves of which the whole may not.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with measures, parts, findings and memberships written.
    """
    own = [one for one in programme.indicators if programme.contracts[one.contract].person]
    frames = {one.id: _counted(programme, connection, one) for one in own}
    above: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for column, code, *upper in dict.fromkeys(
        place for one in own for place in _belonging(connection, programme.id, one)
    ):
        above.setdefault((column, code), []).append((upper[0], upper[1]))
    return decide(programme, frames, above, known_limits(programme, connection, own))


def decide(
    programme: Programme, frames: Mapping[str, pd.DataFrame], above: Above, limits: Mapping[str, Limits]
) -> tuple[list[Hidden], set[Whole]]:
    """Decide what is hidden; pure.

    Parameters
    ----------
    programme
        As declared.
    frames
        Of each indicator of persons: a row per cell, with :data:`CELL`, ``n``, ``n_missing``, ``value``,
        ``std_error`` and ``persons``, how many different ones stand behind it.
    above
        What each column and code belongs to.
    limits
        Of the value of a row of each indicator.

    Returns
    -------
    tuple
        As :func:`hidden_cells`.
    """
    own = [one for one in programme.indicators if one.id in frames]
    rows = {one.id: counted_cells(one, frames[one.id]) for one in own}
    minimum = programme.header.disclosure.minimum
    hidden, few = _settled(list(_tables(programme, own, rows, above, limits)), minimum)
    found = [each for one in own for each in _of_indicator(programme, one, rows[one.id], hidden, few)]
    return found, set(_wholes(found, hidden, minimum))


def _wholes(found: Sequence[Hidden], hidden: Known, minimum: int) -> Iterator[Whole]:
    """Yield the contracts and waves of which all rows are hidden, or all that have a value of some variable."""
    for (slot, what), keys in hidden.items():
        if what == ROWS and len(slot) == PLAIN and not slot[1] and any(not column for _, column, _ in keys):
            yield slot[0], slot[2], WAVE
    for one, cell, _ in found:
        if cell.arm != EFFECT and cell.part.is_whole and not one.where and cell.n >= minimum:
            yield one.contract, cell.wave, ANSWERED


def _of_indicator(
    programme: Programme, one: Indicator, cells: Sequence[Counted], hidden: Known, few: Known
) -> Iterator[Hidden]:
    """Yield the hidden cells of an indicator.

    Where nothing of a wave is shown, it is not told which cells are few: their number could be all that remains.
    """
    places = [(_place(programme, one, cell.arm, cell.wave), _key(one, cell)) for cell in cells]
    off = [key in hidden.get(place, ()) for place, key in places]
    shown = {place for (place, _), hide, cell in zip(places, off, cells, strict=True) if not hide and cell.n}
    for (place, key), hide, cell in zip(places, off, cells, strict=True):
        if hide:
            reason = Reason.FEW if key in few[place] or place not in shown else Reason.COMPLEMENT
            yield Hidden(one, cell, reason)


def _settled(tables: Sequence[_Cells], minimum: int) -> tuple[Known, Known]:
    """Return what is hidden in each table once none asks for more, and which of it few stand behind."""
    hidden = defaultdict[Place, set[Key]](set)
    few = defaultdict[Place, set[Key]](set)
    for each in tables:
        few[each.place] |= each.named(each.table.few(minimum))
        few[each.place[0], ROWS] |= few[each.place] & each.near
    for each in tables:
        few[each.place] |= few[each.place[0], ROWS] & each.near
    looked_at: dict[Place, frozenset[Key]] = {}
    todo = True
    while todo:
        todo = False
        for each in tables:
            start = each.start(hidden)
            if looked_at.get(each.place) != start:
                found = each.further(start, minimum)
                hidden[each.place] |= found
                hidden[each.place[0], ROWS] |= found & each.near
                looked_at[each.place] = each.start(hidden)
                todo = True
    return hidden, few


# ---- the tables ------------------------------------------------------------------------------------------------------


def _tables(
    programme: Programme,
    own: Sequence[Indicator],
    found: Mapping[str, Sequence[Counted]],
    above: Above,
    limits: Mapping[str, Limits],
) -> Iterator[_Cells]:
    """Yield a table per slot and variable, and one of the rows behind all variables of a slot."""
    slots: dict[Slot, dict[str, dict[Key, Counted]]] = {}
    readers: dict[Place, Indicator] = {}
    for indicator in own:
        for cell in found[indicator.id]:
            slot, variable = _place(programme, indicator, cell.arm, cell.wave)
            slots.setdefault(slot, {}).setdefault(variable, {}).setdefault(_key(indicator, cell), cell)
            readers.setdefault((slot, variable), indicator)
    minimum = programme.header.disclosure.minimum
    for slot, variables in slots.items():
        effects = slot[-1] == EFFECT
        wider = [(other, ROWS) for other in slots if _holds_more(other, slot)]
        for variable, cells in variables.items():
            one = readers[slot, variable]
            contents = _contents(one, cells, limits[one.id])
            table = _add_up(cells, [cell.n for cell in cells.values()], above, contents)
            near = frozenset(key for key, cell in cells.items() if cell.rows - cell.n < minimum and not effects)
            after = [*wider, *_comes_from(programme, one, slot)]
            yield _Cells((slot, variable), table, list(cells), near, after, _arms(one) if effects else None)
        if not effects:
            rows = {key: cell for cells in variables.values() for key, cell in cells.items()}
            most = {key: max(cells[key].people for cells in variables.values() if key in cells) for key in rows}
            counted = {key: replace(cell, persons=most[key]) for key, cell in rows.items()}
            table = _add_up(counted, [cell.rows for cell in counted.values()], above, None)
            yield _Cells((slot, ROWS), table, list(rows), after=wider)


def _holds_more(other: Slot, slot: Slot) -> bool:
    """Tell whether a slot is of the same contract and wave with fewer conditions: then it holds all rows and more."""
    same = other[0] == slot[0] and other[2:] == slot[2:]
    return same and set(other[1].split("\n")) - {""} < set(slot[1].split("\n"))


def _add_up(cells: Mapping[Key, Counted], counts: Sequence[int], above: Above, contents: Contents | None) -> Table:
    return cell_table(list(cells), counts, [cell.persons for cell in cells.values()], above, contents)


def _belonging(
    connection: duckdb.DuckDBPyConnection, programme: str, indicator: Indicator
) -> list[tuple[str, str, str, str]]:
    """Return what the codes of an indicator belong to: those above them, and those of other columns that cut it too.

    A code that belongs to several codes of another column adds up to none of them.
    """
    cuts = [*indicator.scope, *indicator.by]
    return connection.execute(
        'SELECT "column", code, "column", parent FROM impact.part WHERE programme = $1 AND indicator = $2'
        " AND parent IS NOT NULL UNION ALL"
        ' SELECT "column", code, "by", any_value("of") FROM impact.membership WHERE programme = $1 AND "column" <> "by"'
        ' AND list_contains($3::VARCHAR[], "column") AND list_contains($3::VARCHAR[], "by") GROUP BY ALL'
        ' HAVING count(DISTINCT "of") = 1 ORDER BY ALL',
        [programme, indicator.id, cuts],
    ).fetchall()


# ---- cells of an indicator -------------------------------------------------------------------------------------------


def _counted(programme: Programme, connection: duckdb.DuckDBPyConnection, indicator: Indicator) -> pd.DataFrame:
    """Return what is counted of an indicator: rows behind its values, and those its effects were estimated from."""
    measured = connection.execute(
        "SELECT * FROM impact.measure WHERE programme = $1 AND indicator = $2 UNION ALL BY NAME"
        ' SELECT programme, indicator, $3 AS arm, scope, scope_value, "group", group_value, $4 AS wave, n_obs AS n'
        " FROM impact.finding WHERE programme = $1 AND indicator = $2 AND n_obs IS NOT NULL AND NOT $5"
        ' ORDER BY wave, arm, scope, "group", scope_value, group_value',
        [programme.id, indicator.id, EFFECT, indicator.ex_post.wave or "", of_series(indicator)],
    ).df()
    # a part that fell silent tells how many are awaited there
    behind = measured["n"].where(measured["n"] > 0, measured["units_expected"].fillna(0)).astype("int64")
    cells = measured[[*CELL, "n", "n_missing", "value", "std_error"]].assign(persons=behind)
    cells["n_missing"] = cells["n_missing"].fillna(0).astype("int64")
    contract = programme.contracts[indicator.contract]
    if not counts_persons(indicator, contract):
        counted = person_counts(connection, programme.id, contract, indicator)
        places = zip(cells["arm"], cells["wave"], cut_columns(cells), part_codes(cells), strict=True)
        cells["persons"] = [counted.get(place, n) for place, n in zip(places, cells["n"], strict=True)]
    persons = cells["persons"].where(cells["arm"] != EFFECT, -(-cells["n"] // waves_of(programme, indicator)))
    return cells.assign(persons=persons.astype("int64"))


def waves_of(programme: Programme, indicator: Indicator) -> int:
    """Return in how many waves one person may count among the observations of an effect."""
    waves = {Counts.BOTH_WAVES: 2, Counts.EVERY_WAVE: max(len(programme.header.waves), 1)}
    return waves.get(_counts(indicator), 1)


def of_series(indicator: Indicator) -> bool:
    """Tell whether an effect counts units and waves."""
    return _counts(indicator) is Counts.SERIES


def _counts(indicator: Indicator) -> Counts:
    design = indicator.ex_post.design
    return design_kind(design).counts if design else Counts.PERSONS


def _key(indicator: Indicator, cell: Counted) -> Key:
    arm = f"{cell.arm} {_arms(indicator)}" if cell.arm not in ("", EFFECT) else cell.arm
    return arm, cell.part.column, cell.part.code


def _arms(indicator: Indicator) -> str:
    return arm_sql(indicator.ex_post.design) or ""


def _place(programme: Programme, indicator: Indicator, arm: str, wave: str) -> Place:
    """Return the table that the cells of an indicator stand in."""
    return _slot(programme, indicator, arm, wave), _variable(programme, indicator, arm)


def _slot(programme: Programme, indicator: Indicator, arm: str, wave: str) -> Slot:
    """Return of which rows a cell is: all tables of these rows hide the same parts."""
    contract, conditions = indicator.contract, "\n".join(sorted(each.model_dump_json() for each in indicator.where))
    if kind_of(indicator.formula).behind is Behind.OTHER:
        return contract, conditions, wave, indicator.id
    if arm == EFFECT:
        design = cast("Design", indicator.ex_post.design).model_dump_json()
        return contract, conditions, wave, _since(programme, indicator), design, EFFECT
    since = indicator.formula.followed_since
    return (contract, conditions, wave) if since is None else (contract, conditions, wave, since, "linked")


def _since(programme: Programme, indicator: Indicator) -> str:
    baseline = indicator.ex_ante.baseline
    return (baseline.wave if baseline else None) or ""


def _comes_from(programme: Programme, indicator: Indicator, slot: Slot) -> list[Place]:
    """Return the tables that hold the rows of those who are followed, in each wave."""
    if slot[-1] == "linked":
        return [((*slot[:2], slot[3]), ROWS), (slot[:3], ROWS)]
    if slot[-1] == EFFECT:
        both = [_place(programme, indicator, "", wave) for wave in (slot[2], slot[3])]
        return [*both, *((each, ROWS) for each, _ in both)]
    return []


def _variable(programme: Programme, indicator: Indicator, arm: str) -> str:
    """Name what is counted and summed: the same in indicators that say it differently, as a mean and a total do."""
    behind, weight = kind_of(indicator.formula).behind, indicator.sample.weight
    if arm == EFFECT or behind is Behind.OTHER:
        return indicator.id
    apart = indicator.formula.kind if weight or behind is Behind.ROWS else ""
    return "\n".join((*ratio_sql(indicator, programme.contracts[indicator.contract]), weight or "", apart))


def _contents(indicator: Indicator, cells: Mapping[Key, Counted], limits: Limits) -> Contents | None:
    """Return what the rows of cells come to; None where values do not add up, or one is not there."""
    totals = np.array([cell.total for cell in cells.values()])
    levels = np.array([cell.level for cell in cells.values()])
    if np.isnan(totals).any():
        return None
    whole = kind_of(indicator.formula).share and not indicator.sample.weight
    return Contents((np.round(totals) if whole else totals).tolist(), levels.tolist(), limits, whole)
