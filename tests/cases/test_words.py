"""Cases of words: one number from one place, names and codes as they stand, sentences that say what they are of."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from impact_dashboards.page.view import View
from impact_dashboards.pages import PAGES
from impact_dashboards.parts.marks import ends_of
from impact_dashboards.parts.order import order_words
from impact_dashboards.server.app import create_app
from rich.console import Console

from impact.cli.terminal import print_findings, print_trace, term_lines
from impact.drawing.markup import words_of
from impact.publish import findings_table, read_table, trace_finding, validity_table
from impact.publish.rows import rows_of
from impact.publish.trace import Trace
from impact.store import Warehouse, open_reader
from impact.tables.files import Load
from impact.tables.finding import Finding
from impact.tables.results import Term
from impact.tables.runs import Definition, Run
from impact.words import words_in
from impact.words.said import Said
from impact.words.sentences import in_digits, written
from tests.cases.run import run_case
from tests.support.records import record
from tests.support.shipped import SHIPPED, shipped_database
from tests.support.views import asked, drawn, walk

THEORY = tuple(f"/en/theory/{name}" for name in SHIPPED)
MILAN = "milano_sei_laltro"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All programmes that come with the engine, in one database."""
    return shipped_database(tmp_path_factory)


@pytest.fixture(scope="module")
def shipped(db: Path) -> Iterator[Warehouse]:
    """The same, open."""
    with open_reader(db) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def browser(db: Path) -> Any:
    """A client of the app, which raises what goes wrong."""
    server = create_app(db).server
    server.testing = True
    return server.test_client()


def plain(text: str) -> str:
    """Return a text with single blanks."""
    return " ".join(text.split())


def page(warehouse: Warehouse, path: str) -> tuple[View, str]:
    """Return what is asked for, and all words of its page."""
    view = asked(warehouse, path)
    return view, plain(words_of(drawn(view, PAGES[view.address.page].content(view))))


# ---- one number from one place ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("programme", SHIPPED)
def test_rows_in_order_are_one_number_on_every_face(shipped: Warehouse, programme: str) -> None:
    loads, files = read_table(shipped, Load, programme), validity_table(shipped, programme)
    good = int(loads.loc[loads["current"], "rows_good"].sum())
    views = shipped.rows("SELECT view_name FROM duckdb_views() WHERE schema_name = ?", [programme])
    counted = sum(shipped.rows(f'SELECT count(*) FROM "{programme}"."{name}"')[0][0] for (name,) in views)
    assert good == int(files["rows_good"].sum()) == counted
    assert (loads["rows_good"] + loads["rows_bad"] == loads["rows_read"]).all()
    share = good / int(loads.loc[loads["current"], "rows_read"].sum())
    view, said = page(shipped, f"/en/portfolio?programme={programme}")
    assert f"Rows in order {view.words.number(share, 'share')}" in said
    own_findings = view.findings[view.findings["programme"] == programme]
    trace = trace_finding(shipped, own_findings["finding"].iloc[0])
    own = files.set_index("source")["rows_good"]
    assert all(file.load.rows_good == own[file.load.source] for file in trace.files)


def test_wecare_has_99_1_percent_of_its_rows_in_order(shipped: Warehouse) -> None:
    files = validity_table(shipped, "wecare")
    assert (files["rows_good"].sum(), files["rows_read"].sum()) == (7657, 7729)
    assert "Righe valide 99,1 %" in page(shipped, "/it/portfolio?programme=wecare")[1]


@pytest.mark.parametrize("path", THEORY)
def test_a_step_shows_state_and_number_of_one_indicator(shipped: Warehouse, path: str) -> None:
    view = asked(shipped, path)
    block = PAGES["theory"].content(view).block("chain")
    assert block is not None
    assert block.table is not None
    findings = view.findings.set_index("finding")
    for step in block.table.rows:
        if step["value_of"]:
            row = findings.loc[f"{view.programme}/{step['value_of']}"]
            assert row["attainment"] == step["state"], step["node"]
            assert step["value"].startswith(view.words.number(row["value"], row["unit"], ends_of(row)))


# ---- the headline of the portfolio -----------------------------------------------------------------------------------


def headline(view: View) -> str:
    """Return the sentence above the portfolio."""
    return plain(words_of(drawn(view, PAGES["portfolio"].content(view)))).partition("Promised outcomes reached")[0]


def test_the_headline_tells_outcomes_from_activities_and_real_from_synthetic(shipped: Warehouse) -> None:
    said = headline(asked(shipped, "/en/portfolio?programme=wecare"))
    rows = asked(shipped, "/en/portfolio?programme=wecare").published.findings("wecare")
    rows = rows[(rows["scope"] == "programme") & (rows["group"] == "all") & rows["target"].notna()]
    for kind, words in (("real", "Real data:"), ("synthetic", "Synthetic data, a demonstration:")):
        assert words in said
        part = said.split(words)[1].split("Synthetic data")[0]
        for stages, name in ((("outcome", "impact"), "outcomes"), (("input", "activity", "output"), "activities")):
            own = rows[(rows["data_kind"] == kind) & rows["stage"].isin(stages)]
            reached = (own["attainment"] == "reached").sum()
            assert (f"{reached} of {len(own)} promised {name}" in part) == bool(len(own)), (kind, name)


