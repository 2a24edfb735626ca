"""A measured value with all that is known of it: of which rows it is, how sure it is, of how many units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from impact.formulas.measured import Measured
from impact.states import Arm
from impact.tables.part import COLUMNS, Part

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
class Measurement:
    """A value of an indicator on a domain.

    ``n`` rows have a value and stand behind it, ``n_missing`` pass the filter and have none.
    """

    indicator: str
    domain: Domain
    measured: Measured
    n: int
    n_missing: int
    units: Units = Units()

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
    rows = [
        (
            each.indicator,
            each.domain.arm,
            *each.domain.part.fields().values(),
            each.domain.wave,
            each.measured.value,
            each.measured.std_error,
            each.measured.conf_low,
            each.measured.conf_high,
            each.n,
            each.n_missing,
            each.units.reported,
            each.units.expected,
            each.measured.n_clusters,
            each.measured.method,
            list(each.flags),
            each.units.awaited,
            each.units.same_baseline,
        )
        for each in measurements
    ]
    return pd.DataFrame(rows, columns=[*VALUES, *COMPARED])
