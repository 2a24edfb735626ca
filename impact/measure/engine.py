"""Measure all indicators of a programme: group them into passes, make the cuts, return tidy tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

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
from impact.measure.cells import SUMS, Cells, additive_cells, change_cells, value_counts
from impact.measure.complete import count_units
from impact.measure.formula import arm_sql, cluster_sql, is_share
from impact.measure.measurement import Domain, Measurement, values_frame
from impact.measure.moments import Sums, exact, ratio_of_sums, weighted_total
from impact.measure.networks import network_values, tie_rows
from impact.measure.parts import cut_codelists, explain_sums
from impact.measure.sampled import measure_sampled, needs_rows, sampled_rows
from impact.measure.spread import Frame
from impact.measure.status import status_words
from impact.measure.territory_map import measure_cells, need_cells
from impact.sql import Select, ident
from impact.states import Arm
from impact.statistics.core import Floats, Ints
from impact.tables.part import MISSING_GROUP, WHOLE, Part
from impact.tables.results import Linkage

Pass = Callable[[duckdb.DuckDBPyConnection, Programme, Contract, Indicator], tuple[list[Measurement], str]]
"""From the rows of one indicator to its values, and the query that made them."""
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
    queries
        The pass each indicator was computed in.
    """

    measurements: tuple[Measurement, ...]
    linkage: pd.DataFrame
    queries: dict[str, str] = field(repr=False)

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
    queries: dict[str, str] = {}
    for contract, kind, members in _passes(programme, indicators):
        if kind in SINGLE_PASSES:
            for indicator in members:
                found, queries[indicator.id] = SINGLE_PASSES[kind](connection, programme, contract, indicator)
                lists = cut_codelists(programme, indicator)
                rows += count_units(connection, programme, contract, indicator, lists=lists, rows=found)
            continue
        compute = change_cells if kind == "change" else additive_cells
        cells = compute(connection, programme.id, contract, members)
        queries |= {indicator.id: cells.sql for indicator in members}
        for indicator in members:
            lists = cut_codelists(programme, indicator)
            found = explain_sums(indicator, lists, _from_cells(indicator, cells, lists))
            rows += count_units(connection, programme, contract, indicator, lists=lists, rows=found)
            if kind == "change":
                linkage.append(_linkage(connection, programme.id, contract, indicator))
    return Measures(tuple(rows), pd.DataFrame(linkage, columns=LINKED), queries)


def _sampled(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, indicator: Indicator
) -> tuple[list[Measurement], str]:
    frame, sql = sampled_rows(connection, programme.id, contract, indicator)
    lists = cut_codelists(programme, indicator)
    return explain_sums(indicator, lists, _from_rows(indicator, frame, lists)), sql


def _counted(
    connection: duckdb.DuckDBPyConnection, programme: Programme, contract: Contract, indicator: Indicator
) -> tuple[list[Measurement], str]:
    counts, sql = value_counts(connection, programme.id, contract, indicator)
    lists = cut_codelists(programme, indicator)
    return explain_sums(indicator, lists, _from_counts(indicator, counts, lists)), sql


def _networked(
    connection: duckdb.DuckDBPyConnection, programme: Programme, _: Contract, indicator: Indicator
) -> tuple[list[Measurement], str]:
    ties = tie_rows(connection, programme, indicator)
    return list(network_values(indicator, ties)), ties.sql


def _mapped(
    connection: duckdb.DuckDBPyConnection, programme: Programme, _: Contract, indicator: Indicator
) -> tuple[list[Measurement], str]:
    cells, sql = need_cells(connection, programme, indicator)
    return _from_map(indicator, cells, cut_codelists(programme, indicator)), sql


_FORMULA_PASSES: Mapping[str, Pass] = {"network": _networked, "territory_map": _mapped}
SINGLE_PASSES: Mapping[str, Pass] = {
    "rows": _sampled,
    "counts": _counted,
    **{name: _FORMULA_PASSES[name] for name, kind in FORMULAS.items() if kind.summary is Summary.OWN},
}
"""Passes that serve one indicator: its rows, how often each value stands, and what formulas have of their own."""


