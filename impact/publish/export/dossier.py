"""All of a programme that one reader may have: what the formats of official statistics are written from."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from functools import cached_property

from impact.publish.official.data_set import EVERY_OBSERVATION, DataSet, Selection, select
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
    words
        Of the language of sentences, where a format has room for one only.
    origin
        Where it is from.
    selection
        Which observations are wanted.
    rows
        Whether rows of contracts may be written; those of persons among them.
    contracts
        Whose rows are wanted; all by default.
    observed
        A data set in place of the one that follows, such as its first rows.
    """

    published: ReaderTables
    programme: str
    words: Words
    origin: Origin
    selection: Selection = EVERY_OBSERVATION
    rows: bool = False
    contracts: tuple[str, ...] = ()
    observed: DataSet | None = None

    @cached_property
    def data_set(self) -> DataSet:
        """The observations that are wanted, with their structure; made when somebody asks for them.

        Raises
        ------
        ProblemsError
            If ``export.yaml`` leaves codes without an official one.
        UsageError
            If no observation has a code that is selected, or the programme was last run by an earlier engine.
        """
        if self.observed is not None:
            return self.observed
        structure = self.published.structures(self.programme)[-1]
        return select(DataSet(structure, self.published.observations(self.programme), self.origin), self.selection)


def dossier_of(
    published: ReaderTables,
    programme: str,
    words: Words,
    version: str,
    selection: Selection = EVERY_OBSERVATION,
    *,
    rows: bool = False,
) -> Dossier:
    """Return a programme as a reader may have it, its observations made.

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
    made = Dossier(published, programme, words, origin_of(published, programme, words, version), selection, rows)
    return replace(made, observed=made.data_set)


def origin_of(published: ReaderTables, programme: str, words: Words, version: str) -> Origin:
    """Return where what leaves of a programme is from: publisher, licence and sources as they are declared."""
    today = datetime.datetime.now(tz=datetime.UTC).date()
    synthetic = bool((published.findings(programme)["data_kind"] == "synthetic").any())
    publisher, licence = published.rights(programme)
    return Origin(words.declared, version, programme, today, synthetic, publisher, licence, published.cited(programme))
