"""Effects of parts of a programme, or of several indicators of one outcome, that are pooled, each pool with an id."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Declared, Id, Origin, Text

PoolMethod = Literal["REML", "DL", "PM", "EB", "ML", "HE", "SJ"]
PoolInterval = Literal["adhoc", "hksj", "z"]
PredictionVersion = Literal["t(k-1)", "t(k-2)", "z", "tau"]


class EffectTarget(Declared):
    """The effect that each part was to have, in the unit of the indicator, with its sign; who says so."""

    value: float
    origin: Origin


class Membership(Declared):
    """What each part belongs to: by the code of the part, or the level of its codelist at which it is read.

    In a pool of several indicators the parts are the indicators, by their ids.
    """

    of: dict[Code, Code] | None = Field(default=None, min_length=1)
    level: Id | None = None
    origin: Origin | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Membership:
        if (self.of is None) == (self.level is None):
            raise ValueError("give either of, the group of each part, or level, one of the codelist's levels")
        if self.of is not None and self.origin is None:
            raise ValueError("who says what each part belongs to is named: add origin")
        return self


class Subgrouping(Membership):
    """Groups of parts whose mean effects are compared."""

    id: Id
    title: Text


class Moderator(Declared):
    """A number of each part on which its effect may depend, by the code of the part."""

    id: Id
    title: Text
    values: dict[Code, float] = Field(min_length=1)
    origin: Origin


class Pool(Declared):
    """Effects on one outcome in one unit, pooled by random effects.

    Either of one indicator, ``by`` a column that it is cut by, or of several ``indicators``. ``method`` estimates the
    variance of true effects; ``interval`` is Hartung and Knapp's, guarded (``adhoc``) or not (``hksj``), or normal;
    ``prediction`` is the version of the prediction interval. ``cluster`` says which parts have effects that depend on
    one another: the error of the mean is then robust to it.
    """

    id: Id
    title: Text
    indicator: Id | None = None
    by: ColumnName | None = None
    indicators: tuple[Id, ...] = ()
    method: PoolMethod = "REML"
    interval: PoolInterval = "adhoc"
    prediction: PredictionVersion = "t(k-1)"
    target: EffectTarget | None = None
    cluster: Membership | None = None
    subgroups: tuple[Subgrouping, ...] = ()
    moderators: tuple[Moderator, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Pool:
        if (self.indicator is None) == (not self.indicators):
            raise ValueError("give either indicator and by, or indicators")
        if (self.indicator is None) != (self.by is None):
            raise ValueError("by goes with indicator: the column whose codes are the parts")
        if len(self.indicators) == 1:
            raise ValueError("one indicator is pooled with another, or cut by a column: see by")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The indicators whose effects are pooled."""
        return self.indicators or (self.indicator or "",)
