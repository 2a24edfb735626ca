"""``programme.yaml``: who, when, where, and the theory of change."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from impact.declare.base import Code, Date, Declared, Horizon, Id, Level, Stage, Text


class Stakeholder(Declared):
    """A body or group with a part in the programme."""

    id: Id
    name: str
    role: Literal["funder", "lead", "partner", "beneficiary", "evaluator", "supporter"]
    kind: str = ""


class Wave(Declared):
    """One round of data collection.

    ``id`` is how the wave is written in the data; ``date`` is when its collection ended.
    """

    id: Code
    title: Text
    date: Date
    role: Literal["pre_baseline", "baseline", "midline", "end_line", "follow_up"]


class Node(Declared):
    """A step of the theory of change."""

    id: Id
    stage: Stage
    level: Level
    horizon: Horizon
    title: Text
    description: Text | None = None


class Link(Declared):
    """A causal claim between two nodes, with the assumption it rests on and the evidence for it."""

    source: Id = Field(alias="from")
    target: Id = Field(alias="to")
    assumption: Text
    evidence: Text | None = None


class TheoryOfChange(Declared):
    """The chain from inputs to impact: a connected graph without cycles."""

    nodes: tuple[Node, ...] = Field(min_length=1)
    links: tuple[Link, ...] = ()


class Period(Declared):
    """First and last date of the programme."""

    start: Date
    end: Date


class ProgrammeFile(Declared):
    """The whole of ``programme.yaml``."""

    id: Id
    title: Text
    summary: Text
    period: Period
    territory: str
    stakeholders: tuple[Stakeholder, ...] = ()
    waves: tuple[Wave, ...] = ()
    theory_of_change: TheoryOfChange
