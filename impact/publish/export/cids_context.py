"""The terms of CIDS that are written, with their IRIs and types: so that readers need no network to read a file."""

from __future__ import annotations

from collections.abc import Mapping

from impact.publish.export.linked.graph import XSD, Context

CIDS = "https://ontology.commonapproach.org/cids#"
I72 = "http://ontology.eil.utoronto.ca/ISO21972/iso21972#"
ORG = "http://ontology.eil.utoronto.ca/tove/organization#"
OEP = "http://www.w3.org/2001/sw/BestPractices/OEP/SimplePartWhole/part.owl#"
PROV = "http://www.w3.org/ns/prov#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_CLASSES = {
    CIDS: (
        *("Organization", "Program", "ImpactModel", "Stakeholder", "BeneficialStakeholder", "ContributingStakeholder"),
        *("Input", "Activity", "Output", "Outcome", "Indicator", "IndicatorReport", "Target", "ImpactReport"),
        *("ImpactScale", "ImpactDepth", "ImpactDuration", "Counterfactual"),
    ),
    I72: ("Measure", "Unit_of_measure"),
}
_LINKS = {
    CIDS: (
        *("hasProgram", "hasImpactModel", "hasStakeholder", "forOrganization", "canProduce", "canEnable", "hasOutput"),
        *("inputFor", "hasIndicator"),
        *("definedBy", "forOutcome", "hasBaseline", "hasThreshold", "hasTarget", "hasIndicatorReport", "forIndicator"),
        *("hasImpactReport", "hasImpactScale", "hasImpactDepth", "hasImpactDuration", "hasCounterfactual"),
    ),
    I72: ("value", "unit_of_measure"),
    OEP: ("partOf",),
}
_TEXTS = {
    CIDS: ("hasDescription", "unitDescription", "hasComment", "hasReportedImpact"),
    ORG: ("hasName", "hasLegalName", "hasIdentifier"),
    I72: ("hasNumericalValue",),
}
_MOMENTS = {PROV: ("startedAtTime", "endedAtTime")}


def _terms() -> Context:
    classes = {name: iri + name for iri, names in _CLASSES.items() for name in names}
    typed: dict[str, Mapping[str, tuple[str, ...]]] = {
        "@id": _LINKS,
        f"{XSD}string": _TEXTS,
        f"{XSD}dateTime": _MOMENTS,
    }
    terms = {
        name: {"@id": iri + name, "@type": kind}
        for kind, by_iri in typed.items()
        for iri, names in by_iri.items()
        for name in names
    }
    return classes | terms | {"label": {"@id": f"{RDFS}label"}}


CONTEXT = _terms()
LINKS = tuple(name for names in _LINKS.values() for name in names)
"""Terms whose values are nodes."""
