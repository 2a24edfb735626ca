"""Whether the predictors of a synthetic control lie where they may: before the start, and in the order of the waves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impact.declare.declaration import Declaration
from impact.designs.synthetic_control.predictors import Predictor, WaveSpan
from impact.errors import Problem


def predictor_problems(spans: Sequence[tuple[str, WaveSpan]], start: str, at: Declaration) -> Iterator[Problem]:
    """Yield spans that run backwards or reach the start of the programme; nothing while a wave is unknown.

    Parameters
    ----------
    spans
        The spans of waves, each with the field where it stands.
    start
        First wave of the programme.
    at
        Where the design is declared.
    """
    order = _order(at)
    if not _known({start, *(wave for _, span in spans for wave in (span.first, span.last))}, order):
        return
    for field, span in spans:
        written = f"{span.first} to {span.last}"
        if order[span.first] > order[span.last]:
            yield at.problem("a span of waves runs backwards", f"design.{field}", "first, then last", written)
        if order[span.last] >= order[start]:
            what = "a span of waves reaches the start of the programme"
            fix = "End it before the start: what the programme may have changed cannot say what it changed."
            yield at.problem(what, f"design.{field}", f"waves before {start}", written, fix=fix)


def cross_validation_problems(
    predictors: Sequence[Predictor], training: WaveSpan, validation: WaveSpan, at: Declaration
) -> Iterator[Problem]:
    """Yield windows that overlap or differ in length, and training values that are not earlier than validation."""
    order = _order(at)
    spans = (training, validation, *predictors, *(p.training for p in predictors if p.training))
    if not _known({wave for span in spans for wave in (span.first, span.last)}, order):
        return
    distance = order[validation.first] - order[training.first]
    if order[training.last] >= order[validation.first]:
        fix = "End training before validation begins."
        yield at.problem("training reaches into validation", "design.training", fix=fix)
    if order[validation.last] - order[training.last] != distance:
        fix = "Give both as many waves: predictors are moved by the distance between them."
        yield at.problem("training and validation differ in length", "design.validation", fix=fix)
    for number, predictor in enumerate(predictors):
        span = predictor.training or predictor
        moved = 0 if predictor.training else distance
        if order[span.first] < moved or order[span.last] - moved >= order[validation.first]:
            earlier = f", {moved} waves earlier" if moved else ""
            yield at.problem(
                f"in training, '{predictor.column}' lies before the first wave or in validation",
                f"design.predictors.{number}",
                f"waves before {validation.first}",
                f"{span.first} to {span.last}{earlier}",
                fix="Add training: {column, first, last} to the predictor.",
            )


def _order(at: Declaration) -> dict[str, int]:
    return {wave.id: number for number, wave in enumerate(at.programme.header.waves)}


def _known(waves: set[str], order: dict[str, int]) -> bool:
    return waves <= set(order)
