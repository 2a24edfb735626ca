"""What is true of a kind of design: one frozen descriptor, without defaults, that every other room reads.

A field that is forgotten fails at import; none falls to what happens to hold for other designs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

from impact.designs.base import Described, Design

if TYPE_CHECKING:
    from impact.declare.expectations import PowerPlan
    from impact.estimate.case import Case
    from impact.estimate.result import Diagnostic, Effect
    from impact.statistics.power.closed_form import Precision
    from impact.statistics.power.simulation import Simulated

D = TypeVar("D", bound=Design)
SURE = 0.001
"""A p-value that chance does not give: the limit at which experimenters take an assignment for broken (Kohavi, Tang and
Xu 2020, Trustworthy Online Controlled Experiments, ch. 21)."""


class Counts(StrEnum):
    """What the number of observations of an effect counts; disclosure control makes persons of it."""

    PERSONS = "persons"
    BOTH_WAVES = "both waves"
    """Each person once at the baseline and once at the end line."""
    EVERY_WAVE = "every wave"
    """Each person once in each wave."""
    SERIES = "series"
    """Waves, or units and waves: no persons."""
    BODIES = "bodies"
    """Each body of a network once."""


@dataclass(frozen=True)
class Ceiling:
    """The highest level that a failed check leaves, if its p-value is below ``p_below`` and its size above ``size``."""

    level: int
    p_below: float | None = None
    size: float | None = None

    def reached(self, check: Diagnostic) -> bool:
        """Tell whether a failed check is as sure and as large as that."""
        sure = self.p_below is None or (check.p_value is not None and check.p_value < self.p_below)
        return sure and (self.size is None or (check.size is not None and check.size > self.size))


Cost: TypeAlias = "tuple[Ceiling, ...] | None"
"""What the failure of a check costs: nothing, or a level, and from which size on it leaves no more than a lower one."""
INFORMS: Cost = None
"""Of a check that costs nothing: it tells readers something."""
COSTS_A_LEVEL: Cost = ()
"""Of a check whose failure costs a level, however large it is."""
BALANCE: Cost = (Ceiling(2, SURE), Ceiling(1, SURE, 0.25))
"""Its size is the largest standardised difference: an assignment that fails so surely was not drawn by lot and counts
as a comparison by what was seen, beyond 0.25 not even as that."""
ATTRITION: Cost = (Ceiling(2, SURE, 0.11),)
"""Its size is the difference of the shares lost: beyond 0.11 no share lost in all is low for the What Works
Clearinghouse, which reviews the experiment as a comparison too."""
SORTED: Cost = (Ceiling(2, SURE),)
"""Of a check whose failure says that the arms, or the sides of a cutoff, were not made by chance."""
BEFORE_THE_START: Cost = (Ceiling(1, SURE, 1.0),)
"""Its size is the largest effect before the programme over the effect itself: above 1, what was there before is all
that is seen after."""
Checks: TypeAlias = Mapping[str, Cost]
"""The checks that a design makes, by name."""
ROWS: Checks = {"clusters": COSTS_A_LEVEL, "complete_cases": INFORMS}
"""Of comparisons of rows."""
STABLE: Checks = {"leave_one_out": INFORMS, "specification": INFORMS}
"""Of estimates that are made again without each part, and with other covariates."""
ARMS: Checks = {
    "attrition": ATTRITION,
    "placebo_outcome": SORTED,
    "assignment_unit": COSTS_A_LEVEL,
    **ROWS,
}
"""Of comparisons of two arms."""
END_LINE: Checks = {"balance": BALANCE, **ARMS, "left_out": INFORMS}
"""Of comparisons of two arms at one wave."""
HIDDEN_BIAS: Checks = {"oster_delta": INFORMS, "robustness_value": INFORMS, "e_value": INFORMS}
"""Of comparisons that rest on what was observed."""


@dataclass(frozen=True, kw_only=True)
class DesignKind(Described, Generic[D]):
    """What is true of a kind of design.

    Parameters
    ----------
    model
        How it is declared; its ``kind`` names it.
    estimate
        Makes an effect, with its checks and terms, of the rows of a case; raises ``NotEstimable`` with the reason.
    level
        The level of evidence, 1 to 5, that the design claims; its checks show whether it has it. Levels are those of
        the Maryland Scientific Methods Scale as adapted by the What Works Centre for Local Economic Growth.
    stands_on
        Checks of what the design rests on: where one could not be made, the design is claimed and not shown, and all of
        them together cost a level.
    checks
        Every check that its effect carries, with what a failure costs.
    counts
        What the number of observations of its effect counts.
    recruits
        What a power plan numbers: persons, the units of a panel, or the waves of a series.
    precision
        The standard error and degrees of freedom that a plan will have, in closed form; None where there is none.
    simulate
        Draws a plan many times, given the spread of the outcome between persons, and estimates each draw; None where
        there is no effect to simulate.
    """

    model: type[D]
    estimate: Callable[[Case[D]], Effect]
    level: int
    stands_on: tuple[str, ...]
    checks: Checks
    counts: Counts
    recruits: Literal["persons", "units", "waves"]
    precision: Callable[[D, PowerPlan], Precision] | None
    simulate: Callable[[D, PowerPlan, float], Simulated] | None
