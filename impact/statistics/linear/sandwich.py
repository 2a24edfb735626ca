"""Robust and clustered errors of least squares: one coefficient, a combination, several together.

Stands on :mod:`impact.statistics.linear.least_squares`; :mod:`impact.statistics.experiments.randomisation`,
:mod:`impact.statistics.linear.instrument` and :mod:`impact.statistics.linear.wild` stand on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import Estimate, Floats, Ints, JointTest, cluster_codes, cluster_sums, joint, wald
from impact.statistics.linear.least_squares import Fit, influence_of
from impact.words.said import Said, Text

ROBUST = ("HC0", "HC1", "HC2", "HC3")
CLUSTERED = ("CR0", "CR1", "CR2", "CR3")
SINGULAR = 1e-9
ROUNDING = 1e-11

Group = tuple[Ints, int]


def coefficient(fit: Fit, name: Text, *, errors: str, clusters: Sequence[NDArray[Any]] = ()) -> Estimate:
    """Return one coefficient with its standard error; see :func:`contrast`."""
    return contrast(fit, fit.selector([name])[0], errors=errors, clusters=clusters)


def contrast(fit: Fit, vector: Floats, *, errors: str, clusters: Sequence[NDArray[Any]] = ()) -> Estimate:
    """Return a combination ``vector'b`` of coefficients with its standard error.

    Parameters
    ----------
    fit
        From :func:`impact.statistics.linear.least_squares.fit`.
    vector
        Shape (k,).
    errors
        ``classical``, ``HC0``, ``HC1``, ``HC2``, ``HC3`` (independent observations), or ``CR0``, ``CR1``, ``CR2``,
        ``CR3`` (independent clusters).
    clusters
        One array of labels, shape (n,); two for two-way clusters, with ``CR0`` or ``CR1``.

    Returns
    -------
    Estimate
        With the influence of each row and, for two-way clusters, the smaller number of clusters.

    Raises
    ------
    NotEstimable
        With missing labels, fewer than two clusters, an outcome that the columns fit exactly, a two-way variance that
        is not positive, or an estimate that rests on one observation or cluster alone: without it the estimate is not
        identified, its residual is zero, and any robust error would be too small.
    UsageError
        If the rule is unknown, or does not go with the clusters given.

    Notes
    -----
    With ``M = (X'WX)⁻¹``, ``V = M (Σ s s') M`` over the scores ``s``:

    - classical: ``M Σ w e²/(n−k)``; HC0: ``s_i = w_i x_i e_i``; HC1: times ``n/(n−k)``; HC2: ``e_i/√(1−h_i)``;
      HC3: ``e_i/(1−h_i)``; all with t(n−k).
    - CR0: sums of scores within clusters; CR1: times ``G/(G−1)·(n−1)/(n−k)`` (Stata, R's ``vcovCL``); CR3: the change
      of b when a cluster is left out, without factor, so that clusters of one give HC3; all with t(G−1).
    - CR2: ``s_g = X_g'W_g A_g e_g``, where ``A_g`` is the symmetric root of the (pseudo-)inverse of the block of
      ``(I−H)(I−H)'``, ``H = XMX'W``. Its working model: independent errors of equal variance in the unit of the
      outcome, whatever the weights. This is the default of R's clubSandwich for ``lm``, weighted or not. Degrees of
      freedom: Satterthwaite under the same model. Clusters of one give HC2 where there are no weights.
    - Two-way: ``V₁ + V₂ − V₁₂``, each with its own factor as in R's ``vcovCL``, and t(min(G₁, G₂) − 1).

    References
    ----------
    MacKinnon, White (1985), https://doi.org/10.1016/0304-4076(85)90158-7. Bell, McCaffrey (2002),
    https://www150.statcan.gc.ca/n1/pub/12-001-x/2002002/article/9058-eng.pdf. Pustejovsky, Tipton (2018),
    https://doi.org/10.1080/07350015.2016.1247004. Cameron, Gelbach, Miller (2011),
    https://doi.org/10.1198/jbes.2010.07136. Zeileis, Köll, Graham (2020), https://doi.org/10.18637/jss.v095.i01.
    """
    groups = _groups(fit, errors, clusters)
    vector = np.asarray(vector, dtype=np.float64)
    _refuse_exact_fit(fit)
    if errors != "classical":
        _refuse_single_support(fit, vector, groups)
    variance = float(vector @ _covariance(fit, errors, groups) @ vector)
    influence = influence_of(fit, vector)
    return wald(
        float(vector @ fit.params),
        _root(variance, float(np.abs(influence).sum()), len(groups)),
        rule=_rule(errors, groups),
        n_obs=fit.n,
        df=_satterthwaite(fit, vector, groups[0]) if errors == "CR2" else _df(fit, groups),
        n_clusters=min(g for _, g in groups) if groups else None,
        influence=influence,
    )


def wald_joint(fit: Fit, names: Sequence[Text], *, errors: str, clusters: Sequence[NDArray[Any]] = ()) -> JointTest:
    """Test that several coefficients are all zero: pre-trends, balance, interactions.

    Parameters
    ----------
    fit, errors, clusters
        As in :func:`contrast`.
    names
        The q columns whose coefficients are zero under the null.

    Raises
    ------
    NotEstimable
        As :func:`contrast`, and if the clusters are too few to test that many coefficients.

    Notes
    -----
    ``Q = b'V⁻¹b``. ``F = Q/q`` with ``(q, n−k)``, or ``(q, G−1)`` with clusters. With CR2 the approximate Hotelling
    test HTZ: ``F = Q (η−q+1)/(ηq)`` with ``(q, η−q+1)``, where η matches the variance of CR2 under the working model.

    References
    ----------
    Pustejovsky, Tipton (2018), section 3.2, https://doi.org/10.1080/07350015.2016.1247004.
    """
    groups = _groups(fit, errors, clusters)
    _refuse_exact_fit(fit)
    picks, q = fit.selector(names), len(names)
    if q == 0 or len(set(names)) < q:
        raise UsageError("a joint test needs at least one term, and each only once")
    for pick in picks if errors != "classical" else ():
        _refuse_single_support(fit, pick, groups)
    form = _quadratic_form(picks @ fit.params, picks @ _covariance(fit, errors, groups) @ picks.T)
    eta = _hotelling(fit, picks, groups[0]) if errors == "CR2" else _df(fit, groups) + q - 1
    df2 = eta - q + 1
    if not df2 > 0:
        raise NotEstimable(
            Said("linear.clusters_too_few_test_terms_together", q=q), Said("linear.more_clusters_fewer_terms")
        )
    statistic = form * (df2 / (eta * q) if errors == "CR2" else 1 / q)
    return joint(statistic, q, float(df2), rule=_rule(errors, groups))


def label_codes(labels: NDArray[Any], n: int) -> Group:
    """Return group numbers and their count for labels, shape (n,), refusing missing labels."""
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise UsageError(f"labels have shape {labels.shape}; expected ({n},)")
    if pd.isna(labels).any():
        raise NotEstimable(Said("linear.some_units_have_no_block_cluster"), Said("linear.block_cluster_each_unit"))
    try:
        return cluster_codes(labels)
    except TypeError as error:
        raise UsageError("labels of blocks or clusters must be of one kind, all numbers or all text") from error


def group_codes(labels: NDArray[Any], n: int) -> Group:
    """Return cluster numbers and their count for labels, shape (n,), refusing missing labels and a single cluster."""
    codes, count = label_codes(labels, n)
    if count < 2:
        raise NotEstimable(Said("linear.all_observations_lie_one_cluster"), Said("checks.least_two_clusters_each_arm"))
    return codes, count


def _groups(fit: Fit, errors: str, clusters: Sequence[NDArray[Any]]) -> list[Group]:
    if errors not in ("classical", *ROBUST, *CLUSTERED):
        raise UsageError(f"unknown standard error {errors}; known: classical, {', '.join(ROBUST + CLUSTERED)}")
    most = 0 if errors not in CLUSTERED else 2 if errors in ("CR0", "CR1") else 1
    if len(clusters) > most or (most and not clusters):
        raise UsageError(f"{errors} takes {f'1 to {most}' if most else 'no'} arrays of clusters; got {len(clusters)}")
    return [group_codes(labels, fit.n) for labels in clusters]


def _rule(errors: str, groups: list[Group]) -> Said:
    rule = Said("rule.classical") if errors == "classical" else Said("rule.named", name=errors)
    return Said("rule.two_way", rule=rule) if len(groups) == 2 else rule


def _df(fit: Fit, groups: list[Group]) -> float:
    return float(min(count for _, count in groups) - 1 if groups else fit.n - fit.k)


def _root(variance: float, scale: float, ways: int) -> float:
    if ways == 2 and variance <= 0:
        raise NotEstimable(
            Said("linear.two_way_clustered_variance_not_positive"), Said("linear.more_clusters_both_directions")
        )
    return math.sqrt(variance) if variance > (ROUNDING * scale) ** 2 else 0.0


def _refuse_exact_fit(fit: Fit) -> None:
    fitted = fit.matrix @ fit.params
    if np.sum(fit.weights * fit.residuals**2) <= ROUNDING**2 * np.sum(fit.weights * (fitted + fit.residuals) ** 2):
        raise NotEstimable(Said("linear.columns_fit_outcome_exactly"), Said("linear.outcome_varies_among_units_alike"))


def _refuse_single_support(fit: Fit, vector: Floats, groups: list[Group]) -> None:
    """Refuse a combination that is not identified without one of the clusters (or rows)."""
    rotation = np.linalg.cholesky(fit.bread)
    direction = rotation.T @ vector
    for codes, count in groups or [(np.arange(fit.n), fit.n)]:
        total = cluster_sums(fit.leverage, codes, count)
        for heavy in np.flatnonzero(total >= 1 - SINGULAR):
            rows = codes == heavy
            share = (fit.matrix[rows] * np.sqrt(fit.weights[rows])[:, None]) @ rotation
            values, vectors = np.linalg.eigh(share.T @ share)
            lost = vectors[:, values > 1 - SINGULAR].T @ direction
            if np.linalg.norm(lost) > 1e-6 * np.linalg.norm(direction):
                raise _rests_on_one(clustered=bool(groups))


def _rests_on_one(*, clustered: bool) -> NotEstimable:
    if clustered:
        return NotEstimable(Said("linear.rests_on_one_cluster"), Said("checks.least_two_clusters_each_arm"))
    return NotEstimable(Said("linear.rests_on_one_observation"), Said("linear.two_observations_each_arm"))


def _covariance(fit: Fit, errors: str, groups: list[Group]) -> Floats:
    """Return the covariance of the coefficients, shape (k, k)."""
    if errors == "classical":
        return np.asarray(fit.bread * np.sum(fit.weights * fit.residuals**2) / (fit.n - fit.k))
    if not groups:
        scores = _scores(fit) * np.sqrt(_hc_factor(fit, errors))[:, None]
        return np.asarray(fit.bread @ (scores.T @ scores) @ fit.bread)
    parts = [_clustered(fit, errors, *group) for group in groups]
    if len(parts) == 1:
        return parts[0]
    (first, _), (second, count) = groups
    return parts[0] + parts[1] - _clustered(fit, errors, *cluster_codes(first * count + second))


def _scores(fit: Fit) -> Floats:
    return np.asarray(fit.matrix * (fit.weights * fit.residuals)[:, None])


def _hc_factor(fit: Fit, errors: str) -> Floats:
    if errors in ("HC0", "HC1"):
        return np.full(fit.n, 1.0 if errors == "HC0" else fit.n / (fit.n - fit.k))
    left = np.where(fit.leverage < 1 - SINGULAR, 1 - fit.leverage, math.inf)
    return np.asarray(1 / left if errors == "HC2" else 1 / left**2)


def _clustered(fit: Fit, errors: str, codes: Ints, count: int) -> Floats:
    rotation = np.linalg.cholesky(fit.bread)
    if errors == "CR2":
        scores = cluster_sums(_adjusted(fit, codes, count) * fit.residuals[:, None], codes, count)
    elif errors == "CR3":
        scores = _jackknifed(fit, codes, count)
    else:
        scores = cluster_sums(_scores(fit), codes, count) @ rotation
    factor = count / (count - 1) * (fit.n - 1) / (fit.n - fit.k) if errors == "CR1" else 1.0
    return np.asarray(factor * (rotation @ (scores.T @ scores) @ rotation.T))


def _members(codes: Ints, count: int) -> Iterator[Ints]:
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=count))
    start = 0
    for end in ends:
        yield order[start:end]
        start = end


def _rotated(fit: Fit) -> Floats:
    """Return ``Z = XL`` with ``LL' = (X'WX)⁻¹``, so that ``Z'WZ = I``."""
    return np.asarray(fit.matrix @ np.linalg.cholesky(fit.bread))


