"""Whether indicators hold together: nodes, contracts, columns, waves, designs and promises."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.base import Condition
from impact.declare.conditions import condition_problems
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.declaration import Declaration
from impact.declare.indicators import Indicator
from impact.declare.limits import promise_state, promised_differences, promised_values, value_limits
from impact.declare.load import Programme
from impact.errors import Problem
from impact.formulas.base import ColumnUse
from impact.formulas.kind import Samples
from impact.formulas.registry import kind_of, names_of


def indicator_problems(programme: Programme, index: int, indicator: Indicator) -> Iterator[Problem]:
    """Yield what is wrong with one indicator."""
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
    at = Declaration(programme, indicator, contract, line)
    yield from _columns(at)
    yield from indicator.formula.problems(at)
    yield from _sample(at)
    yield from _waves(at)
    if indicator.ex_post.design is not None:
        yield from indicator.ex_post.design.problems(at)
    yield from _promise(indicator, line)
    yield from _within_limits(indicator, contract, line)


def _sample(at: Declaration) -> Iterator[Problem]:
    sample, formula = at.indicator.sample, at.indicator.formula
    moved = sample.calibration or sample.replicates
    if moved and kind_of(formula).samples is Samples.UNCALIBRATED:
        *names, last = names_of(lambda kind: kind.samples is Samples.ANY)
        expected = f"{', '.join(names)} or {last}"
        yield at.problem(f"a {formula.kind} takes neither calibration nor replicates", "sample", expected)


def _columns(at: Declaration) -> Iterator[Problem]:
    indicator, contract = at.indicator, at.contract
    for where, name in named_columns(indicator):
        if name not in contract.columns:
            what = f"contract '{contract.id}' has no column '{name}'"
            yield at.problem(what, where, expected=", ".join(contract.columns))
    for where, name in _numeric_columns(indicator):
        column = contract.columns.get(name)
        if column and column.type not in NUMERIC:
            what = f"column '{name}' is {column.type}, not a number"
            yield at.problem(what, where, "integer or number", column.type)
    for name in _formula_columns(indicator, ColumnUse.DATE):
        column = contract.columns.get(name)
        if column and column.type != "date":
            yield at.problem(f"column '{name}' is {column.type}, not a date", "formula", "date", column.type)
    for where, condition in _conditions(indicator):
        if condition.column in contract.columns:
            path = f"indicators.yaml {indicator.id}.{where}"
            yield from condition_problems(at.programme, contract, condition, at.line, path)


def _conditions(indicator: Indicator) -> Iterator[tuple[str, Condition]]:
    yield from (("where", condition) for condition in indicator.where)
    yield from (("formula", condition) for condition in indicator.formula.conditions())


def _formula_columns(indicator: Indicator, *uses: ColumnUse) -> list[str]:
    return [name for name, use in indicator.formula.columns() if use in uses]


def named_columns(indicator: Indicator) -> list[tuple[str, str]]:
    """Return every column an indicator names, with the field that names it."""
    cuts = [("by", name) for name in indicator.by] + [("scope", name) for name in indicator.scope]
    named = cuts if kind_of(indicator.formula).own_cuts else []
    named += [(where, condition.column) for where, condition in _conditions(indicator)]
    named += [("sample", name) for name in indicator.sample.columns()]
    calibration = indicator.sample.calibration
    named += [("sample.calibration", margin.column) for margin in calibration.margins] if calibration else []
    named += _numeric_columns(indicator)
    named += [("formula", name) for name in _formula_columns(indicator, ColumnUse.DATE, ColumnUse.ANY)]
    design = indicator.ex_post.design
    return named + [("design", name) for name in (design.columns() if design else ())]


def _numeric_columns(indicator: Indicator) -> list[tuple[str, str]]:
    sample, names = indicator.sample, _formula_columns(indicator, ColumnUse.NUMBER)
    weights = [name for name in (sample.weight, sample.population, sample.population_within) if name]
    if sample.calibration:
        weights += [margin.column for margin in sample.calibration.margins if margin.total is not None]
    return [("formula", name) for name in names] + [("sample", name) for name in weights]


def _waves(at: Declaration) -> Iterator[Problem]:
    indicator, contract, waves = at.indicator, at.contract, [wave.id for wave in at.programme.header.waves]
    for where, wave in _named_waves(indicator):
        if wave not in waves:
            yield at.problem(f"there is no wave '{wave}'", where, ", ".join(waves))
        if not indicator.formula.has_waves(at):
            yield at.problem(f"contract '{contract.id}' has no wave column", where)
    if contract.wave and indicator.ex_post.wave is None:
        what = f"contract '{contract.id}' has waves, so '{indicator.id}' must say which"
        yield Problem(what, "indicators.yaml", at.line, "ex_post.wave")


def _named_waves(indicator: Indicator) -> Iterator[tuple[str, str]]:
    """Yield the waves that an indicator names, with the field that names each."""
    if indicator.ex_post.wave is not None:
        yield "ex_post.wave", indicator.ex_post.wave
    if indicator.ex_ante.baseline and indicator.ex_ante.baseline.wave is not None:
        yield "ex_ante.baseline.wave", indicator.ex_ante.baseline.wave
    yield from (("formula.since", wave) for wave in indicator.formula.waves())
    design = indicator.ex_post.design
    yield from (("design", wave) for wave in (design.waves() if design else ()))


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
    start = 0.0 if target.value is None else None if baseline is None else baseline.value
    if promise_state(indicator.direction, start, target.change if target.value is None else target.value):
        yield Problem(f"the target of '{indicator.id}' goes against its direction", file, line, "ex_ante.target")


def _within_limits(indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    limits = value_limits(indicator, contract)
    wrong = [(where, figure, limits) for where, figure in promised_values(indicator) if not limits.hold(figure)]
    between = limits.of_differences()
    wrong += [(where, figure, between) for where, figure in promised_differences(indicator) if not between.hold(figure)]
    for where, figure, (low, high) in dict.fromkeys(wrong):
        yield Problem(
            f"no value of '{indicator.id}' can be so",
            "indicators.yaml",
            line,
            f"{indicator.id}.{where}",
            expected=f"between {low:g} and {high:g}",
            found=f"{figure:g}",
        )
