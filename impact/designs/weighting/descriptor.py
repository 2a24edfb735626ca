"""What is true of weighting."""

from __future__ import annotations

from impact.designs.kind import COSTS_A_LEVEL, END_LINE, HIDDEN_BIAS, STABLE, Counts, DesignKind
from impact.designs.weighting.draw import simulate
from impact.designs.weighting.estimate import estimate_weighting
from impact.designs.weighting.model import Weighting

WEIGHTING = DesignKind(
    model=Weighting,
    estimate=estimate_weighting,
    level=2,
    stands_on=(),
    checks={**END_LINE, **HIDDEN_BIAS, **STABLE, "overlap": COSTS_A_LEVEL},
    counts=Counts.PERSONS,
    recruits="persons",
    precision=None,
    simulate=simulate,
)
