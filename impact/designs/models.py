"""The models of all kinds of design, as declarations name them; installed packages add theirs.

``impact.declare.indicators`` reads designs by :data:`AnyDesign`. A kind is one line here and one, with all else that is
true of it, in :mod:`impact.designs.registry`, which stands above the rooms that estimate.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from inspect import isabstract
from typing import TYPE_CHECKING, Annotated, TypeAlias, get_args

from pydantic import Field

from impact import plugins
from impact.designs.association.model import Association
from impact.designs.base import About, Design
from impact.designs.before_after.model import BeforeAfter
from impact.designs.did.model import DifferenceInDifferences
from impact.designs.interrupted_time_series.model import InterruptedTimeSeries
from impact.designs.matching.model import Matching
from impact.designs.network_change.model import NetworkChange
from impact.designs.panel.model import PanelEffects
from impact.designs.randomised.model import Randomised
from impact.designs.regression_discontinuity.model import RegressionDiscontinuity
from impact.designs.scaled_effect.model import ScaledEffect
from impact.designs.staggered.model import Staggered
from impact.designs.synthetic_control.model import SyntheticControl
from impact.designs.weighting.model import Weighting
from impact.errors import UsageError

MODELS: tuple[type[Design], ...] = (
    Randomised,
    DifferenceInDifferences,
    PanelEffects,
    Staggered,
    Matching,
    Weighting,
    RegressionDiscontinuity,
    InterruptedTimeSeries,
    SyntheticControl,
    Association,
    NetworkChange,
    ScaledEffect,
    BeforeAfter,
)
"""The engine's own, in the order in which the reference lists them."""


def name_of(model: type[Design]) -> str:
    """Return the word by which declarations name a kind of design.

    Examples
    --------
    >>> name_of(DifferenceInDifferences)
    'did'
    """
    (kind,) = get_args(model.model_fields["kind"].annotation)
    return str(kind)


def _with_plugins(models: Sequence[type[Design]]) -> tuple[type[Design], ...]:
    """Return the models with those that installed packages register under ``impact.design_models``.

    Raises
    ------
    UsageError
        If a package registers what is no design, or a kind that is there already.
    """
    by_kind = {name_of(model): model for model in models}
    for name, plugin in plugins.plugins(plugins.DESIGN_MODELS, type):
        if not issubclass(plugin, Design) or isabstract(plugin):
            raise UsageError(f"an installed package adds {name} as a design, but it is no model of one")
        if name_of(plugin) != name or name in by_kind:
            raise UsageError(f"an installed package adds the design {name}: it needs a kind of its own, of that name")
        by_kind[name] = plugin
    return tuple(by_kind.values())


ALL_MODELS = _with_plugins(MODELS)
"""The engine's own, and those of installed packages."""

if TYPE_CHECKING:
    AnyDesign: TypeAlias = Design
else:
    AnyDesign = Annotated[functools.reduce(operator.or_, ALL_MODELS), Field(discriminator="kind")]
"""A design of any kind, told apart by ``kind``."""


def has_comparison(design: Design | None) -> bool:
    """Tell whether a design can give an effect, or at least an association."""
    return design is not None and design.about is not About.NOTHING
