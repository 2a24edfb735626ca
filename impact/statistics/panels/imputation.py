"""Effects of staggered adoption by imputing the outcome without treatment: Borusyak, Jaravel and Spiess; Gardner.

Both fit unit and period effects to untreated observations, exactly, and average what treated observations have above
the fit; they differ in the error. It takes an :class:`impact.statistics.panels.adoption.Panel`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csgraph

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, floats
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
        Pairs of periods since treatment and the estimate at that distance.
    n_units, n_obs
        Units with an observation that is used, and these observations.
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

    Examples
    --------
    >>> outcome = np.array([[1.0, 2.0, 5.0], [2.0, 3.5, 6.0], [1.0, 2.0, 3.0], [3.0, 4.5, 5.0], [2.0, 3.0, 4.5]])
    >>> round(imputation_effects(Panel(outcome, np.array([2, 2, -1, -1, -1]))).overall.estimate, 3)
    1.792
    """
    fit = _fit(panel)
    rule = Said("rule.conservative")
    terms = []
    for event in np.unique(fit.event[fit.treated]):
        mask = fit.treated & (fit.event == event)
        terms.append((int(event), _conservative(panel, fit, mask, rule)))
    overall = _conservative(panel, fit, fit.treated, rule)
    return _imputed(panel, fit, overall, tuple(terms))


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

    Examples
    --------
    >>> outcome = np.array([[1.0, 2.0, 5.0], [2.0, 3.5, 6.0], [1.0, 2.0, 3.0], [3.0, 4.5, 5.0], [2.0, 3.0, 4.5]])
    >>> round(gardner_two_stage(Panel(outcome, np.array([2, 2, -1, -1, -1]))).overall.estimate, 3)
    1.792
    """
    fit = _fit(panel)
    ever = (panel.cohort != NEVER)[:, None]
    adopters = (fit.weights > 0) & ever
    events = np.unique(fit.event[adopters])
    terms = []
    for event in events[events != -1]:
        mask = adopters & (fit.event == event)
        estimate = _second_stage(panel, fit, mask)
        terms.append((int(event), estimate))
    overall = _second_stage(panel, fit, fit.treated)
    return _imputed(panel, fit, overall, tuple(terms))


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
    """Choose the observations, fit the effects where untreated, and return outcomes less what they impute."""
    if panel.covariates is not None:
        raise NotEstimable(
            Said("panels.unit_effects_absorb_baseline_covariates"), Said("panels.no_covariates_another_estimator")
        )
    n_periods = panel.outcome.shape[1]
    cohort = panel.cohort[:, None]
    event = np.arange(n_periods) - cohort
    ever = (panel.cohort != NEVER)[:, None]
    since = event >= 0
    treated = np.asarray(ever & since)
    present = ~np.isnan(panel.outcome)
    earlier = (present & ~treated).any(axis=1)
    present &= earlier[:, None]
    observed, thin = _imputable(panel, present, treated)
    used = np.asarray(observed.any(axis=1))
    clustering = clustering_of(panel, used)
    _check_linked(panel, observed & ~treated)
    unit_weights = panel.unit_weights[:, None]
    weights = np.where(observed, unit_weights, 0.0)
    untreated = np.where(treated, 0.0, weights)
    outcome = np.where(observed, panel.outcome, 0.0)
    weighted = untreated * outcome
    by_unit, by_period = weighted.sum(axis=1), weighted.sum(axis=0)
    units, periods = _two_way(untreated, by_unit, by_period)
    imputed = outcome - units[:, None] - periods
    gaps = np.where(observed, imputed, 0.0)
    used_treated = observed & treated
    return _Fit(used, used_treated, event, weights, untreated, gaps, clustering, thin)


def _imputable(panel: Panel, observed: Bools, after_start: Bools) -> tuple[Bools, tuple[Said, ...]]:
    """Leave out, until nothing changes, what tells nothing of the effect, or nothing of its error.

    Untreated observations tell of the period effects unless they are the only one of their unit or period; one is
    enough for a unit that is observed treated, for it says from where that unit's effect is measured. A treated
    observation tells of the effect if its unit is observed untreated, and two units or clusters are untreated in its
    period; its error is known if its cohort lies in two, and is observed in two in that period. Returns what stays,
    shape (n, T), and what was too thin, in words.
    """
    gone = dict[Said, None]()
    in_use = np.asarray(observed.any(axis=1))
    clustering = clustering_of(panel, in_use)
    while True:
        in_use = np.asarray(observed.any(axis=1))
        wide, thin = wide_cohorts(panel, in_use)
        gone |= dict.fromkeys(thin)
        remaining = observed & wide[:, None]
        treated = np.asarray(remaining & after_start)
        for period in np.flatnonzero(treated.any(axis=0)):
            name = panel.name(int(period))
            comparison = remaining[:, period] & ~after_start[:, period]
            if n_spread(comparison, clustering) < 2:
                treated[:, period] = False
                gone[Said("panels.few_untreated", period=name)] = None
            cohorts = panel.cohort[treated[:, period]]
            for cohort in np.unique(cohorts):
                members = treated[:, period] & (panel.cohort == cohort)
                if n_spread(members, clustering) < 2:
                    treated[members, period] = False
                    thin_cohort = panel.name(int(cohort))
                    gone[Said("panels.cohort_thin", cohort=thin_cohort, period=name)] = None
        untreated = _untreated(remaining & ~after_start, treated)
        has_untreated = untreated.any(axis=1, keepdims=True)
        identified = untreated | (treated & has_untreated)
        if np.array_equal(identified, observed):
            break
        observed = np.asarray(identified)
    if not np.any(observed & after_start):
        reason = next(iter(gone), Said("panels.nobody_becomes_treated"))
        raise NotEstimable(reason, Said("panels.more_units_treated_later_or_never"))
    return observed, tuple(gone)


def _untreated(untreated: Bools, treated: Bools) -> Bools:
    """Return the untreated observations that are not alone; a unit observed treated is not, with one."""
    # A unit observed treated gets a column of its own, in which none is alone.
    extra = 2 * treated.any(axis=1, keepdims=True)
    rows = np.hstack([untreated, extra])
    units, periods = informative(rows)
    in_units = untreated & units[:, None]
    return in_units & periods[:-1]


def _check_linked(panel: Panel, untreated: Bools) -> None:
    """Refuse periods that no untreated unit links: their effects cannot be told apart."""
    periods = np.flatnonzero(untreated.any(axis=0))
    seen_untreated = untreated[:, periods]
    links = seen_untreated.T.astype(float) @ seen_untreated
    count, labels = csgraph.connected_components(links > 0)
    if count > 1:
        elsewhere = labels != labels[0]
        apart = [panel.name(int(period)) for period in periods[elsewhere]]
        reason = Said("panels.no_untreated_unit_links_periods_others", periods=apart)
        raise NotEstimable(reason, Said("panels.units_observed_untreated_both"))


def _two_way(weights: Floats, unit_sums: Floats, period_sums: Floats) -> tuple[Floats, Floats]:
    """Solve the normal equations of unit and period effects, given sums by unit (n,) and by period (T,).

    Units are eliminated; the first period with observations has effect zero.
    """
    per_unit = weights.sum(axis=1)
    per_period = weights.sum(axis=0)
    inverse = np.divide(1.0, per_unit, out=np.zeros_like(per_unit), where=per_unit > 0)
    # Unit effects out: (D'WD − D'WU(U'WU)⁻¹U'WD) λ = D'Wy − D'WU(U'WU)⁻¹U'Wy
    shares = weights.T * inverse
    through_units = shares @ weights
    normal = np.diag(per_period) - through_units
    unit_means = inverse * unit_sums
    moments = period_sums - weights.T @ unit_means
    # The first period with untreated observations has effect zero.
    free = np.flatnonzero(per_period > 0)[1:]
    periods = np.zeros(len(per_period))
    among_free = normal[np.ix_(free, free)]
    periods[free] = np.linalg.solve(among_free, moments[free])
    of_periods = weights @ periods
    units = inverse * (unit_sums - of_periods)
    return units, periods


def _influence(fit: _Fit, chosen: Floats, second: Floats) -> Floats:
    """Return the influence (n,) of an average with weights ``chosen`` and second-stage residuals, both (n, T)."""
    by_unit, by_period = chosen.sum(axis=1), chosen.sum(axis=0)
    # v_it of untreated observations: minus the projection of the chosen weights on their effects
    units, periods = _two_way(fit.untreated_weights, by_unit, by_period)
    effects = units[:, None] + periods
    first_weights = fit.untreated_weights * effects
    first = (first_weights * fit.gaps).sum(axis=1)
    direct = (chosen * second).sum(axis=1)
    return floats(direct - first)


def _second_stage(panel: Panel, fit: _Fit, mask: Bools) -> Estimate:
    """Average the gaps of a mask, with residuals from their own mean."""
    total = fit.weights[mask].sum()
    inside = np.where(mask, fit.weights, 0.0)
    chosen = inside / total
    weighted = chosen * fit.gaps
    effect = float(np.sum(weighted))
    residuals = fit.gaps - effect
    influence = _influence(fit, chosen, residuals)
    rule = Said("rule.gardner")
    return _estimate(panel, fit, effect, influence, rule)


def _conservative(panel: Panel, fit: _Fit, mask: Bools, rule: Said) -> Estimate:
    """Average the gaps of a mask, with residuals from the mean of each cohort and period."""
    total = fit.weights[mask].sum()
    inside = np.where(mask, fit.weights, 0.0)
    chosen = inside / total
    centred = np.zeros_like(fit.gaps)
    with_treated = mask.any(axis=1)
    for cohort in np.unique(panel.cohort[with_treated]):
        members = panel.cohort == cohort
        squares = chosen[members] ** 2
        centred[members] = _less_mean(fit.gaps[members], squares)
    weighted = chosen * fit.gaps
    effect = float(np.sum(weighted))
    influence = _influence(fit, chosen, centred)
    return _estimate(panel, fit, effect, influence, rule)


def _less_mean(gaps: Floats, squares: Floats) -> Floats:
    """Return gaps less their mean in each period, weighted by squared weights: ``Σ v² τ / Σ v²``."""
    total = squares.sum(axis=0)
    weighted = squares * gaps
    sums = weighted.sum(axis=0)
    mean = np.zeros_like(total)
    np.divide(sums, total, out=mean, where=total > 0)
    return floats(gaps - mean)


def _estimate(panel: Panel, fit: _Fit, effect: float, influence: Floats, rule: Said) -> Estimate:
    """Return an average with its error."""
    clustering = fit.clustering
    n_obs = int(np.sum(fit.weights > 0))
    outcome = panel.outcome
    return from_influence(effect, influence, clustering, rule=rule, n_obs=n_obs, outcome=outcome)


def _imputed(panel: Panel, fit: _Fit, overall: Estimate, terms: tuple[tuple[int, Estimate], ...]) -> Imputed:
    """Return all averages, with what was used and what was left out."""
    present = ~np.isnan(panel.outcome)
    missing = ~present & fit.used[:, None]
    n_obs = int(np.sum(fit.weights > 0))
    untreated = (panel.cohort == NEVER)[:, None] | (fit.event < 0)
    compared = (present & untreated).any(axis=1)
    always_treated = int(np.sum(~compared))
    n_units = int(fit.used.sum())
    n_missing = int(missing.sum())
    return Imputed(overall, terms, n_units, n_obs, always_treated, n_missing, fit.left_out)
