"""An effect carried to a territory, through declarations: closed forms, another library, what is said, what is refused."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import yaml

import impact
from impact.declare import check_programme, load_programme, shipped
from impact.declare.base import Language
from impact.designs.did.model import DifferenceInDifferences
from impact.designs.randomised.model import Randomised
from impact.designs.scaled_effect.model import ScaledEffect
from impact.designs.scaled_effect.territory import OwnChange, statement
from impact.designs.weighting.model import Weighting
from impact.errors import ProblemsError
from impact.estimate.result import Diagnostic, Effect
from impact.expect import indicator_plan
from impact.judge import evidence_level
from impact.publish import read_table
from impact.statistics.scaling import fieller
from impact.tables.results import Term
from impact.words import LANGUAGES, words_in
from impact.words.said import Said
from impact.words.sentences import written as writes
from tests.support.programmes import edit, indicator, written
from tests.support.shipped import shipped_result

WAVES = (
    {"id": "before", "title": "before", "date": "2019-01", "role": "baseline"},
    {"id": "after", "title": "after", "date": "2020-12", "role": "end_line"},
)
CR0 = {"errors": "CR0"}
TRIAL = {"kind": "randomised", "arm": "arm", "treated": "T", "comparison": "C", "cluster": "team", "inference": CR0}
KNOWN = {"origin": {"note": "known"}}
POPULATION = {"total": 10_000, **KNOWN}
TOTAL = {"total": 1500, **KNOWN}
BY_SEX = {"column": "sex", "totals": {"f": 900, "m": 600}, **KNOWN}
SERIES = pd.DataFrame({"wave": ["before", "after"], "y": [50.0, 51.0]})
Programme = Callable[..., Path]


def people() -> pd.DataFrame:
    """400 persons in 40 teams drawn to two arms; women gain 3, men 1; some are young, some live in the north."""
    rng = np.random.default_rng(5)
    n = 400
    team = np.arange(n) // 10
    female, young, north = rng.random((3, n)) < np.array([[0.6], [0.4], [0.5]])
    treated = team % 2
    y = 50 + rng.normal(0, 1, 40)[team] + treated * np.where(female, 3.0, 1.0) + rng.normal(0, 2, n)
    frame = pd.DataFrame({"person": [f"p{i:03}" for i in range(n)], "team": [f"t{i:02}" for i in team]})
    frame["arm"] = np.where(treated == 1, "T", "C")
    frame["site"] = [f"s{i:02}" for i in team // 4]
    frame = frame.assign(sex=np.where(female, "f", "m"), age=np.where(young, "young", "old"))
    frame["place"] = np.where(north, "north", "south")
    return frame.assign(y=y, low=(y < 51).astype(int), weight=1 + rng.random(n)).round(6)


def scaled(name: str = "territory", **fields: Any) -> dict[str, Any]:
    """Declare a territory's indicator; ``design`` fields replace those of a plain scaled effect."""
    design = {"kind": "scaled_effect", "of": "score", "reach": TOTAL, "population": POPULATION}
    design = {key: value for key, value in (design | fields.pop("design", {})).items() if value is not None}
    declared = {"node": "land", "level": "macro", "contract": "places", "sample": {"all_units": True}}
    declared |= {"ex_ante": {"baseline": {"wave": "before"}}, "ex_post": {"wave": "after"}} | fields
    return indicator(name, design, **declared)


@pytest.fixture
def programme(tmp_path: Path) -> Programme:
    """Return a function that writes a programme of persons and a territory, with the indicators given."""

    def write(
        *indicators: dict[str, Any],
        series: pd.DataFrame = SERIES,
        frame: pd.DataFrame | None = None,
        kind: str = "synthetic",
    ) -> Path:
        data = people() if frame is None else frame
        folder = tmp_path / f"made_{len(list(tmp_path.iterdir()))}"
        return with_territory(written(folder, data, indicators, waves=WAVES), series, kind)

    return write


