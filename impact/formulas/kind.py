"""The descriptor of a kind of formula: all that other rooms ask of it, each field one question, none with a default."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_args

from impact.formulas.base import CountedFormula, FormulaModel, RowFormula, RowsFormula


class Summary(StrEnum):
    """What is taken of the rows in one pass over them, and what the value is of that."""

    MEAN = "mean"
    """Sums, with those of all other indicators of the contract; the value is a mean."""
    RATIO = "ratio"
    """The same; the value is the sum of numerators over that of denominators."""
    TOTAL = "total"
    """The same; the value is the sum of numerators."""
    ROWS = "rows"
    """The same; the value is the number of rows."""
    CHANGES = "changes"
    """Sums of the changes of linked persons between two waves; the value is a mean."""
    COUNTS = "counts"
    """How often each value stands; the model says what the value is, by ``value_of_counts``."""
    VALUES = "values"
    """Nothing of rows: it is reckoned from the values of other indicators, when these are measured."""
    OWN = "own"
    """A pass of its own, in ``SINGLE_PASSES`` of :mod:`impact.measure.engine`."""

    @property
    def additive(self) -> bool:
        """Whether one pass sums it with all other indicators of the contract."""
        return self in (Summary.MEAN, Summary.RATIO, Summary.TOTAL, Summary.ROWS)

    @property
    def total(self) -> bool:
        """Whether the value is a sum over rows, not a ratio of sums."""
        return self in (Summary.TOTAL, Summary.ROWS)


class Samples(StrEnum):
    """Which sample designs a formula takes."""

    ANY = "any"
    UNCALIBRATED = "uncalibrated"
    """All but calibration and replicates."""
    CHECKED = "checked"
    """Few or none: its own ``problems`` say which."""


class Scaled(StrEnum):
    """What an effect per person, carried to a territory, comes to in the territory's own measure."""

    AVERAGE = "average"
    """A part of an average: it needs the territory's population."""
    TOTAL = "total"
    """A part of a total."""
    NOTHING = "nothing"


class Behind(StrEnum):
    """What stands behind a published value, by which it is decided which cells are hidden."""

    SUMMED_ROWS = "summed rows"
    """Rows of the indicator's contract, whose values add up to it."""
    ROWS = "rows"
    """Rows of the contract; the value is their number, or does not add up."""
    VALUES = "values"
    """The values of other indicators: it is hidden where one of these is."""
    OTHER = "other"
    """Not the rows of the contract: bodies of a network, cells of a map. Who is missing is counted by its own rules."""

    @property
    def of_rows(self) -> bool:
        """Whether rows of the contract stand behind it."""
        return self in (Behind.SUMMED_ROWS, Behind.ROWS)


@dataclass(frozen=True)
class FormulaKind:
    """What is true of a kind of formula.

    Parameters
    ----------
    model
        What is declared, what is wrong with it without data, how it becomes SQL.
    summary
        What is taken of the rows, and what the value is of that.
    samples
        Which sample designs it takes.
    own_cuts
        Whether what cuts it must be a column of the indicator's contract; if not, its ``problems`` check cuts.
    unknown_waves
        Whether a row of a wave that the programme does not have is kept, and listed as unmapped.
    share
        Whether the value is a share of rows, each 0 or 1: within 0 and 1, its sums whole numbers.
    per_person
        Whether an effect on it is one per person, which can be carried to a territory.
    scaled
        What effects carried to a territory come to in it.
    parts_add_up
        Whether one expects the parts of a hierarchy to add up to their total.
    parts_overlap
        Whether the same thing may be counted in several parts.
    of_all_units
        Whether the value is meant to be of all units, so that who is missing is counted.
    grows
        Whether it can only grow with more units, where no row is below zero.
    of_the_whole
        Tells of a declared formula whether what is promised belongs to the programme as a whole, not to each part.
    behind
        What stands behind a published value.

    Raises
    ------
    TypeError
        If the model leaves out what its base asks for, or does not fit ``summary``.
    """

    model: type[FormulaModel]
    summary: Summary
    samples: Samples
    own_cuts: bool
    unknown_waves: bool
    share: bool
    per_person: bool
    scaled: Scaled
    parts_add_up: bool
    parts_overlap: bool
    of_all_units: bool
    grows: bool
    of_the_whole: Callable[[Any], bool]
    behind: Behind

    def __post_init__(self) -> None:
        """Refuse a model that is not whole."""
        name, base = self.model.__name__, self._base
        if inspect.isabstract(self.model):
            abstract = sorted(self.model.__abstractmethods__)
            raise TypeError(f"the formula {name} does not say: {', '.join(abstract)}")
        if not issubclass(self.model, base):
            raise TypeError(f"the formula {name} with the summary {self.summary} is no {base.__name__}")

    @property
    def name(self) -> str:
        """What is written as ``kind``."""
        (name,) = get_args(self.model.model_fields["kind"].annotation)
        return str(name)

    @property
    def by_period(self) -> bool:
        """Whether it has values by period where rows have a clock: it is of one point in time, and of these rows."""
        return self.summary is not Summary.CHANGES and self.behind is not Behind.OTHER

    @property
    def per_row(self) -> bool:
        """Whether each row has a value."""
        return issubclass(self.model, RowFormula)

    @property
    def _base(self) -> type[FormulaModel]:
        """The base that the model must have for what is taken of its rows."""
        without_rows = dict.fromkeys((Summary.OWN, Summary.VALUES), FormulaModel)
        bases = {Summary.MEAN: RowFormula, Summary.COUNTS: CountedFormula, **without_rows}
        return bases.get(self.summary, RowsFormula)


def always(_: FormulaModel) -> bool:
    """Say yes, whatever is declared."""
    return True


def never(_: FormulaModel) -> bool:
    """Say no, whatever is declared."""
    return False
