"""Territories with hierarchy: the shared list, sums at every level against direct computation, bad input by name."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import impact
from impact.declare import check_programme, load_programme, shipped
from impact.declare.contracts import Codelist, ContractsFile
from impact.declare.hierarchy import branches, codes_within
from impact.declare.load import read_declaration
from impact.errors import ProblemsError
from impact.measure import measure_indicators
from impact.tables.files import Quarantine
from impact.tables.registry import create_sql
from tests.support.programmes import edit, indicator, written
from tests.support.shipped import shipped_result

TREE = {
    "country": None,
    "north": "country",
    "south": "country",
    "n1": "north",
    "n2": "north",
    "s1": "south",
}
LEVELS = ["top", "middle", "low"]
FORMULAS: dict[str, dict[str, Any]] = {
    "total": {"kind": "sum", "column": "y"},
    "rows": {"kind": "count"},
    "mean": {"kind": "mean", "column": "y"},
    "share": {"kind": "proportion", "of": {"column": "y", "above": 0}},
    "ratio": {"kind": "ratio", "numerator": "y", "denominator": "x"},
    "median": {"kind": "quantile", "column": "y"},
    "kinds": {"kind": "count_distinct", "column": "y"},
}


def codelist(tree: Mapping[str, str | None], levels: list[str], level: Callable[[str], str]) -> dict[str, Any]:
    codes = [
        {"code": code, "title": f"Title of {code}", "level": level(code), **({"parent": parent} if parent else {})}
        for code, parent in tree.items()
    ]
    return {"id": "places", "title": "Places", "levels": levels, "codes": codes}


def depth(tree: Mapping[str, str | None], code: str) -> int:
    parent = tree[code]
    return 0 if parent is None else 1 + depth(tree, parent)


def programme(folder: Path, frame: pd.DataFrame, indicators: list[dict[str, Any]], places: dict[str, Any]) -> Path:
    """Write a programme whose column ``place`` has a codelist."""
    written(folder, frame, indicators, key=("row",), person=None)
    path = folder / "contracts.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    columns = content["contracts"][0]["columns"]
    columns["place"] = {"type": "code", "codelist": "places"}
    plain = json.loads(json.dumps({"codelists": [places], **content}))
    path.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return folder


def small(folder: Path, **fields: Any) -> Path:
    """Six rows in the tree above: one coded at ``north`` itself, one without a place."""
    frame = pd.DataFrame(
        {
            "row": [f"r{i}" for i in range(6)],
            "place": ["n1", "n1", "n2", "north", "s1", None],
            "y": [1, 2, 3, 4, 5, 6],
            "x": [1, 1, 1, 1, 1, 1],
            "w": [1.5, 2.0, 0.5, 3.0, 1.0, 4.0],
        }
    )
    wanted = [indicator(name, formula=formula, scope=["place"], **fields) for name, formula in FORMULAS.items()]
    return programme(folder, frame, wanted, codelist(TREE, LEVELS, lambda code: LEVELS[depth(TREE, code)]))


# ------------------------------------------------------------------ the shared list of Italian territories


@pytest.fixture(scope="module")
def italy() -> Codelist:
    path = shipped("schemas") / "codelists" / "territory_it.yaml"
    return read_declaration(path, ContractsFile, path.name)[0].codelists[0]


def test_italy_has_the_numbers_of_the_nuts_regulation(italy: Codelist) -> None:
    """Annex I of Regulation (EC) 1059/2003 as amended by 2019/1755: 5, 21 and 107 units for Italy."""
    assert Counter(item.level for item in italy.codes) == {
        "country": 1,
        "region_group": 5,
        "region": 21,
        "province": 107,
    }
    assert all(item.code[:-1] == item.parent for item in italy.codes if item.level != "country" and item.code != "IT")
    lengths = {"country": 2, "region_group": 3, "region": 4, "province": 5}
    assert all(len(item.code) == lengths[str(item.level)] for item in italy.codes)


def test_italy_carries_the_codes_of_istat(italy: Codelist) -> None:
    """ISTAT numbers regions 01 to 20 and provinces 001 to 111, four of which (Sardinia's 104 to 107) are abolished."""
    regions = [item.same_as["istat"] for item in italy.codes if item.level == "region" and item.same_as]
    assert sorted([*regions, "04"]) == [f"{number:02}" for number in range(1, 21)]
    provinces = {item.same_as["istat"] for item in italy.codes if item.level == "province"}
    assert provinces == {f"{number:03}" for number in range(1, 112) if number not in (104, 105, 106, 107)}
    cities = {item.title["it"]: item.same_as["uts"] for item in italy.codes if item.same_as.get("uts", "0") > "200"}
    assert len(cities) == 14
    assert (cities["Torino"], cities["Milano"], cities["Cagliari"]) == ("201", "215", "292")


def test_piedmont_and_sardinia_as_in_2021(italy: Codelist) -> None:
    plates = {
        region: "".join(sorted(item.same_as["plate"] for item in italy.codes if item.parent == region))
        for region in ("ITC1", "ITG2")
    }
    assert plates == {"ITC1": "ALATBICNNOTOVBVC", "ITG2": "CANUORSSSU"}
    piedmont = [item.code for item in italy.codes if item.parent == "ITC1"]
    assert piedmont == [f"ITC1{number}" for number in range(1, 9)]


def test_quadrants_of_wecare_use_the_codes_of_the_shared_list(italy: Codelist) -> None:
    shared = {item.code: item for item in italy.codes}
    own = load_programme(shipped("data") / "wecare").codelists["territory"]
    official = [item for item in own.codes if item.level != "quadrant"]
    assert len(official) == 9
    for item in official:
        assert (item.title, item.same_as) == (shared[item.code].title, shared[item.code].same_as)


# ------------------------------------------------------------------ the example programmes


def only(folder: Path, name: str, wanted: str) -> Path:
    """Copy an example programme with one of its indicators."""
    shutil.copytree(shipped("data") / name, folder)
    path = folder / "indicators.yaml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))["indicators"]
    kept = [item for item in declared if item["id"] == wanted]
    path.write_text(yaml.safe_dump({"indicators": kept}, allow_unicode=True), encoding="utf-8")
    (folder / "value.yaml").unlink(missing_ok=True)  # of other indicators
    (folder / "export.yaml").unlink(missing_ok=True)
    return folder


def test_wecare_quadrants_and_provinces_add_up(tmp_path: Path) -> None:
    """The report: 22 projects, of which 10, 5, 1 and 6 by quadrant; three of them in no single stated province."""
    result = impact.run(only(tmp_path / "wecare", "wecare", "projects_financed"))
    table = result.findings()
    trace = result.trace("wecare/projects_financed/territory=cn")
    result.close()
    rows = table[table["indicator"] == "projects_financed"]
    assert list(zip(rows["scope_value"], rows["value"], strict=True)) == [
        ("", 22), ("ITC1", 22), ("to", 10), ("ITC11", 9), ("cn", 5), ("ITC16", 4), ("at_al", 1),
        ("vco_vc_bi_no", 6), ("ITC14", 1), ("ITC12", 1), ("ITC13", 1), ("ITC15", 3),
    ]  # fmt: skip
    assert {v for v, flags in zip(rows["scope_value"], rows["flags"], strict=True) if "own_rows" in flags} == {
        "to",
        "cn",
        "at_al",
    }
    assert rows["part_en"].iloc[1] == "Piedmont"
    assert trace.files[0].rows_used == 5
    assert trace.files[0].first_lines == (2, 3, 4, 5, 6)


def test_talents4coop_cities_stand_under_their_province(tmp_path_factory: pytest.TempPathFactory) -> None:
    result = shipped_result(tmp_path_factory, "talents4coop")
    table = result.findings().set_index("finding")
    result.close()
    shares = table[table["indicator"] == "bodies_with_project"]
    region = shares.loc["talents4coop/bodies_with_project/territory=ITH5"]
    assert region["value"] == pytest.approx(9 / 11)  # 11 bodies, of which Rimini's and Parma's have no project
    assert region["part_it"] == "Emilia-Romagna"
    assert shares.loc["talents4coop/bodies_with_project/territory=ITH59", "value"] == 0


# ------------------------------------------------------------------ every level adds up or says why not


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    result = impact.run(small(tmp_path_factory.mktemp("few") / "made"))
    table = result.findings()
    result.close()
    return table.set_index(["indicator", "scope_value"])


def test_sums_by_hand_with_reasons(few: pd.DataFrame) -> None:
    totals = few.loc["total"]
    assert totals["value"].to_dict() == {
        "": 21, "country": 15, "north": 10, "n1": 3, "n2": 3, "south": 5, "s1": 5, "(no value)": 6,
    }  # fmt: skip
    flags = {code: list(words) for code, words in totals["flags"].items() if len(words)}
    assert flags == {"": ["no_value"], "north": ["own_rows"]}


def test_whole_then_each_code_before_its_parts(few: pd.DataFrame) -> None:
    assert list(few.loc["total"].index) == ["", "country", "north", "n1", "n2", "south", "s1", "(no value)"]
    assert few.loc["total"]["part_depth"].dropna().tolist() == [0, 1, 2, 2, 1, 2]


def test_a_distinct_count_says_where_parts_overlap(tmp_path: Path) -> None:
    folder = small(tmp_path / "made")
    frame = pd.read_csv(folder / "raw" / "data.csv")
    frame.assign(y=[1, 1, 1, 2, 1, 3]).to_csv(folder / "raw" / "data.csv", index=False)
    result = impact.run(folder)
    kinds = result.findings().set_index("indicator").loc["kinds"].set_index("scope_value")
    result.close()
    assert kinds["value"].to_dict() == {
        "": 3, "country": 2, "north": 2, "n1": 1, "n2": 1, "south": 1, "s1": 1, "(no value)": 1,
    }  # fmt: skip
    assert list(kinds.loc["country", "flags"]) == ["overlap"]
    assert list(kinds.loc["north", "flags"]) == ["own_rows"]  # n1 and n2 add up to 2, by the row of north's own


TREES = st.integers(1, 9).flatmap(
    lambda size: st.tuples(*(st.integers(-1, place - 1) for place in range(size))).map(
        lambda above: {f"c{place}": None if up < 0 else f"c{up}" for place, up in enumerate(above)}
    )
)


@st.composite
def territories(draw: st.DrawFn) -> tuple[dict[str, str | None], pd.DataFrame]:
    tree = draw(TREES)
    place = st.sampled_from([*tree, None])
    number = st.one_of(st.none(), st.integers(-3, 6))
    rows = draw(st.lists(st.tuples(place, number, st.integers(1, 4)), min_size=1, max_size=25))
    frame = pd.DataFrame(rows, columns=["place", "y", "x"])
    frame["y"] = frame["y"].astype("float64")
    return tree, frame.assign(row=[f"r{i}" for i in range(len(frame))])


def truth(name: str, rows: pd.DataFrame) -> float | None:
    """Compute a formula over rows directly."""
    y = rows["y"].dropna()
    if name == "rows":
        return float(len(rows))
    if name == "kinds":
        return float(y.nunique())
    if y.empty:
        return None
    given = rows[rows["y"].notna()]
    return {
        "total": lambda: float(y.sum()),
        "mean": lambda: float(y.mean()),
        "share": lambda: float((y > 0).mean()),
        "ratio": lambda: float(given["y"].sum() / given["x"].sum()),
        "median": lambda: float(np.median(y)),
    }[name]()


def within(tree: Mapping[str, str | None], code: str) -> set[str]:
    """Return a code and everything below it, by repeated passes."""
    found = {code}
    while more := {c for c, parent in tree.items() if parent in found} - found:
        found |= more
    return found


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=territories())
def test_every_level_is_the_union_of_its_rows(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[dict[str, str | None], pd.DataFrame]
) -> None:
    tree, frame = case
    levels = [f"level{number}" for number in range(len(tree))]
    wanted = [indicator(name, formula=formula, scope=["place"]) for name, formula in FORMULAS.items()]
    places = codelist(tree, levels, lambda code: levels[depth(tree, code)])
    declared = load_programme(programme(tmp_path_factory.mktemp("tree") / "made", frame, wanted, places))
    assert check_programme(declared) == []
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA made")
        connection.execute(
            "CREATE TABLE made.rows (row VARCHAR, place VARCHAR, y DOUBLE, x DOUBLE, _source VARCHAR, _row BIGINT)"
        )
        connection.execute("CREATE SCHEMA impact")
        connection.execute(create_sql(Quarantine.TABLE))
        connection.execute("INSERT INTO made.rows BY NAME SELECT * FROM frame")
        values = measure_indicators(connection, declared, declared.indicators).values
    for name in FORMULAS:
        own = values[values["indicator"] == name].set_index("scope_value")
        seen = {code for code in tree if set(frame["place"].dropna()) & within(tree, code)}
        assert set(own.index) - {"", "(no value)"} == seen
        for code in seen:
            expected = truth(name, frame[frame["place"].isin(within(tree, code))])
            assert (None if pd.isna(own.at[code, "value"]) else own.at[code, "value"]) == pytest.approx(expected)
    for name in ("total", "rows", "kinds"):
        assert_adds_up(name, tree, frame, values[values["indicator"] == name].set_index("scope_value"))


