"""What a synthetic control is made from: the outcome by unit and wave, and predictors averaged over waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from impact.declare.designs import SyntheticControl
from impact.declare.indicators import Indicator, Mean
from impact.declare.predictors import ColumnSpan
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.measure import refuse_breaks, wave_values
from impact.statistics.core import Floats


@dataclass(frozen=True)
class Series:
    """Outcomes (units, waves), names of both, rows of the treated units, and where the programme starts."""

    outcomes: Floats
    units: list[str]
    waves: list[str]
    treated: list[int]
    start: int


def read_series(case: Case, design: SyntheticControl) -> Series:
    """Return the indicator's values by unit and wave; refuse missing cells and units that are not there."""
    found = _by_wave(case, design, case.indicator)
    table = found.pivot(index="_unit", columns="_wave", values="_value")
    end = case.waves.index(str(case.indicator.ex_post.wave))
    waves = [wave for wave in case.waves[: end + 1] if wave in table.columns]
    table = table.reindex(columns=waves)
    if lost := [code for code in design.treated_units if code not in table.index]:
        raise NotEstimable(f"there are no values of {', '.join(lost)}", "the treated unit in the data")
    if design.start not in waves:
        raise NotEstimable(f"there are no values at the start, {design.start}", "an outcome at every wave")
    gaps = table.isna().any(axis=1)
    if gaps.any():
        names = ", ".join(map(str, table.index[gaps][:5]))
        raise NotEstimable(
            f"{int(gaps.sum())} units miss a value at some wave: {names}", "a value of each unit and wave"
        )
    refuse_breaks(found, waves)
    units = [str(unit) for unit in table.index]
    treated = [units.index(code) for code in design.treated_units]
    return Series(table.to_numpy(dtype=np.float64), units, waves, treated, waves.index(design.start))


def _by_wave(case: Case, design: SyntheticControl, indicator: Indicator) -> pd.DataFrame:
    return wave_values(
        case.connection, case.programme.id, case.contract, indicator, unit=design.unit, group=case.group_rows
    )


def predictor_means(
    case: Case, design: SyntheticControl, units: Sequence[str], spans: Sequence[ColumnSpan], *, back: Sequence[int]
) -> Floats:
    """Return the mean of each column over its span (units, p), the span moved back by so many waves.

    Rows of a unit in one wave are averaged first, by the indicator's filter and weights; waves without a value are left
    out. A unit without any value in a span is refused by name.
    """
    tables = {
        name: _by_wave(
            case, design, case.indicator.model_copy(update={"formula": Mean(kind="mean", column=name)})
        ).pivot(index="_unit", columns="_wave", values="_value")
        for name in {span.column for span in spans}
    }
    columns = []
    for span, moved in zip(spans, back, strict=True):
        waves = _moved(case.waves, span, moved)
        means = tables[span.column].reindex(index=list(units), columns=waves).mean(axis=1)
        if means.isna().any():
            names = ", ".join(map(str, means.index[means.isna()][:5]))
            missing = f"{int(means.isna().sum())} units have no {span.column} from {waves[0]} to {waves[-1]}: {names}"
            raise NotEstimable(missing, "a value of each unit somewhere in the span")
        columns.append(means.to_numpy(dtype=np.float64))
    return np.column_stack(columns)


def _moved(waves: list[str], span: ColumnSpan, back: int) -> list[str]:
    first, last = waves.index(span.first) - back, waves.index(span.last) - back
    if first < 0:
        need = "predictors that are known so early"
        raise NotEstimable(f"{span.column} would be needed {-first} waves before the first", need)
    return waves[first : last + 1]
