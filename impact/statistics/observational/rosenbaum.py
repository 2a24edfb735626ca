"""How strong an unmeasured confounder would have to be to undo a finding from matched pairs (Rosenbaum bounds).

Takes the pairs that :func:`impact.statistics.observational.matching.nearest` finds without replacement, one match each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.words.said import Said

Test = Literal["signed rank", "sign"]
Method = Literal["exact", "normal"]
Alternative = Literal["greater", "less"]
EXACT_UP_TO = 200


@dataclass(frozen=True)
class Sensitivity:
    """Bounds on a one-sided p-value if matched units may differ in their odds of treatment by a factor Γ.

    Parameters
    ----------
    gammas
        Shape (g,), factors Γ ≥ 1 by which matched units may differ in their odds of treatment.
    p_low, p_high
        Shape (g,), smallest and largest p-value any confounder of that strength can give.
    critical_gamma
        Γ at which ``p_high`` passes ``alpha``; None if the finding is not significant even at Γ = 1.
    alpha
        Level of the one-sided test that ``critical_gamma`` refers to.
    statistic
        Sum of the ranks, or number, of the pairs in the direction of the alternative; midranks for ties.
    n_pairs, n_zero
        Pairs that differ, and pairs left out because they do not.
    rule
        Names of test, method and alternative.
    """

    gammas: Floats = field(compare=False)
    p_low: Floats = field(compare=False)
    p_high: Floats = field(compare=False)
    critical_gamma: float | None
    alpha: float
    statistic: float
    n_pairs: int
    n_zero: int
    rule: str


def rosenbaum_bounds(
    differences: ArrayLike,
    *,
    gammas: Sequence[float],
    alternative: Alternative,
    test: Test = "signed rank",
    method: Method = "exact",
    alpha: float = 0.05,
) -> Sensitivity:
    """Bound the p-value of matched pairs under hidden bias.

    Parameters
    ----------
    differences
        Shape (n,), outcome of the treated unit less that of its match; pairs must not share units.
    gammas
        Factors Γ ≥ 1 to show. At Γ = 2 one of two matched units may have twice the odds of treatment of the other.
    alternative
        ``greater``: the programme raises the outcome; ``less``: it lowers it. Fixed before looking.
    test
        ``signed rank`` (Wilcoxon) or ``sign``, which for outcomes of 0 and 1 is McNemar's test.
    method
        ``exact`` distribution, or the ``normal`` approximation without continuity correction, for more than 200 pairs
        the only one for the signed rank.
    alpha
        Level at which ``critical_gamma`` is found.

    Notes
    -----
    Under the null and hidden bias Γ each pair that differs points to the treated with a probability between
    ``1/(1 + Γ)`` and ``Γ/(1 + Γ)``; the bounds put all pairs at one end. The sum of ranks then has mean ``p Σ r`` and
    variance ``p (1 − p) Σ r²``; its exact distribution is a convolution over pairs. Pairs without a difference are
    left out and counted.

    Raises
    ------
    NotEstimable
        If a difference is missing, no pair differs, a Γ is below 1, the level is not between 0 and 1, or the exact
        distribution is asked for with too many pairs.

    References
    ----------
    Rosenbaum (2002), Observational Studies, 2nd edition, chapter 4. https://doi.org/10.1007/978-1-4757-3692-2

    Examples
    --------
    >>> bounds = rosenbaum_bounds([1.0, 2.0, 3.0, 4.0, 5.0], gammas=[1.0, 2.0], alternative="greater")
    >>> bounds.p_high.round(4).tolist()
    [0.0312, 0.1317]
    """
    d = _differences(differences)
    factors = _factors(gammas)
    if not 0 < alpha < 1:
        raise NotEstimable(Said("observational.level", alpha=alpha), Said("observational.level_between_0_1"))
    moved = d[d != 0] * _sign(alternative)
    # T = Σ of the ranks (or of ones) of the pairs in the direction of the alternative
    scores = _scores(moved, test)
    statistic = float(scores[moved > 0].sum())
    tail = _tail(scores, statistic, method=method, test=test)
    # Under Γ a pair's larger difference lies on the treated with probability between 1/(1 + Γ) and Γ/(1 + Γ).
    odds = factors / (1 + factors)
    high = np.array([tail(p) for p in odds])
    low = np.array([tail(p) for p in 1 - odds])
    rule = f"{test}, {method}, {alternative}"
    critical = _critical(tail, alpha)
    n_pairs = len(moved)
    n_ties = len(d) - n_pairs
    return Sensitivity(factors, low, high, critical, alpha, statistic, n_pairs, n_ties, rule)


def _differences(differences: ArrayLike) -> Floats:
    """Return the differences as floats, refusing missing ones and pairs that are all alike."""
    d = floats(differences)
    finite = np.isfinite(d)
    if d.ndim != 1 or not finite.all():
        raise NotEstimable(
            Said("observational.difference_missing_infinite_some_pairs"), Said("observational.difference_each_pair")
        )
    if not np.any(d != 0):
        raise NotEstimable(Said("observational.no_matched_pair_differs_outcome"), Said("observational.pairs_differ"))
    return d


def _factors(gammas: Sequence[float]) -> Floats:
    """Return the factors Γ as floats, refusing those below 1."""
    factors = floats(gammas)
    possible = np.isfinite(factors) & (factors >= 1)
    if factors.ndim != 1 or not possible.all():
        raise NotEstimable(Said("observational.factor_missing_below_1"), Said("observational.factors_least_1"))
    return factors


def _sign(alternative: Alternative) -> int:
    """Return 1 where the programme is said to raise the outcome, −1 where it is said to lower it."""
    if alternative not in ("greater", "less"):
        reason = Said("observational.alternative_not_known", alternative=repr(alternative))
        raise NotEstimable(reason, Said("observational.greater_less"))
    return 1 if alternative == "greater" else -1


def _scores(moved: Floats, test: Test) -> Floats:
    """Return what each pair counts: its rank by size (midranks for ties), or one."""
    if test not in ("signed rank", "sign"):
        reason = Said("observational.test_not_known", test=repr(test))
        raise NotEstimable(reason, Said("observational.signed_rank_sign"))
    if test == "sign":
        return np.ones(len(moved))
    sizes = np.abs(moved)
    return floats(stats.rankdata(sizes))


def _tail(scores: Floats, statistic: float, *, method: Method, test: Test) -> Callable[[float], float]:
    """Return the probability of the statistic or more, as a function of each pair's probability."""
    if method == "normal":
        return lambda p: _normal_tail(scores, statistic, p)
    if method != "exact":
        raise NotEstimable(
            Said("observational.method_not_known", method=repr(method)), Said("observational.exact_normal")
        )
    if test == "sign":
        return lambda p: float(stats.binom.sf(statistic - 1, len(scores), p))
    if len(scores) > EXACT_UP_TO:
        raise NotEstimable(
            Said("observational.pairs_too_many_exact_signed_rank", n=len(scores)),
            Said("observational.normal_approximation"),
        )
    return lambda p: _exact_tail(scores, statistic, p)