def assert_adds_up(name: str, tree: Mapping[str, str | None], frame: pd.DataFrame, own: pd.DataFrame) -> None:
    """Hold each parent against its shown parts: equal without a flag, and each flag where its reason is."""
    counted = frame if name == "rows" else frame[frame["y"].notna()]
    value = own["value"].fillna(0.0)
    for code in set(tree) & set(own.index):
        below = [part for part, parent in tree.items() if parent == code]
        if not below:
            assert not {"own_rows", "overlap"} & set(own.at[code, "flags"])
            continue
        parts = value[[part for part in below if part in value.index]].sum()
        flags = set(own.at[code, "flags"])
        assert ("own_rows" in flags) == bool((counted["place"] == code).any())
        assert ("overlap" in flags) == (name == "kinds" and parts > value[code])
        if not flags & {"own_rows", "overlap"}:
            assert parts == value[code]
    nested = any(tree.values())  # a list without parents is no hierarchy, and needs no flags
    assert ("no_value" in own.at["", "flags"]) == (nested and bool(counted["place"].isna().any()))
    tops = value[[code for code in own.index if code in tree and tree[code] is None]].sum()
    if nested and not set(own.at["", "flags"]) & {"no_value", "overlap"}:
        assert tops == value[""]


def test_weighted_sums_add_up_too(tmp_path: Path) -> None:
    result = impact.run(small(tmp_path / "made", sample={"weight": "w"}))
    total = result.findings().set_index("indicator").loc["total"].set_index("scope_value")["value"]
    result.close()
    assert total["north"] == 1.5 + 4 + 1.5 + 12
    assert total["country"] == total["north"] + total["south"]
    assert total[""] == total["country"] + total["(no value)"]


