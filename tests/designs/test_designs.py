"""Every design through declarations: the truth where it is known, a named refusal where it is not, and wrong plans.

Frames are simulated with a fixed seed and an effect that is known; a programme folder is written around each.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import impact
from impact.errors import ProblemsError
from tests.bad_input.harness import call
from tests.support.programmes import indicator, written

TWO_WAVES = (
    {"id": "early", "title": "early", "date": "2018-01", "role": "pre_baseline"},
    {"id": "before", "title": "before", "date": "2019-01", "role": "baseline"},
    {"id": "after", "title": "after", "date": "2020-01", "role": "end_line"},
)
YEARS = ({"every": "year", "first": "2010", "last": "2016"},)
MONTHS = ({"every": "month", "first": "2015-01", "last": "2019-12"},)
LINKED = {"key": ("person", "wave"), "wave": "wave", "waves": TWO_WAVES}
PANEL = {"key": ("unit", "year"), "person": "unit", "wave": "year", "waves": YEARS}
LONG_PANEL = PANEL | {"waves": ({"every": "year", "first": "1995", "last": "2016"},)}
SERIES = {"key": ("month",), "person": None, "wave": "month", "waves": MONTHS}
AFTER: dict[str, Any] = {"ex_post": {"wave": "after"}, "ex_ante": {"baseline": {"wave": "before"}}}
LAST = {"ex_post": {"wave": "2016"}}
ARMS = {"arm": "arm", "treated": "T", "comparison": "C"}
RANDOMISED = {"kind": "randomised", **ARMS}
DID = {"kind": "did", **ARMS}
STAGGERED = {"kind": "staggered", "cohort": "cohort", "never": ["0"]}
CUTOFF = {"kind": "regression_discontinuity", "running": "x", "cutoff": 0}
SYNTHETIC = {"kind": "synthetic_control", "unit": "unit", "treated": "s00", "start": "2014"}
KNOWN = {"origin": {"note": "known"}}


class Run:
    """The published tables of a run, by indicator."""

    def __init__(self, folder: Path) -> None:
        result = impact.run(folder)
        self.findings = result.findings().set_index("indicator")
        self.terms, self.checks = result.terms(), result.diagnostics()
        self.measures = result.measures()
        result.close()

    def term(self, name: str, family: str, term: str) -> pd.Series:
        table = self.terms[self.terms["indicator"] == name].set_index(["family", "term"])
        return table.loc[(family, term)]

    def families(self, name: str) -> set[str]:
        return set(self.terms.loc[self.terms["indicator"] == name, "family"])

    def status(self, name: str) -> dict[str, str]:
        table = self.checks[self.checks["indicator"] == name]
        return dict(zip(table["check"], table["status"], strict=True))


# ------------------------------------------------------------------ frames whose truth is known


def persons(n: int = 80, seed: int = 1, effect: float = 2.0) -> pd.DataFrame:
    """Persons of two arms, drawn alternately, in teams of five; ``received`` is 7 in 10 of the treated."""
    rng = np.random.default_rng(seed)
    treated, x = np.arange(n) % 2, rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "person": [f"p{i:03}" for i in range(n)],
            "arm": np.where(treated == 1, "T", "C"),
            "team": [f"t{i // 5:02}" for i in range(n)],
            "site": [f"s{i // 20}" for i in range(n)],
            "x": x,
            "received": treated * (rng.random(n) < 0.7).astype(int),
            "weight": 1.0 + rng.random(n),
            "y": x + effect * treated + rng.normal(size=n),
        }
    )
    return frame.round(6)


def trial() -> pd.DataFrame:
    """A trial of 400 persons in 80 teams within ten sites, three waves; taking part adds 3, assignment nothing else."""
    rng = np.random.default_rng(20)
    n = 400
    team, person = np.arange(n) // 5, rng.normal(size=n)
    treated = team % 2
    received = treated * (rng.random(n) < 0.7).astype(int)
    parts = []
    for wave, on in (("early", 0), ("before", 0), ("after", 1)):
        y = person + rng.normal(0, 0.7, n) + 0.3 * on + 3 * received * on
        parts.append(pd.DataFrame({"person": [f"p{i:03}" for i in range(n)], "wave": wave, "y": y}))
        parts[-1] = parts[-1].assign(
            arm=np.where(treated == 1, "T", "C"),
            team=[f"t{i:02}" for i in team],
            site=[f"s{i:02}" for i in team // 8],
            x=person,
            received=received,
            untouched=rng.normal(size=n),
        )
    return pd.concat(parts, ignore_index=True).round(6)


def selected(n: int = 800) -> pd.DataFrame:
    """Persons who chose to take part by what was measured of them; the effect is 2."""
    rng = np.random.default_rng(30)
    x, z = rng.normal(size=(2, n))
    treated = rng.random(n) < 1 / (1 + np.exp(-(-0.3 + 0.7 * x - 0.4 * z)))
    y = 1 + 1.5 * x + z + 2 * treated + rng.normal(size=n)
    frame = pd.DataFrame({"person": [f"p{i:03}" for i in range(n)], "arm": np.where(treated, "T", "C")})
    return frame.assign(x=x, z=z, y=y, noise=rng.normal(size=n)).round(6)


def adopters(cohorts: tuple[str, ...] = ("2013", "2015", "0"), n: int = 90) -> pd.DataFrame:
    """Units that take up the programme in different years and gain 2 at once, or never (0)."""
    rng = np.random.default_rng(40)
    rows = []
    for i in range(n):
        cohort, own = cohorts[i % len(cohorts)], rng.normal()
        for year in range(2010, 2017):
            on = int(cohort != "0" and year >= int(cohort))
            rows.append((f"u{i:03}", str(year), cohort, on, own + 0.2 * (year - 2010) + 2 * on + rng.normal(0, 0.5)))
    return pd.DataFrame(rows, columns=["unit", "year", "cohort", "on", "y"]).round(6)


def cutoff(n: int = 2000) -> pd.DataFrame:
    """A running variable with a jump of 2 at zero, in take-up of 0.8 where ``received`` is used."""
    rng = np.random.default_rng(50)
    x = rng.uniform(-1, 1, n)
    received = (rng.random(n) < np.where(x >= 0, 0.9, 0.1)).astype(int)
    frame = pd.DataFrame({"person": [f"p{i:04}" for i in range(n)], "x": x, "received": received})
    noise = rng.normal(0, 0.5, n)
    background = rng.normal(size=n)
    return frame.assign(
        y=x + 2 * (x >= 0) + noise, moved=x + 2 * received + noise, background=background, minus=-x
    ).round(6)


def months() -> pd.DataFrame:
    """A monthly series with a trend, a season and a level 3 higher from January 2018."""
    rng = np.random.default_rng(60)
    names = pd.period_range("2015-01", "2019-12", freq="M").astype(str)
    t = np.arange(len(names))
    y = 20 + 0.1 * t + np.sin(2 * np.pi * t / 12) + 3 * (t >= 36) + rng.normal(0, 0.4, len(t))
    return pd.DataFrame({"month": names, "y": y}).round(6)


def states(n: int = 16, effect: float = -3.0) -> pd.DataFrame:
    """Units driven by two common causes; the first is a mix of three others, and falls by 3 from 2014 on."""
    rng = np.random.default_rng(70)
    years = np.arange(1995, 2017)
    causes, loads = rng.normal(size=(2, len(years))).cumsum(axis=1), rng.random((n, 2))
    loads[0] = loads[1 : min(4, n)].mean(axis=0)
    y = 10 + loads @ causes + rng.normal(0, 0.1, (n, len(years)))
    y[0, years >= 2014] += effect
    rows = [(f"s{i:02}", str(year), y[i, t]) for i in range(n) for t, year in enumerate(years)]
    return pd.DataFrame(rows, columns=["unit", "year", "y"]).round(6)


def strata() -> pd.DataFrame:
    """Two hundred persons of which one kind was sampled too often."""
    rng = np.random.default_rng(80)
    kind = np.where(np.arange(200) < 140, "a", "b")
    y = np.where(kind == "a", 1.0, 5.0) + rng.normal(0, 0.5, 200)
    frame = pd.DataFrame({"person": [f"p{i:03}" for i in range(200)], "kind": kind, "weight": 5.0, "y": y})
    x, size = rng.normal(size=200), rng.uniform(1, 3, 200)
    share = (rng.random(200) < 1 / (1 + np.exp(-x))).astype(int)
    return frame.assign(x=x, size=size, share=share, team=[f"t{i % 25:02}" for i in range(200)]).round(6)


# ------------------------------------------------------------------ (a) the truth


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    return {}


Make = Callable[[str], Run]


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory, made: dict[str, Run]) -> Make:
    """Return the run of one of :data:`PROGRAMMES`, made at its first use."""

    def make(name: str) -> Run:
        if name not in made:
            frame, layout, indicators = PROGRAMMES[name]
            declared = [indicator(key, design, **fields) for key, (design, fields) in indicators.items()]
            made[name] = Run(written(tmp_path_factory.mktemp(name) / "programme", frame(), declared, **layout))
        return made[name]

    return make


Declared = dict[str, tuple[dict[str, Any] | None, dict[str, Any]]]


def _with(base: dict[str, Any], designs: dict[str, dict[str, Any]]) -> Declared:
    return {name: (design, base) for name, design in designs.items()}


TRIAL = _with(
    AFTER,
    {
        "difference": RANDOMISED,
        "welch": {**RANDOMISED, "inference": {"errors": "welch"}},
        "ancova": {**RANDOMISED, "covariate_waves": ["before"]},
        "lin": {**RANDOMISED, "covariates": ["x"], "adjustment": "lin"},
        "blocks": {**RANDOMISED, "blocks": "site"},
        "clusters": {**RANDOMISED, "cluster": "team", "placebo_outcomes": ["untouched"]},
        "wild": {**RANDOMISED, "cluster": "team", "inference": {"p_value": "wild_bootstrap", "draws": 999}},
        "drawn_again": {**RANDOMISED, "cluster": "team", "inference": {"p_value": "randomisation", "draws": 999}},
        "moved": {**RANDOMISED, "cluster": "team", "take_up": "received", "estimand": "LATE"},
        "moved_too": {**RANDOMISED, "cluster": "team", "take_up": "received"},
        "linked": {**DID, "placebo_wave": "early"},
        "linked_teams": {**DID, "cluster": "team"},
        "repeated": {**DID, "rows": "repeated", "cluster": "team"},
    },
) | {
    "changes": (
        RANDOMISED,
        {
            "ex_post": {"wave": "after"},
            "formula": {"kind": "change", "of": {"kind": "mean", "column": "y"}, "since": "before"},
        },
    )
}
ADJUSTED = {**ARMS, "covariates": ["x", "z"]}
SELECTED = _with(
    {},
    {
        "nearest": {"kind": "matching", **ADJUSTED, "replacement": True, "bias_adjusted": True},
        "mahalanobis": {
            "kind": "matching",
            **ADJUSTED,
            "replacement": True,
            "distance": "mahalanobis",
            "ratio": 2,
            "bias_adjusted": True,
        },
        "subclasses": {"kind": "matching", **ADJUSTED, "method": "subclasses", "subclasses": 20},
        "coarsened": {"kind": "matching", **ADJUSTED, "method": "coarsened"},
        "ipw": {"kind": "weighting", **ADJUSTED, "method": "ipw"},
        "ipw_ate": {"kind": "weighting", **ADJUSTED, "method": "ipw", "estimand": "ATE"},
        "entropy": {"kind": "weighting", **ADJUSTED, "method": "entropy"},
        "aipw": {"kind": "weighting", **ADJUSTED, "placebo_outcomes": ["noise"]},
        "aipw_ate": {"kind": "weighting", **ADJUSTED, "estimand": "ATE"},
    },
)
ADOPTERS = _with(
    LAST,
    {
        "callaway": STAGGERED,
        "callaway_dynamic": {**STAGGERED, "control": "not_yet", "aggregate": "dynamic", "sensitivity": False},
        "sun": {**STAGGERED, "estimator": "sun_abraham"},
        "imputed": {**STAGGERED, "estimator": "imputation"},
        "two_stage": {**STAGGERED, "estimator": "two_stage"},
        "twfe": {**STAGGERED, "estimator": "twfe"},
        "panel": {"kind": "panel", "treatment": "on"},
    },
)
AT_CUTOFF = _with(
    {},
    {
        "sharp": {**CUTOFF, "covariates": ["background"]},
        "conventional": {**CUTOFF, "report": "conventional", "bandwidth": 0.5},
        "above": CUTOFF,
        "below": {**CUTOFF, "running": "minus", "treated": "below"},
    },
) | {"fuzzy": ({**CUTOFF, "take_up": "received"}, {"formula": {"kind": "mean", "column": "moved"}})}
MONTHLY: Declared = {
    f"{errors}_{estimand}": (
        {"kind": "interrupted_time_series", "start": "2018-01", "season": 12, "errors": errors, "estimand": estimand},
        {"ex_post": {"wave": "2019-12"}},
    )
    for errors in ("classical", "newey_west", "ar1")
    for estimand in ("level", "at_wave")
}
STATES = _with(
    LAST,
    {
        "synthetic": {**SYNTHETIC, "method": "synthetic_control"},
        "synthetic_did": {**SYNTHETIC, "draws": 100},
        "plain_did": {**SYNTHETIC, "method": "did"},
    },
)
CALIBRATED = {"column": "kind", "totals": {"a": 500, "b": 500}}
STRATA: Declared = {
    "weighted": (None, {"sample": {"weight": "weight"}}),
    "post": (None, {"sample": {"weight": "weight", "calibration": {"method": "post_stratification", "margins": [CALIBRATED], **KNOWN}}}),
    "raked": (None, {"sample": {"weight": "weight", "calibration": {"method": "raking", "margins": [CALIBRATED], **KNOWN}}}),
    "linear": (None, {"sample": {"weight": "weight", "calibration": {"method": "linear", "margins": [CALIBRATED, {"column": "size", "total": 2000}], **KNOWN}}}),
    "logit": (None, {"sample": {"weight": "weight", "calibration": {"method": "logit", "bounds": [0.2, 3], "margins": [CALIBRATED], **KNOWN}}}),
    "jackknife": (None, {"sample": {"weight": "weight", "cluster": "team", "replicates": {"method": "JK1"}}}),
    "bootstrap": (None, {"sample": {"weight": "weight", "cluster": "team", "replicates": {"method": "bootstrap", "draws": 100}}}),
    "linear_model": ({"kind": "association", "exposure": "x", "model": "linear"}, {"formula": {"kind": "mean", "column": "share"}}),
    "log_odds": ({"kind": "association", "exposure": "x", "model": "logit"}, {"formula": {"kind": "mean", "column": "share"}}),
    "marginal": ({"kind": "association", "exposure": "x", "model": "logit", "report": "marginal_effect"}, {"formula": {"kind": "mean", "column": "share"}}),
}  # fmt: skip
PROGRAMMES: dict[str, tuple[Callable[[], pd.DataFrame], dict[str, Any], Declared]] = {
    "trial": (trial, LINKED, TRIAL),
    "selected": (selected, {}, SELECTED),
    "adopters": (adopters, PANEL, ADOPTERS),
    "cutoff": (cutoff, {}, AT_CUTOFF),
    "months": (months, SERIES, MONTHLY),
    "states": (states, LONG_PANEL, STATES),
    "strata": (strata, {}, STRATA),
}
ITT = 3 * float(trial().query("wave == 'after' and arm == 'T'")["received"].mean())
COMPARED = {"balance", "attrition", "clusters", "complete_cases"}
HIDDEN = {"oster_delta", "robustness_value", "e_value"}
STABLE = {"leave_one_out", "specification"}

# teams were drawn: without cluster: team the unit of assignment costs a level, as a wave before the baseline that is not used
TRUTH: list[tuple[str, str, float, str, int, set[str]]] = [
    ("trial", "difference", ITT, "ITT", 4, COMPARED | STABLE),
    ("trial", "welch", ITT, "ITT", 4, COMPARED),
    ("trial", "ancova", ITT, "ITT", 4, COMPARED | STABLE),
    ("trial", "lin", ITT, "ITT", 4, COMPARED),
    ("trial", "blocks", ITT, "ITT", 4, COMPARED),
    ("trial", "clusters", ITT, "ITT", 5, COMPARED | {"placebo_outcome untouched"}),
    ("trial", "wild", ITT, "ITT", 5, COMPARED),
    ("trial", "drawn_again", ITT, "ITT", 5, COMPARED),
    ("trial", "moved", 3.0, "LATE", 5, COMPARED | {"first_stage"}),
    ("trial", "moved_too", ITT, "ITT", 5, COMPARED | {"first_stage"}),
    ("trial", "changes", ITT, "ITT", 4, COMPARED),
    ("trial", "linked", ITT, "ATT", 2, {"placebo_wave", "attrition", "clusters", "complete_cases"}),
    ("trial", "linked_teams", ITT, "ATT", 2, {"placebo_wave", "attrition", "leave_one_out"}),
    ("trial", "repeated", ITT, "ATT", 2, {"placebo_wave", "clusters"}),
    ("selected", "nearest", 2.0, "ATT", 2, COMPARED | HIDDEN | {"matched", "rosenbaum_gamma"}),
    ("selected", "mahalanobis", 2.0, "ATT", 2, COMPARED | HIDDEN | {"matched"}),
    ("selected", "subclasses", 2.0, "ATT", 2, COMPARED | HIDDEN | {"matched"}),
    ("selected", "coarsened", 2.0, "ATT of the matched", 2, COMPARED | HIDDEN | {"matched"}),
    ("selected", "ipw", 2.0, "ATT", 2, COMPARED | HIDDEN | {"overlap", "specification"}),
    ("selected", "ipw_ate", 2.0, "ATE", 2, COMPARED | HIDDEN | {"overlap"}),
    ("selected", "entropy", 2.0, "ATT", 2, COMPARED | HIDDEN | {"overlap"}),
    ("selected", "aipw", 2.0, "ATT", 2, COMPARED | HIDDEN | {"overlap", "placebo_outcome noise"}),
    ("selected", "aipw_ate", 2.0, "ATE", 2, COMPARED | HIDDEN | {"overlap"}),
    ("adopters", "callaway", 2.0, "ATT", 3, {"pre_trend", "honest_bounds", "clusters", "complete_cases"}),
    ("adopters", "callaway_dynamic", 2.0, "ATT", 3, {"pre_trend", "complete_cases"}),
    ("adopters", "sun", 2.0, "ATT", 3, {"pre_trend", "honest_bounds", "complete_cases"}),
    ("adopters", "imputed", 2.0, "ATT", 3, {"pre_trend", "complete_cases"}),
    ("adopters", "two_stage", 2.0, "ATT", 3, {"pre_trend", "complete_cases"}),
    ("adopters", "twfe", 2.0, "ATT", 2, {"staggered_adoption", "pre_trend", "honest_bounds"}),
    ("adopters", "panel", 2.0, "ATT", 2, {"staggered_adoption", "clusters", "complete_cases"}),
    ("cutoff", "sharp", 2.0, "ATE at the cutoff", 4, {"density", "covariate_continuity", "complete_cases"}),
    ("cutoff", "conventional", 2.0, "ATE at the cutoff", 4, {"density", "covariate_continuity"}),
    ("cutoff", "above", 2.0, "ATE at the cutoff", 4, {"density"}),
    ("cutoff", "below", 2.0, "ATE at the cutoff", 4, {"density"}),
    ("cutoff", "fuzzy", 2.0, "LATE at the cutoff", 4, {"density", "first_stage"}),
    *[
        ("months", f"{errors}_{estimand}", 3.0, words, 2, {"autocorrelation"})
        for errors in ("classical", "newey_west", "ar1")
        for estimand, words in (("level", "change of level"), ("at_wave", "change of the series"))
    ],
    ("states", "synthetic", -3.0, "ATT", 3, {"pre_fit", "placebo_space", "placebo_time"}),
    ("states", "synthetic_did", -3.0, "ATT", 3, {"pre_fit"}),
    ("states", "plain_did", -3.0, "ATT", 2, {"pre_fit"}),
    ("strata", "log_odds", 1.0, "association", 1, {"clusters", "complete_cases"}),
]


@pytest.mark.parametrize("case", TRUTH, ids=lambda case: f"{case[0]}-{case[1]}")
def test_the_truth_is_found(truth: Make, case: tuple[str, str, float, str, int, set[str]]) -> None:
    programme, name, expected, estimand, level, checks = case
    run = truth(programme)
    row = run.findings.loc[name]
    assert pd.isna(row["not_estimable"]), row["not_estimable"]
    assert abs(row["estimate"] - expected) < 4 * row["std_error"]
    assert row["effect_low"] < row["estimate"] < row["effect_high"]
    assert row["estimand"] == estimand
    words = "improved" if expected > 0 else "worsened"
    if row["p_value"] >= 0.05:  # among 16 units a permutation p-value cannot be smaller than 1/16
        assert name == "synthetic"
        words = "no_clear_effect"
    assert row["contribution"] == ("associated" if estimand == "association" else words)
    assert checks <= set(run.status(name))
    assert row["evidence_level"] == level, row["evidence_reason"]


def test_each_indicator_of_the_simulations_is_looked_at() -> None:
    looked_at = {(programme, name) for programme, name, *_ in TRUTH}
    apart = {("strata", name) for name in STRATA if name != "log_odds"}
    assert looked_at | apart == {(name, key) for name, (_, _, declared) in PROGRAMMES.items() for key in declared}


def test_adjustments_are_named_and_narrow_the_error(truth: Make) -> None:
    table = truth("trial").findings
    named = {
        "difference": "randomised, difference in means",
        "ancova": "randomised, ANCOVA",
        "lin": "randomised, Lin's interacted adjustment",
        "blocks": "randomised, difference in means, within blocks",
        "moved": "randomised, two-stage least squares",
    }
    assert {name: table.loc[name, "design"] for name in named} == named
    assert table.loc["ancova", "std_error"] < table.loc["difference", "std_error"]
    assert table.loc["lin", "std_error"] < table.loc["difference", "std_error"]


def test_change_scores_and_did_agree(truth: Make) -> None:
    """On two waves of the same persons the difference of changes is the difference-in-differences."""
    table = truth("trial").findings
    assert table.loc["changes", "estimate"] == pytest.approx(table.loc["linked", "estimate"], rel=1e-9)
    assert table.loc["linked", "estimate"] == pytest.approx(table.loc["repeated", "estimate"], rel=1e-9)


def test_wild_bootstrap_and_randomisation_change_the_p_value_only(truth: Make) -> None:
    table = truth("trial").findings
    plain, wild, drawn = (table.loc[name] for name in ("clusters", "wild", "drawn_again"))
    for row in (wild, drawn):
        assert row["estimate"] == pytest.approx(plain["estimate"], rel=1e-12)
        assert row["std_error"] == pytest.approx(plain["std_error"], rel=1e-12)
    assert "wild cluster bootstrap" in wild["inference"]
    assert "999 draws" in wild["inference"]
    assert "randomisation inference, 999 draws" in drawn["inference"]
    assert drawn["p_value"] == pytest.approx(1 / 1000)
    assert wild["effect_low"] != plain["effect_low"]
    assert drawn["effect_low"] == plain["effect_low"]


def test_late_terms(truth: Make) -> None:
    """Wald: the LATE is the ITT over what assignment adds to take-up; both are shown whichever is reported."""
    run = truth("trial")
    first = run.term("moved", "first_stage", "take-up moved by assignment")["estimate"]
    itt, late = (run.term("moved", "estimand", kind)["estimate"] for kind in ("ITT", "LATE"))
    assert first == pytest.approx(ITT / 3, rel=1e-12)
    assert late == pytest.approx(itt / first, rel=1e-9)
    assert run.findings.loc["moved", "estimate"] == late
    assert run.findings.loc["moved_too", "estimate"] == itt
    assert run.term("moved_too", "estimand", "LATE")["estimate"] == late
    anderson = run.term("moved", "anderson_rubin", "LATE")
    assert anderson["conf_low"] < 3 < anderson["conf_high"]


def test_event_times_find_nothing_before_and_two_after(truth: Make) -> None:
    run = truth("adopters")
    for name in ("callaway", "sun", "imputed", "two_stage", "twfe"):
        table = run.terms[(run.terms["indicator"] == name) & (run.terms["family"] == "event_time")]
        assert len(table) >= 4, name
        for row in table.itertuples():
            expected = 2.0 if int(row.term) >= 0 else 0.0
            assert abs(row.estimate - expected) < 4 * row.std_error, (name, row.term)


def test_staggered_terms(truth: Make) -> None:
    run = truth("adopters")
    assert {"aggregate", "event_time", "group", "calendar", "group_time", "honest_bounds"} <= run.families("callaway")
    assert "honest_bounds" not in run.families("callaway_dynamic")
    averages = [
        run.term("callaway", "aggregate", kind)["estimate"] for kind in ("simple", "group", "dynamic", "calendar")
    ]
    assert run.findings.loc["callaway", "estimate"] == averages[0]
    assert len(set(averages)) == 4
    bacon = run.terms[(run.terms["indicator"] == "panel") & (run.terms["family"] == "goodman_bacon")]
    weights = bacon["detail"].str.removeprefix("weight ").astype(float)
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    assert (weights * bacon["estimate"]).sum() == pytest.approx(run.findings.loc["panel", "estimate"], rel=1e-4)


def test_twfe_and_panel_are_the_same_number_and_warn(truth: Make) -> None:
    run = truth("adopters")
    assert run.findings.loc["twfe", "estimate"] == pytest.approx(run.findings.loc["panel", "estimate"], rel=1e-9)
    assert run.status("twfe")["staggered_adoption"] == run.status("panel")["staggered_adoption"] == "failed"


def test_a_series_of_waves_is_declared_by_its_ends(truth: Make) -> None:
    """Sixty months from one line of ``waves``; the counterfactual has a value for each."""
    run = truth("months")
    without = run.terms[(run.terms["indicator"] == "ar1_level") & (run.terms["family"] == "without the programme")]
    assert list(without["term"]) == list(months()["month"])


def test_bandwidths_are_listed(truth: Make) -> None:
    run = truth("cutoff")
    assert run.term("conventional", "bandwidth", "left")["estimate"] == 0.5
    assert run.term("sharp", "estimator", "robust bias-corrected")["estimate"] == run.findings.loc["sharp", "estimate"]
    assert (
        run.term("conventional", "estimator", "conventional")["estimate"]
        == run.findings.loc["conventional", "estimate"]
    )
    # which side is treated, and the sign of the running variable, are a convention
    assert run.findings.loc["below", "estimate"] == pytest.approx(run.findings.loc["above", "estimate"], rel=1e-9)
    assert run.findings.loc["below", "std_error"] == pytest.approx(run.findings.loc["above", "std_error"], rel=1e-9)


def test_scores_in_steps_pushed_over_the_line_are_no_rule_that_decided(tmp_path: Path) -> None:
    """A test of the density would say p = 1; the cells beside the line say who was moved."""
    steps = cutoff(6000).assign(x=lambda frame: (frame["x"] * 100).round())
    for name, x in {"honest": steps["x"], "pushed": steps["x"].where(steps["x"] != -1, 0)}.items():
        folder = written(
            tmp_path / name,
            steps.assign(x=x),
            [indicator("y", CUTOFF | {"bandwidth": 30})],
            key=("person",),
            person="person",
        )
        result = impact.run(folder)
        (row,) = result.diagnostics().query("check == 'density'").to_dict("records")
        level = result.findings()["evidence_level"].iloc[0]
        result.close()
        assert (row["status"], level) == (("passed", 4) if name == "honest" else ("failed", 2))
        assert row["detail"].endswith("at those beside it")


def test_synthetic_terms(truth: Make) -> None:
    run = truth("states")
    for name in ("synthetic", "synthetic_did"):
        weights = run.terms[(run.terms["indicator"] == name) & (run.terms["family"] == "unit_weight")]
        assert weights["estimate"].sum() == pytest.approx(1)
        assert "s00" not in set(weights["term"])
    gaps = run.terms[(run.terms["indicator"] == "synthetic") & (run.terms["family"] == "gap")].set_index("term")
    assert gaps["estimate"].loc["2014":].mean() == pytest.approx(run.findings.loc["synthetic", "estimate"])
    assert run.status("synthetic")["placebo_space"] == "passed"


def test_calibration_moves_the_value_to_the_population(truth: Make) -> None:
    """Half of the population is of each kind, so the mean is 3; the sample alone says 2.2."""
    table = truth("strata").findings
    frame = strata()
    means = frame.groupby("kind")["y"].mean()
    assert table.loc["weighted", "value"] == pytest.approx(frame["y"].mean())
    for name in ("post", "raked", "logit"):
        assert table.loc[name, "value"] == pytest.approx(means.mean(), rel=1e-8), name
    assert abs(table.loc["linear", "value"] - 3) < 0.3
    for name, words in (
        ("post", "post stratification"),
        ("logit", "logit"),
        ("jackknife", "JK1"),
        ("bootstrap", "bootstrap"),
    ):
        assert words in table.loc[name, "method"]
    assert table.loc["jackknife", "value"] == pytest.approx(table.loc["weighted", "value"])
    assert table.loc["post", "not_estimable"].startswith("the plan declares no design")


def test_associations_say_what_they_are(truth: Make) -> None:
    table = truth("strata").findings
    assert set(table.loc[["linear_model", "log_odds", "marginal"], "estimand"]) == {"association"}
    assert table.loc["log_odds", "unit"] == "points"
    assert 0 < table.loc["marginal", "estimate"] < 0.25
    assert table.loc["marginal", "estimate"] == pytest.approx(table.loc["linear_model", "estimate"], rel=0.15)
    assert set(table.loc[["linear_model", "log_odds", "marginal"], "evidence_level"]) == {1}


# ------------------------------------------------------------------ (b) refusals


def refused(
    frame: pd.DataFrame, design: dict[str, Any] | None, layout: dict[str, Any], fields: dict[str, Any], folder: Path
) -> str:
    """Run a design beside a plain indicator of the same rows, which must get its value; return the reason."""
    plain = {name: fields[name] for name in ("ex_post", "ex_ante") if name in fields}
    both = [indicator("it", design, **fields), indicator("other", **plain)]
    run = Run(written(folder / "programme", frame, both, **layout))
    row, other = run.findings.loc["it"], run.findings.loc["other"]
    assert isinstance(row["not_estimable"], str), f"gave {row['estimate']} ({row['std_error']}), {row['contribution']}"
    assert pd.isna(row["estimate"])
    assert pd.isna(row["std_error"])
    assert row["contribution"] == "not_estimable"
    assert pd.notna(other["value"])
    assert "Traceback" not in row["not_estimable"]
    return str(row["not_estimable"])


def changed(**columns: Any) -> pd.DataFrame:
    """Return eighty persons with columns replaced; a callable is given the frame."""
    return persons().assign(**columns)


def waves(**columns: Any) -> pd.DataFrame:
    """Return eighty persons at two waves."""
    return pd.concat(
        [persons(seed=2, effect=0).assign(wave="before"), persons().assign(wave="after")], ignore_index=True
    ).assign(**columns)


def _someone_changes_arm() -> pd.DataFrame:
    frame = waves()
    frame.loc[(frame["wave"] == "after") & (frame["person"] == "p001"), "arm"] = "C"
    return frame


def _twice() -> pd.DataFrame:
    frame = pd.concat([waves(), waves().iloc[[100]]], ignore_index=True)
    return frame.assign(row=[f"r{i}" for i in range(len(frame))])


BY_ROW = {**LINKED, "key": ("row",)}
SEPARATED = {"x": lambda f: f["x"] + np.where(f["arm"] == "T", 10.0, -10.0)}
MATCHING = {"kind": "matching", **ARMS, "covariates": ["x"]}
WEIGHTING = {"kind": "weighting", **ARMS, "covariates": ["x"]}
TWICE = {**ARMS, "covariates": ["x", "x2"]}
X2 = {"x2": lambda f: 2 * f["x"]}
NEVER = adopters(("0",))
ALWAYS = adopters(("2010",))
MONTH = {"kind": "interrupted_time_series", "start": "2018-01"}
LAST_MONTH = {"ex_post": {"wave": "2019-12"}}
IMPUTED = {"method": "multiple_imputation"}
Refusal = tuple[pd.DataFrame, dict[str, Any], dict[str, Any], dict[str, Any], tuple[str, ...]]

REFUSED: dict[str, Refusal] = {
    "one cluster per arm": (changed(side=lambda f: f["arm"]), {**RANDOMISED, "cluster": "side"}, {}, {}, ("1 cluster of side", "at least two clusters")),
    "one cluster per arm, did": (waves(side=lambda f: f["arm"]), {**DID, "cluster": "side"}, LINKED, AFTER, ("1 cluster of side", "at least two clusters")),
    **{f"separation, {m}": (changed(**SEPARATED), {**WEIGHTING, "method": m}, {}, {}, ("x separates the arms", "both arms")) for m in ("ipw", "aipw")},
    "separation, entropy": (changed(**SEPARATED), {**WEIGHTING, "method": "entropy"}, {}, {}, ("no positive weights balance x", "both sides")),
    **{f"separation, {m}": (changed(**SEPARATED), {**MATCHING, "method": m}, {}, {}, ("x separates the arms", "both arms")) for m in ("nearest", "subclasses")},
    "separation, coarsened": (changed(**SEPARATED), {**MATCHING, "method": "coarsened"}, {}, {}, ("0 strata hold both arms", "coarser")),
    "no baseline wave, attrition weights": (persons(), {**RANDOMISED, "covariates": ["x"], "missing": {"method": "attrition_weights"}}, {}, {}, ("without a baseline wave", "ex_ante.baseline.wave")),
    "no baseline wave, imputation": (persons(), {**RANDOMISED, "covariates": ["x"], "missing": IMPUTED}, {}, {}, ("without a baseline wave", "ex_ante.baseline.wave")),
    "nobody at the baseline, did": (waves().query("wave == 'after'"), DID, LINKED, AFTER, ("0 persons with an outcome in both before and after", "at least 2 in each arm")),
    "never treated, panel": (adopters().assign(on=0), {"kind": "panel", "treatment": "on"}, PANEL, LAST, ("on is 0 in all observations", "differs")),
    "always treated, panel": (adopters().assign(on=1), {"kind": "panel", "treatment": "on"}, PANEL, LAST, ("on is 1 in all observations", "differs")),
    **{f"always treated, {e}": (ALWAYS, {**STAGGERED, "estimator": e}, PANEL, LAST, ("treat",)) for e in ("callaway_santanna", "sun_abraham", "imputation", "two_stage", "twfe")},
    **{f"all treated at once, {e}": (adopters(("2013",)), {**STAGGERED, "estimator": e}, PANEL, LAST, ("never",)) for e in ("callaway_santanna", "sun_abraham", "imputation", "two_stage", "twfe")},
    "no period before, series": (months(), {**MONTH, "start": "2015-01"}, SERIES, LAST_MONTH, ("0 periods before the start", "at least 4")),
    "no period before, synthetic control": (states(), {**SYNTHETIC, "start": "1995"}, LONG_PANEL, LAST, ("no period lies before the start", "both sides")),
    **{f"collinear covariates, {a}": (changed(**X2), {"kind": "randomised", **TWICE, "adjustment": a}, {}, {}, ("collinear", "x2", "leave out")) for a in ("ancova", "lin")},
    **{f"collinear covariates, {m}": (changed(**X2), {"kind": "weighting", **TWICE, "method": m}, {}, {}, ("x2", "collinear", "leave it out")) for m in ("ipw", "aipw", "entropy")},
    "collinear covariates, matching": (changed(**X2), {"kind": "matching", **TWICE}, {}, {}, ("x2", "collinear", "leave it out")),
    "constant outcome, randomised": (changed(y=3.0), RANDOMISED, {}, {}, ("outcome", "varies")),
    "constant outcome, welch": (changed(y=3.0), {**RANDOMISED, "inference": {"errors": "welch"}}, {}, {}, ("outcome", "varies")),
    "constant outcome, late": (changed(y=3.0), {**RANDOMISED, "take_up": "received", "estimand": "LATE"}, {}, {}, ("outcome", "varies")),
    "constant outcome, did": (waves(y=1.0), DID, LINKED, AFTER, ("outcome", "varies")),
    "constant outcome, matching": (changed(y=3.0), MATCHING, {}, {}, ("outcome", "varies")),
    "constant outcome, aipw": (changed(y=3.0), WEIGHTING, {}, {}, ("outcome", "varies")),
    "constant outcome, association": (changed(y=3.0), {"kind": "association", "exposure": "x"}, {}, {}, ("outcome", "varies")),
    "constant outcome, cutoff": (changed(y=3.0), CUTOFF, {}, {}, ("outcome", "varies")),
    "constant outcome, panel": (adopters().assign(y=1.0), {"kind": "panel", "treatment": "on"}, PANEL, LAST, ("outcome", "varies")),
    **{f"constant outcome, {e}": (adopters().assign(y=1.0), {**STAGGERED, "estimator": e}, PANEL, LAST, ("outcome", "varies")) for e in ("callaway_santanna", "sun_abraham", "imputation", "two_stage", "twfe")},
    **{f"constant outcome, series {e}": (months().assign(y=1.0), {**MONTH, "errors": e}, SERIES, LAST_MONTH, ("outcome", "varies")) for e in ("classical", "newey_west", "ar1")},
    **{f"constant outcome, {m}": (states().assign(y=1.0), {**SYNTHETIC, "method": m}, LONG_PANEL, LAST, ("donors",)) for m in ("synthetic_control", "synthetic_did", "did")},
    "nobody in the comparison": (persons(), {**RANDOMISED, "comparison": "Z"}, {}, {}, ("the comparison arm has 0 persons", "at least 2 in each arm")),
    "nobody in the comparison, matching": (persons(), {**MATCHING, "comparison": "Z"}, {}, {}, ("the comparison arm has 0 persons", "at least 2 in each arm")),
    "nobody in the comparison, weighting": (persons(), {**WEIGHTING, "comparison": "Z"}, {}, {}, ("the comparison arm has 0 persons", "at least 2 in each arm")),
    "nobody in the comparison, did": (waves(), {**DID, "comparison": "Z"}, LINKED, AFTER, ("the comparison arm has 0 persons", "at least 2 in each arm")),
    "a person changes arm": (_someone_changes_arm(), RANDOMISED, LINKED, AFTER, ("1 persons change arm", "one arm per person")),
    "a person changes arm, did": (_someone_changes_arm(), DID, LINKED, AFTER, ("1 persons change arm", "one arm per person")),
    "a person stands twice": (_twice(), RANDOMISED, BY_ROW, AFTER, ("several rows in one wave", "one row per person and wave")),
    "a person stands twice, did": (_twice(), DID, BY_ROW, AFTER, ("several rows in one wave", "one row per person and wave")),
    **{f"cohorts are no waves, {e}": (adopters(("2013", "1999", "0")), {**STAGGERED, "estimator": e}, PANEL, LAST, ("1999", "no waves", "never")) for e in ("callaway_santanna", "sun_abraham", "imputation", "two_stage", "twfe")},
    "two cohorts of a unit": (adopters().assign(cohort=lambda f: f["cohort"].where((f["unit"] != "u000") | (f["year"] != "2016"), "2014")), STAGGERED, PANEL, LAST, ("two waves of first treatment", "one cohort")),
    "everybody on one side": (changed(x=lambda f: f["x"].abs() + 0.1), CUTOFF, {}, {}, ("nobody is below the cutoff", "at least 10 observations on each side")),
    "too few at the cutoff": (persons(12), CUTOFF, {}, {}, ("observations are", "at least 10 observations on each side")),
    "too few within the bandwidth": (persons(), {**CUTOFF, "bandwidth": 0.01}, {}, {}, ("within the bandwidth of 0.01", "larger bandwidth")),
    "take-up does not jump": (changed(received=0), {**CUTOFF, "take_up": "received"}, {}, {}, ("take-up does not detectably jump", "crossing it")),
    **{f"series with a gap, {e}": (months().drop(index=7), {**MONTH, "errors": e}, SERIES, LAST_MONTH, ("gaps at 2015-08", "every wave")) for e in ("classical", "newey_west", "ar1")},
    "three points before the start": (months().iloc[33:], MONTH, SERIES, LAST_MONTH, ("3 periods before the start", "at least 4")),
    **{f"a cell is missing, {m}": (states().drop(index=90), {**SYNTHETIC, "method": m}, LONG_PANEL, LAST, ("miss a value at some wave: s04", "each unit and wave")) for m in ("synthetic_control", "synthetic_did", "did")},
    **{f"one donor, {m}": (states(2), {**SYNTHETIC, "method": m}, LONG_PANEL, LAST, ("1 donors", "at least two untreated units")) for m in ("synthetic_control", "synthetic_did", "did")},
    "two treated units in a synthetic control": (states(), {**SYNTHETIC, "treated": ["s00", "s01"], "method": "synthetic_control"}, LONG_PANEL, LAST, ("one treated unit", "synthetic_did")),
    "complete compliance": (changed(received=lambda f: (f["arm"] == "T").astype(int)), {**RANDOMISED, "take_up": "received", "estimand": "LATE"}, {}, {}, ("fully decide who received", "effect of assignment")),
    "nobody took part": (changed(received=0), {**RANDOMISED, "take_up": "received", "estimand": "LATE"}, {}, {}, ("the same for all units", "units of both kinds")),
    "take-up is no share": (changed(received=lambda f: f["received"] * 7), {**RANDOMISED, "take_up": "received", "estimand": "LATE"}, {}, {}, ("other than 0 and 1", "0 and 1")),
    "a weight below zero": (changed(weight=lambda f: f["weight"].where(f.index != 3, -1.0)), RANDOMISED, {}, {"sample": {"weight": "weight"}}, ("no positive weight in weight", "above zero")),
    "a weight is missing": (changed(weight=np.nan), RANDOMISED, {}, {"sample": {"weight": "weight"}}, ("weight is missing for everybody", "values")),
    "a cluster is missing": (changed(team=np.nan), {**RANDOMISED, "cluster": "team"}, {}, {}, ("team is missing for everybody", "values")),
    "a cluster is missing, association": (changed(team=np.nan), {"kind": "association", "exposure": "x", "cluster": "team"}, {}, {}, ("team is missing for everybody", "values")),
    "an empty column, imputation": (waves(x=np.nan), {**RANDOMISED, "covariates": ["x"], "missing": IMPUTED}, LINKED, AFTER, ("x is missing for everybody", "values")),
    "an empty column, attrition weights": (waves(x=np.nan), {**RANDOMISED, "covariates": ["x"], "missing": {"method": "attrition_weights"}}, LINKED, AFTER, ("x is missing for everybody", "values")),
    "blocks of one": (changed(block=lambda f: f["person"]), {**RANDOMISED, "blocks": "block"}, {}, {}, ("blocks have fewer than two units in an arm", "larger blocks")),
    "blocks and covariates": (persons(), {**RANDOMISED, "blocks": "site", "covariates": ["x"]}, {}, {}, ("blocks take no covariates", "either")),
    "a logit of a number": (persons(), {"kind": "association", "exposure": "x", "model": "logit"}, {}, {}, ("not 0 or 1", "yes/no")),
    "an exposure that is the same for all": (changed(x=1.0), {"kind": "association", "exposure": "x"}, {}, {}, ("collinear", "leave out")),
    "change without comparison": (waves(), {"kind": "before_after"}, LINKED, AFTER, ("a before/after change is not an effect", "a comparison group")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_identified_is_refused_by_name(name: str, tmp_path: Path) -> None:
    frame, design, layout, fields, fragments = REFUSED[name]
    reason = refused(frame, design, layout, fields, tmp_path)
    assert "; needed: " in reason
    for fragment in fragments:
        assert fragment in reason


SAMPLED: dict[str, tuple[dict[str, Any], str]] = {
    "a kind nobody sampled": ({"method": "post_stratification", "margins": [{"column": "kind", "totals": {"a": 500, "b": 400, "c": 100}}]}, "'c' has no unit"),
    "a kind without a total": ({"method": "post_stratification", "margins": [{"column": "kind", "totals": {"a": 500}}]}, "'b' without a total"),
    "margins of two populations": ({"method": "raking", "margins": [CALIBRATED, {"column": "team", "totals": {f"t{i:02}": 1 for i in range(25)}}]}, "different populations"),
    "linear, margins of two populations": ({"method": "linear", "margins": [CALIBRATED, {"column": "team", "totals": {f"t{i:02}": 1 for i in range(25)}}]}, "add up to 1000 and 25"),
    "bounds too narrow": ({"method": "logit", "bounds": [0.9, 1.1], "margins": [CALIBRATED]}, "no weights of this kind"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLED)
def test_a_calibration_that_cannot_be_is_no_value(name: str, tmp_path: Path) -> None:
    calibration, fragment = SAMPLED[name]
    sample = {"weight": "weight", "calibration": {**calibration, **KNOWN}}
    run = Run(written(tmp_path / "programme", strata(), [indicator("it", sample=sample), indicator("other")]))
    row = run.findings.loc["it"]
    assert pd.isna(row["value"])
    assert row["method"].startswith("not estimable because ")
    assert fragment in row["method"]
    assert fragment in row["not_estimable"]
    assert row["attainment"] == "no_data"
    assert pd.notna(run.findings.loc["other", "value"])


def test_one_sampling_unit_in_a_stratum_is_refused_for_replicates(tmp_path: Path) -> None:
    frame = strata().assign(stratum=lambda f: np.where(f.index == 0, "alone", f["kind"]))
    sample = {"weight": "weight", "strata": "stratum", "replicates": {"method": "JKn"}}
    run = Run(written(tmp_path / "programme", frame, [indicator("it", sample=sample), indicator("other")]))
    assert pd.isna(run.findings.loc["it", "value"])
    assert "not estimable" in run.findings.loc["it", "method"]
    assert pd.notna(run.findings.loc["other", "value"])


NO_DATA: dict[str, Refusal] = {
    "treated code that nobody has": (persons(), {**RANDOMISED, "treated": "Z"}, {}, {}, ("the treated arm", "at least 2")),
    "never treated, staggered": (NEVER, STAGGERED, PANEL, LAST, ("no unit", "treated")),
    "the treated unit is absent": (states(), {**SYNTHETIC, "treated": "s99"}, LONG_PANEL, LAST, ("s99", "treated unit")),
    "all weights are zero": (changed(weight=0.0), RANDOMISED, {}, {"sample": {"weight": "weight"}}, ("weight", "above zero")),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_DATA)
def test_what_has_no_value_is_refused(name: str, tmp_path: Path) -> None:
    frame, design, layout, fields, _ = NO_DATA[name]
    refused(frame, design, layout, fields, tmp_path)


@pytest.mark.parametrize("name", NO_DATA)
def test_what_has_no_value_says_why(name: str, tmp_path: Path) -> None:
    frame, design, layout, fields, fragments = NO_DATA[name]
    reason = refused(frame, design, layout, fields, tmp_path)
    assert "; needed: " in reason
    assert all(fragment in reason for fragment in fragments)


SILENT: dict[str, Refusal] = {
    **{
        f"constant outcome, {method}": (changed(y=3.0), {**WEIGHTING, "method": method}, {}, {}, ("outcome",))
        for method in ("ipw", "entropy")
    },
    "two cohorts of a unit, twfe": (
        adopters().assign(cohort=lambda f: f["cohort"].where((f["unit"] != "u000") | (f["year"] != "2016"), "2014")), {**STAGGERED, "estimator": "twfe"}, PANEL, LAST, ("two waves",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_no_silent_number(name: str, tmp_path: Path) -> None:
    frame, design, layout, fields, fragments = SILENT[name]
    reason = refused(frame, design, layout, fields, tmp_path)
    assert all(fragment in reason for fragment in fragments)


# ------------------------------------------------------------------ what is said when, and when not


def lost(treated: float, comparison: float) -> pd.DataFrame:
    """Persons at two waves, of whom a share of each arm is not seen at the second; the best off go first."""
    before, after = persons(400, seed=3, effect=0), persons(400, seed=3)
    rank = after.groupby("arm")["x"].rank(pct=True, ascending=False)
    gone = rank <= after["arm"].map({"T": treated, "C": comparison})
    return pd.concat([before.assign(wave="before"), after[~gone].assign(wave="after")], ignore_index=True)


def test_bounds_are_given_only_where_the_arms_lost_different_shares(tmp_path: Path) -> None:
    even = Run(written(tmp_path / "even", lost(0.1, 0.1), [indicator("it", RANDOMISED, **AFTER)], **LINKED))
    uneven = Run(written(tmp_path / "uneven", lost(0.3, 0.0), [indicator("it", RANDOMISED, **AFTER)], **LINKED))
    assert even.status("it")["attrition"] == "passed"
    assert uneven.status("it")["attrition"] == "failed"
    assert "lee_bounds" not in even.families("it")
    low, high = (uneven.term("it", "lee_bounds", side)["estimate"] for side in ("lower", "upper"))
    assert low < uneven.findings.loc["it", "estimate"] < high
    assert low < 2 < high
    assert "attrition" in uneven.findings.loc["it", "evidence_reason"]
    assert even.findings.loc["it", "evidence_level"] == 5
    assert uneven.findings.loc["it", "evidence_level"] == 2  # 30 points apart: no experiment any more


MISSING: dict[str, dict[str, Any]] = {
    "complete": {**RANDOMISED},
    "weighted": {**RANDOMISED, "covariates": ["x"], "missing": {"method": "attrition_weights"}},
    "imputed": {**RANDOMISED, "covariates": ["x"], "missing": {**IMPUTED, "draws": 10, "seed": 4}},
    "ancova": {**RANDOMISED, "covariates": ["x"]},
}


@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four in ten of the treated with a high ``x`` are gone: complete cases are too low by what ``x`` brings."""
    frame = lost(0.4, 0.0)
    declared = [indicator(name, design, **AFTER) for name, design in MISSING.items()]
    return Run(written(tmp_path_factory.mktemp("gaps") / "programme", frame, declared, **LINKED))


