"""Averages of cohort-by-period effects, and errors that hold for many effects at once.

It takes what :func:`impact.statistics.panels.staggered.group_time_effects` gives. The multiplier bootstrap and the
joint test serve every estimator that returns the influence of units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import (
    CONFIDENCE,
    Estimate,
    Floats,
    Ints,
    JointTest,
    cluster_codes,
    cluster_sums,
    floats,
    influence_error,
    joint,
    wald,
)
from impact.statistics.panels.staggered import RULE, GroupTime
from impact.words.said import Said

Kind = Literal["simple", "group", "dynamic", "calendar"]
Multiplier = Literal["rademacher", "mammen"]
BATCH = 2**22
SINGULAR = 1e-12
FEWEST_DRAWS = 100
FEWEST_CLUSTERS = 6


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


@dataclass(frozen=True)
class Bands:
    """Bootstrap errors and the critical value of a band that covers all effects at once.

    Parameters
    ----------
    std_errors
        Shape (k,), in the unit of the outcome.
    critical_value
        Of the uniform 95 % band: estimate ± critical value × error holds for all k effects together.
    pointwise
        The normal critical value, for one effect at a time.
    draws
        Vectors of random weights that were drawn.
    """

    std_errors: Floats
    critical_value: float
    pointwise: float
    draws: int

    def uniform(self, estimates: Floats) -> tuple[Floats, Floats]:
        """Return the lower and upper ends, shape (k,), of the uniform band around the estimates."""
        half = self.critical_value * self.std_errors
        return estimates - half, estimates + half


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
    """
    if kind not in get_args(Kind):
        raise ValueError(f"{kind!r} is none of {get_args(Kind)}")
    treated = group_time.periods >= group_time.cohorts
    if kind == "simple":
        overall = _by_share(group_time, _cells(group_time, treated))
        return Aggregate(_estimate(group_time, overall), (), _NO_PRETREND)
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
    pretrend = _pretrend(group_time, terms) if kind == "dynamic" else _NO_PRETREND
    mean = _overall(group_time, kind, terms)
    return Aggregate(_estimate(group_time, mean), estimates, pretrend)


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
    """
    if not len(values):
        raise NotEstimable(Said("panels.no_period_before_treatment_test"), Said("panels.more_periods_before_treatment"))
    sums = influence if clusters is None else _sums(influence, clusters)
    squares = (sums**2).sum(axis=0)
    lengths = np.sqrt(squares)
    if np.any(lengths <= 0) or np.linalg.matrix_rank(sums / lengths, tol=SINGULAR**0.5) < len(values):
        raise NotEstimable(
            Said("panels.effects_test_have_singular_covariance"), Said("panels.more_units_clusters_effects")
        )
    # In standard errors, so that the covariance is a correlation
    directions = sums / lengths
    correlation = directions.T @ directions
    scaled = values / lengths
    solved = np.linalg.solve(correlation, scaled)
    form = float(scaled @ solved)
    statistic = form / factor
    if math.isinf(df):
        return joint(statistic, len(values), df, rule=Said("rule.influence_function"))
    statistic /= len(values)
    return joint(statistic, len(values), df, rule=Said("rule.influence_function"))


def multiplier_bootstrap(
    influence: Floats,
    draws: int,
    rng: np.random.Generator,
    clusters: Ints | None = None,
    *,
    multiplier: Multiplier = "rademacher",
) -> Bands:
    """Bootstrap the errors of several effects together, by multiplying influences with random weights.

    Parameters
    ----------
    influence
        Shape (n, k), scaled so that ``estimate − truth ≈ Σ influence``.
    draws
        At least 100; 1,000 or more for a critical value that is stable to two digits.
    rng
        Source of the random weights.
    clusters
        Shape (n,): cluster codes, or None; a cluster then gets one weight.
    multiplier
        ``rademacher`` ±1, or ``mammen`` two points with third moment one.

    Returns
    -------
    Bands
        Errors are interquartile ranges of the draws over that of the standard normal; the critical value is the 95 %
        quantile of the largest absolute t value.

    Raises
    ------
    NotEstimable
        If an effect rests on fewer than six units or clusters: with signs alone there are then fewer than 20 different
        draws, too few for a 95 % quantile.

    References
    ----------
    Callaway, B. and Sant'Anna, P. (2021). Difference-in-differences with multiple time periods. Journal of Econometrics
    225(2), 200–230, algorithm 1. https://doi.org/10.1016/j.jeconom.2020.12.001

    Mammen, E. (1993). Bootstrap and wild bootstrap for high dimensional linear models. Annals of Statistics 21(1),
    255–285. https://doi.org/10.1214/aos/1176349025
    """
    if draws < FEWEST_DRAWS:
        raise ValueError(f"draws must be at least {FEWEST_DRAWS}")
    sums = influence if clusters is None else _sums(influence, clusters)
    if np.any(np.count_nonzero(sums, axis=0) < FEWEST_CLUSTERS):
        raise NotEstimable(Said("panels.too_few_units_to_draw_from"), Said("panels.least_six_each_effect"))
    moving = np.any(sums != 0, axis=1)
    drawn = _draws(sums[moving], draws, rng, multiplier)
    # The error from the interquartile range, as extreme draws say little
    low, high = np.quantile(drawn, [0.25, 0.75], axis=0)
    normal_range = stats.norm.ppf(0.75) - stats.norm.ppf(0.25)
    errors = (high - low) / normal_range
    # max |t*| over the effects: its quantile holds for all of them together
    max_t = np.abs(drawn / errors).max(axis=1)
    critical = float(np.quantile(max_t, CONFIDENCE, method="inverted_cdf"))
    pointwise = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))
    return Bands(errors, critical, pointwise, draws)


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
    if kind == "group":
        return group_time.cohorts
    return group_time.periods if kind == "calendar" else group_time.periods - group_time.cohorts


def _cells(group_time: GroupTime, mask: NDArray[np.bool_]) -> _Effects:
    """Return the cells chosen by a mask."""
    influence = group_time.influence[:, mask]
    return _Effects(group_time.effects[mask], influence, group_time.cohorts[mask])


def _stacked(terms: dict[int, _Term]) -> _Effects:
    """Return averages as effects of the cohorts or times that label them."""
    values, influences = zip(*terms.values(), strict=True)
    labels = np.array(list(terms), dtype=np.int64)
    return _Effects(np.array(values), np.column_stack(influences), labels)


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
    of_effects = effects.influence @ shares
    of_shares = members @ (effects.values - value)
    return value, (of_effects + of_shares) / total


def _estimate(group_time: GroupTime, term: _Term) -> Estimate:
    """Return an average with its error over units or clusters."""
    value, influence = term
    clustering = group_time.clustering
    count = clustering.count
    error = influence_error(influence, clustering.codes, count)
    n_obs = group_time.n_units
    return wald(value, error, rule=RULE, n_obs=n_obs, df=count - 1.0, n_clusters=count, influence=influence)


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


def _sums(influence: Floats, clusters: Ints) -> Floats:
    codes, count = cluster_codes(clusters)
    return cluster_sums(influence, codes, count)


def _draws(sums: Floats, draws: int, rng: np.random.Generator, multiplier: Multiplier) -> Floats:
    """Return weighted sums, shape (draws, k), in batches of bounded size."""
    n = len(sums)
    batch = max(1, BATCH // max(1, n))
    drawn = []
    for start in range(0, draws, batch):
        size = min(batch, draws - start)
        multipliers = _multipliers(rng, (size, n), multiplier)
        drawn.append(multipliers @ sums)
    return np.vstack(drawn)


def _multipliers(rng: np.random.Generator, shape: tuple[int, int], multiplier: Multiplier) -> Floats:
    """Return random weights of mean zero and variance one: signs, or Mammen's two points."""
    if multiplier == "rademacher":
        coins = rng.integers(0, 2, shape, dtype=np.int8)
        return 2.0 * coins.astype(np.float64) - 1.0
    golden = (1 + math.sqrt(5)) / 2
    low = rng.random(shape) < golden / math.sqrt(5)
    return floats(np.where(low, 1 - golden, golden))
