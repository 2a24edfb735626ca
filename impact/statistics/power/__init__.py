"""What a plan can show before the money is spent: in closed form, and by simulation."""

from impact.statistics.power.closed_form import (
    Precision,
    cluster_means,
    minimum_detectable_effect,
    one_mean,
    power,
    solve,
    two_means,
)
from impact.statistics.power.other_tests import (
    power_anova,
    power_chi2,
    power_correlation,
    power_proportions,
    power_regression,
)
from impact.statistics.power.plan import Dataset, Plan
from impact.statistics.power.simulation import Simulated, simulate

__all__ = [
    "Dataset",
    "Plan",
    "Precision",
    "Simulated",
    "cluster_means",
    "minimum_detectable_effect",
    "one_mean",
    "power",
    "power_anova",
    "power_chi2",
    "power_correlation",
    "power_proportions",
    "power_regression",
    "simulate",
    "solve",
    "two_means",
]
