"""What every part of a CIDS file names: where its nodes stand, and numbers with their unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from impact.publish.export.linked.facts import ProgrammeSaid
from impact.publish.export.linked.figures import Figure, decimal_text
from impact.publish.export.linked.graph import Node, reference, tagged
from impact.publish.official.addresses import definition_address, page_address, place_address
from impact.words.languages import Language


@dataclass(frozen=True)
class Place:
    """Where the nodes of a programme stand: their addresses, and who they belong to."""

    said: ProgrammeSaid
    language: Language
    organisation: str

    @property
    def programme(self) -> str:
        """Address of the programme, and of what stands on its page."""
        return page_address(self.said.linked.home or "", "theory", self.said.id)

    def named(self, kind: str, name: str = "") -> str:
        """Return the address of what stands on the programme's page."""
        return place_address(self.programme, kind, name)

    def definition(self, indicator: str) -> str:
        """Return the address of an indicator."""
        return definition_address(self.said.linked.home or "", self.said.id, indicator)

    def text(self, names: Mapping[Language, str]) -> str:
        """Return a text in the language that is written."""
        return names[self.language]


def measure_of(indicator: str, figure: Figure, kind: str = "measure") -> Node:
    """Return a number with its unit; the address of its node is that of the indicator with a name of its own."""
    return number_node(place_address(indicator, kind, figure.key), figure.value, place_address(indicator, "unit"))


def number_node(address: str, value: float | None, unit: str) -> Node:
    """Return a number as the standard has it: text, with a unit."""
    text = "" if value is None else decimal_text(value)
    return {"@id": address, "@type": "Measure", "hasNumericalValue": text, "unit_of_measure": reference(unit)}


def unit_node(indicator: str, name: str, names: Mapping[Language, str]) -> Node:
    """Return the unit of an indicator."""
    return {
        "@id": place_address(indicator, "unit"),
        "@type": "Unit_of_measure",
        "hasName": name,
        "label": tagged(names),
    }
