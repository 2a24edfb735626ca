"""Outcomes by the five dimensions of impact: what findings cannot say of them, each with who says it.

The dimensions, the nine risks and the classes are norms of the Impact Management Project (2018), kept by Impact
Frontiers: https://impactfrontiers.org/norms/.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from impact.declare.base import Declared, Id, Origin, Text

Degree = Literal["low", "medium", "high"]
RiskKind = Literal[
    "evidence",
    "external",
    "stakeholder_participation",
    "drop_off",
    "efficiency",
    "execution",
    "alignment",
    "endurance",
    "unexpected_impact",
]
IrisMetric = Annotated[str, Field(pattern=r"^(OI|PI|OD|FP|PD)[0-9]{4}$")]
SdgTarget = Annotated[str, Field(pattern=r"^(1[0-7]|[1-9])\.([1-9][0-9]?|[a-d])$")]
BesDomain = Annotated[str, Field(pattern=r"^(1[0-2]|[1-9])$")]


class Importance(Declared):
    """How much an outcome matters to those who experience it, and who says so."""

    degree: Degree
    origin: Origin


class Threshold(Declared):
    """The level that is good enough, in the unit of the indicator: at it or beyond, in the direction declared."""

    value: float
    origin: Origin


class Who(Declared):
    """Who experiences the outcome, and whether others leave them unserved."""

    group: Text
    underserved: bool
    origin: Origin


class Duration(Declared):
    """How many years the outcome lasts."""

    years: float = Field(gt=0)
    origin: Origin


class Scale(Declared):
    """How many experience the outcome: the finding of an indicator that counts them."""

    indicator: Id


class Risk(Declared):
    """One of the nine risks that impact is not as expected, how likely it is and how much would then be lost."""

    kind: RiskKind
    likelihood: Degree
    consequence: Degree
    why: Text
    origin: Origin


class Codes(Declared):
    """The same outcome in the catalogues of others.

    IRIS+ metrics such as ``OI8118``, targets of the Sustainable Development Goals such as ``3.4``, domains of ISTAT's
    BES by their number, 1 to 12.
    """

    iris: tuple[IrisMetric, ...] = ()
    sdg: tuple[SdgTarget, ...] = ()
    bes: tuple[BesDomain, ...] = ()


class Outcome(Declared):
    """An indicator as an outcome to decide on.

    ``matters`` is the smallest effect worth having, in the unit of the indicator: harm as large as this has to be
    excluded before no clear effect is no harm.
    """

    indicator: Id
    importance: Importance | None = None
    threshold: Threshold | None = None
    matters: Threshold | None = None
    who: Who | None = None
    scale: Scale | None = None
    duration: Duration | None = None
    risks: tuple[Risk, ...] = ()
    codes: Codes = Codes()
