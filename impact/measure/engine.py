"""Measure all indicators of a programme: group them into passes, make the cuts, return tidy tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from typing import NamedTuple

import duckdb
import pandas as pd

from impact.declare.contracts import Codelist, Contract
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.formulas.kind import Summary
from impact.formulas.registry import FORMULAS, kind_of
from impact.measure.additive import measure_summed
from impact.measure.awaited_units import UnitTable, awaited_waves, collected_waves
from impact.measure.breakdown import column_cuts, cut_codelists, explain_sums
from impact.measure.cells import sum_cells
from impact.measure.complete import count_units
from impact.measure.composite import measure_composite
from impact.measure.counts import measure_counted
from impact.measure.derived import measure_derived
from impact.measure.domains import Domains, part_domains
from impact.measure.formula import arm_sql
from impact.measure.measurement import Measurement, values_frame
from impact.measure.missing_reports import missing_reports
from impact.measure.networks import network_values, tie_rows
from impact.measure.obs_flags import status_words
from impact.measure.sampled import measure_sampled, needs_rows, sampled_rows
from impact.measure.summed_rows import contract_rows, linked_rows
from impact.measure.terms import SummedRows
from impact.measure.territory_map import measure_cells, need_cells
from impact.sql import Select, ident
from impact.tables.part import WHOLE
from impact.tables.results import Linkage

Pass = Callable[[duckdb.DuckDBPyConnection, Programme, Contract, Indicator], list[Measurement]]
"""From the rows of one indicator to its values."""
ValuePass = Callable[
    [duckdb.DuckDBPyConnection, Programme, Indicator, Mapping[str, Sequence[Measurement]]], list[Measurement]
]
"""From the values that were measured to those of an indicator that is reckoned from them."""
LINKED = [name for name in Linkage.TABLE.names() if name != "programme"]


@dataclass(frozen=True)
class Measures:
    """What was measured.

    Parameters
    ----------
    measurements
        A value per indicator, arm, part and wave.
    linkage
        Per indicator of change: persons linked, lost and new.
    """

    measurements: tuple[Measurement, ...]
    linkage: pd.DataFrame

    @cached_property
    def values(self) -> pd.DataFrame:
        """The values as a table; see :func:`impact.measure.measurement.values_frame`."""
        return values_frame(self.measurements)


def measure_indicators(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicators: Sequence[Indicator]
) -> Measures:
    """Measure the indicators given; those of a contract with the same arms and sample are summed together.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme, indicators
        The programme, and those of its indicators to measure.
    """
    measured, linkage = _of_rows(connection, programme, _with_operands(programme, indicators))
    for indicator in indicators:
        _measure_values(connection, programme, indicator, measured)
    asked = [indicator.id for indicator in indicators]
    rows = [measurement for name in asked for measurement in measured[name]]
    of_asked = [row for row in linkage if row[0] in asked]
    return Measures(tuple(rows), pd.DataFrame(of_asked, columns=LINKED))


def _with_operands(programme: Programme, indicators: Sequence[Indicator]) -> list[Indicator]:
    """Return indicators, and those that they are reckoned from, that are measured of rows."""
    behind = {each.id: each for indicator in indicators for each in programme.with_operands(indicator)}
    return [indicator for indicator in behind.values() if not indicator.formula.indicators()]


def _measure_values(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    indicator: Indicator,
    measured: dict[str, list[Measurement]],
) -> None:
    """Add the values of an indicator that is reckoned from others, after those of all that it is reckoned from."""
    if indicator.id in measured:
        return
    for operand in programme.operands(indicator):
        _measure_values(connection, programme, operand, measured)
    measured[indicator.id] = VALUE_PASSES[indicator.formula.kind](connection, programme, indicator, measured)


def _of_rows(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicators: Sequence[Indicator]
) -> tuple[dict[str, list[Measurement]], list[tuple[object, ...]]]:
    """Measure indicators of rows; return their values by id, and of changes how many persons were linked."""
    rows: dict[str, list[Measurement]] = {}
    linkage: list[tuple[object, ...]] = []
    for contract, kind, members in _passes(programme, indicators):
        collected = collected_waves(connection, programme, contract)
        counts = _linked_persons(connection, programme.id, contract, members[0]) if kind == "change" else None
        missing = missing_reports(connection, programme, contract)
        for indicator, measured in _measured(connection, programme, contract, kind, members):
            waves = awaited_waves(programme, contract, indicator, collected)
            lists = cut_codelists(programme, indicator)
            units = UnitTable(programme, contract, indicator, waves)
            counted = count_units(connection, units, lists, measured)
            rows[indicator.id] = missing.flagged(indicator, counted) if missing else counted
            if counts is not None:
                linkage.append((indicator.id, *counts))
    return rows, linkage


def measure_rows(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicators: Sequence[Indicator]
) -> list[Measurement]:
    """Return the values of indicators by the rows that there are; units that have none are not counted.

    Parameters
    ----------
    connection
        Holds the views of the rows.
    programme, indicators
        The programme, and those of its indicators to measure.
    """
    measured: dict[str, list[Measurement]] = {}
    for contract, kind, members in _passes(programme, _with_operands(programme, indicators)):
        of_pass = _measured(connection, programme, contract, kind, members)
        measured |= {indicator.id: rows for indicator, rows in of_pass}
    for indicator in indicators:
        _measure_values(connection, programme, indicator, measured)
    return [measurement for indicator in indicators for measurement in measured[indicator.id]]


def _measured(
    connection: duckdb.DuckDBPyConnection,
    programme: Programme,
    contract: Contract,
    kind: str,
    indicators: Sequence[Indicator],
) -> Iterator[tuple[Indicator, list[Measurement]]]:
    """Yield each indicator of a pass with its values."""
    if kind in SINGLE_PASSES:
        for indicator in indicators:
            yield indicator, SINGLE_PASSES[kind](connection, programme, contract, indicator)
        return
    lists_of = partial(cut_codelists, programme)
    with _rows_of_pass(connection, programme.id, contract, kind, indicators) as rows:
        for members in _alike(indicators):
            summed = sum_cells(connection, rows, members)
            for indicator, measured in measure_summed(members, summed, lists_of):
                yield indicator, explain_sums(indicator, lists_of(indicator), measured)


def _rows_of_pass(
    connection: duckdb.DuckDBPyConnection,
    programme: str,
    contract: Contract,
    kind: str,
    indicators: Sequence[Indicator],
) -> AbstractContextManager[SummedRows]:
    """Return the rows to sum, which stand as long as they are summed."""
    if kind == "change":
        return linked_rows(connection, programme, contract, indicators)
    return nullcontext(contract_rows(programme, contract, indicators))


def _alike(indicators: Sequence[Indicator]) -> list[list[Indicator]]:
    """Return indicators by their arms and sample: those alike are summed together."""
    groups: dict[tuple[str | None, str], list[Indicator]] = {}
    for indicator in indicators:
        key = arm_sql(indicator.ex_post.design), indicator.sample.model_dump_json()
        groups.setdefault(key, []).append(indicator)
    return list(groups.values())


def _sampled(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, indicator: Indicator
) -> list[Measurement]:
    frame = sampled_rows(connection, programme.id, contract, indicator)
    lists = cut_codelists(programme, indicator)
    return explain_sums(indicator, lists, _from_rows(indicator, frame, lists))


def _counted(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, indicator: Indicator
) -> list[Measurement]:
    lists = cut_codelists(programme, indicator)
    return explain_sums(indicator, lists, list(measure_counted(connection, programme.id, contract, indicator, lists)))


def _networked(
    connection: duckdb.DuckDBPyConnection, programme: Programme, _: Contract, indicator: Indicator
) -> list[Measurement]:
    ties = tie_rows(connection, programme, indicator)
    return list(network_values(indicator, ties))


def _mapped(
    connection: duckdb.DuckDBPyConnection, programme: Programme, _: Contract, indicator: Indicator
) -> list[Measurement]:
    cells = need_cells(connection, programme, indicator)
    return _from_map(indicator, cells, cut_codelists(programme, indicator))


_FORMULA_PASSES: Mapping[str, Pass] = {"network": _networked, "territory_map": _mapped}
SINGLE_PASSES: Mapping[str, Pass] = {
    "rows": _sampled,
    "counts": _counted,
    **{name: _FORMULA_PASSES[name] for name, kind in FORMULAS.items() if kind.summary is Summary.OWN},
}
"""Passes that serve one indicator: its rows, how often each value stands, and what formulas have of their own."""
VALUE_PASSES: Mapping[str, ValuePass] = {"derived": measure_derived, "composite": measure_composite}
"""What is reckoned from measured values, by the kind of formula."""


def _passes(programme: Programme, indicators: Sequence[Indicator]) -> Iterator[tuple[Contract, str, list[Indicator]]]:
    """Yield the passes: the contract, the kind of pass and the indicators that it serves."""
    ordered = sorted(indicators, key=_pass_key)
    for key, members in groupby(ordered, key=_pass_key):
        yield programme.contracts[key.contract], key.kind, list(members)


class _PassKey(NamedTuple):
    """What indicators of one pass have in common; ``since`` and ``wave`` are those of a change."""

    contract: str
    kind: str
    since: str = ""
    wave: str = ""


def _pass_key(indicator: Indicator) -> _PassKey:
    formula, contract = indicator.formula, indicator.contract
    summary = kind_of(formula).summary
    if summary is Summary.CHANGES:
        since = formula.followed_since or ""
        return _PassKey(contract, "change", since, indicator.ex_post.wave or "")
    if summary is Summary.OWN:
        return _PassKey(contract, formula.kind)
    if needs_rows(indicator):
        return _PassKey(contract, "rows")
    return _PassKey(contract, "additive" if summary.additive else "counts")


def _domains(indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]) -> Domains:
    """Return each arm, part and wave with its rows of a frame."""
    return part_domains(indicator, frame, lists, (WHOLE, *column_cuts(indicator)))


def _from_rows(indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]) -> list[Measurement]:
    measurements = []
    valued = (frame["_inside"] & frame["_y"].notna()).to_numpy()
    status = frame["_status"].to_numpy()
    for domain, rows in _domains(indicator, frame, lists):
        inside = pd.Series(data=False, index=frame.index)
        inside.iloc[rows] = True
        in_wave = frame["_wave"] == domain.wave
        measured, n, missing = measure_sampled(indicator, frame[in_wave], inside[in_wave])
        if n or missing or domain.part.is_whole:
            flags = status_words(status[rows][valued[rows]])
            measurements.append(Measurement(indicator.id, domain, measured.flagged(*flags), n, missing))
    return measurements


def _from_map(indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]) -> list[Measurement]:
    measurements = []
    for domain, rows in _domains(indicator, frame, lists):
        measured, n, missing = measure_cells(indicator, frame.iloc[rows])
        measurements.append(Measurement(indicator.id, domain, measured, n, missing))
    return measurements


def _linked_persons(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator
) -> tuple[object, ...]:
    """Return two waves with the persons that are in both, in the earlier alone and in the later alone."""
    since, wave = indicator.formula.followed_since, indicator.ex_post.wave
    at_wave = f"bool_or({ident(contract.wave or '')} = ?)"
    by_person = (ident(contract.person or ""),)
    persons = Select({"before": at_wave, "after": at_wave}, ident(programme, contract.id), group=by_person)
    counts = {
        "linked": "count(*) FILTER (before AND after)",
        "lost": "count(*) FILTER (before AND NOT after)",
        "new": "count(*) FILTER (after AND NOT before)",
    }
    query = Select(counts, persons)
    ((linked, lost, new),) = connection.execute(query.sql(), [since, wave]).fetchall()
    return since, wave, linked, lost, new
