"""A synthetic control, as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, CodeColumn, WaveCode
from impact.declare.declaration import Declaration
from impact.designs.base import About, Design, arms_sql
from impact.designs.problems import series_problems, start_problems, wave_problems
from impact.designs.synthetic_control.predictors import Importance, Predictor, WaveSpan
from impact.designs.synthetic_control.problems import cross_validation_problems, predictor_problems
from impact.errors import Problem
from impact.sql import as_text, literal


class SyntheticControl(Design):
    """One treated unit (or several from the same wave) against a weighted mix of untreated ones.

    The series are the indicator's values by ``unit`` and wave. ``solver`` is for synthetic DiD: the exact optimum, or
    the stopping rules of the R package synthdid.

    ``predictors`` replace the outcome's own past in ``method: synthetic_control``. Their ``importance`` is equal, given
    by their weights, or searched for: so that the outcome before the start is fitted best (``nested``), or so that,
    measured in ``training``, they fit the outcome in ``validation`` best (``cross_validated``).
    """

    kind: Literal["synthetic_control"]
    unit: CodeColumn
    treated: Code | tuple[Code, ...]
    start: WaveCode
    method: Literal["synthetic_control", "synthetic_did", "did"] = "synthetic_did"
    solver: Literal["exact", "frank_wolfe"] = "exact"
    seed: int = Field(default=1, ge=0)
    draws: int = Field(default=200, ge=50, le=10_000)
    predictors: tuple[Predictor, ...] = ()
    importance: Importance = "equal"
    training: WaveSpan | None = None
    validation: WaveSpan | None = None

    @model_validator(mode="after")
    def _predictors_coherent(self) -> SyntheticControl:
        if self.predictors and self.method != "synthetic_control":
            raise ValueError("predictors go with method: synthetic_control")
        if self.importance != "equal" and not self.predictors:
            raise ValueError(f"importance: {self.importance} needs predictors")
        windows = (self.training is not None, self.validation is not None)
        if windows != (self.importance == "cross_validated",) * 2:
            raise ValueError("training and validation go with importance: cross_validated, which needs both")
        if self.importance != "cross_validated" and any(predictor.training for predictor in self.predictors):
            raise ValueError("training of a predictor goes with importance: cross_validated")
        weights = [predictor.weight for predictor in self.predictors if predictor.weight is not None]
        if self.importance == "given" and (len(weights) < len(self.predictors) or sum(weights) == 0):
            raise ValueError("importance: given needs a weight for each predictor, not all of them 0")
        if self.importance != "given" and weights:
            raise ValueError("weights of predictors go with importance: given")
        return self

    @property
    def treated_units(self) -> tuple[str, ...]:
        """The codes of the treated units."""
        return (self.treated,) if isinstance(self.treated, str) else self.treated

    @property
    def about(self) -> About:
        """An effect on the series of a unit."""
        return About.SERIES

    def arm_sql(self) -> str | None:
        """Write the arm of one row: its unit is treated, or a donor."""
        codes = ", ".join(literal(code) for code in self.treated_units)
        unit = as_text(self.unit)
        return arms_sql(f"{unit} IN ({codes})", f"{unit} NOT IN ({codes})")

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design: the outcome, the waves, the predictors."""
        yield from series_problems(self, at)
        yield from wave_problems(self, at)
        yield from start_problems(at, self.start)
        yield from predictor_problems(self.wave_spans(), self.start, at)
        if self.training and self.validation:
            yield from cross_validation_problems(self.predictors, self.training, self.validation, at)

    def wave_spans(self) -> list[tuple[str, WaveSpan]]:
        """Return every span of waves that the design names, with the field where it stands."""
        spans: list[tuple[str, WaveSpan]] = []
        for number, predictor in enumerate(self.predictors):
            spans.append((f"predictors.{number}", predictor))
            if predictor.training:
                spans.append((f"predictors.{number}.training", predictor.training))
        windows = {"training": self.training, "validation": self.validation}
        return spans + [(name, span) for name, span in windows.items() if span]