def test_what_is_missing_is_told_and_filled_as_declared(gaps: Run) -> None:
    table = gaps.findings
    assert table.loc["complete", "estimate"] < 2 - 3 * table.loc["complete", "std_error"]
    for name in ("imputed", "ancova"):
        assert abs(table.loc[name, "estimate"] - 2) < 4 * table.loc[name, "std_error"], name
    assert "10 imputations pooled by Rubin's rules" in table.loc["imputed", "inference"]
    assert table.loc["imputed", "n_obs"] == 400
    assert table.loc["complete", "n_obs"] == table.loc["ancova", "n_obs"] == 320
    assert gaps.status("imputed")["complete_cases"] == "passed"
    assert table.loc["imputed", "std_error"] > table.loc["ancova", "std_error"] * 0.8


def test_attrition_weights_bring_back_those_who_left(tmp_path: Path) -> None:
    """Who gains more leaves more often, in both arms: the weights find the effect on all, 2, from those who stayed."""
    rng = np.random.default_rng(9)
    before, after = persons(2000, seed=5, effect=0), persons(2000, seed=5, effect=0)
    after["y"] += (2 + after["x"]) * (after["arm"] == "T")
    stays = rng.random(2000) < 1 / (1 + np.exp(after["x"]))
    frame = pd.concat([before.assign(wave="before"), after[stays].assign(wave="after")], ignore_index=True).round(6)
    designs = {"plain": RANDOMISED, "weighted": MISSING["weighted"]}
    run = Run(written(tmp_path / "programme", frame, [indicator(n, d, **AFTER) for n, d in designs.items()], **LINKED))
    table = run.findings
    assert abs(table.loc["weighted", "estimate"] - 2) < 4 * table.loc["weighted", "std_error"]
    assert table.loc["plain", "estimate"] < 2 - 2.5 * table.loc["plain", "std_error"]
    assert run.status("weighted")["attrition"] == "passed"


