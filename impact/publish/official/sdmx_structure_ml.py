"""Structure messages as SDMX-ML 2.1 and 3.0: the same artefacts, which the two order and refer to otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml import etree

from impact.publish.official.sdmx_names import (
    CLASSES,
    Artefact,
    Kind,
    agencies_of,
    codelist_of,
    concept_urn,
    constraint_of,
    definition_of,
    flow_of,
    said_of,
    scheme_of,
    sender,
)
from impact.publish.official.sdmx_structure import Wanted
from impact.publish.official.sdmx_xml import Version, check_text, namespaces
from impact.publish.official.structure import CodeOf, Component, Names, Role, Structure

XML = "http://www.w3.org/XML/1998/namespace"


def write_ml(wanted: Wanted, form: str) -> bytes:
    """Write a structure message as the edition of the standard has it that the form names.

    Raises
    ------
    UsageError
        If a name holds a character that XML has no way to write.
    """
    return _Message("2.1" if form == "ml-2.1" else "3.0").write(wanted)


class _Message:
    """A message that is being written."""

    def __init__(self, version: Version) -> None:
        self.early = version == "2.1"
        self.spaces = namespaces(version)

    def write(self, wanted: Wanted) -> bytes:
        root = etree.Element(self.tag("mes:Structure"), nsmap=self.spaces)
        self.header(root, wanted)
        structures = etree.SubElement(root, self.tag("mes:Structures"))
        for kind in wanted.kinds:
            make, late, *early = _MAKERS[kind]
            container = self.put(structures, f"str:{early[0] if early and self.early else late}")
            make(self, container, wanted)
            if not len(container):
                structures.remove(container)
        return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

    def tag(self, name: str) -> str:
        """Return a name with its namespace."""
        prefix, _, local = name.rpartition(":")
        return f"{{{self.spaces[prefix]}}}{local}" if prefix else local

    def put(self, parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
        """Put an element below another."""
        check_text(text, f"the {name.partition(':')[2]} of {parent.get('id', 'the message')}")
        element = etree.SubElement(parent, self.tag(name), attributes)
        element.text = text or None
        return element

    def header(self, root: etree._Element, wanted: Wanted) -> None:
        agency = wanted.structures[0].agency if wanted.structures else ""
        header = self.put(root, "mes:Header")
        self.put(header, "mes:ID", "STRUCTURES")
        self.put(header, "mes:Test", "false")
        self.put(header, "mes:Prepared", f"{wanted.prepared.isoformat()}T00:00:00Z")
        self.put(header, "mes:Sender", id=sender(agency) or "UNKNOWN")

    # ---- what all artefacts have ---------------------------------------------------------------------------------

    def artefact(self, parent: etree._Element, name: str, artefact: Artefact, wanted: Wanted) -> etree._Element:
        """Put an artefact with its identity and names."""
        element = self.put(parent, f"str:{name}", id=artefact.id, urn=self.urn(artefact), agencyID=artefact.agency)
        if self.early or artefact.kind != "agencyscheme":
            element.set("version", artefact.version)
        if self.early and artefact.kind != "agencyscheme":
            element.set("isFinal", "true")
        if wanted.stub:
            element.set("isExternalReference", "true")
        if artefact.urn in wanted.partial:
            element.set("isPartial", "true")
        self.annotations(element, artefact.annotations)
        self.names(element, artefact.names, artefact.descriptions)
        return element

    def urn(self, artefact: Artefact) -> str:
        return artefact.urn.replace("DataConstraint", "ContentConstraint") if self.early else artefact.urn

    def names(self, element: etree._Element, names: Names, descriptions: Names) -> None:
        for name, texts in (("com:Name", names), ("com:Description", descriptions)):
            for language, text in texts.items():
                self.put(element, name, text).set(f"{{{XML}}}lang", language)

    def annotations(self, element: etree._Element, texts: tuple[tuple[str, str], ...]) -> None:
        annotations = self.put(element, "com:Annotations") if texts else element
        for type, text in texts:
            annotation = self.put(annotations, "com:Annotation")
            self.put(annotation, "com:AnnotationTitle", text)
            self.put(annotation, "com:AnnotationType", type)

    def refer(self, parent: etree._Element, name: str, artefact: Artefact) -> None:
        """Refer to an artefact: by its parts in 2.1, by its URN since."""
        package, _, kind = CLASSES[artefact.kind].partition(".")
        element = self.put(parent, name, "" if self.early else artefact.urn)
        if self.early:
            reference = {"id": artefact.id, "version": artefact.version, "agencyID": artefact.agency}
            self.put(element, "Ref", **reference, package=package, **{"class": kind})

    # ---- artefacts -----------------------------------------------------------------------------------------------

    def agencies(self, container: etree._Element, wanted: Wanted) -> None:
        schemes: dict[str, etree._Element] = {}
        for agency in dict.fromkeys(structure.agency for structure in wanted.of("agencyscheme")):
            scheme = agencies_of(agency)
            if scheme.agency not in schemes:
                schemes[scheme.agency] = self.artefact(container, "AgencyScheme", scheme, wanted)
            if not wanted.stub:
                item = self.put(schemes[scheme.agency], "str:Agency", id=sender(agency))
                self.names(item, {"it": agency, "en": agency}, {})

    def codelists(self, container: etree._Element, wanted: Wanted) -> None:
        for structure, codelist in wanted.codelists():
            element = self.artefact(container, "Codelist", codelist_of(structure, codelist), wanted)
            for code in () if wanted.stub else codelist.codes:
                self.code(element, code)

    def code(self, codelist: etree._Element, code: CodeOf) -> None:
        element = self.put(codelist, "str:Code", id=code.id)
        self.annotations(element, tuple(code.other.items()))
        self.names(element, code.names, {})
        if code.parent and self.early:
            self.put(self.put(element, "str:Parent"), "Ref", id=code.parent)
        elif code.parent:
            self.put(element, "str:Parent", code.parent)

    def schemes(self, container: etree._Element, wanted: Wanted) -> None:
        for structure in wanted.of("conceptscheme"):
            scheme = self.artefact(container, "ConceptScheme", scheme_of(structure), wanted)
            for component in () if wanted.stub else structure.components:
                self.names(self.put(scheme, "str:Concept", id=component.id), component.names, {})

    def definitions(self, container: etree._Element, wanted: Wanted) -> None:
        for structure in wanted.of("datastructure"):
            element = self.artefact(container, "DataStructure", definition_of(structure), wanted)
            if not wanted.stub:
                self.components(self.put(element, "str:DataStructureComponents"), structure)

    def components(self, parent: etree._Element, structure: Structure) -> None:
        dimensions = self.put(parent, "str:DimensionList", id="DimensionDescriptor")
        for position, component in enumerate(structure.dimensions, 1):
            self.component(dimensions, "Dimension", structure, component).set("position", str(position))
        for component in structure.of_role(Role.TIME):
            time = self.component(dimensions, "TimeDimension", structure, component)
            if self.early:
                time.set("position", str(len(structure.dimensions) + 1))
        attributes = self.put(parent, "str:AttributeList", id="AttributeDescriptor")
        for component in structure.attributes:
            self.attribute(attributes, structure, component)
        measures = self.put(parent, "str:MeasureList", id="MeasureDescriptor")
        for component in structure.of_role(Role.MEASURE):
            measure = self.component(measures, "PrimaryMeasure" if self.early else "Measure", structure, component)
            if not self.early:
                measure.set("usage", "optional")

    def component(
        self, parent: etree._Element, name: str, structure: Structure, component: Component
    ) -> etree._Element:
        """Put a component with its concept and what its values are."""
        element = self.put(parent, f"str:{name}", id=component.id)
        self.concept(element, structure, component)
        representation = self.put(element, "str:LocalRepresentation")
        codelist = structure.codelist_of(component.id)
        if codelist is None:
            self.put(representation, "str:TextFormat", textType=component.text.value)
        else:
            self.refer(representation, "str:Enumeration", codelist_of(structure, codelist))
        return element

    def concept(self, element: etree._Element, structure: Structure, component: Component) -> None:
        identity = self.put(element, "str:ConceptIdentity", "" if self.early else concept_urn(structure, component.id))
        if self.early:
            scheme = {"maintainableParentID": structure.scheme, "maintainableParentVersion": structure.version}
            reference = self.put(identity, "Ref", id=component.id, agencyID=structure.agency, **scheme)
            reference.set("package", "conceptscheme")
            reference.set("class", "Concept")

    def attribute(self, parent: etree._Element, structure: Structure, component: Component) -> None:
        element = self.component(parent, "Attribute", structure, component)
        if self.early:
            element.set("assignmentStatus", "Mandatory" if component.mandatory else "Conditional")
        else:
            element.set("usage", "mandatory" if component.mandatory else "optional")
        relationship, dimension = self.put(element, "str:AttributeRelationship"), said_of(component)
        if dimension and self.early:
            self.put(self.put(relationship, "str:Dimension"), "Ref", id=dimension)
        elif dimension:
            self.put(relationship, "str:Dimension", dimension)
        elif self.early:
            self.put(self.put(relationship, "str:PrimaryMeasure"), "Ref", id="OBS_VALUE")
        else:
            self.put(relationship, "str:Observation")

    def flows(self, container: etree._Element, wanted: Wanted) -> None:
        for structure in wanted.of("dataflow"):
            element = self.artefact(container, "Dataflow", flow_of(structure), wanted)
            if not wanted.stub:
                self.refer(element, "str:Structure", definition_of(structure))

    def constraints(self, container: etree._Element, wanted: Wanted) -> None:
        name, role = ("ContentConstraint", "type") if self.early else ("DataConstraint", "role")
        for structure, codes in wanted.constrained():
            element = self.artefact(container, name, constraint_of(structure), wanted)
            element.set(role, "Actual")
            if wanted.stub:
                continue
            attachment = self.put(element, "str:ConstraintAttachment")
            self.refer(attachment, "str:Dataflow", flow_of(structure))
            self.region(self.put(element, "str:CubeRegion", include="true"), structure, codes)

    def region(self, region: etree._Element, structure: Structure, codes: Mapping[str, tuple[str, ...]]) -> None:
        space = "com" if self.early else "str"
        for component in structure.of_role(Role.DIMENSION, Role.TIME):
            key = self.put(region, f"{space}:KeyValue", id=component.id)
            for code in codes[component.id]:
                self.put(key, f"{space}:Value", code)
            if not len(key):
                region.remove(key)


_Make = Callable[[_Message, etree._Element, Wanted], None]
_MAKERS: Mapping[Kind, tuple[_Make, str] | tuple[_Make, str, str]] = {
    "agencyscheme": (_Message.agencies, "AgencySchemes", "OrganisationSchemes"),
    "codelist": (_Message.codelists, "Codelists"),
    "conceptscheme": (_Message.schemes, "ConceptSchemes", "Concepts"),
    "datastructure": (_Message.definitions, "DataStructures"),
    "dataflow": (_Message.flows, "Dataflows"),
    "contentconstraint": (_Message.constraints, "DataConstraints", "Constraints"),
}
"""How each kind is put, and what holds all of it: since 3.0, and before where that differs."""
