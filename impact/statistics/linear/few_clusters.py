"""Errors for few clusters: CR2 with Satterthwaite and Hotelling degrees of freedom, and the jackknife CR3.

Stands on :mod:`impact.statistics.linear.least_squares`; :mod:`impact.statistics.linear.sandwich` stands on it.
``Z = XL`` with ``LL' = (X'WX)⁻¹`` throughout: the columns turned so that ``Z'WZ = I``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.statistics.core import Floats, Group, Ints, cluster_sums, floats
from impact.statistics.linear.least_squares import Fit

SINGULAR = 1e-9


def _members(codes: Ints, count: int) -> Iterator[Ints]:
    """Yield the rows of each cluster, in the order of its number."""
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes, minlength=count)
    ends = np.cumsum(sizes)
    start = 0
    for end in ends:
        yield order[start:end]
        start = end


def _rotated(fit: Fit) -> Floats:
    """Return ``Z = XL`` with ``LL' = (X'WX)⁻¹``, so that ``Z'WZ = I``."""
    rotation = np.linalg.cholesky(fit.bread)
    return floats(fit.matrix @ rotation)


def weighted_rotated(fit: Fit, rows: NDArray[np.bool_], rotation: NDArray[np.floating[Any]]) -> Floats:
    """Return some rows of ``W^½ X L``, shape (m, k)."""
    x, w = fit.matrix[rows], fit.weights[rows]
    root = np.sqrt(w)
    weighted = x * root[:, None]
    turned = weighted @ rotation
    return floats(turned)


def adjusted(fit: Fit, codes: Ints, count: int) -> Floats:
    """Return the rows of ``A_g W_g Z_g`` of all clusters, shape (n, k)."""
    plain = _rotated(fit)
    weighted = plain * fit.weights[:, None]
    # Z'W²Z: what all clusters share of the blocks of (I − H)(I − H)'
    meat = weighted.T @ weighted
    rows_adjusted = np.empty_like(plain)
    for rows in _members(codes, count):
        z, wz = plain[rows], weighted[rows]
        rows_adjusted[rows] = _bell_mccaffrey(z, wz, meat)
    return rows_adjusted


def _bell_mccaffrey(plain: Floats, weighted: Floats, meat: Floats) -> Floats:
    """Apply ``A_g`` within the span of the cluster's columns, outside which it is the identity."""
    columns = np.hstack([plain, weighted])
    basis, _ = np.linalg.qr(columns)
    # Z_g and W_gZ_g in the coordinates of their span
    z = basis.T @ plain
    wz = basis.T @ weighted
    # B_g = I − H_g − H_g' + Z_g (Z'W²Z) Z_g', the block of (I − H)(I − H)'
    hat = z @ wz.T
    identity = np.eye(len(z))
    shared = z @ meat @ z.T
    block = identity - hat - hat.T + shared
    # A_g = B_g^(−½): the symmetric root of Bell and McCaffrey, the pseudo-inverse where B_g is singular
    values, vectors = np.linalg.eigh(block)
    positive = np.maximum(values, SINGULAR)
    inverse_root = positive**-0.5
    root = np.where(values > SINGULAR, inverse_root, 0.0)
    rotated = vectors.T @ wz
    turned = root[:, None] * rotated
    change = vectors @ turned - wz
    return floats(weighted + basis @ change)


def jackknifed(fit: Fit, codes: Ints, count: int) -> Floats:
    """Return ``(I − Z_g'W_gZ_g)⁻¹ Z_g'W_ge_g`` by cluster, shape (G, k): rotated changes when a cluster is left out."""
    root = np.sqrt(fit.weights)
    rotated = _rotated(fit) * root[:, None]
    residuals = fit.residuals * root
    identity = np.eye(fit.k)
    changes = np.empty((count, fit.k))
    for g, rows in enumerate(_members(codes, count)):
        z = rotated[rows]
        scores = z.T @ residuals[rows]
        block = z.T @ z
        # (I − Z_g'W_gZ_g)⁻¹ by eigenvalues; a direction that the cluster alone supports is left out
        values, vectors = np.linalg.eigh(identity - block)
        positive = np.maximum(values, SINGULAR)
        inverse = np.where(values > SINGULAR, 1 / positive, 0.0)
        rotated_scores = vectors.T @ scores
        scaled = inverse * rotated_scores
        changes[g] = vectors @ scaled
    return changes


