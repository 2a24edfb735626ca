"""What a reader reads of a page, in order, and what does not belong into it: numbers, words and names set wrongly."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set

from impact_dashboards.page.view import PageContent, View
from impact_dashboards.pages import PAGES
from impact_dashboards.server.files import exported

from impact.drawing.markup import Element
from impact.publish.export.csv import write_csv
from impact.publish.export.csvw import write_description
from impact.tables.registry import TABLES
from impact.words.catalogue import catalogue
from impact.words.sentences import sentences
from tests.support.views import drawn

PLACE = re.compile(r"\{\w+(?::[^}]*)?\}")
READ = ("aria-label", "title", "alt", "placeholder")
"""Attributes that a reader hears or reads."""
AS_WRITTEN = ("pre", "code", "q")
"""Elements that hold what a programme or its data hold, letter by letter."""
WORD = re.compile(r"(?<![\w./@'’-])[^\W\d_]{2,}(?![\w/@]|\.\w)")
MONTHS = {"set"}
"""Short names of months that are words of the other language."""
AN_ID = "[a-z][a-z0-9]*(?:_[a-z0-9]+)+"
EVERYWHERE = {
    "no number": r"\b(nan|NaN|NaT|None|True|False|inf|undefined)\b",
    "nought with a sign": r"[−-]0(?:[.,]0+)?(?![\d.,])",
    "an exponent": r"(?<![\w.,])\d+(?:[.,]\d+)?e[+−-]?\d+(?!\w)",
    "a p-value of nought": r"\bp = 0(?:[.,]0+)?(?!\d|[.,]\d)",
    "digits without sense": r"\d[.,]0{0,2}[1-9]\d{4,}(?!\d*[.,]\d)",
}
ITALIAN = {
    "a decimal point": r"(?<![\w./:#,-])[−+-]?(?:0|[1-9]\d*)\.(?!\d{3}(?!\d))\d+(?![\w./-]|,\d{3})",
    "a decimal point after nought": r"(?<![\w./:#,-])[−+-]?0\.\d+(?![\w./-])",
    "points for percentage points": r"\d,\d punti\b(?! percentuali)",
    "an English date": r"\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|December)\b",
}


def read(node: Element | str) -> Iterator[str]:
    """Yield what is read of a tree, without what stands there letter by letter."""
    if isinstance(node, str):
        yield from [" ".join(node.split())] if node.strip() else []
        return
    yield from (str(node.attributes[name]) for name in READ if node.attributes.get(name))
    if node.tag not in AS_WRITTEN:
        for child in node.children:
            yield from read(child)


def page_of(view: View) -> PageContent:
    """Return the page of a view."""
    return PAGES[view.address.page].content(view)


def said_on(view: View, page: PageContent) -> list[str]:
    """Return what is read of a page and of the descriptions of its files."""
    tables = [exported(view, page, block, block.table, "") for block in page.blocks if block.table is not None]
    described = [json.loads(write_description(table)) for table in tables]
    titles = [json.dumps(each["tableSchema"], ensure_ascii=False) for each in described]
    said = re.compile(rf'"(?:titles": {{"{view.words.language}|dc:description)": "([^"]*)"')
    return [*read(drawn(view, page)), *(text for each in titles for text in said.findall(each))]


def files_of(view: View, page: PageContent) -> Iterator[str]:
    """Yield the sentences in the CSV files of a page: what stands in a column of sentences."""
    for block in page.blocks:
        if block.table is not None:
            yield from write_csv(exported(view, page, block, block.table, "")).decode("utf-8").splitlines()[1:]


def wrong(texts: list[str], language: str) -> dict[str, str]:
    """Return the texts in which something is set wrongly, with what it is."""
    rules = {what: re.compile(rule) for what, rule in (EVERYWHERE | (ITALIAN if language == "it" else {})).items()}
    return {text: what for text in texts for what, rule in rules.items() if rule.search(text)}


def words(text: str) -> set[str]:
    """Return the words of a text, in small letters; identifiers and abbreviations are none."""
    return {word.lower() for word in WORD.findall(PLACE.sub(" ", text)) if not word.isupper()}


def foreign(language: str) -> set[str]:
    """Return the words that the engine and the app have in the other language only."""
    of: dict[str, set[str]] = defaultdict(set)
    for texts in sentences().values():
        for name, said in texts.items():
            of[name].update(words(said))
    for text in catalogue().values():
        for name, forms in text.items():
            of[name].update(*map(words, forms.values() if isinstance(forms, dict) else [forms]))
    for column in (column for table in TABLES.values() for column in table.columns.values()):
        for language_of, meaning in column.meaning.items():
            of[language_of].update(words(meaning))
    other = "en" if language == "it" else "it"
    return of[other] - of[language] - MONTHS


def left(texts: list[str], bad: Set[str]) -> dict[str, set[str]]:
    """Return the texts that hold words of the other language, with these."""
    return {text: found for text in texts if (found := words(text) & bad)}


def ids(texts: list[str]) -> set[str]:
    """Return the texts that are nothing but ids."""
    return {text for text in texts if re.fullmatch(rf"{AN_ID}(?:, {AN_ID})*", text)}


def without(texts: list[str], known: Set[str]) -> list[str]:
    """Return the texts without what a programme or its data bring with them."""
    longest = sorted((text for text in known if len(text) > 3), key=len, reverse=True)
    if not longest:
        return texts
    pattern = re.compile("|".join(map(re.escape, longest)))
    return [pattern.sub(" ", text) for text in texts]


def bare(texts: list[str], titled: Mapping[str, str]) -> set[str]:
    """Return the ids that stand where their title should; with blanks for underscores they are ids still."""
    shown = {name: title for name, title in titled.items() if title.lower() not in (name, name.replace("_", " "))}
    return {text for text in texts if text.lower() in shown or text.lower().replace(" ", "_") in shown}
