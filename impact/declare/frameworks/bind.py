"""Shared indicators become indicators of a programme, by what it binds them to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from impact.declare.base import in_language
from impact.declare.contracts import Codelist, Contract
from impact.declare.frameworks.find import Framework, Library
from impact.declare.frameworks.model import SharedIndicator
from impact.declare.frameworks.use import Binding, Use
from impact.declare.indicators import Indicator
from impact.declare.location import Location
from impact.declare.yaml_file import Lines
from impact.errors import DeclarationError, Problem
from impact.sql import fingerprint

FILE = "programme.yaml"


@dataclass(frozen=True)
class Bound:
    """A shared indicator as a programme has bound it.

    Parameters
    ----------
    framework, shared
        What is shared, and who declares it.
    indicator
        What it is in the programme.
    at
        Where the programme binds it.
    """

    framework: Framework
    shared: SharedIndicator
    indicator: Indicator
    at: Location


def use_at(lines: Lines, index: int, *path: str) -> Location:
    """Return where a use of a framework stands in ``programme.yaml``, or a path within it."""
    start = ("use", index) if ("use", index) in lines else ("use",)
    within: tuple[str | int, ...] = (*start, *path)
    while within and within not in lines:
        within = within[:-1]
    return Location(FILE, lines.get(within), ".".join(("use", *path)))


def used_frameworks(library: Library, uses: Sequence[Use], lines: Lines) -> list[Framework]:
    """Read the frameworks that a programme uses, and return that of each use.

    Raises
    ------
    DeclarationError
        If one cannot be had, or stands twice.
    """
    frameworks = []
    problems: list[Problem] = []
    for index, use in enumerate(uses):
        at = use_at(lines, index, "framework")
        if use.framework in (earlier.framework for earlier in uses[:index]):
            problems.append(at.problem(f"the framework '{use.framework}' is used twice", fix="Use it once."))
            continue
        try:
            frameworks.append(library.add(use, at))
        except DeclarationError as error:
            problems += error.problems
    if problems:
        raise DeclarationError(problems)
    return frameworks


def bound_indicators(
    library: Library, uses: Sequence[Use], lines: Lines, own: Mapping[str, Location]
) -> tuple[Bound, ...]:
    """Return the shared indicators that a programme binds, in its order.

    Parameters
    ----------
    library
        With every framework in use.
    uses, lines
        ``use`` of ``programme.yaml``, and where everything in that file stands.
    own
        Where the programme declares indicators of its own, by id.

    Raises
    ------
    DeclarationError
        If one that is bound is not there, has a node already or none, or if an id stands for two indicators.
    """
    problems = list(_redefined(library.frameworks, own))
    bound: list[Bound] = []
    for index, use in enumerate(uses):
        offered = _offered(library.frameworks, use)
        for name, binding in use.bind.items():
            at = use_at(lines, index, "bind", name)
            if name not in offered:
                what = f"the framework '{use.framework}' has no indicator '{name}'"
                problems.append(at.problem(what, ", ".join(offered) or "it shares no indicators"))
                continue
            framework, shared = offered[name]
            problems += _node_problems(shared, binding, at)
            if shared.node or binding.node:
                bound.append(Bound(framework, shared, _bound(shared, binding), at))
    if problems:
        raise DeclarationError(problems)
    return tuple(bound)


def reachable(frameworks: Iterable[Framework], use: Use) -> list[Framework]:
    """Return the framework of a use after those that it builds on."""
    framework = next(framework for framework in frameworks if framework.id == use.framework)
    names = {framework.id, *framework.builds_on}
    return [framework for framework in frameworks if framework.id in names]


def _offered(frameworks: Iterable[Framework], use: Use) -> dict[str, tuple[Framework, SharedIndicator]]:
    return {
        shared.id: (framework, shared) for framework in reachable(frameworks, use) for shared in framework.indicators
    }


def _node_problems(shared: SharedIndicator, binding: Binding, at: Location) -> Iterator[Problem]:
    if shared.node and binding.node:
        what = f"the framework hangs '{shared.id}' on its node '{shared.node}'"
        yield at.problem(what, found=binding.node, fix="Leave out node, and link that node into the theory of change.")
    if not (shared.node or binding.node):
        yield at.problem(f"'{shared.id}' hangs on no node", fix="Say on which node of the programme: node: …")


def _redefined(frameworks: Sequence[Framework], own: Mapping[str, Location]) -> Iterator[Problem]:
    """Yield the ids of shared indicators that the programme, or an earlier framework, declares too."""
    places = dict(own)
    for framework in frameworks:
        for shared in framework.indicators:
            at = framework.indicator_at(shared.id)
            first = places.setdefault(shared.id, at)
            if first != at:
                yield redefines("indicator", shared.id, first, at)


def redefines(what: str, name: str, own: Location, shared: Location) -> Problem:
    """Say that something stands twice, at the place where it can be mended: the programme's, if one is."""
    found = f"it is shared by {shared.file}:{shared.line or '?'}"
    fix = "Rename your own: what a framework shares stays as it is."
    return own.problem(f"the {what} '{name}' of a framework is declared again", found=found, fix=fix)


def _bound(shared: SharedIndicator, binding: Binding) -> Indicator:
    fields = {name: getattr(shared, name) for name in SharedIndicator.model_fields}
    declared = {name: getattr(binding, name) for name in Binding.model_fields}
    node, sample = binding.node or shared.node, binding.sample or shared.sample
    return Indicator(**{**fields, **declared, "node": node, "sample": sample})


def shared_hash(shared: SharedIndicator, contracts: Mapping[str, Contract], codelists: Mapping[str, Codelist]) -> str:
    """Return the SHA-256 of what is measured: the same in every programme, whatever it promises.

    It is of formula, conditions, unit, direction, level and sample, and of what a row of the contracts must be to
    count; titles and notes may be reworded, and where the framework cuts or hangs an indicator is no part of its value.
    """
    measured = shared.model_dump(mode="json", include={*_MEASURED}, exclude_none=True)
    measured["unit"] = in_language(shared.unit)
    rules = [_row_rules(contracts[name], codelists) for name in (shared.contract, *shared.formula.contracts())]
    return fingerprint(measured, rules)


_MEASURED = ("direction", "level", "formula", "where", "over_time", "sample")


def _row_rules(contract: Contract, codelists: Mapping[str, Codelist]) -> tuple[object, ...]:
    """Return what a row must be to count, without the words for it."""
    names = sorted({column.codelist for column in contract.columns.values() if column.codelist})
    lists = [codelists[name] for name in names if name in codelists]
    codes = [one.model_dump(mode="json", exclude={"title": True, "codes": {"__all__": {"title"}}}) for one in lists]
    return contract.model_dump(mode="json", exclude={"title": True, "columns": {"__all__": {"title"}}}), codes
