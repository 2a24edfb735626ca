"""Averages of cohort-by-period effects, and the test that several effects are all zero.

It takes what :func:`impact.statistics.panels.staggered.group_time_effects` gives. The joint test serves every estimator
that returns the influence of units, as the bootstrap of :mod:`impact.statistics.panels.bands` does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import (
    Estimate,
    Floats,
    Ints,
    JointTest,
    influence_error,
    joint,
    wald,
)
from impact.statistics.panels.bands import summed
from impact.statistics.panels.staggered import RULE, GroupTime
from impact.words.said import Said

Kind = Literal["simple", "group", "dynamic", "calendar"]
SINGULAR = 1e-12


@dataclass(frozen=True)
class Aggregate:
    """Averages of effects.

    Parameters
    ----------
    overall
        The average of all, in the unit of the outcome.
    terms
        (label, estimate): the label is a cohort's or calendar period's position, or the periods since treatment.
    pretrend
        Joint test of the effects before treatment (and anticipation); a refusal, with its reason, if there is none.
    """

    overall: Estimate
    terms: tuple[tuple[int, Estimate], ...]
    pretrend: JointTest | NotEstimable


def aggregate(group_time: GroupTime, kind: Kind) -> Aggregate:
    """Average cohort-by-period effects.

    Parameters
    ----------
    group_time
        Effects with the influence of each unit.
    kind
        ``simple``: all periods from treatment on, weighted by cohort size, no terms. ``group``: by cohort.
        ``dynamic``: by periods since treatment; the overall averages those from treatment on. ``calendar``: by period.

    Returns
    -------
    Aggregate
        Only ``dynamic`` has a test of effects before treatment.

    Raises
    ------
    NotEstimable
        If an average has no error.

    Notes
    -----
    Cohort shares are estimated: with ``θ = Σ p_k θ_k / Σ p_k`` the influence of a unit is
    ``Σ p_k ψ_k / Σ p_k + Σ (θ_k − θ) (1[G = g_k] − p_k) / (n Σ p_k)``. Shares weigh cohorts within a period since
    treatment, within a calendar period and across cohorts; periods are averaged equally.

    References
    ----------
    Callaway, B. and Sant'Anna, P. (2021). Difference-in-differences with multiple time periods. Journal of Econometrics
    225(2), 200–230, section 3 and corollary 2. https://doi.org/10.1016/j.jeconom.2020.12.001

    Examples
    --------
    >>> from impact.statistics.panels.adoption import Panel
    >>> from impact.statistics.panels.staggered import group_time_effects
    >>> outcome = np.array([[1.0, 2.0, 5.0], [2.0, 3.5, 6.0], [1.0, 2.0, 3.0], [3.0, 4.5, 5.0], [2.0, 3.0, 4.5]])
    >>> panel = Panel(outcome, np.array([2, 2, -1, -1, -1]))
    >>> cells = group_time_effects(panel, control="never", method="reg")
    >>> round(aggregate(cells, "simple").overall.estimate, 3)
    1.75
    """
    if kind not in get_args(Kind):
        raise ValueError(f"{kind!r} is none of {get_args(Kind)}")
    treated = group_time.periods >= group_time.cohorts
    if kind == "simple":
        cells = _cells(group_time, treated)
        overall = _estimate(group_time, _by_share(group_time, cells))
        return Aggregate(overall, (), _NO_PRETREND)
    labels = _labels(group_time, kind)
    averaged = treated | (kind == "dynamic")
    # Within a cohort its cells count evenly; within a time, by the share of each cohort.
    average = _evenly if kind == "group" else _by_share
    terms = {}
    for label in np.unique(labels[averaged]):
        mask = averaged & (labels == label)
        cells = _cells(group_time, mask)
        terms[int(label)] = average(group_time, cells)
    estimates = tuple((label, _estimate(group_time, term)) for label, term in terms.items())
    pretrend: JointTest | NotEstimable = _NO_PRETREND
    if kind == "dynamic":
        pretrend = _pretrend(group_time, terms)
    mean = _overall(group_time, kind, terms)
    overall = _estimate(group_time, mean)
    return Aggregate(overall, estimates, pretrend)


def _overall(group_time: GroupTime, kind: Kind, terms: dict[int, _Term]) -> _Term:
    """Average cohorts by their shares, times since and of treatment evenly."""
    counted = terms
    if kind == "dynamic":
        counted = {event: term for event, term in terms.items() if event >= 0}
    effects = _stacked(counted)
    if kind == "group":
        return _by_share(group_time, effects)
    return _evenly(group_time, effects)


def joint_test(
    values: Floats, influence: Floats, clusters: Ints | None = None, *, df: float = math.inf, factor: float = 1.0
) -> JointTest:
    """Test that all values are zero.

    Parameters
    ----------
    values
        Shape (k,): the effects that are zero under the null.
    influence
        Shape (n, k), scaled so that ``values − truth ≈ Σ influence``.
    clusters
        Shape (n,): cluster codes, or None.
    df
        Of the denominator, for an F test; ``inf`` for chi-squared.
    factor
        Small-sample factor of the variance.

    Raises
    ------
    NotEstimable
        If there are no values, or their covariance is singular: more values than independent units, or one that
        follows from others.

    Notes
    -----
    ``W = v' V⁻¹ v`` with ``V = factor · Σ ψψ'`` over units or sums within clusters.

    References
    ----------
    Wooldridge, J. (2010). Econometric Analysis of Cross Section and Panel Data, section 4.2.3. MIT Press.
    https://mitpress.mit.edu/9780262232586/

    Examples
    --------
    >>> influence = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> round(joint_test(np.array([2.0, 2.0]), influence).statistic, 6)
    4.0
    """
    k = len(values)
    if k == 0:
        raise NotEstimable(Said("panels.no_period_before_treatment_test"), Said("panels.more_periods_before_treatment"))
    sums = summed(influence, clusters)
    squares = (sums**2).sum(axis=0)
    lengths = np.sqrt(squares)
    without = lengths <= 0
    if without.any() or np.linalg.matrix_rank(sums / lengths, tol=SINGULAR**0.5) < k:
        raise NotEstimable(
            Said("panels.effects_test_have_singular_covariance"), Said("panels.more_units_clusters_effects")
        )
    # In standard errors, so that the covariance is a correlation
    directions = sums / lengths
    correlation = directions.T @ directions
    scaled = values / lengths
    solved = np.linalg.solve(correlation, scaled)
    # W = v'V⁻¹v on χ²(k), or W/k on F(k, df)
    form = float(scaled @ solved)
    statistic = form / factor
    if not math.isinf(df):
        statistic /= k
    return joint(statistic, k, df, rule=Said("rule.influence_function"))


_NO_PRETREND = NotEstimable(
    Said("panels.average_has_no_periods_before_treatment"), Said("panels.effects_periods_since_treatment")
)
_Term = tuple[float, Floats]


@dataclass(frozen=True)
class _Effects:
    """Effects to average: values (k,), influence (n, k), and the cohort of each (k,)."""

    values: Floats
    influence: Floats
    cohorts: Ints


def _labels(group_time: GroupTime, kind: Kind) -> Ints:
    """Return what each cell is averaged by: its cohort, its period, or the periods since treatment."""
    cohorts, periods = group_time.cohorts, group_time.periods
    if kind == "group":
        return cohorts
    if kind == "calendar":
        return periods
    return periods - cohorts


def _cells(group_time: GroupTime, mask: NDArray[np.bool_]) -> _Effects:
    """Return the cells chosen by a mask."""
    effects, cohorts = group_time.effects, group_time.cohorts
    influence = group_time.influence[:, mask]
    return _Effects(effects[mask], influence, cohorts[mask])


def _stacked(terms: dict[int, _Term]) -> _Effects:
    """Return averages as effects of the cohorts or times that label them."""
    pairs = terms.values()
    values = np.array([value for value, _ in pairs])
    influence = np.column_stack([column for _, column in pairs])
    labels = np.array(list(terms), dtype=np.int64)
    return _Effects(values, influence, labels)


def _evenly(_: GroupTime, effects: _Effects) -> _Term:
    """Average evenly."""
    influence = effects.influence.mean(axis=1)
    return float(effects.values.mean()), influence


def _by_share(group_time: GroupTime, effects: _Effects) -> _Term:
    """Average by cohort shares, with the influence of their estimation."""
    weights = group_time.unit_weights
    of_cohort = group_time.unit_cohorts[:, None] == effects.cohorts
    members = weights[:, None] * of_cohort
    shares = members.sum(axis=0)
    total = shares.sum()
    value = float(effects.values @ shares / total)
    # Corollary 2: through the effects, and through the shares p_k that weigh them
    of_effects = effects.influence @ shares
    deviations = effects.values - value
    of_shares = members @ deviations
    return value, (of_effects + of_shares) / total


def _estimate(group_time: GroupTime, term: _Term) -> Estimate:
    """Return an average with its error over units or clusters."""
    value, influence = term
    clustering = group_time.clustering
    count = clustering.count
    error = influence_error(influence, clustering.codes, count)
    n_obs = group_time.n_units
    df = count - 1.0
    return wald(value, error, rule=RULE, n_obs=n_obs, df=df, n_clusters=count, influence=influence)


def _pretrend(group_time: GroupTime, terms: dict[int, _Term]) -> JointTest | NotEstimable:
    """Test that the averages before anticipated treatment are all zero."""
    leads = {label: term for label, term in terms.items() if label < -group_time.anticipation}
    if not leads:
        return NotEstimable(
            Said("panels.no_period_before_treatment_test"), Said("panels.more_periods_before_treatment")
        )
    effects = _stacked(leads)
    try:
        return joint_test(effects.values, effects.influence, group_time.clustering.codes)
    except NotEstimable as refusal:
        return refusal
