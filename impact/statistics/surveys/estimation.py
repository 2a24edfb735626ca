"""Totals, means and ratios of a sample design, with errors by Taylor linearisation.

Works on arrays with one entry per unit; :mod:`impact.measure.moments` has the same formulas on sums over cells. The
units that vary are clusters, or rows where there are no clusters. Calibrated weights come from
:mod:`impact.statistics.surveys.calibration`; regressions are in :mod:`impact.statistics.surveys.regression`.
"""

from __future__ import annotations

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, cluster_sums, floats, wald
from impact.statistics.surveys.calibration import Calibrated
from impact.statistics.surveys.design import Bools, SampleDesign, sampled_fractions
from impact.statistics.surveys.strata import second_stage_scale, stratum_scale
from impact.words.said import Said

RULE = Said("rule.taylor_linearisation")
PRECISION = 1e-10
"""An error below this share of its scores before calibration is rounding."""


def taylor_variance(scores: Floats, design: SampleDesign, rows: Bools | None = None) -> Floats:
    """Return the covariance of totals under a design.

    Parameters
    ----------
    scores
        Shape (n,) or (n, k): weighted linearised variables ``w·z``, zero outside a domain.
    design
        Of the whole sample, not of the domain alone.
    rows
        Shape (n,), the domain; None for everyone.

    Returns
    -------
    Floats
        Shape (k, k).

    Raises
    ------
    NotEstimable
        If the rule for strata of one unit refuses; the stratum is named.

    Notes
    -----
    ``Σ_h (1−f_h)·m_h/(m_h−1)·Σ_i (z_hi − z̄_h)(z_hi − z̄_h)ᵀ`` over the totals z_hi of the m_h units of stratum h. A
    stratum without rows of the domain adds nothing; for one of a single unit see
    :func:`impact.statistics.surveys.strata.stratum_scale`. With ``within``, the same over the rows of each cluster,
    times f_h. Reference: Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, ch. 4 and 5,
    https://doi.org/10.1007/978-1-4612-4378-6.

    Examples
    --------
    >>> taylor_variance(np.array([1.0, 2.0, 3.0]), SampleDesign(np.ones(3))).tolist()
    [[3.0]]
    """
    units = design.units
    n = len(design.weights)
    columns = floats(scores).reshape(n, -1)
    if not np.isfinite(columns).all():
        raise NotEstimable(Said("surveys.value_missing"), Said("surveys.known_values_every_row_domain"))
    n_units = len(units.stratum)
    totals = cluster_sums(columns, units.of_row, n_units)
    inside = np.ones(len(columns), dtype=np.bool_) if rows is None else rows
    of_rows = units.stratum[units.of_row]
    n_strata = len(units.sizes)
    touched = np.bincount(of_rows, inside, minlength=n_strata) > 0
    # (1 − f_h) m_h/(m_h − 1) of each stratum
    scale = stratum_scale(units.sizes, units.fractions, touched, design.lonely, units.strata)
    variance = _spread(totals, units.stratum, units.sizes, scale)
    if design.within is None:
        return variance
    return variance + _second_stage(columns, design, inside)


def _spread(totals: Floats, group: Ints, sizes: Floats, scale: Floats) -> Floats:
    """Return scaled squares of the distances from each group's mean; of a lonely one from the mean over all."""
    sums = cluster_sums(totals, group, len(sizes))
    means = sums / sizes[:, None]
    lonely = sizes == 1
    means[lonely] = totals.mean(axis=0)
    deviations = totals - means[group]
    factors = scale[group]
    scaled = deviations * factors[:, None]
    return floats(deviations.T @ scaled)


def _second_stage(columns: Floats, design: SampleDesign, rows: Bools) -> Floats:
    """Return what the drawing of rows within clusters adds to the covariance of totals."""
    units = design.units
    counts = np.bincount(units.of_row)
    sizes = counts.astype(np.float64)
    clusters = tuple(range(len(sizes)))
    sampled = sampled_fractions(design.within, units.of_row, clusters, sizes)
    touched = np.bincount(units.of_row, rows) > 0
    # f_h (1 − f_hi) n_hi/(n_hi − 1): the second stage counts as far as its cluster was sure to be drawn
    first_stage = units.fractions[units.stratum]
    scale = second_stage_scale(sizes, sampled, first_stage, touched, design.lonely)
    return _spread(columns, units.of_row, sizes, scale)


