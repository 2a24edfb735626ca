"""What every estimator returns: an estimate, its uncertainty, and each unit's influence on it.

The influence of a unit is scaled so that ``estimate − truth ≈ Σ influence``; one function then gives robust and
clustered errors of any estimator, and of any weighted sum of estimators.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from impact.errors import NotEstimable
from impact.words.said import Said

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Group = tuple[Ints, int]
"""Numbers of groups 0 … G−1, one for each row, and G."""
CONFIDENCE = 0.95
RESIDUE = 1e-12
"""An error below this share of its estimate is what rounding leaves of none."""


def floats(values: ArrayLike) -> Floats:
    """Return numbers as an array of floats; the same array, if it is one.

    Examples
    --------
    >>> floats([1, 2]).tolist()
    [1.0, 2.0]
    """
    return np.asarray(values, dtype=np.float64)


@dataclass(frozen=True)
class Estimate:
    """A number with its inference.

    Parameters
    ----------
    estimate, std_error
        In the unit of the outcome.
    statistic, p_value
        Of the null that it is zero, two-sided.
    conf_low, conf_high
        Ends of the 95 % interval, in the unit of the outcome, by the reference that ``df`` names.
    df
        Degrees of freedom of the t reference; ``inf`` for the normal.
    rule
        Name of the standard error: ``HC2``, ``CR1``, ``influence function``, …
    n_obs
        Observations used, after those that tell nothing were left out.
    n_clusters
        Clusters behind the error, or None.
    influence
        Shape (n_units,), scaled so that the error is ``sqrt(Σ influence²)`` up to small-sample factors; None where
        the estimator has none.
    """

    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    df: float
    rule: Said
    n_obs: int
    n_clusters: int | None = None
    influence: Floats | None = field(default=None, repr=False, compare=False)

    @property
    def reference(self) -> Said:
        """Rule and reference distribution, such as ``CR2, t(17.3)``."""
        if math.isinf(self.df):
            return Said("rule.normal", rule=self.rule)
        return Said("rule.student", rule=self.rule, df=self.df)


@dataclass(frozen=True)
class JointTest:
    """A test that several coefficients, or differences, are all zero.

    Parameters
    ----------
    statistic
        F; chi-squared where ``df2`` is infinite.
    df1, df2
        Degrees of freedom; ``df1`` is the number of coefficients.
    p_value
        Probability of a statistic at least as large under the null.
    rule
        Name of the standard errors behind it.
    """

    statistic: float
    df1: int
    df2: float
    p_value: float
    rule: Said

    @property
    def reference(self) -> Said:
        """Reference distribution, such as ``F(8, 436)``."""
        if math.isinf(self.df2):
            return Said("rule.chi_squared", df=self.df1)
        return Said("rule.fisher", df1=self.df1, df2=self.df2)


def joint(statistic: float, df1: int, df2: float, *, rule: Said) -> JointTest:
    """Return the test of a Wald statistic: an F, or a chi-squared if ``df2`` is infinite.

    Examples
    --------
    >>> round(joint(3.0, 2, 60.0, rule=Said("rule.classical")).p_value, 4)
    0.0573
    """
    law = stats.chi2(df1) if math.isinf(df2) else stats.f(df1, df2)
    tail = law.sf(statistic)
    return JointTest(float(statistic), int(df1), float(df2), float(tail), rule)


def wald(
    estimate: float,
    std_error: float,
    *,
    rule: Said,
    n_obs: int,
    df: float = math.inf,
    n_clusters: int | None = None,
    influence: Floats | None = None,
) -> Estimate:
    """Return an estimate with the t (or normal) test and 95 % interval its error gives.

    Raises
    ------
    NotEstimable
        If the error is not a positive number, is a residue of rounding, or no degrees of freedom are left.

    Examples
    --------
    >>> estimate = wald(2.0, 0.5, rule=Said("rule.named", name="HC2"), n_obs=100)
    >>> round(estimate.statistic, 2), round(estimate.conf_low, 2), round(estimate.conf_high, 2)
    (4.0, 1.02, 2.98)
    """
    if not math.isfinite(std_error) or std_error <= RESIDUE * abs(estimate):
        raise NotEstimable(Said("statistics.outcome_hardly_varies"), Said("checks.outcome_varies"))
    if not df > 0:
        raise NotEstimable(
            Said("statistics.no_degrees_freedom_left"), Said("statistics.more_observations_clusters_fewer_covariates")
        )
    value = float(estimate)
    error = float(std_error)
    statistic = value / error
    p_value = t_two_sided(statistic, df)
    # estimate ± t · error
    level = 0.5 + CONFIDENCE / 2
    quantile = t_quantile(level, df)
    half = quantile * error
    low, high = value - half, value + half
    freedom = float(df)
    n = int(n_obs)
    return Estimate(value, error, statistic, p_value, low, high, freedom, rule, n, n_clusters, influence)


def t_two_sided(statistic: float, df: float) -> float:
    """Return the two-sided p-value of a t statistic; normal if ``df`` is infinite.

    Examples
    --------
    >>> round(t_two_sided(1.96, math.inf), 3), round(t_two_sided(1.96, 10), 3)
    (0.05, 0.078)
    """
    size = abs(statistic)
    if math.isinf(df):
        return float(2 * stats.norm.sf(size))
    tail = stats.t.sf(size, df)
    return float(2 * tail)


def t_quantile(q: float, df: float) -> float:
    """Return a quantile of Student's t; of the normal if ``df`` is infinite.

    Examples
    --------
    >>> round(t_quantile(0.975, math.inf), 2), round(t_quantile(0.975, 10), 2)
    (1.96, 2.23)
    """
    if math.isinf(df):
        return float(stats.norm.ppf(q))
    return float(stats.t.ppf(q, df))


def cluster_codes(labels: NDArray[np.generic]) -> Group:
    """Return cluster numbers 0 … G−1 for labels of any kind, and G.

    Examples
    --------
    >>> codes, count = cluster_codes(np.array(["b", "a", "b"]))
    >>> codes.tolist(), count
    ([1, 0, 1], 2)
    """
    distinct, codes = np.unique(labels, return_inverse=True)
    numbers = codes.astype(np.int64)
    return numbers, len(distinct)


def cluster_sums(values: Floats, codes: Ints, n_clusters: int) -> Floats:
    """Sum the rows of an array, shape (n,) or (n, k), within clusters.

    Examples
    --------
    >>> cluster_sums(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 0]), 2).tolist()
    [4.0, 2.0]
    """
    if values.ndim == 1:
        sums = np.bincount(codes, weights=values, minlength=n_clusters)
        return sums.astype(np.float64)
    if not values.shape[1]:
        return np.empty((n_clusters, 0))
    columns = [cluster_sums(column, codes, n_clusters) for column in values.T]
    return np.column_stack(columns)


def influence_error(influence: Floats, codes: Ints | None = None, n_clusters: int | None = None) -> float:
    """Return ``sqrt(Σ influence²)`` over units, or over sums within clusters, without small-sample factor.

    Examples
    --------
    >>> influence_error(np.array([3.0, -4.0]))
    5.0
    >>> influence_error(np.array([3.0, -4.0]), np.array([0, 0]), 1)
    1.0
    """
    sums = influence
    if codes is not None and n_clusters is not None:
        sums = cluster_sums(influence, codes, n_clusters)
    squares = np.sum(sums**2)
    return float(np.sqrt(squares))


def with_p_value(estimate: Estimate, p_value: float, rule: Said) -> Estimate:
    """Return the same estimate with the p-value of another test, named in its rule.

    Examples
    --------
    >>> estimate = wald(2.0, 0.5, rule=Said("rule.named", name="CR1"), n_obs=100)
    >>> with_p_value(estimate, 0.01, Said("rule.named", name="CR1")).p_value
    0.01
    """
    return replace(estimate, p_value=float(p_value), rule=Said("rule.with_p_of", rule=estimate.rule, test=rule))
