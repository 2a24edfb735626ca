"""Every command that writes files: killed, interrupted or out of space at any step, it leaves all or nothing."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from impact.files import JOURNAL, settle
from impact.store import open_reader, published_copy
from tests.nursery import KINDS, Ended, Nursery
from tests.programmes import edit, template

TSV = "freq,unit,sex,geo\\TIME_PERIOD\t2019 \t2020 \nA,NR,T,ITC1\t12.5 \t13 \n"
ADD = ("context", "add", "edat.tsv", "sample", "--id", "training", "--format", "eurostat_tsv", "--territory", "geo",
       "--title", "Training", "--publisher", "Eurostat", "--licence", "CC BY 4.0")  # fmt: skip
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
