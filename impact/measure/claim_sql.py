"""The recomputation of a claim becomes one SQL query and one line of text; pure text, no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from impact.declare.base import Condition
from impact.declare.claims import (
    CountLeaf,
    DifferenceNode,
    FactLeaf,
    Leaf,
    NamesLeaf,
    ProductNode,
    RatioNode,
    SumNode,
    TotalLeaf,
    Tree,
    ValueLeaf,
    leaves,
    parts_of,
    records_of,
)
from impact.declare.conditions import condition_sql
from impact.declare.contracts import Contract
from impact.sql import Select, as_number, as_text, ident, with_tables

KEYS_SHOWN = 20


class LeafRow(NamedTuple):
    """What a query returns of a leaf.

    ``value`` is its number, or the list of its names; ``rows`` are those that were used, ``gaps`` those of them without
    a value; ``keys`` are of the first of them, ``qualifiers`` those of figures that are not exact.
    """

    value: Any
    rows: int
    gaps: int
    keys: list[str]
    qualifiers: list[str]


LEAF_COLUMNS = LeafRow._fields


@dataclass(frozen=True)
class Query:
    """A query with its parameters, and the leaves whose columns it returns.

    Parameters
    ----------
    sql
        Returns one row: the value of the whole, then :data:`LEAF_COLUMNS` for each leaf.
    parameters
        For the question marks of ``sql``, in order.
    leaves
        The sums and counts that the recomputation is made of, from left to right.
    """

    sql: str
    parameters: tuple[float | str | None, ...]
    leaves: tuple[Leaf, ...]


def claim_query(programme: str, contracts: Mapping[str, Contract], tree: Tree) -> Query:
    """Write the query that recomputes a claim: each leaf a common table expression of one row.

    Parameters
    ----------
    programme
        Id of the programme, which is the schema of its views of good rows.
    contracts
        The contracts by id; they give the types and keys of the columns.
    tree
        The declared recomputation; not ``names``, which gives a list and no number.
    """
    terms = tuple(leaves(tree))
    tables: dict[str, Select] = {}
    parameters: list[float | str | None] = []
    cells: dict[str, str] = {}
    for number, leaf in enumerate(terms):
        table = f"l{number}"
        tables[table], of_leaf = _leaf(programme, contracts, leaf)
        parameters += of_leaf
        cells |= {f"{table}.{name}": f"{table}.{ident(name)}" for name in LEAF_COLUMNS}
    total = {"value": _combined(tree, iter(tables))}
    sql = with_tables(tables, Select({**total, **cells}, ", ".join(tables)))
    return Query(sql, tuple(parameters), terms)


def names_query(programme: str, contracts: Mapping[str, Contract], leaf: NamesLeaf) -> Query:
    """Write the query that lists the different values of a column: its leaf's columns, with the list as the value."""
    records = leaf.names
    contract = contracts[records.contract]
    column = as_text(records.column)
    names = f"list_sort(list(DISTINCT {column}) FILTER ({column} IS NOT NULL))"
    gaps = f"count(*) FILTER ({column} IS NULL)"
    where = _conditions(records.where, contract)
    row = _one_row(programme, contract, f"coalesce({names}, [])", gaps, where)
    return Query(row.sql(), (), (leaf,))


def _combined(tree: Tree, tables: Iterator[str]) -> str:
    """Write the value of a step; leaves take their tables in order."""
    if not parts_of(tree):
        return f"{next(tables)}.value"
    terms = [_combined(term, tables) for term in parts_of(tree)]
    if isinstance(tree, RatioNode):
        numerator, denominator = terms
        return f"({numerator} / nullif({denominator}, 0))"
    return f"({_sign(tree).join(terms)})"


def _sign(tree: Tree) -> str:
    if isinstance(tree, SumNode):
        return " + "
    if isinstance(tree, ProductNode):
        return " * "
    return " - " if isinstance(tree, DifferenceNode) else " / "


def _leaf(programme: str, contracts: Mapping[str, Contract], leaf: Leaf) -> tuple[Select, list[float | str | None]]:
    """Write the query of one leaf, and return the values of its parameters."""
    records = records_of(leaf)
    if records is None:
        number = leaf.value.number if isinstance(leaf, ValueLeaf) else None
        return Select(_NUMBER), [number]
    contract = contracts[records.contract]
    if isinstance(leaf, FactLeaf):
        value = f"CASE WHEN count(*) = 1 THEN min({as_number('value')}) END"
        gaps = f"count(*) FILTER ({ident('value')} IS NULL)"
        of_fact = (f"{as_text('fact_id')} = ?",)
        return _one_row(programme, contract, value, gaps, of_fact), [leaf.fact]
    value, gaps = _counted(leaf) if isinstance(leaf, CountLeaf) else _totalled(leaf)
    where = _conditions(records.where, contract)
    return _one_row(programme, contract, value, gaps, where), []


