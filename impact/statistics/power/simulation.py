"""Power by simulation: draw the data a plan would give, analyse them with the estimator it declares, count.

For what :mod:`impact.statistics.power.closed_form` has no closed form: unequal clusters, shares and counts, attrition
and partial take-up together, and any estimator. :func:`simulate` takes a function of one :class:`Dataset` or a
built-in's name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats
from impact.statistics.power.built_in import BuiltIn, built_in_rows
from impact.statistics.power.plan import Dataset, Plan, check_plan, draw
from impact.words.said import Said

BATCH_VALUES = 4_000_000


@dataclass(frozen=True)
class Simulated:
    """What the estimator did over the replications; Monte Carlo standard errors end in ``_mc``.

    Terms as in Morris, White & Crowther (2019), https://doi.org/10.1002/sim.8086.

    Parameters
    ----------
    truth
        The effect estimated: that of the offer, unless the caller says otherwise.
    replications, n_not_estimable
        Drawn, and of these not estimable: they count as not detected, and not in the other numbers.
    bias, power, coverage
        Mean estimate minus truth; share with a p-value below the level; share of 95 % intervals with the truth inside.
    interval_width, empirical_sd, mean_std_error
        Mean width of the intervals; spread of the estimates; what the estimator says it is, on average.
    """

    truth: float
    replications: int
    n_not_estimable: int
    bias: float
    bias_mc: float
    power: float
    power_mc: float
    coverage: float
    coverage_mc: float
    interval_width: float
    empirical_sd: float
    mean_std_error: float


Estimator = Callable[[Dataset], Estimate]


def simulate(
    plan: Plan,
    estimator: Estimator | BuiltIn,
    *,
    replications: int = 1000,
    seed: int,
    alpha: float = 0.05,
    truth: float | None = None,
) -> Simulated:
    """Return how an estimator performs on data drawn from a plan.

    ``truth`` is the estimand's value; by default the effect of the offer, which the built-in estimators estimate. An
    impossible plan, or one where fewer than two replications can be estimated, raises :class:`NotEstimable`.

    Examples
    --------
    >>> plan = Plan(treated=50, comparison=50, effect=1.0)
    >>> simulate(plan, "difference", replications=200, seed=1).power > 0.95
    True
    """
    if replications < 2:
        raise NotEstimable(
            Said("power.fewer_two_replications_show_no_spread"), Said("power.thousand_replications_more")
        )
    rng = np.random.default_rng(seed)
    true_effect = plan.itt if truth is None else truth
    batches = _batches(plan, rng, replications)
    rows = [_analysed(batch, estimator) for batch in batches]
    results = np.concatenate(rows)
    return summarise(results, true_effect, alpha)


def _batches(plan: Plan, rng: np.random.Generator, replications: int) -> Iterator[Dataset]:
    """Yield the datasets of all replications, as many at once as memory allows."""
    check_plan(plan)
    waves = plan.pre + plan.post
    values = int(plan.cluster_sizes.sum() * waves)
    per_batch = max(1, BATCH_VALUES // values)
    for start in range(0, replications, per_batch):
        size = min(per_batch, replications - start)
        yield draw(plan, rng, size)


def _analysed(batch: Dataset, estimator: Estimator | BuiltIn) -> Floats:
    """Return rows of (estimate, error, p-value, low, high), one for each dataset of a batch."""
    if isinstance(estimator, str):
        return built_in_rows(batch, estimator)
    panels = zip(batch.outcomes, batch.received, strict=True)
    rows = [_row(replace(batch, outcomes=y, received=d), estimator) for y, d in panels]
    return np.array(rows)


def _row(data: Dataset, estimator: Estimator) -> tuple[float, ...]:
    try:
        return row(estimator(data))
    except NotEstimable:
        return row(None)


def row(estimate: Estimate | None) -> tuple[float, ...]:
    """Return (estimate, error, p-value, low, high) of one replication; NaN where it was not estimable.

    Examples
    --------
    >>> row(None)
    (nan, nan, nan, nan, nan)
    """
    if estimate is None:
        return (math.nan,) * 5
    return estimate.estimate, estimate.std_error, estimate.p_value, estimate.conf_low, estimate.conf_high


def summarise(rows: Floats, truth: float, alpha: float) -> Simulated:
    """Summarise rows of (estimate, error, p-value, low, high), NaN where not estimable."""
    finite = np.isfinite(rows).all(axis=1)
    estimable = rows[finite]
    n, n_estimable = len(rows), len(estimable)
    if n_estimable < 2:
        raise NotEstimable(
            Said("power.hardly_any_simulated_dataset_could_estimated"), Said("power.more_persons_clusters_plan")
        )
    estimate, error, p_value, low, high = estimable.T
    # What could not be estimated did not reach significance.
    power = np.sum(p_value < alpha) / n
    holds_truth = (low <= truth) & (truth <= high)
    covered = np.mean(holds_truth)
    spread = np.std(estimate, ddof=1)
    bias, bias_mc = estimate.mean() - truth, spread / np.sqrt(n_estimable)
    n_lost = n - n_estimable
    return Simulated(
        truth,
        n,
        n_lost,
        bias=float(bias),
        bias_mc=float(bias_mc),
        power=float(power),
        power_mc=_share_error(power, n),
        coverage=float(covered),
        coverage_mc=_share_error(covered, n_estimable),
        interval_width=float(np.mean(high - low)),
        empirical_sd=float(spread),
        mean_std_error=float(error.mean()),
    )


def _share_error(share: float, n: int) -> float:
    """Return the standard error of a share of n replications."""
    variance = share * (1 - share) / n
    return float(np.sqrt(variance))
