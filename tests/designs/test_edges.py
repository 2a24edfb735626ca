"""Where designs meet awkward data: each case held against least squares written out, or the same data said otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import impact
from tests.support.programmes import indicator, written

ARMS = {"arm": "arm", "treated": "T", "comparison": "C"}
RANDOMISED = {"kind": "randomised", **ARMS}
CALIBRATION = {"method": "post_stratification", "origin": {"note": "known"}}


def run(folder: Path, frame: pd.DataFrame, indicators: list[dict[str, Any]], **layout: Any) -> pd.DataFrame:
    result = impact.run(written(folder, frame, indicators, **layout))
    return result.findings().set_index("indicator")


def year_waves(*names: str) -> list[dict[str, str]]:
    return [{"id": n, "title": n, "date": str(2000 + i), "role": "series"} for i, n in enumerate(names)]


def people(n: int = 400, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"person": [f"p{i:03}" for i in range(n)], "x": rng.normal(size=n).round(6)})
    frame["arm"] = np.where(rng.random(n) < 0.5, "T", "C")
    frame["y"] = (frame["x"] + (frame["arm"] == "T") + rng.normal(size=n)).round(6)
    return frame


def blocked(n: int = 2000) -> pd.DataFrame:
    """Two blocks of which a fifth and four fifths are treated, five apart; taking part adds 1."""
    rng = np.random.default_rng(2)
    block = np.arange(n) % 2
    treated = rng.random(n) < np.where(block == 1, 0.8, 0.2)
    taken = (treated & (rng.random(n) < 0.7)).astype(int)
    frame = pd.DataFrame({"person": [f"p{i:04}" for i in range(n)], "block": np.where(block == 1, "b", "a")})
    frame["arm"], frame["taken"] = np.where(treated, "T", "C"), taken
    return frame.assign(y=(5 * block + taken + rng.normal(size=n)).round(6))


def test_blocks_enter_the_effect_on_those_who_were_moved(tmp_path: Path) -> None:
    frame = blocked()
    design = {**RANDOMISED, "blocks": "block", "take_up": "taken", "estimand": "LATE"}
    row = run(tmp_path / "p", frame, [indicator("late", design)]).loc["late"]
    z = np.column_stack([np.ones(len(frame)), frame["block"] == "b", frame["arm"] == "T"]).astype(float)
    x = z.copy()
    x[:, 2] = frame["taken"]
    assert row["estimate"] == pytest.approx(np.linalg.solve(z.T @ x, z.T @ frame["y"])[2], rel=1e-9)
    assert abs(row["estimate"] - 1) < 4 * row["std_error"]


def test_a_missing_block_is_left_out_and_counted(tmp_path: Path) -> None:
    frame = blocked()
    gaps = frame.assign(block=frame["block"].where(np.arange(len(frame)) % 10 > 0))
    declared = [indicator("effect", {**RANDOMISED, "blocks": "block"})]
    with_gaps = run(tmp_path / "gaps", gaps, declared).loc["effect"]
    without = run(tmp_path / "complete", gaps.dropna(), declared).loc["effect"]
    assert with_gaps["estimate"] == pytest.approx(without["estimate"], rel=1e-12)
    assert with_gaps["n_obs"] == len(gaps.dropna())


def test_balance_and_subgroups_are_judged_within_blocks(tmp_path: Path) -> None:
    """Blocks five apart with unequal shares: the arms differ overall, and not within any block; one effect for all."""
    rng = np.random.default_rng(9)
    after = blocked().drop(columns="taken")
    after["y"] = (after["y"] + (after["arm"] == "T")).round(6)
    before = after.assign(y=(5 * (after["block"] == "b") + rng.normal(size=len(after))).round(6))
    frame = pd.concat([before.assign(wave="before"), after.assign(wave="after")]).assign(sex=lambda f: f["block"])
    design = {**RANDOMISED, "blocks": "block"}
    fields = {"ex_ante": {"baseline": {"wave": "before"}}, "ex_post": {"wave": "after"}}
    frame["sex"] = np.where(rng.random(len(frame)) < np.where(frame["block"] == "b", 0.9, 0.1), "f", "m")
    frame["sex"] = frame.groupby("person")["sex"].transform("first")
    declared = [indicator("effect", design, by=["sex"], **fields), indicator("plain", RANDOMISED, **fields)]
    layout = {"key": ("person", "wave"), "wave": "wave", "waves": year_waves("before", "after")}
    result = impact.run(written(tmp_path / "p", frame, declared, **layout))
    checks = result.diagnostics().set_index(["finding", "check"])["status"]
    assert checks["made/plain", "balance"] == "failed"
    assert checks["made/effect", "balance"] == "passed"
    assert checks["made/effect", "heterogeneity sex"] == "passed"


def adopters(waves: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for unit in range(120):
        start = (waves[1], waves[2], "0")[unit % 3]
        x = rng.normal()
        for place, wave in enumerate(waves):
            on = start != "0" and place >= waves.index(start)
            moved = round(x + 3 * on, 6)  # the covariate moves with treatment: only its first value may be used
            y = round(x * place + 2 * on + rng.normal(0, 0.5), 6)
            rows.append((f"u{unit:03}", wave, start, moved, y))
    return pd.DataFrame(rows, columns=["person", "wave", "cohort", "x", "y"])


def test_waves_are_taken_in_their_declared_order(tmp_path: Path) -> None:
    """w8, w9, w10, w11 are sorted otherwise as text; the estimate is that of the same data with names that sort."""
    design = {"kind": "staggered", "cohort": "cohort", "never": ["0"], "covariates": ["x"], "sensitivity": False}
    estimates = []
    for folder, waves in (("text", ["w8", "w9", "w10", "w11"]), ("plain", ["a", "b", "c", "d"])):
        declared = [indicator("effect", design, ex_post={"wave": waves[-1]})]
        layout = {"key": ("person", "wave"), "wave": "wave", "waves": year_waves(*waves)}
        estimates.append(run(tmp_path / folder, adopters(waves), declared, **layout).loc["effect", "estimate"])
    assert estimates[0] == pytest.approx(estimates[1], rel=1e-12)
    assert abs(estimates[0] - 2) < 0.3


@pytest.mark.parametrize("estimator", ["callaway_santanna", "imputation", "twfe"])
def test_an_unknown_cohort_is_no_control(tmp_path: Path, estimator: str) -> None:
    waves = ["a", "b", "c", "d"]
    frame = adopters(waves)
    unknown = frame.assign(cohort=frame["cohort"].where(frame["person"].str[-1] != "7"))
    design = {"kind": "staggered", "cohort": "cohort", "never": ["0"], "estimator": estimator, "sensitivity": False}
    declared = [indicator("effect", design, ex_post={"wave": "d"})]
    layout = {"key": ("person", "wave"), "wave": "wave", "waves": year_waves(*waves)}
    with_gaps = run(tmp_path / "gaps", unknown, declared, **layout).loc["effect"]
    without = run(tmp_path / "without", unknown.dropna(), declared, **layout).loc["effect"]
    assert with_gaps["estimate"] == pytest.approx(without["estimate"], rel=1e-12)


def test_codes_and_columns_with_names_alike_are_kept_apart(tmp_path: Path) -> None:
    """A code column ``re`` with the code b beside a number ``re_b``, and columns called as the engine's own."""
    frame = people()
    rng = np.random.default_rng(4)
    frame = frame.assign(re=rng.choice(["a", "b"], len(frame)), re_b=rng.normal(size=len(frame)).round(6))
    frame = frame.assign(exposure=rng.normal(size=len(frame)).round(6), constant=frame["x"])
    covariates = ["re", "re_b", "exposure", "constant"]
    row = run(tmp_path / "p", frame, [indicator("effect", {**RANDOMISED, "covariates": covariates})]).loc["effect"]
    fit = smf.ols("y ~ I(arm == 'T') + re + re_b + exposure + constant", frame).fit()
    assert row["estimate"] == pytest.approx(fit.params["I(arm == 'T')[T.True]"], rel=1e-9)


