"""Lines of the table of conformance: resources of the SDMX REST interface, and how their parameters are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Api = Literal["v1", "v2"]
Place = Literal["path", "query", "header"]
CSV, ML = "application/vnd.sdmx.data+csv", "application/xml"
_TIME = "2020-01-01T00:00:00Z"


@dataclass(frozen=True)
class Parameter:
    """A parameter, with one way in which it is asked for.

    Parameters
    ----------
    name
        As the specification has it.
    place
        Where it stands.
    asked
        How: a path, ``name=value``, or the value of a header.
    answered
        Whether the service does what it says; else it answers 501.
    note
        What is to be known of the answer.
    accept
        The form in which it is asked for, where that matters.
    """

    name: str
    place: Place
    asked: str
    answered: bool
    note: str = ""
    accept: str = ""


@dataclass(frozen=True)
class Resource:
    """What can be asked for.

    Parameters
    ----------
    api
        ``v2`` for REST 2.2 (SDMX 3.0), ``v1`` for REST 1.5 (SDMX 2.1).
    name
        The first part of its path.
    path
        As the specification has it.
    example
        A path that finds something.
    parameters
        All that the specification has.
    """

    api: Api
    name: str
    path: str
    example: str
    parameters: tuple[Parameter, ...]

    @property
    def answered(self) -> bool:
        """Whether the service answers anything of it."""
        return any(parameter.answered for parameter in self.parameters)


def paths(answered: bool, **asked: str) -> Iterator[Parameter]:
    """Yield parameters of the path, each with a path that has it."""
    for name, path in asked.items():
        yield Parameter(name, "path", path, answered)


def values(
    name: str, values: Iterable[str], answered: bool = True, note: str = "", accept: str = ""
) -> Iterator[Parameter]:
    """Yield a parameter of the query with each of its values."""
    for value in values:
        yield Parameter(name, "query", f"{name}={value}", answered, note, accept)


def no(*names: str) -> Iterator[Parameter]:
    """Yield parameters that are not answered, each with a value that it may have."""
    for name in names:
        yield from values(name, [_SOME.get(name, "true")], answered=False)


_SOME = {
    "updatedAfter": _TIME,
    "updatedBefore": _TIME,
    "asOf": _TIME,
    "reportingYearStartDay": "--07-01",
    "detail": "full",
    "references": "none",
    "dimensionAtObservation": "TIME_PERIOD",
    "startPeriod": "2020",
    "endPeriod": "2021",
    "firstNObservations": "1",
    "lastNObservations": "1",
}

HEADERS = (
    Parameter("Accept", "header", "*/*", True, "chooses the form; 406 where there is none of those asked for"),
    Parameter("Accept-Encoding", "header", "gzip", True),
    Parameter("Accept-Language", "header", "it", True, "names come in Italian and English at once"),
    Parameter("If-None-Match", "header", '"none"', True, "304 where the ETag is still that of the answer"),
    Parameter(
        "If-Modified-Since", "header", "Thu, 01 Jan 2015 00:00:00 GMT", True, "304 where nothing was published since"
    ),
)

ARRANGED = "in the forms that stand series by series"
