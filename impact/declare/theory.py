"""The theory of change: steps, and the causal claims between them."""

from __future__ import annotations

from pydantic import Field

from impact.declare.base import Declared, Horizon, Id, Level, Stage, Text


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
