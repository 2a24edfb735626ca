"""What a finding is judged by: a measured value, those beside it, and what was promised of its part.

Before :mod:`impact.judge.findings`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from impact.declare import Programme, last_day
from impact.declare.indicators import Indicator
from impact.declare.limits import value_limits
from impact.expect.promises import PartPromises, Promises, declared_promises
from impact.formulas.limits import Limits
from impact.formulas.measured import Measured
from impact.formulas.registry import kind_of
from impact.judge.attainment import Completeness
from impact.measure.measurement import INCOMPLETE, Domain, Measurement
from impact.states import Arm
from impact.tables.part import WHOLE, Part
from impact.words.said import Said

NO_ROWS = Measured(None, method=Said("values.no_rows"), flags=("no_data",))
JUDGED_ARMS = (Arm.ALL, Arm.TREATED)
"""Those of which findings are; the others are compared with them."""


@dataclass(frozen=True)
class Case:
    """What a finding is judged by: the declaration, a measured value, and those beside it by domain."""

    programme: Programme
    indicator: Indicator
    beside: Mapping[Domain, Measurement]
    measurement: Measurement
    parts: PartPromises
    until: datetime.date | None

    @property
    def value(self) -> float | None:
        """The value, in the indicator's unit."""
        return number(self.measurement.measured.value)

    @property
    def is_part(self) -> bool:
        """Whether it is of a part of the programme."""
        return not self.measurement.domain.part.is_whole

    @property
    def has_own(self) -> bool:
        """Whether it is of a part of the kind whose promises are its own: each has those of its rows, or none."""
        targets = self.indicator.ex_ante.targets
        return targets is not None and targets.by == self.measurement.domain.part.column

    @property
    def own(self) -> Promises | None:
        """What this very part was promised."""
        return self.parts.get(self.measurement.domain.part.code) if self.has_own else None

    @property
    def baseline_wave(self) -> str | None:
        """The wave of the baseline; None where it was not measured."""
        return self.indicator.ex_ante.baseline.wave if self.indicator.ex_ante.baseline else None

    @property
    def before(self) -> Measurement | None:
        """The value of the same arm and part in the baseline wave."""
        return self.at(self.baseline_wave)

    @cached_property
    def limits(self) -> Limits:
        """The smallest and the largest value there can be."""
        return value_limits(self.indicator, self.programme.contracts[self.indicator.contract])

    def at(self, wave: str | None, arm: Arm | None = None) -> Measurement | None:
        """Return the value of the same part in another wave or arm."""
        if wave is None:
            return None
        domain = self.measurement.domain
        return self.beside.get(replace(domain, wave=wave, arm=domain.arm if arm is None else arm))

    @cached_property
    def complete(self) -> Completeness:
        """Which of the numbers are of all units."""
        grows = kind_of(self.indicator.formula).grows and self.limits.low >= 0
        return Completeness(of_all_units(self.measurement), of_all_units(self.before), grows=grows)

    @cached_property
    def baseline(self) -> float | None:
        """The value before: where units are missing that of the ones behind the value, or None."""
        stated = self.indicator.ex_ante.baseline
        if self.own is not None and self.own.baseline is not None:
            return self.own.baseline
        if stated is None:
            return None
        if stated.wave is None:
            return None if self.is_part and is_total(self.programme, self.indicator) else stated.value
        open_ends = not (self.complete.value and self.complete.baseline)
        if open_ends and self.measurement.units.awaited and self.value is not None:
            return number(self.measurement.units.same_baseline)
        return value_of(self.before)

    @property
    def observed_on(self) -> datetime.date:
        """The day that the value is of: that of its wave or period, but of rows with a clock not after the last."""
        ex_post, dates = self.indicator.ex_post, {wave.id: wave.date for wave in self.programme.header.waves}
        declared = datetime.date.fromisoformat(last_day(ex_post.period or dates[ex_post.wave or ""]))
        return declared if self.until is None else min(declared, self.until)

    @cached_property
    def promise(self) -> tuple[float | None, str | None]:
        """Target and due date; a promised total is the programme's, not each part's."""
        promises = self.own if self.has_own else declared_promises(self.indicator)
        if promises is None or (self.is_part and not self.has_own and is_total(self.programme, self.indicator)):
            return None, None
        final = promises.final
        known = self.baseline if self.complete.baseline else None
        return final.figure(known), final.due


def to_judge(indicator: Indicator, measurements: Sequence[Measurement], parts: PartPromises) -> list[Measurement]:
    """Return the values that are judged, that of the whole first; one without rows where it has none.

    A part that was promised something is judged with or without rows.
    """
    wave = indicator.ex_post.wave or ""
    of_whole, of_cuts = list[Measurement](), list[Measurement]()
    for measurement in measurements:
        domain = measurement.domain
        if domain.wave == wave and domain.arm in JUDGED_ARMS:
            same_kind = of_whole if domain.part.is_whole else of_cuts
            same_kind.append(measurement)
    if not of_whole:
        of_whole.append(_without_rows(indicator, WHOLE, wave))
    measured = {measurement.domain.part for measurement in of_cuts}
    silent = [part for part in _promised_parts(indicator, parts) if part not in measured]
    return of_whole + of_cuts + [_without_rows(indicator, part, wave) for part in silent]


def _promised_parts(indicator: Indicator, parts: PartPromises) -> Iterator[Part]:
    """Yield the parts that were promised something."""
    targets = indicator.ex_ante.targets
    if targets is not None:
        cuts = targets.by in indicator.scope
        yield from (Part(targets.by, code, cuts_programme=cuts) for code in parts)


def _without_rows(indicator: Indicator, part: Part, wave: str) -> Measurement:
    return Measurement(indicator.id, Domain(Arm.ALL, part, wave), NO_ROWS, 0, 0)


def is_total(programme: Programme, indicator: Indicator) -> bool:
    """Tell whether what is promised belongs to the programme as a whole: a number of things, not a share of them."""
    formula = indicator.formula
    if formula.total_of_totals:
        return all(is_total(programme, operand) for operand in programme.operands(indicator))
    return kind_of(formula).of_the_whole(formula)


def value_of(measurement: Measurement | None) -> float | None:
    """Return the value of a measurement; None where there is none of either."""
    return number(measurement.measured.value) if measurement else None


def of_all_units(measurement: Measurement | None) -> bool:
    """Tell whether no unit is missing from a value; nothing is missing where there is none."""
    return measurement is None or INCOMPLETE not in measurement.flags


def number(value: float | None) -> float | None:
    """Return a number of a frame; None where it is missing."""
    return None if value is None or pd.isna(value) else float(value)
