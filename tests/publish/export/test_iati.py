"""An activity in IATI: every number of the data set, by the schema of the standard, and what it does not look at."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from impact.declare.linked import Iati
from impact.errors import ProblemsError
from impact.publish.export import export_programme
from impact.publish.export.iati import FORMAT, iati_missing, write_iati
from impact.publish.export.iati_check import expected_numbers, iati_problems
from impact.publish.export.outside import SCHEMAS
from impact.publish.official.data_set import Selection
from impact.store import Warehouse, open_reader
from tests.cases.test_disclose import OF_A_RUN, projects
from tests.support.linked import declare, dossier, linked_database, schema
from tests.support.shipped import SHIPPED, shipped_database

Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with Warehouse(linked_database(tmp_path_factory), read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def activity(warehouse: Warehouse) -> tuple[bytes, Counter[Any]]:
    made = dossier(warehouse, "wecare")
    return write_iati(made), expected_numbers(made)


@pytest.mark.parametrize("programme", SHIPPED)
def test_every_programme_is_an_activity_by_the_schema(warehouse: Warehouse, programme: str) -> None:
    made = dossier(warehouse, programme)
    content = write_iati(made)
    assert iati_problems(content, "x", expected_numbers(made)) == []
    validator = etree.XMLSchema(etree.parse(str(schema("iati", "iati-activities-schema.xsd"))))
    assert validator.validate(etree.fromstring(content)), validator.error_log


@pytest.mark.parametrize("programme", SHIPPED)
def test_every_baseline_target_and_value_is_there_once(warehouse: Warehouse, programme: str) -> None:
    """Read by xpath, beside the rows of the data set: a share times a hundred, the comparison group left out."""
    made = dossier(warehouse, programme)
    root = etree.fromstring(write_iati(made))
    names = {"BASELINE": "baseline", "TARGET": "target", "VALUE": "actual"}
    shares = set(made.published.findings(programme).query("unit == 'share'")["indicator"])
    expected: Counter[Any] = Counter()
    for row in made.data_set.rows.to_pylist():
        if row["MEASURE"] in names and row["ARM"] != "COMPARISON":
            value = row["OBS_VALUE"]
            times = 100 if row["INDICATOR"] in shares else 1
            number = None if value is None else round(value * times, 9)
            expected[row["INDICATOR"], names[row["MEASURE"]], number] += 1
    there: Counter[Any] = Counter()
    for indicator in root.iter("indicator"):
        (name,) = indicator.xpath("reference/@code")
        for element in indicator.xpath("baseline | period/target | period/actual"):
            text = element.get("value")
            there[name, element.tag, None if text is None else round(float(text), 9)] += 1
    assert there == expected
    assert sum(there.values()) > 3


def test_what_is_missing_leaves_its_reason_in_both_languages(warehouse: Warehouse) -> None:
    root = etree.fromstring(write_iati(dossier(warehouse, "wecare")))
    empty = root.xpath("//actual[not(@value)]/comment/narrative/text()")
    assert {"Mancante", "Missing"} <= {text.split("; ")[-1] for text in empty}


def test_it_says_that_data_are_synthetic_and_which_way_is_better(warehouse: Warehouse) -> None:
    root = etree.fromstring(write_iati(dossier(warehouse, "wecare")))
    (loneliness,) = root.xpath("//indicator[reference/@code='loneliness']")
    assert loneliness.get("ascending") == "0"
    assert [text.split(". ")[-1] for text in loneliness.xpath("description/narrative/text()")] == [
        "Dati sintetici.",
        "Synthetic data.",
    ]
    (funds,) = root.xpath("//indicator[reference/@code='funds_committed']")
    assert funds.get("ascending") is None
    assert "synthetic" not in "".join(funds.xpath("description/narrative/text()")).lower()


def test_a_selection_leaves_alone(warehouse: Warehouse) -> None:
    made = dossier(warehouse, "wecare", selection=Selection(indicators=("loneliness",)))
    root = etree.fromstring(write_iati(made))
    assert root.xpath("//indicator/reference/@code") == ["loneliness"]
    assert iati_problems(write_iati(made), "x", expected_numbers(made)) == []


# ---- one defect at a time --------------------------------------------------------------------------------------------


def _remove(path: str) -> Change:
    def change(root: Any) -> None:
        element = root.xpath(path)[0]
        element.getparent().remove(element)

    return change


def _set(path: str, name: str, value: str | None) -> Change:
    def change(root: Any) -> None:
        element = root.xpath(path)[0]
        if value is None:
            del element.attrib[name]
        else:
            element.set(name, value)

    return change


def _double(path: str) -> Change:
    def change(root: Any) -> None:
        element = root.xpath(path)[0]
        element.addnext(copy.deepcopy(element))

    return change


MUTANTS: dict[str, Change] = {
    "another version": _set("/iati-activities", "version", "2.02"),
    "no title": _remove("//iati-activity/title"),
    "no status": _remove("//activity-status"),
    "a status of no list": _set("//activity-status", "code", "9"),
    "a date type of no list": _set("//activity-date", "type", "7"),
    "a role of no list": _set("//participating-org", "role", "77"),
    "a type of organisation of no list": _set("//reporting-org", "type", "99"),
    "a measure of no list": _set("//indicator", "measure", "99"),
    "a result of no list": _set("//result", "type", "5"),
    "more than all countries": _set("//recipient-country", "percentage", "220"),
    "less than all sectors": _set("//sector", "percentage", "10"),
    "a share that is no number": _set("//sector", "percentage", "75,5"),
    "no sector": lambda root: [element.getparent().remove(element) for element in root.xpath("//sector")] and None,
    "an identifier of somebody else": lambda root: setattr(root.xpath("//iati-identifier")[0], "text", "XX-2-A"),
    "a value with a comma": _set("//actual[@value]", "value", "1,5"),
    "a value with an exponent": _set("//actual[@value]", "value", "1e-05"),
    "an empty value": _set("//actual[@value]", "value", ""),
    "another value": _set("//actual[@value]", "value", "123456"),
    "a value without a reason for its absence": _set("//actual[@value and not(comment)]", "value", None),
    "a target that is lost": _remove("//target"),
    "a baseline that is lost": _remove("//baseline"),
    "a value twice": _double("//actual[@value]"),
    "a baseline of another year": _set("//baseline", "year", "1999"),
    "a year that is none": _set("//baseline", "year", "2024-25"),
    "a period that ends before it begins": _set("//period/period-end", "iso-date", "1990-01-01"),
    "a part that is another": _set("//dimension", "value", "nobody"),
    "an indicator that is another": _set("//indicator/reference", "code", "nothing"),
    "a direction that is none": _set("//indicator[@ascending]", "ascending", "yes"),
    "a comment without words": lambda root: setattr(root.xpath("//comment/narrative")[0], "text", " "),
    "a country of no list": _set("//recipient-country", "code", "ITA"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_one_defect_is_found(activity: tuple[bytes, Counter[Any]], name: str) -> None:
    content, expected = activity
    root = etree.fromstring(content)
    MUTANTS[name](root)
    assert iati_problems(etree.tostring(root), "x", expected), name


def test_entities_are_not_followed(activity: tuple[bytes, Counter[Any]], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    head = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'.encode()
    content = activity[0].split(b"?>", 1)[1].replace(b"<iati-identifier>", b"<iati-identifier>&e;", 1)
    problems = iati_problems(head + content, "x", activity[1])
    assert problems
    assert "secret" not in " ".join(map(str, problems)).replace(str(tmp_path), "")


# ---- what is declared ------------------------------------------------------------------------------------------------


def test_what_is_not_declared_is_asked_for_at_once(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        fields = {problem.field for problem in iati_missing(dossier(warehouse, "wecare"))}
        assert fields == {
            f"iati.{name}"
            for name in ("activity", "reporting_org", "status", "dates", "participants", "countries", "sectors")
        }
        with pytest.raises(ProblemsError, match=r"iati\.sectors"):
            export_programme(warehouse, "wecare", tmp_path / "x.iati.xml", form="iati")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "block",
    [
        {"countries": {"IT": 60}},
        {"sectors": [{"code": "16010", "percentage": 50}, {"code": "1", "percentage": 40}]},
        {"status": "8"},
        {"participants": {"a": "7"}},
        {"measures": {"a": "99"}},
        {"activity": "XX-1-A", "reporting_org": {"ref": "YY-2", "type": "11", "name": "Region"}},
        {"activity": "XX 1"},
    ],
)
def test_a_declaration_that_does_not_hold_is_refused(block: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 validation error"):
        Iati.model_validate(block)


def test_it_says_what_it_is_held_against(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SCHEMAS, raising=False)
    assert FORMAT.held_against == ""
    monkeypatch.setenv(SCHEMAS, str(schema("iati", "iati-activities-schema.xsd").parents[1]))
    assert FORMAT.held_against


def test_the_schema_is_held_against_where_it_lies(
    activity: tuple[bytes, Counter[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCHEMAS, str(schema("iati", "iati-activities-schema.xsd").parents[1]))
    content, expected = activity
    wrong = content.replace(b"<activity-date ", b'<activity-date odd="1" ', 1)
    assert any("the schema of IATI" in problem.what for problem in iati_problems(wrong, "x", expected))
    monkeypatch.delenv(SCHEMAS)
    assert iati_problems(wrong, "x", expected) == []


def test_nothing_hidden_leaves(tmp_path: Path) -> None:
    """Programmes that differ only in what may not be known are the same file; hidden cells have no value."""
    written = []
    for name, small in (("one", 4), ("other", 6)):
        with Warehouse(declare(projects(tmp_path / name, small)), read_only=True) as warehouse:
            content = write_iati(dossier(warehouse, "p")).decode()
        written.append(OF_A_RUN.sub("*", content))
    assert written[0] == written[1]
    root = etree.fromstring(written[0].encode())
    hidden = root.xpath("//actual[dimension[@value='project-small']]")
    assert hidden
    assert [element.get("value") for element in hidden] == [None] * len(hidden)
