"""Versions as a query names them: one, the latest, all, or the least that is wanted, as SDMX REST 2.2 writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from impact.publish.official.query.parameters import shown
from impact.publish.official.query.refusal import QueryError, bad

LATEST, ALL = "~", "*"
Numbers = tuple[int, ...]
_PART = re.compile(r"(0|[1-9]\d{0,8})?([+~*])?", re.ASCII)
_EXACT = re.compile(r"(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){0,2}(-[0-9A-Za-z.-]+)?", re.ASCII)


@dataclass(frozen=True)
class VersionQuery:
    """What one term of a version query asks for.

    Parameters
    ----------
    exact
        A version as it is written; empty for a term with a wildcard.
    kind
        ``+`` for the latest stable version, ``~`` for the latest, ``*`` for all.
    fixed
        The parts before the wildcard, which have to be these.
    least
        The parts from the wildcard on, which have to be these or more.
    parts
        How many parts a version has to have; 0 for any number.
    """

    exact: str = ""
    kind: str = ""
    fixed: Numbers = ()
    least: Numbers = ()
    parts: int = 0


def read_version(term: str) -> VersionQuery:
    """Read one term of a version query.

    Raises
    ------
    QueryError
        If it is not written as SDMX REST 2.2 has versions.

    Examples
    --------
    >>> read_version("1.2+.0")
    VersionQuery(exact='', kind='+', fixed=(1,), least=(2, 0), parts=3)
    """
    if _EXACT.fullmatch(term):
        return VersionQuery(exact=term)
    if term in ("+", "~", "*"):
        return VersionQuery(kind=term)
    matches = [_PART.fullmatch(part) for part in term.split(".")]
    parts = [(match[1] or "", match[2] or "") for match in matches if match]
    marks = [mark for _, mark in parts if mark]
    if len(parts) != len(matches) or len(marks) != 1 or not 2 <= len(parts) <= 3:
        raise _wrong(term)
    place = next(i for i, (_, mark) in enumerate(parts) if mark)
    bare = not parts[place][0]
    after = [number for number, _ in parts[place + 1 :]]
    unsupported = bare and any(number != "0" for number in after)
    if (
        unsupported
        or (marks[0] == "+" and len(parts) != 3)
        or "" in [n for i, (n, _) in enumerate(parts) if i != place]
    ):
        raise _wrong(term)
    numbers = tuple(int(number or 0) for number, _ in parts)
    return VersionQuery("", marks[0], numbers[:place], numbers[place:], len(parts))


def chosen_versions(query: Iterable[VersionQuery], versions: Iterable[str]) -> tuple[str, ...]:
    """Return the versions that are asked for, among those that there are, the latest last.

    Examples
    --------
    >>> chosen_versions([read_version("1.+.0")], ["1.0.0", "1.1.0", "2.0.0"])
    ('1.1.0',)
    >>> chosen_versions([read_version("1*.0.0"), read_version("9.0.0")], ["1.0.0", "2.0.0"])
    ('1.0.0', '2.0.0')
    """
    there = sorted(versions, key=_numbers)
    wanted = {version for term in query for version in _chosen(term, there)}
    return tuple(version for version in there if version in wanted)


def _chosen(term: VersionQuery, there: list[str]) -> list[str]:
    if term.exact:
        return [version for version in there if version == term.exact]
    matching = [version for version in there if _matches(term, version)]
    return matching if term.kind == ALL else matching[-1:]


def _matches(term: VersionQuery, version: str) -> bool:
    numbers = _numbers(version)
    if term.kind == "+" and (len(numbers) != 3 or numbers[0] == 0 or "-" in version):
        return False
    if term.parts and len(numbers) != term.parts:
        return False
    place = len(term.fixed)
    return numbers[:place] == term.fixed and numbers[place:] >= term.least


def _numbers(version: str) -> Numbers:
    return tuple(int(part) for part in version.partition("-")[0].split("."))


def _wrong(term: str) -> QueryError:
    return bad(f"'{shown(term)}' is no version; write 1.0.0, + or ~ for the latest, * for all, 1.2+.0 from 1.2.0 on")
