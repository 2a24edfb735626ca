"""Programmes of a portfolio beside one another: money against outcome, effects pooled, what the next euro should do.

Reads ``portfolio.yaml`` (:mod:`impact.declare.portfolio`) and findings as readers see them, protected: who calls it
stands after ``publish``. The rules are written out in ``docs/methods/portfolio.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from impact.declare.location import Location
from impact.declare.portfolio import Amount, Family, Funded, Member, PortfolioFile
from impact.declare.yaml_file import Lines
from impact.errors import DeclarationError, NotEstimable, Problem
from impact.judge.contribution import is_no_effect
from impact.states import AttainmentState, ContributionState, NextEuro
from impact.statistics.meta import pool
from impact.tables.finding import Finding
from impact.tables.part import Part
from impact.value.outcomes import SIGNS
from impact.value.verdict import SOLID
from impact.words.said import Remark, Said

NEAREST = 3
"""Names that are offered in place of one that is unknown."""


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval; without a value, ``reason`` says why, and it is of no data."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: Remark = ""
    data_kind: str = ""


@dataclass(frozen=True)
class Effect:
    """An effect and its interval on the scale on which more is better."""

    size: float
    low: float
    high: float


@dataclass(frozen=True)
class Decision:
    """What the next euro should do with a programme, for an outcome; and why."""

    what: NextEuro
    why: Said


@dataclass(frozen=True)
class Position:
    """A programme in a family: its money, its effect, what one unit of the outcome cost, what follows."""

    funded: Funded
    finding: Finding
    per_unit: Figure
    decision: Decision


@dataclass(frozen=True)
class FamilyReading:
    """A family with its programmes side by side, and their effects pooled or why they are not."""

    family: Family
    positions: tuple[Position, ...]
    pooled: Figure


@dataclass(frozen=True)
class Share:
    """The money whose programmes show an effect at a level of evidence, or ``none`` or ``hidden``."""

    level: str
    amount: float
    share: float


@dataclass(frozen=True)
class PortfolioReading:
    """A portfolio as it stands.

    Parameters
    ----------
    money
        The first amount: all others are in its currency and prices.
    families
        In the order of the file.
    shares, refused
        The money by evidence; none where ``refused`` says why.
    data_kind
        ``synthetic`` if any amount or finding is.
    """

    money: Amount
    families: tuple[FamilyReading, ...]
    shares: tuple[Share, ...]
    refused: Remark
    data_kind: str


def read_positions(file: PortfolioFile, lines: Lines, name: str, findings: Sequence[Finding]) -> PortfolioReading:
    """Return a portfolio beside its findings.

    Parameters
    ----------
    file, lines, name
        What :func:`impact.declare.portfolio.read_portfolio` returns, and what the file is called in errors.
    findings
        Of all programmes in the database, as a reader sees them.

    Raises
    ------
    DeclarationError
        If it names a programme or an indicator that is not there, with the nearest names.
    """
    wholes = {(found.programme, found.indicator): found for found in findings if Part.of(vars(found)).is_whole}
    problems = list(_unknown(file, lines, name, wholes))
    if problems:
        raise DeclarationError(problems)
    funded = {programme.id: programme for programme in file.programmes}
    families = tuple(_family(family, funded, wholes) for family in file.families)
    refused = _mixed_shares(file, families)
    shares = () if refused else tuple(_shares(file, families))
    return PortfolioReading(file.programmes[0].amount, families, shares, refused, _kind(file, families))


def _kind(file: PortfolioFile, families: Sequence[FamilyReading]) -> str:
    kinds = [programme.amount.kind for programme in file.programmes]
    findings = [position.finding.data_kind for family in families for position in family.positions]
    return "synthetic" if "synthetic" in (*kinds, *findings) else "real"


# ---- names -----------------------------------------------------------------------------------------------------------


def _unknown(
    file: PortfolioFile, lines: Lines, name: str, wholes: Mapping[tuple[str, str], Finding]
) -> Iterator[Problem]:
    """Yield the programmes and indicators that the database does not hold."""
    programmes = sorted({programme for programme, _ in wholes})
    for index, funded in enumerate(file.programmes):
        if funded.id not in programmes:
            at = Location(name, lines.get(("programmes", index)), f"programmes.{index}.id")
            yield _no_such(at, f"the database holds no programme '{funded.id}'", funded.id, programmes)
    for place, family in enumerate(file.families):
        for index, member in enumerate(family.members):
            at = Location(name, lines.get(("families", place, "members", index)), f"families.{family.id}.members")
            yield from _no_indicator(at, member, wholes)


def _no_indicator(at: Location, member: Member, wholes: Mapping[tuple[str, str], Finding]) -> Iterator[Problem]:
    indicators = sorted(indicator for programme, indicator in wholes if programme == member.programme)
    if indicators and member.indicator not in indicators:
        what = f"the programme '{member.programme}' has no indicator '{member.indicator}'"
        yield _no_such(at, what, member.indicator, indicators)


def _no_such(at: Location, what: str, found: str, known: Sequence[str]) -> Problem:
    nearest = get_close_matches(found, known, NEAREST, cutoff=0.4) or known[:NEAREST]
    fix = "Run the programme into this database, or correct the name."
    return at.problem(what, f"such as {', '.join(nearest)}" if nearest else "", found, fix)


# ---- a family --------------------------------------------------------------------------------------------------------


def _family(family: Family, funded: Mapping[str, Funded], wholes: Mapping[tuple[str, str], Finding]) -> FamilyReading:
    positions = tuple(
        _position(family, funded[member.programme], wholes[member.programme, member.indicator])
        for member in family.members
    )
    return FamilyReading(family, positions, _pooled(family, [position.finding for position in positions]))


def _position(family: Family, funded: Funded, finding: Finding) -> Position:
    return Position(funded, finding, _per_unit(funded, finding), decide(family, funded.amount, finding))


def effect_of(finding: Finding) -> Effect | None:
    """Return the effect on the scale on which more is better; None where none is known, or none is better.

    An association, and a change without a comparison, are no effects.
    """
    sign = SIGNS.get(finding.direction)
    size, low, high = finding.estimate, finding.effect_low, finding.effect_high
    if sign is None or is_no_effect(finding.estimand) or size is None or low is None or high is None:
        return None
    ends = sorted((sign * low, sign * high))
    return Effect(sign * size, ends[0], ends[1])


def _per_unit(funded: Funded, finding: Finding) -> Figure:
    """Return what one unit of the outcome cost: the amount, over the effect on one times how many were reached."""
    effect, reached = effect_of(finding), funded.reached
    if effect is None:
        return Figure(reason=_no_effect(finding))
    if reached is None:
        return Figure(reason=Said("portfolios.no_reached", programme=funded.id))
    kinds = {"amount": funded.amount.kind, "reached": reached.kind, "effect": finding.data_kind}
    if len(set(kinds.values())) > 1:
        named = {of: Said(f"portfolios.kind.{kind}") for of, kind in kinds.items()}
        return Figure(reason=Said("portfolios.mixed", **named))
    if effect.high < 0:
        return Figure(reason=Said("portfolios.worse"))
    if effect.low <= 0:
        return Figure(reason=Said("portfolios.unbounded"))
    per_unit = funded.amount.value / reached.value
    return Figure(per_unit / effect.size, per_unit / effect.high, per_unit / effect.low, data_kind=finding.data_kind)


def _no_effect(finding: Finding) -> Said:
    """Say why there is no effect to read."""
    if finding.attainment == AttainmentState.SUPPRESSED:
        return Said("portfolios.suppressed")
    if finding.direction not in SIGNS:
        return Said("portfolios.no_direction")
    return Said("portfolios.no_effect")


# ---- what the next euro should do ------------------------------------------------------------------------------------


def decide(family: Family, amount: Amount, finding: Finding) -> Decision:
    """Return what the next euro should do, by the first rule that holds.

    Parameters
    ----------
    family
        With its smallest effect worth having.
    amount
        The money that the decision is on.
    finding
        Of the whole programme, as a reader sees it.

    Notes
    -----
    Not decided: numbers that are suppressed, a direction or a unit that cannot be held against what matters, real
    money beside synthetic data. Learn: no effect is known. Do not fund: the whole interval is the wrong way, or below
    what matters. Fund: the whole interval is at least what matters, the effect is clear and the evidence at least 3.
    Learn: everything else, which is what evidence or precision leave open.
    """
    effect = effect_of(finding)
    if finding.attainment == AttainmentState.SUPPRESSED or finding.direction not in SIGNS:
        return Decision(NextEuro.NOT_DECIDED, _no_effect(finding))
    if finding.unit != family.unit:
        return Decision(NextEuro.NOT_DECIDED, Said("portfolios.unit", unit=finding.unit, of_family=family.unit))
    if amount.kind == "real" and finding.data_kind == "synthetic":
        return Decision(NextEuro.NOT_DECIDED, Said("portfolios.real_by_synthetic"))
    if effect is None:
        return Decision(NextEuro.LEARN, _no_effect(finding))
    return _by_interval(effect, family, finding)


def _by_interval(effect: Effect, family: Family, finding: Finding) -> Decision:
    matters, said = family.matters.value, _size(family)
    if effect.high < 0:
        return Decision(NextEuro.DO_NOT_FUND, Said("portfolios.harm"))
    if effect.high < matters:
        return Decision(NextEuro.DO_NOT_FUND, Said("portfolios.too_small", matters=said))
    if effect.low >= matters:
        return _large_enough(said, finding)
    if effect.low <= 0:
        return Decision(NextEuro.LEARN, Said("portfolios.zero_or_enough", matters=said))
    return Decision(NextEuro.LEARN, Said("portfolios.size_open", matters=said))


def _size(family: Family) -> Said:
    """Say the smallest effect worth having in its unit: a share as a percentage."""
    value = family.matters.value
    return Said("portfolios.share" if family.unit == "share" else "portfolios.size", value=value)


def _large_enough(matters: Said, finding: Finding) -> Decision:
    """Return what follows where the whole interval is at least what matters: it depends on how sure that is."""
    level = finding.evidence_level or 0
    if finding.contribution != ContributionState.IMPROVED:
        return Decision(NextEuro.LEARN, Said("portfolios.not_clear"))
    if level < SOLID:
        return Decision(NextEuro.LEARN, Said("portfolios.weak", level=level, least=SOLID))
    return Decision(NextEuro.FUND, Said("portfolios.enough", matters=matters, level=level))


# ---- effects pooled --------------------------------------------------------------------------------------------------


def _pooled(family: Family, findings: Sequence[Finding]) -> Figure:
    """Return the random-effects mean of the effects of a family, or why they are not pooled."""
    usable = [finding for finding in findings if effect_of(finding) is not None and finding.std_error is not None]
    refused = _not_poolable(family, usable)
    if refused:
        return Figure(reason=refused)
    try:
        mean = pool(np.array([_number(f.estimate) for f in usable]), np.array([_number(f.std_error) for f in usable]))
    except NotEstimable as error:
        return Figure(reason=error.why())
    reason = Said("portfolios.pooled", k=len(usable), of=len(findings), rule=mean.effect.rule)
    kind = usable[0].data_kind
    return Figure(mean.effect.estimate, mean.effect.conf_low, mean.effect.conf_high, reason, kind)


def _not_poolable(family: Family, usable: Sequence[Finding]) -> Remark:
    """Say why effects are not pooled; nothing where they are."""
    if len(usable) < 2:
        return Said("portfolios.too_few", k=len(usable))
    units = sorted({finding.unit for finding in usable} | {family.unit})
    if len(units) > 1:
        return Said("portfolios.units_differ", units=units)
    if len({finding.direction for finding in usable}) > 1:
        return Said("portfolios.directions_differ")
    if len({finding.data_kind for finding in usable}) > 1:
        synthetic = [finding.finding for finding in usable if finding.data_kind == "synthetic"]
        return Said("portfolios.kinds_differ", synthetic=synthetic)
    if family.same_definition is None and len({finding.definition_hash for finding in usable}) > 1:
        return Said("portfolios.definitions_differ")
    return ""


def _number(value: float | None) -> float:
    if value is None:
        raise ValueError("an effect was pooled without its numbers")
    return value


# ---- money by evidence -----------------------------------------------------------------------------------------------


def _mixed_shares(file: PortfolioFile, families: Sequence[FamilyReading]) -> Remark:
    """Say why the money cannot be told apart by evidence: its parts differ in origin."""
    kinds = {programme.amount.kind for programme in file.programmes}
    if len(kinds) > 1:
        synthetic = [programme.id for programme in file.programmes if programme.amount.kind == "synthetic"]
        return Said("portfolios.amounts_differ", synthetic=synthetic)
    positions = [position for family in families for position in family.positions]
    invented = sorted({p.finding.finding for p in positions if p.finding.data_kind == "synthetic"})
    return Said("portfolios.real_money_by_synthetic", synthetic=invented) if invented and kinds == {"real"} else ""


def _shares(file: PortfolioFile, families: Sequence[FamilyReading]) -> Iterator[Share]:
    """Yield how much of the money stands at each level of evidence, the highest first."""
    total = sum(programme.amount.value for programme in file.programmes)
    levels = {programme.id: _level(programme.id, families) for programme in file.programmes}
    for level in ("solid", "2", "1", "none", "hidden"):
        amount = sum(programme.amount.value for programme in file.programmes if levels[programme.id] == level)
        yield Share(level, amount, amount / total)


def _level(programme: str, families: Sequence[FamilyReading]) -> str:
    """Return the highest level of evidence at which a programme shows an effect that is better."""
    found = [p.finding for family in families for p in family.positions if p.funded.id == programme]
    levels = [finding.evidence_level or 0 for finding in found if finding.contribution == ContributionState.IMPROVED]
    if levels:
        return "solid" if max(levels) >= SOLID else str(max(levels))
    is_hidden = any(finding.attainment == AttainmentState.SUPPRESSED for finding in found)
    return "hidden" if is_hidden else "none"