def _passes(programme: Programme, indicators: Sequence[Indicator]) -> Iterator[tuple[Contract, str, list[Indicator]]]:
    def key(indicator: Indicator) -> tuple[str, str, str, str]:
        formula, summary = indicator.formula, kind_of(indicator.formula).summary
        if summary is Summary.CHANGES:
            return indicator.contract, "change", formula.followed_since or "", indicator.ex_post.wave or ""
        if summary is Summary.OWN:
            return indicator.contract, formula.kind, "", ""
        if needs_rows(indicator):
            return indicator.contract, "rows", "", ""
        return indicator.contract, "additive" if summary.additive else "counts", "", ""

    for (contract, kind, _, _), members in groupby(sorted(indicators, key=key), key=key):
        yield programme.contracts[contract], kind, list(members)


def _cuts(indicator: Indicator) -> list[Part]:
    """Return the whole, and each column that cuts, without a code."""
    return [WHOLE, *(Part(name, cuts_programme=True) for name in indicator.scope), *map(Part, indicator.by)]


def _domains(
    indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]
) -> Iterator[tuple[Domain, pd.Series]]:
    """Yield each arm, part and wave with the mask of its cells.

    Parts cover the whole, missing ones too; in a hierarchy a code also has the cells of all codes below it.
    """
    for arm, in_arm in _arms(indicator, frame):
        for cut in _cuts(indicator):
            labels = pd.Series("", index=frame.index) if cut.is_whole else frame[cut.column].fillna(MISSING_GROUP)
            for wave in frame["_wave"].drop_duplicates():
                here = (frame["_wave"] == wave) & in_arm
                for branch in branches(lists.get(cut.column), labels[here].unique()):
                    domain = Domain(arm, replace(cut, code=branch.code), wave)
                    yield domain, here & labels.isin(branch.members)


def _arms(indicator: Indicator, frame: pd.DataFrame) -> list[tuple[Arm, pd.Series]]:
    """Return the arms to measure apart: what was promised to participants is judged on participants."""
    arm = arm_sql(indicator.ex_post.design)
    if arm is None:
        return [(Arm.ALL, pd.Series(data=True, index=frame.index))]
    return [(name, frame[arm] == name) for name in (Arm.TREATED, Arm.COMPARISON)]


def _from_cells(indicator: Indicator, cells: Cells, lists: Mapping[str, Codelist]) -> list[Measurement]:
    frame, rows = cells.frame, []
    sampled = bool(indicator.sample.columns())
    for domain, inside in _domains(indicator, frame, lists):
        n, missing = (int(frame.loc[inside, f"{name}:{indicator.id}"].sum()) for name in ("n", "missing"))
        if n == 0 and missing == 0 and not domain.part.is_whole:
            continue
        of_wave = frame[frame["_wave"] == domain.wave]
        design = _design(indicator, of_wave) if sampled else None
        sums = _sums(indicator, of_wave if sampled else frame[inside], inside)
        summary = kind_of(indicator.formula).summary
        if summary.total:
            counts = summary is Summary.ROWS
            measured = weighted_total(sums, design if indicator.sample.weight else None, counts_rows=counts)
        else:
            share = is_share(indicator)
            measured = ratio_of_sums(sums, cells.pilot[indicator.id], design, share=share)
            measured = exact(measured) if indicator.sample.all_units else measured
        extra = [*_qualifiers(indicator, frame[inside]), *_negative(frame.loc[inside, f"negative:{indicator.id}"])]
        words = status_words(frame.loc[inside, f"status:{indicator.id}"])
        rows.append(Measurement(indicator.id, domain, _with(measured, *extra, *words), n, missing))
    return rows


def _from_rows(indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]) -> list[Measurement]:
    rows = []
    for domain, inside in _domains(indicator, frame, lists):
        wave = frame["_wave"] == domain.wave
        measured, n, missing = measure_sampled(indicator, frame[wave], inside[wave])
        if n or missing or domain.part.is_whole:
            words = status_words(frame.loc[inside & wave & frame["_inside"] & frame["_y"].notna(), "_status"])
            rows.append(Measurement(indicator.id, domain, _with(measured, *words), n, missing))
    return rows


def _from_map(indicator: Indicator, frame: pd.DataFrame, lists: Mapping[str, Codelist]) -> list[Measurement]:
    domains = _domains(indicator, frame, lists)
    return [Measurement(indicator.id, domain, *measure_cells(indicator, frame[inside])) for domain, inside in domains]


