"""The five dimensions of impact: the rule of the class on its whole table, what is missing by name, what is hidden."""

from __future__ import annotations

import itertools
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import impact
from impact.declare.check import check_programme
from impact.declare.load import load_programme
from impact.declare.registration import REGISTRATIONS
from impact.declare.value.outcomes import Outcome
from impact.errors import DeclarationError
from impact.expect.registration import register_plan
from impact.publish import read_table
from impact.publish.protect import protect_valuations
from impact.states import ContributionState, ValueState
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.tables.valuation import Valuation
from impact.value.outcomes import classify
from impact.words.said import Said
from tests.support.programmes import contract, edit, indicator, programme_folder, written

NOTE = {"note": "of a test"}
OUTCOME: dict[str, Any] = {
    "indicator": "y",
    "importance": {"degree": "high", "origin": NOTE},
    "threshold": {"value": 50, "origin": NOTE},
    "matters": {"value": 2, "origin": NOTE},
    "who": {"group": {"en": "all", "it": "tutti"}, "underserved": True, "origin": NOTE},
}
RANDOMISED = {"kind": "randomised", "arm": "arm", "treated": "1", "comparison": "0"}


@pytest.fixture(scope="module")
def finding(tmp_path_factory: pytest.TempPathFactory) -> Finding:
    """A finding of the engine's, whose numbers the tests replace."""
    with closing(impact.run(programme(tmp_path_factory.mktemp("outcomes") / "made"))) as result:
        return to_records(Finding, result.findings())[0]


