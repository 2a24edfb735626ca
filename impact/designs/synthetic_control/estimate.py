"""Synthetic control and synthetic difference-in-differences: one unit's series against a weighted mix of others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from impact.designs.synthetic_control.importance import Fit, fit_control, predictor_terms, stability
from impact.designs.synthetic_control.model import SyntheticControl
from impact.designs.synthetic_control.unit_series import Series, read_series
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Effect, Term, checked, effect_from, not_applicable, verdict
from impact.statistics.core import Estimate, Floats, Ints, wald, with_p_value
from impact.statistics.synthetic.control import Synthetic
from impact.statistics.synthetic.difference import synthetic_did
from impact.words.said import Remark, Said

SAME_PAST = Said("synthetic.before_start_synthetic_unit_moved_like_treated")
STANDS_OUT = Said("synthetic.gap_stands_out_among_those_found_where")
NOT_EARLIER = Said("synthetic.no_gap_before_programme_had_been_said")
GOOD_FIT = 0.25
"""Share of the treated series' own spread before the start that the gap may reach."""
CHANCE = 0.1


def estimate_synthetic(case: Case[SyntheticControl]) -> Effect:
    """Estimate the average effect on the treated units from the start on."""
    design = case.design
    series = read_series(case)
    if design.method == "synthetic_control":
        estimate, checks, terms = _control(case, series)
    else:
        estimate, checks, terms = _did(series, design)
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.att"),
        design=Said(f"synthetic_control.{design.method}"),
        diagnostics=tuple(checks),
        terms=tuple(terms),
    )


def _control(case: Case[SyntheticControl], series: Series) -> tuple[Estimate, list[Diagnostic], list[Term]]:
    design = case.design
    if len(series.treated) > 1:
        raise NotEstimable(
            Said("synthetic.synthetic_control_has_one_treated_unit"), Said("synthetic.method_synthetic_did_one_unit")
        )
    fit = fit_control(case, series, start=series.start)
    estimate = _placebo_inference(series, fit.control)
    checks = [
        _pre_fit(series, fit.control),
        *stability(fit),
        _in_space(fit.control),
        _in_time(case, series),
    ]
    terms = [*_control_terms(series, fit), *predictor_terms(series, design, fit)]
    return estimate, checks, terms


def _placebo_inference(series: Series, control: Synthetic) -> Estimate:
    """Return the effect with the spread of the gaps that other units show where nothing happened."""
    placebos = control.placebo_gaps[:, series.start :].mean(axis=1)
    error = float(np.std(placebos, ddof=1))
    rule = Said("rule.spread_placebo_units")
    estimate = wald(control.effect, error, rule=rule, n_obs=series.outcomes.size, df=len(placebos) - 1)
    if np.isfinite(control.placebo_p):
        estimate = with_p_value(estimate, control.placebo_p, Said("rule.p_ratio_gaps_among_units"))
    return estimate


def _pre_fit(series: Series, control: Synthetic) -> Diagnostic:
    """Judge the gap before the start beside the spread of the treated series there."""
    treated = series.outcomes[series.treated[0], : series.start]
    spread = np.std(treated)
    share = control.pre_rmspe / float(spread) if spread > 0 else np.inf
    detail = Said("synthetic.gap_before_start_series_own_spread", pre_rmspe=control.pre_rmspe, share=share)
    check = verdict(Said("check.pre_fit"), SAME_PAST, share, detail, passed=share <= GOOD_FIT)
    return replace(check, size=share)


def _in_space(control: Synthetic) -> Diagnostic:
    check = Said("check.placebo_space")
    if not np.isfinite(control.placebo_p):
        return not_applicable(check, STANDS_OUT, Said("synthetic.fit_before_start_exact"))
    n_units = len(control.placebo_ratios) + 1
    detail = Said("synthetic.ratio_gaps_after_before_among_units", ratio=control.ratio, n=n_units)
    status = "passed" if control.placebo_p <= CHANCE else "failed"
    return Diagnostic(check, STANDS_OUT, control.ratio, control.placebo_p, status, detail)