def mean(
    values: Floats, design: SampleDesign, domain: Bools | None = None, calibration: Calibrated | None = None
) -> Estimate:
    """Return the mean of the population, or of a domain; for 0/1 values a share.

    Parameters
    ----------
    values
        Shape (n,); those outside the domain are not read.
    design
        How the whole sample was drawn; a domain leaves no row out of it.
    domain
        Shape (n,), whose mean; None for everyone. Rows without a value must be outside.
    calibration
        Of the whole sample, from the design's weights.

    Returns
    -------
    Estimate
        t with the domain's sampling units minus strata (as R's survey); ``influence`` has one entry per row.

    Raises
    ------
    NotEstimable
        If the domain is empty or a value is missing, values do not vary, or a stratum has one unit.

    Notes
    -----
    ``Σwy / Σw``, linearised as ``z = (y − mean) / Σw``; with calibration, ``z`` is replaced by its residual on the
    calibration matrix and w by the calibrated weights. The interval is symmetric, also for shares.

    Examples
    --------
    >>> estimate = mean(np.array([1.0, 2.0, 3.0]), SampleDesign(np.full(3, 10.0)))
    >>> estimate.estimate, round(estimate.std_error, 4), estimate.df
    (2.0, 0.5774, 2.0)
    """
    ones = np.ones(len(design.weights))
    return ratio(values, ones, design, domain=domain, calibration=calibration)


def total(
    values: Floats, design: SampleDesign, domain: Bools | None = None, calibration: Calibrated | None = None
) -> Estimate:
    """Return the total of the population, or of a domain; arguments and degrees of freedom as in :func:`mean`.

    Raises
    ------
    NotEstimable
        As :func:`mean`; also if calibration fixes this very total, which then has no error.

    Notes
    -----
    ``Σwy``; the linearised variable is y itself.

    Examples
    --------
    >>> total(np.array([1.0, 2.0, 3.0]), SampleDesign(np.full(3, 10.0))).estimate
    60.0
    """
    rows = domain_rows(domain, design)
    inside = values_inside(values, rows)
    weights = estimation_weights(design, calibration)
    value = weights @ inside
    return design_estimate(float(value), inside, design, rows=rows, calibration=calibration)


def ratio(
    numerator: Floats,
    denominator: Floats,
    design: SampleDesign,
    *,
    domain: Bools | None = None,
    calibration: Calibrated | None = None,
) -> Estimate:
    """Return the ratio of two totals; arguments and degrees of freedom as in :func:`mean`.

    Raises
    ------
    NotEstimable
        As :func:`mean`; also if the denominator adds up to zero.

    Notes
    -----
    ``R = Σwy / Σwx``, linearised as ``z = (y − R·x) / Σwx``.

    Examples
    --------
    >>> ratio(np.array([1.0, 2.0, 3.5]), np.array([2.0, 4.0, 6.0]), SampleDesign(np.ones(3))).estimate
    0.5416666666666666
    """
    rows = domain_rows(domain, design)
    y = values_inside(numerator, rows)
    x = values_inside(denominator, rows)
    weights = estimation_weights(design, calibration)
    size = float(np.abs(weights) @ np.abs(x))
    total_x = float(weights @ x)
    if abs(total_x) <= PRECISION * size:
        raise NotEstimable(Said("surveys.denominator_adds_up_zero"), Said("surveys.denominator_total_not_zero"))
    total_y = float(weights @ y)
    value = total_y / total_x
    residuals = y - value * x
    linearised = residuals / total_x
    return design_estimate(value, linearised, design, rows=rows, calibration=calibration)