def test_nothing_is_beyond_doubt_of_counts(shipped: Warehouse) -> None:
    """Of Talents4coop every promise is a count of what was done."""
    said = headline(asked(shipped, "/en/portfolio?programme=talents4coop"))
    assert "promised activities and outputs reached" in said
    assert "doubt" not in said
    _, told = page(shipped, "/en/portfolio?programme=talents4coop")
    assert "Promised outcomes reached –" in told  # none was promised: no nought of nought


def test_data_are_as_old_as_what_they_are_about(shipped: Warehouse) -> None:
    """They were loaded a moment ago, and are of the seventies."""
    view = asked(shipped, "/en/portfolio?programme=nsw")
    block = PAGES["portfolio"].content(view).block("findings")
    assert block is not None
    assert block.table is not None
    dated = {row["finding"]: str(row["dated"]) for row in block.table.rows}
    assert dated["nsw/earnings"] == "1978-12-31"
    assert "rest on data that are more than a year old" in headline(view)


# ---- whom a number is about ------------------------------------------------------------------------------------------


def test_a_change_says_of_which_bodies_it_is(shipped: Warehouse) -> None:
    _, said = page(shipped, f"/en/network/{MILAN}")
    found = re.search(r"from ([\d.]+)% to ([\d.]+)% ?\. Each of the two numbers is of those who answered then\. Among the"
                      r" (\d+) bodies that answered both times the change is \+([\d.]+) pp", said)  # fmt: skip
    assert found, said[:500]
    before, after, _, change = map(float, found.groups())
    assert abs(after - before - change) > 1
    console = Console(file=io.StringIO(), width=400)
    findings = asked(shipped, f"/en/network/{MILAN}").findings
    print_findings(console, findings[findings["indicator"] == "cross_sector_ties"], show_parts=False)
    assert "the change of those who answered both times" in console.file.getvalue()  # type: ignore[attr-defined]


# ---- effects are written as effects ----------------------------------------------------------------------------------


def forecast_trace(of: str) -> Trace:
    """Return the little of a trace that says a forecast."""
    effect = {"estimate": 0.1, "effect_low": 0.005, "effect_high": 0.195, "std_error": 0.048}
    forecast = {"forecast_of": of, "forecast": 0.1, "forecast_low": 0.005, "forecast_high": 0.195}
    finding = record(Finding, finding="p/a", unit="share", value=0.5, **effect, **forecast)
    return Trace(finding, record(Definition), (), (), (), (), record(Run), ())


@pytest.mark.parametrize(
    ("of", "said"), [("effect", "effect +10.0 pp [+0.5 pp; +19.5 pp]"), ("value", "value 10.0% [0.5%; 19.5%]")]
)
def test_a_forecast_of_an_effect_is_written_as_an_effect(of: str, said: str) -> None:
    console = Console(file=io.StringIO(), width=400)
    print_trace(console, forecast_trace(of))
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert said in written
    assert "SE 4.8 pp" in written


def test_terms_that_are_effects_are_written_as_effects() -> None:
    term = record(Term, family=Said("family.leave_one_out"), term="without a", estimate=0.1, std_error=0.02, detail="")
    assert list(term_lines([term], "share")) == ["leave_one_out without a: +10.0 pp (SE 2.0 pp)"]
    other = replace(term, family=Said("family.turnover"))
    assert list(term_lines([other], "share")) == ["turnover without a: 0.1 (SE 0.020)"]


def test_an_error_of_an_effect_on_a_share_is_in_points(shipped: Warehouse) -> None:
    _, said = page(shipped, "/it/indicator/wecare/knows_services")
    assert re.search(r"\d,\d punti percentuali · CR2", said)


# ---- codes as they stand ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["62.01", "62.0", "1,000", "1.5%", "level", "v1.5"])
def test_codes_stay_as_they_stand(code: str) -> None:
    assert written(Said("checks.without", name=code), "it") == f"senza {code}"
    assert written(Said("condition.equals", column="activity", operand=code), "it") == f"activity è uguale a {code}"
    assert written(code, "it") == code


def test_numbers_of_a_sentence_are_still_numbers() -> None:
    said = Said("checks.lost_shares", treated=0.173, n_treated=1655, comparison=0.181, n_comparison=602)
    assert written(said, "it") == "persi: 17,3 % di 1655 trattati e 18,1 % di 602 nel confronto"


# ---- the reason for which there is no interval -----------------------------------------------------------------------


def test_values_of_one_row_are_not_called_counted(tmp_path: Path) -> None:
    findings = findings_table(run_case("12", tmp_path).warehouse)
    rows = rows_of(findings[(findings["indicator"] == "cov") & (findings["scope"] != "programme")])
    for language, reason in (("en", "counted, not estimated"), ("it", "contati, non stimati")):
        said = order_words(words_in(language), rows)
        assert reason not in said
        assert "not known (" in said or "non si conosce (" in said
    counts = rows_of(findings[(findings["indicator"] == "nfac") & (findings["scope"] != "programme")])
    assert "counted, not estimated" in order_words(words_in("en"), counts)