def test_covariates_may_be_called_what_the_engine_calls_its_own(tmp_path: Path) -> None:
    """Lin's interactions of covariates called ``treated`` and ``constant``, against the same written out."""
    rng = np.random.default_rng(10)
    frame = people().rename(columns={"x": "treated"})
    frame = frame.assign(constant=rng.normal(size=len(frame)).round(6))
    design = {**RANDOMISED, "covariates": ["treated", "constant"], "adjustment": "lin"}
    row = run(tmp_path / "p", frame, [indicator("effect", design)]).loc["effect"]
    centred = frame.assign(t=frame["treated"] - frame["treated"].mean(), c=frame["constant"] - frame["constant"].mean())
    fit = smf.ols("y ~ I(arm == 'T') * (t + c)", centred).fit()
    assert row["estimate"] == pytest.approx(fit.params["I(arm == 'T')[T.True]"], rel=1e-9)


def test_attrition_weights_with_a_missing_block(tmp_path: Path) -> None:
    """Who has no block is left out of the comparison, not of the weights; lost persons do not shift the others'."""
    frame = linked().assign(block=lambda f: np.where(f["person"].str[-1] < "5", "a", "b"))
    frame["block"] = frame["block"].where(frame["person"].str[-2:] != "33")
    frame = frame[(frame["wave"] == "before") | (frame["person"].str[-1] != "8")]
    design = {**RANDOMISED, "blocks": "block", "missing": {"method": "attrition_weights"}}
    fields = {"ex_ante": {"baseline": {"wave": "before"}}, "ex_post": {"wave": "after"}}
    layout = {"key": ("person", "wave"), "wave": "wave", "waves": year_waves("before", "after")}
    row = run(tmp_path / "p", frame, [indicator("effect", design, **fields)], **layout).loc["effect"]
    end = frame[frame["wave"] == "after"].dropna().set_index("person")
    units = frame[frame["wave"] == "before"].set_index("person")
    rate = units.index.isin(frame.loc[frame["wave"] == "after", "person"])
    chance = pd.Series(rate, index=units.index).groupby(units["arm"]).mean()  # the logit on the arm alone
    end = end.assign(w=1 / end["arm"].map(chance))
    means = end.groupby(["block", "arm"]).apply(lambda g: np.average(g["y"], weights=g["w"]), include_groups=False)
    shares = end.groupby("block")["w"].sum() / end["w"].sum()
    expected = sum(shares[b] * (means[b, "T"] - means[b, "C"]) for b in ("a", "b"))
    assert row["estimate"] == pytest.approx(expected, rel=1e-7)


