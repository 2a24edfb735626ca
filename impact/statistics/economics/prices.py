"""Amounts at the prices of another year and in another currency, in a declared order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from impact.statistics.core import Floats
from impact.statistics.economics.checks import chosen, looked_up, numbers
from impact.words.said import Said

Order = Literal["convert_then_inflate", "inflate_then_convert"]
ORDERS = ("convert_then_inflate", "inflate_then_convert")


@dataclass(frozen=True)
class Converted:
    """Amounts at other prices, in another currency, or both.

    Parameters
    ----------
    amounts
        Shape (n,), in the new money.
    price_ratio
        Index of the new year over that of the old; 1 if prices stayed.
    exchange_rate
        New currency per unit of the old; 1 if the currency stayed.
    rule
        What was done, in which order, with which years.
    """

    amounts: Floats
    price_ratio: float
    exchange_rate: float
    rule: Said


def at_prices(amounts: ArrayLike, index: Mapping[int, float], *, from_year: int, to_year: int) -> Converted:
    """Return amounts at the prices of another year.

    Parameters
    ----------
    amounts
        Shape (n,), at the prices of ``from_year``.
    index
        Price index by year, any base, above zero.
    from_year, to_year
        Years of the index.

    Raises
    ------
    NotEstimable
        If an amount, or the index of either year, is missing.

    Notes
    -----
    ``a · I(to) / I(from)``.

    Examples
    --------
    >>> at_prices([1000.0], {2019: 100.0, 2024: 117.0}, from_year=2019, to_year=2024).amounts.tolist()
    [1170.0]
    """
    money = numbers("amounts", amounts)
    ratio = looked_up("index", index, to_year) / looked_up("index", index, from_year)
    return Converted(money * ratio, ratio, 1.0, Said("economics.at_prices", from_year=from_year, to_year=to_year))


def in_currency(amounts: ArrayLike, rates: Mapping[int, float], *, year: int) -> Converted:
    """Return amounts in another currency, by the rate of a year.

    Parameters
    ----------
    amounts
        Shape (n,), in the old currency.
    rates
        Units of the new currency for one of the old, by year.
    year
        Whose rate is used.

    Raises
    ------
    NotEstimable
        If an amount, or the rate of that year, is missing.

    Examples
    --------
    >>> in_currency([200.0], {2019: 0.5}, year=2019).amounts.tolist()
    [100.0]
    """
    money = numbers("amounts", amounts)
    rate = looked_up("exchange_rate", rates, year)
    return Converted(money * rate, 1.0, rate, Said("economics.in_currency", year=year))


def at_prices_in_currency(
    amounts: ArrayLike,
    *,
    order: Order,
    index: Mapping[int, float],
    rates: Mapping[int, float],
    from_year: int,
    to_year: int,
) -> Converted:
    """Return amounts at the prices of another year and in another currency; the two orders give different money.

    Parameters
    ----------
    amounts
        Shape (n,), in the old currency at the prices of ``from_year``.
    order
        ``convert_then_inflate``: the rate of ``from_year``, then the index of the country of the **new** currency;
        right where what was bought is traded at home prices. ``inflate_then_convert``: the index of the country of the
        **old** currency, then the rate of ``to_year``; right where it would be bought abroad again.
    index
        Price index by year, of the country that the order names.
    rates
        Units of the new currency for one of the old, by year.
    from_year, to_year
        Years of prices.

    Raises
    ------
    NotEstimable
        If an amount, an index or a rate is missing, or there is no such order.

    Notes
    -----
    Source: Turner et al. (2019), Adjusting for inflation and currency changes within health economic studies, Value in
    Health 22, https://doi.org/10.1016/j.jval.2019.03.021.

    Examples
    --------
    >>> years = {"from_year": 2019, "to_year": 2024}
    >>> rates = {2019: 0.5, 2024: 0.5}
    >>> first = at_prices_in_currency(
    ...     [100.0], order="convert_then_inflate", index={2019: 1.0, 2024: 1.5}, rates=rates, **years
    ... )
    >>> first.amounts.tolist()
    [75.0]
    """
    year = from_year if chosen("order", order, ORDERS) == "convert_then_inflate" else to_year
    there = in_currency(amounts, rates, year=year)
    then = at_prices(there.amounts, index, from_year=from_year, to_year=to_year)
    rule = Said(f"economics.order_{order}", from_year=from_year, to_year=to_year)
    return Converted(then.amounts, then.price_ratio, there.exchange_rate, rule)
