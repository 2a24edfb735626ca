"""DCAT-AP 3 (https://semiceu.github.io/DCAT-AP/releases/3.0.0): a programme's observations as an entry of a catalogue.

With ``profile: DCAT-AP_IT`` the entry has what the Italian profile asks for beside it. Who publishes, under which
licence, on which themes: ``export.yaml`` declares it, or nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from impact.errors import Problem, UsageError
from impact.publish.export.dcat_check import check_dcat, dcat_shapes
from impact.publish.export.dcat_context import CONTEXT, ITALIAN, PROFILES
from impact.publish.export.dcat_files import Served, served
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Format, Takes
from impact.publish.export.linked.facts import ProgrammeSaid, programme_said
from impact.publish.export.linked.graph import Node, reference, tagged, write_graph
from impact.publish.export.linked.required import missing, require
from impact.publish.export.outside import validation
from impact.publish.official.addresses import (
    NUTS,
    catalogue_address,
    definition_address,
    export_address,
    page_address,
    place_address,
)
from impact.publish.official.lists import UNSPECIFIED
from impact.publish.official.period import first_day_of, last_day_of
from impact.words import words_in
from impact.words.languages import LANGUAGES

AUTHORITY = "http://publications.europa.eu/resource/authority/"
"""IRI of the lists of the EU Publications Office."""
LANGUAGE_CODES = {"it": "ITA", "en": "ENG"}
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"


def dcat_missing(dossier: Dossier) -> list[Problem]:
    """Return what an entry of a catalogue needs and ``export.yaml`` does not declare."""
    mapping = dossier.published.mapping(dossier.programme)
    linked, declared = mapping.linked, mapping.linked.dcat
    needs: dict[str, tuple[object, str]] = {
        "home": (linked.home, "home: https://impact.example.org"),
        "publisher.name": (mapping.publisher, "publisher: {name: Region, email: data@example.org}"),
        "publisher.email": (mapping.email, "publisher: {name: Region, email: data@example.org}"),
        "licence": (mapping.licence, "licence: https://creativecommons.org/licenses/by/4.0/"),
        "dcat.themes": (declared.themes, "themes: [SOCI], of the list data-theme"),
        "dcat.frequency": (declared.frequency, "frequency: ANNUAL, of the list frequency"),
    }
    if declared.profile == ITALIAN:
        holder = declared.holder
        needs["dcat.publisher_identifier"] = (declared.publisher_identifier, "publisher_identifier: its IPA code")
        needs["dcat.holder"] = (holder, "holder: {name: Region, identifier: its IPA code}")
        needs["dcat.holder.identifier"] = (holder is None or holder.identifier, "holder: {…, identifier: its IPA code}")
    return missing(declared.profile, needs)


def write_dcat(dossier: Dossier) -> bytes:
    """Write the entry of one programme, in a catalogue of its own.

    Raises
    ------
    ProblemsError
        If ``export.yaml`` does not declare what an entry needs, with all of it.
    UsageError
        If some observations only are selected: an entry is of the data set as a whole.
    """
    require(dcat_missing(dossier))
    if dossier.data_set.rows.num_rows < dossier.published.observations(dossier.programme).num_rows:
        raise UsageError("a catalogue has an entry for a data set as a whole: leave area, period and indicator out")
    return write_catalogue([dossier])


def write_catalogue(dossiers: Iterable[Dossier]) -> bytes:
    """Write the entries of programmes; those of one publisher at one address stand in one catalogue.

    Parameters
    ----------
    dossiers
        Of programmes that declare what an entry needs; see :func:`dcat_missing`.
    """
    entries = [(dossier, programme_said(dossier)) for dossier in dossiers]
    catalogues: dict[str, list[tuple[Dossier, ProgrammeSaid]]] = {}
    for dossier, said in entries:
        catalogues.setdefault(_catalogue_address(said), []).append((dossier, said))
    nodes: dict[str, Node] = {}
    for address, listed in catalogues.items():
        for node in (_catalogue(address, listed), *(part for entry in listed for part in _entry(*entry))):
            nodes.setdefault(str(node["@id"]), node)
    return write_graph(CONTEXT, nodes.values())


def dataset_address(said: ProgrammeSaid) -> str:
    """Return the address of a programme's data set."""
    return place_address(catalogue_address(said.linked.home or "", said.id), "dataset")


