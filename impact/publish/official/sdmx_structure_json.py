"""Structure messages as SDMX-JSON 2.0."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from impact.errors import Problem
from impact.publish.official.sdmx_names import (
    CLASSES,
    Artefact,
    Kind,
    agencies_of,
    codelist_of,
    codes_problems,
    concept_urn,
    constraint_of,
    definition_of,
    flow_of,
    said_of,
    scheme_of,
    sender,
    short_urn,
    unresolved,
)
from impact.publish.official.sdmx_structure import Wanted
from impact.publish.official.structure import CodeOf, Component, Names, Role, Structure

SCHEMA = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/schemas/2.0.0/"
    "sdmx-json-structure-schema.json"
)
Json = dict[str, Any]
LANGUAGES_IN_ORDER = ["en", "it"]
"""Of texts in both; where there is room for one only, it is the first."""


def write_json(wanted: Wanted) -> bytes:
    """Write a structure message; what it is stands at its head, where readers look for it."""
    agency = wanted.structures[0].agency if wanted.structures else ""
    meta = {
        "schema": SCHEMA,
        "id": "STRUCTURES",
        "test": False,
        "prepared": f"{wanted.prepared.isoformat()}T00:00:00Z",
        "contentLanguages": LANGUAGES_IN_ORDER,
        "sender": {"id": sender(agency) or "UNKNOWN"},
    }
    data = {name: list(make(wanted)) for kind in wanted.kinds for name, make in (_MAKERS[kind],)}
    filled = {name: artefacts for name, artefacts in data.items() if artefacts}
    return json.dumps({"meta": meta, "data": filled}, ensure_ascii=False, indent=1).encode("utf-8")


def named(texts: Names) -> Json:
    """Return names as both a best match and by language."""
    return {"name": texts["en"], "names": dict(texts)}


def _head(artefact: Artefact, wanted: Wanted) -> Json:
    head: Json = {"id": artefact.id, "agencyID": artefact.agency, "version": artefact.version}
    head |= named(artefact.names)
    if artefact.descriptions:
        head |= {"description": artefact.descriptions["en"], "descriptions": dict(artefact.descriptions)}
    if artefact.annotations:
        head["annotations"] = [{"type": type, "title": text} for type, text in artefact.annotations]
    if wanted.stub:
        head["isExternalReference"] = True
    if artefact.urn in wanted.partial:
        head["isPartial"] = True
    return head


def _agencies(wanted: Wanted) -> Iterator[Json]:
    below: dict[str, list[str]] = {}
    for agency in dict.fromkeys(structure.agency for structure in wanted.of("agencyscheme")):
        below.setdefault(agencies_of(agency).agency, []).append(agency)
    for agencies in below.values():
        items = [{"id": sender(agency), **named({"it": agency, "en": agency})} for agency in agencies]
        yield _with(_head(agencies_of(agencies[0]), wanted), wanted, agencies=items)


def _codelists(wanted: Wanted) -> Iterator[Json]:
    for structure, codelist in wanted.codelists():
        head = _head(codelist_of(structure, codelist), wanted)
        yield _with(head, wanted, codes=list(map(_code, codelist.codes)))


def _code(code: CodeOf) -> Json:
    item: Json = {"id": code.id, **named(code.names)}
    if code.parent:
        item["parent"] = code.parent
    if code.other:
        item["annotations"] = [{"type": scheme, "title": other} for scheme, other in code.other.items()]
    return item


def _schemes(wanted: Wanted) -> Iterator[Json]:
    for structure in wanted.of("conceptscheme"):
        concepts = [{"id": component.id, **named(component.names)} for component in structure.components]
        yield _with(_head(scheme_of(structure), wanted), wanted, concepts=concepts)


def _definitions(wanted: Wanted) -> Iterator[Json]:
    for structure in wanted.of("datastructure"):
        yield _with(_head(definition_of(structure), wanted), wanted, dataStructureComponents=_components(structure))


def _components(structure: Structure) -> Json:
    dimensions = [
        _component(structure, component) | {"position": position}
        for position, component in enumerate(structure.dimensions)
    ]
    (time,) = structure.of_role(Role.TIME)
    measures = [_component(structure, c) | {"usage": "optional"} for c in structure.of_role(Role.MEASURE)]
    attributes = [_component(structure, c) | _attached(c) for c in structure.attributes]
    return {
        "dimensionList": {
            "id": "DimensionDescriptor",
            "dimensions": dimensions,
            "timeDimension": _component(structure, time),
        },
        "attributeList": {"id": "AttributeDescriptor", "attributes": attributes},
        "measureList": {"id": "MeasureDescriptor", "measures": measures},
    }


def _component(structure: Structure, component: Component) -> Json:
    codelist = structure.codelist_of(component.id)
    if codelist is None:
        representation: Json = {"format": {"dataType": component.text.value}}
    else:
        representation = {"enumeration": codelist_of(structure, codelist).urn}
    return {
        "id": component.id,
        "conceptIdentity": concept_urn(structure, component.id),
        "localRepresentation": representation,
    }


def _attached(component: Component) -> Json:
    dimension = said_of(component)
    relationship: Json = {"dimensions": [dimension]} if dimension else {"observation": {}}
    return {"usage": "mandatory" if component.mandatory else "optional", "attributeRelationship": relationship}


def _flows(wanted: Wanted) -> Iterator[Json]:
    for structure in wanted.of("dataflow"):
        yield _with(_head(flow_of(structure), wanted), wanted, structure=definition_of(structure).urn)


def _constraints(wanted: Wanted) -> Iterator[Json]:
    for structure, codes in wanted.constrained():
        keys = [
            {"id": c.id, "values": [{"value": code} for code in codes[c.id]]}
            for c in structure.of_role(Role.DIMENSION, Role.TIME)
            if codes[c.id]
        ]
        head = _head(constraint_of(structure), wanted) | {"role": "Actual"}
        attachment = {"dataflows": [flow_of(structure).urn]}
        region = {"include": True, "keyValues": keys}
        yield _with(head, wanted, constraintAttachment=attachment, cubeRegions=[region])


def _with(head: Json, wanted: Wanted, **content: Any) -> Json:
    return head if wanted.stub else head | content


def structure_problems(message: Json, structure: Structure, path: Path) -> list[Problem]:
    """Return how a message that was read back differs from the structure: in its lists, or as a whole."""
    data = message.get("data", {})
    read = {c["id"]: {item["id"]: _read(item) for item in c.get("codes", ())} for c in data.get("codelists", ())}
    problems = codes_problems(read, structure, path)
    ids = [(d["agencyID"], d["id"], d["version"]) for d in data.get("dataStructures", ())]
    if ids != [(structure.agency, structure.id, structure.version)]:
        problems.append(Problem("the data structure is another", path.name, found=str(ids)))
    return [*problems, *unresolved(set(_references(data)), set(_artefacts(data)), path)]


def _references(data: Any) -> Iterator[str]:
    """Yield every URN that stands anywhere in a message."""
    if isinstance(data, str):
        yield from [short_urn(data)] if data.startswith("urn:sdmx:") else ()
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _references(value)


def _artefacts(data: Json) -> Iterator[str]:
    """Yield the artefacts of a message and the concepts of its schemes, as references name them."""
    for kind, (field, _) in _MAKERS.items():
        for artefact in data.get(field, ()):
            name = f"{artefact['agencyID']}:{artefact['id']}({artefact['version']})"
            yield f"{CLASSES[kind].partition('.')[2]}={name}"
            for concept in artefact.get("concepts", ()):
                yield f"Concept={name}.{concept['id']}"


def _read(item: Json) -> tuple[dict[str, str], str]:
    return item.get("names", {}), item.get("parent", "")


_MAKERS: Mapping[Kind, tuple[str, Callable[[Wanted], Iterator[Json]]]] = {
    "agencyscheme": ("agencySchemes", _agencies),
    "codelist": ("codelists", _codelists),
    "conceptscheme": ("conceptSchemes", _schemes),
    "datastructure": ("dataStructures", _definitions),
    "dataflow": ("dataflows", _flows),
    "contentconstraint": ("dataConstraints", _constraints),
}
