"""What the declarations of a programme show by themselves, rule by rule: whether it holds, and by what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, NamedTuple

from impact.declare.frameworks.model import (
    HorizonRule,
    IndicatorRule,
    NodeRule,
    Rule,
    SourceRule,
    StakeholderRule,
)
from impact.words.said import Said

if TYPE_CHECKING:
    from impact.declare.indicators import Indicator
    from impact.declare.load import Programme

MOST_NAMED = 6
"""Names that are written out where a fact rests on many."""


class Fact(NamedTuple):
    """What declarations show: whether the rule holds, and what it rests on or lacks."""

    holds: bool
    said: Said


def shown(programme: Programme, rule: Rule) -> Fact:
    """Return whether a rule holds for a programme, and by what."""
    return _shown(rule, programme)


@singledispatch
def _shown(rule: object, _: Programme) -> Fact:
    raise TypeError(f"nobody says what {type(rule).__name__} shows")


@_shown.register(IndicatorRule)
def _(rule: IndicatorRule, programme: Programme) -> Fact:
    names = [indicator.id for indicator in _indicators(programme, rule)]
    if names:
        return Fact(True, Said("frameworks.indicators", count=len(names), names=_some(names)))
    return Fact(False, Said("frameworks.no_indicator"))


@_shown.register(HorizonRule)
def _(rule: HorizonRule, programme: Programme) -> Fact:
    measured = {indicator.node for indicator in _with_data(programme)}
    nodes = programme.header.theory_of_change.nodes
    horizons = {node.horizon for node in nodes if node.id in measured}
    lacking = tuple(horizon for horizon in rule.horizons if horizon not in horizons)
    if lacking:
        return Fact(False, Said("frameworks.no_horizon", horizons=_horizons(lacking)))
    return Fact(True, Said("frameworks.horizons", horizons=_horizons(rule.horizons)))


@_shown.register(StakeholderRule)
def _(rule: StakeholderRule, programme: Programme) -> Fact:
    names = [body.name for body in programme.header.stakeholders if body.role in rule.roles]
    if names:
        return Fact(True, Said("frameworks.stakeholders", names=_some(names)))
    return Fact(False, Said("frameworks.no_stakeholder"))


@_shown.register(NodeRule)
def _(rule: NodeRule, programme: Programme) -> Fact:
    names = [node.id for node in programme.header.theory_of_change.nodes if node.stage in rule.stages]
    if names:
        return Fact(True, Said("frameworks.nodes", count=len(names), names=_some(names)))
    return Fact(False, Said("frameworks.no_node"))


@_shown.register(SourceRule)
def _(rule: SourceRule, programme: Programme) -> Fact:
    sources = (source for source in programme.sources if source.provenance.kind == "real")
    names = [source.id for source in sources if source.contract in rule.contracts]
    if names:
        return Fact(True, Said("frameworks.sources", names=_some(names)))
    return Fact(False, Said("frameworks.no_source", contracts=rule.contracts))


def _indicators(programme: Programme, rule: IndicatorRule) -> Iterator[Indicator]:
    """Yield the indicators that a rule asks for."""
    stages = {node.id: node.stage for node in programme.header.theory_of_change.nodes}
    for indicator in _with_data(programme):
        declared = {
            "baseline": indicator.ex_ante.baseline,
            "target": indicator.ex_ante.target,
            "design": indicator.ex_post.design,
        }
        is_asked = not rule.stages or stages.get(indicator.node) in rule.stages
        if is_asked and all(declared[name] is not None for name in rule.declares):
            yield indicator


def _with_data(programme: Programme) -> list[Indicator]:
    """Return the indicators that a source feeds; synthetic data show nothing of the programme."""
    fed = {source.contract for source in programme.sources}
    fed_ones = (indicator for indicator in programme.indicators if indicator.contract in fed)
    return [indicator for indicator in fed_ones if programme.data_kind(indicator) == "real"]


def _some(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that are written out."""
    return (*names[:MOST_NAMED], "…") if len(names) > MOST_NAMED else tuple(names)


def _horizons(horizons: Sequence[str]) -> tuple[Said, ...]:
    return tuple(Said(f"frameworks.horizon_{horizon}") for horizon in horizons)
