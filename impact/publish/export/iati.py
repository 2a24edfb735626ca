"""IATI 2.03 (https://iatistandard.org): an activity with its results, as XML.

What a programme is in IATI, ``export.yaml`` declares; sectors, countries, statuses and identifiers that it does not
declare are asked for, never made up. A number that is missing leaves its reason as a comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from impact.errors import Problem
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Format, Takes, needed
from impact.publish.export.iati_check import VERSION, check_iati, iati_schema
from impact.publish.export.iati_results import MEASURED_IN, measure_of, reported
from impact.publish.export.linked.facts import IndicatorSaid, ProgrammeSaid, programme_said
from impact.publish.export.linked.figures import Figure, by_indicator, decimal_text, part_names
from impact.publish.export.linked.required import missing, require
from impact.publish.export.outside import validation
from impact.publish.official.addresses import definition_address
from impact.publish.official.period import first_day_of, last_day_of
from impact.publish.official.structure import Names, Structure
from impact.publish.rows import rows_of
from impact.words.languages import LANGUAGES, Language

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

OWN_VOCABULARY = "99"
"""Vocabulary of what the reporting organisation has named itself."""
DATE_TYPES = {"planned": ("1", "3"), "actual": ("2", "4")}
"""Codes of start and end in the list ActivityDateType."""
RESULT_TYPE = {"output": "1", "outcome": "2", "impact": "3"}
OTHER_RESULT = "9"
ASCENDING = {"increase": "1", "decrease": "0"}
"""Whether more is better, as the attribute has it; of an indicator to be kept where it is, nothing is said."""
XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def iati_missing(dossier: Dossier) -> list[Problem]:
    """Return what an activity in IATI needs and ``export.yaml`` does not declare."""
    declared = dossier.published.mapping(dossier.programme).linked.iati
    needs = {
        "iati.activity": (declared.activity, "activity: XI-EXAMPLE-1-WECARE"),
        "iati.reporting_org": (declared.reporting_org, "reporting_org: {ref: XI-EXAMPLE-1, type: '11', name: Region}"),
        "iati.status": (declared.status, "status: '4' of the list ActivityStatus"),
        "iati.dates": (declared.dates, "dates: actual, or planned"),
        "iati.participants": (declared.participants, "participants: {stakeholder: '1'} of the list OrganisationRole"),
        "iati.countries": (declared.countries, "countries: {IT: 100}"),
        "iati.sectors": (declared.sectors, "sectors: [{code: '16010'}] of the list Sector"),
    }
    return [*missing("IATI", needs), *_unknown_participants(dossier)]


def _unknown_participants(dossier: Dossier) -> Iterator[Problem]:
    known = list(dossier.published.stakeholders(dossier.programme)["stakeholder"])
    for name in dossier.published.mapping(dossier.programme).linked.iati.participants:
        if name not in known:
            yield Problem(
                f"the programme has no stakeholder '{name}'",
                "export.yaml",
                field=f"iati.participants.{name}",
                expected=", ".join(known),
                found=name,
            )


def write_iati(dossier: Dossier) -> bytes:
    """Write the activity of a programme.

    Raises
    ------
    ProblemsError
        If ``export.yaml`` does not declare what an activity needs, with all of it.
    UsageError
        If lxml is not installed.
    """
    require(iati_missing(dossier))
    etree = needed("lxml.etree", "linked")
    root = etree.Element("iati-activities", version=VERSION)
    _activity(root, dossier, programme_said(dossier))
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _add(parent: Element, tag: str, **attributes: str) -> Element:
    """Add an element; an attribute's ``_`` stands for ``-``."""
    return needed("lxml.etree", "linked").SubElement(
        parent, tag, {name.rstrip("_").replace("_", "-"): text for name, text in attributes.items()}
    )


def _narrate(parent: Element, tag: str, texts: Mapping[Language, str], **attributes: str) -> Element:
    """Add an element with its words in each language."""
    element = _add(parent, tag, **attributes)
    for language, text in texts.items():
        narrative = _add(element, "narrative")
        narrative.set(XML_LANGUAGE, language)
        narrative.text = text
    return element


