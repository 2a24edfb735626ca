"""What a promise can say at all: the limits of an indicator's value, and the direction that it names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from impact.declare.contracts import Column, Contract
from impact.declare.expectations import Elicited, Forecast
from impact.declare.indicators import (
    Change,
    Count,
    CountDistinct,
    Indicator,
    Mean,
    Proportion,
    Quantile,
    Ratio,
    Scale,
    Sum,
    Threshold,
)
from impact.states import AttainmentState

RELATIVE = 1e-9
"""By how much of itself a figure may miss another and still be called the same."""


class Limits(NamedTuple):
    """The smallest and the largest value there can be; infinite where there is no such limit."""

    low: float = -math.inf
    high: float = math.inf

    def hold(self, value: float) -> bool:
        """Tell whether a value lies within them, but for rounding."""
        slack = slack_of(value)
        return self.low - slack <= value <= self.high + slack

    def of_differences(self) -> Limits:
        """Return the limits of the difference of two such values."""
        return Limits(self.low - self.high, self.high - self.low)


ANYTHING = Limits()


def slack_of(figure: float) -> float:
    """Return by how much a value may miss a figure."""
    return RELATIVE * max(abs(figure), 1.0)


def close(one: float, other: float) -> bool:
    """Tell whether two figures are the same but for rounding.

    Examples
    --------
    >>> close(0.1 + 0.2, 0.3), close(0.3, 0.3001)
    (True, False)
    """
    return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=RELATIVE)


def promise_state(
    direction: str, baseline: float | None, target: float | None, limits: Limits = ANYTHING
) -> AttainmentState | None:
    """Return what is wrong with a promise, whether its figures were declared or reckoned from data; None if nothing.

    Parameters
    ----------
    direction, baseline, target, limits
        The direction, and figures in the unit of the indicator, None where unknown; the limits of its value.

    Returns
    -------
    AttainmentState or None
        ``out_of_range`` for a target that no value can reach, ``contradictory`` for one on the other side of the
        baseline than the direction says.

    Examples
    --------
    >>> str(promise_state("increase", 80, 50)), str(promise_state("increase", 0.8, 1.1, Limits(0, 1)))
    ('contradictory', 'out_of_range')
    """
    if target is None:
        return None
    if not limits.hold(target):
        return AttainmentState.OUT_OF_RANGE
    if baseline is None or direction == "maintain" or close(target, baseline):
        return None
    return None if (target > baseline) == (direction == "increase") else AttainmentState.CONTRADICTORY


def value_limits(indicator: Indicator, contract: Contract) -> Limits:
    """Return the limits of an indicator's value.

    Parameters
    ----------
    indicator
        Whose formula it is: a share lies within 0 and 1, a scale within its ends, a mean within those of its column.
    contract
        Gives the limits of the columns. One that only warns is no limit.

    Examples
    --------
    >>> Limits(0.0, 1.0).of_differences()
    Limits(low=-1.0, high=1.0)
    """
    formula = indicator.formula
    if isinstance(formula, Change):
        return _of(formula.of, contract).of_differences()
    return _of(formula, contract)


def _of(formula: object, contract: Contract) -> Limits:
    if isinstance(formula, Proportion | Threshold):
        return Limits(0.0, 1.0)
    if isinstance(formula, Scale):
        ends = [end * formula.multiply * (len(formula.items) if formula.aggregate == "sum" else 1)
                for end in (formula.low, formula.high)]  # fmt: skip
        return Limits(min(ends), max(ends))
    if isinstance(formula, Mean | Quantile):
        logs = isinstance(formula, Mean) and formula.transform == "log"
        return Limits() if logs else _of_column(contract.columns.get(formula.column))
    return Limits(0.0) if _never_negative(formula, contract) else Limits()


def _never_negative(formula: object, contract: Contract) -> bool:
    if isinstance(formula, Count | CountDistinct):
        return True
    names: tuple[str, ...] = (formula.column,) if isinstance(formula, Sum) else ()
    if isinstance(formula, Ratio):
        names = (formula.numerator, formula.denominator)
    return bool(names) and all(_of_column(contract.columns.get(name)).low >= 0 for name in names)


def _of_column(column: Column | None) -> Limits:
    if column is None:
        return Limits()
    low = -math.inf if column.min is None or "min" in column.warn else column.min
    high = math.inf if column.max is None or "max" in column.warn else column.max
    return Limits(low, high)


def promised_values(indicator: Indicator) -> Iterator[tuple[str, float]]:
    """Yield each declared figure of an indicator's value, with the field it stands in."""
    baseline, target, forecast = indicator.ex_ante.baseline, indicator.ex_ante.target, indicator.ex_ante.forecast
    if baseline is not None and baseline.value is not None:
        yield "ex_ante.baseline", baseline.value
    if target is not None and target.value is not None:
        yield "ex_ante.target", target.value
    if target is not None and target.change is not None and baseline is not None and baseline.value is not None:
        yield "ex_ante.target", baseline.value + target.change
    if forecast is not None and forecast.of == "value":
        yield from (("ex_ante.forecast", figure) for figure in _figures(forecast))


def promised_differences(indicator: Indicator) -> Iterator[tuple[str, float]]:
    """Yield each declared difference of two values: a change that is promised, an effect that is forecast."""
    target, forecast = indicator.ex_ante.target, indicator.ex_ante.forecast
    if target is not None and target.change is not None:
        yield "ex_ante.target", target.change
    if forecast is not None and forecast.of == "effect":
        yield from (("ex_ante.forecast", figure) for figure in _figures(forecast))


def _figures(forecast: Forecast) -> tuple[float, ...]:
    if isinstance(forecast, Elicited):
        return tuple(forecast.quantiles.values())
    return tuple(study.estimate for study in forecast.studies)
