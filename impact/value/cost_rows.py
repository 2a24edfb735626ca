"""Amounts of a contract for ``costs``: summed in the database, brought to the declared money, laid out by year.

Sums are exact whatever the order of rows. What rows do not say (a year, a price year, an amount) is refused by name
where a figure needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum

from impact.declare.check_value_costs import FORMS
from impact.declare.conditions import condition_sql
from impact.declare.value.costs import Costs, Stated
from impact.errors import NotEstimable
from impact.sql import ALL, Select, as_number, as_text, ident, literal
from impact.statistics.economics import AnnualCost, annual_cost, present_value
from impact.value.evidence import Evidence
from impact.value.money import at_terms, in_declared_currency, refuse_missing, unknown_terms
from impact.words.said import Said

OF_ROWS = ("currency", "stage", "price_year", "period")


@dataclass(frozen=True)
class Cell:
    """The sum of the amounts that are alike in all that is said of them.

    Parameters
    ----------
    currency, stage, price_year, year, chart, body, category
        What the rows say; None where they do not.
    amount
        Their sum; None if no row states one.
    rows, gaps
        How many, and how many of those state no amount.
    """

    currency: str | None
    stage: str | None
    price_year: int | None
    year: int | None
    chart: str | None
    body: str | None
    category: str | None
    amount: float | None
    rows: int
    gaps: int


def cells_of(evidence: Evidence, costs: Costs) -> tuple[Cell, ...]:
    """Return the amounts of a declaration, in the order of what is said of them."""
    rows = costs.rows
    contract = evidence.programme.contracts[rows.contract]
    said = {name: _said(getattr(rows, name), FORMS[name][0]) for name in OF_ROWS}
    year = f"CAST(left({said['period']}, 4) AS INTEGER)"
    price_year = f"CAST({said['price_year']} AS INTEGER)"
    named = {name: _column(getattr(rows, name)) for name in ("chart", "body", "category")}
    amount = as_number(rows.amount)
    summed = {
        "currency": said["currency"],
        "stage": said["stage"],
        "price_year": price_year,
        "year": year,
        **named,
        "amount": f"fsum({amount})",
        "rows": "count(*)",
        "gaps": f"count(*) FILTER ({amount} IS NULL)",
    }
    where = tuple(condition_sql(condition, contract) for condition in rows.where)
    query = Select(summed, ident(evidence.programme.id, contract.id), where=where, group=ALL, order=ALL)
    return tuple(Cell(*row) for row in evidence.connection.execute(query.sql()).fetchall())


def _column(name: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if name is None else as_text(name)


def _said(stated: Stated | None, form: str) -> str:
    """Write what rows say, or what is said of all of them; null where it is not of the form that it has to have."""
    if stated is None:
        return "CAST(NULL AS VARCHAR)"
    text = literal(str(stated.value)) if stated.column is None else as_text(stated.column)
    return f"CASE WHEN regexp_full_match({text}, {literal(form)}) THEN {text} END"


@dataclass(frozen=True)
class Ledger:
    """The amounts of a declaration of costs, and what can be said of them.

    Parameters
    ----------
    costs
        As declared.
    cells
        Of all stages.
    """

    costs: Costs
    cells: tuple[Cell, ...]

    @cached_property
    def of_stage(self) -> tuple[Cell, ...]:
        """The amounts of the stage that is the cost.

        Raises
        ------
        NotEstimable
            If there is none.
        """
        return self.at_stage(self.costs.stage)

    def at_stage(self, stage: str) -> tuple[Cell, ...]:
        """Return the amounts of a stage.

        Raises
        ------
        NotEstimable
            If there is none.
        """
        cells = tuple(cell for cell in self.cells if cell.stage == stage)
        if not cells:
            raise NotEstimable(Said("costs.no_row", stage=stage_said(stage)))
        return cells

    def financial(self, cells: Sequence[Cell]) -> float:
        """Return what was paid, at its own prices in the declared currency.

        Raises
        ------
        NotEstimable
            If an amount is missing, or a currency has no rate.
        """
        return fsum(
            in_declared_currency(amount, self.costs, currency, cell.price_year)
            for cell, amount, currency in _stated(cells)
        )

    def priced(self, cells: Sequence[Cell]) -> float:
        """Return amounts in the declared currency at the prices of the declared year.

        Raises
        ------
        NotEstimable
            If an amount, the year of its prices, a rate or an index is missing; all of them are named.
        """
        known = list(_stated(cells))
        undated = sum(cell.rows for cell in cells if cell.price_year is None)
        missing = [Said("costs.no_price_year", rows=undated)] if undated else []
        for cell, _, currency in known:
            missing += unknown_terms(self.costs, currency, cell.price_year) if cell.price_year else []
        refuse_missing(missing)
        return fsum(at_terms(amount, self.costs, currency, cell.price_year or 0) for cell, amount, currency in known)

    def by_year(self, cells: Sequence[Cell], amount: Callable[[Sequence[Cell]], float]) -> dict[int, float]:
        """Return amounts by year.

        Raises
        ------
        NotEstimable
            If rows state no year.
        """
        undated = sum(cell.rows for cell in cells if cell.year is None)
        if undated:
            raise NotEstimable(Said("costs.no_year", rows=undated))
        years = sorted({cell.year for cell in cells if cell.year is not None})
        return {year: amount([cell for cell in cells if cell.year == year]) for year in years}

    @cached_property
    def economic(self) -> dict[int, float]:
        """Economic cost by year: shadow prices for what was paid, capital by the years of its use.

        Raises
        ------
        NotEstimable
            If anything is missing.
        """
        self.priced(self.of_stage)  # names all that is missing, and not only what the first year lacks
        charged: dict[int, list[float]] = {}
        spread = [capital.account for capital in self.costs.capital]
        running = [cell for cell in self.of_stage if cell.chart not in spread]
        for year, amount in self.by_year(running, self._worth).items():
            charged.setdefault(year, []).append(amount)
        for account in spread:
            for year, amount in self.capital_by_year(account):
                charged.setdefault(year, []).append(amount)
        return {year: fsum(charged.get(year, ())) for year in range(min(charged), max(charged) + 1)}

    def _worth(self, cells: Sequence[Cell]) -> float:
        """Return what amounts are worth to society: each account by its shadow price, if it has one."""
        factors = {price.account: price.factor for price in self.costs.shadow_prices}
        accounts = {cell.chart for cell in cells}
        return fsum(
            factors.get(account or "", 1.0) * self.priced([cell for cell in cells if cell.chart == account])
            for account in sorted(accounts, key=str)
        )

    def capital_by_year(self, account: str) -> Iterator[tuple[int, float]]:
        """Yield what the capital goods of an account cost in each year of their use."""
        [capital] = [entry for entry in self.costs.capital if entry.account == account]
        for bought, cost in self.capital_costs(account).items():
            for year in range(bought, bought + capital.used):
                yield year, cost.economic

    def capital_costs(self, account: str) -> dict[int, AnnualCost]:
        """Return what the capital goods of an account cost a year, by the year they were bought in.

        Raises
        ------
        NotEstimable
            If there is none, or a discount rate is missing.
        """
        discount = self.costs.discount
        [capital] = [entry for entry in self.costs.capital if entry.account == account]
        cells = [cell for cell in self.of_stage if cell.chart == account]
        if not cells:
            raise NotEstimable(Said("costs.no_row_of_account", account=account))
        if discount is None:
            raise NotEstimable(Said("costs.no_discount"))
        return {
            year: annual_cost(price, discount.rate, capital.life, resale=price * capital.resale, timing=discount.timing)
            for year, price in self.by_year(cells, self._worth).items()
        }

    def present(self) -> float:
        """Return the economic cost as at the start of its first year.

        Raises
        ------
        NotEstimable
            If anything is missing.
        """
        yearly, discount = list(self.economic.values()), self.costs.discount
        if discount is None:
            raise NotEstimable(Said("costs.no_discount"))
        return present_value(yearly, discount.rate, timing=discount.timing).value


def _stated(cells: Iterable[Cell]) -> Iterator[tuple[Cell, float, str]]:
    """Yield cells with amount and currency, or refuse them if a row states none."""
    for cell in cells:
        if cell.gaps or cell.amount is None:
            raise NotEstimable(Said("costs.no_amount", rows=cell.gaps))
        if cell.currency is None:
            raise NotEstimable(Said("costs.no_currency", rows=cell.rows))
        yield cell, cell.amount, cell.currency


def stage_said(stage: str) -> Said:
    """Return the name of a stage in both languages."""
    return Said(f"costs.stage.{stage}")
