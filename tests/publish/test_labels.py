"""Titles of parts and what codes belong to: from codelists, registries and links, against the files themselves."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from rich.console import Console

import impact
from impact.cli.terminal import print_findings
from impact.declare import shipped
from impact.publish import findings_table, read_table
from impact.store import Warehouse
from impact.tables.titles import Cut, Label, Membership
from tests.support.programmes import edit, indicator, written

ROWS = pd.DataFrame(
    {
        "person": [f"p{number}" for number in range(8)],
        "project_id": ["b", "a", "b", "a", "z", "z", "a", "b"],
        "body": [1, 2, 1, 2, 3, 3, 1, 2],
        "sector": ["north", "south"] * 4,
        "agreed": ["true", "false"] * 4,
        "kind": ["x", "y"] * 4,
        "arm": ["t", "c"] * 4,
        "y": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    }
)
PROJECTS = "project_id,name,area,theme\nb,Bees,e,\na,Ants,w,water\nz,,w,water\nno id,Zebras,w,water\n"
LINKS = "project_id,theme\na,air\na,water\nb,air\n"
BODIES = "body,label\n2,Second\n1,First\n3,Third\n"
CODELISTS = {
    "sector": {"title": {"en": "Sector", "it": "Settore"}, "south": ("South", "Sud"), "north": ("North", "Nord")},
    "area": {"title": {"en": "Area", "it": "Zona"}, "w": ("West", "Ovest"), "e": ("East", "Est")},
    "theme": {"title": {"en": "Theme", "it": "Tema"}, "water": ("Water", "Acqua"), "air": ("Air", "Aria")},
}


def contract(name: str, key: list[str], keys: list[dict[str, Any]] | None = None, /, **columns: Any) -> dict[str, Any]:
    types = {one: kind if isinstance(kind, dict) else {"type": kind} for one, kind in columns.items()}
    for part in key:
        types[part] |= {"required": True}
    return {
        "id": name,
        "title": name,
        "unit_of_analysis": name,
        "key": key,
        "columns": types,
        "foreign_keys": keys or [],
    }


def coded(codelist: str, **more: Any) -> dict[str, Any]:
    return {"type": "code", "codelist": codelist, **more}


def add(folder: Path, *, contracts: list[dict[str, Any]], files: dict[str, str], rows: dict[str, Any]) -> None:
    """Add contracts, each fed by a file of its own, and say more about columns of the rows."""
    path, sources = folder / "contracts.yaml", folder / "sources.yaml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    declared["codelists"] = [
        {"id": name, "title": words["title"], "codes": [
            {"code": code, "title": dict(zip(("en", "it"), both, strict=True))} for code, both in words.items() if code != "title"
        ]}
        for name, words in CODELISTS.items()
    ]  # fmt: skip
    declared["contracts"][0]["columns"] |= rows
    to_projects = {"columns": ["project_id"], "references": "project", "to": ["project_id"]}
    declared["contracts"][0]["foreign_keys"] = [to_projects]
    declared["contracts"] += contracts
    plain = json.loads(json.dumps(declared))  # the loader takes no aliases
    path.write_text(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), encoding="utf-8")
    fed = yaml.safe_load(sources.read_text(encoding="utf-8"))
    for name, text in files.items():
        (folder / "raw" / f"{name}.csv").write_text(text, encoding="utf-8")
        provenance = {"title": "Made", "kind": "synthetic", "generator": "the test"}
        fed["sources"].append(
            {"id": f"{name}_file", "file": f"raw/{name}.csv", "contract": name, "provenance": provenance}
        )
    sources.write_text(yaml.safe_dump(fed, sort_keys=False), encoding="utf-8")


def made(folder: Path) -> Path:
    """Write a programme cut by a registry with links, one without a foreign key, a codelist, a boolean and a text."""
    cuts = {"scope": ["project_id", "body"], "by": ["sector", "agreed", "kind", "arm"]}
    written(folder, ROWS, [indicator("score", **cuts)])
    linked = [{"columns": ["project_id"], "references": "project", "to": ["project_id"]}]
    project = contract(
        "project", ["project_id"], project_id={"type": "text", "pattern": "^[a-z]$", "title": {"en": "Project", "it": "Progetto"}},
        name="text", area=coded("area", title="Part of town"), theme=coded("theme"),
    )  # fmt: skip
    link = contract("project_theme", ["project_id", "theme"], linked, project_id="text", theme=coded("theme"))
    year = contract(
        "year_theme", ["project_id", "area", "year"], linked, project_id="text", area=coded("area"), year="text"
    )
    body = contract("body", ["body"], body="integer", label="text")
    files = {
        "project": PROJECTS,
        "project_theme": LINKS,
        "year_theme": "project_id,area,year\na,e,2020\n",
        "body": BODIES,
    }
    rows = {"sector": coded("sector"), "agreed": {"type": "boolean"}, "arm": {"type": "code", "codes": ["t", "c"]}}
    add(folder, contracts=[project, link, year, body], files=files, rows=rows)
    return folder


@pytest.fixture
def result(tmp_path: Path) -> impact.Result:
    return impact.run(made(tmp_path / "made"))


def titled(table: pd.DataFrame, column: str) -> list[tuple[str, str, str]]:
    rows = table[table["column"] == column].sort_values("place")
    return list(rows[["code", "title_en", "title_it"]].itertuples(index=False, name=None))


def test_titles_come_from_codelist_registry_or_yes_and_no(result: impact.Result) -> None:
    """In the order of the codelist or of the registry's file; a row that was set aside gives no name."""
    labels = read_table(result.warehouse, Label, "made")
    assert titled(labels, "sector") == [("south", "South", "Sud"), ("north", "North", "Nord")]
    assert titled(labels, "project_id") == [("b", "Bees", "Bees"), ("a", "Ants", "Ants")]
    assert titled(labels, "body") == [("2", "Second", "Second"), ("1", "First", "First"), ("3", "Third", "Third")]
    assert titled(labels, "agreed") == [("true", "Yes", "Sì"), ("false", "No", "No")]
    assert titled(labels, "area") == [("w", "West", "Ovest"), ("e", "East", "Est")]
    assert titled(labels, "theme") == [("water", "Water", "Acqua"), ("air", "Air", "Aria")]
    assert set(labels["column"]) == {"sector", "project_id", "body", "agreed", "area", "theme"}
    assert read_table(result.warehouse, Label, "other").empty


