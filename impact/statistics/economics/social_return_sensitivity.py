"""What a social return hangs on: break-even proxies, one number at a time, and simulation of declared distributions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, Floats
from impact.statistics.economics.checks import count, number
from impact.statistics.economics.social_return import SHARES, Map, Outcome, fields_of, social_return, yearly_value
from impact.statistics.economics.uncertain import Uncertain
from impact.words.said import Said

Place = tuple[str, str]
"""Name of an outcome, and the field of it."""
DRAWN = ("quantity", "proxy", *SHARES)
CHUNK = 20000


@dataclass(frozen=True)
class Swing:
    """How the ratio moves when one number does and all others stay.

    Parameters
    ----------
    outcome, field
        Whose number.
    low, high
        Values that it takes.
    ratio_low, ratio_high
        The ratio at each; for a harm or a deduction the first is the larger.
    """

    outcome: str
    field: str
    low: float
    high: float
    ratio_low: float
    ratio_high: float

    @property
    def width(self) -> float:
        """Distance between both ratios."""
        return abs(self.ratio_high - self.ratio_low)


@dataclass(frozen=True)
class SimulatedReturn:
    """The social return when several numbers are uncertain at once.

    Parameters
    ----------
    mean, median
        Of the ratio over the draws.
    conf_low, conf_high
        Percentile limits.
    above_one
        Share of draws with a ratio above 1.
    ratios
        Shape (draws,).
    rule
        How many draws of how many numbers, as independent of each other, from which seed.
    """

    mean: float
    median: float
    conf_low: float
    conf_high: float
    above_one: float
    ratios: Floats
    rule: Said


def break_even_proxy(chart: Map, outcome: str, *, ratio: float = 1.0) -> float:
    """Return the proxy of an outcome at which the social return has a given ratio, all else as it is.

    Parameters
    ----------
    chart
        What the return is computed of.
    outcome
        Name of the outcome.
    ratio
        To be reached; 1: what was put in comes back.

    Returns
    -------
    float
        Money per unit; negative where the ratio would hold even if the outcome were a harm.

    Raises
    ------
    NotEstimable
        If there is no such outcome, or none of it is left after deductions, so that no proxy matters.

    Notes
    -----
    The present value is linear in a proxy: ``(ratio · inputs − value of the others) / value per unit of proxy``.

    Examples
    --------
    >>> skill = Outcome("skill", 10, 100, deadweight=0.5, displacement=0, attribution=0.5, drop_off=0, duration=1)
    >>> break_even_proxy(Map([skill], {"grant": 200}, rates=0.0), "skill")
    80.0
    """
    _named(chart, outcome)
    found, factors = social_return(chart), chart.factors
    needed = number("ratio", ratio) * found.total_inputs
    others = sum(steps.present_value for steps in found.outcomes if steps.name != outcome)
    [this] = [each for each in chart.outcomes if each.name == outcome]
    at_one = {**fields_of(this), "proxy": 1.0}
    per_unit = float(yearly_value(at_one, chart.deductions, len(factors)) @ factors)
    if per_unit == 0:
        raise NotEstimable(Said("economics.nothing_left_of", name=outcome), Said("economics.deductions_below_one"))
    return (needed - others) / per_unit


def around(chart: Map, field: str, share: float) -> dict[Place, tuple[float, float]]:
    """Return a range of the same share below and above a field of every outcome.

    Raises
    ------
    NotEstimable
        If the field cannot be moved, or the share is missing or negative.

    Examples
    --------
    >>> skill = Outcome("skill", 10, 100, deadweight=0.5, displacement=0, attribution=0.5, drop_off=0, duration=1)
    >>> around(Map([skill], {"grant": 200}, rates=0.0), "proxy", 0.25)
    {('skill', 'proxy'): (75.0, 125.0)}
    """
    _movable(field)
    part = number("share", share, low=0)
    values = {(outcome.name, field): float(getattr(outcome, field)) for outcome in chart.outcomes}
    return {place: (value * (1 - part), value * (1 + part)) for place, value in values.items()}


def tornado(chart: Map, ranges: Mapping[Place, tuple[float, float]]) -> tuple[Swing, ...]:
    """Return how the ratio moves with one number at a time, the largest move first.

    Parameters
    ----------
    chart
        What the return is computed of.
    ranges
        Low and high value by outcome and field (``quantity``, ``proxy`` or a share).

    Raises
    ------
    NotEstimable
        If there is no such outcome or field, or a value is impossible there.

    Examples
    --------
    >>> skill = Outcome("skill", 10, 100, deadweight=0.5, displacement=0, attribution=0.5, drop_off=0, duration=1)
    >>> [swing] = tornado(Map([skill], {"grant": 200}, rates=0.0), {("skill", "proxy"): (70, 130)})
    >>> swing.ratio_low, swing.ratio_high
    (0.875, 1.625)
    """
    swings = []
    for (outcome, field), (low, high) in ranges.items():
        _named(chart, outcome)
        _movable(field)
        ratios = [_ratio(chart, outcome, field, value) for value in (low, high)]
        swings.append(Swing(outcome, field, float(low), float(high), *ratios))
    return tuple(sorted(swings, key=lambda swing: (-swing.width, swing.outcome, swing.field)))


def simulated_return(
    chart: Map, uncertain: Mapping[Place, Uncertain], *, draws: int, seed: int, level: float = CONFIDENCE
) -> SimulatedReturn:
    """Return the distribution of the social return under declared distributions.

    Parameters
    ----------
    chart
        What the return is computed of; what is not uncertain stays as it is.
    uncertain
        Distribution by outcome and field, independent of each other. That of a share has to lie inside 0 to 1; that of
        a quantity may reach below 0, as the sampling distribution of an effect does.
    draws, seed
        How many, and the seed of the generator.
    level
        Of the interval, inside 0 to 1.

    Raises
    ------
    NotEstimable
        If there is no such outcome or field, nothing is uncertain, or a distribution reaches what cannot be.

    Notes
    -----
    Each number has a generator of its own, by its name: the draws do not depend on the order in which outcomes stand.

    Examples
    --------
    >>> skill = Outcome("skill", 10, 100, deadweight=0.5, displacement=0, attribution=0.5, drop_off=0, duration=1)
    >>> chart = Map([skill], {"grant": 200}, rates=0.0)
    >>> believed = {("skill", "deadweight"): Uncertain("uniform", (0.4, 0.6))}
    >>> found = simulated_return(chart, believed, draws=4000, seed=1)
    >>> round(found.mean, 1), round(found.conf_low, 1), round(found.conf_high, 1)
    (1.3, 1.0, 1.5)
    """
    if not uncertain:
        raise NotEstimable(Said("economics.nothing_uncertain"), Said("economics.distribution_of_a_number"))
    for place, law in uncertain.items():
        _fits(chart, place, law)
    n = count("draws", draws, least=2)
    tail = (1 - number("level", level, low=1e-9, high=1 - 1e-9)) / 2
    present = sum(_present_values(chart, outcome, uncertain, n, seed) for outcome in chart.outcomes)
    ratios = np.atleast_1d(present / chart.total_inputs)
    low, median, high = np.quantile(ratios, [tail, 0.5, 1 - tail])
    above = float((ratios > 1).mean())
    rule = Said("economics.simulated", draws=n, numbers=len(uncertain), seed=seed)
    return SimulatedReturn(float(ratios.mean()), float(median), float(low), float(high), above, ratios, rule)


def _present_values(
    chart: Map, outcome: Outcome, uncertain: Mapping[Place, Uncertain], draws: int, seed: int
) -> Floats:
    """Return the present value of an outcome in each draw, shape (draws,)."""
    factors = chart.factors
    fields = {name: np.full(draws, value) for name, value in fields_of(outcome).items()}
    for name in DRAWN:
        law = uncertain.get((outcome.name, name))
        if law is not None:
            fields[name] = law.draw(_generator(seed, outcome.name, name), draws)
    parts = range(0, draws, CHUNK)
    chunks = [{name: values[start : start + CHUNK] for name, values in fields.items()} for start in parts]
    return np.concatenate([yearly_value(chunk, chart.deductions, len(factors)) @ factors for chunk in chunks])


def _generator(seed: int, outcome: str, field: str) -> np.random.Generator:
    """Return the generator of one number: of the seed and its name."""
    name = hashlib.sha256(f"{outcome}\n{field}".encode()).digest()
    return np.random.default_rng([seed, *name])


def _ratio(chart: Map, name: str, field: str, value: float) -> float:
    """Return the ratio with one number of an outcome replaced."""
    change: dict[str, Any] = {field: value}
    changed = [replace(outcome, **change) if outcome.name == name else outcome for outcome in chart.outcomes]
    return social_return(replace(chart, outcomes=changed)).ratio


def _named(chart: Map, name: str) -> None:
    """Refuse an outcome that is not there."""
    names = [outcome.name for outcome in chart.outcomes]
    if name not in names:
        raise NotEstimable(Said("economics.no_such_outcome", name=name), Said("economics.one_of", names=names))


def _movable(field: str) -> None:
    """Refuse a field that is no number of an outcome, or a whole one."""
    if field not in DRAWN:
        raise NotEstimable(Said("economics.no_such_field", field=field), Said("economics.one_of", names=DRAWN))


def _fits(chart: Map, place: Place, law: Uncertain) -> None:
    """Refuse a distribution of what is not there, or one that reaches what cannot be."""
    outcome, field = place
    _named(chart, outcome)
    _movable(field)
    low, high = law.ends
    if field in SHARES and (low < 0 or high > 1):
        raise NotEstimable(
            Said("economics.distribution_reaches", name=outcome, field=field, low=low, high=high),
            Said("economics.bounded_distribution"),
        )
