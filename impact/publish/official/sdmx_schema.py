"""The schema of one data structure: XML Schema in which the codes of every list stand, on top of the standard's own.

The standard's schemas leave open what a series holds (any attribute); what is generated here closes it, by the rules of
SDMX 2.1 and 3.0, section 3A: every dimension is required, a coded value is one of its list, no other attribute may be.
"""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from impact.publish.official.period import FREQUENCIES
from impact.publish.official.sdmx_names import namespace_of, said_of
from impact.publish.official.sdmx_xml import DATA, Version, namespaces, schema_path
from impact.publish.official.structure import Component, Role, Structure, Text

XS = "http://www.w3.org/2001/XMLSchema"
_BASES = {"2.1": "SDMXDataStructureSpecificBase.xsd", "3.0": "SDMXDataStructureSpecific.xsd"}
_TYPES = {
    Text.STRING: "xs:string",
    Text.DOUBLE: "xs:double",
    Text.INTEGER: "xs:nonNegativeInteger",
    Text.DATE: "xs:date",
}


def schema_of(structure: Structure, version: Version) -> etree.XMLSchema:
    """Return the schema of all messages of data of a structure: the standard's, and its own."""
    return etree.XMLSchema(etree.ElementTree(schema_tree(structure, version)))


def schema_tree(structure: Structure, version: Version) -> etree._Element:
    """Return the document of :func:`schema_of`."""
    own, spaces, folder = namespace_of(structure), namespaces(version), schema_path(version).parent
    known = {"xs": XS, "own": own, DATA: spaces[DATA], "com": spaces["com"]}
    root = etree.Element(f"{{{XS}}}schema", nsmap=known, targetNamespace=own, elementFormDefault="qualified")
    for space, file in ((spaces["mes"], schema_path(version)), (spaces[DATA], folder / _BASES[version])):
        _put(root, "import", namespace=space, schemaLocation=Path(file).as_uri())
    _put(root, "import", namespace=spaces["com"], schemaLocation=(folder / "SDMXCommon.xsd").as_uri())
    for component in structure.components:
        _simple(root, structure, component)
    _data_set(root)
    times = structure.of_role(Role.TIME, Role.MEASURE)
    of_series = [component for component in structure.attributes if said_of(component)]
    of_observations = [component for component in structure.attributes if not said_of(component)]
    _element(root, "Series", (*structure.dimensions, *of_series), "Obs")
    _element(root, "Obs", (*times, *of_observations))
    return root


def _put(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XS}}}{tag}", attributes)


def _restriction(root: etree._Element, name: str, base: str) -> etree._Element:
    content = _put(_put(root, "complexType", name=name), "complexContent")
    sequence = _put(_put(content, "restriction", base=base), "sequence")
    _put(sequence, "element", ref="com:Annotations", minOccurs="0")
    return sequence


def _data_set(root: etree._Element) -> None:
    sequence = _restriction(root, "DataSetType", f"{DATA}:DataSetType")
    choice = _put(sequence, "choice", minOccurs="0")
    _put(choice, "element", name="Series", type="own:SeriesType", form="unqualified", maxOccurs="unbounded")
    restriction = sequence.getparent()
    _put(restriction, "attributeGroup", ref=f"{DATA}:SetAttributeGroup")


def _element(root: etree._Element, name: str, components: tuple[Component, ...], inner: str = "") -> None:
    """Put the type of a series or an observation: its components are all the attributes that it may have."""
    sequence = _restriction(root, f"{name}Type", f"{DATA}:{name}Type")
    if inner:
        options = {"minOccurs": "1", "maxOccurs": "unbounded", "form": "unqualified"}
        _put(sequence, "element", name=inner, type=f"own:{inner}Type", **options)
    restriction = sequence.getparent()
    for component in components:
        required = component.role in (Role.DIMENSION, Role.TIME) or component.mandatory
        use = "required" if required else "optional"
        _put(restriction, "attribute", name=component.id, type=f"own:{component.id}Type", use=use)
    if inner:
        _put(restriction, "attribute", name="TIME_PERIOD", use="prohibited")


def _simple(root: etree._Element, structure: Structure, component: Component) -> None:
    """Put the type of the values of a component."""
    simple = _put(root, "simpleType", name=f"{component.id}Type")
    codelist = structure.codelist_of(component.id)
    if codelist is not None:
        restriction = _put(simple, "restriction", base="xs:string")
        for code in codelist.ids:
            _put(restriction, "enumeration", value=code)
    elif component.text is Text.PERIOD:
        restriction = _put(simple, "restriction", base="com:ObservationalTimePeriodType")
        _put(restriction, "pattern", value="|".join(FREQUENCIES.values()))
    else:
        _put(simple, "restriction", base=_TYPES[component.text])
