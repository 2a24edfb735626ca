"""A piece of work with its peers, and how it is timed: every round of every side in a process of its own."""

from __future__ import annotations

import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ENGINE = "engine"
ROOT = Path(__file__).resolve().parents[2]
Task = Callable[[], object]
"""What is timed; it returns seconds of its own where a percentile of many questions is what counts."""
Side = Callable[[Path, int], Task]
"""Takes the folder of data and the size; opens and warms what is not to be timed, and returns what is."""


@dataclass(frozen=True)
class Work:
    """A piece of work, done by the engine and beside it by others.

    Parameters
    ----------
    name, title, goal
        As named on the command line, as printed, and what is to be reached, in words.
    sizes, small
        Sizes in a full run (rows, unless the title says otherwise), and that of a run that only shows it works.
    prepare
        Writes into a folder what all sides read, for a size.
    sides
        Who does it; :data:`ENGINE` is one of them, the others are peers.
    rounds
        How often each side is timed, in turn.
    """

    name: str
    title: str
    goal: str
    sizes: tuple[int, ...]
    small: int
    prepare: Callable[[Path, int], None]
    sides: Mapping[str, Side]
    rounds: int = 2


class Timing(NamedTuple):
    """Median of the rounds: seconds, and the peak of memory of the process in MB."""

    seconds: float
    megabytes: float


def time_sides(work: Work, folder: Path, size: int, rounds: int) -> dict[str, Timing]:
    """Time every side in turn, so that a drift of the machine meets all of them."""
    measured: dict[str, list[Timing]] = {side: [] for side in work.sides}
    for _ in range(rounds):
        for side in work.sides:
            measured[side].append(_one_round(work, side, folder, size))
    return {side: _median(timings) for side, timings in measured.items()}


def run_side(work: Work, side: str, folder: Path, size: int) -> None:
    """Do the work once in this process and print what it took."""
    task = work.sides[side](folder, size)
    start = time.perf_counter()
    measured = task()
    seconds = measured if isinstance(measured, float) else time.perf_counter() - start
    print(json.dumps([seconds, max(_own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024]))


def prepare_data(work: Work, folder: Path, size: int) -> None:
    """Write what all sides read, in a process of its own: what it takes is nobody's."""
    _python("--prepare", "--folder", str(folder), "--size", str(size), work.name)


def _own_peak() -> int:
    """Return the peak of this process in kB; that of ``getrusage`` would be its parent's where that had been larger."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = (line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


def growth(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the exponent by which time grows with size: the slope of a line through the logarithms.

    Examples
    --------
    >>> growth([10, 100, 1000], [2.0, 20.0, 200.0])
    1.0
    """
    slope = statistics.linear_regression([math.log(size) for size in sizes], [math.log(second) for second in seconds])
    return round(slope.slope, 10)


def _one_round(work: Work, side: str, folder: Path, size: int) -> Timing:
    printed = _python("--side", side, "--folder", str(folder), "--size", str(size), work.name)
    return Timing(*json.loads(printed.splitlines()[-1]))


def _python(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def _median(timings: Sequence[Timing]) -> Timing:
    columns = zip(*timings, strict=True)
    return Timing(*map(statistics.median, columns))