def test_findings_of_parts_carry_the_titles_and_follow_their_order(result: impact.Result) -> None:
    parts = result.findings().iloc[1:]
    names = [name.split("/")[2] for name in parts["finding"]]
    assert names == [
        "agreed=true", "agreed=false", "arm=c", "arm=t", "kind=x", "kind=y", "sector=south", "sector=north",
        "body=2", "body=1", "body=3", "project_id=b", "project_id=a", "project_id=z",
    ]  # fmt: skip
    words = dict(zip(names, parts["part_it"], strict=True))
    assert words["sector=north"] == "Nord"
    assert words["agreed=true"] == "Sì"
    assert words["project_id=b"] == "Bees"
    untitled = {name for name, word in words.items() if pd.isna(word)}
    assert untitled == {"arm=c", "arm=t", "kind=x", "kind=y", "project_id=z"}
    assert set(parts["part_depth"].dropna()) == {0}


def test_what_is_printed_has_code_and_title(result: impact.Result) -> None:
    text = io.StringIO()
    print_findings(Console(file=text, width=200, color_system=None), result.findings(), show_parts=True)
    starts = [line.split("  ")[0] for line in text.getvalue().splitlines()]
    assert {"sector=north North †", "project_id=b Bees †", "project_id=z †", "agreed=true Yes †"} <= set(starts)


def test_codes_of_a_registry_belong_to_its_coded_columns_and_links(result: impact.Result) -> None:
    """A contract with more in its key than the two codes is no link: nobody says that `a` lies in the east."""
    table = read_table(result.warehouse, Membership, "made")
    assert set(table[["column", "code", "by", "of"]].itertuples(index=False, name=None)) == {
        ("project_id", "a", "area", "w"), ("project_id", "b", "area", "e"), ("project_id", "z", "area", "w"),
        ("project_id", "a", "theme", "air"), ("project_id", "a", "theme", "water"), ("project_id", "b", "theme", "air"),
        ("project_id", "z", "theme", "water"),
    }  # fmt: skip
    assert not table.duplicated().any()


