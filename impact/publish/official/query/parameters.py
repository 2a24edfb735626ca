"""A query string, taken apart: each parameter once, decoded without taking ``+`` for a blank."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from impact.publish.official.query.refusal import bad

LONGEST = 4096
"""Characters of a path or of a query string; longer ones are refused before they are read."""
MOST = 200
"""Values, keys or alternatives that one parameter may list."""
SHOWN = 60
"""Characters of what was asked that an answer repeats."""


def read_parameters(text: str) -> Mapping[str, str]:
    """Return the parameters of a query string by name.

    ``+`` means "and" in the interface, and stays; ``%2B`` is the same.

    Raises
    ------
    QueryError
        If it is too long, no UTF-8, names a parameter twice, or holds what is no text.

    Examples
    --------
    >>> read_parameters("c%5BTIME_PERIOD%5D=ge:2020+le:2021&limit=5")
    {'c[TIME_PERIOD]': 'ge:2020+le:2021', 'limit': '5'}
    """
    if len(text) > LONGEST:
        raise bad(f"a query string has {LONGEST} characters at the most, this one {len(text)}")
    read: dict[str, str] = {}
    for piece in filter(None, text.split("&")):
        raw, equals, value = piece.partition("=")
        name = _decoded(raw)
        if not equals:
            raise bad(f"the parameter '{shown(name)}' has no value; write {shown(name)}=…")
        if name in read:
            raise bad(f"the parameter '{shown(name)}' stands twice; several values are one, with commas")
        read[name] = _decoded(value)
    return read


def _decoded(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise bad("the query string is no UTF-8") from None
    if not decoded.isprintable():
        raise bad("the query string holds a character that cannot be printed")
    return decoded


def listed(text: str, separator: str = ",") -> tuple[str, ...]:
    """Return the values of a list.

    Raises
    ------
    QueryError
        If one is empty, or there are too many.

    Examples
    --------
    >>> listed("A,B"), listed("A+B", "+")
    (('A', 'B'), ('A', 'B'))
    """
    values = tuple(text.split(separator))
    if "" in values:
        raise bad(f"'{shown(text)}' holds an empty value")
    if len(values) > MOST:
        raise bad(f"a list has {MOST} values at the most, this one {len(values)}")
    return values


def shown(text: str) -> str:
    """Return a text as an answer repeats it: not longer than need be."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def positive(name: str, text: str, least: int = 1) -> int:
    """Return a whole number that a parameter gives.

    Raises
    ------
    QueryError
        If it is none, or too small, or has more than nine digits.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or int(text) < least:
        raise bad(f"{name} is a whole number from {least} on; found '{shown(text)}'")
    return int(text)


def one_of(name: str, text: str, allowed: tuple[str, ...]) -> str:
    """Return a value that a parameter may have.

    Raises
    ------
    QueryError
        If it may not.
    """
    if text not in allowed:
        raise bad(f"{name} is one of {', '.join(allowed)}; found '{shown(text)}'")
    return text
