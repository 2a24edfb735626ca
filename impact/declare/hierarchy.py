"""The tree in a codelist: which codes stand above a code, and the order in which they are read, parents first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
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
    if declared is None or declared.codelist is None:
        return None
    return programme.codelists.get(declared.codelist)


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
    lower = [item for item in parents if item != code and code in _up(parents, item)]
    return (code, *lower)


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
    path = [code]
    while (parent := parents.get(path[-1])) is not None and parent not in path:
        path.append(parent)
    return tuple(path[1:])


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
    members: dict[str, list[str]] = defaultdict(list)
    for label in present:
        for code in _up(parents, label):
            members[code].append(label)
    children: dict[str | None, list[str]] = defaultdict(list)
    for item in codelist.codes:
        if item.code in members:
            children[item.parent].append(item.code)
    tree = [Branch(code, tuple(members[code]), depth) for code, depth in _downwards(children)]
    strangers = [Branch(label, (label,)) for label in present if label not in parents]
    return tree + strangers


def _up(parents: dict[str, str | None], code: str) -> list[str]:
    """Return a code and those above it, the nearest first."""
    path = [code]
    while (parent := parents.get(path[-1])) is not None:
        if parent in path:
            raise ValueError(f"the parents of '{code}' run in a circle")
        path.append(parent)
    return path


def _downwards(children: Mapping[str | None, list[str]]) -> Iterator[tuple[str, int]]:
    """Yield the codes with their depth, each parent before its children."""
    todo = [(code, 0) for code in reversed(children.get(None, []))]
    while todo:
        code, depth = todo.pop()
        yield code, depth
        lower = reversed(children.get(code, []))
        todo += [(child, depth + 1) for child in lower]
