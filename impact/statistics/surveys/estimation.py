"""Totals, means and ratios of a sample design, with errors by Taylor linearisation.

Works on arrays with one entry per unit; :mod:`impact.measure.moments` has the same formulas on sums over cells. The
units that vary are clusters, or rows where there are no clusters. Calibrated weights come from
:mod:`impact.statistics.surveys.calibration`; regressions are in :mod:`impact.statistics.surveys.regression`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Estimate, Floats, Ints, cluster_sums, wald
from impact.statistics.surveys.calibration import Calibrated
from impact.statistics.surveys.strata import LonelyPsu, check_whole_clusters, ends, second_stage_scale, stratum_scale
from impact.words.said import Said

Bools = NDArray[np.bool_]
RULE = Said("rule.taylor_linearisation")
STRATUM = "surveys.rows_without_stratum", "surveys.stratum_every_row"
CLUSTER = "surveys.rows_without_cluster", "surveys.cluster_every_row"
PRECISION = 1e-10
"""An error below this share of its scores before calibration is rounding."""


@dataclass(frozen=True)
class Units:
    """The sampling units of a design.

    Parameters
    ----------
    of_row
        Shape (n,), the unit of each row.
    stratum
        Shape (u,), the stratum of each unit.
    strata
        Names of the strata, in the order of their codes.
    sizes
        Shape (H,), units in each stratum of the sample.
    fractions
        Shape (H,), share of the stratum's units that are in the sample; 0 where the population is not known.
    """

    of_row: Ints
    stratum: Ints
    strata: tuple[object, ...]
    sizes: Floats
    fractions: Floats


@dataclass(frozen=True, eq=False)
class SampleDesign:
    """How the units were drawn.

    Parameters
    ----------
    weights
        Shape (n,), positive: how many units of the population each row stands for.
    strata
        Shape (n,), labels; None for one stratum.
    clusters
        Shape (n,), labels of the first-stage units, each within one stratum; None where rows were drawn one by one.
    population
        Shape (n,), size of the row's stratum (in clusters where there are clusters), NaN where unknown; None if
        unknown everywhere. Gives the finite population correction.
    lonely
        What a stratum of one unit adds: see :func:`impact.statistics.surveys.strata.stratum_scale`.
    within
        Shape (n,), size of the row's cluster where rows were drawn within clusters; None where clusters were taken
        whole, or the population is not known.

    Raises
    ------
    NotEstimable
        If weights are not positive, labels are missing, a cluster lies in two strata, the population of a stratum is
        contradictory or smaller than its sample, or weights show that clusters of a known population were not taken
        whole.

    Notes
    -----
    Units are drawn with replacement, or without replacement with the fraction given by ``population``; then, with
    ``within``, rows are drawn without replacement within clusters.
    """

    weights: Floats
    strata: NDArray[Any] | None = None
    clusters: NDArray[Any] | None = None
    population: Floats | None = None
    lonely: LonelyPsu = "refuse"
    within: Floats | None = None

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, dtype=np.float64)
        if weights.ndim != 1 or not len(weights) or not np.isfinite(weights).all() or (weights <= 0).any():
            raise NotEstimable(Said("surveys.weights_missing_zero_negative"), Said("surveys.positive_weight_every_row"))
        for part in (self.strata, self.clusters, self.population, self.within):
            if part is not None and len(part) != len(weights):
                raise NotEstimable(
                    Said("surveys.parts_design_have_different_lengths"), Said("surveys.one_entry_each_row")
                )
        object.__setattr__(self, "weights", weights)
        _ = self.units

    @cached_property
    def units(self) -> Units:
        """The sampling units behind the rows."""
        stratum, names = _codes(self.strata, len(self.weights), STRATUM)
        of_row, of_unit = np.arange(len(stratum)), stratum
        if self.clusters is not None:
            of_row, clusters = _codes(self.clusters, len(stratum), CLUSTER)
            of_unit = np.zeros(len(clusters), dtype=np.int64)
            of_unit[of_row] = stratum
            _check_nested(of_unit[of_row] != stratum, of_row, clusters)
        sizes = np.bincount(of_unit, minlength=len(names)).astype(np.float64)
        if self.clusters is not None and self.population is not None and self.within is None:
            everywhere = np.ones(len(sizes), dtype=np.bool_)
            check_whole_clusters((self.weights,) * 2, self.population, stratum, sizes, everywhere)
        return Units(of_row, of_unit, names, sizes, _fractions(self.population, stratum, names, sizes))

    def take(self, kept: Bools) -> SampleDesign:
        """Return the design of some of the rows, as if no others had been drawn."""

        def part(column: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if column is None else column[kept]

        strata, clusters, population, within = map(part, (self.strata, self.clusters, self.population, self.within))
        return SampleDesign(self.weights[kept], strata, clusters, population, self.lonely, within)

    @property
    def degrees_of_freedom(self) -> int:
        """Sampling units minus strata."""
        return len(self.units.stratum) - len(self.units.strata)

    def freedom_within(self, rows: Bools) -> int:
        """Return sampling units minus strata, counting those that have rows in a domain."""
        units = np.unique(self.units.of_row[rows])
        return len(units) - len(np.unique(self.units.stratum[units]))


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
    """
    units = design.units
    columns = np.asarray(scores, dtype=np.float64).reshape(len(design.weights), -1)
    if not np.isfinite(columns).all():
        raise NotEstimable(Said("surveys.value_missing"), Said("surveys.known_values_every_row_domain"))
    totals = cluster_sums(columns, units.of_row, len(units.stratum))
    inside = np.ones(len(columns), dtype=np.bool_) if rows is None else rows
    touched = np.bincount(units.stratum[units.of_row], inside, minlength=len(units.sizes)) > 0
    scale = stratum_scale(units.sizes, units.fractions, touched, design.lonely, units.strata)
    variance = _spread(totals, units.stratum, units.sizes, scale)
    return variance if design.within is None else variance + _second_stage(columns, design, inside)


