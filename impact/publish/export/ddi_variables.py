"""What DDI-Codebook says of a column: label, range, categories, kinds of missing, counts; and the study they are of."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from impact.errors import Problem, ProblemsError
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import needed
from impact.publish.official.mapping import OfficialMapping
from impact.publish.rows import Record, rows_of
from impact.tables.frames import to_records
from impact.tables.variables import Variable
from impact.words import LANGUAGES, words_in

Element = Any
"""An element of lxml, which has no types."""
Texts = Mapping[str, str]
"""A text by language."""
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TYPES = {"text": "text", "code": "code", "boolean": "code", "integer": "numeric", "number": "numeric"}


@dataclass(frozen=True)
class Study:
    """A programme as a codebook describes it, read once."""

    dossier: Dossier
    programme: Record
    mapping: OfficialMapping
    bodies: Sequence[Record]
    waves: Sequence[Record]
    sources: Sequence[str]
    variables: tuple[Variable, ...]
    answers: pd.DataFrame
    headings: Mapping[str, Mapping[tuple[str, str], str]]
    agency: str
    languages = LANGUAGES

    @functools.cached_property
    def titles(self) -> Texts:
        """Titles of the programme."""
        return self.text("title")

    @property
    def data_kind(self) -> str:
        """Whether the rows are real or synthetic."""
        return str(self.programme["data_kind"])

    @property
    def contracts(self) -> list[str]:
        """Contracts that a source feeds, in order."""
        return list(dict.fromkeys(variable.contract for variable in self.variables))

    def text(self, name: str) -> Texts:
        """Return a text of the programme by language."""
        return {language: str(self.programme[f"{name}_{language}"]) for language in LANGUAGES}

    def said(self, code: str, **values: Any) -> Texts:
        """Return a sentence by language; a value that is a text by language stands in its own."""
        return {
            language: words_in(language)(
                code, **{name: value[language] if isinstance(value, dict) else value for name, value in values.items()}
            )
            for language in LANGUAGES
        }

    def of_contract(self, contract: str) -> list[Variable]:
        """Return the columns of a contract."""
        return [variable for variable in self.variables if variable.contract == contract]

    def with_role(self, role: str) -> Iterator[Variable]:
        """Yield the columns that are for something, such as the weight."""
        return (variable for variable in self.variables if role in variable.roles)

    def contract_titles(self, contract: str) -> Texts:
        """Return the titles of a contract."""
        return {language: self.headings[language].get((contract, ""), contract) for language in LANGUAGES}

    def rows(self, contract: str) -> int | None:
        """Return how many rows a contract has; None where that is withheld."""
        first = self.of_contract(contract)[0]
        return self.count(first, "rows")

    def count(self, variable: Variable, what: str) -> int | None:
        """Return a count of answers over all waves; None where it is withheld of any."""
        of_column = (self.answers["contract"] == variable.contract) & (self.answers["column"] == variable.column)
        counts = self.answers.loc[of_column, what]
        return None if counts.empty or counts.isna().any() else int(counts.sum())


def study_of(dossier: Dossier) -> Study:
    """Read what a codebook says of a programme."""
    published, programme = dossier.published, dossier.programme
    declared = published.variables(programme)
    return Study(
        dossier=dossier,
        programme=published.titles[programme],
        mapping=published.mapping(programme),
        bodies=rows_of(published.stakeholders(programme)),
        waves=rows_of(published.waves(programme)),
        sources=[" ".join(filter(None, cited)) for cited in dossier.origin.sources],
        variables=tuple(to_records(Variable, declared[declared["with_rows"].astype(bool)])),
        answers=published.quality(programme),
        headings={language: published.headings(programme, language) for language in LANGUAGES},
        agency=dossier.data_set.structure.agency,
    )


# ---- elements --------------------------------------------------------------------------------------------------------


def add(parent: Element, tag: str, text: str = "", *, lang: str = "", **attributes: str) -> Element:
    """Add an element of the codebook's namespace.

    Raises
    ------
    ProblemsError
        If a text has a character that XML has no room for.
    """
    namespace = parent.nsmap[None]
    try:
        element = needed("lxml.etree").SubElement(parent, f"{{{namespace}}}{tag}", **attributes)
        element.text = text or None
    except ValueError as error:
        fix = "Take the character out of the declarations, and run again."
        raise ProblemsError(
            [Problem("XML has no room for a character", field=tag, found=repr(text), fix=fix)]
        ) from error
    if lang:
        element.set(_LANG, lang)
    return element


def both(parent: Element, tag: str, texts: Texts, **attributes: str) -> None:
    """Add an element for each language; one alone where they are the same."""
    if len(set(texts.values())) == 1:
        add(parent, tag, next(iter(texts.values())), **attributes)
        return
    for language, text in texts.items():
        add(parent, tag, text, lang=language, **attributes)


def file_id(contract: str) -> str:
    """Return the name of a file within the document."""
    return f"F_{contract}"


def variable_id(variable: Variable) -> str:
    """Return the name of a column within the document."""
    return f"V_{variable.contract}.{variable.column}"


def describe(data: Element, study: Study, variable: Variable) -> None:
    """Add a column, its parts in the order of the standard."""
    element = add(data, "var", **_attributes(variable))
    add(element, "location", fileid=file_id(variable.contract))
    both(element, "labl", _labels(variable))
    add(element, "anlysUnit", variable.unit_of_analysis)
    if variable.min is not None or variable.max is not None:
        bounds = {name: f"{bound:.15g}" for name in ("min", "max") if (bound := getattr(variable, name)) is not None}
        units = "INT" if variable.type == "integer" else "REAL"
        add(add(element, "valrng"), "range", UNITS=units, **bounds)
    if codes := [code for codes in _missing(variable).values() for code in codes]:
        invalid = add(element, "invalrng")
        for code in codes:
            add(invalid, "item", VALUE=code)
    add(element, "universe", variable.unit_of_analysis)
    _counts(element, study, variable)
    _categories(element, study, variable)
    is_text = variable.type in ("text", "code", "boolean", "date")
    form = {"type": "character" if is_text else "numeric", "schema": "other", "formatname": variable.type}
    add(element, "varFormat", category="date" if variable.type == "date" else "other", **form)
    for role in variable.roles:
        add(element, "notes", role, type="role")
    if variable.pattern:
        add(element, "notes", variable.pattern, type="pattern")


def _attributes(variable: Variable) -> dict[str, str]:
    attributes = {"ID": variable_id(variable), "name": variable.column, "files": file_id(variable.contract)}
    attributes["intrvl"] = "contin" if variable.type == "number" else "discrete"
    attributes["representationType"] = _TYPES.get(variable.type, "datetime")
    if "weight" in variable.roles:
        attributes["wgt"] = "wgt"
    if variable.unit:
        attributes["measUnit"] = variable.unit
    return attributes


def _labels(variable: Variable) -> Texts:
    return {language: getattr(variable, f"title_{language}") or variable.column for language in LANGUAGES}


def _missing(variable: Variable) -> dict[str, list[str]]:
    missing: dict[str, list[str]] = json.loads(variable.missing)
    return missing


def _counts(element: Element, study: Study, variable: Variable) -> None:
    """Add how many answers are valid and how many are not, where both are published."""
    for kind, count in _published_counts(study, variable).items():
        add(element, "sumStat", str(count), type=kind)


def _published_counts(study: Study, variable: Variable) -> dict[str, int]:
    """Return how many answers are valid and how many are not; nothing where either is withheld."""
    rows, answered = study.count(variable, "rows"), study.count(variable, "answered")
    return {} if rows is None or answered is None else {"vald": answered, "invd": rows - answered}


def _categories(element: Element, study: Study, variable: Variable) -> None:
    for item in json.loads(variable.codes):
        category = add(element, "catgry")
        add(category, "catValu", item["code"])
        if "title_it" in item:
            both(category, "labl", {language: item[f"title_{language}"] for language in LANGUAGES})
    for kind, codes in _missing(variable).items():
        for code in codes:
            category = add(element, "catgry", missing="Y", missType=kind)
            add(category, "catValu", code)
            both(category, "labl", study.said(f"official.missing.{kind}"))
            count = study.count(variable, kind) if kind != "missing" and len(codes) == 1 else None
            if count is not None:  # a blank is missing too: what has its code is not counted apart
                add(category, "catStat", str(count), type="freq")


# ---- read back -------------------------------------------------------------------------------------------------------


def facts_of(variable: Variable, study: Study) -> dict[str, Any]:
    """Return what a codebook must say of a column."""
    bounds = [f"{bound:.15g}" if bound is not None else None for bound in (variable.min, variable.max)]
    return {
        "name": variable.column,
        "type": variable.type,
        "labels": list(dict.fromkeys(_labels(variable).values())),
        "bounds": bounds,
        "codes": [item["code"] for item in json.loads(variable.codes)],
        "missing": _missing(variable),
        "roles": list(variable.roles),
        "counts": _published_counts(study, variable),
    }


def read_facts(element: Element) -> dict[str, Any]:
    """Return what a codebook says of a column."""
    space = f"{{{element.nsmap[None]}}}"
    of_range = element.find(f"{space}valrng/{space}range")
    categories = element.findall(f"{space}catgry")
    missing: dict[str, list[str]] = {}
    for category in categories:
        if category.get("missing") == "Y":
            missing.setdefault(category.get("missType"), []).append(category.findtext(f"{space}catValu"))
    counts = {stat.get("type"): int(stat.text) for stat in element.findall(f"{space}sumStat")}
    return {
        "name": element.get("name"),
        "type": element.find(f"{space}varFormat").get("formatname")
        if element.find(f"{space}varFormat") is not None
        else None,
        "labels": [label.text for label in element.findall(f"{space}labl")],
        "bounds": [None if of_range is None else of_range.get(name) for name in ("min", "max")],
        "codes": [one.findtext(f"{space}catValu") for one in categories if one.get("missing") != "Y"],
        "missing": missing,
        "roles": [note.text for note in element.findall(f"{space}notes") if note.get("type") == "role"],
        "counts": counts,
    }
