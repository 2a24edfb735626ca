"""What is true of matching."""

from __future__ import annotations

from impact.designs.kind import END_LINE, HIDDEN_BIAS, INFORMS, Counts, DesignKind
from impact.designs.matching.draw import simulate
from impact.designs.matching.estimate import estimate_matching
from impact.designs.matching.model import Matching

MATCHING = DesignKind(
    model=Matching,
    estimate=estimate_matching,
    level=2,
    stands_on=(),
    checks={**END_LINE, **HIDDEN_BIAS, "matched": INFORMS, "rosenbaum_gamma": INFORMS},
    counts=Counts.PERSONS,
    recruits="persons",
    precision=None,
    simulate=simulate,
)
