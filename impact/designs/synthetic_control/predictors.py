"""Predictors of a synthetic control: columns averaged over waves, and how it is decided what each counts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from impact.declare.base import Declared, NumberColumn, WaveCode

Importance = Literal["equal", "nested", "cross_validated", "given"]


class WaveSpan(Declared):
    """Waves from the first to the last, both included."""

    first: WaveCode
    last: WaveCode


class ColumnSpan(WaveSpan):
    """The mean of a column over a span of waves; waves without a value are left out of it."""

    column: NumberColumn


class Predictor(ColumnSpan):
    """What the donors shall resemble the treated unit in.

    ``weight`` is its importance under ``importance: given``; only proportions matter. ``training`` is how it is
    measured where cross-validation tries importances; by default the same column, as many waves earlier as ``training``
    of the design lies before ``validation``.
    """

    weight: float | None = Field(default=None, ge=0)
    training: ColumnSpan | None = None
