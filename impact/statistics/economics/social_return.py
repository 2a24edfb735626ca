"""Social return on investment: outcomes at proxy values, less what would have happened anyway, discounted.

What it hangs on (break-even, one at a time, simulation) stands in
:mod:`impact.statistics.economics.social_return_sensitivity`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from impact.errors import NotEstimable
from impact.statistics.core import Floats, floats
from impact.statistics.economics.checks import chosen, count, number, numbers
from impact.statistics.economics.information import FIRST, FirstYear
from impact.statistics.economics.time_value import discount_factors
from impact.words.said import Remark, Said

Deductions = Literal["multiplied", "added"]
DEDUCTIONS = ("multiplied", "added")
SHARES = ("deadweight", "displacement", "attribution", "drop_off")


@dataclass(frozen=True)
class Outcome:
    """An outcome of a programme, valued by a financial proxy; every number has to be said, zero too.

    Parameters
    ----------
    name
        By which it is called; no two alike.
    quantity
        How much of it a year, in units of the outcome; negative where an estimated effect is the wrong way.
    proxy
        Money per unit; negative where the outcome is a harm.
    deadweight
        Share, 0 to 1, that would have happened anyway.
    displacement
        Share that only moved from elsewhere.
    attribution
        Share due to **others**: it is taken off.
    drop_off
        Share by which what is left falls from each year to the next.
    duration
        Years that it lasts, 1 or more.
    verified
        Whether somebody else verified the proxy.
    """

    name: str
    quantity: float
    proxy: float
    deadweight: float
    displacement: float
    attribution: float
    drop_off: float
    duration: int
    verified: bool = False

    def __post_init__(self) -> None:
        number("quantity", self.quantity, of=self.name)
        number("proxy", self.proxy, of=self.name)
        for field in SHARES:
            number(field, getattr(self, field), of=self.name, low=0, high=1)
        count("duration", self.duration)


@dataclass(frozen=True)
class OutcomeSteps:
    """How the value of one outcome came about, step by step, in money.

    Parameters
    ----------
    name
        Of the outcome.
    gross
        Quantity times proxy, a year.
    after_deadweight, after_displacement
        What is left after each deduction.
    impact
        What is left after attribution, too: value of year 1.
    by_year
        Shape (periods,), after drop-off; zero after its duration.
    present_value
        Discounted sum.
    share
        Of the present value of all outcomes; None where that is zero.
    """

    name: str
    gross: float
    after_deadweight: float
    after_displacement: float
    impact: float
    by_year: Floats
    present_value: float
    share: float | None


@dataclass(frozen=True)
class SocialReturn:
    """Value created per unit of money put in.

    Parameters
    ----------
    ratio, net_ratio
        Present value over inputs; the same less one, which some reports print.
    present_value, net_present_value
        Of all outcomes, in money; less the inputs.
    total_inputs
        Sum of the inputs, in money of the start.
    by_year
        Shape (periods,), value of each year, not discounted.
    outcomes
        The steps of each, in the order given.
    unverified_share
        Share of the size of the present values (harms count by their size) that rests on proxies nobody verified; None
        where there is no value.
    rule
        How deductions combine, and whether year 1 is discounted.
    remark
        What is to be said of a value of nothing; empty otherwise.
    """

    ratio: float
    net_ratio: float
    present_value: float
    net_present_value: float
    total_inputs: float
    by_year: Floats
    outcomes: tuple[OutcomeSteps, ...]
    unverified_share: float | None
    rule: Said
    remark: Remark = ""


@dataclass(frozen=True)
class Map:
    """What a social return is computed of.

    Parameters
    ----------
    outcomes
        One or more.
    inputs
        Money put in by name, valued at the start, unpaid work and goods included; each 0 or more, their sum above 0.
    rates
        One discount rate, or one for each year, as shares.
    first_year
        ``discounted`` (once, as the Guide to SROI has it) or ``undiscounted``.
    deductions
        ``multiplied``: each takes its share of what the others left. ``added`` (at most everything), for comparison.
    periods
        Years that are looked at; None: the longest duration.
    """

    outcomes: Sequence[Outcome]
    inputs: Mapping[str, float]
    rates: ArrayLike
    first_year: FirstYear = "discounted"
    deductions: Deductions = "multiplied"
    periods: int | None = None

    def __post_init__(self) -> None:
        chosen("first_year", self.first_year, FIRST)
        chosen("deductions", self.deductions, DEDUCTIONS)
        if not self.outcomes:
            raise NotEstimable(Said("economics.no_outcome"), Said("economics.outcome_with_proxy"))
        names = Counter(outcome.name for outcome in self.outcomes)
        twice = [name for name, times in names.items() if times > 1]
        if twice:
            raise NotEstimable(Said("economics.name_twice", names=twice), Said("economics.names_of_their_own"))
        longest = max(self.outcomes, key=lambda outcome: outcome.duration)
        if self.periods is not None and longest.duration > self.periods:
            raise NotEstimable(
                Said("economics.lasts_longer", name=longest.name, duration=longest.duration, periods=self.periods),
                Said("economics.more_periods"),
            )
        if self.total_inputs <= 0:
            raise NotEstimable(Said("economics.no_inputs"), Said("economics.input_above_zero"))

    @property
    def total_inputs(self) -> float:
        """Sum of the inputs."""
        return sum(number("input", amount, of=name, low=0) for name, amount in self.inputs.items())

    @property
    def factors(self) -> Floats:
        """Discount factors of the years looked at, shape (periods,)."""
        durations = [outcome.duration for outcome in self.outcomes]
        years = count("periods", self.periods or max(durations))
        start = FIRST[self.first_year]
        return discount_factors(self.rates, np.arange(years) + start)


def social_return(chart: Map) -> SocialReturn:
    """Return the social return on investment with every step.

    Parameters
    ----------
    chart
        Outcomes, inputs, rates and conventions.

    Raises
    ------
    NotEstimable
        If a discount rate is missing; the rest is checked where the outcomes and the map are declared.

    Notes
    -----
    Value of year t, up to its duration: ``quantity · proxy · (1 − deadweight)(1 − displacement)(1 − attribution) ·
    (1 − drop_off)^(t−1)``; ratio: ``Σ_t value_t d(t) / inputs`` with ``d(t) = (1 + r)^−t``. Source: The SROI
    Network (2012), A Guide to Social Return on Investment, https://www.socialvalueint.org/guide-to-sroi.

    Examples
    --------
    >>> outcome = Outcome("skill", 10, 100, deadweight=0.5, displacement=0, attribution=0.5, drop_off=0, duration=1)
    >>> found = social_return(Map([outcome], {"grant": 200}, rates=0.0))
    >>> found.ratio, found.net_ratio, found.unverified_share
    (1.25, 0.25, 1.0)
    """
    factors = chart.factors
    streams = [yearly_value(fields_of(outcome), chart.deductions, len(factors)) for outcome in chart.outcomes]
    present = floats([stream @ factors for stream in streams])
    value, total = float(present.sum()), chart.total_inputs
    pairs = zip(chart.outcomes, streams, present.tolist(), strict=True)
    steps = tuple(_steps(outcome, chart.deductions, stream, own, value) for outcome, stream, own in pairs)
    sizes = np.abs(present)
    unverified = np.array([not outcome.verified for outcome in chart.outcomes])
    rests = float(sizes[unverified].sum() / sizes.sum()) if sizes.any() else None
    rule = Said(f"economics.sroi_{chart.deductions}", timing=Said(f"economics.first_year_{chart.first_year}"))
    ratio, net = value / total, value - total
    by_year = floats(np.sum(streams, axis=0))
    remark: Remark = "" if sizes.any() else Said("economics.nothing_left")
    return SocialReturn(ratio, ratio - 1, value, net, total, by_year, steps, rests, rule, remark)


def fields_of(outcome: Outcome) -> dict[str, float]:
    """Return the numbers of an outcome by their names.

    Examples
    --------
    >>> fields_of(Outcome("skill", 10, 100, 0.5, 0, 0.5, 0, 1))["proxy"]
    100.0
    """
    names = ("quantity", "proxy", *SHARES, "duration")
    return {name: float(getattr(outcome, name)) for name in names}


def yearly_value(fields: Mapping[str, ArrayLike], deductions: Deductions, periods: int) -> Floats:
    """Return the value of an outcome in each year.

    Parameters
    ----------
    fields
        Numbers of the outcome by name, each one number or shape (draws,).
    deductions
        Whether deductions are multiplied or added.
    periods
        Years.

    Returns
    -------
    Floats
        Shape (periods,), or (draws, periods), in money.

    Examples
    --------
    >>> fields = fields_of(Outcome("skill", 10, 100, 0.5, 0, 0.5, 0.1, 2))
    >>> yearly_value(fields, "multiplied", 3).tolist()
    [250.0, 225.0, 0.0]
    """
    first = np.multiply(fields["quantity"], fields["proxy"]) * kept(fields, deductions)
    years = np.arange(periods)
    lasts = years < np.asarray(fields["duration"])[..., None]
    left = (1 - floats(fields["drop_off"])[..., None]) ** years
    return floats(np.asarray(first)[..., None] * left * lasts)


def kept(fields: Mapping[str, ArrayLike], deductions: Deductions) -> Floats:
    """Return the share that is left after deadweight, displacement and attribution.

    Examples
    --------
    >>> shares = {"deadweight": 0.5, "displacement": 0.0, "attribution": 0.5}
    >>> float(kept(shares, "multiplied")), float(kept(shares, "added"))
    (0.25, 0.0)
    """
    taken = [floats(fields[name]) for name in SHARES[:3]]
    if deductions == "added":
        return floats(np.clip(1 - taken[0] - taken[1] - taken[2], 0, None))
    return floats((1 - taken[0]) * (1 - taken[1]) * (1 - taken[2]))


def _steps(outcome: Outcome, deductions: Deductions, stream: Floats, present: float, value: float) -> OutcomeSteps:
    """Return the steps of an outcome; each deduction as it was taken."""
    gross = outcome.quantity * outcome.proxy
    fields = fields_of(outcome)
    without_last = {**fields, "attribution": 0.0}
    without_two = {**without_last, "displacement": 0.0}
    left = [gross * float(kept(each, deductions)) for each in (without_two, without_last, fields)]
    share = present / value if value != 0 else None
    return OutcomeSteps(outcome.name, gross, left[0], left[1], left[2], stream, present, share)


def benefit_cost_ratio(benefits: ArrayLike, costs: ArrayLike) -> float:
    """Return present benefits over present costs.

    Raises
    ------
    NotEstimable
        If an amount is missing, or the costs do not add up to more than zero.

    Examples
    --------
    >>> benefit_cost_ratio([21.0], [5.25])
    4.0
    """
    spent = numbers("cost", costs).sum()
    if spent <= 0:
        raise NotEstimable(Said("economics.no_inputs"), Said("economics.input_above_zero"))
    return float(numbers("benefit", benefits).sum() / spent)
