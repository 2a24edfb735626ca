"""What published figures of contracts imply, how far rounding lets them be off, and what cannot be recomputed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.economics.checks import above_zero, number, numbers, same_length
from impact.words.said import Said


@dataclass(frozen=True)
class Change:
    """A level against its baseline, where lower is better.

    Parameters
    ----------
    difference
        Baseline less observed, in their unit.
    relative
        Difference as a share of the baseline.
    target_relative
        The same for the target; None without one.
    against_target
        Difference over the one promised; None without a target.
    """

    difference: float
    relative: float
    target_relative: float | None = None
    against_target: float | None = None


def reduction(observed: float, baseline: float, *, target: float | None = None) -> Change:
    """Return by how much an observed level lies below its baseline.

    Parameters
    ----------
    observed, baseline, target
        Levels in one unit, the baseline above zero; the target below it, or None.

    Raises
    ------
    NotEstimable
        If a number is missing, the baseline is not above zero, or the target promises nothing.

    Examples
    --------
    >>> found = reduction(90.0, 100.0, target=95.0)
    >>> found.difference, found.relative, found.against_target
    (10.0, 0.1, 2.0)
    """
    base = above_zero("baseline", baseline)
    difference = base - number("result", observed)
    if target is None:
        return Change(difference, difference / base)
    promised = above_zero("promise", base - number("target", target))
    return Change(difference, difference / base, promised / base, difference / promised)


def level_for(baseline: float, relative: float) -> float:
    """Return the level that a relative reduction asks for.

    Raises
    ------
    NotEstimable
        If a number is missing, or the baseline is not above zero.

    Examples
    --------
    >>> level_for(155.0, 0.1)
    139.5
    """
    base = above_zero("baseline", baseline)
    return base - base * number("share", relative)


def achievement(results: ArrayLike, targets: ArrayLike, weights: ArrayLike, *, most: float | None = None) -> float:
    """Return results over targets, averaged by weight.

    Parameters
    ----------
    results, targets
        Shape (k,), per metric in one unit each; targets above zero. Achievements already computed have targets of 1.
    weights
        Shape (k,), which add up to more than zero.
    most
        Achievement beyond which nothing more counts; None: no such limit.

    Raises
    ------
    NotEstimable
        If a number is missing, or a target is not above zero.

    Examples
    --------
    >>> round(achievement([1.6, 1.16], [1, 1], [0.8, 0.2]), 9), achievement([1.6, 1.16], [1, 1], [0.8, 0.2], most=1)
    (1.512, 1.0)
    """
    found, aims, shares = numbers("result", results), numbers("target", targets), numbers("weights", weights, low=0)
    same_length("target", found, aims, shares)
    for aim in aims.tolist():
        above_zero("target", aim)
    reached = found / aims
    if most is not None:
        reached = reached.clip(max=number("cap", most))
    return float(reached @ shares / above_zero("weights", float(shares.sum())))


def implied_base(effect: float, relative: float) -> float:
    """Return the mean, target or count that an effect and its published percentage imply: their quotient.

    Raises
    ------
    NotEstimable
        If a number is missing, or the percentage is zero.

    Examples
    --------
    >>> round(implied_base(9.9, 0.063), 1)
    157.1
    """
    share = number("share", relative)
    if share == 0:
        raise NotEstimable(Said("economics.share_zero"))
    return number("result", effect) / share


def implied_share(pooled: float, first: float, second: float) -> float:
    """Return the share of the first group that makes a pooled mean of two groups' means.

    A share outside 0 to 1 says that the figures are not of one population.

    Raises
    ------
    NotEstimable
        If a number is missing, or both groups have the same mean.

    Examples
    --------
    >>> implied_share(4.0, 6.0, 2.0)
    0.5
    """
    gap = number("result", first) - number("result", second)
    if gap == 0:
        raise NotEstimable(Said("economics.groups_alike"))
    return (number("result", pooled) - second) / gap


def implied_rest(pooled: float, known: ArrayLike, weights: ArrayLike) -> float:
    """Return the result of the last group that a pooled mean and the other groups' results imply.

    Parameters
    ----------
    pooled
        Mean over all groups.
    known
        Shape (k − 1,), results of all but the last.
    weights
        Shape (k,), sizes of all, above zero.

    Raises
    ------
    NotEstimable
        If a number is missing, or a weight is not above zero.

    Examples
    --------
    >>> round(implied_rest(0.09, [0.084], [1, 1]), 9)
    0.096
    """
    results, sizes = numbers("result", known), numbers("weights", weights, least=2)
    same_length("weights", results, sizes[:-1])
    for size in sizes.tolist():
        above_zero("weights", size)
    total = number("result", pooled) * sizes.sum()
    return float((total - results @ sizes[:-1]) / sizes[-1])


def rounding_range(
    function: Callable[..., float], values: Sequence[float], half_units: Sequence[float]
) -> tuple[float, float]:
    """Return how far a figure computed of rounded figures may be off.

    Parameters
    ----------
    function
        Monotone in each of its arguments.
    values
        The published figures, its arguments.
    half_units
        Half of the last digit of each; 0 where a figure is exact.

    Returns
    -------
    tuple of float
        Smallest and largest value over all corners.

    Raises
    ------
    NotEstimable
        If a figure or a half unit is missing.

    Examples
    --------
    >>> low, high = rounding_range(lambda overall, first: 2 * overall - first, [0.09, 0.084], [0.0005, 0.0005])
    >>> round(low, 4), round(high, 4)
    (0.0945, 0.0975)
    """
    middle, half = numbers("result", values), numbers("half_units", half_units, low=0)
    same_length("half_units", middle, half)
    ends = zip((middle - half).tolist(), (middle + half).tolist(), strict=True)
    corners = [function(*corner) for corner in itertools.product(*ends)]
    return min(corners), max(corners)


def recomputed(what: str, function: Callable[..., float], facts: Mapping[str, float | None]) -> float | NotEstimable:
    """Return a figure recomputed of published facts, or the reason why it cannot be.

    Parameters
    ----------
    what
        The figure, as it is called.
    function
        Of the facts, in their order.
    facts
        By name; None where nobody published it.

    Returns
    -------
    float or NotEstimable
        A number only if every fact is known: nothing is filled in.

    Examples
    --------
    >>> recomputed("multiple", lambda paid, drawn: paid / drawn, {"paid": 4.0, "drawn": 2.0})
    2.0
    >>> print(recomputed("rate", lambda paid, drawn: paid / drawn, {"paid": 4.0, "drawn": None}))
    not estimable because rate is not recomputable: drawn not published; needed: published figures, not guesses
    """
    missing = [name for name, value in facts.items() if value is None]
    if missing:
        reason = Said("economics.not_recomputable", what=what, missing=missing)
        return NotEstimable(reason, Said("economics.published_figures"))
    values = [number("result", value, of=name) for name, value in facts.items()]
    try:
        return function(*values)
    except NotEstimable as refusal:
        return refusal
