"""Graphs held against shapes of the standards by pyshacl: no inference, and never a graph in which it sees nothing.

The shapes are read where they lie and repaired in memory. A repair is for one edition, told by its SHA-256; another
edition is refused until somebody has looked at it.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impact.errors import Problem, UsageError

if TYPE_CHECKING:
    from rdflib import Graph

Repair = Callable[["Graph"], None]
CIDS_FULL = "cids.fulltier.shacl.ttl"
CIDS_BASIC = "cids.basictier.shacl.ttl"
CSH = "https://ontology.commonapproach.org/cids/shacl#"


def _libraries() -> tuple[Any, Any]:
    try:
        return import_module("rdflib"), import_module("pyshacl")
    except ImportError as error:
        raise UsageError("shapes are held against by pyshacl: pip install 'impact-engine[linked]'") from error


def graph_of(content: bytes) -> Graph:
    """Return the triples of a file of JSON-LD.

    Raises
    ------
    UsageError
        If rdflib is not installed.
    """
    rdflib, _ = _libraries()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's own reader uses what rdflib has deprecated
        graph: Graph = rdflib.Graph().parse(data=content.decode("utf-8"), format="json-ld")
    return graph


def read_shapes(path: Path, edition: str, repair: Repair) -> Graph:
    """Return shapes, repaired.

    Parameters
    ----------
    path
        A file in Turtle.
    edition
        SHA-256 of the edition that the repair is for.
    repair
        Changes the shapes.

    Raises
    ------
    UsageError
        If the file is another edition.
    """
    rdflib, _ = _libraries()
    content = path.read_bytes()
    there = hashlib.sha256(content).hexdigest()
    if there != edition:
        raise UsageError(
            f"{path} is another edition than the repair of its shapes is for: {there[:12]}, not {edition[:12]}"
        )
    shapes: Graph = rdflib.Graph().parse(data=content.decode("utf-8"), format="turtle")
    repair(shapes)
    return shapes


def shape_problems(data: Graph, shapes: Graph, what: str) -> Iterator[Problem]:
    """Yield what shapes find wrong with a graph.

    Parameters
    ----------
    data
        The graph, with the code lists it uses.
    shapes
        As :func:`read_shapes` gives them.
    what
        What they are called in problems.
    """
    rdflib, pyshacl = _libraries()
    if len(data) == 0:
        yield Problem(f"{what}: the graph is empty, so that nothing could be looked at")
        return
    conforms, results, _ = pyshacl.validate(
        data, shacl_graph=shapes, inference="none", allow_infos=True, allow_warnings=True, advanced=False
    )
    if conforms:
        return
    sh = rdflib.SH
    for result in results.subjects(sh.resultSeverity, sh.Violation):
        node, path, said = (results.value(result, name) for name in (sh.focusNode, sh.resultPath, sh.resultMessage))
        yield Problem(
            f"{what}: {said}", field=f"{node} {path or ''}".strip(), found=str(results.value(result, sh.value) or "")
        )


# ---- CIDS ------------------------------------------------------------------------------------------------------------

EDITIONS = {
    CIDS_FULL: "706fedd8eecb2e61f1f5f281730f5c3fc67aa1592e15aacea9f640d074a2dfec",
    CIDS_BASIC: "46b5df757c7acb1269dac422feeb551b46a41545626746f4a7f21a667fef4348",
}
"""SHA-256 of the editions of CIDS 3.2.1 that the repairs are for."""


def cids_shape_problems(content: bytes, full: Path) -> list[Problem]:
    """Return what the shapes of both tiers find wrong with a file of CIDS.

    Parameters
    ----------
    content
        Of the file.
    full
        Path of the shapes of the full tier; those of the basic tier lie beside it.
    """
    basic = read_shapes(full.with_name(CIDS_BASIC), EDITIONS[CIDS_BASIC], repair_basic)
    whole = read_shapes(full, EDITIONS[CIDS_FULL], repair_full)
    data = graph_of(content)
    return [*shape_problems(data, basic, "CIDS, basic tier"), *shape_problems(data, whole, "CIDS, full tier")]


def repair_basic(shapes: Graph) -> None:
    """Keep one path and one count of each kind in every shape: pyshacl refuses shapes that have several."""
    _keep_one(shapes)


def repair_full(shapes: Graph) -> None:
    """Repair the shapes of the full tier.

    As those of the basic tier; and a count of at most zero beside a cardinality of many is no limit, a data type that
    is a blank node is a text, and what must be there is for the tier that an organisation reports at, which is the
    basic one: of the full tier, types and classes of what is there are held against.
    """
    rdflib, _ = _libraries()
    sh = rdflib.SH
    _keep_one(shapes)
    for shape in list(shapes.subjects(sh.maxCount, rdflib.Literal(0))):
        shapes.remove((shape, sh.maxCount, None))
    for shape in list(shapes.subjects(sh.minCount, None)):
        shapes.remove((shape, sh.minCount, None))
    for shape, kind in list(shapes.subject_objects(sh.datatype)):
        if isinstance(kind, rdflib.BNode):
            shapes.set((shape, sh.datatype, rdflib.XSD.string))
            allowed = [
                rdflib.Literal(str(text), datatype=rdflib.XSD.string)  # a plain text is another value to rdflib
                for text in shapes.objects(shape, rdflib.URIRef(f"{CSH}in"))
            ]
            head = rdflib.BNode()
            rdflib.collection.Collection(shapes, head, allowed)
            shapes.add((shape, sh["in"], head))


def _keep_one(shapes: Graph) -> None:
    """Keep the first, in order of text, of several values of what a shape may have one of."""
    rdflib, _ = _libraries()
    sh = rdflib.SH
    for term in (sh.path, sh.minCount, sh.maxCount, sh.datatype, sh.nodeKind):
        for shape in set(shapes.subjects(term, None)):
            several = sorted(shapes.objects(shape, term), key=str)
            for further in several[1:]:
                shapes.remove((shape, term, further))


# ---- DCAT-AP ---------------------------------------------------------------------------------------------------------

DCAT_EDITION = "92f76609d78d257123e75bc6b7155df5cc0a63f14c29fbc12b0ac95c56af2059"
"""SHA-256 of the edition of the shapes of DCAT-AP 3.0.0."""


def dcat_shape_problems(content: bytes, path: Path) -> list[Problem]:
    """Return what the shapes of DCAT-AP find wrong with a catalogue; they need no repair."""
    shapes = read_shapes(path, DCAT_EDITION, lambda _: None)
    return list(shape_problems(graph_of(content), shapes, "DCAT-AP 3.0.0"))
