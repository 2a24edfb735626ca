"""Contracts and codelists of a programme: its own, shared ones, those of frameworks; an id stands for one of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from impact.declare.contracts import Codelist, Contract, ContractsFile
from impact.declare.location import Location
from impact.declare.read import read_declaration, shipped
from impact.declare.yaml_file import Lines
from impact.errors import DeclarationError, Problem


@dataclass(frozen=True)
class Entry:
    """A contract or a codelist, and where it is declared."""

    declared: Contract | Codelist
    at: Location

    @property
    def what(self) -> str:
        """What it is called in problems."""
        return "contract" if isinstance(self.declared, Contract) else "codelist"


def entries_of(file: ContractsFile, lines: Lines, shown: str) -> list[Entry]:
    """Return contracts and codelists of a file, with those that it takes from ``schemas/``.

    Raises
    ------
    DeclarationError
        With every name in ``shared`` that stands for nothing.
    """
    entries = list(_own(file, lines, shown))
    problems: list[Problem] = []
    files = _shared_files()
    for name in file.shared:
        if name not in files:
            at = Location(shown, lines.get(("shared",)), "shared")
            what, expected = f"there is no shared contract or codelist '{name}'", ", ".join(sorted(files))
            problems.append(at.problem(what, expected))
            continue
        path = files[name]
        place = f"schemas/{path.parent.name}/{path.name}"
        shared, shared_lines = read_declaration(path, ContractsFile, place)
        entries += _own(shared, shared_lines, place)
    if problems:
        raise DeclarationError(problems)
    return entries


def _own(file: ContractsFile, lines: Lines, shown: str) -> Iterator[Entry]:
    for index, contract in enumerate(file.contracts):
        yield Entry(contract, Location(shown, lines.get(("contracts", index)), contract.id))
    for index, codelist in enumerate(file.codelists):
        yield Entry(codelist, Location(shown, lines.get(("codelists", index)), codelist.id))


def united(entries: Iterable[Entry]) -> tuple[dict[str, Contract], dict[str, Codelist]]:
    """Return contracts and codelists by id; what several files take from one place of ``schemas/`` counts once.

    Raises
    ------
    DeclarationError
        With every id that stands for two of a kind, and where both stand.
    """
    first: dict[tuple[str, str], Entry] = {}
    problems: list[Problem] = []
    for entry in entries:
        earlier = first.setdefault((entry.what, entry.declared.id), entry)
        if earlier is not entry and not _is_same(earlier, entry):
            problems.append(_twice(earlier, entry))
    if problems:
        raise DeclarationError(problems)
    declared = [entry.declared for entry in first.values()]
    contracts = {entry.id: entry for entry in declared if isinstance(entry, Contract)}
    return contracts, {entry.id: entry for entry in declared if isinstance(entry, Codelist)}


def _is_same(first: Entry, second: Entry) -> bool:
    """Tell whether two files take the same from ``schemas/``."""
    is_shared = all(entry.at.file.startswith("schemas/") for entry in (first, second))
    return is_shared and first.declared == second.declared


def _twice(first: Entry, second: Entry) -> Problem:
    what = f"two {first.what}s are called '{first.declared.id}'"
    other = f"the other stands in {first.at.file}:{first.at.line or '?'}"
    return second.at.problem(what, found=other, fix="Rename one of them, or leave out the second.")


def _shared_files() -> dict[str, Path]:
    """Return the files that ``shared`` can name, by name."""
    files: dict[str, Path] = {}
    for folder in ("contracts", "codelists"):
        paths = (shipped("schemas") / folder).glob("*.yaml")
        files |= {path.stem: path for path in paths}
    return files
