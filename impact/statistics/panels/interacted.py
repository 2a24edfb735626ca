"""Effects of staggered adoption from a regression with cohort-by-time interactions: Sun and Abraham (2021).

It takes an :class:`impact.statistics.panels.adoption.Panel`. The regression is solved exactly from sums over units that
share cohort and pattern of missing outcomes; no effect is found by iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, JointTest, floats
from impact.statistics.informative import informative
from impact.statistics.panels.adoption import (
    Bools,
    Clustering,
    Panel,
    clustering_of,
    comparison_window,
    from_influence,
    n_spread,
    wide_cohorts,
)
from impact.statistics.panels.aggregation import joint_test
from impact.words.said import Said

SINGULAR = 1e-10
RULE = Said("rule.cr1_unit_effects_nested")


@dataclass(frozen=True)
class Interacted:
    """Average effects on the treated from cohort-by-time interactions.

    Parameters
    ----------
    overall
        Average over observations from treatment on, in the unit of the outcome.
    terms
        (periods since treatment, estimate); −1 is the reference.
    pretrend
        Joint F test of the effects before treatment; a refusal, with its reason, if there is none.
    n_units, n_obs
        Units with an observation that is used, and these observations.
    n_always_treated
        Units left out because no period lies before their treatment.
    n_singletons
        Units left out because no outcome of theirs tells anything beside the effects.
    n_periods_left_out
        Last periods left out because every unit is treated by then; the last cohort is then the comparison.
    left_out
        Cohorts, and cohorts' periods, left out because they cannot be compared with an error, in words.
    """

    overall: Estimate
    terms: tuple[tuple[int, Estimate], ...]
    pretrend: JointTest | NotEstimable
    n_units: int
    n_obs: int
    n_always_treated: int
    n_singletons: int
    n_periods_left_out: int
    left_out: tuple[Said, ...] = ()


def sun_abraham(panel: Panel) -> Interacted:
    """Estimate average effects on the treated by periods since treatment, with weights that are cohort shares.

    Parameters
    ----------
    panel
        Outcomes may be missing. Without covariates. Clusters default to units. A cohort or its comparison in one unit
        or cluster, in a period or in all, is left out and named, and so is a cohort without a reference period.

    Returns
    -------
    Interacted
        In the unit of the outcome; t reference with clusters − 1 degrees of freedom.

    Raises
    ------
    NotEstimable
        If there is no comparison, no cohort is left, the comparison lies in one unit or cluster, there are covariates,
        or the outcome does not vary.

    Notes
    -----
    ``Y_it = α_i + λ_t + Σ_{g, e ≠ −1} δ_ge 1[G_i = g, t − g = e] + u_it`` with units never treated (else the last
    cohort, up to its treatment) as comparison; the effect at e is ``Σ_g s_ge δ_ge`` with s the cohort's share of the
    observations at e. The error treats shares as known. Variance: cluster-robust, times
    ``(n − 1)/(n − k) · G/(G − 1)``, where k counts interactions and periods but not unit effects, which are nested in
    clusters. Assumes parallel trends and no anticipation.

    References
    ----------
    Sun, L. and Abraham, S. (2021). Estimating dynamic treatment effects in event studies with heterogeneous treatment
    effects. Journal of Econometrics 225(2), 175–199. https://doi.org/10.1016/j.jeconom.2020.09.006

    Examples
    --------
    >>> outcome = np.array([[1.0, 2.0, 5.0], [2.0, 3.5, 6.0], [1.0, 2.0, 3.0], [3.0, 4.5, 5.0], [2.0, 3.0, 4.5]])
    >>> round(sun_abraham(Panel(outcome, np.array([2, 2, -1, -1, -1]))).overall.estimate, 3)
    1.75
    """
    if panel.covariates is not None:
        raise NotEstimable(
            Said("panels.unit_effects_absorb_baseline_covariates"), Said("panels.no_covariates_another_estimator")
        )
    sample = _sample(panel)
    cells = _cells(panel, sample)
    events = cells[:, 1] - cells[:, 0]
    # Step 1, the interacted regression: δ_ge. Step 2, the cohorts' shares among the observations at e
    coefficients, influence = _regression(panel, sample, cells)
    counts = np.array([sample.weights[panel.cohort == g, t].sum() for g, t in cells])
    regression = _Regression(panel, sample, coefficients, influence, counts)
    # Step 3, the interaction-weighted averages over cohorts
    terms = tuple((int(event), _average(regression, events == event)) for event in np.unique(events))
    overall = _average(regression, events >= 0)
    leads = [estimate for event, estimate in terms if event < 0]
    pretrend = _pretrend(regression, leads)
    n_units = int(sample.used.sum())
    n_always = int(np.sum(panel.cohort == 0))
    n_alone = int(np.sum(sample.alone))
    periods, window = panel.outcome.shape[1], sample.weights.shape[1]
    lost = periods - window
    n_obs = sample.n_obs
    return Interacted(overall, terms, pretrend, n_units, n_obs, n_always, n_alone, lost, sample.left_out)


@dataclass(frozen=True)
class _Sample:
    """Units used (n,), their weight in each period of the window (n, periods; zero where not observed), cohorts."""

    used: Bools
    weights: Floats
    cohorts: Ints
    clustering: Clustering
    alone: Bools
    left_out: tuple[Said, ...]

    @property
    def n_obs(self) -> int:
        return int(np.sum(self.weights > 0))

    @property
    def periods(self) -> Ints:
        """Positions of the periods of the window in which somebody is observed."""
        return np.flatnonzero((self.weights > 0).any(axis=0))


@dataclass(frozen=True)
class _Regression:
    """The interactions: coefficients (k,), influence (n, k) and weight (k,) of the observations behind each."""

    panel: Panel
    sample: _Sample
    coefficients: Floats
    influence: Floats
    counts: Floats

    @property
    def df(self) -> int:
        return self.sample.clustering.count - 1

    @property
    def factor(self) -> float:
        n, count = self.sample.n_obs, self.sample.clustering.count
        k = len(self.coefficients) + len(self.sample.periods)
        of_terms = (n - 1) / (n - k)
        return float(of_terms * count / self.df)


def _sample(panel: Panel) -> _Sample:
    """Choose the observations that can be compared, and say which cohorts and cells that leaves out."""
    late = panel.cohort != 0
    present = ~np.isnan(panel.outcome) & late[:, None]
    told_apart = informative(present)[0]
    wide, gone = wide_cohorts(panel, told_apart)
    cohorts, n_periods = comparison_window(panel, wide, never_only=False)
    in_window = present[:, :n_periods] & wide[:, None]
    observed, thin = _comparable(panel, in_window, cohorts)
    used = np.asarray(observed.any(axis=1))
    clustering = clustering_of(panel, used)
    comparison = used & ~np.isin(panel.cohort, cohorts)
    if n_spread(comparison, clustering) < 2:
        raise NotEstimable(
            Said("panels.comparison_lies_one_unit_cluster"), Said("panels.more_units_never_treated_treated_last")
        )
    remaining = np.intersect1d(cohorts, panel.cohort[used])
    seen_treated = [observed[panel.cohort == cohort, cohort:].any() for cohort in remaining]
    if not any(seen_treated):
        reason = next(iter((*thin, *gone)), Said("panels.nobody_becomes_treated"))
        raise NotEstimable(reason, Said("panels.two_units_each_period"))
    weights = np.where(observed, panel.unit_weights[:, None], 0.0)
    alone = late & ~told_apart
    return _Sample(used, weights, remaining, clustering, alone, (*gone, *thin))


def _comparable(panel: Panel, observed: Bools, cohorts: Ints) -> tuple[Bools, tuple[Said, ...]]:
    """Leave out, until nothing changes, what effects and interactions fit perfectly, or by one cluster alone.

    Returns the observations that stay, shape (n, periods), and sentences on what else than single rows went.
    """
    in_use = np.asarray(observed.any(axis=1))
    clustering, gone = clustering_of(panel, in_use), dict[Said, None]()
    compared = ~np.isin(panel.cohort, cohorts)
    while True:
        units, periods = informative(observed)
        compared_cells = observed & units[:, None] & periods
        for period in np.flatnonzero(compared_cells.any(axis=0)):
            comparison = compared_cells[:, period] & compared
            if n_spread(comparison, clustering) < 2:
                compared_cells[:, period] = False
                name = panel.name(int(period))
                gone[Said("panels.comparison_thin", period=name)] = None
        for cohort in cohorts:
            members = panel.cohort == cohort
            for period in np.flatnonzero(compared_cells[members].any(axis=0)):
                at_cell = members & compared_cells[:, period]
                if n_spread(at_cell, clustering) < 2:
                    compared_cells[members, period] = False
                    gone[_thin_cell(panel, int(cohort), int(period))] = None
            reference = compared_cells[members, cohort - 1]
            if compared_cells[members].any() and not reference.any():
                compared_cells[members] = False
                name = panel.name(int(cohort))
                gone[Said("panels.cohort_not_compared_before", cohort=name)] = None
        if np.array_equal(compared_cells, observed):
            return compared_cells, tuple(gone)
        observed = compared_cells


def _thin_cell(panel: Panel, cohort: int, period: int) -> Said:
    return Said("panels.cohort_thin", cohort=panel.name(cohort), period=panel.name(period))


def _cells(panel: Panel, sample: _Sample) -> Ints:
    """Return (cohort, period) of each interaction, shape (k, 2): where the cohort is observed, less the reference."""
    cells = []
    for cohort in sample.cohorts:
        members = sample.weights[panel.cohort == cohort]
        for period in sample.periods:
            observed = (members[:, period] > 0).any()
            if period != cohort - 1 and observed:
                cells.append((int(cohort), int(period)))
    return np.array(cells, dtype=np.int64)


def _regression(panel: Panel, sample: _Sample, cells: Ints) -> tuple[Floats, Floats]:
    """Return the coefficients of the interactions (k,) and the influence of units on them (n, k)."""
    observed = sample.weights > 0
    n_periods = observed.shape[1]
    n_cells = len(cells)
    outcome = _within(panel.outcome[:, :n_periods], observed)
    patterns = _patterns(panel, sample, cells)
    size = n_cells + len(sample.periods) - 1
    gram = np.zeros((size, size))
    moments = np.zeros(size)
    for rows, matrix in patterns:
        weights = panel.unit_weights[rows]
        total = weights.sum()
        gram += total * matrix.T @ matrix
        sums = weights @ outcome[rows]
        moments += matrix.T @ sums
    inverse = _inverse(gram)
    coefficients = inverse @ moments
    scores = np.zeros((len(outcome), size))
    for rows, matrix in patterns:
        residuals = outcome[rows] - matrix @ coefficients
        weighted = panel.unit_weights[rows, None] * residuals
        scores[rows] = weighted @ matrix
    influence = scores @ inverse
    return coefficients[:n_cells], influence[:, :n_cells]


def _within(outcome: Floats, observed: Bools) -> Floats:
    """Return outcomes less their unit's mean; zero where not observed."""
    filled = np.where(observed, outcome, 0.0)
    present = observed.sum(axis=1)
    counts = np.maximum(present, 1)
    means = filled.sum(axis=1) / counts
    deviations = filled - means[:, None]
    return np.where(observed, deviations, 0.0)


