"""The observations of a data set as formats of results tell them: of an indicator, part and period a number or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from impact.publish.official.data_set import DataSet
from impact.publish.official.lists import TOTAL, UNSPECIFIED
from impact.publish.official.period import first_day_of, last_day_of
from impact.publish.official.structure import Names, Structure

DECIMAL = re.compile(r"-?\d+(\.\d+)?")
"""A number with a point and without an exponent, as :func:`decimal_text` writes it."""
COMPARISON = "COMPARISON"
NO_PART = ("FREQ", "INDICATOR", "MEASURE", "ARM")
"""Dimensions that do not tell parts apart."""


@dataclass(frozen=True)
class Figure:
    """An observation.

    Parameters
    ----------
    indicator, measure, arm
        Codes of its dimensions.
    parts
        The code of each dimension that makes it one of a part; empty for the whole.
    period
        Time period.
    value
        The number; None where there is none.
    missing
        Why there is none; empty where there is one.
    cases
        How many cases it rests on; None where not stated.
    """

    indicator: str
    measure: str
    arm: str
    parts: Mapping[str, str]
    period: str
    value: float | None
    missing: str
    cases: int | None

    @property
    def start(self) -> str:
        """First day of its period."""
        return first_day_of(self.period)

    @property
    def end(self) -> str:
        """Last day of its period."""
        return last_day_of(self.period)

    @property
    def key(self) -> str:
        """A name of its own among the figures of its indicator, the same in every export."""
        parts = [f"{dimension}.{code}" for dimension, code in self.parts.items()]
        return "_".join([self.measure, *parts, self.period, *([self.arm] if self.arm != TOTAL else [])])


def figures(data_set: DataSet, area: str) -> list[Figure]:
    """Return the observations of a data set in order.

    Parameters
    ----------
    data_set
        Protected, as any is.
    area
        Code of the area of the whole, which makes no part.
    """
    dimensions = [component.id for component in data_set.structure.dimensions if component.id not in NO_PART]
    whole = {TOTAL, UNSPECIFIED, area}
    return [_figure(row, dimensions, whole) for row in data_set.rows.to_pylist()]


def _figure(row: Mapping[str, object], dimensions: Iterable[str], whole: set[str]) -> Figure:
    cases, value = row["N_OBS"], row["OBS_VALUE"]
    return Figure(
        indicator=str(row["INDICATOR"]),
        measure=str(row["MEASURE"]),
        arm=str(row["ARM"]),
        parts={name: str(row[name]) for name in dimensions if row[name] not in whole},
        period=str(row["TIME_PERIOD"]),
        value=value if isinstance(value, float) else None,
        missing=str(row["MISSING_KIND"] or ""),
        cases=cases if isinstance(cases, int) else None,
    )


def results(every: Iterable[Figure], measure: str = "VALUE") -> list[Figure]:
    """Return the figures of a measure that are the programme's own, not those of a comparison group."""
    return [figure for figure in every if figure.measure == measure and figure.arm != COMPARISON]


def by_indicator(every: Iterable[Figure]) -> dict[str, list[Figure]]:
    """Return figures by their indicator, in order."""
    found: dict[str, list[Figure]] = {}
    for figure in every:
        found.setdefault(figure.indicator, []).append(figure)
    return found


def decimal_text(value: float, times: int = 1) -> str:
    """Return a number with all its digits, a point and no exponent.

    Parameters
    ----------
    value
        Finite.
    times
        What it is multiplied by, in decimals.

    Examples
    --------
    >>> decimal_text(4e-05), decimal_text(5.0), decimal_text(0.07, 100), decimal_text(1e22)
    ('0.00004', '5', '7', '10000000000000000000000')
    """
    exact = Decimal(repr(value)) * times
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def part_names(structure: Structure, figure: Figure) -> Iterator[Names]:
    """Yield the name of each code that makes a figure one of a part, in both languages."""
    for dimension, code in figure.parts.items():
        codelist = structure.codelist_of(dimension)
        names = {entry.id: entry.names for entry in codelist.codes} if codelist else {}
        yield names[code]
