"""Whether indicators hold together: nodes, contracts, columns, waves, designs and promises."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.base import Condition
from impact.declare.check_promises import promise_problems
from impact.declare.conditions import condition_problems
from impact.declare.contracts import NUMERIC
from impact.declare.declaration import Declaration
from impact.declare.indicators import Indicator
from impact.declare.limits import promised_differences, promised_values, value_limits
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.errors import Problem
from impact.formulas.base import ColumnUse
from impact.formulas.kind import Samples, Summary
from impact.formulas.registry import kind_of, names_of


def indicator_problems(programme: Programme, indicator: Indicator) -> Iterator[Problem]:
    """Yield what is wrong with one indicator."""
    at = programme.indicator_at(indicator.id)
    yield from _node(programme, indicator, at)
    for name in twice([*indicator.by, *indicator.scope]):
        what = f"'{indicator.id}' is cut by '{name}' twice"
        yield at.at(f"{indicator.id}.by").problem(what, fix="Keep one.")
    contract, place = programme.contracts.get(indicator.contract), at
    at = at.at("contract")
    if contract is None:
        yield at.problem(f"there is no contract '{indicator.contract}'", ", ".join(programme.contracts))
        return
    if not any(source.contract == contract.id for source in programme.sources):
        yield at.problem(f"no source feeds contract '{contract.id}'", fix="Add it to sources.yaml.")
    yield from _in_contract(Declaration(programme, indicator, contract, place))


def _in_contract(declaration: Declaration) -> Iterator[Problem]:
    """Yield what is wrong with an indicator whose contract is there."""
    indicator = declaration.indicator
    yield from _columns(declaration)
    yield from indicator.formula.problems(declaration)
    yield from _sample(declaration)
    yield from _waves(declaration)
    yield from _over_time(declaration)
    if indicator.ex_post.design is not None:
        yield from indicator.ex_post.design.problems(declaration)
    yield from promise_problems(declaration)
    yield from _within_limits(declaration)


def _node(programme: Programme, indicator: Indicator, at: Location) -> Iterator[Problem]:
    nodes = programme.header.theory_of_change.nodes
    node = next((node for node in nodes if node.id == indicator.node), None)
    if node is None:
        what, expected = f"indicator '{indicator.id}' hangs on no node", ", ".join(node.id for node in nodes)
        yield at.at("node").problem(what, expected, indicator.node)
    elif node.level != indicator.level:
        what = f"indicator '{indicator.id}' is {indicator.level} but its node '{node.id}' is {node.level}"
        yield at.at("level").problem(what)


def _sample(at: Declaration) -> Iterator[Problem]:
    sample, formula = at.indicator.sample, at.indicator.formula
    if kind_of(formula).samples is Samples.UNCALIBRATED and (sample.calibration or sample.replicates):
        *names, last = names_of(lambda kind: kind.samples is Samples.ANY)
        what = f"a {formula.kind} takes neither calibration nor replicates"
        yield at.problem(what, "sample", f"{', '.join(names)} or {last}")


def _columns(at: Declaration) -> Iterator[Problem]:
    indicator, contract = at.indicator, at.contract
    columns = contract.columns
    for field, name in named_columns(indicator):
        if name not in columns:
            yield at.problem(f"contract '{contract.id}' has no column '{name}'", field, ", ".join(columns))
    for field, name in _numeric_columns(indicator):
        if name in columns and columns[name].type not in NUMERIC:
            kind = columns[name].type
            yield at.problem(f"column '{name}' is {kind}, not a number", field, "integer or number", kind)
    for name in _formula_columns(indicator, ColumnUse.DATE):
        if name in columns and columns[name].type != "date":
            kind = columns[name].type
            yield at.problem(f"column '{name}' is {kind}, not a date", "formula", "date", kind)
    for field, condition in _conditions(indicator):
        if condition.column in columns:
            yield from condition_problems(at.programme, contract, condition, at.location(field))


def _conditions(indicator: Indicator) -> Iterator[tuple[str, Condition]]:
    yield from (("where", condition) for condition in indicator.where)
    yield from (("formula", condition) for condition in indicator.formula.conditions())


def _formula_columns(indicator: Indicator, *uses: ColumnUse) -> list[str]:
    return [name for name, use in indicator.formula.columns() if use in uses]


def named_columns(indicator: Indicator) -> list[tuple[str, str]]:
    """Return every column an indicator names, with the field that names it."""
    columns: list[tuple[str, str]] = []
    if kind_of(indicator.formula).own_cuts:
        columns += [("by", name) for name in indicator.by]
        columns += [("scope", name) for name in indicator.scope]
    columns += [(field, condition.column) for field, condition in _conditions(indicator)]
    columns += [("sample", name) for name in indicator.sample.columns()]
    calibration = indicator.sample.calibration
    if calibration:
        columns += [("sample.calibration", margin.column) for margin in calibration.margins]
    for use in ((ColumnUse.NUMBER,), (ColumnUse.DATE, ColumnUse.ANY)):
        columns += [("formula", name) for name in _formula_columns(indicator, *use)]
    design = indicator.ex_post.design
    if design:
        columns += [("design", name) for name in design.columns()]
    return columns


def _numeric_columns(indicator: Indicator) -> Iterator[tuple[str, str]]:
    sample = indicator.sample
    yield from (("formula", name) for name in _formula_columns(indicator, ColumnUse.NUMBER))
    sizes = (sample.weight, sample.population, sample.population_within)
    yield from (("sample", name) for name in sizes if name)
    margins = sample.calibration.margins if sample.calibration else ()
    yield from (("sample", margin.column) for margin in margins if margin.total is not None)


def _waves(at: Declaration) -> Iterator[Problem]:
    indicator, contract = at.indicator, at.contract
    waves = [wave.id for wave in at.programme.header.waves]
    for field, wave in _named_waves(indicator):
        if wave not in waves:
            yield at.problem(f"there is no wave '{wave}'", field, ", ".join(waves))
        if not indicator.formula.has_waves(at):
            yield at.problem(f"contract '{contract.id}' has no wave column", field)
    if contract.wave and indicator.ex_post.wave is None:
        what = f"contract '{contract.id}' has waves, so '{indicator.id}' must say which"
        yield at.place.at("ex_post.wave").problem(what)


def _over_time(at: Declaration) -> Iterator[Problem]:
    """Yield where the rule over time is missing, or has nothing to rule over."""
    indicator, clock = at.indicator, at.contract.period
    summary = kind_of(indicator.formula).summary
    if clock is None:
        if indicator.over_time:
            what = f"contract '{at.contract.id}' has no clock, so nothing is given over time"
            yield at.problem(what, "over_time", fix="Declare period in the contract, or leave over_time out.")
        return
    if indicator.over_time is None and summary is Summary.TOTAL:
        what = f"'{indicator.id}' sums a column by period: say whether periods add up"
        yield at.problem(what, "over_time", "flow, stock or running_total")
    if indicator.over_time == "running_total" and not summary.total:
        what = f"a {indicator.formula.kind} is no running total"
        yield at.problem(what, "over_time", "flow or stock", "running_total")


def _named_waves(indicator: Indicator) -> Iterator[tuple[str, str]]:
    """Yield the waves that an indicator names, with the field that names each."""
    wave, baseline, design = indicator.ex_post.wave, indicator.ex_ante.baseline, indicator.ex_post.design
    if wave is not None:
        yield "ex_post.wave", wave
    if baseline and baseline.wave is not None:
        yield "ex_ante.baseline.wave", baseline.wave
    yield from (("formula.since", wave) for wave in indicator.formula.waves())
    if design:
        yield from (("design", wave) for wave in design.waves())


def _within_limits(at: Declaration) -> Iterator[Problem]:
    indicator = at.indicator
    of_value = value_limits(indicator, at.contract)
    of_change = of_value.of_differences()
    beyond = [(field, figure, of_value) for field, figure in promised_values(indicator) if not of_value.hold(figure)]
    for field, figure in promised_differences(indicator):
        if not of_change.hold(figure):
            beyond.append((field, figure, of_change))
    what = f"no value of '{indicator.id}' can be so"
    for field, figure, limits in dict.fromkeys(beyond):
        expected = f"between {limits.low:g} and {limits.high:g}"
        yield at.problem(what, field, expected, f"{figure:g}")
