"""Pools: the numbers of the statistics on the findings, what depends on one another, what is refused and hidden."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from impact.statistics import meta
from impact.statistics.ranking import rank_sets
from tests.support.programmes import contract, edit, indicator, programme_folder
from tests.support.valued import SAID, Valued, problems, valued

TRIAL = {"kind": "randomised", "arm": "arm", "treated": "T", "comparison": "C"}
EFFECTS = {"east": 1.5, "north": 1.0, "south": 2.0, "west": 0.2}
POOL: dict[str, Any] = {"id": "pool", "title": "Pool", "indicator": "y", "by": "area"}


def persons(size: int = 40, **sizes: int) -> pd.DataFrame:
    """Persons of four areas, half of them treated, in teams of five that lie in one area each."""
    rng = np.random.default_rng(7)
    rows = [
        {
            "person": f"{area}{i:03}",
            "area": area,
            "team": f"{area}{i // 5}",
            "arm": "TC"[i % 2],
            "y": rng.normal() + effect * (i % 2 == 0),
        }
        for area, effect in EFFECTS.items()
        for i in range(sizes.get(area, size))
    ]
    return pd.DataFrame(rows).round(6)


def made(folder: Path, frame: pd.DataFrame, pool: dict[str, Any], *indicators: dict[str, Any], **rest: Any) -> Path:
    declared = indicators or (indicator("y", TRIAL, by=["area"]),)
    tables = {"data": (contract("rows", frame, key=("person",), person="person"), frame)}
    return programme_folder(folder / "made", tables, declared, value={"pools": [pool]}, **rest)


def effects(run: Valued, *names: str) -> tuple[np.ndarray, np.ndarray]:
    found = run.findings.loc[[f"made/{name}" for name in names]]
    return found["estimate"].to_numpy(float), found["std_error"].to_numpy(float)


AREAS = [f"y/area={area}" for area in EFFECTS]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Valued:
    pool = POOL | {
        "target": {"value": 1.2, **SAID},
        "subgroups": [{"id": "side", "title": "Side", "of": dict(zip(EFFECTS, "abba", strict=True)), **SAID}],
        "moderators": [
            {"id": "size", "title": "Size", "values": dict(zip(EFFECTS, (1, 4, 2, 8), strict=True)), **SAID}
        ],
    }
    return valued(made(tmp_path_factory.mktemp("pools"), persons(), pool))


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_mean_and_spread_are_those_of_statsmodels(tmp_path: Path) -> None:
    """DerSimonian and Laird with Hartung and Knapp's interval, by another package on the published effects."""
    run = valued(made(tmp_path, persons(), POOL | {"method": "DL", "interval": "hksj"}))
    y, errors = effects(run, *AREAS)
    outside = combine_effects(y, errors**2, method_re="dl", use_t=True)
    low, high = outside.conf_int()[3]
    assert run.number("pooled/effect") == pytest.approx((outside.mean_effect_re, low, high))
    assert run.line("pooled/tau").value == pytest.approx(math.sqrt(outside.tau2))
    assert run.line("pooled/i2").value == pytest.approx(outside.i2)
    assert run.line("pooled/q").value == pytest.approx(outside.q)


def test_lines_of_all_are_the_statistics_of_the_findings(run: Valued) -> None:
    y, errors = effects(run, *AREAS)
    pooled, spread = meta.pool(y, errors), meta.spread_interval(y, errors)
    assert run.number("pooled/effect") == pytest.approx(
        (pooled.effect.estimate, pooled.effect.conf_low, pooled.effect.conf_high)
    )
    assert run.number("pooled/tau") == pytest.approx((math.sqrt(pooled.tau2), *spread.tau))
    assert run.number("pooled/i2") == pytest.approx((pooled.i2, *spread.i2))
    assert run.line("pooled/q_p").value == pytest.approx(pooled.spread.p_value)
    prediction = pooled.predict("t(k-1)")
    assert run.number("pooled/prediction") == pytest.approx((prediction.mean, prediction.low, prediction.high))
    slope = meta.egger(y, errors).slope
    assert run.number("egger") == pytest.approx((slope.estimate, slope.conf_low, slope.conf_high))
    assert "weak: 4 studies, fewer than 10" in str(run.line("egger").reason)
    left = meta.leave_one_out(y, errors)
    assert run.line("left_out/lowest").value == pytest.approx(left.effects.min())
    assert run.line("left_out/highest").value == pytest.approx(left.effects.max())
    assert str(run.line("left_out/lowest").method) == f"without {[*EFFECTS][int(left.effects.argmin())]}"


