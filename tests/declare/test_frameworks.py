"""A framework is declared once and bound by many: what is shared stays as it is, what is owed and lacks is named."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from impact.declare import check_programme, load_programme, shipped
from impact.declare.frameworks.bind import shared_hash
from impact.declare.frameworks.find import find_framework
from impact.declare.frameworks.owed import all_owed, owed_to
from impact.declare.load import Programme
from impact.declare.schemas import json_schemas
from impact.errors import DeclarationError
from impact.expect.registration import definition_hash, plan_hash
from impact.states import ElementState
from tests.support.frameworks import (
    CONTRACT,
    FIRST,
    SECOND,
    SHARED,
    WORK,
    binding,
    framework,
    programme,
    write,
)
from tests.support.programmes import edit

ALL = [str(shared["id"]) for shared in SHARED]
REFERENCE = os.environ.get("IMPACT_REFERENCE_DATA", "")


def refused(folder: Path) -> str:
    """Return what is said of a programme that is refused."""
    with pytest.raises(DeclarationError) as raised:
        load_programme(folder)
    return str(raised.value)


def hashes(loaded: Programme) -> dict[str, str]:
    return {one.shared.id: shared_hash(one.shared, loaded.contracts, loaded.codelists) for one in loaded.bound}


# ---- joining ---------------------------------------------------------------------------------------------------------


def test_contracts_nodes_and_indicators_of_a_framework_are_those_of_the_programme(tmp_path: Path) -> None:
    framework(tmp_path)
    loaded = load_programme(programme(tmp_path, "a", FIRST, ALL))
    assert check_programme(loaded) == []
    assert list(loaded.contracts) == ["clients"]
    assert [indicator.id for indicator in loaded.indicators] == ["own", *ALL]
    assert [node.id for node in loaded.header.theory_of_change.nodes] == ["outcome", "work"]
    assert {indicator.id: indicator.node for indicator in loaded.indicators}["in_work"] == "work"


def test_a_programme_may_measure_shared_indicators_alone_but_not_nothing(tmp_path: Path) -> None:
    framework(tmp_path)
    folders = [programme(tmp_path, name, FIRST, bind) for name, bind in (("a", ["hours_given"]), ("b", []))]
    for folder in folders:
        write(folder / "indicators.yaml", {"indicators": []})
    bound, bare = map(load_programme, folders)
    assert check_programme(bound) == []
    assert [problem.what for problem in check_programme(bare)] == ["nothing is measured"]


def test_nodes_that_nobody_measures_or_links_to_stay_away(tmp_path: Path) -> None:
    framework(tmp_path)
    loaded = load_programme(programme(tmp_path, "a", FIRST, ["hours_given"]))
    assert [node.id for node in loaded.header.theory_of_change.nodes] == ["outcome"]


def test_one_use_may_stand_without_a_list(tmp_path: Path) -> None:
    framework(tmp_path)
    folder = programme(tmp_path, "a", FIRST, ["hours_given"])
    header = yaml.safe_load((folder / "programme.yaml").read_text("utf-8"))
    write(folder / "programme.yaml", header | {"use": header["use"][0]})
    loaded = load_programme(folder)
    assert [one.shared.id for one in loaded.bound] == ["hours_given"]
    assert loaded.indicator_at("hours_given").line is not None


def test_the_shared_hash_is_the_same_whatever_is_promised_and_other_where_another_thing_is_measured(
    tmp_path: Path,
) -> None:
    framework(tmp_path)
    target = {"target": {"value": 0.5, "due": "2020", "origin": {"note": "made"}}}
    plain = load_programme(programme(tmp_path, "a", FIRST, ALL))
    promised = load_programme(programme(tmp_path, "b", SECOND, {"in_work": binding("in_work", ex_ante=target)}))
    assert hashes(plain)["in_work"] == hashes(promised)["in_work"]
    of = {
        one.id: definition_hash(loaded, one)
        for loaded in (plain, promised)
        for one in loaded.indicators
        if one.id == "in_work"
    }
    assert of["in_work"] != definition_hash(plain, next(one for one in plain.indicators if one.id == "in_work"))
    other = [one | ({"where": [{"column": "hours", "above": 0}]} if one["id"] == "in_work" else {}) for one in SHARED]
    framework(tmp_path, shared=other)
    changed = hashes(load_programme(tmp_path / "a"))
    assert changed["in_work"] != hashes(plain)["in_work"]
    assert changed["hours_given"] == hashes(plain)["hours_given"]


def test_a_shared_sum_says_what_time_does_to_it_and_is_another_where_it_says_another_thing(tmp_path: Path) -> None:
    def of_rule(rule: str) -> Programme:
        shared = [one | ({"over_time": rule} if one["id"] == "hours_given" else {}) for one in SHARED]
        framework(tmp_path, shared=shared)
        folder = tmp_path / "a"
        return load_programme(folder if folder.exists() else programme(tmp_path, "a", FIRST, ALL))

    flow, stock = of_rule("flow"), of_rule("stock")
    (bound,) = [one for one in stock.indicators if one.id == "hours_given"]
    assert bound.over_time == "stock"
    assert hashes(flow)["hours_given"] != hashes(stock)["hours_given"]


@pytest.mark.parametrize(
    ("columns", "same"),
    [
        ({"hours": {"type": "number", "min": 0, "title": "Time"}}, True),
        ({"hours": {"type": "number", "min": 1}}, False),
        ({"title": {"type": "text"}}, False),
    ],
    ids=["words", "limits", "a column that is called title"],
)
def test_the_shared_hash_is_of_what_a_row_must_be_and_not_of_words(
    tmp_path: Path, columns: dict[str, Any], same: bool
) -> None:
    framework(tmp_path)
    before = hashes(load_programme(programme(tmp_path, "a", FIRST, ALL)))
    shared = [one | {"title": "Another title", "note": "A note"} for one in SHARED]
    framework(tmp_path, CONTRACT | {"columns": CONTRACT["columns"] | columns, "title": "Others"}, shared)
    assert (hashes(load_programme(tmp_path / "a")) == before) is same


def test_shared_indicators_are_part_of_the_plan(tmp_path: Path) -> None:
    framework(tmp_path)
    with_one = load_programme(programme(tmp_path, "a", FIRST, ["hours_given"]))
    before = plan_hash(with_one)
    edit(tmp_path / "frameworks/common/indicators.yaml", "kind: sum", "kind: mean")
    assert plan_hash(load_programme(tmp_path / "a")) != before


def test_a_framework_takes_contracts_from_schemas_as_the_programme_does(tmp_path: Path) -> None:
    folder = framework(tmp_path)
    write(folder / "contracts.yaml", {"shared": ["delivery"], "contracts": [CONTRACT]})
    used = programme(tmp_path, "a", FIRST, ["hours_given"])
    write(used / "contracts.yaml", {"shared": ["delivery"]})
    assert sorted(load_programme(used).contracts) == ["clients", "delivery"]


def test_a_framework_builds_on_another(tmp_path: Path) -> None:
    framework(tmp_path, id="base", required={}, nodes=[WORK])
    extra = {"id": "clients_counted", "unit": "clients", "node": "work", "formula": {"kind": "count"}}
    framework(tmp_path, {}, [extra], nodes=[], required={}, use=[{"framework": "base", "version": "1.0"}])
    bind = {"clients_counted": {"ex_post": {"period": "2020"}}, "in_work": binding("in_work")}
    loaded = load_programme(programme(tmp_path, "a", FIRST, bind))
    assert check_programme(loaded) == []
    assert [one.id for one in loaded.frameworks] == ["base", "common"]
    assert [one.framework.id for one in loaded.bound] == ["common", "base"]


def test_the_framework_of_the_programme_comes_before_one_that_is_shipped(tmp_path: Path) -> None:
    framework(tmp_path, {}, (), id="vis", version="9.9", nodes=[], required={})
    folder = programme(tmp_path, "a", FIRST, {})
    write(folder / "contracts.yaml", {"contracts": [CONTRACT]})
    edit(folder / "programme.yaml", "framework: common", "framework: vis")
    edit(folder / "programme.yaml", "version: '1.0'", "version: '9.9'")
    assert load_programme(folder).frameworks[0].file.title["en"] == "Common"
    edit(folder / "programme.yaml", "version: '9.9'", "version: '1.0'")
    assert len(load_programme(folder).frameworks[0].file.elements) == 29


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_an_unknown_framework_is_named_with_those_there_are(tmp_path: Path) -> None:
    framework(tmp_path)
    folder = programme(tmp_path, "a", FIRST, {})
    edit(folder / "programme.yaml", "framework: common", "framework: comon")
    text = refused(folder)
    assert "programme.yaml:" in text
    assert "there is no framework 'comon'" in text
    assert "common, vis" in text


def test_a_version_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    framework(tmp_path)
    folder = programme(tmp_path, "a", FIRST, {})
    edit(folder / "programme.yaml", "version: '1.0'", "version: '2.0'")
    text = refused(folder)
    assert "there is no version 2.0 of the framework 'common'" in text
    assert "expected 1.0" in text


def test_a_version_without_quotes_is_refused(tmp_path: Path) -> None:
    framework(tmp_path)
    folder = programme(tmp_path, "a", FIRST, {})
    edit(folder / "programme.yaml", "version: '1.0'", "version: 1.10")
    assert "put it in quotes" in refused(folder)


@pytest.mark.parametrize("what", ["contract", "indicator", "node"])
def test_what_a_framework_shares_cannot_be_declared_again(tmp_path: Path, what: str) -> None:
    framework(tmp_path)
    folder = programme(tmp_path, "a", FIRST, ["hours_given"])
    if what == "contract":
        write(folder / "contracts.yaml", {"contracts": [CONTRACT]})
        places = ("contracts.yaml:2", "frameworks/common/contracts.yaml:2")
    elif what == "indicator":
        edit(folder / "indicators.yaml", "id: own", "id: in_work")
        places = ("indicators.yaml:2", "frameworks/common/indicators.yaml:2")
    else:
        edit(folder / "programme.yaml", "id: outcome", "id: work")
        places = ("programme.yaml:", "frameworks/common/framework.yaml:")
    text = refused(folder)
    assert all(place in text for place in places), text
    assert "'clients'" in text if what == "contract" else f"the {what} '" in text


def test_a_circle_of_frameworks_is_named(tmp_path: Path) -> None:
    framework(tmp_path, {}, (), id="a1", required={}, nodes=[], use=[{"framework": "common", "version": "1.0"}])
    framework(tmp_path, use=[{"framework": "a1", "version": "1.0"}])
    text = refused(programme(tmp_path, "p", FIRST, {}))
    assert "builds on itself" in text
    assert "common → a1 → common" in text


def test_two_versions_of_a_framework_are_refused(tmp_path: Path) -> None:
    framework(tmp_path, {}, (), id="base", version="1.0", required={}, nodes=[])
    framework(tmp_path / "a", {}, (), id="base", version="2.0", required={}, nodes=[])
    framework(tmp_path, use=[{"framework": "base", "version": "1.0"}])
    folder = programme(tmp_path / "none", "b", FIRST, {})
    (tmp_path / "a").mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.rename(tmp_path / "a" / path.name)
    header = yaml.safe_load((tmp_path / "a/programme.yaml").read_text("utf-8"))
    header["use"].insert(0, {"framework": "base", "version": "2.0"})
    write(tmp_path / "a/programme.yaml", header)
    assert "'base' is used in two versions" in refused(tmp_path / "a")


@pytest.mark.parametrize(
    ("bind", "fragment"),
    [
        ({"nothing": {"node": "outcome", "ex_post": {"period": "2020"}}}, "has no indicator 'nothing'"),
        ({"in_work": binding("in_work", node="outcome")}, "hangs 'in_work' on its node 'work'"),
        ({"hours_given": {"ex_post": {"period": "2020"}}}, "'hours_given' hangs on no node"),
        ({"hours_given": {"node": "outcome"}}, "the field 'ex_post' is missing"),
        ({"hours_given": binding("hours_given", formula={"kind": "count"})}, "unknown field 'formula'"),
    ],
)
def test_a_binding_that_does_not_fit_is_refused(tmp_path: Path, bind: dict[str, Any], fragment: str) -> None:
    framework(tmp_path)
    text = refused(programme(tmp_path, "a", FIRST, bind))
    assert fragment in text
    assert "programme.yaml:" in text


def test_a_shared_indicator_that_does_not_fit_the_programme_is_told_where_it_is_bound(tmp_path: Path) -> None:
    framework(tmp_path)
    folder = programme(tmp_path, "a", FIRST, {"hours_given": {"node": "outcome", "ex_post": {"wave": "t9"}}})
    problems = check_programme(load_programme(folder))
    assert {problem.file for problem in problems} == {"programme.yaml"}
    assert all(problem.line for problem in problems)
    assert any("there is no wave 't9'" in problem.what for problem in problems)


def test_frameworks_that_do_not_hold_together_are_told_with_their_line(tmp_path: Path) -> None:
    element = {"code": "X-1", "title": "One", "provision": "p", "seen": "s"}
    framework(
        tmp_path, shared=[*SHARED, {"id": "lost", "unit": "u", "node": "nowhere", "contract": "none", "formula": {"kind": "count"}}],
        required={"contracts": ["gone"], "indicators": ["gone_too"]}, elements=[element, element],
    )  # fmt: skip
    folder = programme(tmp_path, "a", FIRST, ["hours_given"], answers={"X-2": {"text": "t", "origin": {"note": "n"}}})
    told = {problem.what: problem for problem in check_programme(load_programme(folder))}
    assert set(told) == {
        "the framework 'common' requires an indicator 'gone_too' that it does not have",
        "the framework 'common' requires a contract 'gone' that is not there",
        "the framework has no contract 'none'",
        "the framework has no node 'nowhere'",
        "two elements have the code 'X-1'",
        "the framework 'common' has no element 'X-2'",
    }
    assert all(problem.line for problem in told.values())


# ---- what is owed ----------------------------------------------------------------------------------------------------


def test_what_a_programme_owes_and_lacks_is_named_and_no_error(tmp_path: Path) -> None:
    framework(tmp_path, required={"contracts": ["clients"], "indicators": ["in_work", "hour_cost"]})
    folder = programme(tmp_path, "a", FIRST, ["hour_cost"])
    (owed,) = all_owed(load_programme(folder))
    assert (owed.unfed, owed.unbound) == ((), ("in_work",))
    assert owed.offered == ("hours_given", "clients_met", "mean_hours")
    bare = programme(tmp_path, "b", FIRST, {})
    own = CONTRACT | {"id": "others"}
    write(bare / "contracts.yaml", {"contracts": [own]})
    for file in ("sources.yaml", "indicators.yaml"):
        edit(bare / file, "contract: clients", "contract: others")
    loaded = load_programme(bare)
    assert check_programme(loaded) == []
    assert next(all_owed(loaded)).unfed == ("clients",)


def element(code: str, **fields: Any) -> dict[str, Any]:
    return {"code": code, "title": code, "provision": "p", "seen": "s"} | fields


def test_each_element_has_the_state_that_declarations_and_answers_give_it(tmp_path: Path) -> None:
    rule = {"shows": "indicator"}
    framework(
        tmp_path,
        elements=[
            element("X-1", rules=[rule]),
            element("X-2", rules=[rule], partly=True),
            element("X-3", rules=[rule, {"shows": "horizons", "horizons": ["short", "long"]}]),
            element("X-4"),
            element("X-5"),
            element("X-6"),
            element("X-7", seen=None),
            element("X-8", seen=None),
            element("X-9", asks_nothing="it allows"),
        ],
    )
    said = {"origin": {"note": "made"}}
    answers = {"X-5": {"text": "so"} | said, "X-6": {"not_applicable": "because"} | said, "X-8": {"text": "so"} | said}
    folder = programme(tmp_path, "a", FIRST, ["hours_given"], answers=answers)
    edit(folder / "sources.yaml", "kind: synthetic", "kind: real")
    edit(folder / "sources.yaml", ", generator: the test", "")
    loaded = load_programme(folder)
    responses = {one.element.code: one for one in owed_to(loaded, loaded.frameworks[0]).responses}
    assert {code: str(one.state) for code, one in responses.items()} == {
        "X-1": "answered",
        "X-2": "missing",
        "X-3": "missing",
        "X-4": "missing",
        "X-5": "answered",
        "X-6": "not_applicable",
        "X-7": "not_verified",
        "X-8": "not_verified",
        "X-9": "not_applicable",
    }
    assert [str(said) for said in responses["X-3"].shown] == [
        "indicators with data (2): own, hours_given",
        "no indicator hangs on a step of the horizon: long",
    ]
    assert responses["X-9"].text == {"it": "it allows", "en": "it allows"}


def test_synthetic_data_show_nothing_of_a_programme(tmp_path: Path) -> None:
    framework(tmp_path, elements=[element("X-1", rules=[{"shows": "indicator"}])])
    (owed,) = all_owed(load_programme(programme(tmp_path, "a", FIRST, ["hours_given"])))
    assert owed.counts[ElementState.MISSING] == 1


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"shows": "indicator", "stages": ["outcome"]}, True),
        ({"shows": "indicator", "stages": ["impact"]}, False),
        ({"shows": "indicator", "declares": ["target"]}, True),
        ({"shows": "indicator", "declares": ["target", "baseline"]}, False),
        ({"shows": "horizons", "horizons": ["short"]}, True),
        ({"shows": "stakeholder", "roles": ["funder"]}, True),
        ({"shows": "stakeholder", "roles": ["evaluator"]}, False),
        ({"shows": "node", "stages": ["outcome"]}, True),
        ({"shows": "node", "stages": ["activity"]}, False),
        ({"shows": "source", "contracts": ["clients"]}, True),
        ({"shows": "source", "contracts": ["need"]}, False),
    ],
)
def test_each_rule_reads_the_declarations(tmp_path: Path, rule: dict[str, Any], holds: bool) -> None:
    framework(tmp_path, elements=[element("X-1", rules=[rule])])
    target = {"target": {"value": 120, "due": "2020", "origin": {"note": "made"}}}
    folder = programme(tmp_path, "a", FIRST, {"hours_given": binding("hours_given", ex_ante=target)})
    edit(folder / "sources.yaml", "kind: synthetic", "kind: real")
    edit(folder / "sources.yaml", ", generator: the test", "")
    edit(folder / "programme.yaml", "waves: []", "waves: []\nstakeholders: [{id: f, name: Fund, role: funder}]")
    loaded = load_programme(folder)
    (response,) = owed_to(loaded, loaded.frameworks[0]).responses
    assert (response.state == ElementState.ANSWERED) is holds


# ---- the one that is shipped -----------------------------------------------------------------------------------------


def test_the_shipped_guidelines_have_the_elements_of_the_list_and_mark_those_nobody_saw() -> None:
    vis = find_framework([shipped("frameworks")], "vis")
    assert vis is not None
    if not REFERENCE:
        pytest.skip("the list of elements is not ours to ship")
    with (Path(REFERENCE) / "monitoring" / "vis_checklist.csv").open(encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    assert [element.code for element in vis.file.elements] == [row["code"] for row in listed]
    unseen = [row["code"] for row in listed if row["seen"].startswith("NOT SEEN")]
    assert [element.code for element in vis.file.elements if element.seen is None] == unseen
    assert unseen == ["VIS-4.4", "VIS-4.5", "VIS-4.6"]


def test_the_shipped_guidelines_pass_their_schema() -> None:
    data = yaml.safe_load((shipped("frameworks") / "vis" / "framework.yaml").read_text("utf-8"))
    jsonschema.validate(data, json_schemas()["framework.schema.json"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | {"version": 1.0}, json_schemas()["framework.schema.json"])


def test_a_shipped_programme_says_of_the_guidelines_what_its_declarations_show() -> None:
    loaded = load_programme(shipped("data") / "milano_sei_laltro")
    (owed,) = all_owed(loaded)
    states = Counter(response.state for response in owed.responses)
    assert states[ElementState.NOT_VERIFIED] == 3
    assert sum(states.values()) == 29
    assert all(response.answer is None for response in owed.responses)
