"""Values by period: each window of a contract with a clock is measured as a wave is, from its own rows alone.

After :mod:`impact.measure.windows`; :mod:`impact.publish.periods` adds the periods without rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import duckdb
import pandas as pd

from impact.declare.contracts import Contract
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.formulas.registry import kind_of
from impact.measure.engine import measure_rows
from impact.measure.measurement import VALUES, values_frame
from impact.measure.persons import Cell, counts_persons, person_counts
from impact.measure.windows import Of, Windows, contract_windows, rows_by_window
from impact.tables.part import cut_columns, part_codes


class PeriodValues(NamedTuple):
    """The values of the indicators of a contract by window.

    Parameters
    ----------
    contract, windows
        Whose rows, and when they stand.
    values
        Columns as in ``impact.measure``, the window in ``wave``; and ``persons``, how many stand behind the value,
        missing where the contract is of no persons.
    """

    contract: Contract
    windows: Windows
    values: pd.DataFrame


def has_periods(programme: Programme, indicator: Indicator) -> bool:
    """Tell whether an indicator has values by period: its rows have a clock, and it is of one point in time."""
    return programme.contracts[indicator.contract].period is not None and kind_of(indicator.formula).by_period


def measure_periods(connection: duckdb.DuckDBPyConnection, programme: Programme) -> Iterator[PeriodValues]:
    """Yield the values by window of each contract with a clock.

    Parameters
    ----------
    connection
        In the run's transaction, with the views of good rows and the codes of parts in place.
    programme
        As declared.
    """
    indicators = [indicator for indicator in programme.indicators if has_periods(programme, indicator)]
    ordered = sorted(indicators, key=_contract_of)
    for name, members in groupby(ordered, key=_contract_of):
        contract = programme.contracts[name]
        windows = contract_windows(connection, programme.id, contract)
        if windows is not None:
            values = _windowed_values(connection, programme, contract, windows, list(members))
            yield PeriodValues(contract, windows, values)


def _contract_of(indicator: Indicator) -> str:
    return indicator.contract


def _windowed_values(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    contract: Contract,
    windows: Windows,
    indicators: Sequence[Indicator],
) -> pd.DataFrame:
    frames = []
    for of, members in groupby(sorted(indicators, key=_order), key=_looked_at):
        with rows_by_window(connection, programme, contract, windows, of) as (windowed, name):
            moved = [indicator.model_copy(update={"contract": name}) for indicator in members]
            frames.append(_measured(connection, windowed, moved))
    return pd.concat(frames, ignore_index=True)


def _order(indicator: Indicator) -> str:
    return _looked_at(indicator).value


def _looked_at(indicator: Indicator) -> Of:
    """Return what of the rows is looked at in a window."""
    if indicator.takes_last_report:
        return Of.LAST
    return Of.ROWS if kind_of(indicator.formula).summary.additive else Of.COUNTED


def _measured(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicators: Sequence[Indicator]
) -> pd.DataFrame:
    measured = [row for _, rows in measure_rows(connection, programme, indicators) for row in rows]
    values = values_frame(measured)[VALUES]
    persons = pd.Series(pd.NA, index=values.index, dtype="Int64")
    for indicator in indicators:
        if programme.contracts[indicator.contract].person:
            rows = values["indicator"] == indicator.id
            persons[rows] = _persons(connection, programme, indicator, values[rows])
    return values.assign(persons=persons)


def _persons(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator, values: pd.DataFrame
) -> list[int]:
    """Return how many persons stand behind each value."""
    contract, counts = programme.contracts[indicator.contract], values["n"].tolist()
    if counts_persons(indicator, contract):
        return counts
    found: dict[Cell, int] = person_counts(connection, programme.id, contract, indicator)
    cells = zip(values["arm"], values["wave"], cut_columns(values), part_codes(values), strict=True)
    return [found.get(cell, n) for cell, n in zip(cells, counts, strict=True)]
