"""Whether the money of ``value.yaml`` holds together: prices, quantities, distributions; of costs and social return."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.base import in_language
from impact.declare.check_value_names import indicators_of, known_indicator
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.value.money import Distribution, MoneyTerms, Prices, Quantity
from impact.errors import NotEstimable, Problem
from impact.formulas.kind import Summary
from impact.formulas.registry import kind_of


def price_problems(prices: Prices, at: Location) -> Iterator[Problem]:
    """Yield the currencies that have two indices, or two series of exchange rates."""
    for name, series in (("index", prices.index), ("exchange_rates", prices.exchange_rates)):
        for currency in twice(entry.currency for entry in series):
            yield at.at(f"{at.field}.prices.{name}").problem(f"{currency} stands twice", fix="Keep one.")


def amount_problems(terms: MoneyTerms, currency: str | None, year: int | None, at: Location) -> Iterator[Problem]:
    """Yield what is not declared and an amount needs: a rate of its currency, an index of its year, the order.

    Parameters
    ----------
    terms
        Currency and year of prices to be given, with the rates and indices declared.
    currency, year
        Of the amount; None where only rows say it, so that nothing is known without data.
    at
        Where the amount stands.
    """
    if currency is None or year is None:
        return
    both = currency != terms.currency and year != terms.price_year
    if both and terms.prices.order is None:
        what = f"an amount in {currency} at prices of {year} needs a rate and an index, in a declared order"
        yield at.problem(what, "prices.order: convert_then_inflate or inflate_then_convert")
        return
    for name, of, missing in needed_years(terms, currency, year):
        what = f"there is no {name} of {of} for {missing}"
        found = f"an amount in {currency} at prices of {year}"
        yield at.problem(what, found=found, fix=f"Declare it in prices.{name}.")


def needed_years(terms: MoneyTerms, currency: str, year: int) -> Iterator[tuple[str, str, int]]:
    """Yield each index or rate that an amount needs and nobody declares: its list, its currency, its year.

    Examples
    --------
    >>> terms = MoneyTerms(currency="EUR", price_year=2021)
    >>> list(needed_years(terms, "EUR", 2021)), list(needed_years(terms, "USD", 2021))
    ([], [('exchange_rates', 'USD', 2021)])
    """
    prices, last = terms.prices, terms.price_year
    first_inflated = prices.order == "inflate_then_convert"
    if year != last:
        of = currency if first_inflated else terms.currency
        index = {entry.currency: entry.values for entry in prices.index}.get(of, {})
        yield from (("index", of, each) for each in (year, last) if each not in index)
    if currency != terms.currency:
        rates = {entry.currency: entry.values for entry in prices.exchange_rates}.get(currency, {})
        day = last if first_inflated else year
        if day not in rates:
            yield "exchange_rates", currency, day


def quantity_problems(programme: Programme, quantity: Quantity, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with a number of units that comes from a finding."""
    yield from known_indicator(programme, quantity.indicator, at.at(f"{at.field}.indicator"))
    if quantity.reached is not None and quantity.reached.indicator is not None:
        yield from known_indicator(programme, quantity.reached.indicator, at.at(f"{at.field}.reached"))
    for indicator in indicators_of(programme, quantity.indicator):
        here = at.at(f"{at.field}.indicator")
        yield from (_no_effect if quantity.of == "effect" else _no_number)(indicator, here)
    if quantity.reached is not None and quantity.reached.indicator is not None:
        for indicator in indicators_of(programme, quantity.reached.indicator):
            yield from _no_number(indicator, at.at(f"{at.field}.reached"))


def _no_effect(indicator: Indicator, at: Location) -> Iterator[Problem]:
    """Yield why an effect on an indicator, times how many were reached, is no number of units."""
    kind = kind_of(indicator.formula)
    if indicator.direction == "maintain":
        what = f"indicator '{indicator.id}' is to be maintained: no way is better, and its effect counts nothing"
        yield at.problem(what, "direction: increase or decrease")
    if not kind.per_person and kind.summary is not Summary.MEAN:
        what = f"an effect on indicator '{indicator.id}', a {kind.name}, is not on each of those reached"
        expected = "a formula with a value for each of them, such as a mean or a proportion"
        yield at.problem(what, expected, kind.name, "Name an indicator of them.")


def _no_number(indicator: Indicator, at: Location) -> Iterator[Problem]:
    """Yield why the value of an indicator is no number of units."""
    kind = kind_of(indicator.formula)
    if in_language(indicator.unit) == "share" or not kind.grows:
        what = f"indicator '{indicator.id}' is a {'share' if kind.grows else kind.name}, which is no number of units"
        expected = "a formula that counts or adds up, such as count or sum"
        yield at.problem(what, expected, kind.name, "Name an indicator that counts them.")


def distribution_problems(law: Distribution | None, value: float, at: Location, *, share: bool) -> Iterator[Problem]:
    """Yield why a distribution cannot be that of a number: there is none such, or it cannot be reached.

    Parameters
    ----------
    law
        As declared; None where the number is taken as known.
    value
        The number declared beside it.
    at
        Where the number stands.
    share
        Whether it is a share, which lies between 0 and 1.
    """
    from impact.statistics.economics.uncertain import Uncertain  # noqa: PLC0415 - SciPy, only where one is declared

    if law is None:
        return
    at = at.at(f"{at.field}.uncertain")
    try:
        low, high = Uncertain(law.family, law.parameters).ends
    except NotEstimable as error:
        yield at.problem(str(error))
        return
    if share and (low < 0 or high > 1):
        fix = "Use uniform, triangular or beta within 0 and 1."
        yield at.problem("a share lies between 0 and 1", "ends within 0 and 1", f"{low:g} to {high:g}", fix)
    if not low <= value <= high:
        yield at.problem(f"the number declared, {value:g}, lies outside its distribution", f"{low:g} to {high:g}")
