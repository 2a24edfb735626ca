"""Whether frameworks hold together by themselves, and what a programme says to elements that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.frameworks.bind import reachable, use_at
from impact.declare.frameworks.find import HEADER, INDICATORS, Framework
from impact.declare.load import Programme
from impact.declare.location import twice
from impact.errors import Problem


def framework_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the frameworks of a programme, and with its answers."""
    for framework in programme.frameworks:
        yield from _required(programme, framework)
        yield from _indicators(programme, framework)
        yield from _elements(framework)
    yield from _answers(programme)


def _required(programme: Programme, framework: Framework) -> Iterator[Problem]:
    required, at = framework.file.required, framework.at(HEADER, "required")
    indicators = [shared.id for shared in framework.indicators]
    for name in required.indicators:
        if name not in indicators:
            what = f"the framework '{framework.id}' requires an indicator '{name}' that it does not have"
            yield at.at("required.indicators").problem(what, ", ".join(indicators))
    for name in required.contracts:
        if name not in programme.contracts:
            what = f"the framework '{framework.id}' requires a contract '{name}' that is not there"
            yield at.at("required.contracts").problem(what, ", ".join(programme.contracts))


def _indicators(programme: Programme, framework: Framework) -> Iterator[Problem]:
    """Yield shared indicators that no programme could bind."""
    contracts = _contracts(programme, framework)
    nodes = {node.id for each in (framework, *_bases(programme, framework)) for node in each.file.nodes}
    for index, shared in enumerate(framework.indicators):
        at = framework.at(INDICATORS, "indicators", index)
        if shared.contract not in contracts:
            what = f"the framework has no contract '{shared.contract}'"
            yield at.at(f"{shared.id}.contract").problem(what, ", ".join(sorted(contracts)))
        if shared.node and shared.node not in nodes:
            what = f"the framework has no node '{shared.node}'"
            yield at.at(f"{shared.id}.node").problem(what, ", ".join(sorted(nodes)))
    for name in twice(shared.id for shared in framework.indicators):
        yield framework.indicator_at(name).problem(f"two indicators have the id '{name}'", fix="Rename one.")


def _elements(framework: Framework) -> Iterator[Problem]:
    for code in twice(element.code for element in framework.file.elements):
        yield framework.at(HEADER, "elements").problem(f"two elements have the code '{code}'", fix="Rename one.")


def _answers(programme: Programme) -> Iterator[Problem]:
    """Yield the answers to elements that no framework in reach has."""
    for index, use in enumerate(programme.header.use):
        frameworks = reachable(programme.frameworks, use)
        codes = [element.code for framework in frameworks for element in framework.file.elements]
        for code in use.answers:
            if code not in codes:
                at = use_at(programme.lines["programme.yaml"], index, "answers", code)
                what = f"the framework '{use.framework}' has no element '{code}'"
                yield at.problem(what, ", ".join(codes) or "it has no elements")


def _bases(programme: Programme, framework: Framework) -> list[Framework]:
    return [base for base in programme.frameworks if base.id in framework.builds_on]


def _contracts(programme: Programme, framework: Framework) -> set[str]:
    """Return the contracts that a framework has, those of the frameworks it builds on included."""
    frameworks = (framework, *_bases(programme, framework))
    return {entry.declared.id for each in frameworks for entry in each.entries if entry.what == "contract"}
