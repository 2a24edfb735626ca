"""Everything that can be known without data: whether the declarations of a programme hold together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from impact.declare.base import last_day
from impact.declare.check_claims import claim_problems
from impact.declare.check_codelists import codelist_problems
from impact.declare.check_contracts import contract_problems, graph_problems
from impact.declare.check_evaluation import evaluation_problems
from impact.declare.check_indicators import indicator_problems
from impact.declare.contracts import Contract
from impact.declare.load import Programme
from impact.declare.sources import Source
from impact.errors import Problem


def check_programme(programme: Programme) -> list[Problem]:
    """Return every problem of reference and sense in a programme's declarations; empty when it holds together.

    Examples
    --------
    >>> from impact.declare.load import load_programme
    >>> check_programme(load_programme("data/nsw"))
    []
    """
    return [
        *_duplicate_ids(programme),
        *_theory_of_change(programme),
        *_dates(programme),
        *codelist_problems(programme),
        *contract_problems(programme),
        *_sources(programme),
        *(
            problem
            for i, indicator in enumerate(programme.indicators)
            for problem in indicator_problems(programme, i, indicator)
        ),
        *evaluation_problems(programme),
        *claim_problems(programme),
    ]


def _duplicate_ids(programme: Programme) -> Iterator[Problem]:
    header = programme.header
    groups: list[tuple[str, str, tuple[str | int, ...], list[str]]] = [
        (
            "node",
            "programme.yaml",
            ("theory_of_change", "nodes"),
            [n.id for n in header.theory_of_change.nodes],
        ),
        ("wave", "programme.yaml", ("waves",), [w.id for w in header.waves]),
        ("stakeholder", "programme.yaml", ("stakeholders",), [s.id for s in header.stakeholders]),
        ("source", "sources.yaml", ("sources",), [s.id for s in programme.sources]),
        ("indicator", "indicators.yaml", ("indicators",), [i.id for i in programme.indicators]),
    ]
    for what, file, path, ids in groups:
        for index, name in enumerate(ids):
            if name in ids[:index]:
                yield Problem(
                    f"two {what}s have the id '{name}'",
                    file,
                    programme.line(file, *path, index),
                    fix="Rename one.",
                )
    for source in programme.sources:
        if source.id in programme.contracts:
            yield Problem(
                f"source '{source.id}' has the id of a contract",
                "sources.yaml",
                fix="Give the source its own id.",
            )


def _theory_of_change(programme: Programme) -> Iterator[Problem]:
    toc, file = programme.header.theory_of_change, "programme.yaml"
    nodes = {node.id for node in toc.nodes}
    for index, link in enumerate(toc.links):
        line = programme.line(file, "theory_of_change", "links", index)
        for end in (link.source, link.target):
            if end not in nodes:
                yield Problem(
                    f"a link names node '{end}'",
                    file,
                    line,
                    "theory_of_change.links",
                    ", ".join(sorted(nodes)),
                )
    yield from graph_problems(
        sorted(nodes),
        [(a.source, a.target) for a in toc.links if {a.source, a.target} <= nodes],
        "theory of change",
        file,
        programme.line(file, "theory_of_change"),
    )
    if len(nodes) > 1:
        neighbours: dict[str, set[str]] = {node: set() for node in nodes}
        for link in toc.links:
            if {link.source, link.target} <= nodes:
                neighbours[link.source].add(link.target)
                neighbours[link.target].add(link.source)
        lost = nodes - _reachable(toc.nodes[0].id, neighbours)
        if lost:
            yield Problem(
                "the theory of change is not one connected chain",
                file,
                programme.line(file, "theory_of_change"),
                found=f"not linked to '{toc.nodes[0].id}': {', '.join(sorted(lost))}",
                fix="Add the missing links.",
            )


def _reachable(start: str, neighbours: dict[str, set[str]]) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        new = neighbours[todo.pop()] - seen
        seen |= new
        todo += new
    return seen


def _dates(programme: Programme) -> Iterator[Problem]:
    period = programme.header.period
    if last_day(period.start) > last_day(period.end):
        line = programme.line("programme.yaml", "period")
        yield Problem("the programme ends before it starts", "programme.yaml", line, "period")
    order = {"pre_baseline": 0, "baseline": 1, "midline": 2, "end_line": 3, "follow_up": 4}
    waves = [wave for wave in programme.header.waves if wave.role in order]
    for earlier in waves:
        for later in waves:
            if order[earlier.role] < order[later.role] and last_day(earlier.date) > last_day(later.date):
                yield Problem(
                    f"{earlier.role} wave '{earlier.id}' is dated after {later.role} wave '{later.id}'",
                    "programme.yaml",
                    programme.line("programme.yaml", "waves"),
                )


def _sources(programme: Programme) -> Iterator[Problem]:
    kinds: dict[str, set[str]] = {}
    for index, source in enumerate(programme.sources):
        line = programme.line("sources.yaml", "sources", index)
        path = PurePosixPath(source.file)
        if path.is_absolute() or ".." in path.parts or "\\" in source.file:
            yield Problem(
                f"source '{source.id}' reads outside the programme folder",
                "sources.yaml",
                line,
                "file",
                found=source.file,
                fix="Put the file under raw/ and name it from there.",
            )
        contract = programme.contracts.get(source.contract)
        if contract is None:
            known = ", ".join(programme.contracts)
            yield Problem(f"there is no contract '{source.contract}'", "sources.yaml", line, "contract", known)
            continue
        kinds.setdefault(contract.id, set()).add(source.provenance.kind)
        yield from _crosswalk(source, contract, line)
        yield from _crosswalk_codes(programme, source, contract, line)
    for contract_id, found in kinds.items():
        if len(found) > 1:
            yield Problem(
                f"contract '{contract_id}' mixes real and synthetic sources",
                "sources.yaml",
                fix="Give the synthetic data a contract of its own.",
            )


def _crosswalk_codes(programme: Programme, source: Source, contract: Contract, line: int | None) -> Iterator[Problem]:
    """Yield the codes a crosswalk file maps to although the column has no such code."""
    for name, file in source.crosswalk.items():
        column = contract.columns.get(name)
        if column is None or column.type != "code" or column.codelist not in (None, *programme.codelists):
            continue
        codes = programme.column_codes(column)
        missing = {code for kinds in column.missing.values() for code in kinds}
        for code in sorted(set(source.recode[name].values()) - set(codes) - missing):
            where, expected = f"{source.id}.crosswalk.{name}", ", ".join(codes[:20])
            yield Problem(
                f"{file} maps to '{code}', which '{name}' does not have", "sources.yaml", line, where, expected
            )


def _crosswalk(source: Source, contract: Contract, line: int | None) -> Iterator[Problem]:
    named = [("rename", name) for name in source.rename.values()]
    named += [("recode", name) for name in source.recode if name not in source.crosswalk]
    named += [("crosswalk", name) for name in source.crosswalk] + [("set", name) for name in source.set]
    for where, name in named:
        if name not in contract.columns:
            yield Problem(
                f"contract '{contract.id}' has no column '{name}'",
                "sources.yaml",
                line,
                f"{source.id}.{where}",
                expected=", ".join(contract.columns),
            )
    targets = [*source.rename.values(), *source.set]
    for name in sorted({name for name in targets if targets.count(name) > 1}):
        yield Problem(f"column '{name}' is filled twice", "sources.yaml", line, f"{source.id}.rename")
    for name in sorted(set(source.rename) & set(source.ignore)):
        yield Problem(f"column '{name}' is both renamed and ignored", "sources.yaml", line, f"{source.id}.ignore")
