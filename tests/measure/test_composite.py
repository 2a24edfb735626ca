"""Indices of indicators: by hand, UNDP's technical note, signs, goalposts over waves, what is refused and what is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import impact
from impact.declare import check_programme, load_programme
from impact.errors import DeclarationError
from impact.publish import protect_findings, protect_measures, read_table
from impact.publish.tables import findings_table
from impact.run.flow import run_programme
from impact.store import Warehouse
from impact.tables.protection import Suppression
from impact.tables.results import Measure
from tests.support.programmes import indicator, written

TOWNS = pd.DataFrame(
    {
        "person": range(6),
        "town": ["n", "e", "s"] * 2,
        "wave": ["b"] * 3 + ["c"] * 3,
        "work": [40.0, 60, 50, 50, 80, 60],
        "debt": [80.0, 50, 70, 60, 20, 40],
    }
)
WAVES = [{"id": name, "title": name, "date": year, "role": "series"} for name, year in (("b", "2019"), ("c", "2020"))]
AT = {"by": ["town"], "ex_post": {"wave": "c"}}


def mean(name: str, **fields: Any) -> dict[str, Any]:
    return indicator(name, formula={"kind": "mean", "column": name}, **AT | fields)


def index(method: str, *components: dict[str, Any], name: str = "well", **fields: Any) -> dict[str, Any]:
    more = {key: fields.pop(key) for key in ("base",) if key in fields}
    formula = {"kind": "composite", "method": method, "units": "town", "components": list(components), **more}
    return indicator(name, formula=formula, **AT | fields)


def part(name: str, **fields: Any) -> dict[str, Any]:
    return {"indicator": name, **fields}


def folder_of(path: Path, declared: Sequence[dict[str, Any]], frame: pd.DataFrame = TOWNS) -> Path:
    return written(
        path,
        frame,
        [mean("work"), mean("debt"), *declared],
        key=["person", "wave"],
        person=None,
        wave="wave",
        waves=WAVES,
    )


def values(result: impact.Result, name: str = "well") -> dict[tuple[str, str], float]:
    measures = result.measures()
    of_index = measures[measures["indicator"] == name]
    cells = zip(of_index["group_value"], of_index["wave"], of_index["value"], strict=True)
    return {(town, wave): value for town, wave, value in cells}


WORK, DEBT = part("work", reference=60.0), part("debt", reference=50.0, polarity="negative")


@pytest.mark.parametrize(("direction", "sign"), [("increase", -1), ("decrease", 1)])
def test_the_adjusted_index_by_hand(tmp_path: Path, direction: str, sign: int) -> None:
    """Ranges over all towns and waves: work 40 to 80 around 60, debt 20 to 80 around 50; scores of n in b: 70 and 70."""
    found = values(impact.run(folder_of(tmp_path / "p", [index("ampi", WORK, DEBT, direction=direction)])))
    score = {
        ("n", "b"): (70, 70), ("e", "b"): (100, 100), ("s", "b"): (85, 80),
        ("n", "c"): (85, 90), ("e", "c"): (130, 130), ("s", "c"): (100, 110),
        ("", "b"): (85, 83 + 1 / 3), ("", "c"): (105, 110),
    }  # fmt: skip
    meant = {cell: np.mean(two) + sign * np.var(two) / np.mean(two) for cell, two in score.items()}
    assert found == pytest.approx(meant, rel=1e-12)


def test_the_whole_in_the_base_wave_scores_100(tmp_path: Path) -> None:
    declared = index("ampi", part("work"), part("debt", polarity="negative"), base="b")
    found = values(impact.run(folder_of(tmp_path / "p", [declared])))
    assert found["", "b"] == pytest.approx(100, rel=1e-12)


def test_human_development_by_undps_note(tmp_path: Path) -> None:
    """Norway in the report of 2021/22: life expectancy 83.2, income index 0.978, goalposts 20 to 85 and 0 to 1.

    The life expectancy index is (83.2 − 20)/65; the geometric mean of two is the square root of their product.
    """
    frame = TOWNS.assign(work=[83.2, 60, 50, 83.2, 95, 10], debt=[0.978, 0.5, 0.4, 0.978, 1.0, 0.3])
    parts = [part("work", goalposts=[20, 85]), part("debt", goalposts=[0, 1])]
    found = values(impact.run(folder_of(tmp_path / "p", [index("geometric_mean", *parts)], frame)))
    assert found["n", "c"] == pytest.approx(np.sqrt((83.2 - 20) / 65 * 0.978), rel=1e-12)
    assert found["e", "c"] == 1.0  # capped at its goalpost
    assert np.isnan(found["s", "c"])  # a score of zero has no geometric mean


def test_weights_are_shares_of_their_sum(tmp_path: Path) -> None:
    declared = index("weighted_mean", part("work", weight=3), part("debt"))
    found = values(impact.run(folder_of(tmp_path / "p", [declared])))
    assert found["n", "b"] == (3 * 40 + 80) / 4


def test_a_missing_component_leaves_no_index_and_says_which(tmp_path: Path) -> None:
    frame = TOWNS.assign(debt=[80.0, 50, None, 60, 20, None])
    result = impact.run(folder_of(tmp_path / "p", [index("weighted_mean", part("work"), part("debt"))], frame))
    finding = result.findings().set_index("finding").loc["made/well/town=s"]
    assert pd.isna(finding["value"])
    assert str(finding["not_estimable"]) == "debt has no value here"


def test_what_the_index_owes_to_each_component(tmp_path: Path) -> None:
    """In wave c work ranks e, s, n (80, 60, 50) and debt as it is n, s, e (60, 40, 20)."""
    result = impact.run(folder_of(tmp_path / "p", [index("weighted_mean", part("work", weight=3), part("debt"))]))
    terms = result.terms()
    of_e = terms[terms["finding"] == "made/well/town=e"]
    shown = [(str(row.family), str(row.term), row.estimate, str(row.detail)) for row in of_e.itertuples()]
    assert shown == [
        ("leave_one_out", "work", 20.0, "rank 3 of 3 without it, 1 with all"),
        ("leave_one_out", "debt", 80.0, "rank 1 of 3 without it, 1 with all"),
        ("weight_sensitivity", "lowest", pytest.approx((2.25 * 80 + 20) / 3.25), "ranks 1 to 1 of 3 with each weight a quarter lower or higher"),
        ("weight_sensitivity", "highest", pytest.approx((3 * 80 + 0.75 * 20) / 3.75), "ranks 1 to 1 of 3 with each weight a quarter lower or higher"),
    ]  # fmt: skip
    assert set(terms["finding"]) == {f"made/well/town={town}" for town in "nes"}  # the whole has no rank


def test_an_index_of_uncertain_values_has_no_interval(tmp_path: Path) -> None:
    parts = [part("work"), part("debt")]
    sampled = impact.run(folder_of(tmp_path / "p", [index("weighted_mean", *parts)])).findings().set_index("finding")
    assert str(sampled.loc["made/well", "method"]) == "no interval: an index of values that are uncertain themselves"
    exact = [mean(name, sample={"all_units": True}) for name in ("work", "debt")]
    folder = written(
        tmp_path / "q",
        TOWNS,
        [*exact, index("weighted_mean", *parts)],
        key=["person", "wave"],
        person=None,
        wave="wave",
        waves=WAVES,
    )
    assert str(impact.run(folder).findings().set_index("finding").loc["made/well", "method"]).startswith(
        "complete count"
    )


def test_an_index_that_compares_a_hidden_part_is_hidden(tmp_path: Path) -> None:
    frame = pd.DataFrame({"person": range(64), "town": ["n"] * 4 + ["e"] * 30 + ["s"] * 30})
    frame["work"], frame["debt"] = np.arange(64.0) % 17, np.arange(64.0) % 13
    once = {"by": ["town"], "ex_post": {"period": "2020"}}
    declared = [mean("work", **once), mean("debt", **once), index("weighted_mean", part("work"), part("debt"), **once)]
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(written(tmp_path / "p", frame, declared)), warehouse)
        hidden = read_table(warehouse, Suppression)
        measures = protect_measures(read_table(warehouse, Measure), hidden)
        findings = protect_findings(findings_table(warehouse), hidden)
    of_index = measures[measures["indicator"] == "well"]
    assert of_index["value"].isna().all()
    assert set(of_index["suppressed"]) == {"few", "complement"}
    assert (findings.loc[findings["indicator"] == "well", "suppressed"] != "").all()


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            index("weighted_mean", part("work", goalposts=[0, 1]), part("debt")),
            "goalposts to every component or to none",
        ),
        (index("weighted_mean", part("work"), part("debt", polarity="negative")), "turns scores round: give goalposts"),
        (index("geometric_mean", WORK, DEBT), "a negative polarity turns scores round"),
        (index("weighted_mean", part("work", reference=3), part("debt")), "reference and base go with method: ampi"),
        (index("ampi", part("work", goalposts=[3, 2]), DEBT), "the lower and the higher value"),
    ],
)
def test_what_is_no_index_is_refused(tmp_path: Path, declared: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        load_programme(folder_of(tmp_path / "p", [declared]))


@pytest.mark.parametrize(
    ("declared", "what"),
    [
        (index("ampi", WORK, DEBT, direction="maintain"), "the penalty for imbalance is subtracted where the index"),
        (index("ampi", WORK, part("debt")), "nothing says at which value debt scores 100"),
        (index("ampi", part("work"), part("debt"), base="never"), "there is no wave 'never'"),
        (index("weighted_mean", part("work"), part("debt"), by=[]), "'well' compares the codes of 'town'"),
        (index("weighted_mean", part("work"), part("work")), "'work' stands in the index twice"),
        (index("weighted_mean", part("work"), part("absent")), "there is no indicator 'absent'"),
        (index("weighted_mean", part("work"), part("well")), "'well' is reckoned from itself"),
    ],
)
def test_what_does_not_hold_together_is_said(tmp_path: Path, declared: dict[str, Any], what: str) -> None:
    problems = check_programme(load_programme(folder_of(tmp_path / "p", [declared])))
    assert any(problem.what.startswith(what) and problem.line for problem in problems), problems


def test_nothing_is_reckoned_from_an_index(tmp_path: Path) -> None:
    ratio = indicator("q", formula={"kind": "derived", "operation": "ratio", "operands": ["work", "well"]}, **AT)
    declared = [index("weighted_mean", part("work"), part("debt")), ratio]
    (problem,) = check_programme(load_programme(folder_of(tmp_path / "p", declared)))
    assert problem.what == "'well' is a composite, of which nothing can be reckoned"