def _spread(totals: Floats, group: Ints, sizes: Floats, scale: Floats) -> Floats:
    """Return scaled squares of the distances from each group's mean; of a lonely one from the mean over all."""
    means = cluster_sums(totals, group, len(sizes)) / sizes[:, None]
    means[sizes == 1] = totals.mean(axis=0)
    deviations = totals - means[group]
    return np.asarray(deviations.T @ (deviations * scale[group][:, None]), dtype=np.float64)


def _second_stage(columns: Floats, design: SampleDesign, rows: Bools) -> Floats:
    units = design.units
    sizes = np.bincount(units.of_row).astype(np.float64)
    taken = _fractions(design.within, units.of_row, tuple(range(len(sizes))), sizes)
    touched = np.bincount(units.of_row, rows) > 0
    above = units.fractions[units.stratum]
    scale = second_stage_scale(sizes, taken, above, touched, design.lonely)
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
        Of the whole sample.
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
    """
    return ratio(values, np.ones(len(design.weights)), design, domain=domain, calibration=calibration)


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
    """
    rows = domain_rows(domain, design)
    inside = values_inside(values, rows)
    weights = estimation_weights(design, calibration)
    return design_estimate(float(weights @ inside), inside, design, rows=rows, calibration=calibration)


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
    """
    rows = domain_rows(domain, design)
    y, x = values_inside(numerator, rows), values_inside(denominator, rows)
    weights = estimation_weights(design, calibration)
    below = float(weights @ x)
    if abs(below) <= PRECISION * float(np.abs(weights) @ np.abs(x)):
        raise NotEstimable(Said("surveys.denominator_adds_up_zero"), Said("surveys.denominator_total_not_zero"))
    value = float(weights @ y) / below
    return design_estimate(value, (y - value * x) / below, design, rows=rows, calibration=calibration)


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
        The estimate.
    linearised
        Shape (n,), not weighted, zero outside the domain.
    design, calibration
        Of the whole sample.
    rows
        Shape (n,), the domain: gives observations, clusters and degrees of freedom.
    lost
        Degrees of freedom that covariates take.

    Raises
    ------
    NotEstimable
        If the error is zero up to rounding, a stratum has one unit, or no degrees of freedom are left.
    """
    weights = estimation_weights(design, calibration)
    left = linearised if calibration is None else calibration.residuals(linearised)
    moved = rows if calibration is None else None  # calibration ties a domain to all rows
    error = float(np.sqrt(taylor_variance(weights * left, design, moved)[0, 0]))
    df = design.freedom_within(rows) - lost
    if df < 1:
        needed = Said("surveys.more_sampling_units")
        raise NotEstimable(Said("statistics.no_degrees_freedom_left"), needed)
    if error <= PRECISION * float(np.linalg.norm(weights * linearised)):
        raise NotEstimable(
            Said("surveys.estimate_does_not_vary_under_design"), Said("surveys.outcome_varies_between_units")
        )
    clusters = None if design.clusters is None else len(np.unique(design.units.of_row[rows]))
    rule = RULE if calibration is None else Said("rule.calibrated", rule=RULE)
    return wald(
        value,
        error,
        rule=rule,
        n_obs=int(rows.sum()),
        df=df,
        n_clusters=clusters,
        influence=weights * left,
    )


