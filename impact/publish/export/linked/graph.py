"""Graphs as JSON-LD: one list of nodes under ``@graph``, a context of their own, and what makes such a graph whole.

A term that a context lacks is dropped by readers without a word, a null leaves nothing, a name beside ``@graph`` hides
all nodes in a graph of that name, and a number becomes a double or an integer as it looks: each is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from impact.errors import Problem

Node = dict[str, Any]
"""An object of JSON-LD."""
Context = Mapping[str, Any]
KEYWORDS = ("@id", "@type", "@value", "@language")
XSD = "http://www.w3.org/2001/XMLSchema#"


def write_graph(context: Context, nodes: Iterable[Node]) -> bytes:
    """Write a graph: nodes in order, what is empty left out."""
    document = {"@context": dict(context), "@graph": [without_nothing(node) for node in nodes]}
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8")


def without_nothing(node: Node) -> Node:
    """Return a node without what holds nothing."""
    return {name: value for name, value in node.items() if value not in (None, "", [], {})}


def tagged(texts: Mapping[Any, str]) -> list[Node]:
    """Return a text in each language."""
    return [{"@value": text, "@language": str(language)} for language, text in texts.items() if text]


def reference(iri: str) -> Node:
    """Return what points to a node."""
    return {"@id": iri}


def read_graph(content: bytes, name: str) -> tuple[list[Node], Context, list[Problem]]:
    """Return the nodes and the context of a graph, and what keeps readers from seeing all of it.

    Parameters
    ----------
    content
        Of a file of JSON-LD.
    name
        What it is called in problems.
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        return [], {}, [Problem(f"the file is no JSON: {error}", name)]
    if not isinstance(document, dict) or set(document) != {"@context", "@graph"}:
        return (
            [],
            {},
            [Problem("the graph has a name, or none of its two parts", name, expected="@context and @graph alone")],
        )
    nodes, context = document["@graph"], document["@context"]
    problems = [*_unseen(nodes, context), *_twice(nodes)]
    if not nodes:
        problems.append(Problem("the graph has no node"))
    return nodes, context, problems


def _unseen(nodes: list[Node], context: Context) -> Iterator[Problem]:
    """Yield terms that readers would drop, values that leave nothing, and numbers whose type is left to chance."""
    for node in nodes:
        for path, name, value in _entries(node):
            place = f"{node.get('@id', '?')} {path}"
            if not name.startswith("@") and name not in context:
                yield Problem(f"the context has no term '{name}'", field=place)
            elif name.startswith("@") and name not in KEYWORDS:
                yield Problem(f"'{name}' has no place here", field=place)
            elif value is None or value in ([], ""):
                yield Problem("an empty value leaves nothing", field=place)
            elif isinstance(value, int | float):
                yield Problem(
                    "a number has no type of its own in JSON-LD", field=place, expected="text", found=str(value)
                )


def _entries(node: Node, above: str = "") -> Iterator[tuple[str, str, Any]]:
    for name, value in node.items():
        path = f"{above}{name}"
        yield path, name, value
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                yield from _entries(part, f"{path}.")
            elif isinstance(value, list):
                yield path, name, part


def _twice(nodes: list[Node]) -> Iterator[Problem]:
    names = [node.get("@id") for node in nodes]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield Problem(f"two nodes are called {name}")


def of_type(nodes: Iterable[Node], *types: str) -> list[Node]:
    """Return the nodes of some types."""
    return [node for node in nodes if set(types) & set(values(node, "@type"))]


def values(node: Node, name: str) -> list[Any]:
    """Return the values of a term, as many as there are."""
    value = node.get(name, [])
    return value if isinstance(value, list) else [value]


def targets(node: Node, name: str) -> list[str]:
    """Return what a term of a node points to."""
    return [str(value.get("@id", "")) if isinstance(value, dict) else str(value) for value in values(node, name)]


def dangling(nodes: Iterable[Node], names: Iterable[str]) -> Iterator[Problem]:
    """Yield what points to a node that is not there.

    Parameters
    ----------
    nodes
        Of the graph.
    names
        Terms whose values are nodes of the graph itself.
    """
    listed = list(nodes)
    there = {str(node.get("@id")) for node in listed}
    for node in listed:
        for name in names:
            for target in targets(node, name):
                if target not in there:
                    yield Problem(
                        f"{name} points to a node that is not there", field=str(node.get("@id")), found=target
                    )


def name_of(node: Node) -> str:
    """Return what a node is called in problems."""
    return str(node.get("@id", "a node without name"))


def absent(nodes: Iterable[Node], kinds: Iterable[str], name: str) -> Iterator[Problem]:
    """Yield classes of which a graph with any node has none; ``name`` is that of its file."""
    listed = list(nodes)
    for kind in kinds:
        if listed and not of_type(listed, kind):
            yield Problem(f"there is no {kind}", name)


def lacking(nodes: Iterable[Node], needed: Mapping[str, Iterable[str]]) -> Iterator[Problem]:
    """Yield what nodes do not say, by the terms that each class must have."""
    for node in nodes:
        for kind in values(node, "@type"):
            for term in needed.get(kind, ()):
                if not values(node, term):
                    yield Problem(f"a node of {kind} has no {term}", field=name_of(node))


def repeated(nodes: Iterable[Node], single: Iterable[str]) -> Iterator[Problem]:
    """Yield terms that a node has more than once, of those that it may have once."""
    terms = tuple(single)
    for node in nodes:
        for term in terms:
            if len(values(node, term)) > 1:
                yield Problem(f"{term} stands twice", field=name_of(node))
