"""Interrupted time series: the indicator's own values, wave by wave, before and after the start."""

from __future__ import annotations

from dataclasses import replace

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
    fit = _fit(design, values, start, horizon=_horizon(case, waves, start))
    estimates = {"level": fit.level, "slope": fit.slope, "at_wave": fit.effect}
    autocorrelation = _autocorrelation(fit, design.errors)
    placebo = _placebo_start(design, values[:start], waves)
    return effect_from(
        estimates[design.estimand],
        indicator=case.indicator.id,
        unit=f"{case.unit} per wave" if design.estimand == "slope" else case.unit,
        estimand=Said(f"estimand.change_of_{design.estimand}"),
        design=_name(case),
        diagnostics=(autocorrelation, placebo),
        terms=_terms(fit, waves, values),
    )


def _name(case: Case[InterruptedTimeSeries]) -> Said:
    start = case.design.start
    if case.design.estimand == "at_wave":
        return Said("interrupted_time_series.at_wave", start=start, wave=case.indicator.ex_post.wave)
    return Said("interrupted_time_series.from", start=start)


def _fit(design: InterruptedTimeSeries, values: Floats, start: int, *, horizon: int | None = None) -> SeriesFit:
    season = np.arange(len(values)) % design.season if design.season else None
    return interrupted(
        values,
        start,
        season=season,
        errors=design.errors,
        lags=design.lags,
        small_sample=design.small_sample,
        horizon=horizon,
    )


def observed_series(case: Case[InterruptedTimeSeries]) -> tuple[list[str], Floats]:
    """Return the waves from the first with a value to the end line, and the values; refuse gaps between them."""
    series = wave_values(case.connection, case.programme.id, case.contract, case.indicator, group=case.group_rows)
    values = dict(zip(series["_wave"], series["_value"], strict=True))
    end = case.waves.index(str(case.indicator.ex_post.wave))
    waves = [wave for wave in case.waves[: end + 1] if wave in values]
    if not waves:
        raise NotEstimable(Said("series.series_has_no_values"), Said("series.outcome_every_wave"))
    first, last = case.waves.index(waves[0]), case.waves.index(waves[-1])
    gaps = [wave for wave in case.waves[first : last + 1] if wave not in values]
    if gaps:
        raise NotEstimable(Said("series.series_has_gaps", gaps=gaps[:5]), Said("series.outcome_every_wave"))
    refuse_breaks(series, waves)
    _refuse_incomplete(case, waves)
    return waves, np.array([values[wave] for wave in waves], dtype=np.float64)


def _refuse_incomplete(case: Case[InterruptedTimeSeries], waves: list[str]) -> None:
    """Refuse totals of some of the units: a report that is missing looks like a fall."""
    if not is_counted(case.indicator):
        return
    values = measure_indicators(case.connection, case.programme, [case.indicator]).values
    part = Part(*case.group) if case.group else WHOLE
    of_part = values[(cut_columns(values) == part.column) & (part_codes(values) == part.code)]
    incomplete = {row["wave"]: row for row in of_part.to_dict("records") if INCOMPLETE in row["flags"]}
    for wave in waves:
        if wave in incomplete:
            row = incomplete[wave]
            reported, expected = int(row["units_reported"]), int(row["units_expected"])
            reason = Said("series.value_units", wave=wave, units_reported=reported, units_expected=expected)
            raise NotEstimable(reason, Said("series.value_every_unit"))


def _horizon(case: Case[InterruptedTimeSeries], waves: list[str], start: int) -> int:
    """Return how many waves of the programme lie up to the one that is looked at."""
    wave = str(case.indicator.ex_post.wave)
    position = waves.index(wave) if wave in waves else -1
    if position < start:
        raise NotEstimable(
            Said("series.outcome_looked_where_series_has_not_started", wave=wave), Said("series.later_wave")
        )
    return position - start + 1


def _placebo_start(design: InterruptedTimeSeries, values: Floats, waves: list[str]) -> Diagnostic:
    """Pretend the programme started two thirds into the time before it; nothing may change there."""
    check = Said("check.placebo_start")
    pretended = len(values) * 2 // 3
    try:
        fit = _fit(design, values, pretended)
    except NotEstimable as error:
        return not_applicable(check, NOT_EARLIER, error.reason)
    detail = Said("series.start", waves=waves[pretended])
    return checked(check, NOT_EARLIER, fit.effect.estimate, fit.effect.p_value, detail)


def _autocorrelation(fit: SeriesFit, errors: str) -> Diagnostic:
    """Test what the model leaves over; errors that allow for autocorrelation pass with it."""
    test = fit.autocorrelation
    detail = Said("series.ljung_box_over_lags_durbin_watson", lags=test.lags, durbin_watson=test.durbin_watson)
    check = checked(Said("check.autocorrelation"), UNCORRELATED, test.ljung_box, test.p_value, detail)
    if check.status == "failed" and errors == "newey_west":
        allowed = Said("series.errors_allow", detail=detail)
        return replace(check, status="passed", detail=allowed)
    return check


def _terms(fit: SeriesFit, waves: list[str], values: Floats) -> tuple[Term, ...]:
    family = Said("family.series")
    terms = [
        term_from(family, Said("estimand.change_of_level"), fit.level),
        term_from(family, Said("estimand.change_of_slope"), fit.slope),
        term_from(family, Said("series.end_line"), fit.effect),
    ]
    if fit.phi:
        terms.append(Term(family, Said("series.autocorrelation_errors"), fit.phi))
    for wave, value, expected in zip(waves, values, fit.counterfactual, strict=True):
        observed = Said("series.observed", value=value)
        terms.append(Term(Said("family.without_programme"), wave, float(expected), detail=observed))
    return tuple(terms)
