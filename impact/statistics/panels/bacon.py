"""Goodman-Bacon's decomposition of a two-way fixed effects coefficient into its 2×2 comparisons.

Says what :mod:`impact.statistics.linear.two_way` averages when units start at different times: which comparisons, how
much each weighs, and how much weight lies on comparisons with units that were treated before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints
from impact.words.said import Said

NEVER = "treated vs never treated"
EARLIER = "earlier vs later treated"
LATER = "later vs earlier treated"
ALWAYS = "treated vs always treated"


@dataclass(frozen=True)
class Comparison:
    """One 2×2 difference-in-differences.

    Parameters
    ----------
    kind
        ``treated vs never treated``, ``earlier vs later treated``, ``later vs earlier treated`` or ``treated vs always
        treated``. The last two compare with units already treated.
    treated, control
        Start positions of the cohort that changes and of the one compared with; ``inf`` for never.
    estimate
        In the unit of the outcome.
    weight
        Share in the coefficient; not negative, and all sum to one.
    """

    kind: str
    treated: float
    control: float
    estimate: float
    weight: float


@dataclass(frozen=True)
class Bacon:
    """The decomposition.

    Parameters
    ----------
    coefficient
        The two-way fixed effects coefficient, ``Σ weight · estimate``.
    comparisons
        All comparisons with a weight, by pairs of cohorts in the order of their starts.
    forbidden
        Weight of the comparisons with units already treated.
    """

    coefficient: float
    comparisons: tuple[Comparison, ...]
    forbidden: float


def bacon_decomposition(means: Floats, counts: Ints, starts: Floats) -> Bacon:
    """Decompose the two-way fixed effects coefficient of a treatment that starts and then stays.

    Parameters
    ----------
    means
        Shape (C, T): mean outcome of each cohort in each period, in order of time.
    counts
        Shape (C, T): units of each cohort observed in each period.
    starts
        Shape (C,): position 0 … T−1 of the first treated period of each cohort, 0 for always treated; ``inf`` or any
        position from T on for never.

    Raises
    ------
    NotEstimable
        If the panel is not balanced, a mean is missing, or no two cohorts can be compared.

    Notes
    -----
    With n_k units in cohort k and D_k the share of periods in which it is treated, the weights are proportional to
    ``n_k n_U D_k (1 − D_k)`` against never (or always) treated units, and for k earlier than l to
    ``n_k n_l (D_k − D_l)(1 − D_k)`` (k against l not yet treated) and ``n_k n_l D_l (D_k − D_l)`` (l against k).

    Assumptions
        None: it is arithmetic. Each estimate is an effect if trends are parallel in its two cohorts; comparisons with
        units already treated also need effects that do not change over time.

    References
    ----------
    Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing, Journal of Econometrics 225,
    https://doi.org/10.1016/j.jeconom.2021.03.014

    Examples
    --------
    >>> means = np.array([[1.0, 4.0, 5.0], [1.0, 2.0, 3.0]])
    >>> result = bacon_decomposition(means, np.full((2, 3), 10), np.array([1.0, np.inf]))
    >>> result.coefficient, result.forbidden
    (2.0, 0.0)
    """
    means, sizes, starts = _merged(means, counts, starts)
    periods = means.shape[1]
    comparisons = []
    for early, late in combinations(range(len(starts)), 2):
        pair = [early, late]
        of_pair = means[pair], sizes[pair], starts[pair]
        comparisons += _pair(*of_pair, periods)
    total = sum(comparison.weight for comparison in comparisons)
    if not total:
        raise NotEstimable(Said("panels.no_different_starts"), Said("panels.cohorts_start_different_times"))
    shares = tuple(replace(comparison, weight=comparison.weight / total) for comparison in comparisons)
    products = [share.weight * share.estimate for share in shares]
    coefficient = sum(products)
    with_treated = [share for share in shares if share.kind in {LATER, ALWAYS}]
    forbidden = sum(share.weight for share in with_treated)
    return Bacon(float(coefficient), shares, float(forbidden))


def _merged(means: Floats, counts: Ints, starts: Floats) -> tuple[Floats, Floats, Floats]:
    """Return means, sizes and starts with one cohort per start, in order of start, never treated last."""
    _refuse_unbalanced(means, counts, starts)
    within = starts < means.shape[1]
    starts = np.where(within, starts, np.inf)
    distinct, codes = np.unique(starts, return_inverse=True)
    cohorts = np.arange(len(distinct))
    belongs = (codes == cohorts[:, None]).astype(np.float64)
    units = counts[:, 0]
    sizes = belongs @ units
    weights = belongs * units
    totals = weights @ means
    return totals / sizes[:, None], sizes, distinct


def _refuse_unbalanced(means: Floats, counts: Ints, starts: Floats) -> None:
    """Refuse starts that are no positions, cohorts not observed as a whole in every period, and missing means."""
    finite = np.isfinite(starts)
    wrong = np.isnan(starts) | (starts < 0)
    between = starts[finite] % 1 > 0
    if wrong.any() or between.any():
        raise NotEstimable(Said("panels.start_not_position_time"), Said("panels.positions_0_t_1_infinity_never"))
    units = counts[:, :1]
    changing = np.any(counts != units, axis=1)
    uneven = np.flatnonzero(changing | (units[:, 0] <= 0))
    if len(uneven):
        start = starts[uneven[0]]
        raise NotEstimable(Said("panels.panel_not_balanced", start=start), Said("panels.all_units_all_periods"))
    if not np.all(np.isfinite(means)):
        raise NotEstimable(Said("panels.cohort_without_mean_outcome"), Said("panels.outcomes_all_units_all_periods"))


def _pair(means: Floats, sizes: Floats, starts: Floats, periods: int) -> list[Comparison]:
    """Return the comparisons of an earlier and a later cohort, with weights that do not yet sum to one."""
    early, late = means
    earlier, later = map(float, starts)
    start, end = int(earlier), int(min(later, periods))
    between = end - start
    both = sizes[0] * sizes[1]
    # Theorem 1: n_k n_l (D_k − D_l)(1 − D_k), and n_k n_l D_l (D_k − D_l), with shares of treated periods D
    first = between / periods * start / periods * both
    second = (periods - end) / periods * between / periods * both
    comparisons = []
    if first > 0:
        gap = (early - late)[:end]
        kind = NEVER if end == periods else EARLIER
        estimate = _step(gap, start)
        comparisons.append(Comparison(kind, earlier, later, estimate, float(first)))
    if second > 0:
        gap = (late - early)[start:]
        kind = ALWAYS if start == 0 else LATER
        estimate = _step(gap, between)
        comparisons.append(Comparison(kind, later, earlier, estimate, float(second)))
    return comparisons


def _step(gap: Floats, at: int) -> float:
    """Return the mean of the gap between two cohorts from a period on, less its mean before."""
    before_start, since_start = gap[:at], gap[at:]
    return float(since_start.mean() - before_start.mean())
