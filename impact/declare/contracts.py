"""``contracts.yaml``: what a table must look like to be believed; also what is shared in ``schemas/``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Condition, Declared, Id, Text
from impact.declare.calendar import Due, Roster
from impact.periods import Every

MissingKind = Literal["missing", "skipped", "not_applicable", "refused", "suppressed"]
"""The five reasons for which a value is not there; a blank cell is ``missing``."""

CheckName = Literal["required", "codes", "min", "max", "pattern", "max_length"]
NUMERIC = ("integer", "number")
LARGEST = 1e15
"""Numbers beyond this are refused unless the column's own bounds allow them: doubles lose whole units there."""
FLAGS = "bcdefghijklmnoprstuvwz"
"""Letters of the flags of official statistics."""
SORTED_FLAGS = "".join(f"{letter}?" for letter in FLAGS)
"""Pattern of a status: letters of the list, sorted, each once; a word such as ``revised`` is none."""


class CodeItem(Declared):
    """One code of a codelist.

    In a hierarchy it has a ``level`` and, below the top, a ``parent``. ``same_as`` gives its code in other official
    lists, as in ``{istat: "001", plate: TO}``.
    """

    code: Code
    title: Text
    parent: Code | None = None
    level: Id | None = None
    same_as: dict[Id, Code] = Field(default_factory=dict)


class Codelist(Declared):
    """A closed list of codes that several contracts can share.

    Parents make it a hierarchy: what is cut by such a column is also given for every code above. ``levels`` name its
    levels, the top first; each code then has one, and none stands outside.
    """

    id: Id
    title: Text
    levels: tuple[Id, ...] = ()
    codes: tuple[CodeItem, ...] = Field(min_length=1)

    @property
    def hierarchical(self) -> bool:
        """Whether any code has a parent."""
        return any(item.parent is not None for item in self.codes)


