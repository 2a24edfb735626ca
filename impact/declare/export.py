"""``export.yaml``: how a programme's parts, dates and units are called in official statistics; it may be left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Declared, Id, Text
from impact.declare.linked import Linked

AGENCY = r"^[A-Za-z][A-Za-z0-9_\-]*(\.[A-Za-z][A-Za-z0-9_\-]*)*$"
COMPONENT = r"^[A-Z][A-Z0-9_]*$"
IDENTIFIER = r"^[A-Za-z0-9_@$\-]+$"
PERIOD = r"^\d{4}$|^\d{4}-S[12]$|^\d{4}-Q[1-4]$|^\d{4}-(0[1-9]|1[0-2])$|^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
"""A time period as SDMX writes it: 2021, 2021-S1, 2021-Q2, 2021-05, 2021-05-31."""

OfficialCode = Annotated[str, Field(pattern=IDENTIFIER, max_length=60)]
"""A code of an official list: letters, digits and ``_ @ $ -``, as SDMX has them."""
OfficialPeriod = Annotated[str, Field(pattern=PERIOD)]


class Area(Declared):
    """The area that the programme as a whole is about, by its code in the list that ``scheme`` names."""

    code: OfficialCode
    title: Text


class CutMapping(Declared):
    """How the codes of one column that cuts are called in an official dimension.

    ``codes`` gives the official code of each of ours; ``same`` says that ours are the official ones; ``own`` are codes
    that no official list has, which stay what they are, among the parts of the programme.
    """

    dimension: Annotated[str, Field(pattern=COMPONENT, max_length=40)]
    title: Text | None = None
    codes: dict[Code, OfficialCode] = Field(default_factory=dict)
    same: tuple[OfficialCode, ...] = ()
    own: tuple[Code, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> CutMapping:
        ours = [*self.codes, *self.same, *self.own]
        twice = sorted({code for code in ours if ours.count(code) > 1})
        if twice:
            raise ValueError(f"'{twice[0]}' stands in two of codes, same and own")
        official = [*self.codes.values(), *self.same]
        merged = sorted({code for code in official if official.count(code) > 1})
        if merged:
            raise ValueError(f"two codes become '{merged[0]}': what they count could not be told apart")
        return self


class OfficialUnit(Declared):
    """The code and name of a unit of measure in official statistics, and the power of ten its values are given in."""

    code: OfficialCode
    title: Text
    multiplier: int = Field(default=0, ge=0, le=12)


class Contact(Declared):
    """Who answers for the data, as the catalogue and the reference metadata name them."""

    name: str
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")] | None = None


class ExportFile(Linked):
    """The whole of ``export.yaml``.

    ``agency`` maintains the structures; by default the programme's id in capitals. ``scheme`` says which list, and
    which edition of it, the codes of areas are from. ``periods`` gives waves another period than their date says, such
    as a half year. ``decimals`` says how many decimals of an indicator mean something.
    """

    agency: Annotated[str, Field(pattern=AGENCY, max_length=40)] | None = None
    scheme: Literal["NUTS2021", "NUTS2024", "ISTAT"] = "NUTS2021"
    area: Area | None = None
    cuts: dict[ColumnName, CutMapping] = Field(default_factory=dict)
    periods: dict[Code, OfficialPeriod] = Field(default_factory=dict)
    units: dict[str, OfficialUnit] = Field(default_factory=dict)
    decimals: dict[Id, Annotated[int, Field(ge=0, le=15)]] = Field(default_factory=dict)
    publisher: Contact | None = None
    licence: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
