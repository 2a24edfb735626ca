"""Regressions: least squares, its robust, clustered and bootstrap errors, instruments, unit and period effects.

Stands on :mod:`impact.statistics.core`; every other family that fits a regression stands on this one.
"""

from impact.statistics.linear.instrument import InstrumentResult, two_stage_least_squares
from impact.statistics.linear.least_squares import Fit, fit
from impact.statistics.linear.sandwich import coefficient, contrast, wald_joint
from impact.statistics.linear.two_way import Cells, TwoWay, fit_cells
from impact.statistics.linear.wild import Bootstrap, wild_bootstrap

__all__ = [
    "Bootstrap",
    "Cells",
    "Fit",
    "InstrumentResult",
    "TwoWay",
    "coefficient",
    "contrast",
    "fit",
    "fit_cells",
    "two_stage_least_squares",
    "wald_joint",
    "wild_bootstrap",
]
