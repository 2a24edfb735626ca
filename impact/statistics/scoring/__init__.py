"""Scores of forecasts once the outcome is in: closed forms, draws, events, calibration, and many together.

Arrays in; what makes distributions, :mod:`impact.statistics.forecast`, stands on it.
"""

from impact.statistics.scoring.brier import Bin, Brier, brier
from impact.statistics.scoring.closed_forms import (
    crps_beta,
    crps_exponential,
    crps_gamma,
    crps_lognormal,
    crps_normal,
    crps_point,
    crps_t,
)
from impact.statistics.scoring.pit import (
    Calibration,
    Pit,
    PitHistogram,
    calibration_curve,
    continuous_pit,
    discrete_pit,
    pit_histogram,
    randomised_pit,
)
from impact.statistics.scoring.portfolio import NO_CHANGE, Coverage, Skill, coverage, skill
from impact.statistics.scoring.scores import crps_ensemble, event_log_score, interval_score, log_score

__all__ = [
    "NO_CHANGE",
    "Bin",
    "Brier",
    "Calibration",
    "Coverage",
    "Pit",
    "PitHistogram",
    "Skill",
    "brier",
    "calibration_curve",
    "continuous_pit",
    "coverage",
    "crps_beta",
    "crps_ensemble",
    "crps_exponential",
    "crps_gamma",
    "crps_lognormal",
    "crps_normal",
    "crps_point",
    "crps_t",
    "discrete_pit",
    "event_log_score",
    "interval_score",
    "log_score",
    "pit_histogram",
    "randomised_pit",
    "skill",
]
