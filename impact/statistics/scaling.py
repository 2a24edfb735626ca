"""From an effect on those reached to the territory: weighted sums of effects by the delta method, ratios by Fieller.

Used by ``impact.estimate.designs.scaled``; the effects come from any design, each with its error and, where it is
known, the influence of the same units or clusters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Estimate, Floats, t_quantile, wald
from impact.words.said import Said

INFLUENCE = Said("rule.delta_method_covariance_influence")
BOUND = Said("rule.delta_method_errors_added_up_covariance_groups")
ONE_GROUP = Said("rule.delta_method")


@dataclass(frozen=True)
class Ratio:
    """A ratio of two numbers with Fieller's set of values that the data do not reject.

    Parameters
    ----------
    ratio
        Of the two estimates.
    conf_low, conf_high
        95 % limits; None where the set is not an interval.
    unbounded
        Whether the denominator cannot be told from zero, so that the set has no end.
    """

    ratio: float
    conf_low: float | None
    conf_high: float | None
    unbounded: bool


def scaled_sum(
    effects: Floats,
    std_errors: Floats,
    reach: Floats,
    *,
    n_obs: int,
    df: float = math.inf,
    influences: Floats | None = None,
    reach_errors: Floats | None = None,
    n_clusters: int | None = None,
) -> Estimate:
    """Return ``Σ reach·effect`` over groups, with its error.

    Parameters
    ----------
    effects, std_errors
        Shape (k,), per person, one for each group; errors positive.
    reach
        Shape (k,), people reached in each group (or their share of the population).
    n_obs, n_clusters
        Behind the effects.
    df
        Degrees of freedom of the t reference; the smallest of the groups' is safe.
    influences
        Shape (units, k), of the same units or clusters on each effect, zero where a unit has none; None where it is
        not known.
    reach_errors
        Shape (k,), standard errors of reach, independent of each other and of the effects; None if reach is exact.

    Raises
    ------
    NotEstimable
        If shapes or numbers are unusable.

    Notes
    -----
    ``Var = r'Σr + Σ effect²·se(r)²`` with ``Σ_ij = ρ_ij·se_i·se_j``. ρ is the correlation of the influences,
    ``Σψ_iψ_j / √(Σψ_i²·Σψ_j²)``, so that each group keeps the small-sample rule of its own error. Without influences
    ``r'Σr`` is replaced by its largest value, ``(Σ|r|·se)²``. Reference: Oehlert (1992), A note on the delta method,
    https://doi.org/10.1080/00031305.1992.10475842.

    Examples
    --------
    >>> scaled_sum(np.array([2.0]), np.array([0.5]), np.array([10.0]), n_obs=40).std_error
    5.0
    """
    effects, std_errors, reach = (np.asarray(each, dtype=np.float64) for each in (effects, std_errors, reach))
    errors = np.zeros_like(reach) if reach_errors is None else np.asarray(reach_errors, dtype=np.float64)
    _check(effects, std_errors, reach, errors)
    known = influences is not None and len(effects) > 1 and bool((np.square(influences).sum(axis=0) > 0).all())
    if known and influences is not None:
        weighted = reach * std_errors
        variance = float(weighted @ correlation(influences) @ weighted)
    else:
        variance = float(np.abs(reach) @ std_errors) ** 2
    variance += float(np.sum((effects * errors) ** 2))
    rule = ONE_GROUP if len(effects) == 1 else INFLUENCE if known else BOUND
    total = float(reach @ effects)
    return wald(total, math.sqrt(max(variance, 0.0)), rule=rule, n_obs=n_obs, df=df, n_clusters=n_clusters)


def correlation(influences: Floats) -> Floats:
    """Return the correlation of estimates, shape (k, k), from their influences, shape (units, k)."""
    products = influences.T @ influences
    size = np.sqrt(np.diag(products))
    return np.asarray(products / np.outer(size, size), dtype=np.float64)


def fieller(
    numerator: float, numerator_error: float, denominator: float, denominator_error: float, *, df: float = math.inf
) -> Ratio:
    """Return the ratio of two independent estimates with Fieller's 95 % limits.

    Parameters
    ----------
    numerator, denominator
        Estimates, roughly normal and independent of each other.
    numerator_error, denominator_error
        Standard errors; zero if known exactly.
    df
        Degrees of freedom of the t reference.

    Raises
    ------
    NotEstimable
        If the denominator is zero, or a number is unusable.

    Notes
    -----
    The limits hold every θ with ``(a − θb)² ≤ t²·(se_a² + θ²·se_b²)``. It is an interval if ``b² > t²·se_b²``; if
    not, the denominator may be zero and the set has no end. Reference: Fieller (1954), Some problems in interval
    estimation, https://www.jstor.org/stable/2984043.

    Examples
    --------
    >>> fieller(4.0, 0.0, 2.0, 0.0)
    Ratio(ratio=2.0, conf_low=2.0, conf_high=2.0, unbounded=False)
    """
    numbers = (numerator, numerator_error, denominator, denominator_error)
    if not all(math.isfinite(number) for number in numbers) or min(numerator_error, denominator_error) < 0 or df <= 0:
        raise NotEstimable(Said("statistics.ratio_not_of_finite_numbers"), Said("statistics.two_estimates_errors"))
    if denominator == 0:
        raise NotEstimable(Said("statistics.denominator_ratio_zero"), Said("statistics.change_not_zero"))
    ratio = numerator / denominator
    t = t_quantile(0.5 + CONFIDENCE / 2, df)
    a, b = (t * numerator_error / denominator) ** 2, (t * denominator_error / denominator) ** 2
    if b >= 1:
        return Ratio(ratio, None, None, unbounded=True)
    half = math.sqrt(a * (1 - b) + b * ratio**2)
    return Ratio(ratio, (ratio - half) / (1 - b), (ratio + half) / (1 - b), unbounded=False)


def _check(effects: Floats, std_errors: Floats, reach: Floats, errors: Floats) -> None:
    if effects.ndim != 1 or not len(effects) or {effects.shape} != {std_errors.shape, reach.shape, errors.shape}:
        raise NotEstimable(Said("statistics.effects_and_reach_do_not_fit"), Said("statistics.one_each_every_group"))
    if not all(np.isfinite(each).all() for each in (effects, std_errors, reach, errors)):
        raise NotEstimable(Said("statistics.effect_error_reach_missing"), Said("statistics.known_numbers_every_group"))
    if (std_errors <= 0).any() or (errors < 0).any():
        raise NotEstimable(
            Said("statistics.effect_has_no_positive_standard_error"), Said("statistics.error_every_group")
        )
