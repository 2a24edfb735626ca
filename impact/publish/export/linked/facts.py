"""What formats of linked data say of a programme and its indicators, in both languages, as a reader may have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from impact.declare.linked import Linked
from impact.publish.definition_words import Declared, definition_text
from impact.publish.export.dossier import Dossier
from impact.publish.official.mapping import OfficialMapping
from impact.publish.official.structure import Names
from impact.publish.rows import Record, rows_of
from impact.words import words_in
from impact.words.languages import LANGUAGES, Language


@dataclass(frozen=True)
class IndicatorSaid:
    """What is said of an indicator.

    Parameters
    ----------
    id
        As declared.
    titles, units, definitions
        In both languages; ``definitions`` end with the note and with what is synthetic.
    node, stage, level, direction
        Where it stands in the theory of change, and which way is better.
    share
        Whether its values are shares of one.
    synthetic
        Whether they rest on synthetic data.
    """

    id: str
    titles: Names
    units: Names
    definitions: Names
    node: str
    stage: str
    level: str
    direction: str
    share: bool
    synthetic: bool


@dataclass(frozen=True)
class ProgrammeSaid:
    """What is said of a programme.

    Parameters
    ----------
    id
        As declared.
    row
        Of :class:`impact.tables.declared.Programme`.
    titles, summaries
        In both languages; ``summaries`` end with what is synthetic.
    mapping, linked
        As declared.
    indicators
        Those that have findings in reach, by id, in order.
    """

    id: str
    row: Record
    titles: Names
    summaries: Names
    mapping: OfficialMapping
    linked: Linked
    indicators: Mapping[str, IndicatorSaid]

    @property
    def synthetic(self) -> bool:
        """Whether anything of it is."""
        return any(indicator.synthetic for indicator in self.indicators.values())


def programme_said(dossier: Dossier) -> ProgrammeSaid:
    """Return what is said of the programme of a dossier."""
    published, programme = dossier.published, dossier.programme
    row, mapping = published.titles[programme], published.mapping(programme)
    indicators = _indicators(dossier)
    synthetic = any(indicator.synthetic for indicator in indicators.values())
    summaries = {language: _marked(str(row[f"summary_{language}"]), language, synthetic) for language in LANGUAGES}
    titles = {language: str(row[f"title_{language}"]) for language in LANGUAGES}
    return ProgrammeSaid(programme, row, titles, summaries, mapping, mapping.linked, indicators)


def _indicators(dossier: Dossier) -> dict[str, IndicatorSaid]:
    """Return the indicators among the observations, each by the first of its findings: of the whole, where there is."""
    programme = dossier.programme
    wanted = set(dossier.data_set.rows["INDICATOR"].to_pylist())
    definitions = dossier.published.definitions(programme)
    said: dict[str, IndicatorSaid] = {}
    for row in rows_of(dossier.published.findings(programme)):
        name = str(row["indicator"])
        if name in wanted and name not in said:
            contracts = {
                language: dossier.published.headings(programme, language).get((definitions[name]["contract"], ""), "")
                for language in LANGUAGES
            }
            said[name] = _indicator(row, definitions[name], contracts)
    return said


def _indicator(row: Record, declared: Declared, contracts: Names) -> IndicatorSaid:
    units: dict[Language, str] = {"it": str(row["unit_it"]), "en": str(row["unit"])}
    synthetic = row["data_kind"] == "synthetic"
    return IndicatorSaid(
        id=str(row["indicator"]),
        titles={language: str(row[f"title_{language}"]) for language in LANGUAGES},
        units=units,
        definitions={
            language: _marked(
                _definition(row, declared, units[language], contracts[language], language), language, synthetic
            )
            for language in LANGUAGES
        },
        node=str(row["node"]),
        stage=str(row["stage"]),
        level=str(row["level"]),
        direction=str(row["direction"]),
        share=row["unit"] == "share",
        synthetic=synthetic,
    )


def _definition(row: Record, declared: Declared, unit: str, contract: str, language: Language) -> str:
    words = words_in(language)
    text = definition_text(declared, unit, words, contract=contract, design=words.said(row["design"]))
    return f"{text} {note_of(declared, language)}".strip()


def note_of(declared: Declared, language: Language) -> str:
    """Return the note of a declaration, which stands there in one language or in both; nothing where there is none."""
    note: Any = declared.get("note") or ""
    return str(note.get(language) or "") if isinstance(note, Mapping) else str(note)


def _marked(text: str, language: Language, synthetic: bool) -> str:
    """Return a text that ends by saying that data are synthetic, where they are."""
    return f"{text} {words_in(language)('definition.text.synthetic')}" if synthetic else text
