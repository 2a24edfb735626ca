"""Measure all indicators of a programme: group them into passes, make the cuts, return tidy tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd

from impact.declare.contracts import Codelist, Contract
from impact.declare.hierarchy import branches
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.formulas.base import CountedFormula
from impact.formulas.kind import Summary
from impact.formulas.measured import Measured, ValueCounts
from impact.formulas.registry import FORMULAS, kind_of
from impact.measure.breakdown import column_cuts, cut_codelists, explain_sums
from impact.measure.cells import SUMS, Cells, additive_cells, change_cells, value_counts
from impact.measure.complete import count_units
from impact.measure.formula import arm_sql, cluster_sql, is_share
from impact.measure.measurement import Domain, Measurement, values_frame
from impact.measure.moments import Sums, exact, ratio_of_sums, weighted_total
from impact.measure.networks import network_values, tie_rows
from impact.measure.obs_flags import status_words
from impact.measure.sampled import measure_sampled, needs_rows, sampled_rows
from impact.measure.spread import Frame
from impact.measure.territory_map import measure_cells, need_cells
from impact.sql import Select, ident
from impact.states import Arm
from impact.statistics.core import Floats, Ints
from impact.tables.part import MISSING_GROUP, WHOLE
from impact.tables.results import Linkage

Pass = Callable[[duckdb.DuckDBPyConnection, Programme, Contract, Indicator], list[Measurement]]
"""From the rows of one indicator to its values."""
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
    """Measure the indicators given, with one pass over each contract's rows for all additive ones.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme, indicators
        The programme, and those of its indicators to measure.
    """
    rows: list[Measurement] = []
    linkage: list[tuple[object, ...]] = []
    for contract, kind, members in _passes(programme, indicators):
        for indicator, measured in _measured(connection, programme, contract, kind, members):
            lists = cut_codelists(programme, indicator)
            rows += count_units(connection, programme, contract, indicator, lists=lists, rows=measured)
            if kind == "change":
                linkage.append(_linkage(connection, programme.id, contract, indicator))
    return Measures(tuple(rows), pd.DataFrame(linkage, columns=LINKED))


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
    compute = change_cells if kind == "change" else additive_cells
    cells = compute(connection, programme.id, contract, indicators)
    for indicator in indicators:
        lists = cut_codelists(programme, indicator)
        yield indicator, explain_sums(indicator, lists, _from_cells(indicator, cells, lists))


def _sampled(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, indicator: Indicator
) -> list[Measurement]:
    frame = sampled_rows(connection, programme.id, contract, indicator)
    lists = cut_codelists(programme, indicator)
    return explain_sums(indicator, lists, _from_rows(indicator, frame, lists))


def _counted(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, indicator: Indicator
) -> list[Measurement]:
    counts = value_counts(connection, programme.id, contract, indicator)
    lists = cut_codelists(programme, indicator)
    return explain_sums(indicator, lists, _from_counts(indicator, counts, lists))


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


def _cells_of_parts(
    indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]
) -> Iterator[tuple[Domain, pd.Series]]:
    """Yield each arm, part and wave with the mask of its cells.

    Parts cover the whole, missing ones too; in a hierarchy a code also has the cells of all codes below it.
    """
    waves = frame["_wave"].drop_duplicates()
    for arm, in_arm in _arms(indicator, frame):
        for cut in (WHOLE, *column_cuts(indicator)):
            labels = pd.Series("", index=frame.index) if cut.is_whole else frame[cut.column].fillna(MISSING_GROUP)
            for wave in waves:
                in_wave = (frame["_wave"] == wave) & in_arm
                for branch in branches(lists.get(cut.column), labels[in_wave].unique()):
                    domain = Domain(arm, replace(cut, code=branch.code), wave)
                    yield domain, in_wave & labels.isin(branch.members)


def _arms(indicator: Indicator, frame: pd.DataFrame) -> list[tuple[Arm, pd.Series]]:
    """Return the arms to measure apart: what was promised to participants is judged on participants."""
    column = arm_sql(indicator.ex_post.design)
    if column is None:
        everyone = pd.Series(data=True, index=frame.index)
        return [(Arm.ALL, everyone)]
    return [(arm, frame[column] == arm) for arm in (Arm.TREATED, Arm.COMPARISON)]


def _from_cells(indicator: Indicator, cells: Cells, lists: Mapping[str, Codelist]) -> list[Measurement]:
    """Return the value of each domain that has rows, and of the whole."""
    measurements = []
    for domain, inside in _cells_of_parts(indicator, cells.frame, lists):
        of_domain = cells.frame[inside]
        n, missing = (int(of_domain[f"{name}:{indicator.id}"].sum()) for name in ("n", "missing"))
        if n == 0 and missing == 0 and not domain.part.is_whole:
            continue
        measured = _value_of_cells(indicator, cells, domain, inside)
        flags = [*_qualifiers(indicator, of_domain), *_negative(of_domain[f"negative:{indicator.id}"])]
        flags += status_words(of_domain[f"status:{indicator.id}"])
        measurements.append(Measurement(indicator.id, domain, _with(measured, *flags), n, missing))
    return measurements


def _value_of_cells(indicator: Indicator, cells: Cells, domain: Domain, inside: pd.Series) -> Measured:
    """Return the value of a domain; with a sample design from all cells of its wave, for the spread of the sample."""
    frame, sample = cells.frame, indicator.sample
    design = None
    if sample.columns():
        of_wave = frame[frame["_wave"] == domain.wave]
        design = _design(indicator, of_wave)
        sums = _sums(indicator, of_wave, inside)
    else:
        sums = _sums(indicator, frame[inside], inside)
    summary = kind_of(indicator.formula).summary
    if summary.total:
        expands = design if sample.weight else None
        return weighted_total(sums, expands, counts_rows=summary is Summary.ROWS)
    measured = ratio_of_sums(sums, cells.pilot[indicator.id], design, share=is_share(indicator))
    return exact(measured) if sample.all_units else measured


def _from_rows(indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]) -> list[Measurement]:
    measurements = []
    valued = frame["_inside"] & frame["_y"].notna()
    for domain, inside in _cells_of_parts(indicator, frame, lists):
        in_wave = frame["_wave"] == domain.wave
        measured, n, missing = measure_sampled(indicator, frame[in_wave], inside[in_wave])
        if n or missing or domain.part.is_whole:
            flags = status_words(frame.loc[inside & in_wave & valued, "_status"])
            measurements.append(Measurement(indicator.id, domain, _with(measured, *flags), n, missing))
    return measurements


def _from_map(indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]) -> list[Measurement]:
    measurements = []
    for domain, inside in _cells_of_parts(indicator, frame, lists):
        measured, n, missing = measure_cells(indicator, frame[inside])
        measurements.append(Measurement(indicator.id, domain, measured, n, missing))
    return measurements


def _negative(counts: pd.Series) -> list[str]:
    """Flag rows that were left out because their weight is below zero."""
    return ["negative_weights"] if counts.sum() > 0 else []


def _qualifiers(indicator: Indicator, cells: pd.DataFrame) -> tuple[str, ...]:
    """Return how the summed figures were stated where that was not exactly: about, more_than, at_most."""
    name = f"qualifier:{indicator.id}"
    if name not in cells:
        return ()
    qualifiers = set().union(*cells[name].dropna())
    return tuple(sorted(qualifiers))


def _sums(indicator: Indicator, cells: pd.DataFrame, inside: pd.Series) -> Sums:
    """Return the sums of one indicator, zero outside its domain; the ends of values stay as they are."""
    mask = inside.loc[cells.index].to_numpy(dtype=float)
    sums = {}
    for name in SUMS:
        values = cells[f"{name}:{indicator.id}"].to_numpy(dtype=float)
        sums[name] = values if name in ("low", "high") else values * mask
    return Sums(**sums)


def _design(indicator: Indicator, cells: pd.DataFrame) -> Frame:
    sample = indicator.sample
    cluster = cluster_sql(sample)
    weights = (_numbers(cells, sample.weight, "least"), _numbers(cells, sample.weight, "most"))
    return Frame(
        _labels(cells, sample.strata),
        _labels(cells, cluster) if cluster else None,
        cells["_rows"].to_numpy(dtype=float),
        _numbers(cells, sample.population, "population"),
        _numbers(cells, sample.population_within, "population") if sample.population_within else None,
        weights,
        lonely=sample.lonely_psu or "refuse",
        effective=sample.effective or "clusters",
    )


def _labels(cells: pd.DataFrame, column: str | None) -> Ints:
    labels = cells[column].fillna(MISSING_GROUP) if column else pd.Series("", index=cells.index)
    return pd.factorize(labels)[0].astype(np.int64)


def _numbers(cells: pd.DataFrame, column: str | None, sum_name: str) -> Floats:
    """Return what cells keep of a column of numbers; not known where there is none."""
    name = f"{sum_name}:{column}"
    if name not in cells:
        return np.full(len(cells), np.nan)
    return cells[name].to_numpy(dtype=float)


def _from_counts(indicator: Indicator, counts: pd.DataFrame, lists: Mapping[str, Codelist]) -> list[Measurement]:
    measurements = []
    for domain, inside in _cells_of_parts(indicator, counts, lists):
        of_domain = counts[inside]
        valued = of_domain[of_domain["_value"].notna() & (of_domain["_n"] > 0)]
        flags = [*_negative(of_domain["_negative"]), *status_words(valued["_status"])]
        measured = _with(_value_of_counts(indicator, valued), *flags)
        n = int(valued["_n"].sum())
        missing = int(of_domain["_rows"].sum()) - n
        measurements.append(Measurement(indicator.id, domain, measured, n, missing))
    return measurements


def _value_of_counts(indicator: Indicator, valued: pd.DataFrame) -> Measured:
    formula, sample = indicator.formula, indicator.sample
    assert isinstance(formula, CountedFormula)  # noqa: S101 - what else is counted, its descriptor refuses
    weighted = sample.weight is not None
    column = "_weight" if weighted else "_n"
    totals = valued.groupby("_value")[column].sum().sort_index()
    values, counts = totals.index.to_numpy(), totals.to_numpy(dtype=float)
    designed = bool(sample.columns())
    measured = formula.value_of_counts(ValueCounts(values, counts, weighted, designed))
    return exact(measured) if sample.all_units else measured


def _with(measured: Measured, *flags: str) -> Measured:
    return replace(measured, flags=(*measured.flags, *flags))


def _linkage(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator
) -> tuple[object, ...]:
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
    return indicator.id, since, wave, linked, lost, new