def _adjusted(fit: Fit, codes: Ints, count: int) -> Floats:
    """Return the rows of ``A_g W_g Z_g`` of all clusters, shape (n, k)."""
    plain = _rotated(fit)
    weighted = plain * fit.weights[:, None]
    meat, adjusted = weighted.T @ weighted, np.empty_like(plain)
    for rows in _members(codes, count):
        adjusted[rows] = _bell_mccaffrey(plain[rows], weighted[rows], meat)
    return adjusted


def _bell_mccaffrey(plain: Floats, weighted: Floats, meat: Floats) -> Floats:
    """Apply ``A_g`` within the span of the cluster's columns, outside which it is the identity."""
    basis, _ = np.linalg.qr(np.hstack([plain, weighted]))
    left, right = basis.T @ plain, basis.T @ weighted
    cross = left @ right.T
    block = np.eye(len(left)) - cross - cross.T + left @ meat @ left.T
    values, vectors = np.linalg.eigh(block)
    root = np.where(values > SINGULAR, np.maximum(values, SINGULAR) ** -0.5, 0.0)
    return np.asarray(weighted + basis @ (vectors @ (root[:, None] * (vectors.T @ right)) - right))


def _jackknifed(fit: Fit, codes: Ints, count: int) -> Floats:
    """Return ``(I − Z_g'W_gZ_g)⁻¹ Z_g'W_ge_g`` by cluster, shape (G, k): rotated changes when a cluster is left out."""
    root = np.sqrt(fit.weights)
    rotated, residuals = _rotated(fit) * root[:, None], fit.residuals * root
    changes = np.empty((count, fit.k))
    for place, rows in enumerate(_members(codes, count)):
        values, vectors = np.linalg.eigh(np.eye(fit.k) - rotated[rows].T @ rotated[rows])
        inverse = np.where(values > SINGULAR, 1 / np.maximum(values, SINGULAR), 0.0)
        changes[place] = vectors @ (inverse * (vectors.T @ (rotated[rows].T @ residuals[rows])))
    return changes


