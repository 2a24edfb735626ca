"""Whether the values of other indicators can be put together: that they are there, of one kind of parts and waves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from impact.declare.declaration import Declaration
from impact.declare.hierarchy import column_codelist
from impact.errors import Problem

if TYPE_CHECKING:
    from impact.declare.indicators import Indicator


def operand_problems(at: Declaration, field: str) -> Iterator[Problem]:
    """Yield what is wrong with an indicator that takes the values of others; ``field`` is where it names them."""
    programme, names = at.programme, at.indicator.formula.indicators()
    declared = {indicator.id: indicator for indicator in programme.indicators}
    unknown = [name for name in names if name not in declared]
    for name in unknown:
        yield at.problem(f"there is no indicator '{name}'", field, ", ".join(declared), name)
    yield from _own_rows(at)
    if unknown:
        return
    if at.indicator.id in {name for name in names for name in _behind(declared, name)}:
        what, fix = f"'{at.indicator.id}' is reckoned from itself", "Name indicators that do not lead back to it."
        yield at.problem(what, field, found=", ".join(names), fix=fix)
        return
    operands = [declared[name] for name in names]
    yield from _contract(at, operands[0])
    for operand in operands:
        yield from _rows(at, operand, field)
        yield from _cuts(at, operand)


def _behind(declared: dict[str, Indicator], start: str) -> set[str]:
    """Return an indicator with all those that it is reckoned from, however far."""
    reached, todo = set[str](), [start]
    while todo:
        name = todo.pop()
        if name in declared and name not in reached:
            reached.add(name)
            todo += declared[name].formula.indicators()
    return reached


def _own_rows(at: Declaration) -> Iterator[Problem]:
    """Yield what belongs to operands: rows, sample and comparison are theirs."""
    indicator = at.indicator
    if indicator.where:
        yield at.problem("it counts no rows of its own", "where", fix="Put the conditions on its operands.")
    if indicator.sample != type(indicator.sample)():
        yield at.problem("its sample is that of its operands", "sample", fix="Remove sample.")
    if indicator.ex_post.design is not None:
        yield at.problem("values of other indicators have no effect", "design", fix="Remove the design.")


def _contract(at: Declaration, first: Indicator) -> Iterator[Problem]:
    if at.contract.id != first.contract:
        what = f"'{at.indicator.id}' is cut as '{first.id}' is, by the columns of its contract"
        yield at.problem(what, "contract", first.contract, at.contract.id)


def _rows(at: Declaration, operand: Indicator, field: str) -> Iterator[Problem]:
    """Yield why an operand gives no value to reckon with: a network, arms, waves that the first has not."""
    if operand.formula.kind in ("network", "territory_map", "composite"):
        what = f"'{operand.id}' is a {operand.formula.kind}, of which nothing can be reckoned"
        yield at.problem(what, field, "an indicator of rows, or of values")
    design = operand.ex_post.design
    if design is not None and design.arm_sql() is not None:
        what, fix = f"'{operand.id}' is measured apart in each arm", "Declare it once more without a design."
        yield at.problem(what, field, fix=fix)
    contract = at.programme.contracts.get(operand.contract)
    if contract is not None and contract.wave and not at.contract.wave:
        yield at.problem(f"'{operand.id}' has waves, '{at.indicator.id}' has none", field)


def _cuts(at: Declaration, operand: Indicator) -> Iterator[Problem]:
    """Yield the columns that do not cut an operand, or by other codes."""
    cuts = (*operand.scope, *operand.by)
    for where, names in (("by", at.indicator.by), ("scope", at.indicator.scope)):
        for name in names:
            if name not in cuts:
                yield at.problem(f"'{operand.id}' is not cut by '{name}'", where, ", ".join(cuts) or "no column")
            elif operand.contract in at.programme.contracts and _codes(at, operand.contract, name) != _codes(
                at, at.contract.id, name
            ):
                what = f"'{name}' has other codes in contract '{operand.contract}'"
                yield at.problem(what, where, fix="Read both from one codelist.")


def _codes(at: Declaration, contract: str, column: str) -> str | None:
    codelist = column_codelist(at.programme, contract, column)
    return codelist.id if codelist else None
