"""How many charts signal although nothing changed: what a list of signals has to be read against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.control_charts.chart import FEWEST_PERIODS, numbers
from impact.statistics.control_charts.false_alarms import FALSE_ALARMS, MOST_PERIODS
from impact.statistics.control_charts.individuals import CONSTANTS
from impact.statistics.control_charts.rules import Flags, RuleSet, distances, marks, rule_book
from impact.statistics.core import Floats
from impact.words.said import Said

Limits = Literal["ranges", "counts"]
DRAWS = 40_000
"""Behind each committed probability, whose Monte Carlo error is then 0.0025 or less."""


class FalseAlarm(NamedTuple):
    """Probability that a chart without any change has a signal at one period or more, and at its latest."""

    anywhere: float
    latest: float


@dataclass(frozen=True)
class ByChance:
    """Signals to expect of charts in which nothing changed.

    Parameters
    ----------
    charts
        How many charts.
    anywhere
        Expected number of charts with a signal at one period or more.
    latest
        Expected number of charts whose latest period is marked.
    longer
        Charts of more than 120 periods, taken as of 120: for these ``anywhere`` is too low.
    """

    charts: int
    anywhere: float
    latest: float
    longer: int


def by_chance(points: ArrayLike, *, rules: RuleSet = "nhs", limits: Limits = "ranges") -> ByChance:
    """Return how many of several charts would signal by chance alone.

    Parameters
    ----------
    points
        Shape (k,): periods with a value of each chart, 12 or more.
    rules
        Set of rules that all charts are read by.
    limits
        ``ranges``: of XmR charts, by the mean moving range of all the periods; ``counts``: of p-, u- and c-charts.

    Raises
    ------
    NotEstimable
        If a chart has fewer periods, or a name is not known.

    Notes
    -----
    Sum of the charts' probabilities, which holds however charts depend on each other. Probabilities are those of
    :func:`simulated_false_alarm` with 40,000 draws, printed by ``python benchmarks/false_alarms.py``.

    Examples
    --------
    >>> expected = by_chance([24] * 660)
    >>> round(expected.anywhere), round(expected.latest)
    (100, 9)
    """
    counts = numbers(points)
    table = _table(rules, limits)
    if np.isnan(counts).any() or (counts < FEWEST_PERIODS).any() or (counts % 1 > 0).any():
        raise NotEstimable(
            Said("control_charts.chart_too_short"), Said("control_charts.periods_needed", fewest=FEWEST_PERIODS)
        )
    rows = np.minimum(counts, MOST_PERIODS).astype(np.int64) - FEWEST_PERIODS
    anywhere, latest = table[rows].sum(axis=0)
    return ByChance(len(counts), float(anywhere), float(latest), int((counts > MOST_PERIODS).sum()))


def _table(rules: RuleSet, limits: Limits) -> Floats:
    """Return probabilities by number of periods from 12 up, shape (109, 2): anywhere and latest."""
    rule_book(rules)
    _check_limits(limits)
    columns = [[int(number) for number in text.split()] for text in FALSE_ALARMS[limits, rules]]
    return np.array(columns).T / 10_000


def _check_limits(limits: Limits) -> None:
    if limits not in ("ranges", "counts"):
        raise NotEstimable(
            Said("control_charts.no_such_choice", name=limits),
            Said("control_charts.one_of", names=("ranges", "counts")),
        )


def simulated_false_alarm(
    points: int, *, rules: RuleSet = "nhs", limits: Limits = "ranges", draws: int = DRAWS, seed: int = 0
) -> FalseAlarm:
    """Return the probability of a signal where nothing changes, by simulation.

    Parameters
    ----------
    points
        Periods of the chart, 12 or more; all set the limits.
    rules, limits
        As of :func:`by_chance`.
    draws, seed
        Of the simulation; the error of a probability p is ``√(p(1 − p)/draws)``.

    Raises
    ------
    NotEstimable
        If there are fewer periods, or a name is not known.

    Notes
    -----
    Independent normal values of one mean and spread. ``ranges``: limits as an XmR chart takes them from the same
    values; ``counts``: the spread is known, as sizes and the mean give it, and the mean is taken from the values. Small
    counts are skewed and serially correlated values are not independent: both signal more often than this.

    Examples
    --------
    >>> simulated_false_alarm(12, rules="limits", draws=2000).latest < 0.02
    True
    """
    if points < FEWEST_PERIODS:
        raise NotEstimable(
            Said("control_charts.chart_too_short"), Said("control_charts.periods_needed", fewest=FEWEST_PERIODS)
        )
    _check_limits(limits)
    values = np.random.default_rng([seed, points]).standard_normal((draws, points))
    away = distances(values, values.mean(axis=1, keepdims=True), _sigma(values, limits))
    flagged: Flags = np.zeros(values.shape, dtype=bool)
    for mark in marks(values, away, rules):
        flagged |= mark.points
    return FalseAlarm(float(flagged.any(axis=1).mean()), float(flagged[:, -1].mean()))


def _sigma(values: Floats, limits: Limits) -> Floats:
    """Return a third of the distance from center to limit, shape (draws, 1)."""
    if limits == "counts":
        return np.ones((len(values), 1))
    ranges = np.abs(np.diff(values, axis=1)).mean(axis=1, keepdims=True)
    return np.asarray(CONSTANTS["rounded"].values / 3 * ranges, dtype=np.float64)
