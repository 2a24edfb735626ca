"""Numbers of units that a decision counts in: the value of a finding, or its effect times the number reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from impact.declare.value.money import Quantity, Reached
from impact.errors import NotEstimable
from impact.tables.finding import Finding
from impact.value.evidence import Evidence
from impact.value.line import names
from impact.value.money import Part, in_both, together
from impact.value.outcomes import CAUSED, SIGNS
from impact.value.verdict import QUALIFIED
from impact.words.said import Remark, Said, says

COMPLETE = "values.complete_count"


@dataclass(frozen=True)
class Units:
    """A number of units with its error.

    Parameters
    ----------
    value
        How many; of an effect more than zero where it is the right way.
    std_error
        0 where the number is a complete count; None where no error is known, and ``reason`` says why.
    df
        Of the t reference; infinite for the normal.
    rests_on
        Names of the findings behind it.
    parts
        What it is made of.
    reason
        Why it has no error.
    method
        How it came about.
    """

    value: float
    std_error: float | None
    df: float
    rests_on: tuple[str, ...]
    parts: tuple[Part, ...]
    method: Said
    reason: Remark = ""


def units_of(evidence: Evidence, quantity: Quantity) -> Units:
    """Return the number of units that a declaration asks for.

    Raises
    ------
    NotEstimable
        If the finding has no value or no effect, a value is not of all units, or it is not known how many were reached.
    """
    finding = evidence.wholes[quantity.indicator]
    if quantity.of == "value" or quantity.reached is None:
        return _value(evidence, finding)
    return _effect(evidence, finding, quantity.reached)


def findings_of(evidence: Evidence, quantity: Quantity) -> tuple[str, ...]:
    """Return the names of the findings that a number of units, or the reason why there is none, comes from."""
    reached = quantity.reached.indicator if quantity.reached else None
    indicators = dict.fromkeys(name for name in (quantity.indicator, reached) if name is not None)
    return names([evidence.wholes[name] for name in indicators])


def _value(evidence: Evidence, finding: Finding) -> Units:
    value = _known(finding)
    error, df, reason = _error_of_value(evidence, finding)
    return Units(value, error, df, names([finding]), (finding_part(finding),), Said("money.of_value"), reason)


def _known(finding: Finding) -> float:
    """Return the value of a finding; one of some units only would stand for all."""
    if finding.value is None:
        raise NotEstimable(Said("money.no_value", indicator=titled(finding), why=finding.method))
    reported, expected = finding.units_reported, finding.units_expected
    if reported is not None and expected is not None and reported < expected:
        raise NotEstimable(
            Said("money.incomplete", indicator=titled(finding), reported=int(reported), expected=int(expected))
        )
    return finding.value


def _error_of_value(evidence: Evidence, finding: Finding) -> tuple[float | None, float, Remark]:
    """Return standard error and degrees of freedom of a value, or None and why there is no error."""
    if QUALIFIED.intersection(finding.flags):
        return None, math.inf, Said("money.not_exact", indicator=titled(finding))
    if finding.conf_low is None and says(finding.method, COMPLETE):
        return 0.0, math.inf, Said("money.no_interval.complete")
    error = None if finding.conf_low is None else evidence.std_error(finding)
    if error is None:
        return None, math.inf, Said("money.no_error", indicator=titled(finding))
    df = finding.method.values.get("df") if isinstance(finding.method, Said) else None
    return error, float(df) if isinstance(df, int | float) else math.inf, ""


def _effect(evidence: Evidence, finding: Finding, reached: Reached) -> Units:
    estimate = _estimate(finding)
    people, others = _reached(evidence, reached)
    sign = SIGNS[finding.direction]
    error, df, why = _error_of_effect(finding)
    if others is not None and others.std_error != 0:
        # How an effect and a number counted from the same people vary together is not in the findings
        error, why = None, Said("money.reached_has_error")
    known = [others] if others else []
    rests_on = tuple(name for each in known for name in each.rests_on)
    parts = tuple(part for each in known for part in each.parts) or (Part(Said("money.part.reached"), _kind(reached)),)
    design = finding.design if isinstance(finding.design, Said) else None
    method = together(Said("money.of_effect", people=people), design)
    return Units(
        sign * estimate * people,
        None if error is None else error * people,
        df,
        (*names([finding]), *(name for name in rests_on if name != finding.finding)),
        (finding_part(finding), *parts),
        method,
        why,
    )


def _kind(reached: Reached) -> str:
    return cast("str", reached.kind)


def _estimate(finding: Finding) -> float:
    if finding.contribution not in CAUSED or finding.estimate is None or finding.direction not in SIGNS:
        why = finding.not_estimable if isinstance(finding.not_estimable, Said) else Said("outcomes.no_effect")
        raise NotEstimable(Said("money.no_effect", indicator=titled(finding), why=why))
    return finding.estimate


def _error_of_effect(finding: Finding) -> tuple[float | None, float, Remark]:
    """Return standard error and degrees of freedom of an effect, where its interval comes of a normal or a t."""
    inference = finding.inference
    if finding.std_error is not None and says(inference, "rule.normal"):
        return finding.std_error, math.inf, ""
    if finding.std_error is not None and says(inference, "rule.student") and isinstance(inference, Said):
        return finding.std_error, float(cast("float", inference.values["df"])), ""
    return None, math.inf, Said("money.no_law", inference=inference or Said("money.no_inference"))


def _reached(evidence: Evidence, reached: Reached) -> tuple[float, Units | None]:
    """Return how many were reached, with the finding that counts them if it does."""
    if reached.number is not None:
        return reached.number, None
    counted = _value(evidence, evidence.wholes[cast("str", reached.indicator)])
    return counted.value, counted


def titled(finding: Finding) -> Said:
    """Return the title of a finding's indicator in both languages."""
    return in_both({"en": finding.title_en, "it": finding.title_it})


def finding_part(finding: Finding) -> Part:
    """Return a finding as something that a figure is made of."""
    return Part(Said("money.part.finding", title=titled(finding)), finding.data_kind)