def test_persons_without_a_block_are_left_out_and_counted(tmp_path: Path) -> None:
    """No block is not a block of its own: the effect is that of the seventy persons who have one."""
    frame = changed(site=lambda f: f["site"].where(f.index > 9))
    design = {**RANDOMISED, "blocks": "site"}
    some = Run(written(tmp_path / "some", frame, [indicator("it", design)]))
    rest = Run(written(tmp_path / "rest", frame[frame["site"].notna()], [indicator("it", design)]))
    for column in ("estimate", "std_error", "n_obs"):
        assert some.findings.loc["it", column] == pytest.approx(rest.findings.loc["it", column], rel=1e-12)
    assert (some.status("it")["complete_cases"], rest.status("it")["complete_cases"]) == ("failed", "passed")


def test_the_logarithm_of_an_outcome(tmp_path: Path) -> None:
    """The effect on the log is the difference of mean logs; what is not above zero has no logarithm and is counted."""
    frame = changed(y=lambda f: np.exp(f["y"]).round(6))
    frame.loc[[0, 1], "y"] = [0.0, -1.0]
    log = {"kind": "mean", "column": "y", "transform": "log"}
    run = Run(written(tmp_path / "programme", frame, [indicator("it", RANDOMISED, formula=log)]))
    logs = np.log(frame.loc[2:, "y"]).groupby(frame.loc[2:, "arm"]).mean()
    row = run.findings.loc["it"]
    assert row["estimate"] == pytest.approx(logs["T"] - logs["C"], rel=1e-12)
    assert row["value"] == pytest.approx(logs["T"], rel=1e-12)
    assert row["n_obs"] == 78
    assert run.status("it")["complete_cases"] == "failed"


