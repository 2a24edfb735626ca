"""What a synthetic control is made from: the outcome by unit and wave, and predictors averaged over waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from impact.declare.indicators import Indicator
from impact.designs.synthetic_control.model import SyntheticControl
from impact.designs.synthetic_control.predictors import ColumnSpan
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.formulas.mean import Mean
from impact.measure import refuse_breaks, wave_values
from impact.statistics.core import Floats
from impact.words.said import Said


@dataclass(frozen=True)
class Series:
    """Outcomes (units, waves), names of both, rows of the treated units, and where the programme starts."""

    outcomes: Floats
    units: list[str]
    waves: list[str]
    treated: list[int]
    start: int


def read_series(case: Case[SyntheticControl], design: SyntheticControl) -> Series:
    """Return the indicator's values by unit and wave; refuse missing cells and units that are not there."""
    found = _by_wave(case, design, case.indicator)
    table = found.pivot(index="_unit", columns="_wave", values="_value")
    end = case.waves.index(str(case.indicator.ex_post.wave))
    waves = [wave for wave in case.waves[: end + 1] if wave in table.columns]
    table = table.reindex(columns=waves)
    if lost := [code for code in design.treated_units if code not in table.index]:
        raise NotEstimable(Said("synthetic_control.no_values", lost=lost), Said("synthetic_control.treated_unit_data"))
    if design.start not in waves:
        raise NotEstimable(
            Said("synthetic_control.no_values_start", start=design.start), Said("series.outcome_every_wave")
        )
    gaps = table.isna().any(axis=1)
    if gaps.any():
        names = ", ".join(map(str, table.index[gaps][:5]))
        raise NotEstimable(
            Said("synthetic_control.units_miss_value_some_wave", n=int(gaps.sum()), names=names),
            Said("synthetic_control.value_each_unit_wave"),
        )
    refuse_breaks(found, waves)
    units = [str(unit) for unit in table.index]
    treated = [units.index(code) for code in design.treated_units]
    return Series(table.to_numpy(dtype=np.float64), units, waves, treated, waves.index(design.start))


def _by_wave(case: Case[SyntheticControl], design: SyntheticControl, indicator: Indicator) -> pd.DataFrame:
    return wave_values(
        case.connection, case.programme.id, case.contract, indicator, unit=design.unit, group=case.group_rows
    )


def predictor_means(
    case: Case[SyntheticControl],
    design: SyntheticControl,
    units: Sequence[str],
    spans: Sequence[ColumnSpan],
    *,
    back: Sequence[int],
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
            missing = Said(
                "synthetic_control.units_have_no",
                n=int(means.isna().sum()),
                column=span.column,
                waves=waves[0],
                waves_2=waves[-1],
                names=names,
            )
            raise NotEstimable(missing, Said("synthetic_control.value_each_unit_somewhere_span"))
        columns.append(means.to_numpy(dtype=np.float64))
    return np.column_stack(columns)


def _moved(waves: list[str], span: ColumnSpan, back: int) -> list[str]:
    first, last = waves.index(span.first) - back, waves.index(span.last) - back
    if first < 0:
        need = Said("synthetic_control.predictors_known_early")
        raise NotEstimable(
            Said("synthetic_control.would_needed_waves_before_first", column=span.column, first=-first), need
        )
    return waves[first : last + 1]