def _patterns(panel: Panel, sample: _Sample, cells: Ints) -> list[tuple[Ints, Floats]]:
    """Return, for units alike in cohort and observed periods, their rows and their design less its period mean."""
    n_periods = sample.weights.shape[1]
    rows = np.flatnonzero(sample.used)
    cohorts, present = panel.cohort[rows], sample.weights[rows] > 0
    keys = np.column_stack([cohorts, present])
    kinds, codes = np.unique(keys, axis=0, return_inverse=True)
    dummies = np.eye(n_periods)[:, sample.periods[1:]]
    in_period = cells[:, 1] == np.arange(n_periods)[:, None]
    patterns = []
    for number, kind in enumerate(kinds):
        observed = kind[1:] > 0
        of_cohort = cells[:, 0] == kind[0]
        interactions = of_cohort & in_period
        matrix = np.hstack([interactions, dummies])
        mean = matrix[observed].mean(axis=0)
        within = np.where(observed[:, None], matrix - mean, 0.0)
        members = rows[codes == number]
        patterns.append((members, within))
    return patterns


def _inverse(gram: Floats) -> Floats:
    """Return the inverse of the cross products, refusing one that has none whatever the units of its columns."""
    squares = np.diag(gram)
    scale = np.sqrt(squares)
    units = np.outer(scale, scale)
    if np.any(scale <= 0) or np.linalg.eigvalsh(gram / units)[0] < SINGULAR:
        raise NotEstimable(
            Said("panels.gaps_make_interactions_collinear"),
            Said("panels.units_observed_both_before_treatment_after"),
        )
    inverse = np.linalg.inv(gram / units)
    return floats(inverse / units)


def _average(regression: _Regression, chosen: Bools) -> Estimate:
    """Average interactions by the observations behind each."""
    counts, sample = regression.counts, regression.sample
    total = counts[chosen].sum()
    share = np.where(chosen, counts, 0.0) / total
    value = float(share @ regression.coefficients)
    influence = regression.influence @ share
    clustering, n, outcome = sample.clustering, sample.n_obs, regression.panel.outcome
    factor = regression.factor
    return from_influence(value, influence, clustering, rule=RULE, n_obs=n, outcome=outcome, factor=factor)


def _pretrend(regression: _Regression, leads: list[Estimate]) -> JointTest | NotEstimable:
    """Test that the effects before treatment are all zero; a refusal, with its reason, if there is none."""
    influences = [estimate.influence for estimate in leads if estimate.influence is not None]
    values = np.array([estimate.estimate for estimate in leads])
    if not influences:
        return NotEstimable(
            Said("panels.no_period_before_treatment_test"), Said("panels.more_periods_before_treatment")
        )
    codes = regression.sample.clustering.codes
    try:
        return joint_test(values, np.column_stack(influences), codes, df=regression.df, factor=regression.factor)
    except NotEstimable as refusal:
        return refusal