# ------------------------------------------------------------------ families and forecasts


def outcomes(n: int = 120) -> pd.DataFrame:
    """Six outcomes of a small trial, of which one has a clear effect and one a doubtful one."""
    rng = np.random.default_rng(90)
    treated, common = np.arange(n) % 2, rng.normal(size=n)
    frame = pd.DataFrame({"person": [f"p{i:03}" for i in range(n)], "arm": np.where(treated == 1, "T", "C")})
    for place, effect in enumerate((1.5, 0.0, 0.0, 0.0, 0.0)):
        frame[f"y{place}"] = (effect * treated + 0.5 * common + rng.normal(size=n)).round(6)
    doubtful = rng.normal(size=n)
    doubtful -= pd.Series(doubtful).groupby(treated).transform("mean").to_numpy()
    error = np.sqrt(sum(doubtful[treated == arm].var(ddof=1) / (n / 2) for arm in (0, 1)))
    return frame.assign(y5=(doubtful + 2.2 * error * treated).round(9))


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    names = [f"y{i}" for i in range(6)]
    declared = [indicator(name, RANDOMISED, formula={"kind": "mean", "column": name}) for name in names]
    folder = tmp_path_factory.mktemp("families")
    runs = {"none": Run(written(folder / "none", outcomes(), declared))}
    for method in ("holm", "romano_wolf", "bonferroni", "benjamini_hochberg"):
        family = {"id": "all_of_them", "indicators": names, "method": method}
        runs[method] = Run(written(folder / method, outcomes(), declared, families=[family]))
    return runs


