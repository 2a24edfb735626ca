"""Keys and filters as conditions on the rows of a data set: the one place of the package where SQL is written.

Names of components are those of the structure, quoted; what a query says is a literal, never a name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from impact.publish.official.query.filters import Comparison, Filter, Operator
from impact.publish.official.query.keys import Key
from impact.publish.official.query.parameters import shown
from impact.publish.official.query.periods import days_of, holds, is_ordered
from impact.publish.official.query.refusal import bad, unknown
from impact.publish.official.structure import Component, Structure, Text
from impact.sql import all_of, ident, literal

_NUMBERS, _TIMES = (Text.DOUBLE, Text.INTEGER), (Text.PERIOD, Text.DATE)
_SIGNS = {Operator.LESS: "<", Operator.MOST: "<=", Operator.MORE: ">", Operator.LEAST: ">="}
_EQUALITY = {Operator.EQUAL: "=", Operator.DIFFERENT: "IS DISTINCT FROM"}
_TEXTS = {
    Operator.CONTAINS: "contains({}, {})",
    Operator.LACKS: "NOT coalesce(contains({}, {}), FALSE)",
    Operator.STARTS: "starts_with({}, {})",
    Operator.ENDS: "ends_with({}, {})",
}
Distinct = Callable[[str], Iterable[str]]
"""Returns the values that a column has."""


def key_condition(keys: tuple[Key, ...], structure: Structure) -> str:
    """Return what keys say, of which one has to fit."""
    names = [component.id for component in structure.dimensions]
    alternatives = [
        all_of(_among(name, codes) for name, codes in zip(names, key, strict=False) if codes) for key in keys
    ]
    return _any_of(alternatives)


def filter_conditions(filters: Iterable[Filter], structure: Structure, distinct: Distinct) -> Iterator[str]:
    """Yield what filters say.

    Raises
    ------
    QueryError
        If the structure has no such component, or its values cannot be compared so.
    """
    components = {component.id: component for component in structure.components}
    for wanted in filters:
        component = components.get(wanted.component)
        if component is None:
            raise unknown(f"there is no component '{shown(wanted.component)}'; there are {', '.join(components)}")
        yield _any_of(
            all_of(_comparison(component, comparison, distinct) for comparison in together)
            for together in wanted.alternatives
        )


def _any_of(conditions: Iterable[str]) -> str:
    return " OR ".join(f"({condition})" for condition in conditions)


def _among(name: str, values: Iterable[str]) -> str:
    listed = ", ".join(map(literal, values))
    return f"{ident(name)} IN ({listed})" if listed else "FALSE"


def _comparison(component: Component, comparison: Comparison, distinct: Distinct) -> str:
    if component.text in _NUMBERS:
        return _of_number(component, comparison)
    if component.text in _TIMES and is_ordered(comparison.operator):
        days_of(comparison.value)
        return _among(component.id, [value for value in distinct(component.id) if holds(comparison, value)])
    name, value = ident(component.id), literal(comparison.value)
    if comparison.operator in _TEXTS:
        return _TEXTS[comparison.operator].format(name, value)
    return f"{name} {(_EQUALITY | _SIGNS)[comparison.operator]} {value}"


def _of_number(component: Component, comparison: Comparison) -> str:
    if comparison.operator in _TEXTS:
        raise unknown(f"{component.id} is a number: it is compared by {', '.join((*_EQUALITY, *_SIGNS))}")
    return f"{ident(component.id)} {(_EQUALITY | _SIGNS)[comparison.operator]} {literal(_number(comparison.value))}"


def _number(text: str) -> float:
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise bad(f"'{shown(text)}' is no number")
    return number
