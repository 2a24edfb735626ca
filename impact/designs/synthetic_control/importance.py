"""A synthetic control on declared predictors: from their values to the fit, what it rests on, and how stable it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.designs.synthetic_control.model import SyntheticControl
from impact.designs.synthetic_control.unit_series import Series, predictor_means
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Term, verdict
from impact.statistics.core import Floats
from impact.statistics.synthetic.control import Synthetic, synthetic_control
from impact.statistics.synthetic.nested import NestedControl, nested_control
from impact.words.said import Said

SAME_OPTIMUM = Said("synthetic_control.predictors_weighted_outcome_fits_well_give_same")
STABLE = 0.05
"""Share of the effect over which it may range."""


@dataclass(frozen=True)
class Fit:
    """A synthetic control, the predictors (units, p) and their importance (p,), and the search if there was one."""

    control: Synthetic
    predictors: Floats | None = None
    importance: Floats | None = None
    nested: NestedControl | None = None


def fit_control(case: Case[SyntheticControl], series: Series, *, start: int) -> Fit:
    """Fit the declared synthetic control as if the programme had started at ``start``, all spans moved back with it."""
    design = case.design
    back = series.start - start
    outcomes = series.outcomes if back == 0 else series.outcomes[:, : series.start]
    row, spans = series.treated[0], design.predictors
    if not spans:
        return Fit(synthetic_control(outcomes, row, start))
    means = predictor_means(case, series.units, spans, back=[back] * len(spans))
    if design.importance in ("equal", "given"):
        weights = [1.0 if span.weight is None else span.weight for span in spans]
        importance = np.array(weights) / sum(weights)
        control = synthetic_control(outcomes, row, start, predictors=means, importance=importance)
        return Fit(control, means, importance)
    training, window = _trained(case, series, back)
    nested = nested_control(outcomes, row, start, means, training=training, window=window, seed=design.seed)
    return Fit(nested.control, means, nested.importance, nested)


def _trained(case: Case[SyntheticControl], series: Series, back: int) -> tuple[Floats | None, tuple[int, int] | None]:
    """Return predictors as they stood in training and where validation lies in the series; None without them."""
    design = case.design
    training, validation = design.training, design.validation
    if training is None or validation is None:
        return None, None
    distance = case.waves.index(validation.first) - case.waves.index(training.first)
    # a predictor that declares no span for training has its own, as far back as training lies before validation
    spans = [span.training or span for span in design.predictors]
    moved = [back if span.training else back + distance for span in design.predictors]
    means = predictor_means(case, series.units, spans, back=moved)
    first, last = (series.waves.index(wave) - back for wave in (validation.first, validation.last))
    return means, (first, last + 1)


def stability(fit: Fit) -> list[Diagnostic]:
    """Return whether all importances that fit as well give the same effect; nothing where none were searched."""
    if fit.nested is None:
        return []
    effects = fit.nested.near_effects
    low, high = float(effects.min()), float(effects.max())
    effect = fit.control.effect
    width = (high - low) / abs(effect) if effect else np.inf
    losses = fit.nested.optima.losses
    near = int(np.sum(losses <= losses.min() * 1.05))
    detail = Said(
        "synthetic_control.effect_itself_over_importances_predictors_fit_within",
        low=low,
        high=high,
        width=width,
        near=near,
        n=len(losses),
    )
    return [verdict(Said("check.stable_optimum"), SAME_OPTIMUM, width, detail, passed=width <= STABLE)]


def predictor_terms(series: Series, design: SyntheticControl, fit: Fit) -> list[Term]:
    """Return what each predictor counts and how alike it is, and the range of the effect and of each donor's weight."""
    if fit.predictors is None or fit.importance is None:
        return []
    names = [_label(span.column, span.first, span.last) for span in design.predictors]
    terms = []
    for name, importance in zip(names, fit.importance, strict=True):
        terms.append(Term(Said("family.predictor_weight"), name, float(importance)))
    row = series.treated[0]
    mixed = fit.control.weights @ fit.predictors[fit.control.donors]
    for name, treated, synthetic in zip(names, fit.predictors[row], mixed, strict=True):
        detail = Said("synthetic_control.value_of_treated", units=series.units[row], treated=treated)
        terms.append(Term(Said("family.predictor"), name, float(synthetic), detail=detail))
    if fit.nested:
        terms += _ranges(series, fit.nested)
    return terms


def _ranges(series: Series, nested: NestedControl) -> list[Term]:
    """Return over which values effect and weights range among the importances that fit as well."""
    control = nested.control
    terms = [_range(Said("synthetic_control.effect"), control.effect, nested.near_effects)]
    for at in np.flatnonzero(nested.near_weights.max(axis=0) > 0):
        donor = series.units[int(control.donors[at])]
        name = Said("synthetic_control.weight_of", unit=donor)
        terms.append(_range(name, float(control.weights[at]), nested.near_weights[:, at]))
    return terms


def _range(name: Said, value: float, near: Floats) -> Term:
    low, high = float(near.min()), float(near.max())
    detail = Said("synthetic_control.range")
    return Term(Said("family.optimum_range"), name, value, conf_low=low, conf_high=high, detail=detail)


def _label(column: str, first: str, last: str) -> str:
    return f"{column} {first}" if first == last else f"{column} {first} to {last}"
