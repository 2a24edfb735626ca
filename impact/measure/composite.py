"""Indices of the measured values of several indicators, for each code of a column, and what they owe to each of these.

After all that is measured of rows, beside :mod:`impact.measure.derived`; the numbers are those of
:mod:`impact.statistics.composite`. An index has no interval: its goalposts and the order of codes are those of values
that are uncertain themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import duckdb
import numpy as np

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.errors import NotEstimable
from impact.formulas.composite.model import Component, Composite
from impact.formulas.measured import COMPLETE, Measured
from impact.measure.measurement import BehindValue, Domain, Measurement
from impact.measure.operands import Measurements, Operands
from impact.statistics.composite import (
    Index,
    Phenomenon,
    Sensitivity,
    ampi_goalposts,
    ampi_scores,
    arithmetic_mean,
    geometric_mean,
    leave_one_out,
    min_max,
    penalised,
    weight_sensitivity,
)
from impact.statistics.core import Floats
from impact.statistics.ranking import Best
from impact.tables.part import MISSING_GROUP
from impact.words.said import Said

CHANGE = 0.25
"""By what share of itself each weight is lowered and raised."""


def measure_composite(
    _: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator, measured: Measurements
) -> list[Measurement]:
    """Return the values of an index: of each code of its column and of the whole, in each wave.

    Parameters
    ----------
    programme, indicator
        The programme, and its indicator whose formula is the index.
    measured
        Of its components.

    Notes
    -----
    Goalposts that are not declared are those of all codes and waves; the whole is scored by them and is not one of
    them. A code without a value of any component has no index; rows without a code are no unit.
    """
    operands = Operands.of(indicator, indicator.formula.indicators(), measured)
    domains = [domain for domain in operands.domains() if domain.part.code != MISSING_GROUP]
    table = _Table(cast("Composite", indicator.formula), domains, operands.values(domains).T)
    try:
        scores = _scores(table)
    except NotEstimable as error:
        return [operands.without_value(domain, error.reason) for domain in domains]
    index = _index(indicator)
    weights = np.array([component.weight for component in table.formula.components])
    behind = _behind(indicator, table, scores, weights)
    return [
        _measurement(operands, domain, partial(index, row[None, :], weights), behind.get(domain, ()))
        for domain, row in zip(domains, scores, strict=True)
    ]


@dataclass(frozen=True)
class _Table:
    """The values of components, shape (D, k), in D domains; NaN where there is none."""

    formula: Composite
    domains: Sequence[Domain]
    values: Floats

    def column(self, number: int, *, whole: bool) -> list[tuple[Domain, float]]:
        """Return the values of a component that are there, of the whole or of codes."""
        rows = zip(self.domains, self.values[:, number].tolist(), strict=True)
        return [(domain, value) for domain, value in rows if domain.part.is_whole is whole and not np.isnan(value)]


def _scores(table: _Table) -> Floats:
    """Return the values of all components on the scale of the index, shape (D, k); NaN where there is none."""
    scores = np.full(table.values.shape, np.nan)
    for number, component in enumerate(table.formula.components):
        there = ~np.isnan(table.values[:, number])
        if there.any():
            scores[there, number] = _scored(table, number, component, table.values[there, number])
    return scores


def _scored(table: _Table, number: int, component: Component, values: Floats) -> Floats:
    polarity = 1 if component.polarity == "positive" else -1
    if table.formula.method != "ampi":
        if component.goalposts is None:
            return values
        low, high = component.goalposts
        return min_max(values, low, high, polarity=polarity)
    if component.goalposts is not None:
        low, high = component.goalposts
        posts = ampi_goalposts([[low], [high]], [(low + high) / 2])
    else:
        of_codes = [[value] for _, value in table.column(number, whole=False)]
        posts = ampi_goalposts(of_codes, [_reference(table, number, component)])
    return ampi_scores(values[:, None], posts, polarity=polarity)[:, 0]


def _reference(table: _Table, number: int, component: Component) -> float:
    """Return the value that scores 100: as declared, or that of the whole in the base wave."""
    if component.reference is not None:
        return component.reference
    base = table.formula.base or ""
    of_whole = [value for domain, value in table.column(number, whole=True) if domain.wave == base]
    if not of_whole:
        raise NotEstimable(Said("derived.no_reference", indicator=component.indicator), Said("derived.reference"))
    return of_whole[0]


def _index(indicator: Indicator) -> Index:
    """Return how scores and weights become the index."""
    formula = cast("Composite", indicator.formula)
    if formula.method == "weighted_mean":
        return arithmetic_mean
    if formula.method == "geometric_mean":
        return geometric_mean
    phenomenon: Phenomenon = "falling" if indicator.direction == "decrease" else "rising"
    return lambda scores, weights: penalised(scores, phenomenon=phenomenon, weights=weights).index


def _measurement(
    operands: Operands, domain: Domain, index: partial[Floats], behind: tuple[BehindValue, ...]
) -> Measurement:
    """Return the index of a domain, or why it has none."""
    try:
        (value,) = index().tolist()
    except NotEstimable as error:
        return operands.without_value(domain, error.reason)
    exact = all(one is not None and one.measured.method == COMPLETE for one in operands.beside(domain))
    if exact:
        return replace(operands.measurement(domain, Measured(value)), behind=behind)
    method = Said("join.no_interval", why=Said("derived.index_of_uncertain"))
    measured = Measured(value, method=method, flags=("no_interval",))
    return replace(operands.measurement(domain, measured), behind=behind)


# ---- what the index owes to each component ---------------------------------------------------------------------------


def _behind(
    indicator: Indicator, table: _Table, scores: Floats, weights: Floats
) -> Mapping[Domain, tuple[BehindValue, ...]]:
    """Return of each code what the index would be without each component, and how far it goes under other weights."""
    lacking = np.isnan(scores).sum(axis=1).tolist()
    units = [row for row, domain in enumerate(table.domains) if not (lacking[row] or domain.part.is_whole)]
    behind: dict[Domain, tuple[BehindValue, ...]] = {}
    for wave in dict.fromkeys(table.domains[row].wave for row in units):
        of_wave = [row for row in units if table.domains[row].wave == wave]
        named = _of_wave(indicator, scores[of_wave], weights)
        behind |= dict(zip((table.domains[row] for row in of_wave), named, strict=True))
    return behind


def _of_wave(indicator: Indicator, scores: Floats, weights: Floats) -> list[tuple[BehindValue, ...]]:
    """Return what is behind the index of each unit of a wave; nothing where it cannot be reckoned of all of them."""
    best: Best = "smallest" if indicator.direction == "decrease" else "largest"
    index = _index(indicator)
    try:
        without = leave_one_out(index, scores, weights, best=best)
        other = weight_sensitivity(index, scores, weights, change=CHANGE, best=best)
    except NotEstimable:
        return [()] * len(scores)
    names = indicator.formula.indicators()
    return [(*_without(names, without, unit), *_other_weights(other, unit)) for unit in range(len(scores))]


def _without(names: Sequence[str], without: Sensitivity, unit: int) -> Iterator[BehindValue]:
    family, n = Said("family.leave_one_out"), without.values.shape[1]
    for number, name in enumerate(names):
        rank, declared = int(without.case_ranks[number, unit]), int(without.ranks[unit])
        detail = Said("derived.rank_without", rank=rank, n=n, declared=declared)
        yield BehindValue(family, name, float(without.values[number, unit]), detail)


def _other_weights(other: Sensitivity, unit: int) -> Iterator[BehindValue]:
    family, n = Said("family.weight_sensitivity"), other.values.shape[1]
    ends = (("lowest", other.low[unit]), ("highest", other.high[unit]))
    ranks = Said("derived.ranks_of_weights", best=int(other.best_rank[unit]), worst=int(other.worst_rank[unit]), n=n)
    for name, value in ends:
        yield BehindValue(family, Said(f"derived.{name}"), float(value), ranks)
