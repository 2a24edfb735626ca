"""Costs: what was planned and paid, at which prices, by account and body, and what it is worth to society.

Costs per unit stand in :mod:`impact.value.cost_ratios`. Amounts are of rows of a contract; a stage, year, body or
account without a row has none, which is not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from impact.declare.base import in_language
from impact.declare.check_value_costs import STAGES
from impact.declare.value.costs import Costs
from impact.errors import NotEstimable
from impact.states import ValueSection
from impact.value.cost_ratios import ratio_lines
from impact.value.cost_rows import Cell, Ledger, cells_of, stage_said
from impact.value.evidence import Evidence
from impact.value.line import Line, Subject
from impact.value.money import RECORDED, SHARE, in_both, terms_said, together, why_not
from impact.words.said import Remark, Said, Text, joined

PLANNED, CERTIFIED = "planned", "certified"


@dataclass(frozen=True)
class Account:
    """A code of the chart of accounts with its title."""

    code: str
    title: Text


def cost_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the lines of every entry of ``costs`` in ``value.yaml``."""
    for costs in evidence.programme.value.costs:
        ledger = ledger_of(evidence, costs)
        subject = _subject(evidence, costs)
        label, verdict = Said("costs.perspective"), Said("costs.declared")
        yield Line(subject, "perspective", label, verdict=verdict, note=costs.perspective)
        yield from _stages(subject, ledger)
        yield from _execution(subject, ledger)
        yield from _accounts(subject, ledger, evidence)
        yield from _at_prices(subject, ledger)
        yield from ratio_lines(evidence, subject, ledger)


def ledger_of(evidence: Evidence, costs: Costs) -> Ledger:
    """Return the amounts of an entry."""
    return Ledger(costs, cells_of(evidence, costs))


def _subject(evidence: Evidence, costs: Costs) -> Subject:
    titles = (in_language(costs.title, "en"), in_language(costs.title, "it"))
    kind = evidence.programme.source_kind(costs.rows.contract)
    return Subject(ValueSection.COSTS, costs.id, *titles, costs.currency, costs.currency, kind)


def recorded(
    subject: Subject,
    item: str,
    label: Said,
    figure: Callable[[], float],
    *,
    method: Said | None = None,
    reason: Remark = RECORDED,
    unit: tuple[str, str] | None = None,
) -> Line:
    """Return the line of a figure of rows, or why there is none."""
    try:
        return Line(subject, item, label, figure(), method=method, reason=reason, unit=unit, recorded=True)
    except NotEstimable as error:
        return Line(subject, item, label, reason=why_not(error), unit=unit)


# ---- stages and budget execution -------------------------------------------------------------------------------------


def _stages(subject: Subject, ledger: Ledger) -> Iterator[Line]:
    for stage in STAGES:
        label = Said("costs.financial", stage=stage_said(stage))
        method = _rows_said(ledger, stage)
        yield recorded(subject, f"stage/{stage}", label, partial(_paid, ledger, stage), method=method)
    unknown = sum(cell.rows for cell in ledger.cells if cell.stage is None)
    if unknown:
        yield Line(subject, "stage/unknown", Said("costs.unknown_stage"), reason=Said("costs.no_stage", rows=unknown))


def _execution(subject: Subject, ledger: Ledger) -> Iterator[Line]:
    """Yield certified over planned, in all and by year, where either has a row."""
    staged = {stage: [cell for cell in ledger.cells if cell.stage == stage] for stage in (PLANNED, CERTIFIED)}
    label = Said("costs.execution")
    yield _executed(subject, "execution/all", label, ledger, staged)
    years = sorted({cell.year for cells in staged.values() for cell in cells if cell.year is not None})
    for year in years:
        of_year = {stage: [cell for cell in cells if cell.year == year] for stage, cells in staged.items()}
        yield _executed(subject, f"execution/{year}", Said("costs.execution_of", year=str(year)), ledger, of_year)
    undated = sum(cell.rows for cells in staged.values() for cell in cells if cell.year is None)
    if undated:
        reason = Said("money.not_computable", why=Said("costs.no_year", rows=undated))
        yield Line(subject, "execution/undated", Said("costs.execution_undated"), reason=reason, unit=SHARE)


def _executed(subject: Subject, item: str, label: Said, ledger: Ledger, staged: dict[str, list[Cell]]) -> Line:
    def share() -> float:
        for stage, cells in staged.items():
            if not cells:
                raise NotEstimable(Said("costs.no_row", stage=stage_said(stage)))
        planned = ledger.financial(staged[PLANNED])
        if planned <= 0:
            raise NotEstimable(Said("costs.nothing_planned"))
        return ledger.financial(staged[CERTIFIED]) / planned

    return recorded(subject, item, label, share, method=Said("costs.certified_over_planned"), unit=SHARE)


def _rows_said(ledger: Ledger, stage: str) -> Said:
    """Say how many rows of which contract are of a stage."""
    rows = sum(cell.rows for cell in ledger.cells if cell.stage == stage)
    return Said("costs.rows", rows=rows, contract=ledger.costs.rows.contract)


def _priced(ledger: Ledger) -> float:
    return ledger.priced(ledger.of_stage)


