"""Nobody can compute what is hidden: an attacker who knows all that is published, and the rule, is turned loose on it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.declare import load_programme
from impact.publish import (
    findings_table,
    protect_behind,
    protect_findings,
    protect_measures,
    read_table,
)
from impact.publish.limits import known_limits
from impact.publish.totals import Contents, cell_table
from impact.run.derived import renew_derived
from impact.run.flow import run_programme
from impact.run.stage import Run
from impact.statistics.suppression import Table, Total, suppress
from impact.store import Warehouse
from impact.tables.protection import Suppression
from impact.tables.results import Diagnostic, Measure, Term
from impact.words.said import Said, says
from tests.support.attack import bounds, computed, echelon, reduced
from tests.support.programmes import edit, indicator, written

# ---- random tables: persons with a code in a tree, a group and an arm ------------------------------------------------

TREE = {
    "north": None,
    "south": None,
    "n1": "north",
    "n2": "north",
    "s1": "south",
    "s2": "south",
    "s11": "s1",
    "s12": "s1",
}
ABOVE = {("place", code): [("place", parent)] for code, parent in TREE.items() if parent}
ARMS = {"one": ("",), "two": ("treated", "comparison"), "all": ("treated", "comparison", "")}


def within(code: str) -> set[str]:
    return {code, *(other for other in TREE if TREE[other] == code or TREE.get(TREE[other] or "") == code)}


def counted(persons: Mapping[tuple[str, str, str], int], arms: str) -> Table:
    """Count persons, given by code, group and arm, as an indicator cut by place and sex counts them."""
    keys, numbers = [], []
    present = {code for code in TREE if any(persons[where] for where in persons if where[0] in within(code))}
    sexes = sorted({sex for (_, sex, _), n in persons.items() if n})
    cuts = [("", "", set(TREE)), *(("place", code, within(code)) for code in sorted(present))]
    cuts += [("sex", sex, {sex}) for sex in sexes]
    for arm in ARMS[arms]:
        for column, code, inside in cuts:
            keys.append((arm, column, code))
            counted_in = [n for who, n in persons.items() if inside & set(who[:2]) and (not arm or who[2] == arm)]
            numbers.append(sum(counted_in))
    return cell_table(keys, numbers, numbers, ABOVE)


def persons_in(arms: str) -> st.SearchStrategy[dict[tuple[str, str, str], int]]:
    kinds = [name for name in ARMS[arms] if name] or [""]
    cells = [(code, sex, arm) for code in TREE for sex in ("f", "m", "(no value)") for arm in kinds]
    size = st.one_of(st.just(0), st.integers(0, 4), st.integers(0, 30))
    return st.fixed_dictionaries(dict.fromkeys(cells, size))


tables = st.sampled_from(sorted(ARMS)).flatmap(lambda arms: persons_in(arms).map(lambda people: counted(people, arms)))
minimums = st.sampled_from([1, 2, 3, 5, 10, 20])


def seeded(number: int, seed: int = 5) -> list[Table]:
    """Return tables like those of a small programme, without the search of hypothesis."""
    rng, made = np.random.default_rng(seed), []
    for place in range(number):
        arms = sorted(ARMS)[place % 3]
        kinds = [name for name in ARMS[arms] if name] or [""]
        cells = [(code, sex, arm) for code in TREE for sex in ("f", "m") for arm in kinds]
        made.append(counted({cell: int(rng.poisson(rng.gamma(0.7, 9))) for cell in cells}, arms))
    return made


def secrets(table: Table, hidden: np.ndarray, minimum: int) -> list[int]:
    """Return what must not be known: hidden cells, and what totals hold beyond their parts if few persons do."""
    few = (table.persons > 0) & (table.persons < minimum)
    return [int(place) for place in np.flatnonzero(np.where(table.shown, hidden, few))]


@settings(max_examples=40)
@given(table=tables, minimum=minimums)
def test_no_hidden_cell_can_be_computed_from_published_ones(table: Table, minimum: int) -> None:
    hidden = suppress(table, minimum)
    open_cells = table.counts[table.shown & ~hidden]
    assert ((open_cells == 0) | (open_cells >= minimum)).all()
    secret = secrets(table, hidden, minimum)
    assert computed(table, secret) == []


@settings(max_examples=12)
@given(table=tables, minimum=minimums)
def test_bounds_of_a_hidden_count_lie_apart(table: Table, minimum: int) -> None:
    hidden = suppress(table, minimum)
    secret = secrets(table, hidden, minimum)
    found = bounds(table, secret, {})
    assert (found[:, 0] < found[:, 1] - 1e-6).all()


@settings(max_examples=12)
@given(table=tables, minimum=st.sampled_from([3, 5, 10, 20]))
def test_who_knows_the_rule_cannot_tell_a_count_while_there_is_more_to_hide(table: Table, minimum: int) -> None:
    hidden = suppress(table, minimum)
    secret = secrets(table, hidden, minimum)
    few = (table.persons > 0) & (table.persons < minimum)
    found = bounds(table, secret, {at: (1, minimum - 1) if few[at] else (minimum, np.inf) for at in secret})
    linked = {place for total in table.totals if hidden[list(total.members)].any() for place in total.members}
    more = any(table.shown[place] and not hidden[place] and table.counts[place] for place in linked)
    assert not more or (found[:, 1] - found[:, 0] >= 1 - 1e-5).all()


@settings(max_examples=40)
@given(table=tables, minimum=minimums)
def test_hidden_parts_of_a_published_total_hold_the_minimum_or_more(table: Table, minimum: int) -> None:
    hidden = suppress(table, minimum)
    for total in table.totals:
        parts = [place for place in total.parts if hidden[place]]
        if parts and not hidden[total.whole]:
            assert len(parts) > 1
            assert table.persons[parts].sum() >= minimum


def test_hiding_small_cells_alone_is_broken() -> None:
    """The attacker works: without further cells hidden it gets counts and sums of values back by subtraction."""
    broken = secret = 0
    for table in seeded(30):
        few = (table.persons > 0) & (table.persons < 10)
        broken += len(computed(table, np.flatnonzero(few).tolist()))
        secret += int(few.sum())
    assert 0.1 < broken / secret < 0.6
    values = {"f": [3.0, 5.0], "m": [1.0, 2.0, 6.0, 7.0, 9.0] * 4}
    whole, m = [*values["f"], *values["m"]], values["m"]
    n = len(whole) - len(m)
    assert (n, (np.mean(whole) * len(whole) - np.mean(m) * len(m)) / n) == (2, pytest.approx(4.0))


def test_none_is_broken_where_further_cells_are_hidden() -> None:
    for table in seeded(30):
        assert computed(table, secrets(table, suppress(table, 10), 10)) == []


def test_other_than_two_hidden_in_each_row_and_column_is_needed() -> None:
    """Two blocks of hidden cells joined by one: each line hides two or more, yet the one that joins them is computed."""
    counts = np.array([[4, 5, 30, 40], [6, 7, 3, 50], [60, 70, 8, 9], [80, 90, 4, 6]])
    lines = [total for axis in (0, 1) for total in _lines(axis)]
    whole = np.concatenate([counts.ravel(), counts.sum(axis=1), counts.sum(axis=0), [counts.sum()]])
    table = Table(whole, whole, np.ones(25, dtype=bool), tuple(lines))
    few = table.few(10)
    assert all(sum(few[place] for place in line.parts) >= 2 for line in lines if few[list(line.parts)].any())
    assert computed(table, np.flatnonzero(few).tolist()) == [6]
    hidden = suppress(table, 10)
    assert computed(table, np.flatnonzero(hidden).tolist()) == []


def _lines(axis: int) -> list[Total]:
    grid = np.arange(16).reshape(4, 4)
    inner = [Total(16 + 4 * axis + i, tuple(map(int, grid[i] if axis == 0 else grid[:, i]))) for i in range(4)]
    return [*inner, Total(24, tuple(range(16 + 4 * axis, 20 + 4 * axis)))]


def test_a_hidden_whole_does_not_hide_the_few_below_it_alone() -> None:
    """Two hidden provinces of two hidden regions: together they are what the published cells leave."""
    keys = [("", "", ""), *(("", "place", code) for code in ("north", "south", "n1", "n2", "s1", "s2"))]
    counts = [100, 6, 43, 3, 3, 3, 40]
    hidden = suppress(cell_table(keys, counts, counts, ABOVE), 10)
    names = {code for (_, _, code), off in zip(keys, hidden, strict=False) if off}
    assert names == {"north", "south", "n1", "n2", "s1", "s2"}


@pytest.mark.parametrize(
    ("counts", "off"),
    [
        pytest.param([11, 1, 10, 0], {"", "f", "m"}, id="the rule itself tells 1 of 11, so the whole is hidden too"),
        pytest.param([18, 9, 9, 0], {"", "f", "m"}, id="two small cells that are as large as small ones can be"),
        pytest.param([60, 4, 16, 40], {"f", "m"}, id="the smallest further cell"),
        pytest.param([60, 4, 0, 56], {"f", "o"}, id="a cell of nobody hides nothing"),
        pytest.param([60, 0, 20, 40], set(), id="nothing small"),
        pytest.param([60, 20, 10, 22], {"m"}, id="eight that stand in no part"),
        pytest.param([12, 2, 3, 7], {"f", "m", "o"}, id="together twelve"),
        pytest.param([30, 20, 20, 4], {"o"}, id="parts that overlap do not add up"),
    ],
)
def test_tables_by_hand(counts: list[int], off: set[str]) -> None:
    keys = [("", "", ""), ("", "sex", "f"), ("", "sex", "m"), ("", "sex", "o")]
    hidden = suppress(cell_table(keys, counts, counts, {}), 10)
    assert {code for (_, _, code), hide in zip(keys, hidden, strict=False) if hide} == off


def test_values_that_are_all_alike_are_known_from_the_spread() -> None:
    """Means, counts and errors of the whole and of ``o`` leave a mean of 7 with no spread: everybody in f and m has 7."""
    keys = [("", "", ""), ("", "sex", "f"), ("", "sex", "m"), ("", "sex", "o")]
    counts, free = [60, 4, 16, 40], (-math.inf, math.inf)
    alike = Contents([7 * 20 + 100.0, 28.0, 112.0, 100.0], [math.nan, 7.0, 7.0, math.nan], free, whole=False)
    assert suppress(cell_table(keys, counts, counts, {}, alike), 10).tolist() == [False, True, True, True]
    apart = alike._replace(levels=[math.nan, 7.0, 6.0, math.nan], sums=[28 + 96 + 100.0, 28.0, 96.0, 100.0])
    assert suppress(cell_table(keys, counts, counts, {}, apart), 10).tolist() == [False, True, True, False]


def test_limits_of_values_are_known(tmp_path: Path) -> None:
    """Of shares, scales, declared limits, amounts that are never below zero; twice as wide of a change."""
    scale = {"kind": "scale", "items": ["one", "two"], "low": 1, "high": 5, "aggregate": "sum", "multiply": 2}
    formulas = {
        "share": ({"kind": "threshold", "of": scale, "at_least": 3}, (0, 1)),
        "scale": (scale, (4, 20)),
        "gain": ({"kind": "change", "of": scale, "since": "before"}, (-16, 16)),
        "amount": ({"kind": "sum", "column": "one"}, (0, math.inf)),
        "log": ({"kind": "mean", "column": "one", "transform": "log"}, (-math.inf, math.inf)),
        "below": ({"kind": "mean", "column": "below"}, (-math.inf, math.inf)),
        "ratio": ({"kind": "ratio", "numerator": "one", "denominator": "two"}, (0, math.inf)),
    }
    rows = [
        {"person": f"p{i}", "wave": wave, "one": 1 + i % 5, "two": 2, "below": -1} for i in range(9) for wave in "ab"
    ]
    frame = pd.DataFrame(rows).replace({"wave": {"a": "before", "b": "after"}})
    waves = [{"id": each, "title": each, "date": day, "role": role}
             for each, day, role in (("before", "2019", "baseline"), ("after", "2020", "end_line"))]  # fmt: skip
    indicators = [
        indicator(name, formula=formula, ex_post={"wave": "after"}) for name, (formula, _) in formulas.items()
    ]
    programme = load_programme(
        written(tmp_path / "made", frame, indicators, key=("person", "wave"), wave="wave", waves=waves)
    )
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(programme, warehouse)
        assert known_limits(programme, warehouse.connection, programme.indicators) == {
            name: ends for name, (_, ends) in formulas.items()
        }


def test_persons_count_not_rows() -> None:
    keys = [("", "", ""), ("", "sex", "f"), ("", "sex", "m"), ("", "sex", "o")]
    table = cell_table(keys, [90, 12, 30, 48], [30, 2, 10, 18], {})
    assert suppress(table, 10).tolist() == [False, True, True, False]


# ---- from raw rows to what a reader sees ---------------------------------------------------------------------------


TREATED = [{"column": "arm", "equals": "t"}]
TARGET = {"change": 4, "due": "2020", "origin": {"note": "made"}}


def survey(folder: Path, sizes: Mapping[str, int], *, minimum: int | None = None, **fields: Any) -> Path:
    """Write a programme of persons in two waves and two arms; ``sizes`` says how many of each kind are treated."""
    kinds = [(kind, arm) for kind, size in sizes.items() for arm, n in (("t", size), ("c", 30)) for _ in range(n)]
    rng = np.random.default_rng(3)
    rows = [
        {"person": f"p{i}", "wave": wave, "kind": kind, "arm": arm, "y": round(float(rng.normal(50, 5)), 2)}
        for i, (kind, arm) in enumerate(kinds)
        for wave in ("before", "after")
    ]
    design = {"kind": "did", "arm": "arm", "treated": "t", "comparison": "c"}
    wanted = indicator(
        "score",
        fields.pop("design", design),
        by=["kind"],
        ex_ante={"baseline": fields.pop("baseline", {"wave": "before"}), "target": TARGET},
        ex_post={"wave": "after"},
        **fields,
    )
    waves = [{"id": "before", "title": "Before", "date": "2019", "role": "baseline"}]
    waves += [{"id": "after", "title": "After", "date": "2020", "role": "end_line"}]
    written(folder, pd.DataFrame(rows), [wanted], key=("person", "wave"), wave="wave", waves=waves)
    if minimum is not None:
        path = folder / "programme.yaml"
        path.write_text(path.read_text() + f"disclosure: {{minimum: {minimum}}}\n")
    return folder


SIZES = {"a": 4, "b": 12, "c": 40}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = survey(tmp_path_factory.mktemp("survey") / "made", SIZES)
    with Warehouse(folder.parent / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        yield warehouse


def test_small_group_and_its_complement_are_suppressed(run: Warehouse) -> None:
    table = read_table(run, Suppression)
    found = Counter(zip(table["arm"], table["group_value"], table["wave"], table["reason"], strict=True))
    hidden = [("treated", "a", "few"), ("treated", "b", "complement")]
    assert found == Counter((arm, kind, wave, why) for arm, kind, why in hidden for wave in ("before", "after"))
    assert set(table["minimum"]) == {10}
    assert set(table["finding"]) == {"made/score/kind=a", "made/score/kind=b"}


def test_suppressed_findings_hold_no_number_from_persons(run: Warehouse) -> None:
    before = findings_table(run)
    findings = protect_findings(before, read_table(run, Suppression))
    assert list(findings["finding"].str[-6:]) == ["/score", "kind=c", "kind=a", "kind=b"]
    assert list(findings["suppressed"]) == ["", "", "few", "complement"]
    assert str(findings["n"].dtype) == "Int64"
    shown, hidden = findings[findings["suppressed"] == ""], findings[findings["suppressed"] != ""]
    numbers = [name for name in findings.select_dtypes("number") if not name.startswith("part_")]
    assert hidden[numbers].isna().all(axis=None)
    assert set(hidden["attainment"]) == set(hidden["contribution"]) == set(hidden["progress_state"]) == {"suppressed"}
    assert not hidden[["method", "evidence_reason"]].any(axis=None)
    assert hidden[["inference", "not_estimable"]].isna().all(axis=None)
    same = before[before["finding"].isin(shown["finding"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(shown.drop(columns="suppressed").reset_index(drop=True), same, check_dtype=False)


def test_protected_measures_withstand_subtraction(run: Warehouse) -> None:
    """Counts and sums of values from the protected frame alone: no hidden one is in their span, nor was it before."""
    measures = protect_measures(read_table(run, Measure), read_table(run, Suppression))
    hidden = measures[measures["suppressed"] != ""]
    assert len(hidden) == 4
    assert hidden[["value", "std_error", "conf_low", "conf_high", "n", "n_missing", "n_clusters"]].isna().all(axis=None)
    for _, cells in measures.groupby(["arm", "wave"]):
        places = {kind: place for place, kind in enumerate(cells["group_value"])}
        known = [{place: Fraction(1)} for place, why in enumerate(cells["suppressed"]) if not why]
        adds_up = {places[kind]: Fraction(1 if not kind else -1) for kind in places}
        pivots = echelon([*known, adds_up])
        off = [place for place, why in enumerate(cells["suppressed"]) if why]
        assert all(reduced({place: Fraction(1)}, pivots) for place in off)
        if off:
            primary = echelon([*known, *({p: Fraction(1)} for p in off[1:]), adds_up])
            assert not reduced({off[0]: Fraction(1)}, primary)


def test_nothing_stands_behind_a_suppressed_finding(run: Warehouse) -> None:
    findings = protect_findings(findings_table(run), read_table(run, Suppression))
    for table in (read_table(run, Diagnostic), read_table(run, Term)):
        kept = protect_behind(table, findings)
        gone = set(table["finding"]) - set(kept["finding"])
        assert {name[-6:] for name in gone} <= {"kind=a", "kind=b"}
        assert not set(kept["finding"]) & {"made/score/kind=a", "made/score/kind=b"}
    assert "made/score/kind=a" in set(read_table(run, Diagnostic)["finding"])
    only = findings[findings["finding"] == "made/score/kind=c"]
    assert set(protect_behind(read_table(run, Diagnostic), only)["finding"]) == {"made/score/kind=c"}


def test_a_test_between_groups_goes_with_one_of_them(run: Warehouse) -> None:
    diagnostics = read_table(run, Diagnostic)
    tests = diagnostics[[says(check, "check.heterogeneity") for check in diagnostics["check"]]]
    assert list(tests["finding"]) == ["made/score"]
    findings = protect_findings(findings_table(run), read_table(run, Suppression))
    assert protect_behind(tests, findings).empty
    assert len(protect_behind(tests, findings.assign(suppressed=""))) == 1


def test_a_promised_value_stays_and_a_reckoned_one_goes(run: Warehouse, tmp_path: Path) -> None:
    findings = protect_findings(findings_table(run), read_table(run, Suppression)).set_index("finding")
    assert findings["target"].isna().to_dict()["made/score/kind=a"]  # baseline + 4 would tell the baseline
    stated = {"value": 50.0, "origin": {"note": "stated"}}
    folder = survey(tmp_path / "made", SIZES, baseline=stated, design={"kind": "before_after"}, where=TREATED)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        findings = protect_findings(findings_table(warehouse), read_table(warehouse, Suppression)).set_index("finding")
    assert findings.loc["made/score/kind=a", ["suppressed", "baseline", "target"]].tolist() == ["few", 50.0, 54.0]


def test_another_minimum_is_enough_for_a_run_to_hide_other_cells(tmp_path: Path) -> None:
    folder = survey(tmp_path / "made", SIZES, minimum=1)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        assert read_table(warehouse, Suppression).empty
        edit(folder / "programme.yaml", "minimum: 1}", "minimum: 5}")
        run_programme(load_programme(folder), warehouse)
        assert set(read_table(warehouse, Suppression)["group_value"]) == {"a", "b"}
        runs = warehouse.rows("SELECT count(*) FROM impact.run")
        run_programme(load_programme(folder), warehouse)
        assert warehouse.rows("SELECT count(*) FROM impact.run") == runs


def test_values_measured_before_their_findings_are_hidden_too(tmp_path: Path) -> None:
    folder = survey(tmp_path / "made", SIZES)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse, until="measure")
        measures = protect_measures(read_table(warehouse, Measure), read_table(warehouse, Suppression))
        assert set(measures.loc[measures["suppressed"] != "", "group_value"]) == {"a", "b"}


def test_facts_about_bodies_are_left_alone(tmp_path: Path) -> None:
    folder = survey(tmp_path / "made", SIZES, design={"kind": "before_after"})
    edit(folder / "contracts.yaml", "person: person", "status: null")
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        assert read_table(warehouse, Suppression).empty
        findings = protect_findings(findings_table(warehouse), read_table(warehouse, Suppression))
        assert set(findings["suppressed"]) == {""}
        assert findings["n"].notna().all()


def test_many_rows_of_few_persons_are_few(tmp_path: Path) -> None:
    rows = [
        {"person": f"{kind}{i}", "day": str(day), "kind": kind, "y": i + day}
        for kind, size in {"a": 3, "b": 12, "c": 20}.items()
        for i in range(size)
        for day in range(5)
    ]
    folder = written(tmp_path / "made", pd.DataFrame(rows), [indicator("hours", by=["kind"])], key=("person", "day"))
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        assert read_table(warehouse, Measure).set_index("group_value")["n"].to_dict() == {
            "": 175,
            "a": 15,
            "b": 60,
            "c": 100,
        }
        table = read_table(warehouse, Suppression).set_index("group_value")["reason"]
    assert table.to_dict() == {"a": "few", "b": "complement"}


def test_effects_of_few_linked_persons_are_hidden(tmp_path: Path) -> None:
    """Twelve persons a wave and arm, of whom four are the same: the effect rests on few, the values do not."""
    folder = survey(tmp_path / "made", {"a": 12, "b": 40, "c": 50})
    raw = pd.read_csv(folder / "raw" / "data.csv")
    lost = (raw["wave"] == "after") & (raw["kind"] == "a")
    kept = raw[lost].groupby("arm")["person"].transform("cumcount") < 2
    raw.loc[kept.index[~kept], "person"] += "x"
    raw.to_csv(folder / "raw" / "data.csv", index=False)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        findings = findings_table(warehouse).set_index("finding")
        table = read_table(warehouse, Suppression)
    assert findings.loc["made/score/kind=a", "n_obs"] == 8  # four persons, each at two waves
    assert table[["arm", "group_value", "reason"]].to_numpy().tolist() == [
        ["effect", "a", "few"],
        ["effect", "b", "complement"],
    ]


def test_terms_that_name_few_persons_are_set_aside(tmp_path: Path) -> None:
    folder = survey(tmp_path / "made", {"a": 30, "b": 40})
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        programme = load_programme(folder)
        run_programme(programme, warehouse)
        total = int(findings_table(warehouse).set_index("finding").loc["made/score", "n_obs"])
        terms = [("group", "g1", 8), ("group", "g2", 28), ("group", "g3", 120), ("event_time", "0", 20)]
        terms += [("leave_one_out", "without d1", total - 6), ("leave_one_out", "without d2", total - 100)]
        terms += [("leave_one_out", "without d3", total - 120)]
        frame = pd.DataFrame(terms, columns=["family", "term", "n_obs"]).assign(place=range(100, 107), estimate=1.0)
        frame["family"] = [Said(f"family.{family}") for family in frame["family"]]
        named = {"finding": "made/score", "programme": "made", "indicator": "score", "detail": ""}
        warehouse.append("term", frame.assign(**named))
        with warehouse.transaction():
            assert renew_derived(Run(programme, warehouse, "publish", lambda *_: None), fresh=False)
        findings = protect_findings(findings_table(warehouse), read_table(warehouse, Suppression))
        kept = set(protect_behind(read_table(warehouse, Term), findings)["term"])
    assert kept & set(frame["term"]) == {"g3", "0", "without d3"}
