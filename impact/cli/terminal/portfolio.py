"""A portfolio in the terminal, and as JSON: families with their programmes, money by evidence, the next euro."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from impact.cli.terminal.findings import SYNTHETIC_NOTE
from impact.cli.terminal.numbers import estimated, moved, number
from impact.declare.base import in_language
from impact.declare.portfolio import Amount
from impact.states import NextEuro
from impact.value.portfolio import FamilyReading, Figure, PortfolioReading, Position, effect_of

NEXT: Mapping[str, str] = {
    NextEuro.FUND: "▲ fund",
    NextEuro.LEARN: "? learn",
    NextEuro.DO_NOT_FUND: "▼ do not fund",
    NextEuro.NOT_DECIDED: "– not decided",
}
LEVELS: Mapping[str, str] = {
    "solid": "evidence 3 or more",
    "2": "evidence 2",
    "1": "evidence 1",
    "none": "no effect shown",
    "hidden": "suppressed",
}


def print_portfolio(console: Console, reading: PortfolioReading) -> None:
    """Print every family, then the money by evidence."""
    for line in _lines(reading):
        console.print(line, soft_wrap=True)
    if reading.data_kind == "synthetic":
        console.print(SYNTHETIC_NOTE)


def _lines(reading: PortfolioReading) -> Iterator[str]:
    money = reading.money
    yield f"Amounts in {money.currency}, prices of {money.price_year}; each stands whole against every family."
    for family in reading.families:
        yield from _family(family, money)
    yield from _next_euro(reading)
    yield "\n[bold]Money by what its programmes show[/]"
    if reading.refused:
        yield f"  – ({escape(str(reading.refused))})"
    mark = _mark(reading.data_kind)
    for share in reading.shares:
        amount = f"{number(share.amount, money.currency)} {money.currency}"
        yield f"  {LEVELS[share.level]}{mark}: {number(share.share, 'share')} ({amount})"
    if reading.shares:
        yield "  shares of declared amounts have no interval"


def _next_euro(reading: PortfolioReading) -> Iterator[str]:
    """Yield what the next euro should do, with the findings that say so."""
    yield "\n[bold]The next euro[/]"
    for what, title in NEXT.items():
        positions = [p for family in reading.families for p in family.positions if p.decision.what == what]
        if positions:
            names = ", ".join(p.finding.finding + _mark(p.finding.data_kind) for p in positions)
            yield f"  {title}: {escape(names)}"


def _family(reading: FamilyReading, money: Amount) -> Iterator[str]:
    family = reading.family
    matters = f"matters from {number(family.matters.value, family.unit)}{_unit(family.unit)}"
    yield f"\n[bold]{escape(in_language(family.title))}[/] · {escape(family.unit)} · {escape(matters)}"
    for position in reading.positions:
        yield from _position(position, money)
    yield f"  pooled{_mark(reading.pooled.data_kind)}: {escape(_pooled(reading.pooled, family.unit))}"


def _position(position: Position, money: Amount) -> Iterator[str]:
    funded, finding = position.funded, position.finding
    amount = f"{number(funded.amount.value, money.currency)} {money.currency}{_mark(funded.amount.kind)}"
    yield f"  {escape(finding.finding)}{_mark(finding.data_kind)} · {escape(amount)}"
    decision = position.decision
    yield f"    {escape(_effect(position))}"
    of = "case changed" if finding.unit == "share" else f"{finding.unit} for one case"
    yield f"    cost per {escape(of)}: {escape(_per_unit(position.per_unit, money.currency))}"
    yield f"    {NEXT[decision.what]}: {escape(str(decision.why))}"


def _effect(position: Position) -> str:
    finding = position.finding
    if effect_of(finding) is None:
        return "effect –"
    low, high = finding.effect_low or 0.0, finding.effect_high or 0.0
    level = f"evidence {finding.evidence_level or '–'} of 5"
    return f"effect {moved(finding.estimate or 0.0, low, high, finding.unit)}{_unit(finding.unit)}  ·  {level}"


def _per_unit(figure: Figure, currency: str) -> str:
    if figure.value is None:
        return f"– ({figure.reason})"
    return f"{estimated(figure.value, figure.low, figure.high, currency)} {currency}{_mark(figure.data_kind)}"


def _pooled(figure: Figure, unit: str) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return f"– ({figure.reason})"
    return f"{moved(figure.value, figure.low, figure.high, unit)}{_unit(unit)} ({figure.reason})"


def _unit(unit: str) -> str:
    return "" if unit == "share" else f" {unit}"


def _mark(kind: str) -> str:
    return " †" if kind == "synthetic" else ""


# ---- JSON ------------------------------------------------------------------------------------------------------------


def portfolio_json(reading: PortfolioReading) -> dict[str, Any]:
    """Return a portfolio as plain data, sentences in English."""
    return {
        "currency": reading.money.currency,
        "price_year": reading.money.price_year,
        "families": [_family_json(family) for family in reading.families],
        "money_by_evidence": [vars(share) for share in reading.shares],
        "money_by_evidence_refused": str(reading.refused),
        "data_kind": reading.data_kind,
    }


def _family_json(reading: FamilyReading) -> dict[str, Any]:
    family = reading.family
    return {
        "family": family.id,
        "unit": family.unit,
        "matters": family.matters.value,
        "positions": [_position_json(position) for position in reading.positions],
        "pooled": _figure_json(reading.pooled),
    }


def _position_json(position: Position) -> dict[str, Any]:
    finding = position.finding
    is_effect = effect_of(finding) is not None
    return {
        "programme": position.funded.id,
        "finding": finding.finding,
        "amount": position.funded.amount.value,
        "amount_kind": position.funded.amount.kind,
        "unit": finding.unit,
        "effect": finding.estimate if is_effect else None,
        "effect_low": finding.effect_low if is_effect else None,
        "effect_high": finding.effect_high if is_effect else None,
        "evidence_level": finding.evidence_level,
        "data_kind": finding.data_kind,
        "cost_per_unit": _figure_json(position.per_unit),
        "next_euro": position.decision.what,
        "why": str(position.decision.why),
    }


def _figure_json(figure: Figure) -> dict[str, Any]:
    return vars(figure) | {"reason": str(figure.reason)}
