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
    """Tell whether an indicator has values by period: its rows have a clock, and it is of one point in time.

    One that is reckoned from others has, where these are of the same rows, looked at the same way.
    """
    leaves = _leaves(programme, indicator)
    looks = {(leaf.contract, _looked_at(leaf)) for leaf in leaves}
    clocked = programme.contracts[indicator.contract].period is not None
    of_these_rows = {contract for contract, _ in looks} == {indicator.contract} and len(looks) == 1
    return clocked and of_these_rows and all(kind_of(leaf.formula).by_period for leaf in leaves)


def _leaves(programme: Programme, indicator: Indicator) -> list[Indicator]:
    """Return the indicators of rows from which a value is: itself, or those that it is reckoned from."""
    return [leaf for leaf in programme.with_operands(indicator) if not leaf.formula.indicators()]


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
    by_look: dict[Of, list[str]] = {}
    for indicator in indicators:
        by_look.setdefault(_looked_at(_leaves(programme, indicator)[0]), []).append(indicator.id)
    for of, names in by_look.items():
        with rows_by_window(connection, programme, contract, windows, of) as windowed:
            moved = [indicator for indicator in windowed.indicators if indicator.id in names]
            frames.append(_measured(connection, windowed, moved))
    return pd.concat(frames, ignore_index=True)


def _looked_at(indicator: Indicator) -> Of:
    """Return what of the rows is looked at in a window."""
    if indicator.takes_last_report:
        return Of.LAST
    return Of.ROWS if kind_of(indicator.formula).summary.additive else Of.COUNTED


def _measured(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicators: Sequence[Indicator]
) -> pd.DataFrame:
    values = values_frame(measure_rows(connection, programme, indicators))[VALUES]
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
    if counts_persons(indicator, contract) or not kind_of(indicator.formula).behind.of_rows:
        return counts  # what is reckoned from others is hidden with those
    found: dict[Cell, int] = person_counts(connection, programme.id, contract, indicator)
    cells = zip(values["arm"], values["wave"], cut_columns(values), part_codes(values), strict=True)
    return [found.get(cell, n) for cell, n in zip(cells, counts, strict=True)]
