"""Synthetic control and synthetic difference-in-differences: one unit's series against a weighted mix of others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.declare.designs import SyntheticControl
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Effect, Term, checked, effect_from, not_applicable
from impact.measure import refuse_breaks, wave_values
from impact.statistics.core import Estimate, Floats, Ints, wald, with_p_value
from impact.statistics.synthetic import Synthetic, placebo_in_time, synthetic_control, synthetic_did

SAME_PAST = "before the start the synthetic unit moved like the treated one"
STANDS_OUT = "the gap stands out among those found where there was no programme"
NOT_EARLIER = "there is no gap before the programme, had it been said to start earlier"
GOOD_FIT = 0.25
"""Share of the treated series' own spread before the start that the gap may reach."""
CHANCE = 0.1


@dataclass(frozen=True)
class _Series:
    """Outcomes (units, waves), names of both, rows of the treated units, and where the programme starts."""

    outcomes: Floats
    units: list[str]
    waves: list[str]
    treated: list[int]
    start: int


def estimate_synthetic(case: Case) -> Effect:
    """Estimate the average effect on the treated units from the start on."""
    design = case.design
    assert isinstance(design, SyntheticControl)  # noqa: S101 - dispatched by type
    series = _series(case, design)
    if design.method == "synthetic_control":
        estimate, checks, terms = _control(series)
    else:
        estimate, checks, terms = _did(series, design)
    words = {"synthetic_control": "synthetic control", "did": "difference-in-differences of unit means"}
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.indicator.unit,
        estimand="ATT",
        design=words.get(design.method, "synthetic difference-in-differences"),
        diagnostics=tuple(checks),
        terms=tuple(terms),
    )


def _series(case: Case, design: SyntheticControl) -> _Series:
    """Return the indicator's values by unit and wave; refuse missing cells and units that are not there."""
    found = wave_values(
        case.connection, case.programme.id, case.contract, case.indicator, unit=design.unit, group=case.group_rows
    )
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
    return _Series(table.to_numpy(dtype=np.float64), units, waves, treated, waves.index(design.start))


def _control(series: _Series) -> tuple[Estimate, list[Diagnostic], list[Term]]:
    if len(series.treated) > 1:
        raise NotEstimable("a synthetic control has one treated unit", "method: synthetic_did, or one unit")
    found = synthetic_control(series.outcomes, series.treated[0], series.start)
    placebos = found.placebo_gaps[:, series.start :].mean(axis=1)
    estimate = wald(
        found.effect,
        float(np.std(placebos, ddof=1)),
        rule="spread of placebo units",
        n_obs=series.outcomes.size,
        df=len(placebos) - 1,
    )
    if np.isfinite(found.placebo_p):
        estimate = with_p_value(estimate, found.placebo_p, "p by ratio of gaps among units")
    own = series.outcomes[series.treated[0], : series.start]
    fit = found.pre_rmspe / float(np.std(own)) if np.std(own) > 0 else np.inf
    detail = f"gap {found.pre_rmspe:.4g} before the start, {fit:.1%} of the series' own spread"
    checks = [
        Diagnostic("pre_fit", SAME_PAST, fit, None, "passed" if fit <= GOOD_FIT else "failed", detail),
        _in_space(found),
        _in_time(series),
    ]
    return estimate, checks, _control_terms(series, found)


def _in_space(found: Synthetic) -> Diagnostic:
    if not np.isfinite(found.placebo_p):
        return not_applicable("placebo_space", STANDS_OUT, "the fit before the start is exact")
    detail = f"ratio of gaps after to before {found.ratio:.3g}, among {len(found.placebo_ratios) + 1} units"
    status = "passed" if found.placebo_p <= CHANCE else "failed"
    return Diagnostic("placebo_space", STANDS_OUT, found.ratio, found.placebo_p, status, detail)


def _in_time(series: _Series) -> Diagnostic:
    pretended = series.start * 2 // 3
    try:
        found = placebo_in_time(series.outcomes, series.treated[0], series.start, pretended)
    except NotEstimable as error:
        return not_applicable("placebo_time", NOT_EARLIER, error.reason)
    p_value = found.placebo_p
    return checked("placebo_time", NOT_EARLIER, found.effect, float(p_value), f"start in {series.waves[pretended]}")


def _control_terms(series: _Series, found: Synthetic) -> list[Term]:
    terms = _weights(series, found.donors, found.weights)
    terms += [
        Term("leave_one_out", f"without {series.units[int(donor)]}", float(effect))
        for donor, effect in zip(found.donors, found.leave_one_out, strict=True)
        if np.isfinite(effect)
    ]
    return terms + [Term("gap", wave, float(gap)) for wave, gap in zip(series.waves, found.gaps, strict=True)]


def _weights(series: _Series, donors: Ints, weights: Floats) -> list[Term]:
    return [
        Term("unit_weight", series.units[int(donor)], float(weight))
        for donor, weight in zip(donors, weights, strict=True)
        if weight > 0
    ]


def _did(series: _Series, design: SyntheticControl) -> tuple[Estimate, list[Diagnostic], list[Term]]:
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
        Term("estimator", "synthetic difference-in-differences", found.effect.estimate),
        Term("estimator", "difference-in-differences", found.difference_in_differences),
    ]
    if design.method == "did":
        error, df = _donor_spread(series)
        estimate = wald(
            found.difference_in_differences,
            error,
            rule="spread of the donors' changes",
            n_obs=series.outcomes.size,
            df=df,
        )
        return estimate, [not_applicable("pre_fit", SAME_PAST, "units are not weighted")], compared
    times = [
        Term("time_weight", wave, float(weight))
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


def _trend_fit(series: _Series, donors: Ints, weights: Floats) -> Diagnostic:
    """Compare both trends before the start, whatever their level: the value is the share of the spread left over."""
    own = series.outcomes[series.treated, : series.start].mean(axis=0)
    gap = own - weights @ series.outcomes[donors, : series.start]
    fit = float(np.std(gap) / np.std(own)) if np.std(own) > 0 else np.inf
    status = "passed" if fit <= GOOD_FIT else "failed"
    return Diagnostic("pre_fit", SAME_PAST, fit, None, status, f"gap varies by {fit:.1%} of the series' own spread")


def _donor_spread(series: _Series) -> tuple[float, float]:
    """Return the error of a difference of mean changes, treated units taken to vary as donors do, and its freedom."""
    donors = np.delete(series.outcomes, series.treated, axis=0)
    if len(donors) < 3:
        raise NotEstimable(f"{len(donors)} donors give no spread", "at least three donors")
    change = donors[:, series.start :].mean(axis=1) - donors[:, : series.start].mean(axis=1)
    share = 1 / len(series.treated) + 1 / len(donors)
    return float(np.std(change, ddof=1) * np.sqrt(share)), float(len(donors) - 1)
