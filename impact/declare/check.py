"""Everything that can be known without data: whether the declarations of a programme hold together."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from impact.declare.base import last_day
from impact.declare.check_claims import claim_problems
from impact.declare.check_codelists import codelist_problems
from impact.declare.check_contracts import contract_problems, graph_problems
from impact.declare.check_evaluation import evaluation_problems
from impact.declare.check_export import export_problems
from impact.declare.check_frameworks import framework_problems
from impact.declare.check_indicators import indicator_problems
from impact.declare.check_projects import project_problems
from impact.declare.check_value import value_problems
from impact.declare.check_value_payments import payment_problems
from impact.declare.contracts import Column, Contract
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.programme import Stakeholder, Wave
from impact.declare.projects import Contact
from impact.declare.sources import Source
from impact.declare.theory import Node
from impact.errors import Problem

FILE = "sources.yaml"
ORDER = {"pre_baseline": 0, "baseline": 1, "midline": 2, "end_line": 3, "follow_up": 4}
"""The order in time of waves by their role; those of a series stand outside it."""
LAST = "9999-12-31"
_Entry = Node | Wave | Stakeholder | Contact | Source | Indicator
"""What stands in a list of declarations under an id."""


def check_programme(programme: Programme) -> list[Problem]:
    """Return every problem of reference and sense in a programme's declarations; empty when it holds together.

    Examples
    --------
    >>> from impact.declare.load import load_programme
    >>> check_programme(load_programme("data/nsw"))
    []
    """
    return [
        *_entries(programme),
        *_theory_of_change(programme),
        *_dates(programme),
        *project_problems(programme),
        *codelist_problems(programme),
        *contract_problems(programme),
        *_sources(programme),
        *(problem for indicator in programme.indicators for problem in indicator_problems(programme, indicator)),
        *framework_problems(programme),
        *evaluation_problems(programme),
        *claim_problems(programme),
        *value_problems(programme),
        *payment_problems(programme, programme.value.payments),
        *export_problems(programme),
    ]


def _entries(programme: Programme) -> Iterator[Problem]:
    header, file = programme.header, "programme.yaml"
    nodes = header.theory_of_change.nodes
    yield from _two_of_one_id(programme, "node", nodes, file, "theory_of_change", "nodes")
    yield from _two_of_one_id(programme, "wave", header.waves, file, "waves")
    yield from _two_of_one_id(programme, "stakeholder", header.stakeholders, file, "stakeholders")
    yield from _two_of_one_id(programme, "contact", header.contacts, file, "contacts")
    yield from _two_of_one_id(programme, "source", programme.sources, FILE, "sources")
    yield from _two_of_one_id(programme, "indicator", programme.indicators, "indicators.yaml", "indicators")
    if not programme.indicators:
        fix = "Declare an indicator, or bind one of a framework."
        yield Problem("nothing is measured", "indicators.yaml", field="indicators", fix=fix)
    for source in programme.sources:
        if source.id in programme.contracts:
            what = f"source '{source.id}' has the id of a contract"
            yield Problem(what, FILE, fix="Give the source its own id.")


def _two_of_one_id(
    programme: Programme, what: str, entries: Sequence[_Entry], file: str, *path: str
) -> Iterator[Problem]:
    """Yield each entry of a list whose id an earlier one has; ``path`` leads to the list in the file."""
    earlier: set[str] = set()
    for index, entry in enumerate(entries):
        if entry.id in earlier:
            at = Location(file, programme.line(file, *path, index))
            yield at.problem(f"two {what}s have the id '{entry.id}'", fix="Rename one.")
        earlier.add(entry.id)


def _theory_of_change(programme: Programme) -> Iterator[Problem]:
    toc, file, field = programme.header.theory_of_change, "programme.yaml", "theory_of_change"
    nodes = {node.id for node in toc.nodes}
    names = sorted(nodes)
    edges = []
    for index, link in enumerate(toc.links):
        ends = (link.source, link.target)
        if nodes.issuperset(ends):
            edges.append(ends)
        at = Location(file, programme.line(file, field, "links", index), f"{field}.links")
        for end in ends:
            if end not in nodes:
                yield at.problem(f"a link names node '{end}'", ", ".join(names))
    at = Location(file, programme.line(file, field))
    yield from graph_problems(names, edges, "theory of change", at)
    first = toc.nodes[0].id
    unlinked = sorted(nodes - _reachable(first, edges))
    if unlinked:
        what, fix = "the theory of change is not one connected chain", "Add the missing links."
        yield at.problem(what, found=f"not linked to '{first}': {', '.join(unlinked)}", fix=fix)


def _reachable(start: str, edges: Iterable[tuple[str, str]]) -> set[str]:
    """Return the nodes that edges lead to from a first one, in either direction."""
    neighbours: dict[str, set[str]] = defaultdict(set)
    for source, target in edges:
        neighbours[source].add(target)
        neighbours[target].add(source)
    reached, todo = {start}, [start]
    while todo:
        new = neighbours[todo.pop()] - reached
        reached |= new
        todo += new
    return reached


def _dates(programme: Programme) -> Iterator[Problem]:
    file, period = "programme.yaml", programme.header.period
    if last_day(period.start) > last_day(period.end):
        at = Location(file, programme.line(file, "period"), "period")
        yield at.problem("the programme ends before it starts")
    at = Location(file, programme.line(file, "waves"))
    dated = [(ORDER[wave.role], last_day(wave.date), wave) for wave in programme.header.waves if wave.role in ORDER]
    earliest = {rank: min((day for later, day, _ in dated if later > rank), default=LAST) for rank in ORDER.values()}
    for rank, day, first in dated:
        if day <= earliest[rank]:
            continue
        for later_rank, later_day, second in dated:
            if rank < later_rank and day > later_day:
                yield at.problem(f"{first.role} wave '{first.id}' is dated after {second.role} wave '{second.id}'")


def _sources(programme: Programme) -> Iterator[Problem]:
    expected = ", ".join(programme.contracts)
    kinds: dict[str, set[str]] = defaultdict(set)
    for index, source in enumerate(programme.sources):
        at = Location(FILE, programme.line(FILE, "sources", index))
        yield from _path(source, at.at("file"))
        if source.format.moments and source.format.zone is None:
            what = f"source '{source.id}' holds points in time, whose day depends on the zone"
            fix = "Declare zone: Europe/Rome in programme.yaml, or in the format of the source."
            yield at.at("format.zone").problem(what, fix=fix)
        contract = programme.contracts.get(source.contract)
        if contract is None:
            yield at.at("contract").problem(f"there is no contract '{source.contract}'", expected)
            continue
        kinds[contract.id].add(source.provenance.kind)
        yield from _filled_columns(source, contract, at)
        yield from _crosswalk_codes(programme, source, contract, at)
    for contract_id, provenance in kinds.items():
        if len(provenance) > 1:
            what = f"contract '{contract_id}' mixes real and synthetic sources"
            yield Problem(what, FILE, fix="Give the synthetic data a contract of its own.")


def _path(source: Source, at: Location) -> Iterator[Problem]:
    path = PurePosixPath(source.file)
    if path.is_absolute() or ".." in path.parts or "\\" in source.file:
        what = f"source '{source.id}' reads outside the programme folder"
        fix = "Put the file under raw/ and name it from there."
        yield at.problem(what, found=source.file, fix=fix)


def _crosswalk_codes(programme: Programme, source: Source, contract: Contract, at: Location) -> Iterator[Problem]:
    """Yield the codes a crosswalk file maps to although the column has no such code."""
    for name, file in source.crosswalk.items():
        column = contract.columns.get(name)
        if column is None or column.type != "code" or column.codelist not in (None, *programme.codelists):
            continue
        codes, expected = _allowed(programme, column)
        targets = set(source.recode[name].values())
        at = at.at(f"{source.id}.crosswalk.{name}")
        for code in sorted(targets - codes):
            yield at.problem(f"{file} maps to '{code}', which '{name}' does not have", expected)


def _allowed(programme: Programme, column: Column) -> tuple[set[str], str]:
    """Return the codes that a column takes, those of missing values included, and the first of them to be shown."""
    codes = programme.column_codes(column)
    missing = itertools.chain.from_iterable(column.missing.values())
    return {*codes, *missing}, ", ".join(codes[:20])


def _filled_columns(source: Source, contract: Contract, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with the columns that a source names: not in the contract, filled twice, or ignored too."""
    columns, expected = contract.columns, ", ".join(contract.columns)
    for setting, name in _settings(source):
        if name not in columns:
            what = f"contract '{contract.id}' has no column '{name}'"
            yield at.at(f"{source.id}.{setting}").problem(what, expected)
    for name in twice([*(name for name, _ in source.renamed), *source.set]):
        yield at.at(f"{source.id}.rename").problem(f"column '{name}' is filled twice")
    for name in sorted(set(source.rename) & set(source.ignore)):
        yield at.at(f"{source.id}.ignore").problem(f"column '{name}' is both renamed and ignored")


def _settings(source: Source) -> Iterator[tuple[str, str]]:
    """Yield each setting of a source that names a column of the contract, with the column."""
    yield from (("rename", name) for name, _ in source.renamed)
    yield from (("recode", name) for name in source.recode if name not in source.crosswalk)
    yield from (("crosswalk", name) for name in source.crosswalk)
    yield from (("set", name) for name in source.set)
