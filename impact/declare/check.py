"""Everything that can be known without data: whether the declarations of a programme hold together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

from impact.declare.base import Condition, last_day
from impact.declare.contracts import NUMERIC, Contract, ForeignKey
from impact.declare.indicators import (
    BeforeAfter,
    Change,
    CountDistinct,
    Indicator,
    Mean,
    Proportion,
    Quantile,
    Ratio,
    Scale,
    Sum,
    Threshold,
)
from impact.declare.load import Programme
from impact.declare.sources import Source
from impact.errors import Problem

PER_ROW = ("mean", "proportion", "scale", "threshold")


def check_programme(programme: Programme) -> list[Problem]:
    """Return every problem of reference and sense in a programme's declarations; empty when it holds together."""
    return [
        *_duplicate_ids(programme),
        *_theory_of_change(programme),
        *_dates(programme),
        *_contracts(programme),
        *_sources(programme),
        *(
            problem
            for i, indicator in enumerate(programme.indicators)
            for problem in _indicator(programme, i, indicator)
        ),
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
    yield from _graph_problems(
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


def _graph_problems(
    nodes: Iterable[str], edges: Iterable[tuple[str, str]], what: str, file: str, line: int | None
) -> Iterator[Problem]:
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(nodes, ()))
    for source, target in edges:
        sorter.add(target, source)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        yield Problem(f"the {what} runs in a circle", file, line, found=circle, fix="Remove one of these links.")


def _dates(programme: Programme) -> Iterator[Problem]:
    period = programme.header.period
    if last_day(period.start) > last_day(period.end):
        line = programme.line("programme.yaml", "period")
        yield Problem("the programme ends before it starts", "programme.yaml", line, "period")
    order = {"pre_baseline": 0, "baseline": 1, "midline": 2, "end_line": 3, "follow_up": 4}
    waves = programme.header.waves
    for earlier in waves:
        for later in waves:
            if order[earlier.role] < order[later.role] and last_day(earlier.date) > last_day(later.date):
                yield Problem(
                    f"{earlier.role} wave '{earlier.id}' is dated after {later.role} wave '{later.id}'",
                    "programme.yaml",
                    programme.line("programme.yaml", "waves"),
                )


def _contracts(programme: Programme) -> Iterator[Problem]:
    file = "contracts.yaml"
    edges = []
    for contract in programme.contracts.values():
        yield from _contract_sense(programme, contract)
        for name, column in contract.columns.items():
            where = f"{contract.id}.{name}"
            if column.codelist and column.codelist not in programme.codelists:
                known = ", ".join(programme.codelists) or "no codelist is declared"
                yield Problem(f"there is no codelist '{column.codelist}'", file, None, where, known)
            if column.pattern is not None:
                yield from _pattern(column.pattern, file, where)
        for key in contract.foreign_keys:
            other = programme.contracts.get(key.references)
            if other is None:
                yield Problem(f"there is no contract '{key.references}'", file, None, f"{contract.id}.foreign_keys")
                continue
            edges.append((other.id, contract.id))
            yield from _foreign_key(contract, key, other)
    yield from _graph_problems(sorted(programme.contracts), edges, "chain of foreign keys", file, None)


def _foreign_key(contract: Contract, key: ForeignKey, other: Contract) -> Iterator[Problem]:
    file, where = "contracts.yaml", f"{contract.id}.foreign_keys"
    for here, there in zip(key.columns, key.to, strict=True):
        if there not in other.columns:
            yield Problem(f"contract '{other.id}' has no column '{there}'", file, None, where)
            continue
        kinds = contract.columns[here].type, other.columns[there].type
        if _family(kinds[0]) != _family(kinds[1]):
            yield Problem(f"'{here}' refers to '{there}' of another kind", file, None, where, kinds[0], kinds[1])


def _contract_sense(programme: Programme, contract: Contract) -> Iterator[Problem]:
    file, columns = "contracts.yaml", contract.columns
    for name in dict.fromkeys((*contract.key, *(n for n in (contract.person, contract.wave) if n))):
        if not columns[name].required:
            yield Problem(f"key column '{name}' may be missing", file, None, f"{contract.id}.{name}", "required: true")
    if contract.wave and columns[contract.wave].type not in ("text", "code"):
        yield Problem(f"the wave column '{contract.wave}' must be text or code", file, None, contract.id)
    if "rowid" in columns:
        yield Problem("a column cannot be called 'rowid': that name is the database's own", file, None, contract.id)
    for rule in contract.rules:
        for condition in (rule.when, rule.then) if rule.kind == "implies" else ():
            yield from _condition(programme, contract, condition, None, f"{file} {contract.id}.{rule.id}")
        if rule.kind == "compare" and _family(columns[rule.left].type) != _family(columns[rule.right].type):
            found = f"{columns[rule.left].type} and {columns[rule.right].type}"
            yield Problem(f"rule '{rule.id}' compares two kinds of column", file, None, contract.id, found=found)


def _family(kind: str) -> str:
    return {"integer": "number", "code": "text"}.get(kind, kind)


def _pattern(pattern: str, file: str, where: str) -> Iterator[Problem]:
    try:
        re.compile(f"^(?:{pattern})$", re.ASCII)
    except re.error as error:
        yield Problem(
            "the pattern is not a regular expression",
            file,
            None,
            where,
            found=f"{pattern}: {error}",
            fix="Note that flags go inside a group, as in (?i:abc).",
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
    for contract_id, found in kinds.items():
        if len(found) > 1:
            yield Problem(
                f"contract '{contract_id}' mixes real and synthetic sources",
                "sources.yaml",
                fix="Give the synthetic data a contract of its own.",
            )


def _crosswalk(source: Source, contract: Contract, line: int | None) -> Iterator[Problem]:
    named = [("rename", name) for name in source.rename.values()]
    named += [("recode", name) for name in source.recode] + [("set", name) for name in source.set]
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


def _indicator(programme: Programme, index: int, indicator: Indicator) -> Iterator[Problem]:
    file, line = "indicators.yaml", programme.line("indicators.yaml", "indicators", index)
    node = next((n for n in programme.header.theory_of_change.nodes if n.id == indicator.node), None)
    if node is None:
        known = ", ".join(n.id for n in programme.header.theory_of_change.nodes)
        yield Problem(f"indicator '{indicator.id}' hangs on no node", file, line, "node", known, indicator.node)
    elif node.level != indicator.level:
        yield Problem(
            f"indicator '{indicator.id}' is {indicator.level} but its node '{node.id}' is {node.level}",
            file,
            line,
            "level",
        )
    cuts = [*indicator.by, *indicator.scope]
    for name in sorted({name for name in cuts if cuts.count(name) > 1}):
        yield Problem(f"'{indicator.id}' is cut by '{name}' twice", file, line, f"{indicator.id}.by", fix="Keep one.")
    contract = programme.contracts.get(indicator.contract)
    if contract is None:
        known = ", ".join(programme.contracts)
        yield Problem(f"there is no contract '{indicator.contract}'", file, line, "contract", known)
        return
    if not any(source.contract == contract.id for source in programme.sources):
        yield Problem(
            f"no source feeds contract '{contract.id}'", file, line, "contract", fix="Add it to sources.yaml."
        )
    yield from _columns(programme, indicator, contract, line)
    yield from _waves(programme, indicator, contract, line)
    yield from _promise(indicator, line)


def _columns(programme: Programme, indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    file = "indicators.yaml"
    for where, name in named_columns(indicator):
        if name not in contract.columns:
            yield Problem(
                f"contract '{contract.id}' has no column '{name}'",
                file,
                line,
                f"{indicator.id}.{where}",
                expected=", ".join(contract.columns),
            )
    for where, name in _numeric_columns(indicator):
        column = contract.columns.get(name)
        if column and column.type not in NUMERIC:
            yield Problem(
                f"column '{name}' is {column.type}, not a number",
                file,
                line,
                f"{indicator.id}.{where}",
                expected="integer or number",
                found=column.type,
            )
    for where, condition in _conditions(indicator):
        column = contract.columns.get(condition.column)
        if column:
            yield from _condition(programme, contract, condition, line, f"{file} {indicator.id}.{where}")
    if isinstance(indicator.formula, Change) and contract.person is None:
        yield Problem(
            f"'{indicator.id}' follows persons, but contract '{contract.id}' names no person column",
            file,
            line,
            "formula",
        )
    design = indicator.ex_post.design
    if design and not isinstance(design, BeforeAfter):
        yield from _arms(programme, indicator, contract, line)


def _arms(programme: Programme, indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    design = indicator.ex_post.design
    if design is None or isinstance(design, BeforeAfter):
        return
    column = contract.columns.get(design.arm)
    if design.arm in (*indicator.by, *indicator.scope):
        yield Problem(
            f"'{indicator.id}' is cut by its arm column '{design.arm}'",
            "indicators.yaml",
            line,
            f"{indicator.id}.by",
            fix="Remove it: both arms are reported anyway.",
        )
    if design.treated == design.comparison:
        yield Problem("treated and comparison are the same code", "indicators.yaml", line, f"{indicator.id}.design")
    if column and column.type == "code":
        for code in (design.treated, design.comparison):
            if column.codelist in (None, *programme.codelists) and code not in programme.column_codes(column):
                yield Problem(
                    f"column '{design.arm}' has no code '{code}'",
                    "indicators.yaml",
                    line,
                    f"{indicator.id}.design",
                )
    formula = indicator.formula.of if isinstance(indicator.formula, Change) else indicator.formula
    if formula.kind not in PER_ROW:
        yield Problem(
            f"a {design.kind} design needs an outcome per row",
            "indicators.yaml",
            line,
            f"{indicator.id}.formula",
            ", ".join(PER_ROW),
            formula.kind,
        )
    if contract.person is None:
        yield Problem(
            f"a {design.kind} design follows units, but contract '{contract.id}' names no person column",
            "indicators.yaml",
            line,
            f"{indicator.id}.design",
            fix="Add person: to the contract.",
        )


def _condition(
    programme: Programme, contract: Contract, condition: Condition, line: int | None, where: str
) -> Iterator[Problem]:
    """Check a condition against the column it names; ``where`` starts with the file."""
    column, operator, operand = contract.columns[condition.column], condition.operator, condition.operand
    file, where = where.split(" ", 1)
    if operator in ("at_least", "at_most", "above", "below") and column.type not in NUMERIC:
        yield Problem(
            f"'{operator}' compares numbers, but column '{condition.column}' is {column.type}",
            file,
            line,
            where,
        )
    if operator not in ("equals", "not_equals", "one_of"):
        return
    values = operand if operator == "one_of" else (operand,)
    if column.type == "code" and column.codelist in (None, *programme.codelists):
        codes = programme.column_codes(column)
        for value in values:
            if str(value) not in codes:
                yield Problem(
                    f"column '{condition.column}' has no code '{value}'",
                    file,
                    line,
                    where,
                    ", ".join(codes[:20]),
                )
    wanted = {"integer": (int, float), "number": (int, float), "boolean": (bool,), "text": (str,), "date": (str,)}.get(
        column.type
    )
    for value in values if wanted else ():
        if not isinstance(value, wanted or ()) or (column.type != "boolean" and isinstance(value, bool)):
            yield Problem(
                f"column '{condition.column}' is {column.type}",
                file,
                line,
                where,
                column.type,
                repr(value),
            )


def _conditions(indicator: Indicator) -> Iterator[tuple[str, Condition]]:
    for condition in indicator.where:
        yield "where", condition
    formula = indicator.formula.of if isinstance(indicator.formula, Change) else indicator.formula
    if isinstance(formula, Proportion):
        yield "formula", formula.of


def named_columns(indicator: Indicator) -> list[tuple[str, str]]:
    """Return every column an indicator names, with the field that names it."""
    named = [("by", name) for name in indicator.by] + [("scope", name) for name in indicator.scope]
    named += [(where, condition.column) for where, condition in _conditions(indicator)]
    named += [("sample", name) for name in indicator.sample.columns()]
    named += _numeric_columns(indicator)
    if isinstance(indicator.formula, CountDistinct):
        named.append(("formula", indicator.formula.column))
    if isinstance(indicator.formula, Sum) and indicator.formula.qualifier:
        named.append(("formula", indicator.formula.qualifier))
    design = indicator.ex_post.design
    if design and not isinstance(design, BeforeAfter):
        named.append(("design", design.arm))
        named += [("design", design.cluster)] if design.cluster else []
        named += [("design", name) for name in getattr(design, "covariates", ())]
    return named


def _numeric_columns(indicator: Indicator) -> list[tuple[str, str]]:
    formula = indicator.formula.of if isinstance(indicator.formula, Change) else indicator.formula
    if isinstance(formula, Threshold):
        formula = formula.of
    names: tuple[str, ...] = ()
    if isinstance(formula, Mean | Sum | Quantile):
        names = (formula.column,)
    elif isinstance(formula, Scale):
        names = formula.items
    elif isinstance(formula, Ratio):
        names = (formula.numerator, formula.denominator)
    sample = indicator.sample
    weights = [name for name in (sample.weight, sample.population) if name]
    return [("formula", name) for name in names] + [("sample", name) for name in weights]


def _waves(programme: Programme, indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    file, waves = "indicators.yaml", {wave.id: wave for wave in programme.header.waves}
    design = indicator.ex_post.design
    used = [("ex_post.wave", indicator.ex_post.wave)]
    if indicator.ex_ante.baseline:
        used.append(("ex_ante.baseline.wave", indicator.ex_ante.baseline.wave))
    if isinstance(indicator.formula, Change):
        used.append(("formula.since", indicator.formula.since))
    used += [("design.covariate_waves", wave) for wave in getattr(design, "covariate_waves", ())]
    used.append(("design.placebo_wave", getattr(design, "placebo_wave", None)))
    for where, wave in used:
        if wave is None:
            continue
        if wave not in waves:
            yield Problem(f"there is no wave '{wave}'", file, line, f"{indicator.id}.{where}", ", ".join(waves))
        if contract.wave is None:
            yield Problem(f"contract '{contract.id}' has no wave column", file, line, f"{indicator.id}.{where}")
    if contract.wave and indicator.ex_post.wave is None:
        yield Problem(
            f"contract '{contract.id}' has waves, so '{indicator.id}' must say which",
            file,
            line,
            "ex_post.wave",
        )
    if design and design.kind == "did" and not (indicator.ex_ante.baseline and indicator.ex_ante.baseline.wave):
        yield Problem(f"'{indicator.id}' needs a baseline wave for a did design", file, line, "ex_ante.baseline.wave")
    if isinstance(indicator.formula, Change) and indicator.ex_ante.baseline and indicator.ex_ante.baseline.wave:
        yield Problem(
            f"'{indicator.id}' is a change: its baseline is zero, not a wave",
            file,
            line,
            "ex_ante.baseline",
            fix="Remove the baseline, or measure the level instead of the change.",
        )


def _promise(indicator: Indicator, line: int | None) -> Iterator[Problem]:
    baseline, target = indicator.ex_ante.baseline, indicator.ex_ante.target
    file = "indicators.yaml"
    if target is None:
        return
    if target.change is not None and baseline is None:
        yield Problem(
            f"the target of '{indicator.id}' is a change, but there is no baseline",
            file,
            line,
            "ex_ante.baseline",
        )
    gain = target.change
    if gain is None and target.value is not None and baseline and baseline.value is not None:
        gain = target.value - baseline.value
    wrong = gain is not None and (
        (indicator.direction == "increase" and gain < 0) or (indicator.direction == "decrease" and gain > 0)
    )
    if wrong:
        yield Problem(f"the target of '{indicator.id}' goes against its direction", file, line, "ex_ante.target")
