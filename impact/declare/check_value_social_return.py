"""Whether ``social_return`` of ``value.yaml`` holds together with the costs and indicators it names."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.base import in_language
from impact.declare.check_value_money import (
    amount_problems,
    distribution_problems,
    price_problems,
    quantity_problems,
)
from impact.declare.check_value_names import FILE
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.value.social_return import SocialReturn, ValuedOutcome
from impact.errors import Problem

SHARES = ("deadweight", "displacement", "attribution", "drop_off")


def social_return_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with the social returns that are declared."""
    for index, declared in enumerate(programme.value.social_return):
        at = Location(FILE, programme.line(FILE, "social_return", index), f"social_return.{declared.id}")
        yield from price_problems(declared.prices, at)
        yield from _inputs(programme, declared, at.at(f"{at.field}.inputs"))
        for outcome in declared.outcomes:
            yield from _outcome(programme, declared, outcome, at.at(f"{at.field}.outcomes.{outcome.id}"))
        for name in twice(outcome.id for outcome in declared.outcomes):
            yield at.at(f"{at.field}.outcomes").problem(f"two outcomes have the id '{name}'", fix="Rename one.")
    for name in twice(declared.id for declared in programme.value.social_return):
        at = Location(FILE, programme.line(FILE, "social_return"), "social_return")
        yield at.problem(f"two social returns have the id '{name}'", fix="Rename one.")


def _inputs(programme: Programme, declared: SocialReturn, at: Location) -> Iterator[Problem]:
    for stated in declared.inputs.stated:
        yield from amount_problems(declared, stated.currency, stated.price_year, at)
    for title in twice(in_language(stated.name) for stated in declared.inputs.stated):
        yield at.problem(f"two inputs are called '{title}'", fix="Rename one.")
    if declared.inputs.stated and sum(stated.value for stated in declared.inputs.stated) <= 0:
        yield at.problem("the inputs do not add up to more than zero", fix="Declare what was put in, at its value.")
    known = {costs.id: costs for costs in programme.value.costs}
    name = declared.inputs.costs
    if name is None:
        return
    if name not in known:
        yield at.problem(f"there are no costs '{name}'", ", ".join(known))
        return
    own, theirs = ((entry.currency, entry.price_year) for entry in (declared, known[name]))
    if own != theirs:
        expected, found = ("{} at prices of {}".format(*terms) for terms in (own, theirs))
        yield at.problem(f"the costs '{name}' are in other money than the outcomes", expected, found)


def _outcome(programme: Programme, declared: SocialReturn, outcome: ValuedOutcome, at: Location) -> Iterator[Problem]:
    yield from quantity_problems(programme, outcome, at)
    proxy, here = outcome.proxy, at.at(f"{at.field}.proxy")
    yield from amount_problems(declared, proxy.currency, proxy.price_year, here)
    own = (proxy.currency, proxy.price_year) == (declared.currency, declared.price_year)
    if proxy.uncertain is not None and not own:
        expected = f"{declared.currency} at prices of {declared.price_year}"
        what = "a distribution is in the money of its proxy, which is not that of the return"
        yield here.problem(what, expected, f"{proxy.currency} at prices of {proxy.price_year}")
    yield from distribution_problems(proxy.uncertain, proxy.value, here, share=False)
    for name in SHARES:
        share = getattr(outcome, name)
        if share is not None:
            yield from distribution_problems(share.uncertain, share.share, at.at(f"{at.field}.{name}"), share=True)
