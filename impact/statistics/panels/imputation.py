"""Effects of staggered adoption by imputing the outcome without treatment: Borusyak, Jaravel and Spiess; Gardner.

Both fit unit and period effects to untreated observations, exactly, and average what treated observations have above
the fit; they differ in the error. It takes an :class:`impact.statistics.panels.adoption.Panel`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csgraph

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints
from impact.statistics.informative import informative
from impact.statistics.panels.adoption import (
    NEVER,
    Bools,
    Clustering,
    Panel,
    clustering_of,
    from_influence,
    n_spread,
    wide_cohorts,
)
from impact.words.said import Said


@dataclass(frozen=True)
class Imputed:
    """Average effects on the treated from imputed outcomes.

    Parameters
    ----------
    overall
        Average over treated observations, in the unit of the outcome.
    terms
        (periods since treatment, estimate).
    n_units, n_obs
        Units and observations used.
    n_always_treated
        Units left out because none of their outcomes is observed untreated.
    n_missing
        Observations without an outcome, of units used.
    left_out
        Cohorts, periods and cohorts' periods left out because they have no error, in words.
    """

    overall: Estimate
    terms: tuple[tuple[int, Estimate], ...]
    n_units: int
    n_obs: int
    n_always_treated: int
    n_missing: int
    left_out: tuple[Said, ...] = ()


def imputation_effects(panel: Panel) -> Imputed:
    """Estimate average effects on the treated by imputation, with the conservative clustered error.

    Parameters
    ----------
    panel
        Outcomes may be missing. Without covariates. Terms are the periods from treatment on. Treated observations
        whose cohort, or the untreated beside it, lies in one unit or cluster in their period are left out and named.

    Returns
    -------
    Imputed
        In the unit of the outcome.

    Raises
    ------
    NotEstimable
        If no treated observation is left, unit and period effects are not identified, there are covariates, or the
        outcome does not vary.

    Notes
    -----
    With ``Y(0) = α_i + λ_t`` fitted to untreated observations, ``τ_it = Y_it − α_i − λ_t`` and the effect is
    ``Σ w τ / Σ w = Σ v_it Y_it``. The influence of a unit is ``Σ_t v_it ε_it``, where ε is the residual of untreated
    observations, and ``τ_it`` minus the v²-weighted average of its cohort and period for treated ones; the variance is
    conservative if effects vary within these. Assumes parallel trends in all periods and no anticipation.

    References
    ----------
    Borusyak, K., Jaravel, X. and Spiess, J. (2024). Revisiting event-study designs: robust and efficient estimation.
    Review of Economic Studies 91(6), 3253–3285. https://doi.org/10.1093/restud/rdae007
    """
    fit = _fit(panel)
    rule = Said("rule.conservative")
    masks = {event: fit.treated & (fit.event == event) for event in np.unique(fit.event[fit.treated])}
    terms = tuple((int(event), _conservative(panel, fit, mask, rule)) for event, mask in masks.items())
    return _imputed(panel, fit, _conservative(panel, fit, fit.treated, rule), terms)


def gardner_two_stage(panel: Panel) -> Imputed:
    """Estimate average effects on the treated by Gardner's two stages, with an error that knows of the first.

    Parameters
    ----------
    panel
        Outcomes may be missing. Without covariates. Terms are all periods since treatment but −1; those before
        treatment are mean residuals of the first stage, to which they belong, so they understate a difference in
        trends.

    Returns
    -------
    Imputed
        In the unit of the outcome.

    Raises
    ------
    NotEstimable
        As :func:`imputation`.

    Notes
    -----
    First stage: unit and period effects on untreated observations, ``X1``, residuals ``u1``. Second: the outcome less
    the fit on indicators ``X2``, residuals ``u2``. The influence of a unit is its sum of
    ``(X2'X2)⁻¹ [x2 u2 − X2'X1 (X1₀'X1₀)⁻¹ x1 u1]``, with rows of treated observations zero in ``X1₀``: the generalised
    method of moments (GMM) for both stages. Assumes as :func:`imputation`.

    References
    ----------
    Gardner, J. (2022). Two-stage differences in differences. https://arxiv.org/abs/2207.05943
    """
    fit = _fit(panel)
    adopters = (fit.weights > 0) & (panel.cohort != NEVER)[:, None]
    events = np.unique(fit.event[adopters])
    masks = {event: adopters & (fit.event == event) for event in events[events != -1]}
    terms = tuple((int(event), _second_stage(panel, fit, mask)) for event, mask in masks.items())
    return _imputed(panel, fit, _second_stage(panel, fit, fit.treated), terms)


@dataclass(frozen=True)
class _Fit:
    """Unit and period effects fitted to untreated observations; arrays of shape (n, T) are zero where not used."""

    used: Bools
    treated: Bools
    event: Ints
    weights: Floats
    untreated_weights: Floats
    gaps: Floats
    clustering: Clustering
    left_out: tuple[Said, ...]


def _fit(panel: Panel) -> _Fit:
    if panel.covariates is not None:
        raise NotEstimable(
            Said("panels.unit_effects_absorb_baseline_covariates"), Said("panels.no_covariates_another_estimator")
        )
    event = np.arange(panel.outcome.shape[1]) - panel.cohort[:, None]
    after = np.asarray((panel.cohort != NEVER)[:, None] & (event >= 0))
    seen = ~np.isnan(panel.outcome)
    seen &= (seen & ~after).any(axis=1)[:, None]
    observed, thin = _imputable(panel, seen, after)
    used = np.asarray(observed.any(axis=1))
    clustering = clustering_of(panel, used)
    _check_linked(panel, observed & ~after)
    weights = np.where(observed, panel.unit_weights[:, None], 0.0)
    untreated = np.where(after, 0.0, weights)
    outcome = np.where(observed, panel.outcome, 0.0)
    units, periods = _two_way(untreated, (untreated * outcome).sum(axis=1), (untreated * outcome).sum(axis=0))
    gaps = np.where(observed, outcome - units[:, None] - periods, 0.0)
    return _Fit(used, observed & after, event, weights, untreated, gaps, clustering, thin)


def _imputable(panel: Panel, observed: Bools, after: Bools) -> tuple[Bools, tuple[Said, ...]]:
    """Leave out, until nothing changes, what tells nothing of the effect, or nothing of its error.

    Untreated observations tell of the period effects unless they are the only one of their unit or period; one is
    enough for a unit that is observed treated, for it says from where that unit's effect is measured. A treated
    observation tells of the effect if its unit is observed untreated, and two units or clusters are untreated in its
    period; its error is known if its cohort lies in two, and is observed in two in that period. Returns what stays,
    shape (n, T), and what was too thin, in words.
    """
    clustering, gone = clustering_of(panel, np.asarray(observed.any(axis=1))), dict[Said, None]()
    while True:
        wide, thin = wide_cohorts(panel, np.asarray(observed.any(axis=1)))
        gone |= dict.fromkeys(thin)
        left = observed & wide[:, None]
        treated = np.asarray(left & after)
        for period in np.flatnonzero(treated.any(axis=0)):
            name = panel.name(int(period))
            if n_spread(left[:, period] & ~after[:, period], clustering) < 2:
                treated[:, period] = False
                gone[Said("panels.few_untreated", period=name)] = None
            for cohort in np.unique(panel.cohort[treated[:, period]]):
                members = treated[:, period] & (panel.cohort == cohort)
                if n_spread(members, clustering) < 2:
                    treated[members, period] = False
                    gone[Said("panels.cohort_thin", cohort=panel.name(int(cohort)), period=name)] = None
        untreated = _untreated(left & ~after, treated)
        kept = untreated | (treated & untreated.any(axis=1, keepdims=True))
        if np.array_equal(kept, observed):
            break
        observed = np.asarray(kept)
    if not np.any(observed & after):
        reason = next(iter(gone), Said("panels.nobody_becomes_treated"))
        raise NotEstimable(reason, Said("panels.more_units_treated_later_or_never"))
    return observed, tuple(gone)


def _untreated(untreated: Bools, treated: Bools) -> Bools:
    """Return the untreated observations that are not alone; a unit observed treated is not, with one."""
    more = 2 * treated.any(axis=1, keepdims=True)  # a column of its own, in which none is alone
    units, periods = informative(np.hstack([untreated, more]))
    return untreated & units[:, None] & periods[:-1]


def _check_linked(panel: Panel, untreated: Bools) -> None:
    seen = np.flatnonzero(untreated.any(axis=0))
    count, labels = csgraph.connected_components(untreated[:, seen].T.astype(float) @ untreated[:, seen] > 0)
    if count > 1:
        apart = [panel.name(int(period)) for period in seen[labels != labels[0]]]
        raise NotEstimable(
            Said("panels.no_untreated_unit_links_periods_others", periods=apart),
            Said("panels.units_observed_untreated_both"),
        )


def _two_way(weights: Floats, unit_sums: Floats, period_sums: Floats) -> tuple[Floats, Floats]:
    """Solve the normal equations of unit and period effects, given sums by unit (n,) and by period (T,).

    Units are eliminated; the first period with observations has effect zero.
    """
    per_unit, per_period = weights.sum(axis=1), weights.sum(axis=0)
    inverse = np.divide(1.0, per_unit, out=np.zeros_like(per_unit), where=per_unit > 0)
    left = np.diag(per_period) - (weights.T * inverse) @ weights
    right = period_sums - weights.T @ (inverse * unit_sums)
    free = np.flatnonzero(per_period > 0)[1:]
    periods = np.zeros(len(per_period))
    periods[free] = np.linalg.solve(left[np.ix_(free, free)], right[free])
    return inverse * (unit_sums - weights @ periods), periods


def _influence(fit: _Fit, chosen: Floats, second: Floats) -> Floats:
    """Return the influence (n,) of an average with weights ``chosen`` and second-stage residuals, both (n, T)."""
    units, periods = _two_way(fit.untreated_weights, chosen.sum(axis=1), chosen.sum(axis=0))
    first = (fit.untreated_weights * (units[:, None] + periods) * fit.gaps).sum(axis=1)
    return np.asarray((chosen * second).sum(axis=1) - first, dtype=np.float64)


def _second_stage(panel: Panel, fit: _Fit, mask: Bools) -> Estimate:
    chosen = np.where(mask, fit.weights, 0.0) / fit.weights[mask].sum()
    effect = float(np.sum(chosen * fit.gaps))
    return _estimate(panel, fit, effect, _influence(fit, chosen, fit.gaps - effect), Said("rule.gardner"))


def _conservative(panel: Panel, fit: _Fit, mask: Bools, rule: Said) -> Estimate:
    chosen = np.where(mask, fit.weights, 0.0) / fit.weights[mask].sum()
    centred = np.zeros_like(fit.gaps)
    for cohort in np.unique(panel.cohort[mask.any(axis=1)]):
        members = panel.cohort == cohort
        squares, gaps = chosen[members] ** 2, fit.gaps[members]
        total = squares.sum(axis=0)
        mean = np.divide((squares * gaps).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
        centred[members] = gaps - mean
    effect = float(np.sum(chosen * fit.gaps))
    return _estimate(panel, fit, effect, _influence(fit, chosen, centred), rule)


def _estimate(panel: Panel, fit: _Fit, effect: float, influence: Floats, rule: Said) -> Estimate:
    n_obs = int(np.sum(fit.weights > 0))
    return from_influence(effect, influence, fit.clustering, rule=rule, n_obs=n_obs, outcome=panel.outcome)


def _imputed(panel: Panel, fit: _Fit, overall: Estimate, terms: tuple[tuple[int, Estimate], ...]) -> Imputed:
    missing = np.isnan(panel.outcome) & fit.used[:, None]
    n_obs = int(np.sum(fit.weights > 0))
    before = (panel.cohort == NEVER)[:, None] | (fit.event < 0)
    always = int(np.sum(~(~np.isnan(panel.outcome) & before).any(axis=1)))
    return Imputed(overall, terms, int(fit.used.sum()), n_obs, always, int(missing.sum()), fit.left_out)
