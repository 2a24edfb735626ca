"""Cases of effects with absorbed effects: what counts as a unit, a cluster and a start; few units; thin parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import impact
from impact.estimate.panel import PanelFit, panel_effects
from tests.cases.run import finding, run_case
from tests.support.programmes import indicator, written

NUMBERS = ("estimate", "std_error", "p_value", "effect_low", "effect_high", "n_obs", "n_clusters")
WORDS = ("inference", "evidence_level", "evidence_reason")
ESTIMATORS = ("callaway_santanna", "sun_abraham", "imputation", "two_stage", "twfe")
YEARS = tuple(map(str, range(2015, 2021)))


def checks(result: impact.Result, name: str) -> pd.DataFrame:
    table = result.diagnostics()
    return table[table["indicator"] == name].set_index("check")[["value", "p_value", "status", "detail"]]


def numbers(row: dict[str, Any]) -> list[float]:
    """The numbers of an effect; −1 where there is none, as clusters of independent rows."""
    return [-1.0 if row[field] is None else row[field] for field in NUMBERS]


def same(one: impact.Result, other: impact.Result, name: str) -> None:
    """The same number, error, degrees of freedom, checks and evidence; only the count of what was left out differs."""
    left, right = finding(one, name), finding(other, name)
    assert numbers(left) == pytest.approx(numbers(right), rel=1e-9)
    assert [left[field] for field in WORDS] == [right[field] for field in WORDS]
    first, second = checks(one, name), checks(other, name)
    pd.testing.assert_frame_equal(first.drop(columns="detail"), second.drop(columns="detail"), rtol=1e-7)
    details = first["detail"] != second["detail"]
    assert set(first.index[details]) <= {"complete_cases"}


def test_units_seen_once_count_for_nothing(tmp_path: Path) -> None:
    """fixest, reghdfe and pyfixest leave singletons out: SE 1.4548 on t(5), not 1.2585 on t(65)."""
    alone, many = run_case("08a", tmp_path), run_case("08b", tmp_path)
    same(alone, many, "p")
    row = finding(many, "p")
    assert row["std_error"] == pytest.approx(1.454814, abs=5e-7)
    assert (row["inference"], row["n_obs"], row["n_clusters"], row["evidence_level"]) == ("CR1 nested, t(5)", 36, 6, 2)
    said = checks(many, "p").loc["complete_cases", "detail"]
    assert said == "36 rows of 6 units over 6 waves used; 60 rows left out as the only one of their unit or wave"


def test_units_seen_once_are_no_starts(tmp_path: Path) -> None:
    result = run_case("15", tmp_path)
    start = checks(result, "p").loc["staggered_adoption"]
    assert (start["value"], start["status"], start["detail"]) == (1, "passed", "one start")
    assert (finding(result, "p")["n_clusters"], finding(result, "p")["n_obs"]) == (40, 240)


def test_few_units_are_few_clusters_for_every_estimator(tmp_path: Path) -> None:
    """Six units: t(5) for all, and no more evidence than from a panel; ``sensitivity: false`` leaves no bounds."""
    result = run_case("21", tmp_path)
    for name in ("cs", "imp", "ts", "sa", "twfe"):
        row, found = finding(result, name), checks(result, name)
        assert row["inference"].endswith(", t(5)")
        assert (row["n_clusters"], row["evidence_level"]) == (6, 2)
        assert (found.loc["clusters", "status"], found.loc["clusters", "detail"]) == ("failed", "6 clusters")
        assert "honest_bounds" not in found.index
    assert not (result.terms()["family"] == "honest_bounds").any()


def units(n: int = 60, seed: int = 1, schools: int = 20) -> pd.DataFrame:
    """Units in schools that start in 2018, in 2019 or never, with an effect of 2."""
    rng = np.random.default_rng(seed)
    unit, place = (axis.ravel() for axis in np.indices((n, len(YEARS))))
    start = np.array([3, 4, 99])[unit % 3]
    frame = pd.DataFrame({"person": [f"u{u:04}" for u in unit], "wave": np.array(YEARS)[place]})
    frame["g"] = np.array(["2018", "2019", "0"])[unit % 3]
    frame["school"] = [f"s{u % schools:02}" for u in unit]
    frame["d"] = (place >= start).astype(float)
    frame["y"] = (unit / 10 + np.sin(place) + 2 * frame["d"] + rng.normal(size=len(frame))).round(6)
    return frame


PLANS: dict[str, dict[str, Any]] = {
    name: {"kind": "staggered", "cohort": "g", "never": ["0"], "estimator": name, "sensitivity": False}
    for name in ESTIMATORS
}
PLANS["panel"] = {"kind": "panel", "treatment": "d"}


def run(folder: Path, frame: pd.DataFrame, plans: dict[str, dict[str, Any]], **fields: Any) -> impact.Result:
    waves = [{"id": year, "title": year, "date": year, "role": "series"} for year in YEARS]
    layout: dict[str, Any] = {"key": ("person", "wave"), "wave": "wave", "waves": waves}
    made = [indicator(name, plan, ex_post={"wave": "2020"}, **fields) for name, plan in plans.items()]
    return impact.run(impact.load(written(folder / "p", frame, made, **layout)), folder / "p.duckdb")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> impact.Result:
    return run(tmp_path_factory.mktemp("plain"), units(), PLANS)


def test_rows_that_are_alone_change_nothing_in_any_estimator(plain: impact.Result, tmp_path: Path) -> None:
    """Units seen once, at any wave and of any start."""
    more = units(40, 2).sample(frac=1, random_state=3).drop_duplicates("person")
    more = more.assign(person="x" + more["person"], y=np.random.default_rng(4).normal(0, 100, len(more)).round(3))
    other = run(tmp_path, pd.concat([units(), more]), PLANS)
    for name in PLANS:
        same(plain, other, name)
        assert "; 40 rows left out as the only one" in checks(other, name).loc["complete_cases", "detail"]


@settings(max_examples=4)
@given(seed=st.integers(0, 2**32 - 1), n_alone=st.integers(1, 60), weighted=st.booleans())
def test_rows_that_are_alone_never_change_a_regression(seed: int, n_alone: int, weighted: bool) -> None:
    """Units seen once, a period that one unit saw, and a chain of units and periods that ends in one row."""
    rng = np.random.default_rng(seed)
    data = units(30, seed)[["person", "wave", "school", "d", "y"]]
    data = data[rng.random(len(data)) < 0.9].set_axis(["_unit", "_period", "_cluster", "d", "_outcome"], axis=1)
    data["_period"] = data["_period"].astype(int)
    alone = pd.DataFrame({"_unit": [f"x{i}" for i in range(n_alone)], "_period": rng.integers(2015, 2021, n_alone)})
    chain = pd.DataFrame({"_unit": ["u0000", "y", "y", "z"], "_period": [2031, 2031, 2032, 2032]})
    more = pd.concat([alone, chain]).assign(d=1.0, _cluster="own")
    more["_outcome"] = rng.normal(0, 100, len(more))
    both = [part.assign(_weight=rng.uniform(1, 2, len(part)).round(3)) for part in (data, more)]
    wider = pd.concat(both) if weighted else pd.concat([data, more])
    for clusters in ((), ("_unit",), ("_cluster",), ("_unit", "_cluster")):
        few, many = (
            fitted(part, clusters) for part in (both[0] if weighted else data, wider.sample(frac=1, random_state=1))
        )
        one, other = few.estimates[0], many.estimates[0]
        assert [other.estimate, other.std_error, other.df] == pytest.approx([one.estimate, one.std_error, one.df])
        assert (other.n_obs, other.n_clusters, many.n_units) == (one.n_obs, one.n_clusters, few.n_units)
        assert many.n_uninformative == few.n_uninformative + len(more)


def fitted(data: pd.DataFrame, clusters: tuple[str, ...]) -> PanelFit:
    with duckdb.connect() as connection:
        connection.register("data", data)
        return panel_effects(connection, "SELECT * FROM data", terms=["d"], clusters=clusters)


def test_a_cohort_of_one_leaves_the_others(plain: impact.Result, tmp_path: Path) -> None:
    lone = units(1, 9).assign(person="lone", g="2017")
    result = run(tmp_path, pd.concat([units(), lone]), PLANS)
    for name in ESTIMATORS[:4]:
        assert numbers(finding(result, name)) == pytest.approx(numbers(finding(plain, name)), rel=1e-9)
        said = checks(result, name).loc["left_out"]
        assert (said["status"], said["value"]) == ("failed", 1)
        assert said["detail"] == "the cohort first treated 2017 lies in one unit"
        assert "left_out" not in checks(plain, name).index


def test_rows_without_a_cluster_are_left_out_and_named(tmp_path: Path) -> None:
    frame, plans = units(), {name: plan | {"cluster": "school"} for name, plan in PLANS.items()}
    nowhere = frame["person"].isin(["u0001", "u0007"])
    result = run(tmp_path / "a", frame.assign(school=frame["school"].where(~nowhere)), plans)
    without = run(tmp_path / "b", frame[~nowhere], plans)
    for name in plans:
        assert numbers(finding(result, name)) == pytest.approx(numbers(finding(without, name)), rel=1e-9)
        said = checks(result, name).loc["complete_cases"]
        assert said["status"] == "failed"
        assert f"; {12 if name in ('panel', 'twfe') else 2} have no school" in said["detail"]


def test_never_treated_that_lack_a_wave_leave_those_treated_later(tmp_path: Path) -> None:
    frame = units()
    gap = (frame["g"] == "0") & (frame["wave"] == "2016")
    plan = PLANS["callaway_santanna"]
    result = run(tmp_path, frame[~gap], {"later": plan | {"control": "not_yet"}, "never": plan})
    row, detail = finding(result, "later"), checks(result, "later").loc["left_out", "detail"]
    assert abs(row["estimate"] - 2) < 3 * row["std_error"]
    assert row["n_clusters"] == 40
    assert detail == "every unit never treated has a missing outcome"
    assert finding(result, "never")["not_estimable"].startswith("every unit never treated has a missing outcome")


def test_units_without_any_outcome_are_counted_as_lost(tmp_path: Path) -> None:
    frame = units()
    result = run(tmp_path, frame.assign(y=frame["y"].where(frame["person"] >= "u0003")), PLANS)
    for name in ESTIMATORS[:4]:
        said = checks(result, name).loc["complete_cases"]
        assert (said["value"], said["status"]) == (3, "failed")
        assert said["detail"].endswith("; 3 without any outcome")
        assert finding(result, name)["n_clusters"] == 57
    assert checks(result, "panel").loc["complete_cases", "value"] == 18


def test_influences_belong_to_their_units_where_starts_never_vary_within_a_column(tmp_path: Path) -> None:
    """The interval by school of two-way fixed effects is that of the same plan with that cluster."""
    frame = units(schools=30)  # a school then holds units of one start
    plans = {"units": PLANS["twfe"], "schools": PLANS["twfe"] | {"cluster": "school"}}
    result = run(tmp_path, frame, plans)
    said = checks(result, "units").loc["assignment_unit"]
    factor = np.sqrt((360 - 1) / (360 - 7))  # the small-sample factor of CR1, which sums of influences do not have
    assert said["value"] * factor == pytest.approx(finding(result, "schools")["std_error"], rel=1e-9)


def people(n: int = 400, seed: int = 3) -> pd.DataFrame:
    """Persons in 20 schools and 8 blocks, arms by lot, at two waves."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"person": range(n), "school": [f"s{i % 20:02}" for i in range(n)]})
    frame["block"] = [f"b{i % 8}" for i in range(n)]
    frame["arm"] = np.where(rng.permutation(n) % 2, "T", "C")
    frame["x"] = rng.normal(size=n).round(6)
    both = pd.concat([frame.assign(wave=wave) for wave in ("2019", "2020")], ignore_index=True)
    both["y"] = (both["x"] + (both["arm"] == "T") * (both["wave"] == "2020") + rng.normal(size=2 * n)).round(6)
    return both


