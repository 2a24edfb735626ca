"""Panels in which units start at different times: effects by cohort and period, their averages, trends before."""

from impact.statistics.panels.adoption import Panel
from impact.statistics.panels.aggregation import Aggregate, aggregate, joint_test
from impact.statistics.panels.bacon import Bacon, bacon_decomposition
from impact.statistics.panels.bands import Bands, multiplier_bootstrap
from impact.statistics.panels.doubly_robust import two_by_two
from impact.statistics.panels.honest import HonestBounds, honest_bounds
from impact.statistics.panels.imputation import Imputed, gardner_two_stage, imputation_effects
from impact.statistics.panels.interacted import Interacted, sun_abraham
from impact.statistics.panels.pre_trend import PreTrend, pre_trend_test
from impact.statistics.panels.staggered import GroupTime, group_time_effects

__all__ = [
    "Aggregate",
    "Bacon",
    "Bands",
    "GroupTime",
    "HonestBounds",
    "Imputed",
    "Interacted",
    "Panel",
    "PreTrend",
    "aggregate",
    "bacon_decomposition",
    "gardner_two_stage",
    "group_time_effects",
    "honest_bounds",
    "imputation_effects",
    "joint_test",
    "multiplier_bootstrap",
    "pre_trend_test",
    "sun_abraham",
    "two_by_two",
]
