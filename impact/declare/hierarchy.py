"""The tree in a codelist: which codes stand above a code, and the order in which they are read, parents first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from impact.declare.contracts import Codelist

if TYPE_CHECKING:
    from impact.declare.load import Programme


@dataclass(frozen=True)
class Branch:
    """A code with all that belongs to it.

    Parameters
    ----------
    code
        The code, or a label that the codelist does not have.
    members
        The labels whose rows belong to it: itself and everything below, as far as they occur.
    depth
        How many codes stand above it.
    """

    code: str
    members: tuple[str, ...]
    depth: int = 0


def column_codelist(programme: Programme, contract: str, column: str) -> Codelist | None:
    """Return the codelist of a column, or None where it has none."""
    declared = programme.contracts[contract].columns.get(column)
    return programme.codelists.get(declared.codelist) if declared and declared.codelist else None


def codes_within(codelist: Codelist | None, code: str) -> tuple[str, ...]:
    """Return the codes whose rows belong to a code: itself and, in a hierarchy, all those below it.

    Examples
    --------
    >>> from impact.declare.contracts import CodeItem
    >>> italy = Codelist(
    ...     id="territory",
    ...     title="Territory",
    ...     codes=[
    ...         CodeItem(code="IT", title="Italy"),
    ...         CodeItem(code="ITC1", title="Piemonte", parent="IT"),
    ...         CodeItem(code="TO", title="Torino", parent="ITC1"),
    ...     ],
    ... )
    >>> codes_within(italy, "ITC1"), codes_within(None, "anything")
    (('ITC1', 'TO'), ('anything',))
    """
    if codelist is None or not codelist.hierarchical:
        return (code,)
    parents = {item.code: item.parent for item in codelist.codes}
    return (code, *(item for item in parents if item != code and code in _up(parents, item)))


def codes_above(codelist: Codelist | None, code: str) -> tuple[str, ...]:
    """Return the codes above a code, the nearest first; parents in a circle, which a check names, are passed once.

    Examples
    --------
    >>> from impact.declare.contracts import CodeItem
    >>> italy = Codelist(
    ...     id="territory",
    ...     title="Territory",
    ...     codes=[
    ...         CodeItem(code="IT", title="Italy"),
    ...         CodeItem(code="ITC1", title="Piemonte", parent="IT"),
    ...         CodeItem(code="TO", title="Torino", parent="ITC1"),
    ...     ],
    ... )
    >>> codes_above(italy, "TO")
    ('ITC1', 'IT')
    """
    parents = {item.code: item.parent for item in codelist.codes} if codelist else {}
    way: list[str] = []
    while (above := parents.get(way[-1] if way else code)) is not None and above not in (code, *way):
        way.append(above)
    return tuple(way)


def branches(codelist: Codelist | None, labels: Iterable[str]) -> list[Branch]:
    """Return every label that occurs and every code above one, each after the code it belongs to.

    Parameters
    ----------
    codelist
        Gives the tree; None, or one without levels, gives each label a branch of its own.
    labels
        The labels that occur in the data, each once or more; those that are no code come last.

    Examples
    --------
    >>> from impact.declare.contracts import CodeItem
    >>> italy = Codelist(
    ...     id="territory",
    ...     title="Territory",
    ...     codes=[
    ...         CodeItem(code="IT", title="Italy"),
    ...         CodeItem(code="ITC1", title="Piemonte", parent="IT"),
    ...         CodeItem(code="TO", title="Torino", parent="ITC1"),
    ...     ],
    ... )
    >>> for branch in branches(italy, ["TO", "elsewhere"]):
    ...     print(branch.depth, branch.code, branch.members)
    0 IT ('TO',)
    1 ITC1 ('TO',)
    2 TO ('TO',)
    0 elsewhere ('elsewhere',)
    """
    present = sorted(set(labels))
    if codelist is None or not codelist.hierarchical:
        return [Branch(label, (label,)) for label in present]
    parents = {item.code: item.parent for item in codelist.codes}
    members: dict[str, list[str]] = {}
    for label in present:
        for code in _up(parents, label):
            members.setdefault(code, []).append(label)
    parts: dict[str | None, list[str]] = {}
    for item in codelist.codes:
        if item.code in members:
            parts.setdefault(item.parent, []).append(item.code)
    found = [Branch(code, tuple(members[code]), depth) for code, depth in _downwards(parts)]
    return found + [Branch(label, (label,)) for label in present if label not in parents]


def _up(parents: dict[str, str | None], code: str) -> list[str]:
    way = [code]
    while (above := parents.get(way[-1])) is not None:
        if above in way:
            raise ValueError(f"the parents of '{code}' run in a circle")
        way.append(above)
    return way


def _downwards(parts: dict[str | None, list[str]]) -> list[tuple[str, int]]:
    """Return the codes with their depth, each parent before its parts."""
    ordered, todo = [], [(code, 0) for code in reversed(parts.get(None, []))]
    while todo:
        code, depth = todo.pop()
        ordered.append((code, depth))
        todo += [(part, depth + 1) for part in reversed(parts.get(code, []))]
    return ordered
