"""What a second run does: nothing new, a corrected file, a new wave with renamed items, a source or indicator gone."""

from __future__ import annotations

from pathlib import Path

import pytest

import impact
from impact.declare import load_programme
from impact.errors import UsageError
from impact.expect import plan_status, register_plan
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import edit, template

TABLES = ("load", "quarantine", "measure", "finding", "diagnostic", "definition", "run", "plan")


def everything(warehouse: Warehouse) -> dict[str, list[tuple]]:
    """Return the whole content of the engine's tables."""
    return {name: warehouse.rows(f"SELECT * FROM impact.{name} ORDER BY ALL") for name in TABLES}


def test_same_file_twice_adds_nothing(tmp_path: Path) -> None:
    folder = template(tmp_path)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        before = everything(warehouse)
        report = run_programme(load_programme(folder), warehouse)
        assert (report.loaded, report.computed, report.run_id) == ((), (), None)
        assert everything(warehouse) == before


def test_corrected_file_replaces_its_predecessor_and_says_what_changed(tmp_path: Path) -> None:
    folder = template(tmp_path)
    raw = folder / "raw" / "survey.csv"
    lines = raw.read_text().splitlines()
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        changed = lines[1].split(",")
        changed[4] = "5" if changed[4] != "5" else "4"
        raw.write_text("\n".join([lines[0], ",".join(changed), *lines[3:], "P999,baseline,treated,F,1,1,1,1,1"]) + "\n")
        report = run_programme(load_programme(folder), warehouse)
        assert report.changes == {"survey_file": {"added": 1, "removed": 1, "changed": 1, "unchanged": 238}}
        assert (report.rows_read, report.rows_good) == (240, 240)
        assert warehouse.rows('SELECT count(*) FROM "sample"."survey"') == [(240,)]
        assert warehouse.rows("SELECT count(*) FILTER (current), count(*) FROM impact.load") == [(1, 2)]
        kept = warehouse.rows("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'sample'")
        assert kept == [(1,)]  # the predecessor's rows are gone


def test_new_wave_with_renamed_items_is_reconciled_by_declaration(tmp_path: Path) -> None:
    folder = template(tmp_path)
    edit(
        folder / "programme.yaml",
        "theory_of_change:",
        "  - {id: later, title: Later, date: 2025-06, role: follow_up}\ntheory_of_change:",
    )
    edit(folder / "contracts.yaml", "codes: [baseline, end_line]", "codes: [baseline, end_line, later]")
    new = "\n".join(["codice;genere;w1;w2;w3;w4;w5;braccio", "P001;donna;5;5;5;5;5;T", "P002;uomo;1;1;1;1;1;C"]) + "\n"
    (folder / "raw" / "later.csv").write_text(new)
    with (folder / "sources.yaml").open("a") as handle:
        handle.write(
            "  - id: later_file\n    file: raw/later.csv\n    contract: survey\n    format: {delimiter: ';'}\n"
            "    rename: {codice: person_id, genere: gender, braccio: arm, w1: who1, w2: who2, w3: who3, w4: who4, w5: who5}\n"
            "    recode: {gender: {donna: F, uomo: M}, arm: {T: treated, C: comparison}}\n    set: {wave: later}\n"
            "    provenance: {title: later, kind: synthetic, generator: test}\n"
        )
    result = impact.run(folder)
    assert result.report.rows_bad == 0
    rows = result.warehouse.rows(
        'SELECT person_id, gender, arm, who5 FROM "sample"."survey" WHERE wave = \'later\' ORDER BY 1'
    )
    assert rows == [("P001", "F", "treated", 5), ("P002", "M", "comparison", 1)]


def test_only_what_changed_is_computed(tmp_path: Path) -> None:
    folder = template(tmp_path)
    text = (folder / "indicators.yaml").read_text()
    second = text[text.index("  - id:") :].replace("wellbeing_score", "second_score")
    (folder / "indicators.yaml").write_text(text + second)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        edit(folder / "indicators.yaml", second, second.replace("Punteggio di benessere", "Altro punteggio"))
        report = run_programme(load_programme(folder), warehouse)
        assert report.computed == ("second_score",)
        (folder / "indicators.yaml").write_text(text + second.replace("change: 10", "change: 4"))
        report = run_programme(load_programme(folder), warehouse)
        assert report.computed == ("second_score",)  # another promise of one leaves the other's result
        assert len(warehouse.rows("SELECT DISTINCT plan_hash FROM impact.finding")) == 1
        assert warehouse.rows("SELECT count(*) FROM impact.plan") == [(2,)]
        (folder / "indicators.yaml").write_text(text)
        run_programme(load_programme(folder), warehouse)
        left = warehouse.rows("SELECT DISTINCT indicator FROM impact.finding")
        assert left == [("wellbeing_score",)]


