"""Synthetic control and synthetic difference-in-differences: one unit's series against a weighted mix of others."""

from __future__ import annotations

import numpy as np

from impact.designs.synthetic_control.importance import Fit, fit_control, predictor_terms, stability
from impact.designs.synthetic_control.model import SyntheticControl
from impact.designs.synthetic_control.unit_series import Series, read_series
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Effect, Term, checked, effect_from, not_applicable
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
    series = read_series(case, design)
    if design.method == "synthetic_control":
        estimate, checks, terms = _control(case, series, design)
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


def _control(
    case: Case[SyntheticControl], series: Series, design: SyntheticControl
) -> tuple[Estimate, list[Diagnostic], list[Term]]:
    if len(series.treated) > 1:
        raise NotEstimable(
            Said("synthetic.synthetic_control_has_one_treated_unit"), Said("synthetic.method_synthetic_did_one_unit")
        )
    fit = fit_control(case, series, design, start=series.start)
    found = fit.control
    placebos = found.placebo_gaps[:, series.start :].mean(axis=1)
    estimate = wald(
        found.effect,
        float(np.std(placebos, ddof=1)),
        rule=Said("rule.spread_placebo_units"),
        n_obs=series.outcomes.size,
        df=len(placebos) - 1,
    )
    if np.isfinite(found.placebo_p):
        estimate = with_p_value(estimate, found.placebo_p, Said("rule.p_ratio_gaps_among_units"))
    own = series.outcomes[series.treated[0], : series.start]
    share = found.pre_rmspe / float(np.std(own)) if np.std(own) > 0 else np.inf
    detail = Said("synthetic.gap_before_start_series_own_spread", pre_rmspe=found.pre_rmspe, share=share)
    checks = [
        Diagnostic(
            Said("check.pre_fit"), SAME_PAST, share, None, "passed" if share <= GOOD_FIT else "failed", detail, share
        ),
        *stability(fit),
        _in_space(found),
        _in_time(case, series, design),
    ]
    return estimate, checks, [*_control_terms(series, fit), *predictor_terms(series, design, fit)]


def _in_space(found: Synthetic) -> Diagnostic:
    if not np.isfinite(found.placebo_p):
        return not_applicable(Said("check.placebo_space"), STANDS_OUT, Said("synthetic.fit_before_start_exact"))
    detail = Said("synthetic.ratio_gaps_after_before_among_units", ratio=found.ratio, n=len(found.placebo_ratios) + 1)
    status = "passed" if found.placebo_p <= CHANCE else "failed"
    return Diagnostic(Said("check.placebo_space"), STANDS_OUT, found.ratio, found.placebo_p, status, detail)


def _in_time(case: Case[SyntheticControl], series: Series, design: SyntheticControl) -> Diagnostic:
    pretended = series.start * 2 // 3
    try:
        found = fit_control(case, series, design, start=pretended).control
    except NotEstimable as error:
        return not_applicable(Said("check.placebo_time"), NOT_EARLIER, error.reason)
    p_value = found.placebo_p
    return checked(
        Said("check.placebo_time"),
        NOT_EARLIER,
        found.effect,
        float(p_value),
        Said("series.start", waves=series.waves[pretended]),
    )


def _control_terms(series: Series, fit: Fit) -> list[Term]:
    found = fit.control
    detail: Remark = Said("synthetic_control.own_search") if fit.nested else ""
    terms = _weights(series, found.donors, found.weights)
    terms += [
        Term(
            Said("family.leave_one_out"),
            Said("synthetic.without", units=series.units[int(donor)]),
            float(effect),
            detail=detail,
        )
        for donor, effect in zip(found.donors, found.leave_one_out, strict=True)
        if np.isfinite(effect)
    ]
    return terms + [
        Term(Said("family.gap"), wave, float(gap)) for wave, gap in zip(series.waves, found.gaps, strict=True)
    ]


def _weights(series: Series, donors: Ints, weights: Floats) -> list[Term]:
    return [
        Term(Said("family.unit_weight"), series.units[int(donor)], float(weight))
        for donor, weight in zip(donors, weights, strict=True)
        if weight > 0
    ]


def _did(series: Series, design: SyntheticControl) -> tuple[Estimate, list[Diagnostic], list[Term]]:
    starts = [series.start] * len(series.treated)
    found = synthetic_did(
        series.outcomes,
        series.treated,
        starts,
        solver=design.solver,
        draws=design.draws,
        rng=np.random.default_rng(design.seed),
    )
    compared = [
        Term(Said("family.estimator"), Said("synthetic_control.synthetic_did"), found.effect.estimate),
        Term(Said("family.estimator"), Said("synthetic.difference_differences"), found.difference_in_differences),
    ]
    if design.method == "did":
        error, df = _donor_spread(series)
        estimate = wald(
            found.difference_in_differences,
            error,
            rule=Said("rule.spread_donors_changes"),
            n_obs=series.outcomes.size,
            df=df,
        )
        donors = np.delete(np.arange(len(series.outcomes)), series.treated)
        return estimate, [_trend_fit(series, donors, np.full(len(donors), 1 / len(donors)))], compared
    times = [
        Term(Said("family.time_weight"), wave, float(weight))
        for wave, weight in zip(series.waves[: series.start], found.time_weights, strict=True)
        if weight > 0
    ]
    return (
        found.effect,
        [_trend_fit(series, found.donors, found.unit_weights)],
        [
            *compared,
            *_weights(series, found.donors, found.unit_weights),
            *times,
        ],
    )


def _trend_fit(series: Series, donors: Ints, weights: Floats) -> Diagnostic:
    """Compare both trends before the start, whatever their level: the value is the share of the spread left over."""
    own = series.outcomes[series.treated, : series.start].mean(axis=0)
    gap = own - weights @ series.outcomes[donors, : series.start]
    fit = float(np.std(gap) / np.std(own)) if np.std(own) > 0 else np.inf
    status = "passed" if fit <= GOOD_FIT else "failed"
    detail = Said("synthetic.gap_varies_series_own_spread", fit=fit)
    return Diagnostic(Said("check.pre_fit"), SAME_PAST, fit, None, status, detail, fit)


def _donor_spread(series: Series) -> tuple[float, float]:
    """Return the error of a difference of mean changes, treated units taken to vary as donors do, and its freedom."""
    donors = np.delete(series.outcomes, series.treated, axis=0)
    if len(donors) < 3:
        raise NotEstimable(Said("synthetic.donors_give_no_spread", n=len(donors)), Said("synthetic.least_three_donors"))
    change = donors[:, series.start :].mean(axis=1) - donors[:, : series.start].mean(axis=1)
    share = 1 / len(series.treated) + 1 / len(donors)
    return float(np.std(change, ddof=1) * np.sqrt(share)), float(len(donors) - 1)