def with_territory(folder: Path, series: pd.DataFrame, kind: str) -> Path:
    """Add a contract ``places`` with a row (or several) per wave, and its source."""
    keys = [name for name in series.columns if name in ("wave", "person")]
    columns = {str(name): {"type": "text" if name in keys else "number"} for name in series.columns}
    columns = {name: column | {"required": name in keys} for name, column in columns.items()}
    contract = {"id": "places", "title": "Places", "unit_of_analysis": "wave", "key": keys, "wave": "wave"}
    provenance = {"title": "Made", "kind": kind, **({"generator": "the test"} if kind == "synthetic" else {})}
    source = {"id": "census", "file": "raw/census.csv", "contract": "places", "provenance": provenance}
    for name, entry in (("contracts", contract | {"columns": columns}), ("sources", source)):
        path = folder / f"{name}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content[name].append(entry)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    series.to_csv(folder / "raw" / "census.csv", index=False)
    return folder


class Run:
    """The published tables of a run."""

    def __init__(self, folder: Path) -> None:
        result = impact.run(folder)
        self.findings = result.findings().set_index("finding")
        self.terms = result.terms().set_index(["indicator", "family", "term"])
        self.checks = result.diagnostics().set_index(["finding", "check"])
        stored = read_table(result.warehouse, Term, "made").set_index(["indicator", "family", "term"])["detail"]
        self.italian = {tuple(map(str, key)): writes(said, "it") for key, said in stored.items() if said}
        result.close()

    def territory(self, term: str, name: str = "territory") -> pd.Series:
        return self.terms.loc[(name, "territory", term)]

    def finding(self, name: str) -> pd.Series:
        return self.findings.loc[f"made/{name}"]


SCORE = indicator("score", TRIAL, by=["sex", "place"])


# ------------------------------------------------------------------ closed forms


def test_one_reach_multiplies_the_effect_with_its_test_and_interval(programme: Programme) -> None:
    run = Run(programme(SCORE, scaled()))
    effect, found = run.finding("score"), run.finding("territory")
    for name in ("estimate", "std_error", "effect_low", "effect_high"):
        assert found[name] == pytest.approx(0.15 * effect[name], rel=1e-12)
    for name in ("statistic", "p_value", "n_obs", "n_clusters"):
        assert found[name] == effect[name]
    assert found["estimand"] == "contribution of the programme to the territory"
    assert found["inference"] == f"{effect['inference']}, times the reach"
    assert (found["baseline"], found["value"], found["contribution"]) == (50, 51, "improved")
    own, part, share = (run.territory(term) for term in ("own change", "contribution", "share of the change"))
    assert (own["estimate"], own["std_error"]) == (1, 0)
    assert part["estimate"] == found["estimate"]
    assert (share["estimate"], share["conf_low"]) == pytest.approx((found["estimate"], found["effect_low"]), rel=1e-9)
    low, high = (words_in("en").gain(found[name]) for name in ("effect_low", "effect_high"))
    assert part["detail"] == f"the programme can account for between {low} and {high} of the change of +1 points"
    low, high = (words_in("it").gain(found[name]) for name in ("effect_low", "effect_high"))
    said = run.italian["territory", "territory", "contribution"]
    assert said == f"il programma può spiegare tra {low} e {high} della variazione di +1 points"


def test_groups_against_a_joint_regression_with_clustered_errors(programme: Programme) -> None:
    """Teams hold women and men, so their effects are correlated; statsmodels fits both at once."""
    run = Run(programme(SCORE, scaled(design={"by": "sex", "reach": BY_SEX})))
    data = people()
    treated, female = (data["arm"] == "T").to_numpy(float), (data["sex"] == "f").to_numpy(float)
    matrix = np.column_stack([female, 1 - female, treated * female, treated * (1 - female)])
    groups = {"groups": pd.factorize(data["team"])[0], "use_correction": False}
    fit = sm.OLS(data["y"].to_numpy(), matrix).fit(cov_type="cluster", cov_kwds=groups)
    weights = np.array([0, 0, 0.09, 0.06])
    found = run.finding("territory")
    assert found["estimate"] == pytest.approx(float(weights @ fit.params), rel=1e-9)
    assert found["std_error"] == pytest.approx(math.sqrt(weights @ fit.cov_params() @ weights), rel=1e-9)
    apart = math.hypot(*(weights[2:] * np.sqrt(np.diag(fit.cov_params()))[2:]))
    assert abs(found["std_error"] / apart - 1) > 0.01
    assert "covariance from influence" in found["inference"]
    people_reached = run.terms.loc[("territory", "effect on those reached", "sex=f")]
    assert people_reached["estimate"] == pytest.approx(fit.params[2], rel=1e-9)
    assert people_reached["detail"].startswith("900 reached; ITT, ")


