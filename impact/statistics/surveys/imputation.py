"""Multiple imputation: several plausible fillings of missing values, and one estimate from all of them.

:func:`multiply_impute` fills, any estimator of :mod:`impact.statistics` runs on each filling, :func:`pool` combines.
The imputations are draws from normal regressions, not predictive mean matching: matching on few donors gave too
narrow intervals where values are missing unevenly.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.linalg import solve_triangular

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, floats, wald
from impact.words.said import Said

COLLINEAR = 1e-9


def pool(estimates: Floats, variances: Floats, df_complete: float = math.inf, *, n_obs: int) -> Estimate:
    """Return one estimate from those of the imputed data sets, by Rubin's rules.

    Parameters
    ----------
    estimates
        Shape (m,), m ≥ 2, in the unit of the outcome.
    variances
        Shape (m,): squared standard error of each estimate, in squared units of the outcome.
    df_complete
        Degrees of freedom of the estimate if nothing were missing; ``inf`` for the normal.
    n_obs
        Rows of one data set, for the result: they do not enter the error.

    Raises
    ------
    NotEstimable
        If there are fewer than two estimates, one is not a number, or a variance is not positive.

    Notes
    -----
    ``T = Ū + (1 + 1/m)·B``, ``λ = (1 + 1/m)·B / T``. Degrees of freedom by Barnard and Rubin:
    ``1/df = λ²/(m−1) + 1/ν_obs`` with ``ν_obs = (ν+1)/(ν+3)·ν·(1−λ)``. Values must be missing at random given the
    columns of the imputation. References: Rubin (1987), Multiple Imputation for Nonresponse in Surveys,
    https://doi.org/10.1002/9780470316696; Barnard and Rubin (1999), https://doi.org/10.1093/biomet/86.4.948.

    Examples
    --------
    >>> pooled = pool([1.0, 2.0, 3.0], [0.5, 0.5, 0.5], n_obs=100)
    >>> pooled.estimate, round(pooled.std_error, 3)
    (2.0, 1.354)
    """
    estimates = floats(estimates)
    variances = floats(variances)
    m = len(estimates)
    if estimates.shape != variances.shape or m < 2:
        raise NotEstimable(Said("surveys.fewer_than_two_imputations"), Said("statistics.two_or_more"))
    usable = np.isfinite(estimates) & np.isfinite(variances) & (variances > 0)
    if not usable.all():
        raise NotEstimable(Said("surveys.imputation_without_variance"), Said("surveys.estimate_each_imputation"))
    # T = W + (1 + 1/m) B
    spread = float(estimates.var(ddof=1))
    between = (1 + 1 / m) * spread
    within = float(variances.mean())
    variance = within + between
    df = _freedom(between / variance, m, df_complete)
    rule = Said("rule.rubin_rules_imputations", m=m)
    estimate = float(estimates.mean())
    return wald(estimate, math.sqrt(variance), rule=rule, n_obs=n_obs, df=df)


def multiply_impute(
    frame: pd.DataFrame, *, rng: np.random.Generator, draws: int = 20, cycles: int = 10
) -> list[pd.DataFrame]:
    """Return copies of a frame with missing values filled by chained equations.

    Parameters
    ----------
    frame
        Numeric columns; missing values are NaN. Include the outcome and everything that predicts it or its being
        missing, and nothing else (no identifiers).
    rng
        Source of randomness: the same seed gives the same fillings.
    draws
        Data sets to return, at least 2.
    cycles
        Rounds over the columns, for each data set anew.

    Returns
    -------
    list of DataFrame
        Index and columns as given, all values float.

    Raises
    ------
    NotEstimable
        If a column is not numeric, has no observed value, is constant or a combination of others (it is named), or
        there are fewer complete rows than columns plus two.

    Notes
    -----
    Each column is regressed on all others where it is observed; a draw of ``σ² = RSS/χ²`` and of
    ``β ~ N(β̂, σ²(XᵀX)⁻¹)`` gives ``Xβ + σ·e``. Valid for means and linear regressions under missing at random with
    about linear relations. Filled values may fall between or outside the possible ones (0.3 in a 0/1 column): do not
    round them. Interactions that the analysis has must be columns. Reference: van Buuren (2018), Flexible
    Imputation of Missing Data, ch. 3.2 and 4.5, https://doi.org/10.1201/9780429492259.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "y": [2.0, np.nan, 6.1, 8.0, 9.9]})
    >>> filled = multiply_impute(frame, rng=np.random.default_rng(1), draws=2)
    >>> len(filled), bool(filled[0].isna().any().any())
    (2, False)
    """
    if draws < 2 or cycles < 1:
        raise NotEstimable(
            Said("surveys.one_imputation_says_nothing_about_uncertainty"),
            Said("surveys.two_more_draws_one_more_cycles"),
        )
    values = _numeric(frame)
    missing = np.isnan(values)
    _check_columns(values, [str(name) for name in frame.columns])
    centre = np.nanmean(values, axis=0)
    scale = np.nanstd(values, axis=0)
    standard = (values - centre) / scale
    completed = []
    for _ in range(draws):
        filling = _filled(standard, missing, cycles, rng) * scale + centre
        complete = np.where(missing, filling, values)
        completed.append(pd.DataFrame(complete, index=frame.index, columns=frame.columns))
    return completed


def _freedom(share: float, m: int, df_complete: float) -> float:
    """Return the degrees of freedom of Barnard and Rubin, from the share of variance that is missing information."""
    if not df_complete > 0:
        raise NotEstimable(
            Said("statistics.no_degrees_freedom_left"), Said("statistics.more_observations_clusters_fewer_covariates")
        )
    # 1/ν = λ²/(m − 1) + (ν₀ + 3)/((ν₀ + 1) ν₀ (1 − λ))
    inverse = share**2 / (m - 1)
    if not math.isinf(df_complete):
        remaining = 1 - share
        observed = (df_complete + 1) * df_complete * remaining
        inverse += (df_complete + 3) / observed
    if inverse > 0:
        return 1 / inverse
    return math.inf


def _filled(values: Floats, missing: np.ndarray, cycles: int, rng: np.random.Generator) -> Floats:
    """Fill gaps by observed values at first, then cycle: each column by its regression on all others."""
    filled = values.copy()
    counts = missing.sum(axis=0)
    order = [column for column in np.argsort(counts, kind="stable") if counts[column]]
    for column in order:
        gaps = missing[:, column]
        complete = ~gaps
        observed = values[complete, column]
        filled[gaps, column] = rng.choice(observed, size=int(counts[column]))
    ones = np.ones(len(filled))
    for _ in range(cycles):
        for column in order:
            gaps = missing[:, column]
            predictors = np.delete(filled, column, axis=1)
            x = np.column_stack([ones, predictors])
            y = values[~gaps, column]
            filled[gaps, column] = _draw(y, x[~gaps], x[gaps], rng)
    return filled


def _draw(y: Floats, x: Floats, x_missing: Floats, rng: np.random.Generator) -> Floats:
    """Return draws from the posterior prediction of a normal regression with flat prior."""
    n, k = x.shape
    orthogonal, triangle = np.linalg.qr(x)
    projected = orthogonal.T @ y
    coefficients = solve_triangular(triangle, projected)
    residuals = y - x @ coefficients
    squares = float(np.sum(residuals**2))
    # σ² | y: residual squares over χ²(n − k); β | σ, y: normal with variance σ² (X'X)⁻¹
    scale = rng.chisquare(n - k)
    sigma = math.sqrt(squares / scale)
    noise = rng.standard_normal(size=(k,))
    step = solve_triangular(triangle, noise)
    drawn = coefficients + sigma * step
    errors = sigma * rng.standard_normal(size=len(x_missing))
    predicted = x_missing @ drawn
    return floats(predicted + errors)


def _numeric(frame: pd.DataFrame) -> Floats:
    """Return the frame's values as floats, shape (n, k), refusing text and infinities."""
    wrong = [str(name) for name, dtype in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(dtype)]
    if wrong:
        raise NotEstimable(
            Said("surveys.columns_not_numeric", names=wrong), Said("surveys.numbers_0_1_column_per_category")
        )
    values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise NotEstimable(Said("surveys.value_infinite"), Said("surveys.finite_numbers_missing_values"))
    return values


