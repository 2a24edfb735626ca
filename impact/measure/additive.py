"""Values of indicators from the sums over their cells: of each arm, part and wave, and of the whole.

After :mod:`impact.measure.cells`. What domains there are is made out once for all indicators that are cut alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.declare.contracts import Codelist
from impact.declare.indicators import Indicator, Sample
from impact.formulas.kind import Summary
from impact.formulas.measured import Measured
from impact.formulas.registry import kind_of
from impact.measure.breakdown import column_cuts
from impact.measure.cells import Cells, Summed
from impact.measure.domains import Domains, part_domains
from impact.measure.formula import cluster_sql, is_share
from impact.measure.measurement import Domain, Measurement
from impact.measure.moments import (
    Designed,
    Values,
    design_spread,
    designed_values,
    exact_values,
    ratio_values,
    simple_spread,
    simple_values,
    total_values,
)
from impact.measure.obs_flags import status_words
from impact.measure.spread import Frame, Spread
from impact.measure.terms import BETWEEN, has_spread
from impact.statistics.core import Floats, Ints
from impact.statistics.surveys.strata import Bools
from impact.tables.part import MISSING_GROUP, WHOLE, Part
from impact.words.said import Remark

Lists = Mapping[str, Codelist]
"""The codelists of the columns that cut an indicator."""


def measure_summed(
    indicators: Sequence[Indicator], summed: Summed, lists_of: Callable[[Indicator], Lists]
) -> Iterator[tuple[Indicator, list[Measurement]]]:
    """Yield each indicator with its values.

    Parameters
    ----------
    indicators
        With the same arms and sample.
    summed
        Their sums.
    lists_of
        Returns the codelists of the columns that cut an indicator.
    """
    layouts: dict[tuple[str, ...], Layout] = {}
    for indicator in indicators:
        cuts = (*indicator.scope, "|", *indicator.by)
        if cuts not in layouts:
            layouts[cuts] = layout_of(indicator, summed, lists_of(indicator))
        yield indicator, list(_measurements(indicator, layouts[cuts]))


@dataclass(frozen=True)
class Place:
    """Where domains have their cells: which cells, of which domains, and the numbers of these among all."""

    cells: Cells
    domains: Domains
    numbers: Ints


@dataclass(frozen=True)
class SampledWave:
    """The sample of one wave: which cells are its, cell by cell, and as in :class:`Place` its domains."""

    cells: Cells
    inside: Ints
    frame: Frame
    domains: Domains
    numbers: Ints


@dataclass(frozen=True)
class Layout:
    """The domains of indicators that are cut alike, in the order in which they are measured."""

    names: tuple[Domain, ...]
    parts: tuple[Place, ...]
    units: tuple[Place, ...]
    sample: Sample

    @cached_property
    def sampled(self) -> tuple[SampledWave, ...]:
        """The sample, wave by wave."""
        return tuple(one for place in self.units for one in _waves(self.sample, place))

    def fill(self, arrays: Sequence[NDArray[Any]]) -> Floats:
        """Put what each of the parts has in the place of its domains."""
        filled = np.zeros(len(self.names))
        for place, values in zip(self.parts, arrays, strict=True):
            filled[place.numbers] = values
        return filled


def layout_of(indicator: Indicator, summed: Summed, lists: Lists) -> Layout:
    """Return the domains of an indicator, and of all that are cut like it, in sums of their rows."""
    cuts = (WHOLE, *column_cuts(indicator))
    listed = list(_domains_of(indicator, summed.parts, lists, cuts))
    order = {cut.column: place for place, cut in enumerate(cuts)}
    names = [name for _, domains in listed for name in domains.names]
    arms = list(dict.fromkeys(name.arm for name in names))
    names.sort(key=lambda name: (arms.index(name.arm), order[name.part.column]))
    numbers = {name: number for number, name in enumerate(names)}
    parts = tuple(_placed(listed, numbers))
    units = parts
    if summed.units is not summed.parts:
        units = tuple(_placed(_domains_of(indicator, summed.units, lists, cuts), numbers))
    return Layout(tuple(names), parts, units, indicator.sample)


def _domains_of(
    indicator: Indicator, cells: Sequence[Cells], lists: Lists, cuts: Sequence[Part]
) -> Iterator[tuple[Cells, Domains]]:
    """Yield cells with the domains that are first made up of them: the whole of the first, each cut where it stands."""
    open_cuts = list(cuts)
    for grouped in cells:
        here = [cut for cut in open_cuts if cut.is_whole or cut.column in grouped.cuts]
        open_cuts = [cut for cut in open_cuts if cut not in here]
        if here:
            yield grouped, part_domains(indicator, grouped.keys, lists, here)


def _placed(listed: Iterable[tuple[Cells, Domains]], numbers: Mapping[Domain, int]) -> Iterator[Place]:
    for cells, domains in listed:
        if domains.names:
            yield Place(cells, domains, np.array([numbers[name] for name in domains.names]))


def _waves(sample: Sample, place: Place) -> Iterator[SampledWave]:
    """Yield the sample of each wave."""
    waves = place.cells.keys["_wave"].to_numpy(dtype=object)
    for wave in dict.fromkeys(name.wave for name in place.domains.names):
        inside = waves == wave
        domains, kept = place.domains.within(inside)
        frame = _frame(sample, place.cells, inside)
        yield SampledWave(place.cells, np.flatnonzero(inside), frame, domains, place.numbers[kept])


def _frame(sample: Sample, cells: Cells, inside: Bools) -> Frame:
    def numbers(name: str) -> Floats:
        return cells.taken[name][inside]

    def labels(column: str | None) -> Ints:
        texts = cells.keys[column][inside].fillna(MISSING_GROUP) if column else np.zeros(int(inside.sum()))
        return pd.factorize(texts)[0].astype(np.int64)

    cluster, population, within = cluster_sql(sample), sample.population, sample.population_within
    rows = numbers("_rows")
    weighted = sample.weight and population
    return Frame(
        labels(sample.strata),
        labels(cluster) if cluster else None,
        rows,
        numbers(f"population:{population}") if population else np.full(len(rows), np.nan),
        numbers(f"population:{within}") if within else None,
        (numbers(f"least:{sample.weight}"), numbers(f"most:{sample.weight}")) if weighted else None,
        lonely=sample.lonely_psu or "refuse",
    )


def _measurements(indicator: Indicator, layout: Layout) -> Iterator[Measurement]:
    """Yield the value of each domain that has rows, and of the whole."""
    values = _values(indicator, layout)
    inside = layout.fill([place.domains.add(place.cells.inside(indicator)) for place in layout.parts])
    missing = (inside - values.n).astype(np.int64).tolist()
    flags = _flags(indicator, layout)
    measured = _intervals(indicator, layout, values)
    for number, domain in enumerate(layout.names):
        n = int(values.n[number])
        if n or missing[number] or domain.part.is_whole:
            yield Measurement(indicator.id, domain, measured[number].flagged(*flags[number]), n, missing[number])


def _values(indicator: Indicator, layout: Layout) -> Values:
    summary = kind_of(indicator.formula).summary
    each = []
    for place in layout.parts:
        sums = place.cells.value_sums(indicator)
        if summary.total:
            each.append(total_values(sums, place.domains, counts_rows=summary is Summary.ROWS))
        else:
            each.append(ratio_values(sums, place.domains))
    value, below = layout.fill([one.value for one in each]), layout.fill([one.below for one in each])
    return Values(value, layout.fill([one.n for one in each]).astype(np.int64), below)


def _intervals(indicator: Indicator, layout: Layout, values: Values) -> list[Measured]:
    """Return the values with the intervals that their sample allows."""
    sample = indicator.sample
    share, total = is_share(indicator), kind_of(indicator.formula).summary.total
    if not has_spread(indicator):
        return exact_values(values)
    if not sample.columns():
        return simple_values(values, _simple_spread(indicator, layout, values), share=share)
    spread = _design_spread(indicator, layout, values, total=total)
    kind = Designed(share, total, bool(sample.cluster), sample.effective or "clusters")
    return designed_values(values, spread, kind)


def _simple_spread(indicator: Indicator, layout: Layout, values: Values) -> Spread:
    each = []
    for place in layout.parts:
        sums = place.cells.shifted_sums(indicator).over(place.domains)
        each.append((place.numbers, simple_spread(sums, _some(values, place.numbers))))
    return gathered(each, len(layout.names))


def _design_spread(indicator: Indicator, layout: Layout, values: Values, *, total: bool) -> Spread:
    each = []
    for wave in layout.sampled:
        sums = wave.cells.shifted_sums(indicator).of(wave.inside)
        spread = design_spread(sums, _some(values, wave.numbers), wave.frame, wave.domains, total=total)
        each.append((wave.numbers, spread))
    return gathered(each, len(layout.names))


def _some(values: Values, numbers: Ints) -> Values:
    return Values(values.value[numbers], values.n[numbers], values.below[numbers])


def gathered(each: Sequence[tuple[Ints, Spread]], count: int) -> Spread:
    """Put spreads in the place of their domains."""
    variance, units, freedom = np.full(count, np.nan), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    problems: list[Remark] = [""] * count
    for numbers, spread in each:
        variance[numbers], units[numbers], freedom[numbers] = spread.variance, spread.units, spread.freedom
        for number, problem in zip(numbers.tolist(), spread.problems, strict=True):
            problems[number] = problem
    return Spread(variance, units, freedom, problems)


def _flags(indicator: Indicator, layout: Layout) -> list[list[str]]:
    """Return what is to be known of the rows of each domain: how figures were stated, weights below zero, flags."""
    flags: list[list[str]] = [[] for _ in layout.names]
    for place in layout.parts:
        cells = place.cells
        qualifiers = cells.sums("qualifier", indicator) if cells.has("qualifier", indicator) else None
        status = cells.sums("status", indicator) if cells.has("status", indicator) else None
        negative = cells.negative(indicator)
        if qualifiers is None and status is None and negative is None:
            continue
        for number, (_, members) in zip(place.numbers.tolist(), place.domains, strict=True):
            if qualifiers is not None:
                texts = [text for text in qualifiers[members] if isinstance(text, str)]
                flags[number] += sorted({word for text in texts for word in text.split(BETWEEN)})
            if negative is not None and negative[members].any():
                flags[number].append("negative_weights")
            if status is not None:
                flags[number] += status_words(status[members])
    return flags
