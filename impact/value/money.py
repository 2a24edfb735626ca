"""Money for lines of value: amounts at declared terms, and parts that may not be put together.

Rates and indices come from ``value.yaml``; the arithmetic stands in :mod:`impact.statistics.economics.prices`. What is
missing is refused by name: no amount counts as zero, or as if it were in other money.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from impact.declare.base import in_language
from impact.declare.check_value_money import needed_years
from impact.declare.value.money import MoneyTerms
from impact.errors import NotEstimable
from impact.statistics.economics import at_prices, at_prices_in_currency, in_currency
from impact.words.languages import Language
from impact.words.said import Remark, Said, joined

RECORDED = Said("money.no_interval.recorded")
"""Why an amount as recorded has no interval."""
SHARE = ("share", "share")


@dataclass(frozen=True)
class Part:
    """Something that a figure is made of, and whether it is real.

    Parameters
    ----------
    name
        What it is, in words.
    kind
        ``real`` or ``synthetic``.
    """

    name: Said
    kind: str


def refuse_mixed(parts: Iterable[Part]) -> str:
    """Return the kind that all parts share.

    Raises
    ------
    NotEstimable
        If one is real and another synthetic; both are named.
    """
    by_kind: dict[str, list[Said]] = {}
    for part in parts:
        names = by_kind.setdefault(part.kind, [])
        names += [part.name] if part.name not in names else []
    if len(by_kind) > 1:
        raise NotEstimable(Said("money.mixed", real=by_kind["real"], synthetic=by_kind["synthetic"]))
    return next(iter(by_kind))


def why_not(error: NotEstimable) -> Said:
    """Return the reason of a line that could not be computed."""
    needed = Said("join.needed", reason=error.reason, needed=error.needed) if error.needed else error.reason
    return Said("money.not_computable", why=needed)


def unknown_terms(terms: MoneyTerms, currency: str, year: int) -> Iterator[Said]:
    """Yield what an amount needs to be at the declared terms and nobody declares."""
    if currency != terms.currency and year != terms.price_year and terms.prices.order is None:
        yield Said("money.no_order", currency=currency, year=str(year))
        return
    for name, of, missing in needed_years(terms, currency, year):
        yield Said(f"money.no_{name}", currency=of, year=str(missing))


def at_terms(amount: float, terms: MoneyTerms, currency: str, year: int) -> float:
    """Return an amount in the declared currency at the prices of the declared year.

    Raises
    ------
    NotEstimable
        If a rate, an index or the order is not declared; all that are missing are named.

    Examples
    --------
    >>> from impact.declare.value.money import MoneyTerms
    >>> at_terms(100.0, MoneyTerms(currency="EUR", price_year=2021), "EUR", 2021)
    100.0
    """
    refuse_missing(unknown_terms(terms, currency, year))
    prices, same_year = terms.prices, year == terms.price_year
    if currency == terms.currency and same_year:
        return amount
    own = currency if prices.order == "inflate_then_convert" else terms.currency
    index: Mapping[int, float] = {entry.currency: entry.values for entry in prices.index}.get(own, {})
    rates: Mapping[int, float] = {entry.currency: entry.values for entry in prices.exchange_rates}.get(currency, {})
    if currency == terms.currency:
        found = at_prices([amount], index, from_year=year, to_year=terms.price_year)
    elif same_year or prices.order is None:
        found = in_currency([amount], rates, year=year)
    else:
        years = {"from_year": year, "to_year": terms.price_year}
        found = at_prices_in_currency([amount], order=prices.order, index=index, rates=rates, **years)
    return float(found.amounts[0])


def in_declared_currency(amount: float, terms: MoneyTerms, currency: str, year: int | None) -> float:
    """Return an amount at its own prices in the declared currency, by the rate of the year of its prices.

    Raises
    ------
    NotEstimable
        If it is in another currency, and its year or the rate of that year is missing.
    """
    if currency == terms.currency:
        return amount
    if year is None:
        raise NotEstimable(Said("money.no_price_year_for_rate", currency=currency))
    rates = {entry.currency: entry.values for entry in terms.prices.exchange_rates}.get(currency, {})
    if year not in rates:
        refuse_missing([Said("money.no_exchange_rates", currency=currency, year=str(year))])
    return float(in_currency([amount], rates, year=year).amounts[0])


def refuse_missing(missing: Iterable[Said]) -> None:
    """Refuse a figure for which something is not declared.

    Raises
    ------
    NotEstimable
        If anything is missing; each is named once.
    """
    named = tuple(dict.fromkeys(missing))
    if named:
        raise NotEstimable(Said("money.lacks", missing=named))


def terms_said(terms: MoneyTerms) -> Said:
    """Say at which prices and in which currency a figure is, and in which order it got there."""
    base, order = Said("money.terms", currency=terms.currency, year=str(terms.price_year)), terms.prices.order
    return together(base, Said(f"money.order.{order}") if order else None)


def together(first: Said, *others: Remark | None) -> Said:
    """Return texts one after the other; those that are None or empty are left out."""
    return joined(first, *others) or first


def in_both(text: dict[Language, str]) -> Said:
    """Return a declared text as a sentence, which readers write in their language.

    Examples
    --------
    >>> str(in_both({"en": "Staff", "it": "Personale"}))
    'Staff'
    """
    languages: tuple[Language, ...] = ("en", "it")
    return Said("declared.text", **{language: in_language(text, language) for language in languages})