def _in_time(case: Case[SyntheticControl], series: Series) -> Diagnostic:
    check = Said("check.placebo_time")
    pretended = series.start * 2 // 3
    try:
        fit = fit_control(case, series, start=pretended)
    except NotEstimable as error:
        return not_applicable(check, NOT_EARLIER, error.reason)
    detail = Said("series.start", waves=series.waves[pretended])
    return checked(check, NOT_EARLIER, fit.control.effect, float(fit.control.placebo_p), detail)


def _control_terms(series: Series, fit: Fit) -> list[Term]:
    control = fit.control
    detail: Remark = Said("synthetic_control.own_search") if fit.nested else ""
    terms = _weights(series, control.donors, control.weights)
    for donor, effect in zip(control.donors, control.leave_one_out, strict=True):
        if np.isfinite(effect):
            without = Said("synthetic.without", units=series.units[int(donor)])
            terms.append(Term(Said("family.leave_one_out"), without, float(effect), detail=detail))
    for wave, gap in zip(series.waves, control.gaps, strict=True):
        terms.append(Term(Said("family.gap"), wave, float(gap)))
    return terms


def _weights(series: Series, donors: Ints, weights: Floats) -> list[Term]:
    return [
        Term(Said("family.unit_weight"), series.units[int(donor)], float(weight))
        for donor, weight in zip(donors, weights, strict=True)
        if weight > 0
    ]


def _did(series: Series, design: SyntheticControl) -> tuple[Estimate, list[Diagnostic], list[Term]]:
    starts = [series.start] * len(series.treated)
    rng = np.random.default_rng(design.seed)
    fit = synthetic_did(series.outcomes, series.treated, starts, solver=design.solver, draws=design.draws, rng=rng)
    family = Said("family.estimator")
    compared = [
        Term(family, Said("synthetic_control.synthetic_did"), fit.effect.estimate),
        Term(family, Said("synthetic.difference_differences"), fit.difference_in_differences),
    ]
    if design.method == "did":
        estimate, trend = _plain_did(series, fit.difference_in_differences)
        return estimate, [trend], compared
    trend = _trend_fit(series, fit.donors, fit.unit_weights)
    terms = [*compared, *_weights(series, fit.donors, fit.unit_weights)]
    for wave, weight in zip(series.waves[: series.start], fit.time_weights, strict=True):
        if weight > 0:
            terms.append(Term(Said("family.time_weight"), wave, float(weight)))
    return fit.effect, [trend], terms


def _plain_did(series: Series, difference: float) -> tuple[Estimate, Diagnostic]:
    """Return the difference of mean changes with its error, and how alike the mean of all donors moved before."""
    error, df = _donor_spread(series)
    rule = Said("rule.spread_donors_changes")
    estimate = wald(difference, error, rule=rule, n_obs=series.outcomes.size, df=df)
    donors = np.delete(np.arange(len(series.outcomes)), series.treated)
    equal = np.full(len(donors), 1 / len(donors))
    return estimate, _trend_fit(series, donors, equal)


def _trend_fit(series: Series, donors: Ints, weights: Floats) -> Diagnostic:
    """Compare both trends before the start, whatever their level: the value is the share of the spread left over."""
    treated = series.outcomes[series.treated, : series.start].mean(axis=0)
    mix = weights @ series.outcomes[donors, : series.start]
    gap = treated - mix
    spread = np.std(treated)
    fit = float(np.std(gap) / spread) if spread > 0 else np.inf
    detail = Said("synthetic.gap_varies_series_own_spread", fit=fit)
    check = verdict(Said("check.pre_fit"), SAME_PAST, fit, detail, passed=fit <= GOOD_FIT)
    return replace(check, size=fit)


def _donor_spread(series: Series) -> tuple[float, float]:
    """Return the error of a difference of mean changes, treated units taken to vary as donors do, and its freedom."""
    donors = np.delete(series.outcomes, series.treated, axis=0)
    n = len(donors)
    if n < 3:
        raise NotEstimable(Said("synthetic.donors_give_no_spread", n=n), Said("synthetic.least_three_donors"))
    earlier = donors[:, : series.start].mean(axis=1)
    changes = donors[:, series.start :].mean(axis=1) - earlier
    share = 1 / len(series.treated) + 1 / n
    return float(np.std(changes, ddof=1) * np.sqrt(share)), float(n - 1)