def test_lines_of_parts_are_the_statistics_of_the_findings(run: Valued) -> None:
    y, errors = effects(run, *AREAS)
    shrunken, ranks = meta.shrunken(y, errors, interval="adhoc"), rank_sets(y, errors)
    met = meta.target_met(y, errors, 1.2, side="above", interval="adhoc")
    for place, area in enumerate(EFFECTS):
        own = run.findings.loc[f"made/y/area={area}"]
        assert run.number(f"part/{area}/effect") == (own["estimate"], own["effect_low"], own["effect_high"])
        expected = (shrunken.effects[place], shrunken.low[place], shrunken.high[place])
        assert run.number(f"part/{area}/shrunken") == pytest.approx(expected)
        assert run.line(f"part/{area}/target").value == pytest.approx(met.each[place])
        assert run.number(f"part/{area}/rank") == (ranks.ranks[place], ranks.lower[place], ranks.upper[place])
    assert run.line("ranks/order").verdict == ranks.statement


def test_subgroups_and_moderators_are_the_statistics_of_the_findings(run: Valued) -> None:
    y, errors = effects(run, *AREAS)
    groups = meta.subgroups(y, errors, np.array([*"abba"]), common=True)
    assert [run.line(f"subgroup/side/group/{name}").value for name in "ab"] == pytest.approx(
        [effect.estimate for effect in groups.effects]
    )
    assert run.line("subgroup/side/p").value == pytest.approx(groups.difference.p_value)
    slope = meta.meta_regression(y, errors, np.array([[1.0], [4.0], [2.0], [8.0]]), ["size"]).coefficients[1]
    assert run.number("moderator/size") == pytest.approx((slope.estimate, slope.conf_low, slope.conf_high))


def test_every_line_has_an_interval_or_says_why_not_and_names_all_it_rests_on(run: Valued) -> None:
    everything = {f"made/{name}" for name in AREAS}
    for (_, item), line in run.lines.items():
        if line.section != "pools":
            continue
        assert line.conf_low is not None or line.verdict is not None or line.reason, item
        own = item.startswith("part/") and item.endswith("/effect")
        assert set(line.rests_on) == ({f"made/y/area={item.split('/')[1]}"} if own else everything)
        assert line.data_kind == "synthetic"


def test_the_order_of_rows_and_of_declared_parts_changes_nothing(run: Valued, tmp_path: Path) -> None:
    shuffled = persons().sample(frac=1, random_state=3)
    again = valued(made(tmp_path, shuffled, POOL))
    for item in again.items():
        assert again.number(item) == pytest.approx(run.number(item), nan_ok=True), item


def test_less_is_better_where_it_is_to_decrease(tmp_path: Path) -> None:
    falling = indicator("y", TRIAL, by=["area"], direction="decrease")
    run = valued(made(tmp_path, persons(), POOL | {"target": {"value": 1.2, **SAID}}, falling))
    y, errors = effects(run, *AREAS)
    assert run.line("part/west/rank").value == 1
    met = meta.target_met(y, errors, 1.2, side="below", interval="adhoc")
    assert run.line("part/west/target").value == pytest.approx(met.each[3])


def test_of_shares_sizes_are_in_percentage_points(tmp_path: Path) -> None:
    frame = persons().assign(y=lambda f: np.where(f["y"] > 0.5, "yes", "no"))
    share = {"kind": "proportion", "of": {"column": "y", "equals": "yes"}}
    run = valued(made(tmp_path, frame, POOL, indicator("y", TRIAL, by=["area"], formula=share, unit="share")))
    y, errors = effects(run, *AREAS)
    tau = run.line("pooled/tau")
    assert (tau.value, tau.unit) == (pytest.approx(100 * math.sqrt(meta.pool(y, errors).tau2)), "percentage points")
    assert run.line("pooled/effect").unit == "share"