def test_effect_in_a_territory_is_that_of_its_rows(tmp_path: Path) -> None:
    """By territory with hierarchy, the effect in a region is the one by a flat column of regions."""
    rng = np.random.default_rng(5)
    n = 120
    frame = pd.DataFrame({"row": [f"r{i:03}" for i in range(n)], "place": rng.choice(["n1", "n2", "north", "s1"], n)})
    frame["region"] = frame["place"].map({"n1": "north", "n2": "north", "north": "north", "s1": "south"})
    frame["arm"] = np.where(rng.random(n) < 0.5, "T", "C")
    frame["y"] = rng.normal(size=n) + (frame["arm"] == "T") * (1 + (frame["region"] == "north"))
    design = {"kind": "randomised", "arm": "arm", "treated": "T", "comparison": "C"}
    wanted = [indicator("nested", design, by=["place"]), indicator("flat", design, by=["region"])]
    places = codelist(TREE, LEVELS, lambda code: LEVELS[depth(TREE, code)])
    result = impact.run(programme(tmp_path / "made", frame, wanted, places))
    table = result.findings().set_index("finding")
    result.close()
    columns = ["value", "estimate", "std_error", "effect_low", "effect_high", "n_obs"]
    for region in ("north", "south"):
        nested, flat = (table.loc[f"made/{name}={region}", columns] for name in ("nested/place", "flat/region"))
        assert nested.astype(float).tolist() == pytest.approx(flat.astype(float).tolist())
    whole, country = (table.loc[f"made/nested{part}", columns] for part in ("", "/place=country"))
    assert country.astype(float).tolist() == pytest.approx(whole.astype(float).tolist())


