"""A programme folder becomes one frozen :class:`Programme`; last step of ``declare``, before any data is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from impact.declare.claims import Claim, ClaimsFile
from impact.declare.contracts import Codelist, Column, Contract, ContractsFile
from impact.declare.crosswalk import with_crosswalks
from impact.declare.evaluation import EvaluationFile
from impact.declare.export import ExportFile
from impact.declare.frameworks.bind import Bound, bound_indicators, used_frameworks
from impact.declare.frameworks.find import Framework, Library, framework_roots
from impact.declare.frameworks.nodes import with_nodes
from impact.declare.indicators import Indicator, IndicatorsFile
from impact.declare.location import Location
from impact.declare.programme import ProgrammeFile
from impact.declare.read import read_declaration
from impact.declare.registration import REGISTRATIONS, Registration, RegistrationsFile, full_registrations
from impact.declare.shared import entries_of, united
from impact.declare.sources import Source, SourcesFile
from impact.declare.value.file import ValueFile
from impact.declare.yaml_file import Lines
from impact.errors import DeclarationError, Problem, UsageError
from impact.files import settle
from impact.sql import fingerprint

FILES: dict[str, type[BaseModel]] = {
    "programme.yaml": ProgrammeFile,
    "contracts.yaml": ContractsFile,
    "sources.yaml": SourcesFile,
    "indicators.yaml": IndicatorsFile,
    "evaluation.yaml": EvaluationFile,
    "claims.yaml": ClaimsFile,
    "value.yaml": ValueFile,
    "export.yaml": ExportFile,
}
"""The files of a programme folder and the model each is read into."""
MAX_REGISTERED = 50_000_000
"""Bytes that ``registrations.yaml`` may have; earlier versions wrote the whole plan with every entry."""
INDICATORS = "indicators.yaml"
OPTIONAL = ("evaluation.yaml", "claims.yaml", "value.yaml", "export.yaml")
_Files = dict[str, Any]
"""What was read of each file, by its name: the model that :data:`FILES` names."""


@dataclass(frozen=True)
class Programme:
    """A programme as declared.

    Parameters
    ----------
    folder
        Absolute path of the programme folder.
    header
        ``programme.yaml``: period, stakeholders, waves and the theory of change, with the nodes of frameworks that are
        measured or linked to.
    contracts
        What a row must be, by id; the shared contracts that are used, and those of frameworks, included.
    codelists
        The codes of a column and what lies in what, by id; shared ones included.
    sources
        The raw files and how they are read, in the order of ``sources.yaml``.
    indicators
        What is measured, promised and compared, in the order of ``indicators.yaml``; those of frameworks come last.
    evaluation
        ``evaluation.yaml``: families of outcomes and draws of who takes part; empty where there is no such file.
    claims
        Totals the programme reported about itself, in the order of ``claims.yaml``.
    value
        ``value.yaml``: what a decision needs beside findings; empty where there is no such file.
    export
        ``export.yaml``: how parts, dates and units are called in official statistics; empty without such a file.
    registrations
        Plans frozen by ``impact register``, oldest first.
    frameworks
        The frameworks in use, those that others build on first.
    bound
        What of them the programme measures.
    lines
        For each file, the line at which each path of keys stands.
    """

    folder: Path
    header: ProgrammeFile
    contracts: Mapping[str, Contract]
    codelists: Mapping[str, Codelist]
    sources: tuple[Source, ...]
    indicators: tuple[Indicator, ...]
    evaluation: EvaluationFile = field(default_factory=EvaluationFile)
    claims: tuple[Claim, ...] = ()
    value: ValueFile = field(default_factory=ValueFile)
    export: ExportFile = field(default_factory=ExportFile)
    registrations: tuple[Registration, ...] = ()
    frameworks: tuple[Framework, ...] = ()
    bound: tuple[Bound, ...] = ()
    lines: Mapping[str, Lines] = field(default_factory=dict, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Identifier of the programme."""
        return self.header.id

    @cached_property
    def contract_hashes(self) -> Mapping[str, str]:
        """The SHA-256 of each contract with the codelists of its columns: what a row must be to count."""
        return {name: self._contract_hash(contract) for name, contract in self.contracts.items()}

    def _contract_hash(self, contract: Contract) -> str:
        codes = [codelist.model_dump(mode="json") for codelist in self.codelists_of(contract)]
        # plans registered before there were clocks keep their hash
        unset = {"period"} if contract.period is None else set[str]()
        return fingerprint(contract.model_dump(mode="json", exclude=unset), codes)

    def codelists_of(self, contract: Contract) -> list[Codelist]:
        """Return the codelists of a contract's columns; one that is not there is a problem that the check names."""
        names = [column.codelist for column in contract.columns.values() if column.codelist]
        return [self.codelists[name] for name in names if name in self.codelists]

    def line(self, file: str, *path: str | int) -> int | None:
        """Return the line of a path in one of the files, or of its nearest known parent."""
        lines = self.lines.get(file, {})
        while path and path not in lines:
            path = path[:-1]
        return lines.get(path)

    def indicator_at(self, indicator: str) -> Location:
        """Return where the programme declares an indicator, or binds one of a framework."""
        for one in self.bound:
            if one.indicator.id == indicator:
                return one.at
        names = [declared.id for declared in self.indicators]
        return Location(INDICATORS, self.line(INDICATORS, "indicators", names.index(indicator)))

    def definition_at(self, indicator: str) -> Location:
        """Return where it is declared what an indicator measures: in the framework, if it is shared."""
        for one in self.bound:
            if one.indicator.id == indicator:
                return one.framework.indicator_at(indicator)
        return self.indicator_at(indicator)

    def column_codes(self, column: Column) -> tuple[str, ...]:
        """Return the codes a code column allows, in their declared order."""
        if column.codes is not None:
            return column.codes
        codelist = self.codelists[column.codelist or ""]
        return tuple(item.code for item in codelist.codes)

    def source_kind(self, *contracts: str) -> str:
        """Return ``real`` or ``synthetic``: the kind of the data that feed contracts, synthetic if any of them is."""
        feeding = [source for source in self.sources if source.contract in contracts]
        if any(source.provenance.kind == "synthetic" for source in feeding):
            return "synthetic"
        return "real"

    def with_scaled(self, indicator: Indicator) -> tuple[Indicator, ...]:
        """Return an indicator, followed by the one whose effect its design scales, if any."""
        design = indicator.ex_post.design
        if design is None:
            return (indicator,)
        names = {design.scales} - {indicator.id}
        return (indicator, *(scaled for scaled in self.indicators if scaled.id in names))

    def operands(self, indicator: Indicator) -> tuple[Indicator, ...]:
        """Return the indicators of whose values one is reckoned, in the order in which it names them."""
        declared = {other.id: other for other in self.indicators}
        return tuple(declared[name] for name in indicator.formula.indicators() if name in declared)

    def with_operands(self, indicator: Indicator) -> tuple[Indicator, ...]:
        """Return an indicator, followed by all those that it is reckoned from, however far, each once."""
        reached, todo = dict[str, Indicator](), [indicator]
        while todo:
            operand = todo.pop(0)
            if operand.id not in reached:
                reached[operand.id] = operand
                todo += self.operands(operand)
        return tuple(reached.values())

    def data_kind(self, indicator: Indicator) -> str:
        """Return ``synthetic`` if any data behind an indicator's finding are, else ``real``."""
        behind = (*self.with_scaled(indicator), *self.with_operands(indicator))
        return self.source_kind(*(name for measured in behind for name in measured.reads))


