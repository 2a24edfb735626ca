"""Which artefacts a path names: by agency, id and version, each a list or a wildcard, in the words of either REST."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from impact.publish.official.query.parameters import listed, shown
from impact.publish.official.query.refusal import bad
from impact.publish.official.query.versions import ALL, LATEST, VersionQuery, chosen_versions, read_version

_AGENCY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*")
_ID = re.compile(r"[A-Za-z0-9_@$-]+")
ANY: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """Artefacts by their identification.

    Parameters
    ----------
    agencies, ids
        Which; empty for any.
    versions
        Terms of which one has to choose a version.
    """

    agencies: tuple[str, ...] = ANY
    ids: tuple[str, ...] = ANY
    versions: tuple[VersionQuery, ...] = (read_version(LATEST),)

    def named(self, agency: str, id: str) -> bool:
        """Tell whether agency and id are among those wanted."""
        return (not self.agencies or agency in self.agencies) and (not self.ids or id in self.ids)

    def of_versions(self, versions: Iterable[str]) -> tuple[str, ...]:
        """Return the versions that are wanted of those that an artefact has."""
        return chosen_versions(self.versions, versions)


def wanted_by_path(agency: str = "*", id: str = "*", version: str = LATEST) -> Wanted:
    """Read agency, id and version as REST 2.2 has them in its paths.

    Raises
    ------
    QueryError
        If one is not written as it should be.

    Examples
    --------
    >>> wanted_by_path("BIS,ECB", "CL_FREQ", "1.0.0").agencies
    ('BIS', 'ECB')
    """
    terms = tuple(read_version(term) for term in listed(version))
    return Wanted(names(agency, _AGENCY, "agency"), names(id, _ID, "id"), terms)


def wanted_before(agency: str = "all", id: str = "all", version: str = "latest") -> Wanted:
    """Read agency, id and version as REST 1.5 has them: with ``all``, ``latest``, and ``+`` between alternatives.

    Examples
    --------
    >>> wanted_before("all", "CL_FREQ+CL_AREA").ids
    ('CL_FREQ', 'CL_AREA')
    """
    terms = tuple(map(_version_before, listed(version, "+")))
    agencies = names(agency, _AGENCY, "agency", "all", "+")
    return Wanted(agencies, names(id, _ID, "id", "all", "+"), terms)


def _version_before(term: str) -> VersionQuery:
    read = read_version({"latest": LATEST, "all": ALL}.get(term, term))
    if not read.exact and term not in ("latest", "all"):
        raise bad(f"'{shown(term)}' is no version; write one such as 1.0.0, latest or all")
    return read


def flow_before(text: str) -> Wanted:
    """Read a reference to a data flow as REST 1.5 has it: ``ID``, ``AGENCY,ID`` or ``AGENCY,ID,VERSION``.

    Examples
    --------
    >>> flow_before("ECB,EXR").ids, flow_before("EXR").agencies
    (('EXR',), ())
    """
    parts = listed(text)
    if len(parts) > 3:
        raise bad(f"'{shown(text)}' is no data flow; write ID, or AGENCY,ID, or AGENCY,ID,VERSION")
    return wanted_before(*(("all", *parts) if len(parts) == 1 else parts))


def names(text: str, pattern: re.Pattern[str], what: str, every: str = "*", separator: str = ",") -> tuple[str, ...]:
    """Return the names of a list; none for the wildcard.

    Raises
    ------
    QueryError
        If one is not written as names are.
    """
    values = listed(text, separator)
    if values == (every,):
        return ANY
    for value in values:
        if not pattern.fullmatch(value) or value == every:
            raise bad(f"'{shown(value)}' is no {what}")
    return values


def items(text: str, separator: str, every: str) -> tuple[str, ...]:
    """Return the ids of items of a scheme; none for all of them."""
    return names(text, _ID, "item", every, separator)


def components(text: str, every: str) -> tuple[str, ...]:
    """Return the ids of components; none for all of them."""
    return names(text, re.compile(r"[A-Za-z][A-Za-z0-9_-]*"), "component", every)
