"""What an indicator is of one row, and the sums that are taken of it, as SQL: those that follow from others are not.

Pure text, no database; before :mod:`impact.measure.cells`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from impact.declare.indicators import Indicator
from impact.formulas.base import ONE
from impact.formulas.registry import kind_of
from impact.measure.formula import is_share, rows_formula
from impact.sql import Columns, Select, all_of, as_number, as_text, ident, literal

EVERYWHERE = "TRUE"
"""The filter of an indicator that has none."""
LETTERS = "flags of the row"
"""The column of a row's flags."""
BETWEEN = chr(31)
"""Stands between the words of a text that is a list."""


def has_spread(indicator: Indicator) -> bool:
    """Tell whether a value is of a sample: it is not where rows are all there is, or a total that nothing expands."""
    sample = indicator.sample
    return not sample.all_units and not (kind_of(indicator.formula).summary.total and not sample.weight)


@dataclass(frozen=True)
class Term:
    """What an indicator is of one row: its value is Σy over Σx, over the rows for which ``where`` holds.

    Its columns of a row are NULL where the row does not count; the names of ``x``, ``w`` and ``wx`` are empty where
    these are 1, that of ``inside`` where there is no filter.

    Parameters
    ----------
    indicator
        The indicator.
    numerator, denominator, where
        As SQL of the row.
    """

    indicator: Indicator
    numerator: str
    denominator: str
    where: str

    @property
    def id(self) -> str:
        """The id of the indicator."""
        return self.indicator.id

    @property
    def unit_weight_share(self) -> bool:
        """Whether rows are 0 and 1, and all count alike: then their sum says what others would."""
        return is_share(self.indicator) and not self.w

    @property
    def y(self) -> str:
        """The numerator."""
        return ident(f"y:{self.id}")

    @property
    def x(self) -> str:
        """The denominator."""
        return "" if self.denominator == ONE else ident(f"x:{self.id}")

    @property
    def w(self) -> str:
        """The weight."""
        weight = self.indicator.sample.weight
        return ident(f"weight:{weight}") if weight else ""

    @property
    def wx(self) -> str:
        """Weight times denominator."""
        return ident(f"wx:{self.id}") if self.w else self.x

    @property
    def inside(self) -> str:
        """Whether the filter selects the row."""
        return "" if self.where == EVERYWHERE else ident(f"inside:{self.id}")

    @property
    def rough(self) -> str:
        """The value of one row, roughly: for a pilot."""
        return f"{self.y} / nullif({self.x}, 0)" if self.x else self.y

    def row(self) -> dict[str, str]:
        """Write its columns of a row."""
        y, x = f"CAST({self.numerator} AS DOUBLE)", f"CAST({self.denominator} AS DOUBLE)"
        name = self.indicator.sample.weight
        weight = as_number(name) if name else ""
        counts = [self.where] if self.inside else []
        counts += [f"{self.denominator} IS NOT NULL"] if self.x else []
        counts += [f"{weight} > 0"] if weight else []
        valued = [*counts, f"{self.numerator} IS NOT NULL"]
        row = {f"y:{self.id}": _where(counts, y)}
        if self.x:
            row[f"x:{self.id}"] = _where(valued, x)
        if weight:
            row[f"weight:{name}"] = weight
            row[f"wx:{self.id}"] = _where(valued, f"{weight} * {x}" if self.x else weight)
        if self.inside:
            row[f"inside:{self.id}"] = self.where
        if stated_by := rows_formula(self.indicator).stated_by:
            row[f"stated:{self.id}"] = as_text(stated_by)
        return row

    def sums(self, *, negative: bool) -> dict[str, str]:
        """Write the sums that values and spreads are made of; amounts apart from values if any is below zero."""
        sums = {"n": f"CAST(count({self.y}) AS DOUBLE)"}
        if self.wx:
            sums["sx"] = f"fsum({self.wx})"
        if negative:
            sums["size"] = f"sum(abs({self._times_weight(self.y)}))"
        return sums

    def value_sums(self, *, letters: bool) -> dict[str, str]:
        """Write what else a value is made of, and what is to be known of its rows; their flags if they have some."""
        sums = {"plain": f"fsum({self._times_weight(self.y)})"}
        if not self.unit_weight_share:
            sums |= self._ends()
        if self.inside:
            sums["inside"] = f"CAST(count(*) FILTER ({self.inside}) AS DOUBLE)"
        if self.inside and self.w:
            sums["negative"] = f"count(*) FILTER ({self.inside} AND {self.w} < 0)"
        if letters:
            sums["status"] = f"string_agg(DISTINCT {ident(LETTERS)}, '') FILTER ({self.y} IS NOT NULL)"
        if rows_formula(self.indicator).stated_by:
            stated = ident(f"stated:{self.id}")
            inexact = f"{self.y} IS NOT NULL AND {stated} <> 'exact'"
            sums["qualifier"] = f"string_agg(DISTINCT {stated}, {literal(BETWEEN)}) FILTER ({inexact})"
        return sums

    def spread_sums(self, pilot: float, *, values: bool) -> dict[str, str]:
        """Write what else a spread is made of.

        Parameters
        ----------
        pilot
            What is taken from the value of a row before it is squared.
        values
            Whether the sums of values are taken with it: they are not by cluster.
        """
        scaled = self._shifted(pilot)
        sums = {} if values and not pilot else {"sy": f"fsum({scaled})"}
        if not values and not self.indicator.sample.population_within:
            return sums  # clusters that were taken whole vary by their totals
        if not self.unit_weight_share:
            sums["yy"] = f"sum({scaled} * {scaled})"
        if self.wx:
            sums["xy"] = f"sum({self.wx} * {scaled})"
            sums["xx"] = f"sum({self.wx} * {self.wx})"
        if not values:
            sums |= self._ends()
        if self.x:
            sums["least_x"], sums["most_x"] = f"min({self.x})", f"max({self.x})"
        return sums

    def scores(self, pilot: float) -> tuple[str, str]:
        """Write ``w(y − pilot·x)`` and ``wx`` of a row, 0 where it does not count."""
        below = f"CASE WHEN {self.y} IS NOT NULL THEN {self.wx or ONE} ELSE 0 END"
        return f"coalesce({self._shifted(pilot)}, 0)", below

    def _shifted(self, pilot: float) -> str:
        """Write the value less what is taken from it, times the weight."""
        shift = f" - {literal(pilot)}{f' * {self.x}' if self.x else ''}" if pilot else ""
        return self._times_weight(f"({self.y}{shift})" if shift else self.y)

    def _times_weight(self, value: str) -> str:
        return f"{self.w} * {value}" if self.w else value

    def _ends(self) -> Columns:
        """Write the least and greatest value of a row.

        Where a denominator is negative, or zero below something, the value of a row says nothing: NaN, the greatest.
        """
        y, x = self.y, self.x
        value = y
        if x:
            value = f"CASE WHEN {x} > 0 THEN {y} / {x} WHEN {x} <> 0 OR {y} <> 0 THEN CAST('nan' AS DOUBLE) END"
        return {"low": f"min({value})", "high": f"max({value})"}


@dataclass(frozen=True)
class SummedRows:
    """The rows of a pass.

    Parameters
    ----------
    relation
        Where they stand, with a column for each way of telling arms or clusters, called by its own expression.
    wave, letters
        As SQL: the wave of a row, and its flags, None where it has none.
    terms
        What each indicator is of a row, by its id.
    """

    relation: str | Select
    wave: str
    letters: str | None
    terms: Mapping[str, Term]


def _where(conditions: Sequence[str], value: str) -> str:
    """Write a value that is NULL where a condition does not hold."""
    return f"CASE WHEN {all_of(conditions)} THEN {value} END" if conditions else value