def load_programme(folder: str | Path, drafts: Path | None = None) -> Programme:
    """Read and type the declarations of a programme folder.

    Parameters
    ----------
    folder
        A folder with ``programme.yaml``, ``contracts.yaml``, ``sources.yaml`` and ``indicators.yaml``.
    drafts
        A folder whose files are read in place of those of the same name.

    Raises
    ------
    UsageError
        If there is no such folder.
    DeclarationError
        With every problem of form in all the files.

    Examples
    --------
    >>> programme = load_programme("data/nsw")
    >>> programme.id, [indicator.id for indicator in programme.indicators][:2]
    ('nsw', ['earnings', 'earnings_ancova'])
    """
    path = Path(folder).resolve()
    if not path.is_dir():
        raise UsageError(f"there is no programme folder at {folder}; give a folder that holds programme.yaml")
    settle(path)
    files, lines, registrations = _read_files(path, drafts)
    shared = _shared(path, files, lines)
    return Programme(
        folder=path,
        header=shared.header,
        contracts=shared.contracts,
        codelists=shared.codelists,
        sources=_zoned(shared.header.zone, _recoded(path, files["sources.yaml"].sources)),
        indicators=(*files[INDICATORS].indicators, *(one.indicator for one in shared.bound)),
        evaluation=files["evaluation.yaml"],
        claims=files["claims.yaml"].claims,
        value=files["value.yaml"],
        export=files["export.yaml"],
        registrations=registrations,
        frameworks=shared.frameworks,
        bound=shared.bound,
        lines=lines,
    )


