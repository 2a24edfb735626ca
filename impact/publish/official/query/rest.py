"""Paths and query strings of SDMX REST 2.2 and 1.5 become frozen queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from impact.publish.official.query.artefacts import components, flow_before, items, wanted_before, wanted_by_path
from impact.publish.official.query.availability import AvailabilityQuery
from impact.publish.official.query.conformance import check_parameters, resource
from impact.publish.official.query.data import DataQuery, Sorting
from impact.publish.official.query.filters import Filter, between, read_filters
from impact.publish.official.query.keys import read_key_before, read_keys
from impact.publish.official.query.parameters import LONGEST, listed, one_of, positive, read_parameters, shown
from impact.publish.official.query.periods import days_of
from impact.publish.official.query.refusal import bad, not_answered
from impact.publish.official.query.resources import Api
from impact.publish.official.query.resources_v1 import TYPES_V1
from impact.publish.official.query.resources_v2 import TYPES_V2
from impact.publish.official.query.structures import (
    ANCESTORS,
    CHILDREN,
    DESCENDANTS,
    EVERYTHING,
    NONE,
    RELATIONS,
    StructureQuery,
)
from impact.publish.official.sdmx_names import KINDS, Kind

Query = StructureQuery | DataQuery | AvailabilityQuery
Parameters = Mapping[str, str]
_STUBS = ("allstubs", "allcompletestubs")
_OF_REFERENCES = ("referencestubs", "referencecompletestubs")
_DETAILS = ("full", *_STUBS, *_OF_REFERENCES, "referencepartial")
_CALLED: Mapping[str, Kind] = {
    "dataconstraint": "contentconstraint",
    "actualconstraint": "contentconstraint",
    "organisationscheme": "agencyscheme",
}
"""Kinds that the interface has under another name."""
_ITEMS = ("codelist", "conceptscheme", "agencyscheme", "organisationscheme", "*", "all", "structure")
_TIME = "TIME_PERIOD"


def read_query(api: Api, path: str, query_string: str) -> Query:
    """Read what is asked for.

    Parameters
    ----------
    api
        The edition of the interface.
    path
        Behind the name of the edition, decoded.
    query_string
        As it came.

    Raises
    ------
    QueryError
        If it is not written as it should be, or not answered.
    """
    if len(path) > LONGEST:
        raise bad(f"a path has {LONGEST} characters at the most, this one {len(path)}")
    name, *parts = path.strip("/").split("/")
    of = resource(api, name)
    if of is None:
        raise bad(f"there is nothing at '{shown(name)}'")
    parameters = read_parameters(query_string)
    if not of.answered:
        raise not_answered(f"this service does not answer {name}")
    check_parameters(of, parameters)
    readers = _V2 if api == "v2" else _V1
    return readers.get(name, _structure_before)(parameters, name, *_filled(of.path.count("/") + 1, name, parts))


def _filled(most: int, name: str, parts: list[str]) -> list[str]:
    if len(parts) >= most:
        raise bad(f"{name} has {most - 1} parts behind it at the most, here {len(parts)}")
    return parts


def _before(parts: tuple[str, ...], *defaults: str) -> tuple[str, ...]:
    """Return the parts of a path, with the defaults of those that are left out at its end."""
    return (*parts, *defaults[len(parts) :])


# ---- REST 2.2 --------------------------------------------------------------------------------------------------------


def _structure(parameters: Parameters, _: str, *parts: str) -> StructureQuery:
    kind, agency, id, version, item = _before(parts, "*", "*", "*", "~", "*")
    if kind not in (*TYPES_V2, "*", "all"):
        raise bad(f"'{shown(kind)}' is no type of artefact; there are {', '.join(TYPES_V2)}")
    wanted = items(item, ",", "*")
    _check_items(kind, wanted)
    references = listed(parameters.get("references", NONE))
    for word in references:
        one_of("references", word, (*RELATIONS, *TYPES_V2))
    return StructureQuery(
        kinds=KINDS if kind in ("*", "all") else _kinds(kind),
        wanted=wanted_by_path(agency, id, version),
        items=wanted,
        references=tuple(_CALLED.get(word, word) for word in references),
        **_detailed(parameters, references, (*_DETAILS, "raw")),
    )


def _kinds(kind: str) -> tuple[Kind, ...]:
    called = _CALLED.get(kind, kind)
    return tuple(known for known in KINDS if known == called)


def _check_items(kind: str, wanted: tuple[str, ...]) -> None:
    if wanted and kind not in _ITEMS and not kind.endswith("scheme"):
        raise bad(f"{kind} has no items")


def _detailed(parameters: Parameters, references: tuple[str, ...], allowed: tuple[str, ...]) -> dict[str, bool]:
    detail = one_of("detail", parameters.get("detail", "full"), allowed)
    if detail in _OF_REFERENCES and references != (NONE,):
        raise not_answered(f"this service does not answer detail={detail}: ask for what comes along on its own")
    return {"stub": detail in _STUBS, "partial": detail == "referencepartial"}


def _data(parameters: Parameters, _: str, *parts: str) -> DataQuery:
    context, agency, id, version, key = _before(parts, "*", "*", "*", "*", "*")
    _check_context(context, "*")
    query = DataQuery(
        flows=wanted_by_path(agency, id, version),
        keys=_keys(key),
        filters=read_filters(parameters),
        offset=positive("offset", parameters.get("offset", "0"), 0),
        limit=_count(parameters, "limit"),
        sort=_sorting(parameters),
        attributes=listed(parameters.get("attributes", "dsd")),
        measures=listed(parameters.get("measures", "all")),
    )
    return _packed(parameters, query)


def _keys(text: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    return ((),) if text == "*" else read_keys(text)


def _check_context(context: str, *others: str) -> None:
    one_of("the context", context, ("datastructure", "dataflow", "provisionagreement", *others))
    if context in ("datastructure", "provisionagreement"):
        raise not_answered(f"this service answers data of a dataflow, not of a {context}")


def _packed(parameters: Parameters, query: DataQuery) -> DataQuery:
    """Return a query with what both editions say alike of how observations are wanted."""
    if one_of("includeHistory", parameters.get("includeHistory", "false"), ("true", "false")) == "true":
        raise not_answered("this service does not answer includeHistory=true")
    return replace(
        query,
        first=_count(parameters, "firstNObservations"),
        last=_count(parameters, "lastNObservations"),
        at_observation=parameters.get("dimensionAtObservation", ""),
    )


def _count(parameters: Parameters, name: str) -> int | None:
    return positive(name, parameters[name]) if name in parameters else None


def _sorting(parameters: Parameters) -> tuple[Sorting, ...]:
    if "sort" not in parameters:
        return ()
    terms = [text.partition(":") for text in listed(parameters["sort"], "+")]
    return tuple(
        Sorting(name, one_of("the direction of sort", way or "asc", ("asc", "desc")) == "desc")
        for name, _, way in terms
    )


def _availability(parameters: Parameters, _: str, *parts: str) -> AvailabilityQuery:
    context, agency, id, version, key, component = _before(parts, "dataflow", "*", "*", "*", "*", "*")
    _check_context(context, "*")
    data = DataQuery(wanted_by_path(agency, id, version), _keys(key), filters=read_filters(parameters))
    return _available(parameters, data, components(component, "*"), listed(parameters.get("references", NONE)))


def _available(
    parameters: Parameters, data: DataQuery, wanted: tuple[str, ...], references: tuple[str, ...]
) -> AvailabilityQuery:
    words = (
        NONE,
        EVERYTHING,
        "datastructure",
        "conceptscheme",
        "codelist",
        "valuelist",
        "dataproviderscheme",
        "dataflow",
    )
    for word in references:
        one_of("references", word, words)
    mode = one_of("mode", parameters.get("mode", "exact"), ("exact", "available"))
    return AvailabilityQuery(data, wanted, "available" if mode == "available" else "exact", references)


def _schema(parameters: Parameters, _: str, *parts: str) -> StructureQuery:
    """Read a query of what is valid in a context: the structures that say so, with the codes that occur alone."""
    context, agency, id, version = _before(parts, "", "", "", "~")
    of_metadata = ("metadatastructure", "metadataflow", "provisionagreement", "metadataprovisionagreement")
    one_of("the context", context, ("datastructure", "dataflow", *of_metadata))
    if context in of_metadata:
        raise not_answered(f"this service answers the schema of a dataflow or datastructure, not of a {context}")
    for name in ("deletion", "explicitMeasure"):
        if one_of(name, parameters.get(name, "false"), ("true", "false")) == "true":
            raise not_answered(f"this service does not answer {name}=true")
    wanted = wanted_by_path(agency, id, "~" if version == "latest" else version)
    if len(wanted.agencies) != 1 or len(wanted.ids) != 1:
        raise bad("a schema is of one agency and one artefact: name them")
    if context == "datastructure":
        return StructureQuery(("datastructure",), wanted, references=(CHILDREN, "agencyscheme"))
    return StructureQuery(("dataflow",), wanted, references=(DESCENDANTS,), partial=True, apart=True)


# ---- REST 1.5 --------------------------------------------------------------------------------------------------------


def _structure_before(parameters: Parameters, name: str, *parts: str) -> StructureQuery:
    agency, id, version, item = _before(parts, "all", "all", "latest", "all")
    wanted = items(item, "+", "all")
    _check_items(name, wanted)
    relations = tuple(word for word in RELATIONS if word != ANCESTORS)
    references = (one_of("references", parameters.get("references", NONE), (*relations, *TYPES_V1)),)
    return StructureQuery(
        kinds=KINDS if name == "structure" else _kinds(name),
        wanted=wanted_before(agency, id, version),
        items=wanted,
        references=tuple(_CALLED.get(word, word) for word in references),
        agencies=False,
        **_detailed(parameters, references, _DETAILS),
    )


def _data_before(parameters: Parameters, _: str, *parts: str) -> DataQuery:
    flow, key, provider = _before(parts, "", "all", "all")
    _check_provider(provider)
    detail = one_of("detail", parameters.get("detail", "full"), ("full", "dataonly", "serieskeysonly", "nodata"))
    if detail in ("serieskeysonly", "nodata"):
        raise not_answered(f"this service does not answer detail={detail}; availableconstraint tells what there is")
    query = DataQuery(
        flows=flow_before(flow),
        keys=read_key_before(key),
        whole_keys=True,
        filters=_stretch(parameters),
        attributes=("none",) if detail == "dataonly" else ("dsd",),
    )
    return _packed(parameters, query)


def _stretch(parameters: Parameters) -> tuple[Filter, ...]:
    start, end = parameters.get("startPeriod"), parameters.get("endPeriod")
    for period in (start, end):
        if period is not None:
            days_of(period)
    return tuple(between(_TIME, start, end))


def _check_provider(provider: str) -> None:
    if provider != "all":
        raise not_answered("this service does not tell data apart by provider; leave it out, or write all")


def _availability_before(parameters: Parameters, _: str, *parts: str) -> AvailabilityQuery:
    flow, key, provider, component = _before(parts, "", "all", "all", "all")
    _check_provider(provider)
    data = DataQuery(flow_before(flow), read_key_before(key), whole_keys=True, filters=_stretch(parameters))
    return _available(parameters, data, components(component, "all"), (parameters.get("references", NONE),))


_V2: Mapping[str, Callable[..., Query]] = {
    "structure": _structure,
    "data": _data,
    "availability": _availability,
    "schema": _schema,
}
_V1: Mapping[str, Callable[..., Query]] = {
    "data": _data_before,
    "availableconstraint": _availability_before,
    "schema": _schema,
}