def _catalogue_address(said: ProgrammeSaid) -> str:
    catalogue = page_address(said.linked.home or "", "catalogue")
    return place_address(catalogue, "catalogue", said.mapping.publisher)


def _agent_address(said: ProgrammeSaid, name: str) -> str:
    return place_address(page_address(said.linked.home or "", "catalogue"), "agent", name)


def _listed(name: str, kind: str, *codes: str) -> list[Node]:
    """Return codes of a list of the EU Publications Office, with the class that readers look for."""
    return [_classed(f"{AUTHORITY}{name}/{code}", kind) for code in codes]


def _classed(iri: str, kind: str) -> Node:
    """Return what points to a node of elsewhere, with its class."""
    return {"@id": iri, "@type": kind}


def _said(key: str, **values: str) -> list[Node]:
    """Return the words of a key in each language."""
    return tagged({language: words_in(language)(key, **values) for language in LANGUAGES})


def _theme(code: str) -> Node:
    return _classed(f"{AUTHORITY}data-theme/{code}", "Concept") | {"prefLabel": _said(f"linked.theme.{code}")}


def _languages() -> list[Node]:
    return _listed("language", "LinguisticSystem", *(LANGUAGE_CODES[language] for language in LANGUAGES))


def _typed(name: str, *, italian: bool) -> list[str]:
    """Return the class of a node, and that of the Italian profile beside it."""
    return [name, f"{name}_IT"] if italian else [name]


# ---- nodes -----------------------------------------------------------------------------------------------------------


def _catalogue(address: str, listed: list[tuple[Dossier, ProgrammeSaid]]) -> Node:
    _, said = listed[0]
    italian = said.linked.dcat.profile == ITALIAN
    return {
        "@id": address,
        "@type": _typed("Catalog", italian=italian),
        "title": _said("linked.catalogue", publisher=said.mapping.publisher),
        "description": _said("linked.catalogue_text"),
        "publisher": reference(_agent_address(said, said.mapping.publisher)),
        "modified": max(modified(entry) for entry, _ in listed),
        "language": _languages(),
        "license": reference(said.mapping.licence),
        "homepage": _classed(page_address(said.linked.home or "", "catalogue"), "Document"),
        "themeTaxonomy": _classed(f"{AUTHORITY}data-theme", "ConceptScheme") | {"title": _said("linked.themes")},
        "dataset": [reference(dataset_address(entry)) for _, entry in listed],
    }


def modified(dossier: Dossier) -> str:
    """Return the day on which results of a programme were last computed, ``YYYY-MM-DD``, from the name of the run."""
    run = max(map(str, dossier.published.findings(dossier.programme)["run_id"]))
    return f"{run[:4]}-{run[4:6]}-{run[6:8]}"


def _entry(dossier: Dossier, said: ProgrammeSaid) -> Iterator[Node]:
    """Yield the data set of a programme, its files, and who is named in them."""
    yield _dataset(dossier, said)
    for file in served(dossier):
        yield _distribution(dossier, said, file)
    yield from _agents(said)
    yield {
        "@id": _contact(said),
        "@type": ["Kind", "Organization"],
        "fn": said.mapping.publisher,
        "hasEmail": reference(f"mailto:{said.mapping.email}"),
    }
    yield {"@id": said.mapping.licence, "@type": "LicenseDocument"}
    yield _temporal(dossier, said)
    yield _provenance(said)
    yield {"@id": structure_urn(dossier), "@type": "Standard", "title": tagged(dossier.data_set.structure.names)}
    if said.linked.dcat.profile == ITALIAN:
        yield {"@id": PROFILES[ITALIAN], "@type": "Standard", "title": tagged({"it": ITALIAN})}


def _contact(said: ProgrammeSaid) -> str:
    return place_address(catalogue_address(said.linked.home or "", said.id), "contact")


def structure_urn(dossier: Dossier) -> str:
    """Return the name of the data structure, as SDMX gives names to all that is maintained."""
    structure = dossier.data_set.structure
    version = f"{structure.agency}:{structure.id}({structure.version})"
    return f"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure={version}"


def _agents(said: ProgrammeSaid) -> Iterator[Node]:
    declared = said.linked.dcat
    bodies = {said.mapping.publisher: declared.publisher_identifier}
    if declared.holder is not None:
        bodies[declared.holder.name] = declared.holder.identifier
    for name, identifier in bodies.items():
        yield {
            "@id": _agent_address(said, name),
            "@type": _typed("Agent", italian=declared.profile == ITALIAN),
            "name": name,
            "identifier": identifier,
        }


