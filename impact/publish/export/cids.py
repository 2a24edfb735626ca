"""Common Impact Data Standard 3.2 (https://www.commonapproach.org): a programme's impact model and reports, in JSON-LD.

Its terms hold one text each, in the language that is asked for; ``label`` has it in both. Numbers are texts without
exponent, as the standard has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from impact.errors import Problem
from impact.publish.export.cids_check import check_cids, cids_shapes
from impact.publish.export.cids_context import CONTEXT
from impact.publish.export.cids_impact import impact_nodes
from impact.publish.export.cids_nodes import Place, measure_of, unit_node
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Format, Takes
from impact.publish.export.linked.facts import IndicatorSaid, programme_said
from impact.publish.export.linked.figures import Figure, by_indicator, figures, part_names, results
from impact.publish.export.linked.graph import Node, reference, tagged, write_graph
from impact.publish.export.linked.required import missing, require
from impact.publish.export.outside import validation
from impact.publish.official.addresses import place_address
from impact.publish.rows import Record, rows_of
from impact.words.languages import Language

STEPS = {"input": "Input", "activity": "Activity", "output": "Output", "outcome": "Outcome", "impact": "Outcome"}
"""The class of each stage; the standard has none of its own for a long-term impact, which is an outcome of outcomes."""
LINKED = {("Activity", "Output"): "hasOutput", ("Input", "Activity"): "inputFor", ("Outcome", "Activity"): "canEnable"}
"""The term that leads from a class to another; whatever leads to an outcome can produce it."""


def cids_missing(dossier: Dossier) -> list[Problem]:
    """Return what the standard needs and ``export.yaml`` does not declare."""
    linked = dossier.published.mapping(dossier.programme).linked
    needs = {
        "home": (linked.home, "home: https://impact.example.org"),
        "cids.organisation": (
            linked.cids.organisation,
            "organisation: {id: https://example.org/org/region, name: Region}",
        ),
    }
    return missing("CIDS", needs)


def write_cids(dossier: Dossier) -> bytes:
    """Write the impact model of a programme, its indicators and their reports.

    Raises
    ------
    ProblemsError
        If ``export.yaml`` does not declare what the standard needs, with all of it.
    """
    require(cids_missing(dossier))
    return write_graph(CONTEXT, _nodes(dossier))


def _nodes(dossier: Dossier) -> Iterator[Node]:
    said = programme_said(dossier)
    body = said.linked.cids.organisation
    if body is None:
        return
    place = Place(said, dossier.words.declared, body.id)
    every = by_indicator(figures(dossier.data_set, said.mapping.area))
    yield _organisation(place, body.name)
    yield _programme(place)
    yield _model(place, dossier)
    yield from _stakeholders(place, dossier)
    yield from _steps(place, dossier)
    for indicator in said.indicators.values():
        yield from _indicator(place, dossier, indicator, every[indicator.id])
    yield from impact_nodes(place, dossier, every)


def _organisation(place: Place, name: str) -> Node:
    programme = place.named("programme")
    outcomes = [reference(place.definition(name)) for name in place.said.indicators]
    return {
        "@id": place.organisation,
        "@type": "Organization",
        "hasLegalName": name,
        "hasName": name,
        "hasProgram": reference(programme),
        "hasIndicator": outcomes,
    }


def _programme(place: Place) -> Node:
    said = place.said
    return {
        "@id": place.named("programme"),
        "@type": "Program",
        "hasName": place.text(said.titles),
        "label": tagged(said.titles),
        "hasDescription": place.text(said.summaries),
        "hasImpactModel": reference(place.named("model")),
        "forOrganization": reference(place.organisation),
    }


def _model(place: Place, dossier: Dossier) -> Node:
    title = dossier.words("linked.model", title=place.text(place.said.titles))
    roles = rows_of(dossier.published.stakeholders(place.said.id))
    return {
        "@id": place.named("model"),
        "@type": "ImpactModel",
        "hasName": title,
        "hasDescription": place.text(place.said.summaries),
        "forOrganization": reference(place.organisation),
        "hasStakeholder": [reference(place.named("stakeholder", str(row["stakeholder"]))) for row in roles],
    }


def _stakeholders(place: Place, dossier: Dossier) -> Iterator[Node]:
    for row in rows_of(dossier.published.stakeholders(place.said.id)):
        benefits = row["role"] == "beneficiary"
        yield {
            "@id": place.named("stakeholder", str(row["stakeholder"])),
            "@type": ["Stakeholder", "BeneficialStakeholder" if benefits else "ContributingStakeholder"],
            "hasName": str(row["name"]),
            "hasDescription": str(row["kind"] or row["role"]),
            "forOrganization": reference(place.organisation),
        }


# ---- theory of change ------------------------------------------------------------------------------------------------


def _steps(place: Place, dossier: Dossier) -> Iterator[Node]:
    """Yield the steps of the theory of change, each with what it leads to."""
    nodes = {str(node["node"]): node for node in rows_of(dossier.published.nodes(place.said.id))}
    classes = {name: STEPS[str(node["stage"])] for name, node in nodes.items()}
    for name, node in nodes.items():
        step = _step(place, node, classes[name])
        if classes[name] == "Outcome":
            here = [indicator.id for indicator in place.said.indicators.values() if indicator.node == name]
            step["hasIndicator"] = [reference(place.definition(indicator)) for indicator in here]
        untold: list[str] = []
        for target in _targets(dossier, name):
            term = _link(classes[name], classes[target])
            if term:
                step.setdefault(term, []).append(reference(place.named("node", target)))
            else:
                untold.append(str(nodes[target][f"title_{place.language}"]))
        step["hasComment"] = dossier.words("linked.leads", steps="; ".join(untold)) if untold else ""
        yield step


def _targets(dossier: Dossier, node: str) -> list[str]:
    links = dossier.published.links(dossier.programme)
    return [str(target) for target in links.loc[links["source"] == node, "target"]]


def _link(source: str, target: str) -> str:
    """Return the term that leads from a class to another; nothing where the standard has none."""
    return "canProduce" if target == "Outcome" else LINKED.get((source, target), "")


def _step(place: Place, node: Record, name: str) -> Node:
    titles: dict[Language, str] = {"it": str(node["title_it"]), "en": str(node["title_en"])}
    return {
        "@id": place.named("node", str(node["node"])),
        "@type": name,
        "hasName": place.text(titles),
        "label": tagged(titles),
        "hasDescription": str(node[f"description_{place.language}"] or place.text(titles)),
        "forOrganization": reference(place.organisation),
        "partOf": reference(place.named("model")),
    }


# ---- indicators ------------------------------------------------------------------------------------------------------


def _indicator(place: Place, dossier: Dossier, indicator: IndicatorSaid, every: list[Figure]) -> Iterator[Node]:
    """Yield an indicator, its baseline, its targets, and a report for each value."""
    here = place.definition(indicator.id)
    whole = [figure for figure in every if not figure.parts]
    baselines = [figure for figure in results(whole, "BASELINE") if figure.value is not None]
    targets = [figure for figure in results(every, "TARGET") if figure.value is not None]
    reports = [figure for figure in results(every) if figure.value is not None]
    steps = {str(node["node"]): STEPS[str(node["stage"])] for node in rows_of(dossier.published.nodes(place.said.id))}
    outcomes = [indicator.node] if steps[indicator.node] == "Outcome" else []
    yield {
        "@id": here,
        "@type": "Indicator",
        "hasName": place.text(indicator.titles),
        "label": tagged(indicator.titles),
        "hasIdentifier": indicator.id,
        "hasDescription": place.text(indicator.definitions),
        "unitDescription": place.text(indicator.units),
        "forOrganization": reference(place.organisation),
        "definedBy": reference(place.organisation),
        "forOutcome": [reference(place.named("node", name)) for name in outcomes],
        "hasBaseline": [measure_of(here, figure) for figure in baselines][:1],
        "hasThreshold": [measure_of(here, figure) for figure in results(whole, "TARGET") if figure.value is not None][
            :1
        ],
        "hasTarget": [reference(place_address(here, "target", figure.key)) for figure in targets],
        "hasIndicatorReport": [reference(place_address(here, "report", figure.key)) for figure in reports],
        "hasComment": _left_out(dossier, results(every)),
    }
    yield unit_node(here, place.text(indicator.units), indicator.units)
    for figure in targets:
        yield _told(place, dossier, indicator, figure, "Target")
    for figure in reports:
        yield _told(place, dossier, indicator, figure, "IndicatorReport")


def _left_out(dossier: Dossier, every: Iterable[Figure]) -> str:
    """Say how many observations have no value and therefore no report, and why."""
    kinds = Counter(figure.missing for figure in every if figure.value is None)
    codes = {code.id: code.names for code in dossier.data_set.structure.codelists["CL_MISSING_KIND"].codes}
    said = [
        dossier.words("linked.left_out", count=count, why=codes[kind][dossier.words.declared].lower())
        for kind, count in sorted(kinds.items())
    ]
    return " ".join(said)


def _told(place: Place, dossier: Dossier, indicator: IndicatorSaid, figure: Figure, name: str) -> Node:
    """Return a target or a report: a number, of a period, of the whole or of a part."""
    here, is_target = place.definition(indicator.id), name == "Target"
    kind = "target" if is_target else "report"
    node: Node = {
        "@id": place_address(here, kind, figure.key),
        "@type": name,
        "hasName": _name(place, dossier, indicator, figure, is_target=is_target),
        "value": measure_of(here, figure),
        "startedAtTime": f"{figure.start}T00:00:00Z",
        "endedAtTime": f"{figure.end}T23:59:59Z",
    }
    if is_target:
        return node
    node["forIndicator"] = reference(here)
    node["forOrganization"] = reference(place.organisation)
    node["hasComment"] = dossier.words("definition.text.synthetic") if indicator.synthetic else ""
    return node


def _name(place: Place, dossier: Dossier, indicator: IndicatorSaid, figure: Figure, *, is_target: bool) -> str:
    parts = [names[place.language] for names in part_names(dossier.data_set.structure, figure)]
    values = {"title": place.text(indicator.titles), "period": figure.period}
    if is_target:
        return dossier.words("linked.target", **values)
    key = "linked.report_part" if parts else "linked.report"
    return dossier.words(key, **values, part=", ".join(parts))


FORMAT = Format(
    ".cids.jsonld",
    "application/ld+json",
    Takes.DOSSIER,
    write_cids,
    check=check_cids,
    validation=lambda: validation(cids_shapes(), "CIDS 3.2 SHACL"),
    missing=cids_missing,
)
