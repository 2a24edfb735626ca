"""Declared distributions of numbers that are not known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.economics.checks import chosen
from impact.words.said import Said

Family = Literal["normal", "triangular", "uniform", "lognormal", "beta", "student"]
LENGTHS = {"normal": 2, "triangular": 3, "uniform": 2, "lognormal": 2, "beta": 4, "student": 3}


@dataclass(frozen=True)
class Uncertain:
    """What is believed of a number.

    Parameters
    ----------
    family, parameters
        ``normal``: mean, sd. ``student``: centre, scale, degrees of freedom. ``triangular``: low, most likely, high.
        ``uniform``: low, high. ``lognormal``: mean and sd of the logarithm. ``beta``: a, b, low, high. Impossible ones
        raise :class:`NotEstimable`.

    Examples
    --------
    >>> Uncertain("triangular", (0.0, 1.0, 2.0)).mean
    1.0
    """

    family: Family
    parameters: tuple[float, ...]

    def __post_init__(self) -> None:
        chosen("family", self.family, LENGTHS)
        given = self.parameters
        wrong = Said("economics.impossible_distribution", family=self.family, parameters=given)
        if len(given) != LENGTHS[self.family] or not all(map(math.isfinite, given)):
            raise NotEstimable(wrong)
        if not _possible(self.family, given):
            raise NotEstimable(wrong, Said("economics.spread_above_zero"))

    def frozen(self) -> Any:
        """Return the SciPy distribution."""
        a, b, *more = self.parameters
        if self.family == "normal":
            return stats.norm(a, b)
        if self.family == "student":
            return stats.t(more[0], a, b)
        if self.family == "uniform":
            return stats.uniform(a, b - a)
        if self.family == "lognormal":
            return stats.lognorm(b, scale=math.exp(a))
        if self.family == "triangular":
            width = more[0] - a
            return stats.triang((b - a) / width, a, width)
        return stats.beta(a, b, more[0], more[1] - more[0])

    @property
    def mean(self) -> float:
        """Mean."""
        return float(self.frozen().mean())

    @property
    def ends(self) -> tuple[float, float]:
        """Smallest and largest possible value."""
        low, high = self.frozen().support()
        return float(low), float(high)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the central interval that holds a share of the distribution."""
        low, high = self.frozen().interval(level)
        return float(low), float(high)

    def draw(self, rng: np.random.Generator, draws: int) -> Floats:
        """Return draws, shape (draws,)."""
        return floats(self.frozen().rvs(size=draws, random_state=rng))


def _possible(family: Family, parameters: tuple[float, ...]) -> bool:
    """Tell whether a distribution with these parameters exists and has a spread."""
    first, second, *more = parameters
    if family in ("normal", "lognormal", "student"):
        return second > 0 and all(df > 0 for df in more)
    if family == "uniform":
        return first < second
    if family == "triangular":
        return first <= second <= more[0] and first < more[0]
    return first > 0 and second > 0 and more[0] < more[1]
