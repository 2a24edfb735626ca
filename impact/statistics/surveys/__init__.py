"""Sample designs: totals, means, ratios and regressions, calibrated weights, replicates, multiple imputation."""

from impact.statistics.surveys.calibration import Calibrated, calibrate
from impact.statistics.surveys.design import SampleDesign, Units
from impact.statistics.surveys.estimation import mean, ratio, taylor_variance, total
from impact.statistics.surveys.imputation import multiply_impute, pool
from impact.statistics.surveys.margins import poststratify, rake
from impact.statistics.surveys.regression import marginal_effect, survey_regression
from impact.statistics.surveys.replicates import Replicates, replicate_estimate, replicate_weights

__all__ = [
    "Calibrated",
    "Replicates",
    "SampleDesign",
    "Units",
    "calibrate",
    "marginal_effect",
    "mean",
    "multiply_impute",
    "pool",
    "poststratify",
    "rake",
    "ratio",
    "replicate_estimate",
    "replicate_weights",
    "survey_regression",
    "taylor_variance",
    "total",
]