def test_groups_of_different_units_add_their_variances(programme: Programme) -> None:
    trial = {key: value for key, value in TRIAL.items() if key not in ("cluster", "inference")}
    run = Run(programme(indicator("score", trial, by=["sex"]), scaled(design={"by": "sex", "reach": BY_SEX})))
    women, men = run.finding("score/sex=f"), run.finding("score/sex=m")
    found = run.finding("territory")
    assert found["std_error"] == pytest.approx(math.hypot(0.09 * women["std_error"], 0.06 * men["std_error"]), rel=1e-9)
    assert found["n_obs"] == women["n_obs"] + men["n_obs"]


def test_where_influence_is_not_known_errors_are_added_up_and_it_is_said(programme: Programme) -> None:
    """With clusters in two ways the influence of one of them does not tell the covariance."""
    trial = TRIAL | {"cluster": ["team", "site"], "inference": {"errors": "CR1"}}
    run = Run(programme(indicator("score", trial, by=["sex"]), scaled(design={"by": "sex", "reach": BY_SEX})))
    women, men = run.finding("score/sex=f"), run.finding("score/sex=m")
    found = run.finding("territory")
    assert found["std_error"] == pytest.approx(0.09 * women["std_error"] + 0.06 * men["std_error"], rel=1e-12)
    assert found["inference"].startswith("CR1 two-way, delta method, errors added up")
    assert "the covariance of the groups is not known" in found["inference"]


def test_the_error_of_the_reach_is_added(programme: Programme) -> None:
    reach = {"total": 1500, "std_error": 200, **KNOWN}
    sexes = BY_SEX | {"std_error": {"f": 90, "m": 0}}
    run = Run(programme(SCORE, scaled(design={"reach": reach}), scaled("parts", design={"by": "sex", "reach": sexes})))
    exact = Run(programme(SCORE, scaled("parts", design={"by": "sex", "reach": BY_SEX})))
    effect, found = run.finding("score"), run.finding("territory")
    expected = math.hypot(0.15 * effect["std_error"], 0.02 * effect["estimate"])
    assert found["std_error"] == pytest.approx(expected, rel=1e-12)
    women = run.finding("score/sex=f")
    expected = math.hypot(exact.finding("parts")["std_error"], 0.009 * women["estimate"])
    assert run.finding("parts")["std_error"] == pytest.approx(expected, rel=1e-12)


def raked_by_hand(data: pd.DataFrame, margins: dict[str, dict[str, float]], by: str) -> pd.Series:
    """Fit the treated to the margins in turn, a hundred times, and add up by another column."""
    treated = data[data["arm"] == "T"].copy()
    treated["w"] = treated["weight"]
    for _ in range(100):
        for column, totals in margins.items():
            treated["w"] *= treated[column].map(totals) / treated.groupby(column)["w"].transform("sum")
    return treated.groupby(by)["w"].sum()


def test_margins_are_raked_over_the_treated_and_added_up_by_group(programme: Programme) -> None:
    margins = {"sex": {"f": 300.0, "m": 1200.0}, "age": {"young": 900.0, "old": 600.0}}
    reach = {"margins": [{"column": name, "totals": totals} for name, totals in margins.items()], **KNOWN}
    weighted = SCORE | {"sample": {"weight": "weight"}}
    run = Run(programme(weighted, scaled(design={"by": "place", "reach": reach})))
    expected = raked_by_hand(people(), margins, "place")
    assert expected.sum() == pytest.approx(1500)
    effects = [run.finding(f"score/place={place}")["estimate"] for place in expected.index]
    found = run.finding("territory")
    assert found["estimate"] == pytest.approx(float(expected.to_numpy() @ effects) / 10_000, rel=1e-9)
    assert "treated raked to sex and age" in found["design"]


def test_treated_without_a_code_are_left_out_of_the_raking_and_counted(programme: Programme) -> None:
    frame = people()
    frame.loc[frame.index[frame["arm"] == "T"][:7], "age"] = None
    reach = {"margins": [{"column": "age", "totals": {"young": 900.0, "old": 600.0}}], **KNOWN}
    run = Run(programme(SCORE, scaled(design={"by": "sex", "reach": reach}), frame=frame))
    assert "193 treated raked to age, 7 without a code left out" in run.finding("territory")["design"]


