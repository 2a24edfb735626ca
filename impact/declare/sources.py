"""``sources.yaml``: which raw file feeds which contract, and through which crosswalk."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from impact.declare.base import Code, ColumnName, Date, Declared, Id, Scalar
from impact.plugins import READERS, plugin_names


def known_zone(zone: str | None) -> str | None:
    """Return a time zone as it is, or refuse one that there is not."""
    try:
        zoneinfo.ZoneInfo(zone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"there is no time zone '{zone}'; write it as in Europe/Rome or UTC"
        raise ValueError(message) from error
    return zone


OFFSET = "%z"
"""What stands in a format of dates for the offset from UTC: ``Z``, ``+0200`` or ``+02:00``."""


class FileFormat(Declared):
    """How a raw file is written; nothing here is guessed when loading.

    ``multiline`` says that quoted values may hold line breaks; without it a line with an odd number of quotes is
    quarantined on its own, so that an unclosed quote cannot swallow the rows after it. ``zone`` says in which time zone
    (``Europe/Rome``) the day of a point in time is taken, of Parquet or of a text with its offset from UTC (``%z`` in
    ``dates``): that of the programme where it is not given, never that of the machine.
    """

    encoding: Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "utf-16"] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    quote: Literal['"', "'"] = '"'
    dates: tuple[str, ...] = Field(default=("%Y-%m-%d",), min_length=1)
    sheet: str | None = None
    multiline: bool = False
    zone: str | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        return known_zone(zone)

    @property
    def moments(self) -> tuple[str, ...]:
        """Those of ``dates`` that write a point in time with its offset from UTC."""
        return tuple(form for form in self.dates if OFFSET in form)

    @property
    def days(self) -> tuple[str, ...]:
        """Those of ``dates`` that write a day as such."""
        return tuple(form for form in self.dates if OFFSET not in form)

    @field_validator("dates")
    @classmethod
    def _complete_dates(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for form in formats:
            day = datetime.datetime(2024, 10, 31, tzinfo=datetime.UTC if OFFSET in form else None)
            try:
                written = day.strftime(form)
                same = datetime.datetime.strptime(written, form) == day
            except ValueError:
                same = False
            if not same or re.search("%[cxXZ]", form):  # these depend on who reads them
                raise ValueError(f"'{form}' does not write a whole date; use %d, %m and %Y, as in %d/%m/%Y")
            if OFFSET in form and not form.endswith(OFFSET):
                raise ValueError(f"'{form}' has its offset from UTC inside; it comes last, as in %Y-%m-%dT%H:%M%z")
        return formats


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str | int) else value


Codes = Annotated[
    tuple[Code, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=Code | Annotated[tuple[Code, ...], Field(min_length=1)]),
]
"""One code, or a list of them."""


SeriesName = Literal["eurostat_tsv", "sdmx_csv", "sdmx_ml"]
"""Formats of official statistics that the engine reads itself."""


def _readable(name: Any) -> Any:
    """Refuse the name of a format that neither the engine nor an installed package reads."""
    built_in = get_args(SeriesName)
    if name in built_in:
        return name
    formats = [*built_in, *plugin_names(READERS)]
    if name in formats:
        return name
    *quoted, last = (f"'{form}'" for form in formats)
    expected = f"{', '.join(quoted)} or {last}"
    raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})


class SeriesFormat(Declared):
    """A file of official statistics: many series in one file, of which the ones wanted are chosen.

    It becomes the columns ``territory, period, value, status``. ``keep`` chooses codes per dimension; a dimension for
    which several are kept becomes a column of its own, in lower case, and every dimension not named must be constant.
    """

    format: Annotated[str, BeforeValidator(_readable, json_schema_input_type=SeriesName)]
    territory: str = Field(min_length=1)
    keep: dict[str, Codes] = Field(default_factory=dict)


class Provenance(Declared):
    """Where the raw file comes from. Synthetic data names the script that made it."""

    title: str
    kind: Literal["real", "synthetic"]
    publisher: str = ""
    document: str = ""
    url: str = ""
    licence: str = ""
    retrieved: Date | None = None
    generator: str = ""

    @model_validator(mode="after")
    def _synthetic_names_generator(self) -> Provenance:
        if self.kind == "synthetic" and not self.generator:
            raise ValueError("synthetic data names its generator")
        return self


_TYPED_FILES = (".parquet", ".xlsx", ".xlsm", ".xls", ".ods")
"""Files whose cells are dates by themselves."""


class Source(Declared):
    """One raw file (or sheet) feeding one contract.

    ``rename`` maps a file column to a contract column, or to several: one keeps what the file writes, another is mapped
    to codes. ``recode`` maps codes of a contract column, as does ``crosswalk``, which names a CSV file with the columns
    ``from`` and ``to``; ``set`` gives a contract column one constant; ``ignore`` lists file columns that are left out
    on purpose. ``series`` reads a file of official statistics, which has a format of its own.
    """

    id: Id
    file: str
    contract: Id
    provenance: Provenance
    format: FileFormat = FileFormat()
    series: SeriesFormat | None = None
    rename: dict[str, ColumnName | Annotated[tuple[ColumnName, ...], Field(min_length=1)]] = Field(default_factory=dict)
    recode: dict[ColumnName, dict[Code, Code]] = Field(default_factory=dict)
    crosswalk: dict[ColumnName, str] = Field(default_factory=dict)
    set: dict[ColumnName, Scalar] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Source:
        both = sorted(self.recode.keys() & self.crosswalk.keys())
        if both:
            raise ValueError(f"{', '.join(both)}: give either recode or crosswalk")
        if self.series is not None and self.format != FileFormat():
            raise ValueError("a file of official statistics has a format of its own; leave out format")
        is_parquet = self.file.lower().endswith(".parquet")
        if self.format.moments and self.file.lower().endswith(_TYPED_FILES):
            raise ValueError(f"{OFFSET} in dates is for text; this file holds its dates as such")
        if self.format.zone is not None and not (is_parquet or self.format.moments):
            raise ValueError(
                "zone is for points in time, of Parquet or of text with %z in dates; a day is read as it is written"
            )
        return self

    @property
    def needs_zone(self) -> bool:
        """Whether the day of its points in time depends on a zone that it does not declare."""
        return self.format.zone is None and (self.file.lower().endswith(".parquet") or bool(self.format.moments))

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """Each contract column that ``rename`` fills, with the column of the file it is read from."""
        listed = ((name, (target,) if isinstance(target, str) else target) for name, target in self.rename.items())
        return tuple((target, name) for name, targets in listed for target in targets)


class SourcesFile(Declared):
    """The whole of ``sources.yaml``."""

    sources: tuple[Source, ...] = ()