def _paid(ledger: Ledger, stage: str) -> float:
    return ledger.financial(ledger.at_stage(stage))


# ---- accounts and bodies ---------------------------------------------------------------------------------------------


def _accounts(subject: Subject, ledger: Ledger, evidence: Evidence) -> Iterator[Line]:
    """Yield the cost by account, by body, and by both; what no account has is listed by the body's own words."""
    costs = ledger.costs
    if costs.rows.chart is None:
        reason = Said("money.not_computable", why=Said("costs.no_chart"))
        yield Line(subject, "accounts", Said("costs.by_account"), reason=reason)
        return
    cells = [cell for cell in ledger.cells if cell.stage == costs.stage]
    accounts = list(_known(evidence, costs))
    codes = {account.code for account in accounts}
    mapped = [cell for cell in cells if cell.chart in codes]
    bodies = sorted({cell.body for cell in cells if cell.body is not None})
    for account in accounts:
        of_account = [cell for cell in mapped if cell.chart == account.code]
        if of_account:
            yield from _account(subject, ledger, account, of_account, bodies)
    yield from _unmapped(subject, ledger, [cell for cell in cells if cell.chart not in codes])


def _known(evidence: Evidence, costs: Costs) -> Iterator[Account]:
    """Yield the codes of the chart of accounts, in the order of its list."""
    programme = evidence.programme
    column = programme.contracts[costs.rows.contract].columns[costs.rows.chart or ""]
    codelist = programme.codelists.get(column.codelist or "")
    if codelist is None:
        yield from (Account(code, code) for code in programme.column_codes(column))
        return
    for item in codelist.codes:
        yield Account(item.code, in_both(item.title))


def _account(
    subject: Subject, ledger: Ledger, account: Account, cells: Sequence[Cell], bodies: Sequence[str]
) -> Iterator[Line]:
    without = [body for body in bodies if body not in {cell.body for cell in cells}]
    absent = Said("costs.absent", bodies=without) if without else None
    reason = joined(RECORDED, absent)
    label = Said("costs.account", account=account.title)
    method = terms_said(ledger.costs)
    item = f"account/{account.code}"
    yield recorded(subject, item, label, partial(ledger.priced, cells), method=method, reason=reason)
    for body in bodies:
        own = [cell for cell in cells if cell.body == body]
        label = Said("costs.account_of", account=account.title, body=body)
        if own:
            yield recorded(subject, f"{item}/{body}", label, partial(ledger.priced, own), method=method)
        else:
            yield Line(subject, f"{item}/{body}", label, reason=Said("costs.no_row_of_body"))


def _unmapped(subject: Subject, ledger: Ledger, cells: Sequence[Cell]) -> Iterator[Line]:
    """Yield what no account has: by body and category as written."""
    written = sorted({(cell.body or "", cell.category or cell.chart or "") for cell in cells})
    for body, category in written:
        own = [cell for cell in cells if (cell.body or "", cell.category or cell.chart or "") == (body, category)]
        label = Said("costs.unmapped", category=category, body=body)
        reason = joined(RECORDED, Said("costs.in_no_account"))
        item = f"unmapped/{body}/{category}"
        yield recorded(
            subject, item, label, partial(ledger.priced, own), method=terms_said(ledger.costs), reason=reason
        )


# ---- prices, economic cost -------------------------------------------------------------------------------------------


def _at_prices(subject: Subject, ledger: Ledger) -> Iterator[Line]:
    costs = ledger.costs
    label = Said("costs.at_prices", stage=stage_said(costs.stage), year=str(costs.price_year), currency=costs.currency)
    yield recorded(subject, "at_prices", label, partial(_priced, ledger), method=_rows_said(ledger, costs.stage))
    for capital in costs.capital:
        yield from _capital(subject, ledger, capital.account)
    yield recorded(subject, "economic", Said("costs.economic"), ledger.present, method=economic_said(costs))


def _capital(subject: Subject, ledger: Ledger, account: str) -> Iterator[Line]:
    """Yield what capital goods cost a year: with the interest foregone, and without."""
    unit = (f"{subject.unit} a year", f"{subject.unit_it} all'anno")
    for name in ("economic", "financial"):

        def a_year(name: str = name) -> float:
            return float(sum(getattr(cost, name) for cost in ledger.capital_costs(account).values()))

        label = Said(f"costs.capital_{name}", account=account)
        yield recorded(subject, f"capital/{account}/{name}", label, a_year, method=terms_said(ledger.costs), unit=unit)


def economic_said(costs: Costs) -> Said:
    """Say how the economic cost is made: prices, shadow prices, capital, discounting."""
    shadow = tuple(
        Said("costs.shadow_price", account=price.account, factor=price.factor) for price in costs.shadow_prices
    )
    capital = tuple(f"{capital.account} {capital.used}/{capital.life}" for capital in costs.capital)
    discount = costs.discount
    timing = Said(f"economics.timing_{discount.timing}") if discount else None
    return together(
        terms_said(costs),
        Said("costs.with_shadow_prices", prices=shadow) if shadow else None,
        Said("costs.with_capital", capital=capital) if capital else None,
        Said("costs.discounted", rate=discount.rate, timing=timing) if discount else None,
    )
