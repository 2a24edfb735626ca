"""The measured values that another value is reckoned from, put side by side by part and wave.

Before :mod:`impact.measure.derived`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from impact.declare.indicators import Indicator
from impact.formulas.measured import Measured
from impact.measure.measurement import INCOMPLETE, Domain, Measurement, Units
from impact.states import Arm
from impact.statistics.core import Floats
from impact.words.said import Said

OF_INTERVAL = frozenset({"no_data", "no_interval", "small_n", "few_clusters"})
"""Flags of an operand that say how sure its own value is, and nothing of what is reckoned from it."""
Place = tuple[str, str, str]
"""Column, code and wave, by which the values of several indicators are of the same part."""
Measurements = Mapping[str, Sequence[Measurement]]
"""What was measured, by the id of the indicator."""
Beside = tuple[Measurement | None, ...]
"""The measurements of all operands in one domain."""


def place_of(domain: Domain) -> Place:
    """Return the column, code and wave of a domain."""
    return domain.part.column, domain.part.code, domain.wave


def every_wave(place: Place) -> Place:
    """Return the place of rows that are not told apart by wave: they are those of every wave."""
    column, code, _ = place
    return column, code, ""


@dataclass(frozen=True)
class Operands:
    """The operands of an indicator.

    Parameters
    ----------
    indicator
        What is reckoned from them.
    names, places
        Their ids, and what was measured of each.
    """

    indicator: Indicator
    names: tuple[str, ...]
    places: tuple[Mapping[Place, Measurement], ...]

    @classmethod
    def of(cls, indicator: Indicator, names: Sequence[str], measured: Measurements) -> Operands:
        """Return operands by their ids, from all that was measured."""
        places = tuple({place_of(one.domain): one for one in measured[name]} for name in names)
        return cls(indicator, tuple(names), places)

    def domains(self) -> list[Domain]:
        """Return the parts in which any of them was measured, in the waves of the first."""
        indicator, waves = self.indicator, {wave for _, _, wave in self.places[0]}
        cuts = {"", *indicator.scope, *indicator.by}
        domains = dict[Domain, None]()
        for places in self.places:
            for (column, _, wave), measurement in places.items():
                if column in cuts and wave in waves:
                    part = replace(measurement.domain.part, cuts_programme=column in indicator.scope)
                    domains[Domain(Arm.ALL, part, wave)] = None
        return list(domains)

    def beside(self, domain: Domain) -> Beside:
        """Return what was measured of each in a domain."""
        place = place_of(domain)
        return tuple(places.get(place) or places.get(every_wave(place)) for places in self.places)

    def values(self, domains: Sequence[Domain]) -> Floats:
        """Return their values in D domains, shape (k, D); NaN where one has none."""
        rows = [[_number(measurement) for measurement in self.beside(domain)] for domain in domains]
        return np.array(rows, dtype=np.float64).reshape(len(domains), len(self.names)).T

    def measurement(self, domain: Domain, measured: Measured) -> Measurement:
        """Return a value with what its operands have to say of it; its rows are those of the first."""
        beside = self.beside(domain)
        first = beside[0]
        n, n_missing = (first.n, first.n_missing) if first else (0, 0)
        measurement = Measurement(self.indicator.id, domain, measured, n, n_missing, _units(beside))
        return measurement if measured.value is None else measurement.flagged(*_flags(beside))

    def without_value(self, domain: Domain, otherwise: Said) -> Measurement:
        """Return that there is no value: because of the first operand that has none, or of what else is said."""
        lacking = (name for name, one in zip(self.names, self.beside(domain), strict=True) if math.isnan(_number(one)))
        name = next(lacking, None)
        reason = Said("derived.operand_missing", indicator=name) if name else otherwise
        method = Said("join.not_estimable", why=reason)
        return self.measurement(domain, Measured(None, method=method, flags=("no_data",)))


def _number(measurement: Measurement | None) -> float:
    value = measurement.measured.value if measurement else None
    return math.nan if value is None else value


def _flags(beside: Beside) -> Iterator[str]:
    for measurement in filter(None, beside):
        yield from (flag for flag in measurement.flags if flag not in OF_INTERVAL)


def _units(beside: Beside) -> Units:
    """Return of how many units the first operand is that lacks some, or else the first."""
    present = [measurement for measurement in beside if measurement]
    lacking = [measurement for measurement in present if INCOMPLETE in measurement.flags]
    first, *_ = lacking or present
    return Units(first.units.reported, first.units.expected)
