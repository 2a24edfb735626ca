"""The models of all kinds of design, as declarations name them; installed packages add theirs.

``impact.declare.indicators`` reads designs by :data:`AnyDesign`. A kind is one line here and one, with all else that is
true of it, in :mod:`impact.designs.registry`, which stands above the rooms that estimate. A package's design is
imported when a programme declares it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from inspect import isabstract
from typing import TYPE_CHECKING, Annotated, TypeAlias, get_args

from pydantic import Field, SerializeAsAny

from impact import plugins
from impact.declare.installed import or_installed
from impact.designs.association.model import Association
from impact.designs.base import About, Described, Design
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


OWN = frozenset(map(name_of, MODELS))


@functools.cache
def installed() -> Mapping[str, Described]:
    """Return the designs of installed packages, by kind.

    Raises
    ------
    UsageError
        If a package registers what is no design, or one under a name that is taken or not its own.
    """
    designs = dict(plugins.plugins(plugins.DESIGNS, Described))
    for name, design in designs.items():
        if isabstract(design.model):
            lacking = ", ".join(sorted(design.model.__abstractmethods__))
            raise UsageError(f"an installed package adds the design {name}, which does not say: {lacking}")
        if name in OWN or name != name_of(design.model):
            raise UsageError(f"an installed package adds the design {name}: it needs a kind of its own, of that name")
    return designs


def _models() -> Mapping[str, type[Design]]:
    return {name: design.model for name, design in installed().items()}


if TYPE_CHECKING:
    AnyDesign: TypeAlias = Design
else:
    _OWN_MODEL = Annotated[
        functools.reduce(operator.or_, MODELS), Field(discriminator="kind"), or_installed(Design, OWN, _models)
    ]
    AnyDesign = SerializeAsAny[_OWN_MODEL]
"""A design of any kind, told apart by ``kind``: one of the engine's own, or of an installed package."""


def has_comparison(design: Design | None) -> bool:
    """Tell whether a design can give an effect, or at least an association."""
    return design is not None and design.about is not About.NOTHING