ARMS = {"arm": "arm", "treated": "T", "comparison": "C"}
DESIGNS: dict[str, dict[str, Any]] = {
    "randomised": {"kind": "randomised", "cluster": "school"} | ARMS,
    "did": {"kind": "did", "rows": "linked", "cluster": "school"} | ARMS,
    "weighting": {"kind": "weighting", "covariates": ["x"], "cluster": "school"} | ARMS,
    "association": {"kind": "association", "exposure": "x", "cluster": "school"},
}


def of_arms(folder: Path, frame: pd.DataFrame, designs: dict[str, dict[str, Any]]) -> impact.Result:
    return run(folder, frame, designs, ex_ante={"baseline": {"wave": "2019"}})


def test_persons_without_a_cluster_are_left_out_of_comparisons_and_named(tmp_path: Path) -> None:
    frame = people()
    nowhere = frame["person"].isin([3, 50, 211])
    result = of_arms(tmp_path / "a", frame.assign(school=frame["school"].where(~nowhere)), DESIGNS)
    without = of_arms(tmp_path / "b", frame[~nowhere], DESIGNS)
    for name in DESIGNS:
        row, plain = finding(result, name), finding(without, name)
        assert numbers(row) == pytest.approx(numbers(plain), rel=1e-9), name
        said = checks(result, name).loc["complete_cases"]
        lost, of = (6, 800) if name == "did" else (3, 400)
        assert (said["value"], said["status"]) == (lost, "failed")
        assert said["detail"] == f"{of - lost} of {of} used; {lost} have no school"


