"""Composite indices: indicators on one scale, means of them, imbalance penalised, and what the weights decide."""

from impact.statistics.composite.mazziotta_pareto import (
    Goalposts,
    MazziottaPareto,
    Phenomenon,
    ampi,
    ampi_goalposts,
    ampi_scores,
    mpi,
    penalised,
)
from impact.statistics.composite.means import arithmetic_mean, geometric_mean, harmonic_mean
from impact.statistics.composite.scores import min_max, way_to_target, z_scores
from impact.statistics.composite.sensitivity import Case, Index, Sensitivity, leave_one_out, weight_sensitivity

__all__ = [
    "Case",
    "Goalposts",
    "Index",
    "MazziottaPareto",
    "Phenomenon",
    "Sensitivity",
    "ampi",
    "ampi_goalposts",
    "ampi_scores",
    "arithmetic_mean",
    "geometric_mean",
    "harmonic_mean",
    "leave_one_out",
    "min_max",
    "mpi",
    "penalised",
    "way_to_target",
    "weight_sensitivity",
    "z_scores",
]
