"""A line of value: a figure with its interval, or a verdict, with what it rests on or who declares it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from impact.declare.base import Origin, in_language
from impact.errors import NotEstimable
from impact.states import ValueSection, ValueState
from impact.store.sentences import encoded
from impact.store.warehouse import to_json
from impact.tables.finding import Finding
from impact.tables.frames import to_frame
from impact.tables.valuation import Valuation
from impact.words.languages import Language
from impact.words.said import Remark, Said, joined

NO_UNIT, SHARE = ("", ""), ("share", "share")
"""Units of lines, English and Italian: of ranks and statistics, of shares and probabilities."""
SLOPE = Said("estimand.change_of_slope")
POINTS = ("percentage points", "punti percentuali")


@dataclass(frozen=True)
class Subject:
    """What lines are of, with its title and unit in both languages.

    Parameters
    ----------
    section
        Where its lines stand.
    code
        An indicator, or an id of ``value.yaml``.
    title_en, title_it
        What it is called.
    unit, unit_it
        Of its values, where a line says no other.
    data_kind
        ``synthetic`` if any data or declared figure behind it are.
    """

    section: ValueSection
    code: str
    title_en: str
    title_it: str
    unit: str
    unit_it: str
    data_kind: str

    @staticmethod
    def of(section: ValueSection, finding: Finding) -> Subject:
        """Return the indicator of a finding as a subject."""
        titles = (finding.title_en, finding.title_it)
        return Subject(section, finding.indicator, *titles, finding.unit, finding.unit_it, finding.data_kind)

    @property
    def scale(self) -> tuple[float, tuple[str, str]]:
        """By what a size without a sign, such as a standard deviation, is multiplied, and its unit then."""
        return (100.0, POINTS) if self.unit == "share" else (1.0, (self.unit, self.unit_it))


@dataclass(frozen=True)
class Line:
    """A figure or a verdict.

    Parameters
    ----------
    subject, item, label
        What it is of, which line of it, as a code that stays, and the same in words.
    value, conf_low, conf_high
        The figure and its 95 % interval, in ``unit``.
    verdict
        What follows by rule, where the line is no number.
    method
        How it was computed, with the convention chosen.
    reason
        Why there is no number, no interval, or this verdict.
    rests_on
        Names of the findings behind it.
    origin
        Who declares it; a line with an origin and no finding is declared.
    unit
        English and Italian, where it is not the subject's.
    difference
        Whether the figure is a difference, as an effect is.
    recorded
        Whether it is computed from rows of a contract, as amounts of money are.
    note
        What is declared in words, by language.
    """

    subject: Subject
    item: str
    label: Said
    value: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    verdict: Said | None = None
    method: Said | None = None
    reason: Remark = ""
    rests_on: tuple[str, ...] = ()
    origin: Origin | None = None
    unit: tuple[str, str] | None = None
    difference: bool = False
    recorded: bool = False
    note: dict[Language, str] | None = None

    @property
    def state(self) -> ValueState:
        """Where it comes from; a line with neither figure nor verdict could not be computed."""
        if self.value is None and self.verdict is None:
            return ValueState.NOT_COMPUTABLE
        return ValueState.MEASURED if self.rests_on or self.recorded else ValueState.DECLARED


def lines_frame(lines: Iterable[Line]) -> pd.DataFrame:
    """Return lines as rows of :class:`impact.tables.valuation.Valuation`, numbered in the order given."""
    rows = [_row(place, line) for place, line in enumerate(lines)]
    return encoded(Valuation.TABLE.name, to_frame(Valuation, rows))


def _row(place: int, line: Line) -> Valuation:
    subject = line.subject
    unit, unit_it = line.unit or (subject.unit, subject.unit_it)
    return Valuation(
        programme="",
        place=place,
        section=subject.section,
        subject=subject.code,
        subject_en=subject.title_en,
        subject_it=subject.title_it,
        item=line.item,
        label=line.label,
        unit=unit,
        unit_it=unit_it,
        value=line.value,
        conf_low=line.conf_low,
        conf_high=line.conf_high,
        difference=line.difference,
        state=line.state,
        verdict=line.verdict,
        method=line.method,
        reason=line.reason,
        note_en=None if line.note is None else in_language(line.note, "en"),
        note_it=None if line.note is None else in_language(line.note, "it"),
        rests_on=line.rests_on,
        origin=None if line.origin is None else to_json(line.origin.model_dump(mode="json", exclude_none=True)),
        data_kind=subject.data_kind,
        run_id="",
    )


def attempted(line: Line, make: Callable[[Line], Line]) -> Line:
    """Return what is made of a line; where that cannot be estimated, the line as it is with the reason."""
    try:
        return make(line)
    except NotEstimable as error:
        return replace(line, reason=joined(line.reason, error.why()))


def with_ends(line: Line, ends: Sequence[float]) -> Line:
    """Return a line with the two ends of its interval."""
    low, high = ends
    return replace(line, conf_low=float(low), conf_high=float(high))


def is_slope(finding: Finding) -> bool:
    """Tell whether an effect is a change of slope: in the unit of the value per wave, and on no value itself."""
    return finding.estimand == SLOPE


def effect_unit(finding: Finding) -> tuple[str, str]:
    """Return the unit of an effect, English and Italian."""
    if is_slope(finding):
        return f"{finding.unit} per wave", f"{finding.unit_it} per rilevazione"
    return finding.unit, finding.unit_it


def kind_of(findings: Iterable[Finding]) -> str:
    """Return ``synthetic`` if the data of any finding are, else ``real``."""
    return "synthetic" if any(finding.data_kind == "synthetic" for finding in findings) else "real"


def names(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the names of findings, as a line rests on them."""
    return tuple(finding.finding for finding in findings)
