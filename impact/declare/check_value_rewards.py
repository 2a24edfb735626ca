"""Whether the reward rules of ``value.yaml`` hold together with the indicators they name, and their weights."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from impact.declare.check_value_names import FILE, indicators_of, known_indicator
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.value.rewards import Criterion, RewardRule
from impact.errors import Problem


def reward_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with reward rules."""
    rules = programme.value.rewards
    for index, rule in enumerate(rules):
        at = Location(FILE, programme.line(FILE, "rewards", index), f"rewards.{rule.id}")
        for criterion in rule.criteria:
            yield from _criterion(programme, rule, criterion, at.at(f"{at.field}.criteria.{criterion.indicator}"))
        for name in twice(criterion.indicator for criterion in rule.criteria):
            yield at.at(f"{at.field}.criteria").problem(f"indicator '{name}' stands twice", fix="Keep one.")
        yield from _bounds(rule, at.at(f"{at.field}.criteria"))
    for name in twice(rule.id for rule in rules):
        at = Location(FILE, programme.line(FILE, "rewards"), "rewards")
        yield at.problem(f"two reward rules have the id '{name}'", fix="Rename one.")


def _criterion(programme: Programme, rule: RewardRule, criterion: Criterion, at: Location) -> Iterator[Problem]:
    yield from known_indicator(programme, criterion.indicator, at)
    for indicator in indicators_of(programme, criterion.indicator):
        cuts = (*indicator.scope, *indicator.by)
        if rule.by not in cuts:
            fix = f"Add '{rule.by}' to `scope` or `by` of '{indicator.id}' in indicators.yaml."
            what = f"indicator '{indicator.id}' is not cut by '{rule.by}'"
            yield at.problem(what, ", ".join(cuts) or "a column that it is cut by", rule.by, fix)
        yield from _direction(indicator, criterion, at.at(f"{at.field}.scale"))


def _direction(indicator: Indicator, criterion: Criterion, at: Location) -> Iterator[Problem]:
    """Yield the problem of a scale that runs against the direction of its indicator."""
    worst, best = criterion.scale.worst, criterion.scale.best
    if indicator.direction == "maintain":
        what = f"indicator '{indicator.id}' is to be maintained, so no value of it is better"
        yield at.problem(what, fix="Declare direction: increase or decrease, or take it out of the criteria.")
    elif (best > worst) != (indicator.direction == "increase"):
        found = f"from {worst:g} to {best:g}"
        what = f"the scale runs against the direction of '{indicator.id}', {indicator.direction}"
        yield at.problem(what, "from the worst value to the best", found, "Swap from and to, or mend the direction.")


def _bounds(rule: RewardRule, at: Location) -> Iterator[Problem]:
    """Yield the problems of bounds that leave no weights, or leave out those declared."""
    lower = [_exact(criterion.bounds.at_least) for criterion in rule.criteria]
    upper = [_exact(criterion.bounds.at_most) for criterion in rule.criteria]
    if not sum(lower) < 1 < sum(upper):
        expected = "at_least that sum to less than 1, at_most that sum to more"
        found = f"{float(sum(lower)):g} and {float(sum(upper)):g}"
        yield at.problem("the bounds leave no room for weights that sum to 1", expected, found)
    weights = [_exact(criterion.weight) for criterion in rule.criteria]
    for criterion, weight, low, high in zip(rule.criteria, weights, lower, upper, strict=True):
        share = weight / sum(weights)
        if not low <= share <= high:
            what = f"the weight of '{criterion.indicator}' lies outside its own bounds"
            yield at.problem(what, f"{float(low):g} to {float(high):g}", f"{float(share):.4g} of all weight")


def _exact(value: float) -> Fraction:
    """Return a number as the decimal that it is written as: three tenths are 3/10."""
    return Fraction(repr(value))
