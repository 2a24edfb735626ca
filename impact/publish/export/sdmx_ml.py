"""SDMX-ML 2.1 and 3.0, structure-specific: series with their observations, codes alone, attributes where they belong.

What an attribute says of an indicator stands at each of its series, the rest at observations, as the data structure
declares. An observation without a value has no ``OBS_VALUE``: its status says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from xml.sax.saxutils import escape

from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Chunks, Format, Takes, Validation
from impact.publish.export.sdmx_check import ML, check_ml, validation
from impact.publish.official.data_set import ARROW, DataSet
from impact.publish.official.sdmx_names import flow_of, namespace_of, said_of, sender
from impact.publish.official.sdmx_structure import Form, write_structure_of
from impact.publish.official.sdmx_xml import DATA, INSTANCE, Version, check_texts, namespaces
from impact.publish.official.stream import fragments, in_series, texts
from impact.publish.official.structure import Component, Role, Structure
from impact.sql import as_text, ident, literal

_ENTITIES = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
"""What a parser would change in the value of an attribute, or take for its end."""
_CLOSE = "</Series>\n"


def write_data(data_set: DataSet, version: Version) -> Iterator[bytes]:
    """Write the observations of a data set.

    Raises
    ------
    UsageError
        If a text holds a character that XML has no way to write.
    """
    structure = data_set.structure
    check_texts(data_set)
    coded = [component for component in structure.components if component.text not in ARROW]
    written = fragments(data_set, {component.id: _attribute(component) for component in coded})
    yield _head(data_set, version).encode("utf-8")
    for text in texts(written, in_series(_series(structure), _observation(structure), close=_CLOSE)):
        yield text.encode("utf-8")
    yield (_CLOSE if data_set.rows.num_rows else "").encode() + b"</mes:DataSet>\n</mes:StructureSpecificData>\n"


def _attribute(component: Component) -> Callable[[str], str]:
    """Return what writes a value as an attribute of XML."""
    return lambda value: f' {component.id}="{escape(value, _ENTITIES)}"'


def _series(structure: Structure) -> str:
    """Return the expression of the element that begins a series."""
    parts = [*structure.dimensions, *(c for c in structure.attributes if said_of(c))]
    return f"concat('<Series', {', '.join(map(_part, parts))}, {literal('>' + chr(10))})"


def _observation(structure: Structure) -> str:
    parts = [*structure.of_role(Role.TIME, Role.MEASURE), *(c for c in structure.attributes if not said_of(c))]
    return f"concat('<Obs', {', '.join(map(_part, parts))}, {literal('/>' + chr(10))})"


def _part(component: Component) -> str:
    """Return the expression of an attribute; nothing where it is missing, which ``concat`` leaves out."""
    if component.text not in ARROW:
        return ident(component.id)
    return f"""' {component.id}="' || {as_text(component.id)} || '"'"""


def _head(data_set: DataSet, version: Version) -> str:
    """Return all that stands before the first series: who sends it, and what it is made of."""
    structure, spaces = data_set.structure, namespaces(version)
    own = namespace_of(structure)
    declared = "".join(f' xmlns:{prefix}="{spaces[prefix]}"' for prefix in ("mes", "com", DATA))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<mes:StructureSpecificData xmlns:xsi="{INSTANCE}"{declared} xmlns:ns1="{own}">\n'
        f"<mes:Header>\n<mes:ID>{structure.flow}</mes:ID>\n<mes:Test>false</mes:Test>\n"
        f"<mes:Prepared>{data_set.origin.date.isoformat()}T00:00:00Z</mes:Prepared>\n"
        f'<mes:Sender id="{sender(structure.agency)}"/>\n'
        f'<mes:Structure structureID="{structure.id}" namespace="{own}" dimensionAtObservation="TIME_PERIOD">\n'
        f"{_usage(structure, version)}</mes:Structure>\n"
        f"<mes:DataSetAction>Information</mes:DataSetAction>\n</mes:Header>\n"
        f'<mes:DataSet {DATA}:structureRef="{structure.id}" xsi:type="ns1:DataSetType"'
        f'{_scope(version)} {DATA}:action="Information">\n'
    )


def _usage(structure: Structure, version: Version) -> str:
    """Refer to the data flow: by its parts in 2.1, by its URN since."""
    if version == "3.0":
        return f"<com:StructureUsage>{flow_of(structure).urn}</com:StructureUsage>\n"
    reference = f'agencyID="{structure.agency}" id="{structure.flow}" version="{structure.version}"'
    named = 'package="datastructure" class="Dataflow"'
    return f"<com:StructureUsage><Ref {reference} {named}/></com:StructureUsage>\n"


def _scope(version: Version) -> str:
    return f' {DATA}:dataScope="DataStructure"' if version == "2.1" else ""


def _format(version: Version, suffix: str) -> Format:
    """Return the format of an edition of the standard."""
    form: Form = "ml-2.1" if version == "2.1" else "ml-3.0"

    def write(dossier: Dossier) -> Chunks:
        return write_data(dossier.data_set, version)

    def validated() -> Validation:
        return validation(f"SDMX-ML {version}", ML)

    def pack(dossier: Dossier) -> Mapping[str, Chunks]:
        return {"data.xml": write(dossier), "structure.xml": write_structure_of(dossier.data_set, form)}

    media_type = f"application/vnd.sdmx.structurespecificdata+xml;version={version}"
    if version == "3.0":
        media_type = "application/vnd.sdmx.data+xml;version=3.0.0"
    return Format(suffix, media_type, Takes.DOSSIER, write, pack, check=check_ml(version), validation=validated)


FORMAT_2_1 = _format("2.1", ".sdmx21.xml")
FORMAT_3_0 = _format("3.0", ".sdmx30.xml")
