"""How much a pooled effect owes to each study: the pooling again without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.statistics.core import Floats, floats
from impact.statistics.meta.between import Method, studies
from impact.statistics.meta.pooled import Interval, Pooled, pool


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The pooling of all studies but one, for each study in its order; all shape (k,).

    Parameters
    ----------
    effects, std_errors, low, high, p_values
        Mean of the others, with its error, 95 % interval and p-value.
    tau2, i2, q
        Spread of the others.
    """

    effects: Floats
    std_errors: Floats
    low: Floats
    high: Floats
    p_values: Floats
    tau2: Floats
    i2: Floats
    q: Floats


def leave_one_out(
    estimates: Floats, std_errors: Floats, *, method: Method = "REML", interval: Interval = "adhoc"
) -> LeftOut:
    """Return the pooled effect without each study in turn.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.
    method, interval
        As in :func:`~impact.statistics.meta.pooled.pool`.

    Notes
    -----
    τ² is estimated anew each time (Viechtbauer & Cheung 2010, https://doi.org/10.1002/jrsm.11).

    Raises
    ------
    NotEstimable
        With fewer than three studies, or as :func:`~impact.statistics.meta.pooled.pool`.

    Examples
    --------
    >>> found = leave_one_out(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1]))
    >>> found.effects.round(2).tolist()
    [0.5, 0.4, 0.3]
    """
    sample = studies(estimates, std_errors, fewest=3)
    errors = np.sqrt(sample.variance)
    others = [np.arange(sample.k) != place for place in range(sample.k)]
    found = [pool(sample.y[rest], errors[rest], method=method, interval=interval) for rest in others]
    rows = np.array([_row(pooled) for pooled in found])
    return LeftOut(*map(floats, rows.T))


def _row(pooled: Pooled) -> tuple[float, ...]:
    """Return one row of the table."""
    effect, spread = pooled.effect, pooled.spread
    numbers = effect.estimate, effect.std_error, effect.conf_low, effect.conf_high, effect.p_value
    return *numbers, spread.tau2, spread.i2, spread.q
