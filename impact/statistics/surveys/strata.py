"""What the spread within a stratum weighs in the variance of a total, and what a stratum of a single unit adds to it.

The one place for both ways of reckoning: on rows (:mod:`impact.statistics.surveys.estimation`) and on sums over cells
(:mod:`impact.measure.spread`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from impact.errors import NotEstimable
from impact.statistics.core import Floats, Ints, floats
from impact.words.said import Said

Bools = NDArray[np.bool_]
LonelyPsu = Literal["refuse", "certainty", "centred", "scaled"]
ONE_UNIT = Said("surveys.some_stratum_has_one_unit")
CERTAIN = 1 - 1e-12
"""From this share on a stratum is in the sample as a whole."""
ALIKE = 0.01
"""Weights that differ by less are the same but for rounding."""


def stratum_scale(
    sizes: Floats, fractions: Floats, touched: Bools, rule: LonelyPsu, names: Sequence[object] = ()
) -> Floats:
    """Return what multiplies each stratum's sum of squared deviations, shape (H,).

    Parameters
    ----------
    sizes, fractions
        Shape (H,): sampling units of each stratum, and the share of its units that they are (0 where not known).
    touched
        Shape (H,): whether the stratum has rows of the domain. Others add nothing, whatever the rule.
    rule
        For strata of one unit that are not wholly in the sample: ``refuse``; ``certainty``, they add nothing;
        ``centred``, the square of their distance from the mean over all units; ``scaled``, the mean of what the other
        touched strata add.
    names
        Of the strata, for the refusal.

    Raises
    ------
    NotEstimable
        Under ``refuse``, if a touched stratum is lonely; under ``scaled``, if there is no other.

    Notes
    -----
    ``(1−f)·m/(m−1)``; for a lonely stratum ``1−f`` or 0. In R's survey (``survey.lonely.psu``) the rules are
    ``fail``, ``certainty``, ``adjust`` and ``average``. ``centred`` is the same as ``adjust`` for means, shares and
    ratios, whose scores add up to zero; R centres totals at zero, here as in Stata at the mean over all units.
    References: Lumley (2010), Complex Surveys, https://doi.org/10.1002/9780470580066; StataCorp, Survey Data Reference
    Manual, svyset, https://www.stata.com/manuals/svysvyset.pdf.

    Examples
    --------
    >>> stratum_scale(np.array([2.0, 4.0]), np.array([0.5, 0.0]), np.array([True, True]), "refuse").round(4).tolist()
    [1.0, 1.3333]
    """
    lonely = (sizes == 1) & (fractions < CERTAIN) & touched
    less_one = np.maximum(sizes - 1, 1)
    factors = np.where(sizes > 1, sizes / less_one, 1.0)
    scale = (1 - fractions) * factors * touched
    if not lonely.any():
        return scale
    if rule == "refuse":
        reason = ONE_UNIT
        if len(names):
            first = int(np.argmax(lonely))
            reason = Said("surveys.stratum_has_one_sampling_unit", name=repr(names[first]))
        raise NotEstimable(reason, Said("surveys.two_units_per_stratum"))
    if rule == "centred":
        return scale
    scale[lonely] = 0.0
    if rule == "scaled":
        return scale * _weighted_up(touched, lonely)
    return scale


def _weighted_up(touched: Bools, lonely: Bools) -> float:
    """Return how many times all strata are those whose variance is known."""
    varying = int((touched & ~lonely).sum())
    if not varying:
        raise NotEstimable(Said("surveys.every_stratum_has_one_sampling_unit"), Said("surveys.stratum_two_more_units"))
    return float(touched.sum()) / varying


def second_stage_scale(sizes: Floats, taken: Floats, above: Floats, touched: Bools, rule: LonelyPsu) -> Floats:
    """Return what multiplies each cluster's sum of squared deviations of its rows, shape (g,).

    Parameters
    ----------
    sizes, taken
        Shape (g,): rows of each cluster, and the share of its members that they are.
    above
        Shape (g,): share of the stratum's clusters that are in the sample; where it is not known (0), clusters count as
        drawn with replacement, and the second stage is in the first already.
    touched
        Shape (g,): whether the cluster has rows of the domain.
    rule
        ``certainty``: one row of several adds nothing.

    Raises
    ------
    NotEstimable
        Under any other rule, if one row stands for a cluster of several.

    Examples
    --------
    >>> ones = np.array([True])
    >>> second_stage_scale(np.array([2.0]), np.array([0.5]), np.array([0.5]), ones, "refuse").tolist()
    [0.5]
    """
    single = (sizes == 1) & (taken < CERTAIN)
    alone = single & touched & (above > 0)
    if alone.any() and rule != "certainty":
        raise NotEstimable(Said("surveys.cluster_several_has_one_row_sample"), Said("surveys.two_rows_per_cluster"))
    # f (1 − f_i) n_i/(n_i − 1)
    less_one = np.maximum(sizes - 1, 1)
    factors = np.where(sizes > 1, sizes / less_one, 1.0)
    remaining = 1 - taken
    scale = above * remaining * factors * touched
    return np.where(alone, 0.0, scale)


def ends(values: Floats, group: Ints, number: int) -> tuple[Floats, Floats]:
    """Return the least and greatest known value of each group, shape (number,); NaN where none is known.

    Examples
    --------
    >>> low, high = ends(np.array([3.0, 1.0, 2.0]), np.array([0, 0, 1]), 2)
    >>> low.tolist(), high.tolist()
    ([1.0, 2.0], [3.0, 2.0])
    """
    least = np.full(number, np.nan)
    most = np.full(number, np.nan)
    array = floats(values)
    np.fmin.at(least, group, array)
    np.fmax.at(most, group, array)
    return least, most


def check_whole_clusters(
    weights: tuple[Floats, Floats], population: Floats, stratum: Ints, sizes: Floats, touched: Bools
) -> None:
    """Refuse a finite population of clusters where weights show that rows were drawn within them.

    Parameters
    ----------
    weights
        Least and greatest weight of each row (or cell of rows), each shape (n,).
    population, stratum
        Shape (n,): clusters in the population of the row's stratum, NaN where not known, and its number.
    sizes, touched
        Shape (H,): clusters of each stratum in the sample, and whether the stratum has rows of the domain.

    Raises
    ------
    NotEstimable
        If weights differ within a stratum, or stand for more than its clusters do.

    Notes
    -----
    Where clusters are taken whole, each row stands for as many others as its cluster does: population over sample.
    The correction for a finite population of clusters covers the first stage only; with rows drawn within clusters it
    takes away what the second stage adds.
    """
    count = len(sizes)
    least, _ = ends(weights[0], stratum, count)
    _, most = ends(weights[1], stratum, count)
    _, size = ends(population, stratum, count)
    # Clusters taken whole carry one weight in a stratum: its size over the clusters in the sample.
    tolerance = 1 + ALIKE
    with np.errstate(invalid="ignore"):
        unequal = most > least * tolerance
        more = unequal | (most > size / sizes * tolerance)
    wrong = more & touched & ~np.isnan(size)
    if wrong.any():
        needed = Said("surveys.population_within_or_none")
        raise NotEstimable(Said("surveys.clusters_not_taken_whole"), needed)