def test_another_hierarchy_computes_again(tmp_path: Path) -> None:
    folder, db = small(tmp_path / "made"), tmp_path / "made.duckdb"
    impact.run(folder, db).close()
    edit(
        folder / "contracts.yaml",
        "    level: low\n    parent: north\n  - code: s1",
        "    level: low\n    parent: south\n  - code: s1",
    )
    result = impact.run(folder, db)
    total = result.findings().set_index("indicator").loc["total"].set_index("scope_value")["value"]
    result.close()
    assert (total["north"], total["south"]) == (7, 8)


# ------------------------------------------------------------------ the tree itself


@given(tree=TREES, seed=st.integers(0, 99))
def test_branches_put_parents_first_and_leave_nothing_out(tree: dict[str, str | None], seed: int) -> None:
    places = codelist(tree, [f"level{place}" for place in range(9)], lambda code: f"level{depth(tree, code)}")
    declared = Codelist.model_validate(places)
    rng = np.random.default_rng(seed)
    labels = [code for code in tree if rng.random() < 0.5] + ["(no value)", "unknown"]
    found = branches(declared, labels)
    order = [branch.code for branch in found]
    assert len(order) == len(set(order))
    for branch in found:
        parent = tree.get(branch.code)
        assert parent is None or order.index(parent) < order.index(branch.code)
        if branch.code in tree:
            assert set(branch.members) == within(tree, branch.code) & set(labels)
            assert set(codes_within(declared, branch.code)) == within(tree, branch.code)
    assert {label for branch in found if branch.depth == 0 for label in branch.members} == set(labels)