def _negative(counts: pd.Series) -> list[str]:
    """Flag rows that were left out because their weight is below zero."""
    return ["negative_weights"] if counts.sum() > 0 else []


def _qualifiers(indicator: Indicator, cells: pd.DataFrame) -> tuple[str, ...]:
    """Return how the summed figures were stated where that was not exactly: about, more_than, at_most."""
    name = f"qualifier:{indicator.id}"
    if name not in cells:
        return ()
    return tuple(sorted({word for words in cells[name].dropna() for word in words}))


def _sums(indicator: Indicator, cells: pd.DataFrame, inside: pd.Series) -> Sums:
    mask = inside.loc[cells.index].to_numpy(dtype=float)
    taken = {name: cells[f"{name}:{indicator.id}"].to_numpy(dtype=float) for name in SUMS}
    return Sums(**{name: values if name in ("low", "high") else values * mask for name, values in taken.items()})


def _design(indicator: Indicator, cells: pd.DataFrame) -> Frame:
    sample, cluster = indicator.sample, cluster_sql(indicator.sample)
    return Frame(
        _labels(cells, sample.strata),
        _labels(cells, cluster) if cluster else None,
        cells["_rows"].to_numpy(dtype=float),
        _numbers(cells, sample.population, "population"),
        _numbers(cells, sample.population_within, "population") if sample.population_within else None,
        (_numbers(cells, sample.weight, "least"), _numbers(cells, sample.weight, "most")),
        lonely=sample.lonely_psu or "refuse",
        effective=sample.effective or "clusters",
    )


def _labels(cells: pd.DataFrame, column: str | None) -> Ints:
    labels = cells[column].fillna(MISSING_GROUP) if column else pd.Series("", index=cells.index)
    return pd.factorize(labels)[0].astype(np.int64)


def _numbers(cells: pd.DataFrame, column: str | None, word: str) -> Floats:
    """Return what cells keep of a column of numbers; not known where there is none."""
    name = f"{word}:{column}"
    return cells[name].to_numpy(dtype=float) if name in cells else np.full(len(cells), np.nan)


def _from_counts(indicator: Indicator, counts: pd.DataFrame, lists: Mapping[str, Codelist]) -> list[Measurement]:
    rows = []
    for domain, inside in _domains(indicator, counts, lists):
        part = counts[inside]
        valued = part[part["_value"].notna() & (part["_n"] > 0)]
        measured = _value_of_counts(indicator, valued)
        flagged = _with(measured, *_negative(part["_negative"]), *status_words(valued["_status"]))
        n = int(valued["_n"].sum())
        rows.append(Measurement(indicator.id, domain, flagged, n, int(part["_rows"].sum()) - n))
    return rows


def _value_of_counts(indicator: Indicator, valued: pd.DataFrame) -> Measured:
    formula, sample = indicator.formula, indicator.sample
    assert isinstance(formula, CountedFormula)  # noqa: S101 - what else is counted, its descriptor refuses
    weighted = sample.weight is not None
    totals = valued.groupby("_value")["_weight" if weighted else "_n"].sum().sort_index()
    counts, designed = totals.to_numpy(dtype=float), bool(sample.columns())
    measured = formula.value_of_counts(ValueCounts(totals.index.to_numpy(), counts, weighted, designed))
    return exact(measured) if sample.all_units else measured


def _with(measured: Measured, *flags: str) -> Measured:
    return replace(measured, flags=(*measured.flags, *flags))


def _linkage(
    connection: duckdb.DuckDBPyConnection, programme: str, contract: Contract, indicator: Indicator
) -> tuple[object, ...]:
    since, wave = indicator.formula.followed_since, indicator.ex_post.wave
    person, at_wave = ident(contract.person or ""), f"bool_or({ident(contract.wave or '')} = ?)"
    persons = Select({"before": at_wave, "after": at_wave}, ident(programme, contract.id), group=(person,))
    counts = {
        "linked": "count(*) FILTER (before AND after)",
        "lost": "count(*) FILTER (before AND NOT after)",
        "new": "count(*) FILTER (after AND NOT before)",
    }
    ((linked, lost, new),) = connection.execute(Select(counts, persons).sql(), [since, wave]).fetchall()
    return indicator.id, since, wave, linked, lost, new
