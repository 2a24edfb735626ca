"""Where frameworks lie, and reading those that a programme uses with those that they build on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from impact.declare.contracts import ContractsFile
from impact.declare.frameworks.model import (
    BuildsOn,
    Element,
    FrameworkFile,
    SharedIndicator,
    SharedIndicatorsFile,
)
from impact.declare.frameworks.use import Use
from impact.declare.location import Location
from impact.declare.read import read_declaration, shipped
from impact.declare.shared import Entry, entries_of
from impact.declare.yaml_file import Lines
from impact.errors import DeclarationError

FOLDER = "frameworks"
HEADER, CONTRACTS, INDICATORS = "framework.yaml", "contracts.yaml", "indicators.yaml"


@dataclass(frozen=True)
class Framework:
    """A framework as declared.

    Parameters
    ----------
    file
        ``framework.yaml``.
    entries
        Its contracts and codelists, those that it takes from ``schemas/`` included, and where each stands.
    indicators
        What is measured alike.
    builds_on
        Ids of the frameworks that it builds on, those that these build on included.
    lines
        For each file, the line at which each path of keys stands.
    """

    file: FrameworkFile
    entries: tuple[Entry, ...] = ()
    indicators: tuple[SharedIndicator, ...] = ()
    builds_on: frozenset[str] = frozenset()
    lines: Mapping[str, Lines] = field(default_factory=dict, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Identifier of the framework."""
        return self.file.id

    def at(self, file: str, *path: str | int) -> Location:
        """Return where something stands in one of its files."""
        return Location(_shown(self.id, file), self.lines[file].get(path))

    def indicator_at(self, name: str) -> Location:
        """Return where an indicator is declared."""
        names = [indicator.id for indicator in self.indicators]
        return self.at(INDICATORS, "indicators", names.index(name))

    def element(self, code: str) -> Element | None:
        """Return the element of a code."""
        return next((element for element in self.file.elements if element.code == code), None)


def framework_roots(programme: Path) -> list[Path]:
    """Return the folders that frameworks are looked up in: of the programme, beside it, and those that are shipped."""
    return [programme / FOLDER, programme.parent / FOLDER, shipped(FOLDER)]


def find_framework(roots: Sequence[Path], framework: str, version: str = "") -> Framework | None:
    """Return the first framework of an id, of a version where one is named; None where there is none."""
    for folder in _folders(roots, framework):
        file, lines = read_declaration(folder / HEADER, FrameworkFile, _shown(framework, HEADER))
        if version in ("", file.version):
            return _whole(folder, file, lines)
    return None


def _folders(roots: Sequence[Path], framework: str) -> Iterator[Path]:
    folders = (root / framework for root in roots)
    return (folder for folder in folders if (folder / HEADER).is_file())


def _whole(folder: Path, file: FrameworkFile, lines: Lines) -> Framework:
    """Read the other files of a framework."""
    if file.id != folder.name:
        at = Location(_shown(folder.name, HEADER), lines.get(("id",)), "id")
        raise DeclarationError([at.problem("a framework is called as its folder is", folder.name, file.id)])
    every = {HEADER: lines}
    entries: list[Entry] = []
    indicators: tuple[SharedIndicator, ...] = ()
    if (folder / CONTRACTS).is_file():
        shown = _shown(file.id, CONTRACTS)
        contracts, every[CONTRACTS] = read_declaration(folder / CONTRACTS, ContractsFile, shown)
        entries = entries_of(contracts, every[CONTRACTS], shown)
    if (folder / INDICATORS).is_file():
        shown = _shown(file.id, INDICATORS)
        measured, every[INDICATORS] = read_declaration(folder / INDICATORS, SharedIndicatorsFile, shown)
        indicators = measured.indicators
    return Framework(file, tuple(entries), indicators, lines=every)


def _shown(framework: str, file: str) -> str:
    return f"{FOLDER}/{framework}/{file}"


class Library:
    """The frameworks that a programme uses, each read once; in the order in which they build on one another.

    Parameters
    ----------
    roots
        As :func:`framework_roots` returns them.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots
        self._frameworks: dict[str, Framework] = {}

    @property
    def frameworks(self) -> tuple[Framework, ...]:
        """Those that were added, and those that they build on before them."""
        return tuple(self._frameworks.values())

    def add(self, used: Use | BuildsOn, at: Location, trail: tuple[str, ...] = ()) -> Framework:
        """Read a framework and those that it builds on.

        Raises
        ------
        DeclarationError
            If there is none of that id or version, it builds on itself, or is used in two versions.
        """
        name = used.framework
        if name in trail:
            circle = " → ".join((*trail[trail.index(name) :], name))
            raise DeclarationError([at.problem(f"the framework '{name}' builds on itself", found=circle)])
        standing = self._frameworks.get(name)
        if standing is None:
            standing = self._with_bases(self._read(used, at), (*trail, name))
            self._frameworks[name] = standing
        elif standing.file.version != used.version:
            what = f"the framework '{name}' is used in two versions"
            raise DeclarationError([at.problem(what, standing.file.version, used.version, "Use one of them.")])
        return standing

    def _with_bases(self, framework: Framework, trail: tuple[str, ...]) -> Framework:
        names = set[str]()
        for index, base in enumerate(framework.file.use):
            at = framework.at(HEADER, "use", index).at("use")
            names |= {base.framework, *self.add(base, at, trail).builds_on}
        return Framework(framework.file, framework.entries, framework.indicators, frozenset(names), framework.lines)

    def _read(self, used: Use | BuildsOn, at: Location) -> Framework:
        framework = find_framework(self._roots, used.framework, used.version)
        if framework is not None:
            return framework
        versions = [
            read_declaration(folder / HEADER, FrameworkFile, _shown(used.framework, HEADER))[0].version
            for folder in _folders(self._roots, used.framework)
        ]
        if versions:
            what = f"there is no version {used.version} of the framework '{used.framework}'"
            raise DeclarationError([at.problem(what, ", ".join(versions), used.version)])
        names = sorted({path.parent.name for root in self._roots for path in root.glob(f"*/{HEADER}")})
        what = f"there is no framework '{used.framework}'"
        fix = "Put it into a folder frameworks/ of the programme, or beside it."
        raise DeclarationError([at.problem(what, ", ".join(names), used.framework, fix)])
