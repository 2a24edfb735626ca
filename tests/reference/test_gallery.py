"""Every reference value that a declaration can produce, produced by the engine from that declaration.

One programme folder per public dataset, one test per programme, in which each reference is held on its own: its value
and error, and its further numbers (event times, bandwidths, intervals). Tolerances are those of ``values.json`` unless
a case states its own and why. What no declaration can produce is listed in :data:`ELSEWHERE`, with the test that holds
it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import impact
from impact.words.sentences import in_digits
from tests.reference.gallery import Case, answer, cases, run
from tests.support.references import VALUE_FIGURES, reference, references

CASES = cases()
ROOT = Path(__file__).parents[2]
EXACT_SC = -19.513629768420856
"""Certified in rational arithmetic in ``tests/statistics/synthetic/test_control.py``."""
GLM_TERM = 3e-9
"""One calendar term of inverse probability weighting is 2.03e-9 away: R's glm stops at epsilon 1e-8."""

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "tests/statistics/power/test_closed_form.py": (
        "power.pwr_t_n_d05",
        "power.pwr_t_n_d02",
        "power.pwr_t_power_n50_d05",
        "power.pwr_t_mde_n100",
        "power.pwr_t_paired",
        "power.pwr_t2n",
        "power.pwr_t_onesided",
        "power.pwr_2p_h",
        "power.pwr_2p_n",
        "power.pwr_2p2n",
        "power.power_prop_test_n",
        "power.power_prop_test_power",
        "power.pwr_anova_n",
        "power.pwr_chisq_N",
        "power.pwr_f2_v",
        "power.pwr_r_n",
        "power.pwr_norm_n",
        "power.power_t_test_strict",
        "power.power_t_test_nonstrict",
        "power.crt_power_J40_n20_d025_rho05",
        "power.crt_J_for80",
        "power.bloom_mdes_J40_n20_rho05",
        "power.bloom_mdes_J30_n25_rho15_R2_5",
    ),
    "tests/statistics/test_multiplicity.py": (
        "padj.BH",
        "padj.BY",
        "padj.holm",
        "padj.hochberg",
        "padj.hommel",
        "padj.bonferroni",
    ),
    "tests/statistics/observational/test_sensitivity.py": ("sens.evalue",),
}
"""References that are no finding of a programme: closed forms and p-values without data, by the file that tests them."""

OF_VALUE: dict[str, tuple[str, ...]] = {
    "tests/statistics/meta/test_records.py": ("meta",),
    "tests/statistics/economics/test_references.py": ("cost", "irr", "sroi", "contract", "property"),
    "tests/statistics/scoring/test_scores.py": ("crps", "score", "brier", "forecast", "pit"),
    "tests/statistics/test_ranking.py": ("rank",),
    "tests/statistics/test_simplex_weights.py": ("weights",),
}
"""Families of references of pooling, costs, scores, ranks and contracts, by the file that tests every one of them."""


class ReaderTables:
    """The published tables of a run, read once; they answer like the result itself."""

    def __init__(self, result: impact.Result) -> None:
        self._tables = {name: getattr(result, name)() for name in ("findings", "measures", "diagnostics", "terms")}
        result.close()

    def findings(self) -> pd.DataFrame:
        return self._tables["findings"]

    def measures(self) -> pd.DataFrame:
        return self._tables["measures"]

    def diagnostics(self) -> pd.DataFrame:
        return self._tables["diagnostics"]

    def terms(self) -> pd.DataFrame:
        return self._tables["terms"]


def test_every_reference_is_accounted_for() -> None:
    declared = [case.reference for case in CASES]
    elsewhere = [name for names in ELSEWHERE.values() for name in names]
    everything = [*declared, *elsewhere]
    assert len(everything) == len(set(everything)), "a reference stands in two places"
    assert set(everything) == set(references())
    assert len(references()) == 175