def test_the_only_person_of_a_village_counts_for_nothing_beside_dummies_of_villages(tmp_path: Path) -> None:
    """Sixty villages of one person beside six: neither observations nor clusters of a regression with their dummies."""
    frame = people(120)
    frame["school"] = [f"s{i % 6}" for i in frame["person"]]
    more = people(60, 5).assign(person=lambda rows: rows["person"] + 1000)
    more["school"] = "own" + more["person"].astype(str)
    plans = {
        "association": {"kind": "association", "exposure": "x", "covariates": ["school"], "cluster": "school"},
        "randomised": {"kind": "randomised", "covariates": ["school"], "cluster": "school"} | ARMS,
        "did": {"kind": "did", "rows": "linked", "covariates": ["school"], "cluster": "school"} | ARMS,
    }
    alone, many = of_arms(tmp_path / "a", frame, plans), of_arms(tmp_path / "b", pd.concat([frame, more]), plans)
    for name in plans:
        same_but_attrition = checks(many, name).loc["clusters"]
        assert numbers(finding(many, name)) == pytest.approx(numbers(finding(alone, name)), rel=1e-9)
        assert (same_but_attrition["value"], same_but_attrition["status"]) == (6, "failed")
        said = checks(many, name).loc["complete_cases"]
        assert said["status"] == "passed"
        assert said["detail"].endswith(
            f"; {120 if name == 'did' else 60} left out that covariates tell apart from all others"
        )


