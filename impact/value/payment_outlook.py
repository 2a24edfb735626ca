"""What an outcome contract may still pay, on a day on which results are awaited: probabilities, and draws of payments.

Results that are final are what they are; the others are normal, by their forecast or by the interval of what is at
hand, and independent of each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.statistics import economics
from impact.statistics.core import Floats, floats
from impact.statistics.economics import DrawnPayment
from impact.value.payment_judgement import Judgement, Place
from impact.value.payment_results import Known, Spread
from impact.words.said import Said

DRAWS, SEED = 20_000, 1


@dataclass(frozen=True)
class Chance:
    """How probable it is that a trigger will be reached, and by what."""

    probability: float
    method: Said


def chance(judged: Judgement, place: Place) -> Chance | None:
    """Return the probability that a trigger that is open will be reached, if anything is expected of its result."""
    metric, spread = judged.metric(place), judged.case.results[place].spread(judged.day)
    if metric.trigger is None or spread is None:
        return None
    found = economics.probability_reached(metric.trigger.value, spread.mean, spread.sd, better=metric.better)
    return Chance(found, spread.method)


def overall_chance(judged: Judgement) -> Chance | None:
    """Return the probability that the mean over all cohorts will reach its trigger.

    None where it has a result of its own, or nothing is expected of one of its cohorts.
    """
    declared = judged.case.contract.overall
    if declared is None or judged.case.overall is not None:
        return None
    spreads = [_expected(judged, place) for place in judged.overall_places]
    sizes = np.array([judged.size(cohort) for cohort, _ in judged.overall_places])
    known = [spread for spread in spreads if spread is not None]
    if len(known) < len(spreads):
        return None
    weights = sizes / sizes.sum()
    mean = float(weights @ [spread.mean for spread in known])
    sd = float(np.sqrt(weights**2 @ [spread.sd**2 for spread in known]))
    better = judged.metric(judged.overall_places[0]).better
    found = economics.probability_reached(declared.trigger.value, mean, sd, better=better)
    return Chance(found, Said("payments.by_mean_of_cohorts"))


def drawn_payment(judged: Judgement) -> DrawnPayment | None:
    """Return the distribution of the total, where every price is known and something is expected of every result."""
    case = judged.case
    if judged.missing or case.overall is not None:
        return None
    draws = np.empty((DRAWS, len(case.cohorts), len(case.contract.metrics)))
    random = np.random.default_rng(SEED)
    for row, cohort in enumerate(case.cohorts):
        for column, metric in enumerate(case.contract.metrics):
            spread = _expected(judged, (cohort, metric.id))
            if spread is None:
                return None
            draws[:, row, column] = _draws(random, spread)
    return economics.payment_of_draws(judged.rules(), case.cohorts, draws)


def _draws(random: np.random.Generator, spread: Spread) -> Floats:
    return floats(spread.mean + spread.sd * random.standard_normal(DRAWS))


def _expected(judged: Judgement, place: Place) -> Spread | None:
    """Return what is expected of a result; what is final has no spread."""
    if judged.known[place] is Known.FINAL:
        return Spread(judged.value(place), 0.0, Said("payments.is_final"))
    return judged.case.results[place].spread(judged.day)