def linked(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    first = people(n, 5)
    change = 0.5 * first["x"] + 2.0 * (first["arm"] == "T") + rng.normal(size=n)
    moved = first["x"] + 4 * (first["arm"] == "T")
    second = first.assign(y=(first["y"] + change).round(6), x=moved)
    return pd.concat([first.assign(wave="before"), second.assign(wave="after")], ignore_index=True)


def test_trends_may_differ_by_covariates_as_they_stood_before(tmp_path: Path) -> None:
    """The covariate that the programme moved is taken at the baseline: the regression of changes on it."""
    frame = linked()
    declared = [
        indicator(
            "effect",
            {"kind": "did", **ARMS, "covariates": ["x"]},
            ex_ante={"baseline": {"wave": "before"}},
            ex_post={"wave": "after"},
        )
    ]
    layout = {"key": ("person", "wave"), "wave": "wave", "waves": year_waves("before", "after")}
    row = run(tmp_path / "p", frame, declared, **layout).loc["effect"]
    wide = frame.pivot(index="person", columns="wave", values="y")
    base = frame[frame["wave"] == "before"].set_index("person")
    data = base.assign(change=wide["after"] - wide["before"])
    fit = smf.ols("change ~ I(arm == 'T') + x", data).fit()
    assert row["estimate"] == pytest.approx(fit.params["I(arm == 'T')[T.True]"], rel=1e-9)


def test_attrition_weights_enter_a_stratified_sample(tmp_path: Path) -> None:
    frame = linked().assign(weight=2.0, stratum=lambda f: np.where(f["person"] < "p150", "low", "high"))
    gone = (frame["wave"] == "after") & (frame["x"] > 1) & (frame["person"].str[-1] < "7")
    frame = frame[~gone]
    design = {**RANDOMISED, "covariates": ["x"], "missing": {"method": "attrition_weights"}}
    declared = [
        indicator(
            "effect",
            design,
            sample={"weight": "weight", "strata": "stratum"},
            ex_ante={"baseline": {"wave": "before"}},
            ex_post={"wave": "after"},
        )
    ]
    layout = {"key": ("person", "wave"), "wave": "wave", "waves": year_waves("before", "after")}
    row = run(tmp_path / "p", frame, declared, **layout).loc["effect"]
    base = frame[frame["wave"] == "before"].set_index("person")
    end = frame[frame["wave"] == "after"].set_index("person")["y"].reindex(base.index)
    matrix = sm.add_constant(np.column_stack([base["arm"] == "T", base["x"]]).astype(float))
    chance = sm.Logit(end.notna().astype(float), matrix).fit(disp=0, tol=1e-12, maxiter=100).predict()
    seen = end.notna().to_numpy()
    fit = sm.WLS(end[seen].to_numpy(), matrix[seen], weights=1 / chance[seen]).fit()
    assert row["estimate"] == pytest.approx(fit.params[1], rel=1e-7)


def states(n: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    common = np.cumsum(rng.normal(size=12))
    rows = [
        (f"s{u:02}", f"{2000 + t}", round(u + common[t] + rng.normal(0, 0.3) + 3 * (u < 2 and t >= 8), 6))
        for u in range(n)
        for t in range(12)
    ]
    return pd.DataFrame(rows, columns=["person", "wave", "y"])


STATES = {"key": ("person", "wave"), "wave": "wave", "waves": ({"every": "year", "first": "2000", "last": "2011"},)}


@pytest.mark.parametrize("method", ["synthetic_did", "did"])
def test_a_series_ends_at_the_wave_that_is_looked_at(tmp_path: Path, method: str) -> None:
    design = {
        "kind": "synthetic_control",
        "unit": "person",
        "treated": ["s00", "s01"],
        "start": "2008",
        "method": method,
    }
    declared = [indicator("effect", design, ex_post={"wave": "2009"})]
    frame = states()
    longer = run(tmp_path / "longer", frame, declared, **STATES).loc["effect"]
    shorter = run(tmp_path / "shorter", frame[frame["wave"] <= "2009"], declared, **STATES).loc["effect"]
    assert longer["estimate"] == pytest.approx(shorter["estimate"], rel=1e-12)
    assert longer["std_error"] == pytest.approx(shorter["std_error"], rel=1e-12)


def test_the_difference_of_unit_means_by_hand(tmp_path: Path) -> None:
    design = {
        "kind": "synthetic_control",
        "unit": "person",
        "treated": ["s00", "s01"],
        "start": "2008",
        "method": "did",
    }
    row = run(tmp_path / "p", states(), [indicator("effect", design, ex_post={"wave": "2011"})], **STATES).loc["effect"]
    table = states().pivot(index="person", columns="wave", values="y")
    late = table.columns >= "2008"
    change = table.loc[:, late].mean(axis=1) - table.loc[:, ~late].mean(axis=1)
    donors = change.iloc[2:]
    assert row["estimate"] == pytest.approx(change.iloc[:2].mean() - donors.mean(), rel=1e-9)
    assert row["std_error"] == pytest.approx(donors.std() * np.sqrt(1 / 2 + 1 / 10), rel=1e-9)


def test_too_few_clusters_for_romano_wolf_fall_back_on_holm(tmp_path: Path) -> None:
    frame = people(200).assign(
        z=lambda f: f["y"] + np.arange(200) % 3, team=lambda f: [f"t{i % 4}" for i in range(200)]
    )
    frame["arm"] = np.where(frame["team"].isin(["t0", "t1"]), "T", "C")
    design = {**RANDOMISED, "cluster": "team"}
    declared = [indicator("y", design), indicator("z", design, formula={"kind": "mean", "column": "z"})]
    family = [{"id": "both", "indicators": ["y", "z"], "method": "romano_wolf"}]
    found = run(tmp_path / "p", frame, declared, families=family)
    assert found["adjustment"].str.contains("holm").all()
    assert found["p_adjusted"].notna().all()


def test_calibrated_shares_stay_within_bounds_and_replicates_calibrate_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"person": [f"p{i:03}" for i in range(300)], "kind": rng.choice(["a", "b"], 300)})
    frame = frame.assign(weight=10.0, hit=(rng.random(300) < 0.03).astype(int), y=rng.normal(size=300).round(6))
    sample = {
        "weight": "weight",
        "calibration": {**CALIBRATION, "margins": [{"column": "kind", "totals": {"a": 2000, "b": 1000}}]},
    }
    rare = {"kind": "proportion", "of": {"column": "hit", "equals": 1}}
    declared = [
        indicator("rare", sample=sample, formula=rare),
        indicator("linear", sample=sample),
        indicator("jackknife", sample={**sample, "replicates": {"method": "JK1"}}),
    ]
    found = run(tmp_path / "p", frame, declared)
    assert 0 < found.loc["rare", "conf_low"] < found.loc["rare", "value"] < found.loc["rare", "conf_high"] < 1
    by_kind = frame.groupby("kind")["y"].mean()
    expected = (2000 * by_kind["a"] + 1000 * by_kind["b"]) / 3000
    assert found.loc["linear", "value"] == pytest.approx(expected, rel=1e-12)
    assert found.loc["jackknife", "value"] == pytest.approx(expected, rel=1e-12)
    widths = found["conf_high"] - found["conf_low"]
    assert widths["jackknife"] == pytest.approx(widths["linear"], rel=0.05)


def test_a_code_absent_among_complete_rows_leaves_no_collinear_column(tmp_path: Path) -> None:
    frame = people().assign(kind=lambda f: np.where(f.index < 20, "a", np.where(f.index % 2 == 0, "b", "c")))
    frame["y"] = frame["y"].where(frame["kind"] != "a")
    row = run(tmp_path / "p", frame, [indicator("effect", {**RANDOMISED, "covariates": ["kind"]})]).loc["effect"]
    fit = smf.ols("y ~ I(arm == 'T') + kind", frame.dropna()).fit()
    assert row["estimate"] == pytest.approx(fit.params["I(arm == 'T')[T.True]"], rel=1e-9)
