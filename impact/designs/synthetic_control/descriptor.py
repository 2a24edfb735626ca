"""What is true of synthetic controls."""

from __future__ import annotations

from impact.designs.kind import INFORMS, Ceiling, Cost, Counts, DesignKind
from impact.designs.synthetic_control.draw import simulate
from impact.designs.synthetic_control.estimate import estimate_synthetic
from impact.designs.synthetic_control.model import SyntheticControl

POOR_FIT: Cost = (Ceiling(1, None, 1.0),)
"""Its size is the gap before the start over the series' own spread: above 1, the mean of the series fits better."""
SYNTHETIC_CONTROL = DesignKind(
    model=SyntheticControl,
    estimate=estimate_synthetic,
    level=3,
    stands_on=("pre_fit",),
    checks={"pre_fit": POOR_FIT, "placebo_space": INFORMS, "placebo_time": INFORMS, "stable_optimum": INFORMS},
    counts=Counts.SERIES,
    recruits="units",
    precision=None,
    simulate=simulate,
)
