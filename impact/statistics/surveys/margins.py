"""Weights that reproduce the population of labels: post-stratification, and raking to several margins.

Both are calibrations (:mod:`impact.statistics.surveys.calibration`), to dummies of the labels, solved in closed form or
by iterative proportional fitting.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.statistics.surveys.calibration import VANISHING, Calibrated, check_weights, infeasible
from impact.words.said import Said

Labels = NDArray[Any]
Totals = Mapping[Any, float]
RAKED_MISFIT = 1e-6
CYCLES = 5000


def poststratify(weights: Floats, cells: Labels, totals: Totals) -> Calibrated:
    """Return weights that add up to the population of each post-stratum.

    Parameters
    ----------
    weights
        Shape (n,): positive design weights, units of the population for each row.
    cells
        Shape (n,), the post-stratum of each unit, labels of any kind.
    totals
        Population of each post-stratum, by its label.

    Raises
    ------
    NotEstimable
        If a post-stratum has no unit, no total, or a total that is not positive; it is named.

    Notes
    -----
    ``w = d · N_c / Σ_c d``. Reference: Holt and Smith (1979), Post stratification,
    https://doi.org/10.2307/2344652.

    Examples
    --------
    >>> poststratify(np.full(4, 10.0), np.array(["f", "f", "f", "m"]), {"f": 20, "m": 20}).weights.round(2).tolist()
    [6.67, 6.67, 6.67, 20.0]
    """
    weights = floats(weights)
    check_weights(weights)
    codes, counts = _margin(weights, cells, totals)
    # N_c over the weighted count of the post-stratum
    estimated = np.bincount(codes, weights)
    ratios = counts / estimated
    factors = ratios[codes]
    matrix = _dummies(codes, len(counts))
    calibrated = weights * factors
    return Calibrated(calibrated, weights, matrix, counts, factors, 1)


def rake(
    weights: Floats, margins: Sequence[tuple[Labels, Totals]], *, tolerance: float = 1e-12, cycles: int = CYCLES
) -> Calibrated:
    """Return weights that reproduce several margins, by iterative proportional fitting.

    Parameters
    ----------
    weights
        Shape (n,): positive design weights, units of the population for each row.
    margins
        For each margin the label of each unit, shape (n,), and the population by label. All margins must add up to
        the same population.
    tolerance
        Stop when no cell of the joint table changes by this share of the population in a cycle. R's
        ``rake(epsilon=1)`` stops at a change of 1, which is ``tolerance = 1 / population``: its margins then are
        met only roughly.
    cycles
        Rounds over all margins before raking is refused as one that does not settle.

    Raises
    ------
    NotEstimable
        If the margins contradict each other, a label has no unit or no total, or no positive weights meet them all.

    Notes
    -----
    The solution has the form ``w = d·exp(xᵀλ)`` with dummies x: raking calibration. Reference: Deming and Stephan
    (1940), https://doi.org/10.1214/aoms/1177731829.

    Examples
    --------
    >>> sex, age = np.array(["f", "f", "m", "m"]), np.array(["old", "young", "old", "young"])
    >>> rake(np.ones(4), [(sex, {"f": 60, "m": 40}), (age, {"old": 50, "young": 50})]).weights.tolist()
    [30.0, 30.0, 20.0, 20.0]
    """
    weights = floats(weights)
    check_weights(weights)
    if not margins:
        raise NotEstimable(Said("surveys.no_margin_given"), Said("surveys.least_one_variable_population_totals"))
    coded = [_margin(weights, cells, totals) for cells, totals in margins]
    _check_same_population(coded)
    fitted, used = _fit_margins(weights, coded, tolerance, cycles)
    dummies = [_dummies(codes, len(counts)) for codes, counts in coded]
    matrix = np.hstack(dummies)
    populations = [counts for _, counts in coded]
    totals = np.concatenate(populations)
    factors = fitted / weights
    return Calibrated(fitted, weights, matrix, totals, factors, used)


def _fit_margins(
    weights: Floats, coded: list[tuple[Ints, Floats]], tolerance: float, cycles: int
) -> tuple[Floats, int]:
    """Return weights that meet the margins in turn until the joint table settles, and the cycles that took."""
    _, last_counts = coded[-1]
    population = float(last_counts.sum())
    columns = np.column_stack([codes for codes, _ in coded])
    _, cells = np.unique(columns, axis=0, return_inverse=True)
    joint = cells.ravel()
    limit = max(RAKED_MISFIT, 10 * tolerance) * population
    last_table = np.bincount(joint, weights)
    for cycle in range(1, cycles + 1):
        for codes, counts in coded:
            estimated = np.bincount(codes, weights)
            ratios = counts / estimated
            weights = weights * ratios[codes]
        table = np.bincount(joint, weights)
        change = np.abs(table - last_table).max()
        if change <= tolerance * population:
            if _worst_margin(weights, coded) > limit:
                break
            return weights, cycle
        last_table = table
    raise infeasible(Said("surveys.raking_does_not_settle"))


def _worst_margin(weights: Floats, coded: list[tuple[Ints, Floats]]) -> float:
    """Return by how much the weights miss the population of a label, at most."""
    worst = 0.0
    for codes, counts in coded:
        estimated = np.bincount(codes, weights)
        misses = np.abs(estimated - counts)
        worst = max(worst, float(misses.max()))
    return worst


def _margin(weights: Floats, cells: Labels, totals: Totals) -> tuple[Ints, Floats]:
    """Return the code of each unit and the population by code."""
    codes, labels = _codes(weights, cells)
    for label in labels:
        if label not in totals:
            raise NotEstimable(
                Said("surveys.sample_has_category_without_total", label=repr(label)),
                Said("surveys.total_each_category"),
            )
    for label, total in totals.items():
        _check_total(label, total, sampled=label in labels)
    counts = np.array([totals[label] for label in labels], dtype=np.float64)
    return codes, counts


def _codes(weights: Floats, cells: Labels) -> tuple[Ints, list[Hashable]]:
    """Return a number for each label, shape (n,), and the labels."""
    codes, labels = pd.factorize(np.asarray(cells))
    if len(codes) != len(weights):
        raise NotEstimable(Said("surveys.labels_weights_have_different_lengths"), Said("surveys.one_label_each_unit"))
    unknown = codes < 0
    if unknown.any():
        count = unknown.sum()
        missing = Said("surveys.units_have_no_category", n=count)
        raise NotEstimable(missing, Said("surveys.category_every_unit_category_unknown_total"))
    numbers = codes.astype(np.int64)
    return numbers, list(labels.tolist())


def _check_total(label: Hashable, total: float, *, sampled: bool) -> None:
    """Refuse a total that is no count, or that sample and population contradict."""
    name = repr(label)
    impossible = not np.isfinite(total) or total < 0
    if impossible:
        raise NotEstimable(Said("surveys.total_category", label=name, total=total), Said("surveys.count_population"))
    if total == 0 and sampled:
        raise NotEstimable(Said("surveys.category_not_in_population", label=name), Said("surveys.positive_total"))
    if total > 0 and not sampled:
        reason = Said("surveys.category_has_no_unit_sample", label=name)
        raise NotEstimable(reason, Said("surveys.categories_joined_each_has_units"))


def _check_same_population(coded: list[tuple[Ints, Floats]]) -> None:
    """Refuse margins that add up to different populations."""
    sums = [float(counts.sum()) for _, counts in coded]
    largest, smallest = max(sums), min(sums)
    rounding = VANISHING * largest
    if largest - smallest > rounding:
        reason = Said("surveys.margins_add_up_different_populations", sums=sums)
        raise NotEstimable(reason, Said("surveys.margins_one_population"))


def _dummies(codes: Ints, count: int) -> Floats:
    """Return the calibration variables of a margin: a column of 0 and 1 for each label."""
    return floats(codes[:, None] == np.arange(count))
