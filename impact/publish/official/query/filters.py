"""Filters by component, ``c[FREQ]=A,M`` or ``c[TIME_PERIOD]=ge:2020+le:2021``: what they say, without a structure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from impact.publish.official.query.parameters import MOST, listed, shown
from impact.publish.official.query.refusal import bad

_NAME = re.compile(r"c\[([A-Za-z][A-Za-z0-9_@$-]*)\]")
_OPERATOR = re.compile(r"([a-z]{2,3}):(.*)", re.DOTALL)


class Operator(StrEnum):
    """How a value is compared, by its name in the interface."""

    EQUAL = "eq"
    DIFFERENT = "ne"
    LESS = "lt"
    MOST = "le"
    MORE = "gt"
    LEAST = "ge"
    CONTAINS = "co"
    LACKS = "nc"
    STARTS = "sw"
    ENDS = "ew"


@dataclass(frozen=True)
class Comparison:
    """One comparison with one value."""

    operator: Operator
    value: str


@dataclass(frozen=True)
class Filter:
    """What a component has to be.

    Parameters
    ----------
    component
        Its id.
    alternatives
        Of which one has to hold; of each, all comparisons.
    """

    component: str
    alternatives: tuple[tuple[Comparison, ...], ...]


def read_filters(parameters: Mapping[str, str]) -> tuple[Filter, ...]:
    """Read the filters among the parameters of a query.

    Raises
    ------
    QueryError
        If a name or an operator is none.

    Examples
    --------
    >>> read_filters({"c[X]": "ge:A+le:B,C"})[0].alternatives[1]
    (Comparison(operator=<Operator.EQUAL: 'eq'>, value='C'),)
    """
    filters = []
    for name, text in parameters.items():
        if is_filter(name):
            match = _NAME.fullmatch(name)
            if match is None:
                raise bad(f"'{shown(name)}' is no filter; write c[COMPONENT]=…")
            filters.append(Filter(match[1], tuple(map(_together, listed(text)))))
    if sum(len(alternative) for one in filters for alternative in one.alternatives) > MOST:
        raise bad(f"filters have {MOST} comparisons at the most")
    return tuple(filters)


def is_filter(name: str) -> bool:
    """Tell whether a parameter is meant as a filter."""
    return name == "c" or name.startswith("c[")


def between(component: str, start: str | None, end: str | None) -> Iterable[Filter]:
    """Return the filter by start and end that REST 1.5 has parameters for; none without both."""
    bounds = {Operator.LEAST: start, Operator.MOST: end}
    comparisons = tuple(Comparison(operator, value) for operator, value in bounds.items() if value is not None)
    return (Filter(component, (comparisons,)),) if comparisons else ()


def _together(text: str) -> tuple[Comparison, ...]:
    return tuple(map(_comparison, listed(text, "+")))


def _comparison(text: str) -> Comparison:
    match = _OPERATOR.fullmatch(text)
    if match is None:
        return Comparison(Operator.EQUAL, text)
    operator, value = match[1], match[2]
    if operator not in set(Operator):
        raise bad(f"'{operator}' is no operator; there are {', '.join(Operator)}")
    if not value:
        raise bad(f"nothing stands behind '{operator}:'")
    return Comparison(Operator(operator), value)
