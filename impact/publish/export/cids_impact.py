"""The dimensions of impact in CIDS: of each estimated effect how many, how much, how long, and against what."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from impact.publish.export.cids_nodes import Place, measure_of, number_node
from impact.publish.export.dossier import Dossier
from impact.publish.export.linked.facts import IndicatorSaid
from impact.publish.export.linked.figures import COMPARISON, Figure, decimal_text, results
from impact.publish.export.linked.graph import Node, reference, tagged
from impact.publish.official.addresses import place_address
from impact.publish.rows import Record, rows_of
from impact.states import ContributionState
from impact.words import words_in
from impact.words.languages import LANGUAGES

REPORTED = {ContributionState.IMPROVED: "positive", ContributionState.WORSENED: "negative"}
"""What the standard calls an effect whose sign is clear; of any other it says nothing."""
EFFECTS = (*REPORTED, ContributionState.CHANGED, ContributionState.NO_CLEAR_EFFECT)
"""Judgements of what a design with a comparison found; an association or a change over time is no impact."""


def impact_nodes(place: Place, dossier: Dossier, every: Mapping[str, list[Figure]]) -> Iterator[Node]:
    """Yield a report of impact for each effect of a whole indicator on an outcome; a change without design has none."""
    findings = {str(row["indicator"]): row for row in reversed(rows_of(dossier.published.findings(place.said.id)))}
    for indicator in place.said.indicators.values():
        whole = [figure for figure in every[indicator.id] if not figure.parts]
        for effect in results(whole, "EFFECT"):
            judged = findings[indicator.id]["contribution"] in EFFECTS
            if effect.value is not None and judged and indicator.stage in ("outcome", "impact"):
                yield from _impact(place, dossier, indicator, Told(effect, whole), findings[indicator.id])


class Told:
    """An effect beside the other figures of its indicator.

    Parameters
    ----------
    effect
        The effect.
    whole
        Figures of the whole programme.
    """

    def __init__(self, effect: Figure, whole: list[Figure]) -> None:
        self.effect = effect
        self._whole = [figure for figure in whole if figure.value is not None]

    def of(self, measure: str, *, comparison: bool = False) -> Figure | None:
        """Return the figure of a measure at the time of the effect; of the baseline, whenever it was."""
        for figure in self._whole:
            in_time = measure == "BASELINE" or figure.period == self.effect.period
            if figure.measure == measure and in_time and (figure.arm == COMPARISON) == comparison:
                return figure
        return None

    @property
    def start(self) -> str:
        """First day of what the effect is of."""
        baseline = self.of("BASELINE")
        return baseline.start if baseline else self.effect.start

    @property
    def days(self) -> int:
        """Days from there to the last day."""
        first, last = (datetime.date.fromisoformat(day) for day in (self.start, self.effect.end))
        return (last - first).days


def _impact(place: Place, dossier: Dossier, indicator: IndicatorSaid, told: Told, finding: Record) -> Iterator[Node]:
    here, effect = place.definition(indicator.id), told.effect
    dimensions = [*_dimensions(place, dossier, indicator, told)]
    title = dossier.words("linked.impact", title=place.text(indicator.titles), period=effect.period)
    yield {
        "@id": place_address(here, "impact", effect.key),
        "@type": "ImpactReport",
        "hasName": title,
        "forOrganization": reference(place.organisation),
        "forOutcome": reference(place.named("node", indicator.node)),
        "forIndicator": reference(here),
        "startedAtTime": f"{told.start}T00:00:00Z",
        "endedAtTime": f"{effect.end}T23:59:59Z",
        "hasReportedImpact": REPORTED.get(finding["contribution"]),
        "hasComment": dossier.words.said(finding["design"]),
        **{
            f"has{node['@type']}": reference(str(node["@id"]))
            for node in dimensions
            if node["@type"] != "Counterfactual"
        },
    }
    yield from dimensions
    for kind in ("cases", "days"):
        names = {language: words_in(language)(f"linked.{kind}") for language in LANGUAGES}
        if kind == "days" or told.of("VALUE"):
            yield {
                "@id": place_address(here, f"unit-{kind}", effect.key),
                "@type": "Unit_of_measure",
                "hasName": names[place.language],
                "label": tagged(names),
            }


def _dimensions(place: Place, dossier: Dossier, indicator: IndicatorSaid, told: Told) -> Iterator[Node]:
    """Yield how many, how much, how long, and the value that it is against."""
    here, effect, value = place.definition(indicator.id), told.effect, told.of("VALUE")
    against = told.of("VALUE", comparison=True)

    def dimension(name: str, measure: Node, text: str) -> Node:
        address = place_address(here, name.lower(), effect.key)
        return {
            "@id": address,
            "@type": name,
            "forIndicator": reference(here),
            "value": measure,
            "hasDescription": text,
        }

    def counted(kind: str, count: int) -> Node:
        unit = place_address(here, f"unit-{kind}", effect.key)
        return number_node(place_address(here, kind, effect.key), float(count), unit)

    if value and value.cases is not None:
        yield dimension("ImpactScale", counted("cases", value.cases), dossier.words("linked.scale"))
    depth = dimension("ImpactDepth", measure_of(here, effect), _between(dossier, told))
    if against:
        depth["hasCounterfactual"] = reference(place_address(here, "counterfactual", effect.key))
    yield depth
    yield dimension("ImpactDuration", counted("days", told.days), dossier.words("linked.duration")) | {
        "startedAtTime": f"{told.start}T00:00:00Z",
        "endedAtTime": f"{effect.end}T23:59:59Z",
    }
    if against:
        yield dimension("Counterfactual", measure_of(here, against), dossier.words("linked.counterfactual"))


def _between(dossier: Dossier, told: Told) -> str:
    """Say between what the effect lies; nothing of it where its bounds are not known."""
    low, high = told.of("EFFECT_LOW"), told.of("EFFECT_HIGH")
    if not low or not high or low.value is None or high.value is None:
        return dossier.words("linked.depth_alone")
    return dossier.words("linked.depth", low=decimal_text(low.value), high=decimal_text(high.value))
