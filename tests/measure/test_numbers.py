"""Numbers that were once silently wrong, each against the same thing written out with pandas and statsmodels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import impact
from tests.support.programmes import template

COLUMNS = {
    "person_id": "{type: text, required: true}",
    "wave": "{type: code, required: true, codes: [baseline, end_line]}",
    "arm": "{type: code, codes: [treated, comparison]}",
    "g": "{type: code, codes: [a, b]}",
    "x": "{type: number}",
    "y": "{type: number}",
    "w": "{type: number}",
    "stratum": "{type: code, codes: [s, t]}",
    "cluster": "{type: text}",
    "pop": "{type: number}",
}
DESIGN = "design: {kind: randomised, arm: arm, treated: treated, comparison: comparison%s}"


def run(
    tmp_path: Path, frame: pd.DataFrame, formula: str, *, extra: str = "", design: str = "", target: str = ""
) -> impact.Result:
    """Run one indicator over a frame with any of the columns above."""
    folder = template(tmp_path)
    frame.to_csv(folder / "raw" / "survey.csv", index=False)
    columns = "\n".join(f"      {name}: {text}" for name, text in COLUMNS.items())
    (folder / "contracts.yaml").write_text(
        "contracts:\n  - id: survey\n    title: Survey\n    unit_of_analysis: person\n    key: [person_id, wave]\n"
        f"    person: person_id\n    wave: wave\n    columns:\n{columns}\n"
    )
    (folder / "indicators.yaml").write_text(
        "indicators:\n  - id: y\n    title: Y\n    node: wellbeing\n    level: micro\n    unit: points\n"
        f"    direction: increase\n    contract: survey\n    formula: {formula}\n{extra}{target}"
        f"    ex_post:\n      wave: end_line\n      {design}\n"
    )
    return impact.run(folder)


def panel(seed: int, people: int = 200) -> pd.DataFrame:
    """Two waves of persons whose group and background move between them; the effect on the change is 2."""
    draw = np.random.default_rng(seed)
    arm = np.where(np.arange(people) % 2, "treated", "comparison")
    treated = (arm == "treated").astype(float)
    x, level = draw.normal(size=people), draw.normal(size=people)
    ids = [f"P{i:03d}" for i in range(people)]
    before = pd.DataFrame(
        {"person_id": ids, "wave": "baseline", "arm": arm, "g": draw.choice(["a", "b"], people), "x": x, "y": level}
    )
    gain = 2 * treated + x + draw.normal(size=people)
    after = before.assign(wave="end_line", g=draw.choice(["a", "b"], people), x=x + 2 * treated, y=level + gain)
    return pd.concat([before, after], ignore_index=True)


CHANGE = "{kind: change, of: {kind: mean, column: y}, since: baseline}"


def test_covariates_of_a_change_are_those_before_the_programme(tmp_path: Path) -> None:
    frame = panel(1)
    row = run(tmp_path, frame, CHANGE, design=DESIGN % ", covariates: [x]").findings().iloc[0]
    wide = frame.pivot(index="person_id", columns="wave", values="y")
    first = frame[frame["wave"] == "baseline"].set_index("person_id")
    data = pd.DataFrame(
        {"d": wide["end_line"] - wide["baseline"], "t": (first["arm"] == "treated").astype(int), "x": first["x"]}
    )
    fit = smf.ols("d ~ t + x", data).fit(cov_type="HC2", use_t=True)
    assert row["estimate"] == pytest.approx(fit.params["t"], rel=1e-9)
    assert row["std_error"] == pytest.approx(fit.bse["t"], rel=1e-9)


def test_effect_of_a_change_by_group_is_over_the_persons_of_its_value(tmp_path: Path) -> None:
    frame = panel(2)
    findings = run(tmp_path, frame, CHANGE, extra="    by: [g]\n", design=DESIGN % "").findings().set_index("finding")
    for label in ("a", "b"):
        row = findings.loc[f"sample/y/g={label}"]
        first = frame[(frame["wave"] == "baseline") & (frame["g"] == label)].set_index("person_id")
        wide = frame.pivot(index="person_id", columns="wave", values="y").loc[first.index]
        means = (wide["end_line"] - wide["baseline"]).groupby(first["arm"]).mean()
        assert row["estimate"] == pytest.approx(means["treated"] - means["comparison"], rel=1e-9)
        assert row["value"] == pytest.approx(means["treated"], rel=1e-9)
        assert row["n_obs"] == len(first)


def test_attrition_of_a_group_counts_who_left_not_who_moved(tmp_path: Path) -> None:
    frame = panel(3)
    gone = set(frame["person_id"].unique()[:20])
    kept = frame[~(frame["person_id"].isin(gone) & (frame["wave"] == "end_line"))]
    base = "    ex_ante: {baseline: {wave: baseline}}\n"
    result = run(tmp_path, kept, "{kind: mean, column: y}", extra="    by: [g]\n" + base, design=DESIGN % "")
    checks = result.diagnostics().set_index(["finding", "check"])
    first = kept[(kept["wave"] == "baseline") & (kept["g"] == "a")]
    lost = first["person_id"].isin(gone).groupby(first["arm"]).mean()
    assert checks.loc[("sample/y/g=a", "attrition"), "value"] == pytest.approx(
        lost["treated"] - lost["comparison"], abs=1e-12
    )


def test_persons_who_only_came_later_are_not_in_the_sample_of_a_change(tmp_path: Path) -> None:
    frame = panel(4).assign(w=1.5, pop=400)
    late = pd.DataFrame(
        {
            "person_id": [f"L{i}" for i in range(300)],
            "wave": "end_line",
            "arm": "treated",
            "y": 1.0,
            "w": 1.5,
            "pop": 400,
        }
    )
    sample = "    sample: {weight: w, population: pop}\n"
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    without = run(tmp_path / "one", frame, CHANGE, extra=sample).measures().iloc[0]
    with_late = run(tmp_path / "two", pd.concat([frame, late]), CHANGE, extra=sample).measures().iloc[0]
    assert with_late["std_error"] == pytest.approx(without["std_error"], rel=1e-9)


@pytest.mark.parametrize("rows", [1, 40])
def test_a_value_without_interval_is_not_certain(tmp_path: Path, rows: int) -> None:
    frame = pd.DataFrame(
        {"person_id": [f"P{i}" for i in range(rows)], "wave": "end_line", "y": np.arange(rows) + 10.0, "w": 1.0}
    )
    extra = "    sample: {weight: w}\n" if rows > 1 else ""
    formula = "{kind: quantile, column: y}" if rows > 1 else "{kind: mean, column: y}"
    target = "    ex_ante: {target: {value: 9, due: 2024-12, origin: {note: test}}}\n"
    row = run(tmp_path, frame, formula, extra=extra, target=target).findings().iloc[0]
    assert row["value"] >= 10
    assert row["attainment"] == "uncertain"


def test_population_is_the_stratum_s_or_nothing(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"person_id": [f"P{i}" for i in range(50)], "wave": "end_line", "y": draw.normal(size=50), "w": 1.0}
    )
    frame["cluster"] = [f"c{i % 25}" for i in range(50)]
    sample = "    sample: {weight: w, cluster: cluster, population: pop}\n"
    errors = {}
    for name, pop in {
        "whole": pd.Series(30, index=frame.index),
        "partly": pd.Series(30, index=frame.index).where(frame["cluster"] != "c9"),
        "twice": pd.Series(30, index=frame.index).where(frame["cluster"] != "c9", 3000),
    }.items():
        (tmp_path / name).mkdir()
        errors[name] = (
            run(tmp_path / name, frame.assign(pop=pop), "{kind: mean, column: y}", extra=sample).measures().iloc[0]
        )
    assert errors["partly"]["std_error"] == pytest.approx(errors["whole"]["std_error"], rel=1e-9)
    assert pd.isna(errors["twice"]["std_error"])
    assert "no_interval" in list(errors["twice"]["flags"])


def test_large_values_keep_their_spread_or_say_that_they_cannot(tmp_path: Path) -> None:
    draw = np.random.default_rng(6)
    blank = pd.DataFrame({"person_id": [f"A{i}" for i in range(3000)], "wave": "baseline", "g": "a"})
    full = pd.DataFrame(
        {"person_id": [f"B{i}" for i in range(400)], "wave": "end_line", "g": "a", "y": 1e9 + draw.normal(size=400)}
    )
    other = pd.DataFrame(
        {"person_id": [f"C{i}" for i in range(400)], "wave": "end_line", "g": "b", "y": draw.normal(size=400)}
    )
    (tmp_path / "alike").mkdir()
    (tmp_path / "unlike").mkdir()
    alike = run(tmp_path / "alike", pd.concat([blank, full]), "{kind: mean, column: y}").measures().set_index("wave")
    assert alike.loc["end_line", "std_error"] == pytest.approx(full["y"].std() / 20, rel=1e-6)
    rows = pd.concat([blank, full, other])
    measures = run(tmp_path / "unlike", rows, "{kind: mean, column: y}", extra="    by: [g]\n").measures()
    end = measures[measures["wave"] == "end_line"].set_index("group_value")
    for label, values in (("a", full["y"]), ("b", other["y"])):
        row = end.loc[label]
        assert row["value"] == pytest.approx(values.mean(), rel=1e-9, abs=1e-6)
        told = "no_interval" not in list(row["flags"])
        assert not told or row["std_error"] == pytest.approx(values.std() / 20, rel=1e-6)


def test_a_score_on_the_limit_is_on_the_limit(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "person_id": ["P1", "P2", "P3", "P4"],
            "wave": "end_line",
            "x": [1, 1, 3, 0],
            "y": [1, 2, 1, 0],
            "w": [1, 0, 2, 0],
        }
    )
    scale = "{kind: scale, items: [x, y, w], low: 0, high: 5, aggregate: sum, multiply: 0.1}"
    value = run(tmp_path, frame, f"{{kind: threshold, of: {scale}, at_most: 0.3}}").measures()["value"].iloc[0]
    assert value == 0.75
