"""The one shape in which every design reports."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pandas as pd

from impact.statistics.core import Estimate
from impact.words.said import Remark, Said, Text

ALPHA = 0.05


@dataclass(frozen=True)
class Diagnostic:
    """A check of an assumption: its null, what came out, and whether it passed.

    ``status`` is ``passed``, ``failed`` or ``not_applicable``; in the last case ``detail`` says why. ``size`` is how
    large what failed is, on the scale that :mod:`impact.judge.evidence` names; ``detail`` tells it to readers.
    """

    check: Said
    null_hypothesis: Said
    value: float | None
    p_value: float | None
    status: str
    detail: Remark
    size: float | None = None

    @property
    def name(self) -> str:
        """Which check it is, such as ``balance``, whatever it was made of."""
        return self.check.code.removeprefix("check.")


@dataclass(frozen=True)
class Term:
    """A number behind an effect: an event-study coefficient, a cohort's effect, a weight, another specification.

    ``family`` says what the number is one of; ``term`` which one. Uncertainty is None where there is none.
    """

    family: Said
    term: Text
    estimate: float
    std_error: float | None = None
    p_value: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    n_obs: int | None = None
    detail: Remark = ""


@dataclass(frozen=True)
class Effect:
    """An effect, tidy: one row, in the unit of the outcome.

    ``inference`` names the rule behind the standard error and the reference distribution. ``terms`` are the numbers
    behind it. ``influence`` holds what each unit (or cluster) adds to the estimate's error, where it is known; ``df``
    are the degrees of freedom of the interval.
    """

    term: str
    estimand: Said
    design: Said
    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    unit: str
    n_obs: int
    n_clusters: int | None
    inference: Said
    diagnostics: tuple[Diagnostic, ...] = ()
    terms: tuple[Term, ...] = ()
    influence: pd.Series | None = field(default=None, repr=False, compare=False)
    df: float = math.inf

    def summary(self) -> str:
        """Return one deterministic line of text.

        Examples
        --------
        >>> Effect("treat", "ITT", "randomised", 2.0, 1.0, 2.0, 0.05, 0.0, 4.0, "points", 40, None, "HC2").summary()
        'randomised ITT 2 points (0 to 4), SE 1 by HC2, n = 40'
        """
        return (
            f"{self.design} {self.estimand} {self.estimate:g} {self.unit} ({self.conf_low:g} to {self.conf_high:g}),"
            f" SE {self.std_error:g} by {self.inference}, n = {self.n_obs}"
        )


def effect_from(
    estimate: Estimate,
    *,
    indicator: str,
    unit: str,
    estimand: Said,
    design: Said,
    diagnostics: tuple[Diagnostic, ...] = (),
    terms: tuple[Term, ...] = (),
    influence: pd.Series | None = None,
) -> Effect:
    """Return an estimate as the effect of a design on an indicator."""
    return Effect(
        indicator,
        estimand,
        design,
        estimate.estimate,
        estimate.std_error,
        estimate.statistic,
        estimate.p_value,
        estimate.conf_low,
        estimate.conf_high,
        unit,
        estimate.n_obs,
        estimate.n_clusters,
        estimate.reference,
        diagnostics,
        terms,
        influence,
        estimate.df,
    )


def term_from(family: Said, term: Text, estimate: Estimate, detail: Remark = "") -> Term:
    """Return an estimate as one of the numbers behind an effect."""
    return Term(
        family,
        term,
        estimate.estimate,
        estimate.std_error,
        estimate.p_value,
        estimate.conf_low,
        estimate.conf_high,
        estimate.n_obs,
        detail,
    )


def checked(
    check: Said, null: Said, value: float, p_value: float, detail: Remark, *, size: float | None = None
) -> Diagnostic:
    """Return a check that passes unless its null is rejected."""
    if math.isnan(p_value):
        return Diagnostic(check, null, value, None, "not_applicable", detail or Said("checks.test_has_no_p_value"))
    status = "passed" if p_value >= ALPHA else "failed"
    return Diagnostic(check, null, value, p_value, status, detail, size)


def verdict(check: Said, null: Said, value: float | None, detail: Remark, *, passed: bool) -> Diagnostic:
    """Return a check without a p-value, which passes or fails by its value."""
    status = "passed" if passed else "failed"
    return Diagnostic(check, null, value, None, status, detail)


def not_applicable(check: Said, null: Said, why: Remark) -> Diagnostic:
    """Return a check that could not be made, with the reason."""
    return Diagnostic(check, null, None, None, "not_applicable", why)


def relative_size(earlier: float, effect: float) -> float:
    """Return how large a difference before the programme is beside the effect; infinite if there is no effect."""
    return abs(earlier / effect) if effect else math.inf
