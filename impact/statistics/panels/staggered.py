"""Effects by cohort and period when treatment starts at different times: Callaway and Sant'Anna (2021).

This module takes an :class:`impact.statistics.panels.adoption.Panel` and gives the building blocks ATT(g, t) and
each unit's influence on them; :mod:`impact.statistics.panels.aggregation` sums them up. Each cell is a comparison of
:mod:`impact.statistics.panels.doubly_robust`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints
from impact.statistics.observational.inputs import design
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
from impact.statistics.panels.doubly_robust import Method, two_by_two
from impact.words.said import Said

Control = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]
_Cell = tuple[int, int, int]
"""Cohort, period and base period of an ATT(g, t), by their positions."""
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
        Clusters over which the influence is summed for the errors; units, where each is its own.
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
        values = [cell.estimate for cell in self.estimates]
        return np.array(values)


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

    Examples
    --------
    >>> outcome = np.array([[1.0, 2.0, 5.0], [2.0, 3.5, 6.0], [1.0, 2.0, 3.0], [3.0, 4.5, 5.0], [2.0, 3.0, 4.5]])
    >>> cells = group_time_effects(Panel(outcome, np.array([2, 2, -1, -1, -1])), control="never", method="reg")
    >>> cells.periods.tolist(), cells.effects.round(3).tolist()
    ([1, 2], [0.083, 1.75])
    """
    _check_choices(control, method, base, anticipation)
    sample = _sample(panel, control=control, method=method, anticipation=anticipation)
    cohorts, n_periods = comparison_window(panel, sample.used, anticipation, never_only=control == "never")
    proposed = [cell for cohort in cohorts for cell in _cells(int(cohort), n_periods, anticipation, base)]
    cells, thin = _with_comparison(sample, proposed)
    estimates = tuple(_cell_estimate(sample, *cell) for cell in cells)
    influences = [cell.influence for cell in estimates if cell.influence is not None]
    labels = np.array(cells, dtype=np.int64)
    first_treated, periods, bases = labels.T
    incomplete = np.isnan(panel.outcome).any(axis=1)
    always_treated = ~incomplete & ~_late(panel, anticipation)
    n_units = int(sample.used.sum())
    lost = panel.outcome.shape[1] - n_periods
    left_out = (*sample.left_out, *thin)
    return GroupTime(
        cohorts=first_treated,
        periods=periods,
        base_periods=bases,
        estimates=estimates,
        influence=np.column_stack(influences),
        unit_cohorts=panel.cohort,
        unit_weights=sample.weights,
        clustering=sample.clustering,
        anticipation=anticipation,
        n_units=n_units,
        n_always_treated=int(always_treated.sum()),
        n_incomplete=int(incomplete.sum()),
        n_periods_left_out=lost,
        left_out=left_out,
    )


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
    settings = ((control, Control), (method, Method), (base, Base))
    for value, literal in settings:
        choices = get_args(literal)
        if value not in choices:
            raise ValueError(f"{value!r} is none of {choices}")
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
        is_never = cohort == NEVER
        reason = Said("panels.never_treated_lack_outcome")
        if not is_never:
            reason = Said("panels.cohort_lacks_outcome", cohort=panel.name(int(cohort)))
        gone.append(reason)
        if not used.any() or (is_never and control == "never"):
            raise NotEstimable(reason, Said("checks.units_observed_all_periods"))
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
    covariates = panel.covariates[used]
    n_columns = 1 + covariates.shape[1]
    matrix = np.zeros((len(used), n_columns))
    matrix[used] = design(covariates, panel.covariate_labels)
    return matrix


def _cells(cohort: int, n_periods: int, anticipation: int, base: Base) -> list[_Cell]:
    """Return (cohort, period, base period) of a cohort's cells."""
    # The last period before (anticipated) treatment; with varying bases, before it the period before each.
    anchor = cohort - anticipation - 1
    cells = []
    for period in range(n_periods):
        if base == "universal" and period != anchor:
            cells.append((cohort, period, anchor))
        if base == "varying" and period > 0:
            last = min(period - 1, anchor)
            cells.append((cohort, period, last))
    return cells


def _untreated(sample: _Sample, cohort: int, period: int, base: int) -> Bools:
    """Return the units that a cell compares with: never treated, or also not yet treated in both its periods."""
    cohorts = sample.panel.cohort
    untreated = cohorts == NEVER
    if sample.control == "not_yet":
        last = max(period, base) + sample.anticipation
        later = cohorts > last
        untreated |= later & (cohorts != cohort)
    return np.asarray(sample.used & untreated)


def _at_cell(panel: Panel, cohort: int, period: int, reason: Said) -> Said:
    """Return a reason with the cell that it holds for."""
    cohort_name, period_name = panel.name(cohort), panel.name(period)
    return Said("panels.at_cell", cohort=cohort_name, period=period_name, reason=reason)


def _with_comparison(sample: _Sample, cells: list[_Cell]) -> tuple[list[_Cell], tuple[Said, ...]]:
    """Leave out cells whose comparison lies in one unit or cluster; refuse if none after treatment is left."""
    wide, thin = [], []
    after_treatment = False
    for cell in cells:
        cohort, period, _ = cell
        comparison = _untreated(sample, *cell)
        if n_spread(comparison, sample.clustering) > 1:
            wide.append(cell)
            after_treatment |= period >= cohort
        else:
            reason = Said("panels.comparison_lies_one_unit_cluster")
            thin.append(_at_cell(sample.panel, cohort, period, reason))
    if not after_treatment:
        raise NotEstimable(thin[0], Said("panels.more_units_not_treated"))
    return wide, tuple(thin)


def _cell_estimate(sample: _Sample, cohort: int, period: int, base: int) -> Estimate:
    """Estimate one cell, over the units that are in it."""
    panel = sample.panel
    treated = sample.used & (panel.cohort == cohort)
    untreated = _untreated(sample, cohort, period, base)
    members = treated | untreated
    rows = np.flatnonzero(members)
    names, method = panel.covariate_labels, sample.method
    outcome = panel.outcome
    change = outcome[rows, period] - outcome[rows, base]
    matrix, weights = sample.matrix[rows], sample.weights[rows]
    try:
        effect, influence_of_rows = two_by_two(change, treated[rows], matrix, weights, method=method, names=names)
    except NotEstimable as refusal:
        raise NotEstimable(_at_cell(panel, cohort, period, refusal.reason), refusal.needed) from refusal
    influence = np.zeros(len(panel.cohort))
    influence[rows] = influence_of_rows
    clustering = sample.clustering
    count = n_spread(members, clustering)
    n = len(rows)
    return from_influence(effect, influence, clustering, rule=RULE, n_obs=n, outcome=outcome, count=count)
