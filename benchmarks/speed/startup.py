"""What a command costs before it does anything, each a process of its own; and large declarations, beside libyaml."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path

import yaml

from benchmarks.speed.work import ENGINE, ROOT, Task, Work

EXAMPLE = ROOT / "data" / "nsw"
IMPACT = (sys.executable, "-m", "impact")
COMMANDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "help": ("≤ 0.25 s", (), ("--help",)),
    "check": ("≤ 0.6 s", (), ("check", "nsw")),
    "findings": ("≤ 0.8 s", ("demo", "--db", "results.duckdb"), ("findings",)),
    "run": ("≤ 1.0 s", ("run", "nsw"), ("run", "nsw")),
    "demo": ("≤ 1.5 s", ("demo",), ("demo",)),
}
"""What is to be reached, what was called before, and what is timed: a second time, nothing has changed."""
PEER = 'python -c "import duckdb, pydantic"'


def prepare(before: tuple[str, ...], folder: Path, _: int) -> None:
    """Copy the example; a command that reads results finds those of one that came before."""
    shutil.copytree(EXAMPLE, folder / "nsw")
    if before:
        _call(folder, *IMPACT, *before)()


def by_command(arguments: tuple[str, ...], folder: Path, _: int) -> Task:
    return _call(folder, *IMPACT, *arguments)


def by_imports(folder: Path, _: int) -> Task:
    return _call(folder, sys.executable, "-c", "import duckdb, pydantic")


def _call(folder: Path, *command: str) -> Task:
    return lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True)


def prepare_indicators(folder: Path, size: int) -> None:
    """Declare the indicators of the example again and again, each under a name of its own, up to a size in bytes."""
    prepare((), folder, size)
    (folder / "nsw" / "evaluation.yaml").unlink()
    declared = yaml.safe_load((EXAMPLE / "indicators.yaml").read_text(encoding="utf-8"))["indicators"]
    text = "indicators:\n"
    for number, indicator in enumerate(cycle(declared)):
        if len(text) >= size:
            break
        text += f"  - {json.dumps(indicator | {'id': f'copy_{number}'}, ensure_ascii=False)}\n"
    (folder / "nsw" / "indicators.yaml").write_text(text, encoding="utf-8")


def prepare_codes(folder: Path, size: int) -> None:
    """Declare a codelist of a size, with a title in both languages for each code."""
    prepare((), folder, size)
    path = folder / "nsw" / "contracts.yaml"
    item = '      - {{code: "{0:06d}", title: {{en: "Place {0}", it: "Luogo {0}"}}}}\n'
    codes = "".join(item.format(number) for number in range(size))
    head = f"codelists:\n  - id: many\n    title: Many\n    codes:\n{codes}"
    path.write_text(path.read_text(encoding="utf-8").replace("codelists:\n", head), encoding="utf-8")


def by_check(folder: Path, size: int) -> Task:
    return by_command(("check", "nsw"), folder, size)


def by_libyaml(file: str, folder: Path, _: int) -> Task:
    text = (folder / "nsw" / file).read_text(encoding="utf-8")
    return lambda: yaml.load(text, Loader=yaml.CSafeLoader)


def _large(name: str, title: str, goal: str, size: int, *, file: str, made: Callable[[Path, int], None]) -> Work:
    return Work(
        name=f"check-{name}",
        title=f"`impact check`, {title}",
        goal=goal,
        sizes=(size // 4, size),
        small=size // 100,
        prepare=made,
        sides={ENGINE: by_check, "yaml.CSafeLoader, parsing alone": partial(by_libyaml, file)},
    )


WORKS = (
    *(
        Work(
            name=f"start-{name}",
            title=f"`impact {' '.join(called)}`: times",
            goal=goal,
            sizes=(1,),
            small=1,
            prepare=partial(prepare, before),
            sides={ENGINE: partial(by_command, called), PEER: by_imports},
            rounds=5,
        )
        for name, (goal, before, called) in COMMANDS.items()
    ),
    _large("yaml", "indicators: bytes", "1.4 MB: ≤ 2 s", 1_400_000, file="indicators.yaml", made=prepare_indicators),
    _large(
        "codes", "a codelist: codes", "20,000: ≤ 0.5 s beyond help", 20_000, file="contracts.yaml", made=prepare_codes
    ),
)
