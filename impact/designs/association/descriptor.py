"""What is true of associations."""

from __future__ import annotations

from impact.designs.association.draw import simulate
from impact.designs.association.estimate import estimate_association
from impact.designs.association.model import Association
from impact.designs.kind import COSTS_A_LEVEL, ROWS, STABLE, Counts, DesignKind

ASSOCIATION = DesignKind(
    model=Association,
    estimate=estimate_association,
    level=1,
    stands_on=(),
    checks={"assignment_unit": COSTS_A_LEVEL, **ROWS, **STABLE},
    counts=Counts.PERSONS,
    recruits="persons",
    precision=None,
    simulate=simulate,
)
