"""Reward rules: alternatives scored on declared criteria, and how far their order owes to weights and to chance.

The numbers are those of :mod:`impact.statistics.simplex_weights`; ``docs/methods/ranks_and_weights.md`` says what they
mean. A score lies between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from impact.declare.base import in_language
from impact.declare.value.rewards import Criterion, RewardRule
from impact.errors import NotEstimable
from impact.formulas.measured import COMPLETE
from impact.states import ValueSection
from impact.statistics.core import Floats, floats
from impact.statistics.shares import wilson
from impact.statistics.simplex import Admissible, admissible, rational
from impact.statistics.simplex_weights import (
    SmallestChange,
    WeightedScores,
    WeightShares,
    smallest_change,
    weight_shares,
    weighted_scores,
)
from impact.tables.finding import Finding
from impact.tables.part import MISSING_GROUP, Part
from impact.value.evidence import Evidence
from impact.value.line import NO_UNIT, SHARE, Line, Subject, attempted, kind_of, names, with_ends
from impact.words.said import Remark, Said, joined

FEWEST = 2
DIGITS = 12
"""To which a value counts: what is behind them is rounding, on which no prize may turn."""
Findings = Mapping[str, Finding]
"""By indicator, the findings of one alternative."""


@dataclass(frozen=True)
class _Alternative:
    """An alternative with its findings.

    Parameters
    ----------
    code
        In the column whose codes are the alternatives.
    criteria
        In the order of their declaration.
    findings
        By indicator; not of those that were not found for it.
    holds
        The alternatives with a value of every criterion that lie in it, as provinces do in their region.
    """

    code: str
    criteria: tuple[Criterion, ...]
    findings: Findings
    holds: tuple[str, ...] = ()

    @property
    def why_not(self) -> Remark:
        """Why it is not scored: nothing stands in for a value, and nobody competes with what is part of it."""
        if self.missing:
            return Said("rewards.not_scored", criteria=self.missing)
        return Said("rewards.holds_others", others=self.holds) if self.holds else ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The criteria without a value."""
        found = {name for name, finding in self.findings.items() if finding.value is not None}
        return tuple(criterion.indicator for criterion in self.criteria if criterion.indicator not in found)

    @property
    def points(self) -> list[float]:
        """Points on each criterion, 0 to 1."""
        return [_points(criterion, self._value(criterion)) for criterion in self.criteria]

    @property
    def clamped(self) -> tuple[str, ...]:
        """The criteria whose value lies beyond its scale, so that it counts as the end of it."""
        raw = {criterion.indicator: _line_of(criterion, self._value(criterion)) for criterion in self.criteria}
        return tuple(name for name, points in raw.items() if not 0 <= points <= 1)

    @property
    def unsure(self) -> tuple[str, ...]:
        """The criteria without an interval, though their value is not one of all units."""
        return tuple(name for name, finding in self.findings.items() if _ends(finding) is None)

    def ends(self, weights: Sequence[float]) -> tuple[float, float]:
        """Return the lowest and highest score that the intervals of the criteria allow, as exact as scores are."""
        pairs = [
            sorted(_points(criterion, end) for end in _ends(self.findings[criterion.indicator]) or ())
            for criterion in self.criteria
        ]
        low, high = weighted_scores(floats(pairs).T, weights).scores
        return float(low), float(high)

    def _value(self, criterion: Criterion) -> float:
        value = self.findings[criterion.indicator].value
        if value is None:
            raise ValueError("an alternative without a value was scored")
        return value


def _line_of(criterion: Criterion, value: float) -> float:
    """Return where a value lies from the worst to the best, also beyond them."""
    # of the decimals, so that neither the last bit of a mean nor that of a quotient decides between two that tie
    worst, best = rational(criterion.scale.worst), rational(criterion.scale.best)
    return float((rational(float(f"{value:.{DIGITS}g}")) - worst) / (best - worst))


def _points(criterion: Criterion, value: float) -> float:
    return min(1.0, max(0.0, _line_of(criterion, value)))


def _ends(finding: Finding) -> tuple[float, float] | None:
    """Return the interval of a value: of all units it is the value itself; None where it has none."""
    if finding.conf_low is not None and finding.conf_high is not None:
        return finding.conf_low, finding.conf_high
    if finding.value is not None and finding.method == COMPLETE:
        return finding.value, finding.value
    return None


