"""A programme in CIDS: by the shapes of both tiers, repaired, and by what the shapes do not look at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from impact.errors import ProblemsError, UsageError
from impact.publish.export import export_programme
from impact.publish.export.cids import FORMAT, cids_missing, write_cids
from impact.publish.export.cids_check import cids_problems, expected_reports
from impact.publish.export.cids_context import CONTEXT
from impact.publish.export.linked.figures import decimal_text
from impact.publish.export.linked.shapes import (
    CIDS_BASIC,
    CIDS_FULL,
    EDITIONS,
    cids_shape_problems,
    graph_of,
    read_shapes,
    shape_problems,
)
from impact.publish.export.outside import SCHEMAS
from impact.store import Warehouse, open_reader
from impact.words.languages import LANGUAGES, Language
from tests.cases.test_disclose import OF_A_RUN, projects
from tests.support.linked import declare, dossier, linked_database, schema
from tests.support.shipped import SHIPPED, shipped_database

Document = dict[str, Any]
Change = Callable[[Document], Any]
VALUES = """
PREFIX cids: <https://ontology.commonapproach.org/cids#>
PREFIX i72: <http://ontology.eil.utoronto.ca/ISO21972/iso21972#>
PREFIX org: <http://ontology.eil.utoronto.ca/tove/organization#>
SELECT ?indicator ?number WHERE {
  ?report a cids:IndicatorReport ; cids:forIndicator/org:hasIdentifier ?indicator ; i72:value/i72:hasNumericalValue ?number
}"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with Warehouse(linked_database(tmp_path_factory), read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(warehouse: Warehouse) -> tuple[bytes, dict[str, str]]:
    made = dossier(warehouse, "wecare")
    return write_cids(made), expected_reports(made)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("programme", SHIPPED)
def test_every_programme_conforms(warehouse: Warehouse, programme: str, language: Language) -> None:
    made = dossier(warehouse, programme, language=language)
    content = write_cids(made)
    assert cids_problems(content, "x", expected_reports(made)) == []
    assert cids_shape_problems(content, schema("cids", CIDS_FULL)) == []


@pytest.mark.parametrize("programme", SHIPPED)
def test_every_value_is_a_report(warehouse: Warehouse, programme: str) -> None:
    """Read by SPARQL from the triples, beside the rows of the data set."""
    made = dossier(warehouse, programme)
    found = Counter((str(name), float(number)) for name, number in graph_of(write_cids(made)).query(VALUES))
    rows = made.data_set.rows.to_pylist()
    values = [
        row for row in rows if row["MEASURE"] == "VALUE" and row["ARM"] != "COMPARISON" and row["OBS_VALUE"] is not None
    ]
    assert found == Counter((row["INDICATOR"], row["OBS_VALUE"]) for row in values)
    assert len(values) > 1


def test_terms_are_those_of_the_standard() -> None:
    """Each term that the standard's own context has stands for the same IRI here, and has the same type."""
    official = json.loads(schema("cids", "cidsContext.jsonld").read_text(encoding="utf-8"))["@context"]
    checked = 0
    for name, term in CONTEXT.items():
        known = official.get(name)
        if isinstance(term, dict) and isinstance(known, dict):
            prefix, _, local = known["@id"].partition(":")
            kind = known["@type"].replace("xsd:", official["xsd"])
            assert term == {"@id": official[prefix] + local, "@type": kind}, name
            checked += 1
    assert checked > 25


def test_the_theory_of_change_is_whole(warehouse: Warehouse, model: tuple[bytes, dict[str, str]]) -> None:
    nodes = {node["@id"]: node for node in json.loads(model[0])["@graph"]}
    published = dossier(warehouse, "wecare").published
    steps = {name.rpartition("#node-")[2] for name in nodes if "#node-" in name}
    assert steps == set(published.nodes("wecare")["node"])
    terms = ("canProduce", "canEnable", "hasOutput", "inputFor")
    links = {
        (name.rpartition("#node-")[2], target["@id"].rpartition("#node-")[2])
        for name, node in nodes.items()
        for term in terms
        for target in node.get(term, [])
    }
    declared = published.links("wecare")
    told = set(zip(declared["source"], declared["target"], strict=True))
    assert links <= told
    untold = {source for source, _ in told - links}
    assert all(nodes[f"https://impact.example.org/app/it/theory/wecare#node-{name}"]["hasComment"] for name in untold)
    people = {name for name in nodes if "#stakeholder-" in name}
    assert len(people) == len(published.stakeholders("wecare"))