def test_reach_as_in_the_sample_gives_the_effect_on_all(programme: Programme) -> None:
    """Exact for a difference in means where both arms have the same share of each group, as here: 60 women in 100."""
    frame = people()
    frame["sex"] = np.where(np.arange(400) % 10 < 6, "f", "m")
    trial = {key: value for key, value in TRIAL.items() if key != "inference"}
    trial = indicator("score", trial, by=["sex"])
    run = Run(programme(trial, scaled("all"), scaled(design={"by": "sex", "reach": BY_SEX}), frame=frame))
    assert run.finding("territory")["estimate"] == pytest.approx(run.finding("all")["estimate"], rel=1e-12)


def test_a_share_of_persons_adds_up_to_persons(programme: Programme) -> None:
    """A count has no population: the contribution is how many persons more (or fewer) there are."""
    share = {"kind": "proportion", "of": {"column": "low", "equals": 1}}
    low = indicator("low", TRIAL, formula=share, unit="share", direction="decrease")
    series = pd.DataFrame({"wave": ["before", "after"], "y": [4000.0, 3700.0]})
    count = {"formula": {"kind": "sum", "column": "y"}, "unit": "persons", "direction": "decrease"}
    run = Run(programme(low, scaled(design={"of": "low", "population": None}, **count), series=series))
    found = run.finding("territory")
    assert found["estimate"] == pytest.approx(1500 * run.finding("low")["estimate"], rel=1e-12)
    assert found["contribution"] == "improved"
    assert run.territory("own change")["estimate"] == -300
    assert run.checks.loc[("made/territory", "reach_within_population"), "status"] == "not_applicable"


# ------------------------------------------------------------------ the territory's own change


def surveyed(before: float, after: float, n: int = 50, spread: float = 1.0) -> pd.DataFrame:
    """Answers of a territory's survey with these means and this standard deviation, as near as can be."""
    noise = spread * np.resize([-1.0, 1.0], n)
    rows = [
        (wave, f"q{i:03}", mean + noise[i]) for wave, mean in (("before", before), ("after", after)) for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["wave", "person", "y"])


def test_a_surveyed_change_has_an_error_and_a_share_by_fieller(programme: Programme) -> None:
    run = Run(programme(SCORE, scaled(sample={}), series=surveyed(50, 52)))
    found, own, share = run.finding("territory"), run.territory("own change"), run.territory("share of the change")
    error = math.sqrt(2 * (50 / 49) / 50)
    assert (own["estimate"], own["std_error"]) == pytest.approx((2, error), rel=1e-9)
    df = float(found["inference"].split("t(")[1].split(")")[0])  # four digits of it
    expected = fieller(found["estimate"], found["std_error"], 2, error, df=min(df, 49))
    assert (share["conf_low"], share["conf_high"]) == pytest.approx((expected.conf_low, expected.conf_high), rel=1e-5)
    assert share["detail"] == "Fieller interval"


SAID = [
    ((0.2, 0.4), OwnChange(1.0, 0.1, math.inf, 9), "can account for between +0.20 and +0.40 of the change of +1 points", "può spiegare tra"),
    ((-0.4, -0.2), OwnChange(-1.0, 0.0, math.inf, 9), "can account for between −0.40 and −0.20 of the change of −1 points", "può spiegare tra"),
    ((2.0, 3.0), OwnChange(1.0, 0.1, math.inf, 9), "more than the whole", "più dell'intera variazione"),
    ((-0.1, 0.4), OwnChange(1.0, 0.1, math.inf, 9), "nothing can be said: the interval of the contribution holds zero", "contiene lo zero"),
    ((0.2, 0.4), OwnChange(1.0, 0.6, math.inf, 9), "nothing can be said: the territory's own change is within its uncertainty", "entro la sua incertezza"),
    ((0.2, 0.4), OwnChange(0.0, 0.0, math.inf, 9), "nothing can be said: the territory's own change is within its uncertainty", "entro la sua incertezza"),
    ((0.2, 0.4), OwnChange(1.0, 0.4, 2.0, 9), "within its uncertainty", "entro la sua incertezza"),
    ((0.2, 0.4), OwnChange(-1.0, 0.1, math.inf, 9), "the territory moved against the programme (−1 points)", "in senso contrario al programma (−1 punti)"),
    ((0.2, 0.4), OwnChange(1.0, None, math.inf, 9), "the uncertainty of the territory's own change is not known", "l'incertezza"),
    ((0.2, 0.4), None, "the territory's own change is not known", "non è nota"),
]  # fmt: skip


