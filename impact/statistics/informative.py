"""Which rows say anything beside absorbed effects: the one rule of what counts as a unit, cluster, period or start.

Every estimator with unit and period effects asks here before it counts: :mod:`impact.estimate.panel` (rows summed by
the database), :mod:`impact.designs.staggered.adopters`, and what stands on
:class:`impact.statistics.panels.adoption.Panel`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impact.statistics.core import Ints

Bools = NDArray[np.bool_]


def informative(rows: Ints | Bools, times: Ints | None = None, *, periods: bool = True) -> tuple[Bools, Bools]:
    """Return the units and the periods that have rows which effects of units and periods do not fit perfectly.

    Parameters
    ----------
    rows
        Shape (n, T): rows of each unit in each period.
    times
        Shape (n,): how many units are alike in this, or None for one each.
    periods
        Whether periods have effects too; if not, all stay.

    Returns
    -------
    tuple
        Units that stay, shape (n,), and periods that stay, shape (T,). A row stays if both of its own do.

    Notes
    -----
    The only row of a unit, or of a period, is fitted by its effect whatever it holds: it moves no coefficient and no
    residual, but would be counted as an observation, a cluster or a start. It goes, and so, in turn, does what is then
    alone. A unit or period loses its last row with itself, so the rows that stay are those of units and periods that
    stay: the 2-core of the graph that joins units and periods. What each row then says is a matter of degree.

    References
    ----------
    Correia, S. (2015). Singletons, cluster-robust standard errors and fixed effects: a bad mix.
    http://scorreia.com/research/singletons.pdf

    Examples
    --------
    >>> units, periods = informative(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    >>> units.tolist(), periods.tolist()
    ([True, True, False], [True, True, False])
    """
    counts = np.asarray(rows, dtype=np.int64)
    n_units, n_periods = counts.shape
    alike = times
    if alike is None:
        alike = np.ones(n_units, dtype=np.int64)
    in_units = np.ones(n_units, dtype=bool)
    in_periods = np.ones(n_periods, dtype=bool)
    # Leave out singletons (Correia) until nothing changes: what is left is the 2-core
    while True:
        by_unit = counts[:, in_periods].sum(axis=1)
        several = by_unit > 1
        units = in_units & several
        by_period = alike[units] @ counts[units]
        remaining = in_periods
        if periods:
            remaining = in_periods & (by_period > 1)
        same_units = np.array_equal(units, in_units)
        if same_units and np.array_equal(remaining, in_periods):
            return in_units, in_periods
        in_units, in_periods = units, remaining
