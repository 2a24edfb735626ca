"""What is true of randomised assignment."""

from __future__ import annotations

from impact.designs.kind import COSTS_A_LEVEL, END_LINE, INFORMS, STABLE, Counts, DesignKind
from impact.designs.randomised.draw import precision, simulate
from impact.designs.randomised.estimate import estimate_randomised
from impact.designs.randomised.model import Randomised

RANDOMISED = DesignKind(
    model=Randomised,
    estimate=estimate_randomised,
    level=5,
    stands_on=("balance", "attrition"),
    checks={**END_LINE, **STABLE, "heterogeneity": INFORMS, "first_stage": COSTS_A_LEVEL},
    counts=Counts.PERSONS,
    recruits="persons",
    precision=precision,
    simulate=simulate,
)
