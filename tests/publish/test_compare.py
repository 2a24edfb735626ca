"""A framework across programmes: totals by sums, by one definition, of what may be shown; right values by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from impact.declare import load_programme
from impact.errors import UsageError
from impact.publish.compare import Alike, Comparison, Shared, compare_framework
from impact.publish.published import ReaderTables
from impact.publish.scope import EVERYTHING, Scope
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.words.said import Said
from tests.support.frameworks import CONTRACT, FIRST, SECOND, SHARED, binding, framework, programme
from tests.support.programmes import edit

ALL = [str(shared["id"]) for shared in SHARED]
TWELVE = pd.DataFrame({"client": list("abcdefghijkl"), "hours": [10] * 12, "cost": [120] * 12, "job": [1, 0] * 6})


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with Warehouse(":memory:") as opened:
        yield opened


def run(warehouse: Warehouse, *folders: Path) -> None:
    for folder in folders:
        run_programme(load_programme(folder), warehouse)


def compared(warehouse: Warehouse, scope: Scope = EVERYTHING) -> Comparison:
    return compare_framework(ReaderTables(warehouse, scope), "common")


def alike(comparison: Comparison, name: str) -> Alike:
    return next(one for one in comparison.indicators if one.declared.indicator == name)


def states(one: Alike) -> dict[str, str]:
    return {shared.programme: str(shared.state) for shared in one.programmes}


def two(root: Path, first: Any = ALL, second: Any = ALL, **files: Any) -> tuple[Path, Path]:
    framework(root, **files)
    return programme(root, "a", FIRST, first), programme(root, "b", SECOND, second)


# ---- totals ----------------------------------------------------------------------------------------------------------


def test_totals_are_by_sums_and_never_an_average_of_values(warehouse: Warehouse, tmp_path: Path) -> None:
    run(warehouse, *two(tmp_path))
    comparison = compared(warehouse)
    assert comparison.programmes == ("a", "b")
    values = {one.declared.indicator: one.totals[0] for one in comparison.indicators}
    assert values["in_work"].value == pytest.approx(6 / 10)  # (1 + 5) / (4 + 6), not (25 % + 83 %) / 2
    assert values["hour_cost"].value == pytest.approx(1400 / 120)  # not (10 + 20) / 2
    assert values["hours_given"].value == 120
    assert values["mean_hours"].value == pytest.approx(120 / 10)
    assert all(total.n == 10 for name, total in values.items() if name != "clients_met")
    assert {total.programmes for total in values.values()} == {("a", "b")}


def test_what_is_told_apart_is_counted_anew_and_never_added(warehouse: Warehouse, tmp_path: Path) -> None:
    run(warehouse, *two(tmp_path))
    (total,) = alike(compared(warehouse), "clients_met").totals
    assert total.value is None
    assert total.reason == Said("frameworks.not_additive")


def test_a_mean_over_programmes_has_the_interval_of_independent_strata(warehouse: Warehouse, tmp_path: Path) -> None:
    run(warehouse, *two(tmp_path))
    (total,) = alike(compared(warehouse), "in_work").totals
    # shares 1/4 of 4 and 5/6 of 6: squared errors 1/16 and 1/36, weights 0.4 and 0.6, both add 0.01; df 4 / (1/3 + 1/5) = 7.5
    for end in (total.conf_low, total.conf_high):
        assert end is not None
        assert 2.306 < abs(end - 0.6) / 0.02**0.5 < 2.365  # t at 97.5 % of 8 and of 7 degrees of freedom


def test_a_ratio_and_a_sum_say_why_they_have_no_interval(warehouse: Warehouse, tmp_path: Path) -> None:
    run(warehouse, *two(tmp_path))
    comparison = compared(warehouse)
    ratio, total = (alike(comparison, name).totals[0] for name in ("hour_cost", "hours_given"))
    assert (ratio.conf_low, ratio.reason) == (None, Said("frameworks.base_varies", programmes=("a", "b")))
    assert (total.conf_low, total.reason) == (None, Said("frameworks.counted"))


def test_a_share_of_all_has_no_error_that_could_be_added(warehouse: Warehouse, tmp_path: Path) -> None:
    framework(tmp_path)
    everybody = SECOND.assign(job=1)
    run(warehouse, programme(tmp_path, "a", FIRST, ALL), programme(tmp_path, "b", everybody, ALL))
    (total,) = alike(compared(warehouse), "in_work").totals
    assert total.value == pytest.approx(7 / 10)
    assert (total.conf_low, total.reason) == (None, Said("frameworks.no_interval", programmes=("b",)))


def test_the_order_of_rows_and_of_programmes_changes_nothing(tmp_path: Path) -> None:
    results = []
    for turned in (False, True):
        root = tmp_path / str(turned)
        framework(root)
        frames = [frame.sample(frac=1, random_state=3) if turned else frame for frame in (FIRST, SECOND)]
        folders = [programme(root, name, frame, ALL) for name, frame in zip("ab", frames, strict=True)]
        with Warehouse(":memory:") as warehouse:
            run(warehouse, *(folders[::-1] if turned else folders))
            results.append([one.totals for one in compared(warehouse).indicators])
    assert results[0] == results[1]


# ---- definitions -----------------------------------------------------------------------------------------------------


def test_other_promises_leave_a_definition_as_it_is(warehouse: Warehouse, tmp_path: Path) -> None:
    promised = {"target": {"value": 0.9, "due": "2020", "origin": {"note": "made"}}}
    second = {name: binding(name, ex_ante=promised) if name == "in_work" else binding(name) for name in ALL}
    run(warehouse, *two(tmp_path, second=second))
    one = alike(compared(warehouse), "in_work")
    assert len({shared.declared.shared_hash for shared in one.programmes}) == 1
    assert one.totals[0].value == pytest.approx(0.6)


def test_what_is_defined_otherwise_is_not_added(warehouse: Warehouse, tmp_path: Path) -> None:
    framework(tmp_path)
    first = programme(tmp_path, "a", FIRST, ALL)
    changed = [one | {"where": [{"column": "hours", "above": 1}]} if one["id"] == "in_work" else one for one in SHARED]
    other = programme(tmp_path / "other", "b", SECOND, ALL)
    framework(tmp_path / "other", shared=changed, version="1.1")
    edit(other / "programme.yaml", "version: '1.0'", "version: '1.1'")
    run(warehouse, first, other)
    comparison = compared(warehouse)
    assert [use.version for use in comparison.uses] == ["1.0", "1.1"]
    assert alike(comparison, "in_work").totals == ()
    assert alike(comparison, "mean_hours").totals[0].value == pytest.approx(12)
    third = programme(tmp_path, "c", SECOND, ALL)
    run(warehouse, third)
    (total,) = alike(compared(warehouse), "in_work").totals
    assert total.programmes == ("a", "c")


# ---- what has no value -----------------------------------------------------------------------------------------------


def test_each_programme_without_a_value_says_why(warehouse: Warehouse, tmp_path: Path) -> None:
    framework(tmp_path)
    bare = FIRST.assign(job=[None] * 4)
    folders = [
        programme(tmp_path, "a", FIRST, ALL),
        programme(tmp_path, "b", bare, ALL),
        programme(tmp_path, "c", SECOND, {}),
    ]
    run(warehouse, *folders, programme(tmp_path, "d", SECOND, ALL))
    one = alike(compared(warehouse), "in_work")
    assert states(one) == {"a": "measured", "b": "no_data", "c": "not_bound", "d": "measured"}
    (total,) = one.totals
    assert total.left_out == (("b", "no_data"), ("c", "not_bound"))
    assert total.value == pytest.approx(0.6)


def test_one_value_is_no_total(warehouse: Warehouse, tmp_path: Path) -> None:
    run(warehouse, *two(tmp_path, second=["hour_cost"]))
    (total,) = alike(compared(warehouse), "in_work").totals
    assert (total.value, total.reason) == (None, Said("frameworks.too_few", count=1))


def test_real_and_synthetic_values_are_not_added(warehouse: Warehouse, tmp_path: Path) -> None:
    first, second = two(tmp_path)
    edit(first / "sources.yaml", "kind: synthetic", "kind: real")
    edit(first / "sources.yaml", ", generator: the test", "")
    run(warehouse, first, second)
    (total,) = alike(compared(warehouse), "in_work").totals
    assert (total.value, total.reason) == (None, Said("frameworks.mixed", programmes=("b",)))


def test_weights_that_a_programme_chose_keep_it_from_being_added(warehouse: Warehouse, tmp_path: Path) -> None:
    weighted = {"in_work": binding("in_work", sample={"weight": "hours"})}
    run(warehouse, *two(tmp_path, second=weighted))
    one = alike(compared(warehouse), "in_work")
    (total,) = one.totals
    assert (total.value, total.reason) == (None, Said("frameworks.own_weights", programmes=("b",)))
    declared = one.programmes[1].declared
    assert (declared.numerator, declared.denominator) == (16, 20)  # 1 + 2 + 3 + 5 + 5 of 20 hours


def test_rows_of_a_wave_are_those_that_are_added(warehouse: Warehouse, tmp_path: Path) -> None:
    columns = CONTRACT["columns"] | {"t": {"type": "code", "codes": ["0", "1"], "required": True}}
    contract = CONTRACT | {"columns": columns, "key": ["client", "t"], "wave": "t"}
    framework(tmp_path, contract)
    both = pd.concat([FIRST.assign(t="0", hours=1), FIRST.assign(t="1")])
    bind = {name: binding(name, ex_post={"wave": "1"}) for name in ALL}
    folders = [programme(tmp_path, name, both, bind) for name in "ab"]
    waves = "waves: [{id: '0', title: B, date: 2019-01, role: baseline}, {id: '1', title: E, date: 2020-06, role: end_line}]"
    for folder in folders:
        edit(folder / "programme.yaml", "waves: []", waves)
        edit(folder / "indicators.yaml", "period: '2020'", "wave: '1'")
    run(warehouse, *folders)
    (total,) = alike(compared(warehouse), "hours_given").totals
    assert (total.value, total.days) == (200, ("2020-06-30", "2020-06-30"))


# ---- disclosure ------------------------------------------------------------------------------------------------------

PERSONS = CONTRACT | {"person": "client", "columns": CONTRACT["columns"] | {"district": {"type": "text"}}}


def persons(root: Path, frames: Mapping[str, pd.DataFrame], **fields: Any) -> list[Path]:
    framework(root, PERSONS, [one | fields for one in SHARED])
    return [programme(root, name, frame, ALL) for name, frame in frames.items()]


def test_a_hidden_value_is_in_no_total(warehouse: Warehouse, tmp_path: Path) -> None:
    frames = {"a": FIRST, "b": TWELVE, "c": TWELVE.assign(hours=20)}
    run(warehouse, *persons(tmp_path, {name: frame.assign(district="x") for name, frame in frames.items()}))
    comparison = compared(warehouse)
    one = alike(comparison, "hours_given")
    assert states(one)["a"] == "suppressed"
    assert one.programmes[0].declared.numerator is None
    (total,) = one.totals
    assert (total.value, total.n, total.left_out) == (360, 24, (("a", "suppressed"),))


def test_the_sums_of_a_ratio_are_gone_where_a_part_of_it_is_hidden(warehouse: Warehouse, tmp_path: Path) -> None:
    parted = pd.concat([TWELVE, TWELVE.assign(client=[f"{name}2" for name in TWELVE["client"]])]).assign(
        district=["x"] * 21 + ["y"] * 3
    )
    run(
        warehouse,
        *persons(
            tmp_path, {"a": parted, "b": TWELVE.assign(district="x"), "c": TWELVE.assign(district="x")}, by=["district"]
        ),
    )
    comparison = compared(warehouse)
    ratio, mean = alike(comparison, "hour_cost"), alike(comparison, "mean_hours")
    assert states(ratio)["a"] == "measured"
    assert ratio.programmes[0].declared.denominator is None
    assert ratio.totals[0].left_out == (("a", "suppressed"),)
    assert mean.totals[0].left_out == ()  # value and n are published, and with them the sum


def test_readers_of_parts_have_no_sums_of_the_whole(warehouse: Warehouse, tmp_path: Path) -> None:
    run(warehouse, *two(tmp_path))
    comparison = compared(warehouse, Scope(None, {"district": frozenset({"x"})}, "evaluator"))
    assert (comparison.programmes, comparison.indicators) == (("a", "b"), ())


def test_programmes_out_of_reach_are_not_there(warehouse: Warehouse, tmp_path: Path) -> None:
    run(warehouse, *two(tmp_path))
    comparison = compared(warehouse, Scope(frozenset({"a"}), {}, "evaluator"))
    assert comparison.programmes == ("a",)
    assert alike(comparison, "in_work").totals == ()


# ---- runs ------------------------------------------------------------------------------------------------------------


def value_of(shared: Shared) -> float | None:
    return shared.finding.value if shared.finding else None


def test_a_framework_that_changes_is_computed_anew(warehouse: Warehouse, tmp_path: Path) -> None:
    folders = two(tmp_path)
    run(warehouse, *folders)
    before = alike(compared(warehouse), "hours_given").programmes[0]
    edit(tmp_path / "frameworks/common/indicators.yaml", "kind: sum", "kind: mean")
    report = run_programme(load_programme(folders[0]), warehouse)
    after = alike(compared(warehouse), "hours_given").programmes[0]
    assert report.computed == ("hours_given",)
    assert (value_of(before), value_of(after)) == (100, 25)
    assert before.declared.shared_hash != after.declared.shared_hash


def test_words_of_a_framework_that_change_are_published(warehouse: Warehouse, tmp_path: Path) -> None:
    (folder, _) = two(tmp_path)
    run(warehouse, folder)
    edit(tmp_path / "frameworks/common/framework.yaml", "title: Common", "title: Better")
    run(warehouse, folder)
    assert compared(warehouse).uses[0].title_en == "Better"


def test_a_framework_nobody_uses_is_named_with_those_in_use(warehouse: Warehouse, tmp_path: Path) -> None:
    run(warehouse, *two(tmp_path))
    with pytest.raises(UsageError, match="those in use: common"):
        compare_framework(ReaderTables(warehouse), "vis")


def test_the_checklist_has_a_state_for_each_programme(warehouse: Warehouse, tmp_path: Path) -> None:
    element = {"code": "X-1", "title": "One", "provision": "p", "seen": "s"}
    framework(tmp_path, elements=[element])
    answer = {"X-1": {"text": "so", "origin": {"note": "n"}}}
    run(warehouse, programme(tmp_path, "a", FIRST, [], answers=answer), programme(tmp_path, "b", SECOND, []))
    (answers,) = compared(warehouse).elements
    assert {one.programme: str(one.state) for one in answers} == {"a": "answered", "b": "missing"}
