"""The codebook: held against the standard's own schema, against what contracts declare, and for what it may not tell."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lxml import etree

from impact.errors import ProblemsError, UsageError
from impact.publish.export import FORMATS, export_programme
from impact.publish.export.ddi import NAMESPACE, SCHEMA
from impact.publish.export.ddi_variables import add
from impact.publish.export.dossier import Dossier, dossier_of
from impact.publish.export.outside import SCHEMAS
from impact.publish.official.data_set import Selection
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE, Scope
from impact.store import Warehouse, open_reader
from impact.words import words_in
from tests.cases.test_disclose import projects
from tests.support.hostile import hostile_database
from tests.support.microdata import HOSTILE, LONG, MISSING, survey, typed_database
from tests.support.shipped import SHIPPED, shipped_database

DDI = FORMATS["ddi"]
NS = {"d": NAMESPACE}
REFERENCE = Path(os.environ.get("IMPACT_REFERENCE_DATA", "/nowhere")) / "schemas"
Tree = Any


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the standard's schema at hand."""
    if not REFERENCE.joinpath(*SCHEMA).is_file():
        pytest.skip(f"IMPACT_REFERENCE_DATA has no schemas/{'/'.join(SCHEMA)}")
    monkeypatch.setenv(SCHEMAS, str(REFERENCE))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_reader(typed_database(tmp_path_factory.mktemp("typed"))) as opened:
        yield opened


def dossier(warehouse: Warehouse, programme: str = "made") -> Dossier:
    return dossier_of(ReaderTables(warehouse, OUTSIDE), programme, words_in("it"), "v")


def tree(made: Dossier) -> Tree:
    content = DDI.write(made)
    assert isinstance(content, bytes)
    return etree.fromstring(content)


def variable(root: Tree, name: str) -> Tree:
    (found,) = root.findall(f"d:dataDscr/d:var[@name='{name}']", NS)
    return found


@pytest.mark.usefixtures("schema")
def test_all_shipped_codebooks_are_valid(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, subtests: pytest.Subtests
) -> None:
    with open_reader(shipped_database(tmp_path_factory)) as opened:
        for programme in SHIPPED:
            with subtests.test(programme=programme):
                exported = export_programme(opened, programme, tmp_path / f"{programme}.ddi.xml")
                assert exported.validation == "held against DDI-Codebook 2.6 XSD"
                assert exported.rows == len(etree.parse(tmp_path / f"{programme}.ddi.xml").findall(".//d:var", NS))


def test_without_the_schema_it_says_that_it_is_not_validated(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SCHEMAS, raising=False)
    exported = export_programme(warehouse, "made", tmp_path / "x.ddi.xml")
    assert "not validated" in exported.validation


