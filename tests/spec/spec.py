"""A specification: a table in, a declaration, a table out, and a plain meaning that gives the same from any table.

Each kind of formula and design has a module that is called like it, with its ``SPECS``; the chapter
``docs/reference/meanings.md`` is written from them. Nothing here needs pytest.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd
import yaml
from hypothesis.strategies import SearchStrategy, nothing, tuples

from impact.declare.indicators import ExPost, Indicator

Row = dict[str, Any]
Frames = tuple[pd.DataFrame, ...]


@dataclass(frozen=True)
class Table:
    """The rows of one contract, and what the contract says of them beside the types that the values have.

    Parameters
    ----------
    text
        A line of names and a line per row, cells between bars; an empty cell is a missing value.
    key
        The columns that tell rows apart.
    random
        Draws other rows.
    columns
        What the contract says of some columns: their codelist, for example.
    contract
        Further fields of the contract.
    """

    text: str
    key: tuple[str, ...] = ()
    random: SearchStrategy[pd.DataFrame] = field(default_factory=nothing)
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    contract: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lines(self) -> list[list[str]]:
        """The cells as they are written, line by line."""
        return [[cell.strip() for cell in line.split("|")] for line in self.text.strip().splitlines()]

    @cached_property
    def _cells(self) -> pd.DataFrame:
        names, *lines = self.lines
        return pd.DataFrame(lines, columns=names, dtype=object).replace("", None)

    @cached_property
    def types(self) -> dict[str, str]:
        """The type of each column: whole numbers are integers, decimals numbers, days dates, the rest and waves text."""
        return {name: "text" if name == "wave" else _type(self._cells[name].dropna()) for name in self._cells}

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows, numbers as floats."""
        return self._cells.astype({name: float for name, kind in self.types.items() if kind in ("integer", "number")})


PATTERNS = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "date": r"\d{4}-\d\d-\d\d"}


def _type(cells: pd.Series) -> str:
    return next((kind for kind, pattern in PATTERNS.items() if cells.str.fullmatch(pattern).all()), "text")


@dataclass(frozen=True)
class Spec:
    """What one formula or design means.

    Parameters
    ----------
    title, meaning
        A heading, and a sentence.
    tables
        By the contract's name; the first holds the rows of the indicator.
    declaration
        The indicator in YAML, without what does not touch its value: its name, title, place and unit. Where it stands
        on another indicator, a list of both.
    expected
        The table out, numbers rounded to four decimals.
    plain
        The meaning: from the tables to the table out, a row for each part.
    codelists
        Those that columns name.
    """

    title: str
    meaning: str
    tables: Mapping[str, Table]
    declaration: str
    expected: str
    plain: Callable[..., Row | list[Row]]
    codelists: tuple[Mapping[str, Any], ...] = ()

    @property
    def frames(self) -> Frames:
        """The tables in."""
        return tuple(table.frame for table in self.tables.values())

    @property
    def random(self) -> SearchStrategy[Frames]:
        """Draws tables."""
        return tuples(*(table.random for table in self.tables.values()))

    @property
    def waves(self) -> list[str]:
        """The waves, in the order in which they stand in the tables."""
        columns = [frame["wave"].dropna() for frame in self.frames if "wave" in frame]
        return list(dict.fromkeys(wave for column in columns for wave in column))

    @property
    def indicators(self) -> list[dict[str, Any]]:
        """What is declared; the last is the one that is looked at."""
        declared = yaml.safe_load(self.declaration)
        return declared if isinstance(declared, list) else [declared]

    @property
    def out(self) -> Table:
        """The table out as it is written."""
        return Table(self.expected)

    @property
    def answer(self) -> pd.DataFrame:
        """The table out."""
        return self.out.frame

    def meant(self, frames: Frames) -> pd.DataFrame:
        """Return the table out of other tables, by the plain meaning."""
        rows = self.plain(*frames)
        return pd.DataFrame(rows if isinstance(rows, list) else [rows])

    @property
    def sources(self) -> list[str]:
        """The plain meaning as it is written, after what it stands on."""
        return [inspect.getsource(function) for function in reversed(_with_helpers(self.plain))]


def _with_helpers(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return a function, and the functions of specifications that it calls, however far."""
    functions = [function]
    for caller in functions:
        called = [caller.__globals__.get(name) for name in caller.__code__.co_names]
        functions += [
            other
            for other in called
            if inspect.isfunction(other) and other.__module__.startswith("tests.spec") and other not in functions
        ]
    return functions


def parts(rows: pd.DataFrame, column: str, plain: Callable[[pd.DataFrame], Row]) -> list[Row]:
    """Return the meaning of all rows, and of those with each value of a column."""
    groups = rows.groupby(rows[column].fillna("(no value)"))
    return [{"part": "all"} | plain(rows), *({"part": code} | plain(group) for code, group in groups)]


def kinds() -> dict[str, list[str]]:
    """Return every kind of formula and of design, in the order in which the reference has them."""
    formula = Indicator.model_json_schema()["properties"]["formula"]
    design, _ = ExPost.model_json_schema()["properties"]["design"]["anyOf"]
    return {"formulas": list(formula["discriminator"]["mapping"]), "designs": list(design["discriminator"]["mapping"])}


def specs(room: str, kind: str) -> tuple[Spec, ...]:
    """Return the specifications of a kind of formula or design."""
    module = importlib.import_module(f"tests.spec.{room}.{kind}")
    return tuple(module.SPECS)
