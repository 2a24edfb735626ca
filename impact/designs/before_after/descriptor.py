"""What is true of no comparison."""

from __future__ import annotations

from impact.designs.before_after.estimate import estimate_before_after
from impact.designs.before_after.model import BeforeAfter
from impact.designs.kind import Counts, DesignKind

BEFORE_AFTER = DesignKind(
    model=BeforeAfter,
    estimate=estimate_before_after,
    level=1,
    stands_on=(),
    checks={},
    counts=Counts.PERSONS,
    recruits="persons",
    precision=None,
    simulate=None,
)
