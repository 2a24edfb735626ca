"""Effects of several studies (or projects) pooled: their mean and spread, what they depend on, who stands where.

Stands on :mod:`impact.statistics.core`, :mod:`impact.statistics.linear` and, for predictions,
:mod:`impact.statistics.forecast`. Independent studies: :func:`pool` and what follows from it. Several effects of one
study: :func:`clustered`, then a working model, then :func:`cluster_robust`.
"""

from impact.statistics.meta.between import Heterogeneity, Method
from impact.statistics.meta.dependent import Sample, Working, cluster_robust, clustered, independent
from impact.statistics.meta.left_out import LeftOut, leave_one_out
from impact.statistics.meta.pooled import Interval, Pooled, Prediction, Version, common_effect, pool
from impact.statistics.meta.profile import SpreadInterval, spread_interval
from impact.statistics.meta.regression import MetaRegression, meta_regression
from impact.statistics.meta.robust_weights import RobustWeights, robust_weights
from impact.statistics.meta.shrinkage import Shrunken, TargetMet, shrunken, target_met
from impact.statistics.meta.small_studies import Egger, Funnel, RankTest, egger, funnel, rank_test
from impact.statistics.meta.subgroups import Subgroups, subgroups
from impact.statistics.meta.three_level import ThreeLevel, three_level

__all__ = [
    "Egger",
    "Funnel",
    "Heterogeneity",
    "Interval",
    "LeftOut",
    "MetaRegression",
    "Method",
    "Pooled",
    "Prediction",
    "RankTest",
    "RobustWeights",
    "Sample",
    "Shrunken",
    "SpreadInterval",
    "Subgroups",
    "TargetMet",
    "ThreeLevel",
    "Version",
    "Working",
    "cluster_robust",
    "clustered",
    "common_effect",
    "egger",
    "funnel",
    "independent",
    "leave_one_out",
    "meta_regression",
    "pool",
    "rank_test",
    "robust_weights",
    "shrunken",
    "spread_interval",
    "subgroups",
    "target_met",
    "three_level",
]
