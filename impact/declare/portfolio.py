"""``portfolio.yaml``: programmes with the money that stands behind them, and which of their outcomes are the same.

It belongs to who funds, and to no programme; :mod:`impact.value.portfolio` reads it beside the findings of a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from impact.declare.base import Declared, Id, Origin, Text
from impact.declare.location import Location, twice
from impact.declare.read import read_declaration
from impact.declare.yaml_file import Lines
from impact.errors import DeclarationError, Problem

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""A currency by its code of ISO 4217, such as EUR."""
DataKind = Literal["real", "synthetic"]


class Amount(Declared):
    """Money spent or asked for: in which currency, in the prices of which year, and who says so."""

    value: float = Field(gt=0)
    currency: Currency
    price_year: int = Field(ge=1900, le=2200)
    kind: DataKind
    origin: Origin


class Reached(Declared):
    """How many persons (or bodies) had the programme: by it the effect on one becomes the effect on all."""

    value: int = Field(gt=0)
    kind: DataKind
    origin: Origin


class Funded(Declared):
    """A programme of the portfolio, by its id in the database, with its money."""

    id: Id
    amount: Amount
    reached: Reached | None = None


class Matters(Declared):
    """The smallest effect worth having, as a size in the unit of the family."""

    value: float = Field(gt=0)
    origin: Origin


class Same(Declared):
    """Who says that indicators with different definitions measure the same outcome."""

    origin: Origin


class Member(Declared):
    """An indicator of a programme that belongs to a family."""

    programme: Id
    indicator: Id


class Family(Declared):
    """Indicators of several programmes that count as the same outcome.

    ``unit`` is that of the indicators, in English; an effect in another unit stands beside the others and is neither
    pooled nor held against ``matters``.
    """

    id: Id
    title: Text
    unit: str = Field(min_length=1)
    matters: Matters
    same_definition: Same | None = None
    members: tuple[Member, ...] = Field(min_length=1)


class PortfolioFile(Declared):
    """What is funded, and which outcomes count as the same."""

    programmes: tuple[Funded, ...] = Field(min_length=1)
    families: tuple[Family, ...] = Field(min_length=1)


def read_portfolio(path: Path) -> tuple[PortfolioFile, Lines]:
    """Read a portfolio and the lines of its values.

    Raises
    ------
    DeclarationError
        If it cannot be read, does not hold together, or has amounts that cannot be added up.
    """
    file, lines = read_declaration(path, PortfolioFile, path.name)
    problems = list(_problems(file, lines, path.name))
    if problems:
        raise DeclarationError(problems)
    return file, lines


def _problems(file: PortfolioFile, lines: Lines, name: str) -> Iterator[Problem]:
    at = Location(name)
    for programme in twice(funded.id for funded in file.programmes):
        yield at.at("programmes").problem(f"the programme '{programme}' stands twice", fix="Keep one.")
    for name_twice in twice(family.id for family in file.families):
        yield at.at("families").problem(f"two families are called '{name_twice}'", fix="Rename one of them.")
    yield from _amounts(file, lines, name)
    for index, family in enumerate(file.families):
        line = lines.get(("families", index))
        yield from _members(family, file, Location(name, line, f"families.{family.id}.members"))


def _amounts(file: PortfolioFile, lines: Lines, name: str) -> Iterator[Problem]:
    """Yield the amounts that are not in the money of the first one."""
    first = file.programmes[0].amount
    for index, funded in enumerate(file.programmes):
        amount = funded.amount
        if (amount.currency, amount.price_year) != (first.currency, first.price_year):
            at = Location(name, lines.get(("programmes", index, "amount")), f"programmes.{funded.id}.amount")
            yield at.problem(
                "amounts in different currencies or prices of different years cannot be held against one another",
                f"{first.currency} in prices of {first.price_year}, as the first amount",
                f"{amount.currency} in prices of {amount.price_year}",
                "Convert it, and say in its origin by which rate and price index.",
            )


def _members(family: Family, file: PortfolioFile, at: Location) -> Iterator[Problem]:
    """Yield the members of programmes without money, and programmes that are in a family twice."""
    funded = [programme.id for programme in file.programmes]
    for member in family.members:
        if member.programme not in funded:
            fix = "Give it an amount under programmes, or leave it out."
            yield at.problem(f"the programme '{member.programme}' has no amount", ", ".join(funded), fix=fix)
    for programme in twice(member.programme for member in family.members):
        what = f"the programme '{programme}' stands twice: its effects are of the same persons, and are no two studies"
        yield at.problem(what, fix="Keep the indicator that says it best.")