@dataclass(frozen=True)
class _Case:
    """A reward rule with the alternatives that are scored."""

    rule: RewardRule
    subject: Subject
    scored: tuple[_Alternative, ...]

    @cached_property
    def table(self) -> Floats:
        """Shape (a, c): points of each alternative on each criterion."""
        return floats([alternative.points for alternative in self.scored])

    @cached_property
    def weights(self) -> list[float]:
        """As declared."""
        return [criterion.weight for criterion in self.rule.criteria]

    @cached_property
    def bounds(self) -> Admissible:
        """Which weights are admissible."""
        lower = [criterion.bounds.at_least for criterion in self.rule.criteria]
        upper = [criterion.bounds.at_most for criterion in self.rule.criteria]
        return admissible(len(lower), lower=lower, upper=upper)

    @cached_property
    def scores(self) -> WeightedScores:
        """Scores and ranks under the declared weights."""
        return weighted_scores(self.table, self.weights)

    @cached_property
    def shares(self) -> WeightShares:
        """Shares of all admissible weights."""
        return weight_shares(self.table, declared=self.weights, within=self.bounds)

    @cached_property
    def change(self) -> SmallestChange:
        """The smallest change of the weights that changes the first."""
        return smallest_change(self.table, self.weights, lower=self.bounds.lower, upper=self.bounds.upper)

    @cached_property
    def intervals(self) -> list[tuple[float, float] | None]:
        """The interval of each score; None where a criterion has none."""
        found = self.scored
        return [None if alternative.unsure else alternative.ends(self.weights) for alternative in found]

    @property
    def ends(self) -> Floats | None:
        """Shape (2, a): lower and upper ends of all scores; None where one has none."""
        known = [ends for ends in self.intervals if ends is not None]
        return floats(known).T if len(known) == len(self.scored) else None

    def line(self, item: str, label: Said) -> Line:
        """Return a line without figure that rests on all alternatives scored."""
        findings = [finding for alternative in self.scored for finding in alternative.findings.values()]
        return Line(self.subject, item, label, rests_on=names(findings), origin=self.rule.origin)