def test_shares_are_said_in_percentage_points() -> None:
    shares: dict[Language, str] = {"en": "share", "it": "share"}
    moved = statement(0.02, 0.031, OwnChange(0.0675, 0.0, math.inf, 9), shares)
    assert str(moved) == "the programme can account for between +2.0 pp and +3.1 pp of the change of +6.8 pp"
    against = statement(0.02, 0.031, OwnChange(-0.0675, 0.0, math.inf, 9), shares)
    assert writes(against, "it").endswith("in senso contrario al programma (−6,8 punti percentuali)")


@pytest.mark.parametrize(("interval", "own", "english", "italian"), SAID)
def test_what_can_be_said(interval: tuple[float, float], own: OwnChange | None, english: str, italian: str) -> None:
    statement_made = statement(*interval, own, {"en": "points", "it": "punti"})
    said = {language: writes(statement_made, language) for language in LANGUAGES}
    assert english in said["en"]
    assert italian in said["it"]
    assert said["en"].startswith("nothing can be said: ") == said["it"].startswith("nulla si può dire: ")


@pytest.mark.parametrize(
    ("fields", "series", "words", "share"),
    [
        (
            {},
            SERIES.assign(y=[51.0, 50.0]),
            "the territory moved against the programme (−1 points)",
            "Fieller interval",
        ),
        ({}, SERIES.assign(y=[50.0, 50.0]), "within its uncertainty", None),
        ({"sample": {}}, SERIES, "the uncertainty of the territory's own change is not known", "no interval"),
        ({"sample": {}}, surveyed(50, 50.1), "within its uncertainty", "unbounded"),
        ({"ex_ante": {}}, SERIES, "the territory's own change is not known", None),
        ({}, SERIES.iloc[1:], "the territory's own change is not known", None),
        ({"ex_ante": {"baseline": {"value": 49, **KNOWN}}}, SERIES, "of the change of +2 points", "Fieller interval"),
    ],
)
def test_what_is_said_of_the_change(
    programme: Programme, fields: dict[str, Any], series: pd.DataFrame, words: str, share: str | None
) -> None:
    """The contribution stands whatever can be said of the change."""
    run = Run(programme(SCORE, scaled(**fields), series=series))
    assert run.finding("territory")["estimate"] == pytest.approx(0.15 * run.finding("score")["estimate"])
    assert words in run.territory("contribution")["detail"]
    shown = [detail for key, detail in run.terms["detail"].items() if key[2] == "share of the change"]
    assert len(shown) == (0 if share is None else 1)
    assert all(detail.startswith(share) for detail in shown)


def test_a_share_of_a_change_measured_on_the_same_rows_has_no_interval(tmp_path: Path) -> None:
    """The change and the effect are then not independent, which Fieller's limits suppose."""
    frame = people().assign(wave="after")
    frame = pd.concat([frame.assign(wave="before", y=frame["y"] - 3), frame])
    trial = indicator("score", TRIAL, ex_post={"wave": "after"})
    own = scaled(contract="rows", sample={}, level="macro", node="land")
    folder = written(tmp_path / "made", frame, [trial, own], key=("person", "wave"), wave="wave", waves=WAVES)
    run = Run(with_territory(folder, SERIES, "synthetic"))
    share = run.territory("share of the change")
    assert pd.isna(share["conf_low"])
    assert share["detail"] == "no interval: the change and the effect come from the same rows"


# ------------------------------------------------------------------ evidence


def effect_with(*failed: str) -> Effect:
    null = Said("checks.both_arms_lost_same_share_persons")
    checks = tuple(Diagnostic(Said(f"check.{name}"), null, None, None, "failed", "") for name in failed)
    att, design, rule = Said("estimand.att"), Said("did.kind"), Said("rule.robust")
    return Effect("i", att, design, 1, 0.1, 10, 0.0, 0.8, 1.2, "points", 10, None, rule, checks)


