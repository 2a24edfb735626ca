"""Least squares with robust errors through statsmodels, refusing what it cannot identify."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray

from impact.errors import NotEstimable

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Coefficient:
    """One coefficient of a regression with its robust inference."""

    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    n_obs: int
    n_clusters: int | None
    inference: str


def robust_coefficient(
    outcome: Floats,
    design: pd.DataFrame,
    term: str,
    *,
    clusters: pd.Series | None = None,
    weights: Floats | None = None,
) -> Coefficient:
    """Fit least squares and return one coefficient.

    Parameters
    ----------
    outcome
        Shape (n,).
    design
        Shape (n, k), with the constant; no missing values.
    term
        The column of ``design`` that is wanted.
    clusters
        Shape (n,): labels for CR1 errors and t with clusters − 1 degrees of freedom. Without them, HC2 and n − k.
    weights
        Shape (n,): sampling weights.

    Raises
    ------
    NotEstimable
        With collinear columns, no residual degrees of freedom, fewer than two clusters, or no variation left.

    Notes
    -----
    HC2: ``(X'X)⁻¹ Σ x_i x_i' e_i²/(1−h_i) (X'X)⁻¹``. CR1: cluster scores times ``G/(G−1)·(n−1)/(n−k)``.
    """
    matrix = design.to_numpy(dtype=float)
    n, k = matrix.shape
    if n <= k:
        raise NotEstimable(f"{n} observations cannot carry {k} terms", "more observations or fewer covariates")
    scale = np.linalg.norm(matrix, axis=0)
    if np.linalg.matrix_rank(matrix / np.where(scale == 0, 1.0, scale)) < k:
        raise NotEstimable("some covariates are collinear", f"leave out what {', '.join(design.columns)} say twice")
    model = sm.WLS(outcome, matrix, weights=weights) if weights is not None else sm.OLS(outcome, matrix)
    groups = None
    if clusters is not None:
        codes = pd.factorize(clusters)[0]
        groups = int(codes.max()) + 1
        if groups < 2:
            raise NotEstimable("all observations lie in one cluster", "at least two clusters in each arm")
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
        rule, freedom = "CR1", groups - 1
    else:
        fit = model.fit(cov_type="HC2", use_t=True)
        rule, freedom = "HC2", n - k
    place = list(design.columns).index(term)
    error = float(fit.bse[place])
    if not np.isfinite(error) or error <= 0:
        raise NotEstimable("the outcome does not vary enough to give a standard error", "an outcome that varies")
    low, high = fit.conf_int()[place]
    return Coefficient(
        float(fit.params[place]),
        error,
        float(fit.tvalues[place]),
        float(fit.pvalues[place]),
        float(low),
        float(high),
        n,
        groups,
        f"{rule}, t({freedom})" + (", weighted" if weights is not None else ""),
    )
