"""``claims.yaml``: totals a programme reported about itself, each with the tree that should give it from records."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from impact.declare.base import ColumnName, Condition, Declared, Id, Level, Origin, Text

Qualifier = Literal["exact", "about", "more_than", "at_most"]
"""How a figure was stated."""


class Records(Declared):
    """Good rows of one contract for which all the conditions hold."""

    contract: Id
    where: tuple[Condition, ...] = ()


class CountedRecords(Records):
    """Records to count; with ``distinct``, the different values of that column."""

    distinct: ColumnName | None = None


class ColumnOfRecords(Records):
    """One column of records."""

    column: ColumnName


class KnownValue(Declared):
    """A number that no record holds, with where it comes from."""

    number: float
    origin: Origin


class FactLeaf(Declared):
    """The ``value`` of the row of a contract with this ``fact_id``."""

    fact: Annotated[str, Field(min_length=1, max_length=200)]
    contract: Id = "fact"


class CountLeaf(Declared):
    """Number of records, or of different values in them."""

    count: CountedRecords


class TotalLeaf(Declared):
    """Sum of a column over records."""

    total: ColumnOfRecords


class ValueLeaf(Declared):
    """A number written in the declaration."""

    value: KnownValue


class SumNode(Declared):
    """Sum of its parts."""

    sum: tuple[Node, ...] = Field(min_length=1)


class ProductNode(Declared):
    """Product of its parts."""

    product: tuple[Node, ...] = Field(min_length=1)


class DifferenceNode(Declared):
    """The first part less the second."""

    difference: tuple[Node, ...] = Field(min_length=2, max_length=2)


class RatioNode(Declared):
    """The first part over the second."""

    ratio: tuple[Node, ...] = Field(min_length=2, max_length=2)


class NamesLeaf(Declared):
    """The different values of a column, held against a list that was stated; stands alone."""

    names: ColumnOfRecords


Leaf = FactLeaf | CountLeaf | TotalLeaf | ValueLeaf | NamesLeaf
STEPS = ("fact", "count", "total", "value", "sum", "product", "difference", "ratio")


def _step(value: Any) -> str | None:
    """Return the step that a declaration names, raw or read; None unless it is exactly one."""
    fields: Collection[str] = ()
    if isinstance(value, Declared):
        fields = type(value).model_fields
    elif isinstance(value, dict):
        fields = value
    steps = [name for name in (*STEPS, "names") if name in fields]
    return steps[0] if len(steps) == 1 else None


_one_step = Discriminator(
    _step,
    custom_error_type="one_step",
    custom_error_message=f"a step of a recomputation is exactly one of {', '.join(STEPS)} (or names, standing alone)",
)
_Steps = (
    Annotated[FactLeaf, Tag("fact")]
    | Annotated[CountLeaf, Tag("count")]
    | Annotated[TotalLeaf, Tag("total")]
    | Annotated[ValueLeaf, Tag("value")]
    | Annotated[SumNode, Tag("sum")]
    | Annotated[ProductNode, Tag("product")]
    | Annotated[DifferenceNode, Tag("difference")]
    | Annotated[RatioNode, Tag("ratio")]
)
Node = Annotated[_Steps, _one_step]
"""One step of a recomputation."""

Recompute = Annotated[_Steps | Annotated[NamesLeaf, Tag("names")], _one_step]
"""The whole of a recomputation: a tree of steps, or the names in a column."""

Tree = FactLeaf | CountLeaf | TotalLeaf | ValueLeaf | SumNode | ProductNode | DifferenceNode | RatioNode | NamesLeaf

for _model in (SumNode, ProductNode, DifferenceNode, RatioNode):
    _model.model_rebuild()


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """Return the parts that a step combines; none for a leaf."""
    if isinstance(tree, SumNode):
        return tree.sum
    if isinstance(tree, ProductNode):
        return tree.product
    if isinstance(tree, DifferenceNode):
        return tree.difference
    return tree.ratio if isinstance(tree, RatioNode) else ()


def records_of(leaf: Leaf) -> Records | None:
    """Return the records a leaf reads, for a fact without the condition on its row; None for a plain number."""
    if isinstance(leaf, FactLeaf):
        return Records(contract=leaf.contract)
    if isinstance(leaf, CountLeaf):
        return leaf.count
    if isinstance(leaf, TotalLeaf):
        return leaf.total
    return leaf.names if isinstance(leaf, NamesLeaf) else None


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Yield the leaves of a recomputation from left to right.

    Examples
    --------
    >>> kinds = ({"count": {"contract": name}} for name in ("delivery", "supply", "need"))
    >>> tree = RatioNode.model_validate({"ratio": [{"sum": [next(kinds), next(kinds)]}, next(kinds)]})
    >>> [leaf.count.contract for leaf in leaves(tree)]
    ['delivery', 'supply', 'need']
    """
    if isinstance(tree, FactLeaf | CountLeaf | TotalLeaf | ValueLeaf | NamesLeaf):
        yield tree
    for subtree in parts_of(tree):
        yield from leaves(subtree)


class Stated(Declared):
    """What was reported: a figure as it was written, or a list of names.

    ``about`` is held against the recomputation at the decimals the figure is written with (``177`` to the unit,
    ``"12.50"``, quoted, to the hundredth); an integer counts as written to the unit, however many zeros it ends with.
    """

    value: Decimal | None = Field(default=None, ge=-(10**15), le=10**15, decimal_places=12)
    items: tuple[Annotated[str, Field(min_length=1)], ...] | None = Field(default=None, min_length=1)
    qualifier: Qualifier = "exact"
    origin: Origin

    @model_validator(mode="after")
    def _one_form(self) -> Stated:
        if (self.value is None) == (self.items is None):
            raise ValueError("give either value or items")
        items = self.items or ()
        if items and self.qualifier != "exact":
            raise ValueError("a list of items is stated exactly; remove the qualifier")
        if len(set(items)) != len(items):
            raise ValueError("an item stands twice")
        return self


class Reading(Declared):
    """A possible explanation, stated neutrally; may carry the recomputation that it amounts to."""

    text: Text
    recompute: Node | None = None


class Claim(Declared):
    """One total a programme reported, and how to get it from records, or why that cannot be done."""

    id: Id
    title: Text
    level: Level
    unit: Text
    stated: Stated
    recompute: Recompute | None = None
    not_recomputable: Text | None = None
    readings: tuple[Reading, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Claim:
        recompute, items = self.recompute, self.stated.items
        if (recompute is None) == (self.not_recomputable is None):
            raise ValueError("give either recompute, or not_recomputable with the records that would be needed")
        if recompute and isinstance(recompute, NamesLeaf) != (items is not None):
            raise ValueError("names goes with stated.items, every other recomputation with stated.value")
        return self

    def trees(self) -> tuple[Tree, ...]:
        """Return every recomputation of the claim, those of its readings after its own."""
        of_readings = [reading.recompute for reading in self.readings]
        trees = (self.recompute, *of_readings)
        return tuple(tree for tree in trees if tree is not None)


class ClaimsFile(Declared):
    """The whole of ``claims.yaml``."""

    claims: tuple[Claim, ...] = ()