def satterthwaite(fit: Fit, vector: Floats, group: Group) -> float:
    """Return ``(tr P)²/‖P‖²`` for the G × G matrix P of the working covariances of the adjusted cluster scores.

    P is diagonal plus low rank, so that it is never formed.

    Examples
    --------
    >>> from impact.statistics.linear.least_squares import fit as least_squares
    >>> matrix = np.column_stack([np.ones(6), np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])])
    >>> fitted = least_squares(np.array([1.0, 2.0, 4.0, 3.0, 5.0, 6.0]), matrix, ["constant", "treated"])
    >>> round(satterthwaite(fitted, np.array([0.0, 1.0]), (np.arange(6), 6)), 1)
    4.0
    """
    plain = _rotated(fit)
    weighted = plain * fit.weights[:, None]
    rotation = np.linalg.cholesky(fit.bread)
    # a_i: what a unit of residual in row i adds to the combination, after the adjustment of its cluster
    direction = rotation.T @ vector
    rows = adjusted(fit, *group)
    a = rows @ direction
    column = a[:, None]
    # P = diag(Σ a²) + F C F', with the factor F by cluster, shape (G, 2k), and C of shape (2k, 2k)
    squares = a**2
    diagonal = cluster_sums(squares, *group)
    by_plain = cluster_sums(plain * column, *group)
    by_weighted = cluster_sums(weighted * column, *group)
    factor = np.hstack([by_plain, by_weighted])
    meat = weighted.T @ weighted
    core = _core(meat)
    inner = np.einsum("gi,ij,gj->g", factor, core, factor, optimize=True)
    square = core @ (factor.T @ factor)
    low_rank = np.sum(square * square.T)
    cross = 2 * diagonal * inner
    squared = diagonal**2 + cross
    # ‖P‖² and tr P: the degrees of freedom are their ratio (tr P)²/‖P‖²
    norm = np.sum(squared) + low_rank
    trace = np.sum(diagonal + inner)
    return float(trace**2 / norm)


def _core(meat: Floats) -> Floats:
    """Return ``[[Z'W²Z, −I], [−I, 0]]``, the middle of the low-rank part of P."""
    identity = np.eye(len(meat))
    zero = np.zeros_like(identity)
    return np.block([[meat, -identity], [-identity, zero]])


def hotelling(fit: Fit, picks: Floats, group: Group) -> float:
    """Return η of the HTZ test for the q rows of ``picks``; with q = 1 the Satterthwaite degrees of freedom."""
    plain = _rotated(fit)
    weighted = plain * fit.weights[:, None]
    meat = weighted.T @ weighted
    scores = _hotelling_scores(fit, picks, group, meat)
    # By cluster, shape (G, q, k): sums of each of the q adjusted columns against Z, against WZ, and against each other
    first = _crossed_sums(plain, scores, group)
    second = _crossed_sums(weighted, scores, group)
    within = _crossed_sums(scores, scores, group)
    total = 0.0
    n_clusters = group[1]
    for g in range(n_clusters):
        # The blocks of cluster g with every cluster h, shape (G, q, q); g's own holds its residual variance too
        net = first[g] @ meat - second[g]
        through_first = np.einsum("qk,hrk->hqr", net, first)
        through_second = np.einsum("qk,hrk->hqr", first[g], second)
        block = through_first - through_second
        block[g] += within[g]
        traces = np.trace(block, axis1=1, axis2=2)
        squares = np.einsum("hqr,hrq->", block, block)
        total += float(np.sum(traces**2) + squares)
    # η = q(q + 1) over the summed variances of the entries of the covariance (HTZ)
    q = len(picks)
    return q * (q + 1) / total


def _hotelling_scores(fit: Fit, picks: Floats, group: Group, meat: Floats) -> Floats:
    """Return the adjusted rows, turned so that the q coefficients are independent under the working model, (n, q)."""
    rotation = np.linalg.cholesky(fit.bread)
    directions = rotation.T @ picks.T
    covariance = directions.T @ meat @ directions
    values, vectors = np.linalg.eigh(covariance)
    whitening = vectors / np.sqrt(values)
    rows = adjusted(fit, *group)
    picked = rows @ directions
    return floats(picked @ whitening)


def _crossed_sums(columns: Floats, scores: Floats, group: Group) -> Floats:
    """Return sums by cluster of columns times each score, shape (G, q, k)."""
    sums = [cluster_sums(columns * score[:, None], *group) for score in scores.T]
    return np.stack(sums, axis=1)
