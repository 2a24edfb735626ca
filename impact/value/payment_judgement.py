"""An outcome contract on a day: the state of each trigger, the ledger as far as it follows, which facts are missing.

Nothing is filled in: a price, a result or a date that nobody published is named, and the payment that needs it has no
number. What is certainly nothing needs no price.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from impact.declare.base import in_language, last_day
from impact.declare.value.payments import Cohort, Metric, OutcomeContract, Term
from impact.statistics import economics
from impact.statistics.economics import Ledger, Payment, TriggerState
from impact.tables.finding import Finding
from impact.value.evidence import Evidence
from impact.value.payment_results import ALL, Known, Result, overall_result, result_of
from impact.words.languages import Language
from impact.words.said import Said

PENDING = (Known.INTERIM, Known.AWAITED)
Place = tuple[str, str]
"""A cohort and a metric, by their ids."""


@dataclass(frozen=True)
class Case:
    """A contract with everything that is known of its results, whenever.

    Parameters
    ----------
    contract
        As declared.
    cohorts
        Ids, in the order in which they are paid.
    results
        By cohort and metric.
    overall
        The result over all cohorts, where it is a finding of its own.
    """

    contract: OutcomeContract
    cohorts: tuple[str, ...]
    results: Mapping[Place, Result]
    overall: Result | None

    @staticmethod
    def of(evidence: Evidence, contract: OutcomeContract) -> Case:
        """Return a contract with its results."""
        cohorts: Sequence[Cohort | None] = contract.cohorts or (None,)
        results = {
            (_id(cohort), metric.id): result_of(evidence, contract, cohort, metric)
            for cohort in cohorts
            for metric in contract.metrics
        }
        overall = overall_result(evidence, contract.overall) if contract.overall else None
        return Case(contract, tuple(map(_id, cohorts)), results, overall)

    @property
    def days(self) -> list[str]:
        """The days on which it is judged: those declared, or those on which a result became known."""
        if self.contract.as_of:
            return [last_day(date) for date in self.contract.as_of]
        days = {result.final for result in self.results.values()}
        return sorted(days | ({self.overall.final} if self.overall else set()))

    def title(self, place: Place) -> Said:
        """Return cohort and metric in words; the metric alone where there is one cohort."""
        metric = next(each.title for each in self.contract.metrics if each.id == place[1])
        cohort = next((each.title for each in self.contract.cohorts if each.id == place[0]), None)
        if cohort is None:
            return text(metric)
        return Said("payments.place", cohort=text(cohort), metric=text(metric))


@dataclass(frozen=True)
class Judgement:
    """A contract on a day.

    Parameters
    ----------
    case
        The contract with its results.
    day
        What became known later does not count.
    """

    case: Case
    day: str

    @cached_property
    def known(self) -> Mapping[Place, Known]:
        """What was known of each result."""
        return {place: result.known(self.day) for place, result in self.case.results.items()}

    @cached_property
    def all_due(self) -> bool:
        """Whether the day of every result has come, that over all cohorts included."""
        overall = self.case.overall
        known = [*self.known.values(), *([overall.known(self.day)] if overall else [])]
        return not any(each in PENDING for each in known)

    @cached_property
    def complete(self) -> bool:
        """Whether every result is in, that over all cohorts included."""
        return self.all_due and not self.absent and not self.overall_absent

    @cached_property
    def absent(self) -> tuple[Place, ...]:
        """The results whose day has come and that are not there."""
        return tuple(place for place, known in self.known.items() if known is Known.ABSENT)

    @cached_property
    def settled(self) -> tuple[str, ...]:
        """The cohorts up to the first that is not in: each is paid after those before it."""
        metrics = self.case.contract.metrics

        def is_in(cohort: str) -> bool:
            return all(self.known[cohort, metric.id] is Known.FINAL for metric in metrics)

        return tuple(itertools.takewhile(is_in, self.case.cohorts))

    def waits(self, cohort: str) -> bool:
        """Tell whether a cohort, or one that is paid before it, still has results to come."""
        before = self.case.cohorts[: self.case.cohorts.index(cohort) + 1]
        return any(known in PENDING for (of, _), known in self.known.items() if of in before)

    def findings(self, places: Sequence[Place] | None = None) -> tuple[Finding, ...]:
        """Return the findings behind the results at hand, those over all cohorts included where no place is given."""
        results = [self.case.results[place] for place in (self.case.results if places is None else places)]
        if places is None and self.case.overall is not None:
            results.append(self.case.overall)
        return _findings(result for result in results if _at_hand(result, self.day))

    @property
    def expected_from(self) -> tuple[Finding, ...]:
        """Return the findings behind everything that is known or expected on the day, forecasts included."""
        return _findings(self.case.results.values())

    # ---- triggers ----------------------------------------------------------------------------------------------------

    def trigger(self, place: Place) -> TriggerState | None:
        """Return the state of a trigger where there is a result to hold against it."""
        metric = self.metric(place)
        value = self.case.results[place].figure.value
        known = self.known[place]
        if metric.trigger is None or value is None or known in (Known.AWAITED, Known.ABSENT):
            return None
        final = known is Known.FINAL
        return economics.trigger_state(value, metric.trigger.value, better=metric.better, final=final)

    def overall(self) -> TriggerState | None:
        """Return the state of the trigger over all cohorts, by what is known so far."""
        declared, value = self.case.contract.overall, self.overall_value
        if declared is None or value is None:
            return None
        better = self.metric(("", declared.metric)).better
        return economics.trigger_state(value, declared.trigger.value, better=better, final=self.overall_final)

    @cached_property
    def overall_final(self) -> bool:
        """Whether the result over all cohorts is in."""
        if self.case.overall is not None:
            return self.case.overall.known(self.day) is Known.FINAL
        return all(self.known[place] is Known.FINAL for place in self.overall_places)

    @property
    def overall_absent(self) -> bool:
        """Whether the result over all cohorts can never be reckoned: one of those behind it is not there."""
        own = self.case.overall
        if own is not None:
            return own.known(self.day) is Known.ABSENT
        return any(self.known[place] is Known.ABSENT for place in self.overall_places)

    @cached_property
    def overall_places(self) -> list[Place]:
        """The results whose mean the trigger over all cohorts looks at."""
        declared = self.case.contract.overall
        return [(cohort, declared.metric) for cohort in self.case.cohorts] if declared else []

    @cached_property
    def overall_value(self) -> float | None:
        """The result over all cohorts, or that over the cohorts known so far."""
        own = self.case.overall
        if own is not None and own.known(self.day) is Known.FINAL:
            return own.figure.value
        places = [place for place in self.overall_places if self.known[place] is Known.FINAL]
        sized = all(cohort.size is not None for cohort in self.case.contract.cohorts)
        if self.overall_absent or not places or (len(places) > 1 and not sized):
            return None
        values = [self.value(place) for place in places]
        return float(np.average(values, weights=[self.size(cohort) for cohort, _ in places]))

    def metric(self, place: Place) -> Metric:
        """Return the metric of a place."""
        return next(metric for metric in self.case.contract.metrics if metric.id == place[1])

    def size(self, cohort: str) -> float:
        """Return the weight of a cohort; one for each where sizes play no part."""
        sizes = {each.id: each.size for each in self.case.contract.cohorts}
        size = sizes.get(cohort)
        return 1.0 if size is None else size.value

    def value(self, place: Place) -> float:
        """Return a result that is there."""
        value = self.case.results[place].figure.value
        if value is None:
            raise ValueError(f"{place} was asked for without its result")
        return value

    # ---- money -------------------------------------------------------------------------------------------------------

    @cached_property
    def missing(self) -> tuple[Said, ...]:
        """The facts without which the total cannot be reckoned: prices, and results that are not there."""
        results = (Said("payments.the_result", of=self.case.title(place)) for place in self.absent)
        overall = (Said("payments.the_overall_result"),) if self.case.overall and self.overall_absent else ()
        return (*self._prices_missing, *results, *overall)

    @cached_property
    def _prices_missing(self) -> tuple[Said, ...]:
        metrics = self.case.contract.metrics
        return tuple(Said("payments.the_tariff", metric=text(each.title)) for each in metrics if each.tariff is None)

    @cached_property
    def ledger(self) -> Ledger | None:
        """The payments for the settled cohorts; None where a price is missing, or none is settled."""
        if self._prices_missing or not self.settled:
            return None
        values = [[self.value((cohort, metric.id)) for metric in self.case.contract.metrics] for cohort in self.settled]
        return economics.ledger(self.rules(), self.settled, values, final=self.complete)

    @cached_property
    def whole_ledger(self) -> Ledger | None:
        """The payments in all, so far or in the end; None where a price or a result is missing."""
        return None if self.missing else self.ledger

    def payment(self, place: Place) -> Payment | None:
        """Return the line of the ledger for a place; none where only a trigger over all could pay it that is not in."""
        own = self.trigger(place)
        by_overall = self.of_overall(place) and own is not None and own.state == "missed"
        if self.ledger is None or (self.all_due and not self.complete and by_overall):
            return None
        lines = self.ledger.payments
        return next((line for line in lines if (line.cohort, line.metric) == place), None)

    def of_overall(self, place: Place) -> bool:
        """Tell whether the trigger over all cohorts looks at a result."""
        declared = self.case.contract.overall
        return declared is not None and declared.metric == place[1]

    def nothing(self, place: Place) -> bool:
        """Tell whether nothing is paid so far, whatever the price: it missed, and no trigger over all pays it."""
        own = self.trigger(place)
        if own is None or own.state != "missed":
            return False
        if not self.of_overall(place):
            return True
        overall = self.overall()
        if overall is not None and overall.state != "open":
            return overall.state == "missed"
        return not self.all_due

    def owed(self, place: Place) -> bool:
        """Tell whether a result is paid for, whatever the amount: by its own trigger, or by that over all cohorts."""
        states = [self.trigger(place), self.overall() if self.of_overall(place) else None]
        return any(state is not None and state.state == "met" for state in states)

    def rules(self) -> economics.Contract:
        """Return the rules of a contract all of whose prices are known."""
        contract = self.case.contract
        return economics.Contract(
            tuple(map(_priced, contract.metrics)),
            _amount(contract.cohort_cap),
            _amount(contract.total_cap),
            contract.floor.value if contract.floor else 0.0,
            self._overall_rule(),
            {part.date: part.share for part in contract.schedule},
        )

    def _overall_rule(self) -> economics.Overall | None:
        """Return the trigger over all cohorts; one with a result of its own is put where the mean meets it."""
        declared = self.case.contract.overall
        if declared is None:
            return None
        weights = {cohort: self.size(cohort) for cohort in self.case.cohorts}
        if self.case.overall is None or not self.complete:
            return economics.Overall(declared.metric, declared.trigger.value, weights)
        state = self.overall()
        if state is None or state.state == "missed":
            return None
        values = [self.value(place) for place in self.overall_places]
        mean = float(np.average(values, weights=list(weights.values())))
        return economics.Overall(declared.metric, mean, weights)


def text(words: dict[Language, str]) -> Said:
    """Return declared words as a sentence."""
    both = {"en": in_language(words, "en"), "it": in_language(words, "it")}
    return Said("declared.text", **both)


def _id(cohort: Cohort | None) -> str:
    return cohort.id if cohort else ALL


def _findings(results: Iterable[Result]) -> tuple[Finding, ...]:
    """Return the findings of results, each once."""
    found = (finding for result in results for finding in result.findings)
    return tuple({finding.finding: finding for finding in found}.values())


def _at_hand(result: Result, day: str) -> bool:
    return result.known(day) in (Known.FINAL, Known.INTERIM)


def _amount(term: Term | None) -> float | None:
    return term.value if term else None


def _priced(metric: Metric) -> economics.Metric:
    if metric.tariff is None or metric.counted_from is None:
        raise ValueError(f"{metric.id} was asked for without its price")
    return economics.Metric(
        metric.id,
        trigger=metric.trigger.value if metric.trigger else metric.counted_from,
        counted_from=metric.counted_from,
        tariff=metric.tariff.value,
        better=metric.better,
        weight=metric.weight.value if metric.weight else 1.0,
        most_units=_amount(metric.most_units),
    )
