"""Run what the pages of ``docs/tutorials`` and ``docs/how-to`` show, and write what it prints.

``python docs/_console.py [PAGE …]`` runs the pages (all of them, if none is named) and rewrites outputs that have
changed; ``--check`` compares instead, and exits 1 with the difference. A page is run from top to bottom in a folder of
its own: the ``$ `` lines of its ``console`` blocks by bash, its ``python`` blocks by Python, whose output is the
``text`` block that follows. A line of ``…`` stands for lines left out, a line that ends in ``…`` for the rest of a
line. What the reader is told rather than shown stands in comments before a block, which Markdown does not show::

    <!-- console: run COMMAND -->       run this first, unseen; $ROOT is the repository
    <!-- console: write FILE -->        the block is the whole of this file
    <!-- console: append FILE -->       the block goes to the end of this file
    <!-- console: merge FILE PLACE -->  the keys of the block replace those at this place, such as indicators.0.ex_post
    <!-- console: prints COMMAND -->    the block is what this prints
    <!-- console: skip REASON -->       the block is not run: it needs a server, a network, a morning of cron
"""

from __future__ import annotations

import difflib
import itertools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

DOCS = Path(__file__).parent
GAP = "…"
FOUND = 0.6
"""From this likeness on, a line is the one that was shown before."""
GROWN = 0.02
"""What each line more or less counts against lines being those that were shown before."""
SHORT = 20
"""What a line gains by not being shown whole must be more than these characters."""
VARIES = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\+00:00)?": "TIME",
    r"\b\d{8}T\d{9,}\b": "RUN",
    r"(entry_hash: )[0-9a-f]{64}": r"\1HASH",
    r"(\d\.\d{9})\d+": r"\1",  # sums are made in an order that varies, and so do their last digits
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the lines ``start`` to ``stop`` within the fence, the comments before it."""

    language: str
    start: int
    stop: int
    orders: tuple[tuple[str, str], ...] = ()


def blocks(lines: Sequence[str]) -> Iterator[Block]:
    """Find the fenced blocks of a page, each with the comments since the one before."""
    orders: list[tuple[str, str]] = []
    opened: tuple[str, int] | None = None
    for number, line in enumerate(lines):
        if fence := re.fullmatch(r"```(\w*)", line):
            if opened is None:
                opened = (fence[1], number + 1)
            else:
                yield Block(*opened, number, tuple(orders))
                opened, orders = None, []
        elif opened is None and (order := re.fullmatch(r"<!-- console: (\w+) (.*) -->", line)):
            orders.append((order[1], order[2]))


def masked(line: str) -> str:
    """Return a line without what differs from run to run."""
    for pattern, name in VARIES.items():
        line = re.sub(pattern, name, line)
    return line


def same(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Tell whether lines say the same, but for what differs from run to run."""
    return [*map(masked, shown)] == [*map(masked, printed)]


def renewed_line(shown: str, printed: str) -> str:
    """Return what was printed, cut where the line shown is cut."""
    if not shown.endswith(GAP) or printed.endswith(GAP):
        return printed
    start = shown.removesuffix(GAP).rstrip()
    if masked(printed).startswith(masked(start)):
        return shown
    return printed if len(printed) < len(shown) + SHORT else printed[: len(start)].rpartition(" ")[0] + f" {GAP}"


def likeness(shown: str, printed: str) -> float:
    """Tell how alike lines are, 0 to 1, whatever their digits; 1 is kept for lines that are the same."""
    if same([shown], [renewed_line(shown, printed)]):
        return 1.0
    old, new = (re.sub(r"\d", "0", line) for line in (shown, printed))
    return 0.99 * difflib.SequenceMatcher(None, old, new).ratio()


def renewed(shown: Sequence[str], printed: Sequence[str]) -> list[str] | None:
    """Return the output to show, cut as the one shown was; None if what stood at a cut is not there any more."""
    parts: list[list[str]] = [[]]
    for line in shown:
        if line == GAP:
            parts.append([])
        else:
            parts[-1].append(line)
    lines: list[str] = []
    begin, total = 0, len(printed)
    for place, part in enumerate(parts):
        starts = range(min(1, total)) if place == 0 else range(begin, total)
        ends = range(total, total + 1) if place == len(parts) - 1 else range(begin, total + 1)
        at, end = (0, total) if len(parts) == 1 else span(part, printed, starts, ends) if part else (begin, begin)
        new = _part(part, printed[at:end])
        if new is None or at < 0:
            return None
        lines += [*([GAP] if place else []), *new]
        begin = end
    return lines


def span(part: Sequence[str], printed: Sequence[str], starts: range, ends: range) -> tuple[int, int]:
    """Find where a part stands, by its first and last lines and best as long as it was; (-1, -1) if nowhere."""
    first = {at: likeness(part[0], printed[at]) for at in starts}
    last = {end: likeness(part[-1], printed[end - 1]) for end in ends if end}
    pairs = [(at, end) for at in first for end in last if at < end and min(first[at], last[end]) >= FOUND]
    longer = {pair: abs(pair[1] - pair[0] - len(part)) for pair in pairs}
    return max(pairs, key=lambda pair: first[pair[0]] + last[pair[1]] - GROWN * longer[pair], default=(-1, -1))


