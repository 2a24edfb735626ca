"""Totals that programmes reported, recomputed: the numbers against pandas, the states, and declarations that are wrong."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import impact
from impact.cli.main import main
from impact.declare import check_programme, load_programme, shipped
from impact.declare.yaml_file import read_yaml
from impact.errors import DeclarationError
from impact.measure.claims import equal, holds
from impact.states import ClaimState
from impact.store import Warehouse
from tests.support.programmes import edit, indicator, template, written
from tests.support.shipped import shipped_result

DOCUMENTS = os.environ.get("IMPACT_DOCUMENTS", "")
EXAMPLES = ("talents4coop", "wecare", "milano_sei_laltro")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    tables = {}
    for name in EXAMPLES:
        result = shipped_result(tmp_path_factory, name)
        tables[name] = result.claims().set_index("claim")
        result.close()
    return tables


def raw(programme: str, file: str) -> pd.DataFrame:
    return pd.read_csv(shipped("data") / programme / "raw" / f"{file}.csv")


def facts(programme: str) -> dict[str, float]:
    frame = raw(programme, "facts")
    return dict(zip(frame["fact_id"], frame["value"], strict=True))


def test_hours_of_support_are_171_and_not_177(published: dict[str, pd.DataFrame]) -> None:
    known = facts("talents4coop")
    parts = (
        known["plenary_trainings"] * known["plenary_hours_each"]
        + known["design_labs"] * known["design_lab_hours_each"]
        + known["coaching_hours"]
    )
    row = published["talents4coop"].loc["support_hours"]
    assert row["recomputed"] == parts == 171
    assert (row["stated"], row["qualifier"], row["difference"], row["state"]) == (177, "about", -6, "differs")
    assert row["relative_difference"] == pytest.approx(-6 / 177, rel=1e-15)
    assert "circa 177" in row["reason_it"]
    assert "171" in row["reason_en"]
    reading = json.loads(row["readings"])[0]
    assert (reading["recomputed"], reading["gives_the_stated"]) == (177, True)
    keys = [used["keys"] for used in json.loads(row["rows_used"])]
    assert keys[0] == ["plenary_trainings"]
    assert json.loads(row["origin"])["quote"] == "circa 177 ore di supporto e accompagnamento"


def test_counts_are_those_of_the_raw_files(published: dict[str, pd.DataFrame]) -> None:
    bodies, projects = raw("talents4coop", "organisations"), raw("talents4coop", "projects")
    table = published["talents4coop"]["recomputed"]
    assert table["territories"] == bodies["territory"].nunique() == 9
    assert table["cooperatives"] == (bodies["kind"] == "social_enterprise").sum() == 7
    assert table["consortia"] == (bodies["kind"] == "consortium").sum() == 3
    assert table["projects_described"] == projects["place"].nunique() == 7
    assert published["talents4coop"].loc["territories_listed", "reason_en"].endswith(": Modena")
    listed = raw("wecare", "projects")
    assert published["wecare"].loc["projects", "recomputed"] == len(listed) == 22
    for code, count in listed["quadrant"].value_counts().items():
        name = {"to": "turin", "cn": "cuneo", "at_al": "asti_alessandria"}.get(str(code), str(code))
        assert published["wecare"].loc[f"projects_{name}", "recomputed"] == count
    named = set(raw("milano_sei_laltro", "attendances")["organisation_id"])
    milano = published["milano_sei_laltro"]
    assert milano.loc["world_cafe_organisations", "recomputed"] == len(named - {"poste_italiane"}) == 21
    readings = json.loads(milano.loc["world_cafe_organisations", "readings"])
    assert readings[0]["recomputed"] == len(named - {"poste_italiane", "poste_insieme"}) == 20


def test_decimal_parts_add_up_as_decimals(published: dict[str, pd.DataFrame]) -> None:
    row = published["wecare"].loc["national_plan_funds"]
    exact = sum(Fraction(part) for part in ("11.17", "1.28", "0.18"))
    assert row["recomputed"] == pytest.approx(float(exact), rel=1e-15)
    assert row["difference"] == pytest.approx(0.05, rel=1e-9)
    assert row["state"] == "differs"


def test_which_claims_differ(published: dict[str, pd.DataFrame]) -> None:
    """The whole list: a row added to a file or a claim that changes state shows here."""
    found = {name: sorted(table.index[table["state"] == "differs"]) for name, table in published.items()}
    assert found == {
        "talents4coop": [
            "consortia", "cooperatives", "participants_figures_page", "projects_described", "support_hours",
            "territories_listed",
        ],
        "wecare": ["national_plan_funds"],
        "milano_sei_laltro": ["process_phases", "world_cafe_organisations"],
    }  # fmt: skip
    for table in published.values():
        assert set(table["state"]) <= set(ClaimState)
        assert (table["data_kind"] == "real").all()
        assert table.loc[table["state"] == "not_recomputable", "recomputed"].isna().all()


@pytest.mark.skipif(not DOCUMENTS, reason="set IMPACT_DOCUMENTS to the folder with the programmes' documents")
def test_stated_figures_stand_in_their_documents(subtests: pytest.Subtests) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(DOCUMENTS).glob("*.txt"))]
    joined = [re.sub(r"-\s*\n\s*", "-", text.replace("\u00ad", "")) for text in texts]
    whole = " ".join(re.sub(r"\s+", " ", text) for text in [*texts, *joined])
    for name in EXAMPLES:
        with subtests.test(name):
            quotes = re.findall(r'"quote": "((?:[^"\\]|\\.)*)"', json.dumps(read_yaml(claims_of(name), "")[0]))
            assert len(quotes) > 10
            assert [quote for quote in quotes if json.loads(f'"{quote}"') not in whole] == []


def claims_of(name: str) -> Path:
    return shipped("data") / name / "claims.yaml"


# ---- what a state means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "qualifier", "recomputed", "expected"),
    [
        ("12.63", "exact", 11.17 + 1.28 + 0.18, True),
        ("12.58", "exact", 12.6, False),
        ("177", "about", 171.0, False),
        ("177", "about", 176.5, True),
        ("177", "about", 177.5, False),
        ("176", "about", 176.5, False),
        ("80", "about", 80.4, True),
        ("80", "about", 84.0, False),
        ("-3", "about", -2.5, True),
        ("12.50", "about", 12.54, False),
        ("12.5", "about", 12.54, True),
        ("80", "about", 1e300, False),
        ("140", "more_than", 140.0, False),
        ("140", "more_than", 140.0 * (1 + 1e-12), False),
        ("140", "more_than", 141.0, True),
        ("40", "at_most", 40.0, True),
        ("40", "at_most", 40.0 * (1 + 1e-12), True),
        ("40", "at_most", 41.0, False),
        ("0", "exact", 0.0, True),
        ("0", "exact", 1e-30, False),
    ],
)
def test_stated_figures_are_read_as_stated(stated: str, qualifier: str, recomputed: float, expected: bool) -> None:
    assert holds(Decimal(stated), qualifier, recomputed) is expected


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-6, 6))
def test_equality_is_symmetric_and_does_not_depend_on_the_unit(a: int, b: int, power: int) -> None:
    assert equal(a, b) == equal(b, a) == (a == b)
    scale = 10.0**power
    assert equal(a * scale, b * scale) == (a == b)


@given(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6))
def test_about_an_integer_is_within_half_a_unit(stated: int, recomputed: float) -> None:
    gap = abs(Fraction(f"{recomputed:.15g}") - stated)
    if gap != Fraction(1, 2):
        assert holds(Decimal(stated), "about", recomputed) is (gap < Fraction(1, 2))


# ---- trees over rows ---------------------------------------------------------------------------------------------


def with_claims(folder: Path, frame: pd.DataFrame, *claims: dict[str, Any]) -> Path:
    """Write a programme whose rows are facts, and its claims as JSON, which is YAML."""
    written(folder, frame, [indicator("n", contract="rows", formula={"kind": "count"})], key=["fact_id"], person=None)
    (folder / "claims.yaml").write_text(json.dumps({"claims": list(claims)}, ensure_ascii=False), encoding="utf-8")
    return folder


def claim(recompute: dict[str, Any] | None, value: Any = 1, **fields: Any) -> dict[str, Any]:
    stated = {"value": value, "origin": {"note": "made for a test"}}
    declared = {"id": "total", "title": "Total", "level": "meso", "unit": "units", "stated": stated}
    return declared | ({"recompute": recompute} if recompute else {}) | fields


def fact(name: str) -> dict[str, Any]:
    return {"fact": name, "contract": "rows"}


def number(value: float) -> dict[str, Any]:
    return {"value": {"number": value, "origin": {"note": "made for a test"}}}


def audited(folder: Path) -> pd.Series:
    result = impact.run(folder)
    row = result.claims().iloc[0]
    result.close()
    return row


FACTS = pd.DataFrame({"fact_id": ["a", "b", "c", "z"], "value": [2.0, 3.0, None, 0.0], "place": ["x", "y", "y", None]})


TREES: list[tuple[dict[str, Any], float]] = [
    ({"sum": [fact("a"), fact("b"), number(0.5)]}, 5.5),
    ({"difference": [fact("a"), {"product": [fact("b"), fact("b")]}]}, -7.0),
    ({"ratio": [{"sum": [fact("a"), fact("b")]}, {"difference": [fact("b"), fact("a")]}]}, 5.0),
    ({"ratio": [fact("z"), fact("a")]}, 0.0),
    ({"count": {"contract": "rows"}}, 4.0),
    ({"count": {"contract": "rows", "where": [{"column": "place", "equals": "nowhere"}]}}, 0.0),
    (
        {"count": {"contract": "rows", "distinct": "place", "where": [{"column": "place", "is_missing": False}]}},
        2.0,
    ),
    ({"total": {"contract": "rows", "column": "value", "where": [{"column": "value", "is_missing": False}]}}, 5.0),
    (
        {"product": [number(3.0), {"count": {"contract": "rows", "where": [{"column": "place", "equals": "y"}]}}]},
        6.0,
    ),
]
WITHOUT: list[tuple[dict[str, Any], str]] = [
    (fact("nowhere"), "the fact 'nowhere' stands in 0 good rows"),
    (fact("c"), "c: no value in 1 rows"),
    ({"sum": [fact("a"), fact("c")]}, "c: no value in 1 rows"),
    ({"ratio": [fact("a"), fact("z")]}, "the divisor is zero"),
    ({"ratio": [fact("a"), {"difference": [fact("b"), fact("b")]}]}, "the divisor is zero"),
    ({"total": {"contract": "rows", "column": "value"}}, "no value in 1 rows"),
    (
        {"total": {"contract": "rows", "column": "value", "where": [{"column": "place", "equals": "q"}]}},
        "no good row",
    ),
    ({"count": {"contract": "rows", "distinct": "place"}}, "no value in 1 rows"),
    ({"product": [number(1e30)] * 11}, "beyond what numbers can hold"),
]


@pytest.fixture(scope="module")
def hand_made(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """All the trees in one programme."""
    claims = [claim(tree, value, id=f"tree_{place}") for place, (tree, value) in enumerate(TREES)]
    claims += [claim(tree, id=f"without_{place}") for place, (tree, _) in enumerate(WITHOUT)]
    result = impact.run(with_claims(tmp_path_factory.mktemp("trees") / "p", FACTS, *claims))
    table = result.claims().set_index("claim")
    result.close()
    return table


@pytest.mark.parametrize("place", range(len(TREES)))
def test_trees_against_numbers_by_hand(hand_made: pd.DataFrame, place: int) -> None:
    row = hand_made.loc[f"tree_{place}"]
    assert row["recomputed"] == TREES[place][1]
    assert row["state"] == "reproduced"
    assert row["difference"] == 0


@pytest.mark.parametrize("place", range(len(WITHOUT)))
def test_what_cannot_be_recomputed_says_why(hand_made: pd.DataFrame, place: int) -> None:
    row = hand_made.loc[f"without_{place}"]
    assert row["state"] == "not_recomputable"
    assert pd.isna(row["recomputed"])
    assert WITHOUT[place][1] in row["reason_en"]
    assert row["reason_it"] != row["reason_en"]


@settings(max_examples=5)
@given(st.permutations([1.1, 2.2, 3.3, 4.4, 1e9]), st.sampled_from([1.0, 1000.0]))
def test_totals_do_not_depend_on_row_order_and_follow_the_unit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], scale: float
) -> None:
    frame = pd.DataFrame({"fact_id": list("abcde"), "value": [value * scale for value in values]})
    tree = {"total": {"contract": "rows", "column": "value"}}
    row = audited(with_claims(tmp_path_factory.mktemp("t") / "p", frame, claim(tree, round(1000000011 * scale))))
    assert row["state"] == "reproduced"


def test_values_travel_as_parameters(tmp_path: Path) -> None:
    frame = pd.DataFrame({"fact_id": ["it's", 'a"; DROP TABLE x; --'], "value": [1.0, 2.0], "place": ["o'b", "?"]})
    tree = {"sum": [fact("it's"), fact('a"; DROP TABLE x; --'), number(0.0)]}
    assert audited(with_claims(tmp_path / "p", frame, claim(tree, 3)))["state"] == "reproduced"
    tree = {"count": {"contract": "rows", "where": [{"column": "place", "one_of": ["?", "o'b"]}]}}
    assert audited(with_claims(tmp_path / "q", frame, claim(tree, 2)))["state"] == "reproduced"


def test_only_good_rows_count_and_those_set_aside_are_mentioned(tmp_path: Path) -> None:
    folder = with_claims(tmp_path / "p", FACTS, claim({"count": {"contract": "rows"}}, 5))
    with (folder / "raw" / "data.csv").open("a") as handle:
        handle.write("d,not a number,x\n")
    row = audited(folder)
    assert (row["recomputed"], row["state"]) == (4, "differs")
    assert row["reason_en"].endswith("rows in quarantine, not counted: rows 1")
    assert json.loads(row["rows_used"])[0]["set_aside"] == 1


def test_figures_that_are_not_exact_are_mentioned(tmp_path: Path) -> None:
    frame = FACTS.assign(qualifier=["about", "exact", "exact", "exact"])
    row = audited(with_claims(tmp_path / "p", frame, claim({"sum": [fact("a"), fact("b")]}, 5)))
    assert row["state"] == "reproduced"
    assert row["reason_en"].endswith("rests on figures that are not exact: a (about)")


def test_lists_are_compared_by_name(tmp_path: Path) -> None:
    stated = {"items": ["y", "w"], "origin": {"note": "made for a test"}}
    tree = {"names": {"contract": "rows", "column": "place", "where": [{"column": "place", "is_missing": False}]}}
    row = audited(with_claims(tmp_path / "p", FACTS, claim(tree, stated=stated)))
    assert (row["stated"], row["recomputed"], row["state"]) == (2, 2, "differs")
    assert row["reason_en"] == "in the records, not in the list: x; in the list, not in the records: w"
    row = audited(with_claims(tmp_path / "q", FACTS, claim(tree, stated=stated | {"items": ["y", "x"]})))
    assert row["state"] == "reproduced"


def test_keys_of_rows_used_stop_at_twenty(tmp_path: Path) -> None:
    frame = pd.DataFrame({"fact_id": [f"f{n:03}" for n in range(50)], "value": range(50)})
    used = json.loads(
        audited(with_claims(tmp_path / "p", frame, claim({"count": {"contract": "rows"}}, 50)))["rows_used"]
    )
    assert used[0]["rows"] == 50
    assert used[0]["keys"] == [f"f{n:03}" for n in range(20)]


def test_claims_of_synthetic_rows_say_so(tmp_path: Path) -> None:
    assert audited(with_claims(tmp_path / "p", FACTS, claim(fact("a"), 2)))["data_kind"] == "synthetic"


# ---- runs --------------------------------------------------------------------------------------------------------


def test_claims_follow_their_declaration_and_their_rows(tmp_path: Path) -> None:
    folder, db = with_claims(tmp_path / "p", FACTS, claim(fact("a"), 2)), tmp_path / "x.duckdb"

    def run() -> tuple[str | None, pd.DataFrame]:
        result = impact.run(folder, db)
        table = result.claims()
        result.close()
        return table["run_id"].iloc[0] if len(table) else None, table

    first, _ = run()
    again, _ = run()
    assert again == first  # nothing changed, nothing is written again
    edit(folder / "raw" / "data.csv", "a,2.0", "a,7.0")
    later, table = run()
    assert later != first
    assert (table["recomputed"].iloc[0], table["state"].iloc[0]) == (7, "differs")
    (folder / "claims.yaml").unlink()
    assert run()[1].empty
    with Warehouse(db) as warehouse:
        assert warehouse.rows("SELECT count(*) FROM impact.run WHERE run_id = ?", [later]) == [(1,)]


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["impact", *map(str, words)])
    monkeypatch.setenv("COLUMNS", "200")
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    return code, captured.out + captured.err


def test_audit_prints_and_sets_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "talents4coop"
    shutil.copytree(shipped("data") / "talents4coop", folder)
    code, out = command(monkeypatch, capsys, "audit", folder)
    assert code == 1
    for words in ("about 177", "171", "≠ differs", "● reproduced", "– not recomputable", "Modena"):
        assert words in out
    code, out = command(monkeypatch, capsys, "audit", folder, "--json", "--db", tmp_path / "y.duckdb")
    rows = {row["claim"]: row for row in json.loads(out)}
    assert code == 1
    assert rows["support_hours"]["readings"][0]["recomputed"] == 177
    good = with_claims(tmp_path / "p", FACTS, claim(fact("a"), 2))
    assert command(monkeypatch, capsys, "audit", good)[0] == 0
    assert command(monkeypatch, capsys, "audit", with_claims(tmp_path / "q", FACTS, claim(fact("c"))))[0] == 0
    assert command(monkeypatch, capsys, "audit", with_claims(tmp_path / "r", FACTS, claim(fact("a"), 3)))[0] == 1
    code, out = command(monkeypatch, capsys, "audit", template(tmp_path))
    assert code == 2
    assert "declares no claims" in out
    assert command(monkeypatch, capsys, "audit", "nowhere")[0] == 2


# ---- declarations that are wrong ---------------------------------------------------------------------------------

COUNT = {"count": {"contract": "rows"}}
STATED = {"value": 1, "origin": {"note": "made for a test"}}
FORM = {
    "both": (claim(COUNT, not_recomputable="no"), "give either recompute, or not_recomputable"),
    "neither": (claim(None), "give either recompute, or not_recomputable"),
    "two_steps": (claim(COUNT | {"fact": "a"}), "exactly one of fact"),
    "no_step": (claim({"median": [fact("a")]}), "exactly one of fact"),
    "text": (claim({"sum": ["a + b"]}), "exactly one of fact"),
    "expression": (claim("a + b"), "exactly one of fact"),  # type: ignore[arg-type]
    "empty_sum": (claim({"sum": []}), "at least 1"),
    "three_in_ratio": (claim({"ratio": [COUNT, COUNT, COUNT]}), "at most 2"),
    "one_in_difference": (claim({"difference": [COUNT]}), "at least 2"),
    "value_without_origin": (claim({"value": {"number": 1}}), "origin"),
    "unknown_field": (claim({"count": {"contract": "rows", "filter": "x"}}), "unknown field 'filter'"),
    "names_inside": (claim({"sum": [{"names": {"contract": "rows", "column": "place"}}]}), "names"),
    "names_for_a_value": (claim({"names": {"contract": "rows", "column": "place"}}), "names goes with stated.items"),
    "items_for_a_count": (claim(COUNT, stated={"items": ["a"], "origin": {"note": "x"}}), "names goes with"),
    "items_about": (claim(COUNT, stated={"items": ["a"], "qualifier": "about", "origin": {"note": "x"}}), "qualifier"),
    "item_twice": (claim(COUNT, stated={"items": ["a", "a"], "origin": {"note": "x"}}), "stands twice"),
    "value_and_items": (claim(COUNT, stated=STATED | {"items": ["a"]}), "either value or items"),
    "no_value": (claim(COUNT, stated={"origin": {"note": "x"}}), "either value or items"),
    "no_origin": (claim(COUNT, stated={"value": 1}), "origin"),
    "qualifier": (claim(COUNT, stated=STATED | {"qualifier": "nearly"}), "nearly"),
    "not_a_number": (claim(COUNT, "many"), "many"),
    "infinite": (claim(COUNT, "Infinity"), "finite"),
    "nan": (claim(COUNT, "NaN"), "finite"),
    "too_large": (claim(COUNT, "1e99"), "less than or equal"),
    "too_fine": (claim(COUNT, "1e-99"), "decimal places"),
    "level": (claim(COUNT, level="national"), "level"),
}


@pytest.mark.parametrize("name", FORM)
def test_wrong_forms_are_refused_with_their_place(tmp_path: Path, name: str) -> None:
    declared, words = FORM[name]
    with pytest.raises(DeclarationError) as error:
        load_programme(with_claims(tmp_path / "p", FACTS, declared))
    assert any(words in str(problem) for problem in error.value.problems), str(error.value)
    assert all(problem.file == "claims.yaml" for problem in error.value.problems)


SENSE = {
    "contract": (claim({"fact": "a"}), "there is no contract 'fact'"),
    "column": (claim({"count": {"contract": "rows", "distinct": "town"}}), "has no column 'town'"),
    "where": (claim({"count": {"contract": "rows", "where": [{"column": "town", "equals": "x"}]}}), "no column 'town'"),
    "text_total": (claim({"total": {"contract": "rows", "column": "place"}}), "column 'place' is text, not a number"),
    "text_limit": (
        claim({"count": {"contract": "rows", "where": [{"column": "place", "above": 1}]}}),
        "compares numbers",
    ),
    "names": (
        claim({"names": {"contract": "rows", "column": "town"}}, stated={"items": ["a"], "origin": {"note": "x"}}),
        "has no column 'town'",
    ),
    "reading": (claim(COUNT, readings=[{"text": "r", "recompute": {"fact": "a"}}]), "there is no contract 'fact'"),
}


@pytest.mark.parametrize("name", SENSE)
def test_wrong_references_are_found_without_data(tmp_path: Path, name: str) -> None:
    declared, words = SENSE[name]
    problems = check_programme(load_programme(with_claims(tmp_path / "p", FACTS, declared)))
    assert [problem.file for problem in problems] == ["claims.yaml"]
    assert words in problems[0].what


def test_two_claims_of_one_id_and_facts_without_a_table(tmp_path: Path) -> None:
    folder = with_claims(tmp_path / "p", FACTS, claim(COUNT), claim(COUNT))
    assert "two claims have the id 'total'" in check_programme(load_programme(folder))[0].what
    folder = with_claims(tmp_path / "q", FACTS.rename(columns={"value": "amount"}), claim(fact("a")))
    assert "has no column 'value'" in check_programme(load_programme(folder))[0].what


def test_a_tree_that_returns_to_itself_or_has_no_end_is_refused(tmp_path: Path) -> None:
    folder = with_claims(tmp_path / "p", FACTS)
    head = "claims: [{id: t, title: T, level: meso, unit: u, stated: {value: 1, origin: {note: n}}, recompute: "
    (folder / "claims.yaml").write_text(head + "&loop {sum: [*loop]}}]", encoding="utf-8")
    with pytest.raises(DeclarationError, match="alias"):
        load_programme(folder)
    (folder / "claims.yaml").write_text(head + "{sum: [" * 3000 + "]}" * 3000 + "}]", encoding="utf-8")
    with pytest.raises(DeclarationError):
        load_programme(folder)


def test_every_fact_a_shipped_claim_names_has_a_row() -> None:
    for name in EXAMPLES:
        with (shipped("data") / name / "raw" / "facts.csv").open(encoding="utf-8", newline="") as handle:
            known = {row["fact_id"] for row in csv.DictReader(handle)}
        named = set(re.findall(r"fact: ([a-z0-9_]+)\}", claims_of(name).read_text(encoding="utf-8")))
        assert named - known == set()
