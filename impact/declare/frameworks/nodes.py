"""The theory of change of a programme, with the nodes of its frameworks that it measures or links to."""

from __future__ import annotations

from collections.abc import Sequence

from impact.declare.frameworks.bind import FILE, Bound, redefines
from impact.declare.frameworks.find import HEADER, Framework
from impact.declare.location import Location
from impact.declare.programme import ProgrammeFile
from impact.declare.theory import Node, TheoryOfChange
from impact.declare.yaml_file import Lines
from impact.errors import DeclarationError, Problem


def with_nodes(
    header: ProgrammeFile, lines: Lines, frameworks: Sequence[Framework], bound: Sequence[Bound]
) -> ProgrammeFile:
    """Return a programme's header with the nodes of frameworks that it measures or links to, and the links among them.

    Raises
    ------
    DeclarationError
        If the programme, or another framework, declares a node of a framework again.
    """
    theory = header.theory_of_change
    named = {one.shared.node for one in bound} | {end for link in theory.links for end in (link.source, link.target)}
    nodes = [node for node in _shared_nodes(theory, lines, frameworks) if node.id in named]
    names = {node.id for node in (*theory.nodes, *nodes)}
    shared_links = (link for framework in frameworks for link in framework.file.links)
    links = tuple(link for link in shared_links if {link.source, link.target} <= names)
    whole = theory.model_copy(update={"nodes": (*theory.nodes, *nodes), "links": (*theory.links, *links)})
    return header.model_copy(update={"theory_of_change": whole})


def _shared_nodes(theory: TheoryOfChange, lines: Lines, frameworks: Sequence[Framework]) -> list[Node]:
    """Return the nodes of all frameworks, or raise with those that stand twice."""
    places: dict[str, Location] = {}
    for index, node in enumerate(theory.nodes):
        places.setdefault(node.id, Location(FILE, lines.get(("theory_of_change", "nodes", index))))
    nodes: list[Node] = []
    problems: list[Problem] = []
    for framework in frameworks:
        for index, node in enumerate(framework.file.nodes):
            at = framework.at(HEADER, "nodes", index)
            first = places.setdefault(node.id, at)
            if first is not at:
                problems.append(redefines("node", node.id, first, at))
            nodes.append(node)
    if problems:
        raise DeclarationError(problems)
    return nodes
