"""Effects of staggered adoption by imputing the outcome without treatment: Borusyak, Jaravel and Spiess; Gardner.

Both fit unit and period effects to untreated observations, exactly, and average what treated observations have above
the fit; they differ in the error. It takes an :class:`impact.statistics.adoption.Panel`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csgraph

from impact.errors import NotEstimable
from impact.statistics.adoption import (
    NEVER,
    Bools,
    Clustering,
    Panel,
    check_spread,
    clustering_of,
    from_influence,
    n_spread,
)
from impact.statistics.core import Estimate, Floats, Ints


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
    """

    overall: Estimate
    terms: tuple[tuple[int, Estimate], ...]
    n_units: int
    n_obs: int
    n_always_treated: int
    n_missing: int


def imputation(panel: Panel) -> Imputed:
    """Estimate average effects on the treated by imputation, with the conservative clustered error.

    Parameters
    ----------
    panel
        Outcomes may be missing. Without covariates. Terms are the periods from treatment on.

    Returns
    -------
    Imputed
        In the unit of the outcome.

    Raises
    ------
    NotEstimable
        If fewer than two units (clusters) are untreated in a period with treated ones, a cohort (in a period) lies in
        one, unit and period effects are not identified, there are covariates, or the outcome does not vary.

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
    _check_cells(panel, fit)
    rule = "conservative (Borusyak, Jaravel and Spiess)"
    masks = {event: fit.treated & (fit.event == event) for event in np.unique(fit.event[fit.treated])}
    terms = tuple((int(event), _conservative(panel, fit, mask, rule)) for event, mask in masks.items())
    return _imputed(panel, fit, _conservative(panel, fit, fit.treated, rule), terms)


def two_stage(panel: Panel) -> Imputed:
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


def _fit(panel: Panel) -> _Fit:
    if panel.covariates is not None:
        raise NotEstimable("unit effects absorb baseline covariates", "no covariates, or another estimator")
    observed = ~np.isnan(panel.outcome)
    event = np.arange(panel.outcome.shape[1]) - panel.cohort[:, None]
    after = (panel.cohort != NEVER)[:, None] & (event >= 0)
    used = (observed & ~after).any(axis=1)
    observed = observed & used[:, None]
    clustering = clustering_of(panel, used)
    _check_identified(panel, observed, after, clustering)
    ever = (observed & after).any(axis=1)
    check_spread(panel, ever, np.unique(panel.cohort[ever]), clustering)
    weights = np.where(observed, panel.unit_weights[:, None], 0.0)
    untreated = np.where(after, 0.0, weights)
    outcome = np.where(observed, panel.outcome, 0.0)
    units, periods = _two_way(untreated, (untreated * outcome).sum(axis=1), (untreated * outcome).sum(axis=0))
    gaps = np.where(observed, outcome - units[:, None] - periods, 0.0)
    return _Fit(used, observed & after, event, weights, untreated, gaps, clustering)


def _check_identified(panel: Panel, observed: Bools, after: Bools, clustering: Clustering) -> None:
    if not np.any(observed & after):
        raise NotEstimable("no unit becomes treated after a period without treatment", "units treated later")
    untreated = observed & ~after
    for period in np.flatnonzero((observed & after).any(axis=0)):
        if n_spread(untreated[:, period], clustering) < 2:
            raise NotEstimable(
                f"fewer than two units or clusters are untreated in period {panel.name(int(period))}",
                "more units never treated or treated later, or a panel that ends before",
            )
    seen = np.flatnonzero(untreated.any(axis=0))
    count, labels = csgraph.connected_components(untreated[:, seen].T.astype(float) @ untreated[:, seen] > 0)
    if count > 1:
        apart = ", ".join(panel.name(int(period)) for period in seen[labels != labels[0]])
        raise NotEstimable(
            f"no untreated unit links the periods {apart} with the others", "units observed untreated in both"
        )


def _check_cells(panel: Panel, fit: _Fit) -> None:
    """Refuse a cohort's period seen in one unit or cluster: its own average leaves no variation for the error."""
    for cohort in np.unique(panel.cohort[fit.treated.any(axis=1)]):
        members = fit.treated & (panel.cohort == cohort)[:, None]
        for period in np.flatnonzero(members.any(axis=0)):
            if n_spread(members[:, period], fit.clustering) < 2:
                raise NotEstimable(
                    f"the cohort first treated {panel.name(int(cohort))} is observed in one unit or cluster in period"
                    f" {panel.name(int(period))}",
                    "at least two units and clusters observed in each treated period of a cohort",
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
    return _estimate(panel, fit, effect, _influence(fit, chosen, fit.gaps - effect), "GMM (Gardner)")


def _conservative(panel: Panel, fit: _Fit, mask: Bools, rule: str) -> Estimate:
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


def _estimate(panel: Panel, fit: _Fit, effect: float, influence: Floats, rule: str) -> Estimate:
    n_obs = int(np.sum(fit.weights > 0))
    return from_influence(effect, influence, fit.clustering, rule=rule, n_obs=n_obs, outcome=panel.outcome)


def _imputed(panel: Panel, fit: _Fit, overall: Estimate, terms: tuple[tuple[int, Estimate], ...]) -> Imputed:
    missing = np.isnan(panel.outcome) & fit.used[:, None]
    n_obs = int(np.sum(fit.weights > 0))
    return Imputed(overall, terms, int(fit.used.sum()), n_obs, int(np.sum(~fit.used)), int(missing.sum()))
