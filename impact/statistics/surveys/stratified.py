"""A mean over independent samples, each of a population of its own: strata whose share of the whole is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from impact.statistics.core import CONFIDENCE, floats


@dataclass(frozen=True)
class Stratified:
    """A value over strata with its interval.

    Parameters
    ----------
    value, std_error, conf_low, conf_high
        In the unit of the strata's values.
    df
        Degrees of freedom of the t reference; ``inf`` where no stratum is a sample.
    """

    value: float
    std_error: float
    conf_low: float
    conf_high: float
    df: float


def stratified_mean(totals: ArrayLike, sizes: ArrayLike, std_errors: ArrayLike, units: ArrayLike) -> Stratified:
    r"""Return the mean over strata, with the interval that their own standard errors give.

    Estimand: the mean over all strata together. Assumes that strata are sampled independently and that their sizes
    are known.

    Parameters
    ----------
    totals, sizes
        Shape (k,): sum of values and size of each stratum; its mean is one over the other. Sizes are above zero.
    std_errors
        Shape (k,): of the mean of each stratum; zero where all of it was counted.
    units
        Shape (k,): units that each standard error rests on, at least 2 where it is not zero.

    Notes
    -----
    .. math:: \bar y = \frac{\sum_h y_h}{\sum_h x_h}, \quad
       \mathrm{se}^2 = \sum_h W_h^2 s_h^2, \quad W_h = \frac{x_h}{\sum_h x_h}, \quad
       df = \frac{(\sum_h W_h^2 s_h^2)^2}{\sum_h W_h^4 s_h^4 / (n_h - 1)}

    References
    ----------
    Cochran (1977), *Sampling Techniques*, 3rd ed., sections 5.3 and 5.4.

    Examples
    --------
    >>> pooled = stratified_mean([1, 5], [4, 6], [0.25, 1 / 6], [4, 6])
    >>> round(pooled.value, 3), round(pooled.std_error, 4)
    (0.6, 0.1414)
    """
    y, x, s, n = map(floats, (totals, sizes, std_errors, units))
    value = float(y.sum() / x.sum())
    variances = (x / x.sum()) ** 2 * s**2
    variance = float(variances.sum())
    if variance == 0:
        return Stratified(value, 0.0, value, value, float("inf"))
    sampled = variances > 0
    df = variance**2 / float((variances[sampled] ** 2 / (n[sampled] - 1)).sum())
    std_error = float(np.sqrt(variance))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, df)) * std_error
    return Stratified(value, std_error, value - reach, value + reach, df)