def test_holm_over_a_family(families: dict[str, Run]) -> None:
    """Holm by hand: the k-th smallest p-value times n − k + 1, never falling."""
    raw, adjusted = families["none"].findings["p_value"], families["holm"].findings
    ordered = raw.sort_values()
    by_hand = (ordered * np.arange(6, 0, -1)).cummax().clip(upper=1)
    np.testing.assert_allclose(adjusted["p_adjusted"][by_hand.index], by_hand, rtol=1e-12)
    assert set(adjusted["family"]) == {"all_of_them"}
    assert set(adjusted["adjustment"]) == {"holm, 6 outcomes"}
    pd.testing.assert_series_equal(adjusted["p_value"], raw)
    assert families["none"].findings["p_adjusted"].isna().all()


@pytest.mark.parametrize("method", ["holm", "romano_wolf", "bonferroni"])
def test_an_effect_lost_by_adjustment_is_no_clear_effect(families: dict[str, Run], method: str) -> None:
    before, after = families["none"].findings.loc["y5"], families[method].findings.loc["y5"]
    assert before["contribution"] == "improved"
    assert before["p_value"] < 0.05 < after["p_adjusted"]
    assert after["contribution"] == "no_clear_effect"
    assert "no clear effect once adjusted for the family all_of_them" in after["evidence_reason"]
    clear = families[method].findings.loc["y0"]
    assert clear["p_adjusted"] < 0.05
    assert clear["contribution"] == "improved"


