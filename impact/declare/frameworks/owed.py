"""What a programme owes to a framework and lacks, and what it has to say to each element of its checklist.

Follows from declarations alone; read by ``impact check`` and by the tables that are published of frameworks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from impact.declare.base import Text
from impact.declare.frameworks.bind import reachable
from impact.declare.frameworks.find import Framework
from impact.declare.frameworks.model import Element
from impact.declare.frameworks.rules import shown
from impact.declare.frameworks.use import Answer
from impact.states import ElementState
from impact.words.said import Said

if TYPE_CHECKING:
    from impact.declare.load import Programme


@dataclass(frozen=True)
class Response:
    """What a programme has to say to an element.

    Parameters
    ----------
    element
        What is asked for.
    state
        Whether it is answered.
    shown
        What its declarations show of it by themselves, and what they do not.
    answer
        What it says in its own words; None where it says nothing.
    """

    element: Element
    state: ElementState
    shown: tuple[Said, ...]
    answer: Answer | None

    @property
    def text(self) -> Text | None:
        """The answer, or the reason why it is not applicable, in words of the programme or of the framework."""
        if self.answer is not None:
            return self.answer.text or self.answer.not_applicable
        return self.element.asks_nothing if self.state == ElementState.NOT_APPLICABLE else None


@dataclass(frozen=True)
class Owed:
    """What a programme owes to a framework and lacks; nothing of it is an error.

    Parameters
    ----------
    framework
        Which one.
    unfed
        Contracts that are required and that no source feeds.
    unbound
        Indicators that are required and not bound.
    offered
        Other indicators that are not bound.
    responses
        Of the elements of the checklist, in their order.
    """

    framework: Framework
    unfed: tuple[str, ...]
    unbound: tuple[str, ...]
    offered: tuple[str, ...]
    responses: tuple[Response, ...]

    @property
    def counts(self) -> Mapping[ElementState, int]:
        """How many elements are in each state, in the order of the states."""
        counts = Counter(response.state for response in self.responses)
        return {state: counts[state] for state in ElementState}


def owed_to(programme: Programme, framework: Framework) -> Owed:
    """Return what a programme owes to one of its frameworks."""
    fed = {source.contract for source in programme.sources}
    bound = {one.indicator.id for one in programme.bound}
    required = framework.file.required
    free = [shared.id for shared in framework.indicators if shared.id not in bound]
    answers = _answers(programme, framework)
    return Owed(
        framework,
        tuple(name for name in required.contracts if name not in fed),
        tuple(name for name in free if name in required.indicators),
        tuple(name for name in free if name not in required.indicators),
        tuple(_response(programme, element, answers.get(element.code)) for element in framework.file.elements),
    )


def all_owed(programme: Programme) -> Iterator[Owed]:
    """Yield what a programme owes to each of its frameworks."""
    return (owed_to(programme, framework) for framework in programme.frameworks)


def _answers(programme: Programme, framework: Framework) -> dict[str, Answer]:
    """Return the answers to a framework's elements, given where it is used or where one is that builds on it."""
    answers: dict[str, Answer] = {}
    for use in programme.header.use:
        if framework in reachable(programme.frameworks, use):
            answers |= use.answers
    return answers


def _response(programme: Programme, element: Element, answer: Answer | None) -> Response:
    facts = [shown(programme, rule) for rule in element.rules]
    holds = bool(facts) and not element.partly and all(fact.holds for fact in facts)
    return Response(element, _state(element, answer, holds=holds), tuple(fact.said for fact in facts), answer)


def _state(element: Element, answer: Answer | None, *, holds: bool) -> ElementState:
    if element.seen is None:
        return ElementState.NOT_VERIFIED
    if answer is not None:
        return ElementState.ANSWERED if answer.text else ElementState.NOT_APPLICABLE
    if element.asks_nothing:
        return ElementState.NOT_APPLICABLE
    return ElementState.ANSWERED if holds else ElementState.MISSING
