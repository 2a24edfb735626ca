"""Reference metadata by SIMS 2.0 and ESMS: an SDMX-JSON 2.0 message of metadata, and a page for people beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from impact.errors import Problem
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Chunks, Format, Takes
from impact.publish.export.sdmx_check import JSON, json_schema_problems, validation
from impact.publish.export.sims_said import CONCEPTS, Statement, reference_metadata
from impact.publish.official.lists import names
from impact.publish.official.sdmx_names import flow_of, sender
from impact.publish.official.sdmx_structure_json import LANGUAGES_IN_ORDER, named
from impact.publish.official.structure import Names, Structure

SCHEMA = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/metadata-message/tools/schemas/2.0.0/"
    "sdmx-json-metadata-schema.json"
)
DATA, PAGE = "metadata.json", "metadata.md"
Json = dict[str, Any]


def write_sims(dossier: Dossier) -> bytes:
    """Write the reference metadata of a programme's data flow."""
    structure, origin = dossier.data_set.structure, dossier.data_set.origin
    agency, version = structure.agency, structure.version
    flow = f"urn:sdmx:org.sdmx.infomodel.metadatastructure.Metadataflow={agency}:MDF_SIMS({version})"
    metadata = {
        "id": f"MDS_{structure.programme.upper()}",
        "agencyID": agency,
        "version": version,
        **named(_title(structure)),
        "metadataflow": flow,
        "targets": [flow_of(structure).urn],
        "attributes": [_attribute(statement) for statement in _statements(dossier)],
    }
    meta = {
        "schema": SCHEMA,
        "id": "METADATA",
        "test": False,
        "prepared": f"{origin.date.isoformat()}T00:00:00Z",
        "contentLanguages": LANGUAGES_IN_ORDER,
        "sender": {"id": sender(agency)},
    }
    message = {"meta": meta, "data": {"metadataSets": [metadata]}}
    return json.dumps(message, ensure_ascii=False, indent=1).encode("utf-8")


def _title(structure: Structure) -> Names:
    return {lang: names("sims.title", title=title)[lang] for lang, title in structure.names.items()}


def _statements(dossier: Dossier) -> tuple[Statement, ...]:
    return reference_metadata(dossier.published, dossier.programme, dossier.data_set)


def _attribute(statement: Statement) -> Json:
    attribute: Json = {"id": statement.id, "format": {"dataType": "String", "isMultiLingual": True}}
    if statement.text is not None:
        attribute["value"] = dict(statement.text)
    if statement.parts:
        attribute["attributes"] = [_attribute(part) for part in statement.parts]
    return attribute


def write_page(dossier: Dossier) -> bytes:
    """Write the reference metadata as Markdown, in the language of the words."""
    language = dossier.words.declared
    title = _title(dossier.data_set.structure)[language]
    lines = [f"# {_plain(title)}", ""]
    for statement in _statements(dossier):
        lines += [f"## {statement.names[language]}", ""]
        lines += [*_lines(statement, dossier), ""]
    return "\n".join(lines).encode("utf-8")


def _lines(statement: Statement, dossier: Dossier) -> Iterator[str]:
    language = dossier.words.declared
    if statement.text is not None:
        yield _plain(statement.text[language])
    for part in statement.parts:
        yield f"- **{part.names[language]}**: {_plain((part.text or {}).get(language, ''))}"


def _plain(text: str) -> str:
    """Return a text on one line, without what Markdown or HTML would take for a mark."""
    escaped = "".join(f"\\{character}" if character in r"\`*_[]#" else character for character in text)
    return " ".join(escaped.replace("&", "&amp;").replace("<", "&lt;").split())


def _pack(dossier: Dossier) -> Mapping[str, Chunks]:
    return {DATA: write_sims(dossier), PAGE: write_page(dossier)}


def check_sims(dossier: Dossier, made: Mapping[str, Path]) -> list[Problem]:
    """Hold the message against the standard's schema; every concept must stand in it, each with a text."""
    problems: list[Problem] = []
    for name, path in made.items():
        if name != PAGE:
            message = json.loads(path.read_text(encoding="utf-8"))
            problems += [*json_schema_problems("metadata", message), *_gaps(message)]
    return problems


def _gaps(message: Json) -> Iterator[Problem]:
    (metadata,) = message["data"]["metadataSets"]
    found = {attribute["id"]: attribute for attribute in metadata["attributes"]}
    for id, parts in CONCEPTS.items():
        below = {part["id"]: part for part in found.get(id, {}).get("attributes", ())}
        yield from _silent({id: found.get(id, {})} if not parts else below, parts or (id,))


def _silent(attributes: Mapping[str, Json], ids: Iterable[str]) -> Iterator[Problem]:
    for id in ids:
        value = attributes.get(id, {}).get("value", {})
        if not all(value.get(language, "").strip() for language in LANGUAGES_IN_ORDER):
            yield Problem("nothing is said by this concept, not even that it is not known", field=id)


FORMAT = Format(
    ".sims.json",
    "application/vnd.sdmx.metadata+json;version=2.0.0",
    Takes.DOSSIER,
    write_sims,
    _pack,
    check=check_sims,
    counted=lambda dossier: len(_statements(dossier)),
    validation=lambda: validation("SDMX-JSON 2.0", JSON),
)
