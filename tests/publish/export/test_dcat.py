"""An entry of a catalogue: by the shapes of DCAT-AP 3, and by what the Italian profile asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from impact_dashboards.server.app import create_app

from impact.declare.linked import Dcat
from impact.errors import ProblemsError, UsageError
from impact.publish.export import export_programme
from impact.publish.export.dcat import FORMAT, dcat_missing, write_catalogue, write_dcat
from impact.publish.export.dcat_check import dcat_problems
from impact.publish.export.linked.shapes import dcat_shape_problems, graph_of
from impact.publish.export.outside import SCHEMAS
from impact.publish.official.data_set import Selection
from impact.store import Warehouse, open_reader
from tests.cases.test_disclose import OF_A_RUN, projects
from tests.support.linked import HOME, declare, dossier, linked_database, schema
from tests.support.shipped import SHIPPED, shipped_database

COMPRESSED = (".xlsx", ".parquet")
SHAPES = "dcat-ap-3.0.0-shacl.ttl"
Document = dict[str, Any]
Change = Callable[[Document], Any]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return linked_database(tmp_path_factory)


@pytest.fixture(scope="module")
def warehouse(db: Path) -> Iterator[Warehouse]:
    with open_reader(db) as opened:
        yield opened


@pytest.fixture(scope="module")
def entry(warehouse: Warehouse) -> bytes:
    return write_dcat(dossier(warehouse, "wecare"))


def node(document: Document, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(node for node in document["@graph"] if kind in [*_kinds(node)])
    return found


def _kinds(node: dict[str, Any]) -> list[str]:
    kinds = node["@type"]
    return kinds if isinstance(kinds, list) else [kinds]


@pytest.mark.parametrize("programme", SHIPPED)
def test_every_programme_conforms(warehouse: Warehouse, programme: str) -> None:
    content = write_dcat(dossier(warehouse, programme))
    assert dcat_problems(content, "x") == []
    assert dcat_shape_problems(content, schema("dcat-ap", SHAPES)) == []


def test_all_programmes_stand_in_one_catalogue(warehouse: Warehouse) -> None:
    content = write_catalogue([dossier(warehouse, programme) for programme in SHIPPED])
    assert dcat_problems(content, "x") == []
    assert dcat_shape_problems(content, schema("dcat-ap", SHAPES)) == []
    document = json.loads(content)
    assert len(node(document, "Catalog")["dataset"]) == len(SHIPPED)


def test_files_are_as_large_as_those_that_the_app_serves(db: Path, entry: bytes) -> None:
    client = create_app(db).server.test_client()
    files = [part for part in json.loads(entry)["@graph"] if "Distribution" in _kinds(part)]
    assert {part["title"][1]["@value"].rpartition(" ")[2] for part in files} >= {"(csv)", "(sdmx-csv)", "(iati)"}
    for part in files:
        address = part["downloadURL"]["@id"]
        answer = client.get(address.removeprefix(HOME))
        assert answer.status_code == 200, address
        assert len(answer.data) == int(part["byteSize"]), address
        assert part["mediaType"]["@id"].endswith(answer.content_type.partition(";")[0])


def test_addresses_that_the_entry_names_are_pages(db: Path, entry: bytes) -> None:
    client = create_app(db).server.test_client()
    document = json.loads(entry)
    data_set = node(document, "Dataset")
    pages = [*(page["@id"] for page in data_set["page"]), data_set["landingPage"]["@id"], data_set["@id"]]
    assert len(pages) > 30
    for address in pages[::7] + pages[-2:]:
        split = urlsplit(address.removeprefix(HOME))
        assert client.get(split.path).status_code == 200, address


def test_it_says_where_when_and_that_data_are_synthetic(warehouse: Warehouse, entry: bytes) -> None:
    data_set, period = (node(json.loads(entry), kind) for kind in ("Dataset", "PeriodOfTime"))
    assert [place["@id"] for place in data_set["spatial"]] == ["http://data.europa.eu/nuts/code/ITC1"]
    rows = dossier(warehouse, "wecare").data_set.rows
    years = sorted(text[:4] for text in rows["TIME_PERIOD"].to_pylist())
    assert (period["startDate"][:4], period["endDate"][:4]) == (years[0], years[-1])
    assert {"@value": "dati sintetici", "@language": "it"} in data_set["keyword"]
    real = node(json.loads(write_dcat(dossier(warehouse, "nsw"))), "Dataset")
    assert "dati sintetici" not in json.dumps(real)
    assert "spatial" not in real


def test_the_plain_profile_needs_less(warehouse: Warehouse) -> None:
    made = dossier(warehouse, "nsw")
    mapping = made.published.mapping("nsw")
    plain = Dcat(themes=("SOCI",), frequency="NEVER")
    linked = mapping.linked.model_copy(update={"dcat": plain})
    made.published._memory["mapping", "nsw"] = replace(mapping, declared=linked.model_dump(mode="json"))
    content = write_dcat(made)
    assert dcat_problems(content, "x") == []
    assert dcat_shape_problems(content, schema("dcat-ap", SHAPES)) == []
    assert "dcatapit" not in json.dumps(json.loads(content)["@graph"])


def test_a_selection_has_no_entry(warehouse: Warehouse) -> None:
    with pytest.raises(UsageError, match="as a whole"):
        write_dcat(dossier(warehouse, "wecare", selection=Selection(indicators=("loneliness",))))


# ---- one defect at a time --------------------------------------------------------------------------------------------


def drop(kind: str, term: str) -> Change:
    return lambda document: node(document, kind).pop(term)


def put(kind: str, term: str, value: Any) -> Change:
    return lambda document: node(document, kind).update({term: value})


MUTANTS: dict[str, Change] = {
    "a catalogue without a publisher": drop("Catalog", "publisher"),
    "a catalogue without a title": drop("Catalog", "title"),
    "a data set without a description": drop("Dataset", "description"),
    "a data set without a theme": drop("Dataset", "theme"),
    "a theme of no list": put(
        "Dataset", "theme", [{"@id": "http://publications.europa.eu/resource/authority/data-theme/NONE"}]
    ),
    "a data set without an identifier": drop("Dataset", "identifier"),
    "a data set without a day": drop("Dataset", "modified"),
    "a day that is none": put("Dataset", "modified", "2021-02-30"),
    "no frequency": drop("Dataset", "accrualPeriodicity"),
    "a frequency of no list": put("Dataset", "accrualPeriodicity", {"@id": "https://example.org/yearly"}),
    "no holder of rights": drop("Dataset", "rightsHolder"),
    "a publisher without an identifier": drop("Agent", "identifier"),
    "no contact": drop("Dataset", "contactPoint"),
    "a contact without an address": drop("Kind", "hasEmail"),
    "an address of mail that is none": put("Kind", "hasEmail", {"@id": "mailto:nobody"}),
    "a region of no list": put("Dataset", "spatial", [{"@id": "http://data.europa.eu/nuts/code/piemonte"}]),
    "a period that ends before it begins": put("PeriodOfTime", "endDate", "1900-01-01"),
    "a file without a licence": drop("Distribution", "license"),
    "a file without a format": drop("Distribution", "format"),
    "a file without an address": drop("Distribution", "accessURL"),
    "a size as a number": put("Distribution", "byteSize", 12),
    "a size below zero": put("Distribution", "byteSize", "-1"),
    "a media type that is none": put("Distribution", "mediaType", {"@id": "text/csv"}),
    "a title in one language": put("Dataset", "title", [{"@value": "x", "@language": "it"}]),
    "a data set in no catalogue": put("Catalog", "dataset", [{"@id": "https://example.org/other"}]),
    "a file of no data set": lambda document: node(document, "Dataset")["distribution"].pop(),
    "two publishers": put("Dataset", "publisher", [{"@id": "https://example.org/a"}, {"@id": "https://example.org/b"}]),
    "a graph with a name": lambda document: document.update({"@id": "https://example.org/graph"}),
    "no node at all": lambda document: document["@graph"].clear(),
    "a term of no context": put("Dataset", "titel", "x"),
    "an empty value": put("Dataset", "description", []),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_one_defect_is_found(entry: bytes, name: str) -> None:
    document = json.loads(entry)
    MUTANTS[name](document)
    assert dcat_problems(json.dumps(document).encode(), "x"), name


def test_the_shapes_find_what_they_look_at(entry: bytes) -> None:
    for kind, term, value in (
        ("Dataset", "title", None),
        ("Distribution", "byteSize", {"@value": "12", "@type": "http://www.w3.org/2001/XMLSchema#integer"}),
        ("Distribution", "accessURL", None),
    ):
        document = json.loads(entry)
        put(kind, term, value)(document)
        assert dcat_shape_problems(json.dumps(document).encode(), schema("dcat-ap", SHAPES)), term


def test_nothing_is_lost_to_a_reader_of_triples(entry: bytes) -> None:
    query = (
        "SELECT ?d WHERE { ?d a <http://www.w3.org/ns/dcat#Distribution> ; <http://www.w3.org/ns/dcat#byteSize> ?size }"
    )
    count = sum("Distribution" in _kinds(part) for part in json.loads(entry)["@graph"])
    assert len(list(graph_of(entry).query(query))) == count >= 4


# ---- what is declared ------------------------------------------------------------------------------------------------


def test_what_is_not_declared_is_asked_for_at_once(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        fields = {problem.field for problem in dcat_missing(dossier(warehouse, "nsw"))}
        assert {"home", "dcat.themes", "dcat.frequency"} <= fields
        with pytest.raises(ProblemsError, match=r"dcat\.themes"):
            export_programme(warehouse, "nsw", tmp_path / "x.dcat.jsonld", form="dcat")
    assert list(tmp_path.iterdir()) == []


def test_it_says_what_it_is_held_against(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SCHEMAS, raising=False)
    assert FORMAT.held_against == ""
    monkeypatch.setenv(SCHEMAS, str(schema("dcat-ap", SHAPES).parents[1]))
    assert FORMAT.held_against


def test_nothing_hidden_leaves(tmp_path: Path) -> None:
    """The catalogue counts bytes of files: those of programmes that differ only in what may not be known are the same."""
    written = []
    for name, small in (("one", 4), ("other", 6)):
        with Warehouse(declare(projects(tmp_path / name, small)), read_only=True) as warehouse:
            document = json.loads(write_dcat(dossier(warehouse, "p")))
        for part in document["@graph"]:
            if part["@id"].endswith(COMPRESSED):
                part["byteSize"] = "*"  # the version of the data, a hash, is in the file and is not squeezed alike
        written.append(OF_A_RUN.sub("*", json.dumps(document)))
    assert written[0] == written[1]
    assert written[0].count('"byteSize": "*"') < written[0].count("byteSize")
