"""The commands as a user types them: output, JSON, exit codes."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from impact.cli.main import main
from impact.declare import shipped
from tests.support.frameworks import FIRST, SECOND, framework, programme
from tests.support.programmes import edit, template
from tests.support.shipped import SHIPPED, shipped_database


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run a command in an empty folder; returns exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["impact", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_nsw_as_json_has_the_published_numbers(command) -> None:
    code, out, _ = command("run", shipped("data") / "nsw", "--json")
    found = {row["finding"]: row for row in json.loads(out)["findings"]}
    row = found["nsw/earnings"]
    assert code == 0
    assert (round(row["value"], 2), round(row["comparison"], 2)) == (6349.14, 4554.80)
    assert (round(row["estimate"], 2), round(row["std_error"])) == (1794.34, 671)
    assert "nsw/earnings_change/nodegree=1" in found


def test_demo_shows_all_levels_with_promise_and_outcome(command, tmp_path_factory: pytest.TempPathFactory) -> None:
    shutil.copy(shipped_database(tmp_path_factory), "impact-demo.duckdb")  # so that nothing has to be computed again
    code, out, _ = command("demo")
    assert code == 0
    for words in ("MICRO", "MESO", "MACRO", "promises kept", "promised", "effect", "† synthetic", "in quarantine"):
        assert words in out
    code, out, _ = command("demo", "--json")
    findings = json.loads(out)["findings"]
    assert code == 0
    assert {row["level"] for row in findings} == {"micro", "meso", "macro"}
    assert {row["programme"] for row in findings} == set(SHIPPED)
    assert all(
        row["data_kind"] == "synthetic" for row in findings if row["programme"] == "wecare" and row["level"] == "micro"
    )


def test_init_check_run_findings_trace(command) -> None:
    assert command("init", "my_programme")[0] == 0
    assert (Path("my_programme") / ".schemas" / "indicators.schema.json").is_file()
    assert command("check", "my_programme")[0] == 0
    assert command("run", "my_programme")[::2] == (0, "")  # no terminal, no progress: what a scheduler mails is empty
    code, out, _ = command("findings", "my_programme", "--all")
    assert code == 0
    assert "gender=F" in out
    code, out, _ = command("trace", "my_programme/wellbeing_score")
    assert code == 0
    for words in ("raw/survey.csv", "sha256", "SELECT", "indicators.yaml:", "lines 2, 3, 4"):
        assert words in out
    code, out, _ = command("trace", "my_programme/wellbeing_score", "--json")
    assert json.loads(out)["sources"][0]["rows_used"] == 240
    assert command("quarantine")[0] == 0
    code, out, _ = command("init", "my_programme")
    assert code == 2


def test_bad_rows_make_exit_code_one(command, tmp_path: Path) -> None:
    folder = template(tmp_path)
    with (folder / "raw" / "survey.csv").open("a") as handle:
        handle.write("P500,baseline,treated,F,9,1,1,1,1\n")
    code, out, _ = command("run", folder)
    assert code == 1
    assert "1 in quarantine" in out
    code, out, _ = command("quarantine", "sample")
    assert code == 1
    assert "at most 5" in out
    code, out, _ = command("quarantine", "sample", "--json")
    assert [(row["line"], row["value"], row["rule"]) for row in json.loads(out)] == [(242, "9", "max")]


def test_problems_are_all_shown_with_their_lines(command, tmp_path: Path) -> None:
    folder = template(tmp_path)
    edit(folder / "indicators.yaml", "node: wellbeing", "node: welbeing")
    edit(folder / "indicators.yaml", "who1, who2,", "who1, who22,")
    code, out, _ = command("check", folder)
    assert code == 1
    assert "indicators.yaml:4" in out
    assert "hangs on no node" in out
    assert "no column 'who22'" in out
    code, out, _ = command("check", folder, "--json")
    assert len(json.loads(out)["problems"]) == 2
    assert command("run", folder)[0] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("check", "nowhere"),
        ("run", "nowhere", "--json"),
        ("findings", "--db", "none.duckdb"),
        ("trace", "a/b", "--db", "none.duckdb"),
        ("run",),
        ("unknown",),
        ("init", "Not A Name"),
        ("quarantine", "--limit", "0"),
    ],
)
def test_wrong_use_is_exit_code_two(command, words: tuple[str, ...]) -> None:
    code, out, err = command(*words)
    assert code == 2
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    "name", ["check", "run", "demo", "init", "register", "findings", "quarantine", "trace", "export", "version"]
)
def test_every_command_has_help(command, name: str) -> None:
    code, out, _ = command(name, "--help")
    assert code == 0
    assert len(out.splitlines()) > 5


def test_until_stops_early(command, tmp_path: Path) -> None:
    folder = template(tmp_path)
    code, out, _ = command("run", folder, "--until", "validate", "--json")
    assert code == 0
    assert json.loads(out)["findings"] == []
    assert json.loads(out)["report"]["rows_good"] == 240
    assert command("run", folder, "--until", "later")[0] == 2


def test_register_writes_once(command, tmp_path: Path) -> None:
    folder = template(tmp_path)
    assert command("register", folder, "--author", "A. Evaluator")[0] == 0
    code, out, _ = command("register", folder, "--author", "A. Evaluator")
    assert code == 0
    assert "registered already" in out


def test_brief_writes_one_sheet_and_says_what_it_cannot(command, tmp_path_factory: pytest.TempPathFactory) -> None:
    db = shipped_database(tmp_path_factory)
    code, out, _ = command("brief", "wecare", "--db", db, "--lang", "en", "--out", "wecare.html")
    assert (code, out) == (0, "Wrote wecare.html\n")
    assert "Weakest link" in Path("wecare.html").read_text(encoding="utf-8")
    assert command("brief", "wecare", "--db", db, "--out", "wecare.txt")[0] == 2
    code, _, err = command("brief", "wecar", "--db", db, "--out", "wecare.html")
    assert code == 2
    assert "the database holds educate_girls, milano_sei_laltro, nsw" in err
    code, _, err = command("brief", "wecare", "--db", db, "--lang", "fr", "--out", "wecare.html")
    assert code == 2
    assert "it, en" in err


def test_portfolio_prints_families_the_next_euro_and_money(command, tmp_path_factory: pytest.TempPathFactory) -> None:
    db = shipped_database(tmp_path_factory)
    code, out, _ = command("portfolio", shipped("data") / "portfolio.yaml", "--db", db)
    assert code == 0
    for words in (
        "nsw/employed · 900,000 EUR †",
        "effect +11.1 pp [+2.5 pp; +19.6 pp]  ·  evidence 5 of 5",
        "▲ fund: nsw/employed",
        "not pooled: some effects are real, others synthetic (wecare/employed)",
        "refused: the amount is synthetic",
        "evidence 3 or more †: 56.2% (900,000 EUR)",
        "† synthetic data",
    ):
        assert words in out
    code, out, _ = command("portfolio", shipped("data") / "portfolio.yaml", "--db", db, "--json")
    printed = json.loads(out)
    assert [family["family"] for family in printed["families"]] == ["paid_work", "wellbeing", "ties"]
    wellbeing = printed["families"][1]["positions"][0]
    expected = 500_000 / (3000 * -wellbeing["effect"])
    assert wellbeing["cost_per_unit"]["value"] == pytest.approx(expected)
    assert wellbeing["cost_per_unit"]["low"] < expected < wellbeing["cost_per_unit"]["high"]


def test_portfolio_tells_a_wrong_name_with_its_line(command, tmp_path_factory: pytest.TempPathFactory) -> None:
    db, file = shipped_database(tmp_path_factory), Path("portfolio.yaml")
    shutil.copy(shipped("data") / "portfolio.yaml", file)
    edit(file, "indicator: cross_sector_ties", "indicator: sector_ties")
    code, _, err = command("portfolio", file, "--db", db)
    assert code == 1
    assert "portfolio.yaml:34" in err
    assert "such as cross_sector_ties" in err
    assert command("portfolio", "nowhere.yaml", "--db", db)[0] == 1


def test_compare_puts_programmes_beside_each_other_with_totals_by_sums(command, tmp_path: Path) -> None:
    framework(tmp_path)
    for name, frame in (("a", FIRST), ("b", SECOND)):
        assert command("run", programme(tmp_path, name, frame, ["in_work", "hour_cost"]))[0] == 0
    code, out, _ = command("compare", "common")
    assert code == 0
    for words in ("a †: 25.0%", "together †: 60.0%", "together †: 11.67", "not bound", "† synthetic data"):
        assert words in out
    code, out, _ = command("compare", "common", "--json")
    shared = {row["indicator"]: row for row in json.loads(out)["indicators"]}
    assert shared["in_work"]["totals"][0]["value"] == pytest.approx(0.6)
    assert [row["numerator"] for row in shared["in_work"]["programmes"]] == [1, 5]
    assert shared["hours_given"]["programmes"][0]["state"] == "not_bound"
    code, _, err = command("compare", "commons")
    assert code == 2
    assert "those in use: common" in err


def test_check_names_what_is_owed_to_a_framework(command, tmp_path: Path) -> None:
    framework(tmp_path)
    folder = programme(tmp_path, "a", FIRST, ["hour_cost"])
    code, out, _ = command("check", folder)
    assert code == 0
    assert "common 1.0: Common" in out
    assert "not bound, and required: in_work" in out
    code, out, _ = command("check", folder, "--json")
    (owed,) = json.loads(out)["frameworks"]
    assert (owed["required_not_bound"], owed["contracts_without_source"]) == (["in_work"], [])
