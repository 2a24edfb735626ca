"""The smallest and the largest value there can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

RELATIVE = 1e-9
"""By how much of itself a figure may miss another and still be called the same."""


class Limits(NamedTuple):
    """The smallest and the largest value there can be; infinite where there is no such limit."""

    low: float = -math.inf
    high: float = math.inf

    def hold(self, value: float) -> bool:
        """Tell whether a value lies within them, but for rounding."""
        slack = slack_of(value)
        return self.low - slack <= value <= self.high + slack

    def of_differences(self) -> Limits:
        """Return the limits of the difference of two such values.

        Examples
        --------
        >>> Limits(0.0, 1.0).of_differences()
        Limits(low=-1.0, high=1.0)
        """
        return Limits(self.low - self.high, self.high - self.low)


ANYTHING = Limits()
SHARE = Limits(0.0, 1.0)
NEVER_NEGATIVE = Limits(0.0)
LimitsOf = Callable[[str], Limits]
"""The limits of a column, by its name."""


def slack_of(figure: float) -> float:
    """Return by how much a value may miss a figure."""
    return RELATIVE * max(abs(figure), 1.0)
