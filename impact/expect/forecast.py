"""Forecasts: declared evidence or judgement becomes a predictive distribution, and is scored once the outcome is in."""

from __future__ import annotations

from typing import Any

import numpy as np

from impact.declare.expectations import Evidence, Forecast
from impact.declare.indicators import Indicator
from impact.statistics.elicitation import elicit
from impact.statistics.forecast import Predictive, score
from impact.statistics.meta import pool

FIELDS = ("forecast", "forecast_low", "forecast_high", "forecast_of", "forecast_hit", "forecast_crps")


def predictive(forecast: Forecast) -> Predictive:
    """Return the distribution a forecast stands for: of the true value, or effect, at the end line.

    Raises
    ------
    NotEstimable
        If the studies cannot be pooled, or no distribution of the family has such quantiles.
    """
    if isinstance(forecast, Evidence):
        estimates = np.array([study.estimate for study in forecast.studies])
        errors = np.array([study.std_error for study in forecast.studies])
        return pool(estimates, errors, method=forecast.method).prediction
    levels = np.array(sorted(forecast.quantiles))
    values = np.array([forecast.quantiles[level] for level in levels])
    return elicit(levels, values, forecast.family).predictive


def forecast_fields(
    indicator: Indicator,
    observed_value: tuple[float | None, float | None],
    observed_effect: tuple[float | None, float | None],
) -> dict[str, Any]:
    """Return a finding's forecast with its 95 % interval, and how it fared against what was observed.

    Parameters
    ----------
    indicator
        The indicator; without a forecast every field is None.
    observed_value
        The value at the end line and its standard error, each None where there is none.
    observed_effect
        The effect and its standard error, each None where there is none.
    """
    forecast = indicator.ex_ante.forecast
    if forecast is None:
        return dict.fromkeys(FIELDS)
    expected = predictive(forecast)
    low, high = expected.interval(0.95)
    observed, error = observed_value if forecast.of == "value" else observed_effect
    hit, crps = None, None
    if observed is not None:
        scored = score(expected, observed, error or 0.0)
        hit, crps = bool(scored.hit), float(scored.crps)
    return dict(zip(FIELDS, (float(expected.mean), float(low), float(high), forecast.of, hit, crps), strict=True))