_NUMBER = {
    "value": "CAST(? AS DOUBLE)",
    **dict.fromkeys(("rows", "gaps"), "CAST(0 AS BIGINT)"),
    **dict.fromkeys(("keys", "qualifiers"), "CAST([] AS VARCHAR[])"),
}
"""The columns of a leaf that is a plain number and reads no records."""


def _counted(leaf: CountLeaf) -> tuple[str, str]:
    if leaf.count.distinct is None:
        return "CAST(count(*) AS DOUBLE)", "CAST(0 AS BIGINT)"
    column = ident(leaf.count.distinct)
    return f"CAST(count(DISTINCT {column}) AS DOUBLE)", f"count(*) FILTER ({column} IS NULL)"


def _totalled(leaf: Leaf) -> tuple[str, str]:
    assert isinstance(leaf, TotalLeaf)  # noqa: S101 - the union of leaves is closed
    name = leaf.total.column
    total = f"fsum({as_number(name)})"
    gaps = f"count(*) FILTER ({ident(name)} IS NULL)"
    return total, gaps


def _conditions(conditions: Sequence[Condition], contract: Contract) -> tuple[str, ...]:
    return tuple(condition_sql(condition, contract) for condition in conditions)


def _one_row(programme: str, contract: Contract, value: str, gaps: str, where: tuple[str, ...]) -> Select:
    """Write a query of one row with :data:`LEAF_COLUMNS` over the good rows of a contract."""
    key_texts = ", ".join(map(as_text, contract.key))
    key = f"concat_ws(' / ', {key_texts})"
    first_keys = f"list_slice(list({key} ORDER BY {key}), 1, {KEYS_SHOWN})"
    qualifier = as_text("qualifier") if "qualifier" in contract.columns else "CAST(NULL AS VARCHAR)"
    inexact = f"list_sort(list(DISTINCT {qualifier}) FILTER ({qualifier} <> 'exact'))"
    row = {
        "value": value,
        "rows": "count(*)",
        "gaps": gaps,
        "keys": f"coalesce({first_keys}, [])",
        "qualifiers": f"coalesce({inexact}, [])",
    }
    return Select(row, ident(programme, contract.id), where=where)


def formula_text(tree: Tree, values: Sequence[float | None]) -> str:
    """Write a recomputation for reading, each leaf with the value it was found to have.

    Parameters
    ----------
    tree
        The declared recomputation: sums, counts, and what is done with them.
    values
        One per leaf, from left to right; None where there is none.
    """
    return _text(tree, iter(values), outer=True)


def _text(tree: Tree, values: Iterator[float | None], *, outer: bool = False) -> str:
    """Write a step; leaves take their values in order, and only the outermost step needs no brackets."""
    terms = parts_of(tree)
    if not terms:
        return _leaf_with_value(tree, next(values))  # type: ignore[arg-type]
    sign = _sign(tree).replace("*", "×").replace("-", "−")
    text = sign.join(_text(term, values) for term in terms)
    binds = isinstance(tree, ProductNode)
    return text if outer or binds else f"({text})"


def _leaf_with_value(leaf: Leaf, value: float | None) -> str:
    name = leaf_text(leaf)
    if isinstance(leaf, ValueLeaf | NamesLeaf):
        return name
    return f"{name} [{plain(value)}]"


def leaf_text(leaf: Leaf) -> str:
    """Write a leaf for reading, without its value."""
    if isinstance(leaf, FactLeaf):
        return leaf.fact
    if isinstance(leaf, ValueLeaf):
        return plain(leaf.value.number)
    records = records_of(leaf)
    assert records is not None  # noqa: S101 - only a plain number reads no records
    tests = ", ".join(map(_test_text, records.where))
    among = f"{records.contract} where {tests}" if tests else records.contract
    if isinstance(leaf, NamesLeaf):
        return f"names in {leaf.names.column} of {among}"
    if isinstance(leaf, TotalLeaf):
        return f"sum of {leaf.total.column} of {among}"
    if leaf.count.distinct:
        return f"different {leaf.count.distinct} in {among}"
    return f"rows of {among}"


def _test_text(condition: Condition) -> str:
    operator = condition.operator.replace("_", " ")
    return f"{condition.column} {operator} {_operand(condition.operand)}"


def _operand(value: Any) -> str:
    if isinstance(value, tuple):
        return " or ".join(map(_operand, value))
    return plain(value) if isinstance(value, float) else str(value)


def plain(value: float | None) -> str:
    """Write a number with up to twelve digits, a missing one as a question mark.

    Examples
    --------
    >>> plain(171.0), plain(11.17 + 1.28 + 0.18), plain(None)
    ('171', '12.63', '?')
    """
    return "?" if value is None else f"{value:.12g}"