def test_romano_wolf_uses_how_outcomes_move_together(families: dict[str, Run]) -> None:
    romano, holm = (families[name].findings for name in ("romano_wolf", "holm"))
    assert set(romano["adjustment"]) == {"romano-wolf, 9999 draws, 6 outcomes"}
    order = romano["p_value"].sort_values().index
    assert (romano.loc[order, "p_adjusted"].diff().dropna() >= 0).all()
    assert (romano["p_adjusted"] >= romano["p_value"] - 0.02).all()
    assert romano.loc["y5", "p_adjusted"] < holm.loc["y5", "p_adjusted"] + 0.02


def test_forecasts_are_scored(tmp_path: Path) -> None:
    """A forecast of the effect by three studies, and two of the value by judgement, one of them far off."""
    studies = [{"estimate": e, "std_error": 0.5, **KNOWN} for e in (1.5, 2.0, 2.4)]
    frame = persons(400)
    value = float(frame.loc[frame["arm"] == "T", "y"].mean())
    near = {"kind": "elicited", "quantiles": {"0.05": value - 1, "0.5": value + 0.05, "0.95": value + 1.1}, **KNOWN}
    far = {"kind": "elicited", "quantiles": {"0.05": 20, "0.95": 30}, **KNOWN}
    declared = [
        indicator("effect", RANDOMISED, ex_ante={"forecast": {"kind": "evidence", "studies": studies}}),
        indicator("near", RANDOMISED, ex_ante={"forecast": near}),
        indicator("far", RANDOMISED, ex_ante={"forecast": far}),
        indicator("none", RANDOMISED),
    ]
    table = Run(written(tmp_path / "programme", frame, declared)).findings
    assert list(table.loc[["effect", "near", "far"], "forecast_of"]) == ["effect", "value", "value"]
    assert list(table.loc[["effect", "near", "far"], "forecast_hit"]) == [True, True, False]
    assert table.loc["effect", "forecast"] == pytest.approx(np.mean([1.5, 2.0, 2.4]), abs=0.01)
    assert table.loc["effect", "forecast_low"] < table.loc["effect", "estimate"] < table.loc["effect", "forecast_high"]
    assert 0 < table.loc["near", "forecast_crps"] < 1
    assert 10 < table.loc["far", "forecast_crps"] < 25 - value
    assert pd.isna(table.loc["none", "forecast"])
    assert pd.isna(table.loc["none", "forecast_crps"])


