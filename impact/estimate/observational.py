"""Selection on observables: balance after matching or weighting, and how much hidden bias would undo the effect."""

from __future__ import annotations

from typing import Literal

import numpy as np

from impact.designs.base import EndLine
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.checks import arm_checks, balance_terms
from impact.estimate.cross_section import Comparison
from impact.estimate.hidden_bias import hidden_bias_checks
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, verdict
from impact.estimate.sample import Sample, unit_influence
from impact.statistics.core import Estimate, Floats
from impact.words.said import Said

ALIKE = Said("observational.after_adjustment_arms_alike_every_covariate")
FAR = 0.1
"""A standardised difference beyond this is commonly taken as imbalance."""


def observational_effect(
    case: Case[EndLine],
    compared: Comparison,
    estimate: Estimate,
    called: tuple[Said, Said],
    evidence: tuple[list[Diagnostic], list[Term]],
) -> Effect:
    """Return the effect of a comparison adjusted for covariates.

    Parameters
    ----------
    case, compared, estimate
        The indicator, both arms, the number.
    called
        Of whom the effect is, and the name of the design.
    evidence
        Checks and terms.
    """
    estimand, name = called
    checks, terms = evidence
    influence = unit_influence(compared.sample, estimate)
    return effect_from(
        estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=estimand,
        design=name,
        diagnostics=tuple(checks),
        terms=tuple(terms),
        influence=influence,
    )


def observational_checks(
    case: Case[EndLine],
    compared: Comparison,
    estimate: Estimate,
    weights: Floats,
    *,
    estimand: Literal["ATT", "ATE"],
    r2_max: float | None,
) -> tuple[list[Diagnostic], list[Term]]:
    """Check the comparison; balance is judged after adjustment, since before it is expected to fail.

    Parameters
    ----------
    case, compared, estimate
        The indicator, both arms, the effect.
    weights
        Of the complete cases, shape (n,), as the adjustment gives them.
    estimand
        Whose covariates the arms are to be alike in.
    r2_max
        The R² that Oster's check supposes if hidden causes were known; None for its usual value.
    """
    sample = compared.sample
    (unadjusted, *checks), terms = arm_checks(case, compared, estimate)
    differences = balance_terms(sample, np.asarray(weights, dtype=np.float64), estimand=estimand)
    largest = max(differences, key=lambda term: abs(term.estimate))
    detail = Said("matching.largest_difference", covariate=largest.term, before=unadjusted.detail)
    alike = abs(largest.estimate) <= FAR
    balance = verdict(Said("check.balance"), ALIKE, largest.estimate, detail, passed=alike)
    hidden, hidden_terms = hidden_bias_checks(sample, estimate, r2_max)
    return [balance, *checks, *hidden], [*terms, *differences, *hidden_terms]


def arrays(sample: Sample) -> tuple[Floats, Floats, Floats, list[str]]:
    """Return outcome, arm, covariates (shape (n, k)) and their names; refuse a comparison without any."""
    names = sample.covariate_names
    if not names:
        raise NotEstimable(
            Said("observational.no_covariate_varies"), Said("observational.covariates_which_persons_differ")
        )
    return sample.outcome, sample.exposure, sample.covariate_values, names