def test_every_reference_of_value_has_its_file() -> None:
    """Each of these files asserts itself that it leaves none of its families out."""
    families = [family for of_file in OF_VALUE.values() for family in of_file]
    names = references(VALUE_FIGURES)
    assert len(names) == 230
    assert sorted(families) == sorted({name.partition(".")[0] for name in names})
    for file, of_file in OF_VALUE.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        assert all(f'"{family}.' in text for family in of_file), file


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in ELSEWHERE.items() for name in names])
def test_what_is_not_declared_is_tested_where_the_list_says(file: str, name: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    group, _, rest = name.partition(".")
    assert f'"{name}"' in text or (f'"{rest}"' in text and f'reference(f"{group}.' in text)


@pytest.mark.parametrize("programme", sorted({case.programme for case in CASES}))
def test_a_programme_gives_its_reference_values(programme: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    result = ReaderTables(run(programme, tmp_path))
    for case in (case for case in CASES if case.programme == programme):
        with subtests.test(case.reference):
            _holds_value_and_error(case, result)
        if case in WITH_EXTRAS:
            with subtests.test(case.reference, extra=True):
                _holds_further_numbers(case, result)
    with subtests.test("beyond the references"):
        BEYOND.get(programme, lambda _: None)(result)


def _holds_value_and_error(case: Case, result: ReaderTables) -> None:
    known = reference(case.reference)
    found = answer(case, result)
    assert found.value is not None, found.reason
    assert found.value == pytest.approx(known["value"], rel=case.value_tolerance or known["tolerance"], abs=0)
    if known.get("se") is not None:
        assert found.error is not None
        allowed = case.error_tolerance or known["tolerance"]
        assert found.error / case.error_factor == pytest.approx(known["se"], rel=allowed, abs=0)


def test_a_tolerance_or_factor_of_our_own_has_a_reason() -> None:
    own = [c for c in CASES if c.value_tolerance or c.error_tolerance or c.error_factor != 1]
    assert own
    assert all(case.why for case in own)


@dataclass(frozen=True)
class Tables:
    """The published tables of one indicator, and the measures of the programme's others."""

    finding: pd.Series
    measures: pd.DataFrame
    checks: pd.DataFrame
    terms: pd.DataFrame
    others: pd.DataFrame

    def term(self, family: str, term: str) -> pd.Series:
        return self.terms.loc[(family, term)]


def _tables(case: Case, result: ReaderTables) -> Tables:
    name = f"{case.programme}/{case.indicator}"
    measures, checks, terms = result.measures(), result.diagnostics(), result.terms()
    return Tables(
        result.findings().set_index("finding").loc[name],
        measures[measures["indicator"] == case.indicator].set_index("group_value"),
        checks[checks["finding"] == name].set_index("check"),
        terms[terms["finding"] == name].set_index(["family", "term"]),
        measures.set_index(["indicator", "wave"])["value"],
    )


Triple = tuple[str, float, float]


def _survey(_: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    whole = found.measures.loc[""] if "" in found.measures.index else found.measures.iloc[0]
    for low, high in extra.get("ci_t", ()):
        yield "conf_low", whole["conf_low"], low
        yield "conf_high", whole["conf_high"], high
    for place, code in enumerate(extra.get("stype", ())):
        yield f"value {code}", found.measures.loc[code, "value"], extra["api00"][place]
        yield f"error {code}", found.measures.loc[code, "std_error"], extra["se.api00"][place]


def _randomised(case: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    if case.place == "check:balance":
        yield "p", found.checks.loc["balance", "p_value"], extra["p"]
        degrees = found.checks.loc["balance", "detail"].partition(")")[0].removeprefix("F(").split(", ")
        yield "df1", float(degrees[0]), extra["df1"]
        yield "df2", float(degrees[1]), extra["df2"]
        return
    finding = found.finding
    shown = float(finding["inference"].rpartition("t(")[2].rstrip(")"))
    yield "df", shown, float(in_digits(extra["df"]))  # the rule is words
    if "ci" in extra:
        yield "low", finding["effect_low"], extra["ci"][0]
        yield "high", finding["effect_high"], extra["ci"][1]
    else:
        yield "t", finding["statistic"], abs(extra["t"])
        yield "p", finding["p_value"], extra["p"]


def _cohorts(case: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    kind = case.reference.rpartition(".")[2]
    if kind == "simple":
        return
    family = "event_time" if kind == "dynamic" else kind
    for place, label in enumerate(extra["egt"]):
        term = found.term(family, f"{label:+d}" if kind == "dynamic" else str(label))
        yield f"{label}", term["estimate"], extra["att_egt"][place]
        yield f"error of {label}", term["std_error"], extra["se_egt"][place]


def _event_times(_: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    for label, known in extra.items():
        term = found.term("event_time", f"{int(label.partition('::')[2]):+d}")
        yield label, term["estimate"], known["Estimate"]
        yield f"error of {label}", term["std_error"], known["Std. Error"]


def _matched(_: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    treated, _, rest = found.checks.loc["matched", "detail"].partition(" of ")
    yield "treated used", float(treated), extra["n_t"]
    yield "comparison used", float(rest.partition(" and ")[2].partition(" ")[0]), extra["n_c"]


def _discontinuity(case: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    if case.place == "check:density":
        yield "p", found.checks.loc["density", "p_value"], extra["p_jk"]
        words = found.checks.loc["density", "detail"].replace(",", "").split()
        yield "left", float(words[0]), extra["N"][3]
        yield "right", float(words[2]), extra["N"][4]
        return
    robust = found.term("estimator", "robust bias-corrected")
    yield "bias-corrected", robust["estimate"], extra["bias_corrected"]
    yield "robust error", robust["std_error"], extra["robust_se"]
    for family, key in (("bandwidth", "h"), ("bias bandwidth", "b")):
        for side, known in zip(("left", "right"), extra[key], strict=True):
            yield f"{family} {side}", found.term(family, side)["estimate"], known


def _weights(case: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    if case.reference == "sc.prop99":  # the reference's weights stopped early with the rest
        return
    for family, key in (("unit_weight", "omega"), ("time_weight", "lambda")):
        known = {name: weight for name, weight in extra[key].items() if weight > 0}
        assert set(found.terms.loc[family].index) == set(known)
        for name, weight in known.items():
            yield f"{family} {name}", found.term(family, name)["estimate"], weight


def _series(_: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    yield "phi", found.term("series", "autocorrelation of errors")["estimate"], extra["phi"]


def _bounds(_: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    yield "upper", found.term("lee_bounds", "upper")["estimate"], extra["upper_bound"]


NETWORK = {
    "ties": "ties",
    "recip_edge": "reciprocity",
    "trans_weak": "transitivity",
    "comp_weak": "components",
    "indeg_central": "degree_centralisation",
    "betw_central": "betweenness_centralisation",
    "dens": "density",
    "trans": "transitivity",
    "avgpath": "mean_path",
}
"""Numbers of R's sna and igraph, and the indicators that give them."""


def _network(case: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    kind, _, wave = case.place.partition(":")
    if "jaccard" in extra:
        pair = case.indicator[-2:]
        for name, known in {"persistent": "n11", "dissolved": "n10", "formed": "n01"}.items():
            yield name, found.others[f"{name}_{pair}", f"w{pair[1]}"], extra[known]
        return
    for known, indicator in NETWORK.items():
        if known in extra:
            yield known, found.others[indicator, wave if kind == "wave" else ""], extra[known]
    if case.programme == "karate":
        yield "between", found.others["cross_group_share", ""] * extra["m"], extra["E"]


def _oster(_: Case, extra: dict[str, Any], found: Tables) -> Iterator[Triple]:
    yield "without", found.term("oster", "without covariates")["estimate"], extra["beta"]["Uncontrolled Coefficient"]
    yield "with", found.term("oster", "with covariates")["estimate"], extra["beta"]["Controlled Coefficient"]


EXTRAS: dict[str, Callable[[Case, dict[str, Any], Tables], Iterator[Triple]]] = {
    "svy": _survey,
    "rct": _randomised,
    "cs": _cohorts,
    "sa": _event_times,
    "gardner": _event_times,
    "match": _matched,
    "rd": _discontinuity,
    "sdid": _weights,
    "its": _series,
    "lee": _bounds,
    "sens": _oster,
    "net": _network,
}
NOT_PUBLISHED = {"ipw.att", "aipw.att", "sc.prop99"}
"""Their extras are other estimators' numbers, or those of an early stop."""


WITH_EXTRAS = [
    case
    for case in CASES
    if reference(case.reference).get("extra")
    and case.reference not in NOT_PUBLISHED
    and not case.reference.endswith(".simple")
]


def test_no_extra_is_passed_over() -> None:
    assert {case.reference.partition(".")[0] for case in WITH_EXTRAS} <= set(EXTRAS)


def _holds_further_numbers(case: Case, result: ReaderTables) -> None:
    known = reference(case.reference)
    found = list(EXTRAS[case.reference.partition(".")[0]](case, known["extra"], _tables(case, result)))
    assert found, "nothing was compared"
    one_stop = "_ipw_lpop." in case.reference and case.reference.endswith(".calendar")
    allowed = GLM_TERM if one_stop else case.value_tolerance or known["tolerance"]
    for what, ours, theirs in found:
        assert ours == pytest.approx(theirs, rel=allowed, abs=0), what


def _the_synthetic_control_is_the_exact_optimum(result: ReaderTables) -> None:
    """R's own stops early; the engine's number is the one certified in rational arithmetic."""
    (case,) = (case for case in CASES if case.reference == "sc.prop99")
    found = answer(case, result)
    assert found.value == pytest.approx(EXACT_SC, rel=1e-10)
    assert f"{EXACT_SC:.8f}" in case.why


def _every_rule_has_the_same_coefficient(result: ReaderTables) -> None:
    """The reference records errors only; the coefficient is near the 1 that was simulated, whatever the rule."""
    found = [answer(case, result).value for case in CASES if case.programme == "petersen"]
    assert len(found) == 4
    assert all(value is not None and math.isclose(value, found[0] or 0, rel_tol=1e-12) for value in found)


BEYOND: dict[str, Callable[[ReaderTables], None]] = {
    "prop99": _the_synthetic_control_is_the_exact_optimum,
    "petersen": _every_rule_has_the_same_coefficient,
}
"""What must hold of a programme beside its reference values."""
