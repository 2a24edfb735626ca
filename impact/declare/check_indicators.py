"""Whether indicators hold together: nodes, contracts, columns, waves, designs and promises."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.base import Condition
from impact.declare.check_contracts import condition_problems
from impact.declare.check_designs import design_columns, design_problems, design_waves
from impact.declare.check_networks import network_problems
from impact.declare.check_scaled import scaled_problems
from impact.declare.check_territory import territory_problems
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.indicators import (
    Change,
    CountDistinct,
    Days,
    Indicator,
    Mean,
    Proportion,
    Quantile,
    Ratio,
    Scale,
    Sum,
    Threshold,
)
from impact.declare.limits import promise_state, promised_differences, promised_values, value_limits
from impact.declare.load import Programme
from impact.declare.networks import Network
from impact.declare.territory import TerritoryMap, wave_column
from impact.errors import Problem


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
    yield from _columns(programme, indicator, contract, line)
    yield from network_problems(programme, indicator, contract, line)
    rows = indicator.sample.calibration or indicator.sample.replicates
    if rows and indicator.formula.kind in ("change", "quantile", "count_distinct"):
        yield Problem(
            f"a {indicator.formula.kind} takes neither calibration nor replicates",
            file,
            line,
            f"{indicator.id}.sample",
            "mean, proportion, scale, threshold, ratio, sum or count",
        )
    yield from territory_problems(programme, indicator, contract, line)
    yield from _waves(programme, indicator, contract, line)
    yield from design_problems(programme, indicator, contract, line)
    yield from scaled_problems(programme, indicator, line)
    yield from _promise(indicator, line)
    yield from _within_limits(indicator, contract, line)


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
    yield from _dates(indicator, contract, line)
    for where, condition in _conditions(indicator):
        column = contract.columns.get(condition.column)
        if column:
            yield from condition_problems(programme, contract, condition, line, f"{file} {indicator.id}.{where}")
    if isinstance(indicator.formula, Change) and contract.person is None:
        yield Problem(
            f"'{indicator.id}' follows persons, but contract '{contract.id}' names no person column",
            file,
            line,
            "formula",
        )
    if isinstance(indicator.formula, Change) and set(contract.key) != {contract.person, contract.wave}:
        yield Problem(
            f"'{indicator.id}' is a change, but contract '{contract.id}' may have several rows per person and wave",
            file,
            line,
            f"{indicator.id}.formula",
            expected=f"key: [{contract.person}, {contract.wave}]",
            found=f"key: [{', '.join(contract.key)}]",
        )


def _dates(indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    for name in _date_columns(indicator):
        column = contract.columns.get(name)
        if column and column.type != "date":
            found, where = column.type, f"{indicator.id}.formula"
            yield Problem(f"column '{name}' is {found}, not a date", "indicators.yaml", line, where, "date", found)


def _date_columns(indicator: Indicator) -> tuple[str, ...]:
    formula = indicator.formula.of if isinstance(indicator.formula, Change) else indicator.formula
    return (formula.start, formula.end) if isinstance(formula, Days) else ()


def _conditions(indicator: Indicator) -> Iterator[tuple[str, Condition]]:
    for condition in indicator.where:
        yield "where", condition
    formula = indicator.formula.of if isinstance(indicator.formula, Change) else indicator.formula
    if isinstance(formula, Proportion):
        yield "formula", formula.of


def named_columns(indicator: Indicator) -> list[tuple[str, str]]:
    """Return every column an indicator names, with the field that names it."""
    cuts = [("by", name) for name in indicator.by] + [("scope", name) for name in indicator.scope]
    named = [] if isinstance(indicator.formula, Network) else cuts  # a network's cuts may lie in its roster
    named += [(where, condition.column) for where, condition in _conditions(indicator)]
    named += [("sample", name) for name in indicator.sample.columns()]
    calibration = indicator.sample.calibration
    named += [("sample.calibration", margin.column) for margin in calibration.margins] if calibration else []
    named += _numeric_columns(indicator)
    named += [("formula", name) for name in _date_columns(indicator)]
    if isinstance(indicator.formula, CountDistinct):
        named.append(("formula", indicator.formula.column))
    if isinstance(indicator.formula, Sum) and indicator.formula.qualifier:
        named.append(("formula", indicator.formula.qualifier))
    return named + [("design", name) for name in design_columns(indicator.ex_post.design)]


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
    elif isinstance(formula, TerritoryMap) and formula.weight:
        names = (formula.weight,)
    sample = indicator.sample
    weights = [name for name in (sample.weight, sample.population, sample.population_within) if name]
    if sample.calibration:
        weights += [margin.column for margin in sample.calibration.margins if margin.total is not None]
    return [("formula", name) for name in names] + [("sample", name) for name in weights]


def _waves(programme: Programme, indicator: Indicator, contract: Contract, line: int | None) -> Iterator[Problem]:
    file, waves = "indicators.yaml", {wave.id: wave for wave in programme.header.waves}
    used = [("ex_post.wave", indicator.ex_post.wave)]
    if indicator.ex_ante.baseline:
        used.append(("ex_ante.baseline.wave", indicator.ex_ante.baseline.wave))
    if isinstance(indicator.formula, Change):
        used.append(("formula.since", indicator.formula.since))
    if isinstance(indicator.formula, Network):
        used.append(("formula.since", indicator.formula.since))
    used += [("design", wave) for wave in design_waves(indicator.ex_post.design)]
    for where, wave in used:
        if wave is None:
            continue
        if wave not in waves:
            yield Problem(f"there is no wave '{wave}'", file, line, f"{indicator.id}.{where}", ", ".join(waves))
        if not _has_waves(programme, indicator, contract):
            yield Problem(f"contract '{contract.id}' has no wave column", file, line, f"{indicator.id}.{where}")
    if contract.wave and indicator.ex_post.wave is None:
        yield Problem(
            f"contract '{contract.id}' has waves, so '{indicator.id}' must say which",
            file,
            line,
            "ex_post.wave",
        )
    if isinstance(indicator.formula, Change) and indicator.ex_ante.baseline and indicator.ex_ante.baseline.wave:
        yield Problem(
            f"'{indicator.id}' is a change: its baseline is zero, not a wave",
            file,
            line,
            "ex_ante.baseline",
            fix="Remove the baseline, or measure the level instead of the change.",
        )


def _has_waves(programme: Programme, indicator: Indicator, contract: Contract) -> bool:
    """Tell whether rows are told apart by wave; on a map of needs and supply either side may be."""
    if not isinstance(indicator.formula, TerritoryMap):
        return contract.wave is not None
    sides = [programme.contracts[name] for name in indicator.reads if name in programme.contracts]
    return any(wave_column(side) for side in sides)


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
