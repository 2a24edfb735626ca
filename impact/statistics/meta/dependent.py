"""Effects that depend on one another, such as several of one study: working models and errors that hold without them.

A working model says how effects within a cluster are correlated; its weights make the estimate. The errors of
:func:`cluster_robust` hold if the model is wrong. Models by likelihood come from
:mod:`impact.statistics.meta.three_level`, by moments from :mod:`impact.statistics.meta.robust_weights`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Group, Ints, cluster_sums, floats, wald
from impact.statistics.linear.least_squares import check_lengths, fit
from impact.statistics.linear.sandwich import label_codes
from impact.statistics.meta.between import Method, heterogeneity, studies
from impact.statistics.meta.regression import CONSTANT
from impact.words.said import Said, Text

Rule = Literal["CR0", "CR1", "CR1p", "CR2"]
RULES: tuple[Rule, ...] = get_args(Rule)
Freedom = Literal["satterthwaite", "m-p"]
FREEDOMS: tuple[Freedom, ...] = get_args(Freedom)
SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class Sample:
    """Effects in clusters, checked.

    Parameters
    ----------
    y, variance
        Shape (k,): estimates and their squared errors.
    matrix, names
        Shape (k, p): the constant and the moderators, and what they are called.
    codes, count
        Numbers of clusters 0 … m − 1, one for each effect, and m.
    """

    y: Floats
    variance: Floats
    matrix: Floats
    names: tuple[Text, ...]
    codes: Ints
    count: int


@dataclass(frozen=True, eq=False)
class Working:
    """Effects with a working covariance: ``diag(d) + σ² J`` within each cluster, nothing between clusters.

    Parameters
    ----------
    name
        Of the model, in words.
    sample
        The effects.
    diagonal, shared
        Shape (k,): d; and σ², what effects of one cluster have in common.
    params, bread
        Shapes (p,) and (p, p): coefficients ``(X'WX)⁻¹X'Wy`` and ``(X'WX)⁻¹``, W the inverse of the covariance.
    """

    name: Said
    sample: Sample
    diagonal: Floats
    shared: float
    params: Floats
    bread: Floats

    @property
    def residuals(self) -> Floats:
        """Return ``y − Xb``."""
        return floats(self.sample.y - self.sample.matrix @ self.params)


def clustered(
    estimates: Floats,
    std_errors: Floats,
    clusters: NDArray[np.generic],
    moderators: Floats | None = None,
    names: Sequence[Text] = (),
) -> Sample:
    """Return effects in clusters, checked.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.
    clusters
        Shape (k,): what effects that depend on one another have in common, such as the study.
    moderators, names
        Shape (k, m), without the constant, and what they are called; None for a mean.

    Raises
    ------
    NotEstimable
        With no more clusters than coefficients, collinear moderators, a missing value or label, or an error not above
        zero.

    Examples
    --------
    >>> clustered(np.array([0.2, 0.4, 0.3]), np.full(3, 0.1), np.array(["a", "a", "b"])).codes.tolist()
    [0, 0, 1]
    """
    check_lengths(np.size(estimates), moderators=moderators)
    constant = np.ones((np.size(estimates), 1))
    matrix = constant if moderators is None else np.column_stack([constant, moderators])
    checked = studies(estimates, std_errors, matrix)
    terms = (CONSTANT, *names)
    fit(checked.y, matrix, terms)
    codes, count = label_codes(clusters, checked.k)
    if count <= len(terms):
        raise NotEstimable(
            Said("meta.too_few_clusters", m=count, fewest=len(terms) + 1), Said("meta.more_clusters_fewer_moderators")
        )
    return Sample(checked.y, checked.variance, matrix, terms, codes, count)


def working_model(name: Said, sample: Sample, diagonal: Floats, shared: float) -> Working:
    """Return the generalised least squares fit of a working covariance.

    Examples
    --------
    >>> sample = clustered(np.array([0.2, 0.4, 0.3]), np.full(3, 0.1), np.array([1, 1, 2]))
    >>> model = working_model(Said("rule.named", name="mine"), sample, np.full(3, 0.01), 0.02)
    >>> model.params.round(3).tolist()
    [0.3]
    """
    weighted = whitened(sample.matrix, diagonal, shared, (sample.codes, sample.count))
    bread = np.linalg.inv(sample.matrix.T @ weighted)
    params = bread @ (weighted.T @ sample.y)
    return Working(name, sample, diagonal, shared, floats(params), floats(bread))


def whitened(columns: Floats, diagonal: Floats, shared: float, group: Group) -> Floats:
    """Return ``(diag(d) + σ² J)⁻¹`` times columns, shape (k,) or (k, p), without forming the matrix.

    Examples
    --------
    >>> whitened(np.array([1.0, 1.0]), np.array([1.0, 1.0]), 0.5, (np.array([0, 0]), 1)).tolist()
    [0.5, 0.5]
    """
    # Sherman and Morrison: D⁻¹x − D⁻¹1 · σ² (1'D⁻¹x)/(1 + σ² 1'D⁻¹1)
    precision = 1 / diagonal
    by = precision if columns.ndim == 1 else precision[:, None]
    scaled = by * columns
    totals = cluster_sums(scaled, *group)
    growth = 1 + shared * cluster_sums(precision, *group)
    lost = shared * totals / (growth if columns.ndim == 1 else growth[:, None])
    return floats(scaled - by * lost[group[0]])


def independent(sample: Sample, *, method: Method = "REML") -> Working:
    """Return the working model of an ordinary meta-analysis: ``s² + τ²``, as if no effects depended on one another.

    Examples
    --------
    >>> sample = clustered(np.array([0.2, 0.4, 0.6]), np.full(3, 0.1), np.array([1, 1, 2]))
    >>> independent(sample, method="DL").diagonal.round(3).tolist()
    [0.04, 0.04, 0.04]
    """
    errors = np.sqrt(sample.variance)
    spread = heterogeneity(studies(sample.y, errors, sample.matrix), method)
    name = Said("meta.independent", method=Said("rule.named", name=method))
    return working_model(name, sample, sample.variance + spread.tau2, 0.0)


def cluster_robust(model: Working, *, rule: Rule = "CR2", freedom: Freedom = "satterthwaite") -> tuple[Estimate, ...]:
    """Return the coefficients of a working model with errors that hold whatever the dependence within clusters.

    Parameters
    ----------
    model
        Of :func:`independent`, :func:`~impact.statistics.meta.three_level.three_level`, or
        :func:`~impact.statistics.meta.robust_weights.robust_weights`.
    rule
        ``CR0`` as it is; ``CR1`` times ``m/(m − 1)``; ``CR1p`` times ``m/(m − p)``, as R's metafor; ``CR2``, which
        has no bias under the working model.
    freedom
        ``satterthwaite`` from the working model, or clusters less coefficients.

    Notes
    -----
    ``M (Σ X_g'W_g A_g e_g e_g' A_g' W_g X_g) M`` with ``M = (X'WX)⁻¹``; CR2 has ``A_g = D'B^(−½)D`` with ``Φ_g = D'D``
    and ``B = D(Φ_g − X_g M X_g')D'`` (Pustejovsky & Tipton 2018, https://doi.org/10.1080/07350015.2016.1247004).
    Degrees of freedom ``(tr P)²/‖P‖²`` for the covariance P of the adjusted scores. Below about four the data cannot
    tell the error (Tipton 2015, https://doi.org/10.1037/met0000011).

    Raises
    ------
    NotEstimable
        If there is no rule of that name, or a coefficient has no error or no degrees of freedom.

    Examples
    --------
    >>> y, clusters = np.array([0.2, 0.4, 0.6, 0.1]), np.array([1, 1, 2, 3])
    >>> found = cluster_robust(independent(clustered(y, np.full(4, 0.1), clusters)))
    >>> round(found[0].estimate, 3), str(found[0].reference)
    (0.325, 'CR2, independent effects, REML, t(1.8)')
    """
    for asked, offered in ((rule, RULES), (freedom, FREEDOMS)):
        if asked not in offered:
            raise NotEstimable(Said("meta.no_rule_called", rule=asked), Said("meta.one_of", names=offered))
    sample = model.sample
    m, p = sample.count, len(model.params)
    blocks = [_Block.of(model, np.flatnonzero(sample.codes == g), rule) for g in range(m)]
    scores = np.array([block.score for block in blocks])
    factor = {"CR1": m / (m - 1), "CR1p": m / (m - p)}.get(rule, 1.0)
    covariance = factor * (scores.T @ scores)
    named = Said("rule.with_p_of", rule=Said("rule.named", name=rule), test=model.name)
    found = []
    for place, value in enumerate(model.params):
        df = float(m - p) if freedom == "m-p" else _satterthwaite(blocks, model.bread, place)
        error = math.sqrt(covariance[place, place])
        found.append(wald(value, error, rule=named, n_obs=len(sample.y), df=df, n_clusters=m))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Block:
    """What a cluster adds: its score, shape (p,), and of each coefficient ``u'Φu`` and ``X'u``, shapes (p,), (p, p)."""

    score: Floats
    own: Floats
    crossed: Floats

    @staticmethod
    def of(model: Working, rows: NDArray[np.intp], rule: Rule) -> _Block:
        x, residuals = model.sample.matrix[rows], model.residuals[rows]
        covariance = np.diag(model.diagonal[rows]) + model.shared
        # u = A' W X M: what a unit of residual adds to each coefficient, shape (n, p)
        u = np.linalg.solve(covariance, x) @ model.bread
        if rule == "CR2":
            u = _adjustment(covariance, x, model.bread) @ u
        own = np.einsum("np,nm,mp->p", u, covariance, u)
        return _Block(floats(u.T @ residuals), floats(own), floats(x.T @ u))


def _adjustment(covariance: Floats, x: Floats, bread: Floats) -> Floats:
    """Return ``A = D'B^(−½)D``, which is symmetric."""
    d = np.linalg.cholesky(covariance).T
    block = d @ (covariance - x @ bread @ x.T) @ d.T
    values, vectors = np.linalg.eigh(block)
    # The pseudo-inverse, where the cluster alone supports a coefficient
    kept = values > SINGULAR * values.max()
    root = np.where(kept, np.where(kept, values, 1.0) ** -0.5, 0.0)
    return floats(d.T @ ((vectors * root) @ vectors.T) @ d)


def _satterthwaite(blocks: Sequence[_Block], bread: Floats, place: int) -> float:
    """Return ``(tr P)²/‖P‖²`` with ``P = diag(u_g'Φ_gu_g) − (X_g'u_g)' M (X_h'u_h)``."""
    own = np.array([block.own[place] for block in blocks])
    crossed = np.array([block.crossed[:, place] for block in blocks])
    p = np.diag(own) - crossed @ bread @ crossed.T
    norm = float(np.sum(p**2))
    return float(np.trace(p)) ** 2 / norm if norm > 0 else 0.0
