"""The territory's own change, and what can be said of the programme's part in it; used by the scaled effect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from impact.designs.base import Design
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.formulas.measured import COMPLETE
from impact.measure import INCOMPLETE, measure_indicators
from impact.statistics.core import CONFIDENCE, t_quantile
from impact.tables.part import of_whole
from impact.words.languages import Language
from impact.words.said import Said, says

STATED = ("about", "more_than", "at_most")
"""How a figure may be stated that is not exact."""


@dataclass(frozen=True)
class OwnChange:
    """How far the territory itself moved.

    ``std_error`` is zero for complete counts, and None where it is not known.
    """

    change: float
    std_error: float | None
    df: float
    n: int

    @property
    def half(self) -> float | None:
        """Half the width of its 95 % interval."""
        return None if self.std_error is None else t_quantile(0.5 + CONFIDENCE / 2, self.df) * self.std_error


def own_change(case: Case[Design]) -> OwnChange | None:
    """Return the change of the territory's own value since its baseline; None where either is not known.

    Notes
    -----
    The two rounds are taken as independent, which is the wider interval where persons or places are interviewed twice
    and their answers go together. A baseline from a document is taken as exact.
    """
    measures = measure_indicators(case.connection, case.programme, [case.indicator]).values
    values = measures[of_whole(measures)].set_index("wave")
    end = _value(case, values, case.indicator.ex_post.wave or "")
    if end is None or case.indicator.formula.followed_since is not None:
        return end
    baseline = case.indicator.ex_ante.baseline
    if baseline is None:
        return None
    if baseline.value is not None:
        return OwnChange(end.change - baseline.value, end.std_error, end.df, end.n)
    start = _value(case, values, str(baseline.wave))
    if start is None:
        return None
    error = None
    if end.std_error is not None and start.std_error is not None:
        error = math.hypot(end.std_error, start.std_error)
    return OwnChange(end.change - start.change, error, min(end.df, start.df), end.n + start.n)


def _value(case: Case[Design], values: pd.DataFrame, wave: str) -> OwnChange | None:
    """Return the value of a wave with its error: none where it is incomplete, zero where all units are counted."""
    if wave not in values.index:
        return None
    row = values.loc[wave].to_dict()
    if pd.isna(row["value"]) or INCOMPLETE in row["flags"]:
        return None
    value, n = float(row["value"]), int(row["n"])
    inexact = set(row["flags"]) & set(STATED)
    if row["method"] == COMPLETE and not inexact:
        return OwnChange(value, 0.0, math.inf, n)
    if inexact or pd.isna(row["std_error"]):
        return OwnChange(value, None, math.inf, n)
    units = n if pd.isna(row["n_clusters"]) else int(row["n_clusters"])
    # with strata at least two units lie in each, so half of them are left
    df = units / 2 if case.indicator.sample.strata else units - 1
    return OwnChange(value, float(row["std_error"]), max(float(df), 1.0), n)


def statement(low: float, high: float, own: OwnChange | None, units: Mapping[Language, str]) -> Said:
    """Say what part of the territory's change the programme can account for.

    Parameters
    ----------
    low, high
        Interval of the contribution, in the indicator's unit.
    own
        The territory's own change.
    units
        Of both, in each language.
    """
    if own is None:
        return Said("territory.nothing", why=Said("territory.change_not_known"))
    why = _silence(low, high, own, units)
    if why is not None:
        return Said("territory.nothing", why=why)
    more = min(abs(low), abs(high)) > abs(own.change)
    values = {"low": _gain(low, units), "high": _gain(high, units), "change": _amount(own.change, units)}
    return Said("territory.more_than_the_change" if more else "territory.part_of_the_change", **values)


def _gain(value: float, units: Mapping[Language, str]) -> Said:
    """Say how much more or less, without its unit: a share in percentage points."""
    return Said("territory.points" if set(units.values()) == {"share"} else "territory.gain", value=value)


def _amount(value: float, units: Mapping[Language, str]) -> Said:
    """Say how much more or less, with its unit."""
    gain = _gain(value, units)
    if says(gain, "territory.points"):
        return gain
    return Said("territory.amount", gain=gain, unit=Said("declared.text", **dict(units.items())))


def _silence(low: float, high: float, own: OwnChange, units: Mapping[Language, str]) -> Said | None:
    """Return why nothing can be said, or None where something can."""
    if own.half is None:
        return Said("territory.uncertainty_not_known")
    if low <= 0 <= high:
        return Said("territory.holds_zero")
    if abs(own.change) <= own.half:
        return Said("territory.within_uncertainty")
    if (low > 0) != (own.change > 0):
        return Said("territory.moved_against", change=_amount(own.change, units))
    return None


def require_whole(case: Case[Design]) -> None:
    """Refuse a part of the territory: reach and population are those of the whole."""
    if case.group is not None:
        what = Said("checks.reach_population_those_whole_territory")
        raise NotEstimable(what, Said("checks.finding_whole_indicator_part"))
