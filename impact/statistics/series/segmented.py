"""Interrupted time series: one series with a known start, segmented regression, serially correlated errors.

A room for pure numbers: arrays in, frozen results out. It knows nothing of files, tables or declarations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.stats.stattools import durbin_watson

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, floats, wald
from impact.statistics.series.autoregression import Solution, ar1_solution
from impact.words.said import Said

Errors = Literal["classical", "newey_west", "ar1"]
FEWEST_POINTS = 4
LEVEL, SLOPE = 2, 3


@dataclass(frozen=True)
class Autocorrelation:
    """What is left in the residuals.

    Parameters
    ----------
    durbin_watson
        2 without first-order autocorrelation; towards 0 if positive, towards 4 if negative.
    ljung_box, p_value, lags
        Statistic over the first ``lags`` lags and its p-value.
    lag_one
        Correlation of each residual with the one before.
    """

    durbin_watson: float
    ljung_box: float
    p_value: float
    lags: int
    lag_one: float


@dataclass(frozen=True)
class SeriesFit:
    """A segmented regression.

    Parameters
    ----------
    level
        Jump at the start, extrapolated back to the last period before it (horizon 0), in the unit of the outcome.
    slope
        Change of the trend, per period.
    effect
        ``level + slope · horizon``; horizon 1 is the first period after the start.
    horizon
        Periods after the start, counted from 1, at which ``effect`` is read.
    counterfactual
        Shape (T,): what the model says without the intervention; with a comparison series, that series plus the
        difference the model expects.
    residuals
        Shape (T,): outcome (or difference) minus fit.
    autocorrelation
        Of the residuals; of the innovations where the errors are AR(1).
    phi
        Autocorrelation the errors were given; 0 unless AR(1).
    log_likelihood
        Of normal errors, at its maximum.
    """

    level: Estimate
    slope: Estimate
    effect: Estimate
    horizon: int
    counterfactual: Floats = field(repr=False, compare=False)
    residuals: Floats = field(repr=False, compare=False)
    autocorrelation: Autocorrelation
    phi: float
    log_likelihood: float


def interrupted(
    outcome: ArrayLike,
    start: int,
    *,
    season: NDArray[np.generic] | None = None,
    covariates: ArrayLike | None = None,
    time: ArrayLike | None = None,
    errors: Errors = "ar1",
    lags: int | None = None,
    small_sample: bool = True,
    comparison: ArrayLike | None = None,
    horizon: int | None = None,
) -> SeriesFit:
    """Fit level and slope changes at ``start`` to one series, or to its difference from a comparison series.

    Parameters
    ----------
    outcome
        Shape (T,), equally spaced, in order.
    start
        Position, from 0, of the first period under the intervention.
    season
        Shape (T,): labels such as the month; one effect each, the first label is the reference.
    covariates
        Shape (T, q) or (T,): further regressors.
    time
        Shape (T,): the periods as numbers, only to find gaps; their unit does not matter.
    errors
        ``classical``: independent; ``newey_west``: robust to heteroskedasticity and to autocorrelation up to ``lags``;
        ``ar1``: exact maximum likelihood with first-order autoregressive errors.
    lags
        For ``newey_west``; by default ``⌊4 (T/100)^(2/9)⌋``.
    small_sample
        Multiply the variance by T/(T−k) (``newey_west``, ``ar1``; ``classical`` always divides by T−k).
    comparison
        Shape (T,): a series without the intervention.
    horizon
        Periods after the start, from 1, at which the effect is read; by default the last one.

    Returns
    -------
    SeriesFit
        Estimates refer to t with T−k degrees of freedom.

    Raises
    ------
    NotEstimable
        With missing or unequally spaced periods, fewer than four periods on a side, a season or covariate that the
        others determine, a fit without error, or errors close to a random walk.

    Notes
    -----
    ``y_t = a + b t + level·post_t + slope·(t − start + 1)·post_t + season + covariates + e_t``. With a comparison the
    outcome is the difference of both series, which gives the same coefficients as the stacked regression with all
    terms interacted, and lets the errors of both series be correlated. AR(1): with ``R_ij = φ^|i−j|`` the likelihood is
    maximised over φ after coefficients and variance are profiled out; errors do not count that φ was estimated, and φ
    is biased towards zero. Measured coverage of 95 % intervals of the level, φ = 0.5: AR(1) 90 % at 48 periods, 93 %
    at 120, 94 % at 400; Newey–West 80, 85 and 90 %; classical 76, 74 and 75 %. Estimand: the effect on this series, if
    its trend and season would have gone on and nothing else happened at the start.

    References
    ----------
    Lopez Bernal, Cummins, Gasparrini (2017), https://doi.org/10.1093/ije/dyw098. Newey, West (1987),
    https://doi.org/10.2307/1913610. Pinheiro, Bates (2000), https://doi.org/10.1007/b98882, section 5.3.

    Examples
    --------
    >>> y = np.array([1.0, 2.1, 2.9, 4.0, 5.1, 9.0, 10.1, 10.9, 12.0, 13.1])
    >>> round(interrupted(y, 5, errors="classical").level.estimate, 1)
    3.0
    """
    values = _series(outcome, Said("statistics.the_outcome"))
    against = None if comparison is None else _series(comparison, Said("series.the_comparison"))
    n = len(values)
    _refuse_gaps(time, n)
    _refuse_ends(start, n)
    if against is not None and len(against) != n:
        raise NotEstimable(
            Said("series.series_has_periods_comparison", n=n, comparison=len(against)), Said("series.same_periods_both")
        )
    at = n - start if horizon is None else horizon
    if not 1 <= at <= n - start:
        raise NotEstimable(
            Said("series.horizon_lies_outside_periods_observed", at=at, n=n - start), Said("series.horizon_within_them")
        )
    design, names = _design(n, start, season, covariates)
    modelled = values if against is None else values - against
    _refuse_collinear(design, names)
    size = float(np.max(np.abs(values)))
    solution = _solve(modelled, design, errors, lags, small_sample=small_sample, size=size)
    # The fitted line without level and slope changes
    moved = [LEVEL, SLOPE]
    without = modelled - solution.residuals - design[:, moved] @ solution.beta[moved]
    return SeriesFit(
        level=_combination(solution, (1.0, 0.0)),
        slope=_combination(solution, (0.0, 1.0)),
        effect=_combination(solution, (1.0, float(at))),
        horizon=at,
        counterfactual=without if against is None else without + against,
        residuals=solution.residuals,
        autocorrelation=_autocorrelation(solution.innovations, 1 if errors == "ar1" else 0),
        phi=solution.phi,
        log_likelihood=solution.log_likelihood,
    )


def _series(values: ArrayLike, what: Said) -> Floats:
    """Return a series as floats, or say which periods are missing."""
    series = floats(values)
    if series.ndim != 1:
        raise NotEstimable(Said("series.not_one_series", what=what), Said("series.one_value_per_period"))
    missing = np.flatnonzero(~np.isfinite(series))
    if len(missing):
        raise NotEstimable(
            Said("series.missing_infinite_positions", what=what, listed=_listed(missing)),
            Said("series.value_every_period_or_later_start"),
        )
    return series


def _listed(positions: Ints, at_more: str = "series.and_at_more") -> Said:
    """Return the first five positions and how many more there are, in the words of ``at_more``."""
    first = positions[:5]
    more = len(positions) - 5
    if more > 0:
        return Said(at_more, positions=first, more=more)
    return Said("series.positions", positions=first)


def _refuse_gaps(time: ArrayLike | None, n: int) -> None:
    """Refuse periods that are not one after the other in equal steps."""
    if time is None:
        return
    steps = np.diff(_series(time, Said("series.the_time")))
    if len(steps) != n - 1:
        raise NotEstimable(
            Said("series.values_periods", n=n, periods=len(steps) + 1), Said("series.one_period_per_value")
        )
    equal = np.isclose(steps, np.median(steps), rtol=1e-9)
    falling = steps <= 0
    odd = np.flatnonzero(~equal | falling)
    if len(odd):
        raise NotEstimable(
            Said("series.periods_not_equally_spaced_after_positions", listed=_listed(odd, "series.and_more")),
            Said("series.every_period_order"),
        )


def _refuse_ends(start: int, n: int) -> None:
    if start < FEWEST_POINTS or n - start < FEWEST_POINTS:
        raise NotEstimable(
            Said("series.periods_before_start", before=max(min(start, n), 0), after=max(n - start, 0)),
            Said("series.more_periods_on_either_side", least=FEWEST_POINTS),
        )


def _design(
    n: int, start: int, season: NDArray[np.generic] | None, covariates: ArrayLike | None
) -> tuple[Floats, list[str]]:
    """Return the regressors (T, k) and their names: constant, trend, level, slope, seasons, covariates."""
    steps = np.arange(1, n + 1, dtype=np.float64)
    is_post = steps > start
    post = is_post.astype(np.float64)
    since = post * (steps - start)
    columns = [np.ones(n), steps, post, since]
    names = ["constant", "trend", "level", "slope"]
    for label, column in _seasons(season, n):
        columns.append(column)
        names.append(f"season {label}")
    rows = _covariates(covariates, n)
    for position, column in enumerate(rows.T):
        columns.append(column)
        names.append(f"covariate {position}")
    matrix = np.column_stack(columns)
    return matrix, names


def _seasons(season: NDArray[np.generic] | None, n: int) -> list[tuple[str, Floats]]:
    """Return a dummy for each season but the first, with its name."""
    if season is None:
        return []
    labels = np.asarray(season)
    if labels.shape != (n,):
        raise NotEstimable(Said("series.seasons_do_not_match_series"), Said("series.one_season_per_period"))
    missing = any(label is None for label in labels.tolist())
    if np.any(labels != labels) or missing:  # noqa: PLR0124 - NaN only
        raise NotEstimable(Said("series.some_periods_have_no_season"), Said("series.season_every_period"))
    distinct, counts = np.unique(labels, return_counts=True)
    singles = distinct[counts == 1]
    once = [str(label) for label in singles]
    if once:
        raise NotEstimable(
            Said("series.seasons_occur_only_once", seasons=once), Said("series.least_two_periods_each_season")
        )
    return [(str(label), (labels == label).astype(np.float64)) for label in distinct[1:]]


def _covariates(covariates: ArrayLike | None, n: int) -> Floats:
    if covariates is None:
        return np.empty((n, 0))
    matrix = floats(covariates)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.shape[0] != n:
        raise NotEstimable(Said("series.covariates_do_not_match_series"), Said("series.one_row_per_period"))
    missing = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if len(missing):
        raise NotEstimable(
            Said("series.covariates_missing_positions", listed=_listed(missing)), Said("series.value_every_period")
        )
    return matrix


def _refuse_collinear(design: Floats, names: list[str]) -> None:
    """Refuse the first column that the columns before it determine, by name."""
    n, k = design.shape
    if n <= k:
        raise NotEstimable(
            Said("series.periods_cannot_carry_terms", n=n, k=k), Said("series.longer_series_fewer_seasons_covariates")
        )
    length = np.linalg.norm(design, axis=0)
    tiny = np.finfo(float).tiny
    scaled = design / np.maximum(length, tiny)
    triangle = np.linalg.qr(scaled, mode="r")
    diagonal = np.abs(np.diag(triangle))
    lost = np.flatnonzero(diagonal < 1e-9)
    if len(lost):
        raise NotEstimable(Said("series.determined_other_terms", name=names[lost[0]]), Said("series.design_without_it"))


def _solve(y: Floats, design: Floats, errors: Errors, lags: int | None, *, small_sample: bool, size: float) -> Solution:
    """Fit by the method wanted; ``size`` is the magnitude of the series, against which rounding is judged."""
    if errors not in ("classical", "newey_west", "ar1"):
        raise NotEstimable(Said("series.errors_not_known", errors=errors), Said("series.classical_newey_west_ar1"))
    if lags is not None and errors != "newey_west":
        raise NotEstimable(
            Said("series.lags_given_errors", lags=lags, errors=errors), Said("series.newey_west_errors_no_lags")
        )
    fit: Any = sm.OLS(y, design).fit()
    residuals = fit.resid
    rounding = max(1e-10 * np.std(y), 1e-13 * size)
    spread = np.sqrt(np.mean(residuals**2))
    if spread <= rounding:
        raise NotEstimable(Said("series.model_fits_series_without_error"), Said("series.outcome_varies_about_trend"))
    if errors == "ar1":
        return ar1_solution(y, design, small_sample=small_sample)
    if errors == "newey_west":
        return _newey_west(fit, len(y), lags, small_sample=small_sample)
    likelihood = float(fit.llf)
    return Solution(fit.params, fit.cov_params(), residuals, residuals, 0.0, likelihood, Said("rule.ols"))


def _newey_west(fit: Any, n: int, lags: int | None, *, small_sample: bool) -> Solution:
    """Return the least squares fit with errors of Newey and West."""
    # ⌊4 (T/100)^(2/9)⌋, the usual rule for the Bartlett kernel of Newey and West
    growth = (n / 100) ** (2 / 9)
    used = math.floor(4 * growth) if lags is None else lags
    if not 0 <= used < n:
        raise NotEstimable(
            Said("series.lags_do_not_fit_series_periods", lags=used, n=n), Said("series.lags_0_small_part_t")
        )
    robust = fit.get_robustcov_results("HAC", maxlags=used, use_correction=small_sample, use_t=True)
    plain = Said("rule.newey_west", lags=used)
    rule = Said("rule.small_sample", rule=plain) if small_sample else plain
    likelihood = float(fit.llf)
    return Solution(fit.params, robust.cov_params(), fit.resid, fit.resid, 0.0, likelihood, rule)


def _combination(solution: Solution, direction: tuple[float, float]) -> Estimate:
    """Return the Wald inference of a weighted sum of level and slope."""
    n, k = len(solution.residuals), len(solution.beta)
    weights = np.asarray(direction)
    at = [LEVEL, SLOPE]
    estimate = float(weights @ solution.beta[at])
    covariance = solution.covariance[np.ix_(at, at)]
    variance = float(weights @ covariance @ weights)
    error = math.sqrt(max(variance, 0.0))
    return wald(estimate, error, rule=solution.rule, n_obs=n, df=float(n - k))


def _autocorrelation(residuals: Floats, estimated: int) -> Autocorrelation:
    """Return what is left in the residuals, ``estimated`` coefficients of autocorrelation taken out."""
    lags = max(estimated + 1, min(10, len(residuals) // 5))
    box = acorr_ljungbox(residuals, lags=[lags], model_df=estimated)
    row = box.iloc[0]
    statistic, p_value = float(row["lb_stat"]), float(row["lb_pvalue"])
    centred = residuals - residuals.mean()
    squares = centred @ centred
    products = centred[1:] @ centred[:-1]
    lag_one = float(products / squares)
    watson = float(durbin_watson(residuals))
    return Autocorrelation(watson, statistic, p_value, lags, lag_one)
