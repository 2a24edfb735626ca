"""What programmes come to together on what they measure alike: by sums, never by an average of their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from impact.formulas.kind import Summary
from impact.states import SharedState
from impact.statistics.surveys.stratified import stratified_mean
from impact.words.said import Remark, Said

if TYPE_CHECKING:
    from impact.publish.compare import Shared

COUNTED = Said("frameworks.counted")


@dataclass(frozen=True)
class Total:
    """Programmes together, by one definition.

    Parameters
    ----------
    programmes
        Those whose values are in it; where there is no total, those that have one.
    left_out
        Those that have this definition and no value that can be added, with the reason.
    value
        The sum of numerators over that of denominators, or the sum of totals; None where ``reason`` says why.
    conf_low, conf_high
        Ends of its 95 % interval; None where ``reason`` says why.
    n
        Rows behind it; None without a total.
    days
        The last days of the first and the last wave or period in it.
    data_kind
        ``real`` or ``synthetic``.
    reason
        Why there is no total, or no interval.
    """

    programmes: tuple[str, ...]
    left_out: tuple[tuple[str, SharedState], ...] = ()
    value: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    n: int | None = None
    days: tuple[str, ...] = ()
    data_kind: str = "real"
    reason: Remark = ""


def total_of(alike: Sequence[Shared]) -> Total:
    """Return what programmes with one definition come to together, or why that cannot be said."""
    if not Summary(alike[0].declared.summary).additive:
        return Total(tuple(one.programme for one in alike), reason=Said("frameworks.not_additive"))
    usable = [one for one in alike if one.state == SharedState.MEASURED and one.declared.numerator is not None]
    left_out = tuple((one.programme, _left_out(one)) for one in alike if one not in usable)
    bare = Total(tuple(one.programme for one in usable), left_out)
    reason = _refused(usable)
    if reason:
        return replace(bare, reason=reason)
    days = sorted(one.day for one in usable)
    kinds = {one.finding.data_kind for one in usable if one.finding}
    whole = replace(bare, n=sum(map(_rows, usable)), days=(days[0], days[-1]), data_kind=kinds.pop())
    return _ratio(whole, usable) if usable[0].declared.denominator is not None else _sum(whole, usable)


def _left_out(one: Shared) -> SharedState:
    """Say why a value is not in a total: it has none, or its sums are hidden."""
    return SharedState.SUPPRESSED if one.state == SharedState.MEASURED else one.state


def _refused(usable: Sequence[Shared]) -> Remark:
    """Return why there is no total; nothing where there is one."""
    if len(usable) < 2:
        return Said("frameworks.too_few", count=len(usable))
    weighted = [one.programme for one in usable if one.declared.own_weights]
    if weighted:
        return Said("frameworks.own_weights", programmes=weighted)
    synthetic = [one.programme for one in usable if one.finding and one.finding.data_kind == "synthetic"]
    if 0 < len(synthetic) < len(usable):
        return Said("frameworks.mixed", programmes=synthetic)
    without = [one.programme for one in usable if not _is_total(one) and _base(one) <= 0]
    return Said("frameworks.no_denominator", programmes=without) if without else ""


def _sum(whole: Total, usable: Sequence[Shared]) -> Total:
    value = sum(one.declared.numerator or 0.0 for one in usable)
    sampled = [one.programme for one in usable if not _is_exact(one)]
    reason = Said("frameworks.sampled_totals", programmes=sampled) if sampled else COUNTED
    return replace(whole, value=value, reason=reason)


def _ratio(whole: Total, usable: Sequence[Shared]) -> Total:
    """Return numerators over denominators; with an interval where the spread of every value is known."""
    numerators = [one.declared.numerator or 0.0 for one in usable]
    denominators = list(map(_base, usable))
    bare = replace(whole, value=sum(numerators) / sum(denominators))
    if reason := _no_interval(usable):
        return replace(bare, reason=reason)
    errors = [one.declared.std_error or 0.0 for one in usable]
    pooled = stratified_mean(numerators, denominators, errors, list(map(_rows, usable)))
    if usable[0].declared.unit == "share":
        return replace(bare, conf_low=max(pooled.conf_low, 0.0), conf_high=min(pooled.conf_high, 1.0))
    return replace(bare, conf_low=pooled.conf_low, conf_high=pooled.conf_high)


def _no_interval(usable: Sequence[Shared]) -> Remark:
    """Return why a mean over programmes has no interval; nothing where it has one."""
    sampled = [one for one in usable if not _is_exact(one)]
    if not sampled:
        return COUNTED
    estimated = [one.programme for one in sampled if one.declared.n_clusters is not None or _base(one) != _rows(one)]
    if estimated:
        return Said("frameworks.base_varies", programmes=estimated)
    unknown = [one.programme for one in sampled if not one.declared.std_error or _rows(one) < 2]
    return Said("frameworks.no_interval", programmes=unknown) if unknown else ""


def _is_total(one: Shared) -> bool:
    return one.declared.denominator is None


def _base(one: Shared) -> float:
    """Return the denominator: rows, where a mean is not weighted."""
    return one.declared.denominator or 0.0


def _rows(one: Shared) -> int:
    return one.finding.n if one.finding else 0


def _is_exact(one: Shared) -> bool:
    """Tell whether a value is of all there is, so that it has no error."""
    finding = one.finding
    return finding is not None and finding.conf_low is None and "no_interval" not in finding.flags
