"""The structure of a data set in the terms of the SDMX information model: concepts, code lists, components.

Pure values, made by :mod:`impact.publish.official.build`, kept as JSON in ``impact.structure``, read by every format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from impact.words.languages import Language

Names = Mapping[Language, str]
"""A name in both languages."""


class Role(StrEnum):
    """What a component does in the structure."""

    DIMENSION = "dimension"
    TIME = "time"
    MEASURE = "measure"
    ATTRIBUTE = "attribute"


class Attached(StrEnum):
    """What an attribute is said of."""

    INDICATOR = "indicator"
    """Every observation of an indicator alike."""
    OBSERVATION = "observation"


class Text(StrEnum):
    """What the values of a component without a code list are, in the words of SDMX."""

    STRING = "String"
    DOUBLE = "Double"
    INTEGER = "Integer"
    DATE = "GregorianDay"
    PERIOD = "ObservationalTimePeriod"


@dataclass(frozen=True)
class CodeOf:
    """A code of a list.

    Parameters
    ----------
    id
        As it stands in the data.
    names
        What it says.
    parent
        The code above it in the same list; empty at the top.
    other
        The same thing in other lists, such as ``{"istat": "001"}``.
    """

    id: str
    names: Names
    parent: str = ""
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CodeList:
    """A list of codes.

    Parameters
    ----------
    id, names
        Of the list.
    codes
        In order, parents before what lies below them.
    source
        Where the codes are from, with the edition; empty for lists of the programme's own.
    """

    id: str
    names: Names
    codes: tuple[CodeOf, ...]
    source: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The codes alone, in order."""
        return tuple(code.id for code in self.codes)


@dataclass(frozen=True)
class Component:
    """A column of a data set.

    Parameters
    ----------
    id, names
        Of its concept and of itself.
    role
        What it does.
    codelist
        Id of the list its values are from; empty where they are free.
    text
        What its values are where they are free.
    attached
        Of an attribute: what it is said of.
    mandatory
        Of an attribute: whether every observation has it.
    """

    id: str
    names: Names
    role: Role
    codelist: str = ""
    text: Text = Text.STRING
    attached: Attached = Attached.OBSERVATION
    mandatory: bool = False


@dataclass(frozen=True)
class Structure:
    """What the data set of a programme is made of.

    Parameters
    ----------
    programme
        Whose.
    agency
        Who maintains it.
    names
        Of the data flow.
    descriptions
        Of the data flow.
    components
        In the order of the columns: dimensions, time, measure, attributes.
    codelists
        By id.
    version
        Semantic, of structure and lists together; see :mod:`impact.publish.official.versions`.
    """

    programme: str
    agency: str
    names: Names
    descriptions: Names
    components: tuple[Component, ...]
    codelists: Mapping[str, CodeList]
    version: str = "1.0.0"

    def of_role(self, *roles: Role) -> tuple[Component, ...]:
        """Return the components of one or more roles, in order."""
        return tuple(component for component in self.components if component.role in roles)

    @property
    def dimensions(self) -> tuple[Component, ...]:
        """The dimensions that make a series, time left out."""
        return self.of_role(Role.DIMENSION)

    @property
    def attributes(self) -> tuple[Component, ...]:
        """The attributes, in order."""
        return self.of_role(Role.ATTRIBUTE)

    def component(self, id: str) -> Component:
        """Return a component by its id."""
        return next(component for component in self.components if component.id == id)

    def codelist_of(self, id: str) -> CodeList | None:
        """Return the code list of a component; None where its values are free."""
        name = self.component(id).codelist
        return self.codelists[name] if name else None

    @property
    def flow(self) -> str:
        """Id of the data flow."""
        return f"DF_{self.programme.upper()}"

    @property
    def id(self) -> str:
        """Id of the data structure definition."""
        return f"DSD_{self.programme.upper()}"

    @property
    def scheme(self) -> str:
        """Id of the concept scheme."""
        return f"CS_{self.programme.upper()}"

    def to_json(self) -> str:
        """Return it as JSON, the same text for the same structure."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def read_structure(text: str) -> Structure:
    """Return the structure that :meth:`Structure.to_json` wrote."""
    data: dict[str, Any] = json.loads(text)
    codelists = {name: _codelist(codelist) for name, codelist in data.pop("codelists").items()}
    components = tuple(_component(component) for component in data.pop("components"))
    return Structure(**data, components=components, codelists=codelists)


def _codelist(data: dict[str, Any]) -> CodeList:
    codes = tuple(CodeOf(**code) for code in data.pop("codes"))
    return CodeList(**data, codes=codes)


def _component(data: dict[str, Any]) -> Component:
    role, text, attached = Role(data.pop("role")), Text(data.pop("text")), Attached(data.pop("attached"))
    return Component(**data, role=role, text=text, attached=attached)