def _check_columns(values: Floats, names: list[str]) -> None:
    """Refuse columns without values or without variation, and too few complete rows."""
    observed = ~np.isnan(values)
    empty = [name for name, column in zip(names, observed.T, strict=True) if not column.any()]
    if empty:
        raise NotEstimable(Said("surveys.columns_have_no_observed_value", names=empty), Said("surveys.without_them"))
    highest, lowest = np.nanmax(values, axis=0), np.nanmin(values, axis=0)
    widths = highest - lowest
    constant = [name for name, width in zip(names, widths, strict=True) if width == 0]
    if constant:
        raise NotEstimable(Said("surveys.columns_constant", names=constant), Said("surveys.without_them"))
    complete = values[observed.all(axis=1)]
    n, k = len(complete), len(names)
    if n < k + 2:
        few = Said("surveys.only_rows_complete_columns", n=n, columns=k)
        raise NotEstimable(few, Said("surveys.fewer_columns_or_more_rows"))
    _check_collinear(complete, names)


def _check_collinear(complete: Floats, names: list[str]) -> None:
    """Refuse columns that others determine among complete rows."""
    mean = complete.mean(axis=0)
    centred = complete - mean
    size = np.linalg.norm(centred, axis=0)
    divisor = np.where(size > 0, size, 1.0)
    unit = centred / divisor
    triangle = np.linalg.qr(unit, mode="r")
    diagonal = np.abs(np.diag(triangle))
    collinear = [name for name, length in zip(names, diagonal, strict=True) if length < COLLINEAR]
    if collinear:
        reason = Said("surveys.columns_collinear_complete_rows", names=collinear)
        raise NotEstimable(reason, Said("surveys.without_them"))
