"""From an effect on those reached to the territory: weighted sums of effects by the delta method, ratios by Fieller.

Used by ``impact.designs.scaled_effect``; the effects come from any design, each with its error and, where it is
known, the influence of the same units or clusters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, floats, wald
from impact.statistics.economics.fieller import Increment, fieller_set
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
        Quotient of the two estimates, in the unit of the numerator per unit of the denominator.
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
        Observations, and clusters if any, behind the effects.
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
    effects = floats(effects)
    std_errors = floats(std_errors)
    reach = floats(reach)
    errors = np.zeros_like(reach)
    if reach_errors is not None:
        errors = floats(reach_errors)
    _check(effects, std_errors, reach, errors)
    variance, rule = _combined(std_errors, reach, influences)
    # The error of the reach adds to that of the effects: Σ effect² se(r)²
    noise = effects * errors
    of_reach = float(np.sum(noise**2))
    total = float(reach @ effects)
    error = math.sqrt(max(variance + of_reach, 0.0))
    return wald(total, error, rule=rule, n_obs=n_obs, df=df, n_clusters=n_clusters)


def _combined(std_errors: Floats, reach: Floats, influences: Floats | None) -> tuple[float, Said]:
    """Return the variance of ``Σ reach·effect`` from correlations of influences, or its largest where these lack."""
    several = len(std_errors) > 1
    if influences is not None and several:
        squares = np.square(influences).sum(axis=0)
        if bool((squares > 0).all()):
            # r'Σr with Σ_ij = ρ_ij se_i se_j
            weighted = reach * std_errors
            variance = weighted @ correlation(influences) @ weighted
            return float(variance), INFLUENCE
    # The largest that r'Σr can be: all correlations one
    sizes = np.abs(reach)
    largest = float(sizes @ std_errors)
    return largest**2, BOUND if several else ONE_GROUP


def correlation(influences: Floats) -> Floats:
    """Return the correlation of estimates, shape (k, k), from their influences, shape (units, k).

    Examples
    --------
    >>> correlation(np.array([[1.0, 1.0], [-1.0, 1.0]])).tolist()
    [[0.9999999999999998, 0.0], [0.0, 0.9999999999999998]]
    """
    products = influences.T @ influences
    squares = np.diag(products)
    size = np.sqrt(squares)
    units = np.outer(size, size)
    return floats(products / units)


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
    negative = min(numerator_error, denominator_error) < 0
    if not all(math.isfinite(number) for number in numbers) or negative or df <= 0:
        raise NotEstimable(Said("statistics.ratio_not_of_finite_numbers"), Said("statistics.two_estimates_errors"))
    if denominator == 0:
        raise NotEstimable(Said("statistics.denominator_ratio_zero"), Said("statistics.change_not_zero"))
    increment = Increment(numerator, numerator_error, denominator, denominator_error, correlation=0.0)
    found = fieller_set(increment, df=df)
    if found.shape != "interval":
        return Ratio(found.ratio, None, None, unbounded=True)
    return Ratio(found.ratio, found.low, found.high, unbounded=False)


def _check(effects: Floats, std_errors: Floats, reach: Floats, errors: Floats) -> None:
    """Refuse groups that do not fit together, lack a number, or have no error."""
    shapes = {std_errors.shape, reach.shape, errors.shape}
    if effects.ndim != 1 or not len(effects) or {effects.shape} != shapes:
        raise NotEstimable(Said("statistics.effects_and_reach_do_not_fit"), Said("statistics.one_each_every_group"))
    columns = (effects, std_errors, reach, errors)
    finite = [np.isfinite(values).all() for values in columns]
    if not all(finite):
        raise NotEstimable(Said("statistics.effect_error_reach_missing"), Said("statistics.known_numbers_every_group"))
    wrong = (std_errors <= 0) | (errors < 0)
    if wrong.any():
        raise NotEstimable(
            Said("statistics.effect_has_no_positive_standard_error"), Said("statistics.error_every_group")
        )