def reward_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the lines of every reward rule in ``value.yaml``."""
    for rule in evidence.programme.value.rewards:
        alternatives = _alternatives(evidence, rule)
        scored = tuple(alternative for alternative in alternatives if not alternative.why_not)
        case = _Case(rule, _subject(evidence, rule), scored)
        if len(scored) < FEWEST:
            yield _too_few(case, alternatives)
        else:
            yield from _of_all(case)
        for alternative in alternatives:
            if alternative.why_not:
                yield _not_scored(case, evidence, alternative)
            elif len(scored) >= FEWEST:
                yield from _of_one(case, evidence, scored.index(alternative))


def _alternatives(evidence: Evidence, rule: RewardRule) -> list[_Alternative]:
    """Return the codes for which any criterion has a finding, in their order; rows without a code are none of them."""
    by_code: dict[str, dict[str, Finding]] = {}
    for criterion in rule.criteria:
        for finding in evidence.parts(criterion.indicator, rule.by):
            code = Part.of(vars(finding)).code
            by_code.setdefault(code, {})[criterion.indicator] = finding
    found = [_Alternative(code, rule.criteria, by_code[code]) for code in sorted(by_code) if code != MISSING_GROUP]
    known = {alternative.code for alternative in found if not alternative.missing}
    return [replace(alternative, holds=_held(evidence, rule, alternative.code, known)) for alternative in found]


def _held(evidence: Evidence, rule: RewardRule, code: str, known: set[str]) -> tuple[str, ...]:
    """Return which alternatives lie in another, by the codelist of any criterion."""
    below = (evidence.codes_below(criterion.indicator, rule.by, code) for criterion in rule.criteria)
    return tuple(sorted(known & set[str]().union(*below)))


def _subject(evidence: Evidence, rule: RewardRule) -> Subject:
    kind = kind_of(evidence.wholes[criterion.indicator] for criterion in rule.criteria)
    titles = (in_language(rule.title, "en"), in_language(rule.title, "it"))
    return Subject(ValueSection.REWARDS, rule.id, *titles, *NO_UNIT, kind)


def _too_few(case: _Case, alternatives: Sequence[_Alternative]) -> Line:
    findings = [finding for alternative in alternatives for finding in alternative.findings.values()]
    reason = Said("rewards.too_few", k=len(case.scored), n=len(alternatives))
    return Line(case.subject, "margin", Said("rewards.margin"), reason=reason, rests_on=names(findings))


def _not_scored(case: _Case, evidence: Evidence, alternative: _Alternative) -> Line:
    """Return the line of an alternative that lacks a criterion, or holds others."""
    label = Said("rewards.score", name=alternative.code)
    line = Line(
        case.subject, f"alternative/{alternative.code}/score", label, rests_on=names([*alternative.findings.values()])
    )
    return replace(line, reason=alternative.why_not, note=evidence.titles.get((case.rule.by, alternative.code)))


# ---- of each alternative ---------------------------------------------------------------------------------------------


def _of_one(case: _Case, evidence: Evidence, place: int) -> Iterator[Line]:
    alternative = case.scored[place]
    code, title = alternative.code, evidence.titles.get((case.rule.by, alternative.code))
    own = replace(case.line("", Said("rewards.score", name=code)), rests_on=names([*alternative.findings.values()]))
    yield _score(case, place, replace(own, item=f"alternative/{code}/score", note=title))
    rank = replace(case.line(f"alternative/{code}/rank", Said("rewards.rank", name=code)), unit=NO_UNIT)
    yield _rank(case, place, rank)
    first = replace(case.line(f"alternative/{code}/first", Said("rewards.first", name=code)), unit=SHARE)
    yield attempted(first, lambda line: _first(case, place, line))
    keeps = replace(case.line(f"alternative/{code}/keeps", Said("rewards.keeps", name=code)), unit=SHARE)
    yield attempted(keeps, lambda line: _keeps(case, place, line))


def _score(case: _Case, place: int, line: Line) -> Line:
    """Return the score with the interval that those of its criteria add up to."""
    alternative, ends = case.scored[place], case.intervals[place]
    clamped: Remark = Said("rewards.clamped", criteria=alternative.clamped) if alternative.clamped else ""
    scored = replace(line, value=float(case.scores.scores[place]), method=Said("rewards.score_method"), reason=clamped)
    if ends is not None:
        return with_ends(scored, ends)
    return replace(scored, reason=joined(clamped, Said("rewards.no_interval.criteria", criteria=alternative.unsure)))


def _rank(case: _Case, place: int, line: Line) -> Line:
    """Return the rank with those that the intervals of the scores leave open."""
    ranked = replace(line, value=float(case.scores.ranks[place]), method=Said("rewards.rank_method"))
    if case.ends is None:
        return replace(ranked, reason=Said("rewards.no_interval.scores"))
    low, high = case.ends
    best = 1 + int(np.sum(low > high[place]))
    worst = len(low) - int(np.sum(high < low[place]))
    return with_ends(ranked, (best, worst))


def _first(case: _Case, place: int, line: Line) -> Line:
    found = case.shares
    shown = replace(line, value=float(found.first[place]), method=_shares_method(found))
    return with_ends(shown, (found.conf_low[place], found.conf_high[place])) if found.draws else _exact(shown)


def _keeps(case: _Case, place: int, line: Line) -> Line:
    found = case.shares
    if found.keeps is None:
        raise NotEstimable(Said("scoring.weights_do_not_fit"))
    share = float(found.keeps[place])
    shown = replace(line, value=share, method=_shares_method(found))
    return with_ends(shown, wilson(share, found.draws)) if found.draws else _exact(shown)


def _shares_method(found: WeightShares) -> Said:
    """Return how shares were found: by geometry, or by draws, whose error the interval is."""
    return Said("rewards.drawn", draws=found.draws) if found.draws else Said("rewards.by_geometry")


def _exact(line: Line) -> Line:
    return replace(line, reason=Said("rewards.no_interval.exact"))


# ---- of all ----------------------------------------------------------------------------------------------------------


def _of_all(case: _Case) -> Iterator[Line]:
    margin = case.line("margin", Said("rewards.margin"))
    yield attempted(margin, lambda line: _margin(case, line))
    change = replace(case.line("change", Said("rewards.change")), unit=SHARE)
    yield attempted(change, lambda line: _change(case, line))


def _margin(case: _Case, line: Line) -> Line:
    """Return how far the first is ahead, and whether the intervals of the scores tell it from the others."""
    first = [alternative.code for alternative, rank in zip(case.scored, case.scores.ranks, strict=True) if rank == 1]
    method = Said("rewards.margin_method", first=first)
    return replace(
        line, value=case.scores.margin, verdict=_apart(case), method=method, reason=Said("rewards.no_interval.margin")
    )


def _apart(case: _Case) -> Said:
    """Return whether the lowest score of the first lies above the highest of every other."""
    if case.ends is None:
        return Said("rewards.unknown_if_apart")
    low, high = case.ends
    first = int(np.argmax(case.scores.scores))
    others = np.delete(high, first)
    return Said("rewards.apart" if low[first] > others.max() else "rewards.not_apart")


def _change(case: _Case, line: Line) -> Line:
    """Return the least weight to be moved until another is first, and to where."""
    found = case.change
    if found.moved is None or found.challenger is None or found.weights is None:
        return replace(line, verdict=found.statement)
    weights = [
        Said("rewards.weight", criterion=criterion.indicator, weight=weight)
        for criterion, weight in zip(case.rule.criteria, found.weights, strict=True)
    ]
    method = Said("rewards.change_method", challenger=case.scored[found.challenger].code, weights=weights)
    reason = Said("rewards.no_interval.exact")
    return replace(line, value=found.moved, verdict=found.statement, method=method, reason=reason)
