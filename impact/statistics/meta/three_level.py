"""Effects in clusters with spread at two levels, between clusters and within them, by restricted likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, cluster_sums, floats, wald
from impact.statistics.meta.between import studies
from impact.statistics.meta.dependent import Sample, Working, whitened, working_model
from impact.words.said import Said

SHARES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
"""Of the clusters in all spread, where the search begins."""


@dataclass(frozen=True, eq=False)
class ThreeLevel:
    """A three-level meta-analysis: sampling, effects within clusters, clusters.

    Parameters
    ----------
    coefficients
        The constant, then the moderators; errors of the model, normal.
    sigma2_between, sigma2_within
        Variance of true effects between clusters, and between effects of one cluster.
    i2_between, i2_within
        Their shares in all variance with the typical sampling variance.
    log_likelihood
        Restricted, with its constant and ``½ log|X'X|``.
    q
        Cochran's Q of all effects, around the regression.
    k, n_clusters
        Effects, and clusters.
    working
        The model, for :func:`~impact.statistics.meta.dependent.cluster_robust`.
    """

    coefficients: tuple[Estimate, ...]
    sigma2_between: float
    sigma2_within: float
    i2_between: float
    i2_within: float
    log_likelihood: float
    q: float
    k: int
    n_clusters: int
    working: Working


def three_level(sample: Sample) -> ThreeLevel:
    """Fit a three-level model to effects in clusters.

    Parameters
    ----------
    sample
        Of :func:`~impact.statistics.meta.dependent.clustered`.

    Notes
    -----
    ``y = Xb + u_cluster + v_effect + e`` with variances σ²_between, σ²_within and s². The restricted likelihood is
    climbed from the best point of a grid; a variance stays at zero where the slope there is downwards (Konstantopoulos
    2011, https://doi.org/10.1002/jrsm.35). Sampling errors of one cluster count as independent.

    Raises
    ------
    NotEstimable
        If no cluster has two effects, or a coefficient has no error.

    Examples
    --------
    >>> from impact.statistics.meta.dependent import clustered
    >>> y, clusters = np.array([0.1, 0.2, 0.5, 0.7, 0.9, 0.8]), np.array([1, 1, 2, 2, 3, 3])
    >>> found = three_level(clustered(y, np.full(6, 0.1), clusters))
    >>> round(found.sigma2_between, 3), round(found.sigma2_within, 3)
    (0.121, 0.0)
    """
    if sample.count == len(sample.y):
        raise NotEstimable(Said("meta.no_cluster_with_two"), Said("meta.more_effects_in_clusters"))
    unit = float(np.median(sample.variance)) + float(np.var(sample.y))
    between, within = (unit * share for share in _variances(sample, unit))
    name = Said("rule.named", name="REML")
    model = working_model(Said("meta.three_level"), sample, sample.variance + within, between)
    errors = np.sqrt(np.diag(model.bread))
    rule = Said("rule.with_p_of", rule=model.name, test=name)
    numbers = zip(model.params, errors, strict=True)
    k = len(sample.y)
    coefficients = tuple(wald(value, error, rule=rule, n_obs=k, n_clusters=sample.count) for value, error in numbers)
    fixed = studies(sample.y, np.sqrt(sample.variance), sample.matrix).at(np.zeros(1))
    df = k - len(model.params)
    total = between + within + df / float(fixed.trace[0])
    height = _log_likelihood(model)
    q = float(fixed.q[0])
    shares = between / total, within / total
    return ThreeLevel(coefficients, between, within, *shares, height, q, k, sample.count, model)


def _variances(sample: Sample, unit: float) -> tuple[float, float]:
    """Return both variances of the highest restricted likelihood, in a unit: grid, climb, root of the slopes."""

    def model(shares: Floats) -> Working:
        between, within = unit * shares
        return working_model(Said("meta.three_level"), sample, sample.variance + within, float(between))

    def depth(shares: Floats) -> float:
        return -_log_likelihood(model(shares))

    def downhill(shares: Floats) -> Floats:
        return -unit * _slopes(model(shares))

    totals = (0.0, *np.geomspace(1e-3, 10, 9))
    starts = [np.array([total * share, total * (1 - share)]) for total in totals for share in SHARES]
    start = min(starts, key=depth)
    bounds = [(0.0, None), (0.0, None)]
    climbed = optimize.minimize(
        depth,
        start,
        jac=downhill,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-15, "gtol": 1e-12, "maxiter": 500},
    )
    between, within = _polished(floats(climbed.x), downhill)
    return float(between), float(within)


def _polished(shares: Floats, downhill: Callable[[Floats], Floats]) -> Floats:
    """Return the root of the slopes of the variances that are not at zero, if it is one near by; else what came in."""
    free = shares > 1e-9
    settled = np.where(free, shares, 0.0)

    def slopes(values: Floats) -> Floats:
        candidate = settled.copy()
        candidate[free] = np.abs(values)
        return downhill(candidate)[free]

    if not free.any():
        return settled
    found = optimize.root(slopes, settled[free], method="hybr", options={"xtol": 1e-13})
    near = np.all(np.abs(np.abs(found.x) - settled[free]) < 1e-3 * settled[free].max())
    if near and np.abs(found.fun).max() <= np.abs(slopes(settled[free])).max():
        settled[free] = np.abs(found.x)
    return settled


def _log_likelihood(model: Working) -> float:
    """Return the restricted log-likelihood, ``−½(log|Φ| + log|X'WX| + e'We + (k − p) log 2π − log|X'X|)``."""
    sample, group = model.sample, (model.sample.codes, model.sample.count)
    growth = 1 + model.shared * cluster_sums(1 / model.diagonal, *group)
    log_covariance = np.log(model.diagonal).sum() + np.log(growth).sum()
    _, log_bread = np.linalg.slogdet(model.bread)
    _, log_columns = np.linalg.slogdet(sample.matrix.T @ sample.matrix)
    residuals = model.residuals
    squares = residuals @ whitened(residuals, model.diagonal, model.shared, group)
    constant = (len(sample.y) - len(model.params)) * math.log(2 * math.pi)
    return float(-0.5 * (log_covariance - log_bread + squares + constant - log_columns))


def _slopes(model: Working) -> Floats:
    """Return the slopes of the restricted log-likelihood by both variances: ``½(e'WGWe − tr PG)``, G = J or I."""
    sample, group = model.sample, (model.sample.codes, model.sample.count)
    scores = whitened(model.residuals, model.diagonal, model.shared, group)
    columns = whitened(sample.matrix, model.diagonal, model.shared, group)
    precision = 1 / model.diagonal
    sums = cluster_sums(precision, *group)
    # 1'W_g1 by cluster; and tr W, by Sherman and Morrison
    totals = sums / (1 + model.shared * sums)
    trimmed = cluster_sums(precision**2, *group) * model.shared / (1 + model.shared * sums)
    by_cluster = cluster_sums(columns, *group)
    score_sums = cluster_sums(scores, *group)
    between = score_sums @ score_sums - totals.sum() + np.sum(model.bread * (by_cluster.T @ by_cluster))
    trace = precision.sum() - trimmed.sum()
    within = scores @ scores - trace + np.sum(model.bread * (columns.T @ columns))
    return floats([between / 2, within / 2])