# ---- which parts -----------------------------------------------------------------------------------------------------


def test_a_part_without_an_effect_is_named_with_its_reason(tmp_path: Path) -> None:
    frame = persons()
    frame = frame[(frame["area"] != "west") | (frame["arm"] == "T")]
    run = valued(made(tmp_path, frame, POOL))
    assert "not pooled because" in str(run.line("part/west/effect").reason)
    assert "3 of 4 parts" in str(run.line("pooled/effect").method)
    assert "part/west/rank" not in run.items()
    y, errors = effects(run, *AREAS[:3])
    assert run.line("pooled/effect").value == pytest.approx(meta.pool(y, errors).effect.estimate)


def test_a_part_that_hardly_varies_leaves_the_others_their_reason(tmp_path: Path) -> None:
    """Errors of 0.3 and 1e-11: the sums of 1/s² hold nothing of the others, and a division by zero stopped the run."""
    frame = persons()
    still = frame["area"] == "west"
    frame.loc[still, "y"] = 1 + 1e-11 * np.arange(still.sum())
    run = valued(made(tmp_path, frame, POOL))
    assert 0 < run.findings.loc["made/y/area=west", "std_error"] < 1e-9
    for item in ("pooled/effect", "pooled/i2", "part/east/shrunken"):
        assert run.line(item).value is None
        assert "more than 1,000,000 times the smallest" in str(run.line(item).reason)
    assert run.line("part/east/effect").value is not None


def test_rows_without_a_code_are_no_part(tmp_path: Path) -> None:
    frame = persons().assign(area=lambda f: f["area"].mask(f["area"] == "west"))
    run = valued(made(tmp_path, frame, POOL))
    assert "rows without a value in area are no part" in str(run.line("part/(no value)/effect").reason)
    assert "made/y/area=(no value)" not in run.line("pooled/effect").rests_on


def test_an_association_is_not_pooled(tmp_path: Path) -> None:
    associated = {"kind": "association", "exposure": "dose"}
    frame = persons().assign(dose=lambda f: np.arange(len(f)) % 7)
    run = valued(made(tmp_path, frame, POOL, indicator("y", associated, by=["area"])))
    assert run.findings.loc["made/y/area=east", "estimate"] is not None
    assert str(run.line("pooled/effect").reason).startswith("not computable because only 0 of 4 parts")
    assert "no design with a comparison gave an effect" in str(run.line("part/east/effect").reason)


def test_of_one_effect_nothing_is_pooled(tmp_path: Path) -> None:
    frame = persons()
    frame = frame[(frame["area"] == "east") | (frame["arm"] == "T")]
    run = valued(made(tmp_path, frame, POOL))
    assert run.items() == ["pooled/effect", *(f"part/{area}/effect" for area in EFFECTS)]
    assert "only 1 of 4 parts have an effect" in str(run.line("pooled/effect").reason)
    assert run.line("pooled/effect").value is None


def test_what_holds_other_parts_does_not_count_twice(tmp_path: Path) -> None:
    levels = [("all", "top", None), ("coast", "side", "all"), ("inland", "side", "all")]
    codes = [{"code": c, "title": c, "level": level} | ({"parent": p} if p else {}) for c, level, p in levels]
    codes += [
        {"code": area, "title": area, "level": "area", "parent": "coast" if area < "o" else "inland"}
        for area in EFFECTS
    ]
    frame = persons()
    declared = contract("rows", frame, key=("person",), person="person")
    declared["columns"]["area"] = {"type": "code", "codelist": "area", "required": True}
    codelist = {"id": "area", "title": "Area", "levels": ["top", "side", "area"], "codes": codes}
    pool = POOL | {"subgroups": [{"id": "side", "title": "Side", "level": "side"}]}
    folder = programme_folder(
        tmp_path / "made", {"data": (declared, frame)}, [indicator("y", TRIAL, by=["area"])],
        codelists=[codelist], value={"pools": [pool]},
    )  # fmt: skip
    run = valued(folder)
    assert "made/y/area=coast" in run.findings.index
    assert "it holds east, north, whose rows would count twice" in str(run.line("part/coast/effect").reason)
    y, errors = effects(run, *AREAS)
    assert run.line("pooled/effect").value == pytest.approx(meta.pool(y, errors).effect.estimate)
    groups = meta.subgroups(y, errors, np.array(["coast", "coast", "inland", "inland"]), common=True)
    assert run.line("subgroup/side/p").value == pytest.approx(groups.difference.p_value)