def estimation_weights(design: SampleDesign, calibration: Calibrated | None) -> Floats:
    """Return the calibrated weights, or the design's where there is no calibration."""
    if calibration is None:
        return design.weights
    base = calibration.design_weights
    if len(base) != len(design.weights) or not np.allclose(base, design.weights, rtol=PRECISION, atol=0):
        raise NotEstimable(
            Said("surveys.calibration_started_other_weights"), Said("surveys.calibration_design_weights")
        )
    return calibration.weights


def domain_rows(domain: Bools | None, design: SampleDesign) -> Bools:
    """Return which rows belong to a domain; all for None."""
    if domain is None:
        return np.ones(len(design.weights), dtype=np.bool_)
    rows = np.asarray(domain)
    if rows.dtype != np.bool_ or rows.shape != design.weights.shape:
        raise NotEstimable(Said("surveys.domain_not_yes_or_no"), Said("surveys.one_true_false_each_row"))
    if not rows.any():
        raise NotEstimable(Said("surveys.domain_has_no_row_sample"), Said("surveys.rows_domain"))
    return rows


def values_inside(values: Floats, rows: Bools) -> Floats:
    """Return values with zeros outside the domain; all inside must be known."""
    known = np.asarray(values, dtype=np.float64)
    if known.shape != rows.shape:
        raise NotEstimable(Said("surveys.values_design_have_different_lengths"), Said("surveys.one_value_each_row"))
    missing = int((~np.isfinite(known[rows])).sum())
    if missing:
        needed = Said("surveys.domain_rows_value_imputation")
        raise NotEstimable(Said("surveys.rows_domain_have_no_value", n=missing), needed)
    return np.where(rows, known, 0.0)


def _codes(labels: NDArray[Any] | None, n: int, refusal: tuple[str, str]) -> tuple[Ints, tuple[object, ...]]:
    if labels is None:
        return np.zeros(n, dtype=np.int64), ("all",)
    codes, names = pd.factorize(np.asarray(labels))
    if (codes < 0).any():
        reason, needed = refusal
        raise NotEstimable(Said(reason, n=(codes < 0).sum()), Said(needed))
    return codes.astype(np.int64), tuple(names.tolist())


def _check_nested(elsewhere: Bools, of_row: Ints, clusters: tuple[object, ...]) -> None:
    if elsewhere.any():
        name = clusters[int(of_row[np.argmax(elsewhere)])]
        raise NotEstimable(
            Said("surveys.cluster_lies_two_strata", name=repr(name)),
            Said("surveys.cluster_labels_unique_across_strata"),
        )


def _fractions(population: Floats | None, stratum: Ints, names: tuple[object, ...], sizes: Floats) -> Floats:
    if population is None:
        return np.zeros(len(sizes))
    smallest, largest = ends(population, stratum, len(sizes))
    known = ~np.isnan(largest)
    wrong = known & ((largest != smallest) | (largest < sizes))
    if wrong.any():
        where = int(np.argmax(wrong))
        reason = Said(
            "surveys.population_stratum_given",
            name=repr(names[where]),
            low=smallest[where],
            high=largest[where],
            sample=sizes[where],
        )
        raise NotEstimable(reason, Said("surveys.one_population_per_stratum"))
    return np.where(known, sizes / np.where(known, largest, 1.0), 0.0)
