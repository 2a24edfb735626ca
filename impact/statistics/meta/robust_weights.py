"""Weights for dependent effects by moments, as robust variance estimation has them: correlated, or hierarchical."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import cluster_sums, floats
from impact.statistics.linear.least_squares import fit
from impact.statistics.meta.dependent import Sample, Working, working_model
from impact.words.said import Said

Model = Literal["CORR", "HIER"]


@dataclass(frozen=True, eq=False)
class RobustWeights:
    """A working model whose variances are found by moments.

    Parameters
    ----------
    model, rho
        ``CORR`` or ``HIER``; the correlation of sampling errors that ``CORR`` supposes in a cluster, else None.
    tau2, omega2
        Variance between clusters; within clusters, None with ``CORR``.
    working
        The model, for :func:`~impact.statistics.meta.dependent.cluster_robust`.
    """

    model: Model
    rho: float | None
    tau2: float
    omega2: float | None
    working: Working


def robust_weights(sample: Sample, *, model: Model = "CORR", rho: float = 0.8) -> RobustWeights:
    """Return the weights of robust variance estimation.

    Parameters
    ----------
    sample
        Of :func:`~impact.statistics.meta.dependent.clustered`.
    model
        ``CORR``: several outcomes of the same people. ``HIER``: several studies of one team or place.
    rho
        Correlation of sampling errors within a cluster, 0 to 1; it moves τ² little, and the estimate less.

    Notes
    -----
    Hedges, Tipton & Johnson (2010, https://doi.org/10.1002/jrsm.5). ``CORR``: ``w = 1/(n_g(s̄²_g + τ²))``, alike in a
    cluster, s̄² its mean sampling variance. ``HIER``: ``w = 1/(s² + τ² + ω²)``. τ² and ω² equate quadratic forms of the
    residuals, weighted by sampling variances alone, to what they are expected to be; not below zero.

    Raises
    ------
    NotEstimable
        If there is no model of that name, the correlation is outside 0 to 1, or no cluster has two effects (``HIER``).

    Examples
    --------
    >>> from impact.statistics.meta.dependent import clustered
    >>> y, clusters = np.array([0.1, 0.2, 0.5, 0.7, 0.9, 0.8]), np.array([1, 1, 2, 2, 3, 3])
    >>> found = robust_weights(clustered(y, np.full(6, 0.1), clusters))
    >>> round(found.tau2, 3), found.working.params.round(2).tolist()
    (0.123, [0.53])
    """
    if model not in ("CORR", "HIER"):
        raise NotEstimable(Said("meta.no_model_called", model=model), Said("meta.one_of", names=("CORR", "HIER")))
    if not 0 <= rho <= 1:
        raise NotEstimable(Said("meta.no_correlation", rho=rho), Said("meta.correlation_such_as"))
    if model == "CORR":
        return _correlated(sample, rho)
    if sample.count == len(sample.y):
        raise NotEstimable(Said("meta.no_cluster_with_two"), Said("meta.more_effects_in_clusters"))
    return _hierarchical(sample)


def _correlated(sample: Sample, rho: float) -> RobustWeights:
    """Return the model of correlated effects."""
    codes, group = sample.codes, (sample.codes, sample.count)
    sizes = np.bincount(codes, minlength=sample.count).astype(np.float64)
    means = cluster_sums(sample.variance, *group) / sizes
    weights = (1 / (sizes * means))[codes]
    start = fit(sample.y, sample.matrix, sample.names, weights=weights)
    # E[e'We] = tr WΩ − tr M X'WΩWX with Ω_g = s̄²((1 − ρ)I + ρJ) + τ²J
    weighted = sample.matrix * weights[:, None]
    sums = cluster_sums(weighted, *group)
    root = np.sqrt(means)[:, None]
    alone = weighted * root[codes]
    together = sums * root
    of_columns = (1 - rho) * (alone.T @ alone) + rho * (together.T @ together)
    sampling = sample.count - np.sum(start.bread * of_columns)
    spread = weights.sum() - np.sum(start.bread * (sums.T @ sums))
    q = weights @ start.residuals**2
    tau2 = max(0.0, float((q - sampling) / spread))
    diagonal = (sizes * (means + tau2))[codes]
    working = working_model(Said("meta.correlated", rho=rho), sample, floats(diagonal), 0.0)
    return RobustWeights("CORR", rho, tau2, None, working)


def _hierarchical(sample: Sample) -> RobustWeights:
    """Return the model of effects in a hierarchy: two quadratic forms, ``e'We`` and ``e'Je``, for two variances."""
    weights = 1 / sample.variance
    start = fit(sample.y, sample.matrix, sample.names, weights=weights)
    weighted = sample.matrix * weights[:, None]
    projection = np.eye(len(sample.y)) - sample.matrix @ start.bread @ weighted.T
    same = (sample.codes[:, None] == sample.codes).astype(np.float64)
    forms = [projection.T @ middle @ projection for middle in (np.diag(weights), same)]
    # E[y'Fy] = tr(F diag(s²)) + τ² tr(FJ) + ω² tr F
    left = np.array([[np.sum(form * same), np.trace(form)] for form in forms])
    squares = [start.residuals @ middle @ start.residuals for middle in (np.diag(weights), same)]
    right = np.array([square - np.diag(form) @ sample.variance for square, form in zip(squares, forms, strict=True)])
    omega2 = max(0.0, float(np.linalg.solve(left, right)[1]))
    tau2 = max(0.0, float((right[0] - omega2 * left[0, 1]) / left[0, 0]))
    working = working_model(Said("meta.hierarchical"), sample, sample.variance + tau2 + omega2, 0.0)
    return RobustWeights("HIER", None, tau2, omega2, working)
