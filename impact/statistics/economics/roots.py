"""All roots of a sum of powers with real exponents: what internal rates of return are."""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize

from impact.statistics.core import Floats

TOUCH = 1e-13
"""A stationary value below this share of its terms is a root that is touched and not crossed."""


def sign_changes(amounts: Floats) -> int:
    """Return how often neighbours that are not zero differ in sign.

    Examples
    --------
    >>> sign_changes(np.array([-1.0, 0.0, 2.0, -1.0]))
    2
    """
    signs = np.sign(amounts[amounts != 0])
    return int(np.count_nonzero(np.diff(signs)))


def log_roots(amounts: Floats, times: Floats) -> list[float]:
    """Return every u with ``Σ a_i exp(t_i u) = 0``, rising; a double root once.

    Parameters
    ----------
    amounts
        Shape (n,), none zero.
    times
        Shape (n,), strictly rising, need not be whole.

    Notes
    -----
    The proof of Descartes' rule, as a computation. Dividing by ``exp(s u)``, with s between two times where the sign
    changes, moves no root; the derivative then has one change of sign less. Its roots cut the line into pieces on which
    the sum is monotone, so that each holds at most one root. Source: Curtiss (1918), Recent extensions of Descartes'
    rule of signs, https://doi.org/10.2307/1967494.

    Examples
    --------
    >>> [round(math.expm1(-u), 9) for u in log_roots(np.array([-100.0, 230.0, -132.0]), np.arange(3.0))]
    [0.2, 0.1]
    """
    changes = np.flatnonzero(np.diff(np.sign(amounts)))
    if not len(changes):
        return []
    first = int(changes[0])
    middle = (times[first] + times[first + 1]) / 2
    shifted = times - middle
    slopes = amounts * shifted
    scaled = slopes / np.abs(slopes).max()
    # What underflows is no term any more
    there = scaled != 0
    turns = log_roots(scaled[there], shifted[there])
    # Ends beyond which the outermost term rules, so that no root lies there
    inner_low, inner_high = (turns[0], turns[-1]) if turns else (0.0, 0.0)
    low = _beyond(amounts, shifted, inner_low, -1.0)
    high = _beyond(amounts, shifted, inner_high, 1.0)
    return _crossings(amounts, shifted, [low, *turns, high])


def _crossings(amounts: Floats, times: Floats, cuts: list[float]) -> list[float]:
    """Return the roots at the cuts and, where the sign differs at its ends, inside each monotone piece."""
    signs = [_sign(amounts, times, cut) for cut in cuts]
    found = []
    for position, (cut, sign) in enumerate(zip(cuts, signs, strict=True)):
        if sign == 0:
            found.append(cut)
        if position + 1 < len(cuts) and sign * signs[position + 1] < 0:
            ends = (cut, cuts[position + 1])
            root = optimize.brentq(lambda u: _scaled(amounts, times, u), *ends, xtol=1e-16, rtol=1e-15, maxiter=500)
            found.append(float(root))
    return found


def _scaled(amounts: Floats, times: Floats, u: float) -> float:
    """Return the sum as a share of its largest power: the same sign, without overflow."""
    powers = times * u
    return float(amounts @ np.exp(powers - powers.max()))


def _sign(amounts: Floats, times: Floats, u: float) -> int:
    """Return the sign of the sum, zero where it is a residue of rounding."""
    value = _scaled(amounts, times, u)
    size = _scaled(np.abs(amounts), times, u)
    if abs(value) <= TOUCH * size:
        return 0
    return int(math.copysign(1, value))


def _beyond(amounts: Floats, times: Floats, start: float, direction: float) -> float:
    """Return a point from which on the outermost term is larger than all others together."""
    outermost = amounts[-1] if direction > 0 else amounts[0]
    rest = amounts.copy()
    rest[-1 if direction > 0 else 0] = 0
    step = 1.0
    point = start + direction * step
    while abs(outermost) * _weight(times, point, direction) <= _scaled(np.abs(rest), times, point):
        step *= 2
        point = start + direction * step
    return point


def _weight(times: Floats, u: float, direction: float) -> float:
    """Return the power of the outermost term as a share of the largest power."""
    powers = times * u
    outermost = powers[-1] if direction > 0 else powers[0]
    return float(np.exp(outermost - powers.max()))
