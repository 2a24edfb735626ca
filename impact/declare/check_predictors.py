"""Whether the predictors of a synthetic control lie where they may: before the start, and in the order of the waves."""

from __future__ import annotations

from collections.abc import Iterator

from impact.declare.designs import SyntheticControl
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.predictors import WaveSpan
from impact.errors import Problem

FILE = "indicators.yaml"


def predictor_spans(design: SyntheticControl) -> list[tuple[str, WaveSpan]]:
    """Return every span of waves a design names, with the place where it stands."""
    spans: list[tuple[str, WaveSpan]] = []
    for number, predictor in enumerate(design.predictors):
        spans.append((f"predictors.{number}", predictor))
        if predictor.training:
            spans.append((f"predictors.{number}.training", predictor.training))
    windows = {"training": design.training, "validation": design.validation}
    return spans + [(name, span) for name, span in windows.items() if span]


def predictor_problems(programme: Programme, indicator: Indicator, line: int | None) -> Iterator[Problem]:
    """Yield spans that run backwards, reach the start of the programme, or let cross-validation see ahead."""
    design, waves = indicator.ex_post.design, [wave.id for wave in programme.header.waves]
    if not isinstance(design, SyntheticControl):
        return
    place = {wave: number for number, wave in enumerate(waves)}
    spans = predictor_spans(design)
    named = [wave for _, span in spans for wave in (span.first, span.last)]
    if not spans or not {design.start, *named} <= set(waves):
        return
    where = f"{indicator.id}.design"
    for name, span in spans:
        found = f"{span.first} to {span.last}"
        if place[span.first] > place[span.last]:
            yield Problem("a span of waves runs backwards", FILE, line, f"{where}.{name}", "first, then last", found)
        if place[span.last] >= place[design.start]:
            expected = f"waves before {design.start}"
            fix = "End it before the start: what the programme may have changed cannot say what it changed."
            yield Problem(
                "a span of waves reaches the start of the programme",
                FILE,
                line,
                f"{where}.{name}",
                expected,
                found,
                fix=fix,
            )
    yield from _cross_validation(design, place, line, where)


def _cross_validation(
    design: SyntheticControl, place: dict[str, int], line: int | None, where: str
) -> Iterator[Problem]:
    """Yield windows that overlap or differ in length, and training values that are not earlier than validation."""
    training, validation = design.training, design.validation
    if training is None or validation is None:
        return
    back = place[validation.first] - place[training.first]
    if place[training.last] >= place[validation.first]:
        fix = "End training before validation begins."
        yield Problem("training reaches into validation", FILE, line, f"{where}.training", fix=fix)
    if place[validation.last] - place[training.last] != back:
        fix = "Give both as many waves: predictors are moved by the distance between them."
        yield Problem("training and validation differ in length", FILE, line, f"{where}.validation", fix=fix)
    for number, predictor in enumerate(design.predictors):
        span = predictor.training or predictor
        moved = 0 if predictor.training else back
        if place[span.first] < moved or place[span.last] - moved >= place[validation.first]:
            yield Problem(
                f"in training, '{predictor.column}' lies before the first wave or in validation",
                FILE,
                line,
                f"{where}.predictors.{number}",
                f"waves before {validation.first}",
                f"{span.first} to {span.last}" + (f", {moved} waves earlier" if moved else ""),
                fix="Add training: {column, first, last} to the predictor.",
            )
