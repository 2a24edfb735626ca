"""Event time: the dummies that turn a panel regression into an event study."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from impact.errors import NotEstimable, UsageError
from impact.estimate.panel_cells import is_missing
from impact.sql import EVERY_COLUMN, Select, as_number, literal
from impact.words.said import Said


@dataclass(frozen=True)
class EventTerms:
    """A ``relation`` (SELECT) with event-time dummies: ``terms``, the ``leads`` before −1, the ``lags`` from 0 on."""

    relation: str
    terms: tuple[str, ...]
    leads: tuple[str, ...]
    lags: tuple[str, ...]


def event_terms(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    *,
    start: str = "_start",
    window: tuple[int, int] | None = None,
) -> EventTerms:
    """Add dummies of event time, period − start, for an event study by :func:`panel_effects`.

    Parameters
    ----------
    connection, relation
        As in :func:`panel_effects`.
    start
        Column with the position of the first treated period; NULL for units never treated.
    window
        First and last event time that has a dummy of its own; times beyond are counted to the end points. None: each
        event time in the data has one.

    Raises
    ------
    NotEstimable
        If the reference time −1 or the time after the start is not observed, or a start is no integer.

    Notes
    -----
    ``1{period − start = e}`` for each e but −1. With staggered starts the coefficients mix the effects of different
    times (Sun and Abraham 2021, https://doi.org/10.1016/j.jeconom.2020.09.006).
    """
    first = as_number(start)
    time = f"(CAST(_period AS DOUBLE) - CASE WHEN isfinite({first}) THEN {first} END)"
    times = _observed_times(connection, relation, time)
    low, high = window or (int(times[0]), int(times[-1]))
    if not low < 0 <= high:
        raise UsageError(f"a window of event times from {low} to {high} leaves out the start or all before it")
    event_times = sorted({int(min(max(moment, low), high)) for moment in times} - {-1})
    names = {e: f"event_{'minus' if e < 0 else 'plus'}_{abs(e)}" for e in event_times}
    # the ends of the window stand for all times beyond them too
    signs = {low: "<=", high: ">="}
    dummies = {}
    for e, name in names.items():
        holds = f"{time} {signs.get(e, '=')} {literal(e)}"
        dummies[name] = f"CAST(coalesce({holds}, FALSE) AS DOUBLE)"
    leads = tuple(name for e, name in names.items() if e < 0)
    lags = tuple(name for e, name in names.items() if e >= 0)
    query = Select({**EVERY_COLUMN, **dummies}, f"({relation})")
    return EventTerms(query.sql(), leads + lags, leads, lags)


def _observed_times(connection: duckdb.DuckDBPyConnection, relation: str, time: str) -> list[float]:
    """Return the event times at which an outcome is observed; refuse those without −1 or a time from the start on."""
    observed = (f"NOT {is_missing(as_number('_outcome'))}", f"{time} IS NOT NULL")
    query = Select({"time": time}, f"({relation})", where=observed, distinct=True)
    times = sorted(moment for (moment,) in connection.execute(query.sql()).fetchall())
    if -1 not in times or times[-1] < 0 or any(moment % 1 for moment in times):
        raise NotEstimable(Said("checks.event_times_lack_1_0_later_no"), Said("checks.periods_before_after_starts"))
    return times
