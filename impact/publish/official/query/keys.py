"""Keys of series as a path names them: a code a dimension, in their order, with wildcards."""

from __future__ import annotations

import re

from impact.publish.official.query.parameters import listed, shown
from impact.publish.official.query.refusal import bad, unknown

Codes = tuple[str, ...]
"""Of one dimension, which codes; empty for any."""
Key = tuple[Codes, ...]
"""Of each dimension in order; those that are left out at the end are any."""
_CODE = re.compile(r"[A-Za-z0-9_@$-]+")


def read_keys(text: str) -> tuple[Key, ...]:
    """Read the keys of REST 2.2: alternatives between commas, ``*`` for any code.

    Raises
    ------
    QueryError
        If a code is not written as codes are.

    Examples
    --------
    >>> read_keys("A.*.X,B")
    ((('A',), (), ('X',)), (('B',),))
    """
    return tuple(tuple(_codes(code, "*") for code in key.split(".")) for key in listed(text))


def read_key_before(text: str, all: str = "all") -> tuple[Key, ...]:
    """Read the key of REST 1.5: nothing for any code, ``+`` between alternatives, ``all`` for every series.

    Examples
    --------
    >>> read_key_before("A..X+Y"), read_key_before("all")
    (((('A',), (), ('X', 'Y')),), ((),))
    """
    if text == all:
        return ((),)
    return (tuple(_codes(code, "", "+") for code in text.split(".")),)


def _codes(text: str, wildcard: str, separator: str = "") -> Codes:
    if text == wildcard:
        return ()
    codes = listed(text, separator) if separator else (text,)
    for code in codes:
        if not _CODE.fullmatch(code):
            raise bad(f"'{shown(code)}' is no code of a key; {wildcard or 'nothing'} between dots stands for any")
    return codes


def check_keys(keys: tuple[Key, ...], dimensions: tuple[str, ...], *, whole: bool) -> None:
    """Make sure that keys have as many codes as there are dimensions, or fewer where they may be cut short.

    Raises
    ------
    QueryError
        If one has not.
    """
    for key in keys:
        wrong = len(key) > len(dimensions) or (whole and key and len(key) != len(dimensions))
        if wrong:
            raise unknown(f"a key has {len(dimensions)} codes, for {'.'.join(dimensions)}; found {len(key)}")