def _satterthwaite(fit: Fit, vector: Floats, group: Group) -> float:
    """Return ``(tr P)²/‖P‖²`` for the G × G matrix P of the working covariances of the adjusted cluster scores.

    P is diagonal plus low rank, so that it is never formed.
    """
    plain = _rotated(fit)
    weighted = plain * fit.weights[:, None]
    part = _adjusted(fit, *group) @ (np.linalg.cholesky(fit.bread).T @ vector)
    diagonal = cluster_sums(part**2, *group)
    factor = np.hstack([cluster_sums(plain * part[:, None], *group), cluster_sums(weighted * part[:, None], *group)])
    identity = np.eye(fit.k)
    core = np.block([[weighted.T @ weighted, -identity], [-identity, np.zeros_like(identity)]])
    inner = np.einsum("gi,ij,gj->g", factor, core, factor, optimize=True)
    square = core @ (factor.T @ factor)
    norm = np.sum(diagonal**2 + 2 * diagonal * inner) + np.sum(square * square.T)
    return float(np.sum(diagonal + inner) ** 2 / norm)


def _hotelling(fit: Fit, picks: Floats, group: Group) -> float:
    """Return η of the HTZ test for the q rows of ``picks``; with q = 1 the Satterthwaite degrees of freedom."""
    codes, count = group
    plain, q = _rotated(fit), len(picks)
    weighted = plain * fit.weights[:, None]
    meat = weighted.T @ weighted
    directions = np.linalg.cholesky(fit.bread).T @ picks.T
    values, vectors = np.linalg.eigh(directions.T @ meat @ directions)
    parts = _adjusted(fit, codes, count) @ directions @ (vectors / np.sqrt(values))
    first = np.stack([cluster_sums(plain * part[:, None], codes, count) for part in parts.T], axis=1)
    second = np.stack([cluster_sums(weighted * part[:, None], codes, count) for part in parts.T], axis=1)
    own = np.stack([cluster_sums(parts * part[:, None], codes, count) for part in parts.T], axis=1)
    total = 0.0
    for g in range(count):
        block = np.einsum("qk,hrk->hqr", first[g] @ meat - second[g], first) - np.einsum(
            "qk,hrk->hqr", first[g], second
        )
        block[g] += own[g]
        total += float(np.sum(np.trace(block, axis1=1, axis2=2) ** 2) + np.einsum("hqr,hrq->", block, block))
    return q * (q + 1) / total


def _quadratic_form(params: Floats, variance: Floats) -> float:
    scale = np.sqrt(np.maximum(np.diag(variance), 0.0))
    if np.any(scale == 0) or np.linalg.eigvalsh(variance / np.outer(scale, scale))[0] < SINGULAR:
        raise NotEstimable(
            Said("linear.terms_joint_variance_has_no_inverse"), Said("linear.more_clusters_fewer_terms_test")
        )
    return float((params / scale) @ np.linalg.solve(variance / np.outer(scale, scale), params / scale))
