"""What is true of changes of a network."""

from __future__ import annotations

from impact.designs.kind import INFORMS, Counts, DesignKind
from impact.designs.network_change.estimate import estimate_network_change
from impact.designs.network_change.model import NetworkChange

NETWORK_CHANGE = DesignKind(
    model=NetworkChange,
    estimate=estimate_network_change,
    level=1,
    stands_on=(),
    checks={"same_bodies": INFORMS},
    counts=Counts.BODIES,
    recruits="persons",
    precision=None,
    simulate=None,
)