def programme(folder: Path, outcomes: list[dict[str, Any]] | None = None) -> Path:
    """Write a programme of 80 persons, half of them treated, who gain 10."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"person": [f"p{i}" for i in range(80)], "arm": ["1", "0"] * 40})
    frame["y"] = rng.normal(60, 5, 80) + np.where(frame["arm"] == "1", 10, 0)
    path = written(folder, frame, [indicator("y", RANDOMISED)])
    text = json.dumps({"outcomes": [OUTCOME] if outcomes is None else outcomes})
    (path / "value.yaml").write_text(text, encoding="utf-8")
    return path


def seen(finding: Finding, effect: tuple[float, float], value: tuple[float, float], direction: str) -> Finding:
    """Return a finding with these intervals."""
    low, high = effect
    better = low > 0 if direction == "increase" else high < 0
    clear = ContributionState.IMPROVED if better else ContributionState.WORSENED
    state = ContributionState.NO_CLEAR_EFFECT if low <= 0 <= high else clear
    return replace(
        finding, direction=direction, contribution=state, estimate=sum(effect) / 2,
        effect_low=effect[0], effect_high=effect[1], value=sum(value) / 2, conf_low=value[0], conf_high=value[1],
    )  # fmt: skip


CLASSES = [
    # effect, value (on the scale on which more is better, threshold 50, matters 2), class
    ((-5, -1), (60, 70), "does_cause_harm"),
    ((-5, 1), (60, 70), "may_cause_harm"),
    ((-2, 3), (60, 70), "may_cause_harm"),
    ((-1.9, 3), (60, 70), None),
    ((0, 3), (60, 70), None),
    ((1, 3), (40, 49), "act_to_avoid_harm"),
    ((1, 3), (49, 60), "act_to_avoid_harm"),
    ((1, 3), (50, 60), "benefit_stakeholders"),
    ((2, 3), (50, 60), "contribute_to_solutions"),
    ((2, 3), (49, 60), "act_to_avoid_harm"),
]
"""The table of docs/methods/dimensions_of_impact.md, with values at the edges of every row."""


@pytest.mark.parametrize(("effect", "value", "code"), CLASSES)
def test_the_class_is_that_of_the_table(
    finding: Finding, effect: tuple[float, float], value: tuple[float, float], code: str | None
) -> None:
    outcome = Outcome.model_validate(OUTCOME)
    assert classify(outcome, seen(finding, effect, value, "increase")).code == code
    mirrored = outcome.model_copy(update={"threshold": outcome.threshold.model_copy(update={"value": -50.0})})  # type: ignore[union-attr]
    turned = seen(finding, (-effect[1], -effect[0]), (-value[1], -value[0]), "decrease")
    assert classify(mirrored, turned).code == code


@pytest.mark.parametrize("lacking", ["importance", "underserved"])
def test_a_solution_needs_importance_and_an_underserved_group(finding: Finding, lacking: str) -> None:
    changed = {
        "importance": {"importance": {"degree": "medium", "origin": NOTE}},
        "underserved": {"who": {"group": "all", "underserved": False, "origin": NOTE}},
    }
    outcome = Outcome.model_validate(OUTCOME | changed[lacking])
    classified = classify(outcome, seen(finding, (2, 3), (50, 60), "increase"))
    assert classified.code == "benefit_stakeholders"
    assert [said.code for said in classified.reason.values["lacking"]] == [f"outcomes.lacks.{lacking}"]  # type: ignore[union-attr]


def test_a_class_without_what_it_needs_says_what_is_missing(finding: Finding) -> None:
    needed = ("importance", "threshold", "who")
    for names in itertools.chain(itertools.combinations(needed, 1), itertools.combinations(needed, 2)):
        outcome = Outcome.model_validate({key: value for key, value in OUTCOME.items() if key not in names})
        classified = classify(outcome, seen(finding, (2, 3), (50, 60), "increase"))
        assert classified.code is None
        assert {said.code for said in classified.reason.values["missing"]} == {  # type: ignore[union-attr]
            f"outcomes.needs.{name}" for name in names
        }


@pytest.mark.parametrize("state", [ContributionState.ASSOCIATED, ContributionState.MOVED])
def test_an_association_or_a_change_is_no_contribution(finding: Finding, state: ContributionState) -> None:
    changed = replace(seen(finding, (2, 3), (50, 60), "increase"), contribution=state)
    assert classify(Outcome.model_validate(OUTCOME), changed).code is None


@pytest.mark.parametrize("effect", [(2, 3), (-3, -2)])
def test_an_interval_clear_of_zero_gives_no_class_where_the_test_is_not_clear(
    finding: Finding, effect: tuple[float, float]
) -> None:
    """As where arms were assigned by groups of rows: the contribution is judged by the stricter p-value."""
    unclear = replace(seen(finding, effect, (50, 60), "increase"), contribution=ContributionState.NO_CLEAR_EFFECT)
    classified = classify(Outcome.model_validate(OUTCOME), unclear)
    assert (classified.code, classified.reason.code) == (None, "outcomes.unclassified.not_clear")


def test_an_outcome_is_synthetic_where_those_it_reaches_are_counted_in_synthetic_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": [f"p{i}" for i in range(80)], "y": np.arange(80.0)})
    tables = {
        f"{name}_data": (contract(name, frame, key=("person",), person="person"), frame) for name in ("rows", "reached")
    }
    counted = indicator("n", formula={"kind": "count"}, contract="reached", unit="persons")
    outcome = {"indicator": "y", "scale": {"indicator": "n"}}
    folder = programme_folder(tmp_path / "made", tables, [indicator("y"), counted], value={"outcomes": [outcome]})
    text = (folder / "sources.yaml").read_text(encoding="utf-8")
    first = text[: text.index("id: reached_data")]
    edit(folder / "sources.yaml", first, first.replace("kind: synthetic, generator: the test", "kind: real"))
    with closing(impact.run(folder)) as result:
        kinds = result.findings().set_index("indicator")["data_kind"]
        of = lines(result)
    assert (kinds["y"], kinds["n"]) == ("real", "synthetic")
    assert of["how_much/scale"].data_kind == "synthetic"


def lines(result: impact.Result) -> dict[str, Valuation]:
    table = read_table(result.warehouse, Valuation, "made")
    return {line.item: line for line in to_records(Valuation, table)}


def test_lines_are_those_of_the_finding_and_the_declaration(tmp_path: Path) -> None:
    with closing(impact.run(programme(tmp_path / "made"))) as result:
        (found,) = to_records(Finding, result.findings())
        of = lines(result)
    effect = of["contribution/effect"]
    assert (effect.value, effect.conf_low, effect.conf_high) == (found.estimate, found.effect_low, found.effect_high)
    assert effect.difference
    assert effect.rests_on == (found.finding,)
    assert of["what/threshold"].value == 50
    assert of["what/threshold"].state == ValueState.DECLARED
    assert of["how_much/duration"].state == ValueState.NOT_COMPUTABLE
    assert of["how_much/depth"].state == ValueState.NOT_COMPUTABLE  # no baseline
    assert of["who/group"].note_it == "tutti"
    assert all(line.data_kind == "synthetic" for item, line in of.items() if item != "registration")
    assert all(line.value is None or line.conf_low is not None or line.reason or line.verdict for line in of.values())


def test_what_rests_on_a_suppressed_finding_is_hidden(tmp_path: Path) -> None:
    with closing(impact.run(programme(tmp_path / "made"))) as result:
        valuations, findings = read_table(result.warehouse, Valuation, "made"), result.findings()
    hidden = protect_valuations(valuations, findings.assign(suppressed="few"))
    resting = hidden["rests_on"].map(len) > 0
    assert resting.any()
    assert hidden.loc[resting, ["value", "conf_low", "conf_high", "verdict"]].isna().all(axis=None)
    assert (hidden.loc[resting, "state"] == "suppressed").all()
    assert (hidden.loc[resting, "reason"] == "").all()
    pd.testing.assert_frame_equal(hidden[~resting], valuations[~resting])
    pd.testing.assert_frame_equal(protect_valuations(valuations, findings.assign(suppressed="")), valuations)


@pytest.mark.parametrize(
    ("outcomes", "says"),
    [
        ([{"indicator": "z"}], "there is no indicator 'z'"),
        ([OUTCOME, OUTCOME], "two outcomes are of indicator 'y'"),
        ([OUTCOME | {"scale": {"indicator": "z"}}], "there is no indicator 'z'"),
        ([OUTCOME | {"matters": {"value": -1, "origin": NOTE}}], "is a size"),
    ],
)
def test_what_does_not_hold_together_is_named(tmp_path: Path, outcomes: list[dict[str, Any]], says: str) -> None:
    problems = check_programme(load_programme(programme(tmp_path / "made", outcomes)))
    assert len(problems) == 1
    assert says in str(problems[0])
    assert problems[0].file == "value.yaml"


@pytest.mark.parametrize(
    "codes", [{"iris": ["XX1"]}, {"sdg": ["18.1"]}, {"sdg": ["3"]}, {"bes": ["13"]}, {"bes": ["5", "5"]}]
)
def test_codes_have_the_form_of_their_catalogue(tmp_path: Path, codes: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="codes"):
        load_programme(programme(tmp_path / "made", [OUTCOME | {"codes": codes}]))


def test_rules_are_exploratory_registered_or_amended(tmp_path: Path) -> None:
    folder = programme(tmp_path / "made")
    assert registration(folder) == ("value.exploratory", ())
    edit(folder / "programme.yaml", "end: '2020'", "end: '2999'")
    register_plan(load_programme(folder), "A. Tester")
    assert registration(folder) == ("value.exploratory", ())  # the indicator that they name could be known in 2020
    edit(folder / "indicators.yaml", "period: '2020'", "period: '2999'")
    assert registration(folder) == ("value.exploratory", ())  # nor does it help to move its date afterwards
    (folder / REGISTRATIONS).unlink()
    register_plan(load_programme(folder), "A. Tester")
    assert registration(folder) == ("value.registered", ())
    edit(folder / "value.yaml", '"value": 50', '"value": 45')
    verdict, changes = registration(folder)
    assert verdict == "value.amended"
    assert [change.values["path"] for change in changes] == ["outcomes"]
    register_plan(load_programme(folder), "A. Tester", "the cutoff was another")
    assert registration(folder)[0] == "value.amended"


def registration(folder: Path) -> tuple[str, tuple[Said, ...]]:
    with closing(impact.run(folder)) as result:
        reason = lines(result)["registration"].reason
        verdict = lines(result)["registration"].verdict
    assert isinstance(verdict, Said)
    assert isinstance(reason, Said)
    changes = reason.values.get("changes", ())
    assert isinstance(changes, tuple)
    return verdict.code, tuple(change for change in changes if isinstance(change, Said))
