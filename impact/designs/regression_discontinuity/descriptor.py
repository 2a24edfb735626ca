"""What is true of regression discontinuity."""

from __future__ import annotations

from impact.designs.kind import COSTS_A_LEVEL, INFORMS, SORTED, Counts, DesignKind
from impact.designs.regression_discontinuity.draw import simulate
from impact.designs.regression_discontinuity.estimate import estimate_discontinuity
from impact.designs.regression_discontinuity.model import RegressionDiscontinuity

REGRESSION_DISCONTINUITY = DesignKind(
    model=RegressionDiscontinuity,
    estimate=estimate_discontinuity,
    level=4,
    stands_on=("density",),
    checks={
        "density": SORTED,
        "first_stage": COSTS_A_LEVEL,
        "covariate_continuity": COSTS_A_LEVEL,
        "placebo_cutoff": INFORMS,
        "complete_cases": INFORMS,
    },
    counts=Counts.PERSONS,
    recruits="persons",
    precision=None,
    simulate=simulate,
)