# ------------------------------------------------------------------ bad input


def changed(code: str, /, **fields: Any) -> Callable[[dict[str, Any]], None]:
    def change(places: dict[str, Any]) -> None:
        item = next(item for item in places["codes"] if item["code"] == code)
        item.update(fields)
        for name in [name for name, value in item.items() if value is None]:
            del item[name]

    return change


BAD: dict[str, tuple[Callable[[dict[str, Any]], None], tuple[str, ...]]] = {
    "cycle": (changed("north", parent="n1"), ("hierarchy of codelist 'places'", "circle", "n1")),
    "own parent": (changed("north", parent="north"), ("circle", "north → north")),
    "missing parent": (changed("n1", parent="nowhere"), ("'n1' has parent 'nowhere'", "places.n1")),
    "orphan": (changed("s1", parent=None), ("'s1' stands in no hierarchy", "not a top")),
    "unknown level": (changed("n2", level="street"), ("'n2' is on no level", "street", "top, middle, low")),
    "no level": (changed("n2", level=None), ("'n2' is on no level", "no level")),
    "parent below": (changed("south", parent="n1"), ("parent 'n1' of 'south' is not on a level above it",)),
    "parent beside": (changed("s1", parent="n2"), ("parent 'n2' of 's1' is not on a level above it",)),
    "parent of the top": (changed("country", parent="north"), ("'north' of 'country'", "top level")),
    "same code twice": (changed("n2", code="n1"), ("code 'n1' stands twice",)),
    "level twice": (lambda places: places.update(levels=[*LEVELS, "low"]), ("'low' stands twice",)),
    "level without levels": (lambda places: places.update(levels=[]), ("'north' is on a level, but codelist 'places' has none",)),
    "same_as twice": (
        lambda places: (changed("n1", same_as={"istat": "001"})(places), changed("n2", same_as={"istat": "001"})(places)),
        ("'n1' and 'n2' are the same istat code", "001"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_hierarchies_are_named(tmp_path: Path, name: str) -> None:
    spoil, fragments = BAD[name]
    places = codelist(TREE, LEVELS, lambda code: LEVELS[depth(TREE, code)])
    spoil(places)
    frame = pd.DataFrame({"row": ["r1"], "place": ["s1"], "y": [1]})
    folder = programme(tmp_path / "made", frame, [indicator("total", formula=FORMULAS["rows"])], places)
    with pytest.raises(ProblemsError) as raised:
        impact.run(folder)
    text = "\n".join(map(str, raised.value.problems))
    for fragment in fragments:
        assert fragment in text, text
    assert "contracts.yaml:" in text  # with its line


def test_levels_may_be_left_out_on_the_way_up(tmp_path: Path) -> None:
    places = codelist(TREE, LEVELS, lambda code: LEVELS[depth(TREE, code)])
    changed("s1", parent="country")(places)
    frame = pd.DataFrame({"row": ["r1"], "place": ["s1"], "y": [1]})
    folder = programme(tmp_path / "made", frame, [indicator("total", formula=FORMULAS["rows"])], places)
    assert check_programme(load_programme(folder)) == []


def test_an_unknown_code_is_set_aside_with_the_code_shown(tmp_path: Path) -> None:
    folder = small(tmp_path / "made")
    edit(folder / "raw" / "data.csv", "r4,s1", "r4,atlantis")
    result = impact.run(folder)
    reasons = result.quarantine()
    total = result.findings().set_index("indicator").loc["total"].set_index("scope_value")["value"]
    result.close()
    assert reasons[["line", "column", "rule", "value"]].to_numpy().tolist() == [[6, "place", "codes", "atlantis"]]
    assert (total[""], total["country"], "south" in total) == (16, 10, False)


def test_a_shared_list_that_does_not_exist_is_answered_with_those_that_do(tmp_path: Path) -> None:
    folder = small(tmp_path / "made")
    path = folder / "contracts.yaml"
    path.write_text("shared: [territory_xx]\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ProblemsError, match=r"no shared contract or codelist 'territory_xx'.*territory_it"):
        load_programme(folder)
