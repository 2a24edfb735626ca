"""What a formula gives, and what it may take: a value with its uncertainty, and how often each value stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from impact.words.said import Said

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPLETE = Said("values.complete_count")
SMALL_N = 30
REACHED = 1 - 1e-12
"""How much of a share of weights must be reached: sums of weights are known no better."""


@dataclass(frozen=True)
class Measured:
    """A value and what is known of its uncertainty; None where it is not known."""

    value: float | None
    std_error: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    n_clusters: int | None = None
    method: Said = COMPLETE
    flags: tuple[str, ...] = ()

    def flagged(self, *flags: str) -> Measured:
        """Return the value with further flags."""
        return replace(self, flags=(*self.flags, *flags)) if flags else self


@dataclass(frozen=True)
class ValueCounts:
    """How often each value stands among the rows of a part.

    Parameters
    ----------
    values
        Shape (k,): distinct values in ascending order; numbers that stand for texts where the formula writes its rows
        as text.
    counts
        Shape (k,): rows with each value, or the sum of their weights.
    weighted
        Whether ``counts`` are sums of weights.
    designed
        Whether strata or clusters are declared, under which an interval for a simple random sample would be wrong.
    """

    values: NDArray[Any]
    counts: NDArray[np.float64]
    weighted: bool
    designed: bool
