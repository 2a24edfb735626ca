"""Many forecasts together: how often their intervals held, and whether they did better than a naive one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.checked import inside, listed, positive
from impact.statistics.core import CONFIDENCE
from impact.statistics.shares import clopper_pearson, wilson
from impact.words.said import Said

IntervalMethod = Literal["wilson", "clopper_pearson"]
NO_CHANGE = Said("scoring.no_change_from_baseline")
"""The naive forecast that what is measured stays as it was at the baseline."""


@dataclass(frozen=True)
class Coverage:
    """How often intervals held what was observed.

    Parameters
    ----------
    hits, n
        Intervals that held it, and all.
    share
        ``hits/n``.
    claimed
        Probability that the intervals claim.
    conf_low, conf_high
        Interval of the share, by ``method``.
    method
        ``wilson`` or ``clopper_pearson``.
    statement
        Whether the data contradict what is claimed: whether it lies outside the exact interval, whatever the method.
    """

    hits: int
    n: int
    share: float
    claimed: float
    conf_low: float
    conf_high: float
    method: IntervalMethod
    statement: Said


@dataclass(frozen=True)
class Skill:
    """Forecasts against a naive one, both scored on the same observed values.

    Parameters
    ----------
    mean, mean_naive
        Mean scores, in the unit of the scores; smaller is better.
    skill
        ``1 − mean/mean_naive``: 1 is perfect, 0 as good as the naive forecast, below 0 worse. Of the means; not the
        mean of the skills, which one small naive score would rule.
    better, worse
        Forecasts that scored better, and worse, than the naive one.
    n
        Forecasts.
    naive
        What the naive forecast says.
    statement
        The same in words.
    """

    mean: float
    mean_naive: float
    skill: float
    better: int
    worse: int
    n: int
    naive: Said
    statement: Said


def coverage(
    held: ArrayLike, *, claimed: float, level: float = CONFIDENCE, method: IntervalMethod = "clopper_pearson"
) -> Coverage:
    """Return how often intervals held what was observed, with an interval of that share.

    Parameters
    ----------
    held
        Shape (n,): 1, or true, where the interval held the observed value, 0 where not.
    claimed
        Probability that the intervals claim, such as 0.95.
    level
        Confidence of the interval of the share.
    method
        ``clopper_pearson`` (at least its level, always), ``wilson`` (shorter; its level on average over shares, which
        of few forecasts that nearly all hit is too short).

    Raises
    ------
    NotEstimable
        Without intervals, with a missing one, one neither held nor not, or a level not inside 0 and 1.

    Notes
    -----
    Both intervals are of independent trials: forecasts that share a shock are fewer than they are counted.

    Examples
    --------
    >>> found = coverage([1, 1, 1, 0], claimed=0.8)
    >>> found.share, round(found.conf_low, 3), round(found.conf_high, 3)
    (0.75, 0.194, 0.994)
    """
    (values,) = listed(held)
    inside(claimed)
    if not np.isin(values, (0.0, 1.0)).all():
        raise NotEstimable(Said("scoring.outcome_neither_0_nor_1"), Said("scoring.one_where_it_held"))
    n, hits = len(values), int(values.sum())
    share = hits / n
    low, high = _interval(hits, n, level, method)
    statement = _agreement(hits, n, claimed, level)
    return Coverage(hits, n, share, claimed, low, high, method, statement)


def _agreement(hits: int, n: int, claimed: float, level: float) -> Said:
    """Return whether hits agree with what was claimed, by the exact interval."""
    low, high = clopper_pearson(hits, n, level)
    code = "scoring.coverage_as_claimed" if low <= claimed <= high else "scoring.coverage_not_as_claimed"
    return Said(code, hits=hits, n=n, claimed=claimed, low=low, high=high)


def _interval(hits: int, n: int, level: float, method: IntervalMethod) -> tuple[float, float]:
    """Return the interval of a share by the method named."""
    if method == "wilson":
        return wilson(hits / n, n, level)
    if method == "clopper_pearson":
        return clopper_pearson(hits, n, level)
    raise NotEstimable(Said("scoring.method_not_known", name=method), Said("scoring.wilson_or_clopper_pearson"))


def skill(scores: ArrayLike, naive_scores: ArrayLike, *, naive: Said = NO_CHANGE, scales: ArrayLike = 1.0) -> Skill:
    """Return the skill of forecasts against a naive one.

    Parameters
    ----------
    scores, naive_scores
        Shape (n,): scores of both on the same observed values, smaller is better, zero if perfect: continuous ranked
        probability, interval or Brier scores, not logarithmic ones, whose zero means nothing.
    naive
        What the naive forecast says, to be named beside the skill.
    scales
        Shape (n,) or a number, above 0: by what both scores are divided, such as the outcomes' standard deviations at
        the baseline. Scores of several units have no mean without it.

    Raises
    ------
    NotEstimable
        If a score is missing, lists do not fit, or the mean score of the naive forecast is not above 0.

    Notes
    -----
    ``1 − mean(S/scale)/mean(S_naive/scale)`` (Murphy 1988,
    https://doi.org/10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2).

    Examples
    --------
    >>> found = skill([1.0, 2.0], [2.0, 4.0])
    >>> found.skill, found.better
    (0.5, 2)
    """
    own, other, scale = listed(scores, naive_scores, scales)
    positive(scale)
    mean, mean_naive = float(np.mean(own / scale)), float(np.mean(other / scale))
    if mean_naive <= 0:
        raise NotEstimable(Said("scoring.naive_score_not_above_zero"), Said("scoring.naive_that_can_be_wrong"))
    gain = 1 - mean / mean_naive
    better, worse, n = int(np.sum(own < other)), int(np.sum(own > other)), len(own)
    statement = Said(_code(gain), naive=naive, skill=abs(gain), better=better, n=n)
    return Skill(mean, mean_naive, gain, better, worse, n, naive, statement)


def _code(gain: float) -> str:
    """Return which sentence says a skill."""
    return "scoring.skill_better" if gain > 0 else "scoring.skill_not_better"
