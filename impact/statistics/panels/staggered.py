"""Effects by cohort and period when treatment starts at different times: Callaway and Sant'Anna (2021).

This module takes an :class:`impact.statistics.panels.adoption.Panel` and gives the building blocks ATT(g, t) and
each unit's influence on them; :mod:`impact.statistics.panels.aggregation` sums them up. It stands on
:mod:`impact.statistics.core` and the logit of :mod:`impact.statistics.observational.propensity`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, floats
from impact.statistics.observational.inputs import COMPARISON, design, enough_units
from impact.statistics.observational.propensity import logit
from impact.statistics.panels.adoption import (
    NEVER,
    Bools,
    Clustering,
    Panel,
    clustering_of,
    comparison_window,
    from_influence,
    n_spread,
    wide_cohorts,
)
from impact.words.said import Said, Text

Control = Literal["never", "not_yet"]
Method = Literal["dr", "ipw", "reg"]
Base = Literal["varying", "universal"]
PROPENSITY_LIMIT = 0.999
CONTROL_PROPENSITY_LIMIT = 0.995
RULE = Said("rule.influence_function")


@dataclass(frozen=True)
class GroupTime:
    """Average effects on the treated by cohort and period, ATT(g, t).

    Parameters
    ----------
    cohorts, periods, base_periods
        Shape (cells,): positions of the cohort's first treated period, of the period, of the one it is compared with.
    estimates
        One per cell, in the unit of the outcome.
    influence
        Shape (n, cells), for all units of the panel in their order; zero for units left out.
    unit_cohorts, unit_weights
        Shape (n,): cohort of each unit; weight with mean one in the sample, zero for units left out.
    clustering
        Clusters behind the errors.
    anticipation
        Periods before treatment in which units may already react.
    n_units
        Units seen in all periods and before treatment.
    n_always_treated
        Units left out because no period lies before their treatment.
    n_incomplete
        Units left out because an outcome is missing: the panel of units used is balanced.
    n_periods_left_out
        Last periods left out because every unit is treated by then; the last cohort is then the comparison.
    left_out
        Cohorts, units never treated and cells left out because they cannot be compared with an error, in words.
    """

    cohorts: Ints
    periods: Ints
    base_periods: Ints
    estimates: tuple[Estimate, ...]
    influence: Floats = field(repr=False)
    unit_cohorts: Ints = field(repr=False)
    unit_weights: Floats = field(repr=False)
    clustering: Clustering = field(repr=False)
    anticipation: int
    n_units: int
    n_always_treated: int
    n_incomplete: int
    n_periods_left_out: int
    left_out: tuple[Said, ...] = ()

    @property
    def effects(self) -> Floats:
        """Shape (cells,): the estimates alone."""
        return np.array([cell.estimate for cell in self.estimates])


def group_time_effects(
    panel: Panel, *, control: Control, method: Method, anticipation: int = 0, base: Base = "varying"
) -> GroupTime:
    """Estimate ATT(g, t), the average effect in period t on units first treated in period g.

    Parameters
    ----------
    panel
        Units with a missing outcome and units without a period before treatment are left out and counted; cohorts
        in one unit or cluster, and cells whose comparison lies in one, are left out and named.
    control
        ``never``: units never treated; ``not_yet``: also units not treated by the period (plus anticipation).
    method
        ``dr`` doubly robust, ``ipw`` inverse probability weighting (Hájek), ``reg`` outcome regression.
    anticipation
        Periods before treatment in which units may already react; the base period lies before them.
    base
        Base of periods before treatment: ``varying``, the period before; ``universal``, the last one before treatment
        (and anticipation), as for the periods after.

    Returns
    -------
    GroupTime
        In the unit of the outcome.

    Raises
    ------
    NotEstimable
        If there is no comparison, every cohort or comparison lies in one unit or cluster, treatment is (nearly)
        certain given the covariates, covariates are collinear, or the outcome does not vary.

    Notes
    -----
    Each cell compares the change of the outcome since the base period between the cohort and the comparison:
    ``ATT(g, t) = E[(D/E[D] − w/E[w]) (ΔY − m(X))]`` with ``w = p(X)(1 − D)/(1 − p(X))``, a logit ``p`` by maximum
    likelihood and a linear ``m`` fitted to the comparison; ``ipw`` sets m = 0, ``reg`` needs no ``p``. Assumes parallel
    trends given X, no more anticipation than declared, overlap, and independent units (clusters). If nobody is never
    treated, the last cohort is the comparison and periods from its treatment on are left out.

    References
    ----------
    Callaway, B. and Sant'Anna, P. (2021). Difference-in-differences with multiple time periods. Journal of Econometrics
    225(2), 200–230. https://doi.org/10.1016/j.jeconom.2020.12.001

    Sant'Anna, P. and Zhao, J. (2020). Doubly robust difference-in-differences estimators. Journal of Econometrics
    219(1), 101–122. https://doi.org/10.1016/j.jeconom.2020.06.003
    """
    _check_choices(control, method, base, anticipation)
    sample = _sample(panel, control=control, method=method, anticipation=anticipation)
    cohorts, n_periods = comparison_window(panel, sample.used, anticipation, never_only=control == "never")
    every = [cell for cohort in cohorts for cell in _cells(int(cohort), n_periods, anticipation, base)]
    cells, thin = _with_comparison(sample, every)
    estimates = tuple(_cell_estimate(sample, *cell) for cell in cells)
    influences = [cell.influence for cell in estimates if cell.influence is not None]
    labels = np.array(cells, dtype=np.int64)
    complete = ~np.isnan(panel.outcome).any(axis=1)
    always_treated = complete & ~_late(panel, anticipation)
    return GroupTime(
        cohorts=labels[:, 0],
        periods=labels[:, 1],
        base_periods=labels[:, 2],
        estimates=estimates,
        influence=np.column_stack(influences),
        unit_cohorts=panel.cohort,
        unit_weights=sample.weights,
        clustering=sample.clustering,
        anticipation=anticipation,
        n_units=int(sample.used.sum()),
        n_always_treated=int(np.sum(always_treated)),
        n_incomplete=int(np.sum(~complete)),
        n_periods_left_out=panel.outcome.shape[1] - n_periods,
        left_out=(*sample.left_out, *thin),
    )


def two_by_two(
    change: Floats, treated: Bools, matrix: Floats, weights: Floats, *, method: Method, names: Sequence[Text] = ()
) -> tuple[float, Floats]:
    """Return the effect on the treated in a comparison of two groups over two periods, and each unit's influence.

    Parameters
    ----------
    change
        Shape (n,): outcome after minus before.
    treated
        Shape (n,): whether the unit is in the treated group.
    matrix
        Shape (n, k): a column of ones and the covariates; without any, the three methods are the same.
    weights
        Shape (n,): positive sampling weights.
    method
        See :func:`group_time_effects`.
    names
        Shape (k − 1,): names of the covariates, used in refusals.

    Returns
    -------
    tuple
        The effect in the unit of the outcome; influence, shape (n,), scaled so that ``effect − truth ≈ Σ influence``.

    Raises
    ------
    NotEstimable
        If covariates are collinear or as many as comparison units, or a propensity is (nearly) one.

    Notes
    -----
    The influence adds the estimation of the propensity and of the regression to that of the two weighted means; see
    Sant'Anna and Zhao (2020), theorem 1 and appendix.
    """
    method = method if matrix.shape[1] > 1 else "reg"
    fitted = np.zeros(len(change))
    fit_influence = np.zeros_like(matrix)
    if method != "ipw":
        fitted, fit_influence = _outcome_fit(change, treated, matrix, weights, names=names)
    # η₁: what the treated gained beyond the fit of the comparison
    residual = change - fitted
    w1 = weights * treated
    gain, gain_influence = _weighted_mean(residual, w1)
    gradient = _weighted_mean(matrix, w1)[0]
    if method == "reg":
        through_fit = fit_influence @ gradient
        return float(gain), gain_influence - through_fit
    # η₀: the same in the comparison, weighted by the odds p/(1 − p) to resemble the treated
    propensity, propensity_influence = _propensity(treated, matrix, weights, names)
    unlikely = 1 - propensity
    w0 = weights * ~treated * propensity / unlikely
    loss, loss_influence = _weighted_mean(residual, w0)
    deviations = w0 * (residual - loss)
    odds_gradient = matrix.T @ deviations
    of_odds = propensity_influence @ odds_gradient / w0.sum()
    loss_influence = loss_influence + of_odds
    gradient = gradient - _weighted_mean(matrix, w0)[0]
    influence = gain_influence - loss_influence
    return float(gain - loss), influence - fit_influence @ gradient


@dataclass(frozen=True)
class _Sample:
    """What every cell needs: the panel, the units used, and how to compare."""

    panel: Panel
    used: Bools
    matrix: Floats
    weights: Floats
    clustering: Clustering
    control: Control
    method: Method
    anticipation: int
    left_out: tuple[Said, ...]


def _late(panel: Panel, anticipation: int) -> Bools:
    """Return which units could be seen before their treatment."""
    later = panel.cohort > anticipation
    return np.asarray((panel.cohort == NEVER) | later)


def _check_choices(control: str, method: str, base: str, anticipation: int) -> None:
    """Refuse a setting that is not one of its choices."""
    for value, choices in ((control, Control), (method, Method), (base, Base)):
        if value not in get_args(choices):
            raise ValueError(f"{value!r} is none of {get_args(choices)}")
    if anticipation < 0:
        raise ValueError("anticipation must be zero or more periods")


def _sample(panel: Panel, *, control: Control, method: Method, anticipation: int) -> _Sample:
    """Choose the units seen in all periods and before treatment, and say which cohorts that leaves out."""
    late = _late(panel, anticipation)
    missing = np.isnan(panel.outcome).any(axis=1)
    complete = ~missing
    used = late & complete
    gone = []
    lost = np.setdiff1d(panel.cohort[late], panel.cohort[used])
    for cohort in lost:
        gone.append(
            Said("panels.never_treated_lack_outcome")
            if cohort == NEVER
            else Said("panels.cohort_lacks_outcome", cohort=panel.name(int(cohort)))
        )
        if not used.any() or (cohort == NEVER and control == "never"):
            raise NotEstimable(gone[-1], Said("checks.units_observed_all_periods"))
    if not used.any():
        raise NotEstimable(Said("panels.no_unit_observed_before_treatment"), Said("panels.periods_before_treatment"))
    used, thin = wide_cohorts(panel, used)
    mean_weight = panel.unit_weights[used].mean()
    inside = np.where(used, panel.unit_weights, 0.0)
    weights = inside / mean_weight
    clustering = clustering_of(panel, used)
    matrix = _matrix(panel, used)
    return _Sample(panel, used, matrix, weights, clustering, control, method, anticipation, (*gone, *thin))


def _matrix(panel: Panel, used: Bools) -> Floats:
    """Return ones and the covariates in standard units, which leave every estimator as it is."""
    if panel.covariates is None:
        return np.ones((len(used), 1))
    n_columns = 1 + panel.covariates.shape[1]
    matrix = np.zeros((len(used), n_columns))
    matrix[used] = design(panel.covariates[used], panel.covariate_labels)
    return matrix


def _cells(cohort: int, n_periods: int, anticipation: int, base: Base) -> list[tuple[int, int, int]]:
    """Return (cohort, period, base period) of a cohort's cells."""
    # The last period before (anticipated) treatment; with varying bases, before it the period before each.
    anchor = cohort - anticipation - 1
    if base == "universal":
        periods = [period for period in range(n_periods) if period != anchor]
        return [(cohort, period, anchor) for period in periods]
    return [(cohort, period, min(period - 1, anchor)) for period in range(1, n_periods)]


