"""Reward rules: scores by hand, shares of weights by geometry, what is missing, hidden and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from impact.statistics.simplex import admissible
from impact.statistics.simplex_weights import weight_shares
from tests.support.programmes import contract, edit, indicator, programme_folder
from tests.support.valued import SAID, Valued, problems, valued

PROJECTS = ("alfa", "beta", "gamma")
VALUES = {"ties": (8.0, 4.0, 6.0), "debt": (30.0, 10.0, 50.0), "jobs": (1.0, 6.0, 3.0)}
"""Value of each project on each measure, without spread."""
SCALES = {"ties": (0, 10), "debt": (60, 0), "jobs": (0, 5)}
POINTS = np.array([[0.8, 0.5, 0.2], [0.4, 5 / 6, 1.0], [0.6, 1 / 6, 0.6]])
"""By hand, from the scales; beta has more jobs than the best value, and counts as it."""
WEIGHTS = {"ties": 5.0, "debt": 2.0, "jobs": 3.0}


def rows(size: int = 12, spread: float = 0.0, **sizes: int) -> pd.DataFrame:
    """Rows of each project, about its values."""
    rng = np.random.default_rng(5)
    found = [
        {"row": f"{project}{i:02}", "project": project}
        | {name: round(values[place] + spread * rng.normal(), 4) for name, values in VALUES.items()}
        for place, project in enumerate(PROJECTS)
        for i in range(sizes.get(project, size))
    ]
    return pd.DataFrame(found)


def measured(name: str, *, exact: bool = True, **fields: Any) -> dict[str, Any]:
    """Declare the mean of a measure by project; exact where the rows are all there is."""
    better = "decrease" if name == "debt" else "increase"
    declared = {"formula": {"kind": "mean", "column": name}, "direction": better, "scope": ["project"]}
    return indicator(name, **(declared | ({"sample": {"all_units": True}} if exact else {}) | fields))


def rule(*names: str, weights: dict[str, float] = WEIGHTS, **bounds: dict[str, float]) -> dict[str, Any]:
    criteria = [
        {"indicator": name, "weight": weights[name], "scale": {"from": SCALES[name][0], "to": SCALES[name][1], **SAID}}
        | ({"bounds": bounds[name]} if name in bounds else {})
        for name in names or VALUES
    ]
    return {"id": "prize", "title": "Prize", "by": "project", "criteria": criteria, **SAID}


def made(folder: Path, frame: pd.DataFrame, declared: dict[str, Any], *indicators: dict[str, Any]) -> Path:
    tables = {"data": (contract("rows", frame, key=("row",), person="row"), frame)}
    of = indicators or tuple(map(measured, VALUES))
    return programme_folder(folder / "made", tables, of, value={"rewards": [declared]})


def number(run: Valued, item: str) -> Any:
    return run.line(item, "prize").value


def of_all(run: Valued, what: str) -> list[Any]:
    return [number(run, f"alternative/{project}/{what}") for project in PROJECTS]


def test_scores_ranks_and_margin_are_the_weighted_points(tmp_path: Path) -> None:
    run = valued(made(tmp_path, rows(), rule()))
    scores = POINTS @ np.array([0.5, 0.2, 0.3])
    assert of_all(run, "score") == pytest.approx(scores.tolist())
    assert of_all(run, "rank") == [2, 1, 3]
    assert number(run, "margin") == pytest.approx(scores[1] - scores[0])
    assert "counted as the end of it: jobs" in str(run.line("alternative/beta/score", "prize").reason)
    assert "counted as" not in str(run.line("alternative/alfa/score", "prize").reason)
    assert str(run.line("margin", "prize").verdict) == "the interval of the first lies above all others"


@pytest.mark.parametrize(("first", "second"), [((0.8, 0.5), (0.7, 0.6)), ((1.1, 0.3), (0.7, 0.7))])
def test_what_ties_on_paper_ties(first: tuple[float, float], second: tuple[float, float], tmp_path: Path) -> None:
    """Points are quotients of decimals: (0.8 - 0.2)/1 is 0.6, though not in binary numbers, and no prize turns on it."""
    frame = rows().query("project != 'gamma'")
    for name, places in (("ties", 0), ("jobs", 1)):
        frame[name] = frame["project"].map({"alfa": first[places], "beta": second[places]})
    declared = rule("ties", "jobs", weights={"ties": 1.0, "jobs": 1.0})
    declared["criteria"][0]["scale"] = {"from": 0.2, "to": 1.2, **SAID}
    declared["criteria"][1]["scale"] = {"from": 0, "to": 1, **SAID}
    run = valued(made(tmp_path, frame, declared))
    assert (number(run, "margin"), number(run, "change")) == (0, 0)
    assert str(run.line("margin", "prize").verdict) == "the intervals do not tell the first from all others"
    for project in PROJECTS[:2]:
        assert run.number(f"alternative/{project}/rank", "prize") == (1, 1, 2)
        assert number(run, f"alternative/{project}/first") == 0.5
        score = run.line(f"alternative/{project}/score", "prize")
        assert score.conf_low == score.value == score.conf_high


def test_shares_of_two_weights_are_lengths(tmp_path: Path) -> None:
    """Alfa leads beta where 0.8w + 0.5(1 − w) > 0.4w + 5/6(1 − w), so above w = 5/11; gamma is never first."""
    run = valued(made(tmp_path, rows(), rule("ties", "debt", ties={"at_least": 0.2, "at_most": 0.9})))
    change = (1 / 3) / (0.4 + 1 / 3)
    expected = [(0.9 - change) / 0.7, (change - 0.2) / 0.7, 0.0]
    assert of_all(run, "first") == pytest.approx(expected, rel=1e-3)
    assert of_all(run, "rank") == [1, 2, 3]
    beta_over_gamma = (2 / 3) / (0.2 + 2 / 3)
    assert number(run, "alternative/gamma/keeps") == pytest.approx((min(0.9, beta_over_gamma) - 0.2) / 0.7, rel=1e-3)
    assert number(run, "change") == pytest.approx(5 / 7 - change, rel=1e-3)
    line = run.line("change", "prize")
    assert "then beta draws level: ties 45.5%; debt 54.5%" in str(line.method)


def test_drawn_shares_have_the_error_of_their_draws(tmp_path: Path) -> None:
    frame = rows().assign(
        more=lambda f: f["ties"] * 0 + f["project"].map(dict(zip(PROJECTS, (2.0, 3.0, 9.0), strict=True)))
    )
    more = measured("more")
    criterion = {"indicator": "more", "weight": 1.0, "scale": {"from": 0, "to": 10, **SAID}}
    declared = rule()
    declared["criteria"].append(criterion)
    run = valued(made(tmp_path, frame, declared, *map(measured, VALUES), more))
    table = np.column_stack([POINTS, [0.2, 0.3, 0.9]])
    shares = weight_shares(table, declared=[5, 2, 3, 1], within=admissible(4))
    for place, project in enumerate(PROJECTS):
        line = run.line(f"alternative/{project}/first", "prize")
        assert (line.value, line.conf_low, line.conf_high) == pytest.approx(
            (shares.first[place], shares.conf_low[place], shares.conf_high[place]), abs=1e-4
        )
        assert "100,000 weights drawn" in str(line.method)


def test_the_interval_of_a_score_adds_up_those_of_its_criteria(tmp_path: Path) -> None:
    of = [measured("ties", exact=False), measured("debt", exact=False)]
    run = valued(made(tmp_path, rows(spread=1.0), rule("ties", "debt"), *of))
    for project in PROJECTS:
        ties, debt = (run.findings.loc[f"made/{name}/project={project}"] for name in ("ties", "debt"))
        low = 5 / 7 * ties["conf_low"] / 10 + 2 / 7 * (60 - debt["conf_high"]) / 60
        high = 5 / 7 * ties["conf_high"] / 10 + 2 / 7 * (60 - debt["conf_low"]) / 60
        line = run.line(f"alternative/{project}/score", "prize")
        assert (line.conf_low, line.conf_high) == pytest.approx((low, high))
        assert set(line.rests_on) == {f"made/{name}/project={project}" for name in ("ties", "debt")}
    ranks = [run.line(f"alternative/{project}/rank", "prize") for project in PROJECTS]
    assert all(rank.conf_low <= rank.value <= rank.conf_high for rank in ranks)


def test_ranks_that_intervals_leave_open_are_said(tmp_path: Path) -> None:
    of = [measured("ties", exact=False), measured("debt", exact=False)]
    run = valued(made(tmp_path, rows(4, spread=30.0), rule("ties", "debt"), *of))
    assert str(run.line("margin", "prize").verdict) == "the intervals do not tell the first from all others"
    ends = [run.line(f"alternative/{project}/rank", "prize") for project in PROJECTS]
    assert [(line.conf_low, line.conf_high) for line in ends] == [(1, 3)] * 3


def test_an_alternative_without_a_criterion_is_not_scored_and_says_which(tmp_path: Path) -> None:
    frame = rows().assign(jobs=lambda f: f["jobs"].mask(f["project"] == "gamma"))
    run = valued(made(tmp_path, frame, rule()))
    line = run.line("alternative/gamma/score", "prize")
    assert line.value is None
    assert str(line.reason) == "not scored because there is no value of jobs"
    assert "alternative/gamma/rank" not in run.items("prize")
    assert [number(run, f"alternative/{project}/rank") for project in PROJECTS[:2]] == [2, 1]


def test_what_holds_other_alternatives_does_not_compete_with_them(tmp_path: Path) -> None:
    """A region has the mean of its projects; it takes no rank from any of them."""
    frame = rows()
    declared = contract("rows", frame, key=("row",), person="row")
    declared["columns"]["project"] = {"type": "code", "codelist": "project", "required": True}
    codes = [{"code": "region", "title": "Region", "level": "region"}]
    codes += [{"code": name, "title": name, "level": "project", "parent": "region"} for name in PROJECTS]
    codelist = {"id": "project", "title": "Project", "levels": ["region", "project"], "codes": codes}
    folder = programme_folder(
        tmp_path / "made", {"data": (declared, frame)}, [*map(measured, VALUES)],
        codelists=[codelist], value={"rewards": [rule()]},
    )  # fmt: skip
    run = valued(folder)
    assert run.findings.loc["made/ties/project=region", "value"] == pytest.approx(6)
    line = run.line("alternative/region/score", "prize")
    assert line.value is None
    assert str(line.reason) == "not scored because it holds alfa, beta, gamma, which are scored"
    assert of_all(run, "rank") == [2, 1, 3]
    assert not any("region" in name for name in run.line("margin", "prize").rests_on)


def test_fewer_than_two_alternatives_have_no_order(tmp_path: Path) -> None:
    frame = rows().assign(jobs=lambda f: f["jobs"].mask(f["project"] != "alfa"))
    run = valued(made(tmp_path, frame, rule()))
    assert "only 1 of 3 alternatives have a value of every criterion" in str(run.line("margin", "prize").reason)
    assert number(run, "margin") is None


def test_the_order_of_rows_and_criteria_changes_no_score(tmp_path: Path) -> None:
    one = valued(made(tmp_path / "one", rows(spread=0.3), rule()))
    two = valued(made(tmp_path / "two", rows(spread=0.3).sample(frac=1, random_state=2), rule("jobs", "ties", "debt")))
    for what in ("score", "rank", "first", "keeps"):
        assert of_all(one, what) == pytest.approx(of_all(two, what))


def test_what_rests_on_a_hidden_alternative_is_hidden(tmp_path: Path) -> None:
    of = [measured("ties", exact=False), measured("debt", exact=False)]
    run = valued(made(tmp_path, rows(spread=1.0, gamma=5), rule("ties", "debt"), *of))
    assert run.lines["prize", "margin"].value is not None
    for item in ("margin", "change", "alternative/gamma/score", "alternative/alfa/rank", "alternative/alfa/first"):
        line = run.read["prize", item]
        assert (line.value, line.verdict, line.method, line.state) == (None, None, None, "suppressed"), item


def spoiled(**changes: Any) -> dict[str, Any]:
    """Declare a rule whose first criterion has other fields."""
    declared = rule()
    declared["criteria"][0] |= changes
    return declared


BAD = {
    "unknown indicator": (spoiled(indicator="none"), "criteria.none", "there is no indicator 'none'"),
    "not cut by it": (rule() | {"by": "row"}, "criteria.ties", "Add 'row' to `scope` or `by` of 'ties'"),
    "twice": (spoiled(indicator="debt", scale={"from": 9, "to": 1, **SAID}), "criteria", "indicator 'debt' stands twice"),
    "against direction": (
        spoiled(scale={"from": 10, "to": 0, **SAID}), "criteria.ties.scale",
        "the scale runs against the direction of 'ties', increase; expected from the worst value to the best; found from 10 to 0",
    ),
    "no length": (spoiled(scale={"from": 1, "to": 1, **SAID}), "scale", "from and to are two different values"),
    "outside bounds": (
        spoiled(bounds={"at_most": 0.3}), "criteria",
        "the weight of 'ties' lies outside its own bounds; expected 0 to 0.3; found 0.5 of all weight",
    ),
    "no room": (
        rule(ties={"at_least": 0.5}, debt={"at_least": 0.2}, jobs={"at_least": 0.3}), "criteria",
        "the bounds leave no room for weights that sum to 1",
    ),
    "one criterion": (rule("ties"), "criteria", "2"),
    "no weight": (rule(weights=dict.fromkeys(WEIGHTS, 0.0)), "rewards", "at least one criterion weighs more than 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_rules_are_refused_with_place_and_remedy(name: str, tmp_path: Path) -> None:
    declared, field, said = BAD[name]
    found = problems(made(tmp_path, rows(3), declared))
    assert found
    assert (found[0].file, found[0].line is not None) == ("value.yaml", True)
    assert field in found[0].field
    assert said in str(found[0])


def test_what_is_to_be_maintained_is_no_criterion(tmp_path: Path) -> None:
    kept = [measured("ties", direction="maintain"), measured("debt"), measured("jobs")]
    (problem,) = problems(made(tmp_path, rows(3), rule(), *kept))
    assert "no value of it is better" in str(problem)
    assert "Declare direction" in problem.fix


def test_ids_stand_once(tmp_path: Path) -> None:
    folder = made(tmp_path, rows(3), rule())
    text = (folder / "value.yaml").read_text(encoding="utf-8")
    edit(folder / "value.yaml", text, text + text.removeprefix("rewards:\n"))
    assert "two reward rules have the id 'prize'" in str(problems(folder)[-1])
