"""Jumps at a cutoff: bandwidths, the jump with robust bias-corrected inference, sorting and placebo cutoffs."""

from impact.statistics.discontinuity.bandwidth import select_bandwidths
from impact.statistics.discontinuity.density import DensityTest, StepTest, density_test, step_test
from impact.statistics.discontinuity.jump import Discontinuity, Options, regression_discontinuity
from impact.statistics.discontinuity.placebo import Labelled, placebo_cutoffs

__all__ = [
    "DensityTest",
    "Discontinuity",
    "Labelled",
    "Options",
    "StepTest",
    "density_test",
    "placebo_cutoffs",
    "regression_discontinuity",
    "select_bandwidths",
    "step_test",
]
