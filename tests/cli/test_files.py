"""Every command that writes files: killed, interrupted or out of space at any step, it leaves all or nothing."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from impact.cli.add_series import add_context
from impact.declare import load_programme
from impact.files import JOURNAL, held, settle, write_file
from impact.store import Warehouse, open_reader, published_copy
from tests.support.nursery import KINDS, Ended, Nursery
from tests.support.programmes import edit, template

TSV = "freq,unit,sex,geo\\TIME_PERIOD\t2019 \t2020 \nA,NR,T,ITC1\t12.5 \t13 \n"
ADD = ("context", "add", "edat.tsv", "sample", "--id", "training", "--format", "eurostat_tsv", "--territory", "geo",
       "--title", "Training", "--publisher", "Eurostat", "--licence", "CC BY 4.0")  # fmt: skip
TABLES = ("export", "sample", "--format", "csvw", "--table", "findings", "--table", "waves")
ASSIGN = "assignments:\n  - {id: lottery, contract: survey, wave: baseline, seed: 7}\n"


@dataclass(frozen=True)
class Command:
    """A command that writes: its arguments, what has to be there before, and what its files are called."""

    arguments: tuple[str, ...]
    needs_run: bool = False
    before: Callable[[Path], None] = lambda _: None


def _amended(home: Path) -> None:
    edit(home / "sample" / "indicators.yaml", "change: 10", "change: 9")


def _written(*names: str) -> Callable[[Path], None]:
    return lambda home: [(home / name).write_text("as it was") for name in names] and None  # type: ignore[func-returns-value]


COMMANDS = {
    "register": Command(("register", "sample", "--author", "A")),
    "context add": Command(ADD),
    "init": Command(("init", "mine")),
    "power": Command(("power", "sample", "--figure", "power.html", "--no-simulate"), before=_written("power.html")),
    "assign": Command(("assign", "sample", "lottery", "--to", "arms.csv", "--db", "a.duckdb"), needs_run=True),
    "report": Command(("report", "sample", "--out", "r.html", "--db", "a.duckdb"), True, _written("r.html")),
    "brief": Command(("brief", "sample", "--out", "b.html", "--db", "a.duckdb"), True, _written("b.html")),
    "export": Command(("export", "sample", "--out", "t.zip", "--replace", "--db", "a.duckdb"), True, _written("t.zip")),
    "export to a folder": Command((*TABLES, "--out", "t", "--db", "a.duckdb"), needs_run=True),
    "run": Command(("run", "sample", "--db", "a.duckdb"), needs_run=True, before=_amended),
}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.stop()


class Scene:
    """A place where commands are run again and again from the same beginning."""

    def __init__(self, nursery: Nursery, folder: Path) -> None:
        self.nursery, self.start, self.home = nursery, folder / "start", folder / "home"
        self.start.mkdir(parents=True)
        (self.start / "edat.tsv").write_text(TSV)
        (template(self.start) / "evaluation.yaml").write_text(ASSIGN)
        self.ran = False

    def ready(self, command: Command) -> Path:
        """Make the folder as it is before the command."""
        if command.needs_run and not self.ran:
            assert self.nursery.call(self.start, "run", "sample", "--db", "a.duckdb").code == 0
            self.ran = True
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.start, self.home, copy_function=shutil.copy2)
        command.before(self.home)
        return self.home

    def call(self, command: Command, **fault: object) -> Ended:
        return self.nursery.call(self.home, *command.arguments, **fault)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scene(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(nursery, tmp_path_factory.mktemp("files"))


def state(home: Path) -> dict[str, bytes]:
    """Return the files that anybody sees; of a database what readers see of it."""
    found = {}
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home)
        hidden = any(part.startswith(".") and part != ".schemas" for part in name.parts)
        if path.is_file() and not hidden and not name.parts[0].startswith("a.duckdb"):
            found[str(name)] = path.read_bytes()
    if (home / "a.duckdb").exists():
        assert published_copy(home / "a.duckdb") is not None
        with open_reader(home / "a.duckdb") as reader:
            found["findings"] = repr(reader.rows("SELECT finding, target FROM impact.finding ORDER BY ALL")).encode()
    return found


def sizes(found: dict[str, bytes]) -> dict[str, int]:
    """Two registrations or reports of the same plan differ in the time, and in nothing else."""
    return {name: len(content) for name, content in found.items()}


def leftovers(home: Path) -> list[str]:
    kinds = (".part", ".lock", ".together")
    return [str(path) for path in home.rglob(".*") if path.suffix in kinds or path.name == JOURNAL]


def strike(scene: Scene, name: str, kind: str, step: int, after: dict[str, bytes]) -> None:
    """Break a command at a step: all or nothing of it, then done again as if nothing had been."""
    command = COMMANDS[name]
    home = scene.ready(command)
    before = state(home)
    ended = scene.call(command, kind=kind, step=step)
    where = f"{name}: {kind} at step {step}: {ended}"
    assert ended.code in (0, KINDS[kind]), where
    assert "Traceback" not in ended.text, where
    if (home / "sample").is_dir():
        settle(home / "sample")
    found = state(home)
    assert found == before or sizes(found) == sizes(after), where
    if found == before:
        again = scene.call(command)
        assert again.code == 0, f"{where}; then {again}"
        assert sizes(state(home)) == sizes(after), where
        assert leftovers(home) == [], where


def whole(scene: Scene, name: str) -> tuple[int, dict[str, bytes]]:
    """Run a command to its end; return its steps, and what stands then."""
    home = scene.ready(COMMANDS[name])
    before = state(home)
    ended = scene.call(COMMANDS[name])
    assert ended.code == 0, ended
    assert state(home) != before
    assert leftovers(home) == []
    return ended.steps, state(home)


@pytest.mark.parametrize("name", COMMANDS)
def test_all_or_nothing(scene: Scene, name: str) -> None:
    """A step and a kind of each command drawn by its name, and the last one: the rename and what follows it."""
    steps, after = whole(scene, name)
    draw = random.Random(name)  # noqa: S311 - steps, not secrets
    for kind in KINDS:
        strike(scene, name, kind, draw.randint(1, steps), after)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", COMMANDS)
def test_all_or_nothing_at_every_step(scene: Scene, name: str, kind: str) -> None:
    steps, after = whole(scene, name)
    for step in range(1, steps + 1):
        strike(scene, name, kind, step, after)


# ---- two at a time, and other ends ---------------------------------------------------------------------------------


def test_two_that_add_at_once_are_both_there(tmp_path: Path) -> None:
    folder = template(tmp_path)
    given = {
        "series": {"format": "eurostat_tsv", "territory": "geo"},
        "set": {"series": "s", "series_title": "S"},
        "provenance": {"title": "S", "kind": "real", "publisher": "P", "licence": "L"},
    }

    def add(name: str) -> None:
        (tmp_path / f"{name}.tsv").write_text(TSV)
        add_context(folder, tmp_path / f"{name}.tsv", {"id": name, **given})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, ("one", "two", "three", "four")))
    assert {source.id for source in load_programme(folder).sources} == {"survey_file", "one", "two", "three", "four"}


def test_a_journal_leads_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / ".x.together").write_text("new")
    (tmp_path / "x").write_text("old")
    (folder / JOURNAL).write_text(json.dumps(["../x"]))
    settle(folder)
    assert (tmp_path / "x").read_text() == "old"
    assert not (folder / JOURNAL).exists()


def test_rights_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_file(link, "new")
    assert (real.read_text(), link.is_symlink(), real.stat().st_mode & 0o777) == ("new", True, 0o640)


def test_who_holds_a_file_keeps_others_waiting(tmp_path: Path) -> None:
    path, seen = tmp_path / "a.txt", []
    with ThreadPoolExecutor(1) as pool:
        with held(path) as file:
            waiting = pool.submit(write_file, path, "second")
            file.write("first")
            seen.append((path.read_text(), waiting.done()))
        waiting.result(30)
    assert seen == [("first", False)]
    assert path.read_text() == "second"


def test_a_lock_that_a_killed_process_left_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.lock").touch()
    (tmp_path / ".a.txt.part").write_text("half")
    write_file(tmp_path / "a.txt", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt"]


@pytest.mark.parametrize(("shell", "code"), [("| true", 141), ("> /dev/full", 3)])
def test_output_that_nobody_can_read(shell: str, code: int, tmp_path: Path) -> None:
    """A pipe whose reader has gone, and a place that is full."""
    command = f"{sys.executable} -c 'import time; from impact.cli.main import main; time.sleep(0.2); main()' version"
    script = f"set -o pipefail; {command} {shell}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(("name", "codes"), [("SIGTERM", (143, 130)), ("SIGINT", (130,))])
def test_a_run_that_is_told_to_end(name: str, codes: tuple[int, ...], tmp_path: Path) -> None:
    """In an open transaction: words, a code, and nothing left behind."""
    script = (
        "import importlib, os, signal, threading, time\n"
        # a shell that starts the tests in the background has Ctrl-C ignored, and every child inherits that
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from impact.cli import main as cli\n"
        "flow = importlib.import_module('impact.run.flow')\n"
        "def slow(run, staged):\n"
        f"    threading.Timer(0.3, os.kill, (os.getpid(), signal.{name})).start()\n"
        "    run.warehouse.rows('SELECT count(*) FROM impact.run')\n"
        "    time.sleep(60)\n"
        "flow.renew_results = slow\n"
        "cli.main()\n"
    )
    template(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-c", script, "run", "sample", "--db", "a.duckdb"]
    environment = os.environ | {"TMPDIR": str(scratch)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment, timeout=120
    )
    assert done.returncode in codes, done
    assert "Traceback" not in done.stderr
    assert list(scratch.iterdir()) == []
    with Warehouse(tmp_path / "a.duckdb", read_only=True) as warehouse:
        assert warehouse.rows("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'sample'") == [(0,)]
