"""Needs against supply: worked examples, a count by hand of every pair, waves, unknown categories, crosswalks, refusals."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import impact
from impact.cli.terminal import print_findings
from impact.declare import check_programme, load_programme, shipped
from impact.errors import DeclarationError
from impact.measure import measure_indicators
from impact.publish import findings_table
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.store.snapshot import open_reader
from tests.support import maps
from tests.support.maps import mapped, needs, programme, services
from tests.support.programmes import edit
from tests.support.shipped import shipped_result

ALL = [mapped("coverage"), mapped("partial", "partial"), mapped("gaps", "gaps"), mapped("overlaps", "overlaps")]
CELL = ["territory", "theme", "target_group"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    opened: list[impact.Result] = []

    def start(*arguments: Any, **options: Any) -> impact.Result:
        opened.append(impact.run(programme(tmp_path / f"p{len(opened)}", *arguments, **options)))
        return opened[-1]

    yield start
    for result in opened:
        result.close()


def values(result: impact.Result, wave: str = "") -> dict[str, float | None]:
    frame = result.measures()
    whole = frame[(frame["scope"] == "programme") & (frame["group"] == "all") & (frame["wave"] == wave)]
    return {row.indicator: None if pd.isna(row.value) else row.value for row in whole.itertuples()}


def states(result: impact.Result, wave: str = "") -> dict[tuple[str, ...], str]:
    frame = result.map()
    return {tuple(row[name] for name in CELL): row["state"] for _, row in frame[frame["wave"] == wave].iterrows()}


def test_worked_example(run: Any) -> None:
    """Five cells: two bodies, one body, a part of the place, nothing, and a service that nobody asked for."""
    need = needs(
        ("town_a", "care", "older"), ("town_a", "care", "older"), ("town_b", "care", "older"), ("region", "work", "all"),
        ("south", "housing", "children"), voices=[3, 4, 5, 6, 7], severity=[2, 5, 1, None, 3],
    )  # fmt: skip
    supply = services(
        ("body_a", "north", "care", "older"), ("body_b", "town_a", "care", "all"), ("body_a", "north", "work", "all"),
        ("body_c", "north", "housing", "children"), capacity=[10, 5, 2, 1], users=[8, None, 1, 0],
    )  # fmt: skip
    result = run(need, supply, ALL)
    assert values(result) == {"coverage": 0.5, "partial": 1, "gaps": 1, "overlaps": 1}
    cells = result.map().set_index(CELL)
    row = cells.loc[("town_a", "care", "older")]
    assert row["state"] == "overlap"
    assert (row["needs"], row["voices"], row["severity"]) == (2, 7, 5)
    assert (row["services"], row["bodies"], row["capacity"], row["users"]) == (2, 2, 15, 8)
    assert cells.loc[("town_b", "care", "older"), "state"] == "covered"
    assert cells.loc[("region", "work", "all"), ["state", "services", "partial_services"]].tolist() == ["partial", 0, 1]
    assert cells.loc[("south", "housing", "children"), "state"] == "gap"
    assert cells.loc[("north", "housing", "children"), "state"] == "supply_only"
    assert cells.loc[("town_a", "care", "older"), "title_en"] == "Town_A · Care · Older"
    documents = json.loads(row["documents"])
    assert [(d["part"], d["id"]) for d in documents] == [
        ("need", "n0"), ("need", "n1"), ("service", "s0"), ("service", "s1"),
    ]  # fmt: skip
    assert documents[2]["quote"] == "made for a test"


@pytest.mark.parametrize(
    ("need", "service", "state"),
    [
        (("town_a", "care", "older"), ("town_a", "care", "older"), "covered"),
        (("town_a", "care", "older"), ("region", "care", "all"), "covered"),
        (("region", "care", "older"), ("town_a", "care", "older"), "partial"),
        (("town_a", "care", "all"), ("region", "care", "older"), "partial"),
        (("town_a", "care", "older"), ("town_b", "care", "older"), "gap"),
        (("town_a", "care", "older"), ("town_a", "work", "older"), "gap"),
        (("town_a", "care", "older"), ("town_a", "care", "carers"), "gap"),
        (("north", "care", "older"), ("south", "care", "older"), "gap"),
    ],
)
def test_a_service_above_covers_one_below_only_in_part(
    run: Any, need: tuple[str, str, str], service: tuple[str, str, str], state: str
) -> None:
    assert states(run(needs(need), services(("body_a", *service)), ALL))[need] == state


@pytest.mark.parametrize(
    ("bodies", "overlaps"), [(("body_a", "body_a"), 0), (("body_a", "body_b"), 1), (("body_a", ""), 0), (("", ""), 0)]
)
def test_an_overlap_takes_two_bodies_with_a_name(run: Any, bodies: tuple[str, str], overlaps: int) -> None:
    place = ("town_a", "care", "older")
    found = values(run(needs(place), services(*((body, *place) for body in bodies)), ALL))
    assert found == {"coverage": 1, "partial": 0, "gaps": 0, "overlaps": overlaps}


def test_a_service_of_an_unknown_body_is_set_aside(run: Any) -> None:
    place = ("town_a", "care", "older")
    result = run(needs(place), services(("body_a", *place), ("nobody", *place)), ALL)
    assert result.quarantine()[["source", "column", "rule", "value"]].values.tolist() == [
        ["supply_rows", "organisation_id", "foreign_key", "nobody"]
    ]
    assert values(result)["overlaps"] == 0


def test_waves_tell_before_from_after_and_a_blank_holds_at_both(run: Any) -> None:
    need = needs(("town_a", "care", "older"), ("town_b", "care", "older"))
    supply = services(
        ("body_a", "town_a", "care", "older"), ("body_b", "town_b", "care", "older"), wave=["", "after"]
    )  # fmt: skip
    after = {"ex_post": {"wave": "after"}, "ex_ante": {"baseline": {"wave": "before"}}}
    target = {"target": {"value": 0, "due": "2021", "origin": {"note": "made up"}}}
    gaps = mapped("gaps", "gaps", direction="decrease", ex_post=after["ex_post"], ex_ante=after["ex_ante"] | target)
    result = run(need, supply, [mapped("coverage", **after), gaps])
    assert values(result, "before") == {"coverage": 0.5, "gaps": 1}
    assert values(result, "after") == {"coverage": 1, "gaps": 0}
    assert states(result, "before")[("town_b", "care", "older")] == "gap"
    assert states(result, "after")[("town_b", "care", "older")] == "covered"
    finding = result.findings().set_index("indicator").loc["gaps"]
    assert (finding["baseline"], finding["value"], finding["attainment"]) == (1, 0, "reached")
    assert finding["progress"] == 1


def test_a_wave_that_no_row_names_is_the_same_as_any(run: Any) -> None:
    place = ("town_a", "care", "older")
    result = run(needs(place), services(("body_a", *place)), [mapped("coverage", ex_post={"wave": "after"})])
    assert values(result, "after") == {"coverage": 1}


def test_a_period_does_not_pool_what_waves_tell_apart(run: Any) -> None:
    place = ("town_a", "care", "older")
    result = run(needs(place), services(("body_a", *place), wave=["after"]), [mapped("coverage")])
    measures = result.measures()
    assert set(measures["wave"]) == {"after"}
    assert measures["value"].isna().all()
    assert measures["method"].str.startswith("not estimable because the rows tell waves apart").all()
    assert result.findings()["value"].isna().all()


def test_unknown_categories_keep_their_rows_and_are_listed(run: Any) -> None:
    need = needs(("town_a", "care", "older"), ("town_a", "dancing", "older"), ("town_a", "dancing", "tall"))
    supply = services(("body_a", "town_a", "care", "older"), ("body_b", "town_a", "care", "tall"))
    result = run(need, supply, ALL)
    assert result.report.rows_bad == 0
    row = result.findings().set_index("indicator").loc["coverage"]
    assert (row["value"], row["n"], list(row["flags"])) == (1, 1, ["unmapped"])
    assert result.measures().set_index("indicator").loc["coverage", "n_missing"] == 2
    assert result.unmapped()[["source", "column", "category", "rows"]].values.tolist() == [
        ["need_rows", "target_group", "tall", 1],
        ["need_rows", "theme", "dancing", 2],
        ["supply_rows", "target_group", "tall", 1],
    ]
    kept = states(result)
    assert kept[("town_a", "dancing", "older")] == kept[("town_a", "care", "tall")] == "unmapped"


def test_a_service_of_unknown_kind_is_flagged_because_it_might_fill_a_gap(run: Any) -> None:
    result = run(needs(("town_a", "care", "older")), services(("body_a", "town_a", "dancing", "older")), ALL)
    assert values(result)["gaps"] == 1
    assert [list(flags) for flags in result.findings()["flags"]] == [["unmapped"]] * 4


def test_an_unknown_territory_is_set_aside_and_an_unknown_wave_is_listed(run: Any) -> None:
    need = needs(("town_a", "care", "older"), ("atlantis", "care", "older"))
    result = run(need, services(("body_a", "town_a", "care", "older"), wave=["afterwards"]), ALL)
    assert result.quarantine().query("severity == 'error'")["value"].tolist() == ["atlantis"]
    assert result.unmapped()[["column", "category"]].values.tolist() == [["wave", "afterwards"]]
    assert values(result)["gaps"] == 1
    assert "unmapped" in result.findings()["flags"].iloc[0]


def test_weights_count_each_need_by_its_severity_or_voices(run: Any) -> None:
    need = needs(
        ("town_a", "care", "older"), ("town_b", "care", "older"), ("town_b", "work", "older"),
        voices=[30, 10, None], severity=[1, 4, 5],
    )  # fmt: skip
    weighted = [mapped(name, formula={"weight": name}) for name in ("voices", "severity")]
    result = run(need, services(("body_a", "town_a", "care", "older")), weighted)
    assert values(result) == pytest.approx({"voices": 30 / 40, "severity": 1 / 10})
    measures = result.measures().set_index("indicator")
    assert measures.loc["voices", ["n", "n_missing"]].tolist() == [3, 1]


def test_cuts_filter_and_columns_to_match(run: Any) -> None:
    need = needs(
        ("town_a", "care", "older"), ("town_a", "work", "all"), ("south", "care", "older"),
        source=["interviews", "surveys", "surveys"],
    )  # fmt: skip
    cut = mapped("cut", by=["source"], scope=["territory"])
    kept = mapped("kept", "gaps", where=[{"column": "source", "equals": "surveys"}])
    anywhere = mapped("anywhere", formula={"match": ["theme"]})
    result = run(need, services(("body_a", "town_a", "care", "older")), [cut, kept, anywhere])
    frame = result.measures().query("indicator == 'cut'")
    by = dict(zip(frame["scope_value"] + frame["group_value"], frame["value"], strict=True))
    places = {"region": 1 / 3, "north": 0.5, "town_a": 0.5, "south": 0}
    assert by == pytest.approx({"": 1 / 3, "interviews": 1, "surveys": 0, **places})
    assert values(result)["kept"] == 2
    assert values(result)["anywhere"] == 0.5
    themes = result.map().query("match == 'theme'").set_index("theme")
    assert themes["state"].to_dict() == {"care": "covered", "work": "gap"}
    assert themes["territory"].tolist() == ["", ""]
    assert themes.loc["care", "title_it"] == "Care"


def test_nothing_to_tell_is_no_number(run: Any) -> None:
    empty = needs(("town_a", "care", "older")).assign(territory="atlantis")
    result = run(empty, services(("body_a", "town_a", "care", "older")), ALL)
    assert result.findings()["value"].isna().all()
    assert result.map()["state"].tolist() == ["supply_only"]


def test_the_stored_query_gives_the_finding(run: Any) -> None:
    need = needs(("town_a", "care", "older"), ("region", "work", "all"), ("south", "work", "tall"), voices=[2, 3, 9])
    result = run(need, services(("body_a", "north", "care", "all")), [*ALL, mapped("w", formula={"weight": "voices"})])
    found = result.findings().set_index("indicator")
    for name, query in result.warehouse.rows("SELECT indicator, query FROM impact.definition"):
        assert result.warehouse.rows(query) == [("", pytest.approx(found.loc[name, "value"]), found.loc[name, "n"])]
    sources = result.trace("mapped/coverage").plain()["sources"]
    assert [source["source"] for source in sources] == ["need_rows", "supply_rows"]
    assert found.loc["coverage", "data_kind"] == "synthetic"


# ---- against a count by hand of every pair


def ups(tree: dict[str, str | None], code: str) -> set[str]:
    found = {code}
    while parent := tree[code]:
        found.add(code := parent)
    return found


TREES = {"territory": maps.TERRITORIES, "theme": maps.THEMES, "target_group": maps.GROUPS}


def by_hand(need: pd.DataFrame, supply: pd.DataFrame) -> dict[str, float]:
    """Compare every cell with every service, one at a time."""
    counted = dict.fromkeys(("covered", "partial", "gap", "overlap"), 0)
    cells = {tuple(row) for row in need[CELL].to_numpy()}
    for cell in cells:
        covering, touching = set(), 0
        for service in supply.to_dict("records"):
            codes = [(TREES[name], here, service[name]) for name, here in zip(CELL, cell, strict=True)]
            if all(there in ups(tree, here) for tree, here, there in codes):
                covering.add(service["organisation_id"] or None)
            elif all(there in ups(tree, here) or here in ups(tree, there) for tree, here, there in codes):
                touching += 1
        named = covering - {None}
        state = "overlap" if len(named) > 1 else "covered" if covering else "partial" if touching else "gap"
        counted[state] += 1
    return {
        "coverage": (counted["covered"] + counted["overlap"]) / len(cells),
        "partial": counted["partial"],
        "gaps": counted["gap"],
        "overlaps": counted["overlap"],
    }


places = st.tuples(*(st.sampled_from(sorted(TREES[name])) for name in CELL))
offers = st.tuples(st.sampled_from(["body_a", "body_b", ""]), places).map(lambda pair: (pair[0], *pair[1]))


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = ("town_a", "care", "older")
    folder = tmp_path_factory.mktemp("map") / "p"
    return load_programme(programme(folder, needs(place), services(("body_a", *place)), ALL))


def measured(declared: Any, need: pd.DataFrame, supply: pd.DataFrame) -> dict[str, float]:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA mapped")
        for name, frame in (("need", need), ("supply", supply)):
            contract = declared.contracts[name]
            given = frame.reindex(columns=list(contract.columns)).replace("", None)
            connection.register("_frame", given)
            typed = ", ".join(
                f"CAST({c} AS {'BIGINT' if column.type == 'integer' else 'VARCHAR'}) AS {c}"
                for c, column in contract.columns.items()
            )
            connection.execute(f"CREATE TABLE mapped.{name} AS SELECT {typed} FROM _frame")
        frame = measure_indicators(connection, declared, declared.indicators).values
    return dict(zip(frame["indicator"], frame["value"], strict=True))


@settings(max_examples=15)
@given(
    st.lists(places, min_size=1, max_size=12),
    st.lists(offers, max_size=8),
    offers,
    st.randoms(use_true_random=False),
)
def test_any_map_is_the_count_by_hand(
    declared: Any, wanted: list[Any], offered: list[Any], more: Any, random: Any
) -> None:
    need, supply = needs(*wanted), services(*offered)
    found = measured(declared, need, supply)
    assert found == pytest.approx(by_hand(need, supply))
    cells = len(need[CELL].drop_duplicates())
    assert found["coverage"] * cells + found["partial"] + found["gaps"] == pytest.approx(cells)
    seed = random.randrange(1000)
    again = measured(declared, need.sample(frac=1, random_state=seed), supply.sample(frac=1, random_state=seed))
    assert again == found
    richer = measured(declared, need, services(*offered, more))
    assert richer["coverage"] >= found["coverage"]
    assert richer["overlaps"] >= found["overlaps"]
    assert richer["gaps"] <= found["gaps"]


# ---- what changes is done again


def test_a_corrected_supply_renews_findings_and_map_and_no_change_does_nothing(tmp_path: Path) -> None:
    place, other = ("town_a", "care", "older"), ("town_b", "care", "older")
    folder = programme(tmp_path / "p", needs(place, other), services(("body_a", *place)), ALL)
    db = tmp_path / "m.duckdb"
    impact.run(folder, db).close()
    second = impact.run(folder, db)
    assert (second.report.loaded, second.report.computed) == ((), ())
    assert len(second.map()) == 2
    second.close()
    services(("body_a", *place), ("body_b", *other)).to_csv(folder / "raw" / "supply.csv", index=False)
    third = impact.run(folder, db)
    assert set(third.report.computed) == {"coverage", "partial", "gaps", "overlaps"}
    assert states(third) == {place: "covered", other: "covered"}
    third.close()
    file = folder / "indicators.yaml"
    file.write_text(file.read_text().replace("kind: territory_map, measure: coverage, supply: supply", "kind: count"))
    for name in ("partial", "gaps", "overlaps"):
        edit(file, f"kind: territory_map, measure: {name}, supply: supply", "kind: count")
    last = impact.run(folder, db)
    assert last.map().empty
    last.close()


# ---- declarations that do not hold together


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"formula": {"supply": "offer"}}, "there is no contract 'offer'"),
        ({"formula": {"supply": "need"}}, "needs and supply are the same contract"),
        ({"formula": {"supply": "organisation"}}, "contract 'organisation' has no column 'theme' to match by"),
        ({"sample": {"all_units": True}}, "a territory_map takes no sample"),
        ({"by": ["colour"]}, "contract 'need' has no column 'colour'"),
        ({"ex_post": {"wave": "later"}}, "there is no wave 'later'"),
        ({"contract": "organisation"}, "contract 'organisation' has no column 'territory' to match by"),
        (
            {"contract": "organisation", "formula": {"weight": "voices"}},
            "contract 'organisation' has no column 'voices'",
        ),
    ],
)
def test_wrong_maps_are_refused_with_the_reason(tmp_path: Path, fields: dict[str, Any], problem: str) -> None:
    place = ("town_a", "care", "older")
    folder = programme(tmp_path / "p", needs(place), services(("body_a", *place)), [mapped("m", **fields)])
    problems = check_programme(load_programme(folder))
    assert problem in [item.what for item in problems]
    assert all(item.file and (item.expected or item.found or item.fix or item.field) for item in problems)


@pytest.mark.parametrize(
    ("formula", "problem"),
    [
        ({"match": []}, "at least 1 item"),
        ({"match": ["theme", "theme"]}, "'theme' stands twice"),
        ({"match": ["colour"]}, "'territory', 'theme' or 'target_group'"),
        ({"measure": "gaps", "weight": "voices"}, "weight goes with measure: coverage"),
        ({"measure": "holes"}, "'coverage', 'partial', 'gaps' or 'overlaps'"),
    ],
)
def test_a_formula_that_means_nothing_is_refused(tmp_path: Path, formula: dict[str, Any], problem: str) -> None:
    place = ("town_a", "care", "older")
    folder = programme(tmp_path / "p", needs(place), services(("body_a", *place)), [mapped("m", formula=formula)])
    with pytest.raises(DeclarationError, match=problem):
        load_programme(folder)


def test_codelists_of_the_programme_are_asked_for(tmp_path: Path) -> None:
    place = ("town_a", "care", "older")
    folder = programme(tmp_path / "p", needs(place), services(("body_a", *place)), ALL)
    edit(folder / "contracts.yaml", "id: target_group", "id: addressee")
    assert "there is no codelist 'target_group'" in [item.what for item in check_programme(load_programme(folder))]


def test_two_codelists_cannot_be_matched(tmp_path: Path) -> None:
    place = ("town_a", "care", "older")
    folder = programme(
        tmp_path / "p", needs(place), services(("body_a", *place)), [mapped("m", formula={"supply": "offer"})]
    )
    text = (folder / "contracts.yaml").read_text()
    offer = "contracts:\n- {id: offer, title: Offer, unit_of_analysis: offer, key: [k], columns: {k: {type: text, required: true}, organisation_id: {type: text}, territory: {type: code, codelist: theme}, theme: {type: code, codelist: theme}, target_group: {type: code, codelist: target_group}}}\n"
    (folder / "contracts.yaml").write_text(text + offer)
    found = [item for item in check_programme(load_programme(folder)) if "two codelists" in item.what]
    assert [(item.expected, item.found) for item in found] == [("territory", "theme")]


# ---- crosswalk files


def crossed(folder: Path, text: str, column: str = "theme") -> Path:
    supply = services(("body_a", "town_a", "Home help", "older"), ("body_a", "town_a", "Dancing", "older"))
    made = programme(folder, needs(("town_a", "care", "older")), supply, ALL, crosswalk={column: "bodies.csv"})
    (made / "bodies.csv").write_text(text, encoding="utf-8")
    return made


def test_a_crosswalk_maps_the_categories_of_a_body(tmp_path: Path) -> None:
    folder = crossed(tmp_path / "p", "\ufefffrom,to,note\nHome help , care,their words\n\n")
    db = tmp_path / "m.duckdb"
    first = impact.run(folder, db)
    assert values(first)["coverage"] == 1
    assert first.unmapped()["category"].tolist() == ["Dancing"]
    first.close()
    (folder / "bodies.csv").write_text("from,to\nHome help,work\nDancing,care\n", encoding="utf-8")
    second = impact.run(folder, db)
    assert second.report.loaded == ("supply_rows",)
    assert second.unmapped().empty
    assert second.map()["documents"].str.contains('"s1"').any()
    second.close()


@pytest.mark.parametrize(
    ("text", "problem", "line"),
    [
        ("from,to\nHome help,care\nHome help,work\n", "maps 'Home help' twice", 3),
        ("from,to\nHome help,\n", "lacks a code", 2),
        ("from,to\nHome help\n", "lacks a code", 2),
        ("code,to\nHome help,care\n", "one column 'from' and one 'to'", 1),
        ("from,to,to\nHome help,care,work\n", "one column 'from' and one 'to'", 1),
        ("", "one column 'from' and one 'to'", 1),
        ('from,to\n"Home help,care\n', "cannot be read", None),
        (f"from,to\n{'x' * 201},care\n", "longer than 200", 2),
    ],
)
def test_a_crosswalk_that_cannot_be_used_is_refused(tmp_path: Path, text: str, problem: str, line: int | None) -> None:
    with pytest.raises(DeclarationError) as refused:
        load_programme(crossed(tmp_path / "p", text))
    ((found,),) = [refused.value.problems]
    assert problem in found.what
    assert (found.file, found.line) == ("bodies.csv", line)
    assert found.fix or found.found


def test_a_crosswalk_is_checked_against_codes_columns_and_folder(tmp_path: Path) -> None:
    unknown = check_programme(load_programme(crossed(tmp_path / "a", "from,to\nHome help,nursing\n")))
    assert [item.what for item in unknown] == ["bodies.csv maps to 'nursing', which 'theme' does not have"]
    column = check_programme(load_programme(crossed(tmp_path / "b", "from,to\nHome help,care\n", column="colour")))
    assert [item.what for item in column] == ["contract 'supply' has no column 'colour'"]
    folder = crossed(tmp_path / "c", "from,to\nHome help,care\n")
    (folder / "bodies.csv").unlink()
    with pytest.raises(DeclarationError, match="cannot be read"):
        load_programme(folder)
    folder = crossed(tmp_path / "d", "from,to\nHome help,care\n")
    edit(folder / "sources.yaml", "bodies.csv", "../bodies.csv")
    with pytest.raises(DeclarationError, match="outside the programme folder"):
        load_programme(folder)
    folder = crossed(tmp_path / "e", "from,to\nHome help,care\n")
    edit(folder / "sources.yaml", "crosswalk:", "recode: {theme: {Home help: care}}\n  crosswalk:")
    with pytest.raises(DeclarationError, match="give either recode or crosswalk"):
        load_programme(folder)


# ---- what the documents say


def rows(name: str) -> list[dict[str, str]]:
    with (shipped("data") / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_wecare_services_are_the_projects_the_report_names_under_each_theme() -> None:
    themes, supply = rows("wecare/raw/themes.csv"), rows("wecare/raw/supply.csv")
    assert [f"{row['project_id']}_{row['theme']}" for row in themes] == [row["service_id"] for row in supply]
    projects = {row["project_id"]: row for row in rows("wecare/raw/projects.csv")}
    for theme, service in zip(themes, supply, strict=True):
        project = projects[theme["project_id"]]
        assert service["organisation_id"] == project["lead_id"]
        assert service["territory"] == (project["province"] or f"quadrant {project['quadrant']}")


def test_services_are_told_apart_by_every_part_of_their_key(tmp_path: Path) -> None:
    supply = services(("body_a", "town_a", "care", "all"), ("body_b", "south", "work", "all"))
    supply = supply.assign(service_id=["a b", "a"], part=["c", "b c"])  # joined by a blank, both would read "a b c"
    folder = programme(tmp_path / "p", needs(("town_a", "care", "older")), supply, [mapped("all")])
    shared = yaml.safe_load((shipped("schemas") / "contracts" / "supply.yaml").read_text(encoding="utf-8"))
    own = shared["contracts"][0] | {"key": ["service_id", "part"]}
    own["columns"] |= {name: {"type": "text", "required": True} for name in own["key"]}
    content = yaml.safe_load((folder / "contracts.yaml").read_text(encoding="utf-8"))
    content |= {"shared": ["organisation", "need"], "contracts": [own]}
    (folder / "contracts.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    result = impact.run(folder)
    assert states(result) == {("town_a", "care", "older"): "covered", ("south", "work", "all"): "supply_only"}
    result.close()


def test_a_map_is_not_published_before_its_findings(tmp_path: Path) -> None:
    folder = programme(
        tmp_path / "p",
        needs(("town_a", "care", "older")),
        services(("body_a", "south", "work", "all")),
        [mapped("all")],
    )
    declared = load_programme(folder)

    def read(until: str) -> list[list[tuple[object, ...]]]:
        with Warehouse(tmp_path / "db.duckdb") as warehouse:
            run_programme(declared, warehouse, until=until)
        with open_reader(tmp_path / "db.duckdb") as reader:
            queries = ("SELECT state FROM impact.map_cell WHERE needs > 0", "SELECT value FROM impact.finding")
            return [reader.rows(query) for query in queries]

    before = [[("gap",)], [(0.0,)]]
    assert read("publish") == before
    services(("body_a", "town_a", "care", "all")).to_csv(folder / "raw" / "supply.csv", index=False)
    assert read("validate") == read("measure") == before
    assert read("publish") == [[("covered",)], [(1.0,)]]


def test_a_terminal_says_that_needs_have_no_place(tmp_path: Path) -> None:
    need = needs(("town_a", "care", "older"), ("town_a", "another list", "older"))
    supply = services(("body_a", "town_a", "care", "older"))
    with impact.run(programme(tmp_path / "p", need, supply, [mapped("answered")])).warehouse as warehouse:
        console = Console(record=True, width=200, file=io.StringIO())
        print_findings(console, findings_table(warehouse), show_parts=False)
    assert "after 100.0%  ·  – no target  ·  some of no known category" in console.export_text()


def test_what_wecare_and_milano_name_is_answered_so_far(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Wecare: two needs are named for one province, and a project works there; all others hold for the whole region."""
    with_result = shipped_result(tmp_path_factory, "wecare")
    found = {key: value for key, value in values(with_result).items() if key.startswith("needs_")}
    assert found == pytest.approx({"needs_answered": 2 / 11, "needs_answered_in_part": 9, "needs_unanswered": 0})
    unmapped = with_result.unmapped()
    assert unmapped.loc[unmapped["contract"] != "synthetic_expenditure", "rows"].tolist() == [1, 1]
    assert set(with_result.map().query("state == 'covered'")["territory"]) == {"ITC11", "ITC15"}
    with_result.close()
    milano = shipped_result(tmp_path_factory, "milano_sei_laltro")
    found = {key: value for key, value in values(milano).items() if key.startswith("needs_")}
    assert found == pytest.approx({"needs_answered": 3 / 6, "needs_unanswered": 2})
    assert set(milano.map().query("state == 'gap'")["theme"]) == {"lavoro", "cura"}
    milano.close()
