"""The command line used wrongly: exit code 2, one sentence that helps, nothing written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from impact.api import run as run_in_python
from impact.cli.options import DEFAULT_DB
from tests.bad_input.harness import ID, call, change, content, opened, squeeze

MISUSE: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown_command": (("rnu", "{folder}"), "No such command"),
    "unknown_option": (("run", "{folder}", "--fast"), "No such option"),
    "no_folder_given": (("run",), "Missing argument"),
    "two_folders": (("run", "{folder}", "{folder}"), "unexpected extra argument"),
    "folder_missing": (("run", "{home}/nowhere", "--db", "{db}"), "no programme folder at"),
    "file_for_folder": (("run", "{folder}/programme.yaml", "--db", "{db}"), "no programme folder at"),
    "check_folder_missing": (("check", "{home}/nowhere"), "no programme folder at"),
    "bad_until": (("run", "{folder}", "--db", "{db}", "--until", "tomorrow"), "declare, validate, measure, publish"),
    "until_without_value": (("run", "{folder}", "--until"), "requires an argument"),
    "database_in_no_folder": (("run", "{folder}", "--db", "{home}/no/x.duckdb"), "no folder"),
    "database_is_a_folder": (("run", "{folder}", "--db", "{home}"), "cannot be opened"),
    "database_is_text": (("run", "{folder}", "--db", "{folder}/programme.yaml"), "cannot be opened"),
    "findings_of_text": (("findings", "--db", "{folder}/programme.yaml"), "cannot be opened"),
    "findings_of_nothing": (("findings", "--db", "{home}/no.duckdb"), "no database at"),
    "findings_of_a_folder": (("findings", "--db", "{home}"), "no database at"),
    "quarantine_of_nothing": (("quarantine", "--db", "{home}/no.duckdb"), "no database at"),
    "trace_in_nothing": (("trace", "a/b", "--db", "{home}/no.duckdb"), "no database at"),
    "findings_of_another_programme": (("findings", "other", "--db", "{db}"), f"it holds {ID}"),
    "quarantine_of_another_programme": (("quarantine", "other", "--db", "{db}"), f"it holds {ID}"),
    "quarantine_of_sql": (("quarantine", "'; DROP TABLE x; --", "--db", "{db}"), "it holds"),
    "trace_of_nothing": (("trace", f"{ID}/wellbeing", "--db", "{db}"), f"nearest are {ID}/wellbeing_score"),
    "trace_without_name": (("trace", "", "--db", "{db}"), "no finding ''"),
    "limit_of_zero": (("quarantine", "--db", "{db}", "--limit", "0"), "--limit"),
    "limit_of_words": (("quarantine", "--db", "{db}", "--limit", "ten"), "--limit"),
    "port_of_one": (("demo", "--port", "1"), "--port"),
    "init_with_space": (("init", "My Programme"), "lower-case"),
    "init_with_nothing": (("init", ""), "lower-case"),
    "init_upwards": (("init", ".."), "lower-case"),
    "init_of_what_exists": (("init", "{folder}"), "exists already"),
    "init_in_no_folder": (("init", "{home}/no/new"), "no folder"),
    "register_without_author": (("register", "{folder}"), "--author"),
    "register_by_nobody": (("register", "{folder}", "--author", "  "), "names its author"),
    "json_of_nothing": (("findings", "--db", "{home}/no.duckdb", "--json"), "no database at"),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse(name: str, folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, fragment = MISUSE[name]
    before, files = content(database), sorted(path for path in database.parent.rglob("*") if path != database)
    filled = [a.format(folder=folder, home=database.parent, db=database) for a in arguments]
    outcome = call(capsys, *filled)
    assert outcome.code == 2
    assert squeeze(fragment) in outcome.text.replace("│", "")
    assert sorted(path for path in database.parent.rglob("*") if path != database) == files
    assert content(database) == before


READERS = {"findings": (), "quarantine": (), "trace": ("a/b",), "findings_of": (ID,)}


@pytest.mark.parametrize("reader", READERS)
def test_a_database_of_somebody_else(reader: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (i INTEGER)")
    outcome = call(capsys, reader.split("_", maxsplit=1)[0], *READERS[reader], "--db", path)
    assert outcome.code == 2
    assert "other.duckdb" in outcome.text


@pytest.mark.parametrize(
    "command", [("run", "{folder}"), ("findings",), ("quarantine",), ("trace", f"{ID}/wellbeing_score")]
)
def test_a_database_of_another_layout(
    command: tuple[str, ...], folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("UPDATE impact.meta SET version = 99")
    outcome = call(capsys, *[part.format(folder=folder) for part in command], "--db", database)
    assert outcome.code == 2
    assert "99" in outcome.text
    assert "results.duckdb" in outcome.text


@pytest.mark.parametrize("command", [("run", "{folder}"), ("findings",)])
def test_a_database_in_use(
    command: tuple[str, ...], folder: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = f"import duckdb, sys; c = duckdb.connect({str(database)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        outcome = call(capsys, *[part.format(folder=folder) for part in command], "--db", database)
        holder.communicate()
    assert outcome.code == 2
    assert "anotherprocessisusingit" in outcome.text


@pytest.mark.parametrize("name", ["impact", ID, "main", "select", "a b", "memory", "system"])
def test_the_database_may_be_called_anything(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As its schema or programme too."""
    database = tmp_path / f"{name}.duckdb"
    assert call(capsys, "run", folder, "--db", database).code == 0
    assert call(capsys, "run", folder, "--db", database).code == 0
    found = call(capsys, "findings", "--db", database, "--json")
    assert found.json[0]["n"] == 10


def test_the_default_database(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder.parent)
    assert call(capsys, "run", folder).code == 0
    assert (folder.parent / DEFAULT_DB).is_file()
    assert "wellbeing_score" in call(capsys, "findings").text


def test_stopping_earlier_publishes_nothing(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for until, loads, findings in (("declare", 0, 0), ("validate", 1, 0), ("measure", 1, 0), ("publish", 1, 3)):
        database = tmp_path / f"{until}.duckdb"
        assert call(capsys, "run", folder, "--db", database, "--until", until).code == 0
        with opened(database) as connection:
            counts = connection.execute(
                "SELECT (SELECT count(*) FROM impact.load), (SELECT count(*) FROM impact.finding)"
            ).fetchall()
        assert counts == [(loads, findings)], until


def test_init_in_the_working_folder_runs_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "init", "mine").code == 0
    assert call(capsys, "check", "mine").code == 0
    assert call(capsys, "run", "mine", "--db", "x.duckdb").code == 0


def test_registrations_edited_by_hand(folder: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "register", folder, "--author", "A").code == 0
    before = content(database)
    edits = (
        ("change: 10", "change: 1"),
        ("registered_at: '20", "registered_at: '19"),
        ("author: A", "author: B"),
    )
    for number, (old, new) in enumerate(edits):
        copy = Path(shutil.copytree(folder, folder.with_name(f"copy{number}")))
        change(copy, "registrations.yaml", old, new)
        outcome = call(capsys, "run", copy, "--db", database, "--json")
        assert outcome.code == 1, f"{old} → {new}: an edited registration was believed"
        assert {problem["file"] for problem in outcome.json["problems"]} == {"registrations.yaml"}
        assert content(database) == before


def test_python_leaves_no_open_database_after_an_error(folder: Path, tmp_path: Path) -> None:
    (folder / "raw" / "survey.csv").unlink()
    with pytest.raises(Exception, match="missing"):
        run_in_python(folder, tmp_path / "x.duckdb")
    with duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM impact.load").fetchall() == [(0,)]