# ---- numbers that carry meaning --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, -0.0, -1e-17, -0.0004, 1e-17])
def test_nought_has_no_sign(value: float) -> None:
    for language in ("it", "en"):
        words = words_in(language)
        assert not re.match("[−-]", words.number(value, "share"))
        assert not re.match("[−-]", words.gain(value, "share"))
    assert words_in("en").number(-0.0) == "0"


@pytest.mark.parametrize(
    ("value", "said"), [(3.4e-55, "< 0,001"), (0.0, "< 0,001"), (0.0123, "= 0,012"), (1.0, "= 1,000"), (None, "–")]
)
def test_p_values_have_three_places(value: float | None, said: str) -> None:
    assert words_in("it").p_value(value) == said


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e7, "10000000"), (21.2566, "21.26"), (0.000123456, "0.0001235"), (-12.0, "-12"), (np.inf, "inf")],
)
def test_digits_of_a_sentence(value: float, text: str) -> None:
    assert in_digits(value) == text


# ---- addresses that are none -----------------------------------------------------------------------------------------

GONE = ("/sign-in", "/sign-out", "/assets", "/assets/", "/_foo", "/_reload-hash", "/_favicon.ico", "/static/x",
        "/_dash-component-suites/dash/x.js", "/_dash-component-suites/nope/x.js", "/it/nope", "/%00")  # fmt: skip
PAGE = {"id": "page", "property": "address", "value": "/it/portfolio"}
QUESTION = {"output": "page.content", "outputs": {"id": "page", "property": "content"}, "inputs": [PAGE]}
NO_QUESTIONS = {
    "an empty one": {},
    "a list": [],
    "nothing": None,
    "a number": 1,
    "another output": QUESTION | {"output": "page.nope"},
    "no address": QUESTION | {"inputs": [PAGE | {"value": 5}]},
    "an address elsewhere": QUESTION | {"inputs": [PAGE | {"value": "https://example.org/it/portfolio"}]},
    "a file": QUESTION | {"inputs": [PAGE | {"value": "/it/portfolio/findings.csv"}]},
    "two addresses": QUESTION | {"inputs": [PAGE, PAGE]},
}


@pytest.mark.parametrize("path", GONE)
def test_an_address_that_is_none_is_not_found(browser: Any, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("asks", NO_QUESTIONS)
def test_a_question_that_is_none_is_refused(browser: Any, asks: str) -> None:
    answer = browser.post("/_dash-update-component", json=NO_QUESTIONS[asks])
    assert (answer.status_code, answer.text) == (400, "No such question.\n")


def test_a_deep_question_is_refused(browser: Any) -> None:
    deep = "[" * 3000 + "]" * 3000
    posted = {"data": deep, "content_type": "application/json"}
    assert browser.post("/_dash-update-component", **posted).status_code == 400
    posted["data"] = json.dumps("x" * 100_000)
    assert browser.post("/_dash-update-component", **posted).status_code == 413


def test_the_question_of_the_page_is_answered(browser: Any) -> None:
    assert browser.post("/_dash-update-component", json=QUESTION).status_code == 200


@pytest.mark.parametrize("path", ["/it/portfolio", "/it/portfolio/findings.csv", "/it/theory/wecare/chain.svg"])
def test_an_answer_has_one_charset(browser: Any, path: str) -> None:
    assert browser.get(path).headers["Content-Type"].count("charset") == 1


# ---- titles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("programme", SHIPPED)
def test_columns_that_cut_findings_have_a_title_in_both_languages(shipped: Warehouse, programme: str) -> None:
    cuts = asked(shipped, "/it/portfolio").published.cuts(programme)
    words = cuts["column"].str.replace("_", " ").str.capitalize()
    assert cuts.loc[cuts["title_it"] == words, "column"].tolist() == []


def test_files_in_italian_hold_sentences_in_italian(browser: Any) -> None:
    texts = {
        language: browser.get(f"/{language}/indicator/wecare/loneliness/terms.csv").text for language in ("it", "en")
    }
    tables = {language: pd.read_csv(io.StringIO(text)) for language, text in texts.items()}
    assert tables["en"]["term"].str.startswith("without ").any()
    assert not tables["it"]["term"].str.startswith("without ").any()
    assert tables["en"]["estimate"].tolist() == tables["it"]["estimate"].tolist()
    findings = pd.read_csv(io.StringIO(browser.get("/it/portfolio/findings.csv?programme=nsw").text))
    assert findings["method"].str.contains("campione").any()


def test_an_activity_is_called_by_its_kind(shipped: Warehouse) -> None:
    view = asked(shipped, "/it/monitoring/talents4coop")
    heads = [plain(words_of(part)) for part in walk(drawn(view, PAGES["monitoring"].content(view))) if part.tag == "th"]
    assert any(head.startswith("Intervista") for head in heads)