ARMS = {"arm": "arm", "treated": "T", "comparison": "C"}
DESIGN = ScaledEffect(kind="scaled_effect", of="score", reach=TOTAL, population=POPULATION)
BASES = {
    5: Randomised(kind="randomised", **ARMS),
    3: DifferenceInDifferences(kind="did", **ARMS),
    2: Weighting(kind="weighting", covariates=["x"], **ARMS),
}


@pytest.mark.parametrize(
    ("base", "failed", "level"),
    [
        (5, (), 3),
        (5, ("balance",), 3),
        (5, ("balance", "attrition", "clusters"), 2),
        (3, (), 3),
        (3, ("attrition",), 2),
        (2, (), 2),
        (5, ("reach_within_population",), 2),
        (2, ("overlap", "reach_within_population"), 1),
        (3, ("complete_cases",), 3),
    ],
)
def test_evidence_is_that_of_the_effect_but_never_above_three(base: int, failed: tuple[str, ...], level: int) -> None:
    found, why = evidence_level(
        DESIGN,
        effect_with(*failed),
        measured_before=True,
        reason=Said("checks.outcome_same_all_rows"),
        scaled=BASES[base],
    )
    assert found == level
    assert str(why).startswith(f"scaled_effect design on a {BASES[base].kind} design, at most 3")


