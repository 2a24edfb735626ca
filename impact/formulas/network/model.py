"""What is declared of a network: who can have ties (the roster), which rows are ties, what is measured on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Condition, Declared, Id
from impact.declare.declaration import Declaration
from impact.errors import Problem
from impact.formulas.base import ColumnUses, FormulaModel, PublishedRows
from impact.formulas.limits import ANYTHING, Limits, LimitsOf
from impact.formulas.network.problems import network_problems
from impact.sql import ident

Structure = Literal[
    "ties",
    "density",
    "reciprocity",
    "transitivity",
    "isolates",
    "components",
    "mean_path",
    "degree_centralisation",
    "betweenness_centralisation",
    "constraint",
]
Mixing = Literal["cross_group_share", "ei_index", "diversity"]
Turnover = Literal["formed", "dissolved", "persistent", "stability", "repeated"]
MIXING: tuple[str, ...] = get_args(Mixing)
TURNOVER: tuple[str, ...] = get_args(Turnover)


class Bodies(Declared):
    """The roster: every body that could have ties, those without any included.

    If its contract has waves, a body belongs to the waves it is listed in; if not, to all. ``answered`` says which rows
    stand for bodies whose ties are known; the others are left out and counted.
    """

    contract: Id
    key: ColumnName
    answered: Condition | None = None


class Network(FormulaModel):
    """A measure of the network of ties between bodies; each row of the contract is a tie.

    Ties are there or not: several rows of one pair count once. ``group`` is a column of the roster: borders between its
    values are what mixing measures count. Turnover measures compare the wave with an earlier one, ``since``. ``mutual``
    says which rows hold both ways in a directed network.
    """

    kind: Literal["network"]
    measure: Structure | Mixing | Turnover
    source: ColumnName = Field(alias="from")
    target: ColumnName = Field(alias="to")
    bodies: Bodies
    directed: bool = True
    mutual: Condition | None = None
    group: ColumnName | None = None
    since: Code | None = None
    draws: int = Field(default=1000, ge=100, le=100_000)
    seed: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _coherent(self) -> Network:
        mixes, turns_over = self.measure in MIXING, self.measure in TURNOVER
        if mixes != (self.group is not None):
            measures = ", ".join(MIXING)
            raise ValueError(f"group goes with {measures}, and they need it")
        if turns_over != (self.since is not None):
            measures = ", ".join(TURNOVER)
            raise ValueError(f"since goes with {measures}, and they need it")
        if self.measure == "reciprocity" and not self.directed:
            raise ValueError("in an undirected network every tie is returned; reciprocity needs directed: true")
        if self.mutual is not None and not self.directed:
            raise ValueError("mutual goes with directed: true")
        return self

    def columns(self) -> ColumnUses:
        """Return none: its problems say which of ties and roster are missing."""
        return ()

    def conditions(self) -> tuple[Condition, ...]:
        """Return none: its problems look at those of ties and roster."""
        return ()

    def contracts(self) -> tuple[str, ...]:
        """Return the contract of the roster."""
        return (self.bodies.contract,)

    def waves(self) -> tuple[str, ...]:
        """Return the earlier wave of a turnover."""
        return (self.since,) if self.since is not None else ()

    def problems(self, at: Declaration) -> Iterator[Problem]:
        """Yield what is wrong with roster, keys, sample and waves."""
        return network_problems(self, at)

    def value_limits(self, column: LimitsOf) -> Limits:
        """Return none: measures have limits of their own."""
        return ANYTHING

    def published_query(self, rows: PublishedRows) -> str:
        """Write the query of the ties, pair by pair."""
        columns = [ident(self.source), ident(self.target)]
        if rows.contract.wave:
            columns.insert(0, f"{rows.wave} AS wave")
        selected = ", ".join(columns)
        return f"SELECT DISTINCT {selected} FROM {rows.view} WHERE {rows.where} ORDER BY ALL"
