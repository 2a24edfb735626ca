"""A synthetic control on declared predictors: from their values to the fit, what it rests on, and how stable it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impact.designs.synthetic_control.model import SyntheticControl
from impact.designs.synthetic_control.unit_series import Series, predictor_means
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Term
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


def fit_control(case: Case[SyntheticControl], series: Series, design: SyntheticControl, *, start: int) -> Fit:
    """Fit the declared synthetic control as if the programme had started at ``start``, all spans moved back with it."""
    back = series.start - start
    outcomes = series.outcomes if back == 0 else series.outcomes[:, : series.start]
    row, spans = series.treated[0], design.predictors
    if not spans:
        return Fit(synthetic_control(outcomes, row, start))
    means = predictor_means(case, design, series.units, spans, back=[back] * len(spans))
    if design.importance in ("equal", "given"):
        weights = [1.0 if one.weight is None else one.weight for one in spans]
        importance = np.array(weights) / sum(weights)
        return Fit(synthetic_control(outcomes, row, start, predictors=means, importance=importance), means, importance)
    training, window = _trained(case, series, design, back)
    found = nested_control(outcomes, row, start, means, training=training, window=window, seed=design.seed)
    return Fit(found.control, means, found.importance, found)


def _trained(
    case: Case[SyntheticControl], series: Series, design: SyntheticControl, back: int
) -> tuple[Floats | None, tuple[int, int] | None]:
    """Return predictors as they stood in training and where validation lies in the series; None without them."""
    if design.training is None or design.validation is None:
        return None, None
    place = case.waves.index
    distance = place(design.validation.first) - place(design.training.first)
    spans = [one.training or one for one in design.predictors]
    moved = [back if one.training else back + distance for one in design.predictors]
    training = predictor_means(case, design, series.units, spans, back=moved)
    first, last = (series.waves.index(wave) - back for wave in (design.validation.first, design.validation.last))
    return training, (first, last + 1)


def stability(fit: Fit) -> list[Diagnostic]:
    """Return whether all importances that fit as well give the same effect; nothing where none were searched."""
    if fit.nested is None:
        return []
    effects = fit.nested.near_effects
    low, high = float(effects.min()), float(effects.max())
    width = (high - low) / abs(fit.control.effect) if fit.control.effect else np.inf
    ends = fit.nested.optima
    near = int(np.sum(ends.losses <= ends.losses.min() * 1.05))
    detail = Said(
        "synthetic_control.effect_itself_over_importances_predictors_fit_within",
        low=low,
        high=high,
        width=width,
        near=near,
        n=len(ends.losses),
    )
    status = "passed" if width <= STABLE else "failed"
    return [Diagnostic(Said("check.stable_optimum"), SAME_OPTIMUM, width, None, status, detail)]


def predictor_terms(series: Series, design: SyntheticControl, fit: Fit) -> list[Term]:
    """Return what each predictor counts and how alike it is, and the range of the effect and of each donor's weight."""
    if fit.predictors is None or fit.importance is None:
        return []
    names = [_label(one.column, one.first, one.last) for one in design.predictors]
    own, mixed = fit.predictors[series.treated[0]], fit.control.weights @ fit.predictors[fit.control.donors]
    terms = [
        Term(Said("family.predictor_weight"), name, float(value))
        for name, value in zip(names, fit.importance, strict=True)
    ]
    terms += [
        Term(
            Said("family.predictor"),
            name,
            float(synthetic),
            detail=Said("synthetic_control.value_of_treated", units=series.units[series.treated[0]], treated=treated),
        )
        for name, treated, synthetic in zip(names, own, mixed, strict=True)
    ]
    return terms + (_ranges(series, fit.nested) if fit.nested else [])


def _ranges(series: Series, nested: NestedControl) -> list[Term]:
    control, detail = nested.control, Said("synthetic_control.range")
    low, high = nested.near_effects.min(), nested.near_effects.max()
    terms = [
        Term(
            Said("family.optimum_range"),
            Said("synthetic_control.effect"),
            control.effect,
            conf_low=float(low),
            conf_high=float(high),
            detail=detail,
        )
    ]
    for at in np.flatnonzero(nested.near_weights.max(axis=0) > 0):
        low, high = nested.near_weights[:, at].min(), nested.near_weights[:, at].max()
        donor, weight = series.units[int(control.donors[at])], float(control.weights[at])
        name = Said("synthetic_control.weight_of", unit=donor)
        terms.append(
            Term(Said("family.optimum_range"), name, weight, conf_low=float(low), conf_high=float(high), detail=detail)
        )
    return terms


def _label(column: str, first: str, last: str) -> str:
    return f"{column} {first}" if first == last else f"{column} {first} to {last}"