class Column(Declared):
    """One column: its type, unit and limits.

    ``warn`` names checks that only warn: the row stays, the reason is recorded.
    """

    type: Literal["text", "code", "integer", "number", "boolean", "date"]
    title: Text | None = None
    unit: str = ""
    codes: tuple[Code, ...] | None = Field(default=None, min_length=1)
    codelist: Id | None = None
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    max_length: int | None = Field(default=None, ge=1)
    required: bool = False
    missing: dict[MissingKind, tuple[Code, ...]] = Field(default_factory=dict)
    warn: tuple[CheckName, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Column:
        limits = [limit for limit in (self.min, self.max) if limit is not None]
        if self.type == "code" and (self.codes is None) == (self.codelist is None):
            raise ValueError("a code column gives either codes or codelist")
        if self.type != "code" and (self.codes or self.codelist):
            raise ValueError(f"codes and codelist belong to type code, not {self.type}")
        if self.type not in NUMERIC and limits:
            raise ValueError(f"min and max belong to integer and number, not {self.type}")
        if self.type not in ("text", "code") and (self.pattern or self.max_length):
            raise ValueError(f"pattern and max_length belong to text, not {self.type}")
        if limits != sorted(limits):
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        codes = [code for kind in self.missing.values() for code in kind]
        if len(codes) != len(set(codes)):
            raise ValueError("one code cannot mean two kinds of missing")
        return self


class CompareRule(Declared):
    """Two columns of one row compared; a row where either is missing passes."""

    kind: Literal["compare"]
    id: Id
    left: ColumnName
    operator: Literal["<", "<=", "==", "!=", ">=", ">"]
    right: ColumnName
    severity: Literal["error", "warning"] = "error"

    def columns(self) -> tuple[str, str]:
        """Return the columns that are compared."""
        return self.left, self.right


class ImpliesRule(Declared):
    """Where ``when`` holds, ``then`` must hold; a row for which either is unknown passes."""

    kind: Literal["implies"]
    id: Id
    when: Condition
    then: Condition
    severity: Literal["error", "warning"] = "error"

    def columns(self) -> tuple[str, str]:
        """Return the columns of the two conditions."""
        return self.when.column, self.then.column


Rule = Annotated[CompareRule | ImpliesRule, Field(discriminator="kind")]


class ForeignKey(Declared):
    """Columns whose values must exist in another contract's good rows; a row with a missing part passes."""

    columns: tuple[ColumnName, ...] = Field(min_length=1)
    references: Id
    to: tuple[ColumnName, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _same_length(self) -> ForeignKey:
        if len(self.columns) != len(self.to):
            raise ValueError("columns and to must be equally long")
        return self


class Clock(Declared):
    """The date column by which rows belong to periods; no wave is written into the data.

    ``year_starts`` is the month with which years start, and quarters and half-years with them. ``empty`` says what a
    period without a row means: nobody reported, or nothing happened. ``unit`` are the columns that tell apart who
    reports, whose last report a stock takes; the key without the date where none are named.
    """

    column: ColumnName
    every: Every
    year_starts: int = Field(default=1, ge=1, le=12)
    empty: Literal["no_report", "zero"]
    unit: tuple[ColumnName, ...] = ()


class Contract(Declared):
    """A table: its unit of analysis, key, columns and rules.

    ``status`` names the column with the flags of official statistics, a letter each: ``b`` break, ``p`` provisional.
    Where the wave is part of the key, a unit that has a row in one wave, or stands in the register that a foreign key
    of the unit names, is awaited in every wave, and a total without it is incomplete; ``units_vary`` says that units
    come and go. ``period`` gives values by calendar period, from a date column, in place of waves; ``due`` says who
    owes a report of each.
    """

    id: Id
    title: Text
    unit_of_analysis: str
    key: tuple[ColumnName, ...] = Field(min_length=1)
    columns: dict[ColumnName, Column] = Field(min_length=1)
    person: ColumnName | None = None
    wave: ColumnName | None = None
    period: Clock | None = None
    due: Due | None = None
    status: ColumnName | None = None
    units_vary: bool = False
    rules: tuple[Rule, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()

    @model_validator(mode="after")
    def _columns_exist(self) -> Contract:
        for field, name in self._columns_named():
            if name not in self.columns:
                raise ValueError(f"{field} names column '{name}', which the contract does not have")
        if self.period and self.wave:
            raise ValueError("a contract tells its rows apart by wave or by period: leave one out")
        if self.due and not self.period:
            raise ValueError("due counts the periods of a clock, and the contract has none: add period")
        ids = [rule.id for rule in self.rules]
        if len(ids) != len(set(ids)):
            raise ValueError("two rules have the same id")
        return self

    @property
    def reporting_unit(self) -> tuple[ColumnName, ...]:
        """The columns that tell apart who reports, of a contract with a clock."""
        if self.period is None:
            return ()
        clock = self.period
        return clock.unit or tuple(name for name in self.key if name != clock.column)

    @property
    def due_every(self) -> Every | None:
        """How long the periods are of which reports are owed; None where none are."""
        if self.due is None or self.period is None:
            return None
        return self.due.every or self.period.every

    @property
    def roster(self) -> Roster | None:
        """Where the units that report stand, of a contract that says so."""
        return self.due.units if self.due else None

    @property
    def units_close(self) -> bool:
        """Whether it is known when units close."""
        return self.roster is not None and self.roster.closed is not None

    def _columns_named(self) -> Iterator[tuple[str, str]]:
        """Yield every column that the contract names outside ``columns``, with the field that names it."""
        yield from (("key", name) for name in self.key)
        roles = {"person": self.person, "wave": self.wave, "status": self.status}
        yield from ((role, name) for role, name in roles.items() if name)
        if self.period:
            yield from (("period", name) for name in (self.period.column, *self.period.unit))
        if self.due:
            named = (self.due.by, self.due.received, self.due.corrected)
            yield from (("due", name) for name in named if name)
        for rule in self.rules:
            yield from ((f"rule {rule.id}", name) for name in rule.columns())
        for key in self.foreign_keys:
            yield from (("foreign_keys", name) for name in key.columns)


class ContractsFile(Declared):
    """The whole of ``contracts.yaml``; ``shared`` takes from ``schemas/contracts`` and ``schemas/codelists``."""

    shared: tuple[Id, ...] = ()
    codelists: tuple[Codelist, ...] = ()
    contracts: tuple[Contract, ...] = ()
