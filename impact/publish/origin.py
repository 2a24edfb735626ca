"""Where what leaves is from: said of every table, data set and document that is written."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where an exported table is from.

    Parameters
    ----------
    language
        Of titles, meanings and sentences.
    version
        Of the data: the same as long as no run has changed them.
    part_of
        The programme or the address whose table it is.
    date
        When it was written.
    synthetic
        Whether anything in it rests on synthetic data.
    publisher, licence
        As declared; empty where not stated.
    sources
        Title and address of what it rests on.
    """

    language: str
    version: str
    part_of: str
    date: datetime.date
    synthetic: bool
    publisher: str = ""
    licence: str = ""
    sources: tuple[tuple[str, str], ...] = ()
