"""What is true of effects in a panel."""

from __future__ import annotations

from impact.designs.kind import BEFORE_THE_START, COSTS_A_LEVEL, ROWS, Counts, DesignKind
from impact.designs.panel.draw import simulate
from impact.designs.panel.estimate import estimate_panel
from impact.designs.panel.model import PanelEffects

PANEL = DesignKind(
    model=PanelEffects,
    estimate=estimate_panel,
    level=3,
    stands_on=("pre_trend",),
    checks={"pre_trend": BEFORE_THE_START, "staggered_adoption": COSTS_A_LEVEL, **ROWS},
    counts=Counts.EVERY_WAVE,
    recruits="units",
    precision=None,
    simulate=simulate,
)
