"""Ranks of projects, and what the data support of them: probabilities of ranks, confidence sets of ranks.

Ranks count from the largest, or from the smallest where less is better. Those that tie share a rank: 1 plus the number
that are better. A rank without its set claims an order; :class:`RankSets` says which order, if any, is supported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from impact.errors import NotEstimable
from impact.statistics.checked import inside, known
from impact.statistics.core import CONFIDENCE, Floats, Ints, floats
from impact.words.said import Said

Best = Literal["largest", "smallest"]
Of = Literal["simultaneous", "marginal"]
Critical = Literal["bootstrap", "tukey", "bonferroni", "unadjusted"]
Flags = NDArray[np.bool_]
FEWEST_DRAWS = 999
ALIKE = 1e-9
"""Errors that differ by less than this share are equal."""


@dataclass(frozen=True)
class RankSets:
    """Ranks, and the sets of ranks that the data do not exclude.

    Parameters
    ----------
    ranks
        Shape (k,): 1 plus the number whose estimate is better; those that tie share it.
    lower, upper
        Shape (k,): best and worst rank of each set.
    above, below
        Shape (k, k): whether the second is shown to be better, and worse, than the first, in the first one's family.
    critical
        Shape (k,): critical value of each one's first step; all alike for simultaneous sets.
    level, of, method, step_down
        As asked for.
    ordered, pairs
        Pairs with a supported order, of all; ordered is None where sets do not hold together.
    statement
        Whether the data support any order.
    """

    ranks: Ints
    lower: Ints
    upper: Ints
    above: Flags
    below: Flags
    critical: Floats
    level: float
    of: Of
    method: Critical
    step_down: bool
    ordered: int | None
    pairs: int
    statement: Said


class _Family(NamedTuple):
    """What a critical value is computed from: draws of the estimates about zero, and errors of their differences."""

    draws: Floats
    errors: Floats
    level: float
    method: Critical


def ranks_of(estimates: ArrayLike, *, best: Best = "largest") -> Ints:
    """Return ranks, shape (k,): 1 plus the number that are better, so that those that tie share the better rank.

    Raises
    ------
    NotEstimable
        If a number is missing, there are fewer than two, or ``best`` is neither largest nor smallest.

    Examples
    --------
    >>> ranks_of([3.0, 5.0, 3.0]).tolist()
    [2, 1, 2]
    """
    values = _several(estimates) * sign_of(best)
    beyond = values[None, :] > values[:, None]
    ranks = 1 + beyond.sum(axis=1)
    return np.asarray(ranks, dtype=np.int64)


def rank_sets(
    estimates: ArrayLike,
    uncertainty: ArrayLike,
    *,
    of: Of = "simultaneous",
    best: Best = "largest",
    level: float = CONFIDENCE,
    method: Critical = "bootstrap",
    step_down: bool = True,
    draws: int = 9999,
    seed: int = 0,
) -> RankSets:
    """Return confidence sets of ranks.

    Parameters
    ----------
    estimates
        Shape (k,), all in one unit.
    uncertainty
        Shape (k,): standard errors of independent estimates; or shape (k, k): their covariance.
    of
        ``simultaneous``: all sets hold their ranks together with the level; ``marginal``: each by itself, for a
        reader who cares about one project named beforehand.
    best
        Which rank 1 is.
    level
        Probability, in large samples, with which the sets hold the true ranks.
    method
        Critical values by ``bootstrap`` (parametric, uses the covariance), ``tukey`` (exact where all differences have
        the same error; simultaneous only), ``bonferroni``, or ``unadjusted``: each pair by itself, which holds for no
        set.
    step_down
        Test again, without the pairs decided, until nothing more is decided: never wider. Not of ``tukey``.
    draws, seed
        Of the bootstrap. Sets may move by a rank with the seed.

    Raises
    ------
    NotEstimable
        If a number is missing, shapes do not fit, a difference has no error, the covariance is none, a name is not
        known, draws are too few, or ``tukey`` does not hold.

    Notes
    -----
    j is shown better than k where ``(θ̂_j − θ̂_k)/se_jk > c``. The family holds both directions of every pair, or of
    the pairs of one project. c is the ``level`` quantile of the family's largest ``(Z_j − Z_k)/se_jk``, with Z normal
    about zero with the estimates' covariance; at first that is the largest absolute one. The set is ``[1 + #shown
    better, k − #shown worse]``. Mogstad, Romano, Shaikh and Wilhelm (2024), https://doi.org/10.1093/restud/rdad006.
    Under step-down only the direction that was decided leaves the family (Romano and Wolf 2005,
    https://doi.org/10.1198/016214504000000539); with Bonferroni that is Holm's.

    Examples
    --------
    >>> found = rank_sets([5.0, 1.0, 0.9], [0.3, 0.3, 0.3])
    >>> found.lower.tolist(), found.upper.tolist()
    ([1, 2, 2], [1, 3, 3])
    >>> str(found.statement)
    'the data support an order of 2 of 3 pairs, not of all'
    """
    inside(level)
    values = _several(estimates) * sign_of(best)
    order, family = _prepared(values, uncertainty, level=level, method=method, draws=draws, seed=seed)
    _check_names(of, method, family.errors, of_draws=draws)
    decided = _decided(values[order], family, of, step_down=step_down and method != "tukey")
    # back to the order given
    back = np.argsort(order)
    square = np.ix_(back, back)
    above, below, critical = decided[0][square], decided[1][square], decided[2][back]
    k = len(values)
    lower, upper = 1 + above.sum(axis=1), k - below.sum(axis=1)
    pairs = k * (k - 1) // 2
    together = of == "simultaneous" and method != "unadjusted"
    ordered = int(below.sum()) if together else None
    said = _statement(ordered, pairs, of, level)
    ranks = ranks_of(values)
    return RankSets(ranks, lower, upper, above, below, critical, level, of, method, step_down, ordered, pairs, said)


def _prepared(
    values: Floats, uncertainty: ArrayLike, *, level: float, method: Critical, draws: int, seed: int
) -> tuple[Ints, _Family]:
    """Return an order that depends on the numbers alone, and draws and errors in this order."""
    covariance = _covariance(uncertainty, len(values))
    variances = np.diag(covariance)
    order = np.lexsort((variances, values)).astype(np.int64)
    sorted_covariance = covariance[np.ix_(order, order)]
    errors = _difference_errors(sorted_covariance)
    drawn = np.empty((0, len(values)))
    if method == "bootstrap":
        normals = np.random.default_rng(seed).standard_normal((draws, len(values)))
        drawn = normals @ _root(sorted_covariance).T
    return order, _Family(drawn, errors, level, method)


def _decided(values: Floats, family: _Family, of: Of, *, step_down: bool) -> tuple[Flags, Flags, Floats]:
    """Return who is shown above each, who below, and the critical values of first steps."""
    k = len(values)
    off = ~np.eye(k, dtype=bool)
    gaps = (values[:, None] - values) / np.where(off, family.errors, 1.0)
    if of == "simultaneous":
        shown, first = _stepped(gaps, off, family, step_down=step_down)
        return shown.T, shown, np.full(k, first)
    above, below, critical = np.zeros((k, k), dtype=bool), np.zeros((k, k), dtype=bool), np.empty(k)
    for j in range(k):
        own = np.zeros((k, k), dtype=bool)
        own[j], own[:, j] = True, True
        shown, critical[j] = _stepped(gaps, own & off, family, step_down=step_down)
        above[j], below[j] = shown[:, j], shown[j]
    return above, below, critical


def _stepped(gaps: Floats, family_pairs: Flags, family: _Family, *, step_down: bool) -> tuple[Flags, float]:
    """Return the directed pairs that are decided, and the first critical value."""
    left = family_pairs.copy()
    first = critical = _critical(left, family)
    while True:
        decided = left & (gaps > critical)
        left &= ~decided
        if not step_down or not decided.any() or not left.any():
            return family_pairs & ~left, first
        critical = _critical(left, family)


def _critical(pairs: Flags, family: _Family) -> float:
    """Return the critical value for directed pairs that are still undecided."""
    if family.method == "tukey":
        return tukey_critical(len(pairs), family.level)
    alpha = 1 - family.level
    if family.method == "bonferroni":
        return float(stats.norm.isf(alpha / int(pairs.sum())))
    if family.method == "unadjusted":
        return float(stats.norm.isf(alpha / 2))
    largest = np.full(len(family.draws), -np.inf)
    for j in np.flatnonzero(pairs.any(axis=1)):
        others = np.flatnonzero(pairs[j])
        gaps = (family.draws[:, [j]] - family.draws[:, others]) / family.errors[j, others]
        largest = np.maximum(largest, gaps.max(axis=1))
    return float(np.quantile(largest, family.level))


def tukey_critical(k: int, level: float = CONFIDENCE) -> float:
    """Return the quantile of the range of k independent standard normals, over √2.

    Notes
    -----
    Solves ``k∫φ(z)(Φ(z) − Φ(z − q))^(k−1) dz = level``; a difference of two has the error √2.

    Examples
    --------
    >>> round(tukey_critical(6), 4), round(tukey_critical(2), 4)
    (2.8497, 1.96)
    """
    nodes, weights = np.polynomial.legendre.leggauss(200)
    z = 10 * nodes
    density = 10 * weights * stats.norm.pdf(z)

    def missing(q: float) -> float:
        inner = special.ndtr(z) - special.ndtr(z - q)
        return float(k * density @ inner ** (k - 1)) - level

    root = optimize.brentq(missing, 1e-9, 60.0, xtol=1e-14, rtol=1e-14)
    return float(root) / math.sqrt(2)


def _covariance(uncertainty: ArrayLike, k: int) -> Floats:
    """Return the covariance of the estimates, from their errors or as it is given."""
    (given,) = known(uncertainty)
    if given.shape not in ((k,), (k, k)):
        shapes = (str((k,)), str(given.shape))
        raise NotEstimable(Said("scoring.shapes_do_not_fit", shapes=shapes), Said("scoring.one_error_per_estimate"))
    if given.ndim == 1:
        if (given < 0).any():
            raise NotEstimable(Said("scoring.error_negative"), Said("meta.positive_errors"))
        return np.diag(given**2)
    if not np.allclose(given, given.T, rtol=ALIKE, atol=0.0):
        raise NotEstimable(Said("scoring.covariance_impossible"), Said("scoring.symmetric_covariance"))
    return given


def _difference_errors(covariance: Floats) -> Floats:
    """Return the error of each difference, shape (k, k); refuse differences without one."""
    variances = np.diag(covariance)
    sums = variances[:, None] + variances
    squares = sums - 2 * covariance
    off = ~np.eye(len(variances), dtype=bool)
    if (squares[off] <= ALIKE * sums[off]).any():
        raise NotEstimable(Said("scoring.difference_without_error"), Said("scoring.errors_of_differences"))
    return floats(np.sqrt(np.where(off, squares, 0.0)))


def _root(covariance: Floats) -> Floats:
    """Return a matrix whose square is the covariance; refuse one with a negative variance in some direction."""
    sizes, directions = np.linalg.eigh(covariance)
    if sizes[0] < -ALIKE * sizes[-1]:
        raise NotEstimable(Said("scoring.covariance_impossible"), Said("scoring.symmetric_covariance"))
    return floats(directions * np.sqrt(np.maximum(sizes, 0.0)))


def _check_names(of: str, method: str, errors: Floats, *, of_draws: int) -> None:
    """Refuse names that are not known, too few draws, and Tukey's range where it does not hold."""
    known_names = of in ("simultaneous", "marginal") and method in ("bootstrap", "tukey", "bonferroni", "unadjusted")
    if not known_names:
        raise NotEstimable(Said("scoring.method_not_known", name=f"{of}, {method}"), Said("scoring.kinds_of_sets"))
    if method == "bootstrap" and of_draws < FEWEST_DRAWS:
        raise NotEstimable(
            Said("statistics.draws", n=of_draws),
            Said("statistics.least_better_some_thousands", least=FEWEST_DRAWS),
        )
    off = errors[~np.eye(len(errors), dtype=bool)]
    unequal = off.max() - off.min() > ALIKE * off.max()
    if method == "tukey" and (unequal or of == "marginal"):
        raise NotEstimable(Said("scoring.tukey_does_not_hold"), Said("scoring.equal_errors_or_bootstrap"))


def _several(estimates: ArrayLike) -> Floats:
    """Return estimates of two or more projects."""
    (values,) = known(estimates)
    if values.ndim != 1 or len(values) < 2:
        raise NotEstimable(Said("scoring.fewer_than_two_to_rank"), Said("scoring.two_or_more_to_rank"))
    return values


def sign_of(best: str) -> float:
    """Return by what numbers are multiplied so that larger is better.

    Examples
    --------
    >>> sign_of("smallest")
    -1.0
    """
    signs = {"largest": 1.0, "smallest": -1.0}
    if best not in signs:
        raise NotEstimable(Said("scoring.method_not_known", name=best), Said("scoring.largest_or_smallest"))
    return signs[best]


def _statement(ordered: int | None, pairs: int, of: Of, level: float) -> Said:
    """Return whether the data support any order."""
    if ordered is None:
        code = "scoring.sets_hold_one_by_one" if of == "marginal" else "scoring.pairs_not_adjusted"
        return Said(code, level=level)
    if ordered == 0:
        return Said("scoring.no_order_supported", pairs=pairs)
    if ordered == pairs:
        return Said("scoring.whole_order_supported", pairs=pairs)
    return Said("scoring.some_order_supported", ordered=ordered, pairs=pairs)
