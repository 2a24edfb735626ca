"""``programme.yaml``: who, when, where, and the theory of change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from impact.declare.base import Code, Date, Declared, Id, StakeholderRole, Text
from impact.declare.frameworks.use import Uses
from impact.declare.projects import Contact, Projects
from impact.declare.sources import known_zone
from impact.declare.theory import TheoryOfChange


class Stakeholder(Declared):
    """A body or group with a part in the programme."""

    id: Id
    name: str
    role: StakeholderRole
    kind: str = ""


class Wave(Declared):
    """One round of data collection.

    ``id`` is how the wave is written in the data; ``date`` is when its collection ended.
    """

    id: Code
    title: Text
    date: Date
    role: Literal["pre_baseline", "baseline", "midline", "end_line", "follow_up", "series"]


PER_YEAR = {"year": 1, "quarter": 4, "month": 12}
_STEPS = {"year": r"\d{4}", "quarter": r"\d{4}-Q[1-4]", "month": r"\d{4}-(0[1-9]|1[0-2])"}


class WaveSeries(Declared):
    """Many waves at equal steps, first and last included: written 1999, 1999-Q4 or 1999-12, as in the data."""

    every: Literal["year", "quarter", "month"]
    first: Code
    last: Code

    @model_validator(mode="after")
    def _coherent(self) -> WaveSeries:
        pattern, example = _STEPS[self.every], _EXAMPLES[self.every]
        for code in (self.first, self.last):
            if not re.fullmatch(pattern, code):
                raise ValueError(f"'{code}' is not a {self.every}; write it as {example}")
        first, last = self._step(self.first), self._step(self.last)
        if not 0 <= last - first < 5000:
            raise ValueError("last comes before first, or the series is longer than 5,000 waves")
        return self

    def _step(self, code: str) -> int:
        """Return the number of a wave, counted in quarters, months or years from the year 0."""
        year, _, within = code.partition("-")
        position = int(within.removeprefix("Q")) - 1 if within else 0
        return int(year) * PER_YEAR[self.every] + position

    def waves(self) -> Iterator[dict[str, str]]:
        """Yield the waves, each dated at the end of its year, quarter or month."""
        per_year = PER_YEAR[self.every]
        for step in range(self._step(self.first), self._step(self.last) + 1):
            year, position = divmod(step, per_year)
            number = position + 1
            month = number * 12 // per_year
            code = _CODES[self.every].format(year=year, number=number)
            yield {"id": code, "title": code, "date": f"{year}-{month:02}", "role": "series"}


_EXAMPLES = {"year": "1999", "quarter": "1999-Q4", "month": "1999-12"}
_CODES = {"year": "{year}", "quarter": "{year}-Q{number}", "month": "{year}-{number:02}"}


def _expand(waves: Any) -> Any:
    """Write out the series among the waves; leave everything else to the model of a wave."""
    if not isinstance(waves, Sequence) or isinstance(waves, str):
        return waves
    written: list[Any] = []
    for wave in waves:
        series = isinstance(wave, dict) and "every" in wave
        written += WaveSeries.model_validate(wave).waves() if series else [wave]
    return tuple(written)


Waves = Annotated[tuple[Wave, ...], BeforeValidator(_expand, json_schema_input_type=tuple[Wave | WaveSeries, ...])]


class Period(Declared):
    """First and last date of the programme."""

    start: Date
    end: Date


class Disclosure(Declared):
    """What may leave: a cell on fewer persons than ``minimum`` is hidden, with the cells that would give it away."""

    minimum: int = Field(default=10, ge=1)


class ProgrammeFile(Declared):
    """The whole of ``programme.yaml``; ``zone`` is the time zone (``Europe/Rome``) that points in time are dated in.

    ``projects`` says which of its parts are projects: without it there are no project pages. ``contacts`` says who
    answers for what is due.
    """

    id: Id
    title: Text
    summary: Text
    period: Period
    territory: str
    stakeholders: tuple[Stakeholder, ...] = ()
    contacts: tuple[Contact, ...] = ()
    projects: Projects | None = None
    waves: Waves = ()
    theory_of_change: TheoryOfChange
    disclosure: Disclosure = Disclosure()
    zone: Annotated[str | None, AfterValidator(known_zone)] = None
    use: Uses = ()
