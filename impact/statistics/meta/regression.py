"""What effects depend on: a regression of independent studies' effects on what is known of the studies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from impact.statistics.core import Estimate, Floats, JointTest, floats, joint, wald
from impact.statistics.linear.least_squares import Fit, check_lengths, fit
from impact.statistics.meta.between import Heterogeneity, Method, heterogeneity, studies, tau2_by
from impact.statistics.meta.pooled import Interval, hksj_scale, interval_rule
from impact.words.said import Said, Text

CONSTANT = Said("meta.constant")


@dataclass(frozen=True, eq=False)
class MetaRegression:
    """A mixed-effects regression of effects.

    Parameters
    ----------
    names, coefficients
        The constant first, then the moderators: effect per unit of each, with error and interval.
    covariance
        Shape (p, p), of the coefficients.
    moderators
        Test that all moderators have no effect, QM: chi-squared, or F with ``hksj`` and ``adhoc``.
    spread
        What the moderators leave: residual τ², its share, and QE with its test.
    tau2_without, r2
        τ² without moderators, in the same studies; the share that they explain, ``1 − τ²/τ²_without``, not below zero;
        None where there is nothing to explain.
    interval, factor, k
        As in :class:`~impact.statistics.meta.pooled.Pooled`.
    """

    names: tuple[Text, ...]
    coefficients: tuple[Estimate, ...]
    covariance: Floats
    moderators: JointTest
    spread: Heterogeneity
    tau2_without: float
    r2: float | None
    interval: Interval
    factor: float
    k: int


def meta_regression(
    estimates: Floats,
    std_errors: Floats,
    moderators: Floats,
    names: Sequence[Text],
    *,
    method: Method = "REML",
    interval: Interval = "adhoc",
) -> MetaRegression:
    """Regress effects on moderators, with weights ``1/(se² + τ²)`` and τ² between studies that are alike in them.

    Parameters
    ----------
    estimates, std_errors
        Shape (k,): in the unit of the effects.
    moderators
        Shape (k, m), without the constant and without missing values.
    names
        The m names of the moderators.
    method, interval
        As in :func:`~impact.statistics.meta.pooled.pool`; HKSJ multiplies with ``Σ w e² / (k − p)``, and has t(k − p).

    Notes
    -----
    ``b = (X'WX)⁻¹X'Wy``. ``QM`` is the Wald statistic of the moderators; with HKSJ it is divided by their number and
    referred to F(m, k − p) (Knapp & Hartung 2003, https://doi.org/10.1002/sim.1482). R² is that of Raudenbush; with few
    studies it is very uncertain (López-López et al. 2014, https://doi.org/10.1111/bmsp.12002).

    Raises
    ------
    NotEstimable
        With no more studies than coefficients, collinear moderators, or as :func:`~impact.statistics.meta.pooled.pool`.

    Examples
    --------
    >>> y, errors = np.array([0.1, 0.4, 0.4, 0.9]), np.full(4, 0.1)
    >>> found = meta_regression(y, errors, np.array([[0.0], [1.0], [2.0], [3.0]]), ["dose"])
    >>> round(found.coefficients[1].estimate, 2), round(found.spread.tau2, 3), str(found.moderators.reference)
    (0.24, 0.011, 'F(1, 2)')
    """
    check_lengths(np.size(estimates), moderators=moderators)
    matrix = np.column_stack([np.ones(len(moderators)), moderators])
    sample = studies(estimates, std_errors, matrix)
    terms = (CONSTANT, *names)
    # Collinear moderators are refused here, by name
    fit(sample.y, matrix, terms)
    spread = heterogeneity(sample, method)
    weights = 1 / (sample.variance + spread.tau2)
    fitted = fit(sample.y, matrix, terms, weights=weights)
    factor = float(weights @ fitted.residuals**2 / sample.df)
    scale = hksj_scale(factor, sample, interval)
    covariance = floats(scale**2 * fitted.bread)
    df = math.inf if interval == "z" else float(sample.df)
    rule = interval_rule(method, interval)
    coefficients = _coefficients(fitted, covariance, df, rule)
    without = tau2_by(studies(estimates, std_errors), method)
    r2 = max(0.0, 1 - spread.tau2 / without) if without > 0 else None
    test = _moderators(fitted, covariance, df, rule)
    return MetaRegression(terms, coefficients, covariance, test, spread, without, r2, interval, factor, sample.k)


def _coefficients(fitted: Fit, covariance: Floats, df: float, rule: Said) -> tuple[Estimate, ...]:
    """Return each coefficient with its error."""
    errors = np.sqrt(np.diag(covariance))
    return tuple(
        wald(value, error, rule=rule, n_obs=fitted.n, df=df) for value, error in zip(fitted.params, errors, strict=True)
    )


def _moderators(fitted: Fit, covariance: Floats, df: float, rule: Said) -> JointTest:
    """Return ``b'V⁻¹b`` of all but the constant, as a chi-squared, or over their number as an F."""
    slopes = fitted.params[1:]
    statistic = float(slopes @ np.linalg.solve(covariance[1:, 1:], slopes))
    if not math.isinf(df):
        statistic /= len(slopes)
    return joint(statistic, len(slopes), df, rule=rule)
