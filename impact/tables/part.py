"""A part of a programme: the rows with one code in one column; how tables, names and queries spell it.

In tables a part is four columns: ``scope`` and ``scope_value`` where it cuts the programme (into projects or
territories), ``group`` and ``group_value`` where it splits the people. In names and addresses it is ``column=code``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pandas as pd

from impact.sql import as_text, literal

WHOLE_SCOPE, WHOLE_GROUP = "programme", "all"
"""What stands in ``scope`` and ``group`` of rows that are not cut."""
MISSING_GROUP = "(no value)"
"""The code of rows without a value in the column that cuts."""


class PartColumns(TypedDict):
    """The columns of a table that say which part a row is of."""

    scope: str
    scope_value: str
    group: str
    group_value: str


COLUMNS = tuple(PartColumns.__annotations__)


@dataclass(frozen=True)
class Part:
    """A part of a programme; :data:`WHOLE` is all of it.

    Parameters
    ----------
    column, code
        Which rows: those that have the code in the column; empty for the whole.
    cuts_programme
        Whether the column cuts the programme, and not its people; says in which columns of a table the part stands,
        and makes no other part of it.

    Examples
    --------
    >>> part = Part.of({"scope": "programme", "scope_value": "", "group": "age", "group_value": "18-30"})
    >>> str(part), part.id("p", "income"), part.is_whole
    ('age=18-30', 'p/income/age=18-30', False)
    """

    column: str = ""
    code: str = ""
    cuts_programme: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Part:
        """Return the part that a row of a table is of."""
        scope, group = row["scope"], row["group"]
        if scope != WHOLE_SCOPE:
            return cls(str(scope), str(row["scope_value"]), cuts_programme=True)
        if group == WHOLE_GROUP:
            return WHOLE
        return cls(str(group), str(row["group_value"]))

    @classmethod
    def read(cls, text: str) -> Part:
        """Return the part of a name: ``column=code``, or nothing for the whole."""
        column, _, code = text.partition("=")
        return cls(column, code)

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole programme."""
        return not self.column

    def __str__(self) -> str:
        return f"{self.column}={self.code}" if self.column else ""

    def id(self, programme: str, indicator: str) -> str:
        """Return the stable name of the finding of an indicator on this part."""
        return "/".join(filter(None, (programme, indicator, str(self))))

    def fields(self) -> PartColumns:
        """Return the four columns of a table, by name."""
        scope, group = (self, WHOLE) if self.cuts_programme else (WHOLE, self)
        return {
            "scope": scope.column or WHOLE_SCOPE,
            "scope_value": scope.code,
            "group": group.column or WHOLE_GROUP,
            "group_value": group.code,
        }

    def sql(self, labels: Collection[str] = ()) -> str:
        """Write which rows belong to it: those with its code, or with one of the labels that it holds."""
        if self.is_whole:
            return "TRUE"
        codes = ", ".join(map(literal, labels or [self.code]))
        return f"{label_sql(self.column)} IN ({codes})"


WHOLE = Part()


def read_finding(name: str) -> tuple[str, str, Part]:
    """Return programme, indicator and part of the stable name of a finding.

    Examples
    --------
    >>> read_finding("wecare/employment/project_id=draios")
    ('wecare', 'employment', Part(column='project_id', code='draios', cuts_programme=False))
    """
    programme, indicator, *path = name.split("/", 2)
    return programme, indicator, Part.read("".join(path))


def label_sql(column: str) -> str:
    """Write the code that a row has in a column that cuts."""
    return f"coalesce({as_text(column)}, {literal(MISSING_GROUP)})"


def part_sql(table: str) -> tuple[str, str]:
    """Write the column and the code of the part that a row of a table is of, by the table's name in the query."""
    scope, group = f"{table}.scope", f'{table}."group"'
    uncut = f"CASE {scope} WHEN {literal(WHOLE_SCOPE)} THEN"
    column = f"{uncut} {group} ELSE {scope} END"
    code = f"{uncut} {table}.group_value ELSE {table}.scope_value END"
    return column, code


def of_whole(frame: pd.DataFrame) -> pd.Series:
    """Return which rows of a table are of the whole programme."""
    return (frame["scope"] == WHOLE_SCOPE) & (frame["group"] == WHOLE_GROUP)


def cut_columns(frame: pd.DataFrame) -> pd.Series:
    """Return the column that each row of a table is cut by; empty for the whole."""
    scope = frame["scope"]
    column = scope.where(scope != WHOLE_SCOPE, frame["group"])
    return column.replace(WHOLE_GROUP, "")


def parts_of(frame: pd.DataFrame) -> list[Part]:
    """Return the part that each row of a table is of."""
    columns = [frame[name] for name in COLUMNS]
    parts: list[Part] = []
    for values in zip(*columns, strict=True):
        row = dict(zip(COLUMNS, values, strict=True))
        parts.append(Part.of(row))
    return parts


def part_codes(frame: pd.DataFrame) -> pd.Series:
    """Return the code of the part that each row of a table is of; empty for the whole."""
    return frame["scope_value"].where(frame["scope"] != WHOLE_SCOPE, frame["group_value"])
