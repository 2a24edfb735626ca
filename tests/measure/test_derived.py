"""Values of values: held against the same thing measured of rows, against Welch, and by hand; refusals; what is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import impact
from impact.declare import check_programme, load_programme
from impact.declare.load import Programme
from impact.errors import DeclarationError
from impact.expect.registration import definition_hash
from impact.publish import protect_measures, read_table
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.tables.protection import Suppression
from impact.tables.results import Measure
from tests.support.programmes import contract, edit, indicator, programme_folder, written

DESIGN = {"weight": "w", "strata": "s", "cluster": "c", "population": "size"}
TWO_STAGES = DESIGN | {"population_within": "inside"}
NUMBERS = ["value", "std_error", "conf_low", "conf_high"]


def derived(operation: str, *operands: str, **more: Any) -> dict[str, Any]:
    return {"kind": "derived", "operation": operation, "operands": list(operands), **more}


def mean(name: str, column: str, **fields: Any) -> dict[str, Any]:
    return indicator(name, formula={"kind": "mean", "column": column}, **fields)


def total(name: str, column: str, **fields: Any) -> dict[str, Any]:
    return indicator(name, formula={"kind": "sum", "column": column}, **fields)


def persons(seed: int, n: int = 240) -> pd.DataFrame:
    """Draw persons in four strata of clusters, with two numbers that go together."""
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 2, n)
    frame = pd.DataFrame({"person": np.arange(n), "g": rng.choice(["a", "b", "c"], n)})
    frame["y"] = (50 + level + rng.normal(0, 1, n)).round(3)
    frame["x"] = (1e6 + 40 + level + rng.normal(0, 2, n)).round(3)
    frame["c"] = np.arange(n) % 32
    frame["s"] = frame["c"] % 4
    # eight clusters of each stratum were taken whole, out of 12 or 18
    frame["size"] = np.where(frame["s"] < 2, 12, 18)
    frame["w"] = frame["size"] / 8
    frame["inside"] = 40 + frame["c"]
    return frame.assign(difference=(frame["y"] - frame["x"]).round(3))


def rows(result: impact.Result, name: str) -> pd.DataFrame:
    measures = result.measures()
    return measures[measures["indicator"] == name].set_index(["group_value", "wave"]).sort_index()


def run(folder: Path, frame: pd.DataFrame, declared: Sequence[dict[str, Any]], **fields: Any) -> impact.Result:
    return impact.run(written(folder, frame, declared, **fields))


# ---- the same thing, measured of rows --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sample", [{}, {"weight": "w"}, DESIGN, TWO_STAGES], ids=["simple", "weighted", "clusters", "two stages"]
)
def test_a_difference_of_means_of_the_same_rows_is_the_mean_of_differences(
    tmp_path: Path, sample: dict[str, str]
) -> None:
    cut = {"by": ["g"], "sample": sample}
    declared = [
        mean("y_mean", "y", **cut),
        mean("x_mean", "x", **cut),
        mean("of_rows", "difference", **cut),
        indicator("of_values", formula=derived("difference", "y_mean", "x_mean"), by=["g"]),
    ]
    result = run(tmp_path / "p", persons(1), declared)
    of_values, of_rows = rows(result, "of_values"), rows(result, "of_rows")
    assert len(of_values) == 4
    assert of_rows[NUMBERS].notna().all(axis=None)
    # x lies around a million: what its squares lose is what the rounding of doubles leaves
    np.testing.assert_allclose(of_values[NUMBERS], of_rows[NUMBERS], rtol=1e-9)
    assert list(of_values["n_clusters"].fillna(0)) == list(of_rows["n_clusters"].fillna(0))
    assert of_values["method"].map(str).tolist() == of_rows["method"].map(str).tolist()


@pytest.mark.parametrize("sample", [{"weight": "w"}, DESIGN], ids=["weighted", "clusters"])
def test_a_ratio_of_totals_of_the_same_rows_is_the_ratio_formula(tmp_path: Path, sample: dict[str, str]) -> None:
    cut = {"by": ["g"], "sample": sample}
    declared = [
        total("y_total", "y", **cut),
        total("x_total", "x", **cut),
        indicator("of_rows", formula={"kind": "ratio", "numerator": "y", "denominator": "x"}, **cut),
        indicator("of_values", formula=derived("ratio", "y_total", "x_total"), by=["g"]),
    ]
    result = run(tmp_path / "p", persons(2), declared)
    of_values, of_rows = rows(result, "of_values")[NUMBERS], rows(result, "of_rows")[NUMBERS]
    assert of_rows.notna().all(axis=None)
    np.testing.assert_allclose(of_values, of_rows, rtol=1e-9)


def test_what_is_reckoned_from_reckoned_values_has_all_covariances(tmp_path: Path) -> None:
    """(a − b) / b + 1 varies exactly as a / b does: only with the covariance of a − b and b."""
    declared = [
        total("y_total", "y", sample=DESIGN),
        total("x_total", "x", sample=DESIGN),
        indicator("less", formula=derived("difference", "y_total", "x_total")),
        indicator("growth", formula=derived("ratio", "less", "x_total", factor=100)),
        indicator("of_rows", formula={"kind": "ratio", "numerator": "y", "denominator": "x"}, sample=DESIGN),
    ]
    frame = persons(3).assign(x=lambda table: table["x"] - 1e6)
    result = run(tmp_path / "p", frame, declared)
    growth, ratio = rows(result, "growth").iloc[0], rows(result, "of_rows").iloc[0]
    assert growth["value"] == pytest.approx(100 * (ratio["value"] - 1), rel=1e-12)
    assert growth["std_error"] == pytest.approx(100 * ratio["std_error"], rel=1e-9)


def test_a_difference_from_itself_has_no_spread(tmp_path: Path) -> None:
    declared = [
        mean("first", "y"),
        mean("second", "y"),
        indicator("nothing", formula=derived("difference", "first", "second")),
    ]
    row = rows(run(tmp_path / "p", persons(4), declared), "nothing").iloc[0]
    assert row["value"] == 0
    assert pd.isna(row["conf_low"])
    assert "no_interval" in row["flags"]


def test_two_groups_of_one_sample_are_its_domains(tmp_path: Path) -> None:
    """Their means vary apart: n/(n−1) of the sum of the variances of both, by the rows of both."""
    frame = persons(13)
    only = [{"where": [{"column": "g", "equals": group}]} for group in "ab"]
    gap = indicator("gap", formula=derived("difference", "first", "second"))
    result = run(tmp_path / "p", frame, [mean("first", "y", **only[0]), mean("second", "y", **only[1]), gap])
    y = [frame.loc[frame["g"] == group, "y"] for group in "ab"]
    n = sum(map(len, y))
    variance = n / (n - 1) * sum(one.var(ddof=0) / len(one) for one in y)
    assert rows(result, "gap").iloc[0]["std_error"] == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert f"t({n - 1})" in str(rows(result, "gap").iloc[0]["method"])


def test_the_order_of_rows_is_nothing(tmp_path: Path) -> None:
    declared = [
        total("y_total", "y", by=["g"], sample=DESIGN),
        total("x_total", "x", by=["g"], sample=DESIGN),
        indicator("of_values", formula=derived("ratio", "y_total", "x_total"), by=["g"]),
    ]
    frame = persons(14)
    one, other = (
        rows(run(tmp_path / name, table, declared), "of_values")[NUMBERS]
        for name, table in (("p", frame), ("q", frame.sample(frac=1, random_state=1)))
    )
    assert one["value"].tolist() == other["value"].tolist()
    np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.slow
def test_the_interval_is_that_of_a_bootstrap(tmp_path: Path) -> None:
    """A ratio of means of which each lacks other rows, against 4000 draws of persons; the error of draws is 1.2 %."""
    frame = persons(5, 400).assign(x=lambda table: table["x"] - 1e6)
    frame.loc[frame.index % 7 == 0, "y"] = None
    frame.loc[frame.index % 5 == 1, "x"] = None
    declared = [mean("a", "y"), mean("b", "x"), indicator("q", formula=derived("ratio", "a", "b"))]
    row = rows(run(tmp_path / "p", frame, declared), "q").iloc[0]
    rng = np.random.default_rng(6)
    y, x = frame["y"].to_numpy(), frame["x"].to_numpy()
    drawn = rng.integers(0, len(frame), (4000, len(frame)))
    ratios = np.nanmean(y[drawn], axis=1) / np.nanmean(x[drawn], axis=1)
    assert row["std_error"] == pytest.approx(ratios.std(), rel=0.05)


# ---- several contracts -----------------------------------------------------------------------------------------------


def two_contracts(folder: Path, declared: Sequence[dict[str, Any]], **second: Any) -> Path:
    rng = np.random.default_rng(7)
    first = pd.DataFrame({"person": range(12), "town": ["n", "s"] * 6, "y": rng.normal(5, 1, 12).round(3)})
    other = pd.DataFrame({"area": range(30), "town": ["n", "s", "s"] * 10, "x": rng.normal(3, 2, 30).round(3)})
    first["w"] = 2.0
    tables = {
        "one": (contract("rows", first, key=["person"]), first),
        "two": (contract("areas", other, key=["area"], **second), other),
    }
    return programme_folder(folder, tables, declared)


def test_samples_that_share_no_unit_are_those_of_welch(tmp_path: Path) -> None:
    declared = [
        mean("here", "y"),
        mean("there", "x", contract="areas"),
        indicator("apart", formula=derived("difference", "here", "there", independent="Other people were asked")),
        indicator("unsure", formula=derived("difference", "here", "there")),
    ]
    folder = two_contracts(tmp_path / "p", declared)
    result = impact.run(folder)
    y, x = (pd.read_csv(folder / "raw" / f"{name}.csv") for name in ("one", "two"))
    welch = stats.ttest_ind(y["y"], x["x"], equal_var=False)
    apart = rows(result, "apart").iloc[0]
    assert apart["value"] == pytest.approx(y["y"].mean() - x["x"].mean())
    assert apart["std_error"] == pytest.approx(apart["value"] / welch.statistic, rel=1e-9)
    half = stats.t.ppf(0.975, np.floor(welch.df)) * apart["std_error"]  # degrees of freedom are rounded down
    assert apart["conf_high"] - apart["value"] == pytest.approx(half, rel=1e-9)
    unsure = rows(result, "unsure").iloc[0]
    assert unsure["value"] == apart["value"]
    assert pd.isna(unsure["std_error"])
    assert str(unsure["method"]) == (
        "no interval: there and here may be of the same units, so how they vary together is not known"
    )


def test_per_head_of_a_population_that_is_known_varies_as_the_total_does(tmp_path: Path) -> None:
    declared = [
        total("hours", "y", by=["town"], sample={"weight": "w"}),
        total("people", "x", contract="areas", by=["town"]),
        indicator("rate", formula=derived("per_head", "hours", "people", factor=1000), by=["town"]),
    ]
    result = impact.run(two_contracts(tmp_path / "p", declared))
    rate, hours, people = (rows(result, name) for name in ("rate", "hours", "people"))
    for name in NUMBERS:
        np.testing.assert_allclose(rate[name], 1000 * hours[name] / people["value"], rtol=1e-9)


def test_a_missing_operand_and_a_zero_below_leave_no_value(tmp_path: Path) -> None:
    one = pd.DataFrame({"person": range(5), "town": ["a", "b", "c", "c", "d"], "y": [2.0, 3.0, 4.0, 5.0, None]})
    two = pd.DataFrame({"area": range(4), "town": ["a", "b", "e", "d"], "x": [4.0, 0.0, 7.0, 9.0]})
    tables = {
        "one": (contract("rows", one, key=["person"]), one),
        "two": (contract("areas", two, key=["area"]), two),
    }
    declared = [
        total("hours", "y", by=["town"]),
        total("people", "x", contract="areas", by=["town"]),
        indicator("rate", formula=derived("per_head", "hours", "people"), by=["town"]),
    ]
    result = impact.run(programme_folder(tmp_path / "p", tables, declared))
    rate = rows(result, "rate").droplevel("wave")
    assert rate["value"].to_dict() == {
        "": 14 / 20, "a": 0.5, "b": pytest.approx(np.nan, nan_ok=True), "c": pytest.approx(np.nan, nan_ok=True),
        "d": pytest.approx(np.nan, nan_ok=True), "e": pytest.approx(np.nan, nan_ok=True),
    }  # fmt: skip
    assert rate["method"].map(str).to_dict() == {
        "": "complete count, no sampling error",
        "a": "complete count, no sampling error",
        "b": "not estimable because people is zero here",
        "c": "not estimable because people has no value here",
        "d": "not estimable because hours has no value here",
        "e": "not estimable because hours has no value here",
    }
    finding = result.findings().set_index("finding").loc["made/rate/town=c"]
    assert pd.isna(finding["value"])
    assert str(finding["not_estimable"]) == "people has no value here"
    assert "incomplete" in rate.loc["", "flags"]  # an operand lacks a unit


def test_rows_without_waves_stand_beside_every_wave(tmp_path: Path) -> None:
    one = pd.DataFrame({"person": [1, 2] * 2, "wave": ["b", "b", "c", "c"], "y": [2, 3, 5, 7]})
    two = pd.DataFrame({"area": [1], "x": [10]})
    tables = {
        "one": (contract("rows", one, key=["person", "wave"], wave="wave"), one),
        "two": (contract("areas", two, key=["area"]), two),
    }
    waves = [
        {"id": name, "title": name, "date": year, "role": "series"} for name, year in (("b", "2019"), ("c", "2020"))
    ]
    at = {"ex_post": {"wave": "c"}}
    declared = [
        total("hours", "y", **at),
        total("people", "x", contract="areas"),
        indicator("rate", formula=derived("per_head", "hours", "people"), **at),
    ]
    result = impact.run(programme_folder(tmp_path / "p", tables, declared, waves=waves))
    assert rows(result, "rate")["value"].droplevel("group_value").to_dict() == {"b": 0.5, "c": 1.2}
    query = result.trace("made/rate").definition.query
    published = result.warehouse.rows(query)
    assert published == [("b", 0.5, 2), ("c", 1.2, 2)]


def test_a_share_above_its_whole_is_flagged(tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": range(4), "y": [1, 2, 3, 4], "x": [9, 1, 1, 1]})
    declared = [
        total("part", "x"),
        total("whole", "y"),
        indicator("share", formula=derived("share_of", "part", "whole")),
    ]
    row = rows(run(tmp_path / "p", frame, declared), "share").iloc[0]
    assert row["value"] == 1.2
    assert "outside_whole" in row["flags"]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({"formula": {"kind": "quantile", "column": "x"}}, "how b varies with the other is not known from its sums"),
        ({"sample": {"weight": "w"}}, "a and b are of the same rows, and declare different samples"),
    ],
)
def test_where_it_is_not_known_how_operands_vary_there_is_no_interval(
    tmp_path: Path, second: dict[str, Any], reason: str
) -> None:
    declared = [mean("a", "y"), indicator("b", **second), indicator("q", formula=derived("ratio", "a", "b"))]
    row = rows(run(tmp_path / "p", persons(8), declared), "q").iloc[0]
    assert row["value"] > 0
    assert pd.isna(row["conf_low"])
    assert str(row["method"]) == f"no interval: {reason}"


# ---- the rest of the house -------------------------------------------------------------------------------------------


def test_nothing_is_reckoned_from_a_hidden_operand(tmp_path: Path) -> None:
    """Of group a few have a value of y; b is hidden so that it cannot be subtracted; what follows from them is too."""
    frame = pd.DataFrame({"person": range(66), "g": ["a"] * 14 + ["b"] * 12 + ["c"] * 40})
    frame["y"], frame["x"] = np.arange(66.0) ** 1.1, np.arange(66.0) ** 1.2
    frame.loc[frame.index < 10, "y"] = None
    declared = [
        mean("a", "y", by=["g"]),
        mean("b", "x", by=["g"]),
        indicator("q", formula=derived("ratio", "b", "a"), by=["g"]),
        indicator("back", formula=derived("ratio", "q", "b"), by=["g"]),
    ]
    folder = written(tmp_path / "p", frame, declared)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        hidden = read_table(warehouse, Suppression)
        measures = protect_measures(read_table(warehouse, Measure), hidden)
    reasons = hidden.groupby("indicator")[["group_value", "reason"]].apply(lambda one: dict(one.to_numpy().tolist()))
    assert reasons["a"] == {"a": "few", "b": "complement"}
    assert reasons["q"] == reasons["back"] == reasons["a"]
    off = measures[measures["suppressed"] != ""]
    assert off[NUMBERS].isna().all(axis=None)
    shown = measures[(measures["indicator"] == "q") & (measures["suppressed"] == "")]
    assert set(shown["group_value"]) == {"", "c"}


def loaded(folder: Path, *declared: dict[str, Any]) -> Programme:
    return load_programme(written(folder, persons(9, 20), declared))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"formula": derived("ratio", "a", "absent")}, "there is no indicator 'absent'"),
        ({"formula": derived("ratio", "a", "q")}, "'q' is reckoned from itself"),
        ({"where": [{"column": "y", "above": 1}]}, "it counts no rows of its own"),
        ({"sample": {"weight": "w"}}, "its sample is that of its operands"),
        ({"by": ["s"]}, "'b' is not cut by 's'"),
        (
            {"ex_post": {"period": "2020", "design": {"kind": "before_after"}}},
            "values of other indicators have no effect",
        ),
    ],
)
def test_what_cannot_be_put_together_is_said(tmp_path: Path, changed: dict[str, Any], what: str) -> None:
    wrong = {"formula": derived("ratio", "a", "b")} | changed
    problems = check_programme(
        loaded(tmp_path / "p", mean("a", "y", by=["g", "s"]), mean("b", "x", by=["g"]), indicator("q", **wrong))
    )
    assert what in [problem.what for problem in problems]
    assert all(problem.line for problem in problems)


def test_operands_lead_in_no_circle(tmp_path: Path) -> None:
    one = indicator("one", formula=derived("ratio", "two", "a"))
    two = indicator("two", formula=derived("ratio", "one", "a"))
    problems = check_programme(loaded(tmp_path / "p", mean("a", "y"), one, two))
    assert [problem.what for problem in problems] == [f"'{name}' is reckoned from itself" for name in ("one", "two")]


def test_it_is_of_the_contract_of_its_first_operand(tmp_path: Path) -> None:
    declared = [
        mean("a", "y"),
        mean("b", "x", contract="areas"),
        indicator("q", formula=derived("ratio", "b", "a")),
    ]
    (problem,) = check_programme(load_programme(two_contracts(tmp_path / "p", declared)))
    assert (problem.what, problem.expected, problem.found) == (
        "'q' is cut as 'b' is, by the columns of its contract", "areas", "rows",
    )  # fmt: skip


def test_what_an_operand_becomes_is_followed(tmp_path: Path) -> None:
    """Plans, definitions and results depend on operands, and on nothing else."""
    declared = [mean("a", "y"), mean("b", "x"), mean("alone", "w"), indicator("q", formula=derived("ratio", "a", "b"))]
    folder = written(tmp_path / "p", persons(10), declared)
    first = load_programme(folder)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        assert set(run_programme(first, warehouse).computed) == {"a", "b", "alone", "q"}
        edit(folder / "indicators.yaml", "{kind: mean, column: x}", "{kind: mean, column: size}")
        second = load_programme(folder)
        assert set(run_programme(second, warehouse).computed) == {"b", "q"}
        measures = read_table(warehouse, Measure).set_index("indicator")
    assert measures.loc["q", "value"] == pytest.approx(measures.loc["a", "value"] / measures.loc["b", "value"])
    hashes = [[definition_hash(one, named) for named in one.indicators] for one in (first, second)]
    assert [old == new for old, new in zip(*hashes, strict=True)] == [True, False, True, False]


def test_a_trace_leads_to_the_rows_of_all_operands(tmp_path: Path) -> None:
    declared = [
        total("hours", "y", where=[{"column": "town", "equals": "n"}]),
        total("people", "x", contract="areas"),
        indicator("rate", formula=derived("per_head", "hours", "people")),
    ]
    result = impact.run(two_contracts(tmp_path / "p", declared))
    files = result.trace("made/rate").files
    assert [(file.load.contract, file.rows_used) for file in files] == [("rows", 6), ("areas", 30)]


def test_a_promised_difference_of_totals_is_the_wholes(tmp_path: Path) -> None:
    target = {"ex_ante": {"target": {"value": 5.0, "due": "2020", "origin": {"note": "made"}}}}
    declared = [
        total("a", "y", by=["g"]),
        total("b", "x", by=["g"]),
        mean("c", "y", by=["g"]),
        mean("d", "x", by=["g"]),
        indicator("of_totals", formula=derived("difference", "a", "b"), by=["g"], **target),
        indicator("of_means", formula=derived("difference", "c", "d"), by=["g"], **target),
    ]
    findings = run(tmp_path / "p", persons(11), declared).findings().set_index("finding")
    assert findings.loc["made/of_totals", "target"] == 5
    assert pd.isna(findings.loc["made/of_totals/g=a", "target"])
    assert findings.loc["made/of_means/g=a", "target"] == 5


def test_what_takes_no_factor_and_one_operand_twice_are_refused(tmp_path: Path) -> None:
    share = indicator("q", formula=derived("share_of", "a", "b", factor=2))
    with pytest.raises(DeclarationError, match="takes no factor"):
        loaded(tmp_path / "p", mean("a", "y"), share)
    with pytest.raises(DeclarationError, match="'a' stands twice"):
        loaded(tmp_path / "q", mean("a", "y"), indicator("q", formula=derived("ratio", "a", "a")))
