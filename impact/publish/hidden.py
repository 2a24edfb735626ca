"""Which cells nobody but the holder of the database may see: tables of one run are looked at together.

What adds up is put into tables (:class:`_Cells`): a variable in one wave, the rows behind all variables, what effects
were estimated from. A cell that is hidden in one of them is hidden in all that are of the same rows, and of some of
them, until none hides more. The rules within one table are those of :mod:`impact.statistics.suppression`;
:mod:`impact.publish.disclosure` asks for the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.designs import Design
from impact.declare.indicators import Change, Indicator
from impact.measure.formula import arm_sql, parts_sql
from impact.measure.persons import Cell, counts_persons, person_counts
from impact.publish.limits import Limits, known_limits
from impact.publish.totals import EFFECT, Above, Contents, Key, cell_table
from impact.statistics.suppression import Table, suppress
from impact.store import Warehouse

PART = ["scope", "scope_value", "group", "group_value"]
CELL = ["programme", "indicator", "arm", *PART, "wave"]
REPEATED = ("did", "panel", "staggered")
"""Designs whose ``n_obs`` counts a person once for each wave."""
SERIES = ("interrupted_time_series", "synthetic_control")
"""Designs whose ``n_obs`` counts units and waves, not persons."""
OWN_ROWS = ("network", "territory_map")
"""Formulas that count no rows of their own contract."""
APART = ("count", "count_distinct", "quantile")
"""Formulas whose values are their counts, or do not add up."""
Slot = tuple[str, ...]
"""Of which rows: contract, conditions, wave; and for what."""


class Hidden(NamedTuple):
    """A published cell that is hidden: its row of the measures or of the effects, and why."""

    indicator: Indicator
    row: dict[str, Any]
    reason: str


@dataclass
class _Cells:
    """Cells that add up, with those of other tables that hide them.

    Parameters
    ----------
    slot
        Whose cells they are: tables of one slot hide the same.
    table
        Counts, values, totals.
    keys
        Of the cells that readers see, the first of the table.
    after
        Slots that count these rows and others: what is hidden there is hidden here.
    arms
        What defines the arms that an effect compares: it is hidden where either is.
    """

    slot: Slot
    table: Table
    keys: Sequence[Key]
    after: Sequence[Slot] = field(default_factory=tuple)
    arms: str | None = None

    def start(self, hidden: Mapping[Slot, set[Key]]) -> np.ndarray:
        """Return which cells are hidden already, here or where they come from."""
        known = {key for slot in (self.slot, *self.after) for key in hidden.get(slot, ())}
        if self.arms is not None:
            known |= {(EFFECT, *key[1:]) for key in known if key[0].partition(" ")[2] in ("", self.arms)}
        padding = [False] * (len(self.table.counts) - len(self.keys))
        return np.array([*(key in known for key in self.keys), *padding], dtype=bool)


def hidden_cells(programme: Programme, warehouse: Warehouse) -> tuple[list[Hidden], set[tuple[str, str]]]:
    """Return the cells that may not leave, and the contracts and waves of whose rows not even the number may.

    Parameters
    ----------
    programme
        As declared.
    warehouse
        In the run's transaction, with measures, parts, findings and memberships written.
    """
    own = [one for one in programme.indicators if programme.contracts[one.contract].person]
    frames = {one.id: _counted(programme, warehouse, one) for one in own}
    above: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for column, code, *upper in dict.fromkeys(
        place for one in own for place in _belonging(warehouse, programme.id, one)
    ):
        above.setdefault((column, code), []).append((upper[0], upper[1]))
    return decide(programme, frames, above, known_limits(programme, warehouse, own))


def decide(
    programme: Programme, frames: Mapping[str, pd.DataFrame], above: Above, limits: Mapping[str, Limits]
) -> tuple[list[Hidden], set[tuple[str, str]]]:
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
    rows = {one.id: _records(_summed(one, frames[one.id])) for one in own}
    hidden, few = _settled(list(_tables(programme, own, rows, above, limits)), programme.header.disclosure.minimum)
    found = [
        Hidden(one, row, "few" if place in few else "complement")
        for one in own
        for row in rows[one.id]
        if (place := (_slot(programme, one, row), _key(one, row)))[1] in hidden.get(place[0], ())
    ]
    return found, {(slot[0], slot[2]) for slot, keys in hidden.items() if _of_all_rows(slot) and _has_whole(keys)}


def _of_all_rows(slot: Slot) -> bool:
    return len(slot) == 3 and not slot[1]


def _has_whole(keys: set[Key]) -> bool:
    return any(not column for _, column, _ in keys)


def _settled(tables: Sequence[_Cells], minimum: int) -> tuple[dict[Slot, set[Key]], set[tuple[Slot, Key]]]:
    """Return what is hidden in each slot once no table asks for more, and which of it few stand behind."""
    hidden: dict[Slot, set[Key]] = {}
    few = {
        (each.slot, key) for each in tables for key, off in zip(each.keys, each.table.few(minimum), strict=False) if off
    }
    todo = list(tables)
    while todo:
        grown = set[Slot]()
        for each in todo:
            off = suppress(each.table, minimum, each.start(hidden))
            keys = {key for key, hide in zip(each.keys, off, strict=False) if hide}
            if not keys <= hidden.get(each.slot, set()):
                hidden.setdefault(each.slot, set()).update(keys)
                grown.add(each.slot)
        todo = [each for each in tables if grown & {each.slot, *each.after}]
    return hidden, few


# ---- the tables ------------------------------------------------------------------------------------------------------


def _tables(
    programme: Programme,
    own: Sequence[Indicator],
    found: Mapping[str, list[dict[str, Any]]],
    above: Above,
    limits: Mapping[str, Limits],
) -> Iterator[_Cells]:
    """Yield a table per slot and variable, and one of the rows behind all variables of a slot."""
    slots: dict[Slot, dict[str, dict[Key, dict[str, Any]]]] = {}
    tied: dict[Slot, set[Slot]] = {}
    readers: dict[tuple[Slot, str], Indicator] = {}
    for indicator in own:
        for row in found[indicator.id]:
            slot, variable = _slot(programme, indicator, row), _variable(programme, indicator, row)
            slots.setdefault(slot, {}).setdefault(variable, {}).setdefault(_key(indicator, row), row)
            tied.setdefault(slot, set()).update(_comes_from(programme, indicator, row))
            readers.setdefault((slot, variable), indicator)
    for slot, variables in slots.items():
        after = [*tied[slot], *(other for other in slots if _holds_more(other, slot))]
        effects = slot[-1] == EFFECT
        for variable, cells in variables.items():
            one = readers[slot, variable]
            table = _add_up(cells, "n", above, _contents(one, cells, limits[one.id]))
            yield _Cells(slot, table, list(cells), after, _arms(one) if effects else None)
        if len(variables) > 1 and not effects:
            rows = {key: row for cells in variables.values() for key, row in cells.items()}
            yield _Cells(slot, _add_up(rows, "rows", above, None), list(rows), after)


def _holds_more(other: Slot, slot: Slot) -> bool:
    """Tell whether a slot is of the same contract and wave with fewer conditions: then it holds all rows and more."""
    same = other[0] == slot[0] and other[2:] == slot[2:]
    return same and set(other[1].split("\n")) - {""} < set(slot[1].split("\n"))


def _add_up(cells: Mapping[Key, Mapping[str, Any]], what: str, above: Above, contents: Contents | None) -> Table:
    rows = cells.values()
    return cell_table(list(cells), [row[what] for row in rows], [row["persons"] for row in rows], above, contents)


def _belonging(warehouse: Warehouse, programme: str, indicator: Indicator) -> list[tuple[str, str, str, str]]:
    """Return what the codes of an indicator belong to: those above them, and those of other columns that cut it too.

    A code that belongs to several codes of another column adds up to none of them.
    """
    cuts = [*indicator.scope, *indicator.by]
    return warehouse.rows(
        'SELECT "column", code, "column", parent FROM impact.part WHERE programme = $1 AND indicator = $2'
        " AND parent IS NOT NULL UNION ALL"
        ' SELECT "column", code, "by", any_value("of") FROM impact.membership WHERE programme = $1 AND "column" <> "by"'
        ' AND list_contains($3::VARCHAR[], "column") AND list_contains($3::VARCHAR[], "by") GROUP BY ALL'
        ' HAVING count(DISTINCT "of") = 1 ORDER BY ALL',
        [programme, indicator.id, cuts],
    )


# ---- cells of an indicator -------------------------------------------------------------------------------------------


def _counted(programme: Programme, warehouse: Warehouse, indicator: Indicator) -> pd.DataFrame:
    """Return what is counted of an indicator: rows behind its values, and those its effects were estimated from."""
    measured = warehouse.frame(
        "SELECT * FROM impact.measure WHERE programme = $1 AND indicator = $2 UNION ALL BY NAME"
        ' SELECT programme, indicator, $3 AS arm, scope, scope_value, "group", group_value, $4 AS wave, n_obs AS n'
        " FROM impact.finding WHERE programme = $1 AND indicator = $2 AND n_obs IS NOT NULL AND NOT $5"
        ' ORDER BY wave, arm, scope, "group", scope_value, group_value',
        [programme.id, indicator.id, EFFECT, indicator.ex_post.wave or "", of_series(indicator)],
    )
    # a part that fell silent tells how many are awaited there
    behind = measured["n"].where(measured["n"] > 0, measured["units_expected"].fillna(0)).astype("int64")
    cells = measured[[*CELL, "n", "n_missing", "value", "std_error"]].assign(persons=behind)
    cells["n_missing"] = cells["n_missing"].fillna(0).astype("int64")
    contract = programme.contracts[indicator.contract]
    if not counts_persons(indicator, contract):
        counted = person_counts(warehouse.connection, programme.id, contract, indicator)
        cells["persons"] = [counted.get(_place(row), row["n"]) for row in _records(cells)]
    persons = cells["persons"].where(cells["arm"] != EFFECT, -(-cells["n"] // waves_of(programme, indicator)))
    return cells.assign(persons=persons.astype("int64"))


def waves_of(programme: Programme, indicator: Indicator) -> int:
    """Return in how many waves one person may count among the observations of an effect."""
    design = indicator.ex_post.design
    if design is None or design.kind not in REPEATED:
        return 1
    return 2 if design.kind == "did" else max(len(programme.header.waves), 1)


def of_series(indicator: Indicator) -> bool:
    """Tell whether an effect counts units and waves."""
    design = indicator.ex_post.design
    return design is not None and design.kind in SERIES


def _records(cells: pd.DataFrame) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", cells.to_dict("records"))


def _place(row: Mapping[str, Any]) -> Cell:
    return row["arm"], row["wave"], *_cut(row)


def _cut(row: Mapping[str, Any]) -> tuple[str, str]:
    if row["scope"] != "programme":
        return row["scope"], row["scope_value"]
    return ("", "") if row["group"] == "all" else (row["group"], row["group_value"])


def _key(indicator: Indicator, row: Mapping[str, Any]) -> Key:
    arm = row["arm"]
    return (f"{arm} {_arms(indicator)}" if arm not in ("", EFFECT) else arm, *_cut(row))


def _arms(indicator: Indicator) -> str:
    return arm_sql(indicator.ex_post.design) or ""


def _slot(programme: Programme, indicator: Indicator, row: Mapping[str, Any]) -> Slot:
    """Return of which rows a cell is: all tables of these rows hide the same parts."""
    contract, conditions = indicator.contract, "\n".join(sorted(each.model_dump_json() for each in indicator.where))
    if indicator.formula.kind in OWN_ROWS:
        return contract, conditions, row["wave"], indicator.id
    if row["arm"] == EFFECT:
        design = cast("Design", indicator.ex_post.design).model_dump_json()
        return contract, conditions, row["wave"], _since(programme, indicator), design, EFFECT
    if isinstance(indicator.formula, Change):
        return contract, conditions, row["wave"], indicator.formula.since, "linked"
    return contract, conditions, row["wave"]


def _since(programme: Programme, indicator: Indicator) -> str:
    baseline = indicator.ex_ante.baseline
    return (baseline.wave if baseline else None) or ""


def _comes_from(programme: Programme, indicator: Indicator, row: Mapping[str, Any]) -> list[Slot]:
    """Return the slots that hold the rows of those who are followed, in each wave."""
    slot = _slot(programme, indicator, row)
    if slot[-1] == "linked":
        return [(*slot[:2], slot[3]), slot[:3]]
    if slot[-1] == EFFECT:
        plain = {"arm": "", "wave": row["wave"]}, {"arm": "", "wave": slot[3]}
        return [_slot(programme, indicator, each) for each in plain]
    return []


def _variable(programme: Programme, indicator: Indicator, row: Mapping[str, Any]) -> str:
    """Name what is counted and summed: the same in indicators that say it differently, as a mean and a total do."""
    if row["arm"] == EFFECT or indicator.formula.kind in OWN_ROWS:
        return indicator.id
    kind, weight = indicator.formula.kind, indicator.sample.weight
    apart = kind if weight or kind in APART else ""
    return "\n".join((*parts_sql(indicator, programme.contracts[indicator.contract]), weight or "", apart))


def _summed(indicator: Indicator, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each cell, the sum of their values, and the one value that all have; NaN if there is none.

    The spread within cells is known where standard errors are published.
    """
    count, value, error = (cells[name].astype("float64") for name in ("n", "value", "std_error"))
    if indicator.formula.kind in (*OWN_ROWS, *APART):
        value = value * np.nan
    whole = indicator.formula.kind == "sum"
    alike = (error == 0) | ((count == 1) & bool(error.notna().any()))
    total = (value if whole else value * count).where(count > 0, 0.0)
    level = value.where(alike & (not whole))
    return cells.assign(total=total, level=level, rows=cells["n"] + cells["n_missing"])


def _contents(indicator: Indicator, cells: Mapping[Key, Mapping[str, Any]], limits: Limits) -> Contents | None:
    """Return what the rows of cells come to; None where values do not add up, or one is not there."""
    totals, levels = (np.array([row[name] for row in cells.values()]) for name in ("total", "level"))
    if np.isnan(totals).any():
        return None
    whole = indicator.formula.kind in ("proportion", "threshold") and not indicator.sample.weight
    return Contents((np.round(totals) if whole else totals).tolist(), levels.tolist(), limits, whole)