@dataclass(frozen=True)
class _Shared:
    """What a programme has in common with others, joined to its own."""

    header: ProgrammeFile
    contracts: Mapping[str, Contract]
    codelists: Mapping[str, Codelist]
    frameworks: tuple[Framework, ...]
    bound: tuple[Bound, ...]


def _shared(folder: Path, files: _Files, lines: Mapping[str, Lines]) -> _Shared:
    """Join a programme's own contracts, nodes and indicators to those that it shares with others."""
    header: ProgrammeFile = files["programme.yaml"]
    header_lines = lines["programme.yaml"]
    library = Library(framework_roots(folder))
    used_frameworks(library, header.use, header_lines)
    entries = entries_of(files["contracts.yaml"], lines["contracts.yaml"], "contracts.yaml")
    entries = [entry for framework in library.frameworks for entry in framework.entries] + entries
    contracts, codelists = united(entries)
    places = {
        indicator.id: Location(INDICATORS, lines[INDICATORS].get(("indicators", index)))
        for index, indicator in enumerate(files[INDICATORS].indicators)
    }
    bound = bound_indicators(library, header.use, header_lines, places)
    whole = with_nodes(header, header_lines, library.frameworks, bound)
    return _Shared(whole, contracts, codelists, library.frameworks, bound)


def _read_files(folder: Path, drafts: Path | None) -> tuple[_Files, dict[str, Lines], tuple[Registration, ...]]:
    """Read all files of a programme folder, or raise with the problems of all."""
    problems: list[Problem] = []
    files: _Files = {}
    lines: dict[str, Lines] = {}
    for name, model in FILES.items():
        path = folder / name
        if name in OPTIONAL and not path.exists():
            files[name] = model()
            continue
        try:
            if drafts and (drafts / name).is_file():
                path = drafts / name
            files[name], lines[name] = read_declaration(path, model, name)
        except DeclarationError as error:
            problems.extend(error.problems)
    registrations: tuple[Registration, ...] = ()
    try:
        registrations = read_registrations(folder)
    except DeclarationError as error:
        problems.extend(error.problems)
    if problems:
        raise DeclarationError(problems)
    return files, lines, registrations


def read_registrations(folder: Path) -> tuple[Registration, ...]:
    """Read the plans that were frozen in a programme folder, oldest first; none without a file.

    Raises
    ------
    DeclarationError
        If the file cannot be read, or a plan in it was edited.
    """
    if not (folder / REGISTRATIONS).exists():
        return ()
    path = folder / REGISTRATIONS
    return full_registrations(read_declaration(path, RegistrationsFile, REGISTRATIONS, MAX_REGISTERED)[0])


def _recoded(folder: Path, sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """Read the crosswalk files of all sources, or raise with the problems of all."""
    recoded: list[Source] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            recoded.append(with_crosswalks(folder, source))
        except DeclarationError as error:
            problems.extend(error.problems)
    if problems:
        raise DeclarationError(problems)
    return tuple(recoded)


def _zoned(zone: str | None, sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """Give sources with points in time the zone of the programme, where they declare none."""
    if zone is None:
        return sources
    update = {"zone": zone}
    return tuple(
        source.model_copy(update={"format": source.format.model_copy(update=update)}) if source.needs_zone else source
        for source in sources
    )