def test_a_forecast_of_an_effect_that_is_not_estimable_is_not_scored(tmp_path: Path) -> None:
    studies = [{"estimate": e, "std_error": 0.5, **KNOWN} for e in (1.5, 2.0, 2.4)]
    forecast = {"forecast": {"kind": "evidence", "studies": studies}}
    declared = [indicator("it", RANDOMISED, ex_ante=forecast)]
    row = Run(written(tmp_path / "programme", changed(y=3.0), declared)).findings.loc["it"]
    assert row["forecast"] == pytest.approx(1.97, abs=0.02)
    assert pd.isna(row["forecast_hit"])
    assert pd.isna(row["forecast_crps"])


# ------------------------------------------------------------------ (c) wrong declarations

Wrong = tuple[list[dict[str, Any]], tuple[str, ...]]


def one(design: dict[str, Any] | None = None, **fields: Any) -> list[dict[str, Any]]:
    return [indicator("it", design, **fields)]


def calibrated(**calibration: Any) -> dict[str, Any]:
    return {"weight": "weight", "calibration": {**calibration, **KNOWN}}


def promised(**forecast: Any) -> dict[str, Any]:
    return {"forecast": {**forecast, **KNOWN}}


def test_a_series_is_not_looked_at_before_it_starts(tmp_path: Path) -> None:
    folder = written(tmp_path / "programme", months(), one(MONTH, ex_post={"wave": "2016-01"}), **SERIES)
    with pytest.raises(impact.errors.DeclarationError, match="looked at before its design starts"):
        impact.run(folder)


