"""Values that are exact where the data are, shares of 0 and 1, and strata of one sampling unit.

Reference values: R 4.2.2, survey 4.1.1, run on the handed files and on ``apiclus2`` (default options but for
``survey.lonely.psu``); fractions where the data are small.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import impact
from impact.measure import measure_indicators
from impact.tables.registry import TABLES, create_sql
from tests.cases.run import BUGS, finding, run_case
from tests.support.programmes import template

TEXTS = ("g", "s", "c", "h", "k", "arm")
TYPES = {"pid": "{type: text, required: true}", "wave": "{type: code, required: true, codes: [baseline, end_line]}"}


def programme(folder: Path, frame: pd.DataFrame, indicators: str) -> Path:
    """Declare rows of persons at two waves, with any columns of numbers (y, x, w, n, m) and codes (g, s, c)."""
    folder.mkdir(parents=True, exist_ok=True)
    where = template(folder)
    frame.to_csv(where / "raw" / "survey.csv", index=False)
    kinds = {name: "{type: text}" if name in TEXTS else "{type: number}" for name in frame if name not in TYPES}
    columns = "\n".join(f"      {name}: {text}" for name, text in (TYPES | kinds).items())
    (where / "contracts.yaml").write_text(
        "contracts:\n  - id: survey\n    title: Survey\n    unit_of_analysis: person\n    key: [pid, wave]\n"
        f"    person: pid\n    wave: wave\n    columns:\n{columns}\n"
    )
    (where / "indicators.yaml").write_text(f"indicators:\n{indicators}")
    return where


def indicator(name: str, formula: str, extra: str = "", design: str = "") -> str:
    return (
        f"  - id: {name}\n    title: {name}\n    node: wellbeing\n    level: micro\n    unit: u\n    direction: increase\n"
        f"    contract: survey\n    formula: {formula}\n{extra}    ex_post:\n      wave: end_line\n{design}"
    )


@pytest.mark.parametrize("case", ["01", "02", "03", "04"])
def test_nothing_is_left_of_a_zero(case: str, tmp_path: Path) -> None:
    result = run_case(case, tmp_path)
    values = [*result.measures()["value"], *result.findings()["baseline"].dropna()]
    assert all(value == 0 or abs(value) > 1e-6 for value in values)
    assert 0.0 in values
    assert all(math.copysign(1, value) > 0 for value in values)


def test_a_share_of_zero_has_a_bound_on_its_respondents(tmp_path: Path) -> None:
    rows = run_case("01", tmp_path).measures().set_index("group_value")
    row = rows.loc["a"]
    assert (row["value"], row["conf_low"]) == (0, 0)
    assert row["conf_high"] == pytest.approx(1 - 0.025 ** (1 / 6), rel=1e-12)
    assert row["method"] == "exact bound on 6 respondents"
    assert pd.isna(row["std_error"])


def test_a_stratum_where_all_answer_alike_adds_nothing(tmp_path: Path) -> None:
    result = run_case("06", tmp_path)
    share, mean = finding(result, "share"), finding(result, "mean")
    found = [share["value"], share["conf_low"], share["conf_high"], mean["value"], mean["conf_low"], mean["conf_high"]]
    assert found == pytest.approx([0.4794, 0.4038, 0.5559, 8.0473, 7.7483, 8.3464], abs=6e-5)


LONELY = {
    "refuse": (None, 0.450004417487, None, 0.623410749845, 0.508578303527),
    "certainty": (0.394843118268, 0.450004417487, 0.713332216475, 0.623410749845, 0.508578303527),
    "centred": (0.394888808028, 0.450004417487, 0.713513119824, 0.623410749845, 0.508578303527),
    "scaled": (0.483582084104, 0.450004417487, 0.873649973727, 0.623410749845, 0.508578303527),
}


@pytest.mark.parametrize("rule", LONELY)
def test_a_lonely_unit_is_felt_only_where_it_stands(rule: str, tmp_path: Path) -> None:
    (case,) = BUGS.glob("07_*")
    declared = impact.load(case)
    one = next(i for i in declared.indicators if i.id == "m")
    sample = one.sample.model_copy(update={"lonely_psu": None if rule == "refuse" else rule})
    changed = replace(declared, indicators=(one.model_copy(update={"sample": sample}),))
    rows = impact.run(changed, tmp_path / "lonely.duckdb").measures().set_index("group_value")
    for label, expected in zip(("", "x", "y", "A", "B"), LONELY[rule], strict=True):
        found = rows.loc[label, "std_error"]
        assert pd.isna(found) if expected is None else found == pytest.approx(expected, rel=1e-10)
    assert rows.loc[["C", "z"], "std_error"].isna().all()
    assert rows.loc["x", ["conf_low", "conf_high"]].tolist() == pytest.approx([9.568, 11.882], abs=5e-4)


BASE = "    ex_ante: {baseline: {wave: baseline}}\n"
SAMPLES = {
    "plain": "",
    "strata": "    sample: {weight: w, strata: s}\n",
    "clusters": "    sample: {weight: w, strata: s, cluster: c}\n",
}
FORMULAS = {
    "mean": "{kind: mean, column: y}",
    "proportion": "{kind: proportion, of: {column: y, at_least: 1}}",
    "threshold": "{kind: threshold, of: {kind: mean, column: y}, at_least: 1}",
    "scale": "{kind: scale, items: [y, x], low: 0, high: 9}",
    "ratio": "{kind: ratio, numerator: y, denominator: x}",
    "sum": "{kind: sum, column: y}",
    "count": "{kind: count}",
    "change": "{kind: change, of: {kind: mean, column: y}, since: baseline}",
}


def oracle(kind: str, rows: pd.DataFrame) -> Fraction | None:
    """Work a value out with whole numbers over whole numbers."""
    y, x, w = ([Fraction(value) for value in rows[name]] for name in "yxw")
    if kind in ("proportion", "threshold"):
        y = [Fraction(value >= 1) for value in y]
    if kind == "scale":
        y = [(one + other) / 2 for one, other in zip(y, x, strict=True)]
    if kind == "count":
        y = [Fraction(1)] * len(y)
    below = x if kind == "ratio" else [Fraction(1)] * len(y)
    if kind in ("sum", "count"):
        return sum((a * b for a, b in zip(w, y, strict=True)), Fraction(0))
    if not y:
        return None
    top, bottom = (sum((a * b for a, b in zip(w, part, strict=True)), Fraction(0)) for part in (y, below))
    return top / bottom


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, impact.Programme]]:
    """A declared programme with every formula under every sample, over a table that tests fill."""
    frame = pd.DataFrame(columns=["pid", "wave", "y", "x", "w", "g", "s", "c"])
    text = "".join(
        indicator(f"{kind}_{sample}", formula, f"    by: [g]\n{extra}")
        for kind, formula in FORMULAS.items()
        for sample, extra in SAMPLES.items()
    )
    declared = impact.load(programme(tmp_path_factory.mktemp("exact"), frame, text))
    connection = duckdb.connect()
    connection.execute('CREATE SCHEMA "sample"')
    connection.execute("CREATE SCHEMA impact")
    for table in TABLES.values():
        connection.execute(create_sql(table))
    yield connection, declared
    connection.close()


DECIMALS = st.one_of(st.sampled_from([0.0, 0.1, 0.7, 1.0, 3.0]), st.integers(0, 900).map(lambda v: v / 100))
ROW = st.tuples(DECIMALS, DECIMALS, st.sampled_from([0.3, 1.0, 1.71, 2.5]), *[st.sampled_from("pq")] * 3)


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=8), alike=st.sampled_from([None, 0.0, 0.1, 0.7, 1.0]))
@example(
    rows=[(0.0, 1.0, w, "p", "p", "p") for w in (3.5, 1.1, 2.5, 1.8)] + [(1.0, 1.0, 2.5, "q", "q", "q")], alike=None
)
@example(rows=[(0.7, 3.0, w, "p", s, s) for w, s in zip((0.3, 1.71, 2.5, 1.71), "pqpq", strict=True)], alike=0.7)
def test_values_are_those_of_exact_arithmetic(measured, rows, alike) -> None:
    connection, declared = measured
    end = pd.DataFrame(rows, columns=["y", "x", "w", "g", "s", "c"]).assign(wave="end_line")
    end["x"] += 1
    end["y"] = end["y"] if alike is None else alike
    end["pid"] = [f"P{place}" for place in range(len(end))]
    table = pd.concat([end, end.assign(wave="baseline", y=0.0)])[[*"yxwgsc", "wave", "pid"]]  # noqa: F841 - read by DuckDB
    connection.execute(
        'CREATE OR REPLACE TABLE "sample"."survey" AS SELECT *, NULL AS _source, pid AS _row FROM "table"'
    )
    values = measure_indicators(connection, declared, declared.indicators).values
    for row in values[values["wave"] == "end_line"].to_dict("records"):
        kind, sample = row["indicator"].rsplit("_", 1)
        part = end if row["group"] == "all" else end[end["g"] == row["group_value"]]
        part = part.assign(w=1.0) if sample == "plain" else part
        expected = oracle(kind, part)
        assert row["value"] == pytest.approx(float(expected), rel=1e-12, abs=0)
        if kind in ("mean", "change", "proportion", "threshold") and alike is not None:
            assert row["value"] == (float(alike >= 1) if kind in ("proportion", "threshold") else alike)
        if kind in ("proportion", "threshold") and expected in (0, 1):
            assert row["value"] == expected
            assert row["conf_high"] - row["conf_low"] > 0.2


def test_changes_that_cancel_are_no_change(tmp_path: Path) -> None:
    before, after = [0.1, 0.5, 100.1, 100.5], [0.3, 0.3, 100.3, 100.3]
    rows = [
        (f"P{k}", wave, y) for wave, column in (("baseline", before), ("end_line", after)) for k, y in enumerate(column)
    ]
    frame = pd.DataFrame(rows, columns=["pid", "wave", "y"])
    result = impact.run(programme(tmp_path, frame, indicator("change", FORMULAS["change"])))
    assert result.measures()["value"].tolist() == [0.0]


def two_stages() -> pd.DataFrame:
    """Two or three rows of each of two of six, and four of eight, clusters of ten."""
    taken = [3, 2, 3, 2, 3, 2]
    y = [9.08, -0.11, 5.84, 3.86, 4.09, 4.57, 0.96, 4.54, 3.27, 11.65, 5.45, 4.29, 4.44, 3.66, 2.89]
    frame = pd.DataFrame({"y": y, "s": ["p"] * 5 + ["q"] * 10, "c": np.repeat(list("pqpqrs"), taken)})
    weight = np.round(np.repeat([10, 15, 20 / 3, 10, 20 / 3, 10], taken), 10)
    return frame.assign(w=weight, n=[6] * 5 + [8] * 10, m=10, g=["p", "q", "q"] * 5, wave="end_line")


def test_a_two_stage_sample_has_both_stages_or_no_interval(tmp_path: Path) -> None:
    frame = two_stages().assign(pid=[f"P{place}" for place in range(15)])
    both = "    sample: {weight: w, strata: s, cluster: c, population: n, population_within: m}\n"
    first = "    by: [g]\n    sample: {weight: w, strata: s, cluster: c, population: n}\n"
    text = (
        indicator("mean", FORMULAS["mean"], f"    by: [g]\n{both}")
        + indicator("total", FORMULAS["sum"], both)
        + indicator("first", FORMULAS["mean"], first)
    )
    rows = impact.run(programme(tmp_path, frame, text)).measures().set_index(["indicator", "group_value"])
    found = [rows.loc[key, "std_error"] for key in (("mean", ""), ("mean", "p"), ("total", ""))]
    assert found == pytest.approx([0.64623852185895, 1.8256645256518, 90.473393060293], rel=1e-9)
    assert rows.loc["first", "std_error"].isna().all()
    assert set(rows.loc["first", "method"]) == {
        "no interval: the weights say that rows were drawn within clusters, not clusters taken whole"
    }


@pytest.mark.parametrize(("rule", "method"), [("", "2 clusters"), (", effective: respondents", "5 respondents")])
def test_the_bound_names_what_it_rests_on(rule: str, method: str, tmp_path: Path) -> None:
    frame = two_stages().assign(pid=[f"P{place}" for place in range(15)], y=0.0)
    sample = f"    by: [s]\n    sample: {{weight: w, strata: s, cluster: c{rule}}}\n"
    result = impact.run(programme(tmp_path, frame, indicator("share", FORMULAS["proportion"], sample)))
    row = result.measures().set_index("group_value").loc["p"]
    assert row["method"] == f"exact bound on {method}"
    assert (row["value"], row["conf_low"]) == (0, 0)
    assert row["conf_high"] == pytest.approx(1 - 0.025 ** (1 / int(method.split(maxsplit=1)[0])))


def nested_rows() -> pd.DataFrame:
    """Six strata of the two clusters p and q each, two waves; take-up at the end line by stratum."""
    draw = np.random.default_rng(8)
    rows = []
    for place, (stratum, cluster, _) in enumerate(itertools.product("abcdef", "pq", range(4))):
        treated = stratum in "ace"
        level = draw.normal()
        for wave in ("baseline", "end_line"):
            y = level + draw.normal() + (wave == "end_line") * treated
            takes = float(treated and wave == "end_line")
            rows.append((f"P{place:02}", wave, "p" if treated else "q", stratum, cluster, y, takes))
    return pd.DataFrame(rows, columns=["pid", "wave", "arm", "h", "c", "y", "x"])


DESIGNS = {
    "did": "{kind: did, arm: arm, treated: p, comparison: q, rows: linked}",
    "panel": "{kind: panel, treatment: x}",
    "association": "{kind: association, exposure: x}",
    "weighting": "{kind: weighting, arm: arm, treated: p, comparison: q, covariates: [z]}",
    "randomised": "{kind: randomised, arm: arm, treated: p, comparison: q}",
    "staggered": "{kind: staggered, cohort: k, never: [never]}",
}


def test_labels_of_clusters_count_within_their_stratum(tmp_path: Path) -> None:
    frame = nested_rows()
    frame["z"] = np.random.default_rng(4).normal(size=len(frame))
    frame["k"] = np.where(frame["arm"] == "p", "end_line", "never")
    apart = frame.assign(c=frame["h"] + frame["c"])
    found = {}
    for name, rows in (("nested", frame), ("apart", apart)):
        text = "".join(
            indicator(
                kind,
                FORMULAS["mean"],
                f"{BASE}    sample: {{strata: h, cluster: c}}\n",
                f"      design: {design}\n",
            )
            for kind, design in DESIGNS.items()
        )
        found[name] = impact.run(programme(tmp_path / name, rows, text)).findings().set_index("indicator")
    columns = ["estimate", "std_error", "n_clusters", "inference"]
    pd.testing.assert_frame_equal(found["nested"][columns], found["apart"][columns])
    assert (found["nested"]["n_clusters"] == 12).all()


def test_arms_that_are_alike_within_have_no_effect_with_an_error(tmp_path: Path) -> None:
    frame = nested_rows()
    frame["y"] = np.where(frame["arm"] == "p", 0.7, 0.1)
    frame["z"] = np.random.default_rng(4).normal(size=len(frame))
    design = f"      design: {DESIGNS['weighting']}\n"
    result = impact.run(programme(tmp_path, frame, indicator("mean", FORMULAS["mean"], BASE, design)))
    row = result.findings().iloc[0]
    assert pd.isna(row["estimate"])
    assert row["not_estimable"].startswith("the outcome does not vary enough to give a standard error")
