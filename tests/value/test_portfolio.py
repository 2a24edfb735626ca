"""Portfolios: what is refused, the next euro by rule, costs per unit, pooled effects and shares of money, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from impact.declare import load_programme, shipped
from impact.declare.portfolio import PortfolioFile, read_portfolio
from impact.errors import DeclarationError
from impact.publish.published import ReaderTables
from impact.run.flow import run_programme
from impact.states import AttainmentState, ContributionState, NextEuro
from impact.store import Warehouse
from impact.tables.finding import Finding
from impact.tables.frames import to_records
from impact.value.portfolio import PortfolioReading, read_positions
from impact.words import words_in
from impact.words.said import Said
from impact.words.sentences import written
from tests.support.findings import finding, with_effect
from tests.support.programmes import edit, template

NOTE = {"note": "made for a test"}


def money(programme: str, value: float = 1000, reached: int | None = None, **fields: Any) -> dict[str, Any]:
    amount = {"value": value, "currency": "EUR", "price_year": 2020, "kind": "real", "origin": NOTE} | fields
    funded: dict[str, Any] = {"id": programme, "amount": amount}
    return funded | ({"reached": {"value": reached, "kind": amount["kind"], "origin": NOTE}} if reached else {})


def family(*programmes: str, matters: float = 1.0, unit: str = "points", **fields: Any) -> dict[str, Any]:
    members = [{"programme": name, "indicator": "y"} for name in programmes]
    declared = {"id": "f", "title": "F", "unit": unit, "matters": {"value": matters, "origin": NOTE}}
    return declared | {"members": members} | fields


def declared(*funded: dict[str, Any], families: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"programmes": list(funded), "families": families or [family(*(each["id"] for each in funded))]}


def reading(content: dict[str, Any], *findings: Finding) -> PortfolioReading:
    return read_positions(PortfolioFile.model_validate(content), {}, "portfolio.yaml", findings)


def refused(folder: Path, content: dict[str, Any]) -> str:
    path = folder / "portfolio.yaml"
    path.write_text(json.dumps(content))
    with pytest.raises(DeclarationError) as error:
        read_portfolio(path)
    return str(error.value)


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_other_currencies_and_price_years_are_refused_with_the_remedy(tmp_path: Path) -> None:
    text = refused(tmp_path, declared(money("a"), money("b", currency="USD"), money("c", price_year=2019)))
    assert "programmes.b.amount" in text
    assert "expected EUR in prices of 2020, as the first amount; found USD in prices of 2020" in text
    assert "found EUR in prices of 2019" in text
    assert "by which rate and price index" in text


def test_what_stands_twice_or_has_no_amount_is_refused(tmp_path: Path) -> None:
    twice = declared(money("a"), money("a"), families=[family("a", "a"), family("b")])
    text = refused(tmp_path, twice)
    for words in ("'a' stands twice", "two families are called 'f'", "no two studies", "'b' has no amount"):
        assert words in text


def test_unknown_names_are_answered_with_the_nearest() -> None:
    content = declared(money("mada"), money("other"), families=[family("other")])
    content["families"][0]["members"][0]["indicator"] = "incone"
    with pytest.raises(DeclarationError) as error:
        reading(content, finding(), finding(programme="other", indicator="income"))
    text = str(error.value)
    assert "the database holds no programme 'mada'; expected such as made" in text
    assert "the programme 'other' has no indicator 'incone'; expected such as income" in text


# ---- the next euro ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "what", "code"),
    [
        (with_effect(2, 1.0, 3, 3), NextEuro.FUND, "enough"),
        (with_effect(2, 1.0, 3, 2), NextEuro.LEARN, "weak"),
        (with_effect(2, 1.0, 3, 5, contribution=ContributionState.NO_CLEAR_EFFECT), NextEuro.LEARN, "not_clear"),
        (with_effect(2, 0.5, 3, 5), NextEuro.LEARN, "size_open"),
        (with_effect(1, -0.5, 1.0, 5), NextEuro.LEARN, "zero_or_enough"),
        (with_effect(0.1, -0.5, 0.9, 5), NextEuro.DO_NOT_FUND, "too_small"),
        (with_effect(0.5, 0.2, 0.9, 5), NextEuro.DO_NOT_FUND, "too_small"),
        (with_effect(-2, -3, -0.1, 1), NextEuro.DO_NOT_FUND, "harm"),
        (with_effect(-2, -3, -1.0, 4, direction="decrease", contribution="improved"), NextEuro.FUND, "enough"),
        (finding(), NextEuro.LEARN, "no_effect"),
        (with_effect(2, 1, 3, 1, estimand=Said("estimand.change")), NextEuro.LEARN, "no_effect"),
        (with_effect(2, 1, 3, 5, direction="maintain"), NextEuro.NOT_DECIDED, "no_direction"),
        (with_effect(2, 1, 3, 5, unit="hours"), NextEuro.NOT_DECIDED, "unit"),
        (with_effect(2, 1, 3, 5, data_kind="synthetic"), NextEuro.NOT_DECIDED, "real_by_synthetic"),
        (finding(attainment=AttainmentState.SUPPRESSED), NextEuro.NOT_DECIDED, "suppressed"),
    ],
)
def test_the_next_euro_by_the_first_rule_that_holds(found: Finding, what: NextEuro, code: str) -> None:
    decision = reading(declared(money("made")), found).families[0].positions[0].decision
    assert (decision.what, decision.why.code) == (what, f"portfolios.{code}")
    assert written(decision.why, "it") != written(decision.why, "en")


# ---- money against outcome -------------------------------------------------------------------------------------------


def test_a_cost_per_unit_is_the_amount_over_the_effect_on_all_who_were_reached() -> None:
    found = reading(declared(money("made", 1000, 50)), with_effect(2, 1, 4, 5)).families[0].positions[0].per_unit
    assert (found.value, found.low, found.high) == (10, 5, 20)  # 1000 / 50 = 20 for each; over 2, 4 and 1
    assert found.data_kind == "real"


def test_less_of_what_is_to_decrease_is_an_outcome_too() -> None:
    less = with_effect(-2, -4, -1, 5, direction="decrease", contribution=ContributionState.IMPROVED)
    found = reading(declared(money("made", 1000, 50)), less).families[0].positions[0].per_unit
    assert (found.value, found.low, found.high) == (10, 5, 20)


@pytest.mark.parametrize(
    ("funded", "found", "code"),
    [
        (money("made"), with_effect(2, 1, 3, 5), "no_reached"),
        (money("made", reached=5), with_effect(2, -1, 3, 5), "unbounded"),
        (money("made", reached=5), with_effect(-2, -3, -1, 5), "worse"),
        (money("made", reached=5), finding(), "no_effect"),
        (money("made", reached=5), with_effect(2, 1, 3, 5, data_kind="synthetic"), "mixed"),
        (money("made", reached=5, kind="synthetic"), with_effect(2, 1, 3, 5), "mixed"),
    ],
)
def test_no_cost_per_unit_without_the_reason(funded: dict[str, Any], found: Finding, code: str) -> None:
    per_unit = reading(declared(funded), found).families[0].positions[0].per_unit
    assert per_unit.value is None
    assert isinstance(per_unit.reason, Said)
    assert per_unit.reason.code == f"portfolios.{code}"


# ---- effects pooled --------------------------------------------------------------------------------------------------


def two(first: dict[str, Any] | None = None, second: dict[str, Any] | None = None) -> list[Finding]:
    """Two effects of 0.2 and 0.4, each with a standard error of 0.1."""
    one = {"programme": "a", "std_error": 0.1} | (first or {})
    other = {"programme": "b", "std_error": 0.1} | (second or {})
    return [with_effect(0.2, 0.004, 0.396, 5, **one), with_effect(0.4, 0.204, 0.596, 5, **other)]


def test_effects_of_one_definition_are_pooled_by_random_effects() -> None:
    pooled = reading(declared(money("a"), money("b")), *two()).families[0].pooled
    # τ² = variance 0.02 less error 0.01; se = √((0.01 + 0.01) / 2) = 0.1; t(1) at 97.5 % is 12.7062
    assert pooled.value == pytest.approx(0.3)
    assert pooled.low == pytest.approx(0.3 - 1.27062, abs=1e-4)
    assert pooled.high == pytest.approx(0.3 + 1.27062, abs=1e-4)


def test_other_definitions_are_pooled_only_where_somebody_says_they_are_the_same() -> None:
    findings, content = two({"definition_hash": "e"}), declared(money("a"), money("b"))
    assert code_of(reading(content, *findings)) == "portfolios.definitions_differ"
    content["families"][0]["same_definition"] = {"origin": NOTE}
    assert reading(content, *findings).families[0].pooled.value == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"unit": "hours"}, "units_differ"),
        ({"direction": "decrease"}, "directions_differ"),
        ({"data_kind": "synthetic"}, "kinds_differ"),
        ({"std_error": None}, "too_few"),
        ({"estimand": Said("estimand.association")}, "too_few"),
    ],
)
def test_why_effects_are_not_pooled(first: dict[str, Any], code: str) -> None:
    assert code_of(reading(declared(money("a"), money("b")), *two(first))) == f"portfolios.{code}"


def code_of(found: PortfolioReading) -> str:
    pooled = found.families[0].pooled
    assert pooled.value is None
    assert isinstance(pooled.reason, Said)
    return pooled.reason.code


# ---- money by evidence -----------------------------------------------------------------------------------------------


def test_money_stands_at_the_best_evidence_for_an_improvement() -> None:
    hidden = finding(programme="d", attainment=AttainmentState.SUPPRESSED, contribution=ContributionState.SUPPRESSED)
    findings = [
        with_effect(2, 1, 3, 4, programme="a"),
        with_effect(2, 1, 3, 2, programme="b"),
        with_effect(-2, -3, -1, 5, programme="c"),  # harm, however well shown, is no improvement
        hidden,
    ]
    found = reading(declared(money("a", 400), money("b", 300), money("c", 200), money("d", 100)), *findings)
    assert [(share.level, share.amount, share.share) for share in found.shares] == [
        ("solid", 400, 0.4),
        ("2", 300, 0.3),
        ("1", 0, 0),
        ("none", 200, 0.2),
        ("hidden", 100, 0.1),
    ]


def test_shares_whose_parts_differ_in_origin_are_refused() -> None:
    invented = with_effect(2, 1, 3, 4, programme="b", data_kind="synthetic")
    real = with_effect(2, 1, 3, 4, programme="a")
    found = reading(declared(money("a"), money("b")), real, invented)
    assert found.shares == ()
    assert "b/y" in str(found.refused)
    mixed = reading(declared(money("a"), money("b", kind="synthetic")), real, invented)
    assert mixed.shares == ()
    assert "(b)" in str(mixed.refused)
    assert mixed.data_kind == "synthetic"


# ---- from files to a reading -----------------------------------------------------------------------------------------


def test_suppression_hides_a_programme_and_two_of_one_definition_are_pooled(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "r.duckdb") as warehouse:
        for name in ("one", "two"):
            folder = template(tmp_path, name)
            if name == "two":
                edit(folder / "programme.yaml", "theory_of_change:", "disclosure: {minimum: 1000}\ntheory_of_change:")
            run_programme(load_programme(folder), warehouse)
        findings = to_records(Finding, ReaderTables(warehouse).findings())
    member = {"indicator": "wellbeing_score"}
    unit = next(found.unit for found in findings if found.finding == "one/wellbeing_score")
    members = [{"programme": name} | member for name in ("one", "two")]
    content = declared(money("one"), money("two"), families=[family(unit=unit, members=members)])
    shown, hidden = reading(content, *findings).families[0].positions
    assert hidden.decision.why.code == "portfolios.suppressed"
    assert hidden.finding.estimate is None
    assert shown.finding.value is not None


def test_the_shipped_portfolio_is_synthetic_and_can_be_read() -> None:
    file, lines = read_portfolio(shipped("data") / "portfolio.yaml")
    assert {funded.amount.kind for funded in file.programmes} == {"synthetic"}
    assert lines["programmes", 0]


def test_origins_that_differ_are_named_in_the_language_of_the_reader() -> None:
    found = reading(declared(money("made", reached=5)), with_effect(2, 1, 3, 5, data_kind="synthetic"))
    said = found.families[0].positions[0].per_unit.reason
    assert "l'importo è reale, il numero di raggiunti reale, l'effetto sintetico" in words_in("it").said(said)