def _part(shown: Sequence[str], printed: Sequence[str]) -> list[str] | None:
    """Return lines without a gap between them; None if one that was cut is not there any more."""
    if len(shown) == len(printed):
        return [renewed_line(*pair) for pair in zip(shown, printed, strict=True)]
    lines = list(printed)
    for old in (line for line in shown if line.endswith(GAP)):
        alike = {at: likeness(old, line[: len(old)]) for at, line in enumerate(lines)}
        at = max(alike, key=alike.__getitem__, default=-1)
        if at < 0 or alike[at] < FOUND:
            return None
        lines[at] = renewed_line(old, lines[at])
    return lines


def merged(text: str, place: str, block: str) -> str:
    """Put the keys of a YAML block at a place of a YAML text; the comments at its head stay."""
    head = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines(keepends=True))
    whole = at = yaml.safe_load(text)
    for step in place.split(".") if place else []:
        at = at[int(step) if step.isdigit() else step]
    at.update(yaml.safe_load(block))
    return "".join(head) + yaml.safe_dump(
        whole, allow_unicode=True, sort_keys=False, default_flow_style=None, width=1000
    )


@dataclass
class Page:
    """A page being run: its lines as they are, as they should be, and what is left to a hand."""

    lines: list[str]
    folder: Path
    new: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    """What the Python block before printed."""

    def run(self) -> None:
        """Run the blocks in order."""
        kept = 0
        for block in blocks(self.lines):
            self.new += [*self.lines[kept : block.start], *self.body(block)]
            kept = block.stop
        self.new += self.lines[kept:]

    def body(self, block: Block) -> list[str]:
        """Do what the comments and the language of a block say, and return the lines it should hold."""
        lines = self.lines[block.start : block.stop]
        before, self.output = self.output, []
        for verb, rest in block.orders:
            if verb == "run":
                self.bash(rest, must=True)
            elif verb == "prints":
                return self.shown(block.start, lines, self.bash(rest, must=True))
            elif verb == "skip":
                return lines
            else:
                self.file(verb, rest, "\n".join(lines) + "\n")
        if block.language == "console":
            return self.console(block.start, lines)
        if block.language == "python":
            self.output = self.process([sys.executable, "-c", "\n".join(lines)], must=True)
        elif block.language == "text" and before:
            return self.shown(block.start, lines, before)
        return lines

    def console(self, start: int, lines: Sequence[str]) -> list[str]:
        """Run the commands of a block; return them with their outputs."""
        places = [place for place, line in enumerate(lines) if line.startswith("$ ")]
        new = list(lines[: min(places, default=len(lines))])
        for at, end in itertools.pairwise([*places, len(lines)]):
            new += [lines[at], *self.shown(start + at, lines[at + 1 : end], self.bash(lines[at][2:]))]
        return new

    def shown(self, number: int, shown: Sequence[str], printed: Sequence[str]) -> list[str]:
        """Return the output to show; where its gaps have lost their lines, all of it, to be cut by hand."""
        new = renewed(shown, printed)
        if new is None:
            self.by_hand.append(f"line {number}: what is left out here can't be told any more; cut it by hand")
        return list(printed) if new is None else new

    def file(self, verb: str, rest: str, text: str) -> None:
        """Write, append or merge a block into a file."""
        name, _, place = rest.partition(" ")
        path = self.folder / name
        old = "" if verb == "write" else path.read_text(encoding="utf-8")
        whole = {"write": lambda: text, "append": lambda: old + text, "merge": lambda: merged(old, place, text)}
        path.write_text(whole[verb](), encoding="utf-8")

    def bash(self, command: str, *, must: bool = False) -> list[str]:
        """Return the lines that a command prints."""
        return self.process(["bash", "-c", command], must=must)

    def process(self, command: Sequence[str], *, must: bool) -> list[str]:
        """Return what is printed, on either stream; stop if it cannot run, or fails and must not."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ours = {"PATH": path, "ROOT": str(DOCS.parent), "LANG": "C.UTF-8", "COLUMNS": "100", "NO_COLOR": "1"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("IMPACT_", "LC_"))}
        done = subprocess.run(  # noqa: S603 - the pages are ours
            command,
            cwd=self.folder,
            env=kept | ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if done.returncode in (126, 127) or (must and done.returncode) or "Traceback (most" in done.stdout:
            raise SystemExit(f"{command[-1]}\nended with {done.returncode}:\n{done.stdout}")
        return [line.rstrip() for line in done.stdout.replace(f"{self.folder}/", "").strip("\n").splitlines()]


def main(arguments: Sequence[str]) -> int:
    """Rewrite the pages, or with ``--check`` show what they would become."""
    check = "--check" in arguments
    named = [Path(argument) for argument in arguments if argument != "--check"]
    stale = 0
    for path in named or sorted([*DOCS.glob("tutorials/*.md"), *DOCS.glob("how-to/*.md")]):
        lines = path.read_text(encoding="utf-8").splitlines()
        with tempfile.TemporaryDirectory() as folder:
            page = Page(lines, Path(folder).resolve())
            page.run()
        if check and not same(lines, page.new):
            old, new = ([masked(line) + "\n" for line in text] for text in (lines, page.new))
            sys.stderr.writelines(difflib.unified_diff(old, new, str(path), f"{path}, run"))
            stale += 1
        elif not same(lines, page.new):
            path.write_text("\n".join(page.new) + "\n", encoding="utf-8")
        sys.stderr.writelines(f"{path}, {line}\n" for line in page.by_hand)
        stale += bool(page.by_hand)
    return int(stale > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
