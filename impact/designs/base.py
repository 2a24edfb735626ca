"""What all designs share: what each must say of itself, and the fields that several have.

Bottom of the room of designs: models (``<kind>/model.py``) build on it, ``impact.declare`` reads them through
:mod:`impact.designs.models`. What else is true of a kind stands in its descriptor, see :mod:`impact.designs.kind`.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field

from impact.declare.base import Code, CodeColumn, ColumnName, Declared, Names, NumberColumn, WaveCode
from impact.declare.declaration import Declaration
from impact.errors import Problem
from impact.sql import as_text, literal

Errors = Literal["classical", "HC0", "HC1", "HC2", "HC3", "welch", "CR0", "CR1", "CR2", "CR3"]


class About(StrEnum):
    """What an estimate of a design tells something of."""

    PERSONS = "persons"
    """An effect per person reached."""
    SERIES = "series"
    """An effect on a value of many, or on its slope: nothing per person."""
    NETWORK = "network"
    TERRITORY = "territory"
    ASSOCIATION = "association"
    NOTHING = "nothing"
    """There is no estimate: only values before and after."""


class Design(Declared, ABC):
    """How an effect is told from what would have happened anyway; base of every model.

    A kind of design that does not say each of these fails when the models are collected.
    """

    if TYPE_CHECKING:
        kind: str

    @property
    @abstractmethod
    def about(self) -> About:
        """What its estimate tells something of."""

    @abstractmethod
    def arm_sql(self) -> str | None:
        """Write the arm of one row: ``treated``, ``comparison`` or NULL; None for designs without arms."""

    @abstractmethod
    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with the design, as far as it can be known without data."""

    @property
    def by_lot(self) -> bool:
        """Whether chance alone decided who was treated."""
        return False

    @property
    def scales(self) -> str | None:
        """Id of the indicator whose effect it carries further; None for a design that estimates its own."""
        return None

    @property
    def clusters(self) -> tuple[str, ...]:
        """Columns of the clusters."""
        return ()

    def names(self, *what: Names) -> tuple[str, ...]:
        """Return the columns and waves that the design names, in the order of its fields, each once.

        Parameters
        ----------
        what
            Which of them, as their types say.
        """
        return tuple(dict.fromkeys(name for names, name in _names(self) if names in what))

    def columns(self) -> tuple[str, ...]:
        """Return every column of the indicator's contract that the design names."""
        return self.names(Names.COLUMN, Names.COLUMN_OF_CODES, Names.COLUMN_OF_NUMBERS)

    def numeric_columns(self) -> tuple[str, ...]:
        """Return the columns that must hold numbers."""
        return self.names(Names.COLUMN_OF_NUMBERS)

    def code_columns(self) -> tuple[str, ...]:
        """Return the columns that are read as codes, whatever their type."""
        return self.names(Names.COLUMN_OF_CODES)

    def waves(self) -> tuple[str, ...]:
        """Return every wave that the design names."""
        return self.names(Names.WAVE)


@dataclass(frozen=True, kw_only=True)
class Described:
    """The part of a kind's descriptor that declarations read; the whole is :class:`impact.designs.kind.DesignKind`.

    Parameters
    ----------
    model
        How a design of the kind is declared; its ``kind`` names it.
    """

    model: type[Design]


def _names(declared: Declared) -> Iterator[tuple[Names, str]]:
    for field, what in _naming_fields(type(declared)):
        yield from _names_in(getattr(declared, field), what)


def _names_in(value: Any, what: Names | None) -> Iterator[tuple[Names, str]]:
    if isinstance(value, Declared):
        yield from _names(value)
    elif isinstance(value, tuple):
        for member in value:
            yield from _names_in(member, what)
    elif isinstance(value, str) and what is not None:
        yield what, value


@functools.cache
def _naming_fields(model: type[Declared]) -> tuple[tuple[str, Names | None], ...]:
    """Return the fields of a model, each with what its texts name, if they name anything."""
    return tuple(
        (field, _marker((*info.metadata, info.annotation), None)) for field, info in model.model_fields.items()
    )


def _marker(hints: tuple[Any, ...], marker: Names | None) -> Names | None:
    """Return the innermost mark in a type; the last of several, since a special type is written upon a general one."""
    for hint in hints:
        marker = hint if isinstance(hint, Names) else _marker(get_args(hint), marker)
    return marker


def arms_sql(treated: str, comparison: str) -> str:
    """Write the arm of one row, of the tests that say who is in which."""
    return f"CASE WHEN {treated} THEN 'treated' WHEN {comparison} THEN 'comparison' END"


def equals_sql(column: str, code: str) -> str:
    """Write whether a column has a code, whatever its type."""
    return f"{as_text(column)} = {literal(code)}"


class Inference(Declared):
    """How the uncertainty of an effect is told.

    Without ``errors``: HC2; with clusters CR2, from 100 clusters on CR1. ``p_value`` and interval come from the t test,
    the wild cluster bootstrap, or (p-value only) from drawing the assignment again. ``small_sample`` says which effects
    a panel regression counts as terms: those not nested in the clusters, all, or no correction.
    """

    errors: Errors | None = None
    p_value: Literal["t", "wild_bootstrap", "randomisation"] = "t"
    draws: int = Field(default=9999, ge=99, le=1_000_000)
    seed: int = Field(default=1, ge=0)
    small_sample: Literal["nested", "full", "none"] = "nested"


class MultipleImputation(Declared):
    """Missing outcomes and covariates are drawn several times and the effects pooled by Rubin's rules."""

    method: Literal["multiple_imputation"]
    draws: int = Field(default=20, ge=2, le=1000)
    seed: int = Field(default=1, ge=0)


class AttritionWeights(Declared):
    """Those who answered are weighted by the inverse of their chance of answering, given the covariates."""

    method: Literal["attrition_weights"]


class CompleteCases(Declared):
    """Persons with a missing outcome or covariate are left out, and counted."""

    method: Literal["complete_cases"]


Missing = Annotated[MultipleImputation | AttritionWeights | CompleteCases, Field(discriminator="method")]


class Clustered(Design):
    """A design whose errors may be clustered, in one way or two, by the declared inference."""

    cluster: ColumnName | tuple[ColumnName, ColumnName] | None = None
    inference: Inference = Inference()

    @property
    def clusters(self) -> tuple[str, ...]:
        """Columns of the clusters, none to two."""
        if self.cluster is None:
            return ()
        return (self.cluster,) if isinstance(self.cluster, str) else self.cluster


class Armed(Design):
    """Which column says who was treated, how it is coded, and what the arms are adjusted for.

    ``placebo_outcomes`` are columns that the programme cannot have changed.
    """

    arm: CodeColumn
    treated: Code
    comparison: Code
    covariates: tuple[ColumnName, ...] = ()
    placebo_outcomes: tuple[NumberColumn, ...] = ()

    @property
    def about(self) -> About:
        """An effect per person."""
        return About.PERSONS

    def arm_sql(self) -> str | None:
        """Write the arm of one row, by the codes of its column."""
        return arms_sql(equals_sql(self.arm, self.treated), equals_sql(self.arm, self.comparison))


class EndLine(Armed):
    """Arms compared at one wave.

    ``covariates`` are taken as they stood at the baseline wave; ``covariate_waves`` adds the outcome at earlier waves.
    """

    covariate_waves: tuple[WaveCode, ...] = ()
    missing: Missing = CompleteCases(method="complete_cases")

    @property
    def lots(self) -> str | None:
        """Column within whose codes assignment was drawn by lot, if there is one."""
        return None