def design_estimate(
    value: float,
    linearised: Floats,
    design: SampleDesign,
    *,
    rows: Bools,
    calibration: Calibrated | None = None,
    lost: int = 0,
) -> Estimate:
    """Return an estimate with its design-based error from its linearised variable.

    Parameters
    ----------
    value
        The estimate, in its own unit.
    linearised
        Shape (n,), not weighted, zero outside the domain.
    design, calibration
        How the whole sample was drawn, and its calibration if any.
    rows
        Shape (n,), the domain: gives observations, clusters and degrees of freedom.
    lost
        Degrees of freedom that covariates take.

    Raises
    ------
    NotEstimable
        If the error is zero up to rounding, a stratum has one unit, or no degrees of freedom are left.

    Examples
    --------
    >>> y, design = np.array([1.0, 2.0, 3.0]), SampleDesign(np.full(3, 10.0))
    >>> round(design_estimate(60.0, y, design, rows=np.ones(3, dtype=bool)).std_error, 3)
    17.321
    """
    weights = estimation_weights(design, calibration)
    residuals = linearised
    if calibration is not None:
        residuals = calibration.residuals(linearised)
    # Calibration ties a domain to all rows.
    moved = rows if calibration is None else None
    weighted = weights * residuals
    variance = taylor_variance(weighted, design, moved)
    error = float(np.sqrt(variance[0, 0]))
    df = design.freedom_within(rows) - lost
    if df < 1:
        needed = Said("surveys.more_sampling_units")
        raise NotEstimable(Said("statistics.no_degrees_freedom_left"), needed)
    scores = weights * linearised
    size = float(np.linalg.norm(scores))
    if error <= PRECISION * size:
        raise NotEstimable(
            Said("surveys.estimate_does_not_vary_under_design"), Said("surveys.outcome_varies_between_units")
        )
    clusters = None
    if design.clusters is not None:
        units = np.unique(design.units.of_row[rows])
        clusters = len(units)
    rule = RULE if calibration is None else Said("rule.calibrated", rule=RULE)
    n_obs = int(rows.sum())
    return wald(value, error, rule=rule, n_obs=n_obs, df=df, n_clusters=clusters, influence=weighted)


def estimation_weights(design: SampleDesign, calibration: Calibrated | None) -> Floats:
    """Return the calibrated weights, or the design's where there is no calibration."""
    if calibration is None:
        return design.weights
    base = calibration.design_weights
    weights = design.weights
    if len(base) != len(weights) or not np.allclose(base, weights, rtol=PRECISION, atol=0):
        raise NotEstimable(
            Said("surveys.calibration_started_other_weights"), Said("surveys.calibration_design_weights")
        )
    return calibration.weights


def domain_rows(domain: Bools | None, design: SampleDesign) -> Bools:
    """Return which rows belong to a domain; all for None.

    Examples
    --------
    >>> domain_rows(None, SampleDesign(np.ones(3))).tolist()
    [True, True, True]
    """
    if domain is None:
        return np.ones(len(design.weights), dtype=np.bool_)
    rows = np.asarray(domain)
    if rows.dtype != np.bool_ or rows.shape != design.weights.shape:
        raise NotEstimable(Said("surveys.domain_not_yes_or_no"), Said("surveys.one_true_false_each_row"))
    if not rows.any():
        raise NotEstimable(Said("surveys.domain_has_no_row_sample"), Said("surveys.rows_domain"))
    return rows


def values_inside(values: Floats, rows: Bools) -> Floats:
    """Return values with zeros outside the domain; all inside must be known.

    Examples
    --------
    >>> values_inside(np.array([1.0, np.nan]), np.array([True, False])).tolist()
    [1.0, 0.0]
    """
    array = floats(values)
    if array.shape != rows.shape:
        raise NotEstimable(Said("surveys.values_design_have_different_lengths"), Said("surveys.one_value_each_row"))
    finite = np.isfinite(array[rows])
    missing = int((~finite).sum())
    if missing:
        needed = Said("surveys.domain_rows_value_imputation")
        raise NotEstimable(Said("surveys.rows_domain_have_no_value", n=missing), needed)
    return np.where(rows, array, 0.0)
