"""Jumps where there should be none: placebo cutoffs at the median of each side.

Stands above :mod:`impact.statistics.discontinuity.jump`, whose estimates it repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, floats
from impact.statistics.discontinuity.jump import Discontinuity, Options, regression_discontinuity
from impact.words.said import Remark, Said


@dataclass(frozen=True)
class Labelled:
    """One line of a check: its label, the cutoff or multiple it stands for, and the estimate or why there is none."""

    label: Said
    at: float
    estimate: Estimate | None
    reason: Remark = ""


def placebo_cutoffs(
    outcome: ArrayLike,
    running: ArrayLike,
    *,
    cutoff: float = 0.0,
    clusters: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    **options: Unpack[Options],
) -> tuple[Labelled, Labelled]:
    """Estimate jumps where there should be none: at the median of each side, from that side's data alone.

    A placebo that cannot be estimated keeps its line, with the reason.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.uniform(-1, 1, 400)
    >>> lower, upper = placebo_cutoffs(x + (x >= 0) + rng.normal(size=400) / 4, x)
    >>> lower.at < 0 < upper.at
    True
    """
    y, x = np.asarray(outcome), floats(running)

    def placebo(label: Said, side: NDArray[np.bool_]) -> Labelled:
        """Return the line of one side, whose median is taken for a cutoff."""
        at = float(np.median(x[side])) if side.any() else cutoff
        codes, fixed = _chosen(clusters, side), _chosen(covariates, side)

        def estimate() -> Discontinuity:
            """Return the jump at the median, from this side's data alone."""
            return regression_discontinuity(y[side], x[side], cutoff=at, clusters=codes, covariates=fixed, **options)

        return _line(label, at, estimate)

    lower = placebo(Said("discontinuity.median_below"), x < cutoff)
    upper = placebo(Said("discontinuity.median_above"), x >= cutoff)
    return lower, upper


def _chosen(values: ArrayLike | None, rows: NDArray[np.bool_]) -> NDArray[np.generic] | None:
    """Return some rows of values that may not be there."""
    if values is None:
        return None
    array = np.asarray(values)
    return array[rows]


def _line(label: Said, at: float, estimate: Callable[[], Discontinuity]) -> Labelled:
    """Return a line with the robust estimate, or the reason there is none."""
    try:
        return Labelled(label, at, estimate().robust)
    except NotEstimable as error:
        return Labelled(label, at, None, error.reason)
