"""Values that are reckoned from the measured values of other indicators, part by part and wave by wave.

After all that is measured of rows. Where the value can vary with the rows that were drawn, its interval comes from
:mod:`impact.measure.joint_spread`; where it is not known how operands vary together, there is a value and no interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import duckdb
import numpy as np

from impact.declare import Programme
from impact.declare.indicators import Indicator
from impact.formulas.derived.model import Derived
from impact.formulas.kind import Summary
from impact.formulas.measured import Measured
from impact.formulas.registry import kind_of
from impact.measure.joint_spread import JointSpread, Linear, joint_spread
from impact.measure.measurement import Domain, Measurement
from impact.measure.moments import Designed, Values, designed_values, exact_values, simple_values
from impact.measure.operands import Measurements, Operands
from impact.measure.sampled import needs_rows
from impact.measure.spread import NO_VARIATION, Spread
from impact.measure.terms import has_spread
from impact.statistics.combination import Operation, combine, pooled_freedom
from impact.statistics.core import Floats
from impact.words.said import Remark, Said

OUTSIDE_WHOLE = "outside_whole"


def measure_derived(
    connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator, measured: Measurements
) -> list[Measurement]:
    """Return the values of an indicator that is reckoned from two others.

    Parameters
    ----------
    connection, programme
        Holds the views of the programme's good rows.
    indicator
        The indicator; its operands may be reckoned from others in turn.
    measured
        Of all that it is reckoned from, however far.

    Notes
    -----
    A missing operand leaves no value: it is never taken for zero.
    """
    operands = Operands.of(indicator, indicator.formula.indicators(), measured)
    domains = operands.domains()
    leaves = [leaf for leaf in programme.with_operands(indicator) if not isinstance(leaf.formula, Derived)]
    of_leaves = Operands.of(indicator, [leaf.id for leaf in leaves], measured).values(domains)
    reckoned = _reckoned(programme, indicator, dict(zip((leaf.id for leaf in leaves), of_leaves, strict=True)))
    intervals = _intervals(_Case(connection, programme, indicator, leaves, domains), reckoned)
    zero = Said("derived.denominator_zero", indicator=operands.names[-1])
    return [
        _flagged(indicator, operands.measurement(domain, interval))
        if not math.isnan(value)
        else operands.without_value(domain, zero)
        for domain, value, interval in zip(domains, reckoned.value.tolist(), intervals, strict=True)
    ]


def _flagged(indicator: Indicator, measurement: Measurement) -> Measurement:
    """Flag a share that is none."""
    value = measurement.measured.value or 0.0
    return measurement.flagged(OUTSIDE_WHOLE) if _is_share(indicator) and not 0 <= value <= 1 else measurement


@dataclass(frozen=True)
class _Reckoned:
    """Values, shape (D,), with their derivatives by each of the leaves."""

    value: Floats
    slopes: Mapping[str, Floats]


def _reckoned(programme: Programme, indicator: Indicator, values: Mapping[str, Floats]) -> _Reckoned:
    """Reckon values with their gradients, through operands that are reckoned themselves (chain rule)."""
    formula = indicator.formula
    if not isinstance(formula, Derived):
        value = values[indicator.id]
        return _Reckoned(value, {indicator.id: np.ones(len(value))})
    first, second = (_reckoned(programme, operand, values) for operand in programme.operands(indicator))
    operation: Operation = "difference" if formula.operation == "difference" else "quotient"
    combined = combine(operation, first.value, second.value, formula.factor)
    slopes = {name: combined.by_first * slope for name, slope in first.slopes.items()}
    for name, slope in second.slopes.items():
        slopes[name] = slopes.get(name, 0.0) + combined.by_second * slope
    return _Reckoned(combined.value, slopes)


# ---- intervals -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Case:
    """What an interval is made of: the indicator, all that it is reckoned from, and the domains of its values."""

    connection: duckdb.DuckDBPyConnection
    programme: Programme
    indicator: Indicator
    leaves: Sequence[Indicator]
    domains: Sequence[Domain]

    @property
    def sampled(self) -> list[list[Indicator]]:
        """The leaves whose values vary with the rows that were drawn, by contract."""
        varying = sorted(filter(_varies, self.leaves), key=_contract)
        return [list(members) for _, members in groupby(varying, key=_contract)]


def _contract(indicator: Indicator) -> str:
    return indicator.contract


def _varies(leaf: Indicator) -> bool:
    """Tell whether a value varies with the rows that were drawn; a count of different values is complete."""
    kind = kind_of(leaf.formula)
    return has_spread(leaf) and not (kind.summary is Summary.COUNTS and kind.of_all_units)


def _intervals(case: _Case, reckoned: _Reckoned) -> list[Measured]:
    """Return the values with the intervals that the samples of their operands allow."""
    sampled = case.sampled
    if not sampled:
        return exact_values(Values(reckoned.value, np.zeros(len(case.domains), dtype=np.int64), reckoned.value))
    if problem := _unknown_spread(case.indicator, sampled):
        method = Said("join.no_interval", why=problem)
        return [Measured(value, method=method, flags=("no_interval",)) for value in reckoned.value.tolist()]
    arguments = (case.connection, case.programme, case.indicator)
    each = [joint_spread(*arguments, Linear(leaves, reckoned.slopes, case.domains)) for leaves in sampled]
    return _valued(case, _added(each), reckoned.value)


def _unknown_spread(indicator: Indicator, sampled: Sequence[Sequence[Indicator]]) -> Said | None:
    """Return why it cannot be known how a value varies; None where it can."""
    for leaves in sampled:
        for leaf in leaves:
            if not kind_of(leaf.formula).summary.additive or needs_rows(leaf):
                return Said("derived.not_linearised", indicator=leaf.id)
            if leaf.sample != leaves[0].sample:
                return Said("derived.samples_differ", first=leaves[0].id, second=leaf.id)
    formula = indicator.formula
    if len(sampled) > 1 and isinstance(formula, Derived) and formula.independent is None:
        return Said("derived.covariance_unknown", first=sampled[0][0].id, second=sampled[1][0].id)
    return None


def _added(each: Sequence[JointSpread]) -> JointSpread:
    """Add up the variances of independent samples; degrees of freedom by Satterthwaite."""
    if len(each) == 1:
        return each[0]
    spreads = [joint.spread for joint in each]
    variances = np.array([np.where(np.isnan(one.variance), 0.0, one.variance) for one in spreads])
    freedom = pooled_freedom(variances, np.array([one.freedom for one in spreads], dtype=np.float64))
    by_value = zip(*(one.problems for one in spreads), strict=True)
    problems: list[Remark] = [next(filter(None, of_each), "") for of_each in by_value]
    units = np.sum([one.units for one in spreads], axis=0)
    whole = np.nan_to_num(np.floor(freedom)).astype(np.int64)
    n = np.min([joint.n for joint in each], axis=0)
    return JointSpread(Spread(variances.sum(axis=0), units, whole, problems), n)


def _valued(case: _Case, joint: JointSpread, value: Floats) -> list[Measured]:
    """Return values with intervals: shares within 0 and 1 on the logit scale, all others symmetric."""
    spread = joint.spread
    unknown = np.isnan(spread.variance)
    problems = [problem or (NO_VARIATION if off else "") for problem, off in zip(spread.problems, unknown, strict=True)]
    spread = replace(spread, problems=problems)
    samples = [leaves[0].sample for leaves in case.sampled]
    values = Values(value, joint.n, np.ones(len(value)))
    if not any(sample.columns() for sample in samples):
        return simple_values(values, spread, share=False)
    clustered = any(sample.cluster for sample in samples)
    kind = Designed(share=False, total=False, clustered=clustered, effective="clusters")
    plain = designed_values(values, spread, kind)
    if not _is_share(case.indicator):
        return plain
    inside = replace(values, value=np.where((value >= 0) & (value <= 1), value, np.nan))
    shares = designed_values(inside, spread, replace(kind, share=True))
    return [one if off else share for one, share, off in zip(plain, shares, np.isnan(inside.value), strict=True)]


def _is_share(indicator: Indicator) -> bool:
    return isinstance(indicator.formula, Derived) and indicator.formula.operation == "share_of"
