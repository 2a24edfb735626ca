"""Where in the declarations something stands, for the problems that are named there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from impact.errors import Problem


@dataclass(frozen=True)
class Location:
    """An entry of a declaration file, or a field of it.

    Parameters
    ----------
    file
        The file, relative to the programme folder.
    line
        Line at which the entry stands, counted from 1; None where that is not known.
    field
        Dotted path of the field; empty for the entry as a whole.
    """

    file: str
    line: int | None = None
    field: str = ""

    def at(self, field: str) -> Location:
        """Return the location of a field of the same entry."""
        return replace(self, field=field)

    def problem(self, what: str, expected: str = "", found: str = "", fix: str = "") -> Problem:
        """Return a problem that stands here; the parameters are those of :class:`impact.errors.Problem`."""
        return Problem(what, self.file, self.line, self.field, expected, found, fix)


def twice(names: Iterable[str]) -> list[str]:
    """Return the names that stand more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)
