"""The parts of a pool: which have an effect to pool, and which depend on one another by rows or clusters they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import pandas as pd

from impact.declare.hierarchy import codes_above, codes_within, column_codelist
from impact.declare.indicators import Indicator
from impact.declare.value.pools import Membership, Pool
from impact.designs.base import Armed
from impact.errors import NotEstimable
from impact.measure import unit_frame
from impact.tables.finding import Finding
from impact.tables.part import MISSING_GROUP, Part
from impact.value.evidence import Evidence
from impact.value.outcomes import is_effect, no_effect
from impact.words.languages import Language
from impact.words.said import Remark, Said

Mark = tuple[str, str]
"""What parts can share: a column and a label in it."""


@dataclass(frozen=True)
class PoolPart:
    """A part with its finding.

    Parameters
    ----------
    code
        Of the part in the column that cuts; or the indicator, where several are pooled.
    finding
        With the effect, if there is one.
    title
        What the part is called, where a codelist or registry says it.
    why_not
        Why it has no effect that is pooled; empty where it has.
    """

    code: str
    finding: Finding
    title: dict[Language, str] | None
    why_not: Remark = ""

    @property
    def effect(self) -> tuple[float, float]:
        """The effect and its standard error; of a part that is pooled."""
        estimate, error = self.finding.estimate, self.finding.std_error
        if estimate is None or error is None:
            raise ValueError("the effect of a part without one was asked for")
        return estimate, error


@dataclass(frozen=True)
class Dependence:
    """Which effects depend on one another.

    Parameters
    ----------
    groups
        A number for each part, alike where effects depend on one another.
    said
        What was found, or declared, or is assumed.
    """

    groups: tuple[int, ...]
    said: Said

    @property
    def is_there(self) -> bool:
        """Whether any two effects depend on one another."""
        return len(set(self.groups)) < len(self.groups)


# ---- which parts -----------------------------------------------------------------------------------------------------


def pool_parts(evidence: Evidence, pool: Pool) -> list[PoolPart]:
    """Return the parts of a pool in the order of their codes, each with why its effect is not pooled, if it is not."""
    parts = [_with_effect(part) for part in _parts(evidence, pool)]
    pooled = {part.code for part in parts if not part.why_not}
    return [_without_parts_in_it(evidence, pool, part, pooled) for part in parts]


def _parts(evidence: Evidence, pool: Pool) -> Iterator[PoolPart]:
    if pool.by is None:
        for name in sorted(pool.indicators):
            finding = evidence.wholes[name]
            yield PoolPart(name, finding, {"en": finding.title_en, "it": finding.title_it})
        return
    for finding in evidence.parts(pool.indicator or "", pool.by):
        code = Part.of(vars(finding)).code
        none: Remark = Said("pools.no_part", column=pool.by) if code == MISSING_GROUP else ""
        yield PoolPart(code, finding, evidence.titles.get((pool.by, code)), none)


def _with_effect(part: PoolPart) -> PoolPart:
    """Return a part with the reason why it has no effect: of an association or a change there is none."""
    finding = part.finding
    if part.why_not:
        return part
    if not is_effect(finding):
        return PoolPart(part.code, finding, part.title, no_effect(finding))
    if finding.std_error is None or finding.std_error <= 0:
        return PoolPart(part.code, finding, part.title, Said("pools.no_error"))
    return part


def _without_parts_in_it(evidence: Evidence, pool: Pool, part: PoolPart, pooled: set[str]) -> PoolPart:
    """Return a part with the reason that others of the pool lie in it: their rows would count twice."""
    if part.why_not or pool.by is None:
        return part
    below = sorted(pooled & evidence.codes_below(pool.names[0], pool.by, part.code))
    if not below:
        return part
    return PoolPart(part.code, part.finding, part.title, Said("pools.holds_parts", parts=below))


def _indicator(evidence: Evidence, name: str) -> Indicator:
    return next(indicator for indicator in evidence.programme.indicators if indicator.id == name)


# ---- what each belongs to --------------------------------------------------------------------------------------------


def groups_of(evidence: Evidence, pool: Pool, membership: Membership, parts: Sequence[PoolPart]) -> list[str]:
    """Return the declared group of each part.

    Raises
    ------
    NotEstimable
        If a part has none.
    """
    declared = membership.of or _at_level(evidence, pool, membership.level or "", parts)
    return [str(group) for group in declared_for(declared, parts)]


def declared_for(declared: Mapping[str, str | float], parts: Sequence[PoolPart]) -> list[str | float]:
    """Return what is declared for each part.

    Raises
    ------
    NotEstimable
        If nothing is, for a part.
    """
    missing = [part.code for part in parts if part.code not in declared]
    if missing:
        raise NotEstimable(Said("pools.undeclared_parts", parts=missing), Said("pools.one_for_each_part"))
    return [declared[part.code] for part in parts]


def _at_level(evidence: Evidence, pool: Pool, level: str, parts: Sequence[PoolPart]) -> dict[str, str]:
    """Return the code of a level above each part, or the part itself where it is of that level."""
    indicator = _indicator(evidence, pool.names[0])
    codelist = column_codelist(evidence.programme, indicator.contract, pool.by or "")
    levels = {item.code: item.level for item in codelist.codes} if codelist else {}
    paths = {part.code: (part.code, *codes_above(codelist, part.code)) for part in parts}
    return {part: code for part, path in paths.items() for code in path if levels.get(code) == level}


# ---- which depend on one another -------------------------------------------------------------------------------------


def dependence(evidence: Evidence, pool: Pool, parts: Sequence[PoolPart]) -> Dependence:
    """Return which effects depend on one another: by rows or clusters in several parts, and as declared.

    Raises
    ------
    NotEstimable
        If a part has no group where groups are declared.
    """
    found = _marks(evidence, pool, parts)
    marks = _with_contracts(evidence, pool, found)
    if pool.cluster is not None:
        declared = groups_of(evidence, pool, pool.cluster, parts)
        marks = [own | {("", group)} for own, group in zip(marks, declared, strict=True)]
    groups = _joined(marks)
    n, columns = len(set(groups)), _columns(evidence, pool)
    if pool.cluster is not None:
        return Dependence(groups, Said("pools.declared_cluster", groups=n))
    if n < len(parts):
        return Dependence(groups, Said("pools.share", columns=columns, groups=n))
    if None in found:
        return Dependence(groups, Said("pools.independence_assumed"))
    return Dependence(groups, Said("pools.share_nothing", columns=columns))


def _joined(marks: Sequence[set[Mark]]) -> tuple[int, ...]:
    """Return a number for each part, alike for parts that share a mark, directly or by way of others.

    Examples
    --------
    >>> _joined([{("area", "a")}, {("area", "b")}, {("area", "a"), ("area", "c")}])
    (0, 1, 0)
    """
    groups = list(range(len(marks)))
    first_with: dict[Mark, int] = {}
    for place, own in enumerate(marks):
        for mark in own:
            other = groups[first_with.setdefault(mark, place)]
            groups = [other if group == groups[place] else group for group in groups]
    numbers = dict(zip(dict.fromkeys(groups), count(), strict=False))
    return tuple(numbers[group] for group in groups)


def _columns(evidence: Evidence, pool: Pool) -> tuple[str, ...]:
    """Return the columns that tell what parts share: clusters, and in several indicators the units too."""
    names: list[str] = []
    for name in pool.names:
        indicator = _indicator(evidence, name)
        names += _clusters(indicator)
        names.append(_unit_column(evidence, indicator))
    return tuple(dict.fromkeys(names))


def _clusters(indicator: Indicator) -> tuple[str, ...]:
    """Return the columns of the clusters behind an effect: of the design, else of the sample."""
    design, sampled = indicator.ex_post.design, indicator.sample.cluster
    return (design.clusters if design else ()) or ((sampled,) if sampled else ())


def _unit_column(evidence: Evidence, indicator: Indicator) -> str:
    contract = evidence.programme.contracts[indicator.contract]
    return contract.person or f"{contract.id}: {', '.join(contract.key)}"


def _marks(evidence: Evidence, pool: Pool, parts: Sequence[PoolPart]) -> list[set[Mark] | None]:
    """Return what each part has of rows and clusters; None for those whose value is not one of rows."""
    if pool.by is None:
        return [_of_effect(evidence, part.code) for part in parts]
    try:
        return [*_of_codes(evidence, _indicator(evidence, pool.names[0]), pool.by, parts)]
    except NotEstimable:
        return [None for _ in parts]


def _with_contracts(evidence: Evidence, pool: Pool, found: Sequence[set[Mark] | None]) -> list[set[Mark]]:
    """Return marks of all parts: a value that is not one of rows has units in common with all of its contract."""
    if pool.by is not None:
        return [own or set[Mark]() for own in found]
    contracts = [_indicator(evidence, name).contract for name in sorted(pool.indicators)]
    pairs = list(zip(contracts, found, strict=True))
    unread = {contract for contract, own in pairs if own is None}
    return [(own or set[Mark]()) | {("contract", contract) for _ in unread & {contract}} for contract, own in pairs]


def _of_effect(evidence: Evidence, name: str) -> set[Mark] | None:
    """Return the units and clusters behind the effect of an indicator, and of the one whose effect it carries on."""
    behind = evidence.programme.with_scaled(_indicator(evidence, name))
    try:
        return set[Mark]().union(*(_of_indicator(evidence, indicator) for indicator in behind))
    except NotEstimable:
        return None


def _of_codes(evidence: Evidence, indicator: Indicator, by: str, parts: Sequence[PoolPart]) -> Iterator[set[Mark]]:
    """Yield the clusters in which the rows of each part lie."""
    rows = _rows(evidence, indicator, by)
    codelist = column_codelist(evidence.programme, indicator.contract, by)
    for part in parts:
        inside = rows[rows["_part"].isin(codes_within(codelist, part.code))]
        yield set(_labels(inside, _clusters(indicator)))


def _of_indicator(evidence: Evidence, indicator: Indicator) -> set[Mark]:
    rows = _rows(evidence, indicator)
    units = {(_unit_column(evidence, indicator), str(label)) for label in rows["_label"].unique()}
    return units | set(_labels(rows, _clusters(indicator)))


def _labels(rows: pd.DataFrame, columns: Sequence[str]) -> Iterator[Mark]:
    for column in columns:
        yield from ((column, str(label)) for label in rows[column].dropna().unique())


def _rows(evidence: Evidence, indicator: Indicator, by: str | None = None) -> pd.DataFrame:
    """Return the rows behind an effect, in its arms; ``_part`` is where a unit was at the baseline, as in effects."""
    contract, design = evidence.programme.contracts[indicator.contract], indicator.ex_post.design
    arm = (design.arm,) if isinstance(design, Armed) else ()
    columns, groups = [*_clusters(indicator), *arm], [by] if by else []
    frame = unit_frame(
        evidence.connection, evidence.programme.id, contract, indicator, columns, as_text=columns, groups=groups
    )
    if isinstance(design, Armed):
        frame = frame[frame[design.arm].isin((design.treated, design.comparison))]
    return frame if by is None else frame.assign(_part=_at_start(frame, f"group:{by}", indicator))


def _at_start(frame: pd.DataFrame, label: str, indicator: Indicator) -> pd.Series:
    """Return the label of each row's unit at the baseline; the row's own where it was not there, or there is none."""
    own, baseline = frame[label], indicator.ex_ante.baseline
    first = frame[frame["_wave"] == baseline.wave] if baseline else frame.head(0)
    if first.empty:
        return own
    before = first.groupby("_unit")[label].first()
    return frame["_unit"].map(before).fillna(own)
