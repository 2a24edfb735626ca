"""Which values that are reckoned from other indicators nobody may see: those of which an operand is hidden.

After :mod:`impact.publish.hidden`. A value that is shown is reckoned from values that are shown in the same cell, so it
tells nothing that they do not; one that is hidden could be turned round to give away the operand that is.
An index compares parts: where one of them is hidden, all of it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import duckdb

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.measure.operands import Place, every_wave
from impact.publish.counted import Counted
from impact.publish.hidden import Hidden
from impact.publish.totals import EFFECT
from impact.sql import Select, columns
from impact.states import Reason
from impact.tables.part import COLUMNS, parts_of

_CELLS = Select(
    columns(("arm", "wave", "n", *COLUMNS)),
    "impact.measure",
    where=("programme = ?", "indicator = ?"),
    order=("arm", "wave", *columns(COLUMNS).values()),
)


def hidden_values(
    programme: Programme, connection: duckdb.DuckDBPyConnection, hidden: Sequence[Hidden]
) -> list[Hidden]:
    """Return the cells of indicators that are reckoned from others which may not leave.

    Parameters
    ----------
    programme
        As declared.
    connection
        In the run's transaction, with measures written.
    hidden
        The hidden cells of the indicators that are measured of rows.
    """
    reasons: dict[str, dict[Place, Reason]] = {}
    for indicator, cell, reason in hidden:
        if cell.arm != EFFECT:
            reasons.setdefault(indicator.id, {})[_place(cell)] = reason
    cells: list[Hidden] = []
    for indicator in _in_order(programme):
        of_operands = [reasons.get(name, {}) for name in indicator.formula.indicators()]
        otherwise = Reason.COMPLEMENT if _compared_with_hidden(indicator, of_operands) else None
        for cell in _cells(connection, programme, indicator):
            worst = _reason(of_operands, _place(cell)) or otherwise
            if worst is not None:
                reasons.setdefault(indicator.id, {})[_place(cell)] = worst
                cells.append(Hidden(indicator, cell, worst))
    return cells


def _in_order(programme: Programme) -> list[Indicator]:
    """Return the indicators that are reckoned from others, each after those that it is reckoned from."""
    in_order: dict[str, Indicator] = {}
    for indicator in programme.indicators:
        for each in reversed(programme.with_operands(indicator)):
            if each.formula.indicators():
                in_order.setdefault(each.id, each)
    return list(in_order.values())


def _cells(connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator) -> Iterator[Counted]:
    frame = connection.execute(_CELLS.sql(), [programme.id, indicator.id]).df()
    rows = zip(parts_of(frame), frame["arm"], frame["wave"], frame["n"].tolist(), strict=True)
    for part, arm, wave, n in rows:
        yield Counted(arm, part, wave, n, n, n, math.nan, math.nan)


def _compared_with_hidden(indicator: Indicator, of_operands: Sequence[Mapping[Place, Reason]]) -> bool:
    """Tell whether values are of a comparison that a hidden cell has part in: goalposts and ranks tell of it."""
    cuts = {"", *indicator.scope, *indicator.by}
    hidden = any(column in cuts for places in of_operands for column, _, _ in places)
    return indicator.formula.compares_parts and hidden


def _place(cell: Counted) -> Place:
    return cell.part.column, cell.part.code, cell.wave


def _reason(of_operands: Sequence[Mapping[Place, Reason]], place: Place) -> Reason | None:
    """Return why an operand is hidden in a cell; of several reasons that few persons stand behind it."""
    reasons = {places.get(place) or places.get(every_wave(place)) for places in of_operands} - {None}
    return Reason.FEW if Reason.FEW in reasons else next(iter(reasons), None)
