"""The data structure of a programme: what it is made of, how editions follow one another, what a reader of parts sees."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import impact
from impact.declare.export import ATTRIBUTES, DIMENSIONS, IDENTIFIER, RESERVED, VALUE
from impact.publish.official.build import own_code
from impact.publish.official.lists import CONF_STATUS_OF_MISSING, OBS_STATUS_OF_MISSING
from impact.publish.official.sdmx_structure import write_structures
from impact.publish.official.structure import CodeOf, Component, Role, Structure, read_structure
from impact.publish.official.versions import Change, change_between, raised
from impact.publish.published import ReaderTables
from impact.publish.scope import Scope
from impact.store import open_reader
from impact.tables.part import MISSING_GROUP
from tests.support.programmes import edit, template
from tests.support.shipped import SHIPPED, shipped_database


@pytest.fixture(scope="module")
def structures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Structure]:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        published = ReaderTables(warehouse)
        return {name: published.structures(name)[-1] for name in SHIPPED}


def test_every_programme_has_the_same_components_and_those_it_adds(structures: dict[str, Structure]) -> None:
    for name, structure in structures.items():
        ids = [component.id for component in structure.components]
        added = ["SEX"] if name == "wecare" else []
        assert ids == [*DIMENSIONS[:-1], *added, DIMENSIONS[-1], VALUE, *ATTRIBUTES]
    assert {"REF_AREA"} == {*DIMENSIONS, VALUE, *ATTRIBUTES} - RESERVED


def test_everything_has_a_name_in_both_languages_and_every_list_is_used(structures: dict[str, Structure]) -> None:
    for structure in structures.values():
        named = [structure, *structure.components, *structure.codelists.values()]
        named += [code for codelist in structure.codelists.values() for code in codelist.codes]
        assert all(thing.names["it"].strip() and thing.names["en"].strip() for thing in named)  # type: ignore[attr-defined]
        used = {component.codelist for component in structure.components} - {""}
        assert used == set(structure.codelists)
        for codelist in structure.codelists.values():
            assert len(set(codelist.ids)) == len(codelist.ids) > 0
            assert {code.parent for code in codelist.codes} - {""} <= set(codelist.ids)


def test_codes_are_such_as_sdmx_has_and_areas_those_of_a_list(structures: dict[str, Structure]) -> None:
    for structure in structures.values():
        codes = [code for codelist in structure.codelists.values() for code in codelist.ids]
        assert [code for code in codes if not re.fullmatch(IDENTIFIER, code)] == []
    named = structures["talents4coop"]
    assert all(code == "IT" or code.startswith("ITH") for code in named.codelists["CL_AREA"].ids)
    assert "territory-Forl@c3@ac" in named.codelists["CL_PART"].ids  # a city that a report names, and no code of NUTS


def test_official_areas_have_official_codes_and_what_else_they_are_called(structures: dict[str, Structure]) -> None:
    areas = {code.id: code for code in structures["wecare"].codelists["CL_AREA"].codes}
    assert {"ITC1", "ITC11", "ITC16"} <= set(areas)
    assert areas["ITC11"].other["istat"] == "001"
    assert structures["wecare"].codelists["CL_AREA"].source.startswith("NUTS 2021")
    parts = structures["wecare"].codelists["CL_PART"].ids
    assert "territory-at_al" in parts  # a quadrant of the programme's own
    assert structures["nsw"].codelists["CL_AREA"].ids == ("US",)


def test_a_structure_is_read_as_it_was_written(structures: dict[str, Structure]) -> None:
    for structure in structures.values():
        assert read_structure(structure.to_json()) == structure


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("F", "sex-F"),
        ("18 to 30", "sex-18@20to@2030"),
        ("è", "sex-@c3@a8"),
        ("a@20", "sex-a@4020"),
        (MISSING_GROUP, "sex-_U"),
    ],
)
def test_a_code_of_ours_can_be_told_again(code: str, written: str) -> None:
    assert own_code("sex", code) == written


def test_every_reason_for_a_missing_value_has_its_statuses() -> None:
    assert set(CONF_STATUS_OF_MISSING) < set(OBS_STATUS_OF_MISSING)
    assert {OBS_STATUS_OF_MISSING[kind] for kind in CONF_STATUS_OF_MISSING} == {"Q"}


# ---- versions --------------------------------------------------------------------------------------------------------


def _renamed(structure: Structure) -> Structure:
    return replace(structure, names={"it": "altro", "en": "other"})


def _with_code(structure: Structure) -> Structure:
    areas = structure.codelists["CL_AREA"]
    more = replace(areas, codes=(*areas.codes, CodeOf("ITC2", {"it": "a", "en": "a"})))
    return replace(structure, codelists={**structure.codelists, "CL_AREA": more})


def _without_code(structure: Structure) -> Structure:
    measures = structure.codelists["CL_MEASURE"]
    return replace(
        structure, codelists={**structure.codelists, "CL_MEASURE": replace(measures, codes=measures.codes[:-1])}
    )


def _with(component: Component, place: int | None = None) -> object:
    def changed(structure: Structure) -> Structure:
        components = list(structure.components)
        components.insert(len(components) if place is None else place, component)
        return replace(structure, components=tuple(components))

    return changed


NAMES = {"it": "Età", "en": "Age"}
CHANGES = [
    (lambda structure: structure, ""),
    (lambda structure: replace(structure, version="7.0.0"), ""),
    (_renamed, "patch"),
    (_with_code, "minor"),
    (_with(Component("NOTE", NAMES, Role.ATTRIBUTE)), "minor"),
    (_with(Component("NOTE", NAMES, Role.ATTRIBUTE, mandatory=True)), "major"),
    (_with(Component("AGE", NAMES, Role.DIMENSION), 2), "major"),
    (_without_code, "major"),
    (lambda structure: replace(structure, components=structure.components[::-1]), "major"),
    (lambda structure: replace(structure, agency="OTHER"), "major"),
]


@pytest.mark.parametrize(("changed", "expected"), CHANGES)
def test_what_has_changed_decides_the_version(
    structures: dict[str, Structure], changed: object, expected: Change
) -> None:
    before = structures["wecare"]
    assert callable(changed)
    assert change_between(before, changed(before)) == expected


def test_versions_rise_by_rule() -> None:
    assert [raised("1.2.3", change) for change in ("", "patch", "minor", "major")] == [
        "1.2.3", "1.2.4", "1.3.0", "2.0.0",
    ]  # fmt: skip


def test_a_programme_that_changes_keeps_its_earlier_editions(tmp_path: Path) -> None:
    folder, database = template(tmp_path), tmp_path / "a.duckdb"
    assert _editions(folder, database) == ["1.0.0"]
    assert _editions(folder, database) == ["1.0.0"]  # nothing has changed
    edit(folder / "programme.yaml", "My programme", "Another title")
    assert _editions(folder, database) == ["1.0.0", "1.0.1"]
    (folder / "export.yaml").write_text("cuts: {gender: {dimension: SEX, same: all}}\n")
    assert _editions(folder, database) == ["1.0.0", "1.0.1", "2.0.0"]
    (folder / "export.yaml").unlink()
    assert _editions(folder, database)[-1] == "3.0.0"


def _editions(folder: Path, database: Path) -> list[str]:
    result = impact.run(folder, db=database)
    editions = ReaderTables(result.warehouse).structures("sample")
    result.close()
    return [structure.version for structure in editions]


def test_an_indicator_leads_to_its_definition_where_the_app_has_an_address(tmp_path: Path) -> None:
    folder = template(tmp_path)
    (folder / "export.yaml").write_text("home: https://impact.example.org\n")
    result = impact.run(folder)
    (structure,) = ReaderTables(result.warehouse).structures("sample")
    result.close()
    (code,) = structure.codelists["CL_INDICATOR"].codes
    assert code.other == {"definition": "https://impact.example.org/it/definition/sample/wellbeing_score"}
    message = write_structures([structure], "ml-3.0").decode()
    assert "<com:AnnotationTitle>https://impact.example.org/it/definition/sample/wellbeing_score" in message


# ---- scopes ----------------------------------------------------------------------------------------------------------


def test_a_reader_of_a_part_sees_no_code_of_another(tmp_path_factory: pytest.TempPathFactory) -> None:
    scope = Scope(frozenset({"wecare"}), {"project_id": frozenset({"draios"})}, "investor")
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        published = ReaderTables(warehouse, scope)
        (structure,) = published.structures("wecare")
        whole = ReaderTables(warehouse).structures("wecare")[-1]
        rows, mapping = published.observations("wecare"), published.mapping("wecare")
    assert set(rows["PART"].to_pylist()) == {"project_id-draios"}
    projects = {code for code in structure.codelists["CL_PART"].ids if code.startswith("project_id-")}
    assert projects == {"project_id-draios"}
    assert len(whole.codelists["CL_PART"].ids) > 20
    assert "silvercare" in whole.to_json()
    assert "silvercare" not in structure.to_json() + mapping.to_json()
    assert set(mapping.parts) == {"project_id=draios"}
