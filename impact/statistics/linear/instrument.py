"""Assignment as an instrument for treatment received: two-stage least squares with one binary instrument.

Stands on :mod:`impact.statistics.linear.least_squares` and :mod:`impact.statistics.linear.sandwich`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable, UsageError
from impact.statistics.core import CONFIDENCE, Estimate, Floats, floats, t_quantile
from impact.statistics.linear.least_squares import Fit, binary, check_lengths, fit
from impact.statistics.linear.sandwich import ROUNDING, coefficient
from impact.words.said import Said, Text

WEAK_BELOW = 23.1
RECEIVED, ASSIGNMENT = Said("statistics.treatment_received"), Said("statistics.assignment")
RULES = ("classical", "HC0", "HC1", "CR0", "CR1")


@dataclass(frozen=True, eq=False)
class InstrumentResult:
    """The effect of treatment on those whom assignment moved, and how strongly it moved them.

    Parameters
    ----------
    late
        The effect on compliers, in the unit of the outcome.
    first_stage
        The effect of assignment on the share that received treatment: the share of compliers.
    f_statistic
        Robust F of assignment in the first stage; with one instrument the effective F of Montiel Olea and Pflueger.
    anderson_rubin
        95 % confidence set that is valid whatever the strength of the instrument; ``(-inf, inf)`` if nothing is
        excluded, None if the set is not an interval (two rays).
    p_value_ar
        Anderson–Rubin test that the effect is zero: the test of the effect of assignment on the outcome.
    weak
        Whether ``f_statistic`` is below 23.1; then report ``anderson_rubin``, not the interval of ``late``.
    received_if_assigned, received_if_not
        Shares, weighted but not adjusted for covariates.
    """

    late: Estimate
    first_stage: Estimate
    f_statistic: float
    anderson_rubin: tuple[float, float] | None
    p_value_ar: float
    weak: bool
    received_if_assigned: float
    received_if_not: float


def two_stage_least_squares(
    outcome: Floats,
    received: NDArray[Any],
    assigned: NDArray[Any],
    exogenous: Floats,
    *,
    names: Sequence[Text],
    weights: Floats | None = None,
    errors: str = "HC1",
    clusters: Sequence[NDArray[Any]] = (),
) -> InstrumentResult:
    """Estimate the local average treatment effect by two-stage least squares.

    Parameters
    ----------
    outcome
        Shape (n,), in any unit, without missing values.
    received, assigned
        Shape (n,): 1 if treatment was received, or assigned, 0 if not: the endogenous column, and the instrument.
    exogenous
        Shape (n, p): the constant (or dummies that add up to it) and covariates measured before assignment.
    names
        The p names of its columns.
    weights
        Shape (n,): positive sampling weights, whose scale does not matter.
    errors, clusters
        ``classical``, ``HC0``, ``HC1``, or ``CR0``, ``CR1`` with labels as in
        :func:`impact.statistics.linear.sandwich.contrast`. The others have no agreed form for two stages.

    Returns
    -------
    InstrumentResult
        Assumes that assignment is as good as random, works only through treatment received, and keeps nobody from it.
        With covariates the effect is a weighted mean of the compliers' effects.

    Raises
    ------
    NotEstimable
        If either variable does not vary, nobody assigned received treatment, assignment does not raise or fully decides
        what was received, and as :func:`impact.statistics.linear.least_squares.fit` and
        :func:`impact.statistics.linear.sandwich.contrast`.
    UsageError
        With another rule for errors, or exogenous columns without a constant.

    Notes
    -----
    ``b = (X̂'WX)⁻¹ X̂'Wy`` with ``X̂`` the columns with treatment received replaced by its first stage;
    ``V = (X̂'WX̂)⁻¹ (Σ s s') (X̂'WX̂)⁻¹`` with scores ``w x̂ (y − Xb)`` and the factors and t of least squares. Without
    covariates the effect is the Wald ratio. The Anderson–Rubin set holds each b for which the t of assignment in the
    regression of ``y − b·received`` is below its critical value. Below an F of 23.1 the bias may pass 10 % of its
    worst case.

    References
    ----------
    Imbens, Angrist (1994), https://doi.org/10.2307/2951620. Montiel Olea, Pflueger (2013),
    https://doi.org/10.1080/00401706.2013.806694. Andrews, Stock, Sun (2019),
    https://doi.org/10.1146/annurev-economics-080218-025643.

    Examples
    --------
    >>> assigned, received = np.array([1, 1, 1, 1, 0, 0, 0, 0]), np.array([1, 1, 1, 0, 0, 0, 0, 1])
    >>> outcome = np.array([5.0, 6.0, 4.0, 2.0, 1.0, 2.0, 3.0, 5.0])
    >>> result = two_stage_least_squares(outcome, received, assigned, np.ones((8, 1)), names=["constant"])
    >>> round(result.late.estimate, 2), result.first_stage.estimate, result.weak
    (3.0, 0.5000000000000001, True)
    """
    if errors not in RULES:
        raise UsageError(f"two stages take one of {', '.join(RULES)}; got {errors}")
    treated = binary(received, RECEIVED)
    offered = binary(assigned, ASSIGNMENT)
    check_lengths(len(offered), outcome=outcome, received=treated, exogenous=exogenous)
    instruments = floats(exogenous)
    columns = np.column_stack([instruments, offered])
    labels = [*names, "assigned"]
    # Both on the instruments: the reduced form (outcome), and the first stage (treatment received)
    stages = [fit(y, columns, labels, weights=weights) for y in (outcome, treated)]
    _refuse_no_constant(columns[:, :-1])
    shares = _take_up(treated, offered, stages[1])
    reduced, first = (coefficient(stage, "assigned", errors=errors, clusters=clusters) for stage in stages)
    if first.estimate <= 0:
        raise NotEstimable(Said("linear.assignment_does_not_raise_receipt"), Said("linear.assignment_that_does"))
    y = floats(outcome)
    structural = _structural(y, treated, stages[1])
    covariance = _covariance(stages, reduced, first, errors, clusters)
    interval = _anderson_rubin(reduced, first, covariance)
    late = coefficient(structural, "received", errors=errors, clusters=clusters)
    f_statistic = first.statistic**2
    return InstrumentResult(
        late,
        first,
        f_statistic,
        interval,
        reduced.p_value,
        f_statistic < WEAK_BELOW,
        *shares,
    )


def _refuse_no_constant(exogenous: Floats) -> None:
    """Refuse columns whose span does not hold the constant."""
    ones = np.ones(len(exogenous))
    projection = np.linalg.lstsq(exogenous, ones)[0]
    remainder = ones - exogenous @ projection
    tolerance = 1e-6 * np.linalg.norm(ones)
    distance = np.linalg.norm(remainder)
    if distance > tolerance:
        raise UsageError("the exogenous columns need a constant, or dummies that add up to one")


def _take_up(treated: Floats, offered: Floats, first: Fit) -> tuple[float, float]:
    """Return the shares that received treatment if assigned and if not, refusing those that identify nothing."""
    assigned = _share(treated, offered == 1, first.weights)
    not_assigned = _share(treated, offered == 0, first.weights)
    if assigned == 0:
        raise NotEstimable(Said("linear.nobody_who_assigned_received_treatment"), Said("linear.some_who_took_up"))
    size = np.linalg.norm(treated)
    unexplained = np.linalg.norm(first.residuals)
    if unexplained <= ROUNDING * size:
        raise NotEstimable(
            Said("linear.receipt_fully_decided"),
            Said("linear.effect_assignment_which_says_all"),
        )
    return assigned, not_assigned


def _structural(outcome: Floats, treated: Floats, first: Fit) -> Fit:
    """Return the second stage, with the residuals of the outcome from treatment received, not from its first stage."""
    names = [*first.names[:-1], "received"]
    fitted = treated - first.residuals
    instrumented = _swap(first.matrix, fitted)
    second = fit(outcome, instrumented, names, weights=first.weights)
    observed = _swap(first.matrix, treated)
    residuals = outcome - observed @ second.params
    return replace(second, residuals=residuals)


def _share(treated: Floats, arm: NDArray[np.bool_], weights: Floats) -> float:
    """Return the weighted share that received treatment in an arm."""
    return float(np.average(treated[arm], weights=weights[arm]))


def _swap(matrix: Floats, last: Floats) -> Floats:
    """Return the columns with another one as the last."""
    return np.column_stack([matrix[:, :-1], last])


def _covariance(
    stages: Sequence[Fit], reduced: Estimate, first: Estimate, errors: str, clusters: Sequence[NDArray[Any]]
) -> float:
    """Return the covariance of the two effects of assignment, from the variance of their sum in standard units."""
    ratio = reduced.std_error / first.std_error
    outcome_stage, first_stage = stages
    params = outcome_stage.params + ratio * first_stage.params
    residuals = outcome_stage.residuals + ratio * first_stage.residuals
    both = replace(outcome_stage, params=params, residuals=residuals)
    summed = coefficient(both, "assigned", errors=errors, clusters=clusters)
    # Var(ρ + rπ) = V_ρρ + r² V_ππ + 2r V_ρπ, where r makes the first two equal
    variance = summed.std_error**2
    twice = 2 * ratio
    of_reduced = 2 * reduced.std_error**2
    return (variance - of_reduced) / twice


def _anderson_rubin(reduced: Estimate, first: Estimate, covariance: float) -> tuple[float, float] | None:
    """Solve ``(ρ − bπ)² ≤ t² (V_ρρ − 2b V_ρπ + b² V_ππ)`` for b."""
    level = 0.5 + CONFIDENCE / 2
    quantile = t_quantile(level, first.df)
    critical = quantile**2
    # As a quadratic in b, a b² − 2 h b + c ≤ 0, with a = π² − t² V_ππ, h = ρπ − t² V_ρπ, c = ρ² − t² V_ρρ
    rho, pi = reduced.estimate, first.estimate
    v_rho, v_pi = reduced.std_error**2, first.std_error**2
    unexplained_pi = critical * v_pi
    square = pi**2 - unexplained_pi
    cross = rho * pi - critical * covariance
    unexplained_rho = critical * v_rho
    constant = rho**2 - unexplained_rho
    inner = cross**2 - square * constant
    if square <= 0:
        return (-math.inf, math.inf) if inner <= 0 else None
    middle = cross / square
    inside = max(inner, 0.0)
    root = math.sqrt(inside)
    half = root / square
    return middle - half, middle + half