def _untreated(sample: _Sample, cohort: int, period: int, base: int) -> Bools:
    """Return the units that a cell compares with: never treated, or also not yet treated in both its periods."""
    cohorts = sample.panel.cohort
    untreated = cohorts == NEVER
    if sample.control == "not_yet":
        last = max(period, base) + sample.anticipation
        untreated |= (cohorts > last) & (cohorts != cohort)
    return np.asarray(sample.used & untreated)


def _at_cell(panel: Panel, cohort: int, period: int, reason: Said) -> Said:
    return Said("panels.at_cell", cohort=panel.name(cohort), period=panel.name(period), reason=reason)


def _with_comparison(
    sample: _Sample, cells: list[tuple[int, int, int]]
) -> tuple[list[tuple[int, int, int]], tuple[Said, ...]]:
    """Leave out cells whose comparison lies in one unit or cluster; refuse if none after treatment is left."""
    wide = [cell for cell in cells if n_spread(_untreated(sample, *cell), sample.clustering) > 1]
    thin = [
        _at_cell(sample.panel, cohort, period, Said("panels.comparison_lies_one_unit_cluster"))
        for cohort, period, base in cells
        if (cohort, period, base) not in wide
    ]
    if not any(period >= cohort for cohort, period, _ in wide):
        raise NotEstimable(thin[0], Said("panels.more_units_not_treated"))
    return wide, tuple(thin)