def test_an_effect_is_a_report_of_impact_and_a_change_is_none(warehouse: Warehouse) -> None:
    made = dossier(warehouse, "wecare")
    nodes = [node for node in json.loads(write_cids(made))["@graph"] if node["@type"] == "ImpactReport"]
    findings = made.published.findings("wecare")
    whole = findings[(findings["scope"] == "programme") & (findings["group"] == "all") & findings["estimate"].notna()]
    judged = set(whole[whole["contribution"].isin(["improved", "worsened", "no_clear_effect"])]["indicator"])
    assert {node["forIndicator"]["@id"].rpartition("/")[2] for node in nodes} == judged
    assert judged
    signs = {node["forIndicator"]["@id"].rpartition("/")[2]: node.get("hasReportedImpact") for node in nodes}
    states = dict(zip(whole["indicator"], whole["contribution"], strict=True))
    assert signs == {name: {"improved": "positive", "worsened": "negative"}.get(states[name]) for name in judged}


# ---- one defect at a time --------------------------------------------------------------------------------------------


def _node(document: Document, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(node for node in document["@graph"] if kind in (node["@type"], *node["@type"][:1]))
    return found


def _drop(kind: str, term: str) -> Change:
    return lambda document: _node(document, kind).pop(term)


def _put(kind: str, term: str, value: Any) -> Change:
    return lambda document: _node(document, kind).update({term: value})


MUTANTS: dict[str, Change] = {
    "a report without a value": _drop("IndicatorReport", "value"),
    "a report without its number": lambda document: _node(document, "IndicatorReport")["value"].pop(
        "hasNumericalValue"
    ),
    "a report without a unit": lambda document: _node(document, "IndicatorReport")["value"].pop("unit_of_measure"),
    "a report without an indicator": _drop("IndicatorReport", "forIndicator"),
    "a report of another indicator": _put("IndicatorReport", "forIndicator", {"@id": "https://example.org/none"}),
    "a report whose indicator is an organisation": _put(
        "IndicatorReport", "forIndicator", {"@id": "https://example.org/org/region"}
    ),
    "a report without an organisation": _drop("IndicatorReport", "forOrganization"),
    "a report without a time": _drop("IndicatorReport", "startedAtTime"),
    "a time that ends before it begins": _put("IndicatorReport", "endedAtTime", "1990-01-01T00:00:00Z"),
    "a time that is none": _put("IndicatorReport", "endedAtTime", "2021-06"),
    "a number as a number": lambda document: _node(document, "IndicatorReport")["value"].update(hasNumericalValue=5.0),
    "a number with an exponent": lambda document: _node(document, "IndicatorReport")["value"].update(
        hasNumericalValue="4e-05"
    ),
    "a number with a comma": lambda document: _node(document, "IndicatorReport")["value"].update(
        hasNumericalValue="1,5"
    ),
    "another number": lambda document: _node(document, "IndicatorReport")["value"].update(hasNumericalValue="987654"),
    "two values": lambda document: _node(document, "IndicatorReport").update(
        value=[_node(document, "IndicatorReport")["value"]] * 2
    ),
    "a report that is lost": lambda document: document["@graph"].remove(_node(document, "IndicatorReport")),
    "a report twice": lambda document: document["@graph"].append(_node(document, "IndicatorReport")),
    "an indicator without a definition": _drop("Indicator", "hasDescription"),
    "an indicator without a unit": _drop("Indicator", "unitDescription"),
    "a target without a value": _drop("Target", "value"),
    "no organisation": lambda document: document["@graph"].remove(_node(document, "Organization")),
    "no programme": lambda document: document["@graph"].remove(_node(document, "Program")),
    "a graph with a name": lambda document: document.update({"@id": "https://example.org/graph"}),
    "no node at all": lambda document: document["@graph"].clear(),
    "a term of no context": _put("Indicator", "hasNmae", "x"),
    "an empty value": _put("Indicator", "hasName", None),
    "a step that is not there": _put("Outcome", "canProduce", [{"@id": "https://example.org/none"}]),
    "an effect without its size": _drop("ImpactReport", "hasImpactDepth"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_one_defect_is_found(model: tuple[bytes, dict[str, str]], name: str) -> None:
    document = json.loads(model[0])
    MUTANTS[name](document)
    assert cids_problems(json.dumps(document).encode(), "x", model[1]), name


def test_what_is_no_json_is_found() -> None:
    assert cids_problems(b"{", "x", {})


# ---- the shapes ------------------------------------------------------------------------------------------------------


def test_the_shapes_find_what_they_look_at(model: tuple[bytes, dict[str, str]]) -> None:
    """A type that is wrong in either tier is found, so that what conforms was looked at."""
    full = schema("cids", CIDS_FULL)
    for kind, term, value in (
        ("Indicator", "hasName", {"@value": "x", "@language": "it"}),
        ("ImpactReport", "hasReportedImpact", "good"),
        ("Indicator", "hasBaseline", {"@id": "https://example.org/none"}),
    ):
        document = json.loads(model[0])
        _put(kind, term, value)(document)
        assert cids_shape_problems(json.dumps(document).encode(), full), term


def test_an_empty_graph_does_not_conform() -> None:
    shapes = read_shapes(schema("cids", CIDS_BASIC), EDITIONS[CIDS_BASIC], lambda _: None)
    content = json.dumps({"@context": {}, "@id": "https://example.org/g", "@graph": [{"@id": "https://example.org/a"}]})
    assert [problem.what for problem in shape_problems(graph_of(content.encode()), shapes, "x")] == [
        "x: the graph is empty, so that nothing could be looked at"
    ]


def test_another_edition_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / CIDS_BASIC
    copy.write_bytes(schema("cids", CIDS_BASIC).read_bytes() + b"\n")
    with pytest.raises(UsageError, match="another edition"):
        read_shapes(copy, EDITIONS[CIDS_BASIC], lambda _: None)


def test_it_is_held_against_the_shapes_where_they_lie(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(SCHEMAS, raising=False)
    assert FORMAT.held_against == ""
    monkeypatch.setenv(SCHEMAS, str(schema("cids", CIDS_FULL).parents[1]))
    assert FORMAT.held_against
    made = dossier(warehouse, "educate_girls")
    path = tmp_path / "x.cids.jsonld"
    path.write_bytes(write_cids(made))
    assert FORMAT.check is not None
    assert FORMAT.check(made, {path.name: path}) == []


# ---- what is declared ------------------------------------------------------------------------------------------------


def test_what_is_not_declared_is_asked_for_at_once(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        assert {problem.field for problem in cids_missing(dossier(warehouse, "wecare"))} == {
            "home",
            "cids.organisation",
        }
        with pytest.raises(ProblemsError, match="home"):
            export_programme(warehouse, "wecare", tmp_path / "x.cids.jsonld", form="cids")
    assert list(tmp_path.iterdir()) == []


def test_nothing_hidden_leaves(tmp_path: Path) -> None:
    """Programmes that differ only in what may not be known are the same file; hidden cells have no report."""
    written = []
    for name, small in (("one", 4), ("other", 6)):
        with Warehouse(declare(projects(tmp_path / name, small)), read_only=True) as warehouse:
            content = write_cids(dossier(warehouse, "p", language="en")).decode()
        written.append(OF_A_RUN.sub("*", content))
    assert written[0] == written[1]
    nodes = json.loads(written[0])["@graph"]
    assert not [node["@id"] for node in nodes if "project-small" in node["@id"] and node["@type"] == "IndicatorReport"]
    assert any("suppressed" in node.get("hasComment", "") for node in nodes if node["@type"] == "Indicator")


@pytest.mark.parametrize(
    ("value", "times", "text"),
    [
        (0.1 + 0.2, 1, "0.30000000000000004"),
        (1e-7, 100, "0.00001"),
        (-0.5, 100, "-50"),
        (0.0, 1, "0"),
        (123456789012.0, 1, "123456789012"),
    ],
)
def test_decimals_have_no_exponent_and_all_digits(value: float, times: int, text: str) -> None:
    assert decimal_text(value, times) == text