def test_columns_have_titles(result: impact.Result) -> None:
    """The registry's for its key, the column's own, the codelist's, or else the name in words."""
    table = read_table(result.warehouse, Cut, "made").set_index("column")
    assert dict(zip(table.index, table["title_it"], strict=True)) == {
        "project_id": "Progetto", "area": "Part of town", "sector": "Settore", "theme": "Tema", "body": "Body",
        "agreed": "Agreed", "kind": "Kind", "arm": "Arm",
    }  # fmt: skip


def runs(database: Path) -> int:
    with Warehouse(database, read_only=True) as warehouse:
        return int(warehouse.rows("SELECT count(*) FROM impact.run")[0][0])


def test_changed_words_are_published_and_unchanged_ones_make_no_run(tmp_path: Path) -> None:
    folder, database = made(tmp_path / "made"), tmp_path / "made.duckdb"
    impact.run(folder, database).close()
    impact.run(folder, database).close()
    assert runs(database) == 1
    edit(folder / "contracts.yaml", "Ovest", "Ponente")
    result = impact.run(folder, database)
    assert titled(read_table(result.warehouse, Label), "area")[0] == ("w", "West", "Ponente")
    result.close()
    assert runs(database) == 2


def test_a_corrected_registry_renames_parts(tmp_path: Path) -> None:
    """Nothing is measured again for it: no foreign key leads from the rows to bodies, or to links."""
    folder, database = made(tmp_path / "made"), tmp_path / "made.duckdb"
    impact.run(folder, database).close()
    edit(folder / "raw" / "body.csv", "First", "The first")
    edit(folder / "raw" / "project_theme.csv", "b,air", "b,water")
    result = impact.run(folder, database)
    words = result.findings().set_index("finding")["part_en"]
    table = read_table(result.warehouse, Membership)
    result.close()
    assert result.report.computed == ()
    assert words["made/score/body=1"] == "The first"
    assert set(table.query("code == 'b' and by == 'theme'")["of"]) == {"water"}


def test_what_is_no_longer_cut_by_leaves(tmp_path: Path) -> None:
    folder, database = made(tmp_path / "made"), tmp_path / "made.duckdb"
    impact.run(folder, database).close()
    path = folder / "indicators.yaml"
    path.write_text(yaml.safe_dump({"indicators": [indicator("score")]}), encoding="utf-8")
    impact.run(folder, database).close()
    with Warehouse(database, read_only=True) as warehouse:
        for record in (Label, Membership, Cut):
            assert read_table(warehouse, record).empty


def two_meanings(folder: Path, other: dict[str, Any]) -> pd.DataFrame:
    """Cut two contracts by columns of one name; the second column is the other."""
    cut = {"by": ["kind"]}
    score, share = indicator("score", **cut), indicator("share", **cut) | {"contract": "more"}
    written(folder, ROWS, [score, share])
    more = contract("more", ["person"], person="text", y="number", kind=other)
    project = contract("project", ["project_id"], project_id="text", name="text")
    frame = pd.DataFrame({"person": ["q1", "q2"], "kind": ["south", "east"], "y": [1.0, 2.0]})
    ROWS.assign(kind=ROWS["sector"]).to_csv(folder / "raw" / "data.csv", index=False)
    names = "project_id,name\na,A\nb,B\nz,Z\n"
    add(
        folder,
        contracts=[project, more],
        files={"project": names, "more": frame.to_csv(index=False)},
        rows={"kind": coded("sector")},
    )
    result = impact.run(folder)
    labels, cuts = read_table(result.warehouse, Label), read_table(result.warehouse, Cut).set_index("column")
    result.close()
    return labels.assign(heading=cuts.loc["kind", "title_en"])


