"""Whether ``value.yaml`` holds together with the indicators and contracts it names."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.check_value_costs import cost_problems
from impact.declare.check_value_names import FILE, known_indicator
from impact.declare.check_value_pools import pool_problems
from impact.declare.check_value_rewards import reward_problems
from impact.declare.check_value_social_return import social_return_problems
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.value.outcomes import Outcome
from impact.errors import Problem


def value_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with what a decision needs beside findings."""
    yield from _outcomes(programme, programme.value.outcomes)
    yield from pool_problems(programme)
    yield from reward_problems(programme)
    yield from cost_problems(programme)
    yield from social_return_problems(programme)


def _outcomes(programme: Programme, outcomes: tuple[Outcome, ...]) -> Iterator[Problem]:
    for index, outcome in enumerate(outcomes):
        at = Location(FILE, programme.line(FILE, "outcomes", index), f"outcomes.{outcome.indicator}")
        yield from known_indicator(programme, outcome.indicator, at)
        if outcome.scale is not None:
            yield from known_indicator(programme, outcome.scale.indicator, at.at("scale"))
        if outcome.matters is not None and outcome.matters.value <= 0:
            yield at.at("matters").problem("the smallest effect worth having is a size, so it is above 0")
        for name in twice(risk.kind for risk in outcome.risks):
            yield at.at("risks").problem(f"the risk '{name}' stands twice", fix="Keep one.")
    for name in twice(outcome.indicator for outcome in outcomes):
        at = Location(FILE, programme.line(FILE, "outcomes"), "outcomes")
        yield at.problem(f"two outcomes are of indicator '{name}'", fix="Keep one.")
