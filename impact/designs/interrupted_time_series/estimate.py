"""Interrupted time series: the indicator's own values, wave by wave, before and after the start."""

from __future__ import annotations

import numpy as np

from impact.designs.interrupted_time_series.model import InterruptedTimeSeries
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Effect, Term, checked, effect_from, not_applicable, term_from
from impact.measure import INCOMPLETE, is_counted, measure_indicators, refuse_breaks, wave_values
from impact.statistics.core import Floats
from impact.statistics.series.segmented import SeriesFit, interrupted
from impact.tables.part import WHOLE, Part, cut_columns, part_codes
from impact.words.said import Said

NOT_EARLIER = Said("series.series_does_not_change_before_programme_had")
UNCORRELATED = Said("series.what_model_leaves_over_not_correlated_over")


def estimate_series(case: Case[InterruptedTimeSeries]) -> Effect:
    """Estimate the change of level and slope from the start on, against the trend before it."""
    design = case.design
    waves, values = observed_series(case)
    if design.start not in waves:
        raise NotEstimable(
            Said("series.series_has_no_value_start", start=design.start), Said("series.outcome_every_wave")
        )
    start = waves.index(design.start)
    fit = interrupted(
        values,
        start,
        season=np.arange(len(waves)) % design.season if design.season else None,
        errors=design.errors,
        lags=design.lags,
        small_sample=design.small_sample,
        horizon=_horizon(case, waves, start),
    )
    named = {"level": fit.level, "slope": fit.slope, "at_wave": fit.effect}
    at = {"wave": case.indicator.ex_post.wave} if design.estimand == "at_wave" else {}
    return effect_from(
        named[design.estimand],
        indicator=case.indicator.id,
        unit=case.unit + (" per wave" if design.estimand == "slope" else ""),
        estimand=Said(f"estimand.change_of_{design.estimand}"),
        design=Said(f"interrupted_time_series.{'at_wave' if at else 'from'}", start=design.start, **at),
        diagnostics=(_autocorrelation(fit, design.errors), _placebo_start(design, values[:start], waves)),
        terms=_terms(fit, waves, values),
    )


def observed_series(case: Case[InterruptedTimeSeries]) -> tuple[list[str], Floats]:
    """Return the waves from the first with a value to the end line, and the values; refuse gaps between them."""
    found = wave_values(case.connection, case.programme.id, case.contract, case.indicator, group=case.group_rows)
    values = dict(zip(found["_wave"], found["_value"], strict=True))
    end = case.waves.index(str(case.indicator.ex_post.wave))
    waves = [wave for wave in case.waves[: end + 1] if wave in values]
    if not waves:
        raise NotEstimable(Said("series.series_has_no_values"), Said("series.outcome_every_wave"))
    span = case.waves[case.waves.index(waves[0]) : case.waves.index(waves[-1]) + 1]
    if gaps := [wave for wave in span if wave not in values]:
        raise NotEstimable(Said("series.series_has_gaps", gaps=gaps[:5]), Said("series.outcome_every_wave"))
    refuse_breaks(found, waves)
    _refuse_incomplete(case, waves)
    return waves, np.array([values[wave] for wave in waves], dtype=np.float64)


def _refuse_incomplete(case: Case[InterruptedTimeSeries], waves: list[str]) -> None:
    """Refuse totals of some of the units: a report that is missing looks like a fall."""
    if not is_counted(case.indicator):
        return
    values = measure_indicators(case.connection, case.programme, [case.indicator]).values
    part = Part(*case.group) if case.group else WHOLE
    own = values[(cut_columns(values) == part.column) & (part_codes(values) == part.code)]
    some = {row["wave"]: row for row in own.to_dict("records") if INCOMPLETE in row["flags"]}
    for row in (some[wave] for wave in waves if wave in some):
        said = Said(
            "series.value_units",
            wave=row["wave"],
            units_reported=int(row["units_reported"]),
            units_expected=int(row["units_expected"]),
        )
        raise NotEstimable(said, Said("series.value_every_unit"))


def _horizon(case: Case[InterruptedTimeSeries], waves: list[str], start: int) -> int:
    wave = str(case.indicator.ex_post.wave)
    if wave not in waves or waves.index(wave) < start:
        raise NotEstimable(
            Said("series.outcome_looked_where_series_has_not_started", wave=wave), Said("series.later_wave")
        )
    return waves.index(wave) - start + 1


def _placebo_start(design: InterruptedTimeSeries, before: Floats, waves: list[str]) -> Diagnostic:
    """Pretend the programme started two thirds into the time before it; nothing may change there."""
    pretended = len(before) * 2 // 3
    try:
        fit = interrupted(
            before,
            pretended,
            season=np.arange(len(before)) % design.season if design.season else None,
            errors=design.errors,
            lags=design.lags,
            small_sample=design.small_sample,
        )
    except NotEstimable as error:
        return not_applicable(Said("check.placebo_start"), NOT_EARLIER, error.reason)
    return checked(
        Said("check.placebo_start"),
        NOT_EARLIER,
        fit.effect.estimate,
        fit.effect.p_value,
        Said("series.start", waves=waves[pretended]),
    )


def _autocorrelation(fit: SeriesFit, errors: str) -> Diagnostic:
    left = fit.autocorrelation
    detail = Said("series.ljung_box_over_lags_durbin_watson", lags=left.lags, durbin_watson=left.durbin_watson)
    check = checked(Said("check.autocorrelation"), UNCORRELATED, left.ljung_box, left.p_value, detail)
    if check.status == "failed" and errors == "newey_west":
        return Diagnostic(
            check.check,
            check.null_hypothesis,
            check.value,
            check.p_value,
            "passed",
            Said("series.errors_allow", detail=detail),
        )
    return check


def _terms(fit: SeriesFit, waves: list[str], values: Floats) -> tuple[Term, ...]:
    named = [
        term_from(Said("family.series"), Said("estimand.change_of_level"), fit.level),
        term_from(Said("family.series"), Said("estimand.change_of_slope"), fit.slope),
    ]
    named.append(term_from(Said("family.series"), Said("series.end_line"), fit.effect))
    if fit.phi:
        named.append(Term(Said("family.series"), Said("series.autocorrelation_errors"), fit.phi))
    return (
        *named,
        *(
            Term(Said("family.without_programme"), wave, float(expected), detail=Said("series.observed", value=value))
            for wave, value, expected in zip(waves, values, fit.counterfactual, strict=True)
        ),
    )
