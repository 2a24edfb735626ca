"""A programme folder becomes one frozen :class:`Programme`; last step of ``declare``, before any data is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from impact.declare.claims import Claim, ClaimsFile
from impact.declare.contracts import Codelist, Column, Contract, ContractsFile
from impact.declare.crosswalk import with_crosswalks
from impact.declare.evaluation import EvaluationFile
from impact.declare.indicators import Indicator, IndicatorsFile
from impact.declare.programme import ProgrammeFile
from impact.declare.registration import REGISTRATIONS, Registration, RegistrationsFile, full_registrations
from impact.declare.sources import Source, SourcesFile
from impact.declare.yaml_file import MAX_BYTES, Lines, read_yaml
from impact.errors import DeclarationError, Problem, UsageError
from impact.files import settle

Model = TypeVar("Model", bound=BaseModel)
FILES: dict[str, type[BaseModel]] = {
    "programme.yaml": ProgrammeFile,
    "contracts.yaml": ContractsFile,
    "sources.yaml": SourcesFile,
    "indicators.yaml": IndicatorsFile,
    "evaluation.yaml": EvaluationFile,
    "claims.yaml": ClaimsFile,
}
"""The files of a programme folder and the model each is read into."""
MAX_REGISTERED = 50_000_000
"""Bytes that ``registrations.yaml`` may have; earlier versions wrote the whole plan with every entry."""
OPTIONAL = ("evaluation.yaml", "claims.yaml")


@dataclass(frozen=True)
class Programme:
    """A programme as declared.

    Parameters
    ----------
    folder
        Absolute path of the programme folder.
    header
        ``programme.yaml``: period, stakeholders, waves and the theory of change.
    contracts
        What a row must be, by id; the shared contracts that are used included.
    codelists
        The codes of a column and what lies in what, by id; shared ones included.
    sources
        The raw files and how they are read, in the order of ``sources.yaml``.
    indicators
        What is measured, promised and compared, in the order of ``indicators.yaml``.
    evaluation
        ``evaluation.yaml``: families of outcomes and draws of who takes part; empty where there is no such file.
    claims
        Totals the programme reported about itself, in the order of ``claims.yaml``.
    registrations
        Plans frozen by ``impact register``, oldest first.
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
    registrations: tuple[Registration, ...] = ()
    lines: Mapping[str, Lines] = field(default_factory=dict, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Identifier of the programme."""
        return self.header.id

    def line(self, file: str, *path: str | int) -> int | None:
        """Return the line of a path in one of the files, or of its nearest known parent."""
        known = self.lines.get(file, {})
        keys = list(path)
        while keys and tuple(keys) not in known:
            keys.pop()
        return known.get(tuple(keys))

    def column_codes(self, column: Column) -> tuple[str, ...]:
        """Return the codes a code column allows, in their declared order."""
        if column.codes is not None:
            return column.codes
        return tuple(item.code for item in self.codelists[column.codelist or ""].codes)

    def source_kind(self, *contracts: str) -> str:
        """Return ``real`` or ``synthetic``: the kind of the data that feed contracts, synthetic if any of them is."""
        kinds = {source.provenance.kind for source in self.sources if source.contract in contracts}
        return "synthetic" if "synthetic" in kinds else "real"

    def with_scaled(self, indicator: Indicator) -> tuple[Indicator, ...]:
        """Return an indicator, followed by the one whose effect its design scales, if any."""
        design = indicator.ex_post.design
        scaled = design.scales if design else None
        others = (other for other in self.indicators if other.id == scaled and other.id != indicator.id)
        return (indicator, *others)

    def data_kind(self, indicator: Indicator) -> str:
        """Return ``synthetic`` if any data behind an indicator's finding are, else ``real``."""
        return self.source_kind(*(name for each in self.with_scaled(indicator) for name in each.reads))


def shipped(name: str) -> Path:
    """Return the folder of shipped declarations (``schemas``) or example programmes (``data``).

    They lie in the wheel as ``impact/_schemas`` and ``impact/_data``, in a checkout beside the package.
    """
    package = Path(str(resources.files("impact")))
    inside = package / f"_{name}"
    return inside if inside.is_dir() else package.parent / name


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
    problems: list[Problem] = []
    lines: dict[str, Lines] = {}
    parsed: dict[str, Any] = {}
    for name, model in FILES.items():
        if name in OPTIONAL and not (path / name).exists():
            parsed[name] = model()
            continue
        try:
            draft = drafts / name if drafts and (drafts / name).is_file() else path / name
            parsed[name], lines[name] = read_declaration(draft, model, name)
        except DeclarationError as error:
            problems.extend(error.problems)
    registrations: tuple[Registration, ...] = ()
    try:
        registrations = read_registrations(path)
    except DeclarationError as error:
        problems.extend(error.problems)
    if problems:
        raise DeclarationError(problems)
    contracts_file: ContractsFile = parsed["contracts.yaml"]
    contracts, codelists, shared_problems = _with_shared(contracts_file)
    if shared_problems:
        raise DeclarationError(shared_problems)
    return Programme(
        folder=path,
        header=parsed["programme.yaml"],
        contracts=contracts,
        codelists=codelists,
        sources=_recoded(path, parsed["sources.yaml"].sources),
        indicators=parsed["indicators.yaml"].indicators,
        evaluation=parsed["evaluation.yaml"],
        claims=parsed["claims.yaml"].claims,
        registrations=registrations,
        lines=lines,
    )


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


def read_declaration(path: Path, model: type[Model], shown: str, limit: int = MAX_BYTES) -> tuple[Model, Lines]:
    """Read one YAML file into its model, or raise with every problem and its line."""
    data, lines = read_yaml(path, shown, limit)
    try:
        return model.model_validate(data), lines
    except ValidationError as error:
        found = [item for item in error.errors() if not _follows(item)]
        raise DeclarationError([_problem(item, lines, shown) for item in found]) from None


def _follows(item: Any) -> bool:
    """Tell whether a list is called too short only because some of its items are wrong, each said by itself."""
    return bool(item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"])


def _problem(item: Any, lines: Lines, shown: str) -> Problem:
    loc: tuple[str | int, ...] = tuple(item["loc"])
    at: tuple[str | int, ...] = ()
    for part in loc:
        at = (*at, part) if (*at, part) in lines else at
    kind, context = item["type"], item.get("ctx", {})
    name = str(loc[-1]) if loc else ""
    field_name = ".".join(str(part) for part in (*at, *(loc[-1:] if loc[-1:] != at[-1:] else ())))
    if kind == "extra_forbidden":
        return Problem(f"unknown field '{name}'", shown, lines.get(at), field_name, fix="Remove or rename it.")
    if kind == "missing":
        return Problem(f"the field '{name}' is missing", shown, lines.get(at), field_name, fix="Add it.")
    if kind == "too_short":
        least, of = context["min_length"], "character" if isinstance(item["input"], str) else "item"
        expected = f"at least {least} {of}{'s' * (least > 1)}"
        return Problem("too short", shown, lines.get(at), field_name, expected, _shown(item["input"]))
    expected = str(context.get("expected", context.get("expected_tags", context.get("pattern", ""))))
    message = str(item["msg"]).removeprefix("Value error, ")
    return Problem(message, shown, lines.get(at), field_name, expected, _shown(item.get("input")))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _with_shared(
    file: ContractsFile,
) -> tuple[dict[str, Contract], dict[str, Codelist], list[Problem]]:
    problems: list[Problem] = []
    contracts, codelists = list(file.contracts), list(file.codelists)
    for name in file.shared:
        path = _shared_files().get(name)
        if path is None:
            what, known = f"there is no shared contract or codelist '{name}'", ", ".join(sorted(_shared_files()))
            problems.append(Problem(what, "contracts.yaml", field="shared", expected=known))
            continue
        shared, _ = read_declaration(path, ContractsFile, f"schemas/{path.parent.name}/{path.name}")
        contracts += shared.contracts
        codelists += [codelist for codelist in shared.codelists if codelist not in codelists]
    for what, ids in (("contract", [c.id for c in contracts]), ("codelist", [c.id for c in codelists])):
        problems += [
            Problem(f"two {what}s are called '{name}'", "contracts.yaml", fix="Rename one of them.")
            for name in sorted({name for name in ids if ids.count(name) > 1})
        ]
    return {c.id: c for c in contracts}, {c.id: c for c in codelists}, problems


def _shared_files() -> dict[str, Path]:
    """Return the files that ``shared`` can name, by name."""
    folders = (shipped("schemas") / name for name in ("contracts", "codelists"))
    return {path.stem: path for folder in folders for path in folder.glob("*.yaml")}