def _activity(root: Element, dossier: Dossier, said: ProgrammeSaid) -> None:
    declared = said.linked.iati
    activity = _add(root, "iati-activity")
    activity.set(XML_LANGUAGE, "it")
    _add(activity, "iati-identifier").text = declared.activity
    body = declared.reporting_org
    if body is not None:
        _narrate(activity, "reporting-org", {"it": body.name}, ref=body.ref, type=body.type)
    _narrate(activity, "title", said.titles)
    _narrate(activity, "description", said.summaries, type="1")
    _participants(activity, dossier, declared.participants)
    _add(activity, "activity-status", code=declared.status or "")
    start, end = DATE_TYPES[declared.dates or ""]
    _add(activity, "activity-date", type=start, iso_date=first_day_of(str(said.row["period_start"])))
    _add(activity, "activity-date", type=end, iso_date=last_day_of(str(said.row["period_end"])))
    for country, percentage in declared.countries.items():
        _add(activity, "recipient-country", code=country, percentage=decimal_text(percentage))
    for sector in declared.sectors:
        share = decimal_text(sector.percentage)
        _add(activity, "sector", vocabulary=sector.vocabulary, code=sector.code, percentage=share)
    _results(activity, dossier, said)


def _participants(activity: Element, dossier: Dossier, roles: Mapping[str, str]) -> None:
    for row in rows_of(dossier.published.stakeholders(dossier.programme)):
        role = roles.get(row["stakeholder"])
        if role:
            _narrate(activity, "participating-org", {"it": str(row["name"])}, role=role)


# ---- results ---------------------------------------------------------------------------------------------------------


def _results(activity: Element, dossier: Dossier, said: ProgrammeSaid) -> None:
    """Add a result for each step of the theory of change that has indicators with numbers."""
    of_indicator = by_indicator(reported(dossier, said))
    for node in rows_of(dossier.published.nodes(said.id)):
        here = [indicator for indicator in said.indicators.values() if indicator.node == node["node"]]
        told = [indicator for indicator in here if indicator.id in of_indicator]
        if not told:
            continue
        result = _add(activity, "result", type=RESULT_TYPE.get(str(node["stage"]), OTHER_RESULT))
        _narrate(result, "title", {"it": str(node["title_it"]), "en": str(node["title_en"])})
        for indicator in told:
            _indicator(result, dossier.data_set.structure, said, indicator, of_indicator[indicator.id])


def _indicator(
    result: Element, structure: Structure, said: ProgrammeSaid, indicator: IndicatorSaid, told: Iterable[Figure]
) -> None:
    measure, times = measure_of(said, indicator)
    direction = {"ascending": ASCENDING[indicator.direction]} if indicator.direction in ASCENDING else {}
    element = _add(result, "indicator", measure=measure, **direction)
    _narrate(element, "title", indicator.titles)
    _narrate(element, "description", indicator.definitions)
    home = said.linked.home
    address = {"indicator_uri": definition_address(home, said.id, indicator.id)} if home else {}
    _add(element, "reference", vocabulary=OWN_VOCABULARY, code=indicator.id, **address)
    by_period: dict[str, list[Figure]] = {}
    for figure in told:
        if figure.measure == "BASELINE":
            _figure(element, structure, figure, times, iso_date=figure.end, year=figure.period[:4])
        else:
            by_period.setdefault(figure.period, []).append(figure)
    for period in sorted(by_period, key=lambda period: (first_day_of(period), last_day_of(period))):
        _period(element, structure, by_period[period], times)


def _period(indicator: Element, structure: Structure, told: list[Figure], times: int) -> None:
    period = _add(indicator, "period")
    _add(period, "period-start", iso_date=told[0].start)
    _add(period, "period-end", iso_date=told[0].end)
    for measure in ("TARGET", "VALUE"):
        for figure in told:
            if figure.measure == measure:
                _figure(period, structure, figure, times)


def _figure(parent: Element, structure: Structure, figure: Figure, times: int, **attributes: str) -> None:
    """Add a number with the parts that it is of; without a number, why there is none."""
    value = {} if figure.value is None else {"value": decimal_text(figure.value, times)}
    element = _add(parent, MEASURED_IN[figure.measure], **attributes, **value)
    for dimension, code in figure.parts.items():
        _add(element, "dimension", name=dimension, value=code)
    texts = list(_comments(structure, figure))
    if texts:
        joined = {language: "; ".join(text[language] for text in texts) for language in LANGUAGES}
        _narrate(element, "comment", joined)


def _comments(structure: Structure, figure: Figure) -> Iterator[Names]:
    """Yield the names of the parts, and why there is no number."""
    yield from part_names(structure, figure)
    if figure.value is None:
        codes = structure.codelists["CL_MISSING_KIND"].codes
        names = next(code.names for code in codes if code.id == figure.missing)
        yield names


FORMAT = Format(
    ".iati.xml",
    "application/xml",
    Takes.DOSSIER,
    write_iati,
    check=check_iati,
    validation=lambda: validation(iati_schema(), "IATI 2.03 XSD"),
    missing=iati_missing,
)
