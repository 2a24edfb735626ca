"""``sources.yaml``: which raw file feeds which contract, and through which crosswalk."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import Field, field_validator, model_validator

from impact.declare.base import Code, ColumnName, Date, Declared, Id, Scalar


class FileFormat(Declared):
    """How a raw file is written; nothing here is guessed when loading.

    ``multiline`` says that quoted values may hold line breaks; without it a line with an odd number of quotes is
    quarantined on its own, so that an unclosed quote cannot swallow the rows after it.
    """

    encoding: Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "utf-16"] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    quote: Literal['"', "'"] = '"'
    dates: tuple[str, ...] = Field(default=("%Y-%m-%d",), min_length=1)
    sheet: str | None = None
    multiline: bool = False

    @field_validator("dates")
    @classmethod
    def _complete_dates(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        day = datetime.datetime(2024, 10, 31)
        for form in formats:
            try:
                same = datetime.datetime.strptime(day.strftime(form), form) == day
            except ValueError:
                same = False
            if not same:
                raise ValueError(f"'{form}' does not write a whole date; use %d, %m and %Y, as in %d/%m/%Y")
        return formats


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


class Source(Declared):
    """One raw file (or sheet) feeding one contract.

    ``rename`` maps file columns to contract columns; ``recode`` maps codes of a contract column, as does
    ``crosswalk``, which names a CSV file with the columns ``from`` and ``to``; ``set`` gives a contract column one
    constant; ``ignore`` lists file columns that are left out on purpose.
    """

    id: Id
    file: str
    contract: Id
    provenance: Provenance
    format: FileFormat = FileFormat()
    rename: dict[str, ColumnName] = Field(default_factory=dict)
    recode: dict[ColumnName, dict[Code, Code]] = Field(default_factory=dict)
    crosswalk: dict[ColumnName, str] = Field(default_factory=dict)
    set: dict[ColumnName, Scalar] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _mapped_once(self) -> Source:
        if both := sorted({*self.recode} & {*self.crosswalk}):
            raise ValueError(f"{', '.join(both)}: give either recode or crosswalk")
        return self


class SourcesFile(Declared):
    """The whole of ``sources.yaml``."""

    sources: tuple[Source, ...] = ()
