"""Counts and totals know what is missing; a promise that cannot be kept as written says so; waves without data."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from impact_dashboards.pages import PAGES
from impact_dashboards.parts.findings import KEPT
from impact_dashboards.parts.order import order_words
from rich.console import Console

import impact
from impact.cli.terminal import print_findings
from impact.declare import check_programme, load_programme
from impact.drawing.markup import words_of
from impact.figures.lines import pieces
from impact.store import Warehouse
from impact.words import words_in
from tests.cases.run import finding, run_case
from tests.support.programmes import edit, indicator, written
from tests.support.views import asked, drawn

WAVES = [
    {"id": "b", "title": "b", "date": "2019", "role": "baseline"},
    {"id": "e", "title": "e", "date": "2020", "role": "end_line"},
]
BEFORE = {"baseline": {"wave": "b"}}


def promised(value: float) -> dict[str, Any]:
    return BEFORE | {"target": {"value": value, "due": "2020", "origin": {"note": "invented"}}}


def total(name: str, column: str = "n", **fields: Any) -> dict[str, Any]:
    asked_for = {"formula": {"kind": "sum", "column": column}, "ex_post": {"wave": "e"}, "ex_ante": BEFORE}
    return indicator(name, **(asked_for | fields))


def run_rows(folder: Path, rows: pd.DataFrame, indicators: list[dict[str, Any]], **fields: Any) -> impact.Result:
    made = {"key": ("fac", "wave"), "person": None, "wave": "wave", "waves": WAVES} | fields
    return impact.run(impact.load(written(folder / "made", rows, indicators, **made)), folder / "made.duckdb")


def said(result: impact.Result) -> str:
    text = io.StringIO()
    print_findings(Console(file=text, width=200, color_system=None), result.findings(), show_parts=True)
    return text.getvalue()


def counted(row: dict[str, Any]) -> tuple[int, int]:
    return row["units_reported"], row["units_expected"]


# ---- handed cases ----------------------------------------------------------------------------------------------------


def test_a_total_without_ten_reports_is_no_fall(tmp_path: Path) -> None:
    """Of the 20 that reported 200 became 240; the total is unknown, and the district that fell silent says so."""
    result = run_case("09", tmp_path)
    whole, silent = finding(result, "tot"), finding(result, "tot/district=D2")
    assert (whole["baseline"], whole["value"], *counted(whole)) == (200, 240, 20, 30)
    assert (whole["attainment"], whole["progress"], whole["progress_state"]) == ("incomplete", None, "incomplete")
    assert (silent["attainment"], silent["value"], *counted(silent)) == ("no_data", None, 0, 10)
    text = said(result)
    assert "before 200  ·  promised 360 by 2021-12  ·  after 240  ·  ◑ incomplete (20 of 30 units)" in text
    assert "after no data  ·  – no data  ·  incomplete (0 of 10 units)" in text


def test_the_app_and_its_files_say_of_how_many_units_a_total_is(tmp_path: Path) -> None:
    run_case("09", tmp_path)
    with Warehouse(tmp_path / "09.duckdb", read_only=True) as warehouse:
        view = asked(warehouse, "/en/indicator/p/tot")
        page = PAGES["indicator"].content(view)
        text = " ".join(words_of(drawn(view, page)).split())
        assert "Incomplete (20 of 30 units)" in text
        assert "Of 20 of 30 units: the total is not known." in text
        assert "20 of 30" in text
        view = asked(warehouse, "/it/portfolio")
        assert "Incompleto (20 unità su 30)" in " ".join(
            words_of(drawn(view, PAGES["portfolio"].content(view))).split()
        )
    assert {"units_reported", "units_expected", "baseline_reported", "baseline_expected"} <= set(KEPT)


def test_a_report_set_aside_is_missing_from_a_ratio_of_all_units(tmp_path: Path) -> None:
    row = finding(run_case("13", tmp_path), "x")
    assert (row["baseline"], row["value"]) == (pytest.approx(49 / 400), pytest.approx(69 / 400))
    assert (row["attainment"], *counted(row)) == ("incomplete", 4, 5)
    assert row["progress"] is None


@pytest.mark.parametrize("name", ["target_below_observed_baseline", "dec_target_above_observed_baseline"])
def test_a_target_on_the_wrong_side_of_an_observed_baseline_contradicts_the_promise(name: str, tmp_path: Path) -> None:
    result = run_case("05", tmp_path)
    row = finding(result, name)
    assert (row["attainment"], row["progress"], row["progress_state"]) == ("contradictory", None, "contradictory")
    assert "✗ the promise contradicts its direction" in said(result)


def test_a_declared_quarter_without_data_is_a_gap(tmp_path: Path) -> None:
    result = run_case("12", tmp_path)
    measures = result.measures()
    for name in ("cov", "tot"):
        own = measures[(measures["indicator"] == name) & (measures["scope"] == "programme")]
        assert own["wave"].tolist() == ["2021-Q1", "2021-Q2", "2021-Q3", "2021-Q4"]
        assert own["value"].isna().tolist() == [False, True, False, False]
    rows = measures[(measures["indicator"] == "cov") & (measures["scope"] == "programme")]
    assert [piece["wave"].tolist() for piece in pieces(rows)] == [["2021-Q1"], ["2021-Q3", "2021-Q4"]]
    parts = result.findings()
    ranked = parts[parts["finding"].isin(["pe/cov/district=D1", "pe/cov/district=D3"])].to_dict("records")
    text = order_words(words_in("en"), [{str(key): value for key, value in row.items()} for row in ranked])
    assert text == "The intervals of 2 values are not known (one row, no spread): their places are uncertain."


# ---- relatives -------------------------------------------------------------------------------------------------------

PANEL = pd.DataFrame(
    [("A", "b", 10, 10, "x", "u", 0.5), ("A", "e", 12, 12, "x", "u", 0.6), ("B", "b", 10, 10, "x", "v", 0.5),
     ("B", "e", 14, None, "x", "v", None), ("C", "b", 10, 10, "y", "w", 0.5), ("D", "e", 50, 50, "y", "w", 0.9)],
    columns=["fac", "wave", "n", "blank", "kind", "code", "share"],
)  # fmt: skip


def test_what_is_missing_is_told_apart_by_formula(tmp_path: Path) -> None:
    """A and B report twice, C is silent at the end, D comes late: value and baseline are of 3 of 4."""
    kind_x = [{"column": "kind", "equals": "x"}]
    everybody = {"all_units": True}
    result = run_rows(tmp_path, PANEL, [
        total("late", ex_ante=promised(500)),
        total("filtered", where=kind_x, ex_ante=promised(30)),
        total("blank", "blank", where=kind_x, ex_ante=promised(30)),
        total("rows", formula={"kind": "count"}),
        total("some", formula={"kind": "count"}, where=[{"column": "n", "at_least": 10}]),
        total("codes", formula={"kind": "count_distinct", "column": "code"}),
        total("mean", formula={"kind": "mean", "column": "n"}, sample=everybody),
        total("middle", formula={"kind": "quantile", "column": "n"}, sample=everybody),
        total("sample", formula={"kind": "mean", "column": "n"}),
        total("beyond", where=kind_x, formula={"kind": "count"}, ex_ante=promised(1) | {"baseline": {"value": 0, "origin": {"note": "x"}}}),
    ])  # fmt: skip
    found = {name: finding(result, name) for name in ("late", "filtered", "blank", "rows", "some", "codes", "mean")}
    assert {name: counted(row) for name, row in found.items()} == {
        "late": (3, 4), "filtered": (2, 2), "blank": (1, 2), "rows": (3, 3), "some": (3, 4), "codes": (3, 4),
        "mean": (3, 4),
    }  # fmt: skip
    assert found["late"]["baseline"] is None  # D had none before: nothing is compared with what is not known
    assert found["late"]["attainment"] == "incomplete"
    assert (found["filtered"]["attainment"], found["filtered"]["progress"]) == ("short", pytest.approx(0.6))
    assert (found["blank"]["baseline"], found["blank"]["value"]) == (10, 12)
    assert finding(result, "middle")["attainment"] == "no_target"
    assert "incomplete" in list(finding(result, "middle")["flags"])
    assert finding(result, "sample")["units_expected"] is None
    assert finding(result, "beyond")["attainment"] == "reached"


def test_a_baseline_of_some_of_the_units_gives_no_progress(tmp_path: Path) -> None:
    rows = PANEL[(PANEL["fac"] != "C") & ~((PANEL["fac"] == "A") & (PANEL["wave"] == "b"))].assign(n=10)
    change = BEFORE | {"target": {"change": 5, "due": "2020", "origin": {"note": "invented"}}}
    result = run_rows(tmp_path, rows, [total("level", ex_ante=promised(20)), total("change", ex_ante=change)])
    level, moved = finding(result, "level"), finding(result, "change")
    assert (level["attainment"], level["progress"], level["progress_state"]) == ("reached", None, "incomplete")
    assert (level["baseline"], level["baseline_reported"], level["baseline_expected"]) == (None, 1, 3)
    assert (moved["target"], moved["attainment"]) == (None, "incomplete")
    assert "before: incomplete (1 of 3 units)" in said(result)


def test_a_bound_is_enough_where_units_can_only_add() -> None:
    some = impact.judge.attainment.Completeness(value=False, grows=True)
    for direction, target, value, status in (
        ("increase", 100, 120, "reached"), ("increase", 100, 90, "incomplete"), ("decrease", 100, 120, "short"),
        ("decrease", 100, 90, "incomplete"), ("maintain", 100, 120, "short"), ("maintain", 100, 90, "incomplete"),
    ):  # fmt: skip
        found = judge(direction, target, value, some)
        assert (found.status, found.progress) == (status, None)
    other = impact.judge.attainment.Completeness(value=False)
    assert judge("increase", 100, 120, other).status == "incomplete"


def judge(direction: str, target: float, value: float, complete: Any) -> Any:
    return impact.judge.judge_attainment(direction, baseline=None, target=target, value=value, complete=complete)


def test_a_part_that_was_beyond_the_target_contradicts_nothing() -> None:
    found = impact.judge.judge_attainment("increase", baseline=80, target=75, value=78, part=True)
    assert (found.status, found.progress, found.progress_state) == ("reached", None, "no_gap")


def test_a_share_promised_by_a_change_cannot_exceed_one(tmp_path: Path) -> None:
    change = BEFORE | {"target": {"change": 0.3, "due": "2020", "origin": {"note": "invented"}}}
    half = {"kind": "proportion", "of": {"column": "n", "at_least": 10}}
    result = run_rows(tmp_path, PANEL, [total("share", formula=half, ex_ante=change)])
    row = finding(result, "share")
    assert (row["target"], row["attainment"], row["progress"]) == (pytest.approx(1.3), "out_of_range", None)


@pytest.mark.parametrize(
    "ex_ante",
    [
        {"target": {"value": 1.2, "due": "2020", "origin": {"note": "x"}}},
        {"baseline": {"value": -0.1, "origin": {"note": "x"}}},
        {"forecast": {"kind": "elicited", "quantiles": {0.1: 0.5, 0.9: 1.1}, "origin": {"note": "x"}}},
    ],
)
def test_declared_figures_beyond_the_limits_are_refused(ex_ante: dict[str, Any], tmp_path: Path) -> None:
    half = {"kind": "proportion", "of": {"column": "n", "at_least": 10}}
    folder = written(tmp_path / "made", PANEL, [total("share", formula=half, ex_ante=ex_ante)],
                     key=("fac", "wave"), person=None, wave="wave", waves=WAVES)  # fmt: skip
    (problem,) = check_programme(load_programme(folder))
    assert (problem.what, problem.expected) == ("no value of 'share' can be so", "between 0 and 1")


def test_units_that_come_and_go_are_not_awaited(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "made", PANEL, [total("late")], key=("fac", "wave"), person=None, wave="wave", waves=WAVES
    )
    edit(folder / "contracts.yaml", "  wave: wave", "  wave: wave\n  units_vary: true")
    row = finding(impact.run(impact.load(folder), tmp_path / "made.duckdb"), "late")
    assert (row["baseline"], row["value"], *counted(row), list(row["flags"])) == (30, 76, 3, 3, [])


def test_the_register_says_who_is_awaited(tmp_path: Path) -> None:
    """Seven bodies are in the register, each with its place; the two that never reported are missing in theirs."""
    folder = written(tmp_path / "made", PANEL.drop(columns=["kind"]), [total("late", scope=["kind"])],
                     key=("fac", "wave"), person=None, wave="wave", waves=WAVES)  # fmt: skip
    text = (folder / "contracts.yaml").read_text(encoding="utf-8")
    (folder / "contracts.yaml").write_text(
        text.replace(
            "  wave: wave", "  wave: wave\n  foreign_keys: [{columns: [fac], references: register, to: [fac]}]"
        ).replace("    fac: {", "    kind: {type: text}\n    fac: {")
        + "- id: register\n  title: r\n  unit_of_analysis: fac\n  key: [fac]\n  columns:\n"
        "    fac: {type: text, required: true}\n    kind: {type: text}\n",
        encoding="utf-8",
    )
    frame = PANEL.assign(kind="x")
    frame.to_csv(folder / "raw" / "data.csv", index=False)
    bodies = pd.DataFrame({"fac": list("ABCDEFG"), "kind": list("xxxxxzz")})
    bodies.to_csv(folder / "raw" / "register.csv", index=False)
    with (folder / "sources.yaml").open("a", encoding="utf-8") as sources:
        sources.write("- id: r\n  file: raw/register.csv\n  contract: register\n"
                      "  provenance: {title: r, kind: synthetic, generator: t}\n")  # fmt: skip
    result = impact.run(impact.load(folder), tmp_path / "made.duckdb")
    assert counted(finding(result, "late")) == (3, 7)
    assert counted(finding(result, "late/kind=x")) == (3, 5)
    assert counted(finding(result, "late/kind=z")) == (0, 2)


def test_a_row_set_aside_counts_where_it_would_have_counted(tmp_path: Path) -> None:
    """Of a table without waves: of the kind x one row cannot be read; another of y; a third has no key."""
    lines = ["fac,kind,n", "A,x,1", "B,x,two", "C,y,3", "D,y,vier", ",x,5", "E,x,6"]
    frame = pd.DataFrame({"fac": list("AE"), "kind": ["x", "y"], "n": [1, 2]})
    of_x = [{"column": "kind", "equals": "x"}]
    sums = [indicator("all", formula={"kind": "sum", "column": "n"}, scope=["kind"]),
            indicator("x", formula={"kind": "sum", "column": "n"}, where=of_x)]  # fmt: skip
    folder = written(tmp_path / "made", frame, sums, key=("fac",), person=None)
    (folder / "raw" / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = impact.run(impact.load(folder), tmp_path / "made.duckdb")
    names = ("all", "all/kind=x", "all/kind=y", "x")
    assert [counted(finding(result, name)) for name in names] == [(3, 6), (2, 4), (1, 2), (2, 4)]


def test_counts_of_units_agree_with_sets(tmp_path: Path) -> None:
    """A panel with holes, blanks and moves, against sets made by hand: expected are all ever seen."""
    rng = np.random.default_rng(11)
    grid = pd.MultiIndex.from_product([[f"U{i:02}" for i in range(40)], ["b", "e"]], names=["fac", "wave"]).to_frame(
        index=False
    )
    grid["place"] = [f"P{i % 5}" for i in range(len(grid) // 2) for _ in "be"]
    moved = rng.random(len(grid)) < 0.1
    grid.loc[moved, "place"] = "P9"
    grid["n"] = rng.integers(0, 9, len(grid)).astype(float)
    grid.loc[rng.random(len(grid)) < 0.1, "n"] = np.nan
    rows = grid[rng.random(len(grid)) > 0.2]
    result = run_rows(tmp_path, rows, [total("n", scope=["place"])])
    measures = result.measures()
    expected: dict[tuple[str, str], list[set[str]]] = {}
    by_unit = {unit: own.set_index("wave") for unit, own in rows.groupby("fac")}
    for unit, own in by_unit.items():
        for wave in ("b", "e"):
            near = own.loc[wave] if wave in own.index else own.iloc[0]
            given = wave in own.index and not np.isnan(near["n"])
            for place in ("", near["place"]):
                reported, awaited = expected.setdefault((wave, place), [set(), set()])
                awaited.add(str(unit))
                if given:
                    reported.add(str(unit))
    found = {(row["wave"], row["scope_value"]): (row["units_reported"], row["units_expected"])
             for row in measures.to_dict("records")}  # fmt: skip
    assert found == {key: (len(reported), len(awaited)) for key, (reported, awaited) in expected.items()}
    whole = finding(result, "n")
    values = {
        wave: {u: o.loc[wave, "n"] for u, o in by_unit.items() if wave in o.index and o.loc[wave, "n"] >= 0}
        for wave in "be"
    }
    assert whole["value"] == sum(values["e"].values())
    compared = None if set(values["e"]) - set(values["b"]) else sum(values["b"][unit] for unit in values["e"])
    assert whole["baseline"] == compared


def test_a_series_of_incomplete_totals_shows_no_effect(tmp_path: Path) -> None:
    """Twelve years of ten reports each; in the ninth one report is missing: no fall is estimated."""
    years = [str(year) for year in range(2000, 2012)]
    rows = pd.DataFrame(
        [(f"F{i}", year, 10 + i % 3) for i in range(10) for year in years], columns=["fac", "wave", "n"]
    )
    design = {"kind": "interrupted_time_series", "start": "2006"}
    cut = {"ex_post": {"wave": "2011", "design": design}, "ex_ante": {}}
    fields = {"waves": [{"every": "year", "first": "2000", "last": "2011"}]}
    missing = rows[~((rows["fac"] == "F3") & (rows["wave"] == "2008"))]
    result = run_rows(tmp_path, missing, [total("n", **cut)], **fields)
    assert (
        finding(result, "n")["not_estimable"] == "the value at 2008 is of 9 of 10 units; needed: a value of every unit"
    )
