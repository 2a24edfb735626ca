"""What artefacts of SDMX are called: kinds, ids and URNs; alike in every format and edition."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from impact.errors import Problem
from impact.publish.official.lists import names
from impact.publish.official.structure import Attached, CodeList, CodeOf, Component, Names, Role, Structure

Kind = Literal["agencyscheme", "codelist", "conceptscheme", "datastructure", "dataflow", "contentconstraint"]
KINDS: tuple[Kind, ...] = (
    "agencyscheme",
    "dataflow",
    "codelist",
    "conceptscheme",
    "datastructure",
    "contentconstraint",
)
"""Kinds of artefacts, in the order in which a message of SDMX 2.1 must have them."""
CLASSES: dict[Kind, str] = {
    "agencyscheme": "base.AgencyScheme",
    "codelist": "codelist.Codelist",
    "conceptscheme": "conceptscheme.ConceptScheme",
    "datastructure": "datastructure.DataStructure",
    "dataflow": "datastructure.Dataflow",
    "contentconstraint": "registry.DataConstraint",
}
"""Package and class of each kind in the information model of SDMX 3.0."""
Codes = dict[str, dict[str, tuple[dict[str, str], str]]]
"""Names and parent of each code, by list, as a message has them."""
TOP, UNVERSIONED = "SDMX", "1.0"
"""Who maintains agencies that stand below no other; the version of a scheme of agencies, which never changes."""


@dataclass(frozen=True)
class Artefact:
    """What can be maintained: by whom, its id, its version, its names.

    Parameters
    ----------
    kind, agency, id, version
        Its identity.
    names, descriptions
        In both languages.
    annotations
        Texts about it, by their type.
    """

    kind: Kind
    agency: str
    id: str
    version: str
    names: Names
    descriptions: Names = field(default_factory=dict)
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def urn(self) -> str:
        """Its name everywhere, as SDMX 3.0 writes it."""
        return f"urn:sdmx:org.sdmx.infomodel.{CLASSES[self.kind]}={self.agency}:{self.id}({self.version})"


def codelist_of(structure: Structure, codelist: CodeList) -> Artefact:
    """Return a list as an artefact: it is versioned with the structure."""
    source = (("SOURCE", codelist.source),) if codelist.source else ()
    return _of(structure, "codelist", codelist.id, codelist.names, annotations=source)


def scheme_of(structure: Structure) -> Artefact:
    """Return the scheme of concepts."""
    return _of(structure, "conceptscheme", structure.scheme, names("official.scheme"))


def definition_of(structure: Structure) -> Artefact:
    """Return the data structure definition."""
    return _of(structure, "datastructure", structure.id, structure.names)


def flow_of(structure: Structure) -> Artefact:
    """Return the data flow."""
    return _of(structure, "dataflow", structure.flow, structure.names, descriptions=structure.descriptions)


def constraint_of(structure: Structure) -> Artefact:
    """Return the constraint that says which codes occur."""
    return _of(structure, "contentconstraint", f"CR_{structure.programme.upper()}", names("official.constraint"))


def agencies_of(agency: str) -> Artefact:
    """Return the scheme in which an agency is listed: that of the agency above it, else of SDMX."""
    return Artefact("agencyscheme", above(agency), "AGENCIES", UNVERSIONED, names("official.agencies"))


def _of(structure: Structure, kind: Kind, id: str, named: Names, **more: object) -> Artefact:
    return Artefact(kind, structure.agency, id, structure.version, named, **more)  # type: ignore[arg-type]


def above(agency: str) -> str:
    """Return who lists an agency.

    Examples
    --------
    >>> above("IT1.WELFARE"), above("IT1")
    ('IT1', 'SDMX')
    """
    return agency.rpartition(".")[0] or TOP


def concept_urn(structure: Structure, id: str) -> str:
    """Return the name of a concept everywhere."""
    scheme = f"{structure.agency}:{structure.scheme}({structure.version})"
    return f"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={scheme}.{id}"


def namespace_of(structure: Structure) -> str:
    """Return the namespace of messages of data in which observations stand in series over time."""
    return f"{definition_of(structure).urn}:ObsLevelDim:TIME_PERIOD"


def flow_name(structure: Structure) -> str:
    """Return the name of a data flow as SDMX-CSV writes it: agency, id and version."""
    return f"{structure.agency}:{structure.flow}({structure.version})"


def said_of(component: Component) -> str:
    """Return the dimension that an attribute is said of; empty where it is said of each observation."""
    return "INDICATOR" if component.role is Role.ATTRIBUTE and component.attached is Attached.INDICATOR else ""


def sender(agency: str) -> str:
    """Return the id of an agency without those above it: what names a sender has no dots.

    Examples
    --------
    >>> sender("IT1.WELFARE")
    'WELFARE'
    """
    return agency.rpartition(".")[2]


def codes_problems(codes: Codes, structure: Structure, path: Path) -> list[Problem]:
    """Return which lists are not those of a structure, in codes, names or parents."""
    lists = structure.codelists.items()
    expected = {name: {code.id: _expected(code) for code in codelist.codes} for name, codelist in lists}
    differing = sorted({name for name in {*codes, *expected} if codes.get(name) != expected.get(name)})
    return [Problem(f"the list {name} is not that of the structure", path.name, field=name) for name in differing]


def _expected(code: CodeOf) -> tuple[dict[str, str], str]:
    return {str(language): text for language, text in code.names.items()}, code.parent