NUMBER = {"column": "x", "total": 1}
WRONG: dict[str, Wrong] = {
    "lin without covariates": (one({**RANDOMISED, "adjustment": "lin"}), ("lin needs covariates",)),
    "welch with clusters": (one({**RANDOMISED, "cluster": "team", "inference": {"errors": "welch"}}), ("welch", "two means")),
    "welch with covariates": (one({**RANDOMISED, "covariates": ["x"], "inference": {"errors": "welch"}}), ("welch", "two means")),
    "late without take-up": (one({**RANDOMISED, "estimand": "LATE"}), ("LATE needs take_up",)),
    "wild bootstrap without clusters": (one({**RANDOMISED, "inference": {"p_value": "wild_bootstrap"}}), ("by clusters", "one cluster column")),
    "clustered errors without clusters": (one({**RANDOMISED, "inference": {"errors": "CR2"}}), ("CR2 needs clusters", "Add cluster")),
    "drawing again what was not drawn": (one({"kind": "association", "exposure": "x", "inference": {"p_value": "randomisation"}}), ("no assignment", "randomised design")),
    "weights in matching": (one(MATCHING, sample={"weight": "weight"}), ("no sampling weights", "kind: weighting")),
    "calibrated weights in a design": (one(RANDOMISED, sample=calibrated(method="linear", margins=[NUMBER])), ("neither calibrated nor replicate", "of its own")),
    "panel without waves": (one({"kind": "panel", "treatment": "received"}), ("panel design needs waves", "no wave column")),
    "staggered without waves": (one({"kind": "staggered", "cohort": "team"}), ("staggered design needs waves", "no wave column")),
    "did without a baseline": (one(DID), ("needs a baseline wave for a did design", "ex_ante.baseline.wave")),
    "a wave that is not declared": (one(RANDOMISED, ex_post={"wave": "ghost"}), ("there is no wave 'ghost'",)),
    "a column that is not there": (one({**RANDOMISED, "covariates": ["ghost"]}), ("no column 'ghost'", "person, arm, team")),
    "a running variable in words": (one({**CUTOFF, "running": "team"}), ("column 'team' is text, not a number", "integer or number")),
    "a placebo outcome in words": (one({**RANDOMISED, "placebo_outcomes": ["team"]}), ("column 'team' is text, not a number", "integer or number")),
    "one code for both arms": (one({**RANDOMISED, "comparison": "T"}), ("treated and comparison are the same code",)),
    "cut by the arm": (one(RANDOMISED, by=["arm"]), ("cut by its arm column", "Remove it")),
    "a ratio in a trial": (one(RANDOMISED, formula={"kind": "ratio", "numerator": "y", "denominator": "x"}), ("needs an outcome per row", "mean, proportion, scale, threshold")),
    "matching on nothing": (one({"kind": "matching", **ARMS, "covariates": []}), ("covariates",)),
    "entropy balancing for the ATE": (one({**WEIGHTING, "method": "entropy", "estimand": "ATE"}), ("entropy balancing gives the ATT", "choose ipw or aipw")),
    "a known propensity in entropy balancing": (one({**WEIGHTING, "method": "entropy", "propensity": "known"}), ("goes with method: ipw or aipw",)),
    "a design that is not there": (one({"kind": "magic"}), ("'magic'", "regression_discontinuity")),
    "a field that is not there": (one({**RANDOMISED, "magic": 1}), ("unknown field 'magic'", "Remove or rename it")),
    "too few draws": (one({**RANDOMISED, "inference": {"draws": 5}}), ("greater than or equal to 99", "inference.draws")),
    "one imputation": (one({**RANDOMISED, "missing": {**IMPUTED, "draws": 1}}), ("greater than or equal to 2", "missing.draws")),
    "last value carried forward": (one({**RANDOMISED, "missing": {"method": "locf"}}), ("'locf'", "multiple_imputation")),
    "calibration without a weight": (one(sample={"calibration": {"method": "linear", "margins": [NUMBER], **KNOWN}}), ("start from a weight",)),
    "replicates without a weight": (one(sample={"replicates": {"method": "JK1"}}), ("start from a weight",)),
    "logit without bounds": (one(sample=calibrated(method="logit", margins=[NUMBER])), ("logit needs them",)),
    "bounds without logit": (one(sample=calibrated(method="linear", bounds=[0.5, 2], margins=[NUMBER])), ("bounds go with method: logit",)),
    "post-stratification by two columns": (one(sample=calibrated(method="post_stratification", margins=[{"column": c, "totals": {"a": 1}} for c in ("team", "arm")])), ("one margin", "use raking")),
    "raking on a number": (one(sample=calibrated(method="raking", margins=[NUMBER])), ("totals per code",)),
    "a margin with two kinds of totals": (one(sample=calibrated(method="linear", margins=[{**NUMBER, "totals": {"a": 1}}])), ("totals per code, or total",)),
    "weights of a census": (one(sample={"weight": "weight", "all_units": True}), ("all_units leaves no weight",)),
    "a quantile from replicates": (one(formula={"kind": "quantile", "column": "y"}, sample={"weight": "weight", "replicates": {"method": "JK1"}}), ("neither calibration nor replicates", "mean, proportion")),
    "quantiles that fall": (one(ex_ante=promised(kind="elicited", quantiles={"0.1": 3, "0.5": 2})), ("quantiles must grow with their level",)),
    "a quantile above one": (one(ex_ante=promised(kind="elicited", quantiles={"0.1": 3, "1.5": 4})), ("levels between 0 and 1",)),
    "a share above one": (one(ex_ante=promised(kind="elicited", family="beta", quantiles={"0.1": 3, "0.5": 4})), ("0 to 1", "other values")),
    "two studies": (one(ex_ante={"forecast": {"kind": "evidence", "studies": [{"estimate": 1, "std_error": 1, **KNOWN}] * 2}}), ("at least 3",)),
}  # fmt: skip
TRIALS = [indicator(name, RANDOMISED) for name in ("it", "b", "c")]
WRONG_FAMILIES: dict[str, tuple[list[dict[str, Any]], tuple[str, ...]]] = {
    "a member that is not there": ([{"id": "f", "indicators": ["it", "ghost"]}], ("no indicator 'ghost'", "it, b, c")),
    "two families of one indicator": ([{"id": "f", "indicators": ["it", "b"]}, {"id": "g", "indicators": ["it", "c"]}], ("'it' is in two families, 'f' and 'g'",)),
    "a member without a design": ([{"id": "f", "indicators": ["it", "bare"]}], ("'bare' has no design", "take it out of the family")),
    "a family of one": ([{"id": "f", "indicators": ["it"]}], ("at least 2",)),
    "two families of one name": ([{"id": "f", "indicators": ["it", "b"]}, {"id": "f", "indicators": ["c", "d"]}], ("two families have the id 'f'", "Rename")),
}  # fmt: skip
WRONG_WAVES: dict[str, tuple[dict[str, str], str]] = {
    "a year for a month": (
        {"every": "month", "first": "2015", "last": "2016"},
        "'2015' is not a month; write it as 1999-12",
    ),
    "the last before the first": ({"every": "year", "first": "2016", "last": "2010"}, "last comes before first"),
    "no such step": ({"every": "week", "first": "2016", "last": "2017"}, "every"),
}


def problems(capsys: pytest.CaptureFixture[str], folder: Path) -> list[dict[str, Any]]:
    """Run ``impact check`` for a person and for a program; return the problems."""
    outcome = call(capsys, "check", folder, "--json")
    assert outcome.code == 1, outcome.text
    shown = call(capsys, "check", folder)
    assert shown.code == 1
    found: list[dict[str, Any]] = outcome.json["problems"]
    return found


def told(found: list[dict[str, Any]], file: str, fragments: tuple[str, ...]) -> bool:
    """Tell whether one problem stands in the file at a line and a field, and says all that is expected."""
    for problem in found:
        words = " ".join(str(problem[key]) for key in ("what", "field", "expected", "found", "fix"))
        if (
            problem["file"] == file
            and problem["line"]
            and problem["field"]
            and all(part in words for part in fragments)
        ):
            return True
    return False


@pytest.mark.parametrize("name", WRONG)
def test_check_finds_what_no_data_can_mend(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    indicators, fragments = WRONG[name]
    found = problems(capsys, written(tmp_path / "programme", persons(), indicators))
    assert told(found, "indicators.yaml", fragments), found


@pytest.mark.parametrize("name", WRONG)
def test_run_refuses_a_wrong_declaration_too(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemsError):
        impact.run(written(tmp_path / "programme", persons(), WRONG[name][0]))


@pytest.mark.parametrize("name", WRONG_FAMILIES)
def test_check_finds_wrong_families(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    families, fragments = WRONG_FAMILIES[name]
    indicators = [*TRIALS, indicator("bare"), indicator("d", RANDOMISED)]
    found = problems(capsys, written(tmp_path / "programme", persons(), indicators, families=families))
    words = [" ".join(map(str, problem.values())) for problem in found if problem["file"] == "evaluation.yaml"]
    assert any(all(part in text for part in fragments) for text in words), found


@pytest.mark.parametrize("name", WRONG_WAVES)
def test_check_finds_wrong_series_of_waves(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    series, fragment = WRONG_WAVES[name]
    layout = {**PANEL, "waves": [series]}
    indicators = [indicator("it", {"kind": "panel", "treatment": "on"}, **LAST)]
    found = problems(capsys, written(tmp_path / "programme", adopters(), indicators, **layout))
    assert told(found, "programme.yaml", (fragment,)), found


@pytest.mark.parametrize(
    ("key", "person", "expected"),
    [(("row",), "unit", "key: [unit, year]"), (("unit", "year"), None, "Add person: to the contract.")],
)
def test_a_panel_needs_one_row_per_unit_and_wave(
    key: tuple[str, ...], person: str | None, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = adopters().assign(row=lambda f: [f"r{i}" for i in range(len(f))])
    for design in ({"kind": "panel", "treatment": "on"}, STAGGERED):
        layout = {**PANEL, "key": key, "person": person}
        folder = written(tmp_path / design["kind"], frame, [indicator("it", design, **LAST)], **layout)
        assert told(problems(capsys, folder), "indicators.yaml", (expected,))
