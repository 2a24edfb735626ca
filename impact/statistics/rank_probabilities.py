"""Probability that a project has each rank, of draws or of independent normal estimates.

A probability of the rank of a true value, given what is known of it; not how sure a league table is: for that see the
sets of :mod:`impact.statistics.ranking`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from impact.errors import NotEstimable
from impact.statistics.checked import known, positive
from impact.statistics.core import Floats, floats
from impact.statistics.ranking import Best, sign_of
from impact.words.said import Said

MOST = 40
"""Projects above which ranks are to be drawn: the closed form grows with their fourth power."""
REACH = 9.0
"""Standard errors around an estimate beyond which a normal has nothing that counts."""
NODES = 12


@dataclass(frozen=True)
class RankProbabilities:
    """How probable each rank is.

    Parameters
    ----------
    probabilities
        Shape (k, k): of project i to have rank j + 1; rows and columns sum to 1. Those that tie in a draw share the
        ranks that they take equally.
    expected
        Shape (k,): expected rank.
    sucra
        Shape (k,): ``(k − expected)/(k − 1)``, 1 for the certain first, 0 for the certain last.
    std_errors
        Shape (k, k): Monte Carlo errors of the probabilities; zero of the closed form. One that was never drawn has
        none either, which does not make it impossible.
    draws
        Draws behind them, None of the closed form.
    """

    probabilities: Floats
    expected: Floats
    sucra: Floats
    std_errors: Floats
    draws: int | None


def rank_probabilities(estimates: ArrayLike, std_errors: ArrayLike, *, best: Best = "largest") -> RankProbabilities:
    """Return the probabilities of ranks of independent normal values.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,), 2 to 40 projects, in one unit; errors above 0.
    best
        Which rank 1 is: ``largest`` or ``smallest``.

    Raises
    ------
    NotEstimable
        If a number is missing, shapes do not fit, an error is not above 0, or there are too many projects.

    Notes
    -----
    ``P(rank_i = j) = ∫ φ_i(x) P(j − 1 of the others exceed x) dx``, the latter Poisson-binomial; by Gauss–Legendre
    between points at which some normal bends. Expected ranks are ``1 + Σ_k Φ((θ_k − θ_i)/√(s_i² + s_k²))``. Salanti,
    Ades and Ioannidis (2011), https://doi.org/10.1016/j.jclinepi.2010.03.016, for sucra.

    Examples
    --------
    >>> found = rank_probabilities([10, 8, 7], [1.5, 1, 2])
    >>> found.probabilities[:, 0].round(4).tolist()
    [0.7952, 0.1079, 0.0969]
    """
    values, errors = known(estimates, std_errors)
    _check(values)
    positive(errors)
    if len(values) > MOST:
        raise NotEstimable(Said("scoring.too_many_to_rank_exactly", n=len(values), most=MOST), Said("scoring.draws"))
    signed = values * sign_of(best)
    rows = [_row(i, signed, errors) for i in range(len(signed))]
    probabilities = floats(rows)
    return _result(probabilities, np.zeros_like(probabilities), None)


def drawn_rank_probabilities(draws: ArrayLike, *, best: Best = "largest") -> RankProbabilities:
    """Return how often each project has each rank among joint draws of all.

    Parameters
    ----------
    draws
        Shape (n, k): n draws, such as of a posterior or a bootstrap, of k projects, in one unit.
    best
        Which rank 1 is: ``largest`` or ``smallest``.

    Raises
    ------
    NotEstimable
        If a number is missing, or there is no draw, or fewer than two projects.

    Notes
    -----
    The error of a probability is that of the mean of n independent draws, ``√(Var/n)``; draws of a chain need more.

    Examples
    --------
    >>> drawn_rank_probabilities([[3.0, 2.0], [1.0, 1.0]]).probabilities.tolist()
    [[0.75, 0.25], [0.25, 0.75]]
    """
    (values,) = known(draws)
    if values.ndim != 2 or not len(values):
        raise NotEstimable(Said("scoring.no_draws_of_projects"), Said("scoring.a_row_per_draw"))
    _check(values[0])
    signed = values * sign_of(best)
    n, k = signed.shape
    ordered = np.sort(-signed, axis=1)
    sums, squares = np.zeros((k, k)), np.zeros((k, k))
    for i in range(k):
        shares = _shared_places(-signed[:, [i]], ordered)
        sums[i], squares[i] = shares.sum(axis=0), np.square(shares).sum(axis=0)
    probabilities = sums / n
    variances = np.maximum(squares / n - probabilities**2, 0.0)
    return _result(probabilities, np.sqrt(variances / n), n)


def _shared_places(own: Floats, ordered: Floats) -> Floats:
    """Return which part of each place, shape (n, k), a project takes: all, or its share among those that tie."""
    first, beyond = (ordered < own).sum(axis=1), (ordered <= own).sum(axis=1)
    places = np.arange(ordered.shape[1])
    taken = (places >= first[:, None]) & (places < beyond[:, None])
    return floats(taken / (beyond - first)[:, None])


def _check(values: Floats) -> None:
    """Refuse fewer than two projects."""
    if values.ndim != 1 or len(values) < 2:
        raise NotEstimable(Said("scoring.fewer_than_two_to_rank"), Said("scoring.two_or_more_to_rank"))


def _row(i: int, values: Floats, errors: Floats) -> Floats:
    """Return the probabilities of the ranks of one project."""
    x, weights = _nodes(i, values, errors)
    density = weights * stats.norm.pdf((x - values[i]) / errors[i]) / errors[i]
    others = np.delete(np.arange(len(values)), i)
    # how many of the others exceed x, one after the other
    counts = np.zeros((len(values), len(x)))
    counts[0] = 1.0
    for other in others:
        above = special.ndtr((values[other] - x) / errors[other])
        more = counts[:-1] * above
        counts *= 1 - above
        counts[1:] += more
    return floats(counts @ density)


def _nodes(i: int, values: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Return points and weights of the integral over one project's value, dense where any normal bends."""
    steps = np.arange(-REACH, REACH + 1)
    bends = (values[:, None] + errors[:, None] * steps).ravel()
    low, high = values[i] - REACH * errors[i], values[i] + REACH * errors[i]
    ends = np.unique(np.clip(bends, low, high))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half, middle = np.diff(ends)[:, None] / 2, (ends[:-1] + ends[1:])[:, None] / 2
    return floats(middle + half * nodes).ravel(), floats(half * weights).ravel()


def _result(probabilities: Floats, std_errors: Floats, draws: int | None) -> RankProbabilities:
    """Return probabilities with the expected ranks."""
    k = len(probabilities)
    expected = probabilities @ np.arange(1.0, k + 1)
    return RankProbabilities(probabilities, expected, (k - expected) / (k - 1), std_errors, draws)
