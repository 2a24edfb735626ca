"""The terms of DCAT-AP that are written, with their IRIs and types: so that readers need no network to read a file."""

from __future__ import annotations

from impact.publish.export.linked.graph import XSD, Context

ITALIAN = "DCAT-AP_IT"
PROFILES = {ITALIAN: "http://dati.gov.it/onto/dcatapit#"}
"""The IRI that a data set of a profile says it conforms to."""
DCAT = "http://www.w3.org/ns/dcat#"
DCT = "http://purl.org/dc/terms/"
FOAF = "http://xmlns.com/foaf/0.1/"
VCARD = "http://www.w3.org/2006/vcard/ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
_ITALIAN = ("Catalog", "Dataset", "Distribution", "Agent")
_CLASSES = {
    DCAT: ("Catalog", "Dataset", "Distribution"),
    DCT: (
        *("LicenseDocument", "PeriodOfTime", "Location", "Standard", "ProvenanceStatement", "Frequency"),
        *("LinguisticSystem", "MediaType", "MediaTypeOrExtent"),
    ),
    FOAF: ("Agent", "Document"),
    SKOS: ("Concept", "ConceptScheme"),
    VCARD: ("Kind", "Organization"),
    RDFS: ("Resource",),
}
_NODES = {
    DCAT: (
        *("dataset", "distribution", "theme", "themeTaxonomy", "contactPoint", "landingPage", "accessURL"),
        *("downloadURL", "mediaType"),
    ),
    DCT: (
        *("publisher", "rightsHolder", "language", "license", "spatial", "temporal", "conformsTo", "provenance"),
        *("accrualPeriodicity", "format"),
    ),
    FOAF: ("homepage", "page"),
    VCARD: ("hasEmail",),
}
_TEXTS = {
    DCT: ("title", "description", "identifier"),
    DCAT: ("keyword", "version"),
    FOAF: ("name",),
    VCARD: ("fn",),
    RDFS: ("label",),
    SKOS: ("prefLabel",),
}
_DAYS = {DCT: ("modified",), DCAT: ("startDate", "endDate")}


def _terms() -> Context:
    classes = {name: iri + name for iri, names in _CLASSES.items() for name in names}
    italian = {f"{name}_IT": PROFILES[ITALIAN] + name for name in _ITALIAN}
    nodes = {name: {"@id": iri + name, "@type": "@id"} for iri, names in _NODES.items() for name in names}
    texts = {name: {"@id": iri + name} for iri, names in _TEXTS.items() for name in names}
    days = {name: {"@id": iri + name, "@type": f"{XSD}date"} for iri, names in _DAYS.items() for name in names}
    size = {"byteSize": {"@id": f"{DCAT}byteSize", "@type": f"{XSD}nonNegativeInteger"}}
    return classes | italian | nodes | texts | days | size


CONTEXT = _terms()
