"""A run killed at any moment leaves the database as it was before or as it is after; the next run completes it.

A nursery process imports the engine once and forks a child per run; the child announces each COMMIT through a pipe,
so that many of the moments fall inside the last one and the closing of the file that follows.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
ID = "template_programme"
PERSONS = 1500
SEED = 20241231
NURSERY = """
import contextlib, os, sys
from impact.cli import main as cli
from impact.store import Warehouse

original = Warehouse.transaction

@contextlib.contextmanager
def announced(self):
    with original(self):
        yield
        os.write(1, b"c")
    os.write(1, b"d")

Warehouse.transaction = announced
os.write(1, b"n")
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.argv = ["impact", "run", *line.split("\\t")[:1], "--db", line.rstrip("\\n").split("\\t")[1]]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stdout = sys.stderr
        try:
            cli.main()
        except SystemExit:
            os.write(1, b"e")
        os._exit(0)
    os.write(1, b"p%d." % child)
    os.waitpid(child, 0)
    os.write(1, b"w")
"""


class Nursery:
    """Starts runs and kills them."""

    def __init__(self) -> None:
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment,
        )  # fmt: skip
        self.until("n")

    def byte(self, timeout: float = 60) -> str:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        assert ready, "the run says nothing"
        return self.process.stdout.read(1).decode()

    def until(self, mark: str) -> str:
        read = ""
        while not read.endswith(mark):
            letter = self.byte()
            assert letter, f"the nursery died after {read!r}"
            read += letter
        return read

    def start(self, folder: Path, database: Path) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{folder}\t{database}\n".encode())
        return int(self.until(".").split("p")[-1].rstrip("."))

    def whole(self, folder: Path, database: Path) -> tuple[float, float, float]:
        """Run to the end; return the seconds to the last COMMIT, to its end, and to the end of the process."""
        self.start(folder, database)
        begun, at = time.perf_counter(), {"c": 0.0, "d": 0.0}
        while (letter := self.byte()) != "w":
            at[letter] = time.perf_counter() - begun
        assert "e" in at, "the run did not end by itself"
        return at["c"], at["d"], time.perf_counter() - begun

    def killed(self, folder: Path, database: Path, *, commits: int, delay: float) -> None:
        """Kill a run so many seconds after so many of its commits have begun."""
        child = self.start(folder, database)
        seen, ended = 0, False
        while seen < commits and not ended:
            letter = self.byte()
            seen, ended = seen + (letter == "c"), letter == "w"
        if not ended:
            wait(delay)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            self.until("w")

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


def wait(seconds: float) -> None:
    """Wait more precisely than sleep does."""
    end = time.perf_counter() + seconds
    if seconds > 0.005:
        time.sleep(seconds - 0.003)
    while time.perf_counter() < end:
        pass


def write_survey(path: Path, seed: int) -> None:
    """Write a large survey; with another seed other answers, other persons and other bad rows."""
    draw = random.Random(seed)  # noqa: S311 - invented answers
    lines = ["person_id,wave,arm,gender,who1,who2,who3,who4,who5"]
    for number in range(seed % 7, PERSONS):
        arm, gender = ("treated" if number % 2 else "comparison"), draw.choice("FM")
        for wave in ("baseline", "end_line"):
            items = ",".join(str(draw.randint(0, 5)) for _ in range(5))
            lines.append(f"P{number:04d},{wave},{arm},{gender},{items}")
    for _ in range(20):
        lines[draw.randrange(1, len(lines))] += draw.choice(["9", ",1", '"'])
    path.write_text("\n".join(lines) + "\n")


def state(database: Path) -> str:
    """Return everything a reader sees, without times and the names of runs."""
    queries = {
        "load": "SELECT source, load_id, sha256, table_name, rows_read, rows_good, rows_bad FROM impact.load WHERE current",
        "rows": f'SELECT * FROM "{ID}".survey',
        "finding": "SELECT * EXCLUDE (run_id) FROM impact.finding",
        "measure": "FROM impact.measure",
        "diagnostic": "FROM impact.diagnostic",
        "definition": "SELECT * EXCLUDE (run_id) FROM impact.definition",
        "quarantine": "FROM impact.quarantine",
    }
    held: dict[str, Any] = {}
    with duckdb.connect(str(database)) as connection:
        for name, query in queries.items():
            held[name] = connection.execute(
                f"SELECT count(*), md5(string_agg(CAST(t AS VARCHAR), '|' ORDER BY CAST(t AS VARCHAR))) FROM ({query}) t"
            ).fetchall()
        (ledger,) = connection.execute(
            "SELECT (SELECT count(*) FROM impact.load) - (SELECT count(DISTINCT load_id) FROM impact.load)"
        ).fetchall()
    assert ledger == (0,), "the ledger names a load twice"
    return json.dumps(held)


def tables(database: Path) -> tuple[set[str], set[str]]:
    """Return the tables that stand in the programme's schema, and those its ledger knows."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [ID]).fetchall()
        known = connection.execute("SELECT table_name FROM impact.load WHERE current").fetchall()
    return {name for (name,) in found}, {name for (name,) in known}


