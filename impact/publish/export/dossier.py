"""All of a programme that one reader may have: what the formats of official statistics are written from."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from impact.publish.official.data_set import DataSet, Selection, select
from impact.publish.origin import Origin
from impact.publish.published import ReaderTables
from impact.words import Words


@dataclass(frozen=True)
class Dossier:
    """A programme as one reader may have it.

    Parameters
    ----------
    published
        The reader's tables.
    programme
        One in reach.
    data_set
        The observations that are wanted, with their structure.
    words
        Of the language of sentences, where a format has room for one only.
    rows
        Whether rows of contracts may be written; those of persons among them.
    contracts
        Whose rows are wanted; all by default.
    """

    published: ReaderTables
    programme: str
    data_set: DataSet
    words: Words
    rows: bool = False
    contracts: tuple[str, ...] = ()

    @property
    def origin(self) -> Origin:
        """Where it is from."""
        return self.data_set.origin


def dossier_of(
    published: ReaderTables,
    programme: str,
    words: Words,
    version: str,
    selection: Selection | None = None,
    *,
    rows: bool = False,
) -> Dossier:
    """Return a programme as a reader may have it.

    Parameters
    ----------
    published
        What the reader may see.
    programme
        One in reach.
    words
        Of the language of sentences.
    version
        Of the data.
    selection
        Which observations; all by default.
    rows
        Whether rows of contracts may be written, where the reader's role opens them.

    Raises
    ------
    ProblemsError
        If ``export.yaml`` leaves codes without an official one.
    UsageError
        If no observation has a code that is selected.
    """
    origin = origin_of(published, programme, words, version)
    whole = DataSet(published.structures(programme)[-1], published.observations(programme), origin)
    return Dossier(published, programme, select(whole, selection or Selection()), words, rows)


def origin_of(published: ReaderTables, programme: str, words: Words, version: str) -> Origin:
    """Return where what leaves of a programme is from: publisher, licence and sources as they are declared."""
    today = datetime.datetime.now(tz=datetime.UTC).date()
    synthetic = bool((published.findings(programme)["data_kind"] == "synthetic").any())
    publisher, licence = published.rights(programme)
    return Origin(words.language, version, programme, today, synthetic, publisher, licence, published.cited(programme))