def test_a_code_that_means_two_things_is_called_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pole = {"title": {"en": "Pole"}, "south": ("South pole", "Polo sud"), "east": ("East", "Est")}
    monkeypatch.setitem(CODELISTS, "pole", pole)
    labels = two_meanings(tmp_path / "made", coded("pole"))
    assert titled(labels, "kind") == [
        ("south", "South / South pole", "Sud / Polo sud"), ("north", "North", "Nord"), ("east", "East", "Est"),
    ]  # fmt: skip
    assert set(labels["heading"]) == {"Sector / Pole"}


def test_a_code_that_one_contract_leaves_without_a_title_has_none(tmp_path: Path) -> None:
    """It may mean another thing there."""
    labels = two_meanings(tmp_path / "made", {"type": "code", "codes": ["south", "east"]})
    assert titled(labels, "kind") == [("north", "North", "Nord")]


# ------------------------------------------------------------------ WeCaRe


@pytest.fixture(scope="module")
def wecare(tmp_path_factory: pytest.TempPathFactory) -> impact.Result:
    """Run the example with what it measures by project."""
    folder = tmp_path_factory.mktemp("labels") / "wecare"
    shutil.copytree(shipped("data") / "wecare", folder)
    (folder / "value.yaml").unlink()  # of other indicators
    (folder / "export.yaml").unlink()
    path = folder / "indicators.yaml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))["indicators"]
    kept = [item for item in declared if "project_id" in item.get("scope", ())]
    path.write_text(yaml.safe_dump({"indicators": kept}, allow_unicode=True), encoding="utf-8")
    return impact.run(folder)


def raw(name: str) -> pd.DataFrame:
    return pd.read_csv(shipped("data") / "wecare" / "raw" / f"{name}.csv", keep_default_na=False)


def test_wecare_lists_its_22_projects_by_name(wecare: impact.Result) -> None:
    listed = raw("projects").set_index("project_id")["name"]
    table = findings_table(wecare.warehouse, "wecare").query("scope == 'project_id'")
    for name in ("participants_who5", "participants_loneliness", "participants_know_services"):
        rows = table[table["indicator"] == name]
        assert list(rows["scope_value"]) == list(listed.index)
        assert list(rows["part_en"]) == list(rows["part_it"]) == list(listed)
        assert rows[["baseline", "target", "conf_low", "conf_high"]].notna().all(axis=None)


def test_wecare_projects_belong_to_quadrants_and_themes(wecare: impact.Result) -> None:
    """The report: 10, 5, 1 and 6 projects by quadrant; the themes as it names them, two projects under two."""
    table = read_table(wecare.warehouse, Membership, "wecare")
    quadrants = table[table["by"] == "quadrant"]["of"].value_counts()
    assert dict(quadrants) == {"to": 10, "cn": 5, "at_al": 1, "vco_vc_bi_no": 6}
    themes = table[table["by"] == "theme"]
    pairs = raw("themes")
    assert set(zip(themes["code"], themes["of"], strict=True)) == set(
        zip(pairs["project_id"], pairs["theme"], strict=True)
    )
    assert themes["code"].value_counts().max() == 2
    assert set(table["by"]) == {"quadrant", "province", "territory", "theme"}


def test_wecare_groups_have_titles_in_both_languages(wecare: impact.Result) -> None:
    labels, table = read_table(wecare.warehouse, Label, "wecare"), read_table(wecare.warehouse, Membership, "wecare")
    known = set(zip(labels["column"], labels["code"], strict=True))
    assert (
        set(zip(table["by"], table["of"], strict=True)) | set(zip(table["column"], table["code"], strict=True)) <= known
    )
    cuts = read_table(wecare.warehouse, Cut, "wecare").set_index("column")
    assert cuts.loc["project_id", ["title_en", "title_it"]].tolist() == ["Project", "Progetto"]
    assert titled(labels, "quadrant")[0] == ("to", "Turin and province", "Torino e provincia")
    tree = labels[labels["column"] == "territory"].set_index("code")
    assert tree.loc["ITC16", ["level", "parent"]].tolist() == ["province", "cn"]
    assert pd.isna(tree.loc["ITC1", "parent"])