def test_source_that_is_gone_takes_its_rows_with_it(tmp_path: Path) -> None:
    folder = template(tmp_path)
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        run_programme(load_programme(folder), warehouse)
        edit(folder / "sources.yaml", "id: survey_file", "id: survey_again")
        report = run_programme(load_programme(folder), warehouse)
        assert set(report.loaded) == {"survey_again", "survey_file"}
        assert warehouse.rows("SELECT source FROM impact.load WHERE current") == [("survey_again",)]
        assert warehouse.rows('SELECT count(*) FROM "sample"."survey"') == [(240,)]


def test_registered_amended_exploratory(tmp_path: Path) -> None:
    folder = template(tmp_path)
    for old, new in (("2024-", "2099-"), ("2024-", "2099-")):
        path = folder / ("programme.yaml" if old else "")
        path.write_text(path.read_text().replace(old, new))
    edit(folder / "indicators.yaml", "due: 2024-12", "due: 2099-12")
    programme = load_programme(folder)
    assert plan_status(programme, programme.indicators[0]).label == "exploratory"
    assert register_plan(programme, "A. Evaluator") is not None
    programme = load_programme(folder)
    assert plan_status(programme, programme.indicators[0]).label == "registered"
    assert register_plan(programme, "A. Evaluator") is None
    edit(folder / "indicators.yaml", "change: 10", "change: 5")
    programme = load_programme(folder)
    amended = plan_status(programme, programme.indicators[0])
    assert amended.label == "amended"
    assert tuple(map(str, amended.changes)) == ("ex_ante.target.change: 10.0 → 5.0",)
    assert "not registered yet" in amended.detail
    register_plan(programme, "A. Evaluator", "the funder halved the promise")
    programme = load_programme(folder)
    assert "the funder halved the promise" in plan_status(programme, programme.indicators[0]).detail
    result = impact.run(folder)
    assert set(result.findings()["registration"]) == {"amended"}


def test_registration_after_the_end_line_stays_exploratory(tmp_path: Path) -> None:
    folder = template(tmp_path)
    register_plan(load_programme(folder), "A. Evaluator")
    assert set(impact.run(folder).findings()["registration"]) == {"exploratory"}


def test_edited_registration_is_refused(tmp_path: Path) -> None:
    folder = template(tmp_path)
    register_plan(load_programme(folder), "A. Evaluator")
    edit(folder / "registrations.yaml", "change: 10.0", "change: 1.0")
    with pytest.raises(impact.DeclarationError, match="edited after it was made"):
        impact.run(folder)


def test_database_in_use_or_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("no database")
    with pytest.raises(UsageError, match="cannot be opened"):
        Warehouse(tmp_path / "text.duckdb")
    with pytest.raises(UsageError, match="no database"):
        Warehouse(tmp_path / "none.duckdb", read_only=True)
    with Warehouse(tmp_path / "old.duckdb") as warehouse:
        warehouse.connection.execute("UPDATE impact.meta SET version = 0")
    with pytest.raises(UsageError, match="layout 0"):
        Warehouse(tmp_path / "old.duckdb")


def test_two_programmes_share_a_file(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "a.duckdb") as warehouse:
        for name in ("first", "second"):
            run_programme(load_programme(template(tmp_path, name)), warehouse)
        assert warehouse.rows("SELECT programme, count(*) FROM impact.finding GROUP BY 1 ORDER BY 1") == [
            ("first", 3),
            ("second", 3),
        ]


def test_trace_counts_the_rows_that_the_filter_selects(tmp_path: Path) -> None:
    folder = template(tmp_path)
    edit(folder / "indicators.yaml", "    by: [gender]\n", "    where: [{column: gender, equals: F}]\n")
    result = impact.run(folder)
    ((used, everybody),) = result.warehouse.rows("SELECT count(*) FILTER (gender = 'F'), count(*) FROM sample.survey")
    assert [file.rows_used for file in result.trace("sample/wellbeing_score").files] == [used]
    assert 0 < used < everybody
    result.close()
