"""``export.yaml``: how a programme's parts, dates and units are called in official statistics; it may be left out."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from impact.declare.base import Code, ColumnName, Declared, Id, Text, in_language
from impact.declare.linked import Linked

AGENCY = r"^[A-Za-z][A-Za-z0-9_\-]*(\.[A-Za-z][A-Za-z0-9_\-]*)*$"
COMPONENT = r"^[A-Z][A-Z0-9_]*$"
IDENTIFIER = r"^[A-Za-z0-9_@$\-]+$"
PERIOD = r"^\d{4}$|^\d{4}-S[12]$|^\d{4}-Q[1-4]$|^\d{4}-(0[1-9]|1[0-2])$|^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
"""A time period as SDMX writes it: 2021, 2021-S1, 2021-Q2, 2021-05, 2021-05-31."""

Scheme = Literal["NUTS2021", "NUTS2024", "ISTAT", "ISO3166"]
"""Lists of areas: NUTS by its edition, ISTAT's territorial units, countries and their subdivisions by ISO 3166."""
AREAS: Mapping[Scheme, str] = {
    "NUTS2021": r"[A-Z]{2}[A-Z0-9]{0,3}",
    "NUTS2024": r"[A-Z]{2}[A-Z0-9]{0,3}",
    "ISTAT": r"\d{1,6}",
    "ISO3166": r"[A-Z]{2}(-[A-Z0-9]{1,3})?",
}
"""How the codes of each list are written."""
DIMENSIONS = ("FREQ", "REF_AREA", "INDICATOR", "MEASURE", "ARM", "POPULATION", "PART", "TIME_PERIOD")
ATTRIBUTES = (
    *("UNIT_MEASURE", "UNIT_MULT", "DECIMALS", "LEVEL", "DATA_KIND", "OBS_STATUS", "CONF_STATUS", "MISSING_KIND"),
    *("FLAGS", "WAVE", "REF_DATE", "N_OBS", "EVIDENCE_LEVEL"),
)
VALUE = "OBS_VALUE"
COMPONENTS = (*DIMENSIONS, VALUE, *ATTRIBUTES)
"""What every data structure has: dimensions, measure and attributes, in order."""
_OF_FORMATS = ("STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "DATAFLOW", "SERIES_KEY", "OBS_KEY")
"""Columns of SDMX-CSV that are no component."""
_OF_LISTS = ("AREA",)
"""Names whose code list would be that of another component: REF_AREA has ``CL_AREA``."""
RESERVED = frozenset((*COMPONENTS, *_OF_FORMATS, *_OF_LISTS)) - {"REF_AREA"}
"""What no column that cuts can become."""

OfficialCode = Annotated[str, Field(pattern=IDENTIFIER, max_length=60)]
"""A code of an official list: letters, digits and ``_ @ $ -``, as SDMX has them."""


def _of_the_calendar(period: str) -> str:
    """Refuse a day that no month has."""
    if len(period) == len("2021-05-31"):
        datetime.date.fromisoformat(period)
    return period


OfficialPeriod = Annotated[str, Field(pattern=PERIOD), AfterValidator(_of_the_calendar)]


class Area(Declared):
    """The area that the programme as a whole is about, by its code in the list that ``scheme`` names."""

    code: OfficialCode
    title: Text


class CutMapping(Declared):
    """How the codes of one column that cuts are called in an official dimension.

    ``codes`` gives the official code of each of ours; ``same`` says which of ours are the official ones, ``all`` those
    of its code list that stand nowhere else here; ``own`` are codes that no official list has, which stay among the
    parts of the programme.
    """

    dimension: Annotated[str, Field(pattern=COMPONENT, max_length=40)]
    title: Text | None = None
    codes: dict[Code, OfficialCode] = Field(default_factory=dict)
    same: tuple[OfficialCode, ...] | Literal["all"] = ()
    own: tuple[Code, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> CutMapping:
        same = () if self.same == "all" else self.same
        ours = [*self.codes, *same, *self.own]
        twice = sorted({code for code in ours if ours.count(code) > 1})
        if twice:
            raise ValueError(f"'{twice[0]}' stands in two of codes, same and own")
        official = [*self.codes.values(), *same]
        merged = sorted({code for code in official if official.count(code) > 1})
        if merged:
            raise ValueError(f"two codes become '{merged[0]}': what they count could not be told apart")
        return self

    def official(self, code: str) -> str | None:
        """Return the official code of one of ours; None for one that is our own, or was left out."""
        if code in self.own:
            return None
        return self.codes.get(code, code if self.same == "all" or code in self.same else None)


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
    scheme: Scheme = "NUTS2021"
    area: Area | None = None
    cuts: dict[ColumnName, CutMapping] = Field(default_factory=dict)
    periods: dict[Code, OfficialPeriod] = Field(default_factory=dict)
    units: dict[str, OfficialUnit] = Field(default_factory=dict)
    decimals: dict[Id, Annotated[int, Field(ge=0, le=15)]] = Field(default_factory=dict)
    publisher: Contact | None = None
    licence: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None


def official_unit(export: ExportFile, unit: Text) -> OfficialUnit:
    """Return the unit of measure that a declared unit is in official statistics."""
    english = in_language(unit, "en")
    return export.units.get(english) or OfficialUnit(code=unit_code(english), title=unit)


def unit_code(english: str) -> str:
    """Return the code of a unit that nobody has mapped: its English name in capitals.

    Examples
    --------
    >>> unit_code("points (0-100)"), unit_code("EUR")
    ('POINTS_0_100', 'EUR')
    """
    return re.sub(r"[^A-Z0-9]+", "_", english.upper()).strip("_") or "_X"