def test_a_cluster_that_nobody_has_is_the_reason(tmp_path: Path) -> None:
    result = of_arms(tmp_path, people().assign(school=np.nan), DESIGNS)
    for name in DESIGNS:
        assert finding(result, name)["not_estimable"].startswith("school is missing for everybody")


def test_one_thin_block_leaves_the_others(tmp_path: Path) -> None:
    frame = people()
    odd = pd.DataFrame({"person": [901, 902, 903], "school": "s01", "block": "odd", "arm": ["T", "C", "C"], "x": 0.0})
    odd = pd.concat([odd.assign(wave=wave, y=[5.0, 1.0, 2.0]) for wave in ("2019", "2020")])
    plan = {"randomised": {"kind": "randomised", "blocks": "block"} | ARMS}
    result, without = of_arms(tmp_path / "a", pd.concat([frame, odd]), plan), of_arms(tmp_path / "b", frame, plan)
    row, plain = finding(result, "randomised"), finding(without, "randomised")
    assert numbers(row) == pytest.approx(numbers(plain), rel=1e-9)
    said = checks(result, "randomised").loc["left_out"]
    assert (said["status"], said["detail"]) == ("failed", "1 blocks have fewer than two units in an arm: odd")


def test_blocks_that_are_nearly_all_thin_are_refused(tmp_path: Path) -> None:
    frame = people(40).assign(block=lambda rows: "pair " + (rows["person"] // 2).astype(str))
    result = of_arms(tmp_path, frame, {"randomised": {"kind": "randomised", "blocks": "block"} | ARMS})
    assert finding(result, "randomised")["not_estimable"].startswith("20 blocks have fewer than two units in an arm")
