"""Net benefit, the plane of cost and effect, and the acceptability curve, of two estimates that are roughly normal.

Of draws, see :mod:`impact.statistics.economics.cost_draws`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from impact.statistics.core import Floats, floats
from impact.statistics.economics.checks import numbers
from impact.statistics.economics.fieller import Increment
from impact.words.said import Said

NORMAL = Said("economics.by_normal")
NODES = 200
_legendre = cache(np.polynomial.legendre.leggauss)


@dataclass(frozen=True)
class NetBenefit:
    """Incremental net benefit at each value of a unit of effect, and how likely it is above zero.

    Parameters
    ----------
    thresholds
        Shape (k,), money that a unit of effect is worth.
    benefit, std_error
        Shape (k,), value of the effect less the cost, and its standard error (of draws: their standard deviation).
    acceptable
        Shape (k,), the acceptability curve: probability that the net benefit is above zero.
    rule
        Whether it is of normal estimates or of draws.
    """

    thresholds: Floats
    benefit: Floats
    std_error: Floats
    acceptable: Floats
    rule: Said


@dataclass(frozen=True)
class Quadrants:
    """Probabilities of the quadrants of the plane, effect to the east, cost to the north; they add up to one.

    Parameters
    ----------
    north_east, south_east
        More effect at more cost; more effect at less (dominant).
    south_west, north_west
        Less effect at less cost; less effect at more (dominated).
    rule
        Whether they are of normal estimates or of draws. No difference at all counts as less.
    """

    north_east: float
    south_east: float
    south_west: float
    north_west: float
    rule: Said


def net_benefit(increment: Increment, thresholds: ArrayLike) -> NetBenefit:
    """Return the incremental net benefit and the acceptability curve of normal estimates.

    Parameters
    ----------
    increment
        Cost and effect with errors and correlation.
    thresholds
        Shape (k,), money that a unit of effect is worth, 0 or more.

    Raises
    ------
    NotEstimable
        If a threshold is missing or negative.

    Notes
    -----
    ``λ e − c`` with variance ``λ² se_e² − 2 λ cov + se_c²``; the curve is ``Φ(benefit / error)``, from ``P(cost < 0)``
    at λ = 0 to ``P(effect > 0)``. Source: Stinnett and Mullahy (1998), Net health benefits,
    https://doi.org/10.1177/0272989X98018002S09.

    Examples
    --------
    >>> found = net_benefit(Increment(1200.0, 300.0, 0.08, 0.02, correlation=0.3), [20000.0])
    >>> float(found.benefit[0]), round(float(found.acceptable[0]), 4)
    (400.0, 0.8285)
    """
    worth = numbers("thresholds", thresholds, low=0)
    benefit = worth * increment.effect - increment.cost
    of_effect = worth * increment.effect_error
    crossed = 2 * worth * increment.covariance
    variance = of_effect**2 - crossed + increment.cost_error**2
    errors = np.sqrt(np.clip(variance, 0, None))
    return NetBenefit(worth, benefit, errors, _above_zero(benefit, errors), NORMAL)


def acceptability_limits(increment: Increment) -> tuple[float, float]:
    """Return where the acceptability curve begins and ends: ``P(cost < 0)`` and ``P(effect > 0)``.

    Examples
    --------
    >>> acceptability_limits(Increment(0.0, 300.0, 0.0, 0.02, correlation=0.3))
    (0.5, 0.5)
    """
    means = np.array([-increment.cost, increment.effect])
    errors = np.array([increment.cost_error, increment.effect_error])
    at_zero, at_infinity = _above_zero(means, errors)
    return float(at_zero), float(at_infinity)


def quadrants(increment: Increment) -> Quadrants:
    """Return the probability of each quadrant of the plane under a bivariate normal.

    Parameters
    ----------
    increment
        Cost and effect with errors and correlation.

    Notes
    -----
    ``P(X > 0, Y > 0) = Φ(h) Φ(k) + (1/2π) ∫₀^{asin ρ} exp(−(h² + k² − 2 h k sin θ) / (2 cos² θ)) dθ``, by 200 points of
    Gauss and Legendre. Source: Drezner and Wesolowsky (1990), On the computation of the bivariate normal integral,
    https://doi.org/10.1080/00949659008811236.

    Examples
    --------
    >>> round(quadrants(Increment(0.0, 1.0, 0.0, 1.0, correlation=0.5)).north_east, 6)
    0.333333
    """
    means = np.array([increment.effect, increment.cost])
    errors = np.array([increment.effect_error, increment.cost_error])
    east, north = _above_zero(means, errors)
    # What is not more is less: without error a difference of nothing counts as less
    west, south = np.where(errors > 0, _above_zero(-means, errors), 1 - _above_zero(means, errors))
    surplus = _shared(means, errors, increment.correlation)
    cells = [east * north + surplus, east * south - surplus, west * south + surplus, west * north - surplus]
    north_east, south_east, south_west, north_west = (float(max(cell, 0.0)) for cell in cells)
    return Quadrants(north_east, south_east, south_west, north_west, NORMAL)


def _shared(means: Floats, errors: Floats, correlation: float) -> float:
    """Return by how much correlation makes both signs agree more often than if they were independent."""
    if correlation == 0 or (errors == 0).any():
        return 0.0
    h, k = means / errors
    nodes, weights = _legendre(NODES)
    half = math.asin(correlation) / 2
    angles = half * (nodes + 1)
    exponent = h**2 + k**2 - 2 * h * k * np.sin(angles)
    heights = np.exp(-exponent / (2 * np.cos(angles) ** 2))
    return float(half * (weights @ heights) / (2 * math.pi))


def _above_zero(means: Floats, errors: Floats) -> Floats:
    """Return the probabilities that normal values lie above zero; 0 or 1 without error."""
    certain = (means > 0).astype(np.float64)
    z = np.divide(means, errors, out=np.zeros_like(means), where=errors > 0)
    return floats(np.where(errors > 0, special.ndtr(z), certain))