# ---- what depends on one another -------------------------------------------------------------------------------------


def several(frame: pd.DataFrame, pairs: dict[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Declare an indicator for each name, on the rows of some areas."""
    return [indicator(name, TRIAL, where=[{"column": "area", "one_of": list(areas)}]) for name, areas in pairs.items()]


def test_effects_with_rows_in_common_have_a_robust_error(tmp_path: Path) -> None:
    """Two indicators share an area's rows, two others share another's: two groups of effects that share nothing."""
    pairs = {"a": ("east", "north"), "b": ("north",), "c": ("south",), "d": ("west", "south")}
    pool = {"id": "pool", "title": "Pool", "indicators": [*pairs]}
    run = valued(made(tmp_path, persons(), pool, *several(persons(), pairs)))
    y, errors = effects(run, *pairs)
    sample = meta.clustered(y, errors, np.array([0, 0, 1, 1]))
    (robust,) = meta.cluster_robust(meta.independent(sample))
    assert run.number("pooled/effect") == pytest.approx((robust.estimate, robust.conf_low, robust.conf_high))
    assert "depend on one another: 2 groups" in str(run.line("pooled/effect").method)
    assert "too few to know the error well" in str(run.line("pooled/effect").reason)
    assert "as if the parts were independent" in str(run.line("part/a/rank").reason)


WAVES = [
    {"id": f"w{i:02}", "title": f"w{i}", "date": str(2000 + i), "role": role}
    for i, role in enumerate(["baseline", *["series"] * 14, "end_line"])
]
SERIES = {"kind": "interrupted_time_series", "start": "w08", "errors": "classical"}
LATER = {"ex_post": {"wave": "w15"}, "ex_ante": {"baseline": {"wave": "w00"}}}


def followed(folder: Path, *indicators: dict[str, Any], **value: Any) -> Path:
    """Write a programme of twenty persons over sixteen waves, whose level jumps at the ninth."""
    rng = np.random.default_rng(4)
    rows = [
        {"person": f"p{k:02}", "wave": wave["id"], "y": 10 + 0.3 * i + 2 * (i >= 8) + rng.normal(), "one": 1.0}
        | {"arm": "TC"[k % 2], "side": "ab"[k // 10]}
        for i, wave in enumerate(WAVES)
        for k in range(20)
    ]
    frame = pd.DataFrame(rows).round(4)
    declared = contract("rows", frame, key=("person", "wave"), person="person", wave="wave")
    return programme_folder(folder / "made", {"data": (declared, frame)}, indicators, waves=WAVES, value=value)


def test_effects_that_are_not_of_rows_hide_no_rows_that_others_share(tmp_path: Path) -> None:
    """A series of ratios has no rows to compare: those of its contract count as its own, and others are still read."""
    ratio = {"kind": "ratio", "numerator": "y", "denominator": "one"}
    named = [indicator(name, TRIAL, **LATER) for name in "ab"]
    series = indicator("r", SERIES, formula=ratio, **LATER)
    pool = {"id": "pool", "title": "Pool", "indicators": ["a", "b", "r"]}
    run = valued(followed(tmp_path, *named, series, pools=[pool]))
    line = run.line("pooled/effect")
    assert "parts have some person in common and depend on one another: 1 groups" in str(line.method)
    assert (line.conf_low, line.conf_high) == (None, None)


def test_a_change_of_slope_is_per_wave_and_has_no_mean_with_a_level(tmp_path: Path) -> None:
    level, slope = indicator("a", SERIES, **LATER), indicator("b", SERIES | {"estimand": "slope"}, **LATER)
    pool = {"id": "pool", "title": "Pool", "indicators": ["a", "b"]}
    (problem,) = problems(followed(tmp_path / "two", level, slope, pools=[pool]))
    assert "effects in several units have no mean; expected one; found points, points per wave" in str(problem)
    by_side = slope | {"by": ["side"]}
    outcome = {"indicator": "b", "matters": {"value": 0.1, **SAID}}
    run = valued(
        followed(tmp_path / "one", by_side, pools=[POOL | {"indicator": "b", "by": "side"}], outcomes=[outcome])
    )
    assert (run.line("pooled/effect").unit, run.line("pooled/tau").unit) == ("points per wave", "points per wave")
    assert run.line("contribution/effect", "b").unit_it == "points per rilevazione"
    assert "a change of slope is one per wave" in str(run.line("class", "b").reason)


def test_where_all_share_rows_there_is_no_interval(tmp_path: Path) -> None:
    pairs = {"a": ("east", "north"), "b": ("east", "south"), "c": ("south", "west")}
    pool = {"id": "pool", "title": "Pool", "indicators": [*pairs]}
    run = valued(made(tmp_path, persons(), pool, *several(persons(), pairs)))
    line, (y, errors) = run.line("pooled/effect"), effects(run, *pairs)
    assert line.value == pytest.approx(meta.pool(y, errors).effect.estimate)
    assert (line.conf_low, line.conf_high) == (None, None)
    assert "no interval: the parts depend on one another" in str(line.reason)


def test_clusters_that_lie_in_several_parts_are_found(tmp_path: Path) -> None:
    """Teams of one number reach over two areas; other areas have teams of their own."""
    frame = persons().assign(team=lambda f: f["team"].str.replace("north", "east", regex=False))
    clustered = indicator("y", TRIAL | {"cluster": "team"}, by=["area"])
    frame["arm"] = np.where(frame.groupby("area").cumcount() // 5 % 2 == 0, "T", "C")
    run = valued(made(tmp_path, frame, POOL, clustered))
    y, errors = effects(run, *AREAS)
    (robust,) = meta.cluster_robust(meta.independent(meta.clustered(y, errors, np.array([0, 0, 1, 2]))))
    assert run.number("pooled/effect") == pytest.approx((robust.estimate, robust.conf_low, robust.conf_high))
    assert "3 groups" in str(run.line("pooled/effect").method)


def test_a_declared_cluster_makes_the_error_robust(tmp_path: Path) -> None:
    cluster = {"of": dict(zip(EFFECTS, "xyxz", strict=True)), **SAID}
    run = valued(made(tmp_path, persons(), POOL | {"cluster": cluster}))
    y, errors = effects(run, *AREAS)
    (robust,) = meta.cluster_robust(meta.independent(meta.clustered(y, errors, np.array([0, 1, 0, 2]))))
    assert run.number("pooled/effect") == pytest.approx((robust.estimate, robust.conf_low, robust.conf_high))


def test_parts_of_which_nothing_is_declared_are_named(tmp_path: Path) -> None:
    some = {"of": {"east": "a", "west": "b"}, **SAID}
    run = valued(made(tmp_path, persons(), POOL | {"cluster": some}))
    assert "nothing is declared for north, south" in str(run.line("pooled/effect").reason)
    assert run.line("part/east/effect").value is not None
    groups = {"subgroups": [{"id": "side", "title": "Side", **some}]}
    run = valued(made(tmp_path / "again", persons(), POOL | groups))
    assert "nothing is declared for north, south" in str(run.line("subgroup/side/p").reason)
    assert run.line("pooled/effect").value is not None


def test_of_what_is_to_be_maintained_nothing_is_ranked(tmp_path: Path) -> None:
    run = valued(made(tmp_path, persons(), POOL, indicator("y", TRIAL, by=["area"], direction="maintain")))
    assert "no effect is better" in str(run.line("ranks/order").reason)
    assert run.line("part/east/rank").value is None


# ---- what is hidden, what is refused ---------------------------------------------------------------------------------


def test_what_rests_on_a_hidden_part_is_hidden(tmp_path: Path) -> None:
    run = valued(made(tmp_path, persons(west=8), POOL | {"target": {"value": 1, **SAID}}))
    assert run.lines["pool", "pooled/effect"].value is not None
    hidden = {"pooled/effect", "pooled/tau", "part/west/effect", "part/east/shrunken", "ranks/order", "left_out/lowest"}
    for item in hidden:
        line = run.read["pool", item]
        assert (line.value, line.conf_low, line.verdict, line.method, line.reason) == (None, None, None, None, ""), item
        assert line.state == "suppressed"


BAD: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "unknown indicator": ({"indicator": "z"}, "pools.pool", "there is no indicator 'z'", "y"),
    "not cut by it": ({"by": "team"}, "pools.pool.by", "'y' is not cut by 'team'", "`by` of 'y' in indicators.yaml"),
    "no such part": (
        {"moderators": [{"id": "m", "title": "M", "values": {"mars": 1}, **SAID}]},
        "pools.pool.moderators.m", "there is no part 'mars'", "expected east, north, south, west",
    ),
    "no such level": (
        {"subgroups": [{"id": "s", "title": "S", "level": "side"}]},
        "pools.pool.subgroups.s", "no level 'side'", "Give the groups by of instead",
    ),
    "no origin": ({"cluster": {"of": {"east": "a"}}}, "cluster", "add origin", ""),
    "by without indicator": ({"indicator": None, "indicators": ["y", "y2"]}, "pools", "by goes with indicator", ""),
    "both": ({"indicators": ["y", "y2"]}, "pools", "either indicator and by, or indicators", ""),
    "a method that is none": ({"method": "FE"}, "method", "REML", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_pools_are_refused_with_place_and_remedy(name: str, tmp_path: Path) -> None:
    change, field, what, remedy = BAD[name]
    frame = persons(8)
    declared = contract("rows", frame, key=("person",), person="person")
    declared["columns"]["area"] = {"type": "code", "codes": [*EFFECTS], "required": True}
    pool = {key: value for key, value in (POOL | change).items() if value is not None}
    folder = programme_folder(
        tmp_path / "made", {"data": (declared, frame)}, [indicator("y", TRIAL, by=["area"])], value={"pools": [pool]}
    )
    found = problems(folder)
    (problem,) = found[:1]
    assert (problem.file, problem.line is not None) == ("value.yaml", True)
    assert field in problem.field
    assert what in str(problem)
    assert remedy in str(problem)


def test_effects_that_have_no_mean_are_refused(tmp_path: Path) -> None:
    other = indicator("z", TRIAL, unit="kilos", direction="decrease")
    plain = indicator("plain")
    pool = {"id": "pool", "title": "Pool", "indicators": ["y", "z", "plain"]}
    folder = made(tmp_path, persons(8), pool, indicator("y", TRIAL), other, plain)
    said = " ".join(map(str, problems(folder)))
    assert "effects in several units have no mean; expected one; found points, kilos" in said
    assert "effects in several directions have no mean" in said
    assert "'plain' has no design with a comparison, so it has no effect. Declare a design" in said


def test_a_target_needs_a_side(tmp_path: Path) -> None:
    kept = indicator("y", TRIAL, by=["area"], direction="maintain")
    (problem,) = problems(made(tmp_path, persons(8), POOL | {"target": {"value": 1, **SAID}}, kept))
    assert (problem.field, "no side that meets a target" in problem.what) == ("pools.pool.target", True)
    assert "Declare direction" in problem.fix


def test_ids_stand_once(tmp_path: Path) -> None:
    folder = made(tmp_path, persons(8), POOL)
    text = (folder / "value.yaml").read_text(encoding="utf-8")
    edit(folder / "value.yaml", text, text + text.removeprefix("pools:\n"))
    assert "two pools have the id 'pool'" in str(problems(folder)[-1])


def test_effects_on_several_kinds_of_people_are_said_to_be_so(tmp_path: Path) -> None:
    matched = {"kind": "weighting", "arm": "arm", "treated": "T", "comparison": "C", "covariates": ["x"]}
    frame = persons().assign(x=lambda f: np.random.default_rng(2).normal(size=len(f)).round(4))
    pairs = {"a": ("east", "north"), "b": ("south", "west")}
    first, second = several(frame, pairs)
    second["ex_post"]["design"] = matched
    run = valued(made(tmp_path, frame, {"id": "pool", "title": "Pool", "indicators": [*pairs]}, first, second))
    kinds = [run.findings.loc[f"made/{name}", "estimand"] for name in pairs]
    assert f"not on the same people: {kinds[0]}, {kinds[1]}" in str(run.line("pooled/effect").reason)
