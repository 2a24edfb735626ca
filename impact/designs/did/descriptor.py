"""What is true of difference-in-differences."""

from __future__ import annotations

from impact.designs.did.draw import precision, simulate
from impact.designs.did.estimate import estimate_did
from impact.designs.did.model import DifferenceInDifferences
from impact.designs.kind import ARMS, BEFORE_THE_START, INFORMS, STABLE, Counts, DesignKind

DIFFERENCE_IN_DIFFERENCES = DesignKind(
    model=DifferenceInDifferences,
    estimate=estimate_did,
    level=3,
    stands_on=("placebo_wave",),
    checks={"placebo_wave": BEFORE_THE_START, **ARMS, **STABLE, "heterogeneity": INFORMS},
    counts=Counts.BOTH_WAVES,
    recruits="persons",
    precision=precision,
    simulate=simulate,
)
