"""Which cells nobody but the holder of the database may see: tables of one run are looked at together.

What adds up is put into tables (:class:`_Cells`): a variable in one wave, the rows behind all variables, what effects
were estimated from. A cell that is hidden in one of them is hidden in all that are of the same rows, and of some of
them, until none hides more. The rules within one table are those of :mod:`impact.statistics.suppression`;
:mod:`impact.publish.disclosure` asks for the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
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
from impact.publish.protect import CELL
from impact.publish.totals import EFFECT, Above, Contents, Key, cell_table
from impact.states import Reason
from impact.statistics.suppression import Table, suppress
from impact.tables.part import cut_columns, part_codes

Slot = tuple[str, ...]
"""Of which rows: contract, conditions, wave; and for what."""
PLAIN = 3
"""Length of the slot of all that have a row in a wave."""


class Hidden(NamedTuple):
    """A published cell that is hidden, and why."""

    indicator: Indicator
    cell: Counted
    reason: Reason


Tally = tuple[Slot, str]
"""A table: its rows and what is counted of them; ``ROWS`` is the rows themselves."""
ROWS = ""
HiddenKeys = Mapping[Tally, set[Key]]


@dataclass(frozen=True)
class _Cells:
    """Cells that add up, with those of other tables that hide them.

    Parameters
    ----------
    tally
        Whose cells they are.
    table
        Counts, values, totals.
    keys
        Of the cells that readers see, the first of the table.
    near
        Keys whose cells are the rows of their slot, but for fewer than the minimum: the two are hidden together.
    wider
        Tables that count these rows and others: what is hidden there is hidden here.
    arms
        What defines the arms that an effect compares: it is hidden where either is.
    """

    tally: Tally
    table: Table
    keys: Sequence[Key]
    near: frozenset[Key] = frozenset()
    wider: Sequence[Tally] = ()
    arms: str | None = None

    @property
    def rows(self) -> Tally:
        """The table of the rows behind all that is counted of the slot."""
        return self.tally[0], ROWS

    def start(self, hidden: HiddenKeys) -> frozenset[Key]:
        """Return which cells are hidden already, here or where they come from."""
        keys = hidden.get(self.rows, set()) & self.near
        for tally in (self.tally, *self.wider):
            keys |= hidden.get(tally, set())
        if self.arms is not None:
            of_effect = set(_effect_keys(keys, self.arms))
            keys |= of_effect
        return frozenset(keys.intersection(self.keys))

    def further(self, start: frozenset[Key], minimum: int) -> set[Key]:
        """Return what is hidden if these cells are."""
        already = np.zeros(len(self.table.counts), dtype=bool)
        already[: len(self.keys)] = [key in start for key in self.keys]
        off = suppress(self.table, minimum, already)
        return self.keys_of(off)

    def keys_of(self, off: np.ndarray) -> set[Key]:
        """Return the keys of the cells that are chosen."""
        return {key for key, chosen in zip(self.keys, off, strict=False) if chosen}


def _effect_keys(keys: Collection[Key], arms: str) -> Iterator[Key]:
    """Yield the cells of an effect between arms of which a cell, or the same one of all arms, is hidden."""
    for arm, column, code in keys:
        _, _, defined_by = arm.partition(" ")
        if defined_by in ("", arms):
            yield EFFECT, column, code


def hidden_cells(programme: Programme, connection: duckdb.DuckDBPyConnection) -> tuple[list[Hidden], set[Whole]]:
    """Return the cells that may not leave, and the contracts and waves of which the whole may not.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with measures, parts, findings and memberships written.
    """
    of_rows = [indicator for indicator in programme.indicators if not indicator.formula.indicators()]
    indicators = [indicator for indicator in of_rows if programme.contracts[indicator.contract].person]
    frames = {indicator.id: _counted(programme, connection, indicator) for indicator in indicators}
    above = what_codes_belong_to(programme, connection, indicators)
    limits = known_limits(programme, connection, indicators)
    return decide(programme, frames, above, limits)


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
    indicators = [indicator for indicator in programme.indicators if indicator.id in frames]
    cells = {indicator.id: counted_cells(indicator, frames[indicator.id]) for indicator in indicators}
    minimum = programme.header.disclosure.minimum
    tables = list(_tables(programme, indicators, cells, above, limits))
    hidden, few = _settled(tables, minimum)
    unpublished: list[Hidden] = []
    for indicator in indicators:
        unpublished += _of_indicator(programme, indicator, cells[indicator.id], hidden, few)
    return unpublished, set(_wholes(unpublished, hidden, minimum))


def _wholes(unpublished: Sequence[Hidden], hidden: HiddenKeys, minimum: int) -> Iterator[Whole]:
    """Yield the contracts and waves of which all rows are hidden, or all that have a value of some variable."""
    for (slot, variable), keys in hidden.items():
        contract, conditions, wave = slot[:PLAIN]
        is_plain = variable == ROWS and len(slot) == PLAIN and not conditions
        if is_plain and any(not column for _, column, _ in keys):
            yield contract, wave, WAVE
    for indicator, cell, _ in unpublished:
        of_all_rows = cell.arm != EFFECT and cell.part.is_whole and not indicator.where
        if of_all_rows and cell.n >= minimum:
            yield indicator.contract, cell.wave, ANSWERED


def _of_indicator(
    programme: Programme, indicator: Indicator, cells: Sequence[Counted], hidden: HiddenKeys, few: HiddenKeys
) -> Iterator[Hidden]:
    """Yield the hidden cells of an indicator.

    Where nothing of a wave is shown, it is not told which cells are few: their number could be all that remains.
    """
    tallies = [_tally(programme, indicator, cell.arm, cell.wave) for cell in cells]
    keyed = [(tally, _key(indicator, cell), cell) for tally, cell in zip(tallies, cells, strict=True)]
    visible = {tally for tally, key, cell in keyed if cell.n and key not in hidden.get(tally, ())}
    for tally, key, cell in keyed:
        if key in hidden.get(tally, ()):
            is_few = key in few[tally] or tally not in visible
            yield Hidden(indicator, cell, Reason.FEW if is_few else Reason.COMPLEMENT)


def _settled(tables: Sequence[_Cells], minimum: int) -> tuple[HiddenKeys, HiddenKeys]:
    """Return what is hidden in each table once none asks for more, and which of it few stand behind."""
    few = _few_keys(tables, minimum)
    hidden = defaultdict[Tally, set[Key]](set)
    looked_at: dict[Tally, frozenset[Key]] = {}
    todo = True
    while todo:
        todo = False
        for cells in tables:
            start = cells.start(hidden)
            if looked_at.get(cells.tally) != start:
                keys = cells.further(start, minimum)
                hidden[cells.tally] |= keys
                hidden[cells.rows] |= keys & cells.near
                looked_at[cells.tally] = cells.start(hidden)
                todo = True
    return hidden, few


def _few_keys(tables: Sequence[_Cells], minimum: int) -> HiddenKeys:
    """Return the cells of each table that few stand behind, themselves or the rows that they are nearly all of."""
    few = defaultdict[Tally, set[Key]](set)
    for cells in tables:
        off = cells.table.few(minimum)
        few[cells.tally] |= cells.keys_of(off)
        few[cells.rows] |= few[cells.tally] & cells.near
    for cells in tables:
        few[cells.tally] |= few[cells.rows] & cells.near
    return few


# ---- the tables ------------------------------------------------------------------------------------------------------


def _tables(
    programme: Programme,
    indicators: Sequence[Indicator],
    counted: Mapping[str, Sequence[Counted]],
    above: Above,
    limits: Mapping[str, Limits],
) -> Iterator[_Cells]:
    """Yield a table per slot and variable, and one of the rows behind all variables of a slot."""
    slots: dict[Slot, dict[str, dict[Key, Counted]]] = {}
    readers: dict[Tally, Indicator] = {}
    for indicator in indicators:
        for cell in counted[indicator.id]:
            slot, variable = _tally(programme, indicator, cell.arm, cell.wave)
            cells = slots.setdefault(slot, {}).setdefault(variable, {})
            cells.setdefault(_key(indicator, cell), cell)
            readers.setdefault((slot, variable), indicator)
    minimum = programme.header.disclosure.minimum
    for slot, variables in slots.items():
        wider = [(more, ROWS) for more in slots if _holds_more(more, slot)]
        for variable, cells in variables.items():
            indicator = readers[slot, variable]
            contents = _contents(indicator, cells, limits[indicator.id])
            table = _add_up(cells, [cell.n for cell in cells.values()], above, contents)
            sources = _comes_from(programme, indicator, slot)
            summed = _Cells((slot, variable), table, list(cells), wider=[*wider, *sources])
            if slot[-1] == EFFECT:
                yield replace(summed, arms=_arms(indicator))
            else:
                yield replace(summed, near=_near(cells, minimum))
        if slot[-1] != EFFECT:
            yield _row_cells(slot, list(variables.values()), above, wider)


def _near(cells: Mapping[Key, Counted], minimum: int) -> frozenset[Key]:
    """Return the cells that few rows lack a value of."""
    return frozenset(key for key, cell in cells.items() if cell.rows - cell.n < minimum)


def _row_cells(slot: Slot, variables: Sequence[Mapping[Key, Counted]], above: Above, wider: Sequence[Tally]) -> _Cells:
    """Return the table of the rows behind all variables of a slot, with the most persons that any of them knows."""
    rows: dict[Key, Counted] = {}
    people: dict[Key, int] = {}
    for cells in variables:
        for key, cell in cells.items():
            rows[key] = cell
            people[key] = max(cell.people, people.get(key, 0))
    counted = {key: replace(cell, persons=people[key]) for key, cell in rows.items()}
    table = _add_up(counted, [cell.rows for cell in counted.values()], above, None)
    return _Cells((slot, ROWS), table, list(rows), wider=wider)


def _holds_more(other: Slot, slot: Slot) -> bool:
    """Tell whether a slot is of the same contract and wave with fewer conditions: then it holds all rows and more."""
    if other[0] != slot[0] or other[2:] != slot[2:]:
        return False
    fewer, conditions = set(other[1].split("\n")), set(slot[1].split("\n"))
    return fewer - {""} < conditions


def _add_up(cells: Mapping[Key, Counted], counts: Sequence[int], above: Above, contents: Contents | None) -> Table:
    persons = [cell.persons for cell in cells.values()]
    return cell_table(list(cells), counts, persons, above, contents)


def what_codes_belong_to(
    programme: Programme, connection: duckdb.DuckDBPyConnection, indicators: Sequence[Indicator]
) -> Above:
    """Return what each column and code of some indicators belongs to."""
    belonging: dict[tuple[str, str, str, str], None] = {}
    for indicator in indicators:
        belonging |= dict.fromkeys(_belonging(connection, programme.id, indicator))
    above: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for column, code, upper_column, upper_code in belonging:
        uppers = above.setdefault((column, code), [])
        uppers.append((upper_column, upper_code))
    return above


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
    wave = indicator.ex_post.wave or ""
    parameters = [programme.id, indicator.id, EFFECT, wave, of_series(indicator)]
    measured = connection.execute(_MEASURED, parameters).df()
    # a part that fell silent tells how many are awaited there
    awaited = measured["units_expected"].fillna(0)
    persons = measured["n"].where(measured["n"] > 0, awaited).astype("int64")
    missing = measured["n_missing"].fillna(0).astype("int64")
    cells = measured[[*CELL, "n", "value", "std_error"]].assign(n_missing=missing, persons=persons)
    contract = programme.contracts[indicator.contract]
    if not counts_persons(indicator, contract):
        counts = person_counts(connection, programme.id, contract, indicator)
        keys = zip(cells["arm"], cells["wave"], cut_columns(cells), part_codes(cells), strict=True)
        cells["persons"] = [counts.get(key, n) for key, n in zip(keys, cells["n"], strict=True)]
    behind_effect = -(-cells["n"] // waves_of(programme, indicator))  # rounded up
    persons = cells["persons"].where(cells["arm"] != EFFECT, behind_effect)
    return cells.assign(persons=persons.astype("int64"))


_MEASURED = """SELECT * FROM impact.measure WHERE programme = $1 AND indicator = $2 UNION ALL BY NAME
SELECT programme, indicator, $3 AS arm, scope, scope_value, "group", group_value, $4 AS wave, n_obs AS n
FROM impact.finding WHERE programme = $1 AND indicator = $2 AND n_obs IS NOT NULL AND NOT $5
ORDER BY wave, arm, scope, "group", scope_value, group_value"""
"""Cells with what is measured, and those that effects were estimated from."""


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


def _tally(programme: Programme, indicator: Indicator, arm: str, wave: str) -> Tally:
    """Return the table that the cells of an indicator stand in."""
    return _slot(indicator, arm, wave), _variable(programme, indicator, arm)


def _slot(indicator: Indicator, arm: str, wave: str) -> Slot:
    """Return of which rows a cell is: all tables of these rows hide the same parts."""
    conditions = sorted(condition.model_dump_json() for condition in indicator.where)
    rows = (indicator.contract, "\n".join(conditions), wave)
    formula = indicator.formula
    if kind_of(formula).behind is Behind.OTHER:
        return *rows, indicator.id
    if arm == EFFECT:
        design = cast("Design", indicator.ex_post.design)
        return *rows, _since(indicator), design.model_dump_json(), EFFECT
    since = formula.followed_since
    return rows if since is None else (*rows, since, "linked")


def _since(indicator: Indicator) -> str:
    baseline = indicator.ex_ante.baseline
    return (baseline.wave if baseline else None) or ""


def _comes_from(programme: Programme, indicator: Indicator, slot: Slot) -> list[Tally]:
    """Return the tables that hold the rows of those who are followed, in each wave."""
    contract, conditions, wave, *further = slot
    if slot[-1] == "linked":
        since, *_ = further
        return [((contract, conditions, since), ROWS), ((contract, conditions, wave), ROWS)]
    if slot[-1] != EFFECT:
        return []
    since, *_ = further
    tallies = [_tally(programme, indicator, "", day) for day in (wave, since)]
    rows = [(rows_slot, ROWS) for rows_slot, _ in tallies]
    return tallies + rows


def _variable(programme: Programme, indicator: Indicator, arm: str) -> str:
    """Name what is counted and summed: the same in indicators that say it differently, as a mean and a total do."""
    behind = kind_of(indicator.formula).behind
    if arm == EFFECT or behind is Behind.OTHER:
        return indicator.id
    contract = programme.contracts[indicator.contract]
    weight = indicator.sample.weight or ""
    apart = indicator.formula.kind if weight or behind is Behind.ROWS else ""
    summed = ratio_sql(indicator, contract)
    return "\n".join((*summed, weight, apart))


def _contents(indicator: Indicator, cells: Mapping[Key, Counted], limits: Limits) -> Contents | None:
    """Return what the rows of cells come to; None where values do not add up, or one is not there."""
    totals = np.array([cell.total for cell in cells.values()])
    if np.isnan(totals).any():
        return None
    levels = np.array([cell.level for cell in cells.values()])
    counts_rows = kind_of(indicator.formula).share and not indicator.sample.weight
    sums = np.round(totals) if counts_rows else totals
    return Contents(sums.tolist(), levels.tolist(), limits, counts_rows)
