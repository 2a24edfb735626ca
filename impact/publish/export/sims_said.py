"""Reference metadata: what a data set is about and how good it is, by the concepts of SIMS 2.0 and ESMS.

Filled from declarations, structure and quality tables, as a reader may see them. What the engine does not know is said
to be not known; nothing is guessed. Concepts and their ids are those of the Euro SDMX Metadata Structure
(https://ec.europa.eu/eurostat/web/metadata/metadata-structure).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow.compute as pc

from impact.publish.official.data_set import DataSet
from impact.publish.official.lists import names
from impact.publish.official.period import first_day_of, last_day_of
from impact.publish.official.structure import Names
from impact.publish.published import ReaderTables
from impact.words import words_in
from impact.words.languages import LANGUAGES

CONCEPTS: Mapping[str, tuple[str, ...]] = {
    "CONTACT": ("CONTACT_ORGANISATION", "CONTACT_EMAIL"),
    "META_UPDATE": ("META_LAST_UPDATE",),
    "STAT_PRES": ("DATA_DESCR", "CLASS_SYSTEM", "COVERAGE_SECTOR", "STAT_CONC_DEF", "STAT_UNIT", "STAT_POP", "REF_AREA",
                  "COVERAGE_TIME", "BASE_PER"),
    "UNIT_MEASURE": (),
    "REF_PERIOD": (),
    "INST_MANDATE": (),
    "CONF": ("CONF_POLICY", "CONF_DATA_TR"),
    "REL_POLICY": (),
    "FREQ_DISS": (),
    "ACCESS_DOC": (),
    "QUALITY_MGMNT": (),
    "RELEVANCE": (),
    "ACCURACY": ("ACCURACY_OVERALL", "SAMPLING_ERR", "NONSAMPLING_ERR"),
    "TIMELINESS_PUNCT": (),
    "COMPARABILITY": (),
    "COHERENCE": (),
    "COST_BURDEN": (),
    "DATA_REV": ("REV_POLICY", "REV_PRACTICE"),
    "STAT_PROCESS": ("SOURCE_TYPE", "FREQ_COLL", "COLL_METHOD", "DATA_VALIDATION", "DATA_COMP", "ADJUSTMENT"),
    "COMMENT_DSET": (),
}  # fmt: skip
"""Concepts in order, with those below each."""


@dataclass(frozen=True)
class Statement:
    """What is said by one concept.

    Parameters
    ----------
    id, names
        Of the concept.
    text
        What is said, in both languages; None where that is left to the concepts below.
    parts
        Of the concepts below it.
    """

    id: str
    names: Names
    text: Names | None
    parts: tuple[Statement, ...] = ()


def reference_metadata(published: ReaderTables, programme: str, data_set: DataSet) -> tuple[Statement, ...]:
    """Return the reference metadata of a programme's data set.

    Parameters
    ----------
    published
        What the reader may see: hidden counts are no part of what is said.
    programme
        One in reach.
    data_set
        Its observations.
    """
    said = dict(_said(published, programme, data_set))
    return tuple(_statement(id, parts, said) for id, parts in CONCEPTS.items())


def _statement(id: str, parts: tuple[str, ...], said: Mapping[str, Names]) -> Statement:
    below = tuple(_statement(part, (), said) for part in parts)
    text = None if below else said.get(id) or names("sims.not_known")
    return Statement(id, names(f"sims.concept.{id}"), text, below)


def _said(published: ReaderTables, programme: str, data_set: DataSet) -> Iterator[tuple[str, Names]]:
    mapping, structure = published.mapping(programme), data_set.structure
    stated = {"CONTACT_ORGANISATION": mapping.publisher, "CONTACT_EMAIL": mapping.email}
    yield from ((id, _alike(text)) for id, text in stated.items() if text)
    yield "META_LAST_UPDATE", _alike(data_set.origin.date.isoformat())
    yield "DATA_DESCR", structure.descriptions
    yield "BASE_PER", names("sims.said.no_base")
    yield "CONF_POLICY", names("sims.said.policy")
    yield "REV_POLICY", names("sims.said.revisions")
    editions = published.structures(programme)
    yield "REV_PRACTICE", names("sims.said.editions", version=structure.version, count=len(editions))
    yield "COMMENT_DSET", names("sims.said.synthetic" if data_set.origin.synthetic else "sims.said.real")
    yield from _of_structure(data_set)
    yield from _of_quality(published, programme, data_set)


def _alike(text: str) -> Names:
    return dict.fromkeys(LANGUAGES, text)


def _of_structure(data_set: DataSet) -> Iterator[tuple[str, Names]]:
    """Yield what the codes that occur say: indicators, areas, units, periods, and where the lists are from."""
    for id, component in (("STAT_CONC_DEF", "INDICATOR"), ("REF_AREA", "REF_AREA"), ("UNIT_MEASURE", "UNIT_MEASURE")):
        codelist = data_set.structure.codelist_of(component)
        there = set(data_set.rows[component].unique().to_pylist())
        titles = [code.names for code in codelist.codes if code.id in there] if codelist else []
        if titles:
            yield id, {language: "; ".join(title[language] for title in titles) for language in LANGUAGES}
    sources = [codelist.source for codelist in data_set.structure.codelists.values() if codelist.source]
    yield "CLASS_SYSTEM", _alike("; ".join(sources))
    yield from _of_time(data_set)


def _of_time(data_set: DataSet) -> Iterator[tuple[str, Names]]:
    """Yield the periods of what was measured: a target that is due later covers no time."""
    measured = data_set.rows.filter(pc.equal(data_set.rows["MEASURE"], "VALUE"))
    periods = sorted(measured["TIME_PERIOD"].unique().to_pylist())
    if periods:
        yield "REF_PERIOD", _alike(", ".join(periods))
        yield "COVERAGE_TIME", _alike(f"{min(map(first_day_of, periods))} – {max(map(last_day_of, periods))}")


def _of_quality(published: ReaderTables, programme: str, data_set: DataSet) -> Iterator[tuple[str, Names]]:
    """Yield what is known of accuracy, sources and processing."""
    kinds = data_set.rows["MISSING_KIND"]
    hidden = {kind: pc.sum(pc.equal(kinds, kind)).as_py() or 0 for kind in ("few", "complement")}
    yield "CONF_DATA_TR", names("sims.said.hidden", rows=data_set.rows.num_rows, **hidden)
    measures = published.measures(programme)
    counted = {"values": int(measures["value"].notna().sum()), "with_interval": int(measures["conf_low"].notna().sum())}
    yield "SAMPLING_ERR", names("sims.said.intervals", **counted)
    answers = published.quality(programme)
    counts = ("rows", "answered", "missing", "skipped", "refused", "not_applicable")
    known = answers.dropna(subset=list(counts))
    if len(known):
        yield "NONSAMPLING_ERR", names("sims.said.answers", **{name: int(known[name].sum()) for name in counts})
    loaded = published.validity(programme).dropna(subset=["rows_read", "rows_good"])
    if len(loaded):
        read, good = int(loaded["rows_read"].sum()), int(loaded["rows_good"].sum())
        yield "DATA_VALIDATION", names("sims.said.validation", good=good, read=read)
    cited = "; ".join(f"{title} ({url})" if url else title for title, url in published.cited(programme))
    if cited:
        yield "SOURCE_TYPE", _alike(cited)
    yield from _methods(measures)


def _methods(measures: pd.DataFrame) -> Iterator[tuple[str, Names]]:
    """Yield how values were computed, each way once."""
    ways = dict.fromkeys(way for way in measures["method"] if way)
    if ways:
        written = {language: dict.fromkeys(map(words_in(language).said, ways)) for language in LANGUAGES}
        yield "DATA_COMP", {language: "; ".join(texts) for language, texts in written.items()}
