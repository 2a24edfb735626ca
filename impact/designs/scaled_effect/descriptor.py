"""What is true of effects carried to a territory."""

from __future__ import annotations

from impact.designs.kind import COSTS_A_LEVEL, INFORMS, Counts, DesignKind
from impact.designs.scaled_effect.estimate import estimate_scaled
from impact.designs.scaled_effect.model import ScaledEffect

SCALED_EFFECT = DesignKind(
    model=ScaledEffect,
    estimate=estimate_scaled,
    level=3,
    stands_on=(),
    checks={
        "reach_within_population": COSTS_A_LEVEL,
        "groups_cover_reach": INFORMS,
        "same_effect_on_all_reached": INFORMS,
    },
    counts=Counts.PERSONS,
    recruits="persons",
    precision=None,
    simulate=None,
)
