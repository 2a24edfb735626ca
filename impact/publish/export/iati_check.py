"""Whether a file of IATI holds together: codes of lists, shares, dates, and that each number of the data set is there.

The schema of the standard looks at none of these: values are any text there, codes too, and shares may add up to 260.
It is held against as well, where the environment says where it lies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from impact.declare.linked import (
    ActivityStatus,
    IndicatorMeasure,
    OrganisationRole,
    OrganisationType,
    SectorVocabulary,
)
from impact.errors import Problem
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import needed
from impact.publish.export.iati_results import MEASURED_IN, measure_of, reported
from impact.publish.export.linked.facts import programme_said
from impact.publish.export.linked.figures import DECIMAL, decimal_text
from impact.publish.export.outside import schema_file

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

VERSION = "2.03"
CODES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "activity-status": ("code", get_args(ActivityStatus)),
    "activity-date": ("type", ("1", "2", "3", "4")),
    "reporting-org": ("type", get_args(OrganisationType)),
    "participating-org": ("role", get_args(OrganisationRole)),
    "result": ("type", ("1", "2", "3", "9")),
    "indicator": ("measure", get_args(IndicatorMeasure)),
    "sector": ("vocabulary", get_args(SectorVocabulary)),
}
"""By element: the attribute that holds a code, and the codes of its list."""
NEEDED = (
    *("iati-identifier", "reporting-org", "title", "description", "participating-org", "activity-status"),
    *("activity-date", "recipient-country", "sector", "result"),
)
"""What each activity has one of at least."""
Key = tuple[str, str, str, tuple[tuple[str, str], ...], str]
"""A number: indicator, element, date, parts, text of the value."""


def iati_schema() -> Path | None:
    """Return the path of the schema of activities; None where the environment leads to none."""
    return schema_file("iati", "iati-activities-schema.xsd")


def check_iati(dossier: Dossier, made: Mapping[str, Path]) -> list[Problem]:
    """Return what is wrong with files of IATI as written."""
    problems: list[Problem] = []
    for name, path in made.items():
        problems += iati_problems(path.read_bytes(), name, expected_numbers(dossier))
    return problems


def expected_numbers(dossier: Dossier) -> Counter[Key]:
    """Return each number of a data set as the file must have it, and how often."""
    said = programme_said(dossier)
    times = {name: measure_of(said, indicator)[1] for name, indicator in said.indicators.items()}
    numbers: Counter[Key] = Counter()
    for figure in reported(dossier, said):
        value = "" if figure.value is None else decimal_text(figure.value, times[figure.indicator])
        element, parts = MEASURED_IN[figure.measure], tuple(sorted(figure.parts.items()))
        numbers[figure.indicator, element, figure.end, parts, value] += 1
    return numbers


def iati_problems(content: bytes, name: str, expected: Counter[Key]) -> list[Problem]:
    """Return what is wrong with a file of IATI.

    Parameters
    ----------
    content
        Of the file.
    name
        What it is called in problems.
    expected
        Each number that must be there, and no other.
    """
    etree = needed("lxml.etree", "linked")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        return [Problem(f"the file is no XML: {error}", name)]
    own = [problem for rule in RULES for problem in rule(root)]
    problems = [*own, *_of_schema(root), *_counted(root, expected)]
    return [
        Problem(problem.what, name, problem.line, problem.field, problem.expected, problem.found)
        for problem in problems
    ]


def _of_schema(root: Element) -> Iterator[Problem]:
    path = iati_schema()
    if path is None:
        return
    etree = needed("lxml.etree", "linked")
    schema = etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True)))
    schema.validate(root)
    for error in schema.error_log:
        yield Problem(f"the schema of IATI {VERSION}: {error.message}", line=error.line)


def _wrong(element: Element, what: str, expected: str = "", found: str | None = "") -> Problem:
    return Problem(what, line=element.sourceline, field=str(element.tag), expected=expected, found=found or "nothing")


def _whole(root: Element) -> Iterator[Problem]:
    """Yield what every file must have."""
    if root.tag != "iati-activities" or root.get("version") != VERSION:
        yield _wrong(root, "this is no file of activities", f"iati-activities {VERSION}", root.get("version"))
    activities = root.findall("iati-activity")
    if not activities:
        yield _wrong(root, "the file has no activity")
    for activity in activities:
        for tag in NEEDED:
            if activity.find(tag) is None:
                yield _wrong(activity, f"the activity has no {tag}")


def _identified(root: Element) -> Iterator[Problem]:
    for activity in root.iter("iati-activity"):
        body, identifier = activity.find("reporting-org"), activity.findtext("iati-identifier") or ""
        ref = "" if body is None else body.get("ref") or ""
        if not ref or not identifier.startswith(f"{ref}-"):
            yield _wrong(activity, "the identifier does not begin with who reports", f"{ref}-…", identifier)


def _coded(root: Element) -> Iterator[Problem]:
    for tag, (attribute, codes) in CODES.items():
        for element in root.iter(tag):
            if element.get(attribute) not in codes:
                yield _wrong(element, f"{attribute} is not in its list", ", ".join(codes), element.get(attribute))
    for element in root.iter("recipient-country"):
        if not re.fullmatch("[A-Z]{2}", element.get("code") or ""):
            yield _wrong(element, "code is no country of ISO 3166-1", "such as IT", element.get("code"))
    for element in root.iter("indicator"):
        if element.get("ascending") not in (None, "0", "1"):
            yield _wrong(element, "ascending is neither 0 nor 1", found=element.get("ascending"))


def _shared(root: Element) -> Iterator[Problem]:
    """Yield countries, and sectors of a vocabulary, whose shares are not the whole."""
    for activity in root.iter("iati-activity"):
        shares: dict[str, list[str]] = {}
        for element in [*activity.findall("recipient-country"), *activity.findall("sector")]:
            what = f"{element.tag} {element.get('vocabulary') or ''}".strip()
            shares.setdefault(what, []).append(element.get("percentage") or "")
        for what, texts in shares.items():
            if not all(map(DECIMAL.fullmatch, texts)) or round(sum(map(float, texts)), 6) != 100:
                yield _wrong(activity, f"the shares of {what} are not the whole", "100", " + ".join(texts))


def _dated(root: Element) -> Iterator[Problem]:
    for baseline in root.iter("baseline"):
        if (baseline.get("iso-date") or "")[:4] != baseline.get("year"):
            yield _wrong(
                baseline, "year and iso-date of a baseline differ", baseline.get("iso-date") or "", baseline.get("year")
            )
    for period in root.iter("period"):
        start, end = (_date(period, tag) for tag in ("period-start", "period-end"))
        if not start or not end or start > end:
            yield _wrong(period, "a period does not end after it begins", found=f"{start} to {end}")


def _date(period: Element, tag: str) -> str:
    element = period.find(tag)
    return "" if element is None else element.get("iso-date") or ""


def _valued(root: Element) -> Iterator[Problem]:
    for tag in MEASURED_IN.values():
        for element in root.iter(tag):
            value = element.get("value")
            if value is None and not (element.findtext("comment/narrative") or "").strip():
                yield _wrong(element, "neither a value nor a comment that says why")
            elif value is not None and not DECIMAL.fullmatch(value):
                yield _wrong(element, "the value is no number", "digits and a point", value or "an empty text")


def _told(root: Element) -> Iterator[Problem]:
    """Yield what must be narrated and is not."""
    for tag in ("title", "description", "reporting-org", "participating-org", "comment"):
        for element in root.iter(tag):
            texts = [narrative.text or "" for narrative in element.findall("narrative")]
            if not texts or not all(text.strip() for text in texts):
                yield _wrong(element, f"{tag} has no words")


RULES: tuple[Callable[[Element], Iterator[Problem]], ...] = (
    _whole,
    _identified,
    _coded,
    _shared,
    _dated,
    _valued,
    _told,
)


def _counted(root: Element, expected: Counter[Key]) -> Iterator[Problem]:
    """Yield numbers of the data set that are not in the file, and numbers of the file that are not in the data set."""
    there = Counter(_numbers(root))
    for what, keys in (("is not in the file", expected - there), ("is not in the data set", there - expected)):
        for indicator, element, date, parts, value in keys:
            part = ", ".join(f"{name} {code}" for name, code in parts)
            yield Problem(f"{element} {value or 'without value'} of {indicator} {part} at {date} {what}")


def _numbers(root: Element) -> Iterator[Key]:
    for indicator in root.iter("indicator"):
        reference = indicator.find("reference")
        name = "" if reference is None else reference.get("code") or ""
        for baseline in indicator.findall("baseline"):
            yield _number(name, baseline, baseline.get("iso-date") or "")
        for period in indicator.findall("period"):
            for element in [*period.findall("target"), *period.findall("actual")]:
                yield _number(name, element, _date(period, "period-end"))


def _number(indicator: str, element: Element, date: str) -> Key:
    parts = [(part.get("name") or "", part.get("value") or "") for part in element.findall("dimension")]
    return indicator, str(element.tag), date, tuple(sorted(parts)), element.get("value") or ""
