"""The files of a framework: ``framework.yaml``, and beside it ``contracts.yaml`` and ``indicators.yaml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from impact.declare.base import (
    ColumnName,
    Condition,
    Declared,
    Horizon,
    Id,
    Level,
    Origin,
    Stage,
    StakeholderRole,
    Text,
)
from impact.declare.indicators import OverTime, Sample
from impact.declare.theory import Link, Node
from impact.formulas.models import Formula


def _as_written(value: Any) -> Any:
    """Refuse a number: 1.10 would become 1.1 before anybody sees it."""
    if isinstance(value, int | float):
        raise ValueError('a version is a text: put it in quotes, as in "1.0"')
    return value


Version = Annotated[
    str,
    BeforeValidator(_as_written),
    Field(pattern=r"^[0-9]+(\.[0-9]+)*$", max_length=20),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*$", "maxLength": 20}),
]
"""A version: numbers joined by dots, in quotes."""
ElementCode = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*-[0-9]+(\.[0-9]+)*$", max_length=40)]
"""The code of an element of a checklist, such as ``VIS-1.2``."""


class IndicatorRule(Declared):
    """Some indicator with data that are not synthetic, on a node of one of the stages, that declares what is asked."""

    shows: Literal["indicator"]
    stages: tuple[Stage, ...] = ()
    declares: tuple[Literal["baseline", "target", "design"], ...] = ()


class HorizonRule(Declared):
    """Some node of each horizon on which an indicator with data that are not synthetic hangs."""

    shows: Literal["horizons"]
    horizons: tuple[Horizon, ...] = Field(min_length=1)


class StakeholderRule(Declared):
    """Some stakeholder of one of the roles."""

    shows: Literal["stakeholder"]
    roles: tuple[StakeholderRole, ...] = Field(min_length=1)


class NodeRule(Declared):
    """Some node of one of the stages."""

    shows: Literal["node"]
    stages: tuple[Stage, ...] = Field(min_length=1)


class SourceRule(Declared):
    """Some source of data that are not synthetic, of one of the contracts."""

    shows: Literal["source"]
    contracts: tuple[Id, ...] = Field(min_length=1)


Rule = Annotated[IndicatorRule | HorizonRule | StakeholderRule | NodeRule | SourceRule, Field(discriminator="shows")]
"""What the declarations of a programme show by themselves."""


class Element(Declared):
    """One thing that the source of a framework asks for, in own words.

    ``seen`` says on what reading of the source it rests; without it nobody has seen it, and it is not verified.
    ``rules`` answer it from the declarations of a programme, all of them together; ``partly`` says that they answer
    a part only, so that the programme has to answer the rest. ``asks_nothing`` is the reason why nothing is owed.
    """

    code: ElementCode
    title: Text
    provision: Text
    seen: Text | None = None
    rules: tuple[Rule, ...] = ()
    partly: bool = False
    asks_nothing: Text | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Element:
        if self.partly and not self.rules:
            raise ValueError("partly goes with rules")
        if self.asks_nothing and self.rules:
            raise ValueError("what asks for nothing takes no rules")
        return self


class Required(Declared):
    """What a programme that uses the framework owes; what is not named is offered."""

    contracts: tuple[Id, ...] = ()
    indicators: tuple[Id, ...] = ()


class BuildsOn(Declared):
    """A framework that this one builds on, by its version."""

    framework: Id
    version: Version


class FrameworkFile(Declared):
    """The whole of ``framework.yaml``; ``remarks`` are what every reader of it must know."""

    id: Id
    version: Version
    title: Text
    publisher: Text
    source: Origin
    remarks: tuple[Text, ...] = ()
    use: tuple[BuildsOn, ...] = ()
    nodes: tuple[Node, ...] = ()
    links: tuple[Link, ...] = ()
    required: Required = Required()
    elements: tuple[Element, ...] = ()


class SharedIndicator(Declared):
    """What is measured, alike in every programme; each binds it to its waves, promises and designs.

    Without ``node`` each programme says on which node of its own theory of change it hangs.
    """

    id: Id
    title: Text
    node: Id | None = None
    level: Level
    unit: Text
    direction: Literal["increase", "decrease", "maintain"]
    contract: Id
    formula: Formula
    where: tuple[Condition, ...] = ()
    by: tuple[ColumnName, ...] = ()
    scope: tuple[ColumnName, ...] = ()
    over_time: OverTime | None = None
    sample: Sample = Sample()
    note: Text | None = None


class SharedIndicatorsFile(Declared):
    """The whole of ``indicators.yaml`` of a framework."""

    indicators: tuple[SharedIndicator, ...] = Field(min_length=1)