def _dataset(dossier: Dossier, said: ProgrammeSaid) -> Node:
    declared, home = said.linked.dcat, said.linked.home or ""
    italian = declared.profile == ITALIAN
    given = {str(language): words for language, words in declared.keywords.items()}
    keywords = {language: list(given.get(language, ())) for language in LANGUAGES}
    if said.synthetic:
        for language in LANGUAGES:
            keywords[language].append(words_in(language)("linked.synthetic_keyword"))
    return {
        "@id": dataset_address(said),
        "@type": _typed("Dataset", italian=italian),
        "identifier": f"{dossier.data_set.structure.agency}:{said.id}",
        "title": tagged(said.titles),
        "description": tagged(said.summaries),
        "theme": [_theme(code) for code in declared.themes],
        "keyword": [
            node for language, texts in keywords.items() for text in texts for node in tagged({language: text})
        ],
        "publisher": reference(_agent_address(said, said.mapping.publisher)),
        "rightsHolder": reference(_agent_address(said, declared.holder.name)) if declared.holder else None,
        "contactPoint": reference(_contact(said)),
        "modified": modified(dossier),
        "version": dossier.origin.version,
        "accrualPeriodicity": _classed(f"{AUTHORITY}frequency/{declared.frequency}", "Frequency"),
        "language": _languages(),
        "spatial": list(_spatial(said)),
        "temporal": reference(_period_address(said)),
        "conformsTo": [
            reference(structure_urn(dossier)),
            *([reference(PROFILES[ITALIAN])] if italian else []),
        ],
        "provenance": reference(_provenance_address(said)),
        "landingPage": _classed(export_address(home, said.id), "Document"),
        "page": [_classed(definition_address(home, said.id, name), "Document") for name in said.indicators],
        "distribution": [reference(file.address) for file in served(dossier)],
    }


def _spatial(said: ProgrammeSaid) -> Iterator[Node]:
    """Yield the region of the programme, where ``export.yaml`` names one of NUTS."""
    if said.mapping.scheme.startswith("NUTS") and said.mapping.area != UNSPECIFIED:
        yield {"@id": f"{NUTS}{said.mapping.area}", "@type": "Location"}


def _period_address(said: ProgrammeSaid) -> str:
    return place_address(catalogue_address(said.linked.home or "", said.id), "period")


def _temporal(dossier: Dossier, said: ProgrammeSaid) -> Node:
    """Return from when to when the observations are."""
    periods = dossier.data_set.rows["TIME_PERIOD"].unique().to_pylist()
    return {
        "@id": _period_address(said),
        "@type": "PeriodOfTime",
        "startDate": min(map(first_day_of, periods), default=""),
        "endDate": max(map(last_day_of, periods), default=""),
    }


def _provenance_address(said: ProgrammeSaid) -> str:
    return place_address(catalogue_address(said.linked.home or "", said.id), "provenance")


def _provenance(said: ProgrammeSaid) -> Node:
    key = "linked.provenance_synthetic" if said.synthetic else "linked.provenance_real"
    return {"@id": _provenance_address(said), "@type": "ProvenanceStatement", "label": _said(key)}


def _distribution(dossier: Dossier, said: ProgrammeSaid, file: Served) -> Node:
    """Return a file of the observations: where it is had, what it is, how large."""
    titles = {
        language: words_in(language)("linked.distribution", title=title, form=file.name)
        for language, title in said.titles.items()
    }
    return {
        "@id": file.address,
        "@type": _typed("Distribution", italian=said.linked.dcat.profile == ITALIAN),
        "title": tagged(titles),
        "accessURL": _classed(export_address(said.linked.home or "", said.id), "Resource"),
        "downloadURL": _classed(file.address, "Resource"),
        "mediaType": _classed(f"{MEDIA_TYPES}{file.media_type.partition(';')[0]}", "MediaType"),
        "format": _listed("file-type", "MediaTypeOrExtent", file.file_type),
        "byteSize": str(file.size),
        "license": reference(said.mapping.licence),
        "modified": modified(dossier),
        "language": _languages(),
    }


FORMAT = Format(
    ".dcat.jsonld",
    "application/ld+json",
    Takes.DOSSIER,
    write_dcat,
    check=check_dcat,
    validation=lambda: validation(dcat_shapes(), "DCAT-AP 3.0.0 SHACL"),
    missing=dcat_missing,
)
