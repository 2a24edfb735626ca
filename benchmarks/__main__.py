"""Time the engine beside its peers: ``python -m benchmarks [NAME ...] [--small] [--write]``.

Without names, all of it. ``--small`` takes each at its smallest, once; ``--write`` renews ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.speed.registry import works
from benchmarks.speed.work import ENGINE, ROOT, Timing, Work, growth, prepare_data, run_side, time_sides

PAGE = ROOT / "docs" / "benchmarks.md"
LIBRARIES = ("impact-engine", "duckdb", "pandas", "numpy", "statsmodels", "scipy")
HEAD = "| work | size | engine | memory | beside it | | memory | ratio |\n|---|---:|---:|---:|---|---:|---:|---:|"


def main() -> None:
    """Run what is named, or do one round of one side."""
    arguments = _arguments()
    chosen = works()
    if arguments.prepare:
        chosen[arguments.names[0]].prepare(arguments.folder, arguments.size)
        return
    if arguments.side:
        run_side(chosen[arguments.names[0]], arguments.side, arguments.folder, arguments.size)
        return
    names = arguments.names or list(chosen)
    print(HEAD)
    sections: list[list[str]] = []
    for name in names:
        sections.append(_section(chosen[name], small=arguments.small))
        if arguments.write:  # what takes long leaves what was done when it is stopped
            done = names[: len(sections)]
            PAGE.write_text(_page([] if len(done) == len(chosen) else done, sections), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*works(), []])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _section(work: Work, *, small: bool) -> list[str]:
    """Time a piece of work at its sizes; print its rows as they come, and return them."""
    sizes = (work.small,) if small else work.sizes
    lines, seconds = [], []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            prepare_data(work, Path(folder), size)
            timings = time_sides(work, Path(folder), size, 1 if small else work.rounds)
        seconds.append(timings[ENGINE].seconds)
        lines += _rows(work, size, timings)
        print("\n".join(_rows(work, size, timings)), flush=True)
    if len(sizes) > 1:
        lines.append(f"| {work.title}: growth | size^{growth(sizes, seconds):.2f} | | | | | | |")
        print(lines[-1], flush=True)
    return [*lines, f"| to be reached | {work.goal} | | | | | | |"]


def _rows(work: Work, size: int, timings: dict[str, Timing]) -> list[str]:
    engine = timings[ENGINE]
    mine = f"| {work.title} | {size:,} | {engine.seconds:.2f} s | {engine.megabytes:.0f} MB"
    peers = {side: timing for side, timing in timings.items() if side != ENGINE}
    if not peers:
        return [f"{mine} | | | | |"]
    rows = []
    for side, peer in peers.items():
        ratio = engine.seconds / peer.seconds
        rows.append(f"{mine} | {side} | {peer.seconds:.2f} s | {peer.megabytes:.0f} MB | {ratio:.2f} |")
    return rows


def _page(names: Sequence[str], sections: list[list[str]]) -> str:
    command = " ".join(["python -m benchmarks", *names, "--write"])
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    day = datetime.datetime.now(tz=datetime.UTC).date()
    machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
    body = "\n".join(line for section in sections for line in section)
    return (
        "# Speed\n\nEach piece of work is done by the engine and beside it by a peer in the same run: medians of rounds"
        ", each in a process of its own. The ratio is the engine's time over the peer's. Written by"
        f" `{command}`, {day}; {machine}; {versions}.\n\n{HEAD}\n{body}\n"
    )


if __name__ == "__main__":
    main()
