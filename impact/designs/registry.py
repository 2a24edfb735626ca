"""All kinds of design by name: a folder and a line each; installed packages add theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impact.designs import models
from impact.designs.association.descriptor import ASSOCIATION
from impact.designs.base import Design
from impact.designs.before_after.descriptor import BEFORE_AFTER
from impact.designs.did.descriptor import DIFFERENCE_IN_DIFFERENCES
from impact.designs.interrupted_time_series.descriptor import INTERRUPTED_TIME_SERIES
from impact.designs.kind import DesignKind
from impact.designs.matching.descriptor import MATCHING
from impact.designs.network_change.descriptor import NETWORK_CHANGE
from impact.designs.panel.descriptor import PANEL
from impact.designs.randomised.descriptor import RANDOMISED
from impact.designs.regression_discontinuity.descriptor import REGRESSION_DISCONTINUITY
from impact.designs.scaled_effect.descriptor import SCALED_EFFECT
from impact.designs.staggered.descriptor import STAGGERED
from impact.designs.synthetic_control.descriptor import SYNTHETIC_CONTROL
from impact.designs.weighting.descriptor import WEIGHTING
from impact.errors import UsageError

DESIGNS: Mapping[str, DesignKind[Any]] = {
    models.name_of(design.model): design
    for design in (
        RANDOMISED,
        DIFFERENCE_IN_DIFFERENCES,
        PANEL,
        STAGGERED,
        MATCHING,
        WEIGHTING,
        REGRESSION_DISCONTINUITY,
        INTERRUPTED_TIME_SERIES,
        SYNTHETIC_CONTROL,
        ASSOCIATION,
        NETWORK_CHANGE,
        SCALED_EFFECT,
        BEFORE_AFTER,
    )
}
"""The engine's own, by what is written as ``kind``."""

if {design.model for design in DESIGNS.values()} != set(models.MODELS):
    raise ImportError("impact.designs: models.py and registry.py name different designs")


def design_kind(design: Design) -> DesignKind[Any]:
    """Return what is true of the kind of a declared design.

    Raises
    ------
    UsageError
        If it is a package's, and the package registers less than a whole design.
    """
    if design.kind in DESIGNS:
        return DESIGNS[design.kind]
    described = models.installed()[design.kind]
    if not isinstance(described, DesignKind):
        raise UsageError(f"an installed package adds the design {design.kind}: expected a DesignKind")
    return described