def test_it_is_of_a_programme_as_a_whole(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ddi has no observations to choose from"):
        export_programme(warehouse, "made", tmp_path / "x.ddi.xml", selection=Selection(indicators=("m",)))
    with pytest.raises(UsageError, match="ddi has no tables to choose from"):
        export_programme(warehouse, "made", tmp_path / "x.ddi.xml", names=["findings"])


def test_every_column_is_in_it_as_it_is_declared(warehouse: Warehouse) -> None:
    root, declared = tree(dossier(warehouse)), survey()[0]["columns"]
    described = root.findall("d:dataDscr/d:var[@files='F_survey']", NS)
    assert [each.get("name") for each in described] == list(declared)
    for each in described:
        column = declared[each.get("name")]
        categories = each.findall("d:catgry", NS)
        valid = [one.findtext("d:catValu", namespaces=NS) for one in categories if one.get("missing") is None]
        if column["type"] == "code":
            assert valid == column.get("codes", ["001", "01", "1"])
        missing = {
            one.get("missType"): [one.findtext("d:catValu", namespaces=NS)]
            for one in categories
            if one.get("missing") == "Y"
        }
        assert missing == column.get("missing", {})
        assert {item.get("VALUE") for item in each.findall("d:invalrng/d:item", NS)} == {
            code for codes in column.get("missing", {}).values() for code in codes
        }
    score = variable(root, "score")
    assert dict(score.find("d:valrng/d:range", NS).attrib) == {"UNITS": "REAL", "min": "0", "max": "100"}
    assert score.get("measUnit") == "points"
    assert [stat.text for stat in score.findall("d:sumStat", NS)] == ["1", "6"]
    assert variable(root, "w").get("wgt") == "wgt"
    assert [label.text for label in variable(root, "age").findall("d:labl", NS)] == [LONG, "Age"]
    assert len(MISSING) == 5


def test_the_study_says_who_when_where_and_how(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_reader(shipped_database(tmp_path_factory)) as opened:
        root = tree(dossier(opened, "wecare"))
        bodies = ReaderTables(opened, OUTSIDE).stakeholders("wecare")
    text = {path: [each.text for each in root.findall(f"d:stdyDscr/{path}", NS)] for path in (
        "d:citation/d:prodStmt/d:producer", "d:citation/d:prodStmt/d:fundAg", "d:stdyInfo/d:abstract",
        "d:stdyInfo/d:sumDscr/d:geogCover", "d:stdyInfo/d:sumDscr/d:timePrd", "d:method/d:dataColl/d:weight",
        "d:stdyInfo/d:sumDscr/d:dataKind")}  # fmt: skip
    assert text["d:citation/d:prodStmt/d:fundAg"] == list(bodies.loc[bodies["role"] == "funder", "name"])
    assert len(text["d:stdyInfo/d:abstract"]) == len(text["d:stdyInfo/d:sumDscr/d:timePrd"]) == 2
    assert text["d:stdyInfo/d:sumDscr/d:geogCover"][0]
    title = root.find("d:stdyDscr/d:citation/d:titlStmt", NS)
    languages = [each.get("{http://www.w3.org/XML/1998/namespace}lang") for each in title[:2]]
    assert languages == ["it", "en"]


# ---- what it may not tell --------------------------------------------------------------------------------------------


def test_it_holds_no_row_and_no_count_that_is_withheld(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Four or six persons in a small project: the codebook is the same, but for the names of runs."""
    texts = []
    for small in (4, 6):
        db = projects(tmp_path_factory.mktemp("hidden") / f"of_{small}", small)
        with open_reader(db) as opened:
            root = tree(dossier(opened, "p"))
        assert "P001" not in etree.tostring(root, encoding="unicode")
        assert variable(root, "own").findall("d:sumStat", NS) == []
        texts.append(etree.tostring(root))
    assert texts[0] == texts[1]


def test_a_codebook_is_written_where_answers_of_some_columns_are_withheld(tmp_path: Path) -> None:
    """Rows are published, answers to what a small project alone was asked are not: no count of them, and no refusal."""
    with open_reader(projects(tmp_path / "one", 4)) as opened:
        exported = export_programme(opened, "p", tmp_path / "p.ddi.xml")
    root = etree.parse(tmp_path / "p.ddi.xml").getroot()
    assert exported.rows == len(root.findall(".//d:var", NS))
    assert variable(root, "own").findall("d:sumStat", NS) == []
    assert variable(root, "y").findall("d:sumStat", NS) != []


def test_no_text_of_a_row_is_in_it(warehouse: Warehouse) -> None:
    content = etree.tostring(tree(dossier(warehouse)), encoding="unicode")
    assert "p6" not in content
    assert not any(text in content for text in HOSTILE[:3])


@pytest.mark.usefixtures("schema")
def test_markup_in_declarations_stays_text(tmp_path: Path) -> None:
    with open_reader(hostile_database(tmp_path)) as opened:
        export_programme(opened, "made", tmp_path / "x.ddi.xml")
    titles = etree.parse(tmp_path / "x.ddi.xml").findall(".//d:titl", NS)
    assert "<script>" in titles[0].text


def test_what_xml_has_no_room_for_is_refused() -> None:
    root = etree.Element(f"{{{NAMESPACE}}}codeBook", nsmap={None: NAMESPACE})
    with pytest.raises(ProblemsError, match="no room for a character"):
        add(root, "titl", "a\x07b")


# ---- single defects --------------------------------------------------------------------------------------------------


def element(path: str) -> Callable[[Tree], Tree]:
    return lambda root: root.find(path, NS)


def remove(path: str) -> Callable[[Tree], None]:
    def change(root: Tree) -> None:
        found = root.find(path, NS)
        found.getparent().remove(found)

    return change


def put(path: str, name: str, value: str) -> Callable[[Tree], None]:
    return lambda root: root.find(path, NS).set(name, value)


def text(path: str, value: str) -> Callable[[Tree], None]:
    def change(root: Tree) -> None:
        root.find(path, NS).text = value

    return change


def move(path: str, place: int) -> Callable[[Tree], None]:
    def change(root: Tree) -> None:
        found = root.find(path, NS)
        parent = found.getparent()
        parent.remove(found)
        parent.insert(place, found)

    return change


SCORE = "d:dataDscr/d:var[@name='score']"
CODED = "d:dataDscr/d:var[@name='few_kinds']"
MUTANTS: dict[str, Callable[[Tree], Any]] = {
    "parts of a column in another order": move(f"{SCORE}/d:catgry", 0),
    "data before the study": move("d:dataDscr", 0),
    "a study without a citation": remove("d:stdyDscr/d:citation"),
    "a citation without a title": remove("d:stdyDscr/d:citation/d:titlStmt"),
    "a column without a name": lambda root: root.find(SCORE, NS).attrib.pop("name"),
    "an element that there is not": lambda root: etree.SubElement(root.find(SCORE, NS), f"{{{NAMESPACE}}}label"),
    "a word where the list has another": put(f"{SCORE}", "intrvl", "continuous"),
    "a count of a kind that there is not": put(f"{SCORE}/d:sumStat", "type", "answered"),
    "two columns of one name": lambda root: root.find(SCORE, NS).set("ID", "V_survey.age"),
    "a code that is not declared": text(f"{CODED}/d:catgry/d:catValu", "2"),
    "a code without its zero": text(f"{CODED}/d:catgry[2]/d:catValu", "1"),
    "another kind of missing": put(f"{SCORE}/d:catgry[@missing='Y']", "missType", "refused"),
    "a missing value as an answer": put(f"{SCORE}/d:catgry[@missing='Y']", "missing", "N"),
    "a column left out": remove(SCORE),
    "another bound": put(f"{SCORE}/d:valrng/d:range", "max", "10"),
    "another type": put(f"{SCORE}/d:varFormat", "formatname", "integer"),
    "a count that is another": text(f"{SCORE}/d:sumStat", "2"),
    "a role left out": remove("d:dataDscr/d:var[@name='w']/d:notes"),
}


@pytest.mark.usefixtures("schema")
@pytest.mark.parametrize("name", MUTANTS)
def test_a_codebook_with_one_defect_is_rejected(warehouse: Warehouse, tmp_path: Path, name: str) -> None:
    made, check = dossier(warehouse), DDI.check
    assert check is not None
    path = tmp_path / "x.ddi.xml"
    root = tree(made)
    path.write_bytes(etree.tostring(root))
    assert check(made, {path.name: path}) == []
    MUTANTS[name](root)
    path.write_bytes(etree.tostring(root))
    assert len(check(made, {path.name: path})) >= 1


def test_readers_of_parts_see_no_code_of_another_part(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_reader(shipped_database(tmp_path_factory)) as opened:
        everybody = ReaderTables(opened, OUTSIDE)
        cut = everybody.labels("wecare").query("level.isna()")
        coded = everybody.variables("wecare").set_index("column")["codes"].map(json.loads)
        column = next(name for name in cut["column"] if name in coded and len(codes_in(coded, name)) > 1)
        code, *others = codes_in(coded, column)
        reader = ReaderTables(opened, Scope(None, {column: frozenset({code})}, "coordinator"))
        seen = reader.variables("wecare").set_index("column")["codes"].map(json.loads)
        labels = reader.labels("wecare")
        assert codes_in(seen, column) == [one for one in codes_in(coded, column) if one in set(labels["code"])]
        assert not set(others) & set(codes_in(seen, column))
        assert len(seen) == len(coded)


def codes_in(coded: pd.Series, column: str) -> list[str]:
    """Return the codes of a column in all contracts, each once."""
    lists = coded[[column]]
    return list(dict.fromkeys(item["code"] for codes in lists for item in codes))


def test_variables_are_what_contracts_declare(warehouse: Warehouse) -> None:
    variables = ReaderTables(warehouse, OUTSIDE).variables("made").set_index(["contract", "column"])
    score, place = variables.loc[("survey", "score")], variables.loc[("survey", "in")]
    assert (score["type"], score["unit"], score["min"], score["max"]) == ("number", "points", 0, 100)
    assert json.loads(score["missing"]) == MISSING
    assert [code["title_it"] for code in json.loads(place["codes"])] == ["Torino", "Cuneo", "Asti"]
    assert list(variables.loc[("survey", "id"), "roles"]) == ["key", "person"]
    assert list(variables.loc[("survey", "w"), "roles"]) == ["weight"]
    assert variables["with_rows"].all()
