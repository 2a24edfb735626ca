"""How a sample was drawn: strata, clusters, populations; the sampling units behind the rows.

:mod:`impact.statistics.surveys.estimation` and the rest of the family stand on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.statistics.surveys.strata import LonelyPsu, check_whole_clusters, ends
from impact.words.said import Said

Bools = NDArray[np.bool_]
STRATUM = "surveys.rows_without_stratum", "surveys.stratum_every_row"
CLUSTER = "surveys.rows_without_cluster", "surveys.cluster_every_row"


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
        """Refuse weights and labels that do not fit together; the units are made at once, to refuse what they show."""
        weights = floats(self.weights)
        positive = np.isfinite(weights) & (weights > 0)
        if weights.ndim != 1 or not len(weights) or not positive.all():
            raise NotEstimable(Said("surveys.weights_missing_zero_negative"), Said("surveys.positive_weight_every_row"))
        for column in (self.strata, self.clusters, self.population, self.within):
            if column is not None and len(column) != len(weights):
                raise NotEstimable(
                    Said("surveys.parts_design_have_different_lengths"), Said("surveys.one_entry_each_row")
                )
        object.__setattr__(self, "weights", weights)
        _ = self.units

    @cached_property
    def units(self) -> Units:
        """The sampling units behind the rows."""
        weights, population = self.weights, self.population
        n = len(weights)
        stratum, names = _codes(self.strata, n, STRATUM)
        of_row = np.arange(n)
        of_unit = stratum
        if self.clusters is not None:
            of_row, clusters = _codes(self.clusters, len(stratum), CLUSTER)
            of_unit = np.zeros(len(clusters), dtype=np.int64)
            of_unit[of_row] = stratum
            elsewhere = of_unit[of_row] != stratum
            _check_nested(elsewhere, of_row, clusters)
        counts = np.bincount(of_unit, minlength=len(names))
        sizes = counts.astype(np.float64)
        if self.clusters is not None and population is not None and self.within is None:
            everywhere = np.ones(len(sizes), dtype=np.bool_)
            check_whole_clusters((weights, weights), population, stratum, sizes, everywhere)
        fractions = sampled_fractions(population, stratum, names, sizes)
        return Units(of_row, of_unit, names, sizes, fractions)

    def take(self, chosen: Bools) -> SampleDesign:
        """Return the design of some of the rows, as if no others had been drawn.

        Examples
        --------
        >>> SampleDesign(np.array([1.0, 2.0, 3.0])).take(np.array([True, False, True])).weights.tolist()
        [1.0, 3.0]
        """

        def rows(column: NDArray[Any] | None) -> NDArray[Any] | None:
            """Return the chosen rows of a column that may not be there."""
            return None if column is None else column[chosen]

        weights = self.weights[chosen]
        strata, clusters = rows(self.strata), rows(self.clusters)
        population, within = rows(self.population), rows(self.within)
        return SampleDesign(weights, strata, clusters, population, self.lonely, within)

    @property
    def degrees_of_freedom(self) -> int:
        """Sampling units minus strata."""
        n_units, n_strata = len(self.units.stratum), len(self.units.strata)
        return n_units - n_strata

    def freedom_within(self, rows: Bools) -> int:
        """Return sampling units minus strata, counting those that have rows in a domain.

        Examples
        --------
        >>> design = SampleDesign(np.ones(4), strata=np.array(["a", "a", "b", "b"]))
        >>> design.freedom_within(np.array([True, True, False, False]))
        1
        """
        of_rows = self.units.of_row[rows]
        units = np.unique(of_rows)
        strata = np.unique(self.units.stratum[units])
        return len(units) - len(strata)


def _codes(labels: NDArray[Any] | None, n: int, refusal: tuple[str, str]) -> tuple[Ints, tuple[object, ...]]:
    """Return a number for each label, shape (n,), and the labels; one for all rows if there are none."""
    if labels is None:
        return np.zeros(n, dtype=np.int64), ("all",)
    codes, names = pd.factorize(np.asarray(labels))
    missing = codes < 0
    if missing.any():
        reason, needed = refusal
        count = missing.sum()
        raise NotEstimable(Said(reason, n=count), Said(needed))
    numbers = codes.astype(np.int64)
    return numbers, tuple(names.tolist())


def _check_nested(elsewhere: Bools, of_row: Ints, clusters: tuple[object, ...]) -> None:
    """Refuse a cluster with rows in two strata."""
    if elsewhere.any():
        row = int(np.argmax(elsewhere))
        code = int(of_row[row])
        reason = Said("surveys.cluster_lies_two_strata", name=repr(clusters[code]))
        raise NotEstimable(reason, Said("surveys.cluster_labels_unique_across_strata"))


def sampled_fractions(population: Floats | None, stratum: Ints, names: tuple[object, ...], sizes: Floats) -> Floats:
    """Return the share of each stratum (or cluster) that was sampled, shape (H,); 0 where its population is unknown.

    Examples
    --------
    >>> sampled_fractions(np.array([10.0, 10.0]), np.array([0, 0]), ("all",), np.array([2.0])).tolist()
    [0.2]
    """
    if population is None:
        return np.zeros(len(sizes))
    smallest, largest = ends(population, stratum, len(sizes))
    has_size = ~np.isnan(largest)
    contradictory = (largest != smallest) | (largest < sizes)
    wrong = has_size & contradictory
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
    divisor = np.where(has_size, largest, 1.0)
    fractions = sizes / divisor
    return np.where(has_size, fractions, 0.0)