def test_failed_checks_of_the_effect_are_carried_over_once(programme: Programme) -> None:
    """Both sexes lie in the same few clusters: one failed check, which names both."""
    frame = people()
    frame["team"] = [f"t{i // 40}" for i in range(400)]
    frame["arm"] = np.where(np.arange(400) // 40 % 2, "T", "C")
    run = Run(programme(SCORE, scaled(design={"by": "sex", "reach": BY_SEX}), frame=frame))
    check = run.checks.loc[("made/territory", "clusters")]
    assert check["status"] == "failed"
    assert check["detail"] == "of the effect on score: f: 10 clusters; m: 10 clusters"
    assert run.finding("territory")["evidence_level"] == 3
    assert "lowered for failed checks: clusters" in run.finding("territory")["evidence_reason"]


def test_more_reached_than_live_there_fails_and_costs_a_level(programme: Programme) -> None:
    run = Run(programme(SCORE, scaled(design={"population": {"total": 1000, **KNOWN}})))
    assert run.checks.loc[("made/territory", "reach_within_population"), "status"] == "failed"
    assert run.finding("territory")["evidence_level"] == 2


# ------------------------------------------------------------------ refusals


def test_the_reason_of_an_effect_that_is_not_estimable_is_passed_on(programme: Programme) -> None:
    only = [{"column": "arm", "equals": "T"}]
    run = Run(programme(SCORE | {"where": only}, scaled()))
    row = run.finding("territory")
    assert row["contribution"] == "not_estimable"
    assert row["not_estimable"].startswith(
        "the effect on score is not estimable because the comparison arm has 0 persons"
    )
    assert row["not_estimable"].endswith(run.finding("score")["not_estimable"])
    assert row["value"] == 51


def test_a_group_that_was_reached_but_not_studied_is_named(programme: Programme) -> None:
    frame = people()
    frame.loc[(frame["sex"] == "m") & (frame["arm"] == "C"), "sex"] = "f"
    run = Run(programme(SCORE, scaled(design={"by": "sex", "reach": BY_SEX}), frame=frame))
    reason = run.finding("territory")["not_estimable"]
    assert reason.startswith(
        "the effect on score of those reached with sex = m is not estimable because the comparison"
    )
    nobody = BY_SEX | {"totals": {"f": 1500, "m": 0}}
    run = Run(programme(SCORE, scaled(design={"by": "sex", "reach": nobody}), frame=frame))
    assert run.finding("territory")["estimate"] == pytest.approx(0.15 * run.finding("score/sex=f")["estimate"])


def test_a_part_of_the_territory_is_refused(programme: Programme) -> None:
    series = pd.DataFrame({"wave": ["before", "after"] * 2, "person": list("aabb"), "y": [50.0, 51, 52, 53]})
    run = Run(programme(SCORE, scaled(by=["person"]), series=series))
    assert run.finding("territory/person=a")["not_estimable"].startswith("reach and population are those of the whole")
    assert run.finding("territory")["estimate"] > 0


def test_margins_that_the_treated_cannot_meet_are_refused(programme: Programme) -> None:
    margins = [{"column": "age", "totals": {"young": 900, "old": 500, "very_old": 100}}]
    run = Run(programme(SCORE, scaled(design={"by": "sex", "reach": {"margins": margins, **KNOWN}})))
    assert "category 'very_old' has no unit in the sample" in run.finding("territory")["not_estimable"]
    margins = [{"column": "age", "totals": {"young": 1500}}]
    run = Run(programme(SCORE, scaled(design={"by": "sex", "reach": {"margins": margins, **KNOWN}})))
    assert "has the category 'old' without a total" in run.finding("territory")["not_estimable"]


PER_CENT = indicator("score", TRIAL, unit="%")
WRONG: list[tuple[list[dict[str, Any]], str]] = [
    ([SCORE, scaled(design={"of": "territory"})], "'territory' scales its own effect"),
    ([SCORE, scaled(), scaled("more", design={"of": "territory"})], "'territory' is a scaled effect itself"),
    ([SCORE, scaled(design={"of": "nothing"})], "there is no indicator 'nothing'"),
    ([indicator("score"), scaled()], "'score' has no design that estimates an effect"),
    ([indicator("score", {"kind": "before_after"}), scaled()], "'score' has no design that estimates an effect"),
    ([indicator("score", {"kind": "association", "exposure": "low"}), scaled()], "'score' has no design that estimates"),
    ([SCORE, scaled(level="micro", node="outcome")], "a scaled_effect design is for a territory"),
    ([SCORE, scaled(design={"population": None})], "a mean needs population"),
    ([SCORE, scaled(formula={"kind": "sum", "column": "y"})], "a sum takes no population"),
    ([SCORE, scaled(formula={"kind": "quantile", "column": "y"})], "says nothing of a quantile of the territory"),
    ([SCORE, scaled(unit="share")], "'territory' is in share, the effect on 'score' in points"),
    ([PER_CENT, scaled(unit="share")], "'territory' is in share, the effect on 'score' in %"),
    ([SCORE, scaled(design={"by": "age", "reach": BY_SEX | {"column": "age"}})], "'score' is not cut by 'age'"),
    ([SCORE, scaled(design={"by": "sex"})], "by: sex needs the people reached in each group"),
    ([SCORE, scaled(design={"reach": BY_SEX})], "reach by sex needs by: sex"),
    ([SCORE, scaled(design={"reach": {"margins": [{"column": "sex", "totals": {"f": 1}}], **KNOWN}})], "margins need by"),
    ([SCORE, scaled(design={"by": "sex", "reach": {"margins": [{"column": "none", "totals": {"f": 1}}], **KNOWN}})], "has no column 'none'"),
    ([SCORE, scaled(design={"reach": {"total": 0, **KNOWN}})], "greater than 0"),
    ([SCORE, scaled(design={"reach": {**KNOWN}})], "give exactly one of total, totals by column, margins"),
    ([SCORE, scaled(design={"reach": TOTAL | {"column": "sex"}})], "column and totals go together"),
    ([SCORE, scaled(design={"reach": BY_SEX | {"totals": {"f": 0, "m": 0}}})], "nobody is reached"),
    ([SCORE, scaled(design={"reach": BY_SEX | {"totals": {"f": -1, "m": 2}}})], "greater than or equal to 0"),
    ([SCORE, scaled(design={"by": "sex", "reach": BY_SEX | {"std_error": 3}})], "one number for a total, and one for each code"),
    ([SCORE, scaled(design={"by": "sex", "reach": BY_SEX | {"std_error": {"f": 3}}})], "name different codes"),
    ([SCORE, scaled(design={"reach": {"total": 1500}})], "the field 'origin' is missing"),
    ([SCORE, scaled(design={"by": "sex", "reach": {"margins": [{"column": "sex", "totals": {"f": 1}}, {"column": "age", "totals": {"old": 2}}], **KNOWN}})], "count different numbers of people: 1, 2"),
    ([SCORE, scaled(design={"by": "sex", "reach": {"margins": [{"column": "sex", "totals": {"f": 1}}], "std_error": 1, **KNOWN}})], "margins are taken as exact"),
]  # fmt: skip


@pytest.mark.parametrize(("indicators", "words"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_declarations_that_do_not_hold_together(
    programme: Programme, indicators: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(ProblemsError, match=re.escape(words)) as caught:
        Run(programme(*indicators))
    assert all(problem.file == "indicators.yaml" and problem.line for problem in caught.value.problems)


def test_codes_of_the_reach_are_looked_up(tmp_path: Path) -> None:
    folder = tmp_path / "wecare"
    shutil.copytree(shipped("data") / "wecare", folder)
    edit(folder / "indicators.yaml", "totals: {female: 5200, male: 3800}", "totals: {women: 5200, male: 3800}")
    assert "column 'sex' has no code 'women'" in str(check_programme(load_programme(folder))[0])


# ------------------------------------------------------------------ what a finding rests on


def test_a_code_and_one_it_is_part_of_are_not_both_counted(programme: Programme) -> None:
    reach = {"column": "place", "totals": {"land": 1500, "north": 900, "south": 600}, **KNOWN}
    score = indicator("score", TRIAL, by=["place"])
    folder = programme(score, scaled(design={"by": "place", "reach": reach}))
    path = folder / "contracts.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    parents = {"land": {}, "north": {"parent": "land"}, "south": {"parent": "land"}}
    codes = [{"code": code, "title": code, **up} for code, up in parents.items()]
    content["codelists"] = [{"id": "places", "title": "Places", "codes": codes}]
    content["contracts"][0]["columns"]["place"] = {"type": "code", "codelist": "places"}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(ProblemsError, match="'north' are counted twice: it is part of 'land'"):
        impact.run(folder)
    edit(folder / "indicators.yaml", "land: 1500, ", "")
    found = impact.run(folder).findings().set_index("finding")["estimate"]
    parts = 900 * found["made/score/place=north"] + 600 * found["made/score/place=south"]
    assert found["made/territory"] == pytest.approx(parts / 10_000, rel=1e-12)


def test_a_finding_is_synthetic_if_the_effect_or_the_territory_is(programme: Programme) -> None:
    folder = programme(SCORE, scaled(), indicator("census", contract="places", ex_post={"wave": "after"}), kind="real")
    run = Run(folder)
    kinds = {name: run.finding(name)["data_kind"] for name in ("score", "territory", "census")}
    assert kinds == {"score": "synthetic", "territory": "synthetic", "census": "real"}


def test_a_change_of_the_effect_or_its_rows_makes_the_territory_stale(programme: Programme, tmp_path: Path) -> None:
    folder, base = (
        programme(SCORE, scaled(), indicator("census", contract="places", ex_post={"wave": "after"})),
        tmp_path / "d.duckdb",
    )

    def computed() -> set[str]:
        result = impact.run(folder, base)
        names = set(result.report.computed)
        result.close()
        return names

    assert computed() == {"score", "territory", "census"}
    assert computed() == set()
    edit(folder / "indicators.yaml", "{errors: CR0}", "{errors: CR1}")
    assert computed() == {"score", "territory"}
    people().assign(y=lambda frame: frame["y"] + 1).to_csv(folder / "raw" / "data.csv", index=False)
    assert computed() == {"score", "territory"}


def test_the_plan_and_the_trace_hold_what_is_behind(programme: Programme) -> None:
    folder = programme(SCORE, scaled())
    declared = load_programme(folder)
    plans = [indicator_plan(declared, each) for each in declared.indicators]
    assert "scales" not in plans[0]
    assert plans[1]["scales"] == plans[0]
    result = impact.run(folder)
    sources = [file.load.source for file in result.trace("made/territory").files]
    result.close()
    assert sources == ["census", "data"]


def test_the_synthetic_territory_of_wecare(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is built in, 9,000 × 0.15 / 60,000, lies in the interval, and the finding says that it is synthetic."""
    result = shipped_result(tmp_path_factory, "wecare")
    row = result.findings().set_index("finding").loc["wecare/territory_knows_services"]
    result.close()
    assert row["effect_low"] < 0.0225 < row["effect_high"]
    assert row["data_kind"] == "synthetic"
    assert row["title_en"].startswith("SYNTHETIC")
    assert row["title_it"].startswith("SINTETICO")
    assert row["evidence_level"] == 2  # without a wave before the baseline
