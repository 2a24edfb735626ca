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


def read_series(case: Case[SyntheticControl]) -> Series:
    """Return the indicator's values by unit and wave; refuse missing cells and units that are not there."""
    design = case.design
    values = _by_wave(case, case.indicator)
    table = values.pivot(index="_unit", columns="_wave", values="_value")
    end = case.waves.index(str(case.indicator.ex_post.wave))
    waves = [wave for wave in case.waves[: end + 1] if wave in table.columns]
    table = table.reindex(columns=waves)
    lost = [code for code in design.treated_units if code not in table.index]
    if lost:
        raise NotEstimable(Said("synthetic_control.no_values", lost=lost), Said("synthetic_control.treated_unit_data"))
    if design.start not in waves:
        raise NotEstimable(
            Said("synthetic_control.no_values_start", start=design.start), Said("series.outcome_every_wave")
        )
    gaps = table.isna().any(axis=1)
    if gaps.any():
        raise NotEstimable(
            Said("synthetic_control.units_miss_value_some_wave", n=int(gaps.sum()), names=_first_names(gaps)),
            Said("synthetic_control.value_each_unit_wave"),
        )
    refuse_breaks(values, waves)
    units = [str(unit) for unit in table.index]
    treated = [units.index(code) for code in design.treated_units]
    return Series(table.to_numpy(dtype=np.float64), units, waves, treated, waves.index(design.start))


def _first_names(missing: pd.Series) -> str:
    """Return the first units of which something is true, for a reason."""
    units = missing.index[missing]
    return ", ".join(map(str, units[:5]))


def _by_wave(case: Case[SyntheticControl], indicator: Indicator) -> pd.DataFrame:
    design = case.design
    return wave_values(
        case.connection, case.programme.id, case.contract, indicator, unit=design.unit, group=case.group_rows
    )


def predictor_means(
    case: Case[SyntheticControl],
    units: Sequence[str],
    spans: Sequence[ColumnSpan],
    *,
    back: Sequence[int],
) -> Floats:
    """Return the mean of each column over its span (units, p), the span moved back by so many waves.

    Rows of a unit in one wave are averaged first, by the indicator's filter and weights; waves without a value are left
    out. A unit without any value in a span is refused by name.
    """
    tables = {column: _column_by_wave(case, column) for column in {span.column for span in spans}}
    columns = []
    for span, moved in zip(spans, back, strict=True):
        waves = _moved(case.waves, span, moved)
        means = tables[span.column].reindex(index=list(units), columns=waves).mean(axis=1)
        missing = means.isna()
        if missing.any():
            reason = Said(
                "synthetic_control.units_have_no",
                n=int(missing.sum()),
                column=span.column,
                waves=waves[0],
                waves_2=waves[-1],
                names=_first_names(missing),
            )
            raise NotEstimable(reason, Said("synthetic_control.value_each_unit_somewhere_span"))
        columns.append(means.to_numpy(dtype=np.float64))
    return np.column_stack(columns)


def _column_by_wave(case: Case[SyntheticControl], column: str) -> pd.DataFrame:
    """Return the mean of a column by unit (rows) and wave (columns), over the rows that the indicator counts."""
    formula = Mean(kind="mean", column=column)
    indicator = case.indicator.model_copy(update={"formula": formula})
    means = _by_wave(case, indicator)
    return means.pivot(index="_unit", columns="_wave", values="_value")


def _moved(waves: list[str], span: ColumnSpan, back: int) -> list[str]:
    """Return the waves of a span that is moved back; refuse one that would begin before the first."""
    first = waves.index(span.first) - back
    last = waves.index(span.last) - back
    if first < 0:
        reason = Said("synthetic_control.would_needed_waves_before_first", column=span.column, first=-first)
        raise NotEstimable(reason, Said("synthetic_control.predictors_known_early"))
    return waves[first : last + 1]
