"""A measured value with all that is known of it: of which rows it is, how sure it is, of how many units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from impact.formulas.measured import Measured
from impact.states import Arm
from impact.tables.part import COLUMNS, Part
from impact.words.said import Said, Text

INCOMPLETE = "incomplete"
VALUES = [
    "indicator", "arm", *COLUMNS, "wave", "value", "std_error", "conf_low", "conf_high", "n", "n_missing",
    "units_reported", "units_expected", "n_clusters", "method", "flags",
]  # fmt: skip
COMPARED = ["awaited", "same_baseline"]
"""What a finding needs to compare the same units, beside what is published of a measure."""


@dataclass(frozen=True)
class Domain:
    """Of which rows a value is: an arm, a part and a wave (empty for data without waves)."""

    arm: Arm
    part: Part
    wave: str


@dataclass(frozen=True)
class Units:
    """Of how many units a value is.

    Parameters
    ----------
    reported, expected
        Units with a value, and those awaited; None where none are counted.
    awaited
        Whether they are awaited in every wave.
    same_baseline
        What the units of the wave that is looked at had in the baseline wave; None where it is not known.
    """

    reported: int | None = None
    expected: int | None = None
    awaited: bool = False
    same_baseline: float | None = None


@dataclass(frozen=True)
class BehindValue:
    """A number behind a value, such as an index without one of its components; in the unit of the indicator."""

    family: Said
    term: Text
    estimate: float
    detail: Said


@dataclass(frozen=True)
class Measurement:
    """A value of an indicator on a domain.

    ``n`` rows have a value and stand behind it, ``n_missing`` pass the filter and have none; ``behind`` are
    further numbers that say what it rests on.
    """

    indicator: str
    domain: Domain
    measured: Measured
    n: int
    n_missing: int
    units: Units = Units()
    behind: tuple[BehindValue, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """What is to be known before the value is compared."""
        return self.measured.flags

    def flagged(self, *flags: str) -> Measurement:
        """Return the value with further flags, each once."""
        every = tuple(dict.fromkeys((*self.flags, *flags)))
        return replace(self, measured=replace(self.measured, flags=every))


def values_frame(measurements: Iterable[Measurement]) -> pd.DataFrame:
    """Return values as a table: the columns of ``impact.measure``, and :data:`COMPARED`."""
    return pd.DataFrame(map(_values_row, measurements), columns=[*VALUES, *COMPARED])


def _values_row(measurement: Measurement) -> tuple[object, ...]:
    domain, measured, units = measurement.domain, measurement.measured, measurement.units
    cell = (domain.arm, *domain.part.fields().values(), domain.wave)
    interval = (measured.value, measured.std_error, measured.conf_low, measured.conf_high)
    rows = (measurement.n, measurement.n_missing)
    numbers = (*rows, units.reported, units.expected, measured.n_clusters)
    remarks = (measured.method, list(measured.flags))
    compared = (units.awaited, units.same_baseline)
    return (measurement.indicator, *cell, *interval, *numbers, *remarks, *compared)
