"""Whether ``costs`` of ``value.yaml`` holds together with the contracts and indicators it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from impact.declare.check_value_money import amount_problems, price_problems, quantity_problems
from impact.declare.check_value_names import FILE
from impact.declare.conditions import condition_problems
from impact.declare.contracts import NUMERIC, Contract
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.value.costs import CostRows, Costs, Stage, Stated
from impact.errors import Problem

STAGES: tuple[str, ...] = get_args(Stage)
STATED = ("currency", "stage", "price_year", "period")
IN_COLUMNS = ("amount", "chart", "body", "category")
FORMS = {
    "currency": (r"[A-Z]{3}", "three capital letters, as in EUR"),
    "stage": ("|".join(STAGES), ", ".join(STAGES)),
    "price_year": (r"(19|2[01])\d\d", "a year"),
    "period": (r"\d{4}(-(0[1-9]|1[0-2])(-\d\d)?)?", "a year, month or day"),
}
"""How a value that is said of all rows is written, and the same in words."""


def cost_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the costs; what only rows say is known with the data."""
    for index, costs in enumerate(programme.value.costs):
        at = Location(FILE, programme.line(FILE, "costs", index), f"costs.{costs.id}")
        yield from price_problems(costs.prices, at)
        contract = programme.contracts.get(costs.rows.contract)
        if contract is None:
            names = ", ".join(programme.contracts)
            yield at.at(f"{at.field}.rows").problem(f"there is no contract '{costs.rows.contract}'", names)
        else:
            yield from _rows(programme, contract, costs, at.at(f"{at.field}.rows"))
            yield from _accounts(programme, contract, costs, at)
        yield from _per(programme, costs, at)
    for name in twice(costs.id for costs in programme.value.costs):
        at = Location(FILE, programme.line(FILE, "costs"), "costs")
        yield at.problem(f"two costs have the id '{name}'", fix="Rename one.")


def _rows(programme: Programme, contract: Contract, costs: Costs, at: Location) -> Iterator[Problem]:
    rows = costs.rows
    if contract.person is not None:
        what = f"contract '{contract.id}' has rows of persons, whose amounts would be shown without protection"
        yield at.problem(what, fix="Name a contract of bodies or projects.")
    if not any(source.contract == contract.id for source in programme.sources):
        yield at.problem(f"no source feeds contract '{contract.id}'", fix="Add it to sources.yaml.")
    unknown = [name for name in _columns(rows) if name not in contract.columns]
    for name in unknown:
        yield at.problem(f"contract '{contract.id}' has no column '{name}'", ", ".join(contract.columns))
    for condition in rows.where:
        if condition.column not in unknown:
            yield from condition_problems(programme, contract, condition, at.at(f"{at.field}.where"))
    if not unknown:
        yield from _types(contract, rows, at)
    yield from _constants(costs, at)


def _columns(rows: CostRows) -> list[str]:
    """Return the columns that are read, each once."""
    said = [entry.column for name in STATED if (entry := getattr(rows, name)) is not None]
    named = [getattr(rows, name) for name in IN_COLUMNS]
    conditions = [condition.column for condition in rows.where]
    return list(dict.fromkeys(name for name in (*said, *named, *conditions) if name is not None))


def _types(contract: Contract, rows: CostRows, at: Location) -> Iterator[Problem]:
    kind = contract.columns[rows.amount].type
    if kind not in NUMERIC:
        yield at.at(f"{at.field}.amount").problem(f"column '{rows.amount}' is {kind}, not a number", found=kind)
    year = rows.price_year.column if rows.price_year else None
    if year is not None and contract.columns[year].type not in ("integer", "text", "code"):
        yield at.at(f"{at.field}.price_year").problem(f"column '{year}' does not hold years", "integer, text or code")
    if rows.chart is not None and contract.columns[rows.chart].type != "code":
        what = f"column '{rows.chart}' has no codes: it is no chart of accounts"
        yield at.at(f"{at.field}.chart").problem(what, "code")


def _constants(costs: Costs, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with what is said of all rows."""
    found = {name: _constant(getattr(costs.rows, name)) for name in STATED}
    wrong = [name for name, value in found.items() if value is not None and not re.fullmatch(FORMS[name][0], value)]
    for name in wrong:
        what, expected = f"this is no {name.replace('_', ' ')}", FORMS[name][1]
        yield at.at(f"{at.field}.{name}").problem(what, expected, found[name] or "")
    if not wrong:
        year = found["price_year"]
        yield from amount_problems(costs, found["currency"], int(year) if year else None, at)


def _constant(said: Stated | None) -> str | None:
    return None if said is None or said.value is None else str(said.value)


def _accounts(programme: Programme, contract: Contract, costs: Costs, at: Location) -> Iterator[Problem]:
    """Yield the accounts of capital and of shadow prices that the rows cannot have, or that stand twice."""
    for field, accounts in (("capital", costs.capital), ("shadow_prices", costs.shadow_prices)):
        here = at.at(f"{at.field}.{field}")
        if accounts and costs.rows.chart is None:
            yield here.problem("accounts are named, but rows.chart names no column that has them")
            continue
        for name in twice(entry.account for entry in accounts):
            yield here.problem(f"the account '{name}' stands twice", fix="Keep one.")
        column = contract.columns.get(costs.rows.chart or "")
        if column is None or column.type != "code" or column.codelist not in (None, *programme.codelists):
            continue
        codes = programme.column_codes(column)
        for entry in accounts:
            if entry.account not in codes:
                yield here.problem(f"column '{costs.rows.chart}' has no code '{entry.account}'", ", ".join(codes))


def _per(programme: Programme, costs: Costs, at: Location) -> Iterator[Problem]:
    for per in costs.per:
        yield from quantity_problems(programme, per, at.at(f"{at.field}.per.{per.indicator}"))
        if per.decisions is not None and costs.discount is None:
            what = "decisions of later years need a discount rate"
            yield at.at(f"{at.field}.discount").problem(what, fix="Declare discount.")
    for name in twice(f"{per.indicator} ({per.of})" for per in costs.per):
        yield at.at(f"{at.field}.per").problem(f"{name} stands twice", fix="Keep one.")
    if costs.capital and costs.discount is None:
        yield at.at(f"{at.field}.discount").problem("capital per year needs a discount rate", fix="Declare discount.")