class Scene:
    """A programme whose file has changed since it was run, and the states before and after it is run again."""

    def __init__(self, home: Path, nursery: Nursery) -> None:
        self.nursery, self.home = nursery, home
        self.folder, self.old = home / "programme", home / "old.duckdb"
        shutil.copytree(ROOT / "schemas" / "template", self.folder)
        contracts = self.folder / "contracts.yaml"
        contracts.write_text(contracts.read_text().replace("P[0-9]{3}", "P[0-9]{4}"))
        write_survey(self.folder / "raw" / "survey.csv", seed=1)
        nursery.whole(self.folder, self.old)
        assert not self.old.with_suffix(".duckdb.wal").exists()
        write_survey(self.folder / "raw" / "survey.csv", seed=2)
        self.before = state(self.old)
        new = Path(shutil.copy(self.old, home / "new.duckdb"))
        self.commit, self.committed, self.end = nursery.whole(self.folder, new)
        self.after = state(new)
        assert self.before != self.after

    def kill(self, number: int, *, commits: int, delay: float) -> str:
        """Kill a run, look at what it left, run again; return which state was found."""
        database = Path(shutil.copy(self.old, self.home / f"killed{number}.duckdb"))
        self.nursery.killed(self.folder, database, commits=commits, delay=delay)
        found = state(database)
        moment = f"{delay * 1000:.2f} ms after commit {commits} began" if commits else f"{delay:.3f} s after the start"
        assert found in (self.before, self.after), f"neither before nor after, killed {moment}: {database}"
        self.nursery.whole(self.folder, database)
        assert state(database) == self.after, f"the next run did not complete what was killed {moment}"
        standing, known = tables(database)
        assert standing == known, f"staged tables were left behind, killed {moment}"
        database.unlink()
        return "before" if found == self.before else "after"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    nursery = Nursery()
    yield Scene(tmp_path_factory.mktemp("kill"), nursery)
    nursery.stop()


def moments(scene: Scene, count: int, seed: int) -> list[tuple[int, float]]:
    """Half over the whole run, half from the beginning of the last COMMIT to the closing of the file."""
    draw = random.Random(seed)  # noqa: S311 - moments, not secrets
    anywhere = [(0, draw.uniform(0, scene.end)) for _ in range(count // 2)]
    commit, closing = scene.committed - scene.commit, scene.end - scene.commit
    inside = [(2, draw.uniform(0, commit if n % 3 else closing)) for n in range(count - len(anywhere))]
    return anywhere + inside


def outcome(scene: Scene, count: int, seed: int) -> tuple[Counter[str], str]:
    chosen = moments(scene, count, seed)
    found = Counter(
        f"{'in the last commit or closing' if commits else 'anywhere'}: {scene.kill(n, commits=commits, delay=delay)}"
        for n, (commits, delay) in enumerate(chosen)
    )
    lasted = f"run {scene.end:.2f} s, its commit {1000 * (scene.committed - scene.commit):.1f} ms"
    return found, f"{lasted}; {dict(sorted(found.items()))}"


def test_a_few_kills(scene: Scene) -> None:
    found, message = outcome(scene, 8, SEED)
    assert sum(found.values()) == 8, message


@pytest.mark.slow
def test_a_hundred_kills(scene: Scene) -> None:
    found, message = outcome(scene, 100, SEED + 1)
    assert sum(found.values()) == 100, message
    states = {name.rsplit(" ", 1)[1] for name in found}
    assert states == {"before", "after"}, f"the moments did not fall on both sides of the commit: {message}"
    sys.stdout.write(message + "\n")
