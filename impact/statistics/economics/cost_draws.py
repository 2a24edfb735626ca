"""Cost and effect from draws: of a posterior, or of a bootstrap of the units of two arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats
from impact.statistics.economics.checks import count, number, numbers, same_length
from impact.statistics.economics.cost_effectiveness import NetBenefit, Quadrants
from impact.words.said import Remark, Said

DRAWS = Said("economics.by_draws")


@dataclass(frozen=True)
class DrawnRatio:
    """Cost per unit of effect of draws.

    Parameters
    ----------
    ratio
        Mean cost over mean effect; not the mean of the draws' ratios.
    mean_cost, mean_effect
        Means of the draws.
    conf_low, conf_high
        Percentile limits; None where too many draws of the effect lie on the other side of zero.
    reason
        Why a limit is missing; empty if none is.
    rule
        Ratio of means of how many draws.
    """

    ratio: float
    mean_cost: float
    mean_effect: float
    conf_low: float | None
    conf_high: float | None
    rule: Said
    reason: Remark = ""


def bootstrap_increments(
    costs: ArrayLike,
    effects: ArrayLike,
    control_costs: ArrayLike,
    control_effects: ArrayLike,
    *,
    draws: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """Return differences in mean cost and effect between two arms, of units drawn again with replacement.

    Parameters
    ----------
    costs, effects
        Shape (n,), of the units of the arm; a unit keeps its cost and its effect together.
    control_costs, control_effects
        Shape (m,), of the other arm.
    draws
        How many.
    seed
        Of the generator.

    Returns
    -------
    tuple of Floats
        Increments of cost and of effect, shape (draws,) each.

    Raises
    ------
    NotEstimable
        If a number is missing, or an arm has fewer than two units.

    Examples
    --------
    >>> cost, effect = bootstrap_increments([3, 5], [1, 2], [1, 2], [0, 1], draws=4, seed=1)
    >>> cost.shape, effect.shape
    ((4,), (4,))
    """
    rng = np.random.default_rng(seed)
    n = count("draws", draws)
    with_it = _means_again(costs, effects, n, rng)
    without = _means_again(control_costs, control_effects, n, rng)
    cost, effect = (with_it - without).T
    return cost, effect


def _means_again(costs: ArrayLike, effects: ArrayLike, draws: int, rng: np.random.Generator) -> Floats:
    """Return mean cost and effect of units drawn again, shape (draws, 2)."""
    pair = numbers("cost", costs, least=2), numbers("effect", effects, least=2)
    same_length("effect", *pair)
    units = np.column_stack(pair)
    n = len(units)
    means = [units[rng.integers(n, size=n)].mean(axis=0) for _ in range(draws)]
    return np.array(means)


def ratio_of_draws(costs: ArrayLike, effects: ArrayLike, *, level: float = CONFIDENCE) -> DrawnRatio:
    """Return the cost per unit of effect of draws with percentile limits.

    Parameters
    ----------
    costs, effects
        Shape (draws,), increments of cost and effect of the same draw.
    level
        Confidence inside 0 to 1.

    Raises
    ------
    NotEstimable
        If a draw is missing, or the mean effect is zero.

    Notes
    -----
    The ratio of means. For the limits the draws are put in the order of their angle in the plane: those whose effect
    has the other sign than the mean come after all others, above where cost is spent in vain and below where it is
    saved. A limit among them is no number. Source: Briggs, Wonderling and Mooney (1997), Pulling cost-effectiveness
    analysis up by its bootstraps, https://doi.org/10.1002/(SICI)1099-1050(199707)6:4<327::AID-HEC282>3.0.CO;2-W.

    Examples
    --------
    >>> ratio_of_draws([1.0, 3.0], [1.0, 1.0]).ratio
    2.0
    """
    cost, effect = _pair(costs, effects)
    mean_cost, mean_effect = float(cost.mean()), float(effect.mean())
    if mean_effect == 0:
        raise NotEstimable(Said("economics.effect_zero"), Said("economics.net_benefit_instead"))
    number("level", level, low=1e-9, high=1 - 1e-9)
    side = np.sign(mean_effect)
    same = effect * side > 0
    beyond = np.where(cost * side > 0, np.inf, -np.inf)
    ordered = np.divide(cost, effect, out=beyond, where=same)
    low, high = np.quantile(ordered, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    limits = [float(limit) if np.isfinite(limit) else None for limit in (low, high)]
    reason: Remark = "" if None not in limits else Said("economics.effect_changes_sign", share=1 - same.mean())
    rule = Said("economics.ratio_of_means", draws=len(cost))
    return DrawnRatio(mean_cost / mean_effect, mean_cost, mean_effect, limits[0], limits[1], rule, reason)


def net_benefit_of_draws(costs: ArrayLike, effects: ArrayLike, thresholds: ArrayLike) -> NetBenefit:
    """Return the incremental net benefit and the acceptability curve of draws.

    Parameters
    ----------
    costs, effects
        Shape (draws,), increments of cost and effect of the same draw.
    thresholds
        Shape (k,), money that a unit of effect is worth, 0 or more.

    Raises
    ------
    NotEstimable
        If a number is missing, or there are fewer than two draws.

    Notes
    -----
    The curve is the share of draws with ``λ e − c > 0``. Source: Baio and Dawid (2011), Probabilistic sensitivity
    analysis in health economics, https://doi.org/10.1177/0962280211419832.

    Examples
    --------
    >>> net_benefit_of_draws([1.0, 3.0], [1.0, 1.0], [2.0]).acceptable.tolist()
    [0.5]
    """
    cost, effect = _pair(costs, effects)
    worth = numbers("thresholds", thresholds, low=0)
    each = np.outer(worth, effect) - cost
    benefit, errors = each.mean(axis=1), each.std(axis=1, ddof=1)
    shares = (each > 0).mean(axis=1)
    return NetBenefit(worth, benefit, errors, shares, DRAWS)


def quadrants_of_draws(costs: ArrayLike, effects: ArrayLike) -> Quadrants:
    """Return the share of draws in each quadrant of the plane.

    Raises
    ------
    NotEstimable
        If a draw is missing, or there are fewer than two.

    Examples
    --------
    >>> found = quadrants_of_draws([1.0, -1.0], [1.0, 1.0])
    >>> found.north_east, found.south_east
    (0.5, 0.5)
    """
    cost, effect = _pair(costs, effects)
    north, east = cost > 0, effect > 0
    cells = (north & east, ~north & east, ~north & ~east, north & ~east)
    north_east, south_east, south_west, north_west = (float(cell.mean()) for cell in cells)
    return Quadrants(north_east, south_east, south_west, north_west, DRAWS)


def _pair(costs: ArrayLike, effects: ArrayLike) -> tuple[Floats, Floats]:
    """Return draws of cost and effect, two or more of each."""
    cost, effect = numbers("cost", costs, least=2), numbers("effect", effects, least=2)
    same_length("effect", cost, effect)
    return cost, effect
