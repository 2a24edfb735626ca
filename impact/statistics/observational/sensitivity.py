"""How strong confounding would have to be: E-values and robustness values, from published numbers alone.

Oster's δ and β, which need the data, stand in :mod:`impact.statistics.observational.oster`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, t_quantile
from impact.words.said import Said

RISK_PER_D = 0.91
RISK_PER_D_ERROR = 1.78


@dataclass(frozen=True)
class EValue:
    """Least risk ratio of a confounder with treatment and with outcome that explains an association away.

    Parameters
    ----------
    point
        Of the estimate: strength of a confounder that would explain it away, as a risk ratio.
    limit
        For the limit of the interval nearer to 1; 1 if the interval holds 1, None without an interval.
    """

    point: float
    limit: float | None


@dataclass(frozen=True)
class Robustness:
    """What confounders must explain to change a regression's conclusion.

    Parameters
    ----------
    partial_r2
        Share of the outcome's residual variance that the treatment explains.
    robustness_value
        Partial R² with treatment and with outcome that reduces the estimate by ``q``.
    robustness_value_significance
        The same until the 95 % interval holds the reduced estimate; 0 if it does already.
    q
        Share of the estimate to be explained away; 1 for all.
    """

    partial_r2: float
    robustness_value: float
    robustness_value_significance: float
    q: float


def e_value(risk_ratio: float, *, conf_low: float | None = None, conf_high: float | None = None) -> EValue:
    """Return the E-value of a risk ratio, and of its interval's limit nearer to 1.

    Raises
    ------
    NotEstimable
        With numbers that are not positive, half an interval, or an interval that does not hold the estimate.

    Notes
    -----
    ``RR + sqrt(RR (RR − 1))``, with 1/RR below 1. An odds or hazard ratio may stand in only where the outcome is rare.

    References
    ----------
    VanderWeele, Ding (2017), https://doi.org/10.7326/M16-2607.

    Examples
    --------
    >>> round(e_value(2.0).point, 2)
    3.41
    >>> e_value(2.0, conf_low=0.9, conf_high=4.0).limit
    1.0
    """
    point = _explained(risk_ratio)
    if conf_low is None and conf_high is None:
        return EValue(point, None)
    if conf_low is None or conf_high is None or not 0 <= conf_low <= risk_ratio <= conf_high:
        raise NotEstimable(
            Said("observational.interval_does_not_hold_risk_ratio"), Said("observational.both_limits_around_estimate")
        )
    if conf_low <= 1 <= conf_high:
        return EValue(point, 1.0)
    nearest_limit = conf_low if conf_low > 1 else conf_high
    return EValue(point, _explained(nearest_limit))


def _explained(ratio: float) -> float:
    """Return ``RR + √(RR (RR − 1))`` with RR turned so that it is above 1."""
    possible = math.isfinite(ratio) and ratio > 0
    if not possible:
        raise NotEstimable(Said("observational.not_risk_ratio", ratio=ratio), Said("observational.positive_number"))
    rr = max(ratio, 1 / ratio)
    excess = rr * (rr - 1)
    return rr + math.sqrt(excess)


def e_value_difference(standardised: float, std_error: float | None = None) -> EValue:
    """Return the E-value of a difference in means, in standard deviations of the outcome.

    Notes
    -----
    ``RR ≈ exp(0.91 d)``, interval ``exp(0.91 d ± 1.78 se)``: the outcome is taken to be normal, split near its middle.

    References
    ----------
    VanderWeele, Ding (2017), https://doi.org/10.7326/M16-2607; Chinn (2000).

    Examples
    --------
    >>> round(e_value_difference(0.5).point, 2)
    2.53
    """
    has_error = std_error is None or 0 < std_error < math.inf
    if not math.isfinite(standardised) or not has_error:
        raise NotEstimable(
            Said("observational.difference_error_not_number"), Said("observational.finite_difference_positive_error")
        )
    log_ratio = RISK_PER_D * standardised
    ratio = math.exp(log_ratio)
    if std_error is None:
        return e_value(ratio)
    half = RISK_PER_D_ERROR * std_error
    low, high = math.exp(log_ratio - half), math.exp(log_ratio + half)
    return e_value(ratio, conf_low=low, conf_high=high)


def robustness_value(statistic: float, df: float, *, q: float = 1.0) -> Robustness:
    """Return partial R² and robustness values of a coefficient from its t statistic.

    Parameters
    ----------
    statistic, df
        Classical t of the coefficient and the residual degrees of freedom of its regression.
    q
        Share of the estimate that confounding should explain away.

    Raises
    ------
    NotEstimable
        If the statistic is not finite, ``df`` not above 1, or ``q`` not positive.

    Notes
    -----
    ``f = q|t|/√df``, ``RV = ½(√(f⁴ + 4f²) − f²)``. For the interval f is reduced by ``t*/√(df − 1)``, with t* the
    quantile at df − 1; where that leaves ``f > √(df − 1)/t*`` the value is ``(f² − f*²)/(1 + f²)``. The theory is that
    of least squares with classical errors.

    References
    ----------
    Cinelli, Hazlett (2020), https://doi.org/10.1111/rssb.12348.

    Examples
    --------
    >>> result = robustness_value(4.0, 100.0)
    >>> round(result.partial_r2, 3), round(result.robustness_value, 3)
    (0.138, 0.328)
    """
    possible = 1 < df < math.inf and 0 < q < math.inf
    if not math.isfinite(statistic) or not possible:
        raise NotEstimable(
            Said("observational.statistic_degrees_freedom_q_cannot_used"),
            Said("observational.finite_t_and_positive_q"),
        )
    # f: partial Cohen's f of the part q of the estimate; f*: the least that is still significant
    root = math.sqrt(df)
    f = q * abs(statistic) / root
    level = 0.5 + CONFIDENCE / 2
    quantile = t_quantile(level, df - 1)
    least = quantile / math.sqrt(df - 1)
    # RV_qα: ½(√(f⁴ + 4f²) − f²) at f − f*, or (f² − f*²)/(1 + f²) where that is beyond equal strength
    if f > least and f > 1 / least:
        excess = f**2 - least**2
        beyond = excess / (1 + f**2)
    else:
        remaining = max(f - least, 0.0)
        beyond = _equal_strength(remaining)
    squared = statistic**2
    partial_r2 = squared / (squared + df)
    return Robustness(partial_r2, _equal_strength(f), beyond, float(q))


def _equal_strength(f: float) -> float:
    """Return the share ``(√(f⁴ + 4f²) − f²) / 2`` of both variances that a confounder must explain."""
    f2 = f**2
    root = math.sqrt(f**4 + 4 * f2)
    return (root - f2) / 2
