"""One test of trends before treatment for every estimator of staggered adoption.

Stands on :mod:`impact.statistics.panels.staggered` and :mod:`impact.statistics.panels.aggregation`. Whether units moved
alike before they were treated is a fact of the panel: it must not hang on the estimator that is chosen for what came
after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, JointTest
from impact.statistics.panels.adoption import NEVER, Bools, Panel, clustering_of, n_spread, wide_cohorts
from impact.statistics.panels.aggregation import aggregate, joint_test
from impact.statistics.panels.doubly_robust import Method
from impact.statistics.panels.staggered import Control, GroupTime, group_time_effects
from impact.words.said import Said


@dataclass(frozen=True)
class PreTrend:
    """How units moved before they were treated, beside those not treated.

    Parameters
    ----------
    test
        Joint test that no cohort differs from those it is compared with in any period before treatment.
    by_time
        (periods since treatment, estimate): the differences averaged over cohorts by size, against the last period
        before treatment (and anticipation), in the unit of the outcome.
    after
        The mean effect of all periods from treatment on, weighted by cohort size, of the same units and comparison.
    """

    test: JointTest
    by_time: tuple[tuple[int, Estimate], ...]
    after: float


def pre_trend_test(panel: Panel, *, control: Control, method: Method, anticipation: int = 0) -> PreTrend:
    """Test that before treatment the outcome moved alike in units treated later and in those not treated.

    Parameters
    ----------
    panel
        Units without an outcome in every period are left out, and then cohorts in fewer than two units or clusters.
    control, method, anticipation
        As in :func:`impact.statistics.panels.staggered.group_time_effects`; where nobody is never treated, ``not_yet``.

    Raises
    ------
    NotEstimable
        If there is no period before treatment, no comparison, or fewer units or clusters than effects to test.

    Notes
    -----
    The effects ATT(g, t) of all periods t before treatment, against the last one before it (universal base), are tested
    together: ``W = v' V⁻¹ v`` with ``V = Σ ψψ'`` over units, or over sums within clusters; ``W (G − k)/(G k)`` on
    ``F(k, G − k)`` for k effects and G units or clusters, as Hotelling's test. W is that of the pre-test of R's did:
    against units never treated its effects, each since the period before, are a linear transformation of these. Where k
    effects are too many for G, those averaged over cohorts by periods since treatment are tested.

    References
    ----------
    Callaway, B. and Sant'Anna, P. (2021). Difference-in-differences with multiple time periods. Journal of Econometrics
    225(2), 200–230, section 4. https://doi.org/10.1016/j.jeconom.2020.12.001

    Examples
    --------
    >>> outcome = np.array([[1.0, 2.0, 5.0], [2.0, 3.5, 6.0], [1.0, 2.0, 3.0], [3.0, 4.5, 5.0], [2.0, 3.0, 4.5]])
    >>> tested = pre_trend_test(Panel(outcome, np.array([2, 2, -1, -1, -1])), control="never", method="reg")
    >>> [time for time, _ in tested.by_time], round(tested.after, 3)
    ([-2], 1.75)
    """
    tested = _tested(panel, anticipation)
    if control == "never" and not np.any(tested.cohort == NEVER):
        control = "not_yet"
    cells = group_time_effects(tested, control=control, method=method, anticipation=anticipation, base="universal")
    leads = cells.periods < cells.cohorts - anticipation
    if not leads.any():
        raise NotEstimable(Said("panels.no_period_before_treatment_test"), Said("panels.more_periods_before_treatment"))
    dynamic = aggregate(cells, "dynamic").terms
    averages = [(time, estimate) for time, estimate in dynamic if time < -anticipation]
    by_time = tuple((time, estimate) for time, estimate in averages if estimate.influence is not None)
    try:
        test = _hotelling(cells, cells.effects[leads], cells.influence[:, leads])
    except NotEstimable:
        # Too many ATT(g, t) for so few units: their averages by periods since treatment instead
        values = np.array([estimate.estimate for _, estimate in by_time])
        influences = [estimate.influence for _, estimate in by_time if estimate.influence is not None]
        test = _hotelling(cells, values, np.column_stack(influences))
    overall = aggregate(cells, "simple").overall
    return PreTrend(test, by_time, overall.estimate)


def _hotelling(cells: GroupTime, values: Floats, influence: Floats) -> JointTest:
    """Test as Hotelling, with the F of few units or clusters: ``W (G − k)/(G k)`` on ``F(k, G − k)``."""
    count = cells.clustering.count
    remaining = count - len(values)
    if remaining < 1:
        raise NotEstimable(
            Said("panels.effects_test_have_singular_covariance"), Said("panels.more_units_clusters_effects")
        )
    factor = count / remaining
    return joint_test(values, influence, cells.clustering.codes, df=float(remaining), factor=factor)


def _tested(panel: Panel, anticipation: int) -> Panel:
    """Keep the units seen in all periods, of cohorts that lie in two units or clusters at least."""
    incomplete = np.isnan(panel.outcome).any(axis=1)
    is_never = panel.cohort == NEVER
    seen_before = is_never | (panel.cohort > anticipation)
    compared = ~incomplete & seen_before
    if not compared.any():
        raise NotEstimable(Said("checks.no_unit_seen_every_wave"), Said("checks.units_observed_all_periods"))
    compared, _ = wide_cohorts(panel, compared)
    never = compared & is_never
    if n_spread(never, clustering_of(panel, compared)) < 2:
        compared &= ~never
    return _part(panel, compared)


def _part(panel: Panel, rows: Bools) -> Panel:
    """Return some of the units of a panel."""
    covariates, weights, clusters = panel.covariates, panel.weights, panel.clusters
    if covariates is not None:
        covariates = covariates[rows]
    if weights is not None:
        weights = weights[rows]
    if clusters is not None:
        clusters = clusters[rows]
    outcome, cohort = panel.outcome[rows], panel.cohort[rows]
    return replace(panel, outcome=outcome, cohort=cohort, covariates=covariates, weights=weights, clusters=clusters)
