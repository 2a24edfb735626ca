"""Effects pooled by random effects: their mean and spread, each part in the light of all, and whether any order holds.

Which parts have an effect, and which depend on one another, says :mod:`impact.value.pool_parts`; the numbers are those
of :mod:`impact.statistics.meta` and :mod:`impact.statistics.ranking`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from impact.declare.base import in_language
from impact.declare.value.pools import Moderator, Pool, Subgrouping
from impact.errors import NotEstimable
from impact.states import ValueSection
from impact.statistics import meta
from impact.statistics.core import Estimate, Floats, floats
from impact.statistics.meta.shrinkage import Side
from impact.statistics.ranking import Best, RankSets, rank_sets
from impact.value.evidence import Evidence
from impact.value.line import NO_UNIT, SHARE, Line, Subject, attempted, effect_unit, kind_of, names, with_ends
from impact.value.pool_parts import Dependence, PoolPart, declared_for, dependence, groups_of, pool_parts
from impact.words.said import Remark, Said, joined

FEWEST = 2
FEWEST_DEGREES = 4
"""Degrees of freedom below which a robust error cannot be told (Tipton 2015, https://doi.org/10.1037/met0000011)."""
BEST: dict[str, Best] = {"increase": "largest", "decrease": "smallest"}
SIDES: dict[str, Side] = {"increase": "above", "decrease": "below"}


def pool_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the lines of every pool in ``value.yaml``."""
    for pool in evidence.programme.value.pools:
        parts = pool_parts(evidence, pool)
        pooled = tuple(part for part in parts if not part.why_not)
        case = _Case(evidence, pool, _subject(pool, parts, evidence), pooled, len(parts))
        reason = _why_not(case)
        if reason:
            rests_on = names([part.finding for part in parts])
            yield Line(case.subject, "pooled/effect", Said("pools.effect"), reason=reason, rests_on=rests_on)
            yield from (_own_effect(case, part) for part in parts)
        else:
            yield from _of_all(case)
            yield from _of_parts(case, parts)
            yield from _of_variants(case)


@dataclass(frozen=True)
class _Case:
    """A pool with the parts whose effects are pooled, and how many there are in all."""

    evidence: Evidence
    pool: Pool
    subject: Subject
    parts: tuple[PoolPart, ...]
    n: int

    @cached_property
    def effects(self) -> Floats:
        """Shape (k,): the effect of each part."""
        return floats([part.effect[0] for part in self.parts])

    @cached_property
    def errors(self) -> Floats:
        """Shape (k,): the standard error of each."""
        return floats([part.effect[1] for part in self.parts])

    @cached_property
    def rests_on(self) -> tuple[str, ...]:
        """The findings whose effects are pooled."""
        return names([part.finding for part in self.parts])

    @property
    def direction(self) -> str:
        """Which way is better, the same for all parts."""
        return self.parts[0].finding.direction

    @cached_property
    def dependence(self) -> Dependence:
        """Which effects depend on one another."""
        return dependence(self.evidence, self.pool, self.parts)

    @cached_property
    def pooled(self) -> meta.Pooled:
        """All of them pooled, as if none depended on another."""
        return meta.pool(self.effects, self.errors, method=self.pool.method, interval=self.pool.interval)

    @cached_property
    def shrunken(self) -> meta.Shrunken:
        """The effect of each part, drawn to the mean."""
        return meta.shrunken(self.effects, self.errors, method=self.pool.method, interval=self.pool.interval)

    @cached_property
    def ranked(self) -> RankSets:
        """Ranks with simultaneous confidence sets; refused where no direction is better."""
        if self.direction not in BEST:
            raise NotEstimable(Said("pools.no_direction"))
        return rank_sets(self.effects, self.errors, best=BEST[self.direction])

    @property
    def kinds(self) -> Remark:
        """Say that the effects are effects on several kinds of people, where they are."""
        found = dict.fromkeys(part.finding.estimand for part in self.parts if part.finding.estimand)
        return Said("pools.several_estimands", estimands=tuple(found)) if len(found) > 1 else ""

    @property
    def caution(self) -> Remark:
        """Say that a figure takes effects for independent that are not."""
        return Said("pools.as_if_independent") if self.dependence.is_there else ""

    def line(self, item: str, label: Said) -> Line:
        """Return a line without figure that rests on all parts."""
        return Line(self.subject, item, label, rests_on=self.rests_on)


def _subject(pool: Pool, parts: Sequence[PoolPart], evidence: Evidence) -> Subject:
    of_indicator = evidence.wholes[pool.names[0]]
    kind = kind_of([of_indicator, *(part.finding for part in parts)])
    titles = (in_language(pool.title, "en"), in_language(pool.title, "it"))
    # declarations are refused where units of effects are several, so that of any effect is that of all
    effects = [part.finding for part in parts if not part.why_not]
    return Subject(ValueSection.POOLS, pool.id, *titles, *effect_unit(effects[0] if effects else of_indicator), kind)


def _why_not(case: _Case) -> Remark:
    """Return why nothing is pooled: too few effects, or parts of which nobody says on which others they depend."""
    if len(case.parts) < FEWEST:
        return Said("pools.too_few", k=len(case.parts), n=case.n)
    try:
        _ = case.dependence
    except NotEstimable as error:
        return error.why()
    return ""


# ---- of all parts ----------------------------------------------------------------------------------------------------


def _of_all(case: _Case) -> Iterator[Line]:
    """Yield the lines of the mean, the spread, a new part, and the order."""
    scale, unit = case.subject.scale
    yield attempted(case.line("pooled/effect", Said("pools.effect")), lambda line: _mean(case, line))
    tau = replace(case.line("pooled/tau", Said("pools.tau")), unit=unit)
    yield attempted(tau, lambda line: _tau(case, line, scale))
    yield attempted(replace(case.line("pooled/i2", Said("pools.i2")), unit=SHARE), lambda line: _i2(case, line))
    q = replace(case.line("pooled/q", Said("pools.q")), unit=NO_UNIT)
    yield attempted(q, lambda line: _statistic(case, line, case.pooled.spread.q))
    p = replace(case.line("pooled/q_p", Said("pools.q_p")), unit=NO_UNIT)
    yield attempted(p, lambda line: _statistic(case, line, case.pooled.spread.p_value))
    yield attempted(case.line("pooled/prediction", Said("pools.prediction")), lambda line: _prediction(case, line))
    yield attempted(case.line("ranks/order", Said("pools.order")), lambda line: _order(case, line))


def _mean(case: _Case, line: Line) -> Line:
    """Return the mean effect; where effects depend on one another, with a robust error or with none."""
    found = case.dependence
    if not found.is_there:
        independent = replace(line, reason=case.kinds)
        return _estimated(independent, case.pooled.effect, _method(case, case.pooled.effect.reference))
    labels = np.array(found.groups)
    try:
        sample = meta.clustered(case.effects, case.errors, labels)
        (effect,) = meta.cluster_robust(meta.independent(sample, method=case.pool.method))
    except NotEstimable as error:
        reason = joined(Said("pools.no_robust_error", why=error.why()), case.kinds)
        method = _method(case, Said("rule.named", name=case.pool.method))
        return replace(line, value=case.pooled.effect.estimate, difference=True, reason=reason, method=method)
    few: Remark = Said("pools.few_degrees", df=effect.df) if effect.df < FEWEST_DEGREES else ""
    return replace(_estimated(line, effect, _method(case, effect.reference)), reason=joined(few, case.kinds))


def _method(case: _Case, rule: Said) -> Said:
    return Said("pools.method", k=len(case.parts), n=case.n, rule=rule, dependence=case.dependence.said)


def _estimated(line: Line, effect: Estimate, method: Said) -> Line:
    """Return a line with an estimate and its interval."""
    ends = (effect.conf_low, effect.conf_high)
    return replace(with_ends(line, ends), value=effect.estimate, difference=True, method=method)


def _tau(case: _Case, line: Line, scale: float) -> Line:
    tau = float(np.sqrt(case.pooled.tau2))
    method = Said("pools.tau_method", method=case.pool.method)
    measured = replace(line, value=scale * tau, method=method, reason=case.caution)
    return attempted(measured, lambda known: with_ends(known, [scale * end for end in _spread(case).tau]))


def _i2(case: _Case, line: Line) -> Line:
    measured = replace(line, value=case.pooled.i2, method=Said("pools.i2_method"), reason=case.caution)
    return attempted(measured, lambda known: with_ends(known, _spread(case).i2))


def _spread(case: _Case) -> meta.SpreadInterval:
    return meta.spread_interval(case.effects, case.errors)


def _statistic(case: _Case, line: Line, value: float) -> Line:
    method = Said("pools.q_method", df=case.pooled.spread.df)
    return replace(line, value=value, method=method, reason=joined(Said("pools.no_interval.test"), case.caution))


def _prediction(case: _Case, line: Line) -> Line:
    found = case.pooled.predict(case.pool.prediction)
    return _figure(line, found.mean, (found.low, found.high), method=found.rule, reason=case.caution)


def _order(case: _Case, line: Line) -> Line:
    """Return whether the data support any order of the parts."""
    return replace(line, verdict=case.ranked.statement, method=Said("pools.rank_method"), reason=case.caution)


def _figure(line: Line, value: float, ends: Sequence[float], *, method: Said, reason: Remark) -> Line:
    """Return a line with a figure that is an effect, with its interval."""
    return replace(with_ends(line, ends), value=float(value), difference=True, method=method, reason=reason)


# ---- of each part ----------------------------------------------------------------------------------------------------


def _of_parts(case: _Case, parts: Sequence[PoolPart]) -> Iterator[Line]:
    """Yield what is known of each part; of those that are not pooled, why not."""
    places = {part.code: place for place, part in enumerate(case.parts)}
    for part in parts:
        yield _own_effect(case, part)
        if part.code in places:
            yield from _in_the_light_of_all(case, part.code, places[part.code])


def _own_effect(case: _Case, part: PoolPart) -> Line:
    """Return a part's own effect, whatever the others are, or why there is none."""
    finding, label = part.finding, Said("pools.part.effect", part=part.code)
    line = Line(case.subject, f"part/{part.code}/effect", label, rests_on=names([finding]), note=part.title)
    if part.why_not:
        return replace(line, reason=Said("pools.left_out_because", why=part.why_not))
    reason: Remark = "" if finding.effect_low is not None else Said("pools.no_interval.effect")
    method = finding.inference if isinstance(finding.inference, Said) else None
    ended = replace(line, conf_low=finding.effect_low, conf_high=finding.effect_high)
    return replace(ended, value=finding.estimate, difference=True, method=method, reason=reason)


def _in_the_light_of_all(case: _Case, code: str, place: int) -> Iterator[Line]:
    line = case.line(f"part/{code}/shrunken", Said("pools.part.shrunken", part=code))
    yield attempted(line, lambda empty: _shrunken(case, place, empty))
    if case.pool.target is not None:
        line = case.line(f"part/{code}/target", Said("pools.part.target", part=code))
        yield attempted(replace(line, unit=SHARE), lambda empty: _target_met(case, place, empty))
    line = case.line(f"part/{code}/rank", Said("pools.part.rank", part=code))
    yield attempted(replace(line, unit=NO_UNIT), lambda empty: _rank(case, place, empty))


def _shrunken(case: _Case, place: int, line: Line) -> Line:
    found = case.shrunken
    method = Said("pools.shrunken_method", share=float(found.shares[place]))
    ends = (found.low[place], found.high[place])
    return _figure(line, found.effects[place], ends, method=method, reason=case.caution)


def _target_met(case: _Case, place: int, line: Line) -> Line:
    target, rule = case.pool.target, case.pool
    if target is None or case.direction not in SIDES:
        raise NotEstimable(Said("pools.no_direction"))
    side = SIDES[case.direction]
    found = meta.target_met(
        case.effects, case.errors, target.value, side=side, method=rule.method, interval=rule.interval
    )
    reason = joined(Said("pools.no_interval.probability"), case.caution)
    method = Said(f"pools.target_{found.side}", target=target.value)
    return replace(line, value=float(found.each[place]), method=method, reason=reason, origin=target.origin)


def _rank(case: _Case, place: int, line: Line) -> Line:
    found = case.ranked
    ranked = with_ends(line, (found.lower[place], found.upper[place]))
    return replace(ranked, value=float(found.ranks[place]), method=Said("pools.rank_method"), reason=case.caution)


# ---- without a part, small parts, groups, moderators -----------------------------------------------------------------


def _of_variants(case: _Case) -> Iterator[Line]:
    lowest = case.line("left_out/lowest", Said("pools.left_out.lowest"))
    yield attempted(lowest, lambda line: _left_out(case, line, np.argmin))
    highest = case.line("left_out/highest", Said("pools.left_out.highest"))
    yield attempted(highest, lambda line: _left_out(case, line, np.argmax))
    egger = replace(case.line("egger", Said("pools.egger")), unit=NO_UNIT)
    yield attempted(egger, lambda line: _egger(case, line))
    for grouping in case.pool.subgroups:
        yield from _subgroups(case, grouping)
    if case.pool.moderators:
        yield from _moderators(case, case.pool.moderators)


def _left_out(case: _Case, line: Line, choose: Callable[[Floats], np.intp]) -> Line:
    """Return the mean with one part left out, which is chosen by it, and which part that is."""
    rule = case.pool
    found = meta.leave_one_out(case.effects, case.errors, method=rule.method, interval=rule.interval)
    place = int(choose(found.effects))
    method = Said("pools.without", part=case.parts[place].code)
    ends = (found.low[place], found.high[place])
    return _figure(line, found.effects[place], ends, method=method, reason=case.caution)


def _egger(case: _Case, line: Line) -> Line:
    found = meta.egger(case.effects, case.errors)
    method = Said("pools.egger_method", p_value=found.slope.p_value)
    measured = _estimated(line, found.slope, method)
    return replace(measured, difference=False, reason=joined(found.remark, case.caution))


def _subgroups(case: _Case, grouping: Subgrouping) -> Iterator[Line]:
    """Yield the mean of each group, and whether they differ; with one τ² for all, which groups of one part allow."""
    name, rule = grouping.id, case.pool
    declared = replace(
        case.line("", Said("pools.groups_differ", name=name)), note=grouping.title, origin=grouping.origin
    )
    test = replace(declared, item=f"subgroup/{name}/p", unit=NO_UNIT)
    try:
        groups = np.array(groups_of(case.evidence, case.pool, grouping, case.parts))
        found = meta.subgroups(
            case.effects, case.errors, groups, common=True, method=rule.method, interval=rule.interval
        )
    except NotEstimable as error:
        yield replace(test, reason=error.why())
        return
    for level, effect, n in zip(found.levels, found.effects, found.counts, strict=True):
        label, item = Said("pools.group", name=name, level=level), f"subgroup/{name}/group/{level}"
        method = Said("pools.group_method", n=n, rule=effect.reference)
        yield _estimated(replace(declared, item=item, label=label, reason=case.caution), effect, method)
    reason = joined(Said("pools.no_interval.test"), case.caution)
    yield replace(test, value=found.difference.p_value, method=found.difference.reference, reason=reason)


def _moderators(case: _Case, moderators: Sequence[Moderator]) -> Iterator[Line]:
    """Yield by how much the effect moves with each declared number of the parts, all in one regression."""
    rule, ids = case.pool, [moderator.id for moderator in moderators]
    blank = [_moderator_line(case, moderator) for moderator in moderators]
    try:
        columns = floats([declared_for(moderator.values, case.parts) for moderator in moderators])
        found = meta.meta_regression(
            case.effects, case.errors, columns.T, ids, method=rule.method, interval=rule.interval
        )
    except NotEstimable as error:
        yield from (replace(line, reason=error.why()) for line in blank)
        return
    for line, slope in zip(blank, found.coefficients[1:], strict=True):
        method = Said("pools.moderator_method", rule=slope.reference)
        yield replace(_estimated(line, slope, method), reason=case.caution)


def _moderator_line(case: _Case, moderator: Moderator) -> Line:
    line = case.line(f"moderator/{moderator.id}", Said("pools.moderator", name=moderator.id))
    return replace(line, note=moderator.title, origin=moderator.origin)