def _cell_estimate(sample: _Sample, cohort: int, period: int, base: int) -> Estimate:
    """Estimate one cell, over the units that are in it."""
    panel = sample.panel
    treated = sample.used & (panel.cohort == cohort)
    untreated = _untreated(sample, cohort, period, base)
    members = treated | untreated
    rows = np.flatnonzero(members)
    names = panel.covariate_labels
    outcome = panel.outcome
    change = outcome[rows, period] - outcome[rows, base]
    try:
        effect, influence_of_rows = two_by_two(
            change, treated[rows], sample.matrix[rows], sample.weights[rows], method=sample.method, names=names
        )
    except NotEstimable as refusal:
        raise NotEstimable(_at_cell(panel, cohort, period, refusal.reason), refusal.needed) from refusal
    influence = np.zeros(len(panel.cohort))
    influence[rows] = influence_of_rows
    clustering = sample.clustering
    count = n_spread(members, clustering)
    return from_influence(effect, influence, clustering, rule=RULE, n_obs=len(rows), outcome=panel.outcome, count=count)


def _weighted_mean(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weighted mean of rows and each row's influence on it."""
    share = weights / weights.sum()
    mean: Floats = floats(share @ values)
    deviations = values - mean
    influence: Floats = (share * deviations.T).T
    return mean, influence


def _outcome_fit(
    change: Floats, treated: Bools, matrix: Floats, weights: Floats, *, names: Sequence[Text]
) -> tuple[Floats, Floats]:
    """Fit the change linearly in the comparison; return the fit for all units and influence on the coefficients."""
    n, k = int(np.sum(~treated)), matrix.shape[1]
    enough_units(n, k, COMPARISON)
    if k > 1:
        design(matrix[~treated, 1:], names, COMPARISON)
    w0 = weights * ~treated
    weighted = (matrix.T * w0).T
    gram = weighted.T @ matrix
    moments = weighted.T @ change
    coefficients = np.linalg.solve(gram, moments)
    fitted: Floats = matrix @ coefficients
    scores = weighted.T * (change - fitted)
    influence = np.linalg.solve(gram, scores).T
    return fitted, floats(influence)


def _propensity(treated: Bools, matrix: Floats, weights: Floats, names: Sequence[Text]) -> tuple[Floats, Floats]:
    """Return fitted probabilities of treatment, and influence on the coefficients."""
    fit = logit(treated, matrix[:, 1:], names, weights=weights)
    fitted = fit.probabilities
    _check_overlap(fitted, treated)
    return fitted, fit.influence


def _check_overlap(fitted: Floats, treated: Bools) -> None:
    sure = int(np.sum(fitted >= np.where(treated, PROPENSITY_LIMIT, CONTROL_PROPENSITY_LIMIT)))
    if sure:
        raise NotEstimable(
            Said("panels.treated_with_near_certainty", n=sure),
            Said("panels.treated_untreated_units_alike_fewer_covariates"),
        )
