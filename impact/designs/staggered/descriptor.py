"""What is true of staggered adoption."""

from __future__ import annotations

from impact.designs.kind import BEFORE_THE_START, COSTS_A_LEVEL, INFORMS, ROWS, Counts, DesignKind
from impact.designs.staggered.draw import simulate
from impact.designs.staggered.estimate import estimate_staggered
from impact.designs.staggered.model import Staggered

STAGGERED = DesignKind(
    model=Staggered,
    estimate=estimate_staggered,
    level=3,
    stands_on=("pre_trend",),
    checks={
        "pre_trend": BEFORE_THE_START,
        "staggered_adoption": COSTS_A_LEVEL,
        "assignment_unit": COSTS_A_LEVEL,
        **ROWS,
        "honest_bounds": INFORMS,
        "left_out": INFORMS,
    },
    counts=Counts.EVERY_WAVE,
    recruits="units",
    precision=None,
    simulate=simulate,
)
