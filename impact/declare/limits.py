"""What a promise can say at all: the limits of an indicator's value, and the direction that it names."""

from __future__ import annotations

import math
from collections.abc import Iterator

from impact.declare.contracts import Column, Contract
from impact.declare.expectations import Elicited, Forecast
from impact.declare.indicators import Indicator
from impact.declare.promises import Path, Target
from impact.formulas.limits import ANYTHING, RELATIVE, Limits
from impact.states import AttainmentState


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
    """
    return indicator.formula.value_limits(lambda name: _of_column(contract.columns.get(name)))


def _of_column(column: Column | None) -> Limits:
    if column is None:
        return Limits()
    low, high = column.min, column.max
    if low is None or "min" in column.warn:
        low = -math.inf
    if high is None or "max" in column.warn:
        high = math.inf
    return Limits(low, high)


def promised_values(indicator: Indicator) -> Iterator[tuple[str, float]]:
    """Yield each declared figure of an indicator's value, with the field it stands in."""
    promise = indicator.ex_ante
    target, forecast = promise.target, promise.forecast
    baseline = promise.baseline.value if promise.baseline else None
    if baseline is not None:
        yield "ex_ante.baseline", baseline
    for step in _steps(target):
        if step.value is not None:
            yield "ex_ante.target", step.value
        if step.change is not None and baseline is not None:
            yield "ex_ante.target", baseline + step.change
    if forecast and forecast.of == "value":
        for figure in _figures(forecast):
            yield "ex_ante.forecast", figure


def _steps(target: Target | Path | None) -> tuple[Target, ...]:
    """Return the dated values of a target, that of the end last."""
    if isinstance(target, Path):
        return (*target.milestones, target.final)
    return () if target is None else (target,)


def promised_differences(indicator: Indicator) -> Iterator[tuple[str, float]]:
    """Yield each declared difference of two values: a change that is promised, an effect that is forecast."""
    promise = indicator.ex_ante
    for step in _steps(promise.target):
        if step.change is not None:
            yield "ex_ante.target", step.change
    if promise.forecast and promise.forecast.of == "effect":
        for figure in _figures(promise.forecast):
            yield "ex_ante.forecast", figure


def _figures(forecast: Forecast) -> tuple[float, ...]:
    if isinstance(forecast, Elicited):
        return tuple(forecast.quantiles.values())
    return tuple(study.estimate for study in forecast.studies)