def _normal_tail(scores: Floats, statistic: float, p: float) -> float:
    """Return P(Σ score·Bernoulli(p) ≥ statistic) by the normal of the same mean and variance."""
    mean = p * scores.sum()
    variance = p * (1 - p) * np.sum(scores**2)
    root = math.sqrt(variance)
    z = (statistic - mean) / root
    return float(stats.norm.sf(z))


def _exact_tail(scores: Floats, statistic: float, p: float) -> float:
    """Return P(Σ score·Bernoulli(p) ≥ statistic) by convolution over pairs, in half ranks."""
    halves = np.rint(2 * scores).astype(np.int64)
    mass = np.zeros(int(halves.sum()) + 1)
    mass[0] = 1.0
    for step in halves:
        shifted = mass[: len(mass) - step]
        mass[step:] = (1 - p) * mass[step:] + p * shifted
        mass[:step] *= 1 - p
    beyond = mass[round(2 * statistic) :].sum()
    return float(min(1.0, beyond))


def _critical(tail: Callable[[float], float], alpha: float) -> float | None:
    """Return Γ at which the largest p-value passes the level; the p-value rises with Γ."""
    if tail(0.5) > alpha:
        return None

    def gap(p: float) -> float:
        """Return how far the largest p-value is above the level."""
        return tail(p) - alpha

    p = float(optimize.brentq(gap, 0.5, 1 - 1e-9, xtol=1e-13))
    return p / (1 - p)
