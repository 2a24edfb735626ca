"""Structure queries: which artefacts of which editions are wanted, and what comes along as their references.

All artefacts of an edition are versioned together, so that what refers to what is known from their kinds alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from impact.publish.official.editions import with_parents
from impact.publish.official.query.artefacts import Wanted
from impact.publish.official.query.refusal import nothing
from impact.publish.official.sdmx_names import (
    KINDS,
    Artefact,
    Kind,
    agencies_of,
    codelist_of,
    constraint_of,
    definition_of,
    flow_of,
    scheme_of,
    sender,
)
from impact.publish.official.sdmx_structure import Wanted as Message
from impact.publish.official.structure import CodeList, Structure

NONE, PARENTS, SIBLINGS, ANCESTORS = "none", "parents", "parentsandsiblings", "ancestors"
CHILDREN, DESCENDANTS, EVERYTHING = "children", "descendants", "all"
NOTHING = "there is no such artefact"
RELATIONS = (NONE, PARENTS, SIBLINGS, ANCESTORS, CHILDREN, DESCENDANTS, EVERYTHING)
_BELOW: Mapping[Kind, tuple[Kind, ...]] = {
    "dataflow": ("datastructure",),
    "datastructure": ("codelist", "conceptscheme"),
    "contentconstraint": ("dataflow",),
}
"""What artefacts of a kind refer to; agencies besides."""


@dataclass(frozen=True)
class StructureQuery:
    """Which artefacts are wanted.

    Parameters
    ----------
    kinds
        Of these kinds.
    wanted
        With these agencies, ids and versions.
    items
        Of their items, these; empty for all.
    references
        What comes along: of :data:`RELATIONS`, or kinds.
    stub
        Whether identity and names alone are wanted.
    partial
        Whether code lists that come along hold only the codes that occur.
    agencies
        Whether schemes of agencies count among what artefacts refer to, as they do since REST 2.
    apart
        Whether what is named is left out, and only what comes along is wanted.
    """

    kinds: tuple[Kind, ...]
    wanted: Wanted
    items: tuple[str, ...] = ()
    references: tuple[str, ...] = (NONE,)
    stub: bool = False
    partial: bool = False
    agencies: bool = True
    apart: bool = False


@dataclass(frozen=True)
class Edition:
    """One edition of a programme's structure.

    Parameters
    ----------
    structure
        As the reader may see it.
    last
        Whether it is the one in force: the data, and so the constraint, are of this one alone.
    """

    structure: Structure
    last: bool


Editions = Sequence[Edition]
Occurring = Callable[[str], Mapping[str, tuple[str, ...]]]
"""Returns, of a programme, the codes that occur in each dimension."""


@dataclass(frozen=True)
class _Pick:
    kind: Kind
    place: int
    """Of the edition."""
    id: str = ""
    """Of a code list; empty for all lists of the edition."""
    referred: bool = False


def select_structures(
    query: StructureQuery, editions: Editions, occurring: Occurring, prepared: datetime.date
) -> Message:
    """Return the message that answers a query.

    Parameters
    ----------
    query
        What is wanted.
    editions
        Those in reach, of each programme in order.
    occurring
        For constraints, and for lists with the codes that occur.
    prepared
        The day that the message names as its own.

    Raises
    ------
    QueryError
        If there is nothing of the kind.
    """
    matched = list(_matched(query, editions))
    if not matched:
        raise nothing(NOTHING)
    picks = {*(() if query.apart else matched), *_referred(query, editions, matched)}
    written = _Written(query, editions, picks, occurring)
    chosen = {kind: written.of(kind) for kind in KINDS}
    kinds = tuple(kind for kind in KINDS if chosen[kind])
    if not kinds:
        raise nothing(NOTHING)
    constrained = {structure.programme: occurring(structure.programme) for structure in chosen["contentconstraint"]}
    everything = tuple(editions[place].structure for place in sorted({pick.place for pick in picks}))
    return Message(everything, kinds, constrained, query.stub, prepared, chosen, frozenset(written.partial))


# ---- what is asked for -----------------------------------------------------------------------------------------------


def artefacts_of(kind: Kind, edition: Edition) -> Iterator[tuple[Artefact, str]]:
    """Yield the artefacts of a kind that an edition has, each with the id of its code list where it is one."""
    structure = edition.structure
    if kind == "codelist":
        for codelist in structure.codelists.values():
            yield codelist_of(structure, codelist), codelist.id
    elif kind == "agencyscheme":
        yield agencies_of(structure.agency), ""
    elif kind != "contentconstraint" or edition.last:
        makers = {
            "conceptscheme": scheme_of,
            "datastructure": definition_of,
            "dataflow": flow_of,
            "contentconstraint": constraint_of,
        }
        yield makers[kind](structure), ""


def _matched(query: StructureQuery, editions: Editions) -> Iterator[_Pick]:
    """Yield what a query names: of artefacts of one name those versions that it chooses."""
    named: dict[tuple[Kind, str, str], dict[str, list[_Pick]]] = {}
    for kind in query.kinds:
        for place, edition in enumerate(editions):
            for artefact, id in artefacts_of(kind, edition):
                if query.wanted.named(artefact.agency, artefact.id):
                    versions = named.setdefault((kind, artefact.agency, artefact.id), {})
                    versions.setdefault(artefact.version, []).append(_Pick(kind, place, id))
    for versions in named.values():
        for version in query.wanted.of_versions(versions):
            yield from versions[version]


# ---- what comes along ------------------------------------------------------------------------------------------------


def _referred(query: StructureQuery, editions: Editions, matched: Iterable[_Pick]) -> Iterator[_Pick]:
    for pick in matched:
        for kind in related(pick.kind, query.references, agencies=query.agencies):
            if kind != "contentconstraint" or editions[pick.place].last:
                yield _Pick(kind, pick.place, referred=True)


def related(kind: Kind, references: Iterable[str], *, agencies: bool) -> set[Kind]:
    """Return the kinds that come along with artefacts of a kind.

    Examples
    --------
    >>> sorted(related("dataflow", ["descendants"], agencies=False))
    ['codelist', 'conceptscheme', 'datastructure']
    >>> sorted(related("codelist", ["parents"], agencies=False)), related("codelist", ["children"], agencies=False)
    (['datastructure'], set())
    """
    along: set[Kind] = set()
    for word in references:
        along |= _relation(kind, word, agencies) if word in RELATIONS else _of_type(kind, word, agencies)
    return along


def _relation(kind: Kind, word: str, agencies: bool) -> set[Kind]:
    above, below = _above({kind}, agencies), _below({kind}, agencies)
    siblings = above | _below(above, agencies)
    under = _closure(below, agencies, _below)
    return {
        NONE: set(),
        PARENTS: above,
        SIBLINGS: siblings,
        ANCESTORS: _closure(above, agencies, _above),
        CHILDREN: below,
        DESCENDANTS: under,
        EVERYTHING: siblings | under,
    }[word]


def _of_type(kind: Kind, wanted: str, agencies: bool) -> set[Kind]:
    """Return a kind that is wanted by its name, where it refers to this one, or is referred to, at any distance."""
    near = _relation(kind, ANCESTORS, agencies) | _relation(kind, DESCENDANTS, agencies)
    return {other for other in near if other == wanted}


def _below(kinds: set[Kind], agencies: bool) -> set[Kind]:
    below = {other for kind in kinds for other in _BELOW.get(kind, ())}
    return below | {"agencyscheme"} if agencies and kinds - {"agencyscheme"} else below


def _above(kinds: set[Kind], agencies: bool) -> set[Kind]:
    return {kind for kind in KINDS if _below({kind}, agencies) & kinds}


def _closure(kinds: set[Kind], agencies: bool, step: Callable[[set[Kind], bool], set[Kind]]) -> set[Kind]:
    reached = kinds
    while not (further := step(reached, agencies)) <= reached:
        reached = reached | further
    return reached


# ---- what is written -------------------------------------------------------------------------------------------------


class _Written:
    """The structures that each kind is written of, cut down to what was picked of them."""

    def __init__(self, query: StructureQuery, editions: Editions, picks: set[_Pick], occurring: Occurring) -> None:
        self.query, self.editions, self.picks, self.occurring = query, editions, picks, occurring
        self.partial: set[str] = set()

    def of(self, kind: Kind) -> tuple[Structure, ...]:
        """Return the structures that artefacts of a kind are written of."""
        places = sorted({pick.place for pick in self.picks if pick.kind == kind})
        cut = [self.cut(kind, place) for place in places]
        return tuple(structure for structure in cut if structure is not None)

    def cut(self, kind: Kind, place: int) -> Structure | None:
        structure = self.editions[place].structure
        if kind == "codelist":
            return self.lists(structure, [pick for pick in self.picks if pick.kind == kind and pick.place == place])
        whole = not self.query.items or not any(
            pick.kind == kind and pick.place == place and not pick.referred for pick in self.picks
        )
        if whole:
            return structure
        if kind == "conceptscheme":
            self.partial.add(scheme_of(structure).urn)
            kept = tuple(component for component in structure.components if component.id in self.query.items)
            return replace(structure, components=kept) if kept else None
        self.partial.add(agencies_of(structure.agency).urn)
        return structure if sender(structure.agency) in self.query.items else None

    def lists(self, structure: Structure, picks: list[_Pick]) -> Structure | None:
        """Return a structure with the code lists that were picked: those asked for by name first, as they were."""
        asked = {pick.id for pick in picks if not pick.referred}
        lists = {
            name: self.asked(structure, codelist) if name in asked else self.along(structure, codelist)
            for name, codelist in structure.codelists.items()
            if name in asked or any(pick.referred for pick in picks)
        }
        kept = {name: codelist for name, codelist in lists.items() if codelist.codes or name not in asked}
        return replace(structure, codelists=kept) if kept else None

    def asked(self, structure: Structure, codelist: CodeList) -> CodeList:
        if not self.query.items:
            return codelist
        self.partial.add(codelist_of(structure, codelist).urn)
        return replace(codelist, codes=tuple(code for code in codelist.codes if code.id in self.query.items))

    def along(self, structure: Structure, codelist: CodeList) -> CodeList:
        """Return a list that comes along, with the codes that occur where these alone are wanted."""
        dimensions = [component.id for component in structure.dimensions if component.codelist == codelist.id]
        if not self.query.partial or not dimensions:
            return codelist
        codes = {code for name in dimensions for code in self.occurring(structure.programme).get(name, ())}
        cut = with_parents(codelist, codes)
        if cut != codelist:
            self.partial.add(codelist_of(structure, codelist).urn)
        return cut
